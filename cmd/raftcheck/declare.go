package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/spec"
)

// declared is the value of --variant: what an implementation does by design.
type declared []string

func (d *declared) addTo(flags *pflag.FlagSet) {
	flags.StringArrayVar((*[]string)(d), "variant", nil, "judge as an implementation that does this by design: a `variant` that raftcheck explain variants lists. Once for each")
}

// variants returns what is declared.
func (d declared) variants() (spec.Variants, error) {
	var all spec.Variants
	for _, text := range d {
		v := spec.Variant(text)
		if err := v.Check(); err != nil {
			return nil, usageError(didYouMean(string(v.Name()), spec.EveryVariant.Names(), "raftcheck explain variants lists them"), "--variant: %w", err)
		}
		all = append(all, v)
	}
	return all, nil
}

func variantTopics() []topic {
	topics := make([]topic, len(spec.Habits))
	for k, h := range spec.Habits {
		topics[k] = topic{[]string{string(h.Variant)}, h.Sentence, func(w io.Writer) { tellVariant(w, h) }}
	}
	return topics
}

func tellVariant(w io.Writer, h *spec.Habit) {
	fmt.Fprintf(w, "%s\n\n%s\n\n", h.Variant, report.Wrapped(h.Sentence, 100))
	rows := [][2]string{{"seen in", h.Seen}, {"safe if", h.Safe}}
	if h.Instead != "" {
		rows = append(rows, [2]string{"judged", h.Instead})
	}
	for _, row := range concerns(h) {
		rows = append(rows, [2]string{row.what, strings.Join(row.names, ", ")})
	}
	for _, row := range rows {
		fmt.Fprintf(w, "  %-13s %s\n", row[0], strings.ReplaceAll(report.Wrapped(row[1], 84), "\n", "\n                "))
	}
	as := string(h.Variant)
	if h.Takes != "" {
		as = h.Takes
	}
	fmt.Fprintf(w, "\nIn the header of a trace:      \"variants\": [%q]\nFor whatever is searched:      raftcheck check --exec COMMAND --variant %s\n", as, as)
	if h.Takes != "" && !h.Needs {
		fmt.Fprintf(w, "\nThe number may be left out: %s\n", h.Variant)
	}
}

// concerned are rules that a variant concerns in one way.
type concerned struct {
	what  string
	names []string
}

// concerns lists the rules that a variant concerns, by way.
func concerns(h *spec.Habit) (all []concerned) {
	for _, c := range []struct {
		what  string
		rules []*spec.Rule
	}{{"voids", h.Void()}, {"changes", h.Varied()}, {"puts in force", h.InForce()}} {
		if names := namesOf(c.rules); len(names) > 0 {
			all = append(all, concerned{c.what, names})
		}
	}
	return all
}

func namesOf(rules []*spec.Rule) []string {
	var names []string
	for _, r := range rules {
		if !slices.Contains(names, r.Name) {
			names = append(names, r.Name)
		}
	}
	return names
}
