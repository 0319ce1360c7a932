package sim

import (
	"cascade/sim/des"
	"cascade/topology"
)

// An instance is one of a service's: its threads and its waiting room.
//
// busy + idle = size, except while a pool shrinks under its work: then idle is
// negative, and so many threads will end when they are done.
type instance struct {
	service int32
	ordinal int32 // among the service's instances
	idle    int32
	busy    int32
	size    int32
	queued  int32 // attempts in the waiting room
	room    int32 // places in it, or topology.Unlimited
	head    int32 // the waiting room, the longest wait first
	tail    int32
	paused  int32 // pauses in force
	down    int32 // crashes in force
	up      bool
	lifo    bool
	bounded bool    // its threads are a number
	inOp    []int32 // attempts in each operation, where that has a bulkhead

	resumeHead, resumeTail int32 // suspended attempts that wait for a thread

	held        integral // threads held
	capacity    integral // threads there are
	downTime    integral // 1 while it is down
	downThreads integral // its threads while it is down
	pausedIdle  integral // threads that nobody holds, while it is paused

	frozen   []int32    // attempts it had when the pause began
	deferred []deferral // what came for their calls since

	count, uncounted, seen instanceCount
}

// unlimitedSize stands for the size of an unbounded pool.
const unlimitedSize = 1 << 30

func (s *System) takeThread(in *instance) {
	in.idle--
	in.busy++
	in.held.enter(s.now)
}

// release gives a thread back: it goes on with a suspended attempt that waits for
// one, else with the waiting room, else it is idle. Above the pool's size it ends.
func (s *System) release(in *instance) {
	in.idle++
	in.busy--
	in.held.leave(s.now)
	if in.idle > 0 {
		s.fill(in)
	} else if in.bounded { // the pool has become smaller: this thread ends
		in.capacity.set(s.now, int64(max(in.size, in.busy)))
	}
}

// fill lets idle threads take up what waits.
func (s *System) fill(in *instance) {
	if in.paused > 0 || !in.up {
		return
	}
	for in.idle > 0 {
		if a := in.resumeHead; a >= 0 {
			in.resumeHead = s.attempts[a].next
			if in.resumeHead < 0 {
				in.resumeTail = none
			}
			s.resumeOn(in, a)
			continue
		}
		if in.queued == 0 {
			return
		}
		a := in.head
		if in.lifo {
			a = in.tail
		}
		s.unqueue(in, a)
		at := &s.attempts[a]
		op := &s.ops[at.op]
		if op.bulkhead > 0 && in.inOp[op.ordinal] >= op.bulkhead {
			s.turnAway(a, topology.BulkheadFull)
			continue
		}
		if op.tracked {
			in.inOp[op.ordinal]++
		}
		s.takeThread(in)
		at.state = taken
		op.waitingTime.add(s.now-at.arrived, at.flags&countedHere != 0)
		op.waited(at)
		s.soon(doBegin, a)
	}
}

func (s *System) enqueue(in *instance, a int32) {
	at := &s.attempts[a]
	at.state = waiting
	at.next, at.prev = none, in.tail
	if in.tail >= 0 {
		s.attempts[in.tail].next = a
	} else {
		in.head = a
	}
	in.tail = a
	in.queued++
	s.ops[at.op].queue.enter(s.now)
	sv := &s.services[in.service]
	sv.queued++
	if sv.queued > sv.queueMax {
		sv.queueMax = sv.queued
		sv.queueMaxAll = max(sv.queueMaxAll, sv.queued)
	}
}

func (s *System) unqueue(in *instance, a int32) {
	at := &s.attempts[a]
	if at.prev >= 0 {
		s.attempts[at.prev].next = at.next
	} else {
		in.head = at.next
	}
	if at.next >= 0 {
		s.attempts[at.next].prev = at.prev
	} else {
		in.tail = at.prev
	}
	in.queued--
	s.ops[at.op].queue.leave(s.now)
	s.services[in.service].queued--
}

// resize changes the number of threads. What is at work goes on to its end.
func (s *System) resize(in *instance, size int32) {
	if in.size == size {
		return
	}
	in.size = size
	in.idle = size - in.busy
	if in.up {
		if in.bounded {
			in.capacity.set(s.now, int64(max(in.size, in.busy)))
		}
		s.fill(in)
		return
	}
	if in.bounded {
		in.capacity.set(s.now, int64(in.size))
	}
}

// pick chooses the instance that a caller's attempt goes to.
func (s *System) pick(e *edge, caller int32, k des.Key) int32 {
	to := &s.services[e.to]
	n := uint32(to.instances)
	if n == 1 {
		return to.first
	}
	if to.balance == topology.Random {
		d := k.With(saltInstance).Draw()
		return to.first + int32(d.Intn(int(n)))
	}
	turn := &e.callers[caller].turn
	i := *turn
	if *turn++; *turn == n {
		*turn = 0
	}
	return to.first + int32(i)
}
