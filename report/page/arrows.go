package page

import (
	"fmt"
	"math"
	"slices"
)

// arrows draws every message: from where it was sent to where it arrives, or as far as it came.
func (p *picture) arrows() {
	stubs := map[[2]int]int{} // by row and direction: messages that are still on their way
	for k := range p.messages {
		m := &p.messages[k]
		from, to := slices.Index(p.servers, m.From), slices.Index(p.servers, m.To)
		if from == to || from < 0 && to < 0 || m.folded < 0 {
			continue
		}
		switch {
		case m.from >= 0 && m.to < 0 && m.lost:
			p.lostAtOnce(m, from, to)
		case m.from >= 0 && m.to < 0 && p.inside(m.from):
			stubs[[2]int{m.from, from<<1 | rightward(from, to)}]++
		case m.from < 0 && m.to >= 0:
			p.arrival(m, to, "")
		case m.to-m.from > farRows || !p.inside(m.from) || !p.inside(m.to):
			p.far(m, from, to)
		default:
			p.arrow(m, from, to)
		}
	}
	for i := p.from; i < p.to; i++ {
		for at := range 2 * len(p.servers) {
			if n := stubs[[2]int{i, at}]; n > 0 {
				p.stub(i, at>>1, at&1 == 1, n)
			}
		}
	}
}

func rightward(from, to int) int {
	if to > from {
		return 1
	}
	return 0
}

// class is how the line of a message is drawn.
func (m *message) class() string {
	switch {
	case m.lost:
		return "m ls"
	case m.stale:
		return "m old"
	case m.quiet:
		return "m hb"
	}
	return "m"
}

// arrow draws a message that is sent and taken in this part.
func (p *picture) arrow(m *message, from, to int) {
	x1, y1, x2, y2 := p.x(from), p.y(m.from), p.x(to), p.y(m.to)
	if m.lost {
		x2 = (x1 + x2) / 2
	}
	way := sign(x2 - x1)
	x1, x2 = x1+11*way, x2-12*way
	p.f(`<path class="%s" d="M%d %dL%d %d"/>`, m.class(), x1, y1, x2, y2)
	switch {
	case m.lost:
		p.cross(x2, y2)
	default:
		p.point(m, x1, y1, x2, y2)
	}
	p.name(m, x1, y1, x2, y2)
}

// point draws the head of an arrow, and a second one for a message that is there once more.
func (p *picture) point(m *message, x1, y1, x2, y2 int) {
	dx, dy := float64(x2-x1), float64(y2-y1)
	long := math.Hypot(dx, dy)
	dx, dy = dx/long, dy/long
	head := func(back float64) {
		x, y := float64(x2)-back*dx, float64(y2)-back*dy
		p.f(`<path class="hp" d="M%.1f %.1fL%.1f %.1fL%.1f %.1fz"/>`, x, y, x-8*dx+4*dy, y-8*dy-4*dx, x-8*dx-4*dy, y-8*dy+4*dx)
	}
	head(0)
	if m.again {
		head(9)
	}
}

// name writes what a message is beside the last third of its arrow.
func (p *picture) name(m *message, x1, y1, x2, y2 int) {
	label := p.label(m)
	if m.lost {
		label += " lost"
	}
	if m.again {
		label += " doubled"
	}
	anchor, x := "lb", x2+8
	if x2 > x1 {
		anchor, x = "lb e", x2-8
	}
	y := y2 - 8
	if y2-y1 > rowHeight {
		y = y2 - 12
	}
	p.text(anchor, x, y, label)
}

// arrival is a message that comes from a row that is not in this part, or from nobody knows where.
func (p *picture) arrival(m *message, to int, whence string) {
	if !p.inside(m.to) || to < 0 {
		return
	}
	way := 1
	if from := slices.Index(p.servers, m.From); from > to || to == 0 {
		way = -1
	}
	x2, y2 := p.x(to)-12*way, p.y(m.to)
	x1, y1 := x2-22*way, y2-12
	p.f(`<path class="%s" d="M%d %dL%d %d"/>`, m.class(), x1, y1, x2, y2)
	p.point(m, x1, y1, x2, y2)
	anchor := "lb"
	if way > 0 {
		anchor = "lb e"
	}
	p.text(anchor, x2-6*way, y2-14, fmt.Sprintf("%s from %s%s", p.label(m), m.From, whence))
}

// label names a message, and says how many like it follow up to which step.
func (p *picture) label(m *message) string {
	if m.folded > 0 {
		return fmt.Sprintf("%s, %d more up to %d", m.label(), m.folded, p.rows[m.until].Number)
	}
	return m.label()
}

// far is a message that is under way for long: only its ends are drawn, each with where the other is.
func (p *picture) far(m *message, from, to int) {
	if p.inside(m.from) && from >= 0 {
		way := sign(p.x(to) - p.x(from))
		x, y := p.x(from)+11*way, p.y(m.from)
		p.f(`<path class="%s" d="M%d %dl%d 10"/>`, m.class(), x, y, 18*way)
		anchor := "lb"
		if way < 0 {
			anchor = "lb e"
		}
		p.text(anchor, x+4*way, y+18, fmt.Sprintf("arrives at %d", p.rows[m.to].Number))
	}
	p.arrival(m, to, fmt.Sprintf(", step %d", p.rows[m.from].Number))
}

// lostAtOnce is a message that the network lost when it was sent.
func (p *picture) lostAtOnce(m *message, from, to int) {
	if !p.inside(m.from) || from < 0 {
		return
	}
	way := sign(to - from)
	x, y := p.x(from)+11*way, p.y(m.from)
	p.f(`<path class="m ls" d="M%d %dl%d 9"/>`, x, y, 22*way)
	p.cross(x+24*way, y+10)
}

// stub is the beginning of messages that arrive nowhere in this execution.
func (p *picture) stub(row, from int, right bool, n int) {
	way := -1
	if right {
		way = 1
	}
	x, y := p.x(from)+11*way, p.y(row)
	p.f(`<path class="m wy" d="M%d %dl%d 8"/><circle class="wy" cx="%d" cy="%d" r="3"/>`, x, y, 14*way, x+17*way, y+10)
	if n > 1 {
		anchor := "lb"
		if way < 0 {
			anchor = "lb e"
		}
		p.text(anchor, x+23*way, y+14, fmt.Sprintf("%d", n))
	}
}

func (p *picture) cross(x, y int) {
	p.f(`<path class="no" d="M%d %dl8 8m0 -8l-8 8"/>`, x-4, y-4)
}

func sign(n int) int {
	if n < 0 {
		return -1
	}
	return 1
}
