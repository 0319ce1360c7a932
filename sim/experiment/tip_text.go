package experiment

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"cascade/sim/report"
)

// maxPoints bounds the values of the curve that are drawn.
const maxPoints = 21

// Sentence is what was found, in words.
func (t *Tipping) Sentence() string {
	s := t.Spec.Search
	below, above, bad := "below", "above", s.High
	good := s.Low
	if t.GoodEnd == "high" {
		below, above, good, bad = above, below, s.High, s.Low
	}
	sure := func(share float64) string {
		return fmt.Sprintf("(collapse under %s, %s sure)", report.ShareText(share), report.ShareText(s.Confidence))
	}
	lost := ""
	if t.Lost != nil && t.Lost.Shown {
		lost = fmt.Sprintf("lost %s %s", above, t.Lost.Value)
		if t.Lost.AtEnd {
			lost = "lost only at " + t.Lost.Value.String()
		}
	}
	switch t.Verdict {
	case Unfinished:
		said := fmt.Sprintf("the search is not over: it is at stage %d, of %s", len(t.Stages), report.SeveralText(len(t.Trials), "run"))
		if t.Safe != nil && t.Safe.Shown {
			said += fmt.Sprintf("; so far it is safe %s %s %s", below, t.Safe.Value, sure(t.Safe.Under))
		}
		return said
	case TipFalls:
		a, b := t.Fall.Better, t.Fall.Worse
		return fmt.Sprintf("no one tipping point: at %s %s of %s collapse, and at %s only %s of %s; vary it over less", a.Value,
			grouped(a.Collapsed), report.SeveralText(a.Runs, "run"), b.Value, grouped(b.Collapsed), grouped(b.Runs))
	case TipUnsafe:
		said := fmt.Sprintf("nothing from %s to %s is safe: ", s.Low, s.High)
		if p := t.at(good); t.tilted() {
			said += fmt.Sprintf("at %s %s of %s collapse; look %s %s", good, grouped(p.Collapsed), report.SeveralText(p.Runs, "run"), below, good)
		} else {
			said += fmt.Sprintf("all of %s collapse, at every value; look further out", report.SeveralText(t.Curve[0].Runs, "run"))
		}
		if lost != "" {
			said += "; " + lost
		}
		return said
	case TipSafe:
		said := fmt.Sprintf("safe from %s to %s %s", s.Low, s.High, sure(t.Safe.Under))
		if lost != "" {
			return said + "; " + lost
		}
		if t.tilted() {
			return said + fmt.Sprintf("; where it tips is %s %s", above, bad)
		}
		return said + "; where it tips is outside"
	case TipTooFew:
		if t.Safe == nil {
			return "undecided: " + t.Why
		}
	}
	edge := fmt.Sprintf("safe %s %s", below, t.Safe.Value)
	if t.Safe.AtEnd {
		edge = "safe only at " + t.Safe.Value.String()
	}
	if !t.Safe.Shown {
		edge = fmt.Sprintf("undecided %s %s", below, t.Safe.Value)
	}
	edge += " " + sure(t.Safe.Under)
	between := "; vulnerable %s"
	if !s.Pushed {
		between = "; a matter of luck %s"
	}
	if lost != "" {
		a, b := t.Safe.Value, t.Lost.Value
		if t.GoodEnd == "high" {
			a, b = b, a
		}
		return edge + fmt.Sprintf(between, fmt.Sprintf("%s to %s", a, b)) + "; " + lost
	}
	edge += fmt.Sprintf(between, above)
	if t.Verdict == TipTooFew && t.Safe.Shown {
		return edge + "; from where on it is lost the runs did not show"
	}
	return edge + ", as far as " + bad
}

// at is a value's point of the curve, of the scenario as it is.
func (t *Tipping) at(value string) CurvePoint {
	q, _ := ParseQuantity(value)
	for i := range t.Curve {
		if t.Curve[i].Value == q && !t.Curve[i].Calm {
			return t.Curve[i]
		}
	}
	return CurvePoint{Value: q}
}

// tilted says whether the runs tell the good end from the bad one: some collapsed, and
// some did not.
func (t *Tipping) tilted() bool {
	var all count
	for i := range t.Curve {
		all.add(count{t.Curve[i].Runs, t.Curve[i].Collapsed})
	}
	return all.collapsed > 0 && all.collapsed < all.runs
}

// WriteText writes the search for a terminal: what was found, the curve, and where the
// runs went.
func (t *Tipping) WriteText(w io.Writer, o report.TextOptions) error {
	p := tipText{report.NewSheet(o), t}
	p.heading()
	p.halves()
	p.curve()
	p.runs()
	_, err := p.WriteTo(w)
	return err
}

type tipText struct {
	*report.Sheet
	t *Tipping
}

func (p *tipText) heading() {
	s := p.t.Spec.Search
	look := report.Red
	switch p.t.Verdict {
	case Tips, TipSafe:
		look = report.Green
	case TipTooFew, Unfinished:
		look = report.Yellow
	}
	p.Wrapped(0, look, p.t.Sentence())
	p.Line()
	p.Wrapped(0, report.Dim, fmt.Sprintf("%s: %s from %s to %s; what ceases to hold: %s", p.t.Spec.Scenario, s.Path, s.Low, s.High, strings.Join(strings.Fields(s.Until), " ")))
	if !s.Pushed {
		p.Wrapped(0, report.Dim, "It has no faults, so there is one edge only: runs collapse by themselves or not at all.")
	}
}

