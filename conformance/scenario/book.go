package scenario

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/raftcheck/raftcheck/spec"
)

//go:embed scripts
var scripts embed.FS

// library is all the scripts there are.
type library struct {
	scenarios  []*Scenario
	features   map[Feature]*Scenario
	unscripted []Why
}

// book is what is embedded. A test reads it, so that it is not malformed here.
var book = sync.OnceValue(func() *library {
	l, err := read(scripts, "scripts")
	if err != nil {
		panic("the embedded scripts are malformed: " + err.Error())
	}
	return l
})

// read takes in a folder of scripts. The error says all that is wrong with them, each with file:line.
func read(files fs.FS, folder string) (*library, error) {
	l := &library{features: map[Feature]*Scenario{}}
	preludes := map[string]*prelude{}
	var wrong []error
	reading := func(name string, take func(*script, string)) {
		text, err := fs.ReadFile(files, path.Join(folder, name))
		s := &script{file: path.Join(folder, name), preludes: preludes}
		if err == nil {
			take(s, string(text))
			err = s.err()
		}
		wrong = append(wrong, err)
	}
	reading("preludes.txt", func(s *script, text string) { s.readPreludes(text) })
	reading("features.txt", func(s *script, text string) { l.features = s.readFeatures(text) })
	reading("unscripted.txt", func(s *script, text string) { l.unscripted = s.readUnscripted(text) })
	names, err := fs.Glob(files, path.Join(folder, "*.txt"))
	wrong = append(wrong, err)
	for _, name := range names {
		if base := path.Base(name); requirementShape.MatchString(strings.TrimSuffix(base, ".txt")) {
			reading(base, func(s *script, text string) { l.scenarios = append(l.scenarios, s.readScenarios(text)...) })
		}
	}
	wrong = append(wrong, l.check()...)
	slices.SortStableFunc(l.scenarios, func(a, b *Scenario) int { return place(a.Requirement) - place(b.Requirement) })
	slices.SortStableFunc(l.unscripted, func(a, b Why) int { return place(a.Requirement) - place(b.Requirement) })
	return l, errors.Join(wrong...)
}

// place is where a requirement stands in the rulebook: rules in their order, and those that no rule judges behind them.
func place(requirement string) int {
	all := spec.AllRules()
	if k := slices.IndexFunc(all, func(r *spec.Rule) bool { return r.ID == requirement }); k >= 0 {
		return k
	}
	if k := slices.IndexFunc(spec.NotJudged, func(u spec.Unjudged) bool { return u.ID == requirement }); k >= 0 {
		return len(all) + k
	}
	return -1
}

// check looks at the scripts as a whole.
func (l *library) check() (wrong []error) {
	for _, s := range l.scenarios {
		at := fmt.Sprintf("%s:%d: scenario %s", s.File, s.Line, s.Name)
		if place(s.Requirement) < 0 {
			wrong = append(wrong, fmt.Errorf("%s: there is no requirement %q", at, s.Requirement))
		}
		for _, name := range s.Needs {
			if _, declared := spec.HabitOf(spec.Variant(name)); !declared && l.features[name] == nil {
				wrong = append(wrong, fmt.Errorf("%s: %q is neither a variant nor a feature of features.txt", at, name))
			}
		}
		if slices.ContainsFunc(l.unscripted, func(w Why) bool { return w.Requirement == s.Requirement }) {
			wrong = append(wrong, fmt.Errorf("%s: unscripted.txt says that there is none", at))
		}
	}
	return wrong
}

// readFeatures takes in a file of features: "feature snapshots: A leader compacts its log.", and a script that goes through only where it is there.
func (s *script) readFeatures(text string) map[Feature]*Scenario {
	all := map[Feature]*Scenario{}
	for _, b := range s.blocks(text, "feature") {
		s.line = b.first.number
		m := scenarioShape.FindStringSubmatch(b.rest)
		if m == nil {
			s.fail("a feature begins with its name and a sentence: feature reads: A leader answers a read.")
			continue
		}
		f := &Scenario{Name: m[1], Title: m[2], Servers: usualServers, Text: b.text, File: s.file, Line: b.first.number}
		f.steps = s.steps(s.head(f, b.lines))
		all[Feature(m[1])] = f
	}
	return all
}

// readUnscripted takes in a file of requirements without scenarios: "R5.2-02: Because …", one a line.
func (s *script) readUnscripted(text string) []Why {
	var all []Why
	for k, line := range strings.Split(text, "\n") {
		s.line = k + 1
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		id, because, found := strings.Cut(line, ": ")
		switch {
		case !found || !strings.HasSuffix(because, "."):
			s.fail("not of the form R5.2-02: A sentence.")
		case place(id) < 0:
			s.fail("there is no requirement %q", id)
		default:
			all = append(all, Why{id, because})
		}
	}
	return all
}
