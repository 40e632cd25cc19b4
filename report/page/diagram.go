package page

import (
	"fmt"
	"strings"

	"github.com/raftcheck/raftcheck/spec"
)

// The measures of a diagram, in pixels.
const (
	rowHeight  = 40
	headHeight = 40
	numbers    = 46 // width of the column of step numbers
	axis       = 30 // from the left edge of a lane to the middle of its bar
	strip      = 56 // from the left edge of a lane to its log
	cellWidth  = 15
	cellHeight = 15
	mostCells  = 6
	slotWidth  = 18
	eventDown  = 22 // from the top of a row to its events
	farRows    = 40 // an arrow over more rows than this is two stubs
)

// picture is a part of a diagram under way: the rows from one to before another.
type picture struct {
	strings.Builder
	*drawn
	from, to int
	tops     []int // of each row of the whole execution, counted from the first row of this part
	width    int
}

// picture begins a drawing of some of the rows.
func (d *drawn) picture(from, to int) *picture {
	p := &picture{drawn: d, from: from, to: to, tops: make([]int, len(d.rows)+1), width: d.wide()}
	y := headHeight
	for i := from; i <= to && i <= len(d.rows); i++ {
		p.tops[i] = y
		if i < len(d.rows) {
			y += d.rows[i].height
		}
	}
	return p
}

func (p *picture) height() int { return max(p.tops[p.to]+4, p.least) }

func (d *drawn) laneWidth() int {
	w := max(strip+d.cells*cellWidth+28, 112)
	if len(d.servers) <= 3 {
		w = max(w, 148)
	}
	return w
}

func (d *drawn) wide() int {
	w := numbers + len(d.servers)*d.laneWidth() + 4
	if d.slots > 0 {
		w += 40 + d.slots*slotWidth + 50
	}
	return w
}

// inside reports whether a row is in this part.
func (p *picture) inside(row int) bool { return row >= p.from && row < p.to }

func (p *picture) left(server int) int { return numbers + server*p.laneWidth() }
func (p *picture) x(server int) int    { return p.left(server) + axis }
func (p *picture) y(row int) int       { return p.tops[row] + eventDown }

// f writes a piece of the picture, as [printf] does.
func (p *picture) f(format string, args ...any) { printf(&p.Builder, format, args...) }

// text writes a label.
func (p *picture) text(class string, x, y int, s string) {
	p.f(`<text class="%s" x="%d" y="%d">%s</text>`, class, x, y, s)
}

// body draws everything, what lies behind first.
func (p *picture) body() {
	for k := range p.servers {
		p.bands(k)
	}
	p.marks()
	p.splits()
	for k := range p.servers {
		p.bars(k)
	}
	p.clients()
	p.arrows()
	for i := p.from; i < p.to; i++ {
		p.event(i)
	}
	p.heads()
	p.loop()
}

// heads names the lanes.
func (p *picture) heads() {
	p.text("hd e", numbers-8, 25, "step")
	for k, id := range p.servers {
		p.text("hd", p.left(k)+16, 25, id.String())
	}
	if p.slots > 0 {
		p.text("hd", p.left(len(p.servers))+14, 25, "clients")
	}
}

// bands colour each lane by its term.
func (p *picture) bands(server int) {
	for i := p.from; i < p.to; {
		l := p.lanes[i][server]
		end := i + 1
		for end < p.to && p.lanes[end][server].term == l.term && p.lanes[end][server].noTerm == l.noTerm {
			end++
		}
		class, name := fmt.Sprintf("b%d", colourOf(l.term)), fmt.Sprintf("term %d", l.term)
		if l.noTerm {
			class, name = "bu", "term ?"
		}
		p.f(`<rect class="%s" x="%d" y="%d" width="%d" height="%d"/>`, class, p.left(server)+2, p.tops[i], p.laneWidth()-4, p.tops[end]-p.tops[i])
		p.text("tm", p.left(server)+p.laneWidth()-6, p.tops[i]+11, name)
		i = end
	}
}

// colourOf returns which of the colours of terms is that of one: 0 has its own, and those that follow each other differ.
func colourOf(term spec.Term) int {
	if term == 0 {
		return 0
	}
	return 1 + int((term-1)%6)
}

// marks set off the step that breaks a rule, those that the finding rests on, and where another execution goes another way.
func (p *picture) marks() {
	for i := p.from; i < p.to; i++ {
		r := &p.rows[i]
		if r.Guilty {
			p.f(`<rect class="x" x="1" y="%d" width="%d" height="%d"/>`, p.tops[i]+1, p.width-2, r.height-2)
		}
		if p.differsIn(i) {
			p.f(`<path class="df" d="M0 %dH%d"/>`, p.tops[i], p.width)
		}
	}
}

