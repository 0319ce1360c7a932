package tui

import (
	"slices"
	"strconv"

	"cascade/sim"
	"cascade/sim/report"
	"cascade/tui/player"
)

// source tells of a source, and of the way in that its requests take.
func (b *teller) source() {
	i := b.at.index
	def := &b.plan().Sources[i]
	of := sidesOf(b, sourceSeen)
	way := sidesOf(b, edgeSeen)
	on := func(f *sim.Fault) bool {
		return f.Kind == sim.Surge && f.Source == i || slices.Contains(f.Edges, i)
	}
	b.traces((*report.Report).SourceTraces)
	b.requests(of)
	b.faults(on)
	b.add("requests ended", moreOfEndings, endings(b, derive(of, func(s *report.Source, _ report.Span) *report.Endings {
		o := report.Endings(s.Ended)
		return &o
	}))...)
	rows := times(b, derive(of, func(s *report.Source, _ report.Span) *report.Distribution { return &s.Latency }))
	rows = append(rows, completion(b, derive(of, func(s *report.Source, _ report.Span) *report.Completed { return &s.Completed }))...)
	b.add("latency of successes", nil, rows...)
	b.traffic(def)
	b.attempts(way)
	b.breakers(way)
	b.cache(way)
	b.tries(way)
	b.settings()
}

func sourceSeen(r *player.Run, at target) (now, all *report.Source) {
	if r.Last != nil {
		seen := r.Report.SourceIn(r.Last, at.index)
		now = &seen
	}
	return now, &r.Report.Sources[at.index]
}

// asked is a source with the edge that its requests take.
type asked struct {
	*report.Source
	way *report.Edge
}

func askedSeen(r *player.Run, at target) (now, all *asked) {
	source, sources := sourceSeen(r, at)
	way, ways := edgeSeen(r, at) // a source's edge is at its place
	if source != nil {
		now = &asked{source, way}
	}
	return now, &asked{sources, ways}
}

func (b *teller) requests(of sides[report.Source]) {
	inFlight := figures(b, of, "in flight", func(s *report.Source, _ report.Span) figure { return b.count(float64(s.InFlight)) })
	atEnd(&inFlight)
	b.add("requests", nil,
		figures(b, of, "offered/s", func(s *report.Source, span report.Span) figure { return b.rate(span.Rate(s.Offered)) }),
		figures(b, of, "goodput/s", func(s *report.Source, _ report.Span) figure { return b.rate(s.Goodput) }),
		figures(b, of, "failed", func(s *report.Source, _ report.Span) figure { return b.failed(&s.Ended) }),
		inFlight,
		figures(b, sidesOf(b, askedSeen), "tries a request", func(s *asked, _ report.Span) figure {
			return b.times(s.TriesARequest(s.way))
		}))
}

// mostRates bounds the rates of a profile that a page lists.
const mostRates = 12

// traffic adds the section of what the source means to send.
func (b *teller) traffic(def *sim.Source) {
	var rows []entry
	note := func(label, text string) {
		rows = append(rows, entry{label: label, style: b.look.plain, text: text, textStyle: b.look.plain})
	}
	perSecond := func(rate float64) string { return report.RateText(rate) + "/s" }
	switch def.Kind {
	case sim.Open:
		note("rate", perSecond(def.Rate))
	case sim.Closed:
		note("users", strconv.Itoa(def.Users)+", who wait for each answer")
	case sim.Bursts:
		text := strconv.Itoa(def.Burst.Count) + " at once at " + report.ClockText(def.Burst.At)
		if def.Burst.Every > 0 {
			text += ", every " + report.ClockText(def.Burst.Every)
		}
		note("burst", text)
	case sim.Trace:
		note("trace", "of "+report.CountText(float64(len(def.Trace)))+" arrivals")
	}
	if def.Start > 0 {
		note("silent until", report.ClockText(def.Start))
	}
	if def.Limit > 0 {
		note("at most", report.CountText(float64(def.Limit))+" requests in all")
	}
	if def.Instances > 1 {
		note("clients", strconv.Itoa(def.Instances))
	}
	latest := -1
	for k := range def.Profile {
		if def.Profile[k].At <= b.frame.Now {
			latest = k
		}
	}
	first := max(min(latest-1, len(def.Profile)-mostRates), 0)
	last := min(first+mostRates, len(def.Profile))
	if first > 0 {
		rows = append(rows, entry{text: "after " + report.CountText(float64(first)) + " earlier rates", textStyle: b.look.dim})
	}
	for k := first; k < last; k++ {
		p := def.Profile[k]
		r := entry{label: report.ClockText(p.At), style: b.look.plain, text: "to " + perSecond(p.Rate), textStyle: b.look.plain}
		if p.Ramp > 0 {
			r.text += " over " + report.ClockText(p.Ramp)
		}
		switch {
		case k == latest:
			r.style, r.textStyle = b.look.strong, b.look.strong
			r.text += ", the latest"
		case k < latest:
			r.style, r.textStyle = b.look.dim, b.look.dim
		}
		rows = append(rows, r)
	}
	if more := len(def.Profile) - last; more > 0 {
		rows = append(rows, entry{text: "and " + report.CountText(float64(more)) + " more later", textStyle: b.look.dim})
	}
	b.addList("sends to "+b.plan().Topology.OpName(def.Edge.To), rows...)
}
