package main

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// What a terminal is sent when the screen is entered and left (xterm's alternate screen).
const entered, exited = "\x1b[?1049h", "\x1b[?1049l"

// A sitting is a person before a terminal in which the live screen runs.
type sitting struct {
	t      *testing.T
	cmd    *exec.Cmd
	master *os.File
	over   chan struct{} // the terminal has gone

	mu  sync.Mutex
	got strings.Builder
}

// sit starts the command in a terminal of 100 columns and 30 lines that is its own, and
// waits for the screen.
func sit(t *testing.T, args ...string) *sitting {
	t.Helper()
	return sitWith(t, nil, args...)
}

// sitWith is sit with something else than the terminal for standard input.
func sitWith(t *testing.T, in *os.File, args ...string) *sitting {
	t.Helper()
	return sitWhere(t, in, "C.UTF-8", args...)
}

// sitWhere is sitWith in another locale.
func sitWhere(t *testing.T, in *os.File, locale string, args ...string) *sitting {
	t.Helper()
	return sitAt(t, in, locale, exec.Command("cascade", append([]string{"tui"}, args...)...))
}

// sitAt is sitWhere with a command that runs the screen.
func sitAt(t *testing.T, in *os.File, locale string, cmd *exec.Cmd) *sitting {
	t.Helper()
	master, slave := openTerminal(t)
	size := [4]uint16{30, 100}
	if _, _, e := syscall.Syscall(syscall.SYS_IOCTL, master.Fd(), syscall.TIOCSWINSZ, uintptr(unsafe.Pointer(&size))); e != 0 {
		t.Fatal(e)
	}
	s := &sitting{t: t, cmd: cmd, master: master, over: make(chan struct{})}
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = slave, slave, slave
	if in != nil {
		s.cmd.Stdin = in
	}
	s.cmd.Env = append(os.Environ(), "TERM=xterm-256color", "LC_ALL="+locale, "NO_COLOR=1")
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 1}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.cmd.Process.Kill() })
	slave.Close()
	go func() {
		defer close(s.over)
		for b := make([]byte, 4096); ; {
			n, err := master.Read(b)
			s.mu.Lock()
			s.got.Write(b[:n])
			s.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	s.until(entered)
	s.until("slow-dependency") // drawn
	return s
}

func (s *sitting) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got.String()
}

// until waits for something to be sent to the terminal.
func (s *sitting) until(what string) {
	s.t.Helper()
	for range 6000 {
		if strings.Contains(s.text(), what) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.t.Fatalf("the terminal was never sent %q, but %q", what, s.text())
}

// end waits for the command's end, and returns what came after the screen was left.
func (s *sitting) end(code int) (after string) {
	s.t.Helper()
	stuck := time.AfterFunc(time.Minute, func() { s.cmd.Process.Signal(syscall.SIGQUIT) })
	got := exitCode(s.t, s.cmd)
	stuck.Stop()
	<-s.over
	if got != code {
		s.t.Errorf("exit code %d, want %d", got, code)
	}
	text := s.text()
	in, out := strings.LastIndex(text, entered), strings.LastIndex(text, exited)
	if out < in {
		s.t.Errorf("the screen was not left: %q", text)
	}
	if show := strings.LastIndex(text, "\x1b[?25h"); show < strings.LastIndex(text, "\x1b[?25l") {
		s.t.Error("the cursor stays hidden")
	}
	return text[max(out, 0):]
}

func TestLeavingRestoresTheTerminal(t *testing.T) {
	for _, row := range []struct {
		name  string
		leave func(*sitting) error
		code  int
	}{
		{"q", func(s *sitting) error { _, err := s.master.WriteString("q"); return err }, exitHeld},
		{"ctrl-c", func(s *sitting) error { _, err := s.master.WriteString("\x03"); return err }, exitHeld},
		{"SIGTERM", func(s *sitting) error { return s.cmd.Process.Signal(syscall.SIGTERM) }, exitInterrupted},
		{"SIGINT", func(s *sitting) error { return s.cmd.Process.Signal(os.Interrupt) }, exitInterrupted},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			recording := filepath.Join(t.TempDir(), "session.cast")
			s := sit(t, "--record", recording)
			if err := row.leave(s); err != nil {
				t.Fatal(err)
			}
			after := s.end(row.code)
			if !strings.Contains(after, "\x1b[?1004lslow-dependency  INTERRUPTED  ") || !strings.Contains(after, "\nstopped at ") {
				t.Errorf("after the screen there is no summary, but %q", after)
			}
			if text := read(t, recording); !strings.HasPrefix(text, `{"version": 2, "width": 100, "height": 30, `) {
				t.Errorf("the recording begins with %.100q", text)
			}
		})
	}
}

