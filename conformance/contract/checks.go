package contract

import "slices"

// Check is one thing that an adapter is held to.
type Check struct {
	Name     string // plain, as in "crash-point"
	Sentence string // what the adapter owes, one sentence with a period
	Why      string // what comes of it otherwise, and what usually breaks it, in a few plain sentences
}

// The checks, in the order in which they are told: what makes the others meaningless comes first.
var (
	noFault = &Check{
		Name: "no-fault", Sentence: "A step ends without a panic and without an error of the adapter.",
		Why: "A server that panics has no state that anything could be said about. The stack says where; the inputs before it make it happen again.",
	}
	takesInputs = &Check{
		Name: "takes-inputs", Sentence: "A fresh cluster takes some input: an election timeout, a message, a command.",
		Why: "A server that refuses everything breaks no promise, and a search of it passes after one state. The usual cause is a switch over the kind " +
			"of an input that falls through to Refused.",
	}
	stableState = &Check{
		Name: "stable-state", Sentence: "AppendState appends the same bytes when it is asked twice.",
		Why: "Equal states are then not known again, and no search ends. The usual cause is a map that is written in its own order, or the address of something.",
	}
	observationCurrent = &Check{
		Name: "observation-current", Sentence: "Observe shows the server as it is now, and looking changes nothing.",
		Why: "Every rule looks at observations. One that is a step behind makes rules blame the Raft for what it did not do, or pass what it did. The usual " +
			"cause is an observation that is kept and not made anew after a step.",
	}
	observationStays = &Check{
		Name: "observation-stays", Sentence: "What Observe returned does not change when the server steps on.",
		Why: "Rules compare what was before a step with what is after it. An observation that shares memory with the server shows the same twice, so that nothing " +
			"ever seems to change. Slices have to be copied, or never written in place.",
	}
	refusedHarmless = &Check{
		Name: "refused-harmless", Sentence: "An input that is refused leaves the server as it was.",
		Why: "Refused says that the input is not possible, and no step is counted. What changes all the same is lost to every search.",
	}
	sameAgain = &Check{
		Name: "same-again", Sentence: "The same inputs, given to a fresh server, lead to the same outputs, observations and state.",
		Why: "A search reaches a state again by giving the same inputs again, and a trace is worth nothing that cannot be replayed. The usual causes are a random " +
			"source, a global variable, a goroutine that outlives the step, or an address in the state.",
	}
	sendOrder = &Check{
		Name: "send-order", Sentence: "The same input makes the same messages leave in the same order.",
		Why: "Map order is another one each time. Range over a sorted list of servers instead.",
	}
	noClock = &Check{
		Name: "no-clock", Sentence: "What a server does depends on its inputs and not on when they come.",
		Why: "Time passes for a node as Timeout, Heartbeat and Tick inputs. A server that looks at the clock does one thing in a search and another in its replay. " +
			"Give it a clock that its inputs move.",
	}
	stateComplete = &Check{
		Name: "state-complete", Sentence: "Two servers with equal AppendState bytes show the same and do the same on every input.",
		Why: "A search takes states with equal bytes for one and goes on from only one of them, so that what the other would have done is never seen. The usual " +
			"cause is a field that AppendState leaves out, or what is on disk.",
	}
	cloneApart = &Check{
		Name: "clone-apart", Sentence: "A clone is in the same state, and neither of the two sees what the other does from then on.",
		Why: "Clone copies what is pointed to as well: slices that are appended to, maps and the disk.",
	}
	realPeers = &Check{
		Name: "real-peers", Sentence: "Every message that leaves is from this server to another one of the cluster, and of a known kind.",
		Why: "A message to a server that does not exist, or to itself, never arrives, and what would have followed from it is never searched.",
	}
	durableTold = &Check{
		Name: "durable-told", Sentence: "What the last Write or Sync effect of a step says to be safe is what Observe shows as durable.",
		Why: "Rules about crashes compare what was promised with what is on disk. Both have to speak of the same disk.",
	}
	crashDown = &Check{
		Name: "crash-down", Sentence: "A server that is crashed is down: Observe shows it as crashed until it is restarted.",
		Why: "A server that ignores crashes forgets nothing, and no promise about crashes is put to the test.",
	}
	crashKeepsDisk = &Check{
		Name: "crash-keeps-disk", Sentence: "A crash leaves what was synced, and loses nothing else that is on disk unless power fails too.",
		Why: "What a crash leaves is what every promise about durability is judged on.",
	}
	crashPoint = &Check{
		Name: "crash-point", Sentence: "A server that is asked to crash in the middle of a step (Input.Cut) does what comes before that point, and is down afterwards.",
		Why: "Most bugs of durability are between two writes, or between a write and a message. A server that ignores Cut goes through the whole step and is never " +
			"caught there, though the report says that crashes were searched.",
	}
	crashPointDisk = &Check{
		Name: "crash-point-disk", Sentence: "After a crash in the middle of a step, the disk holds what was written before that point and nothing that was to be written after it.",
		Why: "The disk has to be changed effect by effect. The usual cause is a step that writes everything first and lists the effects afterwards.",
	}
	downRefuses = &Check{
		Name: "down-refuses", Sentence: "A server that is down does nothing until it is restarted: messages to it are lost, and other inputs are refused.",
		Why: "A server that goes on while it is down takes part in elections that it could not have known of.",
	}
	restartUp = &Check{
		Name: "restart-up", Sentence: "A server that is down can be restarted, and one that is not refuses to be.",
		Why: "Without restarts, a crash is the end of a server, and nothing is ever shown of what it comes back with.",
	}
	restartShowsDisk = &Check{
		Name: "restart-shows-disk", Sentence: "A restarted server shows as durable what was on disk when it came up, and what it wrote since.",
		Why: "A restart that begins with an empty disk, or shows one, loses votes and entries that the Raft did keep. What the Raft makes of its disk is judged by rules.",
	}
)

// Checks lists all checks. It must not be changed.
var Checks = []*Check{noFault, takesInputs, stableState, observationCurrent, observationStays, refusedHarmless, sameAgain, sendOrder, noClock, stateComplete,
	cloneApart, realPeers, durableTold, crashDown, crashKeepsDisk, crashPoint, crashPointDisk, downRefuses, restartUp, restartShowsDisk}

// ByName returns the check of that name, and whether there is one.
func ByName(name string) (*Check, bool) {
	k := slices.IndexFunc(Checks, func(c *Check) bool { return c.Name == name })
	if k < 0 {
		return nil, false
	}
	return Checks[k], true
}
