package scenarios

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// formatKeys are all the keys that a scenario file may hold, with a value each, by
// where they stand.
var formatKeys = []struct {
	in   string // what fault, step … in which ● is the key with its value
	keys string // key: value, one a line
}{
	{"head", `
description: x
duration: 1m
warmup: 1s
seed: 3
interval: 2s`},
	{"topology", `
queues: {q: {capacity: 3}, s: {like: sqs}}`},
	{"queues:q: {●}", `
kind: queue
capacity: 10000
capacity: unbounded
capacity: 5, on_full: reject
capacity: 5, on_full: drop_oldest
capacity: 5, on_full: block
latency: "uniform(1ms, 2ms)"
like: sqs
like: rabbitmq-classic
like: rabbitmq-quorum
order: standard
order: fifo
ttl: 1h
visibility: 30s
max_receives: 5
redelivery: 1s
max_receives: 5, dead_letter: p`},
	{"queues:q: {partitions: 8, ●}", `
kind: stream
like: kafka
like: kinesis`},
	{"queues:q: {kind: stream, ●}", `
partitions: 8`},
	{"queues:q: {kind: stream, partitions: 8, ●}", `
latency: 2ms
retention: 10m
on_failure: skip
on_failure: retry
on_failure: dead_letter, dead_letter: p
on_failure: retry, retry_every: 1s
rebalance: 3s
max_poll: {records: 500, interval: 300s}`},
	{"services:a: {threads: 1, steps: [{work: 1ms}], ●}", `
instances: 2
blocking: false
queue: unbounded
queue: 5
order: fifo
order: lifo
order: codel
balance: round_robin
balance: random
balance: least_requests
balance: two_choices
health_check: 5s
cancel: false
cancel: true
deadline: false
deadline: true
rate_limit: {rate: 500/s, burst: 50}
adaptive_limit: {kind: aimd, min: 4, max: 200}
outlier: {consecutive: 5, interval: 10s, eject: 30s, max: 10%}
adaptive_limit: {kind: gradient, initial: 30}
adaptive_limit: {kind: aimd, timeout: 1s}
contention: "usl(2%, 0.01%)"
contention: linear(1)
contention: "polynomial(50%, 2)"
contention: exponential(0.5)
autoscale: {min: 2, max: 10, target: 60%, every: 15s, delay: 30s, cooldown: 1m, lag: 5s}
consumes: q
consumes: [q, p]
consumes: [q, {from: p, prefetch: 10}]`},
	{"services:a: {threads: 1, steps: [{work: 1ms}], consumes: [{from: q, ●}]}", `
prefetch: 10
batch: 10
ack_timeout: 30m`},
	{"services:a: {threads: 1, operations: {x: {steps: [{work: 1ms}]}, y: {steps: [{work: 1ms}]}}, consumes: [{from: q, ●}]}", `
operation: y`},
	{"services:a: {threads: 1, ●}", `
steps: [{work: 1ms}]
operations: {x: {steps: [{work: 1ms}]}}`},
	{"services:a: {steps: [{work: 1ms}], ●}", `
threads: 3
threads: unlimited`},
	{"services:a: {threads: 1, operations: {x: {steps: [{work: 1ms}], ●}}}", `
bulkhead: 16`},
	{"services:a: {threads: 1, steps: [{●}]}", `
work: 1ms
sync: b
parallel: [{sync: b}, {publish: q}]
publish: q`},
	{"services:a: {threads: 1, steps: [{sync: b, ●}]}", `
timeout: 300ms
deadline: 1s
retry: {attempts: 3}
breaker: {consecutive: 5, ratio: 50%, min_requests: 20, interval: 10s, bucket: 1s, open_for: 30s, half_open: 1, on: [timeout]}
bulkhead: 16
rate_limit: {rate: 100/s, burst: 10, wait: 200ms}
hedge: {after: 50ms, max: 1}
hedge: {after: p99.9}
throttle: {k: 2, window: 2m}
propagate: false
propagate: true
priority: high
priority: low
protocol: grpc
protocol: rest
network: 1ms
chance: 30%
times: 5
optional: true
needed: false
fallback: 1ms
cache: {hit: 90%}
cache: {keys: 10000, popularity: zipf(1.1), size: 1000, ttl: 30s, coalesce: true}
cache: {keys: 10, popularity: uniform, size: 10}
cache: {keys: 1, size: 1000000}`},
	{"services:a: {threads: 1, steps: [{sync: b, retry: {attempts: 2, ●}}]}", `
backoff: 50ms
factor: 2
max: 1s
jitter: none
jitter: full
jitter: equal
on: timeout
on: [timeout, error, rejected, refused, reset, rate_limited, limited, breaker_open, bulkhead_full, throttled, cancelled]
budget: {ratio: 10%, burst: 10}
budget_like: aws-sdk
budget_like: grpc
budget_like: finagle
budget_like: linkerd
budget_like: envoy`},
	{"services:a: {threads: 1, steps: [{publish: s, ●}]}", `
chance: 5%
times: 2
optional: true
timeout: 1s
key: uniform
key: round_robin
key: zipf(1.1)
keys: 1000`},
	{"traffic:l: {to: b, ●}", `
rate: 200/s
users: 50
burst: {at: 10s, count: 500, every: 60s}
trace: arrivals.csv`},
	{"traffic:l: {to: b, rate: 1/s, ●}", `
arrivals: poisson
arrivals: constant
arrivals: erlang(3)
arrivals: "hyperexponential(90%, 10)"
start: 1s
limit: 1000
profile: [{at: 30s, rate: 600/s}, {at: 60s, rate: 200/s, ramp: 10s}]
timeout: 2s
deadline: 3s
retry: {attempts: 2}
retry: {attempts: 2}, budget: {ratio: 1%, burst: 3}
hedge: {after: 50ms}
breaker: {}
bulkhead: 3
rate_limit: {rate: 5/s}
throttle: {}
priority: low
propagate: true
network: 1ms
protocol: rest
instances: 3`},
	{"traffic:l: {to: b, users: 2, ●}", `
think: exponential(1s)
start: 1s
limit: 5`},
	{"faults:- {at: 1s, pause: {on: b}, ●}", `
name: x
for: 5s
for: 5s, every: 6s`},
	{"faults:- {at: 1s, ●}", `
ramp: 1s, latency: {on: b, add: 1ms, instances: 1}
ramp: 1s, slow: {on: b, factor: 10}
ramp: 1s, errors: {on: b, rate: 30%, after_work: true}
crash: {on: b, instances: 1}
pause: {on: b, instances: 1}
threads: {on: b, to: 4, instances: 1}
ramp: 1s, loss: {on: c->b, rate: 5%}
partition: {on: c->b, hold: false}
ramp: 1s, surge: {on: l, factor: 3}
outage: {on: q}
poison: {on: s, rate: 1%}
ramp: 1s, latency: {on: q, add: 1ms}
ramp: 1s, latency: {on: s, add: 1ms}
redrive: {on: q, to: p}
every: 5s, redrive: {on: q, to: p}
rewind: {on: s, group: c, by: 10m}
rewind: {on: s, by: 10m}
cache_flush: {on: c->b}`},
	{"faults:- {at: 1s, set: {on: c->b, ●}}", `
timeout: 1s
deadline: 1s
retry: {attempts: 2}
network: 1ms
protocol: rest
chance: 5%
times: 3
optional: true
needed: false
fallback: 1ms
breaker: {}
bulkhead: 3
rate_limit: {rate: 5/s}
hedge: {after: 1ms}
throttle: {}
propagate: true
priority: low
cache: {hit: 5%}`},
	{"faults:- {at: 1s, set: {on: b, ●}}", `
threads: 0
queue: 5
order: lifo
order: codel
balance: random
balance: two_choices
health_check: 5s
cancel: true
deadline: true
rate_limit: {rate: 5/s}
adaptive_limit: {kind: aimd}
outlier: {}
contention: linear(1)
autoscale: {min: 1, max: 3, target: 50%}
threads: 3, instances: 1`},
	{"faults:- {at: 1s, set: {on: d.x, ●}}", `
bulkhead: 3`},
	{"faults:- {at: 1s, set: {on: q, ●}}", `
capacity: 5
capacity: unbounded, on_full: reject
capacity: 5, on_full: drop_oldest
capacity: 5, on_full: block
latency: exponential(1ms)
ttl: 5s
visibility: 5s
max_receives: 3
redelivery: 1s
max_receives: 3, dead_letter: p`},
	{"faults:- {at: 1s, set: {on: s, ●}}", `
latency: 1ms
retention: 5s
on_failure: skip
on_failure: retry, retry_every: 5s
on_failure: dead_letter, dead_letter: p
rebalance: 5s
max_poll: {records: 5, interval: 5s}`},
	{"expect", `
- l.success > 1%
- q.depth.max < 5000
- s.lag < 5
- l.completion.p99 < 1s
- l->b.open < 5%
- b.wasted < 5%`},
}

