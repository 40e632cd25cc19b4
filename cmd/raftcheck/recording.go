package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/traces"
)

// mostKept is how many records of all traces together are kept to be drawn.
const mostKept = 50_000

// recording is what a trace holds, read once more after it was judged: it is drawn.
type recording struct {
	trace    *traces.Trace
	original []string // its lines, if they are of another format than the native
	left     string   // what of the file is not in it; "" is nothing
}

// into puts a recording, with what it breaks, where the page looks for it.
func (r recording) into(f *report.File, result *traces.Result) {
	f.Execution, f.Original, f.Left = r.trace, r.original, r.left
	if r.trace == nil {
		return
	}
	for k := range result.Findings {
		f.Broken = append(f.Broken, &result.Findings[k])
	}
}

// recordingOf reads a trace again: all of it or, of a long one, what leads to its last finding. Without a finding it is the beginning.
func (v *verification) recordingOf(source *opened, result *traces.Result) recording {
	room := mostKept - v.kept
	if room <= 0 || source.reopen == nil {
		return recording{}
	}
	lines, err := source.reopen()
	if err != nil {
		return recording{}
	}
	if _, err := embedded(lines); err != nil {
		lines.Close()
		return recording{}
	}
	again := &opened{ctx: source.ctx, done: func() {}}
	if err := again.begin(lines, &v.flags.reading); err != nil {
		lines.Close()
		return recording{}
	}
	defer again.Close()
	until := 0
	for k := range result.Findings {
		until = max(until, result.Findings[k].Evidence[0].Line)
	}
	out := recording{trace: &traces.Trace{Header: again.Header()}}
	for seen := 0; ; seen++ {
		r, err := again.Next()
		if err != nil {
			out.end(err, seen)
			break
		}
		if seen >= room && r.Line > until {
			out.left = fmt.Sprintf("Of this trace this page holds %s, up to line %d.", report.Some(len(out.trace.Records), "step"), r.Line-1)
			break
		}
		if out.trace.Records = append(out.trace.Records, keep(r)); len(out.trace.Records) >= 2*room {
			out.trace.Records = append(out.trace.Records[:0:0], out.trace.Records[room:]...)
		}
	}
	if over := len(out.trace.Records) - room; over > 0 {
		out.trace.Records = out.trace.Records[over:]
		out.left = fmt.Sprintf("Of this trace this page holds the %s that lead to the finding.", report.Some(room, "step"))
	}
	out.original = source.original()
	v.kept += len(out.trace.Records)
	nameServers(out.trace)
	return out
}

// end notes what ended the reading, if it was not the end of the trace.
func (r *recording) end(err error, seen int) {
	if !errors.Is(err, io.EOF) {
		r.left = fmt.Sprintf("Only %s of this trace could be read again.", report.Some(seen, "step"))
	}
}

// original returns the lines of a trace that is of another format than the native and in JSON, so that it can be judged again as it was; nil of
// others, and where there are too many.
func (source *opened) original() (all []string) {
	if source.format != "etcd" && source.format != "ccf" || source.reopen == nil {
		return nil
	}
	lines, err := source.reopen()
	if err != nil {
		return nil
	}
	defer lines.Close()
	if _, err := embedded(lines); err != nil {
		return nil
	}
	for {
		line, err := lines.Next()
		if err != nil {
			return all
		}
		if all = append(all, string(line)); len(all) > 4*mostKept {
			return nil
		}
	}
}
