package scenarios

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/topology"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// complete uses every key that is supported, and every value kind.
const complete = `
name: complete
description: Every supported key once.
duration: 2m
warmup: 10s
seed: 7
interval: 500ms
topology:
  services:
    gateway:
      instances: 2
      threads: 64
      blocking: false
      queue: unbounded
      order: lifo
      balance: random
      contention: exponential(0.5)
      operations:
        browse: {steps: [{work: 2ms}]}
        buy:
          bulkhead: 16
          steps:
            - work: exponential(3ms)
            - parallel:
                - sync: pricing
                  cache: {hit: 90%}
                  hedge: {after: p99.9}
                  retry: {attempts: 2, budget_like: linkerd}
                - sync: pricing
                  optional: true
                  breaker: {}
            - sync: payment.charge
              timeout: 300ms
              deadline: 1s
              retry: {attempts: 3, backoff: 50ms, factor: 1.5, max: 1s, jitter: full, on: [timeout, error], budget: {ratio: 10%, burst: 10}}
              breaker: {ratio: 50%, min_requests: 20, interval: 10s, bucket: 1s, open_for: 30s, half_open: 2, on: [timeout, rejected]}
              bulkhead: 16
              rate_limit: {rate: 100/s, burst: 10, wait: 200ms}
              hedge: {after: 50ms, max: 2}
              throttle: {k: 1.1, window: 1m}
              propagate: true
              priority: high
              cache: {keys: 10000, popularity: zipf(1.1), size: 1000, ttl: 30s, coalesce: true}
              protocol: grpc
              chance: 30%
              times: 5
              needed: false
              fallback: 1ms
    pricing:
      threads: unlimited
      order: codel
      balance: least_requests
      health_check: 5s
      cancel: true
      deadline: true
      rate_limit: {rate: 30/m}
      adaptive_limit: {kind: gradient, max: 10}
      outlier: {}
      contention: usl(2%, 0.0001)
      instances: 2
      steps:
        - {work: "uniform(1ms, 2ms)"}
        - {work: "normal(1ms, 2ms)"}
        - work: lognormal(4ms, 20ms)
        - work: pareto(1ms, 1.5)
        - work: erlang(3, 1ms)
        - work: weibull(1ms, 0.5)
        - work: gamma(1ms, 2)
        - work: mix(90% exponential(1ms), 0.1 never)
    payment:
      threads: 8
      balance: two_choices
      rate_limit: {rate: 500/s, burst: 50}
      adaptive_limit: {kind: aimd, min: 4, max: 250, initial: 30, timeout: 1s}
      outlier: {consecutive: 3, interval: 1s, eject: 20s, max: 50%}
      contention: polynomial(150%, 2)
      autoscale: {min: 2, max: 4, target: 50%, every: 10s, delay: 0s, cooldown: 1m, lag: 30s}
      operations:
        charge:
          steps:
            - work: never
            - sync: pricing
              protocol: rest
              network: 1ms
traffic:
  shoppers:
    to: gateway.buy
    rate: 120/m
    arrivals: hyperexponential(90%, 10)
    start: 1s
    limit: 1000
    profile:
      - {at: 30s, rate: 600/s}
      - {at: 60s, rate: 200/s, ramp: 10s}
    timeout: 2s
    retry: {attempts: 2}
    budget: {ratio: 0.2, burst: 5}
    instances: 3
  staff:
    to: gateway.browse
    users: 50
    think: exponential(1s)
  herd:
    to: pricing
    burst: {at: 10s, count: 500, every: 60s}
    priority: low
    throttle: {}
  one:
    to: payment
    rate: 0/s
    arrivals: erlang(2)
faults:
  - {at: 1s, for: 2s, ramp: 1s, every: 10s, latency: {on: gateway, add: 500ms, instances: 1}}
  - {at: 1s, latency: {on: gateway->pricing#2, add: 1ms}}
  - {name: drag, at: 1s, slow: {on: gateway.buy, factor: 10}}
  - {at: 1s, errors: {on: payment, rate: 30%, after_work: true}}
  - {at: 1s, for: 10s, crash: {on: gateway, instances: 2}}
  - {at: 1s, pause: {on: payment}}
  - {at: 1s, threads: {on: payment, to: 0}}
  - {at: 1s, loss: {on: gateway.buy->pricing, rate: 5%}}
  - {at: 119s, for: 10s, partition: {on: shoppers->gateway, hold: true}}
  - {at: 1s, surge: {on: staff, factor: 3}}
  - at: 1s
    set:
      on: gateway->payment
      timeout: 1s
      deadline: 2s
      retry: {attempts: 1}
      network: 3ms
      protocol: rest
      chance: 1
      times: 2
      optional: true
      fallback: never
      breaker: {consecutive: 0, ratio: 10%}
      bulkhead: 3
      rate_limit: {rate: 0/s}
      hedge: {after: 0s}
      throttle: {k: 3}
      propagate: false
      priority: low
      cache: {keys: 5, size: 5}
  - at: 1s
    set:
      on: payment
      order: codel
      balance: least_requests
      health_check: 1s
      cancel: false
      deadline: true
      rate_limit: {rate: 5/s}
      adaptive_limit: {kind: aimd, min: 300}
      outlier: {max: 1}
      contention: linear(2)
      autoscale: {min: 2, max: 6, target: 1}
  - {at: 1s, for: 1s, cache_flush: {on: gateway->pricing}}
  - {at: 1s, set: {on: gateway, instances: 1, threads: 80, queue: 0, order: fifo, balance: round_robin}}
  - {at: 1s, set: {on: gateway.buy, bulkhead: 4}}
expect:
  - shoppers.success >= 99.9%
  - shoppers.p99 < 400ms from 30s to 60s
`

