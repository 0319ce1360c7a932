package report

import (
	"fmt"
	"math"

	"cascade/topology"
)

// A Level says how bad a number is.
type Level uint8

// The levels.
const (
	OK Level = iota
	Warn
	Critical
)

// levelOf is the level of a number that is better small.
func levelOf(v, warn, critical float64) Level {
	switch {
	case v >= critical:
		return Critical
	case v >= warn:
		return Warn
	}
	return OK
}

// SaturationLevel is that of a pool in which so large a share of the threads is held,
// and so many attempts wait, both on average: Critical is saturated, as the story has it.
func SaturationLevel(held, waiting float64) Level {
	if waiting >= 1 {
		return Critical
	}
	return levelOf(held, warnHeld, saturatedShare)
}

// ErrorLevel is that of a share that failed, or that was done in vain.
func ErrorLevel(share float64) Level { return levelOf(share, warnFailed, criticalFailed) }

// TriesLevel is that of so many attempts a call.
func TriesLevel(tries float64) Level { return levelOf(tries, 1.1, 1.5) }

// WaitingLevel is that of so many attempts that wait for a thread, on average.
func WaitingLevel(waiting float64) Level { return SaturationLevel(0, waiting) }

// WaitLevel is that of the way from a service to one that it waits for: how full the service
// is, if so large a share of the thread time that it held went to that as to say that this is
// why. So a failure is seen to climb, be it that no call fails.
func WaitLevel(full Level, share float64) Level {
	if share < waitsShare {
		return OK
	}
	return full
}

// AnyLevel is that of what should not happen at all, and did so often.
func AnyLevel(n uint64) Level { return levelOf(float64(n), 1, math.Inf(1)) }

// LostLevel is that of so many messages or publishes that are lost.
func LostLevel(n uint64) Level { return levelOf(float64(n), math.Inf(1), 1) }

// DownLevel is that of a service of whose instances so many are down.
func DownLevel(down, instances int) Level {
	if down == 0 {
		return OK
	}
	return levelOf(float64(down), 1, float64(instances))
}

// ServiceLevel is that of a service: the worst of its threads, of the share that ended as
// errors, and of its instances.
func ServiceLevel(held, waiting, errors float64, down, instances int) Level {
	return max(SaturationLevel(held, waiting), ErrorLevel(errors), DownLevel(down, instances))
}

// OpenLevel is that of the share of a time in which breakers were open, or of the breakers
// that are.
func OpenLevel(share float64) Level { return levelOf(share, math.SmallestNonzeroFloat64, 0.5) }

// Tripped says how many of an edge's breakers are not closed at present.
type Tripped struct{ Open, HalfOpen, Callers int }

// Tripped counts the breakers that are in these states, one a caller instance; of those
// that have no state yet nothing has changed.
func (b *Breaker) Tripped(states []topology.BreakerState) Tripped {
	t := Tripped{Callers: b.Callers}
	for _, s := range states {
		switch s {
		case topology.StateOpen:
			t.Open++
		case topology.StateHalfOpen:
			t.HalfOpen++
		}
	}
	return t
}

// All is how many are not closed.
func (t Tripped) All() int { return t.Open + t.HalfOpen }

// Level is that of open breakers, by their share, as over a time.
func (t Tripped) Level() Level {
	level := OK
	if t.HalfOpen > 0 {
		level = Warn
	}
	return max(level, OpenLevel(ratio(uint64(t.Open), uint64(t.Callers))))
}

// Text is closed, open, half-open, or of how many callers' it is so: 2/3 open.
func (t Tripped) Text() string {
	word, n := topology.StateOpen, t.Open
	switch {
	case t.All() == 0:
		return topology.StateClosed.String()
	case t.Open == 0:
		word, n = topology.StateHalfOpen, t.HalfOpen
	}
	if t.Callers > 1 {
		return fmt.Sprintf("%d/%d %s", n, t.Callers, word)
	}
	return word.String()
}

// From when on a number is told to be too high.
const (
	warnHeld       = 0.7
	warnFailed     = 0.01
	criticalFailed = 0.1
	waitsShare     = 0.5
)

// look is how a summary shows a level.
func (l Level) look() style { return [...]style{OK: "", Warn: yellow, Critical: red}[l] }
