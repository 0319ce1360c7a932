package tui

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/gdamore/tcell/v2"

	"cascade/sim"
	"cascade/sim/report"
	"cascade/topology"
	"cascade/tui/player"
)

// service tells of a service.
func (b *teller) service() {
	i := b.at.index
	def := &b.plan().Topology.Services[i]
	of := sidesOf(b, serviceSeen)
	pool := derive(of, func(s *report.Service, _ report.Span) *report.Pool { return &s.Pool })
	on := func(f *sim.Fault) bool {
		return slices.Contains(f.Services, i) || slices.ContainsFunc(f.Ops, func(op topology.OpRef) bool { return op.Service == i })
	}
	b.traces((*report.Report).ServiceTraces)
	b.threads(def, derive(of, func(s *report.Service, span report.Span) *threadParts {
		parts := threadParts(s.Parts(span.Time()))
		return &parts
	}))
	b.faults(on)
	b.answers(pool)
	b.load(def, of, pool)
	b.latency(pool)
	ways := b.plan().Edges()
	b.ways("calls", ways, func(e *topology.Edge) bool { return e.From.Service == i })
	b.ways("called by", ways, func(e *topology.Edge) bool { return e.To.Service == i })
	b.links(func(p *topology.Publish) bool { return p.From.Service == i }, def.Consumes)
	b.settings()
	b.instances(of)
}

// operation tells of an operation: its part of the pool.
func (b *teller) operation() {
	op := b.at.op
	def := &b.plan().Topology.Services[op.Service]
	of := sidesOf(b, serviceSeen)
	pool := derive(of, func(s *report.Service, _ report.Span) *report.Pool { return &s.Operations[op.Op] })
	on := func(f *sim.Fault) bool {
		return slices.Contains(f.Services, op.Service) || slices.Contains(f.Ops, op)
	}
	b.threads(def, derive(of, func(s *report.Service, span report.Span) *threadParts {
		parts := threadParts(s.OperationParts(op.Op, span.Time()))
		return &parts
	}))
	b.faults(on)
	b.answers(pool)
	b.load(def, of, pool)
	b.latency(pool)
	ways := b.plan().Edges()
	b.ways("calls", ways, func(e *topology.Edge) bool { return e.From == op })
	b.ways("called by", ways, func(e *topology.Edge) bool { return e.To == op })
	b.links(func(p *topology.Publish) bool { return p.From == op }, nil)
	b.settings()
}

// serviceSeen is what was seen of a service, or of that of an operation.
func serviceSeen(r *player.Run, at target) (now, all *report.Service) {
	if r.Last != nil {
		seen := r.Report.ServiceIn(r.Plan, r.Last, at.index)
		now = &seen
	}
	return now, &r.Report.Services[at.index]
}

// threadParts are what threads did.
type threadParts []report.Part

// share is that of the threads which did so.
func (p threadParts) find(use report.Use, on string) report.Part {
	for _, part := range p {
		if part.Use == use && part.On == on {
			return part
		}
	}
	return report.Part{}
}

// use is how what threads do is drawn.
func (l *look) use(u report.Use) (rune, tcell.Style) {
	fine, ascii := []rune("█▓▒▚═▪░╳"), []rune("#wbp=o.x")
	style := l.plain
	switch u {
	case report.AtWork:
		style = l.levels[report.OK]
	case report.Awaiting:
		style = l.levels[report.Warn]
	case report.BackingOff, report.Publishing:
		style = l.accent
	case report.Paused, report.Down:
		style = l.levels[report.Critical]
	case report.Idle:
		style = l.dim
	}
	if l.ascii {
		return ascii[u], style
	}
	return fine[u], style
}

// useText says what a part of the threads does.
func useText(p report.Part) string {
	_, callee, _ := strings.Cut(p.On, "->")
	switch p.Use {
	case report.AtWork:
		return "at work"
	case report.Awaiting:
		return "waiting on " + callee
	case report.BackingOff:
		return "backing off from " + callee
	case report.Publishing:
		return "publishing to " + p.On
	case report.Paused:
		return "paused"
	case report.Elsewhere:
		return "other operations"
	case report.Idle:
		return "idle"
	}
	return "down"
}

