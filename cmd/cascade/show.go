package main

import (
	"cascade/scenarios"

	"github.com/spf13/cobra"
)

func newShow(sh *shell) *cobra.Command {
	return &cobra.Command{
		Use:   "show NAME",
		Short: "Print a built-in scenario as YAML",
		Long:  "Show prints the file of a built-in scenario: a start for one of your own.",
		Example: `  cascade show slow-dependency > my.yaml
  cascade run my.yaml`,
		ValidArgsFunction: func(c *cobra.Command, args []string, start string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			offers, _ := completeScenario(c, args, start)
			return offers, cobra.ShellCompDirectiveNoFileComp
		},
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("show takes the name of one built-in scenario; \"cascade list\" names them")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			text, ok := scenarios.Text(args[0])
			if !ok {
				return noSuchScenario(args[0], "no built-in scenario")
			}
			sh.out.Write(text)
			return sh.flush()
		},
	}
}