// TestATerminalThatGoesAwayEndsTheScreen: a window is closed, a line is cut.
func TestATerminalThatGoesAwayEndsTheScreen(t *testing.T) {
	// Where the tests themselves are to go on then (nohup) so would what they start; what they
	// catch it does not inherit.
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGHUP)
	t.Cleanup(func() { signal.Stop(caught) })
	for _, row := range []struct {
		name string
		cut  func(*sitting) error
	}{
		{"the signal", func(s *sitting) error { return s.cmd.Process.Signal(syscall.SIGHUP) }},
		{"the terminal", func(s *sitting) error { return s.master.Close() }},
		{"the terminal of one that was woken up", func(s *sitting) error {
			return errors.Join(s.cmd.Process.Signal(syscall.SIGCONT), s.master.Close())
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			recording := filepath.Join(t.TempDir(), "session.cast")
			s := sit(t, "--record", recording)
			if err := row.cut(s); err != nil {
				t.Fatal(err)
			}
			stuck := time.AfterFunc(time.Minute, func() { s.cmd.Process.Signal(syscall.SIGQUIT) })
			defer stuck.Stop()
			if code := exitCode(t, s.cmd); code != exitInterrupted {
				t.Errorf("exit code %d, want %d", code, exitInterrupted)
			}
			if text := read(t, recording); !strings.HasPrefix(text, `{"version": 2, `) {
				t.Errorf("the recording begins with %.100q", text)
			}
		})
	}
}

// TestSuspendedWhereNobodyCanWakeIt: the process leads its session, no shell is there, and
// the screen comes back by itself.
func TestSuspendedWhereNobodyCanWakeIt(t *testing.T) {
	t.Parallel()
	s := sit(t)
	if _, err := s.master.WriteString("\x1a"); err != nil {
		t.Fatal(err)
	}
	s.until(exited)
	s.quitOnceBack()
}

