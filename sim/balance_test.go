package sim_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cascade/sim"
	"cascade/topology"
)

// ten is ten instances of one thread that are asked at the given rate.
func ten(b topology.Balance, rate float64, w topology.Dist, requests int, change ...func(*sim.Plan)) func() *sim.Plan {
	return func() *sim.Plan {
		p := station(1, topology.Unlimited, rate, w, requests, change...)()
		p.Topology.Services[0].Instances, p.Topology.Services[0].Balance = 10, b
		return p
	}
}

// blackHole is the share of attempts that one of ten instances takes which fails at
// once, under least requests with ties at random, where the load would keep so many
// threads busy: the nine others are a process of births and deaths, in which an attempt
// goes to one of the 10-b that have none under way (and does not depend on the law of
// the work, as with Erlang's lines).
func blackHole(load float64) float64 {
	p, sum, share := 1.0, 0.0, 0.0
	for b := range 10 {
		sum += p
		share += p / float64(10-b)
		p *= load * float64(9-b) / float64(10-b) / float64(b+1)
	}
	return share / sum
}

func TestBalance(t *testing.T) {
	first := func(tt *sim.Totals) float64 {
		return float64(tt.Services[0].Instances[0].Arrived) / float64(tt.Services[0].Arrived)
	}
	sick := func(p *sim.Plan) {
		f := on(p, sim.Fault{Name: "sick", Kind: sim.Errors, Until: p.Duration, Rate: 1}, 0)
		f.Instances = 1
		p.Faults = []sim.Fault{f}
	}
	// The stays under two choices and under least requests are of the Markov chain of ten
	// queues, simulated by itself: 144 million steps, with standard errors of 0.00003 s.
	const two, least = 0.02979, 0.01913
	runStudies(t, []study{
		{name: "random of ten", plan: ten(topology.Random, 900, topology.Exponential(10*ms), 100_000), answers: []answer{
			{what: "mean stay", from: "ten of M/M/1", exact: 0.1, limit: 0.1, of: meanStay(0), wrong: two, wrongly: "two choices"}}},
		{name: "two choices of ten", plan: ten(topology.TwoChoices, 900, topology.Exponential(10*ms), 100_000), answers: []answer{
			{what: "mean stay", from: "the chain", exact: two, slack: 0.002, limit: 0.04, of: meanStay(0), wrong: 0.0328, wrongly: "10% more"}}},
		{name: "least requests of ten", plan: ten(topology.LeastRequests, 900, topology.Exponential(10*ms), 100_000), answers: []answer{
			{what: "mean stay", from: "the chain", exact: least, slack: 0.002, limit: 0.03, of: meanStay(0), wrong: 0.021, wrongly: "10% more"}}},
		{name: "black hole", plan: ten(topology.LeastRequests, 500, topology.Constant(10*ms), 40_000, sick), runs: 8, answers: []answer{
			{what: "share of the sick one", from: "births and deaths", exact: blackHole(5), limit: 0.02, of: first, wrong: blackHole(5.5), wrongly: "10% more load"}}},
		{name: "black hole at low load", plan: ten(topology.LeastRequests, 100, topology.Exponential(10*ms), 40_000, sick), runs: 8, answers: []answer{
			{what: "share of the sick one", from: "births and deaths", exact: blackHole(1), limit: 0.05, of: first, wrong: 0.1, wrongly: "an even share"}}},
	})
	if got := fmt.Sprintf("%.3f", blackHole(5)); got != "0.193" {
		t.Errorf("the black hole's share by the formula is %s, want 0.193", got)
	}

	// In turn the sick one gets its tenth, to the request.
	p := ten(topology.RoundRobin, 500, topology.Constant(10*ms), 40_000, sick)()
	p.Warmup = 0
	if tt := run(t, p); tt.Services[0].Instances[0].Arrived != (tt.Services[0].Arrived+9)/10 {
		t.Errorf("in turn the sick one gets %d of %d", tt.Services[0].Instances[0].Arrived, tt.Services[0].Arrived)
	}
}

