package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"cascade/scenarios"
	"cascade/sim"
	"cascade/sim/des"
	"cascade/sim/report"
)

// shop is a small scenario: half a minute of a shop that asks its stock.
const shop = `name: shop
duration: 30s
topology:
  services:
    shop:
      threads: 8
      steps:
        - work: 5ms
        - sync: stock
    stock:
      threads: 4
      steps: [{work: 10ms}]
traffic:
  load: {to: shop, rate: 100/s}
expect:
  - load.success > 99%
`

func readShop(t *testing.T, sets ...scenarios.Override) *scenarios.Scenario {
	t.Helper()
	s, err := scenarios.Parse("shop.yaml", []byte(shop), ".", sets...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// An atSample does something when the first sample that ends at or after an
// instant is seen.
type atSample struct {
	at   des.Time
	do   func()
	seen des.Time // end of the last sample
}

func (o *atSample) Transition(sim.Transition) {}
func (o *atSample) Sample(s *sim.Sample) {
	o.seen = s.To
	if s.To >= o.at && o.do != nil {
		do := o.do
		o.do = nil
		do()
	}
}

func TestInterruptedRunReportsWhatRan(t *testing.T) {
	s := readShop(t)
	ctx, cancel := context.WithCancel(t.Context())
	seen := &atSample{at: des.Time(time.Second), do: cancel}
	collector := report.NewCollector(s.Plan, s.Expectations)
	totals, err := simulate(ctx, s.Plan, nil, collector, seen)
	if err != nil {
		t.Fatal(err)
	}
	if totals.Complete || totals.To < seen.at || totals.To > seen.at+des.Time(100*time.Millisecond) || seen.seen != totals.To {
		t.Errorf("interrupted at %v: ran to %v, last sample to %v, complete %v", seen.at, totals.To, seen.seen, totals.Complete)
	}
	if totals.Sources[0].Offered == 0 {
		t.Error("nothing was counted")
	}
	var out bytes.Buffer
	if err := collector.Report(totals).WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
	if err := fitsSchema(out.Bytes()); err != nil {
		t.Error(err)
	}
	if !strings.Contains(out.String(), `"complete": false`) {
		t.Error(`no "complete": false in the report`)
	}
}

// TestSlicesChangeNothing: how the wall clock cut the run is not in its report.
func TestSlicesChangeNothing(t *testing.T) {
	write := func(run func(*sim.Plan, *report.Collector) *sim.Totals) string {
		s := readShop(t)
		c := report.NewCollector(s.Plan, s.Expectations)
		var out bytes.Buffer
		if err := c.Report(run(s.Plan, c)).WriteJSON(&out); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	sliced := write(func(p *sim.Plan, c *report.Collector) *sim.Totals {
		totals, err := simulate(t.Context(), p, nil, c)
		if err != nil {
			t.Fatal(err)
		}
		return totals
	})
	whole := write(func(p *sim.Plan, c *report.Collector) *sim.Totals {
		system := sim.New(p, c)
		system.RunUntil(p.Duration)
		totals, err := system.Finish()
		if err != nil {
			t.Fatal(err)
		}
		return totals
	})
	if sliced != whole {
		t.Errorf("the reports differ %s", firstDifference(sliced, whole))
	}
}

// A watched calls do at its first write, or its first read, which never ends.
type watched struct {
	bytes.Buffer
	do func()
}

func (w *watched) Write(text []byte) (int, error) {
	w.do()
	return w.Buffer.Write(text)
}

func (w *watched) Read([]byte) (int, error) {
	w.do()
	select {}
}

func TestInterruptedBetweenScenarios(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out := &watched{do: cancel} // the first summary is out
	var errs bytes.Buffer
	code := execute(ctx, []string{"run", "slow-dependency", "slow-dependency", "slow-dependency"}, nil, out, &errs)
	want := "cascade: interrupted at 0s of 120s; the report is of what had run\ncascade: 1 more not run\n"
	if code != exitInterrupted || errs.String() != want {
		t.Errorf("exit code %d, said %q, want %d and %q", code, errs.String(), exitInterrupted, want)
	}
	if n := strings.Count(out.String(), "slow-dependency  "); n != 2 {
		t.Errorf("%d summaries, want 2, the second of no time at all:\n%s", n, out.String())
	}
}

func TestInterruptedBeforeItBegan(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := readShop(t)
	collector := report.NewCollector(s.Plan, s.Expectations)
	totals, err := simulate(ctx, s.Plan, nil, collector)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := collector.Report(totals).WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
	if err := fitsSchema(out.Bytes()); err != nil {
		t.Error(err)
	}
	if totals.Complete || totals.To != 0 {
		t.Errorf("ran to %v, complete %v", totals.To, totals.Complete)
	}
}

func TestInterruptedWhileReading(t *testing.T) {
	for _, verb := range []string{"run", "check"} {
		ctx, cancel := context.WithCancel(t.Context())
		var out, errs bytes.Buffer
		code := execute(ctx, []string{verb, "slow-dependency", "-", "slow-dependency"}, &watched{do: cancel}, &out, &errs)
		if code != exitInterrupted || errs.String() != "cascade: interrupted while reading -\n" || out.Len() > 0 {
			t.Errorf("%s: exit code %d, said %q, printed %q", verb, code, errs.String(), out.String())
		}
	}
}

func TestEngineBugIsTold(t *testing.T) {
	t.Setenv("GOTRACEBACK", "")
	s := readShop(t, scenarios.Override{Path: "seed", Value: "77"})
	totals, err := simulate(t.Context(), s.Plan, nil, &atSample{at: des.Time(10 * time.Second), do: func() { panic("two threads in one place") }})
	var b *bug
	if totals != nil || !errors.As(err, &b) {
		t.Fatalf("totals %v, error %v", totals, err)
	}
	if b.at < des.Time(9900*time.Millisecond) || b.at > des.Time(10*time.Second) {
		t.Errorf("the bug is placed after %v, want a little before 10s", b.at)
	}
	for _, want := range []string{`"shop"`, "seed 77", "two threads in one place", b.at.String()} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %s in %q", want, err)
		}
	}
	if strings.Contains(err.Error(), "goroutine") {
		t.Errorf("a stack that nobody asked for: %s", err)
	}
	t.Setenv("GOTRACEBACK", "all")
	if !strings.Contains(err.Error(), "goroutine") {
		t.Errorf("no stack, though it was asked for: %s", err)
	}
}

// TestContradictoryPlanIsABug: a plan that no scenario can hold.
func TestContradictoryPlanIsABug(t *testing.T) {
	s := readShop(t)
	s.Plan.Sources[0].Edge.To.Service = 99
	var b *bug
	if _, err := simulate(t.Context(), s.Plan, nil); !errors.As(err, &b) {
		t.Errorf("error %v, want a bug", err)
	}
}

func TestProgressLine(t *testing.T) {
	began := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var out bytes.Buffer
	p := &progress{meter{to: &out, began: began}, des.Time(2 * time.Minute)}
	for _, row := range []struct {
		at   time.Duration // after it began
		now  time.Duration
		want string
	}{
		{0, 0, ""},
		{999 * time.Millisecond, time.Second, ""},
		{time.Second, 1200 * time.Millisecond, "\r  1%  1.2s of 2m0s\x1b[K"},
		{1050 * time.Millisecond, 20 * time.Second, ""},
		{1100 * time.Millisecond, 30 * time.Second, "\r 25%  30s of 2m0s, about 3s to go\x1b[K"},
		{9 * time.Second, 90*time.Second + 40*time.Millisecond, "\r 75%  1m30s of 2m0s, about 3s to go\x1b[K"},
		{12 * time.Second, 2 * time.Minute, "\r100%  2m0s of 2m0s, about 0s to go\x1b[K"},
	} {
		out.Reset()
		p.show(began.Add(row.at), des.Time(row.now))
		if out.String() != row.want {
			t.Errorf("at %v: %q, want %q", row.at, out.String(), row.want)
		}
	}
	out.Reset()
	p.erase()
	p.erase()
	if out.String() != "\r\x1b[K" {
		t.Errorf("erased by %q", out.String())
	}
	var none *progress
	none.show(began, 0)
	none.erase()
}
