package page_test

import (
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// inFlight counts the messages in flight after each record, as the network has them; whole is false where one arrives that nobody is seen to send.
func inFlight(tr *traces.Trace) (counts []int, whole bool) {
	var network []spec.Message
	for k := range tr.Records {
		r := &tr.Records[k]
		taken := r.Message
		if r.Step != nil && r.Step.Input.Kind == spec.Deliver {
			taken = r.Step.Input.Message
		}
		if taken.Kind != 0 {
			at := slices.IndexFunc(network, func(m spec.Message) bool { return m.Equal(taken) })
			switch {
			case at < 0:
				return nil, false
			case r.Event == traces.EventDuplicate:
				network = append(network, taken)
			case !r.Stays:
				network = slices.Delete(network, at, at+1)
			}
		}
		if r.Step != nil {
			for n, m := range r.Step.Output.Sent {
				if !slices.Contains(r.Lost, n) {
					network = append(network, *m)
				}
			}
		}
		counts = append(counts, len(network))
	}
	return counts, true
}

// TestMessagesOnTheirWayAreListed counts those of every step as the network has them.
func TestMessagesOnTheirWayAreListed(t *testing.T) {
	all := recorded(t)
	saved, err := filepath.Glob("../../impl/mutant/testdata/clients/*.trace")
	require.NoError(t, err)
	for _, path := range saved {
		all[filepath.Base(path)] = read(t, path)
	}
	all["stays"] = stays()
	item := regexp.MustCompile(`<li data-since="(\d+)" data-until="(-?\d+)"( hidden="")?>`)
	tried := 0
	for name, tr := range all {
		counts, whole := inFlight(tr)
		if !whole {
			continue
		}
		tried++
		listed := item.FindAllStringSubmatch(pageOf(t, executionOf(tr)), -1)
		for k, want := range counts {
			row, n, shown := k+1, 0, 0
			for _, m := range listed {
				since, _ := strconv.Atoi(m[1])
				until, _ := strconv.Atoi(m[2])
				if since <= row && (until < 0 || until > row) {
					n++
				}
				if m[3] == "" {
					shown++
				}
			}
			require.Equal(t, want, n, "%s, step %d", name, tr.Records[k].Number)
			if row == len(counts) {
				require.Equal(t, want, shown, "%s: without a script those at the end are listed", name)
			}
		}
	}
	require.Greater(t, tried, 20)
}

// stays is an execution in which a message arrives three times, and goes on staying in flight.
func stays() *traces.Trace {
	tr := long(1)
	vote := spec.Message{Kind: spec.RequestVote, From: 1, To: 2, Term: 2}
	ask := &spec.Step{Server: 1, Input: spec.Input{Kind: spec.Timeout}}
	send(ask, vote)
	tr.Records = []traces.Record{traces.RecordOf(1, ask)}
	for n := 2; n <= 4; n++ {
		r := traces.RecordOf(n, &spec.Step{Server: 2, Input: spec.Input{Kind: spec.Deliver, Message: vote}})
		r.Stays = true
		tr.Records = append(tr.Records, r)
	}
	return tr
}
