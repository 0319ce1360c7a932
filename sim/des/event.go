// Package des is the machinery of a discrete-event simulation: instants of virtual
// time, the list of events to come, and random draws that are functions of a key.
// It does not know what an event is for.
//
//	l := des.NewList()
//	l.Push(des.MakeEvent(5, 1, kind, ref))
//	e, ok := l.PopBefore(10)
package des

// An Event is something that is to happen: when, and a tag that says what. It holds
// no pointers. From the high end the tag holds the sequence number, which orders
// events of one instant, the kind, and what it is about: both are its owner's.
type Event struct {
	At  Time
	Tag uint64
}

// The layout of a tag.
const (
	SeqShift  = 28
	KindShift = 24
	MaxSeq    = 1<<(64-SeqShift) - 1        // largest sequence number
	MaxKind   = 1<<(SeqShift-KindShift) - 1 // largest kind
	MaxRef    = 1<<KindShift - 1            // largest ref
)

// MakeEvent puts an event together. A kind or ref above its maximum, or a negative
// ref, is the caller's bug.
func MakeEvent(at Time, seq uint64, kind uint8, ref int32) Event {
	return Event{at, seq<<SeqShift | uint64(kind)<<KindShift | uint64(ref)}
}

// Seq is the event's sequence number.
func (e Event) Seq() uint64 { return e.Tag >> SeqShift }

// Kind says what is to happen.
func (e Event) Kind() uint8 { return uint8(e.Tag >> KindShift & MaxKind) }

// Ref says to whom.
func (e Event) Ref() int32 { return int32(e.Tag & MaxRef) }

// before is the order of events: by time, then by sequence number.
func before(a, b Event) bool { return a.At < b.At || a.At == b.At && a.Tag < b.Tag }
