package report

import (
	"strings"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/sim/hist"
	"cascade/topology"
)

// A metric is one number that an expectation can speak of. One row is all there
// is to it: the parser, the error texts and the judgement derive from this table.
type metric struct {
	name string
	on   subjectKind // what it can be asked of, a bit each
	unit unit
	need need // what it is computed from beyond counters, and whether it only grows

	// value works the number out of what was seen. A text in place of a number
	// says why there is none: what the metric speaks of never happened.
	value func(w *window) (float64, string)
}

// unit is what a metric's value is written and reported in.
type unit uint8

const (
	share    unit = iota // 0 to 1
	duration             // seconds
	rate                 // per second
	number
)

// need says what a metric is computed from, so that a window keeps no more than it must.
type need uint8

const (
	counters    need = 0
	latencies   need = 1 << iota // the distribution of latencies
	completions                  // the distribution of completions
	intervals                    // the worst interval
	endings                      // how what began ended: what never does must not be overlooked
	lateness                     // of messages and completions: what is given up, or never done, is later than all that is
	wholeRun                     // the end of the run: it has no window
	grows                        // none of these: a count, or the most that there ever was, which only grows
)

const (
	anySubject = sourceSubject | serviceSubject | operationSubject | edgeSubject
	poolOrOp   = serviceSubject | operationSubject
	completing = sourceSubject | poolOrOp
	messages   = queueSubject | groupSubject
	timed      = anySubject | messages
)

