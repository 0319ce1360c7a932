package sim

import (
	"errors"
	"fmt"

	"cascade/topology"
)

// checkLaws holds the totals against what must be conserved. Each law joins numbers
// that were counted in different places: a breach is a bug.
func (s *System) checkLaws(t *Totals) error {
	var broken []error
	law := func(holds bool, format string, args ...any) {
		if !holds {
			broken = append(broken, fmt.Errorf("broken law at %v: "+format, append([]any{s.now}, args...)...))
		}
	}
	for i := range t.Sources {
		r := &t.Sources[i]
		law(r.Offered == sum(&r.Ended)+r.InFlight, "source %s: offered %d, ended %d, in flight %d", s.plan.Sources[i].Name, r.Offered, sum(&r.Ended), r.InFlight)
		law(r.Ended[topology.Success] == r.Latency.Count(), "source %s: succeeded %d, latencies %d", s.plan.Sources[i].Name, r.Ended[topology.Success], r.Latency.Count())
	}
	for i, spec := range s.plan.Edges() {
		e := &t.Edges[i]
		law(e.Attempts == sum(&e.Outcomes)+e.UnderWay, "edge %s: attempts %d, ended %d, under way %d", spec.ID, e.Attempts, sum(&e.Outcomes), e.UnderWay)
		law(e.Calls == sum(&e.CallOutcomes)+e.CallsUnderWay, "edge %s: calls %d, ended %d, under way %d", spec.ID, e.Calls, sum(&e.CallOutcomes), e.CallsUnderWay)
		law(e.Outcomes[topology.Success] == e.Latency.Count(), "edge %s: successes %d, latencies %d", spec.ID, e.Outcomes[topology.Success], e.Latency.Count())
	}
	span := t.To - t.From
	for i := range t.Services {
		v, name := &t.Services[i], s.services[i].spec.Name
		law(v.Arrived == sum(&v.Answers)+v.InWaiting+v.InThreads+v.Suspended, "service %s: arrived %d, answered %d, waiting %d, in threads %d, suspended %d",
			name, v.Arrived, sum(&v.Answers), v.InWaiting, v.InThreads, v.Suspended)
		law(v.Answers[topology.Success]+v.Answers[topology.Error] == v.Latency.Count(), "service %s: answered %d, latencies %d", name, v.Answers[topology.Success]+v.Answers[topology.Error], v.Latency.Count())
		// Two books of the same threads: the pools' (taken, given back) and the attempts' (what for).
		held := v.Held() - v.Held()
		arrived := uint64(0)
		for k := range v.Instances {
			held += v.Instances[k].Held
			arrived += v.Instances[k].Arrived
		}
		law(held == v.Held(), "service %s: threads held %d ns, booked %d ns", name, held, v.Held())
		law(arrived == v.Arrived, "service %s: arrived %d, at its instances %d", name, v.Arrived, arrived)
		law(v.Idle >= 0, "service %s: idle %d ns", name, v.Idle)
		if s.services[i].bounded() {
			law(v.Held()+v.Idle+v.Down+v.PausedIdle == v.Capacity, "service %s: held %d + idle %d + down %d + paused %d ns, of %d", name, v.Held(), v.Idle, v.Down, v.PausedIdle, v.Capacity)
			if !s.resized(i) {
				n := int64(s.services[i].instances) * int64(s.services[i].spec.Threads)
				law(int64(v.Capacity) == n*int64(span), "service %s: thread time %d ns, of %d threads over %v", name, v.Capacity, n, span)
			}
		}
	}
	for i := range s.instances {
		in := &s.instances[i]
		law(in.idle <= in.size && in.queued >= 0, "instance %d of %s: %d idle of %d threads, %d waiting", in.ordinal, in.service.spec.Name, in.idle, in.size, in.queued)
	}
	s.checkGuards(law)
	s.checkQueues(t, law)
	return errors.Join(broken...)
}

// checkGuards holds what the guards have counted, step by step, against the records.
func (s *System) checkGuards(law func(holds bool, format string, args ...any)) {
	views := map[*int32]int32{}
	hand, lows := make([]int32, len(s.instances)), make([]int32, len(s.instances))
	for i := range s.attempts {
		at := &s.attempts[i]
		if at.state == free {
			continue
		}
		number := at.in.service.first + at.in.ordinal
		if at.flags&admitted != 0 {
			hand[number]++
		}
		if at.state == waiting && at.flags&low != 0 {
			lows[number]++
		}
		if at.call >= 0 && at.edge.views != nil {
			views[&at.edge.views[s.ordinalOf(&s.calls[at.call])].underWay[at.in.ordinal]]++
		}
	}
	for i := range s.instances {
		in := &s.instances[i]
		law(in.inHand == hand[i], "instance %d of %s: %d in hand, counted %d", in.ordinal, in.service.spec.Name, hand[i], in.inHand)
		law(in.lows == lows[i], "instance %d of %s: %d of low priority waiting, counted %d", in.ordinal, in.service.spec.Name, lows[i], in.lows)
		law(in.there || in.idle == 0 && in.size == 0 && in.queued == 0, "instance %d of %s is not there: %d of %d threads idle, %d waiting", in.ordinal, in.service.spec.Name, in.idle, in.size, in.queued)
	}
	for i := range s.edges {
		e := &s.edges[i]
		for c := range e.views {
			for k := range e.views[c].underWay {
				n := &e.views[c].underWay[k]
				law(*n == views[n], "edge %s: caller %d has %d attempts under way at instance %d, counted %d", e.spec.ID, c, views[n], k, *n)
			}
		}
	}
}

func sum(a *[topology.NumOutcomes]uint64) (n uint64) {
	for _, v := range a {
		n += v
	}
	return n
}

func (v *service) bounded() bool { return v.spec.Threads != topology.Unlimited }

// resized says whether a fault or the autoscaler may have changed the size of service
// i's pools.
func (s *System) resized(i int) bool {
	if s.services[i].spec.Autoscale != nil {
		return true
	}
	for k := range s.faults {
		f := s.faults[k].spec
		if f.Kind != Threads && (f.Kind != Set || f.Set.Threads == nil && f.Set.Autoscale == nil) {
			continue
		}
		for _, v := range f.Services {
			if v == i {
				return true
			}
		}
	}
	return false
}
