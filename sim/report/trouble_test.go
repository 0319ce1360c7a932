package report

import (
	"fmt"
	"strings"
	"testing"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/topology"

	"github.com/google/go-cmp/cmp"
)

// busy is a shop whose payment is full for a moment every ten seconds, twice as
// long now and then, as a busy pool is on the best of days.
func busy(p *sim.Plan) func(from, to des.Time, t *sim.Tallies) {
	well := healthy(p)
	return func(from, to des.Time, t *sim.Tallies) {
		well(from, to, t)
		pool(t, p, payment, to-from, 0.5, 3)
		s := from / second
		if s%10 == 2 || s%10 == 3 || s == 74 {
			pool(t, p, payment, to-from, 3, 4)
		}
		if s == 42 || s == 43 || s == 44 || s == 45 || s == 46 {
			pool(t, p, payment, to-from, 7, 3.9)
		}
	}
}

// TestBusyPoolIsNoTrouble: what a healthy busy pool shows is neither told nor
// recovered from, with no fault, with one that does nothing, and after errors that
// have nothing to do with it.
func TestBusyPoolIsNoTrouble(t *testing.T) {
	errors := sim.Fault{Name: "errs", Kind: sim.Errors, On: "gateway", Ops: []topology.OpRef{{Service: gateway}}, From: 30 * second, Until: 35 * second}
	for _, row := range []struct {
		name   string
		faults []sim.Fault
		back   des.Time
		story  string
	}{
		{"no fault", nil, -1, "nothing out of the ordinary: a full pool now and then (payment: 12 times, for at most 5s)\n"},
		{"a fault without effect", shop().Faults, -1, "at 30s payment-slow begins: latency on payment.charge, until 50s\n" +
			"nothing out of the ordinary: a full pool now and then (payment: 12 times, for at most 5s)\n"},
		{"errors for five seconds", []sim.Fault{errors}, 35 * second, "at 30s errs begins: errors on gateway, until 35s\n" +
			"at 30s shoppers: 50% failed until 35s: error (by gateway itself)\nat 35s everything was back to what it was before\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := shop()
			p.Faults = row.faults
			well := busy(p)
			r := run(t, p, p.Duration, nil, func(from, to des.Time, t *sim.Tallies) {
				well(from, to, t)
				if row.back > 0 && from >= 30*second && from < 35*second {
					fail(t, shoppers, 50, topology.Error, 50)
				}
			})
			if r.Cascade.RecoveredAt != row.back || r.Cascade.Metastable {
				t.Errorf("recovered at %v, metastable: %v", r.Cascade.RecoveredAt, r.Cascade.Metastable)
			}
			if diff := cmp.Diff(row.story, told(r)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if n := len(r.Cascade.Saturated); n != 12 {
				t.Errorf("the report holds %d spans", n)
			}
		})
	}
}

// A busy pool that is really overwhelmed is trouble, also where no request fails.
func TestBusyPoolInTrouble(t *testing.T) {
	p := shop()
	well := busy(p)
	r := run(t, p, p.Duration, nil, func(from, to des.Time, t *sim.Tallies) {
		well(from, to, t)
		if from >= 31*second && from < 58*second {
			pool(t, p, payment, to-from, 40, 4)
		}
	})
	if r.Cascade.RecoveredAt != 58*second {
		t.Errorf("recovered at %v", r.Cascade.RecoveredAt)
	}
	if want := "at 31s payment saturated until 58s; 100% own work (payment-slow: latency)\n"; !strings.Contains(told(r), want) {
		t.Errorf("%s\ndoes not say %s", told(r), want)
	}
}

// A pool that is full long after the fault, with no request that fails, is no part
// of what there is to recover from; nor can it make a run metastable.
func TestLaterIsNotBecauseOfIt(t *testing.T) {
	p := shop()
	well := healthy(p)
	r := run(t, p, p.Duration, nil, func(from, to des.Time, t *sim.Tallies) {
		well(from, to, t)
		if from >= 32*second && from < 40*second || from >= 90*second {
			pool(t, p, payment, to-from, 9, 4)
		}
	})
	if r.Cascade.RecoveredAt != 40*second || r.Cascade.Metastable {
		t.Errorf("recovered at %v, metastable: %v", r.Cascade.RecoveredAt, r.Cascade.Metastable)
	}
}

