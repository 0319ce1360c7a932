package main

import (
	"cascade/sim/report"

	"github.com/spf13/cobra"
)

func newSchema(sh *shell) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of the report",
		Args:  nothingMore,
		RunE: func(*cobra.Command, []string) error {
			sh.out.Write(report.Schema())
			return sh.flush()
		},
	}
}
