package main

import "slices"

// Changes of what a server shows of itself.

// shows makes a change of the state after a step in which the server runs.
func shows(make func(s *scene) string) func(s *scene) string {
	return func(s *scene) string {
		if !s.runs() {
			return notHere
		}
		return make(s)
	}
}

// begins makes a change of the state before a step, of a server that was seen before.
func begins(make func(s *scene, pre map[string]any) string) func(s *scene) string {
	return func(s *scene) string {
		if !s.runs() || s.record["pre"] != nil || s.event == "restart" {
			return notHere
		}
		s.record["pre"] = s.before
		return make(s, s.before)
	}
}

// raises adds to a number of a state or message.
func raises(m map[string]any, name string, by int64) { m[name] = counted(number(m[name]) + by) }

var changesOfTerms = []change{
	{"the term falls", []string{"term-monotonic"}, shows(func(s *scene) string {
		if number(s.before["term"]) == 0 {
			return notHere
		}
		s.after["term"] = counted(number(s.before["term"]) - 1)
		return ""
	})},
	{"the term rises over nothing", []string{"term-has-source"}, shows(func(s *scene) string {
		if !s.same("term") || s.event == "timeout" || s.message != nil && number(s.message["term"]) > number(s.after["term"]) {
			return notHere
		}
		raises(s.after, "term", 1)
		return ""
	})},
	{"the term rises higher than the message's", []string{"term-has-source"}, shows(func(s *scene) string {
		if s.same("term") || s.message == nil || s.message["kind"] == "TimeoutNow" {
			return notHere
		}
		raises(s.after, "term", 2)
		return ""
	})},
	{"a campaign raises the term by two", []string{"candidate-votes-for-itself", "term-has-source"}, shows(func(s *scene) string {
		if s.same("term") || s.event != "timeout" {
			return notHere
		}
		raises(s.after, "term", 1)
		return ""
	})},
	{"a campaign leaves the term", []string{"candidate-votes-for-itself"}, shows(func(s *scene) string {
		if s.same("term") || s.event != "timeout" || s.after["role"] != "candidate" {
			return notHere
		}
		s.after["term"] = s.before["term"]
		if s.same("role") && s.same("votedFor") && len(s.sends("")) == 0 {
			return "nothing is left of the campaign"
		}
		return ""
	})},
	{"a message of a higher term does not raise the term", []string{"adopt-higher-term"}, shows(func(s *scene) string {
		if s.same("term") || s.message == nil {
			return notHere
		}
		s.after["term"], s.after["votedFor"] = s.before["term"], s.before["votedFor"]
		return ""
	})},
	{"a server that takes over a higher term is candidate in it", []string{"adopt-higher-term", "candidate-votes-for-itself"}, shows(func(s *scene) string {
		if s.same("term") || s.message == nil || s.message["kind"] == "TimeoutNow" || s.after["role"] == "candidate" {
			return notHere
		}
		s.after["role"] = "candidate"
		return ""
	})},
	{"`pre` shows an earlier term than the line before", []string{"term-monotonic", "trace-consistent"}, begins(func(s *scene, pre map[string]any) string {
		if number(pre["term"]) == 0 {
			return notHere
		}
		raises(pre, "term", -1)
		return ""
	})},
	{"`pre` shows a later term than the line before", []string{"trace-consistent"}, begins(func(s *scene, pre map[string]any) string {
		raises(pre, "term", 1)
		return ""
	})},
}

