package report

import (
	"cmp"
	"math"
	"slices"

	"cascade/sim"
	"cascade/sim/des"
)

// A Cascade is the story of a run: who was saturated when, because of whom, and
// whether it came back.
type Cascade struct {
	Saturated []Saturated // by time, the cause before what it caused
	LeftOut   int         // spans beyond the bound of what is kept

	// BlastRadius are the services that suffered for another's sake: saturated with
	// another service as the root, or with more errors than before the first fault
	// while nothing was wrong with themselves. In file order.
	BlastRadius []string

	// RecoveredAt is when the last span that is out of the ordinary had ended and
	// every source's success rate was back to within a percentage point of what it
	// was; -1 where it never was, or where nothing was out of the ordinary.
	RecoveredAt des.Time

	// Metastable says that every fault has been over for at least five intervals and
	// a twentieth of the run, and the system was still not back in the last so long:
	// some source's success rate, or a service saturated that was not before.
	Metastable bool
	Loop       *Loop // what feeds it, as far as that can be told

	notes     []note     // of each in Saturated
	failures  []failures // of each source
	consumers []failing
	silent    []bool // of each source: it asked on at the end, and nothing ended
	broke     bool   // there was something to recover from
	backlogs  []backlog
}

// A note is what the story knows of a saturated span beyond its numbers.
type note struct {
	unusual bool   // out of the ordinary
	blocked bool   // it was held by publishes
	told    bool   // worth telling: also where, without any fault, it was just long
	paused  bool   // its threads stood still, more than they were at own work
	slowed  string // the latency or slow fault that was on the service meanwhile
}

// A Saturated is a span of intervals in each of which a service was saturated:
// at least 95% of its threads that are up held on average, or one attempt or more waiting.
type Saturated struct {
	Service   string
	At, Until des.Time // from the first interval's start to the start of the first that was not; the end of the run if none
	HeldBy    string   // the edge that held most of its threads' time; "" where own work did

	// Share of the held thread time that was spent on HeldBy (and other edges to the
	// same service), waiting and in backoff; on own work where HeldBy is "".
	Share float64

	// Root is where following HeldBy ends: the service whose own work, or whose
	// lack of threads, is what everybody waits for.
	Root string
}

// A Loop is what keeps a run from coming back after its cause is gone.
type Loop struct {
	Edge          string
	Queue         string  // a queue whose redeliveries feed it; Edge is from it to its consumer, and the numbers are of its deliveries
	Retries       float64 // share of the edge's attempts that were retries, after the last fault
	Hedges        float64 // share that were hedges, likewise
	Amplification float64 // attempts a call, likewise
	Wasted        float64 // where neither feeds it: the share of the callee's work that was for callers who had given up
}

// saturated is a Saturated with what finding its root needs.
type saturated struct {
	Saturated
	service int
	own     des.Time
	cause   int // way: an edge, or a publish step behind them all; -1 for own work
	root    int // node: a service, or a queue behind them all; -1: not known yet
	hops    int // saturated callees on the way to the root

	paused, held, up      des.Time // thread time; up: of instances that were
	worstHeld, worstQueue float64  // of an interval: share of the threads, attempts waiting
}

// to is the node that a way leads to: a service, or behind them all a queue.
func (c *Collector) to(way int) int {
	if way < len(c.edges) {
		return c.edges[way].To.Service
	}
	return len(c.services) + c.plan.Topology.Publishes[way-len(c.edges)].Queue
}

// wayID is a way's name.
func (c *Collector) wayID(way int) string {
	if way < len(c.edges) {
		return c.edges[way].ID
	}
	return c.plan.Topology.Publishes[way-len(c.edges)].ID
}

// nodeName is the name of a service or queue.
func (c *Collector) nodeName(node int) string {
	if node < len(c.services) {
		return c.plan.Topology.Services[node].Name
	}
	return c.plan.Topology.Queues[node-len(c.services)].Name
}

// cause says which way held a service's threads most, by the service or queue that
// all its ways there together waited for most, and that share; -1 for own work.
// Times are those of c.leaving[service].
func (c *Collector) cause(service int, own des.Time, times []des.Time) (way int, share float64) {
	total := own
	byNode := map[int]des.Time{} // looked up only, never ranged over
	for k, e := range c.leaving[service] {
		total += times[k]
		byNode[c.to(e)] += times[k]
	}
	way, most := -1, des.Time(0)
	longest := own
	for k, e := range c.leaving[service] {
		sum := byNode[c.to(e)]
		if sum > longest || way >= 0 && sum == longest && c.to(e) == c.to(way) && times[k] > most {
			way, most, longest = e, times[k], sum
		}
	}
	if total == 0 {
		return -1, 0
	}
	return way, ratio(longest, total)
}

