package foreign_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/traces/foreign"
)

// begins are beginnings of files, each with the name of what it is and the verb that reads it.
var begins = []struct{ text, name, verb string }{
	{`{"format":"raftcheck-trace","version":1}`, "a trace of raftcheck", "verify"},
	{"\xef\xbb\xbf" + `{ "version":1, "format":"raftcheck-trace"}`, "a trace of raftcheck", "verify"},
	{`{"format":"raftcheck-history","version":1}`, "a history of clients", "linearize"},
	{"{\n  \"format\": 1,\n  \"version\": \"v1\",\n  \"command\": \"verify\",\n  \"verdict\": \"held\",\n  \"subject\": \"trace\"\n}", "a report of raftcheck (-o json)", ""},
	{`{"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[]}`, "a report in SARIF", ""},
	{`{"level":"info","msg":"x"}` + "\n" + `{"tag":"trace","event":{"name":"InitState","nid":"1"}}`, "a trace of etcd's raft", "verify"},
	{"<RaftDriver> hello\n" + `{"h_ts":"1","tag":"raft_trace","msg":{}}`, "a trace of CCF's raft", "verify"},
	{`{"tag": "raft_trace", "cmd": "start_node,0"}`, "a trace of CCF's raft", "verify"},
	{`{"h_ts":"1","tag":"tla","msg":{}}`, "a trace of CCF's raft", "verify"},
	{`{"id":0,"src":"c1","dest":"n1","body":{"type":"write"}}`, "a recording of Maelstrom's messages", "linearize"},
	{`{:type :invoke, :f :read, :process 0, :value nil}`, "a history of Jepsen", "linearize"},
	{"[{:process 0, :type :invoke, :f :read}\n {:process 0}]", "a history of Jepsen", "linearize"},
	{`#jepsen.history.Op{:index 0, :type :invoke}`, "a history of Jepsen", "linearize"},
	{`[{"process":0,"type":"invoke","f":"write","value":1},`, "a history of Jepsen", "linearize"},
	{"0\t:invoke\t:read\tnil", "a log of Jepsen", "linearize"},
	{"INFO [2016-07-02 11:27:10,223] jepsen worker 0 - jepsen.util 0\t:invoke\t:write\t1", "a log of Jepsen", "linearize"},
	{"2026-03-01 12:00:00,120{GMT}\tINFO\t[jepsen worker 0] jepsen.util: 0\t:invoke\t:write\t1", "a log of Jepsen", "linearize"},
	{`{"Input":{"Type":"txn"},"Call":1000,"Output":{},"Return":2000,"ClientId":1}`, "a list of client operations of etcd's robustness tests", "linearize"},
	{`{"#meta":{"format":"ITF"},"vars":["term"],"states":[]}`, "an execution of Apalache (ITF)", ""},
	{`{"state":[[1,{"currentTerm":{"n1":1}}]],"action":[]}`, "a graph or path of states by TLC (JSON)", ""},
	{"TLC2 Version 2.19 of 08 August 2024\nRunning breadth-first search", "an output of TLC", ""},
	{"Error: Invariant Inv is violated.\nState 1: <Initial predicate>", "an output of TLC", ""},
	{"Discovered \"stable leader\" counterexample Path[3]:\n- Timeout(Id(0), Election)", "a path of Stateright", ""},
	{"2026-01-02T03:04:05.678901Z  INFO openraft::engine::engine_impl: vote is changing", "a log of openraft", ""},
	{"go test fuzz v1\n[]byte(\"x\")", "a saved input of go test -fuzz", ""},
	{`<!DOCTYPE html><html><head><meta name="generator" content="raftcheck devel"/>`, "a page of raftcheck (-o html)", "verify"},
	{`<!DOCTYPE html><html><head><meta name="generator" content="raftcheck devel"/><meta name="traces" content="0"/>`, "a page of raftcheck (-o html) without a trace", ""},
	{"<!DOCTYPE html>\n<html>", "a page (HTML)", ""},
	{"<?xml version=\"1.0\"?>\n<testsuites>", "a report in JUnit's XML", ""},
	{"{\n  \"format\": 1,\n  \"version\": \"v1\",\n  \"command\": \"fuzz\",\n  \"verdict\": \"inconclusive\",", "a report of a campaign or a shard (-o json)", "merge"},
	{"{\n  \"format\": 1,\n  \"version\": \"v1\",\n  \"command\": \"gate\",\n  \"verdict\": \"held\",\n  \"subject\": \"raftcheck.yaml\",\n  \"shard\": {}\n}", "a report of a campaign or a shard (-o json)", "merge"},
	{"## ❌ raftcheck check: violated\n\nmutant", "a summary in Markdown (-o markdown)", ""},
	{"<svg xmlns=\"http://www.w3.org/2000/svg\">", "a picture (SVG)", ""},
	{"#!/usr/bin/env python3\nimport sys\n", "a program", ""},
	{"// Package raft.\npackage raft\n", "a program", ""},
	{"\"\"\"A Raft.\"\"\"\nimport json\n", "a program", ""},
	{"- rule: vote-once\n  subject: trace\n  fingerprint: \"c358e7d04fd43163\"\n", "a list of known findings", ""},
	{"# known\nknown:\n  - rule: vote-once\n    fingerprint: 'c358e7d04fd43163'\n", "a list of known findings", ""},
	{"version: 1\nchecks:\n- verify: a\nknown:\n- rule: vote-once\n  fingerprint: 'c358e7d04fd43163'\n", "a declaration of a project (raftcheck.yaml)", "gate"},
	{"# how to read it\nformat: raftcheck-mapping\nversion: 1\n", "a mapping of a log to a trace", ""},
	{"# what must hold\nversion: 1\nimplementations:\n  - etcd@v3.6.0\n", "a declaration of a project (raftcheck.yaml)", "gate"},
	{"{\n \"level\": \"debug\",\n \"tag\": \"trace\"\n}", "JSON over several lines", ""},
	{`{"level":"info","ts":1,"msg":"became leader"}`, "a log in JSON lines", ""},
	{`time=12:00:00 level=info msg="became leader" node=a`, "a log in logfmt", ""},
}

func TestRecognise(t *testing.T) {
	for _, c := range begins {
		f := foreign.Recognise([]byte(c.text))
		require.NotNil(t, f, "%q", c.text)
		require.Equal(t, c.name, f.Name, "%q", c.text)
		require.Equal(t, c.verb != "", len(f.Verbs) > 0, c.name)
		require.True(t, c.verb == "" || f.Verbs[0] == c.verb, c.name)
		require.True(t, c.verb != "" || f.Hint != "", "%s has neither a verb nor a hint", c.name)
		require.Same(t, f, foreign.Recognise([]byte(c.text+"\nmore of it")), "%q with a line more", c.text)
	}
}

func TestWhatIsNothingIsNotRecognised(t *testing.T) {
	for _, text := range []string{"", "\n\n", "This is no trace.", "{", "[]", "{}", "null", "\x00\x01", "key: value is prose, and more of it\nnot: yaml: at all {", strings.Repeat("x", foreign.HeadSize)} {
		require.Nil(t, foreign.Recognise([]byte(text)), "%q", text)
	}
}

func FuzzRecognise(f *testing.F) {
	for _, c := range begins {
		f.Add([]byte(c.text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if r := foreign.Recognise(data); r != nil && r.Name == "" {
			t.Fatalf("%q is recognised as nothing", data)
		}
	})
}
