package experiment

import (
	"math"
	"slices"
	"sort"
)

// Bounds of a claim.
const (
	mostFailed  = 8  // places at which it fails, before it is tried no more
	mostAllowed = 20 // bad runs that a try may have
)

// A claim is that up to a place hardly any run is bad: collapses, or of the lost edge
// holds. Its places count from the end of the range at which that is least in doubt: the
// good end, or of the lost edge the bad one.
//
//	0 . . . . . . best . . . . . . . limit . . . . . .
//	         it is so up to here     here more are bad, or seem to be
//
// It begins at one place, and steps back, further each time, until a try succeeds. Then it
// tries the middle of what is left between, until nothing is, or the budget is used up.
type claim struct {
	calm, lost bool
	allow      int // bad runs that a try may have
	first      int // the place that is tried first
	step       int // back from there, the first time
	limit      int // the nearest place at which more are bad, as far as is known

	tries   []*try
	failed  int  // of the tries, and what it begins with
	best    *try // the last that succeeded; nil: none has
	nowhere bool // it is not so even at place 0
}

// A try is a claim's test of one place: so many runs, of which so many may be bad. It
// fails as soon as there are more. Its runs have luck of their own, which had no say in
// its place, and which no other try has.
type try struct {
	place int
	alpha float64 // what it may be wrong with
	all   int     // runs that it takes
	runs  int     // so far
	bad   int
	over  bool
}

// alpha is what a try may be wrong with, by how many have failed before it: three quarters
// of what all may be as long as none has, three quarters of the rest after one, and so on.
// Most claims never fail, or once: so the first ones take fewer runs than with halves.
//
// That does for all of them together. The claim is wrong if a try succeeds at a place at
// which too many are bad. Before that each try at such a place has failed; so the first
// of them has the first part at most, the second the second part, and all parts together
// are what all may be. A try that rightly succeeds has cost nothing, and what it had is
// there for the next, as in F. Bretz, W. Maurer, W. Brannath and M. Posch, "A graphical
// approach to sequentially rejective multiple test procedures", Statistics in Medicine
// 2009.
func (f *finder) alpha(failed int) float64 {
	return (1 - f.search.Confidence) * math.Ldexp(0.75, -2*failed)
}

// runsFor is how many runs it takes, with so many of them bad, to say that fewer than a
// share are, wrong with a chance of at most alpha.
func runsFor(bad int, share, alpha float64) int {
	enough := func(n int) bool { return chanceOfAtMost(bad, n, share) <= alpha*(1+1e-9) }
	most := bad + 1
	for !enough(most) {
		most *= 2
	}
	return sort.Search(most, enough)
}

// RunsFor is how many runs it takes at least, none of which collapses, to say that fewer
// than a share do, wrong with a chance of at most alpha.
func RunsFor(share, alpha float64) int { return runsFor(0, share, alpha) }

// upper is the Clopper-Pearson bound that a share lies below, wrong with a chance of at
// most alpha.
func upper(bad, n int, alpha float64) float64 {
	_, high := ClopperPearson(bad, n, 1-2*alpha)
	return high
}

// allowed is how many bad runs a try may have: as many as a tenth of the budget does for.
// The more it may have, the nearer to the share that it is about it succeeds, and the more
// runs it takes.
func (f *finder) allowed() int {
	bad := 0
	for bad < mostAllowed && runsFor(bad+1, f.search.Safe, f.alpha(0)) <= f.spec.Runs/10 {
		bad++
	}
	return bad
}

// claimOf is a claim about a variant, and where to begin with it: where a logistic curve
// through the middle of the fitted one has a twentieth of the safe share left, and no bad
// run has been seen. The first try should succeed; that it may be far from where it tips
// is mended afterwards.
func (f *finder) claimOf(calm, lost bool) *claim {
	c := f.curve(calm)
	if lost {
		c = c.turned(f.last())
	}
	claim := &claim{calm: calm, lost: lost, allow: f.allowed(), limit: len(f.values)}
	i := slices.IndexFunc(c.level(), func(share float64) bool { return share > f.search.Safe })
	if i < 0 {
		claim.first, claim.step = f.last(), max(1, f.last()/(coarseValues-1))
		return claim
	}
	claim.limit = c.at[i]
	scale := (c.crosses(0.85) - c.crosses(0.15)) / (2 * math.Log(0.85/0.15))
	if !slices.ContainsFunc(c.of, func(n count) bool { return n.collapsed > 0 && n.collapsed < n.runs }) {
		scale = 0 // a step; only the line that is drawn between two neighbours has a slope
	}
	first := math.Floor(c.crosses(0.5) - float64(scale*math.Log(20/f.search.Safe)))
	bad := slices.IndexFunc(c.of, func(n count) bool { return n.collapsed > 0 })
	claim.first = max(0, min(int(first), c.at[bad]-1))
	claim.step = int(max(1, math.Ceil(2.5*scale)))
	return claim
}

// turned is the curve as it is from the other end, of the runs that hold.
func (c curve) turned(last int) curve {
	var t curve
	for i := len(c.at) - 1; i >= 0; i-- {
		t.at = append(t.at, last-c.at[i])
		t.of = append(t.of, count{c.of[i].runs, c.of[i].runs - c.of[i].collapsed})
	}
	return t
}