// metrics, in the order in which a message lists them.
//
// Of a source all are about requests. Of a service and an operation success and
// errors are shares of the attempts that ended there, whoever answered, those
// that were cancelled left out; throughput counts the answers that a thread gave.
// Of an edge success and errors are shares of the calls that ended, as the caller
// saw them after its last try; timeouts and rejected are shares of the attempts
// that ended, retries of the attempts sent, and rate counts attempts. What a guard
// at the caller turned away was never an attempt; it is in errors where it ended a
// call. Open is the share of time that a breaker was open, the mean over the caller
// instances (of all edges that the name matches and that have one).
//
// Completion is of what succeeded, until all that it published is done too;
// completion.lost is the share of it of which something was given up, and
// completion.unfinished that of which something is not done at the end. Of a queue the
// latencies are from publish to acknowledgement, and the counts are of messages,
// those that it took (published), and publishes that it did not (rejected). Of a
// stream depth, lag and age are the worst group's, counts the sums over its groups;
// each of the groups can be asked too.
//
// An operation's saturation and utilization are its parts of the service's pool.
var metrics = []metric{
	{"success", anySubject, share, endings, ofAllEnded(func(o *outcomes) uint64 { return o[topology.Success] })},
	{"errors", anySubject, share, endings, ofAllEnded((*outcomes).failures)},
	{"p50", timed, duration, latencies | endings | lateness, quantile(0.5)},
	{"p90", timed, duration, latencies | endings | lateness, quantile(0.9)},
	{"p95", timed, duration, latencies | endings | lateness, quantile(0.95)},
	{"p99", timed, duration, latencies | endings | lateness, quantile(0.99)},
	{"p999", timed, duration, latencies | endings | lateness, quantile(0.999)},
	{"mean", timed, duration, latencies | endings | lateness, ofAllLatencies(mean)},
	{"max", timed, duration, latencies | endings | lateness | grows, ofAllLatencies(maximum)},
	{"completion.p50", completing, duration, completions | endings | lateness, ofCompletion(0.5)},
	{"completion.p90", completing, duration, completions | endings | lateness, ofCompletion(0.9)},
	{"completion.p95", completing, duration, completions | endings | lateness, ofCompletion(0.95)},
	{"completion.p99", completing, duration, completions | endings | lateness, ofCompletion(0.99)},
	{"completion.p999", completing, duration, completions | endings | lateness, ofCompletion(0.999)},
	{"completion.mean", completing, duration, completions | endings | lateness, ofAllCompletions(mean)},
	{"completion.max", completing, duration, completions | endings | lateness | grows, ofAllCompletions(maximum)},
	{"completion.lost", completing, share, completions | endings, func(w *window) (float64, string) {
		done := w.completion.Count() + w.lost
		if done == 0 {
			return 0, w.noCompletion()
		}
		return ratio(w.lost, done), ""
	}},
	{"completion.unfinished", completing, share, completions | wholeRun, func(w *window) (float64, string) {
		all := w.completion.Count() + w.lost + w.unfinished
		switch {
		case all > 0:
			return ratio(w.unfinished, all), ""
		case w.kind == sourceSubject:
			return 0, "no request succeeded"
		}
		return 0, "no attempt succeeded"
	}},
	{"goodput", sourceSubject, rate, counters, func(w *window) (float64, string) {
		if w.offered == 0 && w.ended.all() == 0 { // requests of before the window may end in it
			return 0, "no request was sent"
		}
		return perSecond(w.ended[topology.Success], w.seen), ""
	}},
	{"offered", sourceSubject, rate, counters, ofRequests(func(w *window) float64 { return perSecond(w.offered, w.seen) })},
	{"amplification", sourceSubject, number, counters, ofRequests(func(w *window) float64 { return ratio(w.attempts, w.offered) })},

	{"throughput", poolOrOp, rate, counters, ofArrivals(func(w *window) (float64, string) {
		return perSecond(w.ended[topology.Success]+w.ended[topology.Error], w.seen), ""
	})},
	{"saturation", poolOrOp, share, counters, ofPool(func(w *window) (float64, string) { return w.ofCapacity(w.held) })},
	{"saturation.max", poolOrOp, share, intervals | grows, ofPool(func(w *window) (float64, string) {
		if w.capacity == 0 {
			return w.ofCapacity(0)
		}
		return w.worstSaturation, ""
	})},
	{"utilization", poolOrOp, share, counters, ofPool(func(w *window) (float64, string) { return w.ofCapacity(w.working) })},
	{"queue", poolOrOp, number, counters, ofPool(func(w *window) (float64, string) {
		return ratio(w.queueTime, w.seen), ""
	})},
	{"queue.max", poolOrOp, number, grows, ofPool(func(w *window) (float64, string) {
		return float64(w.queueMax), ""
	})},
	{"wasted", poolOrOp, share, counters, ofArrivals(func(w *window) (float64, string) {
		if w.working == 0 {
			return 0, "no work was done"
		}
		return ratio(w.wasted, w.working), ""
	})},

	{"timeouts", edgeSubject, share, endings, ofEnded(topology.Timeout)},
	{"retries", edgeSubject, share, counters, ofAttempts(func(w *window) float64 { return ratio(w.retries, w.attempts) })},
	{"rejected", edgeSubject, share, endings, ofEnded(topology.Rejected)},
	{"open", edgeSubject, share, counters, func(w *window) (float64, string) {
		switch {
		case w.breakers == 0:
			return 0, "it has no breaker"
		case w.open == 0 && w.calls == 0 && w.ended.all() == 0: // calls of before the window may end in it
			return 0, "no call was made"
		}
		return portion(w.open, w.breakers), ""
	}},
	{"rate", edgeSubject, rate, counters, ofAttempts(func(w *window) float64 { return perSecond(w.attempts, w.seen) })},
	{"amplification", edgeSubject, number, counters, func(w *window) (float64, string) {
		if w.calls == 0 {
			return 0, "no call was made"
		}
		return ratio(w.attempts, w.calls), ""
	}},

	{"depth", messages, number, counters, ofMessages(func(w *window) float64 {
		return w.worstReader(func(r *readerWindow) float64 { return ratio(r.waiting, w.seen) })
	})},
	{"depth.max", messages, number, grows, ofMessages(func(w *window) float64 {
		return w.worstReader(func(r *readerWindow) float64 { return float64(r.depthMax) })
	})},
	{"age.max", messages, duration, grows, ofMessages(func(w *window) float64 {
		return w.worstReader(func(r *readerWindow) float64 { return r.ageMax.Seconds() })
	})},
	{"lag", messages, number, counters, ofMessages(func(w *window) float64 {
		return w.worstReader(func(r *readerWindow) float64 { return ratio(r.waiting+r.held, w.seen) })
	})},
	{"lag.max", messages, number, grows, ofMessages(func(w *window) float64 {
		return w.worstReader(func(r *readerWindow) float64 { return float64(r.lagMax) })
	})},
	{"dead_lettered", messages, number, grows, count(func(w *window) uint64 { return w.messages.DeadLettered })},
	{"redelivered", messages, number, grows, count(func(w *window) uint64 { return w.messages.Redelivered })},
	{"duplicates", messages, number, grows, count(func(w *window) uint64 { return w.messages.Duplicates })},
	{"dropped", messages, number, grows, count(func(w *window) uint64 { return w.messages.Dropped })},
	{"published", queueSubject, number, grows, count(func(w *window) uint64 { return w.published })},
	{"acknowledged", messages, number, grows, count(func(w *window) uint64 { return w.messages.Acknowledged })},
	{"rejected", queueSubject, number, grows, count(func(w *window) uint64 { return w.turnedAway })},
}

