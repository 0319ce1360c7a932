package scenarios

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestPolicies(t *testing.T) {
	e := mustEdit(t, everywhere)
	// Each key as NAME=VALUE, with ! where it is written and @FAULT where one sets it.
	shown := func(keys []Key) string {
		var all []string
		for _, k := range keys {
			text := k.Name + "=" + k.Value
			if k.Given {
				text += "!"
			}
			if k.By != "" {
				text += "@" + k.By
			}
			all = append(all, text)
		}
		return strings.Join(all, " · ")
	}
	const guards = " · health_check=never · cancel=false · deadline=false · rate_limit=none · adaptive_limit=none · outlier=none · contention=none"
	const guarded = " · breaker=none · bulkhead=none · rate_limit=none · hedge=none · throttle=none · propagate=false · priority=the caller's, which is high at first"
	for _, row := range []struct{ target, want string }{
		{"payment", "instances=1 · threads=8! · blocking=true · queue=100 · order=lifo! · balance=round_robin" + guards + " · autoscale=none"},
		{"pricing", "instances=2 · threads=4! · blocking=true · queue=100 · order=fifo · balance=round_robin" + guards + " · autoscale={min: 2, max: 4, target: 50%}!"},
		{"gateway.browse", "bulkhead=16!"}, {"gateway.buy", "bulkhead=none"},
		{"gateway.browse->pricing", "timeout=none · deadline=none · retry=none" + guarded + " · protocol=none · network=0s · chance=100% · times=1 · optional=false · needed=true · fallback=none · cache={hit: 90%}!"},
		{"gateway->payment", "timeout=300ms! · deadline=none · retry={attempts: 3, backoff: 50ms}!" + guarded + " · protocol=none · network=0s · chance=100% · times=1 · optional=false · needed=true · fallback=none · cache=none"},
		{"gateway.buy->payment.charge#2", "timeout=none · deadline=none · retry=none" + guarded + " · protocol=grpc! · network=200us · chance=100% · times=1 · optional=false · needed=true · fallback=none · cache=none"},
		{"shoppers->gateway.buy", "timeout=2s! · deadline=none · retry=none" + guarded + " · protocol=none · network=0s"},
		{"shoppers", "rate=20/s! · arrivals=poisson · start=0s · limit=none · profile= · instances=1 · budget=none · timeout=2s! · deadline=none · retry=none" + guarded + " · protocol=none · network=0s"},
		{"staff", "users=5! · start=0s · limit=none · think=1s! · instances=1 · budget=none · timeout=none · deadline=none · retry=none" + guarded + " · protocol=none · network=0s"},
		{"orders", "kind=queue · like=sqs! · capacity=unbounded · on_full=reject · latency=0s · order=standard · ttl=96h · visibility=30s · max_receives=3! · redelivery=0s · dead_letter=failed!"},
		{"failed", "kind=queue · like=none · capacity=unbounded · on_full=reject · latency=0s · order=standard · ttl=none · visibility=none · max_receives=no bound · redelivery=0s · dead_letter=none"},
		{"events", "kind=stream · like=kafka! · partitions=4! · latency=0s · retention=168h · on_failure=skip · retry_every=1s · rebalance=0s · max_poll={records: 500, interval: 5m} · dead_letter=none"},
		{"unread", "kind=stream! · like=none · partitions=1! · latency=0s · retention=none · on_failure=skip · retry_every=1s · rebalance=0s · max_poll=none · dead_letter=none"},
		{"nowhere", ""}, {"payment.refund", ""}, {"pricing.x", ""}, {"gateway->stock", ""}, {"", ""},
	} {
		if got := shown(e.Policies(nil, row.target, 0)); got != row.want {
			t.Errorf("%s:\ngot  %s\nwant %s", row.target, got, row.want)
		}
	}

	// Faults in force, at instants of the run.
	changes := []Override{
		{"faults.2", "{name: deploy, at: 30s, for: 40s, set: {on: payment, threads: 4, queue: unbounded}}"},
		{"faults.3", "{name: squeeze, at: 25s, for: 10s, threads: {on: payment, to: 2}}"},
		{"faults.4", "{name: rpc, at: 10s, for: 10s, set: {on: gateway->payment, protocol: grpc, retry: {attempts: 9}}}"},
		{"faults.5", "{name: late, at: 100s, set: {on: gateway.buy, bulkhead: 3}}"},
		{"faults.6", "{name: rpc2, at: 15s, for: 10s, set: {on: gateway->payment, network: \"uniform(1ms, 2ms)\", retry: {attempts: 8}}}"},
		{"faults.7", "{name: way-in, at: 10s, for: 10s, set: {on: shoppers->gateway, timeout: 9s}}"},
		{"faults.8", "{name: retuned, at: 10s, for: 10s, set: {on: orders, capacity: 500, on_full: block, visibility: 3m}}"},
		{"faults.8.set.ttl", "1h"},
		{"faults.9", "{name: again, at: 15s, for: 10s, every: 30s, set: {on: orders, visibility: 1m}}"},
		{"faults.10", "{name: polls, at: 10s, for: 10s, set: {on: events, max_poll: {records: 9}}}"},
	}
	for _, row := range []struct {
		target, key string
		at          time.Duration
		value, by   string
	}{
		{"payment", "threads", 24 * time.Second, "8", ""},
		{"payment", "threads", 25 * time.Second, "2", "squeeze"},
		{"payment", "threads", 30 * time.Second, "2", "squeeze"},
		{"payment", "threads", 35 * time.Second, "4", "deploy"},
		{"payment", "queue", 69 * time.Second, "unbounded", "deploy"},
		{"payment", "queue", 70 * time.Second, "100", ""},
		{"gateway.buy->payment.charge", "timeout", 19 * time.Second, "300ms", ""},
		{"gateway.buy->payment.charge", "timeout", 20 * time.Second, "1s", "canary"},
		{"gateway.buy->payment.charge", "timeout", 30 * time.Second, "300ms", ""},
		{"gateway.buy->payment.charge", "timeout", 80*time.Second - 1, "300ms", ""},
		{"gateway.buy->payment.charge", "timeout", 80 * time.Second, "1s", "canary"},
		{"gateway.buy->payment.charge#2", "timeout", 20 * time.Second, "none", ""},
		{"gateway->payment", "network", 10 * time.Second, "200us", "rpc"},
		{"gateway->payment", "network", 15 * time.Second, "uniform(1ms, 2ms)", "rpc2"},
		{"gateway->payment", "retry", 14 * time.Second, "{attempts: 9}", "rpc"},
		{"gateway->payment", "retry", 20 * time.Second, "{attempts: 8}", "rpc2"},
		{"gateway->payment", "retry", 25 * time.Second, "{attempts: 3, backoff: 50ms}", ""},
		{"gateway.buy", "bulkhead", 99 * time.Second, "none", ""},
		{"gateway.buy", "bulkhead", 2 * time.Minute, "3", "late"},
		{"shoppers", "timeout", 10 * time.Second, "9s", "way-in"},
		{"shoppers->gateway.buy", "timeout", 20 * time.Second, "2s", ""},
		{"orders", "capacity", 9 * time.Second, "unbounded", ""},
		{"orders", "capacity", 10 * time.Second, "500", "retuned"},
		{"orders", "on_full", 10 * time.Second, "block", "retuned"},
		{"orders", "ttl", 10 * time.Second, "1h", "retuned"},
		{"orders", "visibility", 14 * time.Second, "3m", "retuned"},
		{"orders", "visibility", 15 * time.Second, "1m", "again"},
		{"orders", "visibility", 25 * time.Second, "30s", ""},
		{"orders", "visibility", 45 * time.Second, "1m", "again"},
		{"orders", "ttl", 20 * time.Second, "96h", ""},
		{"failed", "visibility", 15 * time.Second, "none", ""},
		{"events", "max_poll", 10 * time.Second, "{records: 9}", "polls"},
	} {
		keys := e.Policies(changes, row.target, row.at)
		if k := keys[slices.IndexFunc(keys, func(k Key) bool { return k.Name == row.key })]; k.Value != row.value || k.By != row.by {
			t.Errorf("%s of %s at %s: %s by %q, want %s by %q", row.key, row.target, row.at, k.Value, k.By, row.value, row.by)
		}
	}
	if e.Policies([]Override{{"faults.2", "x"}}, "payment", 0) != nil || e.FaultKeys([]Override{{"faults.2", "x"}}, "pause", "payment") != nil {
		t.Error("a scenario that cannot be read has policies")
	}
}

