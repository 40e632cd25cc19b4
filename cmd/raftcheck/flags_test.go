package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/subject"
)

func TestSizes(t *testing.T) {
	for text, want := range map[string]int{"1B": 1, "500MB": 500 << 20, "2GiB": 2 << 30, "1.5g": 3 << 29, "64 k": 64 << 10, "1TiB": 1 << 40} {
		var s size
		require.NoError(t, s.Set(text), text)
		require.Equal(t, want, int(s), text)
	}
	for _, text := range []string{"", "2", "2.5 ", "lots", "-1GB", "0", "1e300GB", "GB"} {
		var s size
		require.Error(t, s.Set(text), text)
	}
}

func TestFaultListsReadWhatTheyPrint(t *testing.T) {
	for text, want := range map[string]cluster.Faults{
		"none":                         {},
		"drop":                         {Drop: cluster.Unlimited},
		"drop,crash=2":                 {Drop: cluster.Unlimited, Crash: 2},
		"drop,duplicate=1,lossy-crash": {Drop: cluster.Unlimited, Duplicate: 1, Crash: cluster.Unlimited, Lossy: true},
		"lossy-crash=1,partition=3":    {Crash: 1, Lossy: true, Partition: 3},
	} {
		var l faultList
		require.NoError(t, l.Set(text), text)
		require.Equal(t, want, l.Faults, text)
		if text != "none" {
			require.Equal(t, text, l.String())
		}
	}
	for _, text := range []string{"", "drop,", "crash=0", "crash=10", "crash=many", "flood"} {
		var l faultList
		require.Error(t, l.Set(text), text)
	}
}

func TestDidYouMean(t *testing.T) {
	verbs := []string{"check", "verify", "replay", "shrink", "show", "explain", "demo", "version"}
	for typed, want := range map[string]string{
		"chekc": "check", "verfy": "verify", "ver": "verify", "shirnk": "shrink", "explian": "explain", "xyz": "", "completely-different": "",
	} {
		hint := "nothing"
		if want != "" {
			hint = `did you mean "` + want + `"?`
		}
		require.Equal(t, hint, didYouMean(typed, verbs, "nothing"), typed)
	}
}

func TestFormatsAreDetectedByTheFirstLine(t *testing.T) {
	for line, want := range map[string]string{
		`{"format":"raftcheck-trace","version":1}`:                                                "native",
		`{"format":"raftche`:                                                                      "native",
		`{"tag":"trace","event":{"name":"InitState","nid":"1"}}`:                                  "etcd",
		`{"level":"info","msg":"server starts"}`:                                                  "etcd",
		`{"level":"debug","ts":1,"msg":"trace","tag":"trace","event":{"name":"Ready","nid":"1"}}`: "etcd",
		`{"n":1,"server":"n1"}`:                                                                   "",
		`This is no trace.`:                                                                       "",
	} {
		require.Equal(t, want, detect([]byte(line), nil), line)
	}
}

func TestEveryImplementationCanBeSearched(t *testing.T) {
	for _, name := range subject.Names() {
		s, err := subject.Named(name)
		require.NoError(t, err, name)
		s.Settle()
		require.NoError(t, s.Config.Validate(), name)
	}
}
