package policy

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"cascade/topology"
)

// With so many requests and accepts in the window, a request is turned away with
// probability p: one whose luck is a little below p is, one at p is not.
func TestThrottle(t *testing.T) {
	for _, row := range []struct {
		k                 float64
		requests, accepts int
		want              float64
	}{
		{2, 0, 0, 0},
		{2, 1, 0, 0.5},
		{2, 2, 0, 2. / 3},
		{2, 9, 0, 0.9},
		{2, 10, 10, 0}, // all is well
		{2, 10, 5, 0},  // half are accepted: just not yet
		{2, 10, 4, 2. / 11},
		{2, 100, 10, 80. / 101},
		{1, 100, 100, 0},
		{1, 100, 90, 10. / 101},
		{1.1, 100, 90, 1. / 101},
		{10, 1000, 1, 990. / 1001},
	} {
		p := topology.Throttle{K: row.k, Window: 2 * time.Minute}
		for _, luck := range []struct {
			u    float64
			want bool
		}{{max(row.want-1e-12, 0), row.want == 0}, {row.want + 1e-12, true}} {
			tr := NewThrottle(&p)
			for range row.requests {
				tr.Admit(0, justOne)
			}
			for range row.accepts {
				tr.Accepted(0)
			}
			if got := tr.Admit(time.Second, luck.u); got != luck.want {
				t.Errorf("k %v, %d requests, %d accepted, luck %v: admitted %v", row.k, row.requests, row.accepts, luck.u, got)
			}
		}
	}
}

func TestThrottleWindow(t *testing.T) {
	for _, row := range []struct {
		name   string
		window time.Duration
		after  time.Duration // a hundred requests, none accepted
		want   bool
	}{
		{"still all there", time.Minute, 59*time.Second + 999*ms, false},
		{"all gone", time.Minute, time.Minute, true},
		{"long gone", time.Minute, time.Hour, true},
		{"still all there in two minutes", 2 * time.Minute, 119 * time.Second, false},
		{"gone after two", 2 * time.Minute, 2 * time.Minute, true},
		{"a window of a few nanoseconds", 7, 60, true},
	} {
		tr := NewThrottle(&topology.Throttle{K: 2, Window: row.window})
		for range 100 {
			tr.Admit(0, 0)
		}
		if got := tr.Admit(row.after, 0.5); got != row.want {
			t.Errorf("%s: admitted %v", row.name, got)
		}
	}
}

// A callee that accepts 100 a second is offered 1,000 a second by one client with K = 2.
// Of R requests and A accepts in the window a share of (2A+1)/(R+1) is sent. The
// window of a second holds 59.5 of 60 parts on average, so what is sent is
// 1000·(2·99.17+1)/(991.7+1) = 200.8 a second: twice what is accepted, as the book says, and
// one a window. In the default two minutes the one weighs 120 times less: 200.0.
//
// Over 10,000 s the standard deviation of the rate is √(1000·0.2·0.8/10,000) = 0.13;
// the bound is three of them. With R alone in the denominator the first request would be
// turned away, and with it all others; where those are not counted that the client turned
// away itself, 448 a second are sent: both were tried and failed.
func TestThrottleSendsTwiceWhatIsAccepted(t *testing.T) {
	const seconds = 10_000
	for _, row := range []struct {
		window time.Duration
		want   float64
	}{
		{time.Second, 200.8},
		{2 * time.Minute, 200.0},
	} {
		r := rand.New(rand.NewPCG(4, 4))
		tr := NewThrottle(&topology.Throttle{K: 2, Window: row.window})
		sent, room := 0, 0.0 // of the callee
		for now := time.Duration(0); now < seconds*time.Second; now += ms {
			room = min(room+0.1, 10)
			if !tr.Admit(now, r.Float64()) {
				continue
			}
			sent++
			if room >= 1 {
				room--
				tr.Accepted(now)
			}
		}
		if got := float64(sent) / seconds; math.Abs(got-row.want) > 0.4 {
			t.Errorf("window %v: %.2f a second are sent, want %v", row.window, got, row.want)
		}
	}
}

