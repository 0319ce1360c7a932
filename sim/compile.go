package sim

import (
	"cascade/sim/des"
	"cascade/sim/policy"
	"cascade/topology"
)

// A service is one of the topology's, as far as its instances share it.
type service struct {
	spec      *topology.Service
	number    int32      // in the topology
	first     int32      // index of its first instance
	members   []instance // a part of System.instances
	instances int32      // all that there may be
	firstOp   int32
	ops       int32
	balance   topology.Balance
	cancel    bool    // an attempt that was given up is stopped
	rotation  []int32 // instances that can be picked, ascending; never empty
	queued    int32   // attempts in all its waiting rooms
	queueMax  peak

	healthCheck des.Time          // 0: none
	outlier     *topology.Outlier // nil: none
	scaler      scaler
	crew        *crew // its threads as readers of streams; nil: it reads none
}

// An operation is one of a service's. What every attempt touches stands together at
// the front, here as in the records that follow: with a thousand services it is the
// cache that decides how fast they go.
type operation struct {
	steps    []opStep
	faults   *opFaults // nil while nothing is wrong
	bulkhead int32     // 0: none
	traced   bool      // it may publish, or calls one that may: its attempts have trails
	marked   bool      // something is noted of its attempts: their trails, or their spans
	tracked  bool      // its attempts are counted an instance: it has a bulkhead, or its service guards, or may get one
	blocking bool
	service  int32
	ordinal  int32    // among the service's operations
	useful   integral // threads at own work that somebody waits for
	count    opCount

	waitingTime track
	queue       integral // attempts in waiting rooms
	wasted      integral // threads at work that nobody waits for any more
	suspended   integral // attempts that wait for their calls without a thread
	paused      integral // held threads of paused instances
	queueMax    peak
	latency     track // of those answers that are not in their edges' shared
	other       track
	uncounted   opCount
	seen        opCount
	latencies   spread
	spec        *topology.Operation
	edges       []*edge // its call steps
	publishes   []*edge // its publish steps

	completion  track // of attempts that are traced, and not in their source's both
	completions spread
	lost        counter
}

// An opStep is a step, ready to run.
type opStep struct {
	kind     topology.StepKind
	salt     uint64
	edge     *edge
	work     sampler
	branches []*edge
}

// An edge is a call step, or a source's way in.
type edge struct {
	op       *operation // called
	to       *service   // its service
	sole     *instance  // its instance; nil: it has several
	faults   *edgeFaults
	salt     uint64
	chance   float64
	timeout  int32 // timer; none
	deadline int32
	tries    int32 // at most, of a call
	times    int32

	waiting integral // caller threads that wait for an answer
	count   edgeCount

	retryOn  topology.OutcomeSet
	marks    uint16 // flags of every attempt
	inherits uint16 // flags that an attempt has from the one on whose behalf it is
	viewed   bool   // it has views
	optional bool
	falls    bool // it has a fallback
	near     bool // its network takes no time
	direct   bool // near, and no fault on it: what is sent arrives at once
	bare     bool // its protocol costs the callee nothing
	budgeted bool
	guarded  bool // something decides whether a try is sent
	heard    bool // what a caller keeps for it wants to know how its attempts end
	watched  bool // heard, or viewed, or hedged, or followed
	cached   bool // something else than a callee may answer: a cache, or a broker; or its calls are followed
	traced   bool // its operation's attempts have trails
	marked   bool // something is noted of its operation's attempts: their trails, or their spans
	fed      bool // its attempts work on messages: it has a link
	// The caller's time limit is sent along, and the callee keeps it.
	propagates bool
	eager      bool  // a rejected attempt is tried again without a wait, and nothing to pay
	number     int32 // in Plan.Edges
	bulkhead   int32 // attempts under way a caller instance; 0: no bound
	shared     track // latency of successes, the same for the edge and the operation
	through    track // and for the source whose edge it is too
	latency    track // of the edge alone
	failed     track
	backoff    integral // caller threads that wait for the next try

	callers    []caller   // what is kept a caller instance
	views      []view     // and what it sees of the callee's instances; nil: nothing that matters
	open       integral   // of their breakers
	hedges     *hedgeList // nil until there is a hedge
	popularity zipf       // of what is asked of the cache
	network    sampler
	overhead   sampler
	fallback   sampler
	policy     topology.Edge  // in force
	spec       *topology.Edge // as planned

	// Of a publish step.
	q       *queue
	publish *topology.Publish
	turn    int32 // of round-robin keys

	link *link // of the attempts of a consumer; else nil

	ended           []uint64 // calls that ended with their 1st, 2nd … try
	endedSeen       []uint64
	endedUncounted  []uint64
	uncounted, seen edgeCount
	latencies       spread
}

