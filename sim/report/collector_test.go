package report

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/topology"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// TestTimelineMergesSamples: a point that was cut in pieces says what it would
// have said in one: counters add up, gauges are means over time, percentiles are
// of everything in it.
func TestTimelineMergesSamples(t *testing.T) {
	p := withoutFaults()
	p.Duration, p.Warmup = 3*second, 250*ms
	script := func(from, to des.Time, t *sim.Tallies) {
		s := &t.Sources[shoppers]
		s.Offered, s.Ended[topology.Success], s.Ended[topology.Timeout] = 1, 2, 3
		s.Latency = each(1, 4*second-to)
		pool(t, p, payment, to-from, des.Time(to-from).Seconds()*8, 4*float64(from/(250*ms)%2))
		t.Services[payment].Latency, t.Services[payment].SuspendedTime = s.Latency, 3*(to-from)
	}
	r := run(t, p, p.Duration, []string{"shoppers.success > 0% from 1250ms to 1750ms"}, script)
	// Pieces: 0–250–1000, 1000–1250–1750–2000, 2000–3000.
	s, pay := r.Timeline.Sources[shoppers], r.Timeline.Services[payment]
	if want := []uint64{2, 3, 1}; !cmp.Equal(s.Offered, want) {
		t.Errorf("offered %v, want %v", s.Offered, want)
	}
	if want := []uint64{6, 9, 3}; !cmp.Equal(s.Failed, want) {
		t.Errorf("failed %v, want %v", s.Failed, want)
	}
	for n, want := range []float64{3, 2.25, 1} { // nearest rank: the first of two, the second of three, the only one
		if got := s.P50[n]; got < want*0.99 || got > want*1.01 {
			t.Errorf("p50 of point %d is %v, want %v", n, got, want)
		}
	}
	for n, want := range []float64{3.75, 2.75, 1} {
		if got := pay.P99[n]; got < want*0.99 || got > want*1.01 {
			t.Errorf("p99 of point %d is %v, want %v", n, got, want)
		}
	}
	// Held in full from 250, 1250 and 1750 on, not from 0, 1000, 1500 and 2000 on.
	if want := []float64{0.75, 0.75, 0}; !cmp.Equal(pay.Saturation, want) {
		t.Errorf("saturation %v, want %v", pay.Saturation, want)
	}
	// 2 for a quarter and 6 for three quarters; 2, 4, 2; 8.
	if want := []float64{5, 3, 8}; !cmp.Equal(pay.Queue, want) {
		t.Errorf("queue %v, want %v", pay.Queue, want)
	}
	// Held on average 3, 3 and 0; 3 suspended all the while.
	if want := []float64{11, 9, 11}; !cmp.Equal(pay.InHand, want) {
		t.Errorf("in hand %v, want %v", pay.InHand, want)
	}
}

// A run that ends within an interval has a last, shorter point; one that was
// interrupted only those that it reached.
func TestTimelineEnds(t *testing.T) {
	for _, row := range []struct {
		duration, end des.Time
		points        int
	}{{3500 * ms, 3500 * ms, 4}, {4 * second, 4 * second, 4}, {4 * second, 1500 * ms, 2}, {4 * second, 2 * second, 2}, {4 * second, 0, 0}, {400 * ms, 400 * ms, 1}} {
		p := withoutFaults()
		p.Duration, p.Warmup = row.duration, 0
		r := run(t, p, row.end, nil, healthy(p))
		if len(r.Timeline.Starts) != row.points {
			t.Errorf("%+v: %d points", row, len(r.Timeline.Starts))
		}
		for _, s := range r.Timeline.Services {
			if len(s.Saturation) != row.points || len(s.P99) != row.points {
				t.Errorf("%+v: %d points of %s", row, len(s.Saturation), s.Name)
			}
			if n := row.points - 1; n >= 0 && s.Name == "payment" && s.Saturation[n] != 0.25 {
				t.Errorf("%+v: the last point says %v", row, s.Saturation[n])
			}
		}
		if got := r.Complete; got != (row.end == row.duration) {
			t.Errorf("%+v: complete is %v", row, got)
		}
	}
}

