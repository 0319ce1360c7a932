package tui

import (
	"fmt"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/sim/report"
)

// newServices is the table of services, and of operations below them. What a service did
// lately is what the timeline's newest point says, of an operation what the latest sample
// does: the timeline holds no operations.
func newServices(s *state) view {
	return newTable(s, sheet{
		title: "services", one: "service",
		none:  "no services in this scenario: they come under topology, services",
		count: func(p *sim.Plan) int { return len(p.Topology.Services) },
		label: func(p *sim.Plan, i int) string { return p.Topology.Services[i].Name },
		parts: func(p *sim.Plan, i int) int {
			if of := p.Topology.Services[i].Operations; len(of) > 1 || of[0].Name != "" {
				return len(of)
			}
			return 0
		},
		part:    func(p *sim.Plan, i, k int) string { return p.Topology.Services[i].Operations[k].Name },
		selects: true,
		level: func(s spot) report.Level {
			held, _ := heldNow(s)
			waiting, _ := waitingNow(s)
			errors, _ := errorsNow(s)
			if s.part >= 0 { // an operation has no instances of its own
				return report.ServiceLevel(held, waiting, errors, 0, 0)
			}
			return report.ServiceLevel(held, waiting, errors, s.run.Down[s.index], s.run.Instances[s.index])
		},
		drawn: "held",
		series: func(s spot) (series, bool) {
			if s.part >= 0 {
				return series{}, false
			}
			of := &s.run.Report.Timeline.Services[s.index]
			if s.run.Report.Services[s.index].Unlimited { // no threads to have a share of: what is in hand
				return series{func(n int) float64 { return of.InHand[n] },
					func(n int) report.Level { return report.ErrorLevel(of.ErrorShare(n)) }, 0}, true
			}
			return series{func(n int) float64 { return of.Saturation[n] },
				func(n int) report.Level { return report.SaturationLevel(of.Saturation[n], of.Queue[n]) }, 1}, true
		},
		columns: []column{
			{title: "", width: 10, rank: 10, bar: true, value: heldNow, level: saturationOf},
			{title: "held", width: 6, rank: 1, value: heldNow, text: report.ShareText, level: saturationOf},
			{title: "waiting", width: 7, rank: 4, value: waitingNow, text: report.CountText,
				level: waitingLevel},
			{title: "errors", width: 6, rank: 2, value: errorsNow, text: report.ShareText, level: errorLevel},
			{title: "p99", width: 7, rank: 3, text: report.SecondsText, value: func(s spot) (float64, bool) {
				if s.now < 0 {
					return 0, false
				}
				if s.part >= 0 {
					return opSeen(s, func(_ *sim.Sample, t *sim.OpTally, _ des.Time) (float64, bool) {
						return report.Percentile(t.Latency, 0.99)
					})
				}
				v := s.run.Report.Timeline.Services[s.index].P99[s.now]
				return v, v > 0
			}},
			{title: "arrived/s", width: 9, rank: 6, text: report.RateText, value: func(s spot) (float64, bool) {
				if s.now < 0 {
					return 0, false
				}
				if s.part >= 0 {
					return opSeen(s, func(m *sim.Sample, t *sim.OpTally, _ des.Time) (float64, bool) {
						return report.SampleRate(m, t.Arrived), true
					})
				}
				tl := &s.run.Report.Timeline
				return tl.Rate(s.now, tl.Services[s.index].Arrived[s.now]), true
			}},
			{title: "answers/s", width: 9, rank: 12, text: report.RateText, value: func(s spot) (float64, bool) {
				return opSeen(s, func(m *sim.Sample, t *sim.OpTally, _ des.Time) (float64, bool) {
					return report.SampleRate(m, report.Answered(&t.Answers)), true
				})
			}},
			{title: "up", width: upWidth, rank: 7, value: instancesUp, level: upLevel, words: func(s spot) string {
				n, down := s.run.Instances[s.index], s.run.Down[s.index]
				if text := fmt.Sprintf("%d/%d", n-down, n); widthOf(text) <= upWidth {
					return text
				}
				return report.CountText(float64(n - down)) // half of a number would be another
			}},
			{title: "waits on", width: 18, rank: 5, left: true,
				value: func(s spot) (float64, bool) {
					_, share, ok := waitsFor(s)
					return share, ok
				},
				words: func(s spot) string {
					name, share, _ := waitsFor(s)
					return report.ShareText(share) + " on " + name
				}},

			{title: "wasted", width: 6, rank: 8, past: true, text: report.ShareText,
				value: func(s spot) (float64, bool) { return poolOf(s).WastedShare() },
				level: func(s spot, v float64) report.Level { return s.run.Report.Services[s.index].WasteLevel(v) }},
			{title: "errors", width: 6, rank: 9, past: true, text: report.ShareText, level: errorLevel,
				value: func(s spot) (float64, bool) { return report.Failed(&poolOf(s).Answers) }},
			{title: "p99", width: 7, rank: 11, past: true, text: report.SecondsText,
				value: func(s spot) (float64, bool) { d := &poolOf(s).Latency; return d.P99, d.Count > 0 }},
			{title: "worst", width: 6, rank: 13, past: true, text: report.ShareText, value: heldSoFar(func(p *report.Pool) float64 { return p.SaturationMax }), level: saturationOf},
			{title: "held", width: 6, rank: 14, past: true, text: report.ShareText, value: heldSoFar(func(p *report.Pool) float64 { return p.Saturation }), level: saturationOf},
			{title: "waiting", width: 7, rank: 15, past: true, text: report.CountText,
				value: func(s spot) (float64, bool) { return poolOf(s).QueueMean, judged(s) },
				level: waitingLevel},
			{title: "most", width: 6, rank: 16, past: true, text: report.CountText,
				value: func(s spot) (float64, bool) { return float64(poolOf(s).QueueMax), judged(s) }},
			{title: "arrived/s", width: 9, rank: 17, past: true, text: report.RateText,
				value: func(s spot) (float64, bool) { return s.run.Report.Rate(poolOf(s).Arrived) }},
			{title: "answers/s", width: 9, rank: 18, past: true, text: report.RateText,
				value: func(s spot) (float64, bool) { return s.run.Report.Rate(report.Answered(&poolOf(s).Answers)) }},
		},
	})
}

