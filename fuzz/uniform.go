package fuzz

import (
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
)

// uniform makes everything that may happen to a server, to a message in flight and to the network equally likely: each input whole and
// with a crash in the middle, each message arriving whole, arriving with a crash in the middle, arriving twice and being lost, each
// partition.
type uniform struct {
	config     *cluster.Config
	cuts       int   // 2 if a server may crash in the middle of a step, else 1
	perMessage []may // what may become of a message
}

// may is something that may become of a message.
type may struct {
	kind checker.ChoiceKind
	cut  bool
}

// uniformLength is the most steps of a uniform run.
const uniformLength = 100

func newUniform(c *cluster.Config) *uniform {
	u := &uniform{config: c, cuts: 1, perMessage: []may{{checker.DoDeliver, false}}}
	for _, m := range []struct {
		on bool
		may
	}{
		{c.Faults.Crash != cluster.Off, may{checker.DoDeliver, true}},
		{c.Faults.Duplicate != cluster.Off, may{checker.DoStay, false}},
		{c.Faults.Drop != cluster.Off, may{checker.DoDrop, false}},
		{c.Duplications, may{checker.DoCopy, false}},
	} {
		if m.on {
			u.perMessage = append(u.perMessage, m.may)
		}
	}
	if c.Faults.Crash != cluster.Off {
		u.cuts = 2
	}
	return u
}

func (u *uniform) begin(*checker.Walker, *dice) int { return uniformLength }

func (u *uniform) next(w *checker.Walker, d *dice) (checker.Choice, bool) {
	inputs := 0
	for s := range u.config.Servers {
		inputs += u.cuts * len(w.Inputs(s))
	}
	messages := w.InFlight() * len(u.perMessage)
	ways, partitioned := w.Splits()
	if partitioned {
		ways = 1
	}
	if inputs+messages+ways == 0 {
		return checker.Choice{}, false
	}
	at := d.below(inputs + messages + ways)
	c := checker.Choice{Lost: uint16(d.next())}
	switch {
	case at < inputs:
		u.input(w, d, &c, at)
	case at < inputs+messages:
		at -= inputs
		m := u.perMessage[at%len(u.perMessage)]
		c.Kind, c.At = m.kind, uint8(at/len(u.perMessage))
		if m.cut {
			c.Cut = crashPoint(d, u.config)
		}
	case partitioned:
		c.Kind = checker.DoHeal
	default:
		c.Kind, c.At = checker.DoSplit, uint8(at-inputs-messages)
	}
	return c, true
}

func (u *uniform) input(w *checker.Walker, d *dice, c *checker.Choice, at int) {
	c.Kind = checker.DoOwn
	for n := u.cuts * len(w.Inputs(int(c.At))); at >= n; n = u.cuts * len(w.Inputs(int(c.At))) {
		at -= n
		c.At++
	}
	c.Nth = uint8(at / u.cuts)
	if at%u.cuts == 1 {
		c.Cut = crashPoint(d, u.config)
	}
}

func (u *uniform) did(*checker.Walker, checker.Choice, checker.Happened) {}

// crashPoint draws where a server crashes in the middle of a step. Most steps write once or not at all, and so have three crash
// points or none.
func crashPoint(d *dice, c *cluster.Config) uint8 {
	cut := uint8(d.between(1, 4)) << 1
	if c.Faults.Lossy && d.oneIn(2) {
		cut |= 1
	}
	return cut
}
