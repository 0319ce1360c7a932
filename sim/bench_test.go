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
