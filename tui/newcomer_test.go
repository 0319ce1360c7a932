package tui

import (
	"strings"
	"testing"
	"time"

	"cascade/tui/player"
)

// TestNothingIsBegunAtTheEnd: what would need more of the run says that there is none, and
// what to do, in place of a form whose faults would all begin too late.
func TestNothingIsBegunAtTheEnd(t *testing.T) {
	for _, keys := range []string{" ", ".", "[right]", "i", "t", ":inject slow payment[enter]", ":dial payment[enter]"} {
		d := deskAt(t, "slow-dependency", 120*time.Second, dark())
		d.press(keys)
		if d.over != nil || d.frame.State != player.AtEnd {
			t.Errorf("after %q: %v, something lies over the panes: %v", keys, d.frame.State, d.over != nil)
		}
		d.shows("the run is over: left goes back in it, r begins it again", "none is to come")
		if strings.Contains(d.shows(), "injects one") {
			t.Errorf("after %q a fault is offered that cannot be", keys)
		}
	}
	d := deskAt(t, "slow-dependency", 120*time.Second, dark())
	d.press("b")
	d.shows("branched at the end: left goes back; the twin does without what is done there")
	d.press("[left]i")
	d.shows("inject at 110s")

	d = deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.press(":goto 500s[enter]")
	d.shows("120.0s of 120s", "the run ends at 120s")
}

// TestTheFaultsLineNamesTheKeyThatThereIs also where an action has another.
func TestTheFaultsLineNamesTheKeyThatThereIs(t *testing.T) {
	d := deskAt(t, "slow-dependency", 110*time.Second, dark())
	d.table = Keys{string(doInject): {"I"}}.table()
	d.shows("none is to come: I injects one")
}

// TestHowItGoesOnIsSeen: after a long value, too, the footer says that the run is held.
func TestHowItGoesOnIsSeen(t *testing.T) {
	d := deskAt(t, "retry-storm", 60*time.Second, dark())
	d.press(":dial shop->inventory[enter]retry[enter][ctrl-u]{attempts: 4, backoff: 20ms, jitter: full, budget: {ratio: 10%, burst: 10}}[ctrl-s]")
	d.shows("turned retry of shop->inventory to {attempts: 4, ", "; space goes on")
	d.press(":changes[enter]")
	d.shows("turned retry of shop->inventory to {attempts: 4, backoff: 20ms, jitter: f")
}
