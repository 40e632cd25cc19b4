package etcdtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// Script makes things happen one after another, one a line, and returns the story of the first promise that is broken, or "".
//
//	n1 timeout            any input: heartbeat, crash, restart, stored, compact, read r, propose x, transfer n2
//	n1>n2                 the oldest message in flight from n1 to n2 arrives
//	drop n1>n2            it is lost
//	drop all              every message in flight is lost
func Script(t testing.TB, c *cluster.Config, rules []*spec.Rule, lines string) string {
	t.Helper()
	w, err := cluster.New(c)
	require.NoError(t, err)
	var done []cluster.Action
	for n, line := range strings.Split(strings.TrimSpace(lines), "\n") {
		actions, err := parse(w, strings.Fields(line))
		require.NoError(t, err, "line %d: %s", n+1, line)
		for _, a := range actions {
			outcome, err := w.Apply(a)
			require.NoError(t, err, "line %d: %s", n+1, line)
			require.False(t, outcome.Refused, "line %d: %s is refused", n+1, line)
			done = append(done, a)
		}
	}
	trace, broken, err := checker.Run(c, done, rules)
	require.NoError(t, err)
	if len(broken) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: %s\n\n", broken[0].Rule.ID, broken[0].Rule.Name, broken[0].Message)
	_ = traces.Text(&b, trace, &broken[0]) // a strings.Builder takes everything
	return b.String()
}

func parse(w *cluster.World, words []string) ([]cluster.Action, error) {
	switch {
	case len(words) == 1:
		m, err := oldest(w, words[0])
		return []cluster.Action{{Kind: cluster.Give, Server: m.To, Input: spec.Input{Kind: spec.Deliver, Message: m}}}, err
	case words[0] == "drop" && words[1] == "all":
		var all []cluster.Action
		for _, m := range w.InFlight() {
			all = append(all, cluster.Action{Kind: cluster.Drop, Message: m})
		}
		return all, nil
	case words[0] == "drop":
		m, err := oldest(w, words[1])
		return []cluster.Action{{Kind: cluster.Drop, Message: m}}, err
	}
	id, err := server(words[0])
	if err != nil {
		return nil, err
	}
	in := spec.Input{}
	for kind := spec.Timeout; kind <= spec.Stored; kind++ {
		if kind.String() == words[1] {
			in.Kind = kind
		}
	}
	if len(words) > 2 {
		if in.Kind == spec.Transfer {
			in.Peer, err = server(words[2])
		} else {
			in.Value = words[2]
		}
	}
	return []cluster.Action{{Kind: cluster.Give, Server: id, Input: in}}, err
}

func server(name string) (id spec.ServerID, err error) {
	_, err = fmt.Sscanf(name, "n%d", &id)
	return id, err
}

// oldest returns the oldest message in flight on a way, "n1>n2".
func oldest(w *cluster.World, way string) (spec.Message, error) {
	var from, to spec.ServerID
	if _, err := fmt.Sscanf(way, "n%d>n%d", &from, &to); err != nil {
		return spec.Message{}, fmt.Errorf("%q is not n1>n2", way)
	}
	all := w.InFlight()
	k := slices.IndexFunc(all, func(m spec.Message) bool { return m.From == from && m.To == to })
	if k < 0 {
		return spec.Message{}, fmt.Errorf("nothing is in flight %s: %v", way, all)
	}
	return all[k], nil
}

// Without returns all rules but those with these ids.
func Without(ids ...string) []*spec.Rule {
	return slices.DeleteFunc(slices.Clone(spec.Rules), func(r *spec.Rule) bool { return slices.Contains(ids, r.ID) })
}
