package spec

import "slices"

// A rule that a step cannot break says nothing about it. What puts a rule to the test is written here, beside all the others, so that "held" can
// be told with how often it could have been otherwise. A rule with a Step check that is not in the list is put to the test by every
// step that shows what it needs.

// Exercises reports whether the step could break the rule: it shows what the rule needs, and something happens that the rule is about.
func (r *Rule) Exercises(s *Step) bool {
	if r.Step == nil || !r.checkable(s) {
		return false
	}
	about := exercises[r]
	return about == nil || about(s)
}

// ExercisedBy reports whether the step may put the rule to the test, in any of the ways in which the rule looks at executions: by the step
// alone, or together with what came before or with another server.
func (r *Rule) ExercisedBy(s *Step, declared Variants) bool {
	if s.Output.Refused {
		return false
	}
	return r.Exercises(s) || r.Agreement != FactNone && s.tells(r.Agreement, declared) || r.checkable(s) &&
		((r.Elected != nil || r.Kept != nil) && TookOffice(s) || r.Answered != nil && s.answersAtOnce() != nil || r.Told != nil && s.Output.answers())
}

// tells reports whether a step establishes a fact of that kind.
func (s *Step) tells(kind FactKind, declared Variants) (told bool) {
	Facts(s, declared, func(f *Fact) { told = told || f.Kind == kind })
	return told
}

// when says that all of the conditions must hold.
func when(conditions ...func(*Step) bool) func(*Step) bool {
	return func(s *Step) bool {
		return !slices.ContainsFunc(conditions, func(holds func(*Step) bool) bool { return !holds(s) })
	}
}

// either says that one of the conditions must hold.
func either(conditions ...func(*Step) bool) func(*Step) bool {
	return func(s *Step) bool {
		return slices.ContainsFunc(conditions, func(holds func(*Step) bool) bool { return holds(s) })
	}
}

func brings(kinds ...MessageKind) func(*Step) bool {
	return func(s *Step) bool { return s.Input.Kind == Deliver && slices.Contains(kinds, s.Input.Message.Kind) }
}

func given(kinds ...InputKind) func(*Step) bool {
	return func(s *Step) bool { return slices.Contains(kinds, s.Input.Kind) }
}

func sends(kinds ...MessageKind) func(*Step) bool {
	return func(s *Step) bool {
		return slices.ContainsFunc(s.Output.Effects, func(e Effect) bool { return e.Kind == Send && slices.Contains(kinds, e.Message.Kind) })
	}
}

func grants(s *Step) bool {
	return slices.ContainsFunc(s.Output.Effects, func(e Effect) bool {
		return e.Kind == Send && e.Message.Kind == RequestVoteReply && e.Message.Knows(MessageGranted) && e.Message.Granted
	})
}

func acknowledges(s *Step) bool {
	return slices.ContainsFunc(s.Output.Effects, func(e Effect) bool {
		return e.Kind == Send && (e.Message.Kind == AppendEntriesReply || e.Message.Kind == InstallSnapshotReply) && e.Message.Knows(MessageSuccess) && e.Message.Success
	})
}

func does(kinds ...EffectKind) func(*Step) bool {
	return func(s *Step) bool {
		return slices.ContainsFunc(s.Output.Effects, func(e Effect) bool { return slices.Contains(kinds, e.Kind) })
	}
}

func answersCommand(s *Step) bool {
	return slices.ContainsFunc(s.Output.Effects, func(e Effect) bool { return e.Kind == Answer && !e.Reply.Read })
}

func answersRead(s *Step) bool {
	return slices.ContainsFunc(s.Output.Effects, func(e Effect) bool { return e.Kind == Answer && e.Reply.Read })
}

func ofHigherTerm(s *Step) bool {
	m := &s.Input.Message
	return s.Input.Kind == Deliver && m.Knows(MessageTerm) && m.Term > s.Before.Term && tellsSendersTerm(m.Kind)
}

func ofEarlierTerm(s *Step) bool {
	m := &s.Input.Message
	return s.Input.Kind == Deliver && m.Knows(MessageTerm) && m.Term < s.Before.Term
}

func notOfEarlierTerm(s *Step) bool {
	return s.Input.Message.Knows(MessageTerm) && s.Input.Message.Term >= s.Before.Term
}

func ofItsTerm(s *Step) bool {
	return s.Input.Message.Knows(MessageTerm) && s.Input.Message.Term == s.Before.Term
}

func request(s *Step) bool { return s.Input.Message.Kind.IsRequest() }

func reply(s *Step) bool { return s.Input.Kind == Deliver && !s.Input.Message.Kind.IsRequest() }

func wholeMessage(s *Step) bool { return s.Input.Message.Complete() }

