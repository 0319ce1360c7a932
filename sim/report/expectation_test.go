package report

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"cascade/sim"
	"cascade/sim/des"

	"github.com/google/go-cmp/cmp"
)

// understood is what an expectation was taken to mean, in words.
func understood(e *Expectation) string {
	var b strings.Builder
	s := &e.subject
	switch s.kind {
	case edgeSubject:
		fmt.Fprintf(&b, "edge %v", s.edges)
	case operationSubject:
		fmt.Fprintf(&b, "operation %d.%d", s.index, s.op)
	default:
		fmt.Fprintf(&b, "%s %d", s.kind, s.index)
	}
	if r := e.recovery; r != nil {
		fmt.Fprintf(&b, " back in %v before [%v,%v)", r.within, r.before.from, r.before.to)
		for _, a := range r.after {
			fmt.Fprintf(&b, " [%v,%v,%v)", a.end, a.due, a.next)
		}
		if len(r.after) == 0 {
			fmt.Fprintf(&b, " (%s)", r.nothing)
		}
	} else {
		fmt.Fprintf(&b, " %s %s %v", metrics[e.metric].name, comparisons[e.op], e.bound)
		for _, sp := range e.spans {
			fmt.Fprintf(&b, " [%v,%v)", sp.from, sp.to)
		}
		if e.windowed && len(e.spans) == 0 {
			fmt.Fprintf(&b, " (%s)", e.emptiness)
		}
	}
	if e.runs > 0 {
		fmt.Fprintf(&b, " in %v", e.runs)
	}
	return b.String()
}

// faulty is the shop with more faults: flap comes at 22s, 62s and 102s for
// 5s, early lies in the warm-up, late lasts to the end.
func faulty() *sim.Plan {
	p := shop()
	p.Faults = append(p.Faults,
		sim.Fault{Name: "flap", Kind: sim.Crash, On: "mail", Services: []int{mail}, From: 22 * second, Until: 27 * second, Every: 40 * second},
		sim.Fault{Name: "early", Kind: sim.Surge, On: "staff", Source: staff, From: 5 * second, Until: 8 * second},
		sim.Fault{Name: "late", Kind: sim.Surge, On: "staff", Source: staff, From: 115 * second, Until: 120 * second})
	return p
}

