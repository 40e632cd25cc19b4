//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/report"
)

// TestASearchGoesOnAfterAnyEnd: processes that search in a directory are killed, interrupted and cut short at random moments, time and again, and
// the last comes to the result that an undisturbed search in memory has. The long run: -moments 200.
func TestASearchGoesOnAfterAnyEnd(t *testing.T) {
	rounds := max(1, *moments/2)
	ends := []way{{"kill -9", syscall.SIGKILL, 0}, {"SIGTERM", syscall.SIGTERM, 0}, {"a full disk", 0, 4}, {"SIGINT", syscall.SIGINT, 0}}
	for call, inMemory := range map[string]string{
		"check --impl spec --log 0 --symmetry --save none":               "",
		"check --impl mutant:rp-next-le-match --save none":               " --reduce none",
		"check --messages 1 --reduce losses,no-ops,symmetry --save none": "",
		"check --nodes 2 --log 3 --reduce none --save none":              "",
		"check --impl mutant:el-leader-votes --reduce none --save none":  "",
	} {
		want := searched(t, t.TempDir(), call+inMemory)
		for round := range rounds {
			random := rand.New(rand.NewPCG(uint64(round), 7))
			dir := t.TempDir()
			for end := range 3 {
				endedAt(t, dir, call, ends[(round+end)%len(ends)].heeded(), time.Duration(random.IntN(300))*time.Millisecond)
			}
			require.Equal(t, want, searched(t, dir, call+onwards(dir)), "%s, round %d", call, round)
		}
	}
}

// TestALargeSearchGoesOnAfterKills: as the one above, of 3,759,860 states in two kinds of memory, one that holds them all and one that does not; of 34,058,756 if
// it is to be killed more than once.
func TestALargeSearchGoesOnAfterKills(t *testing.T) {
	call, tight, most := "check --impl spec --log 0 --messages 2 --save none", " --memory 64MiB", 300
	if *kills > 1 {
		call, tight, most = "check --impl spec --log 1 --messages 2 --save none", " --memory 128MiB", 4000
	}
	want := searched(t, t.TempDir(), call)
	for round, memory := range []string{" --memory 1GiB", tight} {
		random := rand.New(rand.NewPCG(*chance, uint64(round)))
		dir := t.TempDir()
		for range *kills {
			after := time.Duration(100+random.IntN(most)) * time.Millisecond
			endedAt(t, dir, call+memory, way{"kill -9", syscall.SIGKILL, 0}, after)
			t.Logf("killed after %s", after)
		}
		require.Equal(t, want, searched(t, dir, call+memory+onwards(dir)), memory)
	}
}

// endedAt begins a search in a directory, or goes on with the one that is there, and ends it in some way after a time.
func endedAt(t *testing.T, dir, call string, w way, after time.Duration) {
	t.Helper()
	p := begin(t, dir, w.limit, strings.Fields(call+onwards(dir))...)
	if w.signal != 0 {
		time.Sleep(after)
		_ = p.Process.Signal(w.signal) // it may have ended
	}
	code := p.end(t, w.name)
	require.Contains(t, []int{-1, exitHeld.code(), exitViolated.code(), exitInconclusive.code()}, code, "%s: %s", w.name, p.errs.String())
}

// onwards are the flags that begin a search in a directory, or go on with the one that is there.
func onwards(dir string) string {
	if _, err := os.Stat(filepath.Join(dir, "kept", "search.json")); err == nil {
		return " --resume kept"
	}
	return " --dir kept"
}

// searched runs a search to its end and returns its report as JSON, without what depends on the clock or on where it was kept.
func searched(t *testing.T, dir, call string) string {
	t.Helper()
	p := begin(t, dir, 0, strings.Fields(call+" -o json=report.json")...)
	require.Contains(t, []int{exitHeld.code(), exitViolated.code()}, p.end(t, call), p.errs.String())
	text, err := os.ReadFile(filepath.Join(dir, "report.json"))
	require.NoError(t, err)
	var r report.Report
	require.NoError(t, json.Unmarshal(text, &r))
	s := r.Search
	s.Seconds, s.Inside, s.Bytes, s.Bits, s.Disk, s.Collision, s.Reductions = 0, 0, 0, 0, 0, 0, nil
	var out bytes.Buffer
	require.NoError(t, json.NewEncoder(&out).Encode(&r))
	return out.String()
}