// spot is where a place of the claim is.
func (c *claim) spot(f *finder, place int) spot {
	if c.lost {
		place = f.last() - place
	}
	return spot{f.place(place), c.calm}
}

// trying is the try that the claim is at, or would begin with now. nil: there is no more.
func (c *claim) trying(f *finder) *try {
	if n := len(c.tries); n > 0 && !c.tries[n-1].over {
		return c.tries[n-1]
	}
	place := 0
	switch {
	case c.nowhere, c.failed == mostFailed:
		return nil
	case c.best != nil:
		if place = (c.best.place + c.limit) / 2; place == c.best.place {
			return nil
		}
	case c.failed < mostFailed-1:
		place = max(0, c.first-c.step*(1<<len(c.tries)-1))
	}
	alpha := f.alpha(c.failed)
	return &try{place: place, alpha: alpha, all: runsFor(c.allow, f.search.Safe, alpha)}
}

// next is how many runs the try asks for next: a part of them first, in which most of the
// places that are wrong show it, then more, then the rest. Nothing is claimed before.
func (t *try) next() int {
	for _, part := range []int{t.all / 6, t.all / 2} {
		if t.runs < part {
			return part - t.runs
		}
	}
	return t.all - t.runs
}

// see takes in how the runs came out that a try of the claim asked for.
func (c *claim) see(t *try, n count) {
	if t.runs == 0 {
		c.tries = append(c.tries, t)
	}
	t.runs += n.runs
	if c.lost {
		t.bad += n.runs - n.collapsed
	} else {
		t.bad += n.collapsed
	}
	switch {
	case t.bad > c.allow:
		t.over = true
		c.failed++
		c.limit = min(c.limit, t.place)
		c.nowhere = t.place == 0
	case t.runs == t.all:
		t.over = true
		c.best = t
	}
}

// A piece is what a try asks for in a stage.
type piece struct {
	claim *claim
	try   *try
	runs  int
}

// take runs pieces side by side, as one stage.
func (f *finder) take(pieces []piece) bool {
	var wants []want
	seed := claiming + uint64(f.used)
	for _, p := range pieces {
		wants = append(wants, want{p.claim.spot(f, p.try.place), seed, p.runs})
		seed += uint64(p.runs)
	}
	if !f.ask("claim", wants...) {
		return false
	}
	for i, p := range pieces {
		p.claim.see(p.try, f.tally(wants[i]))
	}
	return true
}

// settle shows of each claim that it is so up to some place, or nowhere; side by side while
// the budget does for that.
func (f *finder) settle(claims ...*claim) bool {
	for {
		var pieces []piece
		n := 0
		for _, c := range claims {
			if c == nil || c.best != nil || c.nowhere {
				continue
			}
			t := c.trying(f)
			if p := (piece{c, t, t.next()}); len(pieces) == 0 || f.used+n+p.runs <= f.spec.Runs {
				pieces, n = append(pieces, p), n+p.runs
			}
		}
		if len(pieces) == 0 {
			return true
		}
		if left := f.spec.Runs - f.used; n > left {
			if left == 0 {
				return false
			}
			pieces[0].runs = left // these show less, and that is said
		}
		if !f.take(pieces) {
			return false
		}
	}
}

// tighten spends what is left of the budget on bringing the claims nearer to where it
// tips, those first of which most is left between. A try is not begun if there are too few
// runs for it to succeed.
func (f *finder) tighten(claims ...*claim) {
	claims = slices.DeleteFunc(claims, func(c *claim) bool { return c == nil || c.best == nil })
	for {
		slices.SortStableFunc(claims, func(a, b *claim) int { return b.limit - b.best.place - (a.limit - a.best.place) })
		var pieces []piece
		left := f.spec.Runs - f.used
		for _, begun := range []bool{true, false} {
			for _, c := range claims {
				t := c.trying(f)
				if t == nil || t.runs > 0 != begun || t.all-t.runs > left {
					continue
				}
				left -= t.all - t.runs
				pieces = append(pieces, piece{c, t, t.next()})
			}
		}
		if len(pieces) == 0 || !f.take(pieces) {
			return
		}
	}
}

// claimed is what could be shown by a claim: what it is about, or, where it is so nowhere
// or the budget did not do, the lowest bound at the places that it tried.
//
// The bound is wrong with no more than the try may be, though it may have ended early: of
// all ways in which it could have ended, those that say as much for the place or more have
// no more bad runs among as many (D. Siegmund, "Estimation following sequential tests",
// Biometrika 1978). Of a try that succeeded no lower share than that which was asked for
// is told: it was not tested for, and tries that succeed are free for that one only.
func (f *finder) claimed(c *claim) *Claim {
	if c == nil {
		return nil
	}
	claimed := func(t *try, under float64) *Claim {
		return &Claim{Value: f.values[c.spot(f, t.place).at], Runs: t.runs, Bad: t.bad, Under: under, Shown: c.best != nil, AtEnd: t.place == 0}
	}
	if c.best != nil {
		return claimed(c.best, f.search.Safe)
	}
	var best *Claim
	for _, t := range c.tries {
		if u := upper(t.bad, t.runs, t.alpha); best == nil || u < best.Under {
			best = claimed(t, u)
		}
	}
	return best
}
