package report

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"cascade/sim/des"
	"cascade/topology"
)

// TextOptions say how the summary is written.
type TextOptions struct {
	Color bool // ANSI colours; nothing is said by colour alone
	ASCII bool // no letter beyond ASCII
	Width int  // columns; 0: 80; at least 60
}

// Bounds of the summary, so that it fits a screen.
const (
	maxVerdicts     = 10
	maxSourceRows   = 6
	maxServiceRows  = 8
	maxCharts       = 5 // of services
	maxSourceCharts = 3
	maxOpenCharts   = 2 // of edges whose breaker opened
	maxCallRows     = 8

	screenLines   = 40 // what there is room for without scrolling, as far as it can be helped
	leastStory    = 8  // lines of the story, which expectations that held make room for
	leastVerdicts = 6  // expectations, likewise
)

// WriteText writes the summary for a terminal: the verdict with every expectation,
// the story, tables of sources and services, and charts over time. With many
// services it shows those that matter and says how many more there are.
func (r *Report) WriteText(w io.Writer, o TextOptions) error {
	if o.Width == 0 {
		o.Width = 80
	}
	o.Width = max(o.Width, 60)
	story, room := r.Story(), room{verdicts: maxVerdicts, piled: maxQueueCharts}
	t := r.summary(o, story, room)
	full := func() bool { return t.squeezed || t.lines() > screenLines }
	if full() && slices.ContainsFunc(r.Queues, func(q Queue) bool { return len(q.Groups) > 1 }) {
		room.tight = true
		t = r.summary(o, story, room)
	}
	shorten := func(least int) { // by what the tables tell once more
		for full() && t.storyLines > least {
			last := -1
			for i := range story {
				if story[i].again {
					last = i
				}
			}
			if last < 0 {
				return
			}
			story = slices.Delete(story, last, last+1)
			t = r.summary(o, story, room)
		}
	}
	shorten(leastStory)
	for fewer := room; t.lines() > screenLines && fewer.verdicts > leastVerdicts; { // if that is what it takes
		fewer.verdicts--
		if s := r.summary(o, story, fewer); s.lines() <= screenLines {
			t, room = s, fewer
		}
	}
	if len(r.Expectations) <= leastVerdicts { // it is not they who take the room
		shorten(0)
	}
	for t.lines() > screenLines && room.piled > 0 { // only now
		room.piled--
		t = r.summary(o, story, room)
	}
	_, err := w.Write(t.out.Bytes())
	return err
}

// A room is what the summary leaves out where the screen has no room for it.
type room struct {
	tight    bool // groups of streams are shown only where they are in trouble
	verdicts int  // so many expectations are shown; those that failed in any case
	piled    int  // so many charts of what is not done in queues are shown, fit or not
}

func (r *Report) summary(o TextOptions, story []Line, room room) *screen {
	t := &screen{TextOptions: o, room: room}
	t.heading(r)
	t.verdicts(r)
	t.story(r, story)
	t.sources(r)
	t.services(r)
	t.calls(r)
	t.queues(r)
	t.guards(r)
	t.charts(r)
	return t
}

// A screen is the summary as it is written.
type screen struct {
	TextOptions
	room
	out        bytes.Buffer
	storyLines int
	squeezed   bool // queues, guards or charts were left out for want of room
}

// A style is an ANSI rendition.
type style string

const (
	bold   style = "1"
	dim    style = "2"
	red    style = "31;1"
	green  style = "32"
	yellow style = "33"
)

// in sets a text in a style, but for the blanks around it.
func (t *screen) in(s style, text string) string {
	inner := strings.TrimSpace(text)
	if !t.Color || inner == "" || s == "" {
		return text
	}
	from := strings.Index(text, inner)
	return text[:from] + "\x1b[" + string(s) + "m" + inner + "\x1b[0m" + text[from+len(inner):]
}