// upWidth is room for how many instances are up of how many, where they are not many.
const upWidth = 5

// poolOf are the totals of a service, or of an operation.
func poolOf(s spot) *report.Pool {
	of := &s.run.Report.Services[s.index]
	if s.part >= 0 {
		return &of.Operations[s.part]
	}
	return &of.Pool
}

// judged says whether there are totals: what is before the warm-up's end is in none.
func judged(s spot) bool { return s.run.Report.End > s.run.Report.Warmup }

// opSeen asks the latest sample about a service, or an operation.
func opSeen(s spot, of func(*sim.Sample, *sim.OpTally, des.Time) (float64, bool)) (float64, bool) {
	if s.run.Last == nil {
		return 0, false
	}
	t := &s.run.Last.Services[s.index]
	op := &t.OpTally
	if s.part >= 0 {
		op = &t.Operations[s.part]
	}
	return of(s.run.Last, op, t.Capacity)
}

func heldNow(s spot) (float64, bool) {
	if s.now < 0 || s.run.Report.Services[s.index].Unlimited {
		return 0, false
	}
	if s.part >= 0 {
		return opSeen(s, func(_ *sim.Sample, t *sim.OpTally, capacity des.Time) (float64, bool) {
			return report.HeldShare(t, capacity)
		})
	}
	return s.run.Report.Timeline.Services[s.index].Saturation[s.now], true
}

func waitingNow(s spot) (float64, bool) {
	if s.now < 0 {
		return 0, false
	}
	if s.part >= 0 {
		return opSeen(s, func(m *sim.Sample, t *sim.OpTally, _ des.Time) (float64, bool) { return report.MeanQueue(m, t), true })
	}
	return s.run.Report.Timeline.Services[s.index].Queue[s.now], true
}

func errorsNow(s spot) (float64, bool) {
	if s.now < 0 {
		return 0, false
	}
	if s.part >= 0 {
		return opSeen(s, func(_ *sim.Sample, t *sim.OpTally, _ des.Time) (float64, bool) { return report.Failed(&t.Answers) })
	}
	of := &s.run.Report.Timeline.Services[s.index]
	return of.ErrorShare(s.now), of.Ended[s.now] > 0
}

func waitsFor(s spot) (name string, share float64, ok bool) {
	opSeen(s, func(_ *sim.Sample, t *sim.OpTally, _ des.Time) (float64, bool) {
		name, share, ok = report.WaitsOn(s.run.Plan, t)
		return share, ok
	})
	return name, share, ok
}

// instancesUp is how many instances are up; an operation has none of its own.
func instancesUp(s spot) (float64, bool) {
	return float64(s.run.Instances[s.index] - s.run.Down[s.index]), s.part < 0
}

func upLevel(s spot, _ float64) report.Level {
	return report.DownLevel(s.run.Down[s.index], s.run.Instances[s.index])
}

func heldSoFar(of func(*report.Pool) float64) func(spot) (float64, bool) {
	return func(s spot) (float64, bool) {
		return of(poolOf(s)), judged(s) && !s.run.Report.Services[s.index].Unlimited
	}
}

func waitingLevel(_ spot, waiting float64) report.Level { return report.WaitingLevel(waiting) }

func saturationOf(_ spot, held float64) report.Level { return report.SaturationLevel(held, 0) }

func errorLevel(_ spot, share float64) report.Level { return report.ErrorLevel(share) }
