package experiment

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// StoredSchema is the schema that a text names, if it is a JSON object that names one of
// cascade's: a report that was kept, and no scenario.
func StoredSchema(text []byte) (schema string, stored bool) {
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return "", false
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return "", false
		}
		if key == "schema" {
			err := d.Decode(&schema)
			return schema, err == nil && strings.HasPrefix(schema, "cascade.")
		}
		var skipped json.RawMessage
		if d.Decode(&skipped) != nil {
			return "", false
		}
	}
	return "", false
}

// ReadStored reads a report that was kept, of one run (cascade.report/v1) or of many
// (cascade.runs/v1), to compare others with. The records are without their texts.
func ReadStored(text []byte) (Side, error) {
	var side Side
	reports := []json.RawMessage{text}
	switch schema, _ := StoredSchema(text); schema {
	case "cascade.report/v1":
	case "cascade.runs/v1":
		var many struct {
			Runs []json.RawMessage `json:"runs"`
		}
		if err := json.Unmarshal(text, &many); err != nil {
			return side, fmt.Errorf("not a report of many runs: %w", err)
		}
		reports = many.Runs
	default:
		return side, fmt.Errorf("its schema is %q: to compare, a report of runs is wanted, cascade.report/v1 or cascade.runs/v1", schema)
	}
	seeds := map[uint64]bool{}
	for i, report := range reports {
		r, err := ReadRecord(0, report)
		if err != nil {
			return side, err
		}
		if seeds[r.Seed] {
			return side, fmt.Errorf("it has two runs with the seed %d", r.Seed)
		}
		seeds[r.Seed] = true
		if i == 0 {
			side.Name, side.Duration = r.Name, durationOf(report)
		}
		side.Records = append(side.Records, r.Slim())
	}
	if !slices.ContainsFunc(side.Records, func(r Record) bool { return r.Complete }) {
		return side, errors.New("no run in it came to its end: there is nothing to compare")
	}
	return side, nil
}

// durationOf is how long a report's run was to last, in seconds.
func durationOf(report []byte) float64 {
	var head struct {
		Scenario struct {
			Duration float64 `json:"duration_s"`
		} `json:"scenario"`
	}
	if json.Unmarshal(report, &head) != nil {
		return 0
	}
	return head.Scenario.Duration
}
