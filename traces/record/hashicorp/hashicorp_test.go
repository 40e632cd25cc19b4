package hashicorp_test

import (
	"bytes"
	"os"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/raft"
	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
)

var worlds = map[string]world{
	"plain":                 {size: 3},
	"no pre-votes":          {size: 3, config: func(c *raft.Config) { c.PreVoteDisabled = true }},
	"one entry a message":   {size: 3, config: func(c *raft.Config) { c.MaxAppendEntries = 1 }},
	"configuration changes": {size: 4},
	"express heartbeats":    {size: 3, express: true},
	"recorded apart":        {size: 3, express: true, apart: true},
}

// seeds is how many executions of each world are tried; RAFTCHECK_SEEDS may ask for more.
func seeds(t *testing.T) uint64 {
	n, err := strconv.ParseUint(os.Getenv("RAFTCHECK_SEEDS"), 10, 64)
	if err != nil {
		return 2
	}
	t.Logf("%d seeds", n)
	return n
}

// Nothing is found in what the real library does, whatever happens around it, and what matters is put to the test.
func TestACleanRunIsClean(t *testing.T) {
	for name, w := range worlds {
		t.Run(name, func(t *testing.T) {
			checked, snapshots := map[string]int{}, 0
			for seed := range seeds(t) {
				var out []byte
				synctest.Test(t, func(t *testing.T) {
					c := start(t, seed, w)
					time.Sleep(5 * time.Second)
					for range 100 {
						c.step()
					}
					c.end()
					c.stopAll()
					out = c.recorded()
				})
				snapshots += bytes.Count(out, []byte(`"kind":"InstallSnapshotReply"`))
				result := verify(t, out)
				for _, f := range result.Findings {
					if path := os.Getenv("RAFTCHECK_KEEP"); path != "" {
						require.NoError(t, os.WriteFile(path, out, 0o666))
					}
					require.Fail(t, "a rule is broken", "seed %d: %s: %s\n%v", seed, f.Rule.Name, f.Message, f.Evidence)
				}
				require.Equal(t, spec.Held, result.Verdict)
				require.Positive(t, result.Elections)
				for _, rule := range result.Rules {
					checked[rule.Rule.Name] += rule.Checked
				}
			}
			for _, name := range []string{"term-monotonic", "election-safety", "vote-once", "log-matching", "state-machine-safety", "leader-completeness",
				"durable-before-send", "commit-monotonic", "leader-append-only", "vote-up-to-date", "prev-matches", "commit-own-term", "commit-verified",
				"entries-from-log", "prev-term-true", "ack-verified", "heed-higher-term", "candidate-votes-for-itself", "trace-consistent"} {
				require.Positive(t, checked[name], name)
			}
			require.Positive(t, snapshots, "a snapshot was installed")
		})
	}
}
