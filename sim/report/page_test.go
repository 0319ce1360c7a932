package report_test

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cascade/scenarios"
	"cascade/sim"
	"cascade/sim/des"
	"cascade/sim/report"
	"cascade/topology"
)

// samples are all of a run, which they outlast.
type samples []*sim.Sample

func (s *samples) Sample(sm *sim.Sample)     { *s = append(*s, sm.Clone()) }
func (s *samples) Transition(sim.Transition) {}

func sampled(t *testing.T, p *sim.Plan) (samples, *report.Report) {
	t.Helper()
	var seen samples
	c := report.NewCollector(p, nil)
	run := sim.New(p, c, &seen)
	run.RunUntil(p.Duration)
	totals, err := run.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return seen, c.Report(totals)
}

func eachBuiltin(t *testing.T, f func(t *testing.T, p *sim.Plan)) {
	for _, info := range scenarios.Names() {
		s, err := scenarios.Builtin(info.Name)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(info.Name, func(t *testing.T) { f(t, s.Plan) })
	}
}

// TestOneSampleIsTheWholeRun: where a run is a single sample, what that saw are the totals.
func TestOneSampleIsTheWholeRun(t *testing.T) {
	eachBuiltin(t, func(t *testing.T, p *sim.Plan) {
		p.Interval, p.Warmup, p.Cuts = p.Duration, 0, nil
		seen, r := sampled(t, p)
		if len(seen) != 1 {
			t.Fatalf("%d samples", len(seen))
		}
		all := []cmp.Option{
			cmpopts.IgnoreUnexported(report.Service{}, report.Pool{}, report.Completed{}, report.Edge{}, report.Breaker{}, report.Queue{}, report.Reader{}, report.Partition{}),
			cmpopts.IgnoreFields(report.Pool{}, "Waiting", "InThreads", "Suspended", "SaturationMax"),
			cmpopts.IgnoreFields(report.Service{}, "Autoscale"),
			cmpopts.IgnoreFields(report.Completed{}, "Unfinished"),
			cmpopts.IgnoreFields(report.Source{}, "InFlight", "LatencyAll"),
			cmpopts.IgnoreFields(report.Edge{}, "CallsUnderWay", "UnderWay"),
			cmpopts.IgnoreFields(report.Breaker{}, "Opened", "Changes", "LeftOut"),
			cmpopts.IgnoreFields(report.Reader{}, "Waiting", "Held", "Lag", "Drain"),
			cmpopts.IgnoreFields(report.Partition{}, "Lag"),
			cmpopts.EquateApprox(1e-9, 0),
		}
		s := seen[0]
		for i := range r.Services {
			if d := cmp.Diff(r.Services[i], r.ServiceIn(p, s, i), all...); d != "" {
				t.Errorf("service (-totals +sample):\n%s", d)
			}
		}
		for i := range r.Sources {
			if d := cmp.Diff(r.Sources[i], r.SourceIn(s, i), all...); d != "" {
				t.Errorf("source (-totals +sample):\n%s", d)
			}
		}
		for i := range r.Edges {
			if d := cmp.Diff(r.Edges[i], r.EdgeIn(s, i), all...); d != "" {
				t.Errorf("edge (-totals +sample):\n%s", d)
			}
		}
		for i := range r.Queues {
			if d := cmp.Diff(r.Queues[i], r.QueueIn(p, s, i), all...); d != "" {
				t.Errorf("queue (-totals +sample):\n%s", d)
			}
		}
	})
}

// TestPartsAddUp: whatever happens, the parts are all of the threads, and each is the
// time that the sample booked.
func TestPartsAddUp(t *testing.T) {
	eachBuiltin(t, func(t *testing.T, p *sim.Plan) {
		seen, r := sampled(t, p)
		check := func(what string, parts []report.Part, threads float64) {
			shares, count := 0.0, 0.0
			for _, part := range parts {
				if part.Share < 0 || part.Threads < 0 {
					t.Errorf("%s: %+v", what, part)
				}
				shares += part.Share
				count += part.Threads
			}
			if len(parts) > 0 && math.Abs(shares-1) > 1e-9 || math.Abs(count-threads) > 1e-6*(1+threads) {
				t.Errorf("%s: shares come to %v, threads to %v of %v: %+v", what, shares, count, threads, parts)
			}
		}
		for _, s := range seen {
			for i := range s.Services {
				tally, length := &s.Services[i], s.To-s.From
				now := r.ServiceIn(p, s, i)
				parts := now.Parts(length)
				all := max(tally.Capacity, tally.Held()+tally.PausedIdle+tally.Down) // a pool that shrinks holds more for a while
				check(now.Name, parts, float64(all)/float64(length))
				for k := range now.Operations {
					check(now.Operations[k].Name, now.OperationParts(k, length), float64(all)/float64(length))
				}
				for _, w := range tally.WaitingOn {
					id := p.Edges()[w.Edge].ID
					k := slices.IndexFunc(parts, func(part report.Part) bool { return part.Use == report.Awaiting && part.On == id })
					if w.Time > 0 && (k < 0 || math.Abs(parts[k].Threads-float64(w.Time)/float64(length)) > 1e-9) {
						t.Fatalf("%s waited %v on %s: %+v", now.Name, w.Time, id, parts)
					}
				}
			}
		}
		for i := range r.Services {
			s := &r.Services[i]
			length := r.End - r.Warmup
			parts := s.Parts(length)
			shares := 0.0
			for _, part := range parts {
				shares += part.Share
			}
			if math.Abs(shares-1) > 1e-9 {
				t.Errorf("%s in all: %+v", s.Name, parts)
			}
		}
	})
}

