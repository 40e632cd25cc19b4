package rpc

import (
	"fmt"
	"reflect"
	"slices"
	"testing/synctest"

	"github.com/raftcheck/raftcheck/adapters/bubble"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// members tells which entries are configurations, and who votes then; nil knows none. Servers are counted from 0.
type members func(entry any, before []int) (voters []int, is bool)

// configure shows an entry as the configuration that it is, if it is one, and returns who votes from there on. Nil voters, before or after, are not known.
func (m members) configure(e *spec.Entry, entry any, before []int) []int {
	if m == nil {
		return before
	}
	voters, is := m(entry, slices.Clone(before))
	if !is {
		return before
	}
	e.Kind, e.Value = spec.ConfigurationChange, ""
	if before == nil {
		if others, _ := m(entry, firstOf(cluster.MaxServers)); !slices.Equal(voters, others) {
			return nil // it says how the one before changes
		}
	}
	e.Value = spec.Configuration{Voters: idsOf(voters)}.String()
	return voters
}

// firstOf are the first n servers.
func firstOf(n int) (all []int) {
	for k := range n {
		all = append(all, k)
	}
	return all
}

func idsOf(places []int) (ids []spec.ServerID) {
	for _, k := range places {
		if k < 0 || k >= cluster.MaxServers {
			panic(bubble.Mistake(fmt.Sprintf("rpc: Members names server %d: they are counted from 0", k)))
		}
		ids = append(ids, spec.ServerID(k+1))
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func placesOfIDs(ids []spec.ServerID) (all []int) {
	for _, id := range ids {
		all = append(all, int(id)-1)
	}
	return all
}

// founders are who votes in a new cluster of so many servers.
func (s *Server[S]) founders(servers int) []int {
	if s.Founders > 0 {
		servers = min(s.Founders, servers)
	}
	return firstOf(servers)
}

// inForce is the configuration that a server goes by as its log has it: the last one, or else that of a new cluster if it is a founder. It returns false if what came before
// the log may have been another.
func (s *server[S]) inForce(l spec.Log) (c spec.Configuration, known bool) {
	if s.plan.Members == nil {
		return spec.Configuration{Voters: s.servers}, true
	}
	for k := len(l.Entries) - 1; k >= 0; k-- {
		if l.Entries[k].Kind == spec.ConfigurationChange {
			c, err := spec.ParseConfiguration(l.Entries[k].Value)
			return c, err == nil && l.Entries[k].Value != ""
		}
	}
	if founders := idsOf(s.founders); slices.Contains(founders, s.id) {
		c.Voters = founders
	}
	return c, l.Base == 0
}

// ask is how a server that goes by a configuration is asked for another one; nil if it cannot be.
func (s *server[S]) ask(now spec.Configuration, to spec.Change) func(S) bool {
	wanted, err := spec.ParseConfiguration(to.Text())
	if err != nil || to.Joint || len(wanted.Learners) > 0 {
		return nil
	}
	if s.plan.Change != nil {
		return func(raft S) bool { return s.plan.Change(raft, placesOfIDs(wanted.Voters)) }
	}
	more := without(wanted.Voters, now.Voters)
	less := without(now.Voters, wanted.Voters)
	ask, one := s.plan.AddServer, more
	if len(less) > 0 {
		ask, one = s.plan.RemoveServer, less
	}
	if ask == nil || len(more)+len(less) != 1 {
		return nil
	}
	return func(raft S) bool { return ask(raft, placesOfIDs(one)[0]) }
}

// without are those of all that are none of the others.
func without(all, others []spec.ServerID) []spec.ServerID {
	return slices.DeleteFunc(slices.Clone(all), func(id spec.ServerID) bool { return slices.Contains(others, id) })
}

// changing is a change that a client asked for, and of which it is not told yet whether it is taken on.
type changing struct {
	to      string
	refused bool
}

// change asks the server for another configuration. A client that is refused at once is sent to the leader that the server shows.
func (s *server[S]) change(to spec.Change, out *spec.Output) bool {
	e, raft, ask := s.env, s.raft, s.ask(s.look().Config, to)
	c := &changing{to: to.String()}
	e.mu.Lock()
	e.changes = append(e.changes, c)
	e.mu.Unlock()
	go func() {
		defer e.catch()
		taken := ask(raft)
		e.mu.Lock()
		defer e.mu.Unlock()
		c.refused = !taken
		e.changes = slices.DeleteFunc(e.changes, func(d *changing) bool { return d == c })
	}()
	synctest.Wait()
	return !c.refused || s.sendOn(out)
}

// spelt shows the configurations that a message carries as the sender's log has them, where what they say depends on those before.
func (s *server[S]) spelt(m spec.Message) spec.Message {
	hidden := func(e spec.Entry) bool { return e.Kind == spec.ConfigurationChange && e.Value == "" }
	if !m.Knows(spec.MessagePrevIndex) || !slices.ContainsFunc(m.Entries, hidden) {
		return m
	}
	m.Entries = slices.Clone(m.Entries)
	log := s.look().Log
	for k := range m.Entries {
		e, held := log.At(m.PrevLogIndex + spec.Index(k+1))
		if hidden(m.Entries[k]) && held && e.Kind == spec.ConfigurationChange && e.Term == m.Entries[k].Term {
			m.Entries[k].Value = e.Value
		}
	}
	return m
}

// configures reports whether what was told to be applied is a configuration, which is no command.
func (s *server[S]) configures(applied *spec.Reply) bool {
	if s.plan.Members == nil || s.plan.Observe != nil {
		return false
	}
	log := s.look().Log
	e, held := log.At(applied.Index)
	if !held || e.Kind != spec.ConfigurationChange {
		return false
	}
	all := inside(s.plan.observer.must(reflect.ValueOf(&s.raft), "log"))
	at := all.Len() - int(log.LastIndex()-applied.Index) - 1
	command, has := commandOf(open(all.Index(at)))
	if !has {
		return false
	}
	text, _ := valueOf(command)
	return text == applied.Value
}

// configuration is what a server shows of the configuration that it goes by; false is nothing.
func (o *observer) configuration(server reflect.Value) (c spec.Configuration, shown bool) {
	if o.members == nil {
		return c, false
	}
	v, is := o.find(server, "members")
	if !is {
		return c, false
	}
	c, shown = o.voters(v)
	if _, told := o.fields["members"]; told && !shown {
		panic(bubble.Mistake(fmt.Sprintf("rpc: the members, a %s, are no list of numbers or names of servers; Server.Amend says who they are", v.Type())))
	}
	return c, shown
}

// voters reads the configuration in force out of a field: numbers or names of servers, in a slice or as the keys of a map. It returns false if it is neither.
func (o *observer) voters(v reflect.Value) (c spec.Configuration, is bool) {
	server := func(k reflect.Kind) bool {
		return k >= reflect.Int && k <= reflect.Uint64 || k == reflect.String
	}
	v = inside(v)
	switch {
	case (v.Kind() == reflect.Slice || v.Kind() == reflect.Array) && server(v.Type().Elem().Kind()):
		for k := range v.Len() {
			c.Voters = append(c.Voters, o.server(v.Index(k)))
		}
	case v.Kind() == reflect.Map && server(v.Type().Key().Kind()):
		for key, value := range v.Seq2() {
			if value.Kind() != reflect.Bool || value.Bool() {
				c.Voters = append(c.Voters, o.server(key))
			}
		}
	default:
		return c, false
	}
	slices.Sort(c.Voters)
	return c, true
}
