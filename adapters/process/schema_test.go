package process_test

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/process"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces/wire"
)

// schemas compiles the published schema: of what is asked and of what is answered.
func schemas(t *testing.T) map[string]*jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(process.Schema))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("protocol.schema.json", doc))
	all := map[string]*jsonschema.Schema{}
	for direction, name := range map[string]string{"<": "request", ">": "answer"} {
		all[direction], err = c.Compile("protocol.schema.json#/$defs/" + name)
		require.NoError(t, err)
	}
	return all
}

func validate(s *jsonschema.Schema, line string) error {
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
	if err != nil {
		return err
	}
	return s.Validate(value)
}

// Every line that a search exchanges with the samples fits the schema.
func TestTheSchemaDescribesRealLines(t *testing.T) {
	all := schemas(t)
	for _, s := range samples {
		t.Run(s.language, func(t *testing.T) {
			var transcript bytes.Buffer
			p := s.program(t, process.Options{Transcript: &transcript})
			c := documented(p.Node)
			c.Bounds.Depth = 9
			search(t, c)
			seen := map[string]bool{}
			for line := range strings.Lines(transcript.String()) {
				server, rest, _ := strings.Cut(strings.TrimRight(line, "\n"), " ")
				direction, json, _ := strings.Cut(rest, " ")
				if seen[direction+json] {
					continue
				}
				seen[direction+json] = true
				require.Contains(t, []string{"n1", "n2", "n3"}, server)
				require.NoError(t, validate(all[direction], json), json)
			}
			require.Greater(t, len(seen), 500)
		})
	}
}

// What the adapter refuses for its shape, the schema refuses too, and the other way round.
func TestTheSchemaAndTheAdapterAgree(t *testing.T) {
	answers := schemas(t)[">"]
	for line, right := range map[string]bool{
		`{"post":{}}`:      true,
		`{"refused":true}`: true,
		`{"post":{"role":"leader","term":3,"votedFor":null,"leader":"n1","log":{"base":1,"baseTerm":1,"entries":[{"term":2,"kind":"no-op"},{"term":2,"value":"x"}]},"commit":1,"applied":1,"granted":[],"refused":[],"progress":[{"server":"n2","next":2,"match":1}],"config":{"voters":["n1"],"outgoing":["n2"],"learners":["n3"]}}}`: true,
		`{"post":{},"effects":[{"write":{"term":1}},{"sync":{}},{"send":{"kind":"PreVote","to":"n2","term":1,"payload":"x"}},{"answer":{"value":"r","index":3}}]}`:                                                                                                                                                                     true,
		`{"post":{},"can":["start"]}`:                        true,
		`{"post":{},"redirect":"me"}`:                        false,
		`{"post":{},"can":["fly"]}`:                          false,
		`{"post":{"term":"1"}}`:                              false,
		`{"post":{"term":-1}}`:                               false,
		`{"post":{"votedfor":null}}`:                         false,
		`{"post":{"role":"crashed"}}`:                        false,
		`{"post":{"leader":"node1"}}`:                        false,
		`{"post":{},"done":true}`:                            false,
		`{"post":{},"effects":[{}]}`:                         false,
		`{"post":{},"effects":[{"sync":{},"write":{}}]}`:     false,
		`{"post":{},"effects":[{"send":{"kind":"Vote"}}]}`:   false,
		`{"post":{},"effects":[{"send":{"to":"n2"}}]}`:       false,
		`{"post":{},"effects":[{"sync":{"vote":1}}]}`:        false,
		`{"post":null}`:                                      false,
		`{"post":{"log":{"entries":[{"term":1,"data":1}]}}}`: false,
	} {
		p := themselves(t, say(line), process.Options{})
		fault := p.Node(1, three).Step(spec.Input{Kind: spec.Timeout}).Fault
		require.Equal(t, right, fault == nil, "the adapter says of %s: %v", line, fault)
		err := validate(answers, line)
		require.Equal(t, right, err == nil, "the schema says of %s: %v", line, err)
		p.Close()
	}
}

// Whatever the vocabulary can say, the schema knows: every field is filled in, and written.
func TestTheSchemaKnowsEveryField(t *testing.T) {
	all := schemas(t)
	var post spec.Observation
	fill(reflect.ValueOf(&post).Elem())
	post.Unknown, post.Role = spec.FieldDurable, spec.Leader
	var message spec.Message
	fill(reflect.ValueOf(&message).Elem())
	var disk spec.Durable
	fill(reflect.ValueOf(&disk).Elem())
	var reply spec.Reply
	fill(reflect.ValueOf(&reply).Elem())

	for kind := spec.RequestVote; kind <= spec.TimeoutNow; kind++ {
		message.Kind = kind
		answer := wire.Open(nil)
		answer.Output(&spec.Output{Effects: []spec.Effect{{Kind: spec.Send, Message: message}, {Kind: spec.Write, Durable: disk},
			{Kind: spec.Sync, Durable: disk}, {Kind: spec.Answer, Reply: reply}}, Redirect: 1, Refused: true, Fault: errors.New("x")})
		answer.Observation("post", &post)
		require.NoError(t, validate(all[">"], string(answer.Close())))
	}
	for kind := spec.Timeout; kind <= spec.Stored; kind++ {
		if kind == spec.Crash || kind == spec.Restart {
			continue // these are ours
		}
		request := wire.Open(nil)
		request.Text("event", kind.String())
		request.Input(&spec.Input{Kind: kind, Message: message, Value: "x", Peer: 1, Change: spec.Change{Voters: "n1", Learners: "n2", Joint: true}})
		require.NoError(t, validate(all["<"], string(request.Close())), kind.String())
	}
}

// fill gives every field of a value something that is not zero.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for k := range v.NumField() {
			if v.Type().Field(k).Name != "Unknown" {
				fill(v.Field(k))
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint8, reflect.Uint32, reflect.Uint64:
		v.SetUint(1)
	default:
		panic("a field of kind " + v.Kind().String())
	}
}
