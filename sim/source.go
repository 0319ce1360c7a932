package sim

import (
	"math"
	"sort"

	"cascade/sim/des"
	"cascade/topology"
)

// A source sends requests. An open one reads a process of unit rate through the
// integral of its rate: the n-th request goes out when the integral reaches the
// process's n-th point. A profile or a surge stretches time and leaves the process
// as it was.
type source struct {
	spec  *Source
	edge  int32
	key   des.Key
	gaps  des.Key
	seq   uint64  // of the next arrival's event
	sent  int64   // requests
	point float64 // of the unit process: where the next request goes out

	pieces    []ratePiece // the rate over time, surges apart
	at        des.Time    // up to here the integral is known
	passed    float64     // the integral there
	surges    []surge
	flat      float64 // the rate from at to flatUntil, where it is constant; 0: not known
	flatUntil des.Time

	thinks    sampler
	left      int // requests still to go out at this instant (bursts, traces)
	nextBurst des.Time
	nextTrace int
	users     []int32 // of a closed source: index into System.users

	latency, failed track // latency: of those successes that are not in its edge's through
	latencies       spread
	completion      track // of those that are traced, and
	both            track // of those of which it is that of their attempt too
	completions     spread
	lost            counter
}

// A ratePiece is the rate from From on, up to the next piece: Rate at From, and
// Slope more with each second.
type ratePiece struct {
	from        des.Time
	rate, slope float64
}

// A surge multiplies a source's traffic, growing to its factor over its ramp.
type surge struct {
	fault  int
	from   des.Time
	ramp   des.Time
	factor float64
}

func (u *surge) at(t des.Time) float64 { return 1 + float64((u.factor-1)*ramped(t, u.from, u.ramp)) }

// ramped is how far something that began at from has grown at t, 0 to 1.
func ramped(t, from, ramp des.Time) float64 {
	if t-from >= ramp {
		return 1
	}
	return float64(t-from) / float64(ramp)
}

func (r *source) factor(t des.Time) float64 {
	f := 1.0
	for i := range r.surges {
		f *= r.surges[i].at(t)
	}
	return f
}

// A user of a closed source thinks, asks, waits for the answer, thinks again.
type user struct {
	source int32
	number int32  // among the source's users
	known  uint64 // by that in the fingerprint, whatever surges there are yet to come
	asked  int64
	parked bool // not there: a surge has not called, or has left, this user
}

func compileRate(p *Source) []ratePiece {
	pieces := []ratePiece{{from: 0, rate: p.Rate}}
	rate := p.Rate
	for _, pt := range p.Profile {
		if pt.Ramp > 0 {
			pieces = append(pieces, ratePiece{pt.At, rate, (pt.Rate - rate) / pt.Ramp.Seconds()})
		}
		pieces = append(pieces, ratePiece{from: pt.At + pt.Ramp, rate: pt.Rate})
		rate = pt.Rate
	}
	return pieces
}

func (s *System) startSource(i int32) {
	r := &s.sources[i]
	switch r.spec.Kind {
	case Open:
		r.at = r.spec.Start
		if r.spec.Arrivals.Kind != ConstantGaps {
			r.point = s.gap(r)
		}
		s.scheduleArrival(i)
	case Closed:
		for _, u := range r.users {
			if int(s.users[u].number) < r.spec.Users {
				s.users[u].parked = false
				s.think(u, r.spec.Start)
			}
		}
	case Bursts:
		b := &r.spec.Burst
		r.nextBurst = b.At
		if late := r.spec.Start - b.At; late > 0 {
			if b.Every == 0 {
				return
			}
			r.nextBurst += (late + b.Every - 1) / b.Every * b.Every // the first at or after the start
		}
		r.seq = s.schedule(r.nextBurst, evArrival, i)
	case Trace:
		for r.nextTrace < len(r.spec.Trace) && r.spec.Trace[r.nextTrace] < r.spec.Start {
			r.nextTrace++
		}
		if r.nextTrace < len(r.spec.Trace) {
			r.seq = s.schedule(r.spec.Trace[r.nextTrace], evArrival, i)
		}
	}
}

// gap draws the distance from one point of the unit process to the next.
func (s *System) gap(r *source) float64 {
	k := r.gaps.With(uint64(r.sent))
	if r.spec.Arrivals.Kind == PoissonGaps {
		return k.Exponential()
	}
	d := k.Draw()
	switch a := &r.spec.Arrivals; a.Kind {
	case ConstantGaps:
		return 1
	case ErlangGaps:
		if a.K > 32 {
			return d.Gamma(float64(a.K)) / float64(a.K)
		}
		sum := 0.0
		for range a.K {
			sum += d.Exponential()
		}
		return sum / float64(a.K)
	case HyperexponentialGaps:
		short := 1 / (a.P + float64((1-a.P)*a.Ratio))
		if d.Uniform() < a.P {
			return short * d.Exponential()
		}
		return short * a.Ratio * d.Exponential()
	default:
		panic("sim: an unknown law of arrivals")
	}
}

