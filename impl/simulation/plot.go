package simulation

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"
)

// Graph is one graph of a plot: for each line, how many percent of the trials had a new leader after how long.
type Graph struct {
	Title    string
	From, To time.Duration // the ends of the time axis; From > 0 where it is logarithmic
	Log      bool          // the time axis is logarithmic
	Lines    []Line
}

// Line is the outcome of one experiment.
type Line struct {
	Label  string
	Trials []Trial
}

// Plot writes graphs below each other as an SVG image. The same graphs always give the same bytes.
func Plot(w io.Writer, title string, graphs ...Graph) error {
	_, err := io.WriteString(w, Drawing(title, "<style>"+Style+"</style>\n", graphs...))
	return err
}

// Style is the style sheet that plots need.
const Style = `.plot text{font:12px system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif;fill:#333}.plot .h{font-size:15px;font-weight:600}.plot .g{font-weight:600}` +
	`.plot .grid{stroke:#e4e4e4}.plot .axis{stroke:#777}.plot .line{fill:none;stroke-width:2;stroke-linejoin:round}`

// Drawing is what Plot writes, with another element than the one with the style: "" if [Style] is elsewhere in the document.
func Drawing(title, style string, graphs ...Graph) string {
	p := &plot{}
	height := top + len(graphs)*(graphHeight+between)
	p.printf(`<svg xmlns="http://www.w3.org/2000/svg" class="plot" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="title">`+"\n", width, height, width, height)
	p.printf("<title id=\"title\">%s</title>\n%s", escape(title), style)
	p.printf("<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n", width, height)
	p.text(left, 26, "h", "start", title)
	for k := range graphs {
		p.graph(&graphs[k], top+k*(graphHeight+between))
	}
	p.printf("</svg>\n")
	return p.out.String()
}

// The picture's measures, in pixels.
const (
	width       = 820
	left        = 64
	right       = 150 // for the names of the lines
	top         = 56
	graphHeight = 250
	between     = 76 // for the numbers of the axis and the next title
	plotWidth   = width - left - right
)

// palette is told apart by people who see colours differently too (Okabe and Ito, 2008); dashes tell apart who sees none.
var palette = []struct{ colour, dash string }{
	{"#000000", ""}, {"#D55E00", "7 3"}, {"#0072B2", ""}, {"#009E73", "7 3"}, {"#CC79A7", ""}, {"#E69F00", "2 2"}, {"#56B4E9", ""},
}

type plot struct{ out strings.Builder }

func (p *plot) printf(format string, args ...any) { fmt.Fprintf(&p.out, format, args...) }

func (p *plot) text(x, y int, class, anchor, s string) {
	p.printf("<text class=\"%s\" x=\"%d\" y=\"%d\" text-anchor=\"%s\">%s</text>\n", class, x, y, anchor, escape(s))
}

func (p *plot) graph(g *Graph, y int) {
	p.text(left, y, "g", "start", g.Title)
	y += 14
	bottom := y + graphHeight
	for percent := 0; percent <= 100; percent += 20 {
		at := bottom - percent*graphHeight/100
		p.printf("<path class=\"grid\" d=\"M%d %dh%d\"/>\n", left, at, plotWidth)
		p.text(left-8, at+4, "", "end", fmt.Sprintf("%d%%", percent))
	}
	for _, t := range g.marks() {
		x := g.x(t)
		p.printf("<path class=\"grid\" d=\"M%.1f %dV%d\"/>\n", x, y, bottom)
		p.printf("<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", x, bottom+18, markName(t))
	}
	p.printf("<path class=\"axis\" fill=\"none\" d=\"M%d %dV%dh%d\"/>\n", left, y, bottom, plotWidth)
	p.text(left+plotWidth/2, bottom+36, "", "middle", "time without a leader")
	for k, line := range g.Lines {
		style := palette[k%len(palette)]
		p.line(g, &line, bottom, style.colour, style.dash)
		at := y + 12 + k*20
		p.printf("<path class=\"line\" stroke=\"%s\" stroke-dasharray=\"%s\" d=\"M%d %dh26\"/>\n", style.colour, style.dash, width-right+14, at-4)
		p.text(width-right+46, at, "", "start", line.Label)
	}
}

// line draws how many trials were over by when. It goes on to every pixel at which that changes, and there up.
func (p *plot) line(g *Graph, line *Line, bottom int, colour, dash string) {
	done := Downtimes(line.Trials)
	height := func(n int) string {
		return fmt.Sprintf("%.1f", float64(bottom)-float64(n)*graphHeight/float64(max(len(line.Trials), 1)))
	}
	var path strings.Builder
	last := -1
	for pixel := 0; pixel <= plotWidth; pixel++ {
		n, _ := slices.BinarySearch(done, g.at(pixel)+1)
		switch {
		case last < 0:
			fmt.Fprintf(&path, "M%d %s", left+pixel, height(n))
		case n != last:
			fmt.Fprintf(&path, "H%dV%s", left+pixel, height(n))
		}
		last = n
	}
	fmt.Fprintf(&path, "H%d", left+plotWidth)
	p.printf("<path class=\"line\" stroke=\"%s\" stroke-dasharray=\"%s\" d=\"%s\"/>\n", colour, dash, path.String())
}

// x returns where a time stands.
func (g *Graph) x(t time.Duration) float64 {
	share := float64(t-g.From) / float64(g.To-g.From)
	if g.Log {
		share = math.Log(float64(t)/float64(g.From)) / math.Log(float64(g.To)/float64(g.From))
	}
	return left + share*plotWidth
}

// at returns the time that stands at a pixel.
func (g *Graph) at(pixel int) time.Duration {
	share := float64(pixel) / plotWidth
	if g.Log {
		return time.Duration(float64(g.From) * math.Pow(float64(g.To)/float64(g.From), share))
	}
	return g.From + time.Duration(share*float64(g.To-g.From))
}

// marks are the times that the axis names: 1, 2 and 5 of each power of ten, or about seven round ones.
func (g *Graph) marks() (times []time.Duration) {
	if g.Log {
		for power := time.Microsecond; power <= g.To; power *= 10 {
			for _, t := range []time.Duration{power, 2 * power, 5 * power} {
				if t >= g.From && t <= g.To {
					times = append(times, t)
				}
			}
		}
		return times
	}
	step := time.Microsecond
	for k := 0; (g.To-g.From)/step > 7; k++ {
		step = step * []time.Duration{2, 5, 2}[k%3] / []time.Duration{1, 2, 1}[k%3]
	}
	for t := (g.From + step - 1) / step * step; t <= g.To; t += step {
		times = append(times, t)
	}
	return times
}

func markName(t time.Duration) string {
	switch {
	case t >= time.Second:
		return fmt.Sprintf("%g s", t.Seconds())
	case t >= time.Millisecond || t == 0:
		return fmt.Sprintf("%g ms", float64(t)/float64(time.Millisecond))
	}
	return fmt.Sprintf("%g µs", float64(t)/float64(time.Microsecond))
}

func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\"", "&quot;").Replace(s)
}
