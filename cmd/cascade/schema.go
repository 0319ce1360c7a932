package main

import (
	"cascade/sim/experiment"
	"cascade/sim/report"

	"github.com/spf13/cobra"
)

// schemas are the forms of JSON whose schema is printed, by name; the first is the one
// that is printed where none is named.
var schemas = []struct {
	name string
	text func() []byte
}{
	{"report", report.Schema},
	{"tip", experiment.SchemaOfTip},
}

func newSchema(sh *shell) *cobra.Command {
	var names []string
	for _, s := range schemas {
		names = append(names, s.name)
	}
	return &cobra.Command{
		Use:   "schema [NAME]",
		Short: "Print the JSON Schema of the report, or of what tip writes",
		Long: `Print the JSON Schema of the report (report, also of run --runs), or of what
another command writes with --json: tip.`,
		Args:      cobra.MaximumNArgs(1),
		ValidArgs: names,
		RunE: func(_ *cobra.Command, args []string) error {
			name := names[0]
			if len(args) > 0 {
				name = args[0]
			}
			for _, s := range schemas {
				if s.name == name {
					sh.out.Write(s.text())
					return sh.flush()
				}
			}
			return usage("there is no schema of %q; %s", name, didYouMean(name, names, "there is report and tip"))
		},
	}
}