func TestParse(t *testing.T) {
	for _, row := range []struct{ text, want string }{
		{"shoppers.success >= 99.9%", "source 0 success >= 0.999"},
		{"shoppers.success>=0.999", "source 0 success >= 0.999"},
		{"  staff.errors\t<  5%  ", "source 1 errors < 0.05"},
		{"shoppers.p99 < 400ms", "source 0 p99 < 0.4"},
		{"shoppers.p999 <= 1m30s", "source 0 p999 <= 90"},
		{"shoppers.goodput > 90/s", "source 0 goodput > 90"},
		{"shoppers.offered == 90/m", "source 0 offered == 1.5"},
		{"shoppers.goodput != 3600/h", "source 0 goodput != 1"},
		{"shoppers.amplification <= 1.5", "source 0 amplification <= 1.5"},
		{"gateway.saturation.max < 90% during payment-slow", "service 0 saturation.max < 0.9 [30s,50s)"},
		{"gateway.queue.max < 50", "service 0 queue.max < 50"},
		{"gateway.buy.errors < 1%", "operation 0.0 errors < 0.01"},
		{"gateway.browse.saturation.max < 1%", "operation 0.1 saturation.max < 0.01"},
		{"payment.saturation < 50% after payment-slow", "service 2 saturation < 0.5 [50s,120s)"},
		{"payment.wasted < 50% before payment-slow", "service 2 wasted < 0.5 [10s,30s)"},
		{"checkout->payment.retries <= 10% from 30s to 1m", "edge [3 4 5] retries <= 0.1 [30s,60s)"},
		{"checkout->payment.charge.retries <= 10%", "edge [3 5] retries <= 0.1"},
		{"checkout->payment.charge#2.retries <= 10%", "edge [5] retries <= 0.1"},
		{"checkout->payment.charge#1.retries <= 10%", "edge [3] retries <= 0.1"},
		{"gateway->checkout.p99<1s", "edge [2] p99 < 1"},
		{"gateway.buy->checkout.p99 < 1s", "edge [2] p99 < 1"},
		{"shoppers->gateway.success > 50%", "edge [0] success > 0.5"},
		{"shoppers->gateway.buy.success > 50%", "edge [0] success > 0.5"},
		{"mail.p50 < 1s during flap", "service 3 p50 < 1 [22s,27s) [62s,67s) [102s,107s)"},
		{"mail.p50 < 1s after flap", "service 3 p50 < 1 [107s,120s)"},
		{"mail.p50 < 1s before flap", "service 3 p50 < 1 [10s,22s)"},
		{"mail.p50 < 1s before early", "service 3 p50 < 1 (no time: early begins before the warm-up is over)"},
		{"mail.p50 < 1s after late", "service 3 p50 < 1 (no time: late lasts to the end of the run)"},
		{"staff.errors < 1% from 0s to 10s in 95% of runs", "source 1 errors < 0.01 [0s,10s) in 0.95"},
		{"staff.errors < 1% in 0.9 of runs", "source 1 errors < 0.01 in 0.9"},
		{"shoppers recovers within 10s of payment-slow", "source 0 back in 10s before [10s,30s) [50s,60s,62s)"},
		{"payment recovers within 5s of payment-slow in 95% of runs", "service 2 back in 5s before [10s,30s) [50s,55s,62s) in 0.95"},
		{"payment.charge recovers within 5s of early", "operation 2.0 back in 5s before [0s,0s) [8s,13s,22s)"},
		{"checkout->payment recovers within 1s of flap", "edge [3 4 5] back in 1s before [10s,22s) [27s,28s,30s) [67s,68s,102s) [107s,108s,115s)"},
		{"shoppers recovers within 1s of late", "source 0 back in 1s before [10s,115s) (late lasts to the end of the run)"},
		{"shoppers recovers within 10s of early", "source 0 back in 10s before [0s,0s) [8s,18s,22s)"},
		{"shoppers recovers within 14s of early", "source 0 back in 14s before [0s,0s) [8s,22s,22s)"},
	} {
		e, problems := ParseExpectation(row.text, faulty())
		if len(problems) > 0 {
			t.Errorf("%s: %v", row.text, problems)
			continue
		}
		if e.Text != row.text {
			t.Errorf("text is %q, want %q", e.Text, row.text)
		}
		if got := understood(&e); got != row.want {
			t.Errorf("%s\n got %s\nwant %s", row.text, got, row.want)
		}
	}
}

// The share of runs can be taken off, and what is left asks for the same of one run.
func TestExpectationAlone(t *testing.T) {
	for _, row := range [][2]string{
		{"staff.errors < 1% from 0s to 10s in 95% of runs", "staff.errors < 1% from 0s to 10s"},
		{"payment recovers within 5s of payment-slow  in\n 0.5 of runs", "payment recovers within 5s of payment-slow"},
		{"staff.errors  < 1%", "staff.errors  < 1%"},
	} {
		e, problems := ParseExpectation(row[0], faulty())
		if got := e.Alone(); len(problems) > 0 || got != row[1] {
			t.Errorf("%q alone is %q, want %q (%v)", row[0], got, row[1], problems)
			continue
		}
		alone, problems := ParseExpectation(e.Alone(), faulty())
		if one := e.OfOneRun(); len(problems) > 0 || understood(&alone) != understood(&one) {
			t.Errorf("%q is understood as %s, want %s (%v)", e.Alone(), understood(&alone), understood(&one), problems)
		}
	}
}