// cascade tells the story out of what was collected.
func (c *Collector) cascade() Cascade {
	slices.SortStableFunc(c.spans, func(a, b saturated) int {
		return cmp.Or(cmp.Compare(a.At, b.At), a.service-b.service)
	})
	c.findRoots()
	// Of what began in one interval the cause comes before what it caused.
	slices.SortStableFunc(c.spans, func(a, b saturated) int {
		return cmp.Or(cmp.Compare(a.At, b.At), a.hops-b.hops, a.service-b.service)
	})
	story := Cascade{LeftOut: c.leftOut, RecoveredAt: -1}
	for i := range c.spans {
		s := &c.spans[i]
		s.Service = c.plan.Topology.Services[s.service].Name
		s.Root = c.nodeName(s.root)
		if s.cause >= 0 {
			s.HeldBy = c.wayID(s.cause)
		}
		story.Saturated = append(story.Saturated, s.Saturated)
	}
	story.BlastRadius = c.blastRadius()
	c.failing = apart(c.failing)
	story.notes = c.notes()
	story.backlogs = c.backlogs()
	story.consumers = c.consumersFailed()
	for i := range c.sources {
		story.failures = append(story.failures, c.failuresOf(i))
		story.silent = append(story.silent, c.silent(i))
	}

	back, atEnd := des.Time(0), false
	for i := range story.failures {
		if f := &story.failures[i]; f.ever {
			story.broke = true
			back, atEnd = max(back, f.until), atEnd || f.atEnd
		}
		if story.silent[i] {
			story.broke, atEnd = true, true
		}
	}
	for i := range c.spans {
		if story.notes[i].unusual {
			story.broke = true
			back, atEnd = max(back, c.spans[i].Until), atEnd || c.spans[i].Until >= c.reached
		}
	}
	for i := range story.backlogs {
		if b := &story.backlogs[i]; b.unusual {
			story.broke = true
			back, atEnd = max(back, b.until), atEnd || b.atEnd
		}
	}
	if story.broke && !atEnd {
		story.RecoveredAt = back
	}
	if c.lastFault != des.Never && c.reached-c.quiet() >= c.lastFault && c.stillNotBack(&story) {
		story.Metastable = true
		story.RecoveredAt = -1
		story.Loop = c.loop()
	}
	return story
}

// findRoots follows every span's cause, from callee to callee, to where it ends.
func (c *Collector) findRoots() {
	byService := make([][]int, len(c.plan.Topology.Services)) // spans by time
	for i := range c.spans {
		c.spans[i].root = -1
		s := c.spans[i].service
		byService[s] = append(byService[s], i)
	}
	for i := range c.spans {
		var path []int // spans whose root is whatever this walk finds
		seen := map[int]bool{}
		service, at, until, cause := c.spans[i].service, c.spans[i].At, c.spans[i].Until, c.spans[i].cause
		at0 := i
		root, hops := -1, 0
		for root < 0 {
			if at0 >= 0 {
				if root = c.spans[at0].root; root >= 0 {
					hops = c.spans[at0].hops + 1
					break
				}
				path = append(path, at0)
			}
			seen[service] = true
			if cause < 0 || c.lacksThreads(service, at) {
				root = service
				break
			}
			next := c.to(cause)
			if next >= len(c.services) { // behind a queue are its consumers, if they are too slow
				queue := next
				if next = c.slowConsumer(next-len(c.services), byService, at, until); next < 0 {
					root = queue
					break
				}
			}
			if seen[next] { // a circle of pools that wait for each other
				root = next
				break
			}
			// While the callee was saturated too, its span says why; else what its threads did meanwhile.
			service = next
			if at0 = c.overlapping(byService[next], at, until); at0 >= 0 {
				s := &c.spans[at0]
				at, until, cause = s.At, s.Until, s.cause
			} else {
				cause = c.causeBetween(service, at, until)
			}
		}
		for k := len(path) - 1; k >= 0; k-- {
			c.spans[path[k]].root, c.spans[path[k]].hops = root, hops
			hops++
		}
	}
}

// slowConsumer is the service that consumes a queue and was saturated for the longest
// part of [at, until); -1 where none was, or where the broker was out.
func (c *Collector) slowConsumer(queue int, byService [][]int, at, until des.Time) int {
	for i := range c.plan.Faults {
		if f := &c.plan.Faults[i]; f.Kind == sim.Outage && slices.Contains(f.Queues, queue) && inForce(f, at, until) {
			return -1
		}
	}
	slowest, most := -1, des.Time(0)
	for _, s := range c.plan.Topology.Groups(queue) {
		shared := des.Time(0)
		for _, i := range byService[s] {
			shared += max(min(c.spans[i].Until, until)-max(c.spans[i].At, at), 0)
		}
		if shared > most {
			slowest, most = s, shared
		}
	}
	return slowest
}

