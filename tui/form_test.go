package tui

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"

	"cascade/scenarios"
	"cascade/sim/des"
	"cascade/tui/player"
)

// A desk is a console with a player and an editor, on which a test presses keys.
type desk struct {
	*console
	t     testing.TB
	size  size
	on    tcell.SimulationScreen
	files map[string]string // that were written
}

// deskAt is a desk at an instant of a built-in scenario, with changes made to it.
func deskAt(t testing.TB, name string, at time.Duration, l *look, sets ...scenarios.Override) *desk {
	t.Helper()
	return newDesk(t, playedTo(t, builtin(t, name, sets...), at), editorOf(t, name, sets...), l)
}

// newDesk is a desk at a player.
func newDesk(t testing.TB, p *player.Player, e Editor, l *look) *desk {
	d := &desk{t: t, size: size{80, 24}, files: map[string]string{}}
	d.console = newConsole(p, e, l, nil, nil)
	d.out.save = func(path string, replace bool, fill func(io.Writer) error) error {
		if _, there := d.files[path]; there && !replace {
			return ErrExists
		}
		var b strings.Builder
		err := fill(&b)
		d.files[path] = b.String()
		return err
	}
	return d
}

func dark() *look { return newLook(Dark, 256, false) }

// press presses keys: letters, and the names of other keys in brackets, as in
// "ithreads[enter]". What takes time is waited for.
func (d *desk) press(keys string) *desk {
	d.t.Helper()
	for keys != "" {
		key := keys[:1]
		if end := strings.IndexByte(keys, ']'); key == "[" && end > 0 {
			key = keys[1:end]
			keys = keys[end+1:]
		} else {
			keys = keys[1:]
		}
		d.InputHandler()(keyNamed(d.t, key), func(tview.Primitive) {})
		d.arrive()
		d.draw()
	}
	return d
}

// draw shows the console on the desk's own screen.
func (d *desk) draw() {
	if d.on == nil {
		d.on = tcell.NewSimulationScreen("UTF-8")
		if err := d.on.Init(); err != nil {
			d.t.Fatal(err)
		}
		d.t.Cleanup(d.on.Fini)
		d.on.SetSize(d.size.w, d.size.h)
	}
	d.SetRect(0, 0, d.size.w, d.size.h)
	d.Draw(d.on)
}

// arrive lets a seek come to its end.
func (d *desk) arrive() {
	for d.player.Frame().State == player.Seeking {
		d.player.Advance()
	}
	d.frame = d.player.Frame()
}

func keyNamed(t testing.TB, name string) *tcell.EventKey {
	t.Helper()
	if name == " " {
		name = "space"
	}
	k := keyCalled(namedKeys(), name)
	if k == nil {
		t.Fatalf("no key %q", name)
	}
	return k
}

// shows is the screen, and fails if it lacks any of the words.
func (d *desk) shows(words ...string) string {
	d.t.Helper()
	text, _, _ := strings.Cut(grid(drawn(d.t, d.console, d.size)), "----")
	for _, w := range words {
		if !strings.Contains(text, w) {
			d.t.Errorf("the screen does not show %q:\n%s", w, text)
		}
	}
	return text
}

// fault finds a fault of the plan that is played.
func (d *desk) fault(name string) (on string, from, length time.Duration) {
	d.t.Helper()
	for i := range d.plan().Faults {
		if f := &d.plan().Faults[i]; f.Name == name {
			return f.On, time.Duration(f.From), time.Duration(f.Until - f.From)
		}
	}
	d.t.Fatalf("no fault %s among %v; said: %s", name, d.faultNames(), d.said)
	return "", 0, 0
}

func TestInjectsLatency(t *testing.T) {
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.selected = "payment"
	d.press("i")
	d.shows("inject at 12s", "latency", "payment", "500ms", "add: 500ms", "name: payment-latency")
	for d.over != nil {
		d.press("[enter]")
	}
	if on, from, length := d.fault("payment-latency"); on != "payment" || from != 12*time.Second || length != 30*time.Second {
		t.Errorf("on %s from %v for %v", on, from, length)
	}
	if d.frame.Now != des.Time(12*time.Second) {
		t.Errorf("the run stands at %v", d.frame.Now)
	}
	if d.said != "injected payment-latency at 12s; space goes on" {
		t.Errorf("said %q", d.said)
	}
}

func TestBadValueSaysWhatAFileSays(t *testing.T) {
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.selected = "payment"
	d.press("i[enter][enter]fast")
	d.shows("✖", "fast")
	d.press("[ctrl-s]")
	if d.over == nil || len(d.changes) > 0 {
		t.Errorf("it was injected: %v", d.changes)
	}
	d.press("[ctrl-u]250ms[ctrl-s]")
	if d.over != nil || len(d.changes) != 1 || !strings.Contains(d.changes[0].Value, "add: 250ms") {
		t.Errorf("it was not injected: %v", d.changes)
	}
}

func TestKindIsChosenByTyping(t *testing.T) {
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.selected = "payment"
	d.press("islo")
	d.shows("slow:", "factor: 10", "own work")
	d.press("[enter]")
	d.shows("kind", "slow")
	d.press("[esc]")
	if d.over != nil {
		t.Error("it is still open")
	}
	d.press("i[right]") // the kind after latency
	d.shows("slow:")
}

// TestEveryKindOfFault injects each with what the form comes with, wherever some built-in
// scenario has a place for it; one of them has a cache to flush, too.
func TestEveryKindOfFault(t *testing.T) {
	places := []string{"slow-dependency", "checkout-email-queue", "hot-partition", "poison-message-dead-letter"}
	cache := map[string][]scenarios.Override{places[0]: {{Path: "services.checkout.steps.1.cache", Value: "{hit: 10%}"}}}
	for _, kind := range editorOf(t, places[0]).FaultKinds() {
		t.Run(kind.Name, func(t *testing.T) {
			tried := 0
			for _, name := range places {
				sets := cache[name]
				plan, like := builtin(t, name, sets...).Plan, map[targetKind]bool{}
				for _, on := range editorOf(t, name, sets...).Targets(plan, kind.Name) {
					of := find(plan, on).kind
					if like[of] {
						continue // one of each kind of target is enough
					}
					like[of] = true
					tried++
					d := deskAt(t, name, time.Second, dark(), sets...)
					d.inject(kind.Name, on)
					d.press("[ctrl-s]")
					if d.over != nil || len(d.deeds) != 1 {
						t.Fatalf("%s on %s of %s: it was not injected\n%s", kind.Name, on, name, d.shows())
					}
					if got, _, _ := d.fault(d.deeds[0].drafts[0].Name); got != on {
						t.Errorf("%s is on %s, not on %s", kind.Name, got, on)
					}
				}
			}
			if tried == 0 {
				t.Errorf("there is no place for %s in %v", kind.Name, places)
			}
		})
	}
}