// TestParseProblems marks the words that a problem is about with brackets.
func TestParseProblems(t *testing.T) {
	for _, row := range []struct {
		text string // with the words that are wrong in brackets, one after the other
		want []string
	}{
		{"[]", []string{"an expectation is empty: write SUBJECT.METRIC OP VALUE, as in shoppers.p99 < 400ms, or SUBJECT recovers within D of FAULT"}},
		{"[shopers].p99 < 400ms", []string{`no source, service or edge is called "shopers"; did you mean "shoppers"?`}},
		{"[warehouse].p99 < 400ms", []string{`no source, service or edge is called "warehouse"`}},
		{"shoppers.[p98] < 400ms", []string{`the source "shoppers" has no metric "p98"; did you mean "p90"?`}},
		{"shoppers.[succes] >= 99%", []string{`the source "shoppers" has no metric "succes"; did you mean "success"?`}},
		{"staff.[utilization] < 4", []string{`the source "staff" has no metric "utilization"; it has success, errors, p50, p90, p95, p99, p999, mean, max, completion.p50 … completion.unfinished, goodput, offered and amplification`}},
		{"payment.[saturation.mix] < 4%", []string{`the service "payment" has no metric "saturation.mix"; did you mean "saturation.max"?`}},
		{"payment.[depth] < 4", []string{`the service "payment" has no metric "depth"; it has success, errors, p50, p90, p95, p99, p999, mean, max, completion.p50 … completion.unfinished, throughput, saturation, saturation.max, utilization, queue, queue.max and wasted`}},
		{"payment.[chage].p99 < 4ms", []string{`the service "payment" has no operation "chage"; did you mean "charge"?`}},
		{"gateway.buy.[retries] < 4%", []string{`the operation "gateway.buy" has no metric "retries"; it has success, errors, p50, p90, p95, p99, p999, mean, max, completion.p50 … completion.unfinished, throughput, saturation, saturation.max, utilization, queue, queue.max and wasted`}},
		{"checkout->payment.[retris] < 4%", []string{`the edge checkout->payment has no metric "retris"; did you mean "retries"?`}},
		{"checkout->[paymnt].retries < 4%", []string{`no service is called "paymnt"; did you mean "payment"?`}},
		{"[chekout]->[paymnt].retries < 4%", []string{`no source or service is called "chekout"; did you mean "checkout"?`, `no service is called "paymnt"; did you mean "payment"?`}},
		{"checkout->payment.[chrge].retries < 4%", []string{`the service "payment" has no operation "chrge"; did you mean "charge"?`}},
		{"[payment->checkout].retries < 4%", []string{"there is no call step payment->checkout"}},
		{"[checkout->payment.charge#3].retries < 4%", []string{`there is no call step checkout->payment.charge#3; did you mean "checkout->payment.charge#2"?`}},
		{"[->payment].retries < 4%", []string{"an edge is written FROM->TO, as in checkout->payment"}},
		{"[p99] < 400ms", []string{`"p99" names no metric: write SUBJECT.METRIC OP VALUE, as in shoppers.p99 < 400ms, or SUBJECT recovers within D of FAULT`}},
		{"shoppers.p99[]", []string{"the comparison is missing: write SUBJECT.METRIC OP VALUE, as in shoppers.p99 < 400ms, or SUBJECT recovers within D of FAULT"}},
		{"shoppers.p99 <[]", []string{"the value to compare with is missing"}},
		{"shoppers.p99 [=] 4ms", []string{`"=" is no comparison; did you mean "=="?`}},
		{"shoppers.p99 [=<] 4ms", []string{`"=<" is no comparison; did you mean "<="?`}},
		{"shoppers.p99 [is] < 4ms", []string{`"is" is no comparison; it is one of < <= > >= == !=`}},
		{"shoppers.p99 < [400]", []string{`"400" is no duration: it wants a unit, as in 400s or 400ms`}},
		{"shoppers.p99 < [fast]", []string{`"fast" is no duration: write it as in 400ms, 1.5s or 2m`}},
		{"shoppers.p99 > [-1s]", []string{"a duration is never negative; write 1s"}},
		{"shoppers.success >= [99.9]", []string{`a share is at most 1; did you mean "99.9%"?`}},
		{"shoppers.success >= [110%]", []string{`"110%" is outside a share's range: write 0% to 100%`}},
		{"shoppers.success >= [all]", []string{`"all" is no share: write a percentage or a number from 0 to 1, as in 99.9% or 0.999`}},
		{"shoppers.success >= [NaN]", []string{`"NaN" is no share: write a percentage or a number from 0 to 1, as in 99.9% or 0.999`}},
		{"shoppers.goodput > [200]", []string{`"200" is no rate: write events per unit, as in 200/s, 90/m or 3/h`}},
		{"shoppers.goodput > [200/d]", []string{`"200/d" is no rate: write events per unit, as in 200/s, 90/m or 3/h`}},
		{"shoppers.goodput > [Inf/s]", []string{`"Inf/s" is no rate: write events per unit, as in 200/s, 90/m or 3/h`}},
		{"payment.queue.max < [5%]", []string{`"5%" is no number: write it plainly, as in 1.5`}},
		{"payment.queue.max < [NaN]", []string{`"NaN" is no number: write it plainly, as in 1.5`}},
		{"shoppers.p99 < 4ms during [payment-slo]", []string{`no fault is called "payment-slo"; did you mean "payment-slow"?`}},
		{"shoppers.p99 < 4ms during [x]", []string{`no fault is called "x"; there is payment-slow`}},
		{"shoppers.p99 < 4ms during[]", []string{"the fault's name is missing"}},
		{"shoppers.p99 < 4ms [durng] payment-slow", []string{`unexpected "durng"; did you mean "during"?`}},
		{"shoppers.p99 < 4ms from [5] to 10s", []string{`"5" is no duration: it wants a unit, as in 5s or 5ms`}},
		{"shoppers.p99 < 4ms from 5s [until] 10s", []string{"a window is written: from T to T"}},
		{"shoppers.p99 < 4ms from [10s to 5s]", []string{"the window from 10s to 5s holds no time: its end comes after its begin"}},
		{"shoppers.p99 < 4ms from 10s to [5m]", []string{"the window ends at 5m, after the run; write at most 120s"}},
		{"shoppers.p99 < 4ms [and more]", []string{`unexpected "and more"; after the value may follow: during FAULT, after FAULT, before FAULT or from T to T, and then in SHARE of runs`}},
		{"shoppers.p99 < 4ms in [95] of runs", []string{`a share is at most 1; did you mean "95%"?`}},
		{"shoppers.p99 < 4ms in [95%] runs", []string{"a share of runs is written: in 95% of runs"}},
		{"shoppers.p99 < 4ms in [0%] of runs", []string{"in 0% of runs asks nothing; write a larger share"}},
		// The value's unit hangs on the metric: with an unknown one it is not looked at.
		{"[shopers].[p98] [=] 400 during [nothing]", []string{`no source, service or edge is called "shopers"; did you mean "shoppers"?`, `unknown metric "p98"; did you mean "p90"?`,
			`"=" is no comparison; did you mean "=="?`, `no fault is called "nothing"; there is payment-slow`}},
		{"[shopers] recovers within [15] of [payment]", []string{`no source, service or edge is called "shopers"; did you mean "shoppers"?`, `"15" is no duration: it wants a unit, as in 15s or 15ms`, `no fault is called "payment"; there is payment-slow`}},
		{"shoppers [recover] within 15s of payment-slow", []string{`unexpected "recover"; did you mean "recovers"?`}},
		{"shoppers recovers [in] 15s of payment-slow", []string{"a recovery is written: SUBJECT recovers within D of FAULT"}},
		{"shoppers recovers within 15s [after] payment-slow", []string{"a recovery is written: SUBJECT recovers within D of FAULT"}},

		{"shoppers.[completion.p98] < 1s", []string{`the source "shoppers" has no metric "completion.p98"; did you mean "completion.p90"?`}},
		{"shoppers.[completion] < 1s", []string{`the source "shoppers" has no metric "completion"; did you mean "completion.p50"?`}},
		{"shoppers.[open] < 1%", []string{`the source "shoppers" has no metric "open"; it has success, errors, p50, p90, p95, p99, p999, mean, max, completion.p50 … completion.unfinished, goodput, offered and amplification`}},
		{"[orders].depth.max < 5000", []string{`no source, service or edge is called "orders"`}},
	} {
		parsesTo(t, shop(), row.text, row.want)
	}
	for _, row := range []struct {
		text string
		want []string
	}{
		{"[order].depth.max < 5000", []string{`no source, service, queue or edge is called "order"; did you mean "orders"?`}},
		{"orders.[dept.max] < 5000", []string{`the queue "orders" has no metric "dept.max"; did you mean "depth.max"?`}},
		{"orders.[success] > 5%", []string{`the queue "orders" has no metric "success"; it has p50, p90, p95, p99, p999, mean, max, depth, depth.max, age.max, lag, lag.max, dead_lettered, redelivered, duplicates, dropped, published, acknowledged and rejected`}},
		{"orders.[mailer].lag < 5", []string{`"orders" is a queue of work, which has no groups; write orders and what of it, as in orders.lag`}},
		{"events.[adit].lag < 5", []string{`the stream "events" has no group "adit"; did you mean "audit"?`}},
		{"events.[mailer].lag < 5", []string{`the stream "events" has no group "mailer"; there is stats and audit`}},
		{"log.[audit].lag < 5", []string{`nobody consumes the stream "log", so it has no groups`}},
		{"events.[audit] < 5", []string{`"audit" is a group of the stream "events"; say what of it, as in events.audit.lag`}},
		{"events.audit.[dept] < 5", []string{`the group "events.audit" has no metric "dept"; did you mean "depth"?`}},
		{"events.audit.[published] < 5", []string{`the group "events.audit" has no metric "published"; ask the stream: events.published`}},
		{"[events.audit] recovers within 5s of slow-mail", []string{"a queue has no success rate to come back to; write how much it may hold, as in events.audit.lag < 100 after FAULT"}},
		{"audit.[lag] < 5", []string{`the service "audit" has no metric "lag"; it consumes events: write events.audit.lag`}},
		{"mailer.[depth.max] < 5", []string{`the service "mailer" has no metric "depth.max"; it consumes orders: write orders.depth.max`}},
		{"audit.[published] < 5", []string{`the service "audit" has no metric "published"; it consumes events: write events.published`}},
		{"front.[age.max] < 5s", []string{`the service "front" has no metric "age.max"; it publishes to orders: write orders.age.max`}},
		{"[orders]->mailer.rate < 5/s", []string{`"orders" is a queue, and calls nobody; ask it, as in orders.acknowledged or orders.p99, or the service, as in mailer.throughput`}},
		{"[events]->audit.rate < 5/s", []string{`"events" is a queue, and calls nobody; ask it, as in events.audit.acknowledged or events.audit.lag, or the service, as in audit.throughput`}},
		{"buyers.completion.unfinished < 5% [during] slow-mail", []string{"completion.unfinished is what is not done at the end of the run; write it without a window"}},
		{"orders.dropped < [5%]", []string{`"5%" is no number: write it plainly, as in 1.5`}},
		{"orders.age.max < [5]", []string{`"5" is no duration: it wants a unit, as in 5s or 5ms`}},
		{"[front->orders].rejected < 5%", []string{"front->orders publishes to a queue; ask the queue, as in orders.rejected or orders.p99"}},
		{"[mailer->orders].rate < 5/s", []string{`"orders" is a queue, and nothing leads to it from mailer; ask the queue, as in orders.p99`}},
		{"orders.depth < 5 [during] again", []string{"the redrive again takes no time; write after again, or from T to T"}},
		{"buyers.p99 < 5s [during] back", []string{"the rewind back takes no time; write after back, or from T to T"}},
		{"[orders] recovers within 5s of slow-mail", []string{"a queue has no success rate to come back to; write how much it may hold, as in orders.lag < 100 after FAULT"}},
	} {
		parsesTo(t, mall(), row.text, row.want)
	}
}

