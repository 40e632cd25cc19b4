package traces

import (
	"fmt"
	"slices"
	"strings"

	"github.com/raftcheck/raftcheck/legible"
	"github.com/raftcheck/raftcheck/spec"
)

// Sentence says in plain words what a record does, as in "n2 votes for n1 in term 1".
func Sentence(r *Record) string { return sentence(r, "") }

// sentence is Sentence with the name that the story gave the message that arrives, as in "reply A".
func sentence(r *Record, arriving string) string {
	if r.Step == nil {
		return legible.Line(networkSentence(r))
	}
	if r.Step.Input.Cut > 0 {
		return legible.Line(crashSentence(r.Step, arriving))
	}
	if r.Step.Input.Gate != "" || r.Step.Input.Kind == spec.Resume {
		return legible.Line(gateSentence(r.Step, arriving, "") + answerClause(&r.Step.Output))
	}
	return legible.Line(stepSentence(r.Step, arriving) + answerClause(&r.Step.Output))
}

func networkSentence(r *Record) string {
	switch r.Event {
	case EventDrop:
		return fmt.Sprintf("the network loses %s", theMessage(&r.Message))
	case EventDuplicate:
		return fmt.Sprintf("the network doubles %s", theMessage(&r.Message))
	case EventHeal:
		return "the partition heals"
	case EventPartition:
		sides := make([]string, len(r.Groups))
		for k, g := range r.Groups {
			sides[k] = names(g)
		}
		return "the network splits: " + strings.Join(sides, " | ")
	}
	return r.Event
}

func names(ids []spec.ServerID) string {
	parts := make([]string, len(ids))
	for k, id := range ids {
		parts[k] = id.String()
	}
	return strings.Join(parts, " ")
}

// MessageInWords says which message it is: "n1's request to n2 for its vote in term 1".
func MessageInWords(m *spec.Message) string { return theMessage(m) }

// theMessage says which message it is: "n1's request to n2 for its vote in term 1".
func theMessage(m *spec.Message) string {
	switch m.Kind {
	case spec.RequestVote:
		return fmt.Sprintf("%s's request for %s's vote in term %d", m.From, m.To, m.Term)
	case spec.RequestVoteReply:
		if m.Granted {
			return fmt.Sprintf("%s's vote for %s in term %d", m.From, m.To, m.Term)
		}
		return fmt.Sprintf("%s's refusal to vote for %s in term %d", m.From, m.To, m.Term)
	case spec.AppendEntries:
		if len(m.Entries) == 0 {
			return fmt.Sprintf("%s's heartbeat%s to %s", m.From, ofItsTerm(m), m.To)
		}
		return fmt.Sprintf("%s%s from %s to %s", entriesAfter(m), ofItsTerm(m), m.From, m.To)
	case spec.AppendEntriesReply:
		switch {
		case m.Success:
			return fmt.Sprintf("%s's word to %s that it holds everything up to %d", m.From, m.To, m.MatchIndex)
		case asksForMore(m):
			return fmt.Sprintf("%s's word to %s that it lacks what follows entry %d", m.From, m.To, m.ConflictIndex-1)
		}
		return fmt.Sprintf("%s's refusal of %s's entries in term %d", m.From, m.To, m.Term)
	case spec.PreVote:
		return fmt.Sprintf("%s's question whether %s would vote for it in term %d", m.From, m.To, m.Term)
	case spec.PreVoteReply:
		return fmt.Sprintf("%s's word that it %s for %s in term %d", m.From, wouldVote(m.Granted), m.To, m.Term)
	case spec.InstallSnapshot:
		return fmt.Sprintf("the snapshot up to %d%s from %s to %s", m.PrevLogIndex, ofItsTerm(m), m.From, m.To)
	case spec.InstallSnapshotReply:
		return fmt.Sprintf("%s's answer to %s's snapshot", m.From, m.To)
	case spec.TimeoutNow:
		return fmt.Sprintf("%s's request that %s campaign at once", m.From, m.To)
	}
	return m.String()
}

