package report

import (
	"cascade/sim"
	"cascade/sim/des"
	"cascade/topology"
)

// The scripts: what each sample of a made-up run says.

// healthy is the shop on a good day.
func healthy(p *sim.Plan) func(from, to des.Time, t *sim.Tallies) {
	return func(from, to des.Time, t *sim.Tallies) {
		length := to - from
		requests(t, shoppers, length, 100, 100)
		requests(t, staff, length, 40, 40)
		pool(t, p, gateway, length, 0, 0.5, 1.5)
		attempts(t, gateway, length, 140, 0)
		pool(t, p, checkout, length, 0, 0.5, 1)
		attempts(t, checkout, length, 100, 0)
		calls(t, toCheckout, length, 100, 0, 100)
		pool(t, p, payment, length, 0, 1)
		attempts(t, payment, length, 100, 0)
		calls(t, toCharge, length, 100, 0, 100)
		pool(t, p, mail, length, 0, 3)
		attempts(t, mail, length, 5, 0)
	}
}

// chain is the cascade of slow payments: payment is saturated from 31s to 52s,
// checkout from 32s to 54s, gateway from 33s to 55s, and shoppers fail from 33s on.
func chain(p *sim.Plan) func(from, to des.Time, t *sim.Tallies) {
	well := healthy(p)
	return func(from, to des.Time, t *sim.Tallies) {
		well(from, to, t)
		length := to - from
		in := func(a, b des.Time) bool { return from >= a*second && from < b*second }
		if in(31, 52) {
			pool(t, p, payment, length, 12, 4)
			t.Services[payment].Wasted = t.Services[payment].Working / 2
		}
		if in(32, 54) {
			pool(t, p, checkout, length, 20, 0.1, 9.5, 0.2, 0.2)
			attempts(t, checkout, length, 40, 60)
		}
		if in(33, 55) {
			pool(t, p, gateway, length, 30, 0.3, 9.7)
			attempts(t, gateway, length, 80, 60)
			requests(t, shoppers, length, 100, 40)
		}
		if in(45, 46) {
			requests(t, shoppers, length, 100, 10)
		}
	}
}

// storm is a retry storm that outlives its cause: payment's pool stays saturated
// after the fault, calls to it fail and are tried three times, shoppers fail.
func storm(p *sim.Plan) func(from, to des.Time, t *sim.Tallies) {
	well := healthy(p)
	return func(from, to des.Time, t *sim.Tallies) {
		well(from, to, t)
		if from < 31*second {
			return
		}
		length := to - from
		requests(t, shoppers, length, 100, 25)
		pool(t, p, payment, length, 50, 4)
		t.Services[payment].Wasted = t.Services[payment].Working / 4
		attempts(t, payment, length, 200, 0)
		calls(t, toCharge, length, 100, 150, 25)
		attempts(t, checkout, length, 25, 75)
		attempts(t, gateway, length, 65, 75)
	}
}

// hedgeStorm is storm with hedges instead of retries: a copy more of every call,
// and before the fault one in twenty; and on another edge one in ten all the time.
func hedgeStorm(p *sim.Plan) func(from, to des.Time, t *sim.Tallies) {
	stormy := storm(p)
	return func(from, to des.Time, t *sim.Tallies) {
		stormy(from, to, t)
		t.Edges[toCheckout].Attempts, t.Edges[toCheckout].Hedges = 110, 11
		calls(t, toCharge, to-from, 100, 0, 100)
		e := &t.Edges[toCharge]
		e.Attempts, e.Hedges = 100, 5
		if from >= 31*second {
			e.Attempts, e.Hedges, e.Retries = 200, 100, 20
		}
	}
}

// waste is a run that stays down without retries: all that payment does is for
// callers that have given up.
func waste(p *sim.Plan) func(from, to des.Time, t *sim.Tallies) {
	stormy := storm(p)
	return func(from, to des.Time, t *sim.Tallies) {
		stormy(from, to, t)
		if from < 31*second {
			return
		}
		calls(t, toCharge, to-from, 100, 0, 100)
		calls(t, toNote, to-from, 100, 0, 25)
		t.Services[payment].Wasted = t.Services[payment].Working * 3 / 4
	}
}

// overload is too much traffic from 60s to 70s, and no fault: gateway's own work.
func overload(p *sim.Plan) func(from, to des.Time, t *sim.Tallies) {
	well := healthy(p)
	return func(from, to des.Time, t *sim.Tallies) {
		well(from, to, t)
		if from >= 60*second && from < 70*second {
			pool(t, p, gateway, to-from, 40, 8, 2)
			requests(t, shoppers, to-from, 200, 150)
		}
	}
}

// frozen is a run in which at 40s everything stops for good: threads are held,
// nothing ends, and shoppers go on asking.
func frozen(p *sim.Plan) func(from, to des.Time, t *sim.Tallies) {
	well := healthy(p)
	return func(from, to des.Time, t *sim.Tallies) {
		if from < 40*second {
			well(from, to, t)
			return
		}
		t.Sources[shoppers].Offered, t.Sources[shoppers].Attempts = 100, 100
		t.Services[gateway].Arrived, t.Services[gateway].Operations[0].Arrived = 100, 100
	}
}

