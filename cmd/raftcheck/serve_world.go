package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/explore"
	"github.com/raftcheck/raftcheck/explore/web"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/subject"
	"github.com/raftcheck/raftcheck/traces"
)

// serveTrace reads the trace that is looked at, and makes its world the one that flags change.
func (a *app) serveTrace(flags *pflag.FlagSet, f *serveFlags, site *web.Site, path string) error {
	if err := a.reads(path); err != nil {
		return err
	}
	how := &reading{format: "auto"}
	if err := how.begin(a); err != nil {
		return err
	}
	trace, lines, err := a.readAny(path, how)
	if err != nil {
		return err
	}
	site.Trace, site.Of = &web.Recorded{Trace: trace, Lines: lines}, filepath.Base(path)
	if len(f.selection.rules) == 0 {
		site.Rules = slices.DeleteFunc(slices.Clone(recordedRules(trace)), endless)
	}
	if flags.Changed("impl") || flags.Changed("exec") || len(f.world.features) > 0 {
		return nil // what is named must be there
	}
	f.world.own = func() (*subject.Subject, error) { return subjectOfTrace(path, trace, "", &f.world.exec, flags) }
	return nil
}

// serveWorld makes the world that is explored. A trace that names none can be looked at.
func (a *app) serveWorld(ctx context.Context, flags *pflag.FlagSet, f *serveFlags, site *web.Site) (end func(), err error) {
	end = func() {}
	trace := site.Trace
	typed := map[string]bool{}
	if trace != nil {
		flags.Visit(func(f *pflag.Flag) { typed[f.Name] = true })
		asRecorded(flags, trace.Trace)
	}
	s, err := f.world.subject(flags)
	if err != nil && trace != nil && f.world.own != nil && !ofWorld(typed) {
		trace.Apart = err.Error()
		return end, nil
	}
	if err != nil {
		return end, err
	}
	if trace != nil {
		cover(&s.Config, trace.Trace, typed)
	}
	if err := f.world.exec.transcribe(a, s); err != nil {
		a.end(s)
		return end, err
	}
	world, end, err := a.worldOf(ctx, s, site.Rules)
	if err != nil {
		return end, err
	}
	site.World, site.Servers, site.Bounds = world, s.Config.IDs(), s.Config.String()
	if trace == nil {
		site.Of = s.Name
		_, err = world.Look(ctx, nil)
	} else {
		site.Of += ", " + s.Name
		err = a.retrace(ctx, world, trace)
	}
	if err != nil {
		end()
		return func() {}, programOr(ctx, err)
	}
	return end, nil
}

// ofWorld reports whether any of the flags that were typed describes a world: what is wrong with it is then for whoever typed it to know.
func ofWorld(typed map[string]bool) (is bool) {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	new(worldFlags).addTo(flags)
	flags.VisitAll(func(f *pflag.Flag) { is = is || typed[f.Name] })
	return is
}

// retrace finds the way that a trace was recorded on.
func (a *app) retrace(ctx context.Context, world explore.World, trace *web.Recorded) (err error) {
	if err := traces.Validate(trace.Trace); err != nil {
		trace.Apart = "no step of it can be taken again: " + err.Error()
		return nil
	}
	trace.Way, trace.Apart, err = world.Follow(ctx, trace.Trace)
	if trace.Apart != "" {
		trace.Apart = fmt.Sprintf("from step %d on, the world does not go along: %s", len(trace.Way)+1, trace.Apart)
		a.term.note("%s", trace.Apart)
	}
	return err
}

// worldOf returns the world of a subject, here or where the implementation lives.
func (a *app) worldOf(ctx context.Context, s *subject.Subject, rules []*spec.Rule) (explore.World, func(), error) {
	if err := a.begin(ctx, s); err != nil {
		a.end(s)
		return nil, func() {}, err
	}
	world, end, err := s.Explore(ctx, rules, serveMemory)
	if err != nil {
		a.end(s)
		return nil, func() {}, programOr(ctx, err)
	}
	return world, func() {
		end()
		a.end(s)
	}, nil
}

