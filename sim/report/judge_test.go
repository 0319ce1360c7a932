package report

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/topology"
)

// counted fills a sample of one second with numbers that are easy to reckon with.
func counted(from, to des.Time, t *sim.Tallies) {
	s := &t.Sources[shoppers]
	s.Offered, s.Attempts = 100, 150
	s.Ended[topology.Success], s.Ended[topology.Timeout], s.Ended[topology.Error] = 80, 15, 5
	s.Latency = each(8, 10*ms, 20*ms, 30*ms, 40*ms, 50*ms, 60*ms, 70*ms, 80*ms, 90*ms, 100*ms)
	s.Failed = each(20, second)

	c := &t.Services[checkout]
	c.Arrived = 200
	c.Answers[topology.Success], c.Answers[topology.Error], c.Answers[topology.Rejected], c.Answers[topology.Cancelled] = 120, 30, 40, 10
	c.Latency = each(15, 1*ms, 2*ms, 3*ms, 4*ms, 5*ms, 6*ms, 7*ms, 8*ms, 9*ms, 10*ms)
	c.Working, c.Wasted, c.Paused = 2*second, second/2, second/2
	c.WaitingOn[0].Time, c.WaitingOn[1].Time, c.BackingOff[2].Time = 3*second, second, second
	c.Capacity = 10 * second // held 7.5
	c.QueueTime, c.QueueMax = 4*second, 6
	if from == 5*second {
		c.Working += 2 * second // held 9.5, the worst
		c.QueueMax = 9
	}

	p := &t.Services[payment]
	p.Arrived, p.Capacity, p.QueueMax = 77, 4*second, 30
	charge := &p.Operations[0]
	charge.Arrived = 50
	charge.Answers[topology.Success], charge.Answers[topology.Error] = 30, 10
	charge.Latency = each(4, 100*ms, 200*ms, 300*ms, 400*ms, 500*ms, 600*ms, 700*ms, 800*ms, 900*ms, 1000*ms)
	charge.Working, charge.Wasted, charge.QueueTime, charge.QueueMax = second, second/4, 2*second, 7
	if from == 5*second {
		charge.Working, charge.QueueTime, charge.QueueMax = 3*second, 12*second, 13
	}

	for i, e := range []int{toCharge, toNote, toCharge + 2} { // checkout->payment: 60 calls, 80 attempts, 20 retries
		k := uint64(i + 1)
		d := &t.Edges[e]
		d.Calls, d.Attempts, d.Retries = 10*k, []uint64{15, 25, 40}[i], []uint64{5, 5, 10}[i]
		d.CallOutcomes[topology.Success], d.CallOutcomes[topology.Timeout] = 6*k, 2*k  // 36 and 12
		d.Outcomes[topology.Success], d.Outcomes[topology.Timeout] = 6*k, 3*k          // 36 and 18
		d.Outcomes[topology.Rejected], d.Outcomes[topology.Cancelled] = k, uint64(i*5) // 6 and 15
		d.Latency = each(6*int(k), 20*ms)
		d.Open = des.Time(i) * second / 4 // of two breakers: none, 0.25 and 0.5 of a second
	}
}

// ten is the shop for ten seconds, without warm-up.
func ten() *sim.Plan {
	p := shop()
	p.Duration, p.Warmup = 10*second, 0
	p.Faults[0].From, p.Faults[0].Until = 4*second, 8*second
	p.Topology.Services[checkout].Instances = 2
	for _, e := range p.Topology.Edges[toCharge-2:] { // all but the sources' and gateway's
		e.Breaker = &topology.Breaker{}
	}
	return p
}

