package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"cascade/scenarios"
	"cascade/tui"
	"cascade/tui/player"

	"github.com/gdamore/tcell/v2"
)

func TestThemeOfTheTerminal(t *testing.T) {
	for _, row := range []struct {
		flag, noColor, colors string
		want                  tui.Theme
	}{
		{"auto", "", "", tui.Dark},
		{"auto", "", "15;0", tui.Dark},
		{"auto", "", "0;15", tui.Light},
		{"auto", "", "0;default;7", tui.Light},
		{"auto", "", "12;8", tui.Dark},
		{"auto", "", "15;default", tui.Dark},
		{"auto", "1", "0;15", tui.Mono},
		{"dark", "1", "0;15", tui.Dark},
		{"light", "", "15;0", tui.Light},
		{"mono", "", "", tui.Mono},
	} {
		t.Setenv("NO_COLOR", row.noColor)
		t.Setenv("COLORFGBG", row.colors)
		if got := (&tuiCommand{theme: choice{value: row.flag}}).wantedTheme(); got != row.want {
			t.Errorf("--theme %s, NO_COLOR=%s, COLORFGBG=%s: %s, want %s", row.flag, row.noColor, row.colors, got, row.want)
		}
	}
}

// TestDescriptionsOfTerminals: none is waited for, nor are colours counted that the theme
// has none of.
func TestDescriptionsOfTerminals(t *testing.T) {
	t.Setenv("COLORTERM", "truecolor")
	for term, colors := range map[string]int{"vt100": 0, "xterm": 8, "screen": 8, "linux": 8, "xterm-256color": 256} {
		got, err := described(term)
		if err != nil {
			t.Errorf("%s: %v", term, err)
			continue
		}
		if got.PadChar != "" || got.SetFgRGB+got.SetBgRGB+got.SetFgBgRGB != "" || got.Colors != colors {
			t.Errorf("%s: padded with %q, colours mixed by %q, and %d others", term, got.PadChar, got.SetFgRGB, got.Colors)
		}
	}
	if _, err := described("no-terminal"); err == nil {
		t.Error("a terminal that nobody knows is described")
	}
}

func TestFramesOverANetwork(t *testing.T) {
	for _, row := range []struct {
		fps             int
		connection, tty string
		want            int
	}{
		{0, "", "", usualFrames},
		{0, "192.0.2.1 1 192.0.2.2 22", "", remoteFrames},
		{0, "", "/dev/pts/7", remoteFrames},
		{30, "", "/dev/pts/7", 30},
	} {
		t.Setenv("SSH_CONNECTION", row.connection)
		t.Setenv("SSH_TTY", row.tty)
		if got := (&tuiCommand{fps: number{value: row.fps}}).frames(); got != row.want {
			t.Errorf("%+v: %d frames, want %d", row, got, row.want)
		}
	}
}

// TestFlagsAreWrittenAsTheyAreRead holds what the flags of the screen take.
func TestFlagsAreWrittenAsTheyAreRead(t *testing.T) {
	type flag interface {
		Set(string) error
		String() string
	}
	for _, row := range []struct {
		flag    flag
		text    string
		written string // "": it is refused
	}{
		{&pace{}, "5", "5"},
		{&pace{}, "×0.5", "0.5"},
		{&pace{}, "x1000", "1000"},
		{&pace{}, "max", "max"},
		{&pace{}, "1001", ""},
		{&pace{}, "0.05", ""},
		{&pace{}, "NaN", ""},
		{&pace{}, "fast", ""},
		{&number{least: 1, most: 30}, "30", "30"},
		{&number{least: 1, most: 30}, "0", ""},
		{&number{least: 1, most: 30}, "1.5", ""},
		{&extent{}, "120x40", "120x40"},
		{&extent{}, "120x", ""},
		{&extent{}, "0x40", ""},
		{&extent{}, "120x1001", ""},
		{&extent{}, "120x40x2", ""},
		{&bindings{}, "pause=p faster== faster=F2", "faster== faster=F2 pause=p"},
		{&bindings{}, "pause==", ""}, // faster has it
		{&bindings{}, "", ""},
	} {
		err := row.flag.Set(row.text)
		if got := row.flag.String(); (err == nil || row.written != "") && (err != nil || got != row.written) {
			t.Errorf("%T %q: %q and %v, want %q", row.flag, row.text, got, err, row.written)
		}
	}
}

