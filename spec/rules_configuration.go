package spec

import "slices"

// The rules about changes of the configuration (Raft paper, 6; dissertation, 4). Those that look at the entries themselves are judged for
// implementations that declare ConfigurationInLog.

// lastConfiguration returns the last configuration in a log up to an index and where it stands, and whether there is one that can be read.
func (l Log) lastConfiguration(upTo Index) (Configuration, Index, bool) {
	for i := min(upTo, l.LastIndex()); i > l.Base; i-- {
		if e, _ := l.At(i); e.Kind == ConfigurationChange && e.Value == "" {
			return Configuration{}, 0, false // which one is not shown
		} else if e.Kind == ConfigurationChange {
			c, err := ParseConfiguration(e.Value)
			return c, i, err == nil
		}
	}
	return Configuration{}, 0, false
}

// hidesConfiguration reports whether a log holds, after an index, a change of the configuration and does not show which one.
func (l Log) hidesConfiguration(after Index) bool {
	for i := l.LastIndex(); i > max(after, l.Base); i-- {
		if e, _ := l.At(i); e.Kind == ConfigurationChange {
			return e.Value == ""
		}
	}
	return false
}

// same reports whether two configurations have the same members in the same parts.
func (c *Configuration) same(d *Configuration) bool {
	return slices.Equal(c.Voters, d.Voters) && slices.Equal(c.Outgoing, d.Outgoing) && slices.Equal(c.Learners, d.Learners)
}

// appendsConfiguration returns the index of a configuration that a leader appends in this step, the last one if there are several.
func (s *Step) appendsConfiguration() (Configuration, Index, bool) {
	if s.After.Role != Leader && s.Before.Role != Leader || !s.runs() || s.Before.Term != s.After.Term {
		return Configuration{}, 0, false
	}
	c, i, found := s.lastConfiguration(&s.After.Log, s.After.Log.LastIndex())
	from, gained := firstGain(s.Before.Log, s.After.Log)
	return c, i, found && gained && i >= from
}

const membershipFields = FieldRole | FieldTerm | FieldLog | FieldCommit | FieldConfig

var latestInForce = &Rule{
	ID: "R6-01", Name: "latest-configuration",
	Sentence: "The configuration in force is the last one in the server's log, committed or not.",
	Why: "Majorities of two configurations that follow each other overlap, but those of configurations further apart need not. A server that holds on to an old one can win " +
		"an election against servers that are two changes ahead. " +
		"What usually breaks it: a configuration takes effect when it is applied, and a server may campaign before it has applied what is committed.",
	Section: "Raft paper, 6; dissertation, 4.1", Level: Must, Profile: Membership,
	Catches:    []string{"el-unapplied-conf-campaign"},
	Only:       []Variant{ConfigurationInLog},
	NeedsAfter: FieldRole | FieldLog | FieldConfig,
	Step: func(s *Step) *Breach {
		c, i, found := s.lastConfiguration(&s.After.Log, s.After.Log.LastIndex())
		if !found && s.runs() && s.show(FieldLog|FieldConfig|FieldCompacted) && s.After.Log.Base == s.Before.Log.Base && !logChanged(s.Before.Log, s.After.Log) && !s.Before.Config.same(&s.After.Config) {
			return s.breachAfter("%s goes by the configuration %s, went by %s before, and no entry of its log says so", s.Server, s.After.Config, s.Before.Config).
				refusing("an entry that changes the configuration", "the log stays as it was").
				allowing("%s goes by %s", s.Server, s.Before.Config).before("the configuration before", FieldConfig)
		}
		if s.crashes() || !found || c.same(&s.After.Config) {
			return nil
		}
		return s.breachAfter("%s goes by the configuration %s and has %s at index %d of its log", s.Server, s.After.Config, c, i).
			refusing("configuration in force = last one in the log", "%s is not %s", s.After.Config, c).
			allowing("%s goes by %s", s.Server, c)
	},
}

var jointMajorities = &Rule{
	ID: "R6-02", Name: "joint-majorities",
	Sentence: "In a joint configuration a leader is elected, and an entry committed, only by majorities of both of its halves.",
	Why: "As long as some servers go by the old configuration and some by the new, either could decide alone. What needs both cannot be decided twice. " +
		"What usually breaks it: one majority of all the servers in either half.",
	Section: "Raft paper, 6", Level: Must, Profile: Membership,
	Catches: []string{"el-union-quorum"},
	Only:    []Variant{ConfigurationInLog},
	Varies:  []Variant{FlexibleQuorums},
	Needs:   membershipFields | FieldVotes | FieldProgress,
	Step: func(s *Step) *Breach {
		if len(s.Before.Config.Outgoing) == 0 {
			return nil
		}
		if b := judgeMajorityElects(s); b != nil {
			return b
		}
		return judgeCommitMajority(s)
	},
}

