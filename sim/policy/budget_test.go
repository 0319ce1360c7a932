package policy

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"cascade/topology"
)

// A script is what happens to a budget: d is a first attempt, s one that succeeds, f one
// that fails; r a retry after an error that is paid for, x one that is not, R and X
// the same after a timeout; S and F the success and the failure of the oldest retry
// under way; w a second and m a millisecond that pass. A number in front says how often.
type script struct {
	b       *Budget
	now     time.Duration
	retries []int32 // under way: what they paid
}

func play(b *Budget, text string) error { return (&script{b: b}).play(text) }

func (s *script) play(text string) error {
	times := 0
	for i, c := range text {
		switch {
		case c == ' ':
			continue
		case c >= '0' && c <= '9':
			times = 10*times + int(c-'0')
			continue
		}
		for n := range max(times, 1) {
			if err := s.step(c); err != nil {
				return fmt.Errorf("at %q, the %d. time: %w", text[:i+1], n+1, err)
			}
		}
		times = 0
	}
	return nil
}

func (s *script) step(c rune) error {
	after := topology.Error
	switch c {
	case 'd':
		s.b.Deposit(s.now)
	case 's':
		s.b.Ended(s.now, topology.Success, 0)
	case 'f':
		s.b.Ended(s.now, topology.Error, 0)
	case 'R', 'X':
		after = topology.Timeout
		fallthrough
	case 'r', 'x':
		paid, ok := s.b.Withdraw(s.now, after)
		if ok != (c == 'r' || c == 'R') || ok != (paid > 0) {
			return fmt.Errorf("paid for: %v, with %d", ok, paid)
		}
		if ok {
			s.retries = append(s.retries, paid)
		}
	case 'S':
		s.b.Ended(s.now, topology.Success, s.retries[0])
		s.retries = s.retries[1:]
	case 'F':
		s.b.Ended(s.now, topology.Error, s.retries[0])
		s.retries = s.retries[1:]
	case 'w':
		s.now += time.Second
	case 'm':
		s.now += ms
	default:
		return fmt.Errorf("no such letter")
	}
	return nil
}