// TestBounds: a run of 25,000 intervals has a point for every three of them, and
// of 12,500 spans it keeps 10,000; it says both.
func TestBounds(t *testing.T) {
	p := withoutFaults()
	p.Duration, p.Warmup = 25_000*second, 0
	r := run(t, p, p.Duration, nil, func(from, to des.Time, t *sim.Tallies) {
		t.Sources[shoppers].Offered = 1
		if from/second%2 == 0 {
			pool(t, p, payment, to-from, 0, 4)
		} else {
			pool(t, p, payment, to-from, 0, 0)
		}
	})
	if n := len(r.Timeline.Starts); n != 8334 || r.Timeline.Coarsened != 3 || r.Timeline.Starts[1] != 3*second {
		t.Errorf("%d points of %d intervals", n, r.Timeline.Coarsened)
	}
	s := r.Timeline.Services[payment].Saturation
	if s[0] < 0.66 || s[0] > 0.67 || s[1] < 0.33 || s[1] > 0.34 || r.Timeline.Sources[shoppers].Offered[0] != 3 || r.Timeline.Sources[shoppers].Offered[8333] != 1 {
		t.Errorf("points are %v, %v … offered %v … %v", s[0], s[1], r.Timeline.Sources[shoppers].Offered[0], r.Timeline.Sources[shoppers].Offered[8333])
	}
	if r.Services[payment].SaturationMax != 1 {
		t.Errorf("the worst interval is %v: it is not one of the timeline's points", r.Services[payment].SaturationMax)
	}
	if n := len(r.Cascade.Saturated); n != 10_000 || r.Cascade.LeftOut != 2500 {
		t.Errorf("%d spans, %d left out", n, r.Cascade.LeftOut)
	}
	text, json := string(asText(t, r, TextOptions{})), string(asJSON(t, r))
	for _, want := range []string{"the timeline holds one point for 3 intervals (3s), to bound its size", "2,500 saturated spans beyond the first 10,000 were left out"} {
		if !strings.Contains(strings.Join(strings.Fields(text), " "), want) {
			t.Errorf("the text does not say %q:\n%s", want, text)
		}
	}
	for _, want := range []string{`"coarsened": 3`, `"saturated_left_out": 2500`} {
		if !strings.Contains(json, want) {
			t.Errorf("the JSON has no %s", want)
		}
	}
}

// With many services the points are fewer, so that all numbers together stay
// bounded; the series of breakers are among them.
func TestBoundOfNumbers(t *testing.T) {
	for _, row := range []struct {
		breaker   *topology.Breaker
		coarsened int
	}{{nil, 12}, {&topology.Breaker{}, 13}} {
		p := withoutFaults()
		p.Duration = 3600 * second
		for i := range 1000 {
			s := p.Topology.Services[checkout]
			s.Name = fmt.Sprint("s", i)
			s.Operations = []topology.Operation{{Steps: []topology.Step{callTo(payment, 0)}}}
			s.Operations[0].Steps[0].Call.Breaker = row.breaker
			p.Topology.Services = append(p.Topology.Services, s)
		}
		p.Topology.Index()
		c := NewCollector(p, nil)
		series := 1 + 2*5 + 1004*8 + len(c.edges)*5
		if row.breaker != nil {
			series += 1000
		}
		if points := int(divideUp(3600, int64(c.timeline.Coarsened))); points*series > maxNumbers || c.timeline.Coarsened != row.coarsened {
			t.Errorf("%d points of %d numbers: %d intervals a point", points, series, c.timeline.Coarsened)
		}
	}
}

// saturation.max is that of the intervals after the warm-up, or of the parts of
// intervals within a window.
func TestWorstInterval(t *testing.T) {
	p := withoutFaults()
	p.Warmup = 10500 * ms
	r := run(t, p, p.Duration, []string{
		"payment.saturation.max <= 50%", "payment.saturation.max <= 50% from 20250ms to 22s", "payment.saturation.max == 75% from 10s to 20s",
	}, func(from, to des.Time, t *sim.Tallies) {
		attempts(t, payment, to-from, 100, 0)
		own := 0.4
		switch {
		case from < 10500*ms:
			own = 4
		case from < 11*second:
			own = 2 // the interval's part after the warm-up: 50%
		case from == 20*second: // a quarter of an interval, before the window
			own = 4
		}
		pool(t, p, payment, to-from, 0, own)
	})
	if got := r.Services[payment].SaturationMax; got != 0.5 {
		t.Errorf("saturation_max is %v", got)
	}
	for i, want := range []float64{0.5, 0.1, 0.75} { // the last: 4 for half an interval, then 2
		if j := r.Expectations[i]; j.Actual != want {
			t.Errorf("%s: got %v, want %v", j.Text, j.Actual, want)
		}
	}
}

