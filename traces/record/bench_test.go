package record_test

import (
	"io"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces/record"
)

// replicate records what a follower does most: an entry arrives, is written and is acknowledged.
func replicate(s *record.Server, tail *record.Tail, i spec.Index) {
	entry := spec.Entry{Term: 3, Value: "#0123456789abcdef"}
	step := s.Receive(spec.Message{Kind: spec.AppendEntries, From: 1, To: 2, Term: 3, PrevLogIndex: i - 1, PrevLogTerm: 3, Entries: []spec.Entry{entry}, LeaderCommit: i - 1})
	tail.Append(i, entry)
	log := tail.After(i - 1)
	step.Persist(spec.Durable{Term: 3, VotedFor: 1, Log: log})
	step.Send(spec.Message{Kind: spec.AppendEntriesReply, From: 2, To: 1, Term: 3, Success: true, MatchIndex: i})
	step.Observe(spec.Observation{Unknown: spec.FieldVotes | spec.FieldProgress | spec.FieldConfig, Role: spec.Follower, Term: 3, VotedFor: 1, LeaderID: 1,
		Log: log, CommitIndex: i - 1, LastApplied: i - 1, Durable: spec.Durable{Term: 3, VotedFor: 1, Log: log}})
}

func BenchmarkRecord(b *testing.B) {
	for name, o := range map[string]record.Options{"at once": {}, "buffered": {Buffer: 64 << 10}} {
		b.Run(name, func(b *testing.B) {
			r, err := record.Open(filepath.Join(b.TempDir(), "n2.trace"), header, o)
			require.NoError(b, err)
			defer r.Close()
			s, tail, i := r.Server(2), record.NewTail(spec.Log{}, 64), spec.Index(0)
			b.ReportAllocs()
			for b.Loop() {
				i++
				replicate(s, tail, i)
			}
			require.NoError(b, r.Err())
		})
	}
	b.Run("many goroutines", func(b *testing.B) {
		r, err := record.New(io.Discard, header, record.Options{Buffer: 64 << 10})
		require.NoError(b, err)
		b.RunParallel(func(pb *testing.PB) {
			s, tail, i := r.Server(2), record.NewTail(spec.Log{}, 64), spec.Index(0)
			for pb.Next() {
				i++
				replicate(s, tail, i)
			}
		})
	})
}