// values are what counted comes to, reckoned by hand. All windows here hold the
// same rates; where the second at 5s makes a difference, [4s,8s) has it once in
// four and the whole run once in ten.
var values = []value{
	{"shoppers.success", 0.8, 0.8},
	{"shoppers.errors", 0.2, 0.2},
	{"shoppers.p50", 0.05, 0.05},
	{"shoppers.p90", 0.09, 0.09},
	{"shoppers.p95", 0.1, 0.1},
	{"shoppers.p99", 0.1, 0.1},
	{"shoppers.p999", 0.1, 0.1},
	{"shoppers.mean", 0.055, 0.055},
	{"shoppers.max", 0.1, 0.1},
	{"shoppers.completion.p50", 0.05, 0.05},
	{"shoppers.completion.p90", 0.09, 0.09},
	{"shoppers.completion.p95", 0.1, 0.1},
	{"shoppers.completion.p99", 0.1, 0.1},
	{"shoppers.completion.p999", 0.1, 0.1},
	{"shoppers.completion.mean", 0.055, 0.055},
	{"shoppers.completion.max", 0.1, 0.1},
	{"shoppers.completion.lost", 0, 0},
	{"shoppers.goodput", 80, 80},
	{"shoppers.offered", 100, 100},
	{"shoppers.amplification", 1.5, 1.5},

	{"checkout.success", 120.0 / 190, 120.0 / 190},
	{"checkout.errors", 70.0 / 190, 70.0 / 190},
	{"checkout.p50", 0.005, 0.005},
	{"checkout.p90", 0.009, 0.009},
	{"checkout.p95", 0.01, 0.01},
	{"checkout.p99", 0.01, 0.01},
	{"checkout.p999", 0.01, 0.01},
	{"checkout.mean", 0.0055, 0.0055},
	{"checkout.max", 0.01, 0.01},
	{"checkout.completion.p50", 0.005, 0.005},
	{"checkout.completion.p90", 0.009, 0.009},
	{"checkout.completion.p95", 0.01, 0.01},
	{"checkout.completion.p99", 0.01, 0.01},
	{"checkout.completion.p999", 0.01, 0.01},
	{"checkout.completion.mean", 0.0055, 0.0055},
	{"checkout.completion.max", 0.01, 0.01},
	{"checkout.completion.lost", 0, 0},
	{"checkout.throughput", 150, 150},
	{"checkout.saturation", 0.77, (4*7.5 + 2) / 40},
	{"checkout.saturation.max", 0.95, 0.95},
	{"checkout.utilization", 0.22, 10.0 / 40},
	{"checkout.queue", 4, 4},
	{"checkout.queue.max", 9, 9},
	{"checkout.wasted", 5.0 / 22, 2.0 / 10},

	{"payment.charge.success", 0.75, 0.75},
	{"payment.charge.errors", 0.25, 0.25},
	{"payment.charge.p50", 0.5, 0.5},
	{"payment.charge.p90", 0.9, 0.9},
	{"payment.charge.p95", 1, 1},
	{"payment.charge.p99", 1, 1},
	{"payment.charge.p999", 1, 1},
	{"payment.charge.mean", 0.55, 0.55},
	{"payment.charge.max", 1, 1},
	{"payment.charge.completion.p50", 0.5, 0.5},
	{"payment.charge.completion.p90", 0.9, 0.9},
	{"payment.charge.completion.p95", 1, 1},
	{"payment.charge.completion.p99", 1, 1},
	{"payment.charge.completion.p999", 1, 1},
	{"payment.charge.completion.mean", 0.55, 0.55},
	{"payment.charge.completion.max", 1, 1},
	{"payment.charge.completion.lost", 0, 0},
	{"payment.charge.throughput", 40, 40},
	{"payment.charge.saturation", 12.0 / 40, 6.0 / 16},
	{"payment.charge.saturation.max", 0.75, 0.75},
	{"payment.charge.utilization", 12.0 / 40, 6.0 / 16},
	{"payment.charge.queue", 3, 4.5},
	{"payment.charge.queue.max", 13, 13},
	{"payment.charge.wasted", 2.5 / 12, 1.0 / 6},

	{"checkout->payment.success", 0.75, 0.75},
	{"checkout->payment.errors", 0.25, 0.25},
	{"checkout->payment.p50", 0.02, 0.02},
	{"checkout->payment.p90", 0.02, 0.02},
	{"checkout->payment.p95", 0.02, 0.02},
	{"checkout->payment.p99", 0.02, 0.02},
	{"checkout->payment.p999", 0.02, 0.02},
	{"checkout->payment.mean", 0.02, 0.02},
	{"checkout->payment.max", 0.02, 0.02},
	{"checkout->payment.timeouts", 0.3, 0.3},
	{"checkout->payment.retries", 0.25, 0.25},
	{"checkout->payment.rejected", 0.1, 0.1},
	{"checkout->payment.open", 0.75 / 6, 0.75 / 6},
	{"checkout->payment.rate", 80, 80},
	{"checkout->payment.amplification", 80.0 / 60, 80.0 / 60},
}

// unmet stands for no value: too much was lost for there to be one.
const unmet = -1

