package contract_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/conformance/contract"
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/spec"
)

// plain is a right server that cannot be copied, so that a copy is made by giving the inputs again.
type plain struct{ spec.Node }

// broken is a server whose adapter makes a mistake in some of what it does.
type broken struct {
	spec.Node
	step    func(n spec.Node, in spec.Input) spec.Output
	observe func(n spec.Node) spec.Observation
	state   func(n spec.Node, dst []byte) []byte
}

func (b *broken) Step(in spec.Input) spec.Output {
	if b.step == nil {
		return b.Node.Step(in)
	}
	return b.step(b.Node, in)
}

func (b *broken) Observe() spec.Observation {
	if b.observe == nil {
		return b.Node.Observe()
	}
	return b.observe(b.Node)
}

func (b *broken) AppendState(dst []byte) []byte {
	if b.state == nil {
		return b.Node.AppendState(dst)
	}
	return b.state(b.Node, dst)
}

// cloned is a server that can be copied in a wrong way.
type cloned struct {
	spec.Node
	log *[]byte // shared by all copies
}

func (c cloned) Step(in spec.Input) spec.Output {
	out := c.Node.Step(in)
	if !out.Refused {
		*c.log = append(*c.log, byte(in.Kind))
	}
	return out
}

func (c cloned) AppendState(dst []byte) []byte { return append(c.Node.AppendState(dst), *c.log...) }

func (c cloned) Clone() spec.Node { return cloned{c.Node.(spec.Cloner).Clone(), c.log} }

