package report

// comparison tells whether two implementations do the same, and where they do not.
func (t *text) comparison() {
	c := t.r.Comparison
	a, b := &c.Implementations[0], &c.Implementations[1]
	if c.Differing == 0 {
		t.line("%s   %s and %s do the same in all %s and %s of single servers", t.Good("ok"), a.Name, b.Name, Some(a.LocalStates, "state"), Some(a.LocalSteps, "step"))
		t.below("searched: ", t.world())
		return
	}
	t.line("%s %s and %s differ in %s of single servers, of %s and %s", t.Bad("DIFF"), a.Name, b.Name, Some(c.Differing, "step"), Count(a.LocalSteps), Count(b.LocalSteps))
	t.below("searched: ", t.world())
	for k := range c.Differences {
		t.line("")
		t.difference(&c.Differences[k])
	}
	if more := c.Differing - len(c.Differences); more > 0 {
		t.line("")
		t.line("%s more: --most says how many are told", Count(more))
	}
}

// difference tells one of them: the inputs that led there, and what each implementation does then.
func (t *text) difference(d *Difference) {
	if len(d.Way) == 0 {
		t.line("%s, at the start", d.Node)
	} else {
		t.line("%s, after", d.Node)
	}
	for _, in := range d.Way {
		t.line("    %s", in)
	}
	t.line("on  %s", d.Input)
	width := 0
	for _, i := range t.r.Comparison.Implementations {
		width = max(width, len(i.Name))
	}
	for k, i := range t.r.Comparison.Implementations {
		does := d.Does[k]
		if does == "" {
			does = "(this input does not arise)"
		}
		t.line("    %-*s  %s", width, i.Name, t.Strong(does))
		if d.Shows[k] != "" {
			t.line("    %*s  and is %s", width, "", d.Shows[k])
		}
	}
}