// TestPoliciesWithin: the keys of a mapping stand in it, with their values.
func TestPoliciesWithin(t *testing.T) {
	e := mustEdit(t, everywhere)
	keys := e.Policies(nil, "gateway->payment", 0)
	retry := keys[2]
	if retry.Name != "retry" || len(retry.Keys) != len(format[retryKeys].keys) {
		t.Fatalf("got %+v", retry)
	}
	want := []Key{
		{Name: "attempts", Written: "number", About: "tries, the first included", Value: "3", Given: true, Required: true},
		{Name: "backoff", Written: "duration", Default: "0s", About: "wait before the first retry", Value: "50ms", Given: true},
		{Name: "factor", Written: "number", Default: "2", About: "how many times as long each further wait is", Value: "2"},
	}
	if diff := cmp.Diff(want, retry.Keys[:3]); diff != "" {
		t.Error(diff)
	}
	if budget := retry.Keys[6]; budget.Name != "budget" || len(budget.Keys) != 2 || budget.Keys[0].Name != "ratio" || !budget.Keys[0].Required {
		t.Errorf("got %+v", budget)
	}
}

// TestPoliciesOfPresets: what a preset stands for is what the reader makes of it.
func TestPoliciesOfPresets(t *testing.T) {
	for _, p := range presets {
		partitions := ""
		if p.queue.Kind == 1 {
			partitions = ", partitions: 2"
		}
		text := "name: x\nduration: 1m\ntraffic: {l: {to: a, rate: 1/s}}\ntopology:\n  queues:\n    q: {like: " + p.name + partitions + "}\n  services: {a: {threads: 1, steps: [{work: 1ms}]}}\n"
		e := mustEdit(t, text)
		given := "kind: " + choicesIn("queue|stream")[p.queue.Kind] + partitions
		for _, k := range e.Policies(nil, "q", 0) {
			if k.Value != "none" && k.Value != "no bound" && !slices.Contains([]string{"kind", "like", "partitions", "retry_every"}, k.Name) {
				given += ", " + k.Name + ": " + k.Value
			}
		}
		if p.queue.OnFull > 0 { // which needs a capacity
			given = strings.Replace(given, "capacity: unbounded, ", "capacity: 5, ", 1)
			text = strings.Replace(text, "like: ", "capacity: 5, like: ", 1)
		}
		spelt := mustParse(t, strings.Replace(text, text[strings.Index(text, "q: {"):strings.Index(text, "}\n  services")], "q: {"+given, 1))
		if diff := cmp.Diff(mustParse(t, text).Plan.Topology.Queues, spelt.Plan.Topology.Queues); diff != "" {
			t.Errorf("%s:\n%s", p.name, diff)
		}
	}
}

