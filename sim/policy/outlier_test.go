package policy

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"cascade/topology"
)

// An Outlier's script: "at instance what", where what is a run of f for a failure,
// s for a success and E for a failure that ejects, or "out" or "in" for what it is
// then, or "any" or "none" for what AnyOut says. Times are in seconds.
func playOutlier(o *Outlier, script string) error {
	for _, line := range strings.Split(strings.TrimSpace(script), "\n") {
		var at float64
		var instance int
		var what string
		if _, err := fmt.Sscan(line, &at, &instance, &what); err != nil {
			return fmt.Errorf("%q: %v", line, err)
		}
		now := time.Duration(at * float64(time.Second))
		switch what {
		case "out", "in":
			if got := o.Out(now, instance); got != (what == "out") {
				return fmt.Errorf("%q: out is %v", line, got)
			}
		case "any", "none":
			if got := o.AnyOut(); got != (what == "any") {
				return fmt.Errorf("%q: any out is %v", line, got)
			}
		default:
			for i, c := range what {
				if got := o.Result(now, instance, c != 's'); got != (c == 'E') {
					return fmt.Errorf("%q, result %d: ejected is %v", line, i+1, got)
				}
			}
		}
	}
	return nil
}

func TestOutlier(t *testing.T) {
	envoy := topology.Outlier{Consecutive: 5, Interval: 10 * time.Second, Eject: 30 * time.Second, Max: 0.1} // its defaults
	with := func(change func(*topology.Outlier)) topology.Outlier {
		o := envoy
		change(&o)
		return o
	}
	for _, row := range []struct {
		name      string
		settings  topology.Outlier
		instances int
		script    string
	}{
		{"five in a row eject, at once; a success in between begins a new row", envoy, 10, `
			1    0 none
			1    0 ffffs
			1    0 in
			2    0 ffffE
			2    0 out
			2    0 any
			2    1 in`},
		{"back at the first tick that 30 s are over", envoy, 10, `
			5    0 ffffE
			35   0 out
			39.9 0 out
			40   0 in
			40   0 none`},
		{"a tick at the very end of the 30 s brings it back", envoy, 10, `
			10   0 ffffE
			39.9 0 out
			40   0 in`},
		{"the second ejection lasts twice as long, the third three times", envoy, 10, `
			0    0 ffffE
			30   0 in
			31   0 ffffE
			99.9 0 out
			100  0 in
			101  0 ffffE
			199  0 out
			200  0 in`},
		{"a tick spent in takes one off again, not that of its return", envoy, 10, `
			0    0 ffffE
			30   0 in
			40   0 in
			41   0 ffffE
			79.9 0 out
			80   0 in`},
		{"two ejections are made good by two ticks", envoy, 10, `
			0    0 ffffE
			30   0 ffffE
			89.9 0 out
			90   0 in
			105  0 ffffE
			169  0 out
			170  0 in
			191  0 ffffE
			229  0 out
			230  0 in`},
		{"never longer than 300 s", with(func(o *topology.Outlier) { o.Eject = 120 * time.Second }), 10, `
			0    0 ffffE
			120  0 ffffE
			359  0 out
			360  0 ffffE
			659  0 out
			660  0 ffffE
			959  0 out
			960  0 in`},
		{"the backoff stops at the first that reaches the 300 s", with(func(o *topology.Outlier) { o.Eject = 200 * time.Second }), 10, `
			0    0 ffffE
			200  0 ffffE
			500  0 ffffE
			800  0 ffffE
			1099 0 out
			1100 0 in
			1111 0 ffffE
			1409 0 out
			1420 0 in
			1450 0 ffffE
			1649 0 out
			1650 0 in`},
		{"longer than 300 s if eject is", with(func(o *topology.Outlier) { o.Eject = 400 * time.Second }), 10, `
			0    0 ffffE
			399  0 out
			400  0 ffffE
			799  0 out
			800  0 in`},
		{"10% of ten are one; what is turned down has to fail five times more", envoy, 10, `
			1    0 ffffE
			1    1 fffff
			1    1 in
			2    1 fffff
			30   0 out
			40   0 in
			40   1 ffffE`},
		{"10% of nine are none", envoy, 9, `
			1    0 ffffffffffff
			1    0 none`},
		{"29% of 100 are 29", with(func(o *topology.Outlier) { o.Max = 0.29; o.Consecutive = 1 }), 100, each(29, 'E') + `
			1    29 f
			1    30 f`},
		{"all of them, where that is allowed", with(func(o *topology.Outlier) { o.Max = 1 }), 2, `
			1    0 ffffE
			1    1 ffffE`},
		{"none at all", with(func(o *topology.Outlier) { o.Max = 0 }), 2, `
			1    0 ffffffffff`},
		{"what comes from an ejected one counts for nothing, before and after its return", envoy, 10, `
			1    0 ffffE
			20   0 ffffffffsffff
			40   0 ffff
			40   0 in
			41   0 E`},
		{"a failure is enough, where one says so", with(func(o *topology.Outlier) { o.Consecutive = 1 }), 10, `
			1    0 sE
			40   0 sE`},
		{"a day without a call", envoy, 10, `
			0    0 ffffE
			30   0 ffffE
			86400 0 in
			86401 0 ffffE
			86439 0 out
			86440 0 in`},
	} {
		if err := playOutlier(NewOutlier(&row.settings, row.instances), row.script); err != nil {
			t.Errorf("%s: %v", row.name, err)
		}
	}
}

