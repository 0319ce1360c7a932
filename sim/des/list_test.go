package des

import (
	"container/heap"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"cascade/sim/internal/apart"
)

// plain is the list's twin: the standard library's binary heap.
type plain []Event

func (p plain) Len() int      { return len(p) }
func (p plain) Swap(i, j int) { p[i], p[j] = p[j], p[i] }
func (p *plain) Push(e any)   { *p = append(*p, e.(Event)) }
func (p plain) Less(i, j int) bool {
	if p[i].At != p[j].At {
		return p[i].At < p[j].At
	}
	return p[i].Seq() < p[j].Seq()
}
func (p *plain) Pop() any {
	last := len(*p) - 1
	e := (*p)[last]
	*p = (*p)[:last]
	return e
}

// A pair is a List and its twin, to which the same is done.
type pair struct {
	t    *testing.T
	list *List
	twin plain
	now  Time // of the last event popped
	seq  uint64
	kept []uint64 // sequence numbers taken and not used yet, as a timer's is
	rand *rand.Rand
}

func newPair(t *testing.T, seed uint64) *pair {
	return &pair{t: t, list: NewList(), rand: rand.New(rand.NewPCG(seed, 1))}
}

// later is t and d, or the last instant of all.
func later(t, d Time) Time {
	if d > Never-1-t {
		return Never - 1
	}
	return t + d
}

func (p *pair) push(at Time) {
	p.seq++
	seq := p.seq
	switch p.rand.IntN(16) {
	case 0:
		p.kept = append(p.kept, seq)
		p.seq++
		seq = p.seq
	case 1:
		if n := len(p.kept); n > 0 {
			seq, p.kept = p.kept[n-1], p.kept[:n-1]
		}
	}
	e := MakeEvent(at, seq, uint8(p.rand.IntN(MaxKind+1)), int32(p.rand.IntN(MaxRef+1)))
	p.list.Push(e)
	heap.Push(&p.twin, e)
}

// popBefore pops from both and says whether there was an event.
func (p *pair) popBefore(limit Time) bool {
	p.t.Helper()
	e, ok := p.list.PopBefore(limit)
	if len(p.twin) == 0 || p.twin[0].At >= limit {
		if ok {
			p.t.Fatalf("PopBefore(%d) = %v, want nothing", int64(limit), e)
		}
	} else if want := heap.Pop(&p.twin).(Event); !ok || e != want {
		p.t.Fatalf("PopBefore(%d) = %v, %v, want %v", int64(limit), e, ok, want)
	} else {
		p.now = e.At
	}
	if p.list.Len() != len(p.twin) {
		p.t.Fatalf("Len() = %d, want %d", p.list.Len(), len(p.twin))
	}
	return ok
}

func (p *pair) drain() {
	p.t.Helper()
	for p.popBefore(Never) {
	}
	if n := p.list.Len(); n != 0 {
		p.t.Fatalf("%d events left that do not come out", n)
	}
}

// renumber gives the events new sequence numbers in their old order, as the engine
// does when it has used them up.
func (p *pair) renumber() {
	p.t.Helper()
	var seqs []uint64
	p.list.Each(func(e *Event) { seqs = append(seqs, e.Seq()) })
	if len(seqs) != len(p.twin) {
		p.t.Fatalf("Each visited %d of %d events", len(seqs), len(p.twin))
	}
	seqs = append(seqs, p.kept...)
	slices.Sort(seqs)
	renamed := func(seq uint64) uint64 {
		i, ok := slices.BinarySearch(seqs, seq)
		if !ok {
			p.t.Fatalf("a number that nobody has: %d", seq)
		}
		return uint64(i)
	}
	rename := func(e *Event) { *e = MakeEvent(e.At, renamed(e.Seq()), e.Kind(), e.Ref()) }
	p.list.Each(rename)
	for i := range p.twin {
		rename(&p.twin[i])
	}
	for i := range p.kept {
		p.kept[i] = renamed(p.kept[i])
	}
	p.seq = uint64(len(seqs))
}

