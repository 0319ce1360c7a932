package sim

import (
	"maps"
	"reflect"
	"slices"

	"cascade/sim/hist"
)

// Clone is a System that goes on from here exactly as s would: the same events in the
// same order, the same samples, the one under way included, the same fingerprint. The
// two share the plan, and what was worked out from it and never changes; each may run,
// and be cloned again, by itself. Observers are shown the clone's run from here on; none
// of them is a Tracer there: what was begun before could not be told.
// It is to be called between calls of RunUntil, not by an observer within one.
func (s *System) Clone(observers ...Observer) *System {
	n := *s
	k := copier{from: s, to: &n, links: map[*link]*link{}, groups: map[*group]*group{}, views: map[*view][]view{}}
	n.observers, n.spans = observers, nil
	n.list = s.list.Clone()
	n.sample = *s.sample.Clone()
	n.cuts = slices.Clone(s.cuts)
	n.timers, n.timerOf = slices.Clone(s.timers), maps.Clone(s.timerOf)
	n.orphans = maps.Clone(s.orphans)
	n.users = slices.Clone(s.users)
	n.ready = slices.Clone(s.ready)
	n.changed, n.released, n.retuned = nil, nil, nil // of an instant that is over, as is what follows
	n.candidates, n.unavoided, n.taken = nil, nil, nil

	// Whoever points at one of these finds it in its place.
	n.faults = slices.Clone(s.faults)
	n.services, n.ops, n.instances = slices.Clone(s.services), slices.Clone(s.ops), slices.Clone(s.instances)
	n.edges, n.publishes = slices.Clone(s.edges), slices.Clone(s.publishes)
	n.queues, n.sources = slices.Clone(s.queues), slices.Clone(s.sources)
	n.links = each(s.links, k.newLink)
	n.partitions, n.members = each(s.partitions, copied), each(s.members, copied)
	n.crews = each(s.crews, k.newCrew)

	for i := range n.services {
		k.service(&n.services[i])
	}
	for i := range n.ops {
		k.operation(&n.ops[i])
	}
	for i := range n.instances {
		k.instance(&n.instances[i])
	}
	for i := range n.edges {
		k.edge(&n.edges[i])
	}
	for i := range n.publishes {
		k.edge(&n.publishes[i])
	}
	for _, l := range n.links {
		k.link(l)
	}
	for i := range n.queues {
		k.queue(&n.queues[i])
	}
	for _, p := range n.partitions {
		p.q, p.entries = k.queueOf(p.q), slices.Clone(p.entries)
	}
	for _, c := range n.crews {
		k.crew(c)
	}
	for _, m := range n.members {
		k.member(m)
	}
	for i := range n.sources {
		n.sources[i].surges = slices.Clone(n.sources[i].surges)
	}
	k.records()
	k.tracks()
	return &n
}

// A copier takes what points into one System to the same place in its copy.
type copier struct {
	from, to *System
	links    map[*link]*link
	groups   map[*group]*group
	views    map[*view][]view // by the first: edges have them in common
}

// each is a list of what f makes of those in another.
func each[T any](of []T, f func(T) T) []T {
	if of == nil {
		return nil
	}
	all := make([]T, len(of))
	for i := range of {
		all[i] = f(of[i])
	}
	return all
}

func copied[T any](of *T) *T {
	n := *of
	return &n
}

// cloned is a clone of what is there; nil of nothing.
func cloned[T interface {
	comparable
	Clone() T
}](of T) T {
	var nothing T
	if of == nothing {
		return nothing
	}
	return of.Clone()
}

func (k *copier) serviceOf(v *service) *service {
	if v == nil {
		return nil
	}
	return &k.to.services[v.number]
}

func (k *copier) opOf(op *operation) *operation {
	if op == nil {
		return nil
	}
	return &k.to.ops[k.from.services[op.service].firstOp+op.ordinal]
}

