package traces

import "github.com/raftcheck/raftcheck/spec"

// asksForVotes reports whether a step asked anybody for a vote.
func asksForVotes(out *spec.Output) bool {
	for _, m := range out.Sent {
		if m.Kind == spec.RequestVote {
			return true
		}
	}
	return false
}

// replyTo returns the first reply that a step sent to a server, or nil.
func replyTo(out *spec.Output, to spec.ServerID) *spec.Message {
	for _, m := range out.Sent {
		if m.To == to && !m.Kind.IsRequest() {
			return m
		}
	}
	return nil
}
