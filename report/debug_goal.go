package report

// DebugGoal is a property that right executions break, and whether one within the bounds does.
type DebugGoal struct {
	Name     string `json:"name"`
	Sentence string `json:"sentence"` // what one expects
	False    string `json:"false"`    // why it is no promise of Raft
	Source   string `json:"source"`
	Reached  bool   `json:"reached"`
	// Execution breaks the property at its last step; nil unless reached.
	Execution *Finding `json:"execution,omitempty"`
}

// debugGoal tells the execution that breaks what is no promise.
func (t *text) debugGoal() {
	g, f := t.r.DebugGoal, t.r.DebugGoal.Execution
	t.line("%s   debug goal %s reached: %s, at step %d", t.Good("ok"), t.Strong(g.Name), f.Message, f.guilty().step)
	t.line("")
	t.paragraph("One might expect: " + g.Sentence + " It is no promise of Raft. " + g.False)
	t.paragraph("Source: " + g.Source + ".")
	t.line("")
	t.story(f)
	if t.r.Campaign != nil {
		t.line("")
		t.campaignFinding(f)
	}
	if t.r.Search != nil {
		t.line("")
		if said := f.shortest("reaches it"); said != "" {
			t.paragraph(said)
		}
		t.paragraph("Searched: " + t.r.Subject + ", " + t.world() + "; " + t.counted() + ".")
	}
	t.whatNext(f)
}