var changesOfVotes = []change{
	{"the vote is taken back", []string{"vote-once"}, shows(func(s *scene) string {
		if !s.same("term") || s.before["votedFor"] == nil {
			return notHere
		}
		s.after["votedFor"] = nil
		return ""
	})},
	{"the vote goes to another", []string{"vote-once"}, shows(func(s *scene) string {
		if !s.same("term") || s.before["votedFor"] == nil {
			return notHere
		}
		s.after["votedFor"] = s.other(s.before["votedFor"])
		return ""
	})},
	{"a vote that nobody asked for", []string{"term-is-no-vote"}, shows(func(s *scene) string {
		if s.after["votedFor"] != nil || s.message != nil && s.message["kind"] == "RequestVote" {
			return notHere
		}
		s.after["votedFor"] = s.other(s.server)
		return ""
	})},
	{"a vote for a candidate whose log is too short", []string{"vote-up-to-date", "term-is-no-vote", "candidate-last-log"}, shows(func(s *scene) string {
		index, _ := lastOf(s.before)
		if s.message == nil || s.message["kind"] != "RequestVote" || s.after["votedFor"] != s.message["from"] || s.before["votedFor"] != nil && s.same("term") || index == 0 {
			return notHere
		}
		s.message["lastLogIndex"], s.message["lastLogTerm"] = counted(index-1), counted(0)
		return ""
	})},
	{"`pre` shows another vote than the line before", []string{"vote-once", "trace-consistent"}, begins(func(s *scene, pre map[string]any) string {
		pre["votedFor"] = s.other(pre["votedFor"])
		return ""
	})},
	{"`pre` shows no vote", []string{"vote-once", "trace-consistent"}, begins(func(s *scene, pre map[string]any) string {
		if pre["votedFor"] == nil {
			return notHere
		}
		pre["votedFor"] = nil
		return ""
	})},
	{"a leader or candidate that voted for another", []string{"vote-once", "no-vote-away", "candidate-votes-for-itself"}, shows(func(s *scene) string {
		if s.after["role"] != "leader" && s.after["role"] != "candidate" {
			return notHere
		}
		s.after["votedFor"] = s.other(s.server)
		return ""
	})},
}

var changesOfRoles = []change{
	{"a follower is candidate for one step", []string{"candidate-votes-for-itself"}, shows(func(s *scene) string {
		if s.after["role"] != "follower" || s.before["role"] != "follower" || !s.same("term") {
			return notHere
		}
		s.after["role"] = "candidate"
		return ""
	})},
	{"a follower leads for one step", []string{"majority-elects"}, shows(func(s *scene) string {
		if s.after["role"] != "follower" || s.before["role"] == "leader" {
			return notHere
		}
		s.after["role"] = "leader"
		return ""
	})},
	{"a candidate leads without a majority", []string{"majority-elects"}, shows(func(s *scene) string {
		if s.after["role"] != "candidate" || len(s.voters()) < 3 {
			return notHere
		}
		s.after["role"] = "leader"
		return ""
	})},
	{"a server leads the term of another", []string{"election-safety", "majority-elects"}, shows(func(s *scene) string {
		leader := s.leaderOf(number(s.after["term"]))
		if leader == nil || leader == s.server || s.after["role"] == "leader" {
			return notHere
		}
		s.after["role"] = "leader"
		return ""
	})},
	{"a candidate hears from the leader of its term and is candidate still", []string{"candidate-yields"}, shows(func(s *scene) string {
		if s.before["role"] != "candidate" || s.message == nil || s.message["kind"] != "AppendEntries" || !s.same("term") || s.after["role"] != "follower" {
			return notHere
		}
		s.after["role"] = "candidate"
		return ""
	})},
	{"a server is down and goes on", []string{"trace-consistent"}, shows(func(s *scene) string {
		s.after["role"] = "crashed"
		next := s.next()
		if next < 0 || s.lines[next]["event"] == "crash" || s.lines[next]["cut"] != nil {
			return "a server may stop in any step"
		}
		for i := s.k + 1; i <= next; i++ {
			s.guilty = append(s.guilty, i)
		}
		return ""
	})},
	{"a server starts as a candidate", []string{"start-follower"}, func(s *scene) string {
		if s.event != "restart" || s.after == nil {
			return notHere
		}
		s.after["role"] = "candidate"
		return ""
	}},
	{"a server starts as a leader", []string{"start-follower"}, func(s *scene) string {
		if s.event != "restart" || s.after == nil {
			return notHere
		}
		s.after["role"] = "leader"
		return ""
	}},
	{"`pre` shows another role than the line before", []string{"trace-consistent"}, begins(func(s *scene, pre map[string]any) string {
		roles := []any{"follower", "candidate", "leader"}
		pre["role"] = roles[(slices.Index(roles, pre["role"])+1)%len(roles)]
		return ""
	})},
	{"a server follows one that does not lead", []string{"election-safety"}, shows(func(s *scene) string {
		leader := s.leaderOf(number(s.after["term"]))
		if leader == nil || s.after["leader"] == nil || s.after["role"] != "follower" {
			return notHere
		}
		s.after["leader"] = s.other(leader, s.server)
		return ""
	})},
	{"a leader follows another", []string{"election-safety"}, shows(func(s *scene) string {
		if s.after["role"] != "leader" {
			return notHere
		}
		s.after["leader"] = s.other(s.server)
		return ""
	})},
}

