package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"cascade/scenarios"
	"cascade/sim/des"
	"cascade/sim/report"
	"cascade/tui"
	"cascade/tui/player"
	"cascade/tui/shot"

	"github.com/gdamore/tcell/v2"
	"github.com/gdamore/tcell/v2/terminfo"
	"github.com/spf13/cobra"
)

// A tuiCommand is `cascade tui` with its flags.
type tuiCommand struct {
	sh *shell
	changes
	speed  pace
	paused bool
	fps    number
	theme  choice
	ascii  truth
	mouse  bool
	keys   bindings
	script string
	size   extent
	record string
	quiet  bool
}

// Frames a second, at most: over a network every one of them is waited for.
const (
	usualFrames  = 10
	remoteFrames = 5
	mostFrames   = 30
)

func newTUI(sh *shell) *cobra.Command {
	t := &tuiCommand{sh: sh, fps: number{least: 1, most: mostFrames}, theme: choice{"auto", []string{"auto", "dark", "light", "mono"}}}
	c := &cobra.Command{
		Use:   "tui [SCENARIO]",
		Short: "Watch a scenario live: break things, mitigate, rewind, try again",
		Long: `Tui runs a SCENARIO on a screen that fills the terminal. One sees the cascade
climb from service to service, injects faults and ends them, turns the dials of
policies, goes back in time and on from there, and writes down what was done as
a scenario that "cascade run" replays. The ? key tells all that a hand can do.

SCENARIO is a file, - for standard input, or the name of a built-in scenario;
without one it is ` + defaultScenario + `. Leaving the screen is no verdict: the exit
code says only whether all went well. The summary of the run so far is printed
then, as "cascade run" prints it.

--script plays keys at times. A line is a moment and the keys that are pressed
then; what stands in quotes is typed, and a # begins a comment:

  2s i                       two seconds after the start
  +500ms down down enter     half a second after the line before
  @32s "payment" enter       when the run has come to 32 s
  90s                        waits

With --size it needs no terminal: the screen is drawn in memory, and left when
the script ends. So recordings are made where nobody sits; --record writes one
for asciinema (asciicast v2), whole or not at all. Keys are called as the help
of the screen calls them: a letter, space, enter, esc, shift-left, ctrl-l, f1.

Without --theme the colours are for a dark terminal unless COLORFGBG says that
it is a light one, and NO_COLOR means none. --ascii is on by itself where the
locale (LC_ALL, LC_CTYPE or LANG) is not UTF-8. --keys gives actions other keys,
as in --keys "pause=p write=W write=f2"; in cascade.yaml it is a mapping, and
the help of the screen tells what the actions are called:

  keys: {pause: p, write: [W, f2]}

ascii, duration, fps, keys, quiet, seed, speed and theme may also come from a
variable (CASCADE_THEME=light) or from cascade.yaml, as "cascade run" has them.

Exit codes:
    0  the screen was left
    2  bad usage, a bad file, or no terminal; nothing ran
    3  the engine broke a rule of its own or reached a bound, or an output could
       not be written
  130  stopped by a signal; what had run was reported`,
		Example: `  cascade tui
  cascade tui my.yaml --speed 20 --set services.payment.threads=64
  cascade tui retry-storm --record storm.cast
  cascade tui --script tour.keys --size 120x40 --record tour.cast`,
		Args:              oneScenario,
		ValidArgsFunction: completeOneScenario,
		RunE: func(c *cobra.Command, names []string) error {
			if err := readSettings(c.Flags()); err != nil {
				return err
			}
			for flag, value := range map[string]string{"record": t.record, "script": t.script} {
				if value == "" && c.Flags().Changed(flag) {
					return usage("--%s: the path of the file is empty", flag)
				}
			}
			if t.size.w > 0 && t.script == "" {
				return usage("--size draws the screen where nobody sees it, and nobody can press a key there; add --script")
			}
			return t.run(c.Context(), append(names, defaultScenario)[0])
		},
	}
	f := c.Flags()
	f.SortFlags = false
	t.changes.flags(f)
	f.Var(&t.speed, "speed", "virtual seconds a second at the start (5, in a long run more)")
	f.BoolVar(&t.paused, "paused", false, "begin with the time held")
	f.Var(&t.fps, "fps", fmt.Sprintf("frames a second at most (%d, over ssh %d)", usualFrames, remoteFrames))
	f.Var(&t.theme, "theme", "colours")
	f.Var(&t.ascii, "ascii", "draw the screen with ASCII characters only")
	f.Lookup("ascii").NoOptDefVal = "true"
	f.BoolVar(&t.mouse, "mouse", false, "take the mouse at the start; the m key does so later")
	f.Var(&t.keys, "keys", "other keys for actions")
	f.StringVar(&t.record, "record", "", "write a recording of the screen to `FILE`")
	f.StringVar(&t.script, "script", "", "press the keys that a `FILE` says")
	f.Var(&t.size, "size", "with --script: draw a screen of that size in memory")
	f.BoolVarP(&t.quiet, "quiet", "q", false, "print no summary on leaving")
	for _, flag := range []string{"theme", "speed", "fps"} {
		words := t.theme.among
		switch flag {
		case "speed":
			words = []string{"1", "5", "20", "100", player.Max.String()}
		case "fps":
			words = []string{"1", "5", "10", "30"}
		}
		c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
	}
	return c
}