// line ends a line; there are no blanks at its end.
func (t *screen) line(parts ...string) {
	t.out.WriteString(strings.TrimRight(strings.Join(parts, ""), " "))
	t.out.WriteByte('\n')
}

// sign is the first text, or with ASCII the second.
func (t *screen) sign(fine, ascii string) string {
	if t.ASCII {
		return ascii
	}
	return fine
}

// clean takes out of a user's words what would move the cursor.
func (t *screen) clean(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || t.ASCII && r > '~' {
			return '?'
		}
		return r
	}, s)
}

// cut shortens a text to n columns, and says so. What goes is the middle: long
// names often differ in their ends only.
func (t *screen) cut(s string, n int) string {
	s = t.clean(s)
	length := utf8.RuneCountInString(s)
	if length <= n {
		return s
	}
	mark := t.sign("…", "...")
	keep := max(n-utf8.RuneCountInString(mark), 0)
	runes := []rune(s)
	return string(runes[:keep-keep/2]) + mark + string(runes[length-keep/2:])
}

// left and right pad a text to n columns.
func (t *screen) left(s string, n int) string {
	s = t.cut(s, n)
	return s + strings.Repeat(" ", n-utf8.RuneCountInString(s))
}

func (t *screen) right(s string, n int) string {
	s = t.cut(s, n)
	return strings.Repeat(" ", n-utf8.RuneCountInString(s)) + s
}

func (t *screen) heading(r *Report) {
	held, _ := r.Standing()
	verdict, look := "PASS", green
	switch r.Verdict {
	case Fail:
		verdict, look = "FAIL", red
	case Undecided:
		verdict, look = "UNDECIDED", yellow
	}
	how := fmt.Sprintf("%d of %d expectations held", held, len(r.Expectations))
	if len(r.Expectations) == 0 {
		how = "it ran; nothing was expected of it"
	}
	ran := "ran " + clock(r.Duration)
	switch {
	case !r.Complete:
		// No verdict on the whole: what has run may hold for the wrong reason.
		how = strings.ToLower(verdict) + ": " + how + " so far"
		if len(r.Expectations) == 0 {
			how = "nothing was expected of it"
		}
		verdict, look = "INTERRUPTED", yellow
		ran = fmt.Sprintf("stopped at %s of %s", clock(r.End), clock(r.Duration))
	case r.Warmup > 0:
		ran += fmt.Sprintf(" (%s warm-up)", clock(r.Warmup))
	}
	room := t.Width - len(verdict) - len(how) - 4
	t.line(t.in(bold, t.cut(r.Name, room)), "  ", t.in(look, verdict), "  ", how)
	about := fmt.Sprintf("%s, seed %d, %s events, fingerprint %s", ran, r.Seed, grouped(r.Events), r.fingerprint())
	for _, l := range wrap(about, t.Width) {
		t.line(t.in(dim, l))
	}
}

func (t *screen) title(name string) {
	t.line()
	t.line(t.in(bold, name))
}

