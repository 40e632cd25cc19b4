package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/order"
	"github.com/raftcheck/raftcheck/subject"
)

// judgedBy is a value for each flag of a verb that says how a world is judged, and for how long.
var judgedBy = map[string][]string{
	"rule": {"--rule=election-safety"}, "goal": {"--goal=leader-elected"}, "debug-goal": {"--debug-goal=one-leader-at-a-time"},
	"symmetry": {"--symmetry"}, "reduce": {"--reduce=none"}, "liveness": {"--liveness"}, "for": {"--for=9h"}, "memory": {"--memory=123MiB"}, "dir": {"--dir=kept"},
	"runs": {"--runs=7"}, "steps": {"--steps=7"}, "states": {"--states=7"}, "seed": {"--seed=7"}, "shard": {"--shard=2/3", "--runs=9"}, "strategy": {"--strategy=pct"}, "workers": {"--workers=3"},
	"level": {"--level=standard"}, "profile": {"--profile=snapshot"},
}

// ofTheVerb are the flags that say what a verb does with what was found, or which part of a search it makes: the same for every subject.
var ofTheVerb = []string{"impl", "exec", "allow", "expect-states", "known", "on", "output", "save", "against", "most", "port", "trust", "resume", "share", "help"}

// What is asked of a library is done, or refused: each flag of each verb changes the order that its test program is given, or is a usage error that says
// what to do instead. What an order does is tested with package adapters/order and each adapter. In a cluster of several releases only the world is theirs.
func TestWhatIsAskedOfALibraryIsOrderedOrRefused(t *testing.T) {
	withoutToolchain(t)
	names := slices.DeleteFunc(subject.Libraries(), func(name string) bool { return strings.Contains(name, ":") })
	for _, name := range append(names, "n1=etcd@v3.5.35 etcd") {
		for _, verb := range []string{"check", "fuzz", "conform", "diff", "serve"} {
			call := []string{verb, "--impl=" + name}
			if verb == "diff" {
				call = append(call, "--impl="+name)
			}
			own, said := ordered(t, call...)
			require.NotEmpty(t, own, "%s: %s", call, said)
			flagsOf(t, verb).VisitAll(func(flag *pflag.Flag) {
				if slices.Contains(ofTheVerb, flag.Name) || verb == "serve" && flag.Name == "for" {
					return
				}
				args, ofWorld := asking[flag.Name]
				if !ofWorld {
					args = judgedBy[flag.Name]
				}
				require.NotNil(t, args, "a flag of which this test does not know how to ask: --%s of %s", flag.Name, verb)
				if several := strings.Contains(name, " "); several && (!ofWorld || flag.Name == "variant") {
					return // rules are judged here, as of the reference
				}
				got, said := ordered(t, append(slices.Clone(call), args...)...)
				if got == "" {
					assert.Contains(t, said, "hint: ", "%s %s of %s: %s", verb, args, name, said)
					return
				}
				assert.False(t, own == got, "%s %s of %s changes nothing", verb, args, name)
			})
		}
	}
}

// flagsOf returns the flags of a verb, without those of all verbs.
func flagsOf(t *testing.T, name string) *pflag.FlagSet {
	for _, verb := range verbsOf(t) {
		if verb.Name() == name {
			return verb.LocalNonPersistentFlags()
		}
	}
	t.Fatalf("there is no verb %s", name)
	return nil
}

// withoutToolchain puts in place of the Go toolchain a program that keeps the order, all of it or nothing since it may be ended, and builds nothing.
func withoutToolchain(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go"), []byte("#!/bin/sh\ncp order \"$KEPT_ORDER.$$\" && mv \"$KEPT_ORDER.$$\" \"$KEPT_ORDER\"\nexit 1\n"), 0o777))
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	t.Setenv("RAFTCHECK_PROGRAMS", "off")
	t.Setenv("KEPT_ORDER", filepath.Join(dir, "order"))
	t.Chdir(dir)
}

// ordered returns the order that a command would have a test program obey, and what the command said; "" when it is a usage error.
func ordered(t *testing.T, args ...string) (text, said string) {
	t.Helper()
	at := os.Getenv("KEPT_ORDER")
	if err := os.Remove(at); err != nil {
		require.ErrorIs(t, err, fs.ErrNotExist)
	}
	var out, errs bytes.Buffer
	code := run(args, strings.NewReader(""), &out, &errs)
	data, err := os.ReadFile(at)
	if errors.Is(err, fs.ErrNotExist) {
		require.Equal(t, exitUsage.code(), code, "%s: %s", args, &errs)
		return "", errs.String()
	}
	require.NoError(t, err)
	var o order.Order
	require.NoError(t, json.Unmarshal(data, &o))
	o.Trace, o.Happened, o.Automaton = "", "", ""
	o.Limit = o.Limit.Round(time.Hour) // what is left of it is up to the clock
	data, err = json.Marshal(&o)
	require.NoError(t, err)
	return string(data), errs.String()
}
