package rpc_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/bubble"
	"github.com/raftcheck/raftcheck/adapters/preempt"
	"github.com/raftcheck/raftcheck/adapters/rpc"
	"github.com/raftcheck/raftcheck/spec"
)

// stub is a server that campaigns each second, asks n2 for its vote, and does little else.
type stub struct {
	env *rpc.Env

	CurrentTerm, VotedFor, CommitIndex, LastIncludedIndex int

	Log     []stubEntry
	State   int
	Granted int
}

type stubEntry struct{ Term int }

type stubVote struct{ Term, LastLogIndex, LastLogTerm int }

type stubReply struct {
	Term        int
	VoteGranted bool
}

func (s *stub) run() {
	for {
		select {
		case <-s.env.Done():
			return
		case <-time.After(time.Second):
		}
		s.State, s.VotedFor = 1, 0
		s.CurrentTerm++
		preempt.Pass("run/Save", 1)
		s.env.Persister().Save([]byte{byte(s.CurrentTerm)}, nil)
		preempt.Pass("run/Call", 1)
		go func(term int) {
			reply := stubReply{}
			if s.env.Peer(1).Call("Stub.RequestVote", &stubVote{Term: term}, &reply) && reply.VoteGranted {
				s.Granted++
			}
		}(s.CurrentTerm)
	}
}

// RequestVote grants whatever is asked, but for what nobody asks.
func (s *stub) RequestVote(q stubVote, reply *stubReply) {
	if q.Term > 9 {
		panic("what term is that?")
	}
	*reply = stubReply{q.Term, true}
}

func stubs() rpc.Server[*stub] {
	return rpc.Server[*stub]{
		Make: func(e *rpc.Env) *stub {
			s := &stub{env: e, VotedFor: -1}
			if saved := e.Persister().ReadRaftState(); saved != nil {
				s.CurrentTerm, s.VotedFor = int(saved[0]), 0
				return s
			}
			go s.run()
			return s
		},
		Compact: func(s *stub) { s.LastIncludedIndex = 1 },
		Fields:  map[string]string{"nextIndex": "", "matchIndex": ""},
	}
}

var (
	trio  = []spec.ServerID{1, 2, 3}
	fires = spec.Input{Kind: spec.Timeout}
)

// asks lets a server campaign and returns its request, and a vote that answers it.
func asks(t *testing.T, how rpc.Server[*stub], candidate spec.Node) (request, vote spec.Message) {
	t.Helper()
	out := candidate.Step(fires)
	require.NoError(t, out.Fault)
	for _, m := range out.Sent {
		request = *m
	}
	require.Equal(t, spec.RequestVote, request.Kind)
	voter := rpc.New(t, how).Node(2, trio)
	answer := voter.Step(spec.Input{Kind: spec.Deliver, Message: request})
	require.NoError(t, answer.Fault)
	require.Len(t, answer.Effects, 1)
	vote = answer.Effects[0].Message
	require.True(t, vote.Granted)
	return request, vote
}

func TestRepliesThatComeLate(t *testing.T) {
	for calls, taken := range map[int]bool{0: false, 1: false, 2: true} {
		how := stubs()
		how.Calls = calls
		candidate := rpc.New(t, how).Node(1, trio)
		_, late := asks(t, how, candidate)
		_, vote := asks(t, how, candidate)
		require.Equal(t, !taken, candidate.Step(spec.Input{Kind: spec.Deliver, Message: late}).Refused, "%d calls", calls)
		require.False(t, candidate.Step(spec.Input{Kind: spec.Deliver, Message: vote}).Refused)
		require.True(t, candidate.Step(spec.Input{Kind: spec.Deliver, Message: vote}).Refused, "nobody waits for it any more")
		require.Equal(t, []spec.ServerID{1, 2}, candidate.Observe().Granted)
	}
}

