package rpc

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"

	"github.com/raftcheck/raftcheck/adapters/bubble"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// Env is what one incarnation of a server has around it. Its methods may be called from any goroutine of the server.
type Env struct {
	id        spec.ServerID
	servers   []spec.ServerID
	founders  []int
	codec     codec
	mostCalls int  // to one server that wait
	serial    bool // calls fail when a timer fires

	mu       sync.Mutex
	disks    *disks
	calls    []*call  // that wait for an answer, oldest first
	givenUp  []*call  // that no answer reaches any more, and that are to fail
	handling []string // requests that are being handled, as their payloads, oldest first
	effects  []event
	writes   int            // durable effects of this step
	cut      int            // crash just before this one; 0 is no crash
	over     bool           // the server is dead: nothing that its goroutines still do happens
	stir     chan struct{}  // closed by what happens next
	done     chan struct{}  // closed when the server is dead
	gone     chan struct{}  // closed when its goroutines have had the time to end
	asked    map[int]string // commands of clients that wait, by index
	fault    error          // what a goroutine that this package started panicked with

	proposals []*proposal // that have not returned
	changes   []*changing // that have not returned

	isRead  bool       // clients read
	reads   int        // that were asked for
	reading *reading   // that has not returned; nil is none
	applied spec.Index // what was told last to be applied
}

// event is an effect, with what the disks held after it if it is durable.
type event struct {
	effect spec.Effect
	disks  *disks
	late   bool // it is an answer by a goroutine of its own
	sees   bool // it is an answer to a read that sees what is applied: the index is what the Env was told of
}

// proposal is a call of Propose that has not returned.
type proposal struct {
	command string
	waits   bool // longer than the step in which it was made
	refused bool
}

// Me is the place of the server among all, from 0 on.
func (e *Env) Me() int { return slices.Index(e.servers, e.id) }

// Servers is how many there are.
func (e *Env) Servers() int { return len(e.servers) }

// Others are the places of all servers but this one.
func (e *Env) Others() []int {
	return slices.DeleteFunc(firstOf(len(e.servers)), func(k int) bool { return k == e.Me() })
}

// Founders are the places of who votes in a new cluster: the first Server.Founders, or all. A server that is none of them knows no configuration when it starts with empty disks.
func (e *Env) Founders() []int { return slices.Clone(e.founders) }

// Name is the server's name, or that of another one: "n1" for 0.
func (e *Env) Name(server int) string { return e.servers[server].String() }

// Name is what Env.Name says where there is no Env: "n1" for server 0.
func Name(server int) string { return spec.ServerID(server + 1).String() }

// Place is the server that has a name: 0 for "n1". It is −1 for what names none.
func Place(name string) int {
	for k := range cluster.MaxServers {
		if Name(k) == name {
			return k
		}
	}
	return -1
}

// Done is closed when the server is dead, for goroutines that the adapter starts.
func (e *Env) Done() <-chan struct{} { return e.done }

// Peer is the server's end of its connection to another one, by place.
func (e *Env) Peer(server int) *Peer { return &Peer{e, e.servers[server]} }

// Disk is one of the files that the server keeps, by any name. Each is saved whole.
func (e *Env) Disk(name string) *Disk { return &Disk{e, name} }

// Persister is the disk of a Raft that saves its state and its snapshot together.
func (e *Env) Persister() *Persister { return &Persister{e} }

// Applied tells that the state machine carries out a command: the entry at this index. A client that waits for it is answered.
func (e *Env) Applied(index int, command any) {
	value, kind := valueOf(command)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.over {
		return
	}
	e.applied = e.codec.index(index)
	if kind != spec.Command {
		return
	}
	reply := spec.Reply{Value: value, Index: e.applied}
	e.happens(spec.Effect{Kind: spec.Apply, Reply: reply}, nil)
	if asked, waits := e.asked[index]; waits {
		delete(e.asked, index)
		if asked == value {
			e.happens(spec.Effect{Kind: spec.Answer, Reply: reply}, nil)
		}
	}
}

// Apply carries out what comes out of a channel until the server is dead. tell returns the index and the command of an element, and false for one
// that is no command.
func Apply[M any](e *Env, from <-chan M, tell func(M) (index int, command any, is bool)) {
	for {
		select {
		case m, open := <-from:
			if !open {
				return
			}
			if index, command, is := tell(m); is {
				e.Applied(index, command)
			}
		case <-e.done: // who waits to send is let go on, to see that all is over
			select {
			case <-from:
			case <-e.gone:
				return
			}
		}
	}
}

// proposed is told when Propose returns. At once it tells where the command will stand, and later, or when the command is carried out by then, it is the answer to
// the client.
func (e *Env) proposed(p *proposal, index int, leads bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.proposals = slices.DeleteFunc(e.proposals, func(q *proposal) bool { return q == p })
	p.refused = !leads
	if e.over || !leads {
		return
	}
	reply := spec.Reply{Value: p.command, Index: e.codec.index(index)}
	for _, v := range e.effects {
		if v.effect.Kind == spec.Apply && v.effect.Reply.Value == p.command {
			p.waits, reply.Index = true, v.effect.Reply.Index
		}
	}
	switch {
	case p.waits:
		reply.NoIndex = reply.Index == 0
		e.happens(spec.Effect{Kind: spec.Answer, Reply: reply}, nil)
		e.effects[len(e.effects)-1].late = true
	case reply.Index == 0 || index < 0:
		panic(bubble.Mistake(fmt.Sprintf("rpc: Propose returns that the server leads and that the command will stand at index %d, where no entry is: is it refused, or does "+
			"Server.FromZero say so?", index)))
	default:
		e.asked[index] = p.command
	}
}

