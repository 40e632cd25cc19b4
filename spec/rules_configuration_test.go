package spec_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
)

// changes is a log of no-ops of these terms, but for the configurations given by index.
func changes(terms []spec.Term, configurations map[spec.Index]string) feature {
	return func(o *spec.Observation) {
		for k, term := range terms {
			e := spec.Entry{Term: term, Kind: spec.NoOp}
			if text, is := configurations[o.Log.Base+1+spec.Index(k)]; is {
				e.Kind, e.Value = spec.ConfigurationChange, text
			}
			o.Log.Entries = append(o.Log.Entries, e)
		}
	}
}

type at = map[spec.Index]string

var (
	one   = []spec.Term{1}
	two   = []spec.Term{1, 1}
	three = []spec.Term{1, 1, 1}
)

// reconfigures is a snapshot with a configuration.
func reconfigures(m spec.Message, text string) spec.Message {
	m.Entries = []spec.Entry{{Term: m.PrevLogTerm, Kind: spec.ConfigurationChange, Value: text}}
	return m
}

var configurationCases = []stepCase{
	{"R6-01", "the last one", step(follower(1), receives(appendEntries(1, 0, 0, 0)), follower(1, changes(two, at{1: "voters=n1", 2: "voters=n1,n2"}), voters(1, 2))), ""},
	{"R6-01", "the last one committed", step(follower(1), receives(appendEntries(1, 0, 0, 1)), follower(1, changes(two, at{1: "voters=n1", 2: "voters=n1,n2"}), commit(1), voters(1))),
		"n1 goes by the configuration voters=n1 and has voters=n1,n2 at index 2 of its log"},

	{"R6-02", "a majority of each", step(leader(1, log(1), voters(2, 3), outgoing(1), progress(1, 0, 2, 1)), receives(accepts(1, 1)), leader(1, log(1), voters(2, 3), outgoing(1), progress(2, 1, 2, 1), commit(1))), ""},
	{"R6-02", "a majority of all", step(leader(1, log(1), voters(2, 3), outgoing(1)), receives(accepts(1, 1)), leader(1, log(1), voters(2, 3), outgoing(1), progress(2, 1, 1, 0), commit(1))),
		"n1, leader of term 1, commits index 1, which it knows to be stored on n2 n1"},
	{"R6-02", "one half elects", step(candidate(1, voters(2, 3), outgoing(1)), receives(voteReply(1, true)), leader(1, voters(2, 3), outgoing(1))),
		"n1 becomes leader of term 1 with the votes of n2 n1"},

	{"R6-03", "the joint one is committed", step(leader(1, changes(one, at{1: "voters=n2 outgoing=n1"})), receives(accepts(1, 1)), leader(1, changes(two, at{1: "voters=n2 outgoing=n1", 2: "voters=n2"}), commit(1))), ""},
	{"R6-03", "it is not", step(leader(1, changes(one, at{1: "voters=n2 outgoing=n1"})), input(spec.Heartbeat), leader(1, changes(two, at{1: "voters=n2 outgoing=n1", 2: "voters=n2"}))),
		"n1 appends voters=n2 at index 2, and the joint configuration at index 1 is not committed"},

	{"R6-05", "one after the other", step(leader(1, changes(one, at{1: "voters=n1,n2"}), commit(1)), input(spec.Reconfigure), leader(1, changes(two, at{1: "voters=n1,n2", 2: "voters=n1"}), commit(1))), ""},
	{"R6-05", "two at once", step(leader(1, changes(one, at{1: "voters=n1,n2"})), input(spec.Reconfigure), leader(1, changes(two, at{1: "voters=n1,n2", 2: "voters=n1"}))),
		"n1 appends voters=n1 at index 2, and the configuration at index 1 is not committed"},

	{"R6-06", "after its no-op", step(leader(1, changes(one, nil), commit(1)), input(spec.Reconfigure), leader(1, changes(two, at{2: "voters=n1,n2"}), commit(1))), ""},
	{"R6-06", "too early", step(leader(2, changes(one, nil), commit(1)), input(spec.Reconfigure), leader(2, changes(two, at{2: "voters=n1,n2"}), commit(1))),
		"n1, leader of term 2, appends voters=n1,n2 at index 2, and the last entry that it has committed is of term 1"},

	{"R6-07", "one fewer", step(leader(1), input(spec.Reconfigure), leader(1, changes(one, at{1: "voters=n1,n2"}))), ""},
	{"R6-07", "through a joint one", step(leader(1), input(spec.Reconfigure), leader(1, changes(one, at{1: "voters=n1 outgoing=n1,n2,n3"}))), ""},
	{"R6-07", "two fewer", step(leader(1), input(spec.Reconfigure), leader(1, changes(one, at{1: "voters=n1"}))),
		"n1 appends voters=n1 at index 1 after voters=n1,n2,n3"},

	{"R6-08", "back to the first", step(follower(1, changes(one, at{1: "voters=n1"}), voters(1)), receives(appendEntries(2, 0, 0, 0, 2)), follower(2, log(2))), ""},
	{"R6-08", "back to the one before", step(follower(1, changes(two, at{1: "voters=n1,n2", 2: "voters=n1"}), voters(1)), receives(appendEntries(2, 1, 1, 0)), follower(2, changes(one, at{1: "voters=n1,n2"}), voters(1, 2))), ""},
	{"R6-08", "not rolled back", step(follower(1, changes(one, at{1: "voters=n1"}), voters(1)), receives(appendEntries(2, 0, 0, 0, 2)), follower(2, log(2), voters(1))),
		"n1 loses the configuration voters=n1 at index 1 and still goes by it"},

	{"R6-11", "until it is committed", step(leader(1, voters(2, 3)), input(spec.Heartbeat), leader(1, changes(one, at{1: "voters=n2,n3"}), voters(2, 3))), ""},
	{"R6-11", "and longer", step(leader(1, voters(2, 3)), receives(accepts(1, 1)), leader(1, changes(one, at{1: "voters=n2,n3"}), voters(2, 3), commit(1))),
		"n1 leads term 1 and is not in the configuration voters=n2,n3, committed at index 1"},

	{"R6-13", "a voter", step(candidate(1, voters(1)), input(spec.Timeout), leader(2, voters(1))), ""},
	{"R6-13", "nobody's voter", step(follower(0, voters()), input(spec.Timeout), leader(1, voters())), "n1 becomes leader of term 1 and knows no configuration"},

	{"R7-05", "the snapshot's", step(follower(1, voters(1)), receives(reconfigures(snapshot(1, 2, 1), "voters=n1,n2")), follower(1, compacted(2, 1), commit(2), voters(1, 2))), ""},
	{"R7-05", "a later one that survives", step(follower(1, changes(three, at{3: "voters=n1"}), voters(1)), receives(reconfigures(snapshot(1, 2, 1), "voters=n1,n2")),
		follower(1, compacted(2, 1), changes(one, at{3: "voters=n1"}), commit(2), voters(1))), ""},
	{"R7-05", "one that is gone", step(follower(1, changes(three, at{3: "voters=n1"}), voters(1)), receives(reconfigures(snapshot(1, 2, 2), "voters=n1,n2")), follower(1, compacted(2, 2), commit(2), voters(1))),
		"n1 takes a snapshot with the configuration voters=n1,n2 and goes by voters=n1"},
}

func TestConfigurationsParseBack(t *testing.T) {
	for _, text := range []string{"voters=n1", "voters=n1,n2,n3 outgoing=n2,n3,n4", "voters=n2 learners=n1,n12", "voters="} {
		c, err := spec.ParseConfiguration(text)
		require.NoError(t, err)
		require.Equal(t, text, c.String())
	}
	for text, want := range map[string]string{
		"voters=1":      `"1" is not a server: n1, n2, …`,
		"voters=n0":     `"n0" is not a server: n1, n2, …`,
		"members=n1,n2": `"members=n1,n2" is not voters=…, outgoing=… or learners=…`,
	} {
		_, err := spec.ParseConfiguration(text)
		require.EqualError(t, err, want)
	}
}

func TestChangesParseBack(t *testing.T) {
	for _, text := range []string{"voters=n1", "voters=n1,n2 learners=n3", "voters=n2,n3 joint", "voters=n2 learners=n1 joint"} {
		c, err := spec.ParseChange(text)
		require.NoError(t, err)
		require.Equal(t, text, c.String())
	}
	for _, text := range []string{"", "joint", "learners=n1", "voters=n1 outgoing=n2", "voters=x"} {
		_, err := spec.ParseChange(text)
		require.Error(t, err, text)
	}
}
