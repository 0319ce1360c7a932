package des

import (
	"math"
	"strconv"
	"time"
)

// Time is an instant of virtual time, or a span of it: whole nanoseconds since
// the start of the run.
type Time int64

// Never is later than every instant that can be reached.
const Never Time = math.MaxInt64

// Seconds is t in seconds.
func (t Time) Seconds() float64 { return float64(t) / 1e9 }

// Duration is t as a Go duration.
func (t Time) Duration() time.Duration { return time.Duration(t) }

// String is t in seconds, with as many decimals as it needs: 32.4s.
func (t Time) String() string {
	if t == Never {
		return "never"
	}
	return strconv.FormatFloat(t.Seconds(), 'f', -1, 64) + "s"
}
