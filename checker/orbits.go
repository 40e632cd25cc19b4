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
// one in derivedTried of the steps derived is run all the same and must do the same; and states that derived steps lead to are audited
// as all others are. Where servers turn out not to be interchangeable, nothing is renamed (Asymmetry).
type orbits struct {
	renamer  spec.Renamer
	compose  [][]int    // compose[q][p] is the renaming that does p first and then q
	images   [][]uint32 // by server state: what it becomes by each renaming
	messages [][]uint32 // likewise by message; nil is not known yet
	inputs   [][][]uint16
	derived  int
}

// derivedTried is how many derived steps there are for one of them that is run to see whether it is right. The first of them are all run.
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
	o := &orbits{renamer: renamer}
	for _, q := range names {
		var row []int
		for _, p := range names {
			row = append(row, slices.IndexFunc(names, func(r *renaming) bool {
				return !slices.ContainsFunc(config.IDs(), func(id spec.ServerID) bool { return r.server(id) != q.server(p.server(id)) })
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
			return in.Kind == other.Kind && in.Value == other.Value && in.Change == other.Change && in.Lossy == other.Lossy &&
				in.Client == other.Client && in.Request == other.Request && p.server(in.Peer) == other.Peer
		})
		if k < 0 {
			return nil
		}
		like = append(like, uint16(k))
	}
	return like
}

// Renameable reports why servers that only rename messages (spec.Renamer) cannot be renamed in a world, whatever they are; nil if they can.
func Renameable(config *cluster.Config) error {
	if err := fewNames(config); err != nil {
		return err
	}
	b := config.Bounds
	for _, n := range []struct {
		what string
		on   bool
	}{{"several values", config.Values > 1}, {"changes of the configuration", b.Changes > 0}, {"clocks", b.Ticks > 0}} {
		if n.on {
			return fmt.Errorf("servers that rename only their messages are not renamed in a world with %s", n.what)
		}
	}
	return nil
}

// alikeInputs reports which input may be given to one server and not to others.
func alikeInputs(config *cluster.Config) error {
	for _, id := range config.IDs() {
		for _, in := range config.Spontaneous(id) {
			for _, p := range permutations(config.IDs()) {
				if inputsLike(config, in, id, []*renaming{{servers: p}}) == nil {
					return fmt.Errorf("%s may be given %q, and another by its name may not", id, in)
				}
			}
		}
	}
	return nil
}

// appendMessage appends canonical bytes of a message with servers and values renamed.
func (m *memo) appendMessage(b []byte, msg *spec.Message, p *renaming) []byte {
	if m.orbits == nil || p == nil {
		return appendMessage(b, msg, p)
	}
	renamed := m.orbits.renamer.Rename(*msg, p.server)
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
				renamed := o.renamer.Rename(m.messages[message], p.server)
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
		if err := m.meetImages(step, images, last-first); err != nil {
			return err
		}
	}
	for step := first; step < last; step++ {
		m.hashStep(step)
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
	m.spanned(state, message, first, last)
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
func (m *memo) meetImages(step int, images []image, steps int) error {
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
		s, msg := o.images[from.state][k], m.imagesOf(from.message)[k]
		nth := slices.IndexFunc(images, func(i image) bool { return i.state == s && i.message == msg })
		number := step + nth*steps // that of the step which will be derived
		if nth == 0 {
			number = step // another input of the same state
		}
		id, err := m.reach(m.renamedOrigin(from, k), number)
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
	to := stepOrigin{state: m.orbits.images[from.state][by], message: m.imagesOf(from.message)[by], cut: from.cut, lossy: from.lossy}
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
	id, fresh, err := m.internServer(m.servers[from.state].slot, l.node, number)
	if fresh {
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
	m.steps, m.stepFrom = append(m.steps, local), append(m.stepFrom, from)
	m.stepDelta = append(m.stepDelta, make([]uint64, len(m.names))...)
	m.hashStep(number)
	if s := &m.servers[local.next]; local.next != from.state && s.twin < 0 && s.from >= 0 && s.from != number {
		s.twin = number
	}
	if m.orbits.derived++; m.orbits.derived > derivedFirst && m.orbits.derived%derivedTried != 0 {
		return nil
	}
	return m.try(number)
}

// try runs a derived step.
func (m *memo) try(number int) error {
	_, out, err := m.runAgain(m.stepFrom[number])
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
	want := slices.Clone(m.sends[step.sends : step.sends+uint32(step.sendCount)])
	slices.Sort(sent)
	slices.Sort(want)
	if !same || !slices.Equal(sent, want) {
		return &Asymmetry{fmt.Sprintf("%s does not do on %q what another by its name does", m.servers[m.stepFrom[number].state].sight.Server, m.inputOf(number))}
	}
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
