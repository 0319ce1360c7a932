package sim_test

import (
	"flag"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/sim/hist"
	"cascade/topology"

	"pgregory.net/rapid"
)

// Properties of every system: random topologies under random traffic and random faults.

// check runs a property over random cases: always the same ones, unless the command line
// says otherwise with -rapid.seed or -rapid.checks.
func check(t *testing.T, property func(*rapid.T)) {
	t.Helper()
	if f := flag.Lookup("rapid.seed"); f.Value.String() == "0" {
		if err := flag.Set("rapid.seed", "21"); err != nil {
			t.Fatal(err)
		}
	}
	rapid.Check(t, property)
}

// checkOften runs a property over four times as many random cases, unless the command
// line says how many, or the race detector watches.
func checkOften(t *testing.T, property func(*rapid.T)) {
	t.Helper()
	checks := flag.Lookup("rapid.checks")
	if checks.Value.String() == checks.DefValue && !raced {
		if err := flag.Set("rapid.checks", "400"); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := flag.Set("rapid.checks", checks.DefValue); err != nil {
				t.Fatal(err)
			}
		}()
	}
	check(t, property)
}

// onlyMore skips a test under the race detector that needs many requests for its figure,
// and nothing that other tests do not run as well.
func onlyMore(t *testing.T) {
	t.Helper()
	if raced {
		t.Skip("it counts what one goroutine does, and is held without the race detector")
	}
}

// A maker makes random plans. Plain ones are those that the twin understands: without faults,
// with exponential or no network, and own work at the head of every operation, so that no two
// things of different requests happen at one instant.
type maker struct {
	*rapid.T
	plain bool
	one   int // edge in so many has a given guard; 0: in six
}

func (m maker) n(label string, from, to int) int { return rapid.IntRange(from, to).Draw(m.T, label) }

// once says yes in one of n cases.
func (m maker) once(label string, n int) bool { return m.n(label, 1, n) == 1 }

func (m maker) millis(label string, from, to int) time.Duration {
	return time.Duration(m.n(label, from, to)) * ms
}

func (m maker) dist(label string, mean int) topology.Dist {
	if m.plain {
		return topology.Exponential(m.millis(label, 1, mean))
	}
	d := float64(m.millis(label, 0, mean))
	switch m.n(label+"'s family", 0, 8) {
	case 0, 1, 2:
		return topology.Dist{Kind: topology.ConstantDist, A: d}
	case 3, 4:
		return topology.Dist{Kind: topology.ExponentialDist, A: d}
	case 5:
		return topology.Dist{Kind: topology.UniformDist, A: 0, B: d}
	case 6:
		return topology.Dist{Kind: topology.LognormalDist, A: d/2 + 1, B: 3*d + 2}
	case 7:
		return topology.Dist{Kind: topology.MixDist, Parts: []topology.Part{
			{Share: 0.95, Dist: topology.Exponential(time.Duration(d))}, {Share: 0.05, Dist: topology.Dist{Kind: topology.NeverDist}}}}
	default:
		return topology.Dist{Kind: topology.EmpiricalDist, Values: []time.Duration{0, time.Duration(d), 2 * time.Duration(d)}}
	}
}

func (m maker) retry() topology.Retry {
	r := topology.Retry{Attempts: m.n("tries", 1, 3), Factor: 2, Max: 40 * ms, On: topology.RetryDefault}
	if r.Attempts == 1 {
		return r
	}
	r.Backoff = m.millis("backoff", 0, 20)
	r.Factor = float64(m.n("factor", 1, 3))
	r.Jitter = topology.Jitter(m.n("jitter", 0, 2))
	if m.once("only time-outs", 4) {
		r.On = topology.OutcomeSet(0).With(topology.Timeout)
	}
	if m.once("budget", min(m.of(3), 3)) {
		r.Budget = &topology.Budget{Ratio: float64(m.n("ratio", 0, 5)) / 10, Burst: float64(m.n("burst", 0, 5))}
		r.Budget.Like = topology.BudgetKind(m.n("budget like", 0, int(topology.NumBudgetKinds)-1))
	}
	return r
}

