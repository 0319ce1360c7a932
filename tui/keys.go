package tui

import (
	"strings"

	"github.com/gdamore/tcell/v2"
)

// An action is what a hand can do, by the name it has on the command line and in the
// settings.
type action string

// The actions. What each means is said in the table below.
const (
	doPause    action = "pause"
	doStep     action = "step"
	doStepBack action = "step-back"
	doFaster   action = "faster"
	doSlower   action = "slower"
	doNormal   action = "normal-speed"
	doBack     action = "back"
	doForth    action = "forth"
	doFarBack  action = "far-back"
	doFarForth action = "far-forth"
	doInject   action = "inject"
	doDial     action = "dial"
	doHeal     action = "heal"
	doBranch   action = "branch"
	doWrite    action = "write"
	doAgain    action = "again"
	doNextSeed action = "next-seed"
	doFilter   action = "filter"
	doNext     action = "next"
	doPrevious action = "previous"
	doCommand  action = "command"
	doHelp     action = "help"
	doEscape   action = "escape"
	doQuit     action = "quit"
	doMap      action = "map"
	doServices action = "services"
	doEdges    action = "edges"
	doQueues   action = "queues"
	doSources  action = "sources"
	doCharts   action = "charts"
	doStory    action = "story"
	doOpen     action = "open"
	doPane     action = "next-pane"
	doPaneBack action = "previous-pane"
	doMaximise action = "maximise"
	doSort     action = "sort"
	doReverse  action = "reverse"
	doTop      action = "top"
	doBottom   action = "bottom"
	doLeft     action = "left"
	doRight    action = "right"
	doUp       action = "up"
	doDown     action = "down"
	doPageUp   action = "page-up"
	doPageDown action = "page-down"
	doMouse    action = "mouse"
	doCopy     action = "copy"
	doRepaint  action = "repaint"
	doSuspend  action = "suspend"
)

// A binding is a row of the table of keys: from it come the footer, the help, the
// command line, the settings and the list in SCREEN.md.
type binding struct {
	action action
	keys   []string // as they are written: space, ctrl-l, shift-left, G
	group  string   // in the help
	short  string   // in the footer; "": it is not named there
	about  string   // one sentence
}

