package scenarios

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/topology"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// messages uses every key of queues and streams, and every fault on them.
const messages = `
name: messages
duration: 2m
topology:
  queues:
    orders:
      kind: queue
      capacity: 10000
      on_full: block
      latency: exponential(2ms)
      order: fifo
      ttl: 1h
      visibility: 30s
      max_receives: 5
      redelivery: 1s
      dead_letter: failed
    failed:
    events:
      kind: stream
      partitions: 8
      latency: 1ms
      retention: 10m
      on_failure: dead_letter
      retry_every: 2s
      rebalance: 3s
      max_poll: {records: 100, interval: 5m}
      dead_letter: failed
    log: {kind: stream, partitions: 1, on_failure: retry}
  services:
    shop:
      threads: 8
      steps:
        - publish: orders
          chance: 30%
          times: 2
          optional: true
          timeout: 1s
          key: zipf(1.1)
          keys: 50
        - parallel:
            - publish: events
              key: round_robin
            - sync: stock.take
            - {publish: events, key: uniform}
    stock:
      threads: 4
      consumes:
        - {from: orders, operation: put, prefetch: 10, batch: 5, ack_timeout: 30m}
        - {from: events, operation: stock.take}
        - {from: failed, operation: put}
      operations:
        take: {steps: [{work: 1ms}]}
        put: {steps: [{publish: log}]}
    audit: {threads: 1, consumes: [events, log], steps: [{work: 1ms}]}
    mail: {threads: 1, consumes: orders, operations: {send: {steps: [{work: 1ms}]}}}
traffic:
  shoppers: {to: shop, rate: 5/s}
faults:
  - {at: 1s, for: 2s, outage: {on: orders}}
  - {at: 1s, for: 2s, every: 5s, poison: {on: events, rate: 1%}}
  - {at: 1s, ramp: 3s, latency: {on: orders, add: 2s}}
  - {at: 5s, redrive: {on: failed, to: orders}}
  - {at: 5s, every: 10s, rewind: {on: events, group: audit, by: 10m}}
  - {at: 6s, rewind: {on: log, by: 1s}}
  - {at: 7s, for: 1s, set: {on: orders, capacity: unbounded, on_full: reject, latency: 5ms, ttl: 1m, visibility: 3m, max_receives: 3, redelivery: 2s, dead_letter: log}}
  - {at: 8s, for: 1s, every: 5s, set: {on: events, latency: 2ms, retention: 1m, on_failure: skip, retry_every: 1s, rebalance: 0s, max_poll: {records: 5}, dead_letter: log}}
  - {at: 9s, set: {on: failed, capacity: 5}}
  - {at: 9s, set: {on: failed, on_full: drop_oldest, dead_letter: log}}
  - {at: 9s, set: {on: failed, max_receives: 1}}
`