// compile turns the plan into the tables that the engine works on.
func (s *System) compile() {
	p := s.plan
	seed := des.Key(p.Seed).With(0)
	edges := p.Edges()
	s.edges = make([]edge, len(edges))
	named := map[*topology.Edge]*edge{}
	published := s.compilePublishes()
	for i, spec := range edges {
		named[spec] = &s.edges[i]
		s.edges[i] = edge{number: int32(i), spec: spec, salt: des.NameKey(spec.ID), timeout: none, deadline: none}
	}
	// Whoever points at an operation, an instance or a service points into these: they
	// get their full size at once.
	ops, instances := 0, 0
	for i := range p.Topology.Services {
		ops += len(p.Topology.Services[i].Operations)
		instances += s.mostInstances(i)
	}
	s.services = make([]service, len(p.Topology.Services))
	s.ops = make([]operation, 0, ops)
	s.instances = make([]instance, 0, instances)
	for i := range p.Topology.Services {
		spec := &p.Topology.Services[i]
		v := &s.services[i]
		*v = service{spec: spec, number: int32(i), first: int32(len(s.instances)), instances: int32(s.mostInstances(i)), firstOp: int32(len(s.ops)), ops: int32(len(spec.Operations)), balance: spec.Balance, cancel: spec.Cancel}
		for k := range spec.Operations {
			op := operation{spec: &spec.Operations[k], service: int32(i), ordinal: int32(k), blocking: spec.Blocking, bulkhead: int32(spec.Operations[k].Bulkhead)}
			op.tracked = op.bulkhead > 0 || s.guarded(v)
			n := uint64(0)
			op.steps = compileSteps(&op, op.spec.Steps, named, published, &n)
			s.ops = append(s.ops, op)
		}
		for k := range v.instances {
			s.instances = append(s.instances, instance{service: v, ordinal: k, head: none, tail: none, resumeHead: none, resumeTail: none, alone: v.instances == 1,
				bounded: v.bounded(), inOp: make([]int32, len(spec.Operations))})
			in := &s.instances[len(s.instances)-1]
			g := settingOf(spec)
			s.tuneInstance(in, &g)
			if in.there = int(k) < spec.Instances; in.there {
				in.up, in.open = true, true
				s.setSize(in, in.planned)
			}
		}
		v.members = s.instances[v.first : v.first+v.instances]
		v.rotate()
		v.scaler.have = int32(spec.Instances)
		s.tuneScaler(v, spec.Autoscale)
	}
	s.sources = make([]source, len(p.Sources))
	known := uint64(0) // users, those apart that only a surge calls in
	for i := range p.Sources {
		spec := &p.Sources[i]
		r := &s.sources[i]
		*r = source{spec: spec, edge: int32(i), key: seed.With(des.NameKey(spec.Name)), thinks: newSampler(&spec.Think)}
		r.gaps = r.key.With(saltGap)
		if spec.Kind == Open {
			r.pieces = compileRate(spec)
		}
		for k := range s.mostUsers(i) {
			r.users = append(r.users, int32(len(s.users)))
			u := user{source: int32(i), number: int32(k), known: known + uint64(k), parked: true}
			if k >= spec.Users {
				u.known = uint64(i+1)<<32 + uint64(k)
			}
			s.users = append(s.users, u)
		}
		known += uint64(spec.Users)
	}
	for i := range s.edges {
		e := &s.edges[i]
		e.to = &s.services[e.spec.To.Service]
		if len(e.to.members) == 1 {
			e.sole = &e.to.members[0]
		}
		e.op = &s.ops[int(e.to.firstOp)+e.spec.To.Op]
		n := 1
		if i < len(p.Sources) {
			n = p.Sources[i].Instances
		} else {
			n = int(s.services[e.spec.From.Service].instances)
		}
		e.callers = make([]caller, n)
		e.latencies.of = []*track{&e.shared, &e.through, &e.latency}
		e.op.latencies.of = append(e.op.latencies.of, &e.shared, &e.through)
		if i < len(s.sources) {
			r := &s.sources[i]
			r.latencies.of = []*track{&r.latency, &e.through}
		}
		s.tune(e, e.spec)
	}
	s.compileViews()
	s.compileQueues()
	for i := range s.services {
		v := &s.services[i]
		s.tuneRotation(v, des.Time(v.spec.HealthCheck), v.spec.Outlier)
	}
	for i := range s.ops {
		s.ops[i].latencies.of = append(s.ops[i].latencies.of, &s.ops[i].latency)
	}
	s.sample.Tallies = s.newTallies()
}