// ofItsTerm says of which term a leader's message is, or nothing where it does not say so.
func ofItsTerm(m *spec.Message) string {
	if !m.Knows(spec.MessageTerm) {
		return ""
	}
	return fmt.Sprintf(" of term %d", m.Term)
}

// appendsBesides says what a leader appended in a step that asked it for no entry, or "".
func appendsBesides(s *spec.Step) string {
	if !s.Before.Knows(spec.FieldLog) || !s.After.Knows(spec.FieldLog) || s.After.Role != spec.Leader || s.After.Log.LastIndex() <= s.Before.Log.LastIndex() {
		return ""
	}
	last, _ := s.After.Log.At(s.After.Log.LastIndex())
	return fmt.Sprintf("appends entry %d (%s)", s.After.Log.LastIndex(), last)
}

// asksForMore tells a refusal that says where the log of its sender ends, and nothing of a term.
func asksForMore(m *spec.Message) bool {
	return m.Kind == spec.AppendEntriesReply && !m.Success && m.ConflictIndex > 0 && !m.Knows(spec.MessageTerm)
}

// stale reports whether a message is known to be of an earlier term than the one in which it comes.
func stale(s *spec.Step) bool {
	return s.Input.Message.Knows(spec.MessageTerm) && s.Input.Message.Term < s.Before.Term
}

func wouldVote(granted bool) string {
	if granted {
		return "would vote"
	}
	return "would not vote"
}

func entriesAfter(m *spec.Message) string {
	if len(m.Entries) == 1 {
		return fmt.Sprintf("entry %d (%s)", m.PrevLogIndex+1, m.Entries[0])
	}
	return fmt.Sprintf("entries %d to %d", m.PrevLogIndex+1, m.LastEntryIndex())
}

func stepSentence(s *spec.Step, arriving string) string {
	switch s.Input.Kind {
	case 0:
		return fmt.Sprintf("%s goes on", s.Server) // what made it is not recorded
	case spec.Timeout:
		return timeoutSentence(s)
	case spec.Heartbeat:
		return fmt.Sprintf("%s sends %s", s.Server, heartbeats(&s.Output))
	case spec.Deliver:
		return deliverSentence(s, arriving)
	case spec.Propose:
		return proposeSentence(s)
	case spec.ReadIndex, spec.Transfer, spec.Reconfigure:
		return requestSentence(s)
	case spec.Compact:
		return fmt.Sprintf("%s compacts its log up to %d", s.Server, s.After.Log.Base)
	case spec.Stored:
		return fmt.Sprintf("%s's storage is done with the oldest write", s.Server)
	case spec.StorageError:
		return fmt.Sprintf("the disk of %s is full from now on", s.Server)
	case spec.Tick:
		return fmt.Sprintf("the clock of %s ticks", s.Server)
	case spec.Crash:
		if s.Input.Lossy {
			return fmt.Sprintf("%s loses power, and with it what it had not synced", s.Server)
		}
		return fmt.Sprintf("%s crashes", s.Server)
	case spec.Restart:
		return fmt.Sprintf("%s restarts with term %d, %s, log %s", s.Server, s.After.Term, votedFor(s.After.VotedFor), s.After.Log)
	case spec.SendRequestVote:
		return fmt.Sprintf("%s asks %s for its vote in term %d", s.Server, s.Input.Peer, s.Before.Term)
	case spec.SendAppendEntries:
		return fmt.Sprintf("%s sends %s to %s", s.Server, heartbeats(&s.Output), s.Input.Peer)
	case spec.BecomeLeader:
		return fmt.Sprintf("%s has votes from %s: leader of term %d", s.Server, names(s.Before.Granted), s.After.Term)
	case spec.AdvanceCommit:
		return fmt.Sprintf("%s %s", s.Server, orNothing(commits(s), "finds nothing more to commit"))
	}
	return fmt.Sprintf("%s %s", s.Server, s.Input)
}