// waits are the shapes of the time from an event's push to its turn.
var waits = []struct {
	name string
	draw func(r *rand.Rand, scale float64) Time
}{
	{"exponential", func(r *rand.Rand, scale float64) Time { return Time(r.ExpFloat64() * scale) }},
	{"constant", func(_ *rand.Rand, scale float64) Time { return Time(scale) }},
	{"a few instants", func(r *rand.Rand, scale float64) Time { return Time(r.IntN(3)) * Time(scale) }},
	{"same instant", func(*rand.Rand, float64) Time { return 0 }},
	{"short and long", func(r *rand.Rand, scale float64) Time {
		if r.IntN(20) == 0 {
			scale *= 1e5
		}
		return Time(r.Float64() * scale)
	}},
	{"any magnitude", func(r *rand.Rand, _ float64) Time { return Time(math.Exp(r.Float64() * 41)) }},
}

// phase does steps things in which the number of events pending wanders about target.
func (p *pair) phase(wait func(*rand.Rand, float64) Time, scale float64, target, steps int) {
	p.t.Helper()
	for range steps {
		n := len(p.twin)
		switch op := p.rand.IntN(32); {
		case op == 0: // a limit between now and the first event, or beyond it
			p.popBefore(later(p.now, wait(p.rand, scale/float64(target))))
		case op == 1: // an event that was seen and left, then one before it
			if n > 0 {
				first := p.twin[0].At
				p.popBefore(first)
				p.push(p.now + Time(p.rand.Int64N(int64(first-p.now)+1)))
			}
		case op == 2:
			at := later(p.now, wait(p.rand, scale))
			for range p.rand.IntN(8) {
				p.push(at)
			}
		case op == 3 && p.rand.IntN(64) == 0:
			p.renumber()
		case n < target/2 || n < 2*target && p.rand.IntN(2) == 0:
			p.push(later(p.now, wait(p.rand, scale)))
		default:
			p.popBefore(Never)
		}
	}
}

