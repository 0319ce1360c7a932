package sim

import (
	"errors"
	"fmt"

	"cascade/sim/des"
	"cascade/topology"
)

// What the tests outside the package may see and set beyond its public face.

// LimitSequence lets sequence numbers run out, and be given anew, beyond n.
func (s *System) LimitSequence(n uint64) { s.maxSeq = n }

// LimitInFlight stops the run where more than n attempts, or calls, would be under way.
func (s *System) LimitInFlight(n int) { s.most = n }

// LimitMessages stops the run where more than n messages, deliveries or entries would be
// in queues, or more than n requests would wait for them.
func (s *System) LimitMessages(n int) { s.mostMessages = n }

// CheckNow holds the lists of the queues, and what is to be at rest between two instants,
// against the records.
func (s *System) CheckNow() error {
	var broken []error
	law := func(holds bool, format string, args ...any) {
		if !holds {
			broken = append(broken, fmt.Errorf("broken law at %v: "+format, append([]any{s.now}, args...)...))
		}
	}
	s.checkGuards(law)
	s.checkLists(law)
	s.checkRest(law)
	s.checkTrails(law)
	return errors.Join(broken...)
}

// NextInstant is when something happens next: an event, or a fault's begin or end;
// the run's end if nothing does.
func (s *System) NextInstant() des.Time {
	limit := min(s.nextChange, s.plan.Duration)
	e, ok := s.list.PopBefore(limit)
	if !ok {
		return limit
	}
	s.list.Push(e)
	return e.At
}

// A Piece is one piece of own work: the luck of the attempt that it is part of, and which
// of its operation's it is. Number 0 is what comes before the first step.
type Piece struct {
	Key    des.Key
	Number int
}

// EachWork visits the work under way, and when it is to end.
func (s *System) EachWork(visit func(p Piece, service int, end des.Time)) {
	for i := range s.attempts {
		at := &s.attempts[i]
		if at.state == working && at.flags&frozen == 0 {
			n := 0
			for k := range at.op.steps[:at.step] {
				if at.op.steps[k].kind == topology.Work {
					n++
				}
			}
			visit(Piece{at.key, n}, int(at.op.service), at.until)
		}
	}
}

// EachRequest visits the requests under way: source, luck, begin.
func (s *System) EachRequest(visit func(source int, key des.Key, began des.Time)) {
	for i := range s.calls {
		if cl := &s.calls[i]; cl.state != callFree && cl.owner < 0 {
			visit(int(cl.edge.number), cl.key, cl.began)
		}
	}
}

// The names of what is drawn.
const (
	SaltRequest     = saltRequest
	SaltGap         = saltGap
	SaltTry         = saltTry
	SaltChance      = saltChance
	SaltNetworkOut  = saltNetworkOut
	SaltNetworkBack = saltNetworkBack
	SaltBackoff     = saltBackoff
	SaltFallback    = saltFallback
	SaltThrottle    = saltThrottle
	SaltHedge       = saltHedge
	SaltCache       = saltCache

	SaltFaultLatency    = saltFaultLatency
	SaltFaultError      = saltFaultError
	SaltFaultErrorAfter = saltFaultErrorAfter
	SaltMessageKey      = saltMessageKey
	SaltQueueLatency    = saltQueueLatency
	SaltQueueFault      = saltQueueFault
	SaltPoison          = saltPoison
	SaltDelivery        = saltDelivery
)

// Draw is what a distribution gives for a key.
func Draw(d *topology.Dist, k des.Key) des.Time {
	s := newSampler(d)
	return s.draw(k)
}

// DrawThing is what of a cache's things is asked for.
func DrawThing(c *topology.Cache, k des.Key) int {
	z := newZipf(c.Zipf, c.Keys)
	return int(z.draw(k))
}

// Dated is how many messages a queue's ager has, those that wait no more included.
func (s *System) Dated(q int) int { return len(s.queues[q].ages.row) + len(s.queues[q].ages.heap) }