// fail books requests of a source: so many well, then kinds and how many of each.
func fail(t *sim.Tallies, source, good int, kinds ...any) {
	s := &t.Sources[source]
	s.Ended = [topology.NumOutcomes]uint64{topology.Success: uint64(good)}
	s.Offered = uint64(good)
	for i := 0; i < len(kinds); i += 2 {
		n := uint64(kinds[i+1].(int))
		s.Ended[kinds[i].(topology.Outcome)] = n
		s.Offered += n
	}
	s.Attempts = s.Offered
	s.Latency = each(good, 20*ms)
}

// TestLongRun: however coarse the timeline, the story is told by the interval.
func TestLongRun(t *testing.T) {
	p := shop()
	p.Duration = 360_000 * second
	p.Faults[0].From, p.Faults[0].Until = 11_675*second, 11_685*second
	c := NewCollector(p, nil)
	if c.timeline.Coarsened != 36 {
		t.Fatalf("a point is %d intervals", c.timeline.Coarsened)
	}
	s := &sim.Sample{Tallies: *tallies(p)}
	for s.To < 20_000*second {
		s.From, s.To = s.To, s.To+second
		switch at := s.From / second; {
		case at == 11_680:
			fail(&s.Tallies, shoppers, 10, topology.Timeout, 90)
		case at >= 11_677 && at < 11_690:
			fail(&s.Tallies, shoppers, 50, topology.Timeout, 50)
		default:
			fail(&s.Tallies, shoppers, 100)
		}
		c.Sample(s)
	}
	r := c.Report(&sim.Totals{From: p.Warmup, To: s.To, Tallies: *tallies(p)})
	want := `at 3h14m35s payment-slow begins: latency on payment.charge, until 3h14m45s
at 3h14m37s shoppers: 53% failed until 3h14m50s, worst 90% at 3h14m40s: timeout
at 3h14m50s everything was back to what it was before
`
	if diff := cmp.Diff(want, told(r)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	text := string(asText(t, r, TextOptions{}))
	for _, want := range []string{"stopped at 5h33m20s of 100h,", "one point for 36 intervals (36s), to bound its size", "3h14m37s  shoppers"} {
		if !strings.Contains(text, want) {
			t.Errorf("the text does not say %q:\n%s", want, text)
		}
	}
	for _, l := range strings.Split(text, "\n") {
		if strings.Contains(l, "shoppers       errors") && !strings.HasSuffix(l, " 90%") {
			t.Errorf("the chart smears the worst interval: %q", l)
		}
	}
}

// TestFewRequests: of a source with two requests a second one failure is an
// accident, three in a row are not, and what follows is judged to the end.
func TestFewRequests(t *testing.T) {
	for _, row := range []struct {
		name   string
		bad    map[int]int // failures in a second, of two requests
		from   int
		until  int
		back   int
		spells int
	}{
		{"one failure", map[int]int{40: 1}, -1, -1, -1, 0},
		{"two, far apart", map[int]int{40: 1, 95: 1}, -1, -1, -1, 0},
		{"four in two seconds", map[int]int{40: 2, 41: 2}, 40, 42, 42, 1},
		{"one in each of three seconds", map[int]int{40: 1, 42: 1, 44: 1}, 40, 45, 45, 1},
		{"again later", map[int]int{40: 2, 41: 2, 100: 2, 101: 2}, 40, 102, 102, 2},
		{"to the end", map[int]int{116: 2, 117: 2, 118: 2, 119: 2}, 116, 120, -1, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := shop()
			r := run(t, p, p.Duration, nil, func(from, to des.Time, t *sim.Tallies) {
				bad := row.bad[int(from/second)]
				fail(t, shoppers, 2-bad, topology.Timeout, bad)
			})
			f := r.Cascade.failures[shoppers]
			if !f.ever {
				f.from, f.until = -second, -second
			}
			back := des.Time(row.back) * second
			if row.back < 0 {
				back = -1
			}
			if f.from != des.Time(row.from)*second || f.until != des.Time(row.until)*second || r.Cascade.RecoveredAt != back || f.spells != row.spells {
				t.Errorf("failed from %v until %v in %d spells, back at %v", f.from, f.until, f.spells, r.Cascade.RecoveredAt)
			}
		})
	}
}

