package main

import (
	"io"
	"os"

	"cascade/sim/report"

	"github.com/spf13/pflag"
)

// A look is how a summary is printed, and whether: the flags of that.
type look struct {
	quiet bool
	color choice
	ascii truth
}

func newLook() look { return look{color: choice{"auto", []string{"auto", "always", "never"}}} }

// flags are the same of all commands, but for what is left where it is quiet.
func (l *look) flags(f *pflag.FlagSet, quiet string) {
	f.BoolVarP(&l.quiet, "quiet", "q", false, quiet)
	f.Var(&l.color, "color", "colour the summary (auto: on a terminal, unless NO_COLOR is set)")
	f.Var(&l.ascii, "ascii", "draw the summary with ASCII characters only")
	f.Lookup("ascii").NoOptDefVal = "true"
}

// print writes a text to standard output, and returns the exit code of that.
func (l *look) print(sh *shell, text func(io.Writer, report.TextOptions) error) int {
	options := report.TextOptions{Color: colored(sh, l.color.value), ASCII: l.ascii.or(wantsASCII())}
	return sh.print(func(w io.Writer) error { return text(w, options) })
}

// print has text written to standard output, and returns the exit code of that.
func (sh *shell) print(text func(io.Writer) error) int {
	return sh.tell(destination{name: "standard output", stream: toStdout}.write(sh, text))
}

// colored says whether the summary has colours, of auto, always and never. See
// no-color.org for NO_COLOR, which an explicit wish overrides.
func colored(sh *shell, wish string) bool {
	switch wish {
	case "always":
		return true
	case "never":
		return false
	}
	return os.Getenv("NO_COLOR") == "" && !isDumb() && isTerminal(sh.screen)
}
