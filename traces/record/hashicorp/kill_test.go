package hashicorp_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/raft"
	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
	"github.com/raftcheck/raftcheck/traces/record"
	"github.com/raftcheck/raftcheck/traces/record/hashicorp"
)

// mortal is the disk of a server that may be killed at any write: after the write, before anybody learns of it. Its recorder dies
// with it, and whatever its goroutines still do is not recorded.
type mortal struct {
	*raft.InmemStore
	server *server
	chance *rand.Rand

	mutex    sync.Mutex
	recorder *record.Recorder
	armed    bool
	dead     bool
	deaths   map[string]int
	torn     map[string]bool
}

func (m *mortal) survives(what string) {
	m.mutex.Lock()
	dies := m.dead || m.armed && m.chance.IntN(4) == 0
	if dies && !m.dead {
		m.dead = true
		m.deaths[what]++
		if what == "LastVoteTerm" {
			term, _ := m.GetUint64([]byte(what))
			m.torn[fmt.Sprint(" gave its vote in term ", term, " to ")] = true
		}
		m.server.transport.DisconnectAll()
		_ = m.recorder.Close()
	}
	m.mutex.Unlock()
	if dies {
		runtime.Goexit()
	}
}

func (m *mortal) isDead() bool {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.dead
}

func (m *mortal) Set(key, value []byte) error {
	defer m.survives(string(key))
	return m.InmemStore.Set(key, value)
}

func (m *mortal) SetUint64(key []byte, value uint64) error {
	defer m.survives(string(key))
	return m.InmemStore.SetUint64(key, value)
}

func (m *mortal) StoreLogs(logs []*raft.Log) error {
	defer m.survives("StoreLogs")
	return m.InmemStore.StoreLogs(logs)
}

func (m *mortal) DeleteRange(first, last uint64) error {
	defer m.survives("DeleteRange")
	return m.InmemStore.DeleteRange(first, last)
}

// revive starts a server with the disk that it had, recording to the file that it had.
func (c *cluster) revive(s *server, m *mortal, path string) {
	recorder, err := record.Open(path, record.Header{Variants: hashicorp.Variants}, record.Options{})
	require.NoError(c.t, err)
	m.mutex.Lock()
	m.recorder, m.armed, m.dead = recorder, false, false
	m.mutex.Unlock()
	for k := range c.servers {
		if c.servers[k] == s {
			c.recorder[k] = recorder
		}
	}
	s.logs, s.stable = m, m
	c.boot(s)
}

// Servers that are killed between a write and the record of it are found to have done nothing wrong, but for what the library does: it writes the term of
// a vote and whom it is for one after the other (hashicorp/raft#661), and may have asked others for theirs before.
func TestAServerThatIsKilledIsNoFinding(t *testing.T) {
	deaths, torn := map[string]int{}, map[string]bool{}
	for seed := range seeds(t) {
		folder := t.TempDir()
		var paths []string
		synctest.Test(t, func(t *testing.T) {
			c := start(t, seed, world{size: 3, apart: true, express: true})
			var disks []*mortal
			for k, s := range c.servers {
				c.stop(s)
				paths = append(paths, filepath.Join(folder, string(s.ID)+".trace"))
				disks = append(disks, &mortal{InmemStore: s.disk, server: s, chance: rand.New(rand.NewPCG(seed, uint64(k))), deaths: deaths, torn: torn})
				s.dead = disks[k].isDead
				c.revive(s, disks[k], paths[k])
			}
			time.Sleep(5 * time.Second)
			for range 200 {
				c.killAny(disks, paths)
			}
			c.stopAll()
		})
		result := verifyJoined(t, paths)
		known := func(f traces.Finding) bool {
			for about := range torn {
				if f.Rule.Name == "durable-before-send" && strings.Contains(f.Message, about) && strings.Contains(f.Message, " and comes back with a vote for ") {
					return true
				}
			}
			return false
		}
		findings := slices.DeleteFunc(result.Findings, known)
		for _, f := range findings {
			require.Fail(t, "a rule is broken", "seed %d: %s: %s\n%v", seed, f.Rule.Name, f.Message, f.Evidence)
		}
		require.True(t, result.Verdict == spec.Held || len(findings) < len(result.Findings))
	}
	for _, what := range []string{"CurrentTerm", "LastVoteTerm", "StoreLogs"} {
		require.Positive(t, deaths[what], what)
	}
}

// killAny lets the cluster work for a while, in which one server may die, and starts those again that are dead.
func (c *cluster) killAny(disks []*mortal, paths []string) {
	k := c.chance.IntN(len(disks))
	disks[k].mutex.Lock()
	disks[k].armed = true
	disks[k].mutex.Unlock()
	if leader := c.leader(); leader != nil {
		for range c.chance.IntN(5) {
			leader.raft.Apply([]byte("x"), time.Second)
		}
		if c.chance.IntN(3) == 0 { // what it is told from now on is replaced later
			leader.cut = true
			c.connect()
			leader.raft.Apply([]byte("y"), time.Second)
		}
	}
	if c.chance.IntN(3) == 0 {
		for _, s := range c.servers {
			s.cut = false
		}
		c.connect()
	}
	time.Sleep(time.Duration(c.chance.IntN(4000)) * time.Millisecond)
	synctest.Wait()
	for k, s := range c.servers {
		if disks[k].isDead() {
			c.stop(s)
			s.cut = false
			c.revive(s, disks[k], paths[k])
		}
		disks[k].mutex.Lock()
		disks[k].armed = false
		disks[k].mutex.Unlock()
	}
}

func verifyJoined(t *testing.T, paths []string) *traces.Result {
	var sources []traces.Source
	for _, path := range paths {
		lines, err := traces.OpenLines(path, nil)
		require.NoError(t, err)
		source, err := traces.NewReader(lines, traces.Options{})
		require.NoError(t, err)
		defer source.Close()
		sources = append(sources, source)
	}
	joined := filepath.Join(filepath.Dir(paths[0]), "joined.trace")
	out, err := os.Create(joined)
	require.NoError(t, err)
	require.NoError(t, traces.Join(out, sources...))
	require.NoError(t, out.Close())
	data, err := os.ReadFile(joined)
	require.NoError(t, err)
	if path := os.Getenv("RAFTCHECK_KEEP"); path != "" {
		require.NoError(t, os.WriteFile(path, data, 0o666))
	}
	return verify(t, data)
}
