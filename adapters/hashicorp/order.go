package hashicorp

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// order is a search that another program asks for, as JSON. Its fields are those of a Setup.
type order struct {
	Name       string
	Nodes      int
	Values     int
	Network    cluster.Network
	Bounds     cluster.Bounds
	Faults     cluster.Faults
	Rules      []string // ids
	Goals      []string // names; null is every goal that the bounds let happen
	Memory     int
	Walks      int
	Seed       uint64
	Limit      time.Duration // 0 is none
	Trace      string        // where the execution of a violation is written
	NoPreVote  bool
	WholeVotes bool
	Heartbeats bool
}

// outcome is what came of it.
type outcome struct {
	Fault    string // the search ended with it; nothing else counts then
	Verdict  spec.Verdict
	Reason   string
	Search   checker.Stats
	Goals    map[string]int  // how often they were reached
	Possible map[string]bool // which of them the bounds let happen
	Void     []string        // ids of rules that were not judged
	Broken   int             // promises broken by the trace's last step
}

// Obey does the search that the file named by orders asks for and writes what came of it to the file named by results. It is how
// the raftcheck command searches this package's servers, from a test that it makes and builds.
func Obey(t *testing.T, orders, results string) {
	data, err := os.ReadFile(orders)
	must(err)
	var o order
	must(json.Unmarshal(data, &o))
	out, err := o.obey(t)
	var fault *checker.Fault
	if errors.As(err, &fault) {
		out = &outcome{Fault: fault.Error()}
	} else {
		must(err)
	}
	data, err = json.Marshal(out)
	must(err)
	must(os.WriteFile(results, data, 0o666))
}

func (o *order) obey(t *testing.T) (*outcome, error) {
	ctx := context.Background()
	if o.Limit > 0 {
		limited, cancel := context.WithTimeout(ctx, o.Limit)
		defer cancel()
		ctx = limited
	}
	r, err := Check(ctx, t, o.edit)
	if err != nil {
		return nil, err
	}
	out := &outcome{Verdict: r.Verdict, Reason: r.Reason, Search: r.Search, Goals: map[string]int{}, Possible: map[string]bool{}, Broken: len(r.Findings)}
	for _, g := range r.Goals {
		out.Goals[g.Goal.Name], out.Possible[g.Goal.Name] = g.Reached, g.Possible
	}
	for _, v := range r.Rules {
		if v.Void {
			out.Void = append(out.Void, v.Rule.ID)
		}
	}
	if len(r.Findings) == 0 {
		return out, nil
	}
	f, err := os.Create(o.Trace)
	if err != nil {
		return nil, err
	}
	return out, errors.Join(traces.Write(f, r.Findings[0].Trace), f.Close())
}

func (o *order) edit(s *Setup) {
	s.Servers = Options{NoPreVote: o.NoPreVote, WholeVotes: o.WholeVotes}
	s.World.Servers, s.World.Values, s.World.Network = o.Nodes, o.Values, o.Network
	s.World.Bounds, s.World.Faults = o.Bounds, o.Faults
	s.Search.Name, s.Search.Memory, s.Search.Walks, s.Search.Seed = o.Name, o.Memory, o.Walks, o.Seed
	for _, r := range spec.Rules {
		if slices.Contains(o.Rules, r.ID) {
			s.Search.Rules = append(s.Search.Rules, r)
		}
	}
	if o.Goals != nil {
		s.Search.Goals = []*spec.Goal{}
	}
	for _, g := range spec.Goals {
		if slices.Contains(o.Goals, g.Name) {
			s.Search.Goals = append(s.Search.Goals, g)
		}
	}
	if o.Heartbeats {
		inputs := Inputs(&s.World)
		s.World.Inputs = func(id spec.ServerID) []spec.Input { return append(inputs(id), spec.Input{Kind: spec.Heartbeat}) }
	}
}