// A value is what a metric comes to, on the totals and between 4s and 8s.
type value struct {
	metric        string
	whole, during float64
}

// bounds are values that each unit allows, below and above every value above.
var bounds = map[unit]string{share: "0%", duration: "0s", rate: "0/s", number: "0"}

// TestMetrics holds every metric of every kind of subject against numbers reckoned
// by hand, on the totals and in a window. Percentiles may be 1% off.
func TestMetrics(t *testing.T) {
	covered := map[string]bool{}
	holdValues(t, values, ten, counted, covered)
	holdValues(t, queueValues, tenOfMall, sold(tenOfMall()), covered)
	for _, kind := range []subjectKind{sourceSubject, serviceSubject, operationSubject, edgeSubject, queueSubject, groupSubject} {
		for _, name := range metricNames(kind) {
			if metrics[metricOf(name, kind)].need&wholeRun != 0 {
				continue // it has no window: see TestUnfinished
			}
			if !covered[fmt.Sprint(kind, name)] {
				t.Errorf("no row for %s of a %s", name, kind)
			}
		}
	}
}

// holdValues holds values against a run of a plan whose fault payment-slow lasts from
// 4s to 8s, and notes what was covered.
func holdValues(t *testing.T, values []value, plan func() *sim.Plan, script func(from, to des.Time, t *sim.Tallies), covered map[string]bool) {
	t.Helper()
	var texts []string
	for _, v := range values {
		p := plan()
		e, problems := ParseExpectation(v.metric+" < 1", p) // the value is wrong for most; the subject is not
		_ = problems
		m := &metrics[e.metric]
		covered[fmt.Sprint(e.subject.kind, m.name)] = true
		for _, window := range []string{"", " during payment-slow", " from 4s to 8s"} {
			texts = append(texts, v.metric+" >= "+bounds[m.unit]+window)
		}
	}
	p := plan()
	r := run(t, p, p.Duration, texts, script)
	for i, j := range r.Expectations {
		v := values[i/3]
		want := v.whole
		if i%3 > 0 {
			want = v.during
		}
		if want == unmet {
			if j.Measured || j.Pass || !strings.Contains(j.Why, " were lost") {
				t.Errorf("%s: got %v (%q), want none", j.Text, j.Actual, j.Why)
			}
			continue
		}
		tolerance := 1e-12
		if j.unit == duration {
			tolerance = 0.01 * want
		}
		if !j.Measured || math.Abs(j.Actual-want) > tolerance || !j.Pass {
			t.Errorf("%s: got %v (%q), want %v", j.Text, j.Actual, j.Why, want)
		}
	}
}

// TestDeadSystem asks everything of a run in which nothing ever happened, with
// bounds that any number would meet on one side or the other. Nothing is met, and
// each says why.
func TestDeadSystem(t *testing.T) {
	var texts []string
	for _, v := range values {
		e, _ := ParseExpectation(v.metric+" < 1", ten())
		bound := bounds[metrics[e.metric].unit]
		high := map[unit]string{share: "100%", duration: "1h", rate: "1000000/s", number: "1000000"}[metrics[e.metric].unit]
		for _, window := range []string{"", " during payment-slow", " in 1% of runs"} {
			texts = append(texts, v.metric+" >= "+bound+window, v.metric+" <= "+high+window)
		}
	}
	texts = append(texts, "shoppers recovers within 1s of payment-slow", "checkout->payment recovers within 1s of payment-slow")
	p := ten()
	r := run(t, p, p.Duration, texts, func(from, to des.Time, t *sim.Tallies) {
		for i := range t.Services { // the pools are there, and idle
			t.Services[i].Capacity = 10 * (to - from)
			t.Services[i].Idle = t.Services[i].Capacity
		}
	})
	for _, j := range r.Expectations {
		if j.Pass || j.Measured || j.Why == "" {
			t.Errorf("%s: a dead system meets it: %+v", j.Text, j)
		}
	}
	if r.Verdict != Fail {
		t.Errorf("verdict is %v", r.Verdict)
	}
}

