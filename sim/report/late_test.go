package report

import (
	"fmt"
	"strings"
	"testing"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/sim/hist"
)

// TestLate: a quantile of completion is that of all that succeeded. What is lost, and
// what is under way for longer, counts as later than all that is done: p50 holds as
// long as half is done, p99 no longer when more than one in a hundred is not; a mean
// and a maximum miss a single one. Of 1,000 requests (and orders) there are so many
// done in 300ms, lost, or still there at the end, ten seconds later.
func TestLate(t *testing.T) {
	for _, row := range []struct {
		metric     string
		lost, left int // of 100 a second, in the first ten seconds of twenty
		want       string
	}{
		{"p50", 0, 0, ""}, {"p50", 50, 0, ""}, {"p50", 51, 0, "510 of 1,000 %s were lost"},
		{"p50", 0, 50, ""}, {"p50", 0, 51, "510 of 1,000 %s were never done"},
		{"p50", 30, 21, "300 of 1,000 %s were lost, 210 never done"},
		{"p90", 10, 0, ""}, {"p90", 5, 5, ""}, {"p90", 11, 0, "110 of 1,000 %s were lost"}, {"p90", 0, 11, "110 of 1,000 %s were never done"},
		{"p99", 1, 0, ""}, {"p99", 0, 1, ""}, {"p99", 2, 0, "20 of 1,000 %s were lost"}, {"p99", 1, 1, "10 of 1,000 %s were lost, 10 never done"},
		{"p999", 1, 0, "10 of 1,000 %s were lost"},
		{"max", 0, 0, ""}, {"max", 1, 0, "10 of 1,000 %s were lost"}, {"max", 0, 1, "10 of 1,000 %s were never done"},
		{"mean", 0, 0, ""}, {"mean", 1, 0, "10 of 1,000 %s were lost"}, {"mean", 0, 1, "10 of 1,000 %s were never done"},
		{"p50", 100, 0, "1,000 of 1,000 %s were lost"}, {"max", 100, 0, "1,000 of 1,000 %s were lost"},
		{"lost", 100, 0, ""}, {"lost", 0, 1, ""}, // is a share, and says so
	} {
		p := tenOfMall()
		p.Duration = 20 * second
		texts := []string{"buyers.completion." + row.metric + " < 1h", "front.completion." + row.metric + " < 1h", "orders." + row.metric + " < 1h"}
		if row.metric == "lost" {
			texts = []string{"buyers.completion.lost <= 100%"}
		}
		r := run(t, p, p.Duration, texts, func(from, to des.Time, t *sim.Tallies) {
			if from < 10*second {
				buying(t, to-from, 100, row.lost, row.left)
			}
		})
		for i, j := range r.Expectations {
			want := row.want
			if want != "" {
				want = fmt.Sprintf(want, []string{"requests", "attempts", "messages"}[i])
			}
			if j.Why != want || j.Pass != (want == "") || j.Pass && row.metric != "lost" && (j.Actual < 0.297 || j.Actual > 0.303) {
				t.Errorf("%d lost, %d left: %+v, want %q", row.lost, row.left, j, want)
			}
		}
	}
}

// TestLateInAWindow: a window has what was done and lost in it, and what is not done
// at its end beyond what was not as it began. What hangs since before is no fault of
// it, and what began just before its end may yet be done in time.
func TestLateInAWindow(t *testing.T) {
	for text, want := range map[string]string{
		"buyers.completion.p99 < 1h from 0s to 4s":       "",
		"buyers.completion.p50 < 1h from 4s to 8s":       "40 requests were lost, 360 not done by 8s, and none done",
		"buyers.completion.p99 < 1h from 0s to 8s":       "40 requests were lost, 360 not done by 8s, and 400 done",
		"buyers.completion.p50 < 1h from 0s to 8s":       "",
		"buyers.completion.p99 < 1h from 8s to 20s":      "",
		"buyers.completion.max < 1h from 10s to 20s":     "",
		"buyers.completion.p50 < 1h during payment-slow": "40 requests were lost, 360 not done by 8s, and none done",
		"buyers.completion.max < 1h":                     "40 of 2,000 requests were lost, 360 never done",
		"buyers.completion.p90 < 1h":                     "40 of 2,000 requests were lost, 360 never done",
		"orders.p99 < 1h from 8s to 20s":                 "",
		"orders.p50 < 1h from 4s to 8s":                  "40 messages were lost, 360 not done by 8s, and none done",
	} {
		p := tenOfMall()
		p.Duration = 20 * second
		j := run(t, p, p.Duration, []string{text}, func(from, to des.Time, t *sim.Tallies) {
			if buying(t, to-from, 100, 0, 0); from >= 4*second && from < 8*second {
				buying(t, to-from, 100, 10, 90)
			}
		}).Expectations[0]
		if j.Why != want || j.Pass != (want == "") {
			t.Errorf("%s: %+v, want %q", text, j, want)
		}
	}
}