// mistakes are adapters that are wrong, by the check that has to tell each.
var mistakes = []struct {
	name  string
	check string
	make  func(id spec.ServerID, right spec.Node) spec.Node
}{
	{"refuses everything", "takes-inputs", func(_ spec.ServerID, right spec.Node) spec.Node {
		return &broken{Node: right, step: func(spec.Node, spec.Input) spec.Output { return spec.Output{Refused: true} }}
	}},
	{"ignores crashes", "crash-down", func(_ spec.ServerID, right spec.Node) spec.Node {
		return &broken{Node: right, step: func(n spec.Node, in spec.Input) spec.Output {
			if in.Kind == spec.Crash {
				return spec.Output{}
			}
			return n.Step(in)
		}}
	}},
	{"refuses crashes", "crash-down", func(_ spec.ServerID, right spec.Node) spec.Node {
		return &broken{Node: right, step: func(n spec.Node, in spec.Input) spec.Output {
			if in.Kind == spec.Crash {
				return spec.Output{Refused: true}
			}
			return n.Step(in)
		}}
	}},
	{"ignores crash points", "crash-point", func(_ spec.ServerID, right spec.Node) spec.Node {
		return &broken{Node: right, step: func(n spec.Node, in spec.Input) spec.Output {
			in.Cut = 0
			return n.Step(in)
		}}
	}},
	{"goes through the whole step and crashes after it", "crash-point", func(_ spec.ServerID, right spec.Node) spec.Node {
		return &broken{Node: right, step: func(n spec.Node, in spec.Input) spec.Output {
			cut := in.Cut
			in.Cut = 0
			out := n.Step(in)
			if cut > 0 && !out.Refused {
				n.Step(spec.Input{Kind: spec.Crash, Lossy: in.Lossy})
			}
			return out
		}}
	}},
	{"tells less before a crash point and writes all of it", "crash-point-disk", func(_ spec.ServerID, right spec.Node) spec.Node {
		return &broken{Node: right, step: func(n spec.Node, in spec.Input) spec.Output {
			if in.Cut == 0 {
				return n.Step(in)
			}
			whole := in
			whole.Cut = 0
			told := n.(spec.Cloner).Clone().Step(in)
			n.Step(whole)
			n.Step(spec.Input{Kind: spec.Crash})
			return told
		}}
	}},
	{"refuses crash points", "crash-point", func(_ spec.ServerID, right spec.Node) spec.Node {
		return &broken{Node: right, step: func(n spec.Node, in spec.Input) spec.Output {
			if in.Cut > 0 {
				return spec.Output{Refused: true}
			}
			return n.Step(in)
		}}
	}},
	{"leaves votes and progress out of its state", "state-complete", func(_ spec.ServerID, right spec.Node) spec.Node {
		return &broken{Node: right, state: func(n spec.Node, dst []byte) []byte {
			o := n.Observe()
			dst = binary.AppendUvarint(append(dst, byte(o.Role)), uint64(o.Term))
			return append(dst, o.Log.String()...)
		}}
	}},
	{"leaves its log and commit index out of its state", "state-complete", func(_ spec.ServerID, right spec.Node) spec.Node {
		return &broken{Node: right, state: func(n spec.Node, dst []byte) []byte {
			o := n.Observe()
			return append(dst, byte(o.Role), byte(o.Term), byte(o.VotedFor), byte(len(o.Granted)), byte(len(o.Progress)))
		}}
	}},
	{"leaves its disk out of its state", "state-complete", func(_ spec.ServerID, right spec.Node) spec.Node {
		return &broken{Node: right, state: func(n spec.Node, dst []byte) []byte {
			o := n.Observe()
			o.Durable = spec.Durable{}
			if o.Role == spec.Crashed {
				o = spec.Observation{Role: o.Role}
			}
			return append(dst, show(o)...)
		}}
	}},
	{"waits by the clock", "no-clock", func(_ spec.ServerID, right spec.Node) spec.Node {
		last := time.Now()
		return &broken{Node: right, step: func(n spec.Node, in spec.Input) spec.Output {
			if in.Kind == spec.Deliver && time.Since(last) > 200*time.Millisecond {
				return spec.Output{}
			}
			last = time.Now()
			return n.Step(in)
		}}
	}},
	{"has the time in its state", "no-clock", func(_ spec.ServerID, right spec.Node) spec.Node {
		at := time.Now()
		return &broken{Node: right, state: func(n spec.Node, dst []byte) []byte {
			return binary.BigEndian.AppendUint64(n.AppendState(dst), uint64(at.UnixNano()))
		}}
	}},
	{"sends the time", "no-clock", func(_ spec.ServerID, right spec.Node) spec.Node {
		return &broken{Node: right, step: func(n spec.Node, in spec.Input) spec.Output {
			out := n.Step(in)
			for k := range out.Effects {
				if out.Effects[k].Kind == spec.Send {
					out.Effects[k].Message.Payload = strconv.FormatInt(time.Now().UnixNano(), 10)
				}
			}
			return out
		}}
	}},
	{"draws by chance", "same-again", drawing(1)},
	{"shows what was before the last step", "observation-current", func(_ spec.ServerID, right spec.Node) spec.Node {
		was := right.Observe()
		return &broken{Node: right, step: func(n spec.Node, in spec.Input) spec.Output {
			was = n.Observe()
			return n.Step(in)
		}, observe: func(spec.Node) spec.Observation { return was }}
	}},
	{"shows its log and commit index as of the last heartbeat", "observation-current", func(_ spec.ServerID, right spec.Node) spec.Node {
		was := right.Observe()
		return &broken{Node: right, step: func(n spec.Node, in spec.Input) spec.Output {
			if in.Kind != spec.Deliver && in.Kind != spec.Propose {
				was = n.Observe()
			}
			return n.Step(in)
		}, observe: func(n spec.Node) spec.Observation {
			o := n.Observe()
			o.Log, o.CommitIndex, o.LastApplied = was.Log, was.CommitIndex, was.LastApplied
			return o
		}}
	}},
	{"changes when it is looked at", "observation-current", func(_ spec.ServerID, right spec.Node) spec.Node {
		looked := spec.Index(0)
		return &broken{Node: right, observe: func(n spec.Node) spec.Observation {
			o := n.Observe()
			looked++
			o.LastApplied += looked
			return o
		}}
	}},
	{"shows a slice that it goes on with", "observation-stays", func(_ spec.ServerID, right spec.Node) spec.Node {
		entries := make([]spec.Entry, 0, 16)
		return &broken{Node: right, observe: func(n spec.Node) spec.Observation {
			o := n.Observe()
			entries = append(entries[:0], o.Log.Entries...)
			if len(entries) == 0 {
				entries = append(entries, spec.Entry{Term: o.Term})
			}
			o.Log.Entries = entries
			return o
		}}
	}},
	{"sends in map order", "send-order", func(_ spec.ServerID, right spec.Node) spec.Node {
		return &broken{Node: right, step: func(n spec.Node, in spec.Input) spec.Output {
			out := n.Step(in)
			sends := map[spec.ServerID]spec.Effect{}
			var rest []spec.Effect
			for _, e := range out.Effects {
				if e.Kind == spec.Send {
					sends[e.Message.To] = e
				} else {
					rest = append(rest, e)
				}
			}
			for _, e := range sends {
				rest = append(rest, e)
			}
			out.Effects = rest
			return out
		}}
	}},
	{"writes its state in map order", "stable-state", func(_ spec.ServerID, right spec.Node) spec.Node {
		fields := map[string]byte{"a": 1, "b": 2, "c": 3, "d": 4}
		return &broken{Node: right, state: func(n spec.Node, dst []byte) []byte {
			dst = n.AppendState(dst)
			for _, v := range fields {
				dst = append(dst, v)
			}
			return dst
		}}
	}},
	{"sends to a server that is not there", "real-peers", func(_ spec.ServerID, right spec.Node) spec.Node {
		return &broken{Node: right, step: func(n spec.Node, in spec.Input) spec.Output {
			out := n.Step(in)
			for k := range out.Effects {
				if out.Effects[k].Kind == spec.Send {
					out.Effects[k].Message.To += 3
				}
			}
			return out
		}}
	}},
	{"sends to itself", "real-peers", func(id spec.ServerID, right spec.Node) spec.Node {
		return &broken{Node: right, step: func(n spec.Node, in spec.Input) spec.Output {
			out := n.Step(in)
			if in.Kind == spec.Timeout {
				out.Effects = append(slices.Clip(out.Effects), spec.Effect{Kind: spec.Send, Message: spec.Message{Kind: spec.RequestVote, From: id, To: id}})
			}
			return out
		}}
	}},
	{"changes when it refuses", "refused-harmless", func(_ spec.ServerID, right spec.Node) spec.Node {
		refused := byte(0)
		return &broken{Node: right, step: func(n spec.Node, in spec.Input) spec.Output {
			out := n.Step(in)
			if out.Refused {
				refused++
			}
			return out
		}, state: func(n spec.Node, dst []byte) []byte { return append(n.AppendState(dst), refused) }}
	}},
	{"goes on while it is down", "down-refuses", func(id spec.ServerID, right spec.Node) spec.Node {
		return &broken{Node: right, step: func(n spec.Node, in spec.Input) spec.Output {
			if in.Kind == spec.Deliver && n.Observe().Role == spec.Crashed {
				return spec.Output{Effects: []spec.Effect{{Kind: spec.Send, Message: spec.Message{Kind: spec.AppendEntriesReply, From: id, To: in.Message.From}}}}
			}
			return n.Step(in)
		}}
	}},
	{"comes up with an empty disk", "restart-shows-disk", func(id spec.ServerID, right spec.Node) spec.Node {
		b := &broken{Node: right}
		b.step = func(n spec.Node, in spec.Input) spec.Output {
			if in.Kind == spec.Restart && n.Observe().Role == spec.Crashed {
				b.Node = impl.New(impl.Options{})(id, []spec.ServerID{1, 2, 3})
				return spec.Output{}
			}
			return n.Step(in)
		}
		return b
	}},
	{"loses its disk when it crashes", "crash-keeps-disk", func(id spec.ServerID, right spec.Node) spec.Node {
		b := &broken{Node: right}
		b.step = func(n spec.Node, in spec.Input) spec.Output {
			if in.Kind == spec.Crash && n.Observe().Role != spec.Crashed {
				b.Node = impl.New(impl.Options{})(id, []spec.ServerID{1, 2, 3})
				return b.Node.Step(in)
			}
			return n.Step(in)
		}
		return b
	}},
	{"cannot be restarted", "restart-up", func(_ spec.ServerID, right spec.Node) spec.Node {
		return &broken{Node: right, step: func(n spec.Node, in spec.Input) spec.Output {
			if in.Kind == spec.Restart {
				return spec.Output{Refused: true}
			}
			return n.Step(in)
		}}
	}},
	{"takes a restart while it is up", "restart-up", func(_ spec.ServerID, right spec.Node) spec.Node {
		return &broken{Node: right, step: func(n spec.Node, in spec.Input) spec.Output {
			if in.Kind == spec.Restart {
				n.Step(spec.Input{Kind: spec.Crash})
			}
			return n.Step(in)
		}}
	}},
	{"does not show what it wrote", "durable-told", func(_ spec.ServerID, right spec.Node) spec.Node {
		return &broken{Node: right, observe: func(n spec.Node) spec.Observation {
			o := n.Observe()
			o.Durable.VotedFor = spec.None
			return o
		}}
	}},
	{"shares memory with its clone", "clone-apart", func(_ spec.ServerID, right spec.Node) spec.Node { return cloned{right, &[]byte{}} }},
	{"panics", "no-fault", func(_ spec.ServerID, right spec.Node) spec.Node {
		return &broken{Node: right, step: func(n spec.Node, in spec.Input) spec.Output {
			if in.Kind == spec.Propose {
				var nothing []int
				_ = nothing[len(in.Value)]
			}
			return n.Step(in)
		}}
	}},
}

