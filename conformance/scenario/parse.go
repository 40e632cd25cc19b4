package scenario

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/raftcheck/raftcheck/spec"
)

// script is a file of scripts while it is read.
type script struct {
	file     string
	preludes map[string]*prelude // known so far
	wrong    []error
	line     int
}

// prelude is a part of a script that others begin with.
type prelude struct {
	name       string
	parameters []string
	lines      []numbered
	file       string
}

// numbered is a line of a file.
type numbered struct {
	number int
	text   string
}

// block is a scenario, prelude or feature as it stands in a file: its first line and those that follow.
type block struct {
	word  string // scenario, prelude, feature
	rest  string
	first numbered
	lines []numbered
	text  string
}

func (s *script) fail(format string, args ...any) {
	s.wrong = append(s.wrong, fmt.Errorf("%s:%d: %s", s.file, s.line, fmt.Sprintf(format, args...)))
}

func (s *script) err() error { return errors.Join(s.wrong...) }

// blocks cuts a file into its blocks. What stands before the first is a comment.
func (s *script) blocks(text string, words ...string) []block {
	var all []block
	begun := false
	for k, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		s.line = k + 1
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch {
		case slices.Contains(words, word) && !strings.HasPrefix(line, " "):
			all = append(all, block{word: word, rest: rest, first: numbered{k + 1, line}, text: line + "\n"})
			begun = true
		case strings.TrimSpace(line) != "" && !strings.HasPrefix(line, "#") && !begun:
			s.fail("%q stands before the first %s", line, words[0])
		case strings.HasPrefix(strings.TrimSpace(line), "#"):
		case begun:
			b := &all[len(all)-1]
			b.text += line + "\n"
			if strings.TrimSpace(line) != "" {
				b.lines = append(b.lines, numbered{k + 1, strings.TrimSpace(line)})
			}
		}
	}
	for k := range all {
		all[k].text = strings.TrimRight(all[k].text, "\n") + "\n"
	}
	return all
}

// readPreludes takes in a file of preludes: "prelude follower TERM LOG", and the lines of it, in which $TERM stands for what is given.
func (s *script) readPreludes(text string) {
	for _, b := range s.blocks(text, "prelude") {
		s.line = b.first.number
		words := strings.Fields(b.rest)
		if len(words) == 0 {
			s.fail("a prelude without a name")
			continue
		}
		if s.preludes[words[0]] != nil {
			s.fail("the prelude %q is there already", words[0])
			continue
		}
		s.preludes[words[0]] = &prelude{words[0], words[1:], b.lines, s.file}
	}
}

var (
	scenarioShape    = regexp.MustCompile(`^([a-z0-9]+(?:-[a-z0-9]+)*): (\S.*\.)$`)
	requirementShape = regexp.MustCompile(`^[A-Z]+[0-9]*(\.[0-9]+)*(-[A-Z]+)?-[0-9]{2}$`)
)

// readScenarios takes in the file of a requirement, which it has its name from.
func (s *script) readScenarios(text string) []*Scenario {
	requirement := strings.TrimSuffix(path.Base(s.file), ".txt")
	var all []*Scenario
	seen := map[string]int{}
	for _, b := range s.blocks(text, "scenario") {
		s.line = b.first.number
		m := scenarioShape.FindStringSubmatch(b.rest)
		if m == nil {
			s.fail("a scenario begins with its name and a sentence: scenario grants-once: A server votes once.")
			continue
		}
		if at := seen[m[1]]; at > 0 {
			s.fail("the scenario %q is there already, at line %d", m[1], at)
		}
		seen[m[1]] = b.first.number
		all = append(all, s.scenario(requirement, m[1], m[2], &b))
	}
	if len(all) == 0 && len(s.wrong) == 0 {
		s.fail("there is no scenario")
	}
	return all
}