// TestKinds: in what way requests failed.
func TestKinds(t *testing.T) {
	type kinds = []any
	here := func(service int) *sim.Fault {
		return &sim.Fault{Name: "errs", Kind: sim.Errors, On: "x", Ops: []topology.OpRef{{Service: service}}, From: 30 * second, Until: 60 * second}
	}
	early := here(gateway)
	early.From, early.Until = 30*second, 31*second
	for _, row := range []struct {
		kinds kinds
		calls map[int]kinds // by edge: how its calls ended
		fault *sim.Fault    // beside; nil: none
		want  string
	}{
		{kinds{topology.Rejected, 57}, nil, nil, "57% failed until 61s: rejected by gateway"},
		{kinds{topology.Rejected, 51, topology.Timeout, 6}, nil, nil, "57% failed until 61s: 51% rejected, 6% timeout"},
		{kinds{topology.Timeout, 60, topology.RateLimited, 1}, nil, nil, "61% failed until 61s: timeout"}, // one in sixty does not matter
		{kinds{topology.Rejected, 60, topology.Error, 6}, nil, nil, "66% failed until 61s: mostly rejected by gateway"},
		{kinds{topology.Error, 40}, nil, here(gateway), "40% failed until 61s: error (by gateway itself)"},
		{kinds{topology.Error, 40}, nil, here(payment), "40% failed until 61s: error (by gateway)"}, // no fault makes it fail
		{kinds{topology.Error, 40}, nil, early, "40% failed until 61s: error (by gateway)"},         // nor one that is over
		{kinds{topology.Error, 40}, map[int]kinds{toCheckout: {topology.Timeout, 40}}, nil, "error (gateway.buy->checkout: timeout)"},
		{kinds{topology.Error, 40}, map[int]kinds{toCheckout: {topology.Error, 40}, toCharge: {topology.BreakerOpen, 40}, toNote: {topology.Timeout, 3}}, nil,
			"error (checkout->payment.charge: breaker open)"},
		{kinds{topology.Error, 40}, map[int]kinds{toCheckout: {topology.Error, 40}, toCharge: {topology.BreakerOpen, 38, topology.Timeout, 2}}, nil,
			"error (checkout->payment.charge: breaker open after timeout)"},
		{kinds{topology.Error, 40}, map[int]kinds{toCheckout: {topology.BulkheadFull, 40}}, nil, "error (gateway.buy->checkout: bulkhead full)"},
		{kinds{topology.Error, 40}, map[int]kinds{toCheckout: {topology.Error, 40}, toCharge: {topology.Error, 40}}, here(payment), "error (by payment itself)"},
		{kinds{topology.Error, 40}, map[int]kinds{toCheckout: {topology.Timeout, 2}}, here(gateway), "error (by gateway itself)"},    // too few to be the reason
		{kinds{topology.Error, 40}, map[int]kinds{toCheckout: {topology.Timeout, 2}}, nil, "error (gateway.buy->checkout: timeout)"}, // but there is no other
		{kinds{topology.Error, 30, topology.Timeout, 10}, map[int]kinds{toCheckout: {topology.Refused, 30}}, nil, "30% error (gateway.buy->checkout: refused), 10% timeout"},
	} {
		p := shop()
		if row.fault != nil {
			p.Faults = append(p.Faults, *row.fault)
		}
		r := run(t, p, p.Duration, nil, func(from, to des.Time, t *sim.Tallies) {
			t.Edges[toNote].CallOutcomes[topology.Error] = 1 // before and after too: no reason
			if from < 31*second || from >= 61*second {
				fail(t, shoppers, 100)
				return
			}
			bad := 0
			for i := 1; i < len(row.kinds); i += 2 {
				bad += row.kinds[i].(int)
			}
			fail(t, shoppers, 100-bad, row.kinds...)
			for edge, k := range row.calls {
				for i := 0; i < len(k); i += 2 {
					t.Edges[edge].CallOutcomes[k[i].(topology.Outcome)] += uint64(k[i+1].(int))
				}
			}
		})
		if !strings.Contains(told(r), row.want+"\n") {
			t.Errorf("%v: got\n%s, want %s", row.kinds, told(r), row.want)
		}
	}
}

