package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/subject"
	"github.com/raftcheck/raftcheck/traces"
)

// change is a kind of thing that may be changed in a legal trace of full records so that it is illegal.
type change struct {
	name  string
	rules []string // names of rules that must see it, one of them at least
	// make changes the record of a scene, if there is anything there to change so. It returns "" when the trace is illegal now; notHere when
	// there is nothing to change; and otherwise why the changed trace is legal.
	make func(s *scene) string
}

const notHere = "-"

// scene is a legal trace and a record of it that is to be changed.
type scene struct {
	document *document
	lines    []map[string]any // of the document, this one's own to change
	k        int
	record   map[string]any // lines[k], a copy
	event    string
	server   any
	message  map[string]any // that is delivered, or nil
	before   map[string]any // the state before, a copy; nil where it is not shown
	after    map[string]any // record's own post, or nil
	chance   *rand.Rand
	guilty   []int // the records at which the change must be seen; k unless said otherwise
}

func newScene(d *document, k int, chance *rand.Rand) *scene {
	s := &scene{document: d, lines: slices.Clone(d.lines), k: k, chance: chance, guilty: []int{k}}
	s.record = members(copied(d.lines[k]))
	s.lines[k] = s.record
	s.event, _ = s.record["event"].(string)
	s.server = s.record["server"]
	if s.event == "deliver" {
		s.message = members(s.record["message"])
	}
	s.after = members(s.record["post"])
	s.before = members(copied(d.before(k)))
	return s
}

// before is what the server of a record showed before it.
func (d *document) before(k int) map[string]any {
	if pre := members(d.lines[k]["pre"]); pre != nil {
		return pre
	}
	for i := k - 1; i >= 0; i-- {
		if post := members(d.lines[i]["post"]); d.lines[i]["server"] == d.lines[k]["server"] && post != nil {
			return post
		}
	}
	return nil
}

// runs reports whether the record is a whole step of a server that was up before and is up afterwards.
func (s *scene) runs() bool {
	return s.before != nil && s.after != nil && s.event != "crash" && s.event != "restart" && s.record["cut"] == nil &&
		s.before["role"] != "crashed" && s.after["role"] != "crashed" && s.record["refused"] == nil
}

// same reports whether a member of the state is after the step what it was before.
func (s *scene) same(name string) bool {
	return spellingOf(s.before[name]) == spellingOf(s.after[name])
}

// sends returns the messages of a kind that the record sends, or of any kind.
func (s *scene) sends(kind string) (all []map[string]any) {
	for _, e := range s.effects("send") {
		if kind == "" || e["kind"] == kind {
			all = append(all, e)
		}
	}
	return all
}

// effects returns what the record's effects of that name say.
func (s *scene) effects(name string) (all []map[string]any) {
	list, _ := s.record["effects"].([]any)
	for _, e := range list {
		if inner := members(members(e)[name]); inner != nil {
			all = append(all, inner)
		}
	}
	return all
}

// adds appends an effect to the record.
func (s *scene) adds(name string, inner map[string]any) {
	list, _ := s.record["effects"].([]any)
	s.setEffects(append(slices.Clip(list), map[string]any{name: inner}))
}

func (s *scene) setEffects(list []any) {
	s.record["effects"] = list
	if s.record["effectCount"] != nil {
		s.record["effectCount"] = counted(int64(len(list)))
	}
}

// drops takes the effects out for which gone is true, and returns how many those are.
func (s *scene) drops(gone func(name string, inner map[string]any) bool) int {
	list, _ := s.record["effects"].([]any)
	left := slices.DeleteFunc(slices.Clone(list), func(e any) bool {
		for name, inner := range members(e) {
			return gone(name, members(inner))
		}
		return false
	})
	s.setEffects(left)
	return len(list) - len(left)
}

// voters are the voters of the configuration in force afterwards.
func (s *scene) voters() []any {
	voters, _ := members(s.after["config"])["voters"].([]any)
	return voters
}