func TestPartsOfUnlimitedThreads(t *testing.T) {
	const second = des.Time(1e9)
	s := report.Service{Unlimited: true}
	if parts := s.Parts(second); parts != nil {
		t.Errorf("nothing was done: %+v", parts)
	}
	s.ThreadTime = report.ThreadTime{Working: 2, Waiting: []report.EdgeSeconds{{Edge: "a->b", Seconds: 6}}}
	want := []report.Part{{Use: report.AtWork, Threads: 1, Share: 0.25}, {Use: report.Awaiting, On: "a->b", Threads: 3, Share: 0.75}}
	if d := cmp.Diff(want, s.Parts(2*second)); d != "" {
		t.Error(d)
	}
}

// An operation has its part of the pool: what the others hold is told apart from what is
// idle, and threads that stood still unheld are paused.
func TestPartsOfAnOperation(t *testing.T) {
	s := report.Service{Operations: []report.Pool{
		{ThreadTime: report.ThreadTime{Working: 1, Paused: 1}},
		{ThreadTime: report.ThreadTime{Working: 3, Backoff: []report.EdgeSeconds{{Edge: "a.y->b", Seconds: 1}}}},
	}}
	s.ThreadTime = report.ThreadTime{Working: 4, Backoff: []report.EdgeSeconds{{Edge: "a.y->b", Seconds: 1}}, Paused: 3, Idle: 2}
	want := []report.Part{{Use: report.AtWork, Share: 0.1, Threads: 1}, {Use: report.Paused, Share: 0.3, Threads: 3}, {Use: report.Elsewhere, Share: 0.4, Threads: 4}, {Use: report.Idle, Share: 0.2, Threads: 2}}
	if d := cmp.Diff(want, s.OperationParts(0, des.Time(1e9)), cmpopts.EquateApprox(1e-9, 0)); d != "" {
		t.Error(d)
	}
}

func TestEndings(t *testing.T) {
	e := report.Endings{topology.Success: 6, topology.Timeout: 2, topology.Cancelled: 2}
	if timeouts, _ := e.Share(topology.Timeout); timeouts != 0.25 {
		t.Errorf("timeouts %v: the cancelled do not count", timeouts)
	}
	if cancelled, _ := e.Share(topology.Cancelled); cancelled != 0.2 {
		t.Errorf("cancelled %v", cancelled)
	}
	if _, known := (report.Endings{}).Share(topology.Success); known {
		t.Error("a share of nothing")
	}
}

// The partitions come by what is left of them, and the bar of the first is full.
func TestByLag(t *testing.T) {
	r := report.Reader{Partitions: []report.Partition{{LagMean: 1}, {LagMean: 4}, {LagMean: 1}, {LagMean: 2}}}
	want := []report.PartitionLag{{1, 4, 1}, {3, 2, 0.5}, {0, 1, 0.25}, {2, 1, 0.25}}
	if d := cmp.Diff(want, r.ByLag()); d != "" {
		t.Error(d)
	}
}

func TestTryShares(t *testing.T) {
	e := report.Edge{Tries: []uint64{6, 3, 1}}
	if got := e.TryShares(); !slices.Equal(got, []float64{0.6, 0.3, 0.1}) {
		t.Error(got)
	}
	if got := (&report.Edge{Tries: []uint64{0}}).TryShares(); got != nil {
		t.Error(got)
	}
}

// The last value of every trace is what the report's timeline says, in its units.
func TestTraces(t *testing.T) {
	s, err := scenarios.Builtin("retry-storm")
	if err != nil {
		t.Fatal(err)
	}
	_, r := sampled(t, s.Plan)
	n := len(r.Timeline.Starts) / 2
	second := r.Timeline.Point.Seconds()
	limited := slices.IndexFunc(r.Services, func(s report.Service) bool { return !s.Unlimited })
	series := &r.Timeline.Services[limited]
	got := r.ServiceTraces(limited)
	for k, want := range []float64{series.Saturation[n], series.Queue[n], float64(series.Errors[n]) / float64(max(series.Ended[n], 1)), series.P99[n]} {
		if v := got[k].At(n); v != want {
			t.Errorf("%s: %v, want %v", got[k].Name, v, want)
		}
	}
	if unlimited := slices.IndexFunc(r.Services, func(s report.Service) bool { return s.Unlimited }); r.ServiceTraces(unlimited)[0].At(n) != r.Timeline.Services[unlimited].InHand[n] {
		t.Errorf("of unlimited threads %s", r.ServiceTraces(unlimited)[0].Name)
	}
	edge := &r.Timeline.Edges[1]
	for k, want := range []float64{float64(edge.Attempts[n]) / second, float64(edge.Failed[n]) / float64(max(edge.Ended[n], 1)), float64(edge.Retries[n]) / second} {
		if tr := r.EdgeTraces(1)[k]; tr.At(n) != want {
			t.Errorf("%s: %v, want %v", tr.Name, tr.At(n), want)
		}
	}
	source := &r.Timeline.Sources[0]
	for k, want := range []float64{float64(source.Offered[n]) / second, float64(source.Succeeded[n]) / second,
		float64(source.Failed[n]) / float64(max(source.Failed[n]+source.Succeeded[n], 1)), source.P99[n]} {
		if tr := r.SourceTraces(0)[k]; tr.At(n) != want {
			t.Errorf("%s: %v, want %v", tr.Name, tr.At(n), want)
		}
	}
}
