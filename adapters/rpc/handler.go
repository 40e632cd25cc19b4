package rpc

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	"github.com/raftcheck/raftcheck/adapters/bubble"
)

// handler is a method that other servers call: one that fills in a reply, or returns one.
type handler struct {
	method      reflect.Value
	args, reply reflect.Type // structs
	context     bool         // the first argument is a context
	returns     bool         // the reply is returned, and not filled in
	fails       bool         // the last result is an error
}

var (
	errorType   = reflect.TypeFor[error]()
	contextType = reflect.TypeFor[interface {
		Done() <-chan struct{}
		Err() error
	}]()
)

// handlerOf finds the method that a call names: "Raft.RequestVote" and "RequestVote" are the method RequestVote.
func handlerOf(receiver reflect.Value, name string) *handler {
	method := receiver.MethodByName(name[strings.LastIndexAny(name, "./")+1:])
	if !method.IsValid() {
		panic(bubble.Mistake(fmt.Sprintf("rpc: %s has no method %s, which another server calls; Server.Receiver says what has", receiver.Type(), name)))
	}
	h := &handler{method: method}
	t := method.Type()
	var in, out []reflect.Type
	for k := range t.NumIn() {
		in = append(in, t.In(k))
	}
	for k := range t.NumOut() {
		out = append(out, t.Out(k))
	}
	if len(in) > 0 && in[0].Implements(contextType) {
		h.context, in = true, in[1:]
	}
	if n := len(out); n > 0 && out[n-1] == errorType {
		h.fails, out = true, out[:n-1]
	}
	switch {
	case len(in) == 2 && len(out) == 0 && in[1].Kind() == reflect.Pointer:
		h.args, h.reply = structOf(in[0]), structOf(in[1])
	case len(in) == 1 && len(out) == 1:
		h.args, h.reply, h.returns = structOf(in[0]), structOf(out[0]), true
	}
	if h.args == nil || h.reply == nil {
		panic(bubble.Mistake(fmt.Sprintf("rpc: %s is %s, and neither func(args, *reply) nor func(args) reply", name, t)))
	}
	return h
}

// structOf returns the struct that a type is or points to, or nil.
func structOf(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	return t
}

// call calls the method. reply, a pointer to a struct, is filled in or replaced. It returns false when the method says that it failed.
func (h *handler) call(args reflect.Value, reply *reflect.Value) bool {
	var in []reflect.Value
	if h.context {
		in = append(in, reflect.ValueOf(context.Background()))
	}
	t := h.method.Type()
	if t.In(len(in)).Kind() == reflect.Pointer {
		in = append(in, args)
	} else {
		in = append(in, args.Elem())
	}
	if !h.returns {
		in = append(in, *reply)
	}
	out := h.method.Call(in)
	if h.fails && !out[len(out)-1].IsNil() {
		return false
	}
	if !h.returns {
		return true
	}
	if out[0].Kind() != reflect.Pointer {
		(*reply).Elem().Set(out[0])
		return true
	}
	if out[0].IsNil() {
		if h.fails {
			panic(bubble.Mistake("rpc: a method that other servers call, " + t.String() + ", returned neither a reply nor an error"))
		}
		return false
	}
	*reply = out[0]
	return true
}
