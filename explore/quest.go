package explore

import (
	"context"
	"slices"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/spec"
)

// Quest is something that can be asked for: is there a way from here to …?
type Quest struct {
	Name     string // "leader-elected"
	Sentence string // "a candidate wins an election"
	Kind     QuestKind
	rules    []*spec.Rule // judged as promises are: to break one is to have found it
}

// QuestKind says what finding it means.
type QuestKind string

// The kinds of quests.
const (
	Wrong      QuestKind = "a promise is broken"
	Happens    QuestKind = "something happens that a Raft is for"
	Surprising QuestKind = "something happens that looks wrong, and is not"
)

// AnyPromise is the name of the quest for the nearest breach of any promise.
const AnyPromise = "any-promise-broken"

// wrongs are promises whose breach can be asked for by what it means.
var wrongs = []struct {
	name, sentence string
	rules          []string
}{
	{"second-leader", "a second server leads the same term", []string{"election-safety"}},
	{"second-vote", "a server votes for two candidates in one term", []string{"vote-once"}},
	{"committed-entry-lost", "an entry that is committed is lost: a server drops it, or a new leader has never had it", []string{"committed-kept", "leader-completeness"}},
	{"commits-differ", "two servers commit different entries at one index", []string{"state-machine-safety"}},
	{"logs-differ", "two logs hold the same entry and differ before it", []string{"log-matching"}},
}

// surprises say what it is to reach a debug goal, by its name.
var surprises = map[string]string{
	"one-leader-at-a-time":            "two servers lead at the same moment, in different terms",
	"no-higher-term-beside-committed": "a server holds an entry of a higher term where another has committed one",
	"leader-commits-what-it-stored":   "a leader has committed what is not on its own disk",
	"vote-goes-with-committed":        "a server has committed what the server that it voted for does not hold",
	"more-up-to-date-has-committed":   "a server whose log is more up to date lacks what another has committed",
}

// truncated is what to break when a log loses entries at its end.
var truncated = &spec.Rule{
	ID: "X-SV-01", Name: "log-truncated",
	Sentence: "No server drops an entry from the end of its log.",
	Why:      "Followers do, when their leader's log is another one: this is no promise.",
	Section:  "Raft paper, 5.3", Profile: spec.Core, Needs: spec.FieldLog,
	Step: func(s *spec.Step) *spec.Breach {
		for i := max(s.Before.Log.Base, s.After.Log.Base) + 1; i <= s.Before.Log.LastIndex(); i++ {
			was, _ := s.Before.Log.At(i)
			if is, held := s.After.Log.At(i); !held || is.Term != was.Term {
				return &spec.Breach{Message: s.Server.String() + " drops an entry", Evidence: []spec.Evidence{{Server: s.Server}}}
			}
		}
		return nil
	},
}

// Quests lists what can be asked for in the world: what its bounds and variants let happen.
func (s *session) Quests(context.Context) ([]Quest, error) {
	all := []Quest{{AnyPromise, "any promise of Raft is broken", Wrong, s.Rules}}
	for _, w := range wrongs {
		rules := slices.DeleteFunc(spec.Applicable(s.Rules, s.config.Variants), func(r *spec.Rule) bool { return !slices.Contains(w.rules, r.Name) })
		if len(rules) > 0 {
			all = append(all, Quest{w.name, w.sentence, Wrong, rules})
		}
	}
	for _, g := range checker.GoalsWithin(s.config, nil) {
		if g.Possible {
			all = append(all, Quest{g.Goal.Name, g.Goal.Sentence, Happens, []*spec.Rule{reaching(g.Goal)}})
		}
	}
	all = append(all, Quest{truncated.Name, "a server drops an entry from the end of its log", Happens, []*spec.Rule{truncated}})
	for _, g := range spec.DebugGoals {
		all = append(all, Quest{g.Invariant.Name, surprises[g.Invariant.Name], Surprising, []*spec.Rule{g.Invariant}})
	}
	return all, nil
}

// reaching is what to break when a goal is reached.
func reaching(g *spec.Goal) *spec.Rule {
	return &spec.Rule{
		ID: "X-SV-02", Name: g.Name, Sentence: "It does not happen that " + g.Sentence + ".", Why: "It is a goal.", Section: "docs/goals.md",
		Profile: spec.Core, Needs: g.Shows,
		Step: func(s *spec.Step) *spec.Breach {
			if !g.Reached(s) {
				return nil
			}
			return &spec.Breach{Message: g.Sentence, Evidence: []spec.Evidence{{Server: s.Server}}}
		},
	}
}