// parsesTo holds the problems of a text, with its wrong words in brackets.
func parsesTo(t *testing.T, p *sim.Plan, marked string, messages []string) {
	t.Helper()
	text, marks := unmark(marked)
	_, problems := ParseExpectation(text, p)
	var got, want []string
	for _, p := range problems {
		if p.Offset < 0 || p.Length < 0 || p.Offset+p.Length > len(text) {
			t.Fatalf("%s: the problem %+v lies outside the text", text, p)
		}
		got = append(got, fmt.Sprintf("%s@%d+%d: %s", text[p.Offset:p.Offset+p.Length], p.Offset, p.Length, p.Message))
	}
	for i, m := range messages {
		want = append(want, marks[i]+": "+m)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", text, diff)
	}
}

// unmark takes the brackets out of a text and says what stood in them, and where.
func unmark(marked string) (text string, marks []string) {
	for {
		before, rest, ok := strings.Cut(marked, "[")
		text += before
		if !ok {
			return text, marks
		}
		inside, after, _ := strings.Cut(rest, "]")
		marks = append(marks, fmt.Sprintf("%s@%d+%d", inside, len(text), len(inside)))
		text += inside
		marked = after
	}
}

func TestParseWithoutFaults(t *testing.T) {
	p := shop()
	p.Faults = nil
	_, problems := ParseExpectation("shoppers.p99 < 4ms during x", p)
	if want := []Problem{{26, 1, `no fault is called "x"`}}; !cmp.Equal(problems, want) {
		t.Errorf("got %+v", problems)
	}
}

