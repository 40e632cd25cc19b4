package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/zeebo/xxh3"

	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/spec"
)

// A gate is dealt out to shards as cards are: files that verify and linearize read one by one, every other check whole.

// splits reports whether the files of a check may fall to different shards: each is judged by itself.
func (j *gateJob) splits() bool {
	return (j.check.Verb == "verify" || j.check.Verb == "linearize") && len(j.files) > 1
}

// dealt returns what falls to one shard, and numbers all jobs by their place in the whole gate.
func (s shardFlag) dealt(jobs []gateJob) (mine []gateJob) {
	card := 0
	next := func() bool {
		card++
		return (card-1)%s.of == s.nth-1
	}
	for k, j := range jobs {
		j.nth = k + 1
		if !j.splits() {
			if next() {
				mine = append(mine, j)
			}
			continue
		}
		j.files = slices.DeleteFunc(slices.Clone(j.files), func(string) bool { return !next() })
		if j.part = true; len(j.files) > 0 {
			mine = append(mine, j)
		}
	}
	return mine
}

// shard says which part of a gate this run judges; nil for all of it.
func (g *gateRun) shard(jobs []gateJob) (*report.Shard, error) {
	s := g.flags.shard
	if !g.flags.sharded {
		return nil, nil
	}
	plan, err := g.plan(jobs)
	return &report.Shard{Nth: s.nth, Of: s.of, Plan: plan}, err
}

// plan is a fingerprint of what the shards of one gate have in common: what is declared and accepted, and the names and lengths of the files.
// It is called in the folder of the file.
func (g *gateRun) plan(jobs []gateJob) (string, error) {
	h := xxh3.New()
	declared, err := os.ReadFile(filepath.Base(g.name))
	if err != nil {
		return "", &failure{exit: exitInput, err: err}
	}
	fmt.Fprintf(h, "%d\n%s", len(declared), declared)
	for _, n := range g.flags.known.list {
		fmt.Fprintf(h, "%q %q %q %q\n", n.Rule, n.Subject, n.Fingerprint, n.Expires)
	}
	for _, j := range jobs {
		fmt.Fprintf(h, "%q %q %q %d\n", j.name, g.skip[j.check.Name], j.empty, len(j.files))
		for _, file := range j.files {
			info, err := os.Stat(file)
			if err != nil {
				return "", &failure{exit: exitInput, err: err}
			}
			fmt.Fprintf(h, "%q %d\n", file, info.Size())
		}
	}
	return fmt.Sprintf("%016x", h.Sum64()), nil
}

// mergeGates gives the verdict that one run of the gate would have given, from what its shards say.
func mergeGates(paths []string, shards []*report.Report) (*report.Report, exit, error) {
	first := shards[0]
	given := map[int]string{}
	for k, s := range shards {
		refused := func(format string, args ...any) error {
			return &failure{exit: exitInput, err: fmt.Errorf(paths[k]+": "+format, args...), bare: true, hint: "raftcheck gate --shard I/N -o json=FILE writes what merge reads"}
		}
		switch {
		case s.Shard == nil || s.Shard.Nth < 1 || s.Shard.Nth > s.Shard.Of:
			return nil, 0, refused("the report is not one of raftcheck gate --shard")
		case s.Shard.Of != first.Shard.Of:
			return nil, 0, refused("one of %d shards, and %s is one of %d", s.Shard.Of, paths[0], first.Shard.Of)
		case s.Shard.Plan != first.Shard.Plan || s.Version != first.Version || s.Subject != first.Subject:
			return nil, 0, refused("of another gate than %s: the version of raftcheck, %s, the checks that were named, or the names and lengths of the files differ", paths[0], first.Subject)
		case given[s.Shard.Nth] != "":
			return nil, 0, refused("shard %d is in %s already", s.Shard.Nth, given[s.Shard.Nth])
		}
		for _, c := range s.Checks {
			if c.Nth < 1 || c.Report == nil && c.Skipped == "" {
				return nil, 0, refused("check %q has no report", c.Name)
			}
		}
		given[s.Shard.Nth] = paths[k]
	}
	shards = slices.Clone(shards)
	slices.SortFunc(shards, func(a, b *report.Report) int { return a.Shard.Nth - b.Shard.Nth })
	r := newReport("gate", first.Subject, spec.Held)
	r.Shard = &report.Shard{Of: first.Shard.Of, Plan: first.Shard.Plan}
	r.Place = report.Place{File: first.Subject}
	r.Checks = report.United(shards)
	for k := range r.Checks {
		endedAsOne(&r.Checks[k], first.Subject)
	}
	code := worst(r.Checks)
	for n := 1; n <= first.Shard.Of; n++ {
		if given[n] == "" {
			r.Because = append(r.Because, fmt.Sprintf("shard %d of %d is missing", n, first.Shard.Of))
			r.Hints = []string{"raftcheck gate --shard with its number, again, makes the report that is missing"}
			code = graver(code, exitInconclusive)
		}
	}
	if len(r.Checks) == 0 && len(r.Because) == 0 {
		return nil, 0, &failure{exit: exitInput, err: errors.New("the shards judged nothing"), bare: true}
	}
	decide(r, code)
	if len(given) < first.Shard.Of || !judgedAll(r.Checks) {
		notSeenElsewhere(r.Checks)
	}
	tellKnown(r, knownToShards(shards))
	return r, code, nil
}

// endedAsOne gives a check of which shards judged parts the outcome that it would have as a whole.
func endedAsOne(c *report.Check, file string) {
	if c.Report == nil {
		return
	}
	c.Report.Place = orPlace(c.Report.Place, report.Place{File: file, Line: c.Line})
	if vacuous(c.Report) && exit(c.Exit) == exitHeld {
		nothingHappens(c)
	}
	for k := range c.Report.Known {
		n := &c.Report.Known[k]
		if n.Status == report.GoneHere {
			n.Status = report.NotSeen
			if c.Report.Verdict == spec.Held.String() {
				n.Status = report.Gone
			}
		}
	}
}

// knownToShard says of the known findings what a shard can: that one no longer occurs is for merge to say.
func knownToShard(r *report.Report, list []report.Known) {
	for _, n := range list {
		if statusIn(r, &n) == "" {
			n.Status = report.NotSeen
			r.Known = append(r.Known, n)
		}
	}
	for _, c := range r.Checks {
		if c.Report == nil {
			continue
		}
		for k := range c.Report.Known {
			if c.Report.Known[k].Status == report.Gone {
				c.Report.Known[k].Status = report.GoneHere
			}
		}
	}
}

// knownToShards are the known findings that any shard tells of.
func knownToShards(shards []*report.Report) (all []report.Known) {
	add := func(list []report.Known) {
		for _, n := range list {
			if n.Finding = nil; !slices.ContainsFunc(all, n.Same) {
				all = append(all, n)
			}
		}
	}
	for _, s := range shards {
		add(s.Known)
		for _, c := range s.Checks {
			if c.Report != nil {
				add(c.Report.Known)
			}
		}
	}
	return all
}
