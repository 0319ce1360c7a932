package policy

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sony/gobreaker/v2"

	"cascade/topology"
)

func TestGoSettings(t *testing.T) {
	const def = topology.BreakerDefault
	for _, row := range []struct {
		name    string
		breaker topology.Breaker
		want    string
	}{
		{"a->b", topology.Breaker{Consecutive: 5, OpenFor: time.Minute, HalfOpen: 1, On: def}, `gobreaker.Settings{
	Name: "a->b",
	// Failures in the simulation: error, timeout, rejected, refused, reset, rate_limited, limited, bulkhead_full.
	IsExcluded: func(err error) bool { return errors.Is(err, context.Canceled) },
}`},
		{"a->b", topology.Breaker{Consecutive: 2, Ratio: 0.5, MinRequests: 20, Interval: 10 * time.Second, Bucket: time.Second,
			OpenFor: 90 * time.Second, HalfOpen: 3, On: def.With(topology.Cancelled)}, `gobreaker.Settings{
	Name:         "a->b",
	MaxRequests:  3,
	Interval:     10 * time.Second,
	BucketPeriod: time.Second,
	Timeout:      90 * time.Second,
	ReadyToTrip: func(counts gobreaker.Counts) bool {
		return counts.ConsecutiveFailures > 2 ||
			counts.Requests >= 20 && float64(counts.TotalFailures)/float64(counts.Requests) >= 0.5
	},
	// Failures in the simulation: error, timeout, rejected, refused, reset, rate_limited, limited, bulkhead_full, cancelled.
}`},
		{`"`, topology.Breaker{Consecutive: topology.Unlimited, OpenFor: 1500 * ms, On: 1<<topology.Timeout | 1<<topology.Reset}, `gobreaker.Settings{
	Name:        "\"",
	Timeout:     1500 * time.Millisecond,
	ReadyToTrip: func(gobreaker.Counts) bool { return false },
	// Failures in the simulation: timeout, reset.
	IsSuccessful: func(err error) bool {
		return !(errors.Is(err, context.DeadlineExceeded) || errors.Is(err, syscall.ECONNRESET))
	},
	IsExcluded: func(err error) bool { return errors.Is(err, context.Canceled) },
}`},
		{"a", topology.Breaker{Consecutive: 5, OpenFor: time.Minute, On: 1<<topology.Error | 1<<topology.Refused}, `gobreaker.Settings{
	Name: "a",
	// Failures in the simulation: error, refused.
	// Successes there: timeout, rejected, reset, rate_limited, limited, bulkhead_full.
	// Add the errors that your program has for them.
	IsSuccessful: func(err error) bool {
		return err == nil || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, syscall.ECONNRESET)
	},
	IsExcluded: func(err error) bool { return errors.Is(err, context.Canceled) },
}`},
		{"a", topology.Breaker{Consecutive: 5, OpenFor: time.Minute}, `gobreaker.Settings{
	Name: "a",
	// Failures in the simulation: none.
	IsSuccessful: func(error) bool { return true },
	IsExcluded:   func(err error) bool { return errors.Is(err, context.Canceled) },
}`},
	} {
		if diff := cmp.Diff(row.want, GoSettings(row.name, &row.breaker)); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", row.breaker, diff)
		}
	}
}

func TestGoName(t *testing.T) {
	for edge, want := range map[string]string{
		"checkout->payment":                "CheckoutToPayment",
		"checkout.place->payment.charge#2": "CheckoutPlaceToPaymentCharge2",
		"order-api->db_2":                  "OrderApiToDb2",
		"äther->übung":                     "ÄtherToÜbung",
		"2fa->db":                          "Breaker2faToDb",
		"支付->db":                           "Breaker支付ToDb",
		"?":                                "Breaker",
	} {
		if got := goName(edge); got != want {
			t.Errorf("%s: %s, want %s", edge, got, want)
		}
	}
}

// goErrorOf are errors of a Go program for the outcomes that have one of their own.
var goErrorOf = map[topology.Outcome]string{
	topology.Success:   "nil",
	topology.Timeout:   `fmt.Errorf("get: %w", context.DeadlineExceeded)`,
	topology.Refused:   "&net.OpError{Err: os.NewSyscallError(\"connect\", syscall.ECONNREFUSED)}",
	topology.Reset:     "&net.OpError{Err: os.NewSyscallError(\"read\", syscall.ECONNRESET)}",
	topology.Cancelled: `fmt.Errorf("get: %w", context.Canceled)`,
}

