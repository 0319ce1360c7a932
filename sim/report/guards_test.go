package report

import (
	"reflect"
	"strings"
	"testing"
	"time"

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

// TestSpellsOfBreakers: incidents far apart are told one by one, and not too many;
// of 120s a while is 12s.
func TestSpellsOfBreakers(t *testing.T) {
	open := func(spans ...des.Time) []sim.Transition { // from, until, from, until …, in seconds
		var script []turn
		for i := 0; i < len(spans); i += 2 {
			script = append(script, turn{spans[i] * second, toCharge, 0, topology.StateOpen}, turn{spans[i+1] * second, toCharge, 0, topology.StateClosed})
		}
		return turns(script...)
	}
	const says = "checkout's breaker to payment.charge opened "
	for _, row := range []struct {
		name             string
		changes          []sim.Transition
		openFor, deploys time.Duration // of the breaker; of one that a set brings
		want             []string
	}{
		{"closed for no longer than a while", open(20, 40, 52, 56), 0, 0, []string{"at 20s " + says + "2 times until 56s, open 33%"}},
		{"for longer", open(20, 40, 53, 58), 0, 0, []string{"at 20s " + says + "until 40s, open 50%", "at 53s " + says + "until 58s, open 50%"}},
		{"but not than it stays open", open(20, 40, 53, 58), 13 * time.Second, 0, []string{"at 20s " + says + "2 times until 58s, open 33%"}},
		{"nor than another one will", open(20, 40, 53, 58), 0, 13 * time.Second, []string{"at 20s " + says + "2 times until 58s, open 33%"}},
		{"four: those in the middle are the least apart", open(15, 20, 35, 40, 53, 58, 80, 85), 0, 0,
			[]string{"at 15s " + says + "until 20s, open 50%", "at 35s " + says + "2 times until 58s, open 22%", "at 80s " + says + "until 85s, open 50%"}},
		{"five, the last to the end", open(15, 20, 35, 40, 60, 65, 80, 85, 98, 200), 0, 0,
			[]string{"at 15s " + says + "2 times until 40s, open 20%", "at 60s " + says + "until 65s, open 50%", "at 80s " + says + "2 times until the end, open 34%"}},
	} {
		p := everywhere()
		p.Edges()[toCharge].Breaker.OpenFor = row.openFor
		if row.deploys > 0 {
			p.Faults = []sim.Fault{{Name: "deploy", Kind: sim.Set, On: "x", Edges: []int{toCharge}, From: 100 * second, Until: p.Duration, Set: sim.Settings{Breaker: &topology.Breaker{OpenFor: row.deploys}}}}
		}
		well := healthy(p)
		isOpen := false
		changes := row.changes
		r := runWith(t, p, p.Duration, nil, row.changes, func(from, to des.Time, t *sim.Tallies) {
			well(from, to, t)
			for ; len(changes) > 0 && changes[0].At <= from; changes = changes[1:] {
				isOpen = changes[0].To == topology.StateOpen
			}
			if isOpen { // one instance's of two
				t.Edges[toCharge].Open = to - from
			}
		})
		var got []string
		for _, l := range strings.Split(told(r), "\n") {
			if strings.Contains(l, "breaker to") {
				got = append(got, l)
			}
		}
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, diff)
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
		charge.Retries, charge.Unpaid = 10, 30
		t.Edges[toCheckout].Ejections = 2
		if from == 60*second {
			t.Edges[toNote].Ejections = 1
		}
		note := &t.Edges[toNote]
		note.Calls, note.CacheHits, note.CacheMisses = 200, 150, 50
		s := &t.Services[gateway]
		s.Arrived, s.Answers[topology.Limited], s.Answers[topology.BulkheadFull], s.Answers[topology.Cancelled] = 200, 50, 20, 1
		browse := &s.Operations[1]
		browse.Arrived, browse.Answers[topology.BulkheadFull] = 80, 20 // 10% of what the service got
	}
	changes := turns(turn{5 * second, toCharge, 0, topology.StateOpen}) // in the warm-up
	added := sim.Transition{At: 60 * second, Kind: sim.InstanceAdded, Service: checkout, Instance: 2}
	r := runWith(t, p, p.Duration, nil, append(changes, added), script)
	want := `
Guards
  shoppers->gateway.buy     turned away 10% (rate limited), 40% (throttled)
  gateway.buy->checkout     ejected an instance 220 times
  checkout->payment.charge  breaker open 25%, turned away 25%; turned away 25%
                            (bulkhead full); budget refused 3,300 of 4,400
                            retries; sent 330 hedges, 3% of the attempts
  checkout->payment.note    ejected an instance once; cache hits 75%
  gateway                   turned away 25% (adaptive limit), 10% (bulkhead full
                            at browse); stopped 110 attempts, 0.5%
  checkout                  1 instance added, 0 removed
`
	if text := string(asText(t, r, TextOptions{})); !strings.Contains(text, want) {
		t.Errorf("got\n%s\nwant%s", text, want)
	}
	if text := string(asText(t, r, TextOptions{})); !strings.Contains(text, "  checkout….charge open "+strings.Repeat("▂", 40)) {
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
		"checkout->payment.charge#3 sent 1,540 hedges, 14% of the attempts", "checkout->payment.charge#6 sent 1,650 hedges, 15% of the attempts", "checkout->payment.charge#9 sent 1,760 hedges, 16% of the attempts",
		"checkout->payment.charge#12 sent 1,870 hedges, 17% of the attempts", "checkout->payment.charge#15 sent 1,980 hedges, 18% of the attempts", "checkout->payment.charge#18 sent 2,090 hedges, 19% of the attempts", "and 13 more"}
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

// TestToldCounts: what the story says of instances that callers left out, and of
// retry budgets.
func TestToldCounts(t *testing.T) {
	for _, row := range []struct {
		name   string
		script func(at des.Time, t *sim.Tallies) // at: a full second
		want   string                            // "": nothing
	}{
		{"an ejection", func(at des.Time, t *sim.Tallies) {
			if at == 30*second {
				t.Edges[toCheckout].Ejections = 1
			}
		}, "at 30s gateway.buy ejected an instance of checkout\n"},
		{"in the warm-up, two at once", func(at des.Time, t *sim.Tallies) {
			if at == 5*second {
				t.Edges[toBuy].Ejections = 2
			}
		}, "at 5s shoppers ejected an instance of gateway.buy 2 times\n"},
		{"again and again", func(at des.Time, t *sim.Tallies) {
			if at == 30*second || at == 61*second || at == 92*second {
				t.Edges[toCheckout].Ejections = 1
			}
		}, "at 30s gateway.buy ejected an instance of checkout 3 times, last at 92s\n"},
		{"ejections on many edges", func(at des.Time, t *sim.Tallies) {
			for i := range t.Edges {
				t.Edges[i].Ejections = 1
			}
		}, "not told here: 4 more edges that left out instances\n"},
		{"a budget, three of four", func(at des.Time, t *sim.Tallies) {
			if at >= 30*second && at < 50*second {
				t.Edges[toCharge].Retries, t.Edges[toCharge].Unpaid = 10, 30
			}
		}, "at 30s checkout's budget refused 75% of the retries to payment.charge until 50s\n"},
		{"a budget, all of them, to the end", func(at des.Time, t *sim.Tallies) {
			if at >= 100*second {
				t.Edges[toBuy].Unpaid = 30
			}
		}, "at 100s shoppers' budget refused 100% of the retries to gateway.buy until the end\n"},
		{"a budget that is short now and then", func(at des.Time, t *sim.Tallies) {
			t.Edges[toCharge].Retries, t.Edges[toCharge].Unpaid = 95, 5
		}, ""},
		{"a budget that was short twice", func(at des.Time, t *sim.Tallies) {
			if at == 30*second {
				t.Edges[toCharge].Retries, t.Edges[toCharge].Unpaid = 0, 2
			}
		}, ""},
		{"budgets on many edges", func(at des.Time, t *sim.Tallies) {
			for i := range t.Edges {
				t.Edges[i].Unpaid = 1
			}
		}, "not told here: 4 more retry budgets that ran out\n"},
	} {
		p := withoutFaults()
		well := healthy(p)
		r := run(t, p, p.Duration, nil, func(from, to des.Time, t *sim.Tallies) {
			well(from, to, t)
			row.script(from, t)
		})
		story := told(r)
		if row.want == "" {
			if story != "no service was saturated\n" {
				t.Errorf("%s: got\n%s", row.name, story)
			}
			continue
		}
		if !strings.Contains(story, row.want) {
			t.Errorf("%s: got\n%swant\n%s", row.name, story, row.want)
		}
	}
}

// TestToldScaled: what the story says of instances that came and went.
func TestToldScaled(t *testing.T) {
	change := func(s des.Time, service int, kind sim.TransitionKind) sim.Transition {
		return sim.Transition{At: s * second, Kind: kind, Service: service, Instance: 2}
	}
	const added, removed = sim.InstanceAdded, sim.InstanceRemoved
	for _, row := range []struct {
		changes []sim.Transition
		want    string
	}{
		{[]sim.Transition{change(30, checkout, added)}, "at 30s checkout was scaled: 1 instance added\n"},
		{[]sim.Transition{change(30, checkout, added), change(30, checkout, added)}, "at 30s checkout was scaled: 2 instances added\n"},
		{[]sim.Transition{change(30, checkout, added), change(45, checkout, added), change(60, checkout, removed)},
			"at 30s checkout was scaled: 2 instances added until 45s, 1 removed at 60s\n"},
		{[]sim.Transition{change(30, checkout, added), change(60, checkout, removed), change(75, checkout, removed)},
			"at 30s checkout was scaled: 1 instance added, 2 removed from 60s until 75s\n"},
		{[]sim.Transition{change(5, checkout, removed), change(75, checkout, removed)}, "at 5s checkout was scaled: 2 instances removed until 75s\n"},
		{[]sim.Transition{change(5, checkout, removed), change(75, checkout, added)}, "at 5s checkout was scaled: 1 instance added at 75s, 1 removed\n"},
		{[]sim.Transition{change(30, gateway, added), change(31, checkout, added), change(32, payment, removed)}, "not told here: 1 more scaled service\n"},
	} {
		p := withoutFaults()
		for i := range p.Topology.Services {
			p.Topology.Services[i].Autoscale = &topology.Autoscale{Min: 1, Max: 4}
		}
		r := runWith(t, p, p.Duration, nil, row.changes, healthy(p))
		if !strings.Contains(told(r), row.want) {
			t.Errorf("got\n%swant\n%s", told(r), row.want)
		}
	}
}

// TestToldSettings: what the story and the report say that a set sets.
func TestToldSettings(t *testing.T) {
	d, n, share, yes := time.Second, 3, 0.5, true
	for _, row := range []struct {
		set  sim.Settings
		want string
		keys string
	}{
		{sim.Settings{Breaker: &topology.Breaker{}}, "deploy begins: set breaker on x, to the end", `["breaker"]`},
		{sim.Settings{Timeout: &d, Chance: &share}, "deploy begins: set timeout, chance on x, to the end", `["timeout", "chance"]`},
		{sim.Settings{Timeout: &d, Deadline: &d, Chance: &share, Times: &n, Optional: &yes, Calls: &n}, "deploy begins: set timeout, deadline, bulkhead, chance and 2 more on x, to the end",
			`["timeout", "deadline", "bulkhead", "chance", "times", "optional"]`},
		{sim.Settings{}, "deploy begins: set on x, to the end", `[]`}, // of what changes nothing
	} {
		p := shop()
		p.Faults = []sim.Fault{{Name: "deploy", Kind: sim.Set, On: "x", Edges: []int{toNote}, From: 30 * second, Until: p.Duration, Set: row.set}}
		r := run(t, p, p.Duration, nil, healthy(p))
		if !strings.Contains(told(r), row.want+"\n") {
			t.Errorf("got\n%swant\n%s", told(r), row.want)
		}
		if json := string(asJSON(t, r)); !strings.Contains(json, `"on": "x", "keys": `+row.keys+`, "from_s": 30`) {
			t.Errorf("the report does not say %s", row.keys)
		}
	}
	if strings.Contains(string(asJSON(t, run(t, shop(), second, nil, healthy(shop())))), `"keys"`) {
		t.Error("what is no set has keys")
	}
}

// TestEverySettingHasAKey: one key for each setting, whatever else is set.
func TestEverySettingHasAKey(t *testing.T) {
	settings := reflect.TypeFor[sim.Settings]()
	for i := range settings.NumField() {
		var s sim.Settings
		field := settings.Field(i)
		reflect.ValueOf(&s).Elem().Field(i).Set(reflect.New(field.Type.Elem()))
		if keys := keysOf(&s); len(keys) != 1 {
			t.Errorf("%s is %q", field.Name, keys)
		}
	}
}

// TestToldWork: what the story says of work that was for nobody, and of work that
// was stopped.
func TestToldWork(t *testing.T) {
	// Half of payment's work is for nobody.
	wastes := func(t *sim.Tallies) { t.Services[payment].Wasted = t.Services[payment].Working / 2 }
	slowest := func(t *sim.Tallies, p99 des.Time) { t.Services[payment].Latency = each(100, p99) }
	ends := func(t *sim.Tallies, edge int, hedges, cancelled, timeouts uint64) {
		e := &t.Edges[edge]
		e.Hedges, e.Outcomes[topology.Cancelled], e.Outcomes[topology.Timeout] = hedges, cancelled, timeouts
	}
	const gaveUp = "payment did 50% of its work for callers that had given up\nno service was saturated\n"
	const lost = "no service was saturated\n50% of payment's work was for hedged calls' copies that lost the race\n"
	const last = "payment takes the last first: 50% of its work was for callers long gone, whose waits make its p99 (20s); of answers in time it is 15ms\nno service was saturated\n"
	lifo := func(p *sim.Plan) { p.Topology.Services[payment].Order = topology.LIFO }
	for _, row := range []struct {
		name   string
		plan   func(*sim.Plan) // nil: as it is
		script func(*sim.Tallies)
		want   string
	}{
		{"time-outs", nil, func(t *sim.Tallies) { wastes(t); ends(t, toCharge, 0, 0, 9) }, gaveUp},
		{"hedges", nil, func(t *sim.Tallies) { wastes(t); ends(t, toCharge, 9, 9, 0) }, lost},
		{"hedges, and one time-out for nine copies", nil, func(t *sim.Tallies) { wastes(t); ends(t, toCharge, 9, 9, 1) }, lost},
		{"hedges, and one time-out for eight", nil, func(t *sim.Tallies) { wastes(t); ends(t, toCharge, 8, 8, 1) }, gaveUp},
		{"hedges, and time-outs of another edge to it", nil, func(t *sim.Tallies) { wastes(t); ends(t, toCharge, 9, 9, 0); ends(t, toNote, 0, 0, 2) }, gaveUp},
		{"hedges, and clients that give up above", nil, func(t *sim.Tallies) { wastes(t); ends(t, toCharge, 9, 9, 0); ends(t, toBuy, 0, 0, 2) }, gaveUp},
		{"hedges above", nil, func(t *sim.Tallies) { wastes(t); ends(t, toCheckout, 9, 9, 0) }, lost},
		{"hedges, and callers that crashed", nil, func(t *sim.Tallies) { wastes(t); ends(t, toCharge, 9, 12, 0) }, gaveUp},
		{"last come, first served", lifo, func(t *sim.Tallies) { wastes(t); slowest(t, 20*second) }, last},
		{"only after a deploy", func(p *sim.Plan) {
			order := topology.LIFO
			p.Faults = []sim.Fault{{Name: "deploy", Kind: sim.Set, On: "payment", Services: []int{payment}, From: 200 * second, Until: des.Never, Set: sim.Settings{Order: &order}}}
		}, func(t *sim.Tallies) { wastes(t); slowest(t, 20*second) }, last},
		{"first come, first served", nil, func(t *sim.Tallies) { wastes(t); slowest(t, 20*second) }, gaveUp},
		{"last come, but nobody waits long", lifo, func(t *sim.Tallies) { wastes(t); slowest(t, 25*ms) }, gaveUp},
		{"one in a hundred is stopped", nil, func(t *sim.Tallies) { t.Services[payment].Answers[topology.Cancelled] = 1 },
			"no service was saturated\npayment stopped 110 attempts that nobody waited for any more\n"},
		{"one in a hundred and forty is", nil, func(t *sim.Tallies) { t.Services[gateway].Answers[topology.Cancelled] = 1 }, "no service was saturated\n"},
	} {
		p := withoutFaults()
		if row.plan != nil {
			row.plan(p)
		}
		well := healthy(p)
		r := run(t, p, p.Duration, nil, func(from, to des.Time, t *sim.Tallies) {
			well(from, to, t)
			row.script(t)
		})
		if diff := cmp.Diff(row.want, told(r)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, diff)
		}
		// What nobody did wrong has no colour.
		text := string(asText(t, r, TextOptions{Color: true}))
		if strings.Contains(text, "\x1b[31;1m50%") != (row.want == gaveUp || row.want == last) {
			t.Errorf("%s: got\n%q", row.name, text)
		}
	}
}
