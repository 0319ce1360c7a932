package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"cascade/sim/des"
	"cascade/topology"
)

// Bounds of what is told of guards one by one.
const (
	maxToldBreakers = 3
	maxToldScaled   = 2
	maxGuardRows    = 6
)

// tellBreakers tells of each edge whose breaker opened, and says how many edges it
// left out.
func (r *Report) tellBreakers(at func(des.Time, string, ...any)) (more int) {
	told := 0
	for i := range r.Edges {
		s := &r.Edges[i].Breaker.story
		if s.opened == 0 {
			continue
		}
		if told++; told > maxToldBreakers {
			continue
		}
		from, to, _ := strings.Cut(r.Edges[i].ID, "->")
		times := ""
		if s.opened > 1 {
			times = grouped(s.opened) + " times "
		}
		whose := from + "'s"
		if strings.HasSuffix(from, "s") {
			whose = from + "'"
		}
		at(s.from, "%s breaker to %s opened %suntil %s, open %s", whose, to, times, r.until(s.until), roughly(s.open))
	}
	return max(told-maxToldBreakers, 0)
}

// tellScaled tells of each service to which instances were added, and says how
// many services it left out.
func (r *Report) tellScaled(at func(des.Time, string, ...any)) (more int) {
	told := 0
	for i := range r.Services {
		a := r.Services[i].Autoscale
		if a == nil {
			continue
		}
		first := slices.IndexFunc(a.Changes, func(ch InstanceChange) bool { return ch.Added })
		if first < 0 {
			continue
		}
		if told++; told > maxToldScaled {
			continue
		}
		added, last := 0, des.Time(0)
		for _, ch := range a.Changes {
			if ch.Added {
				added, last = added+1, ch.At
			}
		}
		when := ""
		if added > 1 {
			when = " until " + clock(last)
		}
		at(a.Changes[first].At, "%s was scaled: %s added%s", r.Services[i].Name, several(added, "instance"), when)
	}
	return max(told-maxToldScaled, 0)
}

// guardOutcomes are those that a guard of a service's own gives.
var guardOutcomes = [...]topology.Outcome{topology.RateLimited, topology.Limited, topology.BulkheadFull, topology.Cancelled}

// A guardRow is what the guards of an edge or a service did.
type guardRow struct {
	name   string
	parts  []string
	weight float64 // the largest share of what it is about
}

func (g *guardRow) add(weight float64, format string, args ...any) {
	g.parts = append(g.parts, fmt.Sprintf(format, args...))
	g.weight = max(g.weight, weight)
}

// kinds adds outcomes that guards gave, as shares of all.
func (g *guardRow) kinds(o *outcomes, all uint64) {
	var parts []string
	sum := uint64(0)
	for k, n := range o {
		if n > 0 {
			parts = append(parts, outcomeWords(topology.Outcome(k))+" "+roughly(ratio(n, all)))
			sum += n
		}
	}
	if len(parts) > 0 {
		g.add(ratio(sum, all), "%s", strings.Join(parts, ", "))
	}
}

// guards tells in few words what guards did: the breakers, what was turned away,
// hedges and caches of edges; what services turned away or stopped, and how they
// were scaled. There is nothing of a run without guards.
func (t *screen) guards(r *Report) {
	var rows []guardRow
	for i := range r.Edges {
		if g := r.Edges[i].guards(r.judged()); len(g.parts) > 0 {
			rows = append(rows, g)
		}
	}
	for i := range r.Services {
		if g := r.Services[i].guards(); len(g.parts) > 0 {
			rows = append(rows, g)
		}
	}
	if len(rows) == 0 {
		return
	}
	wide := 8
	for i := range rows {
		wide = max(wide, utf8.RuneCountInString(rows[i].name))
	}
	wide = min(wide, t.Width/2-12)
	told, order := make([][]string, len(rows)), make([]int, len(rows))
	for i := range rows {
		told[i], order[i] = wrap(strings.Join(rows[i].parts, "; "), t.Width-wide-4), i
	}
	// Where the screen is too small for all of them there are those that did most.
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(rows[b].weight, rows[a].weight) })
	room := max(screenLines-t.lines()-t.chartLines(r)-3, 3)
	var shown []int
	for _, i := range order {
		if n := len(told[i]); len(shown) == 0 || len(shown) < maxGuardRows && n <= room {
			shown = append(shown, i)
			room -= n
		}
	}
	slices.Sort(shown)
	t.title("Guards")
	for _, i := range shown {
		name := rows[i].name
		for _, l := range told[i] {
			t.line("  ", t.left(name, wide), "  ", l)
			name = ""
		}
	}
	if more := len(rows) - len(shown); more > 0 {
		t.line(t.in(dim, fmt.Sprintf("  and %d more", more)))
	}
}

// guards is what the guards of an edge did in the judged time.
func (d *Edge) guards(judged des.Time) guardRow {
	g := guardRow{name: d.ID}
	turned := outcomes(d.TurnedAway)
	tries := d.Attempts + turned.all()
	if b := &d.Breaker; b.Opened > 0 || b.Open > 0 {
		open := portion(des.Time(b.Open*1e9+0.5), judged*des.Time(b.Callers))
		times := ""
		switch b.Opened {
		case 0: // it was open when the warm-up ended
		case 1:
			times = "opened once, "
		default:
			times = fmt.Sprintf("opened %s times, ", grouped(b.Opened))
		}
		away := ratio(turned[topology.BreakerOpen], tries)
		g.add(1+open, "breaker %sopen %s, turned away %s", times, roughly(open), roughly(away))
		turned[topology.BreakerOpen] = 0
	}
	g.kinds(&turned, tries)
	if d.Hedges > 0 {
		share := ratio(d.Hedges, d.Attempts)
		g.add(share, "hedges %s (%s)", roughly(share), grouped(d.Hedges))
	}
	if c := d.Cache; c != nil && c.Hits+c.Misses > 0 {
		share, waited := ratio(c.Hits, d.Calls), ""
		if c.Coalesced > 0 {
			waited = fmt.Sprintf(", coalesced %s", roughly(ratio(c.Coalesced, d.Calls)))
		}
		g.add(share, "cache hits %s%s", roughly(share), waited)
	}
	return g
}

// guards is what the guards of a service did.
func (s *Service) guards() guardRow {
	g := guardRow{name: s.Name}
	answers := outcomes{}
	for _, k := range guardOutcomes {
		answers[k] = s.Answers[k]
	}
	g.kinds(&answers, s.Arrived)
	if a := s.Autoscale; a != nil && a.Added+a.Removed > 0 {
		g.add(1, "%s added, %s removed", several(int(a.Added), "instance"), grouped(a.Removed))
	}
	return g
}
