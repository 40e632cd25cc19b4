package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/raftcheck/raftcheck/gate"
	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// known is what is accepted of what a verb may find: the values of --known and --on.
type known struct {
	path string
	on   string
	list []report.Known
	day  string // on which dates are judged

	// all, if set, accepts whatever is found, and fresh is what was accepted that way.
	all   bool
	fresh []report.Known

	timed bool // how far the run comes depends on the machine: what it does not come to may still occur
}

func (k *known) addTo(flags *pflag.FlagSet) {
	flags.StringVar(&k.path, "known", "", "findings in `FILE` are accepted until their dates: told, and no failure; docs/gate.md")
	flags.StringVar(&k.on, "on", "", "judge the dates of known findings as on this `day`, as in 2027-01-31; today if not given")
}

// read reads the file, if one is named. A verb calls it before it creates any file.
func (k *known) read(a *app) error {
	if err := k.setDay(a); err != nil {
		return err
	}
	k.list, k.all = append(k.list, a.accepted...), a.all
	a.known = k
	if k.path == "" {
		return nil
	}
	if err := a.reads(k.path); err != nil {
		return err
	}
	list, err := gate.ReadKnown(k.path, didYouMean)
	k.list = append(k.list, list...)
	if err != nil {
		if data, problem := os.ReadFile(k.path); problem == nil && !slices.Contains(strings.Split(string(data), "\n"), "checks:") && bytes.Contains(data, []byte("known:")) {
			return inputError(err) // it is such a list, and wrong
		}
		return a.orAnother(inputError(err), k.path, "check", "a list of known findings")
	}
	return nil
}

func (k *known) setDay(a *app) error {
	if k.on == "" {
		k.day = cmp.Or(a.day, time.Now().Format(gate.Day))
		return nil
	}
	if _, err := time.Parse(gate.Day, k.on); err != nil {
		return usageError("as in --on 2027-01-31", "--on %q is no day", k.on)
	}
	k.day = k.on
	return nil
}

// inputError makes an input error one of the command's; others stay as they are.
func inputError(err error) error {
	var fault *traces.InputError
	if errors.As(err, &fault) {
		return inputFailure(fault)
	}
	return err
}

// entry returns the known finding that this one is, or nil.
func (k *known) entry(subject string, f *report.Finding) *report.Known {
	at := slices.IndexFunc(k.list, func(n report.Known) bool {
		return n.Rule == f.Name && n.Subject == subject && n.Fingerprint == f.Fingerprint
	})
	if at < 0 {
		return nil
	}
	return &k.list[at]
}

// accepts reports whether a finding does not fail.
func (k *known) accepts(subject string, f *report.Finding) bool {
	n := k.entry(subject, f)
	return n != nil && n.Expires >= k.day || n == nil && k.all
}

// any reports whether anything may be accepted.
func (k *known) any() bool { return len(k.list) > 0 || k.all }

// overlooked are shapes of known findings that a run came to before, by the ids of their rules.
type overlooked map[string][]string

// of returns the rules without what is overlooked.
func (o overlooked) of(rules []*spec.Rule) []*spec.Rule {
	if len(o) == 0 {
		return rules
	}
	var all []*spec.Rule
	for _, r := range rules {
		all = append(all, r.Overlooking(o[r.ID]))
	}
	return all
}

// without leaves out the rules of which something is overlooked.
func (o overlooked) without(rules []*spec.Rule) []*spec.Rule {
	return slices.DeleteFunc(slices.Clone(rules), func(r *spec.Rule) bool { return len(o[r.ID]) > 0 })
}

// goOn judges until what is found is nothing, or holds something that is not known: each time without the known findings that it came to
// before. whole says that a judgement reports all it finds, and not only the first. The report is the last, and tells what became of all
// that is known.
func (k *known) goOn(whole bool, judge func(overlooked) (*report.Report, error)) (*report.Report, error) {
	over := overlooked{}
	var r *report.Report
	told, err := k.again(whole, over, func() (_ string, _ []report.Finding, err error) {
		if r, err = judge(over); err != nil {
			return "", nil, err
		}
		return r.Subject, r.Findings, nil
	})
	if err != nil {
		return nil, err
	}
	k.tell(r, k.take(r, told))
	return r, nil
}

// again judges, and returns the known findings that were overlooked on the way to the last judgement.
func (k *known) again(whole bool, over overlooked, judge func() (subject string, found []report.Finding, err error)) (told []report.Finding, err error) {
	for {
		subject, found, err := judge()
		if err != nil {
			return nil, err
		}
		accepted := 0
		for _, f := range found {
			if k.accepts(subject, &f) && !slices.Contains(over[f.Rule], f.Shape) {
				accepted++
				over[f.Rule] = append(over[f.Rule], f.Shape)
				told = append(told, f)
			}
		}
		if accepted == 0 || accepted < len(found) && !whole {
			return told, nil
		}
	}
}