func TestComparisons(t *testing.T) {
	p := ten()
	for text, want := range map[string]bool{
		"shoppers.success < 80%": false, "shoppers.success <= 80%": true, "shoppers.success > 80%": false, "shoppers.success >= 80%": true,
		"shoppers.success == 80%": true, "shoppers.success != 80%": false, "shoppers.success == 0.8": true,
		"shoppers.success < 80.1%": true, "shoppers.success > 79.9%": true, "shoppers.success != 79.9%": true,
		"shoppers.max == 100ms": true, "shoppers.max < 100ms": false, "shoppers.offered == 6000/m": true, "shoppers.goodput == 80/s": true,
		"checkout.queue.max == 9": true, "checkout.queue.max < 9": false, "shoppers.amplification == 1.5": true,
	} {
		if j := run(t, p, p.Duration, []string{text}, counted).Expectations[0]; j.Pass != want {
			t.Errorf("%s: got %v with %v", text, j.Pass, j.Actual)
		}
	}
}

// TestReasons: what an expectation says that could not be judged.
func TestReasons(t *testing.T) {
	nothing := func(des.Time, des.Time, *sim.Tallies) {}
	well := healthy(shop())
	for _, row := range []struct {
		text   string
		end    des.Time
		script func(des.Time, des.Time, *sim.Tallies)
		want   string
	}{
		{"shoppers.success > 0%", 120 * second, nothing, "no request ended"},
		{"shoppers.p99 < 1h", 120 * second, nothing, "no request succeeded"},
		{"shoppers.offered < 5/s", 120 * second, nothing, "no request was sent"},
		{"shoppers.goodput < 5/s", 120 * second, nothing, "no request was sent"},
		{"payment.errors < 5%", 120 * second, nothing, "no attempt ended"},
		{"payment.p99 < 5s", 120 * second, nothing, "no thread gave an answer"},
		{"payment.saturation.max < 90%", 120 * second, nothing, "nothing arrived"},
		{"payment.queue.max < 90", 120 * second, nothing, "nothing arrived"},
		{"mail.saturation < 90%", 120 * second, well, "its threads are unlimited"},
		{"mail.saturation.max < 90%", 120 * second, well, "its threads are unlimited"},
		{"mail.utilization < 90%", 120 * second, well, "its threads are unlimited"},
		{"payment.wasted < 90%", 120 * second, func(from, to des.Time, t *sim.Tallies) { t.Services[payment].Arrived = 1 }, "no work was done"},
		{"payment.saturation < 90%", 120 * second, func(from, to des.Time, t *sim.Tallies) { t.Services[payment].Arrived = 1 }, "it had no threads"},
		{"checkout->payment.errors < 90%", 120 * second, nothing, "no call ended"},
		{"checkout->payment.retries <= 10%", 120 * second, nothing, "no attempt was sent"},
		{"checkout->payment.timeouts <= 10%", 120 * second, nothing, "no attempt ended"},
		{"checkout->payment.amplification <= 2", 120 * second, nothing, "no call was made"},
		{"checkout->payment.p50 <= 2s", 120 * second, nothing, "no attempt succeeded"},
		{"checkout->payment.open < 1%", 120 * second, well, "it has no breaker"},
		{"staff.errors < 5% during payment-slow", 30 * second, well, "at 30s its window has not begun"},
		{"staff.errors < 5% after payment-slow", 45 * second, well, "at 45s its window has not begun"},
		{"staff.errors < 5% in 99% of runs", 120 * second, nothing, "no request ended"}, // 1 run, not met: at most 79% of runs
		{"staff.errors < 5% in 50% of runs", 120 * second, nothing, "not met (no request ended) in this run; one run cannot decide it"},
		{"staff recovers within 15s of payment-slow", 120 * second, nothing, "nothing ended before payment-slow began, so there is no rate to come back to"},
		{"staff recovers within 15s of payment-slow", 60 * second, well, "at 60s it is too early to tell"},
		{"staff recovers within 15s of payment-slow", 40 * second, well, "at 40s it is too early to tell"},
		{"staff recovers within 15s of payment-slow", 120 * second, func(from, to des.Time, t *sim.Tallies) {
			if from < 50*second {
				well(from, to, t)
			}
		}, "nothing ended after payment-slow"},
		{"staff recovers within 15s of payment-slow", 120 * second, func(from, to des.Time, t *sim.Tallies) {
			well(from, to, t)
			if from >= 40*second {
				requests(t, staff, to-from, 100, 97)
			}
		}, "it did not come back to within one percentage point of 100%"},
	} {
		j := run(t, shop(), row.end, []string{row.text}, row.script).Expectations[0]
		if j.Pass || j.Why != row.want || j.Measured && !j.Undecided {
			t.Errorf("%s until %v: got %+v, want %q", row.text, row.end, j, row.want)
		}
	}
}

