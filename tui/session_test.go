package tui

import (
	"slices"
	"strings"
	"testing"
	"time"

	"cascade/scenarios"
	"cascade/sim/des"
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
		{"35s", "next is payment-slow at 70s"}, // and what ends then is over
		{"45s", "next is payment-slow at 70s"},
		{"80s", "next is payment-slow at 110s"},
		{"72s", "payment-slow: latency on payment"},
		{"116s", "none is to come"},
	} {
		d.press(":goto " + row.at + "[enter]")
		if text, _ := d.inForce(); !strings.Contains(text, row.want) || strings.Contains(text, "until") { // it comes back
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
			if r, _, _, _ := d.on.GetContent(x, 0); r == d.look.glyphs.fault {
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

// What is done while the run is on its way somewhere is done there.
func TestAFormOnTheWay(t *testing.T) {
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.player.Seek(40 * second)
	d.act(doInject)
	if d.paused.at != 40*second {
		t.Fatalf("the form is for %v", d.paused.at)
	}
	d.press("[ctrl-s]")
	if f := d.plan().Faults; len(f) != 2 || f[1].From != 40*second || d.frame.Now != 40*second {
		t.Errorf("at %v there are the faults %+v", d.frame.Now, f)
	}
}

// What is done within an interval changes no number there: also where an expectation asks of
// what happens from that instant on, now is the latest whole interval, of run and twin.
func TestWhatIsDoneMovesNoNumber(t *testing.T) {
	for _, keys := range []string{"h", ":inject slow payment[enter][ctrl-s]", ":dial gateway.buy[enter]bulk[enter]48[ctrl-s]"} {
		for _, branch := range []string{"", "b"} {
			d := deskAt(t, "slow-dependency", 42300*time.Millisecond, dark())
			d.selected, d.opened, d.size = "shoppers", true, size{80, 24}
			d.press(branch)
			before := d.shows("from 0s to 42s")
			d.press(keys)
			if len(d.deeds) != 1 || d.frame.Now != 42300*second/1000 {
				t.Fatalf("%s: at %v there are %d deeds", keys, d.frame.Now, len(d.deeds))
			}
			numbers := func(text string) string { return text[strings.Index(text, "╭"):strings.LastIndex(text, "╯")] }
			if after := d.shows("from 0s to 42s"); numbers(after) != numbers(before) {
				t.Errorf("%s%s: the page was\n%s\nand is\n%s", branch, keys, before, after)
			}
			d.press(".")
			if d.frame.Run.At != 43*second || d.frame.Run.Last.From != 42*second {
				t.Errorf("%s%s: a step on it shows what was seen from %v to %v", branch, keys, d.frame.Run.Last.From, d.frame.Run.At)
			}
		}
	}
}

// A report is of where the run stands: not of somewhere on its way there, which is not what
// the screen shows.
func TestNoReportOnTheWay(t *testing.T) {
	d := deskAt(t, "slow-dependency", 40*time.Second, dark())
	d.player.Seek(90 * second)
	if _, err := d.write(writeReport, "r.json", false); err == nil || err.Error() != "the run is on its way to 90s; write the report once it is there" || len(d.files) > 0 {
		t.Errorf("%v; written are %v", err, d.files)
	}
	d.arrive()
	if _, err := d.write(writeReport, "r.json", false); err != nil || d.files["r.json"] != headless(t, d.scenario, 90*second) {
		t.Errorf("%v; written are %v", err, d.files)
	}
}

// What a form has held goes on once, not again when something else is closed.
func TestAFormHoldsOnce(t *testing.T) {
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.player.Play()
	d.press("i[esc]")
	if !d.player.Playing() {
		t.Fatal("it does not go on")
	}
	d.press(" ?[esc]")
	if d.player.Playing() {
		t.Error("it was paused, and goes on when the help is closed")
	}
}

// With a fault that was injected goes what was done to it.
func TestTakingBackAFault(t *testing.T) {
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.press(":inject slow payment[enter][ctrl-s]:goto 20s[enter]h:goto 10s[enter]")
	if len(d.deeds) != 2 {
		t.Fatalf("there are %d deeds; said %q", len(d.deeds), d.said)
	}
	d.press(":heal payment-slow-2[enter]")
	if len(d.deeds) != 0 || len(d.changes) != 0 || len(d.plan().Faults) != 1 || d.frame.Now != 10*second {
		t.Errorf("at %v there are %d deeds, and the changes %v; said %q", d.frame.Now, len(d.deeds), d.changes, d.said)
	}
	// And not what was done to another whose name goes on where its ends.
	d = deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.press(":inject errors payment[enter][ctrl-s]:inject errors payment[enter][ctrl-s]:goto 20s[enter]:heal payment-errors-2[enter]:goto 10s[enter]:heal payment-errors[enter]")
	if len(d.deeds) != 2 || len(d.plan().Faults) != 2 || d.plan().Faults[1].Until != 20*second {
		t.Errorf("there are %d deeds, and the faults %+v", len(d.deeds), d.plan().Faults)
	}
	// A change of the whole run is taken back from its beginning.
	d.press(":set services.payment.threads=64[enter]:goto 30s[enter]:undo[enter]")
	if d.frame.Now != 0 || d.plan().Topology.Services[2].Threads != 32 {
		t.Errorf("at %v payment has %d threads", d.frame.Now, d.plan().Topology.Services[2].Threads)
	}
}

// Faults that one deed adds follow those that there are.
func TestFaultsOfOneDeed(t *testing.T) {
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	add := func(name string) Draft {
		return Draft{Name: name, At: 12 * time.Second, Kind: "slow", On: "payment", Fields: []Field{{"factor", "2"}}}
	}
	if problems := d.do(deed{at: 12 * second, drafts: []Draft{add("a"), add("b")}}); problems != nil {
		t.Fatal(problems)
	}
	d.arrive()
	var names []string
	for i := range d.plan().Faults {
		names = append(names, d.plan().Faults[i].Name)
	}
	if got := strings.Join(names, " "); got != "payment-slow a b" {
		t.Errorf("the faults are %s", got)
	}
	if !slices.Equal(d.changes, d.changesOf(d.deeds)) {
		t.Errorf("the changes are %v", d.changes)
	}
}

// TestGoesOnAsItWas: a form holds the run, and only one that was playing goes on with what
// was done; of another the hand is told how.
func TestGoesOnAsItWas(t *testing.T) {
	for _, row := range []struct{ keys, said string }{
		{"i[ctrl-s]", "injected payment-latency at 45s"},
		{"tthr[enter]64[ctrl-s]", "turned threads of payment to 64 at 45s"},
		{"h", "healed payment-slow at 45s"},
	} {
		for _, playing := range []bool{false, true} {
			d := deskAt(t, "slow-dependency", 45*time.Second, dark())
			d.selected = "payment"
			want := row.said
			if playing {
				d.player.Play()
			} else {
				want += "; space goes on"
			}
			d.press(row.keys)
			if d.said != want || d.player.Playing() != playing {
				t.Errorf("%s: said %q, want %q; it plays: %v, want %v", row.keys, d.said, want, d.player.Playing(), playing)
			}
		}
	}
}

// TestLongNamesOfFaults stand in columns, and leave room for the time.
func TestLongNamesOfFaults(t *testing.T) {
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.press(":inject crash payment[enter][up][up]a-name-that-is-much-longer-than-all-the-others-there[ctrl-s]")
	d.press(":goto 13s[enter]:faults[enter]")
	var at []int
	for _, line := range strings.Split(d.shows("since 12s, until ", "crash on payment", "latency on payment"), "\n") {
		for _, kind := range []string{"crash on", "latency on"} {
			if i := strings.Index(strings.ReplaceAll(line, "…", "."), kind); i >= 0 {
				at = append(at, i)
			}
		}
	}
	if len(at) < 2 || at[len(at)-1] != at[len(at)-2] {
		t.Errorf("what they are stands at %v\n%s", at, d.shows())
	}
}

// TestTheKeysOfTimeGoIntervals where those are longer than a second: ten seconds of a run of
// five days would show nothing.
func TestTheKeysOfTimeGoIntervals(t *testing.T) {
	for _, row := range []struct {
		of, footer string
		size       time.Duration
	}{
		{"slow-dependency", "left 10s back", time.Second},
		{"redelivery-spiral", "left 100s back", 10 * time.Second},
		{"weekend-outage", "left 5h back", 30 * time.Minute},
	} {
		d := deskAt(t, row.of, 80*row.size, dark())
		d.size = size{200, 60}
		d.shows(row.footer)
		for _, key := range []struct {
			name string
			want time.Duration
		}{{"left", 70}, {"shift-left", 10}, {"right", 20}, {"shift-right", 80}} {
			if d.press("[" + key.name + "]"); d.frame.Now != des.Time(key.want*row.size) {
				t.Errorf("%s after %s: at %v, want %v", row.of, key.name, d.frame.Now, key.want*row.size)
			}
		}
	}
}
