package policy

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
	"time"

	"cascade/topology"
)

const (
	ms       = time.Millisecond
	justOne  = 1 - 0x1p-53 // the largest u there is
	allTimes = time.Duration(math.MaxInt64)
)

func TestBackoff(t *testing.T) {
	retry := func(first time.Duration, factor float64, max time.Duration, j topology.Jitter) topology.Retry {
		return topology.Retry{Backoff: first, Factor: factor, Max: max, Jitter: j}
	}
	const no, full, equal = topology.NoJitter, topology.FullJitter, topology.EqualJitter
	for _, row := range []struct {
		retry topology.Retry
		k     int
		u     float64
		want  time.Duration
	}{
		{retry(0, 2, 10*time.Second, full), 1, 0.9, 0},
		{retry(0, 2, 10*time.Second, no), 1 << 20, 0.9, 0},

		{retry(50*ms, 2, time.Second, no), 1, 0.7, 50 * ms},
		{retry(50*ms, 2, time.Second, no), 2, 0.7, 100 * ms},
		{retry(50*ms, 2, time.Second, no), 3, 0.7, 200 * ms},
		{retry(50*ms, 2, time.Second, no), 5, 0.7, 800 * ms},
		{retry(50*ms, 2, time.Second, no), 6, 0.7, time.Second}, // not 1.6 s
		{retry(50*ms, 2, time.Second, no), 7, 0.7, time.Second},
		{retry(50*ms, 1, time.Second, no), 9, 0, 50 * ms},
		{retry(50*ms, 3, time.Minute, no), 4, 0, 1350 * ms},
		{retry(50*ms, 1.5, time.Minute, no), 3, 0, 112500 * time.Microsecond},
		{retry(100*ms, 0.5, time.Second, no), 3, 0, 25 * ms}, // shorter each time
		{retry(100*ms, 0, time.Second, no), 1, 0, 100 * ms},
		{retry(100*ms, 0, time.Second, no), 2, 0, 0},
		{retry(2*time.Second, 2, time.Second, no), 1, 0, time.Second}, // more than the most, from the first on
		{retry(50*ms, 2, 0, no), 1, 0, 0},
		{retry(1, 1.5, time.Second, no), 2, 0, 2}, // to the nearest nanosecond

		// As far as one likes, and as long.
		{retry(50*ms, 2, 10*time.Second, no), 1 << 40, 0, 10 * time.Second},
		{retry(50*ms, 1e6, 10*time.Second, no), math.MaxInt, 0, 10 * time.Second},
		{retry(time.Hour, 2, allTimes, no), 1000, 0, allTimes},
		{retry(allTimes, 2, allTimes, no), 1, 0, allTimes},
		{retry(allTimes, 2, allTimes, full), 9, 0.5, 1 << 62},
		{retry(allTimes, 2, allTimes, equal), 9, 0, 1 << 62},

		{retry(50*ms, 2, time.Second, full), 1, 0, 0},
		{retry(50*ms, 2, time.Second, full), 1, 0.5, 25 * ms},
		{retry(50*ms, 2, time.Second, full), 3, 0.25, 50 * ms},
		{retry(50*ms, 2, time.Second, full), 9, 0.25, 250 * ms}, // of the most, not cut off at it
		{retry(50*ms, 2, time.Second, full), 9, justOne, time.Second},

		{retry(50*ms, 2, time.Second, equal), 1, 0, 25 * ms},
		{retry(50*ms, 2, time.Second, equal), 1, 0.5, 37500 * time.Microsecond},
		{retry(50*ms, 2, time.Second, equal), 2, 0.5, 75 * ms},
		{retry(50*ms, 2, time.Second, equal), 9, 0.5, 750 * ms},
		{retry(50*ms, 2, time.Second, equal), 9, justOne, time.Second},
	} {
		if got := Backoff(&row.retry, row.k, row.u); got != row.want {
			t.Errorf("%v, factor %v, at most %v, jitter %d, retry %d, u %v: %v, want %v",
				row.retry.Backoff, row.retry.Factor, row.retry.Max, row.retry.Jitter, row.k, row.u, got, row.want)
		}
	}
}