// Of an autoscaled service those instances count that are there: with the only one
// down there is none, however many there may be.
func TestNoInstanceUp(t *testing.T) {
	for there, want := range map[int]string{1: "no instance was up", 2: ""} {
		p := guardedShop()
		p.Warmup = 0
		r := run(t, p, p.Duration, []string{"payment.saturation < 90%"}, func(from, to des.Time, t *sim.Tallies) {
			attempts(t, payment, to-from, 0, 5)
			s := &t.Services[payment]
			s.Capacity, s.Down = 4*des.Time(there)*(to-from), 4*(to-from)
			s.Instances[0].Down = to - from
			for i := range there {
				s.Instances[i].Capacity = 4 * (to - from)
			}
		})
		if got := r.Expectations[0].Why; got != want {
			t.Errorf("%d of three instances are there, one is down: got %q, want %q", there, got, want)
		}
	}
}

func TestEmptyWindows(t *testing.T) {
	p := faulty()
	r := run(t, p, p.Duration, []string{"staff.errors < 5% before early", "staff.errors < 5% after late", "staff recovers within 1s of late"}, healthy(p))
	for i, want := range []string{"no time: early begins before the warm-up is over", "no time: late lasts to the end of the run", "late lasts to the end of the run"} {
		if j := r.Expectations[i]; j.Pass || j.Measured || j.Why != want {
			t.Errorf("%+v, want %q", j, want)
		}
	}
}

// TestWindows: what happens outside of a window, to the nanosecond, is not in it.
func TestWindows(t *testing.T) {
	p := faulty()
	inside := map[string][]span{
		"during payment-slow":   {{30 * second, 50 * second}},
		"after payment-slow":    {{50 * second, 120 * second}},
		"before payment-slow":   {{10 * second, 30 * second}},
		"from 3500ms to 4100ms": {{3500 * ms, 4100 * ms}},
		"during flap":           {{22 * second, 27 * second}, {62 * second, 67 * second}, {102 * second, 107 * second}},
		"after flap":            {{107 * second, 120 * second}},
		"from 1ns to 120s":      {{1, 120 * second}},
		"":                      {{10 * second, 120 * second}},
	}
	for window, spans := range inside {
		script := func(from, to des.Time, t *sim.Tallies) {
			s := &t.Sources[shoppers]
			s.Offered = 10
			s.Ended[topology.Timeout] = 10
			for _, sp := range spans {
				if from >= sp.from && to <= sp.to {
					s.Ended = [topology.NumOutcomes]uint64{10}
				}
			}
		}
		r := run(t, p, p.Duration, []string{"shoppers.success == 100% " + window}, script)
		if j := r.Expectations[0]; !j.Pass {
			t.Errorf("%q: %+v", window, j)
		}
	}
}

// A window that the plan's cuts do not know would be judged by what lies outside.
func TestMissingCuts(t *testing.T) {
	p := shop()
	for _, text := range []string{"shoppers.success > 1% from 1500ms to 3s", "shoppers recovers within 1500ms of payment-slow"} {
		e, _ := ParseExpectation(text, p)
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: a sample across its edge was taken in", text)
				}
			}()
			c := NewCollector(p, []Expectation{e})
			for at := des.Time(0); at < p.Duration; at += second {
				c.Sample(&sim.Sample{From: at, To: at + second, Tallies: *tallies(p)})
			}
		}()
	}
}