// The file for 60 random breakers and some with names that are hard on Go is built
// with the library and run: its ReadyToTrip says of 20 counts each what the
// breaker's own says, and its IsSuccessful and IsExcluded take each error that is
// named in Go for what its outcome is.
func TestGoFileMeansTheSame(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 3))
	names := []string{"time.now->syscall.x", "a->b", "a-->b", "a>b", "2->\n", "支->b\"", "支->b'"}
	ids := []string{"TimeNowToSyscallX", "AToB", "AToB_2", "AB", "Breaker2To", "Breaker支ToB", "Breaker支ToB_2"}
	for i := range 60 {
		names, ids = append(names, fmt.Sprintf("edge%d->x", i)), append(ids, fmt.Sprintf("Edge%dToX", i))
	}
	var breakers []*topology.Breaker
	var calls strings.Builder
	for i := range names {
		p := randomBreaker(r)
		if i%3 == 0 {
			p.Consecutive, p.OpenFor = 5, time.Minute
		}
		p.On = topology.OutcomeSet(r.IntN(1<<topology.NumOutcomes)) &^ (1 << topology.Success)
		if i%4 == 0 {
			p.On &= 1<<topology.Timeout | 1<<topology.Refused | 1<<topology.Reset
		}
		breakers = append(breakers, p)
		fmt.Fprintf(&calls, "periods(&%s, %q, %d, %d, %d, %d)\n", ids[i], names[i], p.HalfOpen, p.Interval, p.Bucket, p.OpenFor)
		plain := *p
		plain.Interval = 0 // the breaker's own counts stay out of it
		b := NewBreaker(0, &plain)
		for range 20 {
			c := gobreaker.Counts{Requests: uint32(1 + r.IntN(12))}
			c.TotalFailures = uint32(1 + r.IntN(int(c.Requests)))
			c.ConsecutiveFailures = uint32(1 + r.IntN(int(c.TotalFailures)))
			fmt.Fprintf(&calls, "trips(&%s, %#v, %t)\n", ids[i], c, b.readyToTrip(c))
		}
		for o := range topology.NumOutcomes {
			if err, ok := goErrorOf[o]; ok {
				fmt.Fprintf(&calls, "result(&%s, %s, %t, %t)\n", ids[i], err, p.On.Has(o), o == topology.Cancelled && !p.On.Has(o))
			}
		}
	}
	file, err := GoFile(names, breakers)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"breakers.go": strings.Replace(string(file), "\npackage breakers\n", "\npackage main\n", 1),
		"main.go": `package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/sony/gobreaker/v2"
)

func is(what string, name string, ok bool) {
	if !ok {
		fmt.Println(name+":", what)
	}
}

func periods(s *gobreaker.Settings, name string, probes uint32, interval, bucket, timeout time.Duration) {
	is("name", name, s.Name == name)
	is("MaxRequests", name, max(1, s.MaxRequests) == probes)
	is("Interval", name, s.Interval == interval)
	is("BucketPeriod", name, s.BucketPeriod == bucket)
	is("Timeout", name, s.Timeout == timeout || s.Timeout == 0 && timeout == time.Minute)
}

func trips(s *gobreaker.Settings, c gobreaker.Counts, want bool) {
	got := c.ConsecutiveFailures > 5
	if s.ReadyToTrip != nil {
		got = s.ReadyToTrip(c)
	}
	is(fmt.Sprintf("ReadyToTrip of %+v: %t, want %t", c, got, want), s.Name, got == want)
}

func result(s *gobreaker.Settings, err error, failure, excluded bool) {
	got := s.IsExcluded != nil && s.IsExcluded(err)
	is(fmt.Sprintf("IsExcluded of %v: %t, want %t", err, got, excluded), s.Name, got == excluded)
	if excluded {
		return
	}
	got = err != nil
	if s.IsSuccessful != nil {
		got = !s.IsSuccessful(err)
	}
	is(fmt.Sprintf("failure is %v: %t, want %t", err, got, failure), s.Name, got == failure)
}

func main() {
` + calls.String() + `	fmt.Println("done")
}
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command("go", "run", filepath.Join(dir, "breakers.go"), filepath.Join(dir, "main.go")).CombinedOutput()
	if err != nil || string(out) != "done\n" {
		t.Errorf("%v:\n%s", err, out)
	}
}
