package ccf

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces/internal/scan"
)

// Detect reports whether a line is of CCF's trace format.
func Detect(line []byte) bool {
	l := scan.New(line)
	for l.Open('{'); l.More('}'); {
		if key := l.Key(); string(key) == "tag" && l.Peek() == '"' {
			return isTag(string(l.String()))
		}
		l.Ignore()
	}
	return false
}

func isTag(tag string) bool { return tag == "raft_trace" || tag == "tla" }

// event is one line of a trace, in the words of both vintages.
type event struct {
	line int

	Function string `json:"function"`
	Event    *struct {
		Function string `json:"function"`
	} `json:"event"`
	State          *shown          `json:"state"`
	Packet         *packet         `json:"packet"`
	Paket          *packet         `json:"paket"`
	To             string          `json:"to_node_id"`
	From           string          `json:"from_node_id"`
	Args           json.RawMessage `json:"args"`
	Index          *uint64         `json:"idx"`
	Configurations []configuration `json:"configurations"`
	Match          *uint64         `json:"match_idx"`
	View           *uint64         `json:"view"`
	Seqno          *uint64         `json:"seqno"`
	Signature      *bool           `json:"globally_committable"`
}

// shown is what every line shows of its node.
type shown struct {
	Node        string    `json:"node_id"`
	MyNode      string    `json:"my_node_id"`
	View        uint64    `json:"current_view"`
	Last        uint64    `json:"last_idx"`
	Commit      uint64    `json:"commit_idx"`
	Leadership  string    `json:"leadership_state"`
	Leads       string    `json:"leadership"`
	Committable *[]uint64 `json:"committable_indices"`

	lacks string // the first member that CCF always writes and that is not there, which is not the same as 0
}

// UnmarshalJSON reads a state, and notes what it lacks.
func (s *shown) UnmarshalJSON(text []byte) error {
	type plain shown
	has := struct {
		*plain
		View   *uint64 `json:"current_view"`
		Last   *uint64 `json:"last_idx"`
		Commit *uint64 `json:"commit_idx"`
	}{plain: (*plain)(s)}
	if err := json.Unmarshal(text, &has); err != nil {
		return err
	}
	s.View, s.Last, s.Commit = value(has.View), value(has.Last), value(has.Commit)
	s.lacks = firstMissing(member{"current_view", has.View != nil}, member{"last_idx", has.Last != nil}, member{"commit_idx", has.Commit != nil})
	return nil
}

// member is a member of an object, and whether it is there.
type member struct {
	name  string
	there bool
}

func firstMissing(all ...member) string {
	for _, m := range all {
		if !m.there {
			return m.name
		}
	}
	return ""
}

// value is 0 where there is none.
func value[T any](shown *T) (zero T) {
	if shown == nil {
		return zero
	}
	return *shown
}

// packet is a message.
type packet struct {
	Message     string `json:"msg"`
	Term        uint64 `json:"term"`
	Index       uint64 `json:"idx"`
	Previous    uint64 `json:"prev_idx"`
	PrevTerm    uint64 `json:"prev_term"`
	Commit      uint64 `json:"leader_commit_idx"`
	TermOfIndex uint64 `json:"term_of_idx"`
	Last        uint64 `json:"last_log_idx"`
	Success     string `json:"success"`
	Committable uint64 `json:"last_committable_idx"`
	CommitTerm  uint64 `json:"term_of_last_committable_idx"`
	Granted     bool   `json:"vote_granted"`

	lacks string // like shown.lacks, of a message of its kind
}