func TestBytesOfAnotherCodec(t *testing.T) {
	how := stubs()
	how.Marshal = func(v any) ([]byte, error) {
		var b bytes.Buffer
		err := gob.NewEncoder(&b).Encode(v)
		return b.Bytes(), err
	}
	how.Unmarshal = func(b []byte, v any) error { return gob.NewDecoder(bytes.NewReader(b)).Decode(v) }
	candidate := rpc.New(t, how).Node(1, trio)
	_, vote := asks(t, how, candidate)
	require.NoError(t, candidate.Step(spec.Input{Kind: spec.Deliver, Message: vote}).Fault)
	require.Equal(t, []spec.ServerID{1, 2}, candidate.Observe().Granted)

	how.Unmarshal = nil
	require.PanicsWithValue(t, bubble.Mistake("rpc: Marshal and Unmarshal belong together, and only one is given"), func() { rpc.New(t, how) })
}

func TestDisksAreReadByStartingFromThem(t *testing.T) {
	how := stubs()
	node := rpc.New(t, how).Node(1, trio)
	out := node.Step(fires)
	require.Equal(t, spec.Sync, out.Effects[0].Kind)
	require.Equal(t, spec.Durable{Term: 1, VotedFor: 1}, out.Effects[0].Durable)
	require.False(t, node.Step(spec.Input{Kind: spec.Crash, Lossy: true}).Refused)
	o := node.Observe()
	require.Equal(t, spec.Crashed, o.Role)
	require.Equal(t, spec.Term(1), o.Term)
}

// A value that is saved is read again, and one that cannot be is told.
func TestValuesOnDisk(t *testing.T) {
	how := stubs()
	how.Compact = func(s *stub) {
		var found []int
		disk := s.env.Disk("value")
		if disk.ReadJSON(&found) {
			panic("nothing was saved")
		}
		disk.SaveJSON(s.env.Others())
		if !disk.ReadJSON(&found) || !slices.Equal(found, []int{0, 2}) {
			panic(found)
		}
		disk.SaveJSON(how)
	}
	require.EqualError(t, rpc.New(t, how).Node(2, trio).Step(spec.Input{Kind: spec.Compact}).Fault,
		"rpc: rpc.Server[*github.com/raftcheck/raftcheck/adapters/rpc_test.stub] cannot be saved: json: unsupported type: func(*rpc.Env) *rpc_test.stub")
}

func TestCompaction(t *testing.T) {
	node := rpc.New(t, stubs()).Node(1, trio)
	require.False(t, node.Step(spec.Input{Kind: spec.Compact}).Refused)
	require.Equal(t, spec.Index(1), node.Observe().Log.Base)
	how := stubs()
	how.Compact = nil
	require.True(t, rpc.New(t, how).Node(1, trio).Step(spec.Input{Kind: spec.Compact}).Refused)
}

func TestPanicsAreFaults(t *testing.T) {
	how := stubs()
	request, _ := asks(t, how, rpc.New(t, how).Node(1, trio))
	request.Payload = `{"call":"Stub.RequestVote","args":{"Term":10}}`
	out := rpc.New(t, how).Node(2, trio).Step(spec.Input{Kind: spec.Deliver, Message: request})
	require.ErrorContains(t, out.Fault, "the server panicked: what term is that?")
}

func TestWhatCannotBeGuessedIsAsked(t *testing.T) {
	fault := func(how rpc.Server[*stub], inputs ...spec.Input) (err error) {
		node := rpc.New(t, how).Node(1, trio)
		for _, in := range append(inputs, fires) {
			if err == nil {
				err = node.Step(in).Fault
			}
		}
		return err
	}
	how := stubs()
	how.Fields = map[string]string{"log": "entries"}
	require.ErrorContains(t, fault(how), `Fields says that log is "entries", and rpc_test.stub has no such field; it has env, CurrentTerm, VotedFor, CommitIndex`)
	how.Fields = map[string]string{"log": ""}
	require.ErrorContains(t, fault(how), "which field of rpc_test.stub is log? It has env, CurrentTerm")
	how.Fields = map[string]string{"logs": "log"}
	require.PanicsWithValue(t, bubble.Mistake(`rpc: Fields has "logs", which is none of baseIndex, baseTerm, commitIndex, lastApplied, leader, log, matchIndex, members, nextIndex, role, term, votedFor`),
		func() { rpc.New(t, how) })
	how = stubs()
	how.Roles = []spec.Role{spec.Follower}
	require.ErrorContains(t, fault(how), "what role is 1? Server.Roles says what the numbers mean")
}

