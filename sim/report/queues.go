package report

import (
	"slices"
	"strings"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/topology"
)

// A Queue is a queue's totals. Of a stream the counts of the Reader in it are sums
// over the groups, and waiting, lag, depths, ages and drain time the worst group's.
type Queue struct {
	Stream           bool
	Published        uint64 // taken by the broker
	Full             uint64 // publishes turned away for want of a place
	Refused          uint64 // publishes turned away because of an outage
	TimedOut         uint64 // publishes that waited too long for a place, or whose publisher was gone
	Redriven         uint64 // moved to another queue; in Acknowledged too
	PublishedRate    float64
	AcknowledgedRate float64 // a second, as is PublishedRate
	Reader                   // with the queue's name
	Groups           []Reader
	Publishers       []Publisher

	consumers    []string // services
	full, outage times    // publishes turned away, in the whole run
	rebalanced   []times  // of each group, likewise
	putOut       []times  // those that a member made that was put out of the group, or came back from it
	maxPoll      fromTo   // how long a batch may take; 0: as long as it likes
	rebalance    fromTo   // for so long it reads nothing then
	redriven     times    // likewise, to another queue
	redrivenAge  float64  // seconds, of the oldest of them
	deadLetters  string   // the queue that they go to, or one or the other; "" without one
}

// A fromTo is a key's duration: one, or where sets change it from the least to the most.
type fromTo struct{ least, most des.Time }

func (s fromTo) String() string {
	if s.least == s.most {
		return clock(s.most)
	}
	return clock(s.least) + " to " + clock(s.most)
}

func (s fromTo) with(d des.Time) fromTo { return fromTo{min(s.least, d), max(s.most, d)} }

// queueAt is what a queue has been up to an instant: as the topology has it, and as it was
// made by the sets on it that had begun, each by itself, and all of them.
func queueAt(p *sim.Plan, queue int, at des.Time) []topology.Queue {
	all := p.Topology.Queues[queue]
	been := []topology.Queue{all}
	for i := range p.Faults {
		if f := &p.Faults[i]; f.Kind == sim.Set && f.From <= at && slices.Contains(f.Queues, queue) {
			one := p.Topology.Queues[queue]
			f.Set.ApplyTo(&one)
			f.Set.ApplyTo(&all)
			been = append(been, one)
		}
	}
	if len(been) > 2 {
		been = append(been, all)
	}
	return been
}

// Rejected are the publishes that were not taken.
func (q *Queue) Rejected() uint64 { return q.Full + q.Refused + q.TimedOut }

// A Reader is what became of the messages of a queue of work, or of those of a
// stream in one of its groups.
type Reader struct {
	Name                                string // the group's service, or the queue
	Delivered, Redelivered, Duplicates  uint64 // hand-outs; beyond a message's first; while another one was still held
	Acknowledged, DeadLettered, Dropped uint64
	Waiting, Held, Lag                  uint64  // at the end, of what was published after the warm-up; Lag is what is not acknowledged, both together
	Left                                uint64  // not acknowledged at the end, whenever published
	DepthMean, LagMean                  float64 // messages waiting; not acknowledged
	DepthMax, LagMax                    uint64
	AgeMean, AgeMax                     float64 // seconds, of the oldest that waits
	Drain                               float64 // seconds until the lag is gone at the rates of late; -1: it does not shrink
	Latency                             Distribution
	Partitions                          []Partition // of a stream's group

	p99           float64 // seconds, of what is acknowledged or dropped; Latency's own is of the survivors
	dead, dropped times   // in the whole run: dead letters, dropped
	loss          string  // why messages may have been dropped
}

// readers are a queue itself, or a stream's groups.
func (q *Queue) readers() []*Reader {
	if !q.Stream {
		return []*Reader{&q.Reader}
	}
	of := make([]*Reader, len(q.Groups))
	for i := range q.Groups {
		of[i] = &q.Groups[i]
	}
	return of
}

// A Partition is what a group has left of a partition.
type Partition struct {
	Lag          uint64 // at the end, of what was published after the warm-up
	LagMean      float64
	LagMax       uint64
	Acknowledged uint64

	left uint64 // at the end, whenever published
}