// admission puts guards on a service, none of them on most.
func (m maker) admission(s *topology.Service) {
	s.Balance = topology.Balance(m.n("balance", 0, 3))
	s.Deadline = m.once("throw away", 3)
	if m.once("health check", 4) {
		s.HealthCheck = m.millis("health check", 1, 100)
	}
	if m.once("admission", 6) {
		s.RateLimit = &topology.RateLimit{Rate: float64(m.n("rate", 1, 200)), Burst: m.n("burst", 1, 5)}
	}
	if m.once("adaptive limit", 6) {
		least := m.n("least", 1, 5)
		s.AdaptiveLimit = &topology.AdaptiveLimit{Kind: topology.LimitKind(m.n("kind of limit", 0, 1)), Min: least, Max: least + m.n("most", 0, 10), Initial: least, Timeout: m.millis("limit's time-out", 5, 50)}
	}
	if m.once("outlier", 4) {
		s.Outlier = &topology.Outlier{Consecutive: m.n("in a row", 1, 5), Interval: m.millis("interval", 5, 50), Eject: m.millis("eject", 5, 100), Max: float64(m.n("at most", 1, 4)) / 4}
	}
	if m.once("contention", 5) {
		s.Contention = topology.Contention{Kind: topology.ContentionKind(m.n("law", 1, 4)), A: 0.1, B: 0.1}
	}
	if m.once("codel", 5) {
		s.Order = topology.CoDel
	}
	if m.once("autoscale", 5) {
		s.Autoscale = &topology.Autoscale{Min: 1, Max: s.Instances + m.n("more", 0, 3), Target: float64(m.n("target", 1, 9)) / 10,
			Every: m.millis("every", 5, 80), Lag: m.millis("lag", 0, 100), Delay: m.millis("start-up", 0, 80), Cooldown: m.millis("cooldown", 0, 100)}
	}
}

// of is in how many edges one has a guard, if usually it is n.
func (m maker) of(n int) int {
	if m.one > 0 {
		return m.one
	}
	return n
}

// guards puts guards on an edge, none of them on most.
func (m maker) guards(e *topology.Edge) {
	if m.once("breaker", m.of(6)) {
		e.Breaker = &topology.Breaker{Consecutive: m.n("in a row", -1, 3), Ratio: float64(m.n("ratio", 0, 4)) / 4, MinRequests: m.n("at least", 1, 10),
			Interval: m.millis("interval", 0, 100), Bucket: m.millis("bucket", 0, 30), OpenFor: m.millis("open", 1, 100), HalfOpen: m.n("half open", 1, 3), On: topology.BreakerDefault}
	}
	if m.once("bulkhead", m.of(6)) {
		e.Bulkhead = m.n("bulkhead", 1, 4)
	}
	if m.once("rate limit", m.of(6)) {
		e.RateLimit = &topology.RateLimit{Rate: float64(m.n("rate", 1, 200)), Burst: m.n("burst", 1, 5), Wait: m.millis("wait", 0, 50)}
	}
	if m.once("throttle", m.of(8)) {
		e.Throttle = &topology.Throttle{K: float64(m.n("k", 2, 6)) / 2, Window: m.millis("window", 10, 500)}
	}
	if m.once("hedge", m.of(6)) {
		e.Hedge = &topology.Hedge{After: m.millis("after", 0, 30), Max: m.n("copies", 1, 3)}
		if m.once("quantile", 3) {
			e.Hedge.Quantile = 0.9
		}
	}
	e.Propagate = m.once("propagate", 4)
	if !m.plain {
		e.Priority = topology.Priority(m.n("priority", 0, 2))
	}
}

func (m maker) cache() *topology.Cache {
	if !m.once("cache", m.of(6)) {
		return nil
	}
	if m.once("hits", 3) {
		return &topology.Cache{Hit: float64(m.n("hit", 0, 4)) / 4}
	}
	k := m.n("keys", 1, 20)
	return &topology.Cache{Keys: k, Zipf: float64(m.n("zipf", 0, 3)) / 2, Size: m.n("size", 1, k), TTL: m.millis("ttl", 0, 100), Coalesce: m.once("coalesce", 2)}
}

// policies sets an edge's.
func (m maker) policies(e *topology.Edge) {
	if m.once("time-out", 2) {
		e.Timeout = m.millis("time-out", 1, 60)
	}
	if m.once("deadline", 5) {
		e.Deadline = m.millis("deadline", 1, 100)
	}
	e.Retry = m.retry()
	if m.once("network", 3) {
		e.Network = m.dist("network", 4)
	}
	if !m.plain && m.once("overhead", 6) {
		e.Overhead = m.dist("overhead", 3)
	}
	m.guards(e)
}