// A callee that accepts everything is sent everything, also by the unluckiest.
func TestThrottleLeavesTheHealthyAlone(t *testing.T) {
	tr := NewThrottle(&topology.Throttle{K: 1, Window: time.Second})
	for now := time.Duration(0); now < 10*time.Second; now += 3 * ms {
		if !tr.Admit(now, 0) {
			t.Fatalf("at %v", now)
		}
		tr.Accepted(now)
	}
}

// seen is a throttle's dumb twin, which keeps every request and every accept.
type seen struct {
	k                 float64
	length            time.Duration
	requests, accepts []time.Duration
}

func (s *seen) share(now time.Duration) float64 {
	count := func(all []time.Duration) (n float64) {
		for _, at := range all {
			if at/s.length > now/s.length-60 {
				n++
			}
		}
		return n
	}
	return (count(s.requests) - s.k*count(s.accepts)) / (count(s.requests) + 1)
}

func TestThrottleIsAsTheTwinSays(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	decided := map[bool]int{}
	for trial := range 200 {
		k, window := 1+2*r.Float64(), time.Duration(60+r.Int64N(1e9))
		tr := NewThrottle(&topology.Throttle{K: k, Window: window})
		twin := seen{k: k, length: window / 60}
		healthy := r.Float64()
		var now time.Duration
		for step := range 400 {
			if now += time.Duration(r.Int64N(1 + int64(window)/100)); r.IntN(100) == 0 {
				now += time.Duration(r.Int64N(2 * int64(window)))
			}
			if r.IntN(100) == 0 { // another K; the window stays
				twin.k = 1 + 2*r.Float64()
				tr.Retune(&topology.Throttle{K: twin.k, Window: window})
			}
			u, p := r.Float64(), twin.share(now)
			got := tr.Admit(now, u)
			if want := u >= p; got != want && math.Abs(u-p) > 1e-12 {
				t.Fatalf("trial %d, step %d: admitted %v with luck %v, turned away with probability %v", trial, step, got, u, p)
			}
			decided[got]++
			twin.requests = append(twin.requests, now)
			if got && r.Float64() < healthy {
				tr.Accepted(now)
				twin.accepts = append(twin.accepts, now)
			}
		}
	}
	if min(decided[false], decided[true]) < 1000 {
		t.Errorf("%d turned away, %d admitted", decided[false], decided[true])
	}
}

// A new window keeps what was counted within it. Thirty requests, one a second, none of
// them accepted.
func TestThrottleRetune(t *testing.T) {
	for _, row := range []struct {
		name        string
		window      time.Duration
		least, most int64 // requests known then
		then        time.Duration
		later       int64 // and known then
	}{
		{"the same", time.Minute, 30, 30, 75 * time.Second, 14},
		{"shorter", 10 * time.Second, 10, 11, 38900 * ms, 1},
		{"longer", 5 * time.Minute, 30, 30, 75 * time.Second, 30},
		{"nothing fits", time.Millisecond, 0, 1, 40 * time.Second, 0},
	} {
		tr := NewThrottle(&topology.Throttle{K: 2, Window: time.Minute})
		for i := range 30 {
			tr.Admit(time.Duration(i)*time.Second, justOne)
		}
		tr.Retune(&topology.Throttle{K: 2, Window: row.window})
		tr.turn(29 * time.Second)
		if tr.requests < row.least || tr.requests > row.most {
			t.Errorf("%s: knows of %d requests", row.name, tr.requests)
		}
		if tr.turn(row.then); tr.requests != row.later {
			t.Errorf("%s: knows of %d requests at %v, want %d", row.name, tr.requests, row.then, row.later)
		}
	}
}

func TestThrottleAllocatesNothing(t *testing.T) {
	tr := NewThrottle(&topology.Throttle{K: 2, Window: time.Second})
	now := time.Duration(0)
	if n := testing.AllocsPerRun(1000, func() {
		now += ms
		if tr.Admit(now, 0.5) {
			tr.Accepted(now)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkThrottle(b *testing.B) {
	b.ReportAllocs()
	tr := NewThrottle(&topology.Throttle{K: 2, Window: 2 * time.Minute})
	now := time.Duration(0)
	for b.Loop() {
		now += ms
		if tr.Admit(now, 0.5) {
			tr.Accepted(now)
		}
	}
}
