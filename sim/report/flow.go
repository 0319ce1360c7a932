package report

import (
	"fmt"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/sim/hist"
	"cascade/topology"
)

// A flow follows how many of a subject's requests or attempts have begun and not
// ended. Shares and latencies are of what ended: they look splendid while
// everything hangs, so an expectation about them asks the flow as well.
type flow struct {
	interval, at des.Time // the plan's; how far it has come
	begun, ended uint64   // since the run's start
	was          uint64   // open before the last sample
	recent       beginnings
	completion   bool // it has ended when all that it published is done too

	// Of the window that is asked about.
	began   uint64
	longest int64  // ns that something which ended in it took
	before  uint64 // open as it began
	seen    bool   // it has begun
	open    uint64 // at its end
	whole   bool   // it is the run's totals
}

func newFlow(p *sim.Plan) *flow {
	n := min(divideUp(int64(p.Duration), int64(p.Interval)), maxBeginnings)
	return &flow{interval: p.Interval, recent: beginnings{width: p.Interval, counts: make([]uint64, 0, n)}}
}

// passed is what began, what ended, and how long things took that ended.
func (f *flow) passed(s *subject, t *sim.Tallies) (began, ended uint64, longest int64) {
	count := func(b uint64, o [topology.NumOutcomes]uint64, hists ...*hist.Hist) {
		began += b
		for _, n := range o {
			ended += n
		}
		for _, h := range hists {
			longest = max(longest, h.Max())
		}
	}
	// Of what succeeded, those of which all is done, or something given up.
	done := func(succeeded, lost uint64, completion *hist.Hist) {
		if f.completion {
			ended += completion.Count() + lost - succeeded
			longest = max(longest, completion.Max())
		}
	}
	switch s.kind {
	case sourceSubject:
		st := &t.Sources[s.index]
		count(st.Offered, st.Ended, st.Latency, st.Failed)
		done(st.Ended[topology.Success], st.Lost, st.Completion)
	case serviceSubject, operationSubject:
		op := &t.Services[s.index].OpTally
		if s.kind == operationSubject {
			op = &t.Services[s.index].Operations[s.op]
		}
		count(op.Arrived, op.Answers, op.Latency, op.Other)
		done(op.Answers[topology.Success], op.Lost, op.Completion)
	case edgeSubject: // its attempts: a call that hangs has one that does
		for _, i := range s.edges {
			e := &t.Edges[i]
			count(e.Attempts, e.Outcomes, e.Latency, e.Failed)
		}
	case queueSubject, groupSubject: // a message is as many as there are groups to read it
		q := &t.Queues[s.index]
		_, readers := s.readers(q)
		for _, r := range readers {
			began += q.Published
			ended += r.Acknowledged + r.DeadLettered + r.Dropped
			longest = max(longest, r.Latency.Max())
		}
	}
	return began, ended, longest
}

// add takes in a sample. All up to the window's end must be added, in order.
func (f *flow) add(s *subject, sm *sim.Sample) {
	began, ended, _ := f.passed(s, &sm.Tallies)
	f.was = f.open
	f.begun += began
	f.ended += ended
	f.at = sm.To
	f.recent.add(sm.From, began)
	f.open = f.begun - min(f.ended, f.begun)
}

// begin forgets the window; see adds a sample to it.
func (f *flow) begin() { f.began, f.longest, f.before, f.seen = 0, 0, 0, false }

func (f *flow) see(s *subject, t *sim.Tallies) {
	if !f.seen {
		f.seen, f.before = true, f.was
	}
	began, _, longest := f.passed(s, t)
	f.began += began
	f.longest = max(f.longest, longest)
}

// total makes the window that of the totals.
func (f *flow) total(s *subject, t *sim.Totals) {
	f.whole = true
	f.begin()
	f.see(s, &t.Tallies)
	f.open, f.before = 0, 0
	switch s.kind {
	case sourceSubject:
		f.open = t.Sources[s.index].InFlight
		if f.completion {
			f.open += t.Sources[s.index].Unfinished
		}
	case serviceSubject, operationSubject:
		op := &t.Services[s.index].OpTally
		if s.kind == operationSubject {
			op = &t.Services[s.index].Operations[s.op]
		}
		f.open = op.InWaiting + op.InThreads + op.Suspended
		if f.completion {
			f.open += op.Unfinished
		}
	case edgeSubject:
		for _, i := range s.edges {
			f.open += t.Edges[i].UnderWay
		}
	case queueSubject, groupSubject:
		_, readers := s.readers(&t.Queues[s.index])
		for _, r := range readers {
			f.open += r.Lag()
		}
	}
}

// stuck says what hangs; "" where all may yet end. A system that works has under
// way what began within the longest time that anything took in the window, and an
// interval more; one in a hundred of what began in the window is let pass, for
// there may always be one that takes longer than any before.
func (f *flow) stuck(kind subjectKind) string {
	if f.open <= max(f.began/100, f.young(f.longest)+1) {
		return ""
	}
	what, never, open := "attempts", "never ended", "had not ended"
	if kind == sourceSubject {
		what = "requests"
	}
	if f.completion {
		never, open = "were never done", "were not done"
	}
	if f.whole {
		return fmt.Sprintf("%s of %s %s %s", grouped(f.open), grouped(f.began), what, never)
	}
	return fmt.Sprintf("%s %s %s by %s (%s began in that time)", grouped(f.open), what, open, clock(f.at), grouped(f.began))
}

// young is how many began so late that they may be under way and yet take so many ns,
// or less; or an interval more.
func (f *flow) young(ns int64) uint64 {
	return f.recent.since(f.at - des.Time(ns) - f.interval)
}

// overdue is how many are under way at the window's end, and were not as it began,
// for longer than so many ns (and an interval).
func (f *flow) overdue(ns int64) uint64 {
	young := f.young(ns)
	return min(f.open-min(young, f.open), f.open-min(f.before, f.open))
}

// maxBeginnings bounds what is kept of when things began.
const maxBeginnings = 1024

// beginnings count what began in buckets of equal width from the run's start on.
// Where there would be too many, two and two become one.
type beginnings struct {
	width  des.Time
	counts []uint64
}

func (b *beginnings) add(at des.Time, n uint64) {
	for at/b.width >= maxBeginnings {
		for i := range b.counts {
			k := b.counts[i]
			b.counts[i] = 0
			b.counts[i/2] += k
		}
		b.counts = b.counts[:(len(b.counts)+1)/2]
		b.width *= 2
	}
	for int(at/b.width) >= len(b.counts) {
		b.counts = append(b.counts, 0)
	}
	b.counts[at/b.width] += n
}

// since is how many began from an instant on, all of the bucket that it lies in.
func (b *beginnings) since(at des.Time) uint64 {
	sum := uint64(0)
	for i := int(max(at, 0) / b.width); i < len(b.counts); i++ {
		sum += b.counts[i]
	}
	return sum
}
