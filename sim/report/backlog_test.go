package report

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/topology"

	"github.com/google/go-cmp/cmp"
)

// aScript fills the tallies of one sample after another.
type aScript func(from, to des.Time, t *sim.Tallies)

// piling is the mall of which the orders that wait follow a level, in seconds; while
// there are any the mailer's two threads are held.
func piling(p *sim.Plan, level func(s float64) float64) aScript {
	well := selling(p)
	return func(from, to des.Time, t *sim.Tallies) {
		well(from, to, t)
		l, next := level(from.Seconds()), level(to.Seconds())
		if l == 0 && next == 0 {
			return
		}
		length := to - from
		o := &t.Queues[orders]
		through(&o.GroupTally, length, 0, 0, (l+next)/2, 2, des.Time(l/100*1e9))
		o.DepthMax, o.LagMax = uint64(max(l, next)), uint64(max(l, next))+2
		left := float64(o.Published) + l - next
		o.Delivered, o.Acknowledged = uint64(left), uint64(left)
		pool(t, p, mailer, length, 0, 2)
	}
}

// hill rises from a time on by so many a second for twenty, and falls.
func hill(from, up, down float64) func(float64) float64 {
	return func(s float64) float64 {
		switch {
		case s <= from:
			return 0
		case s <= from+20:
			return up * (s - from)
		}
		return max(20*up-down*(s-from-20), 0)
	}
}

