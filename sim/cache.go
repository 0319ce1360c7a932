package sim

import "cascade/topology"

// elsewhere deals with a call that begins and needs no callee: a publish, or one that the
// cache answers. It says whether it does. A call that is followed comes by here too.
func (s *System) elsewhere(c int32, cl *call) bool {
	if s.spans != nil {
		s.spanCall(c, cl)
	}
	switch {
	case cl.edge.q != nil:
		s.publishCall(c, cl)
		return true
	case cl.edge.policy.Cache == nil:
		return false
	default:
		return s.fromCache(c, cl)
	}
}

// fromCache lets the edge's cache deal with a call that begins: it answers it, or
// lets it wait for the answer to another call that is under way for the same thing.
// It says whether it does.
func (s *System) fromCache(c int32, cl *call) bool {
	e := cl.edge
	k := e.policy.Cache
	flushed := e.faults != nil && len(e.faults.flush) > 0
	if k.Keys == 0 {
		d := cl.key.With(saltCache).Draw()
		if d.Uniform() < k.Hit && !flushed {
			s.hit(c, cl)
			return true
		}
		s.countOnce(&e.count.misses, &e.uncounted.misses)
		s.spanCached(c, cl, CacheMiss)
		return false
	}
	w := s.callerOf(cl)
	cl.thing = e.popularity.draw(cl.key.With(saltCache))
	if !flushed && w.cache.Get(s.now.Duration(), int(cl.thing)) {
		s.hit(c, cl)
		return true
	}
	if k.Coalesce {
		if leader, ok := w.flights[cl.thing]; ok {
			s.follow(c, cl, &s.calls[leader])
			return true
		}
		if w.flights == nil {
			w.flights = map[int32]int32{}
		}
		w.flights[cl.thing] = c
		cl.flags |= leads
		cl.follower, cl.lastFollower = none, none
	}
	cl.flags |= missed
	s.countOnce(&e.count.misses, &e.uncounted.misses)
	s.spanCached(c, cl, CacheMiss)
	return false
}

// hit ends a call that the cache answers.
func (s *System) hit(c int32, cl *call) {
	s.spanCached(c, cl, CacheHit)
	s.countOnce(&cl.edge.count.hits, &cl.edge.uncounted.hits)
	s.endCall(c, cl, topology.Success)
}

// follow lets a call wait for the answer to another.
func (s *System) follow(c int32, cl, leader *call) {
	s.countOnce(&cl.edge.count.coalesced, &cl.edge.uncounted.coalesced)
	s.spanCached(c, cl, CacheCoalesced)
	s.yield(cl)
	cl.state = coalesced // booked like due
	cl.follower = none
	if leader.follower < 0 {
		leader.follower = c
	} else {
		s.calls[leader.lastFollower].follower = c
	}
	leader.lastFollower = c
}

// unfollow takes a call out of those that wait for another.
func (s *System) unfollow(c int32, cl *call) {
	leader := &s.calls[s.callerOf(cl).flights[cl.thing]]
	before := int32(none)
	for f := leader.follower; f != c; f = s.calls[f].follower {
		before = f
	}
	if before < 0 {
		leader.follower = cl.follower
	} else {
		s.calls[before].follower = cl.follower
	}
	if leader.lastFollower == c {
		leader.lastFollower = before
	}
}

// fillCache keeps the answer to a call that has succeeded.
func (s *System) fillCache(cl *call) {
	w := s.callerOf(cl)
	if w.cache != nil && (cl.edge.faults == nil || len(cl.edge.faults.flush) == 0) {
		w.cache.Fill(s.now.Duration(), int(cl.thing))
	}
}

// land ends the calls that have waited for one that ends, as it does.
func (s *System) land(cl *call, o topology.Outcome) {
	delete(s.callerOf(cl).flights, cl.thing)
	for f := cl.follower; f >= 0; {
		follower := &s.calls[f]
		next := follower.follower
		if follower.flags&overdue != 0 {
			s.endCall(f, follower, topology.Timeout)
		} else {
			s.endCall(f, follower, o)
		}
		f = next
	}
}

// inherit is what happens where a call that others wait for is cancelled: the first of
// them is sent in its place, and the rest wait for that one.
func (s *System) inherit(cl *call) {
	w := s.callerOf(cl)
	heir := cl.follower
	if heir < 0 {
		delete(w.flights, cl.thing)
		return
	}
	h := &s.calls[heir]
	w.flights[cl.thing] = heir
	h.lastFollower = cl.lastFollower
	if h.follower < 0 {
		h.lastFollower = none
	}
	h.flags |= leads | missed
	h.state = underWay // begun, unlike one that is due
	s.soon(doSend, heir)
}

// succeedTo sends a call that has come into another's place, if it may still be sent.
func (s *System) succeedTo(c int32) {
	cl := &s.calls[c]
	if cl.flags&overdue != 0 {
		s.endCall(c, cl, topology.Timeout)
		return
	}
	s.send(c, cl)
}
