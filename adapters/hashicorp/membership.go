package hashicorp

import (
	"slices"

	"github.com/hashicorp/raft"

	"github.com/raftcheck/raftcheck/spec"
)

// configuration is what the cluster is bootstrapped with: all servers, those named in Learners without a vote.
func (o *Options) configuration(servers []spec.ServerID) raft.Configuration {
	var c raft.Configuration
	for _, id := range servers {
		suffrage := raft.Voter
		if slices.Contains(o.Learners, id) {
			suffrage = raft.Nonvoter
		}
		c.Servers = append(c.Servers, raft.Server{Suffrage: suffrage, ID: raft.ServerID(nameFor(id)), Address: raft.ServerAddress(nameFor(id))})
	}
	return c
}

// configurationWith is a configuration of these voters and servers without a vote.
func configurationWith(voters, learners []spec.ServerID) raft.Configuration {
	var c raft.Configuration
	for _, id := range slices.Concat(voters, learners) {
		suffrage := raft.Nonvoter
		if slices.Contains(voters, id) {
			suffrage = raft.Voter
		}
		c.Servers = append(c.Servers, raft.Server{Suffrage: suffrage, ID: raft.ServerID(nameFor(id)), Address: raft.ServerAddress(nameFor(id))})
	}
	return c
}

// standing is what a server is in a configuration.
type standing uint8

const (
	outside standing = iota
	learner
	voter
)

func standingIn(c *spec.Configuration, id spec.ServerID) standing {
	switch {
	case slices.Contains(c.Voters, id):
		return voter
	case slices.Contains(c.Learners, id):
		return learner
	}
	return outside
}

// change returns the one call that leads from the present configuration to the one asked for. It returns false if there is none.
func (s *server) change(to spec.Change) (func(), bool) {
	now := configurationOf(s.raft.GetConfiguration().Configuration())
	voters, learners := split(to.Voters), split(to.Learners)
	target := spec.Configuration{Voters: voters, Learners: learners}
	var differing []spec.ServerID
	for _, id := range slices.Concat(now.Voters, now.Learners, voters, learners) {
		if standingIn(&now, id) != standingIn(&target, id) && !slices.Contains(differing, id) {
			differing = append(differing, id)
		}
	}
	if to.Joint || len(differing) != 1 {
		return nil, false
	}
	name, address := raft.ServerID(nameFor(differing[0])), raft.ServerAddress(nameFor(differing[0]))
	r := s.raft
	switch was, is := standingIn(&now, differing[0]), standingIn(&target, differing[0]); {
	case is == voter:
		return func() { r.AddVoter(name, address, 0, enqueue) }, true
	case is == outside:
		return func() { r.RemoveServer(name, 0, enqueue) }, true
	case was == voter:
		return func() { r.DemoteVoter(name, 0, enqueue) }, true
	}
	return func() { r.AddNonvoter(name, address, 0, enqueue) }, true
}
