//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestPipesAreWrittenInPlace(t *testing.T) {
	sh, _ := testShell()
	dir := t.TempDir()
	path := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(path, 0o666); err != nil {
		t.Fatal(err)
	}
	heard := make(chan string)
	go func() {
		text, _ := os.ReadFile(path)
		heard <- string(text)
	}()
	if err := mustAim(t, path).write(sh, saying("said")); err != nil {
		t.Error(err)
	}
	if got := <-heard; got != "said" {
		t.Errorf("the reader heard %q", got)
	}
	if names(t, dir) != "pipe" {
		t.Errorf("left %s", names(t, dir))
	}
}

// A scenario that is changed by hand may come through a pipe, as <(command) does: it is
// read once.
func TestAPipeIsEdited(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o666); err != nil {
		t.Fatal(err)
	}
	written := make(chan error, 1)
	go func() {
		pipe, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err == nil {
			_, err = pipe.WriteString(shop)
			pipe.Close()
		}
		written <- err
		if pipe, err := os.OpenFile(path, os.O_WRONLY, 0); err == nil { // to whoever asks again
			pipe.Close()
		}
	}()
	e, s, err := readEditor(t.Context(), strings.NewReader(""), path, nil)
	if err != nil || <-written != nil {
		t.Fatal(err)
	}
	again, wrong := e.Read(nil)
	if wrong != nil || again.Plan.Name != s.Plan.Name {
		t.Errorf("the editor has another scenario: %q", wrong)
	}
	if pipe, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0); err == nil {
		pipe.Close() // nobody is left waiting
	}
}
