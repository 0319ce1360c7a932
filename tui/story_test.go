package tui

import (
	"strings"
	"testing"
	"time"
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
	for _, want := range []string{"▲ twin: payment saturated ever since", "▀ payment-slow is over", "▲ payment saturated until 3", "● everything was back"} {
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

func BenchmarkStory(b *testing.B) {
	c := branchedAt(b, 115*time.Second, looks()["dark"])
	screen := canvas(b, size{120, 40})
	defer screen.Fini()
	for b.Loop() {
		c.views[storyView].draw(pen{screen, 0, 0, 120, 40}, true)
	}
}