func (k *copier) instanceOf(in *instance) *instance {
	if in == nil {
		return nil
	}
	return &k.to.instances[in.service.first+in.ordinal]
}

func (k *copier) edgeOf(e *edge) *edge {
	switch {
	case e == nil:
		return nil
	case e.link != nil:
		return k.links[e.link].edge
	case e.publish != nil:
		return &k.to.publishes[e.number]
	default:
		return &k.to.edges[e.number]
	}
}

func (k *copier) queueOf(q *queue) *queue {
	if q == nil {
		return nil
	}
	return &k.to.queues[q.number]
}

func (k *copier) takerOf(t *taker) *taker {
	if t == nil {
		return nil
	}
	return &k.links[t.link].takers[t.in.ordinal]
}

func (k *copier) linkOf(l *link) *link    { return k.links[l] }
func (k *copier) groupOf(g *group) *group { return k.groups[g] }

func (k *copier) partitionOf(p *partition) *partition { return k.to.partitions[p.number] }

func (k *copier) crewOf(c *crew) *crew {
	if c == nil {
		return nil
	}
	return k.to.crews[c.number]
}

func (k *copier) readingOf(r *reading) *reading {
	if r == nil {
		return nil
	}
	return k.to.crews[r.g.crew.number].readings[r.position]
}

func (k *copier) memberOf(m *member) *member {
	if m == nil {
		return nil
	}
	return k.to.members[m.number]
}

func (k *copier) faultOf(f *fault) *fault {
	for i := range k.from.faults {
		if f == &k.from.faults[i] {
			return &k.to.faults[i]
		}
	}
	panic("sim: a fault in force that is none of the plan's")
}

func (k *copier) faultsOf(l []*fault) []*fault { return each(l, k.faultOf) }

func (k *copier) service(v *service) {
	v.members = k.to.instances[v.first : v.first+v.instances]
	v.rotation = slices.Clone(v.rotation)
	v.scaler.policy, v.scaler.pending = cloned(v.scaler.policy), slices.Clone(v.scaler.pending)
	v.crew = k.crewOf(v.crew)
}

func (k *copier) operation(op *operation) {
	op.steps = slices.Clone(op.steps)
	for i := range op.steps {
		st := &op.steps[i]
		st.edge, st.branches = k.edgeOf(st.edge), each(st.branches, k.edgeOf)
	}
	op.edges, op.publishes = each(op.edges, k.edgeOf), each(op.publishes, k.edgeOf)
	if f := op.faults; f != nil {
		op.faults = &opFaults{k.faultsOf(f.latency), k.faultsOf(f.slow), k.faultsOf(f.errors), k.faultsOf(f.errorsAfter)}
	}
}

func (k *copier) instance(in *instance) {
	in.service = k.serviceOf(in.service)
	in.inOp = slices.Clone(in.inOp)
	in.limiter, in.limit = cloned(in.limiter), cloned(in.limit)
	in.takers, in.wanting = each(in.takers, k.takerOf), each(in.wanting, k.memberOf)
	in.frozen, in.deferred = slices.Clone(in.frozen), slices.Clone(in.deferred)
}

func (k *copier) edge(e *edge) {
	e.op, e.to, e.sole = k.opOf(e.op), k.serviceOf(e.to), k.instanceOf(e.sole)
	if f := e.faults; f != nil {
		e.faults = &edgeFaults{k.faultsOf(f.latency), k.faultsOf(f.loss), k.faultsOf(f.partition), k.faultsOf(f.flush)}
	}
	e.callers = slices.Clone(e.callers)
	for i := range e.callers {
		w := &e.callers[i]
		w.budget, w.limiter, w.throttle, w.breaker = cloned(w.budget), cloned(w.limiter), cloned(w.throttle), cloned(w.breaker)
		w.recent, w.cache = cloned(w.recent), cloned(w.cache)
		w.flights, w.reserved = maps.Clone(w.flights), maps.Clone(w.reserved)
	}
	e.views = k.viewsOf(e.views)
	if e.hedges != nil {
		e.hedges = copied(e.hedges)
		e.hedges.waits = slices.Clone(e.hedges.waits)
	}
	e.q, e.link = k.queueOf(e.q), k.linkOf(e.link)
	e.ended, e.endedSeen, e.endedUncounted = slices.Clone(e.ended), slices.Clone(e.endedSeen), slices.Clone(e.endedUncounted)
}

