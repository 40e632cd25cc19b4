package process_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/process"
	"github.com/raftcheck/raftcheck/spec"
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
