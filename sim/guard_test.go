package sim_test

import (
	"math"
	"testing"
	"time"

	"cascade/sim"
	"cascade/topology"
)

// At 10 calls a second that all fail, gobreaker's defaults let exactly 15 of 6,000 pass in
// 600 s: 6 in a row open it, then one probe a minute and a bit.
func TestBreakerLets15Of6000Pass(t *testing.T) {
	r := openSource("s", 0, 10, func(e *topology.Edge) {
		e.Breaker = &topology.Breaker{Consecutive: 5, OpenFor: 60 * sec, HalfOpen: 1, On: topology.BreakerDefault}
	})
	r.Arrivals.Kind = sim.ConstantGaps
	p := failing(plan(600*sec, []topology.Service{service("a", 8, 0, work(topology.Constant(ms)))}, r), 0, 1)
	e := &run(t, p).Edges[0]
	if e.Calls != 6000 || e.Attempts != 15 || e.TurnedAway[topology.BreakerOpen] != 5985 || e.CallOutcomes[topology.BreakerOpen] != 5985 {
		t.Errorf("%d calls, %d attempts, turned away %v, ended %v", e.Calls, e.Attempts, e.TurnedAway, e.CallOutcomes)
	}
}

// An M/M/1 station at load 0.8 (80 a second, 10 ms) whose callers wait 100 ms at most: in
// time are 1-e^-2 of the requests where nobody is told (69.2 a second); 75.7 a second where
// those given up are thrown away when a thread reaches them; 77.6 where they are stopped at
// once. The latter two are published figures of a simulation. 400,000 s of each: the bound is
// 0.3 a second, some four standard errors.
func TestGoodputByCancellation(t *testing.T) {
	for _, c := range []struct {
		name             string
		cancel, deadline bool
		want             float64
	}{
		{"nobody is told", false, false, 80 * (1 - math.Exp(-2))},
		{"thrown away in the queue", false, true, 75.7},
		{"stopped", true, false, 77.6},
	} {
		a := service("a", 1, topology.Unlimited, work(topology.Exponential(10*ms)))
		a.Cancel, a.Deadline = c.cancel, c.deadline
		p := plan(20_000*sec, []topology.Service{a}, openSource("s", 0, 80, func(e *topology.Edge) { e.Timeout = 100 * ms }))
		tt := run(t, p)
		got := float64(tt.Sources[0].Ended[topology.Success]) / time.Duration(p.Duration).Seconds()
		v := &tt.Services[0]
		t.Logf("%s: goodput %.2f/s, wasted %.3f of the work", c.name, got, v.Wasted.Seconds()/v.Working.Seconds())
		if math.Abs(got-c.want) > 0.3 {
			t.Errorf("%s: goodput %.2f/s, want %.2f", c.name, got, c.want)
		}
	}
}
