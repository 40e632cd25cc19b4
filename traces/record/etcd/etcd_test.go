package etcd_test

import (
	"bytes"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/raft/v3"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// worlds are the features of the library, alone and together.
var worlds = map[string]world{
	"plain":                     {},
	"recorded late":             {late: true},
	"recorded apart":            {apart: true, late: true, config: func(c *raft.Config) { c.PreVote = true }},
	"pre-vote":                  {config: func(c *raft.Config) { c.PreVote = true }},
	"pre-vote and check quorum": {config: func(c *raft.Config) { c.PreVote, c.CheckQuorum = true, true }},
	"founded, then recorded":    {founded: 'b'},
	"recorded, then founded":    {founded: 'a', late: true},
	"founded, asynchronous":     {founded: 'b', config: func(c *raft.Config) { c.AsyncStorageWrites = true }},
	"founded apart":             {founded: 'a', apart: true, late: true, changes: true},
	"small messages":            {config: func(c *raft.Config) { c.MaxSizePerMsg, c.MaxInflightMsgs, c.MaxCommittedSizePerReady = 30, 2, 30 }},
	"configuration changes":     {config: func(c *raft.Config) { c.PreVote = true }, changes: true},
	"asynchronous storage":      {config: func(c *raft.Config) { c.AsyncStorageWrites = true }},
	"all":                       {config: func(c *raft.Config) { c.AsyncStorageWrites, c.PreVote, c.CheckQuorum = true, true, true }, changes: true},
}

// seeds is how many executions of each world are tried; RAFTCHECK_SEEDS may ask for more.
func seeds(t *testing.T) uint64 {
	n, err := strconv.ParseUint(os.Getenv("RAFTCHECK_SEEDS"), 10, 64)
	if err != nil {
		return 5
	}
	t.Logf("%d seeds", n)
	return n
}

// Nothing is found in what the real library does, whatever happens around it, and what matters is put to the test.
func TestACleanRunIsClean(t *testing.T) {
	for name, w := range worlds {
		t.Run(name, func(t *testing.T) {
			checked := map[string]int{}
			for seed := range seeds(t) {
				out := run(t, seed, w)
				result := verify(t, out, w.rules()...)
				for _, f := range result.Findings {
					if path := os.Getenv("RAFTCHECK_KEEP"); path != "" {
						require.NoError(t, os.WriteFile(path, out, 0o666))
					}
					require.Fail(t, "a rule is broken", "seed %d: %s: %s\n%v", seed, f.Rule.Name, f.Message, f.Evidence)
				}
				require.Equal(t, spec.Held, result.Verdict)
				require.Positive(t, result.Elections)
				require.True(t, reached(result, "entry-committed") && reached(result, "leader-elected"))
				for _, rule := range result.Rules {
					checked[rule.Rule.Name] += rule.Checked
				}
			}
			for _, name := range []string{"term-monotonic", "election-safety", "vote-once", "log-matching", "state-machine-safety", "leader-completeness",
				"commit-monotonic", "leader-append-only", "prev-matches", "commit-own-term", "match-monotonic", "commit-majority",
				"entries-from-log", "prev-term-true", "ack-verified"} {
				require.Positive(t, checked[name], name)
			}
			require.Equal(t, len(w.rules()) == 0, checked["durable-before-send"] > 0)
		})
	}
}

// rules are those that the library keeps; none is all. With asynchronous storage it sends what is not yet on disk, which can lose a
// committed entry: docs/adapters.md tells how.
func (w world) rules() (kept []*spec.Rule) {
	var config raft.Config
	if w.config != nil {
		w.config(&config)
	}
	if !config.AsyncStorageWrites {
		return nil
	}
	for _, r := range spec.Rules {
		if r.Name != "durable-before-send" {
			kept = append(kept, r)
		}
	}
	return kept
}

// run returns the record of an execution.
func run(t *testing.T, seed uint64, w world) []byte {
	var out bytes.Buffer
	c := start(t, seed, &out, w)
	for range 3000 {
		c.step()
	}
	return c.recorded()
}

func reached(r *traces.Result, goal string) bool {
	for _, g := range r.Goals {
		if g.Goal.Name == goal {
			return g.Reached
		}
	}
	return false
}

func TestTheSameExecutionIsTheSameRecord(t *testing.T) {
	w := worlds["all"]
	require.Equal(t, string(run(t, 1, w)), string(run(t, 1, w)))
}

// A server that comes back without its vote is found.
func TestALostVoteIsFound(t *testing.T) {
	var out bytes.Buffer
	c := start(t, 1, &out, world{})
	campaign := func(id uint64) {
		require.NoError(t, c.servers[id].Campaign())
		c.drain(id)
	}
	campaign(1)
	campaign(2) // in the same term
	c.deliver(3, 1)
	term, vote, commit := c.servers[3].disk.hard()
	require.EqualValues(t, 1, vote)
	c.servers[3].disk.setHard(t, term, 0, commit) // somebody loses the vote
	c.boot(3)
	c.deliver(3, 2)
	result := verify(t, out.Bytes())
	require.Equal(t, spec.Violated, result.Verdict)
	require.Equal(t, "vote-once", result.Findings[0].Rule.Name)
}

// Entries that were acknowledged and are gone after a restart are found.
func TestLostEntriesAreFound(t *testing.T) {
	var out bytes.Buffer
	c := start(t, 1, &out, world{})
	require.NoError(t, c.servers[1].Campaign())
	for range 50 {
		c.settle()
		_ = c.servers[1].Propose([]byte("x"))
	}
	c.settle()
	s := c.servers[2]
	term, vote, _ := s.disk.hard()
	s.disk, s.applied = newDisk(t, []uint64{1, 2, 3}), 1
	s.disk.setHard(t, term, vote, 1)
	c.boot(2)
	result := verify(t, out.Bytes())
	require.Equal(t, spec.Violated, result.Verdict, "a follower came back with an empty log")
}

// A message that changes on its way is found.
func TestAMessageThatChangesOnItsWayIsFound(t *testing.T) {
	var out bytes.Buffer
	c := start(t, 1, &out, world{})
	require.NoError(t, c.servers[1].Campaign())
	c.settle()
	require.NoError(t, c.servers[1].Propose([]byte("x")))
	c.drain(1)
	forged := clone(c.network[0])
	entriesOf(forged)[0].Data = []byte("y")
	_ = c.servers[toOf(forged)].Step(forged)
	c.drain(toOf(forged))
	result := verify(t, out.Bytes())
	require.Equal(t, spec.Violated, result.Verdict)
	require.Regexp(t, "of the same term|never sent", result.Findings[0].Message)
}

// With asynchronous storage the real library asks for votes before its term is on disk. That is found.
func TestARequestForVotesThatIsTooEarlyIsFound(t *testing.T) {
	var out bytes.Buffer
	c := start(t, 1, &out, worlds["asynchronous storage"])
	require.NoError(t, c.servers[1].Campaign())
	c.drain(1)
	result := verify(t, out.Bytes())
	require.Equal(t, spec.Violated, result.Verdict)
	require.Equal(t, "durable-before-send", result.Findings[0].Rule.Name)
}

// With asynchronous storage, an acknowledgement that leaves before its entries are on disk is found.
func TestAnAcknowledgementThatIsTooEarlyIsFound(t *testing.T) {
	var out bytes.Buffer
	c := start(t, 1, &out, worlds["asynchronous storage"])
	work := func() {
		for range 20 {
			for _, id := range c.ids {
				c.drain(id)
				for len(c.servers[id].storing) > 0 {
					c.store(c.servers[id], false)
				}
			}
			for network := c.network; len(network) > 0; network = network[1:] {
				_ = c.servers[toOf(network[0])].Step(network[0])
				c.network = c.network[1:]
			}
		}
	}
	require.NoError(t, c.servers[1].Campaign())
	work()
	require.NoError(t, c.servers[1].Propose([]byte("x")))
	c.drain(1)
	c.deliver(2, 1)
	m := clone(c.servers[2].storing[0])
	m = withoutEntries(m) // the program tells the recorder what it wrote, and it did not write the entries
	c.servers[2].recorded.Stored(m)
	result := verify(t, out.Bytes())
	require.Equal(t, spec.Violated, result.Verdict)
	last := result.Findings[len(result.Findings)-1] // the first is the request for votes, see above
	require.Equal(t, "n2 acknowledges entries up to index 3 while its disk holds nothing at index 3", last.Message)
}

// BenchmarkReplicate is a proposal from the leader to two followers and back, with and without a recorder: three servers' worth.
func BenchmarkReplicate(b *testing.B) {
	var out bytes.Buffer
	for name, to := range map[string]*bytes.Buffer{"plain": nil, "recorded": &out} {
		b.Run(name, func(b *testing.B) {
			c := start(b, 1, to, world{})
			require.NoError(b, c.servers[1].Campaign())
			c.settle()
			data := make([]byte, 100)
			b.ReportAllocs()
			for b.Loop() {
				require.NoError(b, c.servers[1].Propose(data))
				c.settle()
				out.Reset()
			}
		})
	}
}
