package sim_test

import (
	"fmt"
	"testing"
	"time"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/topology"
)

// chains is n chains of three services, 64, 64 and 32 threads, with exponential own
// work of 1, 2 and 10 ms and 2,000 requests a second each, a second's time-out a call.
func chains(n int, d time.Duration) *sim.Plan {
	var services []topology.Service
	var sources []sim.Source
	second := func(e *topology.Edge) { e.Timeout = time.Second }
	for i := range n {
		services = append(services,
			service(fmt.Sprintf("a%d", i), 64, topology.Unlimited, work(topology.Exponential(1*ms)), call(3*i+1, 0, second)),
			service(fmt.Sprintf("b%d", i), 64, topology.Unlimited, work(topology.Exponential(2*ms)), call(3*i+2, 0, second)),
			service(fmt.Sprintf("c%d", i), 32, topology.Unlimited, work(topology.Exponential(10*ms))))
		sources = append(sources, openSource(fmt.Sprintf("s%d", i), 3*i, 2000))
	}
	return plan(d, services, sources...)
}

// overloaded is a chain whose leaf is ten times slower, with waiting rooms that
// fill, time-outs of 400 and 150 ms and up to three tries.
func overloaded(d time.Duration) *sim.Plan {
	try := func(limit time.Duration) func(*topology.Edge) {
		return func(e *topology.Edge) { e.Timeout, e.Retry.Attempts = limit, 3 }
	}
	return plan(d, []topology.Service{
		service("a", 64, 1000, work(topology.Exponential(1*ms)), call(1, 0, try(400*ms))),
		service("b", 64, 1000, work(topology.Exponential(2*ms)), call(2, 0, try(150*ms))),
		service("c", 32, 32, work(topology.Exponential(100*ms))),
	}, openSource("s", 0, 2000))
}

func benchmark(b *testing.B, build func(time.Duration) *sim.Plan, perSecond float64) {
	// An operation is a request; what is set up, and the first second, do not count.
	d := time.Duration(float64(b.N)/perSecond*float64(time.Second)) + time.Second
	s := sim.New(build(d))
	s.RunUntil(des.Time(time.Second))
	b.ReportAllocs()
	b.ResetTimer()
	s.RunUntil(des.Time(d))
	b.StopTimer()
	t, err := s.Finish()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/(float64(t.Events)*(1-float64(time.Second)/float64(d))), "ns/event")
}

func BenchmarkChain(b *testing.B) {
	for _, n := range []int{1, 33, 333, 3333} {
		b.Run(fmt.Sprint(3*n, "services"), func(b *testing.B) {
			benchmark(b, func(d time.Duration) *sim.Plan { return chains(n, d) }, float64(n)*2000)
		})
	}
}

func BenchmarkOverloaded(b *testing.B) { benchmark(b, overloaded, 2000) }

// What each guard costs a run: the chain of three, with the guard on every call, or at
// every service, and seldom in the way. To be compared with none; those of a balancer with
// ten_instances, which has ten a service where the others have one.
func BenchmarkGuards(b *testing.B) {
	tenfold := func(s *topology.Service) { s.Instances = 10 }
	type guard struct {
		name    string
		edge    func(*topology.Edge)
		service func(*topology.Service)
	}
	for _, g := range []guard{
		{name: "none"},
		{name: "breaker", edge: func(e *topology.Edge) {
			e.Breaker = &topology.Breaker{Consecutive: 5, OpenFor: time.Minute, HalfOpen: 1, On: topology.BreakerDefault}
		}},
		{name: "rolling_breaker", edge: func(e *topology.Edge) {
			e.Breaker = &topology.Breaker{Consecutive: topology.Unlimited, Ratio: 0.5, MinRequests: 20, Interval: 10 * sec, Bucket: sec, OpenFor: time.Minute, HalfOpen: 1, On: topology.BreakerDefault}
		}},
		{name: "bulkhead", edge: func(e *topology.Edge) { e.Bulkhead = 1000 }},
		{name: "rate_limit", edge: func(e *topology.Edge) { e.RateLimit = &topology.RateLimit{Rate: 1e5, Burst: 1000} }},
		{name: "throttle", edge: func(e *topology.Edge) { e.Throttle = &topology.Throttle{K: 2, Window: 2 * time.Minute} }},
		{name: "budget", edge: func(e *topology.Edge) {
			e.Retry.Attempts, e.Retry.Budget = 3, &topology.Budget{Ratio: 0.1, Burst: 10}
		}},
		{name: "grpc_budget", edge: func(e *topology.Edge) {
			e.Retry.Attempts, e.Retry.Budget = 3, &topology.Budget{Like: topology.GRPCBudget}
		}},
		{name: "hedge", edge: func(e *topology.Edge) { e.Hedge = &topology.Hedge{After: sec, Max: 1} }},
		{name: "hedge_p99.9", edge: func(e *topology.Edge) { e.Hedge = &topology.Hedge{Quantile: 0.999, Max: 1} }},
		{name: "propagate", edge: func(e *topology.Edge) { e.Propagate = true }},
		{name: "low_priority", edge: func(e *topology.Edge) { e.Priority = topology.LowPriority }},
		{name: "cache", edge: func(e *topology.Edge) { e.Cache = &topology.Cache{Keys: 1000, Size: 100} }},
		{name: "cancel", service: func(s *topology.Service) { s.Cancel = true }},
		{name: "deadline", service: func(s *topology.Service) { s.Deadline = true }},
		{name: "ten_instances", service: tenfold},
		{name: "least_requests", service: func(s *topology.Service) { tenfold(s); s.Balance = topology.LeastRequests }},
		{name: "two_choices", service: func(s *topology.Service) { tenfold(s); s.Balance = topology.TwoChoices }},
		{name: "health_check", service: func(s *topology.Service) { tenfold(s); s.HealthCheck = sec }},
		{name: "admission", service: func(s *topology.Service) { s.RateLimit = &topology.RateLimit{Rate: 1e5, Burst: 1000} }},
		{name: "aimd", service: func(s *topology.Service) {
			s.AdaptiveLimit = &topology.AdaptiveLimit{Min: 1000, Max: 2000, Initial: 1000, Timeout: 5 * sec}
		}},
		{name: "gradient", service: func(s *topology.Service) {
			s.AdaptiveLimit = &topology.AdaptiveLimit{Kind: topology.GradientLimit, Min: 1000, Max: 2000, Initial: 1000}
		}},
		{name: "outlier", service: func(s *topology.Service) {
			tenfold(s)
			s.Outlier = &topology.Outlier{Consecutive: 5, Interval: 10 * sec, Eject: 30 * sec, Max: 0.1}
		}},
		{name: "codel", service: func(s *topology.Service) { s.Order = topology.CoDel }},
		{name: "contention", service: func(s *topology.Service) {
			s.Contention = topology.Contention{Kind: topology.USLContention, A: 1e-9}
		}},
	} {
		b.Run(g.name, func(b *testing.B) {
			benchmark(b, func(d time.Duration) *sim.Plan {
				p := chains(1, d)
				if g.edge != nil {
					for i, e := range p.Edges() {
						if i >= len(p.Sources) || g.name != "cache" {
							g.edge(e)
						}
					}
				}
				if g.service != nil {
					for i := range p.Topology.Services {
						g.service(&p.Topology.Services[i])
					}
				}
				return p
			}, 2000)
		})
	}
}