// arrive sends a request of an open source, a burst or a trace, and schedules the next.
func (s *System) arrive(i int32) {
	r := &s.sources[i]
	r.seq = 0
	switch r.spec.Kind {
	case Open:
		s.request(i, none)
		r.point += s.gap(r)
		s.scheduleArrival(i)
	case Bursts:
		if r.left == 0 {
			r.left = int(math.Round(float64(r.spec.Burst.Count) * r.factor(s.now)))
		}
		if r.left > 0 {
			s.request(i, none)
			r.left--
		}
		if r.left == 0 {
			if r.spec.Burst.Every == 0 {
				return
			}
			r.nextBurst += r.spec.Burst.Every
		}
		s.scheduleNext(i, r.nextBurst)
	case Trace:
		if r.left == 0 {
			f := r.factor(s.now)
			r.left = int(f)
			if rest := f - math.Floor(f); rest > 0 {
				d := r.key.With(saltSurge).With(uint64(r.nextTrace)).Draw()
				if d.Uniform() < rest {
					r.left++
				}
			}
		}
		if r.left > 0 {
			s.request(i, none)
			r.left--
		}
		if r.left == 0 {
			r.nextTrace++
		}
		if r.nextTrace < len(r.spec.Trace) {
			s.scheduleNext(i, r.spec.Trace[r.nextTrace])
		}
	}
}

func (s *System) scheduleNext(i int32, at des.Time) {
	r := &s.sources[i]
	if r.spec.Limit > 0 && r.sent >= r.spec.Limit {
		return
	}
	r.seq = s.schedule(at, evArrival, i)
}

// scheduleArrival finds the instant at which the integral of the rate reaches the
// next point.
func (s *System) scheduleArrival(i int32) {
	r := &s.sources[i]
	if r.spec.Limit > 0 && r.sent >= r.spec.Limit {
		return
	}
	if at := r.reach(r.point, s.now, s.plan.Duration); at != des.Never {
		r.seq = s.schedule(max(at, s.now), evArrival, i)
	}
}

// reach is the instant at which the integral gets to point; des.Never where that is
// not before end. r's known part of the integral moves on over the stretches that end
// by now, and no further: a surge may yet change what is to come.
func (r *source) reach(point float64, now, end des.Time) des.Time {
	if r.flat > 0 { // the rate is what it was the last time, and constant
		if ns := (point - r.passed) / r.flat * 1e9; ns < float64(r.flatUntil-r.at) {
			return r.at + des.Time(float64(ns)+0.5)
		}
	}
	at, passed := r.at, r.passed
	for at < end {
		until := r.stretchEnd(at, end)
		var rate [8]float64
		poly := r.polynomial(rate[:0], at)
		width := (until - at).Seconds()
		// A stretch ends before its last instant, and where the rate is 0 nothing is
		// reached, not even a point that stands here.
		if whole := integrate(poly, width); whole == 0 || passed+whole <= point {
			at, passed = until, passed+whole
			if at <= now {
				r.at, r.passed, r.flat = at, passed, 0
			}
			continue
		}
		if len(poly) == 1 && at == r.at {
			r.flat, r.flatUntil = poly[0], until
		}
		u := solve(poly, width, point-passed)
		return at + des.Time(math.Round(u*1e9))
	}
	return des.Never
}

// advance moves the known part of the integral to t, with the rate as it is now.
func (r *source) advanceTo(t des.Time) {
	r.flat = 0
	for r.at < t {
		until := r.stretchEnd(r.at, t)
		var rate [8]float64
		r.passed += integrate(r.polynomial(rate[:0], r.at), (until - r.at).Seconds())
		r.at = until
	}
}

// stretchEnd is how far from t on the rate is one polynomial, at most to limit.
func (r *source) stretchEnd(t, limit des.Time) des.Time {
	if i := r.piece(t) + 1; i < len(r.pieces) {
		limit = min(limit, r.pieces[i].from)
	}
	for i := range r.surges {
		if top := r.surges[i].from + r.surges[i].ramp; top > t {
			limit = min(limit, top)
		}
	}
	return limit
}

func (r *source) piece(t des.Time) int {
	return sort.Search(len(r.pieces), func(i int) bool { return r.pieces[i].from > t }) - 1
}