// other is a server other than those given.
func (s *scene) other(than ...any) any {
	var header struct{ Servers []string }
	if err := json.Unmarshal([]byte(s.document.header), &header); err != nil {
		panic(err)
	}
	for _, id := range header.Servers {
		if !slices.Contains(than, any(id)) {
			return id
		}
	}
	return nil
}

// leaderOf is who leads a term anywhere in the trace, or nil.
func (s *scene) leaderOf(term int64) any {
	for _, line := range s.document.lines {
		if post := members(line["post"]); post != nil && post["role"] == "leader" && number(post["term"]) == term {
			return line["server"]
		}
	}
	return nil
}

// next is the server's next record, or -1.
func (s *scene) next() int {
	for i := s.k + 1; i < len(s.lines); i++ {
		if s.lines[i]["server"] == s.server {
			return i
		}
	}
	return -1
}

func (s *scene) declares(variant string) bool {
	return strings.Contains(s.document.header, `"`+variant+`"`)
}

// logOf reads the log of a state.
func logOf(state map[string]any) (log map[string]any, entries []any, base int64) {
	log = members(state["log"])
	entries, _ = log["entries"].([]any)
	return log, entries, number(log["base"])
}

// lastOf is the index and the term of the last entry of a log.
func lastOf(state map[string]any) (index, term int64) {
	log, entries, base := logOf(state)
	if len(entries) == 0 {
		return base, number(log["baseTerm"])
	}
	return base + int64(len(entries)), number(members(entries[len(entries)-1])["term"])
}

func members(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

func number(v any) int64 {
	n, _ := v.(json.Number)
	i, _ := n.Int64()
	return i
}

func counted(n int64) json.Number { return json.Number(strconv.FormatInt(n, 10)) }

// copied returns a deep copy.
func copied(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if v == nil {
			return v
		}
		c := make(map[string]any, len(v))
		for name, inner := range v {
			c[name] = copied(inner)
		}
		return c
	case []any:
		c := make([]any, len(v))
		for k := range v {
			c[k] = copied(v[k])
		}
		return c
	}
	return v
}

func allChanges() []change {
	return slices.Concat(changesOfTerms, changesOfVotes, changesOfRoles, changesOfLogs, changesOfCommits, changesOfCounts, changesOfDisks, changesOfSent, changesOfDelivered, changesOfClients, changesOfOrder)
}

// whyLater says why some places of a change are found later, or not at all.
var whyLater = map[string]string{
	"a line is missing, and the numbers do not show it":  "a recorder may miss what a server does between two lines, and so a state that begins otherwise is not by itself a finding; a message of the step that is missing is seen when it arrives",
	"a message arrives from another":                     "a sender may do what its record does not show",
	"TimeoutNow arrives that nobody sent":                "a sender may do what its record does not show",
	"a message arrives before it is sent":                "a sender may do what its record does not show",
	"a follower has an entry more over nothing":          "a step in which storage is done brings to light what happened before it",
	"a vote that nobody asked for":                       "a vote of which nobody is told elects nobody; it is seen when it is told of, or held no more",
	"a follower is candidate for one step":               "a step in which storage is done brings to light what happened before it",
	"a server is down and goes on":                       "where it comes back is looked at, and not every step between",
	"a follower commits more than it was told":           "in a step that brings no message a recorder may see what an earlier message did; the commit index that falls again shows it",
	"the term rises over nothing":                        "a step in which storage is done brings to light what happened before it",
	"the disk holds an entry more":                       "an entry on disk that memory does not hold may be one that was replaced and is not overwritten yet; a server that comes back with it is seen",
	"the disk holds another vote":                        "a vote on disk that was never told binds nobody",
	"the disk lacks the vote":                            "a vote on disk that was never told binds nobody",
	"a server comes back with an entry more":             "what was written and not synced may have survived the crash; the entry contradicts what others hold later",
	"a server comes back in a later term":                "what was written and not synced may have survived the crash, and a term that is skipped harms nobody",
	"a request for votes of an earlier term":             "a term that the same record shows no beginning of may have gone by in it; the message is seen when it arrives",
	"AppendEntries of an earlier term":                   "whoever led a term may have messages that leave late; of one that it did not lead the message is seen when it arrives",
	"a candidate tells a later last index":               "storage brings to light a request that was made with an earlier log; it is seen when it arrives",
	"a candidate tells an earlier last index":            "storage brings to light a request that was made with an earlier log; it is seen when it arrives",
	"a candidate tells another last term":                "storage brings to light a request that was made with an earlier log; it is seen when it arrives",
	"a vote's answer of an earlier term":                 "several requests may have been answered in one record, in terms that went by; it is seen when it arrives",
	"a pre-vote for the present term":                    "whoever is asked refuses it; it is seen when it arrives",
	"a snapshot with an earlier last index":              "the entry before may be compacted, and then nobody knows its term; it is seen when it arrives",
	"a snapshot with another last term":                  "the entry may be compacted on the sender, and then nobody knows its term; it is seen when it arrives",
	"`pre` shows a longer log than the line before":      "a follower may append between two lines what the very step replaces",
	"a command that is new is passed over":               "only a state machine knows why it passes over a command, as when a session is over; another server that carries it out shows it",
	"a follower acknowledges entries and holds one less": "a step in which storage is done brings to light what happened before it",
}