// viewsOf keeps in common what edges have in common.
func (k *copier) viewsOf(views []view) []view {
	if len(views) == 0 {
		return nil
	}
	known := &views[0]
	if k.views[known] == nil {
		own := slices.Clone(views)
		for i := range own {
			own[i].underWay, own[i].outlier = slices.Clone(own[i].underWay), cloned(own[i].outlier)
		}
		k.views[known] = own
	}
	return k.views[known]
}

// newLink makes room for a link, its edge and its takers.
func (k *copier) newLink(l *link) *link {
	n := copied(l)
	n.edge, n.takers = copied(l.edge), slices.Clone(l.takers)
	k.links[l] = n
	return n
}

func (k *copier) link(l *link) {
	l.q, l.v = k.queueOf(l.q), k.serviceOf(l.v)
	k.edge(l.edge)
	for i := range l.takers {
		t := &l.takers[i]
		t.link, t.in = l, k.instanceOf(t.in)
		t.atHand, t.ready = slices.Clone(t.atHand), slices.Clone(t.ready)
	}
}

func (k *copier) queue(q *queue) {
	q.dead = k.queueOf(q.dead)
	if f := q.faults; f != nil {
		q.faults = &queueFaults{k.faultsOf(f.latency), k.faultsOf(f.poison)}
	}
	q.keys = maps.Clone(q.keys)
	q.hungry, q.hungryHead = slices.Clone(q.hungry[q.hungryHead:]), 0
	for i := range q.hungry {
		q.hungry[i].t = k.takerOf(q.hungry[i].t)
	}
	q.links = each(q.links, k.linkOf)
	q.ages.row, q.ages.heap = slices.Clone(q.ages.row), slices.Clone(q.ages.heap)
	if l := q.logs; l != nil {
		q.logs = copied(l)
		q.logs.parts, q.logs.groups = each(l.parts, k.partitionOf), each(l.groups, k.groupOf)
	}
}

// newCrew makes room for a crew, its groups and its readings.
func (k *copier) newCrew(c *crew) *crew {
	n := copied(c)
	n.readings = each(c.readings, copied)
	n.groups = each(c.groups, func(g *group) *group {
		k.groups[g] = copied(g)
		return k.groups[g]
	})
	return n
}

func (k *copier) crew(c *crew) {
	c.v = k.serviceOf(c.v)
	for _, g := range c.groups {
		g.q, g.link, g.crew = k.queueOf(g.q), k.linkOf(g.link), c
		g.readings = each(g.readings, k.readingOf)
	}
	for _, r := range c.readings {
		r.g, r.p, r.owner, r.busy = k.groupOf(r.g), k.partitionOf(r.p), k.memberOf(r.owner), k.memberOf(r.busy)
		r.fates, r.failed = slices.Clone(r.fates), maps.Clone(r.failed)
	}
	c.members, c.active, c.stale = each(c.members, k.memberOf), each(c.active, k.memberOf), each(c.stale, k.memberOf)
	c.byThread = each(c.byThread, func(l []*member) []*member { return each(l, k.memberOf) })
	c.roll = slices.Clone(c.roll)
	c.alarms = slices.Clone(c.alarms)
	for i := range c.alarms {
		a := &c.alarms[i]
		a.g, a.r, a.m = k.groupOf(a.g), k.readingOf(a.r), k.memberOf(a.m)
	}
}

