package main

import "slices"

// Changes of what a server stores, of what it sends and is sent, of what clients are told, and of the order of it all.

var changesOfDisks = []change{
	{"the disk holds an earlier term than the server promised", []string{"durable-before-send", "disk-kept", "trace-consistent"}, shows(func(s *scene) string {
		disk := members(s.after["durable"])
		if disk == nil || number(disk["term"]) == 0 || number(disk["term"]) != number(s.after["term"]) {
			return notHere
		}
		raises(disk, "term", -1)
		disk["votedFor"] = nil
		return ""
	})},
	{"the disk lacks the vote", []string{"durable-before-send", "vote-once", "vote-atomic", "disk-kept"}, shows(func(s *scene) string {
		disk := members(s.after["durable"])
		if disk == nil || disk["votedFor"] == nil {
			return notHere
		}
		disk["votedFor"] = nil
		return ""
	})},
	{"the disk holds another vote", []string{"durable-before-send", "vote-once", "vote-atomic", "disk-kept"}, shows(func(s *scene) string {
		disk := members(s.after["durable"])
		if disk == nil || disk["votedFor"] == nil {
			return notHere
		}
		disk["votedFor"] = s.other(disk["votedFor"])
		return ""
	})},
	{"the disk lacks the last entry", []string{"durable-before-send", "disk-kept"}, shows(func(s *scene) string {
		disk := members(s.after["durable"])
		log, entries, _ := logOf(disk)
		if len(entries) == 0 {
			return notHere
		}
		log["entries"] = entries[:len(entries)-1]
		return ""
	})},
	{"the disk holds another entry", []string{"disk-kept", "durable-before-send", "log-matching"}, shows(func(s *scene) string {
		_, entries, _ := logOf(members(s.after["durable"]))
		if len(entries) == 0 {
			return notHere
		}
		entries[len(entries)-1] = map[string]any{"term": members(entries[len(entries)-1])["term"], "value": "another"}
		return ""
	})},
	{"the disk holds an entry more", []string{"disk-kept", "trace-consistent"}, shows(func(s *scene) string {
		log, entries, _ := logOf(members(s.after["durable"]))
		if log == nil {
			return notHere
		}
		log["entries"] = append(entries, map[string]any{"term": s.after["term"], "value": "another"})
		return ""
	})},
	{"a server comes back in an earlier term", []string{"term-monotonic"}, comesBack(func(s *scene) string {
		if number(s.after["term"]) == 0 {
			return notHere
		}
		raises(s.after, "term", -1)
		s.after["votedFor"] = nil
		return ""
	})},
	{"a server comes back without its vote", []string{"vote-once", "durable-before-send"}, comesBack(func(s *scene) string {
		if s.after["votedFor"] == nil {
			return notHere
		}
		s.after["votedFor"] = nil
		return ""
	})},
	{"a server comes back with another vote", []string{"vote-once", "durable-before-send"}, comesBack(func(s *scene) string {
		if s.after["votedFor"] == nil {
			return notHere
		}
		s.after["votedFor"] = s.other(s.after["votedFor"])
		return ""
	})},
	{"a server comes back without its last entry", []string{"truncate-on-conflict", "durable-before-send", "disk-kept"}, comesBack(func(s *scene) string {
		log, entries, _ := logOf(s.after)
		if len(entries) == 0 {
			return notHere
		}
		log["entries"] = entries[:len(entries)-1]
		return ""
	})},
	{"a server comes back with an entry more", []string{"trace-consistent", "stores-what-was-sent"}, comesBack(func(s *scene) string {
		log, entries, _ := logOf(s.after)
		log["entries"] = append(entries, map[string]any{"term": counted(max(1, number(s.after["term"]))), "value": "another"})
		return ""
	})},
	{"a server comes back in a later term", []string{"term-has-source", "trace-consistent"}, comesBack(func(s *scene) string {
		raises(s.after, "term", 1)
		s.after["votedFor"] = nil
		return ""
	})},
	{"a server sends before it stores", []string{"durable-before-send"}, shows(func(s *scene) string {
		list, _ := s.record["effects"].([]any)
		sync := slices.IndexFunc(list, func(e any) bool { return members(e)["sync"] != nil })
		disk := members(s.before["durable"])
		if sync < 0 || disk == nil || s.same("term") && s.same("votedFor") && s.same("log") {
			return notHere
		}
		promises := slices.ContainsFunc(list[sync:], func(e any) bool { return promisesAnew(s, members(members(e)["send"])) })
		if !promises {
			return notHere
		}
		stored := slices.DeleteFunc(slices.Clone(list), func(e any) bool { return members(e)["send"] != nil })
		sent := slices.DeleteFunc(slices.Clone(list), func(e any) bool { return members(e)["send"] == nil })
		s.record["effects"] = append(sent, stored...)
		return ""
	})},
}

