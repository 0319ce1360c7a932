//go:build unix

package main

import (
	"os"
	"path/filepath"
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
