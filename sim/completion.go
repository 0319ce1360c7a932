package sim

import "cascade/sim/des"

// Completion: when everything is done that a request set off by publishing, behind its
// answer. A request, and each attempt of an operation that may publish or calls one
// that may, has a node; its parent is that of its caller, or of the message's publisher.
// A node is open as long as its own attempt runs, a child is open, or a message that it
// published is not done.
//
// A request and its first try begin together where the network takes no time, and nearly
// always end together: they have one node, which is that of both, until there is another
// try.
type node struct {
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
	lost     bool // something that was published under it was given up
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
	}
	for i := range s.sources {
		r := &s.sources[i]
		r.completions.of = []*track{&r.completion, &r.both}
		op := s.edges[i].op
		op.completions.of = append(op.completions.of, &r.both)
	}
	for i := range s.edges {
		s.edges[i].traced = s.edges[i].op.traced
		s.tracing = s.tracing || s.edges[i].traced
	}
	for _, l := range s.links {
		l.edge.traced = l.edge.op.traced
		s.tracing = s.tracing || l.edge.traced
	}
}

// openNode begins a node under parent, which may be none.
func (s *System) openNode(parent int32) (int32, *node) {
	n := s.freeNode
	if n >= 0 {
		s.freeNode = s.nodes[n].parent
	} else {
		if len(s.nodes) >= s.mostMessages {
			s.stop("more than %d requests and attempts wait for what they published", s.mostMessages)
		}
		s.nodes = append(s.nodes, node{})
		n = int32(len(s.nodes) - 1)
	}
	nd := &s.nodes[n]
	*nd = node{began: s.now, parent: parent, open: 1, source: none, counted: s.warm}
	if parent >= 0 {
		s.nodes[parent].open++
	}
	return n, nd
}

// traceCall begins the node of attempt a, which call cl sends.
//
//go:noinline
func (s *System) traceCall(a int32, cl *call) {
	if cl.owner >= 0 {
		s.traceAttempt(a, s.nodeOf[cl.owner])
		return
	}
	if cl.node < 0 && cl.edge.direct && cl.began == s.now {
		n := s.traceAttempt(a, none)
		nd := &s.nodes[n]
		nd.source = cl.edge.number
		nd.running, nd.asking = true, true
		cl.node = n
		return
	}
	s.splitRequest(cl)
	s.traceAttempt(a, cl.node)
}

// splitRequest gives a request a node of its own, if it has none.
func (s *System) splitRequest(cl *call) {
	first := cl.node
	if first >= 0 && s.nodes[first].op == nil {
		return
	}
	n, nd := s.openNode(none)
	nd.source, nd.began, nd.counted = cl.edge.number, cl.began, cl.flags&callCounted != 0
	cl.node = n
	if first >= 0 { // what was of both is the attempt's alone
		nd.open++
		f := &s.nodes[first]
		f.parent, f.asking = n, false
		if !f.running {
			s.closeNode(first)
		}
	}
}

// traceAttempt begins the node of attempt a under the given one.
func (s *System) traceAttempt(a, parent int32) int32 {
	for len(s.nodeOf) < len(s.attempts) {
		s.nodeOf = append(s.nodeOf, none)
	}
	n, nd := s.openNode(parent)
	nd.op = s.attempts[a].op
	s.nodeOf[a] = n
	return n
}

// endTraced notes how a request has ended. One that sent nothing has no node.
func (s *System) endTraced(cl *call, success bool) {
	n := cl.node
	if n < 0 {
		return
	}
	nd := &s.nodes[n]
	switch {
	case nd.op == nil:
		nd.answered, nd.answer = s.now, success
	case success && nd.answered != s.now: // the same answer, later: its network is slower now
		s.splitRequest(cl)
		n = cl.node
		s.nodes[n].answered, s.nodes[n].answer = s.now, true
	default:
		nd.asking, nd.told = false, success
		if nd.running {
			return
		}
	}
	s.closeNode(n)
}

// traceArrival notes that attempt a arrives: what its operation takes begins here.
func (s *System) traceArrival(a int32) {
	nd := &s.nodes[s.nodeOf[a]]
	nd.began, nd.counted = s.now, s.warm
}

// traceEnd notes that attempt a has ended, answered by a thread or not.
//
//go:noinline
func (s *System) traceEnd(a int32, success bool) {
	n := s.nodeOf[a]
	s.nodeOf[a] = none
	nd := &s.nodes[n]
	nd.answered, nd.answer, nd.running = s.now, success, false
	if !nd.asking {
		s.closeNode(n)
	}
}

// done notes that a message that was published under node n is done, lost or not.
func (s *System) messageDone(n int32, lost bool) {
	if n < 0 {
		return
	}
	nd := &s.nodes[n]
	nd.last = s.now
	if lost {
		nd.lost = true
	}
	s.closeNode(n)
}

// closeNode takes one of the things away that node n is open for.
func (s *System) closeNode(n int32) {
	for n >= 0 {
		nd := &s.nodes[n]
		if nd.open--; nd.open > 0 {
			return
		}
		if nd.answer {
			s.countCompletion(nd)
		}
		parent := nd.parent
		if parent >= 0 {
			p := &s.nodes[parent]
			p.last = max(p.last, nd.last)
			p.lost = p.lost || nd.lost
		}
		nd.op = nil
		nd.parent = s.freeNode
		s.freeNode = n
		n = parent
	}
}

// countCompletion tells what became of a request or an attempt that succeeded, or of both.
func (s *System) countCompletion(nd *node) {
	if nd.lost {
		if nd.op != nil {
			nd.op.lost.add(nd.counted)
		}
		if nd.op == nil || nd.told {
			s.sources[nd.source].lost.add(nd.counted)
		}
		return
	}
	took := max(nd.answered, nd.last) - nd.began
	switch {
	case nd.op == nil:
		s.sources[nd.source].completion.add(took, nd.counted)
	case nd.told:
		s.sources[nd.source].both.add(took, nd.counted)
	default:
		nd.op.completion.add(took, nd.counted)
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

// checkNodes holds what nodes are open for against what is under way.
func (s *System) checkNodes(law func(holds bool, format string, args ...any)) {
	if !s.tracing {
		return
	}
	open := make([]int32, len(s.nodes))
	under := func(n int32) {
		if n >= 0 {
			open[n]++
		}
	}
	for i := range s.nodes {
		if s.nodes[i].open > 0 {
			under(s.nodes[i].parent)
		}
	}
	for a := range s.nodeOf {
		under(s.nodeOf[a])
	}
	for i := range s.calls {
		if cl := &s.calls[i]; cl.state != callFree && cl.owner < 0 && cl.node >= 0 && !s.nodes[cl.node].running {
			under(cl.node)
		}
	}
	for i := range s.messages {
		if m := &s.messages[i]; m.state != msgFree {
			under(m.node)
		}
	}
	for i := range s.deliveries {
		under(s.deliveries[i].node)
	}
	for i := range s.queues {
		if l := s.queues[i].logs; l != nil {
			l.eachOpen(under)
		}
	}
	wrong := 0
	for i := range s.nodes {
		if s.nodes[i].open != open[i] {
			wrong++
		}
	}
	law(wrong == 0, "%d requests or attempts of %d do not know what they wait for", wrong, len(s.nodes))
}
