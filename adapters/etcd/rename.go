package etcd

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/raftcheck/raftcheck/spec"
)

var _ spec.EntryRenamer = (*server)(nil)

// RenamesEntries is part of spec.EntryRenamer.
func (s *server) RenamesEntries() {}

// Rename returns a message with other servers and values in it: on the wire too, where the fields of raftpb have the same numbers in all releases.
func (s *server) Rename(m spec.Message, rename func(spec.ServerID) spec.ServerID, value func(string) string) spec.Message {
	n := &names{server: func(id uint64) uint64 { return uint64(rename(spec.ServerID(id))) }, value: value}
	m.From, m.To = rename(m.From), rename(m.To)
	m.Payload = n.message(m.Payload)
	if len(m.Entries) == len(n.shown) {
		m.Entries = n.shown
	}
	return m
}

// names gives servers and clients' values other names in what raftpb encodes.
type names struct {
	server func(uint64) uint64
	value  func(string) string
	shown  []spec.Entry // the entries of the message, as rules see them
}

// message renames in a raftpb.Message: To, From, the entries, and the snapshot's configuration.
func (n *names) message(wire string) string {
	return rewritten(wire, func(field, number uint64) uint64 {
		if field == 2 || field == 3 {
			return n.named(number)
		}
		return number
	}, func(field uint64, inner string) string {
		switch field {
		case 7:
			return n.entry(inner)
		case 9:
			return n.within(inner, 2, func(metadata string) string { return n.within(metadata, 1, n.configuration) })
		}
		return inner
	})
}

// within renames in one field of what is encoded.
func (n *names) within(wire string, at uint64, renamed func(string) string) string {
	return rewritten(wire, sameNumber, func(field uint64, inner string) string {
		if field == at {
			return renamed(inner)
		}
		return inner
	})
}

func sameNumber(_, number uint64) uint64 { return number }

// named renames a server; 0 is none.
func (n *names) named(id uint64) uint64 {
	if id == 0 {
		return 0
	}
	return n.server(id)
}

// entry renames in a raftpb.Entry: the value of a client, or the servers of a change.
func (n *names) entry(wire string) string {
	var e Entry
	data := func(inner string) string {
		switch e.Data = inner; {
		case e.Type == EntryConfChange:
			var c ConfChange
			e.Data = n.change(inner, 3, &c)
			e.Text = Describe([]ConfChange{c})
		case e.Type != EntryNormal:
			var all []ConfChange
			e.Data, all = n.changes(inner)
			e.Text = Describe(all)
		case inner != "":
			e.Data = n.value(inner)
		}
		return e.Data
	}
	if e.Text = Describe(nil); wire == "" {
		return wire
	}
	wire = rewritten(wire, func(field, number uint64) uint64 {
		switch field {
		case 1:
			e.Type = EntryType(number)
		case 2:
			e.Term = number
		}
		return number
	}, func(field uint64, inner string) string {
		if field == 4 {
			return data(inner)
		}
		return inner
	})
	n.shown = append(n.shown, shown(e))
	return wire
}

// change renames the server of a raftpb.ConfChange or ConfChangeSingle, whose field has that number, and reads it.
func (n *names) change(wire string, at uint64, c *ConfChange) string {
	return rewritten(wire, func(field, number uint64) uint64 {
		switch {
		case field == at:
			c.Server = n.named(number)
			return c.Server
		case field == at-1:
			c.Type = ConfChangeType(number)
		}
		return number
	}, sameText)
}

func sameText(_ uint64, inner string) string { return inner }

// changes renames the servers of a raftpb.ConfChangeV2, and reads it. Changes of one type stay in the order of names.
func (n *names) changes(wire string) (string, []ConfChange) {
	type single struct {
		ConfChange
		wire string
	}
	var all []single
	n.within(wire, 2, func(inner string) string {
		var s single
		s.wire = n.change(inner, 2, &s.ConfChange)
		all = append(all, s)
		return inner
	})
	first := func(s single) int {
		return slices.IndexFunc(all, func(other single) bool { return other.Type == s.Type })
	}
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b single) int { return cmp.Or(cmp.Compare(first(a), first(b)), cmp.Compare(a.Server, b.Server)) })
	k := -1
	wire = n.within(wire, 2, func(string) string { k++; return sorted[k].wire })
	var changes []ConfChange
	for _, s := range sorted {
		changes = append(changes, s.ConfChange)
	}
	return wire, changes
}

// configuration renames the servers of a raftpb.ConfState, whose lists stay in the order of names.
func (n *names) configuration(wire string) string {
	const autoLeave = 5
	lists := map[uint64][]uint64{}
	rewritten(wire, func(field, number uint64) uint64 {
		lists[field] = append(lists[field], number)
		return number
	}, sameText)
	for field, list := range lists {
		for k := range list {
			if field != autoLeave {
				list[k] = n.named(list[k])
			}
		}
		slices.Sort(list)
	}
	return rewritten(wire, func(field, _ uint64) uint64 {
		number := lists[field][0]
		lists[field] = lists[field][1:]
		return number
	}, sameText)
}

// rewritten returns an encoded message of protocol buffers with other numbers, and other texts or messages within, in its fields. What is not of that form
// stays as it is. It is what google.golang.org/protobuf/encoding/protowire is for, which raftcheck's own module does not require.
func rewritten(wire string, number func(field, number uint64) uint64, text func(field uint64, inner string) string) string {
	rest, out := []byte(wire), make([]byte, 0, len(wire)+2)
	for len(rest) > 0 {
		tag, n := binary.Uvarint(rest)
		value, k := binary.Uvarint(rest[max(n, 0):])
		if n <= 0 || tag&7 == 0 && k <= 0 || tag&7 == 2 && (k <= 0 || value > uint64(len(rest)-n-k)) {
			return wire
		}
		size := n
		switch tag & 7 {
		case 0:
			out = binary.AppendUvarint(append(out, rest[:n]...), number(tag>>3, value))
			rest = rest[n+k:]
			continue
		case 2:
			inner := text(tag>>3, string(rest[n+k:n+k+int(value)]))
			out = append(binary.AppendUvarint(append(out, rest[:n]...), uint64(len(inner))), inner...)
			rest = rest[n+k+int(value):]
			continue
		case 1:
			size += 8
		case 5:
			size += 4
		}
		if size > len(rest) {
			return wire
		}
		out, rest = append(out, rest[:size]...), rest[size:]
	}
	return string(out)
}
