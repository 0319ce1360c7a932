package report

import (
	"fmt"
	"testing"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/topology"
)

// outages are errors of payment: the plan of 20 seconds in which three come close
// to each other, without a warm-up.
func outages(spans ...span) *sim.Plan {
	p := shop()
	p.Duration, p.Warmup = 20*second, 0
	p.Faults = nil
	for i, s := range spans {
		p.Faults = append(p.Faults, sim.Fault{Name: fmt.Sprintf("e%d", i+1), Kind: sim.Errors, On: "payment",
			Ops: []topology.OpRef{{Service: payment}}, From: s.from * second, Until: s.to * second})
	}
	return p
}

// failsIn books requests one by one, n a second at whole parts of it, each ending
// 10ms after it began: badly if it began in one of the spans, which are in ms.
func failsIn(n des.Time, spans ...span) func(from, to des.Time, t *sim.Tallies) {
	return func(from, to des.Time, t *sim.Tallies) {
		s := &t.Sources[shoppers]
		for at := des.Time(0); at < to; at += second / n {
			if at >= from {
				s.Offered++
			}
			if end := at + 10*ms; end >= from && end < to {
				o := topology.Success
				for _, sp := range spans {
					if at >= sp.from*ms && at < sp.to*ms {
						o = topology.Error
					}
				}
				s.Ended[o]++
			}
		}
	}
}

// TestRecoversBetweenFaults: where the next fault or the run's end comes before the
// time allowed is over, what there was before it counts.
func TestRecoversBetweenFaults(t *testing.T) {
	immediate := []span{{2000, 5000}, {8000, 10000}, {15000, 19000}}
	for _, row := range []struct {
		text string
		bad  []span
		pass bool
		took float64 // -1: none
	}{
		{"within 2s of e1", immediate, true, 0},
		{"within 3s of e1", immediate, true, 0},
		{"within 5s of e1", immediate, true, 0},
		{"within 999ms of e3", immediate, true, 0},
		{"within 1s of e3", immediate, true, 0},
		{"within 5s of e3", immediate, true, 0},
		{"within 4s of e1", []span{{2000, 7000}}, true, 2},
		{"within 2s of e1", []span{{2000, 7000}}, true, 2},
		{"within 1999ms of e1", []span{{2000, 6900}}, true, 1.999}, // the last one fails at 6.81s
		{"within 1s of e1", []span{{2000, 7000}}, false, 2},
		{"within 4s of e1", []span{{2000, 7800}}, true, 2.9}, // of a short aftermath the last interval is told in ten parts
		{"within 4s of e1", []span{{2000, 8000}}, false, -1},
		{"within 2s of e3", []span{{15000, 19500}}, true, 0.6}, // the last one fails at 19.41s, in the part up to 19.5s; 19.5s is well
		{"within 1s of e3", []span{{15000, 20000}}, false, -1},
	} {
		p := outages(span{2, 5}, span{8, 10}, span{15, 19})
		j := run(t, p, p.Duration, []string{"shoppers recovers " + row.text}, failsIn(10, row.bad...)).Expectations[0]
		took := -1.0
		if j.Measured {
			took = j.Actual
		}
		if j.Pass != row.pass || took > row.took+1e-9 || took < row.took-0.101 {
			t.Errorf("%s, bad in %v: %+v, want %v after %v", row.text, row.bad, j, row.pass, row.took)
		}
	}
}

