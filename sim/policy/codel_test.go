package policy

import (
	"testing"
	"time"
)

func TestQueueTimeout(t *testing.T) {
	for _, row := range []struct{ now, lastEmpty, want time.Duration }{
		{0, 0, 100 * ms},
		{time.Hour, time.Hour, 100 * ms},                    // empty now
		{time.Hour, time.Hour - 99*ms, 100 * ms},            // a burst
		{time.Hour, time.Hour - 100*ms, 100 * ms},           // not yet more than the interval
		{time.Hour, time.Hour - 100*ms - 1, 5 * ms},         // it stands
		{time.Hour, 0, 5 * ms},                              // and has for long
		{50 * ms, 0, 100 * ms},                              // early in the run
		{100*ms + 1, 0, 5 * ms},                             // the run began with an empty room
		{time.Hour + 5*ms, time.Hour + 4*ms, 100 * ms},      // it was empty for a moment
		{time.Hour + 105*ms, time.Hour + 4*ms, 5 * ms},      // and has stood since
		{time.Hour + 105*ms, time.Hour + 5*ms, 100 * ms},    // for just as long
		{100 * 24 * time.Hour, 50 * 24 * time.Hour, 5 * ms}, // for days
	} {
		if got := QueueTimeout(row.now, row.lastEmpty); got != row.want {
			t.Errorf("at %v, empty last at %v: %v, want %v", row.now, row.lastEmpty, got, row.want)
		}
	}
}
