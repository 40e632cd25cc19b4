package mutant

import (
	_ "embed"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

//go:embed matrix.txt
var matrix string

// Row is what searches of a mutant's world to the end found: every rule that some execution breaks there.
type Row struct {
	Mutant string
	World  string  // Mutant.World when it was measured
	States uint64  // distinct states of the whole world
	Breaks []Break // those that need fewer steps first
}

// Break is a rule that a mutant breaks.
type Break struct {
	Rule  string // its id
	Steps int    // the fewest steps in which it is broken, whatever else is broken before
}

// Matrix returns the matrix of mutants and rules as it was measured, and the ids of the rules that were judged. It is written by
//
//	go test ./impl/mutant -run TestMatrix -update
func Matrix() (rows []Row, rules []string) {
	for line := range strings.Lines(matrix) {
		key, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch {
		case key == "" || key == "#":
		case key == "judged":
			rules = strings.Fields(rest)
		case !strings.HasPrefix(line, "\t"):
			rows = append(rows, Row{Mutant: key})
		default:
			rows[len(rows)-1].read(key, rest)
		}
	}
	return rows, rules
}

// read takes in one line about a mutant.
func (r *Row) read(key, rest string) {
	var err error
	switch key {
	case "world":
		r.World = rest
	case "states":
		r.States, err = strconv.ParseUint(rest, 10, 64)
	case "breaks":
		for _, word := range strings.Fields(rest) {
			b := Break{}
			rule, steps, _ := strings.Cut(word, "=")
			b.Rule = rule
			if b.Steps, err = strconv.Atoi(steps); err != nil {
				break
			}
			r.Breaks = append(r.Breaks, b)
		}
	}
	if err != nil {
		panic(fmt.Sprintf("matrix.txt, mutant %s: %v", r.Mutant, err)) // it is embedded, and a test reads it
	}
}

// World prints all that decides what a search of the mutant's world finds: the bounds and options that are not zero.
func (m *Mutant) World() string {
	return strings.Join(append(nonZero(m.Bounds), nonZero(m.Options)...), " ")
}

// nonZero prints the fields of a struct that are not zero, as "Terms=2"; of an interface its type.
func nonZero(v any) (words []string) {
	value := reflect.ValueOf(v)
	for k := range value.NumField() {
		field := value.Field(k)
		switch {
		case field.IsZero():
		case field.Kind() == reflect.Interface:
			words = append(words, fmt.Sprintf("%s=%T", value.Type().Field(k).Name, field.Interface()))
		case field.Kind() == reflect.String:
			words = append(words, fmt.Sprintf("%s=%q", value.Type().Field(k).Name, field.Interface()))
		default:
			words = append(words, fmt.Sprintf("%s=%v", value.Type().Field(k).Name, field.Interface()))
		}
	}
	return words
}
