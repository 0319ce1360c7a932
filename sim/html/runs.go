package html

import (
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strconv"
	"strings"

	"cascade/sim/experiment"
	"cascade/sim/report"
)

// Bounds of what a page shows of many runs.
const (
	MaxOverlaid  = 20       // runs whose timelines are drawn over each other
	maxOverlay   = 24 << 20 // bytes of their JSON
	maxKinds     = 3        // sentences about what is of two kinds
	maxListed    = 200      // runs in the table of them
	maxNumbers   = 3000     // rows of the table of all numbers
	maxMarks     = 400      // marks of a strip
	stripWidth   = 120.0
	stripMargins = 4.0
)

// A runsView is what the page says of many runs.
type runsView struct {
	About        string
	Expectations []expectation
	Happened     []string
	Means        []meansTable
	Kinds        []string // what is of two kinds, in sentences
	Numbers      table
	Listed       table
	Overlaid     string // what is drawn over each other, in words
}

// A meansTable is one of means with intervals.
type meansTable struct {
	Title string
	Rows  []meanRow
}

// A meanRow is a metric over the runs: one mark a run in its strip.
type meanRow struct {
	Name, What      string
	Mean, Low, High string
	Strip           template.HTML
	Two             bool // the runs fall into two groups
}

// A shown is a metric that has a row.
type shown struct {
	path, name string
	text       func(float64) string
	most       float64 // no value is larger, nor does its interval say so; 0: there is no such bound
}

// within are the bounds of an interval, as far as there are values.
func (m shown) within(s *experiment.Summary) (low, high float64) {
	if low, high = max(s.Low, 0), s.High; m.most > 0 {
		high = min(high, m.most)
	}
	return low, high
}

// Metrics that have a row of their own, of each thing in its group.
var (
	ofSources = []shown{{"success", "success", report.FineShareText, 1}, {"goodput", "goodput", ratePerSecond, 0}, {"latency.p50_s", "p50", report.SecondsText, 0}, {"latency.p99_s", "p99", report.SecondsText, 0},
		{"completion.p99_s", "done p99", report.SecondsText, 0}, {"amplification", "tries a request", threeDigits, 0}}
	ofServices = []shown{{"saturation", "held", report.FineShareText, 1}, {"saturation_max", "worst", report.FineShareText, 1}, {"queue_mean", "queue", report.CountText, 0}, {"latency.p99_s", "p99", report.SecondsText, 0}, {"wasted", "wasted", report.FineShareText, 1}}
	ofQueues   = []shown{{"lag_max", "most", report.CountText, 0}, {"age_max_s", "oldest", report.SecondsText, 0}, {"latency.p99_s", "p99", report.SecondsText, 0}, {"dead_lettered", "dead letters", report.CountText, 0}, {"dropped", "dropped", report.CountText, 0}}
)

func ratePerSecond(v float64) string { return report.RateText(v) + "/s" }

func threeDigits(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) }

// headingOfRuns is the page's where it is about many runs.
func headingOfRuns(r *experiment.Runs) heading {
	h := heading{Name: r.Name, Verdict: r.Verdict.String(), Tone: toneOf(r.Verdict)}
	held := 0
	for i := range r.Expectations {
		if r.Expectations[i].Verdict == report.Pass {
			held++
		}
	}
	h.How = fmt.Sprintf("%d of %d expectations hold", held, len(r.Expectations))
	if len(r.Expectations) == 0 {
		h.How = "it ran; nothing was expected of it"
	}
	runs := report.GroupedText(uint64(len(r.Records)))
	if len(r.Records) < r.Asked {
		h.How = h.Verdict + ": " + h.How + " so far"
		h.Verdict, h.Tone = "interrupted", "warn"
		runs += " of " + report.GroupedText(uint64(r.Asked))
	}
	h.About = []fact{{"runs", runs}}
	if n := len(r.Records); n > 0 {
		h.About = append(h.About, fact{"seeds", fmt.Sprintf("%d to %d", r.Records[0].Seed, r.Records[n-1].Seed)})
	}
	if lost := r.Lost(); len(lost) > 0 {
		h.About = append(h.About, fact{"stopped by a bound", report.GroupedText(uint64(len(lost)))})
	}
	return h
}