func (m maker) call(to topology.OpRef) topology.Step {
	e := &topology.Edge{To: to, Chance: 1, Times: 1, Needed: true}
	m.policies(e)
	if m.once("chance", 4) {
		e.Chance = float64(m.n("chance", 0, 10)) / 10
	}
	if m.once("times", 6) {
		e.Times = m.n("times", 2, 3)
	}
	e.Cache = m.cache()
	e.Optional = m.once("optional", 4)
	if m.once("fallback", 4) {
		d := m.dist("fallback", 10)
		e.Fallback = &d
	}
	return topology.Step{Kind: topology.Call, Call: e}
}

// most is how many attempts a request may set off at worst.
const most = 60

// topology makes services whose operations call only such as come later in a random order
// of all operations: calls end, though services may call each other in a circle.
func (m maker) services() ([]topology.Service, []topology.Queue) {
	services := make([]topology.Service, m.n("services", 1, 6))
	var refs []topology.OpRef
	for i := range services {
		s := &services[i]
		*s = topology.Service{Name: fmt.Sprintf("s%d", i), Instances: m.n("instances", 1, 3), Threads: m.n("threads", 1, 8),
			Queue: m.n("queue", 0, 12), Blocking: !m.once("not blocking", 3),
			Order: topology.Order(m.n("order", 0, 1))}
		if !m.plain {
			m.admission(s)
		}
		s.Cancel = m.once("cancel", 3)
		if m.once("unlimited threads", 6) {
			s.Threads = topology.Unlimited
		}
		if m.once("unlimited queue", 4) {
			s.Queue = topology.Unlimited
		}
		s.Operations = make([]topology.Operation, m.n("operations", 1, 3))
		for k := range s.Operations {
			s.Operations[k].Name = fmt.Sprintf("o%d", k)
			if m.once("bulkhead", 5) {
				s.Operations[k].Bulkhead = m.n("bulkhead", 1, 3)
			}
			refs = append(refs, topology.OpRef{Service: i, Op: k})
		}
	}
	queues := m.queues()
	m.consumers(services, queues)
	order := rapid.Permutation(refs).Draw(m.T, "order of operations")
	if len(queues) > 0 && !m.seldom("consumers anywhere", 3) {
		consumersLast(order, services)
	}
	worst := map[topology.OpRef]int{}
	messages := &flow{services, queues, worst}
	for i := len(order) - 1; i >= 0; i-- {
		r := order[i]
		op := &services[r.Service].Operations[r.Op]
		sum := 1
		// affordable makes a call, or a publish step, if what it may set off is within bounds.
		affordable := func() (topology.Step, bool) {
			if len(queues) > 0 && (i == len(order)-1 || m.once("publish", 2)) {
				st, more := m.publish(messages)
				if sum+more > most {
					return st, false
				}
				sum += more
				return st, true
			}
			st := m.call(order[m.n("called", i+1, len(order)-1)])
			copies := 1
			if h := st.Call.Hedge; h != nil {
				copies += h.Max
			}
			more := st.Call.Times * copies * max(st.Call.Retry.Attempts, 1) * worst[st.Call.To]
			if sum+more > most {
				return st, false
			}
			sum += more
			return st, true
		}
		if m.plain {
			op.Steps = append(op.Steps, work(m.dist("work", 12)))
		}
		for range m.n("steps", 0, 4) {
			switch kind := m.n("step", 0, 5); {
			case kind <= 2 || i == len(order)-1 && len(queues) == 0:
				op.Steps = append(op.Steps, work(m.dist("work", 12)))
			case kind <= 4:
				if st, ok := affordable(); ok {
					op.Steps = append(op.Steps, st)
				}
			default:
				var branches []topology.Step
				for range m.n("branches", 1, 3) {
					if st, ok := affordable(); ok {
						branches = append(branches, st)
					}
				}
				if len(branches) > 0 {
					op.Steps = append(op.Steps, parallel(branches...))
				}
			}
		}
		if len(queues) > 0 && (i < 2 || m.once("publish at last", 3)) {
			if st, ok := affordable(); ok {
				op.Steps = append(op.Steps, st)
			}
		}
		worst[r] = sum
	}
	return services, queues
}

func (m maker) target(services []topology.Service) topology.OpRef {
	if l := publishers(services); len(l) > 0 && !m.seldom("to any operation", 3) {
		return l[m.n("to publisher", 0, len(l)-1)]
	}
	s := m.n("to", 0, len(services)-1)
	return topology.OpRef{Service: s, Op: m.n("to's operation", 0, len(services[s].Operations)-1)}
}

