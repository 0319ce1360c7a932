package tui

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gdamore/tcell/v2"

	"cascade/tui/player"
)

// TestNothingIsBegunAtTheEnd: what would need more of the run says that there is none, and
// what to do, in place of a form whose faults would all begin too late.
func TestNothingIsBegunAtTheEnd(t *testing.T) {
	for _, keys := range []string{" ", ".", "[right]", "[shift-right]", "i", "t", ":inject slow payment[enter]", ":dial payment[enter]"} {
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

// TestAReportOfAPartSaysSo, since nobody sees it in the file's name.
func TestAReportOfAPartSaysSo(t *testing.T) {
	d := deskAt(t, "slow-dependency", 42*time.Second, dark())
	d.press(":report a.json[enter]")
	d.shows("wrote a.json: the run until 42s, of 120s")
	d.press(":goto 120s[enter]:report b.json[enter]")
	if d.said != "wrote b.json" {
		t.Errorf("said %q", d.said)
	}
}

// TestACommandAsksBeforeItWritesOver: Enter once more does, and another name may be typed.
func TestACommandAsksBeforeItWritesOver(t *testing.T) {
	for _, file := range []string{"report a.json", "screen a.svg", "screen a.txt", "write a.yaml"} {
		_, name, _ := strings.Cut(file, " ")
		d := deskAt(t, "slow-dependency", 12*time.Second, dark())
		d.files[name] = "old"
		d.press(":" + file + "[enter]")
		d.shows(name + " is there already; enter once more writes over it")
		if d.files[name] != "old" {
			t.Fatalf("%s: written over", file)
		}
		if d.press("[enter]"); d.over != nil || d.files[name] == "old" || d.files[name] == "" {
			t.Errorf("%s: not written over; said %q", file, d.said)
		}
		d.press(":" + file + "[enter]other-" + name + "[enter]")
		if of := d.files["other-"+name]; d.over != nil || of == "" || len(d.files) != 2 {
			t.Errorf("%s: under another name it is %q; said %q", file, of, d.said)
		}
	}
}

// TestAFilterThatIsKeptTakesTheHandAlong, on the map as in a table, and leaves it where it
// is on what has the word already.
func TestAFilterThatIsKeptTakesTheHandAlong(t *testing.T) {
	for keys, want := range map[string]string{
		"1/paym[enter]":     "payment",
		"2/paym[enter]":     "payment",
		"1/checkout[enter]": "checkout",
		"1/check[enter]":    "checkout->payment",
		"1/[enter]":         "checkout->payment",
		"1/nobody[enter]":   "checkout->payment",
		"1/visit[esc]":      "checkout->payment",
		"1/visitors[enter]": "visitors",
		"1/visit[enter]":    "visitors->gateway.browse",
	} {
		d := deskAt(t, "slow-dependency", 12*time.Second, dark())
		d.selected = "checkout->payment"
		if strings.Contains(keys, "paym") {
			d.selected = "gateway"
		}
		if d.press(keys); d.selected != want {
			t.Errorf("after %q %s is selected, want %s", keys, d.selected, want)
		}
	}
}

// TestAKeyThatDoesNothingSaysSo, and where to look.
func TestAKeyThatDoesNothingSaysSo(t *testing.T) {
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.press("8")
	d.shows("8 does nothing here; ? tells which keys do")
	d.press("1s")
	d.shows("there is nothing to sort here: a table is sorted")
	d.press("2s")
	if d.said != "" {
		t.Errorf("in a table s says %q", d.said)
	}
}

// TestToLeaveIsAskedHoweverItIsSaid: by the key, as a command, by its name or its key, and in
// the help; the key once more leaves.
func TestToLeaveIsAskedHoweverItIsSaid(t *testing.T) {
	for _, keys := range []string{"q", ":quit[enter]", ":q[enter]", "?quit[enter]"} {
		for _, done := range []bool{false, true} {
			d := deskAt(t, "slow-dependency", 12*time.Second, dark())
			left := false
			d.out.quit = func() { left = true }
			if done {
				d.press(":inject slow payment[enter][ctrl-s]")
			}
			if d.press(keys); left == done {
				t.Errorf("after %q it left: %v; something is done and not written: %v", keys, left, done)
			}
			if !done {
				continue
			}
			d.shows("what was done is not written: w writes it, q once more leaves")
			if d.press("q"); !left {
				t.Errorf("after %q q does not leave", keys)
			}
		}
	}
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.press(":w[enter]")
	d.shows("slow-dependency-session.yaml")

	d = deskAt(t, "slow-dependency", 12*time.Second, dark())
	left := false
	d.out.quit = func() { left = true }
	if d.press(":inject slow payment[enter][ctrl-s]:q![enter]"); !left {
		t.Errorf("after :q! it is there still\n%s", d.shows())
	}
}

// TestADialThatIsWrongKeepsTheHand: Enter is back at the value, and no key takes away what was
// typed but the ones that say so.
func TestADialThatIsWrongKeepsTheHand(t *testing.T) {
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.press(":dial payment[enter]threads[enter]many[enter]")
	d.shows("threads        32 to many", "✖", "enter choose")
	d.press("[enter]")
	d.shows("enter done")
	d.press("[ctrl-u]48[enter]")
	d.shows("threads        32 to 48", "enter turn   up back to the list   esc leave")
	d.press("[enter]")
	if d.over != nil || !strings.HasPrefix(d.said, "turned threads of payment to 48") {
		t.Errorf("said %q\n%s", d.said, d.shows())
	}
}

// TestHelpFindsWhatElsewhereHasAName: by the words of the footer, and by the names that the
// command line and the settings take, which it tells.
func TestHelpFindsWhatElsewhereHasAName(t *testing.T) {
	for _, b := range keyTable() {
		for _, word := range []string{b.short, string(b.action)} {
			d := deskAt(t, "slow-dependency", 12*time.Second, dark())
			d.press("?")
			d.over.paste(word)
			if !slices.ContainsFunc(d.over.(*helping).found(), func(r finderRow) bool { return strings.HasSuffix(r.about, "; as a command :"+string(b.action)) }) {
				t.Errorf("%q does not find %s", word, b.action)
			}
		}
	}
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.press("?step-back")
	d.shows("one interval back, and stay there; as a command :step-back")
}

// TestHelpTellsTheSigns that stand on the map, in the story and along the time, as they stand
// there.
func TestHelpTellsTheSigns(t *testing.T) {
	for name, l := range looks() {
		d := deskAt(t, "slow-dependency", 45*time.Second, l)
		d.help()
		g := l.signs()
		for sign, style := range map[string]tcell.Style{string(g.fault): l.fault, string(l.glyphs.fault): l.fault.Underline(false), string(g.retry): l.plain, l.delta: l.twin} {
			told := false
			for _, r := range d.over.(*helping).rows {
				if !strings.HasPrefix(r.text, sign+" ") || r.group != "signs" {
					continue
				}
				screen := empty(t, size{40, 1})
				r.draw(pen{screen, 0, 0, 40, 1})
				_, as, _ := screen.Get(0, 0)
				told = told || as == style
			}
			if !told {
				t.Errorf("%s: the help does not tell %q", name, sign)
			}
		}
	}
}

// TestUsersGoBeforeTheKey: where there is room either for what users get or for which key
// breaks something, they are told; where they would not be for that either, it is.
func TestUsersGoBeforeTheKey(t *testing.T) {
	d := deskAt(t, "sick-endpoint", 80*time.Second, dark())
	for columns, want := range map[int]string{
		100: "none is to come: i injects one ● searchers 100% ok ● members 100% ok +1",
		80:  "none is to come ● searchers 100% ok +2",
		60:  "none is to come: i injects one",
	} {
		d.size = size{columns, 24}
		line := strings.Join(strings.Fields(strings.Split(d.shows(), "\n")[1]), " ")
		if line != "no fault in force, and "+want {
			t.Errorf("in %d columns: %q, want %q", columns, line, want)
		}
	}
}