// asRecorded gives flags that were not typed the bounds and faults of the search that found a trace.
func asRecorded(flags *pflag.FlagSet, t *traces.Trace) {
	set := func(name, value string) {
		if f := flags.Lookup(name); f != nil && !f.Changed {
			_ = flags.Set(name, value) // what no flag takes is no bound
		}
	}
	for _, b := range t.Header.Bounds {
		if b.Name == "copies" {
			b.Name = "duplicates"
		}
		set(b.Name, b.Value)
	}
	var faults []string
	for _, f := range t.Header.Faults {
		if f.Value != "unlimited" && f.Value != "true" {
			f.Name += "=" + f.Value
		}
		faults = append(faults, f.Name)
	}
	if len(faults) > 0 {
		set("faults", strings.Join(faults, ","))
	}
	set("nodes", strconv.Itoa(len(t.Header.Servers)))
}

// cover makes a world large enough for what happens in a trace, whose header need not say in which it was recorded. What was typed stays.
func cover(c *cluster.Config, t *traces.Trace, typed map[string]bool) {
	n := countsOf(t)
	if !typed["terms"] {
		c.Bounds.Terms = max(c.Bounds.Terms, n.terms)
	}
	if !typed["log"] {
		c.Bounds.Log = max(c.Bounds.Log, n.log)
	}
	if !typed["messages"] {
		c.Bounds.Messages = max(c.Bounds.Messages, n.messages)
	}
	if !typed["depth"] && n.steps > c.Bounds.Depth {
		c.Bounds.Depth = 0
	}
	if !typed["campaigns"] && n.campaigns > c.Bounds.Campaigns {
		c.Bounds.Campaigns = 0
	}
	if !typed["proposals"] && n.proposals > c.Bounds.Proposals {
		c.Bounds.Proposals = 0
	}
	if typed["faults"] {
		return
	}
	c.Faults.Lossy = c.Faults.Lossy || n.lossy
	for _, f := range []struct {
		budget *cluster.Budget
		count  int
	}{{&c.Faults.Drop, n.drops}, {&c.Faults.Duplicate, n.duplicates}, {&c.Faults.Crash, n.crashes}, {&c.Faults.Partition, n.partitions}, {&c.Faults.Storage, n.storage}} {
		if *f.budget != cluster.Unlimited && f.count > int(*f.budget) {
			*f.budget = cluster.Unlimited
		}
	}
}

// counts are how much happens in a trace.
type counts struct {
	terms                                           spec.Term
	log                                             spec.Index
	messages                                        int // in flight, at most
	steps, campaigns, proposals                     int
	drops, duplicates, crashes, partitions, storage int
	lossy                                           bool
}

func countsOf(t *traces.Trace) (n counts) {
	n.steps = len(t.Records)
	inFlight := 0
	for k := range t.Records {
		r := &t.Records[k]
		switch r.Event {
		case traces.EventDrop:
			inFlight--
			n.drops++
		case traces.EventDuplicate:
			inFlight++
		case traces.EventPartition:
			n.partitions++
		}
		if r.Step == nil {
			continue
		}
		switch in := &r.Step.Input; in.Kind {
		case spec.Deliver:
			inFlight--
		case spec.Timeout:
			n.campaigns++
		case spec.Propose:
			n.proposals++
		case spec.Crash:
			n.crashes++
			n.lossy = n.lossy || in.Lossy
		case spec.StorageError:
			n.storage++
		}
		if r.Stays {
			inFlight++
			n.duplicates++
		}
		if r.Step.Input.Cut > 0 {
			n.crashes++
			n.lossy = n.lossy || r.Step.Input.Lossy
		}
		for range r.Step.Output.Sent {
			inFlight++
		}
		inFlight -= len(r.Lost)
		n.drops += len(r.Lost)
		n.terms, n.log, n.messages = max(n.terms, r.Step.After.Term), max(n.log, r.Step.After.Log.LastIndex()), max(n.messages, inFlight)
	}
	return n
}
