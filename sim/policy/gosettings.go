package policy

import (
	"fmt"
	"go/format"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"cascade/topology"
)

// GoFile is a Go file, of a package breakers, with the settings of the breakers for
// github.com/sony/gobreaker/v2, each in a variable that is named after its edge:
// CheckoutToPayment for checkout->payment. The error is gofmt's, and would be a
// mistake of ours.
func GoFile(names []string, breakers []*topology.Breaker) ([]byte, error) {
	var vars, code strings.Builder
	taken := map[string]bool{}
	for i, name := range names {
		id := goName(name)
		for n := 2; taken[id]; n++ {
			id = fmt.Sprintf("%s_%d", goName(name), n)
		}
		taken[id] = true
		fmt.Fprintf(&vars, "\n// %s is for the calls %q: a breaker in each process that makes them.\nvar %s = %s\n", id, name, id, settings(name, breakers[i]))
		code.WriteString(settings("", breakers[i])) // without the names, in which anything may stand
	}
	file := "// Package breakers holds the circuit breakers of a simulation by cascade.\npackage breakers\n\nimport (\n"
	for _, path := range []string{"context", "errors", "syscall", "time"} {
		if strings.Contains(code.String(), path+".") {
			file += strconv.Quote(path) + "\n"
		}
	}
	return format.Source([]byte(file + "\n\"github.com/sony/gobreaker/v2\"\n)\n" + vars.String()))
}

// settings is the breaker as Go source, before gofmt: a literal of gobreaker.Settings
// without what is the library's default. Which errors are failures it says as far as the
// standard library has a name for them, and tells the rest in a comment.
func settings(name string, b *topology.Breaker) string {
	var s strings.Builder
	fmt.Fprintf(&s, "gobreaker.Settings{\nName: %q,\n", name)
	if b.HalfOpen > 1 {
		fmt.Fprintf(&s, "MaxRequests: %d,\n", b.HalfOpen)
	}
	if b.Interval > 0 {
		fmt.Fprintf(&s, "Interval: %s,\n", goDuration(b.Interval))
		if b.Bucket > 0 {
			fmt.Fprintf(&s, "BucketPeriod: %s,\n", goDuration(b.Bucket))
		}
	}
	if b.OpenFor > 0 && b.OpenFor != defaultOpenFor {
		fmt.Fprintf(&s, "Timeout: %s,\n", goDuration(b.OpenFor))
	}
	switch when := tripsWhen(b); {
	case when == "":
		s.WriteString("ReadyToTrip: func(gobreaker.Counts) bool { return false },\n")
	case b.Consecutive != defaultConsecutive || b.Ratio > 0:
		fmt.Fprintf(&s, "ReadyToTrip: func(counts gobreaker.Counts) bool {\nreturn %s\n},\n", when)
	}
	writeResults(&s, b.On)
	s.WriteString("}")
	return s.String()
}

// defaultConsecutive is the library's for a ReadyToTrip of nil.
const defaultConsecutive = 5

// tripsWhen is what readyToTrip says, in Go; "" is never.
func tripsWhen(b *topology.Breaker) string {
	var when []string
	if b.Consecutive != topology.Unlimited {
		when = append(when, fmt.Sprintf("counts.ConsecutiveFailures > %d", b.Consecutive))
	}
	if b.Ratio > 0 {
		share := "float64(counts.TotalFailures)/float64(counts.Requests) >= " + strconv.FormatFloat(b.Ratio, 'g', -1, 64)
		if b.MinRequests > 1 { // no share of nothing is large enough: 0/0 is not a number
			share = fmt.Sprintf("counts.Requests >= %d && %s", b.MinRequests, share)
		}
		when = append(when, share)
	}
	return strings.Join(when, " ||\n")
}

// goErrors are the outcomes for which every Go program has the same error.
var goErrors = [topology.NumOutcomes]string{
	topology.Timeout:   "context.DeadlineExceeded",
	topology.Refused:   "syscall.ECONNREFUSED",
	topology.Reset:     "syscall.ECONNRESET",
	topology.Cancelled: "context.Canceled",
}

// writeResults writes IsSuccessful and IsExcluded, and a comment that names the
// outcomes. A breaker never sees those of the guards before it, nor its own.
func writeResults(s *strings.Builder, on topology.OutcomeSet) {
	var failures, others []string // names
	var isFailure, isOther []string
	named := true // every failure has an error of goErrors
	for o := topology.Success + 1; o < topology.NumOutcomes; o++ {
		is := ""
		if goErrors[o] != "" {
			is = "errors.Is(err, " + goErrors[o] + ")"
		}
		switch {
		case o == topology.BreakerOpen || o == topology.Throttled:
		case on.Has(o):
			failures = append(failures, o.String())
			isFailure = append(isFailure, is)
			named = named && is != ""
		case o == topology.Cancelled:
		default:
			others = append(others, o.String())
			if is != "" {
				isOther = append(isOther, is)
			}
		}
	}
	fmt.Fprintf(s, "// Failures in the simulation: %s.\n", orNone(failures))
	switch {
	case len(others) == 0: // every error is a failure, the default
	case len(failures) == 0:
		s.WriteString("IsSuccessful: func(error) bool { return true },\n")
	case named:
		test := strings.Join(isFailure, " || ")
		if len(isFailure) > 1 {
			test = "(" + test + ")"
		}
		fmt.Fprintf(s, "IsSuccessful: func(err error) bool { return !%s },\n", test)
	default:
		fmt.Fprintf(s, "// Successes there: %s.\n", strings.Join(others, ", "))
		if len(isOther) < len(others) {
			s.WriteString("// Add the errors that your program has for them.\n")
		}
		fmt.Fprintf(s, "IsSuccessful: func(err error) bool { return %s },\n", strings.Join(append([]string{"err == nil"}, isOther...), " || "))
	}
	if !on.Has(topology.Cancelled) {
		fmt.Fprintf(s, "IsExcluded: func(err error) bool { return errors.Is(err, %s) },\n", goErrors[topology.Cancelled])
	}
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// goDuration is d as a person would write it in Go.
func goDuration(d time.Duration) string {
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{time.Hour, "Hour"}, {time.Minute, "Minute"}, {time.Second, "Second"}, {time.Millisecond, "Millisecond"}, {time.Microsecond, "Microsecond"}} {
		if d == u.unit {
			return "time." + u.name
		}
		if d%u.unit == 0 {
			return fmt.Sprintf("%d * time.%s", d/u.unit, u.name)
		}
	}
	return fmt.Sprintf("%d * time.Nanosecond", d)
}

// goName makes an exported Go name of an edge's: checkout.place->payment#2 is
// CheckoutPlaceToPayment2.
func goName(edge string) string {
	var s strings.Builder
	first := true
	for _, r := range strings.ReplaceAll(edge, "->", " To ") {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			first = true
			continue
		}
		if first {
			r = unicode.ToUpper(r)
		}
		s.WriteRune(r)
		first = false
	}
	name := s.String()
	if r, _ := utf8.DecodeRuneInString(name); unicode.IsUpper(r) {
		return name
	}
	return "Breaker" + name // it begins with a digit, with a letter that has no case, or not at all
}