// A cracked screen breaks when it is shown, or when a script presses a key.
type cracked struct {
	tcell.SimulationScreen
	keys bool
	left *bool
}

func (c cracked) Show() {
	if !c.keys {
		panic("a bug")
	}
	c.SimulationScreen.Show()
}

func (c cracked) PostEvent(e tcell.Event) error {
	if c.keys {
		panic("a bug")
	}
	return c.SimulationScreen.PostEvent(e)
}

func (c cracked) Fini() { c.SimulationScreen.Fini(); *c.left = true }

// TestABugLeavesTheScreen: whoever sees it is told, and sees it on the normal screen.
func TestABugLeavesTheScreen(t *testing.T) {
	s, err := scenarios.Builtin(defaultScenario)
	if err != nil {
		t.Fatal(err)
	}
	e, err := scenarios.EditBuiltin(defaultScenario)
	if err != nil {
		t.Fatal(err)
	}
	script, wrong := tui.ParseScript("0s i", s.Plan.Duration, nil)
	if wrong != nil {
		t.Fatal(wrong)
	}
	t.Setenv("GOTRACEBACK", "")
	for name, keys := range map[string]bool{"shown": false, "a key pressed": true} {
		t.Run(name, func(t *testing.T) {
			sh, _ := testShell()
			var errs bytes.Buffer
			sh.err = &errs
			restored := false
			screen := onto(cracked{tcell.NewSimulationScreen("UTF-8"), keys, &restored})
			recording := mustAim(t, filepath.Join(t.TempDir(), "session.cast"))
			c := &tuiCommand{sh: sh, speed: pace{1, true}, theme: choice{value: "dark"}, quiet: true}
			ended := make(chan error, 1)
			go func() {
				ended <- c.show(t.Context(), defaultScenario, &editor{e, defaultScenario}, s, script, &recording, screen)
			}()
			select {
			case err = <-ended:
			case <-time.After(time.Minute):
				t.Fatal("it hangs")
			}
			if code := sh.tell(err); code != exitBroken || !restored {
				t.Errorf("exit code %d, screen left %v; want %d, true", code, restored, exitBroken)
			}
			if want := "cascade: this is a bug of cascade's: a bug; please report it\n"; errs.String() != want {
				t.Errorf("said %q, want %q", errs.String(), want)
			}
			if text := read(t, recording.name); !strings.HasPrefix(text, `{"version": 2, `) {
				t.Errorf("the recording begins with %.100q", text)
			}
		})
	}
}

