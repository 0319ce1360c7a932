// Command cascade runs scenarios of cascading failures and judges them.
//
// It is the shell around the simulator: flags, settings, files, signals, exit
// codes, and the only place where the pieces meet. It holds no rule about calls,
// threads or time; it reads a scenario (package scenarios), sets it in motion
// (package sim), and writes what it came to (package sim/report).
//
//	cascade run slow-dependency --set services.payment.threads=64
//
// One file a subcommand; beside them:
//
//	root.go      the tree of commands, and what is said to a misspelt one
//	settings.go  flags, CASCADE_* variables, cascade.yaml
//	scenario.go  what SCENARIO may be
//	simulate.go  one plan from its beginning to its end, or to an interruption
//	outcome.go   what a scenario came to, and the forms in which that is written
//	crew.go      many runs over all cores
//	conduct.go   an experiment from its beginning to its records, or one shard of it
//	shard.go     which part of an experiment this process does
//	store.go     the directory that holds an experiment
//	output.go    files that are written whole or not at all
//	look.go      how a summary is printed, and whether
//	progress.go  how far a run has come, or many
//	terminal.go  what a terminal can show
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"cascade/scenarios"
)

// Exit codes.
const (
	exitHeld        = 0   // it ran, every expectation held
	exitFailed      = 1   // it ran, an expectation failed
	exitUsage       = 2   // bad usage or a bad file; nothing ran
	exitBroken      = 3   // a rule of the engine's own was broken, or an output could not be written
	exitUndecided   = 4   // too few runs to decide an expectation
	exitInterrupted = 130 // stopped by a signal; what had run was reported
)

func main() {
	// Before anything else: from here on a signal is never lost, nor deadly at once.
	ctx := interruptible()
	os.Exit(execute(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// sameWish is how long after a signal another one is still the same wish: timeout(1)
// signals its child and then the child's group, and Ctrl-C reaches a process both from the
// terminal and from whoever started it and hands it on.
const sameWish = 500 * time.Millisecond

// interruptible is a context that the first Ctrl-C or SIGTERM ends. The second, by
// somebody who does not want to wait for the report, ends the process.
func interruptible() context.Context {
	// A reader of our output that goes away is an error of a write like any other.
	signal.Ignore(syscall.SIGPIPE)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-signals
		cancel()
		for first := time.Now(); ; {
			if <-signals; time.Since(first) > sameWish {
				os.Exit(exitInterrupted)
			}
		}
	}()
	return ctx
}

// A shell is where a command finds the outside world.
type shell struct {
	in     io.Reader
	out    *bufio.Writer // standard output; flushed when a command is done
	err    io.Writer
	screen io.Writer // what out writes to, to ask whether it is a terminal
	args   []string

	outFailed bool // a write to out has failed, and that has been told
}

// execute runs one command line and returns its exit code. Everything is said
// when it returns.
func execute(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) (code int) {
	sh := &shell{in: in, out: bufio.NewWriter(out), err: errs, screen: out, args: args}
	defer func() {
		if p := recover(); p != nil {
			code = exitBroken
			fmt.Fprintf(errs, "cascade: this is a bug of cascade's: %v; please report it\n%s", p, stackIfWanted(debug.Stack()))
		}
	}()
	root := newRoot(sh)
	root.SetArgs(args)
	root.SetIn(in)
	root.SetErr(errs)
	err := root.ExecuteContext(ctx)
	if failed := sh.flush(); failed != nil {
		if e := (*exit)(nil); !errors.As(err, &e) {
			err = nil // cobra's own word for the same thing
		}
		code = sh.tell(failed)
	}
	return worse(code, sh.tell(err))
}

// flush writes out what has been written to standard output. That it cannot be is
// told once.
func (sh *shell) flush() error {
	err := sh.out.Flush()
	if err == nil || sh.outFailed {
		return nil
	}
	sh.outFailed = true
	return destination{name: "standard output"}.failed(err)
}

// An exit is an error with the exit code that it means. Its err may be nil: then
// what there was to say has been said.
type exit struct {
	code int
	err  error
}

// Error is what is told to the person.
func (e *exit) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

// Unwrap gives the error without the code.
func (e *exit) Unwrap() error { return e.err }

// usage is an error of whoever typed the command line, or wrote the file.
func usage(format string, args ...any) error {
	return &exit{exitUsage, fmt.Errorf(format, args...)}
}

// tell writes err to standard error and returns the exit code it means. An error
// without a code comes from reading the command line.
func (sh *shell) tell(err error) int {
	if err == nil {
		return exitHeld
	}
	code := exitUsage
	var e *exit
	if errors.As(err, &e) {
		if code, err = e.code, e.err; err == nil {
			return code
		}
	}
	var problems scenarios.Problems
	if errors.As(err, &problems) {
		said := problems.Error() // begins with the file's name
		if width := widthOf(sh.err); width > 0 {
			said = problems.Within(width)
		}
		fmt.Fprintln(sh.err, plainly(said))
	} else {
		fmt.Fprintf(sh.err, "cascade: %s\n", plainly(err.Error()))
	}
	return code
}

// worse is the exit code for two things that happened, from what is worth least
// notice to what is worth most.
func worse(a, b int) int {
	for _, code := range []int{exitInterrupted, exitBroken, exitUsage, exitFailed, exitUndecided} {
		if a == code || b == code {
			return code
		}
	}
	return exitHeld
}

// stackIfWanted is the stack of a bug, for who asked for it with GOTRACEBACK.
func stackIfWanted(stack []byte) []byte {
	switch os.Getenv("GOTRACEBACK") {
	case "", "none", "0":
		return nil
	}
	return stack
}
