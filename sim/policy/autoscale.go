package policy

import (
	"math"
	"slices"
	"time"

	"cascade/topology"
)

// scaleTolerance is how far from Target the share may be without a change: what
// Kubernetes has for --horizontal-pod-autoscaler-tolerance.
const scaleTolerance = 0.1

// scaleSlack is what a ratio may be off by being a binary fraction: 3 instances at
// 40%, for a target of 60%, are 2 and not 2.0000000000000004, so 3.
const scaleSlack = 1e-9

// An Autoscale decides how many instances there should be, as Kubernetes'
// horizontal pod autoscaler does (autoscaling/v2, with stabilizationWindowSeconds 0
// for scaling up and Cooldown for scaling down):
//
//	wish = ⌈have × share / Target⌉, or have where share is within 10% of Target
//
// kept between Min and Max. A wish for more is fulfilled at once. One for fewer is
// fulfilled down to the highest of those of the last Cooldown, this one included;
// one just so old is out. What there was at the first decision counts as a wish of
// that time.
//
// Left out is the bound on growth, twice as many or four more within 15 s: no share
// is above 1, so a Target of 50% or more never asks for more than twice as many.
type Autoscale struct {
	set    topology.Autoscale
	wishes []wish // that may still be the highest; from the highest and oldest to the lowest and newest
	begun  bool
}

// wish is how many instances a decision wanted.
type wish struct {
	at    time.Duration
	count int
}

// NewAutoscale is an autoscaler that has not decided yet.
func NewAutoscale(a *topology.Autoscale) *Autoscale { return &Autoscale{set: *a} }

// Want is how many instances there should be. There are, or are starting, have; share
// of all their threads are held, those that are starting holding none.
func (a *Autoscale) Want(now time.Duration, have int, share float64) int {
	if !a.begun {
		a.begun = true
		a.note(now, a.clamp(have))
	}
	want := have
	if ratio := share / a.set.Target; math.Abs(ratio-1) > scaleTolerance+scaleSlack {
		want = int(math.Ceil(float64(float64(have)*ratio) - scaleSlack))
	}
	want = a.clamp(want)
	a.note(now, want)
	if want >= have {
		return want
	}
	return a.clamp(min(have, a.wishes[0].count))
}

// note keeps a wish and forgets those that no longer matter: the old ones, and those
// that a later one is no lower than.
func (a *Autoscale) note(now time.Duration, count int) {
	old := 0
	for old < len(a.wishes) && now-a.wishes[old].at >= a.set.Cooldown {
		old++
	}
	a.wishes = slices.Delete(a.wishes, 0, old)
	for len(a.wishes) > 0 && a.wishes[len(a.wishes)-1].count <= count {
		a.wishes = a.wishes[:len(a.wishes)-1]
	}
	a.wishes = append(a.wishes, wish{now, count})
}

func (a *Autoscale) clamp(n int) int { return min(max(n, a.set.Min), a.set.Max) }
