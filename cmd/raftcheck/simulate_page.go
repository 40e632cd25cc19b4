package main

import (
	"fmt"

	"github.com/raftcheck/raftcheck/impl/simulation"
	"github.com/raftcheck/raftcheck/report/page"
)

// withoutLeader is what simulate measures.
const withoutLeader = "How long a cluster is without a leader"

// page is what was measured, for a browser.
func (f *simulateFlags) page(all []simulated, version string) *page.Page {
	t := page.Table{Caption: "Time without a leader", Head: []string{"election timeout", "replaced", "median", "mean", "99%", "longest", "crashes with more than one election", "elections per crash"}}
	for k := range all {
		s := &all[k]
		t.Rows = append(t.Rows, []string{s.config.Timing.Election.String(), fmt.Sprintf("%d of %d", s.Elected, s.Trials), tidyOf(s, s.Median), tidyOf(s, s.Mean), tidyOf(s, s.P99), s.longest(),
			fmt.Sprintf("%.0f%%", s.split()), fmt.Sprintf("%.1f", s.Elections)})
	}
	plot := page.Drawing{Label: "How many of the crashed leaders were replaced after how long. The table above has the numbers.", SVG: simulation.Drawing(withoutLeader, "", f.graphs(all)...)}
	return &page.Page{Title: withoutLeader, Of: "raftcheck simulate: " + simulatedCluster(&all[0].config), Version: version, Style: simulation.Style,
		Sections: []page.Section{{ID: "measured", Title: "What was measured", Blocks: []page.Block{t, plot}}}}
}
