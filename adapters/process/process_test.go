package process_test

import (
	"context"
	"encoding/base64"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/process"
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/spec"
)

var three = []spec.ServerID{1, 2, 3}

// small is a world that is searched in a moment, without crashes.
func small(node spec.Factory) *cluster.Config {
	c := cluster.Default(node)
	c.Servers, c.Faults.Crash, c.Bounds.Messages = 2, cluster.Off, 1
	return &c
}

func search(t testing.TB, c *cluster.Config) *checker.Result {
	t.Helper()
	r, err := checker.Check(context.Background(), c, checker.Options{Goals: []*spec.Goal{spec.Goals[0]}})
	require.NoError(t, err)
	return r
}

// A search does not see whether a server is called or written to, whatever the program is able to do.
func TestAServerBehindAPipeIsTheServer(t *testing.T) {
	want := search(t, small(impl.New(impl.Options{})))
	require.Equal(t, spec.Held, want.Verdict)
	for how, processes := range map[string]int{"state": 3, "state start": 1} {
		p := themselves(t, how, process.Options{Processes: processes})
		got := search(t, small(p.Node))
		require.Equal(t, want.Verdict, got.Verdict)
		require.Equal(t, want.Search.Distinct, got.Search.Distinct, how)
		require.Equal(t, want.Search.Transitions, got.Search.Transitions, how)
		require.Equal(t, want.Search.LocalStates, got.Search.LocalStates, how)
		require.Positive(t, got.Search.Audits)
	}
}

// Without a state every history is a state of its own, and nothing is merged.
func TestHistoriesAreStates(t *testing.T) {
	p := themselves(t, "start", process.Options{})
	c := small(p.Node)
	c.Bounds.Depth = 4
	histories := search(t, c)
	c.New = impl.New(impl.Options{})
	states := search(t, c)
	require.Greater(t, histories.Search.LocalStates, states.Search.LocalStates)
	require.Zero(t, histories.Search.Audits)
}

// What is wrong with a program is said with what it was asked and what it answered.
func TestProgramsThatMisbehave(t *testing.T) {
	const asked = "the program is asked `{\"event\":\"timeout\"}` and "
	for how, want := range map[string]string{
		"exit-0":                          asked + `ends with exit status 0 without an answer`,
		"exit-3":                          asked + `ends with exit status 3 without an answer; it says on stderr: "no disk to write to"`,
		"partial":                         asked + "ends with exit status 1 in the middle of an answer: `{\"effects\":[`",
		"close":                           asked + `closes its stdout without an answer`,
		"huge":                            asked + "answers with more than 1000 bytes without a line break: `xxxx",
		"two-lines":                       asked + "writes a second line: `{\"refused\":true}`",
		say("starting up\n{\"post\":{}}"): asked + "writes a line that is no answer, and more behind it: `starting up`",
		say("{\"level\":\"info\"}\n{\"post\":{}}"): asked + "writes a line that is no answer, and more behind it: `{\"level\":\"info\"}`",
		say(``):                      asked + `answers with a line that is not as it must be: the line ends where '{' belongs`,
		say(`hello`):                 asked + "answers with a line that is not as it must be: 'h' where '{' belongs, at column 1 of `hello`",
		say(`{"post":{},`):           asked + "answers with a line that is not as it must be: the line ends where a string belongs, at column 12 of `{\"post\":{},`",
		say(`{"post":{}} {}`):        asked + "answers with a line that is not as it must be: more text after the end of the object, at column 13 of",
		say(`[]`):                    `'[' where '{' belongs, at column 1 of`,
		say("\xff\xfe"):              "where '{' belongs, at column 1 of \"\\xff\\xfe\"",
		say(`{"refused":"yes"}`):     `'"' where true or false belongs, at column 12 of`,
		say(`{"post":{"term":"1"}}`): `'"' where an integer of 0 or more belongs, at column 17 of`,
		say(`{"post":{"term":-1}}`):  `'-' where an integer of 0 or more belongs, at column 17 of`,
		say(`{"post":{"term":1.5}}`): `a fraction where an integer belongs, at column 17 of`,
		say(`{"post":{"term":99999999999999999999}}`):                                                `integer above 2^53, at column 17 of`,
		say(`{"post":{"votedfor":null}}`):                                                            `unknown member "votedfor", at column 10 of`,
		say(`{"post":{"role":"boss"}}`):                                                              `unknown role "boss", at column 17 of`,
		say(`{"post":{"role":"crashed"}}`):                                                           `a server that answers has not crashed, at column 9 of`,
		say(`{"post":{"durable":{}}}`):                                                               `what is on disk is told by the effects write and sync, not by post.durable`,
		say(`{"post":{"leader":"node1"}}`):                                                           `"node1" is not a server: n1, n2, …, at column 19 of`,
		say(`{"state":1}`):                                                                           `a member "post" is missing, which shows the server after the step`,
		say(`{"post":{},"done":true}`):                                                               `unknown member "done", at column 12 of`,
		say(`{"post":{},"effects":{}}`):                                                              `'{' where '[' belongs, at column 22 of`,
		say(`{"post":{},"effects":[{}]}`):                                                            `an effect that is none of send, write, sync, answer, at column 23 of`,
		say(`{"post":{},"effects":[{"log":1}]}`):                                                     `unknown member "log"`,
		say(`{"post":{},"effects":[{"sync":{},"write":{}}]}`):                                        `a second effect in one object: each has its own, in their order, at column 34 of`,
		say(`{"post":{},"effects":[{"sync":{"vote":1}}]}`):                                           `unknown member "vote", at column 32 of`,
		say(`{"post":{},"effects":[{"send":{"to":"n2"}}]}`):                                          `a message without "kind"`,
		say(`{"post":{},"effects":[{"send":{"kind":"Vote"}}]}`):                                      `unknown kind of message "Vote", at column 39 of`,
		say(`{"post":{},"effects":[{"send":{"kind":"TimeoutNow","to":"n9","term":1}}]}`):             `n1 sends a message to n9, at column 31 of`,
		say(`{"post":{},"effects":[{"send":{"kind":"TimeoutNow","to":"n1","term":1}}]}`):             `n1 sends a message to n1, at column 31 of`,
		say(`{"post":{},"effects":[{"send":{"kind":"TimeoutNow","from":"n2","to":"n3","term":1}}]}`): `n1 sends a message from n2, at column 31 of`,
		say(`{"post":{},"effects":[{"send":{"kind":"TimeoutNow","to":"n2","term":1,"extra":1}}]}`):   `unknown member "extra"`,
		say(`{"refused":true,"effects":[{"sync":{}}]}`):                                              `what is refused has no effects, at column 1 of`,
		say(`{"refused":true,"redirect":"n2"}`):                                                      `a client that is sent on is not refused`,
		say(`{"refused":true,"post":{"term":7}}`):                                                    `refuses, so that nothing happens, and is another after it: post.refused is [] in one of them only`,
		say(`{"post":{"term":1},"state":"s"}`):                                                       `gives a state now and then: it is in every answer that is not refused, or in none`,
		say(`{"fault":"my log is on fire"}`):                                                         `reports a fault of its own: "my log is on fire"`,
	} {
		t.Run(how, func(t *testing.T) {
			p := themselves(t, how, process.Options{Line: 1000})
			node := p.Node(1, three)
			out := node.Step(spec.Input{Kind: spec.Timeout})
			var wrong *process.Error
			require.ErrorAs(t, out.Fault, &wrong)
			require.Contains(t, wrong.Error(), want)
			require.Equal(t, spec.ServerID(1), wrong.Server)
		})
	}
}

