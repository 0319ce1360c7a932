package tui

import (
	"slices"
	"strconv"

	"cascade/sim"
	"cascade/sim/report"
	"cascade/topology"
	"cascade/tui/player"
)

// edge tells of an edge.
func (b *teller) edge() {
	i := b.at.index
	on := func(f *sim.Fault) bool { return slices.Contains(f.Edges, i) }
	of := sidesOf(b, edgeSeen)
	b.traces((*report.Report).EdgeTraces)
	b.calls(of)
	to := b.plan().Edges()[i].To
	b.faults(func(f *sim.Fault) bool {
		return on(f) || slices.Contains(f.Services, to.Service) || slices.Contains(f.Ops, to)
	})
	b.attempts(of)
	b.breakers(of)
	b.cache(of)
	b.tries(of)
	b.add("latency of successes", nil, times(b, derive(of, func(e *report.Edge, _ report.Span) *report.Distribution { return &e.Latency }))...)
	b.settings()
}

// edgeSeen is what was seen of an edge; a source's is at its place.
func edgeSeen(r *player.Run, at target) (now, all *report.Edge) {
	if r.Last != nil {
		seen := r.Report.EdgeIn(r.Last, at.index)
		now = &seen
	}
	return now, &r.Report.Edges[at.index]
}

// alike says whether attempts ended as calls did: each was tried once.
func alike(of sides[report.Edge]) bool {
	same := true
	of.each(func(e *report.Edge) { same = same && e.CallOutcomes == e.Outcomes })
	return same
}

// calls adds the sections of what is called, and how calls end.
func (b *teller) calls(of sides[report.Edge]) {
	title := "calls ended"
	if alike(of) {
		title = "calls, tried once"
	}
	b.add(title, moreOfEndings, endings(b, derive(of, func(e *report.Edge, _ report.Span) *report.Endings {
		o := report.Endings(e.CallOutcomes)
		return &o
	}))...)
	underWay := figures(b, of, "calls under way", func(e *report.Edge, _ report.Span) figure { return b.count(float64(e.CallsUnderWay)) })
	atEnd(&underWay)
	rows := []entry{
		figures(b, of, "calls/s", func(e *report.Edge, span report.Span) figure { return b.rate(span.Rate(e.Calls)) }),
		figures(b, of, "attempts/s", func(e *report.Edge, span report.Span) figure { return b.rate(span.Rate(e.Attempts)) }),
		figures(b, of, "tries a call", func(e *report.Edge, _ report.Span) figure {
			return b.times(e.TriesACall())
		}),
		underWay,
	}
	some := func(label string, count func(e *report.Edge) uint64, number func(e *report.Edge) figure) {
		any := uint64(0)
		of.each(func(e *report.Edge) { any += count(e) })
		if any > 0 {
			rows = append(rows, figures(b, of, label, func(e *report.Edge, _ report.Span) figure { return number(e) }))
		}
	}
	counted := func(label string, count func(e *report.Edge) uint64) {
		some(label, count, func(e *report.Edge) figure { return b.count(float64(count(e))) })
	}
	some("retries among attempts", func(e *report.Edge) uint64 { return e.Retries }, func(e *report.Edge) figure { return b.share(e.RetryShare()) })
	some("hedges among attempts", func(e *report.Edge) uint64 { return e.Hedges }, func(e *report.Edge) figure { return b.share(e.HedgeShare()) })
	some("retries the budget refused", func(e *report.Edge) uint64 { return e.RetriesRefused }, func(e *report.Edge) figure { return b.share(e.RefusedShare()) })
	counted("instances ejected", func(e *report.Edge) uint64 { return e.Ejections })
	counted("answers that came too late", func(e *report.Edge) uint64 { return e.LateAnswers })
	b.add("calls and attempts", nil, rows...)
}

// attempts adds the sections of how attempts ended, where that is not how calls did, and
// of what was never sent.
func (b *teller) attempts(of sides[report.Edge]) {
	if !alike(of) {
		b.add("attempts ended", moreOfEndings, endings(b, derive(of, func(e *report.Edge, _ report.Span) *report.Endings {
			o := report.Endings(e.Outcomes)
			return &o
		}))...)
	}
	var rows []entry
	for o := range topology.NumOutcomes {
		any := uint64(0)
		of.each(func(e *report.Edge) { any += e.TurnedAway[o] })
		if any > 0 {
			rows = append(rows, figures(b, of, report.OutcomeText(o), func(e *report.Edge, _ report.Span) figure { return b.bad(e.TurnedAwayShare(o)) }))
		}
	}
	b.add("tries turned away, never sent", nil, rows...)
}

