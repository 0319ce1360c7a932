package report

import (
	"testing"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/topology"
)

// TestWhatNeverEnds: 100 a second begin, and from some instant on none ends. What
// ended was a success in 20ms (an attempt in 10ms or 15ms), and yet nothing of it is met.
func TestWhatNeverEnds(t *testing.T) {
	for _, row := range []struct {
		text string
		dead des.Time // ms: from here on nothing ends
		want string
	}{
		{"shoppers.success >= 99.9%", 20_000, "10,000 of 11,000 requests never ended"},
		{"shoppers.errors < 5%", 20_000, "10,000 of 11,000 requests never ended"},
		{"shoppers.p99 < 400ms", 20_000, "10,000 of 11,000 requests never ended"},
		{"shoppers.mean < 400ms", 20_000, "10,000 of 11,000 requests never ended"},
		{"checkout.success >= 99%", 20_000, "10,000 of 11,000 attempts never ended"},
		{"checkout.p50 < 1s", 20_000, "10,000 of 11,000 attempts never ended"},
		{"payment.charge.errors < 1%", 20_000, "10,000 of 11,000 attempts never ended"},
		{"checkout->payment.charge.timeouts < 1%", 20_000, "10,000 of 11,000 attempts never ended"},
		{"gateway->checkout.success >= 99%", 20_000, "10,000 of 11,000 attempts never ended"},
		{"shoppers.success >= 99.9% from 15s to 25s", 20_000, "500 requests had not ended by 25s (1,000 began in that time)"},
		{"shoppers.p50 < 1s during payment-slow", 40_000, "1,000 requests had not ended by 50s (2,000 began in that time)"},
		{"shoppers.success >= 99.9% from 15s to 20s", 20_000, ""}, // the window ends in time
		{"shoppers.success >= 99.9%", 118_500, ""},                // what began within the last second and a bit may be under way
		{"shoppers.success >= 99.9%", 117_500, "250 of 11,000 requests never ended"},
		{"shoppers.offered > 99/s", 20_000, ""}, // it is not about what ended
		{"checkout.throughput < 10/s", 20_000, ""},
		{"checkout->payment.charge.retries < 10%", 20_000, ""},
	} {
		p := shop()
		j := run(t, p, p.Duration, []string{row.text}, func(from, to des.Time, t *sim.Tallies) {
			if from >= row.dead*ms && (from != row.dead*ms || row.dead%1000 == 0) {
				t.Sources[shoppers].Offered = uint64(100 * (to - from) / second)
			}
			hang(t, from, to, row.dead*ms)
		}).Expectations[0]
		if j.Why != row.want || j.Pass != (row.want == "") || j.Measured != (row.want == "") {
			t.Errorf("%s, dead from %dms: %+v, want %q", row.text, row.dead, j, row.want)
		}
	}
}

// hang books 100 a second of everything that shoppers ask for; none ends from an
// instant on.
func hang(t *sim.Tallies, from, to, dead des.Time) {
	n := uint64(100 * (to - from) / second)
	ends := uint64(100 * max(min(to, dead)-from, 0) / second)
	o := [topology.NumOutcomes]uint64{topology.Success: ends}
	s := &t.Sources[shoppers]
	s.Offered, s.Ended, s.Latency = n, o, each(int(ends), 20*ms)
	for _, i := range []int{checkout, payment} {
		svc := &t.Services[i]
		for _, op := range []*sim.OpTally{&svc.OpTally, &svc.Operations[0]} {
			op.Arrived, op.Answers, op.Latency = n, o, each(int(ends), 10*ms)
		}
	}
	for _, i := range []int{toCheckout, toCharge} {
		e := &t.Edges[i]
		e.Calls, e.Attempts, e.Outcomes, e.CallOutcomes, e.Latency = n, n, o, o, each(int(ends), 15*ms)
	}
}