// A Publisher is a publish step's totals.
type Publisher struct {
	ID        string
	Published uint64
	Failed    [topology.NumOutcomes]uint64 // rejected: full; refused: outage; timeout; cancelled: the publisher was gone
	Blocked   uint64                       // had to wait for a place
}

// QueueSeconds is thread time blocked on a queue.
type QueueSeconds struct {
	Queue   string
	Seconds float64
}

// A QueueSeries is a queue over time.
type QueueSeries struct {
	Name                    string
	Published, Acknowledged []uint64
	Readers                 []ReaderSeries // one of a queue of work, without a name; one a group of a stream
	stream                  bool
}

// A ReaderSeries is a queue of work, or a group of a stream, over time.
type ReaderSeries struct {
	Name        string
	Depth, Held []float64   // messages waiting, and handed out
	Age         []float64   // seconds, of the oldest that waits
	Partitions  [][]float64 // lag of each, by time
	left        []uint64    // acknowledged, dead-lettered or dropped
}

// Lag is what was not acknowledged in a point, on average.
func (s *ReaderSeries) Lag(n int) float64 { return s.Depth[n] + s.Held[n] }

// worst is the largest value of any reader in a point; 0 without one.
func (s *QueueSeries) worst(of func(*ReaderSeries) float64) float64 {
	most := 0.0
	for i := range s.Readers {
		most = max(most, of(&s.Readers[i]))
	}
	return most
}

// Depth, Age and Lag are a queue's in a point, and the worst group's of a stream.
func (s *QueueSeries) Depth(n int) float64 {
	return s.worst(func(r *ReaderSeries) float64 { return r.Depth[n] })
}

// Age is the age of the oldest message that waits, in seconds.
func (s *QueueSeries) Age(n int) float64 {
	return s.worst(func(r *ReaderSeries) float64 { return r.Age[n] })
}

// Lag is what was not acknowledged.
func (s *QueueSeries) Lag(n int) float64 {
	return s.worst(func(r *ReaderSeries) float64 { return r.Lag(n) })
}

// Held is what was handed out, in all groups together.
func (s *QueueSeries) Held(n int) float64 {
	sum := 0.0
	for i := range s.Readers {
		sum += s.Readers[i].Held[n]
	}
	return sum
}

// Drain is how many seconds it takes until the lag is gone at the rates of a point, of a
// stream that of the group which lags most; -1 where it does not shrink.
func (s *QueueSeries) Drain(n int, length des.Time) float64 {
	most, seconds := 0.0, 0.0
	for i := range s.Readers {
		if r := &s.Readers[i]; r.Lag(n) > most {
			most, seconds = r.Lag(n), drain(r.Lag(n), s.Published[n], r.left[n], length)
		}
	}
	return seconds
}

// drain is how many seconds a lag lasts when in so much time so many came and left;
// 0 where there is none, -1 where it does not shrink.
func drain(lag float64, came, left uint64, length des.Time) float64 {
	switch {
	case lag == 0:
		return 0
	case left <= came:
		return -1
	}
	return lag / float64(left-came) * length.Seconds()
}

// A queueFold is what is summed up of a queue.
type queueFold struct {
	readers      []readerFold
	full, outage times // publishes turned away; timed out is full
	redriven     times
	redrivenAge  des.Time
}

// A readerFold is what is summed up of a queue of work, or of a stream's group.
type readerFold struct {
	point struct { // the one under way
		waiting, held des.Time
		age           float64 // ns, times ns of time
		partitions    []des.Time
	}
	dead, dropped     times
	calm, afterFaults struct{ delivered, redelivered, duplicates uint64 } // before the first fault; after the last
	rebalanced        times
	putOut            times       // rebalances that a member made which was put out, or came back
	redelivered       uint64      // in the whole run
	partitions        []partition // of a stream's group
	peak              struct {    // most that was not acknowledged at once, in the whole run
		lag  uint64
		from des.Time // of the interval
		age  des.Time // of the oldest, in that interval
	}
}

// A partition is since when nothing of it has been read while there was something
// to read, and what its group had seen by then.
type partition struct {
	stands                  des.Time
	redelivered, rebalanced uint64
}

// readersOf are the groups of a stream; of a queue of work only one, the queue itself.
func readersOf(t *topology.Topology, queue int) (names []string) {
	if t.Queues[queue].Kind != topology.Stream {
		return []string{""}
	}
	for _, g := range t.Groups(queue) {
		names = append(names, t.Services[g].Name)
	}
	return names
}

