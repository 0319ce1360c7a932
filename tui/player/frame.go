package player

import (
	"fmt"
	"strconv"
	"strings"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/sim/report"
	"cascade/topology"
)

// A Frame is what there is to see at one moment. It is a value: it does not change
// any more, and nothing in it points into the running system.
type Frame struct {
	Number   uint64 // grows with every frame
	State    State
	Speed    Speed
	Now      des.Time // how far the run has come
	Goal     des.Time // of Seeking: where to
	Progress float64  // of Seeking: share of the way that is done

	Run      Run
	Twin     *Run     // the same run without what was done since it was branched; nil: there is no branch
	Branched des.Time // when it was

	// What tells the run and the twin apart since then, as far as both reports go.
	Difference report.Difference
}

// A Run is one run as far as it has come.
type Run struct {
	Scenario
	At     des.Time       // the end of the latest interval, or of the run: how far Report and Last go
	Report *report.Report // as of At, as if the run had been interrupted there
	Last   *sim.Sample    // what was seen in the newest point of Report's timeline: the latest interval, or in a long run several; nil before the first

	Active    []bool                    // by fault of the plan: it is in force at the frame's Now
	Breakers  [][]topology.BreakerState // by edge of the plan: by caller instance; empty where none has ever changed
	Down      []int                     // by service: instances that are down
	Instances []int                     // by service: instances that there are, down ones too
	Err       error                     // what stopped the run before its end; nil: nothing
}

// A Scenario is what is run.
type Scenario struct {
	Plan         *sim.Plan
	Expectations []report.Expectation
}

// State says what a Player does.
type State uint8

// The states of a Player.
const (
	Paused  State = iota
	Playing       // time passes
	Seeking       // on its way to another instant, as fast as it can
	AtEnd         // the run is over
)

// A Speed is how much virtual time passes in a second. Max is as fast as it goes.
type Speed float64

// Max is as fast as the machine can.
const Max Speed = 0

// Slowest and Fastest are what is counted; faster than that is Max.
const Slowest, Fastest Speed = 0.1, 1000

// speeds are what faster and slower go through.
var speeds = [...]Speed{Slowest, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, Fastest, Max}

// Usual is how fast a run of that length begins where nobody says: five virtual seconds a
// second; where it would take longer than a minute so, as much faster as it need be that it
// does not, up to the last speed that is counted.
func Usual(duration des.Time) Speed {
	const shown = 60 // seconds
	for _, s := range speeds {
		if s >= 5 && duration.Seconds() <= float64(s)*shown {
			return s
		}
	}
	return Max.Slower()
}

// Faster is the next speed up.
func (s Speed) Faster() Speed {
	for _, next := range speeds {
		if next > s && s != Max {
			return next
		}
	}
	return Max
}

// Slower is the next speed down.
func (s Speed) Slower() Speed {
	best := speeds[0]
	for _, next := range speeds[:len(speeds)-1] {
		if s == Max || next < s {
			best = next
		}
	}
	return best
}

// ParseSpeed reads a speed as String writes it, or as it is typed: without the sign before
// it, or with an x. The error says what is wanted.
func ParseSpeed(text string) (Speed, error) {
	if text == Max.String() {
		return Max, nil
	}
	v, err := strconv.ParseFloat(strings.TrimPrefix(strings.TrimPrefix(text, "×"), "x"), 64)
	if s := Speed(v); err == nil && s >= Slowest && s <= Fastest {
		return s, nil
	}
	return 0, fmt.Errorf("want virtual seconds a second, from %v to %v, or %v", float64(Slowest), float64(Fastest), Max)
}

// String is ×4, ×0.5, or max.
func (s Speed) String() string {
	if s == Max {
		return "max"
	}
	return "×" + strconv.FormatFloat(float64(s), 'f', -1, 64)
}