// TestEditorSpeaksForTheScenario: what a hand does is said as a file says it, written, and
// read as the same run.
func TestEditorSpeaksForTheScenario(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "shop.yaml")
	if err := os.WriteFile(path, []byte(shop), 0o644); err != nil {
		t.Fatal(err)
	}
	sets := []scenarios.Override{{Path: "seed", Value: "7"}}
	e, s, err := readEditor(t.Context(), strings.NewReader(""), path, sets)
	if err != nil {
		t.Fatal(err)
	}
	if s.Plan.Seed != 7 {
		t.Errorf("the seed is %d", s.Plan.Seed)
	}
	kinds := e.FaultKinds()
	if i := slices.IndexFunc(kinds, func(k tui.FaultKind) bool { return k.Name == "latency" }); i < 0 || kinds[i].About == "" || len(kinds[i].On) == 0 {
		t.Errorf("no latency is among the kinds %v", kinds)
	}
	if got := e.Targets(s.Plan, "latency"); !slices.Contains(got, "stock") {
		t.Errorf("latency can be on %q", got)
	}
	if got := e.Mapping(e.Parts("{attempts: 3, on: [timeout]}")); got != "{attempts: 3, on: [timeout]}" {
		t.Errorf("a mapping taken apart and put together is %s", got)
	}
	name := e.FreshName(nil, "latency", "stock")
	draft := tui.Draft{Name: name, At: 5 * time.Second, Kind: "latency", On: "stock", Fields: []tui.Field{{Name: "add", Value: "1s"}, {Name: "for", Value: "3s"}}}
	if text := e.DraftText(draft); !strings.Contains(text, "- name: "+name) || !strings.Contains(text, "add: 1s") {
		t.Errorf("the fault is written\n%s", text)
	}
	changes := []tui.Change{e.DraftChange(draft, len(s.Plan.Faults))}
	changed, wrong := e.Read(changes)
	if wrong != nil || len(changed.Plan.Faults) != len(s.Plan.Faults)+1 {
		t.Fatalf("%q; there are %d faults", wrong, len(changed.Plan.Faults))
	}
	if other := e.FreshName(changes, "latency", "stock"); other == name {
		t.Errorf("the name %q is given twice", name)
	}
	if keys := e.FaultKeys(changes, "latency", "stock"); !slices.ContainsFunc(keys, func(k tui.Key) bool { return k.Name == "add" && k.Written != "" }) {
		t.Errorf("latency has the keys %v", keys)
	}
	if keys := e.Policies(changes, "stock", 6*time.Second); !slices.ContainsFunc(keys, func(k tui.Key) bool { return k.Name == "threads" && k.Set && k.Value != "" }) {
		t.Errorf("stock has the policies %v", keys)
	}
	draft.Fields[0].Value = "much"
	if _, wrong := e.Read([]tui.Change{e.DraftChange(draft, 0)}); len(wrong) != 1 || !strings.Contains(wrong[0], "add") {
		t.Errorf("what is wrong is %q", wrong)
	}
	if _, err := e.Text([]tui.Change{{Path: "seed", Value: "-1"}}, path); err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("the wrong is written, or at length: %v", err)
	}

	text, err := e.Text(changes, filepath.Join(dir, "session.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(text), "# What was done on the live screen with shop.yaml.\n") {
		t.Errorf("the text begins %.100q", text)
	}
	again, err := scenarios.Parse("session.yaml", text, dir)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := ranTo(player.Scenario{Plan: again.Plan}), ranTo(changed); a != b {
		t.Errorf("what was written runs to %s, what was changed to %s", a, b)
	}

	// Opened again and written without another change it is the same file, to the byte.
	of, err := scenarios.Edit("session.yaml", text, dir)
	if err != nil {
		t.Fatal(err)
	}
	once, err := (&editor{of, "session.yaml"}).Text(nil, filepath.Join(dir, "session-2.yaml"))
	if err != nil || string(once) != string(text) {
		t.Errorf("%v; written again it is\n%s\nit was\n%s", err, once, text)
	}
}

// TestAKeyIsHandedOnWhole: the screen has all that the format knows of one.
func TestAKeyIsHandedOnWhole(t *testing.T) {
	all := scenarios.Key{Name: "n", Written: "w", Default: "d", About: "a", Value: "v", Given: true, By: "b", Required: true,
		Choices: []string{"c"}, Example: "e", Keys: []scenarios.Key{{Name: "k"}}, Fixed: "f", OfFault: true}
	for v, i := reflect.ValueOf(all), 0; i < v.NumField(); i++ {
		if v.Field(i).IsZero() {
			t.Errorf("here is no %s", v.Type().Field(i).Name)
		}
	}
	for v, i := reflect.ValueOf(keysOf([]scenarios.Key{all})[0]), 0; i < v.NumField(); i++ {
		if v.Field(i).IsZero() {
			t.Errorf("%s is lost", v.Type().Field(i).Name)
		}
	}
}

// ranTo is the fingerprint of a run.
func ranTo(s player.Scenario) string {
	p := player.New(s, player.Options{})
	p.Seek(s.Plan.Duration)
	for p.Frame().State == player.Seeking {
		p.Advance()
	}
	r, err := p.Report()
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%x", r.Fingerprint)
}
