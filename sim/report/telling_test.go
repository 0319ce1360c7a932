package report

import (
	"fmt"
	"strings"
	"testing"

	"cascade/sim"
	"cascade/sim/des"

	"github.com/google/go-cmp/cmp"
)

// atLength is the long story as lines, each with its tone.
func atLength(r *Report) string {
	var b strings.Builder
	for _, l := range r.LongStory() {
		fmt.Fprintf(&b, "%s %s\n", [...]string{Plain: " ", Caused: "=", Trouble: "!", Recovered: "+"}[l.Tone], l)
	}
	return b.String()
}

// TestLongStory: who follows a run is told what lasts as what lasts, and what a fault
// was once it is over.
func TestLongStory(t *testing.T) {
	for _, row := range []struct {
		name   string
		script func(*sim.Plan) func(from, to des.Time, t *sim.Tallies)
		end    des.Time
		story  string
	}{
		{"before anything", chain, 20 * second, `
  no service has been saturated yet
`},
		{"while it goes on", chain, 40500 * ms, `
= at 30s payment-slow begins: latency on payment.charge, until 50s
! at 31s payment saturated ever since; 100% own work (payment-slow: latency)
! at 32s checkout saturated ever since; 99% of its thread time waits on payment
! at 33s gateway saturated ever since; 97% of its thread time waits on checkout (root: payment)
! at 33s shoppers: 60% failed ever since: timeout
  payment did 32% of its work for callers that had given up
  it is not back yet
`},
		{"to the end", chain, 120 * second, `
= at 30s payment-slow begins: latency on payment.charge, until 50s
! at 31s payment saturated until 52s; 100% own work (payment-slow: latency)
! at 32s checkout saturated until 54s; 99% of its thread time waits on payment
! at 33s gateway saturated until 55s; 97% of its thread time waits on checkout (root: payment)
! at 33s shoppers: 61% failed until 55s, worst 90% at 45s: timeout
= at 50s payment-slow is over
+ at 55s everything was back to what it was before
  payment did 24% of its work for callers that had given up
`},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := shop()
			got := atLength(run(t, p, row.end, nil, row.script(p)))
			if diff := cmp.Diff(strings.TrimPrefix(row.story, "\n"), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestLongStoryAtLength: it tells every span and every fault, the last 200 of what there is to tell, and
// how much there was before; the summary tells the longest span only, and a few faults.
func TestLongStoryAtLength(t *testing.T) {
	p := shop()
	for i := range 9 {
		f := p.Faults[0]
		f.Name = fmt.Sprint("fault-", i)
		f.From += des.Time(i+1) * second
		p.Faults = append(p.Faults, f)
	}
	r := run(t, p, p.Duration, nil, chain(p))
	spans := func(n int) {
		r.Cascade.Saturated, r.Cascade.notes = nil, nil
		for i := range n {
			at := (30 + des.Time(i)) * second
			r.Cascade.Saturated = append(r.Cascade.Saturated, Saturated{Service: "payment", At: at, Until: at + second/2, Share: 1, Root: "payment"})
			r.Cascade.notes = append(r.Cascade.notes, note{told: true})
		}
	}
	count := func(lines []Line, what string) (n int) {
		for _, l := range lines {
			if l.Timed && strings.Contains(l.Text, what) {
				n++
			}
		}
		return n
	}
	spans(20)
	for what, want := range map[string][2]int{"saturated": {1, 20}, "begins": {maxToldFaults, 10}, "is over": {0, 10}} {
		if got := [2]int{count(r.Story(), what), count(r.LongStory(), what)}; got != want {
			t.Errorf("%s: the summary and the long story tell %v times, want %v", what, got, want)
		}
	}
	if text := atLength(r); strings.Contains(text, "not told here") {
		t.Errorf("something is not told:\n%s", text)
	}
	others := count(r.LongStory(), "") - 20
	for _, n := range []int{190, 500} {
		spans(n)
		long := r.LongStory()
		whole := others + n
		want := fmt.Sprintf("not told here: %d lines before %s", whole-maxLongStory, clock(long[0].At))
		if got := long[len(long)-1].Text; count(long, "") != maxLongStory || got != want {
			t.Errorf("of %d lines it tells %d, and %q; want %d and %q", whole, count(long, ""), got, maxLongStory, want)
		}
		if last := long[maxLongStory-1]; n == 500 && last.At != (30+499)*second {
			t.Errorf("it tells last what was at %s", clock(last.At))
		}
	}
}