func (m maker) source(name string, services []topology.Service, end time.Duration) sim.Source {
	e := &topology.Edge{To: m.target(services), Chance: 1, Times: 1, Needed: true}
	m.policies(e)
	r := sim.Source{Name: name, Edge: e, Instances: m.n("client processes", 1, 3), Rate: float64(m.n("rate", 80, 400))}
	if m.once("limit", 5) {
		r.Limit = int64(m.n("limit", 1, 50))
	}
	if m.plain {
		return r
	}
	switch m.n("kind of source", 0, 5) {
	case 0:
		r.Kind, r.Users, r.Think = sim.Closed, m.n("users", 5, 30), topology.Constant(m.millis("think", 1, 50))
		if m.once("random think", 2) {
			r.Think = topology.Exponential(m.millis("think", 5, 50))
		}
		r.Start = at(m.millis("start", 0, 100))
	case 1:
		r.Kind = sim.Bursts
		r.Burst = sim.Burst{At: at(m.millis("burst", 0, 200)), Count: m.n("count", 10, 60), Every: at(m.millis("every", 50, 300))}
		if m.once("only one burst", 3) {
			r.Burst.Every = 0
		}
	case 2:
		r.Kind = sim.Trace
		for range m.n("length", 0, 40) {
			r.Trace = append(r.Trace, at(m.millis("instant", 0, 700)))
		}
		slices.Sort(r.Trace)
	default:
		r.Arrivals.Kind = sim.ArrivalKind(m.n("gaps", 0, 3))
		r.Arrivals.K, r.Arrivals.P, r.Arrivals.Ratio = m.n("stages", 1, 40), 0.9, float64(m.n("ratio", 1, 20))
		r.Start = at(m.millis("start", 0, 100))
		now := time.Duration(0)
		for range m.n("points", 0, 4) {
			now += m.millis("after", 0, 200)
			pt := sim.RatePoint{At: at(now), Rate: float64(m.n("rate", 0, 300))}
			if m.once("ramp", 2) {
				pt.Ramp = at(m.millis("ramp", 1, 100))
			}
			now += pt.Ramp.Duration()
			if now >= end {
				break
			}
			r.Profile = append(r.Profile, pt)
		}
	}
	return r
}

func some[T any](m maker, label string, from []T) []T {
	var l []T
	for _, v := range from {
		if m.once(label, 2) {
			l = append(l, v)
		}
	}
	if len(l) == 0 {
		l = append(l, from[m.n(label, 0, len(from)-1)])
	}
	return l
}

