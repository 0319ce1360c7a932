package report_test

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"cascade/scenarios"
	"cascade/sim"
	"cascade/sim/report"

	"github.com/google/go-cmp/cmp"
)

// judged runs a scenario with the real engine.
func judged(t *testing.T, s *scenarios.Scenario) *report.Report {
	t.Helper()
	c := report.NewCollector(s.Plan, s.Expectations)
	run := sim.New(s.Plan, c)
	run.RunUntil(s.Plan.Duration)
	totals, err := run.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return c.Report(totals)
}

// TestBuiltinsFitAScreen: 40 lines of 80 columns.
func TestBuiltinsFitAScreen(t *testing.T) {
	for _, info := range scenarios.Names() {
		s, err := scenarios.Builtin(info.Name)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := judged(t, s).WriteText(&b, report.TextOptions{}); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
		wide := slices.MaxFunc(lines, func(a, b string) int { return utf8.RuneCountInString(a) - utf8.RuneCountInString(b) })
		if len(lines) > 40 || utf8.RuneCountInString(wide) > 80 {
			t.Errorf("%s: %d lines, one of %d columns:\n%s", info.Name, len(lines), utf8.RuneCountInString(wide), b.String())
		}
	}
}

// The keys that a set is told to set are those that a file names.
func TestKeysAreThoseOfTheFile(t *testing.T) {
	edge := `timeout: 1s, deadline: 2s, retry: {attempts: 2}, breaker: {consecutive: 3}, bulkhead: 4, rate_limit: {rate: 9/s}, hedge: {after: 50ms}, throttle: {k: 2},
      propagate: true, priority: low, network: 1ms, chance: 50%, times: 2, optional: true, fallback: 1ms, cache: {hit: 50%}`
	service := "threads: 3, queue: 5, order: lifo, balance: random, health_check: 1s, cancel: true, deadline: true, rate_limit: {rate: 9/s}, adaptive_limit: {kind: aimd}, outlier: {consecutive: 3, eject: 20s, max: 50%}, contention: 'usl(1%, 0)', autoscale: {min: 1, max: 2, target: 60%}"
	for on, keys := range map[string]string{"a->b": edge, "a": service, "b.c": "bulkhead: 3"} {
		s, err := scenarios.Parse("test.yaml", []byte(`
name: deploy
duration: 2s
topology:
  services:
    a: {threads: 4, steps: [sync: b.c]}
    b: {threads: 4, operations: {c: {steps: [work: 10ms]}}}
traffic: {load: {rate: 10/s, to: a}}
faults: [{name: f, at: 1s, for: 500ms, set: {on: `+on+", "+keys+"}}]\n"), ".")
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for _, m := range regexp.MustCompile(`(?:^|, *|,\n *)([a-z_]+): `).FindAllStringSubmatch(regexp.MustCompile(`\{[^}]*\}`).ReplaceAllString(keys, "x"), -1) {
			want = append(want, m[1])
		}
		got := judged(t, s).Faults[0].Keys
		slices.Sort(got)
		slices.Sort(want)
		if len(want) == 0 || !slices.Equal(got, want) {
			t.Errorf("on %s: got %q, want %q", on, got, want)
		}
	}
}