// readerTallies are those of a queue's readers, in the order of readersOf.
func readerTallies(t *sim.QueueTally, stream bool) []*sim.GroupTally {
	if !stream {
		return []*sim.GroupTally{&t.GroupTally}
	}
	of := make([]*sim.GroupTally, len(t.Groups))
	for i := range t.Groups {
		of[i] = &t.Groups[i]
	}
	return of
}

// newQueues makes room for what is kept of queues.
func newQueues(t *topology.Topology) []queueFold {
	folds := make([]queueFold, len(t.Queues))
	for q := range folds {
		folds[q].readers = make([]readerFold, len(readersOf(t, q)))
		for g := range folds[q].readers {
			if t.Queues[q].Kind == topology.Stream {
				folds[q].readers[g].point.partitions = make([]des.Time, t.Queues[q].Partitions)
				folds[q].readers[g].partitions = make([]partition, t.Queues[q].Partitions)
			}
		}
	}
	return folds
}

// queueNumbers is how many series of each kind the timeline has of queues.
func queueNumbers(t *topology.Topology) (counts, gauges int) {
	for q := range t.Queues {
		n := len(readersOf(t, q))
		counts += 2 + n
		gauges += 3 * n
		if t.Queues[q].Kind == topology.Stream {
			gauges += n * t.Queues[q].Partitions
		}
	}
	return counts, gauges
}

func newQueueSeries(t *topology.Topology, queue int, counts *[]uint64, gauges *[]float64, points int) QueueSeries {
	q := &t.Queues[queue]
	s := QueueSeries{Name: q.Name, stream: q.Kind == topology.Stream, Published: carve(counts, points), Acknowledged: carve(counts, points)}
	for _, name := range readersOf(t, queue) {
		r := ReaderSeries{Name: name, Depth: carve(gauges, points), Held: carve(gauges, points), Age: carve(gauges, points), left: carve(counts, points)}
		if s.stream {
			for range q.Partitions {
				r.Partitions = append(r.Partitions, carve(gauges, points))
			}
		}
		s.Readers = append(s.Readers, r)
	}
	return s
}

func (s *QueueSeries) beginPoint() {
	s.Published, s.Acknowledged = append(s.Published, 0), append(s.Acknowledged, 0)
	for i := range s.Readers {
		r := &s.Readers[i]
		r.Depth, r.Held, r.Age, r.left = append(r.Depth, 0), append(r.Held, 0), append(r.Age, 0), append(r.left, 0)
		for k := range r.Partitions {
			r.Partitions[k] = append(r.Partitions[k], 0)
		}
	}
}

// sampleQueue takes in what was seen of a queue; n is the point under way.
func (c *Collector) sampleQueue(i int, t *sim.QueueTally, length des.Time, n int, beforeFaults, afterFaults bool) {
	f, series := &c.queues[i], &c.timeline.Queues[i]
	series.Published[n] += t.Published
	series.Acknowledged[n] += t.Acknowledged
	f.full.add(t.Full+t.TimedOut, c.interval.from, c.plan.Interval)
	f.outage.add(t.Refused, c.interval.from, c.plan.Interval)
	if f.redriven.add(t.Redriven, c.interval.from, c.plan.Interval); t.Redriven > 0 {
		f.redrivenAge = max(f.redrivenAge, t.AgeMax)
	}
	for g, r := range readerTallies(t, series.stream) {
		fold := &f.readers[g]
		series.Readers[g].left[n] += r.Acknowledged + r.DeadLettered + r.Dropped
		fold.point.waiting += r.WaitingTime
		fold.point.held += r.HeldTime
		fold.point.age += float64(r.AgeMean * float64(length))
		fold.redelivered += r.Redelivered
		for k := range r.Partitions {
			p := &r.Partitions[k]
			fold.point.partitions[k] += p.LagTime
			if p.LagTime == 0 || p.Acknowledged+r.DeadLettered+r.Dropped > 0 {
				fold.partitions[k] = partition{c.interval.from + c.interval.length, fold.redelivered, fold.rebalanced.n}
			}
		}
		fold.dead.add(r.DeadLettered, c.interval.from, c.plan.Interval)
		fold.dropped.add(r.Dropped, c.interval.from, c.plan.Interval)
		if r.LagMax > fold.peak.lag {
			fold.peak.lag, fold.peak.from, fold.peak.age = r.LagMax, c.interval.from, 0
		}
		if c.interval.from == fold.peak.from {
			fold.peak.age = max(fold.peak.age, r.AgeMax)
		}
		when := &fold.calm
		if afterFaults {
			when = &fold.afterFaults
		} else if !beforeFaults {
			continue
		}
		when.delivered += r.Delivered
		when.redelivered += r.Redelivered
		when.duplicates += r.Duplicates
	}
}