// threads adds the section of what the threads do: all of them as a bar, and each use of
// them with its share.
func (b *teller) threads(def *topology.Service, of sides[threadParts]) {
	stack := func(label string, style tcell.Style, parts *threadParts) entry {
		r := entry{label: label, style: style, stack: []segment{}}
		if parts != nil {
			for _, p := range *parts {
				glyph, style := b.look.use(p.Use)
				r.stack = append(r.stack, segment{p.Share, glyph, style})
			}
		}
		return r
	}
	rows := []entry{stack("now", b.look.plain, of.run.now)}
	if of.twin != nil {
		rows = append(rows, stack("twin now", b.look.twin, of.twin.now))
	}
	rows = append(rows, stack("in all", b.look.plain, of.run.all))
	var kinds []report.Part
	of.each(func(parts *threadParts) {
		for _, p := range *parts {
			if threadParts(kinds).find(p.Use, p.On) == (report.Part{}) {
				kinds = append(kinds, report.Part{Use: p.Use, On: p.On, Share: 1})
			}
		}
	})
	rank(kinds, of)
	listed, use := 0, report.Use(0)
	for i, k := range kinds {
		if k.Use != use {
			listed, use = 0, k.Use
		}
		if listed++; listed > mostWaits {
			if i+1 == len(kinds) || kinds[i+1].Use != use {
				rows = append(rows, entry{text: "and on " + report.CountText(float64(listed-mostWaits)) + " more, each less", textStyle: b.look.dim})
			}
			continue
		}
		r := figures(b, of, useText(k), func(p *threadParts, _ report.Span) figure { return b.share(p.find(k.Use, k.On).Share, true) })
		glyph, style := b.look.use(k.Use)
		r.mark, r.style = string(glyph), style
		r.more = []figure{b.bare(missing)}
		if of.run.now != nil {
			r.more[0] = b.count(of.run.now.find(k.Use, k.On).Threads)
		}
		rows = append(rows, r)
	}
	title := "threads"
	if def.Threads == topology.Unlimited {
		title = "threads in use (unlimited)"
	}
	b.add(title, []string{"threads"}, rows...)
}

// mostWaits bounds how many that threads wait on a page lists.
const mostWaits = 8

// rank sorts what threads do by its kind, and of a kind of which not all is listed what they
// do most first: lately, or where nothing was seen lately, in all.
func rank(kinds []report.Part, of sides[threadParts]) {
	slices.SortStableFunc(kinds, func(a, b report.Part) int { return int(a.Use) - int(b.Use) })
	seen := of.run.now
	if seen == nil {
		seen = of.run.all
	}
	for from := 0; from < len(kinds); {
		to := from
		for to < len(kinds) && kinds[to].Use == kinds[from].Use {
			to++
		}
		if alike := kinds[from:to]; len(alike) > mostWaits {
			slices.SortStableFunc(alike, func(a, b report.Part) int {
				return cmp.Compare(seen.find(b.Use, b.On).Share, seen.find(a.Use, a.On).Share)
			})
		}
		from = to
	}
}

func (b *teller) answers(of sides[report.Pool]) {
	b.add("answers", moreOfEndings, endings(b, derive(of, func(p *report.Pool, _ report.Span) *report.Endings {
		e := report.Endings(p.Answers)
		return &e
	}))...)
}

// load adds the section of what comes, what is held, and what waits.
func (b *teller) load(def *topology.Service, of sides[report.Service], pool sides[report.Pool]) {
	rows := []entry{
		figures(b, pool, "arrived/s", func(p *report.Pool, span report.Span) figure { return b.rate(span.Rate(p.Arrived)) }),
		figures(b, pool, "threads in use", func(p *report.Pool, _ report.Span) figure { return b.count(p.HeldMean) }),
	}
	if def.Threads != topology.Unlimited {
		rows = append(rows, figures(b, pool, "threads held", func(p *report.Pool, _ report.Span) figure {
			return b.levelled(report.ShareText(p.Saturation), report.SaturationLevel(p.Saturation, 0))
		}))
	}
	rows = append(rows, figures(b, pool, "work done in vain", func(p *report.Pool, _ report.Span) figure {
		v, known := p.WastedShare()
		if !known {
			return b.bare(missing)
		}
		return b.levelled(report.ShareText(v), of.run.all.WasteLevel(v))
	}))
	if def.Threads != topology.Unlimited { // else nothing waits
		rows = append(rows, figures(b, pool, "waiting for a thread", func(p *report.Pool, _ report.Span) figure {
			return b.levelled(report.CountText(p.QueueMean), report.WaitingLevel(p.QueueMean))
		}),
			figures(b, pool, "most waiting at once", func(p *report.Pool, _ report.Span) figure { return b.count(float64(p.QueueMax)) }),
			figures(b, pool, "had to wait", func(p *report.Pool, _ report.Span) figure { return b.share(p.Delayed()) }),
			figures(b, pool, "waited, p99", func(p *report.Pool, _ report.Span) figure { return b.bare(p.WaitingTime.TimeText(p.WaitingTime.P99)) }))
	}
	if !def.Blocking {
		r := figures(b, pool, "suspended", func(p *report.Pool, _ report.Span) figure { return b.count(float64(p.Suspended)) })
		atEnd(&r)
		rows = append(rows, r)
	}
	if a := of.run.all.Autoscale; a != nil && b.at.kind == serviceTarget {
		rows = append(rows, entry{label: "instances added", style: b.look.plain, cells: []figure{b.bare(missing), b.count(float64(a.Added))}},
			entry{label: "instances removed", style: b.look.plain, cells: []figure{b.bare(missing), b.count(float64(a.Removed))}})
	}
	b.add("load", nil, rows...)
}

