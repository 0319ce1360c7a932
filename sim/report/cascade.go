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
	// was; -1 where it never was, or where there was nothing to recover from.
	RecoveredAt des.Time

	// Metastable says that every fault has been over for at least ten intervals and
	// a tenth of the run, and the system was still not back in the last so long:
	// some source's success rate, or a service saturated that was not before.
	Metastable bool
	Loop       *Loop // what feeds it, as far as that can be told

	unusual []bool    // of each in Saturated: it is out of the ordinary
	before  []float64 // each source's success rate before the trouble began
	silent  []bool    // of each source: it asked on at the end, and nothing ended
	broke   bool      // there was something to recover from
}

// A Saturated is a span of intervals in each of which a service was saturated:
// at least 95% of its threads held on average, or one attempt or more waiting.
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
	Retries       float64 // share of the edge's attempts that were retries, after the last fault
	Amplification float64 // attempts a call, likewise
	Wasted        float64 // without retries: the share of the callee's work that was for callers who had given up
}

// saturated is a Saturated with what finding its root needs.
type saturated struct {
	Saturated
	service int
	own     des.Time
	cause   int // edge index; -1 for own work
	root    int // service index; -1: not known yet
	hops    int // saturated callees on the way to the root
}

// cause says which edge held a service's threads most, by the callee that all its
// edges together waited for most, and that share; -1 for own work. Times are those
// of c.leaving[service].
func (c *Collector) cause(service int, own des.Time, times []des.Time) (edge int, share float64) {
	total := own
	byCallee := map[int]des.Time{} // looked up only, never ranged over
	for k, e := range c.leaving[service] {
		total += times[k]
		byCallee[c.edges[e].To.Service] += times[k]
	}
	edge, most := -1, des.Time(0)
	longest := own
	for k, e := range c.leaving[service] {
		sum := byCallee[c.edges[e].To.Service]
		if sum > longest || edge >= 0 && sum == longest && c.edges[e].To.Service == c.edges[edge].To.Service && times[k] > most {
			edge, most, longest = e, times[k], sum
		}
	}
	if total == 0 {
		return -1, 0
	}
	return edge, ratio(longest, total)
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
		s.Root = c.plan.Topology.Services[s.root].Name
		if s.cause >= 0 {
			s.HeldBy = c.edges[s.cause].ID
		}
		story.Saturated = append(story.Saturated, s.Saturated)
	}
	story.BlastRadius = c.blastRadius()
	for i := range c.spans {
		story.unusual = append(story.unusual, c.spans[i].Until > c.began() && c.unusual(&c.spans[i]))
	}
	for i := range c.sources {
		story.before = append(story.before, c.rateBefore(i, c.began()))
		story.silent = append(story.silent, c.silent(i))
	}

	began := c.began()
	badUntil, badAtEnd, wasBad := c.sourcesBack(began)
	spanUntil, spanAtEnd, wasSaturated := c.poolsBack(began)
	story.broke = wasBad || wasSaturated
	if story.broke && !badAtEnd && !spanAtEnd {
		story.RecoveredAt = max(badUntil, spanUntil)
	}
	if c.lastFault != des.Never {
		if c.reached-c.quiet() >= c.lastFault && c.stillNotBack(began) {
			story.Metastable = true
			story.RecoveredAt = -1
			story.Loop = c.loop()
		}
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
			next := c.edges[cause].To.Service
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
			times[k] += t.Edges[e].held[n]
		}
	}
	edge, _ := c.cause(service, own, times)
	return edge
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
		hit := false
		eachOccurrence(f, c.plan.Duration, func(from, to des.Time) { hit = hit || from < until && to > at })
		if hit {
			return true
		}
	}
	return false
}

// began is when things went wrong: the first fault's begin, or without faults
// that of the first saturated span; the end of the run if nothing did.
func (c *Collector) began() des.Time {
	if len(c.plan.Faults) > 0 {
		return c.firstFault()
	}
	if len(c.spans) > 0 {
		return c.spans[0].At
	}
	return c.plan.Duration
}

func (c *Collector) blastRadius() []string {
	victims := make([]bool, len(c.plan.Topology.Services))
	roots := make([]bool, len(victims))
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
	return ratio(bad, ended) > before+backWithin+3*math.Sqrt(before*(1-before)/float64(ended))
}

// calmFrom is where the time before the first trouble begins: the warm-up's end,
// or the start where trouble comes within it.
func (c *Collector) calmFrom() des.Time {
	if c.began() <= c.plan.Warmup {
		return 0
	}
	return c.plan.Warmup
}

// rateBefore is a source's success rate before the trouble began; 1 where nothing
// had ended by then, and where there is no telling when it began: no fault, and no
// service saturated.
func (c *Collector) rateBefore(source int, began des.Time) float64 {
	if began >= c.plan.Duration {
		return 1
	}
	t, from := &c.timeline, c.calmFrom()
	s := &t.Sources[source]
	var good, bad uint64
	for n, at := range t.Starts {
		if at >= from && at+t.Point <= began {
			good, bad = good+s.Succeeded[n], bad+s.Failed[n]
		}
	}
	if good+bad == 0 {
		return 1
	}
	return ratio(good, good+bad)
}