func poolSize(threads int) int32 {
	if threads == topology.Unlimited {
		return unlimitedSize
	}
	return int32(threads)
}

// mostUsers is how many users source i can ever have, with all its surges at once.
func (s *System) mostUsers(i int) int {
	p := &s.plan.Sources[i]
	if p.Kind != Closed {
		return 0
	}
	most := float64(p.Users)
	for k := range s.plan.Faults {
		if f := &s.plan.Faults[k]; f.Kind == Surge && f.Source == i && f.Factor > 1 {
			most *= f.Factor
		}
	}
	return int(min(most+0.5, MaxInFlight/2))
}

// compileSteps numbers own work in the order of the file, so that a piece of work
// keeps its luck when a call before it changes.
func compileSteps(op *operation, steps []topology.Step, named map[*topology.Edge]*edge, published map[*topology.Publish]*edge, n *uint64) []opStep {
	var out []opStep
	for i := range steps {
		st := &steps[i]
		o := opStep{kind: st.Kind}
		switch st.Kind {
		case topology.Work:
			o.work = newSampler(&st.Work)
			o.salt = des.NameKey("work") + *n
			*n++
		case topology.Call:
			o.edge = named[st.Call]
			op.edges = append(op.edges, o.edge)
		case topology.Parallel:
			for _, b := range st.Parallel {
				if b.Kind == topology.Message {
					o.branches = append(o.branches, published[b.Publish])
					op.publishes = append(op.publishes, published[b.Publish])
					continue
				}
				o.branches = append(o.branches, named[b.Call])
				op.edges = append(op.edges, named[b.Call])
			}
		case topology.Message:
			o.edge = published[st.Publish]
			op.publishes = append(op.publishes, o.edge)
		}
		out = append(out, o)
	}
	return out
}

// tune puts a policy into force on an edge. What the callers keep stays, as far as
// the new policy still has a place for it.
func (s *System) tune(e *edge, p *topology.Edge) {
	before := e.policy
	e.policy = *p
	e.timeout = s.timerFor(des.Time(p.Timeout), ofAttempts)
	e.deadline = s.timerFor(des.Time(p.Deadline), ofCalls)
	e.tries, e.retryOn, e.budgeted = int32(max(p.Retry.Attempts, 1)), p.Retry.On, p.Retry.Budget != nil
	e.eager = e.retryOn.Has(topology.Rejected) && p.Retry.Backoff == 0 && !e.budgeted
	e.times, e.optional, e.falls = int32(p.Times), p.Optional, p.Fallback != nil
	e.chance = p.Chance
	e.marks, e.inherits = 0, abandoned
	switch p.Priority {
	case topology.InheritPriority:
		e.inherits |= low
	case topology.LowPriority:
		e.marks = low
	}
	e.network, e.near = newSampler(&p.Network), p.Network.IsZero()
	e.direct = e.near && e.faults == nil
	e.overhead, e.bare = newSampler(&p.Overhead), p.Overhead.IsZero()
	if p.Fallback != nil {
		e.fallback = newSampler(p.Fallback)
	}
	e.guarded = p.RateLimit != nil || p.Throttle != nil || p.Breaker != nil || p.Bulkhead > 0
	e.heard = e.guarded || p.Hedge != nil && p.Hedge.Quantile > 0 || e.budgeted && policy.NewBudget(p.Retry.Budget).Watches()
	e.watched = e.heard || e.viewed || p.Hedge != nil || s.spans != nil
	e.cached, e.propagates = p.Cache != nil || s.spans != nil, p.Propagate
	if e.bulkhead = int32(p.Bulkhead); e.bulkhead > 0 {
		s.recount(e)
	}
	if p.Hedge != nil && e.hedges == nil {
		e.hedges = new(hedgeList)
	}
	if p.Cache != nil && p.Cache.Keys > 0 {
		e.popularity = newZipf(p.Cache.Zipf, p.Cache.Keys)
	}
	if !sameBreaker(before.Breaker, p.Breaker) {
		s.tearTickets(e)
	}
	for i := range e.callers {
		s.equip(e, int32(i), &before)
	}
}