// halves says where half of the runs collapse.
func (p *tipText) halves() {
	if p.t.Pushed == nil && p.t.Alone == nil {
		return
	}
	p.Title("Half of the runs collapse at")
	row := func(name string, e *Edge) {
		if e == nil {
			return
		}
		low, high := "?", "?"
		if e.LowKnown {
			low = e.Low.String()
		}
		if e.HighKnown {
			high = e.High.String()
		}
		p.Line("  ", p.Left(name, 22), p.Right(e.Value.String(), 10), "  ", fmt.Sprintf("%s to %s, %s sure", low, high, report.ShareText(p.t.Spec.Search.Confidence)))
	}
	if p.t.Spec.Search.Pushed {
		row("pushed by its faults", p.t.Pushed)
		row("alone, without them", p.t.Alone)
	} else {
		row("by themselves", p.t.Pushed)
	}
}

// drawn are the values of the curve that are drawn: all, or those with most runs.
func (t *Tipping) drawn() (values []Quantity, left int) {
	runs := map[Quantity]int{}
	for i := range t.Curve {
		q := t.Curve[i].Value
		if runs[q] == 0 {
			values = append(values, q)
		}
		runs[q] += t.Curve[i].Runs
	}
	if len(values) <= maxPoints {
		return values, 0
	}
	most := slices.Clone(values[1 : len(values)-1]) // the ends are drawn
	slices.SortStableFunc(most, func(a, b Quantity) int { return runs[b] - runs[a] })
	keep := append(most[:maxPoints-2], values[0], values[len(values)-1])
	left = len(values) - maxPoints
	return slices.DeleteFunc(values, func(q Quantity) bool { return !slices.Contains(keep, q) }), left
}

// curve draws how many runs collapse at each value: a bar as long as the least share
// that the runs allow for, and behind it up to where the most one lies.
func (p *tipText) curve() {
	if len(p.t.Curve) == 0 {
		return
	}
	const bar, numbers = 16, 13
	values, left := p.t.drawn()
	wide := 8
	for _, q := range values {
		wide = max(wide, utf8.RuneCountInString(q.String()))
	}
	p.Title("Runs that collapse")
	variants := []bool{false}
	if p.t.Spec.Search.Pushed {
		variants = []bool{false, true}
		p.Line("  ", p.Left("", wide), "  ", p.In(report.Dim, p.Left("pushed by its faults", bar+numbers+3)), "  ", p.In(report.Dim, "alone, without them"))
	}
	for _, q := range values {
		line := []string{"  ", p.Right(q.String(), wide)}
		for _, calm := range variants {
			line = append(line, "  ")
			i := slices.IndexFunc(p.t.Curve, func(c CurvePoint) bool { return c.Value == q && c.Calm == calm })
			if i < 0 {
				line = append(line, p.Left("", bar+numbers+3))
				continue
			}
			c := p.t.Curve[i]
			sure := int(math.Floor(c.Low*bar + 1e-9))
			may := int(math.Ceil(c.High*bar - 1e-9))
			line = append(line, p.In(report.Red, strings.Repeat(p.Sign("█", "#"), sure)),
				p.In(report.Yellow, strings.Repeat(p.Sign("▒", "-"), may-sure)),
				p.In(report.Dim, strings.Repeat(p.Sign("·", "."), bar-may)), " ",
				p.Right(fmt.Sprintf("%s of %s", grouped(c.Collapsed), grouped(c.Runs)), numbers), "  ")
		}
		p.Line(line...)
	}
	p.Line("  ", p.In(report.Dim, fmt.Sprintf("%s at least, %s up to, %s sure of each value by itself", p.Sign("█", "#"), p.Sign("▒", "-"), report.ShareText(p.t.Spec.Search.Confidence))))
	if left > 0 {
		p.Line("  ", p.In(report.Dim, fmt.Sprintf("%s with fewer runs not drawn", report.SeveralText(left, "value"))))
	}
}

// runs says where the runs went.
func (p *tipText) runs() {
	t := p.t
	purpose := map[string]string{"look": "to look over the range", "refine": "to find where it tips", "measure": "to measure that", "claim": "to be sure of the edges"}
	var names []string
	of := map[string]int{}
	for _, s := range t.Stages {
		if of[s.Name] == 0 {
			names = append(names, s.Name)
		}
		of[s.Name] += s.Runs
	}
	var parts []string
	for _, name := range names {
		parts = append(parts, fmt.Sprintf("%s %s", grouped(of[name]), purpose[name]))
	}
	said := fmt.Sprintf("%s of %s allowed", report.SeveralText(t.Runs, "run"), grouped(t.Spec.Runs))
	if len(parts) > 0 {
		said += ": " + strings.Join(parts, ", ")
	}
	p.Line()
	p.Wrapped(0, report.Dim, said)
	if t.Stopped > 0 {
		p.Wrapped(0, report.Yellow, fmt.Sprintf("A bound of the engine's stopped %s: they count as collapsed.", report.SeveralText(t.Stopped, "run")))
	}
}
