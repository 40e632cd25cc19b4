#!/usr/bin/env node
// A Raft server for raftcheck, in JavaScript for Node, without packages.
//
//     raftcheck check --exec 'node raft.js'
//     raftcheck check --exec 'node raft.js --bug stale-votes'
//
// Each line on stdin is something that happens to the server: JSON. Each is answered with one line on stdout: what the server did
// and what it is now. There is no clock, no network and no disk in here. The names are those of Figure 2 of the Raft paper.
'use strict'

const bugs = {
  'stale-votes': 'a vote of an earlier term is counted in this one',
  'forget-vote': 'a server that starts again does not look at the vote on its disk',
  'truncate': 'every AppendEntries cuts off whatever follows its entries',
  'commit-old-term': 'entries of earlier terms are committed by counting copies',
}
let bug = null

// The properties are the state, all of it: values are replaced and never changed in place.
class Server {
  constructor (id, servers, durable) {
    this.id = id
    this.servers = servers
    this.term = durable.term
    this.votedFor = bug === 'forget-vote' ? null : durable.votedFor
    this.log = durable.log.entries
    this.commit = 0
    this.follow(null)
  }

  // What happens to the server. Each returns the messages to send, or null if it cannot happen now.

  timeout () {
    if (this.role === 'leader') return null
    this.follow(null)
    this.term++
    this.role = 'candidate'
    this.votedFor = this.id
    this.granted = [this.id]
    const ask = { kind: 'RequestVote', lastLogIndex: this.log.length, lastLogTerm: this.termAt(this.log.length) }
    return this.leadIfElected() ?? this.peers().map(peer => this.message(peer, ask))
  }

  heartbeat () { return this.role === 'leader' ? this.appendEntries() : null }

  propose ({ value }) {
    if (this.role !== 'leader') return null
    this.log = [...this.log, { term: this.term, value }]
    this.advanceCommit()
    return []
  }

  deliver ({ message: m }) {
    if (m.term > this.term) {
      this.term = m.term
      this.votedFor = null
      this.follow(null)
    }
    switch (m.kind) {
      case 'RequestVote': return this.onRequestVote(m)
      case 'RequestVoteReply': return this.onRequestVoteReply(m)
      case 'AppendEntries': return this.onAppendEntries(m)
      case 'AppendEntriesReply': return this.onAppendEntriesReply(m)
      default: return []
    }
  }

  // Messages.

  onRequestVote (m) {
    const last = this.log.length
    const lastTerm = this.termAt(last)
    const upToDate = m.lastLogTerm > lastTerm || (m.lastLogTerm === lastTerm && m.lastLogIndex >= last)
    const granted = m.term === this.term && (this.votedFor === null || this.votedFor === m.from) && upToDate
    if (granted) this.votedFor = m.from
    return [this.message(m.from, { kind: 'RequestVoteReply', granted })]
  }

  onRequestVoteReply (m) {
    if (this.role !== 'candidate' || (m.term < this.term && bug !== 'stale-votes')) return []
    const votes = m.granted ? 'granted' : 'refused'
    this[votes] = [...new Set([...this[votes], m.from])].sort()
    return this.leadIfElected() ?? []
  }

  onAppendEntries (m) {
    const reply = { kind: 'AppendEntriesReply', success: false, matchIndex: 0 }
    if (m.term === this.term) {
      this.follow(m.from)
      if (m.prevLogIndex <= this.log.length && this.termAt(m.prevLogIndex) === m.prevLogTerm) {
        this.merge(m.prevLogIndex, m.entries)
        reply.success = true
        reply.matchIndex = m.prevLogIndex + m.entries.length
        this.commit = Math.max(this.commit, Math.min(m.leaderCommit, reply.matchIndex))
      }
    }
    return [this.message(m.from, reply)]
  }

