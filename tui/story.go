package tui

import (
	"github.com/gdamore/tcell/v2"

	"cascade/sim/report"
)

// story tells what happened, in order, the newest at the bottom. It follows the run
// until a hand scrolls up.
type story struct {
	*state
	scrolled bool // top is where the hand put it; else the end is shown
	top      int  // lines of the screen above the first that is shown
	total    int  // that there were
	page     int  // that there was room for

	told [2]telling // of the run, of the twin
	laid laid
}

// laid is the story as it was laid out last, and what it depends on.
type laid struct {
	told  [2]*report.Report
	width int
	look  *look
	lines []told
	wide  int // columns of the times
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

func newStory(s *state) view { return &story{state: s} }

func (v *story) name() string                            { return "story" }
func (v *story) footer() []action                        { return []action{doUp, doBottom} }
func (v *story) click(_, _ int, _ tcell.ButtonMask) bool { return false }

func (v *story) word(a action) string {
	return map[action]string{doUp: "earlier", doBottom: "newest"}[a]
}

func (v *story) act(a action) bool {
	end := max(v.total-v.page, 0)
	top := end
	if v.scrolled {
		top = min(v.top, end)
	}
	switch a {
	case doUp:
		top--
	case doDown:
		top++
	case doPageUp:
		top -= max(v.page-1, 1)
	case doPageDown:
		top += max(v.page-1, 1)
	case doTop:
		top = 0
	case doBottom:
		top = end
	default:
		return false
	}
	v.top, v.scrolled = max(top, 0), top < end
	return true
}

// A told is a line of the story on the screen.
type told struct {
	when, text string
	mark       string
	style      tcell.Style
}

func (v *story) draw(p pen, _ bool) {
	now := laid{told: [2]*report.Report{v.frame.Run.Report, nil}, width: p.w, look: v.look}
	if v.frame.Twin != nil {
		now.told[1] = v.frame.Twin.Report
	}
	if v.laid.told != now.told || v.laid.width != now.width || v.laid.look != now.look {
		now.lines, now.wide = v.lay(p.w)
		v.laid = now
	}
	lines, wide := v.laid.lines, v.laid.wide
	v.total, v.page = len(lines), p.h
	follows := ""
	if v.scrolled && len(lines) > p.h {
		v.page = p.h - 1
		follows = "G follows again"
	}
	end := max(v.total-v.page, 0)
	top := end
	if v.scrolled {
		top = min(v.top, end)
	}
	for y := range min(v.page, v.total-top) {
		l := &lines[top+y]
		p.right(wide, y, l.when, v.look.dim)
		p.text(wide+1, y, l.mark, l.style)
		p.text(wide+3, y, l.text, l.style)
	}
	if follows != "" {
		p.right(p.w, p.h-1, follows, v.look.accent)
	}
}

// lay breaks the story into lines of the screen, and says how wide the times are.
func (v *story) lay(width int) (lines []told, wide int) {
	all := v.merged()
	for i := range all {
		wide = max(wide, widthOf(all[i].when))
	}
	for i := range all {
		l := &all[i]
		for k, part := range wrapped(l.text, width-wide-3) {
			next := told{text: part, style: l.style}
			if k == 0 {
				next.when, next.mark = l.when, l.mark
			}
			lines = append(lines, next)
		}
	}
	return lines, wide
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
		if ofTwin {
			t.text, t.style = "twin: "+t.text, v.look.twin
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
		return v.look.fault, string(v.look.glyphs.fault)
	case report.Trouble:
		return v.look.plain, v.look.marks[report.Warn]
	case report.Recovered:
		return v.look.level(report.OK)
	}
	return v.look.plain, " "
}