// TestBacklogs: what is told of messages that pile up, and whether the run was back.
func TestBacklogs(t *testing.T) {
	faultless := func() *sim.Plan {
		p := longMall()
		p.Faults = nil
		return p
	}
	for _, row := range []struct {
		name   string
		plan   func() *sim.Plan
		script func(*sim.Plan) aScript
		end    des.Time
		want   string // what the story says of it, then recovered, metastable and the loop
	}{
		{"it drains", longMall, func(p *sim.Plan) aScript { return piling(p, hill(30, 100, 50)) }, 120 * second, `
at 30s orders: messages piled up until 89s, at most 2,002 not done at 49s, the oldest 38s
90s false <nil>`},
		{"it is about to", longMall, func(p *sim.Plan) aScript { return piling(p, hill(30, 100, 20)) }, 120 * second, `
at 30s orders: messages piled up until the end, at most 2,002 not done at 49s, the oldest 38s; 600 left, gone after 30s more at this rate
never false <nil>`},
		{"it stays, and may take its time", longMall, func(p *sim.Plan) aScript { return piling(p, hill(30, 100, 0)) }, 120 * second, `
at 30s orders: messages piled up until the end, at most 2,002 not done at 49s, the oldest 38s; 2,000 left, and no fewer
never false <nil>`},
		{"it grows", longMall, func(p *sim.Plan) aScript {
			return piling(p, func(s float64) float64 { return 30 * max(s-30, 0) })
		}, 120 * second, `
at 31s orders: messages piled up until the end, at most 2,702 not done at 119s, the oldest 53.4s; 2,700 left, and 30/s more all the time
never true <nil>`},
		{"it grows slowly", longMall, func(p *sim.Plan) aScript {
			return piling(p, func(s float64) float64 { return 10 * max(s-30, 0) })
		}, 120 * second, `
at 34s orders: messages piled up until the end, at most 902 not done at 119s, the oldest 17.8s; 900 left, and 10/s more all the time
never true <nil>`},
		{"a spiral of duplicates", longMall, func(p *sim.Plan) aScript {
			stays := piling(p, hill(30, 100, 0))
			return func(from, to des.Time, t *sim.Tallies) {
				stays(from, to, t)
				if o := &t.Queues[orders]; from >= 40*second {
					o.Delivered *= 2
					o.Redelivered, o.Duplicates = o.Delivered/2, o.Delivered/4
				}
			}
		}, 120 * second, `
at 30s orders: messages piled up until the end, at most 2,002 not done at 49s, the oldest 38s; 2,000 left, and no fewer
metastable: still not back 70s after the last fault; what orders hands out again feeds it (50% of its deliveries since then, 2 a message)
43% of orders' deliveries were repeats (1.75 a message, 7,500 duplicates)
never true &{orders->mailer orders 0.5 0 2 0}`},
		{"interrupted", longMall, func(p *sim.Plan) aScript { return piling(p, hill(30, 100, 50)) }, 45500 * ms, `
at 30s orders: messages piled up ever since, at most 1,552 not done at 45s, the oldest 30s; 1,550 left, and 100/s more all the time
it was not back when it was interrupted
never false <nil>`},
		{"hills, without a fault", faultless, func(p *sim.Plan) aScript {
			return piling(p, func(s float64) float64 {
				return hill(20, 100, 200)(s) + hill(60, 50, 50)(s)
			})
		}, 120 * second, `
at 20s orders: messages piled up until 50s (and once more), at most 2,002 not done at 39s, the oldest 38s
never false <nil>`},
		{"hills, the last of which is there at the end", faultless, func(p *sim.Plan) aScript {
			return piling(p, func(s float64) float64 {
				return hill(20, 100, 200)(s) + hill(80, 50, 2)(s)
			})
		}, 120 * second, `
at 81s orders: messages piled up until the end (and once more), at most 1,001 not done at 100s, the oldest 10s; 960 left, and no fewer
never false <nil>`},
		{"as high before any fault", longMall, func(p *sim.Plan) aScript {
			return piling(p, func(s float64) float64 { return min(200*max(s-12, 0), 1000) })
		}, 120 * second, `
at 12s orders: messages piled up until the end, at most 1,002 not done at 16s, the oldest 16s; 1,000 left, and no fewer
never false <nil>`},
		{"half as high before the fault is no news", longMall, func(p *sim.Plan) aScript {
			return piling(p, func(s float64) float64 { return min(300+max(s-30, 0)*10, 500) })
		}, 120 * second, `
never false <nil>`},
		{"a bounded queue is soon full", func() *sim.Plan {
			p := longMall()
			p.Topology.Queues[orders].Capacity = 80
			return p
		}, func(p *sim.Plan) aScript { return piling(p, hill(30, 4, 4)) }, 120 * second, `
at 31s orders: messages piled up until 69s, at most 82 not done at 49s, the oldest 1.52s
70s false <nil>`},
		{"what nobody consumes", longMall, func(p *sim.Plan) aScript {
			well := selling(p)
			return func(from, to des.Time, t *sim.Tallies) {
				well(from, to, t)
				t.Queues[failed].Published, t.Queues[failed].WaitingTime = 1, 500*(to-from)
			}
		}, 120 * second, `
nobody consumes what is left: 110 messages in failed
never false <nil>`},
		{"a group, to the end", longMall, func(p *sim.Plan) aScript {
			well := selling(p)
			return func(from, to des.Time, t *sim.Tallies) {
				well(from, to, t)
				if from >= 40*second {
					through(&t.Queues[events].Groups[0], to-from, 100, 100, 1000, 1, 3*second)
					topOf(&t.Queues[events])
				}
			}
		}, 120 * second, `
at 40s stats fell behind on events until the end, at most 2,001 not done at 40s, the oldest 6s; 0 left, and no fewer
never false <nil>`},
		{"a group, most of it in one partition", longMall, func(p *sim.Plan) aScript {
			well := selling(p)
			return func(from, to des.Time, t *sim.Tallies) {
				well(from, to, t)
				if from >= 40*second && from < 60*second {
					g := &t.Queues[events].Groups[1]
					through(g, to-from, 100, 100, 1000, 1, 3*second)
					g.Partitions[0].LagTime, g.Partitions[1].LagTime = 900*(to-from), 100*(to-from)
					topOf(&t.Queues[events])
				}
			}
		}, 120 * second, `
at 40s audit fell behind on events until 60s, at most 2,001 not done at 40s, the oldest 6s, 90% of them in partition 0
60s false <nil>`},
	} {
		p := row.plan()
		r := run(t, p, row.end, nil, row.script(p))
		var got strings.Builder
		for _, l := range r.Story() {
			if s := l.String(); !strings.Contains(s, " saturated ") && !strings.Contains(s, "begins") && !strings.Contains(s, "back to what") && !strings.Contains(s, "answered p99") && !strings.HasPrefix(s, "nothing out") &&
				s != "no service was saturated" && s != "it was not back by the end" && (strings.Contains(s, "feeds it") || !strings.HasPrefix(s, "metastable")) {
				got.WriteString("\n" + s)
			}
		}
		back := "never"
		if r.Cascade.RecoveredAt >= 0 {
			back = clock(r.Cascade.RecoveredAt)
		}
		fmt.Fprintf(&got, "\n%s %v %v", back, r.Cascade.Metastable, r.Cascade.Loop)
		if diff := cmp.Diff(row.want, got.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, diff)
		}
	}
}

