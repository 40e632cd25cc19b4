package report

import (
	"fmt"
	"io"

	"github.com/raftcheck/raftcheck/report/page"
	"github.com/raftcheck/raftcheck/traces"
)

// Pair is two traces that are told beside each other: how far they are the same, where they part, and how each goes on. No verdict comes of it.
type Pair struct {
	version string
	files   [2]*File
	told    [2]traces.Told
	parting *traces.Parting
}

// PairOf compares the executions of two files. version is that of raftcheck.
func PairOf(a, b *File, version string) *Pair {
	c := &Pair{version: version, files: [2]*File{a, b}, parting: traces.Part(a.Execution, b.Execution)}
	for k, f := range c.files {
		c.told[k] = traces.Told{Name: f.Path, Trace: f.Execution}
		if len(f.Broken) > 0 {
			c.told[k].Finding = f.Broken[0]
		}
	}
	return c
}

// Text writes them as one table.
func (c *Pair) Text(w io.Writer, l traces.Layout) error { return l.Compare(w, &c.told[0], &c.told[1]) }

// SVG draws them as one image.
func (c *Pair) SVG(w io.Writer) error { return c.beside().SVG(w, c.title()) }

// HTML writes them as a page, which holds both.
func (c *Pair) HTML(w io.Writer) error {
	h := &htmlPage{Page: page.Page{Title: c.title(), Of: "raftcheck show: " + c.files[0].Path + " and " + c.files[1].Path, Version: c.version}}
	var blocks []page.Block
	for k := range c.told {
		blocks = append(blocks, page.Text{Label: sides[k], Says: c.told[k].Says()})
	}
	h.section("parting", "Where they part", append(append(blocks, c.contrasts()...), c.beside())...)
	for k := range c.told {
		if f := c.told[k].Finding; f != nil {
			h.section("why-"+sides[k], fmt.Sprintf("Why %s is wrong", sides[k]), c.why(k, f)...)
		}
	}
	return h.Write(w)
}

var sides = []string{"A", "B"}

func (c *Pair) title() string { return c.parting.Says(c.told[0].Trace, c.told[1].Trace) }

// beside draws both.
func (c *Pair) beside() *page.Beside {
	b := &page.Beside{Same: c.parting.Same}
	for k, e := range []**page.Execution{&b.A, &b.B} {
		f := c.files[k]
		*e = &page.Execution{Trace: f.Execution, Lines: f.Original, Findings: f.Broken, Title: sides[k] + ": " + f.Path, Name: bareName(f.Path)}
	}
	return b
}

// contrasts say what comes next in each, and what is different if it is the same step.
func (c *Pair) contrasts() []page.Block {
	a, b := c.told[0].Trace, c.told[1].Trace
	if c.parting.Alike(a, b) {
		return nil
	}
	t := page.Table{Caption: "What comes next", Head: []string{"what", "A", "B"}, Rows: [][]string{{"step", c.told[0].Next(c.parting.Same), c.told[1].Next(c.parting.Same)}}}
	for _, one := range c.parting.Contrasts {
		t.Rows = append(t.Rows, []string{one.What, one.In[0], one.In[1]})
	}
	return []page.Block{t}
}

// why says why one of them is wrong.
func (c *Pair) why(k int, f *traces.Finding) []page.Block {
	said := page.Text{Says: f.Rule.Name + ": " + f.Message, Bad: true}
	return append([]page.Block{said}, reasonBlocks(&Finding{Execution: c.told[k].Trace, Breach: f})...)
}
