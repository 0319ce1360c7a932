package report

import (
	"testing"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/topology"

	"pgregory.net/rapid"
)

func TestRatesOfAPoint(t *testing.T) {
	line := Timeline{Point: 2e9, Starts: []des.Time{0, 2e9}, end: 3e9}
	service := ServiceSeries{Errors: []uint64{0, 3}, Ended: []uint64{0, 12}}
	source := SourceSeries{Succeeded: []uint64{0, 9}, Failed: []uint64{0, 3}}
	edge := EdgeSeries{Attempts: []uint64{3, 8}, Failed: []uint64{0, 2}, Ended: []uint64{0, 8}}
	for _, row := range []struct {
		what      string
		got, want float64
	}{
		{"a whole point's rate", line.Rate(0, 10), 5},
		{"the rate of the last point, half as long", line.Rate(1, 10), 10},
		{"errors where nothing ended", service.ErrorShare(0), 0},
		{"errors", service.ErrorShare(1), 0.25},
		{"failed where nothing ended", source.FailedShare(0), 0},
		{"failed", source.FailedShare(1), 0.25},
		{"succeeded where nothing ended", source.SucceededShare(0), 0},
		{"succeeded", source.SucceededShare(1), 0.75},
		{"failed attempts where none ended", edge.FailedShare(0), 0},
		{"failed attempts", edge.FailedShare(1), 0.25},
	} {
		if row.got != row.want {
			t.Errorf("%s: %v, want %v", row.what, row.got, row.want)
		}
	}
}

func TestRatesOfTotals(t *testing.T) {
	var ended, none [topology.NumOutcomes]uint64
	ended[topology.Success], ended[topology.Error], ended[topology.Timeout], ended[topology.Cancelled] = 6, 1, 3, 90
	early, late := &Report{Warmup: 10 * second, End: 10 * second}, &Report{Warmup: 10 * second, End: 14 * second}
	turned := Edge{Calls: 8, Attempts: 12}
	turned.TurnedAway[topology.BreakerOpen] = 4
	late.Sources, late.Edges = []Source{{Offered: 8, Attempts: 12}}, []Edge{turned}
	for _, row := range []struct {
		what  string
		of    func() (float64, bool)
		want  float64
		known bool
	}{
		{"the rate before the warm-up's end", func() (float64, bool) { return early.Rate(7) }, 0, false},
		{"the rate after it", func() (float64, bool) { return late.Rate(8) }, 2, true},
		{"failed, the cancelled left out", func() (float64, bool) { return Failed(&ended) }, 0.4, true},
		{"failed where nothing ended", func() (float64, bool) { return Failed(&none) }, 0, false},
		{"ended as a timeout", func() (float64, bool) { return EndedAs(topology.Timeout, &ended) }, 0.3, true},
		{"ended so where nothing ended", func() (float64, bool) { return EndedAs(topology.Timeout, &none) }, 0, false},
		{"tries a call, what was turned away among them", turned.TriesACall, 2, true},
		{"tries a request, likewise", func() (float64, bool) { return late.Sources[0].TriesARequest(&late.Edges[0]) }, 2, true},
		{"turned away", turned.Turned, 0.25, true},
		{"turned away where nothing was sent", (&Edge{}).Turned, 0, false},
		{"again", (&Reader{Delivered: 10, Redelivered: 4}).Again, 0.4, true},
		{"again where nothing was handed out", (&Reader{}).Again, 0, false},
	} {
		if got, known := row.of(); got != row.want || known != row.known {
			t.Errorf("%s: %v, %v, want %v, %v", row.what, got, known, row.want, row.known)
		}
	}
	if got := Answered(&ended); got != 7 {
		t.Errorf("a thread answered %d, want 7", got)
	}
}

func TestWaitsOn(t *testing.T) {
	p := shop()
	// Checkout's edges are payment.charge, payment.note, payment.charge again; the sources
	// have two more before, the gateway one.
	const first = 3
	op := sim.OpTally{Working: 10,
		WaitingOn:  []sim.EdgeTime{{Edge: first, Time: 30}, {Edge: first + 1, Time: 0}, {Edge: first + 2, Time: 20}},
		BackingOff: []sim.EdgeTime{{Edge: first, Time: 20}, {Edge: first + 1, Time: 20}}}
	if name, share, known := WaitsOn(p, &op); name != "payment" || share != 0.9 || !known {
		t.Errorf("waits for %q, %v of its time (%v), want payment, 0.9: both operations' calls and the waits before a retry", name, share, known)
	}
	if name, _, known := WaitsOn(p, &sim.OpTally{Working: 10, WaitingOn: []sim.EdgeTime{{Edge: first}}}); known {
		t.Errorf("who only works waits for %q", name)
	}
}

