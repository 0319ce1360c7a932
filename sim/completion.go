package sim

import "cascade/sim/des"

// Completion: when everything is done that a request set off by publishing, behind its
// answer. A request, and each attempt of an operation that may publish or calls one
// that may, has a trail; its parent is that of its caller, or of the message's publisher.
// A trail is open as long as its own attempt runs, a child is open, or a message that it
// published is not done.
//
// A request and its first try begin together where the network takes no time, and nearly
// always end together: they have one trail, which is that of both, until there is another
// try.
type trail struct {
	began    des.Time
	last     des.Time // when what was published under it was done last
	answered des.Time // of the attempt or, where there is none, the request
	parent   int32
	open     int32
	source   int32      // of a request; none: of an attempt
	op       *operation // of an attempt; nil: of a request
	counted  bool
	answer   bool // it was a success
	running  bool // of both: the attempt has not ended
	asking   bool // of both: the request has not ended
	told     bool // of both: the request has succeeded too, as the attempt did
	lost     bool // something that was published under it was given up, which is counted
	lostOf   bool // for its operation
	lostFrom bool // for its source
}

// findTraced marks the operations that may publish, by themselves or by a call.
func (s *System) findTraced() {
	for changed := true; changed; {
		changed = false
		for i := range s.ops {
			op := &s.ops[i]
			traced := len(op.publishes) > 0
			for _, e := range op.edges {
				traced = traced || e.op.traced
			}
			changed = changed || traced != op.traced
			op.traced = traced
		}
	}
	for i := range s.ops {
		op := &s.ops[i]
		op.completions.of = append(op.completions.of, &op.completion)
		op.marked = op.traced || s.spans != nil
	}
	for i := range s.sources {
		r := &s.sources[i]
		r.completions.of = []*track{&r.completion, &r.both}
		op := s.edges[i].op
		op.completions.of = append(op.completions.of, &r.both)
	}
	for i := range s.edges {
		s.edges[i].traced, s.edges[i].marked = s.edges[i].op.traced, s.edges[i].op.marked
		s.tracing = s.tracing || s.edges[i].traced
	}
	for _, l := range s.links {
		l.edge.traced, l.edge.marked = l.edge.op.traced, l.edge.op.marked
		s.tracing = s.tracing || l.edge.traced
	}
}

// openTrail begins a trail under parent, which may be none.
func (s *System) openTrail(parent int32) (int32, *trail) {
	n := s.freeTrail
	if n >= 0 {
		s.freeTrail = s.trails[n].parent
	} else {
		if most := 2 * s.mostMessages; len(s.trails) >= most {
			s.stop("more than %d requests and attempts wait for what they published: bound queues with capacity, ttl or max_receives, or lower the rate", most)
		}
		s.trails = append(s.trails, trail{})
		n = int32(len(s.trails) - 1)
	}
	tr := &s.trails[n]
	*tr = trail{}
	tr.began, tr.parent, tr.open, tr.source, tr.counted = s.now, parent, 1, none, s.warm
	if parent >= 0 {
		s.trails[parent].open++
	}
	return n, tr
}

// traceCall begins the trail of attempt a, which call cl sends.
//
//go:noinline
func (s *System) traceCall(a int32, cl *call) {
	if cl.owner >= 0 {
		s.traceAttempt(a, s.trailOf[cl.owner])
		return
	}
	if e := cl.edge; cl.trail < 0 && e.direct && cl.began == s.now {
		n := s.freeTrail
		if n >= 0 && int(a) < len(s.trailOf) { // what openTrail and traceAttempt come to
			s.freeTrail = s.trails[n].parent
			s.trailOf[a] = n
		} else {
			n = s.traceAttempt(a, none)
		}
		tr := &s.trails[n]
		*tr = trail{}
		tr.began, tr.parent, tr.open = s.now, none, 1
		tr.source, tr.op = e.number, e.op
		tr.counted, tr.running, tr.asking = s.warm, true, true
		cl.trail = n
		return
	}
	s.splitRequest(cl)
	s.traceAttempt(a, cl.trail)
}

// splitRequest gives a request a trail of its own, if it has none.
func (s *System) splitRequest(cl *call) {
	first := cl.trail
	if first >= 0 && s.trails[first].op == nil {
		return
	}
	n, tr := s.openTrail(none)
	tr.source, tr.began, tr.counted = cl.edge.number, cl.began, cl.flags&callCounted != 0
	cl.trail = n
	if first >= 0 { // what was of both is the attempt's alone
		tr.open++
		f := &s.trails[first]
		tr.lost = f.lost
		f.parent, f.asking = n, false
		if !f.running {
			s.closeTrail(first)
		}
	}
}

// traceAttempt begins the trail of attempt a under the given one.
func (s *System) traceAttempt(a, parent int32) int32 {
	for len(s.trailOf) < len(s.attempts) {
		s.trailOf = append(s.trailOf, none)
	}
	n, tr := s.openTrail(parent)
	tr.op = s.attempts[a].op
	s.trailOf[a] = n
	return n
}