func (s *script) scenario(requirement, name, title string, b *block) *Scenario {
	sc := &Scenario{Name: requirement + "/" + name, Requirement: requirement, Title: title, Servers: usualServers, Text: b.text, File: s.file, Line: b.first.number}
	lines := s.head(sc, b.lines)
	s.line = b.first.number
	sc.steps = s.steps(lines)
	sc.Crashes = slices.ContainsFunc(sc.steps, func(st statement) bool { return st.crash || st.verb == verbInput && st.input == spec.Crash })
	switch {
	case sc.Paper == "":
		s.fail("scenario %s: nothing says where it is written: paper 5.3", sc.Name)
	case !slices.ContainsFunc(sc.steps, func(st statement) bool {
		return st.given == "" && (st.verb == verbNothing || st.verb == verbExpect && (st.demand == must || st.demand == mustNot))
	}):
		s.fail("scenario %s: it expects nothing", sc.Name)
	case len(sc.steps) > 0 && !slices.ContainsFunc(sc.steps, func(st statement) bool { return st.verb == verbExpect && (st.demand == need || st.demand == must) }):
		s.fail("scenario %s: a server that does nothing would do what it asks; let it need something", sc.Name)
	}
	if n := len(slices.DeleteFunc(slices.Clone(sc.steps), func(st statement) bool { return !st.crash })); n > 1 {
		s.fail("scenario %s: it crashes the server during %d lines, and may during one", sc.Name, n)
	}
	return sc
}

// head reads what stands before the first step, and returns the rest.
func (s *script) head(sc *Scenario, lines []numbered) []numbered {
	for len(lines) > 0 {
		s.line = lines[0].number
		word, rest, _ := strings.Cut(lines[0].text, " ")
		rest = strings.TrimSpace(rest)
		switch word {
		case "paper":
			sc.Paper = rest
		case "faults":
			sc.Faults = strings.Fields(rest)
		case "needs":
			for _, name := range strings.Fields(rest) {
				sc.Needs = append(sc.Needs, Feature(name))
			}
		case "servers":
			n, err := strconv.Atoi(rest)
			if err != nil || n < 1 || n > 7 {
				s.fail("%q servers: between 1 and 7", rest)
			}
			sc.Servers = n
		default:
			return lines
		}
		lines = lines[1:]
	}
	return nil
}

// steps reads the lines of a script, with its preludes in their places.
func (s *script) steps(lines []numbered) []statement {
	p := &stepReader{script: s, names: slices.Clone(builtin)}
	p.read(lines, "", 0)
	return p.all
}

// stepReader reads the statements of one script, and the names that are known in it.
type stepReader struct {
	*script
	names []string
	all   []statement
}

const deepest = 8 // preludes within preludes

func (p *stepReader) read(lines []numbered, given string, depth int) {
	for _, l := range lines {
		p.line = l.number
		if call, found := strings.CutPrefix(l.text, "given "); found {
			p.expand(call, given, depth)
			continue
		}
		st, err := p.statement(l.text)
		if err != nil {
			p.fail("%v", err)
			continue
		}
		st.file, st.line, st.text, st.given = p.file, l.number, l.text, given
		p.all = append(p.all, st)
	}
}

// expand puts the lines of a prelude in the place where it is called.
func (p *stepReader) expand(call, given string, depth int) {
	words := split(call)
	found := p.preludes[words[0]]
	switch {
	case found == nil:
		p.fail("there is no prelude %q", words[0])
		return
	case len(words)-1 != len(found.parameters):
		p.fail("the prelude %q takes %d arguments, %s, not %d", found.name, len(found.parameters), strings.Join(found.parameters, " "), len(words)-1)
		return
	case depth == deepest:
		p.fail("preludes call each other")
		return
	}
	var lines []numbered
	for _, l := range found.lines {
		for k, name := range found.parameters {
			l.text = strings.ReplaceAll(l.text, "$"+name, words[k+1])
		}
		lines = append(lines, l)
	}
	if given == "" {
		given = call
	}
	file, line := p.file, p.line
	p.file = found.file
	p.read(lines, given, depth+1)
	p.file, p.line = file, line
}

// split cuts a line into words, with what stands in brackets in one.
func split(line string) []string {
	var words []string
	depth, start := 0, -1
	for k, c := range line {
		switch {
		case c == '[':
			depth++
		case c == ']':
			depth--
		}
		switch {
		case c == ' ' && depth <= 0:
			if start >= 0 {
				words = append(words, line[start:k])
			}
			start = -1
		case start < 0:
			start = k
		}
	}
	if start >= 0 {
		words = append(words, line[start:])
	}
	return words
}
