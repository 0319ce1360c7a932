package tui

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gdamore/tcell/v2"

	"cascade/sim/report"
)

// story tells what happened, in order, the newest at the bottom. It follows the run
// until a hand goes up: then the hand is on a line, and what that is about is selected.
type story struct {
	*state
	scrolled bool // top is where the hand put it; else the end is shown
	at       int  // the line where the hand is; -1: on none
	top      int  // lines of the screen above the first that is shown
	page     int  // lines that there was room for

	told [2]telling // of the run, of the twin
	laid laid
}

// laid is the story as it was laid out last, and what it depends on.
type laid struct {
	told   [2]*report.Report
	width  int
	look   *look
	filter string
	all    []told // that the filter leaves
	of     int    // of so many
	lines  []told // as they stand on the screen
	first  []int  // by line of all: the first that it takes there
	wide   int    // columns of the times
}

// A telling is what a report tells, kept because frames between two intervals have the
// same report.
type telling struct {
	report *report.Report
	lines  []report.Line
}

func (t *telling) of(r *report.Report) []report.Line {
	if t.report != r {
		t.report, t.lines = r, r.LongStory()
	}
	return t.lines
}

func newStory(s *state) view { return &story{state: s, at: -1} }

func (v *story) name() string     { return "story" }
func (v *story) footer() []action { return []action{doUp, doBottom, doOpen} }

func (v *story) word(a action) string {
	return map[action]string{doUp: "earlier", doBottom: "newest"}[a]
}

// act moves the hand from line to line; below the last one the story follows again.
func (v *story) act(a action) bool {
	n := len(v.laid.all)
	at := v.hand(a == doUp || a == doPageUp)
	switch a {
	case doUp:
		at--
	case doDown:
		at++
	case doPageUp:
		at = min(v.entry(v.laid.line(at)-max(v.page-1, 1)), at-1)
	case doPageDown:
		at = max(v.entry(v.laid.line(at)+max(v.page-1, 1)), at+1)
	case doTop:
		at = 0
	case doBottom:
		at = n
	default:
		return false
	}
	if v.scrolled = n > 0 && at < n; !v.scrolled {
		v.at = -1
		return true
	}
	v.top = v.seen()
	v.take(max(at, 0))
	return true
}

// hand is the line where the hand is. Where it is on none it comes from beyond what is
// seen, so that it is on the last line there once it has gone up, and on the first once it
// has gone down.
func (v *story) hand(goingUp bool) int {
	n := len(v.laid.all)
	switch {
	case v.scrolled && v.at >= 0:
		return min(v.at, n-1)
	case goingUp:
		return v.entry(v.seen()+v.page-1) + 1
	case v.scrolled:
		return v.entry(v.seen()) - 1
	}
	return n
}

// take puts the hand on a line, and selects what that is about.
func (v *story) take(at int) (found bool) {
	v.scrolled, v.at = true, at
	name := v.nameIn(v.laid.all[at].text)
	if name != "" {
		v.selected = name
	}
	return name != ""
}

// nameIn is what a sentence is about: the first of its words that is the name of a thing,
// or of a fault, which is on one.
func (v *story) nameIn(text string) string {
	for _, word := range strings.Fields(text) {
		name := strings.TrimSuffix(strings.Trim(word, ",;:.()"), "'s")
		for i := range v.plan().Faults {
			if f := &v.plan().Faults[i]; f.Name == name {
				name = f.On
			}
		}
		if find(v.plan(), name).kind != noTarget {
			return name
		}
	}
	return ""
}

// seen is the first line of the screen that is shown.
func (v *story) seen() int {
	end := max(len(v.laid.lines)-v.page, 0)
	if v.scrolled {
		return max(min(v.top, end), 0)
	}
	return end
}

// entry is the line of which a line of the screen is a part, or the nearest.
func (v *story) entry(line int) int {
	at := 0
	for at+1 < len(v.laid.first) && v.laid.first[at+1] <= line {
		at++
	}
	return at
}

// line is where on the screen a line begins; behind the last one, where all ends.
func (l *laid) line(at int) int {
	if at >= len(l.first) {
		return len(l.lines)
	}
	return l.first[max(at, 0)]
}

// click puts the hand on a line, and says whether it is about anything; the wheel scrolls.
func (v *story) click(_, y int, button tcell.ButtonMask) bool {
	by := 0
	switch {
	case button&tcell.WheelUp != 0:
		by = -wheelLines
	case button&tcell.WheelDown != 0:
		by = wheelLines
	case button&tcell.ButtonPrimary == 0 || y < 0 || y >= v.page || v.seen()+y >= len(v.laid.lines):
		return false
	default:
		v.top = v.seen()
		return v.take(v.entry(v.top + y))
	}
	v.top = max(v.seen()+by, 0)
	v.scrolled, v.at = v.top+v.page < len(v.laid.lines), -1
	return true
}

