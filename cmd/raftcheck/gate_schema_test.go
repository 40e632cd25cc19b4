package main

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/gate"
)

type object = map[string]any

// TestGateSchemaHasEveryFlag holds the published schema of raftcheck.yaml to the flags that the verbs have.
func TestGateSchemaHasEveryFlag(t *testing.T) {
	const path = "../../gate/raftcheck.schema.json"
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	require.NoError(t, enc.Encode(gateSchema()))
	if *update {
		require.NoError(t, os.WriteFile(path, out.Bytes(), 0o666))
		return
	}
	requireSameLines(t, string(gate.Schema), out.String(), "go test ./cmd/raftcheck -run TestGateSchema -update rewrites it")
}

func gateSchema() object {
	text := object{"type": "string", "minLength": 1}
	patterns := object{"anyOf": []any{text, object{"type": "array", "minItems": 1, "items": text}}}
	check := object{"name": object{"type": "string", "minLength": 1, "description": "what reports call the check; made of what it checks if not given"},
		"inputs": object{"$ref": "#/$defs/patterns", "description": "further files on which the outcome depends, for raftcheck gate --since"}}
	var one []any
	defs := object{"patterns": patterns}
	for _, verb := range gate.Verbs {
		check[verb] = object{"$ref": "#/$defs/" + verb}
		one = append(one, object{"required": []any{verb}})
		defs[verb] = verbSchema(verb)
	}
	defs["checkOf"] = object{"type": "object", "description": "one thing to judge: a verb of raftcheck with its flags", "additionalProperties": false, "properties": check, "oneOf": one}
	knownSchema(defs, text)
	return object{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://raw.githubusercontent.com/raftcheck/raftcheck/main/gate/raftcheck.schema.json",
		"title": "raftcheck.yaml", "description": "What raftcheck gate judges. The settings of a check are the flags of its verb: raftcheck VERB --help says more.",
		"type": "object", "required": []any{"version", "checks"}, "additionalProperties": false,
		"properties": object{
			"version": object{"const": 1, "description": "number of this shape"},
			"checks":  object{"type": "array", "minItems": 1, "items": object{"$ref": "#/$defs/checkOf"}},
			"known": object{"description": "findings that are accepted: a list, or the name of a file with one",
				"anyOf": []any{object{"type": "null"}, text, object{"$ref": "#/$defs/knownList"}}},
		},
		"$defs": defs,
	}
}

func knownSchema(defs, text object) {
	defs["known"] = object{"type": "object", "description": "a finding that is accepted until a date", "additionalProperties": false,
		"required": []any{"rule", "subject", "fingerprint", "reason", "expires"},
		"properties": object{
			"rule":        object{"type": "string", "minLength": 1, "description": "the rule that it breaks, by name or id"},
			"subject":     object{"type": "string", "minLength": 1, "description": "what breaks it, as reports call it: hashicorp, exec:COMMAND, trace, history"},
			"fingerprint": object{"type": "string", "pattern": "^[0-9a-f]{16}$", "description": "in what way it is broken, as reports print it"},
			"shape":       object{"type": "string", "description": "for people: what the fingerprint is of"},
			"reason":      object{"type": "string", "minLength": 1, "description": "why it is accepted"},
			"issue":       object{"type": "string", "description": "where it is written down"},
			"expires":     object{"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "description": "the last day on which it is accepted"},
		}}
	list := object{"type": "array", "items": object{"$ref": "#/$defs/known"}}
	defs["knownList"] = list
	defs["knownFile"] = object{"description": "a file of known findings", "anyOf": []any{list,
		object{"type": "object", "required": []any{"known"}, "additionalProperties": false, "properties": object{"known": object{"anyOf": []any{list, object{"type": "null"}}}}}}}
	_ = text
}

// verbSchema describes the settings of a verb: its flags.
func verbSchema(verb string) object {
	a := &app{term: newTerminal(&bytes.Buffer{}, &bytes.Buffer{}, func(string) (string, bool) { return "", false }), env: func(string) (string, bool) { return "", false }}
	cmd, _, err := newRoot(a).Find([]string{verb})
	if err != nil {
		panic(err)
	}
	properties := object{}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !slices.Contains(notInGate, f.Name) {
			properties[f.Name] = flagSchema(f)
		}
	})
	settings := object{"type": "object", "description": cmd.Short, "additionalProperties": false, "properties": properties}
	files := map[string]string{"verify": "traces", "linearize": "histories", "replay": "traces"}[verb]
	switch {
	case files != "":
		properties[files] = object{"$ref": "#/$defs/patterns", "description": "the files: patterns, in which ** stands for folders of any depth"}
		settings["required"] = []any{files}
		return object{"description": cmd.Short, "anyOf": append(defsPatterns(), settings)}
	case verb == "diff":
		properties["impl"] = object{"type": "array", "minItems": 2, "maxItems": 2, "items": object{"type": "string", "minLength": 1}, "description": "the two implementations"}
		settings["required"] = []any{"impl"}
		return object{"description": cmd.Short, "anyOf": []any{properties["impl"], settings}}
	}
	return object{"description": cmd.Short, "anyOf": []any{object{"type": "null"}, settings}}
}

func defsPatterns() []any {
	text := object{"type": "string", "minLength": 1}
	return []any{text, object{"type": "array", "minItems": 1, "items": text}}
}

func flagSchema(f *pflag.Flag) object {
	_, usage := pflag.UnquoteUsage(f)
	s := object{"description": strings.ReplaceAll(usage, "`", "")}
	text := object{"type": "string", "minLength": 1}
	switch f.Value.Type() {
	case "bool":
		s["type"] = "boolean"
	case "int", "int64", "uint64":
		s["type"] = "integer"
		if f.Value.Type() == "uint64" {
			s["minimum"] = 0
		}
	case "duration":
		s["type"], s["pattern"] = "string", `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$`
	case "stringSlice", "stringArray", "list":
		s["anyOf"] = []any{text, object{"type": "array", "minItems": 1, "items": text}}
	default:
		s["type"], s["minLength"] = "string", 1
	}
	return s
}