// promisesAnew reports whether a message promises what the disk does not hold before the step: a vote of a term, or an entry.
func promisesAnew(s *scene, m map[string]any) bool {
	disk := members(s.before["durable"])
	last, _ := lastOf(disk)
	switch m["kind"] {
	case "RequestVote":
		return number(m["term"]) > number(disk["term"])
	case "RequestVoteReply":
		return m["granted"] == true && (number(m["term"]) > number(disk["term"]) || disk["votedFor"] == nil)
	case "AppendEntriesReply":
		return m["success"] == true && number(m["matchIndex"]) > last
	}
	return false
}

// comesBack makes a change of the state in which a server starts again.
func comesBack(make func(s *scene) string) func(s *scene) string {
	return func(s *scene) string {
		if s.event != "restart" || s.after == nil || s.before == nil {
			return notHere
		}
		return make(s)
	}
}

// sends makes a change of one message of a kind that a step sends; "" is any kind.
func sends(kind string, make func(s *scene, m map[string]any) string) func(s *scene) string {
	return func(s *scene) string {
		all := s.sends(kind)
		if s.record["cut"] != nil || s.after == nil || len(all) == 0 {
			return notHere
		}
		return make(s, all[s.chance.IntN(len(all))])
	}
}

var changesOfSent = []change{
	{"a message of a later term", []string{"message-term"}, sends("", func(s *scene, m map[string]any) string {
		if m["kind"] == "PreVote" || m["kind"] == "PreVoteReply" {
			return notHere
		}
		raises(m, "term", 1)
		return ""
	})},
	{"a message in the name of another", []string{"trace-consistent"}, sends("", func(s *scene, m map[string]any) string {
		m["from"] = s.other(s.server, m["to"])
		return ""
	})},
	{"a request for votes of an earlier term", []string{"vote-once", "candidate-last-log", "message-term", "candidate-votes-for-itself"}, sends("RequestVote", func(s *scene, m map[string]any) string {
		if number(m["term"]) < 2 {
			return notHere
		}
		raises(m, "term", -1)
		return ""
	})},
	{"a candidate tells a later last index", []string{"candidate-last-log"}, sends("RequestVote", func(s *scene, m map[string]any) string {
		raises(m, "lastLogIndex", 1)
		return ""
	})},
	{"a candidate tells an earlier last index", []string{"candidate-last-log"}, sends("RequestVote", func(s *scene, m map[string]any) string {
		if number(m["lastLogIndex"]) == 0 {
			return notHere
		}
		raises(m, "lastLogIndex", -1)
		return ""
	})},
	{"a candidate tells another last term", []string{"candidate-last-log"}, sends("RequestVote", func(s *scene, m map[string]any) string {
		raises(m, "lastLogTerm", 1)
		return ""
	})},
	{"a follower asks for votes", []string{"vote-once", "candidate-last-log", "candidate-votes-for-itself", "trace-consistent"}, shows(func(s *scene) string {
		if s.after["role"] != "follower" || s.after["votedFor"] == s.server {
			return notHere
		}
		index, term := lastOf(s.after)
		s.adds("send", map[string]any{"kind": "RequestVote", "from": s.server, "to": s.other(s.server), "term": s.after["term"], "lastLogIndex": counted(index), "lastLogTerm": counted(term)})
		return ""
	})},
	{"a follower sends AppendEntries", []string{"sent-by-leader"}, shows(func(s *scene) string {
		if s.after["role"] == "leader" || s.before["role"] == "leader" {
			return notHere
		}
		s.adds("send", map[string]any{"kind": "AppendEntries", "from": s.server, "to": s.other(s.server), "term": s.after["term"], "prevLogIndex": counted(0), "prevLogTerm": counted(0),
			"entries": []any{}, "leaderCommit": counted(0)})
		return ""
	})},
	{"a follower sends TimeoutNow", []string{"sent-by-leader", "transfer-by-leader"}, shows(func(s *scene) string {
		if s.after["role"] == "leader" || s.before["role"] == "leader" {
			return notHere
		}
		s.adds("send", map[string]any{"kind": "TimeoutNow", "from": s.server, "to": s.other(s.server), "term": s.after["term"]})
		return ""
	})},
	{"AppendEntries of an earlier term", []string{"sent-by-leader"}, sends("AppendEntries", func(s *scene, m map[string]any) string {
		if number(m["term"]) < 2 || s.leaderOf(number(m["term"])-1) == s.server {
			return notHere
		}
		raises(m, "term", -1)
		return ""
	})},
	{"AppendEntries with another prevLogTerm", []string{"prev-term-true"}, sends("AppendEntries", func(s *scene, m map[string]any) string {
		raises(m, "prevLogTerm", 1)
		return ""
	})},
	{"AppendEntries after an entry that the leader does not hold", []string{"prev-term-true", "entries-from-log"}, sends("AppendEntries", func(s *scene, m map[string]any) string {
		last, _ := lastOf(s.after)
		m["prevLogIndex"] = counted(last + 1)
		return ""
	})},
	{"AppendEntries with an entry of another term", []string{"entries-from-log"}, sends("AppendEntries", func(s *scene, m map[string]any) string {
		entries, _ := m["entries"].([]any)
		if len(entries) == 0 {
			return notHere
		}
		raises(members(entries[0]), "term", 1)
		return ""
	})},
	{"AppendEntries with another value", []string{"entries-from-log"}, sends("AppendEntries", func(s *scene, m map[string]any) string {
		entries, _ := m["entries"].([]any)
		if len(entries) == 0 || members(entries[0])["kind"] != nil {
			return notHere
		}
		members(entries[0])["value"] = "another"
		return ""
	})},
	{"AppendEntries with an entry too many", []string{"entries-from-log"}, sends("AppendEntries", func(s *scene, m map[string]any) string {
		entries, _ := m["entries"].([]any)
		m["entries"] = append(entries, map[string]any{"term": m["term"], "value": "another"})
		return ""
	})},
	{"leaderCommit is above the leader's own", []string{"leader-commit-true"}, sends("AppendEntries", func(s *scene, m map[string]any) string {
		m["leaderCommit"] = counted(number(s.after["commit"]) + 1)
		return s.committedBySomebody(number(m["leaderCommit"]))
	})},
	{"a heartbeat leaves a server out", []string{"heartbeat-to-all"}, func(s *scene) string {
		if s.event != "heartbeat" || s.record["cut"] != nil || s.after == nil {
			return notHere
		}
		if s.declares("stores-later") {
			return "a heartbeat may wait until what it carries is stored"
		}
		gone := 0
		if s.drops(func(name string, _ map[string]any) bool { gone++; return name == "send" && gone == 1 }) == 0 {
			return notHere
		}
		return ""
	}},
	{"a refused vote is sent as granted", []string{"vote-once", "vote-up-to-date", "term-is-no-vote", "no-vote-away", "durable-before-send", "pre-vote-harmless"}, sends("RequestVoteReply", func(s *scene, m map[string]any) string {
		if m["granted"] == true || s.after["votedFor"] == m["to"] {
			return notHere
		}
		m["granted"] = true
		return ""
	})},
	{"a vote's answer of an earlier term", []string{"stale-request-answer", "vote-once", "message-term"}, sends("RequestVoteReply", func(s *scene, m map[string]any) string {
		if m["granted"] != true || number(m["term"]) < 2 {
			return notHere
		}
		raises(m, "term", -1)
		if number(s.before["term"]) == number(m["term"]) && s.before["votedFor"] == m["to"] {
			return "it gave that vote, and tells it again"
		}
		return ""
	})},
	{"a stale request for votes is granted", []string{"stale-request-answer", "vote-once"}, sends("RequestVoteReply", func(s *scene, m map[string]any) string {
		if s.message == nil || number(s.message["term"]) >= number(s.after["term"]) {
			return notHere
		}
		m["granted"] = true
		return ""
	})},
	{"a stale AppendEntries is acknowledged", []string{"stale-request-answer"}, sends("AppendEntriesReply", func(s *scene, m map[string]any) string {
		if s.message == nil || number(s.message["term"]) >= number(s.after["term"]) {
			return notHere
		}
		m["success"], m["matchIndex"] = true, counted(0)
		return ""
	})},
	{"a refused AppendEntries is acknowledged", []string{"prev-matches", "ack-verified", "stale-request-answer", "durable-before-send", "stores-what-was-sent"}, sends("AppendEntriesReply", func(s *scene, m map[string]any) string {
		if m["success"] == true || s.message == nil {
			return notHere
		}
		m["success"], m["matchIndex"] = true, s.message["prevLogIndex"]
		delete(m, "conflictIndex")
		delete(m, "conflictTerm")
		return ""
	})},
	{"more is acknowledged than was sent", []string{"ack-verified"}, sends("AppendEntriesReply", func(s *scene, m map[string]any) string {
		if m["success"] != true {
			return notHere
		}
		raises(m, "matchIndex", 1)
		return ""
	})},
	{"a snapshot with another last term", []string{"snapshot-term-true"}, sends("InstallSnapshot", func(s *scene, m map[string]any) string {
		raises(m, "prevLogTerm", 1)
		return ""
	})},
	{"a snapshot with an earlier last term", []string{"snapshot-term-true"}, sends("InstallSnapshot", func(s *scene, m map[string]any) string {
		if number(m["prevLogTerm"]) < 2 {
			return notHere
		}
		raises(m, "prevLogTerm", -1)
		return ""
	})},
	{"a snapshot of more than is committed", []string{"leader-commit-true", "snapshot-committed"}, sends("InstallSnapshot", func(s *scene, m map[string]any) string {
		m["prevLogIndex"] = counted(number(s.after["commit"]) + 1)
		return s.committedBySomebody(number(m["prevLogIndex"]))
	})},
	{"a snapshot with an earlier last index", []string{"snapshot-term-true", "snapshot-committed"}, sends("InstallSnapshot", func(s *scene, m map[string]any) string {
		if number(m["prevLogIndex"]) < 2 {
			return notHere
		}
		raises(m, "prevLogIndex", -1)
		return earlierSnapshot(s, m)
	})},
	{"a snapshot's answer of more than it covers", []string{"ack-verified", "durable-before-send", "install-raises"}, sends("InstallSnapshotReply", func(s *scene, m map[string]any) string {
		if m["success"] != true {
			return notHere
		}
		last, _ := lastOf(s.after)
		m["matchIndex"] = counted(last + 1)
		return ""
	})},
	{"a pre-vote for the present term", []string{"pre-vote-harmless", "pre-vote-each-time", "message-term", "pre-vote-answered"}, sends("PreVote", func(s *scene, m map[string]any) string {
		if number(m["term"]) == 0 {
			return notHere
		}
		raises(m, "term", -1)
		return ""
	})},
	{"a pre-vote for a term beyond the next", []string{"message-term", "pre-vote-harmless"}, sends("PreVote", func(s *scene, m map[string]any) string {
		raises(m, "term", 1)
		return ""
	})},
	{"a pre-vote for a term that is over is given", []string{"pre-vote-answered"}, sends("PreVoteReply", func(s *scene, m map[string]any) string {
		if s.message == nil || number(s.message["term"]) >= number(s.before["term"]) || m["granted"] == true {
			return notHere
		}
		m["granted"] = true
		return ""
	})},
}

