package tui

import (
	"fmt"

	"github.com/gdamore/tcell/v2"

	"cascade/sim/des"
	"cascade/sim/report"
	"cascade/topology"
)

// charts shows numbers over time: those of what is selected first, then what is to be
// seen of all. Below them is the time, with the faults along it.
type charts struct {
	*state
	of     string   // what was selected when it was scrolled
	top    int      // rows of charts above the first that is shown
	page   int      // rows that were shown
	window des.Time // so much of the latest is shown; 0: the whole run
}

func newCharts(s *state) view { return &charts{state: s} }

func (v *charts) name() string {
	if v.window > 0 {
		return "charts of the last " + clockText(v.window)
	}
	return "charts"
}

func (v *charts) footer() []action                        { return []action{doRight, doLeft, doDown} }
func (v *charts) click(_, _ int, _ tcell.ButtonMask) bool { return false }

func (v *charts) word(a action) string {
	return map[action]string{doRight: "closer", doLeft: "wider", doDown: "more"}[a]
}

// windows are how much of the latest can be shown, beside the whole run.
var windows = [...]des.Time{second / 10, second, 10 * second, 30 * second, 60 * second, 120 * second, 300 * second, 600 * second, 1800 * second,
	3600 * second, 2 * 3600 * second, 6 * 3600 * second, 24 * 3600 * second, 7 * 24 * 3600 * second}

// act scrolls; to the right time is drawn wider, so that less of it is seen.
func (v *charts) act(a action) bool {
	switch a {
	case doUp:
		v.top--
	case doDown:
		v.top++
	case doPageUp:
		v.top -= max(v.page, 1)
	case doPageDown:
		v.top += max(v.page, 1)
	case doTop:
		v.top = 0
	case doBottom:
		v.top = len(v.list())
	case doRight:
		whole := v.plan().Duration
		least := 10 * v.frame.Run.Report.Timeline.Point
		for i := len(windows) - 1; i >= 0; i-- {
			if w := windows[i]; w >= least && w < whole && (v.window == 0 || w < v.window) {
				v.window = w
				break
			}
		}
	case doLeft:
		wider := des.Time(0)
		for i := len(windows) - 1; i >= 0 && v.window > 0 && windows[i] > v.window; i-- {
			if windows[i] < v.plan().Duration {
				wider = windows[i]
			}
		}
		v.window = wider
	default:
		return false
	}
	v.top = max(v.top, 0)
	return true
}

// Lines of a chart with its title: fewer show nothing; a fine one can be read to an eighth
// of its scale, and before there are more of them a free line parts each from the next; more
// are for who has the room.
const leastChart, fineChart, mostChart = 5, 8, 12

// Columns that a pane has when charts stand beside each other.
const sideBySide = 96

func (v *charts) draw(p pen, _ bool) {
	list := v.list()
	columns := 1
	if p.w >= sideBySide && len(list) > 1 {
		columns = 2
	}
	gap := 2 * (columns - 1)
	width := (p.w - gap) / columns
	times := newTimeAxis(v.frame, width-scaleWidth, v.window)
	bars := times.bars(v.frame, max(min(p.h/8, 4), 1))
	body := p.h - 1 - bars.rows
	rows := (len(list) + columns - 1) / columns // of charts, that there are
	v.page = max(body/leastChart, 1)
	if body >= 5*leastChart {
		v.page = body / (leastChart + 1)
	}
	if body >= 4*fineChart {
		v.page = body / fineChart
	}
	v.page = min(v.page, max(rows, 1))
	if v.of != v.selected {
		v.of, v.top = v.selected, 0
	}
	v.top = max(min(v.top, rows-v.page), 0)

	shown := list[min(v.top*columns, len(list)):min((v.top+v.page)*columns, len(list))]
	between := 0
	if body >= v.page*(fineChart-1) {
		between = 1
	}
	y := 0
	for row := range v.page {
		height := min((body+between-y)/(v.page-row), mostChart) - between
		for column := range columns {
			if i := row*columns + column; i < len(shown) {
				c := v.chart(shown[i])
				c.draw(p.in(column*(width+gap), y, width, height), v.look, times)
			}
		}
		y += height + between
	}
	y -= between
	for column := range columns {
		x := column * (width + gap)
		where := ""
		if column == 0 && len(shown) < len(list) {
			where = fmt.Sprintf("%d-%d/%d", v.top*columns+1, v.top*columns+len(shown), len(list))
		}
		times.draw(p.in(x, y, width, p.h-y), v.look, bars, where)
	}
}