func (m maker) fault(p *sim.Plan, n int) sim.Fault {
	end := int(p.Duration.Duration() / ms)
	f := sim.Fault{Name: fmt.Sprintf("f%d", n), Kind: m.faultKind(p)}
	begin := m.n("begin", 0, end-1)
	f.From = at(time.Duration(begin) * ms)
	f.Until = at(time.Duration(m.n("end", begin+1, end)) * ms)
	if m.once("every", 3) {
		f.Every = f.Until - f.From + at(m.millis("rest", 0, 100))
	}
	if m.once("ramp", 3) {
		f.Ramp = at(m.millis("ramp", 1, 200))
	}
	services := []int{}
	for i := range p.Topology.Services {
		services = append(services, i)
	}
	edges := []int{}
	for i := range p.Edges() {
		edges = append(edges, i)
	}
	onServices := func() {
		f = on(p, f, some(m, "on", services)...)
		if m.once("instances", 3) {
			f.Instances = m.n("instances", 1, 2)
		}
	}
	switch f.Kind {
	case sim.Latency:
		f.Add = m.dist("latency", 30)
		if len(p.Topology.Queues) > 0 && m.once("on queues", 3) {
			m.queueFault(p, &f)
		} else if m.once("on edges", 2) {
			f.Edges = some(m, "on", edges)
		} else {
			onServices()
			f.Services = nil
		}
	case sim.Slow:
		f.Factor = float64(m.n("factor", 1, 40)) / 4
		onServices()
		f.Services = nil
	case sim.Errors:
		f.Rate, f.AfterWork = float64(10-m.n("rate, of what goes well", 0, 10))/10, m.once("after work", 2)
		onServices()
		f.Services = nil
	case sim.Crash, sim.Pause:
		onServices()
	case sim.Threads:
		f.To = m.n("threads", 0, 10)
		onServices()
	case sim.Loss:
		f.Rate = float64(m.n("rate", 0, 10)) / 10
		f.Edges = some(m, "on", edges)
	case sim.Partition:
		f.Hold = m.once("hold", 2)
		f.Edges = some(m, "on", edges)
	case sim.CacheFlush:
		f.Edges = some(m, "on", edges)
	case sim.Surge:
		f.Source, f.Factor = m.n("source", 0, len(p.Sources)-1), float64(m.n("factor", 0, 12))/4
	case sim.Set:
		if len(p.Topology.Queues) > 0 && m.once("on queues", 2) {
			f.Queues, f.Ramp = some(m, "on", m.alike(p.Topology.Queues)), 0
			f.Set = m.queueSettings(p.Topology.Queues, f.Queues)
			break
		}
		if m.once("on edges", 2) {
			f.Edges = some(m, "on", edges)
			e := m.call(topology.OpRef{}).Call
			tries := e.Retry
			tries.Attempts = min(tries.Attempts, 2)
			f.Set = sim.Settings{Timeout: maybe(m, e.Timeout), Deadline: maybe(m, e.Deadline), Retry: maybe(m, tries), Network: maybe(m, e.Network),
				Overhead: maybe(m, e.Overhead), Chance: maybe(m, e.Chance), Optional: maybe(m, e.Optional), Fallback: e.Fallback,
				Cache: e.Cache, Limit: e.RateLimit, Throttle: e.Throttle, Breaker: e.Breaker, Calls: maybe(m, e.Bulkhead), Hedge: e.Hedge, Propagate: maybe(m, e.Propagate), Priority: maybe(m, e.Priority)}
			break
		}
		onServices()
		f.Set = sim.Settings{Threads: maybe(m, m.n("threads", 1, 8)), Queue: maybe(m, m.n("queue", -1, 5)), Order: maybe(m, topology.Order(m.n("order", 0, 2))),
			Bulkhead: maybe(m, m.n("bulkhead", 1, 3))}
		var to topology.Service
		to.Instances = 1
		m.admission(&to)
		to.Cancel = m.once("cancel", 3)
		f.Set.Balance, f.Set.Cancel, f.Set.Abandon, f.Set.HealthCheck = maybe(m, to.Balance), maybe(m, to.Cancel), maybe(m, to.Deadline), maybe(m, to.HealthCheck)
		f.Set.RateLimit, f.Set.AdaptiveLimit, f.Set.Contention = to.RateLimit, to.AdaptiveLimit, maybe(m, to.Contention)
		if f.Instances == 0 {
			f.Set.Outlier, f.Set.Autoscale = to.Outlier, to.Autoscale
		}
	default:
		if !m.queueFault(p, &f) {
			f.Kind, f.Queues = sim.Outage, []int{0}
			f.Until = max(f.Until, f.From+1)
			f.Every = 0
		}
	}
	return f
}

func maybe[T any](m maker, v T) *T {
	if m.once("set", 2) {
		return &v
	}
	return nil
}

func (m maker) plan() *sim.Plan {
	d := m.millis("duration", 200, 600)
	services, queues := m.services()
	var sources []sim.Source
	for i := range m.n("sources", 1, 3) {
		sources = append(sources, m.source(fmt.Sprintf("c%d", i), services, d))
	}
	p := queued(d, queues, services, sources...)
	p.Seed = rapid.Uint64().Draw(m.T, "seed")
	p.Interval = at(m.millis("interval", 20, 300))
	if m.plain {
		return p
	}
	for i := range m.n("faults", 0, 6) {
		p.Faults = append(p.Faults, m.fault(p, i))
	}
	if m.once("warm-up", 3) {
		p.Warmup = at(m.millis("warm-up", 1, 99))
	}
	for range m.n("cuts", 0, 3) {
		p.Cuts = append(p.Cuts, at(m.millis("cut", 0, 700)))
	}
	return p
}

// outcome is all that a run shows.
type shown struct {
	record
	totals *sim.Totals
}

// show runs a plan as drive says, and fails if a law is broken.
func show(t rapid.TB, p *sim.Plan, drive func(*sim.System)) *shown {
	t.Helper()
	o := new(shown)
	s := sim.New(p, &o.record)
	drive(s)
	tt, err := s.Finish()
	if err != nil {
		t.Fatal(err)
	}
	if !s.Done() || !tt.Complete {
		t.Fatalf("the run stopped at %v", s.Now())
	}
	o.totals = tt
	return o
}

func toTheEnd(p *sim.Plan) func(*sim.System) {
	return func(s *sim.System) { s.RunUntil(p.Duration) }
}

