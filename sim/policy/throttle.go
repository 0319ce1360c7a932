package policy

import (
	"time"

	"cascade/topology"
)

// throttleParts is in how many parts a Throttle keeps its window. The oldest part is
// dropped whole, so what is counted is the last 59 parts and the one under way: the
// window, or up to a 60th less.
const throttleParts = 60

// A Throttle is the adaptive throttling of one client (B. Beyer et al., "Site
// Reliability Engineering", 2016, chapter 21, "Client-Side Throttling"). Of the
// requests of the last window it knows how many there were, those included that it
// turned away itself, and how many the callee accepted, and turns the next one away with
// probability
//
//	max(0, (requests - K·accepts) / (requests + 1))
//
// A callee that is offered far more than it accepts is so sent K times what it accepts,
// and one request a window. With K = 2 one request is turned down by the callee for each
// that it accepts.
type Throttle struct {
	k                 float64
	length            time.Duration // of a part
	part              int64         // the number of the part under way, counted from the start of the run
	ends              time.Duration // when the next begins
	requests, accepts int64         // of all parts
	parts             [throttleParts]throttlePart
}

type throttlePart struct{ requests, accepts int64 }

// NewThrottle is a throttle that has seen nothing: it lets the first request
// through.
func NewThrottle(p *topology.Throttle) *Throttle {
	length := max(p.Window/throttleParts, 1)
	return &Throttle{k: p.K, length: length, ends: length}
}

// Admit counts a request and says whether it may be sent; u in [0, 1) is its luck.
func (t *Throttle) Admit(now time.Duration, u float64) bool {
	p := t.turn(now)
	requests := float64(t.requests)
	tooMany := requests - float64(t.k*float64(t.accepts))
	p.requests++
	t.requests++
	return tooMany <= 0 || u >= tooMany/(requests+1)
}

// Accepted counts a request that the callee has accepted: it answered, well or with an
// error of its work, and did not turn the request down.
func (t *Throttle) Accepted(now time.Duration) {
	t.turn(now).accepts++
	t.accepts++
}

// Withdrawn takes a request back of which nobody will know whether the callee accepted
// it: its caller has given it up for another copy's answer, or was stopped itself.
func (t *Throttle) Withdrawn(now time.Duration) {
	t.turn(now).requests--
	t.requests--
}

// Retune puts another policy into force. What was counted stays, as far as it is
// within the new window; where the parts have another length, each of the old ones goes
// to where it began.
func (t *Throttle) Retune(p *topology.Throttle) {
	old := *t
	*t = *NewThrottle(p)
	t.begin(int64(time.Duration(old.part) * old.length / t.length))
	for n := max(old.part-throttleParts+1, 0); n <= old.part; n++ {
		part := int64(time.Duration(n) * old.length / t.length)
		if part <= t.part-throttleParts {
			continue
		}
		from, to := old.parts[n%throttleParts], &t.parts[part%throttleParts]
		to.requests += from.requests
		to.accepts += from.accepts
		t.requests += from.requests
		t.accepts += from.accepts
	}
}

// turn finds the part that now belongs to, and forgets those that are too old.
func (t *Throttle) turn(now time.Duration) *throttlePart {
	if now >= t.ends {
		t.forget(int64(now / t.length))
	}
	return &t.parts[uint64(t.part)%throttleParts]
}

// forget makes a later part the one under way.
func (t *Throttle) forget(part int64) {
	for range min(part-t.part, throttleParts) {
		t.part++
		p := &t.parts[t.part%throttleParts]
		t.requests -= p.requests
		t.accepts -= p.accepts
		*p = throttlePart{}
	}
	t.begin(part)
}

func (t *Throttle) begin(part int64) {
	t.part = part
	t.ends = time.Duration(part+1) * t.length
}
