package hashicorp_test

import "github.com/hashicorp/raft"

// express is a transport that hands heartbeats past the library's main goroutine, as those over networks do.
type express struct {
	*raft.InmemTransport
	consumer chan raft.RPC
	handle   func(raft.RPC)
	dead     func() bool // nil is never: a server that is dead answers nothing
	closed   chan struct{}
}

func newExpress(inner *raft.InmemTransport) *express {
	return &express{InmemTransport: inner, consumer: make(chan raft.RPC), closed: make(chan struct{})}
}

func (e *express) Consumer() <-chan raft.RPC { return e.consumer }

func (e *express) SetHeartbeatHandler(handle func(raft.RPC)) {
	e.handle = handle
	go e.sort()
}

func (e *express) sort() {
	for {
		select {
		case rpc := <-e.InmemTransport.Consumer():
			if a, is := rpc.Command.(*raft.AppendEntriesRequest); is && a.Term > 0 && a.PrevLogEntry == 0 && len(a.Entries) == 0 && a.LeaderCommitIndex == 0 {
				go e.handle(rpc)
				continue
			}
			if e.dead != nil {
				rpc = e.mortal(rpc)
			}
			select {
			case e.consumer <- rpc:
			case <-e.closed:
				return
			}
		case <-e.closed:
			return
		}
	}
}

// mortal is a request whose answer is lost if the server dies over it.
func (e *express) mortal(rpc raft.RPC) raft.RPC {
	answers := make(chan raft.RPCResponse, 1)
	go func() {
		select {
		case answer := <-answers:
			if !e.dead() {
				rpc.RespChan <- answer
			}
		case <-e.closed:
		}
	}()
	return raft.RPC{Command: rpc.Command, Reader: rpc.Reader, RespChan: answers}
}

func (e *express) Close() error {
	close(e.closed)
	return e.InmemTransport.Close()
}