func withdraw(b *Budget) bool {
	_, ok := b.Withdraw(0, topology.Error)
	return ok
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
		b := NewBudget(&topology.Budget{Ratio: row.ratio, Burst: row.burst})
		if err := play(b, row.script); err != nil {
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
		b := NewBudget(&row.first)
		if err := play(b, row.before); err != nil {
			t.Errorf("%s, before: %v", row.name, err)
		}
		b.Retune(&row.then)
		if err := play(b, row.after); err != nil {
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
		b := NewBudget(&p)
		var e exact
		e.set(p)
		for step := range 200 {
			switch r.IntN(50) {
			case 0:
				p = topology.Budget{Ratio: decimal(1), Burst: decimal(20)}
				b.Retune(&p)
				e.set(p)
			default:
				if r.Float64() < 0.5/(0.5+p.Ratio) {
					b.Deposit(0)
					e.deposit()
				} else if got, want := withdraw(b), e.withdraw(); got != want {
					t.Fatalf("trial %d, step %d, %+v: paid %v, want %v (%v tokens)", trial, step, p, got, want, e.tokens)
				}
			}
			if big.NewRat(b.tokens, budgetUnit).Cmp(e.tokens) != 0 {
				t.Fatalf("trial %d, step %d, %+v: %d billionths, want %v", trial, step, p, b.tokens, e.tokens)
			}
		}
	}
}

// The budgets of libraries and proxies, with the numbers that they are known by.
func TestBudgetLike(t *testing.T) {
	const aws, grpc, finagle, linkerd, envoy = topology.AWSBudget, topology.GRPCBudget, topology.FinagleBudget, topology.LinkerdBudget, topology.EnvoyBudget
	for _, row := range []struct {
		name   string
		like   topology.BudgetKind
		script string
	}{
		{"500 tokens: 100 retries when all fail", aws, "f 100r 100F x"},
		{"50 when all time out", aws, "f 50R 50F X x"},
		{"a timeout costs as much as two errors", aws, "49R r X r x"},
		{"a success of a retry gives back its 5", aws, "100r x S r x 2S 2r x"},
		{"and its 10 after a timeout", aws, "50R x S 2r x"},
		{"a failure of a retry gives nothing", aws, "100r 100F x"},
		{"five successes of first attempts pay one", aws, "100r 4s x s r x"},
		{"first attempts themselves pay nothing", aws, "100r 1000d x"},
		{"failures of first attempts cost nothing", aws, "1000f 100r x"},
		{"never above 500", aws, "1000s 100r x"},
		{"nor by what is given back", aws, "20r 100s 20S 100r x"},

		{"four failures in a row, the fifth leaves half", grpc, "4f r F x"},
		{"just five in a row", grpc, "r F r F r F r F r F x"},
		{"one success leaves more than half", grpc, "5f x s r"},
		{"a retry itself costs nothing, its failure does", grpc, "100r 4F r F x"},
		{"a success is a tenth", grpc, "6f x 10s x s r"},
		{"a retry's success is a tenth as well", grpc, "4r 10f 4F x 50s x s r S f x"},
		{"never below none", grpc, "1000f 50s x s r"},
		{"never above ten", grpc, "1000s 4f r f x"},
		{"first attempts themselves change nothing", grpc, "5f 1000d x"},

		{"100 at once before there was any request", finagle, "100r x"},
		{"five requests pay one", finagle, "100r 4d x d r x"},
		{"successes do not", finagle, "100r 1000s x"},
		{"what a retry comes to is all the same", finagle, "50r 50S 50r 50F x"},
		{"a request counts for ten seconds", finagle, "5d 9w 999m 101r x"},
		{"and no longer", finagle, "5d 10w 100r x"},
		{"spent is spent for ten seconds", finagle, "100r 9w 999m x"},
		{"then there is all of it again", finagle, "100r 10w 100r x"},
		{"a part of a second begins with a call", finagle, "100r 9w 999m x 999m x m 100r x"},
		{"second by second", finagle, "50r w 50r x 9w 50r x w 50r x"},
		{"after long, all over again", finagle, "100r 1000w 100r x"},
		{"requests of long ago", finagle, "1000d 1000w 100r x"},

		{"100 at once before there was any request", linkerd, "100r x"},
		{"five successes pay one", linkerd, "100r 4s x s r x"},
		{"retries' too", linkerd, "100r 4S x S r x"},
		{"requests do not", linkerd, "100r 1000d x"},
		{"failures do not", linkerd, "100r 1000f 100F x"},
		{"a success of ten seconds ago counts yet, where each second had a call", linkerd, "5s w s w s w s w s w s w s w s w s w s w 102r x"},
		{"spent is spent", linkerd, "100r 10w x"},
		{"for ten seconds and the call after", linkerd, "100r 10w 1m 100r x"},
		{"after long, all over again", linkerd, "100r 1000w 100r x"},

		{"three at once", envoy, "3r x"},
		{"one that ends makes room, however it ends", envoy, "3r x S r x F r x"},
		{"first attempts change nothing", envoy, "3r 10d 10s 10f x"},
		{"never more than three", envoy, "3r 3S 3r 3F 3r x"},
		{"no matter after what", envoy, "3R X x"},
	} {
		if err := play(NewBudget(&topology.Budget{Like: row.like}), row.script); err != nil {
			t.Errorf("%v, %s: %v", row.like, row.name, err)
		}
	}
}

// With gRPC's settings 1 failure in 11 attempts is what can be kept up for ever:
// 9.09%. With 1 in 10 the tokens sink by a tenth each round, and after fifty rounds the
// retries end, though not for good: they go on at the rate that can be kept up.
func TestGRPCBudgetSustains(t *testing.T) {
	b := NewBudget(&topology.Budget{Like: topology.GRPCBudget})
	for round := range 100_000 {
		if err := play(b, "f r 10s"); err != nil {
			t.Fatalf("1 in 11, round %d: %v", round, err)
		}
	}
	rounds := func(successes int) (first, retries int) {
		b := NewBudget(&topology.Budget{Like: topology.GRPCBudget})
		first = -1
		for round := range 1000 {
			b.Ended(0, topology.Error, 0)
			if withdraw(b) {
				retries++
			} else if first < 0 {
				first = round
			}
			for range successes {
				b.Ended(0, topology.Success, 0)
			}
		}
		return first, retries
	}
	// The failure of round n, counted from 0, leaves 10 - 1 - 0.1n tokens.
	if first, retries := rounds(9); first != 40 || retries != 40 {
		t.Errorf("1 in 10: the first retry is missed in round %d, %d are sent", first, retries)
	}
	if first, retries := rounds(10); first != -1 || retries != 1000 {
		t.Errorf("1 in 11: the first retry is missed in round %d, %d are sent", first, retries)
	}
}

// A client that has every one of its 100 requests a second fail, and would retry them
// all, and more: Finagle lets 20 a second through for the requests and the reserve of 100 each
// ten seconds, Linkerd, without a success, the reserve each eleven.
func TestWindowBudgetRates(t *testing.T) {
	for _, row := range []struct {
		like topology.BudgetKind
		want int // in 11,000 seconds
	}{
		{topology.FinagleBudget, 11_000*20 + 1100*100},
		{topology.LinkerdBudget, 1000 * 100},
	} {
		b := NewBudget(&topology.Budget{Like: row.like})
		got := 0
		for now := time.Duration(0); now < 11_000*time.Second; now += 10 * ms {
			b.Deposit(now)
			b.Ended(now, topology.Error, 0)
			for {
				_, ok := b.Withdraw(now, topology.Error)
				if !ok {
					break
				}
				got++
			}
		}
		if got != row.want {
			t.Errorf("%v: %d retries, want %d", row.like, got, row.want)
		}
	}
}

// What is cancelled tells gRPC nothing; every failure that it hears of costs a token.
func TestGRPCBudgetCounts(t *testing.T) {
	for o := range topology.NumOutcomes {
		b := NewBudget(&topology.Budget{Like: topology.GRPCBudget})
		if err := play(b, "4f"); err != nil {
			t.Fatal(err)
		}
		b.Ended(0, o, 0)
		if got, want := withdraw(b), o == topology.Success || o == topology.Cancelled; got != want {
			t.Errorf("after four failures and one %v: a retry is paid for: %v", o, got)
		}
	}
}

func TestBudgetChangesItsKind(t *testing.T) {
	for _, row := range []struct {
		name   string
		first  topology.Budget
		before string
		then   topology.Budget
		after  string
	}{
		{"the same keeps what is in it", topology.Budget{Like: topology.AWSBudget}, "90r", topology.Budget{Like: topology.AWSBudget}, "10r x 2S 2r x"},
		{"and who is under way", topology.Budget{Like: topology.EnvoyBudget}, "2r", topology.Budget{Like: topology.EnvoyBudget}, "r x S r x"},
		{"and what was spent", topology.Budget{Like: topology.FinagleBudget}, "90r", topology.Budget{Like: topology.FinagleBudget}, "10r x"},
		{"another begins anew", topology.Budget{Like: topology.FinagleBudget}, "100r x", topology.Budget{Like: topology.LinkerdBudget}, "100r x"},
		{"also from tokens", topology.Budget{Ratio: 0.1, Burst: 5}, "5r x", topology.Budget{Like: topology.EnvoyBudget}, "3r x"},
		{"also to tokens", topology.Budget{Like: topology.GRPCBudget}, "9f x", topology.Budget{Ratio: 0.5, Burst: 2}, "2r x 2d r x"},
		{"nothing is given back that another was paid", topology.Budget{Like: topology.AWSBudget}, "3r", topology.Budget{Like: topology.EnvoyBudget}, "3r x 3F x S r x"},
		{"nor the other way", topology.Budget{Like: topology.EnvoyBudget}, "3r", topology.Budget{Like: topology.AWSBudget}, "100r x 3S x S r x"},
	} {
		b := NewBudget(&row.first)
		s := script{b: b}
		if err := s.play(row.before); err != nil {
			t.Errorf("%s, before: %v", row.name, err)
		}
		b.Retune(&row.then)
		if err := s.play(row.after); err != nil {
			t.Errorf("%s, after: %v", row.name, err)
		}
	}
}

// Ended is called for every kind that watches, and for the others changes nothing.
func TestBudgetWatches(t *testing.T) {
	for like := range topology.NumBudgetKinds {
		differs := false
		for o := range topology.NumOutcomes {
			b := NewBudget(&topology.Budget{Like: like, Ratio: 0.1, Burst: 100})
			paid, _ := b.Withdraw(0, topology.Error)
			for range 200 {
				b.Withdraw(0, topology.Error)
			}
			balance := func() [2]int64 {
				if b.recent != nil {
					return [2]int64{b.tokens, b.recent.sum(0)}
				}
				return [2]int64{b.tokens}
			}
			before := balance()
			b.Ended(0, o, paid)
			differs = differs || balance() != before
		}
		if differs != NewBudget(&topology.Budget{Like: like}).Watches() {
			t.Errorf("%v: that an attempt ended matters: %v", like, differs)
		}
	}
}

// A book is the dumb twin of all the budgets that are like a library's: it keeps
// everything that ever happened and adds it up anew each time.
type book struct {
	like  topology.BudgetKind
	lines []line
	part  int // the number of the part of a second under way
	began time.Duration
	taken map[int32]bool // of Envoy: the retries under way
}

type line struct {
	part   int
	amount *big.Rat
}

func (k *book) write(amount *big.Rat) {
	k.lines = append(k.lines, line{k.part, amount})
}

// balance is the sum of the lines from the given part on, held between 0 and most, if there
// is one, after each.
func (k *book) balance(from int, start, most *big.Rat) *big.Rat {
	sum := start
	for _, l := range k.lines {
		if l.part < from {
			continue
		}
		sum = new(big.Rat).Add(sum, l.amount)
		if most != nil && sum.Cmp(most) > 0 {
			sum = most
		}
		if most != nil && sum.Sign() < 0 {
			sum = new(big.Rat)
		}
	}
	return sum
}

// turn finds the part that now belongs to. With gaps of many seconds the parts
// between are empty.
func (k *book) turn(now time.Duration) {
	switch k.like {
	case topology.FinagleBudget:
		now = now / ms * ms
		if whole := (now - k.began) / time.Second; whole > 0 {
			k.part, k.began = k.part+int(whole), now
		}
	case topology.LinkerdBudget:
		if past := now - k.began; past >= time.Second {
			k.part++
			for past > time.Second {
				past -= time.Second
				k.part++
			}
			k.began = now
		}
	}
}

func (k *book) retry(now time.Duration, after topology.Outcome) bool {
	k.turn(now)
	switch k.like {
	case topology.AWSBudget:
		cost := int64(5)
		if after == topology.Timeout {
			cost = 10
		}
		if k.balance(0, big.NewRat(500, 1), big.NewRat(500, 1)).Cmp(big.NewRat(cost, 1)) < 0 {
			return false
		}
		k.write(big.NewRat(-cost, 1))
		return true
	case topology.GRPCBudget:
		return k.balance(0, big.NewRat(10, 1), big.NewRat(10, 1)).Cmp(big.NewRat(5, 1)) > 0
	case topology.FinagleBudget, topology.LinkerdBudget:
		whole := 9
		if k.like == topology.LinkerdBudget {
			whole = 10
		}
		if k.balance(k.part-whole, big.NewRat(100, 1), nil).Cmp(big.NewRat(1, 1)) < 0 {
			return false
		}
		k.write(big.NewRat(-1, 1))
		return true
	default:
		return len(k.taken) < 3
	}
}

func (k *book) ended(now time.Duration, o topology.Outcome, retry bool, after topology.Outcome) {
	success := o == topology.Success
	switch {
	case k.like == topology.AWSBudget && success && !retry:
		k.write(big.NewRat(1, 1))
	case k.like == topology.AWSBudget && success && after == topology.Timeout:
		k.write(big.NewRat(10, 1))
	case k.like == topology.AWSBudget && success:
		k.write(big.NewRat(5, 1))
	case k.like == topology.GRPCBudget && success:
		k.write(big.NewRat(1, 10))
	case k.like == topology.GRPCBudget && o != topology.Cancelled:
		k.write(big.NewRat(-1, 1))
	case k.like == topology.LinkerdBudget && success:
		k.turn(now)
		k.write(big.NewRat(1, 5))
	}
}

func TestBudgetLikeIsAsTheBookSays(t *testing.T) {
	type attempt struct {
		id, paid int32
		after    topology.Outcome
	}
	r := rand.New(rand.NewPCG(3, 3))
	outcomes := []topology.Outcome{topology.Success, topology.Error, topology.Timeout, topology.Rejected, topology.Cancelled}
	decided := [topology.NumBudgetKinds][2]int{}
	for like := topology.AWSBudget; like < topology.NumBudgetKinds; like++ {
		for trial := range 60 {
			b, k := NewBudget(&topology.Budget{Like: like}), &book{like: like, taken: map[int32]bool{}}
			var now time.Duration
			var open []attempt
			healthy, eager := r.Float64(), r.Float64()
			pace := time.Duration(1+r.IntN(40)) * ms
			for step := range int32(300) {
				if now += time.Duration(r.Int64N(int64(2 * pace))); r.IntN(40) == 0 {
					now = now.Truncate(time.Second) + time.Duration(r.IntN(12))*time.Second // right on the edge, too
				}
				switch {
				case r.Float64() < 0.1+0.7*eager:
					after := outcomes[1+r.IntN(3)]
					want := k.retry(now, after)
					paid, got := b.Withdraw(now, after)
					if got != want {
						t.Fatalf("%v, trial %d, step %d, %v: paid for: %v, want %v", like, trial, step, now, got, want)
					}
					if got {
						open = append(open, attempt{step, paid, after})
						k.taken[step] = true
						decided[like][1]++
					} else {
						decided[like][0]++
					}
				case len(open) == 0 || r.IntN(2) == 0:
					b.Deposit(now)
					if like == topology.FinagleBudget {
						k.turn(now)
						k.write(big.NewRat(1, 5))
					}
					o := outcomes[r.IntN(len(outcomes))]
					if r.Float64() < healthy {
						o = topology.Success
					}
					b.Ended(now, o, 0)
					k.ended(now, o, false, 0)
				default:
					i := r.IntN(len(open))
					a := open[i]
					open = slices.Delete(open, i, i+1)
					o := outcomes[r.IntN(len(outcomes))]
					b.Ended(now, o, a.paid)
					k.ended(now, o, true, a.after)
					delete(k.taken, a.id)
				}
			}
		}
		if d := decided[like]; min(d[0], d[1]) < 50 {
			t.Errorf("%v: only %d retries were refused and %d allowed", like, d[0], d[1])
		}
	}
}

func TestBudgetAllocatesNothing(t *testing.T) {
	for like := range topology.NumBudgetKinds {
		b := NewBudget(&topology.Budget{Like: like, Ratio: 0.1, Burst: 10})
		now := time.Duration(0)
		if n := testing.AllocsPerRun(100, func() {
			now += 300 * ms
			b.Deposit(now)
			paid, _ := b.Withdraw(now, topology.Timeout)
			b.Ended(now, topology.Success, paid)
		}); n != 0 {
			t.Errorf("%v: %v allocations", like, n)
		}
	}
}

func BenchmarkBudget(b *testing.B) {
	for like := range topology.NumBudgetKinds {
		b.Run("like="+like.String(), func(b *testing.B) {
			b.ReportAllocs()
			p := NewBudget(&topology.Budget{Like: like, Ratio: 0.1, Burst: 10})
			now := time.Duration(0)
			for b.Loop() {
				now += ms
				p.Deposit(now)
				paid, _ := p.Withdraw(now, topology.Error)
				p.Ended(now, topology.Error, paid)
			}
		})
	}
}
