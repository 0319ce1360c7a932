//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
	"time"
)

// suspend stops the process and those it runs with, as Ctrl-Z does where no screen takes
// it, and returns once they go on.
func suspend() {
	woken := make(chan os.Signal, 1)
	signal.Notify(woken, syscall.SIGCONT)
	defer signal.Stop(woken)
	if syscall.Kill(0, syscall.SIGTSTP) != nil {
		return
	}
	// Another thread may be the one to be stopped, and this one come here first. Where no
	// shell is there to wake anyone up the signal does nothing (POSIX: of an orphaned
	// process group), and nobody ever will.
	select {
	case <-woken:
	case <-time.After(time.Second):
	}
}

// atHangup has something done when the terminal goes away, unless whoever started the
// process wanted it to go on then (nohup).
func atHangup(leave func()) {
	if signal.Ignored(syscall.SIGHUP) {
		return
	}
	hungUp := make(chan os.Signal, 1)
	signal.Notify(hungUp, syscall.SIGHUP)
	go func() {
		<-hungUp
		leave()
	}()
}
