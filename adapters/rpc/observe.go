package rpc

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/raftcheck/raftcheck/adapters/bubble"
	"github.com/raftcheck/raftcheck/adapters/rpc/internal/names"
	"github.com/raftcheck/raftcheck/spec"
)

// observer reads a server's fields.
type observer struct {
	fields   map[string]string
	roles    []spec.Role
	id       func(any) spec.ServerID
	members  members
	fromZero bool
	dummy    int // entries before the first in the log of a server that has none
}

// find returns a field of the server.
func (o *observer) find(server reflect.Value, key string) (reflect.Value, bool) {
	if path, told := o.fields[key]; told {
		if path == "" {
			return reflect.Value{}, false
		}
		v, is := at(server, path)
		if !is {
			panic(bubble.Mistake(fmt.Sprintf("rpc: Fields says that %s is %q, and %s has no such field; it has %s", key, path, inside(server).Type(), fieldsOf(server))))
		}
		return v, true
	}
	return field(server, names.Fields[key]...)
}

// must returns a field that every server has.
func (o *observer) must(server reflect.Value, key string) reflect.Value {
	v, is := o.find(server, key)
	if !is {
		panic(bubble.Mistake(fmt.Sprintf("rpc: which field of %s is %s? It has %s. Server.Fields says it, or Server.Observe shows all", inside(server).Type(), key, fieldsOf(server))))
	}
	return v
}

func fieldsOf(v reflect.Value) string {
	var names []string
	if t := inside(v).Type(); t.Kind() == reflect.Struct {
		for k := range t.NumField() {
			names = append(names, t.Field(k).Name)
		}
	}
	return strings.Join(names, ", ")
}

// observe shows a server that is up, but for its configuration.
func (o *observer) observe(server reflect.Value, others []spec.ServerID, founders []int) spec.Observation {
	show := spec.Observation{Unknown: spec.FieldVotes | spec.FieldRefused | spec.FieldContact | spec.FieldReads}
	term, is := positive(o.must(server, "term"))
	if !is {
		panic(bubble.Mistake("rpc: the term is no number"))
	}
	show.Term, show.Role = spec.Term(term), o.role(o.must(server, "role"))
	show.VotedFor = o.server(o.must(server, "votedFor"))
	show.Log = o.log(server, founders)
	number := func(key string, lacks spec.Field) spec.Index {
		if v, is := o.find(server, key); is {
			if n, is := index(v, o.fromZero); is {
				return n
			}
		}
		show.Unknown |= lacks
		return 0
	}
	show.CommitIndex, show.LastApplied = number("commitIndex", spec.FieldCommit), number("lastApplied", spec.FieldApplied)
	if v, is := o.find(server, "leader"); is {
		show.LeaderID = o.server(v)
	} else {
		show.Unknown |= spec.FieldLeader
	}
	if show.Role == spec.Leader {
		o.progress(server, others, &show)
	}
	return show
}

// role reads a role: a number that Roles explains, or what prints as one.
func (o *observer) role(v reflect.Value) spec.Role {
	text := ""
	if v.CanInterface() {
		if s, is := v.Interface().(fmt.Stringer); is {
			text = s.String()
		}
	}
	if w := inside(v); w.Kind() == reflect.String {
		text = w.String()
	}
	if text != "" {
		if role, is := names.Role(text); is {
			return role
		}
	}
	if n, is := number(v); is && n >= 0 && int(n) < len(o.roles) {
		return o.roles[n]
	}
	panic(bubble.Mistake(fmt.Sprintf("rpc: what role is %v? Server.Roles says what the numbers mean", v)))
}

// server reads which server is meant. Nil and "" are none.
func (o *observer) server(v reflect.Value) spec.ServerID {
	v = inside(v)
	if !v.IsValid() || v.Kind() == reflect.String && v.Len() == 0 {
		return spec.None
	}
	if n, is := number(v); is {
		return o.id(int(n))
	}
	if v.Kind() == reflect.String {
		return o.id(v.String())
	}
	return o.id(open(v).Interface())
}

// log reads the log and what it begins after.
func (o *observer) log(server reflect.Value, founders []int) (l spec.Log) {
	v := o.must(server, "log")
	if base, is := o.find(server, "baseIndex"); is {
		l.Base, _ = index(base, o.fromZero)
	}
	if l.Base > 0 {
		founders = nil
	}
	var is bool
	if l.Entries, is = entriesOf(v, o.dummy, o.members, founders); !is {
		panic(bubble.Mistake(fmt.Sprintf("rpc: the log, a %s, is no slice of entries with a term; Server.Fields says where in it they are, or Server.Observe shows all", inside(v).Type())))
	}
	switch term, is := o.find(server, "baseTerm"); {
	case is:
		n, _ := positive(term)
		l.BaseTerm = spec.Term(n)
	case o.dummy == 1:
		dummy, _ := entriesOf(v, 0, nil, nil)
		l.BaseTerm = dummy[0].Term
	}
	return l
}

// progress reads what a leader believes of the others, from slices or maps by server.
func (o *observer) progress(server reflect.Value, others []spec.ServerID, show *spec.Observation) {
	next, has := o.find(server, "nextIndex")
	match, too := o.find(server, "matchIndex")
	if !has || !too {
		show.Unknown |= spec.FieldProgress
		return
	}
	nexts, matches := o.byServer(next), o.byServer(match)
	for _, id := range others {
		next, knows := nexts[id]
		if _, too := matches[id]; !knows && !too && o.members != nil { // it is no member
			continue
		}
		show.Progress = append(show.Progress, spec.Progress{Server: id, NextIndex: next, MatchIndex: matches[id]})
	}
}

func (o *observer) byServer(v reflect.Value) map[spec.ServerID]spec.Index {
	all := map[spec.ServerID]spec.Index{}
	v = inside(v)
	switch v.Kind() {
	case reflect.Slice, reflect.Array:
		for k := range v.Len() {
			all[spec.ServerID(k+1)], _ = index(v.Index(k), o.fromZero)
		}
	case reflect.Map:
		for key, value := range v.Seq2() {
			all[o.server(key)], _ = index(value, o.fromZero)
		}
	}
	return all
}

// keys are the keys of Fields.
func keys() []string { return slices.Sorted(maps.Keys(names.Fields)) }