func running(s *Step) bool { return s.runs() && (s.Before.Knows(FieldUp) || s.Before.Knows(FieldRole)) }

func comesUp(s *Step) bool { return s.Input.Kind == Restart || s.comesBack() }

func leading(s *Step) bool { return s.leads() }

func tookOffice(s *Step) bool { return TookOffice(s) }

func leadsAfter(s *Step) bool { return s.After.Role == Leader && s.After.Knows(FieldRole) }

func campaigning(s *Step) bool { _, campaigns := s.campaignsFrom(); return campaigns }

func raisesCommit(s *Step) bool { return s.After.CommitIndex > s.Before.CommitIndex }

func holdsVote(s *Step) bool {
	return s.Before.VotedFor != None && s.Before.Term == s.After.Term || !running(s) && s.Before.Knows(FieldDurable) && s.Before.Durable.VotedFor != None
}

func holdsEntries(s *Step) bool { return len(s.Before.Log.Entries) > 0 }

func compacts(s *Step) bool { return s.After.Log.Base > s.Before.Log.Base }

func changesConfiguration(s *Step) bool { _, _, appends := s.appendsConfiguration(); return appends }

func inLog(s *Step) bool {
	_, _, found := s.After.Log.lastConfiguration(s.After.Log.LastIndex())
	return found
}

