package tui

import (
	"cascade/sim"
	"cascade/sim/report"
	"cascade/topology"
)

// newQueues is the table of queues, and below a stream that several read of its groups. A
// stream's own row has of each number the worst group's.
func newQueues(s *state) view {
	return newTable(s, sheet{
		title: "queues", one: "queue",
		none:  "no queues in this scenario: they come under topology, queues, with publish steps and services that consume",
		count: func(p *sim.Plan) int { return len(p.Topology.Queues) },
		label: func(p *sim.Plan, i int) string { return p.Topology.Queues[i].Name },
		parts: func(p *sim.Plan, i int) int {
			if p.Topology.Queues[i].Kind != topology.Stream {
				return 0
			}
			if n := len(p.Topology.Groups(i)); n > 1 { // one alone says what the queue does
				return n
			}
			return 0
		},
		part:  func(p *sim.Plan, i, k int) string { return p.Topology.Services[p.Topology.Groups(i)[k]].Name },
		level: queueLevel,
		drawn: "waiting",
		series: func(s spot) (series, bool) {
			of := &s.run.Report.Timeline.Queues[s.index]
			// Groups are drawn to the scale of their stream: one that keeps up looks like it.
			full := fewest
			for n := range s.now + 1 {
				full = max(full, of.Depth(n))
			}
			calm := func(int) report.Level { return report.OK }
			if s.part >= 0 {
				depth := of.Readers[s.part].Depth
				return series{func(n int) float64 { return depth[n] }, calm, full}, true
			}
			return series{of.Depth, calm, full}, true
		},
		columns: []column{
			{title: "waiting", width: 7, rank: 1, text: report.CountText, value: ofQueue((*report.QueueSeries).Depth,
				func(r *report.ReaderSeries, n int) float64 { return r.Depth[n] })},
			{title: "oldest", width: 7, rank: 2, text: report.SecondsText, value: ofQueue((*report.QueueSeries).Age,
				func(r *report.ReaderSeries, n int) float64 { return r.Age[n] })},
			{title: "in/s", width: 7, rank: 3, text: report.RateText, value: func(s spot) (float64, bool) {
				if s.now < 0 || s.part >= 0 { // all groups get what comes
					return 0, false
				}
				tl := &s.run.Report.Timeline
				return tl.Rate(s.now, tl.Queues[s.index].Published[s.now]), true
			}},
			{title: "done/s", width: 7, rank: 4, text: report.RateText, value: func(s spot) (float64, bool) {
				if s.run.Last == nil {
					return 0, false
				}
				n, known := s.run.Report.Acknowledged(s.run.Last, s.index, s.part)
				return report.SampleRate(s.run.Last, n), known
			}},
			{title: "not done", width: 8, rank: 6, text: report.CountText, value: ofQueue((*report.QueueSeries).Lag,
				(*report.ReaderSeries).Lag)},
			{title: "drained in", width: 10, rank: 5, value: drainOf,
				words: func(s spot) string {
					v, _ := drainOf(s)
					return report.DrainText(v, queueLevel(s))
				}},

			{title: "dead", width: 6, rank: 7, past: true, text: report.CountText, value: ofReader(func(r *report.Reader) (float64, bool) { return float64(r.DeadLettered), true }),
				level: func(_ spot, n float64) report.Level { return report.AnyLevel(uint64(n)) }},
			{title: "dropped", width: 7, rank: 8, past: true, text: report.CountText, value: ofReader(func(r *report.Reader) (float64, bool) { return float64(r.Dropped), true }),
				level: lostLevel},
			{title: "again", width: 6, rank: 9, past: true, text: report.ShareText, value: ofReader((*report.Reader).Again), level: errorLevel},
			{title: "most", width: 7, rank: 10, past: true, text: report.CountText, value: ofReader(func(r *report.Reader) (float64, bool) { return float64(r.LagMax), true })},
			{title: "oldest", width: 7, rank: 11, past: true, text: report.SecondsText, value: ofReader(func(r *report.Reader) (float64, bool) { return r.AgeMax, true })},
			{title: "p99", width: 7, rank: 12, past: true,
				value: func(s spot) (float64, bool) {
					v, _, known := messagesP99(s)
					return v, known && judged(s)
				},
				words: func(s spot) string {
					v, word, _ := messagesP99(s)
					if word == "" {
						word = report.SecondsText(v)
					}
					return word
				}},
			{title: "rejected", width: 8, rank: 13, past: true, text: report.CountText, level: lostLevel,
				value: func(s spot) (float64, bool) {
					return float64(s.run.Report.Queues[s.index].Rejected()), s.part < 0 && judged(s)
				}},
			{title: "in/s", width: 7, rank: 14, past: true, text: report.RateText,
				value: func(s spot) (float64, bool) {
					return s.run.Report.Queues[s.index].PublishedRate, s.part < 0 && judged(s)
				}},
			{title: "done/s", width: 7, rank: 15, past: true, text: report.RateText,
				value: func(s spot) (float64, bool) {
					v, known := s.run.Report.Rate(readerOf(s).Acknowledged)
					return v, known && isRead(s)
				}},
		},
	})
}

// fewest messages fill a sparkline: of a queue that never had as many there is little to see.
const fewest = 10.0

func queueLevel(s spot) report.Level {
	if s.run.Last == nil {
		return report.OK
	}
	return s.run.Report.QueueLevel(s.run.Last, s.index, s.part)
}

// readerOf are the totals of a queue, or of a group of a stream.
func readerOf(s spot) *report.Reader {
	q := &s.run.Report.Queues[s.index]
	if s.part >= 0 {
		return &q.Groups[s.part]
	}
	return q.Slowest()
}

// isRead says whether a queue can have been read: a stream that nobody reads cannot.
func isRead(s spot) bool {
	q := &s.run.Report.Queues[s.index]
	return !q.Stream || len(q.Groups) > 0
}

// ofQueue is a number of the newest point, of a queue or of a group of a stream.
func ofQueue(whole func(*report.QueueSeries, int) float64, group func(*report.ReaderSeries, int) float64) func(spot) (float64, bool) {
	return func(s spot) (float64, bool) {
		if s.now < 0 || !isRead(s) {
			return 0, false
		}
		of := &s.run.Report.Timeline.Queues[s.index]
		if s.part >= 0 {
			return group(&of.Readers[s.part], s.now), true
		}
		return whole(of, s.now), true
	}
}

// ofReader is a number of the totals, likewise.
func ofReader(of func(*report.Reader) (float64, bool)) func(spot) (float64, bool) {
	return func(s spot) (float64, bool) {
		v, known := of(readerOf(s))
		return v, known && judged(s) && isRead(s)
	}
}

// drainOf is in how many seconds what is not done is gone at this rate; -1 where it is
// not going.
func drainOf(s spot) (float64, bool) {
	if s.now < 0 || !isRead(s) {
		return 0, false
	}
	return s.run.Report.Timeline.Drain(s.index, s.part, s.now), true
}

func messagesP99(s spot) (v float64, word string, known bool) {
	if s.part >= 0 {
		return readerOf(s).P99()
	}
	return s.run.Report.Queues[s.index].P99()
}

func lostLevel(_ spot, n float64) report.Level { return report.LostLevel(uint64(n)) }