  onAppendEntriesReply (m) {
    if (this.role !== 'leader' || m.term < this.term) return []
    const peer = m.from
    if (m.success) {
      const match = Math.max(this.match[peer], m.matchIndex)
      this.match = { ...this.match, [peer]: match }
      this.next = { ...this.next, [peer]: Math.max(this.next[peer], match + 1) }
      this.advanceCommit()
    } else {
      this.next = { ...this.next, [peer]: Math.max(this.next[peer] - 1, this.match[peer] + 1) }
    }
    return []
  }

  // What these have in common.

  follow (leader) {
    Object.assign(this, { role: 'follower', leader, granted: [], refused: [], next: {}, match: {} })
  }

  leadIfElected () {
    if (!this.isMajority(this.granted.length)) return null
    this.follow(this.id)
    this.role = 'leader'
    this.next = Object.fromEntries(this.peers().map(peer => [peer, this.log.length + 1]))
    this.match = Object.fromEntries(this.peers().map(peer => [peer, 0]))
    return this.appendEntries()
  }

  appendEntries () {
    return this.peers().map(peer => {
      const prev = this.next[peer] - 1
      return this.message(peer, {
        kind: 'AppendEntries', prevLogIndex: prev, prevLogTerm: this.termAt(prev), entries: this.log.slice(prev), leaderCommit: this.commit
      })
    })
  }

  merge (prev, entries) {
    const k = entries.findIndex((entry, k) => this.log[prev + k]?.term !== entry.term)
    if (k >= 0) this.log = [...this.log.slice(0, prev + k), ...entries.slice(k)]
    else if (bug === 'truncate') this.log = this.log.slice(0, prev + entries.length)
  }

  advanceCommit () {
    for (let index = this.log.length; index > this.commit; index--) {
      const copies = 1 + Object.values(this.match).filter(match => match >= index).length
      if (this.isMajority(copies) && (this.termAt(index) === this.term || bug === 'commit-old-term')) this.commit = index
    }
  }

  message (to, fields) { return { from: this.id, to, term: this.term, ...fields } }
  peers () { return this.servers.filter(id => id !== this.id) }
  termAt (index) { return index > 0 ? this.log[index - 1].term : 0 }
  isMajority (count) { return 2 * count > this.servers.length }

  // Answers.

  step (request) {
    const before = JSON.stringify(this.durable())
    const events = ['timeout', 'heartbeat', 'propose', 'deliver']
    const sent = events.includes(request.event) ? this[request.event](request) : null
    if (sent === null) {
      return request.event === 'propose' && this.leader ? { redirect: this.leader, ...this.show() } : { refused: true }
    }
    // On disk before anything is sent: a message is a promise.
    const disk = JSON.stringify(this.durable()) === before ? [] : [{ sync: this.durable() }]
    return { effects: [...disk, ...sent.map(m => ({ send: m }))], ...this.show() }
  }

  durable () { return { term: this.term, votedFor: this.votedFor, log: { entries: this.log } } }

  show () {
    const { role, leader, commit, granted, refused } = this
    const progress = Object.keys(this.next).map(p => ({ server: p, next: this.next[p], match: this.match[p] }))
    return { post: { role, leader, ...this.durable(), commit, applied: commit, granted, refused, progress }, state: this }
  }
}

if (process.argv.length > 2) {
  bug = process.argv[3]
  if (process.argv.length !== 4 || process.argv[2] !== '--bug' || !Object.hasOwn(bugs, bug)) {
    console.error('usage: raft.js [--bug NAME], where NAME is one of ' + Object.keys(bugs).join(', '))
    process.exit(1)
  }
}
let server
require('readline').createInterface({ input: process.stdin }).on('line', line => {
  const request = JSON.parse(line)
  let answer
  if (request.event === 'start') {
    server = new Server(request.server, request.servers, request.durable)
    answer = { ...server.show(), can: ['start', 'load'] }
  } else {
    if ('load' in request) server = Object.assign(Object.create(Server.prototype), request.load)
    answer = server.step(request)
  }
  process.stdout.write(JSON.stringify(answer) + '\n')
})