// The parts of two intervals at the edges of two windows are not one interval.
func TestWorstIntervalOfSeveralWindows(t *testing.T) {
	p := shop()
	p.Faults[0].From, p.Faults[0].Until, p.Faults[0].Every = 22*second, 22500*ms, 40*second
	r := run(t, p, p.Duration, []string{"payment.saturation.max == 100% during payment-slow"}, func(from, to des.Time, t *sim.Tallies) {
		attempts(t, payment, to-from, 100, 0)
		own := 0.0
		if from == 22*second {
			own = 4
		}
		pool(t, p, payment, to-from, 0, own)
	})
	if j := r.Expectations[0]; !j.Pass {
		t.Errorf("%+v", j)
	}
}

// A pool that shrank holds more threads than it has: no share exceeds 1.
func TestSharesStayShares(t *testing.T) {
	p := shop()
	r := run(t, p, p.Duration, []string{"payment.saturation <= 100%", "payment.saturation.max <= 100%", "payment.utilization <= 100%"}, func(from, to des.Time, t *sim.Tallies) {
		attempts(t, payment, to-from, 100, 0)
		pool(t, p, payment, to-from, 0, 4)
		t.Services[payment].Capacity /= 2
		t.Services[payment].Instances[0].Capacity /= 2
		t.Services[payment].Idle = 0
	})
	for _, j := range r.Expectations {
		if !j.Pass || j.Actual != 1 {
			t.Errorf("%+v", j)
		}
	}
	if s := r.Services[payment]; s.Saturation != 1 || s.SaturationMax != 1 || s.Instances[0].Saturation != 1 || r.Timeline.Services[payment].Saturation[3] != 1 {
		t.Errorf("%+v", s)
	}
}

// TestKeepsCopies: a sample's memory is the engine's again once it has been seen.
func TestKeepsCopies(t *testing.T) {
	p := shop()
	well := healthy(p)
	exps := []Expectation{}
	for _, text := range []string{"shoppers.p99 < 1s during payment-slow", "staff recovers within 5500ms of payment-slow"} {
		e, _ := ParseExpectation(text, p)
		exps = append(exps, e)
	}
	p.Cuts = Cuts(exps)
	report := func(spoil bool) string {
		c := NewCollector(p, exps)
		totals := &sim.Totals{From: p.Warmup, To: p.Duration, Complete: true, Tallies: *tallies(p)}
		for at := des.Time(0); at < p.Duration; at += second / 2 {
			s := &sim.Sample{From: at, To: at + second/2, Tallies: *tallies(p)}
			well(s.From, s.To, &s.Tallies)
			c.Sample(s)
			c.Transition(sim.Transition{At: at})
			if spoil {
				for i := range s.Sources {
					if h := s.Sources[i].Latency; h != nil {
						h.Add(int64(5 * second))
					}
					s.Sources[i] = sim.SourceTally{Offered: 1 << 60}
				}
				for i := range s.Services {
					if h := s.Services[i].Latency; h != nil {
						h.Add(int64(5 * second))
					}
					for k := range s.Services[i].WaitingOn {
						s.Services[i].WaitingOn[k].Time = 1 << 60
					}
				}
			}
		}
		return string(asJSON(t, c.Report(totals)))
	}
	if diff := cmp.Diff(report(false), report(true)); diff != "" {
		t.Errorf("what was seen changed afterwards:\n%s", diff)
	}
}

// Nothing is allocated from one sample to the next, however long the run.
func TestSamplesCostNoMemory(t *testing.T) {
	p := shop()
	p.Duration = 1000 * second
	e, _ := ParseExpectation("shoppers.p99 < 1s from 10s to 1000s", p)
	p.Cuts = Cuts([]Expectation{e})
	c := NewCollector(p, []Expectation{e})
	s := &sim.Sample{Tallies: *tallies(p)}
	healthy(p)(0, second, &s.Tallies)
	next := func() {
		s.From, s.To = s.To, s.To+second
		c.Sample(s)
	}
	for range 50 {
		next()
	}
	if n := testing.AllocsPerRun(100, next); n != 0 {
		t.Errorf("%v allocations a sample", n)
	}
}