// UnmarshalJSON reads a message, and notes what it lacks.
func (p *packet) UnmarshalJSON(text []byte) error {
	type plain packet
	has := struct {
		*plain
		Term        *uint64 `json:"term"`
		Index       *uint64 `json:"idx"`
		Previous    *uint64 `json:"prev_idx"`
		PrevTerm    *uint64 `json:"prev_term"`
		Commit      *uint64 `json:"leader_commit_idx"`
		TermOfIndex *uint64 `json:"term_of_idx"`
		Last        *uint64 `json:"last_log_idx"`
		Committable *uint64 `json:"last_committable_idx"`
		CommitTerm  *uint64 `json:"term_of_last_committable_idx"`
		Granted     *bool   `json:"vote_granted"`
	}{plain: (*plain)(p)}
	if err := json.Unmarshal(text, &has); err != nil {
		return err
	}
	p.Term, p.Index, p.Previous, p.PrevTerm, p.Commit, p.TermOfIndex = value(has.Term), value(has.Index), value(has.Previous), value(has.PrevTerm), value(has.Commit), value(has.TermOfIndex)
	p.Last, p.Committable, p.CommitTerm, p.Granted = value(has.Last), value(has.Committable), value(has.CommitTerm), value(has.Granted)
	needs := []member{{"term", has.Term != nil}}
	switch kindOf(p.Message) {
	case spec.AppendEntries:
		needs = append(needs, member{"idx", has.Index != nil}, member{"prev_idx", has.Previous != nil}, member{"prev_term", has.PrevTerm != nil},
			member{"leader_commit_idx", has.Commit != nil}, member{"term_of_idx", has.TermOfIndex != nil})
	case spec.AppendEntriesReply:
		needs = append(needs, member{"last_log_idx", has.Last != nil}, member{"success", p.Success != ""})
	case spec.RequestVote, spec.PreVote:
		needs = append(needs, member{"last_committable_idx", has.Committable != nil}, member{"term_of_last_committable_idx", has.CommitTerm != nil})
	case spec.RequestVoteReply, spec.PreVoteReply:
		needs = append(needs, member{"vote_granted", has.Granted != nil})
	}
	p.lacks = firstMissing(needs...)
	return nil
}

type configuration struct {
	Nodes map[string]json.RawMessage `json:"nodes"`
}

// wrapped is a line around an event.
type wrapped struct {
	Tag     string          `json:"tag"`
	Command string          `json:"cmd"`
	Message json.RawMessage `json:"msg"`
}

// decode reads a line. It returns false for a line that is not an event. What is wrong with it is a *scan.Error.
func decode(line []byte, e *event) (bool, error) {
	number := e.line
	*e = event{line: number}
	if !bytes.HasPrefix(bytes.TrimLeft(line, " \t\r"), []byte("{")) {
		return false, nil // the driver draws beside the trace
	}
	var w wrapped
	if err := json.Unmarshal(line, &w); err != nil {
		if text := new(wrappedText); json.Unmarshal(line, text) == nil && !isTag(text.Tag) {
			return false, nil
		}
		return false, wrong(err, 0)
	}
	if !isTag(w.Tag) || w.Message == nil {
		return false, nil
	}
	if err := json.Unmarshal(w.Message, e); err != nil {
		return false, wrong(err, bytes.Index(line, w.Message))
	}
	if err := unique(line); err != nil {
		return false, err
	}
	return true, e.complete()
}

// unique returns an error for an event in which a member stands twice.
func unique(line []byte) error {
	l := scan.New(line)
	for l.Open('{'); l.More('}'); {
		switch string(l.Key()) {
		case "tag":
			l.Skip()
		case "msg":
			l.Unique()
		default:
			l.Ignore()
		}
	}
	return l.Err()
}

type wrappedText struct {
	Tag string `json:"tag"`
}

// wrong places an error of the decoder.
func wrong(err error, before int) error {
	var kind *json.UnmarshalTypeError
	var text *json.SyntaxError
	switch {
	case errors.As(err, &kind):
		return &scan.Error{Column: before + int(kind.Offset), What: fmt.Sprintf("%q is a %s, which cannot be", kind.Field, kind.Value)}
	case errors.As(err, &text):
		return &scan.Error{Column: before + max(1, int(text.Offset)), What: text.Error()}
	}
	return err
}