var jointCommittedFirst = &Rule{
	ID: "R6-03", Name: "joint-committed-first",
	Sentence: "A leader leaves a joint configuration only after it is committed, also if an earlier leader began it.",
	Why: "Until the joint configuration is committed a server may still be elected by the old one alone. If the new one is in force somewhere by then, two leaders are elected by " +
		"servers that do not overlap. " +
		"What usually breaks it: a new leader finds a joint configuration in its log and takes it for committed.",
	Section: "Raft paper, 6", Level: Must, Profile: Membership,
	Catches: []string{"mb-leave-joint-uncommitted"},
	Only:    []Variant{ConfigurationInLog},
	Needs:   membershipFields,
	Step: func(s *Step) *Breach {
		c, i, appends := s.appendsConfiguration()
		if !appends || len(c.Outgoing) > 0 {
			return nil
		}
		before, at, found := s.lastConfiguration(&s.After.Log, i-1)
		if !found || len(before.Outgoing) == 0 || at <= s.After.CommitIndex {
			return nil
		}
		return s.breachAfter("%s appends %s at index %d, and the joint configuration at index %d is not committed", s.Server, c, i, at).
			refusing("commitIndex ≥ index of the joint configuration", "%d is below %d", s.After.CommitIndex, at).
			allowing("%s waits until index %d is committed", s.Server, at).showing(FieldLog).beside("its commit index", FieldCommit)
	},
}

var oneChangeAtATime = &Rule{
	ID: "R6-05", Name: "one-change-at-a-time",
	Sentence: "A leader appends no configuration while another one in its log is not committed.",
	Why: "Each change is safe only against the one before it. Of two that are under way one may be committed and the other not, and then configurations meet that do not overlap. " +
		"What usually breaks it: the check is left out, or is lost with the leader that knew of the first change.",
	Section: "dissertation, 4.1; Raft paper, 6", Level: Must, Profile: Membership,
	Catches: []string{"mb-two-pending"},
	Only:    []Variant{ConfigurationInLog},
	Needs:   membershipFields,
	Step: func(s *Step) *Breach {
		c, i, appends := s.appendsConfiguration()
		if !appends {
			return nil
		}
		_, at, found := s.lastConfiguration(&s.After.Log, i-1)
		if !found || at <= s.After.CommitIndex {
			return nil
		}
		return s.breachAfter("%s appends %s at index %d, and the configuration at index %d is not committed", s.Server, c, i, at).
			refusing("commitIndex ≥ index of the configuration before", "%d is below %d", s.After.CommitIndex, at).
			allowing("%s waits until index %d is committed", s.Server, at).showing(FieldLog).beside("its commit index", FieldCommit)
	},
}

var changeAfterOwnCommit = &Rule{
	ID: "R6-06", Name: "change-after-own-commit",
	Sentence: "A leader begins a change of the configuration only after it has committed an entry of its own term.",
	Why: "Two leaders may each have begun a change, from the same configuration. Their new configurations need not overlap with each other. An entry of the leader's own term, committed, makes " +
		"sure that the other change is either in its log or can never be committed. This is the mistake that was found in 2015 in the dissertation's algorithm. " +
		"What usually breaks it: the algorithm was read before the correction.",
	Section: "dissertation, 4.1, and the correction on raft-dev of 10 July 2015", Level: Must, Profile: Membership,
	Catches: []string{"mb-single-server-2015"},
	Only:    []Variant{ConfigurationInLog},
	Needs:   membershipFields,
	Step: func(s *Step) *Breach {
		c, i, appends := s.appendsConfiguration()
		committed := s.Before.CommitIndex
		term, known := s.After.Log.termKnownAt(committed)
		if !appends || s.Input.Kind != Reconfigure || known && term == s.After.Term || !known && committed <= s.After.Log.LastIndex() {
			return nil
		}
		return s.breachAfter("%s, leader of term %d, appends %s at index %d, and the last entry that it has committed is of term %d", s.Server, s.After.Term, c, i, term).
			refusing("log[commitIndex].term = currentTerm", "%d is not %d", term, s.After.Term).
			allowing("%s commits an entry of term %d first", s.Server, s.After.Term)
	},
}

