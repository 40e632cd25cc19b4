package linearizability

import (
	"bufio"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strconv"

	"github.com/raftcheck/raftcheck/traces/wire"
)

// WriteTo writes a history in the native format, one whole operation a line. It returns only errors of w.
func WriteTo(w io.Writer, h *History) error {
	out := bufio.NewWriter(w)
	o := wire.Open(nil)
	o.Text("format", FormatName)
	o.Uint("version", FormatVersion)
	if h.Initial != Absent {
		o.Raw("initial", h.Initial.json())
	}
	if len(h.InitialOf) > 0 {
		inner := wire.Open(nil)
		for _, key := range slices.Sorted(maps.Keys(h.InitialOf)) {
			inner.Raw(key, h.InitialOf[key].json())
		}
		o.Raw("initials", string(inner.Close()))
	}
	out.Write(append(o.Close(), '\n'))
	for k := range h.Operations {
		out.Write(append(h.Operations[k].json(h.Clients), '\n'))
	}
	return out.Flush()
}

func (o *Operation) json(clients []string) []byte {
	w := wire.Open(nil)
	w.Text("client", clients[o.Client])
	if len(o.Do) == 1 {
		o.Do[0].json(&w, o.Outcome == Returned)
	} else {
		w.Text("op", "txn")
		w.List("do", len(o.Do), func(dst []byte, k int) []byte {
			inner := wire.Open(dst)
			o.Do[k].json(&inner, o.Outcome == Returned)
			return inner.Close()
		})
	}
	w.Raw("call", strconv.FormatInt(o.Call, 10))
	switch o.Outcome {
	case Returned:
		w.Raw("return", strconv.FormatInt(o.Return, 10))
	case Failed, Unknown:
		w.Text("outcome", o.Outcome.String())
	}
	return w.Close()
}

func (a *Action) json(w *wire.Object, certain bool) {
	names := [...]string{"read", "write", "cas", "append", "add", "expect"}
	w.Text("op", names[a.Kind])
	w.Text("key", a.Key)
	switch a.Kind {
	case Read:
		switch {
		case a.Shown:
			w.Raw("value", a.Value.json())
		case certain:
			w.Bool("unseen", true)
		}
	case CompareAndSet:
		w.Raw("from", a.Expected.json())
		w.Raw("to", a.Value.json())
		if certain {
			w.Bool("swapped", !a.Differs)
		}
	default:
		w.Raw("value", a.Value.json())
		if a.Kind == Expect && a.Differs {
			w.Bool("not", true)
		}
	}
}

// json returns the value as the native format has it.
func (v Value) json() string {
	switch {
	case v == Absent:
		return "null"
	case v[0] == kindText:
		return string(wire.AppendText(nil, string(v[1:])))
	case v[0] == kindLiteral && !json.Valid([]byte(v[1:])):
		return `{"literal":` + string(wire.AppendText(nil, string(v[1:]))) + "}"
	case v[0] == kindLiteral:
		return string(v[1:])
	}
	dst := []byte{'['}
	for e := range v.Elements {
		if len(dst) > 1 {
			dst = append(dst, ',')
		}
		dst = append(dst, e.json()...)
	}
	return string(append(dst, ']'))
}
