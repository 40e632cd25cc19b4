package spec

import "slices"

// The rules about who is a member (Raft paper, 6; dissertation, 4).

var onlyVotersCampaign = &Rule{
	ID: "R6-09", Name: "only-voters-campaign",
	Sentence: "A server that is no voter of its configuration starts no election.",
	Why: "A learner is there to catch up, and may be far behind. Its campaigns raise the term and depose leaders, and if its vote for itself counts, " +
		"it can win with fewer voters than a majority. " +
		"What usually breaks it: the election timer asks whether the server may campaign, and another way to a campaign does not.",
	Section: "Raft paper, 6; dissertation, 4.2.1", Level: Must, Profile: Membership,
	Catches: []string{"el-nonvoter-campaigns"},
	Needs:   FieldRole | FieldTerm | FieldConfig,
	Step:    judgeOnlyVotersCampaign,
}

func judgeOnlyVotersCampaign(s *Step) *Breach {
	if !s.runs() || !seeksOffice(s.After.Role) || seeksOffice(s.Before.Role) && s.Before.Term == s.After.Term || s.Before.Role == Leader {
		return nil
	}
	for _, c := range [...]*Configuration{&s.Before.Config, &s.After.Config} {
		if len(c.Voters) == 0 || slices.Contains(c.Voters, s.Server) || slices.Contains(c.Outgoing, s.Server) {
			return nil
		}
	}
	b := s.breachAfter("%s becomes %s in term %d and is no voter", s.Server, s.After.Role, s.After.Term).
		refusing("the server is a voter", "the voters are %s", configured(&s.Before.Config)).
		allowing("%s stays follower in term %d", s.Server, s.Before.Term)
	if slices.Contains(s.Before.Config.Learners, s.Server) {
		b.Message += " but a learner"
	}
	return b
}

// seeksOffice reports whether a server in that role wants to lead, or does.
func seeksOffice(r Role) bool { return r == PreCandidate || r == Candidate || r == Leader }