// verdicts lists the expectations, in file order: those that failed first of all
// when there are too many.
func (t *screen) verdicts(r *Report) {
	if len(r.Expectations) == 0 {
		return
	}
	t.title("Expectations")
	free, held := t.room.verdicts, 0 // free: lines for those that held
	for i := range r.Expectations {
		if r.Expectations[i].Pass {
			held++
		} else {
			free--
		}
	}
	if held == free+1 && free >= 0 { // to say that there is one more takes a line too
		free++
	}
	left := 0
	shownBad := 0
	for i := range r.Expectations {
		j := &r.Expectations[i]
		mark, look := t.sign("✓", "ok"), green
		switch {
		case j.Undecided:
			mark, look = t.sign("?", "??"), yellow
		case !j.Pass:
			mark, look = t.sign("✗", "NO"), red
		}
		if j.Pass {
			if free--; free < 0 {
				left++
				continue
			}
		} else if shownBad++; shownBad > maxVerdicts {
			left++
			continue
		}
		actual := j.Why
		if j.Measured && !j.Undecided {
			actual = inUnit(j.Actual, j.unit)
			if actual == inUnit(j.Bound, j.unit) && j.Actual != j.Bound {
				actual = exactly(j.Actual, j.unit)
			}
		}
		indent := "  " + mark + " "
		room := t.Width - utf8.RuneCountInString(indent)
		text := t.clean(j.Text)
		if actual == j.Why && utf8.RuneCountInString(text)+2+len(actual) > room { // a reason takes a line of its own
			t.hung(look, indent, text, "", room)
			for _, l := range wrap(actual, room-2) {
				t.line(strings.Repeat(" ", utf8.RuneCountInString(indent)+2), t.in(look, l))
			}
			continue
		}
		if !j.Pass && utf8.RuneCountInString(text)+2+len(actual) > room { // nothing of what failed is left out
			t.hung(look, indent, text, actual, room)
			continue
		}
		text = t.cut(text, room-2-len(actual))
		t.line(t.in(look, indent), text, t.in(look, t.right(actual, room-utf8.RuneCountInString(text))))
	}
	if left > 0 {
		t.line(t.in(dim, fmt.Sprintf("     and %d more", left)))
	}
}

func (t *screen) story(r *Report, story []Line) {
	t.title("What happened")
	before := t.lines()
	defer func() { t.storyLines = t.lines() - before }()
	wide := 6 // of the times
	for _, l := range story {
		wide = max(wide, len(clock(l.At)))
	}
	overall := "in all"
	for _, l := range story {
		when := clock(l.At)
		if !l.Timed { // once a label: what follows is not about the end, but about the whole run
			when, overall = overall, ""
		}
		for k, part := range wrap(t.clean(l.Text), t.Width-wide-2) {
			if k > 0 {
				when = ""
			}
			t.line(t.right(when, wide), "  ", part)
		}
	}
	if r.Cascade.LeftOut > 0 {
		t.line(t.right("", wide+2), fmt.Sprintf("%s saturated spans beyond the first %s were left out", grouped(uint64(r.Cascade.LeftOut)), grouped(maxSpans)))
	}
}

// hung writes a text behind its mark, over as many lines as it takes, and a value
// at the right end of the last of them, or of one more.
func (t *screen) hung(look style, mark, text, value string, room int) {
	var lines []string
	for _, l := range wrap(text, room) {
		runes := []rune(l) // a word may be longer than a line
		for ; len(runes) > room; runes = runes[room:] {
			lines = append(lines, string(runes[:room]))
		}
		lines = append(lines, string(runes))
	}
	if last := lines[len(lines)-1]; utf8.RuneCountInString(last)+2+len(value) > room && value != "" {
		lines = append(lines, "")
	}
	for k, l := range lines {
		end := ""
		if k == len(lines)-1 {
			end = t.right(value, room-utf8.RuneCountInString(l))
		}
		t.line(t.in(look, mark), l, t.in(look, end))
		mark = strings.Repeat(" ", utf8.RuneCountInString(mark))
	}
}

// wrap breaks a text at blanks into lines of at most n columns.
func wrap(text string, n int) []string {
	var lines []string
	line, length := "", 0
	for _, w := range strings.Fields(text) {
		wide := utf8.RuneCountInString(w)
		if length > 0 && length+1+wide > n {
			lines = append(lines, line)
			line, length = "", 0
		}
		if length > 0 {
			line, length = line+" ", length+1
		}
		line, length = line+w, length+wide
	}
	return append(lines, line)
}

// A column of a table.
type column struct {
	name  string
	width int
}

// table begins a table; columns that find no room are left out.
func (t *screen) table(name string, columns []column) (shown []column, first int) {
	first = t.Width
	for _, c := range columns {
		if first-c.width < 16 {
			break
		}
		first -= c.width
		shown = append(shown, c)
	}
	row := t.in(bold, t.left(name, first))
	for _, c := range shown {
		row += t.in(dim, t.right(c.name, c.width))
	}
	t.line()
	t.line(row)
	return shown, first
}

