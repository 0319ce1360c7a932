package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"cascade/scenarios"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// maxScenario bounds what is read from standard input, in bytes: one more than a
// scenario may have, so that one that is too long is still seen to be.
const maxScenario = 1<<20 + 1

// readScenarios reads and checks every SCENARIO of the command line. All of their
// problems are told before it returns the error.
func readScenarios(ctx context.Context, sh *shell, names []string, sets []scenarios.Override) ([]*scenarios.Scenario, error) {
	var read []*scenarios.Scenario
	code := exitHeld
	for i, name := range names {
		if name == "-" && slices.Contains(names[:i], "-") {
			return nil, usage("standard input (-) can be read only once")
		}
		s, err := toRun.unlessStopped(ctx, sh.in, name, sets)
		if len(names) > 1 {
			err = ofScenario(name, err)
		}
		if code = worse(code, sh.tell(err)); code == exitInterrupted {
			break
		}
		read = append(read, s)
	}
	if code != exitHeld {
		return nil, &exit{code: code}
	}
	return read, nil
}

// ofScenario says of problems of --set in which of several scenarios they are; the
// others say so themselves.
func ofScenario(name string, err error) error {
	var problems scenarios.Problems
	if !errors.As(err, &problems) {
		return err
	}
	problems = slices.Clone(problems)
	for i := range problems {
		if problems[i].Override {
			problems[i].File = spokenName(name) + ": " + problems[i].File
		}
	}
	return problems
}

// spokenName is what messages call a SCENARIO.
func spokenName(name string) string {
	if name == "-" {
		return stdin
	}
	return name
}

const stdin = "<stdin>"

// A scenarioReader makes something of a scenario, wherever it is. It reads it once: a
// pipe has nothing for who asks again, and a file may be another one then.
type scenarioReader[T any] struct {
	text    func(name string, text []byte, dir string, sets ...scenarios.Override) (T, error)
	builtin func(name string, sets ...scenarios.Override) (T, error)
	file    func(name string, sets ...scenarios.Override) (T, error)
	longest int64 // of a text on standard input, in bytes, and one more
}

var (
	toRun  = scenarioReader[*scenarios.Scenario]{scenarios.Parse, scenarios.Builtin, scenarios.Load, maxScenario}
	toEdit = scenarioReader[*scenarios.Editor]{scenarios.Edit, scenarios.EditBuiltin, scenarios.EditFile, maxScenario}
)

// unlessStopped is read for somebody who may have lost patience: a pipe or a person at
// the keyboard can keep it waiting for ever.
func (r scenarioReader[T]) unlessStopped(ctx context.Context, in io.Reader, name string, sets []scenarios.Override) (of T, err error) {
	stopped := &exit{exitInterrupted, fmt.Errorf("interrupted while reading %s", name)}
	var nothing T
	if ctx.Err() != nil {
		return nothing, stopped
	}
	var bug any
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer func() { bug = recover() }()
		of, err = r.read(in, name, sets)
	}()
	select {
	case <-read:
		if bug != nil {
			panic(bug)
		}
		return of, err
	case <-ctx.Done():
		return nothing, stopped
	}
}

// read reads a file, standard input or a built-in scenario. Of a file and a built-in
// scenario of the same name it takes the latter: "./name" is the file.
func (r scenarioReader[T]) read(in io.Reader, name string, sets []scenarios.Override) (T, error) {
	var nothing T
	if name == "-" {
		text, err := io.ReadAll(io.LimitReader(in, r.longest))
		if err != nil {
			return nothing, usage("cannot read standard input: %w", cause(err))
		}
		return r.text(stdin, text, ".", sets...)
	}
	if _, ok := scenarios.Text(name); ok {
		return r.builtin(name, sets...)
	}
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) && looksLikeFile(name):
		return nothing, usage("there is no file %s", name)
	case errors.Is(err, fs.ErrNotExist):
		return nothing, noSuchScenario(name, "no file and no built-in scenario")
	case err != nil:
		return nothing, usage("cannot read %s: %w", name, cause(err))
	case info.IsDir():
		return nothing, usage("%s is a directory, not a scenario", name)
	}
	of, err := r.file(name, sets...)
	var path *fs.PathError
	if errors.As(err, &path) {
		err = usage("cannot read %s: %w", path.Path, path.Err)
	}
	return of, err
}

