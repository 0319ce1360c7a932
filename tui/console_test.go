package tui

import (
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"

	"cascade/scenarios"
	"cascade/sim/des"
	"cascade/sim/report"
	"cascade/tui/player"
)

// A whole is a console as somebody left it.
type whole struct {
	name     string
	scenario string
	at       time.Duration
	selected string
	do       []action
	branched bool // ten seconds before, with the fault ended since
}

func wholes() []whole {
	const slow, queue = "slow-dependency", "checkout-email-queue"
	return []whole{
		{name: "map", scenario: slow, at: 45 * time.Second, selected: "checkout", do: []action{doMap}},
		{name: "services", scenario: slow, at: 45 * time.Second, selected: "checkout", do: []action{doServices}},
		{name: "edges", scenario: "dead-dependency-breaker", at: 40 * time.Second, selected: "store->reviews", do: []action{doEdges}},
		{name: "queues", scenario: queue, at: 70 * time.Second, selected: "receipts", do: []action{doQueues}},
		{name: "sources", scenario: slow, at: 45 * time.Second, selected: "visitors", do: []action{doSources}},
		{name: "charts", scenario: slow, at: 45 * time.Second, selected: "checkout", do: []action{doCharts}},
		{name: "story", scenario: slow, at: 70 * time.Second, selected: "gateway", do: []action{doStory}},
		{name: "page", scenario: slow, at: 45 * time.Second, selected: "checkout", do: []action{doOpen}},
		{name: "branch", scenario: slow, at: 45 * time.Second, selected: "gateway", do: []action{doMap}, branched: true},
	}
}

// TestScreens holds whole screens: every view in four sizes, and in ascii, mono, light
// and with 16 colours.
func TestScreens(t *testing.T) {
	type variant struct {
		look string
		size size
	}
	variants := []variant{{"ascii", size{80, 24}}, {"mono", size{80, 24}}, {"ascii", size{120, 40}}, {"light", size{80, 24}}, {"16", size{80, 24}}}
	for _, s := range sizes {
		variants = append(variants, variant{"dark", s})
	}
	for _, s := range wholes() {
		editor := editorOf(t, s.scenario)
		p := playedTo(t, builtin(t, s.scenario), s.at-10*time.Second)
		var changes []Change
		if s.branched {
			p.Branch()
			changes = []Change{{"faults.payment-slow.for", "5s"}}
			healed, problems := editor.Read(changes)
			if problems != nil {
				t.Fatal(problems)
			}
			p.Amend(healed)
		}
		p.Seek(des.Time(s.at))
		for p.Frame().State == player.Seeking {
			p.Advance()
		}
		for _, v := range variants {
			c := newConsole(p, editor, looks()[v.look], changes, nil)
			c.SetRect(0, 0, v.size.w, v.size.h)
			c.selected = s.selected
			for _, a := range s.do {
				c.act(a)
			}
			golden(t, "screen-"+s.name+"-"+v.size.String()+"-"+v.look, grid(drawn(t, c, v.size)))
		}
	}
}

// TestTooSmallAScreenSaysWhatItWants: on one line where there is room, else on as many as
// there are.
func TestTooSmallAScreenSaysWhatItWants(t *testing.T) {
	c := consoleAt(t, "slow-dependency", 34*time.Second, dark())
	for _, row := range []struct {
		at   size
		want string
	}{
		{size{100, 15}, "slow-dependency 34.0s: this is 100x15, wants 60x16; the run waits, q quits"},
		{size{40, 10}, "slow-dependency 34.0s: this is 40x10,\nwants 60x16; the run waits, q quits"},
		{size{20, 5}, "slow-dependency\n34.0s: this is 20x5,\nwants 60x16; the run\nwaits, q quits"},
		{size{20, 1}, "slow-dependency"},
	} {
		text, _, _ := strings.Cut(grid(drawn(t, c, row.at)), "\n\n")
		lines := strings.Split(text, "\n")
		for i := range lines {
			lines[i] = strings.TrimRight(lines[i], " ")
		}
		if got := strings.Join(lines, "\n"); !strings.HasPrefix(got, row.want) {
			t.Errorf("%s:\n%s\nwant\n%s", row.at, got, row.want)
		}
	}
	for state, want := range map[player.State]string{player.Playing: "it goes on", player.Seeking: "it goes on", player.AtEnd: "the run waits"} {
		f := *c.frame
		f.State = state
		c.frame = &f
		if got := grid(drawn(t, c, size{100, 15})); !strings.Contains(got, want) {
			t.Errorf("state %v: no %q in\n%s", state, want, got)
		}
	}
}