func TestComplete(t *testing.T) {
	s, err := Parse("complete.yaml", []byte(complete), ".")
	if err != nil {
		t.Fatal(err)
	}
	const ms, sec = time.Millisecond, des.Time(time.Second)
	constant := func(d time.Duration) *topology.Dist { c := topology.Constant(d); return &c }
	edge := func(from, to topology.OpRef, id string) *topology.Edge {
		return &topology.Edge{From: from, To: to, ID: id, Chance: 1, Times: 1, Needed: true}
	}
	buy, pricing, charge, nowhere := topology.OpRef{Service: 0, Op: 1}, topology.OpRef{Service: 1}, topology.OpRef{Service: 2}, topology.OpRef{Service: -1, Op: -1}
	work := func(d topology.Dist) topology.Step { return topology.Step{Kind: topology.Work, Work: d} }
	call := func(e *topology.Edge) topology.Step { return topology.Step{Kind: topology.Call, Call: e} }
	f := func(d time.Duration) float64 { return float64(d) }

	first := edge(buy, pricing, "gateway.buy->pricing")
	first.Cache, first.Hedge = &topology.Cache{Hit: 0.9}, &topology.Hedge{Quantile: 0.999, Max: 1}
	first.Retry = topology.Retry{Attempts: 2, Factor: 2, Max: 10 * time.Second, On: topology.RetryDefault, Budget: &topology.Budget{Like: topology.LinkerdBudget}}
	second := edge(buy, pricing, "gateway.buy->pricing#2")
	second.Optional = true
	second.Breaker = &topology.Breaker{Consecutive: 5, MinRequests: 1, OpenFor: time.Minute, HalfOpen: 1, On: topology.BreakerDefault}
	third := edge(buy, charge, "gateway.buy->payment.charge")
	third.Timeout, third.Deadline = 300*ms, time.Second
	third.Retry = topology.Retry{Attempts: 3, Backoff: 50 * ms, Factor: 1.5, Max: time.Second, Jitter: topology.FullJitter,
		On: topology.OutcomeSet(0).With(topology.Timeout).With(topology.Error), Budget: &topology.Budget{Ratio: 0.1, Burst: 10}}
	third.Breaker = &topology.Breaker{Consecutive: topology.Unlimited, Ratio: 0.5, MinRequests: 20, Interval: 10 * time.Second, Bucket: time.Second, OpenFor: 30 * time.Second, HalfOpen: 2,
		On: topology.OutcomeSet(0).With(topology.Timeout).With(topology.Rejected)}
	third.Bulkhead, third.RateLimit = 16, &topology.RateLimit{Rate: 100, Burst: 10, Wait: 200 * ms}
	third.Hedge, third.Throttle = &topology.Hedge{After: 50 * ms, Max: 2}, &topology.Throttle{K: 1.1, Window: time.Minute}
	third.Propagate, third.Priority = true, topology.HighPriority
	third.Cache = &topology.Cache{Keys: 10_000, Zipf: 1.1, Size: 1000, TTL: 30 * time.Second, Coalesce: true}
	third.Protocol, third.Network, third.Overhead = "grpc", topology.Constant(200*time.Microsecond), topology.Constant(200*time.Microsecond)
	third.Chance, third.Times, third.Needed, third.Fallback = 0.3, 5, false, constant(ms)
	fourth := edge(charge, pricing, "payment.charge->pricing")
	fourth.Protocol, fourth.Network, fourth.Overhead = "rest", topology.Constant(ms), topology.Constant(1600*time.Microsecond)

	shoppers := edge(nowhere, buy, "shoppers->gateway.buy")
	shoppers.Timeout = 2 * time.Second
	shoppers.Retry = topology.Retry{Attempts: 2, Factor: 2, Max: 10 * time.Second, On: topology.RetryDefault, Budget: &topology.Budget{Ratio: 0.2, Burst: 5}}

	herd := edge(nowhere, pricing, "herd->pricing")
	herd.Priority, herd.Throttle = topology.LowPriority, &topology.Throttle{K: 2, Window: 2 * time.Minute}

	once := topology.Retry{Attempts: 1, Factor: 2, Max: 10 * time.Second, On: topology.RetryDefault}
	whole := []topology.OpRef{{Service: 0, Op: 0}, {Service: 0, Op: 1}}
	want := &sim.Plan{
		Name: "complete", Description: "Every supported key once.", Seed: 7, Duration: 120 * sec, Warmup: 10 * sec, Interval: sec / 2,
		Topology: &topology.Topology{
			Edges: []*topology.Edge{first, second, third, fourth},
			Services: []topology.Service{
				{Name: "gateway", Instances: 2, Threads: 64, Queue: topology.Unlimited, Order: topology.LIFO, Balance: topology.Random,
					Contention: topology.Contention{Kind: topology.ExponentialContention, A: 0.5}, Operations: []topology.Operation{
						{Name: "browse", Steps: []topology.Step{work(topology.Constant(2 * ms))}},
						{Name: "buy", Bulkhead: 16, Ref: buy, Steps: []topology.Step{
							work(topology.Exponential(3 * ms)),
							{Kind: topology.Parallel, Parallel: []topology.Step{call(first), call(second)}},
							call(third),
						}},
					}},
				{Name: "pricing", Instances: 2, Threads: topology.Unlimited, Blocking: true, Queue: 100, Order: topology.CoDel, Balance: topology.LeastRequests,
					HealthCheck: 5 * time.Second, Cancel: true, Deadline: true, RateLimit: &topology.RateLimit{Rate: 0.5, Burst: 1},
					AdaptiveLimit: &topology.AdaptiveLimit{Kind: topology.GradientLimit, Min: 10, Max: 10, Initial: 10},
					Outlier:       &topology.Outlier{Consecutive: 5, Interval: 10 * time.Second, Eject: 30 * time.Second, Max: 0.1},
					Contention:    topology.Contention{Kind: topology.USLContention, A: 0.02, B: 0.0001}, Operations: []topology.Operation{{Ref: pricing, Steps: []topology.Step{
						work(topology.Dist{Kind: topology.UniformDist, A: f(ms), B: f(2 * ms)}),
						work(topology.Dist{Kind: topology.NormalDist, A: f(ms), B: f(2 * ms)}),
						work(topology.Dist{Kind: topology.LognormalDist, A: f(4 * ms), B: f(20 * ms)}),
						work(topology.Dist{Kind: topology.ParetoDist, A: f(ms), B: 1.5}),
						work(topology.Dist{Kind: topology.ErlangDist, A: f(ms), B: 3}),
						work(topology.Dist{Kind: topology.WeibullDist, A: f(ms), B: 0.5}),
						work(topology.Dist{Kind: topology.GammaDist, A: f(ms), B: 2}),
						work(topology.Dist{Kind: topology.MixDist, Parts: []topology.Part{{Share: 0.9, Dist: topology.Exponential(ms)}, {Share: 0.1, Dist: topology.Dist{Kind: topology.NeverDist}}}}),
					}}}},
				{Name: "payment", Instances: 2, Threads: 8, Blocking: true, Queue: 100, Balance: topology.TwoChoices,
					RateLimit:     &topology.RateLimit{Rate: 500, Burst: 50},
					AdaptiveLimit: &topology.AdaptiveLimit{Kind: topology.AIMDLimit, Min: 4, Max: 250, Initial: 30, Timeout: time.Second},
					Outlier:       &topology.Outlier{Consecutive: 3, Interval: time.Second, Eject: 20 * time.Second, Max: 0.5},
					Contention:    topology.Contention{Kind: topology.PolynomialContention, A: 1.5, B: 2},
					Autoscale:     &topology.Autoscale{Min: 2, Max: 4, Target: 0.5, Every: 10 * time.Second, Cooldown: time.Minute, Lag: 30 * time.Second}, Operations: []topology.Operation{
						{Name: "charge", Ref: charge, Steps: []topology.Step{work(topology.Dist{Kind: topology.NeverDist}), call(fourth)}},
					}},
			},
		},
		Sources: []sim.Source{
			{Name: "shoppers", Instances: 3, Edge: shoppers, Start: sec, Limit: 1000, Rate: 2,
				Arrivals: sim.Arrivals{Kind: sim.HyperexponentialGaps, P: 0.9, Ratio: 10},
				Profile:  []sim.RatePoint{{At: 30 * sec, Rate: 600}, {At: 60 * sec, Rate: 200, Ramp: 10 * sec}}},
			{Name: "staff", Kind: sim.Closed, Instances: 1, Edge: edge(nowhere, topology.OpRef{}, "staff->gateway.browse"), Users: 50, Think: topology.Exponential(time.Second)},
			{Name: "herd", Kind: sim.Bursts, Instances: 1, Edge: herd, Burst: sim.Burst{At: 10 * sec, Count: 500, Every: 60 * sec}},
			{Name: "one", Instances: 1, Edge: edge(nowhere, charge, "one->payment.charge"), Arrivals: sim.Arrivals{Kind: sim.ErlangGaps, K: 2}},
		},
		Faults: []sim.Fault{
			{Name: "fault-1", Kind: sim.Latency, On: "gateway", Services: []int{0}, Ops: whole, From: sec, Until: 3 * sec, Ramp: sec, Every: 10 * sec, Instances: 1, Add: topology.Constant(500 * ms)},
			{Name: "fault-2", Kind: sim.Latency, On: "gateway->pricing#2", Edges: []int{5}, From: sec, Until: 120 * sec, Add: topology.Constant(ms)},
			{Name: "drag", Kind: sim.Slow, On: "gateway.buy", Ops: []topology.OpRef{buy}, From: sec, Until: 120 * sec, Factor: 10},
			{Name: "fault-4", Kind: sim.Errors, On: "payment", Services: []int{2}, Ops: []topology.OpRef{charge}, From: sec, Until: 120 * sec, Rate: 0.3, AfterWork: true},
			{Name: "fault-5", Kind: sim.Crash, On: "gateway", Services: []int{0}, From: sec, Until: 11 * sec, Instances: 2},
			{Name: "fault-6", Kind: sim.Pause, On: "payment", Services: []int{2}, From: sec, Until: 120 * sec},
			{Name: "fault-7", Kind: sim.Threads, On: "payment", Services: []int{2}, From: sec, Until: 120 * sec},
			{Name: "fault-8", Kind: sim.Loss, On: "gateway.buy->pricing", Edges: []int{4, 5}, From: sec, Until: 120 * sec, Rate: 0.05},
			{Name: "fault-9", Kind: sim.Partition, On: "shoppers->gateway", Edges: []int{0}, From: 119 * sec, Until: 120 * sec, Hold: true},
			{Name: "fault-10", Kind: sim.Surge, On: "staff", Source: 1, From: sec, Until: 120 * sec, Factor: 3},
			{Name: "fault-11", Kind: sim.Set, On: "gateway->payment", Edges: []int{6}, From: sec, Until: 120 * sec, Set: sim.Settings{
				Timeout: new(time.Second), Deadline: new(2 * time.Second), Retry: &once, Network: constant(3 * ms), Overhead: constant(1600 * time.Microsecond),
				Chance: new(1.0), Times: new(2), Optional: new(true), Fallback: &topology.Dist{Kind: topology.NeverDist},
				Breaker: &topology.Breaker{Ratio: 0.1, MinRequests: 1, OpenFor: time.Minute, HalfOpen: 1, On: topology.BreakerDefault},
				Calls:   new(3), Limit: &topology.RateLimit{Burst: 1}, Hedge: &topology.Hedge{Max: 1}, Throttle: &topology.Throttle{K: 3, Window: 2 * time.Minute},
				Propagate: new(false), Priority: new(topology.LowPriority), Cache: &topology.Cache{Keys: 5, Size: 5}}},
			{Name: "fault-12", Kind: sim.Set, On: "payment", Services: []int{2}, From: sec, Until: 120 * sec, Set: sim.Settings{
				Order: new(topology.CoDel), Balance: new(topology.LeastRequests), HealthCheck: new(time.Second), Cancel: new(false), Abandon: new(true),
				RateLimit: &topology.RateLimit{Rate: 5, Burst: 1}, AdaptiveLimit: &topology.AdaptiveLimit{Min: 300, Max: 300, Initial: 300, Timeout: 5 * time.Second},
				Outlier:    &topology.Outlier{Consecutive: 5, Interval: 10 * time.Second, Eject: 30 * time.Second, Max: 1},
				Contention: &topology.Contention{Kind: topology.LinearContention, A: 2},
				Autoscale:  &topology.Autoscale{Min: 2, Max: 6, Target: 1, Every: 15 * time.Second, Delay: 30 * time.Second, Cooldown: 5 * time.Minute}}},
			{Name: "fault-13", Kind: sim.CacheFlush, On: "gateway->pricing", Edges: []int{4}, From: sec, Until: 2 * sec},
			{Name: "fault-14", Kind: sim.Set, On: "gateway", Services: []int{0}, From: sec, Until: 120 * sec, Instances: 1, Set: sim.Settings{
				Threads: new(80), Queue: new(0), Order: new(topology.FIFO), Balance: new(topology.RoundRobin)}},
			{Name: "fault-15", Kind: sim.Set, On: "gateway.buy", Ops: []topology.OpRef{buy}, From: sec, Until: 120 * sec, Set: sim.Settings{Bulkhead: new(4)}},
		},
		Cuts: []des.Time{30 * sec, 60 * sec},
	}
	if diff := cmp.Diff(want, s.Plan, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the plan is another (-want +got):\n%s", diff)
	}
	if len(s.Expectations) != 2 {
		t.Errorf("%d expectations, want 2", len(s.Expectations))
	}
}

