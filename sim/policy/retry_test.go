package policy

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"cascade/topology"
)

const (
	ms       = time.Millisecond
	justOne  = 1 - 0x1p-53 // the largest u there is
	allTimes = time.Duration(math.MaxInt64)
)

func TestBackoff(t *testing.T) {
	retry := func(first time.Duration, factor float64, max time.Duration, j topology.Jitter) topology.Retry {
		return topology.Retry{Backoff: first, Factor: factor, Max: max, Jitter: j}
	}
	const no, full, equal = topology.NoJitter, topology.FullJitter, topology.EqualJitter
	for _, row := range []struct {
		retry topology.Retry
		k     int
		u     float64
		want  time.Duration
	}{
		{retry(0, 2, 10*time.Second, full), 1, 0.9, 0},
		{retry(0, 2, 10*time.Second, no), 1 << 20, 0.9, 0},

		{retry(50*ms, 2, time.Second, no), 1, 0.7, 50 * ms},
		{retry(50*ms, 2, time.Second, no), 2, 0.7, 100 * ms},
		{retry(50*ms, 2, time.Second, no), 3, 0.7, 200 * ms},
		{retry(50*ms, 2, time.Second, no), 5, 0.7, 800 * ms},
		{retry(50*ms, 2, time.Second, no), 6, 0.7, time.Second}, // not 1.6 s
		{retry(50*ms, 2, time.Second, no), 7, 0.7, time.Second},
		{retry(50*ms, 1, time.Second, no), 9, 0, 50 * ms},
		{retry(50*ms, 3, time.Minute, no), 4, 0, 1350 * ms},
		{retry(50*ms, 1.5, time.Minute, no), 3, 0, 112500 * time.Microsecond},
		{retry(100*ms, 0.5, time.Second, no), 3, 0, 25 * ms}, // shorter each time
		{retry(100*ms, 0, time.Second, no), 1, 0, 100 * ms},
		{retry(100*ms, 0, time.Second, no), 2, 0, 0},
		{retry(2*time.Second, 2, time.Second, no), 1, 0, time.Second}, // more than the most, from the first on
		{retry(50*ms, 2, 0, no), 1, 0, 0},
		{retry(1, 1.5, time.Second, no), 2, 0, 2}, // to the nearest nanosecond

		// As far as one likes, and as long.
		{retry(50*ms, 2, 10*time.Second, no), 1 << 40, 0, 10 * time.Second},
		{retry(50*ms, 1e6, 10*time.Second, no), math.MaxInt, 0, 10 * time.Second},
		{retry(time.Hour, 2, allTimes, no), 1000, 0, allTimes},
		{retry(allTimes, 2, allTimes, no), 1, 0, allTimes},
		{retry(allTimes, 2, allTimes, full), 9, 0.5, 1 << 62},
		{retry(allTimes, 2, allTimes, equal), 9, 0, 1 << 62},

		{retry(50*ms, 2, time.Second, full), 1, 0, 0},
		{retry(50*ms, 2, time.Second, full), 1, 0.5, 25 * ms},
		{retry(50*ms, 2, time.Second, full), 3, 0.25, 50 * ms},
		{retry(50*ms, 2, time.Second, full), 9, 0.25, 250 * ms}, // of the most, not cut off at it
		{retry(50*ms, 2, time.Second, full), 9, justOne, time.Second},

		{retry(50*ms, 2, time.Second, equal), 1, 0, 25 * ms},
		{retry(50*ms, 2, time.Second, equal), 1, 0.5, 37500 * time.Microsecond},
		{retry(50*ms, 2, time.Second, equal), 2, 0.5, 75 * ms},
		{retry(50*ms, 2, time.Second, equal), 9, 0.5, 750 * ms},
		{retry(50*ms, 2, time.Second, equal), 9, justOne, time.Second},
	} {
		if got := Backoff(&row.retry, row.k, row.u); got != row.want {
			t.Errorf("%v, factor %v, at most %v, jitter %d, retry %d, u %v: %v, want %v",
				row.retry.Backoff, row.retry.Factor, row.retry.Max, row.retry.Jitter, row.k, row.u, got, row.want)
		}
	}
}

// At any retry the wait is within what its jitter allows of the wait without, never
// negative and never above the most; over evenly spaced u, full jitter comes to half
// of it on average and equal jitter to three quarters.
func TestBackoffJitterBounds(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		p := topology.Retry{
			Backoff: time.Duration(1000 + r.Int64N(1<<uint(11+r.IntN(52))-1000)),
			Factor:  math.Exp(3 * r.NormFloat64()),
			Max:     time.Duration(1000 + r.Int64N(1<<uint(11+r.IntN(52))-1000)),
		}
		k := 1 + r.IntN(1<<uint(1+r.IntN(20)))
		whole := Backoff(&p, k, 0)
		if whole < 0 || whole > p.Max {
			t.Fatalf("%+v, retry %d: %v", p, k, whole)
		}
		for _, j := range []struct {
			kind        topology.Jitter
			least, mean float64
		}{{topology.FullJitter, 0, 0.5}, {topology.EqualJitter, 0.5, 0.75}} {
			p.Jitter = j.kind
			const steps = 100
			sum, last := 0.0, time.Duration(-1)
			for i := range steps {
				wait := Backoff(&p, k, (float64(i)+0.5)/steps)
				if wait < last || wait > whole || float64(wait) < j.least*float64(whole)-1 {
					t.Fatalf("%+v, retry %d: %v after %v, of %v", p, k, wait, last, whole)
				}
				sum += float64(wait)
				last = wait
			}
			if want := j.mean * float64(whole); math.Abs(sum/steps-want) > 0.5+1e-9*want {
				t.Fatalf("%+v, retry %d: mean %v, want %v", p, k, sum/steps, want)
			}
		}
	}
}

func BenchmarkBackoff(b *testing.B) {
	b.ReportAllocs()
	p := topology.Retry{Backoff: ms, Factor: 2, Max: time.Second, Jitter: topology.FullJitter}
	k := 0
	for b.Loop() {
		k++
		Backoff(&p, 1+k&7, 0.5)
	}
}

func TestBackoffAllocatesNothing(t *testing.T) {
	p := topology.Retry{Backoff: ms, Factor: 2, Max: time.Second, Jitter: topology.FullJitter}
	if n := testing.AllocsPerRun(100, func() {
		if Backoff(&p, 3, 0.5) != 2*ms {
			t.Error("another wait")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
