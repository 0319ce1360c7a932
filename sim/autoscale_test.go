package sim_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cascade/sim"
	"cascade/topology"
)

// scaled tells when instances came and went.
func (r *telling) scaled() string {
	var l []string
	for _, tr := range r.transitions {
		switch tr.Kind {
		case sim.InstanceAdded:
			l = append(l, fmt.Sprintf("+%d at %v", tr.Instance, tr.At))
		case sim.InstanceRemoved:
			l = append(l, fmt.Sprintf("-%d at %v", tr.Instance, tr.At))
		case sim.InstanceDown:
			l = append(l, fmt.Sprintf("%d down at %v", tr.Instance, tr.At))
		case sim.InstanceUp:
			l = append(l, fmt.Sprintf("%d up at %v", tr.Instance, tr.At))
		}
	}
	return strings.Join(l, ", ")
}

// 30 requests a second of 100 ms keep 3 of 4 threads busy, 75%, for a target of 60%: a
// second instance is wanted at 1 s and there at 1.5 s. From 5 s on it is 5 a second,
// an eighth of one instance: one is enough, wanted from 6 s on, and done when the wish for
// two, last at 5 s, is 2 s old.
func TestAutoscale(t *testing.T) {
	scaled := func(change func(*topology.Autoscale)) *telling {
		load := steady("load", 0, 30)
		load.Start = at(10 * ms)
		load.Profile = []sim.RatePoint{{At: at(5 * sec), Rate: 5}}
		p := plan(10*sec, []topology.Service{service("a", 4, 100, works(100*ms))}, load)
		p.Topology.Services[0].Autoscale = &topology.Autoscale{Min: 1, Max: 3, Target: 0.6, Every: 1 * sec, Delay: 500 * ms, Cooldown: 2 * sec}
		change(p.Topology.Services[0].Autoscale)
		return tell(t, p)
	}
	r := scaled(func(*topology.Autoscale) {})
	says(t, "scaled", r.scaled(), "+1 at 1.5s, -1 at 7s")
	a := r.service("a")
	if a.Instances[0].Capacity != at(40*sec) || a.Instances[1].Capacity != at(4*5500*ms) || a.Instances[2].Capacity != 0 {
		t.Errorf("thread time %v, %v and %v, want 40s, 22s and none", a.Instances[0].Capacity, a.Instances[1].Capacity, a.Instances[2].Capacity)
	}
	// In turn from 1.5 s to 7 s: 105 requests to 5 s, 10 after.
	if n := a.Instances[1].Arrived; n < 57 || n > 58 {
		t.Errorf("%d at the second instance, want half of 115", n)
	}
	// Figures that are 1.2 s old: the books are opened at 0.8 s, and read at 1.8 s for the
	// decision at 3 s. The last that wants two is at 6 s, by what was up to 4.8 s.
	r = scaled(func(a *topology.Autoscale) { a.Lag = 1200 * ms })
	says(t, "with a lag", r.scaled(), "+1 at 3.5s, -1 at 8s")
}

// Of two instances one is wanted at 1 s. The second ends what it has, to 1.2 s, and gets
// nothing more; then its threads are gone.
func TestAutoscaleDrains(t *testing.T) {
	p := plan(3*sec, []topology.Service{service("a", 4, 10, works(300*ms))}, traced("load", 0, []time.Duration{900 * ms, 900 * ms, 1100 * ms, 1150 * ms}))
	v := &p.Topology.Services[0]
	v.Instances, v.Autoscale = 2, &topology.Autoscale{Min: 1, Max: 2, Target: 0.6, Every: 1 * sec}
	r := tell(t, p)
	says(t, "scaled", r.scaled(), "-1 at 1s")
	says(t, "arrived", r.arrived("a")+"; "+r.answers("a"), "3 1; 4 arrived: 4 success")
	if c := r.service("a").Instances[1].Capacity; c != at(4*1200*ms) {
		t.Errorf("the second had %v of thread time, want 4.8s", c)
	}

	// With 200 ms there, the second request is on its way to it at 1 s. It is served too.
	network(200 * ms)(p.Sources[0].Edge)
	r = tell(t, p)
	says(t, "on the way", r.arrived("a")+"; "+r.answers("a"), "3 1; 4 arrived: 4 success")
	if c := r.service("a").Instances[1].Capacity; c != at(4*1400*ms) {
		t.Errorf("the second had %v of thread time, want 5.6s", c)
	}
}