// endQueuePoint turns the sums of the point under way into means.
func (f *queueFold) endQueuePoint(s *QueueSeries, n int, length des.Time) {
	for g := range f.readers {
		p, r := &f.readers[g].point, &s.Readers[g]
		r.Depth[n], r.Held[n] = ratio(p.waiting, length), ratio(p.held, length)
		r.Age[n] = p.age / float64(length) / 1e9
		for k := range p.partitions {
			r.Partitions[k][n] = ratio(p.partitions[k], length)
			p.partitions[k] = 0
		}
		p.waiting, p.held, p.age = 0, 0, 0
	}
}

// queueTotals are a queue's totals.
func (c *Collector) queueTotals(i int, t *sim.QueueTally, publishes []sim.PublishTally, length des.Time) Queue {
	top := c.plan.Topology
	def, f := &top.Queues[i], &c.queues[i]
	q := Queue{
		Stream:    def.Kind == topology.Stream,
		Published: t.Published, Full: t.Full, Refused: t.Refused, TimedOut: t.TimedOut, Redriven: t.Redriven,
		PublishedRate: perSecond(t.Published, length), AcknowledgedRate: perSecond(t.Acknowledged, length),
		full: f.full, outage: f.outage, redriven: f.redriven, redrivenAge: f.redrivenAge.Seconds(),
	}
	var letters []string
	q.rebalance = fromTo{des.Time(def.Rebalance), des.Time(def.Rebalance)}
	for _, was := range queueAt(c.plan, i, c.reached) {
		q.rebalance = q.rebalance.with(des.Time(was.Rebalance))
		if m := was.MaxPoll; m != nil && q.maxPoll == (fromTo{}) {
			q.maxPoll = fromTo{des.Time(m.Interval), des.Time(m.Interval)}
		} else if m != nil {
			q.maxPoll = q.maxPoll.with(des.Time(m.Interval))
		}
		if was.DeadLetter >= 0 && !slices.Contains(letters, top.Queues[was.DeadLetter].Name) {
			letters = append(letters, top.Queues[was.DeadLetter].Name)
		}
	}
	q.deadLetters = strings.Join(letters, " or ")
	readers := readerTallies(t, q.Stream)
	for g, r := range readers {
		q.Groups = append(q.Groups, c.readerTotals(i, g, r, length))
		q.rebalanced = append(q.rebalanced, f.readers[g].rebalanced)
		q.putOut = append(q.putOut, f.readers[g].putOut)
	}
	if q.Stream {
		q.Reader = worstOf(readerCounts(&t.GroupTally), q.Groups)
	} else {
		q.Reader, q.Groups = q.Groups[0], nil
	}
	q.Name = def.Name
	for _, s := range top.Groups(i) {
		q.consumers = append(q.consumers, top.Services[s].Name)
	}
	for k, p := range top.Publishes {
		if p.Queue == i {
			pt := &publishes[k]
			q.Publishers = append(q.Publishers, Publisher{p.ID, pt.Published, pt.Failed, pt.Blocked})
		}
	}
	return q
}

// readerCounts is what is counted of a reader.
func readerCounts(t *sim.GroupTally) Reader {
	return Reader{
		Delivered: t.Delivered, Redelivered: t.Redelivered, Duplicates: t.Duplicates,
		Acknowledged: t.Acknowledged, DeadLettered: t.DeadLettered, Dropped: t.Dropped,
		Waiting: t.Waiting, Held: t.Held, Lag: t.Lag(), Left: t.Left,
		DepthMax: t.DepthMax, LagMax: t.LagMax, AgeMax: t.AgeMax.Seconds(),
		Latency: describe(t.Latency), p99: p99OfAll(t.Latency, t.Dropped),
	}
}