// viewOf is the view of runs of which one is drawn in full, and others over it.
func viewOf(r *experiment.Runs, full uint64, over []overlaidRun) *runsView {
	v := &runsView{About: "Means over the runs, with the interval that holds the true mean with 95% confidence. In the strip, a mark is a run."}
	for i := range r.Expectations {
		st := &r.Expectations[i]
		e := expectation{Text: st.Text, Outcome: fmt.Sprintf("held in %s of %s, %s to %s", report.GroupedText(uint64(st.Held)), report.GroupedText(uint64(st.Of)), report.ShareText(st.Low), report.ShareText(st.High)),
			Verdict: "holds", Tone: "good", Mark: "✓", More: st.Outlook()}
		switch st.Verdict {
		case report.Fail:
			e.Verdict, e.Tone, e.Mark = "fails", "bad", "✗"
		case report.Undecided:
			e.Verdict, e.Tone, e.Mark = "undecided", "warn", "?"
		}
		if len(st.Failed) > 0 {
			seeds := make([]string, len(st.Failed))
			for k, s := range st.Failed {
				seeds[k] = fmt.Sprint(s)
			}
			e.More = strings.TrimSpace(e.More + " Not with seed " + strings.Join(seeds, ", ") + more(st.Of-st.Held-len(st.Failed)) + ".")
		}
		v.Expectations = append(v.Expectations, e)
	}
	metastable := 0
	for i := range r.Records {
		if r.Records[i].Metastable {
			metastable++
		}
	}
	if metastable > 0 {
		v.Happened = append(v.Happened, fmt.Sprintf("In %d of %d runs the system did not come back though every fault was over.", metastable, len(r.Records)))
	}
	byPath := make(map[string]*experiment.Summary, len(r.Summary))
	for i := range r.Summary {
		byPath[r.Summary[i].Path] = &r.Summary[i]
	}
	for _, g := range []struct {
		title, key string
		metrics    []shown
	}{{"Sources", "sources", ofSources}, {"Services", "services", ofServices}, {"Queues", "queues", ofQueues}} {
		t := meansTable{Title: g.title}
		for _, name := range r.Names(g.key) {
			for _, m := range g.metrics {
				s := byPath[g.key+"."+name+"."+m.path]
				if s == nil || s.Max == 0 && m.path != "success" && m.path != "goodput" || m.path == "amplification" && s.Max == 1 || m.path == "completion.p99_s" && same(s, byPath[g.key+"."+name+".latency.p99_s"]) {
					continue
				}
				row := meanRow{Name: name, What: m.name, Mean: m.text(s.Mean), Strip: strip(s, m.text), Two: s.Modes != nil}
				if s.N > 1 {
					low, high := m.within(s)
					row.Low, row.High = m.text(low), m.text(high)
				}
				t.Rows = append(t.Rows, row)
				if s.Modes != nil {
					low, high := s.Modes[0], s.Modes[1]
					v.Kinds = append(v.Kinds, fmt.Sprintf("Two kinds of runs: %s %s is about %s in %d and about %s in %d; the mean is neither.", name, m.name, m.text(low.Mean), low.Runs, m.text(high.Mean), high.Runs))
				}
			}
		}
		if len(t.Rows) > 0 {
			v.Means = append(v.Means, t)
		}
	}
	if n := len(v.Kinds) - maxKinds; n > 0 {
		v.Kinds = append(v.Kinds[:maxKinds], fmt.Sprintf("So it is with %d more numbers, which are marked below.", n))
	}
	v.Numbers = numbersOf(r)
	v.Listed = listOf(r)
	if len(over) > 0 {
		v.Overlaid = overlaid(r, full, over)
	}
	return v
}

// toldOf says which of the runs it is that is told of, and why that one.
func toldOf(r *experiment.Runs, seed uint64) string {
	text := fmt.Sprintf("From here on it is told of the run with seed %d", seed)
	if place, why := Telling(r); place >= 0 && why != "" && r.Records[place].Seed == seed {
		text += ", " + why
	}
	return text
}

// overlaid says which runs the charts draw.
func overlaid(r *experiment.Runs, full uint64, over []overlaidRun) string {
	n := len(over) + 1
	switch all := report.GroupedText(uint64(len(r.Records))); {
	case n == len(r.Records):
		return fmt.Sprintf("The charts draw %d runs over each other.", n)
	case full < over[len(over)-1].Seed:
		return fmt.Sprintf("The charts draw the first %d of %s runs over each other.", n, all)
	default:
		return fmt.Sprintf("The charts draw the one with seed %d over the first %d of %s.", full, n-1, all)
	}
}

func more(n int) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf(" and %s more", report.GroupedText(uint64(n)))
}

// same says whether two metrics are alike in every run: what publishes nothing is done
// when it is answered.
func same(a, b *experiment.Summary) bool { return b != nil && slices.Equal(a.Values, b.Values) }

