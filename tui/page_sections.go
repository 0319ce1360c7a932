package tui

import (
	"fmt"
	"strings"
	"time"

	"cascade/sim"
	"cascade/sim/report"
	"cascade/topology"
	"cascade/tui/player"
)

// sections are what there is to tell of what is selected; none where that is nothing.
func (v *page) sections() []section {
	key := pageKey{v.frame, v.look, v.selected, len(v.changes)}
	if key != v.madeFor {
		v.madeFor, v.made = key, v.tell()
	}
	return v.made
}

func (v *page) tell() []section {
	b := &teller{page: v, at: find(v.plan(), v.selected)}
	if v.frame.Twin != nil {
		if at := find(v.frame.Twin.Plan, v.selected); at.kind == b.at.kind {
			b.twin, b.twinAt = v.frame.Twin, at
		}
	}
	switch b.at.kind {
	case serviceTarget:
		b.service()
	case operationTarget:
		b.operation()
	case edgeTarget:
		b.edge()
	case queueTarget:
		b.queue()
	case sourceTarget:
		b.source()
	}
	return b.told
}

// A teller makes the sections of one page.
type teller struct {
	*page
	at     target
	twin   *player.Run // nil: there is none, or what is selected is not in it
	twinAt target
	told   []section
}

// A sight is what was seen of a thing in one run: in the latest sample, and in all. Nil is
// nothing.
type sight[T any] struct {
	now, all      *T
	lately, judge report.Span // how long both are
}

// sides are the run and, where there is one, the twin.
type sides[T any] struct {
	run  sight[T]
	twin *sight[T]
}

// sidesOf asks both runs.
func sidesOf[T any](b *teller, of func(r *player.Run, at target) (now, all *T)) sides[T] {
	ask := func(r *player.Run, at target) (s sight[T]) {
		s.now, s.all = of(r, at)
		s.judge = r.Report.Judged()
		if r.Last != nil {
			s.lately = report.Span(r.Last.To - r.Last.From)
		}
		return s
	}
	all := sides[T]{run: ask(&b.frame.Run, b.at)}
	if b.twin != nil {
		twin := ask(b.twin, b.twinAt)
		all.twin = &twin
	}
	return all
}

// derive is what follows from each of a thing.
func derive[T, U any](of sides[T], f func(v *T, span report.Span) *U) sides[U] {
	convert := func(s sight[T]) sight[U] {
		c := sight[U]{lately: s.lately, judge: s.judge}
		if s.now != nil {
			c.now = f(s.now, s.lately)
		}
		if s.all != nil {
			c.all = f(s.all, s.judge)
		}
		return c
	}
	all := sides[U]{run: convert(of.run)}
	if of.twin != nil {
		twin := convert(*of.twin)
		all.twin = &twin
	}
	return all
}

// each are the values that there are.
func (s sides[T]) each(f func(v *T)) {
	list := []*T{s.run.all, s.run.now}
	if s.twin != nil {
		list = append(list, s.twin.all, s.twin.now)
	}
	for _, v := range list {
		if v != nil {
			f(v)
		}
	}
}

// figures is a row with a number of what is seen now, and in all.
func figures[T any](b *teller, of sides[T], label string, number func(v *T, span report.Span) figure) entry {
	both := func(s sight[T]) []figure {
		cells := []figure{b.bare(missing), b.bare(missing)}
		if s.now != nil {
			cells[0] = number(s.now, s.lately)
		}
		if s.all != nil && s.judge > 0 { // before the warm-up's end nothing is counted
			cells[1] = number(s.all, s.judge)
		}
		return cells
	}
	r := entry{label: label, style: b.look.plain, cells: both(of.run)}
	if of.twin != nil {
		r.twin = both(*of.twin)
		for i := range r.twin {
			r.twin[i].style = b.look.twin
		}
	}
	return r
}

// add adds a section of figures, unless it has no rows. In the warm-up there is no "in
// all" yet: totals of nothing would read as if nothing had happened.
func (b *teller) add(title string, more []string, rows ...entry) {
	if b.frame.Run.Report.Judged() == 0 {
		for i := range rows {
			for _, cells := range [][]figure{rows[i].cells, rows[i].twin, rows[i].more} {
				if len(cells) == 2 {
					cells[1] = b.bare("-")
				}
			}
		}
	}
	b.addTable(title, []string{"now", "in all"}, []string{"twin now", "twin all"}, more, rows...)
}