func votedFor(id spec.ServerID) string {
	if id == spec.None {
		return "no vote"
	}
	return "its vote for " + id.String()
}

func orNothing(said, otherwise string) string {
	if said == "" {
		return otherwise
	}
	return said
}

func timeoutSentence(s *spec.Step) string {
	again := ""
	if s.Before.Role == spec.Candidate {
		again = " again"
	}
	switch {
	case s.After.Role == spec.Leader && s.Before.Role != spec.Leader:
		return fmt.Sprintf("%s times out%s and needs no vote but its own: leader of term %d", s.Server, again, s.After.Term)
	case s.After.Role == spec.Candidate || asksForVotes(&s.Output):
		return fmt.Sprintf("%s times out%s and asks for votes in term %d", s.Server, again, s.After.Term)
	case s.After.Role == spec.PreCandidate:
		return fmt.Sprintf("%s times out and asks whether it could win term %d", s.Server, s.After.Term+1)
	}
	return fmt.Sprintf("%s times out", s.Server)
}

// heartbeats says what a leader sends when its timer fires.
func heartbeats(out *spec.Output) string {
	var longest *spec.Message
	snapshot := ""
	for _, m := range out.Sent {
		switch {
		case m.Kind == spec.InstallSnapshot:
			snapshot = fmt.Sprintf("its snapshot up to %d", m.PrevLogIndex)
		case m.Kind == spec.AppendEntries && (longest == nil || len(m.Entries) > len(longest.Entries)):
			longest = m
		}
	}
	switch {
	case longest == nil:
		return orNothing(snapshot, "nothing")
	case len(longest.Entries) == 0:
		return "heartbeats" + andThen(snapshot)
	}
	return entriesAfter(longest) + andThen(snapshot)
}

func proposeSentence(s *spec.Step) string {
	if s.Output.Redirect != spec.None {
		return fmt.Sprintf("%s sends a client with %s on to %s", s.Server, spec.Shown(s.Input.Value), s.Output.Redirect)
	}
	if last := s.After.Log.LastIndex(); s.After.Knows(spec.FieldLog) && last > s.Before.Log.LastIndex() {
		return fmt.Sprintf("a client gives %s to %s, which appends it as entry %d%s", spec.Shown(s.Input.Value), s.Server, last, andThen(commits(s)))
	}
	return fmt.Sprintf("a client gives %s to %s, which does not take it", spec.Shown(s.Input.Value), s.Server)
}

// requestSentence is about what a server is asked for besides a command.
func requestSentence(s *spec.Step) string {
	var what string
	switch s.Input.Kind {
	case spec.ReadIndex:
		what = "to read"
		if s.Input.Value != "" {
			what += " (" + spec.Shown(s.Input.Value) + ")"
		}
	case spec.Transfer:
		what = fmt.Sprintf("to hand over to %s", s.Input.Peer)
	default:
		what = "for " + s.Input.Change.String()
	}
	said := fmt.Sprintf("%s is asked %s", s.Server, what)
	switch last := s.After.Log.LastIndex(); {
	case s.Output.Redirect != spec.None:
		said += ", and sends the client on to " + s.Output.Redirect.String()
	case s.Input.Kind == spec.Reconfigure && s.After.Knows(spec.FieldLog) && last > s.Before.Log.LastIndex():
		said += fmt.Sprintf(", and appends it as entry %d", last)
	}
	return said
}

// answerClause says what clients are told in a step, or "".
func answerClause(out *spec.Output) (said string) {
	for k := range out.Effects {
		switch e := &out.Effects[k]; {
		case e.Kind != spec.Answer:
		case e.Reply.Read:
			said += fmt.Sprintf("; answers %s at index %d", orNothing(spec.Shown(e.Reply.Value), "the read"), e.Reply.Index)
		case e.Reply.Failed:
			said += fmt.Sprintf("; tells the client that %s has failed", spec.Shown(e.Reply.Value))
		default:
			said += fmt.Sprintf("; tells the client that %s is committed", spec.Shown(e.Reply.Value))
		}
	}
	return said
}

