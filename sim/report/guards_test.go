package report

import (
	"strings"
	"testing"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/topology"

	"github.com/google/go-cmp/cmp"
)

// A turn is a breaker's change of state in a script.
type turn struct {
	at       des.Time
	edge     int
	instance int
	to       topology.BreakerState
}

// turns makes transitions of a script, each from the state that the breaker was in.
func turns(script ...turn) []sim.Transition {
	type breaker struct{ edge, instance int }
	state := map[breaker]topology.BreakerState{}
	var changes []sim.Transition
	for _, t := range script {
		b := breaker{t.edge, t.instance}
		changes = append(changes, sim.Transition{At: t.at, Kind: sim.BreakerChanged, Edge: t.edge, Instance: t.instance, From: state[b], To: t.to})
		state[b] = t.to
	}
	return changes
}

// everywhere is the shop without faults, with two instances of checkout and a
// breaker on every edge.
func everywhere() *sim.Plan {
	p := withoutFaults()
	p.Topology.Services[checkout].Instances = 2
	for _, e := range p.Edges() {
		e.Breaker = &topology.Breaker{}
	}
	return p
}

// TestToldBreakers: what the story says of breakers.
func TestToldBreakers(t *testing.T) {
	closed, halfOpen, open := topology.StateClosed, topology.StateHalfOpen, topology.StateOpen
	down := func(at des.Time, service, instance int) sim.Transition {
		return sim.Transition{At: at, Kind: sim.InstanceDown, Service: service, Instance: instance}
	}
	for _, row := range []struct {
		name    string
		changes []sim.Transition
		open    map[int]des.Time // from 20s to 40s, a second
		want    string
	}{
		{"once, and one instance of two", turns(turn{20 * second, toCharge, 1, open}, turn{40 * second, toCharge, 1, halfOpen}, turn{40 * second, toCharge, 1, closed}),
			map[int]des.Time{toCharge: second}, "at 20s checkout's breaker to payment.charge opened until 40s, open 50%\n"},
		{"a probe fails: until it closes, not until it is half open", turns(turn{20 * second, toCharge, 0, open}, turn{22 * second, toCharge, 0, halfOpen}, turn{22 * second, toCharge, 0, open},
			turn{40 * second, toCharge, 0, halfOpen}, turn{45 * second, toCharge, 0, closed}),
			map[int]des.Time{toCharge: second}, "at 20s checkout's breaker to payment.charge opened 2 times until 45s, open 40%\n"},
		{"as long as some instance's is not closed", turns(turn{20 * second, toCharge, 0, open}, turn{30 * second, toCharge, 1, open}, turn{35 * second, toCharge, 0, closed}, turn{40 * second, toCharge, 1, closed}),
			map[int]des.Time{toCharge: 5 * second / 4}, "at 20s checkout's breaker to payment.charge opened 2 times until 40s, open 62%\n"},
		{"to the end", turns(turn{20 * second, toBuy, 0, open}, turn{119 * second, toBuy, 0, halfOpen}),
			map[int]des.Time{toBuy: second}, "at 20s shoppers' breaker to gateway.buy opened until the end, open 20%\n"},
		{"a caller that crashed has none any more", append(turns(turn{20 * second, toCharge, 1, open}), down(30*second, checkout, 1)),
			map[int]des.Time{toCharge: second / 2}, "at 20s checkout's breaker to payment.charge opened until 30s, open 50%\n"},
		{"another one's crash changes nothing", append(turns(turn{20 * second, toCharge, 1, open}), down(30*second, checkout, 0), down(30*second, gateway, 1)),
			map[int]des.Time{toCharge: second}, "at 20s checkout's breaker to payment.charge opened until the end, open 10%\n"},
		{"only so many", turns(turn{20 * second, toBuy, 0, open}, turn{20 * second, toBrowse, 0, open}, turn{20 * second, toCheckout, 0, open}, turn{20 * second, toCharge, 0, open}, turn{20 * second, toNote, 0, open}),
			nil, "not told here: 2 more breakers that opened\n"},
	} {
		p := everywhere()
		well := healthy(p)
		r := runWith(t, p, p.Duration, nil, row.changes, func(from, to des.Time, t *sim.Tallies) {
			well(from, to, t)
			if from >= 20*second && from < 40*second {
				for edge, open := range row.open {
					t.Edges[edge].Open = open
				}
			}
		})
		if !strings.Contains(told(r), row.want) {
			t.Errorf("%s: got\n%swant\n%s", row.name, told(r), row.want)
		}
		if n := strings.Count(told(r), "breaker to"); n > maxToldBreakers {
			t.Errorf("%s: %d are told", row.name, n)
		}
	}
}

