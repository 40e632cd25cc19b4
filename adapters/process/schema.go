package process

import _ "embed" // for the schema

// Schema is the JSON Schema of the protocol's lines: an object with "request" or an answer, see its $defs.
//
//go:embed protocol.schema.json
var Schema []byte
