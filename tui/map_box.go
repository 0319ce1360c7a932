package tui

import (
	"fmt"

	"github.com/gdamore/tcell/v2"

	"cascade/sim/report"
	"cascade/topology"
	"cascade/tui/player"
)

// A gauge is the one number of a box that counts most, as a bar, and how it is with the box.
type gauge struct {
	level report.Level // of the box, as its row in a table has it
	full  report.Level // of the number
	share float64
	text  string // of the number
	bare  bool   // there is no bar: the number is no share
	none  bool   // there is no number yet
}

// gauge of a service is the share of its threads that is held; of a source the share of
// its requests that succeeded. A queue has a level, and no number as a share.
func (m *netMap) gauge(b int, n *now) gauge {
	if n.point < 0 {
		return gauge{none: true}
	}
	switch box := m.graph.boxes[b]; box.kind {
	case serviceTarget:
		s := &n.line.Services[box.index]
		g := gauge{full: report.SaturationLevel(s.Saturation[n.point], s.Queue[n.point]), share: s.Saturation[n.point], text: report.ShareText(s.Saturation[n.point])}
		g.level = report.ServiceLevel(s.Saturation[n.point], s.Queue[n.point], s.ErrorShare(n.point), n.run.Down[box.index], n.run.Instances[box.index])
		if n.run.Plan.Topology.Services[box.index].Threads == topology.Unlimited {
			g.bare, g.text = true, report.CountText(s.InHand[n.point])+" in hand"
		}
		return g
	case sourceTarget:
		share, level, known := succeeds(n.run, box.index)
		if !known {
			return gauge{none: true}
		}
		return gauge{level: level, full: level, share: share, text: report.ShareText(share) + " ok"}
	}
	g := gauge{none: true}
	if n.run.Last != nil {
		g.level = n.run.Report.QueueLevel(n.run.Last, m.graph.boxes[b].index, -1)
	}
	return g
}

// succeeds is the share of a source's requests that succeeded of late, and how bad that is;
// unknown where none ended.
func succeeds(r *player.Run, source int) (share float64, level report.Level, known bool) {
	n := len(r.Report.Timeline.Starts) - 1
	if n < 0 {
		return 0, report.OK, false
	}
	s := &r.Report.Timeline.Sources[source]
	return s.SucceededShare(n), report.ErrorLevel(s.FailedShare(n)), s.Succeeded[n] > 0 || s.Failed[n] > 0
}

// frameOf is how a box is framed.
func (m *netMap) frameOf(b int, chosen bool) *[8]rune {
	kind := serviceFrame
	switch m.graph.boxes[b].kind {
	case sourceTarget:
		kind = sourceFrame
	case queueTarget:
		kind = queueFrame
	}
	if chosen && kind == queueFrame {
		kind = chosenQueueFrame
	} else if chosen {
		kind = chosenFrame
	}
	return &m.look.signs().frames[kind]
}

// drawBox draws a box at a place of a part of the screen, of which it may be seen only
// some rows.
func (m *netMap) drawBox(p pen, x, y, b int, n, twin *now, chosen bool) {
	l, look := m.laid, m.look
	box := &m.graph.boxes[b]
	g := m.gauge(b, n)
	border, title := look.dim, look.strong
	if g.level > report.OK {
		border, title = unreversed(look.levels[g.level]), unreversed(look.levels[g.level])
	}
	if chosen {
		border, title = look.accent, look.cursor
	}
	faded := !m.passes(box.name)
	if faded {
		border, title = look.dim, look.dim
	}
	w, h := l.boxWidth, l.boxHeight
	f := m.frameOf(b, chosen)
	for i := 1; i < w-1; i++ {
		p.put(x+i, y, f[4], border)
		p.put(x+i, y+h-1, f[4], border)
	}
	for i := 1; i < h-1; i++ {
		p.put(x, y+i, f[5], border)
		p.put(x+w-1, y+i, f[6], border)
	}
	p.put(x, y, f[0], border)
	p.put(x+w-1, y, f[1], border)
	p.put(x, y+h-1, f[2], border)
	p.put(x+w-1, y+h-1, f[3], border)
	for _, row := range l.exits[b] {
		p.put(x+w-1, row-m.top, f[7], border)
	}
	name := look.cut(box.name, w-4)
	if box.loops && widthOf(name)+6 <= w {
		name += " " + string(m.look.signs().loop)
	}
	p.text(x+1, y, " "+name+" ", title)
	m.drawMarks(p, x+2, y+h-1, w-4, b, n, faded)

	inside := pen{p.screen, p.x + x + 1, p.y + y + 1, w - 2, h - 2}
	style := func(s tcell.Style) tcell.Style {
		if faded {
			return look.dim
		}
		return s
	}
	row := 0
	next := func(draw func(q strip)) {
		if at := y + 1 + row; row < l.lines && at >= 0 && at < p.h {
			draw(strip{pen: inside, look: look, y: row, style: style})
		}
		row++
	}
	switch box.kind {
	case serviceTarget:
		m.serviceLines(next, b, n, twin)
	case sourceTarget:
		m.sourceLines(next, b, n, twin)
	case queueTarget:
		m.queueLines(next, b, n, twin)
	}
}

