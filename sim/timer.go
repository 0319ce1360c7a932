package sim

import "cascade/sim/des"

// Time-outs run in lists of their own: all that last equally long stand in one
// list, in the order in which they were set, which is the order in which they run
// out. Only the first of each list is in the event list; nearly all are taken out
// again before they are due, and that is an unlinking. The order of events by
// (time, sequence number) stays exactly what it would be with an event each: the
// entry in the event list carries the sequence number that the time-out got when
// it was set.

// An alarm is a time-out that is set, embedded in the attempt or the call that it
// is for. seq 0: not set.
type alarm struct {
	seq        uint64
	prev, next int32
	timer      int32
	load       int32 // of an attempt, for which there is room here: how many its instance had in hand as it came, itself included
}

// A timer is the list of the alarms of one length.
type timer struct {
	span       des.Time
	of         alarmOwner
	head, tail int32
	armed      bool
}

type timerKey struct {
	span des.Time
	of   alarmOwner
	own  int32 // of one queue alone: its number, from 1 on; 0: common
}

// An alarmOwner is what the alarms of a timer are for.
type alarmOwner uint8

const (
	ofAttempts   alarmOwner = iota // time-outs
	ofCalls                        // deadlines
	ofDeliveries                   // visibility
	ofMessages                     // ttl
)

// timerFor finds or makes the timer of that length; none for 0.
func (s *System) timerFor(span des.Time, of alarmOwner) int32 {
	if span == 0 {
		return none
	}
	return s.timerOfKey(timerKey{span, of, 0})
}

// ownTimer is a timer of that length for the messages of one queue alone.
func (s *System) ownTimer(q *queue, span des.Time) int32 {
	return s.timerOfKey(timerKey{span, ofMessages, q.number + 1})
}

func (s *System) timerOfKey(k timerKey) int32 {
	if t, ok := s.timerOf[k]; ok {
		return t
	}
	t := int32(len(s.timers))
	s.timers = append(s.timers, timer{span: k.span, of: k.of, head: none, tail: none})
	s.timerOf[k] = t
	return t
}

func (s *System) alarmOf(t *timer, ref int32) *alarm {
	switch t.of {
	case ofAttempts:
		return &s.attempts[ref].timeout
	case ofCalls:
		return &s.calls[ref].deadline
	case ofDeliveries:
		return &s.deliveries[ref].hide
	default:
		return &s.messages[ref].ttl
	}
}

// setAt is when the alarm of ref was set.
func (s *System) setAt(t *timer, ref int32) des.Time {
	switch t.of {
	case ofAttempts:
		return s.attempts[ref].sent
	case ofCalls:
		return s.calls[ref].began
	case ofDeliveries:
		return s.deliveries[ref].began
	default:
		return s.messages[ref].published
	}
}

// setAlarm starts the time-out of ref: of the attempt, call or delivery that begins now,
// or of a message, whose time runs from its publishing.
func (s *System) setAlarm(timer, ref int32, al *alarm) {
	t := &s.timers[timer]
	al.seq, al.timer = s.nextSeq(), timer
	last := t.tail
	al.next, al.prev = none, last
	t.tail = ref
	if last >= 0 {
		s.alarmOf(t, last).next = ref
	} else {
		t.head = ref
	}
	if !t.armed {
		s.arm(timer, t, al, s.setAt(t, ref))
	}
}

func (s *System) arm(timer int32, t *timer, al *alarm, from des.Time) {
	at := later(from, t.span)
	t.armed = true
	if at < s.plan.Duration {
		s.list.Push(des.MakeEvent(at, al.seq, evTimer, timer))
	}
}

// clearAlarm takes the time-out of ref out, if it is set.
func (s *System) clearAlarm(al *alarm) {
	if al.seq == 0 {
		return
	}
	al.seq = 0
	t := &s.timers[al.timer]
	if al.prev >= 0 {
		s.alarmOf(t, al.prev).next = al.next
	} else {
		t.head = al.next
	}
	if al.next >= 0 {
		s.alarmOf(t, al.next).prev = al.prev
	} else {
		t.tail = al.prev
	}
}

// timerDue runs when the entry that timer had in the event list comes up. Its
// alarm may be gone by then; either way the next one is armed.
func (s *System) timerDue(timer int32, seq uint64) {
	t := &s.timers[timer]
	t.armed = false
	ref := t.head
	if ref < 0 {
		return
	}
	al := s.alarmOf(t, ref)
	if al.seq != seq {
		s.arm(timer, t, al, s.setAt(t, ref))
		return
	}
	s.clearAlarm(al)
	if next := t.head; next >= 0 {
		s.arm(timer, t, s.alarmOf(t, next), s.setAt(t, next))
	}
	switch t.of {
	case ofAttempts:
		s.note(uint64(s.attempts[ref].key) + 6)
		s.timedOut(ref)
	case ofCalls:
		s.note(uint64(s.calls[ref].key) + 5)
		s.deadlinePassed(ref)
	case ofDeliveries:
		s.note(uint64(s.deliveries[ref].key) + 12)
		s.visibilityDue(ref)
	case ofMessages:
		s.note(uint64(s.messages[ref].key) + 13)
		s.tooOldNow(ref)
	}
}
