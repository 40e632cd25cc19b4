package runtime

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces/wire"
)

// Listen listens at an address: "127.0.0.1:7001" is TCP, "unix:PATH" a socket of the file system, which a server that was killed may
// have left behind.
func Listen(address string) (net.Listener, error) {
	network, where := split(address)
	if network == "unix" {
		if err := os.Remove(where); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
	}
	return net.Listen(network, where)
}

// Dial connects to an address as Listen understands it.
func Dial(address string, within time.Duration) (net.Conn, error) {
	network, where := split(address)
	return net.DialTimeout(network, where, within)
}

func split(address string) (network, where string) {
	if path, is := strings.CutPrefix(address, "unix:"); is {
		return "unix", path
	}
	return "tcp", address
}

// network carries messages between servers, one JSON object a line. A message that cannot be sent at once is lost: Raft sends it again.
type network struct {
	id      spec.ServerID
	deliver func(Envelope)
	peers   map[spec.ServerID]*peer

	listener net.Listener
	done     chan struct{}
	running  sync.WaitGroup

	mutex       sync.Mutex
	cut         map[spec.ServerID]bool // whom this server neither writes to nor hears
	connections map[net.Conn]bool
}

// peer is the way to another server.
type peer struct {
	address string
	queue   chan Envelope
}

// How much may wait on the way to a server, and how long a connection may take.
const (
	queued      = 256
	dialWithin  = 200 * time.Millisecond
	writeWithin = time.Second
	dialEvery   = 10 * time.Millisecond
)

// startNetwork listens, and calls deliver for what arrives until stop.
func startNetwork(id spec.ServerID, addresses map[spec.ServerID]string, deliver func(Envelope)) (*network, error) {
	listener, err := Listen(addresses[id])
	if err != nil {
		return nil, err
	}
	n := &network{id: id, deliver: deliver, peers: map[spec.ServerID]*peer{}, listener: listener, done: make(chan struct{}), connections: map[net.Conn]bool{}}
	for other, address := range addresses {
		if other != id {
			p := &peer{address: address, queue: make(chan Envelope, queued)}
			n.peers[other] = p
			n.running.Go(func() { n.write(p) })
		}
	}
	n.running.Go(n.accept)
	return n, nil
}

func (n *network) stop() {
	close(n.done)
	n.listener.Close()
	n.mutex.Lock()
	for c := range n.connections {
		c.Close()
	}
	n.mutex.Unlock()
	n.running.Wait()
}

// isolate cuts this server off from others, or from nobody.
func (n *network) isolate(from []spec.ServerID) {
	cut := map[spec.ServerID]bool{}
	for _, id := range from {
		cut[id] = true
	}
	n.mutex.Lock()
	defer n.mutex.Unlock()
	n.cut = cut
}

func (n *network) reaches(id spec.ServerID) bool {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	return !n.cut[id]
}

// send puts a message on its way, and never waits.
func (n *network) send(e Envelope) {
	p := n.peers[e.Message.To]
	if p == nil || !n.reaches(e.Message.To) {
		return
	}
	select {
	case p.queue <- e:
	default:
	}
}

// write carries messages to one server, over one connection after another.
func (n *network) write(p *peer) {
	var connection net.Conn
	var out *bufio.Writer
	var line []byte
	var dialled time.Time
	drop := func() {
		if connection != nil {
			n.forget(connection)
			connection = nil
		}
	}
	defer drop()
	for {
		var e Envelope
		select {
		case <-n.done:
			return
		case e = <-p.queue:
		}
		if connection == nil {
			if time.Since(dialled) < dialEvery {
				continue
			}
			dialled = time.Now()
			c, err := Dial(p.address, dialWithin)
			if err != nil || !n.keep(c) {
				continue
			}
			connection, out = c, bufio.NewWriterSize(c, 64<<10)
		}
		line = append(AppendEnvelope(line[:0], &e), '\n')
		_ = connection.SetWriteDeadline(time.Now().Add(writeWithin))
		_, err := out.Write(line)
		if err == nil && len(p.queue) == 0 {
			err = out.Flush()
		}
		if err != nil {
			drop()
		}
	}
}

// keep notes a connection, to be closed by stop; false if that is over.
func (n *network) keep(c net.Conn) bool {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	select {
	case <-n.done:
		c.Close()
		return false
	default:
	}
	n.connections[c] = true
	return true
}

func (n *network) forget(c net.Conn) {
	c.Close()
	n.mutex.Lock()
	defer n.mutex.Unlock()
	delete(n.connections, c)
}

func (n *network) accept() {
	for {
		c, err := n.listener.Accept()
		if err != nil {
			return
		}
		if n.keep(c) {
			n.running.Go(func() { n.read(c) })
		}
	}
}

// read hands over what another server sends. Whoever sends what is no message is not listened to any more.
func (n *network) read(c net.Conn) {
	defer n.forget(c)
	in := bufio.NewReaderSize(c, 64<<10)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		e, err := ParseEnvelope(line[:len(line)-1])
		if err != nil {
			return
		}
		if n.reaches(e.Message.From) {
			n.deliver(e)
		}
	}
}

// AppendEnvelope appends an envelope as one line of JSON, the message as in a trace.
func AppendEnvelope(dst []byte, e *Envelope) []byte {
	o := wire.Open(dst)
	o.Message("message", &e.Message)
	if len(e.Machine) > 0 {
		o.Raw("machine", string(e.Machine))
	}
	return o.Close()
}

// ParseEnvelope reads what AppendEnvelope writes.
func ParseEnvelope(line []byte) (e Envelope, err error) {
	r := wire.NewReader(line, true)
	for r.Open('{'); r.More('}'); {
		at := r.At()
		switch name := r.Key(); string(name) {
		case "message":
			e.Message = r.Message()
		case "machine":
			e.Machine = append([]byte(nil), r.Skip()...)
		default:
			r.Unknown(at, name)
		}
	}
	r.End()
	if err := r.Err(); err != nil {
		return Envelope{}, fmt.Errorf("no envelope: %w", err)
	}
	if e.Message.Kind == 0 {
		return Envelope{}, errors.New("no envelope: it holds no message with a kind")
	}
	if len(e.Machine) > 0 && !json.Valid(e.Machine) {
		return Envelope{}, errors.New("no envelope: its machine is no JSON")
	}
	return e, nil
}
