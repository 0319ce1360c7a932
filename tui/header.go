package tui

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gdamore/tcell/v2"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/sim/report"
	"cascade/tui/player"
)

// headerLines are two, and one more that compares the run with its twin.
func (c *console) headerLines() int {
	if c.frame.Twin != nil {
		return 3
	}
	return 2
}

// header tells what runs, how far it is and how fast, how its expectations stand, what
// is in force; and of a branch, what it changed.
func (c *console) header(p pen) {
	f, l := c.frame, c.look
	plan := f.Run.Plan

	// How wide the name and the way are is a matter of the screen alone, so that nothing
	// jumps when words come and go: they take what is left.
	x := p.text(1, 0, l.cut(plan.Name, max(p.w/4, 15)), l.title)
	way := min(max((p.w-40)/3, leastWay), 60)
	c.progress(p.in(x+2, 0, way, 1))
	x = p.text(x+2+way+2, 0, c.clock()+" of "+clockText(plan.Duration), l.strong)
	end := p.w - 1
	pace, verdict, level, seed := c.words(end - x - 2)
	if verdict != "" {
		p.right(end, 0, verdict, l.levels[level])
		end -= widthOf(verdict) + 2
	}
	_, style := c.pace()
	x = p.text(x+2, 0, l.cut(pace, max(end-x-2, 0)), style)
	p.text(x+2, 0, seed, l.dim)

	text, fault := c.inForce()
	look := l.dim
	if fault {
		look = l.fault
	}
	// What users get goes before which key there is, where there is no room for both.
	if users, _ := c.users(p.w - widthOf(text) - 5); len(users) == 0 {
		short := strings.TrimSuffix(text, c.offer())
		if users, _ := c.users(p.w - widthOf(short) - 5); len(users) > 0 {
			text = short
		}
	}
	x = p.text(1, 1, l.cut(text, p.w-2), look)
	users, rest := c.users(p.w - x - 4)
	x = p.w - 1 - widthOf(rest)
	for _, u := range users {
		x -= widthOf(u.text) + 2
	}
	if rest == "" {
		x += 2
	}
	for _, u := range users {
		x = p.text(x, 1, u.text, u.style) + 2
	}
	p.text(x, 1, rest, l.dim)
	if f.Twin != nil {
		since := "branched at " + clockText(f.Branched) + " (twin in brackets): "
		if p.w < 100 {
			since = l.delta + " " + clockText(f.Branched) + ": "
		}
		difference := f.Difference.Text(p.w - 2 - widthOf(since))
		if l.ascii {
			difference = strings.ReplaceAll(difference, "·", "|")
		}
		p.text(1, 2, l.cut(since+difference, p.w-2), l.twin)
	}
}

// A use is what the users of a source get, in words.
type use struct {
	text  string
	level report.Level
	style tcell.Style
}

// users tell at the right what the users of each source get, whatever is shown below: of
// all of them where there is room, else of as many as there is, the worst first, and how
// many more there are.
func (c *console) users(room int) (uses []use, rest string) {
	l, plan := c.look, c.plan()
	all := 0
	for i := range plan.Sources {
		u := use{text: plan.Sources[i].Name + " " + missing, style: l.dim}
		if share, level, known := succeeds(&c.frame.Run, i); known {
			u.text, u.level = fmt.Sprintf("%s %s %s ok", l.marks[level], plan.Sources[i].Name, report.ShareText(share)), level
			if level > report.OK {
				u.style = l.levels[level]
			}
		}
		uses = append(uses, u)
		all += widthOf(u.text) + 2
	}
	if all-2 > room {
		slices.SortStableFunc(uses, func(a, b use) int { return cmp.Compare(b.level, a.level) })
	}
	shown, width := 0, 0
	for shown < len(uses) {
		next, left := width+widthOf(uses[shown].text), ""
		if more := len(uses) - shown - 1; more > 0 {
			next, left = next+2, fmt.Sprintf("+%d", more)
		}
		if next+widthOf(left) > room {
			break
		}
		shown, width, rest = shown+1, next, left
	}
	return uses[:shown], rest
}

// leastWay is how many columns the way through the run has at least.
const leastWay = 10

// words are how time passes, how the expectations stand, and the luck, in as many words as
// there is room for.
func (c *console) words(room int) (pace, verdict string, level report.Level, seed string) {
	paces, _ := c.pace()
	verdicts, level := c.verdict()
	luck := fmt.Sprintf("seed %d", c.plan().Seed)
	for _, of := range [...][3]string{
		{paces[0], verdicts[0], luck},
		{paces[0], verdicts[0]},
		{paces[0], verdicts[1]},
		{paces[0], verdicts[2]},
		{paces[1], verdicts[2]},
	} {
		taken := -2
		for _, word := range of {
			if word != "" {
				taken += widthOf(word) + 2
			}
		}
		if taken <= room {
			return of[0], of[1], level, of[2]
		}
	}
	return paces[1], "", level, ""
}

