package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/raftcheck/raftcheck/conformance"
	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/linearizability"
	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/subject"
)

// topic is something explain knows about.
type topic struct {
	names []string // the first is how it is listed; all are understood, in lower case
	gist  string   // one line
	tell  func(io.Writer)
}

// chapter is a kind of topics.
type chapter struct {
	name   string // as in "raftcheck explain rules"
	gist   string
	topics []topic
}

// explain says what a name means.
func (a *app) explain() *cobra.Command {
	return &cobra.Command{
		Use:   "explain [NAME...]",
		Short: "Say what a rule, variant, goal, mutant, fault or any other name means",
		Long: `explain says what a name means that raftcheck prints or takes: a rule by its id or name, with the scenarios that test it, a
variant, a goal, a mutant, a fault, a feature of the reference, a strategy, a format, an exit code. Without a name it lists what
there is.`,
		Example: `  raftcheck explain election-safety
  raftcheck explain R5.2-02
  raftcheck explain R5.3-04/repeats-what-it-has
  raftcheck explain rules
  raftcheck explain exit-codes`,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return topicNames(chapters()), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				a.term.tell(func(w io.Writer) { listChapters(w, chapters()) })
				return nil
			}
			for k, name := range args {
				tell, err := find(chapters(), name)
				if err != nil {
					return err
				}
				if k > 0 {
					fmt.Fprintln(a.term.out)
				}
				a.term.tell(tell)
			}
			return nil
		},
	}
}

// chapters lists all that can be explained.
func chapters() []chapter {
	return []chapter{
		{"rules", "what every Raft promises", ruleTopics()},
		{"unjudged", "what Raft promises and no rule judges, with the reason", unjudgedTopics()},
		{"variants", "what systems may do by design, and say so", variantTopics()},
		{"goals", "what bounds must let happen before a pass means anything", goalTopics()},
		{"debug-goals", "what looks like a promise of Raft and is none", debugGoalTopics()},
		{"mutants", "the reference Raft with one documented bug each", mutantTopics()},
		{"published", "faults that published specifications of Raft have themselves", publishedTopics()},
		{"faults", "what may go wrong, of --faults", faultTopics},
		{"features", "what the reference may have or do, of --features and --impl reference:NAME", featureTopics},
		{"networks", "how messages travel, of --network", networkTopics},
		{"reductions", "what a search leaves out and finds the same, of --reduce", reductionTopics},
		{"levels", "how much is tried, of conform --level", levelTopics},
		{"strategies", "how random executions are chosen, of fuzz --strategy", strategyTopics},
		{"formats", "what reports are written in, of -o", formatTopics},
		{"trace-formats", "what traces are read in, of verify --format and show --format", traceFormatTopics},
		{"history-formats", "what histories of clients are read in, of linearize --format", historyFormatTopics},
		{"adapter-checks", "what an adapter is held to, before anything is said of the Raft behind it", contractTopics()},
		{"exit-codes", "what the exit code says", exitTopics()},
		{"schemas", "what files look like, as JSON Schema", schemaTopics()},
		{"scenarios", "directed tests of one server, of raftcheck conform", scenarioTopics()},
	}
}

// find returns what tells about the name.
func find(book []chapter, name string) (func(io.Writer), error) {
	wanted := strings.ToLower(name)
	for _, c := range book {
		if wanted == c.name || wanted+"s" == c.name {
			return func(w io.Writer) { listTopics(w, c) }, nil
		}
		for _, t := range c.topics {
			if slices.Contains(t.names, wanted) {
				return t.tell, nil
			}
		}
	}
	hint := didYouMean(wanted, topicNames(book), "raftcheck explain lists what there is")
	if fileThere(name) {
		hint = cmp.Or(taking(name, pflag.NewFlagSet("", pflag.ContinueOnError)), hint)
	}
	return nil, usageError(hint, "nothing is called %q", name)
}

func topicNames(book []chapter) []string {
	var names []string
	for _, c := range book {
		names = append(names, c.name)
		for _, t := range c.topics {
			names = append(names, t.names...)
		}
	}
	return names
}

func listChapters(w io.Writer, book []chapter) {
	for k, c := range book {
		if k > 0 {
			fmt.Fprintln(w)
		}
		if len(c.topics) > mostListed {
			fmt.Fprintf(w, "%s: %s\n\n  raftcheck explain %s lists all %d\n", report.Title(c.name), c.gist, c.name, len(c.topics))
			continue
		}
		listTopics(w, c)
	}
}

// mostListed is how many topics of a chapter are listed among those of all others.
const mostListed = 200

func listTopics(w io.Writer, c chapter) {
	fmt.Fprintf(w, "%s: %s\n\n", report.Title(c.name), c.gist)
	width := 0
	for _, t := range c.topics {
		width = max(width, len(t.names[0]))
	}
	for _, t := range c.topics {
		fmt.Fprintf(w, "  %-*s  %s\n", width, t.names[0], t.gist)
	}
}

