package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"cascade/scenarios"
	"cascade/sim"
	"cascade/sim/policy"
	"cascade/topology"

	"github.com/spf13/cobra"
)

func newShow(sh *shell) *cobra.Command {
	var asGo bool
	var asQueue string
	c := &cobra.Command{
		Use:   "show NAME",
		Short: "Print a scenario, its calls as messages, or its breakers as Go",
		Long: `Show prints the file of a built-in scenario: a start for one of your own.

With --go it prints the circuit breakers of a scenario (a file, - for standard
input, or the name of a built-in one) as settings of
github.com/sony/gobreaker/v2, in Go: what was tried here, to copy into a
program. Those that a set fault deploys come last, with the fault's name.

With --as-queue it prints a scenario (likewise) in which a call has become
messages: the steps of that edge publish to a new queue, which the callee
consumes. The edge is written as faults name it, checkout->payment or
checkout.place->payment.charge, in quotes, or the shell takes the arrow for its
own. What a person has to judge is said on standard error, and at its place in a
comment: that an answer depended on the call, and which faults and expectations
about it are commented out. Several calls are turned one after the other, each
from what the one before printed.`,
		Example: `  cascade show slow-dependency > my.yaml
  cascade run my.yaml
  cascade show --go my.yaml > breakers.go
  cascade show --as-queue 'checkout->payment' slow-dependency | cascade run -`,
		ValidArgsFunction: func(c *cobra.Command, args []string, start string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			offers, files := completeScenario(c, args, start)
			if !asGo && !c.Flags().Changed("as-queue") {
				files = cobra.ShellCompDirectiveNoFileComp
			}
			return offers, files
		},
		Args: func(c *cobra.Command, args []string) error {
			switch asked := c.Flags().Changed("as-queue"); {
			case asGo && asked:
				return usage("show prints breakers with --go or a scenario with --as-queue, not both at once")
			case len(args) == 1:
				return nil
			case asked:
				return usage("show --as-queue takes an edge and one scenario: a file, a built-in scenario, or - for standard input")
			case asGo:
				return usage("show --go takes one scenario: a file, a built-in scenario, or - for standard input")
			default:
				return usage("show takes the name of one built-in scenario; \"cascade list\" names them")
			}
		},
		RunE: func(c *cobra.Command, args []string) error {
			if asGo {
				return showBreakers(c, sh, args[0])
			}
			if c.Flags().Changed("as-queue") {
				return showAsQueue(c, sh, asQueue, args[0])
			}
			text, ok := scenarios.Text(args[0])
			if !ok {
				return noSuchScenario(args[0], "no built-in scenario")
			}
			sh.out.Write(text)
			return sh.flush()
		},
	}
	c.Flags().BoolVar(&asGo, "go", false, "print the breakers of a scenario as Go code")
	c.Flags().StringVar(&asQueue, "as-queue", "", "print a scenario with the calls of an `EDGE` turned into messages")
	return c
}

// showAsQueue prints a scenario with the calls of an edge turned into messages, and on
// standard error what a person has to judge.
func showAsQueue(c *cobra.Command, sh *shell, edge, name string) error {
	var typed bytes.Buffer
	if _, err := toRun.unlessStopped(c.Context(), io.TeeReader(sh.in, &typed), name, nil); err != nil {
		return err
	}
	text, dir := typed.Bytes(), "."
	if name != "-" {
		var builtin bool
		if text, builtin = scenarios.Text(name); !builtin {
			var err error
			if text, err = os.ReadFile(name); err != nil {
				return usage("cannot read %s: %w", name, cause(err))
			}
			dir = filepath.Dir(name)
		}
	}
	converted, warnings, err := scenarios.AsQueue(edge, spokenName(name), text, dir)
	if err != nil {
		return err
	}
	for _, w := range warnings {
		fmt.Fprintf(sh.err, "cascade: %s\n", plainly(w))
	}
	sh.out.Write(converted)
	return sh.flush()
}

func showBreakers(c *cobra.Command, sh *shell, name string) error {
	all, err := readScenarios(c.Context(), sh, []string{name}, nil)
	if err != nil {
		return err
	}
	text, err := breakersAsGo(all[0].Plan)
	if err != nil {
		return err
	}
	if text == nil {
		return usage("no edge of %s has a breaker", spokenName(name))
	}
	sh.out.Write(text)
	return sh.flush()
}

// breakersAsGo is a Go file of the breakers of a plan: first those that its edges have,
// in their order, then those that its faults deploy, each with the fault's name; nil
// where there is none.
func breakersAsGo(p *sim.Plan) ([]byte, error) {
	var edges, faults []string // of each breaker, and the fault that deploys it
	var breakers []*topology.Breaker
	add := func(e *topology.Edge, fault string, b *topology.Breaker) {
		if b != nil {
			edges, faults, breakers = append(edges, e.ID), append(faults, fault), append(breakers, b)
		}
	}
	all := p.Edges()
	for _, e := range all {
		add(e, "", e.Breaker)
	}
	for i := range p.Faults {
		f := &p.Faults[i]
		for _, edge := range f.Edges {
			add(all[edge], f.Name, f.Set.Breaker)
		}
	}
	if edges == nil {
		return nil, nil
	}
	text, err := policy.GoFile(edges, breakers)
	if err != nil {
		return nil, err
	}
	return commented(string(text), faults), nil
}

// commented is a Go file with a word on the fault that deploys it before each of its
// variables that has one, and with no comment wider than help is.
func commented(file string, faults []string) []byte {
	var b strings.Builder
	for line := range strings.Lines(file) {
		if strings.HasPrefix(line, "var ") {
			if faults[0] != "" {
				fmt.Fprintf(&b, "// Deployed by the fault %q.\n", faults[0])
			}
			faults = faults[1:]
		}
		text := strings.TrimLeft(line, "\t")
		comment, ok := strings.CutPrefix(text, "// ")
		if !ok {
			b.WriteString(line)
			continue
		}
		tabs := line[:len(line)-len(text)]
		for _, part := range wrap(comment, columns-8*len(tabs)-len("// ")) {
			b.WriteString(tabs + "// " + part + "\n")
		}
	}
	return []byte(b.String())
}