// alike fails if two runs differ in anything but, where it is said, their fingerprints.
func alike(t rapid.TB, what string, a, b *shown) {
	t.Helper()
	if !reflect.DeepEqual(a.totals, b.totals) {
		t.Fatalf("%s: other totals:\n%+v\n%+v", what, a.totals, b.totals)
	}
	if !reflect.DeepEqual(a.samples, b.samples) {
		t.Fatalf("%s: other samples", what)
	}
	if !slices.Equal(a.transitions, b.transitions) {
		t.Fatalf("%s: other transitions", what)
	}
}

// Whatever the system, its traffic and its faults: all laws hold at the end, a second run is
// the same, and so is one that is stepped, paused, and whose sequence numbers run out.
func TestPropertiesOfEverySystem(t *testing.T) {
	events := uint64(0)
	checkOften(t, func(t *rapid.T) {
		m := maker{T: t}
		p := m.plan()
		a := show(t, p, toTheEnd(p))
		events += a.totals.Events
		alike(t, "run again", a, show(t, p, toTheEnd(p)))
		alike(t, "stepped", a, show(t, p, func(s *sim.System) {
			for !s.Done() {
				s.RunUntil(s.Now() + des.Time(m.n("step", 0, 30_000_000))) // 0 is a pause
				if s.Now() >= p.Duration/2 && m.once("to the end", 4) {
					s.RunUntil(p.Duration + 1)
				}
			}
		}))
		alike(t, "from instant to instant", a, show(t, p, func(s *sim.System) {
			for !s.Done() {
				s.RunUntil(s.NextInstant() + 1)
				if err := s.CheckNow(); err != nil {
					t.Fatal(err)
				}
			}
		}))
		limit := uint64(m.n("sequence numbers", 20, 5000))
		b := show(t, p, func(s *sim.System) {
			s.LimitSequence(limit)
			s.RunUntil(p.Duration)
		})
		b.totals.Fingerprint = a.totals.Fingerprint // which is of the numbers too
		alike(t, "numbered anew", a, b)

		contiguous(t, p, &a.record)
		if p.Warmup == 0 {
			addsUp(t, &a.record, a.totals)
			littlesLaw(t, p, a.totals)
			queuesAddUp(t, p, &a.record, a.totals)
			publishedWhere(t, p, a.totals)
			littlesLawOfQueues(t, p, a.totals)
		}
		completions(t, a.totals)

		// What is looked at, and when, changes nothing.
		q := *p
		q.Interval, q.Warmup, q.Cuts = p.Interval/3+1, 0, nil
		c := show(t, &q, toTheEnd(&q))
		if c.totals.Fingerprint != a.totals.Fingerprint || c.totals.Events != a.totals.Events {
			t.Fatalf("sampled otherwise, another run: %d events, %d", a.totals.Events, c.totals.Events)
		}
		if !slices.Equal(a.transitions, c.transitions) {
			t.Fatal("sampled otherwise, other transitions")
		}
	})
	t.Logf("%d events", events)
}

// Wherever a run stops because too much is under way, what has run is good: all laws hold.
func TestRunThatStopsAtItsBound(t *testing.T) {
	stopped := 0
	check(t, func(t *rapid.T) {
		p := maker{T: t}.plan()
		s := sim.New(p)
		s.LimitInFlight(rapid.IntRange(1, 60).Draw(t, "bound"))
		s.RunUntil(p.Duration)
		_, err := s.Finish()
		if s.Now() < p.Duration {
			stopped++
			if err == nil || strings.Contains(err.Error(), "broken law") || !strings.Contains(err.Error(), "more than") {
				t.Fatalf("stopped at %v: %v", s.Now(), err)
			}
		} else if err != nil {
			t.Fatal(err)
		}
	})
	if stopped == 0 {
		t.Error("no run has come to its bound")
	}
}

// contiguous checks that samples follow each other from 0 to the end, and end where they should.
func contiguous(t rapid.TB, p *sim.Plan, r *record) {
	t.Helper()
	var want []des.Time
	for e := p.Interval; e < p.Duration; e += p.Interval {
		want = append(want, e)
	}
	for _, c := range append([]des.Time{p.Warmup}, p.Cuts...) {
		if c > 0 && c < p.Duration {
			want = append(want, c)
		}
	}
	want = append(want, p.Duration)
	slices.Sort(want)
	want = slices.Compact(want)
	from := des.Time(0)
	var got []des.Time
	for _, sm := range r.samples {
		if sm.From != from {
			t.Fatalf("a sample begins at %v, the last ended at %v", sm.From, from)
		}
		from = sm.To
		got = append(got, from)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("samples end at %v, want %v", got, want)
	}
}