// At any retry the wait is within what its jitter allows of the wait without, never
// negative and never above the most; over evenly spaced u, full jitter comes to half
// of it on average and equal jitter to three quarters.
func TestBackoffJitterBounds(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		p := topology.Retry{
			Backoff: time.Duration(1000 + r.Int64N(1<<uint(11+r.IntN(52))-1000)),
			Factor:  math.Exp(3 * r.NormFloat64()),
			Max:     time.Duration(1000 + r.Int64N(1<<uint(11+r.IntN(52))-1000)),
		}
		k := 1 + r.IntN(1<<uint(1+r.IntN(20)))
		whole := Backoff(&p, k, 0)
		if whole < 0 || whole > p.Max {
			t.Fatalf("%+v, retry %d: %v", p, k, whole)
		}
		for _, j := range []struct {
			kind        topology.Jitter
			least, mean float64
		}{{topology.FullJitter, 0, 0.5}, {topology.EqualJitter, 0.5, 0.75}} {
			p.Jitter = j.kind
			const steps = 100
			sum, last := 0.0, time.Duration(-1)
			for i := range steps {
				wait := Backoff(&p, k, (float64(i)+0.5)/steps)
				if wait < last || wait > whole || float64(wait) < j.least*float64(whole)-1 {
					t.Fatalf("%+v, retry %d: %v after %v, of %v", p, k, wait, last, whole)
				}
				sum += float64(wait)
				last = wait
			}
			if want := j.mean * float64(whole); math.Abs(sum/steps-want) > 0.5+1e-9*want {
				t.Fatalf("%+v, retry %d: mean %v, want %v", p, k, sum/steps, want)
			}
		}
	}
}

// A budget's script: d is a first attempt, r a retry that is paid for, x one that is
// not; a digit in front says how often.
func play(b *Budget, script string) error {
	times := 0
	for i, c := range script {
		switch {
		case c == ' ':
			continue
		case c >= '0' && c <= '9':
			times = 10*times + int(c-'0')
			continue
		}
		for range max(times, 1) {
			if c == 'd' {
				b.Deposit()
			} else if paid := b.Withdraw(); paid != (c == 'r') {
				return fmt.Errorf("at %q: the retry is paid for: %v", script[:i+1], paid)
			}
		}
		times = 0
	}
	return nil
}

func TestBudget(t *testing.T) {
	for _, row := range []struct {
		name         string
		ratio, burst float64
		script       string
	}{
		{"starts full", 0.1, 3, "rrr x"},
		{"ten times 10% pay exactly one", 0.1, 10, "10r x 9d x 1d r x 10d r x"},
		{"a hundred times 10% pay ten", 0.1, 10, "10r 100d 10r x"},
		{"a thousand times 0.1% pay one", 0.001, 1, "r 999d x d r x"},
		{"never above burst", 0.5, 2, "1000d rr x"},
		{"never above burst, by a part", 0.3, 1, "r 3d x d r x 9d r x"},
		{"a retry's deposit is lost in a full bucket", 0.1, 1, "10d r x 9d x d r"},
		{"no burst, no retry", 1, 0, "x 100d x"},
		{"half a token never pays", 1, 0.5, "x 100d x"},
		{"one and a half pays one", 0.5, 1.5, "r x d r x 2d r x 4d r x"},
		{"no ratio: burst and no more", 0, 2, "r 100d r x 100d x"},
		{"a token an attempt", 1, 1, "r d r d r x"},
		{"two tokens an attempt", 2, 10, "10r d rr x"},
		{"a millionth", 1e-6, 1, "r 999999d x d r x"},
		{"envoy's shape: 20%, three at least", 0.2, 3, "rrr x 5d r x 14d rr x"},
	} {
		b := NewBudget(topology.Budget{Ratio: row.ratio, Burst: row.burst})
		if err := play(&b, row.script); err != nil {
			t.Errorf("%s: %v", row.name, err)
		}
	}
	var none Budget
	if err := play(&none, "x 10d x"); err != nil {
		t.Errorf("the zero budget: %v", err)
	}
}

