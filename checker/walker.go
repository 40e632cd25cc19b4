package checker

import (
	"fmt"
	"math/bits"
	"slices"
	"sync"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// Walker takes executions of a world one after another, one step at a time, over a memo of its own: what a server did once is not
// run again. What happens next is the caller's choice. A walker belongs to one goroutine.
//
// Choices name servers, messages and steps by their places and never by numbers of the memo, so that the same choices are the
// same execution in every walker of a world, whatever its memo holds. A memo that has grown too large can therefore be thrown away
// between two executions without changing what follows.
type Walker struct {
	WalkerOptions
	m         *memo
	config    *cluster.Config
	dropped   int // memos thrown away
	executed  int // of those, how often node code ran
	exercised map[string]int
	pairRules []*spec.Rule // rules that look at two servers
	limit     cluster.Limit
	split     []cluster.Spent
	// What it costs to lose a message, and to deliver one that stays.
	dropPrice, stayPrice cluster.Spent
	first                []uint32

	places   []place  // by server state
	points   []uint8  // by step: crash points in the middle of it
	events   []Event  // by step; 0 is not known yet
	ownSteps []uint32 // numbers of steps, by place.own and input
	arrivals idTable  // (server state, message) -> number of a step
	cuts     idTable  // (step + 1, Choice.Cut) -> number of a step

	servers [cluster.MaxServers]uint32
	now     [cluster.MaxServers]place // what is known of each
	history uint32
	spent   cluster.Spent
	network []uint32 // messages in flight, in the order of sending
	vector  uint64
	outline uint64
}

// ChoiceKind is what happens next.
type ChoiceKind uint8

// The kinds of choices.
const (
	DoOwn     ChoiceKind = iota + 1 // server number At is given number Nth of Walker.Inputs
	DoDeliver                       // the message at place At arrives
	DoStay                          // the message at place At arrives, was duplicated and stays in flight
	DoDrop                          // the message at place At is lost
	DoCopy                          // the network duplicates the message at place At
	DoSplit                         // the servers split in the way number At of cluster.Config.Partitions
	DoHeal                          // the partition ends
)

// Choice is one thing that happens next. Every value is a choice; those that mean nothing in a state are not possible there.
type Choice struct {
	Kind ChoiceKind
	At   uint8  // server, counted from 0; or place of a message, in the order of sending; or number of a partition
	Nth  uint8  // which input
	Cut  uint8  // above 0: the server crashes at crash point Cut>>1 of the step, and loses what was not synced if the lowest bit is set
	Lost uint16 // when more is sent than there is room for: chooses which messages are lost
}

// Happened is what a choice led to.
type Happened struct {
	Possible bool   // false: nothing happened
	Broken   bool   // a promise is broken by this step
	Moved    bool   // the state of Server changed
	Server   int    // counted from 0
	Event    Event  // what kind of thing happened; 0 for what happens to the network
	Goals    uint64 // goals reached, as bits in the order of spec.Goals
}

// WalkerOptions say what a walker judges and what it may take.
type WalkerOptions struct {
	Rules  []*spec.Rule // promises to judge; nil is spec.Rules
	Memory int          // bytes of a memo, after which it is dropped; 0 is no bound
	Alone  *sync.Mutex  // held while node code runs, for nodes that share something; nil is none
}

// NewWalker returns a walker before the first execution.
func NewWalker(config *cluster.Config, o WalkerOptions) (*Walker, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	if o.Rules == nil {
		o.Rules = spec.Rules
	}
	w := &Walker{config: config, WalkerOptions: o, limit: config.Limit(), split: config.Partitions(),
		dropPrice: config.DropPrice(1), stayPrice: config.DuplicatePrice()}
	return w, w.forget()
}

// forget begins a new memo.
func (w *Walker) forget() error {
	defer w.alone()()
	if w.m != nil {
		w.exercised = w.Exercised()
		w.dropped++
		w.executed += w.m.executed
	}
	w.m = newMemo(w.config, w.Rules, []*renaming{nil})
	w.places, w.points, w.events = w.places[:0], w.points[:0], w.events[:0]
	w.ownSteps, w.arrivals, w.cuts = w.ownSteps[:0], idTable{}, idTable{}
	w.pairRules = slices.DeleteFunc(slices.Clone(w.m.rules), func(r *spec.Rule) bool { return r.Pair == nil })
	var err error
	w.first, err = w.m.initial()
	return err
}

// Begin begins an execution. Between two of them, a memo that has outgrown the memory is dropped.
func (w *Walker) Begin() error {
	if w.Memory > 0 && w.Bytes() > w.Memory {
		if err := w.forget(); err != nil {
			return err
		}
	}
	w.history, w.spent, w.network, w.vector, w.outline = 0, 0, w.network[:0], 0, 0
	for k, id := range w.first {
		w.servers[k] = id
		w.now[k] = *w.place(id)
		w.vector += w.now[k].hash
		w.outline += w.now[k].outline
	}
	return nil
}

// Do makes a choice happen. The error is a *Fault of the implementation.
func (w *Walker) Do(c Choice) (Happened, error) {
	switch c.Kind {
	case DoOwn:
		return w.own(c)
	case DoDeliver, DoStay:
		return w.deliver(c)
	case DoDrop:
		return w.drop(c), nil
	case DoCopy:
		return w.copyOf(c), nil
	case DoSplit:
		if int(c.At) < len(w.split) && !w.spent.Partitioned() && w.limit.Affords(w.spent+w.split[c.At]) {
			w.spent += w.split[c.At]
			return Happened{Possible: true}, nil
		}
	case DoHeal:
		if w.spent.Partitioned() {
			w.spent = w.spent.Heal()
			return Happened{Possible: true}, nil
		}
	}
	return Happened{}, nil
}

func (w *Walker) own(c Choice) (Happened, error) {
	k, err := w.stepOf(c)
	if err != nil || k < 0 {
		return Happened{}, err
	}
	if w.m.steps[k].flags&idle != 0 {
		return Happened{Goals: uint64(w.m.steps[k].goals)}, nil
	}
	return w.take(uint32(k), -1, c)
}

func (w *Walker) deliver(c Choice) (Happened, error) {
	k, err := w.stepOf(c)
	if err != nil || k < 0 {
		return Happened{}, err
	}
	place := w.placeTaken(uint32(k), c)
	flags := w.m.steps[k].flags
	if flags&idle != 0 && place < 0 {
		return Happened{Goals: uint64(w.m.steps[k].goals)}, nil
	}
	return w.take(uint32(k), place, c)
}

// stepOf returns the local step that a choice makes, or -1 when it is not possible.
func (w *Walker) stepOf(c Choice) (int, error) {
	switch c.Kind {
	case DoOwn:
		if int(c.At) < w.config.Servers {
			return w.ownStep(int(c.At), c.Nth, c.Cut)
		}
	case DoDeliver, DoStay:
		if !w.MayArrive(int(c.At)) || c.Kind == DoStay && (w.config.Faults.Duplicate == cluster.Off || w.config.Network == cluster.EverSent) {
			return -1, nil
		}
		id := w.network[c.At]
		k, err := w.arrival(w.servers[w.m.messages[id].To-1], id, c.Cut)
		if c.Kind == DoStay && k >= 0 && w.m.steps[k].flags&(keeps|idle) != 0 {
			return -1, nil
		}
		return k, err
	}
	return -1, nil
}

// placeTaken returns the place of the message that a step takes out of the network, or -1.
func (w *Walker) placeTaken(k uint32, c Choice) int {
	if c.Kind != DoDeliver || w.config.Network == cluster.EverSent || w.m.steps[k].flags&keeps != 0 {
		return -1
	}
	return int(c.At)
}

// take makes a local step. place is that of the message it takes out of the network, or -1.
func (w *Walker) take(k uint32, place int, c Choice) (Happened, error) {
	step := &w.m.steps[k]
	price := step.price
	if c.Kind == DoStay {
		price += w.stayPrice
	}
	lost, fits := w.losses(step, place, c.Lost)
	if !fits {
		return Happened{}, nil
	}
	if lost != 0 {
		price += w.dropPrice * cluster.Spent(bits.OnesCount32(lost))
	}
	if price != 0 && !w.limit.Affords(w.spent+price) {
		return Happened{}, nil
	}
	after, broken, err := w.historyAfter(k)
	if err != nil {
		return Happened{}, err
	}
	h := Happened{Possible: true, Goals: uint64(step.goals), Broken: broken || step.flags&breaks != 0}
	w.spent += price
	w.history = after
	if place >= 0 {
		w.network = append(w.network[:place], w.network[place+1:]...)
	}
	w.send(step, lost)
	slot, next := step.slot, step.next
	if before := w.servers[slot]; before != next {
		h.Moved, h.Server = true, int(slot)
		to := w.place(next)
		w.vector += to.hash - w.now[slot].hash
		w.outline += to.outline - w.now[slot].outline
		w.servers[slot], w.now[slot] = next, *to
		if !h.Broken {
			h.Broken = w.besides(int(slot))
		}
	}
	h.Event = w.event(k)
	return h, nil
}

// besides reports whether a promise between two servers is broken since one of them moved.
func (w *Walker) besides(slot int) bool {
	moved := w.servers[slot]
	for i, other := range w.servers[:w.config.Servers] {
		if i == slot {
			continue
		}
		if w.judgePair(moved, other) {
			return true
		}
	}
	return false
}

func (w *Walker) drop(c Choice) Happened {
	if int(c.At) >= len(w.network) || w.config.Faults.Drop == cluster.Off || w.config.Network == cluster.EverSent || w.behind(int(c.At)) {
		return Happened{}
	}
	if w.dropPrice != 0 && !w.limit.Affords(w.spent+w.dropPrice) {
		return Happened{}
	}
	w.spent += w.dropPrice
	w.network = append(w.network[:c.At], w.network[c.At+1:]...)
	return Happened{Possible: true}
}

func (w *Walker) copyOf(c Choice) Happened {
	if !w.config.Duplications || int(c.At) >= len(w.network) || len(w.network) >= w.config.Bounds.Messages {
		return Happened{}
	}
	id := w.network[c.At]
	if w.config.Network == cluster.Unordered && w.copies(id) >= max(w.config.Bounds.Copies, 1) {
		return Happened{}
	}
	w.network = append(w.network, id)
	return Happened{Possible: true}
}

// send puts what a step sent into the network, but for what is lost.
func (w *Walker) send(step *localStep, lost uint32) {
	for k, id := range w.m.sends[step.sends : step.sends+uint32(step.sendCount)] {
		if lost>>k&1 != 0 || w.config.Network == cluster.EverSent && w.copies(id) > 0 {
			continue
		}
		w.network = append(w.network, id)
	}
}

// losses returns which messages of a step are lost for want of room, as bits; false when the step leaves the model.
func (w *Walker) losses(step *localStep, place int, choice uint16) (uint32, bool) {
	if step.sendCount == 0 {
		return 0, true
	}
	room := w.config.Bounds.Messages - len(w.network)
	taken := uint32(0)
	if place >= 0 {
		room++
		taken = w.network[place]
	}
	sends := w.m.sends[step.sends : step.sends+uint32(step.sendCount)]
	forced, wanted := uint32(0), 0
	for k, id := range sends {
		copies := w.copies(id)
		switch {
		case w.config.Network == cluster.EverSent:
			if copies > 0 {
				continue // it is there already and takes no room
			}
		case w.config.Network == cluster.Unordered:
			if id == taken {
				copies--
			}
			for _, earlier := range sends[:k] {
				if earlier == id {
					copies++
				}
			}
			if copies >= max(w.config.Bounds.Copies, 1) {
				forced |= 1 << k
				continue
			}
		}
		wanted++
	}
	if forced == 0 && wanted <= room {
		return 0, true
	}
	if w.config.Strict || w.config.Faults.Drop == cluster.Off || w.config.Network == cluster.EverSent && wanted > room {
		return 0, false
	}
	return choose(forced, len(sends), max(wanted-room, 0), choice), true
}

// choose adds so many more of the first n bits to a set, as the choice says.
func choose(set uint32, n, more int, choice uint16) uint32 {
	for c := uint32(choice); more > 0; more-- {
		c = c*1664525 + 1013904223
		k := int(c>>16) % n
		for set>>k&1 != 0 {
			k = (k + 1) % n
		}
		set |= 1 << k
	}
	return set
}

func (w *Walker) copies(id uint32) int {
	n := 0
	for _, m := range w.network {
		if m == id {
			n++
		}
	}
	return n
}

// behind reports whether a message waits behind another in its FIFO queue.
func (w *Walker) behind(place int) bool {
	if w.config.Network != cluster.FIFO {
		return false
	}
	m := &w.m.messages[w.network[place]]
	for _, id := range w.network[:place] {
		if n := &w.m.messages[id]; n.From == m.From && n.To == m.To {
			return true
		}
	}
	return false
}

// InFlight returns how many messages are in flight.
func (w *Walker) InFlight() int { return len(w.network) }

// Message returns the message at a place. It is the caller's to look at.
func (w *Walker) Message(place int) *spec.Message { return &w.m.messages[w.network[place]] }

// MayArrive reports whether there is a message at that place, and nothing keeps it from arriving now.
func (w *Walker) MayArrive(place int) bool {
	if place >= len(w.network) || w.behind(place) {
		return false
	}
	if !w.spent.Partitioned() {
		return true
	}
	m := &w.m.messages[w.network[place]]
	return !w.spent.Cuts(m.From, m.To)
}

// Inputs lists what may be given to a server, counted from 0, at any time. Not all of it is possible in every state.
func (w *Walker) Inputs(server int) []spec.Input { return w.m.inputs[server] }

// Role returns the role that a server, counted from 0, shows.
func (w *Walker) Role(server int) spec.Role { return w.now[server].role }

// Splits returns how many ways to partition the servers there are now, and whether they are partitioned.
func (w *Walker) Splits() (ways int, partitioned bool) {
	if w.spent.Partitioned() {
		return 0, true
	}
	if len(w.split) == 0 || !w.limit.Affords(w.spent+w.split[0]) {
		return 0, false
	}
	return len(w.split), false
}

// Vector is a fingerprint of what all servers are now, the same in every walker. The network is not in it.
func (w *Walker) Vector() uint64 { return w.vector }

// Outline is a fingerprint of what all servers show of roles, terms, logs and commitment, and of nothing else.
func (w *Walker) Outline() uint64 { return w.outline }

// State is a fingerprint of what one server, counted from 0, is now.
func (w *Walker) State(server int) uint64 { return w.now[server].hash }

// Bytes estimates the memory held.
func (w *Walker) Bytes() int {
	return w.m.bytes() + 24*len(w.places) + 9*len(w.events) + 4*len(w.ownSteps) + w.arrivals.bytes() + w.cuts.bytes()
}

// Executions returns how often node code ran, in all memos so far, and how many memos were dropped.
func (w *Walker) Executions() (times, dropped int) { return w.executed + w.m.executed, w.dropped }

// Exercised returns how many local steps put each rule to the test, by its id; those of memos that were thrown away are counted again where
// they were made again.
func (w *Walker) Exercised() map[string]int {
	all := map[string]int{}
	for id, n := range w.exercised {
		all[id] = n
	}
	for k, r := range w.m.rules {
		all[r.ID] += w.m.tried[k]
	}
	return all
}

// Actions takes an execution again and returns it in the world's words. Choices that are not possible are left out.
func (w *Walker) Actions(way []Choice) ([]cluster.Action, error) {
	if err := w.Begin(); err != nil {
		return nil, err
	}
	var actions []cluster.Action
	for _, c := range way {
		a, err := w.Action(c)
		if err != nil {
			return nil, err
		}
		h, err := w.Do(c)
		if err != nil {
			return nil, err
		}
		if h.Possible {
			actions = append(actions, a)
		}
	}
	return actions, nil
}

// Action says a choice in the world's words, if it is possible now.
func (w *Walker) Action(c Choice) (cluster.Action, error) {
	if c.Kind != DoOwn && c.Kind != DoDeliver && c.Kind != DoStay {
		return w.networkAction(c), nil
	}
	k, err := w.stepOf(c)
	if err != nil || k < 0 {
		return cluster.Action{}, err
	}
	step := &w.m.steps[k]
	a := cluster.Action{Kind: cluster.Give, Server: spec.ServerID(step.slot + 1), Input: w.m.inputOf(k), Stays: c.Kind == DoStay}
	lost, _ := w.losses(step, w.placeTaken(uint32(k), c), c.Lost)
	for n := range int(step.sendCount) {
		if lost>>n&1 != 0 {
			a.Lost = append(a.Lost, n)
		}
	}
	return a, nil
}

func (w *Walker) networkAction(c Choice) cluster.Action {
	switch {
	case c.Kind == DoHeal:
		return cluster.Action{Kind: cluster.Heal}
	case c.Kind == DoSplit && int(c.At) < len(w.split):
		return cluster.Action{Kind: cluster.Partition, Split: w.split[c.At]}
	case c.Kind == DoDrop && int(c.At) < len(w.network):
		return cluster.Action{Kind: cluster.Drop, Message: *w.Message(int(c.At))}
	case c.Kind == DoCopy && int(c.At) < len(w.network):
		return cluster.Action{Kind: cluster.Copy, Message: *w.Message(int(c.At))}
	}
	return cluster.Action{}
}

// String prints a choice for a reader of this package.
func (c Choice) String() string {
	names := [...]string{"nothing", "own", "deliver", "stay", "drop", "copy", "split", "heal"}
	if int(c.Kind) >= len(names) {
		return "nothing"
	}
	return fmt.Sprintf("%s %d.%d cut %d lost %d", names[c.Kind], c.At, c.Nth, c.Cut, c.Lost)
}
