package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// A scenario of ten thousand virtual hours: no machine runs it before the signal comes.
var endless = strings.Replace(shop, "duration: 30s", "duration: 9000h\ninterval: 1h", 1)

// start runs the command in a process of its own whose standard error is a
// terminal. When it returns, the run is in motion: its progress has been shown.
func start(t *testing.T, args ...string) (cmd *exec.Cmd, screen *bufio.Reader) {
	t.Helper()
	master, slave := openTerminal(t)
	cmd = exec.Command("cascade", args...)
	cmd.Stdin = strings.NewReader(endless)
	cmd.Stderr = slave
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	slave.Close()
	screen = bufio.NewReader(master)
	line, err := screen.ReadString('K') // the end of "erase to the end of the line"
	if err != nil || !strings.HasPrefix(line, "\r  0%  ") || !strings.HasSuffix(line, " of 9000h0m0s\x1b[K") {
		t.Fatalf("the terminal shows %q, error %v, want progress", line, err)
	}
	return cmd, screen
}

// openTerminal makes a pseudo-terminal.
func openTerminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	var locked, number int32
	for request, value := range map[uintptr]*int32{syscall.TIOCSPTLCK: &locked, syscall.TIOCGPTN: &number} {
		if _, _, e := syscall.Syscall(syscall.SYS_IOCTL, master.Fd(), request, uintptr(unsafe.Pointer(value))); e != 0 {
			t.Fatal(e)
		}
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return master, slave
}

// said reads the screen up to the line that tells of the interruption.
func said(screen *bufio.Reader) string {
	for {
		line, err := screen.ReadString('\n')
		if i := strings.Index(line, "cascade: "); i >= 0 || err != nil {
			return line[max(i, 0):]
		}
	}
}

func exitCode(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	err := cmd.Wait()
	var e *exec.ExitError
	if err != nil && !errors.As(err, &e) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode()
}

func TestSignalStopsTheRun(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, "report.json")
			cmd, screen := start(t, "run", "-", "--json", path)
			if err := cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			if line := said(screen); !strings.HasPrefix(line, "cascade: interrupted at ") || !strings.Contains(line, " of 32400000s") {
				t.Errorf("said %q", line)
			}
			if code := exitCode(t, cmd); code != exitInterrupted {
				t.Errorf("exit code %d, want %d", code, exitInterrupted)
			}
			text := read(t, path)
			if err := fitsSchema([]byte(text)); err != nil {
				t.Error(err)
			}
			if !strings.Contains(text, `"complete": false`) || strings.Contains(text, `"events": 0,`) {
				t.Error("the report is not of a part of the run")
			}
			if names(t, dir) != "report.json" {
				t.Errorf("left %s", names(t, dir))
			}
		})
	}
}

// Signals that come together are one wish: timeout(1) sends two, and the report is
// written all the same.
func TestSignalsAtOnceAreOne(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "report.json")
	cmd, screen := start(t, "run", "-", "--json", path)
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		if err := cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
	}
	if line := said(screen); !strings.HasPrefix(line, "cascade: interrupted at ") {
		t.Errorf("said %q", line)
	}
	if code := exitCode(t, cmd); code != exitInterrupted {
		t.Errorf("exit code %d, want %d", code, exitInterrupted)
	}
	if err := fitsSchema([]byte(read(t, path))); err != nil {
		t.Error(err)
	}
}

// TestSecondSignalEndsAtOnce: the report goes to a pipe that nobody reads, and
// would wait for ever. Whoever asks again goes on until it is over.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o666); err != nil {
		t.Fatal(err)
	}
	cmd, screen := start(t, "run", "-", "--json", path)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if line := said(screen); !strings.Contains(line, "interrupted") {
		t.Fatalf("said %q", line)
	}
	go func() {
		for cmd.Process.Signal(os.Interrupt) == nil {
			time.Sleep(sameWish / 10)
		}
	}()
	if code := exitCode(t, cmd); code != exitInterrupted {
		t.Errorf("exit code %d, want %d", code, exitInterrupted)
	}
}

// TestProgressOnlyWhereItIsSeen: on a terminal that knows how to write a line over.
func TestProgressOnlyWhereItIsSeen(t *testing.T) {
	_, slave := openTerminal(t)
	defer slave.Close()
	s := readShop(t)
	for _, row := range []struct {
		term  string
		quiet bool
		want  bool
	}{{"xterm", false, true}, {"", false, true}, {"dumb", false, false}, {"xterm", true, false}} {
		t.Setenv("TERM", row.term)
		sh := &shell{err: slave}
		if one, many := newProgress(sh, row.quiet, s.Plan) != nil, newTally(sh, row.quiet, 3) != nil; one != row.want || many != row.want {
			t.Errorf("TERM=%q, quiet %v: progress %v of one run, %v of many", row.term, row.quiet, one, many)
		}
	}
	sh := &shell{err: io.Discard}
	if newProgress(sh, false, s.Plan) != nil || newTally(sh, false, 3) != nil {
		t.Error("progress where there is no terminal")
	}
}

// TestProgressKeepsToTheTerminal: a line that breaks cannot be written over.
func TestProgressKeepsToTheTerminal(t *testing.T) {
	master, slave := openTerminal(t)
	size := [4]uint16{24, 40} // lines, columns
	if _, _, e := syscall.Syscall(syscall.SYS_IOCTL, slave.Fd(), syscall.TIOCSWINSZ, uintptr(unsafe.Pointer(&size))); e != 0 {
		t.Fatal(e)
	}
	began := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	runs := &tally{meter: meter{to: slave, began: began}, done: 1233, runs: 10000}
	runs.step(began.Add(90 * time.Minute))
	slave.Close()
	line, err := bufio.NewReader(master).ReadString('K')
	if want := "\r 12%  1234 of 10000 runs, about 10h39m2\x1b[K"; line != want {
		t.Errorf("shown %q, error %v, want %q", line, err, want)
	}
}