// TestSuspendsAndPaintsWhateverLiesOverThePanes, where each key is the form's but these.
func TestSuspendsAndPaintsWhateverLiesOverThePanes(t *testing.T) {
	for _, opens := range []string{"", "i", "t", "w", ":", "/", "?"} {
		d := deskAt(t, "slow-dependency", time.Second, dark())
		d.selected = "payment"
		suspended, painted := 0, 0
		d.out.suspend, d.out.repaint = func() { suspended++ }, func() { painted++ }
		if d.press(opens + "[ctrl-z][ctrl-l]"); suspended != 1 || painted != 1 {
			t.Errorf("after %q ctrl-z suspends %d times, ctrl-l paints %d times", opens, suspended, painted)
		}
		if opened := d.over != nil; opened != (opens != "") {
			t.Errorf("after %q and both something lies over the panes: %v", opens, opened)
		}
	}
}

// TestSaysHowAFileIsRun so that a shell takes it as it is.
func TestSaysHowAFileIsRun(t *testing.T) {
	for file, want := range map[string]string{
		"a.yaml":   "a.yaml",
		"-a.yaml":  "./-a.yaml",
		"a b.yaml": "'a b.yaml'",
		"it's":     `'it'\''s'`,
		"[a].yaml": "'[a].yaml'",
	} {
		if got := quotedIn(file); got != want {
			t.Errorf("%s: %s, want %s", file, got, want)
		}
	}
}

// TestASettingIsNoAlarm: what a hand has set stands behind the faults, without their mark,
// and h does not take it for one.
func TestASettingIsNoAlarm(t *testing.T) {
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.selected = "payment"
	d.press("tthr[enter]64[ctrl-s]:goto 20s[enter]")
	if text, fault := d.inForce(); text != "set threads on payment, to the end; next is payment-slow at 30s: latency on payment" || fault {
		t.Errorf("%q, a fault: %v", text, fault)
	}
	d.press(":goto 45s[enter]")
	if text, fault := d.inForce(); text != "✖ payment-slow: latency on payment, until 60s; set threads on payment, to the end" || !fault {
		t.Errorf("%q, a fault: %v", text, fault)
	}
	d.press("h")
	if want := "healed payment-slow at 45s; space goes on"; d.said != want {
		t.Errorf("said %q, want %q", d.said, want)
	}
	d.press("h")
	d.shows("end a fault at 45s", "payment-threads")
	d.press("[enter]")
	if want := "healed payment-threads at 45s; space goes on"; d.said != want {
		t.Errorf("said %q, want %q", d.said, want)
	}
}

// TestAtTheEnd: there is nothing to pause, and who goes back from there stays where he went.
func TestAtTheEnd(t *testing.T) {
	d := deskAt(t, "slow-dependency", 120*time.Second, dark())
	if text, _ := d.verdict(); text[0] != "● 4 of 4 held" {
		t.Errorf("the verdict is %q", text)
	}
	d.press(" ")
	if !strings.Contains(d.said, "the run is over") {
		t.Errorf("said %q", d.said)
	}
	// The header has no room for the speed there, and the hand wants to know of it.
	if d.press("+"); d.said != "the speed is ×2 from now on" {
		t.Errorf("faster: said %q", d.said)
	}
	if d.press(":speed max[enter]"); d.said != "the speed is max from now on" {
		t.Errorf("at max: said %q", d.said)
	}
	d.press("[left]")
	if d.frame.State != player.Paused || d.frame.Now != 110*second {
		t.Errorf("%v at %v", d.frame.State, d.frame.Now)
	}
	if text, _ := d.verdict(); text[0] != "● 4 of 4 held so far" {
		t.Errorf("the verdict is %q", text)
	}
}

// TestAnExpectationThatCannotBeMetAnyMore counts as not met, as the report has it, though
// it has no number.
func TestAnExpectationThatCannotBeMetAnyMore(t *testing.T) {
	d := deskAt(t, "slow-dependency", 59*time.Second, dark())
	d.press(":inject latency payment[enter][ctrl-s]:goto 80s[enter]")
	if text, level := d.verdict(); text[0] != "✖ 1 of 4 failed so far" || level != report.Critical {
		t.Errorf("the verdict is %q", text)
	}
	d.press(":expectations[enter]")
	d.shows("✖ visitors recovers within 15s of payment-slow")
}

// TestTheWarmUpHasNoTotals: a page shows what is seen, and no zeros in place of what is
// not counted yet.
func TestTheWarmUpHasNoTotals(t *testing.T) {
	d := deskAt(t, "slow-dependency", 5*time.Second, dark())
	for _, name := range []string{"shoppers", "payment", "checkout->payment"} {
		d.selected = name
		counted := false
		for _, s := range d.page.(*page).sections() {
			if len(s.columns) == 0 || s.columns[len(s.columns)-1] != "in all" {
				continue
			}
			for _, r := range s.rows {
				counted = counted || len(r.cells) == 2 && r.cells[0].text != "-"
				if len(r.cells) == 2 && r.cells[1].text != "-" || len(r.more) == 2 && r.more[1].text != "-" {
					t.Errorf("%s, %s: %s is %v in all, and %v", name, s.title, r.label, r.cells, r.more)
				}
			}
		}
		if !counted {
			t.Errorf("%s: nothing is seen", name)
		}
	}
}