// overlapping is the span, of those given, that shares the most time with
// [at, until); -1 where none does.
func (c *Collector) overlapping(spans []int, at, until des.Time) int {
	first, _ := slices.BinarySearchFunc(spans, at, func(i int, at des.Time) int {
		if c.spans[i].Until <= at {
			return -1
		}
		return 1
	})
	best, most := -1, des.Time(0)
	for _, i := range spans[first:] {
		s := &c.spans[i]
		if s.At >= until {
			break
		}
		if shared := min(s.Until, until) - max(s.At, at); shared > most {
			best, most = i, shared
		}
	}
	return best
}

// causeBetween is what held most of a service's threads in the points that
// [at, until) touches.
func (c *Collector) causeBetween(service int, at, until des.Time) int {
	t := &c.timeline
	own := des.Time(0)
	times := make([]des.Time, len(c.leaving[service]))
	for n := int(at / t.Point); n < len(t.Starts) && t.Starts[n] < until; n++ {
		own += t.Services[service].own[n]
		for k, e := range c.leaving[service] {
			if e < len(c.edges) {
				times[k] += t.Edges[e].held[n]
			} else {
				times[k] += t.blocked[e-len(c.edges)][n]
			}
		}
	}
	way, _ := c.cause(service, own, times)
	return way
}

// lacksThreads says whether a fault was taking threads away from a service in the
// interval at which a span began: then it is the root, whatever the threads that
// were left waited for. (A pause needs no such rule: its time is booked.)
func (c *Collector) lacksThreads(service int, at des.Time) bool {
	return c.faulted(service, at, at+c.plan.Interval, func(f *sim.Fault) bool {
		return f.Kind == sim.Crash || f.Kind == sim.Threads
	})
}

func (c *Collector) faulted(service int, at, until des.Time, counts func(*sim.Fault) bool) bool {
	for i := range c.plan.Faults {
		f := &c.plan.Faults[i]
		on := slices.Contains(f.Services, service)
		for _, op := range f.Ops {
			on = on || op.Service == service
		}
		if !on || !counts(f) {
			continue
		}
		if inForce(f, at, until) {
			return true
		}
	}
	return false
}

// inForce says whether an occurrence of a fault touches [at, until).
func inForce(f *sim.Fault, at, until des.Time) bool {
	if until <= f.From {
		return false
	}
	length := f.Until - f.From
	if f.Kind.Instant() {
		length = 1
	}
	from := f.From
	if f.Every > 0 { // the last one that begins before until: none ends later
		from += (until - 1 - f.From) / f.Every * f.Every
	}
	return at < from+length
}

func (c *Collector) blastRadius() []string {
	victims := make([]bool, len(c.plan.Topology.Services))
	roots := make([]bool, len(victims)+len(c.queues)) // queues too
	for i := range c.spans {
		s := &c.spans[i]
		roots[s.root] = true
		if s.root != s.service {
			victims[s.service] = true
		}
	}
	if len(c.plan.Faults) > 0 {
		for i := range victims {
			ownFault := c.faulted(i, 0, c.plan.Duration, func(*sim.Fault) bool { return true })
			if !victims[i] && !roots[i] && !ownFault && c.errorsRose(i) {
				victims[i] = true
			}
		}
	}
	var names []string
	for i, v := range victims {
		if v {
			names = append(names, c.plan.Topology.Services[i].Name)
		}
	}
	return names
}

// errorsRose says whether, in some point since the first fault, a service's share
// of errors was above what it had been by a percentage point and three standard
// deviations, in three errors or more.
func (c *Collector) errorsRose(service int) bool {
	t := &c.timeline
	s := &t.Services[service]
	first := c.firstFault()
	var errors, ended uint64
	for n, at := range t.Starts {
		if at+t.Point <= first {
			if at >= c.calmFrom() {
				errors, ended = errors+s.Errors[n], ended+s.Ended[n]
			}
			continue
		}
		if s.Errors[n] >= 3 && rose(s.Errors[n], s.Ended[n], ratio(errors, ended)) {
			return true
		}
	}
	return false
}

// rose says whether a share of bad ones lies above an earlier one by more than a
// percentage point and what luck explains (three standard deviations).
func rose(bad, ended uint64, before float64) bool {
	if ended == 0 {
		return false
	}
	return ratio(bad, ended) > before+backWithin+float64(3*math.Sqrt(before*(1-before)/float64(ended)))
}

