package traces

import "slices"

// quote fills in the text of the lines that findings rest on, by reading the file once more up to the last of them.
// A file that can no longer be read leaves them empty: the finding stands without.
func quote(r *Result, reopen func() (*Lines, error)) {
	var wanted []int
	for _, f := range r.Findings {
		for _, p := range f.Evidence {
			if p.Line > 0 {
				wanted = append(wanted, p.Line)
			}
		}
	}
	if reopen == nil || len(wanted) == 0 {
		return
	}
	lines, err := reopen()
	if err != nil {
		return
	}
	defer lines.Close()
	texts := textsOf(lines, wanted)
	for i := range r.Findings {
		for k := range r.Findings[i].Evidence {
			p := &r.Findings[i].Evidence[k]
			p.Text = texts[p.Line]
		}
	}
}

func textsOf(lines *Lines, wanted []int) map[int]string {
	slices.Sort(wanted)
	texts := map[int]string{}
	for len(wanted) > 0 {
		line, err := lines.Next()
		if err != nil {
			break
		}
		for len(wanted) > 0 && wanted[0] <= lines.Number() {
			if wanted[0] == lines.Number() {
				texts[wanted[0]] = string(line)
			}
			wanted = wanted[1:]
		}
	}
	return texts
}
