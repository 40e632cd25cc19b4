package linearizability_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/linearizability"
	"github.com/raftcheck/raftcheck/spec"
)

// speller writes what clients saw as one program might have written it: values, keys and names of operations are spelled in one of the ways that
// mean the same, by chance but the same way throughout where it must be.
type speller struct {
	*rand.Rand
	h                   *linearizability.History
	several             bool   // operations are transactions
	key                 string // how a key is written: a format of its number
	f, read, write, cas string
	plain               bool // without what only EDN has
}

func newSpeller(r *rand.Rand, h *linearizability.History, plain bool) *speller {
	s := &speller{Rand: r, h: h, plain: plain, f: "txn", read: "r", write: "w", cas: "cas", key: `"k%s"`}
	s.several = slices.ContainsFunc(h.Operations, func(o linearizability.Operation) bool { return len(o.Do) > 1 || o.Do[0].Kind == linearizability.Append })
	if plain {
		return s
	}
	s.key = []string{`"k%s"`, "%s", ":k%s", "k%s", ":a/k%s"}[r.IntN(5)]
	s.f = []string{"txn", "append", "mix", "my/txn"}[r.IntN(4)]
	if r.IntN(2) == 0 {
		s.read, s.write = "read", "write"
	}
	return s
}

// value spells a value.
func (s *speller) value(v linearizability.Value) string {
	text := v.String()
	switch {
	case s.plain || v == linearizability.Absent:
		return text
	case v.IsList():
		var parts []string
		for e := range v.Elements {
			parts = append(parts, s.value(e))
		}
		text = strings.Join(parts, []string{" ", ", "}[s.IntN(2)])
		return []string{"[" + text + "]", "(" + text + ")"}[s.IntN(2)]
	}
	return text + []string{"", "", "", "N"}[s.IntN(4)]
}

func (s *speller) seen(a *linearizability.Action, kind string) string {
	if kind != "ok" {
		return "nil"
	}
	return s.value(a.Value)
}

// action spells an action as a micro-operation, or as an operation on a key of its own.
func (s *speller) action(a *linearizability.Action, kind string) (f, value string) {
	key := fmt.Sprintf(s.key, strings.TrimPrefix(a.Key, "k"))
	switch a.Kind {
	case linearizability.Read:
		f, value = s.read, key+" "+s.seen(a, kind)
	case linearizability.Append:
		f, value = "append", key+" "+strings.Trim(a.Value.String(), "[]")
	case linearizability.CompareAndSet:
		f, value = s.cas, key+" ["+s.value(a.Expected)+" "+s.value(a.Value)+"]"
	default:
		f, value = s.write, key+" "+s.value(a.Value)
	}
	return f, value
}

// op spells what happened to an operation.
func (s *speller) op(o *linearizability.Operation, kind string) op {
	e := op{process: s.process(o), kind: kind, f: s.f}
	if kind == "info" || kind == "fail" && s.IntN(2) == 0 {
		e.err = []string{"indeterminate: connection lost (try again\nlater)", "java.net.SocketTimeoutException", "Unknown table 'registers'", ":timeout"}[s.IntN(4)]
	}
	if !s.several {
		f, value := s.action(&o.Do[0], kind)
		e.f, e.value = map[string]string{"r": "read", "w": "write"}[f], "["+value+"]"
		e.f = cmp.Or(e.f, f)
		return e
	}
	var parts []string
	for k := range o.Do {
		f, value := s.action(&o.Do[k], kind)
		parts = append(parts, "[:"+f+" "+value+"]")
	}
	e.value = "[" + strings.Join(parts, " ") + "]"
	return e
}

// process is the number of an operation's client: its name, or one behind all names.
func (s *speller) process(o *linearizability.Operation) string {
	if n, err := strconv.Atoi(s.h.Clients[o.Client]); err == nil {
		return strconv.Itoa(n)
	}
	return strconv.Itoa(100_000 + o.Client)
}

// run is the whole of what happened, in the order of time, with a nemesis now and then.
func (s *speller) run() (all []op) {
	for _, e := range happenings(s.h) {
		if s.IntN(20) == 0 {
			all = append(all, op{process: ":nemesis", kind: "info", f: "start", value: `{"n1" [:cut #{"n2"}]}`})
		}
		all = append(all, s.op(&s.h.Operations[e.operation], e.kind))
	}
	return all
}

// happening is a call or an end.
type happening struct {
	at        int64
	operation int
	kind      string
}

func happenings(h *linearizability.History) (all []happening) {
	kinds := map[linearizability.Outcome]string{linearizability.Returned: "ok", linearizability.Failed: "fail", linearizability.Unknown: "info"}
	for k := range h.Operations {
		o := &h.Operations[k]
		all = append(all, happening{o.Call, k, "invoke"})
		if kind := kinds[o.Outcome]; kind != "" {
			all = append(all, happening{o.Return, k, kind})
		}
	}
	slices.SortFunc(all, func(a, b happening) int { return cmp.Compare(a.at, b.at) })
	return all
}

