package des

import (
	"cmp"
	"math/bits"
	"slices"
)

// A List holds the events to come and gives them out in the order of their time,
// then of their sequence numbers. NewList makes one. Nothing may be pushed before
// the time of the last event popped.
//
// It is a calendar queue (R. Brown, CACM 31(10), 1988): a ring of buckets, each a
// power of two nanoseconds wide, and a bitmap of those in use, from the bucket of
// the last event popped on; a bucket's events are in a sorted list. What is further
// off than the ring goes once round waits in a 4-ary heap. A bucket knows the tail
// of its list too, so that a burst at one instant costs no more than the same events
// apart. Width and number of the buckets follow, roughly, the gaps between the
// events and their number, at once where one bucket is crowded. All of it depends on
// the pushes and pops alone.
type List struct {
	slots   []slot
	free    int32 // first free slot, a linked list; -1: none
	buckets []bucket
	used    []uint64 // a bit a bucket: it is not empty
	mask    uint64   // number of buckets less one
	shift   uint     // a bucket is 1<<shift ns wide
	cur     uint64   // bucket, counted from time 0, of the last event popped
	near    int      // events in buckets
	far     []Event  // events beyond the ring, a heap
	farDue  uint64   // when cur gets here, the first of far has come within the ring

	last    Time // of the last event popped
	tuneIn  int  // pops until the next tuning
	period  int  // pops from the last tuning to the next
	tunedAt Time // when the last was
	passed  int  // events that pushes had to pass within their buckets, since the last
}

type slot struct {
	event Event
	next  int32
}

// A bucket is the first and the last slot of its list; what they hold counts only
// while the bucket's bit is set.
type bucket struct{ head, tail int32 }

const (
	fewestBuckets = 512
	mostBuckets   = 1 << 18
	manyEvents    = 1 << 12 // then buckets are wider: fewer of them stay in the cache
	firstShift    = 17      // 131 µs, until the first tuning
	tuneEvery     = 4096    // pops
)

// Len is the number of events to come.
func (l *List) Len() int { return l.near + len(l.far) }

// layOut makes n empty buckets of the given width.
func (l *List) layOut(n int, shift uint) {
	l.buckets = make([]bucket, n)
	l.used = make([]uint64, n/64)
	l.mask = uint64(n - 1)
	l.shift = shift
	l.cur = uint64(l.last) >> shift
}

// NewList makes an empty list.
func NewList() *List {
	l := &List{free: -1, farDue: never, tuneIn: tuneEvery, period: tuneEvery}
	l.layOut(fewestBuckets, firstShift)
	return l
}

// Clone is a copy: it gives out the same events in the same order, whatever is pushed.
func (l *List) Clone() *List {
	n := *l
	n.slots, n.buckets, n.used, n.far = slices.Clone(l.slots), slices.Clone(l.buckets), slices.Clone(l.used), slices.Clone(l.far)
	return &n
}

// Footprint is how many bytes a Clone takes, without what is little.
func (l *List) Footprint() int {
	const aSlot, aBucket, anEvent = 24, 8, 16
	return len(l.slots)*aSlot + len(l.buckets)*aBucket + len(l.far)*anEvent
}

// never, as a bucket, is beyond all times.
const never = 1<<64 - 1

// Push adds an event.
func (l *List) Push(e Event) {
	b := uint64(e.At) >> (l.shift & 63)
	if b > l.cur+l.mask {
		l.pushFar(e)
		return
	}
	i := l.free
	if i < 0 {
		i = l.grow()
	}
	sl := &l.slots[i]
	l.free = sl.next
	sl.event = e
	l.near++
	b &= l.mask
	bk := &l.buckets[b]
	word, bit := &l.used[b>>6], uint64(1)<<(b&63)
	if *word&bit == 0 {
		*word |= bit
		sl.next = -1
		bk.head, bk.tail = i, i
		return
	}
	if t := &l.slots[bk.tail]; before(t.event, e) {
		t.next, sl.next, bk.tail = i, -1, i
		return
	}
	p := &bk.head
	passed := l.passed
	for before(l.slots[*p].event, e) {
		p = &l.slots[*p].next
		passed++
	}
	sl.next = *p
	*p = i
	if l.passed = passed; passed > 16*(l.near+tuneEvery) {
		l.spread(bk)
	}
}

// grow makes a slot.
func (l *List) grow() int32 {
	l.slots = append(l.slots, slot{next: -1})
	return int32(len(l.slots) - 1)
}

// PopBefore takes the first event out if it is before limit.
func (l *List) PopBefore(limit Time) (Event, bool) {
	// The first bucket in use, from cur on, once round the ring.
	b := l.cur
	at := b & l.mask
	if word := l.used[at>>6] >> (at & 63); word != 0 {
		skip := uint64(bits.TrailingZeros64(word))
		b, at = b+skip, at+skip
	} else {
		if l.near == 0 {
			return l.popFarBefore(limit)
		}
		b = l.nextInUse(b)
		at = b & l.mask
	}
	bk := &l.buckets[at]
	i := bk.head
	sl := &l.slots[i]
	e := sl.event
	if e.At >= limit {
		return Event{}, false // cur stays: what is pushed next may be earlier than e
	}
	l.cur = b
	l.last = e.At
	if bk.head = sl.next; sl.next < 0 {
		l.used[at>>6] &^= 1 << (at & 63)
	}
	sl.next = l.free
	l.free = i
	l.near--
	l.tuneIn--
	if b >= l.farDue || l.tuneIn == 0 {
		l.follow()
	}
	return e, true
}

