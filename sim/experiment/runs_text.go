package experiment

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"cascade/sim/report"
)

// Bounds of the text, so that it fits a screen.
const (
	maxStandings  = 12
	maxSourceRows = 6
	maxRows       = 8 // of services, of queues
	maxKinds      = 6 // metrics told of that are of two kinds
	maxSeeds      = 8 // named in a row
)

// WriteText writes the runs for a terminal: the verdict, the expectations and in how many
// runs they held, what happened in how many of them, what is of two kinds, means with
// their intervals, and seeds worth a look. again is the command that runs one of them
// alone, without its --seed; "" names none.
func (r *Runs) WriteText(w io.Writer, o report.TextOptions, again string) error {
	t := runsText{report.NewSheet(o), r}
	t.heading()
	t.standings()
	t.happened()
	t.kinds()
	t.sources()
	t.services()
	t.queues()
	t.seeds(again)
	_, err := t.WriteTo(w)
	return err
}

// A runsText is the text as it is written.
type runsText struct {
	*report.Sheet
	r *Runs
}

func (t *runsText) heading() {
	r := t.r
	verdict, look := "PASS", report.Green
	switch r.Verdict {
	case report.Fail:
		verdict, look = "FAIL", report.Red
	case report.Undecided:
		verdict, look = "UNDECIDED", report.Yellow
	}
	passed := 0
	for i := range r.Expectations {
		if r.Expectations[i].Verdict == report.Pass {
			passed++
		}
	}
	how := fmt.Sprintf("%d of %d expectations hold", passed, len(r.Expectations))
	if len(r.Expectations) == 0 {
		how = "it ran; nothing was expected of it"
	}
	ran := report.SeveralText(len(r.Records), "run")
	if n := len(r.Records); n < r.Asked {
		ran = fmt.Sprintf("%s of %s runs", grouped(n), grouped(r.Asked))
		how = strings.ToLower(verdict) + ": " + how + " so far"
		verdict, look = "INTERRUPTED", report.Yellow
	}
	t.Line(t.In(report.Bold, t.Cut(r.Name, t.Width-len(verdict)-len(how)-4)), "  ", t.In(look, verdict), "  ", how)
	if n := len(r.Records); n > 0 {
		seeds := fmt.Sprintf(", seed %d", r.Records[0].Seed)
		if n > 1 {
			seeds = fmt.Sprintf(", seeds %d to %d", r.Records[0].Seed, r.Records[n-1].Seed)
		}
		ran += seeds
	}
	if lost := len(r.Lost()); lost > 0 {
		ran += fmt.Sprintf("; a bound of the engine's stopped %s of them, which count as failed and are in no mean", grouped(lost))
	}
	t.Wrapped(0, report.Dim, ran)
}

// standings lists the expectations: what failed first of all where there are too many.
func (t *runsText) standings() {
	r := t.r
	if len(r.Expectations) == 0 {
		return
	}
	interval := report.ShareText(r.confidence()) + " interval"
	n := len(grouped(len(r.Records)))
	held, bounds := max(len("held in runs"), 2*n+len(" of "))+2, max(len(interval), len("99.9% to >99.9%"))+2
	first := t.Width - held - bounds
	t.Line()
	t.Line(t.In(report.Bold, t.Left("Expectations", first)), t.In(report.Dim, t.Right("held in runs", held)), t.In(report.Dim, t.Right(interval, bounds)))
	shown := 0
	for _, of := range []report.Verdict{report.Fail, report.Undecided, report.Pass} {
		for i := range r.Expectations {
			if r.Expectations[i].Verdict == of && shown < maxStandings {
				t.standing(&r.Expectations[i], first, held, bounds)
				shown++
			}
		}
	}
	if more := len(r.Expectations) - shown; more > 0 {
		t.Line(t.In(report.Dim, fmt.Sprintf("    and %d more", more)))
	}
}

func (t *runsText) standing(st *Standing, first, held, bounds int) {
	mark, look := t.Sign("✓", "ok"), report.Green
	switch st.Verdict {
	case report.Fail:
		mark, look = t.Sign("✗", "NO"), report.Red
	case report.Undecided:
		mark, look = t.Sign("?", "??"), report.Yellow
	}
	indent := t.Left("  "+mark, 5)
	numbers := t.In(look, t.Right(fmt.Sprintf("%s of %s", grouped(st.Held), grouped(st.Of)), held)) +
		t.Right(report.ShareText(st.Low)+" to "+report.ShareText(st.High), bounds)
	text := strings.Join(strings.Fields(st.Text), " ")
	if utf8.RuneCountInString(text) > first-5 {
		t.Hung(look, indent, text, "")
		t.Line(t.Left("", first), numbers)
	} else {
		t.Line(t.In(look, indent), t.Left(text, first-5), numbers)
	}
	if st.Verdict == report.Undecided && !st.everyRun() {
		t.Wrapped(7, look, st.Outlook())
	}
}

