package spec

import (
	"fmt"
	"slices"
)

// The promises that something is reached at last. They are judged on the graph of all states of a finished search, and not on steps.

// LivenessRules lists the rules with a half that only executions without end can break, in the rulebook's order. Those that have no
// other half are not in Rules. It must not be changed.
var LivenessRules = []*Rule{
	someLeaderElected, stuckLeaderReplaced, refusalMakesRetryLower, retryCarriesEntries, commitWhatIsStored, retriedUntilAcknowledged,
	jointLeft, removedLeaderSteps, snapshotCompletes, leaderKeepsContact,
}

// AllRules returns the rules of both kinds, those of Rules first.
func AllRules() []*Rule {
	all := slices.Clone(Rules)
	for _, r := range LivenessRules {
		if !slices.Contains(all, r) {
			all = append(all, r)
		}
	}
	return all
}

var someLeaderElected = &Rule{
	ID: "R5.2-13", Name: "some-leader-elected",
	Sentence: "As long as servers are up and reach each other that are a majority of the configuration in the most up-to-date of their logs, one of them is elected at last.",
	Why: "Without a leader nothing moves. Every rule about single steps may hold while servers refuse each other for ever, each for a good reason. " +
		"What usually breaks it: a server that is needed is left without an answer, or is loyal to a leader that is gone.",
	Section: "Raft paper, 5.2 and 5.6", Level: Must, Profile: Core,
	Catches: []string{"el-prevote-lead-kept", "el-prevote-lower-term", "el-prevote-migration", "mb-config-divergence", "mb-premature-retire"},
	Live: &Liveness{
		Waits:  func(c *Cluster, _ ServerID) bool { return c.leaderless() != None },
		Within: func(c *Cluster, _ ServerID) bool { return c.leaderless() != None },
		Says: func(c *Cluster, _ ServerID) string {
			return fmt.Sprintf("%s are up and reach each other, and none of them is ever elected", c.names(c.leaderless()))
		},
		Needs:   FieldRole | FieldLog | FieldConfig,
		Reaches: "a leader can be elected",
		Avoids:  "no fair execution goes on for ever without a leader",
	},
}

var stuckLeaderReplaced = &Rule{
	ID: "R5.2-14", Name: "stuck-leader-replaced",
	Sentence: "A leader whose own disk takes no entry leads no longer than it takes its election timer to find out.",
	Why: "Its heartbeats keep everybody from electing a leader that works, and what it is given is never safe with it. " +
		"What usually breaks it: heartbeats are sent by a part of the program that does not know what the log is doing.",
	Section: "Raft paper, 5.2; hashicorp/raft#503", Level: Should, Profile: Storage,
	Catches: []string{"el-leader-hung-hb"},
	Only:    []Variant{LeavesWhenHung},
	Live: &Liveness{
		Waits: func(c *Cluster, _ ServerID) bool { return c.hung() != nil },
		Says: func(c *Cluster, _ ServerID) string {
			l := c.hung()
			return fmt.Sprintf("%s leads term %d with entries up to index %d, of which no more than %d are ever on its disk", l.Server, l.Term, l.Log.LastIndex(), l.Durable.Log.LastIndex())
		},
		Needs:     FieldRole | FieldLog | FieldConfig | FieldDurable,
		Avoids:    "no leader leads for ever without storing what it holds",
		DiskHangs: true,
	},
}

// hung returns the leader of a group that can decide whose own last entry is not on its disk, or nil.
func (c *Cluster) hung() *Sight {
	l := c.leaderOf()
	if l == nil || l.Durable.Log.LastIndex() >= l.Log.LastIndex() {
		return nil
	}
	return l
}

var refusalMakesRetryLower = &Rule{
	ID: "R5.3-09", Name: "refusal-makes-retry-lower",
	Sentence: "A follower that refuses AppendEntries is tried with lower entries until one matches, after finitely many messages.",
	Why: "The leader finds the place where the two logs agree by going back from refusal to refusal. If it does not go back far enough, or forgets how far it was, the follower is never brought up. " +
		"What usually breaks it: a refusal is ignored, a hint is taken that does not lead back, or an old refusal undoes what a newer one achieved.",
	Section: "Raft paper, 5.3", Level: Must, Profile: Core,
	Catches: []string{"rp-nack-overwrites-probe", "rp-many-conflicts-livelock", "rp-pipeline-swallow"},
	Live: &Liveness{
		Each:   true,
		Waits:  func(c *Cluster, of ServerID) bool { leader, _ := c.behind(of); return leader != nil },
		Ends:   matchRises,
		Again:  refusedBy,
		Says:   saysBehind("it is refused again and again"),
		Needs:  FieldRole | FieldTerm | FieldLog | FieldProgress | FieldConfig,
		Avoids: "no fair execution has a leader refused for ever by a follower that it reaches",
	},
}

