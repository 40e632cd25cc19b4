package main

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/subject"
)

// FuzzFlags: the values of flags that have a syntax of their own are read or refused, and what was read prints as what is read as the
// same.
func FuzzFlags(f *testing.F) {
	for _, text := range []string{"none", "drop,crash=2", "lossy-crash=1,partition=3", "500MB", "1.5g", "3/16", "0/0", "=", ",", "mix", "hashicorp@v1.7.3:no-pre-vote", "reference:no-op,one-entry", "mutant:cm-old-term"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		text = text[:min(len(text), 300)]
		var faults, same faultList
		if faults.Set(text) == nil && faults.String() != "" {
			require.NoError(t, same.Set(faults.String()))
			require.Equal(t, faults, same)
		}
		var s, again size
		if s.Set(text) == nil && s > 0 {
			require.NoError(t, again.Set(s.String()))
			require.Equal(t, s, again)
		}
		var one, two shardFlag
		if one.Set(text) == nil {
			require.NoError(t, two.Set(one.String()))
			require.Equal(t, one, two)
			require.True(t, 1 <= one.nth && one.nth <= one.of)
		}
		if subject, err := subject.Named(text); err == nil {
			require.NoError(t, subject.Config.Validate())
		}
		_, _ = strategiesNamed(strings.Split(text, ","))
		_ = ruleCalled(text)
		_ = didYouMean(text, subject.Names(), "")
		detect([]byte(text), nil)
	})
}

// FuzzVariables gives every flag of some verb a value from the environment: it is taken or refused as a usage error, never a panic.
func FuzzVariables(f *testing.F) {
	f.Add("nodes", "3")
	f.Add("faults", "drop,crash=x")
	f.Add("memory", "9e99g")
	f.Add("shard", "1/0")
	f.Add("expect-states", "-9223372036854775809")
	var out bytes.Buffer
	a := &app{in: strings.NewReader(""), term: newTerminal(&out, &out, func(string) (string, bool) { return "", false })}
	verbs := []*cobra.Command{a.check(), a.fuzz(), a.merge(), a.verify()} // once: cobra keeps every command that completes flags for ever
	f.Fuzz(func(t *testing.T, flag, value string) {
		out.Reset()
		cmd := verbs[(len(flag)+len(value))%len(verbs)]
		defer untouched(cmd)()
		err := flagsFromEnvironment(cmd, func(name string) (string, bool) { return value, name == variableOf(flag) })
		if err != nil {
			require.Equal(t, exitUsage.code(), conclude(a.term, err))
		}
	})
}

// untouched returns what gives the flags of a verb back the values that they have now.
func untouched(cmd *cobra.Command) func() {
	now := map[*pflag.Flag]reflect.Value{}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if v := reflect.ValueOf(f.Value); v.Kind() == reflect.Pointer {
			now[f] = reflect.New(v.Type().Elem()).Elem()
			now[f].Set(v.Elem())
		}
	})
	return func() {
		for f, v := range now {
			reflect.ValueOf(f.Value).Elem().Set(v)
			f.Changed = false
		}
	}
}

// FuzzShard: whatever the bytes, they are the report of a shard or refused.
func FuzzShard(f *testing.F) {
	var out bytes.Buffer
	require.Equal(f, 1, run([]string{"fuzz", "--impl", "mutant:cm-quorum-half", "--runs", "20", "--save", "none", "-o", "json"}, strings.NewReader(""), &out, &bytes.Buffer{}))
	var whole map[string]any
	require.NoError(f, json.Unmarshal(out.Bytes(), &whole))
	delete(whole["campaign"].(map[string]any), "seen") // it is large, and text that nothing is read from
	small, err := json.Marshal(whole)
	require.NoError(f, err)
	f.Add(small)
	f.Add([]byte(`{"format":1,"command":"fuzz","campaign":{"shards":1,"shard":1,"seen":{}},"bounds":{}}`))
	f.Add([]byte(" "))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := parseShard("shard.json", data)
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		require.Equal(t, report.Format, s.Format)
	})
}
