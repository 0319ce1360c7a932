package sim

import (
	"slices"
	"time"

	"cascade/sim/des"
	"cascade/sim/policy"
	"cascade/topology"
)

// Which instance an attempt goes to. Three parties have a say:
//
//	the rotation   of the service, the same for all callers: the instances that are there
//	               and that the health check has not taken out
//	the outlier    of the calling instance: those of the rotation that it has ejected
//	the balance    picks among those left
//
// A calling instance counts, and ejects, on its own: nobody tells it what others see.

// A view is what one calling instance sees of the instances of a service. All edges
// between the two share it, as the routes to a cluster of Envoy's share its hosts.
type view struct {
	underWay []int32         // attempts at each instance that have not ended for the caller
	outlier  *policy.Outlier // nil: it ejects none
}

// A pair is a source or a service, and the service it calls.
type pair struct{ source, from, to int }

// compileViews gives callers a view of those services where how they balance, or what
// they eject, is decided by what they see, or may come to be by a fault.
func (s *System) compileViews() {
	known := map[pair][]view{}
	for i := range s.edges {
		e := &s.edges[i]
		if e.sole != nil || !s.seen(e.to) {
			continue
		}
		k := pair{-1, e.spec.From.Service, e.spec.To.Service}
		if i < len(s.sources) {
			k.source = i
		}
		if known[k] == nil {
			known[k] = make([]view, len(e.callers))
			for c := range known[k] {
				known[k][c].underWay = make([]int32, len(e.to.members))
			}
		}
		e.views, e.viewed, e.watched = known[k], true, true
	}
}

// seen says whether what callers see of a service's instances may ever matter.
func (s *System) seen(v *service) bool {
	counts := func(b topology.Balance) bool { return b == topology.LeastRequests || b == topology.TwoChoices }
	if counts(v.spec.Balance) || v.spec.Outlier != nil {
		return true
	}
	return s.maySet(v, func(set *Settings) bool {
		return set.Outlier != nil || set.Balance != nil && counts(*set.Balance)
	})
}

// maySet says whether a Set fault on the service gives it what is asked for.
func (s *System) maySet(v *service, asked func(*Settings) bool) bool {
	for i := range s.plan.Faults {
		if f := &s.plan.Faults[i]; f.Kind == Set && slices.Contains(f.Services, int(v.number)) && asked(&f.Set) {
			return true
		}
	}
	return false
}

// tune puts outlier detection into force. Those that are out stay out.
func (v *view) tune(now des.Time, to *service) {
	if to.outlier == nil || v.outlier == nil {
		v.renew(to)
		return
	}
	v.outlier.Out(now.Duration(), 0) // what the old settings let back until now, is back
	v.outlier.Retune(to.outlier)
}

// renew is the view of a caller that knows nothing yet. What it had under way it has
// given up.
func (v *view) renew(to *service) {
	v.outlier = nil
	if to.outlier != nil {
		v.outlier = policy.NewOutlier(to.outlier, len(v.underWay))
		v.outlier.Count(to.there())
	}
}

// there is how many instances callers know of: those the health check has taken out are
// of them, those that start or leave are not.
func (v *service) there() (n int) {
	for k := range v.members {
		if in := &v.members[k]; in.there && !in.leaving {
			n++
		}
	}
	return n
}

// eachOutlier visits what callers know of the instances of a service.
func (s *System) eachOutlier(v *service, visit func(*policy.Outlier)) {
	if v.outlier == nil {
		return
	}
	for i := range s.edges {
		if e := &s.edges[i]; e.to == v {
			for c := range e.views {
				visit(e.views[c].outlier)
			}
		}
	}
}

// recountOutliers tells them how many instances there are.
func (s *System) recountOutliers(v *service) {
	n := v.there()
	s.eachOutlier(v, func(o *policy.Outlier) { o.Count(n) })
}

// pick chooses one of several instances for a caller's next attempt, which is then
// under way there. It leaves out the ordinals in avoid, as long as there are others.
func (s *System) pick(cl *call, luck des.Key, avoid []int32) *instance {
	e := cl.edge
	to := e.to
	var v *view
	if e.viewed {
		v = &e.views[s.ordinalOf(cl)]
	}
	in := to.rotation
	if v != nil && v.outlier != nil && v.outlier.AnyOut() {
		in = s.notEjected(in, v)
	}
	if len(avoid) > 0 {
		in = s.without(in, avoid)
	}
	k := int32(0)
	switch to.balance {
	case topology.Random:
		d := luck.With(saltInstance).Draw()
		k = in[d.Intn(len(in))]
	case topology.LeastRequests:
		k = v.least(in, luck)
	case topology.TwoChoices:
		d := luck.With(saltInstance).Draw()
		k = v.better(in, &d)
	default:
		k = s.callerOf(cl).next(in, len(to.members))
	}
	if v != nil {
		v.underWay[k]++
	}
	return &to.members[k]
}

// next is the caller's turn: the first instance of in, which ascends, that is not
// before it. The turn after is of the one behind, so that whoever follows one that is
// out does not get its share too.
func (c *caller) next(in []int32, members int) int32 {
	i := int(c.turn)
	if i >= len(in) || in[i] != int32(i) {
		for i = 0; i < len(in) && in[i] < int32(c.turn); i++ {
		}
		if i == len(in) {
			i = 0
		}
	}
	k := in[i]
	if c.turn = uint32(k) + 1; c.turn == uint32(members) {
		c.turn = 0
	}
	return k
}