// endTraced notes how a request has ended. One that sent nothing has no trail.
func (s *System) endTraced(cl *call, success bool) {
	n := cl.trail
	if n < 0 {
		return
	}
	tr := &s.trails[n]
	switch {
	case tr.op == nil:
		tr.answered, tr.answer = s.now, success
	case success && tr.answered != s.now: // the same answer, later: its network is slower now
		s.splitRequest(cl)
		n = cl.trail
		tr = &s.trails[n]
		tr.answered, tr.answer = s.now, true
	default:
		tr.asking, tr.told = false, success
		if tr.running {
			return
		}
	}
	if tr.lost {
		s.countLost(tr)
	}
	s.closeTrail(n)
}

// traceArrival notes that attempt a arrives: what its operation takes begins here.
func (s *System) traceArrival(a int32) {
	tr := &s.trails[s.trailOf[a]]
	tr.began, tr.counted = s.now, s.warm
}

// traceEnd notes that attempt a has ended, answered by a thread or not.
//
//go:noinline
func (s *System) traceEnd(a int32, success bool) {
	n := s.trailOf[a]
	s.trailOf[a] = none
	tr := &s.trails[n]
	tr.answered, tr.answer, tr.running = s.now, success, false
	if tr.lost {
		s.countLost(tr)
	}
	if !tr.asking {
		s.closeTrail(n)
	}
}

// messageDone notes that a message that was published under trail n is done, lost or not.
func (s *System) messageDone(n int32, lost bool) {
	if n < 0 {
		return
	}
	tr := &s.trails[n]
	tr.last = s.now
	if lost {
		s.loseTrail(n)
	}
	if tr.open > 1 {
		tr.open--
		return
	}
	s.closeTrail(n)
}

// loseTrail notes that something that was published under trail n was given up.
func (s *System) loseTrail(n int32) {
	for ; n >= 0; n = s.trails[n].parent {
		tr := &s.trails[n]
		tr.lost = true
		s.countLost(tr)
	}
}

// countLost counts a request or an attempt that has succeeded, or both, of which something
// was lost, each once, whatever else is still to be done.
func (s *System) countLost(tr *trail) {
	if tr.op != nil && tr.answer && !tr.lostOf {
		tr.lostOf = true
		tr.op.lost.add(tr.counted)
	}
	if (tr.op == nil && tr.answer || tr.told) && !tr.lostFrom {
		tr.lostFrom = true
		s.sources[tr.source].lost.add(tr.counted)
	}
}

// closeTrail takes one of the things away that trail n is open for.
func (s *System) closeTrail(n int32) {
	for n >= 0 {
		tr := &s.trails[n]
		if tr.open--; tr.open > 0 {
			return
		}
		if tr.answer {
			s.countCompletion(tr)
		}
		parent := tr.parent
		if parent >= 0 {
			p := &s.trails[parent]
			p.last = max(p.last, tr.last)
		}
		tr.op = nil
		tr.parent = s.freeTrail
		s.freeTrail = n
		n = parent
	}
}

// countCompletion tells how long a request or an attempt that succeeded took, or both.
func (s *System) countCompletion(tr *trail) {
	if tr.lost {
		return // told already
	}
	took := max(tr.answered, tr.last) - tr.began
	switch {
	case tr.op == nil:
		s.sources[tr.source].completion.add(took, tr.counted)
	case tr.told:
		s.sources[tr.source].both.add(took, tr.counted)
	default:
		tr.op.completion.add(took, tr.counted)
	}
}

// A counter counts, and apart what of it began before the warm-up's end.
type counter struct{ count, uncounted, seen uint64 }

func (c *counter) add(counted bool) {
	c.count++
	if !counted {
		c.uncounted++
	}
}

// grown is how much was counted since it was asked for the last time.
func (c *counter) grown() uint64 {
	n := c.count - c.seen
	c.seen = c.count
	return n
}

// total is how much was counted of what began after the warm-up.
func (c *counter) total() uint64 { return c.count - c.uncounted }

// checkTrails holds what trails are open for against what is under way.
func (s *System) checkTrails(law func(holds bool, format string, args ...any)) {
	if !s.tracing {
		return
	}
	open := make([]int32, len(s.trails))
	under := func(n int32) {
		if n >= 0 {
			open[n]++
		}
	}
	for i := range s.trails {
		if s.trails[i].open > 0 {
			under(s.trails[i].parent)
		}
	}
	for a := range s.trailOf {
		under(s.trailOf[a])
	}
	for i := range s.calls {
		if cl := &s.calls[i]; cl.state != callFree && cl.owner < 0 && cl.trail >= 0 && !s.trails[cl.trail].running {
			under(cl.trail)
		}
	}
	for i := range s.messages {
		if m := &s.messages[i]; m.state != msgFree {
			under(m.trail)
		}
	}
	for i := range s.deliveries {
		under(s.deliveries[i].trail)
	}
	for i := range s.queues {
		if l := s.queues[i].logs; l != nil {
			l.eachOpen(under)
		}
	}
	wrong := 0
	for i := range s.trails {
		if s.trails[i].open != open[i] {
			wrong++
		}
	}
	law(wrong == 0, "%d requests or attempts of %d do not know what they wait for", wrong, len(s.trails))
}