// TestLeavingWhatIsNotWritten takes q twice, and Ctrl-C once.
func TestLeavingWhatIsNotWritten(t *testing.T) {
	for keys, want := range map[string]bool{
		"q":                                      true,
		"b q":                                    true,
		":inject slow payment[enter][ctrl-s]q":   false,
		":inject slow payment[enter][ctrl-s]qq":  true,
		":inject slow payment[enter][ctrl-s]qbq": false,
		":inject slow payment[enter][ctrl-s][ctrl-c]":                                   true,
		":inject slow payment[enter][ctrl-s]:undo[enter]q":                              true,
		":inject slow payment[enter][ctrl-s]w[ctrl-s]q":                                 true,
		":inject slow payment[enter][ctrl-s]w[ctrl-s]h[esc]q":                           true,
		":inject slow payment[enter][ctrl-s]:report a.json[enter]:screen a.txt[enter]q": false,
		"Rq": true,
		":set services.payment.threads=8[enter]q": false,
	} {
		d := deskAt(t, "slow-dependency", 12*time.Second, dark())
		left := false
		d.out.quit = func() { left = true }
		d.press(keys)
		if left != want {
			t.Errorf("%s: it left: %v; said %q", keys, left, d.said)
		}
		if asked := strings.HasSuffix(keys, "q") && !want; asked {
			d.shows("what was done is not written: w writes it, q once more leaves")
		}
	}
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	left := false
	d.out.quit = func() { left = true }
	d.out.save = func(string, bool, func(io.Writer) error) error { return errors.New("no room for it") }
	if d.press(":inject slow payment[enter][ctrl-s]:write a.yaml[enter][esc]q"); left {
		t.Error("what could not be written was left")
	}
	d = deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.out.quit, d.out.save = func() { left = true }, nil
	if d.press(":inject slow payment[enter][ctrl-s]q"); !left {
		t.Errorf("where nothing can be written q is asked twice: %q", d.said)
	}
}

// TestMapAndTableAgree: how it is with a service is the same in its box and in its row,
// also where its threads are free and all that it answers are errors.
func TestMapAndTableAgree(t *testing.T) {
	failing := 0
	for _, of := range []struct {
		scenario string
		at       time.Duration
	}{{"retry-storm", 20 * time.Second}, {"retry-storm", 60 * time.Second}, {"dead-dependency", 40 * time.Second}, {"sick-replica", 50 * time.Second}, {"poison-message", 100 * time.Second}} {
		c := consoleAt(t, of.scenario, of.at, looks()["dark"])
		m := newMap(&c.state).(*netMap)
		m.draw(pen{drawn(t, c, size{120, 40}), 0, 0, 120, 40}, false)
		n := m.now(&c.frame.Run)
		for i := range c.plan().Topology.Services {
			g := m.gauge(m.graph.byService[i], &n)
			row := c.views[1].(*table).level(spot{run: &c.frame.Run, index: i, part: -1, now: c.point()})
			if g.level != row {
				t.Errorf("%s at %v: %s is %v on the map, and %v in the table", of.scenario, of.at, c.plan().Topology.Services[i].Name, g.level, row)
			}
			if g.level > g.full {
				failing++
			}
		}
	}
	if failing == 0 {
		t.Error("none failed with threads to spare: it shows nothing")
	}
}

// TestTheWayStaysWhereItIs: how long it is depends on the screen alone, whatever words
// stand beside it, which never run over each other; and without colour, too, it says when
// a fault is.
func TestTheWayStaysWhereItIs(t *testing.T) {
	for _, row := range []struct {
		scenario string
		width    int
		way      string // of the run, of a third of which something is broken
	}{
		{"slow-dependency", 60, "██▀▀▀░░░░░"},
		{"slow-dependency", 80, "███▀▀▀▀░░░░░░"},
		{"slow-dependency", 120, "██████▀▀▀▀▀▀▀▀░░░░░░░░░░░░"},
		{"poison-message-dead-letter", 60, ""},
		{"poison-message-dead-letter", 80, ""},
	} {
		c := consoleAt(t, row.scenario, 45*time.Second, newLook(Mono, 256, false))
		var first string
		for _, state := range []player.State{player.Paused, player.Playing, player.Seeking, player.AtEnd} {
			f := *c.player.Frame()
			f.State, f.Goal, f.Progress = state, 100*second, 0.42
			c.frame = &f
			line, _, _ := strings.Cut(grid(drawn(t, c, size{row.width, 24})), "\n")
			x := strings.Index(line, "45.0s of ")
			if x < 0 {
				t.Fatalf("%d columns: %q tells no time", row.width, line)
			}
			before := line[:x]
			if first == "" {
				first = before
			}
			words := strings.Fields(before)
			if way := words[len(words)-1]; before != first || widthOf(way) < leastWay || row.way != "" && way != row.way {
				t.Errorf("%d columns, state %v: %q begins with %q, want %q and a way of %q", row.width, state, line, before, first, row.way)
			}
			if verdicts, _ := c.verdict(); !strings.Contains(line, "  "+verdicts[2]) && !strings.Contains(line, "  "+verdicts[1]) {
				t.Errorf("%d columns, state %v: %q has no verdict", row.width, state, line)
			}
		}
	}
}

