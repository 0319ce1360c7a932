package tui

import (
	"slices"

	"cascade/sim"
	"cascade/sim/report"
	"cascade/topology"
)

// newEdges is the table of edges, the sources' first. In what way attempts failed lately
// is what the latest sample says: the timeline holds how many failed, and how many ended.
func newEdges(s *state) view {
	return newTable(s, sheet{
		title: "edges", one: "edge",
		none:  "no edges in this scenario: they come with sync steps, and with sources under traffic",
		count: func(p *sim.Plan) int { return len(p.Sources) + len(p.Topology.Edges) },
		label: func(p *sim.Plan, i int) string { return edgeOf(p, i).ID },
		level: func(s spot) report.Level {
			level := report.OK
			if errors, ok := attemptsFailed(s); ok {
				level = report.ErrorLevel(errors)
			}
			return max(level, tripped(s).Level())
		},
		drawn: "failed",
		series: func(s spot) (series, bool) {
			of := &s.run.Report.Timeline.Edges[s.index]
			return series{of.FailedShare, func(n int) report.Level { return report.ErrorLevel(of.FailedShare(n)) }, 1}, true
		},
		columns: []column{
			{title: "tries/s", width: 7, rank: 1, text: report.RateText, value: func(s spot) (float64, bool) {
				if s.now < 0 {
					return 0, false
				}
				tl := &s.run.Report.Timeline
				return tl.Rate(s.now, tl.Edges[s.index].Attempts[s.now]), true
			}},
			{title: "failed", width: 6, rank: 2, text: report.ShareText, value: attemptsFailed, level: errorLevel},
			{title: "p99", width: 7, rank: 3, text: report.SecondsText, value: func(s spot) (float64, bool) {
				if s.run.Last == nil {
					return 0, false
				}
				return report.Percentile(s.run.Last.Edges[s.index].Latency, 0.99)
			}},
			{title: "retries", width: 7, rank: 4, text: report.ShareText, value: func(s spot) (float64, bool) {
				if s.now < 0 {
					return 0, false
				}
				return s.run.Report.Timeline.Edges[s.index].RetryShare(s.now)
			}},
			{title: "timeouts", width: 8, rank: 6, text: report.ShareText, level: errorLevel, value: func(s spot) (float64, bool) {
				if s.run.Last == nil {
					return 0, false
				}
				return report.EndedAs(topology.Timeout, &s.run.Last.Edges[s.index].Outcomes)
			}},
			{title: "breaker", width: 12, rank: 5, left: true, value: breakersTripped, words: breakerWords, level: breakerLevel, only: anyBreaker},
			{title: "under way", width: 9, rank: 7, text: report.CountText, value: func(s spot) (float64, bool) {
				return float64(s.run.Report.Edges[s.index].CallsUnderWay), judged(s)
			}},

			{title: "tries/call", width: 10, rank: 8, past: true, text: report.CountText,
				value: func(s spot) (float64, bool) { return s.run.Report.Edges[s.index].TriesACall() },
				level: func(_ spot, v float64) report.Level { return report.TriesLevel(v) }},
			{title: "failed", width: 6, rank: 9, past: true, text: report.ShareText, level: errorLevel,
				value: func(s spot) (float64, bool) { return report.Failed(&s.run.Report.Edges[s.index].Outcomes) }},
			{title: "p99", width: 7, rank: 10, past: true, text: report.SecondsText,
				value: func(s spot) (float64, bool) { d := &s.run.Report.Edges[s.index].Latency; return d.P99, d.Count > 0 }},
			{title: "timeouts", width: 8, rank: 11, past: true, text: report.ShareText, level: errorLevel,
				value: func(s spot) (float64, bool) {
					return report.EndedAs(topology.Timeout, &s.run.Report.Edges[s.index].Outcomes)
				}},
			{title: "turned away", width: 11, rank: 12, past: true, text: report.ShareText, level: errorLevel,
				value: func(s spot) (float64, bool) { return s.run.Report.Edges[s.index].Turned() }},
			{title: "retries", width: 7, rank: 13, past: true, text: report.ShareText,
				value: func(s spot) (float64, bool) {
					return s.run.Report.Edges[s.index].RetryShare()
				}},
			{title: "calls/s", width: 7, rank: 14, past: true, text: report.RateText,
				value: func(s spot) (float64, bool) { return s.run.Report.Rate(s.run.Report.Edges[s.index].Calls) }},
			{title: "opened", width: 6, rank: 15, past: true, text: report.CountText, only: anyBreaker,
				value: func(s spot) (float64, bool) {
					b := &s.run.Report.Edges[s.index].Breaker
					return float64(b.Opened), b.Callers > 0
				}},
		},
	})
}

// edgeOf is an edge of the plan, as Plan.Edges has them.
func edgeOf(p *sim.Plan, i int) *topology.Edge {
	if i < len(p.Sources) {
		return p.Sources[i].Edge
	}
	return p.Topology.Edges[i-len(p.Sources)]
}

func anyBreaker(r *report.Report) bool {
	return slices.ContainsFunc(r.Edges, func(e report.Edge) bool { return e.Breaker.Callers > 0 })
}

// attemptsFailed is the share of the attempts that failed, of those that ended lately.
func attemptsFailed(s spot) (float64, bool) {
	if s.now < 0 {
		return 0, false
	}
	of := &s.run.Report.Timeline.Edges[s.index]
	return of.FailedShare(s.now), of.Ended[s.now] > 0
}

// breakersTripped is how many caller instances have a breaker that is not closed; it is
// unknown of an edge without one.
func breakersTripped(s spot) (float64, bool) {
	return float64(tripped(s).All()), s.run.Report.Edges[s.index].Breaker.Callers > 0
}

func tripped(s spot) report.Tripped {
	return s.run.Report.Edges[s.index].Breaker.Tripped(s.run.Breakers[s.index])
}

func breakerWords(s spot) string { return tripped(s).Text() }

func breakerLevel(s spot, _ float64) report.Level { return tripped(s).Level() }