// each is a result of c from each of n instances at 1 s.
func each(n int, c byte) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "1 %d %c\n", i, c)
	}
	return strings.TrimRight(b.String(), "\n")
}

func TestOutlierRetune(t *testing.T) {
	first := topology.Outlier{Consecutive: 5, Interval: 10 * time.Second, Eject: 30 * time.Second, Max: 0.1}
	for _, row := range []struct {
		name   string
		before string
		change func(*topology.Outlier)
		after  string
	}{
		{"a row goes on", "1 0 fff", func(o *topology.Outlier) { o.Consecutive = 6 }, "1 0 ffE"},
		{"a shorter row", "1 0 f", func(o *topology.Outlier) { o.Consecutive = 3 }, "1 0 fE"},
		{"a row already longer goes on until a success", "1 0 ffff", func(o *topology.Outlier) { o.Consecutive = 2 }, "1 0 ffffsfE"},
		{"those out stay out, for as long as is said now", "1 0 ffffE", func(o *topology.Outlier) { o.Eject = 60 * time.Second; o.Max = 0 }, "69 0 out\n70 0 in\n71 0 fffff"},
		{"or as short", "1 0 ffffE", func(o *topology.Outlier) { o.Eject = 5 * time.Second }, "9 0 out\n10 0 in"},
		{"other ticks", "1 0 ffffE", func(o *topology.Outlier) { o.Interval = 7 * time.Second }, "34 0 out\n35 0 in"},
		{"ticks looked at stay as they were", "5 0 ffffE\n40 0 in", func(o *topology.Outlier) { o.Interval = time.Second }, "41 0 ffffE\n70 0 out\n71 0 in"},
		{"more may be out", "1 0 ffffE\n1 1 ffff", func(o *topology.Outlier) { o.Max = 0.2 }, "1 1 E"},
	} {
		settings := first
		o := NewOutlier(&settings, 10)
		if err := playOutlier(o, row.before); err != nil {
			t.Errorf("%s, before: %v", row.name, err)
		}
		row.change(&settings)
		o.Retune(&settings)
		if err := playOutlier(o, row.after); err != nil {
			t.Errorf("%s, after: %v", row.name, err)
		}
	}
}

// ticked is an Outlier's twin that looks at every tick when it comes.
type ticked struct {
	set   topology.Outlier
	hosts []*tickedHost
	now   time.Duration
}

type tickedHost struct {
	row, multiplier int
	ejected         bool
	ejectedAt       time.Duration
	back            bool // has returned before
	backAt          time.Duration
}

func (d *ticked) until(now time.Duration) {
	for {
		tick := (d.now/d.set.Interval + 1) * d.set.Interval
		if tick > now {
			d.now = now
			return
		}
		d.now = tick
		for _, h := range d.hosts {
			longest := max(300*time.Second, d.set.Eject)
			if h.ejected && min(d.set.Eject*time.Duration(h.multiplier), longest) <= d.now-h.ejectedAt {
				h.ejected, h.row, h.back, h.backAt = false, 0, true, d.now
			}
		}
		for _, h := range d.hosts {
			if !h.ejected && h.back && d.now-h.backAt >= d.set.Interval {
				h.multiplier = max(0, h.multiplier-1)
			}
		}
	}
}