// A vote that is read otherwise than it is meant is asked for, and may be amended.
func TestAVoteThatNobodyGave(t *testing.T) {
	how := stubs()
	how.ID = func(v any) spec.ServerID { return spec.ServerID(v.(int) + 2) }
	for range 3 {
		lab := rpc.New(t, how)
		for _, id := range trio {
			require.ErrorContains(t, lab.Node(id, trio).Step(fires).Fault, "rpc: a new server has voted for n1 already: its vote is -1")
		}
	}
	how.Amend = func(s *stub, o *spec.Observation) { o.VotedFor = spec.ServerID(s.VotedFor + 1) }
	node := rpc.New(t, how).Node(1, trio)
	require.NoError(t, node.Step(fires).Fault)
	require.Equal(t, spec.ServerID(1), node.Observe().VotedFor)
}

// Propose may return when the command is carried out, in a later step: that is the answer to the client.
func TestProposalsThatWait(t *testing.T) {
	propose := spec.Input{Kind: spec.Propose, Value: "x"}
	for name, c := range map[string]struct {
		index   int
		leads   bool
		applies string
		want    []spec.Reply
	}{
		"carried out":              {7, true, "x", []spec.Reply{{Value: "x", Index: 7}, {Value: "x", Index: 7}}},
		"the index is not told":    {0, true, "x", []spec.Reply{{Value: "x", Index: 7}, {Value: "x", Index: 7}}},
		"nothing is carried out":   {7, true, "", []spec.Reply{{Value: "x", Index: 7}}},
		"nor is the index told":    {0, true, "", []spec.Reply{{Value: "x", NoIndex: true}}},
		"another stands there":     {7, false, "y", []spec.Reply{{Value: "y", Index: 7}}},
		"nobody knows what became": {0, false, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			var done chan struct{}
			how := stubs()
			make0 := how.Make
			how.Make = func(e *rpc.Env) *stub {
				done = make(chan struct{})
				return make0(e)
			}
			how.Propose = func(*stub, string) (int, bool) {
				<-done
				return c.index, c.leads
			}
			how.Kill = func(*stub) {
				select {
				case <-done:
				default:
					close(done)
				}
			}
			how.Compact = func(s *stub) {
				if c.applies != "" {
					s.env.Applied(7, c.applies)
				}
				close(done)
			}
			node := rpc.New(t, how).Node(1, trio)
			before := node.AppendState(nil)
			require.Empty(t, node.Step(propose).Effects)
			require.NotEqual(t, before, node.AppendState(nil), "that a client waits is state")
			var told []spec.Reply
			for _, e := range node.Step(spec.Input{Kind: spec.Compact}).Effects {
				told = append(told, e.Reply)
			}
			require.Equal(t, c.want, told)
		})
	}
	how := stubs()
	how.Propose = func(*stub, string) (int, bool) { return 0, true }
	require.ErrorContains(t, rpc.New(t, how).Node(1, trio).Step(propose).Fault, "rpc: Propose returns that the server leads and that the command will stand at index 0")
}

// A server that is not deterministic is told with the field in which two of them differ.
func TestAFieldThatChanceDecidesIsNamed(t *testing.T) {
	how := stubs()
	make0 := how.Make
	how.Make = func(e *rpc.Env) *stub {
		s := make0(e)
		s.LastIncludedIndex = rand.IntN(1 << 30)
		return s
	}
	require.ErrorContains(t, rpc.New(t, how).Node(1, trio).Step(fires).Fault, "hardly twice did the same (LastIncludedIndex: ")
}

// A method that sleeps before it answers is told, with the place, unless it has the time: no rule is broken by what it does later.
func TestAMethodThatSleepsIsTold(t *testing.T) {
	request, _ := asks(t, stubs(), rpc.New(t, stubs()).Node(1, trio))
	deliver := spec.Input{Kind: spec.Deliver, Message: request}
	for settle, told := range map[time.Duration]bool{0: true, time.Millisecond: true, 20 * time.Millisecond: false} {
		how := rpc.Server[*dozy]{Make: func(e *rpc.Env) *dozy { return &dozy{stub{env: e, VotedFor: -1}} }, Settle: settle}
		out := rpc.New(t, how).Node(2, trio).Step(deliver)
		if !told {
			require.NoError(t, out.Fault)
			require.Len(t, out.Effects, 1)
			continue
		}
		require.ErrorContains(t, out.Fault, "sleeps before it returns")
		require.ErrorContains(t, out.Fault, "rpc_test.(*dozy).RequestVote")
		require.ErrorContains(t, out.Fault, "stub_test.go:")
	}
}

