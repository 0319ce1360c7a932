package tui

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gdamore/tcell/v2"
	"pgregory.net/rapid"

	"cascade/scenarios"
	"cascade/sim/des"
	"cascade/sim/report"
	"cascade/tui/player"
)

// mapOf is a map of a player's newest frame.
func mapOf(p *player.Player, l *look) *netMap {
	return newMap(&state{frame: p.Frame(), look: l}).(*netMap)
}

// empty is a screen with nothing on it.
func empty(t testing.TB, s size) tcell.SimulationScreen {
	t.Helper()
	screen := tcell.NewSimulationScreen("UTF-8")
	if err := screen.Init(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(screen.Fini)
	screen.SetSize(s.w, s.h)
	screen.Clear()
	return screen
}

// mapped is a screen that is filled by a map.
func mapped(t testing.TB, m *netMap, s size) tcell.SimulationScreen {
	t.Helper()
	screen := empty(t, s)
	m.draw(pen{screen, 0, 0, s.w, s.h}, true)
	screen.Show()
	return screen
}

func TestMap(t *testing.T) {
	p := playedTo(t, builtin(t, "slow-dependency"), 45*time.Second)
	for _, name := range []string{"dark", "ascii", "mono"} { // in the others it is among the whole screens
		for _, s := range sizes {
			golden(t, fmt.Sprintf("map-%dx%d-%s", s.w, s.h, name), grid(mapped(t, mapOf(p, looks()[name]), s)))
		}
	}
}

// How a cascade climbs, and what is left of it when the fault is over.
func TestMapOverTime(t *testing.T) {
	for _, at := range []time.Duration{5 * time.Second, 31 * time.Second, 70 * time.Second} {
		p := playedTo(t, builtin(t, "slow-dependency"), at)
		golden(t, fmt.Sprintf("map-at-%v", at), grid(mapped(t, mapOf(p, newLook(Dark, 256, false)), size{118, 20})))
	}
	golden(t, "map-at-0s", grid(mapped(t, mapOf(playedTo(t, builtin(t, "slow-dependency"), 0), newLook(Dark, 256, false)), size{118, 20})))
}

func TestMapOfQueues(t *testing.T) {
	for _, name := range []string{"checkout-email-queue", "fan-out", "poison-message-dead-letter"} {
		p := playedTo(t, builtin(t, name), 45*time.Second)
		golden(t, "map-"+name, grid(mapped(t, mapOf(p, newLook(Dark, 256, false)), size{118, 20})))
		golden(t, "map-"+name+"-ascii", grid(mapped(t, mapOf(p, newLook(Dark, 256, true)), size{78, 20})))
	}
}

// parsed is a scenario of a test.
func parsed(t testing.TB, name, text string) player.Scenario {
	t.Helper()
	s, err := scenarios.Parse(name, []byte(text), ".")
	if err != nil {
		t.Fatal(err)
	}
	return player.Scenario{Plan: s.Plan, Expectations: s.Expectations}
}

// Guards on edges, instances that are down, faults on edges and sources.
const troubled = `name: troubled
duration: 1m
topology:
  services:
    front:
      instances: 2
      threads: 32
      steps:
        - work: exponential(2ms)
        - sync: stock
          timeout: 100ms
          retry: {attempts: 3, backoff: 5ms}
        - sync: payment
          timeout: 50ms
          optional: true
          breaker: {ratio: 50%, min_requests: 10, open_for: 40s}
    stock:
      instances: 3
      threads: 8
      steps:
        - work: exponential(4ms)
    payment:
      threads: 4
      steps:
        - work: exponential(5ms)
traffic:
  people: {to: front, rate: 100/s}
faults:
  - {name: lossy, at: 5s, for: 50s, loss: {on: front->stock, rate: 20%}}
  - {name: crashed, at: 5s, for: 50s, crash: {on: stock, instances: 1}}
  - {name: broken, at: 5s, for: 50s, errors: {on: payment, rate: 90%}}
  - {name: crowd, at: 5s, for: 50s, surge: {on: people, factor: 1.5}}
`

func TestMapOfTrouble(t *testing.T) {
	p := playedTo(t, parsed(t, "troubled", troubled), 20*time.Second)
	for _, s := range []size{{60, 16}, {118, 20}, {198, 30}} {
		golden(t, fmt.Sprintf("map-trouble-%d", s.w), grid(mapped(t, mapOf(p, newLook(Dark, 256, false)), s)))
	}
}

// Both runs are shown where there is a branch: in this one the twin has the fault.
func TestMapOfBranch(t *testing.T) {
	p := playedTo(t, builtin(t, "slow-dependency"), 29*time.Second)
	p.Branch()
	p.Amend(builtin(t, "slow-dependency", scenarios.Override{Path: "faults.payment-slow.latency.add", Value: "0ms"}))
	p.Seek(des.Time(45 * time.Second))
	for p.Frame().State == player.Seeking {
		p.Advance()
	}
	for _, s := range sizes {
		golden(t, fmt.Sprintf("map-branch-%dx%d", s.w, s.h), grid(mapped(t, mapOf(p, newLook(Dark, 256, false)), s)))
	}
}

// Where boxes do not fit there is a tree, which has all services too.
func TestMapAsTree(t *testing.T) {
	p := playedTo(t, player.Scenario{Plan: manyServices(40, 4)}, 2*time.Second)
	m := mapOf(p, newLook(Dark, 256, false))
	golden(t, "map-tree", grid(mapped(t, m, size{78, 19})))
	m.act(doBottom)
	golden(t, "map-tree-end", grid(mapped(t, m, size{78, 19})))
	seen := map[string]bool{}
	m.act(doTop)
	for range len(m.graph.boxes) {
		seen[m.selected] = true
		screen := mapped(t, m, size{78, 19})
		if !strings.Contains(grid(screen), m.selected) {
			t.Fatalf("%s is selected and not seen", m.selected)
		}
		m.act(doDown)
	}
	if len(seen) != len(m.graph.boxes) {
		t.Errorf("going down leads to %d boxes of %d", len(seen), len(m.graph.boxes))
	}
}

func TestMapMoves(t *testing.T) {
	p := playedTo(t, builtin(t, "slow-dependency"), 45*time.Second)
	m := mapOf(p, newLook(Dark, 256, false))
	if m.act(doRight) {
		t.Error("a key means something before anything has been drawn")
	}
	mapped(t, m, size{118, 20})
	for _, row := range []struct {
		does action
		want string
	}{
		{doTop, "shoppers"}, {doRight, "gateway"}, {doRight, "checkout"}, {doRight, "payment"}, {doRight, "payment"}, {doLeft, "checkout"},
		{doDown, "checkout"}, {doLeft, "gateway"}, {doLeft, "shoppers"}, {doDown, "visitors"}, {doDown, "visitors"}, {doUp, "shoppers"},
		{doPageDown, "visitors"}, {doPageUp, "shoppers"}, {doBottom, "payment"}, {doTop, "shoppers"},
	} {
		if !m.act(row.does) || m.selected != row.want {
			t.Errorf("after %s %q is selected, want %q", row.does, m.selected, row.want)
		}
	}
	if m.act(doSort) {
		t.Error("sorting means something on the map")
	}
	// Every cell of a box selects it, and no other cell does.
	m.selected = ""
	for b, s := range m.laid.slotsOf() {
		x, y := m.laid.layerX[m.laid.slots[s].layer], m.laid.top[s]
		if !m.click(x, y, tcell.Button1) || m.selected != m.graph.boxes[b].name {
			t.Errorf("a click on %s selects %q", m.graph.boxes[b].name, m.selected)
		}
	}
	if m.click(0, 0, tcell.Button1) {
		t.Error("a click beside all boxes selects something")
	}
}

// TestMapScrolls: by the wheel, which lets the hand where it is, and when the hand goes to a
// box that is not seen; a click is on what is seen.
func TestMapScrolls(t *testing.T) {
	p := playedTo(t, player.Scenario{Plan: manyServices(24, 6)}, time.Second)
	m := mapOf(p, dark())
	s := size{198, 12}
	mapped(t, m, s)
	if m.laid == nil || m.laid.h <= s.h {
		t.Fatal("there is nothing to scroll")
	}
	m.act(doTop)
	hand := m.selected
	for _, row := range []struct {
		turn tcell.ButtonMask
		top  int
	}{{tcell.WheelDown, 3}, {tcell.WheelDown, 6}, {tcell.ButtonNone, 6}, {tcell.WheelUp, 3}, {tcell.WheelUp, 0}, {tcell.WheelUp, 0}, {tcell.WheelDown, 3}} {
		m.click(5, 5, row.turn)
		if mapped(t, m, s); m.top != row.top || m.selected != hand {
			t.Errorf("the wheel leads to line %d, the hand is on %s; want %d and %s", m.top, m.selected, row.top, hand)
		}
	}
	for b, at := range m.slotOf {
		y := m.laid.top[at] - m.top
		if y < 0 || y >= s.h-3 {
			continue // not seen, or not all of it
		}
		if name := m.graph.boxes[b].name; !m.click(m.laid.layerX[m.laid.slots[at].layer]+1, y+1, tcell.Button1) || m.selected != name {
			t.Errorf("a click on %s selects %s", name, m.selected)
		}
	}
	m.selected = "service-5"
	if text := grid(mapped(t, m, s)); !strings.Contains(text, "service-5") {
		t.Errorf("service-5 is selected and not seen:\n%s", text)
	}
}

// TestTreeMoves: to whom a service is asked by, whom it asks first, a page on, and to where a
// click is.
func TestTreeMoves(t *testing.T) {
	p := playedTo(t, player.Scenario{Plan: manyServices(40, 4)}, time.Second)
	m := mapOf(p, dark())
	s := size{78, 19}
	mapped(t, m, s)
	line := func() int { return m.tree.line[m.cursor()] }
	for _, row := range []struct {
		does action
		want func(was int) int
	}{
		{doTop, func(int) int { return 0 }}, {doLeft, func(int) int { return 0 }}, {doRight, func(int) int { return 1 }}, {doRight, func(int) int { return 2 }},
		{doPageDown, func(int) int { return 20 }}, {doLeft, func(was int) int { return m.tree.lines[was].parent }}, {doBottom, func(int) int { return len(m.tree.lines) - 1 }},
		{doPageUp, func(was int) int { return was - 18 }}, {doUp, func(was int) int { return was - 1 }}, {doRight, func(was int) int { return max(m.tree.lines[was].child, was) }},
	} {
		was := line()
		if !m.act(row.does) || line() != row.want(was) {
			t.Errorf("after %s the hand is in line %d, was in %d, want %d", row.does, line(), was, row.want(was))
		}
		mapped(t, m, s)
	}
	m.act(doBottom)
	mapped(t, m, s)
	if m.click(3, 4, tcell.Button1); m.top == 0 || line() != m.top+4 {
		t.Errorf("a click in line 4, from %d on, leads to line %d", m.top, line())
	}
}

// TestMapFades what the filter does not find, in boxes and in a tree.
func TestMapFades(t *testing.T) {
	p := playedTo(t, builtin(t, "slow-dependency"), 20*time.Second)
	for _, s := range []size{{118, 20}, {58, 13}} {
		m := mapOf(p, dark())
		m.filter, m.selected = "pay", "shoppers"
		screen := mapped(t, m, s)
		for name, want := range map[string]bool{"gateway": true, "payment": false} {
			at := 0
			for y, text := range strings.Split(grid(screen), "\n")[:s.h-1] {
				before, _, found := strings.Cut(text, name)
				if !found || s.w < 60 && widthOf(before) > s.w*2/5 { // or it is one that is asked
					continue
				}
				if _, _, style, _ := screen.GetContent(widthOf(before), y); (style == m.look.dim) != want {
					t.Errorf("%v: %s in line %d is faint: %v", s, name, y, !want)
				}
				at++
				break
			}
			if at == 0 {
				t.Errorf("%v: no %s is seen", s, name)
			}
		}
	}
}

// What is selected elsewhere has its box on the map, and its lines lit.
func TestMapLights(t *testing.T) {
	p := playedTo(t, builtin(t, "slow-dependency"), 45*time.Second)
	m := mapOf(p, newLook(Dark, 256, false))
	mapped(t, m, size{118, 20})
	for _, row := range []struct {
		selected, box string
		lit           int
	}{
		{"", "shoppers", 1}, {"gateway", "gateway", 3}, {"gateway.buy", "gateway", 3}, {"checkout->payment", "checkout", 1}, {"shoppers->gateway.buy", "shoppers", 1}, {"nothing", "shoppers", 1},
	} {
		m.selected = row.selected
		lit := 0
		c := m.cursor()
		for _, is := range m.lit(c) {
			if is {
				lit++
			}
		}
		if got := m.graph.boxes[c].name; got != row.box || lit != row.lit {
			t.Errorf("%q: the hand is on %s, and %d lines are lit; want %s and %d", row.selected, got, lit, row.box, row.lit)
		}
	}
}

// Whatever there is, at whatever size: nothing is drawn outside of the pane, and nothing panics.
func TestMapStaysInside(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := playedTo(t, player.Scenario{Plan: anyPlan(rt)}, time.Duration(rapid.IntRange(0, 3).Draw(rt, "at"))*time.Second)
		if rapid.Bool().Draw(rt, "branch") {
			p.Branch()
		}
		m := mapOf(p, newLook(Dark, 256, rapid.Bool().Draw(rt, "ascii")))
		m.filter = rapid.SampledFrom([]string{"", "1"}).Draw(rt, "filter")
		w, h := rapid.IntRange(0, 160).Draw(rt, "w"), rapid.IntRange(0, 50).Draw(rt, "h")
		screen := tcell.NewSimulationScreen("UTF-8")
		if err := screen.Init(); err != nil {
			rt.Fatal(err)
		}
		defer screen.Fini()
		screen.SetSize(w+4, h+4)
		mark := tcell.StyleDefault.Italic(true)
		screen.Fill('#', mark)
		actions := []action{doUp, doDown, doLeft, doRight, doTop, doBottom, doPageUp, doPageDown}
		rng := rand.New(rand.NewPCG(1, 2))
		for range 6 {
			m.draw(pen{screen, 2, 2, w, h}, true)
			m.act(actions[rng.IntN(len(actions))])
			m.click(rng.IntN(w+1), rng.IntN(h+1), []tcell.ButtonMask{tcell.Button1, tcell.WheelDown, tcell.WheelUp}[rng.IntN(3)])
		}
		for y := range h + 4 {
			for x := range w + 4 {
				if x >= 2 && x < w+2 && y >= 2 && y < h+2 {
					continue
				}
				if _, _, style, _ := screen.GetContent(x, y); style != mark {
					rt.Fatalf("a cell at %d,%d is drawn, outside of the pane", x-2, y-2)
				}
			}
		}
	})
}

