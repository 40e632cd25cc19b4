package abstract

import "github.com/raftcheck/raftcheck/spec"

// Variants are the choices of raft.tla that the paper's rules would otherwise object to.
var Variants = spec.Variants{spec.CommitMayFall, spec.SelfVoteByMessage, spec.TermThenVote, spec.ProgressMayFall}

// New returns server id as raft.tla's Init describes it: a follower in term 1 with an empty log. servers is the whole cluster,
// ascending, at most 64, id among them. New is a spec.Factory, and the node is also a spec.Permuter.
func New(id spec.ServerID, servers []spec.ServerID) spec.Node {
	return newServer(id, servers)
}

// Inputs returns what may happen to every server at any moment, in a fixed order: all of Next but Receive and the network's own
// actions. The servers refuse what their guards forbid. With restart a server may lose everything but its term, vote and log.
func Inputs(servers []spec.ServerID, values []string, restart bool) []spec.Input {
	var inputs []spec.Input
	if restart {
		inputs = append(inputs, spec.Input{Kind: spec.Restart})
	}
	inputs = append(inputs, spec.Input{Kind: spec.Timeout})
	for _, peer := range servers {
		inputs = append(inputs, spec.Input{Kind: spec.SendRequestVote, Peer: peer})
	}
	inputs = append(inputs, spec.Input{Kind: spec.BecomeLeader})
	for _, value := range values {
		inputs = append(inputs, spec.Input{Kind: spec.Propose, Value: value})
	}
	inputs = append(inputs, spec.Input{Kind: spec.AdvanceCommit})
	for _, peer := range servers {
		inputs = append(inputs, spec.Input{Kind: spec.SendAppendEntries, Peer: peer})
	}
	return inputs
}
