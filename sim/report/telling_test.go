package report

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/topology"

	"github.com/google/go-cmp/cmp"
)

// atLength is the long story as lines, each with its tone.
func atLength(r *Report) string {
	var b strings.Builder
	for _, l := range r.LongStory() {
		fmt.Fprintf(&b, "%s %s\n", [...]string{Plain: " ", Caused: "=", Trouble: "!", Recovered: "+", Changed: "~"}[l.Tone], l)
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

// TestEffectsBehindTheirCause: what began in an interval in which a fault began is told
// behind the fault, however long the interval.
func TestEffectsBehindTheirCause(t *testing.T) {
	set := func(at des.Time) sim.Fault {
		return sim.Fault{Name: "deploy", Kind: sim.Set, On: "staff->gateway.browse", Edges: []int{toBrowse}, Set: sim.Settings{Timeout: new(time.Duration)}, From: at, Until: 120 * second}
	}
	fault := func(name string, at des.Time) sim.Fault {
		return sim.Fault{Name: name, Kind: sim.Latency, On: "payment.charge", Ops: []topology.OpRef{{Service: payment}}, From: at, Until: 60 * second}
	}
	for _, row := range []struct {
		name   string
		faults []sim.Fault
		end    des.Time
		want   string
	}{
		{"on the edge of an interval", []sim.Fault{fault("slow", 20*second)}, 42 * second, "20s slow, 20s payment, 20s shoppers"},
		{"within one", []sim.Fault{fault("slow", 24*second)}, 42 * second, "24s slow, 24s payment, 24s shoppers"},
		{"in the one before", []sim.Fault{fault("slow", 17*second)}, 42 * second, "17s slow, 20s payment, 20s shoppers"},
		{"two in one", []sim.Fault{fault("slow", 24*second), fault("slower", 27*second)}, 42 * second, "24s slow, 27s slower, 27s payment, 27s shoppers"},
		{"the cure in the same", []sim.Fault{fault("slow", 24*second), set(28 * second)}, 42 * second, "24s slow, 24s payment, 24s shoppers, 28s deploy"},
		{"a set that broke it", []sim.Fault{set(24 * second)}, 42 * second, "24s deploy, 24s payment, 24s shoppers"},
		{"one that has not begun yet", []sim.Fault{fault("slow", 22*second), fault("slower", 29*second)}, 28500 * ms, "22s slow, 22s payment, 22s shoppers"},
	} {
		p := shop()
		p.Interval, p.Faults = 10*second, row.faults
		well := healthy(p)
		r := run(t, p, row.end, nil, func(from, to des.Time, t *sim.Tallies) {
			well(from, to, t)
			if from >= 20*second {
				pool(t, p, payment, to-from, 40, 4)
				requests(t, shoppers, to-from, 100, 40)
			}
		})
		for i, lines := range [][]Line{r.Story(), r.LongStory()} {
			var got []string
			for _, l := range lines {
				if l.Timed {
					got = append(got, clock(l.At)+" "+strings.FieldsFunc(l.Text, func(r rune) bool { return r == ' ' || r == ':' })[0])
				}
			}
			if got := strings.Join(got, ", "); got != row.want {
				t.Errorf("%s, long %v: got %s, want %s", row.name, i == 1, got, row.want)
			}
		}
	}
}
