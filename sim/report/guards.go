package report

import (
	"slices"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/topology"
)

// maxChanges bounds the changes of breakers, and the comings and goings of
// instances, that are kept of a run, all of them together.
const maxChanges = 10_000

// A Breaker is the breakers of an edge, one for each caller instance.
type Breaker struct {
	Callers int             // caller instances; 0: the edge never has a breaker
	Open    float64         // seconds that breakers were open, all caller instances' together
	Opened  uint64          // changes to open since the warm-up
	Changes []BreakerChange // by time, the warm-up's included
	LeftOut uint64          // changes beyond the bound of what is kept

	spells []breakerSpell
}

// A BreakerChange is a breaker's change of state, at the instant of the call or
// the result that made it.
type BreakerChange struct {
	At       des.Time
	Instance int // of the caller
	From, To topology.BreakerState
}

// maxBreakerSpells bounds the spells that are kept of an edge, and told. Where there
// are more, the two become one that are the least apart.
const maxBreakerSpells = 3

// A breakerSpell is a time in which an edge's breakers opened, in the whole run,
// with none before and after it in which all were closed for longer than they may
// be in one spell.
type breakerSpell struct {
	opened      uint64
	from, until des.Time // the first opening; since when all are closed, or the run's end
	open        des.Time // that breakers were, all caller instances' together
	share       float64  // of that time, the mean over the caller instances
}

// times is how often something happened in the whole run, and when.
type times struct {
	n              uint64
	from, last, to des.Time // the start of the first and of the last interval with it, and the end of that
}

func (t *times) add(n uint64, from, interval des.Time) {
	if n == 0 {
		return
	}
	if t.n == 0 {
		t.from = from
	}
	t.n += n
	t.last, t.to = from, from+interval
}

// A Cache is what the caches of an edge's caller instances did.
type Cache struct {
	Hits      uint64 // calls that they answered
	Misses    uint64 // calls that they did not answer
	Coalesced uint64 // calls that waited for another one's answer
}

// An Autoscale is what an autoscaler did.
type Autoscale struct {
	Added, Removed uint64           // instances, since the warm-up
	Changes        []InstanceChange // by time, the warm-up's included
	LeftOut        uint64           // changes beyond the bound of what is kept
}

// An InstanceChange is an instance that came, or got its last attempt.
type InstanceChange struct {
	At       des.Time
	Instance int
	Added    bool // else removed
}

// A breakerFold is what is summed up of an edge's breakers.
type breakerFold struct {
	states  []topology.BreakerState // of each caller instance; none: the edge has no breaker
	tripped int                     // of them, that are not closed
	opened  uint64                  // since the warm-up
	point   des.Time                // open, in the point under way
	changes []BreakerChange
	leftOut uint64

	spells []breakerSpell // of the whole run; the last one goes on while some breaker is tripped
	apart  des.Time       // with all closed for longer another spell begins
}

// callers is how many caller instances an edge has, and so how many of each guard
// that it has: a source's client processes, or the most instances that the calling
// service may come to.
func callers(p *sim.Plan, edge int, e *topology.Edge) int {
	if edge < len(p.Sources) {
		return max(p.Sources[edge].Instances, 1)
	}
	s := &p.Topology.Services[e.From.Service]
	most := s.Instances
	if s.Autoscale != nil {
		most = s.Autoscale.Max
	}
	for i := range p.Faults {
		if f := &p.Faults[i]; f.Set.Autoscale != nil && slices.Contains(f.Services, e.From.Service) {
			most = max(most, f.Set.Autoscale.Max)
		}
	}
	return most
}

// breakersOf is how many breakers an edge has, a deploy's included; 0 without one.
func breakersOf(p *sim.Plan, edge int, e *topology.Edge) int {
	has := e.Breaker != nil || deployed(p, edge, func(s *sim.Settings) bool { return s.Breaker != nil })
	if !has {
		return 0
	}
	return callers(p, edge, e)
}

// lastFirst says whether a service takes the attempt first that came last, if only
// after a deploy.
func lastFirst(p *sim.Plan, service int) bool {
	if p.Topology.Services[service].Order == topology.LIFO {
		return true
	}
	for i := range p.Faults {
		f := &p.Faults[i]
		if f.Set.Order != nil && *f.Set.Order == topology.LIFO && slices.Contains(f.Services, service) {
			return true
		}
	}
	return false
}

// hasCache says whether an edge has a cache, a deploy's included.
func hasCache(p *sim.Plan, edge int, e *topology.Edge) bool {
	return e.Cache != nil || deployed(p, edge, func(s *sim.Settings) bool { return s.Cache != nil })
}