func TestTurnsADial(t *testing.T) {
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.selected = "payment"
	d.press("t")
	d.shows("turn a dial of payment at 12s", "threads", "32", "nothing is turned yet")
	d.press("thr[enter]many")
	d.shows("✖", "many")
	d.press("[ctrl-u]64[enter]")
	d.shows("32 to 64", "set:", "threads: 64", "payment-threads")
	d.press("[up][delete]")
	d.shows("nothing is turned yet")
	d.press("[enter]64[enter][enter]")
	if d.over != nil {
		t.Fatalf("it is still open\n%s", d.shows())
	}
	if on, from, length := d.fault("payment-threads"); on != "payment" || from != 12*time.Second || length != 108*time.Second {
		t.Errorf("on %s from %v for %v", on, from, length)
	}
	d.press("[right]t")
	d.shows("64")
}

func TestDialsOfASourceAndAQueue(t *testing.T) {
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.selected = "shoppers"
	d.press("tfactor[enter]3[enter]retry[enter][enter]")
	d.shows("shoppers-surge", "shoppers-to-gateway-buy-r")
	d.press("[ctrl-s]")
	if len(d.deeds) != 1 || len(d.deeds[0].drafts) != 2 {
		t.Fatalf("done: %+v\n%s", d.deeds, d.shows())
	}
	if got := len(d.plan().Faults); got != 3 {
		t.Errorf("%d faults", got)
	}

	d = deskAt(t, "checkout-email-queue", 12*time.Second, dark())
	d.selected = d.plan().Topology.Queues[0].Name
	d.press("t")
	d.shows("turn a dial of receipts", "capacity", "max_receives", "who takes its messages")
	d.press("capacity[enter]5[enter][enter]")
	if on, from, length := d.fault("receipts-capacity"); on != "receipts" || from != 12*time.Second || length == 0 {
		t.Errorf("on %s from %v for %v\n%s", on, from, length, d.shows())
	}
	d.press("temail dials[enter]")
	d.shows("turn a dial of email at")
}

// TestDialsLeadToCalls: who looks for a time-out or a breaker at either end of a call is led
// to it, and from a service to the queue that it knows.
func TestDialsLeadToCalls(t *testing.T) {
	for _, row := range []struct {
		of, selected, keys string
		shows              []string
	}{
		{"slow-dependency", "gateway", "timeout", []string{"its calls", "gateway.buy->checkout", "calls to it", "visitors->gateway.browse"}},
		{"slow-dependency", "gateway.buy", "timeout[down][enter]", []string{"turn a dial of shoppers->gateway.buy at 12s"}},
		{"slow-dependency", "gateway", "breaker[enter]", []string{"turn a dial of gateway.buy->checkout at 12s"}},
		{"slow-dependency", "payment", "breaker[enter]", []string{"turn a dial of checkout->payment at 12s"}},
		{"redelivery-spiral", "workers", "reports[enter]", []string{"turn a dial of reports at 12s", "visibility"}},
		{"redelivery-spiral", "portal", "reports[enter]", []string{"turn a dial of reports at 12s", "visibility"}},
	} {
		d := deskAt(t, row.of, 12*time.Second, dark())
		d.selected = row.selected
		d.press("t" + row.keys).shows(row.shows...)
	}

	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.size = size{120, 60}
	d.selected = "gateway"
	text := d.press("t").shows()
	if calls, fixed := strings.Index(text, "its calls"), strings.Index(text, "what gateway is"); calls < 0 || fixed < calls {
		t.Errorf("what cannot be turned does not come last:\n%s", text)
	}
}

func TestHeals(t *testing.T) {
	d := deskAt(t, "slow-dependency", 42*time.Second+400*time.Millisecond, dark())
	d.press("h")
	if _, from, length := d.fault("payment-slow"); from != 30*time.Second || length != 12400*time.Millisecond {
		t.Errorf("from %v for %v", from, length)
	}
	if want := "healed payment-slow at 42.4s; space goes on"; d.said != want {
		t.Errorf("said %q, want %q", d.said, want)
	}
	d.press("h")
	if want := "no fault is in force, and none is to come"; d.said != want {
		t.Errorf("said %q, want %q", d.said, want)
	}
}

func TestHealingWhatHasNotBegun(t *testing.T) {
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.press("h")
	d.shows("to come", "payment-slow")
	d.press("[enter]")
	if !strings.Contains(d.said, "payment-slow begins at 30s") || len(d.changes) > 0 {
		t.Errorf("said %q, changes %v", d.said, d.changes)
	}
	// What a hand has injected is taken back.
	d.press(":inject crash payment[enter][ctrl-s]hcrash[enter]")
	if d.said != "taken back: injected payment-crash at 12s; space goes on" || len(d.changes) > 0 || len(d.plan().Faults) != 1 {
		t.Errorf("said %q, changes %v", d.said, d.changes)
	}
}

func TestHealingWhatComesBack(t *testing.T) {
	inject := func(at time.Duration) *desk {
		d := deskAt(t, "slow-dependency", 5*time.Second, dark())
		d.selected = "payment"
		d.press("i[enter][enter][enter]4s[enter][enter]10s[ctrl-s]")
		d.press(":goto " + at.String() + "[enter]")
		return d
	}
	d := inject(6500 * time.Millisecond)
	d.press("h")
	if _, _, length := d.fault("payment-latency"); length != 1500*time.Millisecond || d.plan().Faults[1].Every < d.plan().Duration {
		t.Errorf("it lasts %v, every %v; said %q", length, d.plan().Faults[1].Every, d.said)
	}
	d = inject(11 * time.Second)
	d.press(":heal payment-latency[enter]")
	if _, _, length := d.fault("payment-latency"); length != 4*time.Second || d.plan().Faults[1].Every < d.plan().Duration {
		t.Errorf("it lasts %v, every %v; said %q", length, d.plan().Faults[1].Every, d.said)
	}
	d = inject(17 * time.Second)
	d.press("h")
	if !strings.Contains(d.said, "has come 2 times") || len(d.changes) != 1 {
		t.Errorf("said %q", d.said)
	}
}

// TestWhichOfSeveralIsHealed is chosen from a list, those in force first.
func TestWhichOfSeveralIsHealed(t *testing.T) {
	d := deskAt(t, "slow-dependency", 12*time.Second, dark(), scenarios.Override{Path: "faults.1", Value: "{name: again, at: 50s, for: 2s, every: 20s, crash: {on: payment}}"})
	d.press(":goto 40s[enter]:inject errors gateway[enter][ctrl-s]:goto 45s[enter]h")
	_, text, _ := strings.Cut(d.shows("end a fault at 45s", "at 50s, every 20s"), "end a fault at")
	for _, name := range []string{"in force", "payment-slow", "gateway-errors", "to come", "again"} {
		_, below, found := strings.Cut(text, name)
		if !found {
			t.Errorf("%s does not stand in its place:\n%s", name, text)
		}
		text = below
	}
	d.press("[down][enter]")
	if want := "healed gateway-errors at 45s; space goes on"; d.said != want {
		t.Errorf("said %q, want %q", d.said, want)
	}
}

