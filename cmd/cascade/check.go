package main

import (
	"fmt"
	"strings"

	"cascade/scenarios"
	"cascade/topology"

	"github.com/spf13/cobra"
)

func newCheck(sh *shell) *cobra.Command {
	var texts []string
	var quiet bool
	c := &cobra.Command{
		Use:   "check SCENARIO...",
		Short: "Read and check scenarios, run nothing",
		Long: `Check reads each SCENARIO (a file, - for standard input, or the name of a
built-in scenario) and tells every problem of it, with file, line and column.
Exit code 2 says that there was one.

quiet may also come from a variable (CASCADE_QUIET=true) or from a line of
cascade.yaml.`,
		Example: `  cascade check my.yaml
  cascade check scenarios/*.yaml
  cascade check my.yaml --set services.payment.threads=0`,
		ValidArgsFunction: completeScenario,
		RunE: func(c *cobra.Command, names []string) error {
			if err := readSettings(c.Flags()); err != nil {
				return err
			}
			if len(names) == 0 {
				return usage("no scenario to check; name a file, a built-in scenario, or - for standard input")
			}
			sets, err := parseSets(texts)
			if err != nil {
				return err
			}
			all, err := readScenarios(c.Context(), sh, names, sets)
			if err != nil || quiet {
				return err
			}
			for i, s := range all {
				fmt.Fprintf(sh.out, "%s: good: %s\n", spokenName(names[i]), contents(s))
			}
			return sh.flush()
		},
	}
	c.Flags().StringArrayVar(&texts, "set", nil, "change a value of the scenarios, as `PATH=VALUE`; repeatable")
	c.Flags().BoolVarP(&quiet, "quiet", "q", false, "say nothing of good scenarios")
	return c
}

// contents counts what a scenario holds; of queues and streams only where there are any.
func contents(s *scenarios.Scenario) string {
	p := s.Plan
	t := p.Topology
	parts := []string{count(len(t.Services), "service"), count(len(t.Edges), "edge")}
	if len(t.Queues) > 0 {
		streams := 0
		for i := range t.Queues {
			if t.Queues[i].Kind == topology.Stream {
				streams++
			}
		}
		if queues := len(t.Queues) - streams; queues > 0 {
			parts = append(parts, count(queues, "queue"))
		}
		if streams > 0 {
			parts = append(parts, count(streams, "stream"))
		}
		parts = append(parts, count(len(t.Publishes), "publish step"))
	}
	parts = append(parts, count(len(p.Sources), "source"), count(len(p.Faults), "fault"), count(len(s.Expectations), "expectation"))
	return strings.Join(parts, ", ")
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
