package processes

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"strconv"
	"sync"

	"github.com/raftcheck/raftcheck/impl/runtime"
	"github.com/raftcheck/raftcheck/linearizability"
)

// history is what clients ask and are told, written in the order in which it happens, as raftcheck linearize reads it.
type history struct {
	mutex    sync.Mutex
	file     *os.File
	calls    int
	sessions map[string]*session
	err      error // the first
}

// The names of run's own clients, and of requests of clients without a name, begin with these. Nobody else's may.
const (
	loadName   = "load-"
	nobodyName = "request-"
)

// session is a client that names itself: what it asked last, and whether it was told.
type session struct {
	command runtime.Command
	open    bool
}

func newHistory(path string) (*history, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	h := &history{file: file, sessions: map[string]*session{}}
	h.write(map[string]any{"format": linearizability.FormatName, "version": linearizability.FormatVersion})
	return h, h.err
}

func (h *history) write(line map[string]any) {
	if h.err != nil {
		return
	}
	text, err := json.Marshal(line)
	if err == nil {
		_, err = h.file.Write(append(text, '\n'))
	}
	h.err = err
}

var errReused = errors.New("the client used this number for another request, or sent a later one")

// call notes that a client asks for something. One that asks for the same again goes on with it. A client that did not name itself
// gets a name of its own.
func (h *history) call(c *runtime.Command) error {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	s := h.sessions[c.Client]
	if c.Client != "" && s != nil {
		switch {
		case c.Number < s.command.Number, c.Number == s.command.Number && *c != s.command:
			return errReused
		case c.Number == s.command.Number:
			return nil
		case s.open:
			h.write(map[string]any{"client": c.Client, "event": "unknown"})
		}
	}
	h.calls++
	name := c.Client
	if name == "" {
		name = nobodyName + strconv.Itoa(h.calls)
		c.Number = uint64(h.calls) // for ended; the server does not see it
	}
	line := map[string]any{"client": name, "event": "call", "key": c.Key}
	switch c.Op {
	case runtime.Get:
		line["op"] = "read"
	case runtime.Put:
		line["op"], line["value"] = "write", c.Value
	case runtime.Delete:
		line["op"], line["value"] = "write", nil
	case runtime.Append:
		line["op"], line["value"] = "append", c.Value
	case runtime.Create:
		line["op"], line["from"], line["to"] = "cas", nil, c.Value
	case runtime.Replace:
		line["op"], line["from"], line["to"] = "cas", c.Expected, c.Value
	}
	h.write(line)
	h.sessions[name] = &session{command: *c, open: true}
	return nil
}

// ended notes what a client is told. Of a request that may still be sent again, nothing is known until it is answered.
func (h *history) ended(c *runtime.Command, r *reply) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	name := c.Client
	if name == "" {
		name = nobodyName + strconv.FormatUint(c.Number, 10)
	}
	s := h.sessions[name]
	if s == nil || !s.open || s.command != *c {
		return
	}
	line := map[string]any{"client": name, "event": "return"}
	switch {
	case r.done && c.Op == runtime.Get && r.code == http.StatusOK:
		line["value"] = string(r.body)
	case r.done && c.Op == runtime.Get:
		line["value"] = nil
	case r.done && (c.Op == runtime.Create || c.Op == runtime.Replace):
		line["swapped"] = r.code != http.StatusPreconditionFailed
	case r.done:
	case c.Client != "":
		return
	case r.nothing:
		line["event"] = "fail"
	default:
		line["event"] = "unknown"
	}
	s.open = false
	h.write(line)
	if c.Client == "" {
		delete(h.sessions, name)
	}
}

// close ends the history. Requests without an answer stay without one.
func (h *history) close() error {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	err := errors.Join(h.err, h.file.Close())
	h.err = os.ErrClosed
	return err
}
