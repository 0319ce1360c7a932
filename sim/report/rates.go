package report

import (
	"math"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/sim/hist"
	"cascade/topology"
)

// What a point of the timeline comes to, for whoever shows one: rates and shares of the
// counts in it.

// Rate is a count of point n as so many a second. The last point may be shorter than
// the others.
func (t *Timeline) Rate(n int, count uint64) float64 { return perSecond(count, t.length(n)) }

// ErrorShare is the share of what ended in point n that ended as an error; 0 where
// nothing did.
func (s *ServiceSeries) ErrorShare(n int) float64 { return ratio(s.Errors[n], s.Ended[n]) }

// FailedShare is the share of the requests that ended in point n that failed; 0 where
// none ended.
func (s *SourceSeries) FailedShare(n int) float64 {
	return ratio(s.Failed[n], s.Succeeded[n]+s.Failed[n])
}

// SucceededShare is the share of the requests that ended in point n that succeeded; 0
// where none ended.
func (s *SourceSeries) SucceededShare(n int) float64 {
	return ratio(s.Succeeded[n], s.Succeeded[n]+s.Failed[n])
}

// FailedShare is the share of the attempts that ended in point n that failed; 0 where
// none ended.
func (s *EdgeSeries) FailedShare(n int) float64 { return ratio(s.Failed[n], s.Ended[n]) }

// What follows is of totals and samples too. Where there is nothing to speak of the last
// result is false.

// Rate is how many a second so many in the totals are; unknown before the warm-up's end.
func (r *Report) Rate(count uint64) (rate float64, known bool) {
	return perSecond(count, r.judged()), r.judged() > 0
}

// SampleRate is how many a second so many in a sample are.
func SampleRate(s *sim.Sample, count uint64) float64 { return perSecond(count, s.To-s.From) }

// Share is the share of a whole that a part of it is.
func Share(part, whole uint64) (share float64, known bool) { return ratio(part, whole), whole > 0 }

// Failed is the share of what ended that failed: what was cancelled did neither. It is of
// attempts or calls, in totals and samples alike.
func Failed(ended *[topology.NumOutcomes]uint64) (share float64, known bool) {
	o := (*outcomes)(ended)
	return Share(o.failures(), o.counted())
}

// EndedAs is the share of what ended that ended so, what was cancelled left out.
func EndedAs(o topology.Outcome, ended *[topology.NumOutcomes]uint64) (share float64, known bool) {
	return Share(ended[o], (*outcomes)(ended).counted())
}

// Answered is how many of a pool's attempts were answered by a thread.
func Answered(answers *[topology.NumOutcomes]uint64) uint64 {
	return answers[topology.Success] + answers[topology.Error]
}

// Percentile is a percentile of a distribution of nanoseconds, in seconds.
func Percentile(h *hist.Hist, q float64) (s float64, known bool) { return seconds(h, q), h.Count() > 0 }

// RetryShare is the share of the attempts sent in a point that were retries.
func (s *EdgeSeries) RetryShare(n int) (share float64, known bool) {
	return Share(s.Retries[n], s.Attempts[n])
}

// TriesACall is how often an edge's calls were tried, on average: hedges, and what the
// caller's own guards turned away, count; calls that a cache or another call answered
// do not.
func (d *Edge) TriesACall() (tries float64, known bool) { return d.triesACall(), d.Calls > 0 }

// Turned is the share of an edge's tries that the caller's own guards never sent.
func (d *Edge) Turned() (share float64, known bool) {
	turned := (*outcomes)(&d.TurnedAway).all()
	return Share(turned, d.Attempts+turned)
}

// TriesARequest is how often the requests of a source were tried, on average; what the
// clients' own guards turned away on the source's edge counts.
func (s *Source) TriesARequest(way *Edge) (tries float64, known bool) {
	turned := (*outcomes)(&way.TurnedAway)
	return ratio(s.Attempts+turned.all(), s.Offered), s.Offered > 0
}

// HeldShare is the share of the threads that a service, or one of its operations, held
// in a sample. Capacity is that of the service; none with unlimited threads.
func HeldShare(t *sim.OpTally, capacity des.Time) (share float64, known bool) {
	return portion(t.Held(), capacity), capacity > 0
}

// MeanQueue is how many attempts waited for a thread in a sample, on average.
func MeanQueue(s *sim.Sample, t *sim.OpTally) float64 { return ratio(t.QueueTime, s.To-s.From) }