// A cell is a text in its style.
type cell struct {
	text string
	look style
}

func (t *screen) row(name string, first int, columns []column, cells ...cell) {
	row := "  " + t.left(name, first-2)
	for i, c := range columns {
		row += t.in(cells[i].look, t.right(cells[i].text, c.width))
	}
	t.line(row)
}

// missing stands for a number that does not exist.
const missing = "-"

func timeCell(d *Distribution, value float64) cell {
	if d.Count == 0 {
		return cell{missing, ""}
	}
	return cell{compact(value), ""}
}

// doneCell is the p99 of what is done, or where that lies among what is not, a word.
func doneCell(c *Completed) cell {
	if word := c.undone(0.99); word != "" {
		return cell{word, red}
	}
	return timeCell(&c.Completion, c.p99)
}

// compact is seconds in at most seven columns: from hours on without the seconds, and
// where that is too long without the minutes.
func compact(s float64) string {
	text := brief(s)
	for _, unit := range []string{"m", "h"} {
		if end := strings.Index(text, unit); len(text) > 7 && end > 0 {
			text = text[:end+1]
		}
	}
	return text
}

func (t *screen) sources(r *Report) {
	columns := []column{{"offered/s", 11}, {"goodput/s", 11}, {"success", 9}, {"p50", 9}, {"p99", 9}}
	// What is answered may be done much later: the p99 of that stands beside the answer's.
	tries := column{"tries/req", 11}
	later := slices.ContainsFunc(r.Sources, func(s Source) bool { return s.Publishes })
	if later {
		columns = []column{{"offered/s", 10}, {"goodput/s", 10}, {"success", 9}, {"p50", 8}, {"p99", 8}, {"done p99", 10}}
		tries.width = 10
	}
	for i := range r.Sources {
		if r.Sources[i].Attempts > r.Sources[i].Offered { // clients that try again
			columns = append(columns, tries)
			break
		}
	}
	columns, first := t.table("Sources", columns)
	length := r.judged()
	for i := range r.Sources {
		if i == maxSourceRows {
			t.line(t.in(dim, fmt.Sprintf("  and %d more", len(r.Sources)-maxSourceRows)))
			break
		}
		s := &r.Sources[i]
		ended := outcomes(s.Ended)
		success := cell{missing, ""}
		if ended.all() > 0 {
			success = cell{percentCell(s.Success), shareLook(1-s.Success, warnFailed, criticalFailed)}
		}
		sent := cell{missing, ""}
		if tries, known := s.TriesARequest(&r.Edges[i]); known {
			sent = cell{decimal(tries), TriesLevel(tries).look()}
		}
		cells := []cell{{often(perSecond(s.Offered, length)), ""}, {often(s.Goodput), ""}, success,
			timeCell(&s.Latency, s.Latency.P50), timeCell(&s.Latency, s.Latency.P99)}
		if later {
			cells = append(cells, doneCell(&s.Completed))
		}
		t.row(s.Name, first, columns, append(cells, sent)...)
	}
}

// judged is how long the totals' time is.
func (r *Report) judged() des.Time { return max(r.End-r.Warmup, 0) }

// shareLook colours a number that is too high.
func shareLook(v, warn, critical float64) style { return levelOf(v, warn, critical).look() }