// exercises says when a step puts a rule to the test.
var exercises = map[*Rule]func(*Step) bool{
	adoptHigherTerm:         when(running, ofHigherTerm),
	heedHigherTerm:          when(running, ofHigherTerm),
	staleRequestHarmless:    when(running, request, ofEarlierTerm),
	staleRequestAnswer:      when(running, request, ofEarlierTerm, sends(RequestVoteReply, AppendEntriesReply, InstallSnapshotReply, PreVoteReply)),
	messageTerm:             does(Send),
	staleReplyIgnored:       when(running, reply, ofEarlierTerm, brings(RequestVoteReply, AppendEntriesReply, InstallSnapshotReply)),
	entryOfItsTerm:          func(s *Step) bool { _, gained := firstGain(s.Before.Log, s.After.Log); return gained && running(s) },
	startFollower:           given(Restart),
	voteOnce:                holdsVote,
	candidateVotesForItself: campaigning,
	votesOfThisTerm:         when(running, either(brings(RequestVoteReply), tookOffice)),
	majorityElects:          tookOffice,
	oneVoteEach:             either(tookOffice, func(s *Step) bool { return len(s.After.Granted) > 1 }),
	noVoteAway:              grants,
	candidateYields:         when(running, brings(AppendEntries, InstallSnapshot), ofItsTerm),
	heartbeatToAll:          when(running, given(Heartbeat), leading),
	leaderAppendOnly:        when(leading, holdsEntries),
	prevMatches:             when(brings(AppendEntries), wholeMessage, notOfEarlierTerm, either(acknowledges, func(s *Step) bool { return logChanged(s.Before.Log, s.After.Log) })),
	truncateOnConflict:      holdsEntries,
	appendIdempotent:        when(running, brings(AppendEntries), wholeMessage, func(s *Step) bool { return covers(s.Before.Log, &s.Input.Message) }),
	ackVerified:             when(brings(AppendEntries), acknowledges),
	matchMonotonic:          when(leading, func(s *Step) bool { return len(s.Before.Progress) > 0 }),
	nextAboveMatch:          when(leadsAfter, func(s *Step) bool { return len(s.After.Progress) > 0 }),
	prevTermTrue:            sends(AppendEntries),
	entriesFromLog: func(s *Step) bool {
		return slices.ContainsFunc(s.Output.Effects, func(e Effect) bool { return e.Kind == Send && len(e.Message.Entries) > 0 })
	},
	heartbeatAtMatch: when(leadsAfter, func(s *Step) bool {
		return slices.ContainsFunc(s.Output.Effects, func(e Effect) bool {
			return e.Kind == Send && e.Message.Kind == AppendEntries && len(e.Message.Entries) == 0
		})
	}),
	compactedIsCommitted: when(running, brings(AppendEntries), func(s *Step) bool {
		return s.Input.Message.Knows(MessagePrevIndex) && s.Input.Message.PrevLogIndex < s.Before.Log.Base
	}),
	logTermsOrdered:  func(s *Step) bool { return len(s.After.Log.Entries) > 0 },
	voteUpToDate:     when(brings(RequestVote), grants),
	candidateLastLog: sends(RequestVote),
	termIsNoVote:     ofHigherTerm,
	commitOwnTerm:    func(s *Step) bool { return s.commitsAsLeader() },
	commitWhatIsStored: when(leading, brings(AppendEntriesReply), func(s *Step) bool {
		return s.Input.Message.Knows(MessageSuccess) && s.Input.Message.Success
	}),
	countDurableCopies:           when(leadsAfter, answersCommand),
	commitMonotonic:              when(running, func(s *Step) bool { return s.Before.CommitIndex > 0 }),
	commitVerified:               when(running, raisesCommit, brings(AppendEntries, InstallSnapshot)),
	commitMajority:               func(s *Step) bool { return s.commitsAsLeader() },
	commitInLog:                  func(s *Step) bool { return s.After.CommitIndex > 0 },
	applyInOrder:                 func(s *Step) bool { return s.After.LastApplied > 0 || s.Before.LastApplied > 0 },
	committedKept:                when(func(s *Step) bool { return s.Before.CommitIndex > 0 }, holdsEntries),
	durableBeforeSend:            does(Send),
	voteAtomic:                   func(s *Step) bool { return s.Input.Cut > 0 },
	truncationAtomic:             when(func(s *Step) bool { return s.Input.Cut > 0 }, brings(AppendEntries)),
	errorStopsPromise:            does(Fail),
	corruptionNotCut:             when(comesUp, func(s *Step) bool { return len(s.Before.Log.Entries) > 0 }),
	diskNotBlank:                 when(given(Restart), func(s *Step) bool { return s.Before.Term > 0 || s.Before.Log.LastIndex() > 0 }),
	storedAcknowledged:           when(given(Stored), acknowledges),
	latestInForce:                inLog,
	jointMajorities:              when(func(s *Step) bool { return len(s.Before.Config.Outgoing) > 0 }, either(tookOffice, func(s *Step) bool { return s.commitsAsLeader() })),
	jointCommittedFirst:          when(changesConfiguration, func(s *Step) bool { return len(s.Before.Config.Outgoing) > 0 }),
	oneChangeAtATime:             changesConfiguration,
	changeAfterOwnCommit:         when(changesConfiguration, given(Reconfigure)),
	oneVoterAtATime:              when(changesConfiguration, given(Reconfigure)),
	configurationRolledBack:      func(s *Step) bool { _, lost := firstLoss(s.Before.Log, s.After.Log); return lost && running(s) },
	onlyVotersCampaign:           func(s *Step) bool { return running(s) && seeksOffice(s.After.Role) && !seeksOffice(s.Before.Role) },
	outsidersNotCounted:          either(tookOffice, func(s *Step) bool { return s.commitsAsLeader() }),
	removedLeaderSteps:           when(leadsAfter, inLog),
	removedDeposesNobody:         when(running, brings(RequestVote), func(s *Step) bool { return s.Before.Role == Leader && !s.Before.Config.Has(s.Input.Message.From) }),
	noLeaderWithoutConfiguration: tookOffice,
	identityNotReused:            func(s *Step) bool { return !s.Before.blank() },
	snapshotCommitted:            when(running, compacts, func(s *Step) bool { return s.Input.Kind != Deliver }),
	snapshotWhenCompacted:        when(sends(AppendEntries, InstallSnapshot), func(s *Step) bool { return s.Before.Log.Base > 0 }),
	installRaises:                when(running, brings(InstallSnapshot)),
	installKeepsSuffix: when(running, brings(InstallSnapshot), wholeMessage, notOfEarlierTerm, func(s *Step) bool {
		return s.Input.Message.PrevLogIndex > s.Before.CommitIndex
	}),
	configurationOfSnapshot:  when(running, brings(InstallSnapshot), func(s *Step) bool { return len(s.Input.Message.Entries) == 1 }),
	snapshotBeforeTruncation: when(given(Compact), does(Write, Sync)),
	readAfterOwnTermCommit:   when(leadsAfter, answersRead),
	readConfirmed:            answersRead,
	readWaitsToApply:         answersRead,
	retriedTakesEffectOnce:   does(Apply),
	completionOfItsEntry:     answersCommand,
	failureIsFinal: func(s *Step) bool {
		return slices.ContainsFunc(s.Output.Effects, func(e Effect) bool { return e.Kind == Answer && e.Reply.Failed })
	},
	transferByLeader:   either(sends(TimeoutNow), brings(TimeoutNow)),
	preVoteHarmless:    when(running, either(brings(PreVote), func(s *Step) bool { return s.Input.Kind == Timeout && s.After.Role == PreCandidate })),
	preVoteAnswered:    when(running, brings(PreVote, PreVoteReply)),
	preVoteEachTime:    when(running, given(Timeout)),
	leaderKeepsContact: when(leading, either(given(Timeout), brings(AppendEntriesReply, InstallSnapshotReply))),
	traceConsistent:    either(does(Send), given(Deliver)),
}