var retryCarriesEntries = &Rule{
	ID: "R5.3-12", Name: "retry-carries-entries",
	Sentence: "A follower that refuses nothing is sent what it lacks, entries or a snapshot, until it has acknowledged all.",
	Why: "Messages are lost, so what was sent once need not have arrived. A leader that answers silence with empty messages hears that all is well and never learns what is missing. " +
		"What usually breaks it: entries are sent when they come in, and only heartbeats are sent again; or an acknowledgement does not move nextIndex.",
	Section: "Raft paper, 5.3", Level: Must, Profile: Core,
	Catches: []string{"rp-retry-empty", "rp-next-le-match"},
	Live: &Liveness{
		Each: true,
		Waits: func(c *Cluster, of ServerID) bool {
			leader, p := c.behind(of)
			return leader != nil && p.NextIndex > leader.Log.Base
		},
		Ends:   func(s *Step, of ServerID) bool { return matchRises(s, of) || refusedBy(s, of) },
		Says:   saysBehind("nothing is refused"),
		Needs:  FieldRole | FieldTerm | FieldLog | FieldProgress | FieldConfig,
		Avoids: "no fair execution leaves a follower behind for ever that its leader reaches and that refuses nothing",
	},
}

var retriedUntilAcknowledged = &Rule{
	ID: "R5.5-01", Name: "retried-until-acknowledged",
	Sentence: "Requests are repeated until they are answered: as long as a leader and servers that make a majority with it are up and reach each other, its entries are committed at last.",
	Why: "A server that is slow, or down, must stop nobody but itself, and a message that is lost must be sent again. " +
		"What usually breaks it: a failure is noticed by a part of the program that does not tell the one which could try again.",
	Section: "Raft paper, 5.3 and 5.5", Level: Must, Profile: Core,
	Catches: []string{"rp-pipeline-swallow", "cm-loop-break"},
	Live: &Liveness{
		Waits: func(c *Cluster, _ ServerID) bool { return c.uncommitted() != nil },
		Ends:  commitRises,
		Within: func(c *Cluster, _ ServerID) bool {
			return slices.ContainsFunc(c.Servers, func(s Sight) bool { return s.Role != Crashed && c.inCharge(s.Server) })
		},
		Says: func(c *Cluster, _ ServerID) string {
			l := c.uncommitted()
			if l == nil {
				return "a majority is up and connected, and nothing more is ever committed"
			}
			return fmt.Sprintf("%s, the leader of term %d, has entries up to index %d and a majority that it reaches, and never commits more than %d", l.Server, l.Term, l.Log.LastIndex(), l.CommitIndex)
		},
		Needs:    FieldRole | FieldTerm | FieldLog | FieldCommit | FieldConfig,
		Reaches:  "an entry can be committed",
		Avoids:   "no fair execution leaves an entry uncommitted for ever that its leader could commit",
		Proposes: true,
	},
}

// uncommitted returns the leader of a group that can decide whose last entry is of its own term and not committed, or nil.
func (c *Cluster) uncommitted() *Sight {
	l := c.leaderOf()
	if l == nil || l.CommitIndex >= l.Log.LastIndex() || l.Log.LastTerm() != l.Term {
		return nil
	}
	return l
}

// liveCommit is the half of commit-what-is-stored that implementations are held to which take their time.
var liveCommit = &Liveness{
	Waits: func(c *Cluster, _ ServerID) bool { return c.stored() != nil },
	Ends:  commitRises,
	Says: func(c *Cluster, _ ServerID) string {
		l := c.stored()
		return fmt.Sprintf("%s, the leader of term %d, knows index %d to be on a majority, and never commits more than %d", l.Server, l.Term, l.Log.LastIndex(), l.CommitIndex)
	},
	Needs:  FieldRole | FieldTerm | FieldLog | FieldCommit | FieldProgress | FieldConfig | FieldDurable,
	Avoids: "no leader goes on for ever without committing what it knows to be on a majority",
}

// stored returns the leader of a group that can decide which knows its last entry, of its own term, to be on a majority and has not
// committed it, or nil.
func (c *Cluster) stored() *Sight {
	l := c.uncommitted()
	if l == nil {
		return nil
	}
	last := l.Log.LastIndex()
	has := func(id ServerID) bool {
		p, _ := l.matched(id)
		return id == l.Server && l.Durable.Log.LastIndex() >= last || p.MatchIndex >= last
	}
	if !l.Config.Majority(has) {
		return nil
	}
	return l
}

