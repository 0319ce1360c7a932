package scenarios

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// wholeShop is a scenario with calls of all sorts, as a person may write it.
const wholeShop = `# The shop.
name: shop
duration: 30s

topology:
  # What there is.
  services:
    checkout:
      threads: 8   # few
      operations:
        place:
          steps:
            - work: 5ms   # basket
            # the mail
            - sync: email.send
              timeout: 300ms
              # patient
              retry: {attempts: 3, backoff: 50ms}
              chance: 50%

            - parallel:
                - {sync: stock, optional: true}
                - breaker:
                    consecutive: 3
                    interval: 1s
                  sync: email.send
                  optional: true
            - {sync: email.log, times: 2, needed: false, cache: {hit: 50%}} # twice
    stock: {threads: 4, steps: [{work: 10ms}]}
    email:
      threads: 4 # slow

      operations:
        send: {steps: [{work: 10ms}]}
        log: {steps: [{work: 1ms}]}

traffic:
  load: {to: checkout.place, rate: 50/s}
faults:
  - {at: 10s, for: 5s, latency: {on: stock, add: 1ms}}
  - at: 10s
    for: 5s
    # lost
    loss: {on: checkout->email.log, rate: 5%}

  # The third.
  - {at: 12s, for: 5s, pause: {on: stock}}
  - {name: late, at: 12s, for: 5s, latency: {on: checkout.place->email.send#2, add: 1s}}
expect:
  - load.success > 99%
  - checkout->email.log.errors < 1%   # hm
  - load.success > 1% after fault-2
  - load.success > 1% after fault-3
  - checkout.place->email.send#2.errors < 1%
`

