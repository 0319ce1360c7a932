package tui

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"

	"cascade/tui/player"
	"cascade/tui/shot"
)

// ErrExists is what Options.Save answers where the file is there already, and it was not
// told to replace it.
var ErrExists = errors.New("it is there already")

// A writing is the form of a file to be written.
type writing struct {
	*console
	form
	what    string // what the file is of, when its name was last made up
	problem string
	replace string // the file that was there already; Enter once more replaces it
}

// What can be written.
const (
	writeSession = "session"
	writeReport  = "report"
	writeText    = "text"
	writeSVG     = "svg"
)

// writeForm opens the form.
func (c *console) writeForm() {
	c.hold()
	w := &writing{console: c, form: form{look: c.look, button: "Write"}}
	what := newField(c.look, "what", writeSession)
	what.choices = []choice{
		{writeSession, "the scenario with all that was done: a file that runs to the same bytes"},
		{writeReport, "what the run has come to, as JSON"},
		{writeText, "the screen as text"},
		{writeSVG, "the screen as a picture"},
	}
	w.fields = []*field{what, newField(c.look, "file", "")}
	w.changed()
	w.goTo(1) // the session is what is mostly meant, so Enter writes it, and a name can be typed at once
	c.over = w
}

// changed brings the name of the file in line with what it is of, or the other way round
// where a hand has typed the name and not said what it is of.
func (w *writing) changed() {
	what := w.fields[0]
	if file := w.fields[1]; file.typed && !what.typed {
		if of := contentOf(file.text()); of != "" {
			what.put(of)
		}
	}
	i := slices.IndexFunc(what.choices, func(of choice) bool { return of.name == what.value() })
	if i < 0 {
		w.problem = "it is one of session, report, text and svg"
		return
	}
	what.about = what.choices[i].about
	w.fields[1].about = what.about
	if w.what != what.value() {
		w.what = what.value()
		if file := w.fields[1]; !file.typed {
			file.put(w.plan().Name + map[string]string{writeSession: "-session.yaml", writeReport: "-report.json", writeText: "-screen.txt", writeSVG: "-screen.svg"}[w.what])
		}
	}
	w.problem, w.replace = "", ""
}

// isThere says that a file is there already: Enter once more writes over it.
func (w *writing) isThere(file string) {
	w.problem, w.replace = file+" is there already; enter once more writes over it", file
}

// writeOver opens the form for a file that is there already.
func (c *console) writeOver(what, file string) {
	c.writeForm()
	w := c.over.(*writing)
	w.fields[0].put(what)
	w.fields[1].put(file)
	w.fields[0].typed, w.fields[1].typed = true, true
	w.changed()
	w.goTo(1)
	w.isThere(file)
}

func (w *writing) draw(p pen) {
	in := w.sheet(p, "write", 72, 9)
	fields := in.in(0, 1, in.w, 3)
	w.form.draw(fields)
	about := ""
	if of := w.current(); of != nil {
		about = of.about
	}
	var problems []string
	if w.problem != "" {
		problems = []string{w.problem}
	}
	w.drawProblems(in.in(0, in.h-2, in.w, 2), problems, about)
	fields.h = 2
	w.drawChoices(fields, in.h-1)
}

func (w *writing) key(e *tcell.EventKey, _ func(tview.Primitive)) bool {
	switch w.form.key(e) {
	case formChanged:
		w.changed()
	case formLeft:
		return false
	case formApplied:
		file := w.value("file")
		if what := w.fields[0]; what.value() != w.what {
			return true // of which the problem is shown
		}
		said, err := w.write(w.what, file, w.replace == file && file != "")
		switch {
		case errors.Is(err, ErrExists):
			w.isThere(file)
		case err != nil:
			w.problem = err.Error()
		default:
			w.said = said
			return false
		}
	}
	return true
}

func (w *writing) paste(text string) {
	w.form.paste(text)
	w.changed()
}

func (w *writing) about() string {
	if w.atLast() {
		return "enter write   up what else can be written   esc leave"
	}
	return "enter next   ctrl-s write   esc leave"
}

// write writes a file, and returns what to do with it.
func (c *console) write(what, file string, replace bool) (said string, err error) {
	switch {
	case c.out.save == nil:
		return "", errors.New("nothing can be written here")
	case file == "":
		return "", errors.New("a file needs a name")
	}
	said = "wrote " + file
	var fill func(io.Writer) error
	switch what {
	case writeSession:
		if c.editor == nil {
			return "", errors.New("there is no scenario to write here")
		}
		text, err := c.editor.Text(c.changes, file)
		if err != nil {
			return "", err
		}
		fill = func(to io.Writer) error { _, err := to.Write(text); return err }
		said += ": cascade run " + quotedIn(file)
	case writeReport:
		if f := c.player.Frame(); f.State == player.Seeking {
			return "", fmt.Errorf("the run is on its way to %s; write the report once it is there", clockText(f.Goal))
		}
		r, err := c.player.Report()
		if err != nil {
			return "", err
		}
		fill = r.WriteJSON
		if !r.Complete {
			said += ": the run until " + clockText(r.End) + ", of " + clockText(c.plan().Duration)
		}
	case writeText, writeSVG:
		g, err := c.shoot()
		if err != nil {
			return "", err
		}
		content := []byte(g.Text())
		if what == writeSVG {
			content = g.SVG("cascade tui " + c.plan().Name)
		}
		fill = func(to io.Writer) error { _, err := to.Write(content); return err }
	}
	if err = c.out.save(file, replace, fill); err == nil && what == writeSession {
		c.written = slices.Clone(c.changes)
	}
	return said, err
}

// shoot is the screen as it is without what lies over the panes.
func (c *console) shoot() (shot.Grid, error) {
	screen := tcell.NewSimulationScreen("UTF-8")
	if err := screen.Init(); err != nil {
		return shot.Grid{}, err
	}
	defer screen.Fini()
	_, _, w, h := c.GetRect()
	screen.SetSize(w, h)
	over, said := c.over, c.said
	c.over, c.said = nil, ""
	c.Draw(screen)
	c.over, c.said = over, said
	g := shot.Take(screen)
	if c.look.light {
		g = g.OnLight()
	}
	return g, nil
}

// contentOf is what a file is of, by the end of its name; "" where that does not say.
func contentOf(file string) string {
	switch strings.ToLower(filepath.Ext(file)) {
	case ".yaml", ".yml":
		return writeSession
	case ".json":
		return writeReport
	case ".txt":
		return writeText
	case ".svg":
		return writeSVG
	}
	return ""
}

// quotedIn is a file's name as it is typed into a shell, and no flag there.
func quotedIn(file string) string {
	if strings.HasPrefix(file, "-") {
		file = "./" + file
	}
	if strings.ContainsAny(file, " \t'\"\\$&|;<>()*?[]{}~#!`") {
		return "'" + strings.ReplaceAll(file, "'", `'\''`) + "'"
	}
	return file
}