// atEnd puts a number that only the totals have, and that is what there is at present,
// where it belongs.
func atEnd(r *entry) {
	for _, cells := range [][]figure{r.cells, r.twin} {
		if len(cells) == 2 {
			cells[0], cells[1].text = cells[1], missing
		}
	}
}

func (b *teller) latency(of sides[report.Pool]) {
	rows := times(b, derive(of, func(p *report.Pool, _ report.Span) *report.Distribution { return &p.Latency }))
	rows = append(rows, completion(b, derive(of, func(p *report.Pool, _ report.Span) *report.Completed { return &p.Completed }))...)
	b.add("latency of answers", nil, rows...)
}

// ways adds the section of edges that lead to or from the thing: how much went over each
// in the latest sample, and how the other end of it is.
func (b *teller) ways(title string, edges []*topology.Edge, here func(e *topology.Edge) bool) {
	var rows []entry
	for i, e := range edges {
		if !here(e) {
			continue
		}
		from, to, _ := strings.Cut(e.ID, "->")
		name, other := to, e.To.Service
		if title != "calls" {
			name, other = from, e.From.Service
		}
		cells := func(r *player.Run) ([]figure, figure) {
			if r.Last == nil || i >= len(r.Report.Edges) || r.Report.Edges[i].ID != e.ID {
				return []figure{b.bare(missing), b.bare(missing)}, b.bare(missing)
			}
			now := r.Report.EdgeIn(r.Last, i)
			return []figure{b.failed(&now.Outcomes), b.bare(now.Latency.TimeText(now.Latency.P99))},
				b.rate(report.Span(r.Last.To - r.Last.From).Rate(now.Attempts))
		}
		line := entry{label: name, style: b.look.plain}
		if n := b.point(); other >= 0 && n >= 0 {
			run := &b.frame.Run
			s := &run.Report.Timeline.Services[other]
			line.style, line.mark = b.look.level(report.ServiceLevel(s.Saturation[n], s.Queue[n], s.ErrorShare(n), run.Down[other], run.Instances[other]))
		}
		var rate figure
		line.cells, rate = cells(&b.frame.Run)
		line.more = []figure{rate}
		if b.twin != nil {
			line.twin, _ = cells(b.twin)
			for k := range line.twin {
				line.twin[k].style = b.look.twin
			}
		}
		rows = append(rows, line)
	}
	b.addTable(title, []string{"failed", "p99"}, []string{"twin", "twin p99"}, []string{"now/s"}, rows...)
}

// links adds the section of the queues that the thing publishes to and consumes.
func (b *teller) links(here func(p *topology.Publish) bool, consumes []topology.Consume) {
	t := b.plan().Topology
	var rows []entry
	add := func(how string, queue int) {
		text := t.Queues[queue].Name
		if n := b.point(); n >= 0 {
			text += ", " + report.CountText(b.frame.Run.Report.Timeline.Queues[queue].Lag(n)) + " not done"
		}
		rows = append(rows, entry{label: how, style: b.look.plain, text: text, textStyle: b.look.plain})
	}
	for _, p := range t.Publishes {
		if here(p) {
			add("publishes to", p.Queue)
		}
	}
	for _, c := range consumes {
		add("consumes", c.Queue)
	}
	b.addList("queues", rows...)
}

// mostInstances bounds the instances that a page lists.
const mostInstances = 24

// instances adds the section of a service's instances, where it has several.
func (b *teller) instances(of sides[report.Service]) {
	count := b.frame.Run.Instances[b.at.index]
	if count < 2 {
		return
	}
	var rows []entry
	for k := range min(count, len(of.run.all.Instances), mostInstances) {
		own := derive(of, func(s *report.Service, _ report.Span) *report.Instance {
			if k < len(s.Instances) {
				return &s.Instances[k]
			}
			return nil
		})
		r := figures(b, own, "instance "+strconv.Itoa(k), func(in *report.Instance, _ report.Span) figure {
			if of.run.all.Unlimited { // no threads to have a share of
				return b.bare(missing)
			}
			return b.levelled(report.ShareText(in.Saturation), report.SaturationLevel(in.Saturation, 0))
		})
		r.more = []figure{b.bare(missing), b.bare(missing)}
		if now := own.run.now; now != nil {
			r.barred, r.bar, r.barStyle = !of.run.all.Unlimited, now.Saturation, r.cells[0].style
			r.more = []figure{b.failed(&now.Answers), b.rate(own.run.lately.Rate(now.Arrived))}
			if now.Down > 0 {
				r.style, r.mark = b.look.level(report.Critical)
				r.label += " down"
			}
		}
		rows = append(rows, r)
	}
	if count > len(rows) {
		rows = append(rows, entry{text: "and " + report.CountText(float64(count-len(rows))) + " more", textStyle: b.look.dim})
	}
	b.add("instances: threads held", []string{"errors", "now/s"}, rows...)
}
