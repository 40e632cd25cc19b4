package script

import (
	"fmt"

	"github.com/raftcheck/raftcheck/spec"
)

// mostElections is how often elect lets a server campaign before it gives up.
const mostElections = 5

// shortcut elects a leader or replicates its log, without telling every step.
func (r *run) shortcut(name string, args []string) error {
	var ids []spec.ServerID
	for _, a := range args {
		id, err := r.server(a)
		if err != nil {
			return err
		}
		ids = append(ids, id)
	}
	before := r.inFlight
	r.quiet = true
	defer func() { r.quiet = false }()
	if name == "replicate" {
		r.step(ids[0], spec.Input{Kind: spec.Heartbeat})
		r.ask(ids[0], ids[1:], spec.AppendEntries, spec.AppendEntriesReply)
	} else if !r.elect(ids[0], ids[1:]) && !r.runner.Lenient {
		return fmt.Errorf("%s does not win", args[0])
	}
	r.inFlight = before
	r.quiet = false
	for _, id := range ids {
		r.show(id)
	}
	return nil
}

func (r *run) elect(candidate spec.ServerID, voters []spec.ServerID) bool {
	for range mostElections {
		r.step(candidate, spec.Input{Kind: spec.Timeout})
		r.ask(candidate, voters, spec.RequestVote, spec.RequestVoteReply)
		if r.nodes[candidate].Observe().Role == spec.Leader {
			return true
		}
	}
	return false
}

// ask delivers the newest request to each server, and its reply back.
func (r *run) ask(from spec.ServerID, to []spec.ServerID, request, reply spec.MessageKind) {
	for _, id := range to {
		r.deliverNewest(from, id, request)
		r.deliverNewest(id, from, reply)
	}
}

func (r *run) deliverNewest(from, to spec.ServerID, kind spec.MessageKind) {
	if at := r.find(fmt.Sprintf("%s->%s", from, to), kind.String(), true); at >= 0 {
		r.step(to, spec.Input{Kind: spec.Deliver, Message: r.inFlight[at]})
	}
}
