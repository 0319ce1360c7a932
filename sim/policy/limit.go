package policy

import (
	"time"

	"cascade/topology"
)

// What Netflix's concurrency-limits (github.com/Netflix/concurrency-limits) has by
// default, in AIMDLimit, Gradient2Limit, ExpAvgMeasurement and WindowedLimit.
const (
	aimdBackoff = 0.9 // a drop leaves this share of the limit

	queueSize     = 4   // what the gradient allows to wait
	rttTolerance  = 1.5 // the latency may be so many times the long-term one
	smoothing     = 0.2 // share of the new estimate in the limit
	longWindow    = 600 // windows that the long-term latency remembers
	warmupWindows = 10  // of them the first, whose plain mean it is
	driftFactor   = 2   // long-term over present latency, above which
	driftDecay    = 0.95

	sampleWindow  = time.Second            // a window lasts longer than this
	windowSamples = 10                     // a window with fewer says nothing
	minSample     = 100 * time.Microsecond // what was faster is not counted
)

// An AdaptiveLimit finds the bound on what an instance may have in hand, as
// Netflix's concurrency-limits does. Whoever asks admits an attempt while fewer
// than Limit are in hand.
//
// An AIMDLimit takes each sample by itself, as the library's AIMDLimit does when it
// is used alone: a drop, or an answer that took longer than Timeout, leaves 9/10 of
// the limit, rounded down; any other answer adds one where at least half of the
// limit was in use.
//
// A GradientLimit is Gradient2Limit within a WindowedLimit, as the library's manual
// shows for a server. A window ends with the first sample more than a second after
// the last one ended (the first of all with the first sample of all), and counts with
// the mean latency and the most in flight, if it has ten samples. Then
//
//	gradient = min(1, max(1/2, 1.5 × long-term latency / latency of the window))
//	limit    = 0.8 × limit + 0.2 × (gradient × limit + 4)
//
// where at least half of the limit was in use. The long-term latency is an
// exponential mean over 600 windows, at first the plain mean of up to ten; where it
// is more than twice the present one, it is brought down by 5% at a time. Drops
// are samples like others: it is their latency that counts.
type AdaptiveLimit struct {
	kind     topology.LimitKind
	min, max int
	timeout  time.Duration

	limit float64 // whole in an AIMDLimit

	// Of a GradientLimit.
	long    float64 // long-term latency in nanoseconds
	sum     float64 // of the first windows' latencies
	windows int     // that made up sum
	next    time.Duration
	total   time.Duration // of the window's latencies
	samples int           // in the window
	most    int           // in flight, in the window
}

// NewAdaptiveLimit is a limit at its Initial.
func NewAdaptiveLimit(l *topology.AdaptiveLimit) *AdaptiveLimit {
	return &AdaptiveLimit{kind: l.Kind, min: l.Min, max: l.Max, timeout: l.Timeout, limit: float64(l.Initial)}
}

// Limit is how many attempts may be in hand.
func (l *AdaptiveLimit) Limit() int { return int(l.limit) }

// Sample takes in that an admitted attempt has ended now, after took. In flight
// were so many admitted attempts, this one included; the library counts them as the
// attempt is admitted. Dropped: it ended without a thread's answer.
func (l *AdaptiveLimit) Sample(now, took time.Duration, inFlight int, dropped bool) {
	if l.kind == topology.AIMDLimit {
		if dropped || took > l.timeout {
			l.set(float64(int(l.limit * aimdBackoff)))
		} else if inFlight*2 >= int(l.limit) {
			l.set(l.limit + 1)
		} else {
			l.set(l.limit)
		}
		return
	}
	if took < minSample {
		return
	}
	l.total += took
	l.samples++
	l.most = max(l.most, inFlight)
	if now <= l.next {
		return
	}
	if l.samples >= windowSamples {
		l.window(float64(l.total/time.Duration(l.samples)), float64(l.most))
	}
	l.total, l.samples, l.most = 0, 0, 0
	l.next = now + sampleWindow
}

// window takes in a whole window: its mean latency in nanoseconds and the most that
// were in flight.
func (l *AdaptiveLimit) window(latency, inFlight float64) {
	if l.windows < warmupWindows {
		l.windows++
		l.sum += latency
		l.long = l.sum / float64(l.windows)
	} else {
		share := 2.0 / (longWindow + 1) // a variable: 1-share is rounded as the library's is
		l.long = float64(l.long*(1-share)) + float64(latency*share)
	}
	long := l.long
	if long/latency > driftFactor {
		l.long = long * driftDecay
	}
	if inFlight < l.limit/2 {
		return
	}
	gradient := max(0.5, min(1, rttTolerance*long/latency))
	wanted := float64(l.limit*gradient) + queueSize
	l.set(float64(l.limit*(1-smoothing)) + float64(wanted*smoothing))
}

// Retune changes the settings and keeps the limit, as far as it lies between the new
// Min and Max, and what has been measured. The library cannot do that while running;
// another kind begins anew.
func (l *AdaptiveLimit) Retune(p *topology.AdaptiveLimit) {
	if p.Kind != l.kind {
		*l = *NewAdaptiveLimit(p)
		return
	}
	l.min, l.max, l.timeout = p.Min, p.Max, p.Timeout
	l.set(l.limit)
}

// set changes the limit, which stays between Min and Max.
func (l *AdaptiveLimit) set(limit float64) {
	l.limit = min(float64(l.max), max(float64(l.min), limit))
}