// Outcome says in words how the expectation came out.
func (st *Standing) Outcome() string {
	said := fmt.Sprintf("held in %s of %s", grouped(st.Held), report.SeveralText(st.Of, "run"))
	if outlook := st.Outlook(); outlook != "" {
		said += "; " + outlook
	}
	return said
}

// Outlook says of an expectation that is undecided what would decide it; "" of others.
func (st *Standing) Outlook() string {
	if st.Verdict != report.Undecided || st.everyRun() {
		return ""
	}
	if st.Of == 0 {
		return fmt.Sprintf("it takes %s at least", report.SeveralText(st.Needed, "run"))
	}
	stays := "if " + report.ShareText(float64(st.Held)/float64(st.Of)) + " of runs stays"
	if st.Needed > MostNeeded {
		return fmt.Sprintf("undecided: %s, it takes more than %s to decide it", stays, report.SeveralText(MostNeeded, "run"))
	}
	return fmt.Sprintf("undecided: %s, %s decide it", stays, report.SeveralText(st.Needed, "run"))
}

// happened says in how many runs the cascade went how far.
func (t *runsText) happened() {
	r := t.r
	var metastable []uint64
	saturated := map[string]int{}
	var order []string
	for i := range r.Records {
		if r.Records[i].Metastable {
			metastable = append(metastable, r.Records[i].Seed)
		}
		for _, name := range r.Records[i].Blast {
			if saturated[name] == 0 {
				order = append(order, name)
			}
			saturated[name]++
		}
	}
	t.Title("What happened")
	n := len(r.Records)
	switch {
	case len(metastable) > 0:
		said := "metastable in " + ofRuns(len(metastable), n)
		if len(metastable) < n {
			said += ": " + seedList(metastable)
		}
		t.Wrapped(2, "", said)
	default:
		t.Wrapped(2, "", fmt.Sprintf("metastable in none of %s", report.SeveralText(n, "run")))
	}
	slices.SortStableFunc(order, func(a, b string) int { return cmp.Compare(saturated[b], saturated[a]) })
	var parts []string
	for i, name := range order {
		if i == maxRows {
			parts = append(parts, fmt.Sprintf("and %d more services in fewer", len(order)-maxRows))
			break
		}
		parts = append(parts, fmt.Sprintf("%s in %s", name, grouped(saturated[name])))
	}
	if len(parts) > 0 {
		t.Wrapped(2, "", fmt.Sprintf("saturated though nothing of theirs was broken, of %s: %s", report.SeveralText(n, "run"), strings.Join(parts, ", ")))
	}
}

func ofRuns(k, n int) string {
	if k == n {
		return fmt.Sprintf("all %s", report.SeveralText(n, "run"))
	}
	return fmt.Sprintf("%s of %s", grouped(k), report.SeveralText(n, "run"))
}

// seedList names seeds, the first ones where there are many.
func seedList(seeds []uint64) string {
	what := "seeds "
	if len(seeds) == 1 {
		what = "seed "
	}
	var names []string
	for i, s := range seeds {
		if i == maxSeeds {
			names = append(names, fmt.Sprintf("and %s more", grouped(len(seeds)-maxSeeds)))
			break
		}
		names = append(names, fmt.Sprint(s))
	}
	return what + strings.Join(names, ", ")
}

// A headline is a number that the text shows: part of a report, the key below a name of
// it, and how it is said and written.
type headline struct {
	part, key, word string
	as              Measure
}

// headlines are what is looked at first, in the order of their weight.
var headlines = []headline{
	{"sources", "success", "success", Fraction},
	{"sources", "goodput", "goodput/s", Number},
	{"sources", "latency.p99_s", "p99", Seconds},
	{"sources", "completion.p99_s", "done p99", Seconds},
	{"sources", "amplification", "tries/req", Number},
	{"services", "saturation", "held", Fraction},
	{"services", "wasted", "wasted", Fraction},
	{"queues", "depth_max", "most not done", Number},
	{"queues", "latency.p99_s", "p99", Seconds},
}

