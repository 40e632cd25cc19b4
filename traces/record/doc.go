// Package record writes what a running server does as a trace in the native format, which raftcheck verify judges.
//
// It is for production: it imports nothing but package spec and the JSON of traces, it may be used by any number of goroutines, and it
// never gets in the way. When a trace can no longer be written, it is not, and [Recorder.Err] says why.
//
// [Open] begins or continues a file, [New] a stream; [Recorder.Server] is one server of it. What happens to a server is a [Step]:
//
//	step := server.Receive(message)   // or server.Happens(spec.Input{Kind: spec.Timeout})
//	step.Persist(onDisk)              // in the order in which it happens
//	step.Send(reply)
//	step.Observe(now)                 // writes the record: one line
//
// Leave out what you do not know. A field that an observation does not show is unknown, and rules that need it are not checked; a
// message whose arrival is not recorded was lost as far as anybody can tell. What you do record must be so: role, term and vote at
// the moment when the step ends, and durable only what is durable. Record a message as sent before it leaves, if servers share a
// recorder.
//
// A log is as long as a cluster is old, and a record shows the end of it, as much as the step is about: [Tail] keeps that.
// Wrappers for libraries are modules of their own: traces/record/etcd around a RawNode, traces/record/hashicorp around a Transport, a
// LogStore and a StableStore. Each server of a cluster writes a file of its own; raftcheck join makes one execution of them.
//
// # What a crash loses
//
// A line is handed to the operating system when its step ends, unless Options.Buffer lets lines wait. So a process that dies loses the
// step at hand, and a machine that dies what its operating system had not written. A line that is half written is cut off when
// the file is opened again.
package record