// A chartKind is a number that there is a chart of.
type chartKind uint8

// The kinds: of a source, a service, an edge, a queue.
const (
	goodputChart chartKind = iota
	failedChart
	latencyChart

	saturationChart // of unlimited threads, what is in hand
	waitingChart
	errorsChart
	answersChart // how long they take
	arrivedChart

	attemptsChart
	edgeFailedChart
	openChart

	lagChart
	ageChart
	throughChart
)

// A chartOf says what a chart is of, before it is made.
type chartOf struct {
	kind  chartKind
	index int // of the source, service, edge or queue
}

// list says which charts there are, in order: those of what is selected, then what the
// first source's users get, where threads are held, what piles up, what all users get,
// and where attempts wait.
func (v *charts) list() []chartOf {
	var all []chartOf
	there := map[chartOf]bool{} // looked up only
	add := func(index int, kinds ...chartKind) {
		for _, k := range kinds {
			if of := (chartOf{k, index}); !there[of] {
				there[of] = true
				all = append(all, of)
			}
		}
	}
	t, edges := v.plan().Topology, v.plan().Edges()
	threads := func(i int) {
		add(i, saturationChart)
		if t.Services[i].Threads != topology.Unlimited { // else nothing waits
			add(i, waitingChart)
		}
	}
	switch of := find(v.plan(), v.selected); of.kind {
	case serviceTarget, operationTarget:
		threads(of.index)
		add(of.index, errorsChart, answersChart, arrivedChart)
	case edgeTarget:
		add(of.index, attemptsChart, edgeFailedChart)
		if v.frame.Run.Report.Timeline.Edges[of.index].Open != nil {
			add(of.index, openChart)
		}
		e := edges[of.index]
		threads(e.To.Service)
		if e.From.Service >= 0 {
			threads(e.From.Service)
		}
	case queueTarget:
		add(of.index, lagChart, ageChart, throughChart)
		for _, s := range t.Groups(of.index) {
			add(s, saturationChart)
		}
	case sourceTarget:
		add(of.index, goodputChart, failedChart, latencyChart)
	}
	services, sources, queues := v.named()
	for _, i := range sources[:min(len(sources), 1)] {
		add(i, goodputChart)
	}
	for _, i := range services {
		add(i, saturationChart)
	}
	for _, i := range queues {
		add(i, lagChart)
	}
	for _, i := range sources {
		add(i, goodputChart, failedChart, latencyChart)
	}
	for _, i := range services {
		threads(i)
		add(i, errorsChart, answersChart)
	}
	for _, i := range queues {
		add(i, ageChart, throughChart)
	}
	return all
}

// named are the services, sources and queues whose names pass the filter.
func (v *charts) named() (services, sources, queues []int) {
	t := v.plan().Topology
	for i := range t.Services {
		if v.passes(t.Services[i].Name) {
			services = append(services, i)
		}
	}
	for i := range v.plan().Sources {
		if v.passes(v.plan().Sources[i].Name) {
			sources = append(sources, i)
		}
	}
	for i := range t.Queues {
		if v.passes(t.Queues[i].Name) {
			queues = append(queues, i)
		}
	}
	return services, sources, queues
}

// chart makes a chart of the newest frame, with the twin's line where there is one.
func (v *charts) chart(of chartOf) *chart {
	c := &chart{}
	run := v.frame.Run.Report
	c.of(run, of)
	if v.frame.Twin == nil {
		return c
	}
	twin := &chart{}
	if r := v.frame.Twin.Report; twin.of(r, of) && twin.name == c.name {
		c.twin = &twin.curve
	}
	return c
}

