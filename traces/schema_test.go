package traces

import (
	"bytes"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
)

func schema(t *testing.T) *jsonschema.Schema {
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(Schema))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("trace.schema.json", document))
	s, err := c.Compile("trace.schema.json")
	require.NoError(t, err)
	return s
}

// everything is a trace that has every field once.
func everything() *Trace {
	t := sample()
	t.Header.Records = 0
	last := &t.Records[2].Step.After
	last.Progress = []spec.Progress{{Server: 1, NextIndex: 2, MatchIndex: 1}}
	last.Config = spec.Configuration{Voters: []spec.ServerID{1, 2}, Outgoing: []spec.ServerID{1}, Learners: []spec.ServerID{3}}
	for kind := spec.Timeout; kind <= spec.AdvanceCommit; kind++ {
		s := &spec.Step{Server: 1, Before: spec.Observation{Unknown: ^spec.Field(0)}, After: spec.Observation{Unknown: ^spec.Field(0)}}
		s.Input = spec.Input{Kind: kind, Value: "v", Peer: 2, Change: spec.Change{Voters: "n1,n2", Learners: "n3", Joint: true}}
		if kind == spec.Deliver {
			s.Input.Message = spec.Message{Kind: spec.TimeoutNow, From: 2, To: 1}
		}
		s.Output.Effects = []spec.Effect{{Kind: spec.Answer, Reply: spec.Reply{Value: "r", Index: 3}}}
		for m := spec.RequestVote; m <= spec.TimeoutNow; m++ {
			s.Output.Effects = append(s.Output.Effects, spec.Effect{Kind: spec.Send, Message: spec.Message{Kind: m, From: 1, To: 2}})
		}
		t.Records = append(t.Records, RecordOf(len(t.Records)+10, s))
	}
	t.Records = append(t.Records, Record{Number: 99, Event: EventHeal})
	return t
}

func TestWhatIsWrittenKeepsToTheSchema(t *testing.T) {
	var out bytes.Buffer
	w, err := NewWriter(&out, everything().Header)
	require.NoError(t, err)
	trace := everything()
	for k := range trace.Records {
		require.NoError(t, w.Record(&trace.Records[k]))
	}
	require.NoError(t, w.Flush())
	s := schema(t)
	for k, line := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
		require.NoError(t, err)
		require.NoError(t, s.Validate(value), "line %d: %s", k+1, line)
	}
}

// What a message or a state leaves out is unknown, and no error for the schema or the reader.
func TestTheSchemaTakesWhatIsNotShown(t *testing.T) {
	s := schema(t)
	text := `{"format":"raftcheck-trace","version":1}`
	for _, line := range []string{
		`{"n":1,"server":"n1","event":"deliver","message":{"kind":"AppendEntries"}}`,
		`{"n":2,"server":"n1","event":"resume","gate":"g"}`,
		`{"n":3,"server":"n1","event":"heartbeat","post":{"progress":[{"match":1}],"config":{},"durable":{}}}`,
		`{"n":4,"server":"n1","event":"heartbeat","effects":[{"send":{"kind":"AppendEntries","to":"n2"}},{"sync":{"term":1}}]}`,
	} {
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
		require.NoError(t, err)
		require.NoError(t, s.Validate(value), line)
		text += "\n" + line
	}
	_, err := Read("t", strings.NewReader(text))
	require.NoError(t, err)
}

func TestTheSchemaRefuses(t *testing.T) {
	s := schema(t)
	for _, line := range []string{
		`{}`,
		`{"format":"raftcheck-trace","version":2}`,
		`{"n":1,"event":"timeout"}`,
		`{"n":1,"server":"one","event":"timeout"}`,
		`{"n":1,"server":"n1","event":"sleep"}`,
		`{"n":-1,"server":"n1","event":"timeout"}`,
		`{"n":1,"server":"n1","event":"timeout","post":{"term":9007199254740993}}`,
		`{"n":1,"server":"n1","event":"deliver","message":{"from":"n1","to":"n2","term":1}}`,
		`{"n":1,"server":"n1","event":"timeout","effects":[{}]}`,
	} {
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
		require.NoError(t, err)
		require.Error(t, s.Validate(value), line)
	}
}