// committedBySomebody says where an index is committed that is above the server's own commitIndex.
func (s *scene) committedBySomebody(index int64) string {
	for _, line := range s.lines[:s.k] {
		if number(members(line["post"])["commit"]) >= index {
			return "another server has committed it: it is true"
		}
	}
	return ""
}

// earlierSnapshot says where a snapshot of one entry less is a true one.
func earlierSnapshot(s *scene, m map[string]any) string {
	index, term := number(m["prevLogIndex"]), number(m["prevLogTerm"])
	if index == 0 {
		return ""
	}
	for _, line := range s.document.lines {
		for _, name := range []string{"pre", "post"} {
			log, entries, base := logOf(members(line[name]))
			at := number(log["baseTerm"])
			if k := index - base; k < 0 || k > int64(len(entries)) {
				continue
			} else if k > 0 {
				at = number(members(entries[k-1])["term"])
			}
			if at == term {
				return "the entry before is of the same term, and so is a snapshot up to it"
			}
			return ""
		}
	}
	return ""
}

// delivers makes a change of a message of a kind that arrives. Nobody sent it so.
func delivers(kind string, make func(s *scene, m map[string]any) string) func(s *scene) string {
	return func(s *scene) string {
		if s.message == nil || kind != "" && s.message["kind"] != kind {
			return notHere
		}
		why := make(s, s.message)
		switch {
		case why == "" && s.wasSent():
			return "an equal message was sent, and may arrive twice"
		case why == "" && s.cameBefore():
			return "its sender may have sent it before it was seen first"
		}
		return why
	}
}