// drawMarks says in the lower side of a box what is broken there.
func (m *netMap) drawMarks(p pen, x, y, width, b int, n *now, faded bool) {
	look := m.look
	style := func(s tcell.Style) tcell.Style {
		if faded {
			return look.dim
		}
		return s
	}
	end := x + width
	if box := m.graph.boxes[b]; box.kind == serviceTarget && n.run.Down[box.index] > 0 {
		level, mark := look.level(report.DownLevel(n.run.Down[box.index], n.run.Instances[box.index]))
		text := fmt.Sprintf("%s %d/%d down", mark, n.run.Down[box.index], n.run.Instances[box.index])
		if widthOf(text) > width {
			text = look.cut(mark+"down", width)
		}
		x = p.text(x, y, text, style(level)) + 1
	}
	if faults := &n.faults[b]; faults.some() && end-x >= 1 {
		text := faults.mark(look.signs())
		if end-x >= 6 {
			text = look.cut(faults.text(look.signs(), " ", ", "), end-x)
		}
		p.text(x, y, text, style(faults.style(look)))
	}
}

// A strip is a line inside of a box.
type strip struct {
	pen
	look  *look
	y     int
	style func(tcell.Style) tcell.Style
	row   bool // of rows that lie above each other
}

// both draws a text at the left and one at the right: the first pair that there is room
// for. Of the last the left one is cut: a number without its end would be another number.
func (s strip) both(left, right tcell.Style, pairs ...[2]string) {
	for i, pair := range pairs {
		need := widthOf(pair[0])
		if pair[1] != "" {
			need += 1 + widthOf(pair[1])
		}
		if need <= s.w || i == len(pairs)-1 {
			end := s.w
			if pair[1] != "" && widthOf(pair[1]) <= end {
				s.right(end, s.y, pair[1], s.style(right))
				end -= widthOf(pair[1]) + 1
			}
			s.text(0, s.y, s.look.cut(pair[0], max(end, 0)), s.style(left))
			return
		}
	}
}

// gauge draws a gauge: its mark, a bar, and the number.
func (s strip) gauge(g gauge, twin bool) {
	if g.none {
		s.text(0, s.y, "-", s.style(s.look.dim))
		return
	}
	sign, mark := s.look.level(g.level)
	style := s.look.levels[g.full]
	if twin {
		sign, style = s.look.twin, s.look.twin
	}
	sign, style = s.style(sign), s.style(style)
	room := max(widthOf(g.text), min(6, s.w/2))
	s.text(0, s.y, mark, sign)
	s.right(s.w, s.y, g.text, style)
	bar := s.bar
	if s.row {
		bar = s.stripe
	}
	if !g.bare {
		bar(s.look, widthOf(mark)+1, s.y, s.w-room-widthOf(mark)-2, g.share, style)
	}
}

// past draws a number over time.
func (s strip) past(points int, of series) {
	s.spark(s.look, 0, s.y, newStretch(points, s.w), of, func(v report.Level) tcell.Style { return s.style(s.look.levels[v]) })
}

func (m *netMap) serviceLines(next func(func(strip)), b int, n, twin *now) {
	g := m.gauge(b, n)
	next(func(s strip) { s.gauge(g, false) })
	if twin != nil {
		next(func(s strip) { s.gauge(m.gauge(b, twin), true) })
	}
	if n.point < 0 {
		return
	}
	of := &n.line.Services[m.graph.boxes[b].index]
	next(func(s strip) {
		waiting, failed := of.Queue[n.point], of.ErrorShare(n.point)
		q, e := report.CountText(waiting), report.ShareText(failed)
		s.both(s.quiet(waiting, report.WaitingLevel(waiting)), s.quiet(failed, report.ErrorLevel(failed)),
			[2]string{"waiting " + q, "errors " + e}, [2]string{"wait " + q, "err " + e}, [2]string{"q " + q, "e " + e}, [2]string{"q" + q, "e" + e})
	})
	next(func(s strip) {
		if name, share, waits := waitedFor(n, m.graph.boxes[b].index); waits {
			much, style := report.ShareText(share), s.look.plain
			if g.full > report.OK {
				style = s.look.strong
			}
			s.both(style, style, [2]string{"waits on " + name, much}, [2]string{"on " + name, much}, [2]string{name, much})
			return
		}
		rate, p99 := m.rate(n, of.Arrived), "p99 "+timeOf(of.P99[n.point])
		s.both(s.look.plain, s.look.plain, [2]string{"arrived " + rate, p99}, [2]string{rate, p99}, [2]string{rate})
	})
	next(func(s strip) {
		s.past(n.point+1, series{full: 1, value: func(k int) float64 { return of.Saturation[k] },
			level: func(k int) report.Level { return report.SaturationLevel(of.Saturation[k], of.Queue[k]) }})
	})
}