// An operation may be called like a metric: a text that is a metric as a whole is
// taken as one.
func TestOperationCalledLikeAMetric(t *testing.T) {
	p := shop()
	p.Topology.Services[payment].Operations[0].Name = "saturation"
	p.Topology.Services[payment].Operations[1].Name = "errors"
	p.Topology.Index()
	for text, want := range map[string]string{
		"payment.saturation.max < 5%":         "service 2 saturation.max < 0.05",
		"payment.saturation.p99 < 5ms":        "operation 2.0 p99 < 0.005",
		"payment.errors < 5%":                 "service 2 errors < 0.05",
		"payment.errors.errors < 5%":          "operation 2.1 errors < 0.05",
		"payment.saturation.queue.max < 5":    "operation 2.0 queue.max < 5",
		"checkout->payment.errors < 5%":       "edge [3 4 5] errors < 0.05",
		"checkout->payment.errors.rate<5/s":   "edge [4] rate < 5",
		"checkout->payment.saturation.p99<1s": "edge [3 5] p99 < 1",
	} {
		e, problems := ParseExpectation(text, p)
		if len(problems) > 0 || understood(&e) != want {
			t.Errorf("%s: got %s %v, want %s", text, understood(&e), problems, want)
		}
	}
}

func TestCuts(t *testing.T) {
	p := faulty()
	var exps []Expectation
	for _, text := range []string{
		"staff.errors < 1%", // no window, no cut
		"staff.errors < 1% from 0s to 7500ms",
		"staff.errors < 1% during early",
		"shoppers recovers within 1234ms of payment-slow",
	} {
		e, problems := ParseExpectation(text, p)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		exps = append(exps, e)
	}
	want := []des.Time{5 * second, 7500 * ms, 8 * second, 10 * second, 22 * second, 27 * second, 30 * second, 50 * second, 51234 * ms, 62 * second}
	if got := Cuts(exps); !cmp.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := Cuts(exps[:1]); len(got) != 0 {
		t.Errorf("an expectation without a window wants cuts at %v", got)
	}
}