// begin starts a step, which is to crash before its durable effect number cut; 0 is no crash.
func (e *Env) begin(cut int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.effects, e.writes, e.cut, e.stir = nil, 0, cut, make(chan struct{})
	for _, p := range e.proposals {
		p.waits = true
	}
}

// stirred is closed when something happens, from the last begin or listen on.
func (e *Env) stirred() <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.stir
}

// listen waits for what happens from now on.
func (e *Env) listen() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stir = make(chan struct{})
}

// sent reports whether a message of one of these kinds has left in this step.
func (e *Env) sent(kinds ...spec.MessageKind) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.ContainsFunc(e.effects, func(v event) bool {
		return v.effect.Kind == spec.Send && slices.Contains(kinds, v.effect.Message.Kind)
	})
}

// happens notes an effect. The caller holds mu.
func (e *Env) happens(effect spec.Effect, d *disks) {
	e.effects = append(e.effects, event{effect: effect, disks: d})
	e.stirs()
}

// stirs closes stir. The caller holds mu.
func (e *Env) stirs() {
	select {
	case <-e.stir:
	default:
		close(e.stir)
	}
}

// yields is how often who writes lets others go first. Once is enough but for the sixty-first time that Go looks for somebody to run: then who writes may be the next.
const yields = 4

// durable makes a change of the disks happen, unless the server is dead or is to crash just before. A disk takes its time: whoever can go on meanwhile does, and what
// leaves then leaves before the write.
func (e *Env) durable(change func(*disks)) {
	for range yields {
		runtime.Gosched()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.over && e.writes+1 == e.cut {
		e.over = true
		e.stirs()
	}
	if e.over {
		return
	}
	d := e.disks.clone()
	change(d)
	e.disks = d
	e.writes++
	e.happens(spec.Effect{Kind: d.kind()}, d)
}

// dead reports whether the server is dead.
func (e *Env) dead() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.over
}

// handles reports whether a request is still being handled.
func (e *Env) handles(payload string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Contains(e.handling, payload)
}

// faulty reports whether a goroutine panicked.
func (e *Env) faulty() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.fault != nil
}

// end makes the server dead.
func (e *Env) end() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.over = true
	select {
	case <-e.done:
	default:
		close(e.done)
	}
}

// happened returns what did, in order. Which goroutine came first between two durable effects is not the server's choice, so what it sent and
// answered between them is put in order.
func (e *Env) happened() []event {
	e.mu.Lock()
	defer e.mu.Unlock()
	durable := func(k int) bool { return e.effects[k].disks != nil }
	for from := 0; from < len(e.effects); {
		to := from
		for to < len(e.effects) && !durable(to) {
			to++
		}
		slices.SortStableFunc(e.effects[from:to], compareEvents)
		from = to + 1
	}
	return e.effects
}

// compareEvents puts messages before what clients see, by receiver and content, and leaves what clients see as it is, but for answers by goroutines of their own:
// those come last, by index.
func compareEvents(a, b event) int {
	x, y := &a.effect, &b.effect
	switch by := cmp.Compare(min(x.Kind, spec.Write), min(y.Kind, spec.Write)); {
	case by != 0:
		return by
	case a.late && b.late:
		return cmp.Or(cmp.Compare(x.Reply.Index, y.Reply.Index), cmp.Compare(x.Reply.Value, y.Reply.Value))
	case a.late:
		return 1
	case b.late:
		return -1
	case x.Kind != spec.Send:
		return 0
	}
	return cmp.Or(cmp.Compare(x.Message.To, y.Message.To), cmp.Compare(x.Message.Kind, y.Message.Kind), cmp.Compare(x.Message.Payload, y.Message.Payload))
}

// untilLastDurable drops what happened after the last durable effect.
func (e *Env) untilLastDurable() {
	for len(e.effects) > 0 && e.effects[len(e.effects)-1].disks == nil {
		e.effects = e.effects[:len(e.effects)-1]
	}
}

// append appends what is state of the surroundings: calls without an answer, requests without a reply, clients that wait.
func (e *Env) append(b []byte) []byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, to := range e.servers { // calls to one server are given up in their order, and others have no order
		for _, c := range e.calls {
			if c.to == to {
				b = appendText(append(b, '>', byte(to)), c.payload)
			}
		}
	}
	var lost []string
	for _, c := range e.givenUp {
		lost = append(lost, c.to.String()+c.payload)
	}
	slices.Sort(lost)
	for _, call := range lost {
		b = appendText(append(b, '!'), call)
	}
	for _, payload := range slices.Sorted(slices.Values(e.handling)) {
		b = appendText(append(b, '<'), payload)
	}
	var waits []string
	for _, p := range e.proposals {
		waits = append(waits, p.command)
	}
	slices.Sort(waits)
	for _, command := range waits {
		b = appendText(append(b, '@'), command)
	}
	for _, c := range slices.SortedFunc(slices.Values(e.changes), func(c, d *changing) int { return cmp.Compare(c.to, d.to) }) {
		b = appendText(append(b, '&'), c.to)
	}
	for _, index := range slices.Sorted(maps.Keys(e.asked)) {
		b = appendText(binary.AppendVarint(append(b, '?'), int64(index)), e.asked[index])
	}
	return e.appendReads(append(b, '.'))
}