func (k *copier) member(m *member) {
	m.crew, m.in = k.crewOf(m.crew), k.instanceOf(m.in)
	m.work = each(m.work, k.readingOf)
	m.batch = slices.Clone(m.batch)
	for i := range m.batch {
		m.batch[i].r = k.readingOf(m.batch[i].r)
	}
}

// records are copied place by place, the free ones too: events and each other know them
// by their places.
func (k *copier) records() {
	n := k.to
	n.attempts = slices.Clone(n.attempts)
	for i := range n.attempts {
		at := &n.attempts[i]
		at.op, at.in, at.edge = k.opOf(at.op), k.instanceOf(at.in), k.edgeOf(at.edge)
	}
	n.calls = slices.Clone(n.calls)
	for i := range n.calls {
		n.calls[i].edge = k.edgeOf(n.calls[i].edge)
	}
	n.messages = slices.Clone(n.messages)
	for i := range n.messages {
		n.messages[i].q = k.queueOf(n.messages[i].q)
	}
	n.deliveries = slices.Clone(n.deliveries)
	for i := range n.deliveries {
		n.deliveries[i].taker = k.takerOf(n.deliveries[i].taker)
	}
	n.trails = slices.Clone(n.trails)
	for i := range n.trails {
		n.trails[i].op = k.opOf(n.trails[i].op)
	}
	n.trailOf = slices.Clone(n.trailOf)
}

// tracks copies the distributions, and joins those again that make up one.
func (k *copier) tracks() {
	var tracks []*track
	k.from.eachTrack(func(t *track) { tracks = append(tracks, t) })
	copies := make(map[*track]*track, len(tracks))
	k.to.eachTrack(func(t *track) {
		copies[tracks[len(copies)]] = t
		t.separate()
	})
	join := func(p *spread) {
		p.of = each(p.of, func(t *track) *track { return copies[t] })
		p.merged = hist.Hist{} // of the last sample
	}
	n := k.to
	for i := range n.sources {
		join(&n.sources[i].latencies)
		join(&n.sources[i].completions)
	}
	for i := range n.ops {
		join(&n.ops[i].latencies)
		join(&n.ops[i].completions)
	}
	for i := range n.edges {
		join(&n.edges[i].latencies)
	}
	for i := range n.queues {
		join(&n.queues[i].latencies)
	}
}

// separate gives a copied track distributions of its own.
func (t *track) separate() {
	t.cur, t.total = t.cur.Copy(), t.total.Copy()
	if t.early != nil {
		t.early = t.early.Clone()
	}
}

// Footprint is about how many bytes a Clone of s takes now, within a factor of three
// where that is much. It is cheap to ask.
func (s *System) Footprint() int {
	// What a service and an edge have beside their records, which is mostly distributions,
	// and a caller beside its own, which is its guards. Measured.
	const aService, anEdge, aCaller = 8 << 10, 8 << 10, 1 << 10
	bytes := s.list.Footprint() + room(s.attempts) + room(s.calls) + room(s.messages) + room(s.deliveries) + room(s.trails) + room(s.trailOf) +
		room(s.users) + room(s.members) + room(s.instances) + room(s.ops) + room(s.services) + len(s.services)*aService
	for i := range s.edges {
		e := &s.edges[i]
		bytes += anEdge + room(s.edges[i:i+1]) + room(e.callers)
		if !e.heard && !e.cached {
			continue
		}
		for k := range e.callers {
			bytes += aCaller
			if c := e.callers[k].cache; c != nil {
				bytes += c.Footprint()
			}
		}
	}
	for i := range s.queues {
		bytes += room(s.queues[i].ages.row) + room(s.queues[i].ages.heap)
	}
	for _, p := range s.partitions {
		bytes += room(p.entries)
	}
	for _, c := range s.crews {
		for _, r := range c.readings {
			bytes += room(r.fates) + len(r.failed)*32
		}
	}
	return bytes
}

// room is how many bytes the elements of a list take.
func room[T any](l []T) int { return len(l) * int(reflect.TypeFor[T]().Size()) }
