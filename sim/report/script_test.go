package report

import (
	"cascade/sim"
	"cascade/sim/des"
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
