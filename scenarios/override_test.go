package scenarios

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"cascade/sim"
	"cascade/topology"

	"github.com/google/go-cmp/cmp"
)

const overridden = `name: shop
duration: 1m
topology:
  services:
    gateway:
      threads: 8
      operations:
        buy: {steps: [{work: 1ms}, {sync: payment}]}
    payment: {threads: 4, steps: [{work: 1ms}]}
traffic:
  shoppers: {to: gateway.buy, rate: 5/s}
faults:
  - {at: 1s, pause: {on: payment}}
  - {name: slow, at: 1s, slow: {on: payment, factor: 2}}
expect:
  - shoppers.success > 1%
`

func TestOverride(t *testing.T) {
	s := mustParse(t, overridden,
		Override{"duration", "30s"}, Override{"seed", "9"}, Override{"services.payment.threads", "32"}, Override{"services.payment.threads", "33"},
		Override{"topology.services.payment.queue", "5"}, Override{"services.gateway.operations.buy.steps.1.timeout", "2s"},
		Override{"services.gateway.operations.buy.steps.1.retry.attempts", "3"}, Override{"services.payment.steps.0.work", "lognormal(1ms, 2ms)"},
		Override{"services.spare", "{threads: 1, steps: [{work: 1ms}]}"}, Override{"traffic.shoppers.rate", "7/s"},
		Override{"traffic.staff", "{to: spare, users: 3}"}, Override{"faults.0.at", "2s"}, Override{"faults.slow.slow.factor", "4"}, Override{"faults.fault-1.for", "3s"},
		Override{"expect.0", "shoppers.success > 2%"},
		Override{"services.gateway.operations.buy.steps.1.breaker.open_for", "9s"}, Override{"services.gateway.operations.buy.steps.1.cache.hit", "50%"},
		Override{"services.payment.rate_limit.rate", "8/s"}, Override{"services.payment.outlier", "{}"}, Override{"services.payment.outlier.max", "30%"}, Override{"services.payment.order", "codel"},
		Override{"traffic.shoppers.hedge.after", "p95"}, Override{"faults.2.at", "1s"}, Override{"faults.2.set.on", "gateway->payment"}, Override{"faults.2.set.throttle.k", "3"})
	p := s.Plan
	pay, call := &p.Topology.Services[1], p.Topology.Edges[0]
	for what, ok := range map[string]bool{
		"duration": p.Duration == 30e9, "seed": p.Seed == 9, "the last of two": pay.Threads == 33, "a new key": pay.Queue == 5, "a step": call.Timeout == 2*time.Second,
		"a new mapping": call.Retry.Attempts == 3 && call.Retry.Factor == 2, "a distribution": pay.Operations[0].Steps[0].Work.B == 2e6,
		"a new service": len(p.Topology.Services) == 3, "a rate": p.Sources[0].Rate == 7, "a new source": p.Sources[1].Users == 3,
		"a fault by place": p.Faults[0].From == 2e9, "a fault by name": p.Faults[1].Factor == 4, "a fault by its default name": p.Faults[0].Until == 5e9,
		"a breaker": call.Breaker.OpenFor == 9*time.Second && call.Breaker.Consecutive == 5, "a cache": call.Cache.Hit == 0.5, "a service's limit": pay.RateLimit.Rate == 8,
		"outlier": pay.Outlier.Max == 0.3 && pay.Outlier.Consecutive == 5, "a new word": pay.Order == topology.CoDel, "a source's hedge": p.Sources[0].Edge.Hedge.Quantile == 0.95,
		"a guard that is set": p.Faults[2].Set.Throttle.K == 3,
		"an expectation":      s.Expectations[0].Text == "shoppers.success > 2%",
	} {
		if !ok {
			t.Errorf("%s was not overridden", what)
		}
	}
}