// loose is history.edn with the entries of a map in any order, with and without commas, in records and with what says nothing between.
func (s *speller) loose() string {
	var b strings.Builder
	omitted := s.several && s.IntN(2) == 0
	for n, o := range s.run() {
		entries := []string{":type :" + o.kind, ":value " + o.value, ":process " + o.process, fmt.Sprintf(":time %d", n*1000), fmt.Sprintf(":index %d", n)}
		if !omitted || o.process == ":nemesis" {
			entries = append(entries, ":f :"+o.f) // TiPocket and Elle write none
		}
		if o.err != "" {
			entries = append(entries, fmt.Sprintf(":error [:oops %q]", o.err))
		}
		s.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
		b.WriteString([]string{"", "", "#jepsen.history.Op", "#jepsen.history.Op ", "; a comment }\n", "#_{:process 7} "}[s.IntN(6)])
		b.WriteString("{" + strings.Join(entries, []string{", ", " ", ",\n "}[s.IntN(3)]) + "}\n")
	}
	return b.String()
}

// jsonOf is a value as JSON has it.
func jsonOf(v linearizability.Value) any {
	if v.IsList() {
		list := []any{}
		for e := range v.Elements {
			list = append(list, jsonOf(e))
		}
		return list
	}
	if v == linearizability.Absent {
		return nil
	}
	return json.Number(v.String())
}

func marshal(o object) []byte {
	text, err := json.Marshal(o)
	if err != nil {
		panic(err) // it is made of strings and numbers
	}
	return text
}

// messages are Maelstrom's.
func (s *speller) messages() string {
	var b strings.Builder
	for n, e := range happenings(s.h) {
		o := &s.h.Operations[e.operation]
		client, body := "c"+s.process(o), object{}
		value := func(v linearizability.Value) any { return jsonOf(v) }
		a := &o.Do[0]
		switch {
		case s.several:
			var txn []any
			for k := range o.Do {
				a := &o.Do[k]
				switch {
				case a.Kind == linearizability.Read && e.kind != "ok":
					txn = append(txn, []any{"r", a.Key, nil})
				case a.Kind == linearizability.Read:
					txn = append(txn, []any{"r", a.Key, value(a.Value)})
				case a.Kind == linearizability.Append:
					txn = append(txn, []any{"append", a.Key, value(a.Value).([]any)[0]})
				default:
					txn = append(txn, []any{"w", a.Key, value(a.Value)})
				}
			}
			body = object{"type": "txn", "txn": txn}
		case a.Kind == linearizability.Read:
			body = object{"type": "read", "key": a.Key}
			if e.kind == "ok" {
				body["value"] = value(a.Value)
			}
		case a.Kind == linearizability.CompareAndSet:
			body = object{"type": "cas", "key": a.Key, "from": value(a.Expected), "to": value(a.Value)}
		default:
			body = object{"type": "write", "key": a.Key, "value": value(a.Value)}
		}
		from, to := client, "n1"
		if e.kind == "invoke" {
			body["msg_id"] = e.operation + 1
		} else {
			from, to = to, from
			body["in_reply_to"], body["type"] = e.operation+1, body["type"].(string)+"_ok"
			if code := map[string]int{"info": 13, "fail": 22}[e.kind]; code != 0 {
				body = object{"type": "error", "code": code, "text": "x", "in_reply_to": e.operation + 1}
			}
		}
		fmt.Fprintf(&b, "%s\n", marshal(object{"id": n, "src": from, "dest": to, "body": body}))
	}
	return b.String()
}

// events is the native format with one line for each call and each end.
func (s *speller) events() string {
	var b strings.Builder
	b.WriteString(`{"format":"raftcheck-history","version":1}` + "\n")
	for _, e := range happenings(s.h) {
		o := &s.h.Operations[e.operation]
		line := object{"client": "client " + s.process(o), "event": map[string]string{"invoke": "call", "ok": "return", "fail": "fail", "info": "unknown"}[e.kind]}
		var do []object
		var read []any
		for k := range o.Do {
			a := &o.Do[k]
			switch a.Kind {
			case linearizability.Read:
				do = append(do, object{"op": "read", "key": a.Key})
				read = append(read, jsonOf(a.Value))
			case linearizability.CompareAndSet:
				do = append(do, object{"op": "cas", "key": a.Key, "from": jsonOf(a.Expected), "to": jsonOf(a.Value)})
			case linearizability.Append:
				do = append(do, object{"op": "append", "key": a.Key, "value": jsonOf(a.Value)})
			default:
				do = append(do, object{"op": "write", "key": a.Key, "value": jsonOf(a.Value)})
			}
		}
		switch {
		case e.kind == "invoke" && len(do) > 1:
			line["op"], line["do"] = "txn", do
		case e.kind == "invoke":
			for name, member := range do[0] {
				line[name] = member
			}
		case e.kind != "ok":
		case len(do) > 1:
			line["values"] = append([]any{}, read...)
		case len(read) > 0:
			line["value"] = read[0]
		case o.Do[0].Kind == linearizability.CompareAndSet:
			line["swapped"] = true
		}
		fmt.Fprintf(&b, "%s\n", marshal(line))
	}
	return b.String()
}

