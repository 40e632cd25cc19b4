package subject

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/raftcheck/raftcheck/adapters/etcd"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/internal/nearest"
	"github.com/raftcheck/raftcheck/spec"
)

// library is a Raft library that raftcheck does not hold itself but can have searched, by a program that it makes: --impl NAME,
// NAME@VERSION or NAME@VERSION:CHOICE,….
type library struct {
	name    string
	newest  string // the version that was tried last
	choices []string
	chosen  func(choice string) bool // of a choice with a number, as reads=2; nil if there is none
	takes   []spec.InputKind
	known   string                                           // the versions that can be searched, in words
	family  func(minor, patch int) (f *family, why string)   // nil, and why, if releases of that API cannot be searched
	config  func(f *family, choices []string) cluster.Config // the world, with no servers in it
	wide    func(*cluster.Bounds)                            // as in Subject
}

// family is the releases that one adapter drives.
type family struct {
	adapter string   // folder of the adapter's module, below raftcheck's
	module  string   // of the library
	suffix  string   // of its versions, in go.mod
	imports []string // of the test program, beside the adapter, below raftcheck's module
	obey    string   // the call that obeys the order
	blank   bool     // its clusters begin with empty logs, in term 0
	renames bool     // its servers are interchangeable (spec.Renamer)
	learner int      // whom the choice learner names, 0 for whoever is last
	metrics string   // a module that the library wants in no version but its own, "" for none
	endless string   // why executions without end are not judged of it, "" if they are
	atOnce  bool     // a configuration is in force once it is stored
	overlay bool     // the command with beside the adapter makes what go test puts in place of files of the library
}

var libraries = []library{
	{name: "etcd", newest: "v3.7.0", choices: etcd.ChoiceNames(), chosen: func(choice string) bool { return new(etcd.Options).Choose(choice) }, takes: []spec.InputKind{spec.Compact, spec.Transfer, spec.Reconfigure, spec.ReadIndex, spec.Tick},
		known: "versions 3.1 to 3.3, and 3.5 and later", family: etcdFamily, config: etcdConfig, wide: func(b *cluster.Bounds) { b.Terms, b.Campaigns = b.Terms+1, b.Campaigns+1 }},
	{name: "hashicorp", newest: "v1.8.0", choices: []string{"no-pre-vote", "whole-votes", "heartbeats", "restore-committed", "barriers", "learner", "preempt=1"}, chosen: holdsChoice, takes: []spec.InputKind{spec.Compact, spec.Transfer, spec.Reconfigure, spec.ReadIndex, spec.Tick},
		known: "versions 1.1.2 and later", family: hashicorpFamily, config: hashicorpConfig},
	{name: "nats", newest: "v2.15.3", choices: []string{"outsider", "send-snapshot", "preempt=1"}, chosen: holdsChoice, takes: []spec.InputKind{spec.Compact, spec.Transfer, spec.Reconfigure, spec.Tick},
		known: "versions 2.10.22 and later", family: natsFamily, config: natsConfig},
}

func etcdFamily(minor, _ int) (*family, string) {
	f := &family{imports: []string{"adapters/etcd/etcdtest"}, obey: `etcdtest.Obey(adapter.New, adapter.Words, "order", "outcome")`, blank: true, renames: true, learner: 3}
	switch {
	case minor >= 7:
		f.adapter, f.module = "adapters/etcd/raft37", "go.etcd.io/raft/v3"
	case minor == 6:
		f.adapter, f.module = "adapters/etcd/raft36", "go.etcd.io/raft/v3"
	case minor == 5:
		f.adapter, f.module = "adapters/etcd/raft35", "go.etcd.io/etcd/raft/v3"
	case minor >= 1 && minor <= 3:
		f.adapter, f.module, f.suffix, f.blank = "adapters/etcd/coreos", "github.com/coreos/etcd", "+incompatible", false
	case minor == 4:
		return nil, "version 3.4 is github.com/coreos/etcd no more and go.etcd.io/etcd/raft/v3 not yet: no module of it can be required by its version"
	default:
		return nil, "the library has no ReadIndex and no PreVote before version 3.1"
	}
	return f, ""
}