func (t *screen) services(r *Report) {
	columns, first := t.table("Services", []column{{"arrived/s", 10}, {"errors", 8}, {"held", 7}, {"worst", 7}, {"queue", 8}, {"max", 7}, {"p99", 8}, {"wasted", 8}})
	shown := r.mostConcerned(maxServiceRows)
	for _, i := range shown {
		s := &r.Services[i]
		answers := outcomes(s.Answers)
		errors := cell{missing, ""}
		if n := answers.counted(); n > 0 {
			share := ratio(answers.failures(), n)
			errors = cell{roughly(share), shareLook(share, warnFailed, criticalFailed)}
		}
		held, worst := cell{roughly(s.Saturation), shareLook(s.Saturation, warnHeld, saturatedShare)}, cell{roughly(s.SaturationMax), shareLook(s.SaturationMax, warnHeld, saturatedShare)}
		if s.Unlimited {
			held, worst = cell{missing, ""}, cell{missing, ""}
		}
		wasted := shareLook(s.Wasted, warnFailed, criticalFailed)
		if s.waste.hedges { // nothing is wrong
			wasted = ""
		}
		t.row(s.Name, first, columns, cell{often(perSecond(s.Arrived, r.judged())), ""}, errors, held, worst,
			cell{short(s.QueueMean), shareLook(s.QueueMean, 1, math.Inf(1))}, cell{short(float64(s.QueueMax)), ""},
			timeCell(&s.Latency, s.Latency.P99), cell{roughly(s.Wasted), wasted})
	}
	if more := len(r.Services) - len(shown); more > 0 {
		t.line(t.in(dim, fmt.Sprintf("  and %d more that took less part in it", more)))
	}
}

// A callRow is an edge in the table of calls.
type callRow struct {
	edge                         *Edge
	tries, rejected, away, other uint64 // tries: sent, and turned away by the caller's own guards
	weight                       uint64
}

// calls tells of the edges that retried, timed out or were turned away, the most
// first (of sources' edges only those of clients that try again): shares of the
// tries, what a guard at the caller never let out among them. There is a column of
// that only where there is any, and then none of what never happened; rejected may
// be among the others then.
func (t *screen) calls(r *Report) {
	var rows []callRow
	for i := range r.Edges {
		e := &r.Edges[i]
		if i < len(r.Sources) && e.Retries == 0 {
			continue // the sources' table and story have it
		}
		ended, turned := outcomes(e.Outcomes), outcomes(e.TurnedAway)
		n := callRow{edge: e, tries: e.Attempts + turned.all(), rejected: e.Outcomes[topology.Rejected], away: turned.all()}
		n.other = ended.failures() - e.Outcomes[topology.Timeout] - n.rejected
		n.weight = e.Retries + ended.failures() + n.away
		odd := e.Retries + e.Outcomes[topology.Timeout] + n.rejected + n.away + n.other - e.Outcomes[topology.Error]
		if ratio(odd, n.tries) >= 0.001 {
			rows = append(rows, n)
		}
	}
	if len(rows) == 0 {
		return
	}
	slices.SortStableFunc(rows, func(a, b callRow) int { return cmp.Compare(b.weight, a.weight) })
	more := max(len(rows)-maxCallRows, 0)
	rows = rows[:len(rows)-more]
	type part struct {
		column
		of func(*callRow) uint64
	}
	timeout := part{column{"timeout", 9}, func(n *callRow) uint64 { return n.edge.Outcomes[topology.Timeout] }}
	rejected := part{column{"rejected", 10}, func(n *callRow) uint64 { return n.rejected }}
	away := part{column{"turned away", 13}, func(n *callRow) uint64 { return n.away }}
	other := part{column{"other", 8}, func(n *callRow) uint64 { return n.other }}
	parts := []part{timeout, rejected, other}
	never := func(p part) bool { return !slices.ContainsFunc(rows, func(n callRow) bool { return p.of(&n) > 0 }) }
	if !never(away) {
		parts = []part{timeout, rejected, away, other}
		if !slices.ContainsFunc(parts, never) { // there is no room for all four
			others := part{other.column, func(n *callRow) uint64 { return n.rejected + n.other }}
			parts = []part{timeout, away, others}
		}
		parts = slices.DeleteFunc(parts, never)
	}
	columns := []column{{"calls/s", 9}, {"tries", 7}}
	for _, p := range parts {
		columns = append(columns, p.column)
	}
	columns, first := t.table("Calls", append(columns, column{"p99", 8}))
	for i := range rows {
		n, e := &rows[i], rows[i].edge
		tries := e.triesACall()
		cells := []cell{{often(perSecond(e.Calls, r.judged())), ""}, {decimal(tries), TriesLevel(tries).look()}}
		for _, p := range parts {
			share := ratio(p.of(n), n.tries)
			cells = append(cells, cell{roughly(share), shareLook(share, warnFailed, criticalFailed)})
		}
		t.row(e.ID, first, columns, append(cells, timeCell(&e.Latency, e.Latency.P99))...)
	}
	if more > 0 {
		t.line(t.in(dim, fmt.Sprintf("  and %s more", grouped(uint64(more)))))
	}
}