// cameBefore reports whether the sender of the message that arrives may have sent it before its first record: there is none yet, or that is the end or the
// beginning of a life in which it had reached the message's term.
func (s *scene) cameBefore() bool {
	for _, line := range s.lines[:s.k] {
		if line == nil || line["server"] != s.message["from"] {
			continue
		}
		began := line["event"] == "restart" || line["event"] == "crash" || line["cut"] != nil
		reached := number(members(line["post"])["term"])
		if s.message["kind"] == "PreVote" || s.message["kind"] == "PreVoteReply" {
			reached++
		}
		return began && number(s.message["term"]) <= reached
	}
	return true
}

// wasSent reports whether a message like the one that arrives was sent before.
func (s *scene) wasSent() bool {
	for k := range s.k {
		list, _ := s.lines[k]["effects"].([]any)
		for _, e := range list {
			if m := members(members(e)["send"]); m != nil && spellingOf(m) == spellingOf(s.message) {
				return true
			}
		}
	}
	return false
}

var changesOfDelivered = []change{
	{"a message arrives that is of a later term", []string{"trace-consistent"}, delivers("", func(s *scene, m map[string]any) string {
		raises(m, "term", 1)
		return ""
	})},
	{"a message arrives that is of an earlier term", []string{"trace-consistent"}, delivers("", func(s *scene, m map[string]any) string {
		if number(m["term"]) < 2 {
			return notHere
		}
		raises(m, "term", -1)
		return ""
	})},
	{"a message arrives from another", []string{"trace-consistent"}, delivers("", func(s *scene, m map[string]any) string {
		m["from"] = s.other(m["from"], s.server)
		return ""
	})},
	{"a message arrives at another", []string{"trace-consistent"}, delivers("", func(s *scene, m map[string]any) string {
		m["to"] = s.other(m["from"], s.server)
		return ""
	})},
	{"a refused vote arrives as granted", []string{"trace-consistent"}, delivers("RequestVoteReply", func(s *scene, m map[string]any) string {
		if m["granted"] == true {
			return notHere
		}
		m["granted"] = true
		return ""
	})},
	{"an entry arrives with another value", []string{"trace-consistent", "log-matching"}, delivers("AppendEntries", func(s *scene, m map[string]any) string {
		entries, _ := m["entries"].([]any)
		if len(entries) == 0 || members(entries[0])["kind"] != nil {
			return notHere
		}
		members(entries[0])["value"] = "another"
		return ""
	})},
	{"AppendEntries arrives with a higher leaderCommit", []string{"trace-consistent"}, delivers("AppendEntries", func(s *scene, m map[string]any) string {
		raises(m, "leaderCommit", 1)
		return ""
	})},
	{"AppendEntries arrives without its last entry", []string{"trace-consistent"}, delivers("AppendEntries", func(s *scene, m map[string]any) string {
		entries, _ := m["entries"].([]any)
		if len(entries) == 0 {
			return notHere
		}
		m["entries"] = entries[:len(entries)-1]
		return ""
	})},
	{"an acknowledgement arrives of more", []string{"trace-consistent"}, delivers("AppendEntriesReply", func(s *scene, m map[string]any) string {
		if m["success"] != true {
			return notHere
		}
		raises(m, "matchIndex", 1)
		return ""
	})},
	{"a refusal arrives as an acknowledgement", []string{"trace-consistent"}, delivers("AppendEntriesReply", func(s *scene, m map[string]any) string {
		if m["success"] == true {
			return notHere
		}
		m["success"] = true
		return ""
	})},
	{"a snapshot arrives with another last index", []string{"trace-consistent"}, delivers("InstallSnapshot", func(s *scene, m map[string]any) string {
		raises(m, "prevLogIndex", 1)
		return ""
	})},
	{"TimeoutNow arrives that nobody sent", []string{"trace-consistent"}, func(s *scene) string {
		if s.message == nil {
			return notHere
		}
		s.message = map[string]any{"kind": "TimeoutNow", "from": s.message["from"], "to": s.server, "term": s.message["term"]}
		s.record["message"] = s.message
		if s.wasSent() {
			return "an equal message was sent, and may arrive twice"
		}
		return ""
	}},
	{"a granted vote arrives that nobody sent", []string{"trace-consistent"}, func(s *scene) string {
		if s.message == nil || s.message["kind"] == "RequestVoteReply" {
			return notHere
		}
		s.message = map[string]any{"kind": "RequestVoteReply", "from": s.message["from"], "to": s.server, "term": s.message["term"], "granted": true}
		s.record["message"] = s.message
		if s.wasSent() {
			return "an equal message was sent, and may arrive twice"
		}
		return ""
	}},
}

