package policy

import (
	"math/big"
	"math/rand/v2"
	"testing"
	"time"

	"cascade/topology"
)

func TestAutoscale(t *testing.T) {
	settings := topology.Autoscale{Min: 1, Max: 100, Target: 0.5}
	for _, row := range []struct {
		name          string
		have          int
		share, target float64
		want          int
	}{
		// The examples of Kubernetes' manual ("Horizontal Pod Autoscaling") and of its
		// announcement of tolerances (28 April 2025).
		{"twice the target doubles", 4, 0.2, 0.1, 8},
		{"half the target halves", 4, 0.05, 0.1, 2},
		{"50 at 90% for 75% are 60", 50, 0.9, 0.75, 60},

		{"rounded up", 3, 0.6, 0.5, 4},
		{"rounded up on the way down", 10, 0.21, 0.5, 5},
		{"at the target", 7, 0.5, 0.5, 7},
		{"10% above is within tolerance", 10, 0.55, 0.5, 10},
		{"10% above, of 60%", 10, 0.66, 0.6, 10},
		{"more is not", 10, 0.551, 0.5, 12},
		{"10% below is within", 10, 0.45, 0.5, 10},
		{"less is not", 100, 0.449, 0.5, 90},
		{"3 × 40% / 60% are 2", 3, 0.4, 0.6, 2},
		{"6 × 70% / 60% are 7", 6, 0.7, 0.6, 7},
		{"nothing to do", 10, 0, 0.5, 1},
		{"not above the most", 80, 1, 0.5, 100},
		{"nor where there are more already", 120, 0.5, 0.5, 100},
		{"not below the least", 0, 0, 0.5, 1},
	} {
		s := settings
		s.Target = row.target
		if got := NewAutoscale(&s).Want(time.Hour, row.have, row.share); got != row.want {
			t.Errorf("%s: %d at %v for %v want %d, not %d", row.name, row.have, row.share, row.target, got, row.want)
		}
	}
}

func TestAutoscaleCooldown(t *testing.T) {
	type decision struct {
		at    time.Duration // in seconds
		have  int
		share float64
		want  int
	}
	for _, row := range []struct {
		name     string
		cooldown time.Duration
		script   []decision
	}{
		{"fewer only when the last that wanted as many is five minutes old", 300 * time.Second, []decision{
			{15, 10, 0.5, 10}, {30, 10, 0.25, 10}, {300, 10, 0.25, 10}, {314, 10, 0.25, 10}, {315, 10, 0.25, 5}}},
		{"what there was at first is a wish", 60 * time.Second, []decision{
			{15, 10, 0.1, 10}, {74, 10, 0.1, 10}, {75, 10, 0.1, 2}}},
		{"down to the highest of the last minute", 60 * time.Second, []decision{
			{0, 10, 0.5, 10}, {10, 10, 0.4, 10}, {20, 10, 0.2, 10}, {40, 10, 0.3, 10}, {60, 10, 0.2, 8}, {70, 8, 0.2, 6},
			{99, 6, 0.2, 6}, {100, 6, 0.2, 4}}},
		{"more at once, and then again the wait", 60 * time.Second, []decision{
			{0, 4, 0.5, 4}, {10, 4, 1, 8}, {20, 8, 0.25, 8}, {69, 8, 0.25, 8}, {70, 8, 0.25, 4}}},
		{"no cooldown", 0, []decision{{0, 10, 0.25, 5}, {10, 5, 1, 10}, {20, 10, 0.1, 2}}},
		{"an old wish for more does not bring back what is gone", 60 * time.Second, []decision{
			{0, 10, 0.5, 10}, {10, 4, 0.5, 4}, {20, 4, 0.6, 5}, {30, 5, 0.2, 5}}},
		{"within tolerance is a wish for what there is", 60 * time.Second, []decision{
			{0, 6, 0.5, 6}, {50, 6, 0.52, 6}, {100, 6, 0.25, 6}, {109, 6, 0.25, 6}, {110, 6, 0.25, 3}}},
	} {
		a := NewAutoscale(&topology.Autoscale{Min: 1, Max: 100, Target: 0.5, Cooldown: row.cooldown})
		for _, d := range row.script {
			if got := a.Want(d.at*time.Second, d.have, d.share); got != d.want {
				t.Errorf("%s, at %d s: %d at %v want %d, not %d", row.name, d.at, d.have, d.share, got, d.want)
			}
		}
	}
}