// TestFormat: every key of the format is read; none is unknown.
func TestFormat(t *testing.T) {
	library := &library{open: func(string) ([]byte, error) { return []byte("1s\n"), nil }, join: joinBuiltin}
	reached := map[string]bool{}
	for _, row := range formatKeys {
		part, pattern, _ := strings.Cut(row.in, ":")
		for line := range strings.Lines(strings.TrimSpace(row.keys) + "\n") {
			key := strings.TrimSpace(line)
			fills := map[string]string{"head": "duration: 2m\n", "queues": "q: {}", "services": "", "traffic": "", "faults": "", "expect": ""}
			filled := strings.Replace(pattern, "●", key, 1)
			switch part {
			case "head":
				if filled = key + "\n"; !strings.HasPrefix(key, "duration") {
					filled = "duration: 2m\n" + filled
				}
			case "topology", "expect":
				filled = key
			}
			fills[part] = filled
			if part != "topology" {
				fills["topology"] = "queues: {p: {}, s: {kind: stream, partitions: 1}, " + fills["queues"] + "}"
			}
			text := "name: key\n" + fills["head"] + "topology:\n  " + fills["topology"] +
				"\n  services:\n    b: {threads: 1, steps: [{work: 1ms}]}\n    c: {threads: 1, consumes: s, steps: [{sync: b, cache: {hit: 10%}}]}\n    d: {threads: 1, operations: {x: {steps: [{work: 1ms}]}}}\n    " + fills["services"] +
				"\ntraffic:\n  " + fills["traffic"]
			if part != "traffic" {
				text += "\n  l: {to: b, rate: 1/s}"
			}
			if part == "faults" {
				text += "\nfaults:\n  " + fills["faults"]
			}
			if part == "expect" {
				text += "\nexpect:\n  " + fills["expect"]
			}
			_, err := read(library, "key.yaml", []byte(text+"\n"), ".", nil)
			if got := errorLines(err); got != "" {
				t.Errorf("%s: %s is not read:\n%s\n%s", row.in, key, got, text)
			}
			for _, word := range strings.FieldsFunc(filled, func(c rune) bool { return strings.ContainsRune(" {}[],\n-", c) }) {
				if name, ok := strings.CutSuffix(word, ":"); ok {
					reached[name] = true
				}
			}
		}
	}
	// And the other way: no key is in the tables that the rows above do not try.
	for s := range format {
		for _, k := range format[s].keys {
			if !reached[k.name] && !slices.Contains([]string{"name", "topology", "services", "traffic", "faults", "expect"}, k.name) {
				t.Errorf("%s: the key %q is tried nowhere", format[s].name, k.name)
			}
		}
	}
}