// take takes the known findings out of a report, and returns them with those that were overlooked before.
func (k *known) take(r *report.Report, told []report.Finding) []report.Finding {
	accepted := func(f report.Finding) bool { return k.accepts(r.Subject, &f) }
	for _, f := range r.Findings {
		if accepted(f) && !slices.ContainsFunc(told, func(t report.Finding) bool { return t.Rule == f.Rule && t.Shape == f.Shape }) {
			told = append(told, f)
		}
	}
	r.Findings = slices.DeleteFunc(r.Findings, accepted)
	return told
}

// tell puts into a report what became of the known findings: those that occurred, and the others.
func (k *known) tell(r *report.Report, told []report.Finding) {
	for i := range told {
		r.Known = append(r.Known, k.occurring(r.Subject, &told[i]))
		k.markKnown(r, told[i].Rule)
	}
	k.rest(r)
}

// occurring is the entry of a finding that was accepted.
func (k *known) occurring(subject string, f *report.Finding) report.Known {
	n := k.entry(subject, f)
	if n == nil {
		n = &report.Known{Rule: f.Name, Subject: subject, Fingerprint: f.Fingerprint, Shape: f.Shape, Reason: unlooked, Expires: k.in(90)}
		k.fresh = append(k.fresh, *n)
	}
	out := *n
	out.Status, out.Finding = report.StillOccurs, f
	return out
}

// unlooked is the reason of a finding that nobody has given one.
const unlooked = "accepted as it was found; nobody has said why"

// in is the day so many days on.
func (k *known) in(days int) string {
	day, err := time.Parse(gate.Day, k.day)
	if err != nil {
		panic("setDay has looked: " + err.Error())
	}
	return day.AddDate(0, 0, days).Format(gate.Day)
}

// markKnown says of a rule that it was broken in known ways only, if so.
func (k *known) markKnown(r *report.Report, rule string) {
	if slices.ContainsFunc(r.Findings, func(f report.Finding) bool { return f.Rule == rule }) {
		return
	}
	for i := range r.Rules {
		if r.Rules[i].ID == rule {
			r.Rules[i].Verdict = report.KnownBroken
		}
	}
}

// rest says what became of the known findings of this subject that did not occur, or are accepted no longer. That one no longer occurs is
// said only by a run that found nothing else and would have come to it.
func (k *known) rest(r *report.Report) {
	for i := range k.list {
		n := k.list[i]
		if n.Subject != r.Subject || slices.ContainsFunc(r.Known, func(m report.Known) bool { return m.Rule == n.Rule && m.Fingerprint == n.Fingerprint }) {
			continue
		}
		at := slices.IndexFunc(r.Findings, func(f report.Finding) bool { return f.Name == n.Rule && f.Fingerprint == n.Fingerprint })
		switch {
		case at >= 0:
			n.Status, n.Finding = report.Expired, &r.Findings[at]
		case r.Verdict == spec.Held.String() && !k.timed && judges(r, n.Rule):
			n.Status = report.Gone
		default:
			n.Status = report.NotSeen
		}
		r.Known = append(r.Known, n)
	}
}

// judges reports whether a run put a rule to the test.
func judges(r *report.Report, rule string) bool {
	return slices.ContainsFunc(r.Rules, func(v report.RuleResult) bool {
		return v.Name == rule && v.Verdict != report.NotCheckable && v.Verdict != report.NotExercised && v.Verdict != report.NotApplicable
	})
}

// admit says in a report what it does not cover because it was overlooked; nil stays nil.
func (o overlooked) admit(r *report.Report) *report.Report {
	if r == nil {
		return nil
	}
	for _, rule := range spec.AllRules() {
		if len(o[rule.ID]) > 0 {
			r.NotCovered = append(r.NotCovered, fmt.Sprintf("breaches of %s in a way that is known", rule.Name))
		}
	}
	return r
}

// newFirst puts what is not accepted before what is: a story is told of the first.
func (k *known) newFirst(subject string, broken []traces.Finding) []traces.Finding {
	if k == nil || !k.any() {
		return broken
	}
	accepted := func(b traces.Finding) bool { f := findingOf(b.Breach); return k.accepts(subject, &f) }
	fresh := slices.DeleteFunc(slices.Clone(broken), accepted)
	old := slices.DeleteFunc(slices.Clone(broken), func(b traces.Finding) bool { return !accepted(b) })
	return append(fresh, old...)
}

// acceptsAll reports whether nothing of what was found fails.
func (k *known) acceptsAll(subject string, broken []traces.Finding) bool {
	return k != nil && k.any() && !slices.ContainsFunc(broken, func(b traces.Finding) bool { f := findingOf(b.Breach); return !k.accepts(subject, &f) })
}