// arrived tells what each instance of a service got.
func (r *telling) arrived(name string) string {
	var l []string
	for _, in := range r.service(name).Instances {
		l = append(l, fmt.Sprint(in.Arrived))
	}
	return strings.Join(l, " ")
}

// What a calling instance counts of a service is shared by its edges: the second of two
// attempts, over another edge, goes where the first is not, 40 times (by luck alone once
// in 10^12). What it gave up it counts no more, though it goes on there: then the second
// goes to either, and waits for the first in about half of 40 cases.
func TestLeastRequestsCountsWhatTheCallerWaitsFor(t *testing.T) {
	for _, b := range []topology.Balance{topology.LeastRequests, topology.TwoChoices} {
		for _, limit := range []time.Duration{0, 10 * ms} {
			back := service("back", 1, 10, works(100*ms))
			back.Instances, back.Balance = 2, b
			front := several("front", 10, 0, operation("one", call(1, 0, timeout(limit))), operation("two", call(1, 0)))
			var first, second []time.Duration
			for k := range 40 {
				first = append(first, time.Duration(k)*sec)
				second = append(second, time.Duration(k)*sec+20*ms)
			}
			others := traced("others", 0, second)
			others.Edge.To.Op = 1
			r := tell(t, plan(40*sec, []topology.Service{front, back}, traced("some", 0, first), others))
			met := r.service("back").Waited
			if limit == 0 && (met != 0 || r.arrived("back") != "40 40") {
				t.Errorf("balance %d: %d second attempts went where the first was; arrived %s", b, met, r.arrived("back"))
			}
			if limit > 0 && (met < 8 || met > 32) {
				t.Errorf("balance %d: %d of 40 second attempts went where the first was given up, want about 20", b, met)
			}
		}
	}
}

// Two instances in turn get 100 requests a second, 50 each; the first is down from 1 to
// 3 s. With a check of 500 ms it is out of the rotation from 1.5 s, and back at 3 s.
func TestHealthCheck(t *testing.T) {
	down := func(check time.Duration, instances int, change ...func(*sim.Plan)) *telling {
		load := steady("load", 0, 100)
		load.Start = at(5 * ms)
		p := plan(4*sec, []topology.Service{service("a", 4, 10, works(1*ms))}, load)
		p.Topology.Services[0].Instances, p.Topology.Services[0].HealthCheck = 2, check
		f := on(p, fault(sim.Crash, 1*sec, 3*sec), 0)
		f.Instances = instances
		p.Faults = []sim.Fault{f}
		for _, c := range change {
			c(p)
		}
		return tell(t, p)
	}
	r := down(0, 1)
	says(t, "no check", r.requests("load")+" at "+r.arrived("a"), "400 offered: 300 success, 100 refused at 200 200")
	r = down(500*ms, 1)
	says(t, "a check", r.requests("load")+" at "+r.arrived("a"), "400 offered: 375 success, 25 refused at 125 275")
	// When both are out both are picked, and refuse.
	r = down(500*ms, 0)
	says(t, "all down", r.requests("load")+" at "+r.arrived("a"), "400 offered: 200 success, 200 refused at 200 200")
	// A check that is deployed at 2 s finds it 100 ms later: 50+5 refused. One that is taken
	// away at 2 s has it back in the rotation: 25+50.
	set := func(from, to time.Duration, check time.Duration) func(*sim.Plan) {
		return func(p *sim.Plan) {
			f := on(p, fault(sim.Set, from, to), 0)
			f.Set.HealthCheck = &check
			p.Faults = append(p.Faults, f)
		}
	}
	r = down(0, 1, set(2*sec, 4*sec, 100*ms))
	says(t, "a check from 2 s on", r.requests("load"), "400 offered: 345 success, 55 refused")
	r = down(500*ms, 1, set(2*sec, 4*sec, 0))
	says(t, "no check from 2 s on", r.requests("load"), "400 offered: 325 success, 75 refused")
}