// least is the instance of in with the fewest attempts under way, one of them by luck
// where several have as few.
func (v *view) least(in []int32, luck des.Key) int32 {
	underWay := v.underWay
	at, few, ties := in[0], underWay[in[0]], 1
	for _, k := range in[1:] {
		if n := underWay[k]; n < few {
			at, few, ties = k, n, 1
		} else if n == few {
			ties++
		}
	}
	if ties == 1 {
		return at
	}
	d := luck.With(saltInstance).Draw()
	skip := d.Intn(ties)
	for _, k := range in {
		if underWay[k] == few {
			if skip == 0 {
				return k
			}
			skip--
		}
	}
	panic("sim: the fewest attempts under way are at no instance")
}

// better is the one with fewer attempts under way of two different instances drawn by
// luck (M. Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing",
// 2001). Where they have as many it is the first: which of two is drawn first is luck
// too.
func (v *view) better(in []int32, d *des.Draw) int32 {
	if len(in) == 1 {
		return in[0]
	}
	i := d.Intn(len(in))
	j := d.Intn(len(in) - 1)
	if j >= i {
		j++
	}
	if v.underWay[in[j]] < v.underWay[in[i]] {
		return in[j]
	}
	return in[i]
}

// notEjected are the instances of in that v's outlier detection has not ejected; all,
// where that is less than half of them (healthy_panic_threshold of Envoy's clusters,
// 50% by default): then those left would go down too.
func (s *System) notEjected(in []int32, v *view) []int32 {
	s.candidates = s.candidates[:0]
	for _, k := range in {
		if !v.outlier.Out(s.now.Duration(), int(k)) {
			s.candidates = append(s.candidates, k)
		}
	}
	if 2*len(s.candidates) < len(in) {
		return in
	}
	return s.candidates
}

// without are the instances of in that are not in avoid; all, where none is left.
func (s *System) without(in, avoid []int32) []int32 {
	s.unavoided = s.unavoided[:0]
next:
	for _, k := range in {
		for _, a := range avoid {
			if a == k {
				continue next
			}
		}
		s.unavoided = append(s.unavoided, k)
	}
	if len(s.unavoided) == 0 {
		return in
	}
	return s.unavoided
}

// ended notes what came of an attempt that its caller is done with: an answer has come,
// or the caller has given it up.
// It says whether the instance is ejected for it.
func (v *view) ended(now time.Duration, at *attempt, o outcome) (ejected bool) {
	k := at.in.ordinal
	v.underWay[k]--
	if v.outlier == nil {
		return false
	}
	return o != topology.Cancelled && v.outlier.Result(now, int(k), fiveXX.Has(o))
}

// fiveXX are the outcomes that Envoy's consecutive_5xx counts: what HTTP has a status of
// 500 or more for, and what is no answer at all, for which Envoy makes up one. A limit's
// 429 is none of them, and ends a row of them.
const fiveXX = topology.BreakerDefault &^ (1<<topology.RateLimited | 1<<topology.Limited)

// rotate works out anew which instances of a service can be picked: those that are
// there, without those that the health check has taken out. Where it has taken out
// all of them, all are in, and refuse.
func (v *service) rotate() {
	v.rotation = v.rotation[:0]
	for k := range v.members {
		if in := &v.members[k]; in.there && !in.leaving && !in.unhealthy {
			v.rotation = append(v.rotation, int32(k))
		}
	}
	if len(v.rotation) > 0 {
		return
	}
	for k := range v.members {
		if in := &v.members[k]; in.there && !in.leaving {
			v.rotation = append(v.rotation, int32(k))
		}
	}
}

// watch sets the health check on an instance that is down: it leaves the rotation
// when the check has had its time.
func (s *System) watch(in *instance) {
	if d := in.service.healthCheck; d > 0 && in.there && !in.up && !in.unhealthy && in.notice == 0 {
		in.notice = s.schedule(later(s.now, d), evInstance, in.service.first+in.ordinal)
	}
}

// unwatch brings an instance back into the rotation.
func (s *System) unwatch(in *instance) {
	in.notice = 0
	if in.unhealthy {
		in.unhealthy = false
		in.service.rotate()
	}
}

// noticed runs when the health check has found that an instance is down.
func (s *System) noticed(in *instance) {
	in.notice = 0
	in.unhealthy = true
	in.service.rotate()
}

// tuneRotation puts a service's health check and outlier detection into force. A check
// that is new sees what is down already from now on; one that is gone has taken out
// nobody.
func (s *System) tuneRotation(v *service, check des.Time, o *topology.Outlier) {
	v.healthCheck = check
	for k := range v.members {
		if check == 0 {
			s.unwatch(&v.members[k])
		} else {
			s.watch(&v.members[k])
		}
	}
	if v.outlier == o {
		return
	}
	v.outlier = o
	for i := range s.edges {
		if e := &s.edges[i]; e.to == v {
			for c := range e.views {
				e.views[c].tune(s.now, v)
			}
		}
	}
}