// TestPastStaysAsItWas makes each kind of change in mid-run, after what led there.
func TestPastStaysAsItWas(t *testing.T) {
	for name, keys := range map[string]string{
		"inject": "i[ctrl-s]", "heal": "h", "dial": "tthr[enter]16[enter][enter]", "surge": ":dial shoppers[enter][enter]3[enter][enter]",
	} {
		t.Run(name, func(t *testing.T) {
			d := deskAt(t, "slow-dependency", 42*time.Second, dark())
			d.selected = "payment"
			run := d.frame.Run
			d.press(keys)
			if len(d.deeds) != 1 {
				t.Fatalf("nothing was done: %s\n%s", d.said, d.shows())
			}
			now := d.frame.Run
			if now.At != run.At || now.Plan == run.Plan {
				t.Fatalf("the run is at %v, was at %v", now.At, run.At)
			}
			if got, want := now.Report.Timeline, run.Report.Timeline; !sameJSON(t, got, want) {
				t.Error("the past of the timeline is another one")
			}
			if now.Report.Fingerprint != run.Report.Fingerprint {
				t.Error("the past has another fingerprint")
			}
		})
	}
}

func TestWritesTheSession(t *testing.T) {
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.selected = "payment"
	d.press("i[ctrl-s]").press(":goto 50s[enter]h").press("w")
	d.shows("write", "slow-dependency-session.yaml")
	d.press("[enter]")
	text, ok := d.files["slow-dependency-session.yaml"]
	if !ok || !strings.Contains(d.said, ": cascade run slow-dependency-session.yaml") {
		t.Fatalf("written: %v; said %q", d.files, d.said)
	}
	s, err := scenarios.Parse("session.yaml", []byte(text), ".")
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if !sameJSON(t, s.Plan, d.plan()) {
		t.Errorf("it reads as another plan:\n%s", text)
	}

	// Once more: it is there already.
	d.press("w[enter]")
	d.shows("is there already")
	d.press("[enter]")
	if d.over != nil {
		t.Errorf("it was not written over\n%s", d.shows())
	}
	d.press("w[up]text[enter][enter]").press(":screen a.svg[enter]").press(":report r.json[enter]")
	if text := d.files["slow-dependency-screen.txt"]; !strings.Contains(text, "slow-dependency") || strings.Contains(text, "in a file") {
		t.Errorf("the screen: %q", text)
	}
	if !strings.HasPrefix(d.files["a.svg"], "<svg") || !strings.HasPrefix(d.files["r.json"], "{") {
		t.Errorf("written: %v", slices.Sorted(maps.Keys(d.files)))
	}
}

// TestANameThatIsTypedStays while what is written is chosen, and there has to be one.
func TestANameThatIsTypedStays(t *testing.T) {
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.press("wmine.txt[up]rep[enter]")
	d.shows("mine.txt", "report")
	d.press("[ctrl-u][ctrl-s]")
	d.shows("✖ a file needs a name")
	d.press("mine.json[ctrl-s]")
	if !strings.HasPrefix(d.files["mine.json"], "{") || d.over != nil {
		t.Errorf("written: %v", slices.Sorted(maps.Keys(d.files)))
	}
}

// TestInstants are written as a person says them, and nothing else is one.
func TestInstants(t *testing.T) {
	for text, want := range map[string]des.Time{
		"45s": 45 * second, "45": 45 * second, "1.5": 3 * second / 2, "1m10s": 70 * second, "1:10": 70 * second, "90:00": 5400 * second,
		"1:02:03.5": 3723*second + second/2, "0": 0,
		"": -1, "soon": -1, "-5s": -1, "-5": -1, "1:60": -1, "1:60:00": -1, "1.5:00": -1, "1:2:3:4": -1, "1:": -1, ":10": -1, "NaN": -1, "1e300": -1, "Inf": -1,
	} {
		at, ok := instant(text)
		if ok != (want >= 0) || ok && at != want {
			t.Errorf("%q is %v, an instant: %v; want %v", text, at, ok, want)
		}
	}
}

// TestSpeeds are those that the flag takes.
func TestSpeeds(t *testing.T) {
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	for text, want := range map[string]player.Speed{"0.1": 0.1, "1000": 1000, "×20": 20, "x0.5": 0.5, "max": player.Max, "0.09": -1, "1000.1": -1, "0": -1, "-1": -1, "NaN": -1, "fast": -1} {
		d.player.SetSpeed(7)
		err := d.speed(text)
		if got := d.player.Frame().Speed; want < 0 && (err == nil || got != 7) || want >= 0 && (err != nil || got != want) {
			t.Errorf("%q: %v, and the speed is %v", text, err, got)
		}
	}
}

// TestHistoryIsBounded, and a line that is typed again stands there once.
func TestHistoryIsBounded(t *testing.T) {
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	for i := range mostHistory + 3 {
		d.command(fmt.Sprint("filter ", i))
		d.over.key(keyNamed(t, "enter"), nil)
	}
	if n := len(d.history); n != mostHistory || d.history[n-1] != fmt.Sprint("filter ", mostHistory+2) || d.history[0] != "filter 3" {
		t.Errorf("%d lines are kept, from %q to %q", n, d.history[0], d.history[n-1])
	}
	d.command("filter 7")
	d.over.key(keyNamed(t, "enter"), nil)
	if n := len(d.history); n != mostHistory || d.history[n-1] != "filter 7" {
		t.Errorf("%d lines are kept, the last %q", n, d.history[n-1])
	}
}

func TestPlayingGoesOnAfterAForm(t *testing.T) {
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.player.Play()
	d.press("i")
	if d.player.Playing() {
		t.Error("it plays while the form is open")
	}
	d.press("[esc]")
	if !d.player.Playing() {
		t.Error("it does not go on")
	}
	d.press("t").press("[esc]").press(" ").press("i[esc]")
	if d.player.Playing() {
		t.Error("it was paused, and plays")
	}
}

