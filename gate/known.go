package gate

import (
	"fmt"
	"time"

	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/spec"
)

// ReadKnown reads a file of known findings: a list of them, or a mapping with a list under known. An empty file has none. What is wrong is a
// *traces.InputError.
func ReadKnown(path string, guess Guess) ([]report.Known, error) {
	d, err := open(path, guess)
	if err != nil {
		return nil, err
	}
	return d.known()
}

func (d *document) known() ([]report.Known, error) {
	if d.value == nil {
		return nil, nil
	}
	if err := d.hold(knownAlone); err != nil {
		return nil, err
	}
	switch v := d.value.(type) {
	case []any:
		return d.knownList("", v)
	case map[string]any:
		list, _ := v["known"].([]any)
		return d.knownList("/known", list)
	}
	return nil, nil
}

// Day is how dates are written.
const Day = "2006-01-02"

func (d *document) knownList(at string, list []any) ([]report.Known, error) {
	var all []report.Known
	lines := map[string]int{}
	for k, element := range list {
		here := fmt.Sprintf("%s/%d", at, k)
		m := element.(map[string]any)
		text := func(key string) string { s, _ := m[key].(string); return s }
		n := report.Known{Rule: text("rule"), Subject: text("subject"), Fingerprint: text("fingerprint"), Shape: text("shape"), Reason: text("reason"),
			Issue: text("issue"), Expires: text("expires")}
		if _, err := time.Parse(Day, n.Expires); err != nil {
			return nil, d.fault(here+"/expires", fmt.Sprintf("expires: there is no day %q", n.Expires), "a day, as in 2027-01-31").InputError
		}
		rule, known := spec.RuleByName(n.Rule)
		if !known {
			return nil, d.fault(here+"/rule", fmt.Sprintf("unknown rule %q", n.Rule), "raftcheck explain rules lists them").InputError
		}
		n.Rule = rule.Name
		key := n.Rule + " " + n.Subject + " " + n.Fingerprint
		if lines[key] > 0 {
			return nil, d.fault(here, fmt.Sprintf("the same finding is in line %d already", lines[key]), "").InputError
		}
		lines[key] = d.line(here)
		all = append(all, n)
	}
	return all, nil
}
