package sim

import (
	"cascade/sim/hist"
	"cascade/topology"
)

// eachGroup runs over the groups of all streams.
func (s *System) eachGroup(f func(*group)) {
	for i := range s.queues {
		if l := s.queues[i].logs; l != nil {
			for _, g := range l.groups {
				f(g)
			}
		}
	}
}

// eachAging runs over all ages.
func (s *System) eachAging(f func(*aging)) {
	for i := range s.queues {
		if q := &s.queues[i]; !q.stream() {
			f(&q.ages.age)
		}
	}
	s.eachGroup(func(g *group) {
		for _, r := range g.readings {
			f(&r.age)
		}
	})
}

// eachPeak runs over the peaks of queues and groups, and how much there is now.
func (s *System) eachPeak(f func(p *peak, n int64)) {
	for i := range s.queues {
		if q := &s.queues[i]; !q.stream() {
			f(&q.depthMax, q.waiting.n)
			f(&q.lagMax, q.waiting.n+q.holding.n)
		}
	}
	s.eachGroup(func(g *group) {
		f(&g.depthMax, g.waiting.n)
		f(&g.lagMax, g.waiting.n+g.holding.n)
		for _, r := range g.readings {
			f(&r.lagMax, r.lag.n)
		}
	})
}

// tellPublishes tells of the publish steps, since the last sample or in all.
func (s *System) tellPublishes(tallies []PublishTally, total bool) {
	for i := range s.publishes {
		e, t := &s.publishes[i], &tallies[i]
		from := &e.seen
		if total {
			from = &e.uncounted
		}
		subtract(&t.Failed, &e.count.callOutcomes, &from.callOutcomes)
		t.Published, t.Failed[topology.Success] = t.Failed[topology.Success], 0
		t.Blocked = e.count.blocked - from.blocked
		if !total {
			e.seen = e.count
		}
	}
}

// tellQueues tells of the queues, since the last sample or in all.
func (s *System) tellQueues(tallies []QueueTally, rd *reader, total bool) {
	for i := range s.queues {
		q, t := &s.queues[i], &tallies[i]
		from := &q.seen
		if total {
			from = &q.uncounted
		}
		t.Published = q.count.published - from.published
		t.Full, t.Refused, t.TimedOut = q.count.full-from.full, q.count.refused-from.refused, q.count.timedOut-from.timedOut
		t.Redriven = q.count.redriven - from.redriven
		if q.stream() {
			s.tellGroups(q, t, rd, total)
		} else {
			tellCounts(&t.GroupTally, &q.count, from)
			t.Left = uint64(q.waiting.n + q.holding.n)
			t.Latency = rd.spread(&q.latencies)
			t.WaitingTime, t.HeldTime = rd.grow(&q.waiting, rd.now), rd.grow(&q.holding, rd.now)
			t.DepthMax, t.LagMax = rd.most(&q.depthMax, q.waiting.n), rd.most(&q.lagMax, q.waiting.n+q.holding.n)
			t.AgeMean, t.AgeMax = 0, 0 // a Sample is used again
			tellAge(&t.GroupTally, &q.ages.age, rd)
		}
		if !total {
			q.seen = q.count
		}
	}
	if total {
		s.countWaiting(tallies)
	}
}

func tellCounts(t *GroupTally, a, b *queueCount) {
	t.Delivered, t.Redelivered, t.Duplicates = a.delivered-b.delivered, a.redelivered-b.redelivered, a.duplicates-b.duplicates
	t.Acknowledged, t.DeadLettered, t.Dropped = a.acknowledged-b.acknowledged, a.deadLettered-b.deadLettered, a.dropped-b.dropped
}

// tellAge tells the age of the oldest, the worst of those that a group has.
func tellAge(t *GroupTally, a *aging, rd *reader) {
	area, most := rd.age(a, rd.now)
	if span := rd.now - rd.from; span > 0 {
		t.AgeMean = max(t.AgeMean, area/float64(span))
	}
	t.AgeMax = max(t.AgeMax, most)
}