// What failed between two spells says nothing of them: neither how many failed in
// them nor who is to blame. Here 59 errors between two spells of five come from
// nowhere, where they were expected, and those of the spells from the call.
func TestSpellsByThemselves(t *testing.T) {
	p := shop()
	p.Faults = []sim.Fault{{Name: "errs", Kind: sim.Errors, On: "gateway", Ops: []topology.OpRef{{Service: gateway}}, From: 30 * second, Until: 119 * second}}
	r := run(t, p, p.Duration, nil, func(from, to des.Time, t *sim.Tallies) {
		fail(t, shoppers, 100)
		switch s := from / second; {
		case s == 40 || s == 100:
			fail(t, shoppers, 95, topology.Error, 5)
			t.Edges[toCheckout].CallOutcomes[topology.Timeout] = 5
		case s > 40 && s < 100:
			fail(t, shoppers, 99, topology.Error, 1)
		}
	})
	if want := "at 40s shoppers: 5% failed in 2 spells until 101s: error (gateway.buy->checkout: timeout)\n"; !strings.Contains(told(r), want) {
		t.Errorf("got\n%s, want %s", told(r), want)
	}
}

// TestFailedBefore: what failed before any fault is told as such, and where it went
// on with it the fault is not said to have begun it.
func TestFailedBefore(t *testing.T) {
	for _, row := range []struct {
		name string
		bad  func(s des.Time) int // of a hundred requests in a second
		want string               // of shoppers
	}{
		{"never", func(s des.Time) int { return 0 }, ""},
		{"one in a hundred is within what is always said to be well", func(s des.Time) int { return 1 }, ""},
		{"in the warm-up", func(s des.Time) int { return 50 * int(max(0, min(10-s, 1))) }, ""},
		{"a rush before the fault goes on, and worse", func(s des.Time) int {
			switch {
			case s >= 25 && s < 30:
				return 40
			case s >= 30 && s < 60:
				return 60
			}
			return 0
		}, "at 30s shoppers: 60% failed until 60s (40% already since 25s): timeout\n"},
		{"a rush that was over, and then the fault's", func(s des.Time) int {
			if s >= 20 && s < 23 || s >= 40 && s < 45 {
				return 40
			}
			return 0
		}, "at 20s shoppers: 40% failed until 23s, before any fault: timeout\nat 40s shoppers: 40% failed until 45s: timeout\n"},
		{"as ever", func(s des.Time) int { return 20 }, "at 10s shoppers: 20% failed already before any fault: timeout\n"},
		{"the fault's alone", func(s des.Time) int { return 40 * int(max(0, min(s-29, 1))) }, "at 30s shoppers: 40% failed until the end: timeout\n"},
	} {
		p := shop()
		r := run(t, p, p.Duration, nil, func(from, to des.Time, t *sim.Tallies) {
			bad := row.bad(from / second)
			fail(t, shoppers, 100-bad, topology.Timeout, bad)
		})
		got := ""
		for _, l := range strings.SplitAfter(told(r), "\n") {
			if strings.Contains(l, "shoppers:") {
				got += l
			}
		}
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, diff)
		}
	}
}