var jointLeft = &Rule{
	ID: "R6-04", Name: "joint-configuration-left",
	Sentence: "A leader that reaches majorities of both halves of a joint configuration leaves it at last.",
	Why: "In a joint configuration two majorities are needed for everything, and no further change can begin. Whoever leads must finish what an earlier leader began. " +
		"What usually breaks it: only the leader that appended the joint configuration remembers that it must be left.",
	Section: "Raft paper, 6", Level: Must, Profile: Membership,
	Catches: []string{"mb-joint-stuck"},
	Only:    []Variant{ConfigurationInLog},
	Live: &Liveness{
		Waits: func(c *Cluster, _ ServerID) bool { l := c.leaderOf(); return l != nil && len(l.Config.Outgoing) > 0 },
		Says: func(c *Cluster, _ ServerID) string {
			l := c.leaderOf()
			return fmt.Sprintf("%s leads term %d in the joint configuration %s, reaches majorities of both halves, and never leaves it", l.Server, l.Term, l.Config)
		},
		Needs:  FieldRole | FieldTerm | FieldConfig,
		Avoids: "no leader stays in a joint configuration for ever",
	},
}

// liveSuccessors is the half of removed-leader-steps-down about those that stay.
var liveSuccessors = &Liveness{
	Waits:  func(c *Cluster, _ ServerID) bool { return c.removedAmong() != None },
	Within: func(c *Cluster, _ ServerID) bool { return c.removedAmong() != None },
	Says: func(c *Cluster, _ ServerID) string {
		id := c.removedAmong()
		return fmt.Sprintf("%s was removed and not all of %s know it, who are up and reach each other; none of them is ever elected", id, c.names(id))
	},
	Needs:   FieldRole | FieldLog | FieldConfig,
	Reaches: "a leader can be elected among servers of which one was removed",
	Avoids:  "no fair execution goes on for ever without a leader because servers were removed",
}

// removedAmong returns a server that is no voter by its own configuration and one by that of another, in a group that can decide and that
// no server leads; None if there is none.
func (c *Cluster) removedAmong() ServerID {
	id := c.leaderless()
	if id == None {
		return None
	}
	votes := func(s *Sight, of ServerID) bool {
		return slices.Contains(s.Config.Voters, of) || slices.Contains(s.Config.Outgoing, of)
	}
	for s := range c.around(id) {
		for t := range c.around(id) {
			if !votes(s, s.Server) && len(s.Config.Voters) > 0 && votes(t, s.Server) {
				return s.Server
			}
		}
	}
	return None
}

var snapshotCompletes = &Rule{
	ID: "R7-08", Name: "snapshot-completes",
	Sentence: "A follower that needs a snapshot has it at last, and its leader knows it and goes on with entries.",
	Why: "Snapshots are large, so they fail in the middle, arrive late or are overtaken by newer ones, and whoever waits for exactly the one that was sent may wait for ever. " +
		"What usually breaks it: the follower stays marked as receiving a snapshot, or it refuses the snapshot.",
	Section: "Raft paper, 7", Level: Must, Profile: Snapshot,
	Catches: []string{"rp-progress-snapshot-stuck", "sn-reject-on-conflict"},
	Live: &Liveness{
		Each: true,
		Waits: func(c *Cluster, of ServerID) bool {
			leader, p := c.behind(of)
			return leader != nil && p.MatchIndex < leader.Log.Base
		},
		Ends:   matchRises,
		Says:   saysBehind("it has compacted its log"),
		Needs:  FieldRole | FieldTerm | FieldLog | FieldProgress | FieldConfig | FieldCompacted,
		Avoids: "no fair execution leaves a follower without the snapshot that it needs",
	},
}

// liveContact is the half of leader-keeps-contact that says what it is good for.
var liveContact = &Liveness{
	Each: true,
	Waits: func(c *Cluster, of ServerID) bool {
		l := c.sight(of)
		return l.Role == Leader && !l.Config.Majority(func(id ServerID) bool { return c.Reach(of, id) })
	},
	Says: func(c *Cluster, of ServerID) string {
		l := c.sight(of)
		return fmt.Sprintf("%s reaches no more than %s, which is no majority of %s, and leads term %d for ever", of, c.names(of), configured(&l.Config), l.Term)
	},
	Needs:  FieldRole | FieldTerm | FieldConfig,
	Avoids: "no server leads for ever without a majority that it reaches",
}
