package main

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"cascade/sim"
	"cascade/sim/des"
)

// frame is how long, in wall-clock time, a run goes on before it looks up: how
// long Ctrl-C may take, and how often progress is shown at most.
const frame = 20 * time.Millisecond

// simulate runs a plan to its end, or until ctx ends. The error says that a rule
// of the engine's was broken or that a bound stopped it; the totals are there all
// the same. Where the engine panics the error is a *bug and there are none.
//
// How long a slice of the run is depends on the wall clock, and nothing in the
// run depends on how it is sliced.
func simulate(ctx context.Context, p *sim.Plan, progress *progress, observers ...sim.Observer) (totals *sim.Totals, err error) {
	var now des.Time
	defer func() {
		if what := recover(); what != nil {
			progress.erase()
			err = &bug{what: what, plan: p, at: now, stack: debug.Stack()}
		}
	}()
	s := sim.New(p, observers...)
	// No slice is more than a small part of the run: what comes next may be a
	// thousand times as busy as what came before.
	longest := p.Duration/4096 + 1
	slice := min(longest, des.Time(time.Millisecond))
	for !s.Done() && ctx.Err() == nil {
		before := time.Now()
		s.RunUntil(s.Now() + slice)
		now = s.Now()
		after := time.Now()
		switch took := after.Sub(before); {
		case took > 2*frame:
			slice = max(slice/2, 1)
		case took < frame/2:
			slice = min(slice*2, longest)
		}
		progress.show(after, now)
	}
	progress.erase()
	return s.Finish()
}

// A bug is a panic of the engine's: a plan that contradicts itself, or a mistake
// in the engine. It says what is needed to see it again.
type bug struct {
	what  any
	plan  *sim.Plan
	at    des.Time // the run had come so far, or a little further
	stack []byte
}

// Error names the scenario, the seed and the instant.
func (b *bug) Error() string {
	return fmt.Sprintf("a bug in the engine stopped %q with seed %d after %v: %v; the same scenario and seed show it again: please report it with both%s",
		b.plan.Name, b.plan.Seed, b.at, b.what, b.trace())
}

func (b *bug) trace() string {
	if stack := stackIfWanted(b.stack); stack != nil {
		return "\n" + string(stack)
	}
	return ""
}