// An optional call is no reason, however often it fails.
func TestOptionalCallsAreNotToBlame(t *testing.T) {
	p := shop()
	p.Topology.Services[gateway].Operations[0].Steps[0].Call.Optional = true
	r := run(t, p, p.Duration, nil, func(from, to des.Time, t *sim.Tallies) {
		fail(t, shoppers, 100)
		if from >= 31*second && from < 61*second {
			fail(t, shoppers, 60, topology.Error, 40)
			t.Edges[toCheckout].CallOutcomes[topology.Timeout] = 100
		}
	})
	if want := "error (by gateway)"; !strings.Contains(told(r), want) {
		t.Errorf("got\n%s, want %s", told(r), want)
	}
}

// TestStandingStill: time paused is no own work, and a service with unlimited
// threads has no pool that could be full.
func TestStandingStill(t *testing.T) {
	for _, row := range []struct {
		name    string
		service int
		fill    func(length des.Time, s *sim.ServiceTally)
		want    string
	}{
		{"held while paused", payment, func(length des.Time, s *sim.ServiceTally) { s.Paused = 4 * length },
			"payment saturated until 50s; its threads stood still (paused)"},
		{"paused, and none held", payment, func(length des.Time, s *sim.ServiceTally) { s.PausedIdle, s.QueueTime = 4*length, 9*length },
			"payment saturated until 50s; its threads stood still (paused)"},
		{"unlimited", mail, func(length des.Time, s *sim.ServiceTally) { s.Paused, s.QueueTime = length, 90*length },
			"mail: attempts waited until 50s; its threads stood still (paused)"},
		{"unlimited, and none held", mail, func(length des.Time, s *sim.ServiceTally) { s.QueueTime = 90 * length },
			"mail: attempts waited until 50s; its threads stood still (paused)"},
		{"paused for the smaller part", payment, func(length des.Time, s *sim.ServiceTally) { s.Paused, s.Working = length, 3*length },
			"payment saturated until 50s; 100% of its thread time is own work"},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := shop()
			p.Faults = []sim.Fault{{Name: "gc", Kind: sim.Pause, On: "x", Services: []int{row.service}, From: 30 * second, Until: 50 * second}}
			well := healthy(p)
			r := run(t, p, p.Duration, nil, func(from, to des.Time, t *sim.Tallies) {
				well(from, to, t)
				if from >= 30*second && from < 50*second {
					s := &t.Services[row.service]
					s.Working, s.QueueTime, s.Idle = 0, 0, 0
					row.fill(to-from, s)
				}
			})
			if !strings.Contains(told(r), "at 30s "+row.want+"\n") {
				t.Errorf("got\n%s, want %s", told(r), row.want)
			}
		})
	}
}

// TestInForce: an occurrence touches a stretch of time, or it does not.
func TestInForce(t *testing.T) {
	once := &sim.Fault{From: 30, Until: 50}
	again := &sim.Fault{From: 30, Until: 35, Every: 10}
	for _, row := range []struct {
		fault     *sim.Fault
		at, until des.Time
		want      bool
	}{
		{once, 0, 30, false}, {once, 0, 31, true}, {once, 49, 60, true}, {once, 50, 60, false},
		{again, 0, 30, false}, {again, 35, 40, false}, {again, 35, 41, true}, {again, 44, 46, true}, {again, 45, 50, false}, {again, 45, 61, true}, {again, 1036, 1039, false},
	} {
		if got := inForce(row.fault, row.at, row.until); got != row.want {
			t.Errorf("%+v in [%d, %d): %v", *row.fault, row.at, row.until, got)
		}
	}
}

