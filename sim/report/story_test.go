package report

import (
	"math"
	"strings"
	"testing"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/topology"

	"github.com/google/go-cmp/cmp"
)

func withoutFaults() *sim.Plan {
	p := shop()
	p.Faults = nil
	return p
}

func told(r *Report) string {
	var b strings.Builder
	for _, l := range r.Story() {
		b.WriteString(l.String() + "\n")
	}
	return b.String()
}

// TestStory: what a run was like, and how it is told. The whole Cascade beside it.
func TestStory(t *testing.T) {
	for _, row := range []struct {
		name   string
		plan   *sim.Plan
		script func(*sim.Plan) func(from, to des.Time, t *sim.Tallies)
		end    des.Time
		want   Cascade
		story  string
	}{
		{"nothing happened", withoutFaults(), healthy, 120 * second, Cascade{RecoveredAt: -1}, `
no service was saturated
`},
		{"a fault that did nothing", shop(), healthy, 120 * second, Cascade{RecoveredAt: -1}, `
at 30s payment-slow begins: latency on payment.charge, until 50s
no service was saturated
`},
		{"a chain", shop(), chain, 120 * second, Cascade{
			Saturated: []Saturated{
				{"payment", 31 * second, 52 * second, "", 1, "payment"},
				{"checkout", 32 * second, 54 * second, "checkout->payment.charge", 0.99, "payment"},
				{"gateway", 33 * second, 55 * second, "gateway.buy->checkout", 0.97, "payment"},
			},
			BlastRadius: []string{"gateway", "checkout"}, RecoveredAt: 55 * second,
		}, `
at 30s payment-slow begins: latency on payment.charge, until 50s
at 31s payment saturated until 52s; 100% own work (payment-slow: latency)
at 32s checkout saturated until 54s; 99% of its thread time waits on payment
at 33s gateway saturated until 55s; 97% of its thread time waits on checkout (root: payment)
at 33s shoppers: 61% failed until 55s, worst 90% at 45s: timeout
at 55s everything was back to what it was before
payment did 24% of its work for callers that had given up
`},
		{"a chain, interrupted", shop(), chain, 40500 * ms, Cascade{
			Saturated: []Saturated{
				{"payment", 31 * second, 40500 * ms, "", 1, "payment"},
				{"checkout", 32 * second, 40500 * ms, "checkout->payment.charge", 0.99, "payment"},
				{"gateway", 33 * second, 40500 * ms, "gateway.buy->checkout", 0.97, "payment"},
			},
			BlastRadius: []string{"gateway", "checkout"}, RecoveredAt: -1,
		}, `
at 30s payment-slow begins: latency on payment.charge, until 50s
at 31s payment saturated ever since; 100% own work (payment-slow: latency)
at 32s checkout saturated ever since; 99% of its thread time waits on payment
at 33s gateway saturated ever since; 97% of its thread time waits on checkout (root: payment)
at 33s shoppers: 60% failed ever since: timeout
payment did 32% of its work for callers that had given up
it was not back when it was interrupted
`},
		{"own work, without a fault", withoutFaults(), overload, 120 * second, Cascade{
			Saturated:   []Saturated{{"gateway", 60 * second, 70 * second, "", 0.8, "gateway"}},
			RecoveredAt: 70 * second,
		}, `
at 60s gateway saturated until 70s; 80% of its thread time is own work
at 60s shoppers: 25% failed until 70s: timeout
at 70s everything was back to what it was before
`},
		{"a storm that stays", shop(), storm, 120 * second, Cascade{
			Saturated:   []Saturated{{"payment", 31 * second, 120 * second, "", 1, "payment"}},
			BlastRadius: []string{"gateway", "checkout"}, // their errors rose
			RecoveredAt: -1, Metastable: true,
			Loop: &Loop{Edge: "checkout->payment.charge", Retries: 0.6, Amplification: 2.5},
		}, `
at 30s payment-slow begins: latency on payment.charge, until 50s
at 31s payment saturated until the end; 100% own work (payment-slow: latency)
at 31s shoppers: 75% failed until the end: timeout
payment did 24% of its work for callers that had given up
metastable: still not back 70s after the last fault; retries on checkout->payment.charge feed it (60% of its attempts, 2.5 a call)
`},
		{"a storm of hedges that stays", shop(), hedgeStorm, 120 * second, Cascade{
			Saturated:   []Saturated{{"payment", 31 * second, 120 * second, "", 1, "payment"}},
			BlastRadius: []string{"gateway", "checkout"},
			RecoveredAt: -1, Metastable: true,
			Loop: &Loop{Edge: "checkout->payment.charge", Retries: 0.1, Hedges: 0.5, Amplification: 2},
		}, `
at 30s payment-slow begins: latency on payment.charge, until 50s
at 31s payment saturated until the end; 100% own work (payment-slow: latency)
at 31s shoppers: 75% failed until the end: timeout
payment did 24% of its work for callers that had given up
metastable: still not back 70s after the last fault; hedges on checkout->payment.charge feed it (50% of its attempts, 2 a call)
`},
		{"a waste that stays, with hedges as ever", shop(), func(p *sim.Plan) func(from, to des.Time, t *sim.Tallies) {
			wasteful := waste(p)
			return func(from, to des.Time, t *sim.Tallies) {
				wasteful(from, to, t)
				t.Edges[toCheckout].Attempts, t.Edges[toCheckout].Hedges = 110, 11
			}
		}, 120 * second, Cascade{
			Saturated:   []Saturated{{"payment", 31 * second, 120 * second, "", 1, "payment"}},
			BlastRadius: []string{"gateway", "checkout"},
			RecoveredAt: -1, Metastable: true,
			Loop: &Loop{Edge: "checkout->payment.note", Amplification: 1, Wasted: 0.75},
		}, `
at 30s payment-slow begins: latency on payment.charge, until 50s
at 31s payment saturated until the end; 100% own work (payment-slow: latency)
at 31s shoppers: 75% failed until the end: timeout
payment did 71% of its work for callers that had given up
metastable: still not back 70s after the last fault; 75% of payment's work, for callers that have given up, feeds it
`},
		{"a waste that stays", shop(), waste, 120 * second, Cascade{
			Saturated:   []Saturated{{"payment", 31 * second, 120 * second, "", 1, "payment"}},
			BlastRadius: []string{"gateway", "checkout"},
			RecoveredAt: -1, Metastable: true,
			Loop: &Loop{Edge: "checkout->payment.note", Retries: 0, Amplification: 1, Wasted: 0.75},
		}, `
at 30s payment-slow begins: latency on payment.charge, until 50s
at 31s payment saturated until the end; 100% own work (payment-slow: latency)
at 31s shoppers: 75% failed until the end: timeout
payment did 71% of its work for callers that had given up
metastable: still not back 70s after the last fault; 75% of payment's work, for callers that have given up, feeds it
`},
		{"a storm, interrupted too early to call it metastable", shop(), storm, 55 * second, Cascade{
			Saturated:   []Saturated{{"payment", 31 * second, 55 * second, "", 1, "payment"}},
			BlastRadius: []string{"gateway", "checkout"}, RecoveredAt: -1,
		}, `
at 30s payment-slow begins: latency on payment.charge, until 50s
at 31s payment saturated ever since; 100% own work (payment-slow: latency)
at 31s shoppers: 75% failed ever since: timeout
payment did 21% of its work for callers that had given up
it was not back when it was interrupted
`},
		{"a storm, interrupted a twentieth of the run after the fault", shop(), storm, 56 * second, Cascade{
			Saturated:   []Saturated{{"payment", 31 * second, 56 * second, "", 1, "payment"}},
			BlastRadius: []string{"gateway", "checkout"}, RecoveredAt: -1, Metastable: true,
			Loop: &Loop{Edge: "checkout->payment.charge", Retries: 0.6, Amplification: 2.5},
		}, `
at 30s payment-slow begins: latency on payment.charge, until 50s
at 31s payment saturated ever since; 100% own work (payment-slow: latency)
at 31s shoppers: 75% failed ever since: timeout
payment did 21% of its work for callers that had given up
metastable: still not back 6s after the last fault; retries on checkout->payment.charge feed it (60% of its attempts, 2.5 a call)
`},
		{"nothing ends any more", shop(), frozen, 120 * second, Cascade{RecoveredAt: -1, Metastable: true}, `
at 30s payment-slow begins: latency on payment.charge, until 50s
at 40s shoppers: no request ended any more
metastable: still not back 70s after the last fault
`},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := run(t, row.plan, row.end, nil, row.script(row.plan))
			got := r.Cascade
			got.notes, got.failures, got.silent, got.broke = nil, nil, nil, false
			if diff := cmp.Diff(row.want, got, cmp.AllowUnexported(Cascade{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(strings.TrimPrefix(row.story, "\n"), told(r)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// saturate holds a service's threads from a second to another, by own work and by
// waiting on its edges.
func saturate(p *sim.Plan, service int, a, b des.Time, own float64, waiting ...float64) func(from, to des.Time, t *sim.Tallies) {
	return func(from, to des.Time, t *sim.Tallies) {
		if from >= a*second && from < b*second {
			pool(t, p, service, to-from, 0, own, waiting...)
		}
	}
}

// TestRoots: where the walk from who waits to whom it waits for ends.
func TestRoots(t *testing.T) {
	type script = func(from, to des.Time, t *sim.Tallies)
	for _, row := range []struct {
		name    string
		fault   sim.Fault
		scripts func(p *sim.Plan) []script
		want    []string // service: root, a span each
	}{
		{"the callee is not saturated, but its latency holds", sim.Fault{Kind: sim.Latency, Edges: []int{toCharge}}, func(p *sim.Plan) []script {
			return []script{saturate(p, checkout, 30, 40, 0, 10)}
		}, []string{"checkout held by checkout->payment.charge: payment"}},
		{"through a service that is not saturated itself", sim.Fault{Kind: sim.Latency, Ops: []topology.OpRef{{Service: payment}}}, func(p *sim.Plan) []script {
			return []script{saturate(p, gateway, 30, 40, 0, 10), saturate(p, checkout, 30, 40, 0.1, 0, 0, 5), saturate(p, payment, 30, 40, 2)}
		}, []string{"gateway held by gateway.buy->checkout: payment"}},
		{"through a service whose waiting holds no thread", sim.Fault{Kind: sim.Latency, Ops: []topology.OpRef{{Service: payment}}}, func(p *sim.Plan) []script {
			p.Topology.Services[checkout].Blocking = false
			return []script{saturate(p, gateway, 30, 40, 0, 10), saturate(p, checkout, 30, 40, 1), func(from, to des.Time, t *sim.Tallies) {
				t.Services[checkout].SuspendedTime = 20 * (to - from)
				t.Edges[toNote].Failed = each(3, second)
			}}
		}, []string{"gateway held by gateway.buy->checkout: payment"}},
		{"also where nothing ends", sim.Fault{Kind: sim.Latency, Ops: []topology.OpRef{{Service: payment}}}, func(p *sim.Plan) []script {
			p.Topology.Services[checkout].Blocking = false
			return []script{saturate(p, gateway, 30, 40, 0, 10), saturate(p, checkout, 30, 40, 1), func(from, to des.Time, t *sim.Tallies) {
				t.Services[checkout].SuspendedTime = 20 * (to - from)
				t.Edges[toCharge].Attempts = 3
			}}
		}, []string{"gateway held by gateway.buy->checkout: payment"}},
		{"edges to one service count together", sim.Fault{Kind: sim.Latency, Ops: []topology.OpRef{{Service: payment}}}, func(p *sim.Plan) []script {
			return []script{saturate(p, checkout, 30, 40, 4, 1, 3, 2)}
		}, []string{"checkout held by checkout->payment.note: payment"}},
		{"own work wins against less waiting", sim.Fault{Kind: sim.Slow, Ops: []topology.OpRef{{Service: checkout}}}, func(p *sim.Plan) []script {
			return []script{saturate(p, checkout, 30, 40, 7, 1, 1, 1)}
		}, []string{"checkout held by : checkout"}},
		{"a pool whose threads were taken away is the root, whatever they wait for", sim.Fault{Kind: sim.Threads, Services: []int{checkout}}, func(p *sim.Plan) []script {
			return []script{saturate(p, gateway, 30, 40, 0, 10), saturate(p, checkout, 30, 40, 0, 10), saturate(p, payment, 30, 40, 1)}
		}, []string{"checkout held by checkout->payment.charge: checkout", "gateway held by gateway.buy->checkout: checkout"}},
		{"a fault elsewhere in time is no excuse", sim.Fault{Kind: sim.Threads, Services: []int{checkout}, From: 50 * second, Until: 60 * second}, func(p *sim.Plan) []script {
			return []script{saturate(p, checkout, 30, 40, 0, 10), saturate(p, payment, 30, 40, 1)}
		}, []string{"checkout held by checkout->payment.charge: payment"}},
		{"nor is one that began when it was all under way", sim.Fault{Kind: sim.Threads, Services: []int{checkout}, From: 32 * second, Until: 60 * second}, func(p *sim.Plan) []script {
			return []script{saturate(p, checkout, 30, 40, 0, 10), saturate(p, payment, 30, 40, 1)}
		}, []string{"checkout held by checkout->payment.charge: payment"}},
		{"a crashed callee holds nothing and is the root", sim.Fault{Kind: sim.Crash, Services: []int{payment}}, func(p *sim.Plan) []script {
			return []script{saturate(p, gateway, 30, 40, 0, 10), saturate(p, checkout, 30, 40, 0, 10)}
		}, []string{"checkout held by checkout->payment.charge: payment", "gateway held by gateway.buy->checkout: payment"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := shop()
			row.fault.Name = "f"
			if row.fault.Until == 0 {
				row.fault.From, row.fault.Until = 30*second, 40*second
			}
			p.Faults = []sim.Fault{row.fault}
			scripts := row.scripts(p)
			r := run(t, p, p.Duration, nil, func(from, to des.Time, t *sim.Tallies) {
				for _, s := range scripts {
					s(from, to, t)
				}
			})
			var got []string
			for _, s := range r.Cascade.Saturated {
				got = append(got, s.Service+" held by "+s.HeldBy+": "+s.Root)
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Two pools that wait for each other: the walk ends, at the one it meets again.
func TestRootOfACircle(t *testing.T) {
	p := shop()
	p.Topology.Services[payment].Operations[0].Steps = []topology.Step{callTo(checkout, 0)} // not a legal plan's cycle, but a circle of services is
	p.Topology.Index()
	r := run(t, p, p.Duration, nil, func(from, to des.Time, t *sim.Tallies) {
		pool(t, p, checkout, to-from, 0, 0, 10)
		pool(t, p, payment, to-from, 0, 0, 4)
	})
	for _, s := range r.Cascade.Saturated {
		if s.Root != "checkout" {
			t.Errorf("%+v", s)
		}
	}
	if len(r.Cascade.Saturated) != 2 {
		t.Errorf("got %+v", r.Cascade.Saturated)
	}
}

// What was so before the fault is no part of the story: mail is always saturated,
// and payment for a second every ten.
func TestSaturatedBefore(t *testing.T) {
	p := shop()
	well := healthy(p)
	r := run(t, p, p.Duration, nil, func(from, to des.Time, t *sim.Tallies) {
		well(from, to, t)
		pool(t, p, mail, to-from, 2, 3)
		if from/second%10 == 5 {
			pool(t, p, payment, to-from, 3, 4)
		}
		if from >= 30*second && from < 45*second {
			pool(t, p, checkout, to-from, 3, 1, 9)
		}
	})
	if r.Cascade.Metastable || r.Cascade.RecoveredAt != 45*second {
		t.Errorf("recovered at %v, metastable: %v", r.Cascade.RecoveredAt, r.Cascade.Metastable)
	}
	want := `at 30s payment-slow begins: latency on payment.charge, until 50s
at 30s checkout saturated until 45s; 90% of its thread time waits on payment
at 45s everything was back to what it was before
`
	if diff := cmp.Diff(want, told(r)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if n := len(r.Cascade.Saturated); n != 1+12+1 {
		t.Errorf("the report holds %d spans", n)
	}
}

// A span out of the ordinary is more than twice as long as any before the fault.
func TestUnusual(t *testing.T) {
	for length, want := range map[des.Time]bool{6: false, 7: true} {
		p := shop()
		r := run(t, p, p.Duration, nil, func(from, to des.Time, t *sim.Tallies) {
			switch s := from / second; {
			case s >= 27 && s < 30:
				pool(t, p, payment, to-from, 0, 4)
			case s >= 55 && s < 55+length:
				pool(t, p, payment, to-from, 12, 4)
			}
		})
		if got := r.Cascade.RecoveredAt == (55+length)*second; got != want {
			t.Errorf("after spans of 3s, one of %ds: recovered at %v", length, r.Cascade.RecoveredAt)
		}
	}
}

// Each span has its own shares.
func TestSharesOfSpans(t *testing.T) {
	p := shop()
	r := run(t, p, p.Duration, nil, func(from, to des.Time, t *sim.Tallies) {
		saturate(p, checkout, 31, 41, 0, 10)(from, to, t)
		saturate(p, checkout, 60, 62, 4, 0, 6)(from, to, t)
	})
	want := []Saturated{
		{"checkout", 31 * second, 41 * second, "checkout->payment.charge", 1, "payment"},
		{"checkout", 60 * second, 62 * second, "checkout->payment.note", 0.6, "payment"},
	}
	if diff := cmp.Diff(want, r.Cascade.Saturated); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Who is the root, or has a fault, is no victim, whatever its errors.
func TestRootIsNoVictim(t *testing.T) {
	for _, fault := range []sim.Fault{
		{Name: "f", Kind: sim.Surge, On: "shoppers", Source: shoppers, From: 30 * second, Until: 40 * second},
		{Name: "f", Kind: sim.Errors, On: "payment", Ops: []topology.OpRef{{Service: payment}}, From: 30 * second, Until: 40 * second},
	} {
		p := shop()
		p.Faults = []sim.Fault{fault}
		well := healthy(p)
		r := run(t, p, p.Duration, nil, func(from, to des.Time, t *sim.Tallies) {
			well(from, to, t)
			if from >= 30*second && from < 40*second {
				attempts(t, payment, to-from, 50, 50)
				attempts(t, checkout, to-from, 50, 50)
				if fault.Kind == sim.Surge {
					pool(t, p, payment, to-from, 10, 4)
				}
			}
		})
		if want := []string{"checkout"}; !cmp.Equal(r.Cascade.BlastRadius, want) {
			t.Errorf("%v: %q suffered, want %q", fault.Kind, r.Cascade.BlastRadius, want)
		}
	}
}

// TestSaturatedThreshold: 95% of the threads, or one attempt waiting, on average
// over an interval; unlimited threads never by the first.
func TestSaturatedThreshold(t *testing.T) {
	for _, row := range []struct {
		service    int
		queue, own float64
		want       bool
	}{
		{payment, 0, 3.8, true}, {payment, 0, 3.799, false}, {payment, 1, 1, true}, {payment, 0.999, 1, false},
		{mail, 0, 1000, false}, {mail, 1, 0, true},
	} {
		p := withoutFaults()
		r := run(t, p, p.Duration, nil, saturate(p, row.service, 40, 41, row.own))
		if row.queue > 0 {
			r = run(t, p, p.Duration, nil, func(from, to des.Time, t *sim.Tallies) {
				if from == 40*second {
					pool(t, p, row.service, to-from, row.queue, row.own)
				}
			})
		}
		if got := len(r.Cascade.Saturated) == 1; got != row.want {
			t.Errorf("%+v: %+v", row, r.Cascade.Saturated)
		}
	}
}

// An interval cut in pieces is judged as a whole.
func TestSaturatedAcrossCuts(t *testing.T) {
	p := withoutFaults()
	r := run(t, p, p.Duration, []string{"shoppers.success > 0% from 40500ms to 50s"}, func(from, to des.Time, t *sim.Tallies) {
		switch from {
		case 40 * second: // full for the first half, then 90%
			pool(t, p, payment, to-from, 0, 4)
		case 40500 * ms:
			pool(t, p, payment, to-from, 0, 3.6)
		}
	})
	if s := r.Cascade.Saturated; len(s) != 1 || s[0].At != 40*second || s[0].Until != 41*second {
		t.Errorf("got %+v", s)
	}
	if got := r.Timeline.Services[payment].Saturation[40]; got != 0.95 {
		t.Errorf("the timeline says %v", got)
	}
}

// The survivor of a crash of one instance of two is saturated when its own threads
// are: the share of all threads says less.
func TestSurvivorIsSaturated(t *testing.T) {
	for _, row := range []struct {
		held float64
		down bool
		want int
	}{{4.75, true, 1}, {4.74, true, 0}, {4.75, false, 0}, {9.5, false, 1}} {
		p := shop()
		p.Faults = []sim.Fault{{Name: "f", Kind: sim.Crash, On: "gateway", Services: []int{gateway}, Instances: 1, From: 30 * second, Until: 50 * second}}
		well := healthy(p)
		r := run(t, p, p.Duration, nil, func(from, to des.Time, t *sim.Tallies) {
			well(from, to, t)
			if from >= 30*second && from < 50*second {
				pool(t, p, gateway, to-from, 0, row.held, 0) // of ten threads
				if s := &t.Services[gateway]; row.down {
					s.Down = s.Capacity / 2
					s.Idle -= s.Down
				}
				fail(t, shoppers, 50, topology.Timeout, 50)
			}
		})
		if got := len(r.Cascade.Saturated); got != row.want {
			t.Errorf("%+v: %d spans", row, got)
		}
		if row.want == 1 && !r.Cascade.notes[0].unusual {
			t.Errorf("%+v: it is nothing out of the ordinary", row)
		}
		if got := r.Services[gateway].SaturationMax; math.Abs(got-row.held/10) > 1e-12 {
			t.Errorf("%+v: saturation_max is %v", row, got)
		}
	}
}

// A system that went on failing for as long as it must, after the last fault, and
// then came back, is not metastable; nor is one in which at the end a single
// request happens to fail.
func TestQuiet(t *testing.T) {
	for _, row := range []struct {
		fault des.Time // its end, in seconds
		bad   des.Time // the end of the failures
		want  bool
	}{{114, 120, true}, {115, 120, false}, {50, 115, false}, {50, 120, true}} { // 5% of 120s are 6s
		p := shop()
		p.Faults[0].Until = row.fault * second
		r := run(t, p, p.Duration, nil, func(from, to des.Time, t *sim.Tallies) {
			fail(t, shoppers, 100)
			if from >= 30*second && from < row.bad*second {
				fail(t, shoppers, 50, topology.Timeout, 50)
			}
			fail(t, staff, 1)
			if from == 118*second {
				fail(t, staff, 0, topology.Timeout, 1)
			}
		})
		if r.Cascade.Metastable != row.want {
			t.Errorf("%+v: %v", row, r.Cascade.Metastable)
		}
	}
}

// TestWhat: a fault on a part of a service is told as that; of how many is not known
// where an autoscaler says it.
func TestWhat(t *testing.T) {
	for _, row := range []struct {
		fault sim.Fault
		scale bool
		want  string
	}{
		{sim.Fault{Kind: sim.Crash, On: "gateway", Services: []int{gateway}}, false, "crash on gateway"},
		{sim.Fault{Kind: sim.Crash, On: "gateway", Services: []int{gateway}, Instances: 1}, false, "crash on gateway (1 of 2)"},
		{sim.Fault{Kind: sim.Crash, On: "gateway", Services: []int{gateway}, Instances: 2}, false, "crash on gateway"},
		{sim.Fault{Kind: sim.Errors, On: "gateway.buy", Ops: []topology.OpRef{{Service: gateway}}, Instances: 1}, false, "errors on gateway.buy (1 of 2)"},
		{sim.Fault{Kind: sim.Crash, On: "gateway", Services: []int{gateway}, Instances: 1}, true, "crash on gateway (1 instance)"},
		{sim.Fault{Kind: sim.Slow, On: "gateway.buy", Ops: []topology.OpRef{{Service: gateway}}, Instances: 3}, true, "slow on gateway.buy (3 instances)"},
		{sim.Fault{Kind: sim.Loss, On: "gateway.buy->checkout", Edges: []int{toCheckout}}, false, "loss on gateway.buy->checkout"},
	} {
		p := shop()
		if row.scale {
			p.Topology.Services[gateway].Autoscale = &topology.Autoscale{Min: 2, Max: 6}
		}
		row.fault.From, row.fault.Until = 30*second, 50*second
		p.Faults = []sim.Fault{row.fault}
		if got := run(t, p, 60*second, nil, healthy(p)).Faults[0].What(); got != row.want {
			t.Errorf("got %q, want %q", got, row.want)
		}
	}
}
