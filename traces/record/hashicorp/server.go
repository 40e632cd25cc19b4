package hashicorp

import (
	"sync"
	"sync/atomic"

	"github.com/hashicorp/raft"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces/record"
)

// server is what is known of one server. The library changes itself in its main goroutine, which the recorder meets in the stores and in
// the observer, and in the channel from which it takes requests. Other goroutines send requests and hear replies: what they record
// shows the server as the last record did, so that nothing of a request that is being handled is seen before its time.
type server struct {
	names   *names
	options Options
	parts   Parts
	id      spec.ServerID
	record  *record.Server
	current atomic.Pointer[inbound] // the request that the library is offered, or handles; nil for none

	mutex       sync.Mutex
	raft        *raft.Raft // nil before Attach
	tail        *record.Tail
	term        spec.Term
	voteTerm    spec.Term
	voteFor     spec.ServerID
	torn        bool // the term of a vote is written, and its candidate not yet
	role        raft.RaftState
	roleKnown   bool
	leader      spec.ServerID
	config      spec.Configuration
	configKnown bool
	asks        bool      // as a candidate, it asks for votes and not for pre-votes
	hurries     bool      // it was told to be a candidate at once, and is still about to; until then it obeys its leader
	campaign    *campaign // that begins: its term is written, its own vote not yet

	shown  spec.Observation // by the last record, and what that one left out
	hidden bool             // the last record left something out
	lost   bool             // nothing is known of the stores
}

// campaign is a candidacy of which the candidate's own vote is not on disk yet.
type campaign struct {
	effects []spec.Durable
	told    bool // somebody was asked already, so a record says that it began
}

// load reads what the stores hold.
func (s *server) load() error {
	if err := s.loadVote(); err != nil {
		return err
	}
	return s.loadLog()
}

func (s *server) loadVote() error {
	term, err := s.number(keyCurrentTerm)
	if err != nil {
		return err
	}
	voteTerm, err := s.number(keyVoteTerm)
	if err != nil {
		return err
	}
	candidate, err := s.parts.Stable.Get([]byte(keyVoteFor))
	if err != nil && err.Error() != notFound {
		return err
	}
	s.term, s.voteTerm = spec.Term(term), spec.Term(voteTerm)
	s.voteFor = s.candidate(candidate)
	return nil
}

// notFound is the text of the error by which stores say that they have no value for a key; the library compares texts too.
const notFound = "not found"

func (s *server) number(key string) (uint64, error) {
	n, err := s.parts.Stable.GetUint64([]byte(key))
	if err != nil && err.Error() == notFound {
		return 0, nil
	}
	return n, err
}

func (s *server) candidate(addr []byte) spec.ServerID {
	if len(addr) == 0 {
		return spec.None
	}
	return s.names.ofAddr(string(s.parts.Transport.DecodePeer(addr)))
}

// loadLog reads the end of the log, and what the latest snapshot covers. How far the log is committed nobody knows at a start, so all
// after the snapshot is kept, up to a bound.
func (s *server) loadLog() error {
	snapshots, err := s.parts.Snapshots.List()
	if err != nil {
		return err
	}
	var log spec.Log
	if len(snapshots) > 0 {
		log.Base, log.BaseTerm = spec.Index(snapshots[0].Index), spec.Term(snapshots[0].Term)
		s.config, s.configKnown = s.names.configuration(snapshots[0].Configuration), true
	}
	first, err := s.parts.Logs.FirstIndex()
	if err != nil {
		return err
	}
	last, err := s.parts.Logs.LastIndex()
	if err != nil {
		return err
	}
	if start := max(log.Base+1, spec.Index(first), spec.Index(last)-min(spec.Index(last), maxLoaded)); start > log.Base+1 {
		log.Base, log.BaseTerm = start-1, s.termAt(uint64(start-1))
	}
	for i := uint64(log.Base) + 1; i <= last; i++ {
		var l raft.Log
		if err := s.parts.Logs.GetLog(i, &l); err != nil {
			return err
		}
		log.Entries = append(log.Entries, s.entry(&l))
		s.configured(&l)
	}
	s.tail = record.NewTail(log, s.options.Keep)
	return nil
}

// maxLoaded is how many entries of the log are read at a start.
const maxLoaded = 1 << 16

// termAt returns the term of an entry in the store; 0 if it is not there.
func (s *server) termAt(i uint64) spec.Term {
	var l raft.Log
	if s.parts.Logs.GetLog(i, &l) != nil {
		return 0
	}
	return spec.Term(l.Term)
}

// configured takes over the configuration that a log entry brings.
func (s *server) configured(l *raft.Log) {
	switch l.Type {
	case raft.LogConfiguration:
		s.config, s.configKnown = s.names.configuration(raft.DecodeConfiguration(l.Data)), true
	case raft.LogAddPeerDeprecated, raft.LogRemovePeerDeprecated: //nolint:staticcheck // old logs have them
		s.configKnown = false
	}
}

// begin records that the server starts. It is a follower then, whatever comes next.
func (s *server) begin() {
	s.role, s.roleKnown = raft.Follower, true
	s.observe(s.record.Happens(spec.Input{Kind: spec.Restart}), s.show(0))
	s.roleKnown = false
	s.shown.Unknown |= spec.FieldRole
}

