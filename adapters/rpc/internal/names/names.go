// Package names knows what people call the fields and calls of a Raft.
package names

import (
	"strings"
	"unicode"

	"github.com/raftcheck/raftcheck/spec"
)

// Plain is a name without case, underscores and dashes.
func Plain(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}

// Fields are the plain names under which most people keep what Figure 2 names, the likeliest first.
var Fields = map[string][]string{
	"term":        {"currentterm", "term", "curterm", "epoch"},
	"votedFor":    {"votedfor", "voted", "vote", "voteto"},
	"log":         {"log", "logs", "entries", "logentries"},
	"commitIndex": {"commitindex", "commit", "committed", "committedindex"},
	"lastApplied": {"lastapplied", "applied", "appliedindex", "lastappliedindex"},
	"role":        {"role", "state", "status", "serverstate", "raftstate"},
	"leader":      {"leaderid", "leader", "currentleader", "leaderhint"},
	"nextIndex":   {"nextindex", "nextindexes", "nextindices", "next"},
	"matchIndex":  {"matchindex", "matchindexes", "matchindices", "match"},
	"baseIndex":   {"lastincludedindex", "snapshotindex", "lastsnapshotindex", "snapshotlastindex", "baseindex"},
	"baseTerm":    {"lastincludedterm", "snapshotterm", "lastsnapshotterm", "snapshotlastterm", "baseterm"},
	"members":     {"members", "voters"},
}

// Kind is the kind of message that the arguments of a method are, and whether its name tells.
func Kind(method string) (spec.MessageKind, bool) {
	name := Plain(method)
	for _, k := range []struct {
		kind  spec.MessageKind
		parts []string
	}{
		{spec.PreVote, []string{"prevote"}},
		{spec.RequestVote, []string{"vote"}},
		{spec.AppendEntries, []string{"append", "heartbeat", "replicat"}},
		{spec.InstallSnapshot, []string{"snapshot"}},
		{spec.TimeoutNow, []string{"timeoutnow"}},
	} {
		for _, part := range k.parts {
			if strings.Contains(name, part) {
				return k.kind, true
			}
		}
	}
	return 0, false
}

// Role is the role that a name tells, and whether it does.
func Role(name string) (spec.Role, bool) {
	plain := Plain(name)
	for _, r := range []struct {
		part string
		role spec.Role
	}{{"pre", spec.PreCandidate}, {"candidate", spec.Candidate}, {"leader", spec.Leader}, {"follower", spec.Follower}} {
		if strings.Contains(plain, r.part) {
			return r.role, true
		}
	}
	return 0, false
}