// tries adds the section of how many tries calls took.
func (b *teller) tries(of sides[report.Edge]) {
	shares := derive(of, func(e *report.Edge, _ report.Span) *[]float64 {
		s := e.TryShares()
		return &s
	})
	most := 0
	shares.each(func(s *[]float64) { most = max(most, len(*s)) })
	if most < 2 {
		return // there was never more than one
	}
	var rows []entry
	for k := range most {
		label := strconv.Itoa(k+1) + " tries"
		if k == 0 {
			label = "1 try"
		}
		r := figures(b, shares, label, func(s *[]float64, _ report.Span) figure {
			if k >= len(*s) {
				return b.bare(missing)
			}
			return b.share((*s)[k], true)
		})
		if now := shares.run.now; now != nil && k < len(*now) {
			r.barred, r.bar, r.barStyle = true, (*now)[k], b.look.levels[report.OK]
		}
		rows = append(rows, r)
	}
	b.add("calls ended with", nil, rows...)
}

// Bounds of what a page lists of breakers.
const (
	mostBreakers = 8
	mostChanges  = 6
)

// breakers adds the section of an edge's breakers, one a caller instance: how they are, and
// what they did last.
func (b *teller) breakers(of sides[report.Edge]) {
	if of.run.all.Breaker.Callers == 0 {
		return
	}
	rows := []entry{
		figures(b, of, "open", func(e *report.Edge, span report.Span) figure {
			v := e.Breaker.OpenShare(span)
			return b.levelled(report.ShareText(v), report.OpenLevel(v))
		}),
	}
	opened := figures(b, of, "opened", func(e *report.Edge, _ report.Span) figure { return b.count(float64(e.Breaker.Opened)) })
	opened.cells[0].text = missing // changes are known of the whole run only
	if opened.twin != nil {
		opened.twin[0].text = missing
	}
	b.add("breaker", nil, append(rows, opened)...)

	var states []entry
	list := func(run *player.Run, at int, who string, style func(topology.BreakerState) (entry, bool)) {
		var others bool
		shown := 0
		for k, state := range run.Breakers[at] {
			r, odd := style(state)
			if !odd || shown == mostBreakers {
				others = others || odd
				continue
			}
			shown++
			r.label, r.text = who+"caller "+strconv.Itoa(k), state.String()
			states = append(states, r)
		}
		switch {
		case others:
			states = append(states, entry{text: who + "and others", textStyle: b.look.dim})
		case shown == 0:
			states = append(states, entry{text: who + "all closed", textStyle: b.look.dim})
		}
	}
	list(&b.frame.Run, b.at.index, "", func(state topology.BreakerState) (r entry, odd bool) {
		level := map[topology.BreakerState]report.Level{topology.StateOpen: report.Critical, topology.StateHalfOpen: report.Warn}[state]
		r.style, r.mark = b.look.level(level)
		r.textStyle = r.style
		return r, state != topology.StateClosed
	})
	if b.twin != nil {
		list(b.twin, b.twinAt.index, "twin: ", func(state topology.BreakerState) (entry, bool) {
			return entry{style: b.look.twin, textStyle: b.look.twin}, state != topology.StateClosed
		})
	}
	changes := of.run.all.Breaker.Changes
	for k := len(changes) - 1; k >= max(len(changes)-mostChanges, 0); k-- {
		c := &changes[k]
		states = append(states, entry{label: report.ClockText(c.At), style: b.look.dim, textStyle: b.look.plain,
			text: "caller " + strconv.Itoa(c.Instance) + ": " + c.From.String() + ", then " + c.To.String()})
	}
	b.addList("breakers at present, and what they did last", states...)
}

// cache adds the section of an edge's caches.
func (b *teller) cache(of sides[report.Edge]) {
	if of.run.all.Cache == nil {
		return
	}
	cached := func(label string, share func(e *report.Edge) (float64, bool)) entry {
		return figures(b, of, label, func(e *report.Edge, _ report.Span) figure {
			if e.Cache == nil {
				return b.bare(missing)
			}
			return b.share(share(e))
		})
	}
	b.add("cache: calls that", nil,
		cached("it answered", (*report.Edge).HitShare),
		cached("waited for another's answer", (*report.Edge).CoalescedShare))
}