// keyTable is everything that a hand can do.
func keyTable() []binding {
	return []binding{
		{doPause, []string{"space"}, "time", "pause", "pause, or go on"},
		{doStep, []string{"."}, "time", "step", "one interval forward, and stay there"},
		{doStepBack, []string{","}, "time", "", "one interval back, and stay there"},
		{doFaster, []string{"+", "="}, "time", "faster", "faster: up to ×1000, and then as fast as it goes"},
		{doSlower, []string{"-"}, "time", "", "slower"},
		{doNormal, []string{"0"}, "time", "", "a second a second"},
		{doBack, []string{"left"}, "time", "back", "10 s back, or ten intervals: the past as it was"},
		{doForth, []string{"right"}, "time", "", "10 s forth, or ten intervals"},
		{doFarBack, []string{"shift-left"}, "time", "", "a minute back, or sixty intervals"},
		{doFarForth, []string{"shift-right"}, "time", "", "a minute forth, or sixty intervals"},
		{doAgain, []string{"r"}, "time", "again", "from the beginning, with the same seed"},
		{doNextSeed, []string{"R"}, "time", "", "from the beginning, with the next seed"},

		{doInject, []string{"i"}, "what a hand can do", "inject", "inject a fault"},
		{doDial, []string{"t"}, "what a hand can do", "dial", "turn a dial: change a policy of what is selected, from now on"},
		{doHeal, []string{"h"}, "what a hand can do", "heal", "heal: end a fault"},
		{doBranch, []string{"b"}, "what a hand can do", "branch", "branch: keep the run so far as the twin that goes on without what is done from now on; again: let it go"},
		{doWrite, []string{"w"}, "what a hand can do", "write", "write the session as a scenario, the report, or the screen"},

		{doMap, []string{"1"}, "views", "", "the map: who calls whom"},
		{doServices, []string{"2"}, "views", "", "the table of services"},
		{doEdges, []string{"3"}, "views", "", "the table of edges"},
		{doQueues, []string{"4"}, "views", "", "the table of queues"},
		{doSources, []string{"5"}, "views", "", "the table of sources"},
		{doCharts, []string{"6"}, "views", "", "charts over time"},
		{doStory, []string{"7"}, "views", "", "the story: what happened, in order"},
		{doOpen, []string{"enter"}, "views", "open", "the page of what is selected"},
		{doPane, []string{"tab"}, "views", "pane", "the next pane"},
		{doPaneBack, []string{"shift-tab"}, "views", "", "the pane before"},
		{doMaximise, []string{"z"}, "views", "zoom", "the pane over the whole screen, or back"},
		{doEscape, []string{"esc"}, "views", "back", "back: all that the filter hid, or to what was seen before"},

		{doUp, []string{"up", "k"}, "moving", "", "up"},
		{doDown, []string{"down", "j"}, "moving", "", "down"},
		{doLeft, []string{"H", "<"}, "moving", "", "left (h heals, and the arrows go through time)"},
		{doRight, []string{"l", "L", ">"}, "moving", "", "right"},
		{doPageUp, []string{"pgup"}, "moving", "", "a page up"},
		{doPageDown, []string{"pgdn"}, "moving", "", "a page down"},
		{doTop, []string{"g", "home"}, "moving", "", "to the top"},
		{doBottom, []string{"G", "end"}, "moving", "", "to the bottom; the story follows the run again"},
		{doSort, []string{"s"}, "moving", "sort", "sort the table by its next column"},
		{doReverse, []string{"S"}, "moving", "", "sort it the other way round"},

		{doFilter, []string{"/"}, "finding", "filter", "list only what has a word in its name"},
		{doNext, []string{"n"}, "finding", "next", "to the next that the filter finds"},
		{doPrevious, []string{"N"}, "finding", "", "to the one before"},
		{doCommand, []string{":"}, "finding", "command", "type a command, with completion"},
		{doHelp, []string{"?", "f1"}, "finding", "help", "what a hand can do: search it, run it"},

		{doMouse, []string{"m"}, "screen", "", "mouse on or off; off, the terminal's own selection works"},
		{doCopy, []string{"y"}, "screen", "", "copy the text of the pane to the clipboard, where the terminal allows it"},
		{doRepaint, []string{"ctrl-l"}, "screen", "", "paint the screen anew"},
		{doSuspend, []string{"ctrl-z"}, "screen", "", "leave the screen for a while; fg comes back"},
		{doQuit, []string{"q", "ctrl-c"}, "screen", "quit", "quit"},
	}
}

// names of keys that are no letters.
var keyNames = map[tcell.Key]string{
	tcell.KeyEnter: "enter", tcell.KeyTab: "tab", tcell.KeyBacktab: "shift-tab", tcell.KeyEscape: "esc",
	tcell.KeyUp: "up", tcell.KeyDown: "down", tcell.KeyLeft: "left", tcell.KeyRight: "right",
	tcell.KeyPgUp: "pgup", tcell.KeyPgDn: "pgdn", tcell.KeyHome: "home", tcell.KeyEnd: "end",
	tcell.KeyDelete: "delete", tcell.KeyInsert: "insert", tcell.KeyBackspace: "backspace", tcell.KeyBackspace2: "backspace",
	tcell.KeyCtrlL: "ctrl-l", tcell.KeyCtrlZ: "ctrl-z", tcell.KeyCtrlC: "ctrl-c",
}

// keyName is how a key is written.
func keyName(e *tcell.EventKey) string {
	if e.Key() == tcell.KeyRune {
		name := string(e.Rune())
		if name == " " {
			name = "space"
		}
		if e.Modifiers()&tcell.ModAlt != 0 {
			name = "alt-" + name
		}
		return name
	}
	if e.Key() >= tcell.KeyF1 && e.Key() <= tcell.KeyF12 {
		return strings.ToLower(tcell.KeyNames[e.Key()])
	}
	name := keyNames[e.Key()]
	if name == "" {
		return strings.ToLower(tcell.KeyNames[e.Key()])
	}
	if e.Modifiers()&tcell.ModShift != 0 && !strings.HasPrefix(name, "shift-") {
		name = "shift-" + name
	}
	return name
}
