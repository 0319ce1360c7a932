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
	maxToldEjected  = 2
	maxToldBudgets  = 2
	maxGuardRows    = 6
)

// tellBreakers tells of each edge whose breaker opened, spell by spell, and says how
// many edges it left out.
func (r *Report) tellBreakers(t *telling) (more int) {
	told := 0
	for i := range r.Edges {
		spells := r.Edges[i].Breaker.spells
		if len(spells) == 0 {
			continue
		}
		if told++; told > t.most(maxToldBreakers) {
			continue
		}
		from, to, _ := strings.Cut(r.Edges[i].ID, "->")
		for _, s := range spells {
			times := ""
			if s.opened > 1 {
				times = grouped(s.opened) + " times "
			}
			t.at(s.from, "%s breaker to %s opened %s%s, open %s", whose(from), to, times, r.until(s.until), roughly(s.share))
		}
	}
	return max(told-t.most(maxToldBreakers), 0)
}

// whose is a name with what makes it an owner.
func whose(name string) string {
	if strings.HasSuffix(name, "s") {
		return name + "'"
	}
	return name + "'s"
}

// tellEjected tells of each edge whose callers left out an instance for failing,
// and says how many edges it left out itself.
func (r *Report) tellEjected(t *telling) (more int) {
	told := 0
	for i := range r.Edges {
		e := &r.Edges[i].ejected
		if e.n == 0 {
			continue
		}
		if told++; told > t.most(maxToldEjected) {
			continue
		}
		from, to, _ := strings.Cut(r.Edges[i].ID, "->")
		times := ""
		if e.n > 1 {
			times = " " + grouped(e.n) + " times"
		}
		if e.last > e.from {
			times += ", last at " + clock(r.since(e.last, r.Interval))
		}
		t.again(r.since(e.from, r.Interval), "%s ejected an instance of %s%s", from, to, times)
	}
	return max(told-t.most(maxToldEjected), 0)
}

// ranOut is the share of an edge's retries that its budget must have refused to be
// told of: one that is short for a moment now and then does what it is there for.
const ranOut = 0.1

// tellBudgets tells of each edge whose retry budget ran out, and says how many
// edges it left out.
func (r *Report) tellBudgets(t *telling) (more int) {
	told := 0
	for i := range r.Edges {
		d := &r.Edges[i]
		if d.refused.n < fewest || d.unpaid < ranOut {
			continue
		}
		if told++; told > t.most(maxToldBudgets) {
			continue
		}
		from, to, _ := strings.Cut(d.ID, "->")
		t.again(r.since(d.refused.from, r.Interval), "%s budget refused %s of the retries to %s %s", whose(from), roughly(d.unpaid), to, r.until(d.refused.to))
	}
	return max(told-t.most(maxToldBudgets), 0)
}

// leavesForTheEnd says whether a service's longest waits are of attempts that it
// took last, for callers that had given up: its p99 is twice what callers saw or more.
func (s *Service) leavesForTheEnd() bool {
	return s.waste.lastFirst && !s.waste.hedges && s.waste.callersP99 > 0 && s.Latency.P99 >= 2*s.waste.callersP99
}

// mostForCopies tells of the service that did most work for copies that lost a race;
// "" where none did any to speak of.
func (r *Report) mostForCopies() string {
	i := r.mostWasted(func(s *Service) bool { return s.waste.hedges })
	if i < 0 {
		return ""
	}
	return fmt.Sprintf("%s of %s work was for hedged calls' copies that lost the race", roughly(r.Services[i].Wasted), whose(r.Services[i].Name))
}

// mostStopped tells of the service that stopped most attempts, of those that
// stopped one in a hundred or more; "" where none did.
func (r *Report) mostStopped() string {
	var most *Service
	for i := range r.Services {
		s := &r.Services[i]
		n := s.Answers[topology.Cancelled]
		if ratio(n, s.Arrived) >= 0.01 && (most == nil || n > most.Answers[topology.Cancelled]) {
			most = s
		}
	}
	if most == nil {
		return ""
	}
	return fmt.Sprintf("%s stopped %s that nobody waited for any more", most.Name, several(int(most.Answers[topology.Cancelled]), "attempt"))
}

