package main

import (
	"bytes"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
)

// TestNothingStartsBelowTheLeast: every flag of every verb that takes a number or a time is refused below the least that it can be, and the error says which flag it is and what
// the least is.
func TestNothingStartsBelowTheLeast(t *testing.T) {
	tried := 0
	verbs := newRoot(&app{term: newTerminal(io.Discard, io.Discard, os.LookupEnv), env: os.LookupEnv}).Commands()
	for _, verb := range verbs {
		verb.Flags().VisitAll(func(f *pflag.Flag) {
			below := map[string]string{"int": "-1", "int64": "-1", "uint64": "-1", "duration": "-1s"}[f.Value.Type()]
			if below == "" {
				return
			}
			tried++
			refusedBelow(t, verb, f.Name, below)
			if leasts[f.Name] > 0 {
				refusedBelow(t, verb, f.Name, "0")
			}
		})
	}
	require.Greater(t, tried, 80)
}

func refusedBelow(t *testing.T, verb *cobra.Command, flag, value string) {
	t.Helper()
	args := []string{verb.Name()}
	for _, word := range strings.Fields(walk[verb.Name()].quick) {
		if strings.HasPrefix(word, "{") { // what the verb reads, which it does not get to
			args = append(args, word)
		}
	}
	args = append(args, "--"+flag, value)
	var said, other bytes.Buffer
	code := run(args, strings.NewReader(""), &other, &said)
	require.Equal(t, 2, code, "%s\n%s", args, said.String())
	require.Contains(t, said.String(), "--"+flag, args)
	require.Regexp(t, `it is (a whole number, )?at least [01]\b`, said.String(), args)
}