var changesOfLogs = []change{
	{"a follower loses its last entry", []string{"truncate-on-conflict"}, shows(func(s *scene) string {
		return losesLast(s, "follower")
	})},
	{"a leader loses its last entry", []string{"leader-append-only"}, shows(func(s *scene) string {
		return losesLast(s, "leader")
	})},
	{"an entry is missing in the middle", []string{"log-matching", "truncate-on-conflict", "leader-append-only"}, shows(func(s *scene) string {
		log, entries, _ := logOf(s.after)
		if len(entries) < 2 || !s.same("log") || spellingOf(entries[0]) == spellingOf(entries[1]) {
			return notHere
		}
		log["entries"] = slices.Delete(entries, 0, 1)
		return ""
	})},
	{"an entry is of another term", []string{"log-matching", "truncate-on-conflict", "leader-append-only", "log-terms-ordered"}, shows(func(s *scene) string {
		_, entries, _ := logOf(s.after)
		if len(entries) == 0 || !s.same("log") {
			return notHere
		}
		raises(members(entries[s.chance.IntN(len(entries))]), "term", 1)
		return ""
	})},
	{"an entry has another value", []string{"log-matching", "truncate-on-conflict", "leader-append-only"}, shows(func(s *scene) string {
		_, entries, _ := logOf(s.after)
		if len(entries) == 0 || !s.same("log") {
			return notHere
		}
		e := members(entries[s.chance.IntN(len(entries))])
		if e["kind"] != nil {
			return notHere
		}
		e["value"] = "another"
		return ""
	})},
	{"a command is a no-op", []string{"log-matching", "truncate-on-conflict", "leader-append-only"}, shows(func(s *scene) string {
		_, entries, _ := logOf(s.after)
		if len(entries) == 0 || !s.same("log") || members(entries[0])["kind"] != nil {
			return notHere
		}
		entries[0] = map[string]any{"term": members(entries[0])["term"], "kind": "no-op"}
		return ""
	})},
	{"a follower has an entry more over nothing", []string{"stores-what-was-sent"}, shows(func(s *scene) string {
		if !s.same("log") || s.after["role"] == "leader" {
			return notHere
		}
		return gains(s, number(s.after["term"]))
	})},
	{"a follower stores more than was sent", []string{"stores-what-was-sent"}, shows(func(s *scene) string {
		if s.same("log") || s.message == nil || s.message["kind"] != "AppendEntries" {
			return notHere
		}
		return gains(s, number(s.after["term"]))
	})},
	{"a follower acknowledges entries and holds one less", []string{"stores-what-was-sent"}, shows(func(s *scene) string {
		sent, _ := s.message["entries"].([]any)
		last, _ := lastOf(s.after)
		if !slices.ContainsFunc(s.sends("AppendEntriesReply"), func(m map[string]any) bool { return m["success"] == true && number(m["matchIndex"]) == last }) {
			return notHere
		}
		if s.same("log") || s.message == nil || s.message["kind"] != "AppendEntries" || len(sent) == 0 {
			return notHere
		}
		log, entries, _ := logOf(s.after)
		log["entries"] = entries[:len(entries)-1]
		return ""
	})},
	{"a leader makes an entry of an earlier term", []string{"entry-of-its-term"}, shows(func(s *scene) string {
		_, term := lastOf(s.after)
		if s.after["role"] != "leader" || term >= number(s.after["term"]) || s.before["role"] != "leader" {
			return notHere
		}
		return gains(s, number(s.after["term"])-1)
	})},
	{"terms fall along a log", []string{"log-terms-ordered", "entry-of-its-term", "stores-what-was-sent"}, shows(func(s *scene) string {
		if _, term := lastOf(s.after); term < 2 {
			return notHere
		}
		return gains(s, 1)
	})},
	{"an entry of a term that is not yet", []string{"log-terms-ordered", "entry-of-its-term", "stores-what-was-sent"}, shows(func(s *scene) string {
		return gains(s, number(s.after["term"])+1)
	})},
	{"a log is compacted beyond what is committed", []string{"snapshot-committed", "snapshot-when-compacted"}, shows(func(s *scene) string {
		log, entries, base := logOf(s.after)
		cut := number(s.after["commit"]) + 1 - base
		if cut < 1 || cut > int64(len(entries)) {
			return notHere
		}
		log["base"], log["baseTerm"], log["entries"] = counted(base+cut), members(entries[cut-1])["term"], entries[cut:]
		return ""
	})},
	{"the last compacted entry is of another term", []string{"snapshot-term-true", "log-matching"}, shows(func(s *scene) string {
		log, _, base := logOf(s.after)
		if base == 0 || number(log["baseTerm"]) == 0 {
			return notHere
		}
		raises(log, "baseTerm", -1)
		if number(log["baseTerm"]) == 0 {
			return "a term of 0 is one that is not known"
		}
		return ""
	})},
	{"`pre` shows a shorter log than the line before", []string{"trace-consistent"}, begins(func(s *scene, pre map[string]any) string {
		log, entries, _ := logOf(pre)
		if len(entries) == 0 {
			return notHere
		}
		log["entries"] = entries[:len(entries)-1]
		return ""
	})},
	{"`pre` shows a longer log than the line before", []string{"trace-consistent"}, begins(func(s *scene, pre map[string]any) string {
		log, entries, _ := logOf(pre)
		log["entries"] = append(entries, map[string]any{"term": pre["term"], "value": "another"})
		return ""
	})},
	{"`pre` shows another entry than the line before", []string{"trace-consistent", "log-matching"}, begins(func(s *scene, pre map[string]any) string {
		_, entries, _ := logOf(pre)
		if len(entries) == 0 {
			return notHere
		}
		entries[len(entries)-1] = map[string]any{"term": members(entries[len(entries)-1])["term"], "value": "another"}
		return ""
	})},
}