// TestAsQueue: the call becomes messages, what cannot stay is commented out with a
// reason, and all else stays as it was written.
func TestAsQueue(t *testing.T) {
	got, warnings, err := AsQueue("checkout->email", "shop.yaml", []byte(wholeShop), ".")
	if err != nil {
		t.Fatal(err)
	}
	const want = `# The shop.
name: shop
duration: 30s

topology:
  # What there is.
  queues:
    checkout-to-email-send: {redelivery: 1s}
    checkout-to-email-log: {redelivery: 1s}
  services:
    checkout:
      threads: 8   # few
      operations:
        place:
          steps:
            - work: 5ms   # basket
            # the mail
            # The answer depended on this call, which was neither optional nor "needed: false":
            # somebody has to say that it need not wait for it.
            # As a call it also had retry.
            - publish: checkout-to-email-send
              timeout: 300ms
              # patient
              chance: 50%

            - parallel:
                - {sync: stock, optional: true}
                # As a call it also had breaker.
                - publish: checkout-to-email-send
                  optional: true
            # As a call it also had cache.
            - {publish: checkout-to-email-log, times: 2} # twice
    stock: {threads: 4, steps: [{work: 10ms}]}
    email:
      threads: 4 # slow
      consumes: [{from: checkout-to-email-send, operation: send}, {from: checkout-to-email-log, operation: log}]

      operations:
        send: {steps: [{work: 10ms}]}
        log: {steps: [{work: 1ms}]}

traffic:
  load: {to: checkout.place, rate: 50/s}
faults:
  - {at: 10s, for: 5s, latency: {on: stock, add: 1ms}}
  # This fault was on a call that is the queue checkout-to-email-log now:
  # an outage of the queue is a broker that cannot be reached.
  # - at: 10s
  #   for: 5s
  #   # lost
  #   loss: {on: checkout->email.log, rate: 5%}

  # The third.
  - {name: fault-3, at: 12s, for: 5s, pause: {on: stock}}
  # This fault was on a call that is the queue checkout-to-email-send now:
  # a latency on the queue makes its messages readable later.
  # - {name: late, at: 12s, for: 5s, latency: {on: checkout.place->email.send#2, add: 1s}}
expect:
  - load.success > 99%
  # This is about a call that is a queue now, or about a fault on one.
  # - checkout->email.log.errors < 1%   # hm
  # This is about a call that is a queue now, or about a fault on one.
  # - load.success > 1% after fault-2
  - load.success > 1% after fault-3
  # This is about a call that is a queue now, or about a fault on one.
  # - checkout.place->email.send#2.errors < 1%
`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	wantWarnings := []string{
		`checkout.place->email.send is neither optional nor "needed: false": the answer depended on it, and somebody has to say that it need not`,
		`the fault fault-2 is on checkout->email.log, which is the queue checkout-to-email-log now; it is commented out`,
		`the fault late is on checkout.place->email.send#2, which is the queue checkout-to-email-send now; it is commented out`,
		`the expectation "checkout->email.log.errors < 1%" is about a call that is a queue now, or about a fault on one; it is commented out`,
		`the expectation "load.success > 1% after fault-2" is about a call that is a queue now, or about a fault on one; it is commented out`,
		`the expectation "checkout.place->email.send#2.errors < 1%" is about a call that is a queue now, or about a fault on one; it is commented out`,
	}
	if diff := cmp.Diff(wantWarnings, warnings); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestAsQueueParts: what changes of a scenario, by how it is written, as lines that go
// and come.
func TestAsQueueParts(t *testing.T) {
	const traffic = "traffic: {l: {to: a, rate: 5/s}}\n"
	for _, row := range []struct{ name, edge, text, want string }{
		{"one of several steps, and the number of the others", "a->b#1", `
topology:
  services:
    a: {threads: 1, steps: [{sync: b, optional: true}, {sync: b}, {sync: b, chance: 5%}]}
    b: {threads: 1, steps: [{work: 1ms}]}
faults:
  - {at: 1s, loss: {on: a->b#3, rate: 5%}}
  - {at: 1s, loss: {on: a->b, rate: 5%}}
expect: ["a->b#2.errors < 1%", a->b.errors < 1%, a->b#1.errors < 2%]
`, `
+  queues:
+    a-to-b: {redelivery: 1s}
-    a: {threads: 1, steps: [{sync: b, optional: true}, {sync: b}, {sync: b, chance: 5%}]}
-    b: {threads: 1, steps: [{work: 1ms}]}
+    a: {threads: 1, steps: [{publish: a-to-b, optional: true}, {sync: b}, {sync: b, chance: 5%}]}
+    b: {consumes: a-to-b, threads: 1, steps: [{work: 1ms}]}
-  - {at: 1s, loss: {on: a->b#3, rate: 5%}}
+  - {at: 1s, loss: {on: a->b#2, rate: 5%}}
-expect: ["a->b#2.errors < 1%", a->b.errors < 1%, a->b#1.errors < 2%]
+# This is about a call that is a queue now, or about a fault on one.
+# a->b#1.errors < 2%
+expect: ["a->b#1.errors < 1%", a->b.errors < 1%]
`},
		{"all in braces", "a->b", `
topology: {queues: {q: {}}, services: {a: {threads: 1, steps: [sync: b]}, b: {threads: 1, consumes: [q], steps: [work: 1ms]}}}
faults: [{at: 1s, set: {on: a->b, timeout: 1s}}, {at: 2s, pause: {on: b}}]
`, `
-topology: {queues: {q: {}}, services: {a: {threads: 1, steps: [sync: b]}, b: {threads: 1, consumes: [q], steps: [work: 1ms]}}}
-faults: [{at: 1s, set: {on: a->b, timeout: 1s}}, {at: 2s, pause: {on: b}}]
+# The answer depended on this call, which was neither optional nor "needed: false":
+# somebody has to say that it need not wait for it.
+topology: {queues: {q: {}, a-to-b: {redelivery: 1s}}, services: {a: {threads: 1, steps: [publish: a-to-b]}, b: {threads: 1, consumes: [a-to-b, q], steps: [work: 1ms]}}}
+# This fault was on a call that is the queue a-to-b now:
+# a publish step has none of what it was about.
+# {at: 1s, set: {on: a->b, timeout: 1s}}
+faults: [{name: fault-2, at: 2s, pause: {on: b}}]
`},
		{"a list of consumers, one a line", "a->b.x", `
topology:
  queues:
    # Taken.
    a-to-b-x: {}
    q:
      like: sqs
  services:
    a:
      steps:
      - sync: b.x
        needed: false
      threads: 1
    b:
      consumes:
      - {from: q, operation: x}
      operations: {x: {steps: [{work: 1ms}]}, y: {steps: [{work: 1ms}]}}
      threads: 1
`, `
+    a-to-b-x-2: {redelivery: 1s}
-      - sync: b.x
-        needed: false
+      - publish: a-to-b-x-2
+      - {from: a-to-b-x-2, operation: x}
`},
		{"behind the last of the queues", "a->b", `
topology:
  services:
    a: {threads: 1, steps: [{sync: b, needed: false}]}
    b: {threads: 1, steps: [{work: 1ms}]}
  queues:
    q: {}
    # The last.
    p:
      ttl: 5s # of all
      # Not more.

    # Of nothing.
`, `
-    a: {threads: 1, steps: [{sync: b, needed: false}]}
-    b: {threads: 1, steps: [{work: 1ms}]}
+    a: {threads: 1, steps: [{publish: a-to-b}]}
+    b: {consumes: a-to-b, threads: 1, steps: [{work: 1ms}]}
+    a-to-b: {redelivery: 1s}
`},
		{"behind the last in braces", "a->b", `
topology:
  queues: {
    q: {}, # first
    p: {ttl: 5s}, # last
  }
  services:
    a: {threads: 1, steps: [{sync: b, needed: false}]}
    b: {threads: 1, steps: [{work: 1ms}]}
`, `
-    p: {ttl: 5s}, # last
+    p: {ttl: 5s}, a-to-b: {redelivery: 1s}, # last
-    a: {threads: 1, steps: [{sync: b, needed: false}]}
-    b: {threads: 1, steps: [{work: 1ms}]}
+    a: {threads: 1, steps: [{publish: a-to-b}]}
+    b: {consumes: a-to-b, threads: 1, steps: [{work: 1ms}]}
`},
		{"behind a comment in braces", "a->b", `
topology:
  queues: {
    q: {ttl: 5s} # first
  }
  services:
    a: {threads: 1, steps: [{sync: b, needed: false}]}
    b: {threads: 1, steps: [{work: 1ms}]}
`, `
-  }
+  , a-to-b: {redelivery: 1s}}
-    a: {threads: 1, steps: [{sync: b, needed: false}]}
-    b: {threads: 1, steps: [{work: 1ms}]}
+    a: {threads: 1, steps: [{publish: a-to-b}]}
+    b: {consumes: a-to-b, threads: 1, steps: [{work: 1ms}]}
`},
		{"empty braces", "a->b", `
topology:
  queues: {}
  services:
    a: {threads: 1, steps: [{sync: b, needed: false}]}
    b: {threads: 1, steps: [{work: 1ms}]}
`, `
-  queues: {}
+  queues: {a-to-b: {redelivery: 1s}}
-    a: {threads: 1, steps: [{sync: b, needed: false}]}
-    b: {threads: 1, steps: [{work: 1ms}]}
+    a: {threads: 1, steps: [{publish: a-to-b}]}
+    b: {consumes: a-to-b, threads: 1, steps: [{work: 1ms}]}
`},
		{"one name, and queues with nothing", "a->b", `
topology:
  queues:
  services:
    a: {threads: 1, steps: [{sync: b, needed: false, fallback: "mix(50% 1ms, 50% 2ms)"}]}
    b:
      threads: 1
      steps: [{work: 1ms}]
`, `
-  queues:
+  queues: {a-to-b: {redelivery: 1s}}
-    a: {threads: 1, steps: [{sync: b, needed: false, fallback: "mix(50% 1ms, 50% 2ms)"}]}
+    # As a call it also had fallback.
+    a: {threads: 1, steps: [{publish: a-to-b}]}
+      consumes: a-to-b
`},
		{"a name", "a->b", `
topology:
  queues: {q: {}}
  services:
    a: {threads: 1, steps: [{sync: b, needed: false}, {publish: q}]}
    b: {threads: 1, consumes: q, steps: [{work: 1ms}]}
`, `
-  queues: {q: {}}
+  queues: {q: {}, a-to-b: {redelivery: 1s}}
-    a: {threads: 1, steps: [{sync: b, needed: false}, {publish: q}]}
-    b: {threads: 1, consumes: q, steps: [{work: 1ms}]}
+    a: {threads: 1, steps: [{publish: a-to-b}, {publish: q}]}
+    b: {threads: 1, consumes: [a-to-b, q], steps: [{work: 1ms}]}
`},
		{"what anchors bring is written out", "a->b", `
topology:
  queues: {q: {}}
  services:
    a:
      threads: 1
      steps:
        - &patient {sync: c, timeout: 5s, retry: {attempts: 2}, optional: true}
        - <<: *patient
          sync: b
    b: &small
      threads: 1
      consumes: [q]
      steps: [{work: 1ms}]
    c:
      <<: *small
      queue: 5
`, `
-  queues: {q: {}}
+  queues: {q: {}, a-to-b: {redelivery: 1s}}
-        - <<: *patient
-          sync: b
+        # As a call it also had retry.
+        - {publish: a-to-b, timeout: 5s, optional: true}
-      consumes: [q]
+      consumes: [a-to-b, q]
`},
		{"a service made of an anchor", "a->c", `
topology:
  queues: {q: {}}
  services:
    a: {threads: 1, steps: [{sync: c, needed: false}]}
    b: &small
      threads: 1
      consumes: [q]
      steps: [{work: 1ms}]
    c:
      <<: *small
      queue: 5
`, `
-  queues: {q: {}}
+  queues: {q: {}, a-to-c: {redelivery: 1s}}
-    a: {threads: 1, steps: [{sync: c, needed: false}]}
+    a: {threads: 1, steps: [{publish: a-to-c}]}
+      consumes: [a-to-c, q]
`},
	} {
		text := "name: row\nduration: 1m\n" + strings.TrimPrefix(row.text, "\n") + traffic
		got, _, err := AsQueue(row.edge, "row.yaml", []byte(text), ".")
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		if diff := cmp.Diff(strings.TrimPrefix(row.want, "\n"), changes(text, string(got))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, diff)
		}
	}
}