// tellGroups tells of a stream's groups, and sums them up: the counts of all, and of
// what is left the worst's.
func (s *System) tellGroups(q *queue, t *QueueTally, rd *reader, total bool) {
	t.GroupTally = GroupTally{}
	for k, g := range q.logs.groups {
		tg := &t.Groups[k]
		from := &g.seen
		if total {
			from = &g.uncounted
		}
		tellCounts(tg, &g.count, from)
		if total {
			tg.Acknowledged -= g.undone.acknowledged - g.undoneEarly.acknowledged
			tg.DeadLettered -= g.undone.deadLettered - g.undoneEarly.deadLettered
			tg.Dropped -= g.undone.dropped - g.undoneEarly.dropped
		}
		tg.Latency = rd.dist(&g.latencyOf)
		tg.Left = uint64(g.waiting.n + g.holding.n)
		tg.WaitingTime, tg.HeldTime = rd.grow(&g.waiting, rd.now), rd.grow(&g.holding, rd.now)
		tg.DepthMax, tg.LagMax = rd.most(&g.depthMax, g.waiting.n), rd.most(&g.lagMax, g.waiting.n+g.holding.n)
		tg.AgeMean, tg.AgeMax = 0, 0
		for i, r := range g.readings {
			tp := &tg.Partitions[i]
			tp.Left = uint64(r.lag.n)
			tp.LagTime, tp.LagMax = rd.grow(&r.lag, rd.now), rd.most(&r.lagMax, r.lag.n)
			tp.Acknowledged = r.acked.count - r.acked.seen
			if total {
				tp.Acknowledged = r.acked.count - r.acked.uncounted - (r.unread.count - r.unread.uncounted)
			} else {
				r.acked.seen = r.acked.count
			}
			tellAge(tg, &r.age, rd)
		}
		if !total {
			g.seen = g.count
		}
		t.add(tg)
	}
	if t.Latency == nil {
		t.Latency = new(hist.Hist)
	}
}

// add sums a group up with others.
func (t *QueueTally) add(g *GroupTally) {
	t.Delivered += g.Delivered
	t.Redelivered += g.Redelivered
	t.Duplicates += g.Duplicates
	t.Acknowledged += g.Acknowledged
	t.DeadLettered += g.DeadLettered
	t.Dropped += g.Dropped
	t.Left = max(t.Left, g.Left)
	if lag := g.WaitingTime + g.HeldTime; lag > t.WaitingTime+t.HeldTime {
		t.WaitingTime, t.HeldTime = g.WaitingTime, g.HeldTime
	}
	t.DepthMax, t.LagMax = max(t.DepthMax, g.DepthMax), max(t.LagMax, g.LagMax)
	t.AgeMean, t.AgeMax = max(t.AgeMean, g.AgeMean), max(t.AgeMax, g.AgeMax)
	if t.Latency == nil {
		t.Latency = g.Latency
	} else {
		t.Latency = hist.Merged(t.Latency, g.Latency)
	}
}

// countWaiting counts, record by record, what waits or is held and counts.
func (s *System) countWaiting(tallies []QueueTally) {
	for i := range s.messages {
		ms := &s.messages[i]
		if ms.state == msgFree || ms.flags&msgCounted == 0 {
			continue
		}
		if ms.state == held {
			tallies[ms.q.number].Held++
		} else {
			tallies[ms.q.number].Waiting++
		}
	}
	for i := range s.queues {
		l := s.queues[i].logs
		if l == nil {
			continue
		}
		t := &tallies[i]
		for k, g := range l.groups {
			tg := &t.Groups[k]
			for j, r := range g.readings {
				held, waiting := r.countLeft()
				tg.Held += held
				tg.Waiting += waiting
				tg.Partitions[j].Lag = held + waiting
			}
			t.Waiting = max(t.Waiting, tg.Waiting)
			t.Held += tg.Held
		}
	}
}

// countLeft counts what of a partition is held, and what waits, of what counts.
func (r *reading) countLeft() (held, waiting uint64) {
	for k := range r.held {
		if r.p.at(r.first + k).counted {
			held++
		}
	}
	for off := r.next; off < r.p.end(); off++ {
		if r.p.at(off).counted {
			waiting++
		}
	}
	return held, waiting
}

// newQueueTallies makes room to tell of queues and publish steps.
func (s *System) newQueueTallies(t *Tallies) {
	t.Queues = make([]QueueTally, len(s.queues))
	t.Publishes = make([]PublishTally, len(s.publishes))
	for i := range s.queues {
		l := s.queues[i].logs
		if l == nil {
			continue
		}
		t.Queues[i].Groups = make([]GroupTally, len(l.groups))
		for k := range l.groups {
			t.Queues[i].Groups[k].Partitions = make([]PartitionTally, len(l.parts))
		}
	}
}
