package checker

import (
	"fmt"
	"slices"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// Servers whose state only their own code can write cannot write it as it would be with other names (spec.Permuter). But if servers are
// interchangeable, then what becomes of a state when all names change is the state that another server comes to by the same inputs with
// other names: it need not be written, but reached. It takes messages that can be renamed (spec.Renamer), and no more.
//
// So states are interned by orbits: with a state, all that it becomes by renaming. A local step is run once for its orbit, and
// the others are derived from it: where it leads to a state that is new, the renamed inputs are run to reach that state's images. That servers
// are interchangeable is not taken on trust: a state must not have images in two orbits, nor different images by equal renamings;
// the steps of a state that stays what it is under a renaming must become each other;
// one in derivedTried of the steps derived is run all the same and must do the same, and so it is with inputs that lead to no step; and states that derived steps lead to are audited
// as all others are. Where servers turn out not to be interchangeable, nothing is renamed (Asymmetry).
type orbits struct {
	renamer  spec.Renamer
	compose  [][]int    // compose[q][p] is the renaming that does p first and then q
	images   [][]uint32 // by server state: what it becomes by each renaming
	messages [][]uint32 // likewise by message; nil is not known yet
	inputs   [][][]uint16
	derived  map[given]int // steps
	without  map[given]int // inputs that lead to no step
}

// given says of what kind an input is, and the message if one is delivered.
type given struct {
	input   spec.InputKind
	message spec.MessageKind
}

// derivedTried is how many derived steps there are, on inputs of one kind, for one of them that is run to see whether it is right. The first of them are all run.
// Likewise for inputs that lead to no step.
const (
	derivedTried = 16
	derivedFirst = 64
)

// Asymmetry is that servers which were to be renamed do not do the same by other names.
type Asymmetry struct{ Because string }

// Error says what shows it.
func (a *Asymmetry) Error() string { return "these servers are not interchangeable: " + a.Because }

// newOrbits prepares for renaming servers; nil where states can be written with other names.
func newOrbits(config *cluster.Config, names []*renaming) *orbits {
	node := config.New(1, config.IDs())
	renamer, can := node.(spec.Renamer)
	if _, writes := node.(spec.Permuter); writes || !can || len(names) == 1 {
		return nil
	}
	o := &orbits{renamer: renamer, derived: map[given]int{}, without: map[given]int{}}
	for _, q := range names {
		var row []int
		for _, p := range names {
			row = append(row, slices.IndexFunc(names, func(r *renaming) bool {
				return !slices.ContainsFunc(config.IDs(), func(id spec.ServerID) bool { return r.server(id) != q.server(p.server(id)) }) &&
					!slices.ContainsFunc(config.ValueNames(), func(v string) bool { return r.value(v) != q.value(p.value(v)) })
			}))
		}
		o.compose = append(o.compose, row)
	}
	for _, id := range config.IDs() {
		var all [][]uint16
		for _, in := range config.Spontaneous(id) {
			all = append(all, inputsLike(config, in, id, names))
		}
		o.inputs = append(o.inputs, all)
	}
	return o
}

// inputsLike returns the number of an input under each renaming, at the server that has that name; nil if there is no such input.
func inputsLike(config *cluster.Config, in spec.Input, id spec.ServerID, names []*renaming) (like []uint16) {
	for _, p := range names {
		k := slices.IndexFunc(config.Spontaneous(p.server(id)), func(other spec.Input) bool {
			return in.Kind == other.Kind && p.value(in.Value) == other.Value && p.change(in.Change) == other.Change && in.Lossy == other.Lossy &&
				p.value(in.Client) == other.Client && p.value(in.Request) == other.Request && in.Gate == other.Gate && p.server(in.Peer) == other.Peer
		})
		if k < 0 {
			return nil
		}
		like = append(like, uint16(k))
	}
	return like
}

// Renameable reports why servers that only rename messages (spec.Renamer) cannot be renamed in a world, whatever they are; nil if they can. With entries they
// rename what entries hold, too (spec.EntryRenamer).
func Renameable(config *cluster.Config, entries bool) error {
	if err := fewNames(config); err != nil {
		return err
	}
	b := config.Bounds
	for _, n := range []struct {
		what string
		on   bool
	}{{"several values", config.Values > 1 && !entries}, {"changes of the configuration", b.Changes > 0 && !entries}, {"clocks", b.Ticks > 0}} {
		if n.on {
			return fmt.Errorf("servers that rename only their messages are not renamed in a world with %s", n.what)
		}
	}
	return nil
}

// appendMessage appends canonical bytes of a message with servers and values renamed.
func (m *memo) appendMessage(b []byte, msg *spec.Message, p *renaming) []byte {
	if m.orbits == nil || p == nil {
		return appendMessage(b, msg, p)
	}
	renamed := m.orbits.renamer.Rename(*msg, p.server, p.value)
	return appendMessage(b, &renamed, nil)
}

// imagesOf returns what a message becomes by each renaming; message 0 stays what it is.
func (m *memo) imagesOf(message uint32) []uint32 {
	o := m.orbits
	for len(o.messages) <= int(message) {
		o.messages = append(o.messages, nil)
	}
	if o.messages[message] == nil {
		images := make([]uint32, len(m.names))
		for k, p := range m.names {
			images[k] = message
			if p != nil && message != 0 {
				renamed := o.renamer.Rename(m.messages[message], p.server, p.value)
				images[k] = m.internMessage(&renamed)
			}
		}
		o.messages[message] = images
	}
	return o.messages[message]
}

// linkFirst makes known what the states become in which nothing has happened.
func (m *memo) linkFirst(first []uint32) error {
	for range first {
		m.orbits.images = append(m.orbits.images, nil)
	}
	for k := range first {
		images := make([]uint32, len(m.names))
		for n, p := range m.names {
			images[n] = first[p.server(spec.ServerID(k+1))-1]
		}
		m.orbits.images[first[k]] = images
	}
	m.hashImages(first)
	return nil
}

// hashImages fills in the hashes of states under renamings: those of what they become.
func (m *memo) hashImages(states []uint32) {
	n := len(m.names)
	for _, s := range states {
		for k, image := range m.orbits.images[s] {
			m.serverHash[int(s)*n+k] = m.serverHash[int(image)*n]
		}
	}
}

// image is a server state and a message with names changed, and by which renaming.
type image struct {
	state, message uint32
	by             int
}

// resolveOrbit makes steps known that a server state takes by itself, or on a message, and with them those of all that the two become.
func (m *memo) resolveOrbit(state, message uint32) error {
	first := len(m.steps)
	if err := m.resolveSteps(state, message); err != nil {
		return err
	}
	last := len(m.steps)
	images := []image{{state, message, 0}}
	for k := range m.names {
		i := image{m.orbits.images[state][k], m.imagesOf(message)[k], k}
		if !slices.ContainsFunc(images, func(j image) bool { return j.state == i.state && j.message == i.message }) {
			images = append(images, i)
		}
	}
	for step := first; step < last; step++ {
		if err := m.meetImages(step, images, first, last); err != nil {
			return err
		}
	}
	for step := first; step < last; step++ {
		m.hashStep(step)
	}
	if err := m.takeTurns(state, message, first, last); err != nil {
		return err
	}
	for _, i := range images[1:] {
		begin := len(m.steps)
		for step := first; step < last; step++ {
			if err := m.derive(step, i); err != nil {
				return err
			}
		}
		m.spanned(i.state, i.message, begin, len(m.steps))
	}
	if err := m.deriveNone(state, message, m.stepFrom[first:last], images); err != nil {
		return err
	}
	m.spanned(state, message, first, last)
	return nil
}

// takeTurns holds the steps of a server state on a message, or by itself, against each other: where names change and the two stay what they are,
// each of the steps must become one of them. What is derived rests on that, since of the renamings that lead to the same it takes one.
func (m *memo) takeTurns(state, message uint32, first, last int) error {
	for k := 1; k < len(m.names); k++ {
		if m.orbits.images[state][k] != state || m.imagesOf(message)[k] != message {
			continue
		}
		for step := first; step < last; step++ {
			other := first + slices.Index(m.stepFrom[first:last], m.renamedOrigin(m.stepFrom[step], k))
			if other < first || m.steps[other].next != m.orbits.images[m.steps[step].next][k] || !slices.Equal(m.sentBy(other, 0), m.sentBy(step, k)) {
				return &Asymmetry{fmt.Sprintf("%s does on %q what does not stay the same when others change their names", m.servers[state].sight.Server, m.inputOf(step))}
			}
		}
	}
	return nil
}

// sentBy lists the messages that a step sends, in ascending order, as they are by a renaming.
func (m *memo) sentBy(step, by int) []uint32 {
	local := &m.steps[step]
	var sent []uint32
	for _, id := range m.sends[local.sends : local.sends+uint32(local.sendCount)] {
		sent = append(sent, m.imagesOf(id)[by])
	}
	slices.Sort(sent)
	return sent
}

// deriveNone tries what leads to no step, because it is refused or leaves the bounds, with other names: there it must not either. Taken are the origins of
// the steps that there are.
func (m *memo) deriveNone(state, message uint32, taken []stepOrigin, images []image) error {
	inputs := 1
	if message == 0 {
		inputs = len(m.inputs[m.servers[state].slot])
	}
	for k := range inputs {
		from := stepOrigin{state: state, message: message, input: uint16(k)}
		if slices.Contains(taken, from) {
			continue
		}
		in := m.givenBy(from)
		for _, i := range images[1:] {
			if !tries(m.orbits.without, in) {
				continue
			}
			if err := m.tryNone(m.renamedOrigin(from, i.by)); err != nil {
				return err
			}
		}
	}
	return nil
}

// tryNone runs what another by its name takes no step on.
func (m *memo) tryNone(from stepOrigin) error {
	l, out, err := m.runAgain(from)
	if err != nil {
		return err
	}
	if out.Refused {
		if is, known := m.serverOf[string(m.key)]; known && is == from.state {
			m.spares.put(is, l)
		}
		return nil
	}
	if after := m.observe(l.node); m.config.Within(&after) {
		return &Asymmetry{fmt.Sprintf("%s takes %q, and another by its name does not", m.servers[from.state].sight.Server, m.givenBy(from))}
	}
	return nil
}

// spanned notes that the steps of a server state on a message, or by itself, are those between two numbers.
func (m *memo) spanned(state, message uint32, first, last int) {
	if message == 0 {
		m.own[state] = span{uint32(first), uint32(last - first)}
		return
	}
	m.deliveries.put(pair(state, message), uint64(pair(uint32(first), uint32(last-first))))
}

// meetImages interns what the state that a step leads to becomes by renaming, if that is not known yet.
func (m *memo) meetImages(step int, images []image, first, last int) error {
	o, next := m.orbits, m.steps[step].next
	for len(o.images) < len(m.servers) {
		o.images = append(o.images, nil)
	}
	if o.images[next] != nil {
		return nil
	}
	from, known := m.stepFrom[step], len(m.servers)
	all := make([]uint32, len(m.names))
	all[0] = next
	for k := 1; k < len(m.names); k++ {
		origin := m.renamedOrigin(from, k)
		nth := slices.IndexFunc(images, func(i image) bool { return i.state == origin.state && i.message == origin.message })
		// It may be derived from another step than this one: by another input, where names change and the state stays what it is.
		other := slices.IndexFunc(m.stepFrom[first:last], func(from stepOrigin) bool { return m.renamedOrigin(from, images[nth].by) == origin })
		if other < 0 {
			return &Asymmetry{fmt.Sprintf("%s takes %q, and not what that is when others change their names", m.servers[from.state].sight.Server, m.inputOf(step))}
		}
		id, err := m.reach(origin, first+other+nth*(last-first)) // the number of the step that is, or will be, derived
		if err != nil {
			return err
		}
		if int(id) < known && o.image(id) != nil {
			return &Asymmetry{fmt.Sprintf("%s comes to a state by %q that it had come to before, and another by its name does not", m.servers[id].sight.Server, m.inputOf(step))}
		}
		all[k] = id
	}
	return m.link(all)
}

func (o *orbits) image(id uint32) []uint32 {
	if int(id) >= len(o.images) {
		return nil
	}
	return o.images[id]
}

// link notes the images of a state, and those of its images.
func (m *memo) link(all []uint32) error {
	o := m.orbits
	for len(o.images) < len(m.servers) {
		o.images = append(o.images, nil)
	}
	for p, id := range all {
		images := make([]uint32, len(all))
		for q := range all {
			images[q] = all[o.compose[q][p]]
		}
		if o.images[id] != nil && !slices.Equal(o.images[id], images) {
			return &Asymmetry{fmt.Sprintf("%s stays what it is when others change their names, and they do not", m.servers[id].sight.Server)}
		}
		o.images[id] = images
	}
	m.hashImages(all)
	return nil
}

// renamedOrigin is where a step with other names comes from.
func (m *memo) renamedOrigin(from stepOrigin, by int) stepOrigin {
	slot := m.servers[from.state].slot
	to := stepOrigin{state: m.orbits.images[from.state][by], message: m.imagesOf(from.message)[by], cut: from.cut, lossy: from.lossy, gate: from.gate}
	if from.message == 0 {
		to.input = m.orbits.inputs[slot][from.input][by]
	}
	return to
}

// reach runs a step, which is to have this number, and interns the state that it leads to.
func (m *memo) reach(from stepOrigin, number int) (uint32, error) {
	l, out, err := m.runAgain(from)
	if err != nil {
		return 0, err
	}
	if out.Refused {
		return 0, &Asymmetry{fmt.Sprintf("%s refuses %q, and another by its name does not", m.servers[from.state].sight.Server, m.givenBy(from))}
	}
	id, _, err := m.internServer(m.servers[from.state].slot, l.node, number)
	if err == nil {
		m.spares.put(id, l.after(number))
	}
	return id, err
}

// runAgain runs a step and leaves the bytes of the state after it in m.key.
func (m *memo) runAgain(from stepOrigin) (lived, spec.Output, error) {
	l, err := m.nodeIn(from.state, 0)
	if err != nil {
		return l, spec.Output{}, err
	}
	in := m.givenBy(from)
	out := m.step(l.node, in)
	m.executed++
	if out.Fault != nil {
		return l, out, &Fault{Step: in.String(), Server: m.servers[from.state].sight.Server, Err: out.Fault}
	}
	m.read(m.servers[from.state].slot, l.node)
	return l, out, nil
}

// derive adds the step that another becomes by renaming.
func (m *memo) derive(step int, i image) error {
	local, number := m.steps[step], len(m.steps)
	local.next = m.orbits.images[local.next][i.by]
	local.slot = m.servers[local.next].slot
	sends := slices.Clone(m.sends[local.sends : local.sends+uint32(local.sendCount)])
	local.sends = uint32(len(m.sends))
	for _, id := range sends {
		m.sends = append(m.sends, m.imagesOf(id)[i.by])
	}
	from := m.renamedOrigin(m.stepFrom[step], i.by)
	m.steps, m.stepFrom = append(room(m.steps, 1), local), append(room(m.stepFrom, 1), from)
	m.stepDelta = append(room(m.stepDelta, len(m.names)), make([]uint64, len(m.names))...)
	m.hashStep(number)
	if s := &m.servers[local.next]; local.next != from.state && s.twin < 0 && s.from >= 0 && s.from != number {
		s.twin = number
	}
	if in := m.givenBy(from); !tries(m.orbits.derived, in) {
		return nil
	}
	return m.try(number)
}

// tries counts what was derived on such an input, and reports whether it is to be run.
func tries(derived map[given]int, in spec.Input) bool {
	kind := given{in.Kind, in.Message.Kind}
	derived[kind]++
	return derived[kind] <= derivedFirst || derived[kind]%derivedTried == 0
}

// try runs a derived step.
func (m *memo) try(number int) error {
	l, out, err := m.runAgain(m.stepFrom[number])
	if err != nil {
		return err
	}
	id, known := m.serverOf[string(m.key)]
	step := &m.steps[number]
	same := known && id == step.next && !out.Refused
	var sent []uint32
	for _, msg := range out.Sent {
		sent = append(sent, m.internMessage(msg))
	}
	slices.Sort(sent)
	if !same || !slices.Equal(sent, m.sentBy(number, 0)) {
		return &Asymmetry{fmt.Sprintf("%s does not do on %q what another by its name does", m.servers[m.stepFrom[number].state].sight.Server, m.inputOf(number))}
	}
	m.spares.put(id, l.after(number))
	return nil
}

// hashStep makes known what a step adds to the fingerprint under each renaming.
func (m *memo) hashStep(number int) {
	n, local := len(m.names), &m.steps[number]
	from := m.stepFrom[number].state
	for p := range n {
		delta := m.serverHash[int(local.next)*n+p] - m.serverHash[int(from)*n+p] + hashSpent(local.price)
		for _, id := range m.sends[local.sends : local.sends+uint32(local.sendCount)] {
			delta += m.messageHash[int(id)*n+p]
		}
		m.stepDelta[number*n+p] = delta
	}
	local.delta = m.stepDelta[number*n]
}