// deployed says whether some fault gives an edge what is asked about.
func deployed(p *sim.Plan, edge int, what func(*sim.Settings) bool) bool {
	for i := range p.Faults {
		if f := &p.Faults[i]; what(&f.Set) && slices.Contains(f.Edges, edge) {
			return true
		}
	}
	return false
}

// scales says whether a service has an autoscaler, a deploy's included.
func scales(p *sim.Plan, service int) bool {
	if p.Topology.Services[service].Autoscale != nil {
		return true
	}
	for i := range p.Faults {
		if f := &p.Faults[i]; f.Set.Autoscale != nil && slices.Contains(f.Services, service) {
			return true
		}
	}
	return false
}

// explainWaste notes of each service that wasted work what may explain it: its
// order, or its callers' hedges.
func (c *Collector) explainWaste(r *Report) {
	hedged := false
	callersP99 := make([]float64, len(r.Services))
	arriving := make([][]int, len(r.Services))
	asked := make([]bool, len(r.Services)) // by a source, or on behalf of one
	for again := true; again; {
		again = false
		for _, e := range c.edges {
			if from := e.From.Service; !asked[e.To.Service] && (from < 0 || asked[from]) {
				asked[e.To.Service], again = true, true
			}
		}
	}
	for i, e := range c.edges {
		to := e.To.Service
		arriving[to] = append(arriving[to], i)
		callersP99[to] = max(callersP99[to], r.Edges[i].Latency.P99)
		hedged = hedged || r.Edges[i].Hedges > 0
	}
	for i := range r.Services {
		if s := &r.Services[i]; s.Wasted > 0 {
			s.waste.lastFirst = lastFirst(c.plan, i)
			s.waste.messages = !asked[i]
			s.waste.callersP99 = callersP99[i]
			s.waste.hedges = hedged && c.wastedByHedges(r, arriving, i)
		}
	}
}

// wastedByHedges says whether what a service did for nobody was for copies that
// lost a race: if on the edges to it and to all above it, from which givings up come
// down to it, there are nine such copies or more for each attempt that was given up
// for another reason.
func (c *Collector) wastedByHedges(r *Report, arriving [][]int, service int) bool {
	var lost, gaveUp uint64
	seen := make([]bool, len(arriving))
	seen[service] = true
	for above := []int{service}; len(above) > 0; {
		s := above[0]
		above = above[1:]
		for _, i := range arriving[s] {
			e := &r.Edges[i]
			copies := min(e.Outcomes[topology.Cancelled], e.Hedges)
			lost += copies
			gaveUp += e.Outcomes[topology.Timeout] + e.Outcomes[topology.Cancelled] - copies
			if from := c.edges[i].From.Service; from >= 0 && !seen[from] {
				seen[from] = true
				above = append(above, from)
			}
		}
	}
	return lost > 0 && lost >= 9*gaveUp
}

// Transition takes in a change of state: breakers that open and close, instances
// that come and go, groups of streams that are dealt out anew. When faults begin and end the plan knows, and what they do
// shows in the samples.
func (c *Collector) Transition(t sim.Transition) {
	switch t.Kind {
	case sim.BreakerChanged:
		c.breakerChanged(&t)
	case sim.InstanceAdded, sim.InstanceRemoved:
		added := t.Kind == sim.InstanceAdded
		s := &c.services[t.Service].scaled
		if t.At >= c.plan.Warmup {
			if added {
				s.Added++
			} else {
				s.Removed++
			}
		}
		if c.keepsChange() {
			s.Changes = append(s.Changes, InstanceChange{t.At, t.Instance, added})
		} else {
			s.LeftOut++
		}
		if !added {
			c.forgetBreakers(t.Service, t.Instance, t.At)
		}
	case sim.Rebalanced:
		if g := slices.Index(c.plan.Topology.Groups(t.Queue), t.Service); g >= 0 {
			f := &c.queues[t.Queue].readers[g]
			f.rebalanced.add(1, t.At, 0)
			polls := slices.ContainsFunc(queueAt(c.plan, t.Queue, t.At), func(q topology.Queue) bool { return q.MaxPoll != nil })
			if polls && c.services[t.Service].changed != t.At && !c.resized(t.Service, t.At) {
				f.putOut.add(1, t.At, 0) // there is no other reason
			}
		}
	case sim.InstanceDown:
		c.forgetBreakers(t.Service, t.Instance, t.At)
	}
	if t.Kind == sim.InstanceDown || t.Kind == sim.InstanceUp || t.Kind == sim.InstanceAdded || t.Kind == sim.InstanceRemoved {
		c.services[t.Service].changed = t.At
	}
}