func ruleTopics() []topic {
	all := spec.AllRules()
	topics := make([]topic, len(all))
	for k, r := range all {
		topics[k] = topic{[]string{r.Name, strings.ToLower(r.ID)}, r.ID + "  " + r.Sentence, func(w io.Writer) { tellRule(w, r) }}
	}
	return topics
}

func unjudgedTopics() []topic {
	topics := make([]topic, len(spec.NotJudged))
	for k, u := range spec.NotJudged {
		topics[k] = topic{[]string{u.Name, strings.ToLower(u.ID)}, u.ID + "  " + u.Sentence, func(w io.Writer) {
			fmt.Fprintf(w, "%s  %s\n\n%s\n\n%s\n\n  %-13s %s\n", u.ID, u.Name, u.Sentence, report.Wrapped("No rule judges it. "+u.Because, 100), "source", u.Section)
		}}
	}
	return topics
}

func tellRule(w io.Writer, r *spec.Rule) {
	fmt.Fprintf(w, "%s  %s\n\n%s\n\n%s\n\n", r.ID, r.Name, r.Sentence, report.Wrapped(r.Why, 100))
	rows := [][2]string{
		{"source", r.Section},
		{"level", r.Level.String()},
		{"profile", string(r.Profile)},
		{"judged on", strings.Join(waysToJudge(r), "; ")},
		{"needs to see", orNothing(fieldNames(seenBy(r)))},
		{"broken by", orNothing(r.Catches)},
		{"no mutant", cmp.Or(r.NoMutant, "-")},
		{"void for", orNothing(variantNames(r.Unless))},
		{"only for", orNothing(variantNames(r.Only))},
		{"otherwise for", orNothing(variantNames(r.Varies))},
	}
	for _, row := range rows {
		fmt.Fprintf(w, "  %-13s %s\n", row[0], strings.ReplaceAll(report.Wrapped(row[1], 84), "\n", "\n                "))
	}
	if r.Live != nil {
		fmt.Fprintf(w, "\n  An execution without end counts only if it is fair:\n")
		for _, f := range spec.Fairness {
			fmt.Fprintf(w, "  - %s\n", strings.ReplaceAll(report.Wrapped(f, 96), "\n", "\n    "))
		}
	}
	listScenarios(w, r.ID)
	fmt.Fprintf(w, "\nJudge only this rule:  raftcheck check --rule %s\n", r.Name)
	story, known := mutant.StoryOf(r.ID)
	if !known {
		return
	}
	fmt.Fprintf(w, "See it broken:         raftcheck check --rule %s --impl mutant:%s\n", r.Name, story.Mutant)
	fmt.Fprintf(w, "\nThe shortest execution known that breaks it, of mutant:%s, in %s:\n\n%s", story.Mutant, report.Some(story.Steps, "step"), story.Text)
}

// mutantsCaughtBy returns the mutants that the rule catches, those first that it catches soonest of all rules.
func mutantsCaughtBy(r *spec.Rule) []string {
	var first, later []string
	for _, m := range mutant.Every() {
		switch slices.Index(m.Rules, r.ID) {
		case -1:
		case 0:
			first = append(first, m.Name)
		default:
			later = append(later, m.Name)
		}
	}
	return append(first, later...)
}

// waysToJudge says in words which of its checks a rule has.
func waysToJudge(r *spec.Rule) []string {
	var ways []string
	if r.Step != nil {
		ways = append(ways, "each step of each server")
	}
	if r.Pair != nil {
		ways = append(ways, "every two servers at one moment")
	}
	if r.Elected != nil {
		ways = append(ways, "each server that becomes leader, against all that was committed")
	}
	if r.Kept != nil {
		ways = append(ways, "each server that becomes leader, against all that clients were told")
	}
	if r.Told != nil {
		ways = append(ways, "each answer to a client, against all that clients were told")
	}
	if r.Claimed != nil {
		ways = append(ways, "each message that tells of more as committed than its sender has committed, against all that was committed")
	}
	if r.Answered != nil {
		ways = append(ways, "each leader that answers a read at once, against all that was committed")
	}
	if r.Agreement != spec.FactNone {
		ways = append(ways, agreementWords[r.Agreement])
	}
	if r.Live != nil {
		ways = append(ways, "executions without end, on the graph of all states (check --liveness): "+r.Live.Avoids)
	}
	if r.Live != nil && r.Live.Within != nil {
		ways = append(ways, "each state with room for one more term and entry, from which "+r.Live.Reaches)
	}
	return ways
}

// seenBy returns what a rule needs to see, by all its checks.
func seenBy(r *spec.Rule) spec.Field {
	if r.Live != nil {
		return r.Needs | r.NeedsAfter | r.Live.Needs
	}
	return r.Needs | r.NeedsAfter
}

