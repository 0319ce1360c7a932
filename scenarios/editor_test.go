package scenarios

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"cascade/sim"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// everywhere is a scenario with a target for each kind of fault.
const everywhere = `# A shop with all that can break.
name: everywhere
duration: 2m

topology:
  queues:
    orders: {like: sqs, max_receives: 3, dead_letter: failed}
    failed:
    events: {like: kafka, partitions: 4}
    unread: {kind: stream, partitions: 1}
  services:
    gateway:
      threads: 32 # many
      operations:
        browse:
          bulkhead: 16
          steps:
            - {sync: pricing, cache: {hit: 90%}}
        buy:
          steps:
            - sync: payment.charge
              timeout: 300ms
              retry: {attempts: 3, backoff: 50ms}
            - {sync: payment.charge, protocol: grpc}
            - publish: orders
            - publish: events
    pricing: {threads: 4, autoscale: {min: 2, max: 4, target: 50%}, steps: [{work: "lognormal(4ms, 20ms)"}]}
    payment: {threads: 8, order: lifo, operations: {charge: {steps: [{work: exponential(5ms)}]}}}
    mail: {threads: 2, consumes: orders, steps: [{work: 1ms}]}
    audit: {threads: 2, consumes: [events, failed], steps: [{work: 1ms}]}
    stock: {threads: 2, consumes: [events], steps: [{work: 1ms}]}

traffic:
  shoppers: {to: gateway.buy, rate: 20/s, timeout: 2s}
  staff: {to: gateway.browse, users: 5, think: 1s}

faults:
  # The first.
  - {name: slow, at: 10s, for: 5s, slow: {on: payment, factor: 2}}
  - name: canary
    at: 20s
    for: 10s
    every: 30s
    set: {on: gateway.buy->payment.charge#1, timeout: 1s}

expect:
  - shoppers.success > 1%
`

