// Package lab is a Raft as many write their first: goroutines, timers, one lock, remote calls that block, and a state that is saved as
// a whole. It has the shape that the course MIT 6.5840 asks for, and a few of the mistakes that its students make, to be switched on.
//
// It knows nothing of raftcheck. raft_test.go is all that it takes to search every execution of it.
package lab

import (
	"bytes"
	"encoding/gob"
	"math/rand"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Peer is the end of a connection to another server. Call blocks until the reply is there, and returns false if none will come.
type Peer interface {
	Call(method string, args, reply any) bool
}

// Persister keeps what a crash must not take.
type Persister interface {
	Save(state []byte)
	Read() []byte
}

// Entry is one entry of the log: a command, or a change of the members.
type Entry struct {
	Term    int
	Command any
	Members []int // who votes from here on; nil is no change
}

// ApplyMsg tells the service that an entry is committed.
type ApplyMsg struct {
	CommandIndex int
	Command      any
}

// Bugs are mistakes to be switched on.
type Bugs struct {
	ForgetVote            bool // the vote is not saved
	TruncateOnShortAppend bool // what follows the entries of an AppendEntries is cut off, conflict or not
	CommitOldTerms        bool // entries of earlier terms are committed by counting (Figure 8 of the paper)
	CountStaleVotes       bool // votes of an earlier term are counted in this one
	NoRecheck             bool // who has won gives the lock back, takes it again to lead, and does not look at its term and role again
	LateArgs              bool // what is sent to a follower is read once the goroutine that sends it has the lock
	ReadUnconfirmed       bool // a leader answers a read without asking the others whether it still leads
	ChangeTooEarly        bool // a leader changes the members before an entry of its term is committed
	OverlappingChanges    bool // a leader changes the members before the change before is committed
}

type role int

const (
	follower role = iota
	candidate
	leader
)

const heartbeat = 100 * time.Millisecond

// Raft is one server.
type Raft struct {
	mu        sync.Mutex
	peers     []Peer
	persister Persister
	me        int
	dead      atomic.Bool
	bugs      Bugs

	currentTerm int
	votedFor    int // -1 is nobody
	log         []Entry

	founders []int // who votes as long as no entry says otherwise; nobody on a server that is to be added
	members  []int // who votes: the last entry that says so decides, committed or not
	changed  int   // its index

	state       role
	votes       int
	leaderID    int // -1 is unknown
	commitIndex int
	lastApplied int
	nextIndex   []int
	matchIndex  []int
	heard       time.Time
	round       int   // of AppendEntries that were sent because of a read
	confirmed   []int // by server, the last round that it answered in this term

	applied   chan ApplyMsg
	committed *sync.Cond
	answered  *sync.Cond // a round, or it will not be
}

// Make starts a server with what its persister has, in a cluster that these servers founded. It tells of committed entries through applied.
func Make(peers []Peer, founders []int, me int, persister Persister, applied chan ApplyMsg, bugs Bugs) *Raft {
	rf := &Raft{peers: peers, persister: persister, me: me, bugs: bugs, votedFor: -1, leaderID: -1, log: make([]Entry, 1), heard: time.Now(), applied: applied}
	if slices.Contains(founders, me) {
		rf.founders = founders
	}
	rf.committed, rf.answered = sync.NewCond(&rf.mu), sync.NewCond(&rf.mu)
	rf.restore(persister.Read())
	rf.findMembers()
	go rf.ticker()
	go rf.applier()
	return rf
}

// Kill ends the server's goroutines, soon.
func (rf *Raft) Kill() {
	rf.dead.Store(true)
	rf.mu.Lock()
	defer rf.mu.Unlock()
	rf.committed.Broadcast()
	rf.answered.Broadcast()
}

// Start gives a command to a leader. It returns the index at which the command will stand if it is ever committed.
func (rf *Raft) Start(command any) (index, term int, leads bool) {
	rf.mu.Lock()
	defer rf.mu.Unlock()
	if rf.state != leader {
		return -1, rf.currentTerm, false
	}
	rf.append(Entry{Term: rf.currentTerm, Command: command})
	return len(rf.log) - 1, rf.currentTerm, true
}

// ChangeMembers asks a leader for one member more, or one less (dissertation, 4.1). It returns false if the server does not lead, or has not committed an entry of its
// term and the change before.
func (rf *Raft) ChangeMembers(members []int) bool {
	rf.mu.Lock()
	defer rf.mu.Unlock()
	switch {
	case rf.state != leader, apart(rf.members, members)+apart(members, rf.members) != 1:
		return false
	case rf.log[rf.commitIndex].Term != rf.currentTerm && !rf.bugs.ChangeTooEarly:
		return false
	case rf.changed > rf.commitIndex && !rf.bugs.OverlappingChanges:
		return false
	}
	rf.append(Entry{Term: rf.currentTerm, Members: members})
	return true
}

// apart counts those of a that are not in b.
func apart(a, b []int) (n int) {
	for _, peer := range a {
		if !slices.Contains(b, peer) {
			n++
		}
	}
	return n
}

// append appends an entry to the log of a leader.
func (rf *Raft) append(e Entry) {
	rf.log = append(rf.log, e)
	rf.findMembers()
	rf.persist()
	rf.replicate()
	rf.commit()
}

// findMembers puts the last members in the log in force.
func (rf *Raft) findMembers() {
	rf.members, rf.changed = rf.founders, 0
	for k, e := range rf.log {
		if e.Members != nil {
			rf.members, rf.changed = e.Members, k
		}
	}
}

// majority reports whether most members are among those for which in returns true.
func (rf *Raft) majority(in func(peer int) bool) bool {
	have := 0
	for _, peer := range rf.members {
		if in(peer) {
			have++
		}
	}
	return have > len(rf.members)/2
}

// ReadIndex returns the index up to which a reader must have been told of what is committed, once a majority has confirmed that the server still leads. It returns
// false if it does not lead, or does not know yet what earlier leaders committed.
func (rf *Raft) ReadIndex() (index int, leads bool) {
	rf.mu.Lock()
	defer rf.mu.Unlock()
	index = rf.commitIndex
	term := rf.currentTerm
	if rf.state != leader || rf.log[index].Term != term {
		return 0, false
	}
	if rf.bugs.ReadUnconfirmed {
		return index, true
	}
	rf.round++
	round := rf.round
	rf.replicate()
	for !rf.confirms(round) {
		rf.answered.Wait()
		if rf.dead.Load() || rf.state != leader || rf.currentTerm != term {
			return 0, false
		}
	}
	return index, true
}

// confirms reports whether a majority has answered a round, or a later one.
func (rf *Raft) confirms(round int) bool {
	return rf.majority(func(peer int) bool { return peer == rf.me || rf.confirmed[peer] >= round })
}

type saved struct {
	Term, Vote int
	Log        []Entry
}

func (rf *Raft) persist() {
	var b bytes.Buffer
	s := saved{rf.currentTerm, rf.votedFor, rf.log}
	if rf.bugs.ForgetVote {
		s.Vote = -1
	}
	if err := gob.NewEncoder(&b).Encode(s); err != nil {
		panic(err)
	}
	rf.persister.Save(b.Bytes())
}

func (rf *Raft) restore(state []byte) {
	if len(state) == 0 {
		return
	}
	var s saved
	if err := gob.NewDecoder(bytes.NewReader(state)).Decode(&s); err != nil {
		panic(err)
	}
	rf.currentTerm, rf.votedFor, rf.log = s.Term, s.Vote, s.Log
}

// ticker campaigns when nothing was heard for long, and sends heartbeats while the server leads.
func (rf *Raft) ticker() {
	for !rf.dead.Load() {
		rf.mu.Lock()
		switch {
		case rf.state == leader:
			rf.replicate()
		case time.Since(rf.heard) > time.Second && (slices.Contains(rf.members, rf.me) || rf.changed > rf.commitIndex):
			rf.campaign()
		}
		leads := rf.state == leader
		rf.mu.Unlock()
		if leads {
			time.Sleep(heartbeat)
		} else {
			time.Sleep(heartbeat + time.Duration(rand.Int63n(int64(3*heartbeat))))
		}
	}
}

// applier tells the service what is committed.
func (rf *Raft) applier() {
	rf.mu.Lock()
	defer rf.mu.Unlock()
	for !rf.dead.Load() {
		if rf.lastApplied == rf.commitIndex {
			rf.committed.Wait()
			continue
		}
		rf.lastApplied++
		m := ApplyMsg{rf.lastApplied, rf.log[rf.lastApplied].Command}
		rf.mu.Unlock()
		rf.applied <- m
		rf.mu.Lock()
	}
}

// follow makes the server a follower, of a later term if it is one.
func (rf *Raft) follow(term int) {
	rf.state = follower
	rf.answered.Broadcast()
	if term > rf.currentTerm {
		rf.currentTerm, rf.votedFor, rf.leaderID = term, -1, -1
		rf.persist()
	}
}

func (rf *Raft) last() (index, term int) { return len(rf.log) - 1, rf.log[len(rf.log)-1].Term }

// RequestVoteArgs and RequestVoteReply are as in Figure 2.
type RequestVoteArgs struct {
	Term, CandidateID         int
	LastLogIndex, LastLogTerm int
}

// RequestVoteReply answers RequestVoteArgs.
type RequestVoteReply struct {
	Term        int
	VoteGranted bool
}

func (rf *Raft) campaign() {
	rf.state, rf.votes, rf.heard = candidate, 0, time.Now()
	if slices.Contains(rf.members, rf.me) {
		rf.votes = 1
	}
	rf.currentTerm++
	rf.votedFor, rf.leaderID = rf.me, -1
	rf.persist()
	index, term := rf.last()
	args := RequestVoteArgs{rf.currentTerm, rf.me, index, term}
	for _, peer := range rf.members {
		if peer != rf.me {
			go rf.askForVote(peer, args)
		}
	}
	rf.lead()
}

func (rf *Raft) askForVote(peer int, args RequestVoteArgs) {
	var reply RequestVoteReply
	if !rf.peers[peer].Call("Raft.RequestVote", &args, &reply) {
		return
	}
	rf.mu.Lock()
	defer rf.mu.Unlock()
	if reply.Term > rf.currentTerm {
		rf.follow(reply.Term)
	}
	if rf.state != candidate || args.Term != rf.currentTerm && !rf.bugs.CountStaleVotes || !reply.VoteGranted {
		return
	}
	rf.votes++
	if rf.bugs.NoRecheck && rf.votes > len(rf.members)/2 {
		rf.mu.Unlock()
		rf.mu.Lock()
		rf.state = candidate
	}
	rf.lead()
}

// lead makes a candidate with a majority the leader.
func (rf *Raft) lead() {
	if rf.votes <= len(rf.members)/2 || rf.state != candidate {
		return
	}
	rf.state, rf.leaderID = leader, rf.me
	rf.nextIndex, rf.matchIndex, rf.confirmed = make([]int, len(rf.peers)), make([]int, len(rf.peers)), make([]int, len(rf.peers))
	for peer := range rf.peers {
		rf.nextIndex[peer] = len(rf.log)
	}
	rf.replicate()
	rf.commit()
}

// RequestVote is called by candidates.
func (rf *Raft) RequestVote(args *RequestVoteArgs, reply *RequestVoteReply) {
	rf.mu.Lock()
	defer rf.mu.Unlock()
	if args.Term > rf.currentTerm {
		rf.follow(args.Term)
	}
	reply.Term = rf.currentTerm
	index, term := rf.last()
	current := args.LastLogTerm > term || args.LastLogTerm == term && args.LastLogIndex >= index
	if args.Term < rf.currentTerm || !current || rf.votedFor >= 0 && rf.votedFor != args.CandidateID {
		return
	}
	rf.votedFor, rf.heard = args.CandidateID, time.Now()
	rf.persist()
	reply.VoteGranted = true
}

// AppendEntriesArgs and AppendEntriesReply are as in Figure 2, with the hint of section 5.3.
type AppendEntriesArgs struct {
	Term, LeaderID            int
	PrevLogIndex, PrevLogTerm int
	Entries                   []Entry
	LeaderCommit              int
}

// AppendEntriesReply answers AppendEntriesArgs.
type AppendEntriesReply struct {
	Term          int
	Success       bool
	ConflictIndex int // where to try next; 0 is no hint
}

// replicate sends every other member what it lacks, or a heartbeat.
func (rf *Raft) replicate() {
	for _, peer := range rf.members {
		if peer == rf.me {
			continue
		}
		if rf.bugs.LateArgs {
			go rf.sendLate(peer)
			continue
		}
		go rf.send(peer, rf.news(peer), rf.round)
	}
}

// news is what a leader sends another server.
func (rf *Raft) news(peer int) AppendEntriesArgs {
	prev := rf.nextIndex[peer] - 1
	return AppendEntriesArgs{rf.currentTerm, rf.me, prev, rf.log[prev].Term, slices.Clone(rf.log[prev+1:]), rf.commitIndex}
}

func (rf *Raft) sendLate(peer int) {
	rf.mu.Lock()
	args, round := rf.news(peer), rf.round
	rf.mu.Unlock()
	rf.send(peer, args, round)
}

func (rf *Raft) send(peer int, args AppendEntriesArgs, round int) {
	var reply AppendEntriesReply
	if !rf.peers[peer].Call("Raft.AppendEntries", &args, &reply) {
		return
	}
	rf.mu.Lock()
	defer rf.mu.Unlock()
	if reply.Term > rf.currentTerm {
		rf.follow(reply.Term)
	}
	if rf.state != leader || args.Term != rf.currentTerm {
		return
	}
	rf.confirmed[peer] = max(rf.confirmed[peer], round)
	rf.answered.Broadcast()
	if !reply.Success {
		rf.nextIndex[peer] = max(1, rf.matchIndex[peer]+1, min(reply.ConflictIndex, args.PrevLogIndex))
		return
	}
	rf.matchIndex[peer] = max(rf.matchIndex[peer], args.PrevLogIndex+len(args.Entries))
	rf.nextIndex[peer] = rf.matchIndex[peer] + 1
	rf.commit()
}

// commit moves the commit index up to what a majority has.
func (rf *Raft) commit() {
	for n := len(rf.log) - 1; n > rf.commitIndex && (rf.log[n].Term == rf.currentTerm || rf.bugs.CommitOldTerms); n-- {
		if rf.majority(func(peer int) bool { return peer == rf.me || rf.matchIndex[peer] >= n }) {
			rf.commitIndex = n
			rf.committed.Broadcast()
			break
		}
	}
	if rf.changed <= rf.commitIndex && !slices.Contains(rf.members, rf.me) { // it was removed
		rf.follow(rf.currentTerm)
	}
}

// AppendEntries is called by leaders.
func (rf *Raft) AppendEntries(args *AppendEntriesArgs, reply *AppendEntriesReply) {
	rf.mu.Lock()
	defer rf.mu.Unlock()
	reply.Term = rf.currentTerm
	if args.Term < rf.currentTerm {
		return
	}
	rf.follow(args.Term)
	rf.leaderID, rf.heard = args.LeaderID, time.Now()
	reply.Term = rf.currentTerm
	if len(rf.log) <= args.PrevLogIndex {
		reply.ConflictIndex = len(rf.log)
		return
	}
	if term := rf.log[args.PrevLogIndex].Term; term != args.PrevLogTerm {
		reply.ConflictIndex = args.PrevLogIndex
		for reply.ConflictIndex > 1 && rf.log[reply.ConflictIndex-1].Term == term {
			reply.ConflictIndex--
		}
		return
	}
	rf.take(args.PrevLogIndex+1, args.Entries)
	reply.Success = true
	if last := args.PrevLogIndex + len(args.Entries); args.LeaderCommit > rf.commitIndex && last > rf.commitIndex {
		rf.commitIndex = min(args.LeaderCommit, last)
		rf.committed.Broadcast()
	}
}

// take puts the leader's entries at an index, and cuts off what conflicts with them.
func (rf *Raft) take(at int, entries []Entry) {
	if rf.bugs.TruncateOnShortAppend {
		rf.log = append(rf.log[:at:at], entries...)
		rf.findMembers()
		rf.persist()
		return
	}
	for k, e := range entries {
		if at+k == len(rf.log) || rf.log[at+k].Term != e.Term {
			rf.log = append(rf.log[:at+k:at+k], entries[k:]...)
			rf.findMembers()
			rf.persist()
			return
		}
	}
}
