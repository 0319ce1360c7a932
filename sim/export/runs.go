package export

import (
	"fmt"
	"math"
	"strings"

	"cascade/sim/experiment"
	"cascade/sim/report"
)

// What several runs of a scenario, of a seed each, come to.

// heldIn says in how many runs an expectation held, with the interval for the share of all
// seeds there are.
func heldIn(st *experiment.Standing) string {
	text := fmt.Sprintf("%d of %s", st.Held, report.SeveralText(st.Of, "run"))
	if st.Of > 0 {
		text += fmt.Sprintf(" (%s to %s)", report.ShareText(st.Low), report.ShareText(st.High))
	}
	return text
}

// wantedIn says in how many runs it must hold.
func wantedIn(st *experiment.Standing) string {
	if st.Share == 0 {
		return "every run"
	}
	return report.ShareText(st.Share) + " of runs"
}

// seeds are a few of the runs, by their seeds.
func seeds(of []uint64) string {
	var names []string
	for _, s := range of {
		names = append(names, count(s))
	}
	text := strings.Join(names, ", ")
	if len(of) == experiment.MaxFailed {
		text += " …"
	}
	if len(of) == 1 {
		return "seed " + text
	}
	return "seeds " + text
}

// ofRuns are the judgements of expectations over several runs.
func ofRuns(runs *experiment.Runs) []judgement {
	var all []judgement
	for i := range runs.Expectations {
		st := &runs.Expectations[i]
		j := judgement{text: strings.Join(strings.Fields(st.Text), " "), measured: "held in " + heldIn(st), bound: wantedIn(st), verdict: st.Verdict}
		if why := st.Outlook(); why != "" {
			j.more = append(j.more, why)
		}
		if len(st.Failed) > 0 {
			j.more = append(j.more, "it did not hold with "+seeds(st.Failed))
		}
		all = append(all, j)
	}
	return all
}

// runsBroke says why runs are not all that were asked for, or not whole; "" where they are.
func runsBroke(runs *experiment.Runs) string {
	var parts []string
	if n := len(runs.Records); n < runs.Asked {
		parts = append(parts, fmt.Sprintf("%d of %s are there", n, report.SeveralText(runs.Asked, "run")))
	}
	if lost := runs.Lost(); len(lost) > 0 {
		parts = append(parts, fmt.Sprintf("a bound of the engine's stopped %d of %s", len(lost), report.SeveralText(len(runs.Records), "run")))
	}
	return strings.Join(parts, "; ")
}

// seedSpan names the seeds of the runs.
func seedSpan(runs *experiment.Runs) string {
	switch n := len(runs.Records); n {
	case 0:
		return ""
	case 1:
		return "seed " + count(runs.Records[0].Seed)
	default:
		return "seeds " + count(runs.Records[0].Seed) + " to " + count(runs.Records[n-1].Seed)
	}
}

// A mean is a metric that tables show of each thing: its key below the thing's name, how
// the column is headed, and how it is written.
type mean struct {
	key, head string
	write     func(float64) string
	most      float64 // no value is larger; 0: there is no such bound
}

// The metrics that are shown of several runs.
var (
	sourceMeans = []mean{{"success", "success", report.ShareText, 1}, {"goodput", "goodput/s", report.RateText, 0}, {"latency.p50_s", "p50", report.SecondsText, 0},
		{"latency.p99_s", "p99", report.SecondsText, 0}, {"amplification", "tries", report.CountText, 0}}
	serviceMeans = []mean{{"saturation", "held", report.ShareText, 1}, {"saturation_max", "worst", report.ShareText, 1}, {"queue_mean", "queue", report.CountText, 0},
		{"latency.p99_s", "p99", report.SecondsText, 0}, {"wasted", "wasted", report.ShareText, 1}}
	queueMeans = []mean{{"acknowledged", "done", report.CountText, 0}, {"depth_max", "most", report.CountText, 0}, {"age_max_s", "oldest", report.SecondsText, 0},
		{"latency.p99_s", "p99", report.SecondsText, 0}}
)

// text is the mean of a metric with its 95% interval, as far as there are such values:
// none that is shown is below 0.
func (m *mean) text(s *experiment.Summary) string {
	if s == nil {
		return "-"
	}
	text := m.write(s.Mean)
	if !math.IsNaN(s.Low) {
		high := s.High
		if m.most > 0 {
			high = min(high, m.most)
		}
		text += fmt.Sprintf(" (%s to %s)", m.write(max(s.Low, 0)), m.write(high))
	}
	return text
}

func (c *comment) runs(runs *experiment.Runs) {
	c.runsStory(runs)
	c.means(runs, "source", sourceMeans)
	c.runsDetails(runs)
}

// runsStory says how the runs differ: in how many it did not come back, and which numbers
// are of two kinds, so that their means say little.
func (c *comment) runsStory(runs *experiment.Runs) {
	metastable := 0
	for i := range runs.Records {
		if runs.Records[i].Metastable {
			metastable++
		}
	}
	c.add(fmt.Sprintf("\n**What happened**\n\n- metastable in %d of %s\n", metastable, report.SeveralText(len(runs.Records), "run")))
	left := 0
	for _, part := range []struct {
		name  string
		means []mean
	}{{"sources", sourceMeans}, {"services", serviceMeans}, {"queues", queueMeans}} {
		for _, name := range runs.Names(part.name) {
			for _, m := range part.means {
				s := runs.Metric(part.name + "." + name + "." + m.key)
				if s == nil || len(s.Modes) != 2 {
					continue
				}
				low, high := &s.Modes[0], &s.Modes[1]
				text := fmt.Sprintf("- two kinds of runs: %s %s is %s in %d and %s in %d\n", code(name), inText(m.head), m.write(low.Mean), low.Runs, m.write(high.Mean), high.Runs)
				if left > 0 || !c.add(text) {
					left++
				}
			}
		}
	}
	if left > 0 {
		c.left = append(c.left, report.SeveralText(left, "number")+" of two kinds")
	}
}

// means is a table of a part's means with their intervals.
func (c *comment) means(runs *experiment.Runs, thing string, of []mean) {
	names := runs.Names(thing + "s")
	header := []string{thing}
	for _, m := range of {
		header = append(header, m.head)
	}
	c.table(thing+"s", header, 1, len(names), maxRows, func(i int) []string {
		cells := []string{code(names[i])}
		for _, m := range of {
			cells = append(cells, m.text(runs.Metric(thing+"s."+names[i]+"."+m.key)))
		}
		return cells
	})
}

func (c *comment) runsDetails(runs *experiment.Runs) {
	c.folded("Services, queues and seeds", func() {
		c.means(runs, "service", serviceMeans)
		c.means(runs, "queue", queueMeans)
		shown := make([]*experiment.Standing, 0, len(runs.Expectations))
		for i := range runs.Expectations {
			if st := &runs.Expectations[i]; len(st.Failed) > 0 {
				shown = append(shown, st)
			}
		}
		c.table("seeds", []string{"expectation", "did not hold with"}, 2, len(shown), maxRows, func(i int) []string {
			return []string{code(strings.Join(strings.Fields(shown[i].Text), " ")), seeds(shown[i].Failed)}
		})
	})
}

// runsText is what several runs come to as text.
func runsText(runs *experiment.Runs) string {
	var b strings.Builder
	if err := runs.WriteText(&b, report.TextOptions{}, ""); err != nil {
		panic("export: a builder that cannot be written to: " + err.Error())
	}
	return b.String()
}