// TestMisplaced: every key of a service, an operation or a call that stands where it is
// none is said to be one of whichever have it; nothing is said about its value.
func TestMisplaced(t *testing.T) {
	const b = "\n    b: {threads: 1, steps: [{work: 1ms}]}"
	tried := 0
	for _, in := range []struct {
		section    section
		part, text string
	}{
		{serviceKeys, "services", "    a: {threads: 1, steps: [{work: 1ms}], ●}"},
		{operationKeys, "services", "    a: {threads: 1, operations: {x: {steps: [{work: 1ms}], ●}}}"},
		{workKeys, "services", "    a: {threads: 1, steps: [{work: 1ms, ●}]}"},
		{syncKeys, "services", "    a: {threads: 1, steps: [{sync: b, ●}]}" + b},
		{publishKeys, "topology", "  queues: {q: {}}\n  services: {a: {threads: 1, steps: [{publish: q, ●}]}}"},
		{parallelKeys, "services", "    a: {threads: 1, steps: [{parallel: [{sync: b}], ●}]}" + b},
		{sourceKeys, "traffic", "  l: {to: a, rate: 1/s, ●}"},
		{setServiceKeys, "faults", "  - {at: 1s, set: {on: a, ●}}"},
		{setEdgeKeys, "faults", "  - {at: 1s, set: {on: l->a, ●}}"},
	} {
		beside := []section{serviceKeys, operationKeys, syncKeys, publishKeys}
		if in.part == "faults" {
			beside = []section{setServiceKeys, setOperationKeys, setEdgeKeys, setQueueKeys, setStreamKeys}
		}
		for _, s := range beside {
			for _, k := range format[s].keys {
				ofCall := s == publishKeys && format[syncKeys].key(k.name) != nil
				if k.name == "sync" || k.name == "publish" || ofCall || format[in.section].key(k.name) != nil {
					continue
				}
				if others := calledElsewhere(k.name); slices.ContainsFunc(others, func(other string) bool { return format[in.section].key(other) != nil }) {
					continue // who writes latency at an edge means its network
				}
				tried++
				text, _ := framed(in.part, strings.Replace(in.text, "●", k.name+": [[]]", 1))
				_, err := Parse("row.yaml", []byte(text), ".")
				got := errorLines(err)
				owners, place, _ := strings.Cut(got, ", not of "+format[in.section].name+"; ")
				if strings.Contains(got, "\n") || !strings.Contains(owners, quote(k.name)+" is a key of ") || !strings.Contains(owners, format[s].name) || place == "" {
					t.Errorf("%q in %s:\n%s", k.name, format[in.section].name, got)
				}
			}
		}
	}
	if tried < 150 {
		t.Errorf("only %d keys were tried", tried)
	}
}

// TestTables: the tables of keys hold what the reader makes of them.
func TestTables(t *testing.T) {
	for s := range format {
		shape := &format[s]
		seen := map[string]bool{}
		for _, k := range shape.keys {
			where := fmt.Sprintf("%s: %s", shape.name, k.name)
			if seen[k.name] {
				t.Errorf("%s is there twice", where)
			}
			seen[k.name] = true
			if k.value == "" {
				t.Errorf("%s does not say how it is written", where)
			}
			if k.about == "" && !strings.HasPrefix(shape.name, "a set") {
				t.Errorf("%s does not say what it is about", where)
			}
			if k.value == "true|false" && k.initial != "true" && k.initial != "false" && !strings.HasPrefix(shape.name, "a set") {
				t.Errorf("%s is true or false, and begins as neither", where)
			}
			if k.value == "duration" && k.initial != "" && k.initial != "none" && k.initial != "never" && shape.name != "a fault" && shape.name != "a burst" {
				if _, problem := parseDuration(k.initial); problem != "" {
					t.Errorf("%s: %s", where, problem)
				}
			}
		}
	}
}
