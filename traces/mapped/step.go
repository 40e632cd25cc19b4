package mapped

import (
	"slices"
	"strconv"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces/wire"
)

// step is a step of a server as far as lines have told it.
type step struct {
	server   spec.ServerID
	by       string // the event of the mapping that began it
	event    string
	sighting bool          // nothing tells what led to it: it changes nothing
	input    []shownMember // members of the record: peer, value, client
	message  string        // JSON of the message that arrives; "" is none
	kind     spec.MessageKind
	peer     string // JSON of its sender; "" is not known
	answered bool   // a reply was sent
	pre      shownState
	post     shownState
	effects  []string // JSON
	lines    []int    // of the effects
	line     int      // that began it
	closed   bool     // nothing is added any more
}

// joinedBy reports whether a line adds to the step, and does not begin one: it says so, or sends what such a step sends. to is the JSON of
// the server that a message goes to.
func (s *step) joinedBy(e *event, to string) bool {
	switch {
	case s.closed || e.input != "" || e.message != 0 && !e.sends:
		return false
	case slices.Contains(e.completes, s.by):
		return true
	case e.message == 0:
		return false
	case !e.message.IsRequest():
		return s.kind+1 == e.message && s.kind.IsRequest() && to != "" && to == s.peer && !s.answered
	}
	switch e.message {
	case spec.RequestVote, spec.PreVote:
		return s.event == spec.Timeout.String() || s.kind == spec.TimeoutNow || s.kind == spec.PreVoteReply
	case spec.AppendEntries, spec.InstallSnapshot:
		return s.event == spec.Heartbeat.String() || s.event == spec.Propose.String()
	}
	return s.event == spec.Transfer.String()
}

// shownMember is a member with its JSON.
type shownMember struct{ name, json string }

// shownState is what lines showed of a state: the latest of each member.
type shownState struct {
	members []shownMember
	line    int // the latest
}

func (s *shownState) set(name, json string, line int) {
	s.line = line
	for k := range s.members {
		if s.members[k].name == name {
			s.members[k].json = json
			return
		}
	}
	s.members = append(s.members, shownMember{name, json})
}

// above reports whether lines showed a term, a commit index or an applied index above what a later one shows. Such a line is none of the same step, in which none of
// these falls, half done or not.
func (s *shownState) above(later []shownMember) bool {
	return slices.ContainsFunc(later, func(m shownMember) bool {
		was := valueOf(s.members, m.name)
		return (m.name == "term" || m.name == "commit" || m.name == "applied") && (len(was) > len(m.json) || len(was) == len(m.json) && was > m.json)
	})
}

// told is the state that a line tells of: the one before the step, or the one after it.
func (s *step) told(e *event) *shownState {
	if e.before {
		return &s.pre
	}
	return &s.post
}

// stateOf returns what a line shows of its server's state.
func (r *Reader) stateOf(members []member) (state []shownMember, err error) {
	var log, config []shownMember
	for k := range members {
		m := &members[k]
		json, shown, err := r.shown(m)
		if err != nil {
			return nil, err
		}
		if !shown {
			continue
		}
		switch m.name {
		case "log", "base", "baseTerm", "lastLogIndex", "lastLogTerm":
			log = append(log, shownMember{m.name, json})
		case "voters", "outgoing", "learners":
			config = append(config, shownMember{m.name, json})
		default:
			state = append(state, shownMember{m.name, json})
		}
	}
	if json, shown := logOf(log); shown {
		state = append(state, shownMember{"log", json})
	}
	if slices.ContainsFunc(config, func(m shownMember) bool { return m.name == "voters" }) {
		state = append(state, shownMember{"config", object(config)})
	}
	return state, nil
}

// logOf writes a log: its entries, from its beginning or after a base, or if a line shows only what is last, that nothing follows it.
func logOf(parts []shownMember) (string, bool) {
	of := map[string]string{}
	for _, p := range parts {
		of[p.name] = p.json
	}
	var log []shownMember
	add := func(name, from string) {
		if json, shown := of[from]; shown {
			log = append(log, shownMember{name, json})
		}
	}
	switch {
	case of["log"] != "":
		add("base", "base")
		add("baseTerm", "baseTerm")
		add("entries", "log")
	case of["lastLogIndex"] != "":
		add("from", "lastLogIndex")
		add("fromTerm", "lastLogTerm")
		log = append(log, shownMember{"entries", "[]"})
	default:
		return "", false
	}
	return object(log), true
}

func object(members []shownMember) string {
	o := wire.Open(nil)
	for _, m := range members {
		o.Raw(m.name, m.json)
	}
	return string(o.Close())
}

// text writes the step as a line of the native format.
func (s *step) text(number int) []byte {
	o := wire.Open(nil)
	o.Uint("n", uint64(number))
	o.Text("server", s.server.String())
	o.Text("event", s.event)
	if s.message != "" {
		o.Raw("message", s.message)
	}
	for _, m := range s.input {
		o.Raw(m.name, m.json)
	}
	if len(s.effects) > 0 {
		o.List("effects", len(s.effects), func(dst []byte, k int) []byte { return append(dst, s.effects[k]...) })
	}
	if s.sighting && len(s.pre.members) == 0 {
		s.pre = s.post
	}
	if len(s.pre.members) > 0 {
		o.Raw("pre", object(s.pre.members))
	}
	if len(s.post.members) > 0 {
		o.Raw("post", object(s.post.members))
	}
	return o.Close()
}

// told returns what a line tells of a message, as JSON, or of an input.
func (r *Reader) told(e *event, server spec.ServerID) (message string, members []shownMember, err error) {
	if members, err = r.members(e.members); err != nil || e.message == 0 {
		return "", members, err
	}
	own := shownMember{"to", strconv.Quote(server.String())}
	if e.sends {
		own.name = "from"
	}
	return object(append([]shownMember{{"kind", strconv.Quote(e.message.String())}, own}, members...)), members, nil
}

// valueOf returns the JSON of a member; "" if it is not shown.
func valueOf(members []shownMember, name string) string {
	for _, m := range members {
		if m.name == name {
			return m.json
		}
	}
	return ""
}

func (r *Reader) members(members []member) (all []shownMember, err error) {
	for k := range members {
		json, shown, err := r.shown(&members[k])
		if err != nil {
			return nil, err
		}
		if shown {
			all = append(all, shownMember{members[k].name, json})
		}
	}
	return all, nil
}
