package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/topology"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// short runs make goldens that a person can read.
func brieflyPlanned() *sim.Plan {
	p := shop()
	p.Duration, p.Warmup, p.Seed = 12*second, 2*second, 42
	p.Faults[0].From, p.Faults[0].Until = 4*second, 6*second
	p.Faults[0].Every = 7 * second
	return p
}

// full books something under every key that a report can have by now.
func full(p *sim.Plan) func(from, to des.Time, t *sim.Tallies) {
	well := healthy(p)
	return func(from, to des.Time, t *sim.Tallies) {
		well(from, to, t)
		length := to - from
		calls(t, toCharge, length, 100, 20, 90)
		t.Edges[toCharge].LateAnswers = 3
		if from < 4*second || from >= 7*second {
			return
		}
		requests(t, shoppers, length, 100, 30)
		pool(t, p, checkout, length, 5, 1, 8, 0.5)
		for _, op := range []*sim.OpTally{&t.Services[checkout].OpTally, &t.Services[checkout].Operations[0]} {
			op.Paused, op.BackingOff[0].Time, op.Wasted = length/4, length/4, length/2
			op.Answers = [topology.NumOutcomes]uint64{70, 5, 0, 11, 12, 13, 14, 15, 0, 16, 0, 17}
			op.Waited, op.Arrived = 44, 173
			op.Other = each(98, 3*ms)
		}
		t.Services[payment].Down, t.Services[payment].Instances[0].Down = 4*length, length
		t.Services[payment].Idle = 0
		t.Services[payment].PausedIdle = length / 8
		in := &t.Services[gateway].Instances[1]
		in.Arrived, in.Answers = 173, t.Services[checkout].Answers
		t.Services[payment].Operations[1].QueueMax = 21
	}
}

var goldens = []struct {
	name         string
	plan         func() *sim.Plan
	script       func(*sim.Plan) func(from, to des.Time, t *sim.Tallies)
	end          des.Time
	expectations []string
	changes      func() []sim.Transition // nil: none
}{
	{"full", brieflyPlanned, full, 12 * second, []string{"shoppers.success >= 99.9%", "staff.p99 < 400ms during payment-slow", "mail.saturation < 50%", "staff.success == 100% in 95% of runs"}, nil},
	{"chain", shop, chain, 120 * second, []string{
		"shoppers.success >= 99.9%", "shoppers.p99 < 400ms", "gateway.saturation.max < 90% during payment-slow",
		"checkout->payment.retries <= 10% from 30s to 60s", "shoppers recovers within 15s of payment-slow", "staff.success == 100% in 95% of runs"}, nil},
	{"storm", shop, storm, 120 * second, []string{"shoppers recovers within 15s of payment-slow", "staff.success == 100%"}, nil},
	{"healthy", withoutFaults, healthy, 120 * second, nil, nil},
	{"overload", withoutFaults, overload, 120 * second, []string{"gateway.queue.max < 100"}, nil},
	{"interrupted", shop, chain, 40500 * ms, []string{"shoppers.success >= 99.9%", "staff.errors < 5% after payment-slow"}, nil},
	{"frozen", shop, frozen, 120 * second, []string{"shoppers.success > 50% after payment-slow"}, nil},
	{"queued", mall, rushed, 12 * second, nil, nil},
	{"guarded", guardedShop, guarded, 12 * second, []string{"checkout->payment.charge.open < 10%"}, changesOfGuards},
}

// goldenRun makes the report of one of the goldens.
func goldenRun(t *testing.T, name string) *Report {
	t.Helper()
	for _, row := range goldens {
		if row.name == name {
			var changes []sim.Transition
			if row.changes != nil {
				changes = row.changes()
			}
			p := row.plan()
			return runWith(t, p, row.end, row.expectations, changes, row.script(p))
		}
	}
	t.Fatalf("no golden is called %s", name)
	return nil
}