// TestGuardsShown: what the summary says of guards, a line each.
func TestGuardsShown(t *testing.T) {
	p := everywhere()
	p.Topology.Services[checkout].Autoscale = &topology.Autoscale{Min: 2, Max: 4}
	p.Edges()[toNote].Cache = &topology.Cache{}
	well := healthy(p)
	script := func(from, to des.Time, t *sim.Tallies) {
		well(from, to, t)
		buy := &t.Edges[toBuy]
		buy.TurnedAway[topology.RateLimited], buy.TurnedAway[topology.Throttled] = 20, 80 // beside 100 sent
		charge := &t.Edges[toCharge]
		charge.Open = second // of one of four
		charge.TurnedAway[topology.BreakerOpen], charge.TurnedAway[topology.BulkheadFull] = 50, 50
		charge.Hedges = 3
		note := &t.Edges[toNote]
		note.Calls, note.CacheHits, note.CacheMisses = 200, 150, 50
		s := &t.Services[gateway]
		s.Arrived, s.Answers[topology.Limited], s.Answers[topology.Cancelled] = 200, 50, 1
	}
	changes := turns(turn{5 * second, toCharge, 0, topology.StateOpen}) // in the warm-up
	added := sim.Transition{At: 60 * second, Kind: sim.InstanceAdded, Service: checkout, Instance: 2}
	r := runWith(t, p, p.Duration, nil, append(changes, added), script)
	want := `
Guards
  shoppers->gateway.buy     rate limited 10%, throttled 40%
  checkout->payment.charge  breaker open 25%, turned away 25%; bulkhead full
                            25%; hedges 3% (330)
  checkout->payment.note    cache hits 75%
  gateway                   limited 25%, cancelled 0.5%
  checkout                  1 instance added, 0 removed
`
	if text := string(asText(t, r, TextOptions{})); !strings.Contains(text, want) {
		t.Errorf("got\n%s\nwant%s", text, want)
	}
	if text := string(asText(t, r, TextOptions{Width: 100})); !strings.Contains(text, "  checkout….charge open "+strings.Repeat("▂", 60)) {
		t.Errorf("no chart of the breaker:\n%s", text)
	}
	if !strings.Contains(told(r), "at 60s checkout was scaled: 1 instance added\n") {
		t.Errorf("got\n%s", told(r))
	}
	r = run(t, p, p.Duration, nil, well)
	if text := string(asText(t, r, TextOptions{})); strings.Contains(text, "Guards") || strings.Contains(text, "breaker") {
		t.Errorf("guards that did nothing:\n%s", text)
	}
}

// With guards on many edges those are shown that did most, in file order.
func TestManyGuards(t *testing.T) {
	p := withoutFaults()
	s := &p.Topology.Services[checkout].Operations[0]
	s.Steps = nil
	for range 20 {
		s.Steps = append(s.Steps, callTo(payment, 0))
	}
	p.Topology.Index()
	r := run(t, p, p.Duration, nil, func(from, to des.Time, t *sim.Tallies) {
		for k := range 20 {
			e := &t.Edges[toCharge+k]
			e.Calls, e.Attempts, e.Hedges = 100, 100, uint64(k*7%20)
		}
	})
	var got []string
	_, rest, _ := strings.Cut(string(asText(t, r, TextOptions{})), "Guards\n")
	for _, l := range strings.Split(rest, "\n")[:maxGuardRows+1] {
		got = append(got, strings.Join(strings.Fields(l), " "))
	}
	want := []string{ // of step k, from 0 on, 7k mod 20 in a hundred
		"checkout->payment.charge#3 hedges 14% (1,540)", "checkout->payment.charge#6 hedges 15% (1,650)", "checkout->payment.charge#9 hedges 16% (1,760)",
		"checkout->payment.charge#12 hedges 17% (1,870)", "checkout->payment.charge#15 hedges 18% (1,980)", "checkout->payment.charge#18 hedges 19% (2,090)", "and 13 more"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestGuardsOfClients: whose guard it was that turned a source's requests away is
// said where only one can have been.
func TestGuardsOfClients(t *testing.T) {
	for _, row := range []struct {
		kind topology.Outcome
		own  bool
		want string
	}{
		{topology.RateLimited, false, ": rate limited by gateway"}, {topology.RateLimited, true, ": rate limited"},
		{topology.BulkheadFull, false, ": bulkhead full at gateway"}, {topology.BulkheadFull, true, ": bulkhead full"},
		{topology.Limited, true, ": limited by gateway"}, {topology.BreakerOpen, true, ": breaker open"}, {topology.Throttled, true, ": throttled"},
	} {
		p := withoutFaults()
		if row.own {
			p.Sources[shoppers].Edge.RateLimit, p.Sources[shoppers].Edge.Bulkhead = &topology.RateLimit{}, 3
		}
		r := run(t, p, p.Duration, nil, func(from, to des.Time, t *sim.Tallies) {
			fail(t, shoppers, 60, row.kind, 40)
		})
		if !strings.Contains(told(r), row.want+"\n") {
			t.Errorf("%v: got\n%swant %s", row, told(r), row.want)
		}
	}
}