// bars draw what each server is: the wider, the more it may do.
func (p *picture) bars(server int) {
	x := p.x(server)
	for i := p.from; i < p.to; {
		l := p.lanes[i][server]
		end := i + 1
		for end < p.to && p.lanes[end][server].role == l.role && p.lanes[end][server].noRole == l.noRole {
			end++
		}
		top, bottom := p.tops[i], p.tops[end]
		if p.lanes[i][server].changed && i > p.from {
			top = p.y(i)
		}
		if end < p.to {
			bottom = p.y(end)
		}
		class, half := barOf(l)
		p.f(`<rect class="%s" x="%d" y="%d" width="%d" height="%d"/>`, class, x-half, top, 2*half, bottom-top)
		i = end
	}
}

// barOf returns how a role is drawn: the class, and half of the width.
func barOf(l lane) (string, int) {
	if l.noRole {
		return "U", 2
	}
	switch l.role {
	case spec.Leader:
		return "L", 17
	case spec.Candidate:
		return "C", 9
	case spec.PreCandidate:
		return "P", 7
	case spec.Crashed:
		return "X", 6
	}
	return "F", 3
}

func letterOf(l lane) string {
	if l.noRole {
		return "?"
	}
	switch l.role {
	case spec.Leader:
		return "L"
	case spec.Candidate:
		return "C"
	case spec.PreCandidate:
		return "P"
	case spec.Crashed:
		return "X"
	}
	return "F"
}

// event draws what is in one row: its number, its mark, and the server that does something with its log.
func (p *picture) event(i int) {
	r := &p.rows[i]
	y := p.y(i)
	if r.Guilty {
		p.f(`<path class="no" d="M5 %dl8 8m0 -8l-8 8"/>`, y-4)
	}
	if r.Record != nil {
		p.text("n e", numbers-8, y+4, fmt.Sprint(r.Number))
	} else {
		p.text("n e", numbers-8, y+4, "0")
	}
	if r.cited > 0 && !r.Guilty {
		p.f(`<circle class="ci" cx="9" cy="%d" r="8"/>`, y)
		p.text("cn", 9, y+4, fmt.Sprint(r.cited))
	}
	for k := range p.servers {
		l := p.lanes[i][k]
		if i == p.from || r.Guilty && l.logShown && len(l.log.Entries) > 0 || l.logMoved {
			p.log(i, k)
		}
		if l.changed {
			letter := letterOf(l)
			p.f(`<rect class="ev e%s" x="%d" y="%d" width="20" height="20" rx="4"/>`, map[string]string{"?": "U"}[letter]+strings.TrimSuffix(letter, "?"), p.x(k)-10, y-10)
			p.text("lt l"+strings.ReplaceAll(letter, "?", "U"), p.x(k), y+4, letter)
			p.word(i, k)
		}
	}
}

// word names faults, which are never told by their looks alone.
func (p *picture) word(i, server int) {
	s := p.rows[i].Record.Step
	said := ""
	switch {
	case s.Input.Kind == spec.Crash && s.Input.Lossy, s.Input.Cut > 0 && s.Input.Lossy:
		said = "power lost"
	case s.Input.Kind == spec.Crash, s.Input.Cut > 0:
		said = "crash"
	case s.Input.Kind == spec.Restart:
		said = "restart"
	case s.Input.Kind == spec.StorageError:
		said = "disk full"
	default:
		return
	}
	p.text("fw", p.x(server)+14, p.tops[i]+p.rows[i].height-3, said)
}

// log draws the log of a server as a row of cells, each with the term of its entry, and a double line behind what is committed.
func (p *picture) log(i, server int) {
	l := p.lanes[i][server]
	if !l.logShown {
		return
	}
	x, y := p.left(server)+strip, p.tops[i]+14
	first := l.log.Base + 1
	if n := spec.Index(mostCells); l.log.LastIndex() > l.log.Base+n {
		first = l.log.LastIndex() - n + 1
	}
	at := func(index spec.Index) int { return x + int(index-first)*cellWidth }
	if first > 1 && len(l.log.Entries) > 0 {
		p.text("ell e", x-2, y+11, "…")
	}
	for index := first; index <= l.log.LastIndex(); index++ {
		e, _ := l.log.At(index)
		p.cell("", at(index), y, e.Term)
	}
	if !l.noCommit && l.commit >= first && l.commit <= l.log.LastIndex() {
		p.f(`<path class="cm" d="M%d %dv%dm3 0v-%d"/>`, at(l.commit+1)-1, y-3, cellHeight+6, cellHeight+6)
	}
	if !l.logMoved {
		return
	}
	for index := max(first, l.before.Base+1); index <= l.before.LastIndex() && index < first+mostCells; index++ {
		was, _ := l.before.At(index)
		if is, held := l.log.At(index); held && is == was || index <= l.log.Base {
			continue
		}
		down := y
		if _, held := l.log.At(index); held {
			down += cellHeight + 1
		}
		p.cell(" gone", at(index), down, was.Term)
		p.f(`<path class="st" d="M%d %dl%d -%d"/>`, at(index), down+cellHeight, cellWidth, cellHeight)
	}
}