// kinds shows the headlines in which the runs fall into two groups.
func (t *runsText) kinds() {
	type found struct {
		name string
		m    *Summary
		h    *headline
	}
	var all []found
	for i := range headlines {
		h := &headlines[i]
		for _, name := range t.r.Names(h.part) {
			m := t.r.Metric(h.part + "." + name + "." + h.key)
			if m == nil || m.Modes == nil || h.key == "completion.p99_s" && t.sameAsAnswer(name) {
				continue
			}
			all = append(all, found{name + " " + h.word, m, h})
		}
	}
	if len(all) == 0 {
		return
	}
	// The means of all runs say little here, so this stands before them.
	const group, bars = 18, 18
	first := t.Width - 2*group - bars
	t.Line()
	t.Line(t.In(report.Bold, t.Left("Two kinds of runs", first)), t.In(report.Dim, t.Right("lower", group)), t.In(report.Dim, t.Right("higher", group)), t.In(report.Dim, "  spread"))
	for i, f := range all {
		if i == maxKinds {
			t.Line(t.In(report.Dim, fmt.Sprintf("  and %d more numbers", len(all)-maxKinds)))
			break
		}
		cells := ""
		for _, mode := range f.m.Modes {
			cells += t.Right(fmt.Sprintf("%s in %s", f.h.as.Give(mode.Mean, 0, ""), grouped(mode.Runs)), group)
		}
		t.Line("  ", t.Left(f.name, first-2), cells, "  ", t.histogram(f.m.Values, f.m.Min, f.m.Max, bars-2))
	}
}

// sameAsAnswer says whether a source's requests are done when they are answered, in every run.
func (t *runsText) sameAsAnswer(source string) bool {
	done, answer := t.r.Metric("sources."+source+".completion.p99_s"), t.r.Metric("sources."+source+".latency.p99_s")
	return done == nil || answer == nil || slices.Equal(done.Values, answer.Values)
}

// histogram draws how values are spread from low to high: the higher a column, the more
// there are.
func (t *runsText) histogram(values []float64, low, high float64, columns int) string {
	counts := make([]int, columns)
	for _, v := range values {
		i := 0
		if high > low {
			i = min(int((v-low)/(high-low)*float64(columns)), columns-1)
		}
		counts[i]++
	}
	most := slices.Max(counts)
	levels := []rune(t.Sign(" ▁▂▃▄▅▆▇█", " .:-=+*#@"))
	var b strings.Builder
	for _, n := range counts {
		level := 0
		if n > 0 { // one is seen among ten thousand, too
			level = max(1, int(math.Round(float64(n)/float64(most)*float64(len(levels)-1))))
		}
		b.WriteRune(levels[level])
	}
	return b.String()
}

// Names are those of what is in a part of the reports, sources or queues say, in their order.
func (r *Runs) Names(part string) []string {
	var names []string
	for i := range r.Summary {
		name, key, ok := named(r.Summary[i].Path, part)
		if ok && key != "" && (len(names) == 0 || names[len(names)-1] != name) {
			names = append(names, name)
		}
	}
	return names
}

// named splits the path of a metric of a part: sources.NAME.KEY. The names of sources,
// services and queues have no dots.
func named(path, part string) (name, key string, ok bool) {
	rest, ok := strings.CutPrefix(path, part+".")
	if !ok {
		return "", "", false
	}
	name, key, ok = strings.Cut(rest, ".")
	return name, key, ok
}

// cell is a metric's mean and half the width of its interval.
func (t *runsText) cell(path string, as Measure) string {
	m := t.r.Metric(path)
	if m == nil {
		return report.Missing
	}
	return as.Give(m.Mean, (m.High-m.Low)/2, t.Sign("±", "+-"))
}

func (t *runsText) sources() {
	names := t.r.Names("sources")
	if len(names) == 0 {
		return
	}
	columns := []report.TableColumn{{Head: "success", Width: 15}, {Head: "goodput/s", Width: 15}, {Head: "p50", Width: 16}, {Head: "p99", Width: 16}}
	tries := slices.ContainsFunc(names, func(name string) bool {
		m := t.r.Metric("sources." + name + ".amplification")
		return m != nil && m.Max > 1
	})
	if tries {
		columns = []report.TableColumn{{Head: "success", Width: 14}, {Head: "goodput/s", Width: 13}, {Head: "p50", Width: 13}, {Head: "p99", Width: 14}, {Head: "tries/req", Width: 12}}
	}
	table := t.Table("Sources", columns...)
	for i, name := range names {
		if i == maxSourceRows {
			t.Line(t.In(report.Dim, fmt.Sprintf("  and %d more", len(names)-maxSourceRows)))
			break
		}
		path := "sources." + name + "."
		table.Row(name, t.cell(path+"success", Fraction), t.cell(path+"goodput", Number),
			t.cell(path+"latency.p50_s", Seconds), t.cell(path+"latency.p99_s", Seconds), t.cell(path+"amplification", Number))
	}
}