// drawing makes servers that draw at every election timeout whether it happens, from a source that all of them share.
func drawing(seed uint64) func(spec.ServerID, spec.Node) spec.Node {
	dice := rand.New(rand.NewPCG(seed, 0))
	return func(_ spec.ServerID, right spec.Node) spec.Node {
		return &broken{Node: right, step: func(n spec.Node, in spec.Input) spec.Output {
			if in.Kind == spec.Timeout && dice.IntN(2) == 0 {
				return spec.Output{}
			}
			return n.Step(in)
		}}
	}
}

// TestChanceIsToldAsChance: whatever an adapter is seen to do wrong because it draws by chance, it is told that it does not do the same again.
func TestChanceIsToldAsChance(t *testing.T) {
	right := impl.New(impl.Options{})
	for seed := range uint64(200) {
		draws := drawing(seed)
		config := cluster.Default(func(id spec.ServerID, servers []spec.ServerID) spec.Node { return draws(id, right(id, servers)) })
		r := contract.Try(t.Context(), &config, contract.Options{Seed: seed})
		require.NotNil(t, r.Failure, "seed %d", seed)
		require.Equal(t, "same-again", r.Failure.Check.Name, "seed %d: %v\n%s", seed, r.Failure, r.Failure.Story())
	}
}

func show(o spec.Observation) string { return fmt.Sprintf("%+v", o) }

