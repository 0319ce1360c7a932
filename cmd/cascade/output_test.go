package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func testShell() (*shell, *bytes.Buffer) {
	var out bytes.Buffer
	return &shell{out: bufio.NewWriter(&out), err: io.Discard}, &out
}

func saying(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}
}

func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return strings.Join(all, " ")
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func mustAim(t *testing.T, path string) destination {
	t.Helper()
	d, err := aim(path)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestFileIsReplacedWhole(t *testing.T) {
	sh, _ := testShell()
	dir := t.TempDir()
	path := filepath.Join(dir, "report.json")
	if err := os.WriteFile(path, []byte("old"), 0o640); err != nil {
		t.Fatal(err)
	}
	d := mustAim(t, path)
	if names(t, dir) != "report.json" || read(t, path) != "old" {
		t.Fatal("aiming has left its mark")
	}
	open, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	if err := d.write(sh, saying("new")); err != nil {
		t.Fatal(err)
	}
	if names(t, dir) != "report.json" || read(t, path) != "new" {
		t.Errorf("left %s, the file has %q", names(t, dir), read(t, path))
	}
	if was, _ := io.ReadAll(open); string(was) != "old" {
		t.Errorf("who had the old file open reads %q", was)
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o640 {
		t.Errorf("permissions %v, want those that it had", info.Mode().Perm())
	}
}

func TestFailureLeavesTheOldFile(t *testing.T) {
	sh, _ := testShell()
	dir := t.TempDir()
	path := filepath.Join(dir, "report.json")
	if err := os.WriteFile(path, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	err := mustAim(t, path).write(sh, func(w io.Writer) error {
		io.WriteString(w, strings.Repeat("x", 1<<20)) // beyond every buffer
		return &fs.PathError{Op: "write", Path: "/tmp/hidden", Err: syscall.ENOSPC}
	})
	var e *exit
	if !errors.As(err, &e) || e.code != exitBroken || err.Error() != "cannot write "+path+": no space left on device" {
		t.Errorf("error %v", err)
	}
	if names(t, dir) != "report.json" || read(t, path) != "old" {
		t.Errorf("left %s, the file has %q", names(t, dir), read(t, path))
	}
}

func TestDirectoryThatWentAway(t *testing.T) {
	sh, _ := testShell()
	dir := filepath.Join(t.TempDir(), "reports")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "report.json")
	d := mustAim(t, path)
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	err := d.write(sh, saying("new"))
	var e *exit
	if !errors.As(err, &e) || e.code != exitBroken || err.Error() != "cannot write "+path+": no such file or directory" {
		t.Errorf("error %v", err)
	}
}

func TestLinksAreFollowed(t *testing.T) {
	sh, _ := testShell()
	dir := t.TempDir()
	for link, to := range map[string]string{"one": "two", "two": "sub/three", "loop": "loop"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"first", "second"} { // three is not there yet, then it is
		if err := mustAim(t, filepath.Join(dir, "one")).write(sh, saying(text)); err != nil {
			t.Fatal(err)
		}
		if got := read(t, filepath.Join(dir, "sub", "three")); got != text {
			t.Errorf("the file at the end of the links has %q, want %q", got, text)
		}
	}
	if names(t, dir) != "loop one sub two" || names(t, filepath.Join(dir, "sub")) != "three" {
		t.Errorf("left %s and %s", names(t, dir), names(t, filepath.Join(dir, "sub")))
	}
	if _, err := aim(filepath.Join(dir, "loop")); err == nil {
		t.Error("a link to itself was taken")
	}
}

func TestBadPathsAreFoundBeforehand(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		dir:                               "is a directory",
		filepath.Join(dir, "no", "x"):     "no such file or directory",
		filepath.Join(dir, "file", "x"):   "not a directory",
		strings.Repeat("x", 300):          "file name too long",
		filepath.Join(dir, "nul\x00byte"): "invalid argument",
	} {
		_, err := aim(path)
		var e *exit
		if !errors.As(err, &e) || e.code != exitBroken || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%.60q: error %v, want exit code 3 and %q", path, err, want)
		}
	}
	if names(t, dir) != "file" {
		t.Errorf("left %s", names(t, dir))
	}
}

func TestDevicesAreWrittenInPlace(t *testing.T) {
	sh, out := testShell()
	for _, path := range []string{"-", "/dev/stdout", "/dev/fd/1"} {
		out.Reset()
		if err := mustAim(t, path).write(sh, saying("said")); err != nil || out.String() != "said" {
			t.Errorf("%s: %q, error %v", path, out.String(), err)
		}
	}
	if err := mustAim(t, os.DevNull).write(sh, saying("said")); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(os.DevNull); err != nil || info.Mode().IsRegular() {
		t.Fatal("the null device has been replaced by a file")
	}
	err := mustAim(t, "/dev/full").write(sh, saying("said"))
	var e *exit
	if !errors.As(err, &e) || e.code != exitBroken || err.Error() != "cannot write /dev/full: no space left on device" {
		t.Errorf("full device: error %v", err)
	}
}

func TestReaderThatWentAwayIsQuiet(t *testing.T) {
	err := destination{name: "report.json"}.failed(&fs.PathError{Op: "write", Path: "|1", Err: syscall.EPIPE})
	var e *exit
	if !errors.As(err, &e) || e.code != exitBroken || e.err != nil {
		t.Errorf("error %v, want exit code 3 without a word", err)
	}
}