// tellScaled tells of each service how many instances its autoscaler added and
// removed, and until when, and says how many services it left out.
func (r *Report) tellScaled(t *telling) (more int) {
	told := 0
	for i := range r.Services {
		a := r.Services[i].Autoscale
		if a == nil || len(a.Changes) == 0 {
			continue
		}
		if told++; told > t.most(maxToldScaled) {
			continue
		}
		first := a.Changes[0].At
		var added, removed times
		for _, ch := range a.Changes {
			if ch.Added {
				added.add(1, ch.At, 0)
			} else {
				removed.add(1, ch.At, 0)
			}
		}
		var text string
		switch {
		case removed.n == 0:
			text = several(int(added.n), "instance") + " added" + added.when(first)
		case added.n == 0:
			text = several(int(removed.n), "instance") + " removed" + removed.when(first)
		default:
			text = several(int(added.n), "instance") + " added" + added.when(first) + ", " + grouped(removed.n) + " removed" + removed.when(first)
		}
		t.line(Plain, first, "%s was scaled: %s", r.Services[i].Name, text)
	}
	return max(told-t.most(maxToldScaled), 0)
}

// when says when something happened that is told of at an instant: from and until
// when, as far as it is not at that very instant.
func (t *times) when(told des.Time) string {
	switch {
	case t.last == told:
		return ""
	case t.from == told:
		return " until " + clock(t.last)
	case t.last == t.from:
		return " at " + clock(t.from)
	}
	return " from " + clock(t.from) + " until " + clock(t.last)
}

// guardOutcomes are those with which a guard of a service's own turns attempts away.
var guardOutcomes = [...]topology.Outcome{topology.RateLimited, topology.Limited, topology.BulkheadFull}

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

// An away is how many were turned away, and by what.
type away struct {
	n    uint64
	what string
}

// turnedAway is what guards turned away, by the outcome that they gave.
func turnedAway(o *outcomes) (parts []away) {
	for k, n := range o {
		switch {
		case n == 0:
		case topology.Outcome(k) == topology.Limited:
			parts = append(parts, away{n, "adaptive limit"})
		default:
			parts = append(parts, away{n, outcomeWords(topology.Outcome(k))})
		}
	}
	return parts
}

// turned adds what guards turned away, as shares of all.
func (g *guardRow) turned(parts []away, all uint64) {
	var told []string
	sum := uint64(0)
	for _, p := range parts {
		sum += p.n
		told = append(told, fmt.Sprintf("%s (%s)", roughly(ratio(p.n, all)), p.what))
	}
	if len(told) > 0 {
		g.add(ratio(sum, all), "turned away %s", strings.Join(told, ", "))
	}
}

// guards tells in few words what guards did: the breakers, what was turned away,
// budgets, hedges, ejections and caches of edges; what services turned away or
// stopped, and how they were scaled; what queues turned away, and who waited for a place. There is nothing of a run without guards.
func (t *screen) guards(r *Report) {
	rows := r.guardRows()
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
		t.squeezed = t.squeezed || len(shown) < maxGuardRows
		t.line(t.in(dim, fmt.Sprintf("  and %d more", more)))
	}
}

// guardRows are a row of each edge, service and publish step whose guards, or queue,
// did something.
func (r *Report) guardRows() (rows []guardRow) {
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
	for i := range r.Queues {
		for k := range r.Queues[i].Publishers {
			if g := r.Queues[i].Publishers[k].guards(); len(g.parts) > 0 {
				rows = append(rows, g)
			}
		}
	}
	return rows
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
	g.turned(turnedAway(&turned), tries)
	if n := d.RetriesRefused; n > 0 {
		g.add(ratio(n, n+d.Retries), "budget refused %s of %s retries", grouped(n), grouped(n+d.Retries))
	}
	if d.Hedges > 0 {
		share := ratio(d.Hedges, d.Attempts)
		g.add(share, "sent %s, %s of the attempts", several(int(d.Hedges), "hedge"), roughly(share))
	}
	switch d.Ejections {
	case 0:
	case 1:
		g.add(1, "ejected an instance once")
	default:
		g.add(1, "ejected an instance %s times", grouped(d.Ejections))
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
	var bulkheads []away
	for i := range s.Operations {
		if op := &s.Operations[i]; op.Answers[topology.BulkheadFull] > 0 {
			bulkheads = append(bulkheads, away{op.Answers[topology.BulkheadFull], "bulkhead full at " + op.Name})
		}
	}
	if len(bulkheads) > 0 {
		answers[topology.BulkheadFull] = 0
	}
	g.turned(append(turnedAway(&answers), bulkheads...), s.Arrived)
	if n := s.Answers[topology.Cancelled]; n > 0 {
		share := ratio(n, s.Arrived)
		g.add(share, "stopped %s, %s", several(int(n), "attempt"), roughly(share))
	}
	if a := s.Autoscale; a != nil && a.Added+a.Removed > 0 {
		g.add(1, "%s added, %s removed", several(int(a.Added), "instance"), grouped(a.Removed))
	}
	return g
}