// TestOverridesAppend: the place behind the last adds to a list, whole or piece by
// piece, and 0 begins one that is not there.
func TestOverridesAppend(t *testing.T) {
	s := mustParse(t, overridden,
		Override{"expect.1", "shoppers.p99 < 1s"}, Override{"expect.2", "shoppers.p50 < 1s"},
		Override{"faults.2", "{name: crash, at: 5s, crash: {on: payment}}"}, Override{"faults.3.at", "6s"}, Override{"faults.3.pause.on", "gateway"},
		Override{"services.payment.steps.1.work", "2ms"}, Override{"services.gateway.operations.buy.steps.2", "{parallel: [{sync: payment}]}"},
		Override{"services.gateway.operations.buy.steps.2.parallel.1.sync", "payment"},
		Override{"traffic.shoppers.profile.0.at", "10s"}, Override{"traffic.shoppers.profile.0.rate", "9/s"}, Override{"traffic.shoppers.profile.1", "{at: 20s, rate: 8/s}"})
	p := s.Plan
	buy := p.Topology.Services[0].Operations[0].Steps
	for what, ok := range map[string]bool{
		"expectations": len(s.Expectations) == 3 && s.Expectations[2].Text == "shoppers.p50 < 1s",
		"faults":       len(p.Faults) == 4 && p.Faults[2].Name == "crash" && p.Faults[3].Kind == sim.Pause && p.Faults[3].Name == "fault-4" && p.Faults[3].From == 6e9,
		"steps":        len(p.Topology.Services[1].Operations[0].Steps) == 2 && p.Topology.Services[1].Operations[0].Steps[1].Work.A == 2e6,
		"parallel":     len(buy) == 3 && len(buy[2].Parallel) == 2,
		"profile":      len(p.Sources[0].Profile) == 2 && p.Sources[0].Profile[0].Rate == 9 && p.Sources[0].Profile[1].Rate == 8,
	} {
		if !ok {
			t.Errorf("%s were not added", what)
		}
	}
	_, err := Parse("shop.yaml", []byte(overridden), ".", Override{"faults.2", "{name: again, at: 1s, pause: {on: payment}}"}, Override{"faults.3", "{name: again, at: 1s, pause: {on: payment}}"})
	if want := `--set faults.3={name: again, at: 1s, pause: {on: payment}}: a fault is called "again" already`; err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	bare, _, _ := strings.Cut(overridden, "faults:")
	if s := mustParse(t, bare, Override{"expect.0", "shoppers.p99 < 1s"}, Override{"faults.0.at", "1s"}, Override{"faults.0.pause", "{on: payment}"}); len(s.Expectations) != 1 || len(s.Plan.Faults) != 1 {
		t.Error("no list was begun")
	}
}