// of says what a chart is of in the words and numbers of a report; false where it has no
// such thing.
func (c *chart) of(r *report.Report, of chartOf) bool {
	t, i := &r.Timeline, of.index
	c.points = len(t.Starts)
	switch of.kind {
	case goodputChart, failedChart, latencyChart:
		if i >= len(t.Sources) {
			return false
		}
		s := &t.Sources[i]
		c.name = s.Name
		switch of.kind {
		case goodputChart:
			c.rate("goodput", func(n int) float64 { return t.Rate(n, s.Succeeded[n]) })
			// The worst of a column's points is the one that most is missing in.
			c.worse = func(n int) float64 { return t.Rate(n, s.Offered[n]) - c.at(n) }
			c.second, c.secondName = func(n int) float64 { return t.Rate(n, s.Offered[n]) }, "offered"
			c.together = true
			c.level = func(n int) report.Level { return report.ErrorLevel(s.FailedShare(n)) }
		case failedChart:
			c.share("failed", s.FailedShare, func(n int) report.Level { return report.ErrorLevel(s.FailedShare(n)) })
		case latencyChart:
			c.seconds("latency p99", func(n int) float64 { return s.P99[n] })
			c.second, c.secondName = func(n int) float64 { return s.P50[n] }, "p50"
		}
	case saturationChart, waitingChart, errorsChart, answersChart, arrivedChart:
		if i >= len(t.Services) {
			return false
		}
		s := &t.Services[i]
		c.name = s.Name
		switch of.kind {
		case saturationChart:
			if r.Services[i].Unlimited { // no pool that could be full
				c.count("in hand", func(n int) float64 { return s.InHand[n] })
				break
			}
			c.share("threads held", func(n int) float64 { return s.Saturation[n] },
				func(n int) report.Level { return report.SaturationLevel(s.Saturation[n], s.Queue[n]) })
		case waitingChart:
			c.count("waiting", func(n int) float64 { return s.Queue[n] })
			c.level = func(n int) report.Level { return report.WaitingLevel(s.Queue[n]) }
		case errorsChart:
			c.share("errors", s.ErrorShare, func(n int) report.Level { return report.ErrorLevel(s.ErrorShare(n)) })
		case answersChart:
			c.seconds("answers p99", func(n int) float64 { return s.P99[n] })
		case arrivedChart:
			c.rate("arrived", func(n int) float64 { return t.Rate(n, s.Arrived[n]) })
		}
	case attemptsChart, edgeFailedChart, openChart:
		if i >= len(t.Edges) {
			return false
		}
		s := &t.Edges[i]
		c.name = s.ID
		switch of.kind {
		case attemptsChart:
			c.rate("attempts", func(n int) float64 { return t.Rate(n, s.Attempts[n]) })
			c.second, c.secondName = func(n int) float64 { return t.Rate(n, s.Retries[n]) }, "retries"
		case edgeFailedChart:
			c.share("failed", s.FailedShare, func(n int) report.Level { return report.ErrorLevel(s.FailedShare(n)) })
		case openChart:
			if s.Open == nil {
				return false
			}
			c.share("breakers open", func(n int) float64 { return s.Open[n] }, func(n int) report.Level { return report.OpenLevel(s.Open[n]) })
		}
	case lagChart, ageChart, throughChart:
		if i >= len(t.Queues) {
			return false
		}
		s := &t.Queues[i]
		c.name = s.Name
		switch of.kind {
		case lagChart:
			c.count("not done", s.Lag)
		case ageChart:
			c.seconds("oldest", s.Age)
			c.text = report.SecondsText
		case throughChart:
			what := "done"
			if len(s.Readers) > 1 { // each group does all that comes in
				what = "done by all groups"
			}
			c.rate(what, func(n int) float64 { return t.Rate(n, s.Acknowledged[n]) })
			c.second, c.secondName = func(n int) float64 { return t.Rate(n, s.Published[n]) }, "in"
		}
	}
	return true
}

// share makes the chart one of a share, whose scale is all of it.
func (c *chart) share(what string, at func(int) float64, level func(int) report.Level) {
	c.what, c.text, c.at, c.level, c.full = what, report.ShareText, at, level, 1
}

func (c *chart) rate(what string, at func(int) float64) {
	c.what, c.at, c.text = what, at, func(f float64) string { return report.RateText(f) + "/s" }
}

// seconds makes the chart one of a latency, which is 0 where nothing ended.
func (c *chart) seconds(what string, at func(int) float64) {
	c.what, c.at, c.text = what, at, func(f float64) string {
		if f == 0 {
			return "-"
		}
		return report.SecondsText(f)
	}
}

func (c *chart) count(what string, at func(int) float64) {
	c.what, c.at, c.text = what, at, report.CountText
}