// inJSON is the run in JSON, as elle-cli takes it.
func (s *speller) inJSON() string {
	words := strings.NewReplacer(" ", ",", "nil", "null", ":append", `"append"`, ":r", `"r"`, ":w", `"w"`)
	var b strings.Builder
	for n, o := range s.run() {
		process := o.process
		if process == ":nemesis" {
			process, o.value = `"nemesis"`, "nil"
		}
		fmt.Fprintf(&b, `{"index":%d,"type":%q,"process":%s,"f":%q,"value":%s}`+"\n", n, o.kind, process, o.f, words.Replace(o.value))
	}
	return b.String()
}

// spellings are the kinds of files that one run may stand in.
var spellings = map[string]func(r *rand.Rand, h *linearizability.History) string{
	"native, whole operations": func(_ *rand.Rand, h *linearizability.History) string {
		var b bytes.Buffer
		_ = linearizability.WriteTo(&b, h)
		return b.String()
	},
	"native, events":     func(r *rand.Rand, h *linearizability.History) string { return newSpeller(r, h, true).events() },
	"JSON, one a line":   func(r *rand.Rand, h *linearizability.History) string { return newSpeller(r, h, true).inJSON() },
	"Maelstrom messages": func(r *rand.Rand, h *linearizability.History) string { return newSpeller(r, h, true).messages() },
	"EDN, loosely":       func(r *rand.Rand, h *linearizability.History) string { return newSpeller(r, h, false).loose() },
}

func init() {
	for name, form := range forms {
		if name != "JSON" && name != "a log in JSON" {
			spellings[name] = func(r *rand.Rand, h *linearizability.History) string { return form(newSpeller(r, h, false).run()) }
		}
	}
	spellings["a log in JSON"] = func(r *rand.Rand, h *linearizability.History) string {
		return forms["a log in JSON"](newSpeller(r, h, true).run())
	}
}

// TestOneVerdictFromEveryFile: runs on registers and lists, of single operations and transactions, right ones and wrong ones, have one verdict and
// one anomaly, whatever file they stand in and however it is spelled. RAFTCHECK_HISTORIES says how many runs.
func TestOneVerdictFromEveryFile(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	seen := map[spec.Verdict]int{}
	plants := append(linearizability.Plants(), make([]string, 10)...)
	runs := 60
	if s := os.Getenv("RAFTCHECK_HISTORIES"); s != "" {
		runs, _ = strconv.Atoi(s)
	}
	for n := range runs {
		w := linearizability.Load{Operations: 20 + r.IntN(60), Clients: 2 + r.IntN(5), Keys: 3, PerKey: 8, Actions: 3, Readers: 0.5, Unknown: 0.1, Seed: uint64(n)}
		switch n % 3 {
		case 0:
			w.Plant = plants[r.IntN(len(plants))]
		case 1:
			w.Registers, w.Plant = true, []string{"", "G-single", "G-single-realtime"}[r.IntN(3)]
		case 2:
			w.Actions, w.Values, w.PerKey, w.Plant = 1, 3, 0, []string{"", "G-single-realtime"}[r.IntN(2)]
		}
		h, err := linearizability.Generate(w)
		require.NoError(t, err)
		for k := range h.Operations { // what failed tells the same everywhere: nothing
			if o := &h.Operations[k]; o.Do[0].Differs {
				o.Outcome, o.Do[0].Differs = linearizability.Failed, false
			}
		}
		want, err := linearizability.Verify(context.Background(), h, linearizability.Options{})
		require.NoError(t, err)
		seen[want.Verdict]++
		for _, name := range sorted(spellings) {
			text := spellings[name](r, h)
			read, err := linearizability.ReadFrom("file", strings.NewReader(text), linearizability.ReadOptions{})
			require.NoError(t, err, "%s:\n%s", name, text)
			got, err := linearizability.Verify(context.Background(), read, linearizability.Options{})
			require.NoError(t, err)
			require.Equal(t, want.Verdict, got.Verdict, "%s of %+v:\n%s", name, w, text)
			require.Equal(t, want.Anomalies, got.Anomalies, "%s of %+v:\n%s", name, w, text)
			require.Equal(t, want.Operations, got.Operations, name)
		}
	}
	require.Greater(t, min(seen[spec.Held], seen[spec.Violated])*5, seen[spec.Held], "both verdicts occur: %v", seen)
}
