package process

import (
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces/wire"
)

// The events of the protocol are the names of inputs, but for this one, which stands for a restart too.
const eventStart = "start"

// startLine asks a program to be a server with what is on its disk and nothing else.
func startLine(id spec.ServerID, servers []spec.ServerID, disk *spec.Durable) string {
	o := wire.Open(nil)
	o.Text("event", eventStart)
	o.Server("server", id)
	o.Servers("servers", servers)
	o.Durable("durable", disk)
	return string(append(o.Close(), '\n'))
}

// inputLine gives a program an input.
func inputLine(in spec.Input) string {
	in.Cut, in.Lossy = 0, false // crashes are ours to make
	o := wire.Open(nil)
	o.Text("event", in.Kind.String())
	o.Input(&in)
	return string(append(o.Close(), '\n'))
}

// loading returns a line that sets the program to a state first.
func loading(state, line string) string {
	return `{"load":` + state + "," + line[1:]
}
