package ccf_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
)

// cluster writes what nodes of CCF would: a small model of its Raft, of which every line is legal.
type cluster struct {
	out   bytes.Buffer
	lines int
	nodes []*node
	net   []message
	old   bool // the vintage of 2023
	rng   *rand.Rand
}

type node struct {
	id         int
	view       uint64
	log        []item
	commit     uint64
	role       string
	voted      int // -1 is nobody
	leader     int
	granted    map[int]bool
	match      map[int]uint64
	sent       map[int]uint64
	newlyLeads bool
}

type item struct {
	view   uint64
	signed bool
}

type message struct {
	from, to int
	packet   map[string]any
}

func newCluster(n int, seed uint64) *cluster {
	c := &cluster{rng: rand.New(rand.NewPCG(seed, 7))}
	for id := range n {
		c.nodes = append(c.nodes, &node{id: id, role: "Follower", voted: -1, leader: -1, granted: map[int]bool{}, match: map[int]uint64{}, sent: map[int]uint64{}})
	}
	return c
}

func (c *cluster) configurations() []any {
	nodes := map[string]any{}
	for _, n := range c.nodes {
		nodes[strconv.Itoa(n.id)] = map[string]any{"address": ":"}
	}
	return []any{map[string]any{"idx": 0, "nodes": nodes, "rid": 0}}
}

func (n *node) committable() []uint64 {
	all := []uint64{}
	for k, e := range n.log {
		if i := uint64(k + 1); e.signed && i > n.commit {
			all = append(all, i)
		}
	}
	return all
}

func (n *node) lastCommittable() uint64 {
	if all := n.committable(); len(all) > 0 {
		return all[len(all)-1]
	}
	return n.commit
}

func (n *node) viewAt(i uint64) uint64 {
	if i == 0 || i > uint64(len(n.log)) {
		return 0
	}
	return n.log[i-1].view
}

// write writes a line of a node.
func (c *cluster) write(n *node, function string, with map[string]any) {
	state := map[string]any{"current_view": n.view, "last_idx": len(n.log), "commit_idx": n.commit, "pre_vote_enabled": false, "committable_indices": n.committable()}
	msg := map[string]any{"state": state}
	for k, v := range with {
		msg[k] = v
	}
	tag := "raft_trace"
	if c.old {
		tag = "tla"
		msg["event"] = map[string]any{"component": "raft", "function": function}
		state["my_node_id"], state["leadership"], state["membership"] = strconv.Itoa(n.id), n.role, "Active"
		if p, shown := msg["packet"]; shown {
			msg["paket"] = p
			delete(msg, "packet")
		}
	} else {
		msg["function"] = function
		state["node_id"], state["leadership_state"], state["membership_state"] = strconv.Itoa(n.id), n.role, "Active"
	}
	c.lines++
	line, err := json.Marshal(map[string]any{"h_ts": strconv.Itoa(c.lines), "thread_id": "0", "level": "debug", "tag": tag, "file": "raft.h", "number": "1", "msg": msg})
	if err != nil {
		panic(err)
	}
	c.out.Write(append(line, '\n'))
}

func (c *cluster) send(n *node, function string, to int, packet map[string]any, with map[string]any) {
	all := map[string]any{"packet": packet, "to_node_id": strconv.Itoa(to)}
	for k, v := range with {
		all[k] = v
	}
	c.write(n, function, all)
	c.net = append(c.net, message{n.id, to, packet})
}

func (n *node) rollback(last uint64) { n.log = slices.Clone(n.log[:min(uint64(len(n.log)), last)]) }

func (c *cluster) becomeFollower(n *node, view uint64) {
	if view > n.view {
		n.voted = -1
	}
	n.view, n.role, n.leader = view, "Follower", -1
	n.rollback(n.lastCommittable())
	c.write(n, "become_follower", map[string]any{"configurations": c.configurations()})
}

func (c *cluster) timeout(n *node) {
	n.role, n.leader, n.voted = "Candidate", -1, n.id
	n.view++
	n.granted = map[int]bool{n.id: true}
	c.write(n, "become_candidate", map[string]any{"configurations": c.configurations()})
	if len(c.nodes) == 1 {
		c.becomeLeader(n)
		return
	}
	for _, m := range c.nodes {
		if m != n {
			c.send(n, "send_request_vote", m.id, map[string]any{"msg": "raft_request_vote", "term": n.view, "last_committable_idx": n.lastCommittable(),
				"term_of_last_committable_idx": n.viewAt(n.lastCommittable())}, nil)
		}
	}
}

