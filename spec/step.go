package spec

import "fmt"

// runs reports whether the server was up during the whole step: it did not crash, restart or lie crashed.
func (s *Step) runs() bool {
	return !s.crashes() && s.Input.Kind != Restart && s.Before.Role != Crashed
}

// Judged is the step as rules look at it. One in whose middle a goroutine is held, or goes on, is not all that its input leads to, or more: as
// of a step whose input is not recorded, rules then judge what the server did, and not whether it was the answer to that.
func (s *Step) Judged() *Step {
	if s.Input.Gate == "" && s.Input.Kind != Resume {
		return s
	}
	judged := *s
	judged.Input = Input{}
	return &judged
}

// comesBack reports whether a server that showed its disk while it was down is up after the step.
func (s *Step) comesBack() bool {
	return s.Before.Role == Crashed && s.Before.Knows(FieldRole) && !s.crashes()
}

// crashes reports whether the server is down after the step, so that only its disk is left of it.
func (s *Step) crashes() bool {
	return s.Input.Kind == Crash || s.Input.Cut > 0 || s.After.Role == Crashed
}

// delivered reports whether the step handles a message of that kind.
func (s *Step) delivered(kind MessageKind) bool {
	return s.Input.Kind == Deliver && s.Input.Message.Kind == kind
}

// happened names what the server was given: the kind of message, or of event.
func (s *Step) happened() string {
	if s.Input.Kind == Deliver {
		return fmt.Sprintf("%s from %s", s.Input.Message.Kind, s.Input.Message.From)
	}
	return s.Input.Kind.String()
}

// show reports whether the server shows all the given fields before and after the step.
func (s *Step) show(f Field) bool { return s.Before.Knows(f) && s.After.Knows(f) }

// answersAtOnce returns the answer to a read if a leader gives it in the step in which the read comes, or nil.
func (s *Step) answersAtOnce() *Reply {
	if s.Input.Kind != ReadIndex || s.After.Role != Leader {
		return nil
	}
	for k := range s.Output.Effects {
		if e := &s.Output.Effects[k]; e.Kind == Answer && e.Reply.Read {
			return &e.Reply
		}
	}
	return nil
}

// TookOffice reports whether the step made its server leader of a term it did not lead before.
func TookOffice(s *Step) bool {
	return s.After.Role == Leader && (s.Before.Role != Leader || s.Before.Term != s.After.Term)
}

// leads reports whether the step leaves the server leader of the term that it led before.
func (s *Step) leads() bool {
	return s.Before.Role == Leader && s.After.Role == Leader && s.Before.Term == s.After.Term
}

// senderLog returns the log of the leader that sent a message of that term in this step, or false if the step does not show it.
// A leader only appends, so the log after the step holds all that the leader had when it sent, also where it steps down in its own term when it has sent.
func (s *Step) senderLog(term Term) (Log, bool) {
	switch {
	case s.After.Knows(FieldRole|FieldTerm|FieldLog) && s.After.Role == Leader && s.After.Term == term:
		return s.After.Log, true
	case s.Before.Knows(FieldRole|FieldTerm|FieldLog) && s.Before.Role == Leader && s.Before.Term == term && s.After.Role != Crashed:
		if s.After.Knows(FieldTerm|FieldLog) && s.After.Term == term && s.After.Log.LastIndex() > s.Before.Log.LastIndex() {
			return s.After.Log, true
		}
		return s.Before.Log, true
	}
	return Log{}, false
}

// lastTermKnown reports whether LastTerm says the term of the last entry: a compacted log need not know it.
func (l Log) lastTermKnown() bool { return len(l.Entries) > 0 || l.BaseTerm > 0 || l.Base == 0 }

// termKnownAt is TermAt that does not take an unknown BaseTerm for term 0.
func (l Log) termKnownAt(i Index) (Term, bool) {
	term, known := l.TermAt(i)
	return term, known && (term > 0 || i == 0)
}

// agrees reports whether two entries are the same as far as they are shown. A value that a record does not show agrees with any.
func (e Entry) agrees(f Entry) bool {
	return e.Term == f.Term && e.Kind == f.Kind && (e.Value == f.Value || e.Value == "" || f.Value == "")
}

// firstDifference returns the first index at which b holds an entry that a does not hold too; it is above b's last index if
// there is none. Entries that either has compacted are not looked at. Logs that share their backing array, as a log and its
// extension do, are compared without looking at every entry.
func firstDifference(a, b Log) Index {
	i := max(a.Base, b.Base) + 1
	last := min(a.LastIndex(), b.LastIndex())
	if i > last {
		return i
	}
	if &a.Entries[i-a.Base-1] == &b.Entries[i-b.Base-1] {
		return last + 1
	}
	for i <= last && a.Entries[i-a.Base-1].agrees(b.Entries[i-b.Base-1]) {
		i++
	}
	return i
}

// firstLoss returns the first index at which the server held an entry before that it does not hold after, and whether there is
// one. What it compacted is not lost.
func firstLoss(before, after Log) (Index, bool) {
	i := firstDifference(after, before)
	return i, i <= before.LastIndex()
}

// firstGain returns the first index at which the server holds an entry after that it did not hold before.
func firstGain(before, after Log) (Index, bool) {
	i := firstDifference(before, after)
	return i, i <= after.LastIndex()
}

// at prints what a log holds at an index.
func (l Log) at(i Index) string {
	if e, held := l.At(i); held {
		return e.String()
	}
	if term, known := l.termKnownAt(i); known && i == l.Base && i > 0 {
		return fmt.Sprintf("an entry of term %d that it compacted", term)
	}
	if i <= l.Base {
		return "an entry it compacted"
	}
	return "nothing"
}