// addTable adds a section of other numbers, those of the twin by names of their own.
func (b *teller) addTable(title string, columns, twin, more []string, rows ...entry) {
	if b.twin == nil {
		twin = nil
	}
	if len(rows) > 0 {
		b.told = append(b.told, section{title: title, columns: columns, more: more, twin: twin, rows: rows})
	}
}

// addList adds a section without columns.
func (b *teller) addList(title string, rows ...entry) { b.addTable(title, nil, nil, nil, rows...) }

// Cells.

func (b *teller) bare(text string) figure          { return figure{text, b.look.plain} }
func (b *teller) count(v float64) figure           { return b.bare(report.CountText(v)) }
func (b *teller) rate(v float64) figure            { return b.bare(report.RateText(v)) }
func (b *teller) odd(n uint64, text string) figure { return b.levelled(text, report.AnyLevel(n)) }

// share is a share, if there is anything that it would be one of.
func (b *teller) share(v float64, known bool) figure {
	if !known {
		return b.bare(missing)
	}
	return b.bare(report.ShareText(v))
}

// bad is likewise one that should be small.
func (b *teller) bad(v float64, known bool) figure {
	if !known {
		return b.bare(missing)
	}
	return b.levelled(report.ShareText(v), report.ErrorLevel(v))
}

// lost is how many messages or publishes are lost.
func (b *teller) lost(n uint64) figure {
	return b.levelled(report.CountText(float64(n)), report.LostLevel(n))
}

// failed is the share of what ended that failed.
func (b *teller) failed(ended *[topology.NumOutcomes]uint64) figure {
	return b.bad(report.Failed(ended))
}

// times is how often something was tried, on average.
func (b *teller) times(tries float64, known bool) figure {
	if !known {
		return b.bare(missing)
	}
	return b.levelled(report.CountText(tries), report.TriesLevel(tries))
}

// levelled is a number of a level; one that is fine has no mark.
func (b *teller) levelled(text string, v report.Level) figure {
	if v == report.OK {
		return b.bare(text)
	}
	style, mark := b.look.level(v)
	return figure{mark + text, style}
}

// endings are the rows of how things ended: a row an outcome that there was.
func endings(b *teller, of sides[report.Endings]) (rows []entry) {
	for o := range topology.NumOutcomes {
		some := false
		of.each(func(v *report.Endings) { some = some || v[o] > 0 })
		if !some {
			continue
		}
		label := report.OutcomeText(o)
		if o == topology.Cancelled {
			label += ", of all"
		}
		r := figures(b, of, label, func(v *report.Endings, _ report.Span) figure {
			if o == topology.Success || o == topology.Cancelled {
				return b.share(v.Share(o))
			}
			return b.bad(v.Share(o))
		})
		r.more = []figure{b.bare(missing), b.bare(missing)}
		if of.run.now != nil {
			r.more[0] = b.rate(of.run.lately.Rate(of.run.now[o]))
		}
		if of.run.all != nil && of.run.judge > 0 {
			r.more[1] = b.count(float64(of.run.all[o]))
		}
		rows = append(rows, r)
	}
	return rows
}

// moreOfEndings are the names of their further numbers.
var moreOfEndings = []string{"now/s", "count"}

// times are the rows of a latency.
func times(b *teller, of sides[report.Distribution]) (rows []entry) {
	for _, n := range []struct {
		name string
		of   func(*report.Distribution) float64
	}{
		{"p50", func(d *report.Distribution) float64 { return d.P50 }},
		{"p90", func(d *report.Distribution) float64 { return d.P90 }},
		{"p99", func(d *report.Distribution) float64 { return d.P99 }},
		{"p99.9", func(d *report.Distribution) float64 { return d.P999 }},
		{"longest", func(d *report.Distribution) float64 { return d.Maximum }},
	} {
		rows = append(rows, figures(b, of, n.name, func(d *report.Distribution, _ report.Span) figure { return b.bare(d.TimeText(n.of(d))) }))
	}
	return rows
}

// completion are the rows of when all is done that was published; none where nothing is.
func completion(b *teller, of sides[report.Completed]) []entry {
	if !of.run.all.Publishes {
		return nil
	}
	return []entry{
		figures(b, of, "all done, p99", func(c *report.Completed, _ report.Span) figure { return b.bare(c.P99Text()) }),
		figures(b, of, "never done", func(c *report.Completed, _ report.Span) figure {
			return b.lost(c.Lost)
		}),
		figures(b, of, "not done yet", func(c *report.Completed, _ report.Span) figure {
			if c != of.run.all && (of.twin == nil || c != of.twin.all) {
				return b.bare(missing)
			}
			return b.count(float64(c.Unfinished))
		}),
	}
}