func TestMessages(t *testing.T) {
	p := mustParse(t, messages).Plan
	const sec = des.Time(time.Second)
	none := topology.None
	const orders, failed, events, log = 0, 1, 2, 3
	wantQueues := []topology.Queue{
		{Name: "orders", Capacity: 10_000, OnFull: topology.BlockPublish, Latency: topology.Exponential(2 * time.Millisecond), FIFO: true, TTL: time.Hour,
			Visibility: 30 * time.Second, MaxReceives: 5, Redelivery: time.Second, DeadLetter: failed},
		{Name: "failed", Capacity: topology.Unlimited, DeadLetter: none},
		{Name: "events", Kind: topology.Stream, Capacity: topology.Unlimited, Partitions: 8, Latency: topology.Constant(time.Millisecond), Retention: 10 * time.Minute,
			OnFailure: topology.DeadLetterFailed, RetryEvery: 2 * time.Second, Rebalance: 3 * time.Second,
			MaxPoll: &topology.MaxPoll{Records: 100, Interval: 5 * time.Minute}, DeadLetter: failed},
		{Name: "log", Kind: topology.Stream, Capacity: topology.Unlimited, Partitions: 1, OnFailure: topology.RetryInPlace, RetryEvery: time.Second, DeadLetter: none},
	}
	if diff := cmp.Diff(wantQueues, p.Topology.Queues); diff != "" {
		t.Errorf("the queues are others (-want +got):\n%s", diff)
	}
	wantPublishes := []*topology.Publish{
		{Queue: orders, ID: "shop->orders", Timeout: time.Second, Chance: 0.3, Times: 2, Optional: true, Key: topology.ZipfKeys, Zipf: 1.1, Keys: 50},
		{Queue: events, ID: "shop->events", Chance: 1, Times: 1, Key: topology.RoundRobinKeys, Keys: 1000},
		{Queue: events, ID: "shop->events#2", Chance: 1, Times: 1, Keys: 1000},
		{From: topology.OpRef{Service: 1, Op: 1}, Queue: log, ID: "stock.put->log", Chance: 1, Times: 1, Keys: 1000},
	}
	if diff := cmp.Diff(wantPublishes, p.Topology.Publishes); diff != "" {
		t.Errorf("the publish steps are others (-want +got):\n%s", diff)
	}
	shop := p.Topology.Services[0].Operations[0].Steps
	if shop[0].Kind != topology.Message || shop[0].Publish != p.Topology.Publishes[0] || len(shop[1].Parallel) != 3 || shop[1].Parallel[2].Publish != p.Topology.Publishes[2] {
		t.Error("the publish steps stand elsewhere")
	}
	var consumes [][]topology.Consume
	for i := range p.Topology.Services {
		consumes = append(consumes, p.Topology.Services[i].Consumes)
	}
	wantConsumes := [][]topology.Consume{
		nil,
		{{Queue: orders, Op: 1, Prefetch: 10, Batch: 5, AckTimeout: 30 * time.Minute}, {Queue: events, Op: 0, Batch: 1}, {Queue: failed, Op: 1, Batch: 1}},
		{{Queue: events, Batch: 1}, {Queue: log, Batch: 1}},
		{{Queue: orders, Batch: 1}},
	}
	if diff := cmp.Diff(wantConsumes, consumes); diff != "" {
		t.Errorf("the consumers are others (-want +got):\n%s", diff)
	}
	wantFaults := []sim.Fault{
		{Name: "fault-1", Kind: sim.Outage, On: "orders", Queues: []int{orders}, From: sec, Until: 3 * sec},
		{Name: "fault-2", Kind: sim.Poison, On: "events", Queues: []int{events}, From: sec, Until: 3 * sec, Every: 5 * sec, Rate: 0.01},
		{Name: "fault-3", Kind: sim.Latency, On: "orders", Queues: []int{orders}, From: sec, Until: 120 * sec, Ramp: 3 * sec, Add: topology.Constant(2 * time.Second)},
		{Name: "fault-4", Kind: sim.Redrive, On: "failed", Queues: []int{failed}, From: 5 * sec, Until: 5 * sec, To: orders},
		{Name: "fault-5", Kind: sim.Rewind, On: "events", Queues: []int{events}, From: 5 * sec, Until: 5 * sec, Every: 10 * sec, Group: 2, By: 600 * sec},
		{Name: "fault-6", Kind: sim.Rewind, On: "log", Queues: []int{log}, From: 6 * sec, Until: 6 * sec, Group: 2, By: sec},
		{Name: "fault-7", Kind: sim.Set, On: "orders", Queues: []int{orders}, From: 7 * sec, Until: 8 * sec, Set: sim.Settings{Capacity: is(topology.Unlimited), OnFull: is(topology.RejectPublish),
			Latency: is(topology.Constant(5 * time.Millisecond)), TTL: is(time.Minute), Visibility: is(3 * time.Minute), MaxReceives: is(3), Redelivery: is(2 * time.Second), DeadLetter: is(log)}},
		{Name: "fault-8", Kind: sim.Set, On: "events", Queues: []int{events}, From: 8 * sec, Until: 9 * sec, Every: 5 * sec, Set: sim.Settings{Latency: is(topology.Constant(2 * time.Millisecond)),
			Retention: is(time.Minute), OnFailure: is(topology.SkipFailed), RetryEvery: is(time.Second), Rebalance: is(time.Duration(0)), MaxPoll: &topology.MaxPoll{Records: 5, Interval: 5 * time.Minute}, DeadLetter: is(log)}},
		{Name: "fault-9", Kind: sim.Set, On: "failed", Queues: []int{failed}, From: 9 * sec, Until: 120 * sec, Set: sim.Settings{Capacity: is(5)}},
		{Name: "fault-10", Kind: sim.Set, On: "failed", Queues: []int{failed}, From: 9 * sec, Until: 120 * sec, Set: sim.Settings{OnFull: is(topology.DropOldest), DeadLetter: is(log)}},
		{Name: "fault-11", Kind: sim.Set, On: "failed", Queues: []int{failed}, From: 9 * sec, Until: 120 * sec, Set: sim.Settings{MaxReceives: is(1)}},
	}
	if diff := cmp.Diff(wantFaults, p.Faults, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the faults are others (-want +got):\n%s", diff)
	}
}

func is[T any](v T) *T { return &v }

// TestPresets: a preset is what the system documents, and keys of the file stand
// above it. The names in the table of keys are those of the presets.
func TestPresets(t *testing.T) {
	var names []string
	for _, p := range presets {
		names = append(names, p.name)
	}
	if presetNames != strings.Join(names, "|") {
		t.Errorf("the presets are %v, and the format lists %s", names, presetNames)
	}
	of := func(keys string) (topology.Queue, time.Duration) {
		t.Helper()
		text, _ := framed("topology", "  queues: {q: {"+keys+"}, p: {}}\n  services: {a: {threads: 1, consumes: [{from: q}, p], steps: [{work: 1ms}]}}")
		top := mustParse(t, text).Plan.Topology
		return top.Queues[0], top.Services[0].Consumes[0].AckTimeout
	}
	for _, row := range []struct {
		keys string
		want topology.Queue
		ack  time.Duration
	}{
		{"like: sqs", topology.Queue{Visibility: 30 * time.Second, TTL: 4 * 24 * time.Hour}, 0},
		{"like: sqs, kind: queue, visibility: 1m, ttl: 1h, capacity: 9, on_full: block", topology.Queue{Visibility: time.Minute, TTL: time.Hour, Capacity: 9, OnFull: topology.BlockPublish}, 0},
		{"like: rabbitmq-classic", topology.Queue{OnFull: topology.DropOldest}, 30 * time.Minute},
		{"like: rabbitmq-quorum", topology.Queue{OnFull: topology.DropOldest, MaxReceives: 20}, 30 * time.Minute},
		{"like: rabbitmq-quorum, capacity: unbounded, on_full: reject, max_receives: 3", topology.Queue{MaxReceives: 3}, 30 * time.Minute},
		{"like: kafka, partitions: 3", topology.Queue{Kind: topology.Stream, Partitions: 3, RetryEvery: time.Second, Retention: 7 * 24 * time.Hour,
			MaxPoll: &topology.MaxPoll{Records: 500, Interval: 5 * time.Minute}}, 0},
		{"like: kafka, partitions: 3, kind: stream, retention: 1h, max_poll: {records: 1, interval: 1s}", topology.Queue{Kind: topology.Stream, Partitions: 3, RetryEvery: time.Second,
			Retention: time.Hour, MaxPoll: &topology.MaxPoll{Records: 1, Interval: time.Second}}, 0},
		{"like: kafka, partitions: 3, max_poll: {records: 7}", topology.Queue{Kind: topology.Stream, Partitions: 3, RetryEvery: time.Second, Retention: 7 * 24 * time.Hour,
			MaxPoll: &topology.MaxPoll{Records: 7, Interval: 5 * time.Minute}}, 0},
		{"like: kafka, partitions: 3, max_poll: {interval: 7s}", topology.Queue{Kind: topology.Stream, Partitions: 3, RetryEvery: time.Second, Retention: 7 * 24 * time.Hour,
			MaxPoll: &topology.MaxPoll{Records: 500, Interval: 7 * time.Second}}, 0},
		{"like: kafka, partitions: 3", topology.Queue{Kind: topology.Stream, Partitions: 3, RetryEvery: time.Second, Retention: 7 * 24 * time.Hour,
			MaxPoll: &topology.MaxPoll{Records: 500, Interval: 5 * time.Minute}}, 0}, // as it was
		{"like: kinesis, partitions: 3", topology.Queue{Kind: topology.Stream, Partitions: 3, RetryEvery: time.Second, Retention: 24 * time.Hour, OnFailure: topology.RetryInPlace}, 0},
		{"like: kinesis, partitions: 3, on_failure: skip", topology.Queue{Kind: topology.Stream, Partitions: 3, RetryEvery: time.Second, Retention: 24 * time.Hour}, 0},
	} {
		got, ack := of(row.keys)
		row.want.Name, row.want.DeadLetter = "q", topology.None
		if row.want.Capacity == 0 {
			row.want.Capacity = topology.Unlimited
		}
		if diff := cmp.Diff(row.want, got); diff != "" || ack != row.ack {
			t.Errorf("%s: its consumers' ack_timeout is %v, and (-want +got):\n%s", row.keys, ack, diff)
		}
	}
	text, _ := framed("topology", "  queues: {q: {like: rabbitmq-classic}}\n  services: {a: {threads: 1, consumes: [{from: q, ack_timeout: 1m}], steps: [{work: 1ms}]}}")
	if got := mustParse(t, text).Plan.Topology.Services[0].Consumes[0].AckTimeout; got != time.Minute {
		t.Errorf("the consumer's own ack_timeout is %v", got)
	}
}

