package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
)

// absent are calls of every verb with each flag that can name a server, in which it names one that there is not, with + for a space in a word; "" where
// the flag, in this verb, names none.
var absent = map[string]string{
	"check change-to":        "check --features membership --changes 1 --change-to voters=n1,n2,n5",
	"check impl":             "check --impl n5=etcd --impl etcd",
	"fuzz change-to":         "fuzz --features membership --changes 1 --change-to voters=n1;voters=n2+learners=n5 --nodes 4",
	"fuzz impl":              "fuzz --impl n5=etcd --impl etcd --nodes 4",
	"diff change-to":         "diff --impl reference:membership --impl reference:membership,snapshots --changes 1 --change-to voters=n5",
	"diff impl":              "diff --impl etcd --impl n5=etcd+etcd",
	"serve change-to":        "serve --features membership --changes 1 --change-to voters=n1,n5+joint",
	"serve impl":             "serve --impl n5=etcd --impl etcd",
	"conform impl":           "conform --impl n5=etcd --impl etcd",
	"replay impl":            "replay {trace} --impl n5=etcd+etcd",
	"shrink impl":            "shrink {trace} --impl n5=etcd+etcd",
	"run impl":               "", // one implementation
	"run port":               "", // how many there are is said by --nodes
	oneServer + " impl":      "",
	"check impl choice":      "check --impl etcd:learner --nodes 2",
	"check own changes":      "check --impl etcd:demote-voter --nodes 2",
	"gate settings":          "gate --file {absent}",
	"check a server's world": "check --impl mutant:mb-single-server-2015 --nodes 1",
}

var namesServers = regexp.MustCompile(`\bn[1-9]\b`)

// A server that there is not is a usage error in every verb, whatever flag names it, and it is told who there is.
func TestServersThatThereAreNotAreTold(t *testing.T) {
	files := inputs(t)
	files["absent"] = files["gate"] + ".absent.yaml"
	require.NoError(t, os.WriteFile(files["absent"], []byte("version: 1\nchecks:\n  - name: one\n    check: {features: membership, changes: 1, change-to: 'voters=n5'}\n"), 0o666))
	for _, verb := range verbsOf(t) {
		verb.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Name == "impl" || namesServers.MatchString(f.Usage) {
				require.Contains(t, absent, verb.Name()+" "+f.Name, "say how the flag names a server")
			}
		})
	}
	for what, call := range absent {
		if call == "" {
			continue
		}
		args, _ := words(call, files)
		for k := range args {
			args[k] = strings.ReplaceAll(args[k], "+", " ")
		}
		var out, errs bytes.Buffer
		code := run(args, strings.NewReader(""), &out, &errs)
		want := exitUsage
		if verb, _, _ := strings.Cut(what, " "); verb == "gate" {
			want = exitInput // it is a file that says so
		}
		require.Equal(t, want.code(), code, "%s: %s\n%s%s", what, call, &out, &errs)
		require.Regexp(t, `there is no server n\d, only n1( n\d)*\n +hint: `, errs.String()+out.String(), "%s: %s", what, call)
	}
}
