package policy

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestRecent(t *testing.T) {
	upTo := func(n int) []time.Duration { // n ms, …, 2 ms, 1 ms
		var all []time.Duration
		for i := n; i > 0; i-- {
			all = append(all, time.Duration(i)*ms)
		}
		return all
	}
	for _, row := range []struct {
		name string
		seen []time.Duration
		q    float64
		want time.Duration // 0: none yet
	}{
		{"nothing", nil, 0.95, 0},
		{"too few", upTo(19), 0.95, 0},
		{"just enough", upTo(20), 0.95, 19 * ms},
		{"half of twenty", upTo(20), 0.5, 10 * ms},
		{"half of twenty-one", upTo(21), 0.5, 11 * ms},
		{"a little more than half", upTo(20), 0.5001, 11 * ms},
		{"the least", upTo(20), 0, 1 * ms},
		{"the most", upTo(20), 1, 20 * ms},
		{"a quantile that no float has", upTo(100), 0.07, 7 * ms},
		{"p99 of a thousand, and the greatest of its bucket", upTo(1000), 0.99, 998 * ms},
		{"the most of a thousand", upTo(1000), 1, 1000 * ms},
		{"all alike", slices.Repeat([]time.Duration{ms}, 30), 0.95, ms},
		{"the first thousand are forgotten", append(upTo(1000), slices.Repeat([]time.Duration{ms}, 1000)...), 1, ms},
		{"but the last of them", append(upTo(1000), slices.Repeat([]time.Duration{ms}, 999)...), 1, ms},
		{"a bucket that was empty knows nothing of before", slices.Concat([]time.Duration{ms + 7000}, slices.Repeat([]time.Duration{2 * ms}, 1000), slices.Repeat([]time.Duration{ms}, 1000)), 1, ms},
		{"and the second last", append(upTo(1000), slices.Repeat([]time.Duration{ms}, 998)...), 1, 2 * ms},
	} {
		r := NewRecent()
		for i, d := range row.seen {
			r.Add(time.Duration(i)*recentGap, d)
		}
		got, ok := r.Quantile(row.q)
		if got != row.want || ok != (row.want > 0) {
			t.Errorf("%s: quantile %v is %v, %v, want %v", row.name, row.q, got, ok, row.want)
		}
	}
}

// The twin sorts the last 1,000 each time, and counts in whole thousandths. A quantile
// is never less than its, and more by less than a 64th. The test fails when an answer
// that goes does not lower what is below, when one that comes does not raise it, when a
// bucket's greatest is not kept, and with 32 buckets to a doubling: each was tried.
func TestRecentIsAsTheTwinSays(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	for trial := range 30 {
		spread := int64(1) << r.IntN(40) // with many alike, and with none
		rec := NewRecent()
		var all []time.Duration
		for step := range 1000 + r.IntN(3000) {
			d := time.Duration(r.Int64N(spread))
			if r.IntN(300) == 0 { // the callee becomes slower or faster at once
				spread = int64(1) << r.IntN(40)
			}
			rec.Add(time.Duration(step)*recentGap, d)
			all = append(all, d)
			if r.IntN(20) > 0 {
				continue
			}
			last := slices.Clone(all[max(len(all)-1000, 0):])
			slices.Sort(last)
			thousandths := r.IntN(1001)
			rank := max((thousandths*len(last)+999)/1000, 1)
			rec.fresh = 0 // whatever was asked before
			got, ok := rec.Quantile(float64(thousandths) / 1000)
			switch {
			case ok != (len(last) >= 20):
				t.Fatalf("trial %d, step %d: an answer after %d: %v", trial, step, len(last), ok)
			case ok && (got < last[rank-1] || got > last[rank-1]+last[rank-1]/64):
				t.Fatalf("trial %d, step %d: %d thousandths are %v, want %v or up to a 64th more", trial, step, thousandths, got, last[rank-1])
			}
		}
	}
}

// A quantile is worked out anew after 32 answers, or where another is asked for; an answer
// that comes too soon after another is none.
func TestRecentIsGoodForAWhile(t *testing.T) {
	r := NewRecent()
	now := time.Duration(0)
	add := func(n int, d time.Duration) {
		for range n {
			r.Add(now, d)
			r.Add(now+recentGap-1, time.Hour) // too near to the one before
			now += recentGap
		}
	}
	is := func(q float64, want time.Duration) {
		t.Helper()
		if got, _ := r.Quantile(q); got != want {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
	add(20, 1*ms)
	is(0.95, 1*ms)
	add(31, 2*ms)
	is(0.95, 1*ms)
	is(0.96, 2*ms)
	is(0.95, 2*ms)
	add(31, 1*ms)
	is(0.1, 1*ms)
	add(32, 3*ms)
	is(0.9, 3*ms)
}

func TestRecentAllocatesNothingWhenFull(t *testing.T) {
	r := NewRecent()
	now := time.Duration(0)
	add := func(d time.Duration) {
		r.Add(now, d)
		now += recentGap
	}
	for i := range 1000 {
		add(time.Duration(i))
	}
	d := time.Duration(0)
	if n := testing.AllocsPerRun(1000, func() {
		d = (d + 577) % 1000
		add(d)
		r.Quantile(0.95)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkRecent(b *testing.B) {
	b.ReportAllocs()
	r := rand.New(rand.NewPCG(9, 9))
	var ds [4096]time.Duration
	for i := range ds {
		ds[i] = time.Duration(r.ExpFloat64() * float64(10*ms))
	}
	rec := NewRecent()
	for i := 0; b.Loop(); i++ {
		rec.Add(time.Duration(i)*recentGap, ds[i%len(ds)])
		rec.Quantile(0.95)
	}
}