// traces adds the section of what went on over time.
func (b *teller) traces(of func(r *report.Report, i int) []report.Trace) {
	own := of(b.frame.Run.Report, b.at.index)
	var twin []report.Trace
	if b.twin != nil {
		twin = of(b.twin.Report, b.twinAt.index)
	}
	var rows []entry
	for i := range own {
		t := &own[i]
		if t.Points == 0 {
			continue
		}
		top := t.Whole
		if top == 0 {
			top = highest(t)
		}
		value := b.bare(t.Text(t.At(t.Points - 1)))
		if t.Level != nil {
			value = b.levelled(value.text, t.Level(t.Points-1))
		}
		r := entry{label: t.Name, style: b.look.plain, trace: t, top: top, cells: []figure{value}}
		if i >= len(twin) || twin[i].Points == 0 {
			rows = append(rows, r)
			continue
		}
		other := twin[i]
		if t.Whole == 0 {
			r.top = max(top, highest(&other))
		}
		text := other.Text(other.At(other.Points - 1))
		other.Level = nil
		rows = append(rows, r, entry{label: "  twin", style: b.look.twin, trace: &other, top: r.top, cells: []figure{{text, b.look.twin}}})
	}
	b.addList("from 0s to "+report.ClockText(b.frame.Run.At), rows...)
}

// faults adds the section of the faults that are on the thing.
func (b *teller) faults(on func(f *sim.Fault) bool) {
	var rows []entry
	faults := b.plan().Faults
	for i := range faults {
		f := &faults[i]
		if !on(f) {
			continue
		}
		planned := &b.frame.Run.Report.Faults[i]
		when := report.ClockText(planned.From)
		if !planned.Instant {
			when += " to " + report.ClockText(planned.To)
		}
		state, style := "planned", b.look.plain
		switch {
		case b.frame.Run.Active[i]:
			state, style = "in force", b.look.fault
			if f.Kind == sim.Set {
				style = b.look.set
			}
		case b.frame.Now >= planned.LastEnd:
			state, style = "over", b.look.dim
		case planned.Times > 0:
			state = "to come again"
		}
		what := kindText(f)
		if len(planned.Keys) > 0 {
			what += " " + strings.Join(planned.Keys, ", ")
		}
		text := fmt.Sprintf("%s: %s on %s%s, %s", f.Name, what, f.On, planned.Part(), state)
		if f.Every > 0 {
			text += ", every " + report.ClockText(f.Every)
		}
		rows = append(rows, entry{label: when, style: style, text: text, textStyle: style})
	}
	b.addList("faults", rows...)
}

// kindText is the kind of a fault, with its size.
func kindText(f *sim.Fault) string {
	text := strings.ReplaceAll(f.Kind.String(), "_", " ")
	switch f.Kind {
	case sim.Slow, sim.Surge:
		text += " x" + report.CountText(f.Factor)
	case sim.Errors, sim.Loss, sim.Poison:
		text += " " + report.ShareText(f.Rate)
	case sim.Threads:
		text += " " + report.CountText(float64(f.To))
	}
	return text
}

// settings adds the section of the policies: what was written is strong, what holds by
// default is dim, and what a fault has set has its name.
func (b *teller) settings() {
	if b.editor == nil {
		return
	}
	var asked strings.Builder
	fmt.Fprintf(&asked, "%p %d %s %v", b.plan(), len(b.changes), b.selected, b.frame.Run.Active)
	if b.askedFor != asked.String() { // policies change only as faults begin and end
		b.askedFor, b.policies = asked.String(), b.editor.Policies(b.changes, b.selected, time.Duration(b.frame.Now))
	}
	var rows []entry
	for _, k := range b.policies {
		r := entry{label: k.Name, style: b.look.dim, text: k.Value, textStyle: b.look.dim}
		if k.Set {
			r.style, r.textStyle = b.look.strong, b.look.plain
		}
		if r.text == "" {
			r.text = missing
		}
		if k.By != "" {
			r.style, r.textStyle = b.look.set, b.look.set
			r.text += " (set by " + k.By + ")"
		}
		rows = append(rows, r)
	}
	b.addList("policies", rows...)
}
