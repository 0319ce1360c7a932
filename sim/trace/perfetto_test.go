package trace_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/sim/trace"
	"cascade/topology"
)

// A chromeEvent is one of a trace event file, times in nanoseconds.
type chromeEvent struct {
	Phase   string         `json:"ph"`
	Name    string         `json:"name"`
	Process int            `json:"pid"`
	Thread  int            `json:"tid"`
	Time    float64        `json:"ts"`
	Lasts   float64        `json:"dur"`
	ID      int            `json:"id"`
	Bind    string         `json:"bp"`
	Args    map[string]any `json:"args"`
}

func (e *chromeEvent) from() int64 { return int64(math.Round(e.Time * 1000)) }
func (e *chromeEvent) to() int64   { return e.from() + int64(math.Round(e.Lasts*1000)) }

func chromeEvents(t testing.TB, file []byte) []chromeEvent {
	t.Helper()
	var all struct {
		Events []chromeEvent `json:"traceEvents"`
	}
	if err := json.Unmarshal(file, &all); err != nil {
		t.Fatal(err)
	}
	return all.Events
}

// nests looks at a file, and says how many slices and arrows it has.
func nests(t *testing.T, name string, all []chromeEvent) (n, arrows int) {
	type lane struct{ process, thread int }
	lanes := map[lane][]*chromeEvent{}
	named := map[lane]bool{}
	begins, ends := map[int]*chromeEvent{}, map[int]*chromeEvent{}
	for i := range all {
		e := &all[i]
		l := lane{e.Process, e.Thread}
		switch e.Phase {
		case "X":
			lanes[l] = append(lanes[l], e)
			n++
		case "M":
			switch e.Name {
			case "thread_name":
				named[l] = true
			case "process_name":
				named[lane{e.Process, -1}] = true
			}
		case "s":
			if begins[e.ID] != nil {
				t.Errorf("%s: two arrows %d", name, e.ID)
			}
			begins[e.ID] = e
		case "f":
			if ends[e.ID] != nil || e.Bind != "e" {
				t.Errorf("%s: two arrows %d, or one that ends at no slice", name, e.ID)
			}
			ends[e.ID] = e
		}
	}
	for l, in := range lanes {
		if !named[l] || !named[lane{l.process, -1}] {
			t.Errorf("%s: lane %v has no name", name, l)
		}
		// As Perfetto reads them: by their beginning, the one that is first in the file first.
		slices.SortStableFunc(in, func(a, b *chromeEvent) int { return cmp.Compare(a.from(), b.from()) })
		var open []*chromeEvent
		for _, e := range in {
			for len(open) > 0 && open[len(open)-1].to() <= e.from() {
				open = open[:len(open)-1]
			}
			if len(open) > 0 {
				if o := open[len(open)-1]; e.to() > o.to() || e.Args["trace"] != o.Args["trace"] {
					t.Fatalf("%s: in lane %v %+v stands in %+v", name, l, e, o)
				}
			}
			open = append(open, e)
		}
	}
	at := func(e *chromeEvent) bool {
		return slices.ContainsFunc(lanes[lane{e.Process, e.Thread}], func(s *chromeEvent) bool { return s.from() <= e.from() && e.from() <= s.to() })
	}
	for id, b := range begins {
		e := ends[id]
		if e == nil || e.Time < b.Time || !at(b) || !at(e) {
			t.Errorf("%s: arrow %d from %+v to %+v", name, id, b, e)
		}
		arrows++
	}
	if len(ends) != len(begins) {
		t.Errorf("%s: %d arrows begin and %d end", name, len(begins), len(ends))
	}
	return n, arrows
}