func (c *Collector) readerTotals(queue, reader int, t *sim.GroupTally, length des.Time) Reader {
	r := readerCounts(t)
	s, f := &c.timeline.Queues[queue], &c.queues[queue].readers[reader]
	r.Name = s.Readers[reader].Name
	r.DepthMean = ratio(t.WaitingTime, length)
	r.LagMean = ratio(t.WaitingTime+t.HeldTime, length)
	r.AgeMean = t.AgeMean / 1e9
	for k := range t.Partitions {
		p := &t.Partitions[k]
		r.Partitions = append(r.Partitions, Partition{p.Lag, ratio(p.LagTime, length), p.LagMax, p.Acknowledged, p.Left})
	}
	r.dead, r.dropped, r.loss = f.dead, f.dropped, lossOf(queueAt(c.plan, queue, c.reached), t)
	came, left, span := c.latelyThrough(queue, reader)
	r.Drain = drain(float64(r.Lag), came, left, span)
	return r
}

// latelyThrough is what came to a reader and left it in the last quiet time, and how
// long that was.
func (c *Collector) latelyThrough(queue, reader int) (came, left uint64, span des.Time) {
	t, s := &c.timeline, &c.timeline.Queues[queue]
	for n := len(t.Starts) - 1; n >= 0 && (span == 0 || t.Starts[n] >= c.reached-c.quiet()); n-- {
		came += s.Published[n]
		left += s.Readers[reader].left[n]
		span = c.reached - t.Starts[n]
	}
	return came, left, span
}

// worstOf fills in what is a stream's worst group's.
func worstOf(sum Reader, groups []Reader) Reader {
	sum.Waiting, sum.Lag, sum.Left, sum.DepthMax, sum.LagMax, sum.AgeMax = 0, 0, 0, 0, 0, 0
	for i := range groups {
		g := &groups[i]
		if g.Lag > sum.Lag {
			sum.Drain = g.Drain // of the one that lags most: another may just stand at a message or two
		}
		sum.Waiting, sum.Lag, sum.Left = max(sum.Waiting, g.Waiting), max(sum.Lag, g.Lag), max(sum.Left, g.Left)
		sum.DepthMean, sum.DepthMax = max(sum.DepthMean, g.DepthMean), max(sum.DepthMax, g.DepthMax)
		sum.LagMean, sum.LagMax = max(sum.LagMean, g.LagMean), max(sum.LagMax, g.LagMax)
		sum.AgeMean, sum.AgeMax = max(sum.AgeMean, g.AgeMean), max(sum.AgeMax, g.AgeMax)
	}
	return sum
}

// publishing is thread time blocked on queues, a queue's steps added up, in the
// order in which the steps come to them.
func (c *Collector) publishing(t *sim.OpTally) []QueueSeconds {
	var of []QueueSeconds
	sums := map[int]des.Time{} // looked up only, never ranged over
	var order []int
	for _, p := range t.Publishing {
		q := c.plan.Topology.Publishes[p.Publish].Queue
		if _, ok := sums[q]; !ok {
			order = append(order, q)
		}
		sums[q] += p.Time
	}
	for _, q := range order {
		of = append(of, QueueSeconds{c.plan.Topology.Queues[q].Name, sums[q].Seconds()})
	}
	return of
}

// setsOff says of each operation whether anything that it does, or has done by
// others, may publish a message; of one that cannot the completion is its latency.
// Of a plan that is still wrong elsewhere a call may lead nowhere.
func setsOff(t *topology.Topology) publishing {
	of := make(publishing, len(t.Services))
	for i := range of {
		of[i] = make([]bool, len(t.Services[i].Operations))
	}
	var visit func(steps []topology.Step) bool
	visit = func(steps []topology.Step) bool {
		for i := range steps {
			switch s := &steps[i]; {
			case s.Publish != nil, s.Call != nil && of.at(s.Call.To), visit(s.Parallel):
				return true
			}
		}
		return false
	}
	for again := true; again; { // a call may lead to an operation that stands later in the file
		again = false
		for i := range of {
			for k := range of[i] {
				if !of[i][k] && visit(t.Services[i].Operations[k].Steps) {
					of[i][k], again = true, true
				}
			}
		}
	}
	return of
}

// publishing says by service and operation whether something may be published.
type publishing [][]bool