func etcdConfig(f *family, choices []string) cluster.Config {
	var o etcd.Options
	for _, c := range choices {
		o.Choose(c)
	}
	c := cluster.Config{
		Servers: 3, New: elsewhere{}.New, Variants: o.Variants(), Changes: o.Changes,
		Faults: cluster.Faults{Drop: cluster.Unlimited},
		Bounds: cluster.Bounds{Terms: 2, Log: 2, Messages: 2, Campaigns: 2, Proposals: 1},
	}
	if len(choices) > 0 {
		c.Bounds.Terms, c.Bounds.Messages, c.Bounds.Campaigns = 1, 1, 1 // what a choice adds multiplies states
	}
	c.Bounds.Reads = o.Reads
	if o.Clocks {
		c.Bounds.Terms, c.Bounds.Campaigns, c.Bounds.Proposals, c.Bounds.Ticks, c.Bounds.Drift = 2, 2, -1, 4, 1
	}
	for choice, bound := range map[string]*int{"transfers": &c.Bounds.Transfers, "compaction": &c.Bounds.Compactions,
		"remove-voter": &c.Bounds.Changes, "demote-voter": &c.Bounds.Changes} {
		if slices.Contains(choices, choice) {
			*bound = 1
		}
	}
	if o.Bootstrapped || !f.blank {
		c.New = elsewhere{term: 1}.New
		c.Bounds.Terms++
		c.Bounds.Log++
	}
	return c
}

func hashicorpFamily(minor, patch int) (*family, string) {
	f := &family{adapter: "adapters/hashicorp", module: "github.com/hashicorp/raft", obey: `adapter.Obey(t, "order", "outcome")`, metrics: "github.com/hashicorp/go-metrics", renames: true}
	switch {
	case minor == 0 || minor == 1 && patch < 2:
		return nil, "the library has no leadership transfer and does not show how it encodes its configuration before version 1.1.2"
	case minor < 7:
		f.adapter, f.metrics = "adapters/hashicorp/raft13", ""
	}
	return f, ""
}

func hashicorpConfig(_ *family, choices []string) cluster.Config {
	c := cluster.Config{
		Servers: 3, New: elsewhere{term: 1}.New, Variants: spec.Variants{spec.LateTerm, spec.HeartbeatsToAll, spec.InstallsAtOnce, spec.ConfigurationInLog},
		Faults: cluster.Faults{Drop: cluster.Unlimited},
		Bounds: cluster.Bounds{Terms: 3, Log: 3, Messages: 1, Campaigns: 2, Proposals: 1},
	}
	c.Bounds.Preemptions = mostPreemptions(choices)
	return c
}

func natsFamily(minor, patch int) (*family, string) {
	if minor < 10 || minor == 10 && patch < 22 {
		return nil, "no adapter is for its Raft before version 2.10.22"
	}
	return &family{adapter: "adapters/nats", module: "github.com/nats-io/nats-server/v2", obey: `adapter.Obey(t, "order", "outcome")`, blank: true, overlay: true,
		endless: "a server asks at most twice for what it lacks, and what waits for a third time would look as if it waited for ever", atOnce: minor >= 15}, ""
}

// natsConfig is the world of one election, which is searched to the end in seconds.
func natsConfig(f *family, choices []string) cluster.Config {
	c := cluster.Config{
		Servers: 3, New: elsewhere{}.New, Network: cluster.FIFO, Variants: spec.Variants{spec.LateTerm, spec.DropsLateAnswers, spec.HeartbeatsToAll, spec.HeartbeatsAnywhere},
		Faults: cluster.Faults{Drop: cluster.Unlimited},
		Bounds: cluster.Bounds{Terms: 2, Log: 2, Messages: 1, Campaigns: 1, Proposals: 1, Preemptions: mostPreemptions(choices)},
	}
	if f.atOnce {
		c.Variants = append(c.Variants, spec.ConfigurationInLog)
	}
	return c
}

// Libraries lists the names of libraries in the version that was tried last, each as it is and with each of its choices.
func Libraries() (names []string) {
	for _, l := range libraries {
		names = append(names, l.name)
		for _, c := range l.choices {
			names = append(names, l.name+":"+c)
		}
	}
	return names
}

