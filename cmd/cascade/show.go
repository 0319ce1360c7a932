package main

import (
	"cascade/scenarios"
	"cascade/sim/policy"
	"cascade/topology"

	"github.com/spf13/cobra"
)

func newShow(sh *shell) *cobra.Command {
	var asGo bool
	c := &cobra.Command{
		Use:   "show NAME",
		Short: "Print a built-in scenario as YAML, or a scenario's breakers as Go",
		Long: `Show prints the file of a built-in scenario: a start for one of your own.

With --go it prints the circuit breakers of a scenario (a file, - for standard
input, or the name of a built-in one) as settings of
github.com/sony/gobreaker/v2, in Go: what was tried here, to copy into a
program.`,
		Example: `  cascade show slow-dependency > my.yaml
  cascade run my.yaml
  cascade show --go my.yaml > breakers.go`,
		ValidArgsFunction: func(c *cobra.Command, args []string, start string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			offers, files := completeScenario(c, args, start)
			if !asGo {
				files = cobra.ShellCompDirectiveNoFileComp
			}
			return offers, files
		},
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) == 1:
				return nil
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
			text, ok := scenarios.Text(args[0])
			if !ok {
				return noSuchScenario(args[0], "no built-in scenario")
			}
			sh.out.Write(text)
			return sh.flush()
		},
	}
	c.Flags().BoolVar(&asGo, "go", false, "print the breakers of a scenario as Go code")
	return c
}

func showBreakers(c *cobra.Command, sh *shell, name string) error {
	all, err := readScenarios(c.Context(), sh, []string{name}, nil)
	if err != nil {
		return err
	}
	text, err := breakersAsGo(all[0].Plan.Edges())
	if err != nil {
		return err
	}
	if text == nil {
		return usage("no edge of %s has a breaker", spokenName(name))
	}
	sh.out.Write(text)
	return sh.flush()
}

// breakersAsGo is a Go file of the breakers that edges have, in their order and before
// any deploy; nil where there is none.
func breakersAsGo(all []*topology.Edge) ([]byte, error) {
	var edges []string
	var breakers []*topology.Breaker
	for _, e := range all {
		if e.Breaker != nil {
			edges, breakers = append(edges, e.ID), append(breakers, e.Breaker)
		}
	}
	if edges == nil {
		return nil, nil
	}
	return policy.GoFile(edges, breakers)
}