// kubernetes is an Autoscale's twin: it keeps every wish, and reckons in fractions.
type kubernetes struct {
	set    topology.Autoscale
	target *big.Rat
	wishes []wish
}

func (k *kubernetes) want(now time.Duration, have int, share *big.Rat) int {
	if len(k.wishes) == 0 {
		k.wishes = append(k.wishes, wish{now, have})
	}
	ratio := new(big.Rat).Quo(share, k.target)
	desired := have
	if ratio.Cmp(big.NewRat(9, 10)) < 0 || ratio.Cmp(big.NewRat(11, 10)) > 0 {
		product := new(big.Rat).Mul(ratio, big.NewRat(int64(have), 1))
		whole, rest := new(big.Int).QuoRem(product.Num(), product.Denom(), new(big.Int))
		desired = int(whole.Int64())
		if rest.Sign() > 0 {
			desired++
		}
	}
	k.wishes = append(k.wishes, wish{now, desired})
	highest := desired
	for _, w := range k.wishes {
		if w.at > now-k.set.Cooldown {
			highest = max(highest, w.count)
		}
	}
	stable := have
	if stable < desired {
		stable = desired
	}
	if stable > highest {
		stable = highest
	}
	return min(max(stable, k.set.Min), k.set.Max)
}

// 1000 random lives of up to 300 decisions, shares and targets being whole percents,
// so that many a product is a whole number and many a ratio just 10% off. It was seen
// to fail without the slack of either, with a wish that is kept at its very end, and
// with the first count forgotten.
func TestAutoscaleTwin(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	up, down := 0, 0
	for life := range 1000 {
		percent := 5 + r.IntN(96)
		p := topology.Autoscale{
			Min:      1 + r.IntN(5),
			Target:   float64(percent) / 100,
			Every:    time.Duration(1+r.IntN(20)) * time.Second,
			Cooldown: time.Duration(r.IntN(60)) * 5 * time.Second,
		}
		p.Max = p.Min + r.IntN(50)
		a, twin := NewAutoscale(&p), kubernetes{set: p, target: big.NewRat(int64(percent), 100)}
		have, share := p.Min+r.IntN(p.Max-p.Min+1), percent
		for decision := range r.IntN(300) {
			now := time.Duration(decision+1) * p.Every
			if share += r.IntN(31) - 15; share < 0 || share > 100 || r.IntN(10) == 0 {
				share = r.IntN(101)
			}
			got := a.Want(now, have, float64(share)/100)
			want := twin.want(now, have, big.NewRat(int64(share), 100))
			if got != want {
				t.Fatalf("life %d, %+v, at %v: %d at %d%% want %d, not %d", life, p, now, have, share, got, want)
			}
			if got > have {
				up++
			} else if got < have {
				down++
			}
			if have = got; r.IntN(20) == 0 { // a fault takes one, or a deploy brings one
				have = max(0, have+2*r.IntN(2)-1)
			}
		}
	}
	if up < 5000 || down < 5000 {
		t.Errorf("up %d times, down %d times: the cases are too tame", up, down)
	}
}

// Wishes are kept only as far as they matter.
func TestAutoscaleBounded(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	a := NewAutoscale(&topology.Autoscale{Min: 2, Max: 12, Target: 0.5, Cooldown: 1 << 50})
	for i := range 10000 {
		a.Want(time.Duration(i), 6, r.Float64())
	}
	if len(a.wishes) > 11 {
		t.Errorf("%d wishes are kept of 11 different ones", len(a.wishes))
	}
}
