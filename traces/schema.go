package traces

import _ "embed"

// Schema is the JSON Schema (2020-12) of one line of the native format.
//
//go:embed trace.schema.json
var Schema string