func TestCommandLine(t *testing.T) {
	for _, row := range []struct {
		keys string
		want func(d *desk) bool
	}{
		{":goto 20s[enter]", func(d *desk) bool { return d.frame.Now == des.Time(20*time.Second) }},
		{":goto 20[enter]", func(d *desk) bool { return d.frame.Now == des.Time(20*time.Second) }},
		{":got[tab]20s[enter]", func(d *desk) bool { return d.frame.Now == des.Time(20*time.Second) }},
		{":speed max[enter]", func(d *desk) bool { return d.frame.Speed == player.Max }},
		{":speed 20[enter]", func(d *desk) bool { return d.frame.Speed == 20 }},
		{":view edges[enter]", func(d *desk) bool { return d.views[d.chosen].name() == "edges" }},
		{":edges[enter]", func(d *desk) bool { return d.views[d.chosen].name() == "edges" }},
		{":select payment[enter]", func(d *desk) bool { return d.selected == "payment" }},
		{":set serv[tab]pay[tab]thr[tab]64[enter]", func(d *desk) bool {
			return len(d.changes) == 1 && d.changes[0] == Change{"services.payment.threads", "64"}
		}},
		{":set services.payment.thr[tab]", func(d *desk) bool {
			return strings.Contains(d.shows(":set services.payment.threads="), "32  per instance")
		}},
		{":set services.payment.order=[tab][tab][enter]", func(d *desk) bool {
			return len(d.changes) == 1 && d.changes[0] == Change{"services.payment.order", "lifo"}
		}},
		{":set [tab][tab][tab][tab][tab][tab][tab]gateway.", func(d *desk) bool {
			return strings.Contains(d.shows(":set services.gateway."), "services.gateway.threads=         64")
		}},
		{":set services.nobody.t", func(d *desk) bool { return !strings.Contains(d.shows(), "threads=") }},
		{"2:sort p99[enter]", func(d *desk) bool { return strings.Contains(d.shows(), "▼ p99") }},
		{"2:sort p99 so[tab][enter]", func(d *desk) bool {
			t := d.views[1].(*table)
			return t.columns[t.sorted].title == "p99" && t.columns[t.sorted].past
		}},
		{"2:sort name[enter]", func(d *desk) bool { return strings.Contains(d.shows(), "service▲") }},
		{"2:sort p99[enter]:sort file[enter]", func(d *desk) bool { return d.views[1].(*table).sorted == byFile }},
		{"2:sort[enter]", func(d *desk) bool { return strings.Contains(d.shows(), "service▲") }},
		{"2:sort haeld[enter]", func(d *desk) bool { return strings.Contains(d.shows(), `did you mean "held"?`) }},
		{":sort held[enter]", func(d *desk) bool { return strings.Contains(d.shows(), "no table is in sight") }},
		{":xyzzy[enter]", func(d *desk) bool { return strings.Contains(d.shows(), `no command "xyzzy"; ? names them all`) }},
		{"?:faults[enter]", func(d *desk) bool { return strings.Contains(d.shows("to come"), "payment-slow") }},
		{":select paym[tab][enter]", func(d *desk) bool { return d.selected == "payment" }},
		{":select paymnt[enter]", func(d *desk) bool { return strings.Contains(d.shows(), `did you mean "payment"?`) }},
		{":injetc[enter]", func(d *desk) bool { return strings.Contains(d.shows(), `no command "injetc"; did you mean "inject"?`) }},
		{":goto[enter]", func(d *desk) bool { return strings.Contains(d.shows(), "write goto 45s") }},
		{":goto soon[enter]", func(d *desk) bool { return strings.Contains(d.shows(), "is no instant") }},
		{":seed 7[enter]", func(d *desk) bool { return d.plan().Seed == 7 && d.frame.Now == 0 }},
		{":seed 7[enter]:seed 8[enter]", func(d *desk) bool { return d.plan().Seed == 8 && len(d.changes) == 1 }},
		{":seed x[enter]", func(d *desk) bool {
			return d.plan().Seed == 1 && len(d.changes) == 0 && strings.Contains(d.shows(":seed x"), "✖")
		}},
		{":set services.payment.threads=64[enter]", func(d *desk) bool {
			return d.plan().Topology.Services[2].Threads == 64 && d.frame.Now == 0
		}},
		{":set services.payment.thread=64[enter]", func(d *desk) bool {
			return len(d.changes) == 0 && strings.Contains(d.shows(":set services.payment.thread=64"), `did you mean "threads"?`)
		}},
		{":theme mono[enter]", func(d *desk) bool {
			return d.look.plain == newLook(Mono, 256, false).plain && d.look.levels == newLook(Mono, 256, false).levels
		}},
		{":filter pay[enter]", func(d *desk) bool { return d.filter == "pay" }},
		{":heal payment[enter]", func(d *desk) bool {
			return strings.Contains(d.shows(":heal payment"), `no fault "payment" is in force or to come`)
		}},
		{":heal payment-slow[enter]", func(d *desk) bool { return strings.Contains(d.shows(":heal payment-slow"), "begins at 30s") }},
		{":q now[enter]", func(d *desk) bool { return strings.Contains(d.shows(":q now"), `no command "q"`) }},
		{":undo it[enter]", func(d *desk) bool { return strings.Contains(d.shows(), `nothing follows undo, and "it" does`) }},
		{":pause it[enter]", func(d *desk) bool { return strings.Contains(d.shows(), `nothing follows pause, and "it" does`) }},
		{":inject slow pay[tab]", func(d *desk) bool { return strings.Contains(d.shows(), ":inject slow payment\n") }},
		{":inject loss pay[tab]", func(d *desk) bool { return strings.Contains(d.shows(), ":inject loss checkout->payment\n") }},
		{":view map[enter]:view edges[enter]:[up][up]", func(d *desk) bool { return strings.Contains(d.shows(), ":view map\n") }},
		{":view map[enter]:view edges[enter]:[up][up][up][down]", func(d *desk) bool { return strings.Contains(d.shows(), ":view edges\n") }},
		{":view map[enter]:view edges[enter]:[up][down]", func(d *desk) bool { return !strings.Contains(d.shows(), ":view ") }},
		{":goto 1:10[enter]", func(d *desk) bool { return d.frame.Now == des.Time(70*time.Second) }},
		{":goto 1m10s[enter]", func(d *desk) bool { return d.frame.Now == des.Time(70*time.Second) }},
		{":theme pink[enter]", func(d *desk) bool {
			return strings.Contains(d.shows(), `no theme "pink"; there are dark, light and mono`)
		}},
		{":inject zorch[enter]", func(d *desk) bool {
			return strings.Contains(d.shows(":inject zorch"), `no kind of fault "zorch"; there are latency,`)
		}},
		{":select payment[enter]:[up][enter]", func(d *desk) bool { return d.selected == "payment" && len(d.history) == 1 }},
		{":inject slow payment[enter]", func(d *desk) bool { return strings.Contains(d.shows(), "factor: 10") }},
		{":inject slow payment[enter][ctrl-s]:undo[enter]", func(d *desk) bool { return len(d.changes) == 0 && len(d.plan().Faults) == 1 }},
		{":inject slow payment[enter][ctrl-s]:goto 30s[enter]:undo[enter]", func(d *desk) bool {
			return len(d.plan().Faults) == 1 && d.frame.Now == des.Time(12*time.Second)
		}},
		{":inject slow payment[enter][ctrl-s]:changes[enter]", func(d *desk) bool { return strings.Contains(d.shows(), "injected payment-slow-2 at 12s") }},
		{":inject slow payment[enter][ctrl-s]:inject crash payment[enter][ctrl-s]:changes[enter][enter]", func(d *desk) bool {
			return len(d.plan().Faults) == 2 && d.over == nil && strings.HasPrefix(d.said, "taken back: injected payment-crash")
		}},
		{":inject slow payment[enter][ctrl-s]:inject crash payment[enter][ctrl-s]:changes[enter][up][enter]", func(d *desk) bool {
			return len(d.plan().Faults) == 3 && d.over != nil && d.said == "only what was done last can be taken back"
		}},
		{":inject slow payment[enter][ctrl-s]:forget[enter]", func(d *desk) bool { return len(d.plan().Faults) == 1 && d.frame.Now == 0 }},
		{"r", func(d *desk) bool { return d.frame.Now == 0 && d.plan().Seed == 1 }},
		{"RR", func(d *desk) bool { return d.frame.Now == 0 && d.plan().Seed == 3 && len(d.changes) == 1 }},
		{"b", func(d *desk) bool { return d.frame.Twin != nil && d.frame.Branched == des.Time(12*time.Second) }},
		{"bb", func(d *desk) bool { return d.frame.Twin == nil }},
		{"/pay", func(d *desk) bool { return d.filter == "pay" }},
		{"/pay[enter]", func(d *desk) bool { return d.selected == "payment" }},
		{"/pay[enter]n", func(d *desk) bool { return d.selected == "checkout->payment" }},
		{"/pay[enter]nn", func(d *desk) bool { return d.selected == "payment" }},
		{"/pay[enter]N", func(d *desk) bool { return d.selected == "checkout->payment" }},
		{"/visitors[enter]N", func(d *desk) bool { return d.selected == "visitors->gateway.browse" }},
		{"/gateway[enter]n", func(d *desk) bool { return d.selected == "gateway.buy" }},
		{"/gateway[enter]nnN", func(d *desk) bool { return d.selected == "gateway.buy" }},
		{"/pay[esc]", func(d *desk) bool { return d.filter == "" && d.over == nil }},
		{"?", func(d *desk) bool { return strings.Contains(d.shows(), "pause, or go on") }},
		{"?inject a[enter]", func(d *desk) bool { return strings.Contains(d.shows(), "inject at 12s") }},
		{"?goto[enter]", func(d *desk) bool { return strings.Contains(d.shows(), ":goto") }},
		{"?gave up wasted", func(d *desk) bool { return strings.Contains(d.shows(), "nothing has that in it") }},
		{"?given up", func(d *desk) bool { return strings.Contains(d.shows("type to find   esc leave"), "wasted") }},
		{":screen a.png[enter]", func(d *desk) bool {
			return strings.Contains(d.shows(), "write screen FILE.txt or screen FILE.svg") && len(d.files) == 0
		}},
		{":expectations[enter]", func(d *desk) bool {
			return strings.Contains(d.shows("what must hold", "visitors.success >= 99.9% before payment-slow"), "100%")
		}},
		{"?xyzzy", func(d *desk) bool { return strings.Contains(d.shows(), "nothing has that in it") }},
		{"?xyzzy[esc][esc]", func(d *desk) bool { return d.over == nil }},
	} {
		t.Run(row.keys, func(t *testing.T) {
			d := deskAt(t, "slow-dependency", 12*time.Second, dark())
			if d.press(row.keys); !row.want(d) {
				t.Errorf("it is not so; said %q, at %v\n%s", d.said, d.frame.Now, d.shows())
			}
		})
	}
}