// tells makes a change of what a client is told, or of what the state machine is given.
func tells(name string, make func(s *scene, inner map[string]any) string) func(s *scene) string {
	return func(s *scene) string {
		all := s.effects(name)
		s.chance.Shuffle(len(all), func(i, k int) { all[i], all[k] = all[k], all[i] })
		for _, effect := range all {
			if why := make(s, effect); s.after != nil && why != notHere {
				return why
			}
		}
		return notHere
	}
}

var changesOfClients = []change{
	{"a command is done at another index", []string{"completion-of-its-entry"}, tells("answer", func(s *scene, a map[string]any) string {
		if a["read"] == true || a["failed"] == true {
			return notHere
		}
		raises(a, "index", 1)
		_, entries, base := logOf(s.after)
		if k := number(a["index"]) - base; k >= 1 && k <= int64(len(entries)) && number(a["index"]) <= number(s.after["commit"]) {
			if e := members(entries[k-1]); e["value"] == a["value"] && number(e["term"]) == number(a["term"]) {
				a["index"] = counted(base + int64(len(entries)) + 1) // the entry there is an equal command
			}
		}
		return ""
	})},
	{"another command is done", []string{"completion-of-its-entry"}, tells("answer", func(s *scene, a map[string]any) string {
		if a["read"] == true || a["failed"] == true {
			return notHere
		}
		a["value"] = "another"
		return ""
	})},
	{"a command that is done is said to have failed", []string{"failure-is-final"}, tells("answer", func(s *scene, a map[string]any) string {
		if a["read"] == true || a["failed"] == true {
			return notHere
		}
		a["failed"] = true
		return ""
	})},
	{"a command that failed is said to be done", []string{"completion-of-its-entry"}, tells("answer", func(s *scene, a map[string]any) string {
		if a["failed"] != true {
			return notHere
		}
		delete(a, "failed")
		return ""
	})},
	{"a read is answered too low", []string{"read-not-below-noted", "lease-read-fresh", "linearizability", "read-confirmed"}, tells("answer", func(s *scene, a map[string]any) string {
		if a["read"] != true || number(a["index"]) == 0 {
			return notHere
		}
		raises(a, "index", -1)
		return ""
	})},
	{"another command is carried out", []string{"apply-in-order", "state-machine-safety", "sessions-in-log"}, tells("apply", func(s *scene, a map[string]any) string {
		a["value"] = "another"
		return ""
	})},
	{"a command is carried out before it is committed", []string{"apply-in-order", "commit-in-log"}, tells("apply", func(s *scene, a map[string]any) string {
		a["index"] = counted(number(s.after["commit"]) + 1)
		return ""
	})},
	{"a command is carried out a second time", []string{"retried-takes-effect-once", "sessions-in-log"}, tells("apply", func(s *scene, a map[string]any) string {
		if a["passed"] != true {
			return notHere
		}
		delete(a, "passed")
		return ""
	})},
	{"a command that is new is passed over", []string{"retried-takes-effect-once", "sessions-in-log"}, tells("apply", func(s *scene, a map[string]any) string {
		if a["passed"] == true {
			return notHere
		}
		a["passed"] = true
		return ""
	})},
}

