//go:build with_tla

package generate

import "fmt"

// Options say what happens in a simulated cluster. Rates are probabilities per action of the scheduler.
type Options struct {
	Servers int    // voters at the start; at least 1
	Events  int    // stop after so many trace events
	Seed    uint64 // decides everything

	Drop      float64 // a message is lost
	Duplicate float64 // a message arrives and stays in flight
	Reorder   float64 // not the oldest message arrives
	Partition float64 // a partition starts or ends
	Crash     float64 // a server crashes; it restarts later
	Propose   float64 // a client proposes
	Conf      float64 // a change of configuration is proposed
	Joint     bool    // changes go through joint configurations
	Learners  bool    // changes add learners and promote them
	Update    bool    // changes that change no member
	Refuse    bool    // the application refuses some changes
	Transfer  float64 // leadership is transferred
	Read      float64 // a read is requested
	Compact   float64 // a server compacts its log
	Report    float64 // the application reports peers unreachable, or how snapshots went
	Forget    float64 // a server is told to forget its leader
	Timeout   float64 // a server campaigns at once

	PreVote      bool
	CheckQuorum  bool
	Async        bool    // asynchronous storage writes
	Lag          float64 // a Ready stays unwritten for a while, and a crash may lose it
	Small        bool    // few bytes per message, few messages in flight
	Batch        bool    // proposals of several entries
	StepDown     bool    // a removed leader steps down
	KeepsConf    bool    // a server restarts with the latest configuration it applied, not that of its snapshot
	FromSnapshot bool    // the cluster starts from a snapshot, without Bootstrap

	Fault Fault
}

// Families are the kinds of executions, by name: what is on besides losses and reordering.
var Families = []struct {
	Name string
	Set  func(*Options)
}{
	{"calm3", func(o *Options) { o.Drop, o.Reorder, o.Partition = 0, 0, 0 }},
	{"base1", func(o *Options) { o.Servers = 1; o.Crash = 0.002 }},
	{"base2", func(o *Options) { o.Servers = 2 }},
	{"base3", func(o *Options) {}},
	{"base5", func(o *Options) { o.Servers = 5 }},
	{"storm3", func(o *Options) { o.Timeout = 0.02; o.Drop = 0.05 }},
	{"conf3", func(o *Options) { o.Conf = 0.02; o.StepDown = o.Seed%2 == 0 }},
	{"refuse3", func(o *Options) { o.Conf = 0.02; o.Refuse = true }},
	{"update3", func(o *Options) { o.Conf, o.Update = 0.02, true }},
	{"learner3", func(o *Options) { o.Conf, o.Learners = 0.02, true }},
	{"joint3", func(o *Options) { o.Conf, o.Joint, o.Learners = 0.03, true, o.Seed%2 == 0; o.StepDown = o.Seed%3 == 0 }},
	{"restart3", func(o *Options) { o.Crash = 0.005 }},
	{"keeps3", func(o *Options) { o.Crash, o.KeepsConf, o.Conf = 0.005, true, 0.01 }},
	{"lag3", func(o *Options) { o.Crash, o.Lag = 0.01, 0.5 }},
	{"dup3", func(o *Options) { o.Duplicate = 0.05 }},
	{"snap3", func(o *Options) { o.Compact, o.Partition = 0.02, 0.01 }},
	{"snapcrash3", func(o *Options) { o.Compact, o.Partition, o.Crash = 0.02, 0.01, 0.005 }},
	{"report3", func(o *Options) { o.Report, o.Compact = 0.02, 0.01 }},
	{"prevote3", func(o *Options) { o.PreVote = true }},
	{"checkq3", func(o *Options) { o.CheckQuorum = true }},
	{"pvcq3", func(o *Options) { o.PreVote, o.CheckQuorum = true, true; o.Timeout = 0.01 }},
	{"forget3", func(o *Options) { o.Forget, o.Timeout = 0.02, 0.02 }},
	{"xfer3", func(o *Options) { o.Transfer = 0.01 }},
	{"readidx3", func(o *Options) { o.Read = 0.02 }},
	{"async3", func(o *Options) { o.Async = true }},
	{"asynccrash3", func(o *Options) { o.Async, o.Crash, o.Lag = true, 0.01, 0.5 }},
	{"small3", func(o *Options) { o.Small, o.Batch, o.Propose = true, true, 0.1 }},
	{"template3", func(o *Options) { o.FromSnapshot = true; o.Crash = 0.003 }},
	{"all5", everything},
	{"allasync5", func(o *Options) { everything(o); o.Async = true }},
}

func everything(o *Options) {
	o.Servers = 5
	o.Duplicate, o.Crash, o.Compact, o.Transfer, o.Read, o.Report = 0.02, 0.004, 0.01, 0.003, 0.005, 0.003
	o.PreVote, o.CheckQuorum = o.Seed%2 == 0, o.Seed%3 == 0
	o.Conf, o.Joint, o.Learners, o.Update = 0.01, o.Seed%2 == 1, true, o.Seed%5 == 0
	o.Lag, o.Small, o.Batch, o.StepDown, o.KeepsConf = 0.1, o.Seed%4 == 0, true, o.Seed%2 == 0, o.Seed%3 == 1
	o.Timeout, o.Forget = 0.003, 0.002
}

// Family returns the options of a family.
func Family(name string, events int, seed uint64) (Options, error) {
	o := Options{Servers: 3, Events: events, Seed: seed, Drop: 0.02, Reorder: 0.2, Partition: 0.002, Propose: 0.02}
	for _, f := range Families {
		if f.Name == name {
			f.Set(&o)
			return o, nil
		}
	}
	return o, fmt.Errorf("no family %q", name)
}