// TestYoung: with all done in five seconds, what began within the last six is as it
// must be, however much that is; what is older is not.
func TestYoung(t *testing.T) {
	for text, want := range map[string]string{
		"buyers.completion.p99 < 1h": "", "buyers.completion.max < 1h": "", "orders.p50 < 1h": "", "orders.mean < 1h": "",
		"buyers.completion.p99 < 1h from 0s to 7s": "500 requests were not done by 7s, and 200 done", // 200 of them for longer than three
	} {
		p := tenOfMall()
		j := run(t, p, p.Duration, []string{text}, func(from, to des.Time, t *sim.Tallies) {
			switch {
			case from < 5*second: // the first come later
				buying(t, to-from, 100, 0, 100)
			case text[len(text)-2:] == "7s":
				buying(t, to-from, 100, 0, 0)
				t.Sources[buyers].Completion = each(100, 2*second)
			default:
				buying(t, to-from, 100, 0, 0)
				t.Sources[buyers].Completion = each(100, 5*second)
				t.Queues[orders].Latency = each(100, 5*second)
			}
		}).Expectations[0]
		if j.Why != want || j.Pass != (want == "") {
			t.Errorf("%s: %+v, want %q", text, j, want)
		}
	}
}

// buying books n requests a second that are answered, and as many orders: so many
// lost, so many left, the others done.
func buying(t *sim.Tallies, length des.Time, n, lost, left int) {
	k := int(length / (second / 10))
	n, lost, left = n*k/10, lost*k/10, left*k/10
	done := each(n-lost-left, doneAfter)
	requests(t, buyers, length, perSecondOfMall, perSecondOfMall)
	attempts(t, front, length, perSecondOfMall, 0)
	t.Sources[buyers].Completion, t.Sources[buyers].Lost = done, uint64(lost)
	for _, op := range []*sim.OpTally{&t.Services[front].OpTally, &t.Services[front].Operations[0]} {
		op.Completion, op.Lost = done, uint64(lost)
	}
	q := &t.Queues[orders]
	q.Published, q.Dropped, q.Acknowledged, q.Latency = uint64(n), uint64(lost), done.Count(), done
}

// TestLateInText: the p99 of the summary is that of the expectations: of 1,000, eight
// lost, it is the 990th, and not the 983rd.
func TestLateInText(t *testing.T) {
	p := tenOfMall()
	r := run(t, p, p.Duration, []string{"buyers.completion.p99 < 1s", "orders.p99 < 1s"}, func(from, to des.Time, t *sim.Tallies) {
		buying(t, to-from, 100, 0, 0)
		if from == 0 {
			buying(t, to-from, 100, 8, 5) // five that come below, later
			h := each(87, doneAfter)
			h.Merge(each(5, 5*second))
			for _, of := range []**hist.Hist{&t.Sources[buyers].Completion, &t.Queues[orders].Latency} {
				*of = h
			}
			t.Queues[orders].Acknowledged = 92
		}
	})
	text := squeeze(string(asText(t, r, TextOptions{})))
	for _, want := range []string{"\nbuyers 100 100 100% 20ms 20ms 5s\n", "\norders 100 99.2 0% 8 0 0s 5s\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	for _, j := range r.Expectations {
		if !j.Measured || j.Pass || j.Actual < 4.95 || j.Actual > 5.05 {
			t.Errorf("%+v", j)
		}
	}
	if p99 := r.Sources[buyers].Completion.P99; p99 > 0.303 {
		t.Errorf("that of the survivors is %v", p99)
	}
}
