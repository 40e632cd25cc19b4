package rpc

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
	"testing/synctest"

	"github.com/raftcheck/raftcheck/adapters/bubble"
	"github.com/raftcheck/raftcheck/spec"
)

// Peer is one end of a connection between two servers.
type Peer struct {
	env *Env
	to  spec.ServerID
}

// Call sends arguments to the method of the other server and blocks until the reply is there. It returns false if the call fails: only with
// Server.Serial, and when the server that calls is dead. A call that is made again word for word takes the place of the first, which is given up.
// args and reply are pointers to structs.
func (p *Peer) Call(method string, args, reply any) bool {
	e := p.env
	c := &call{to: p.to, reply: reply, answered: make(chan bool, 1)}
	m, is := e.requestTo(p.to, method, args)
	if !is {
		return false
	}
	c.payload = m.Payload
	e.mu.Lock()
	if !e.over {
		e.wait(c)
		e.happens(spec.Effect{Kind: spec.Send, Message: m}, nil)
	}
	e.mu.Unlock()
	select {
	case ok := <-c.answered:
		return ok
	case <-e.gone:
		return false
	}
}

// requestTo is the message that a call is, or false if it cannot be made, which ends the step as a fault.
func (e *Env) requestTo(to spec.ServerID, method string, args any) (m spec.Message, is bool) {
	defer e.catch()
	m = e.codec.request(e.id, to, method, args)
	m.Payload = text(e.token(), request{method, e.codec.raw(args)})
	return m, true
}

// Ask is Call for servers that expect a reply and an error back, as gRPC's clients return them: the reply, a pointer to a struct R, or ErrNoReply.
func Ask[R any](p *Peer, method string, args any) (*R, error) {
	reply := new(R)
	if !p.Call(method, args, reply) {
		return nil, ErrNoReply
	}
	return reply, nil
}

// ErrNoReply says that a call failed.
var ErrNoReply = errors.New("no reply")

// call is a call that waits for its answer.
type call struct {
	to       spec.ServerID
	payload  string
	reply    any
	answered chan bool
}

// request is what travels to a server, and response what comes back. A response repeats the request, so that who asked knows it again. Before either stands the
// token of the read that waited when the call was made, if one did.
type (
	request struct {
		Call string          `json:"call"`
		Args json.RawMessage `json:"args"`
	}
	response struct {
		request
		Reply json.RawMessage `json:"reply"`
	}
)

// text is what travels, as text, and parse reads it.
func text(token string, v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(bubble.Mistake(fmt.Sprintf("rpc: what a codec made is no JSON: %v", err)))
	}
	return token + string(b)
}

func parse(payload string, v any) (token string, err error) {
	at := max(strings.IndexByte(payload, '{'), 0)
	return payload[:at], json.Unmarshal([]byte(payload[at:]), v)
}

// pending returns the place of a call among those that wait, or -1. The caller holds mu.
func (e *Env) pending(to spec.ServerID, payload string) int {
	return slices.IndexFunc(e.calls, func(c *call) bool { return c.to == to && c.payload == payload })
}

// wait lets a call wait for its answer, and gives up the one that it repeats, or the oldest if there are too many now. The caller holds mu.
//
// Why there is a bound: whether an answer is still awaited is state, and no message ever says that a call is over. A server that has made n calls
// without an answer would have 2ⁿ states that differ in nothing else.
func (e *Env) wait(c *call) {
	if k := e.pending(c.to, c.payload); k >= 0 {
		e.giveUp(k)
	}
	e.calls = append(e.calls, c)
	same := func(d *call) bool { return d.to == c.to }
	n := 0
	for _, d := range e.calls {
		if same(d) {
			n++
		}
	}
	if n > e.mostCalls {
		e.giveUp(slices.IndexFunc(e.calls, same))
	}
}

// giveUp takes a call out of those that an answer may still reach. It fails with the others if calls do fail. The caller holds mu.
func (e *Env) giveUp(k int) {
	if e.serial {
		e.givenUp = append(e.givenUp, e.calls[k])
	}
	e.calls = slices.Delete(e.calls, k, k+1)
}

// failCalls makes every call fail that has not returned.
func (e *Env) failCalls() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, c := range slices.Concat(e.givenUp, e.calls) {
		c.answered <- false
	}
	e.givenUp, e.calls = nil, nil
}

// requestOf returns the payload of the request that a response answers.
func requestOf(payload string) string {
	var r response
	token, err := parse(payload, &r)
	if err != nil {
		return ""
	}
	return text(token, r.request)
}

// answer ends the call that a reply answers.
func (e *Env) answer(m *spec.Message) {
	var r response
	if _, err := parse(m.Payload, &r); err != nil {
		panic(bubble.Mistake(fmt.Sprintf("rpc: a reply that is none: %v", err)))
	}
	e.mu.Lock()
	k := e.pending(m.From, requestOf(m.Payload))
	c := e.calls[k]
	e.calls = slices.Delete(e.calls, k, k+1)
	e.mu.Unlock()
	e.codec.fill(c.reply, r.Reply)
	c.answered <- true
	synctest.Wait()
}

// handle gives a request to the method that handles it, in a goroutine of its own. The reply leaves when the method returns.
func (e *Env) handle(receiver reflect.Value, m *spec.Message) {
	var r request
	token, err := parse(m.Payload, &r)
	if err != nil {
		panic(bubble.Mistake(fmt.Sprintf("rpc: a request that is none: %v", err)))
	}
	h := handlerOf(receiver, r.Call)
	args, reply := reflect.New(h.args), reflect.New(h.reply)
	e.codec.fill(args.Interface(), r.Args)
	e.mu.Lock()
	e.handling = append(e.handling, m.Payload)
	e.mu.Unlock()
	go func() {
		defer e.catch()
		ok := h.call(args, &reply)
		e.mu.Lock()
		defer e.mu.Unlock()
		k := slices.Index(e.handling, m.Payload)
		e.handling = slices.Delete(e.handling, k, k+1)
		if !ok || e.over || m.Kind == spec.TimeoutNow {
			return
		}
		back := e.codec.reply(m, reply.Interface())
		back.Payload = text(token, response{r, e.codec.raw(reply.Interface())})
		e.happens(spec.Effect{Kind: spec.Send, Message: back}, nil)
	}()
	synctest.Wait()
}

// catch keeps what a goroutine panics with, to be told as a fault.
func (e *Env) catch() {
	if value := recover(); value != nil {
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.fault == nil {
			e.fault = bubble.Panic(value, debug.Stack())
		}
		e.stirs()
	}
}