// FuzzParseExpectation: no text breaks the parser, and every problem has a place in it.
func FuzzParseExpectation(f *testing.F) {
	for _, s := range []string{"", "a", ".", "->", "a->.", "->.#", "shoppers.p99 < 400ms during payment-slow in 95% of runs", "shoppers recovers within 1s of payment-slow",
		"checkout->payment.charge#2.retries <= 10% from 1s to 2s", "<<<", "> - > ->", "shoppers.p99 <", "\x00\xff", "x.y in", "shoppers.p99 < 1ms from", "a recovers", "gateway..p99 < 1s", "gateway.buy.. < 1s"} {
		f.Add(s)
	}
	p := faulty()
	f.Fuzz(func(t *testing.T, text string) {
		e, problems := ParseExpectation(text, p)
		for _, pr := range problems {
			if pr.Offset < 0 || pr.Length < 0 || pr.Offset+pr.Length > len(text) || pr.Message == "" {
				t.Errorf("%q: a problem without a place or a word: %+v", text, pr)
			}
		}
		if len(problems) == 0 {
			Cuts([]Expectation{e})
			NewCollector(p, []Expectation{e})
		}
	})
}

// TestFeeders: messages may come to a queue from those that have it for their dead letters,
// in the topology or by a set, and from those that are redriven to it.
func TestFeeders(t *testing.T) {
	for _, row := range []struct {
		set  *sim.Settings
		want []int
	}{
		{nil, []int{orders}},
		{&sim.Settings{DeadLetter: with(failed)}, []int{orders, events}},
		{&sim.Settings{DeadLetter: with(orders)}, []int{orders}},
	} {
		p := longMall()
		if row.set != nil {
			setOn(p, events, *row.set)
		}
		e, problems := ParseExpectation("failed.depth < 5", p)
		if got := e.subject.feeders; len(problems) > 0 || !slices.Equal(got, row.want) {
			t.Errorf("%v, %v, want %v", got, problems, row.want)
		}
	}
}
