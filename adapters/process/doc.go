// Package process puts a program in any language behind spec.Node: one process for each server, one JSON object per line each way
// on its standard input and output, no clock, no sockets, no threads that anybody could see.
//
// [New] takes a command and returns a [Program], whose method [Program.Node] is a spec.Factory; [Program.Probe] says early what is
// wrong with it and what it is able to do; [Program.Close] ends its processes. [Words] splits a command line.
// [Schema] is the published JSON Schema of the lines. The names in it are those of traces, so there is one vocabulary to learn.
//
// # The lines
//
// raftcheck asks, and the program answers every line with one line, before it reads the next:
//
//	{"event":"start","server":"n1","servers":["n1","n2","n3"],"durable":{"term":0,"votedFor":null,"log":{"entries":[]}}}
//	{"post":{"role":"follower","term":0,…},"state":{…},"can":["start","load"]}
//	{"event":"timeout"}
//	{"effects":[{"sync":{"term":1,"votedFor":"n1"}},{"send":{"kind":"RequestVote","to":"n2","term":1,…}}],"post":{…},"state":{…}}
//	{"load":{…},"event":"deliver","message":{"kind":"RequestVoteReply","from":"n2","to":"n1","term":1,"granted":true}}
//	{"refused":true}
//
// start makes the program the server named, with what is on disk, and nothing else: the first start of all finds an empty disk.
// raftcheck keeps the disk. The program tells what becomes of it as effects, in their order among the messages it sends: write
// is on disk unless power fails, sync is safe; members that are left out stay as they were. A crash in the middle of a step is
// made by raftcheck, which forgets the effects after it and starts the program from the disk: no burden on the program.
//
// # Names
//
// A program may say that it can rename: its servers do the same by other names, and messages name servers in from and to, and nowhere else.
// A search then takes states for one that differ only by names; what the program claims is tried on the way.
//
// # States
//
// A state of a server is reached again by giving a fresh program the same inputs again. Three things a program may do make that cheap:
//
//   - It gives a state: any JSON value that, with what it shows in post and its disk, decides everything it will ever do. Two
//     histories that end in the same state are then one. Without it every history is a state of its own, which is sound and slow.
//   - It can start: it may be started again in the same process, and is then as if it were new.
//   - It can load: a request that has load sets it to a state that it gave before; the event comes after that.
//
// What a program claims is audited all the time: inputs that are given again must be answered the same, a program that was set to
// a state must do what one does that went through the inputs, and now and then both are done in a process of its own.
// What differs, what breaks the protocol, what takes too long and what ends unasked is an [*Error], as the fault of the step.
package process