// TestNumbersOfABoxAreWhole: where there is no room for two texts the left one is cut. A
// number without its end, 2 for 24%, would be another number.
func TestNumbersOfABoxAreWhole(t *testing.T) {
	screen, l := empty(t, size{30, 1}), dark()
	for w := range 31 {
		screen.Clear()
		s := strip{pen: pen{screen, 0, 0, w, 1}, look: l, style: func(s tcell.Style) tcell.Style { return s }}
		s.both(l.plain, l.plain, [2]string{"waits on user-profile", "24%"}, [2]string{"user-profile", "24%"})
		screen.Show()
		line, _, _ := strings.Cut(grid(screen), "\n")
		if strings.HasSuffix(line, "24%") != (w >= 3) || w < 3 && strings.ContainsAny(line, "24%") {
			t.Errorf("in %d columns there stands %q", w, line)
		}
	}
}

// TestWaitsAreSeen: the lines on which a full service waits have its colour, though no call
// fails there; while nothing is full none has.
func TestWaitsAreSeen(t *testing.T) {
	for at, want := range map[time.Duration][]string{20 * time.Second: nil, 45 * time.Second: {"gateway>checkout", "checkout>payment"}} {
		m := mapOf(playedTo(t, builtin(t, "slow-dependency"), at), dark())
		m.selected = "visitors"
		screen := mapped(t, m, size{118, 20})
		n := m.now(&m.frame.Run)
		var got []string
		for i, level := range m.waits(&n) {
			link := &m.graph.links[i]
			if level == report.OK {
				continue
			}
			got = append(got, m.graph.boxes[link.from].name+">"+m.graph.boxes[link.to].name)
			c := &m.laid.cells[m.laid.paths[i][0]]
			if _, _, style, _ := screen.GetContent(c.x, c.y); style != m.look.levels[level] || m.strain(link, &n).level != report.OK {
				t.Errorf("at %v the line %s has the style %v", at, got[len(got)-1], style)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("at %v full services wait on %v, want %v", at, got, want)
		}
	}
}

// TestTreeSaysWhoWaitsForWhom where threads are held, and names what is worst first; a share
// that there is no room for is left out, and not cut.
func TestTreeSaysWhoWaitsForWhom(t *testing.T) {
	callees := func(m *netMap, w int, of string) string {
		t.Helper()
		s := size{w, 8}
		m.lay(s.w, s.h)
		m.laid = nil // a tree, whatever there is room for
		for line := range strings.Lines(grid(mapped(t, m, s))) {
			if before, after, calls := strings.Cut(line, "▶ "); calls && strings.Contains(before, of+" ") {
				return strings.TrimSpace(after)
			}
		}
		t.Fatalf("in %d columns %s calls nobody", w, of)
		return ""
	}
	slow := mapOf(playedTo(t, builtin(t, "slow-dependency"), 45*time.Second), dark())
	if got := callees(slow, 100, "gateway"); got != "checkout (waits 99.5%)" {
		t.Errorf("gateway calls %q", got)
	}
	harmless := regexp.MustCompile("(?m)^.*(lossy|crashed).*\n").ReplaceAllString(troubled, "")
	broken := mapOf(playedTo(t, parsed(t, "troubled", harmless), 20*time.Second), dark())
	if got := callees(broken, 100, "front"); !strings.HasPrefix(got, "payment ✖2/2 open") || !strings.Contains(got, ", stock") {
		t.Errorf("front calls %q: the payment is what is broken", got)
	}
	share, of := regexp.MustCompile(`[0-9.]+[^0-9.s]`), map[string]string{"gateway": "99.5%", "checkout": "99.6%"}
	for w := 56; w < 100; w++ {
		for name, want := range of {
			got := callees(slow, w, name)
			if number := share.FindString(got); number != "" && number != want {
				t.Errorf("in %d columns %s calls %q", w, name, got)
			}
		}
	}
}

func BenchmarkMap(b *testing.B) {
	for _, row := range []struct {
		name string
		s    player.Scenario
		size size
	}{
		{"slow-dependency at 120x40", builtin(b, "slow-dependency"), size{118, 37}},
		{"checkout-email-queue at 200x60", builtin(b, "checkout-email-queue"), size{198, 57}},
		{"250 services at 300x60", player.Scenario{Plan: manyServices(250, 50)}, size{300, 60}},
		{"1000 services at 200x60", player.Scenario{Plan: manyServices(1000, 25)}, size{198, 57}},
	} {
		b.Run(row.name, func(b *testing.B) {
			m := mapOf(playedTo(b, row.s, 2*time.Second), newLook(Dark, 256, false))
			screen := empty(b, row.size)
			for b.Loop() {
				m.draw(pen{screen, 0, 0, row.size.w, row.size.h}, true)
			}
		})
	}
}

// TestMapSaysWhatTheTablesSay: a number that stands on the map and in a table is the same
// in both, and as bad.
func TestMapSaysWhatTheTablesSay(t *testing.T) {
	const services, edges = 1, 2 // of the views
	compared := 0
	for _, name := range []string{"slow-dependency", "retry-storm", "dead-dependency-breaker", "sick-endpoint-bulkhead", "crash-restart"} {
		for _, at := range []time.Duration{5 * time.Second, 31 * time.Second, 45 * time.Second, 62 * time.Second} {
			p := playedTo(t, builtin(t, name), at)
			c := newConsole(p, nil, newLook(Dark, 256, false), nil, nil)
			m := mapOf(p, c.look)
			mapped(t, m, size{118, 20})
			n := m.now(&c.frame.Run)
			same := func(what, onMap, inTable string, a, b report.Level) {
				t.Helper()
				compared++
				if onMap != inTable || a != b {
					t.Errorf("%s at %v, %s: the map has %q (level %d), the table %q (level %d)", name, at, what, onMap, a, inTable, b)
				}
			}
			cell := func(view int, title string, s spot) (string, report.Level) {
				t.Helper()
				columns := c.views[view].(*table).columns
				k := slices.IndexFunc(columns, func(of column) bool { return of.title == title && !of.past && !of.bar })
				if k < 0 {
					t.Fatalf("no column %q", title)
				}
				of := &columns[k]
				v, known := of.value(s)
				switch {
				case !known:
					return missing, report.OK
				case of.text != nil:
					return of.text(v), of.level(s, v)
				}
				return of.words(s), of.level(s, v)
			}
			for b, box := range m.graph.boxes {
				g := m.gauge(b, &n)
				if box.kind != serviceTarget || g.bare {
					continue
				}
				s := spotOf(&c.frame.Run, row{int32(box.index), -1})
				held, level := cell(services, "held", s)
				_, waiting := cell(services, "waiting", s)
				same(box.name, g.text, held, g.full, max(level, waiting))
				same(box.name+"'s sign", "", "", g.level, c.views[services].(*table).level(s))
			}
			for i := range m.graph.links {
				link := &m.graph.links[i]
				if len(link.edges) != 1 {
					continue
				}
				s := spotOf(&c.frame.Run, row{int32(link.edges[0]), -1})
				failed, level := cell(edges, "failed", s)
				breaker, tripped := cell(edges, "breaker", s)
				strain := m.strain(link, &n)
				for _, l := range strain.labels {
					text := strings.TrimLeft(l.long, strings.Join(c.look.marks[:], ""))
					switch {
					case strings.HasSuffix(text, "%"):
						same(edgeOf(m.plan(), link.edges[0]).ID, text, failed, strain.level, max(level, tripped))
					case strings.Contains(text, "open"):
						same(edgeOf(m.plan(), link.edges[0]).ID, text, breaker, strain.level, max(level, tripped))
					}
				}
			}
		}
	}
	if compared < 100 {
		t.Errorf("only %d numbers were compared", compared)
	}
}

// TestMapCutsNoNumber: half of a number would be another one.
func TestMapCutsNoNumber(t *testing.T) {
	cut := regexp.MustCompile(`[0-9]…`)
	for _, at := range []time.Duration{60 * time.Hour, 84 * time.Hour} {
		d := deskAt(t, "weekend-outage-retention", at, dark())
		for _, w := range []int{60, 80, 90, 100, 120} {
			d.size = size{w, 24}
			if text := d.shows(); cut.MatchString(text) {
				t.Errorf("at %v in %d columns:\n%s", at, w, text)
			}
		}
	}
}
