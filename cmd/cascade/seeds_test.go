package main

import (
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"cascade/scenarios"
	"cascade/sim"
	"cascade/sim/report"
)

// TestBuiltinsOverSeeds holds every expectation of every built-in scenario over 20
// seeds: what a scenario teaches is not the luck of one run. What is expected in a share
// of runs only is another lesson.
func TestBuiltinsOverSeeds(t *testing.T) {
	for _, b := range scenarios.Names() {
		t.Run(b.Name, func(t *testing.T) {
			t.Parallel()
			seeds := 20
			if raced { // a run has one goroutine
				seeds = 2
			}
			for seed := 1; seed <= seeds; seed++ {
				sc, err := scenarios.Builtin(b.Name, scenarios.Override{Path: "seed", Value: fmt.Sprint(seed)})
				if err != nil {
					t.Fatal(err)
				}
				c := report.NewCollector(sc.Plan, sc.Expectations)
				s := sim.New(sc.Plan, c)
				s.RunUntil(sc.Plan.Duration)
				totals, err := s.Finish()
				if err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
				r := c.Report(totals)
				if len(r.Expectations) == 0 {
					t.Fatal("it expects nothing")
				}
				for i, e := range r.Expectations {
					if !e.Pass && sc.Expectations[i].Share() == 0 { // the others are not of one run
						t.Errorf("seed %d: not met: %s", seed, e.Text)
					}
				}
			}
		})
	}
}

// pairs are the built-in scenarios that come without and with a remedy. The second is
// the first with one setting more, or with a queue in place of a call.
var pairs = []struct {
	without, with string
	remedy        []scenarios.Override
}{
	{"dead-dependency", "dead-dependency-breaker", []scenarios.Override{{Path: "services.store.steps.1.breaker", Value: "{open_for: 5s}"}}},
	{"sick-endpoint", "sick-endpoint-bulkhead", []scenarios.Override{{Path: "services.portal.operations.search.bulkhead", Value: "10"}}},
	{"retry-storm", "retry-storm-budget", []scenarios.Override{{Path: "services.shop.steps.1.retry.budget", Value: "{ratio: 10%, burst: 10}"}}},
	{"long-tail", "long-tail-hedge", []scenarios.Override{{Path: "services.search.steps.1.hedge", Value: "{after: p95}"}}},
	{"flash-sale", "flash-sale-lifo", []scenarios.Override{{Path: "services.orders.order", Value: "lifo"}}},
	{"abandoned-work", "abandoned-work-cancel", []scenarios.Override{{Path: "services.database.cancel", Value: "true"}}},
	{"sick-replica", "sick-replica-outlier", []scenarios.Override{{Path: "services.prices.outlier", Value: "{consecutive: 5, eject: 30s}"}}},
	{"brownout", "brownout-limit", []scenarios.Override{{Path: "services.quotes.adaptive_limit", Value: "{kind: aimd, timeout: 500ms}"}}},
	{"checkout-email", "checkout-email-queue", []scenarios.Override{
		{Path: "queues.receipts", Value: "{redelivery: 1s}"},
		{Path: "queues.events", Value: "{redelivery: 1s}"},
		{Path: "services.shop.operations.order.steps.2", Value: "{publish: receipts}"},
		{Path: "services.shop.operations.order.steps.3", Value: "{publish: events}"},
		{Path: "services.email.consumes", Value: "receipts"},
		{Path: "services.analytics.consumes", Value: "events"},
	}},
	{"redelivery-spiral", "redelivery-spiral-visibility", []scenarios.Override{{Path: "queues.reports.visibility", Value: "3m"}}},
	{"poison-message", "poison-message-dead-letter", []scenarios.Override{
		{Path: "queues.unbooked", Value: "{}"},
		{Path: "queues.orders.on_failure", Value: "dead_letter"},
		{Path: "queues.orders.dead_letter", Value: "unbooked"},
	}},
	{"weekend-outage", "weekend-outage-retention", []scenarios.Override{{Path: "queues.orders.retention", Value: "168h"}}},
}

// TestPairsDifferByTheRemedy: what is different with the remedy is the remedy's doing,
// because everything else is the same; README.md says what it is. A name, a
// description and where samples are cut for the expectations change nothing in a run.
func TestPairsDifferByTheRemedy(t *testing.T) {
	plan := func(name string, sets ...scenarios.Override) sim.Plan {
		t.Helper()
		sc, err := scenarios.Builtin(name, sets...)
		if err != nil {
			t.Fatal(err)
		}
		p := *sc.Plan
		p.Name, p.Description, p.Cuts = "", "", nil
		return p
	}
	readme := read(t, filepath.Join("..", "..", "README.md"))
	for _, pair := range pairs {
		if !strings.Contains(readme, "\n| `"+pair.without+"` |") || !strings.Contains(readme, " | `"+pair.with+"` | ") {
			t.Errorf("README.md does not say what %s and %s show", pair.without, pair.with)
		}
		with := plan(pair.with)
		if reflect.DeepEqual(plan(pair.without), with) {
			t.Errorf("%s has nothing that %s has not", pair.with, pair.without)
		}
		if !reflect.DeepEqual(plan(pair.without, pair.remedy...), with) {
			t.Errorf("%s differs from %s by more than %v", pair.with, pair.without, pair.remedy)
		}
	}
}

// TestAsQueueLeadsToTheQueue: show --as-queue makes checkout-email-queue of
// checkout-email, but for the names of the queues, and says nothing against it.
func TestAsQueueLeadsToTheQueue(t *testing.T) {
	_, text, errs := command(t.Context(), "", "show", "--as-queue", "shop.order->email", "checkout-email")
	_, text, errs2 := command(t.Context(), text, "show", "--as-queue", "shop.order->analytics", "-")
	if errs+errs2 != "" {
		t.Errorf("said %q", errs+errs2)
	}
	text = strings.NewReplacer("shop-to-email", "receipts", "shop-to-analytics", "events").Replace(text)
	made, err := scenarios.Parse("made.yaml", []byte(text), ".")
	if err != nil {
		t.Fatal(err)
	}
	builtin, err := scenarios.Builtin("checkout-email-queue")
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(made.Plan.Topology, builtin.Plan.Topology) {
		t.Errorf("it makes another system than checkout-email-queue:\n%s", text)
	}
}