func TestGoldens(t *testing.T) {
	for _, row := range goldens {
		t.Run(row.name, func(t *testing.T) {
			r := goldenRun(t, row.name)
			if row.name == "full" || row.name == "storm" || row.name == "guarded" || row.name == "queued" { // long series say little to a reader: four are enough
				golden(t, row.name+".json", asJSON(t, r))
			}
			golden(t, row.name+".txt", asText(t, r, TextOptions{}))
		})
	}
}

// TestFull holds what the golden report says against numbers reckoned by hand.
func TestFull(t *testing.T) {
	p := brieflyPlanned()
	text := asJSON(t, run(t, p, p.Duration, goldens[0].expectations, full(p)))
	var all map[string]any
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]any{
		"schema": "cascade.report/v1", "scenario.seed": 42.0, "scenario.duration_s": 12.0, "scenario.warmup_s": 2.0, "fingerprint": "0000000000000abc", "complete": true, "verdict": "fail",
		"expectations.0.actual": (7*100 + 3*30) / 1000.0, "expectations.0.bound": 0.999, "expectations.0.undecided": nil,
		"expectations.2.actual": nil, "expectations.3.undecided": true,
		"sources.shoppers.offered": 1000.0, "sources.shoppers.succeeded": 790.0, "sources.shoppers.failed.timeout": 210.0, "sources.shoppers.failed.error": nil,
		"sources.shoppers.goodput": 79.0, "sources.shoppers.success": 0.79, "sources.shoppers.latency.count": 790.0, "sources.shoppers.latency_all.count": 1000.0, "sources.shoppers.latency_all.max_s": 2.0,
		"sources.shoppers.latency_all.mean_s": (790*0.02 + 210*2) / 1000,
		// 7 healthy seconds with 0.5 working and 1 waiting, 3 with 1, 8.5, a quarter each of paused and backoff.
		"services.checkout.thread_time_s.working": 6.5, "services.checkout.thread_time_s.waiting.checkout->payment.charge": 31.0,
		"services.checkout.thread_time_s.waiting.checkout->payment.note": 1.5, "services.checkout.thread_time_s.backoff.checkout->payment.charge": 0.75,
		"services.checkout.thread_time_s.paused": 0.75, "services.checkout.held_mean": 4.05, "services.checkout.saturation": 0.405, "services.checkout.saturation_max": 1.0,
		"services.checkout.utilization": 0.065, "services.checkout.queue_mean": 1.5, "services.checkout.queue_max": 10.0, "services.checkout.wasted": 1.5 / 6.5,
		"services.checkout.arrived": 700.0 + 3*173, "services.checkout.failed.error": 15.0, "services.checkout.failed.rejected": nil, "services.checkout.rejected": 33.0, "services.checkout.refused": 36.0,
		"services.checkout.reset": 39.0, "services.checkout.rate_limited": 42.0, "services.checkout.limited": 45.0, "services.checkout.bulkhead_full": 48.0, "services.checkout.cancelled": 51.0,
		"services.checkout.waited": 132.0, "services.checkout.operations": map[string]any{}, "services.checkout.instances.0.saturation": 0.39,
		"services.payment.thread_time_s.down": 12.0, "services.payment.thread_time_s.paused": 0.375, "services.payment.instances.0.down_s": 3.0,
		"services.gateway.instances.1.failed": map[string]any{"error": 15.0}, "services.gateway.instances.1.succeeded": 210.0, "services.gateway.instances.1.rejected": 33.0,
		"services.gateway.instances.1.refused": 36.0, "services.gateway.instances.1.reset": 39.0, "services.gateway.instances.1.rate_limited": 42.0, "services.gateway.instances.1.limited": 45.0,
		"services.gateway.instances.1.bulkhead_full": 48.0, "services.gateway.instances.1.cancelled": 51.0,
		"services.payment.operations.charge.saturation_max": 0.25, "services.payment.operations.note.queue_max": 21.0,
		"services.payment.operations.charge.saturation": 0.25, "services.payment.operations.note.arrived": 0.0, "services.payment.operations.charge.instances": nil, "services.payment.operations.charge.thread_time_s.idle": nil,
		"services.mail.saturation": 0.0, "services.mail.saturation_max": 0.0, "services.mail.utilization": 0.0, "services.mail.held_mean": 3.0, "services.mail.thread_time_s.idle": 0.0, "services.mail.thread_time_s.working": 30.0,
		"edges.checkout->payment.charge.calls": 1000.0, "edges.checkout->payment.charge.attempts": 1200.0, "edges.checkout->payment.charge.retries": 200.0, "edges.checkout->payment.charge.late_answers": 30.0,
		"edges.checkout->payment.charge.outcomes": map[string]any{"success": 900.0, "timeout": 300.0}, "edges.checkout->payment.charge.call_outcomes": map[string]any{"success": 900.0, "timeout": 100.0},
		"edges.checkout->payment.charge#2.calls": 0.0, "edges.checkout->payment.charge#2.latency.p99_s": 0.0,
		"edges.shoppers->gateway.buy.calls": 1000.0, "queues": map[string]any{},
		"faults.0.name": "payment-slow", "faults.0.kind": "latency", "faults.0.on": "payment.charge", "faults.0.from_s": 4.0, "faults.0.to_s": 6.0, "faults.0.every_s": 7.0,
		"cascade.saturated.0.service": "checkout", "cascade.saturated.0.at_s": 4.0, "cascade.saturated.0.until_s": 7.0, "cascade.saturated.0.root": "payment", "cascade.recovered_at_s": 7.0, "cascade.loop": nil,
		"timeline.t_s.11": 11.0, "timeline.t_s.12": nil, "timeline.coarsened": nil, "timeline.sources.shoppers.failed.4": 70.0, "timeline.sources.shoppers.failed.3": 0.0, "timeline.sources.shoppers.p99_s.0": 0.02,
		"timeline.services.checkout.saturation.5": 1.0, "timeline.services.checkout.queue.5": 5.0, "timeline.services.checkout.in_hand.5": 15.0, "timeline.services.checkout.errors.5": 86.0,
		"timeline.services.mail.in_hand.0": 3.0, "timeline.edges.checkout->payment.charge.failed.2": 30.0, "timeline.edges.checkout->payment.charge.open": slices.Repeat([]any{0.0}, 12),
	} {
		got := lookUp(all, path)
		if a, ok := got.(float64); ok {
			if b, ok := want.(float64); ok && math.Abs(a-b) <= 1e-12*math.Abs(b) {
				continue
			}
		}
		if !cmp.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", path, got, want)
		}
	}
}