// run shows a scenario. All that can be found wrong is, before the screen opens.
func (t *tuiCommand) run(ctx context.Context, name string) error {
	sets, err := t.overrides()
	if err != nil {
		return err
	}
	e, s, err := readEditor(ctx, t.sh.in, name, sets)
	if err != nil {
		return err
	}
	var script *tui.Script
	if t.script != "" {
		if script, err = readScript(t.script, s.Plan.Duration); err != nil {
			return err
		}
	}
	var recording *destination
	if t.record != "" {
		d, err := aim(t.record)
		if err != nil {
			return err
		}
		if t.onScreen(d) {
			return usage("--record %s: the screen itself is there; name a file", t.record)
		}
		if err := t.spared(d, name, s); err != nil {
			return err
		}
		recording = &d
	}
	screen, err := t.open(name)
	if err != nil {
		return err
	}
	return t.show(ctx, name, e, s, script, recording, screen)
}

// show runs the screen, and says afterwards what there is to say.
func (t *tuiCommand) show(ctx context.Context, name string, e *editor, s *scenarios.Scenario, script *tui.Script, recording *destination, screen *stage) error {
	theme := t.wantedTheme()
	o := tui.Options{
		Screen: screen, Theme: theme, ASCII: t.ascii.or(wantsASCII()), Mouse: t.mouse, Keys: t.keys.value,
		Save: func(path string, replace bool, fill func(io.Writer) error) error {
			d, err := aim(path)
			if err == nil && t.onScreen(d) {
				err = fmt.Errorf("cannot write %s: the screen itself is there; name a file", path)
			}
			if err == nil {
				err = t.spared(d, name, s)
			}
			if err == nil && d.mode != 0 && !replace {
				err = tui.ErrExists
			}
			if err == nil {
				err = d.write(t.sh, fill)
			}
			return err
		},
	}
	var recorder *shot.Recorder
	if recording != nil {
		recorder = shot.Record(screen, shot.RecorderOptions{Title: "cascade: " + s.Plan.Name, Light: theme == tui.Light, Now: time.Now})
		o.Screen = recorder
	}
	p := player.New(player.Scenario{Plan: s.Plan, Expectations: s.Expectations}, player.Options{Speed: t.speed.or(player.Usual(s.Plan.Duration)), Period: time.Second / time.Duration(t.frames())})
	if !t.paused {
		p.Play()
	}

	watching, leave := context.WithCancelCause(ctx)
	defer leave(nil)
	atHangup(func() { leave(errGone) })
	left := atQuit(func() { leave(nil) })
	o.Suspend, o.Aside = naps(watching)
	played := make(chan error, 1)
	go func() {
		err := screen.play(watching, script, p)
		if bug := (*tui.Panic)(nil); screen.alone() || errors.As(err, &bug) {
			leave(nil)
		}
		played <- err
	}()
	failed := inColor(func() error { return tui.Run(watching, p, e, o) })
	left()
	leave(nil)
	if context.Cause(watching) == errGone {
		failed = errGone
	}
	code := t.sh.tell(ending(failed))
	switch err, bug := <-played, (*tui.Panic)(nil); {
	case errors.As(err, &bug):
		code = worse(code, t.sh.tell(ending(err)))
	case err != nil:
		code = worse(code, t.sh.tell(usage("%s: %w", t.script, err)))
	}
	if ctx.Err() != nil {
		code = worse(code, exitInterrupted)
	}
	if recorder != nil {
		if recorder.Full() {
			fmt.Fprintf(t.sh.err, "cascade: the recording in %s ends before the session did: there is more than %d MiB of it\n", recording.name, shot.MostRecorded>>20)
		}
		code = worse(code, t.sh.tell(recording.write(t.sh, recorder.Write)))
	}
	if failed == nil {
		code = worse(code, t.sh.tell(t.summary(p)))
	}
	if code != exitHeld {
		return &exit{code: code}
	}
	return nil
}

