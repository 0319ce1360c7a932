package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/topology"
)

// A backlog is a time in which messages piled up in a queue, or a group of a stream
// fell behind.
type backlog struct {
	queue, reader int
	from, until   des.Time // points; until is the run's end where it was still there
	most          float64  // messages, on average over the worst point; or the most at once, where that is known of it
	mostAt        des.Time
	age           float64 // seconds, of the oldest at that time
	hot           int     // partition that is far behind the others then; -1: none is
	hotShare      float64 // of the lag
	stuck         []int   // atEnd: partitions whose first message fails again and again

	atEnd   bool
	shrinks float64 // atEnd: messages a second by which it shrinks, or, below 0, grows; 0 where it is not sure which
	unusual bool    // it has its reason in a fault or in failures, and there was none before
	told    bool    // worth telling: also where it just lasts
}

// fewestMessages make a backlog, however few come.
const fewestMessages = 10

// backlogs finds when messages piled up. What may pile up for no reason is what the
// consumers' threads can hold, what is not readable yet, and what comes in two
// intervals; before the first fault also half of what there is later. A backlog
// lasts from the first to the last point at which there was more than ever before
// the first fault (or more than a tenth of the above), and in between there was more
// than all that at some time. Of a bounded queue half of its capacity is enough. One
// that was there before the first fault is told, and is nobody's fault. What nobody
// consumes is no backlog.
func (c *Collector) backlogs() (all []backlog) {
	for q := range c.queues {
		for g := range c.queues[q].readers {
			if len(c.plan.Topology.Groups(q)) > 0 {
				all = append(all, c.backlogsOf(q, g)...)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b backlog) int { return cmp.Compare(a.from, b.from) })
	return all
}

func (c *Collector) backlogsOf(queue, reader int) (found []backlog) {
	t, def := &c.timeline, &c.plan.Topology.Queues[queue]
	s := &t.Queues[queue]
	r := &s.Readers[reader]
	threads, bounded := c.consumerThreads(queue, reader)
	level := r.Lag
	if !bounded { // all that is handed out is at work
		level = func(n int) float64 { return r.Depth[n] }
	}
	published := uint64(0)
	for _, n := range s.Published {
		published += n
	}
	rate := perSecond(published, c.reached)
	usual := threads + float64(rate*def.Latency.Mean()/1e9)
	high := max(fewestMessages, usual+float64(2*rate*c.plan.Interval.Seconds()))
	if def.Kind == topology.WorkQueue && def.Capacity != topology.Unlimited {
		high = min(high, max(float64(def.Capacity)/2, 1))
	}
	low := min(high, max(usual, high/10))
	calm, before := 0.0, len(c.plan.Faults) > 0
	first := c.firstFault()
	for n, at := range t.Starts {
		if before && at >= c.calmFrom() && at+t.Point <= first {
			calm = max(calm, level(n))
		}
	}
	already := calm >= high
	if !already {
		low = max(low, min(calm, high))
		high = max(high, 2*calm)
	}
	for n := 0; n < len(t.Starts); n++ {
		if level(n) <= low {
			continue
		}
		b := backlog{queue: queue, reader: reader, from: t.Starts[n], hot: -1}
		worst := n
		for ; n < len(t.Starts) && level(n) > low; n++ {
			if level(n) > level(worst) {
				worst = n
			}
		}
		b.until = c.reached
		if n < len(t.Starts) {
			b.until = t.Starts[n]
		} else {
			b.atEnd = true
			b.shrinks = c.shrinks(s.Published, level, b.from, t.Starts[worst])
			b.stuck = c.stuck(queue, reader)
		}
		if b.most = level(worst); b.most < high {
			continue
		}
		b.mostAt, b.age = t.Starts[worst], r.Age[worst]
		b.findHot(r, worst)
		if p := &c.queues[queue].readers[reader].peak; p.lag > 0 && p.from >= b.from && p.from < b.until {
			b.most, b.mostAt, b.age = float64(p.lag), p.from, max(b.age, p.age.Seconds())
		}
		b.unusual = before && !already && b.until > first && c.hasReason(b.from, b.until)
		b.told = b.unusual || b.until-b.from >= c.while()
		found = append(found, b)
	}
	return found
}

// shrinks is by how many messages a second a backlog shrinks at the end of the run;
// below 0 it grows, and at 0 that cannot be told from luck. The second half of the
// time since it was the largest (or since it began, if that is now; and since all
// faults were over), a quiet time at least, is cut in two, and the smallest levels of both are compared: with batches that are
// acknowledged together a level is a saw, and its feet tell where it goes. The
// difference must be twice the standard deviation of what came (as if by Poisson).
func (c *Collector) shrinks(published []uint64, level func(int) float64, from, worst des.Time) float64 {
	t := &c.timeline
	since := worst
	if worst >= c.reached-c.quiet() { // it may have grown all along
		since = from
	}
	if c.lastFault < c.reached {
		since = max(since, c.lastFault)
	}
	half := max(int(max((c.reached-since)/2, c.quiet())/2/t.Point), 1) // points
	var feet [2]float64
	var seen [2]bool
	came := uint64(0)
	last := len(t.Starts) - 1
	for n := last; n >= 0 && n > last-2*half; n-- {
		k := 0
		if n > last-half {
			k, came = 1, came+published[n]
		}
		if l := level(n); !seen[k] || l < feet[k] {
			feet[k], seen[k] = l, true
		}
	}
	fewer := feet[0] - feet[1]
	if !seen[0] || !seen[1] || math.Abs(fewer) <= 2*math.Sqrt(float64(came)) {
		return 0
	}
	return fewer / (des.Time(half) * t.Point).Seconds()
}

// isHot says whether a partition's share of a lag is far beyond that of the others:
// twice its part, or a quarter of what is beyond its part, and a fifth of all.
func isHot(share float64, partitions int) bool {
	part := 1 / float64(partitions)
	return partitions > 1 && share >= max(0.2, min(2*part, part+float64((1-part)/4)))
}

// findHot finds the partition that is far behind in a point.
func (b *backlog) findHot(r *ReaderSeries, n int) {
	sum, most := 0.0, 0
	for k := range r.Partitions {
		sum += r.Partitions[k][n]
		if r.Partitions[k][n] > r.Partitions[most][n] {
			most = k
		}
	}
	if sum > 0 && isHot(r.Partitions[most][n]/sum, len(r.Partitions)) {
		b.hot, b.hotShare = most, r.Partitions[most][n]/sum
	}
}

// consumerThreads are the threads of a reader's services, times the messages that
// each takes at once; not bounded where one of them has unlimited threads.
func (c *Collector) consumerThreads(queue, reader int) (threads float64, bounded bool) {
	def := &c.plan.Topology.Queues[queue]
	groups := c.plan.Topology.Groups(queue)
	if def.Kind == topology.Stream { // no more of them work than there are partitions
		return float64(def.Partitions), true
	}
	for _, g := range groups {
		s := &c.plan.Topology.Services[g]
		if s.Threads == topology.Unlimited {
			return 0, false
		}
		n := s.Instances
		if s.Autoscale != nil {
			n = max(n, s.Autoscale.Max)
		}
		for k := range s.Consumes {
			if s.Consumes[k].Queue == queue {
				threads += float64(n * s.Threads * max(s.Consumes[k].Batch, 1))
			}
		}
	}
	return threads, true
}

// hasReason says whether a fault was in force in a time or shortly before it, or a
// source failed near it.
func (c *Collector) hasReason(from, until des.Time) bool {
	for i := range c.plan.Faults {
		if inForce(&c.plan.Faults[i], from-10*c.plan.Interval, until) {
			return true
		}
	}
	return c.sourceFailed(from-c.slack(), until+c.slack())
}

// stuck are the partitions of a stream in which, at the end of the run, the first
// message has failed again and again for a quiet time or more: nothing behind it was
// read, there was something to read, and it came again twice or more. Where members
// are put out of the group for being slow (more than a crash and a return explain),
// messages come again for that.
func (c *Collector) stuck(queue, reader int) (partitions []int) {
	been, f := queueAt(c.plan, queue, c.reached), &c.queues[queue].readers[reader]
	if !slices.ContainsFunc(been, func(q topology.Queue) bool { return q.OnFailure == topology.RetryInPlace }) {
		return nil
	}
	polls := slices.ContainsFunc(been, func(q topology.Queue) bool { return q.MaxPoll != nil })
	for k, p := range f.partitions {
		putOut := polls && f.rebalanced.n > p.rebalanced+2
		if p.stands <= c.reached-c.quiet() && f.redelivered >= p.redelivered+2 && !putOut {
			partitions = append(partitions, k)
		}
	}
	return partitions
}

// behind is how much of a backlog's lag in the last point is in stuck partitions.
func (c *Collector) behind(b *backlog) float64 {
	n, lag := len(c.timeline.Starts)-1, 0.0
	r := &c.timeline.Queues[b.queue].Readers[b.reader]
	for _, k := range b.stuck {
		lag += r.Partitions[k][n]
	}
	return lag / max(r.Lag(n), 1)
}

// worsens says whether a backlog that has its reason in a fault is there at the end
// and will not go by itself: it grows, or what is handed out again feeds it. One that
// neither shrinks nor grows, as far as can be told, may just take its time; and one
// nearly all of which waits behind a message that fails again and again has its
// reason still there.
func (c *Collector) worsens(b *backlog) bool {
	return b.unusual && b.atEnd && c.behind(b) < 0.9 && (b.shrinks < 0 || b.shrinks == 0 && c.feedsItself(b))
}

// muchAgain of what is handed out being repeats is a load of its own.
const muchAgain = 0.1

// feedsItself says whether what a queue, or a group, hands out again keeps it, or what
// it consumes for, from getting back: one in a hundred deliveries was a duplicate of
// one that was still at work; or repeats were a large part of them, and somebody who
// works on them was saturated at the end.
func (c *Collector) feedsItself(b *backlog) bool {
	f := &c.queues[b.queue].readers[b.reader].afterFaults
	again := c.again(b)
	if again >= 0.01 && ratio(f.duplicates, f.delivered) >= 0.01 {
		return true
	}
	if again < muchAgain {
		return false
	}
	groups := c.plan.Topology.Groups(b.queue)
	if c.timeline.Queues[b.queue].stream {
		groups = groups[b.reader : b.reader+1]
	}
	at := slices.Clone(groups)
	works := make([]bool, len(c.services))
	for len(at) > 0 {
		s := at[0]
		at = at[1:]
		if works[s] {
			continue
		}
		works[s] = true
		for _, way := range c.leaving[s] {
			if way < len(c.edges) {
				at = append(at, c.edges[way].To.Service)
			}
		}
	}
	return slices.ContainsFunc(c.spans, func(s saturated) bool { return works[s.service] && s.Until > c.reached-c.quiet() })
}

// again is the share of redeliveries among all of a backlog's since the last fault,
// beyond their share before the first.
func (c *Collector) again(b *backlog) float64 {
	f := &c.queues[b.queue].readers[b.reader]
	return ratio(f.afterFaults.redelivered, f.afterFaults.delivered) - ratio(f.calm.redelivered, f.calm.delivered)
}

// drains says of each service whether, at the end of the run, it was working off a
// backlog: its threads are all held then, and nothing is wrong with that.
func (c *Collector) drains(all []backlog) []bool {
	of := make([]bool, len(c.services))
	for i := range all {
		b := &all[i]
		if !b.atEnd || c.worsens(b) {
			continue
		}
		groups := c.plan.Topology.Groups(b.queue)
		if c.timeline.Queues[b.queue].stream {
			groups = groups[b.reader : b.reader+1]
		}
		for _, g := range groups {
			of[g] = true
		}
	}
	return of
}

// queueLoop is the queue, or group, of those that feed themselves, with the largest
// share of redeliveries among what it handed out after the last fault, beyond their
// share before the first; nil where none does.
func (c *Collector) queueLoop() (worst *backlog, share float64) {
	for q := range c.queues {
		for g := range c.queues[q].readers {
			b := &backlog{queue: q, reader: g}
			if again := c.again(b); again > share && len(c.plan.Topology.Groups(q)) > 0 && c.feedsItself(b) {
				worst, share = b, again
			}
		}
	}
	return worst, share
}

// loopOfQueue is the loop over a queue's redeliveries.
func (c *Collector) loopOfQueue(b *backlog) *Loop {
	name := c.plan.Topology.Queues[b.queue].Name
	group := c.plan.Topology.Groups(b.queue)[b.reader] // of a queue of work the first of its consumers
	after := &c.queues[b.queue].readers[b.reader].afterFaults
	first := max(after.delivered-min(after.redelivered, after.delivered), 1)
	return &Loop{
		Queue: name, Edge: name + "->" + c.plan.Topology.Services[group].Name,
		Retries: ratio(after.redelivered, after.delivered), Amplification: ratio(after.delivered, first),
	}
}

// Bounds of what is told of queues one by one.
const (
	maxToldBacklogs   = 3
	maxToldLosses     = 3
	maxToldRebalanced = 2
	maxToldDone       = 2

	oftenRebalanced = 10   // times
	standsStill     = 0.01 // of the run
)

// readerName is a queue's name, or that of a group with its stream's.
func (q *Queue) readerName(group string) string {
	if !q.Stream {
		return q.Name
	}
	return group + " on " + q.Name
}

// tellBacklogs tells of each queue's, or group's, largest backlog that is worth
// telling, or the one that is there at the end: since when, how much, until when; and
// says how many queues it left out.
func (r *Report) tellBacklogs(t *telling) (more int) {
	all := r.Cascade.backlogs
	type place struct{ queue, reader int }
	largest, count := map[place]int{}, map[place]int{}
	var order []place
	for i := range all {
		b := &all[i]
		if !b.told {
			continue
		}
		if t.long {
			r.tellBacklog(b, 1, t)
			continue
		}
		p := place{b.queue, b.reader}
		if count[p]++; count[p] == 1 {
			order = append(order, p)
			largest[p] = i
		} else if b.atEnd || b.most > all[largest[p]].most {
			largest[p] = i
		}
	}
	for k, p := range order {
		if k == maxToldBacklogs {
			return len(order) - maxToldBacklogs
		}
		r.tellBacklog(&all[largest[p]], count[p], t)
	}
	return 0
}

func (r *Report) tellBacklog(b *backlog, times int, t *telling) {
	q := &r.Queues[b.queue]
	reader, subject := &q.Reader, q.Name+": messages piled up"
	if q.Stream {
		reader = &q.Groups[b.reader]
		subject = reader.Name + " fell behind on " + q.Name
	}
	again := ""
	switch {
	case times == 2:
		again = " (and once more)"
	case times > 2:
		again = fmt.Sprintf(" (and %s more times)", grouped(uint64(times-1)))
	}
	from := r.since(b.from, r.Timeline.Point)
	text := fmt.Sprintf("%s %s%s, at most %s not done at %s", subject, r.until(b.until), again, grouped(uint64(b.most+0.5)), clock(max(r.since(b.mostAt, r.Interval), from)))
	if b.age > 0 {
		text += fmt.Sprintf(", the oldest %s", brief(b.age))
	}
	if b.hot >= 0 && len(b.stuck) == 0 {
		text += fmt.Sprintf(", %s of them in partition %d", roughly(b.hotShare), b.hot)
	}
	switch {
	case !b.atEnd:
	case len(b.stuck) > 0:
		text += fmt.Sprintf("; %s left, %s", grouped(reader.Left), reader.stuckBehind(b.stuck))
	case b.shrinks > 0:
		text += fmt.Sprintf("; %s left, gone after %s more at this rate", grouped(reader.Left), brief(float64(reader.Left)/b.shrinks))
	case b.shrinks < 0:
		text += fmt.Sprintf("; %s left, and %s/s more all the time", grouped(reader.Left), decimal(-b.shrinks))
	default:
		text += fmt.Sprintf("; %s left, and no fewer", grouped(reader.Left))
	}
	t.at(from, "%s", text)
}

// stuckBehind tells how many messages wait behind those that fail again and again.
func (r *Reader) stuckBehind(partitions []int) string {
	lag := uint64(0)
	for _, k := range partitions {
		lag += r.Partitions[k].left
	}
	which := fmt.Sprintf("one in partition %d that fails", partitions[0])
	if n := len(partitions); n > 1 {
		which = fmt.Sprintf("the first of %d partitions, which fail", n)
	}
	return fmt.Sprintf("%s of them behind %s again and again", grouped(lag-min(lag, uint64(len(partitions)))), which)
}

// A loss is something that became of messages, or of publishes.
type loss struct {
	times *times
	text  string // with the number in it
}

// tellLosses tells what was turned away, dropped or dead-lettered, each queue's from
// the first to the last interval in which it was: the first few, all are in the
// totals.
func (r *Report) tellLosses(t *telling) {
	var all []loss
	add := func(of *times, format string, args ...any) {
		if of.n > 0 {
			all = append(all, loss{of, fmt.Sprintf(format, args...)})
		}
	}
	for i := range r.Queues {
		q := &r.Queues[i]
		add(&q.outage, "%s was out: it refused %s", q.Name, plural(q.outage.n, "publish", "publishes"))
		add(&q.full, "%s was full: it turned away %s", q.Name, plural(q.full.n, "publish", "publishes"))
		for _, g := range q.readers() {
			add(&g.dead, "%s: %s to %s", q.readerName(g.Name), several(int(g.dead.n), "dead letter"), q.deadLetters)
			add(&g.dropped, "%s: %s dropped%s", q.readerName(g.Name), several(int(g.dropped.n), "message"), g.loss)
		}
	}
	for i := range all[:min(len(all), t.most(maxToldLosses))] {
		of := all[i].times
		until := " " + r.until(of.to)
		if of.last == of.from {
			until = ""
		}
		t.at(r.since(of.from, r.Interval), "%s%s", all[i].text, until)
	}
}

// tellRebalances tells of the first few groups of streams that were dealt out anew so
// often, or stood still for so long, that it cost them something, or because a member
// was put out for being slow: then its batch comes again.
func (r *Report) tellRebalances(t *telling) {
	told := 0
	for i := range r.Queues {
		q := &r.Queues[i]
		for k := range q.rebalanced {
			dealt, putOut := &q.rebalanced[k], &q.putOut[k]
			still := q.rebalance.most * des.Time(dealt.n)
			if told == t.most(maxToldRebalanced) || dealt.n == 0 || putOut.n == 0 && dealt.n < oftenRebalanced && float64(still) < standsStill*float64(r.End) {
				continue
			}
			told++
			text, tell := q.readerName(q.Groups[k].Name)+": ", t.again
			if putOut.n > 0 { // no table tells of it
				tell = t.at
				text += fmt.Sprintf("put out of the group, a batch took longer than %s (max_poll); ", q.maxPoll)
			}
			text += "rebalanced " + plural(dealt.n, "time", "times")
			if still > 0 {
				text += fmt.Sprintf(", %s without reading each time", q.rebalance)
			}
			if dealt.last > dealt.from {
				text += ", last at " + clock(r.since(dealt.last, r.Interval))
			}
			tell(r.since(dealt.from, r.Interval), "%s", text)
		}
	}
}

// plural is a number of things whose plural takes more than an s.
func plural(n uint64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(n) + " " + many
}

// mostAgain tells of the queue, or the group of a stream, that was handed most messages
// more than once, from one in a hundred hand-outs on; "" where none was. Much is a tenth
// of them or more, with duplicates among them.
func (r *Report) mostAgain() (text string, much bool) {
	var most *Reader
	name := ""
	for i := range r.Queues {
		q := &r.Queues[i]
		for k, g := range q.readers() {
			told := slices.ContainsFunc(r.Cascade.backlogs, func(b backlog) bool { return b.queue == i && b.reader == k && b.told && len(b.stuck) > 0 }) // whose they are
			if ratio(g.Redelivered, g.Delivered) >= 0.01 && !told && (most == nil || g.Redelivered > most.Redelivered) {
				most, name = g, fmt.Sprintf("%s deliveries", whose(q.Name))
				if q.Stream {
					name = fmt.Sprintf("%s deliveries to %s", whose(q.Name), g.Name)
				}
			}
		}
	}
	if most == nil {
		return "", false
	}
	first := most.Delivered - most.Redelivered
	var more []string
	if first > 0 {
		more = append(more, decimal(ratio(most.Delivered, first))+" a message")
	}
	if most.Duplicates > 0 {
		more = append(more, several(int(most.Duplicates), "duplicate"))
	}
	share := ratio(most.Redelivered, most.Delivered)
	text = fmt.Sprintf("%s of %s were repeats", roughly(share), name)
	if len(more) > 0 {
		text += " (" + strings.Join(more, ", ") + ")"
	}
	return text, share >= muchAgain && most.Duplicates > 0
}

// done tells of sources whose answer came long before all was done that it set off:
// after twice the time or more; or of which something was given up, or not done by
// the end: if that is one in a hundred or more, how many, for then there is no p99.
func (r *Report) done(t *telling) (lines []string) {
	for i := range r.Sources {
		s := &r.Sources[i]
		later := s.Completion.Count > 0 && s.Completed.p99 >= 2*s.Latency.P99
		if !s.Publishes || !later && s.Lost == 0 && s.Unfinished == 0 || s.Latency.Count == 0 || len(lines) == t.most(maxToldDone) {
			continue
		}
		when, left := "at the end", "at the end"
		if t.long && !r.Complete {
			when, left = "yet", "now"
		}
		text := fmt.Sprintf("%s: answered p99 %s", s.Name, brief(s.Latency.P99))
		lost, unfinished := grouped(s.Lost)+" lost", grouped(s.Unfinished)+" not done "+when
		if s.undone(0.99) == "" {
			text += ", done p99 " + brief(s.Completed.p99)
			if s.Lost > 0 {
				text += "; " + lost
			}
			if s.Unfinished > 0 {
				text += "; " + unfinished
			}
		} else {
			share := roughly(ratio(s.Lost+s.Unfinished, s.Completion.Count+s.Lost+s.Unfinished))
			switch {
			case s.Unfinished == 0:
				text += fmt.Sprintf(", but %s never done: %s", share, lost)
			case s.Lost == 0:
				text += fmt.Sprintf(", but %s not done %s: %s", share, when, grouped(s.Unfinished))
			default:
				text += fmt.Sprintf(", but %s not done: %s, %s left %s", share, lost, grouped(s.Unfinished), left)
			}
		}
		lines = append(lines, text)
	}
	return lines
}

// leftOver tells of messages that wait where nobody consumes them; "" where none do.
func (r *Report) leftOver() string {
	var parts []string
	for i := range r.Queues {
		if q := &r.Queues[i]; len(q.consumers) == 0 && !q.Stream && q.Left > 0 {
			parts = append(parts, fmt.Sprintf("%s in %s", several(int(q.Left), "message"), q.Name))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "nobody consumes what is left: " + strings.Join(parts, ", ")
}

// lossOf says why a reader may have dropped messages of a queue, by what that has been,
// where there is but one reason.
func lossOf(been []topology.Queue, t *sim.GroupTally) string {
	var reasons []string
	may := func(reason string, of func(q *topology.Queue) bool) {
		if slices.ContainsFunc(been, func(q topology.Queue) bool { return of(&q) }) {
			reasons = append(reasons, reason)
		}
	}
	if been[0].Kind == topology.Stream {
		may("past its retention", func(q *topology.Queue) bool { return q.Retention > 0 && t.AgeMax >= des.Time(q.Retention) })
		may("failed and skipped", func(q *topology.Queue) bool { return q.OnFailure == topology.SkipFailed })
	} else {
		may("it was full", func(q *topology.Queue) bool {
			return q.Capacity != topology.Unlimited && q.OnFull == topology.DropOldest && t.DepthMax >= uint64(q.Capacity)
		})
		may("too old", func(q *topology.Queue) bool { return q.TTL > 0 && t.AgeMax >= des.Time(q.TTL) })
		may("failed too often", func(q *topology.Queue) bool { return q.MaxReceives > 0 && q.DeadLetter < 0 && t.Redelivered > 0 })
	}
	if len(reasons) == 0 {
		return ""
	}
	return " (" + strings.Join(reasons, " or ") + ")"
}
