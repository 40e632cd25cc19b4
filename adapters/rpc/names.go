package rpc

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"unsafe"

	"github.com/raftcheck/raftcheck/adapters/rpc/internal/names"
	"github.com/raftcheck/raftcheck/spec"
)

// field finds the field of a struct that has one of these plain names, the first that there is. Embedded structs are looked into last.
func field(v reflect.Value, usual ...string) (reflect.Value, bool) {
	v = inside(v)
	if v.Kind() != reflect.Struct {
		return reflect.Value{}, false
	}
	places := placesOf(v.Type())
	for _, name := range usual {
		if k, is := places.named[name]; is {
			return open(v.Field(k)), true
		}
	}
	for _, k := range places.embedded {
		if f, is := field(open(v.Field(k)), usual...); is {
			return f, true
		}
	}
	return reflect.Value{}, false
}

// places are where the fields of a struct are.
type places struct {
	named    map[string]int // by plain name, the first of equal ones
	embedded []int
}

// known are the places of every struct that was looked into: reflect.Type -> *places.
var known sync.Map

func placesOf(t reflect.Type) *places {
	if p, is := known.Load(t); is {
		return p.(*places)
	}
	p := &places{named: map[string]int{}}
	for k := range t.NumField() {
		f := t.Field(k)
		if _, taken := p.named[names.Plain(f.Name)]; !taken {
			p.named[names.Plain(f.Name)] = k
		}
		if f.Anonymous {
			p.embedded = append(p.embedded, k)
		}
	}
	known.Store(t, p)
	return p
}

// at follows a path of names, "persistent.term", from a struct to a field.
func at(v reflect.Value, path string) (reflect.Value, bool) {
	for name := range strings.SplitSeq(path, ".") {
		var is bool
		if v, is = field(v, names.Plain(name)); !is {
			return v, false
		}
	}
	return v, true
}

// open makes an unexported field readable like any other.
func open(v reflect.Value) reflect.Value {
	if v.CanInterface() || !v.CanAddr() {
		return v
	}
	return reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem()
}

// inside follows pointers and interfaces; the zero Value is nil.
func inside(v reflect.Value) reflect.Value {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	return v
}

// number reads an integer, of whatever width, behind a pointer or in an atomic.
func number(v reflect.Value) (int64, bool) {
	v = inside(v)
	switch {
	case !v.IsValid():
		return 0, false
	case v.CanInt():
		return v.Int(), true
	case v.CanUint():
		return int64(v.Uint()), true
	case v.Kind() == reflect.Struct && v.Type().PkgPath() == "sync/atomic":
		f, is := field(v, "v")
		if !is {
			return 0, false
		}
		return number(f)
	}
	return 0, false
}

// truth reads a bool, or an integer that is 0 or not.
func truth(v reflect.Value) (is, known bool) {
	v = inside(v)
	if v.Kind() == reflect.Bool {
		return v.Bool(), true
	}
	n, known := number(v)
	return n != 0, known
}

// index reads an index, of a log that is counted from 1 or from 0. What is below stands for none.
func index(v reflect.Value, fromZero bool) (spec.Index, bool) {
	n, is := number(v)
	if fromZero {
		n++
	}
	return spec.Index(max(n, 0)), is
}

// positive reads a term. What is below 0 stands for none.
func positive(v reflect.Value) (uint64, bool) {
	n, is := number(v)
	return uint64(max(n, 0)), is
}

// valueOf shows a command as text. Nil is none: a no-op.
func valueOf(command any) (string, spec.EntryKind) {
	v := inside(reflect.ValueOf(command))
	switch {
	case !v.IsValid():
		return "", spec.NoOp
	case v.Kind() == reflect.String:
		return v.String(), spec.Command
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
		return string(v.Bytes()), spec.Command
	}
	if b, err := json.Marshal(v.Interface()); err == nil {
		return string(b), spec.Command
	}
	return fmt.Sprint(v.Interface()), spec.Command
}

// commandOf is the command of an entry.
func commandOf(entry reflect.Value) (command any, has bool) {
	v, has := field(entry, "command", "cmd", "data", "value", "payload", "op")
	if !has {
		return nil, false
	}
	return v.Interface(), true
}

// entryOf reads an entry of a log.
func entryOf(v reflect.Value) (e spec.Entry, is bool) {
	term, is := field(v, "term", "epoch")
	if !is {
		return e, false
	}
	n, is := positive(term)
	e.Term = spec.Term(n)
	if command, has := commandOf(v); has {
		e.Value, e.Kind = valueOf(command)
	}
	return e, is
}

// entriesOf reads the entries of a log, from a place of the slice on. They follow a configuration of voters; nil is not known.
func entriesOf(v reflect.Value, from int, m members, voters []int) (all []spec.Entry, is bool) {
	v = inside(v)
	if v.Kind() != reflect.Slice && v.Kind() != reflect.Array {
		return nil, false
	}
	for k := from; k < v.Len(); k++ {
		at := open(v.Index(k))
		e, is := entryOf(at)
		if !is {
			return nil, false
		}
		voters = m.configure(&e, at.Interface(), voters)
		all = append(all, e)
	}
	return all, true
}
