#!/usr/bin/env python3
"""A Raft server for raftcheck, in Python 3 with nothing but the standard library.

    raftcheck check --exec 'python3 raft.py'
    raftcheck check --exec 'python3 raft.py --bug stale-votes'

Each line on stdin is something that happens to the server: JSON. Each is answered with one line on stdout: what the server did
and what it is now. There is no clock, no network and no disk in here. The names are those of Figure 2 of the Raft paper.
"""
import json
import sys

BUGS = {
    "stale-votes": "a vote of an earlier term is counted in this one",
    "forget-vote": "a server that starts again does not look at the vote on its disk",
    "truncate": "every AppendEntries cuts off whatever follows its entries",
    "commit-old-term": "entries of earlier terms are committed by counting copies",
}
bug = None


class Server:
    """The attributes are the state, all of it: values are replaced and never changed in place."""

    def __init__(self, id, servers, durable):
        self.id, self.servers = id, servers
        self.term, self.votedFor, self.log = durable["term"], durable["votedFor"], durable["log"]["entries"]
        self.commit = 0
        self.follow(None)
        if bug == "forget-vote":
            self.votedFor = None

    # What happens to the server. Each returns the messages to send, or None if it cannot happen now.

    def on_timeout(self, request):
        if self.role == "leader":
            return None
        self.follow(None)
        self.term, self.role = self.term + 1, "candidate"
        self.votedFor, self.granted = self.id, [self.id]
        ask = {"kind": "RequestVote", "lastLogIndex": len(self.log), "lastLogTerm": self.termAt(len(self.log))}
        return self.leadIfElected() or [self.message(peer, ask) for peer in self.peers()]

    def on_heartbeat(self, request):
        return self.appendEntries() if self.role == "leader" else None

    def on_propose(self, request):
        if self.role != "leader":
            return None
        self.log = self.log + [{"term": self.term, "value": request["value"]}]
        self.advanceCommit()
        return []

    def on_deliver(self, request):
        m = request["message"]
        if m["term"] > self.term:
            self.term, self.votedFor = m["term"], None
            self.follow(None)
        handle = getattr(self, "on_" + m["kind"], None)
        return handle(m) if handle else []

    # Messages.

    def on_RequestVote(self, m):
        upToDate = (m["lastLogTerm"], m["lastLogIndex"]) >= (self.termAt(len(self.log)), len(self.log))
        granted = m["term"] == self.term and self.votedFor in (None, m["from"]) and upToDate
        if granted:
            self.votedFor = m["from"]
        return [self.message(m["from"], {"kind": "RequestVoteReply", "granted": granted})]

    def on_RequestVoteReply(self, m):
        if self.role != "candidate" or m["term"] < self.term and bug != "stale-votes":
            return []
        if m["granted"]:
            self.granted = sorted({*self.granted, m["from"]})
        else:
            self.refused = sorted({*self.refused, m["from"]})
        return self.leadIfElected() or []

    def on_AppendEntries(self, m):
        reply = {"kind": "AppendEntriesReply", "success": False, "matchIndex": 0}
        if m["term"] == self.term:
            self.follow(m["from"])
            prev, entries = m["prevLogIndex"], m["entries"]
            if prev <= len(self.log) and self.termAt(prev) == m["prevLogTerm"]:
                self.merge(prev, entries)
                last = prev + len(entries)
                self.commit = max(self.commit, min(m["leaderCommit"], last))
                reply.update(success=True, matchIndex=last)
        return [self.message(m["from"], reply)]

    def on_AppendEntriesReply(self, m):
        if self.role != "leader" or m["term"] < self.term:
            return []
        peer = m["from"]
        if m["success"]:
            match = max(self.match[peer], m["matchIndex"])
            self.match = {**self.match, peer: match}
            self.next = {**self.next, peer: max(self.next[peer], match + 1)}
            self.advanceCommit()
        else:
            self.next = {**self.next, peer: max(self.next[peer] - 1, self.match[peer] + 1)}
        return []

    # What these have in common.

    def follow(self, leader):
        self.role, self.leader, self.granted, self.refused, self.next, self.match = "follower", leader, [], [], {}, {}

    def leadIfElected(self):
        if not self.isMajority(len(self.granted)):
            return None
        self.follow(self.id)
        self.role = "leader"
        self.next = {peer: len(self.log) + 1 for peer in self.peers()}
        self.match = {peer: 0 for peer in self.peers()}
        return self.appendEntries()

    def appendEntries(self):
        return [self.message(peer, {
            "kind": "AppendEntries", "prevLogIndex": self.next[peer] - 1, "prevLogTerm": self.termAt(self.next[peer] - 1),
            "entries": self.log[self.next[peer] - 1:], "leaderCommit": self.commit}) for peer in self.peers()]

    def merge(self, prev, entries):
        for k, entry in enumerate(entries):
            if prev + k >= len(self.log) or self.log[prev + k]["term"] != entry["term"]:
                self.log = self.log[:prev + k] + entries[k:]
                return
        if bug == "truncate":
            self.log = self.log[:prev + len(entries)]

    def advanceCommit(self):
        for index in range(len(self.log), self.commit, -1):
            copies = 1 + sum(match >= index for match in self.match.values())
            if self.isMajority(copies) and (self.termAt(index) == self.term or bug == "commit-old-term"):
                self.commit = index
                return

    def message(self, to, fields):
        return {"from": self.id, "to": to, "term": self.term, **fields}

    def peers(self):
        return [id for id in self.servers if id != self.id]

    def termAt(self, index):
        return self.log[index - 1]["term"] if index > 0 else 0

    def isMajority(self, count):
        return 2 * count > len(self.servers)

    # Answers.

    def step(self, request):
        before = self.durable()
        sent = getattr(self, "on_" + request["event"], lambda _: None)(request)
        if sent is None:
            if request["event"] == "propose" and self.leader:
                return {"redirect": self.leader, **self.show()}
            return {"refused": True}
        # On disk before anything is sent: a message is a promise.
        disk = [{"sync": self.durable()}] if self.durable() != before else []
        return {"effects": disk + [{"send": m} for m in sent], **self.show()}

    def durable(self):
        return {"term": self.term, "votedFor": self.votedFor, "log": {"entries": self.log}}

    def show(self):
        progress = [{"server": p, "next": self.next[p], "match": self.match[p]} for p in self.next]
        post = {"role": self.role, "leader": self.leader, **self.durable(), "commit": self.commit, "applied": self.commit,
                "granted": self.granted, "refused": self.refused, "progress": progress}
        return {"post": post, "state": vars(self)}


def main():
    global bug
    if len(sys.argv) > 1:
        if len(sys.argv) != 3 or sys.argv[1] != "--bug" or sys.argv[2] not in BUGS:
            sys.exit("usage: raft.py [--bug NAME], where NAME is one of " + ", ".join(BUGS))
        bug = sys.argv[2]
    server = None
    for line in sys.stdin:
        request = json.loads(line)
        if request["event"] == "start":
            server = Server(request["server"], request["servers"], request["durable"])
            answer = {**server.show(), "can": ["start", "load"]}
        else:
            if "load" in request:
                server.__dict__ = request["load"]
            answer = server.step(request)
        print(json.dumps(answer), flush=True)


main()