// progress is the way through the run, with what is planned to break on it, and broke.
func (c *console) progress(p pen) {
	f, l := c.frame, c.look
	plan := f.Run.Plan
	if plan.Duration <= 0 {
		return
	}
	p.bar(l, 0, 0, p.w, float64(f.Now)/float64(plan.Duration), l.plain)
	column := max(plan.Duration/des.Time(p.w), 1)
	for i := range plan.Faults {
		ft := &plan.Faults[i]
		if ft.Kind == sim.Set {
			continue // which may as well be the cure, and often lasts to the end
		}
		for from := ft.From; from < plan.Duration; from += max(ft.Every, column) {
			for x := int(from / column); x < p.w && des.Time(x)*column < max(from+ft.Until-ft.From, from+1); x++ {
				glyph, style := l.glyphs.fault, l.fault.Underline(false)
				if color, _, _ := style.Decompose(); des.Time(x)*column >= f.Now {
					style = style.Dim(true).Background(l.behind) // to come
				} else if color != tcell.ColorDefault && !l.ascii {
					glyph, style = l.glyphs.levels[4], l.plain.Background(color) // the bar goes on below it
				}
				p.put(x, 0, glyph, style)
			}
			if ft.Every == 0 {
				break
			}
		}
	}
}

// clock is how far the run is, with as many decimals as it moves by.
func (c *console) clock() string {
	now := c.frame.Now
	decimals := 1
	if i := c.plan().Interval; i < des.Time(time.Second) {
		decimals = 3
	} else if now >= 10*60*second || i > des.Time(10*time.Second) {
		return clockText(now)
	}
	return fmt.Sprintf("%.*fs", decimals, now.Seconds())
}

// pace is how time passes, in words and in short.
func (c *console) pace() (forms [2]string, style tcell.Style) {
	f, l := c.frame, c.look
	speed := c.speedText(f.Speed)
	both := func(words string) [2]string { return [2]string{words, words} }
	switch {
	case f.Run.Err != nil:
		return both("stopped"), l.levels[report.Critical]
	case f.State == player.Playing:
		return both(l.play + " " + speed), l.accent
	case f.State == player.Seeking:
		to := "to " + clockText(f.Goal)
		return [2]string{fmt.Sprintf("on the way %s, %.0f%%", to, 100*f.Progress), to}, l.accent
	case f.State == player.AtEnd:
		return [2]string{"at the end", "end"}, l.accent
	}
	return [2]string{l.pause + " paused, " + speed, l.pause + " " + speed}, l.accent
}

// speedText is ×4, or max.
func (c *console) speedText(s player.Speed) string {
	return strings.Replace(s.String(), "×", c.look.times, 1)
}

// inForce tells of the faults in force, and then of what is set: a setting may as well be
// the cure, so it alone is no alarm. Where no fault is in force it tells of the next; of a
// run that was stopped, by what.
func (c *console) inForce() (text string, fault bool) {
	f := c.frame
	if f.Run.Err != nil {
		return f.Run.Err.Error(), true
	}
	plan := f.Run.Plan
	var now, set []string
	var next *ward
	following := -1
	for i := range plan.Faults {
		ft := &plan.Faults[i]
		switch {
		case f.Run.Active[i] && ft.Kind == sim.Set:
			set = append(set, c.faultText(i)+untilText(ft, plan.Duration))
		case f.Run.Active[i]:
			now = append(now, ft.Name+": "+c.faultText(i)+untilText(ft, plan.Duration))
		default:
			if w := wardOf(ft, f.Now, plan.Duration); !w.inForce && !w.over && (next == nil || w.next() < next.next()) {
				next, following = &w, i
			}
		}
	}
	coming := ""
	if next != nil {
		coming = fmt.Sprintf("; next is %s at %s: %s", next.Name, clockText(next.next()), c.faultText(following))
	}
	switch {
	case len(now) > 0:
		return c.look.marks[report.Critical] + " " + strings.Join(append(now, set...), "; "), true
	case len(set) > 0:
		return strings.Join(set, "; ") + coming, false
	case next != nil:
		return "no fault in force" + coming, false
	}
	none := "no fault in force, and none is to come"
	if len(plan.Faults) == 0 {
		none = "no fault in force, and none is planned"
	}
	if f.State != player.AtEnd {
		none += c.offer()
	}
	return none, false
}

// offer says which key breaks something.
func (c *console) offer() string { return ": " + c.binding(doInject).keys[0] + " injects one" }

// faultText is what a fault of the plan is, in a few words.
func (c *console) faultText(i int) string { return c.frame.Run.Report.Faults[i].What() }

// untilText says how long a fault that does not come back still lasts.
func untilText(f *sim.Fault, duration des.Time) string {
	switch {
	case f.Every > 0 || f.Kind.Instant():
		return ""
	case f.Until >= duration:
		return ", to the end"
	}
	return ", until " + clockText(f.Until)
}

// verdict is how the expectations stand so far: in full, in fewer words, and as a number.
func (c *console) verdict() (forms [3]string, level report.Level) {
	r := c.frame.Run.Report
	all := len(r.Expectations)
	stand := func(n int, word string, level report.Level) ([3]string, report.Level) {
		short := fmt.Sprintf("%s %d/%d", c.look.marks[level], n, all)
		words := fmt.Sprintf("%s %d of %d %s", c.look.marks[level], n, all, word)
		if r.Complete {
			return [3]string{words, words, short}, level
		}
		return [3]string{words + " so far", words, short}, level
	}
	switch held, failed := r.Standing(); {
	case all == 0:
		return forms, report.OK
	case held+failed == 0:
		words := fmt.Sprintf("%d undecided", all)
		return [3]string{words, words, fmt.Sprintf("? 0/%d", all)}, report.OK
	case failed > 0:
		return stand(failed, "failed", report.Critical)
	default:
		return stand(held, "held", report.OK)
	}
}

func clockText(t des.Time) string { return report.ClockText(t) }