// TestOverlays holds what each of them looks like: in four sizes, and in ascii and mono.
func TestOverlays(t *testing.T) {
	overlays := map[string]string{
		"inject": "i", "inject-kind": "is", "inject-problem": "i[enter][enter]fast", "dial": "t", "dial-turned": "tqueue[enter]unbounded[enter]",
		"mapping": ":dial checkout->payment[enter]retry[enter][right][down][down][down][down]f",
		"heal":    ":faults[enter]", "expectations": ":expectations[enter][down][down][down]", "write": "w", "command": ":in", "command-set": ":set services.payment.", "command-wrong": ":injetc[enter]", "filter": "/pay", "help": "?", "help-found": "?branch",
	}
	p, e := playedTo(t, builtin(t, "slow-dependency"), 42*time.Second), editorOf(t, "slow-dependency")
	for name, keys := range overlays {
		shown := func(l string, s size) string {
			d := newDesk(t, p, e, looks()[l])
			d.size, d.selected = s, "payment"
			d.press(keys)
			screen := drawn(t, d.console, s)
			screen.Clear() // of what lies below
			p := pen{screen, 0, 0, s.w, s.h}
			p.text(1, s.h-1, d.look.cut(d.over.about(), s.w-2), d.look.dim)
			d.over.draw(p)
			screen.Show()
			return grid(screen)
		}
		for _, s := range sizes {
			golden(t, fmt.Sprintf("overlay-%s-dark-%v", name, s), shown("dark", s))
		}
		golden(t, "overlay-"+name+"-ascii-mono", shown("ascii", sizes[0])+shown("mono", sizes[1]))
	}
}

// sameJSON says whether two values are written the same.
func sameJSON(t testing.TB, a, b any) bool {
	t.Helper()
	var of [2][]byte
	for i, v := range []any{a, b} {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		of[i] = text
	}
	return bytes.Equal(of[0], of[1])
}

// TestRandomHands presses keys at random, among them those that open forms: whatever is
// done, the changes are those of the deeds, and the scenario can be read with them.
func TestRandomHands(t *testing.T) {
	keys := 1_000
	if raced || testing.Short() {
		keys = 200
	}
	words := []string{"i", "t", "h", "w", ":", "?", "/", "n", "b", "[enter]", "[enter]", "[enter]", "[down]", "[up]", "[tab]", "[right]", "[esc]", "[ctrl-s]", "[ctrl-s]",
		"[backspace]", "[end]", "3", "5s", "50%", "true", "email", "set", "lat", "x", "[delete]"}
	whole := []string{"i[ctrl-s]", "i[right][ctrl-s]", "is[enter][ctrl-s]", "t[enter]5[enter][ctrl-s]", "tthr[enter]9[enter][enter]", "h[enter]", ":undo[enter]", ":faults[enter][enter]",
		":dial email[enter]", ":goto 2[enter]", ":goto 4[enter]", "nn"}
	rng := rand.New(rand.NewPCG(1, 2))
	d := deskAt(t, "checkout-email-queue", 2*time.Second, dark())
	did := map[string]int{}
	var trail strings.Builder
	for range keys {
		word := words[rng.IntN(len(words))]
		if rng.IntN(4) == 0 {
			word = "[esc][esc][esc]" + whole[rng.IntN(len(whole))]
		}
		trail.WriteString(word)
		before := len(d.deeds)
		d.press(word)
		if n := len(d.deeds); n > before {
			first, _, _ := strings.Cut(d.deeds[n-1].words, " ")
			did[first]++
		}
		if !slices.Equal(d.changes, d.changesOf(d.deeds)) {
			t.Fatalf("after %s: the changes are %v, of the deeds %v", trail.String(), d.changes, d.changesOf(d.deeds))
		}
		if _, problems := d.editor.Read(d.changes); len(problems) > 0 {
			t.Fatalf("after %s: %v", trail.String(), problems)
		}
		if len(d.deeds) > 12 {
			d.forget()
			d.press(":goto 2[enter]")
		}
	}
	if !testing.Short() && (did["injected"] == 0 || did["turned"] == 0 || did["healed"] == 0) {
		t.Errorf("too little was done: %v", did)
	}
}

// TestATargetIsKept while the kind is chosen, wherever it can be one; where it cannot the
// form says what it is on instead, and comes back to it with a kind that can.
func TestATargetIsKept(t *testing.T) {
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.selected = "shoppers->gateway.buy"
	d.press("i[down]checkout[tab][up][up]")
	f := d.over.(*injection)
	for range f.kinds {
		d.press("[right]")
		on, kind := f.value("on"), f.value("kind")
		switch can := slices.Contains(d.editor.Targets(d.plan(), kind), "checkout"); {
		case can && (on != "checkout" || f.moved != ""):
			t.Errorf("%s is on %s, not on checkout, and says %q", kind, on, f.moved)
		case !can && on != "" && len(f.problems) == 0:
			d.shows(fmt.Sprintf("on %s now: %s cannot be on checkout; ", on, kind))
		}
	}
	d.press("[esc]i")
	if f := d.over.(*injection); f.value("on") != d.selected || f.moved != "" {
		t.Errorf("it is on %s, and says %q", f.value("on"), f.moved)
	}
}