// TestMessagesInACircle: messages may go in a circle, as calls may not, and a service
// need not be called by anybody.
func TestMessagesInACircle(t *testing.T) {
	text, _ := framed("topology", `  queues: {q: {}, p: {}}
  services:
    a: {threads: 1, steps: [{work: 1ms}]}
    ping: {threads: 1, consumes: q, steps: [{publish: p}]}
    pong: {threads: 1, consumes: p, steps: [{publish: q}, {publish: p}]}`)
	mustParse(t, text)
}

// TestKeysOfTheOtherKind: a key that only the other kind has is said to be one, with what
// there is instead; nothing is said about its value.
func TestKeysOfTheOtherKind(t *testing.T) {
	tried := 0
	for _, row := range []struct {
		in, other section
		head      string
	}{{queueKeys, streamKeys, ""}, {streamKeys, queueKeys, "kind: stream, partitions: 1, "}} {
		for _, k := range format[row.other].keys {
			if format[row.in].key(k.name) != nil {
				continue
			}
			tried++
			text, _ := framed("topology", "  queues: {q: {"+row.head+k.name+": [[]]}}\n  services: {a: {threads: 1, steps: [{work: 1ms}]}}")
			_, err := Parse("row.yaml", []byte(text), ".")
			want := fmt.Sprintf("%q is a key of %s, not of %s; ", k.name, format[row.other].name, format[row.in].name)
			if got := errorLines(err); strings.Contains(got, "\n") || !strings.Contains(got, want) || strings.HasSuffix(got, want) {
				t.Errorf("%s in %s:\n%s", k.name, format[row.in].name, got)
			}
		}
	}
	if tried != len(insteadOfKey) {
		t.Errorf("%d keys were tried, and %d have a word on what to write instead", tried, len(insteadOfKey))
	}
}

// TestKeysBesideTheirs: where the key that another goes with is written, or a preset has
// it, both may stand, whatever it says: so it can be set to something else for a run.
func TestKeysBesideTheirs(t *testing.T) {
	for _, row := range []struct{ queue, publish string }{
		{"capacity: unbounded, on_full: block", ""},
		{"like: rabbitmq-classic", ""}, // drop_oldest, and no capacity
		{"max_receives: 1, dead_letter: p", ""},
		{"like: rabbitmq-quorum, dead_letter: p", ""},
		{"kind: stream, partitions: 1, on_failure: skip, retry_every: 1s, dead_letter: p", ""},
		{"kind: stream, partitions: 1, on_failure: retry, retry_every: 5s, dead_letter: p", ""},
		{"kind: stream, partitions: 1, on_failure: dead_letter, retry_every: 5s, dead_letter: p", ""},
		{"like: kinesis, partitions: 1, retry_every: 5s", ""},
		{"like: kinesis, partitions: 1, on_failure: skip, retry_every: 5s", ""},
		{"", "key: uniform, keys: 5"},
		{"order: fifo", "key: zipf(1), keys: 5"},
		{"kind: stream, partitions: 1", "key: round_robin, keys: 5"},
		{"", "timeout: 1s, optional: true"},
	} {
		text, _ := framed("topology", "  queues: {q: {"+row.queue+"}, p: {}}\n  services: {a: {threads: 1, steps: [{publish: q, "+row.publish+"}]}}")
		mustParse(t, text)
	}
}

// asked is a topology with a queue, a stream and a service whose only step, or whose
// consumes, is under test.
func asked(step string) string {
	return "  queues: {q: {}, p: {}, s: {kind: stream, partitions: 1}}\n  services:\n    a:\n      threads: 1\n" + step
}