var changesOfOrder = []change{
	{"a step that changed something is refused", []string{"refused-changes-nothing"}, shows(func(s *scene) string {
		list, _ := s.record["effects"].([]any)
		if spellingOf(s.before) == spellingOf(s.after) && len(list) == 0 {
			return notHere
		}
		s.record["refused"] = true
		return ""
	})},
	{"a line is missing, and the numbers do not show it", []string{"trace-consistent"}, shows(func(s *scene) string {
		next := s.next()
		if next < 0 || s.same("term") {
			return notHere
		}
		own := members(copied(s.lines[next]))
		own["pre"] = s.after
		s.lines[next] = own
		s.lines[s.k] = nil
		s.guilty = []int{next - 1}
		for i := s.k + 1; i < len(s.lines); i++ {
			line := members(copied(s.lines[i]))
			raises(line, "n", -1)
			s.lines[i] = line
		}
		return ""
	})},
	{"a message arrives before it is sent", []string{"trace-consistent"}, func(s *scene) string {
		if len(s.sends("")) == 0 {
			return notHere
		}
		m := s.sends("")[0]
		before := spellingOf(m)
		for i := s.k + 1; i < len(s.lines); i++ {
			if s.lines[i]["event"] != "deliver" || spellingOf(s.lines[i]["message"]) != before {
				continue
			}
			s.message = m
			if s.wasSent() {
				return "an equal message was sent before"
			}
			if !slices.ContainsFunc(s.lines[:s.k], func(line map[string]any) bool { return line["server"] == s.server }) {
				return "its sender was not seen before, and a trace may begin anywhere"
			}
			if slices.ContainsFunc(s.lines[s.k:i], func(line map[string]any) bool { return line["server"] == s.lines[i]["server"] }) {
				return notHere // its own steps would be out of order
			}
			moved := slices.Delete(slices.Clone(s.lines), i, i+1)
			s.lines = slices.Insert(moved, s.k, s.lines[i])
			for k := s.k; k <= i; k++ {
				s.lines[k] = members(copied(s.lines[k]))
				s.lines[k]["n"] = counted(int64(k + 1))
			}
			return ""
		}
		return notHere
	}},
	{"a step is another server's", []string{"trace-consistent"}, shows(func(s *scene) string {
		if s.message == nil && len(s.sends("")) == 0 {
			return notHere
		}
		s.record["server"] = s.other(s.server)
		return ""
	})},
	{"a server that is down takes a step", []string{"trace-consistent"}, func(s *scene) string {
		if s.event != "restart" || s.next() < 0 {
			return notHere
		}
		s.record["event"] = "timeout"
		return ""
	}},
}
