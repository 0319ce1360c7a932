package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"cascade/scenarios"
	"cascade/sim/experiment"
	"cascade/sim/report"
)

// A crew runs the trials of an experiment over all cores. Each run is a System of its
// own on a goroutine of its own; nothing is shared between them but the plans, which
// nobody writes.
type crew struct {
	sh    *shell
	cores int // 0: all there are
	quiet bool

	// cell is a setting of the experiment, read and checked. It is called from one
	// goroutine at a time, once in a row for the trials of a cell that follow each other.
	cell func(i int) (*scenarios.Scenario, error)
	// timelines says that the records' reports are wanted with theirs.
	timelines bool
	// keep, unless nil, is handed each record as it comes, before done: to write it down.
	// What it returns ends the experiment.
	keep func(experiment.Record) error
}

// run runs the trials and hands their records to done, in the order in which they end,
// from one goroutine at a time. It returns when all of them are there, when ctx ends
// (then what is under way is dropped, and the error is nil: whoever asks for more looks
// at ctx), or at the first error: a bug of the engine's, or what keep or cell returned.
//
// A run that a bound of the engine's stopped has a record as any other: it is not
// complete.
func (c *crew) run(ctx context.Context, trials []experiment.Trial, done func(experiment.Record)) error {
	cores := c.cores
	if cores == 0 {
		cores = runtime.GOMAXPROCS(0)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	type piece struct {
		trial experiment.Trial
		of    *scenarios.Scenario
	}
	var (
		pieces  = make(chan piece)
		mutex   sync.Mutex // of what follows
		failure error
		shown   = newTally(c.sh, c.quiet, len(trials))
		workers sync.WaitGroup
	)
	fail := func(err error) {
		mutex.Lock()
		defer mutex.Unlock()
		if failure == nil {
			failure = err
		}
		stop()
	}
	// A panic must not end the process: in a goroutine nobody above would see it.
	work := func(p piece) (err error) {
		defer func() {
			if what := recover(); what != nil {
				plan := *p.of.Plan
				plan.Seed = p.trial.Seed
				err = &exit{exitBroken, &bug{what: what, plan: &plan, at: plan.Duration, stack: debug.Stack()}}
			}
		}()
		record, err := c.one(ctx, p.trial, p.of)
		if err != nil || record == nil { // broken, or interrupted
			return err
		}
		mutex.Lock()
		defer mutex.Unlock()
		if failure != nil {
			return nil
		}
		if c.keep != nil {
			if err := c.keep(*record); err != nil {
				return err
			}
		}
		done(*record)
		shown.step(time.Now())
		return nil
	}
	for range min(cores, len(trials)) {
		workers.Go(func() {
			for p := range pieces {
				if err := work(p); err != nil {
					fail(err)
				}
			}
		})
	}
	var of *scenarios.Scenario
	for i, t := range trials {
		if i == 0 || t.Cell != trials[i-1].Cell {
			var err error
			if of, err = c.cell(t.Cell); err != nil {
				fail(err)
				break
			}
		}
		select {
		case pieces <- piece{t, of}:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(pieces)
	workers.Wait()
	shown.erase()
	return failure
}

// one runs a trial; nil where ctx ended before it did.
func (c *crew) one(ctx context.Context, t experiment.Trial, of *scenarios.Scenario) (*experiment.Record, error) {
	plan := *of.Plan
	plan.Seed = t.Seed
	single := make([]report.Expectation, len(of.Expectations))
	for i, e := range of.Expectations {
		single[i] = e.OfOneRun()
	}
	collector := report.NewCollector(&plan, single)
	totals, err := simulate(ctx, &plan, nil, collector)
	var broken *bug
	switch {
	case errors.As(err, &broken):
		return nil, &exit{exitBroken, err}
	case err == nil && !totals.Complete:
		return nil, nil
	}
	var text bytes.Buffer
	write := collector.Report(totals).WriteTotals
	if c.timelines {
		write = collector.Report(totals).WriteJSON
	}
	if err := write(&text); err != nil {
		return nil, err
	}
	record, err := experiment.ReadRecord(t.Cell, text.Bytes())
	if err != nil {
		return nil, fmt.Errorf("a report that cannot be read back: %w", err)
	}
	return &record, nil
}
