package tui

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gdamore/tcell/v2"
)

func TestStoryGolden(t *testing.T) { eachGolden(t, storyView) }

// TestStoryFollows: the newest is shown until a hand scrolls up; then it stays there, and
// says how to follow again.
func TestStoryFollows(t *testing.T) {
	c := branchedAt(t, 55*time.Second, looks()["dark"])
	v := c.views[storyView]
	s := size{60, 8}
	shown := func() (first, last string) {
		lines := textLines(viewed(t, v, s))
		return lines[0], lines[len(lines)-1]
	}
	const again = "G follows again"
	_, last := shown()
	if !strings.HasSuffix(last, "it is not back yet") {
		t.Fatalf("the last line is %q", last)
	}
	v.act(doUp)
	if _, last := shown(); !strings.HasSuffix(last, again) {
		t.Errorf("scrolled up the last line is %q", last)
	}
	v.act(doTop)
	first, _ := shown()
	if !strings.Contains(first, "payment-slow begins") {
		t.Errorf("the first line is %q", first)
	}
	c.frame = branchedAt(t, 100*time.Second, looks()["dark"]).frame
	if still, last := shown(); strings.TrimSpace(still) != strings.TrimSpace(first) || !strings.HasSuffix(last, again) {
		t.Errorf("scrolled up, with a newer frame, the first line is %q and the last %q", still, last)
	}
	v.act(doBottom)
	if _, last := shown(); strings.Contains(last, again) {
		t.Errorf("at the bottom the last line is %q", last)
	}
	for range 100 {
		v.act(doUp)
	}
	for range 100 {
		v.act(doDown)
	}
	if _, last := shown(); strings.Contains(last, again) {
		t.Errorf("down again the last line is %q", last)
	}
}

// TestStoryOfTwin: of the twin's story there is what differs, marked, and only that.
func TestStoryOfTwin(t *testing.T) {
	c := branchedAt(t, 55*time.Second, looks()["dark"])
	text := viewed(t, c.views[storyView], size{200, 40})
	for _, want := range []string{"▲ twin: payment saturated ever since", "↯ payment-slow is over", "▲ payment saturated until 3", "● everything was back"} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %q in\n%s", want, text)
		}
	}
	c.frame = playedTo(t, builtin(t, "slow-dependency"), 55*time.Second).Frame()
	same := *c.frame
	same.Twin = &same.Run
	c.frame = &same
	if text := viewed(t, c.views[storyView], size{200, 40}); strings.Contains(text, "twin") {
		t.Errorf("a twin that is the same is told of:\n%s", text)
	}
}

// TestStorySelects: the hand goes from line to line, and what a line is about is selected,
// so that its page can be opened.
func TestStorySelects(t *testing.T) {
	d := deskAt(t, "slow-dependency", 100*time.Second, dark())
	d.selected = "shoppers"
	d.press("7")
	for _, row := range []struct{ keys, want string }{
		{"[up]", "shoppers"}, // everything was back: about nothing, so it stays
		{"[up]", "payment"},  // payment-slow is over, which was on payment
		{"[up]", "visitors"},
		{"[up]", "shoppers"},
		{"k", "gateway"},
		{"k", "checkout"},
		{"g", "payment"}, // payment-slow begins: latency on payment
		{"jjj", "gateway"},
	} {
		if d.press(row.keys); d.selected != row.want {
			t.Errorf("after %s %s is selected, want %s", row.keys, d.selected, row.want)
		}
	}
	d.press("[enter]").shows("service gateway")
	d.press("[esc]").shows("G follows again")
	if d.press("[down][down][down][down][down]"); strings.Contains(d.shows(), "follows again") {
		t.Error("below the last line it does not follow again")
	}
	if d.press("[up]G"); strings.Contains(d.shows(), "follows again") {
		t.Error("at the end it does not follow again")
	}

	left, twice, _ := clicks(d)
	line := slices.IndexFunc(strings.Split(d.shows(), "\n"), func(s string) bool { return strings.Contains(s, "checkout saturated") })
	if left(10, line); d.selected != "checkout" || d.opened {
		t.Errorf("a click selects %s", d.selected)
	}
	left(10, line-1)
	if twice(10, line); d.selected != "checkout" || !d.opened {
		t.Errorf("two clicks open nothing of %s", d.selected)
	}
}

// TestStoryTakesTheWheel: it scrolls by lines, and the hand is on none.
func TestStoryTakesTheWheel(t *testing.T) {
	c := branchedAt(t, 100*time.Second, looks()["dark"])
	v := c.views[storyView].(*story)
	s := size{44, 7}
	viewed(t, v, s)
	end := v.seen() // without the line that says how it follows again
	for _, row := range []struct {
		turn    tcell.ButtonMask
		seen    int
		follows bool
	}{{tcell.WheelUp, end - 3, false}, {tcell.WheelUp, end - 6, false}, {tcell.WheelDown, end - 3, false}, {tcell.WheelDown, end, false}, {tcell.WheelDown, end, true}} {
		v.click(5, 3, row.turn)
		if viewed(t, v, s); v.seen() != row.seen || v.at != -1 || v.scrolled == row.follows {
			t.Errorf("line %d is the first that is seen, want %d; the hand is on line %d; it follows: %v", v.seen(), row.seen, v.at, !v.scrolled)
		}
	}
}

// TestStoryStaysInSight: wherever the hand goes, and however many lines it takes, all of
// the line is seen; a page has one line of the one before.
func TestStoryStaysInSight(t *testing.T) {
	c := branchedAt(t, 100*time.Second, looks()["dark"])
	v := c.views[storyView].(*story)
	s := size{44, 7}
	viewed(t, v, s)
	for k, a := range []action{doUp, doUp, doPageUp, doPageUp, doUp, doPageDown, doDown, doDown, doTop, doPageDown, doUp, doBottom, doPageUp} {
		v.act(a)
		text := viewed(t, v, s)
		if !v.scrolled {
			continue
		}
		whole := strings.Join(strings.Fields(v.laid.all[v.at].text), "")
		var seen strings.Builder
		for _, line := range textLines(text) {
			if at := v.laid.wide + 3; widthOf(line) > at {
				seen.WriteString(strings.Join(strings.Fields(string([]rune(line)[at:])), ""))
			}
		}
		if !strings.Contains(seen.String(), whole) {
			t.Errorf("after move %d, %s, %q is not seen in\n%s", k, a, v.laid.all[v.at].text, text)
		}
	}
}

// TestStoryFilters: only lines that have the word are told, and how many they are of.
func TestStoryFilters(t *testing.T) {
	d := deskAt(t, "slow-dependency", 100*time.Second, dark())
	d.press("7[up][up]/CHECKOUT[enter]")
	text := d.shows("2 of 8 lines shown, filter: CHECKOUT", "checkout saturated", "waits on checkout")
	for _, gone := range []string{"visitors", "begins", "follows again"} {
		if strings.Contains(text, gone) {
			t.Errorf("with the filter there is %q:\n%s", gone, text)
		}
	}
	if d.press("[up]"); d.selected != "gateway" {
		t.Errorf("the hand is on %q", d.selected)
	}
	d.press("/zebra[enter]").shows(`no line of the story has "zebra" in it`)
	d.press("[up][down]gG[pgup]").press("[esc]").shows("begins")
}

func BenchmarkStory(b *testing.B) {
	c := branchedAt(b, 115*time.Second, looks()["dark"])
	screen := canvas(b, size{120, 40})
	defer screen.Fini()
	for b.Loop() {
		c.views[storyView].draw(pen{screen, 0, 0, 120, 40}, true)
	}
}
