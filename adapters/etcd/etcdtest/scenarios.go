package etcdtest

import (
	"math/rand"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/etcd"
	"github.com/raftcheck/raftcheck/adapters/order"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/conformance/scenario"
	"github.com/raftcheck/raftcheck/spec"
)

// Scenarios puts a server of a release through the directed tests of the conformance suite. Those named in broken fail, and no others; at least
// so many are met.
func Scenarios(t *testing.T, release Release, o etcd.Options, met int, broken ...string) {
	t.Helper()
	scenario.Test(t, scenario.Subject{Name: t.Name(), New: release(o), Variants: o.Variants()}, met, broken...)
}

// Composes compares messages that servers of a release send with those that they compose from the same fields: what a peer is played with is what
// the library's own code says.
func Composes(t *testing.T, release Release, words func(payload string) string) {
	t.Helper()
	ids, dice := []spec.ServerID{1, 2, 3}, rand.New(rand.NewSource(1))
	var nodes []spec.Node
	for _, id := range ids {
		nodes = append(nodes, release(etcd.Options{PreVote: true})(id, ids))
	}
	var inFlight []spec.Message
	compared := map[spec.MessageKind]int{}
	for range 3000 {
		to, in := dice.Intn(len(ids)), spec.Input{Kind: []spec.InputKind{spec.Timeout, spec.Heartbeat, spec.Propose}[dice.Intn(3)], Value: "x"}
		if k := dice.Intn(len(inFlight) + 1); k < len(inFlight) {
			in = spec.Input{Kind: spec.Deliver, Message: inFlight[k]}
			to, inFlight = int(in.Message.To)-1, slices.Delete(inFlight, k, k+1)
		}
		out := nodes[to].Step(in)
		for _, m := range out.Sent {
			inFlight = append(inFlight, *m)
			var asked *spec.Message
			if !m.Kind.IsRequest() {
				asked = &in.Message
			}
			want := words(m.Payload)
			if strings.HasPrefix(want, "MsgHeartbeat ") || want == "MsgHeartbeat" || m.To == spec.ServerID(to+1) {
				continue // an AppendEntries is composed as such
			}
			bare := *m
			bare.Payload = ""
			composed, possible := nodes[m.To-1].(spec.Composer).Compose(bare, asked)
			require.True(t, possible, m)
			require.Equal(t, want, words(composed.Payload), m)
			compared[m.Kind]++
		}
		if len(inFlight) > 20 {
			inFlight = inFlight[10:]
		}
	}
	for _, kind := range []spec.MessageKind{spec.RequestVote, spec.RequestVoteReply, spec.PreVote, spec.PreVoteReply, spec.AppendEntries, spec.AppendEntriesReply} {
		require.Positive(t, compared[kind], kind)
	}
}

// Published holds the statement under docs/conformance, of a release as the etcd server runs it, to what the suite says now.
func Published(t *testing.T, release Release, words func(payload string) string, name, page string) {
	t.Helper()
	options := etcd.Options{PreVote: true, CheckQuorum: true}
	o := order.Order{Name: name, Choices: []string{"pre-vote", "check-quorum"}, Variants: options.Variants(), Bounds: cluster.Bounds{Terms: 1, Log: 2, Messages: 1, Campaigns: 1, Proposals: 1}}
	order.Published(t, o, func(orders, outcomes string) { Obey(release, words, orders, outcomes) }, "../../../docs/conformance/"+page)
}