// changes are the lines that go, with a minus, and those that come, with a plus.
func changes(before, after string) string {
	a, b := strings.SplitAfter(before, "\n"), strings.SplitAfter(after, "\n")
	same := make([][]int, len(a)+1) // how many lines are the same from here on, at most
	for i := range same {
		same[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if same[i][j] = max(same[i+1][j], same[i][j+1]); a[i] == b[j] {
				same[i][j] = same[i+1][j+1] + 1
			}
		}
	}
	var out strings.Builder
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			i, j = i+1, j+1
		case i < len(a) && (j == len(b) || same[i+1][j] >= same[i][j+1]):
			out.WriteString("-" + a[i])
			i++
		default:
			out.WriteString("+" + b[j])
			j++
		}
	}
	return out.String()
}

// TestAsQueueFiles: the files that a scenario names for its parts stand in the text,
// names of others are as from here, and the files are left alone.
func TestAsQueueFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	files := map[string]string{
		"shop/shop.yaml":           "name: files\nduration: 1m\ntopology: parts/topology.yaml # what there is\ntraffic:\n  l: {to: a, trace: arrivals.csv}\nfaults: faults.yaml\nexpect: expect.yaml",
		"shop/arrivals.csv":        "1s\n",
		"shop/parts/w.txt":         "1ms\n",
		"shop/faults.yaml":         "- {at: 1s, loss: {on: a->b, rate: 5%}}\n",
		"shop/expect.yaml":         "---\n- l.success > 1%\n",
		"shop/parts/topology.yaml": "# All of it.\nservices:\n  a: {threads: 1, steps: [{sync: b, needed: false}]}\n\n  b: {threads: 1, steps: [{work: empirical(w.txt)}]}\n",
	}
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, warnings, err := AsQueue("a->b", "shop/shop.yaml", []byte(files["shop/shop.yaml"]), "shop")
	if err != nil {
		t.Fatal(err)
	}
	const want = `name: files
duration: 1m
topology: # what there is
  # All of it.
  queues:
    a-to-b: {redelivery: 1s}
  services:
    a: {threads: 1, steps: [{publish: a-to-b}]}

    b: {consumes: a-to-b, threads: 1, steps: [{work: empirical(shop/parts/w.txt)}]}
traffic:
  l: {to: a, trace: shop/arrivals.csv}
faults:
  # This fault was on a call that is the queue a-to-b now:
  # an outage of the queue is a broker that cannot be reached.
  # - {at: 1s, loss: {on: a->b, rate: 5%}}
expect:
  - l.success > 1%
`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if len(warnings) != 1 {
		t.Errorf("%d warnings: %q", len(warnings), warnings)
	}
}