func TestRecovers(t *testing.T) {
	type rates struct {
		from, to des.Time // in seconds
		good     int      // of 100 requests a second
	}
	for _, row := range []struct {
		name   string
		within string
		rates  []rates
		pass   bool
		actual float64 // -1: none
	}{
		{"it never fell", "5s", nil, true, 0},
		{"back at once", "5s", []rates{{31, 50, 20}}, true, 0},
		{"back in time", "5s", []rates{{31, 54, 20}}, true, 4},
		{"back just in time", "5s", []rates{{31, 55, 20}}, true, 5},
		{"back too late", "5s", []rates{{31, 56, 20}}, false, 6},
		{"back within a point", "5s", []rates{{31, 50, 20}, {50, 120, 99}}, true, 0},
		{"not within a point", "5s", []rates{{31, 50, 20}, {50, 120, 98}}, false, -1},
		{"a relapse", "5s", []rates{{31, 50, 20}, {80, 81, 60}}, false, 31},
		{"a relapse within the time allowed", "5s", []rates{{31, 50, 20}, {53, 54, 60}}, true, 4},
		{"never back", "5s", []rates{{31, 120, 20}}, false, -1},
		{"bad at the very end", "5s", []rates{{119, 120, 20}}, false, -1},
		{"better than before", "5s", []rates{{0, 30, 90}, {31, 50, 20}}, true, 0},
		{"at once is asked", "0s", []rates{{31, 50, 20}}, true, 0},
		{"at once is asked, it takes a second", "0s", []rates{{31, 51, 20}}, false, 1},
		{"an instant between intervals", "1500ms", []rates{{31, 51, 20}}, true, 1},
		{"an instant within the last bad interval", "1500ms", []rates{{31, 51, 20}, {51, 52, 98}}, true, 1.5}, // one failure in each half: one is let pass
	} {
		p := shop()
		r := run(t, p, p.Duration, []string{"shoppers recovers within " + row.within + " of payment-slow"}, func(from, to des.Time, t *sim.Tallies) {
			good := 100
			for _, s := range row.rates {
				if from >= s.from*second && from < s.to*second {
					good = s.good
				}
			}
			requests(t, shoppers, to-from, 100, good)
		})
		j := r.Expectations[0]
		actual := -1.0
		if j.Measured {
			actual = j.Actual
		}
		if j.Pass != row.pass || actual != row.actual {
			t.Errorf("%s: got %+v, want %v after %v", row.name, j, row.pass, row.actual)
		}
	}
}

// TestRecoversBySmallSamples: with five requests a second of which nine in ten
// succeed, the failures in clumps, the rate of an interval, or of a hundred
// requests, is mere luck. Stretches long enough to tell are not.
func TestRecoversBySmallSamples(t *testing.T) {
	for more, pass := range map[uint64]bool{0: true, 1: false} { // failures more, from the fault on, in every second
		p := shop()
		p.Duration = 1000 * second
		p.Faults[0].From, p.Faults[0].Until = 500*second, 520*second
		j := run(t, p, p.Duration, []string{"shoppers recovers within 10s of payment-slow"}, func(from, to des.Time, t *sim.Tallies) {
			s := &t.Sources[shoppers]
			s.Offered = 5
			failed := uint64(0)
			if from/(20*second)%2 == 0 { // for twenty seconds 80%, for twenty 100%
				failed = 1
			}
			if from >= 500*second {
				failed += more
			}
			s.Ended[topology.Success], s.Ended[topology.Timeout] = 5-failed, failed
		}).Expectations[0]
		if j.Pass != pass {
			t.Errorf("with %d more failures a second: %+v", more, j)
		}
	}
	for p, want := range map[float64]uint64{1: 100, 0.9989: 100, 0.9: 8100, 0.5: 22500} { // nine variances over a squared point
		if got := enough(p); got != want {
			t.Errorf("enough for %v is %d, want %d", p, got, want)
		}
	}
}

// A fault that comes back must be recovered from each time.
func TestRecoversEachTime(t *testing.T) {
	for _, row := range []struct {
		bad  des.Time // the second in which everything fails
		pass bool
		took float64
	}{{0, true, 0}, {24, true, 0}, {27, true, 1}, {28, true, 2}, {29, false, -1}, {66, true, 0}, {67, true, 1}, {69, false, 3}, {110, false, 4}, {117, true, 0}} {
		p := faulty()
		r := run(t, p, p.Duration, []string{"shoppers recovers within 2s of flap"}, func(from, to des.Time, t *sim.Tallies) {
			good := 100
			if from/second == row.bad && row.bad > 0 {
				good = 0
			}
			requests(t, shoppers, to-from, 100, good)
		})
		j := r.Expectations[0]
		took := -1.0 // where an aftermath ended badly
		if j.Measured {
			took = j.Actual
		}
		if j.Pass != row.pass || took != row.took {
			t.Errorf("bad at %ds: %+v", row.bad, j)
		}
	}
}

