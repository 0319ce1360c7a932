package tui

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gdamore/tcell/v2"

	"cascade/sim/des"
	"cascade/tui/player"
)

// nearest offers the first known word that begins with the same two letters.
func nearest(word string, known []string, otherwise string) string {
	for _, k := range known {
		if len(word) > 1 && strings.HasPrefix(k, word[:2]) {
			return "did you mean " + k + "?"
		}
	}
	return otherwise
}

// TestEveryKeyHasItsName: what the table of keys says can be written in a script, and is
// that key.
func TestEveryKeyHasItsName(t *testing.T) {
	named := namedKeys()
	for _, b := range keyTable() {
		for _, name := range b.keys {
			if k := keyCalled(named, name); k == nil || keyName(k) != name {
				t.Errorf("%s: the key %q is not to be had", b.action, name)
			}
		}
	}
	for name, k := range named {
		if got := keyName(k); got != name {
			t.Errorf("the key %q is called %q", name, got)
		}
	}
	for _, name := range []string{"F12", "Space", "alt-x", "ctrl-a", "shift-up", "é", "#"} {
		if k := keyCalled(named, name); k == nil || !strings.EqualFold(keyName(k), name) {
			t.Errorf("the key %q is not to be had", name)
		}
	}
	for _, name := range []string{"", " ", "alt-", "alt-xy", "payment", "ctrl-1", "\x1b"} {
		if k := keyCalled(named, name); k != nil {
			t.Errorf("%q is a key, %s", name, keyName(k))
		}
	}
}

