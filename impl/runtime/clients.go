package runtime

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/raftcheck/raftcheck/spec"
)

// What clients get: commands that were committed are carried out, reads wait for the node to say up to where they must see.

// install makes the machine that of a snapshot. What became of commands that it covers is not known.
func (r *Replica) install(base spec.Index, snapshot []byte) {
	machine, err := RestoreMachine(snapshot)
	if err != nil {
		r.err = err
		return
	}
	r.machine, r.applied = machine, base
	for _, i := range sortedUpTo(r.waiting, base) {
		for _, c := range r.waiting[i] {
			c.reply(Answer{Outcome: Unknown})
		}
		delete(r.waiting, i)
	}
}

func sortedUpTo(waiting map[spec.Index][]client, last spec.Index) (all []spec.Index) {
	for i := range waiting {
		if i <= last {
			all = append(all, i)
		}
	}
	slices.Sort(all)
	return all
}

// apply carries out what was committed, and finds out what became of the commands of clients.
func (r *Replica) apply(s *spec.Step, d *done) {
	if r.config.Options.Sessions {
		r.applyAsTold(s, d)
		return
	}
	for r.applied < s.After.CommitIndex && r.err == nil {
		i := r.applied + 1
		e, held := s.After.Log.At(i)
		if !held {
			r.err = fmt.Errorf("entry %d is committed and not in the log", i)
			return
		}
		var result Result
		if e.Kind == spec.Command {
			command, err := ParseCommand(e.Value)
			if err != nil {
				r.err = err
				return
			}
			result = r.machine.Apply(command)
		}
		r.applied = i
		for _, c := range r.waiting[i] {
			answer := Answer{Outcome: Replaced}
			if e.Term == c.term {
				answer = Answer{Result: result}
				s.Output.Effects = append(s.Output.Effects, spec.Effect{Kind: spec.Answer, Reply: spec.Reply{Client: c.command.Client, Value: e.Value, Index: i, Term: e.Term}})
			}
			d.answers = append(d.answers, func() { c.reply(answer) })
		}
		delete(r.waiting, i)
	}
}

// applyAsTold is apply where the node keeps track of requests: it says what is carried out, and who is told what.
func (r *Replica) applyAsTold(s *spec.Step, d *done) {
	for k := range s.Output.Effects {
		e := &s.Output.Effects[k]
		if e.Kind != spec.Apply && (e.Kind != spec.Answer || e.Reply.Read) {
			continue
		}
		command, err := ParseCommand(e.Reply.Value)
		if err != nil {
			r.err = err
			return
		}
		if e.Kind == spec.Answer {
			r.answerAsTold(&e.Reply, d, r.machine.last(command.Client))
		} else if !e.Reply.Passed {
			r.machine.carryOut(command)
		}
	}
	r.applied = max(r.applied, s.After.CommitIndex)
}

// answerAsTold tells the client that waits for an entry what became of it.
func (r *Replica) answerAsTold(told *spec.Reply, d *done, result Result) {
	answer := Answer{Result: result}
	if told.Failed {
		answer = Answer{Outcome: Replaced}
	}
	waiting := r.waiting[told.Index]
	r.waiting[told.Index] = slices.DeleteFunc(slices.Clone(waiting), func(c client) bool { return c.term == told.Term })
	for _, c := range waiting {
		if c.term == told.Term {
			d.answers = append(d.answers, func() { c.reply(answer) })
		}
	}
	if len(r.waiting[told.Index]) == 0 {
		delete(r.waiting, told.Index)
	}
}

// read lets a client wait for the next round of reads.
func (r *Replica) read(c client) {
	switch o := r.driver.Observe(); {
	case r.err != nil || o.Role != spec.Leader && o.LeaderID == spec.None:
		c.reply(Answer{Outcome: Refused})
	case o.Role != spec.Leader:
		c.reply(Answer{Outcome: Redirect, Leader: o.LeaderID})
	default:
		r.reads = append(r.reads, c)
	}
}

// startRound asks the node for one read that stands for all that wait, if no other is under way. A leader that cannot serve reads yet
// refuses, and is asked again.
func (r *Replica) startRound(now time.Duration) {
	if len(r.reads) == 0 || len(r.round) > 0 {
		return
	}
	r.round, r.reads = r.reads, nil
	s := r.step(now, spec.Input{Kind: spec.ReadIndex, Value: "read-" + strconv.Itoa(r.rounds+1)}, nil)
	if s.Output.Refused {
		r.reads, r.round = append(r.round, r.reads...), nil
		return
	}
	r.rounds++
}

// serve answers the reads of a round that the node says may be served. The machine has applied all that is committed.
func (r *Replica) serve(s *spec.Step, d *done) {
	for k := range s.Output.Effects {
		if e := &s.Output.Effects[k]; e.Kind != spec.Answer || !e.Reply.Read {
			continue
		}
		for _, c := range r.round {
			answer := Answer{Result: r.machine.Get(c.command.Key)}
			d.answers = append(d.answers, func() { c.reply(answer) })
		}
		r.round = nil
	}
}

// stopServing tells clients whose reads wait that this server leads no longer.
func (r *Replica) stopServing(d *done) {
	for _, c := range slices.Concat(r.round, r.reads) {
		d.answers = append(d.answers, func() { c.reply(Answer{Outcome: Refused}) })
	}
	r.round, r.reads = nil, nil
}