// attach notes the role, which is recorded from now on.
func (s *server) attach(r *raft.Raft) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.raft, s.role, s.roleKnown = r, r.State(), true
	_, id := r.LeaderWithID()
	s.leader = s.names.ofID(string(id))
	if c := r.GetConfiguration(); c.Error() == nil && len(c.Configuration().Servers) > 0 {
		s.config, s.configKnown = s.names.configuration(c.Configuration()), true
	}
}

// votedFor is the vote in the current term, as the library reads it.
func (s *server) votedFor() spec.ServerID {
	if s.voteTerm != s.term {
		return spec.None
	}
	return s.voteFor
}

// durable is what is on disk, of the log what follows an index. In this library that is all a server knows of term, vote and log.
func (s *server) durable(from spec.Index) spec.Durable {
	return spec.Durable{Term: s.term, VotedFor: s.votedFor(), Log: s.tail.After(from)}
}

// show is what the server shows, of its log what follows an index.
func (s *server) show(from spec.Index) spec.Observation {
	o := spec.Observation{Unknown: spec.FieldVotes | spec.FieldProgress | spec.FieldCompacted | spec.FieldApplied,
		Term: s.term, LeaderID: s.leader, Config: s.config, Durable: s.durable(from)}
	o.Log = o.Durable.Log
	if !s.torn {
		o.VotedFor = o.Durable.VotedFor
	}
	if !s.roleKnown {
		o.Unknown |= spec.FieldRole | spec.FieldLeader
	}
	switch o.Role = roles[s.role]; {
	case s.role != raft.Candidate || s.asks:
	case s.hurries:
		o.Role = spec.Follower
	default:
		o.Role = spec.PreCandidate
	}
	if !s.configKnown {
		o.Unknown |= spec.FieldConfig
	}
	if s.raft == nil {
		o.Unknown |= spec.FieldCommit
	} else {
		o.CommitIndex = spec.Index(s.raft.CommitIndex())
	}
	if s.lost {
		o.Unknown |= spec.FieldTerm | spec.FieldVotedFor | spec.FieldLog | spec.FieldDurable | spec.FieldConfig
	}
	return o
}

var roles = map[raft.RaftState]spec.Role{raft.Follower: spec.Follower, raft.Candidate: spec.Candidate, raft.Leader: spec.Leader, raft.Shutdown: spec.Follower}

// window is the index after which a record shows the log that is about what follows another one: what is not committed is shown too, if
// it is not too much.
func (s *server) window(i spec.Index) spec.Index {
	last, _ := s.tail.Last()
	from := s.shown.CommitIndex
	if keep := spec.Index(s.options.Keep); last > keep {
		from = max(from, last-keep)
	}
	return min(i, from, last)
}

// remind makes the next record say what the log was, if it is about more of it than the last one showed.
func (s *server) remind(log spec.Log, from spec.Index) {
	if from >= s.shown.Log.Base || log.Base >= s.shown.Log.Base {
		return
	}
	skip := min(max(from, log.Base), log.LastIndex())
	term, _ := log.TermAt(skip)
	log = spec.Log{Base: skip, BaseTerm: term, Entries: log.Entries[skip-log.Base:]}
	s.shown.Log, s.shown.Durable.Log, s.hidden = log, log, true
}

// observe ends a record, with what the server showed before it if the last one does not say so.
func (s *server) observe(step *record.Step, o spec.Observation) {
	if s.hidden {
		step.Before(s.shown)
	}
	step.Observe(o)
	s.shown, s.hidden = o, false
	if o.Knows(spec.FieldCommit) {
		s.tail.Commit(o.CommitIndex)
	}
}

// leaveOut ends a record that shows only a part of what the server shows.
func (s *server) leaveOut(step *record.Step, o spec.Observation, hidden spec.Field) {
	all := o
	o.Unknown |= hidden
	s.observe(step, o)
	s.shown, s.hidden = all, true
}

// note ends a record that shows no state.
func (s *server) note(step *record.Step) {
	step.Observe(record.Nothing())
	s.hidden = true
}

// aside ends a record of something beside the main goroutine: the server shows what it showed last. Some of it may be left out.
func (s *server) aside(step *record.Step, hidden spec.Field) {
	s.beside(step, s.shown, hidden)
}

// lead ends a record of a request that leaves. If the server leads, it shows how far it has committed by now, which follows from
// replies that are recorded already.
func (s *server) lead(step *record.Step, hidden spec.Field) {
	o := s.shown
	if s.raft != nil && o.Role == spec.Leader && s.role == raft.Leader && s.current.Load() == nil {
		o.CommitIndex = max(o.CommitIndex, spec.Index(s.raft.CommitIndex()))
	}
	s.beside(step, o, hidden)
}

func (s *server) beside(step *record.Step, o spec.Observation, hidden spec.Field) {
	if s.campaign != nil {
		hidden |= spec.FieldVotedFor | spec.FieldDurable
	}
	if hidden != 0 {
		s.leaveOut(step, o, hidden)
		return
	}
	s.observe(step, o)
}