// TestJudgements: small scenarios of which it is plain what must come out.
func TestJudgements(t *testing.T) {
	for _, row := range []struct {
		name, scenario string
		met, unmet     []string
	}{
		{"faults close to each other, each over at once", `
name: outages
duration: 20s
topology: {services: {a: {threads: 4, queue: 10, steps: [work: 10ms]}}}
traffic: {load: {rate: 10/s, arrivals: constant, to: a}}
faults:
  - {name: e1, at: 2s, for: 3s, errors: {on: a, rate: 100%}}
  - {name: e2, at: 8s, for: 2s, errors: {on: a, rate: 100%}}
  - {name: e3, at: 15s, for: 4s, errors: {on: a, rate: 100%}}
`, []string{
			"load recovers within 2s of e1", "load recovers within 3s of e1", "load recovers within 5s of e1",
			"load recovers within 999ms of e3", "load recovers within 1s of e3", "load recovers within 5s of e3",
		}, nil},
		{"an earlier outage is nothing to come back to", `
name: doubled
duration: 60s
topology: {services: {a: {threads: 1, queue: 0, steps: [work: 10ms]}}}
traffic: {load: {rate: 100/s, arrivals: constant, to: a, profile: [{at: 30s, rate: 200/s}]}}
faults:
  - {name: e1, at: 2s, for: 18s, errors: {on: a, rate: 100%}}
  - {name: e2, at: 30s, for: 2s, errors: {on: a, rate: 100%}}
`, []string{"load recovers within 5s of e1"}, []string{"load recovers within 5s of e2"}},
		{"nothing ends any more", `
name: hung
duration: 60s
topology:
  services:
    a: {threads: 64, queue: unbounded, steps: [work: 1ms, sync: b]}
    b: {threads: 64, queue: unbounded, steps: [work: 10ms]}
traffic: {load: {rate: 100/s, arrivals: constant, to: a}}
faults: [{name: stop, at: 10s, for: 50s, pause: {on: b}}]
`, []string{"load.success > 99% before stop", "load.offered > 99/s"}, []string{
			"load.success > 99%", "load.errors < 1%", "load.p99 < 1s", "a.success > 99%", "a.p99 < 1s", "b.success > 99%", "b.p99 < 1s",
			"a->b.success > 99%", "a->b.timeouts < 1%", "a->b.p99 < 1s", "load.success > 99% from 5s to 40s", "load.p99 < 1s during stop",
		}},
		{"a service that is down", `
name: down
duration: 60s
topology:
  services:
    a: {threads: 4, queue: 10, steps: [work: 10ms, {sync: b, optional: true}]}
    b: {instances: 2, threads: 4, queue: 10, steps: [work: 10ms]}
traffic: {load: {rate: 10/s, arrivals: constant, to: a}}
faults: [{name: crash, at: 10s, for: 30s, crash: {on: b}}]
`, []string{"b.errors == 100% during crash", "b.saturation < 50%", "b.throughput < 11/s after crash"}, []string{
			"b.saturation < 50% during crash", "b.saturation.max < 50% during crash", "b.utilization < 50% during crash", "b.queue < 5 during crash",
			"b.queue.max < 5 during crash", "b.throughput < 5/s during crash", "b.wasted < 5% during crash",
		}},
	} {
		text := row.scenario + "expect:\n"
		for _, e := range slices.Concat(row.met, row.unmet) {
			text += "  - " + e + "\n"
		}
		s, err := scenarios.Parse("test.yaml", []byte(text), ".")
		if err != nil {
			t.Fatal(err)
		}
		for i, j := range judged(t, s).Expectations {
			if want := i < len(row.met); j.Pass != want {
				t.Errorf("%s: %+v", row.name, j)
			}
		}
	}
}

const poisoned = `
name: poisoned
duration: 2m
warmup: 10s
topology:
  queues: {orders: {kind: stream, partitions: 4, on_failure: retry, retry_every: 1s}}
  services:
    shop: {threads: 16, steps: [{work: 1ms}, {publish: orders, key: round_robin, keys: 4}]}
    ledger: {threads: 4, consumes: orders, steps: [{work: 10ms}]}
traffic: {shoppers: {to: shop, rate: 100/s, arrivals: constant}}
faults: [{name: bad, at: 31s, for: 10ms, poison: {on: orders, rate: 100%}}]
`

const redriven = `
name: redriven
duration: 60s
topology:
  queues: {orders: {max_receives: 1, dead_letter: failed}, failed: {}}
  services:
    shop: {threads: 16, steps: [{work: 1ms}, {publish: orders}]}
    mail: {threads: 4, consumes: orders, steps: [{work: 10ms}]}
traffic: {shoppers: {to: shop, rate: 1/s, arrivals: constant}}
faults:
  - {name: bad, at: 20s, for: 10s, errors: {on: mail, rate: 100%}}
  - {name: back, at: 50s, redrive: {on: failed, to: orders}}
`