// WaitsOn is the service, or the queue, that most of the thread time which was held at a
// service or operation went to waiting for (its answers, and before the next try), and
// how large a share of it did. It is unknown where none did.
func WaitsOn(p *sim.Plan, t *sim.OpTally) (name string, share float64, known bool) {
	of := map[string]des.Time{}
	var names []string
	book := func(name string, time des.Time) {
		if time <= 0 {
			return
		}
		if of[name] == 0 {
			names = append(names, name)
		}
		of[name] += time
	}
	for _, spent := range [][]sim.EdgeTime{t.WaitingOn, t.BackingOff} {
		for _, w := range spent {
			// Threads are a service's, so none of them waits on a source's edge.
			book(p.Topology.Services[p.Topology.Edges[w.Edge-len(p.Sources)].To.Service].Name, w.Time)
		}
	}
	for _, w := range t.Publishing {
		book(p.Topology.Queues[p.Topology.Publishes[w.Publish].Queue].Name, w.Time)
	}
	var most des.Time
	for _, n := range names {
		if of[n] > most {
			name, most = n, of[n]
		}
	}
	return name, ratio(most, t.Held()), most > 0
}

// P99 is the p99 of what is done, in seconds. Where that lies among what was given up it
// is never, and among what is not done at the end, not yet: a word, and no number.
func (c *Completed) P99() (s float64, word string, known bool) {
	if word := c.undone(0.99); word != "" {
		return 0, word, true
	}
	return c.p99, "", c.Completion.Count > 0
}

// P99 is that of a queue's, or group's, messages, from publish to acknowledgement.
func (r *Reader) P99() (s float64, word string, known bool) { return slowestOf([]*Reader{r}).P99() }

// P99 is that of a queue of work, or of a stream's group for which it is longest.
func (q *Queue) P99() (s float64, word string, known bool) { return slowestOf(q.readers()).P99() }

// slowestOf is what became of the messages of the reader whose p99 is longest.
func slowestOf(readers []*Reader) *Completed {
	worst, rank := &Completed{}, -1.0
	for _, g := range readers {
		done := &Completed{Completion: g.Latency, Lost: g.Dropped, Unfinished: g.Lag, p99: g.p99}
		at := g.p99
		switch done.undone(0.99) {
		case "never":
			at = math.Inf(1)
		case "not yet":
			at = math.MaxFloat64
		case "":
			if g.Latency.Count == 0 {
				at = -1
			}
		}
		if at > rank {
			worst, rank = done, at
		}
	}
	return worst
}

// Slowest is what a queue's row says: of a stream the dead letters and the dropped of all
// groups, and of each other number the worst group's.
func (q *Queue) Slowest() *Reader {
	if !q.Stream {
		return &q.Reader
	}
	return q.slowest()
}

// Acknowledged is how many messages of a queue were acknowledged in a sample; of a stream
// in one of its groups, or where that is -1 in the group that acknowledged fewest. It is
// unknown of a stream that nobody reads.
func (r *Report) Acknowledged(s *sim.Sample, queue, group int) (n uint64, known bool) {
	t := &s.Queues[queue]
	if !r.Queues[queue].Stream {
		return t.Acknowledged, true
	}
	for i := range t.Groups {
		k := t.Groups[i].Acknowledged
		if i == group {
			return k, true
		}
		if i == 0 || k < n {
			n = k
		}
	}
	return n, len(t.Groups) > 0
}

// Drain is how many seconds it takes until a queue's lag is gone at the rates of a point,
// or that of one of its groups, -1: of the one that lags most. It is -1 where it does not
// shrink.
func (t *Timeline) Drain(queue, group, n int) float64 {
	s := &t.Queues[queue]
	if group < 0 {
		return s.Drain(n, t.length(n))
	}
	r := &s.Readers[group]
	return drain(r.Lag(n), s.Published[n], r.left[n], t.length(n))
}

// QueueLevel is how bad it is with a queue now, or with a group of a stream (-1: with any
// of them). Critical: messages are dropped, or publishes turned away, or a backlog that
// the story tells of grows. Warn: there is such a backlog, or dead letters are made.
func (r *Report) QueueLevel(s *sim.Sample, queue, group int) Level {
	t := &s.Queues[queue]
	readers := readerTallies(t, r.Queues[queue].Stream)
	level := OK
	if t.Full+t.Refused+t.TimedOut > 0 {
		level = Critical
	}
	for g, k := range readers {
		if group >= 0 && g != group {
			continue
		}
		if k.DeadLettered > 0 {
			level = max(level, Warn)
		}
		if k.Dropped > 0 {
			level = Critical
		}
		for i := range r.Cascade.backlogs {
			switch b := &r.Cascade.backlogs[i]; {
			case b.queue != queue || b.reader != g || !b.atEnd || !b.told:
			case b.shrinks < 0:
				level = Critical
			default:
				level = max(level, Warn)
			}
		}
	}
	return level
}

// WasteLevel is that of such a share of a service's work done in vain. What was done for
// copies that lost a race is what hedging costs: nothing is wrong then.
func (s *Service) WasteLevel(share float64) Level {
	if s.waste.hedges {
		return OK
	}
	return ErrorLevel(share)
}

// Within says whether the fault, or one of its occurrences, was there from one instant to
// before another.
func (f *Fault) Within(from, to des.Time) bool {
	began := f.From
	if f.Every > 0 && to > began { // the last occurrence that began before
		began += (to - 1 - began) / f.Every * f.Every
	}
	return began < to && (began >= from || began+f.To-f.From > from)
}