// TestLongValuesAreSeen where the screen has room for them.
func TestLongValuesAreSeen(t *testing.T) {
	const retry = "{attempts: 4, backoff: 20ms, max: 1s}"
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.size = size{120, 40}
	d.selected = "checkout->payment"
	d.press(":inject set checkout->payment[enter][down][down]")
	f := d.over.(*injection)
	for f.current().name != "retry" {
		d.press("[down]")
	}
	d.press(retry + "[down]")
	d.shows(retry+" ", "in a file", "retry: {attempts: 4, backoff: 20ms,")
	d.press("[esc]tretry[enter][ctrl-u]" + retry + "[enter]")
	d.shows("to " + retry + " ")
	d.size = size{80, 24}
	d.shows("…")
}

// TestWhatIsTypedStays while the kind and the target are looked for: a word that is no
// target yet has no keys, and another kind may have others.
func TestWhatIsTypedStays(t *testing.T) {
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.selected = "payment"
	d.press("i[down][down]250ms[down]7s[up][up]zorch")
	d.shows("✖", `no service "zorch"`, "250ms", "7s")
	d.press("[ctrl-u]checkout[enter]")
	d.shows("add: 250ms", "for: 7s", "on: checkout")
	d.press("[up][up]crash[enter]")
	d.shows("crash:", "for: 7s")
	d.press("[up]latency[enter]")
	d.shows("add: 250ms", "for: 7s", "on: checkout")
}

// TestEscTakesBackStepByStep: what was typed in a field, then the form.
func TestEscTakesBackStepByStep(t *testing.T) {
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.selected = "payment"
	d.press("i[down][down]fast")
	d.shows("add: fast", "esc as it was")
	d.press("[esc]")
	d.shows("add: 500ms", "esc leave")
	d.press("[up][up]sur[esc]") // the list of kinds goes, too
	d.shows("latency:", "add: 500ms")
	d.press("[right]") // a choice is no typing
	d.press("[esc]")
	if d.over != nil {
		t.Errorf("it is still open\n%s", d.shows())
	}
}

// TestInjectsLater: a fault may begin later than the run stands, and not before.
func TestInjectsLater(t *testing.T) {
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.selected = "payment"
	d.press("i")
	for d.over.(*injection).current().name != "at" {
		d.press("[down]")
	}
	d.press("11.9s[ctrl-s]")
	d.shows("✖ at: the run stands at 12s, and 11.9s is over; write 12s or later, or")
	d.press("[ctrl-u]soon[ctrl-s]")
	d.shows(`"soon" is not a duration`)
	d.press("[ctrl-u]2m[ctrl-s]")
	d.shows("✖", "2m")
	d.press("[ctrl-u]20s[ctrl-s]")
	if want := "to come: payment-latency at 20s; space goes on"; d.said != want {
		t.Errorf("said %q, want %q\n%s", d.said, want, d.shows())
	}
	if _, from, length := d.fault("payment-latency"); from != 20*time.Second || length != 30*time.Second || d.frame.Now != des.Time(12*time.Second) {
		t.Errorf("from %v for %v, now %v", from, length, d.frame.Now)
	}
	d.shows("next is payment-latency at 20s") // though the other stands before it in the file
	// It is taken back where the run stands, for nothing has come of it yet.
	d.press(":goto 15s[enter]").press(":heal payment-latency[enter]")
	if len(d.deeds) != 0 || d.frame.Now != des.Time(15*time.Second) || len(d.plan().Faults) != 1 {
		t.Errorf("said %q, now %v, faults %v", d.said, d.frame.Now, d.faultNames())
	}
}

// TestWhatADialAddedCanBreak: a cache that was set is one that can be flushed.
func TestWhatADialAddedCanBreak(t *testing.T) {
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.press(":inject cache_flush checkout->payment[enter]")
	d.shows(`cache_flush cannot be on "checkout->payment"`)
	d.press("[esc]").press(":dial checkout->payment[enter]cache[enter][enter][enter]").press(":inject cache_flush checkout->payment[enter][ctrl-s]")
	if len(d.deeds) != 2 || d.over != nil {
		t.Errorf("done: %+v\n%s", d.deeds, d.shows())
	}
}

// TestKindsOfWhatIsSelected: those that it can have come first.
func TestKindsOfWhatIsSelected(t *testing.T) {
	for _, row := range []struct{ scenario, selected, first string }{
		{"checkout-email-queue", "email", "latency slow errors crash pause threads set loss"},
		{"slow-dependency", "shoppers", "surge latency"},
		{"checkout-email-queue", "receipts", "latency outage poison"},
		{"slow-dependency", "checkout->payment", "latency loss partition set slow"},
	} {
		d := deskAt(t, row.scenario, 12*time.Second, dark())
		d.selected = row.selected
		d.press("i")
		f := d.over.(*injection)
		var names []string
		for _, c := range f.fields[0].choices {
			names = append(names, c.name)
		}
		if got := strings.Join(names, " "); !strings.HasPrefix(got, row.first) || len(names) != len(f.kinds) {
			t.Errorf("%s: %s, want %s first", row.selected, got, row.first)
		}
		want := strings.Fields(row.first)[0]
		if row.selected == "receipts" {
			want = "outage" // of a queue, though it stands second
		}
		if got := f.value("kind"); got != want || f.value("on") != row.selected {
			t.Errorf("%s: it opens with %s on %s", row.selected, got, f.value("on"))
		}
	}
}

// TestNearTo: what a hand has selected leads to what has most to do with it.
func TestNearTo(t *testing.T) {
	services, edges := []string{"gateway", "checkout", "payment"}, []string{"shoppers->gateway.buy", "gateway.buy->checkout", "checkout->payment"}
	for _, row := range []struct {
		targets      []string
		wanted, want string
	}{
		{services, "checkout", "checkout"},
		{services, "checkout->payment", "payment"}, // the callee first
		{services, "shoppers->gateway.buy", "gateway"},
		{services, "gateway.buy", "gateway"},
		{edges, "payment", "checkout->payment"},
		{edges, "checkout", "gateway.buy->checkout"},
		{edges, "gateway", "shoppers->gateway.buy"},
		{services, "visitors", "gateway"},
		{services, "", "gateway"},
		{nil, "payment", ""},
	} {
		if got := nearTo(row.targets, row.wanted); got != row.want {
			t.Errorf("of %q %q leads to %q, want %q", row.targets, row.wanted, got, row.want)
		}
	}
}