// TestGuarded does the same with the golden report of a run with guards.
func TestGuarded(t *testing.T) {
	r := goldenRun(t, "guarded")
	var all map[string]any
	if err := json.Unmarshal(asJSON(t, r), &all); err != nil {
		t.Fatal(err)
	}
	charge, note := "edges.checkout->payment.charge", "edges.checkout->payment.note"
	for path, want := range map[string]any{
		charge + ".turned_away": map[string]any{"breaker_open": 120.0, "bulkhead_full": 20.0}, charge + ".attempts": 8*100.0 + 2*30, charge + ".hedges": 0.0,
		// After the warm-up: 2.5 seconds of instance 0, 2.75 of instance 1; opened once more when its probe failed.
		charge + ".breaker.open_s": 5.25, charge + ".breaker.opened": 3.0,
		charge + ".breaker.changes.0":  map[string]any{"at_s": 1.5, "instance": 0.0, "from": "closed", "to": "open"}, // in the warm-up
		charge + ".breaker.changes.4":  map[string]any{"at_s": 4.75, "instance": 1.0, "from": "closed", "to": "open"},
		charge + ".breaker.changes.5":  map[string]any{"at_s": 5.5, "instance": 0.0, "from": "open", "to": "half-open"},
		charge + ".breaker.changes.6":  map[string]any{"at_s": 5.5, "instance": 0.0, "from": "half-open", "to": "open"},
		charge + ".breaker.changes.11": nil, charge + ".breaker.changes_left_out": nil, charge + ".cache": nil,
		note + ".cache": map[string]any{"hits": 800.0, "misses": 200.0, "coalesced": 50.0}, note + ".turned_away": map[string]any{},
		note + ".breaker":                    map[string]any{"open_s": 0.0, "opened": 0.0, "changes": []any{}},
		"edges.gateway.buy->checkout.hedges": 50.0, "edges.gateway.buy->checkout.retries_refused": 150.0, "edges.gateway.buy->checkout.ejections": 4.0,
		charge + ".retries_refused": 0.0, charge + ".ejections": 0.0,
		"services.payment.limited": 12.0, "services.payment.cancelled": 8.0, "services.checkout.autoscale": nil,
		"services.payment.autoscale": map[string]any{"added": 2.0, "removed": 1.0, "changes": []any{
			map[string]any{"at_s": 6.0, "instance": 1.0, "change": "added"}, map[string]any{"at_s": 8.0, "instance": 2.0, "change": "added"},
			map[string]any{"at_s": 11.0, "instance": 2.0, "change": "removed"}}},
		// One of payment's threads works, of 4 for 4s, 8 for 3s and 12 for 3s.
		"services.payment.saturation": 10.0 / (4*4 + 8*3 + 12*3), "timeline.services.payment.saturation.6": 1 / 8.0, "timeline.services.payment.saturation.9": 1 / 12.0,
		"timeline.edges." + note[6:] + ".open": slices.Repeat([]any{0.0}, 12),
		"expectations.0.actual":                5.25 / 20, "expectations.0.pass": false,
	} {
		if got := lookUp(all, path); !cmp.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", path, got, want)
		}
	}
	// 0.3 and 0.5 of a second of two, then both, one for two seconds, half a second of one.
	want := []float64{0, 0.15, 0, 0, 0.375, 1, 1, 0.25, 0, 0, 0, 0}
	if got := r.Timeline.Edges[toCharge].Open; !cmp.Equal(got, want) {
		t.Errorf("open over time: got %v, want %v", got, want)
	}
}

