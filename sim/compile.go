package sim

import (
	"cascade/sim/des"
	"cascade/sim/policy"
	"cascade/topology"
)

// A service is one of the topology's, as far as its instances share it.
type service struct {
	spec        *topology.Service
	first       int32 // index of its first instance
	instances   int32
	firstOp     int32
	ops         int32
	balance     topology.Balance
	queued      int32 // attempts in all its waiting rooms
	queueMax    int32 // most of them in the present sample
	queueMaxAll int32 // and since the warm-up
}

// An operation is one of a service's. Counts and integrals first: they are what
// changes with every attempt.
type operation struct {
	count       opCount
	useful      integral // threads at own work that somebody waits for
	wasted      integral // and at work that nobody waits for any more
	queue       integral // attempts in waiting rooms
	suspended   integral // attempts that wait for their calls without a thread
	paused      integral // held threads of paused instances
	latency     track
	waitingTime track
	other       track
	uncounted   opCount
	seen        opCount

	steps    []opStep
	faults   *opFaults // nil while nothing is wrong
	spec     *topology.Operation
	edges    []int32 // its call steps
	service  int32
	ordinal  int32 // among the service's operations
	bulkhead int32 // 0: none
	tracked  bool  // its attempts are counted an instance: it has a bulkhead, or may get one
	blocking bool
}

// An opStep is a step, ready to run.
type opStep struct {
	kind     topology.StepKind
	work     sampler
	salt     uint64
	edge     int32
	branches []int32
}

// An edge is a call step, or a source's way in.
type edge struct {
	count    edgeCount
	waiting  integral // caller threads that wait for an answer
	backoff  integral // and for the next try
	latency  track
	failed   track
	salt     uint64
	op       int32 // called
	to       int32 // its service
	timeout  int32 // timer; none
	deadline int32
	tries    int32 // at most, of a call
	times    int32
	retryOn  topology.OutcomeSet
	optional bool
	falls    bool // it has a fallback
	budgeted bool
	chance   float64
	network  sampler
	overhead sampler
	fallback sampler
	faults   *edgeFaults
	policy   topology.Edge // in force
	callers  []caller      // what is kept a caller instance

	spec            *topology.Edge // as planned
	ended           []uint64       // calls that ended with their 1st, 2nd … try
	endedSeen       []uint64
	endedUncounted  []uint64
	uncounted, seen edgeCount
}

// A caller is what one calling instance keeps for an edge.
type caller struct {
	turn   uint32 // round robin's next
	budget *policy.Budget
}

// compile turns the plan into the tables that the engine works on.
func (s *System) compile() {
	p := s.plan
	seed := des.Key(p.Seed).With(0)
	edges := p.Edges()
	s.edges = make([]edge, len(edges))
	number := map[*topology.Edge]int32{}
	for i, spec := range edges {
		number[spec] = int32(i)
		s.edges[i] = edge{spec: spec, salt: des.NameKey(spec.ID), timeout: none, deadline: none}
	}
	firstOp := make([]int32, len(p.Topology.Services))
	for i := range p.Topology.Services {
		spec := &p.Topology.Services[i]
		v := service{spec: spec, first: int32(len(s.instances)), instances: int32(spec.Instances), firstOp: int32(len(s.ops)), ops: int32(len(spec.Operations)), balance: spec.Balance}
		firstOp[i] = v.firstOp
		for k := range spec.Operations {
			op := operation{spec: &spec.Operations[k], service: int32(i), ordinal: int32(k), blocking: spec.Blocking, bulkhead: int32(spec.Operations[k].Bulkhead)}
			op.tracked = op.bulkhead > 0
			n := uint64(0)
			op.steps = compileSteps(&op, op.spec.Steps, number, &n)
			s.ops = append(s.ops, op)
		}
		for k := range spec.Instances {
			in := instance{service: int32(i), ordinal: int32(k), head: none, tail: none, resumeHead: none, resumeTail: none, up: true,
				bounded: spec.Threads != topology.Unlimited, inOp: make([]int32, len(spec.Operations))}
			in.size, in.idle = poolSize(spec.Threads), poolSize(spec.Threads)
			in.room, in.lifo = int32(spec.Queue), spec.Order == topology.LIFO
			if in.bounded {
				in.capacity.set(0, int64(in.size))
			}
			s.instances = append(s.instances, in)
		}
		s.services = append(s.services, v)
	}
	s.sources = make([]source, len(p.Sources))
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
			s.users = append(s.users, user{source: int32(i), number: int32(k), parked: true})
		}
	}
	for i := range s.edges {
		e := &s.edges[i]
		e.to = int32(e.spec.To.Service)
		e.op = firstOp[e.to] + int32(e.spec.To.Op)
		n := 1
		if i < len(p.Sources) {
			n = p.Sources[i].Instances
		} else {
			n = p.Topology.Services[e.spec.From.Service].Instances
		}
		e.callers = make([]caller, n)
		s.tune(e, e.spec)
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
func compileSteps(op *operation, steps []topology.Step, number map[*topology.Edge]int32, n *uint64) []opStep {
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
			o.edge = number[st.Call]
			op.edges = append(op.edges, o.edge)
		case topology.Parallel:
			for _, b := range st.Parallel {
				o.branches = append(o.branches, number[b.Call])
			}
			op.edges = append(op.edges, o.branches...)
		}
		out = append(out, o)
	}
	return out
}

// tune puts a policy into force on an edge. What the callers keep stays, as far as
// the new policy still has a place for it.
func (s *System) tune(e *edge, p *topology.Edge) {
	e.policy = *p
	e.timeout = s.timerFor(des.Time(p.Timeout), false)
	e.deadline = s.timerFor(des.Time(p.Deadline), true)
	e.tries, e.retryOn, e.budgeted = int32(max(p.Retry.Attempts, 1)), p.Retry.On, p.Retry.Budget != nil
	e.times, e.optional, e.falls = int32(p.Times), p.Optional, p.Fallback != nil
	e.chance = p.Chance
	e.network = newSampler(&p.Network)
	e.overhead = newSampler(&p.Overhead)
	if p.Fallback != nil {
		e.fallback = newSampler(p.Fallback)
	}
	for i := range e.callers {
		e.callers[i].retune(p.Retry.Budget)
	}
}

func (c *caller) retune(b *topology.Budget) {
	switch {
	case b == nil:
		c.budget = nil
	case c.budget == nil:
		c.budget = newBudget(b)
	default:
		c.budget.Retune(*b)
	}
}

func newBudget(b *topology.Budget) *policy.Budget {
	n := policy.NewBudget(*b)
	return &n
}