// sourcesBack says until when some source's success rate was not what it had
// been, whether it was so at the end, and whether it ever was. Points are joined
// until they tell: a rate that rose beyond luck, or enough of them to trust.
func (c *Collector) sourcesBack(began des.Time) (until des.Time, atEnd, ever bool) {
	t := &c.timeline
	for i := range t.Sources {
		s := &t.Sources[i]
		before := c.rateBefore(i, began)
		var good, all uint64
		bad := false
		for n, at := range t.Starts {
			if at+t.Point <= began {
				continue
			}
			good, all = good+s.Succeeded[n], all+s.Succeeded[n]+s.Failed[n]
			failing := rose(all-good, all, 1-before)
			if failing {
				ever = true
				until = max(until, min(at+t.Point, c.reached))
			} else if all < enough(before) && (n < len(t.Starts)-1 || all == 0) {
				continue
			}
			bad = failing
			good, all = 0, 0
		}
		if c.silent(i) {
			bad, ever = true, true
		}
		atEnd = atEnd || bad
	}
	return until, atEnd, ever
}

// quiet is how long every fault must be over before a run is called metastable.
func (c *Collector) quiet() des.Time { return max(10*c.plan.Interval, c.plan.Duration/10) }

// silent says whether a source went on asking at the end of the run and nothing
// that it asked ended any more, in whatever way.
func (c *Collector) silent(source int) bool {
	offered, ended := c.lately(source)
	return offered > 0 && ended[0]+ended[1] == 0
}

// lately counts a source's requests in the last quiet time: offered, and ended
// well and badly.
func (c *Collector) lately(source int) (offered uint64, ended [2]uint64) {
	t := &c.timeline
	s := &t.Sources[source]
	if c.reached < c.quiet() {
		return 0, ended
	}
	for n, at := range t.Starts {
		if at >= c.reached-c.quiet() {
			offered += s.Offered[n]
			ended[0] += s.Succeeded[n]
			ended[1] += s.Failed[n]
		}
	}
	return offered, ended
}

// poolsBack says until when some service was saturated that had not been so, and
// whether it was so at the end.
func (c *Collector) poolsBack(began des.Time) (until des.Time, atEnd, ever bool) {
	for i := range c.spans {
		s := &c.spans[i]
		if s.Until <= began || !c.unusual(s) {
			continue
		}
		ever = true
		until = max(until, s.Until)
		atEnd = atEnd || s.Until >= c.reached
	}
	return until, atEnd, ever
}

// unusual says whether a span is out of the ordinary: the service was saturated
// in less than half of the intervals before the first fault, and never for more
// than half as long in one go. Without faults every span is.
func (c *Collector) unusual(s *saturated) bool {
	if len(c.plan.Faults) == 0 {
		return true
	}
	calm := &c.services[s.service].calm
	if calm.intervals > 0 && 2*calm.saturated >= calm.intervals {
		return false
	}
	return s.Until-s.At > 2*des.Time(calm.longest)*c.plan.Interval
}

// stillNotBack says whether in the last quiet time some source succeeded less
// than before, or some service was saturated that had not been, in nine points of ten.
func (c *Collector) stillNotBack(began des.Time) bool {
	t := &c.timeline
	for i := range t.Sources {
		_, ended := c.lately(i)
		if rose(ended[1], ended[0]+ended[1], 1-c.rateBefore(i, began)) || c.silent(i) {
			return true
		}
	}
	since := c.reached - c.quiet()
	for i := range t.Services {
		calm := &c.services[i].calm
		if calm.intervals > 0 && 2*calm.saturated >= calm.intervals {
			continue
		}
		points, full := 0, 0
		for n, at := range t.Starts {
			if at < since {
				continue
			}
			points++
			if t.Services[i].Saturation[n] >= saturatedShare || t.Services[i].Queue[n] >= 1 {
				full++
			}
		}
		if points > 0 && 10*full >= 9*points {
			return true
		}
	}
	return false
}

// loop finds what feeds a metastable run: the edge with the largest share of
// retries after the last fault, from one in a hundred on; without such the
// service that wasted the largest share of its work, from one in twenty on, and
// the edge to it on which most attempts timed out.
func (c *Collector) loop() *Loop {
	best, most := -1, 0.01
	for i := range c.waits {
		if share := ratio(c.waits[i].retries, c.waits[i].attempts); share >= most && (best < 0 || share > most) {
			best, most = i, share
		}
	}
	if best >= 0 {
		w := &c.waits[best]
		return &Loop{Edge: c.edges[best].ID, Retries: most, Amplification: ratio(w.attempts, w.calls)}
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
	for i := range c.waits {
		if c.edges[i].To.Service == service && (best < 0 || c.waits[i].timeouts > c.waits[best].timeouts) {
			best = i
		}
	}
	if best < 0 {
		return nil
	}
	w := &c.waits[best]
	return &Loop{Edge: c.edges[best].ID, Retries: ratio(w.retries, w.attempts), Amplification: ratio(w.attempts, w.calls), Wasted: wasted}
}
