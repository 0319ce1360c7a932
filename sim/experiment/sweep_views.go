package experiment

import "strings"

// A View is a quantity of a grid's cells that is shown, for whoever draws it.
type View struct {
	Name   string
	OfRuns bool // it is a share of the runs; else a mean over them
	Share  bool // from 0 to 1
	Time   bool // in seconds
	Text   func(float64) string
	At     func(*Cell) Seen
}

// Seen is a quantity at a setting. Low and High are NaN where one run says nothing of
// others.
type Seen struct {
	Value, Low, High float64
	Count, Of        int // of a share of runs: how many of how many
	Known            bool
}

// Views are the quantities of a grid that are shown, in the order in which they were
// asked for.
func (g *Grid) Views() []View {
	var all []View
	for i := range g.columns {
		q := &g.columns[i]
		all = append(all, View{q.name, q.ofRuns, q.share, strings.HasSuffix(q.write(1), "s"), q.write, func(c *Cell) Seen {
			p := q.of(c)
			return Seen{p.value, p.low, p.high, p.count, p.of, p.known}
		}})
	}
	return all
}
