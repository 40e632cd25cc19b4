package spec

import "slices"

// A rule that a step cannot break says nothing about it. What puts a rule to the test is written here, beside all the others, so that "held" can
// be told with how often it could have been otherwise. Every rule with a Step check is in the list.

// Exercises reports whether the step could break the rule: it shows what the rule needs, and something happens that the rule is about.
func (r *Rule) Exercises(s *Step) bool {
	if r.Step == nil || !r.checkable(s) {
		return false
	}
	about := exercises[r]
	return about.holds(s, s.traits())
}

// ExercisedBy reports whether the step may put the rule to the test, in any of the ways in which the rule looks at executions: by the step
// alone, or together with what came before or with another server.
func (r *Rule) ExercisedBy(s *Step, declared Variants) bool {
	if s.Output.Refused {
		return r == refusedHarmless && r.Exercises(s)
	}
	return r.Exercises(s) || r.Agreement != FactNone && s.tells(r.Agreement, declared) || r.checkable(s) &&
		((r.Elected != nil || r.Kept != nil) && TookOffice(s) || r.Answered != nil && s.answersAtOnce() != nil || r.Told != nil && s.Output.answers())
}

// tells reports whether a step establishes a fact of that kind.
func (s *Step) tells(kind FactKind, declared Variants) (told bool) {
	Facts(s, declared, func(f *Fact) { told = told || f.Kind == kind })
	return told
}

func changesConfiguration(s *Step) bool { _, _, appends := s.appendsConfiguration(); return appends }

func inLog(s *Step) bool {
	_, _, found := s.lastConfiguration(&s.After.Log, s.After.Log.LastIndex())
	return found
}

// showsRefusal reports whether a step that is refused shows whether anything came of it.
func showsRefusal(s *Step) bool {
	return !s.Output.Unseen || (s.Before.Unknown|s.After.Unknown)&shownFields != shownFields
}

// shownFields are the fields that a state may show.
const shownFields = (FieldUp - 1) &^ FieldCompacted

// showsTermSource reports whether a step shows where a term may come from. Storage brings to light what earlier inputs did, and a restart what a crash left.
func showsTermSource(s *Step) bool {
	switch s.Input.Kind {
	case 0, Stored, Crash, Restart:
		return false
	}
	return s.Input.Kind != Deliver || s.Input.Message.Knows(MessageTerm)
}

// hasFollowers reports whether there are other servers in the configuration.
func hasFollowers(s *Step) bool {
	c := &s.After.Config
	return slices.ContainsFunc(slices.Concat(c.Voters, c.Outgoing, c.Learners), func(id ServerID) bool { return id != s.Server })
}

// mustFit reports whether a step shows anything that must fit what is known of its server, or of others: a state, or a message.
func mustFit(s *Step) bool {
	return s.After.Unknown&shownFields != shownFields || s.Input.Kind == Deliver || slices.ContainsFunc(s.Output.Effects, func(e Effect) bool { return e.Kind == Send })
}

// promising are the messages that rest on what is on disk.
var promising = sends(RequestVote, RequestVoteReply, AppendEntries, AppendEntriesReply, InstallSnapshot, InstallSnapshotReply, TimeoutNow)

