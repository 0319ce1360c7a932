package report

import (
	"testing"

	"cascade/sim/des"
)

func TestRatesOfAPoint(t *testing.T) {
	line := Timeline{Point: 2e9, Starts: []des.Time{0, 2e9}, end: 3e9}
	service := ServiceSeries{Errors: []uint64{0, 3}, Ended: []uint64{0, 12}}
	source := SourceSeries{Succeeded: []uint64{0, 9}, Failed: []uint64{0, 3}}
	edge := EdgeSeries{Attempts: []uint64{0, 8}, Failed: []uint64{5, 2}}
	for _, row := range []struct {
		what      string
		got, want float64
	}{
		{"a whole point's rate", line.Rate(0, 10), 5},
		{"the rate of the last point, half as long", line.Rate(1, 10), 10},
		{"errors where nothing ended", service.ErrorShare(0), 0},
		{"errors", service.ErrorShare(1), 0.25},
		{"failed where nothing ended", source.FailedShare(0), 0},
		{"failed", source.FailedShare(1), 0.25},
		{"succeeded where nothing ended", source.SucceededShare(0), 0},
		{"succeeded", source.SucceededShare(1), 0.75},
		{"failed attempts that began before", edge.FailedShare(0), 1},
		{"failed attempts", edge.FailedShare(1), 0.25},
	} {
		if row.got != row.want {
			t.Errorf("%s: %v, want %v", row.what, row.got, row.want)
		}
	}
}