// wheelLines are so many lines that the wheel scrolls by.
const wheelLines = 3

// A told is a line of the story on the screen.
type told struct {
	when, text string
	mark       string
	style      tcell.Style
	marked     tcell.Style // the mark
}

func (v *story) draw(p pen, focused bool) {
	now := laid{told: [2]*report.Report{v.frame.Run.Report, nil}, width: p.w, look: v.look, filter: v.filter}
	if v.frame.Twin != nil {
		now.told[1] = v.frame.Twin.Report
	}
	if was := &v.laid; was.told != now.told || was.width != now.width || was.look != now.look || was.filter != now.filter {
		if was.filter != now.filter {
			v.scrolled, v.at = false, -1
		}
		v.lay(&now)
		v.laid = now
	}
	lines, wide := v.laid.lines, v.laid.wide
	follows, filtered := "", ""
	if v.scrolled {
		follows = v.look.cut("G follows again", p.w)
	}
	if v.filter != "" {
		filtered = fmt.Sprintf("%d of %d lines shown, filter: %s", len(v.laid.all), v.laid.of, v.filter)
	}
	v.page = p.h
	if follows != "" || filtered != "" {
		v.page = max(p.h-1, 0)
		p.right(p.w, p.h-1, follows, v.look.accent)
		p.text(0, p.h-1, v.look.cut(filtered, p.w-widthOf(follows)-2), v.look.accent)
	}
	if len(lines) == 0 && v.filter != "" {
		for y, line := range wrapped(fmt.Sprintf("no line of the story has %q in it: esc takes the filter away", v.filter), p.w-4) {
			p.text(2, 1+y, line, v.look.dim)
		}
		return
	}
	if v.at = min(v.at, len(v.laid.all)-1); v.scrolled && v.at >= 0 {
		v.top = min(max(v.top, v.laid.line(v.at+1)-v.page), v.laid.line(v.at))
	}
	top := v.seen()
	for y := range min(v.page, len(lines)-top) {
		l := &lines[top+y]
		p.right(wide, y, l.when, v.look.dim)
		p.text(wide+1, y, l.mark, l.marked)
		p.text(wide+3, y, l.text, l.style)
		if focused && v.scrolled && v.at >= 0 && v.entry(top+y) == v.at {
			for x := range p.w {
				p.style(x, y, v.look.pointed)
			}
		}
	}
}

// lay breaks the story into lines of the screen.
func (v *story) lay(l *laid) {
	all := v.merged()
	l.of = len(all)
	l.all = slices.DeleteFunc(all, func(t told) bool { return !v.passes(t.text) })
	for i := range l.all {
		l.wide = max(l.wide, widthOf(l.all[i].when))
	}
	for i := range l.all {
		of := &l.all[i]
		l.first = append(l.first, len(l.lines))
		for k, part := range wrapped(of.text, l.width-l.wide-3) {
			next := told{text: part, style: of.style}
			if k == 0 {
				next.when, next.mark, next.marked = of.when, of.mark, of.marked
			}
			l.lines = append(l.lines, next)
		}
	}
}

// merged is the story of the run, and in between what the twin's says otherwise.
func (v *story) merged() (all []told) {
	run := v.told[0].of(v.frame.Run.Report)
	var twin []report.Line
	if v.frame.Twin != nil {
		same := map[string]bool{} // looked up only
		for i := range run {
			same[run[i].String()] = true
		}
		for _, l := range v.told[1].of(v.frame.Twin.Report) {
			if !same[l.String()] {
				twin = append(twin, l)
			}
		}
	}
	overall := false
	add := func(l *report.Line, ofTwin bool) {
		t := told{text: l.Text}
		switch {
		case l.Timed:
			t.when = clockText(l.At)
		case !overall: // once: what follows is about the whole run too
			t.when, overall = "in all", true
		}
		t.style, t.mark = v.tone(l.Tone)
		if t.marked = t.style; l.Tone == report.Trouble { // of whose words there are many
			t.marked = v.look.levels[report.Warn]
		}
		if ofTwin {
			t.text, t.style, t.marked = "twin: "+t.text, v.look.twin, v.look.twin
		}
		all = append(all, t)
	}
	for i := range run {
		for len(twin) > 0 && twin[0].Timed && (!run[i].Timed || twin[0].At < run[i].At) {
			add(&twin[0], true)
			twin = twin[1:]
		}
		add(&run[i], false)
	}
	for i := range twin {
		add(&twin[i], true)
	}
	return all
}

// tone is how a line is shown, and its mark.
func (v *story) tone(t report.Tone) (tcell.Style, string) {
	switch t {
	case report.Caused:
		return v.look.fault, string(v.look.signs().fault)
	case report.Changed:
		return v.look.set, string(v.look.signs().set)
	case report.Trouble:
		return v.look.plain, v.look.marks[report.Warn]
	case report.Recovered:
		return v.look.level(report.OK)
	}
	return v.look.plain, " "
}
