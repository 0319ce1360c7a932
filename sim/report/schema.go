package report

import (
	_ "embed"
	"slices"
)

//go:embed report.schema.json
var schema []byte

// Schema is the JSON Schema (draft 2020-12) of cascade.report/v1, cascade.runs/v1,
// cascade.compare/v1 and cascade.sweep/v1. It knows every key that one of them may have,
// and no other.
func Schema() []byte { return slices.Clone(schema) }