// What an instance still has that is leaving is no reason for another one: the first fails
// its four at once, the second is leaving from 1 s on, with four that take 5 s.
func TestAutoscaleLeavesOutWhoIsLeaving(t *testing.T) {
	p := plan(4*sec, []topology.Service{service("a", 4, 10, works(5*sec))}, herd("load", 0, 950*ms, 8))
	v := &p.Topology.Services[0]
	v.Instances, v.Autoscale = 2, &topology.Autoscale{Min: 1, Max: 2, Target: 0.6, Every: 1 * sec}
	f := on(p, sim.Fault{Name: "sick", Kind: sim.Errors, Until: p.Duration, Rate: 1}, 0)
	f.Instances = 1
	p.Faults = []sim.Fault{f}
	says(t, "scaled", tell(t, p).scaled(), "-1 at 1s")
}

// A crash of all instances from 0.5 to 2 s while the load wants more: an instance that
// comes while the crash lasts is down from the start, and up with the others.
func TestAutoscaleIntoACrash(t *testing.T) {
	p := plan(4*sec, []topology.Service{service("a", 4, 100, works(100*ms))}, steady("load", 0, 60))
	v := &p.Topology.Services[0]
	v.Instances, v.Autoscale = 1, &topology.Autoscale{Min: 2, Max: 4, Target: 0.6, Every: 1 * sec, Delay: 500 * ms, Cooldown: 10 * sec}
	p.Faults = []sim.Fault{on(p, fault(sim.Crash, 500*ms, 2*sec), 0)}
	r := tell(t, p)
	if got := r.scaled(); !strings.HasPrefix(got, "0 down at 0.5s, +1 at 1.5s, 1 down at 1.5s, 0 up at 2s, 1 up at 2s") {
		t.Errorf("scaled %s", got)
	}
}

// An instance that is taken away takes its open breaker with it.
func TestBreakerOfAnInstanceThatIsTakenAway(t *testing.T) {
	a := service("a", 1, 10, works(50*ms), call(1, 0, breaker(0, 100*sec), optional))
	a.Instances = 2
	a.Autoscale = &topology.Autoscale{Min: 1, Max: 2, Target: 0.6, Every: 1 * sec}
	p := plan(10*sec, []topology.Service{a, service("b", 1, 10, works(1*ms))}, steady("load", 0, 5))
	p.Faults = append(p.Faults, dead(p, 1, 0, 10*sec))
	r := tell(t, p)
	says(t, "scaled", r.scaled(), "-1 at 1s")
	says(t, "breakers", r.breakers(), "50ms a->b/0 open, 250ms a->b/1 open, 1s a->b/1 closed")
	if open := r.edge("a->b").Open; open != at(9950*ms+750*ms) {
		t.Errorf("open for %v, want 10.7s", open)
	}
}

// The share that may be ejected is one of the instances there are, not of those there may be.
func TestOutliersOfAScaledService(t *testing.T) {
	a := service("a", 1, 10, works(1*ms))
	a.Instances = 2
	a.Outlier = &topology.Outlier{Consecutive: 2, Interval: 10 * sec, Eject: 30 * sec, Max: 0.1}
	a.Autoscale = &topology.Autoscale{Min: 2, Max: 20, Target: 0.6, Every: 100 * sec}
	p := plan(1*sec, []topology.Service{a}, steady("load", 0, 100))
	f := fault(sim.Errors, 0, 1*sec)
	f.Rate, f.Instances = 1, 1
	p.Faults = append(p.Faults, on(p, f, 0))
	p.Faults[0].Services = nil
	says(t, "10% of 2", tell(t, p).calls("load->a"), "100 calls: 50 success, 50 error; 100 attempts: 50 success, 50 error")
	p.Topology.Services[0].Outlier.Max = 0.5
	says(t, "50% of 2", tell(t, p).calls("load->a"), "100 calls: 98 success, 2 error; 100 attempts: 98 success, 2 error")
}