func TestBudgetRetune(t *testing.T) {
	type policy = topology.Budget
	for _, row := range []struct {
		name   string
		first  policy
		before string
		then   policy
		after  string
	}{
		{"smaller: what fits is kept", policy{Ratio: 0.1, Burst: 10}, "", policy{Ratio: 0.1, Burst: 4}, "4r x"},
		{"larger: nothing is given", policy{Ratio: 0.1, Burst: 2}, "r", policy{Ratio: 0.1, Burst: 10}, "r x"},
		{"larger: more fits", policy{Ratio: 1, Burst: 2}, "rr", policy{Ratio: 1, Burst: 5}, "9d 5r x"},
		{"another ratio, from now on", policy{Ratio: 0.1, Burst: 5}, "5r 5d", policy{Ratio: 0.5, Burst: 5}, "x d r x"},
		{"none", policy{Ratio: 0.1, Burst: 5}, "", policy{}, "x 9d x"},
		{"the same changes nothing", policy{Ratio: 0.1, Burst: 5}, "5r 9d", policy{Ratio: 0.1, Burst: 5}, "x d r x"},
	} {
		b := NewBudget(row.first)
		if err := play(&b, row.before); err != nil {
			t.Errorf("%s, before: %v", row.name, err)
		}
		b.Retune(row.then)
		if err := play(&b, row.after); err != nil {
			t.Errorf("%s, after: %v", row.name, err)
		}
	}
}

// exact is a Budget's twin in fractions.
type exact struct{ tokens, gain, full *big.Rat }

// fraction is a decimal number as a person writes it, of at most nine places.
func fraction(x float64) *big.Rat {
	r, _ := new(big.Rat).SetString(fmt.Sprintf("%.9f", x))
	return r
}

func (e *exact) set(b topology.Budget) {
	e.gain, e.full = fraction(b.Ratio), fraction(b.Burst)
	if e.tokens == nil || e.tokens.Cmp(e.full) > 0 {
		e.tokens = e.full
	}
}

func (e *exact) deposit() {
	if e.tokens = new(big.Rat).Add(e.tokens, e.gain); e.tokens.Cmp(e.full) > 0 {
		e.tokens = e.full
	}
}

func (e *exact) withdraw() bool {
	one := big.NewRat(1, 1)
	if e.tokens.Cmp(one) < 0 {
		return false
	}
	e.tokens = new(big.Rat).Sub(e.tokens, one)
	return true
}

func TestBudgetIsExact(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	decimal := func(most int) float64 { // of up to nine places
		places := math.Pow(10, float64(r.IntN(10)))
		return math.Round(r.Float64()*float64(most)*places) / places
	}
	for trial := range 1000 {
		p := topology.Budget{Ratio: decimal(1), Burst: decimal(20)}
		b := NewBudget(p)
		var e exact
		e.set(p)
		for step := range 200 {
			switch r.IntN(50) {
			case 0:
				p = topology.Budget{Ratio: decimal(1), Burst: decimal(20)}
				b.Retune(p)
				e.set(p)
			default:
				if r.Float64() < 0.5/(0.5+p.Ratio) {
					b.Deposit()
					e.deposit()
				} else if got, want := b.Withdraw(), e.withdraw(); got != want {
					t.Fatalf("trial %d, step %d, %+v: paid %v, want %v (%v tokens)", trial, step, p, got, want, e.tokens)
				}
			}
			if big.NewRat(b.tokens, budgetUnit).Cmp(e.tokens) != 0 {
				t.Fatalf("trial %d, step %d, %+v: %d billionths, want %v", trial, step, p, b.tokens, e.tokens)
			}
		}
	}
}

func TestPolicyAllocatesNothing(t *testing.T) {
	p := topology.Retry{Backoff: ms, Factor: 2, Max: time.Second, Jitter: topology.FullJitter}
	b := NewBudget(topology.Budget{Ratio: 0.1, Burst: 10})
	if n := testing.AllocsPerRun(100, func() {
		b.Deposit()
		b.Withdraw()
		if Backoff(&p, 3, 0.5) != 2*ms {
			t.Error("another wait")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkBackoff(b *testing.B) {
	b.ReportAllocs()
	p := topology.Retry{Backoff: ms, Factor: 2, Max: time.Second, Jitter: topology.FullJitter}
	k := 0
	for b.Loop() {
		k++
		Backoff(&p, 1+k&7, 0.5)
	}
}

func BenchmarkBudget(b *testing.B) {
	b.ReportAllocs()
	p := NewBudget(topology.Budget{Ratio: 0.1, Burst: 10})
	for b.Loop() {
		p.Deposit()
		p.Withdraw()
	}
}