// An operation has its own worst interval and its own longest queue.
func TestWorstOfOperations(t *testing.T) {
	p := shop()
	r := run(t, p, p.Duration, nil, func(from, to des.Time, t *sim.Tallies) {
		pool(t, p, payment, to-from, 0, 1)
		s := &t.Services[payment]
		switch from {
		case 5 * second: // in the warm-up
			s.Operations[1].Working = 4 * second
		case 40 * second:
			s.Operations[0].Working, s.Operations[0].QueueMax = 3*second, 7
		case 41 * second:
			s.Operations[1].Working, s.Operations[1].QueueMax = 2*second, 9
		}
	})
	charge, note := &r.Services[payment].Operations[0], &r.Services[payment].Operations[1]
	if charge.SaturationMax != 0.75 || charge.QueueMax != 7 || note.SaturationMax != 0.5 || note.QueueMax != 9 {
		t.Errorf("charge %v and %d, note %v and %d", charge.SaturationMax, charge.QueueMax, note.SaturationMax, note.QueueMax)
	}
}

// TestBoundOfChanges: of 6,000 changes of breakers and 6,000 of instances the first
// 10,000 are kept, in time order; all of them are counted.
func TestBoundOfChanges(t *testing.T) {
	p := guardedShop()
	p.Duration, p.Warmup = 6001*second, 0
	var changes []sim.Transition
	state := []topology.BreakerState{topology.StateClosed, topology.StateOpen}
	for n := range 6000 {
		at := des.Time(n+1) * second
		changes = append(changes, sim.Transition{At: at, Kind: sim.BreakerChanged, Edge: toCharge, Instance: 1, From: state[n%2], To: state[1-n%2]},
			sim.Transition{At: at, Kind: []sim.TransitionKind{sim.InstanceAdded, sim.InstanceRemoved}[n%2], Service: payment, Instance: 1})
	}
	r := runWith(t, p, p.Duration, nil, changes, healthy(p))
	b, a := r.Edges[toCharge].Breaker, r.Services[payment].Autoscale
	if len(b.Changes) != 5000 || b.LeftOut != 1000 || b.Opened != 3000 || b.Changes[4999].At != 5000*second {
		t.Errorf("%d changes of breakers, %d left out, %d openings", len(b.Changes), b.LeftOut, b.Opened)
	}
	if len(a.Changes) != 5000 || a.LeftOut != 1000 || a.Added != 3000 || a.Removed != 3000 {
		t.Errorf("%d changes of instances, %d left out, %d added, %d removed", len(a.Changes), a.LeftOut, a.Added, a.Removed)
	}
	text := asJSON(t, r)
	if n := strings.Count(string(text), `"changes_left_out": 1000`); n != 2 {
		t.Errorf("the JSON says %d times that 1,000 were left out", n)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := compiled(t).Validate(v); err != nil {
		t.Error(err)
	}
}

// TestCallers: how many breakers an edge has.
func TestCallers(t *testing.T) {
	for _, row := range []struct {
		name   string
		change func(*sim.Plan)
		edge   int
		want   int
	}{
		{"none", func(*sim.Plan) {}, toNote, 0},
		{"one for each instance of the caller", func(*sim.Plan) {}, toCharge, 2},
		{"one for each client process of a source", func(p *sim.Plan) {
			p.Sources[shoppers].Instances, p.Sources[shoppers].Edge.Breaker = 7, &topology.Breaker{}
		}, toBuy, 7},
		{"as many as an autoscaler may make of them", func(p *sim.Plan) {
			p.Topology.Services[checkout].Autoscale = &topology.Autoscale{Min: 1, Max: 9}
		}, toCharge, 9},
		{"a deploy's autoscaler too", func(p *sim.Plan) {
			p.Faults = append(p.Faults, sim.Fault{Kind: sim.Set, Services: []int{checkout}, Set: sim.Settings{Autoscale: &topology.Autoscale{Max: 5}}})
		}, toCharge, 5},
		{"a deploy's breaker", func(p *sim.Plan) {
			p.Faults = append(p.Faults, sim.Fault{Kind: sim.Set, Edges: []int{toNote}, Set: sim.Settings{Breaker: &topology.Breaker{}}})
		}, toNote, 2},
		{"a deploy elsewhere", func(p *sim.Plan) {
			p.Faults = append(p.Faults, sim.Fault{Kind: sim.Set, Edges: []int{toCharge}, Set: sim.Settings{Breaker: &topology.Breaker{}}})
		}, toNote, 0},
	} {
		p := guardedShop()
		row.change(p)
		if got := breakersOf(p, row.edge, p.Edges()[row.edge]); got != row.want {
			t.Errorf("%s: got %d, want %d", row.name, got, row.want)
		}
	}
}