// TestCatchingUp: a consumer that works off what a fault left has all its threads
// held, and that is no metastable run; with attempts in its waiting room it is one.
func TestCatchingUp(t *testing.T) {
	for queue, want := range map[float64]bool{0: false, 50: true} {
		p := longMall()
		drains := piling(p, hill(30, 100, 20))
		r := run(t, p, p.Duration, nil, func(from, to des.Time, t *sim.Tallies) {
			drains(from, to, t)
			if from > 30*second {
				pool(t, p, mailer, to-from, queue, 2)
			}
		})
		if r.Cascade.Metastable != want || r.Cascade.RecoveredAt >= 0 {
			t.Errorf("%v waiting: metastable %v, recovered at %v", queue, r.Cascade.Metastable, r.Cascade.RecoveredAt)
		}
	}
}

// TestBlocked: who is to blame for threads that are blocked on a queue.
func TestBlocked(t *testing.T) {
	outage := func(p *sim.Plan) {
		p.Faults[0] = sim.Fault{Name: "out", Kind: sim.Outage, On: "orders", Queues: []int{orders}, From: 30 * second, Until: 50 * second}
	}
	for _, row := range []struct {
		name  string
		plan  func(*sim.Plan)
		slow  bool // the mailer is saturated
		root  string
		story string
	}{
		{"a slow consumer", func(*sim.Plan) {}, true, "mailer", "at 31s front saturated until 50s; 95% of its thread time is blocked on orders (root: mailer)\n"},
		{"a full queue", func(*sim.Plan) {}, false, "orders", "at 31s front saturated until 50s; 95% of its thread time is blocked on orders\n"},
		{"a broker that is out", outage, true, "orders", "at 31s front saturated until 50s; 95% of its thread time is blocked on orders\n"},
	} {
		p := longMall()
		row.plan(p)
		well := selling(p)
		r := run(t, p, p.Duration, nil, func(from, to des.Time, t *sim.Tallies) {
			well(from, to, t)
			if from < 31*second || from >= 50*second {
				return
			}
			length := to - from
			pool(t, p, front, length, 20, 0.2)
			for _, op := range []*sim.OpTally{&t.Services[front].OpTally, &t.Services[front].Operations[0]} {
				op.Publishing[firstOrder].Time, op.Publishing[anEvent].Time, op.Publishing[anotherOrder].Time = 3*length, 0, 8*length/10
			}
			t.Services[front].Idle = 0
			if row.slow {
				pool(t, p, mailer, length, 0, 2)
			}
		})
		for _, s := range r.Cascade.Saturated {
			if s.Service == "front" && (s.HeldBy != "front->orders" || s.Root != row.root || s.Share < 0.94 || s.Share > 0.96) {
				t.Errorf("%s: got %+v, want the root %s", row.name, s, row.root)
			}
		}
		if !strings.Contains(told(r), row.story) {
			t.Errorf("%s: got\n%swant\n%s", row.name, told(r), row.story)
		}
	}
}