// TestKeysOfAForm go from field to field, over the button, and round; and through the words
// of a field, up and down.
func TestKeysOfAForm(t *testing.T) {
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.selected = "payment"
	d.press("i")
	f := d.over.(*injection)
	last := len(f.fields)
	for _, row := range []struct {
		keys string
		at   int
	}{{"[pgdn]", last}, {"[down]", 0}, {"[up]", last}, {"[pgup]", 0}, {"[shift-tab]", last}, {"[shift-tab]", last - 1}, {"[tab][tab][tab]", 1}, {"[pgup]", 0}} {
		if d.press(row.keys); f.at != row.at {
			t.Errorf("after %s the hand is in field %d, want %d", row.keys, f.at, row.at)
		}
	}
	d.press("s")
	first := f.value("kind")
	d.press("[down]")
	second := f.value("kind")
	if d.press("[down][up]"); f.value("kind") != second || second == first {
		t.Errorf("down and up again of %s and %s it is %s", first, second, f.value("kind"))
	}
	if d.press("[up][up][down]"); f.value("kind") != first {
		t.Errorf("round and back it is %s, want %s", f.value("kind"), first)
	}
	// Of two that are wrong one is told, and that there is another.
	d.press("[enter][pgup]latency[enter][enter]fast[enter]long[enter]")
	d.shows("✖", "(and 1 ")
}

// TestKeysOfAList: by pages, and Esc first takes back what is typed.
func TestKeysOfAList(t *testing.T) {
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.press("?")
	h := d.over.(*helping)
	end := len(h.rows) - 1
	for _, row := range []struct {
		keys string
		at   int
	}{{"[pgdn]", 10}, {"[pgdn]", 20}, {"[down]", 21}, {"[pgup]", 11}, {"[pgup][pgup]", 0}, {"[up]", end}, {"[down]", 0}, {"[shift-tab]", end}, {"[pgdn]", end}, {"[tab]", 0}, {"[down]x[esc]", 0}} {
		if d.press(row.keys); h.at != row.at || d.over == nil {
			t.Errorf("after %s the hand is on row %d, want %d; it is open: %v", row.keys, h.at, row.at, d.over != nil)
		}
	}
	if d.press("[esc]"); d.over != nil {
		t.Error("with nothing typed esc does not leave")
	}
}

// TestWhatADialIs: what is typed as it is already turns nothing; by what it is so is told;
// traffic is as much as it is; and who goes from one list to another goes on as he was.
func TestWhatADialIs(t *testing.T) {
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.press(":dial payment[enter]threads[enter]32[enter]")
	d.shows("nothing is turned yet")
	d.press("[esc][esc]:dial payment[enter]threads[enter]48[ctrl-s].:dial payment[enter]threads")
	d.shows("it is so by payment-threads; ", "48")
	d.press("[esc][esc]:dial shoppers[enter]factor")
	if v := d.over.(*dialling); v.dials[v.here()].Value != "1" {
		t.Errorf("the factor of traffic is %q", v.dials[v.here()].Value)
	}
	d = deskAt(t, "checkout-email-queue", 12*time.Second, dark())
	d.player.Play()
	d.press(":dial receipts[enter]email dials[enter]")
	d.shows("turn a dial of email at")
	if d.press("[esc]"); d.over != nil || !d.player.Playing() {
		t.Errorf("it plays: %v\n%s", d.player.Playing(), d.shows())
	}
}