// metricOf finds the row of a name for a kind of subject; -1 where there is none.
func metricOf(name string, on subjectKind) int {
	for i := range metrics {
		if metrics[i].name == name && metrics[i].on&on != 0 {
			return i
		}
	}
	return -1
}

// metricNames are the names that a kind of subject can be asked for.
func metricNames(on subjectKind) []string {
	var names []string
	for i := range metrics {
		if metrics[i].on&on != 0 {
			names = append(names, metrics[i].name)
		}
	}
	return names
}

func mean(h *hist.Hist) float64    { return h.Mean() / 1e9 }
func maximum(h *hist.Hist) float64 { return float64(h.Max()) / 1e9 }

func quantile(q float64) func(*window) (float64, string) {
	return func(w *window) (float64, string) { return w.quantile(w.latency, q, w.noLatency()) }
}

func ofCompletion(q float64) func(*window) (float64, string) {
	return func(w *window) (float64, string) { return w.quantile(w.completion, q, w.noCompletion()) }
}

// ofAllLatencies and ofAllCompletions are numbers that no one may be missing from.
func ofAllLatencies(f func(*hist.Hist) float64) func(*window) (float64, string) {
	return func(w *window) (float64, string) { return w.ofAll(w.latency, f, w.noLatency()) }
}

func ofAllCompletions(f func(*hist.Hist) float64) func(*window) (float64, string) {
	return func(w *window) (float64, string) { return w.ofAll(w.completion, f, w.noCompletion()) }
}

// ofMessages is of a queue that took part: a message was in it, or in one of the
// queues whose dead letters it takes (there may be none, on a good day).
func ofMessages(f func(*window) float64) func(*window) (float64, string) {
	return func(w *window) (float64, string) {
		switch {
		case w.reached:
			return f(w), ""
		case w.turnedAway > 0:
			return 0, "all publishes were turned away"
		}
		return 0, "no message reached it"
	}
}

// count is a count, which may well be none.
func count(f func(*window) uint64) func(*window) (float64, string) {
	return func(w *window) (float64, string) { return float64(f(w)), "" }
}

func ofRequests(f func(*window) float64) func(*window) (float64, string) {
	return func(w *window) (float64, string) {
		if w.offered == 0 {
			return 0, "no request was sent"
		}
		return f(w), ""
	}
}

// ofArrivals is of a pool that took part: something arrived, was held, waited or
// was answered, and not only because it was down.
func ofArrivals(f func(*window) (float64, string)) func(*window) (float64, string) {
	return func(w *window) (float64, string) {
		idle := w.held == 0 && w.queueTime == 0 && w.queueMax == 0
		switch ended := w.ended.all(); {
		case idle && w.arrived == 0 && ended == 0:
			return 0, "nothing arrived"
		case idle && ended > 0 && ended == w.ended[topology.Refused] && w.arrived <= ended:
			return 0, "all that arrived was refused"
		}
		return f(w)
	}
}

// ofPool is of the threads and the waiting room, which must have been there.
func ofPool(f func(*window) (float64, string)) func(*window) (float64, string) {
	return func(w *window) (float64, string) {
		if w.instances > 0 && w.down >= w.instances {
			return 0, "no instance was up"
		}
		return ofArrivals(f)(w)
	}
}

func ofAttempts(f func(*window) float64) func(*window) (float64, string) {
	return func(w *window) (float64, string) {
		if w.attempts == 0 {
			return 0, "no attempt was sent"
		}
		return f(w), ""
	}
}

func ofAllEnded(which func(*outcomes) uint64) func(*window) (float64, string) {
	return func(w *window) (float64, string) {
		if n := w.ended.counted(); n > 0 {
			return ratio(which(&w.ended), n), ""
		}
		return 0, w.nothingEnded()
	}
}

