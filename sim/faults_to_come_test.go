package sim_test

import (
	"slices"
	"testing"
	"time"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/topology"

	"pgregory.net/rapid"
)

// untilNow is what a run has shown, and has come to. Instances that a service may come to
// by the faults of one of two plans only are left out: they are not there.
func untilNow(t rapid.TB, s *sim.System, r *record, p, q *sim.Plan) *shown {
	t.Helper()
	o := &shown{*r, s.Totals()}
	shorten := func(all *sim.Tallies) {
		for i := range all.Services {
			v := &all.Services[i]
			n := min(mostInstances(p, i), mostInstances(q, i))
			for _, in := range v.Instances[n:] {
				if in != (sim.InstanceTally{}) {
					t.Fatalf("an instance that is not there yet shows %+v", in)
				}
			}
			v.Instances = v.Instances[:n]
		}
	}
	for i := range o.samples {
		shorten(&o.samples[i].Tallies)
	}
	shorten(&o.totals.Tallies)
	return o
}

// mostInstances is how many instances a plan's service may come to.
func mostInstances(p *sim.Plan, service int) int {
	spec := &p.Topology.Services[service]
	n := spec.Instances
	if a := spec.Autoscale; a != nil {
		n = max(n, a.Max)
	}
	for i := range p.Faults {
		if f := &p.Faults[i]; f.Set.Autoscale != nil && slices.Contains(f.Services, service) {
			n = max(n, f.Set.Autoscale.Max)
		}
	}
	return n
}

// later is a random fault that begins at t or later.
func (m maker) laterFault(p *sim.Plan, n int, t des.Time) sim.Fault {
	f := m.fault(p, n)
	length := f.Until - f.From
	f.From = t
	if !m.once("at once", 2) {
		f.From = des.Time(rapid.Int64Range(int64(t), int64(p.Duration)-1).Draw(m.T, "later begin"))
	}
	f.Until = min(f.From+length, p.Duration)
	return f
}

// What begins at an instant changes nothing before it. So what a person has seen of a run
// stays true, whatever is injected, or healed, from now on: up to that instant the plan
// with it shows the same.
func TestFaultsToComeChangeNothing(t *testing.T) {
	kinds := map[sim.FaultKind]int{}
	checkOften(t, func(t *rapid.T) {
		m := maker{T: t}
		p := m.plan()
		now := min(m.instant("now", p), p.Duration-1)
		q := *p
		q.Faults = slices.Clone(p.Faults)
		var kept []int // of p's faults
		what := "with more faults"
		if m.once("heal", 3) {
			what = "with a fault less, or ended"
			q.Faults = nil
			for i, f := range p.Faults {
				switch end := f.From + f.Until - f.From; {
				case f.From >= now && m.once("take out", 2):
					continue
				case f.From < now && now < end && m.once("end", 2):
					f.Until, f.Every = now, 0
				}
				q.Faults, kept = append(q.Faults, f), append(kept, i)
			}
		} else {
			for i := range m.n("more faults", 1, 3) {
				f := m.laterFault(p, len(p.Faults)+i, now)
				kinds[f.Kind]++
				q.Faults = append(q.Faults, f)
			}
		}
		var of [2]*shown
		for i, plan := range []*sim.Plan{p, &q} {
			r := new(record)
			s := sim.New(plan, r)
			s.RunUntil(now)
			of[i] = untilNow(t, s, r, p, &q)
		}
		for i := range of[1].transitions {
			if tr := &of[1].transitions[i]; kept != nil && (tr.Kind == sim.FaultBegan || tr.Kind == sim.FaultEnded) {
				tr.Fault = kept[tr.Fault]
			}
		}
		if a, b := of[0].totals, of[1].totals; a.Events != b.Events || a.Fingerprint != b.Fingerprint {
			t.Fatalf("%s: %d events, %x; %d, %x", what, a.Events, a.Fingerprint, b.Events, b.Fingerprint)
		}
		alike(t, what, of[0], of[1])
	})
	for k := range sim.NumFaultKinds {
		if kinds[k] < 3 && !raced {
			t.Errorf("only %d faults of kind %v to come", kinds[k], k)
		}
	}
}

// A surge of one source calls in users that are there in the plan from the start: they do
// not shift those of another, neither the ones that it always has nor those of its surges.
func TestSurgesToComeShiftNobody(t *testing.T) {
	users := func(name string, n int) sim.Source {
		s := openSource(name, 0, 0)
		s.Kind, s.Users, s.Think = sim.Closed, n, topology.Exponential(20*ms)
		return s
	}
	surge := func(source int, from time.Duration) sim.Fault {
		f := fault(sim.Surge, from, 1*sec)
		f.Source, f.Factor = source, 3
		return f
	}
	p := plan(1*sec, []topology.Service{service("a", 2, topology.Unlimited, work(topology.Exponential(5*ms)))}, users("x", 3), users("y", 4))
	p.Faults = []sim.Fault{surge(1, 100*ms)}
	q := *p
	q.Faults = append(slices.Clone(p.Faults), surge(0, 500*ms))
	a, b := sim.New(p), sim.New(&q)
	a.RunUntil(at(500 * ms))
	b.RunUntil(at(500 * ms))
	if x, y := a.Totals(), b.Totals(); x.Events < 100 || x.Events != y.Events || x.Fingerprint != y.Fingerprint {
		t.Errorf("%d events, %x; with a surge to come %d, %x", x.Events, x.Fingerprint, y.Events, y.Fingerprint)
	}
	b.RunUntil(at(1 * sec))
	if n := b.Totals().Sources[0].InFlight; n <= 3 {
		t.Errorf("%d requests in flight of 9 users: the surge has called nobody in", n)
	}
}

// A calm plan is the plan without its faults: nothing of theirs happens, in no field.
func TestCalm(t *testing.T) {
	faulty := 0
	checkOften(t, func(t *rapid.T) {
		m := maker{T: t}
		p := m.plan()
		if len(p.Faults) == 0 {
			return
		}
		calm, none := *p, *p
		calm.Calm, none.Faults = true, nil
		var of [2]*shown
		for i, plan := range []*sim.Plan{&calm, &none} {
			r := new(record)
			s := sim.New(plan, r)
			s.RunUntil(p.Duration)
			of[i] = untilNow(t, s, r, p, &none)
		}
		if a, b := of[0].totals, of[1].totals; a.Events != b.Events || a.Fingerprint != b.Fingerprint {
			t.Fatalf("calm it has %d events, %x; without faults %d, %x", a.Events, a.Fingerprint, b.Events, b.Fingerprint)
		}
		alike(t, "calm", of[0], of[1])
		s := sim.New(p)
		s.RunUntil(p.Duration)
		if s.Totals().Fingerprint != of[0].totals.Fingerprint {
			faulty++
		}
	})
	if faulty < 30 {
		t.Errorf("only %d of the plans are others with their faults", faulty)
	}
}
