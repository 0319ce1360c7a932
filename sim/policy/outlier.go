package policy

import (
	"math"
	"time"

	"cascade/topology"
)

// maxEjection is the longest that an instance stays out, unless Outlier.Eject is
// longer still: what Envoy has for max_ejection_time.
const maxEjection = 300 * time.Second

// An Outlier is one caller instance's view of which instances of a service fail,
// and leaves those out for a while, as Envoy's outlier detection does for its
// consecutive_5xx, with everything else of it switched off and no jitter
// (source/common/upstream/outlier_detection_impl.cc, as of release 1.31):
//
//	       Consecutive failures in a row
//	┌────┐ and fewer than Max are out     ┌─────┐
//	│ in │ ─────────────────────────────▶ │ out │
//	└────┘ ◀───────────────────────────── └─────┘
//	       the first tick at or after Eject × backoff
//
// A tick comes at every multiple of Interval, before anything else in its instant.
// The backoff, from 0, grows by one with every ejection. At every tick at which an
// instance is in and has been since the tick before, it sinks by one again. No
// ejection lasts longer than 300 s or Eject, whichever is more.
//
// Max is a bound as it stands: where a single instance is more than its share,
// none is ever ejected, as with 10% of nine. Envoy lets one go at least only where
// always_eject_one_host says so; older releases always did.
//
// A row of failures that the bound kept from ejecting is forgotten, so the next
// try takes Consecutive more. What an ejected instance still answers counts for
// nothing, and it begins anew when it comes back.
type Outlier struct {
	consecutive          int
	interval, eject, max time.Duration
	share                float64
	there                int // of the instances
	most                 int // instances that may be out at once

	hosts []host
	out   int           // of them ejected, as of the last tick
	late  int           // of them with a backoff
	now   time.Duration // of the last call
	next  time.Duration // the first tick after it
}

// host is what a caller knows of one instance.
type host struct {
	failures int // in a row
	out      bool
	backoff  int           // Eject is taken so many times
	since    time.Duration // the last ejection while out, else the last return
}

// NewOutlier is the view of a caller that has not called yet. Consecutive is at
// least 1, Interval and Eject are above 0.
func NewOutlier(o *topology.Outlier, instances int) *Outlier {
	v := &Outlier{hosts: make([]host, instances), there: instances}
	v.Retune(o)
	return v
}

// Result takes in that an attempt to the instance has ended, and says whether that
// ejected it.
func (o *Outlier) Result(now time.Duration, instance int, failed bool) (ejected bool) {
	o.advance(now)
	h := &o.hosts[instance]
	if h.out {
		return false
	}
	if !failed {
		h.failures = 0
		return false
	}
	// Equal, not at least: a row that is longer already when Consecutive is made
	// smaller goes on until a success ends it, in Envoy too.
	if h.failures++; h.failures != o.consecutive {
		return false
	}
	h.failures = 0
	if o.out >= o.most {
		return false
	}
	h.out, h.since = true, now
	o.out++
	if h.backoff == 0 {
		o.late++
	}
	if time.Duration(h.backoff-1)*o.eject < o.max { // so the product goes one step beyond max at most
		h.backoff++
	}
	return true
}

// Out says whether the instance is ejected.
func (o *Outlier) Out(now time.Duration, instance int) bool {
	o.advance(now)
	return o.hosts[instance].out
}

// AnyOut says whether any may be ejected: false means that Out is false for all.
func (o *Outlier) AnyOut() bool { return o.out > 0 }

// Retune changes the settings, as Envoy's runtime keys do: those that are out stay
// out, rows and backoffs are kept. The new settings hold from the last call on: ask
// Out before, to have them hold from now on.
func (o *Outlier) Retune(p *topology.Outlier) {
	o.consecutive, o.interval, o.eject = p.Consecutive, p.Interval, p.Eject
	o.max = max(maxEjection, p.Eject)
	o.share = p.Max
	o.Count(o.there)
	o.next = o.now - o.now%o.interval + o.interval
}

// Count says how many of the instances there are now, of which Max is a share: all,
// until it is called. Those that are out stay out.
func (o *Outlier) Count(there int) {
	o.there = there
	// A share as people write it is not a binary fraction: 29% of 100 is 29.
	o.most = int(math.Floor(float64(o.share*float64(there)) + 1e-9))
}

// Forget is called when an instance is gone: one that takes its place is not known.
func (o *Outlier) Forget(instance int) {
	h := &o.hosts[instance]
	if h.out {
		o.out--
	}
	if h.backoff > 0 {
		o.late--
	}
	*h = host{}
}

// advance looks at the ticks up to now.
func (o *Outlier) advance(now time.Duration) {
	o.now = now
	if now < o.next {
		return
	}
	first, last := o.next, now-now%o.interval
	o.next = last + o.interval
	if o.late == 0 { // whoever is out has a backoff
		return
	}
	for i := range o.hosts {
		h := &o.hosts[i]
		if h.backoff == 0 {
			continue
		}
		var from time.Duration // the first tick that lets the backoff sink
		if h.out {
			back := max(first, o.tickAt(h.since+o.length(h.backoff)))
			if back > last {
				continue
			}
			*h = host{backoff: h.backoff, since: back}
			o.out--
			from = back + o.interval
		} else {
			from = max(first, o.tickAt(h.since+o.interval))
		}
		if from > last {
			continue
		}
		sinks := (last-from)/o.interval + 1
		if h.backoff -= int(min(sinks, time.Duration(h.backoff))); h.backoff == 0 {
			o.late--
		}
	}
}

// tickAt is the first tick at or after t.
func (o *Outlier) tickAt(t time.Duration) time.Duration {
	if over := t % o.interval; over > 0 {
		return t - over + o.interval
	}
	return t
}

// length is how long an ejection lasts.
func (o *Outlier) length(backoff int) time.Duration {
	if time.Duration(backoff) > o.max/o.eject {
		return o.max
	}
	return time.Duration(backoff) * o.eject
}