// triesACall is how often an edge's calls were tried, on average: hedges and what
// the caller's own guards turned away count, calls that a cache or another call
// answered do not.
func (d *Edge) triesACall() float64 {
	tried := d.Calls
	if d.Cache != nil {
		tried -= min(d.Cache.Hits+d.Cache.Coalesced, tried)
	}
	turned := outcomes(d.TurnedAway)
	return ratio(d.Attempts+turned.all(), tried)
}

// concerned is the weight from which on a service is one that the story is about.
const concerned = 3

// concern weighs how much the story is about each service: those that were
// saturated out of the ordinary, their roots, what had a fault, what suffered;
// less than concerned are the others, by their worst saturation.
func (r *Report) concern() []float64 {
	weight := make([]float64, len(r.Services))
	index := make(map[string]int, len(r.Services))
	for i := range r.Services {
		index[r.Services[i].Name] = i
		weight[i] = min(r.Services[i].SaturationMax, 1) + min(r.Services[i].QueueMean, 1)/10
	}
	note := func(name string, w float64) {
		if i, ok := index[name]; ok && weight[i] < w {
			weight[i] = w + weight[i]/10
		}
	}
	for _, name := range r.Cascade.BlastRadius {
		note(name, 4)
	}
	for i := range r.Cascade.Saturated {
		if r.Cascade.notes[i].told {
			note(r.Cascade.Saturated[i].Service, 5)
			note(r.Cascade.Saturated[i].Root, 6)
		}
	}
	for i := range r.Faults {
		for k := range r.Queues { // a queue's fault shows at its consumers
			if q := &r.Queues[k]; q.Name == r.Faults[i].On {
				for _, name := range q.consumers {
					if group := r.Faults[i].Group; group == "" || group == name {
						note(name, concerned)
					}
				}
			}
		}
		name, _, _ := strings.Cut(r.Faults[i].On, ".")
		note(name, 7)
		note(calleeOf(r.Faults[i].On), concerned)
	}
	return weight
}

// mostConcerned are the n services that the story is most about, in file order.
func (r *Report) mostConcerned(n int) []int {
	weight := r.concern()
	order := make([]int, len(r.Services))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case weight[a] > weight[b]:
			return -1
		case weight[a] < weight[b]:
			return 1
		}
		return 0
	})
	order = order[:min(n, len(order))]
	slices.Sort(order)
	return order
}

