package sim

import (
	"slices"

	"cascade/sim/des"
	"cascade/sim/policy"
	"cascade/topology"
)

// The number of a service's instances follows its load. All that there may ever be are
// set up at the start; those there are or that are starting are the first ones.
//
//	           decided             after Delay               the last one, decided
//	not there ─────────▶ starting ─────────────▶ in rotation ─────────────────────▶ leaving
//	    ▲                                                                              │
//	    └────────────────────── it has nothing in hand any more ───────────────────────┘
//
// One that is not there has no threads and is neither up nor down. One that is leaving
// when it is wanted again comes back as it is.

// A scaler is the autoscaler of a service.
type scaler struct {
	spec   *topology.Autoscale // nil: none
	policy *policy.Autoscale
	have   int32 // instances there are or that are starting

	read    uint64   // of the event that reads the books
	readAt  des.Time // when they were read the last time
	pending []figure
}

// A figure is on its way to the autoscaler.
type figure struct {
	seq  uint64  // of the event that it arrives with
	busy float64 // instances' worth of threads that were held
}

// mostInstances is how many instances service i can ever have.
func (s *System) mostInstances(i int) int {
	spec := &s.plan.Topology.Services[i]
	n := spec.Instances
	if spec.Autoscale != nil {
		n = max(n, spec.Autoscale.Max)
	}
	for k := range s.plan.Faults {
		if f := &s.plan.Faults[k]; f.Kind == Set && f.Set.Autoscale != nil && slices.Contains(f.Services, i) {
			n = max(n, f.Set.Autoscale.Max)
		}
	}
	return n
}

// tuneScaler puts an autoscaler into force. Another one begins anew; where there is
// none any more the instances stay as they are.
func (s *System) tuneScaler(v *service, a *topology.Autoscale) {
	c := &v.scaler
	if c.spec == a || !v.bounded() { // of unlimited threads no share is held
		return
	}
	c.spec, c.policy, c.read, c.pending = a, nil, 0, c.pending[:0]
	if a == nil {
		return
	}
	c.policy = policy.NewAutoscale(a)
	// It decides at multiples of Every from now on, by figures that are Lag old: the
	// books are opened so long before the first of these instants, or at once where that
	// is now.
	c.readAt = des.Never
	if first := a.Every - a.Lag%a.Every; first < a.Every {
		c.read = s.schedule(later(s.now, des.Time(first)), evService, v.number)
	} else {
		s.serviceRead(v)
	}
}

// readBooks is how many instances' worth of threads were held since the last reading:
// the sum of each one's share. Those that are starting hold none, and those that are
// leaving are left out, as a pod that terminates is in Kubernetes.
func (s *System) readBooks(v *service) (busy float64) {
	c := &v.scaler
	span := float64(s.now - c.readAt)
	for k := range v.members {
		in := &v.members[k]
		held := in.held.at(s.now)
		if in.there && !in.leaving && in.planned > 0 {
			busy += min(float64(held-in.heldRead)/(span*float64(in.planned)), 1) // in.planned may have been more a moment ago
		}
		in.heldRead = held
	}
	c.readAt = s.now
	return busy
}

// serviceEvent runs when the autoscaler reads the books, or when a figure arrives.
func (s *System) serviceEvent(v *service, seq uint64) bool {
	c := &v.scaler
	switch {
	case c.read == seq:
		s.serviceRead(v)
	case len(c.pending) > 0 && c.pending[0].seq == seq:
		busy := c.pending[0].busy
		c.pending = append(c.pending[:0], c.pending[1:]...)
		s.scale(v, busy)
	default:
		return false
	}
	return true
}

// serviceRead reads the books; the first time only opens them.
func (s *System) serviceRead(v *service) {
	c := &v.scaler
	first := c.readAt == des.Never
	c.read = s.schedule(later(s.now, des.Time(c.spec.Every)), evService, v.number)
	busy := s.readBooks(v)
	switch {
	case first:
	case c.spec.Lag == 0:
		s.scale(v, busy)
	default:
		c.pending = append(c.pending, figure{s.schedule(later(s.now, des.Time(c.spec.Lag)), evService, v.number), busy})
	}
}

// scale brings the number of instances to what the autoscaler wants, so many having
// been busy.
func (s *System) scale(v *service, busy float64) {
	c := &v.scaler
	want := int32(c.policy.Want(s.now.Duration(), int(c.have), busy/float64(c.have)))
	want = min(max(want, 1), v.instances)
	for c.have < want {
		in := &v.members[c.have]
		c.have++
		in.start = s.schedule(later(s.now, des.Time(c.spec.Delay)), evInstance, v.first+in.ordinal)
	}
	for c.have > want {
		c.have--
		s.remove(&v.members[c.have])
	}
	for k := range v.members {
		s.drained(&v.members[k])
	}
}

// instanceEvent runs when an instance has started, or when the health check has found
// it down.
func (s *System) instanceEvent(in *instance, seq uint64) bool {
	switch seq {
	case in.start:
		s.started(in)
	case in.notice:
		s.noticed(in)
	case in.pace:
		s.paceDue(in)
	default:
		return false
	}
	return true
}

// started puts an instance into the rotation.
func (s *System) started(in *instance) {
	in.start = 0
	v := in.service
	if in.there {
		in.leaving = false
	} else {
		in.there, in.up, in.open = true, true, !in.still
		s.renew(in)
		s.resize(in, in.planned)
	}
	v.rotate()
	s.recountOutliers(v)
	s.tell(Transition{At: s.now, Kind: InstanceAdded, Service: int(v.number), Instance: int(in.ordinal)})
	s.touch(in)
	s.followChanges() // a crash or a pause may be on it
}

// remove takes an instance out of the rotation, or stops its start.
func (s *System) remove(in *instance) {
	if in.start != 0 {
		in.start = 0
		return
	}
	in.leaving = true
	s.forsakeAll(in, false)
	s.regroupSoon(in.service.crew)
	in.service.rotate()
	s.recountOutliers(in.service)
	s.tell(Transition{At: s.now, Kind: InstanceRemoved, Service: int(in.service.number), Instance: int(in.ordinal)})
}

// drained lets an instance that is leaving go, as soon as it has nothing in hand and
// nothing is on its way to it.
func (s *System) drained(in *instance) {
	if !in.leaving || in.up && (in.held.n > 0 || in.queued > 0 || s.expected(in)) {
		return
	}
	in.there, in.leaving = false, false
	s.unwatch(in)
	if !in.up {
		in.downTime.leave(s.now)
	}
	in.up, in.open = false, false
	s.setSize(in, 0)
	s.renew(in) // nobody is there whose breakers are open
	s.eachOutlier(in.service, func(o *policy.Outlier) { o.Forget(int(in.ordinal)) })
}

// expected says whether an instance has attempts that are suspended, or on their way, or
// messages at hand.
func (s *System) expected(in *instance) bool {
	for _, t := range in.takers {
		if t.has > 0 {
			return true
		}
	}
	if slices.ContainsFunc(in.wanting, func(m *member) bool { return s.workOf(m) != nil }) {
		return true
	}
	for i := range s.attempts {
		if at := &s.attempts[i]; at.in == in {
			switch at.state {
			case inTransit, heldBack, suspended, resuming:
				return true
			}
		}
	}
	return false
}