// What Perfetto shows of the request of TestOTLPOfARequest: lane by lane, what stands in what.
func TestPerfettoOfARequest(t *testing.T) {
	c, _ := followed(t, parsed(t, shop("burst: {at: 0s, count: 1}", "0s", "20ms")), trace.Options{})
	var b strings.Builder
	for _, e := range chromeEvents(t, perfetto(t, c)) {
		switch e.Phase {
		case "M":
			if e.Name != "process_sort_index" {
				fmt.Fprintf(&b, "%d/%d is %s\n", e.Process, e.Thread, e.Args["name"])
			}
		case "X":
			fmt.Fprintf(&b, "  %d/%d %s %gms–%gms\n", e.Process, e.Thread, e.Name, e.Time/1000, (e.Time+e.Lasts)/1000)
		case "i":
			fmt.Fprintf(&b, "  %d/%d at %gms: %s\n", e.Process, e.Thread, e.Time/1000, e.Name)
		case "s":
			fmt.Fprintf(&b, "  %d/%d arrow %d begins\n", e.Process, e.Thread, e.ID)
		case "f":
			fmt.Fprintf(&b, "  %d/%d arrow %d ends\n", e.Process, e.Thread, e.ID)
		}
	}
	const want = `1/0 is cascade: shop
1/1 is slow-payment
  1/1 slow-payment 0ms–20ms
  1/1 at 0ms: slow-payment
2/0 is people-0
2/1 is lane 1
  2/1 shop 0ms–67ms
  2/1 arrow 1 begins
3/0 is shop-0
3/1 is lane 1
  3/1 shop 0ms–67ms
  3/1 arrow 1 ends
  3/1 work 0ms–5ms
  3/1 payment 5ms–67ms
  3/1 payment 5ms–35ms
  3/1 arrow 2 begins
  3/1 backoff 35ms–45ms
  3/1 payment 45ms–67ms
  3/1 arrow 3 begins
  3/1 publish mails 67ms–67ms
  3/1 arrow 4 begins
4/0 is payment-0
4/1 is lane 1
  4/1 payment 6ms–46ms
  4/1 at 35ms: given up
  4/1 arrow 2 ends
  4/1 work 6ms–46ms
  4/1 payment 46ms–66ms
  4/1 arrow 3 ends
  4/1 work 46ms–66ms
5/0 is mailer-0
5/1 is lane 1
  5/1 process mails 71ms–81ms
  5/1 arrow 4 ends
  5/1 work 71ms–81ms
`
	if got := b.String(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// A service that calls itself, and gives up: what goes on in the same instance for nobody
// lasts longer than what asked for it, and has to stand in a lane of its own. The call came
// to one try and ended otherwise, so that it tells something the try does not.
func TestTracesOfSpansByHand(t *testing.T) {
	p := parsed(t, shop("burst: {at: 0s, count: 1}", "0s", "20ms"))
	c := trace.NewCollector(p, trace.Options{})
	if !c.Follow(0, 0, 7) {
		t.Fatal("the only request is not wanted")
	}
	const ms = des.Time(1e6)
	tell := func(kind sim.SpanKind, id, parent int, from, to des.Time, o topology.Outcome) {
		s := sim.Span{Kind: kind, Trace: 7, ID: id, Parent: parent, From: from, To: to, Outcome: o, Thread: des.Never, GivenUp: des.Never}
		switch kind {
		case sim.SpanRequest:
			s.Service = -1
		case sim.SpanStay:
			s.Thread = from
		case sim.SpanCall, sim.SpanAttempt:
			s.Edge = 1
		}
		c.Span(&s)
	}
	tell(sim.SpanRequest, 1, 0, 0, 10*ms, topology.Success)
	tell(sim.SpanStay, 2, 1, 0, 10*ms, topology.Success)
	tell(sim.SpanCall, 3, 2, 1*ms, 5*ms, topology.Error)
	tell(sim.SpanAttempt, 4, 3, 1*ms, 5*ms, topology.Timeout)
	tell(sim.SpanStay, 5, 4, 2*ms, 20*ms, topology.Success)
	c.Sample(&sim.Sample{To: 30 * ms})
	all := chromeEvents(t, perfetto(t, c))
	nests(t, "by hand", all)
	lanes := map[float64]int{}
	for _, e := range all {
		if e.Phase == "X" {
			lanes[e.Lasts/1000] = e.Thread
		}
	}
	if lanes[10] != 1 || lanes[18] != 2 {
		t.Errorf("what lasts 10 ms is in lane %d, and what goes on in it, and lasts longer, in %d", lanes[10], lanes[18])
	}
	calls := 0
	for _, s := range decoded(t, otlp(t, c)) {
		if s.notes["cascade.kind"] == "call" {
			calls++
		}
	}
	if calls != 1 {
		t.Errorf("%d calls are told, want the one that ended otherwise than its try", calls)
	}
}