// TestLongerIsNeverHarder: what holds within some time holds within any longer one,
// wherever the failures are.
func TestLongerIsNeverHarder(t *testing.T) {
	for seed := range 60 {
		x := uint64(seed)*0x9e3779b97f4a7c15 + 1
		draw := func(n uint64) des.Time {
			x ^= x << 13
			x ^= x >> 7
			x ^= x << 17
			return des.Time(x % n)
		}
		bad := []span{{2000, 5000 + draw(2)*draw(3000)}}
		for range draw(4) {
			from := 5000 + draw(15000)
			bad = append(bad, span{from, from + 1 + draw(400)})
		}
		n := []des.Time{5, 10, 40, 200}[seed%4]
		for _, fault := range []string{"e1", "e2"} {
			held := des.Time(-1)
			for _, within := range []des.Time{0, 300, 777, 999, 1000, 1500, 2000, 2950, 2999, 3000, 4000, 7000, 9900, 9950, 10000, 12000, 60000} {
				p := outages(span{2, 5}, span{8, 10})
				j := run(t, p, p.Duration, []string{fmt.Sprintf("shoppers recovers within %dms of %s", within, fault)}, failsIn(n, bad...)).Expectations[0]
				if j.Pass {
					held = within
				} else if held >= 0 {
					t.Fatalf("%d requests a second, bad in %v: %s recovers within %dms, but not within %dms: %+v", n, bad, fault, held, within, j)
				}
			}
		}
	}
}

// TestRateToComeBackTo: it is that of the time since the last fault, or else of the
// times without one, not one that earlier faults have spoilt.
func TestRateToComeBackTo(t *testing.T) {
	for _, row := range []struct {
		name   string
		faults []span
		bad    []span // ms; every second request fails from 32s on beside
		pass   bool
	}{
		// From 2s to 30s it is 36%, from 20s on 100%, and 50% in the end.
		{"the last fault was long over", []span{{30, 32}, {2, 20}}, []span{{2000, 20000}, {30000, 32000}}, false},
		{"no fault before", []span{{30, 32}}, []span{{30000, 32000}}, false},
		{"no fault before, and as bad as afterwards", []span{{30, 32}}, []span{{0, 18000}, {30000, 32000}}, true},
		// Up to 2s it is well, and no fault is in force then.
		{"the last fault goes over into it", []span{{30, 32}, {2, 30}}, []span{{2000, 32000}}, false},
		{"the last fault goes on beyond it", []span{{30, 32}, {2, 31}}, []span{{2000, 32000}}, false},
		{"there was always a fault", []span{{30, 32}, {0, 30}}, []span{{0, 18000}, {30000, 32000}}, true},
		{"the time since the last fault is an interval", []span{{30, 32}, {2, 29}}, []span{{2000, 32000}}, true},
	} {
		p := outages(row.faults...)
		p.Duration = 60 * second
		bad := row.bad
		for at := des.Time(32000); at < 60000; at += 200 {
			bad = append(bad, span{at, at + 100})
		}
		j := run(t, p, p.Duration, []string{"shoppers recovers within 5s of e1"}, failsIn(10, bad...)).Expectations[0]
		if j.Pass != row.pass {
			t.Errorf("%s: %+v", row.name, j)
		}
		if row.pass && row.faults[len(row.faults)-1].to == 29 { // and if it is less than one
			p.Interval = 2 * second
			if j := run(t, p, p.Duration, []string{"shoppers recovers within 5s of e1"}, failsIn(10, bad...)).Expectations[0]; j.Pass {
				t.Errorf("%s of a second: %+v", row.name, j)
			}
		}
	}
}

// A source that is asked nothing more after it came back has come back; one that
// answers nothing more has not.
func TestRecoversAndFallsSilent(t *testing.T) {
	for asks, want := range map[bool]string{false: "", true: "6,000 requests had not ended by 120s (7,000 began in that time)"} {
		p := shop()
		well := healthy(p)
		j := run(t, p, p.Duration, []string{"shoppers recovers within 15s of payment-slow"}, func(from, to des.Time, t *sim.Tallies) {
			switch {
			case from < 60*second:
				well(from, to, t)
			case asks:
				t.Sources[shoppers].Offered = uint64(100 * (to - from) / second)
			}
		}).Expectations[0]
		if j.Pass == asks || j.Why != want {
			t.Errorf("%+v, want %q", j, want)
		}
	}
}