// lookUp follows a dotted path; names may have dots and arrows in them.
func lookUp(v any, path string) any {
	if path == "" {
		return v
	}
	switch v := v.(type) {
	case map[string]any:
		for end := len(path); end > 0; end = strings.LastIndexByte(path[:end], '.') {
			if inner, ok := v[path[:end]]; ok {
				return lookUp(inner, strings.TrimPrefix(path[end:], "."))
			}
		}
	case []any:
		head, rest, _ := strings.Cut(path, ".")
		i := -1
		fmt.Sscan(head, &i)
		if i >= 0 && i < len(v) {
			return lookUp(v[i], rest)
		}
	}
	return nil
}

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("report.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("report.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSchemaFitsReports(t *testing.T) {
	s := compiled(t)
	for _, row := range goldens {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON(t, goldenRun(t, row.name))))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(v); err != nil {
			t.Errorf("%s: %v", row.name, err)
		}
		runs := map[string]any{"schema": "cascade.runs/v1", "complete": true, "verdict": "pass", "confidence": 0.95, "expectations": []any{}, "runs": []any{v},
			"summary": map[string]any{"sources.load.latency.mean_s": map[string]any{"mean": 1, "low": 0.5, "high": 1.5, "sd": 1, "min": 1, "max": 1, "runs": 7}}}
		if err := s.Validate(runs); err != nil {
			t.Errorf("runs of %s: %v", row.name, err)
		}
	}
}

// TestSchemaIsStrict takes away every key of a report, one at a time, adds one to
// every object, and gives every value a wrong type: the schema must mind each time.
// What may be left out or be of several kinds is listed.
func TestSchemaIsStrict(t *testing.T) {
	for _, name := range []string{"full", "guarded", "queued"} {
		t.Run(name, func(t *testing.T) { isStrict(t, asJSON(t, goldenRun(t, name))) })
	}
}

