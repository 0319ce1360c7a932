package export

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"cascade/sim/des"
	"cascade/sim/report"
	"cascade/topology"
)

// Bounds of the Markdown.
const (
	maxComment   = 65_000 // bytes; GitHub takes 65,536 characters in a comment
	leastSection = 1_000  // bytes that it takes to say anything about a scenario
	lastWords    = 400    // bytes kept free for what was left out
	maxRows      = 100    // of a table
	maxShown     = 10     // services outside of the details
	maxTitle     = 100    // letters of a name in a heading
)

// Markdown writes results as GitHub's and GitLab's Markdown, for the comment of a pull
// request: the verdict, the expectations with what was measured, the story, and tables.
// It takes at most 65,000 bytes, and says what it left out. Of several scenarios each has
// an equal part of the room, and what one does not need is the next one's.
//
// Names stand as code where they stand alone; in sentences what would be markup is escaped,
// and a zero-width space behind @ and # keeps people from being notified and issues from
// being linked, as Renovate and Dependabot do it.
func Markdown(w io.Writer, results []Result) error {
	var out strings.Builder
	if len(results) > 1 {
		c := comment{limit: maxComment / 2}
		c.overview(results)
		out.WriteString(c.ended())
	}
	untold := 0
	for i := range results {
		room := (maxComment - lastWords - out.Len()) / (len(results) - i)
		if room < leastSection {
			untold++
			continue
		}
		c := comment{limit: room}
		c.result(&results[i])
		out.WriteString(c.ended())
	}
	if untold > 0 {
		fmt.Fprintf(&out, "\n_No room for the details of %s._\n", report.SeveralText(untold, "more scenario"))
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// A comment is Markdown that has a bound.
type comment struct {
	strings.Builder
	limit int
	left  []string // what there was no room for
}

// add writes a text if there is room for it.
func (c *comment) add(text string) bool {
	if c.Len()+len(text) > c.limit-lastWords {
		return false
	}
	c.WriteString(text)
	return true
}

// ended is all of it, with what was left out.
func (c *comment) ended() string {
	if len(c.left) > 0 {
		text := "\n_Left out for want of room: " + strings.Join(c.left, ", ") + "._\n"
		c.WriteString(text)
	}
	return c.String()
}

func (c *comment) overview(results []Result) {
	tally := map[report.Verdict]int{}
	for i := range results {
		tally[results[i].verdict()]++
	}
	var parts []string
	for _, v := range []report.Verdict{report.Fail, report.Undecided, report.Pass} {
		if tally[v] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", tally[v], v))
		}
	}
	c.add("## " + report.SeveralText(len(results), "scenario") + ": " + strings.Join(parts, ", ") + "\n")
	c.table("scenarios", []string{"verdict", "scenario", "expectations"}, 3, len(results), len(results), func(i int) []string {
		r := &results[i]
		return []string{sign(r.verdict()) + " " + r.verdict().String(), code(shortened(r.Name)), inText(r.standing())}
	})
	c.add("\n")
}

func (c *comment) result(r *Result) {
	v := r.verdict()
	c.add(fmt.Sprintf("### %s %s: %s\n\n%s", sign(v), inText(shortened(r.Name)), v, inText(r.standing())))
	of := r.Report
	if r.Runs != nil {
		c.add(fmt.Sprintf(". %s", report.SeveralText(len(r.Runs.Records), "run")))
		if span := seedSpan(r.Runs); span != "" {
			c.add(", " + span)
		}
	} else if of != nil {
		about := fmt.Sprintf(". Seed %d, ran %s", of.Seed, report.ClockText(of.End))
		if of.Warmup > 0 && of.Complete {
			about += fmt.Sprintf(" (%s warm-up)", report.ClockText(of.Warmup))
		}
		c.add(about + ", fingerprint `" + hex(of.Fingerprint) + "`")
	}
	c.add(".\n")
	if why := r.broke(); why != "" {
		c.add("\n**Not a whole run:** " + inText(shortened(why)) + "\n")
	}
	c.expectations(r.judgements())
	switch {
	case r.Runs != nil:
		c.runs(r.Runs)
		return
	case of == nil:
		return
	}
	c.story(of)
	c.sources(of)
	c.services(of)
	c.details(of)
}

func (c *comment) expectations(all []judgement) {
	if len(all) == 0 {
		return
	}
	if len(all) > maxRows { // what did not hold is shown in any case
		rank := [...]int{report.Fail: 0, report.Undecided: 1, report.Pass: 2}
		slices.SortStableFunc(all, func(a, b judgement) int { return rank[a.verdict] - rank[b.verdict] })
	}
	c.table("expectations", []string{"", "expectation", "measured", "bound"}, 2, len(all), maxRows, func(i int) []string {
		j := &all[i]
		measured := inText(j.measured)
		for _, m := range j.more[:min(len(j.more), 1)] { // the seeds are in the details
			if j.verdict == report.Undecided {
				measured += "; " + inText(m)
			}
		}
		return []string{sign(j.verdict) + " " + outcomeOf(j.verdict), code(j.text), measured, inText(j.bound)}
	})
}

func (c *comment) story(r *report.Report) {
	lines := r.Story()
	if len(lines) == 0 {
		return
	}
	left := 0
	c.add("\n**What happened**\n\n")
	for _, l := range lines {
		when := "in all"
		if l.Timed {
			when = report.ClockText(l.At)
		}
		if !c.add("- **" + when + "** " + inText(l.Text) + "\n") {
			left++
		}
	}
	if left > 0 {
		c.left = append(c.left, report.SeveralText(left, "line")+" of the story")
	}
}

func (c *comment) sources(r *report.Report) {
	c.table("sources", []string{"source", "offered/s", "goodput/s", "success", "p50", "p99"}, 1, len(r.Sources), maxShown, func(i int) []string {
		s := &r.Sources[i]
		success := "-"
		if ended(&s.Ended)+s.Ended[topology.Cancelled] > 0 {
			success = report.ShareText(s.Success)
		}
		return []string{code(s.Name), perSecond(r, s.Offered), report.RateText(s.Goodput), success,
			timeOf(&s.Latency, s.Latency.P50), timeOf(&s.Latency, s.Latency.P99)}
	})
}

// services shows those that were most held, where there are many: the details have all.
func (c *comment) services(r *report.Report) {
	shown := make([]int, len(r.Services))
	for i := range shown {
		shown[i] = i
	}
	if len(shown) > maxShown {
		slices.SortStableFunc(shown, func(a, b int) int {
			x, y := &r.Services[a], &r.Services[b]
			switch {
			case x.SaturationMax != y.SaturationMax:
				return sooner(x.SaturationMax > y.SaturationMax)
			case x.QueueMean != y.QueueMean:
				return sooner(x.QueueMean > y.QueueMean)
			}
			return 0
		})
		shown = shown[:maxShown]
		slices.Sort(shown)
	}
	c.serviceTable(r, shown)
	if more := len(r.Services) - len(shown); more > 0 {
		c.add("\nand " + report.SeveralText(more, "more service") + ", below\n")
	}
}

func sooner(is bool) int {
	if is {
		return -1
	}
	return 1
}

func (c *comment) serviceTable(r *report.Report, shown []int) {
	header := []string{"service", "arrived/s", "errors", "held", "worst", "queue", "most", "p99", "wasted"}
	c.table("services", header, 1, len(shown), maxRows, func(i int) []string {
		s := &r.Services[shown[i]]
		held, worst := report.ShareText(s.Saturation), report.ShareText(s.SaturationMax)
		if s.Unlimited { // no pool that could be full
			held, worst = "-", "-"
		}
		return []string{code(s.Name), perSecond(r, s.Arrived), failedShare(&s.Answers), held, worst,
			report.CountText(s.QueueMean), report.CountText(float64(s.QueueMax)), timeOf(&s.Latency, s.Latency.P99), report.ShareText(s.Wasted)}
	})
}

// details are what a reader has to open.
func (c *comment) details(r *report.Report) {
	c.folded("Calls, queues and faults", func() {
		if len(r.Services) > maxShown {
			all := make([]int, len(r.Services))
			for i := range all {
				all[i] = i
			}
			c.serviceTable(r, all)
		}
		c.edges(r)
		c.queues(r)
		c.faults(r)
	})
}

// folded writes what a reader has to open, under a title.
func (c *comment) folded(title string, fill func()) {
	const end = "\n</details>\n"
	c.limit -= len(end)
	if !c.add("\n<details>\n<summary>" + title + "</summary>\n") {
		c.left = append(c.left, strings.ToLower(title))
		c.limit += len(end)
		return
	}
	fill()
	c.limit += len(end)
	c.WriteString(end)
}

func (c *comment) edges(r *report.Report) {
	c.table("calls", []string{"call", "calls/s", "attempts/s", "retries", "failed", "timeout", "p99"}, 1, len(r.Edges), maxRows, func(i int) []string {
		e := &r.Edges[i]
		return []string{code(e.ID), perSecond(r, e.Calls), perSecond(r, e.Attempts), report.ShareText(share(e.Retries, e.Attempts)),
			failedShare(&e.Outcomes), report.ShareText(share(e.Outcomes[topology.Timeout], ended(&e.Outcomes))), timeOf(&e.Latency, e.Latency.P99)}
	})
}

func (c *comment) queues(r *report.Report) {
	type line struct {
		name  string
		queue *report.Queue
		of    *report.Reader
	}
	var all []line
	for i := range r.Queues {
		q := &r.Queues[i]
		if !q.Stream {
			all = append(all, line{q.Name, q, &q.Reader})
		}
		for k := range q.Groups {
			all = append(all, line{q.Name + ": " + q.Groups[k].Name, q, &q.Groups[k]})
		}
	}
	header := []string{"queue", "in/s", "done/s", "again", "dead", "dropped", "most", "left", "oldest", "p99"}
	c.table("queues", header, 1, len(all), maxRows, func(i int) []string {
		l := &all[i]
		g := l.of
		return []string{code(l.name), report.RateText(l.queue.PublishedRate), perSecond(r, g.Acknowledged), report.ShareText(share(g.Redelivered, g.Delivered)),
			report.CountText(float64(g.DeadLettered)), report.CountText(float64(g.Dropped)), report.CountText(float64(g.LagMax)),
			report.CountText(float64(g.Left)), report.SecondsText(g.AgeMax), timeOf(&g.Latency, g.Latency.P99)}
	})
}

func (c *comment) faults(r *report.Report) {
	c.table("faults", []string{"fault", "what", "from", "until", "every"}, 2, len(r.Faults), maxRows, func(i int) []string {
		f := &r.Faults[i]
		until, every := "-", "-"
		if !f.Instant {
			until = report.ClockText(f.To)
		}
		if f.Every > 0 {
			every = report.ClockText(f.Every)
		}
		return []string{code(f.Name), code(f.What()), report.ClockText(f.From), until, every}
	})
}

// table writes a table of n rows, or so many of them at most, and says how many more there
// are. The first columns are texts, the others numbers.
func (c *comment) table(what string, header []string, texts, n, most int, row func(i int) []string) {
	if n == 0 {
		return
	}
	line := func(cells []string) string { return "| " + strings.Join(cells, " | ") + " |\n" }
	align := make([]string, len(header))
	for i := range align {
		if align[i] = "--:"; i < texts {
			align[i] = ":--"
		}
	}
	shown := 0
	for ; shown < min(n, most); shown++ {
		text := line(row(shown))
		if shown == 0 {
			text = "\n" + line(header) + line(align) + text
		}
		if !c.add(text) {
			break
		}
	}
	switch more := n - shown; {
	case more == 0:
	case shown == 0 || !c.add("\nand "+count(uint64(more))+" more\n"):
		c.left = append(c.left, fmt.Sprintf("%d %s", more, what))
	}
}

func sign(v report.Verdict) string {
	return [...]string{report.Pass: "✅", report.Fail: "❌", report.Undecided: "❔"}[v]
}

// outcomeOf is what became of an expectation.
func outcomeOf(v report.Verdict) string {
	return [...]string{report.Pass: "held", report.Fail: "failed", report.Undecided: "undecided"}[v]
}

// ended are the attempts, or requests, that counted: what was cancelled does not.
func ended(counts *[topology.NumOutcomes]uint64) uint64 {
	sum := uint64(0)
	for o, n := range counts {
		if topology.Outcome(o) != topology.Cancelled {
			sum += n
		}
	}
	return sum
}

func failedShare(counts *[topology.NumOutcomes]uint64) string {
	all := ended(counts)
	if all == 0 {
		return "-"
	}
	return report.ShareText(share(all-counts[topology.Success], all))
}

// perSecond is a count as a rate over the time that totals are of.
func perSecond(r *report.Report, n uint64) string {
	over := max(r.End-r.Warmup, 0)
	if over == 0 {
		return "-"
	}
	return report.RateText(float64(n) / des.Time(over).Seconds())
}

func timeOf(d *report.Distribution, value float64) string {
	if d.Count == 0 {
		return "-"
	}
	return report.SecondsText(value)
}

// shortened is a text that is not longer than a heading may be.
func shortened(s string) string {
	if utf8.RuneCountInString(s) <= maxTitle {
		return s
	}
	return string([]rune(s)[:maxTitle-1]) + "…"
}

// oneLine is a text without what would end a line, or show nothing.
func oneLine(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsSpace(c) || !unicode.IsPrint(c) {
			return ' '
		}
		return c
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// code is a name as code, also in a cell of a table. Nothing in it is markup, and nobody
// is mentioned by it.
func code(s string) string {
	s = oneLine(s)
	if !strings.ContainsAny(s, "`|\\") && strings.TrimSpace(s) == s && s != "" {
		return "`" + s + "`"
	}
	var b strings.Builder // in an element, and written so that nothing else is read in it
	for _, c := range s {
		if c < utf8.RuneSelf && !unicode.IsLetter(c) && !unicode.IsDigit(c) && c != ' ' {
			fmt.Fprintf(&b, "&#%d;", c)
		} else {
			b.WriteRune(c)
		}
	}
	return "<code>" + b.String() + "</code>"
}

// inText is a text in which nothing is markup, a mention or a link.
func inText(s string) string { return markup.Replace(oneLine(s)) }

const zeroWidth = "&#8203;"

var markup = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", `*`, `\*`, `_`, `\_`, `[`, `\[`, `]`, `\]`, `~`, `\~`, `|`, `\|`, `!`, `\!`, `$`, `\$`,
	`<`, `&lt;`, `&`, `&amp;`,
	`@`, `@`+zeroWidth, `#`, `#`+zeroWidth, `GH-`, `GH-`+zeroWidth, `gh-`, `gh-`+zeroWidth,
	`://`, `:`+zeroWidth+`//`, `www.`, `www`+zeroWidth+`.`, `WWW.`, `WWW`+zeroWidth+`.`,
)
