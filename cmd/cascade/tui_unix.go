//go:build unix

package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// naps are how the process sleeps. With sleep it does so itself; from aside come, until ctx
// is done, those that others sent it into and woke it up from: they had the terminal, which
// is to be left and entered once more. Before that nothing can be done. Nobody can catch
// SIGSTOP, and who catches SIGTSTP in Go (1.26) can never have its usual effect again,
// which sleep needs.
func naps(ctx context.Context) (sleep func(), aside <-chan func()) {
	woken, out := make(chan os.Signal, 1), make(chan func())
	signal.Notify(woken, syscall.SIGCONT)
	sleep = func() {
		signal.Stop(woken)
		defer signal.Notify(woken, syscall.SIGCONT)
		stop()
		// Who was woken up to end (kill %1) hears of that a moment later.
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
	go func() {
		defer signal.Stop(woken)
		for {
			select {
			case <-woken:
			case <-ctx.Done():
				return
			}
			select {
			case out <- func() {}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return sleep, out
}

// stop stops the process and those it runs with, as Ctrl-Z does where no screen takes it,
// and returns once they go on.
func stop() {
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

// atQuit has the screen left at the signal that is to tell what the process does (SIGQUIT),
// and returns what the end of the screen is to call: then it tells, if there was such a
// signal. If that end takes too long it tells by itself.
func atQuit(leave func()) (left func()) {
	if signal.Ignored(syscall.SIGQUIT) {
		return func() {}
	}
	asked, leaving := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(asked, syscall.SIGQUIT)
	go func() {
		<-asked
		close(leaving)
		leave()
		time.Sleep(longestLeave)
		tell()
	}()
	return func() {
		select {
		case <-leaving:
			tell()
		default:
		}
	}
}

// longestLeave is how long a screen may take to be left before that is what is asked about.
const longestLeave = 2 * time.Second

// tell has the runtime write what all goroutines do, and end the process (exit code 2).
func tell() {
	signal.Reset(syscall.SIGQUIT)
	syscall.Kill(os.Getpid(), syscall.SIGQUIT)
	select {}
}
