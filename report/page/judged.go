package page

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// judged is what the steps of an execution put to the test.
type judged struct {
	rules   []*spec.Rule // that some step puts to the test, or breaks
	of      int          // rules that were judged
	tested  [][]int      // by row: indexes of rules that it puts to the test, ascending
	broken  []int        // of each rule the first row that breaks it; -1 for none
	message []string     // how that breaks it
}

// judge finds what each row puts to the test. What is broken is what the findings say, and no more.
func (d *drawn) judge() *judged {
	all := d.Rules
	if all == nil {
		all = spec.Applicable(spec.Rules, d.Trace.Header.Variants)
	}
	j := &judged{of: len(all), tested: make([][]int, len(d.rows))}
	place := map[*spec.Rule]int{}
	add := func(r *spec.Rule) int {
		k, known := place[r]
		if !known {
			k = len(j.rules)
			place[r] = k
			j.rules, j.broken, j.message = append(j.rules, r), append(j.broken, -1), append(j.message, "")
		}
		return k
	}
	for i, tested := range traces.Tested(d.Trace, all) {
		row := d.rowOf(d.Trace.Records[i].Number)
		for _, k := range tested {
			if !slices.Contains(d.Untested, all[k]) {
				j.tested[row] = append(j.tested[row], add(all[k]))
			}
		}
		slices.Sort(j.tested[row])
	}
	for _, f := range d.Findings {
		if f.Rule == nil || len(f.Evidence) == 0 {
			continue
		}
		k := slices.IndexFunc(all, func(r *spec.Rule) bool { return r.Name == f.Rule.Name })
		rule := f.Rule
		if k >= 0 {
			rule = all[k]
		} else if _, known := place[rule]; !known {
			j.of++ // it is judged otherwise than step by step
		}
		if row := d.rowAt(f.Evidence[0]); row >= 0 {
			if at := add(rule); j.broken[at] < 0 || row < j.broken[at] {
				j.broken[at], j.message[at] = row, f.Message
			}
		}
	}
	return j
}

// verdicts lists the rules that the last step puts to the test, and those that are broken. A script lists those of the selected step.
func (d *drawn) verdicts(w *writer, n, from, to int) {
	j := d.judge()
	if len(j.rules) == 0 {
		return
	}
	last := to - 1
	w.f("<p class=\"underway\">%s</p>\n<ul class=\"flight judged\" id=\"rules-%d\" data-of=\"%d\" data-from=\"%d\" data-before=\"%s\" data-tests=\"%s\">\n", j.says(last, d.rows[last].Number), n, j.of, from,
		codes(j.before(from)), j.coded(from, to))
	hidden := func(not bool) markup {
		if not {
			return ` hidden=""`
		}
		return ""
	}
	broken := func(k int) bool { return j.broken[k] >= 0 && j.broken[k] <= last }
	for k, r := range j.rules {
		if j.broken[k] >= 0 {
			w.f("<li data-rule=\"%d\" data-broken=\"%d\" class=\"bad\"%s>✗ <b>%s</b> broken in step %d: %s</li>\n", k, j.broken[k], hidden(!broken(k)), r.Name, d.rows[j.broken[k]].Number, j.message[k])
		}
	}
	for k, r := range j.rules {
		w.f("<li data-rule=\"%d\"%s>✓ <b>%s</b> %s</li>\n", k, hidden(broken(k) || !slices.Contains(j.tested[last], k)), r.Name, r.Sentence)
	}
	w.f("</ul>\n")
}

// says counts the rules by what became of them up to a row. The script of pages says the same.
func (j *judged) says(row, number int) string {
	broken, seen := 0, j.before(row+1)
	for k := range j.rules {
		if j.broken[k] >= 0 && j.broken[k] <= row {
			broken++
			seen = slices.DeleteFunc(seen, func(other int) bool { return other == k })
		}
	}
	said := fmt.Sprintf("Rules after step %d: ", number)
	if broken > 0 {
		said += fmt.Sprintf("%d broken, ", broken)
	}
	return said + fmt.Sprintf("%d held so far, %d not put to the test yet", len(seen), j.of-len(seen)-broken)
}

// before lists the rules that are put to the test before a row.
func (j *judged) before(row int) (all []int) {
	seen := make([]bool, len(j.rules))
	for _, tested := range j.tested[:row] {
		for _, k := range tested {
			seen[k] = true
		}
	}
	for k, is := range seen {
		if is {
			all = append(all, k)
		}
	}
	return all
}

// coded says of each row which rules it puts to the test, row by row with a space between them.
func (j *judged) coded(from, to int) string {
	rows := make([]string, 0, to-from)
	for _, tested := range j.tested[from:to] {
		rows = append(rows, codes(tested))
	}
	return strings.Join(rows, " ")
}

// codes writes indexes of rules with two characters each.
func codes(all []int) string {
	var b strings.Builder
	for _, k := range all {
		fmt.Fprintf(&b, "%2s", strconv.FormatInt(int64(k), 36))
	}
	return strings.ReplaceAll(b.String(), " ", "0")
}
