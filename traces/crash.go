package traces

import (
	"fmt"
	"strings"

	"github.com/raftcheck/raftcheck/spec"
)

// crashSentence tells a step in which the server crashes: what it was given, what it did until then, and what it did no more. What it would
// have made of the input later is not told, since nobody has seen it.
func crashSentence(s *spec.Step, arriving string) string {
	parts := []string{given(s, arriving)}
	written, synced := wrote(&s.Output)
	kept := keeps(s)
	lost := s.Input.Lossy && written && !synced
	switch {
	case written && kept == "" && !lost:
		parts = append(parts, "writes nothing new")
	case written && synced:
		parts = append(parts, "writes and syncs "+orNothing(kept, "nothing new"))
	case written:
		parts = append(parts, strings.TrimSpace("writes "+kept))
	}
	sends := sendsOf(&s.Output)
	if sends != "" {
		parts = append(parts, sends)
	}
	if answers := answerClause(&s.Output); answers != "" {
		parts = append(parts, strings.TrimPrefix(answers, "; "))
	}
	end := "crashes"
	if s.Input.Lossy {
		end = "loses power"
	}
	switch {
	case s.Output.Unseen:
	case !written && sends == "":
		end += " before it does anything"
	case !written:
		end += " before it writes anything"
	case lost:
		end += " before that is synced"
	case sends == "":
		end += " before it sends anything"
	}
	if len(parts) == 1 {
		return fmt.Sprintf("%s %s and %s", s.Server, parts[0], end)
	}
	return fmt.Sprintf("%s %s, and %s", s.Server, strings.Join(parts, ", "), end)
}

// given says what happened to the server, as in "receives request A".
func given(s *spec.Step, arriving string) string {
	switch in := &s.Input; in.Kind {
	case spec.Deliver:
		return "receives " + named(arriving, &in.Message)
	case spec.Timeout:
		return "times out"
	case spec.Heartbeat:
		return "is to send heartbeats"
	case spec.Propose:
		return "is given " + spec.Shown(in.Value) + " by a client"
	case spec.Reconfigure:
		return "is asked for " + in.Change.String()
	case spec.Transfer:
		return "is asked to hand over to " + in.Peer.String()
	case spec.ReadIndex:
		return "is asked to read"
	case spec.Compact:
		return "is to compact its log"
	case spec.Stored:
		return "goes on with its oldest write"
	case spec.Restart:
		return "restarts"
	default:
		return "does " + in.Kind.String()
	}
}

// wrote says whether something was written, and whether all of it is safe.
func wrote(out *spec.Output) (written, synced bool) {
	for k := range out.Effects {
		switch out.Effects[k].Kind {
		case spec.Write:
			written, synced = true, false
		case spec.Sync:
			written, synced = true, true
		}
	}
	return written, synced
}

// keeps says what the server has on disk after the crash that it did not have before the step; "" for nothing that is shown.
func keeps(s *spec.Step) string {
	var all []string
	shows := func(f spec.Field) bool { return s.Before.Knows(f) && s.After.Knows(f) }
	if shows(spec.FieldTerm) && s.After.Term != s.Before.Term {
		all = append(all, fmt.Sprintf("term %d", s.After.Term))
	}
	if shows(spec.FieldVotedFor) && s.After.VotedFor != s.Before.VotedFor && s.After.VotedFor != spec.None {
		who := s.After.VotedFor.String()
		if s.After.VotedFor == s.Server {
			who = "itself"
		}
		all = append(all, "its vote for "+who)
	}
	if shows(spec.FieldLog) {
		all = append(all, keptOfLog(&s.Before.Log, &s.After.Log)...)
	}
	return listed(all)
}

// keptOfLog says how a log on disk has changed.
func keptOfLog(before, after *spec.Log) []string {
	if before.Base != after.Base && after.Base > before.Base {
		return []string{fmt.Sprintf("what it compacts up to %d", after.Base)}
	}
	from := after.Base + 1
	for from <= after.LastIndex() {
		a, hasA := after.At(from)
		b, hasB := before.At(from)
		if !hasA || !hasB || a != b {
			break
		}
		from++
	}
	last := after.LastIndex()
	switch {
	case from > last && last < before.LastIndex():
		return []string{fmt.Sprintf("that its log ends at %d", last)}
	case from > last:
		return nil
	case from == last:
		e, _ := after.At(from)
		return []string{fmt.Sprintf("entry %d (%s)", from, e)}
	}
	return []string{fmt.Sprintf("entries %d to %d", from, last)}
}

// sendsOf says what left in a step; "" for nothing.
func sendsOf(out *spec.Output) string {
	var first *spec.Message
	n := 0
	for _, m := range out.Sent {
		if n++; first == nil {
			first = m
		}
	}
	switch n {
	case 0:
		return ""
	case 1:
		return "sends " + theMessage(first)
	}
	return fmt.Sprintf("sends %d messages", n)
}

// listed joins words as in "a, b and c".
func listed(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}