// inColor runs a screen as if NO_COLOR was not set. What that means is in the theme; tcell
// (v2.13) would leave no colours to a theme that was asked for by name.
func inColor(run func() error) error {
	if wish := os.Getenv("NO_COLOR"); wish != "" {
		os.Unsetenv("NO_COLOR")
		defer os.Setenv("NO_COLOR", wish)
	}
	return run()
}

// onScreen says whether a destination is where the screen is drawn.
func (t *tuiCommand) onScreen(d destination) bool {
	if d.stream != toFile || !d.inPlace {
		return d.stream != toFile
	}
	info, err := os.Stat(d.path)
	if err != nil {
		return false
	}
	if terminal, err := os.Stat("/dev/tty"); err == nil && os.SameFile(info, terminal) {
		return true
	}
	f, ok := t.sh.screen.(*os.File)
	if !ok {
		return false
	}
	terminal, err := f.Stat()
	return err == nil && os.SameFile(info, terminal)
}

// spared refuses a destination that is a file which this run is read from.
func (t *tuiCommand) spared(d destination, name string, s *scenarios.Scenario) error {
	if err := d.sparing(t.sh, []string{name}, []*scenarios.Scenario{s}); err != nil || t.script == "" || d.stream != toFile {
		return err
	}
	script, err := os.Stat(t.script)
	if err != nil || !script.Mode().IsRegular() {
		return nil
	}
	if there, err := os.Stat(d.path); err == nil && os.SameFile(script, there) {
		return usage("cannot write %s: the script is read from it; name another file", d.name)
	}
	return nil
}

// errGone says that the terminal is not there any more.
var errGone = errors.New("the terminal has gone")

// summary prints what the run came to. The error is the engine's, or the output's.
func (t *tuiCommand) summary(p *player.Player) error {
	result, err := p.Report()
	if err != nil {
		plan := p.Frame().Run.Plan
		err = &exit{exitBroken, fmt.Errorf("%q with seed %d: %w", plan.Name, plan.Seed, err)}
	}
	if result == nil || t.quiet {
		return err
	}
	options := report.TextOptions{Color: colored(t.sh, "auto"), ASCII: t.ascii.or(wantsASCII())}
	out := destination{name: "standard output", stream: toStdout}
	return errors.Join(err, out.write(t.sh, func(w io.Writer) error { return result.WriteText(w, options) }))
}

// ending is what a screen's end means: a bug of ours, or a terminal that failed.
func ending(err error) error {
	var bug *tui.Panic
	var event *tcell.EventError
	switch {
	case errors.As(err, &bug):
		return &exit{exitBroken, fmt.Errorf("this is a bug of cascade's: %v; please report it%s", bug.What, withBreak(stackIfWanted(bug.Stack)))}
	case err == errGone || errors.As(err, &event):
		return &exit{exitInterrupted, errGone}
	case err != nil:
		return usage("cannot open the screen: %w; \"cascade run\" needs none", cause(err))
	}
	return nil
}

func withBreak(stack []byte) string {
	if stack == nil {
		return ""
	}
	return "\n" + strings.TrimSuffix(string(stack), "\n")
}

