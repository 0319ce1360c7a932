//go:build !race

package main

// What takes thousands of runs is no place to look for races: those of the same code are
// looked for in the small searches.

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// An edgeFound is what the JSON of a search says of an edge.
type edgeFound struct {
	Value     float64
	Low, High *float64
}

// tipped is where a search in a scenario's text finds that half of the runs collapse: as it
// is, and without its faults.
func tipped(t *testing.T, text string, args ...string) (pushed, alone *edgeFound) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "scenario.yaml")
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	code, out, errs := command(context.Background(), "", append([]string{"tip", path, "--json", "-"}, args...)...)
	var j struct {
		Edges struct{ Tipping, Alone *edgeFound }
	}
	if err := json.Unmarshal([]byte(out), &j); err != nil || code != exitHeld && code != exitUndecided {
		t.Fatalf("exit code %d: %s (%v)", code, errs, err)
	}
	return j.Edges.Tipping, j.Edges.Alone
}

// With time-outs and r retries each request is up to 1+r pieces of work, all of them done
// though nobody waits for them. A queue that is longer than the time-out, from a push, is
// kept up by that from capacity/(1+r) on: there the vulnerable band of an M/M/1 queue
// begins. The push leaves as much work waiting as luck takes away, in the time that the run
// then has, in half of the runs in which as much work comes as is done: 0.67 standard
// deviations of what comes less what is done. So half of the runs collapse there, and not
// only in the limit.
func TestVulnerableBandBegins(t *testing.T) {
	t.Parallel()
	const capacity = 100
	for retries := 1; retries <= 3; retries++ {
		t.Run(fmt.Sprint(retries, " retries"), func(t *testing.T) {
			want := capacity / float64(1+retries)
			pushed, alone := tipped(t, `name: mm1
duration: 165s
topology:
  services:
    shop: {threads: 1, queue: unbounded, steps: [{work: exponential(10ms)}]}
traffic:
  users: {to: shop, rate: 1/s, timeout: 200ms, retry: {}}
faults:
  - {name: push, at: 8s, for: 1850ms, pause: {on: shop}}
`, "--set", fmt.Sprintf("traffic.users.retry.attempts=%d", 1+retries), "--until", "users recovers within 150s of push", "--safe", "50%",
				"--vary", fmt.Sprintf("traffic.users.rate=%.2f/s..%.2f/s", 0.8*want, 1.2*want))
			if pushed == nil || math.Abs(pushed.Value/want-1) > 0.03 {
				t.Fatalf("it tips at %+v, not within 3%% of %.1f/s", pushed, want)
			}
			if pushed.Low == nil || pushed.High == nil || *pushed.Low > want*1.01 || *pushed.High < want*0.99 {
				t.Errorf("it tips from %v to %v, which leaves out %.1f/s", pushed.Low, pushed.High, want)
			}
			if alone != nil {
				t.Errorf("by itself it tips at %v", alone.Value)
			}
		})
	}
}

// collapses are published, with their numbers. The bands are those of the sources, as far
// as a run of finite length can show them: what is left waiting after the push has to be
// worked off in the time that there is, so that half of the runs collapse a little below
// (where the queue has to be emptied) or above (where it has first to be filled).
var collapses = []struct {
	name, text, vary, until string
	low, high               float64
}{
	// N. Bronson, A. Aghayev, A. Charapko and T. Zhu, "Metastable Failures in Distributed
	// Systems", HotOS 2021, section 2.1: a database does 300 queries a second, a web
	// application sends each once more when it times out, and an outage of ten seconds
	// is enough: vulnerable above 150 a second, of which 280 is the paper's example.
	{"retries of a web application", `name: retries
duration: 160s
topology:
  services:
    web:
      threads: unlimited
      steps:
        - {sync: database, timeout: 1s, retry: {attempts: 2}}
    database: {threads: 10, queue: unbounded, steps: [{work: exponential(33.333ms)}]}
traffic:
  users: {to: web, rate: 280/s}
faults:
  - {name: outage, at: 10s, for: 10s, partition: {on: web->database, hold: true}}
`, "traffic.users.rate=100/s..200/s", "users recovers within 140s of outage", 140, 150},
	// The same, section 2.2: with a look-aside cache that answers 90% the same database
	// bears 3,000 requests a second, and is vulnerable above 300, when the cache is lost:
	// what times out fills nothing.
	{"a look-aside cache", `name: cache
duration: 110s
warmup: 16s
topology:
  services:
    web:
      threads: unlimited
      steps:
        - {sync: database, timeout: 1s, cache: {keys: 1000, size: 900}}
    database: {threads: 10, queue: unbounded, steps: [{work: exponential(33.333ms)}]}
traffic:
  users: {to: web, rate: 250/s, profile: [{at: 15s, rate: 1000/s}]}
faults:
  - {name: flush, at: 25s, for: 30s, cache_flush: {on: web->database}}
`, "traffic.users.profile.0.rate=200/s..440/s", "users recovers within 50s of flush", 300, 320},
	// B. Beyer and others (editors), "Site Reliability Engineering", O'Reilly 2016, chapter
	// 22, "Addressing Cascading Failures": three layers that try four times each make 64
	// attempts of one action. A database that does 640 a second bears ten.
	{"three layers of retries", `name: layers
duration: 130s
topology:
  services:
    frontend:
      threads: unlimited
      steps:
        - {sync: backend, retry: {attempts: 4}}
    backend:
      threads: unlimited
      steps:
        - {sync: database, timeout: 100ms, retry: {attempts: 4}}
    database: {threads: 1, queue: unbounded, steps: [{work: exponential(1.5625ms)}]}
traffic:
  users: {to: frontend, rate: 9/s, retry: {attempts: 4}}
faults:
  - {name: hiccup, at: 10s, for: 5s, pause: {on: database}}
`, "traffic.users.rate=6/s..16/s", "users recovers within 110s of hiccup", 9.5, 10.8},
}

// TestPublishedCollapses finds where they tip with a tenth of the runs that are allowed
// otherwise; the soak tests take all of them, and look for the upper edges, too.
func TestPublishedCollapses(t *testing.T) {
	t.Parallel()
	for _, c := range collapses {
		t.Run(c.name, func(t *testing.T) {
			pushed, alone := tipped(t, c.text, "--until", c.until, "--vary", c.vary, "--resolution", "4%", "--runs", "200")
			if pushed == nil || pushed.Value < c.low || pushed.Value > c.high {
				t.Errorf("it tips at %+v, not from %v/s to %v/s", pushed, c.low, c.high)
			}
			if alone != nil {
				t.Errorf("by itself it tips at %v/s", alone.Value)
			}
		})
	}
}