func mustEdit(t *testing.T, text string, sets ...Override) *Editor {
	t.Helper()
	e, err := Edit("test.yaml", []byte(text), ".", sets...)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestDraft(t *testing.T) {
	d := &Draft{Name: "payment-slow", At: 31400 * time.Millisecond, Kind: "latency", On: "payment", Fields: []Field{
		{"add", " lognormal(4ms, 20ms) "}, {"for", "20s"}, {"ramp", ""}, {"every", "1m"}, {"instances", "1"}}}
	const want = `- name: payment-slow
  at: 31.4s
  for: 20s
  every: 1m
  latency:
    on: payment
    add: lognormal(4ms, 20ms)
    instances: 1
`
	if got := d.YAML(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	e := mustEdit(t, everywhere)
	s, err := e.Read([]Override{d.Change(2)})
	if err != nil {
		t.Fatal(err)
	}
	written := mustParse(t, strings.Replace(everywhere, "\nexpect:", "  "+strings.ReplaceAll(want, "\n", "\n  ")+"\nexpect:", 1))
	if diff := cmp.Diff(written.Plan, s.Plan); diff != "" {
		t.Errorf("it is read otherwise than it is written:\n%s", diff)
	}
	if bare := (&Draft{}).YAML(); bare != "- at: 0s\n" {
		t.Errorf("a draft with nothing in it is %q", bare)
	}
	later := Draft{At: time.Second, Fields: []Field{{"at", "20s"}, {"for", "3s"}}}
	if got, want := later.YAML(), "- at: 20s\n  for: 3s\n"; got != want {
		t.Errorf("one that a person has begin later is %q, want %q", got, want)
	}
	// What a person types stays what it is: one value.
	for _, typed := range []string{"5s\nevery: 10s", "5s\r\n  x: y", "\x00", "{", "]", "|", "- x", "a: b", `"`, "#", "*a", "&a", "!!str 1s", "%", "@"} {
		d := &Draft{Name: "typed", At: time.Second, Kind: "pause", On: "payment", Fields: []Field{{"for", typed}}}
		if s, err := e.Read([]Override{d.Change(2)}); err == nil {
			t.Errorf("%q is read as the fault %+v", typed, s.Plan.Faults[2])
		}
	}
}

func TestFaultKinds(t *testing.T) {
	kinds := FaultKinds()
	var names []string
	for i, k := range kinds {
		names = append(names, k.Name)
		if k.About == "" || len(k.On) == 0 {
			t.Errorf("nothing is said about %+v", kinds[i])
		}
	}
	if !cmp.Equal(names, faultKinds) {
		t.Errorf("got %v", names)
	}
	if want := (FaultKind{"latency", "attempts take longer", []string{"service", "operation", "edge", "queue", "stream"}, false, true}); !cmp.Equal(kinds[0], want) {
		t.Errorf("got %+v", kinds[0])
	}
	for _, k := range kinds {
		if i := slices.Index(instantKinds, k.Name) >= 0; i != k.Instant {
			t.Errorf("%s: %v", k.Name, k.Instant)
		}
	}
}

func TestTargets(t *testing.T) {
	e := mustEdit(t, everywhere)
	plan := planOf(t, e)
	const edges = "shoppers->gateway.buy staff->gateway.browse gateway.browse->pricing gateway.buy->payment.charge gateway.buy->payment.charge#1 gateway.buy->payment.charge#2"
	const services = "gateway gateway.browse gateway.buy pricing payment payment.charge mail audit stock"
	for kind, want := range map[string]string{
		"latency": services + " " + edges + " orders failed events unread", "slow": services, "errors": services,
		"crash": "gateway pricing payment mail audit stock", "pause": "gateway pricing payment mail audit stock", "threads": "gateway pricing payment mail audit stock",
		"loss": edges, "partition": edges, "surge": "shoppers staff", "outage": "orders failed events unread", "poison": "orders failed events unread",
		"redrive": "orders failed", "rewind": "events", "cache_flush": "gateway.browse->pricing", "set": services + " " + edges + " orders failed events unread", "flood": "",
	} {
		if got := strings.Join(Targets(plan, kind), " "); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", kind, got, want)
		}
	}
	// What changes added can break, too.
	plan = planOf(t, e, Override{"faults.2", "{at: 5s, set: {on: gateway.buy->payment.charge#1, cache: {hit: 50%}}}"},
		Override{"services.depot", "{threads: 1, steps: [{work: 1ms}]}"})
	if got, want := strings.Join(Targets(plan, "cache_flush"), " "), "gateway.browse->pricing gateway.buy->payment.charge gateway.buy->payment.charge#1"; got != want {
		t.Errorf("cache_flush:\ngot  %s\nwant %s", got, want)
	}
	if got := Targets(plan, "crash"); !slices.Contains(got, "depot") {
		t.Errorf("crash: %s", got)
	}
}

// planOf is the plan of an editor's scenario with changes made.
func planOf(t interface{ Fatal(...any) }, e *Editor, changes ...Override) *sim.Plan {
	s, err := e.Read(changes)
	if err != nil {
		t.Fatal(err)
	}
	return s.Plan
}

// TestEveryFault: each kind can be made on each of its targets with what is offered.
func TestEveryFault(t *testing.T) {
	e := mustEdit(t, everywhere)
	names := map[string]bool{}
	for _, kind := range FaultKinds() {
		if kind.Name == "set" {
			continue // see TestEverySetting
		}
		for _, on := range Targets(planOf(t, e), kind.Name) {
			d := &Draft{Name: e.FreshName(nil, kind.Name, on), At: 5 * time.Second, Kind: kind.Name, On: on}
			names[d.Name] = true
			for _, k := range e.FaultKeys(nil, kind.Name, on) {
				value := map[string]string{"for": "10s", "ramp": "1s", "every": "20s", "instances": "1", "after_work": "true", "hold": "true"}[k.Name]
				if k.Name == "to" && kind.Name == "threads" {
					value = "3"
				}
				if value == "" {
					value = k.Example
				}
				if value == "" && (k.Required || k.Name != "group") {
					t.Errorf("%s on %s: no example of %s", kind.Name, on, k.Name)
				}
				d.Fields = append(d.Fields, Field{k.Name, value})
			}
			s, err := e.Read([]Override{d.Change(2)})
			if err != nil {
				t.Errorf("%s on %s: %v", kind.Name, on, err)
				continue
			}
			f := s.Plan.Faults[2]
			if f.Kind.String() != kind.Name || f.On != on || f.Name != d.Name || f.Every != 20e9 || f.Kind.Instant() != kind.Instant || kind.Ramps != (f.Ramp > 0) {
				t.Errorf("%s on %s is read as %+v", kind.Name, on, f)
			}
		}
	}
	if len(names) < 80 {
		t.Errorf("only %d names", len(names))
	}
}

func TestFaultKeys(t *testing.T) {
	e := mustEdit(t, everywhere)
	keysOf := func(kind, on string) string {
		var names []string
		for _, k := range e.FaultKeys(nil, kind, on) {
			names = append(names, k.Name)
		}
		return strings.Join(names, " ")
	}
	for _, row := range [][3]string{
		{"latency", "payment", "add for ramp every instances"},
		{"latency", "payment.charge", "add for ramp every instances"},
		{"latency", "gateway->payment", "add for ramp every"},
		{"latency", "orders", "add for ramp every"},
		{"crash", "payment", "for every instances"},
		{"redrive", "orders", "to every"},
		{"rewind", "events", "group by every"},
		{"partition", "shoppers->gateway", "hold for every"},
		{"set", "gateway.buy", "bulkhead for every"},
		{"set", "gateway.buy->payment.charge", "timeout deadline retry breaker bulkhead rate_limit hedge throttle propagate priority protocol network chance times optional needed fallback cache for every"},
		{"set", "shoppers->gateway.buy", "timeout deadline retry breaker bulkhead rate_limit hedge throttle propagate priority protocol network for every"},
		{"set", "payment", "threads queue order balance health_check cancel deadline rate_limit adaptive_limit outlier contention autoscale for every instances"},
		{"latency", "nowhere", ""}, {"surge", "payment", ""}, {"flood", "payment", ""},
	} {
		if got := keysOf(row[0], row[1]); got != row[2] {
			t.Errorf("%s on %s: got %s, want %s", row[0], row[1], got, row[2])
		}
	}
	rewind := e.FaultKeys(nil, "rewind", "events")
	if want := (Key{Name: "group", Written: "service", Default: "the only one that reads it", About: "who goes back", Required: true, Choices: []string{"audit", "stock"}, Example: "audit"}); !cmp.Equal(rewind[0], want) {
		t.Errorf("got %+v", rewind[0])
	}
	if want := (Key{Name: "by", Written: "duration", About: "how far", Required: true, Example: "10m"}); !cmp.Equal(rewind[1], want) {
		t.Errorf("got %+v", rewind[1])
	}
	if to := e.FaultKeys(nil, "redrive", "failed")[0]; !cmp.Equal(to.Choices, []string{"orders", "events", "unread"}) {
		t.Errorf("got %+v", to)
	}
	if hold := e.FaultKeys(nil, "partition", "staff->gateway")[0]; !cmp.Equal(hold, Key{Name: "hold", Written: "true|false", Default: "false", About: "requests are kept and arrive when it ends", Choices: []string{"true", "false"}}) {
		t.Errorf("got %+v", hold)
	}
	of := func(keys []Key, name string) Key {
		return keys[slices.IndexFunc(keys, func(k Key) bool { return k.Name == name })]
	}
	if k := of(e.FaultKeys(nil, "set", "payment"), "order"); k.Value != "lifo" || !k.Given || k.Default != "fifo" || k.About == "" {
		t.Errorf("got %+v", k)
	}
	if k := of(e.FaultKeys(nil, "set", "gateway"), "threads"); k.Value != "32" || k.Required {
		t.Errorf("got %+v", k)
	}
}

// TestEverySetting: each key that a set can have is offered where it can be, and can be
// read with its own example, or what it has at present.
func TestEverySetting(t *testing.T) {
	e := mustEdit(t, everywhere)
	words := map[string]string{"duration": "3s", "number": "7", "share": "50%", "number|unlimited": "7", "number|unbounded": "7"}
	offered := map[section]map[string]bool{setServiceKeys: {}, setEdgeKeys: {}, setOperationKeys: {}, setQueueKeys: {}, setStreamKeys: {}}
	with := map[string]Field{ // what a key of a queue goes with
		"set on a queue: on_full": {"capacity", "7"}, "set on a queue: dead_letter": {"max_receives", "7"},
		"set on a stream: retry_every": {"on_failure", "retry"}, "set on a stream: dead_letter": {"on_failure", "dead_letter"}, "set on a stream: on_failure": {"dead_letter", "failed"},
	}
	r, _, _ := readTree(e.lib, e.name, e.text, e.dir, nil)
	for _, on := range Targets(planOf(t, e), "set") {
		for _, k := range e.FaultKeys(nil, "set", on) {
			if own := isFaultTime(k.Name) || k.Name == "instances"; own != k.OfFault {
				t.Errorf("set on %s: %s is of the fault itself: %v", on, k.Name, k.OfFault)
			}
			if k.OfFault {
				continue
			}
			in := setSection(on, r.queueTree)
			offered[in][k.Name] = true
			values := []string{k.Example, words[k.Written]}
			values = append(values, k.Choices...)
			if k.Given {
				values = append(values, k.Value)
			}
			values = slices.DeleteFunc(values, func(v string) bool { return v == "" })
			if len(values) == 0 {
				t.Errorf("set on %s: nobody knows a value of %s", on, k.Name)
			}
			for _, value := range values {
				d := &Draft{At: time.Second, Kind: "set", On: on, Fields: []Field{{k.Name, value}}}
				if other, ok := with[strings.TrimPrefix(format[in].name, "a ")+": "+k.Name]; ok {
					d.Fields = append(d.Fields, other)
				}
				if s, err := e.Read([]Override{d.Change(2)}); err != nil {
					t.Errorf("set %s on %s: %v", k.Name, on, err)
				} else if f := s.Plan.Faults[2]; f.Kind != sim.Set || cmp.Equal(f.Set, sim.Settings{}) && k.Name != "needed" {
					t.Errorf("set %s on %s sets nothing", k.Name, on)
				}
			}
		}
	}
	for in, names := range offered {
		for _, k := range format[in].keys {
			if !names[k.name] && k.name != "on" && k.name != "instances" {
				t.Errorf("%s of %s is never offered", k.name, format[in].name)
			}
		}
	}
}

func TestFreshName(t *testing.T) {
	e := mustEdit(t, everywhere)
	for _, row := range [][3]string{
		{"latency", "payment", "payment-latency"},
		{"latency", "payment.charge", "payment-charge-latency"},
		{"loss", "gateway.buy->payment.charge#2", "gateway-buy-to-payment-charge-2-loss"},
		{"cache_flush", "a->b", "a-to-b-cache-flush"},
		{"pause", strings.Repeat("a", 200), strings.Repeat("a", maxName-len("-10000-pause")) + "-pause"},
		{"pause", "9 -", "pause"},
	} {
		got := e.FreshName(nil, row[0], row[1])
		if got != row[2] || !nameForm.MatchString(got) || len(got) > maxName {
			t.Errorf("%s on %s: got %s, want %s", row[0], row[1], got, row[2])
		}
	}
	changes := []Override{{"faults.2", "{name: payment-latency, at: 1s, pause: {on: payment}}"}, {"faults.3", "{name: payment-latency-2, at: 1s, pause: {on: nobody}}"}}
	if got := e.FreshName(changes, "latency", "payment"); got != "payment-latency-3" {
		t.Errorf("got %s", got)
	}
}

// TestChangesProblems: what is wrong with a change is said as in a file, and where no
// file shows the place, of which key it is said.
func TestChangesProblems(t *testing.T) {
	e := mustEdit(t, everywhere)
	for _, row := range []struct {
		kind, on string
		field    Field
		key, add string // of the problem, and what its sentence begins with beyond the message
	}{
		{"pause", "payment", Field{"for", "12"}, "faults.2.for", "for: "},
		{"pause", "paymnt", Field{"for", "12s"}, "faults.2.pause.on", "on: "},
		{"pause", "payment", Field{"for", "0s"}, "faults.2.for", ""},
		{"pause", "payment", Field{"every", "1s"}, "faults.2.every", "every: "},
		{"latency", "payment", Field{"add", "uniform(2ms, 1ms)"}, "faults.2.latency.add", "add: "},
		{"latency", "payment", Field{"ad", "1ms"}, "faults.2.latency.ad", ""},
		{"slow", "payment", Field{"factor", "x"}, "faults.2.slow.factor", ""},
		{"slow", "payment", Field{"for", "5s"}, "faults.2.slow", ""},
		{"slow", "orders", Field{"factor", "5"}, "faults.2.slow.on", ""},
		{"set", "gateway->payment", Field{"retry", "{attempts: -1}"}, "faults.2.set.retry.attempts", ""},
		{"set", "gateway->payment", Field{"retry", "{attempts: 3, on: [timout]}"}, "faults.2.set.retry.on.0", ""},
		{"set", "gateway->payment", Field{"retry", "{attempts: 3"}, "faults.2.set.retry", "retry: "},
		{"set", "gateway->payment", Field{"timeout", "a: b"}, "faults.2.set.timeout", "timeout: "},
		{"set", "gateway->payment", Field{"timeout", `"`}, "faults.2.set.timeout", "timeout: "},
	} {
		d := &Draft{Name: "mine", At: time.Second, Kind: row.kind, On: row.on, Fields: []Field{row.field}}
		_, err := e.Read([]Override{d.Change(2)})
		var typed, inFile Problems
		if !errors.As(err, &typed) || !typed[0].Override {
			t.Errorf("%v: got %v", row.field, err)
			continue
		}
		_, err = Parse("test.yaml", []byte(strings.Replace(everywhere, "\nexpect:", "  "+strings.ReplaceAll(d.YAML(), "\n", "\n  ")+"\nexpect:", 1)), ".")
		if errors.As(err, &inFile); inFile[0].Message != typed[0].Message && !strings.HasPrefix(typed[0].Message, "not YAML") {
			t.Errorf("%v: typed it is\n%s\nin a file\n%s", row.field, typed[0].Message, inFile[0].Message)
		}
		if got := typed[0]; got.Key != row.key || got.Sentence() != row.add+got.Message {
			t.Errorf("%v: the key is %s, the sentence %s", row.field, got.Key, got.Sentence())
		}
	}
	_, err := e.Read([]Override{{"faults.slow.for", "12"}})
	var problems Problems
	if errors.As(err, &problems); len(problems) != 1 || problems[0].Sentence() != `for: "12" is a bare number, and a duration has a unit; write 12ms or 12s` {
		t.Errorf("got %v", err)
	}
	_, err = e.Read([]Override{{"faults.fast.for", "12s"}})
	if errors.As(err, &problems); len(problems) != 1 || problems[0].Key != "" || problems[0].Sentence() != `no fault "fast"` {
		t.Errorf("got %v", err)
	}
}

// TestEditors: the ways to begin lead to the scenario that Load, Parse and Builtin read.
func TestEditors(t *testing.T) {
	set := Override{"seed", "7"}
	e, err := EditBuiltin("retry-storm", set)
	if err != nil {
		t.Fatal(err)
	}
	want, err := Builtin("retry-storm", set)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := e.Read(nil); err != nil || !cmp.Equal(got.Plan, want.Plan) || len(got.Files) != 0 {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := e.Read([]Override{{"seed", "8"}}); err != nil || got.Plan.Seed != 8 {
		t.Errorf("got %+v, %v", got, err)
	}
	if e, err = EditFile("retry-storm.yaml", set); err != nil {
		t.Fatal(err)
	}
	if got, err := e.Read(nil); err != nil || !cmp.Equal(got.Plan, want.Plan) || !cmp.Equal(got.Files, []string{"retry-storm.yaml"}) {
		t.Errorf("got %+v, %v", got, err)
	}
	_, err = EditBuiltin("retry-strom")
	_, want2 := Builtin("retry-strom")
	if err == nil || err.Error() != want2.Error() {
		t.Errorf("got %v", err)
	}
	if _, err := EditFile("there is none.yaml"); err == nil {
		t.Error("a file that is not there can be edited")
	}
	var problems Problems
	if _, err := Edit("test.yaml", []byte("name: x"), "."); !errors.As(err, &problems) {
		t.Errorf("got %v", err)
	}
}

// A fault that grows can be ended before it has grown.
func TestARampMayBeLongerThanItsFault(t *testing.T) {
	s, err := Builtin("slow-dependency", Override{"faults.payment-slow.ramp", "40s"}, Override{"faults.payment-slow.for", "12.5s"})
	if err != nil {
		t.Fatal(err)
	}
	if f := s.Plan.Faults[0]; f.Ramp.Seconds() != 40 || (f.Until-f.From).Seconds() != 12.5 {
		t.Errorf("it grows for %v and lasts %v", f.Ramp, f.Until-f.From)
	}
}

// TestParts: a mapping is taken apart into its keys, and put together from them.
func TestParts(t *testing.T) {
	for _, row := range []struct {
		text string
		want []Field
	}{
		{"{attempts: 3, on: [timeout, error], budget: {ratio: 10%, burst: 5}}", []Field{{"attempts", "3"}, {"on", "[timeout, error]"}, {"budget", "{ratio: 10%, burst: 5}"}}},
		{`{work: "lognormal(4ms, 20ms)"}`, []Field{{"work", "lognormal(4ms, 20ms)"}}},
		{"{}", nil}, {"", nil}, {"none", nil}, {"{a: 1", nil}, {"[a]", nil}, {"{a: *x}", nil},
	} {
		got := Parts(row.text)
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%s:\n%s", row.text, diff)
		}
		if got != nil && Mapping(got) != row.text {
			t.Errorf("%s is put together as %s", row.text, Mapping(got))
		}
	}
	if got, want := Mapping([]Field{{"a", " 5s # it is long "}, {"b", ""}, {"c", "{"}, {"d", "x, e: 1"}, {"f", "x}, g: {"}, {"h", "*i"}, {"j", "日本: [red]"}}),
		`{a: 5s, c: "{", d: {"x, e": 1}, f: "x}, g: {", h: "*i", j: {日本: [red]}}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := Mapping([]Field{{"a", " "}}); got != "" {
		t.Errorf("of nothing: %s", got)
	}
}

// TestMappingHoldsWhatIsTyped: whatever is typed for a key is of that key alone.
func TestMappingHoldsWhatIsTyped(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOf(rapid.SampledFrom([]string{"{", "}", "[", "]", ",", ":", " ", "#", `"`, "'", "a", "b: ", "- ", "*x", "&y ", "!", "|", ">", "\n", "%", "@", "日", "\t", "?"})).Draw(t, "text"), "")
		parts := Parts(Mapping([]Field{{"first", "1"}, {"typed", text}, {"last", "2"}}))
		names := ""
		for _, p := range parts {
			names += p.Name + " "
		}
		if names != "first typed last " && (strings.TrimSpace(text) != "" || names != "first last ") {
			t.Fatalf("%q is put together as %s", text, Mapping([]Field{{"typed", text}}))
		}
	})
}
