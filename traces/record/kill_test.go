package record_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces/record"
)

// mostRecorded is how many steps each server records at most, if whoever is to kill the process is kept waiting.
const mostRecorded = 20_000

// recordForEver is what the process does that is killed: two servers, each in a goroutine, campaign from a term on.
func recordForEver(path string, from spec.Term) {
	r, err := record.Open(path, record.Header{Servers: []spec.ServerID{1, 2}}, record.Options{})
	if err != nil {
		panic(err)
	}
	var all sync.WaitGroup
	for id := spec.ServerID(1); id <= 2; id++ {
		all.Go(func() {
			s := r.Server(id)
			now := record.Nothing()
			now.Unknown &^= spec.FieldRole | spec.FieldTerm | spec.FieldVotedFor | spec.FieldDurable
			now.Term, now.Durable.Term = from, from
			s.Happens(spec.Input{Kind: spec.Restart}).Observe(now)
			for range mostRecorded {
				now.Role, now.Term, now.VotedFor = spec.Candidate, now.Term+1, id
				now.Durable.Term, now.Durable.VotedFor = now.Term, id
				step := s.Happens(spec.Input{Kind: spec.Timeout})
				step.Persist(now.Durable)
				step.Send(spec.Message{Kind: spec.RequestVote, From: id, To: 3 - id, Term: now.Term})
				step.Observe(now)
			}
			time.Sleep(time.Hour) // until it is killed
		})
	}
	all.Wait()
}

// A process that is killed leaves whole lines, but for the last, all of which are verified, and the next one goes on after them.
func TestAProcessThatIsKilledLosesTheLineAtHand(t *testing.T) {
	if path := os.Getenv("RAFTCHECK_RECORD_FOR_EVER"); path != "" {
		from, err := strconv.ParseUint(os.Getenv("RAFTCHECK_FROM_TERM"), 10, 64)
		require.NoError(t, err)
		recordForEver(path, spec.Term(from))
	}
	path := filepath.Join(t.TempDir(), "servers.trace")
	lines := 0
	for round := range 3 {
		child := exec.Command(os.Args[0], "-test.run=^TestAProcessThatIsKilledLosesTheLineAtHand$")
		child.Env = append(os.Environ(), "RAFTCHECK_RECORD_FOR_EVER="+path, fmt.Sprintf("RAFTCHECK_FROM_TERM=%d", round*1_000_000_000))
		require.NoError(t, child.Start())
		for bytes.Count(read(t, path), []byte("\n")) < lines+500 { // until it has recorded something
			time.Sleep(time.Millisecond)
		}
		require.NoError(t, child.Process.Kill())
		require.Error(t, child.Wait())

		whole := read(t, path)
		whole = whole[:bytes.LastIndexByte(whole, '\n')+1]
		lines = bytes.Count(whole, []byte("\n"))
		result := verify(t, whole)
		require.Equal(t, spec.Held, result.Verdict)
		require.Equal(t, lines-1, result.Records, "all but the header")

		// What a disk that lost power may leave of a line is removed by whoever goes on.
		torn, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
		require.NoError(t, err)
		_, err = torn.WriteString(`{"n":999999,"server":"n1","eve`)
		require.NoError(t, err)
		require.NoError(t, torn.Close())
	}
	r, err := record.Open(path, header, record.Options{})
	require.NoError(t, err)
	require.NoError(t, r.Close())
	require.Equal(t, lines, bytes.Count(read(t, path), []byte("\n")))
}

func read(t *testing.T, path string) []byte {
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil
	}
	require.NoError(t, err)
	return data
}
