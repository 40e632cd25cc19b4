// Command generate writes a history of clients to standard output: of a store that is strictly serializable, but for one anomaly that is
// planted if its name is given.
//
//	go run ./linearizability/generate -operations 100000 -clients 20 -keys 10 -unknown 0.01 -plant G2 > h.ndjson
//	go run ./linearizability/generate -operations 1000000 -keys 1000 -actions 1 -registers -format edn > history.edn
//	go run ./linearizability/generate -plants
//
// The flags are the fields of linearizability.Load. raftcheck linearize judges what is written.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/raftcheck/raftcheck/linearizability"
)

func main() {
	var w linearizability.Load
	flag.IntVar(&w.Operations, "operations", 100_000, "how many transactions")
	flag.IntVar(&w.Clients, "clients", 20, "how many clients take turns")
	flag.IntVar(&w.Keys, "keys", 10, "how many keys are in use at once")
	flag.IntVar(&w.PerKey, "per-key", 32, "after so many changes of a key another takes its place; 0 is never, and lists grow without end")
	flag.IntVar(&w.Actions, "actions", 4, "how many actions a transaction has at most; 1 makes single operations")
	flag.BoolVar(&w.Registers, "registers", false, "keys hold single values, each written once, and not lists")
	flag.IntVar(&w.Values, "values", 0, "registers take so many values, and half of their changes compare first")
	flag.Float64Var(&w.Readers, "readers", 0.5, "which share of the actions reads")
	flag.Float64Var(&w.Unknown, "unknown", 0.01, "of which share of the operations nobody knows what became of them")
	flag.StringVar(&w.Plant, "plant", "", "the anomaly in the middle, by its name; empty is none")
	flag.Uint64Var(&w.Seed, "seed", 1, "decides all that is left open")
	format := flag.String("format", "native", "how it is written: native, or edn as Jepsen's history.edn")
	plants := flag.Bool("plants", false, "print the names of the anomalies that can be planted in lists, and nothing else")
	flag.Parse()

	if *plants {
		fmt.Println(strings.Join(linearizability.Plants(), "\n"))
		return
	}
	if err := run(os.Stdout, w, *format, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

func run(out io.Writer, w linearizability.Load, format string, rest []string) error {
	write := map[string]func(io.Writer, *linearizability.History) error{"native": linearizability.WriteTo, "edn": writeEDN}[format]
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unknown argument %q", rest[0])
	case write == nil:
		return fmt.Errorf("unknown format %q: native or edn", format)
	}
	h, err := linearizability.Generate(w)
	if err != nil {
		return err
	}
	return write(out, h)
}
