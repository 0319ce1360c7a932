package main

import (
	"fmt"

	"cascade/scenarios"

	"github.com/spf13/cobra"
)

func newList(sh *shell) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the built-in scenarios",
		Args:  nothingMore,
		RunE: func(*cobra.Command, []string) error {
			width := 0
			for _, b := range scenarios.Names() {
				width = max(width, len(b.Name))
			}
			for _, b := range scenarios.Names() {
				name := b.Name
				for _, line := range wrap(b.Description, columns-width-2) {
					fmt.Fprintf(sh.out, "%-*s  %s\n", width, name, line)
					name = ""
				}
			}
			return sh.flush()
		},
	}
}

// nothingMore refuses arguments to a command that takes none.
func nothingMore(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage("%q takes no arguments, and got %q", c.CommandPath(), args[0])
	}
	return nil
}
