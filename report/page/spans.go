package page

import (
	"fmt"
	"slices"
)

// Spans are operations of clients, drawn as bars on one axis.
type Spans []Span

// Span is one of them, from its call to its return; it never returns when To is 0. Both are places on an axis.
type Span struct {
	Lane, Label string
	From, To    int
}

// The measures of spans, in pixels.
const (
	spanHeight = 26
	spanWidth  = 720
	spanLeft   = 130
)

// write draws the spans. Places that no bar begins or ends at take no room.
func (s Spans) write(w *writer) {
	if len(s) == 0 {
		return
	}
	var places []int
	for _, one := range s {
		places = append(places, one.From)
		if one.To > 0 {
			places = append(places, one.To)
		}
	}
	slices.Sort(places)
	places = slices.Compact(places)
	x := func(place int) int {
		at, _ := slices.BinarySearch(places, place)
		return spanLeft + at*(spanWidth-spanLeft-20)/len(places)
	}
	height := len(s)*spanHeight*2 + 8
	w.f("<div class=\"picture\" role=\"region\" aria-label=\"Operations as bars\" tabindex=\"0\"><svg class=\"diagram\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" aria-label=\"%s\">",
		spanWidth, height, spanWidth, height, fmt.Sprintf("%d operations as bars from call to return. Everything here is also in the table below.", len(s)))
	for k, one := range s {
		top, class, end := 4+k*spanHeight*2, "op", x(one.To)
		if one.To == 0 {
			class, end = "op open", spanWidth-8
		}
		w.f(`<text class="hd" x="4" y="%d">%s</text><rect class="%s" x="%d" y="%d" width="%d" height="%d" rx="3"/><text x="%d" y="%d">%s</text>`, top+spanHeight+14, clipped(one.Lane, 16), class,
			x(one.From), top+spanHeight-4, max(end-x(one.From), 6), spanHeight-4, x(one.From)+2, top+spanHeight-9, clipped(one.Label, 60))
	}
	w.f("</svg></div>\n")
}
