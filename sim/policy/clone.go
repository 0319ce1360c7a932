package policy

import (
	"reflect"
	"slices"

	"golang.org/x/time/rate"

	"cascade/topology"
)

// Everything here that keeps state can be copied in the middle of a run: the copy
// decides from then on as the original would, and shares with it nothing but settings.

// Clone is a copy. The state that is the library's own is made anew: of a fresh
// breaker, tripped where this one is not closed, that has left its open state and
// admitted and heard as much as this one where it is half-open. What it has counted
// while closed nobody asks it for. Nor is it asked for those excluded while half-open:
// it admits as if they had never been.
func (b *Breaker) Clone() *Breaker {
	n := &Breaker{policy: &topology.Breaker{Consecutive: 0, HalfOpen: b.policy.HalfOpen}}
	n.library = n.newLibrary()
	if b.state != topology.StateClosed {
		n.closed.total.ConsecutiveFailures = 1
		n.failed(0)
	}
	if b.state == topology.StateHalfOpen {
		n.leaveOpen()
		for range b.library.Counts().TotalSuccesses {
			n.admitted()(nil)
		}
	}
	library := n.library
	*n = *b
	n.library = library
	n.closed.buckets = slices.Clone(b.closed.buckets)
	n.pending = slices.Clone(b.pending)
	for i := range n.pending {
		p := &n.pending[i]
		if p.done == nil {
			continue
		}
		p.done = nil // of an earlier stay it would be dropped
		if b.state == topology.StateHalfOpen && p.generation == b.generation {
			p.done = n.admitted()
		}
	}
	return n
}

// admitted lets a half-open library admit a request that it has a place for.
func (b *Breaker) admitted() (done func(error)) {
	done, err := b.library.Allow()
	if err != nil {
		panic("policy: the copy of a half-open breaker turns away what it admitted itself: " + err.Error())
	}
	return done
}

// Clone is a copy. Reservations are good for both.
func (l *Limiter) Clone() *Limiter {
	n := *l
	n.library = new(rate.Limiter)
	become(n.library, l.library)
	n.untold = slices.Clone(l.untold)
	return &n
}

// become makes one of the library's limiters what another is, all of it: that is not
// to be had by its methods, which round. Nobody else has either, so that their locks
// are open.
func become(l, other *rate.Limiter) { reflect.ValueOf(l).Elem().Set(reflect.ValueOf(other).Elem()) }

// Clone is a copy.
func (b *Budget) Clone() *Budget {
	n := *b
	if b.recent != nil {
		w := *b.recent
		w.parts = slices.Clone(w.parts)
		n.recent = &w
	}
	return &n
}

// Clone is a copy.
func (t *Throttle) Clone() *Throttle {
	n := *t
	return &n
}

// Clone is a copy.
func (c *Cache) Clone() *Cache {
	n := *c
	n.chains, n.entries = slices.Clone(c.chains), slices.Clone(c.entries)
	return &n
}

// Clone is a copy.
func (r *Recent) Clone() *Recent {
	n := *r
	for i, s := range r.spans {
		if s != nil {
			own := *s
			n.spans[i] = &own
		}
	}
	return &n
}

// Clone is a copy.
func (o *Outlier) Clone() *Outlier {
	n := *o
	n.hosts = slices.Clone(o.hosts)
	return &n
}

// Clone is a copy.
func (l *AdaptiveLimit) Clone() *AdaptiveLimit {
	n := *l
	return &n
}

// Clone is a copy.
func (a *Autoscale) Clone() *Autoscale {
	n := *a
	n.wishes = slices.Clone(a.wishes)
	return &n
}

// Footprint is how many bytes a Clone takes.
func (c *Cache) Footprint() int { return 4*len(c.chains) + 32*len(c.entries) }