func TestScriptsSayWhatIsWrong(t *testing.T) {
	const script = "\ufeff2s i # the form\r\n" +
		"\n" +
		"space\n" +
		"1s é spce \"typed\n" +
		"-1s i\n" +
		"+1s entr é paymnt\n" +
		"@61s q\n" +
		"2.5s q\n" +
		"3s q\n" +
		"\"3s\" q\n" +
		"4s \"a\tb\"\n" +
		"5s é \xff \"\xff\"\n"
	_, problems := ParseScript(script, des.Time(time.Minute), nearest)
	var got []string
	for _, p := range problems {
		got = append(got, fmt.Sprintf("%d:%d: %s", p.Line, p.Column, p.Message))
	}
	want := []string{
		`3:1: "space" is no time; ` + wantMoment,
		`4:11: a text without an end; want a closing quote`,
		`5:1: a time before the beginning; ` + wantMoment,
		`6:5: no key is called "entr"; did you mean end?`,
		`6:12: no key is called "paymnt"; what is to be typed stands in quotes`,
		`7:1: the run ends at 60s, and never comes to 61s`,
		`8:1: 2.5s is before the line above, which is not done until 3s; want the lines in their order`,
		`10:1: what stands in quotes is typed; ` + wantMoment,
		`11:4: letter 2 of the text cannot be typed`,
		`12:6: "\xff" is no text in UTF-8`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("said\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if problems[0].Source != "space" {
		t.Errorf("the line is %q", problems[0].Source)
	}
	_, problems = ParseScript(strings.Repeat("x\n", 1000), 0, nearest)
	if len(problems) != mostScriptProblems {
		t.Errorf("%d problems are remembered", len(problems))
	}
}

func mustParse(t *testing.T, text string) *Script {
	t.Helper()
	s, problems := ParseScript(text, des.Time(time.Minute), nearest)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return s
}

// played is what keys a script presses on a screen, and when, a line each; the clock is
// that of the bubble it is played in. The run comes a second further with every second
// from the third on.
func played(t *testing.T, text string, alone bool, most time.Duration, state player.State) (keys []string, err error) {
	s := mustParse(t, text)
	synctest.Test(t, func(t *testing.T) {
		screen := tcell.NewSimulationScreen("UTF-8")
		if err := screen.Init(); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		done := make(chan struct{})
		go func() {
			defer close(done)
			for e := screen.PollEvent(); e != nil; e = screen.PollEvent() {
				keys = append(keys, fmt.Sprint(time.Since(start), " ", keyName(e.(*tcell.EventKey))))
			}
		}()
		ctx, cancel := context.WithTimeout(t.Context(), most)
		defer cancel()
		err = s.Play(ctx, screen, func() *player.Frame {
			return &player.Frame{State: state, Now: des.Time(max(time.Since(start)-3*time.Second, 0))}
		}, alone)
		synctest.Wait() // for the last key
		screen.Fini()
		<-done
	})
	return keys, err
}

func TestScriptsArePlayed(t *testing.T) {
	for _, row := range []struct {
		name, script string
		most         time.Duration
		want         string
	}{
		{"since the start", "1s a\n1s b\n3s c", time.Minute, "1s a, 1s b, 3s c"},
		{"since the line before", "1s a\n+500ms b c\n+1s d", time.Minute, "1s a, 1.5s b, 1.53s c, 2.53s d"},
		{"what is late is played at once", "1s a\n@5s b\n2s c", time.Minute, "1s a, 8s b, 8s c"},
		{"a run's time", "@0s space\n@2s shift-left\n+1s q", time.Minute, "0s space, 5s shift-left, 6s q"},
		{"texts", `0s "a \"b\\" enter`, time.Minute, `0s a, 30ms space, 60ms ", 90ms b, 120ms \, 150ms enter`},
		{"comments, and lines that only wait", "# nothing\n2s # here\n+1s a", time.Minute, "3s a"},
		{"it can be stopped", "1s a\n50s b", 10 * time.Second, "1s a"},
		{"a run that never comes", "@59s a", 10 * time.Second, ""},
		{"more keys than fit into the queue", `0s "12345678901234567890"`, time.Minute,
			"0s 1, 30ms 2, 60ms 3, 90ms 4, 120ms 5, 150ms 6, 180ms 7, 210ms 8, 240ms 9, 270ms 0, 300ms 1, 330ms 2, 360ms 3, 390ms 4, 420ms 5, 450ms 6, 480ms 7, 510ms 8, 540ms 9, 570ms 0"},
	} {
		t.Run(row.name, func(t *testing.T) {
			keys, err := played(t, row.script, false, row.most, player.Playing)
			if err != nil {
				t.Error(err)
			}
			if got := strings.Join(keys, ", "); got != row.want {
				t.Errorf("pressed %s, want %s", got, row.want)
			}
		})
	}
}

// TestARunOnItsWayHasNotCome to an instant, wherever it is.
func TestARunOnItsWayHasNotCome(t *testing.T) {
	if keys, err := played(t, "@2s q", false, 10*time.Second, player.Seeking); len(keys) > 0 || err != nil {
		t.Errorf("pressed %q; %v", keys, err)
	}
}

// TestAloneAStandingRunIsSeen: where no hand can let the run go on, what waits for it
// would wait for ever.
func TestAloneAStandingRunIsSeen(t *testing.T) {
	for _, row := range []struct {
		state player.State
		alone bool
		want  string
	}{
		{player.Paused, true, "line 2 waits for 30s, and the run stands at 0.01s"},
		{player.AtEnd, true, "line 2 waits for 30s, and the run stands at 0.01s"},
		{player.Playing, true, ""},
		{player.Seeking, true, ""},
		{player.Paused, false, ""},
	} {
		_, err := played(t, "\n@30s q", row.alone, 10*time.Second, row.state)
		if got := fmt.Sprint(err); got != row.want && (err != nil || row.want != "") {
			t.Errorf("%v alone %v: %q, want %q", row.state, row.alone, got, row.want)
		}
	}
}

// TestAFullQueueIsWaitedFor: a key is not lost because the screen is slow.
func TestAFullQueueIsWaitedFor(t *testing.T) {
	s := mustParse(t, `0s "12345678901234567890"`)
	synctest.Test(t, func(t *testing.T) {
		screen := tcell.NewSimulationScreen("UTF-8")
		if err := screen.Init(); err != nil {
			t.Fatal(err)
		}
		defer screen.Fini()
		done := make(chan error)
		go func() { done <- s.Play(t.Context(), screen, nil, false) }()
		time.Sleep(time.Minute)
		var got strings.Builder
		for range 20 {
			got.WriteString(keyName(screen.PollEvent().(*tcell.EventKey)))
		}
		if err := <-done; err != nil || got.String() != "12345678901234567890" {
			t.Errorf("%v; pressed %s", err, got.String())
		}
	})
}

func TestKeysCanBeOthers(t *testing.T) {
	for _, row := range []struct {
		keys Keys
		want string
	}{
		{nil, ""},
		{Keys{"pause": {"p"}, "inject": {"space"}}, ""},
		{Keys{"quit": {"Q", "F10"}}, ""},
		{Keys{"quit": {"ctrl-c"}}, ""},
		{Keys{"pauze": {"p"}}, `no action is called "pauze"; did you mean pause?`},
		{Keys{"pause": {"spce"}}, `pause: no key is called "spce"; did you mean space?`},
		{Keys{"pause": {"q"}}, `"q" is the key of pause and of quit; give one of them another`},
		{Keys{"pause": {"Ctrl-C"}}, `pause: ctrl-c always quits; name another key`},
	} {
		if got := strings.Join(row.keys.Check(nearest), "\n"); got != row.want {
			t.Errorf("%v: %q, want %q", row.keys, got, row.want)
		}
	}
	for _, b := range (Keys{"quit": {"Q", "F10"}}).table() {
		if want := []string{"Q", "f10", "ctrl-c"}; b.action == doQuit && !slices.Equal(b.keys, want) {
			t.Errorf("the keys of quit are %q, want %q", b.keys, want)
		}
	}
	if wrong := (Keys{}).Check(nearest); len(wrong) > 0 {
		t.Errorf("the table itself is wrong: %q", wrong)
	}
}
