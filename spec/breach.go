package spec

import (
	"fmt"
	"slices"
)

// breach starts a Breach whose guilty place is the given part of the step.
func (s *Step) breach(part Part, effect int, format string, args ...any) *Breach {
	return &Breach{
		Message:  fmt.Sprintf(format, args...),
		Evidence: []Evidence{{Role: "here", Server: s.Server, Part: part, Effect: effect}},
	}
}

// breachAfter is a breach that shows in what the server is after the step.
func (s *Step) breachAfter(format string, args ...any) *Breach {
	return s.breach(PartAfter, 0, format, args...)
}

// breachSent is a breach that shows in a message that the step sent, the effect with that index.
func (s *Step) breachSent(effect int, format string, args ...any) *Breach {
	return s.breach(PartEffect, effect, format, args...)
}

// pairBreach starts a Breach that shows in two servers at one moment.
func pairBreach(a, b *Sight, format string, args ...any) *Breach {
	return &Breach{
		Message: fmt.Sprintf(format, args...),
		Evidence: []Evidence{
			{Role: "here", Server: a.Server, Part: PartAfter},
			{Role: "at the same time", Server: b.Server, Part: PartAfter},
		},
	}
}

// refusing adds the condition that did not hold.
func (b *Breach) refusing(text, format string, args ...any) *Breach {
	b.Refused = append(b.Refused, Condition{text, fmt.Sprintf(format, args...)})
	return b
}

// allowing says what would have been right.
func (b *Breach) allowing(format string, args ...any) *Breach {
	b.Allowed = fmt.Sprintf(format, args...)
	return b
}

// hinting guesses at the cause.
func (b *Breach) hinting(hint string) *Breach {
	b.Hint = hint
	return b
}

// after adds what somebody was told or did earlier.
func (b *Breach) after(role string, by ServerID, at Origin) *Breach {
	b.Evidence = append(b.Evidence, Evidence{Role: role, Server: by, Part: PartFact, Origin: at})
	return b
}

// promised adds a message that bound somebody earlier.
func (b *Breach) promised(role string, by ServerID, at Origin) *Breach {
	b.Evidence = append(b.Evidence, Evidence{Role: role, Server: by, Part: PartFact, Told: true, Origin: at})
	return b
}

// since adds the part of the same step that the guilty place contradicts: what came, or what was done.
func (b *Breach) since(role string, part Part) *Breach {
	b.Evidence = append(b.Evidence, Evidence{Role: role, Server: b.Evidence[0].Server, Part: part})
	return b
}

// before adds what the server showed of itself before the step.
func (b *Breach) before(role string, field Field) *Breach {
	b.Evidence = append(b.Evidence, Evidence{Role: role, Server: b.Evidence[0].Server, Part: PartBefore, Field: field})
	return b
}

// beside adds what the server shows of itself after the step.
func (b *Breach) beside(role string, field Field) *Breach {
	b.Evidence = append(b.Evidence, Evidence{Role: role, Server: b.Evidence[0].Server, Part: PartAfter, Field: field})
	return b
}

// showing says in which part of the server's state the guilty place is, where it is not the one that tells most about the rule.
func (b *Breach) showing(field Field) *Breach {
	b.Evidence[0].Field = field
	return b
}

