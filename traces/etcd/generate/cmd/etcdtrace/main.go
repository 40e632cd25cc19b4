//go:build with_tla

// Command etcdtrace writes the trace of a simulated cluster of etcd's raft to standard output.
//
//	go run -tags with_tla ./cmd/etcdtrace -family all5 -events 1000 -seed 3 > all5.ndjson
//	go run -tags with_tla ./cmd/etcdtrace -family storm3 -fault forget-vote -seed 1 > forgets.ndjson
//	go run -tags with_tla ./cmd/etcdtrace -samples ../testdata
package main

import (
	"compress/gzip"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/raftcheck/raftcheck/traces/etcd/generate"
)

func main() {
	family := flag.String("family", "base3", "what happens in the cluster: one of generate.Families")
	events := flag.Int("events", 1000, "how many events to write")
	seed := flag.Uint64("seed", 1, "decides everything")
	fault := flag.String("fault", "", "what is wrong: one of generate.Faults; empty is nothing")
	samples := flag.String("samples", "", "write the samples that the tests of traces/etcd read into this folder, and nothing else")
	flag.Parse()

	run := func() error { return write(os.Stdout, *family, *events, *seed, generate.Fault(*fault)) }
	if *samples != "" {
		run = func() error { return writeSamples(*samples) }
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write(w io.Writer, family string, events int, seed uint64, fault generate.Fault) error {
	o, err := generate.Family(family, events, seed)
	if err != nil {
		return err
	}
	if o.Fault = fault; fault != generate.NoFault {
		o.Crash = max(o.Crash, 0.005)
	}
	summary, err := generate.Run(w, o)
	if err == nil && w == os.Stdout {
		fmt.Fprintf(os.Stderr, "%+v\n", *summary)
	}
	return err
}

// samples are small traces, legal unless a fault is named.
var samples = []struct {
	family string
	events int
	seed   uint64
	fault  generate.Fault
}{
	{"base3", 10_000, 300, ""},
	{"calm3", 300, 1, ""}, {"base5", 500, 2, ""}, {"restart3", 500, 3, ""}, {"lag3", 500, 4, ""}, {"dup3", 400, 5, ""},
	{"snapcrash3", 600, 6, ""}, {"joint3", 600, 7, ""}, {"learner3", 500, 8, ""}, {"prevote3", 400, 9, ""}, {"checkq3", 400, 10, ""},
	{"xfer3", 400, 11, ""}, {"readidx3", 400, 12, ""}, {"asynccrash3", 500, 13, ""}, {"small3", 400, 14, ""}, {"template3", 300, 15, ""},
	{"report3", 400, 16, ""}, {"all5", 1000, 18, ""}, {"allasync5", 800, 21, ""},
	{"storm3", 1000, 2, generate.ForgetVote}, {"storm3", 1000, 1, generate.ForgetState}, {"storm3", 1000, 3, generate.ForgetEntries},
	{"storm3", 1000, 1, generate.SendFirst}, {"storm3", 600, 1, generate.GrantAlways}, {"storm3", 600, 1, generate.ForgeGrant},
	{"storm3", 800, 13, generate.ForgeAck}, {"storm3", 600, 1, generate.InventAck}, {"storm3", 600, 2, generate.ReplayVote},
	{"storm3", 600, 1, generate.RaiseCommit}, {"storm3", 600, 1, generate.ForgeLastIndex},
}

func writeSamples(dir string) error {
	for _, s := range samples {
		name := fmt.Sprintf("%s-%d", s.family, s.events)
		if s.fault != "" {
			name = filepath.Join("faulty", string(s.fault))
		}
		if err := writeSample(filepath.Join(dir, name+".ndjson.gz"), s.family, s.events, s.seed, s.fault); err != nil {
			return err
		}
	}
	return nil
}

func writeSample(file, family string, events int, seed uint64, fault generate.Fault) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		return err
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewWriterLevel(f, gzip.BestCompression)
	if err != nil {
		return err
	}
	if err := write(z, family, events, seed, fault); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if err := z.Close(); err != nil {
		return err
	}
	return f.Close()
}