// charts draws saturation and errors over time, with the faults along the axis.
func (t *screen) charts(r *Report) {
	points := len(r.Timeline.Starts)
	if points == 0 {
		return
	}
	const labels, values = 24, 8
	room := t.Width - labels - values
	ran := r.Duration
	if !r.Complete {
		ran = r.End
	}
	total := int(divideUp(int64(ran), int64(r.Timeline.Point)))
	a := axis{points: total, each: max(int(divideUp(int64(total), int64(room))), 1)}
	a.stretch = max(room/total, 1)
	wide := a.columns()
	end := clock(ran)
	t.line()
	scale := "0s" + t.right(end, max(wide-2, len(end)+1))
	t.line(t.in(bold, t.left("Over time", labels)), t.in(dim, t.left(scale, max(wide, len(scale)))), t.in(dim, t.right("worst", values)))
	faults := 0
	for i := range r.Faults {
		f := &r.Faults[i]
		if f.From >= r.End {
			continue
		}
		if faults++; faults > maxToldFaults {
			continue
		}
		t.line("  ", t.left(f.Name, labels-2), t.in(yellow, a.marks(f, r, t.sign("▀", "="))))
	}
	if faults > maxToldFaults {
		t.line(t.in(dim, "  and "+several(faults-maxToldFaults, "more fault")))
	}
	charted := r.mostConcerned(maxServiceRows)
	if len(charted) > maxCharts {
		charted = r.mostConcerned(maxCharts)
	}
	weight := r.concern()
	var opened []int // edges
	for i := range r.Edges {
		if len(r.Edges[i].Breaker.spells) > 0 && len(opened) < maxOpenCharts {
			opened = append(opened, i)
		}
	}
	var sources []int
	for i := range min(len(r.Sources), maxSourceCharts) {
		sources = append(sources, i)
	}
	lines := t.lines() + len(charted) + len(sources)
	about := func(i int) bool { return weight[i] >= concerned }
	if lines+len(opened) > screenLines && slices.ContainsFunc(charted, about) { // the others have little to show
		lines -= len(charted)
		charted = slices.DeleteFunc(charted, func(i int) bool { return !about(i) })
		lines += len(charted)
	}
	for _, kept := range []int{1, 0} { // of those that never failed: the first of all, none
		failing := slices.DeleteFunc(slices.Clone(sources), func(i int) bool { return i >= kept && r.Cascade.failures[i].peak == 0 })
		if fits := lines - len(sources) + len(failing); lines > screenLines && fits <= screenLines && len(charted)+len(failing) > 0 { // where that is what it takes
			lines, sources = fits, failing
		}
	}
	piled := r.piledUp()
	if len(piled) > 0 && lines+len(piled) > screenLines { // rather than that nobody failed
		lines -= len(sources)
		sources = slices.DeleteFunc(sources, func(i int) bool { return r.Cascade.failures[i].peak == 0 })
		lines += len(sources)
	}
	piled = piled[:max(min(len(piled), max(screenLines-lines, t.room.piled)), 0)]
	lines += len(piled)
	t.squeezed = t.squeezed || len(piled) < len(r.piledUp()) || len(opened) > max(screenLines-lines, 0)
	opened = opened[:max(min(len(opened), screenLines-lines), 0)]
	for _, i := range charted {
		s := &r.Timeline.Services[i]
		if r.Services[i].Unlimited {
			// There is no full pool to measure it by: twice the usual, or the most there was.
			most, sum := slices.Max(s.InHand), 0.0
			for _, v := range s.InHand {
				sum += v
			}
			t.chart(s.Name, "in hand", labels, a.pool(s.InHand, max(most, 2*sum/float64(points))), short(most), values, "")
			continue
		}
		most := r.Services[i].SaturationMax // as in the table
		t.chart(s.Name, "held", labels, a.pool(s.Saturation, 1), roughly(most), values, shareLook(most, warnHeld, saturatedShare))
	}
	for _, i := range piled {
		s, q := &r.Timeline.Queues[i], &r.Queues[i]
		lag := make([]float64, points)
		for n := range lag {
			lag[n] = s.Lag(n)
		}
		t.chart(s.Name, "not done", labels, a.pool(lag, slices.Max(lag)), short(float64(q.LagMax)), values, "")
	}
	for _, i := range opened {
		open, most := r.Timeline.Edges[i].Open, 0.0
		for n, share := range open {
			if r.Timeline.Starts[n] >= r.Warmup {
				most = max(most, share)
			}
		}
		t.chart(r.Edges[i].ID, "open", labels, a.pool(open, 1), roughly(most), values, "")
	}
	for _, i := range sources {
		s := &r.Timeline.Sources[i]
		failed := make([]float64, points)
		for n := range failed {
			failed[n] = ratio(s.Failed[n], s.Failed[n]+s.Succeeded[n])
		}
		most := r.Cascade.failures[i].peak
		t.chart(s.Name, "errors", labels, a.pool(failed, 1), roughly(most), values, shareLook(most, warnFailed, criticalFailed))
	}
	if r.Timeline.Coarsened > 1 {
		t.line(t.in(dim, fmt.Sprintf("  the timeline holds one point for %d intervals (%s), to bound its size", r.Timeline.Coarsened, clock(r.Timeline.Point))))
	}
}