func ofEnded(o topology.Outcome) func(*window) (float64, string) {
	return func(w *window) (float64, string) {
		if n := w.tried.counted(); n > 0 {
			return ratio(w.tried[o], n), ""
		}
		return 0, "no attempt ended"
	}
}

// outcomes counts what ended, by how.
type outcomes [topology.NumOutcomes]uint64

func (o *outcomes) add(other *[topology.NumOutcomes]uint64) {
	for i, n := range other {
		o[i] += n
	}
}

func (o *outcomes) all() uint64 {
	n := uint64(0)
	for _, k := range o {
		n += k
	}
	return n
}

// counted is what ended as a success or a failure: an attempt that was cancelled
// (its caller gave up, or another copy won) was neither.
func (o *outcomes) counted() uint64  { return o.all() - o[topology.Cancelled] }
func (o *outcomes) failures() uint64 { return o.counted() - o[topology.Success] }

// A window is what was seen of one subject in some stretch of time.
type window struct {
	kind subjectKind
	seen des.Time // how much time

	offered  uint64   // requests of a source
	arrived  uint64   // attempts at a service or operation
	calls    uint64   // of an edge
	attempts uint64   // of a source or an edge
	retries  uint64   // of an edge
	open     des.Time // of an edge: that breakers were open
	breakers des.Time // of an edge: the time of all its breakers
	ended    outcomes // requests of a source, attempts at a service or operation, calls of an edge
	tried    outcomes // attempts of an edge
	latency  *hist.Hist

	late *late // of what is done some time, or never; nil where that is not asked

	completion *hist.Hist // of a source, service or operation
	lost       uint64     // likewise: succeeded, and something published was given up
	unfinished uint64     // likewise, or is not done at the end: of the totals

	published, turnedAway uint64         // of a queue, or a group's: messages, and publishes
	messages              sim.GroupTally // of a queue or group: its counts
	readers               []readerWindow // of a queue: itself, or a stream's groups; of a group: itself
	reached               bool           // of a queue: a message was in it, or in one whose dead letters it takes

	working, wasted, held, capacity, queueTime des.Time // of a service or operation
	unlimited                                  bool
	queueMax                                   uint64
	instances, down                            des.Time // of a service: the time of all its instances, and how much of it they were down

	worstSaturation float64
	interval        struct{ held, capacity des.Time } // the one under way
}

// A readerWindow is what was seen of a queue of work, or of a stream's group.
type readerWindow struct {
	waiting, held    des.Time
	depthMax, lagMax uint64
	ageMax           des.Time
}

// worstReader is the largest value of any reader.
func (w *window) worstReader(of func(*readerWindow) float64) float64 {
	most := 0.0
	for i := range w.readers {
		most = max(most, of(&w.readers[i]))
	}
	return most
}

// add takes in a span of the given length. Distributions are merged only when asked
// for: they are what costs.
func (w *window) add(s *subject, length des.Time, t *sim.Tallies, asked need) {
	w.seen += length
	switch s.kind {
	case sourceSubject:
		st := &t.Sources[s.index]
		w.offered += st.Offered
		w.attempts += st.Attempts
		w.ended.add(&st.Ended)
		addTo(&w.latency, st.Latency, asked&latencies != 0)
		w.complete(s.publishes, asked, st.Latency, st.Completion, st.Lost, st.Unfinished)
	case serviceSubject, operationSubject:
		svc := &t.Services[s.index]
		op := &svc.OpTally
		if s.kind == operationSubject {
			op = &svc.Operations[s.op]
		}
		held := op.Held()
		w.arrived += op.Arrived
		w.ended.add(&op.Answers)
		w.working += op.Working
		w.wasted += op.Wasted
		w.held += held
		w.capacity += svc.Capacity
		w.queueTime += op.QueueTime
		w.queueMax = max(w.queueMax, op.QueueMax)
		for i := range svc.Instances {
			in := &svc.Instances[i]
			if s.scales && in.Capacity == 0 { // not there: not added yet, or removed
				continue
			}
			w.instances += length
			w.down += in.Down
		}
		w.unlimited = s.unlimited
		w.interval.held += held
		w.interval.capacity += svc.Capacity
		addTo(&w.latency, op.Latency, asked&latencies != 0)
		w.complete(s.publishes, asked, op.Latency, op.Completion, op.Lost, op.Unfinished)
	case edgeSubject:
		w.breakers += length * des.Time(s.breakers)
		for _, i := range s.edges {
			e := &t.Edges[i]
			w.open += e.Open
			w.calls += e.Calls
			w.attempts += e.Attempts
			w.retries += e.Retries
			w.ended.add(&e.CallOutcomes)
			w.tried.add(&e.Outcomes)
			addTo(&w.latency, e.Latency, asked&latencies != 0)
		}
	case queueSubject, groupSubject:
		q := &t.Queues[s.index]
		top, readers := s.readers(q)
		w.published += q.Published
		w.turnedAway += q.Full + q.Refused + q.TimedOut
		w.messages.Redelivered += top.Redelivered
		w.messages.Duplicates += top.Duplicates
		w.messages.Acknowledged += top.Acknowledged
		w.messages.DeadLettered += top.DeadLettered
		w.messages.Dropped += top.Dropped
		addTo(&w.latency, top.Latency, asked&latencies != 0)
		if w.readers == nil {
			w.readers = make([]readerWindow, len(readers))
		}
		for i, r := range readers {
			of := &w.readers[i]
			of.waiting += r.WaitingTime
			of.held += r.HeldTime
			of.depthMax, of.lagMax, of.ageMax = max(of.depthMax, r.DepthMax), max(of.lagMax, r.LagMax), max(of.ageMax, r.AgeMax)
			w.reached = w.reached || r.WaitingTime > 0 || r.HeldTime > 0
		}
		w.reached = w.reached || q.Published > 0
		for _, i := range s.feeders {
			from := &t.Queues[i]
			w.reached = w.reached || from.Published > 0 || from.WaitingTime > 0 || from.HeldTime > 0
		}
	}
}