// losesLast takes the last entry of a log that the step left as it was.
func losesLast(s *scene, role string) string {
	log, entries, _ := logOf(s.after)
	if s.after["role"] != role || s.before["role"] != role || !s.same("log") || len(entries) == 0 {
		return notHere
	}
	log["entries"] = entries[:len(entries)-1]
	return ""
}

// gains adds an entry to the log.
func gains(s *scene, term int64) string {
	log, entries, _ := logOf(s.after)
	if term < 1 {
		return notHere
	}
	log["entries"] = append(entries, map[string]any{"term": counted(term), "value": "another"})
	return ""
}

var changesOfCommits = []change{
	{"commitIndex falls", []string{"commit-monotonic"}, shows(func(s *scene) string {
		if number(s.before["commit"]) == 0 {
			return notHere
		}
		s.after["commit"] = counted(number(s.before["commit"]) - 1)
		return ""
	})},
	{"commitIndex is above the last index", []string{"commit-in-log"}, shows(func(s *scene) string {
		last, _ := lastOf(s.after)
		s.after["commit"] = counted(last + 1)
		return ""
	})},
	{"a follower commits more than it was told", []string{"commit-verified"}, shows(func(s *scene) string {
		last, _ := lastOf(s.after)
		if s.after["role"] == "leader" || s.before["role"] == "leader" || last <= number(s.after["commit"]) {
			return notHere
		}
		s.after["commit"] = counted(last)
		if why := verified(s, last); why != "" || s.message != nil {
			return why
		}
		return s.committedBySomebody(last)
	})},
	{"a leader commits what no majority stores", []string{"commit-majority", "commit-own-term"}, shows(func(s *scene) string {
		last, _ := lastOf(s.after)
		if s.after["role"] != "leader" || last <= number(s.after["commit"]) || len(s.voters()) < 3 {
			return notHere
		}
		s.after["commit"] = counted(last)
		stored := 0
		progress, _ := s.after["progress"].([]any)
		for _, p := range progress {
			if number(members(p)["match"]) >= last {
				stored++
			}
		}
		if stored > 0 {
			return notHere
		}
		return ""
	})},
	{"`pre` shows a lower commitIndex than the line before", []string{"commit-monotonic", "trace-consistent"}, begins(func(s *scene, pre map[string]any) string {
		if number(pre["commit"]) == 0 {
			return notHere
		}
		raises(pre, "commit", -1)
		return ""
	})},
	{"`pre` shows a higher commitIndex than the line before", []string{"trace-consistent"}, begins(func(s *scene, pre map[string]any) string {
		raises(pre, "commit", 1)
		return ""
	})},
	{"lastApplied falls", []string{"apply-in-order"}, shows(func(s *scene) string {
		if number(s.before["applied"]) == 0 {
			return notHere
		}
		s.after["applied"] = counted(number(s.before["applied"]) - 1)
		return ""
	})},
	{"lastApplied is above commitIndex", []string{"apply-in-order", "commit-in-log"}, shows(func(s *scene) string {
		s.after["applied"] = counted(number(s.after["commit"]) + 1)
		return ""
	})},
	{"`pre` shows another lastApplied than the line before", []string{"apply-in-order"}, begins(func(s *scene, pre map[string]any) string {
		raises(pre, "applied", 1)
		if number(pre["applied"]) <= number(pre["commit"]) {
			return "a state machine may catch up between two lines"
		}
		return ""
	})},
}