// quitOnceBack quits when the screen that was left is drawn again, as it is once.
func (s *sitting) quitOnceBack() {
	s.t.Helper()
	for range 6000 {
		text := s.text()
		if in := strings.LastIndex(text, entered); in > strings.LastIndex(text, exited) && strings.Contains(text[in:], "quit") {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if _, err := s.master.WriteString("q"); err != nil {
		s.t.Fatal(err)
	}
	s.end(exitHeld)
	if n := strings.Count(s.text(), entered); n != 2 {
		s.t.Errorf("the screen was entered %d times, want 2", n)
	}
}

// TestWokenUpByOthers: whoever stopped it had the terminal, on which all is drawn anew.
func TestWokenUpByOthers(t *testing.T) {
	t.Parallel()
	s := sit(t)
	if err := s.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	s.until(exited)
	s.quitOnceBack()
}

// TestEndsWhileItSleeps: the shell has the terminal then, and the screen does not ask for it.
func TestEndsWhileItSleeps(t *testing.T) {
	t.Parallel()
	s := sitAt(t, nil, "C.UTF-8", exec.Command("sh", "-m", "-c", "cascade tui; kill -TERM %1; kill -CONT %1; while kill -0 %1; do sleep 0.05; done"))
	if _, err := s.master.WriteString("\x1a"); err != nil {
		t.Fatal(err)
	}
	// The shell ends once the screen has; it is not asked with what, since a shell tells of a
	// stop again and again.
	if after := s.end(exitHeld); !strings.Contains(after, "slow-dependency  INTERRUPTED  ") {
		t.Errorf("after the screen there is %q", after)
	}
	if n := strings.Count(s.text(), entered); n != 1 {
		t.Errorf("the screen was entered %d times", n)
	}
}

// TestWhatItDoesIsToldOnTheNormalScreen: SIGQUIT asks the Go runtime.
func TestWhatItDoesIsToldOnTheNormalScreen(t *testing.T) {
	t.Parallel()
	s := sit(t)
	if err := s.cmd.Process.Signal(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	if after := s.end(2); !strings.Contains(after, "SIGQUIT") || !strings.Contains(after, "goroutine ") {
		t.Errorf("after the screen there is %.300q", after)
	}
}

// TestScenarioFromAPipe: the keys come from the terminal all the same.
func TestScenarioFromAPipe(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "shop.yaml")
	if err := os.WriteFile(path, []byte(strings.Replace(shop, "name: shop", "name: slow-dependency-of-mine", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	s := sitWith(t, file, "-")
	if _, err := s.master.WriteString("q"); err != nil {
		t.Fatal(err)
	}
	if after := s.end(exitHeld); !strings.Contains(after, "slow-dependency-of-mine  ") {
		t.Errorf("after the screen there is %q", after)
	}
}

// TestTheScreenIsNoFile: what is written to the terminal would stand in the picture.
func TestTheScreenIsNoFile(t *testing.T) {
	t.Parallel()
	s := sit(t)
	if _, err := s.master.WriteString(":write /dev/tty\r"); err != nil {
		t.Fatal(err)
	}
	s.until("there;")
	if _, err := s.master.WriteString("\x03"); err != nil {
		t.Fatal(err)
	}
	s.end(exitHeld)
	if strings.Contains(s.text(), "wrote") {
		t.Error("it was written")
	}
}

// TestLeavesThroughAFlood: of keys that come faster than they are taken, as from a paste
// that the terminal does not put into brackets.
func TestLeavesThroughAFlood(t *testing.T) {
	for _, row := range []struct {
		name, flood string
		leave       func(*sitting) error
		code        int
	}{
		{"q", "q" + strings.Repeat("jk", 10_000), func(*sitting) error { return nil }, exitHeld},
		{"SIGTERM", strings.Repeat("jk", 10_000), func(s *sitting) error { return s.cmd.Process.Signal(syscall.SIGTERM) }, exitInterrupted},
		{"ctrl-z", "\x1a" + strings.Repeat("jk", 10_000), func(s *sitting) error {
			s.until(exited)
			for range 6000 {
				if strings.Count(s.text(), entered) > 1 {
					break
				}
				time.Sleep(10 * time.Millisecond)
			}
			return s.cmd.Process.Signal(syscall.SIGTERM)
		}, exitInterrupted},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := sit(t)
			go s.master.WriteString(row.flood)
			if err := row.leave(s); err != nil {
				t.Fatal(err)
			}
			s.end(row.code)
		})
	}
}

// TestLocalesOfOtherLetters are drawn in ASCII.
func TestLocalesOfOtherLetters(t *testing.T) {
	t.Parallel()
	s := sitWhere(t, nil, "en_US.ISO-8859-1", "-q")
	s.until("visitors")
	if _, err := s.master.WriteString("q"); err != nil {
		t.Fatal(err)
	}
	s.end(exitHeld)
	for _, r := range s.text() {
		if r > '~' {
			t.Fatalf("%q is sent", r)
		}
	}
}

// TestTheMouseIsTakenWhereAskedFor, and only there; what is pasted comes in brackets always.
func TestTheMouseIsTakenWhereAskedFor(t *testing.T) {
	for name, args := range map[string][]string{"taken": {"--mouse"}, "left": {}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sit(t, args...)
			s.until("\x1b[?2004h")
			if _, err := s.master.WriteString("q"); err != nil {
				t.Fatal(err)
			}
			s.end(exitHeld)
			if taken := strings.Contains(s.text(), "\x1b[?1000h"); taken != (len(args) > 0) {
				t.Errorf("with %q the mouse is taken: %v", args, taken)
			}
		})
	}
}

// TestAThemeByNameHasColors: whoever names one means it, NO_COLOR or not.
func TestAThemeByNameHasColors(t *testing.T) {
	const colored = "\x1b[38;5;"
	for theme, want := range map[string]bool{"auto": false, "dark": true} {
		t.Run(theme, func(t *testing.T) {
			t.Parallel()
			s := sit(t, "--theme", theme) // with NO_COLOR
			s.until("quit")
			if got := strings.Contains(s.text(), colored); got != want {
				t.Errorf("the screen has colours: %v, want %v", got, want)
			}
			if _, err := s.master.WriteString("q"); err != nil {
				t.Fatal(err)
			}
			if after := s.end(exitHeld); strings.Contains(after, "\x1b[3") {
				t.Errorf("the summary has colours: %q", after)
			}
		})
	}
}