func andThen(clause string) string {
	if clause == "" {
		return ""
	}
	return " and " + clause
}

// commits says how far the step moved commitIndex, or "".
func commits(s *spec.Step) string {
	if s.Before.Knows(spec.FieldCommit) && s.After.Knows(spec.FieldCommit) && s.After.CommitIndex != s.Before.CommitIndex {
		if s.After.CommitIndex < s.Before.CommitIndex {
			return fmt.Sprintf("takes its commitIndex back from %d to %d", s.Before.CommitIndex, s.After.CommitIndex)
		}
		return fmt.Sprintf("commits up to %d", s.After.CommitIndex)
	}
	return ""
}

// stepsDown says that the step ended a leadership or candidacy, or "".
func stepsDown(s *spec.Step) string {
	if s.After.Role != spec.Follower || s.Before.Role == spec.Follower || s.Before.Role == spec.Crashed {
		return ""
	}
	if s.After.Term > s.Before.Term {
		return fmt.Sprintf("steps down from %s for term %d", s.Before.Role, s.After.Term)
	}
	return fmt.Sprintf("steps down from %s", s.Before.Role)
}

func deliverSentence(s *spec.Step, arriving string) string {
	m := &s.Input.Message
	var said string
	switch m.Kind {
	case spec.RequestVote, spec.PreVote:
		said = voteSentence(s, arriving)
	case spec.RequestVoteReply, spec.PreVoteReply:
		return replySentence(s, arriving)
	case spec.AppendEntries:
		said = appendSentence(s, arriving)
	case spec.AppendEntriesReply:
		said = matchSentence(s, arriving)
	case spec.InstallSnapshot:
		said = snapshotSentence(s, arriving)
	default:
		said = fmt.Sprintf("%s receives %s", s.Server, named(arriving, m))
	}
	if down := stepsDown(s); down != "" {
		said += ", " + down
	}
	return said
}

// named is the letter a story gave the message, or a description.
func named(arriving string, m *spec.Message) string {
	if arriving != "" {
		return arriving
	}
	return theMessage(m)
}

// by says that a message arrives late, or "".
func by(arriving string) string {
	if arriving == "" {
		return ""
	}
	return " (" + arriving + " arrives)"
}

func voteSentence(s *spec.Step, arriving string) string {
	m := &s.Input.Message
	for _, reply := range s.Output.Sent {
		if reply.To != m.From || reply.Kind != spec.RequestVoteReply && reply.Kind != spec.PreVoteReply {
			continue
		}
		if m.Kind == spec.PreVote {
			said := fmt.Sprintf("%s %s for %s in term %d", s.Server, wouldVote(reply.Granted), m.From, m.Term)
			if !reply.Granted {
				said += whyRefused(s)
			}
			return said + by(arriving)
		}
		if reply.Granted {
			return fmt.Sprintf("%s votes for %s in term %d%s", s.Server, m.From, reply.Term, by(arriving))
		}
		return fmt.Sprintf("%s refuses %s its vote in term %d%s%s", s.Server, m.From, m.Term, whyRefused(s), by(arriving))
	}
	if s.Output.Keep {
		return fmt.Sprintf("%s learns of term %d from %s's request%s", s.Server, m.Term, m.From, by(arriving))
	}
	return fmt.Sprintf("%s ignores %s", s.Server, named(arriving, m))
}

