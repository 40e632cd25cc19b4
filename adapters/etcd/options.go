package etcd

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// Options says which features of the library are on, and how its servers are used. The zero value is a plain cluster in which
// every server votes.
type Options struct {
	Voters   []spec.ServerID // who votes at the start, ascending; nil is every server that is not in Learners
	Learners []spec.ServerID // who learns at the start, ascending
	Blank    []spec.ServerID // who starts without a configuration, to be added later; that takes Bootstrapped

	// Bootstrapped makes the cluster begin with a snapshot at index 1 of term 1, as the library recommends. It is always so for
	// releases before v3.4. Otherwise it begins in term 0 with empty logs, and a configuration.
	Bootstrapped bool

	PreVote      bool // servers ask for pre-votes first
	CheckQuorum  bool // leaders step down when they do not hear from a majority; Heartbeat to others lets their timers lapse
	LeaseReads   bool // ReadOnlyLeaseBased: leaders answer reads at once. It takes CheckQuorum, and is as good as clocks are (Clocks)
	Forwarding   bool // followers send commands and reads on to their leader, and answer the reads
	ForgetLeader bool // Heartbeat to a follower makes it forget its leader (since v3.6)
	AsyncStorage bool // AsyncStorageWrites; writes and applies are done by Stored inputs, in order (since v3.6)
	MaxWork      int  // with AsyncStorage, how much may wait for storage before the server does nothing else; 0 means 2

	Reads      int           // how many linearizable reads clients ask a leader for while it leads; negative is as many as they like, with one context
	OneContext bool          // every read has the same context, and one is asked for when the last is answered; else each has its own
	Transfers  bool          // leaders are asked to hand over, to each other server
	Compaction bool          // servers compact their logs, so that leaders send snapshots
	Changes    []spec.Change // what clients ask leaders to change the configuration to

	// Clocks makes Tick the tick of a server's clock, of which the election timer takes ElectionTick. A follower that has a leader may
	// campaign from then on (Timeout), since the library draws its timeout from there upwards; a leader sends heartbeats with each tick.
	Clocks bool

	// SplitWrites makes a disk of which a crash can leave the entries of a Ready without the hard state that came with them.
	// Otherwise what a Ready brings is written at once.
	SplitWrites bool
	// MaxSizePerMsg bounds the entries in one message, in bytes; at least one entry is sent. 0 is no bound.
	MaxSizePerMsg uint64
}

// timed reports whether a leader's election timer matters, so that it must be a small number of ticks long.
func (o *Options) timed() bool { return o.CheckQuorum || o.Transfers || o.Clocks }

// SkipsElapsed reports whether how long a server has waited is no part of its state.
func (o *Options) SkipsElapsed() bool { return !o.timed() }

// ElectionTick is the length of the election timer, in ticks: as short as the library allows where a leader's timer matters, else
// longer than any execution, so that elections begin by Timeout only. With clocks it is more than they may differ. HeartbeatTick is always 1.
func (o *Options) ElectionTick() int {
	switch {
	case o.Clocks:
		return 3
	case o.timed():
		return 2
	}
	return 1 << 30
}

// Inputs lists what may happen to a server besides messages and faults, for cluster.Config. values are the commands that
// clients propose.
func (o *Options) Inputs(servers []spec.ServerID, values ...string) func(spec.ServerID) []spec.Input {
	return func(id spec.ServerID) []spec.Input {
		inputs := []spec.Input{{Kind: spec.Timeout}, {Kind: spec.Heartbeat}}
		if o.Clocks {
			inputs[1] = spec.Input{Kind: spec.Tick, Peer: id}
		}
		for _, v := range values {
			inputs = append(inputs, spec.Input{Kind: spec.Propose, Value: v})
		}
		if o.AsyncStorage {
			inputs = append(inputs, spec.Input{Kind: spec.Stored})
		}
		for _, context := range o.contexts(id) {
			inputs = append(inputs, spec.Input{Kind: spec.ReadIndex, Value: context})
		}
		if o.Transfers {
			for _, to := range servers {
				if to != id {
					inputs = append(inputs, spec.Input{Kind: spec.Transfer, Peer: to})
				}
			}
		}
		if o.Compaction {
			inputs = append(inputs, spec.Input{Kind: spec.Compact})
		}
		for _, c := range o.Changes {
			inputs = append(inputs, spec.Input{Kind: spec.Reconfigure, Change: c})
		}
		return inputs
	}
}

// contexts lists the contexts of the reads that clients ask a server for. Those of one's own are used in this order.
func (o *Options) contexts(id spec.ServerID) []string {
	if o.Reads == 0 {
		return nil
	}
	if o.oneContext() {
		return []string{"r"}
	}
	all := make([]string, o.Reads)
	for k := range all {
		all[k] = o.context(id, k)
	}
	return all
}

func (o *Options) oneContext() bool { return o.OneContext || o.Reads <= 0 }

// context names the k-th read, from 0 on, that a server is asked for. Forwarded ones meet at the leader, where each has its own name.
func (o *Options) context(id spec.ServerID, k int) string {
	name := "r" + strconv.Itoa(k+1)
	if o.Forwarding {
		name = id.String() + "." + name
	}
	return name
}