// waitedFor is what most of the threads' time at a service was spent waiting for lately.
func waitedFor(n *now, service int) (name string, share float64, waits bool) {
	if n.run.Last == nil {
		return "", 0, false
	}
	return report.WaitsOn(n.run.Plan, &n.run.Last.Services[service].OpTally)
}

// rate is a count of the newest point as so many a second.
func (m *netMap) rate(n *now, counts []uint64) string {
	return report.RateText(n.line.Rate(n.point, counts[n.point])) + "/s"
}

// timeOf is a percentile of answers in a point of the timeline, where 0 is that of none.
func timeOf(seconds float64) string {
	if seconds == 0 {
		return "-"
	}
	return report.SecondsText(seconds)
}

// quiet is the style of a level, and dim for what is nothing.
func (s strip) quiet(v float64, level report.Level) tcell.Style {
	if v == 0 {
		return s.look.dim
	}
	return s.look.levels[level]
}

func (m *netMap) sourceLines(next func(func(strip)), b int, n, twin *now) {
	next(func(s strip) { s.gauge(m.gauge(b, n), false) })
	if twin != nil {
		next(func(s strip) { s.gauge(m.gauge(b, twin), true) })
	}
	if n.point < 0 {
		return
	}
	of := &n.line.Sources[m.graph.boxes[b].index]
	next(func(s strip) {
		offered, good := m.rate(n, of.Offered), m.rate(n, of.Succeeded)
		s.both(s.look.plain, s.look.plain, [2]string{"goodput " + good, "offered " + offered}, [2]string{"good " + good, "of " + offered}, [2]string{good, "of " + offered}, [2]string{good + " ok"})
	})
	next(func(s strip) {
		p50, p99 := timeOf(of.P50[n.point]), timeOf(of.P99[n.point])
		s.both(s.look.plain, s.look.plain, [2]string{"p50 " + p50, "p99 " + p99}, [2]string{"p99 " + p99})
	})
	next(func(s strip) {
		s.past(n.point+1, series{value: func(k int) float64 { return n.line.Rate(k, of.Succeeded[k]) },
			level: func(k int) report.Level { return report.ErrorLevel(of.FailedShare(k)) }})
	})
}

func (m *netMap) queueLines(next func(func(strip)), b int, n, twin *now) {
	state := func(of *now, style tcell.Style) func(strip) {
		return func(s strip) {
			if of.point < 0 {
				s.text(0, s.y, "-", s.style(s.look.dim))
				return
			}
			q := &of.line.Queues[m.graph.boxes[b].index]
			depth, age := m.look.marks[m.gauge(b, of).level]+" "+report.CountText(q.Depth(of.point)), report.SecondsText(q.Age(of.point))
			s.both(style, style, [2]string{depth + " waiting", "oldest " + age}, [2]string{depth + " waiting", age}, [2]string{depth + " wait", age}, [2]string{depth, age}, [2]string{depth + " waiting"}, [2]string{depth})
		}
	}
	next(state(n, unreversed(m.look.levels[m.gauge(b, n).level])))
	if twin != nil {
		next(state(twin, m.look.twin))
	}
	if n.point < 0 {
		return
	}
	of := &n.line.Queues[m.graph.boxes[b].index]
	next(func(s strip) {
		in, done := m.rate(n, of.Published), "done "+m.rate(n, of.Acknowledged)
		if groups := len(of.Readers); groups > 1 { // each of which does all that comes in
			done = fmt.Sprintf("%d groups %s", groups, m.rate(n, of.Acknowledged))
		}
		s.both(s.look.plain, s.look.plain, [2]string{"in " + in, done}, [2]string{in, done}, [2]string{done})
	})
	next(func(s strip) {
		held, lag := report.CountText(of.Held(n.point)), report.CountText(of.Lag(n.point))
		s.both(s.look.plain, s.look.plain, [2]string{"held " + held, "not done " + lag}, [2]string{"not done " + lag}, [2]string{lag + " left"}, [2]string{lag})
	})
	next(func(s strip) {
		s.past(n.point+1, series{value: of.Depth, level: func(int) report.Level { return report.OK }})
	})
}