// guarded is slow payments with guards on the way: the breakers of checkout's two
// instances open (changesOfGuards says when), note has a cache, gateway hedges; its
// budget refuses retries, and both instances leave out one of checkout's.
func guarded(p *sim.Plan) func(from, to des.Time, t *sim.Tallies) {
	well := healthy(p)
	return func(from, to des.Time, t *sim.Tallies) {
		well(from, to, t)
		length := to - from
		note := &t.Edges[toNote]
		note.Calls, note.Attempts, note.CacheHits, note.CacheMisses, note.Coalesced = 100, 15, 80, 20, 5
		note.CallOutcomes[topology.Success], note.Outcomes[topology.Success], note.Latency = 100, 15, each(15, 8*ms)
		hedging := &t.Edges[toCheckout]
		hedging.Attempts, hedging.Hedges, hedging.Outcomes[topology.Cancelled] = 105, 5, 5
		charge := &t.Edges[toCharge]
		for _, o := range openTimes {
			if from < o.to && to > o.from {
				charge.Open += min(to, o.to) - max(from, o.from)
			}
		}
		if from >= 5*second && from < 7*second {
			requests(t, shoppers, length, 100, 20)
			attempts(t, checkout, length, 20, 80)
			attempts(t, gateway, length, 60, 80)
			hedging.CallOutcomes = [topology.NumOutcomes]uint64{topology.Success: 20, topology.Error: 80}
			hedging.Outcomes = [topology.NumOutcomes]uint64{topology.Success: 20, topology.Error: 80, topology.Cancelled: 5}
			t.Sources[shoppers].Ended = [topology.NumOutcomes]uint64{topology.Success: 20, topology.Error: 80}
			calls(t, toCharge, length, 100, 0, 20)
			charge.Attempts, charge.Tries = 30, []uint64{100}
			charge.TurnedAway[topology.BreakerOpen], charge.TurnedAway[topology.BulkheadFull] = 60, 10
			charge.CallOutcomes = [topology.NumOutcomes]uint64{topology.Success: 20, topology.Timeout: 10, topology.BreakerOpen: 60, topology.BulkheadFull: 10}
			charge.Outcomes, charge.Failed = [topology.NumOutcomes]uint64{topology.Success: 20, topology.Timeout: 10}, each(10, 300*ms)
			hedging.Unpaid = 75
			hedging.Ejections = 2
			for _, op := range []*sim.OpTally{&t.Services[payment].OpTally, &t.Services[payment].Operations[0]} {
				op.Arrived, op.Answers[topology.Limited], op.Answers[topology.Cancelled] = 110, 6, 4
			}
		}
		// The autoscaler's second instance is there from 6s on, the third from 8s to 11s.
		n := des.Time(1)
		if from >= 6*second {
			n++
		}
		if from >= 8*second && from < 11*second {
			n++
		}
		s := &t.Services[payment]
		for i := range n {
			s.Instances[i].Capacity = 4 * length
		}
		s.Capacity = 4 * n * length
		s.Idle = s.Capacity - s.Held()
	}
}

// openTimes are when which breakers of guarded are open.
var openTimes = []struct {
	from, to des.Time
	instance int
}{{1500 * ms, 1800 * ms, 0}, {4500 * ms, 7 * second, 0}, {4750 * ms, 7500 * ms, 1}}

// changesOfGuards are the changes of state of guarded. The probe of the breaker of
// instance 0 at 5.5s fails, and it opens again in the same instant.
func changesOfGuards() []sim.Transition {
	closed, halfOpen, open := topology.StateClosed, topology.StateHalfOpen, topology.StateOpen
	change := func(at des.Time, instance int, from, to topology.BreakerState) sim.Transition {
		return sim.Transition{At: at, Kind: sim.BreakerChanged, Edge: toCharge, Instance: instance, From: from, To: to}
	}
	return []sim.Transition{
		change(1500*ms, 0, closed, open), change(1800*ms, 0, open, halfOpen), change(1900*ms, 0, halfOpen, closed),
		change(4500*ms, 0, closed, open), change(4750*ms, 1, closed, open),
		change(5500*ms, 0, open, halfOpen), change(5500*ms, 0, halfOpen, open),
		{At: 6 * second, Kind: sim.InstanceAdded, Service: payment, Instance: 1},
		change(7*second, 0, open, halfOpen), change(7*second, 0, halfOpen, closed),
		change(7500*ms, 1, open, halfOpen), change(7500*ms, 1, halfOpen, closed),
		{At: 8 * second, Kind: sim.InstanceAdded, Service: payment, Instance: 2},
		{At: 11 * second, Kind: sim.InstanceRemoved, Service: payment, Instance: 2},
	}
}

// guardedShop is the plan of guarded: twelve seconds, the fault from 4s to 6s.
func guardedShop() *sim.Plan {
	p := brieflyPlanned()
	p.Faults[0].Every = 0
	services := p.Topology.Services
	services[checkout].Instances = 2
	services[payment].Autoscale = &topology.Autoscale{Min: 1, Max: 3}
	edges := p.Edges()
	edges[toCheckout].Hedge = &topology.Hedge{Max: 1}
	edges[toCharge].Breaker = &topology.Breaker{}
	edges[toNote].Cache = &topology.Cache{Hit: 0.8}
	return p
}