func TestVerdict(t *testing.T) {
	for _, row := range []struct {
		texts []string
		want  Verdict
	}{
		{nil, Pass},
		{[]string{"shoppers.success == 100%"}, Pass},
		{[]string{"shoppers.success == 100%", "shoppers.success < 100%"}, Fail},
		{[]string{"shoppers.success == 100%", "shoppers.success == 100% in 95% of runs"}, Undecided},
		{[]string{"shoppers.success < 100%", "shoppers.success == 100% in 95% of runs"}, Fail},
		{[]string{"shoppers.success == 100% in 95% of runs", "shoppers.success < 100%"}, Fail},
		{[]string{"shoppers.success == 100% in 20% of runs"}, Pass},      // 1 of 1: at least 20.65% of runs
		{[]string{"shoppers.success == 100% in 21% of runs"}, Undecided}, //
		{[]string{"shoppers.success < 100% in 79% of runs"}, Undecided},  // 0 of 1: at most 79.35% of runs
		{[]string{"shoppers.success < 100% in 80% of runs"}, Fail},
	} {
		p := shop()
		if got := run(t, p, p.Duration, row.texts, healthy(p)).Verdict; got != row.want {
			t.Errorf("%q: got %v, want %v", row.texts, got, row.want)
		}
	}
}

// Wilson's interval for 8 of 10 at 95%: 0.4902 to 0.9433 (R's prop.test without
// continuity correction).
func TestWilson(t *testing.T) {
	low, high := Wilson(8, 10, 1.959963984540054)
	if math.Abs(low-0.4902) > 5e-5 || math.Abs(high-0.9433) > 5e-5 {
		t.Errorf("got %v to %v", low, high)
	}
	if low, high := Wilson(0, 5, 1.959963984540054); low != 0 || high <= 0 || high >= 1 {
		t.Errorf("none of 5: %v to %v", low, high)
	}
}

// TestVerdictOfAPart: a run that did not come to its end has not passed, and what
// has not happened yet has not failed.
func TestVerdictOfAPart(t *testing.T) {
	for _, row := range []struct {
		texts []string
		end   des.Time
		want  Verdict
	}{
		{nil, 40 * second, Undecided},
		{[]string{"shoppers.success == 100%"}, 40 * second, Undecided},
		{[]string{"shoppers.success == 100% before payment-slow"}, 40 * second, Undecided},
		{[]string{"shoppers.success == 100%", "shoppers.success == 100% after payment-slow"}, 40 * second, Undecided},
		{[]string{"shoppers.success < 100%", "shoppers.success == 100% after payment-slow"}, 40 * second, Fail},
		{[]string{"shoppers recovers within 5s of payment-slow"}, 40 * second, Undecided},
		{[]string{"shoppers recovers within 5s of payment-slow"}, 53 * second, Undecided},
		{[]string{"shoppers recovers within 5s of payment-slow"}, 58 * second, Fail}, // it failed until 58s
		{[]string{"shoppers recovers within 5s of payment-slow"}, 62 * second, Fail},
		{[]string{"shoppers recovers within 5s of payment-slow"}, 120 * second, Fail},
		{[]string{"shoppers recovers within 8s of payment-slow"}, 120 * second, Pass},
		{[]string{"shoppers recovers within 8s of payment-slow"}, 119 * second, Undecided},
		{[]string{"shoppers.p99 < 1s"}, 0, Undecided},
		{[]string{"payment.queue.max > 99"}, 0, Undecided},
		{[]string{"payment.queue.max > 99"}, 40 * second, Undecided},
		{[]string{"payment.queue.max > 99 before payment-slow"}, 40 * second, Fail},
		{[]string{"payment.queue.max > 99"}, 120 * second, Fail},
		{[]string{"shoppers.success == 100% before payment-slow in 20% of runs"}, 40 * second, Undecided},
		{[]string{"mail.p99 < 1s after payment-slow in 80% of runs"}, 40 * second, Undecided},
	} {
		p := shop()
		well := healthy(p)
		r := run(t, p, row.end, row.texts, func(from, to des.Time, t *sim.Tallies) {
			well(from, to, t)
			if from >= 50*second && from < 58*second {
				requests(t, shoppers, to-from, 100, 50)
			}
		})
		if r.Verdict != row.want || r.Complete != (row.end == p.Duration) {
			t.Errorf("%q until %v: %v %+v", row.texts, row.end, r.Verdict, r.Expectations)
		}
		for _, j := range r.Expectations {
			if j.Pass && j.Undecided || row.want == Pass != j.Pass && !j.Undecided && row.end == p.Duration {
				t.Errorf("%q until %v: %+v", row.texts, row.end, j)
			}
		}
	}
}