func (p publishing) at(op topology.OpRef) bool {
	return op.Service >= 0 && op.Service < len(p) && op.Op >= 0 && op.Op < len(p[op.Service]) && p[op.Service][op.Op]
}

func (q *Queue) encode(e *encoder) {
	e.open('{')
	e.key("published").uint(q.Published)
	e.key("rejected").uint(q.Rejected())
	e.key("rejections").flat('{')
	e.key("full").uint(q.Full)
	e.key("outage").uint(q.Refused)
	e.key("timeout").uint(q.TimedOut)
	e.close('}')
	q.Reader.encode(e)
	e.key("redriven").uint(q.Redriven)
	e.key("published_rate").float(q.PublishedRate)
	e.key("acknowledged_rate").float(q.AcknowledgedRate)
	e.key("groups").open('{')
	for i := range q.Groups {
		g := &q.Groups[i]
		e.key(g.Name).open('{')
		g.encode(e)
		e.key("partitions").open('[')
		for k := range g.Partitions {
			p := &g.Partitions[k]
			e.item().flat('{')
			e.key("lag").uint(p.Lag)
			e.key("lag_mean").float(p.LagMean)
			e.key("lag_max").uint(p.LagMax)
			e.key("acknowledged").uint(p.Acknowledged)
			e.close('}')
		}
		e.close(']')
		e.close('}')
	}
	e.close('}')
	e.key("publishers").open('{')
	for i := range q.Publishers {
		p := &q.Publishers[i]
		e.key(p.ID).flat('{')
		e.key("published").uint(p.Published)
		e.key("failed").outcomes(&p.Failed)
		e.key("blocked").uint(p.Blocked)
		e.close('}')
	}
	e.close('}')
	e.close('}')
}

// encode writes the keys that a queue and a group have in common.
func (r *Reader) encode(e *encoder) {
	e.key("delivered").uint(r.Delivered)
	e.key("redelivered").uint(r.Redelivered)
	e.key("duplicates").uint(r.Duplicates)
	e.key("acknowledged").uint(r.Acknowledged)
	e.key("dead_lettered").uint(r.DeadLettered)
	e.key("dropped").uint(r.Dropped)
	e.key("waiting").uint(r.Waiting)
	e.key("held").uint(r.Held)
	e.key("lag").uint(r.Lag)
	e.key("depth_mean").float(r.DepthMean)
	e.key("depth_max").uint(r.DepthMax)
	e.key("lag_mean").float(r.LagMean)
	e.key("lag_max").uint(r.LagMax)
	e.key("age_mean_s").float(r.AgeMean)
	e.key("age_max_s").float(r.AgeMax)
	e.key("drain_s").drain(r.Drain)
	e.key("latency").distribution(&r.Latency)
}

// drain writes a drain time, null where there is none.
func (e *encoder) drain(s float64) {
	if s < 0 {
		e.raw("null")
		return
	}
	e.float(s)
}

// series writes a number a point.
func (e *encoder) series(n int, of func(n int) float64) {
	e.flat('[')
	for i := range n {
		e.item().float(of(i))
	}
	e.close(']')
}

func (s *QueueSeries) encode(e *encoder, t *Timeline) {
	points := len(t.Starts)
	e.open('{')
	e.key("depth").series(points, s.Depth)
	e.key("age_s").series(points, s.Age)
	e.key("held").series(points, s.Held)
	e.key("lag").series(points, s.Lag)
	e.key("published").uints(s.Published)
	e.key("acknowledged").uints(s.Acknowledged)
	e.key("drain_s").flat('[')
	for n := range points {
		e.item().drain(s.Drain(n, t.length(n)))
	}
	e.close(']')
	e.key("groups").open('{')
	if s.stream {
		for i := range s.Readers {
			r := &s.Readers[i]
			e.key(r.Name).open('{')
			e.key("lag").series(points, r.Lag)
			e.key("partitions").open('[')
			for _, lag := range r.Partitions {
				e.item().floats(lag)
			}
			e.close(']')
			e.close('}')
		}
	}
	e.close('}')
	e.close('}')
}

// length is how long a point is.
func (t *Timeline) length(n int) des.Time {
	if n == len(t.Starts)-1 && t.end > 0 {
		return t.end - t.Starts[n]
	}
	return t.Point
}