var agreementWords = map[spec.FactKind]string{
	spec.FactLeader:       "whom any two observations, ever, show to lead one term",
	spec.FactVote:         "for whom any two observations, ever, show one server to vote in one term",
	spec.FactEntry:        "what any two observations, ever, show at one index and term",
	spec.FactCommitted:    "what any two observations, ever, show to be committed at one index",
	spec.FactAcknowledged: "what clients are told to be done at an index and what is committed or carried out there, which must be the same",
	spec.FactFailed:       "commands that failed and commands that are committed, which must not be the same",
	spec.FactApplied:      "what state machines do with the command at an index, on which all servers must agree",
}

// fieldNames lists the fields in the order of their bits.
func fieldNames(fields spec.Field) []string {
	var names []string
	for k, name := range []string{"role", "term", "vote", "log", "commit index", "applied index", "votes received", "progress of followers",
		"configuration", "what is durable", "known leader", "what is compacted"} {
		if fields&(1<<k) != 0 {
			names = append(names, name)
		}
	}
	return names
}

func variantNames(variants spec.Variants) []string {
	names := make([]string, len(variants))
	for k, v := range variants {
		names[k] = "implementations that declare " + string(v)
	}
	return names
}

func orNothing(words []string) string {
	return cmp.Or(strings.Join(words, ", "), "-")
}

func goalTopics() []topic {
	topics := make([]topic, len(spec.Goals))
	for k, g := range spec.Goals {
		topics[k] = topic{[]string{g.Name}, g.Sentence, func(w io.Writer) {
			fmt.Fprintf(w, "%s\n\nA goal: %s.\n\n", g.Name, g.Sentence)
			fmt.Fprintln(w, "A search in which this never happens proves nothing about it. Such a run is inconclusive (exit 3),\nunless its bounds or faults plainly leave no room for the goal, or --goal asks for others only.")
			fmt.Fprintf(w, "\nAsk for this goal only:  raftcheck check --goal %s\n", g.Name)
		}}
	}
	return topics
}

func mutantTopics() []topic {
	every := mutant.Every()
	topics := make([]topic, len(every))
	for k, m := range every {
		topics[k] = topic{[]string{m.Name, "mutant:" + m.Name}, m.Title, func(w io.Writer) { tellMutant(w, m) }}
	}
	return topics
}

func tellMutant(w io.Writer, m mutant.Mutant) {
	fmt.Fprintf(w, "%s  (%s)\n\n%s.\n\n%s\n\n", m.Name, m.Mechanism, report.Sentence(m.Title), report.Wrapped(m.Story, 100))
	fmt.Fprintf(w, "  %-10s %s\n", "seen", m.Source)
	for k, id := range m.Rules {
		lead := "caught by"
		if k > 0 {
			lead = ""
		}
		line := id + "  " + ruleName(id)
		if steps := stepsTo(m.Name, id); steps > 0 {
			line += fmt.Sprintf(", in %s", report.Some(steps, "step"))
		}
		if why := mutant.RemarkOn(mutant.Consequences, m.Name, id); why != "" {
			line += ". " + why
		}
		fmt.Fprintf(w, "  %-10s %s\n", lead, strings.ReplaceAll(report.Wrapped(line, 86), "\n", "\n                       "))
	}
	fmt.Fprintf(w, "  %-10s %s\n", "world", strings.ReplaceAll(report.Wrapped(subjectWorld(m), 86), "\n", "\n             "))
	fmt.Fprintf(w, "\nSee it caught:  raftcheck check --impl mutant:%s\n", m.Name)
}

// stepsTo returns the fewest steps in which a mutant breaks a rule, as it was measured; 0 if it was not.
func stepsTo(name, rule string) int {
	rows, _ := mutant.Matrix()
	for _, row := range rows {
		for _, b := range row.Breaks {
			if row.Mutant == name && b.Rule == rule {
				return b.Steps
			}
		}
	}
	return 0
}

// subjectWorld says in words where a mutant is searched unless flags say otherwise.
func subjectWorld(m mutant.Mutant) string {
	s := subject.Mutant(m)
	return s.Config.String()
}

// ruleName returns the name of the rule with that id; "" when it is not implemented.
func ruleName(id string) string {
	for _, r := range spec.AllRules() {
		if r.ID == id {
			return r.Name
		}
	}
	return ""
}

func exitTopics() []topic {
	topics := make([]topic, len(exitCodes))
	for k, c := range exitCodes {
		number := strconv.Itoa(k)
		topics[k] = topic{[]string{number, c.name, "exit-" + number}, fmt.Sprintf("%-13s %s", c.name, c.meaning), func(w io.Writer) {
			fmt.Fprintf(w, "exit code %d: %s\n\n%s.\n", k, c.name, report.Sentence(c.meaning))
		}}
	}
	return topics
}

func schemaTopics() []topic {
	tell := func(schema []byte) func(io.Writer) {
		return func(w io.Writer) { fmt.Fprintf(w, "%s\n", strings.TrimSpace(string(schema))) }
	}
	return []topic{
		{[]string{"report-schema"}, "the report of -o json", tell(report.Schema)},
		{[]string{"conformance-schema"}, "the statement of conform -o json", tell(conformance.Schema)},
		{[]string{"history-schema"}, "a line of a client history", tell([]byte(linearizability.Schema))},
	}
}