var oneVoterAtATime = &Rule{
	ID: "R6-07", Name: "one-voter-at-a-time",
	Sentence: "A configuration that does not go through a joint one has at most one voter more or less than the one before.",
	Why: "Only then does every majority of the one share a server with every majority of the other. " +
		"What usually breaks it: a server is replaced by another in one change.",
	Section: "dissertation, 4.1", Level: Must, Profile: Membership,
	Catches: []string{"mb-replaces-at-once"},
	Only:    []Variant{ConfigurationInLog},
	Varies:  []Variant{FlexibleQuorums},
	Needs:   membershipFields,
	Step: func(s *Step) *Breach {
		c, i, appends := s.appendsConfiguration()
		before := &s.Before.Config
		if !appends || s.Input.Kind != Reconfigure || len(c.Outgoing)+len(before.Outgoing) > 0 {
			return nil
		}
		differ := 0
		for _, id := range slices.Concat(c.Voters, before.Voters) {
			if !slices.Contains(c.Voters, id) || !slices.Contains(before.Voters, id) {
				differ++
			}
		}
		if differ <= 1 && s.Declared.overlap(before.Voters, c.Voters) {
			return nil
		}
		if differ <= 1 {
			return s.breachAfter("%s appends %s at index %d after %s, and those that elect in the one need not meet those that commit in the other", s.Server, c, i, before).
				refusing("electing and committing servers of both configurations share one", "they need not").allowing("%s goes through a joint configuration", s.Server)
		}
		return s.breachAfter("%s appends %s at index %d after %s", s.Server, c, i, before).
			refusing("voters differ by one", "they differ by %d", differ).allowing("%s goes through a joint configuration", s.Server)
	},
}

var configurationRolledBack = &Rule{
	ID: "R6-08", Name: "configuration-rolled-back",
	Sentence: "A server that loses a configuration with the end of its log goes back to the one before.",
	Why: "The entry was never committed, so nobody else may go by it. A server that does counts votes and copies that nobody else would. " +
		"What usually breaks it: the configuration is set when its entry is appended, and nobody thinks of the entry being removed.",
	Section: "Raft paper, 6; dissertation, 4.1", Level: Must, Profile: Membership,
	Catches: []string{"mb-conf-not-rolled-back"},
	Only:    []Variant{ConfigurationInLog},
	Needs:   FieldRole | FieldLog | FieldConfig,
	Step: func(s *Step) *Breach {
		lost, at, had := s.Before.Log.lastConfiguration(s.Before.Log.LastIndex())
		from, loses := firstLoss(s.Before.Log, s.After.Log)
		if !s.runs() || !had || !loses || from > at || !lost.same(&s.After.Config) {
			return nil
		}
		if c, _, found := s.After.Log.lastConfiguration(s.After.Log.LastIndex()); found && c.same(&s.After.Config) {
			return nil
		}
		return s.breachAfter("%s loses the configuration %s at index %d and still goes by it", s.Server, lost, at).
			refusing("the configuration in force is in the log", "it is not").
			allowing("%s goes by the configuration before", s.Server).before("the log before", FieldLog)
	},
}

var removedLeaderSteps = &Rule{
	ID: "R6-11", Name: "removed-leader-steps-down",
	Sentence: "A leader that is no voter of a committed configuration leads no more, and servers among which some were removed still elect another.",
	Why: "It has done its duty by committing the configuration without itself. Going on it would decide for servers that it is not one of, and its heartbeats keep them from electing another. " +
		"But until the others have learnt of the removal the server is needed: its log may be the only one that can win. " +
		"What usually breaks it: only followers look whether they were removed, or a server stops taking part as soon as it knows that it was.",
	Section: "dissertation, 4.2.2; Raft paper, 6", Level: Must, Profile: Membership,
	Catches:    []string{"mb-cond-inverted", "mb-removed-leads-on", "mb-premature-retire"},
	Only:       []Variant{ConfigurationInLog},
	Varies:     []Variant{AppliesLater},
	NeedsAfter: FieldRole | FieldTerm | FieldLog | FieldCommit,
	Live:       liveSuccessors,
	Step: func(s *Step) *Breach {
		c, i, found := s.lastConfiguration(&s.After.Log, s.After.Log.LastIndex())
		if s.After.Role != Leader || !found || i > s.After.CommitIndex || slices.Contains(c.Voters, s.Server) || slices.Contains(c.Outgoing, s.Server) {
			return nil
		}
		if s.Declared.Has(AppliesLater) && (!s.After.Knows(FieldApplied) || i > s.After.LastApplied) {
			return nil // it has not come to that entry yet
		}
		return s.breachAfter("%s leads term %d and is not in the configuration %s, committed at index %d", s.Server, s.After.Term, c, i).
			refusing("the leader is a voter", "the voters are %s", configured(&c)).allowing("%s becomes a follower", s.Server)
	},
}

