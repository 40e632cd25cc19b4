package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/raftcheck/raftcheck/linearizability"
)

// happening is a call or the end of an operation.
type happening struct {
	at        int64
	operation int
	end       bool
}

// writeEDN writes a history as Jepsen does: one map for every call and every end, in the order of time.
func writeEDN(w io.Writer, h *linearizability.History) error {
	all := make([]happening, 0, 2*len(h.Operations))
	for k := range h.Operations {
		o := &h.Operations[k]
		all = append(all, happening{o.Call, k, false})
		if o.Outcome != linearizability.Pending {
			all = append(all, happening{o.Return, k, true})
		}
	}
	slices.SortFunc(all, func(a, b happening) int { return cmp.Compare(a.at, b.at) })
	out := bufio.NewWriter(w)
	processes := processesOf(h)
	several := slices.ContainsFunc(h.Operations, func(o linearizability.Operation) bool {
		return len(o.Do) > 1 || o.Do[0].Kind == linearizability.Append
	})
	for index, e := range all {
		o := &h.Operations[e.operation]
		kind := "invoke"
		if e.end {
			kind = ended(o)
		}
		f, value := "txn", ""
		if several {
			value = transaction(o, kind)
		} else {
			f, value = single(&o.Do[0], kind)
		}
		fmt.Fprintf(out, "{:index %d, :time %d, :type :%s, :process %d, :f :%s, :value %s}\n", index, e.at*1000, kind, processes[o.Client], f, value)
	}
	return out.Flush()
}

// processesOf numbers the clients: numbers are what they are called, the others come behind them.
func processesOf(h *linearizability.History) []int {
	numbers := make([]int, len(h.Clients))
	next := 0
	for k, name := range h.Clients {
		numbers[k] = -1
		if n, err := strconv.Atoi(name); err == nil {
			numbers[k] = n
			next = max(next, n+1)
		}
	}
	for k := range numbers {
		if numbers[k] < 0 {
			numbers[k] = next
			next++
		}
	}
	return numbers
}

// ended is the :type of an operation's end. A comparison that was false fails.
func ended(o *linearizability.Operation) string {
	switch {
	case o.Outcome == linearizability.Unknown:
		return "info"
	case o.Outcome == linearizability.Failed || o.Do[0].Differs:
		return "fail"
	}
	return "ok"
}

// single returns the :f and the :value of an operation on a register of its own.
func single(a *linearizability.Action, kind string) (f, value string) {
	switch a.Kind {
	case linearizability.Read:
		return "read", fmt.Sprintf("[%q %s]", a.Key, seen(a, kind))
	case linearizability.CompareAndSet:
		return "cas", fmt.Sprintf("[%q [%s %s]]", a.Key, a.Expected, a.Value)
	}
	return "write", fmt.Sprintf("[%q %s]", a.Key, a.Value)
}

// transaction returns the :value of a transaction.
func transaction(o *linearizability.Operation, kind string) string {
	parts := make([]string, len(o.Do))
	for k := range o.Do {
		switch a := &o.Do[k]; a.Kind {
		case linearizability.Read:
			parts[k] = fmt.Sprintf("[:r %q %s]", a.Key, seen(a, kind))
		case linearizability.Append:
			parts[k] = fmt.Sprintf("[:append %q %s]", a.Key, strings.Trim(a.Value.String(), "[]"))
		case linearizability.CompareAndSet:
			parts[k] = fmt.Sprintf("[:cas %q [%s %s]]", a.Key, a.Expected, a.Value)
		default:
			parts[k] = fmt.Sprintf("[:w %q %s]", a.Key, a.Value)
		}
	}
	return "[" + strings.Join(parts, " ") + "]"
}

// seen is what a read shows in a happening of some kind.
func seen(a *linearizability.Action, kind string) string {
	if kind != "ok" {
		return "nil"
	}
	return a.Value.String()
}