// dozy is a stub that sleeps before it answers.
type dozy struct{ stub }

func (d *dozy) RequestVote(q stubVote, reply *stubReply) {
	time.Sleep(10 * time.Millisecond)
	d.stub.RequestVote(q, reply)
}

// What a server cannot send is told as a fault of the step, though a goroutine of its own sends it.
func TestWhatCannotBeSentIsAFault(t *testing.T) {
	how := stubs()
	how.Marshal = func(any) ([]byte, error) { return nil, errors.New("no such type") }
	how.Unmarshal = json.Unmarshal
	require.EqualError(t, rpc.New(t, how).Node(1, trio).Step(fires).Fault, "rpc: *rpc_test.stubVote cannot be sent: no such type")
}

// Goroutines are held only where the program has gates, at those that are named; while one is held the server shows what cannot be half done, and a crash takes it along.
func TestGoroutinesAreHeld(t *testing.T) {
	how := stubs()
	how.Preempt = true
	require.PanicsWithValue(t, bubble.Mistake("rpc: Preempt, and the program has no gates: go test $(raftcheck adapt --overlay DIR) builds with those that the file gates in DIR lists"), func() { rpc.New(t, how) })
	const before, after = "run(1)/Save", "run(1)/Call"
	preempt.Rewritten("stub", "run/Save", "run/Call")
	how.HoldAt = []string{"run/Load"}
	require.PanicsWithValue(t, bubble.Mistake(`rpc: HoldAt has "run/Load", which is none of run/Call, run/Save, and no function that has one`), func() { rpc.New(t, how) })
	for _, at := range []string{"run", "run(1)", "run/Save", before} {
		how.HoldAt = []string{at}
		node := rpc.New(t, how).Node(1, trio)
		out := node.Step(fires)
		require.Contains(t, out.Gates, before, at)
		require.Equal(t, !strings.Contains(at, "/"), slices.Contains(out.Gates, after), at)
	}

	how.HoldAt = nil
	node := rpc.New(t, how).Node(1, trio)
	require.True(t, node.Step(spec.Input{Kind: spec.Resume}).Refused, "nobody is held")
	require.True(t, node.Step(spec.Input{Kind: spec.Timeout, Gate: "run(2)/Save"}).Refused, "nobody comes there")
	require.True(t, node.Step(spec.Input{Kind: spec.Timeout, Gate: before, Cut: 1}).Refused)
	out := node.Step(spec.Input{Kind: spec.Timeout, Gate: before})
	require.NoError(t, out.Fault)
	require.Empty(t, out.Effects)
	require.Empty(t, out.Gates, "one is held already")
	o := node.Observe()
	require.Equal(t, spec.Term(1), o.Term)
	require.NotZero(t, o.Unknown&spec.FieldRole)
	held := node.AppendState(nil)
	require.True(t, node.Step(spec.Input{Kind: spec.Compact, Gate: after}).Refused, "one is held already")
	out = node.Step(spec.Input{Kind: spec.Resume})
	require.Equal(t, spec.Sync, out.Effects[0].Kind)
	require.Equal(t, []string{after}, out.Gates)
	require.Zero(t, node.Observe().Unknown&spec.FieldRole)
	require.NotEqual(t, held, node.AppendState(nil))

	require.False(t, node.Step(spec.Input{Kind: spec.Timeout, Gate: before}).Refused)
	require.False(t, node.Step(spec.Input{Kind: spec.Crash}).Refused)
	require.True(t, node.Step(spec.Input{Kind: spec.Resume}).Refused, "who was held is gone")
	require.Equal(t, spec.Term(1), node.Observe().Term, "what it was about to save is lost")
}
