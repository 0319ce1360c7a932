package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A multiplexer is a tmux of its own, with one window in which a person sits.
type multiplexer struct {
	t      *testing.T
	socket string
	dir    string
}

// newMultiplexer starts the command in a window of that size.
func newMultiplexer(t *testing.T, columns, lines int, command string) *multiplexer {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("there is no tmux here; .ci/run installs it")
		}
		t.Skip("there is no tmux here")
	}
	m := &multiplexer{t: t, socket: fmt.Sprintf("cascade-%d-%s", os.Getpid(), t.Name()), dir: t.TempDir()}
	// What is left in the window when the command has ended can still be read.
	m.tmux("-f", os.DevNull, "new-session", "-d", "-x", fmt.Sprint(columns), "-y", fmt.Sprint(lines), "-c", m.dir,
		"TERM=screen-256color LC_ALL=C.UTF-8 NO_COLOR= "+command+"; echo exit code $?; sleep 1000")
	t.Cleanup(func() { exec.Command("tmux", "-L", m.socket, "kill-server").Run() })
	return m
}

func (m *multiplexer) tmux(args ...string) string {
	m.t.Helper()
	out, err := exec.Command("tmux", append([]string{"-u", "-L", m.socket}, args...)...).CombinedOutput()
	if err != nil {
		m.t.Fatalf("tmux %q: %v: %s", args, err, out)
	}
	return string(out)
}

func (m *multiplexer) screen() string { return m.tmux("capture-pane", "-p") }

// keys are pressed, by tmux's names of them, or typed.
func (m *multiplexer) keys(keys ...string) {
	m.t.Helper()
	m.tmux(append([]string{"send-keys"}, keys...)...)
}

// until waits for the screen to be as wanted.
func (m *multiplexer) until(what string, wanted func(screen string) bool) string {
	m.t.Helper()
	for range 6000 {
		if s := m.screen(); wanted(s) {
			return s
		}
		time.Sleep(10 * time.Millisecond)
	}
	m.t.Fatalf("%s: that never came; the screen:\n%s", what, m.screen())
	return ""
}

func (m *multiplexer) sees(words ...string) string {
	m.t.Helper()
	return m.until(strings.Join(words, ", "), func(screen string) bool {
		for _, w := range words {
			if !strings.Contains(screen, w) {
				return false
			}
		}
		return true
	})
}

// row is the line of a table in which a name stands behind its mark.
func row(screen, name string) string {
	for line := range strings.SplitSeq(screen, "\n") {
		if fields := strings.Fields(strings.Trim(line, "│ ")); len(fields) > 1 && fields[1] == name {
			return line
		}
	}
	return ""
}

// TestAnIncidentFromEndToEnd is what the screen is for: an incident is played, broken,
// mended, branched and written down, and what was written runs to the same bytes.
func TestAnIncidentFromEndToEnd(t *testing.T) {
	m := newMultiplexer(t, 80, 24, "cascade tui --speed 3 --set 'faults=[]' --set 'expect=[]'")
	m.sees("slow-dependency", "payment")
	m.keys("Space")
	m.sees("paused")
	m.keys(":goto 20s", "Enter")
	m.sees("20.0s of 120s", "paused")

	// Half a second more for each payment, by the form.
	m.keys(":select payment", "Enter")
	m.keys("i")
	m.sees("inject at 20s", "latency", "on: payment", "add: 500ms")
	m.keys("C-s")
	m.sees("payment-latency")

	// Its caller's threads are soon all held.
	m.keys("2")
	m.keys("Space")
	m.until("checkout saturated", func(s string) bool { return strings.Contains(row(s, "checkout"), "100%") })
	m.keys("Space")
	m.keys(":goto 30s", "Enter")
	m.sees("30.0s of 120s", "paused")

	// It is healed in one of two branches.
	m.keys("b")
	m.sees("Δ 30s")
	m.keys("h")
	m.sees("healed payment-latency at 30s")
	m.keys(":goto 40s", "Enter")
	m.sees("40.0s of 120s", "twin")
	// A screen is painted from the top: the table may be that of the instant before yet.
	m.until("ten seconds after it was healed checkout has threads left", func(s string) bool {
		healed := row(s, "checkout")
		return healed != "" && !strings.Contains(healed, "100%")
	})
	m.sees("goodput 2") // of the run, some 250/s; the twin has 100/s

	// To the end, and all of it is written down.
	m.keys(":goto 120s", "Enter")
	m.sees("at the end")
	m.keys("w")
	m.sees("slow-dependency-session.yaml")
	m.keys("C-s")
	m.sees("wrote slow-dependency-session.yaml")
	m.keys(":report live.json", "Enter")
	m.sees("live.json")
	m.keys(":screen picture.svg", "Enter")
	m.sees("picture.svg")
	m.keys("q")
	m.sees("exit code 0")

	live := read(t, filepath.Join(m.dir, "live.json"))
	code, again, errs := command(t.Context(), "", "run", filepath.Join(m.dir, "slow-dependency-session.yaml"), "--json", "-")
	if code != exitHeld || errs != "" {
		t.Fatalf("the session ends with exit code %d, and says %q", code, errs)
	}
	if again != live {
		t.Errorf("the session runs to another report %s", firstDifference(again, live))
	}
	if !strings.Contains(live, `"payment-latency"`) || !strings.Contains(live, `"complete": true`) && !strings.Contains(live, `"complete":true`) {
		t.Error("the report is not that of the whole run with the fault in it")
	}
	if picture := read(t, filepath.Join(m.dir, "picture.svg")); !strings.Contains(picture, "<svg") || !strings.Contains(picture, "checkout") {
		t.Error("the picture is none")
	}
}

// TestTheScreenFollowsItsWindow: down to where there is no room for it, and back.
func TestTheScreenFollowsItsWindow(t *testing.T) {
	m := newMultiplexer(t, 120, 40, "cascade tui --speed max")
	m.sees("at the end", "story")
	for _, size := range [][2]int{{80, 24}, {20, 5}, {200, 60}, {59, 15}, {60, 16}} {
		m.tmux("resize-window", "-x", fmt.Sprint(size[0]), "-y", fmt.Sprint(size[1]))
		want := "gateway"
		if size[0] < 60 {
			want = "120.0s:"
		}
		m.sees(want)
		for _, line := range strings.Split(m.screen(), "\n") {
			if len([]rune(line)) > size[0] {
				t.Errorf("at %v a line is wider: %q", size, line)
			}
		}
	}
	m.keys("q")
	m.sees("exit code 0")
}