func whyRefused(s *spec.Step) string {
	m := &s.Input.Message
	bound := m.Kind == spec.RequestVote && s.After.Knows(spec.FieldVotedFor)
	switch {
	case m.Term < s.Before.Term:
		return fmt.Sprintf(": it is in term %d", s.Before.Term)
	case bound && s.After.VotedFor == s.Server:
		return ": it voted for itself"
	case bound && s.After.VotedFor != spec.None && s.After.VotedFor != m.From:
		return fmt.Sprintf(": it voted for %s", s.After.VotedFor)
	case s.Before.Knows(spec.FieldLog) && !s.Before.Log.UpToDate(m.LastLogTerm, m.LastLogIndex):
		return fmt.Sprintf(": its log ends at %d@%d, that of %s at %d@%d", s.Before.Log.LastIndex(), s.Before.Log.LastTerm(), m.From, m.LastLogIndex, m.LastLogTerm)
	}
	return ""
}

func replySentence(s *spec.Step, arriving string) string {
	m := &s.Input.Message
	receives := ""
	if arriving != "" {
		receives = fmt.Sprintf("receives %s and counts it", arriving)
	}
	switch {
	case s.After.Role == spec.Leader && s.Before.Role != spec.Leader:
		votes := names(addTo(s.Before.Granted, m.From))
		if receives != "" {
			return fmt.Sprintf("%s %s: %s, leader of term %d", s.Server, receives, votes, s.After.Term)
		}
		return fmt.Sprintf("%s has votes from %s: leader of term %d", s.Server, votes, s.After.Term)
	case s.Before.Role == spec.PreCandidate && s.After.Role == spec.Candidate:
		return fmt.Sprintf("%s hears that %s would vote for it, and asks for votes in term %d%s", s.Server, m.From, s.After.Term, by(arriving))
	case stepsDown(s) != "":
		return fmt.Sprintf("%s receives %s and %s", s.Server, named(arriving, m), stepsDown(s))
	case len(s.After.Granted) > len(s.Before.Granted):
		return fmt.Sprintf("%s %s: %s", s.Server, orNothing(receives, fmt.Sprintf("counts %s's vote", m.From)), names(s.After.Granted))
	case len(s.After.Refused) > len(s.Before.Refused):
		return fmt.Sprintf("%s hears that %s refuses its vote%s", s.Server, m.From, by(arriving))
	case s.After.Term > s.Before.Term:
		return fmt.Sprintf("%s learns of term %d from %s", s.Server, s.After.Term, named(arriving, m))
	}
	return fmt.Sprintf("%s ignores %s", s.Server, named(arriving, m))
}

func addTo(ids []spec.ServerID, id spec.ServerID) []spec.ServerID {
	var out []spec.ServerID
	for _, other := range ids {
		if other < id {
			out = append(out, other)
		}
	}
	out = append(out, id)
	for _, other := range ids {
		if other > id {
			out = append(out, other)
		}
	}
	return out
}

func appendSentence(s *spec.Step, arriving string) string {
	m := &s.Input.Message
	reply := replyTo(&s.Output, m.From)
	switch {
	case reply != nil && !reply.Success:
		return fmt.Sprintf("%s refuses %s from %s%s%s", s.Server, appended(m), m.From, whyNoMatch(s), by(arriving))
	case s.Output.Keep:
		return fmt.Sprintf("%s takes in %s%s%s", s.Server, theMessage(m), andThen(commits(s)), by(arriving))
	case reply == nil && (stale(s) || passesOver(s)):
		return fmt.Sprintf("%s ignores %s", s.Server, named(arriving, m))
	}
	said := fmt.Sprintf("%s hears from its leader %s", s.Server, m.From)
	if s.Before.Knows(spec.FieldLog) && s.After.Knows(spec.FieldLog) && len(m.Entries) > 0 {
		said = fmt.Sprintf("%s %s from %s", s.Server, logChange(s), m.From)
	}
	return said + andThen(commits(s)) + by(arriving)
}