// tally is what became of a kind of change.
type tally struct {
	here, other, later, missed int
	legal                      map[string]int
	rules                      map[string]int
}

// richSeeds are, for each of lawWorlds, the seed of an execution in which many different things happen: -richest 25 looks for better ones.
var (
	richSeeds = [...]uint64{11, 1, 4, 0, 13, 9, 10, 1, 1, 1, 1, 1, 1, 1, 1, 1}
	richest   = flag.Int("richest", 0, "try so many seeds for each world, and log the ones with which most happens")
)

const changePlaces = 24 // at which each kind is tried, at most

// TestChangesAreSeen makes legal traces illegal by one change, and holds the share that is found to the table in the documents.
func TestChangesAreSeen(t *testing.T) {
	t.Parallel()
	chance := rand.New(rand.NewPCG(1, 3))
	documents := richDocuments(t)
	var got bytes.Buffer
	writeChanges(t, &got, documents, chance)
	path := filepath.Join(docs, "changes.md")
	if *update {
		require.NoError(t, os.WriteFile(path, got.Bytes(), 0o666))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	requireSameLines(t, string(want), got.String(), "go test ./cmd/raftcheck -run TestChangesAreSeen -update rewrites it")
}

// richDocuments are random executions of every world of the laws in which no message is lost, so that more happens: those of richSeeds.
func richDocuments(t *testing.T) (all []*document) {
	for k, features := range lawWorlds {
		best, most, seed := (*document)(nil), -1, richSeeds[k]
		for n := range max(1, *richest) {
			if *richest > 0 {
				seed = uint64(n)
			}
			d := richDocument(t, features, seed)
			if things := d.happenings(); things > most {
				best, most = d, things
				if *richest > 0 {
					t.Logf("%q: %d different things happen with seed %d", features, things, seed)
				}
			}
		}
		all = append(all, best)
	}
	for k, w := range rareWorlds {
		all = append(all, rareDocument(t, w.features, uint64(k), w.kinds...))
	}
	return all
}

// rareWorlds are worlds in which something happens seldom, and what is to happen more often.
var rareWorlds = []struct {
	features string
	kinds    []spec.InputKind
}{
	{"snapshots", []spec.InputKind{spec.Compact}},
	{"membership,snapshots", []spec.InputKind{spec.Compact, spec.Heartbeat}},
	{"read-index", []spec.InputKind{spec.ReadIndex}},
	{"lease-reads", []spec.InputKind{spec.ReadIndex}},
	{"sessions", []spec.InputKind{spec.Propose, spec.ApplyNext}},
	{"sessions", []spec.InputKind{spec.Heartbeat, spec.ApplyNext}},
	{"", []spec.InputKind{spec.Crash, spec.Restart}},
}

// rareDocument is an execution of three servers in which inputs of some kinds come in every fourth step.
func rareDocument(t *testing.T, features string, seed uint64, kinds ...spec.InputKind) *document {
	s, err := subject.Named(strings.TrimSuffix(subject.ReferenceName+":"+features, ":"))
	require.NoError(t, err)
	config := s.Config
	enlarge(&config)
	config.Faults.Drop, config.Faults.Crash, config.Bounds.Messages = cluster.Off, 4, 24
	config.Bounds.Campaigns, config.Bounds.Proposals, config.Bounds.Reads = 0, 0, min(4, 4*config.Bounds.Reads)
	chance := rand.New(rand.NewPCG(seed, 5))
	trace, broken, err := checker.Run(&config, randomActions(t, &config, chance, 120, kinds...), spec.Rules)
	require.NoError(t, err)
	require.Empty(t, broken, "the reference with %s breaks a rule", features)
	trace.Header.Records = 0
	return documentOf(t, features, trace)
}

func richDocument(t *testing.T, features string, seed uint64) *document {
	s, err := subject.Named(strings.TrimSuffix(subject.ReferenceName+":"+features, ":"))
	require.NoError(t, err)
	enlarge(&s.Config)
	s.Config.Faults.Drop, s.Config.Faults.Crash, s.Config.Bounds.Messages = cluster.Off, 2, 24
	s.Config.Bounds.Campaigns, s.Config.Bounds.Proposals, s.Config.Bounds.Reads = 0, 0, min(3, 3*s.Config.Bounds.Reads)
	chance := rand.New(rand.NewPCG(seed, 4))
	trace, broken, err := checker.Run(&s.Config, randomActions(t, &s.Config, chance, 150), spec.Rules)
	require.NoError(t, err)
	require.Empty(t, broken, "the reference with %s breaks a rule", features)
	trace.Header.Records = 0
	return documentOf(t, features, trace)
}

// happenings counts the different things that happen in a document.
func (d *document) happenings() int {
	seen := map[string]bool{}
	for _, line := range d.lines {
		role, _ := members(line["post"])["role"].(string)
		kind, _ := members(line["message"])["kind"].(string)
		seen[fmt.Sprint(line["event"], kind, role, number(members(line["post"])["commit"]) > 0)] = true
		effects, _ := line["effects"].([]any)
		for _, e := range effects {
			seen[kindOfEffect(e)] = true
		}
	}
	return len(seen)
}

// try makes a change at as many places as there are, up to a bound, and counts what is found.
func (c *change) try(t *testing.T, documents []*document, chance *rand.Rand) tally {
	sum := tally{legal: map[string]int{}, rules: map[string]int{}}
	type place struct{ d, k int }
	var places []place
	for d := range documents {
		for k := range documents[d].lines {
			places = append(places, place{d, k})
		}
	}
	chance.Shuffle(len(places), func(i, k int) { places[i], places[k] = places[k], places[i] })
	made := 0
	for _, p := range places {
		if made >= changePlaces {
			break
		}
		if members(documents[p.d].lines[p.k]) == nil || documents[p.d].lines[p.k]["server"] == nil {
			continue
		}
		s := newScene(documents[p.d], p.k, chance)
		switch why := c.make(s); why {
		case notHere:
		case "":
			made++
			c.count(t, s, &sum)
		default:
			sum.legal[why]++
		}
	}
	return sum
}

// count judges a scene that was changed.
func (c *change) count(t *testing.T, s *scene, sum *tally) {
	text := s.document.bytesOf(s.lines)
	r := judged(text)
	require.NotNil(t, r, "%s: the changed trace cannot be read", c.name)
	outcome := "missed"
	switch {
	case len(r.Findings) == 0:
		sum.missed++
	case !slices.Contains(s.guilty, r.Lines-2) && !slices.Contains(s.guilty, r.Findings[0].Evidence[0].Line-2):
		sum.later++
		outcome = fmt.Sprintf("later by %d", r.Lines-2-s.k)
	default:
		sum.here++
		outcome = ""
		named := slices.ContainsFunc(c.rules, func(name string) bool {
			return slices.ContainsFunc(r.Findings, func(f traces.Finding) bool { return f.Rule.Name == name })
		})
		if !named {
			sum.other++
			outcome = "another rule"
		}
	}
	if len(r.Findings) > 0 {
		sum.rules[r.Findings[0].Rule.Name]++
	}
	if keep := os.Getenv("LAWS_KEEP"); keep != "" && outcome != "" {
		name := fmt.Sprintf("%s-%s-%s-%d.trace", strings.ReplaceAll(c.name, " ", "-"), strings.ReplaceAll(outcome, " ", "-"), s.document.name, s.k+1)
		require.NoError(t, os.WriteFile(filepath.Join(keep, name), text, 0o666))
	}
}

const changesHead = `<!-- Generated: go test ./cmd/raftcheck -run TestChangesAreSeen -update -->

# What a change is found by

A rule that holds on every legal trace may hold because it sees nothing. So legal executions of the reference, with each feature and with several
together, are made illegal: one thing is changed in a trace of full records, at up to %d places for every kind of change, and ` + "`raftcheck verify`" + ` judges
what comes out. *Found* counts the places where the record that was changed is the one that is reported, or the one that the finding calls
guilty; *later* those where only a later record gives it away; *missed* those where nothing does. A change that leaves a legal trace is not counted: the last
column says how often, and why it is legal.

| change | found | later | missed | by | not illegal |
|---|---:|---:|---:|---|---|
`

// writeChanges tries all kinds of changes and writes the table of them.
func writeChanges(t *testing.T, w *bytes.Buffer, documents []*document, chance *rand.Rand) {
	fmt.Fprintf(w, changesHead, changePlaces)
	var here, all, kinds int
	var why bytes.Buffer
	for _, c := range allChanges() {
		for _, name := range c.rules {
			_, known := spec.RuleByName(name)
			require.True(t, known, "%s: %s is no rule", c.name, name)
		}
		sum := c.try(t, documents, chance)
		made := sum.here + sum.later + sum.missed
		if made == 0 {
			fmt.Fprintf(&why, "* **%s**: these executions have no place for it.\n", c.name)
		}
		here, all, kinds = here+sum.here, all+made, kinds+1
		if sum.later+sum.missed > 0 {
			if whyLater[c.name] == "" {
				t.Errorf("%s: %d are found later and %d are missed, and no reason is written down", c.name, sum.later, sum.missed)
			}
			fmt.Fprintf(&why, "* **%s**: %s.\n", c.name, whyLater[c.name])
		}
		fmt.Fprintf(w, "| %s | %d of %d | %s | %s | %s | %s |\n", c.name, sum.here, made, orNone(sum.later), orNone(sum.missed), byRules(sum.rules), reasons(sum.legal))
		if os.Getenv("LAWS_KEEP") != "" && sum.other > 0 {
			t.Logf("%s: %d of %d by rules that it does not name: %v", c.name, sum.other, made, sum.rules)
		}
	}
	fmt.Fprintf(w, "\n## What is found later, or not at all\n\n%s", why.String())
	fmt.Fprintf(w, "\n%d kinds of changes, %d places; %d found where they were made.\n", kinds, all, here)
}

func orNone(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// byRules names the rules that findings were first of, those that found most first.
func byRules(rules map[string]int) string {
	names := make([]string, 0, len(rules))
	for name := range rules {
		names = append(names, name)
	}
	sort.Slice(names, func(i, k int) bool {
		return rules[names[i]] > rules[names[k]] || rules[names[i]] == rules[names[k]] && names[i] < names[k]
	})
	for k, name := range names {
		names[k] = "`" + name + "`"
	}
	return strings.Join(names, " ")
}

func reasons(legal map[string]int) string {
	all := make([]string, 0, len(legal))
	for why, n := range legal {
		all = append(all, fmt.Sprintf("%d: %s", n, why))
	}
	sort.Strings(all)
	return strings.Join(all, "; ")
}