// TestCalls: the edges on which something went wrong, with numbers worked out by hand.
func TestCalls(t *testing.T) {
	p := shop()
	p.Edges()[toCheckout].Cache = &topology.Cache{}
	well := healthy(p)
	r := run(t, p, p.Duration, nil, func(from, to des.Time, t *sim.Tallies) {
		well(from, to, t)
		if from < p.Warmup {
			return
		}
		e := &t.Edges[toCharge]
		e.Calls, e.Attempts, e.Retries = 100, 150, 50
		e.Outcomes = [topology.NumOutcomes]uint64{topology.Success: 90, topology.Timeout: 30, topology.Rejected: 15, topology.Error: 15}
		e = &t.Edges[toNote]
		e.Calls, e.Attempts = 40, 30 // ten more met an open breaker
		e.Outcomes = [topology.NumOutcomes]uint64{topology.Success: 30}
		e.CallOutcomes = [topology.NumOutcomes]uint64{topology.Success: 30, topology.BreakerOpen: 10}
		e.TurnedAway[topology.BreakerOpen] = 10
		e.Latency = each(30, 8*ms)
		e = &t.Edges[toCheckout]
		e.Calls, e.CacheHits, e.CacheMisses, e.Coalesced = 100, 40, 60, 10
		e.Attempts, e.Retries = 75, 25 // of fifty calls that neither the cache nor another call answered
		e.Outcomes = [topology.NumOutcomes]uint64{topology.Success: 75}
	})
	text := string(asText(t, r, TextOptions{}))
	want := `
Calls                       calls/s  tries  timeout  turned away   other     p99
  checkout->payment.charge      100    1.5      20%           0%     20%    15ms
  gateway.buy->checkout         100    1.5       0%           0%      0%    15ms
  checkout->payment.note         40      1       0%          25%      0%     8ms
`
	if !strings.Contains(text, want) {
		t.Errorf("got\n%s\nwant%s", text, want)
	}
	// Without what was turned away each has its column, and with it what never was has none.
	for _, row := range []struct {
		what map[topology.Outcome]uint64 // of a hundred attempts
		away uint64                      // beside
		want string
	}{
		{map[topology.Outcome]uint64{topology.Timeout: 30}, 0, `
Calls                          calls/s  tries  timeout  rejected   other     p99
  checkout->payment.charge         100      1      30%        0%      0%    15ms
`},
		{map[topology.Outcome]uint64{topology.Timeout: 30}, 50, `
Calls                               calls/s  tries  timeout  turned away     p99
  checkout->payment.charge              100    1.5      20%          33%    15ms
`},
		{map[topology.Outcome]uint64{topology.Timeout: 30, topology.Rejected: 15}, 50, `
Calls                     calls/s  tries  timeout  rejected  turned away     p99
  checkout->p…ent.charge      100    1.5      20%       10%          33%    15ms
`},
		{nil, 100, `
Calls                                        calls/s  tries  turned away     p99
  checkout->payment.charge                       100      2          50%    15ms
`},
	} {
		r := run(t, p, p.Duration, nil, func(from, to des.Time, t *sim.Tallies) {
			well(from, to, t)
			e := &t.Edges[toCharge]
			for o, n := range row.what {
				e.Outcomes[o], e.Outcomes[topology.Success] = n, e.Outcomes[topology.Success]-n
			}
			e.TurnedAway[topology.BreakerOpen] = row.away
		})
		if text := string(asText(t, r, TextOptions{})); !strings.Contains(text, row.want) {
			t.Errorf("got\n%s\nwant%s", text, row.want)
		}
	}
	if healthy := string(asText(t, run(t, p, p.Duration, nil, well), TextOptions{})); strings.Contains(healthy, "Calls") {
		t.Errorf("nothing went wrong:\n%s", healthy)
	}
}

// The sources' tries are shown where a client tries again, and only there; what its
// own guards turned away was tried.
func TestTriesOfClients(t *testing.T) {
	p := shop()
	for _, tries := range []uint64{1, 2} {
		r := run(t, p, p.Duration, nil, func(from, to des.Time, t *sim.Tallies) {
			fail(t, shoppers, 100)
			t.Sources[shoppers].Attempts *= tries
			t.Edges[shoppers].TurnedAway[topology.Throttled] = 50
		})
		if text := string(asText(t, r, TextOptions{})); strings.Contains(text, "tries/req") != (tries > 1) || strings.Contains(text, "sent/req") {
			t.Errorf("%d tries a request:\n%s", tries, text)
		} else if tries > 1 && !strings.Contains(text, "     20ms        2.5\n") {
			t.Errorf("not two and a half tries:\n%s", text)
		}
	}
}