// What a message costs, from its publish to its acknowledgement, against a call of the
// same work: 2,000 requests a second to a service whose 32 threads take 10 ms for each,
// called by one that waits, or reached through a broker.
func BenchmarkQueues(b *testing.B) {
	for _, k := range []struct {
		name    string
		queue   *topology.Queue // nil: a call
		consume topology.Consume
		timeout time.Duration
		network time.Duration
	}{
		{name: "call"},
		{name: "call_timeout", timeout: sec},
		{name: "call_network", timeout: sec, network: ms},
		{name: "queue", queue: &topology.Queue{}},
		{name: "visibility", queue: &topology.Queue{Visibility: 30 * sec, MaxReceives: 5}},
		{name: "latency", queue: &topology.Queue{Latency: topology.Constant(2 * ms)}},
		{name: "capacity", queue: &topology.Queue{Capacity: 10000}},
		{name: "ttl", queue: &topology.Queue{TTL: time.Hour}},
		{name: "fifo", queue: &topology.Queue{FIFO: true}},
		{name: "prefetch", queue: &topology.Queue{}, consume: topology.Consume{Prefetch: 64}},
		{name: "batch", queue: &topology.Queue{}, consume: topology.Consume{Batch: 10}},
		{name: "stream", queue: &topology.Queue{Kind: topology.Stream, Partitions: 32}},
		{name: "kafka", queue: &topology.Queue{Kind: topology.Stream, Partitions: 32, Retention: 168 * time.Hour, MaxPoll: &topology.MaxPoll{Records: 500, Interval: 300 * sec}}},
	} {
		b.Run(k.name, func(b *testing.B) {
			benchmark(b, func(d time.Duration) *sim.Plan {
				worker := service("b", 32, topology.Unlimited, work(topology.Exponential(10*ms)))
				if k.queue == nil {
					second := func(e *topology.Edge) { e.Timeout, e.Network = k.timeout, topology.Constant(k.network) }
					return plan(d, []topology.Service{
						service("a", 64, topology.Unlimited, work(topology.Exponential(1*ms)), call(1, 0, second)), worker,
					}, openSource("s", 0, 2000))
				}
				q := *k.queue
				q.Name, q.DeadLetter = "q", topology.None
				if q.Capacity == 0 {
					q.Capacity = topology.Unlimited
				}
				worker.Consumes = []topology.Consume{k.consume}
				worker.Consumes[0].Batch = max(k.consume.Batch, 1)
				publish := topology.Step{Kind: topology.Message, Publish: &topology.Publish{Chance: 1, Times: 1, Keys: 1000}}
				return queued(d, []topology.Queue{q}, []topology.Service{
					service("a", 64, topology.Unlimited, work(topology.Exponential(1*ms)), publish), worker,
				}, openSource("s", 0, 2000))
			}, 2000)
		})
	}
}
