package sim

import (
	"container/heap"
	"slices"

	"cascade/sim/des"
)

// An ager knows how old the oldest message is that waits in a queue, and keeps the
// integral of that age.
//
// What is published stands in a row; what comes back later in a heap. What does not wait
// any more is taken out when it comes to the front.
type ager struct {
	row    []dating
	head   int
	heap   datings
	oldest int32 // message; none: none waits
	age    aging
}

type dating struct {
	serial uint64
	m      int32
}

// An aging is the age of something that changes: of the oldest, whose place another
// takes. area is its integral, in nanoseconds squared.
type aging struct {
	born, since      des.Time // of the present one; since: when it was looked at last
	there            bool
	area, seen, warm float64
	most             des.Time // in the present sample
	mostWarm         des.Time // since the warm-up's end
}

// look brings the integral up to now. What leaves in the instant in which it came has not
// waited, however long ago it was published.
func (g *aging) look(now des.Time) {
	if g.there && now > g.since {
		dt := float64(now - g.since)
		g.area += float64(dt * (float64(g.since-g.born) + float64(dt/2)))
		g.most = max(g.most, now-g.born)
	}
	g.since = now
}

// change puts another in the place of the present one; there: there is one.
func (g *aging) change(now des.Time, there bool, born des.Time) {
	g.look(now)
	g.there, g.born = there, born
}

// grown is how much the integral has grown since the last sample's end, and the
// greatest age since.
func (g *aging) grown(now des.Time) (area float64, most des.Time) {
	g.look(now)
	return g.area - g.seen, g.most
}

// total is how much it has grown since the warm-up's end, and the greatest age since.
// It looks at a copy: one look more would round the integral in another way.
func (g *aging) total(now des.Time) (area float64, most des.Time) {
	c := *g
	c.look(now)
	return c.area - c.warm, max(c.mostWarm, c.most)
}

// next begins a new sample.
func (g *aging) next() {
	g.mostWarm = max(g.mostWarm, g.most)
	g.most, g.seen = 0, g.area
}

// markWarm ends the warm-up.
func (g *aging) markWarm() { g.warm, g.mostWarm = g.area, 0 }

// date notes that a message waits from now on.
func (s *System) date(q *queue, m int32, ms *message) {
	g := &q.ages
	if ms.flags&dated == 0 {
		ms.flags |= dated
		if n := len(g.row); n == g.head || g.row[n-1].serial < ms.serial {
			g.row = append(g.row, dating{ms.serial, m})
		} else {
			heap.Push(&g.heap, dating{ms.serial, m})
		}
	}
	if g.oldest < 0 || ms.serial < s.messages[g.oldest].serial {
		g.oldest = m
		g.age.change(s.now, true, ms.published)
	}
	if n := int(q.waiting.n); len(g.row)-g.head > 2*n+1024 || len(g.heap) > 2*n+1024 {
		s.thinDates(q)
	}
}

// age finds the oldest message anew, which waits no more.
func (s *System) age(q *queue) {
	g := &q.ages
	for g.head < len(g.row) && !s.dates(q, g.row[g.head]) {
		g.head++
	}
	if g.head > 1024 && g.head > len(g.row)/2 {
		g.row = append(g.row[:0], g.row[g.head:]...)
		g.head = 0
	}
	for len(g.heap) > 0 && !s.dates(q, g.heap[0]) {
		heap.Pop(&g.heap)
	}
	g.oldest = none
	if g.head < len(g.row) {
		g.oldest = g.row[g.head].m
	}
	if len(g.heap) > 0 && (g.oldest < 0 || g.heap[0].serial < g.row[g.head].serial) {
		g.oldest = g.heap[0].m
	}
	if g.oldest < 0 {
		g.age.change(s.now, false, 0)
		return
	}
	g.age.change(s.now, true, s.messages[g.oldest].published)
}

// dates says whether a dating is of a message that waits; one that is not any more is
// forgotten.
func (s *System) dates(q *queue, d dating) bool {
	ms := &s.messages[d.m]
	if ms.q != q || ms.serial != d.serial || ms.state == msgFree {
		return false
	}
	if ms.state == held {
		ms.flags &^= dated
		return false
	}
	return true
}

// thinDates takes out all that is not good any more.
func (s *System) thinDates(q *queue) {
	g := &q.ages
	gone := func(d dating) bool { return !s.dates(q, d) }
	g.row = slices.DeleteFunc(append(g.row[:0], g.row[g.head:]...), gone)
	g.head = 0
	g.heap = slices.DeleteFunc(g.heap, gone)
	heap.Init(&g.heap)
}

// datings are a heap, for package container/heap.
type datings []dating

func (h datings) Len() int           { return len(h) }
func (h datings) Less(i, j int) bool { return h[i].serial < h[j].serial }
func (h datings) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *datings) Push(x any)        { *h = append(*h, x.(dating)) }
func (h *datings) Pop() any {
	last := len(*h) - 1
	d := (*h)[last]
	*h = (*h)[:last]
	return d
}