func (t *runsText) services() {
	names := t.r.Names("services")
	shown := slices.Clone(names)
	if len(names) > maxRows { // those that were held most, in their order
		worst := func(name string) float64 {
			m := t.r.Metric("services." + name + ".saturation_max")
			if m == nil {
				return 0
			}
			return m.Mean
		}
		slices.SortStableFunc(shown, func(a, b string) int { return cmp.Compare(worst(b), worst(a)) })
		shown = shown[:maxRows]
		shown = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !slices.Contains(shown, name) })
	}
	table := t.Table("Services", report.TableColumn{Head: "held", Width: 15}, report.TableColumn{Head: "own work", Width: 15}, report.TableColumn{Head: "wasted", Width: 15}, report.TableColumn{Head: "p99", Width: 16})
	for _, name := range shown {
		path := "services." + name + "."
		table.Row(name, t.cell(path+"saturation", Fraction), t.cell(path+"utilization", Fraction),
			t.cell(path+"wasted", Fraction), t.cell(path+"latency.p99_s", Seconds))
	}
	if more := len(names) - len(shown); more > 0 {
		t.Line(t.In(report.Dim, fmt.Sprintf("  and %d more that were held less", more)))
	}
}

func (t *runsText) queues() {
	names := t.r.Names("queues")
	if len(names) == 0 {
		return
	}
	table := t.Table("Queues", report.TableColumn{Head: "acknowledged", Width: 17}, report.TableColumn{Head: "most not done", Width: 17}, report.TableColumn{Head: "oldest", Width: 15}, report.TableColumn{Head: "p99", Width: 15})
	for i, name := range names {
		if i == maxRows {
			t.Line(t.In(report.Dim, fmt.Sprintf("  and %d more", len(names)-maxRows)))
			break
		}
		path := "queues." + name + "."
		table.Row(name, t.cell(path+"acknowledged", Number), t.cell(path+"depth_max", Number),
			t.cell(path+"age_max_s", Seconds), t.cell(path+"latency.p99_s", Seconds))
	}
}

// seeds names runs that are worth a look, and how to see one.
func (t *runsText) seeds(again string) {
	r := t.r
	type sight struct {
		seed uint64
		why  string
	}
	var sights []sight
	for i := range r.Expectations {
		st := &r.Expectations[i]
		if st.Held == st.Of || len(st.Failed) == 0 || len(sights) == 3 {
			continue
		}
		why := "not met"
		if n := st.Of - st.Held; n > 1 {
			why += fmt.Sprintf(", as in %s", report.SeveralText(n-1, "other run"))
		}
		sights = append(sights, sight{st.Failed[0], why + ": " + strings.Join(strings.Fields(st.Text), " ")})
	}
	for _, name := range r.Names("sources") {
		m := r.Metric("sources." + name + ".success")
		if m == nil || m.Min == m.Max {
			continue
		}
		worst := slices.Index(m.Values, m.Min)
		why := fmt.Sprintf("the worst for %s: success %s", name, Fraction.Give(m.Min, 0, ""))
		sights = append(sights, sight{r.Records[m.Of[worst]].Seed, why})
		break // of the first source; who looks for more has the JSON
	}
	if len(sights) == 0 {
		return
	}
	t.Title("Seeds to look at")
	wide := 0
	for _, s := range sights {
		wide = max(wide, len(fmt.Sprint(s.seed)))
	}
	for i, s := range sights {
		seed := fmt.Sprint(s.seed)
		if i > 0 && s.seed == sights[i-1].seed {
			seed = ""
		}
		t.Hung("", "  "+t.Right(seed, wide)+"  ", s.why, "")
	}
	if again != "" {
		t.Hung(report.Dim, "  ", fmt.Sprintf("one alone: %s --seed %d", again, sights[0].seed), "")
	}
}

// grouped is a count with its thousands set apart.
func grouped(n int) string { return report.GroupedText(uint64(n)) }