func TestListIsAHeapOnShortTraces(t *testing.T) {
	for seed := range uint64(3000) {
		p := newPair(t, seed)
		if seed%5 == 0 { // close to the end of time
			p.push(Never - 1 - Time(p.rand.Int64N(1e6)))
			p.popBefore(Never)
		}
		for range 1 + p.rand.IntN(4) {
			w := waits[p.rand.IntN(len(waits))]
			p.phase(w.draw, math.Pow(10, float64(p.rand.IntN(12))), 1+p.rand.IntN(40), 60)
		}
		p.drain()
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func TestListIsAHeapWhenItIsRetuned(t *testing.T) {
	for _, w := range waits {
		for _, target := range []int{30, 3000} {
			t.Run(fmt.Sprintf("%s, %d", w.name, target), func(t *testing.T) {
				p := newPair(t, uint64(target))
				widths := map[uint]bool{}
				far := 0
				// From dense to sparse and back, by a factor of a million and more.
				for _, scale := range []float64{1e9, 1e3, 1e12, 1e6, 1, 1e9} {
					for range 3 {
						p.phase(w.draw, scale, target, 3*tuneEvery)
						widths[p.list.shift] = true
						far = max(far, len(p.list.far))
					}
				}
				p.drain()
				if moves := w.name != "same instant" && w.name != "any magnitude"; moves && len(widths) < 4 {
					t.Errorf("only %d widths seen: this does not test the tuning", len(widths))
				}
				if w.name == "short and long" && far == 0 {
					t.Error("no event was beyond the ring: this does not test the heap")
				}
			})
		}
	}
}

func TestListHoldsManyAndFew(t *testing.T) {
	p := newPair(t, 4)
	uniform := func(r *rand.Rand, scale float64) Time { return Time(r.Float64() * scale) }
	for range 100_000 {
		p.push(Time(p.rand.Int64N(1e9)))
	}
	p.phase(uniform, 1e9, 100_000, 50_000)
	if len(p.list.buckets) <= fewestBuckets {
		t.Errorf("%d buckets for %d events", len(p.list.buckets), p.list.Len())
	}
	p.drain()
	p.phase(uniform, 1e9, 30, 3*tuneEvery)
	p.drain()
}

// A copy and its original go ways of their own, each as its twin.
func TestListClones(t *testing.T) {
	for seed := range uint64(300) {
		p := newPair(t, seed)
		w := waits[seed%uint64(len(waits))]
		for range 1 + p.rand.IntN(3) {
			p.phase(w.draw, math.Pow(10, float64(p.rand.IntN(12))), 1+p.rand.IntN(400), p.rand.IntN(2*tuneEvery))
		}
		q := *p
		q.list, q.twin, q.kept = p.list.Clone(), slices.Clone(p.twin), slices.Clone(p.kept)
		q.rand = rand.New(rand.NewPCG(seed, 2))
		if shared := apart.Shared(p.list, q.list, nil); len(shared) > 0 {
			t.Fatalf("seed %d: a copy shares %q", seed, shared)
		}
		for range 3 {
			p.phase(w.draw, math.Pow(10, float64(p.rand.IntN(12))), 1+p.rand.IntN(40), 60)
			q.phase(w.draw, math.Pow(10, float64(q.rand.IntN(12))), 1+q.rand.IntN(40), 60)
		}
		p.drain()
		q.drain()
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func TestListLimits(t *testing.T) {
	l := NewList()
	pop := func(limit Time, want uint64) { // want: the sequence number, 0 for none
		t.Helper()
		if e, ok := l.PopBefore(limit); ok != (want > 0) || e.Seq() != want {
			t.Errorf("PopBefore(%d) = %v, %v, want number %d", int64(limit), e, ok, want)
		}
	}
	push := func(at Time, seq uint64) { l.Push(MakeEvent(at, seq, 0, 0)) }

	pop(Never, 0)
	push(3_600e9, 1) // far beyond the ring
	pop(3_600e9, 0)  // the limit is not part of what is before it
	push(5, 2)       // earlier than what was looked at
	pop(5, 0)
	pop(6, 2)
	push(5, 3) // the same instant again, after its event was popped
	push(1e6, 4)
	pop(1e6, 3)
	push(6, 5) // earlier than what was looked at in a bucket further on
	pop(1e6+1, 5)
	pop(1e6+1, 4)
	pop(3_600e9+1, 1)
	push(3_600e9, 6)
	push(Never-1, 7)
	push(Never, 8)
	pop(Never, 6)
	pop(Never-1, 0)
	pop(Never, 7)
	pop(Never, 0) // Never does not come
	if l.Len() != 1 {
		t.Errorf("Len() = %d, want the event at Never alone", l.Len())
	}
}

// An event just beyond the ring, which comes just within its reach, and then one a
// little before or after it: every place about the ring's end.
func TestListAtTheRingsEnd(t *testing.T) {
	const width, n = 1 << firstShift, fewestBuckets
	for far := n - 2; far <= n+3; far++ {
		for step := range 5 {
			for next := far - 1; next <= far+1; next++ {
				for _, in := range []Time{0, 7, width - 1} {
					p := newPair(t, 7)
					p.push(Time(far)*width + 5)
					p.push(Time(step) * width)
					p.popBefore(Never)
					p.push(Time(next)*width + in)
					p.drain()
				}
			}
		}
	}
}

// longest is the number of events in the fullest bucket.
func (l *List) longest() int {
	most := 0
	for k, b := range l.buckets {
		if l.used[k>>6]>>(k&63)&1 == 0 {
			continue
		}
		n := 0
		for i := b.head; i >= 0; i = l.slots[i].next {
			n++
		}
		most = max(most, n)
	}
	return most
}

// TestListBurst would take minutes if an event at the end of a bucket of 100,000
// were looked for from the bucket's beginning.
func TestListBurst(t *testing.T) {
	p := newPair(t, 5)
	for round := range 3 {
		at := p.now + Time(round)*1e9
		for range 100_000 {
			p.seq++
			e := MakeEvent(at, p.seq, 0, 0)
			p.list.Push(e)
			p.twin = append(p.twin, e) // in order: a heap already
		}
		for range 100_000 {
			p.popBefore(Never)
		}
	}
}

// A crowd within less time than a bucket is wide, in any order: what 100,000 requests
// at once do to a service that was quiet before. The buckets must follow at once:
// left as they are they take half a minute to fill.
func TestListCrowd(t *testing.T) {
	for _, fresh := range []bool{true, false} {
		p := newPair(t, 6)
		if !fresh { // ten events a second
			p.phase(waits[0].draw, 1e9, 10, 4*tuneEvery)
		}
		for range 100_000 {
			p.push(p.now + Time(p.rand.ExpFloat64()*1e6))
		}
		if n := p.list.longest(); n > 1000 {
			t.Errorf("fresh: %v: %d events in one bucket", fresh, n)
		}
		p.drain()
	}
}

// The density of the events changes a thousandfold and back, again and again, while
// 50,000 wait. However often the buckets are fitted to it, an event is moved only a
// few times before it is popped.
func TestListWave(t *testing.T) {
	const pending, pops = 50_000, 400_000
	l := NewList()
	d := Key(1).With(0).Draw()
	at, seq := Time(0), uint64(0)
	push := func() {
		seq++
		if seq/6000%2 == 0 {
			at++
		} else {
			at += 1000
		}
		l.Push(MakeEvent(at+Time(d.Intn(100)), seq, 0, 0))
	}
	for range pending {
		push()
	}
	moved := 0
	for range pops {
		shift := l.shift
		l.PopBefore(Never)
		push()
		if l.shift != shift {
			moved += l.Len()
		}
	}
	if moved > 4*pops {
		t.Errorf("%d pops moved %d events between buckets, want at most 4 a pop", pops, moved)
	}
}

// hold pops the first event and pushes one in its place.
func hold(l *List, seq uint64, wait Time) {
	e, _ := l.PopBefore(Never)
	l.Push(Event{e.At + wait, seq << SeqShift})
}

// waitsOf are waits for the hold model with n pending: exponential; a share of them
// a hundred times as long.
func waitsOf(n int, long float64) (w [4096]Time) {
	r := rand.New(rand.NewPCG(uint64(n), 2))
	for i := range w {
		mean := 30_000 * float64(n)
		if r.Float64() < long {
			mean *= 100
		}
		w[i] = Time(r.ExpFloat64() * mean)
	}
	return w
}

// held is a list with n pending that has run for a while.
func held(n int, w *[4096]Time) (l *List, seq uint64) {
	l = NewList()
	for seq = range uint64(n) {
		l.Push(Event{w[seq%4096], seq << SeqShift})
	}
	for range 3*n + 20*tuneEvery {
		seq++
		hold(l, seq, w[seq%4096])
	}
	return l, seq
}

func TestListAllocatesNothing(t *testing.T) {
	for _, n := range []int{1, 30, 10_000} {
		w := waitsOf(n, 0.01)
		l, seq := held(n, &w)
		if a := testing.AllocsPerRun(5, func() {
			for range 3 * tuneEvery {
				seq++
				hold(l, seq, w[seq%4096])
			}
		}); a != 0 {
			t.Errorf("%d pending: %v allocations in %d events", n, a, 3*tuneEvery)
		}
	}
}

func BenchmarkHold(b *testing.B) {
	for _, n := range []int{30, 1000, 10_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			w := waitsOf(n, 0)
			l, seq := held(n, &w)
			for b.Loop() {
				seq++
				hold(l, seq, w[seq%4096])
			}
		})
	}
}

// BenchmarkBurst is of 10,000 events at one instant, pushed and popped.
func BenchmarkBurst(b *testing.B) {
	b.ReportAllocs()
	const n = 10_000
	l := NewList()
	at := Time(0)
	for b.Loop() {
		at += 1e9
		for seq := range uint64(n) {
			l.Push(Event{at, seq << SeqShift})
		}
		for range n {
			l.PopBefore(Never)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/event")
}

// BenchmarkCrowd is of 10,000 events within a millisecond, in any order, on a list
// that is tuned to ten events a second.
func BenchmarkCrowd(b *testing.B) {
	b.ReportAllocs()
	const n = 10_000
	r := rand.New(rand.NewPCG(1, 3))
	var crowd [n]Time
	for i := range crowd {
		crowd[i] = Time(r.ExpFloat64() * 1e6)
	}
	l := NewList()
	seq, now := uint64(0), Time(0)
	for b.Loop() {
		for range 2 * tuneEvery {
			seq++
			l.Push(Event{now + 1e8, seq << SeqShift})
			e, _ := l.PopBefore(Never)
			now = e.At
		}
		for _, wait := range crowd {
			seq++
			l.Push(Event{now + wait, seq << SeqShift})
		}
		for range n {
			e, _ := l.PopBefore(Never)
			now = e.At
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(n+2*tuneEvery), "ns/event")
}
