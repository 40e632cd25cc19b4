package report

import "fmt"

// Known is a finding that was accepted: it is told and does not fail, until its date.
type Known struct {
	Rule        string `json:"rule"`    // name of the rule that it breaks
	Subject     string `json:"subject"` // what breaks it, as in [Report.Subject]
	Fingerprint string `json:"fingerprint"`
	Shape       string `json:"shape,omitempty"` // for people: what the fingerprint is of
	Reason      string `json:"reason"`          // why it is accepted
	Issue       string `json:"issue,omitempty"` // where it is written down
	Expires     string `json:"expires"`         // the last day on which it is accepted, as in 2027-01-31

	Status  string   `json:"status"`            // what became of it: one of the words below
	Finding *Finding `json:"finding,omitempty"` // unless it no longer occurs
}

// Same reports whether two entries are of one finding, whatever became of it.
func (n Known) Same(m Known) bool {
	return m.Rule == n.Rule && m.Subject == n.Subject && m.Fingerprint == n.Fingerprint
}

// What becomes of a known finding.
const (
	StillOccurs = "still occurs"
	Expired     = "expired"   // it still occurs and is accepted no longer: it is among the findings too
	Gone        = "gone"      // it no longer occurs
	GoneHere    = "gone here" // it no longer occurs in what this shard of a gate judged
	NotSeen     = "not seen"  // it did not occur, in a run that did not go far enough to say that it no longer does
)

// known tells what became of the findings that are known.
func (t *text) known() {
	for k := range t.r.Known {
		n := &t.r.Known[k]
		if k == 0 {
			t.line("")
		}
		switch n.Status {
		case StillOccurs:
			t.line("%s %s: %s", t.Unsure("known"), n.Rule, n.Finding.Message)
			t.below("", n.because())
		case Expired:
			t.line("%s %s: it was accepted until %s, and still occurs", t.Bad("known"), n.Rule, n.Expires)
			t.below("", n.because())
		case Gone:
			t.line("%s %s no longer occurs (fingerprint %s): take it out of the known findings", t.Good("known"), n.Rule, n.Fingerprint)
		case NotSeen, GoneHere:
			t.line("%s %s was not seen (fingerprint %s); this run does not say that it no longer occurs", t.Faint("known"), n.Rule, n.Fingerprint)
		}
	}
}

// because says why a finding is accepted, until when, and where that is written down.
func (n *Known) because() string {
	s := fmt.Sprintf("accepted until %s: %s", n.Expires, n.Reason)
	if n.Issue != "" {
		s += " (" + n.Issue + ")"
	}
	return s
}