func TestAsQueueProblems(t *testing.T) {
	for _, row := range []struct{ edge, text, want string }{
		{"chekout", wholeShop, `--as-queue chekout: an edge is wanted, as in checkout->email`},
		{"checkout", wholeShop, `--as-queue checkout: "checkout" is a service, and an edge is wanted: checkout.place->email.send, checkout.place->stock, checkout.place->email.send#2, checkout.place->email.log`},
		{"email.log", wholeShop, `--as-queue email.log: "email" is a service, and an edge is wanted: checkout.place->email.send, checkout.place->email.send#2, checkout.place->email.log`},
		{"audit", messages, `--as-queue audit: "audit" is a service, of which no call begins or ends; an edge is wanted, as in checkout->email`},
		{"load", wholeShop, `--as-queue load: "load" is a source; an edge is wanted, as in checkout->email`},
		{"orders", messages, `--as-queue orders: "orders" is a queue already; an edge is wanted, as in checkout->email`},
		{"orders->mail", messages, `--as-queue orders->mail: "orders" is a queue already, and calls nobody; name a call between two services, as in checkout->email`},
		{"mail->events", messages, `--as-queue mail->events: "events" is a queue already, and no call leads there; name a call between two services, as in checkout->email`},
		{"stock.put->log", messages, `--as-queue stock.put->log: "log" is a queue already, and stock.put publishes to it; name a call between two services, as in checkout->email`},
		{"shop->events#2", messages, `--as-queue shop->events#2: "events" is a queue already, and shop publishes to it; name a call between two services, as in checkout->email`},
		{"shop->mail.send", messages, `--as-queue shop->mail.send: these calls are messages already: shop publishes to orders, which mail.send consumes`},
		{"shop->audit", messages, `--as-queue shop->audit: these calls are messages already: shop publishes to events, which audit consumes`},
		{"load->checkout", wholeShop, `--as-queue load->checkout: "load" is a source, and its requests come from outside, where somebody waits for the answer; name a call between two services`},
		{"checkout->emial", wholeShop, `--as-queue checkout->emial: no service "emial"; did you mean "email"?`},
		{"checkot->email", wholeShop, `--as-queue checkot->email: no service or source "checkot"; did you mean "checkout"?`},
		{"checkout->email#3", wholeShop, `--as-queue checkout->email#3: there is no call step "checkout->email#3"`},
		{"stock->email", wholeShop, `--as-queue stock->email: there is no call step "stock->email"`},
		{"shop->orders", messages, `--as-queue shop->orders: "orders" is a queue already, and shop publishes to it; name a call between two services, as in checkout->email`},
		{"a->b", "name: x\n", `x.yaml:1:1: a scenario needs the key "duration": a duration`},
		{"a->b", "name: x\nduration: 1m\ntopology: {services: {a: {threads: 1, steps: &s [{sync: b}]}, c: {threads: 1, steps: *s}, b: {threads: 1, steps: [{work: 1ms}]}}}\ntraffic: {l: {to: a, rate: 1/s}}\n",
			`--as-queue a->b: the step of a->b is also that of c->b, by an alias; write it out for each`},
		{"a->b", "name: x\nduration: 1m\ntopology: {services: {a: {threads: 1, steps: [{sync: b}]}, b: &b {threads: 1, steps: [{work: 1ms}]}, c: *b}}\ntraffic: {l: {to: a, rate: 1/s}}\n",
			`--as-queue a->b: b and c are the same by an alias; write b out`},
		{"a->b", "name: x\nduration: 1m\ntopology: {services: {a: {threads: 1, steps: [{sync: b, retry: &r {attempts: 2}}, {sync: b, retry: *r}, {sync: c, retry: *r}]}, b: {threads: 1, steps: [{work: 1ms}]}, c: {threads: 1, steps: [{work: 1ms}]}}}\ntraffic: {l: {to: a, rate: 1/s}}\n",
			`--as-queue a->b: it cannot be rewritten as it is written (not YAML: unknown anchor 'r' referenced); write out what its anchors and aliases stand for, and one thing a line`},
	} {
		_, _, err := AsQueue(row.edge, "x.yaml", []byte(row.text), ".")
		got := ""
		if err != nil {
			got, _, _ = strings.Cut(err.Error(), "\n")
		}
		if got != row.want {
			t.Errorf("got\n%v\nwant\n%s", got, row.want)
		}
	}
}