// TestAgain: who has seen the end sees it all again, and is told that the twin is gone.
func TestAgain(t *testing.T) {
	d := deskAt(t, "slow-dependency", 120*time.Second, dark())
	d.press("r")
	if !d.player.Playing() || d.frame.Now != 0 || d.said != "from the beginning, seed 1" {
		t.Errorf("at %v, playing %v, said %q", d.frame.Now, d.player.Playing(), d.said)
	}
	d = deskAt(t, "slow-dependency", 40*time.Second, dark())
	d.press("b")
	d.press("R")
	if d.player.Playing() || d.frame.Twin != nil || d.said != "from the beginning, seed 2; the twin is gone" {
		t.Errorf("playing %v, twin %v, said %q", d.player.Playing(), d.frame.Twin, d.said)
	}
}

// TestOneWordForWhatIsNotDone: what waits or is handed out is called in every view what the
// report calls it.
func TestOneWordForWhatIsNotDone(t *testing.T) {
	for _, scenario := range []string{"checkout-email-queue", "hot-partition"} {
		for _, view := range []action{doMap, doQueues, doCharts, doOpen} {
			d := deskAt(t, scenario, 70*time.Second, dark())
			d.size = size{120, 60}
			d.selected = d.plan().Topology.Queues[0].Name
			d.act(view)
			d.act(doMaximise)
			text := d.shows("not done")
			if slices.ContainsFunc(strings.FieldsFunc(text, func(r rune) bool { return r < 'a' || r > 'z' }), func(word string) bool { return word == "lag" }) {
				t.Errorf("%s, %s: a number is called lag\n%s", scenario, view, text)
			}
		}
	}
}

// TestADialIsNoFaultOnTheWay: the way through the run shows what breaks, not what is set.
func TestADialIsNoFaultOnTheWay(t *testing.T) {
	d := deskAt(t, "slow-dependency", 20*time.Second, dark())
	before, _, _ := strings.Cut(d.shows("20.0s"), "20.0s")
	d.press(":dial payment[enter][enter]16[enter][ctrl-s]")
	after, _, _ := strings.Cut(d.shows("payment-threads", "20.0s"), "20.0s")
	if before != after || !strings.ContainsRune(before, d.look.glyphs.fault) {
		t.Errorf("the way is %q, and with a dial %q", before, after)
	}
}

// TestOutside: what a hand asks of the terminal reaches it.
func TestOutside(t *testing.T) {
	d := deskAt(t, "slow-dependency", 40*time.Second, dark())
	var mouse []bool
	var copied string
	d.out.mouse = func(on bool) { mouse = append(mouse, on) }
	d.out.copy = func(text string) { copied = text }
	d.press("m").shows("the mouse is taken: click what you want; m lets it go")
	d.press("m").shows("the mouse is the terminal's again")
	if !slices.Equal(mouse, []bool{true, false}) {
		t.Errorf("m and m: the mouse is taken: %v", mouse)
	}
	d.act(doStory)
	d.press("y")
	if !strings.Contains(copied, "payment-slow begins") {
		t.Errorf("copied %q", copied)
	}
	d.size, d.on = size{120, 40}, nil
	d.press("1[tab][tab]y")
	if !strings.Contains(copied, "payment-slow begins") {
		t.Errorf("with the hand in the story of three panes copied %q", copied)
	}
	d.size, d.on = size{80, 24}, nil
	for _, playing := range []bool{true, false} {
		if d.player.Pause(); playing {
			d.player.Play()
		}
		gone := false
		d.out.suspend = func() { gone = !d.player.Playing() }
		d.act(doSuspend)
		if !gone || d.player.Playing() != playing {
			t.Errorf("away it is held: %v; back, it plays: %v, and did: %v", gone, d.player.Playing(), playing)
		}
	}
}