// addsUp checks that the samples of a run without a warm-up sum up to its totals.
func addsUp(t rapid.TB, r *record, tt *sim.Totals) {
	t.Helper()
	for i := range tt.Sources {
		w := tt.Sources[i]
		var g sim.SourceTally
		for _, sm := range r.samples {
			x := &sm.Sources[i]
			g.Offered += x.Offered
			g.Attempts += x.Attempts
			g.Lost += x.Lost
			addAll(&g.Ended, &x.Ended)
			g.Latency, g.Failed = hist.Merged(g.Latency, x.Latency), hist.Merged(g.Failed, x.Failed)
			g.Completion = hist.Merged(g.Completion, x.Completion)
		}
		if g.Offered != w.Offered || g.Attempts != w.Attempts || g.Ended != w.Ended || g.Lost != w.Lost {
			t.Fatalf("source %d: samples add up to %+v, totals %+v", i, g, w)
		}
		sameHist(t, fmt.Sprintf("source %d, latency", i), g.Latency, w.Latency)
		sameHist(t, fmt.Sprintf("source %d, failed", i), g.Failed, w.Failed)
		sameHist(t, fmt.Sprintf("source %d, completion", i), g.Completion, w.Completion)
	}
	for i := range tt.Edges {
		w := tt.Edges[i]
		var g sim.EdgeTally
		for _, sm := range r.samples {
			x := &sm.Edges[i]
			g.Calls += x.Calls
			g.Attempts += x.Attempts
			g.Retries += x.Retries
			g.LateAnswers += x.LateAnswers
			addAll(&g.Outcomes, &x.Outcomes)
			addAll(&g.CallOutcomes, &x.CallOutcomes)
			for k, n := range x.Tries {
				for len(g.Tries) <= k {
					g.Tries = append(g.Tries, 0)
				}
				g.Tries[k] += n
			}
			g.Latency, g.Failed = hist.Merged(g.Latency, x.Latency), hist.Merged(g.Failed, x.Failed)
		}
		if g.Calls != w.Calls || g.Attempts != w.Attempts || g.Retries != w.Retries || g.LateAnswers != w.LateAnswers ||
			g.Outcomes != w.Outcomes || g.CallOutcomes != w.CallOutcomes || !slices.Equal(g.Tries, w.Tries) {
			t.Fatalf("edge %d: samples add up to %+v, totals %+v", i, g, w)
		}
		sameHist(t, fmt.Sprintf("edge %d, latency", i), g.Latency, w.Latency)
		sameHist(t, fmt.Sprintf("edge %d, failed", i), g.Failed, w.Failed)
	}
	for i := range tt.Services {
		w := &tt.Services[i]
		var g sim.ServiceTally
		ops := make([]sim.OpTally, len(w.Operations))
		for _, sm := range r.samples {
			x := &sm.Services[i]
			addOp(&g.OpTally, &x.OpTally)
			for k := range ops {
				addOp(&ops[k], &x.Operations[k])
			}
			g.QueueMax = max(g.QueueMax, x.QueueMax)
			g.Capacity += x.Capacity
			g.Idle += x.Idle
			g.Down += x.Down
			g.PausedIdle += x.PausedIdle
		}
		sameOp(t, fmt.Sprintf("service %d", i), &g.OpTally, &w.OpTally)
		for k := range ops {
			sameOp(t, fmt.Sprintf("service %d, operation %d", i, k), &ops[k], &w.Operations[k])
		}
		if g.QueueMax != w.QueueMax || g.Capacity != w.Capacity || g.Idle != w.Idle || g.Down != w.Down || g.PausedIdle != w.PausedIdle {
			t.Fatalf("service %d: samples add up to %+v, totals %+v", i, g, w)
		}
		for k := range w.Instances {
			var in sim.InstanceTally
			for _, sm := range r.samples {
				x := &sm.Services[i].Instances[k]
				in.Arrived += x.Arrived
				addAll(&in.Answers, &x.Answers)
				in.Held += x.Held
				in.Capacity += x.Capacity
				in.Down += x.Down
			}
			if in != w.Instances[k] {
				t.Fatalf("service %d, instance %d: samples add up to %+v, totals %+v", i, k, in, w.Instances[k])
			}
		}
	}
}