// strip draws a metric of each run on a line from the least to the largest.
func strip(s *experiment.Summary, text func(float64) string) template.HTML {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="strip" viewBox="0 0 %.0f 18" width="%.0f" height="18" role="img" aria-label="%s"><line x1="0" x2="%.0f" y1="9" y2="9"/>`,
		stripWidth, stripWidth, escape(fmt.Sprintf("from %s to %s in %d runs", text(s.Min), text(s.Max), len(s.Values))), stripWidth)
	place := func(v float64) float64 {
		if s.Max == s.Min {
			return stripWidth / 2
		}
		return stripMargins + (v-s.Min)/(s.Max-s.Min)*(stripWidth-2*stripMargins)
	}
	if s.N > 1 {
		low, high := place(max(s.Low, s.Min)), place(min(s.High, s.Max))
		fmt.Fprintf(&b, `<rect x="%.1f" y="5" width="%.1f" height="8" rx="2"/>`, low, max(high-low, 1))
	}
	for i, v := range s.Values {
		if i == maxMarks {
			break
		}
		fmt.Fprintf(&b, `<circle cx="%.1f" cy="9" r="2.6"/>`, place(v))
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String())
}

// numbersOf are all metrics, in the terms of the JSON.
func numbersOf(r *experiment.Runs) table {
	t := table{Head: []column{{"mean", ""}, {"from", "of the interval"}, {"to", "of the interval"}, {"least", ""}, {"largest", ""}, {"runs", "that have it"}}}
	number := func(v float64) cell { return plain(strconv.FormatFloat(v, 'g', 6, 64)) }
	for i := range r.Summary {
		if i == maxNumbers {
			t.About = fmt.Sprintf("The first %s of %s; the JSON has all.", report.GroupedText(maxNumbers), report.GroupedText(uint64(len(r.Summary))))
			break
		}
		s := &r.Summary[i]
		low, high := none, none
		if s.N > 1 {
			low, high = number(s.Low), number(s.High)
		}
		t.Rows = append(t.Rows, row{Name: s.Path, Cells: []cell{number(s.Mean), low, high, number(s.Min), number(s.Max), plain(fmt.Sprint(s.N))}})
	}
	return t
}

// listOf are the runs one by one: which expectations held in each.
func listOf(r *experiment.Runs) table {
	var t table
	for i := range r.Expectations {
		t.Head = append(t.Head, column{r.Expectations[i].Text, ""})
	}
	t.Head = append(t.Head, column{"came back", "the system, once every fault was over"}, column{"events", ""})
	for i := range r.Records {
		if i == maxListed {
			t.About = fmt.Sprintf("The first %d of %s runs.", maxListed, report.GroupedText(uint64(len(r.Records))))
			break
		}
		rec := &r.Records[i]
		var cells []cell
		for k := range r.Expectations {
			c := cell{"✗ did not hold", "bad"}
			if k < len(rec.Expectations) && rec.Complete && rec.Expectations[k].Met {
				c = plain("✓ held")
			}
			cells = append(cells, c)
		}
		back := plain("yes")
		switch {
		case !rec.Complete:
			back = cell{"stopped", "warn"}
		case rec.Metastable:
			back = cell{"no", "bad"}
		}
		t.Rows = append(t.Rows, row{Name: fmt.Sprintf("seed %d", rec.Seed), Cells: append(cells, back, plain(report.GroupedText(rec.Events)))})
	}
	return t
}

// An overlaid run is one whose timeline is drawn.
type overlaidRun struct {
	Seed     uint64          `json:"seed"`
	Timeline json.RawMessage `json:"timeline"`
}

// overlayOf are the runs that are drawn over each other: the first that have a timeline,
// as many as the page has room for. Told is the run that the page tells of; where there is
// none, the one that Telling names, or the first, is drawn instead, and is not among the
// others.
func overlayOf(r *experiment.Runs, told *report.Report) (drawn *experiment.Record, all []overlaidRun, err error) {
	var order []*experiment.Record
	if place, _ := Telling(r); told == nil && place >= 0 {
		order = append(order, &r.Records[place])
	}
	for i := range r.Records {
		if rec := &r.Records[i]; (told == nil || rec.Seed != told.Seed) && !slices.Contains(order, rec) {
			order = append(order, rec)
		}
	}
	size := 0
	for _, rec := range order {
		if rec.Report == nil {
			continue
		}
		if len(all) == MaxOverlaid-1 || size+len(rec.Report) > maxOverlay {
			break
		}
		run := overlaidRun{}
		if err := json.Unmarshal(rec.Report, &run); err != nil {
			return nil, nil, fmt.Errorf("the report of seed %d cannot be read: %w", rec.Seed, err)
		}
		if run.Timeline == nil {
			continue
		}
		size += len(rec.Report)
		if told == nil && drawn == nil {
			drawn = rec
			continue
		}
		run.Seed = rec.Seed
		all = append(all, run)
	}
	return drawn, all, nil
}

func writeOverlay(all []overlaidRun) func(io.Writer) error {
	return func(w io.Writer) error { return json.NewEncoder(w).Encode(all) }
}