// TestFewColoursAreNone: a terminal of two colours has the marks, bold and reverse.
func TestFewColoursAreNone(t *testing.T) {
	for colours, want := range map[int]bool{2: false, 8: true, 16: true, 256: true} {
		l := newLook(Dark, colours, false)
		for level, style := range l.levels {
			if ink, _, _ := style.Decompose(); ink != tcell.ColorDefault != want {
				t.Errorf("%d colours: level %d has the colour %v", colours, level, ink)
			}
		}
	}
}

// What esc goes back from is the latest that a hand did to what is seen, a step at a time.
func TestEscGoesBack(t *testing.T) {
	for _, row := range []struct{ keys, want string }{
		{"[esc]", "map"},
		{"2[esc]", "map"},
		{"236[esc]", "edges"},
		{"236[esc][esc]", "services"},
		{"236[esc][esc][esc][esc]", "map"},
		{"2321[esc]", "map"}, // who turned back has nothing to go back from
		{"3[enter]7[esc]", "page"},
		{"3[enter]7[esc][esc]", "edges"},
		{"3[enter][enter][esc]", "edges"},
		{"3[enter]z[esc]", "page"},
		{"3z[enter][esc]", "edges zoomed"},
		{"3z[enter][esc][esc]", "edges"},
		{"3zz[esc]", "map"},
		{"2/pay[enter][enter]", "page /pay"},
		{"2/pay[enter][enter][esc]", "services /pay"},
		{"2/pay[enter][enter][esc][esc]", "services"},
		{"2/pay[enter]3[esc]", "edges"},
		{":view charts[enter][esc]", "map"},
	} {
		d := deskAt(t, "slow-dependency", 12*time.Second, dark())
		d.selected = "payment"
		got := d.press(row.keys).viewNames()[d.chosen]
		if d.opened {
			got = "page"
		}
		if d.maximised {
			got += " zoomed"
		}
		if d.filter != "" {
			got += " /" + d.filter
		}
		if got != row.want {
			t.Errorf("%s leads to %s, want %s", row.keys, got, row.want)
		}
	}
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	for range 200 {
		d.press("234")
	}
	if n := len(d.steps); n != mostSteps {
		t.Errorf("%d steps are kept, want %d", n, mostSteps)
	}
}

// A pane that has the whole screen keeps it, whatever is drawn since, and the hand is still
// in it afterwards.
func TestAZoomedPaneStays(t *testing.T) {
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.size = size{120, 40}
	d.draw()
	d.press("[tab][tab]z")
	for range 3 {
		if got := d.focused().name(); got != "story" {
			t.Fatalf("the story was zoomed, and there is %s", got)
		}
		d.draw()
	}
	d.press("[tab]")
	if got := d.focused().name(); got != "map" {
		t.Errorf("behind the story comes %s", got)
	}
	d.press("[shift-tab]z")
	if got := d.focused().name(); got != "story" || len(d.panes()) != 3 {
		t.Errorf("no more zoomed the hand is in %s, of %d panes", got, len(d.panes()))
	}
}

// TestTheHandGoesToWhatIsTurnedTo, wherever it was; and back from there, too.
func TestTheHandGoesToWhatIsTurnedTo(t *testing.T) {
	for keys, want := range map[string]string{
		"[tab]2":               "services",
		"2[tab]3[tab][esc]":    "services",
		"2[tab][tab][enter]":   "service payment",
		"[tab][tab][tab]":      "map",
		"[shift-tab]":          "story",
		"2[tab]:view 6[esc]":   "service payment", // nothing was turned to
		"2[tab]:charts[enter]": "charts",
	} {
		d := deskAt(t, "slow-dependency", 12*time.Second, dark())
		d.size, d.selected = size{120, 40}, "payment"
		d.draw()
		if got := d.press(keys).focused().name(); got != want {
			t.Errorf("after %s the hand is in %q, want %q", keys, got, want)
		}
	}
}

// A view is called the same on the command line whatever it shows.
func TestViewsByName(t *testing.T) {
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.press("6l1:view charts[enter]")
	d.shows("charts of the last")
}

// clicks is a desk of that size with a mouse: left presses at a place, wheel turns there.
func clicks(d *desk) (left, twice, wheel func(x, y int)) {
	send := func(x, y int, button tcell.ButtonMask, as ...tview.MouseAction) {
		for _, a := range as {
			d.MouseHandler()(a, tcell.NewEventMouse(x, y, button, 0), func(tview.Primitive) {})
		}
		d.arrive()
		d.draw()
	}
	d.draw()
	return func(x, y int) { send(x, y, tcell.Button1, tview.MouseLeftDown) },
		func(x, y int) {
			send(x, y, tcell.Button1, tview.MouseLeftDown, tview.MouseLeftClick, tview.MouseLeftDown, tview.MouseLeftDoubleClick)
		},
		func(x, y int) { send(x, y, tcell.WheelDown, tview.MouseScrollDown) }
}