func addAll(a, b *[topology.NumOutcomes]uint64) {
	for i, n := range b {
		a[i] += n
	}
}

func addOp(g, x *sim.OpTally) {
	g.Arrived += x.Arrived
	g.Waited += x.Waited
	addAll(&g.Answers, &x.Answers)
	g.Latency, g.Other, g.Waiting = hist.Merged(g.Latency, x.Latency), hist.Merged(g.Other, x.Other), hist.Merged(g.Waiting, x.Waiting)
	g.Working += x.Working
	g.Wasted += x.Wasted
	g.Paused += x.Paused
	g.QueueTime += x.QueueTime
	g.SuspendedTime += x.SuspendedTime
	g.WaitingOn = addTimes(g.WaitingOn, x.WaitingOn)
	g.BackingOff = addTimes(g.BackingOff, x.BackingOff)
	g.Lost += x.Lost
	if x.Completion != nil {
		g.Completion = hist.Merged(g.Completion, x.Completion)
	}
	for i, p := range x.Publishing {
		if i == len(g.Publishing) {
			g.Publishing = append(g.Publishing, sim.QueueTime{Publish: p.Publish})
		}
		g.Publishing[i].Time += p.Time
	}
}

func addTimes(g, x []sim.EdgeTime) []sim.EdgeTime {
	if g == nil {
		return append(g, x...)
	}
	for i := range x {
		g[i].Time += x[i].Time
	}
	return g
}

func sameOp(t rapid.TB, what string, g, w *sim.OpTally) {
	t.Helper()
	if g.Arrived != w.Arrived || g.Waited != w.Waited || g.Answers != w.Answers || g.Working != w.Working || g.Wasted != w.Wasted ||
		g.Paused != w.Paused || g.QueueTime != w.QueueTime || g.SuspendedTime != w.SuspendedTime ||
		!slices.Equal(g.WaitingOn, w.WaitingOn) || !slices.Equal(g.BackingOff, w.BackingOff) || !slices.Equal(g.Publishing, w.Publishing) || g.Lost != w.Lost {
		t.Fatalf("%s: samples add up to %+v, totals %+v", what, g, w)
	}
	sameHist(t, what+", latency", g.Latency, w.Latency)
	sameHist(t, what+", other", g.Other, w.Other)
	sameHist(t, what+", waiting", g.Waiting, w.Waiting)
	if w.Completion != nil {
		sameHist(t, what+", completion", g.Completion, w.Completion)
	}
}

// sameHist compares two distributions in all that they tell.
func sameHist(t rapid.TB, what string, g, w *hist.Hist) {
	t.Helper()
	if g.Count() != w.Count() || g.Min() != w.Min() || g.Max() != w.Max() || g.Mean() != w.Mean() || g.SD() != w.SD() {
		t.Fatalf("%s: %d of mean %v, sd %v, %d to %d; want %d of mean %v, sd %v, %d to %d", what,
			g.Count(), g.Mean(), g.SD(), g.Min(), g.Max(), w.Count(), w.Mean(), w.SD(), w.Min(), w.Max())
	}
	for _, q := range []float64{0.1, 0.5, 0.9, 0.99} {
		if g.Quantile(q) != w.Quantile(q) {
			t.Fatalf("%s: quantile %v is %d, want %d", what, q, g.Quantile(q), w.Quantile(q))
		}
	}
}

// littlesLaw checks, of an operation that has nothing left in hand, that the time which its
// attempts spent there is the time integral of how many there were: in the waiting room, in
// threads, suspended (J. Little, Oper. Res. 9(3), 1961). Both are sums of whole nanoseconds;
// the first comes out of a mean, so it may be off by its last bits.
func littlesLaw(t rapid.TB, p *sim.Plan, tt *sim.Totals) {
	t.Helper()
	for i := range tt.Services {
		for k := range tt.Services[i].Operations {
			o := &tt.Services[i].Operations[k]
			if o.InWaiting+o.InThreads+o.Suspended > 0 {
				continue
			}
			spent := o.Latency.Mean()*float64(o.Latency.Count()) + o.Other.Mean()*float64(o.Other.Count())
			inHand := float64(o.QueueTime + o.Held() + o.SuspendedTime)
			if math.Abs(spent-inHand) > 1e-9*inHand+1 {
				t.Fatalf("service %d, operation %d: attempts spent %v ns, in hand %v ns", i, k, spent, inHand)
			}
		}
	}
}