// TestAsQueueOfBuiltins: each call of each scenario that comes with the program can
// become messages, alone and after all others.
func TestAsQueueOfBuiltins(t *testing.T) {
	for _, info := range Names() {
		text, _ := Text(info.Name)
		whole := mustParse(t, string(text)).Plan
		for _, e := range whole.Topology.Edges {
			got, _, err := AsQueue(e.ID, info.Name, text, ".")
			if err != nil {
				t.Errorf("%s: %v", info.Name, err)
				continue
			}
			now := mustParse(t, string(got)).Plan.Topology
			if len(now.Edges) != len(whole.Topology.Edges)-1 || len(now.Publishes) != len(whole.Topology.Publishes)+1 || len(now.Queues) != len(whole.Topology.Queues)+1 {
				t.Errorf("%s: %s is no queue now:\n%s", info.Name, e.ID, got)
			}
		}
		for edges := whole.Topology.Edges; len(edges) > 0; {
			got, _, err := AsQueue(edges[0].ID, info.Name, text, ".")
			if err != nil {
				t.Errorf("%s: %v\n%s", info.Name, err, text)
				break
			}
			text, edges = got, mustParse(t, string(got)).Plan.Topology.Edges
		}
	}
}

// FuzzAsQueue: whatever the text and however it is written, the first call of a good
// scenario becomes messages or there is a problem; never a panic, and never a text that
// cannot be read.
func FuzzAsQueue(f *testing.F) {
	f.Add(wholeShop)
	f.Add(complete)
	f.Add(messages)
	for _, info := range Names() {
		text, _ := Text(info.Name)
		f.Add(string(text))
	}
	library := &library{open: func(string) ([]byte, error) { return nil, os.ErrNotExist }, join: joinBuiltin}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := read(library, "fuzz.yaml", []byte(text), ".", nil)
		if err != nil || len(s.Plan.Topology.Edges) == 0 {
			return
		}
		edge := s.Plan.Topology.Edges[0].ID
		got, _, err := asQueue(library, edge, "fuzz.yaml", []byte(text), ".")
		if err != nil {
			if problems, ok := err.(Problems); !ok || len(problems) == 0 {
				t.Fatalf("refused without a problem: %v", err)
			}
			return
		}
		if _, err := read(library, "fuzz.yaml", got, ".", nil); err != nil {
			t.Fatalf("%v\n%s", err, got)
		}
	})
}