// TestMouse: a click selects, two open, the wheel goes on, and what the footer names is done.
func TestMouse(t *testing.T) {
	d := deskAt(t, "slow-dependency", 45*time.Second, dark())
	d.press("2")
	left, twice, wheel := clicks(d)
	place := func(word string) (x, y int) {
		t.Helper()
		for y, line := range strings.Split(d.shows(word), "\n") {
			if before, _, ok := strings.Cut(line, word); ok {
				return widthOf(before), y
			}
		}
		return -1, -1
	}
	if left(place("✖ checkout")); d.selected != "checkout" || d.opened {
		t.Errorf("a click selects %q", d.selected)
	}
	if wheel(10, 10); d.selected != "payment" {
		t.Errorf("the wheel goes to %q", d.selected)
	}
	table := d.views[d.chosen].(*table)
	if twice(place("errors")); d.opened || table.sorted < 0 {
		t.Errorf("two clicks on a title open a page, or sort by %d", table.sorted)
	}
	if twice(place("✖ gateway")); !d.opened || d.selected != "gateway" {
		t.Errorf("two clicks on a row open nothing of %q", d.selected)
	}
	before := d.views[d.chosen].name()
	if wheel(10, 10); d.page.(*page).top != 1 {
		t.Errorf("the wheel scrolls the page to line %d", d.page.(*page).top)
	}
	if left(place("esc back")); d.opened || d.views[d.chosen].name() != before {
		t.Error("esc in the footer does not lead back")
	}
	if left(place("help")); d.over == nil {
		t.Fatal("the footer's help is not opened")
	}
	h := d.over.(*helping)
	if wheel(10, 10); h.at != 1 {
		t.Errorf("the wheel leads to row %d of the help", h.at)
	}
	if left(place("esc leave")); d.over == nil {
		t.Error("a click in the footer reaches the panes below")
	}
	d.press("[esc]:inject slow payment[enter][ctrl-s]")
	quits := 0
	d.out.quit = func() { quits++ }
	left(40, 23) // anywhere: what was said goes, and the keys are there again
	left(1, 10)
	for range 2 {
		left(place("q quit"))
		if !strings.Contains(d.shows(), "q quit") {
			left(1, 10)
		}
	}
	if quits != 0 {
		t.Error("what was not written was left")
	}
}

// TestAClickBringsTheHandToAPane; the wheel turns what is below it, and the hand stays.
func TestAClickBringsTheHandToAPane(t *testing.T) {
	d := deskAt(t, "slow-dependency", 100*time.Second, dark())
	d.size, d.selected = size{120, 40}, "payment"
	left, _, wheel := clicks(d)
	story := d.panes()[2]
	wheel(story.x+5, story.y+3)
	if d.focused().name() != "map" || d.selected != "payment" {
		t.Errorf("the wheel over the story brings the hand to %s, on %s", d.focused().name(), d.selected)
	}
	d.selected = "shoppers"
	if wheel(10, 5); d.selected != "shoppers" {
		t.Errorf("the wheel over the map selects %s", d.selected)
	}
	left(story.x+5, story.y+3)
	if d.focused().name() != "story" {
		t.Errorf("a click on the story brings the hand to %s", d.focused().name())
	}
}

// Whatever is clicked, turned and pressed in between, on whatever screen: nothing breaks.
func TestRandomMouse(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	d := deskAt(t, "checkout-email-queue", 45*time.Second, dark())
	keys := "1234567z?:/btw"
	hands := 1500
	if raced || testing.Short() {
		hands = 300
	}
	for range hands {
		switch rng.IntN(8) {
		case 0:
			d.size = size{10 + rng.IntN(200), 3 + rng.IntN(60)}
			d.on = nil
			d.draw()
		case 1:
			d.press(string(keys[rng.IntN(len(keys))]))
		case 2:
			d.press("[esc]")
		default:
			x, y := rng.IntN(d.size.w), rng.IntN(d.size.h)
			if rng.IntN(3) == 0 {
				y = d.size.h - 1 // the footer
			}
			left, twice, wheel := clicks(d)
			[]func(x, y int){left, twice, wheel}[rng.IntN(3)](x, y)
		}
	}
	d.size, d.on = size{80, 24}, nil
	d.press("[esc][esc][esc]2z")
	if d.maximised {
		d.press("z")
	}
	d.shows("2 services")
}