func (c *cluster) becomeLeader(n *node) {
	n.rollback(n.lastCommittable())
	n.role, n.leader = "Leader", n.id
	c.write(n, "become_leader", map[string]any{"configurations": c.configurations()})
	for _, m := range c.nodes {
		if m != n {
			n.match[m.id], n.sent[m.id] = 0, uint64(len(n.log))
			c.append(n, m.id)
		}
	}
}

// append sends what a follower lacks, of one view in a message.
func (c *cluster) append(n *node, to int) {
	start := n.sent[to] + 1
	end := uint64(len(n.log))
	for i := start; i <= end; i++ {
		if n.viewAt(i) != n.viewAt(start) {
			end = i - 1
		}
	}
	end = max(end, start-1)
	c.send(n, "send_append_entries", to, map[string]any{"msg": "raft_append_entries", "term": n.view, "prev_idx": start - 1, "idx": end,
		"prev_term": n.viewAt(start - 1), "term_of_idx": n.viewAt(end), "leader_commit_idx": n.commit, "contains_new_view": false},
		map[string]any{"match_idx": n.match[to], "sent_idx": n.sent[to]})
	n.sent[to] = end
}

func (c *cluster) replicate(n *node, signed bool) {
	c.write(n, "replicate", map[string]any{"view": n.view, "seqno": len(n.log) + 1, "globally_committable": signed})
	n.log = append(slices.Clone(n.log), item{n.view, signed})
	if len(c.nodes) == 1 {
		c.leaderCommits(n)
	}
}

func (c *cluster) leaderCommits(n *node) {
	matches := []uint64{uint64(len(n.log))}
	for _, m := range c.nodes {
		if m != n {
			matches = append(matches, n.match[m.id])
		}
	}
	slices.Sort(matches)
	agreed := matches[(len(matches)-1)/2]
	for i := agreed; i > n.commit; i-- {
		if n.log[i-1].signed {
			if n.viewAt(i) == n.view {
				c.commitTo(n, i)
			}
			return
		}
	}
}

func (c *cluster) commitTo(n *node, i uint64) {
	c.write(n, "commit", map[string]any{"args": map[string]any{"idx": i}, "configurations": c.configurations()})
	n.commit = i
}

func number(p map[string]any, name string) uint64 {
	switch v := p[name].(type) {
	case uint64:
		return v
	case int:
		return uint64(v)
	}
	panic(fmt.Sprintf("%s is %T", name, p[name]))
}

func (c *cluster) deliver(m message) {
	n, p := c.nodes[m.to], m.packet
	from := map[string]any{"packet": p, "from_node_id": strconv.Itoa(m.from)}
	term := number(p, "term")
	switch p["msg"] {
	case "raft_append_entries":
		c.write(n, "recv_append_entries", from)
		c.appended(n, m, term)
	case "raft_append_entries_response":
		from["match_idx"], from["sent_idx"] = n.match[m.from], n.sent[m.from]
		c.write(n, "recv_append_entries_response", from)
		c.acknowledged(n, m, term)
	case "raft_request_vote":
		c.write(n, "recv_request_vote", from)
		if n.view < term {
			c.becomeFollower(n, term)
		}
		mine := n.lastCommittable()
		fresh := number(p, "term_of_last_committable_idx") > n.viewAt(mine) ||
			number(p, "term_of_last_committable_idx") == n.viewAt(mine) && number(p, "last_committable_idx") >= mine
		grant := n.view == term && n.leader < 0 && (n.voted < 0 || n.voted == m.from) && fresh
		if grant {
			n.voted = m.from
		}
		packet := map[string]any{"msg": "raft_request_vote_response", "term": n.view, "vote_granted": grant}
		if c.old {
			c.net = append(c.net, message{n.id, m.from, packet}) // shown only where it arrives
			return
		}
		c.send(n, "send_request_vote_response", m.from, packet, nil)
	case "raft_request_vote_response":
		c.write(n, "recv_request_vote_response", from)
		switch {
		case n.view < term:
			c.becomeFollower(n, term)
		case n.view == term && n.role == "Candidate" && p["vote_granted"] == true:
			n.granted[m.from] = true
			if 2*len(n.granted) > len(c.nodes) {
				c.becomeLeader(n)
			}
		}
	}
}