// verified says where a follower may commit up to an index: the message that it handles proves so much, and tells it.
func verified(s *scene, index int64) string {
	if s.message == nil || s.message["kind"] != "AppendEntries" {
		return ""
	}
	sent, _ := s.message["entries"].([]any)
	if number(s.message["leaderCommit"]) >= index && number(s.message["prevLogIndex"])+int64(len(sent)) >= index {
		return "the message tells that it is committed"
	}
	return ""
}

var changesOfCounts = []change{
	{"a candidate counts a vote that nobody gave", []string{"votes-of-this-term", "one-vote-each"}, shows(func(s *scene) string {
		if s.after["role"] != "candidate" {
			return notHere
		}
		granted, _ := s.after["granted"].([]any)
		another := s.other(append(slices.Clone(granted), s.server)...)
		if another == nil || s.message != nil && s.message["kind"] == "RequestVoteReply" && s.message["from"] == another {
			return notHere
		}
		s.after["granted"] = append(slices.Clip(granted), another)
		return ""
	})},
	{"a candidate counts one vote twice", []string{"one-vote-each"}, shows(func(s *scene) string {
		granted, _ := s.after["granted"].([]any)
		if s.after["role"] != "candidate" || len(granted) == 0 {
			return notHere
		}
		s.after["granted"] = append(slices.Clip(granted), granted[0])
		return ""
	})},
	{"a leader's matchIndex rises without an acknowledgement", []string{"match-monotonic"}, shows(func(s *scene) string {
		p := follower(s)
		if p == nil || s.before["role"] != "leader" || s.message != nil && s.message["from"] == p["server"] {
			return notHere
		}
		p["match"] = counted(number(p["match"]) + 1)
		if number(p["next"]) <= number(p["match"]) {
			p["next"] = counted(number(p["match"]) + 1)
		}
		return ""
	})},
	{"a leader's matchIndex falls", []string{"match-monotonic"}, shows(func(s *scene) string {
		p := follower(s)
		if p == nil || s.before["role"] != "leader" || !s.same("progress") || number(p["match"]) == 0 {
			return notHere
		}
		raises(p, "match", -1)
		return ""
	})},
	{"nextIndex is not above matchIndex", []string{"next-above-match"}, shows(func(s *scene) string {
		p := follower(s)
		if p == nil {
			return notHere
		}
		p["next"] = p["match"]
		return ""
	})},
	{"the configuration in force changes and no entry says so", []string{"latest-configuration", "trace-consistent"}, shows(func(s *scene) string {
		config := members(s.after["config"])
		if config == nil || !s.declares("configuration-in-log") || !s.same("config") || !s.same("log") || len(s.voters()) < 2 {
			return notHere
		}
		config["voters"] = s.voters()[:len(s.voters())-1]
		return ""
	})},
	{"a configuration entry is not in force", []string{"latest-configuration"}, shows(func(s *scene) string {
		if s.same("config") || s.same("log") {
			return notHere
		}
		s.after["config"] = s.before["config"]
		return ""
	})},
	{"`pre` shows another configuration than the line before", []string{"trace-consistent"}, begins(func(s *scene, pre map[string]any) string {
		voters, _ := members(pre["config"])["voters"].([]any)
		if len(voters) < 2 {
			return notHere
		}
		members(pre["config"])["voters"] = voters[:len(voters)-1]
		return ""
	})},
}

// follower is what a leader knows of one of its followers.
func follower(s *scene) map[string]any {
	all, _ := s.after["progress"].([]any)
	if s.after["role"] != "leader" {
		return nil
	}
	all = slices.DeleteFunc(slices.Clone(all), func(p any) bool { return members(p)["server"] == s.server })
	if len(all) == 0 {
		return nil
	}
	return members(all[s.chance.IntN(len(all))])
}