// TestFixedPolicies: what no set changes says why, as a file that tries does.
func TestFixedPolicies(t *testing.T) {
	e := mustEdit(t, everywhere)
	for target, want := range map[string]string{
		"payment": "instances blocking", "gateway.buy": "", "gateway->payment": "", "shoppers->gateway.buy": "",
		"shoppers": "rate arrivals start limit profile instances budget", "staff": "users start limit think instances budget",
		"orders": "kind like order", "events": "kind like partitions",
	} {
		settable := map[string]bool{}
		on := target
		if strings.HasPrefix(target, "s") && !strings.Contains(target, ">") {
			on = target + "->gateway"
		}
		for _, k := range e.FaultKeys(nil, "set", on) {
			settable[k.Name] = true
		}
		var fixed []string
		for _, k := range e.Policies(nil, target, 0) {
			if k.Fixed == "" {
				if !settable[k.Name] {
					t.Errorf("%s of %s can neither be set nor says why", k.Name, target)
				}
				continue
			}
			fixed = append(fixed, k.Name)
			if on == target && k.Name != "instances" {
				_, err := e.Read([]Override{{"faults.2", "{at: 5s, set: {on: " + on + ", " + k.Name + ": 1}}"}})
				if err == nil || !strings.Contains(err.Error(), k.Fixed) {
					t.Errorf("%s of %s: %s, and a file: %v", k.Name, target, k.Fixed, err)
				}
			}
		}
		if got := strings.Join(fixed, " "); got != want {
			t.Errorf("%s: %s, want %s", target, got, want)
		}
	}
}

// TestASetTakesNothingAway, and says what comes to the same, which is true.
func TestASetTakesNothingAway(t *testing.T) {
	e := mustEdit(t, everywhere)
	said := 0
	for _, on := range Targets(planOf(t, e), "set") {
		for _, k := range e.FaultKeys(nil, "set", on) {
			same := asNone[k.Name]
			if same == "" || k.Choices != nil {
				continue
			}
			said++
			fault := func(value string) []Override {
				return []Override{{"faults.2", "{at: 5s, set: {on: " + on + ", " + k.Name + ": " + value + "}}"}}
			}
			_, err := e.Read(fault("none"))
			if want := `a set changes "` + k.Name + `" and does not take it away; ` + same + " comes to the same"; err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s on %s: %v", k.Name, on, err)
			}
			if strings.HasPrefix(on, "s") && onlyInSteps[len(onlyInSteps)-1].name == k.Name {
				continue // a source's way in has no cache
			}
			if _, err := e.Read(fault(same)); err != nil {
				t.Errorf("%s on %s: %v", k.Name, on, err)
			}
		}
	}
	if said < len(asNone) {
		t.Errorf("%d of %d were tried", said, len(asNone))
	}
}