func (c *cluster) respond(n *node, to int, ok bool, view, last uint64) {
	success := "FAIL"
	if ok {
		success = "OK"
	}
	c.send(n, "send_append_entries_response", to, map[string]any{"msg": "raft_append_entries_response", "term": view, "last_log_idx": last, "success": success}, nil)
}

// possible is the last index that may match what a leader named.
func (n *node) possible(i, view uint64) uint64 {
	i = min(i, uint64(len(n.log)))
	for i > 0 && n.viewAt(i) > view {
		i--
	}
	return i
}

func (c *cluster) appended(n *node, m message, term uint64) {
	p := m.packet
	previous, end := number(p, "prev_idx"), number(p, "idx")
	switch {
	case n.view < term, n.view == term && n.role == "Candidate":
		c.becomeFollower(n, term)
	case n.view > term:
		c.respond(n, m.from, false, n.view, uint64(len(n.log)))
		return
	}
	if n.viewAt(previous) != number(p, "prev_term") || previous > uint64(len(n.log)) {
		if i := n.possible(previous, number(p, "prev_term")); n.viewAt(previous) == 0 {
			c.respond(n, m.from, false, n.view, uint64(len(n.log)))
		} else {
			c.respond(n, m.from, false, n.viewAt(i), i)
		}
		return
	}
	n.leader = m.from
	if previous < n.commit {
		return
	}
	for i := previous + 1; i <= end; i++ {
		if i <= uint64(len(n.log)) {
			if n.viewAt(i) == number(p, "term_of_idx") {
				continue
			}
			n.rollback(i - 1)
		}
		c.write(n, "execute_append_entries_sync", map[string]any{"from_node_id": strconv.Itoa(m.from)})
		e := c.nodes[m.from].entryAt(i, number(p, "term_of_idx"), c)
		n.log = append(slices.Clone(n.log), e)
	}
	told := min(number(p, "leader_commit_idx"), uint64(len(n.log)))
	for i := told; i > n.commit; i-- {
		if n.log[i-1].signed {
			c.commitTo(n, i)
			break
		}
	}
	c.respond(n, m.from, true, n.view, end)
}

// entryAt finds the transaction that a message carried: messages of the model name it by its view and index.
func (n *node) entryAt(i, view uint64, c *cluster) item {
	for _, m := range append([]*node{n}, c.nodes...) {
		if m.viewAt(i) == view {
			return m.log[i-1]
		}
	}
	return item{view: view}
}

func (c *cluster) acknowledged(n *node, m message, term uint64) {
	switch last := number(m.packet, "last_log_idx"); {
	case n.role != "Leader":
	case n.view < term:
		c.becomeFollower(n, term)
	case m.packet["success"] == "FAIL":
		n.sent[m.from] = max(min(n.possible(last, term), n.sent[m.from]), n.match[m.from])
	case n.view == term && last >= n.match[m.from]:
		n.match[m.from] = last
		c.leaderCommits(n)
	}
}

// run makes a run of so many events: timeouts, transactions, signatures, messages in any order, lost and doubled.
func (c *cluster) run(events int) []byte {
	c.timeout(c.nodes[0])
	for range events {
		n := c.nodes[c.rng.IntN(len(c.nodes))]
		switch what := c.rng.IntN(20); {
		case what == 0 && n.role != "Leader" && c.rng.IntN(6) == 0:
			c.timeout(n)
		case what == 1 && n.role == "Leader" && c.rng.IntN(20) == 0:
			c.becomeFollower(n, n.view) // no quorum answers
		case what < 4 && n.role == "Leader":
			c.replicate(n, c.rng.IntN(2) == 0)
		case what < 6 && n.role == "Leader":
			for _, m := range c.nodes {
				if m != n {
					c.append(n, m.id)
				}
			}
		case len(c.net) > 0:
			k := c.rng.IntN(min(len(c.net), 4))
			m := c.net[k]
			if c.rng.IntN(12) > 0 {
				c.net = slices.Delete(c.net, k, k+1)
			}
			if c.rng.IntN(12) > 0 {
				c.deliver(m)
			}
		}
	}
	return c.out.Bytes()
}