var noLeaderWithoutConfiguration = &Rule{
	ID: "R6-13", Name: "no-leader-without-configuration",
	Sentence: "A server that knows no configuration never leads.",
	Why: "A new server waits until it is told whose member it is. If it elects itself meanwhile, it is a cluster of its own, with terms and entries that collide with those of the real one. " +
		"What usually breaks it: a majority of nobody is reached by nobody.",
	Section: "dissertation, 4.4", Level: Must, Profile: Membership,
	Catches: []string{"el-no-config-leader"},
	Needs:   FieldRole | FieldTerm | FieldConfig,
	Step: func(s *Step) *Breach {
		if !TookOffice(s) || len(s.Before.Config.Voters) > 0 || len(s.After.Config.Voters) > 0 {
			return nil
		}
		return s.breachAfter("%s becomes leader of term %d and knows no configuration", s.Server, s.After.Term).
			refusing("there is a voter", "there is none").allowing("%s waits to be added", s.Server)
	},
}

var configurationOfSnapshot = &Rule{
	ID: "R7-05", Name: "snapshot-configuration",
	Sentence: "A server that takes a snapshot goes by the configuration in it, unless a later one in its log survives.",
	Why: "The snapshot replaces entries, configurations among them. A server that keeps one of those goes by a configuration that may never have been committed, and wins elections with voters that " +
		"the others no longer count. " +
		"What usually breaks it: of two configurations the one with the higher index is kept, although its entry is gone.",
	Section: "Raft paper, 7; dissertation, 5.1", Level: Must, Profile: Snapshot,
	Catches: []string{"sn-stale-effective-config"},
	Only:    []Variant{ConfigurationInLog},
	Needs:   FieldRole | FieldLog | FieldCommit | FieldConfig,
	Step: func(s *Step) *Breach {
		m := &s.Input.Message
		if !s.delivered(InstallSnapshot) || !s.runs() || len(m.Entries) != 1 || m.Entries[0].Value == "" || m.PrevLogIndex <= s.Before.CommitIndex || s.After.Log.Base < m.PrevLogIndex {
			return nil
		}
		want, err := ParseConfiguration(m.Entries[0].Value)
		if c, _, found := s.After.Log.lastConfiguration(s.After.Log.LastIndex()); found {
			want = c
		}
		if err != nil || want.same(&s.After.Config) {
			return nil
		}
		return s.breachAfter("%s takes a snapshot with the configuration %s and goes by %s", s.Server, want, s.After.Config).
			refusing("configuration in force = that of the snapshot", "%s is not %s", s.After.Config, want).
			allowing("%s goes by %s", s.Server, want).since("the snapshot", PartInput)
	},
}

// changesUncommitted is [changeAfterOwnCommit] of a step that does not show how far the leader has committed: before it has an entry of its own term, it has
// committed none.
func (s *Step) changesUncommitted() *Breach {
	if s.Input.Kind != Reconfigure || !s.leadsOn() || !s.Before.Log.lastTermKnown() || s.Before.Log.LastTerm() >= s.After.Term {
		return nil
	}
	c, i, appends := s.appendsConfiguration()
	if !appends {
		return nil
	}
	return s.breachAfter("%s, leader of term %d, appends %s at index %d, and had no entry of that term, which it could have committed", s.Server, s.After.Term, c, i).
		refusing("log[commitIndex].term = currentTerm", "the log ended with an entry of term %d", s.Before.Log.LastTerm()).
		allowing("%s commits an entry of term %d first", s.Server, s.After.Term).showing(FieldLog)
}

// leadsOn reports whether a step shows a leader that stays it, with its log.
func (s *Step) leadsOn() bool {
	return s.show(FieldRole|FieldTerm|FieldLog) && s.leads()
}

// mostApart is with how many voters it is tried out whether two configurations may decide apart.
const mostApart = 12

// changesApart returns the breach of a leader that appends a configuration which may elect without anybody by whom the one before it may commit. No such step
// goes through a joint configuration: of that, the one half is the configuration before.
func (s *Step) changesApart() *Breach {
	if !s.leadsOn() {
		return nil
	}
	c, i, appends := s.appendsConfiguration()
	if !appends {
		return nil
	}
	before, _, found := s.lastConfiguration(&s.After.Log, i-1)
	if !found {
		return nil
	}
	all := slices.Concat(c.Voters, c.Outgoing)
	slices.Sort(all)
	all = slices.Compact(all)
	if len(all) > mostApart {
		return nil
	}
	for chosen := range 1 << len(all) {
		in := func(id ServerID) bool {
			k, is := slices.BinarySearch(all, id)
			return is && chosen>>k&1 == 1
		}
		if !s.elects(&c, in) || !s.commits(&before, func(id ServerID) bool { return !in(id) }) {
			continue
		}
		electing := slices.DeleteFunc(slices.Clone(all), func(id ServerID) bool { return !in(id) })
		return s.breachAfter("%s appends %s at index %d after %s, and %s elect in the one while others commit in the other", s.Server, c, i, before, listed(electing)).
			refusing("electing servers of a configuration share one with committing servers of the one before", "%s need not", listed(electing)).
			allowing("%s goes through a joint configuration of both", s.Server).showing(FieldLog)
	}
	return nil
}
