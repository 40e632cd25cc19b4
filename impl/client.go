package impl

import (
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

// Clients (8, D6.3). A server that takes a command remembers where in the log it put it, and in which term, and tells the client when that
// very entry is committed; also if it does not lead any more by then. If another entry is committed in its place the client is told that its command
// failed. A client that hears nothing tries again, so a command may stand in the
// log more than once. Its value names the client's request: the state machine carries out the first and knows the others again.
// The table of what was carried out is a part of the state machine, so that all servers have the same; here it follows from the log.

// waiting is a command whose client has not been told yet.
type waiting struct {
	client string
	value  string
	index  spec.Index
	term   spec.Term
}

// promise remembers a command that was appended at the end of the log.
func (s *server) promise(client, value string) {
	if s.options.Sessions {
		s.waiting = append(slices.Clip(s.waiting), waiting{client, value, s.log.LastIndex(), s.term})
	}
}

// apply carries out what was committed since, and tells clients.
func (s *server) apply(from spec.Index) {
	if !s.options.Sessions {
		return
	}
	for i := s.decide.AppliesFrom(from, s.commitIndex); i <= s.commitIndex; i++ {
		if e, held := s.log.At(i); held && e.Kind == spec.Command {
			s.answers = append(s.answers, spec.Effect{Kind: spec.Apply, Reply: spec.Reply{Value: e.Value, Index: i, Passed: !s.decide.CarriesOut(s.log, s.forgotten, i)}})
		}
	}
	s.tellClients()
}

func (s *server) tellClients() {
	var still []waiting
	for _, w := range s.waiting {
		term, held := s.log.TermAt(w.index)
		switch {
		case s.decide.Tells(w.index <= s.commitIndex, held && term == w.term):
			s.answers = append(s.answers, spec.Effect{Kind: spec.Answer, Reply: w.reply(false)})
		case s.decide.Fails(w.index <= s.commitIndex, s.role):
			s.answers = append(s.answers, spec.Effect{Kind: spec.Answer, Reply: w.reply(true)})
		case w.index > s.commitIndex:
			still = append(still, w)
		}
	}
	s.waiting = still
}

// reply is what the client is told of its command: that it is done, or that it failed.
func (w *waiting) reply(failed bool) spec.Reply {
	return spec.Reply{Client: w.client, Value: w.value, Index: w.index, Term: w.term, Failed: failed}
}

// Fails: when another entry is committed in its place. Until then nobody knows, also not a leader that steps down.
func (Paper) Fails(committed bool, _ spec.Role) bool { return committed }

// AppliesFrom: the one after the last.
func (Paper) AppliesFrom(applied, _ spec.Index) spec.Index { return applied + 1 }

// ForgetsSessions: none. Sessions end, if they do, by an entry of the log.
func (Paper) ForgetsSessions(forgotten, _ spec.Index) spec.Index { return forgotten }

// CarriesOut: the first time that a request stands in the log.
func (Paper) CarriesOut(log spec.Log, _, i spec.Index) bool {
	e, _ := log.At(i)
	return !slices.ContainsFunc(log.Entries[:i-log.Base-1], func(f spec.Entry) bool { return f.Kind == spec.Command && f.Value == e.Value })
}

// Tells: when the entry that was appended then is committed, and not another one in its place.
func (Paper) Tells(committed, same bool) bool { return committed && same }
