package experiment

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"cascade/sim/report"
)

// Bounds of a comparison's text.
const (
	maxSentences = 12 // of sources and queues
	maxHeadlines = 24 // rows; beyond, those that differ come first
	maxChanges   = 12 // rows of what else changed
	maxNames     = 5  // of things that only one side has
)

// WriteText writes the comparison for a terminal: the verdict, a line for each source
// and each queue, a table of the headlines, and what else changed most.
func (c *Comparison) WriteText(w io.Writer, o report.TextOptions) error {
	t := comparedText{report.NewSheet(o), c}
	t.heading()
	t.sentences()
	t.headlines()
	t.changes()
	for i, n := range c.notes() {
		if i == 0 {
			t.Line()
		}
		t.Wrapped(0, "", n)
	}
	_, err := t.WriteTo(w)
	return err
}

// Line says in a line what is worse and what may be; "" where nothing is.
func (c *Comparison) Line() string {
	var worse, open []string
	for i := range c.Metrics {
		m := &c.Metrics[i]
		if !m.Headline() {
			continue
		}
		said := strings.ReplaceAll(m.called()+" "+m.change(true), together, " ")
		switch m.gate() {
		case Worse:
			worse = append(worse, said)
		case Unclear:
			open = append(open, said)
		}
	}
	var parts []string
	if len(worse) > 0 {
		parts = append(parts, "WORSE "+atMost(worse))
	}
	if len(open) > 0 {
		part := "UNDECIDED " + atMost(open)
		if c.Decides > 0 {
			part += fmt.Sprintf(" (about %s a side would tell)", report.SeveralText(c.Decides, "run"))
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, "; ")
}

// called is what a headline is called where it stands alone: shoppers p99.
func (m *Compared) called() string { return strings.TrimSpace(m.subject + " " + m.name) }

// A comparedText is the text as it is written.
type comparedText struct {
	*report.Sheet
	c *Comparison
}

// ours is a text of our own letters; where those beyond ASCII may not arrive, without.
func (t *comparedText) ours(text string) string {
	if !t.ASCII {
		return text
	}
	return strings.NewReplacer("−", "-", "±", "+-", "×", "x").Replace(text)
}

// behind writes words behind a label, over as many lines as it takes.
func (t *comparedText) behind(label string, width int, text string) {
	for _, l := range broken(t.ours(text), t.Width-width) {
		t.Line(t.In(report.Bold, t.Left(label, width)), l)
		label = ""
	}
}

// together is a blank within what is not to be broken where a line ends.
const together = "\u00a0"

// broken is a text in lines of at most width columns; only a longer word stands out.
func broken(text string, width int) []string {
	var lines []string
	for word := range strings.SplitSeq(text, " ") {
		word = strings.ReplaceAll(word, together, " ")
		if n := len(lines); n > 0 && utf8.RuneCountInString(lines[n-1])+1+utf8.RuneCountInString(word) <= width {
			lines[n-1] += " " + word
		} else {
			lines = append(lines, word)
		}
	}
	return lines
}

// Label is what a side is called: the scenario, and what was set of it.
func (s *Side) Label() string {
	label := s.Name
	for i, set := range s.Sets {
		label += []string{" with ", " and "}[min(i, 1)] + set.String()
	}
	return label
}

func (t *comparedText) heading() {
	c := t.c
	look, word := report.Yellow, strings.ToUpper(string(c.Verdict))
	switch c.Verdict {
	case Same:
		look, word = report.Green, "NO DIFFERENCE"
		if slices.ContainsFunc(c.Metrics, func(m Compared) bool { return m.Headline() && m.Verdict == NotWorse }) {
			word = "NOT WORSE" // which may be better
		}
	case Better:
		look = report.Green
	case Worse:
		look = report.Red
	}
	t.Line(t.In(look, word))
	for k, side := range []*Side{&c.A, &c.B} {
		t.behind("  "+string(rune('A'+k)), 5, t.Clean(side.Label()))
	}
	t.Wrapped(0, report.Dim, c.how())
}

// how says what is compared with what.
func (c *Comparison) how() string {
	seeds := "seed " + strconv.FormatUint(c.seeds[0], 10)
	first, last := c.seeds[0], c.seeds[len(c.seeds)-1]
	if last-first+1 == uint64(len(c.seeds)) && last > first {
		seeds = fmt.Sprintf("seeds %d to %d", first, last)
	} else if last > first {
		seeds = fmt.Sprintf("%d seeds from %d to %d", len(c.seeds), first, last)
	}
	switch {
	case c.Paired && c.Runs[0] == 1:
		return "one run each, " + seeds + ": what differs may be the luck of this one seed"
	case c.Paired:
		return fmt.Sprintf("%s each, %s: in pairs, with 95%% intervals", report.SeveralText(c.Runs[0], "run"), seeds)
	case min(c.Runs[0], c.Runs[1]) == 1:
		return fmt.Sprintf("%s of A and %s of B, with other seeds: one run says nothing of luck", report.SeveralText(c.Runs[0], "run"), report.SeveralText(c.Runs[1], "run"))
	default:
		return fmt.Sprintf("%s of A and %s of B, with other seeds, and so not in pairs: wider 95%% intervals", report.SeveralText(c.Runs[0], "run"), report.SeveralText(c.Runs[1], "run"))
	}
}

// sentences are the verdicts, a line for each thing that has headlines.
func (t *comparedText) sentences() {
	t.Line()
	owners := t.c.owners(func(m *Compared) bool { return m.rank >= beside })
	owners = slices.DeleteFunc(owners, func(o *owner) bool { return sentence(o.metrics) == "" })
	less := owners[:min(len(owners), maxSentences)]
	wide := 0
	for _, o := range less {
		wide = max(wide, utf8.RuneCountInString(o.name)+2)
	}
	for _, o := range less {
		t.behind(o.name, min(wide, 24), sentence(o.metrics))
	}
	t.leftOut(len(owners) - len(less))
}

// leftOut says how many more there are, if there are any.
func (t *comparedText) leftOut(n int) {
	if n > 0 {
		t.Line(t.In(report.Dim, fmt.Sprintf("  and %s more", grouped(n))))
	}
}

// sentence says what became of metrics: first what changed.
func sentence(metrics []*Compared) string {
	said := map[CompareVerdict][]string{}
	for _, m := range metrics {
		text, as := m.name+" "+m.change(true), m.Verdict
		switch {
		case as == Same && m.Mean == [2]float64{}: // of what never occurred there is nothing to say
			continue
		case as == Same:
			text = m.name
		case as == Better || as == Worse: // the sign says which
			as = Better
			if m.Path == "metastable" {
				text = fmt.Sprintf("metastable in %s of runs, not in %s", m.text(m.Mean[1]), m.text(m.Mean[0]))
			}
		}
		said[as] = append(said[as], text)
	}
	var parts []string
	for _, part := range []struct {
		of            CompareVerdict
		before, after string
	}{{Better, "", ""}, {Same, "", " no difference"}, {NotWorse, "not worse: ", ""}, {NotBetter, "not better: ", ""}, {Unclear, "undecided: ", ""}} {
		if texts := said[part.of]; len(texts) > 0 {
			parts = append(parts, part.before+strings.Join(texts, ", ")+part.after)
		}
	}
	return strings.Join(parts, "; ")
}

// An owner is a source, service, edge or queue, and metrics of it.
type owner struct {
	name    string
	section string
	metrics []*Compared
}

// owners groups metrics by whose they are, in their order.
func (c *Comparison) owners(want func(*Compared) bool) []*owner {
	var all []*owner
	for i := range c.Metrics {
		m := &c.Metrics[i]
		if !want(m) {
			continue
		}
		name := cmp.Or(m.subject, "overall")
		at := slices.IndexFunc(all, func(o *owner) bool { return o.name == name && o.section == m.section })
		if at < 0 {
			at = len(all)
			all = append(all, &owner{name: name, section: m.section})
		}
		all[at].metrics = append(all[at].metrics, m)
	}
	return all
}

// headlines is the table of them; where they are many, those that differ come first, and
// how many more there are is said.
func (t *comparedText) headlines() {
	c := t.c
	var rows []*Compared
	for i := range c.Metrics {
		if m := &c.Metrics[i]; m.rank >= beside && m.Mean != [2]float64{} {
			rows = append(rows, m)
		}
	}
	less := rows
	if len(rows) > maxHeadlines {
		less = slices.Clone(rows)
		slices.SortStableFunc(less, func(a, b *Compared) int { return cmp.Compare(urgency(a), urgency(b)) })
		less = less[:maxHeadlines]
	}
	t.rows("Headlines", less)
	t.leftOut(len(rows) - len(less))
}

// urgency orders metrics by what a person wants to see first.
func urgency(m *Compared) int {
	return slices.Index([]CompareVerdict{Worse, NotBetter, Unclear, Better, NotWorse, Same}, m.Verdict)
}

// changes is the table of what else changed, and how many numbers more did.
func (t *comparedText) changes() {
	c := t.c
	var rows []*Compared
	more := 0
	for i := range c.Metrics {
		m := &c.Metrics[i]
		switch {
		case m.rank >= beside || m.Verdict != Better && m.Verdict != Worse && m.Verdict != Up && m.Verdict != Down:
		case m.rank == inText:
			rows = append(rows, m)
		default:
			more++
		}
	}
	if len(rows) > maxChanges {
		slices.SortStableFunc(rows, func(a, b *Compared) int { return cmp.Compare(b.size(), a.size()) })
		more += len(rows) - maxChanges
		rows = rows[:maxChanges]
	}
	if len(rows) > 0 {
		t.rows("What else changed", rows)
	}
	if more > 0 {
		if len(rows) == 0 {
			t.Line()
		}
		t.Line(t.In(report.Dim, fmt.Sprintf("  %s changed too; --json has them", report.SeveralText(more, "more number"))))
	}
}

// size is how much a metric changed, from 0 to 1.
func (m *Compared) size() float64 {
	by := math.Abs(m.Difference())
	if m.unit == inShares {
		return by
	}
	return by / max(m.Mean[0], m.Mean[1])
}

// rows writes metrics as a table, under whose they are, in their order.
func (t *comparedText) rows(name string, metrics []*Compared) {
	const values, changes, intervals, verdicts = 9, 13, 18, 12
	first := t.Width - 2*values - changes - intervals - verdicts
	t.Line()
	t.Line(t.In(report.Bold, t.Left(name, first)), t.In(report.Dim,
		t.Right("A", values)+t.Right("B", values)+t.Right("change", changes)+t.Right("95% interval", intervals)))
	wanted := make(map[*Compared]bool, len(metrics))
	for _, m := range metrics {
		wanted[m] = true
	}
	for _, o := range t.c.owners(func(m *Compared) bool { return wanted[m] }) {
		t.Line("  ", t.Cut(o.name, t.Width-2))
		for _, m := range o.metrics {
			var look report.Style
			switch m.Verdict {
			case Better:
				look = report.Green
			case Worse:
				look = report.Red
			case Unclear, NotBetter:
				look = report.Yellow
			}
			t.Line(t.Left("    "+m.name, first), t.Right(m.text(m.Mean[0]), values), t.Right(m.text(m.Mean[1]), values),
				t.Right(t.ours(strings.ReplaceAll(m.change(false), together, " ")), changes), t.Right(t.ours(m.interval()), intervals),
				"  ", t.In(look, string(m.Verdict)))
		}
	}
}

// notes are what else there is to know.
func (c *Comparison) notes() []string {
	var notes []string
	var open []string
	for i := range c.Metrics {
		if m := &c.Metrics[i]; m.Headline() && m.gate() == Unclear {
			open = append(open, m.called())
		}
	}
	if len(open) > 0 {
		what := atMost(open)
		switch most := min(c.Runs[0], c.Runs[1]); {
		case c.Decides > 0:
			notes = append(notes, fmt.Sprintf("Too few runs to tell whether worse: %s; about %s a side would do.", what, grouped(c.Decides)))
		case most == 1:
			notes = append(notes, fmt.Sprintf("One run cannot tell whether worse: %s; run both sides with --runs 20.", what))
		default:
			notes = append(notes, fmt.Sprintf("It cannot be told whether worse: %s; it is too near to the tolerance for any number of runs.", what))
		}
	}
	if len(c.Unmeasured) > 0 {
		notes = append(notes, fmt.Sprintf("Not to be compared, because there is no run with a value on both sides: %s.", atMost(c.Unmeasured)))
	}
	var some []string
	for i := range c.Metrics {
		if m := &c.Metrics[i]; m.Headline() && m.Runs != c.Runs {
			some = append(some, m.called())
		}
	}
	if len(some) > 0 {
		notes = append(notes, fmt.Sprintf("Not every run has a value of %s: where nobody succeeds there is no latency.", atMost(some)))
	}
	for k, names := range [][]string{c.OnlyA, c.OnlyB} {
		if len(names) > 0 {
			notes = append(notes, fmt.Sprintf("Only %c has %s.", 'A'+k, atMost(names)))
		}
	}
	for k, n := range c.LeftOut {
		if n > 0 {
			notes = append(notes, fmt.Sprintf("Left out of %c: %s without a counterpart, or that did not come to their end.", 'A'+k, report.SeveralText(n, "run")))
		}
	}
	if a, b := c.A.Duration, c.B.Duration; a != b && a > 0 && b > 0 {
		notes = append(notes, fmt.Sprintf("The runs of A last %ss and those of B %ss: counts do not compare.", strconv.FormatFloat(a, 'f', -1, 64), strconv.FormatFloat(b, 'f', -1, 64)))
	}
	if !c.Complete {
		notes = append(notes, "Interrupted: it is of the runs that had come to their end.")
	}
	return notes
}

// atMost names a few of many.
func atMost(all []string) string {
	if more := len(all) - maxNames; more > 0 {
		return strings.Join(all[:maxNames], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(all, ", ")
}

// text is a value of a metric as a person reads it.
func (m *Compared) text(v float64) string {
	switch m.unit {
	case inShares:
		return report.FineShareText(v)
	case inSeconds:
		return report.SecondsText(v)
	case aSecond:
		return report.RateText(v) + "/s"
	default:
		return report.CountText(v)
	}
}

// change is how much a metric changed: of a share in points, else in parts of what A
// has, or where A has nothing as a difference. With the half width of its interval, if
// that is wanted and known.
func (m *Compared) change(with bool) string {
	with = with && m.Low < m.High && !m.Infinite() // else all runs differ by the same
	switch {
	case m.unit == inShares:
		v, half := 100*m.Difference(), 50*(m.High-m.Low)
		digits := decimals(v, half, m.Infinite())
		text := signed(v, digits) + together + points(v, digits)
		return text + plusMinus(with, fixed(half, digits), "")
	case m.RatioKnown || m.Infinite() && m.Mean[0] > 0:
		r, half := m.Mean[1]/m.Mean[0], max(m.RatioHigh-m.Ratio, m.Ratio-m.RatioLow)
		v, unit, mark := 100*(r-1), "%", signed
		half *= 100
		if r >= 10 {
			v, half, unit, mark = r, half/100, "", timesOf
		}
		digits := decimals(v, half, m.Infinite())
		text := mark(v, digits) + unit
		return text + plusMinus(with, fixed(half, digits), unit)
	default:
		text := m.plus(m.Difference())
		return text + plusMinus(with, m.text((m.High-m.Low)/2), "")
	}
}

// plusMinus is half the width of an interval, if it is wanted and can be seen.
func plusMinus(wanted bool, half, unit string) string {
	if !wanted || strings.Trim(half, "0.") == "" {
		return ""
	}
	return together + "±" + together + half + unit
}

// interval is that of a change.
func (m *Compared) interval() string {
	var low, high string
	switch {
	case m.Infinite() || m.Low == m.High:
		return ""
	case m.unit == inShares:
		digits := decimals(100*m.Difference(), 50*(m.High-m.Low), false)
		low, high = signed(100*m.Low, digits), signed(100*m.High, digits)
	case m.RatioKnown && m.Ratio >= 10:
		digits := decimals(m.Ratio, m.RatioHigh-m.Ratio, false)
		low, high = timesOf(m.RatioLow, digits), timesOf(m.RatioHigh, digits)
	case m.RatioKnown:
		digits := decimals(100*(m.Ratio-1), 50*(m.RatioHigh-m.RatioLow), false)
		low, high = signed(100*(m.RatioLow-1), digits)+"%", signed(100*(m.RatioHigh-1), digits)+"%"
	default:
		low, high = m.plus(m.Low), m.plus(m.High)
	}
	return low + " to " + high
}

// decimals is how many a change is written with: as many as its interval tells of.
func decimals(v, half float64, infinite bool) int {
	if infinite || half == 0 {
		half = math.Abs(v) / 20
	}
	switch {
	case half >= 0.95 || v == 0 && half == 0:
		return 0
	case half >= 0.095 || math.Abs(v) >= 1:
		return 1
	default:
		return 2
	}
}

func fixed(v float64, digits int) string { return strconv.FormatFloat(v, 'f', digits, 64) }

// signed is a number with its sign; 0 has none.
func signed(v float64, digits int) string {
	text := fixed(math.Abs(v), digits)
	switch {
	case strings.Trim(text, "0.") == "":
		return text
	case v < 0:
		return "−" + text
	default:
		return "+" + text
	}
}

func timesOf(v float64, digits int) string { return "×" + fixed(v, digits) }

func points(v float64, digits int) string {
	if fixed(math.Abs(v), digits) == "1" {
		return "point"
	}
	return "points"
}

// plus is a difference in the metric's unit, with its sign.
func (m *Compared) plus(v float64) string {
	switch {
	case v < 0:
		return "−" + m.text(-v)
	case v > 0:
		return "+" + m.text(v)
	default:
		return m.text(0)
	}
}
