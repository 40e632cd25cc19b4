package ccf

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
	"github.com/raftcheck/raftcheck/traces/foreign"
)

// Window is how many records a step that may still be added to holds back at most.
const Window = 1 << 14

// Variants are the ways in which CCF's Raft differs from the paper, beyond that only signatures are committed.
var Variants = spec.Variants{spec.OptimisticNext, spec.SilentOnStale, spec.PreVoteOwnTerm}

// Reader reads a trace of CCF's. It is a traces.Source.
type Reader struct {
	lines   *traces.Lines
	options traces.Options
	first   []byte // taken from lines already; nil when used
	event   event
	servers map[string]*server
	order   []*server
	ids     map[spec.ServerID]bool
	network network
	queue   []*step
	found   []traces.Contradiction // of the current line
	bare    []traces.Record        // contradictions that no record carries
	record  traces.Record
	step    spec.Step
	checked map[string]int
	events  int
	number  int
	at      int
	ended   bool
}

// NewReader reads a trace from lines.
func NewReader(lines *traces.Lines, options traces.Options) (*Reader, error) {
	line, err := lines.Next()
	if err != nil {
		return nil, err
	}
	return NewReaderAfter(lines, line, options)
}

// NewReaderAfter is NewReader for lines whose first line was already taken.
func NewReaderAfter(lines *traces.Lines, first []byte, options traces.Options) (*Reader, error) {
	return &Reader{lines: lines, options: options, first: append([]byte{}, first...), servers: map[string]*server{}, ids: map[spec.ServerID]bool{},
		network: network{sent: map[sending]int{}, shows: map[spec.ServerID]map[spec.MessageKind]bool{}}, checked: map[string]int{}}, nil
}

// Header says what is known of every trace of CCF's.
func (r *Reader) Header() traces.Header {
	return traces.Header{Version: traces.Version, Origin: "CCF raft_trace", Implementation: "microsoft/CCF", Variants: append(slices.Clone(Variants), r.options.Variants...)}
}

// Position returns the file and the last line of the record that was returned last; at the end, of the file.
func (r *Reader) Position() (string, int) {
	if r.at == 0 || r.ended {
		return r.lines.Name(), r.lines.Number()
	}
	return r.lines.Name(), r.at
}

// Close releases the file.
func (r *Reader) Close() { r.lines.Close() }

// Drain reads on to the end without judging and returns the number of the last line.
func (r *Reader) Drain() int { return r.lines.Drain() }

// Names returns what the trace calls the nodes.
func (r *Reader) Names() map[spec.ServerID]string {
	names := map[spec.ServerID]string{}
	for _, s := range r.order {
		names[s.id] = s.name
	}
	return names
}

// Incomplete tells that lines of different nodes may not be in the order in which things happened.
func (r *Reader) Incomplete() bool { return true }

// Tally returns how many times the reader itself put what rules promise to the test: messages that must have been sent and lines that must
// fit together (X-TR-01), votes that make a leader (R5.2-06), copies that make a commit (R5.3-20), a commit of the leader's own view
// (R5.4.2-01), previous transactions that must match (R5.3-03), what is acknowledged (R5.3-06), and R5.3-10.
func (r *Reader) Tally() (all traces.Tallies) {
	for k, id := range [...]string{consistent, majority, copies, ownView, matches, verified, "R5.3-10"} {
		all[k].Rule, all[k].Times = id, r.checked[id]
	}
	return all
}

// Members names the members of a line that may show a part of a step, the best first, of both vintages.
func (r *Reader) Members(part spec.Part, _ int, field spec.Field) []string {
	event := []string{"msg.function", "msg.event.function"}
	switch {
	case part == spec.PartInput || part == spec.PartEffect:
		return append([]string{"msg.packet", "msg.paket"}, event...)
	case field == spec.FieldTerm:
		return append([]string{"msg.state.current_view"}, event...)
	case field == spec.FieldCommit:
		return append([]string{"msg.state.commit_idx"}, event...)
	case field == spec.FieldLog:
		return append([]string{"msg.state.last_idx"}, event...)
	case field == spec.FieldRole:
		return append([]string{"msg.state.leadership_state", "msg.state.leadership"}, event...)
	}
	return event
}

// Next returns the next record, or io.EOF after the last. The record is valid until the next call.
func (r *Reader) Next() (*traces.Record, error) {
	for {
		if s := r.ready(); s != nil {
			return r.emit(s), nil
		}
		if r.ended {
			return nil, io.EOF
		}
		if err := r.read(); errors.Is(err, io.EOF) {
			if r.events == 0 {
				return nil, &traces.InputError{File: r.lines.Name(), Line: r.lines.Number(), Message: "the file has no trace events",
					Hint: "build CCF's raft_driver with CCF_RAFT_TRACING; a log of another kind is read with --map MAPPING.yaml: docs/verify-your-log.md"}
			}
			r.ended = true
			for _, s := range r.order {
				s.cut()
			}
		} else if err != nil {
			return nil, err
		}
	}
}

func (r *Reader) ready() *step {
	if len(r.queue) == 0 || !r.queue[0].closed && len(r.queue) < Window {
		return nil
	}
	s := r.queue[0]
	if !s.closed {
		s.of.cut()
	}
	r.queue[0] = nil
	r.queue = r.queue[1:]
	return s
}

// read takes in the next line.
func (r *Reader) read() error {
	line := r.first
	r.first = nil
	if line == nil {
		var err error
		if line, err = r.lines.Next(); err != nil {
			return err
		}
	}
	r.event.line = r.lines.Number()
	is, err := decode(line, &r.event)
	if err != nil {
		return traces.LineError(r.lines, err)
	}
	if !is {
		return traces.Inside(r.lines, line, foreign.CCF)
	}
	if !packets[r.event.Function] && !others[r.event.Function] {
		if r.options.Lenient {
			return nil
		}
		fault := r.lines.Fault(0, fmt.Sprintf("unknown event %q", r.event.Function))
		fault.Hint = "--lenient passes over events that are not known"
		return fault
	}
	r.events++
	return r.take(&r.event)
}

// server returns the node of that name.
func (r *Reader) server(name string) *server {
	if s := r.servers[name]; s != nil {
		return s
	}
	id := spec.ServerID(1)
	if n, err := strconv.ParseUint(name, 10, 62); err == nil && !r.ids[spec.ServerID(n+1)] {
		id = spec.ServerID(n + 1)
	}
	for r.ids[id] {
		id++
	}
	s := &server{id: id, name: name, match: map[spec.ServerID]uint64{}, refused: map[spec.ServerID]bool{}}
	r.servers[name], r.ids[id], r.order = s, true, append(r.order, s)
	return s
}

// emit makes the record of a step.
func (r *Reader) emit(s *step) *traces.Record {
	r.number++
	r.step = spec.Step{Server: s.of.id, Input: s.input, Before: s.before, After: s.after, Output: spec.Output{Effects: s.effects, Unseen: s.cut}}
	r.record = traces.Record{Number: r.number, Event: s.input.Kind.String(), Step: &r.step, Line: s.line, Found: s.found,
		Where: &traces.Where{Before: s.line, Input: s.line, After: s.afterLine, Effects: s.lines}}
	if s.reachesBehind() {
		// The log that is shown ends with a signature: what messages say of what stands behind is for the reader to look at.
		r.step.Before.Unknown |= spec.FieldLog
		r.step.After.Unknown |= spec.FieldLog
	}
	r.at = max(r.at, s.line, s.afterLine)
	return &r.record
}
