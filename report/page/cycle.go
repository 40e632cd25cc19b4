package page

import (
	"fmt"
	"math"
)

// Cycle is a circle of operations each of which must come before the next, and the last before the first, drawn as such.
type Cycle struct {
	Nodes  []Node
	Arrows []Arrow
}

// Node is one operation of a cycle.
type Node struct{ Name, Label string } // "1, client a"; what it did

// Arrow says that one node must come before another: From and To are indexes of nodes.
type Arrow struct {
	From, To int
	Label    string // why, in a few words
}

// The measures of cycles, in pixels.
const (
	cycleWidth = 720
	cycleWider = 860 // of more than seven nodes
	nodeWidth  = 210
	nodeHeight = 44
	headLength = 9
)

// write draws the nodes clockwise, the first on top; two stand side by side.
func (c Cycle) write(w *writer) {
	if len(c.Nodes) < 2 {
		return
	}
	at, width, height := c.places()
	w.f("<div class=\"picture\" role=\"region\" aria-label=\"The circle\" tabindex=\"0\"><svg class=\"diagram\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" aria-label=\"%s\">",
		width, height, width, height, fmt.Sprintf("%d operations in a circle, with an arrow from each to the one that it must come before. The text below says the same.", len(c.Nodes)))
	for _, a := range c.Arrows {
		c.arrow(w, a, at)
	}
	for k, n := range c.Nodes {
		x, y := at[k][0]-nodeWidth/2, at[k][1]-nodeHeight/2
		w.f(`<rect class="op" x="%d" y="%d" width="%d" height="%d" rx="4"/><text class="hd" x="%d" y="%d">%s</text><text x="%d" y="%d">%s</text>`,
			x, y, nodeWidth, nodeHeight, x+8, y+17, clipped(n.Name, 28), x+8, y+35, clipped(n.Label, 32))
	}
	w.f("</svg></div>\n")
}

// places returns the middle of each node, and how large the picture is.
func (c Cycle) places() (at [][2]int, width, height int) {
	n := len(c.Nodes)
	if n == 2 {
		return [][2]int{{nodeWidth/2 + 4, 50}, {cycleWidth - nodeWidth/2 - 4, 50}}, cycleWidth, 100
	}
	if width = cycleWidth; n > 7 {
		width = cycleWider
	}
	across, down := float64(width-nodeWidth)/2-4, max(90, float64(30*n))
	for k := range n {
		angle := 2 * math.Pi * float64(k) / float64(n)
		at = append(at, [2]int{width/2 + int(math.Round(across*math.Sin(angle))), int(down) + nodeHeight/2 + 4 - int(math.Round(down*math.Cos(angle)))})
	}
	return at, width, 2*int(down) + nodeHeight + 8
}

// arrow draws an arrow from the border of one node to that of another. Of two nodes one arrow goes above the other.
func (c Cycle) arrow(w *writer, a Arrow, at [][2]int) {
	x1, y1, x2, y2 := float64(at[a.From][0]), float64(at[a.From][1]), float64(at[a.To][0]), float64(at[a.To][1])
	if len(c.Nodes) == 2 {
		aside := 13.0
		if a.From < a.To {
			aside = -aside
		}
		y1, y2 = y1+aside, y2+aside
	}
	length := math.Hypot(x2-x1, y2-y1)
	dx, dy := (x2-x1)/length, (y2-y1)/length
	border := math.Min(nodeWidth/2/math.Max(math.Abs(dx), 1e-9), nodeHeight/2/math.Max(math.Abs(dy), 1e-9))
	x1, y1, x2, y2 = x1+dx*border, y1+dy*border, x2-dx*(border+1), y2-dy*(border+1)
	px := func(v float64) int { return int(math.Round(v)) }
	bx, by := x2-dx*headLength, y2-dy*headLength
	w.f(`<path class="m" d="M%d %dL%d %d"/><path class="hp" d="M%d %dL%d %dL%d %dZ"/>`, px(x1), px(y1), px(bx), px(by),
		px(x2), px(y2), px(bx-dy*4), px(by+dx*4), px(bx+dy*4), px(by-dx*4))
	below := -5
	if len(c.Nodes) == 2 && a.From > a.To {
		below = 15
	}
	w.f(`<text class="lb" text-anchor="middle" x="%d" y="%d">%s</text>`, px((x1+x2)/2), px((y1+y2)/2)+below, clipped(a.Label, 34))
}