func TestOverrideProblems(t *testing.T) {
	for _, row := range []struct{ path, value, want string }{
		{"services.paymnt.threads", "32", `no service "paymnt"; did you mean "payment"?`},
		{"services.payment.thraeds", "32", `no key "thraeds" in a service; did you mean "threads"?`},
		{"services.payment.retyr.attempts", "32", `no key "retyr" in a service; it has instances, threads, blocking, queue, order, balance, health_check, cancel, deadline, rate_limit, adaptive_limit, outlier, contention, autoscale, consumes, steps, operations`},
		{"services.payment.threads", "abc", `"threads" is a whole number or unlimited, not "abc"`},
		{"services.payment.threads", "", `nothing is written where a whole number is expected`},
		{"services.payment.threads", "[", `not YAML: did not find expected node content (while parsing a flow node)`},
		{"services.payment.threads", "1\n---\n2", `a second document begins here; a file holds one`},
		{"services.payment.threads.more", "1", `"services.payment.threads" holds nothing that could be set in it; end the path there`},
		{"services.payment.steps.1", "1", `a step is a mapping, not a number`},
		{"services.payment.steps.2", "{work: 1ms}", `"services.payment.steps" has no member "2"; it has 1, from 0 to 0, and 1 adds one`},
		{"services.payment.steps.-1", "{work: 1ms}", `"services.payment.steps" has no member "-1"; it has 1, from 0 to 0, and 1 adds one`},
		{"services.payment.steps.1.wrok", "1ms", `no key "wrok" in a step; did you mean "work"?`},
		{"services.payment.steps.1.work.more", "1ms", `"services.payment.steps.1.work" holds nothing that could be set in it; end the path there`},
		{"services.payment.steps.work", "1", `"services.payment.steps" has no member "work"; it has 1, from 0 to 0, and 1 adds one`},
		{"services.payment.operations.buy.steps", "[]", `there is no "services.payment.operations" to set "buy" in`},
		{"services.payment.steps.0.work", "uniform(2ms, 1ms)", `uniform's low end 2ms is above its high end 1ms`},
		{"service.payment.threads", "1", `no key "service" in a scenario; did you mean "services.payment.threads"?`},
		{"Services.payment.threads", "1", `no key "Services" in a scenario; did you mean "services.payment.threads"?`},
		{"source.shoppers.rate", "1/s", `no key "source" in a scenario; did you mean "traffic.shoppers.rate"?`},
		{"sources.shoppers.rate", "1/s", `no key "sources" in a scenario; did you mean "traffic.shoppers.rate"?`},
		{"payment.threads", "1", `no key "payment" in a scenario; did you mean "services.payment.threads"?`},
		{"paymnt.threads", "1", `no key "paymnt" in a scenario; did you mean "services.payment.threads"?`},
		{"shoppers.rate", "1/s", `no key "shoppers" in a scenario; did you mean "traffic.shoppers.rate"?`},
		{"slow.at", "1s", `no key "slow" in a scenario; did you mean "faults.slow.at"?`},
		{"flavour.sweet", "1", `no key "flavour" in a scenario; it has name, description, duration, warmup, seed, interval, topology, traffic, faults, expect`},
		{"queues.orders.capacity", "1", `there is no "queues" to set "orders" in`},
		{"queues.orders", "5", `a queue is a mapping, not a number`},
		{"services.payment.consumes", "orders", `no queue "orders"; the topology has none, write it under "queues"`},
		{"services.payment.autoscale", "{min: 1, max: 2}", `an autoscale needs the key "target": a share`},
		{"services.payment.outlier.consecutiv", "1", `no key "consecutiv" in an outlier; did you mean "consecutive"?`},
		{"services.payment.rate_limit.rate", "5", `"5" is a bare number, and a rate has a unit; write 5/s`},
		{"services.gateway.operations.buy.steps.1.breaker.ratio", "50", `"50" is more than 1, all of it; did you mean "50%"?`},
		{"services.gateway.operations.buy.steps.1.cache.ttl", "5s", `a cache needs "hit", the share that it answers, or "keys", how many things are asked for`},
		{"traffic.shoppers.cache.hit", "50%", `"cache" is a key of a sync step, not of a source; write it at a call between services`},
		{"services.payment.breaker.open_for", "5s", `"breaker" is a key of a sync step or a source, not of a service; write it at the call that it is for`},
		{"services.gateway.operations.buy.steps.1.cancel", "true", `"cancel" is a key of a service, not of a sync step; write it at "payment"`},
		{"services.payment.replicas", "1", `no key "replicas" in a service; did you mean "instances"?`},
		{"traffic.shoppers.retry.atempts", "2", `no key "atempts" in a retry; did you mean "attempts"?`},
		{"duratoin", "1s", `no key "duratoin" in a scenario; did you mean "duration"?`},
		{"duration", "1", `"1" is a bare number, and a duration has a unit; write 1ms or 1s`},
		{"traffic.shopers.rate", "1/s", `no source "shopers"; did you mean "shoppers"?`},
		{"traffic.shoppers.users", "1", `a source has one of rate, users, burst, trace, and this has rate and users`},
		{"faults.slwo.at", "1s", `no fault "slwo"; did you mean "slow"?`},
		{"faults.7.at", "1s", `"faults" has no member "7"; it has 2, from 0 to 1, and 2 adds one`},
		{"faults.slow.slow.on", "gatway", `no service "gatway"; did you mean "gateway"?`},
		{"expect.2", "x", `"expect" has no member "2"; it has 1, from 0 to 0, and 1 adds one`},
		{"expect.1.x", "x", `"expect.1" holds nothing that could be set in it; end the path there`},
		{"services..threads", "1", `a path is names with dots between them, as in services.payment.threads`},
		{"", "1", `a path is names with dots between them, as in services.payment.threads`},
	} {
		_, err := Parse("shop.yaml", []byte(overridden), ".", Override{row.path, row.value})
		want := "--set " + shown(row.path+"="+row.value) + ": " + row.want
		if err == nil || err.Error() != want {
			t.Errorf("got\n%v\nwant\n%s", err, want)
		}
		var problems Problems
		if !errors.As(err, &problems) || !problems[0].Override {
			t.Errorf("%s: the problem is not marked as an override's", row.path)
		}
	}
}