// disagreement is the breach of two facts about one key that do not say the same.
func disagreement(rule *Rule, earlier, later *Fact) *Breach {
	b := &Breach{
		Rule: rule,
		Evidence: []Evidence{
			{Role: "here", Server: later.By, Part: later.Part, Effect: later.Effect, Origin: later.Origin},
			{Role: "before", Server: earlier.By, Part: PartFact, Origin: earlier.Origin},
		},
	}
	switch later.Kind {
	case FactLeader:
		b.Message = fmt.Sprintf("%s and %s both lead term %d", later.Holder, earlier.Holder, later.Term)
		b.Evidence[0].Role, b.Evidence[1].Role = "second leader", "first leader"
		b.allowing("%s does not lead term %d", later.Holder, later.Term)
		for k, f := range [...]*Fact{later, earlier} {
			if f.By != f.Holder {
				b.Evidence[k].Role = fmt.Sprintf("takes %s for the leader", f.Holder)
			}
		}
		switch {
		case later.believes():
			b.Message = fmt.Sprintf("%s takes %s for the leader of term %d, which %s leads", later.By, later.Holder, later.Term, earlier.Holder)
		case earlier.believes():
			b.Message = fmt.Sprintf("%s leads term %d, of which %s takes %s for the leader", later.Holder, later.Term, earlier.By, earlier.Holder)
		}
	case FactVote:
		b.Message = fmt.Sprintf("%s votes for %s in term %d but voted for %s in term %d",
			later.Server, later.Holder, later.Term, earlier.Holder, earlier.Term)
		b.Evidence[0].Role, b.Evidence[1].Role = "second vote", "first vote"
		b.allowing("%s votes for nobody but %s in term %d", later.Server, earlier.Holder, later.Term)
	case FactEntry:
		entryDisagreement(b, earlier, later)
	case FactAcknowledged:
		answered(b, later, earlier)
	case FactApplied:
		if earlier.Entry.Value != later.Entry.Value {
			b.Message = fmt.Sprintf("%s %s %s at index %d but %s %s %s there", later.By, later.handled(), Shown(later.Entry.Value), later.Index, earlier.By, earlier.handled(), Shown(earlier.Entry.Value))
			b.Evidence[0].Role, b.Evidence[1].Role = "the other state machine", "the state machine first seen"
			b.allowing("%s is committed at index %d and nothing else", Shown(earlier.Entry.Value), later.Index)
			break
		}
		b.Message = fmt.Sprintf("%s %s %s at index %d but %s %s it", later.By, later.handled(), later.Entry.Value, later.Index, earlier.By, earlier.handled())
		b.Evidence[0].Role, b.Evidence[1].Role = "the other state machine", "the state machine first seen"
		b.allowing("all servers do the same with what stands at index %d", later.Index)
	case FactFailed:
		b.Message = fmt.Sprintf("%s tells a client that %s at index %d will never take effect, and %s has committed it", later.By, later.Entry, later.Index, earlier.By)
		b.Evidence[0].Role, b.Evidence[1].Role = "what the client is told", "the commitment"
		b.allowing("%s says that it is done, or nothing", later.By)
	case FactCommitted:
		if earlier.Kind == FactAcknowledged {
			answered(b, earlier, later)
			break
		}
		if earlier.Kind == FactFailed {
			b.Message = fmt.Sprintf("%s commits %s at index %d, and %s had told a client that it will never take effect", later.By, later.Entry, later.Index, earlier.By)
			b.Evidence[0].Role, b.Evidence[1].Role = "the commitment", "what the client was told"
			b.allowing("%s tells the client nothing", earlier.By)
			break
		}
		b.Message = fmt.Sprintf("%s commits %s at index %d but %s committed %s there", later.By, later.Entry.named(), later.Index, earlier.By, earlier.Entry.named())
		b.Evidence[0].Role, b.Evidence[1].Role = "second commitment", "first commitment"
		b.allowing("%s is committed at index %d and nothing else", earlier.Entry.named(), earlier.Index)
	}
	return b
}

// entryDisagreement tells apart the two ways in which one index and term can name two things: the entry, or what comes before.
func entryDisagreement(b *Breach, earlier, later *Fact) {
	if later.Prev != earlier.Prev {
		b.Message = fmt.Sprintf("%s has the entry of index %d and term %d after an entry of term %d but %s has it after one of term %d",
			later.By, later.Index, later.Term, later.Prev, earlier.By, earlier.Prev)
	} else {
		b.Message = fmt.Sprintf("%s has %s at index %d but %s has %s there, of the same term", later.By, later.Entry, later.Index, earlier.By, earlier.Entry)
	}
	b.Evidence[0].Role, b.Evidence[1].Role = "the other entry", "the entry first seen"
	b.allowing("an entry of index %d and term %d is the same, after the same entries, on every server", later.Index, later.Term)
}

// answered says that a client was told of a command, and of which other one there is at the index.
func answered(b *Breach, told, other *Fact) {
	what := "has committed"
	if other.Kind == FactAcknowledged {
		what = "tells a client of"
	}
	b.Message = fmt.Sprintf("%s tells a client that %s is done at index %d, where %s %s %s", told.By, told.Entry.named(), told.Index, other.By, what, other.Entry.named())
	b.Evidence[0].Role, b.Evidence[1].Role = "here", "what was known of the index"
	b.allowing("%s tells the client nothing of index %d", told.By, told.Index)
}

// named prints an entry of which the term need not be known.
func (e Entry) named() string {
	if e.Term == 0 {
		return Shown(e.Value)
	}
	return e.String()
}

func (b *Breach) placeAt(where func(Part, int) Origin) {
	for k := range b.Evidence {
		if e := &b.Evidence[k]; e.Part != PartFact {
			e.Origin = where(e.Part, e.Effect)
		}
	}
}

// placeBeside gives the evidence of a pair its places: the server that just stepped first, then the other where it was last seen.
func (b *Breach) placeBeside(stepped ServerID, here, there Origin) *Breach {
	if b.Evidence[0].Server != stepped {
		slices.Reverse(b.Evidence)
	}
	for k := range b.Evidence {
		if e := &b.Evidence[k]; e.Server == stepped {
			e.Role, e.Origin = "here", here
		} else {
			e.Role, e.Part, e.Origin = "at the same time", PartFact, there
		}
	}
	return b
}