// TestFailedPublishes: whom the errors are put down to when a publish fails, and that
// a step which is optional is not to blame.
func TestFailedPublishes(t *testing.T) {
	for _, row := range []struct {
		step int
		kind topology.Outcome
		want string
	}{
		{firstOrder, topology.Rejected, "error (front->orders: queue full)"},
		{firstOrder, topology.Refused, "error (front->orders: broker out)"},
		{anEvent, topology.Timeout, "error (front->events: timeout)"},
		{anotherOrder, topology.Rejected, "error (by front)"},
	} {
		p := longMall()
		well := selling(p)
		r := run(t, p, p.Duration, nil, func(from, to des.Time, t *sim.Tallies) {
			well(from, to, t)
			if from >= 40*second && from < 60*second {
				t.Sources[buyers].Ended = [topology.NumOutcomes]uint64{topology.Success: 40, topology.Error: 60}
				attempts(t, front, to-from, 40, 60)
				t.Publishes[row.step].Failed[row.kind] = 60
			}
		})
		if want := "at 40s buyers: 60% failed until 60s: " + row.want + "\n"; !strings.Contains(told(r), want) {
			t.Errorf("got\n%swant\n%s", told(r), want)
		}
	}
}

// setOn adds a set on a queue, from 35 s to the end.
func setOn(p *sim.Plan, queue int, of sim.Settings) {
	p.Faults = append(p.Faults, sim.Fault{Name: fmt.Sprintf("set-%d", len(p.Faults)), Kind: sim.Set, On: p.Topology.Queues[queue].Name, Queues: []int{queue}, From: 35 * second, Until: p.Duration, Set: of})
}

func with[T any](v T) *T { return &v }

