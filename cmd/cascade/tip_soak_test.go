//go:build soak && !race

package main

import "testing"

// With all the runs that are allowed the interval holds the band's edge, and without the
// push the database's whole capacity is borne: 300 requests a second, or ten times as many
// with the cache.
func TestPublishedCollapsesWholly(t *testing.T) {
	for _, c := range collapses {
		pushed, _ := tipped(t, c.text, "--until", c.until, "--vary", c.vary, "--safe", "20%")
		if pushed == nil || pushed.Low == nil || pushed.High == nil || *pushed.Low > c.high || *pushed.High < c.low || pushed.Value < c.low || pushed.Value > c.high {
			t.Errorf("%s: it tips at %+v, not from %v/s to %v/s", c.name, pushed, c.low, c.high)
		}
	}
	for i, row := range []struct {
		vary      string
		low, high float64
	}{{"traffic.users.rate=200/s..400/s", 290, 305}, {"traffic.users.profile.0.rate=2000/s..3600/s", 2800, 3100}} {
		c := collapses[i]
		if _, alone := tipped(t, c.text, "--until", c.until, "--vary", row.vary, "--runs", "400"); alone == nil || alone.Value < row.low || alone.Value > row.high {
			t.Errorf("%s: by itself it tips at %+v, not from %v/s to %v/s", c.name, alone, row.low, row.high)
		}
	}
}
