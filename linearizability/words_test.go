package linearizability_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/linearizability"
	"github.com/raftcheck/raftcheck/spec"
)

// happened writes a Jepsen history: one line for each happening, "process type f value".
func happened(lines ...string) string {
	var text strings.Builder
	for _, line := range lines {
		parts := strings.SplitN(line, " ", 4)
		fmt.Fprintf(&text, "{:process %s, :type :%s, :f :%s, :value %s}\n", parts[0], parts[1], parts[2], parts[3])
	}
	return text.String()
}

// TestThingsAreToldInTheirOwnWords: what is wrong with queues, locks and sets is told as their clients know them.
func TestThingsAreToldInTheirOwnWords(t *testing.T) {
	for _, c := range []struct {
		name    string
		history string
		message string
		texts   []string
		why     string
		hint    string
	}{
		{"lost", happened("0 invoke enqueue 7", "0 ok enqueue 7", "1 invoke dequeue nil", "1 ok dequeue nil"),
			"client 1 finds the queue empty, though 7 was put in and not taken out", []string{"enqueue 7", "dequeue: nothing"},
			"Nobody can have taken 7 out before operation 2 returned.", ""},
		{"lost by a drain", happened("0 invoke enqueue 7", "0 ok enqueue 7", "0 invoke enqueue 8", "0 ok enqueue 8", "1 invoke drain nil", "1 ok drain [8]"),
			"client 1 drains the queue and does not get 7, though it was put in and not taken out", []string{"enqueue 7", "drain: all but 7"}, "Operation 1 (enqueue 7) had returned", ""},
		{"twice", happened("0 invoke enqueue 7", "0 ok enqueue 7", "1 invoke dequeue nil", "1 ok dequeue 7", "2 invoke drain nil", "2 ok drain [7]"),
			"client 2 takes 7 out of the queue, where it no longer is", []string{"enqueue 7", "dequeue: 7", "drain: 7 among others"},
			"7 was put in once, by operation 1, and taken out twice, by operations 2 and 3.", ""},
		{"three times", happened("0 invoke enqueue 7", "0 ok enqueue 7", "0 invoke enqueue 7", "0 info enqueue 7", "1 invoke drain nil", "1 ok drain [7 7 7]"),
			"client 1 takes 7 out of the queue, where it no longer is", []string{"enqueue 7", "enqueue 7 (unknown)", "drain: 7 among others", "drain: 7 among others", "drain: 7 among others"},
			"taken out 3 times", ""},
		{"nobody", happened("0 invoke enqueue 6", "0 ok enqueue 6", "1 invoke dequeue nil", "1 ok dequeue 7"),
			"client 1 takes 7 out of the queue, which nobody put in", []string{"dequeue: 7"}, "No operation puts 7 into the queue.", "if the queue was not empty"},
		{"failed", happened("0 invoke enqueue 7", "0 fail enqueue 7", "1 invoke dequeue nil", "1 ok dequeue 7"),
			"client 1 takes 7 out of the queue, though the :enqueue of it failed", []string{"dequeue: 7"}, "Only client 0 wanted to put 7 into the queue, at line 1", "if the queue was not empty"},
		{"too early", happened("1 invoke dequeue nil", "1 ok dequeue 7", "0 invoke enqueue 7", "0 ok enqueue 7"),
			"client 1 takes 7 out of the queue before it is put in", nil, "", "if the queue was not empty"},
		{"of two queues", happened("0 invoke enqueue [a 7]", "0 ok enqueue [a 7]", "1 invoke dequeue [b nil]", "1 ok dequeue [b 7]"),
			"client 1 takes 7 out of the queue b, which nobody put in", []string{"dequeue b: 7"}, "", "if the queue b was not empty"},
		{"two hold it", happened("0 invoke acquire nil", "0 ok acquire nil", "1 invoke acquire nil", "1 ok acquire nil"),
			"client 1 acquires the lock, which client 0 holds", []string{"acquire", "acquire"}, "The lock was acquired twice, by operations 1 and 2, and nobody released it between.", "a lease"},
		{"of two locks", happened("0 invoke acquire [a nil]", "0 ok acquire [a nil]", "1 invoke acquire [b nil]", "1 ok acquire [b nil]", "2 invoke acquire [b nil]", "2 ok acquire [b nil]"),
			"client 2 acquires the lock b, which client 1 holds", []string{"acquire b", "acquire b"}, "", "a lease"},
		{"released twice", happened("0 invoke acquire nil", "0 ok acquire nil", "0 invoke release nil", "0 ok release nil", "0 invoke release nil", "0 ok release nil"),
			"client 0 releases the lock, which nobody holds", []string{"acquire", "release", "release"}, "The lock was acquired once, by operation 1, and released twice, by operations 2 and 3.", ""},
		{"released first", happened("0 invoke release nil", "0 ok release nil", "0 invoke acquire nil", "0 ok acquire nil"),
			"client 0 releases the lock, which nobody holds", []string{"release", "acquire"}, "", "if the lock was held"},
		{"missing in a set", happened("0 invoke add 1", "0 ok add 1", "1 invoke add 2", "1 ok add 2", "2 invoke read nil", "2 ok read #{2}"),
			"client 2 reads the set without 1, which had been added before (G-single-realtime)", []string{"add 1", "read: without 1"}, "operation 2 reads the set without 1, which operation 1 added", ""},
		{"in a set of nobody", happened("0 invoke add 1", "0 ok add 1", "2 invoke read nil", "2 ok read #{1 9}"),
			"client 2 reads the set with 9, which nobody added (unwritten-read)", []string{"read: with 9"}, "No operation adds 9 to the set.", "if the set was not empty"},
		{"in a set though it failed", happened("0 invoke add 1", "0 fail add 1", "2 invoke read nil", "2 ok read #{1}"),
			"client 2 reads the set with 1, though the :add of it failed (G1a)", []string{"read: with 1"}, "Only client 0 wanted to add 1 to the set, at line 1", "if the set was not empty"},
		{"gone from a set", happened("0 invoke add 1", "0 ok add 1", "1 invoke read nil", "1 ok read #{1}", "2 invoke read nil", "2 ok read #{}"),
			"client 2 reads the set without 1, which had been added before (G-single-realtime)", nil, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := findingIn(t, c.history, linearizability.ReadOptions{})
			require.Equal(t, c.message, f.Message)
			var texts []string
			for _, o := range f.Operations {
				texts = append(texts, o.Text)
			}
			if c.texts != nil {
				require.Equal(t, c.texts, texts)
			}
			require.Contains(t, strings.Join(f.Why, " "), c.why)
			require.Contains(t, strings.Join(f.Hints, " "), c.hint)
			if c.hint == "" {
				require.Empty(t, f.Hints)
				return
			}
			if strings.Contains(c.hint, "was") {
				h, err := linearizability.ReadFrom("h.edn", strings.NewReader(c.history), linearizability.ReadOptions{InitialUnknown: true})
				require.NoError(t, err)
				r, err := linearizability.Verify(context.Background(), h, linearizability.Options{})
				require.NoError(t, err)
				require.Equal(t, spec.Held, r.Verdict, "what is hinted at explains it")
			}
		})
	}
}