// TestOverridesAllAtOnce: they are all told, before what is wrong with the file.
func TestOverridesAllAtOnce(t *testing.T) {
	_, err := Parse("shop.yaml", []byte(overridden+"flavour: sweet\n"), ".", Override{"services.paymnt.queue", "1"}, Override{"traffic.shoppers.rate", "fast"})
	want := `--set services.paymnt.queue=1: no service "paymnt"; did you mean "payment"?
--set traffic.shoppers.rate=fast: "fast" is not a rate; write it as 200/s, 90/m or 3/h
shop.yaml:17:1: unknown key "flavour" in a scenario; it has name, description, duration, warmup, seed, interval, topology, traffic, faults, expect
   17 | flavour: sweet
      | ^`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

// TestOverridesOfQueues: queues, consumers and publish steps are reached like the rest;
// a consumer of which only the queue is written grows keys of its own.
func TestOverridesOfQueues(t *testing.T) {
	top := mustParse(t, messages,
		Override{"queues.orders.capacity", "7"}, Override{"topology.queues.events.max_poll.records", "3"}, Override{"queues.failed", "{ttl: 5s}"},
		Override{"queues.log.partitions", "4"}, Override{"queues.more", "{}"}, Override{"queues.fresh", "{partitions: 3}"}, Override{"queues.fresh.like", "kafka"},
		Override{"services.shop.steps.0.keys", "9"}, Override{"services.shop.steps.1.parallel.2", "{publish: more}"}, Override{"services.shop.steps.2.publish", "more"},
		Override{"services.stock.consumes.0.prefetch", "99"}, Override{"services.stock.consumes.3", "{from: more, operation: put}"},
		Override{"services.audit.consumes.2.from", "more"}, Override{"services.audit.consumes.2.batch", "8"},
		Override{"services.mail.consumes.0.prefetch", "6"}, Override{"services.mail.consumes.1", "failed"},
		Override{"services.shop.consumes.0", "failed"}).Plan.Topology
	q, s := top.Queues, top.Services
	for what, ok := range map[string]bool{
		"a queue":         q[0].Capacity == 7 && q[0].MaxReceives == 5 && q[1].TTL == 5e9,
		"a stream":        q[2].MaxPoll.Records == 3 && q[3].Partitions == 4,
		"a new queue":     len(q) == 6 && q[4].Name == "more" && q[5].Partitions == 3 && q[5].MaxPoll != nil,
		"a publish step":  s[0].Operations[0].Steps[0].Publish.Keys == 9 && s[0].Operations[0].Steps[1].Parallel[2].Publish.Queue == 4 && s[0].Operations[0].Steps[2].Publish.Queue == 4,
		"a consumer":      s[1].Consumes[0].Prefetch == 99 && s[1].Consumes[0].Batch == 5 && s[1].Consumes[3].Op == 1,
		"another":         len(s[2].Consumes) == 3 && s[2].Consumes[2].Batch == 8,
		"a name alone":    len(s[3].Consumes) == 2 && s[3].Consumes[0].Prefetch == 6 && s[3].Consumes[1].Queue == 1,
		"a first of them": len(s[0].Consumes) == 1 && s[0].Consumes[0].Queue == 1,
	} {
		if !ok {
			t.Errorf("%s was not set", what)
		}
	}
	first := mustParse(t, overridden, Override{"queues.orders", "{like: sqs}"}, Override{"services.payment.consumes", "orders"}).Plan.Topology
	if len(first.Queues) != 1 || first.Services[1].Consumes[0].Queue != 0 {
		t.Error("no first queue was added")
	}
	of := func(queues string, sets ...Override) []topology.Queue {
		t.Helper()
		text, _ := framed("topology", "  queues:"+queues+"\n  services: {a: {threads: 1, steps: [{work: 1ms}]}}")
		return mustParse(t, text, sets...).Plan.Topology.Queues
	}
	if q := of(" {a-q: }", Override{"queues.a-q.ttl", "5s"}, Override{"queues.a-q.capacity", "3"}); q[0].TTL != 5e9 || q[0].Capacity != 3 {
		t.Error("a queue with nothing said about it took no keys")
	}
	if q := of(" {a-q: }", Override{"queues.a-q.like", "kinesis"}, Override{"queues.a-q.partitions", "3"}); q[0].Partitions != 3 || q[0].Retention != 24*time.Hour {
		t.Error("a queue with nothing said about it did not become a stream")
	}
	if q := of("", Override{"queues.a-q", "{ttl: 5s}"}); len(q) != 1 {
		t.Error("no queue was added where there was nothing")
	}
	for _, row := range []struct{ path, value, want string }{
		{"queues.ordrs.ttl", "1s", `no queue "ordrs"; did you mean "orders"?`},
		{"orders.ttl", "1s", `no key "orders" in a scenario; did you mean "queues.orders.ttl"?`},
		{"ordrs.ttl", "1s", `no key "ordrs" in a scenario; did you mean "queues.orders.ttl"?`},
		{"queue.orders.ttl", "1s", `no key "queue" in a scenario; did you mean "queues.orders.ttl"?`},
		{"streams.events.retention", "1s", `no key "streams" in a scenario; did you mean "queues.events.retention"?`},
		{"services.mail.prefetch", "5", `"prefetch" is a key of a consumer, not of a service; write it at a consumer, as in consumes: [{from: …, prefetch: …}]`},
		{"services.stock.consumes.0.visibility", "5s", `"visibility" is a key of a queue, not of a consumer; write it at the queue that it is for`},
		{"services.mail.consumes", "orders,failed", `"orders,failed" is no name of a queue; a list is written [orders,failed]`},
		{"services.shop.steps.0.kyes", "5", `no key "kyes" in a publish step; did you mean "keys"?`},
		{"queues.orders.capcity", "1", `no key "capcity" in a queue; did you mean "capacity"?`},
		{"queues.orders.partitions", "1", `"partitions" is a key of a stream, not of a queue; write "kind: stream" for one, or "order: fifo" for a queue that keeps the order of each key`},
		{"queues.events.ttl", "1s", `"ttl" is a key of a queue, not of a stream; write "retention"`},
		{"queues.events.capacity", "0", `"capacity" is a key of a queue, not of a stream; a stream takes all that is published, and "retention" says how long it is kept`},
		{"services.stock.consumes.5.from", "orders", `"services.stock.consumes" has no member "5"; it has 3, from 0 to 2, and 3 adds one`},
		{"services.stock.consumes.orders.prefetch", "5", `"services.stock.consumes" has no member "orders"; it has 3, from 0 to 2, and 3 adds one`},
		{"services.stock.consumes.1.batch", "5", `"batch" belongs to a consumer of a queue, and "events" is a stream; "max_poll" of the stream says how it is read`},
		{"services.shop.steps.0.publish", "ordrs", `no queue "ordrs"; did you mean "orders"?`},
		{"services.shop.steps.0.retry.attempts", "2", `"retry" is a key of a sync step or a source, not of a publish step; write it at the call that it is for`},
		{"faults.fault-4.for", "5s", `a redrive happens at one instant; leave "for" out`},
	} {
		_, err := Parse("messages.yaml", []byte(messages), ".", Override{row.path, row.value})
		want := "--set " + shown(row.path+"="+row.value) + ": " + row.want
		if err == nil || err.Error() != want {
			t.Errorf("got\n%v\nwant\n%s", err, want)
		}
	}
}

// TestOverridesOfEveryKeyOfQueues: every key of queues, streams, consumers and publish
// steps can be set from outside, and what is set makes another plan.
func TestOverridesOfEveryKeyOfQueues(t *testing.T) {
	before := mustParse(t, messages).Plan.Topology
	for _, row := range []struct {
		section section
		path    string
		values  map[string]string
	}{
		{queueKeys, "queues.orders", map[string]string{"capacity": "5", "on_full": "drop_oldest", "latency": "1s", "order": "standard", "ttl": "5s",
			"visibility": "10s", "max_receives": "9", "redelivery": "5s", "dead_letter": "events"}},
		{queueKeys, "queues.failed", map[string]string{"like": "sqs"}},
		{streamKeys, "queues.events", map[string]string{"partitions": "5", "latency": "1s", "retention": "1h", "on_failure": "retry", "retry_every": "5s", "rebalance": "5s",
			"max_poll": "{records: 1, interval: 1s}", "max_poll.records": "5", "max_poll.interval": "5s", "dead_letter": "orders"}},
		{streamKeys, "queues.log", map[string]string{"like": "kafka"}},
		{consumeKeys, "services.stock.consumes.0", map[string]string{"operation": "take", "prefetch": "5", "batch": "9", "ack_timeout": "5s"}},
		{consumeKeys, "services.mail.consumes.0", map[string]string{"from": "failed"}},
		{publishKeys, "services.shop.steps.0", map[string]string{"publish": "events", "chance": "5%", "times": "5", "optional": "false", "timeout": "5s", "key": "uniform", "keys": "5"}},
	} {
		for _, k := range format[row.section].keys {
			if _, set := row.values[k.name]; !set && len(row.values) > 1 && !slices.Contains([]string{"kind", "like", "from"}, k.name) {
				t.Errorf("%s.%s is set nowhere", row.path, k.name)
			}
		}
		for name, value := range row.values {
			if cmp.Equal(before, mustParse(t, messages, Override{row.path + "." + name, value}).Plan.Topology) {
				t.Errorf("%s.%s=%s changes nothing", row.path, name, value)
			}
		}
	}
	// A queue becomes a stream, and the other way.
	quiet, _, _ := strings.Cut(messages, "faults:")
	top := mustParse(t, quiet, Override{"queues.failed.kind", "stream"}, Override{"queues.failed.partitions", "2"}, Override{"queues.log", "{kind: queue}"}).Plan.Topology
	if top.Queues[1].Kind != topology.Stream || top.Queues[3].Kind != topology.WorkQueue {
		t.Error("a kind was not set")
	}
}
