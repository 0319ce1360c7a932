package player

import (
	"slices"
	"time"

	"cascade/sim/des"
)

// A mark is a copy of a run at an instant that it has passed, from where it can be gone
// through again.
type mark struct {
	at    des.Time
	state *run
	line  int // of those between which the run did not go back: they share the past
	size  int // of the copy, in bytes
	past  int // that it shares, in bytes
}

// Bounds of what is kept to go back to. Where they are reached every other mark is let
// go, and the next ones are further apart: going back takes longer.
const (
	patience  = 50 * time.Millisecond // the way from a mark to the next takes about so long
	mostShare = 20                    // at least so many times as long as a copy takes
	mostMarks = 64
	mostBytes = 256 << 20
)

// marks are the copies kept of a run, by time.
type marks struct {
	list  []mark
	since time.Duration // that the engine has worked since the last mark
	apart time.Duration // that it works between two marks
	cost  time.Duration // of the last copy
	line  int           // of the next copy
}

// worked notes how long the engine has worked on the run, which has come to the end of
// an interval, and takes a copy where it is time.
func (m *marks) worked(r *run, took time.Duration) {
	m.since += took
	now := r.system.Now()
	if m.since < max(m.apart, patience, mostShare*m.cost) || len(m.list) > 0 && m.list[len(m.list)-1].at >= now {
		return
	}
	m.since = 0
	before := time.Now()
	next := mark{at: now, state: r.still(), line: m.line}
	next.size, next.past = r.footprint()
	m.list = append(m.list, next)
	m.cost = time.Since(before)
	for len(m.list) > mostMarks || len(m.list) > 1 && m.bytes() > mostBytes {
		m.thin()
	}
}

// bytes is how many there are of them all: what is shared counts once, where it is longest.
func (m *marks) bytes() int {
	sum := 0
	for i := range m.list {
		sum += m.list[i].size
		if i == len(m.list)-1 || m.list[i+1].line != m.list[i].line {
			sum += m.list[i].past
		}
	}
	return sum
}

// thin lets every other mark go.
func (m *marks) thin() {
	kept := m.list[:0]
	for i := range m.list {
		if i%2 == 1 {
			kept = append(kept, m.list[i])
		}
	}
	clear(m.list[len(kept):])
	m.list = kept
	m.apart = 2 * max(m.apart, patience)
}

// before is the last mark before an instant; nil: there is none.
func (m *marks) before(t des.Time) *mark {
	for i := len(m.list) - 1; i >= 0; i-- {
		if m.list[i].at < t {
			return &m.list[i]
		}
	}
	return nil
}

// copy is the same marks for another run to go on with: what they hold is not changed.
func (m *marks) copy() marks {
	return marks{list: slices.Clone(m.list), since: m.since, apart: m.apart, cost: m.cost, line: m.line + 1}
}