// nextInUse is the first bucket in use after the word that b is in, of which there is one.
func (l *List) nextInUse(b uint64) uint64 {
	at := b & l.mask
	b += 64 - at&63
	k := at >> 6
	for {
		if k++; k == uint64(len(l.used)) {
			k = 0
		}
		if word := l.used[k]; word != 0 {
			return b + uint64(bits.TrailingZeros64(word))
		}
		b += 64
	}
}

func (l *List) popFarBefore(limit Time) (Event, bool) {
	if len(l.far) == 0 || l.far[0].At >= limit {
		return Event{}, false
	}
	e := l.takeFar()
	l.cur = uint64(e.At) >> (l.shift & 63)
	l.last = e.At
	l.tuneIn--
	l.follow()
	return e, true
}

// follow does what is to be done after a pop now and then: what has come within the
// ring's reach moves from the heap into its bucket, and the buckets are tuned.
func (l *List) follow() {
	for len(l.far) > 0 && l.cur >= l.farDue {
		l.Push(l.takeFar())
	}
	if l.tuneIn <= 0 {
		l.tune()
	}
}

// setFarDue keeps farDue true when the first of far, or the ring, has changed.
func (l *List) setFarDue() {
	l.farDue = never
	if len(l.far) > 0 {
		b := uint64(l.far[0].At) >> (l.shift & 63)
		l.farDue = b - min(b, l.mask)
	}
}

// tune fits the buckets to the events: one to four times as wide as the gap between two pops,
// and a few times as many as there are events to come.
func (l *List) tune() {
	gap := uint64(l.last-l.tunedAt) / uint64(l.period)
	l.period = max(tuneEvery, l.Len()) // so that moving them all costs each pop little
	l.tuneIn, l.tunedAt, l.passed = l.period, l.last, 0
	if gap == 0 {
		return
	}
	shift := uint(bits.Len64(gap))
	if l.Len() > manyEvents {
		shift++
	}
	n, have := l.fitting(), len(l.buckets)
	if shift+1 >= l.shift && shift <= l.shift+1 && n <= 2*have && 4*n >= have {
		return
	}
	l.rebuild(n, shift)
}

// spread makes the buckets narrower when pushes have passed too many events within
// them, the last one in bk: about as wide as the gaps between what bk holds. Without
// it a crowd that comes between two tunings would take a time that is quadratic in it.
func (l *List) spread(bk *bucket) {
	l.passed = 0
	n := uint64(0)
	for i := bk.head; i >= 0; i = l.slots[i].next {
		n++
	}
	gap := uint64(l.slots[bk.tail].event.At-l.slots[bk.head].event.At) / n
	if shift := uint(bits.Len64(gap|1) - 1); shift < l.shift {
		l.rebuild(l.fitting(), shift)
	}
}

// fitting is the number of buckets for as many events as there are now.
func (l *List) fitting() int {
	n := fewestBuckets
	for n < 4*l.Len() && n < mostBuckets {
		n *= 2
	}
	return n
}

// rebuild puts the events into n buckets of another width.
func (l *List) rebuild(n int, shift uint) {
	events := make([]Event, 0, l.Len())
	l.Each(func(e *Event) { events = append(events, *e) })
	// In order, each goes to the end of its bucket at once.
	slices.SortFunc(events, func(a, b Event) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Tag, b.Tag))
	})
	l.slots, l.free, l.near, l.far = l.slots[:0], -1, 0, l.far[:0]
	l.layOut(n, shift)
	l.setFarDue()
	for _, e := range events {
		l.Push(e)
	}
}

// Each visits the events to come, in no order that matters. The visitor may change
// their tags as long as their order stays what it was.
func (l *List) Each(visit func(*Event)) {
	for k, word := range l.used {
		for ; word != 0; word &= word - 1 {
			for i := l.buckets[k<<6+bits.TrailingZeros64(word)].head; i >= 0; i = l.slots[i].next {
				visit(&l.slots[i].event)
			}
		}
	}
	for i := range l.far {
		visit(&l.far[i])
	}
}

func (l *List) pushFar(e Event) {
	l.far = append(l.far, e)
	h := l.far
	i := len(h) - 1
	for i > 0 {
		up := (i - 1) / 4
		if !before(e, h[up]) {
			break
		}
		h[i] = h[up]
		i = up
	}
	h[i] = e
	if i == 0 {
		l.setFarDue()
	}
}

func (l *List) takeFar() Event {
	h := l.far
	first, n := h[0], len(h)-1
	e := h[n]
	h = h[:n]
	l.far = h
	if n == 0 {
		l.setFarDue()
		return first
	}
	i := 0
	for {
		down := 4*i + 1
		if down >= n {
			break
		}
		for k := down + 1; k < min(4*i+5, n); k++ {
			if before(h[k], h[down]) {
				down = k
			}
		}
		if !before(h[down], e) {
			break
		}
		h[i] = h[down]
		i = down
	}
	h[i] = e
	l.setFarDue()
	return first
}