// resized says whether a fault changes the size of a service's pool at an instant, as
// it begins or ends.
func (c *Collector) resized(service int, at des.Time) bool {
	for i := range c.plan.Faults {
		f := &c.plan.Faults[i]
		if f.Kind != sim.Threads && (f.Kind != sim.Set || f.Set.Threads == nil) || !slices.Contains(f.Services, service) {
			continue
		}
		for _, edge := range []des.Time{f.From, f.Until} {
			if at == edge || f.Every > 0 && at > edge && (at-edge)%f.Every == 0 {
				return true
			}
		}
	}
	return false
}

// keepsChange says whether there is room for one more change, and takes it.
func (c *Collector) keepsChange() bool {
	if c.changes == maxChanges {
		return false
	}
	c.changes++
	return true
}

func (c *Collector) breakerChanged(t *sim.Transition) {
	b := &c.breakers[t.Edge]
	if c.keepsChange() {
		b.changes = append(b.changes, BreakerChange{t.At, t.Instance, t.From, t.To})
	} else {
		b.leftOut++
	}
	if t.To == topology.StateOpen {
		if b.tripped == 0 {
			b.beginSpell(t.At)
		}
		b.spells[len(b.spells)-1].opened++
		if t.At >= c.plan.Warmup {
			b.opened++
		}
	}
	b.become(t.Instance, t.To, t.At)
}

// beginSpell makes sure that there is a spell under way as all were closed and one
// opens.
func (b *breakerFold) beginSpell(at des.Time) {
	n := len(b.spells)
	if n > 0 && at-b.spells[n-1].until <= b.apart {
		return
	}
	b.spells = append(b.spells, breakerSpell{from: at})
	if n < maxBreakerSpells {
		return
	}
	near := 1 // with the one before it
	for i := 2; i <= n; i++ {
		if b.spells[i].from-b.spells[i-1].until < b.spells[near].from-b.spells[near-1].until {
			near = i
		}
	}
	one, next := &b.spells[near-1], b.spells[near]
	one.opened, one.until, one.open = one.opened+next.opened, next.until, one.open+next.open
	b.spells = slices.Delete(b.spells, near, near+1)
}

// isOpen books so much time that breakers were open lately. A sample is much
// shorter than the time between two spells, so it is all the last one's.
func (b *breakerFold) isOpen(t des.Time) {
	b.point += t
	if n := len(b.spells); n > 0 {
		b.spells[n-1].open += t
	}
}

// apart is how long all breakers of an edge must be closed for the story of the
// next that opens to be another one: longer than any of them stays open, and for
// what is a while in this run.
func (c *Collector) apart(edge int, e *topology.Edge) des.Time {
	longest := c.while()
	if e.Breaker != nil {
		longest = max(longest, des.Time(e.Breaker.OpenFor))
	}
	for i := range c.plan.Faults {
		if f := &c.plan.Faults[i]; f.Set.Breaker != nil && slices.Contains(f.Edges, edge) {
			longest = max(longest, des.Time(f.Set.Breaker.OpenFor))
		}
	}
	return longest
}

// become sets the state of a caller instance's breaker.
func (b *breakerFold) become(instance int, state topology.BreakerState, at des.Time) {
	was := b.states[instance]
	b.states[instance] = state
	switch closed := topology.StateClosed; {
	case was == closed && state != closed:
		b.tripped++
	case was != closed && state == closed:
		if b.tripped--; b.tripped == 0 && len(b.spells) > 0 {
			b.spells[len(b.spells)-1].until = at
		}
	}
}

// forgetBreakers says that the breakers of a caller instance are no more: one that
// comes back has new ones, which are closed.
func (c *Collector) forgetBreakers(service, instance int, at des.Time) {
	for _, e := range c.leaving[service] {
		if e >= len(c.edges) {
			break // a publish step has none
		}
		if b := &c.breakers[e]; instance < len(b.states) {
			b.become(instance, topology.StateClosed, at)
		}
	}
}

// share of the time from..to of all caller instances that breakers were open.
func (b *breakerFold) share(open, length des.Time) float64 {
	return portion(open, length*des.Time(len(b.states)))
}

// totals are the breakers of an edge over the run; open is that since the warm-up.
func (b *breakerFold) totals(open, reached des.Time) Breaker {
	of := Breaker{Callers: len(b.states), Open: open.Seconds(), Opened: b.opened, Changes: b.changes, LeftOut: b.leftOut}
	of.spells = slices.Clone(b.spells)
	for i := range of.spells {
		s := &of.spells[i]
		if i == len(of.spells)-1 && b.tripped > 0 {
			s.until = reached
		}
		s.share = b.share(s.open, s.until-s.from)
	}
	return of
}
