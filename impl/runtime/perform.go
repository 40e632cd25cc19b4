package runtime

import (
	"errors"

	"github.com/raftcheck/raftcheck/spec"
)

// settleThen answers after what was stepped so far is safe and recorded.
func (r *Replica) settleThen(answer func()) {
	last := &r.steps[len(r.steps)-1]
	last.answers = append(last.answers, answer)
}

// perform lets the effects of all steps happen, in their order but for one thing: the first write makes safe what all of them write. A step
// is recorded when what it made durable is safe, and before what it sends after that leaves.
func (r *Replica) perform() {
	steps := r.steps
	r.steps = nil
	last := lastSync(steps)
	safe := false
	for k := range steps {
		d := &steps[k]
		sent := 0 // effects that happened
		for i := range d.step.Output.Effects {
			if d.step.Output.Effects[i].Kind != spec.Sync {
				continue
			}
			r.leave(d, sent, i) // what a server sends before it is safe; the reference sends nothing then
			sent = i
			if !safe && r.err == nil {
				r.err = r.save(steps[last].saved)
				safe = true
			}
		}
		if r.err != nil {
			return
		}
		if r.record != nil {
			r.record.step(&d.step)
		}
		r.leave(d, sent, len(d.step.Output.Effects))
		for _, answer := range d.answers {
			answer()
		}
	}
}

func lastSync(steps []done) int {
	for k := len(steps) - 1; k >= 0; k-- {
		for _, e := range steps[k].step.Output.Effects {
			if e.Kind == spec.Sync {
				return k
			}
		}
	}
	return -1
}

// save makes a state safe. The record first says so if entries go that were safe.
func (r *Replica) save(s Saved) error {
	if r.record != nil && r.replaces(&s) {
		r.record.unsettle()
	}
	if err := r.disk.Save(s); err != nil {
		return errors.Join(errors.New("the state could not be made safe, so the server stops"), err)
	}
	return nil
}

// replaces reports whether a state lacks entries that the record last showed on disk.
func (r *Replica) replaces(s *Saved) bool {
	was := r.record.disk
	i := min(was.Log.LastIndex(), s.Log.LastIndex())
	a, heldA := was.Log.TermAt(i)
	b, heldB := s.Log.TermAt(i)
	return was.Log.LastIndex() > s.Log.LastIndex() || heldA && heldB && a != b
}

// leave sends the messages among the effects from one to another.
func (r *Replica) leave(d *done, from, to int) {
	for _, e := range d.step.Output.Effects[from:to] {
		if e.Kind != spec.Send {
			continue
		}
		envelope := Envelope{Message: e.Message}
		if e.Message.Kind == spec.InstallSnapshot {
			envelope.Machine = d.covers
		}
		r.send(envelope)
	}
}
