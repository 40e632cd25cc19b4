package spec

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Rules lists every rule of the rulebook that is implemented, in the rulebook's order. It must not be changed.
var Rules = []*Rule{
	termMonotonic, adoptHigherTerm, staleRequestHarmless, staleRequestAnswer, messageTerm, staleReplyIgnored, entryOfItsTerm, heedHigherTerm, termHasSource,
	startFollower, electionSafety, voteOnce, candidateVotesForItself, votesOfThisTerm, majorityElects, oneVoteEach, noVoteAway,
	candidateYields, heartbeatToAll, sentByLeader,
	leaderAppendOnly, logMatching, prevMatches, truncateOnConflict, appendIdempotent, ackVerified, matchMonotonic, nextAboveMatch,
	prevTermTrue, entriesFromLog, heartbeatAtMatch, compactedIsCommitted, logTermsOrdered, leaderCommitTrue, storesWhatWasSent,
	voteUpToDate, candidateLastLog, termIsNoVote, leaderCompleteness,
	commitOwnTerm, commitWhatIsStored, countDurableCopies, commitMonotonic, commitVerified, commitMajority, commitInLog, applyInOrder,
	stateMachineSafety, committedKept,
	durableBeforeSend, voteAtomic, truncationAtomic, errorStopsPromise, corruptionNotCut, diskNotBlank, storedAcknowledged, diskKept,
	latestInForce, jointMajorities, jointCommittedFirst, oneChangeAtATime, changeAfterOwnCommit, oneVoterAtATime, configurationRolledBack,
	onlyVotersCampaign, outsidersNotCounted, removedLeaderSteps, removedDeposesNobody, noLeaderWithoutConfiguration, identityNotReused,
	snapshotCommitted, snapshotWhenCompacted, installRaises, installKeepsSuffix, snapshotWhole, configurationOfSnapshot, snapshotBeforeTruncation, snapshotTermTrue,
	acknowledgedKept, linearizability, readAfterOwnTermCommit, readConfirmed, readWaitsToApply, leaseReadFresh, retriedTakesEffectOnce, sessionsInLog,
	completionOfItsEntry, failureIsFinal, readNotBelowNoted,
	transferByLeader, preVoteHarmless, preVoteAnswered, preVoteEachTime, leaderKeepsContact,
	traceConsistent, refusedHarmless,
}

// RuleByName returns the rule of Rules or LivenessRules with that name or id, in any case of letters, and whether there is one.
func RuleByName(nameOrID string) (*Rule, bool) {
	all := AllRules()
	k := slices.IndexFunc(all, func(r *Rule) bool { return strings.EqualFold(r.Name, nameOrID) || strings.EqualFold(r.ID, nameOrID) })
	if k < 0 {
		return nil, false
	}
	return all[k], true
}

var (
	idShape   = regexp.MustCompile(`^[A-Z]+[0-9]*(\.[0-9]+)*(-[A-Z]+)?-[0-9]{2}$`)
	nameShape = regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	slugShape = regexp.MustCompile(`^(el|rp|cm|sn|mb|rd|cl|st)(-[a-z0-9]+)+$`)
)

// ValidateRules reports what is wrong with a list of rules, all of it at once: ids and names that are missing, malformed or used
// twice, sentences without a period, rules without a section, an explanation or a check.
func ValidateRules(rules []*Rule) error {
	var wrong []error
	seen := map[string]bool{}
	for k, r := range rules {
		if r == nil {
			wrong = append(wrong, fmt.Errorf("rule number %d is nil", k))
			continue
		}
		for _, name := range []string{r.ID, r.Name} {
			if seen[name] {
				wrong = append(wrong, fmt.Errorf("rule %s: %q is used twice", r.ID, name))
			}
			seen[name] = true
		}
		for _, fault := range r.faults() {
			wrong = append(wrong, fmt.Errorf("rule %s: %s", r.ID, fault))
		}
	}
	return errors.Join(wrong...)
}

func (r *Rule) faults() []string {
	var faults []string
	check := func(ok bool, fault string) {
		if !ok {
			faults = append(faults, fault)
		}
	}
	check(idShape.MatchString(r.ID), fmt.Sprintf("the id %q is not of the form R5.2-02", r.ID))
	check(nameShape.MatchString(r.Name), fmt.Sprintf("the name %q is not words with hyphens", r.Name))
	check(strings.HasSuffix(r.Sentence, ".") && strings.Count(r.Sentence, ". ") == 0, "the sentence is not one sentence with a period")
	check(strings.HasSuffix(r.Why, "."), "nothing says why, or it does not end with a period")
	check(r.Section != "", "the section is missing")
	check(r.Profile != "", "the profile is missing")
	check(r.Step != nil || r.Pair != nil || r.Agreement != FactNone || r.Elected != nil || r.Answered != nil || r.Claimed != nil || r.Kept != nil || r.Told != nil || r.Live != nil, "it has no check")
	if r.Live != nil {
		check(r.Live.Waits != nil && r.Live.Says != nil && r.Live.Avoids != "" && (r.Live.Within == nil) == (r.Live.Reaches == ""), "its liveness does not say what waits, or what a pass says")
	}
	for _, slug := range r.Catches {
		check(slugShape.MatchString(slug), fmt.Sprintf("%q is no slug of a fault", slug))
	}
	return faults
}