// TestDefaults reads the least that makes a scenario.
func TestDefaults(t *testing.T) {
	s := mustParse(t, "name: least\nduration: 1m\ntopology: {services: {a: {threads: 1, steps: [{work: 0s}]}}}\ntraffic: {l: {to: a, rate: 1/s}}\n")
	want := &sim.Plan{
		Name: "least", Seed: 1, Duration: des.Time(time.Minute), Interval: des.Time(time.Second),
		Topology: &topology.Topology{Services: []topology.Service{{Name: "a", Instances: 1, Threads: 1, Blocking: true, Queue: 100, Operations: []topology.Operation{{Steps: []topology.Step{{}}}}}}},
		Sources:  []sim.Source{{Name: "l", Instances: 1, Rate: 1, Edge: &topology.Edge{From: topology.OpRef{Service: -1, Op: -1}, ID: "l->a", Chance: 1, Times: 1, Needed: true}}},
	}
	if diff := cmp.Diff(want, s.Plan, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the plan is another (-want +got):\n%s", diff)
	}
}

func mustParse(t *testing.T, text string, sets ...Override) *Scenario {
	t.Helper()
	s, err := Parse("test.yaml", []byte(text), ".", sets...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestBuiltins(t *testing.T) {
	names := Names()
	if len(names) == 0 {
		t.Fatal("there are no built-in scenarios")
	}
	for i, info := range names {
		if i > 0 && names[i-1].Name >= info.Name {
			t.Errorf("%s is listed after %s", info.Name, names[i-1].Name)
		}
		s, err := Builtin(info.Name)
		if err != nil {
			t.Error(err)
			continue
		}
		text, _ := Text(info.Name)
		if s.Plan.Name != info.Name || info.Description == "" || len(s.Expectations) == 0 || len(text) == 0 {
			t.Errorf("%s: its name %q is not its file's, or it has no description or no expectations", info.Name, s.Plan.Name)
		}
		if len(s.Files) > 0 {
			t.Errorf("%s was read from %q", info.Name, s.Files)
		}
		if n := s.Plan.Duration / s.Plan.Interval; n > 300 {
			t.Errorf("%s takes %s, %d intervals of %s; nobody looks at so many of an example", info.Name, s.Plan.Duration, n, s.Plan.Interval)
		}
	}
	if _, err := Builtin("slow-dependancy"); err == nil || err.Error() != `no built-in scenario "slow-dependancy"; did you mean "slow-dependency"?` {
		t.Error(err)
	}
	if _, ok := Text("../scenarios/slow-dependency"); ok {
		t.Error("Text left the library")
	}
}

// TestFiles reads a scenario whose parts stand in files of their own.
func TestFiles(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"main.yaml":             "name: parts\nduration: 1m\ntopology: parts/shop.yaml\ntraffic: parts/traffic.yaml\nfaults: faults.yaml\nexpect: expect.yaml\n",
		"parts/shop.yaml":       "services:\n  a: {threads: 1, steps: [{work: empirical(times/a.txt)}]}\n",
		"parts/times/a.txt":     "# measured on Monday\n5ms\n\n10ms # slow\n  1s\r\n",
		"parts/traffic.yaml":    "l: {to: a, trace: arrivals.csv}\n",
		"parts/arrivals.csv":    "0s\n1s\n1s\n2.5s\n",
		"faults.yaml":           "- {name: f, at: 1s, pause: {on: a}}\n",
		"expect.yaml":           "- l.success > 1%\n",
		"broken.yaml":           "name: broken\nduration: 1m\ntopology: parts/bad.yaml\ntraffic: {l: {to: a, trace: parts/bad.csv}}\nfaults: none.yaml\nexpect: expect.yaml\n",
		"parts/bad.yaml":        "services:\n  a: {thread: 1, steps: [{work: empirical(bad.csv)}, {work: \"mix(50% 1ms, 50% empirical(gone.txt))\"}, {work: empirical(times)}, {work: empirical(empty.csv)}]}\n",
		"parts/bad.csv":         "5ms\n  7\n4ms\n",
		"parts/empty.csv":       "# nothing\n",
		"parts/descending.csv":  "5ms\n4ms\n",
		"parts/descending.yaml": "",
	} {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Load(filepath.Join(dir, "main.yaml"), Override{"services.a.threads", "7"}, Override{"faults.f.at", "2s"}, Override{"traffic.l.timeout", "9s"}, Override{"expect.0", "l.offered > 0/s"})
	if err != nil {
		t.Fatal(err)
	}
	p := s.Plan
	wantDist := topology.Dist{Kind: topology.EmpiricalDist, File: "times/a.txt", Values: []time.Duration{5 * time.Millisecond, 10 * time.Millisecond, time.Second}}
	if diff := cmp.Diff(wantDist, p.Topology.Services[0].Operations[0].Steps[0].Work); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]des.Time{0, 1e9, 1e9, 25e8}, p.Sources[0].Trace); diff != "" {
		t.Error(diff)
	}
	if p.Topology.Services[0].Threads != 7 || p.Faults[0].From != 2e9 || p.Sources[0].Edge.Timeout != 9*time.Second || s.Expectations[0].Text != "l.offered > 0/s" {
		t.Error("an override of what stands in another file did not count")
	}
	wantFiles := []string{"main.yaml", "parts/shop.yaml", "parts/traffic.yaml", "faults.yaml", "expect.yaml", "parts/times/a.txt", "parts/arrivals.csv"}
	for i, name := range wantFiles {
		wantFiles[i] = filepath.Join(dir, filepath.FromSlash(name))
	}
	if diff := cmp.Diff(wantFiles, s.Files); diff != "" {
		t.Errorf("it was read from other files (-want +got):\n%s", diff)
	}
	if err := os.WriteFile(filepath.Join(dir, "long.csv"), []byte(strings.Repeat("5s\n", maxBytes/3)), 0o666); err != nil {
		t.Fatal(err)
	}
	if s, err = Load(filepath.Join(dir, "main.yaml"), Override{"traffic", "{l: {to: a, trace: long.csv}}"}); err != nil || len(s.Plan.Sources[0].Trace) != maxBytes/3 {
		t.Errorf("a trace of 1 MiB: %v", err)
	}
	if s, err = Load(filepath.Join(dir, "main.yaml"), Override{"traffic", "{l: {to: a, rate: 3/s}}"}, Override{"traffic.l.rate", "4/s"}); err != nil || s.Plan.Sources[0].Rate != 4 {
		t.Errorf("traffic given anew: %v", err)
	}

	_, err = Load(filepath.Join(dir, "broken.yaml"), Override{"traffic.m", "{to: a, trace: parts/descending.csv}"})
	got := strings.ReplaceAll(errorLines(err), dir+string(filepath.Separator), "")
	want := strings.TrimPrefix(`
broken.yaml:5:9: cannot read "none.yaml": no such file or directory
parts/bad.yaml:2:7: unknown key "thread" in a service; did you mean "threads"?
parts/bad.yaml:2:89: cannot read "gone.txt": no such file or directory
parts/bad.yaml:2:120: cannot read "times": it is not a regular file
parts/bad.csv:2:3: "7" is a bare number, and a duration has a unit; write 7ms or 7s
parts/empty.csv: the file holds no durations; write one a line
parts/bad.csv:3:1: "4ms" is before the line above; the times ascend
parts/descending.csv:2:1: "4ms" is before the line above; the times ascend`, "\n")
	// Relative names are relative to the file that they stand in.
	if got = strings.ReplaceAll(got, string(filepath.Separator), "/"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if _, err := Load(filepath.Join(dir, "gone.yaml")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

// TestMutilated: whatever a word of a scenario is replaced with, there is a scenario
// or a problem, and no panic.
func TestMutilated(t *testing.T) {
	library := &library{open: func(string) ([]byte, error) { return nil, os.ErrNotExist }, join: joinBuiltin}
	isWord := func(c byte) bool { return c > ' ' && !strings.ContainsRune("{}[],:#\"", rune(c)) }
	all := []string{"", "[]", "{}", "5", "x", "a->b", "mix(50% 1ms", "*a"}
	if raced {
		all = all[:2]
	}
	for _, junk := range all {
		refused := 0
		for _, whole := range []string{complete, messages} {
			for i := 0; i < len(whole); i++ {
				if !isWord(whole[i]) || isWord(whole[max(i-1, 0)]) {
					continue
				}
				end := i
				for isWord(whole[end]) {
					end++
				}
				text := whole[:i] + junk + whole[end:]
				if s, err := read(library, "mutilated.yaml", []byte(text), ".", nil); err != nil {
					refused++
					_ = err.Error()
				} else if s == nil || s.Plan == nil {
					t.Fatalf("neither a scenario nor a problem for\n%s", text)
				}
			}
		}
		if refused < 100 {
			t.Errorf("with %q only %d words are missed", junk, refused)
		}
	}
}

// errorLines are the problems without their source lines, one a line.
func errorLines(err error) string {
	var problems Problems
	if !errors.As(err, &problems) {
		if err == nil {
			return ""
		}
		return "not Problems: " + err.Error()
	}
	var lines []string
	for _, p := range problems {
		p.Source = ""
		lines = append(lines, p.String())
	}
	return strings.Join(lines, "\n")
}

// A cache that a deploy brings can be flushed, whichever of the two faults stands first; the
// edges that never have one are left out.
func TestFlushOfADeployedCache(t *testing.T) {
	s := mustParse(t, `
name: flush
duration: 30s
topology:
  services:
    a: {threads: 10, steps: [{sync: b}, {sync: b}]}
    b: {threads: 10, steps: [{work: 1ms}]}
traffic:
  s: {to: a, rate: 100/s}
faults:
  - {at: 20s, cache_flush: {on: a->b}}
  - {at: 10s, set: {on: "a->b#2", cache: {hit: 50%}}}
`)
	if got := s.Plan.Faults[0].Edges; len(got) != 1 || s.Plan.Edges()[got[0]].ID != "a->b#2" {
		t.Errorf("the flush is on edges %v", got)
	}
}

// Another text is another digest, that of a file it names too; the same is the same, and
// overrides do not count.
func TestDigest(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const text = "name: x\nduration: 1s\ntopology: shop.yaml\ntraffic: {load: {to: a, rate: 1/s}}\n"
	digest := func(sets ...Override) string {
		s, err := Load(filepath.Join(dir, "x.yaml"), sets...)
		if err != nil {
			t.Fatal(err)
		}
		return s.Digest
	}
	write("x.yaml", text)
	write("shop.yaml", "services: {a: {threads: 1, steps: [{work: 1ms}]}}\n")
	first := digest()
	if again := digest(Override{"duration", "2s"}); again != first {
		t.Errorf("the same texts have the digests %s and %s", first, again)
	}
	write("shop.yaml", "services: {a: {threads: 1, steps: [{work: 2ms}]}}\n")
	second := digest()
	write("x.yaml", text+"# changed\n")
	if third := digest(); second == first || third == second || third == first {
		t.Errorf("three texts have the digests %s, %s and %s", first, second, third)
	}
}

// TestExpectationsHaveTheirPlaces: of a file, of a file that it names, and of an override.
func TestExpectationsHaveTheirPlaces(t *testing.T) {
	dir := t.TempDir()
	const scenario = `name: x
duration: 10s
topology: {services: {a: {threads: 1, steps: [{work: 1ms}]}}}
traffic: {load: {to: a, rate: 1/s}}
expect:
`
	own, named, list := filepath.Join(dir, "own.yaml"), filepath.Join(dir, "named.yaml"), filepath.Join(dir, "list.yaml")
	for path, text := range map[string]string{
		own:   scenario + "  - load.p99 < 1s\n\n  - load.p50 < 1s\n",
		named: strings.Replace(scenario, "expect:", "expect: list.yaml", 1),
		list:  "# two of them\n- load.p99 < 1s\n- load.p50 < 1s\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Load(own, Override{"expect.2", "load.success > 0%"})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Places) != 3 || s.Places[0] != (Place{own, 6}) || s.Places[1] != (Place{own, 8}) || s.Places[2].Line != 0 {
		t.Errorf("they stand at %v", s.Places)
	}
	if s, err = Load(named); err != nil {
		t.Fatal(err)
	}
	if len(s.Places) != 2 || s.Places[0] != (Place{list, 2}) || s.Places[1] != (Place{list, 3}) {
		t.Errorf("they stand at %v", s.Places)
	}
}

// TestOriginIsReadAgain: a scenario is what it was, though its files have gone, or have
// changed since.
func TestOriginIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "shop.yaml")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("shop.yaml", "name: shop\nduration: 30s\ntopology: topology.yaml\ntraffic:\n  load: {to: shop, trace: arrivals.txt}\nexpect:\n  - load.success > 99%\n")
	write("topology.yaml", "services:\n  shop:\n    threads: 8\n    steps: [{work: 5ms}]\n")
	write("arrivals.txt", "1s\n2s\n3s\n")
	sets := []Override{{"services.shop.threads", "9"}, {"seed", "7"}}
	s, err := Load(path, sets...)
	if err != nil {
		t.Fatal(err)
	}
	write("arrivals.txt", "4s\n")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	same := func(want *Scenario, sets ...Override) {
		t.Helper()
		got, err := want.Origin.Read(sets...)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s is read again as %+v, not %+v", want.Plan.Name, got, want)
		}
	}
	if len(s.Origin.Texts) != 3 || len(s.Files) != 3 || s.Places[0] != (Place{path, 7}) {
		t.Fatalf("it is of %d texts and %q, and expects at %v", len(s.Origin.Texts), s.Files, s.Places)
	}
	same(s, sets...)
	if _, err := s.Origin.Read(append(sets, Override{"traffic.more", "{to: shop, trace: more.txt}"})...); err == nil || !strings.Contains(err.Error(), `cannot read "more.txt"`) {
		t.Errorf("a file that it did not name: %v", err)
	}
	for _, b := range Names() {
		s, err := Builtin(b.Name)
		if err != nil {
			t.Fatal(err)
		}
		same(s)
	}
}