// queueRows are topologies with mistakes, as in badRows.
var queueRows = []struct{ part, text, want string }{
	// Names.
	{"topology", "  queues: {a: {}}\n  services: {a: {threads: 1, steps: [{work: 1ms}]}}", `2:14: "a" is a queue already; services, queues and sources share their names`},
	{"topology", "  queues: {l: {}}\n  services: {a: {threads: 1, steps: [{work: 1ms}]}}", `4:3: "l" is a queue already; services, queues and sources share their names`},
	{"topology", "  queues: {q.1: {}}\n  services: {a: {threads: 1, steps: [{publish: q.1}]}}", `1:12: "q.1" cannot be the name of a queue: a name is a letter, then letters, digits, - and _`},
	{"topology", "  queues: {q: {}, q: {}}\n  services: {a: {threads: 1, steps: [{work: 1ms}]}}", `1:19: the key "q" stands here twice, first in line 4`},
	{"topology", "  queues: [q]\n  services: {a: {threads: 1, steps: [{publish: q}]}}", `1:11: "queues" is a mapping, not a list`},
	{"topology", "  queues: {q: 5}\n  services: {a: {threads: 1, consumes: q, steps: [{work: 1ms}]}}", `1:15: a queue is a mapping, not a number`},
	{"topology", "  queues: {q: {capcity: 5}}\n  services: {a: {threads: 1, steps: [{work: 1ms}]}}", `1:16: unknown key "capcity" in a queue; did you mean "capacity"?`},
	{"topology", "  queues: {q: {visibility_timeout: 5s, flavour: sweet}}\n  services: {a: {threads: 1, steps: [{work: 1ms}]}}", `1:16: unknown key "visibility_timeout" in a queue; did you mean "visibility"?
1:40: unknown key "flavour" in a queue; it has kind, like, capacity, on_full, latency, order, ttl, visibility, max_receives, redelivery, dead_letter`},

	// Keys of something beside it, and words of other programs.
	{"topology", "  queues: {q: {prefetch: 5, keys: 5, threads: 5, consumers: 5, chance: 5%}}\n  services: {a: {threads: 1, steps: [{work: 1ms}]}}", `1:16: "prefetch" is a key of a consumer, not of a queue; write it at a consumer, as in consumes: [{from: …, prefetch: …}]
1:29: "keys" is a key of a publish step, not of a queue; write it at the publish step that it is for
1:38: "threads" is a key of a service, not of a queue; write it at a service that consumes it
1:50: "consumers" is called "consumes" here, a key of a service, not of a queue; write it at a service that consumes it
1:64: unknown key "chance" in a queue; it has kind, like, capacity, on_full, latency, order, ttl, visibility, max_receives, redelivery, dead_letter`},
	{"topology", "  queues: {q: {VisibilityTimeout: 30s, maxReceiveCount: 5, x-max-length: 5, MessageRetentionPeriod: 1h, DelaySeconds: 1s, DLQ: p}, p:}\n  services: {a: {threads: 1, steps: [{work: 1ms}]}}", `1:16: unknown key "VisibilityTimeout" in a queue; did you mean "visibility"?
1:40: unknown key "maxReceiveCount" in a queue; did you mean "max_receives"?
1:60: unknown key "x-max-length" in a queue; did you mean "capacity"?
1:77: unknown key "MessageRetentionPeriod" in a queue; did you mean "ttl"?
1:105: unknown key "DelaySeconds" in a queue; did you mean "latency"?
1:123: unknown key "DLQ" in a queue; did you mean "dead_letter"?`},
	{"topology", "  queues: {q: {kind: stream, num.partitions: 5, retention.ms: 1h}}\n  services: {a: {threads: 1, steps: [{work: 1ms}]}}", `1:30: unknown key "num.partitions" in a stream; did you mean "partitions"?
1:49: unknown key "retention.ms" in a stream; did you mean "retention"?`},

	// A stream that is not said to be one as it should be, and no more than that.
	{"topology", "  queues: {q: {type: stream, partitions: 5}}\n  services: {a: {threads: 1, steps: [{publish: q, key: uniform}]}}", `1:16: unknown key "type" in a stream; did you mean "kind"?`},
	{"topology", "  queues: {q: {kind: Stream, partitons: 5}}\n  services: {a: {threads: 1, steps: [{publish: q, key: uniform}]}}", `1:22: "kind" is queue or stream, not "Stream"; did you mean "stream"?
1:30: unknown key "partitons" in a stream; did you mean "partitions"?`},
	{"topology", "  queues: {q: {kind: topic, partitions: 5}}\n  services: {a: {threads: 1, steps: [{publish: q, key: uniform}]}}", `1:22: "kind" is queue or stream, not "topic"`},
	{"topology", "  queues: {q: {kind: kafka, partitions: 5}}\n  services: {a: {threads: 1, steps: [{publish: q, key: uniform}]}}", `1:22: "kind" is queue or stream, not "kafka"; did you mean "like: kafka"?`},
	{"topology", "  queues: {q: {like: Kafka, partitions: 5}}\n  services: {a: {threads: 1, steps: [{publish: q, key: uniform}]}}", `1:22: "like" is sqs, rabbitmq-classic, rabbitmq-quorum, kafka or kinesis, not "Kafka"; did you mean "kafka"?`},
	{"topology", "  queues: {q: {partitions: 5}}\n  services: {a: {threads: 1, steps: [{publish: q, key: uniform}]}}", `1:16: "partitions" is a key of a stream, not of a queue; write "kind: stream" for one, or "order: fifo" for a queue that keeps the order of each key`},

	// A queue.
	{"topology", "  queues: {q: {kind: steam}}\n  services: {a: {threads: 1, steps: [{work: 1ms}]}}", `1:12: a stream needs the key "partitions": a number
1:22: "kind" is queue or stream, not "steam"; did you mean "stream"?`},
	{"topology", "  queues: {q: {like: sns}}\n  services: {a: {threads: 1, steps: [{work: 1ms}]}}", `1:22: "like" is sqs, rabbitmq-classic, rabbitmq-quorum, kafka or kinesis, not "sns"; did you mean "sqs"?`},
	{"topology", "  queues: {q: {like: sqs, kind: stream}, p: {kind: queue, like: kafka, partitions: 1}}\n  services: {a: {threads: 1, steps: [{work: 1ms}]}}", `1:33: "sqs" is a queue, and here stands "stream"; leave one of them out
1:52: "kafka" is a stream, and here stands "queue"; leave one of them out`},
	{"topology", "  queues: {q: {like: kafka, kind: steam}}\n  services: {a: {threads: 1, steps: [{work: 1ms}]}}", `1:12: a stream needs the key "partitions": a number
1:35: "kind" is queue or stream, not "steam"; did you mean "stream"?`},
	{"topology", "  queues: {q: {capacity: 0, max_receives: 0, ttl: 0s, visibility: 0s, redelivery: 5, on_full: drop, order: lifo}}\n  services: {a: {threads: 1, steps: [{work: 1ms}]}}", `1:26: "capacity" is at least 1, not "0"
1:43: "max_receives" is at least 1, not "0"
1:51: "ttl" must be longer than 0s; leave it out for none
1:67: "visibility" must be longer than 0s; leave it out for none
1:83: "5" is a bare number, and a duration has a unit; write 5ms or 5s
1:95: "on_full" is reject, drop_oldest or block, not "drop"
1:108: "order" is standard or fifo, not "lifo"; did you mean "fifo"?`},
	{"topology", "  queues: {q: {capacity: unlimited, latency: uniform(1ms, 2ms)}}\n  services: {a: {threads: 1, steps: [{work: 1ms}]}}", `1:26: "capacity" is a whole number or unbounded, not "unlimited"; did you mean "unbounded"?
1:46: inside {…} and […] a value with a comma is quoted; write "uniform(1ms, 2ms)"`},
	{"topology", "  queues: {q: {kind: stream}}\n  services: {a: {threads: 1, steps: [{work: 1ms}]}}", `1:12: a stream needs the key "partitions": a number`},
	{"topology", "  queues: {q: {kind: stream, on_failure: retry, partitions: 0, retention: 0s, retry_every: 0s, max_poll: {records: 0, interval: 0s}}}\n  services: {a: {threads: 1, steps: [{work: 1ms}]}}", `1:61: "partitions" is at least 1, not "0"
1:75: "retention" must be longer than 0s; leave it out for none
1:92: "retry_every" must be longer than 0s
1:116: "records" is at least 1, not "0"
1:129: "interval" must be longer than 0s`},
	{"topology", "  queues: {q: {kind: stream, partitions: 10001, max_poll: 500}, p: {kind: stream, partitions: 1, max_poll: {}}}\n  services: {a: {threads: 1, steps: [{work: 1ms}]}}", `1:42: "partitions" is at most 10000, not "10001"
1:59: a max_poll is a mapping, not a number: {records: 500, interval: 300s}
1:98: a max_poll needs the key "records": a number
1:98: a max_poll needs the key "interval": a duration`},

	// Dead letters.
	{"topology", "  queues: {q: {max_receives: 1, dead_letter: orders-faild}, orders-failed: {}, p: {max_receives: 1, dead_letter: a}}\n  services: {a: {threads: 1, steps: [{work: 1ms}]}}", `1:46: no queue "orders-faild"; did you mean "orders-failed"?
1:114: "a" is a service, and a queue is wanted here`},
	{"topology", "  queues: {q: {like: rabbitmq-quorum, dead_letter: q}}\n  services: {a: {threads: 1, steps: [{work: 1ms}]}}", `1:52: the dead letters of "q" cannot go to itself; write another queue`},
	{"topology", "  queues: {r: {max_receives: 1, dead_letter: q}, q: {max_receives: 1, dead_letter: p}, p: {max_receives: 1, dead_letter: s}, s: {kind: stream, partitions: 1, on_failure: dead_letter, dead_letter: q}}\n  services: {a: {threads: 1, steps: [{work: 1ms}]}}", `1:197: dead letters go in a circle: q -> p -> s -> q; let one of them have no "dead_letter"`},
	{"topology", "  queues: {q: {kind: stream, partitions: 1, on_failure: dead_letter}}\n  services: {a: {threads: 1, steps: [{work: 1ms}]}}", `1:57: "on_failure: dead_letter" needs the key "dead_letter": a queue`},

	// Keys that go with others.
	{"topology", "  queues: {q: {on_full: block}, p: {like: rabbitmq-classic, on_full: reject}}\n  services: {a: {threads: 1, steps: [{work: 1ms}]}}", `1:16: "on_full" goes with "capacity", and there is none; write one, or leave "on_full" out
1:61: "on_full" goes with "capacity", and there is none; write one, or leave "on_full" out`},
	{"topology", "  queues: {q: {dead_letter: p}, p: {like: sqs, dead_letter: r}, r: {}}\n  services: {a: {threads: 1, steps: [{work: 1ms}]}}", `1:16: "dead_letter" goes with "max_receives", and there is none; write one, or leave "dead_letter" out
1:48: "dead_letter" goes with "max_receives", and there is none; write one, or leave "dead_letter" out`},
	{"topology", "  queues: {q: {}, s: {kind: stream, partitions: 1, retry_every: 5s, dead_letter: q}}\n  services: {a: {threads: 1, steps: [{work: 1ms}]}}", `1:52: "retry_every" goes with "on_failure: retry", and without that what fails is skipped; write that, or leave "retry_every" out
1:69: "dead_letter" goes with "on_failure: dead_letter", and without that what fails is skipped; write that, or leave "dead_letter" out`},
	{"topology", "  queues: {q: {}, s: {like: kinesis, partitions: 1, retry_every: 5s, dead_letter: q}}\n  services: {a: {threads: 1, steps: [{work: 1ms}]}}", `1:70: "dead_letter" goes with "on_failure: dead_letter", and without that what fails is tried again; write that, or leave "dead_letter" out`},

	// Publish steps.
	{"topology", asked("      steps: [{publish: qq}, {publish: a}, {publish: b.x}]\n    b: {threads: 1, operations: {x: {steps: [{work: 1ms}]}}}"), `5:25: no queue "qq"
5:40: "a" is a service; call it with sync, or hand a message to a queue that it consumes
5:54: "b" is a service; call it with sync, or hand a message to a queue that it consumes`},
	{"topology", asked("      steps: [{sync: q}, {sync: s, timeout: 1s}]"), `5:22: "q" is a queue; a publish step hands it messages
5:33: "s" is a queue; a publish step hands it messages`},
	{"topology", asked("      steps: [{publish: }, {publish: [q]}]"), `5:25: nothing is written where the name of a queue is expected
5:38: a publish step hands its message to one queue, not to a list; write a step for each`},
	{"topology", asked("      steps: [{publish: s, chance: 5, times: 0, keys: 0, timeout: 0s, optional: maybe, key: zipf}]"), `5:36: "5" is more than 1, all of it; did you mean "5%"?
5:46: "times" is at least 1, not "0"
5:55: "keys" is at least 1, not "0"
5:67: "timeout" must be longer than 0s; leave it out for none
5:81: "optional" is true or false, not "maybe"
5:93: zipf takes 1 parameter; write zipf(S)`},
	{"topology", asked("      steps: [{publish: s, key: roundrobin}, {publish: s, key: zipf(0)}]"), `5:33: "key" is uniform, round_robin or zipf(S), not "roundrobin"; did you mean "round_robin"?
5:69: the exponent is from 0.01 to 10, not "0"`},
	{"topology", asked("      steps: [{publish: q, retry: {}, fallback: 1ms, threads: 3, chanse: 5%}]"), `5:28: "retry" is a key of a sync step or a source, not of a publish step; write it at the call that it is for
5:39: "fallback" is a key of a sync step, not of a publish step; write it at the call that it is for
5:54: "threads" is a key of a service, not of a publish step; write it at its service
5:66: unknown key "chanse" in a publish step; did you mean "chance"?`},
	{"topology", asked("      steps: [{sync: b, key: uniform}, {publish: q, sync: b}, {parallel: [{work: 1ms}, {publish: p}]}]\n    b: {threads: 1, steps: [{work: 1ms}]}"), `5:25: "key" is a key of a publish step, not of a sync step; write it at the publish step that it is for
5:41: a step is one of work, sync, publish, parallel, and this is publish and sync; make them steps of their own
5:76: a parallel step holds sync and publish steps only, not work`},

	// Consumers.
	{"topology", asked("      steps: [{work: 1ms}]\n      consumes: qq"), `6:17: no queue "qq"`},
	{"topology", asked("      steps: [{work: 1ms}]\n      consumes: [a, l, {from: q}, q, []]"), `6:18: "a" is a service, and a queue is wanted here
6:21: no queue "l"
6:35: "a" consumes "q" twice; write it once
6:38: a consumer is a mapping, not a list`},
	{"topology", asked("      steps: [{work: 1ms}]\n      consumes: {from: q}"), `6:17: "consumes" is the name of a queue or a list, not a mapping; write [{from: q}], with its other keys behind`},
	{"topology", asked("      steps: [{work: 1ms}]\n      consumes: {q: {prefetch: 5}}"), `6:17: "consumes" is the name of a queue or a list, not a mapping; write [{from: q}], with its other keys behind`},
	{"topology", asked("      steps: [{work: 1ms}]\n      consumes: {prefetch: 5}"), `6:17: "consumes" is the name of a queue or a list, not a mapping; write [{from: …}], with its other keys behind`},
	{"topology", asked("      steps: [{work: 1ms}]\n      consumes: [q: {prefetch: 5}]"), `6:18: a consumer is written {from: q}, with its other keys behind`},
	{"topology", asked("      steps: [{work: 1ms}]\n      consumes: q, p"), `6:17: "q, p" is no name of a queue; a list is written [q, p]`},
	{"topology", asked("      steps: [{work: 1ms}]\n      consumes: q.send"), `6:17: no queue "q.send"; did you mean "q"?`},
	{"topology", asked("      steps: [{work: 1ms}]\n      consumes: [{queue: q, op: x, threads: 4, visibility: 5s, max_poll: 5, order: fifo, kind: queue}]"), `6:19: unknown key "queue" in a consumer; did you mean "from"?
6:29: unknown key "op" in a consumer; did you mean "operation"?
6:33: "a" has no operations, only steps; leave "operation" out
6:36: "threads" is a key of a service, not of a consumer; write it at its service
6:48: "visibility" is a key of a queue, not of a consumer; write it at the queue that it is for
6:64: "max_poll" is a key of a stream, not of a consumer; write it at the stream that it is for
6:77: "order" is a key of a service or a queue, not of a consumer; write it at its service or the queue that it is for
6:90: "kind" is a key of a queue or a stream, not of a consumer; write it at the queue that it is for`},
	{"topology", asked("      steps: [{publish: q, batch: 5}]\n      prefetch: 5\n      consumes: q"), `5:28: "batch" is a key of a consumer, not of a publish step; write it at a consumer, as in consumes: [{from: …, batch: …}]
6:7: "prefetch" is a key of a consumer, not of a service; write it at a consumer, as in consumes: [{from: …, prefetch: …}]`},
	{"topology", asked("      steps: [publish q, work 5ms, {consume: q}, {queue: q}, sync]"), `5:15: a step is a mapping; write "publish: q"
5:26: a step is a mapping; write "work: 5ms"
5:36: a step is one of work, sync, publish, parallel; "consumes" is a key of the service
5:50: a step is one of work, sync, publish, parallel
5:62: a step is a mapping, not a word`},
	{"topology", asked("      steps: [{work: 1ms}]\n      consumes: []"), `6:17: there are no queues in "consumes"; write at least one, or leave it out`},
	{"topology", asked("      steps: [{work: 1ms}]\n      consumes:"), `6:16: nothing is written where the name of a queue is expected`},
	{"topology", asked("      steps: [{work: 1ms}]\n      consumes: [{operation: x}, {from: q, prefetch: 0, batch: 0, ack_timeout: 0s}]"), `6:18: a consumer needs the key "from": a queue
6:54: "prefetch" is at least 1, not "0"
6:64: "batch" is at least 1, not "0"
6:80: "ack_timeout" must be longer than 0s; leave it out for none`},
	{"topology", asked("      steps: [{work: 1ms}]\n      consumes: [{from: s, prefetch: 1, batch: 2, ack_timeout: 1s, prefetsh: 3}]"), `6:28: "prefetch" belongs to a consumer of a queue, and "s" is a stream; "max_poll" of the stream says how it is read
6:41: "batch" belongs to a consumer of a queue, and "s" is a stream; "max_poll" of the stream says how it is read
6:51: "ack_timeout" belongs to a consumer of a queue, and "s" is a stream; "max_poll" of the stream says how it is read
6:68: unknown key "prefetsh" in a consumer; did you mean "prefetch"?`},
	{"topology", asked("      steps: [{work: 1ms}]\n      consumes: [{from: q, operation: x}]"), `6:39: "a" has no operations, only steps; leave "operation" out`},
	{"topology", asked("      operations: {x: {steps: [{work: 1ms}]}, why: {steps: [{work: 1ms}]}}\n      consumes: [q, {from: p}, {from: s, operation: z}]") + "\n    b: {threads: 1, consumes: [{from: s, operation: a.x}], operations: {x: {steps: [{work: 1ms}]}}}", `6:18: "a" has several operations; name the one that takes these messages, as in {from: q, operation: x}
6:28: "a" has several operations; name the one that takes these messages, as in {from: p, operation: x}
6:53: "a" has no operation "z"; it has x, why
7:53: "b" has no operation "a.x"; it has x
9:11: "a" has several operations; name one of them: a.x or a.why`},
	{"topology", asked("      steps: [{work: 1ms}]\n      queue: q"), `6:14: "queue" is the size of the waiting room; to take the messages of "q" write consumes: q`},
	{"topology", "  services: {a: {threads: 1, consumes: q, steps: [{publish: p}]}}", `1:40: no queue "q"; the topology has none, write it under "queues"
1:61: no queue "p"; the topology has none, write it under "queues"`},

	// Faults.
	{"topology", broken("outage: {on: qq}"), `6:29: no queue "qq"`},
	{"topology", broken("outage: {on: a}"), `6:29: "a" is a service, and a queue is wanted here`},
	{"topology", broken("outage: {on: l}"), `6:29: "l" is a source, and a queue is wanted here`},
	{"topology", broken("outage: {on: a->q}"), `6:29: "outage" is on a queue or a stream, and "a->q" is an edge`},
	{"topology", broken("outage: q"), `6:24: an outage is a mapping, not a word: {on: q}`},
	{"topology", broken("outage: {on: q, rate: 5%}"), `6:32: unknown key "rate" in an outage; it has on`},
	{"topology", broken("poison: {on: q}"), `6:16: a poison needs the key "rate": a share`},
	{"topology", broken("ramp: 1s, poison: {on: q, rate: 5%}"), `6:16: "poison" does not grow; only latency, slow, errors, surge or loss faults have a ramp`},
	{"topology", broken("latency: {on: q, add: 1s, instances: 1}"), `6:42: "instances" goes with a fault on a service, not on a queue`},
	{"topology", broken("loss: {on: a->q, rate: 5%}"), `6:30: "q" is a queue, and no call step leads there; write a fault on q itself`},
	{"topology", broken("partition: {on: q->b}"), `6:32: "q" is a queue, and calls nobody; write a fault on q itself, or on a service that consumes it`},
	{"topology", broken("crash: {on: q}"), `6:28: "crash" is on a service, and "q" is a queue`},
	{"topology", broken("surge: {on: s, factor: 2}"), `6:28: "surge" is on a source, and "s" is a stream`},
	{"topology", broken("set: {on: q}"), `6:21: nothing is set; write keys with their values for the while, as in timeout: 1s`},
	{"topology", broken("set: {on: q, instances: 1, capacity: 0}"), `6:29: "instances" is a key of a set on a service, not of a set on a queue; set it on a service that consumes it
6:53: "capacity" is at least 1, not "0"`},
	{"topology", broken("set: {on: a->q, capacity: 5}"), `6:29: "q" is a queue, and no call step leads there; write a fault on q itself
6:32: "capacity" is a key of a set on a queue, not of a set on an edge; set it on the queue that it is for`},
	{"topology", broken("set: {on: a, capacity: 5}"), `6:29: "capacity" is a key of a set on a queue, not of a set on a service; set it on the queue that it is for`},
	{"topology", broken("set: {on: a->b, visibility: 5s}"), `6:26: there is no call step "a->b"
6:32: "visibility" is a key of a set on a queue, not of a set on an edge; set it on the queue that it is for`},
	{"topology", broken("set: {on: q, kind: stream, like: sqs, order: fifo, name: q2, partitions: 4, ttl: 1s}"), `6:29: "kind" says what a queue is, which does not change while it runs; a set on one has capacity, on_full, latency, ttl, visibility, max_receives, redelivery, dead_letter
6:43: "like" says what a queue is, which does not change while it runs; a set on one has capacity, on_full, latency, ttl, visibility, max_receives, redelivery, dead_letter
6:54: "order" says what a queue is, which does not change while it runs; a set on one has capacity, on_full, latency, ttl, visibility, max_receives, redelivery, dead_letter
6:67: "name" says what a queue is, which does not change while it runs; a set on one has capacity, on_full, latency, ttl, visibility, max_receives, redelivery, dead_letter
6:77: "partitions" is a key of a stream, not of a queue; write "kind: stream" for one, or "order: fifo" for a queue that keeps the order of each key`},
	{"topology", broken("set: {on: s, kind: queue, partitions: 4, order: fifo, capacity: 5, ttl: 1s}"), `6:29: "kind" says what a stream is, which does not change while it runs; a set on one has latency, retention, on_failure, retry_every, rebalance, max_poll, dead_letter
6:42: "partitions" says what a stream is, which does not change while it runs; a set on one has latency, retention, on_failure, retry_every, rebalance, max_poll, dead_letter
6:57: "order" is a key of a queue, not of a stream; within a partition messages are read in their order
6:70: "capacity" is a key of a queue, not of a stream; a stream takes all that is published, and "retention" says how long it is kept
6:83: "ttl" is a key of a queue, not of a stream; write "retention"`},
	{"topology", broken("set: {on: q, threads: 5, capcity: 4, dlq: p}"), `6:29: "threads" is a key of a set on a service, not of a set on a queue; set it on a service that consumes it
6:41: unknown key "capcity" in a set on a queue; did you mean "capacity"?
6:53: unknown key "dlq" in a set on a queue; did you mean "dead_letter"?`},
	{"topology", broken("set: {on: q, on_full: block}"), `6:29: "on_full" goes with "capacity", and there is none; write one, or leave "on_full" out`},
	{"topology", broken("set: {on: q, dead_letter: p}"), `6:29: "dead_letter" goes with "max_receives", and there is none; write one, or leave "dead_letter" out`},
	{"topology", broken("set: {on: q, max_receives: 3, dead_letter: q}"), `6:59: the dead letters of "q" cannot go to itself; write another queue`},
	{"topology", broken("set: {on: q, max_receives: 3, dead_letter: pp}"), `6:59: no queue "pp"`},
	{"topology", broken("set: {on: q, ttl: 0s, visibility: x, max_receives: 0, redelivery: -1s}"), `6:34: "ttl" must be longer than 0s; leave it out for none
6:50: "x" is not a duration; write it as 250ms, 1.5s, 2m or 1h30m
6:67: "max_receives" is at least 1, not "0"
6:82: "-1s" is negative, and no duration is`},
	{"topology", broken("set: {on: s, retry_every: 5s}"), `6:29: "retry_every" goes with "on_failure: retry", and without that what fails is skipped; write that, or leave "retry_every" out`},
	{"topology", broken("set: {on: s, dead_letter: p}"), `6:29: "dead_letter" goes with "on_failure: dead_letter", and without that what fails is skipped; write that, or leave "dead_letter" out`},
	{"topology", broken("set: {on: s, on_failure: dead_letter}"), `6:41: "on_failure: dead_letter" needs the key "dead_letter": a queue`},
	{"topology", broken("set: {on: s, max_poll: {records: 5}}"), `6:29: a max_poll needs the key "interval": a duration`},
	{"topology", broken("set: {on: q, max_receives: 3, dead_letter: p}}\n  - {at: 2s, set: {on: p, max_receives: 3, dead_letter: q}"), `6:59: dead letters go in a circle: q -> p -> q; let one of them have no "dead_letter"`},
	{"topology", broken("set: {on: q, max_receives: 3, dead_letter: p}}\n  - {at: 2s, set: {on: p, max_receives: 3, dead_letter: s}}\n  - {at: 3s, set: {on: s, on_failure: dead_letter, dead_letter: p}"), `7:57: dead letters go in a circle: p -> s -> p; let one of them have no "dead_letter"`},
	{"topology", broken("for: 5s, redrive: {on: q, to: p}"), `6:16: a redrive happens at one instant; leave "for" out`},
	{"topology", broken("ramp: 5s, rewind: {on: s, group: a, by: 1s}"), `6:16: "rewind" does not grow; only latency, slow, errors, surge or loss faults have a ramp`},
	{"topology", broken("redrive: {on: q}"), `6:16: a redrive needs the key "to": a queue`},
	{"topology", broken("redrive: {from: q, to: p}"), `6:26: unknown key "from" in a redrive; did you mean "on"?`},
	{"topology", broken("redrive: q"), `6:25: a redrive is a mapping, not a word: {on: q, to: …}`},
	{"topology", broken("redrive: {on: q, to: q}"), `6:37: the messages of "q" are there already; write another queue`},
	{"topology", broken("redrive: {on: s, to: a}"), `6:30: "redrive" is on a queue, and "s" is a stream
6:37: "a" is a service, and a queue is wanted here`},
	{"topology", broken("rewind: {on: q, by: 1s}"), `6:29: "rewind" is on a stream, and "q" is a queue`},
	{"topology", broken("rewind: {on: s}"), `6:16: a rewind needs the key "by": a duration
6:16: "s" is read by several groups; write "group", one of a, b`},
	{"topology", broken("rewind: {on: s, group: c, by: 0s}"), `6:39: "c" does not consume "s"; its groups are a, b
6:46: "by" must be longer than 0s`},
	{"topology", broken("rewind: {on: r, by: 1s}"), `6:29: nobody consumes "r", so no group of it can go back`},
	{"topology", broken("rewind: {on: r, group: a, by: 1s}"), `6:29: nobody consumes "r", so no group of it can go back`},
	{"topology", broken("every: 1us, redrive: {on: q, to: p}"), `6:23: it comes back more than 100000 times; write a longer "every"`},
}

// broken is a topology with queues and streams, and a fault.
func broken(fault string) string {
	return `  queues: {q: {}, p: {}, s: {kind: stream, partitions: 1}, r: {kind: stream, partitions: 1}}
  services:
    a: {threads: 1, consumes: [s, q], steps: [{publish: q}]}
    b: {threads: 1, consumes: s, steps: [{publish: q}]}
faults:
  - {at: 1s,   ` + fault + "}"
}