// TestFaultsToCome stand in the list as they come.
func TestFaultsToCome(t *testing.T) {
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	for _, at := range []string{"50s", "20s", "40s"} {
		d.press(":inject crash payment[enter][down][down]")
		for d.over.(*injection).current().name != "at" {
			d.press("[down]")
		}
		d.press(at + "[ctrl-s]")
	}
	var got []string
	for _, w := range d.wards() {
		got = append(got, clockText(w.next()))
	}
	if want := "20s 30s 40s 50s"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

// A counter counts how often a scenario is read.
type counter struct {
	Editor
	reads int
}

func (c *counter) Read(changes []Change) (player.Scenario, []string) {
	c.reads++
	return c.Editor.Read(changes)
}

// TestManyDeedsAreTakenBack without the scenario being read for each of them: with 200
// faults that took most of a second.
func TestManyDeedsAreTakenBack(t *testing.T) {
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.selected = "payment"
	const deeds = 20
	for range deeds {
		d.press("i[ctrl-s]")
	}
	d.press(":set faults.0.for=9s[enter]").press(":set faults.21={at: 50s, pause: {on: payment}}[enter]").press("i[ctrl-s]")
	want := slices.Clone(d.changes)
	count := &counter{Editor: d.editor}
	d.editor = count
	d.press("i[ctrl-s]")
	count.reads = 0
	d.press(":undo[enter]")
	if !slices.Equal(d.changes, want) || len(d.plan().Faults) != deeds+3 {
		t.Errorf("changes %v, want %v", d.changes, want)
	}
	if count.reads > 4 {
		t.Errorf("it was read %d times", count.reads)
	}
}

// TestMappingsOpen: right opens the keys of a mapping, and theirs; what is typed there
// stands in the text of the whole.
func TestMappingsOpen(t *testing.T) {
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.selected = "checkout->payment"
	d.press("tretry[enter]")
	d.shows("right its keys")
	d.press("[right]")
	d.shows("attempts", "backoff", "budget_like", "every failure but", "[ Done ]", "tries, the first included")
	d.press("zero")
	d.shows("✖", "attempts", `"zero"`)
	d.press("[esc]")
	d.shows("attempts: 3, backoff:", "tries, the first included")
	d.press("5[down][down][down][down]eq[enter][down][right]")
	d.shows("retry, budget", "ratio", "burst", "budget:")
	d.press("20%[enter][enter]")
	d.shows("budget_like", "{ratio: 20%, burst: 10}")
	d.press("[up][up]timeout, error[down]")
	d.shows("✖", "on")
	d.press("[up]")
	d.over.paste("[timeout, error]")
	d.press("[pgdn][enter]")
	const want = "{attempts: 5, backoff: 50ms, jitter: equal, on: [timeout, error], budget: {ratio: 20%, burst: 10}}"
	if v := d.over.(*dialling); v.parts != nil || v.drafts()[0].Fields[0].Value != want {
		t.Fatalf("it is %+v, want %s\n%s", v.drafts(), want, d.shows())
	}
	d.press("[enter]")
	if e := d.plan().Edges()[2]; len(d.deeds) != 1 || d.over != nil {
		t.Errorf("it was not turned; edge %v\n%s", e, d.shows())
	}

	// Esc goes back step by step, and leaves all as it was.
	d.press(":inject set checkout->payment[enter]")
	f := d.over.(*injection)
	for f.current().name != "retry" {
		d.press("[down]")
	}
	d.shows(want[:20]) // what it is at present, by the dial
	d.press("[down][right]9")
	d.shows("breaker:", "consecutive: 9")
	d.press("[esc][esc]")
	if f.parts != nil || f.current().name != "breaker" || strings.Contains(f.text, "breaker") {
		t.Errorf("at %s:\n%s", f.current().name, f.text)
	}
	d.press("[right][down][down][down]1m[ctrl-s]")
	if d.over != nil || len(d.deeds) != 2 || !strings.Contains(d.changes[1].Value, "interval: 1m") {
		t.Errorf("changes %v\n%s", d.changes, d.shows())
	}
}

// TestPastesIntoAMapping: what is pasted is of the field where the hand is.
func TestPastesIntoAMapping(t *testing.T) {
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.selected = "checkout->payment"
	d.press("tretry[enter][right]")
	d.over.paste("7\n")
	d.shows("attempts: 7, backoff:")
	d.press("[pgdn][enter][ctrl-s]").press(":inject set checkout->payment[enter]")
	f := d.over.(*injection)
	for f.current().name != "hedge" {
		d.press("[down]")
	}
	d.press("[right]")
	d.over.paste("p99")
	d.shows("hedge: {after: p99}")
}

// TestWhatCannotBeTurned is listed behind what can, and says why.
func TestWhatCannotBeTurned(t *testing.T) {
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.selected = "payment"
	d.press("tblocking")
	d.shows("what payment is", `"blocking" says what a service is, which does not change while it runs`)
	d.press("[enter]x[ctrl-s]")
	if v := d.over.(*dialling); v.editing != nil || len(d.deeds) > 0 {
		t.Errorf("it is turned: %+v", d.deeds)
	}
	d.press("[esc][esc]:dial shoppers[enter]arrivals")
	d.shows("what shoppers is", "poisson", `"arrivals" says what a source is`)
}

// TestNoneComesToTheSameAs: a dial that cannot be taken away says what to write instead.
func TestNoneComesToTheSameAs(t *testing.T) {
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.press(":dial checkout->payment[enter]timeout[enter]none")
	d.shows(`✖ a set changes "timeout"`, "1h comes to the same")
}

// click clicks on the first place where the screen has a text, or turns the wheel there.
func (d *desk) click(text string, m tview.MouseAction) *desk {
	d.t.Helper()
	d.draw()
	screen, _, _ := strings.Cut(grid(drawn(d.t, d.console, d.size)), "----")
	for y, line := range strings.Split(screen, "\n") {
		if before, _, ok := strings.Cut(line, text); ok {
			d.MouseHandler()(m, tcell.NewEventMouse(widthOf(before)+1, y, tcell.Button1, tcell.ModNone), nil)
			d.arrive()
			d.draw()
			return d
		}
	}
	d.t.Fatalf("the screen has no %q:\n%s", text, screen)
	return nil
}

// TestFormsTakeTheMouse: a click brings the hand to a field, takes a choice, opens a
// mapping, is the button; and the wheel goes up and down.
func TestFormsTakeTheMouse(t *testing.T) {
	const left = tview.MouseLeftDown
	d := deskAt(t, "slow-dependency", 12*time.Second, dark())
	d.selected = "payment"
	d.press("ic")
	d.click("crash    ", left) // of the list
	d.shows("crash:")
	d.click("kind", left).press("err").click("for  ", left) // what was marked counts
	d.shows("errors:", "rate: 10%")
	d.press("9s").click("rate  ", left).press("40%")
	d.click("inject at", left) // means nothing
	d.click("on   ", tview.MouseScrollDown)
	if f := d.over.(*injection); f.current().name != "after_work" {
		t.Errorf("the wheel goes to %s", f.current().name)
	}
	d.click("Inject", left)
	if d.over != nil || len(d.deeds) != 1 || !strings.Contains(d.changes[0].Value, "for: 9s\nerrors:\n  on: payment\n  rate: 40%") {
		t.Fatalf("changes %v\n%s", d.changes, d.shows())
	}

	d.press(":dial checkout->payment[enter]")
	d.click("breaker", left).click("breaker", left).click("50%", left)
	d.shows("min_requests", "open_for")
	d.click("half_open", left).press("4").click("Done", left)
	d.shows("half_open: 4")
	d.click("priority", left).click("priority", left).press("l").click("low", left)
	d.shows("priority: low")
	d.click("Turn", left)
	if d.over != nil || len(d.deeds) != 2 || !strings.Contains(d.changes[1].Value, "half_open: 4") || !strings.Contains(d.changes[1].Value, "priority: low") {
		t.Fatalf("changes %v\n%s", d.changes, d.shows())
	}

	d.press(":faults[enter]").click("payment-slow ", left)
	if d.over == nil {
		t.Fatal("one click ended a fault")
	}
	d.press("[esc]?").click("one interval back", left).click("one interval back", left)
	if d.over != nil || d.frame.Now != des.Time(11*time.Second) {
		t.Errorf("at %v\n%s", d.frame.Now, d.shows())
	}
	d.press("w").click("Write", left)
	if len(d.files) != 1 {
		t.Errorf("nothing was written\n%s", d.shows())
	}
}

// TestTheNameSaysWhatIsWritten: a name can be typed as soon as the form is open, and by how it
// ends it is the session, the report or the screen; what a hand has chosen stays so.
func TestTheNameSaysWhatIsWritten(t *testing.T) {
	for _, row := range []struct{ keys, file, begins string }{
		{"w[enter]", "slow-dependency-session.yaml", "# "},
		{"wmine[enter]", "mine", "# "},
		{"wmine.yaml[enter]", "mine.yaml", "# "},
		{"wr.json[enter]", "r.json", "{"},
		{"ws.SVG[enter]", "s.SVG", "<svg"},
		{"ws.txt[enter]", "s.txt", " slow-dependency"},
		{"ws.txt[ctrl-u]s.yaml[enter]", "s.yaml", "# "},
		{"w[up]report[enter]r.txt[enter]", "r.txt", "{"},
	} {
		d := deskAt(t, "slow-dependency", 12*time.Second, dark())
		d.press("i[ctrl-s]").press(row.keys)
		if text := d.files[row.file]; d.over != nil || len(d.files) != 1 || !strings.HasPrefix(text, row.begins) {
			t.Errorf("after %q %q begins with %.30q\n%s", row.keys, row.file, text, d.shows())
		}
	}
}

// TestTheFooterSaysWhatEnterDoes: in the last field of a form, and on its button, it is done.
func TestTheFooterSaysWhatEnterDoes(t *testing.T) {
	for keys, want := range map[string]string{
		"w": " enter write ", "w[up]": " enter next ", "w[down]": " enter write ",
		"i": " enter next ", "i[up]": " enter inject ", "i[up][up]": " enter inject ",
	} {
		d := deskAt(t, "slow-dependency", 12*time.Second, dark())
		if foot := lastLine(d.press(keys).shows()); !strings.HasPrefix(foot, want) {
			t.Errorf("after %q the footer is %q, want %q", keys, foot, want)
		}
	}
}

// lastLine is the last line with anything on it.
func lastLine(screen string) string {
	lines := strings.Split(strings.TrimRight(screen, " \n"), "\n")
	return lines[len(lines)-1]
}

// TestClicksAnywhere: wherever a click falls on a form nothing breaks.
func TestClicksAnywhere(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	actions := []tview.MouseAction{tview.MouseLeftDown, tview.MouseLeftDown, tview.MouseLeftDown, tview.MouseScrollUp, tview.MouseScrollDown, tview.MouseMove}
	for _, keys := range []string{"i", "is", "tretry[enter][right]", "tthr[enter]", ":faults[enter]", "w", "?", ":in", "/pay"} {
		d := deskAt(t, "slow-dependency", 12*time.Second, dark())
		d.selected = "checkout->payment"
		d.press(keys)
		for range 60 {
			d.MouseHandler()(actions[rng.IntN(len(actions))], tcell.NewEventMouse(rng.IntN(80), rng.IntN(24), tcell.Button1, tcell.ModNone), nil)
			d.arrive()
			d.draw()
		}
	}
}