// chartLines is how many lines the charts take at least.
func (t *screen) chartLines(r *Report) int {
	faults, about := 0, 0
	for i := range r.Faults {
		if r.Faults[i].From < r.End {
			faults++
		}
	}
	if faults > maxToldFaults {
		faults = maxToldFaults + 1
	}
	for _, w := range r.concern() {
		if w >= concerned {
			about++
		}
	}
	return 2 + faults + min(max(about, 1), maxCharts) + min(len(r.Sources), maxSourceCharts)
}

// lines is how many there are by now.
func (t *screen) lines() int { return bytes.Count(t.out.Bytes(), []byte("\n")) }

func (t *screen) chart(name, what string, labels int, levels []int, value string, values int, look style) {
	fine, plain := []rune(" ▁▂▃▄▅▆▇█"), []rune(" .:-=+*#@")
	var bars strings.Builder
	for _, l := range levels {
		if t.ASCII {
			bars.WriteRune(plain[l])
		} else {
			bars.WriteRune(fine[l])
		}
	}
	t.line("  ", t.left(name, labels-4-len(what)), " ", t.in(dim, what), " ", t.in(look, bars.String()), t.in(look, t.right(value, values)))
}

// An axis maps points of the timeline to columns: each column is several points,
// or each point several columns.
type axis struct{ points, each, stretch int }

func (a axis) columns() int { return int(divideUp(int64(a.points), int64(a.each))) * a.stretch }

// pool makes a level from 0 to 8 of each column, that of its worst point: a spike
// never vanishes. 0 is exactly nothing.
func (a axis) pool(values []float64, full float64) []int {
	levels := make([]int, a.columns())
	for n, v := range values {
		level := 0
		if v > 0 && full > 0 {
			level = max(1, min(8, int(math.Ceil(8*v/full-1e-9))))
		}
		for k := range a.stretch {
			at := n/a.each*a.stretch + k
			levels[at] = max(levels[at], level)
		}
	}
	return levels
}

// marks shows when a fault is there.
func (a axis) marks(f *Fault, r *Report, mark string) string {
	wide := a.columns()
	on := make([]bool, wide)
	column := r.Timeline.Point * des.Time(a.each) // a column's time, or that of stretch columns
	ran := r.Duration
	if !r.Complete {
		ran = r.End
	}
	for from := f.From; from < ran; from += f.Every {
		to := min(from+f.To-f.From, ran)
		first, last := int(from/column)*a.stretch, int(max(to-1, from)/column)*a.stretch+a.stretch-1
		for c := first; c <= min(last, wide-1); c++ {
			on[c] = true
		}
		if f.Every <= 0 {
			break
		}
	}
	var b strings.Builder
	for _, o := range on {
		if o {
			b.WriteString(mark)
		} else {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// exactly is a value with all its digits, where rounding would hide a difference.
func exactly(v float64, u unit) string {
	switch u {
	case share:
		return strconv.FormatFloat(100*v, 'g', 12, 64) + "%"
	case duration:
		return plain(v) + "s"
	case rate:
		return plain(v) + "/s"
	}
	return plain(v)
}