// complete looks whether an event shows what it must, and brings both vintages together.
func (e *event) complete() error {
	if e.Event != nil && e.Function == "" {
		e.Function = e.Event.Function
	}
	if e.Packet == nil {
		e.Packet = e.Paket
	}
	if e.State != nil && e.State.Node == "" {
		e.State.Node = e.State.MyNode
	}
	if e.State != nil && e.State.Leadership == "" {
		e.State.Leadership = e.State.Leads
	}
	switch {
	case e.Function == "":
		return &scan.Error{What: `an event without "function"`}
	case e.State == nil || e.State.Node == "":
		return &scan.Error{What: fmt.Sprintf(`%s without a "state" that names its node`, e.Function)}
	case e.State.View > scan.MaxInteger || e.State.Last > scan.MaxInteger || e.State.Commit > scan.MaxInteger:
		return &scan.Error{What: "a number above 2^53"}
	case packets[e.Function] && e.Packet == nil:
		return &scan.Error{What: fmt.Sprintf(`%s without a "packet"`, e.Function)}
	case sends[e.Function] && e.To == "":
		return &scan.Error{What: fmt.Sprintf(`%s without a "to_node_id"`, e.Function)}
	case packets[e.Function] && !sends[e.Function] && e.Function != "drop_pending_to" && e.From == "":
		return &scan.Error{What: fmt.Sprintf(`%s without a "from_node_id"`, e.Function)}
	case e.Packet != nil && kindOf(e.Packet.Message) == 0:
		return &scan.Error{What: fmt.Sprintf("unknown message %q", e.Packet.Message)}
	case !packets[e.Function] && !others[e.Function]: // what it shows is not read
	case e.State.lacks != "":
		return &scan.Error{What: fmt.Sprintf("%s without a %q in its state", e.Function, e.State.lacks)}
	case !leaderships[e.State.Leadership]:
		return &scan.Error{What: fmt.Sprintf("%s with an unknown leadership %q in its state", e.Function, e.State.Leadership)}
	case e.Packet != nil && e.Packet.lacks != "":
		return &scan.Error{What: fmt.Sprintf("%s without a %q in its packet", e.Function, e.Packet.lacks)}
	case e.Packet != nil && (e.Packet.Index > scan.MaxInteger || e.Packet.Previous > scan.MaxInteger):
		return &scan.Error{What: "a number above 2^53"}
	}
	return nil
}

// packets are the events that show a message.
var packets = map[string]bool{"send_append_entries": true, "recv_append_entries": true, "send_append_entries_response": true, "recv_append_entries_response": true,
	"send_request_vote": true, "recv_request_vote": true, "send_request_vote_response": true, "recv_request_vote_response": true,
	"recv_propose_request_vote": true, "drop_pending_to": true}

// sends are those of them in which it leaves.
var sends = map[string]bool{"send_append_entries": true, "send_append_entries_response": true, "send_request_vote": true, "send_request_vote_response": true}

// others are the events that show none.
var others = map[string]bool{"bootstrap": true, "add_configuration": true, "replicate": true, "execute_append_entries_sync": true, "commit": true,
	"become_pre_vote_candidate": true, "become_candidate": true, "become_leader": true, "become_follower": true, "step_down_and_nominate_successor": true}

// kindOf returns the kind of a message; 0 for one that is not known.
func kindOf(name string) spec.MessageKind {
	switch name {
	case "raft_append_entries":
		return spec.AppendEntries
	case "raft_append_entries_response":
		return spec.AppendEntriesReply
	case "raft_request_vote":
		return spec.RequestVote
	case "raft_request_vote_response":
		return spec.RequestVoteReply
	case "raft_request_pre_vote":
		return spec.PreVote
	case "raft_request_pre_vote_response":
		return spec.PreVoteReply
	case "raft_propose_request_vote":
		return spec.TimeoutNow
	}
	return 0
}

// leaderships are what a state may show as one: nothing of a node that has not joined or has retired, in one vintage or another.
var leaderships = map[string]bool{"": true, "None": true, "Leader": true, "Follower": true, "Candidate": true, "PreVoteCandidate": true}

// role returns the role that a state shows, and whether it shows one: a node that has not joined, or has retired, has none.
func (s *shown) role() (spec.Role, bool) {
	switch s.Leadership {
	case "Leader":
		return spec.Leader, true
	case "Follower":
		return spec.Follower, true
	case "Candidate":
		return spec.Candidate, true
	case "PreVoteCandidate":
		return spec.PreCandidate, true
	}
	return 0, false
}

// committed returns the index that a commit event commits.
func (e *event) committed() (uint64, bool) {
	if e.Index != nil {
		return *e.Index, true
	}
	var args struct {
		Index *uint64 `json:"idx"`
	}
	if json.Unmarshal(e.Args, &args) != nil || args.Index == nil {
		return 0, false
	}
	return *args.Index, true
}