func looksLikeFile(name string) bool {
	ext := filepath.Ext(name)
	return strings.ContainsRune(name, filepath.Separator) || ext == ".yaml" || ext == ".yml"
}

func noSuchScenario(name, what string) error {
	hint := didYouMean(name, builtinNames(), "")
	if hint == "" {
		hint = beginning(name, builtinNames())
	}
	if hint == "" {
		hint = `"cascade list" names the built-in ones`
	}
	return usage("%s is called %q; %s", what, name, hint)
}

// beginning offers the one name of which a word is a part between dashes: slow of
// slow-dependency. A name that goes on after another's end, as those with a guard do,
// is not one more: storm is of retry-storm, not of retry-storm-budget. The known names
// are sorted.
func beginning(word string, known []string) string {
	var has []string
	for _, k := range known {
		if len(has) > 0 && strings.HasPrefix(k, has[len(has)-1]+"-") {
			continue
		}
		if slices.Contains(strings.Split(k, "-"), strings.ToLower(word)) || len(word) > 2 && strings.HasPrefix(k, strings.ToLower(word)) {
			has = append(has, k)
		}
	}
	if len(has) != 1 {
		return ""
	}
	return fmt.Sprintf("did you mean %q?", has[0])
}

func builtinNames() []string {
	var names []string
	for _, b := range scenarios.Names() {
		names = append(names, b.Name)
	}
	return names
}

// changes are what a command line changes of a scenario.
type changes struct {
	seed     seed
	sets     []string
	duration span
}

func (c *changes) flags(f *pflag.FlagSet) {
	f.Var(&c.seed, "seed", "the seed, in place of the scenario's")
	f.StringArrayVar(&c.sets, "set", nil, "change a value of the scenario, as `PATH=VALUE`; repeatable")
	f.Var(&c.duration, "duration", "how long to run, in virtual time, in place of the scenario's")
}

// overrides are the changes, --set last: the last one counts.
func (c *changes) overrides() ([]scenarios.Override, error) {
	var all []scenarios.Override
	if c.seed.value != nil {
		all = append(all, scenarios.Override{Path: "seed", Value: strconv.FormatUint(*c.seed.value, 10)})
	}
	if c.duration.value != 0 {
		all = append(all, scenarios.Override{Path: "duration", Value: c.duration.String()})
	}
	sets, err := parseSets(c.sets)
	return append(all, sets...), err
}

// parseSets reads the values of --set.
func parseSets(texts []string) ([]scenarios.Override, error) {
	var sets []scenarios.Override
	for _, text := range texts {
		path, value, ok := strings.Cut(text, "=")
		if path = strings.TrimSpace(path); !ok || path == "" {
			return nil, usage("--set %s: want PATH=VALUE, as services.payment.threads=32", text)
		}
		sets = append(sets, scenarios.Override{Path: path, Value: value})
	}
	return sets, nil
}

// oneScenario refuses a second one.
func oneScenario(c *cobra.Command, names []string) error {
	if len(names) > 1 {
		return usage("%s takes one scenario, and there are %d", c.Name(), len(names))
	}
	return nil
}

// completeOneScenario is completeScenario for commands that take no more.
func completeOneScenario(c *cobra.Command, args []string, start string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return completeScenario(c, args, start)
}

// completeScenario offers the built-in scenarios to the shell that completes a
// command line; files it finds itself.
func completeScenario(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var offers []string
	for _, b := range scenarios.Names() {
		offers = append(offers, cobra.CompletionWithDesc(b.Name, b.Description))
	}
	return offers, cobra.ShellCompDirectiveDefault
}
