package sim

import (
	"testing"

	"cascade/sim/des"
)

// What an age has come to can be read without a trace: one more look at it would round
// the integral in another way, and with it all that is told later.
func TestAgeIsReadWithoutATrace(t *testing.T) {
	g := aging{}
	g.change(0, true, 0)
	before := g
	area, most := g.total(1_234_567_891)
	if g != before {
		t.Errorf("reading made %+v of %+v", g, before)
	}
	if want := 1_234_567_891.0 * 1_234_567_891.0 / 2; area != want || most != des.Time(1_234_567_891) {
		t.Errorf("read %v and %v, want %v and 1.23s", area, most, want)
	}
}