// calmFrom is where the time before the first fault begins that the rest is held
// against: the warm-up's end, or the start where the fault comes within it.
func (c *Collector) calmFrom() des.Time {
	if c.firstFault() <= c.plan.Warmup {
		return 0
	}
	return c.plan.Warmup
}

// quiet is how long every fault must be over before a run is called metastable.
func (c *Collector) quiet() des.Time { return max(5*c.plan.Interval, c.plan.Duration/20) }

// while is how long something must last, without any fault, to be worth a word.
func (c *Collector) while() des.Time { return 2 * c.quiet() }

// silent says whether a source went on asking at the end of the run and nothing
// that it asked ended any more, in whatever way.
func (c *Collector) silent(source int) bool {
	offered, ended := c.lately(source, c.while())
	return offered > 0 && ended[0]+ended[1] == 0
}

// lately counts a source's requests in the last so long: offered, and ended well
// and badly.
func (c *Collector) lately(source int, span des.Time) (offered uint64, ended [2]uint64) {
	t := &c.timeline
	s := &t.Sources[source]
	if c.reached < span {
		return 0, ended
	}
	for n, at := range t.Starts {
		if at >= c.reached-span {
			offered += s.Offered[n]
			ended[0] += s.Succeeded[n]
			ended[1] += s.Failed[n]
		}
	}
	return offered, ended
}

// stillNotBack says whether in the last quiet time some source succeeded less
// than before, or some queue fell behind and will not catch up, or some service was
// saturated for nine tenths of it, out of the ordinary, and not to catch up.
func (c *Collector) stillNotBack(story *Cascade) bool {
	for i := range c.timeline.Sources {
		_, ended := c.lately(i, c.quiet())
		if story.failures[i].atEnd && rose(ended[1], ended[0]+ended[1], 1-c.sources[i].rateBefore()) || story.silent[i] {
			return true
		}
	}
	for i := range story.backlogs {
		if b := &story.backlogs[i]; c.worsens(b) && b.from <= c.reached-c.quiet() {
			return true
		}
	}
	drains := c.drains(story.backlogs)
	since := c.reached - c.quiet()
	unusual, full := make([]bool, len(c.services)), make([]des.Time, len(c.services)) // of late
	for i := range c.spans {
		if s := &c.spans[i]; s.Until > since && !(drains[s.service] && s.worstQueue < 1) {
			unusual[s.service] = unusual[s.service] || story.notes[i].unusual
			full[s.service] += s.Until - max(s.At, since)
		}
	}
	for i := range full {
		if unusual[i] && 10*full[i] >= 9*c.quiet() {
			return true
		}
	}
	return false
}

// loop finds what feeds a metastable run: the queue that hands out most messages
// again, if that feeds it and is a larger share than any edge's retries; the edge with the largest
// share of retries after the last fault, together with what hedges came to beyond
// their share of before the first (a hedge at p95 sends five in a hundred on the best
// of days), from one in a hundred on; without such the service that wasted the
// largest share of its work, from one in twenty on, and the edge to it on which most
// attempts timed out.
func (c *Collector) loop() *Loop {
	best, most := -1, 0.01
	for i := range c.edges {
		w, calm := &c.waits[i].afterFaults, &c.waits[i].calm
		hedges := max(ratio(w.hedges, w.attempts)-ratio(calm.hedges, calm.attempts), 0)
		if share := ratio(w.retries, w.attempts) + hedges; share >= most && (best < 0 || share > most) {
			best, most = i, share
		}
	}
	if queue, share := c.queueLoop(); queue != nil && (best < 0 || share > most) {
		return c.loopOfQueue(queue)
	}
	if best >= 0 {
		return c.loopOn(best)
	}
	service, wasted := -1, 0.05
	for i := range c.services {
		a := &c.services[i].afterFaults
		if share := ratio(a.wasted, a.working); share >= wasted && (service < 0 || share > wasted) {
			service, wasted = i, share
		}
	}
	if service < 0 {
		return nil
	}
	for i := range c.edges {
		if c.edges[i].To.Service == service && (best < 0 || c.waits[i].afterFaults.timeouts > c.waits[best].afterFaults.timeouts) {
			best = i
		}
	}
	if best < 0 {
		return nil
	}
	l := c.loopOn(best)
	l.Wasted = wasted
	return l
}

// loopOn is the loop over an edge, with what went over it after the last fault.
func (c *Collector) loopOn(edge int) *Loop {
	w := &c.waits[edge].afterFaults
	return &Loop{Edge: c.edges[edge].ID, Retries: ratio(w.retries, w.attempts), Hedges: ratio(w.hedges, w.attempts), Amplification: ratio(w.attempts, w.calls)}
}