// The worst interval of the warm-up is nobody's worst: the table and the chart agree.
func TestWorstLeavesOutTheWarmUp(t *testing.T) {
	p := shop()
	well := healthy(p)
	r := run(t, p, p.Duration, nil, func(from, to des.Time, t *sim.Tallies) {
		well(from, to, t)
		if from < 5*second {
			pool(t, p, payment, to-from, 0, 4)
			fail(t, staff, 10, topology.Timeout, 30)
		}
	})
	for _, l := range strings.Split(string(asText(t, r, TextOptions{})), "\n") {
		if strings.Contains(l, "payment          held") && !strings.HasSuffix(l, " 25%") || strings.Contains(l, "staff          errors") && !strings.HasSuffix(l, " 0%") {
			t.Errorf("got %q", l)
		}
	}
}

// TestInterruptedHeading: what was interrupted has no verdict yet, and its chart
// ends where it did.
func TestInterruptedHeading(t *testing.T) {
	for _, row := range []struct {
		expect []string
		want   string
	}{
		{nil, "shop  INTERRUPTED  nothing was expected of it\nstopped at 40.5s of 120s, "},
		{[]string{"staff.success == 100%"}, "shop  INTERRUPTED  undecided: 1 of 1 expectations held so far\nstopped at 40.5s of 120s, "},
		{[]string{"staff.success < 1%"}, "shop  INTERRUPTED  fail: 0 of 1 expectations held so far\nstopped at 40.5s of 120s, "},
	} {
		p := shop()
		text := string(asText(t, run(t, p, 40500*ms, row.expect, healthy(p)), TextOptions{}))
		if !strings.HasPrefix(text, row.want) || !strings.Contains(text, "  40.5s   worst\n") {
			t.Errorf("got\n%s\nwant %s", text, row.want)
		}
	}
}

// TestLongExpectations: of one that failed nothing is left out.
func TestLongExpectations(t *testing.T) {
	p, script := fifty()
	name := p.Topology.Services[49].Name
	expect := []string{name + ".saturation.max < 50% from 10s to 90500ms", name + ".saturation.max <= 100% from 10s to 90500ms"}
	text := string(asText(t, run(t, p, p.Duration, expect, script), TextOptions{}))
	want := "  ✗ " + name + ".saturation.max < 50% from 10s\n    to 90500ms" + strings.Repeat(" ", 62) + "100%\n  ✓ a-service-"
	if !strings.Contains(text, want) {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
}

// What is about the whole run stands apart from what happened last, and what is
// not told is counted in one line.
func TestInAll(t *testing.T) {
	p, script := fifty()
	well := script
	r := run(t, p, p.Duration, nil, func(from, to des.Time, t *sim.Tallies) {
		well(from, to, t)
		for i := range 20 {
			if from >= 30*second && from < 55*second {
				pool(t, p, i, to-from, 9, 0, 10)
			}
		}
		t.Services[3].Wasted = t.Services[3].Working
	})
	text := string(asText(t, r, TextOptions{}))
	if want := fmt.Sprintf("\nin all  %s did", p.Topology.Services[3].Name); !strings.Contains(text, want) {
		t.Errorf("got\n%s\nwant %s", text, want)
	}
	if want := "\n        not told here: 6 more faults, 16 more saturated services\n"; !strings.Contains(text, want) {
		t.Errorf("got\n%s\nwant %s", text, want)
	}
	if want := "\n  and 6 more faults\n"; !strings.Contains(text, want) {
		t.Errorf("got\n%s\nwant %s", text, want)
	}
	if n := strings.Count(text, "in all"); n != 1 {
		t.Errorf("%d labels", n)
	}
}
