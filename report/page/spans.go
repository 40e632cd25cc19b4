package page

import (
	"fmt"
	"slices"
	"strings"
)

// Spans are operations of clients, drawn as bars on one axis.
type Spans struct {
	Operations []Span
	Marks      []Mark  // what the cluster did meanwhile
	Orders     [][]int // the longest orders that explain some of the operations, as indexes into them
}

// Span is one of them, from its call to its return; it never returns when To is 0. Both are places on an axis.
type Span struct {
	Lane, Label string
	From, To    int
}

// Mark is something that happened after a place on the axis; -1 is before all of them.
type Mark struct {
	After int
	Label string // in a word, as the steps are called in a table
}

// The measures of spans, in pixels.
const (
	spanHeight = 26
	spanWidth  = 720
	spanLeft   = 130
)

// write draws the spans, and lists the orders. Places that no bar begins or ends at take no room.
func (s Spans) write(w *writer) {
	if len(s.Operations) == 0 {
		return
	}
	var places []int
	for _, one := range s.Operations {
		places = append(places, one.From)
		if one.To > 0 {
			places = append(places, one.To)
		}
	}
	slices.Sort(places)
	places = slices.Compact(places)
	slot := (spanWidth - spanLeft - 20) / len(places)
	x := func(place int) int {
		at, _ := slices.BinarySearch(places, place)
		return spanLeft + at*slot
	}
	top := 0
	if len(s.Marks) > 0 {
		top = 18
	}
	height := top + len(s.Operations)*spanHeight*2 + 8
	w.spans++
	w.f("<div class=\"picture spans\" id=\"spans-%d\" role=\"region\" aria-label=\"Operations as bars\" tabindex=\"0\"><svg class=\"diagram\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" aria-label=\"%s\">",
		w.spans, spanWidth, height, spanWidth, height, fmt.Sprintf("%d operations as bars from call to return. Everything here is also in the table below.", len(s.Operations)))
	for _, m := range s.marks() {
		at := x(m.After) + slot/2
		if m.After < 0 {
			at = spanLeft - 10
		}
		w.f(`<path class="cut" d="M%d %dV%d"/><text class="lb" text-anchor="middle" x="%d" y="13">%s</text>`, at, top, height, at, m.Label)
	}
	for k, one := range s.Operations {
		y, class, end := top+4+k*spanHeight*2, "op", x(one.To)
		if one.To == 0 {
			class, end = "op open", spanWidth-8
		}
		w.f(`<g data-op="%d"><text class="hd" x="4" y="%d">%s</text><rect class="%s" x="%d" y="%d" width="%d" height="%d" rx="3"/><text x="%d" y="%d">%s</text><text class="hd or" x="%d" y="%d"></text></g>`,
			k, y+spanHeight+14, clipped(one.Lane, 16), class, x(one.From), y+spanHeight-4, max(end-x(one.From), 6), spanHeight-4, x(one.From)+2, y+spanHeight-9, clipped(one.Label, 60),
			x(one.From)+4, y+spanHeight+13)
	}
	w.f("</svg></div>\n")
	s.orders(w)
}

// marks are those of each place together.
func (s Spans) marks() (all []Mark) {
	for _, m := range s.Marks {
		if n := len(all); n > 0 && all[n-1].After == m.After {
			first, _, _ := strings.Cut(all[n-1].Label, "–")
			all[n-1].Label = first + "–" + m.Label
			continue
		}
		all = append(all, m)
	}
	return all
}

// orders lists the longest orders. With a script each can be shown on the bars.
func (s Spans) orders(w *writer) {
	if len(s.Orders) == 0 {
		return
	}
	w.f("<p>As far as an order explains them:</p>\n<ul class=\"orders\">\n")
	for _, order := range s.Orders {
		var named, at, left []string
		for _, k := range order {
			named, at = append(named, fmt.Sprint(k+1)), append(at, fmt.Sprint(k))
		}
		for k := range s.Operations {
			if !slices.Contains(order, k) {
				left = append(left, fmt.Sprint(k+1))
			}
		}
		w.f("<li>%s; without %s <button type=\"button\" class=\"order\" data-spans=\"spans-%d\" data-order=\"%s\" aria-pressed=\"false\" aria-label=\"Show on the bars: %s\" hidden=\"\">show</button></li>\n",
			strings.Join(named, ", "), strings.Join(left, ", "), w.spans, strings.Join(at, " "), strings.Join(named, ", "))
	}
	w.f("</ul>\n")
}