func (p *picture) cell(class string, x, y int, term spec.Term) {
	p.f(`<rect class="k%d%s" x="%d" y="%d" width="%d" height="%d"/>`, colourOf(term), class, x, y, cellWidth, cellHeight)
	p.text("kn", x+cellWidth/2, y+11, fmt.Sprint(term))
}

// splits draws partitions: a bracket over each side, and a line between lanes that do not reach each other for as long as they do not.
func (p *picture) splits() {
	side := make([]int, len(p.servers))
	cut, since := false, 0
	between := func(until int) {
		top, bottom := p.tops[max(since, p.from)], p.tops[min(until, p.to)]
		if !cut || until <= p.from || since >= p.to {
			return
		}
		for k := 1; k < len(p.servers); k++ {
			if side[k] != side[k-1] {
				p.f(`<path class="cut" d="M%d %dV%d"/>`, p.left(k), top, bottom)
			}
		}
	}
	for i := range p.rows[:p.to] {
		r := p.rows[i].Record
		if r == nil || r.Step != nil || r.Event != "partition" && r.Event != "heal" {
			continue
		}
		between(i)
		if cut, since = r.Event == "partition", i; cut {
			p.sides(side, r.Groups)
		}
		if p.inside(i) {
			p.brackets(i, side, cut)
		}
	}
	between(p.to)
}

// sides numbers the side of each server. Servers in no group are together.
func (p *picture) sides(side []int, groups [][]spec.ServerID) {
	for k, id := range p.servers {
		side[k] = 0
		for n, g := range groups {
			for _, member := range g {
				if member == id {
					side[k] = n + 1
				}
			}
		}
	}
}

func (p *picture) brackets(i int, side []int, cut bool) {
	y := p.y(i)
	if !cut {
		p.f(`<path class="br" d="M%d %dv-6H%dv6"/>`, p.left(0)+8, y+6, p.left(len(p.servers))-8)
		p.text("fw", p.left(0)+14, y+16, "heals")
		return
	}
	for k := 0; k < len(p.servers); {
		end := k + 1
		for end < len(p.servers) && side[end] == side[k] {
			end++
		}
		p.f(`<path class="br" d="M%d %dv-6H%dv6"/>`, p.left(k)+8, y+6, p.left(end)-8)
		p.text("fw", p.left(k)+14, y+16, fmt.Sprintf("side %d", side[k]))
		k = end
	}
	p.text("fw", p.left(0)+14, y-10, "partition")
}

// clients draws what clients asked for as bars beside the lanes.
func (p *picture) clients() {
	left := p.left(len(p.servers)) + 14
	for _, c := range p.calls {
		until := c.to
		if until < 0 {
			until = len(p.rows) - 1
		}
		if c.slot < 0 || c.from >= p.to || until < p.from {
			continue
		}
		x, top, bottom, class := left+c.slot*slotWidth, headHeight, p.tops[p.to], "op"
		if p.inside(c.from) {
			top = p.y(c.from) - 8
		}
		switch {
		case c.to < 0:
			class = "op open"
		case p.inside(c.to):
			bottom = p.y(c.to) + 8
		}
		if c.failed {
			class += " bad"
		}
		p.f(`<rect class="%s" x="%d" y="%d" width="%d" height="%d" rx="3"/>`, class, x, top, slotWidth-6, bottom-top)
		if p.inside(c.from) {
			p.text("lb", x+slotWidth-3, top+12, c.label)
		}
	}
}

// loop marks the steps that are done again and again.
func (p *picture) loop() {
	i := p.rowOf(p.Trace.Header.Loop)
	if i < 0 {
		return
	}
	top := headHeight
	if p.inside(i) {
		top = p.tops[i] + 4
	}
	if i < p.to {
		p.f(`<path class="br" d="M22 %dH17V%dh5m-5 0l4 -5m-4 5l5 3"/>`, top, p.tops[p.to]-6)
	}
}