// The footer names what the keys do where the hand is, in the words of the place.
func TestFooter(t *testing.T) {
	for _, row := range []struct {
		keys string
		want []string
	}{
		{"2", []string{"enter open", "s sort", "/ filter"}},
		{"2[enter]", []string{"esc back", "t dial"}},
		{"2z", []string{"esc back", "enter open"}},
		{"2/pay[enter]", []string{"n next", "esc all"}},
		{"2/pay[enter][enter]", []string{"esc back"}},
		{"7", []string{"up earlier", "G newest"}},
		{"6", []string{"l closer", "H wider", "down more"}},
		{"6/pay[enter]", []string{"n next", "esc all", "l closer"}},
	} {
		d := deskAt(t, "slow-dependency", 45*time.Second, dark())
		d.selected = "payment"
		d.press(row.keys)
		lines := strings.Split(strings.TrimRight(d.shows(), "\n"), "\n")
		footer := lines[len(lines)-1]
		x := 0
		for _, want := range append(row.want, "? help", "q quit") {
			at := strings.Index(footer[x:], want)
			if at < 0 {
				t.Errorf("%s: in the footer is no %q, or not in its place: %q", row.keys, want, footer)
				break
			}
			x += at
		}
	}
}

// TestHeaderSaysWhatUsersGet in whatever view, as the sources' boxes say it on the map: all
// where there is room, else the worst.
func TestHeaderSaysWhatUsersGet(t *testing.T) {
	for _, row := range []struct {
		at    time.Duration
		width int
		want  string
	}{
		{0, 120, "shoppers -  visitors -"},
		{20 * time.Second, 120, "● shoppers 100% ok  ● visitors 100% ok"},
		{45 * time.Second, 120, "✖ shoppers 44% ok  ✖ visitors 53% ok"},
		{45 * time.Second, 80, "✖ shoppers 44% ok  +1"},
		{45 * time.Second, 60, "until 60s"},             // what is broken comes first
		{61 * time.Second, 80, "▲ visitors 95% ok  +1"}, // the second in the file
	} {
		c := consoleAt(t, "slow-dependency", row.at, dark())
		c.act(doStory)
		line := strings.Split(grid(drawn(t, c, size{row.width, 24})), "\n")[1]
		if !strings.HasSuffix(line, row.want) || widthOf(line) > row.width-1 {
			t.Errorf("at %v, %d columns wide, it says %q, want %q", row.at, row.width, line, row.want)
		}
	}
}

// TestAsciiIsAscii in every view, and in what is said of a branch.
func TestAsciiIsAscii(t *testing.T) {
	for _, c := range []*console{branchedAt(t, 45*time.Second, newLook(Dark, 256, true)), consoleAt(t, "checkout-email-queue", 45*time.Second, newLook(Mono, 256, true))} {
		for _, view := range viewActions {
			c.act(view)
			for _, s := range sizes {
				text, _, _ := strings.Cut(grid(drawn(t, c, s)), "----\n")
				if i := strings.IndexFunc(text, func(r rune) bool { return r > '~' }); i >= 0 {
					t.Errorf("%s at %v: %q", view, s, text[max(i-20, 0):i+10])
				}
			}
		}
	}
}

// TestKeysOfTime: where the run stands after each, how fast it goes, and that a step holds it.
func TestKeysOfTime(t *testing.T) {
	for _, row := range []struct {
		keys  string
		at    time.Duration
		speed player.Speed
		plays bool
	}{
		{"", 62300 * time.Millisecond, 5, true},
		{" ", 62300 * time.Millisecond, 5, false},
		{"  ", 62300 * time.Millisecond, 5, true},
		{".", 63 * time.Second, 5, false},
		{",", 62 * time.Second, 5, false},
		{",,", 61 * time.Second, 5, false},
		{"[left]", 52300 * time.Millisecond, 5, true},
		{"[right]", 72300 * time.Millisecond, 5, true},
		{"[shift-left]", 2300 * time.Millisecond, 5, true},
		{"[left][left][shift-right]", 102300 * time.Millisecond, 5, true},
		{"+", 62300 * time.Millisecond, 10, true},
		{"=", 62300 * time.Millisecond, 10, true},
		{"-", 62300 * time.Millisecond, 2, true},
		{"0", 62300 * time.Millisecond, 1, true},
		{" +", 62300 * time.Millisecond, 10, false},
	} {
		p := playedTo(t, builtin(t, "slow-dependency"), 62300*time.Millisecond)
		p.SetSpeed(5)
		p.Play()
		d := newDesk(t, p, nil, dark())
		d.press(row.keys)
		if d.frame.Now != des.Time(row.at) || d.frame.Speed != row.speed || d.player.Playing() != row.plays {
			t.Errorf("after %q it is at %v, %v, and plays: %v; want %v, %v, %v", row.keys, d.frame.Now, d.frame.Speed, d.player.Playing(), row.at, row.speed, row.plays)
		}
	}
}

// TestTheCursorIsWhereOneTypes, and nowhere else.
func TestTheCursorIsWhereOneTypes(t *testing.T) {
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	for _, row := range []struct {
		keys string
		seen bool
	}{{"2", false}, {":got", true}, {"[esc]", false}, {"i", true}, {"[esc]", false}, {"/p", true}, {"[enter]", false}, {"?", true}, {"[esc]", false}} {
		d.press(row.keys)
		d.on.Show()
		if _, _, seen := d.on.GetCursor(); seen != row.seen {
			t.Errorf("after %s the cursor is seen: %v", row.keys, seen)
		}
	}
}

