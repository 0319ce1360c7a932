package tui

import (
	"slices"

	"cascade/sim"
	"cascade/sim/report"
)

// newSources is the table of sources: what their users get.
func newSources(s *state) view {
	ofAll := func(of func(*report.Source) (float64, bool)) func(spot) (float64, bool) {
		return func(s spot) (float64, bool) {
			v, known := of(&s.run.Report.Sources[s.index])
			return v, known && judged(s)
		}
	}
	// rate and latency are of the newest point.
	rate := func(of func(*report.SourceSeries) []uint64) func(spot) (float64, bool) {
		return func(s spot) (float64, bool) {
			if s.now < 0 {
				return 0, false
			}
			tl := &s.run.Report.Timeline
			return tl.Rate(s.now, of(&tl.Sources[s.index])[s.now]), true
		}
	}
	latency := func(of func(*report.SourceSeries) []float64) func(spot) (float64, bool) {
		return func(s spot) (float64, bool) {
			if s.now < 0 {
				return 0, false
			}
			v := of(&s.run.Report.Timeline.Sources[s.index])[s.now]
			return v, v > 0
		}
	}
	failing := func(_ spot, success float64) report.Level { return report.ErrorLevel(1 - success) }
	return newTable(s, sheet{
		title: "sources", one: "source",
		none:  "no sources in this scenario: they come under traffic",
		count: func(p *sim.Plan) int { return len(p.Sources) },
		label: func(p *sim.Plan, i int) string { return p.Sources[i].Name },
		level: func(s spot) report.Level {
			return report.ErrorLevel(s.run.Report.Timeline.Sources[s.index].FailedShare(s.now))
		},
		drawn: "failed",
		series: func(s spot) (series, bool) {
			of := &s.run.Report.Timeline.Sources[s.index]
			return series{of.FailedShare, func(n int) report.Level { return report.ErrorLevel(of.FailedShare(n)) }, 1}, true
		},
		columns: []column{
			{title: "offered/s", width: 9, rank: 4, text: report.RateText, value: rate(func(s *report.SourceSeries) []uint64 { return s.Offered })},
			{title: "goodput/s", width: 9, rank: 2, text: report.RateText, value: rate(func(s *report.SourceSeries) []uint64 { return s.Succeeded })},
			{title: "success", width: 7, rank: 1, text: report.ShareText, level: failing, value: func(s spot) (float64, bool) {
				if s.now < 0 {
					return 0, false
				}
				of := &s.run.Report.Timeline.Sources[s.index]
				return of.SucceededShare(s.now), of.Succeeded[s.now]+of.Failed[s.now] > 0
			}},
			{title: "p50", width: 7, rank: 5, text: report.SecondsText, value: latency(func(s *report.SourceSeries) []float64 { return s.P50 })},
			{title: "p99", width: 7, rank: 3, text: report.SecondsText, value: latency(func(s *report.SourceSeries) []float64 { return s.P99 })},
			{title: "in flight", width: 9, rank: 7, text: report.CountText, value: ofAll(func(s *report.Source) (float64, bool) { return float64(s.InFlight), true })},

			{title: "success", width: 7, rank: 6, past: true, text: report.ShareText, level: failing,
				value: ofAll(func(s *report.Source) (float64, bool) { return s.Success, s.LatencyAll.Count > 0 })},
			{title: "goodput/s", width: 9, rank: 8, past: true, text: report.RateText, value: ofAll(func(s *report.Source) (float64, bool) { return s.Goodput, true })},
			{title: "offered/s", width: 9, rank: 11, past: true, text: report.RateText,
				value: func(s spot) (float64, bool) {
					return s.run.Report.Rate(s.run.Report.Sources[s.index].Offered)
				}},
			{title: "p50", width: 7, rank: 12, past: true, text: report.SecondsText, value: ofAll(func(s *report.Source) (float64, bool) { return s.Latency.P50, s.Latency.Count > 0 })},
			{title: "p99", width: 7, rank: 9, past: true, text: report.SecondsText, value: ofAll(func(s *report.Source) (float64, bool) { return s.Latency.P99, s.Latency.Count > 0 })},
			{title: "tries/req", width: 9, rank: 10, past: true, text: report.CountText,
				value: func(s spot) (float64, bool) {
					r := s.run.Report
					return r.Sources[s.index].TriesARequest(&r.Edges[s.index])
				},
				level: func(_ spot, v float64) report.Level { return report.TriesLevel(v) }},
			{title: "done p99", width: 8, rank: 13, past: true,
				only: func(r *report.Report) bool {
					return slices.ContainsFunc(r.Sources, func(s report.Source) bool { return s.Publishes })
				},
				value: ofAll(func(s *report.Source) (float64, bool) {
					v, _, known := s.Completed.P99()
					return v, known && s.Publishes
				}),
				words: func(s spot) string {
					v, word, _ := s.run.Report.Sources[s.index].Completed.P99()
					if word == "" {
						word = report.SecondsText(v)
					}
					return word
				}},
		},
	})
}