// TestQueuesOfTheEngine: what the story makes of the real thing, where it can be
// reckoned: 80 a second for a minute make 4,800 messages beside those in hand, and the
// 20 that a consumer of 100 a second has to spare take 240 s to work them off.
func TestQueuesOfTheEngine(t *testing.T) {
	for _, row := range []struct{ name, yaml, want string }{
		{"a consumer that was away", `
name: away
duration: 7m
warmup: 10s
topology:
  queues: {orders: {}}
  services:
    shop: {threads: 16, steps: [{work: 5ms}, {publish: orders}]}
    email: {threads: 8, consumes: orders, steps: [{work: 80ms}]}
traffic: {shoppers: {to: shop, rate: 80/s, arrivals: constant}}
faults: [{name: away, at: 60s, for: 60s, crash: {on: email}}]
`, `at 60s away begins: crash on email, until 120s
at 60s orders: messages piled up until 360s, at most 4,812 not done at 120s, the oldest 60s
at 120s email saturated until 360s; 100% of its thread time is own work
at 360s everything was back to what it was before
shoppers: answered p99 5ms, done p99 59.3s; 6 not done at the end
`},
		{"a visibility time-out that is too short under load", `
name: spiral
duration: 5m
warmup: 10s
topology:
  queues: {orders: {visibility: 2s}}
  services:
    shop: {threads: 16, steps: [{work: 5ms}, {publish: orders}]}
    email: {threads: 400, consumes: orders, steps: [{sync: db}]}
    db: {threads: 10, queue: unbounded, steps: [{work: exponential(100ms)}]}
traffic: {shoppers: {to: shop, rate: 85/s, arrivals: constant}}
faults: [{name: slow-db, at: 60s, for: 30s, slow: {on: db, factor: 4}}]
`, `metastable: still not back 210s after the last fault; what orders hands out again feeds it`},
		{"a full broker", `
name: full
duration: 2m
warmup: 10s
topology:
  queues: {orders: {capacity: 50, on_full: block}}
  services:
    shop: {threads: 16, steps: [{work: 5ms}, {publish: orders}]}
    email: {threads: 8, consumes: orders, steps: [{work: 80ms}]}
traffic: {shoppers: {to: shop, rate: 80/s, arrivals: constant}}
faults: [{name: slow-mail, at: 30s, for: 20s, slow: {on: email, factor: 5}}]
`, `thread time is blocked on orders (root: email)`},
		// 25 a second go to the partition that stands still for 89 s; one more is in hand.
		// Nothing feeds that: it is not metastable.
		{"a message that blocks its partition", poisoned, `at most 2,226 not done at 119s, the oldest 89s; 2,226 left, 2,224 of them behind one in partition 0 that fails again and again
it was not back by the end
shoppers: answered p99 1ms, but 20% not done at the end: 2,226
`},
		{"two that do", strings.Replace(poisoned, "for: 10ms", "for: 20ms", 1), `behind the first of 2 partitions, which fail again and again
it was not back by the end
`},
		{"a redrive", redriven, `at 20s orders: 10 dead letters to failed until 30s
at 20s mail: 100% of its messages failed until 29s: error (by mail itself)
at 50s back: redrive of 10 messages from failed to orders, the oldest there for 30s
`},
		{"a redrive of nothing", strings.Replace(redriven, "for: 10s", "for: 1ms", 1), `at 50s back: redrive of failed to orders, which found nothing to move
`},
		{"redrives that cannot be told apart", redriven + `  - {name: again, at: 55s, redrive: {on: failed, to: orders}}
`, `at 50s back: redrive of failed to orders
`},
	} {
		s, err := scenarios.Parse(row.name, []byte(row.yaml), ".")
		if err != nil {
			t.Fatal(err)
		}
		r := judged(t, s)
		var story strings.Builder
		for _, l := range r.Story() {
			story.WriteString(l.String() + "\n")
		}
		if !strings.Contains(story.String(), row.want) {
			t.Errorf("%s: got\n%swant\n%s", row.name, story.String(), row.want)
		}
	}
}

// Of whatever kind, what began with a fault in the middle of an interval stands behind
// it; and a fault on a part of a service is told as that.
func TestNothingBeforeItsCause(t *testing.T) {
	s, err := scenarios.Parse("test.yaml", []byte(`
name: mid-interval
duration: 3m
interval: 10s
topology:
  queues: {orders: {capacity: 10000, visibility: 30s}, events: {kind: stream, partitions: 4}}
  services:
    shop: {threads: 400, steps: [{sync: prices, timeout: 100ms, retry: {attempts: 3, budget: {ratio: 1%, burst: 1}}}, {publish: orders}, {publish: events}]}
    prices: {instances: 4, threads: 20, outlier: {consecutive: 3, eject: 20s, max: 50%}, steps: [work: 5ms]}
    mailer: {threads: 10, consumes: orders, steps: [work: 10ms]}
    stats: {threads: 10, consumes: events, steps: [work: 1ms]}
traffic: {buyers: {rate: 100/s, to: shop}}
faults:
  - {name: sick, at: 24s, for: 10s, errors: {on: prices, rate: 90%, instances: 3}}
  - {name: out, at: 54s, for: 10s, outage: {on: orders}}
  - {name: standstill, at: 84s, for: 26s, pause: {on: mailer}}
`), ".")
	if err != nil {
		t.Fatal(err)
	}
	var story strings.Builder
	for _, l := range judged(t, s).LongStory() {
		story.WriteString(l.String() + "\n")
	}
	want := `at 24s sick begins: errors on prices (3 of 4), until 34s
at 24s shop ejected an instance of prices 2 times
at 24s shop's budget refused 98% of the retries to prices until 40s
at 24s buyers: 36% failed in 2 spells until 70s, worst 62% at 54s: error (shop->orders: broker out)
at 34s sick is over
at 54s out begins: outage on orders, until 64s
at 54s orders was out: it refused 1,006 publishes until 70s
at 64s out is over
at 84s standstill begins: pause on mailer, until 110s
at 84s orders: messages piled up until 120s, at most 2,653 not done at 100s, the oldest 26s
at 110s standstill is over
at 120s everything was back to what it was before
buyers: answered p99 5ms, done p99 24.6s
`
	if diff := cmp.Diff(want, story.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