// TestToldLosses: what became of messages and publishes, and why as far as that is clear.
func TestToldLosses(t *testing.T) {
	stream := func(p *sim.Plan, retention time.Duration, onFailure topology.OnFailure) {
		p.Topology.Queues[events].Retention, p.Topology.Queues[events].OnFailure = retention, onFailure
	}
	for _, row := range []struct {
		name string
		plan func(*sim.Plan)
		book func(*sim.Tallies)
		want string
	}{
		{"full", func(*sim.Plan) {}, func(t *sim.Tallies) { t.Queues[orders].Full, t.Queues[orders].TimedOut = 9, 1 }, "at 40s orders was full: it turned away 100 publishes until 50s\n"},
		{"out", func(*sim.Plan) {}, func(t *sim.Tallies) { t.Queues[orders].Refused = 10 }, "at 40s orders was out: it refused 100 publishes until 50s\n"},
		{"dead", func(*sim.Plan) {}, func(t *sim.Tallies) { t.Queues[orders].DeadLettered = 2 }, "at 40s orders: 20 dead letters to failed until 50s\n"},
		{"oldest", func(p *sim.Plan) {
			p.Topology.Queues[orders].Capacity, p.Topology.Queues[orders].OnFull = 2, topology.DropOldest
		}, func(t *sim.Tallies) { t.Queues[orders].Dropped = 2 }, "at 40s orders: 20 messages dropped (it was full) until 50s\n"},
		{"old", func(p *sim.Plan) { p.Topology.Queues[orders].TTL = time.Millisecond }, func(t *sim.Tallies) { t.Queues[orders].Dropped = 2 }, "at 40s orders: 20 messages dropped (too old) until 50s\n"},
		{"not that old", func(p *sim.Plan) { p.Topology.Queues[orders].TTL = time.Hour }, func(t *sim.Tallies) { t.Queues[orders].Dropped = 2 }, "at 40s orders: 20 messages dropped until 50s\n"},
		{"tried too often", func(p *sim.Plan) { p.Topology.Queues[orders].DeadLetter = topology.None }, func(t *sim.Tallies) { t.Queues[orders].Dropped, t.Queues[orders].Redelivered = 2, 4 },
			"at 40s orders: 20 messages dropped (failed too often) until 50s\n"},
		{"past", func(p *sim.Plan) { stream(p, time.Second, topology.RetryInPlace) }, func(t *sim.Tallies) {
			t.Queues[events].Groups[0].Dropped, t.Queues[events].Groups[0].AgeMax = 2, second
		}, "at 40s stats on events: 20 messages dropped (past its retention) until 50s\n"},
		{"skipped", func(p *sim.Plan) { stream(p, time.Hour, topology.SkipFailed) }, func(t *sim.Tallies) { t.Queues[events].Groups[1].Dropped = 2 },
			"at 40s audit on events: 20 messages dropped (failed and skipped) until 50s\n"},
		// What a set has made of the queue is a reason too.
		{"oldest by a set", func(p *sim.Plan) {
			setOn(p, orders, sim.Settings{Capacity: with(2), OnFull: with(topology.DropOldest)})
		}, func(t *sim.Tallies) { t.Queues[orders].Dropped = 2 }, "at 40s orders: 20 messages dropped (it was full) until 50s\n"},
		{"oldest by two", func(p *sim.Plan) {
			setOn(p, orders, sim.Settings{Capacity: with(2)})
			setOn(p, orders, sim.Settings{OnFull: with(topology.DropOldest)})
		}, func(t *sim.Tallies) { t.Queues[orders].Dropped = 2 }, "at 40s orders: 20 messages dropped (it was full) until 50s\n"},
		{"old by a set", func(p *sim.Plan) { setOn(p, orders, sim.Settings{TTL: with(time.Millisecond)}) }, func(t *sim.Tallies) { t.Queues[orders].Dropped = 2 }, "at 40s orders: 20 messages dropped (too old) until 50s\n"},
		{"another's set", func(p *sim.Plan) { setOn(p, failed, sim.Settings{TTL: with(time.Millisecond)}) }, func(t *sim.Tallies) { t.Queues[orders].Dropped = 2 }, "at 40s orders: 20 messages dropped until 50s\n"},
		{"dead elsewhere", func(p *sim.Plan) { setOn(p, orders, sim.Settings{DeadLetter: with(events)}) }, func(t *sim.Tallies) { t.Queues[orders].DeadLettered = 2 },
			"at 40s orders: 20 dead letters to failed or events until 50s\n"},
	} {
		p := longMall()
		row.plan(p)
		well := selling(p)
		r := run(t, p, p.Duration, nil, func(from, to des.Time, t *sim.Tallies) {
			well(from, to, t)
			if from >= 40*second && from < 50*second {
				row.book(t)
			}
		})
		if !strings.Contains(told(r), row.want) {
			t.Errorf("%s: got\n%swant\n%s", row.name, told(r), row.want)
		}
	}
	for _, row := range []struct {
		rebalance time.Duration
		times     int
		set       time.Duration // it is that by a set; 0: there is none
		want      string
	}{
		{0, 2, 0, ""},                      // a crash and a return are no news
		{500 * time.Millisecond, 2, 0, ""}, // of 120s that is less than 1%
		{time.Second, 2, 0, "at 40s audit on events: rebalanced 2 times, 1s without reading each time, last at 41s\n"},
		{0, 10, 0, "at 40s audit on events: rebalanced 10 times, last at 49s\n"},
		{500 * time.Millisecond, 2, time.Second, "at 40s audit on events: rebalanced 2 times, 500ms to 1s without reading each time, last at 41s\n"},
	} {
		p := longMall()
		p.Topology.Queues[events].Rebalance = row.rebalance
		if row.set > 0 {
			setOn(p, events, sim.Settings{Rebalance: &row.set})
		}
		var rebalances []sim.Transition
		for i := range row.times {
			rebalances = append(rebalances, sim.Transition{At: 40*second + des.Time(i)*second, Kind: sim.Rebalanced, Queue: events, Service: audit})
		}
		got := told(runWith(t, p, p.Duration, nil, rebalances, selling(p)))
		if row.want == "" && strings.Contains(got, "rebalanced") || !strings.Contains(got, row.want) {
			t.Errorf("%v: got\n%swant\n%s", row, got, row.want)
		}
	}
}

