package tui

import (
	"strings"
	"testing"
	"time"

	"cascade/scenarios"
)

// What is taken back on a branch was the twin's too: the two are shown at one instant, and
// differ from where it was done.
func TestUndoOnABranch(t *testing.T) {
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.press(":inject slow payment[enter][ctrl-s]:goto 30s[enter]b")
	if d.frame.Twin == nil || d.frame.Branched != 30*second {
		t.Fatalf("no branch; said %q", d.said)
	}
	d.press(":goto 50s[enter]:undo[enter]")
	f := d.frame
	if f.Now != 12*second || f.Run.At != 12*second || f.Twin.At != 12*second || f.Branched != 12*second {
		t.Errorf("the run is at %v, the twin at %v, branched at %v", f.Run.At, f.Twin.At, f.Branched)
	}
	d.press(":goto 25s[enter]")
	if f = d.frame; f.Difference.From != 12*second || f.Twin.Active[1] == false || len(f.Run.Active) != 1 {
		t.Errorf("the twin is not the one with the fault: %+v", f.Difference)
	}
}

// The header tells of a fault that comes back, also where its first time is over.
func TestTheNextFault(t *testing.T) {
	d := deskAt(t, "slow-dependency", 12*time.Second, dark(), scenarios.Override{Path: "faults.0.every", Value: "40s"}, scenarios.Override{Path: "faults.0.for", Value: "5s"})
	for _, row := range []struct{ at, want string }{
		{"12s", "next is payment-slow at 30s"},
		{"30s", "next is payment-slow at 30s"}, // what begins at an instant has not begun then
		{"32s", "payment-slow: latency on payment"},
		{"35s", "payment-slow: latency on payment"},
		{"45s", "next is payment-slow at 70s"},
		{"80s", "next is payment-slow at 110s"},
		{"116s", "none is to come"},
	} {
		d.press(":goto " + row.at + "[enter]")
		if text, _ := d.inForce(); !strings.Contains(text, row.want) {
			t.Errorf("at %s: %q, want %q", row.at, text, row.want)
		}
	}
}

// Where there is no room for anything there is nothing to copy, or to click on.
func TestKeysOnATinyScreen(t *testing.T) {
	for _, s := range []size{{20, 5}, {20, 3}, {1, 1}, {3, 2}} {
		d := deskAt(t, "slow-dependency", 12*time.Second, dark())
		d.size, d.out.copy = s, func(string) {}
		for range 2 {
			for view := '1'; view <= '7'; view++ {
				d.press(string(view) + "yz").press("y/a[enter]y[esc]z")
			}
			d.press("b")
		}
		if d.frame.Twin != nil {
			t.Errorf("%v: the keys were not obeyed", s)
		}
	}
}

// Along the way through the run there is a mark wherever a fault is planned, however often.
func TestProgressMarksFaults(t *testing.T) {
	for _, row := range []struct{ every, want string }{
		{"200s", "   #        "}, // a column is 10 s
		{"40s", "   #   #   #"},
		{"2s", "   #########"},
	} {
		d := deskAt(t, "slow-dependency", 0, dark(), scenarios.Override{Path: "faults.0", Value: "{name: payment-slow, at: 30s, for: 1s, every: " + row.every + ", latency: {on: payment, add: 500ms}}"})
		d.draw()
		p := pen{d.on, 0, 0, 12, 1}
		p.fill(' ', d.look.plain)
		d.progress(p)
		marks := ""
		for x := range p.w {
			if _, _, style, _ := d.on.GetContent(x, 0); style == d.look.fault {
				marks += "#"
			} else {
				marks += " "
			}
		}
		if marks != row.want {
			t.Errorf("every %s: %q, want %q", row.every, marks, row.want)
		}
	}
}