// TestSchemaOfPublishes: a publish fails in four ways, and an error is none of them.
func TestSchemaOfPublishes(t *testing.T) {
	s := compiled(t)
	text := asJSON(t, goldenRun(t, "queued"))
	for _, row := range []struct {
		kind string
		good bool
	}{{"refused", true}, {"cancelled", true}, {"error", false}, {"breaker_open", false}} {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(bytes.Replace(text, []byte(`"failed": {"timeout": 12, `), []byte(`"failed": {"`+row.kind+`": 12, `), 1)))
		if err != nil {
			t.Fatal(err)
		}
		if good := s.Validate(v) == nil; good != row.good {
			t.Errorf("a publish that failed as %s: %v", row.kind, good)
		}
	}
}

func isStrict(t *testing.T, text []byte) {
	s := compiled(t)
	read := func() any {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	mayGo := map[string]bool{"every_s": true, "why": true, "undecided": true, "cache": true, "autoscale": true, "to": true, "group": true, "by_s": true}
	// Everything is changed in place, looked at, and changed back; once for all the
	// names that an object may hold.
	root := read()
	top := root.(map[string]any)
	for _, m := range []map[string]any{top, top["timeline"].(map[string]any)} { // one of each kind will do, and is quicker
		for kind, keep := range map[string][]string{"sources": {"shoppers", "buyers"}, "services": {"payment", "checkout", "front", "mailer"}, "edges": {"checkout->payment.charge", "checkout->payment.note", "buyers->front"}, "queues": {"orders", "events"}} {
			named := m[kind].(map[string]any)
			for name := range named {
				if !slices.Contains(keep, name) {
					delete(named, name)
				}
			}
		}
	}
	seen := map[string]bool{}
	var visit func(path string, v any, named bool)
	visit = func(path string, v any, named bool) {
		switch v := v.(type) {
		case map[string]any:
			if !named {
				v["surprise"] = json.Number("1")
				if s.Validate(root) == nil {
					t.Errorf("%s: a key that it does not know is no surprise to it", path)
				}
				delete(v, "surprise")
			}
			keys := make([]string, 0, len(v))
			for k := range v {
				keys = append(keys, k)
			}
			slices.Sort(keys)
			slices.Reverse(keys) // payment, with its operations, before checkout
			for _, k := range keys {
				old := v[k]
				below := path + "." + k
				if named {
					below = path + ".*"
				}
				if seen[below] {
					continue
				}
				seen[below] = true
				if !named && !mayGo[k] {
					delete(v, k)
					if s.Validate(root) == nil {
						t.Errorf("%s.%s is not missed", path, k)
					}
				}
				wrongs := []any{[]any{[]any{}}}
				if _, ok := old.(json.Number); ok {
					wrongs = append(wrongs, json.Number("-1"))
				}
				for _, wrong := range wrongs {
					v[k] = wrong
					if s.Validate(root) == nil {
						t.Errorf("%s.%s may be %v", path, k, wrong)
					}
				}
				v[k] = old
				isNamed := k == "outcomes" || k == "call_outcomes" || k == "failed" || k == "sources" || k == "services" || k == "edges" || k == "queues" || k == "operations" ||
					k == "waiting" || k == "backoff" || k == "publishing" || k == "turned_away" || k == "groups" || k == "publishers"
				visit(below, old, isNamed && !named)
			}
		case []any:
			if len(v) > 0 {
				old := v[0]
				v[0] = []any{"x"}
				if s.Validate(root) == nil {
					t.Errorf("%s[0] may be a list", path)
				}
				v[0] = old
				visit(path+"[0]", old, false)
			}
		}
	}
	visit("", root, false)
	if len(seen) < 150 {
		t.Errorf("only %d keys were tried", len(seen))
	}
	for _, wrong := range []string{
		`"verdict": "maybe"`, `"fingerprint": "ABC"`, `"events": 1.5`, `"complete": "yes"`, `"schema": "cascade.report/v2"`,
		`"sources": {}`, `"sources": {"a b": {}}`, `"edges": {"checkout-payment": {}}`,
	} {
		key, _, _ := strings.Cut(wrong, ":")
		var v map[string]any
		if err := json.Unmarshal([]byte("{"+wrong+"}"), &v); err != nil {
			t.Fatal(err)
		}
		all := read().(map[string]any)
		all[strings.Trim(key, `"`)] = v[strings.Trim(key, `"`)]
		if s.Validate(all) == nil {
			t.Errorf("%s is taken", wrong)
		}
	}
}

// TestJSONOrder: keys come in the order of the contract, names in file order.
func TestJSONOrder(t *testing.T) {
	p := shop()
	p.Topology.Services[0].Name, p.Topology.Services[3].Name = "zebra", "ant"
	p.Topology.Index()
	r := run(t, p, p.Duration, nil, healthy(p))
	text := string(asJSON(t, r))
	at := 0
	for _, key := range []string{"schema", "scenario", "complete", "verdict", "events", "fingerprint", "expectations", "sources", "shoppers", "staff", "services", "zebra", "checkout", "payment", "ant",
		"edges", "shoppers->gateway.buy", "staff->gateway.browse", "zebra.buy->checkout", "checkout->payment.charge", "checkout->payment.note", "checkout->payment.charge#2", "queues", "faults", "cascade",
		"saturated", "blast_radius", "recovered_at_s", "metastable", "loop", "timeline", "t_s"} {
		next := strings.Index(text[at:], `"`+key+`": `)
		if next < 0 {
			t.Fatalf("%s is missing or out of its place", key)
		}
		at += next
	}
	if !strings.HasSuffix(text, "}\n") || strings.HasSuffix(text, "\n\n") {
		t.Error("it does not end with one newline")
	}
	if strings.Contains(text, " \n") {
		t.Error("there are blanks at the ends of lines")
	}
	if again := string(asJSON(t, run(t, p, p.Duration, nil, healthy(p)))); again != text {
		t.Error("the same run, other bytes")
	}
}

// Names of a scenario and texts of expectations may hold anything.
func TestJSONStrings(t *testing.T) {
	for _, name := range []string{"a <b> & \"c\" \\ \n\t\x01 é 日本 \u2028 😀", "", "plain", "\xff"} {
		p := shop()
		p.Name = name
		var v struct{ Scenario struct{ Name string } }
		text := asJSON(t, run(t, p, second, nil, healthy(p)))
		if err := json.Unmarshal(text, &v); err != nil {
			t.Fatal(err)
		}
		if want := strings.ToValidUTF8(name, "\ufffd"); v.Scenario.Name != want {
			t.Errorf("got %q, want %q", v.Scenario.Name, want)
		}
	}
}

func TestJSONNumbers(t *testing.T) {
	for f, want := range map[float64]string{0: "0", 1: "1", 0.1: "0.1", 1.0 / 3: "0.3333333333333333", 1e-9: "1e-09", 1e21: "1e+21", 123456789012: "123456789012", 0.000001: "0.000001"} {
		e := encoder{}
		e.float(f)
		if string(e.b) != want {
			t.Errorf("%v is written %s, want %s", f, e.b, want)
		}
		var back float64
		if err := json.Unmarshal(e.b, &back); err != nil || back != f {
			t.Errorf("%s reads back as %v", e.b, back)
		}
	}
}

type brokenPipe struct{ left int }

func (w *brokenPipe) Write(b []byte) (int, error) {
	if w.left -= len(b); w.left < 0 {
		return 0, fmt.Errorf("no room")
	}
	return len(b), nil
}

func TestWriteErrors(t *testing.T) {
	p := shop()
	r := run(t, p, p.Duration, nil, healthy(p))
	for _, room := range []int{0, len(asJSON(t, r)) - 1} {
		if err := r.WriteJSON(&brokenPipe{room}); err == nil {
			t.Errorf("JSON into %d bytes: no error", room)
		}
	}
	if err := r.WriteText(&brokenPipe{0}, TextOptions{}); err == nil {
		t.Error("text into nothing: no error")
	}
}