func (d *ticked) result(instance int, failed bool) bool {
	h := d.hosts[instance]
	if !failed {
		h.row = 0
		return false
	}
	if h.row++; h.row != d.set.Consecutive || h.ejected {
		return false
	}
	h.row = 0
	out := 0
	for _, other := range d.hosts {
		if other.ejected {
			out++
		}
	}
	if percent := 100 * float64(out+1) / float64(len(d.hosts)); percent > 100*d.set.Max+1e-6 {
		return false
	}
	h.ejected, h.ejectedAt = true, d.now
	if d.set.Eject*time.Duration(h.multiplier) < max(300*time.Second, d.set.Eject)+d.set.Eject {
		h.multiplier++
	}
	return true
}

// 2000 random lives of up to 200 calls, with times far enough apart that nothing,
// one or many ticks lie between. A third of them change their settings on the way,
// at the instant of a call. It was seen to fail with the backoff
// sinking at the tick of the return, with > for >= at the end of an ejection, and
// with the 300 s left out.
func TestOutlierTwin(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	settings := func() topology.Outlier {
		return topology.Outlier{
			Consecutive: 1 + r.IntN(4),
			Interval:    time.Duration(1+r.IntN(40)) * 10 * ms << r.IntN(10),
			Eject:       time.Duration(1+r.IntN(50)) * 20 * ms << r.IntN(9),
			Max:         float64(r.IntN(101)) / 100,
		}
	}
	ejections, longest := 0, 0
	for life := range 2000 {
		p := settings()
		n := 1 + r.IntN(12)
		o, twin := NewOutlier(&p, n), ticked{set: p}
		for range n {
			twin.hosts = append(twin.hosts, &tickedHost{})
		}
		now := time.Duration(0)
		scale := 20 << r.IntN(13)
		for call := range r.IntN(200) {
			now += time.Duration(r.IntN(scale)) * ms
			twin.until(now)
			i := r.IntN(n)
			if got, want := o.Out(now, i), twin.hosts[i].ejected; got != want {
				t.Fatalf("life %d, %+v, call %d at %v: instance %d of %d out is %v, want %v", life, p, call, now, i, n, got, want)
			}
			failed := r.IntN(5) > 0
			got, want := o.Result(now, i, failed), twin.result(i, failed)
			if got != want {
				t.Fatalf("life %d, %+v, call %d at %v: instance %d of %d ejected is %v, want %v", life, p, call, now, i, n, got, want)
			}
			any := false
			for _, h := range twin.hosts {
				any = any || h.ejected
				longest = max(longest, h.multiplier)
			}
			if o.AnyOut() != any {
				t.Fatalf("life %d, call %d: any out is %v, want %v", life, call, o.AnyOut(), any)
			}
			if got {
				ejections++
			}
			if life%3 == 0 && r.IntN(40) == 0 {
				p = settings()
				twin.set = p
				o.Retune(&p)
			}
		}
	}
	if ejections < 10000 || longest < 5 {
		t.Errorf("only %d ejections, the longest of %d in a row: the cases are too tame", ejections, longest)
	}
}

func TestOutlierAllocates(t *testing.T) {
	p := topology.Outlier{Consecutive: 2, Interval: 10 * ms, Eject: 30 * ms, Max: 0.5}
	o, now := NewOutlier(&p, 4), time.Duration(0)
	if n := testing.AllocsPerRun(1000, func() {
		now += ms
		o.Result(now, int(now/ms)%4, true)
		o.Out(now, 0)
	}); n != 0 {
		t.Errorf("%v allocations a call", n)
	}
}

// Of ten instances that may be there are two, so one may be out at once; when one is gone
// nothing is known of it any more.
func TestOutlierOfInstancesThatComeAndGo(t *testing.T) {
	o := NewOutlier(&topology.Outlier{Consecutive: 1, Interval: time.Second, Eject: time.Minute, Max: 0.5}, 10)
	o.Count(2)
	if !o.Result(0, 0, true) || o.Result(0, 1, true) {
		t.Error("of two instances not one was ejected")
	}
	o.Forget(0)
	if o.AnyOut() || o.Out(0, 0) {
		t.Error("an instance that is gone is still out")
	}
	if !o.Result(0, 1, true) {
		t.Error("the place of an instance that is gone was not free")
	}
}