func say(line string) string { return "say=" + base64.StdEncoding.EncodeToString([]byte(line)) }

func TestALongAnswerIsQuotedAroundWhatIsWrong(t *testing.T) {
	pad := ""
	for range 100 {
		pad += `{"sync":{}},`
	}
	p := themselves(t, say(`{"effects":[`+pad+`{"sink":{}}],"post":{}}`), process.Options{})
	err := p.Node(1, three).Step(spec.Input{Kind: spec.Timeout}).Fault
	require.ErrorContains(t, err, "unknown member \"sink\", at column 1214 of `…")
	require.ErrorContains(t, err, `{"sync":{}},{"sink":{}}],"post":{}}`+"`")
	require.Less(t, len(err.Error()), 500)
}

// A program that hangs is ended.
func TestAProgramThatHangsIsEnded(t *testing.T) {
	p := themselves(t, "hang", process.Options{Limit: 200 * time.Millisecond})
	err := p.Node(1, three).Step(spec.Input{Kind: spec.Timeout}).Fault
	require.ErrorContains(t, err, "the program is asked `{\"event\":\"timeout\"}` and gives no answer within 200ms")
	var wrong *process.Error
	require.ErrorAs(t, err, &wrong)
	require.Contains(t, wrong.Hint, "flush stdout")
}

func TestAProgramThatIsNotThere(t *testing.T) {
	p := process.New([]string{"./no such program"}, process.Options{})
	defer p.Close()
	_, err := p.Probe(three)
	require.ErrorContains(t, err, "the program cannot be run: fork/exec ./no such program: no such file or directory")
	node := p.Node(1, three)
	require.False(t, ptr(node.Observe()).Knows(spec.FieldRole))
	require.ErrorContains(t, node.Step(spec.Input{Kind: spec.Timeout}).Fault, "cannot be run")

	var fault *checker.Fault
	_, err = checker.Check(context.Background(), small(p.Node), checker.Options{})
	require.True(t, errors.As(err, &fault))
}

func ptr[T any](v T) *T { return &v }

func TestNothingRunsAfterClose(t *testing.T) {
	p := themselves(t, "state", process.Options{})
	node := p.Node(1, three)
	p.Close()
	p.Close()
	require.ErrorContains(t, node.Step(spec.Input{Kind: spec.Timeout}).Fault, "was closed")
}

// The same search counts the same, however often it is made, and in the same processes or in new ones.
func TestSearchesAreSteady(t *testing.T) {
	var first *checker.Result
	p := themselves(t, "state start", process.Options{})
	for run := range 6 {
		if run%2 == 0 {
			p = themselves(t, "state start", process.Options{})
		}
		c := small(p.Node)
		c.Bounds.Depth = 7
		r := search(t, c)
		if first == nil {
			first = r
		}
		require.Equal(t, counts(first), counts(r))
	}
}

func counts(r *checker.Result) [6]int {
	s := &r.Search
	return [6]int{int(s.Distinct), int(s.Transitions), s.LocalStates, s.Messages, s.Executions, s.Audits}
}