// TestToldPutOut: with max_poll a rebalance for which no instance came or went, and no
// pool changed its size, is one of a member that was put out, or came back from it.
func TestToldPutOut(t *testing.T) {
	for _, row := range []struct {
		name    string
		maxPoll bool
		before  sim.Transition // at 40s, as the group is dealt out anew
		pool    bool           // a fault changes the pool until then
		want    string
		set     time.Duration // it has a max_poll by a set from then on; 0: there is none
	}{
		{"put out", true, sim.Transition{}, false, "at 40s audit on events: put out of the group, a batch took longer than 300s (max_poll); rebalanced 1 time\n", 0},
		{"no max_poll", false, sim.Transition{}, false, "", 0},
		{"a crash", true, sim.Transition{At: 40 * second, Kind: sim.InstanceDown, Service: audit}, false, "", 0},
		{"another's crash", true, sim.Transition{At: 40 * second, Kind: sim.InstanceDown, Service: stats}, false, "rebalanced 1 time\n", 0},
		{"a return", true, sim.Transition{At: 40 * second, Kind: sim.InstanceUp, Service: audit}, false, "", 0},
		{"scaled", true, sim.Transition{At: 40 * second, Kind: sim.InstanceAdded, Service: audit}, false, "", 0},
		{"another pool", true, sim.Transition{}, true, "", 0},
		{"by a set", false, sim.Transition{}, false, "a batch took longer than 30s (max_poll); rebalanced 1 time\n", 40 * time.Second},
		{"shorter by a set", true, sim.Transition{}, false, "a batch took longer than 30s to 300s (max_poll); rebalanced 1 time\n", 40 * time.Second},
		{"by a set to come", false, sim.Transition{}, false, "", 41 * time.Second},
	} {
		p := longMall()
		if row.maxPoll {
			p.Topology.Queues[events].MaxPoll = &topology.MaxPoll{Records: 5, Interval: 5 * time.Minute}
		}
		if row.set > 0 {
			setOn(p, events, sim.Settings{MaxPoll: &topology.MaxPoll{Records: 5, Interval: 30 * time.Second}})
			p.Faults[1].From = des.Time(row.set)
		}
		if row.pool {
			p.Faults = append(p.Faults, sim.Fault{Name: "fewer", Kind: sim.Threads, On: "audit", Services: []int{audit}, To: 1, From: 20 * second, Until: 25 * second, Every: 15 * second})
		}
		changes := []sim.Transition{{At: 40 * second, Kind: sim.Rebalanced, Queue: events, Service: audit}}
		if row.before.At > 0 {
			changes = append([]sim.Transition{row.before}, changes...)
		}
		got := told(runWith(t, p, p.Duration, nil, changes, selling(p)))
		if row.want == "" && strings.Contains(got, "rebalanced") || !strings.Contains(got, row.want) {
			t.Errorf("%s: got\n%swant\n%s", row.name, got, row.want)
		}
	}
}

// TestWastedOnMessages: work of which no source could have given up.
func TestWastedOnMessages(t *testing.T) {
	for service, want := range map[int]string{
		mailer: "mailer did 25% of its work for messages that were done already or given up\n",
		front:  "front did 25% of its work for callers that had given up\n",
	} {
		p := longMall()
		well := selling(p)
		r := run(t, p, p.Duration, nil, func(from, to des.Time, t *sim.Tallies) {
			well(from, to, t)
			t.Services[service].Wasted = t.Services[service].Working / 4
		})
		if !strings.Contains(told(r), want) {
			t.Errorf("got\n%swant\n%s", told(r), want)
		}
	}
}

