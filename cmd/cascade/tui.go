package main

import (
	"context"

	"github.com/gdamore/tcell/v2"
	"github.com/spf13/cobra"

	"cascade/tui"
	"cascade/tui/player"
)

func newTUI(sh *shell) *cobra.Command {
	return &cobra.Command{
		Use:   "tui [SCENARIO]",
		Short: "Watch a scenario live, break things, mitigate, rewind",
		RunE: func(c *cobra.Command, names []string) error {
			name := defaultScenario
			if len(names) > 0 {
				name = names[0]
			}
			return watch(c.Context(), sh, name)
		},
	}
}

func watch(ctx context.Context, sh *shell, name string) error {
	s, err := readUnlessStopped(ctx, sh.in, name, nil)
	if err != nil {
		return err
	}
	screen, err := tcell.NewScreen()
	if err != nil {
		return err
	}
	p := player.New(player.Scenario{Plan: s.Plan, Expectations: s.Expectations}, player.Options{Speed: 5})
	p.Play()
	return tui.Run(ctx, p, nil, tui.Options{Screen: screen, Theme: tui.Dark})
}