// TestAWordIsSaidUntilTheNextKey, also while something lies over the panes.
func TestAWordIsSaidUntilTheNextKey(t *testing.T) {
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.press("8[down]")
	if d.said != "" {
		t.Errorf("after another key it says %q", d.said)
	}
	d.press(":inject slow payment[enter][ctrl-s]:inject crash payment[enter][ctrl-s]:changes[enter][up][enter]")
	d.shows("only what was done last can be taken back")
	d.press("[down]")
	d.shows("enter do it")
}

// TestTheTitleOfAPageHasNoFilter, for it leaves nothing out there.
func TestTheTitleOfAPageHasNoFilter(t *testing.T) {
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.press("2/pay[enter]").shows("2 services /pay")
	if text := d.press("[enter]").shows("service payment"); strings.Contains(text, "/pay") {
		t.Errorf("the page is called\n%s", text)
	}
}

// TestARunOnItsWay says where to, and how far it is.
func TestARunOnItsWay(t *testing.T) {
	c := consoleAt(t, "slow-dependency", 45*time.Second, dark())
	f := *c.frame
	f.State, f.Goal, f.Progress = player.Seeking, 100*second, 0.42
	c.frame = &f
	if line, _, _ := strings.Cut(grid(drawn(t, c, size{120, 24})), "\n"); !strings.Contains(line, "45.0s of 120s  on the way to 100s, 42%") {
		t.Errorf("it says %q", line)
	}
}

// TestARunThatStopped says why, and not that it is at its end.
func TestARunThatStopped(t *testing.T) {
	c := consoleAt(t, "slow-dependency", 45*time.Second, dark())
	f := *c.frame
	f.State, f.Run.Err = player.AtEnd, errors.New("more than ten million messages wait")
	c.frame = &f
	text := grid(drawn(t, c, size{100, 24}))
	for _, want := range []string{"stopped", "more than ten million messages wait"} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "at the end") || strings.Contains(text, "payment-slow:") {
		t.Errorf("it says as well that it is at its end, or what is in force:\n%s", text)
	}
}

// TestVerdictsAndFaultsOfACalmRun: nothing is decided yet, and nothing will break.
func TestVerdictsAndFaultsOfACalmRun(t *testing.T) {
	d := deskAt(t, "slow-dependency", 0, dark())
	if forms, _ := d.verdict(); forms[0] != "4 undecided" || forms[2] != "? 0/4" {
		t.Errorf("the verdict is %q", forms)
	}
	d = deskAt(t, "slow-dependency", 12*time.Second, dark(), scenarios.Override{Path: "expect", Value: "[]"}, scenarios.Override{Path: "faults", Value: "[]"})
	if forms, _ := d.verdict(); forms != [3]string{} {
		t.Errorf("nothing is expected, and the verdict is %q", forms)
	}
	d.shows("no fault in force, and none is planned: i injects one")
	d.press(":expectations[enter]").shows("this scenario expects nothing")
}

// TestTheClock has as many decimals as a run moves by.
func TestTheClock(t *testing.T) {
	for _, row := range []struct {
		interval string
		at       time.Duration
		want     string
	}{
		{"1s", 12300 * time.Millisecond, "12.3s of"},
		{"1s", 600 * time.Second, "10m of"},
		{"100ms", 12340 * time.Millisecond, "12.340s of"},
		{"20s", 14 * time.Second, "14s of"},
	} {
		s := builtin(t, "slow-dependency", scenarios.Override{Path: "interval", Value: row.interval}, scenarios.Override{Path: "duration", Value: "700s"})
		c := newConsole(playedTo(t, s, row.at), nil, dark(), nil, nil)
		if line, _, _ := strings.Cut(grid(drawn(t, c, size{100, 24})), "\n"); !strings.Contains(line, " "+row.want) {
			t.Errorf("at %v, with an interval of %s: %q, want %q", row.at, row.interval, line, row.want)
		}
	}
}

// TestEnterThatWasPressedTooSoon comes as Ctrl-J, and is Enter, unless Ctrl-J is the key of
// something else.
func TestEnterThatWasPressedTooSoon(t *testing.T) {
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.press(":goto 45s[ctrl-j]")
	d.shows("45.0s of 120s")
	d.press("[ctrl-j]")
	d.shows("source shoppers", "in flight")
	d = deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.keys["ctrl-j"] = doStep
	if d.press("[ctrl-j]"); d.frame.Now != des.Time(13*time.Second) {
		t.Errorf("the key of a step leads to %v", d.frame.Now)
	}
}
