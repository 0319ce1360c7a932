package sim

import (
	"cascade/sim/des"
	"cascade/sim/policy"
	"cascade/topology"
)

// An instance is one of a service's: its threads and its waiting room.
//
// While a pool shrinks under its work idle is negative, and so many threads will end
// when they are done.
type instance struct {
	held    integral // threads held
	idle    int32
	size    int32 // threads in the pool; the busy ones are size - idle
	queued  int32 // attempts in the waiting room
	room    int32 // places in it, or topology.Unlimited
	open    bool  // up and not paused: its threads take attempts up
	up      bool
	alone   bool // the only one of its service, which then counts for it
	lifo    bool
	choosy  bool // its threads look at what they take out of the waiting room: is it stale?
	crowded bool // its attempts are in each other's way: contention
	leaving bool // the autoscaler has taken it away: it ends what it has

	resumeHead, resumeTail int32 // suspended attempts that wait for a thread

	bounded bool // its threads are a number
	touched bool // by a fault that begins or ends in this instant
	still   bool // its threads stand still, because of pauses

	service *service
	ordinal int32 // among the service's instances
	head    int32 // the waiting room, the longest wait first
	tail    int32
	paused  int32   // pauses in force
	down    int32   // crashes in force
	inOp    []int32 // attempts in each operation, where that is tracked

	guards

	there     bool      // it exists; else it waits for the autoscaler to want it
	unhealthy bool      // the health check has taken it out of the rotation
	planned   int32     // size of its pool, when it is there
	takers    []*taker  // of the queues that its service consumes
	turn      int32     // the one that is asked first
	pace      uint64    // of the event at which the rate limit lets it take up a message
	token     bool      // it does already
	wanting   []*member // members of a stream's group that have something to read, and no thread

	notice   uint64 // of the event at which the health check finds it down
	start    uint64 // of the event at which it has started
	heldRead int64  // held, as the autoscaler has read it the last time

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
	in.held.enter(s.now)
}

// release gives a thread back: it goes on with a suspended attempt that waits for
// one, else with the waiting room, else it is idle. Above the pool's size it ends.
func (s *System) release(in *instance) {
	in.idle++
	in.held.leave(s.now)
	if in.idle <= 0 { // the pool has become smaller: this thread ends
		s.countThreads(in)
	} else if in.queued > 0 || in.resumeHead >= 0 {
		s.fill(in)
	} else if in.leaving || in.takers != nil {
		s.spare(in)
	}
}

// spare is what an idle thread does for which nothing waits.
//
//go:noinline
func (s *System) spare(in *instance) {
	if in.takers != nil {
		s.pull(in)
	}
	if in.leaving {
		s.drained(in)
	}
}

// fill lets idle threads take up what waits.
func (s *System) fill(in *instance) {
	if !in.open {
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
			if in.takers != nil {
				s.pull(in)
			}
			return
		}
		a := in.head
		if in.lifo {
			a = in.tail
		}
		s.unqueue(in, a)
		at := &s.attempts[a]
		if in.choosy && s.stale(in, a, at) {
			continue
		}
		op := at.op
		if op.bulkhead > 0 && in.inOp[op.ordinal] >= op.bulkhead {
			s.throwOut(a, at, topology.BulkheadFull)
			continue
		}
		if op.tracked {
			in.inOp[op.ordinal]++
		}
		s.takeThread(in)
		at.state = taken
		op.waitingTime.add(s.now-at.arrived, at.flags&countedHere != 0)
		op.waited(at)
		if op.marked {
			s.spanThread(a)
		}
		s.soon(doBegin, a)
	}
}

func (s *System) enqueue(in *instance, a int32, at *attempt) {
	at.state = waiting
	at.until = des.Never
	if in.codel {
		if in.queued == 0 {
			in.lastEmpty = s.now
		}
		at.until = later(s.now, des.Time(policy.QueueTimeout(s.now.Duration(), in.lastEmpty.Duration())))
	}
	if at.flags&low != 0 {
		in.lows++
	}
	at.next, at.prev = none, in.tail
	if in.tail >= 0 {
		s.attempts[in.tail].next = a
	} else {
		in.head = a
	}
	in.tail = a
	in.queued++
	op, sv := at.op, in.service
	op.queue.enter(s.now)
	op.queueMax.see(int32(op.queue.n))
	sv.queued++
	sv.queueMax.see(sv.queued)
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
	if at.flags&low != 0 {
		in.lows--
	}
	in.queued--
	at.op.queue.leave(s.now)
	in.service.queued--
}

// resize changes the number of threads. What is at work goes on to its end.
func (s *System) resize(in *instance, size int32) {
	if in.size != size {
		s.setSize(in, size)
		s.touch(in)
	}
}

func (s *System) setSize(in *instance, size int32) {
	in.idle += size - in.size
	in.size = size
	s.countThreads(in)
	s.bookPausedIdle(in)
}

// countThreads books the threads that an instance has: its pool's, or as many as are
// still at work where the pool has become smaller. Those of one that is down are
// down.
func (s *System) countThreads(in *instance) {
	if !in.bounded {
		return
	}
	in.capacity.set(s.now, int64(max(in.size, in.size-in.idle)))
	down := int64(0)
	if !in.up {
		down = int64(in.size)
	}
	in.downThreads.set(s.now, down)
}