// Four instances in turn get 40 requests a second, the first fails them all. After three
// it is out (at 0.2 s), for at least 5 s, which is to the tick at 10 s; after three more
// (at 10.2 s) for at least twice that, to beyond the end.
func TestOutlier(t *testing.T) {
	p := plan(20*sec, []topology.Service{service("a", 4, 10, works(1*ms))}, steady("load", 0, 40))
	v := &p.Topology.Services[0]
	v.Instances, v.Outlier = 4, &topology.Outlier{Consecutive: 3, Interval: 10 * sec, Eject: 5 * sec, Max: 0.5}
	f := on(p, sim.Fault{Name: "sick", Kind: sim.Errors, Until: p.Duration, Rate: 1}, 0)
	f.Instances = 1
	p.Faults = []sim.Fault{f}
	r := tell(t, p)
	says(t, "load", r.requests("load"), "800 offered: 794 success, 6 error")
	if r.service("a").Instances[0].Arrived != 6 {
		t.Errorf("arrived %s, want 6 at the first", r.arrived("a"))
	}
	// Each client process has its own view: two lose six each.
	p.Sources[0].Instances = 2
	says(t, "two processes", tell(t, p).requests("load"), "800 offered: 788 success, 12 error")
}

// Two of three fail. With at most one out, the other two share the load from the second
// request on; with all of them allowed out only a third would be left, less than half,
// and the panic threshold has all in use.
func TestOutlierPanics(t *testing.T) {
	for _, c := range []struct {
		most float64
		want string
	}{{0.5, "1 30 29"}, {1, "20 20 20"}} {
		p := plan(6*sec, []topology.Service{service("a", 4, 10, works(1*ms))}, steady("load", 0, 10))
		v := &p.Topology.Services[0]
		v.Instances, v.Outlier = 3, &topology.Outlier{Consecutive: 1, Interval: 10 * sec, Eject: 30 * sec, Max: c.most}
		f := on(p, sim.Fault{Name: "sick", Kind: sim.Errors, Until: p.Duration, Rate: 1}, 0)
		f.Instances = 2
		p.Faults = []sim.Fault{f}
		says(t, fmt.Sprint("at most ", c.most, " out"), tell(t, p).arrived("a"), c.want)
	}
}

// A caller that crashes has forgotten whom it ejected.
func TestOutlierOfACallerThatCrashes(t *testing.T) {
	back := service("back", 4, 10, works(1*ms))
	back.Instances, back.Outlier = 2, &topology.Outlier{Consecutive: 1, Interval: 10 * sec, Eject: 30 * sec, Max: 0.5}
	for _, crash := range []bool{false, true} {
		p := plan(2*sec, []topology.Service{service("front", 4, 10, call(1, 0)), back}, steady("load", 0, 10))
		f := on(p, sim.Fault{Name: "sick", Kind: sim.Errors, Until: p.Duration, Rate: 1}, 1)
		f.Instances = 1
		p.Faults = []sim.Fault{f}
		want := "1 19"
		if crash { // the request at 1 s is refused
			p.Faults = append(p.Faults, on(p, fault(sim.Crash, 950*ms, 1050*ms), 0))
			want = "2 17"
		}
		says(t, fmt.Sprint("crash: ", crash), tell(t, p).arrived("back"), want)
	}
}

// What a rate limit turns away is a 429, which is none of Envoy's consecutive 5xx: nobody is
// ejected for it.
func TestOutlierAndALimit(t *testing.T) {
	a := service("a", 8, 0, works(ms))
	a.Instances = 2
	a.RateLimit = &topology.RateLimit{Rate: 10, Burst: 1}
	a.Outlier = &topology.Outlier{Consecutive: 5, Interval: 10 * sec, Eject: 30 * sec, Max: 0.5}
	r := tell(t, plan(10*sec, []topology.Service{a}, steady("s", 0, 100)))
	if e := r.edge("s->a"); e.Outcomes[topology.RateLimited] < 700 || e.Ejections != 0 {
		t.Errorf("%d ejections: %s", e.Ejections, r.calls("s->a"))
	}
	// As many errors do eject.
	a.RateLimit = nil
	r = tell(t, failing(plan(10*sec, []topology.Service{a}, steady("s", 0, 100)), 0, 1))
	if e := r.edge("s->a"); e.Ejections != 1 {
		t.Errorf("errors: %d ejections: %s", e.Ejections, r.calls("s->a"))
	}
}