// TestToldCompletion: that what is set off is done long after the answer, or not at
// all, is told; that it is done soon is not.
func TestToldCompletion(t *testing.T) {
	for _, row := range []struct {
		done             des.Time
		lost, unfinished int // of 100 a second, 110 seconds long
		want             string
	}{
		{300 * ms, 0, 0, "buyers: answered p99 20ms, done p99 300ms\n"},
		{30 * ms, 0, 0, ""},
		{30 * ms, 1, 2, "buyers: answered p99 20ms, but 3% not done: 110 lost, 220 left at the end\n"},
		{30 * ms, 1, 0, "buyers: answered p99 20ms, done p99 30ms; 110 lost\n"}, // the p99 is one that was done
		{30 * ms, 2, 0, "buyers: answered p99 20ms, but 2% never done: 220 lost\n"},
		{30 * ms, 0, 1, "buyers: answered p99 20ms, done p99 30ms; 110 not done at the end\n"},
		{30 * ms, 0, 2, "buyers: answered p99 20ms, but 2% not done at the end: 220\n"},
		{30 * ms, 100, 0, "buyers: answered p99 20ms, but 100% never done: 11,000 lost\n"},
	} {
		p := longMall()
		well := selling(p)
		r := run(t, p, p.Duration, nil, func(from, to des.Time, t *sim.Tallies) {
			well(from, to, t)
			b := &t.Sources[buyers]
			b.Completion, b.Lost = each(100-row.lost-row.unfinished, row.done), uint64(row.lost)
		})
		if got := told(r); row.want == "" && strings.Contains(got, "answered p99") || !strings.Contains(got, row.want) {
			t.Errorf("got\n%swant\n%s", got, row.want)
		}
	}
}

// TestSetsOff: what may set off a publish, itself, side by side with others, or by a
// call to what stands later in the file.
func TestSetsOff(t *testing.T) {
	publish := topology.Step{Kind: topology.Message, Publish: &topology.Publish{Queue: 0, Chance: 1, Times: 1, Keys: 1}}
	operation := func(name string, steps ...topology.Step) topology.Operation {
		return topology.Operation{Name: name, Steps: steps}
	}
	top := &topology.Topology{
		Services: []topology.Service{
			{Name: "a", Operations: []topology.Operation{operation("far", callTo(1, 0)), operation("not", callTo(1, 2))}},
			{Name: "b", Operations: []topology.Operation{
				operation("call", callTo(1, 1)),
				operation("side", topology.Step{Kind: topology.Parallel, Parallel: []topology.Step{callTo(1, 2), publish}}),
				operation("idle"), operation("self", publish)}},
		},
		Queues: []topology.Queue{{Name: "q", DeadLetter: topology.None}},
	}
	top.Index()
	want := publishing{{true, false}, {true, true, false, true}}
	if got := setsOff(top); !cmp.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestCompact: in seven columns, which is what a table has.
func TestCompact(t *testing.T) {
	for s, want := range map[float64]string{0: "0s", 0.0123: "12.3ms", 59.94: "59.9s", 700: "11m40s", 3600: "1h", 84113: "23h21m", 432_000: "120h"} {
		if got := compact(s); got != want || len(got) > 7 {
			t.Errorf("%v: got %s, want %s", s, got, want)
		}
	}
}

// TestLoopWithoutBacklog: consumers with many threads hold all that there is, and so
// nothing piles up; a run that is not back is still fed by what is handed out again.
func TestLoopWithoutBacklog(t *testing.T) {
	p := longMall()
	well := selling(p)
	r := run(t, p, p.Duration, nil, func(from, to des.Time, t *sim.Tallies) {
		well(from, to, t)
		o := &t.Queues[orders]
		o.Redelivered = 10 // of 200, as ever
		if from >= 31*second {
			pool(t, p, mailer, to-from, 30, 2)
			o.Redelivered = 120
		}
	})
	want := Loop{Queue: "orders", Edge: "orders->mailer", Retries: 0.6, Amplification: 2.5}
	if l := r.Cascade.Loop; l == nil || *l != want {
		t.Errorf("got %+v, want %+v", l, want)
	}
}
