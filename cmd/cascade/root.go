package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func newRoot(sh *shell) *cobra.Command {
	root := &cobra.Command{
		Use:   "cascade",
		Short: "Cascading failures, simulated: exact, repeatable, fast",
		Long: `cascade simulates services that call each other, or leave each other messages,
and shows how one slow or broken dependency takes down everything above it:
threads held, waiting rooms full, retries that keep the fire burning, backlogs
that do not go away.

A scenario is a YAML file: what exists, who asks for it, what breaks and when,
and what is expected of it all the same. The same scenario and seed give the
same result, byte for byte.`,
		Example: `  cascade run                          run the built-in scenario slow-dependency
  cascade list                         see the other built-in scenarios
  cascade show slow-dependency > my.yaml
  cascade run my.yaml --set services.payment.threads=64
  cascade check my.yaml                read and check, run nothing`,
		Version:           "-", // makes cobra offer --version; the template below says it
		SilenceErrors:     true,
		SilenceUsage:      true,
		DisableAutoGenTag: true,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(c, args[0])
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetVersionTemplate(version())
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return flagError(sh, c, err) })
	root.SetHelpCommand(newHelp())
	root.AddCommand(newRun(sh), newCompare(sh), newSweep(sh), newTip(sh), newTUI(sh), newCheck(sh), newList(sh), newShow(sh), newMerge(sh), newSchema(sh), newVersion(sh))
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages ", fmt.Sprintf(".FlagUsagesWrapped %d ", columns)))
	root.SetOut(sh.out) // where the scripts of completion go
	root.InitDefaultCompletionCmd()
	if completion, _, err := root.Find([]string{"completion"}); err == nil {
		narrow(completion)
	}
	return root
}

// narrow breaks what is too wide of descriptions that are not ours.
func narrow(c *cobra.Command) {
	var lines []string
	for line := range strings.SplitSeq(c.Long, "\n") {
		if len(line) > columns {
			lines = append(lines, wrap(line, columns)...)
		} else {
			lines = append(lines, line)
		}
	}
	c.Long = strings.Join(lines, "\n")
	for _, sub := range c.Commands() {
		narrow(sub)
	}
}

func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Tell more about a command",
		Args:  cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			about, rest, err := c.Root().Find(args)
			if err != nil || about == c.Root() && len(rest) > 0 {
				return unknownCommand(c, args[0])
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}

func unknownCommand(c *cobra.Command, name string) error {
	var known []string
	for _, sub := range c.Root().Commands() {
		if !sub.Hidden {
			known = append(known, sub.Name())
		}
	}
	return usage("unknown command %q; %s", name, didYouMean(name, known, `"cascade --help" lists them all`))
}

// flagError says what is wrong with a flag, and which one may have been meant.
func flagError(sh *shell, c *cobra.Command, err error) error {
	if !c.HasParent() && len(sh.args) > 0 && !strings.HasPrefix(sh.args[0], "-") {
		// A flag after a misspelt command: the command is what went wrong.
		return unknownCommand(c, sh.args[0])
	}
	var unknown *pflag.NotExistError
	help := fmt.Sprintf("see %q", c.CommandPath()+" --help")
	if !errors.As(err, &unknown) {
		return usage("%w; %s", err, help)
	}
	name := unknown.GetSpecifiedName()
	var known []string
	c.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, "--"+f.Name) })
	name = "--" + name
	if letters := unknown.GetSpecifiedShortnames(); letters != "" { // -quiet is --quiet with a dash too few, more often than five letters
		return usage("unknown flag -%s; %s", letters, didYouMean("--"+letters, known, help))
	}
	return usage("unknown flag %s; %s", name, didYouMean(name, known, help))
}

// didYouMean offers the known word nearest to a misspelt one, or says something
// else where none is near.
func didYouMean(word string, known []string, otherwise string) string {
	best, distance := "", max(1, len(strings.TrimLeft(word, "-"))/3)+1
	for _, k := range slices.Sorted(slices.Values(known)) {
		if d := edits(strings.ToLower(word), k); d < distance {
			best, distance = k, d
		}
	}
	if best == "" {
		return otherwise
	}
	return fmt.Sprintf("did you mean %q?", best)
}

// edits counts the letters to insert, delete, replace or swap with their
// neighbour to make b of a (the optimal string alignment distance).
func edits(a, b string) int {
	var before []int
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			change := last[j]
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(change, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