func findingIn(t *testing.T, text string, o linearizability.ReadOptions) *linearizability.Finding {
	t.Helper()
	h, err := linearizability.ReadFrom("h.edn", strings.NewReader(text), o)
	require.NoError(t, err)
	r, err := linearizability.Verify(context.Background(), h, linearizability.Options{})
	require.NoError(t, err)
	require.Equal(t, spec.Violated, r.Verdict)
	return &r.Findings[0]
}

// ofRegisters are words that nobody used who put something into a queue.
var ofRegisters = regexp.MustCompile(`\b(cas|compares|writes?|wrote|reads? queue|expect|nil)\b|queue/`)

// TestQueuesAreNotToldAsRegisters: whatever is wrong with a queue, nothing that is said of it is of registers.
func TestQueuesAreNotToldAsRegisters(t *testing.T) {
	g := rand.New(rand.NewPCG(3, 8))
	told := 0
	for range 600 {
		text, _ := randomQueue(g)
		h, err := linearizability.ReadFrom("queue.edn", strings.NewReader(text), linearizability.ReadOptions{})
		if err != nil {
			continue
		}
		r, err := linearizability.Verify(context.Background(), h, linearizability.Options{All: true})
		require.NoError(t, err)
		for k := range r.Findings {
			f := &r.Findings[k]
			said := f.Message + "\n" + strings.Join(f.Lines("queue.edn"), "\n")
			require.NotRegexp(t, ofRegisters, said, text)
			require.NotEmpty(t, f.Why)
			told++
		}
	}
	require.Positive(t, told)
}