// The level of a queue is that of the worst that goes on at one of its readers.
func TestQueueLevel(t *testing.T) {
	grows, shrinks := backlog{queue: 0, reader: 1, atEnd: true, told: true, shrinks: -1}, backlog{queue: 0, reader: 0, atEnd: true, told: true, shrinks: 1}
	over, other := grows, grows
	over.atEnd, other.queue = false, 1
	quiet := sim.QueueTally{Groups: make([]sim.GroupTally, 2)}
	dead, dropped, full := quiet, quiet, quiet
	dead.Groups, dropped.Groups = []sim.GroupTally{{DeadLettered: 1}, {}}, []sim.GroupTally{{}, {Dropped: 1}}
	full.Full = 1
	for _, row := range []struct {
		what     string
		tally    sim.QueueTally
		backlogs []backlog
		want     [3]Level // of the queue, and of both groups
	}{
		{"nothing", quiet, nil, [3]Level{OK, OK, OK}},
		{"a backlog of the past, and of another queue", quiet, []backlog{over, other}, [3]Level{OK, OK, OK}},
		{"a backlog that shrinks", quiet, []backlog{shrinks}, [3]Level{Warn, Warn, OK}},
		{"one that grows", quiet, []backlog{shrinks, grows}, [3]Level{Critical, Warn, Critical}},
		{"dead letters", dead, nil, [3]Level{Warn, Warn, OK}},
		{"dropped messages", dropped, nil, [3]Level{Critical, OK, Critical}},
		{"publishes turned away, whoever reads", full, nil, [3]Level{Critical, Critical, Critical}},
	} {
		r := &Report{Queues: []Queue{{Stream: true, Groups: make([]Reader, 2)}}, Cascade: Cascade{backlogs: row.backlogs}}
		s := &sim.Sample{Tallies: sim.Tallies{Queues: []sim.QueueTally{row.tally}}}
		for k, want := range row.want {
			if got := r.QueueLevel(s, 0, k-1); got != want {
				t.Errorf("%s: level %d of reader %d, want %d", row.what, got, k-1, want)
			}
		}
	}
}

// Of a stream a number of now is the worst group's, or of the group that is asked for.
func TestGroupsNow(t *testing.T) {
	r := &Report{Queues: []Queue{{Stream: true}, {}, {Stream: true}}}
	s := &sim.Sample{To: 2 * second, Tallies: sim.Tallies{Queues: []sim.QueueTally{
		{Groups: []sim.GroupTally{{Acknowledged: 8}, {Acknowledged: 5}}}, {GroupTally: sim.GroupTally{Acknowledged: 3}}, {}}}}
	for _, row := range []struct {
		queue, group int
		want         uint64
		known        bool
	}{{0, -1, 5, true}, {0, 0, 8, true}, {0, 1, 5, true}, {1, -1, 3, true}, {2, -1, 0, false}} {
		if n, known := r.Acknowledged(s, row.queue, row.group); n != row.want || known != row.known {
			t.Errorf("queue %d, group %d: %d acknowledged, %v, want %d, %v", row.queue, row.group, n, known, row.want, row.known)
		}
	}
	line := Timeline{Point: second, Starts: []des.Time{0}, end: second, Queues: []QueueSeries{{stream: true, Published: []uint64{10}, Readers: []ReaderSeries{
		{Depth: []float64{6}, Held: []float64{2}, left: []uint64{14}}, {Depth: []float64{20}, Held: []float64{0}, left: []uint64{9}}}}}}
	for group, want := range map[int]float64{-1: -1, 0: 2, 1: -1} {
		if got := line.Drain(0, group, 0); got != want {
			t.Errorf("group %d drains in %v s, want %v", group, got, want)
		}
	}
}

// A fault is within a time if it is there at any instant of it.
func TestWithin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := func(name string, from, to int) des.Time { return des.Time(rapid.IntRange(from, to).Draw(t, name)) }
		f := &Fault{From: at("from", 0, 30)}
		f.To = f.From + at("for", 0, 10)
		if rapid.Bool().Draw(t, "comes back") {
			f.Every = f.To - f.From + at("gap", 1, 10)
		}
		from := at("window", 0, 80)
		to := from + at("length", 1, 20)
		naive := false
		for began := f.From; began < 100; began += f.Every {
			for now := began; now < max(began+f.To-f.From, began+1); now++ {
				naive = naive || now >= from && now < to
			}
			if f.Every == 0 {
				break
			}
		}
		if got := f.Within(from, to); got != naive {
			t.Fatalf("in force from %d to %d: %v, want %v", from, to, got, naive)
		}
	})
}
