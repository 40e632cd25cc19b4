package linearizability

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/raftcheck/raftcheck/traces/wire"
)

// Maelstrom's messages, one JSON object a line, in the order in which they were sent and received: {"src":"c1","dest":"n1","body":{…}}.
// Clients are called c and a number. Of their messages the read, write and cas of the lin-kv workload and the txn of the transactional
// ones are operations; all others, and those between nodes, are passed over.

// message is one message, as far as it matters.
type message struct {
	src, dest, kind, key string
	id, reply, code      int64
	hasID, isReply       bool
	value, from, to      optional
	txn                  []Action
	create               bool
}

func readMaelstrom(r *recorder, first []byte) error {
	m := &maelstrom{recorder: r, sent: map[request]int{}}
	line := first
	for {
		if err := m.line(line); err != nil {
			return err
		}
		var err error
		line, err = r.lines.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

type maelstrom struct {
	*recorder
	sent map[request]int // operations that wait for a reply
}

type request struct {
	client string
	id     int64
}

func (m *maelstrom) line(line []byte) error {
	d := wire.NewReader(line, false)
	var g message
	for d.Open('{'); d.More('}'); {
		switch string(d.Key()) {
		case "src":
			g.src = string(d.String())
		case "dest":
			g.dest = string(d.String())
		case "body":
			m.body(&d, &g)
		default:
			d.Ignore()
		}
	}
	d.End()
	if d.Err() == nil && (g.src == "" || g.dest == "") {
		d.FailAt(0, "a message without \"src\" or \"dest\"")
	}
	if err := m.complaint(line, d.Err()); err != nil {
		return err
	}
	switch {
	case isClient(g.src):
		return m.asked(&g)
	case isClient(g.dest):
		return m.answered(&g)
	}
	return nil
}

func isClient(name string) bool {
	digits, is := strings.CutPrefix(name, "c")
	return is && digits != "" && strings.Trim(digits, "0123456789") == ""
}

func (m *maelstrom) body(d *wire.Reader, g *message) {
	for d.Open('{'); d.More('}'); {
		switch string(d.Key()) {
		case "type":
			g.kind = string(d.String())
		case "msg_id":
			g.id, g.hasID = d.Int(), true
		case "in_reply_to":
			g.reply, g.isReply = d.Int(), true
		case "key":
			g.key = m.name(d)
		case "value":
			g.value = optional{m.json(d), true}
		case "from":
			g.from = optional{m.json(d), true}
		case "to":
			g.to = optional{m.json(d), true}
		case "create_if_not_exists":
			g.create = d.Bool()
		case "code":
			g.code = d.Int()
		case "txn":
			for d.Open('['); d.More(']'); {
				g.txn = append(g.txn, m.part(d))
			}
		default:
			d.Ignore()
		}
	}
}

// name is a key: a string, or another value as it is written.
func (m *maelstrom) name(d *wire.Reader) string {
	if d.Peek() == '"' {
		return string(m.value(kindText, d.String())[1:])
	}
	return string(d.Skip())
}

// part takes one operation of a transaction: ["r", key, value], ["w", key, value] or ["append", key, value].
func (m *maelstrom) part(d *wire.Reader) (a Action) {
	at := d.At()
	var kind string
	n := 0
	for d.Open('['); d.More(']'); n++ {
		switch n {
		case 0:
			kind = string(d.String())
		case 1:
			a.Key = m.name(d)
		case 2:
			a.Value = m.json(d)
		default:
			d.Skip()
		}
	}
	switch {
	case n != 3:
		d.FailAt(at, "an operation of a transaction is [kind, key, value]")
	case kind == "r":
	case kind == "w":
		a.Kind = Write
	case kind == "append":
		a.Kind, a.Value = Append, List(a.Value)
	default:
		d.FailAt(at, "unknown operation %q in a transaction: r, w or append", kind)
	}
	return a
}

// asked records a request of a client.
func (m *maelstrom) asked(g *message) error {
	var do []Action
	switch g.kind {
	case "read":
		do = []Action{ReadOf(g.key)}
	case "write":
		if !g.value.set {
			return m.fault("a write without \"value\"")
		}
		do = []Action{WriteOf(g.key, g.value.Value)}
	case "cas":
		if !g.from.set || !g.to.set {
			return m.fault("a cas without \"from\" or \"to\"")
		}
		if g.create {
			return m.fault("a cas with create_if_not_exists, which this reader does not know")
		}
		do = []Action{CompareAndSetOf(g.key, g.from.Value, g.to.Value)}
	case "txn":
		if do = g.txn; len(do) == 0 {
			return m.fault("a txn without operations")
		}
	default:
		return nil
	}
	switch {
	case g.key == "" && g.kind != "txn":
		return m.fault("a %s without \"key\": this is no workload of keys and values", g.kind)
	case !g.hasID:
		return m.fault("a %s without \"msg_id\"", g.kind)
	}
	at := request{g.src, g.id}
	if k, twice := m.sent[at]; twice {
		return m.fault("%s sends message %d again, first at line %d", g.src, g.id, m.Operations[k].CallLine)
	}
	m.now++
	m.sent[at] = len(m.Operations)
	m.Operations = append(m.Operations, Operation{Client: m.called(g.src), Call: m.now, Outcome: Pending, Do: m.actions(do...), CallLine: m.lines.Number()})
	return nil
}

// definite are the codes of the errors that say that a request has no effect.
var definite = map[int64]bool{1: true, 10: true, 11: true, 12: true, 14: true, 20: true, 21: true, 22: true, 30: true}

// answered records the reply to a client's request. A second reply, as of a message that was doubled, says nothing.
func (m *maelstrom) answered(g *message) error {
	k, waits := m.sent[request{g.dest, g.reply}]
	if !g.isReply || !waits || m.Operations[k].Outcome != Pending {
		return nil
	}
	o := &m.Operations[k]
	outcome := Returned
	switch {
	case g.kind == "error" && m.options.FailedCAS == Differed && o.Do[0].Kind == CompareAndSet && len(o.Do) == 1 && (g.code == 20 || g.code == 22):
		o.Do[0].Differs = true
	case g.kind == "error" && definite[g.code]:
		outcome = Failed
	case g.kind == "error":
		outcome = Unknown
	default:
		if err := m.saw(o, g); err != nil {
			return err
		}
	}
	m.now++
	o.Outcome, o.Return, o.ReturnLine = outcome, m.now, m.lines.Number()
	return nil
}

// saw takes over what a reply says.
func (m *maelstrom) saw(o *Operation, g *message) error {
	wanted := [...]string{"read_ok", "write_ok", "cas_ok"}
	switch {
	case g.kind == "txn_ok":
		if len(g.txn) != len(o.Do) {
			return m.fault("the transaction has %d parts here and %d at line %d", len(g.txn), len(o.Do), o.CallLine)
		}
		for k := range o.Do {
			if a := &o.Do[k]; a.Kind == Read {
				a.Value, a.Shown = g.txn[k].Value, true
			}
		}
		return nil
	case o.Do[0].Kind > CompareAndSet || len(o.Do) > 1 || g.kind != wanted[o.Do[0].Kind]:
		return m.fault("%s answers the request of line %d", cmpOr(g.kind, "a message without a type"), o.CallLine)
	}
	if a := &o.Do[0]; a.Kind == Read {
		if !g.value.set {
			return m.fault("a read_ok without \"value\"")
		}
		a.Value, a.Shown = g.value.Value, true
	}
	return nil
}

func cmpOr(word, otherwise string) string {
	if word == "" {
		return otherwise
	}
	return fmt.Sprintf("a %s", word)
}