// readers are the tallies that a queue, or a group, is told by: what sums it up, and
// each reader.
func (s *subject) readers(q *sim.QueueTally) (top *sim.GroupTally, readers []*sim.GroupTally) {
	if s.kind == groupSubject {
		g := &q.Groups[s.group]
		return g, []*sim.GroupTally{g}
	}
	return &q.GroupTally, readerTallies(q, s.stream)
}

// complete takes in completions; of what publishes nothing they are the latencies.
func (w *window) complete(publishes bool, asked need, latency, completion *hist.Hist, lost, unfinished uint64) {
	if publishes {
		latency = completion
		w.lost += lost
		w.unfinished += unfinished
	}
	addTo(&w.completion, latency, asked&completions != 0)
}

func addTo(into **hist.Hist, h *hist.Hist, wanted bool) {
	if !wanted || h.Count() == 0 {
		return
	}
	if *into == nil {
		*into = &hist.Hist{}
	}
	(*into).Merge(h)
}

// endInterval closes the interval under way: the worst one is kept.
func (w *window) endInterval() {
	iv := &w.interval
	w.worstSaturation = max(w.worstSaturation, portion(iv.held, iv.capacity))
	iv.held, iv.capacity = 0, 0
}

func (w *window) ofCapacity(t des.Time) (float64, string) {
	switch {
	case w.capacity > 0:
		return portion(t, w.capacity), ""
	case w.unlimited:
		return 0, "its threads are unlimited"
	default:
		return 0, "it had no threads"
	}
}

func (w *window) nothingEnded() string {
	switch w.kind {
	case sourceSubject:
		return "no request ended"
	case edgeSubject:
		return "no call ended"
	default:
		return "no attempt ended"
	}
}

func (w *window) noLatency() string {
	switch w.kind {
	case sourceSubject:
		return "no request succeeded"
	case edgeSubject:
		return "no attempt succeeded"
	case queueSubject, groupSubject:
		return "no message was acknowledged"
	default:
		return "no thread gave an answer"
	}
}

func (w *window) noCompletion() string {
	if w.kind == sourceSubject {
		return "no request was done"
	}
	return "no attempt was done"
}

// ratio is a/b, and 0 where b is 0: a share of nothing.
func ratio[T ~int64 | ~uint64](a, b T) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// portion is a ratio of thread time, at most 1: a pool that shrank may for a while
// hold more threads than it has.
func portion(part, whole des.Time) float64 { return min(ratio(part, whole), 1) }

func perSecond(n uint64, span des.Time) float64 {
	if span <= 0 {
		return 0
	}
	return float64(n) / span.Seconds()
}

// among lists names for a message: a, b and c.
func among(names []string) string {
	switch len(names) {
	case 0:
		return ""
	case 1:
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}