// TestWhatIsOnlySlow: much may be under way in a system that works: a burst, or a
// queue that grows, of which the last to end waited as long as those in it.
func TestWhatIsOnlySlow(t *testing.T) {
	for name, script := range map[string]func(from, to des.Time, t *sim.Tallies){
		"a burst just before the end": func(from, to des.Time, t *sim.Tallies) {
			s := &t.Sources[shoppers]
			s.Offered = 1
			if from == 118*second {
				s.Offered = 5000
			}
			s.Ended[topology.Success] = 1
			s.Latency = each(1, 2*second)
		},
		"a queue that grows": func(from, to des.Time, t *sim.Tallies) { // 200 a second come, 100 go
			s := &t.Sources[shoppers]
			s.Offered = 200
			s.Ended[topology.Success] = 100
			s.Latency = each(100, to/2)
		},
		"one that takes longer than any before": func(from, to des.Time, t *sim.Tallies) {
			s := &t.Sources[shoppers]
			if s.Offered = 1; from == 50*second {
				s.Offered = 2
			}
			s.Ended[topology.Success] = 1
			s.Latency = each(1, ms)
		},
	} {
		p := shop()
		for _, j := range run(t, p, p.Duration, []string{"shoppers.success > 99%", "shoppers.success > 99% from 30s to 120s"}, script).Expectations {
			if !j.Pass {
				t.Errorf("%s: %+v", name, j)
			}
		}
	}
}

// Beginnings are counted from an instant on, or from a little before it, however
// long the run.
func TestBeginnings(t *testing.T) {
	b := beginnings{width: second}
	for i := range des.Time(5000) {
		b.add(i*second, 1)
	}
	if b.width != 8*second || len(b.counts) != 625 {
		t.Errorf("%d buckets of %v", len(b.counts), b.width)
	}
	for at, want := range map[des.Time]uint64{-second: 5000, 0: 5000, 7 * second: 5000, 8 * second: 4992, 4999 * second: 8, 5000 * second: 0} {
		if got := b.since(at); got != want {
			t.Errorf("since %v: %d, want %d", at, got, want)
		}
	}
}

// TestPoolsThatTookNoPart: what was not there, or turned everything away, or was
// not asked, has no use of its threads to speak of.
func TestPoolsThatTookNoPart(t *testing.T) {
	ofThreads := []string{"saturation", "saturation.max", "utilization", "queue", "queue.max"}
	others := []string{"throughput", "wasted"}
	for _, row := range []struct {
		name            string
		fill            func(length des.Time, s *sim.ServiceTally)
		threads, others string // what is said
	}{
		{"all down, all refused", func(length des.Time, s *sim.ServiceTally) {
			s.Arrived, s.Answers[topology.Refused] = 10, 10
			s.Down, s.Instances[0].Down = s.Capacity, length
			s.Idle = 0
		}, "no instance was up", "all that arrived was refused"},
		{"all down, nothing arrived", func(length des.Time, s *sim.ServiceTally) {
			s.Down, s.Instances[0].Down = s.Capacity, length
			s.Idle = 0
		}, "no instance was up", "nothing arrived"},
		{"up for a moment, all refused", func(length des.Time, s *sim.ServiceTally) {
			s.Arrived, s.Answers[topology.Refused] = 10, 10
			s.Down, s.Instances[0].Down = s.Capacity/2, length/2
		}, "all that arrived was refused", "all that arrived was refused"},
		{"nothing at all", func(des.Time, *sim.ServiceTally) {}, "nothing arrived", "nothing arrived"},
		{"it holds what came before", func(length des.Time, s *sim.ServiceTally) { s.Working = 3 * length }, "", ""},
		{"it has attempts waiting", func(length des.Time, s *sim.ServiceTally) { s.QueueTime, s.QueueMax = 3*length, 3 }, "", "no work was done"},
		{"it answers what came before", func(length des.Time, s *sim.ServiceTally) { s.Answers[topology.Success] = 3 }, "", "no work was done"},
	} {
		p := shop()
		var texts []string
		bounds := map[string]string{"queue": "1000", "queue.max": "1000", "throughput": "1000/s"}
		for _, m := range append(ofThreads, others...) {
			bound := bounds[m]
			if bound == "" {
				bound = "100%"
			}
			texts = append(texts, "payment."+m+" <= "+bound+" during payment-slow")
		}
		r := run(t, p, p.Duration, texts, func(from, to des.Time, t *sim.Tallies) {
			s := &t.Services[payment]
			s.Capacity = 4 * (to - from)
			s.Idle = s.Capacity
			row.fill(to-from, s)
		})
		for i, j := range r.Expectations {
			want := row.threads
			if i >= len(ofThreads) {
				want = row.others
			}
			if want == "no work was done" && i != len(texts)-1 {
				want = ""
			}
			if j.Why != want || j.Pass != (want == "") {
				t.Errorf("%s: %+v, want %q", row.name, j, want)
			}
		}
	}
}