// TestMistakesAreTold: every mistake of an adapter is told by name, with the inputs that lead to it.
func TestMistakesAreTold(t *testing.T) {
	told := map[string]bool{}
	for _, m := range mistakes {
		told[m.check] = true
		t.Run(m.name, func(t *testing.T) {
			right := impl.New(impl.Options{})
			config := cluster.Default(func(id spec.ServerID, servers []spec.ServerID) spec.Node { return m.make(id, right(id, servers)) })
			r := contract.Try(context.Background(), &config, contract.Options{Pause: 250 * time.Millisecond})
			require.NotNil(t, r.Failure, "nothing is told of an adapter that %s", m.name)
			require.Equal(t, m.check, r.Failure.Check.Name, "%v\n%s", r.Failure, r.Failure.Story())
			require.ErrorContains(t, r.Failure, "this is the adapter, not your Raft: "+m.check+": ")
			if m.check == "no-fault" {
				require.Contains(t, r.Failure.Story(), "broken_test.go", "the stack says where")
			}
		})
	}
	for _, c := range contract.Checks {
		require.True(t, told[c.Name], "no mistake is told by %s", c.Name)
	}
}

// TestServersThatCannotBeCopied: a right server keeps the contract without Clone.
func TestServersThatCannotBeCopied(t *testing.T) {
	right := impl.New(impl.Options{Snapshots: true, NoOp: true})
	config := cluster.Default(func(id spec.ServerID, servers []spec.ServerID) spec.Node { return plain{right(id, servers)} })
	r := contract.Try(context.Background(), &config, contract.Options{})
	if r.Failure != nil {
		require.NoError(t, r.Failure, r.Failure.Story())
	}
}
