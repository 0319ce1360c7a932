package experiment

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTraits(t *testing.T) {
	for _, row := range []struct {
		path, subject, name string
		better              Direction
		rank                rank
	}{
		{"metastable", "", "metastable", Lower, leading},
		{"wasted", "", "wasted", Lower, beside},
		{"sources.shoppers.success", "shoppers", "success", Higher, leading},
		{"sources.shoppers.latency.p99_s", "shoppers", "p99", Lower, leading},
		{"sources.shoppers.latency.p90_s", "shoppers", "latency", Lower, inJSON},
		{"sources.shoppers.latency.count", "shoppers", "answered", Neutral, inJSON},
		{"sources.shoppers.latency_all.p99_s", "shoppers", "latency_all", Neutral, inJSON},
		{"sources.shoppers.completion.p99_s", "shoppers", "completion.p99", Lower, leading},
		{"sources.shoppers.failed.timeout", "shoppers", "failed", Lower, inJSON},
		{"sources.shoppers.offered", "shoppers.offered", "shoppers.offered", Neutral, inJSON},
		{"services.gateway.saturation", "gateway", "saturation", Lower, inText},
		{"services.gateway.operations.buy.saturation", "gateway.operations.buy", "saturation", Lower, inText},
		{"services.gateway.thread_time_s.waiting.gateway.buy->checkout", "gateway", "", Lower, inJSON},
		{"services.gateway.thread_time_s.working", "gateway", "working", Neutral, inJSON},
		{"services.gateway.rate_limited", "gateway.rate_limited", "gateway.rate_limited", Neutral, inJSON},
		{"edges.shop.order->email.latency.p99_s", "shop.order->email", "p99", Lower, inText},
		{"edges.shop.order->email.outcomes.timeout", "shop.order->email", "timeouts", Lower, inText},
		{"edges.shop.order->email.outcomes.cancelled", "shop.order->email", "cancelled", Neutral, inJSON},
		{"edges.shop.order->email.call_outcomes.error", "shop.order->email", "calls failed", Lower, inJSON},
		{"queues.orders.dead_lettered", "orders", "dead_lettered", Lower, leading},
		{"queues.orders.age_max_s", "orders", "age.max", Lower, inText},
		{"queues.orders.publishers.shop.buy->orders.failed.rejected", "orders.publishers.shop.buy->orders", "failed", Lower, inJSON},
	} {
		subject, got := traitOf(row.path)
		if subject != row.subject || got.name != row.name || got.better != row.better || got.rank != row.rank {
			t.Errorf("%s: %q of %q, %v is better, rank %d", row.path, got.name, subject, got.better, got.rank)
		}
	}
}

// TestTraitsAreOfReports: every row of the table fits a number of a report of some
// built-in scenario, or of what is derived from one: a key that is misspelt fits none.
// No built-in scenario has a cache, cancels a call, or has a publish that fails.
func TestTraitsAreOfReports(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "cmd", "cascade", "testdata", "golden", "*.json"))
	if err != nil || len(files) < 20 {
		t.Fatalf("%d reports, %v", len(files), err)
	}
	used := map[trait]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r, err := ReadRecord(0, text)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range append(derived(&r), r.Metrics...) {
			_, row := traitOf(m.Path)
			used[row] = true
		}
	}
	for _, table := range [][]trait{traits, byEnding} {
		for _, row := range table {
			elsewhere := strings.HasPrefix(row.key, "cache.") || row.key == "call_outcomes.cancelled" || row.section == "queues" && row.key == "failed.*"
			if !used[row] && !elsewhere {
				t.Errorf("no report has a number for %+v", row)
			}
		}
	}
}

func TestDerived(t *testing.T) {
	r, err := ReadRecord(0, []byte(`{"schema": "cascade.report/v1", "cascade": {"metastable": true},
		"services": {
			"shop": {"arrived": 10, "succeeded": 6, "failed": {"error": 1}, "rejected": 1, "cancelled": 2, "wasted": 0.5, "thread_time_s": {"working": 30},
				"instances": [{"arrived": 10}], "operations": {"buy": {"arrived": 10, "succeeded": 6, "failed": {}, "rejected": 2, "wasted": 1, "thread_time_s": {"working": 30}}}},
			"idle": {"arrived": 0, "succeeded": 0, "wasted": 0, "thread_time_s": {"working": 10}}},
		"edges": {"shop.buy->idle": {"calls": 4, "attempts": 10}, "shop->none": {"calls": 0, "attempts": 0}}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []Metric{{Path: "metastable", Value: 1}, {Path: "wasted", Value: 15. / 40}, {Path: "services.shop.errors", Value: 2. / 8},
		{Path: "services.shop.operations.buy.errors", Value: 2. / 8}, {Path: "edges.shop.buy->idle.amplification", Value: 2.5}}
	got := derived(&r)
	if len(got) != len(want) {
		t.Fatalf("%v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%v, not %v", got[i], want[i])
		}
	}
}