// TestWhatMayStillCome: a number that only grows has not missed its lower bound before
// its window's end, and has broken its upper bound for good; shares and percentiles are
// judged by what there is so far, unless all that is asked is that something happens.
// From 20s on ten messages a second come twice; never are more than 5 attempts waiting.
func TestWhatMayStillCome(t *testing.T) {
	for _, row := range []struct {
		text    string
		end     des.Time // in seconds
		want    string
		outcome string
	}{
		{"orders.duplicates > 500", 10, "undecided", "0 at 10s, too early to tell"},
		{"orders.duplicates > 500", 60, "undecided", "400 at 60s, too early to tell"},
		{"orders.duplicates > 500", 80, "held", "600"},
		{"orders.duplicates > 2000", 119, "undecided", "990 at 119s, too early to tell"},
		{"orders.duplicates > 2000", 120, "failed", "1,000"},
		{"orders.duplicates < 500", 60, "held", "400"},
		{"orders.duplicates < 500", 80, "failed", "600"},
		{"orders.duplicates == 400", 50, "undecided", "300 at 50s, too early to tell"},
		{"orders.duplicates == 400", 60, "held", "400"},
		{"orders.duplicates == 400", 61, "failed", "410"},
		{"orders.duplicates != 400", 60, "undecided", "400 at 60s, too early to tell"},
		{"orders.duplicates != 400", 61, "held", "410"},
		{"orders.duplicates >= 200 from 20s to 30s", 25, "undecided", "50 at 25s, too early to tell"},
		{"orders.duplicates >= 200 from 20s to 30s", 30, "failed", "100"},
		{"orders.duplicates >= 200 from 20s to 30s", 15, "undecided", "at 15s its window has not begun"},
		{"orders.duplicates > 500 in 95% of runs", 60, "undecided", "400 at 60s, too early to tell"},
		{"front.queue.max > 9", 60, "undecided", "5 at 60s, too early to tell"},
		{"front.queue.max < 4", 60, "failed", "5"},
		{"front.saturation.max > 90%", 60, "undecided", "50% at 60s, too early to tell"},
		{"front.saturation > 90%", 60, "failed", "50%"},
		{"buyers.max > 1s", 60, "undecided", "50ms at 60s, too early to tell"},
		{"buyers.p99 > 1s", 60, "failed", "50ms"},
		{"buyers.success >= 95%", 60, "failed", "90%"},
		{"buyers.success > 95%", 60, "failed", "90%"},
		{"front.errors > 0%", 60, "undecided", "0% at 60s, too early to tell"},
		{"front.errors > 0%", 120, "failed", "0%"},
		{"front.wasted != 0%", 60, "undecided", "0% at 60s, too early to tell"},
		{"front.errors == 0%", 60, "held", "0%"},
	} {
		p := mall()
		p.Warmup, p.Duration = 0, 120*second
		r := run(t, p, row.end*second, []string{row.text}, func(from, to des.Time, t *sim.Tallies) {
			seconds := float64(to-from) / float64(second)
			s := &t.Sources[buyers]
			s.Offered = uint64(10 * seconds)
			s.Ended[topology.Success], s.Ended[topology.Timeout] = uint64(9*seconds), uint64(seconds)
			s.Latency, s.Failed = each(int(9*seconds), 50*ms), each(int(seconds), 60*ms)
			pool(t, p, front, to-from, 0.5, 2)
			attempts(t, front, to-from, 10, 0)
			t.Services[front].QueueMax = 5
			if from >= 20*second {
				t.Queues[orders].Duplicates = uint64(10 * seconds)
			}
		})
		j := &r.Expectations[0]
		got := "failed"
		switch {
		case j.Pass && j.Undecided:
			got = "both"
		case j.Pass:
			got = "held"
		case j.Undecided:
			got = "undecided"
		}
		if got != row.want || j.Outcome() != row.outcome {
			t.Errorf("%s, at %ds: %s, %s; want %s, %s", row.text, row.end, got, j.Outcome(), row.want, row.outcome)
		}
		if held, failed := r.Standing(); (held == 1) != (row.want == "held") || (failed == 1) != (row.want == "failed") {
			t.Errorf("%s, at %ds: it stands at %d held, %d failed", row.text, row.end, held, failed)
		}
	}
}
