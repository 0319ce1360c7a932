package tui

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"cascade/scenarios"
	"cascade/sim"
	"cascade/sim/des"
	"cascade/sim/report"
	"cascade/tui/player"
)

// headless is the report of a run without a screen that is interrupted at an instant.
func headless(t testing.TB, s player.Scenario, at des.Time) string {
	t.Helper()
	c := report.NewCollector(s.Plan, s.Expectations)
	system := sim.New(s.Plan, c)
	system.RunUntil(at)
	totals, err := system.Finish()
	if err != nil {
		return err.Error()
	}
	return reportText(t, c.Report(totals))
}

func reportText(t testing.TB, r *report.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A stray is a hand that does what is possible at random, and holds after each thing that
// what is shown is what a run without a screen comes to.
type stray struct {
	*desk
	rng   *rand.Rand
	trail []string
	did   map[string]int
}

func (h *stray) fatalf(format string, args ...any) {
	h.t.Helper()
	h.t.Fatalf("%s\nafter %s", fmt.Sprintf(format, args...), strings.Join(h.trail, "  "))
}

// open sits down at a scenario.
func (h *stray) open(name string, text []byte) {
	e, err := scenarios.Edit(name, text, ".")
	if err != nil {
		h.fatalf("%s cannot be opened: %v\n%s", name, err, text)
	}
	s, problems := fileEditor{e}.Read(nil)
	if problems != nil {
		h.fatalf("%s cannot be read: %v", name, problems)
	}
	h.desk = newDesk(h.t, player.New(s, player.Options{Period: time.Nanosecond, Speed: player.Max}), fileEditor{e}, dark())
}

// one of several.
func one[T any](h *stray, of []T) T { return of[h.rng.IntN(len(of))] }

// act does one thing.
func (h *stray) act() {
	plan := h.scenario.Plan
	instant := func() string {
		switch h.rng.IntN(8) {
		case 0:
			return "0s"
		case 1:
			return time.Duration(plan.Duration).String()
		case 2:
			return time.Duration(plan.Warmup).String()
		case 3:
			if len(plan.Faults) > 0 {
				f := one(h, plan.Faults)
				return time.Duration(one(h, []des.Time{f.From, f.Until, f.From + plan.Interval/10, f.From - plan.Interval/10})).String()
			}
		}
		return time.Duration(h.rng.Int64N(int64(plan.Duration))).String()
	}
	kind := one(h, h.kindNames())
	do := ""
	switch h.rng.IntN(20) {
	case 0, 1, 2:
		do = ":goto " + instant() + "[enter]"
	case 3:
		do = one(h, []string{".", ",", "[left]", "[right]", "..", ",,", ":goto 1[enter]"})
	case 4:
		h.trail = append(h.trail, "play")
		h.player.Play()
		for range h.rng.IntN(20) {
			h.player.Advance()
		}
		h.player.Pause()
		h.arrive()
	case 5, 6, 7, 8:
		if targets := h.editor.Targets(plan, kind); len(targets) > 0 {
			h.harm(kind, one(h, targets))
		}
	case 9, 10:
		if names := h.faultNames(); len(names) > 0 {
			do = ":heal " + one(h, names) + "[enter]"
		}
	case 11, 12, 13:
		if targets := slices.Concat(h.editor.Targets(plan, "set"), h.editor.Targets(plan, "surge")); len(targets) > 0 {
			h.turn(one(h, targets))
		}
	case 14, 15:
		do = "b"
	case 16:
		do = one(h, []string{":undo[enter]", ":undo[enter]", ":undo[enter]", ":forget[enter]"})
	case 17:
		do = one(h, []string{"r", "R"})
	case 18:
		s := one(h, plan.Topology.Services)
		line := "set " + one(h, []string{fmt.Sprintf("services.%s.threads=%d", s.Name, 1+h.rng.IntN(40)),
			"interval=" + one(h, []string{"700ms", "500ms", "1s", "1300ms"}), "warmup=" + instant(),
			"duration=" + instant(), "description=hello # world: {a}", "expect=[]"})
		h.trail = append(h.trail, line)
		if err := h.run(line); err != nil {
			h.trail = append(h.trail, err.Error())
		}
		h.arrive()
	case 19:
		if len(h.faultNames()) > 0 {
			do = "h[enter]"
		}
	}
	if do != "" {
		h.trail = append(h.trail, do)
		h.press(do)
	}
	for h.over != nil {
		h.press("[esc]")
	}
}

// harm injects a fault, some of whose fields are not as they are proposed.
func (h *stray) harm(kind, on string) {
	h.press(":inject " + kind + " " + on + "[enter]")
	f, ok := h.over.(*injection)
	if !ok {
		return
	}
	for _, of := range f.fields[2:] {
		if h.rng.IntN(4) > 0 || of.name == "name" && h.rng.IntN(3) > 0 {
			continue
		}
		values := []string{"1", "2", "100ms", "3s", "12.3s", "10%", "100%", "0.5", "{attempts: 2}", "[0]", "{exponential: 20ms}", "x # y"}
		if of.name == "name" {
			values = []string{"a", "b", "true", "payment-slow"}
		}
		for _, c := range of.choices {
			values = append(values, c.name)
		}
		of.put(one(h, values))
		of.typed = true
	}
	f.changed()
	h.trail = append(h.trail, fmt.Sprintf("inject at %v: %q %v", h.frame.Now, f.text, f.problems))
	h.press("[ctrl-s]")
}

// turn turns one or two dials of a thing.
func (h *stray) turn(target string) {
	h.press(":dial " + target + "[enter]")
	d, ok := h.over.(*dialling)
	if !ok || len(d.dials) == 0 {
		return
	}
	for range 1 + h.rng.IntN(2) {
		i := h.rng.IntN(len(d.dials))
		of := &d.dials[i]
		values := []string{of.Example, of.Value, of.Default, "1", "2", "100ms", "10%", "none", "unlimited", "true", "0"}
		values = append(values, of.Choices...)
		for _, v := range values {
			if h.rng.IntN(3) == 0 && v != "" {
				of.value = v
			}
		}
	}
	d.changed()
	h.trail = append(h.trail, fmt.Sprintf("dial %s: %q %v", target, d.text, d.problems))
	h.press("[ctrl-s]")
}

// check holds what is shown against runs without a screen.
func (h *stray) check() {
	h.t.Helper()
	f := h.frame
	at := f.Now - f.Now%f.Run.Plan.Interval
	if f.State == player.AtEnd {
		at = f.Now
	}
	check := func(what string, r *player.Run) {
		h.t.Helper()
		if r.Err != nil {
			h.did["stopped"]++
			return
		}
		if r.At != at {
			h.fatalf("at %v the %s shows %v", f.Now, what, r.At)
		}
		if got, want := reportText(h.t, r.Report), headless(h.t, r.Scenario, at); got != want {
			h.fatalf("at %v the %s shows another report", f.Now, what)
		}
	}
	check("run", &f.Run)
	if f.Twin != nil {
		h.did["twin"]++
		check("twin", f.Twin)
	}
	if f.Run.Plan != h.scenario.Plan {
		h.fatalf("another scenario is played than the session comes to")
	}
	if !slices.Equal(h.changes, h.changesOf(h.deeds)) {
		h.fatalf("the changes are not those of the deeds")
	}
}

// step does one thing, and holds that the past is as it was.
func (h *stray) step() {
	h.t.Helper()
	before, deeds := h.frame, len(h.deeds)
	h.act()
	f := h.frame
	if len(h.deeds) > deeds {
		word, _, _ := strings.Cut(h.deeds[len(h.deeds)-1].words, " ")
		h.did[word]++
		if d := h.deeds[len(h.deeds)-1]; !d.anew && f.Now == before.Now && (f.Run.Report.Events != before.Run.Report.Events || f.Run.Report.Fingerprint != before.Run.Report.Fingerprint) {
			h.fatalf("%q at %v has changed what happened before", d.words, f.Now)
		}
	}
	h.check()
}

// written is the session as a file, which runs to the same bytes and has all that was said
// in the original.
func (h *stray) written(original []byte) []byte {
	h.t.Helper()
	if r, err := h.player.Report(); err == nil {
		if got, want := reportText(h.t, r), headless(h.t, h.scenario, h.frame.Now); got != want {
			h.fatalf("at %v the report is another", h.frame.Now)
		}
	}
	h.press(":write session.yaml[enter]")
	text, ok := h.files["session.yaml"]
	if !ok {
		h.fatalf("it was not written: %s\n%s\n%v", h.said, h.shows(), h.changes)
	}
	s, err := scenarios.Parse("session.yaml", []byte(text), ".")
	if err != nil {
		h.fatalf("%v\n%s", err, text)
	}
	h.press(":goto " + time.Duration(h.scenario.Plan.Duration).String() + "[enter]")
	if h.frame.Run.Err == nil {
		if reportText(h.t, h.frame.Run.Report) != headless(h.t, player.Scenario{Plan: s.Plan, Expectations: s.Expectations}, s.Plan.Duration) {
			h.fatalf("what was written runs to other bytes\n%s", text)
		}
	}
	for line := range strings.Lines(string(original)) {
		if _, comment, ok := strings.Cut(line, "#"); ok && !strings.Contains(text, strings.TrimSpace(comment)) {
			h.fatalf("the comment %q is gone\n%s", comment, text)
		}
	}
	return []byte(text)
}

// Whatever is done in a session, what is shown is what a run without a screen comes to, the
// past stays as it was, and the file that is written runs to the same bytes, and can be gone
// on with.
func TestRandomSessions(t *testing.T) {
	sessions := 12
	if raced || testing.Short() {
		sessions = 2
	}
	randomSessions(t, 300, sessions)
}

// randomSessions sits down that often, from a seed on.
func randomSessions(t *testing.T, seed uint64, sessions int) {
	did := map[string]int{}
	for from := seed; seed < from+uint64(sessions); seed++ {
		h := &stray{desk: &desk{t: t}, rng: rand.New(rand.NewPCG(seed, 3)), did: did}
		name := one(h, scenarios.Names()).Name
		text, _ := scenarios.Text(name)
		h.trail = []string{fmt.Sprintf("%d: %s", seed, name)}
		h.open(name+".yaml", text)
		for range 2 {
			for range 3 + h.rng.IntN(10) {
				h.step()
			}
			text = h.written(text)
			h.trail = append(h.trail, "written, and opened again")
			h.open("session.yaml", text)
		}
	}
	t.Log(did)
	for _, word := range []string{"injected", "turned", "healed", "from", "twin"} {
		if did[word] == 0 && sessions > 10 {
			t.Errorf("nobody has %s: %v", word, did)
		}
	}
}