// polynomial is the rate from t on, coefficients of the seconds since, lowest
// first: a straight line for the profile times one for each surge.
func (r *source) polynomial(c []float64, t des.Time) []float64 {
	p := &r.pieces[r.piece(t)]
	c = append(c, p.rate+float64(p.slope*(t-p.from).Seconds()))
	if p.slope != 0 {
		c = append(c, p.slope)
	}
	for i := range r.surges {
		u := &r.surges[i]
		a := u.at(t)
		if t >= u.from+u.ramp {
			for k := range c {
				c[k] *= a
			}
			continue
		}
		b := (u.factor - 1) / u.ramp.Seconds()
		c = append(c, 0)
		for k := len(c) - 1; k > 0; k-- {
			c[k] = float64(c[k]*a) + float64(c[k-1]*b)
		}
		c[0] *= a
	}
	return c
}

func integrate(c []float64, u float64) float64 {
	sum := 0.0
	for k := len(c) - 1; k >= 0; k-- {
		sum = (sum + c[k]/float64(k+1)) * u
	}
	return sum
}

// solve finds u in [0, width] with integrate(c, u) = want, for a rate that is never
// negative.
func solve(c []float64, width, want float64) float64 {
	switch {
	case want <= 0:
		return 0
	case len(c) == 1:
		return want / c[0]
	case len(c) == 2:
		return 2 * want / (c[0] + math.Sqrt(math.Max(0, float64(c[0]*c[0])+float64(2*c[1]*want))))
	}
	lo, hi := 0.0, width
	for range 100 {
		mid := (lo + hi) / 2
		if integrate(c, mid) < want {
			lo = mid
		} else {
			hi = mid
		}
	}
	return hi
}

// request sends a source's next request.
func (s *System) request(i, u int32) {
	r := &s.sources[i]
	n := r.sent
	r.sent++
	c, cl := s.newCall(none, &s.edges[r.edge])
	cl.user = u
	cl.client = int32(n % int64(r.spec.Instances))
	cl.trail = none
	if u >= 0 {
		us := &s.users[u]
		cl.key = r.key.With(saltUser + uint64(us.number)<<16).With(saltRequest + uint64(us.asked)<<16)
		us.asked++
	} else {
		cl.key = r.key.With(saltRequest + uint64(n)<<16)
	}
	s.beginCall(c, cl)
}

// endRequest ends a request of a source.
func (s *System) endRequest(c int32, cl *call, o outcome) {
	r := &s.sources[cl.edge.number] // sources' edges come first, in the sources' order
	s.countRequest(r, cl, o)
	u := cl.user
	if cl.edge.traced {
		s.endTraced(cl, o == topology.Success)
	}
	s.dropCall(c, cl)
	if u >= 0 {
		s.think(u, s.now)
	}
}

// think lets user u think from t on.
func (s *System) think(u int32, t des.Time) {
	us := &s.users[u]
	r := &s.sources[us.source]
	d := r.thinks.draw(r.key.With(saltUser + uint64(us.number)<<16).With(saltThink + uint64(us.asked)<<16))
	s.schedule(later(t, d), evThink, u)
}

func (s *System) thought(u int32) {
	us := &s.users[u]
	r := &s.sources[us.source]
	if float64(us.number)+0.5 > float64(r.spec.Users)*r.factor(s.now) {
		us.parked = true
		return
	}
	if r.spec.Limit > 0 && r.sent >= r.spec.Limit {
		return
	}
	s.request(us.source, u)
}

// setSurges changes the surges of a source now.
func (s *System) setSurges(i int32, change func(*source)) {
	r := &s.sources[i]
	switch r.spec.Kind {
	case Open:
		if s.now > r.at {
			r.advanceTo(s.now)
		}
		change(r)
		r.flat, r.seq = 0, 0
		s.scheduleArrival(i)
	case Closed:
		change(r)
		for _, u := range r.users {
			if us := &s.users[u]; us.parked {
				if at := r.joins(us.number, s.now, s.plan.Duration); at != des.Never {
					us.parked = false
					s.think(u, max(at, r.spec.Start))
				}
			}
		}
	default:
		change(r)
	}
}

// joins is when the user of that number is called in by the surges in force.
func (r *source) joins(number int32, now, end des.Time) des.Time {
	there := func(t des.Time) bool { return float64(number)+0.5 <= float64(r.spec.Users)*r.factor(t) }
	if there(now) {
		return now
	}
	top := now
	for i := range r.surges {
		top = max(top, r.surges[i].from+r.surges[i].ramp)
	}
	if top = min(top, end); !there(top) {
		return des.Never
	}
	lo, hi := now, top // not there, there
	for hi-lo > 1 {
		if mid := lo + (hi-lo)/2; there(mid) {
			hi = mid
		} else {
			lo = mid
		}
	}
	return hi
}