// libraryOf returns the library that a name of --impl is of, or nil.
func libraryOf(name string) *library {
	for k := range libraries {
		if strings.HasPrefix(name, libraries[k].name) {
			return &libraries[k]
		}
	}
	return nil
}

var libraryName = regexp.MustCompile(`^[a-z]+(?:@(v\d+\.(\d+)\.(\d+)[-.0-9A-Za-z]*))?(?::([a-zA-Z0-9=/,-]+))?$`)

// subject returns the library in the default world of its adapter.
func (l *library) subject(name string) (*Subject, error) {
	parts := libraryName.FindStringSubmatch(name)
	if parts == nil || !strings.HasPrefix(strings.TrimPrefix(name, l.name)+"@", "@") && !strings.HasPrefix(strings.TrimPrefix(name, l.name), ":") {
		hint := fmt.Sprintf("as in %s or %s@%s", l.name, l.name, l.newest)
		if len(l.choices) > 1 {
			hint = fmt.Sprintf("as in %s, %s@%s or %s:%s", l.name, l.name, l.newest, l.name, strings.Join(l.choices[:2], ","))
		}
		return nil, misasked(hint, "unknown implementation %q", name)
	}
	g := &goTest{version: l.newest}
	if parts[1] == "" {
		parts[1], parts[2], parts[3] = l.newest, strings.Split(l.newest, ".")[1], strings.Split(l.newest, ".")[2]
	}
	g.version = parts[1]
	if err := l.searchable(g, name, parts[2], parts[3]); err != nil {
		return nil, err
	}
	if parts[4] != "" {
		g.choices = strings.Split(parts[4], ",")
	}
	for _, c := range g.choices {
		if !slices.Contains(l.choices, c) && (l.chosen == nil || !l.chosen(c)) {
			return nil, misasked(nearest.Hint(c, l.choices, "one of "+strings.Join(l.choices, ", ")), "unknown choice %q of %s", c, l.name)
		}
	}
	if slices.ContainsFunc(g.choices, func(c string) bool { return gateChoice(c) != "" }) && !g.holds() {
		return nil, misasked("as in "+name+",preempt=1", "%s: it is said where goroutines are held, and none is", name)
	}
	s := &Subject{Name: name, goTest: g, Takes: l.takes, Config: l.config(g.family, g.choices)}
	if len(g.choices) == 0 {
		s.wide = l.wide
	}
	return s, nil
}

// searchable says by which adapter a version is searched, or complains that it cannot be, and why.
func (l *library) searchable(g *goTest, name, minor, patch string) error {
	major, newest := strings.Split(g.version, ".")[0], strings.Split(l.newest, ".")[0]
	if major != newest {
		what := "before " + newest
		if len(major) > len(newest) || len(major) == len(newest) && major > newest {
			what = "after " + newest
		}
		return misasked(l.known, "%s cannot be searched: no adapter is for versions %s", name, what)
	}
	small, _ := strconv.Atoi(minor) // digits only
	smaller, _ := strconv.Atoi(patch)
	var why string
	if g.family, why = l.family(small, smaller); g.family == nil {
		return misasked(l.known, "%s cannot be searched: %s", name, why)
	}
	return nil
}

// Choices returns what follows the colon of a library's name; nil for other implementations.
func (s *Subject) Choices() []string {
	if s.goTest == nil {
		return nil
	}
	return s.goTest.choices
}

// Elsewhere reports whether the servers are those of a library, so that all that is done with them is done by another program: nothing here can step them.
func (s *Subject) Elsewhere() bool { return s.goTest != nil }

// elsewhere stands for a server that lives in another program. It shows the term in which such servers start, and takes no input.
type elsewhere struct{ term spec.Term }

func (e elsewhere) New(spec.ServerID, []spec.ServerID) spec.Node { return e }

func (elsewhere) Step(spec.Input) spec.Output   { return spec.Output{Refused: true} }
func (e elsewhere) Observe() spec.Observation   { return spec.Observation{Term: e.term} }
func (elsewhere) AppendState(dst []byte) []byte { return dst }
