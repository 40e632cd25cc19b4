package spec

import "slices"

// The rules about storage that fails or takes its time (Raft paper, 5.6; dissertation, 10.2.1).

var errorStopsPromise = &Rule{
	ID: "R5.6-04", Name: "error-stops-promise",
	Sentence: "A server that could not write sends nothing, and tells no client anything, that rests on what it wanted to write.",
	Why: "A disk that is full or broken says so once. What the server promises all the same is lost with the next crash, and nobody finds out until then. " +
		"What usually breaks it: the error is logged and not returned, or returned as success from a function in between.",
	Section: "Raft paper, 5.6 and Figure 2 (persistent state)", Level: Must, Profile: Storage,
	Catches: []string{"st-persist-fail-ignored", "sn-save-error-swallowed"},
	Step: func(s *Step) *Breach {
		failed := false
		for k := range s.Output.Effects {
			switch e := &s.Output.Effects[k]; {
			case e.Kind == Fail:
				failed = true
			case !failed:
			case e.Kind == Send:
				return s.breachSent(k, "%s could not write and sends %s to %s", s.Server, e.Message.Kind, e.Message.To).
					refusing("the write succeeded", "it failed").allowing("%s stops", s.Server)
			case e.Kind == Answer:
				return s.breach(PartEffect, k, "%s could not write and answers a client", s.Server).
					refusing("the write succeeded", "it failed").allowing("%s stops", s.Server)
			}
		}
		return nil
	},
}

var storedAcknowledged = &Rule{
	ID: "R5.6-07", Name: "stored-acknowledged",
	Sentence: "An acknowledgement that waited for storage leaves only when the very entries that it acknowledges are stored, compared by index and term.",
	Why: "While a write waits, a new leader may replace its entries by others at the same indexes. When the first write is done the disk holds entries at those indexes, but not those that " +
		"the second acknowledgement is about. " +
		"What usually breaks it: storage reports the last index that it has written, and nobody asks of which term.",
	Section: "dissertation, 10.2.1", Level: Must, Profile: Storage,
	Catches: []string{"rp-append-aba"},
	Needs:   FieldTerm | FieldLog | FieldDurable,
	Step: func(s *Step) *Breach {
		if s.Input.Kind != Stored {
			return nil
		}
		disk := &s.Before.Durable
		for k := range s.Output.Effects {
			switch e := &s.Output.Effects[k]; {
			case e.Kind == Write || e.Kind == Sync:
				disk = &e.Durable
			case e.Kind == Send && e.Message.Kind == AppendEntriesReply && e.Message.Success:
				if b := judgePromisedEntries(s, k, &e.Message, disk); b != nil {
					return b
				}
			}
		}
		return nil
	},
}

var diskNotBlank = &Rule{
	ID: "R5.6-06", Name: "disk-not-blank",
	Sentence: "A server whose disk lost what it had promised does not come back under the same name as if it were new.",
	Why: "It voted and acknowledged, and others count on it. Blank, it votes again in the same terms and helps to elect a leader that lacks what it acknowledged. " +
		"What usually breaks it: an empty directory is taken for a first start.",
	Section: "Raft paper, 5.6; dissertation, 4 and 11.7.2", Level: Must, Profile: Storage,
	Catches: []string{"st-stale-disk", "mb-identity-reuse", "el-meta-missing-term0"},
	Needs:   FieldRole | FieldTerm | FieldLog,
	Step: func(s *Step) *Breach {
		had := s.Before.Term > 0 || s.Before.Log.LastIndex() > 0
		if s.Input.Kind != Restart || s.Before.Role != Crashed || s.crashes() || !had || s.After.Term > 0 || s.After.Log.LastIndex() > 0 {
			return nil
		}
		return s.breachAfter("%s had reached term %d and comes back as if it were new", s.Server, s.Before.Term).
			refusing("its disk is not blank", "it is").allowing("%s stays down, or joins under another name", s.Server).before("what it had on disk", FieldDurable)
	},
}

var corruptionNotCut = &Rule{
	ID: "R5.6-05", Name: "corruption-not-cut",
	Sentence: "A voter that cannot read the end of its log does not cut it off and go on.",
	Why: "It acknowledged those entries, and they may be committed with its copy. Without them it votes for candidates that lack them too, and what was committed is lost although only one disk was damaged. " +
		"What usually breaks it: a checksum that is wrong is taken for the end of a write that a crash cut short.",
	Section: "Raft paper, 5.6; Protocol-Aware Recovery (FAST 2018)", Level: Must, Profile: Storage,
	Catches: []string{"st-stale-disk", "st-minority-corruption"},
	Unless:  []Variant{HealsFirst},
	Needs:   FieldRole | FieldTerm | FieldLog | FieldConfig,
	Step:    judgeCorruptionNotCut,
}

func judgeCorruptionNotCut(s *Step) *Breach {
	disk, log := s.Before.Log, s.After.Log
	if !s.comesBack() || s.After.Term < s.Before.Term || log.LastIndex() >= disk.LastIndex() || !log.begins(disk) || !s.Before.Config.votes(s.Server) && !s.After.Config.votes(s.Server) {
		return nil
	}
	i := log.LastIndex() + 1
	return s.breachAfter("%s has %s at index %d on its disk, and comes back as a voter with a log that ends before it", s.Server, disk.at(i), i).
		refusing("last index ≥ last index on disk", "%d is below %d", log.LastIndex(), disk.LastIndex()).
		allowing("%s stays down, or takes no part until a leader has sent it what it lost", s.Server).before("the log on disk", FieldDurable)
}

// votes reports whether a server is a voter, in either half.
func (c *Configuration) votes(id ServerID) bool {
	return slices.Contains(c.Voters, id) || slices.Contains(c.Outgoing, id)
}
