package report_test

import (
	"testing"
	"time"

	"cascade/scenarios"
	"cascade/sim"
	"cascade/sim/des"
	"cascade/sim/report"
)

func runTo(t *testing.T, at time.Duration, sets ...scenarios.Override) *report.Report {
	t.Helper()
	return runOf(t, "slow-dependency", at, sets...)
}

func runOf(t *testing.T, name string, at time.Duration, sets ...scenarios.Override) *report.Report {
	t.Helper()
	s, err := scenarios.Builtin(name, sets...)
	if err != nil {
		t.Fatal(err)
	}
	c := report.NewCollector(s.Plan, s.Expectations)
	system := sim.New(s.Plan, c)
	system.RunUntil(des.Time(at))
	totals, err := system.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return c.Report(totals)
}

// A run whose payment service mends itself at 40 s is held against one where it does not:
// every number is added up here from the timelines.
func TestDifference(t *testing.T) {
	const from, to = 40, 55
	mended := runTo(t, to*time.Second, scenarios.Override{Path: "faults.payment-slow.for", Value: "10s"})
	not := runTo(t, to*time.Second)
	d := report.Compare(mended, not, from*des.Time(time.Second))
	if d.From.Seconds() != from || d.To.Seconds() != to {
		t.Fatalf("it is of %v to %v", d.From, d.To)
	}
	for k, r := range []*report.Report{mended, not} {
		sum := 0.0
		for _, s := range r.Timeline.Sources {
			for n := from; n < to; n++ {
				sum += float64(s.Succeeded[n])
			}
			if s.Name == "shoppers" && (d.Source != s.Name || d.P99[k] != s.P99[to-1]) {
				t.Errorf("p99 of %s is %v, want of shoppers %v", d.Source, d.P99[k], s.P99[to-1])
			}
		}
		if d.Goodput[k] != sum/(to-from) {
			t.Errorf("goodput %v, want %v", d.Goodput[k], sum/(to-from))
		}
		for _, s := range r.Timeline.Services {
			held := 0.0
			for n := from; n < to; n++ {
				held += s.Saturation[n] / (to - from)
			}
			if by := d.Held[k] - held; s.Name == d.Service && (by > 1e-9 || by < -1e-9) {
				t.Errorf("%s is held to %v, want %v", s.Name, d.Held[k], held)
			}
		}
	}
	if d.Goodput[0] < 1.5*d.Goodput[1] || d.Held[0] > 0.7*d.Held[1] || d.P99[0] > d.P99[1]/2 {
		t.Errorf("mended it is hardly better: %+v", d)
	}
	for columns, want := range map[int]string{
		110: "goodput 256/s (103/s) · shoppers p99 now 87.6ms (1.67s) · gateway held 8.4% (100%) · wasted work 0s (0s)",
		90:  "goodput 256/s (103/s) · shoppers p99 now 87.6ms (1.67s) · gateway held 8.4% (100%)",
		80:  "goodput 256/s (103) · shoppers p99 87.6ms (1.67s) · gateway 8.4% (100%)",
		70:  "goodput 256/s (103) · p99 87.6ms (1.67s) · gateway 8.4% (100%)",
	} {
		if got := d.Text(columns); got != want {
			t.Errorf("in %d columns it reads\n%s\nwant\n%s", columns, got, want)
		}
	}
	if d := report.Compare(mended, not, to*des.Time(time.Second)); d.Text(80) != "nothing has happened yet that could differ" {
		t.Errorf("of no time it says %q", d.Text(80))
	}
}

// Where a time-out fails every shopper the p99 of the visitors, who are fast, is none of theirs.
func TestDifferenceIsOfOneSource(t *testing.T) {
	r := runTo(t, 45*time.Second, scenarios.Override{Path: "services.gateway.operations.buy.steps.1.timeout", Value: "200ms"})
	d := report.Compare(r, runTo(t, 45*time.Second), 29*des.Time(time.Second))
	if d.Source != "shoppers" || d.P99[0] != 0 || d.P99[1] < 1 {
		t.Errorf("p99 of %s is %v", d.Source, d.P99)
	}
	const want = "goodput 108/s (110) · shoppers p99 - (1.58s) · gateway 22% (93%) · wasted 473s (0s)"
	if got := d.Text(90); got != want {
		t.Errorf("it reads\n%s\nwant\n%s", got, want)
	}
}

// Where there are queues the line tells of the one where what is not done differs most:
// of a stream in its slowest group.
func TestDifferenceOfQueues(t *testing.T) {
	for _, row := range []struct {
		name, queue, text string
		set               scenarios.Override
	}{
		{"checkout-email-queue", "receipts", "goodput 206/s (206/s) · buyers p99 now 104ms (104ms) · email held 86% (100%) · receipts not done 4.08 (1,275)", scenarios.Override{Path: "faults.email-slow.for", Value: "10s"}},
		{"hot-partition", "changes", "goodput 100/s (100/s) · p99 now 9.46ms (9.46ms) · indexer held 0% (60%) · changes not done 1,882 (554)", scenarios.Override{Path: "faults", Value: "[{at: 40s, crash: {on: indexer}}]"}},
	} {
		const from, to = 40, 55
		r, other := runOf(t, row.name, to*time.Second, row.set), runOf(t, row.name, to*time.Second)
		d := report.Compare(r, other, from*des.Time(time.Second))
		for k, of := range []*report.Report{r, other} {
			for i := range of.Timeline.Queues {
				q := &of.Timeline.Queues[i]
				most := 0.0
				for g := range q.Readers {
					most = max(most, q.Readers[g].Depth[to-1]+q.Readers[g].Held[to-1])
				}
				if q.Name == row.queue && (d.Queue != row.queue || d.Lag[k] != most) {
					t.Errorf("%s: %s has %v, want of %s %v", row.name, d.Queue, d.Lag, row.queue, most)
				}
			}
		}
		if got := d.Text(120); got != row.text {
			t.Errorf("%s reads\n%s\nwant\n%s", row.name, got, row.text)
		}
	}
}