// passesOver reports whether entries that the server has not got came and changed nothing of its log.
func passesOver(s *spec.Step) bool {
	m, before, after := &s.Input.Message, &s.Before.Log, &s.After.Log
	if !s.Before.Knows(spec.FieldLog) || !s.After.Knows(spec.FieldLog) || !m.Knows(spec.MessagePrevIndex|spec.MessageEntries) ||
		before.Base != after.Base || !slices.Equal(before.Entries, after.Entries) {
		return false
	}
	for k, sent := range m.Entries {
		i := m.PrevLogIndex + 1 + spec.Index(k)
		if has, held := after.At(i); i > after.Base && (!held || has.Term != sent.Term) {
			return true
		}
	}
	return false
}

func snapshotSentence(s *spec.Step, arriving string) string {
	m := &s.Input.Message
	switch {
	case stale(s):
		return fmt.Sprintf("%s ignores %s", s.Server, named(arriving, m))
	case s.Before.Knows(spec.FieldLog|spec.FieldCommit) && s.After.Knows(spec.FieldLog|spec.FieldCommit) &&
		s.After.Log.Base == s.Before.Log.Base && s.After.CommitIndex == s.Before.CommitIndex:
		return fmt.Sprintf("%s has no use for the snapshot up to %d from %s%s", s.Server, m.PrevLogIndex, m.From, by(arriving))
	}
	return fmt.Sprintf("%s installs the snapshot up to %d from %s%s", s.Server, m.PrevLogIndex, m.From, by(arriving))
}

func appended(m *spec.Message) string {
	if len(m.Entries) == 0 {
		return "a heartbeat"
	}
	return entriesAfter(m)
}

// logChange says what an AppendEntries did to the log.
func logChange(s *spec.Step) string {
	m := &s.Input.Message
	same := spec.Index(0)
	for i := m.PrevLogIndex + 1; i <= m.LastEntryIndex(); i++ {
		before, had := s.Before.Log.At(i)
		after, has := s.After.Log.At(i)
		if !had || !has || before != after {
			break
		}
		same++
	}
	switch last := s.After.Log.LastIndex(); {
	case last < s.Before.Log.LastIndex() && last <= m.LastEntryIndex():
		return fmt.Sprintf("drops its entries above %d for those", last)
	case int(same) == len(m.Entries):
		return "already has " + entriesAfter(m)
	case s.Before.Log.LastIndex() > m.PrevLogIndex+same:
		return "replaces its own by " + entriesAfter(m)
	}
	return "appends " + entriesAfter(m)
}

func whyNoMatch(s *spec.Step) string {
	m := &s.Input.Message
	if stale(s) {
		return fmt.Sprintf(": it is in term %d", s.Before.Term)
	}
	if !s.Before.Knows(spec.FieldLog) {
		return ""
	}
	if last := s.Before.Log.LastIndex(); last < m.PrevLogIndex {
		return fmt.Sprintf(": its log ends at %d", last)
	}
	if term, known := s.Before.Log.TermAt(m.PrevLogIndex); known && term != m.PrevLogTerm && m.Knows(spec.MessagePrevTerm) {
		return fmt.Sprintf(": its entry %d is of term %d, not %d", m.PrevLogIndex, term, m.PrevLogTerm)
	}
	return ""
}

func matchSentence(s *spec.Step, arriving string) string {
	m := &s.Input.Message
	switch {
	case stale(s) || s.Before.Role != spec.Leader:
		if s.After.Term > s.Before.Term {
			return fmt.Sprintf("%s learns of term %d from %s", s.Server, s.After.Term, named(arriving, m))
		}
		return fmt.Sprintf("%s ignores %s", s.Server, named(arriving, m))
	case m.Success:
		return fmt.Sprintf("%s learns that %s holds everything up to %d%s%s", s.Server, m.From, m.MatchIndex, andThen(orNothing(commits(s), appendsBesides(s))), by(arriving))
	}
	if asksForMore(m) {
		return fmt.Sprintf("%s hears that %s lacks what follows entry %d%s", s.Server, m.From, m.ConflictIndex-1, by(arriving))
	}
	return fmt.Sprintf("%s is refused by %s%s", s.Server, m.From, by(arriving))
}