// exercises says when a step puts a rule to the test.
var exercises = map[*Rule]condition{
	termMonotonic:           marked(hadTerm),
	termHasSource:           when(goesToTerm, that(showsTermSource)),
	adoptHigherTerm:         when(running, ofHigherTerm),
	heedHigherTerm:          when(running, ofHigherTerm),
	staleRequestHarmless:    when(running, request, ofEarlierTerm),
	staleRequestAnswer:      when(running, request, ofEarlierTerm, sends(RequestVoteReply, AppendEntriesReply, InstallSnapshotReply, PreVoteReply)),
	messageTerm:             when(either(does(Send), delivers), marked(tellsOfTerms)),
	staleReplyIgnored:       when(running, ofEarlierTerm, brings(RequestVoteReply, AppendEntriesReply, InstallSnapshotReply)),
	entryOfItsTerm:          when(running, otherLogs, marked(gainsEntries)),
	startFollower:           given(Restart),
	voteOnce:                marked(holdsVoteBefore),
	candidateVotesForItself: when(marked(seeksAnew), that(func(s *Step) bool { _, campaigns := s.campaignsFrom(); return campaigns })),
	votesOfThisTerm:         when(running, either(brings(RequestVoteReply), tookOffice)),
	majorityElects:          tookOffice,
	oneVoteEach:             marked(countsSomeVotes),
	noVoteAway:              grants,
	candidateYields:         when(running, brings(AppendEntries, InstallSnapshot), ofItsTerm),
	heartbeatToAll:          when(running, given(Heartbeat), leading, that(hasFollowers)),
	leaderAppendOnly:        when(leading, holdsEntries),
	prevMatches:             when(brings(AppendEntries), wholeMessage, notOfEarlier, either(acknowledges, otherLogs), marked(takesEntries)),
	truncateOnConflict:      holdsEntries,
	appendIdempotent:        when(running, brings(AppendEntries), wholeMessage, that(func(s *Step) bool { return covers(s.Before.Log, &s.Input.Message) })),
	ackVerified:             when(brings(AppendEntries), acknowledges),
	matchMonotonic:          when(leading, marked(progressBefore)),
	nextAboveMatch:          when(leadsAfter, marked(progressAfter)),
	prevTermTrue:            sends(AppendEntries),
	entriesFromLog:          condition{all: sendsEntries},
	heartbeatAtMatch:        when(leadsAfter, condition{all: sendsNone}),
	compactedIsCommitted: when(running, brings(AppendEntries), that(func(s *Step) bool {
		return s.Input.Message.Knows(MessagePrevIndex) && s.Input.Message.PrevLogIndex < s.Before.Log.Base
	})),
	logTermsOrdered:  marked(entriesAfter),
	voteUpToDate:     when(brings(RequestVote), grants),
	candidateLastLog: sends(RequestVote),
	termIsNoVote:     marked(mayVote),
	commitOwnTerm:    commitsAsLeader,
	commitWhatIsStored: when(leading, brings(AppendEntriesReply), that(func(s *Step) bool {
		return s.Input.Message.Knows(MessageSuccess) && s.Input.Message.Success
	})),
	countDurableCopies:           when(leadsAfter, answersCommand),
	commitMonotonic:              when(running, committed),
	commitVerified:               when(running, raisesCommit, brings(AppendEntries, InstallSnapshot)),
	commitMajority:               commitsAsLeader,
	commitInLog:                  marked(commitsAfter),
	applyInOrder:                 marked(hasApplied),
	committedKept:                when(committed, holdsEntries),
	durableBeforeSend:            promising,
	voteAtomic:                   cutShort,
	truncationAtomic:             when(cutShort, brings(AppendEntries)),
	errorStopsPromise:            does(Fail),
	corruptionNotCut:             when(comesUp, holdsEntries),
	diskNotBlank:                 when(given(Restart), that(func(s *Step) bool { return s.Before.Term > 0 || s.Before.Log.LastIndex() > 0 })),
	storedAcknowledged:           when(given(Stored), acknowledges),
	latestInForce:                that(func(s *Step) bool { return !s.inferred && inLog(s) }),
	jointMajorities:              when(either(tookOffice, raisesCommit), that(func(s *Step) bool { return len(s.Before.Config.Outgoing) > 0 && (TookOffice(s) || s.commitsAsLeader()) })),
	jointCommittedFirst:          when(otherLogs, that(changesConfiguration), that(func(s *Step) bool { return len(s.Before.Config.Outgoing) > 0 })),
	oneChangeAtATime:             when(otherLogs, that(changesConfiguration)),
	changeAfterOwnCommit:         when(given(Reconfigure), otherLogs, that(changesConfiguration)),
	oneVoterAtATime:              when(given(Reconfigure), otherLogs, that(changesConfiguration)),
	configurationRolledBack:      when(running, otherLogs, marked(losesEntries)),
	onlyVotersCampaign:           when(running, seeking, marked(seeksAnew), that(func(s *Step) bool { return !seeksOffice(s.Before.Role) })),
	outsidersNotCounted:          when(either(tookOffice, raisesCommit), that(func(s *Step) bool { return TookOffice(s) || s.commitsAsLeader() })),
	removedLeaderSteps:           when(leadsAfter, that(inLog)),
	removedDeposesNobody:         when(running, brings(RequestVote), that(func(s *Step) bool { return s.Before.Role == Leader && !s.Before.Config.Has(s.Input.Message.From) })),
	noLeaderWithoutConfiguration: tookOffice,
	identityNotReused:            marked(notBlankBefore),
	snapshotCommitted:            when(running, marked(baseRises), that(func(s *Step) bool { return s.Input.Kind != Deliver })),
	snapshotWhenCompacted:        when(sends(AppendEntries, InstallSnapshot), that(func(s *Step) bool { return s.Before.Log.Base > 0 })),
	installRaises:                when(running, brings(InstallSnapshot)),
	installKeepsSuffix: when(running, brings(InstallSnapshot), wholeMessage, notOfEarlier, that(func(s *Step) bool {
		return s.Input.Message.PrevLogIndex > s.Before.CommitIndex
	})),
	configurationOfSnapshot:  when(running, brings(InstallSnapshot), that(func(s *Step) bool { return len(s.Input.Message.Entries) == 1 })),
	snapshotBeforeTruncation: when(given(Compact), does(Write, Sync)),
	readAfterOwnTermCommit:   when(leadsAfter, answersRead),
	readConfirmed:            answersRead,
	readWaitsToApply:         answersRead,
	retriedTakesEffectOnce:   does(Apply),
	completionOfItsEntry:     answersCommand,
	failureIsFinal:           condition{all: tellsFailure},
	transferByLeader:         either(sends(TimeoutNow), brings(TimeoutNow)),
	preVoteHarmless:          when(running, either(brings(PreVote), given(Timeout)), that(func(s *Step) bool { return s.Input.Kind != Timeout || s.After.Role == PreCandidate })),
	preVoteAnswered:          when(running, brings(PreVote, PreVoteReply)),
	preVoteEachTime:          when(running, given(Timeout)),
	leaderKeepsContact:       when(leading, either(given(Timeout), brings(AppendEntriesReply, InstallSnapshotReply))),
	traceConsistent:          that(mustFit),
	refusedHarmless:          when(marked(refuses), that(showsRefusal)),

	sentByLeader:      sends(AppendEntries, InstallSnapshot),
	storesWhatWasSent: either(brings(AppendEntries), acknowledges),
	snapshotWhole:     when(brings(InstallSnapshot), that(func(s *Step) bool { return s.Input.Message.Partial || s.Input.Message.Offset > 0 })),
	snapshotTermTrue:  marked(hasBase),
	diskKept:          marked(hadDisk),
	readNotBelowNoted: answersRead,
}
