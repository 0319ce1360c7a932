package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func newVersion(sh *shell) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version, the Go version and the commit",
		Args:  nothingMore,
		RunE: func(*cobra.Command, []string) error {
			fmt.Fprint(sh.out, version())
			return sh.flush()
		},
	}
}

// version tells what the Go toolchain wrote into the program.
func version() string {
	number, commit := "unknown", "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		number = info.Main.Version
		changed := ""
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				commit = s.Value
			case s.Key == "vcs.modified" && s.Value == "true":
				changed = " and changes on top"
			}
		}
		commit += changed
	}
	return fmt.Sprintf("cascade %s\n%s %s/%s\ncommit %s\n", number, runtime.Version(), runtime.GOOS, runtime.GOARCH, commit)
}