// open finds the screen to draw on: the terminal, unless a size is given.
func (t *tuiCommand) open(name string) (*stage, error) {
	if t.size.w > 0 {
		return memory(t.size.w, t.size.h), nil
	}
	instead := fmt.Sprintf("\"cascade run %s\" needs none", name)
	if name != "-" && !readsTerminal(t.sh.in) {
		return nil, usage("the live screen needs a terminal, and standard input is none; %s", instead)
	}
	if !isTerminal(t.sh.screen) {
		return nil, usage("the live screen needs a terminal, and standard output is none; %s", instead)
	}
	if isDumb() {
		return nil, usage("the live screen needs a terminal that writes anywhere, and TERM is dumb; %s", instead)
	}
	// tcell knows UTF-8 and ASCII, and would refuse a locale of any other letters; the
	// screen is drawn in ASCII there.
	tcell.SetEncodingFallback(tcell.EncodingFallbackASCII)
	screen, err := newTerminal()
	switch term := os.Getenv("TERM"); {
	case err != nil && term == "":
		return nil, usage("the live screen needs a terminal, and TERM does not say which; %s", instead)
	case err != nil:
		return nil, usage("no terminal is known that is called %q, as TERM says; set it to one like xterm-256color, or: %s", term, instead)
	}
	return onto(screen), nil
}

// newTerminal is the terminal that TERM names; nothing is opened yet.
func newTerminal() (tcell.Screen, error) {
	known, err := described(os.Getenv("TERM"))
	if err != nil {
		return tcell.NewScreen() // on some systems there is one without such a name
	}
	return tcell.NewTerminfoScreenFromTtyTerminfo(nil, known)
}

// described is what is known of a terminal, as it is of use here.
func described(term string) (*terminfo.Terminfo, error) {
	known, err := tcell.LookupTerminfo(term)
	if err != nil {
		return nil, err
	}
	ours := *known
	// The first of some kinds had to be waited for, 5 ms at every move of the cursor: a
	// second a frame on a vt100. What calls itself so today is a program, or buffers.
	ours.PadChar = ""
	// With COLORTERM tcell (v2.13) counts the colours that can be mixed, and shows those
	// of 256 by the nearest of the eight that TERM may have: most are white. We mix none.
	ours.SetFgRGB, ours.SetBgRGB, ours.SetFgBgRGB = "", "", ""
	return &ours, nil
}

// wantedTheme is the theme to show. Whoever names one means it, NO_COLOR or not: see
// no-color.org.
func (t *tuiCommand) wantedTheme() tui.Theme {
	if t.theme.value != "auto" {
		return tui.Theme(t.theme.value)
	}
	if os.Getenv("NO_COLOR") != "" {
		return tui.Mono
	}
	// The last number of COLORFGBG, as rxvt sets it and others do after it, is the colour
	// of the background: of the 16, white and all bright ones but grey are light.
	text := os.Getenv("COLORFGBG")
	switch text[strings.LastIndexByte(text, ';')+1:] {
	case "7", "9", "10", "11", "12", "13", "14", "15":
		return tui.Light
	}
	return tui.Dark
}

// frames are how many there are a second at most.
func (t *tuiCommand) frames() int {
	switch {
	case t.fps.value > 0:
		return t.fps.value
	case os.Getenv("SSH_CONNECTION") != "" || os.Getenv("SSH_TTY") != "":
		return remoteFrames
	}
	return usualFrames
}

// readScript reads a script for a run that ends then.
func readScript(name string, end des.Time) (*tui.Script, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, usage("cannot read %s: %w", name, cause(err))
	}
	defer f.Close()
	var text bytes.Buffer
	if _, err := io.Copy(&text, io.LimitReader(f, maxScript+1)); err != nil {
		return nil, usage("cannot read %s: %w", name, cause(err))
	}
	if text.Len() > maxScript {
		return nil, usage("%s: more than %d KiB are no script", name, maxScript>>10)
	}
	script, wrong := tui.ParseScript(text.String(), end, didYouMean)
	if len(wrong) == 0 {
		return script, nil
	}
	var problems scenarios.Problems
	for _, p := range wrong {
		problems = append(problems, scenarios.Problem{File: name, Line: p.Line, Column: p.Column, Message: p.Message, Source: p.Source})
	}
	return nil, problems
}

// maxScript bounds a script, in bytes.
const maxScript = 1 << 20

// readEditor reads a scenario as it is written, to be changed by hand, and as it is.
func readEditor(ctx context.Context, in io.Reader, name string, sets []scenarios.Override) (*editor, *scenarios.Scenario, error) {
	e, err := toEdit.unlessStopped(ctx, in, name, sets)
	if err != nil {
		return nil, nil, err
	}
	s, err := e.Read(nil)
	if err != nil {
		return nil, nil, err
	}
	return &editor{e, filepath.Base(spokenName(name))}, s, nil
}