// Ask makes clients and operators ask for what a world has a bound for, and for nothing else: as many reads, transfers, compactions, and those
// of the world's changes of the configuration.
func (o *Options) Ask(c *cluster.Config) {
	b := &c.Bounds
	o.Reads, o.Transfers, o.Compaction, o.Changes, o.Clocks = b.Reads, b.Transfers > 0, b.Compactions > 0, nil, b.Ticks > 0
	if b.Changes > 0 {
		if o.Changes = c.Changes; o.Changes == nil {
			o.Changes = c.AllChanges()
		}
	}
}

// OutOfReach names the goals that a cluster of these servers cannot reach: etcd's raft drops requests of an earlier term without a
// refusal, followers that forward redirect nobody, and with two voters nobody wins an election that another campaigns in.
func (o *Options) OutOfReach(servers []spec.ServerID) []string {
	goals := []string{"stale-term-refused"}
	if o.Forwarding && len(o.Changes) == 0 {
		goals = append(goals, "client-redirected")
	}
	if len(o.first(servers[0], servers).Voters) < 3 {
		goals = append(goals, "candidate-yielded", "log-conflict-repaired")
	}
	return goals
}

// Variants lists the ways in which etcd's raft declares to differ from the paper, and what it promises besides.
func (o *Options) Variants() spec.Variants {
	vs := spec.Variants{spec.SilentOnStale, spec.HeartbeatsToAll, spec.InstallsAtOnce}
	if o.PreVote {
		vs = append(vs, spec.PreVotes)
	}
	if o.CheckQuorum {
		vs = append(vs, spec.ChecksQuorum)
	}
	if o.LeaseReads {
		vs = append(vs, spec.LeaseReads)
	}
	return vs
}

// saturated reports whether so much waits for storage that it must be done first, which keeps the number of states finite.
func (o *Options) saturated(waiting int) bool {
	most := o.MaxWork
	if most == 0 {
		most = 2
	}
	return waiting >= most
}

// disk is what a server has at the start.
func (o *Options) disk(id spec.ServerID, servers []spec.ServerID) image {
	var i image
	i.snap.Conf = o.first(id, servers)
	if (o.Bootstrapped || len(o.Blank) > 0) && !slices.Contains(o.Blank, id) {
		i.hard = HardState{Term: 1, Commit: 1}
		i.restore(Snapshot{Index: 1, Term: 1, Conf: i.snap.Conf, Data: "\x01"})
	}
	return i
}

// first is the configuration that a server knows at the start.
func (o *Options) first(id spec.ServerID, servers []spec.ServerID) ConfState {
	var conf ConfState
	if slices.Contains(o.Blank, id) {
		return conf
	}
	for _, s := range servers {
		switch {
		case slices.Contains(o.Learners, s):
			conf.Learners = append(conf.Learners, uint64(s))
		case slices.Contains(o.Blank, s):
		case o.Voters == nil || slices.Contains(o.Voters, s):
			conf.Voters = append(conf.Voters, uint64(s))
		}
	}
	return conf
}

// changesTo lists the single changes that lead from a configuration to the one asked for; nil if it is that one already. It is an
// error to name a server in a way that is none.
func (c *ConfState) changesTo(wanted spec.Change) ([]ConfChange, error) {
	voters, err := named(wanted.Voters)
	if err != nil {
		return nil, err
	}
	learners, err := named(wanted.Learners)
	if err != nil {
		return nil, err
	}
	var changes []ConfChange
	for _, v := range voters {
		if !slices.Contains(c.Voters, v) {
			changes = append(changes, ConfChange{AddNode, v})
		}
	}
	for _, l := range learners {
		if !slices.Contains(c.Learners, l) {
			changes = append(changes, ConfChange{AddLearnerNode, l})
		}
	}
	for _, s := range slices.Sorted(slices.Values(slices.Concat(c.Voters, c.Learners))) {
		if !slices.Contains(voters, s) && !slices.Contains(learners, s) {
			changes = append(changes, ConfChange{RemoveNode, s})
		}
	}
	return changes, nil
}

// named reads "n1,n2".
func named(list string) ([]uint64, error) {
	if list == "" {
		return nil, nil
	}
	var ids []uint64
	for _, name := range strings.Split(list, ",") {
		id, err := strconv.ParseUint(strings.TrimPrefix(name, "n"), 10, 64)
		if err != nil || id == 0 {
			return nil, fmt.Errorf("%q is not the name of a server", name)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// Describe says what a configuration change does: "add n4", "remove n1, add learner n2", or "leave joint" for none.
func Describe(changes []ConfChange) string {
	if len(changes) == 0 {
		return "leave joint"
	}
	words := map[ConfChangeType]string{AddNode: "add", RemoveNode: "remove", AddLearnerNode: "add learner"}
	parts := make([]string, len(changes))
	for k, c := range changes {
		parts[k] = words[c.Type] + " " + spec.ServerID(c.Server).String()
	}
	return strings.Join(parts, ", ")
}
