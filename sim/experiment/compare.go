package experiment

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// A Side is one of the two that are compared: a scenario as it was run, or a report that
// was kept.
type Side struct {
	Name     string  // of the scenario
	Sets     []Set   // what was set of it, as far as that is known
	Duration float64 // seconds of each run; 0: unknown
	Records  []Record
}

// A Tolerance is how much worse a headline may be before it counts.
type Tolerance struct {
	Of float64 // of times, rates and counts: the part of what A has; 0: each has its own
	// Named are those of headlines by their names, in parts or, of a share, in points
	// (0.01 is one point). They go before Of.
	Named map[string]float64
}

// A CompareVerdict says what a metric, or all headlines together, came to in B.
type CompareVerdict string

// The verdicts. Of a metric without a better direction there are Up and Down.
const (
	Better    CompareVerdict = "better"
	Worse     CompareVerdict = "worse"
	Same      CompareVerdict = "same"       // within the tolerance
	NotWorse  CompareVerdict = "not worse"  // better or the same
	NotBetter CompareVerdict = "not better" // worse or the same
	Unclear   CompareVerdict = "undecided"
	Up        CompareVerdict = "higher"
	Down      CompareVerdict = "lower"
	Mixed     CompareVerdict = "mixed" // of all: some better, some worse
)

// A Comparison is what B comes to beside A.
type Comparison struct {
	A, B     Side
	Complete bool // all runs that were asked for are there
	Paired   bool // runs with the same seed are held against each other
	Runs     [2]int
	LeftOut  [2]int // runs that did not come to their end, and those without a counterpart
	Metrics  []Compared
	Verdict  CompareVerdict
	// Gate says whether a headline is worse: Worse, NotWorse, or Unclear.
	Gate CompareVerdict
	// Decides is about how many runs a side would tell of those headlines of which it is
	// Unclear whether they are worse; 0 where that is not known.
	Decides int
	// Family is how many headlines there are: that one is better or worse is judged so
	// that in 95% of comparisons none of them is by luck alone.
	Family       int
	OnlyA, OnlyB []string // sources, services, edges and queues that one side does not have
	Unmeasured   []string // headlines of what both have, but not in runs that could be compared: nobody succeeded, say

	seeds []uint64 // of the pairs, or of A's runs
}

// Compared is a metric on both sides.
type Compared struct {
	Path      string
	Runs      [2]int     // that have it
	Mean      [2]float64 // of A, of B
	Low, High float64    // around the difference, B less A; infinite where no interval is known
	// Ratio is the mean of B over that of A with its interval; unknown where A's mean
	// may be 0, or no interval is known.
	Ratio, RatioLow, RatioHigh float64
	RatioKnown                 bool
	Better                     Direction
	Verdict                    CompareVerdict
	Decides                    int // about how many runs a side would tell whether it is worse; 0: decided, or not known

	sampling
	subject string
	trait
}

// Difference is that of the means, B less A.
func (m *Compared) Difference() float64 { return m.Mean[1] - m.Mean[0] }

// Headline says whether the comparison is judged by it.
func (m *Compared) Headline() bool { return m.rank == leading }

// gate says of a headline whether it is worse.
func (m *Compared) gate() CompareVerdict {
	switch m.Verdict {
	case Worse:
		return Worse
	case Better, Same, NotWorse:
		return NotWorse
	default:
		return Unclear
	}
}

// Compare holds B against A, metric by metric. Runs that did not come to their end are
// left out. Where at least half of one side's runs have a counterpart with the same seed
// on the other, these pairs are compared, and runs without one are left out too; else
// all of A are held against all of B.
//
// The error says that a side has no run, or that the two have nothing in common.
func Compare(a, b Side, tolerance Tolerance) (*Comparison, error) {
	c := &Comparison{A: a, B: b, Complete: true}
	var sides [2][]Record
	for k, side := range []Side{a, b} {
		for _, r := range side.Records {
			if r.Complete {
				r.Metrics = append(derived(&r), r.Metrics...)
				sides[k] = append(sides[k], r)
			}
		}
		if len(sides[k]) == 0 {
			return nil, fmt.Errorf("no run of %s came to its end: there is nothing to compare", []string{"A", "B"}[k])
		}
		slices.SortStableFunc(sides[k], func(a, b Record) int { return Trial{Seed: a.Seed}.Compare(Trial{Seed: b.Seed}) })
		sides[k] = slices.CompactFunc(sides[k], func(a, b Record) bool { return a.Seed == b.Seed })
	}
	c.pair(&sides)
	for k, side := range []Side{a, b} {
		c.Runs[k] = len(sides[k])
		c.LeftOut[k] = len(side.Records) - len(sides[k])
	}
	for _, r := range sides[0] {
		c.seeds = append(c.seeds, r.Seed)
	}
	if c.gather(sides); len(c.Metrics) == 0 {
		return nil, errors.New("the two have nothing in common: no source, service, edge or queue of one has the name of one of the other")
	}
	c.judge(tolerance)
	return c, nil
}

// pair keeps the runs that have a counterpart with the same seed, unless they are few.
func (c *Comparison) pair(sides *[2][]Record) {
	a, b := sides[0], sides[1]
	var pairs [2][]Record
	for i, k := 0, 0; i < len(a) && k < len(b); {
		switch {
		case a[i].Seed < b[k].Seed:
			i++
		case a[i].Seed > b[k].Seed:
			k++
		default:
			pairs[0], pairs[1] = append(pairs[0], a[i]), append(pairs[1], b[k])
			i, k = i+1, k+1
		}
	}
	if 2*len(pairs[0]) >= min(len(a), len(b)) {
		c.Paired, *sides = true, pairs
	}
}

// gather makes a row of every metric that both sides have.
func (c *Comparison) gather(sides [2][]Record) {
	var has [2]map[string]bool // the paths that have keys below them on a side
	var owners [2][]string
	for k, records := range sides {
		has[k] = map[string]bool{}
		for i := range records {
			for _, m := range records[i].Metrics {
				if m.Kind {
					continue
				}
				parent := above(m.Path)
				if !has[k][parent] {
					has[k][parent] = true
					if owner := ownerOf(parent); owner != "" && !slices.Contains(owners[k], owner) {
						owners[k] = append(owners[k], owner)
					}
				}
			}
		}
	}
	c.OnlyA, c.OnlyB = without(owners[0], owners[1]), without(owners[1], owners[0])

	all := slices.Concat(sides[0], sides[1])
	kind := map[string]bool{}
	for i := range all {
		for _, m := range all[i].Metrics {
			if m.Kind {
				kind[m.Path] = true
			}
		}
	}
	common, memory := false, quantiles{}
	there := make([]bool, len(all)) // the records that have a metric
	for _, column := range Columns(all) {
		if kind[column.Path] {
			// What never occurred on a side is 0 there, if the thing itself is there.
			of := above(above(column.Path))
			if !has[0][of] || !has[1][of] {
				continue
			}
		}
		s := sampling{paired: c.Paired, memory: memory}
		clear(there)
		for _, of := range column.Of {
			there[of] = true
		}
		for i, of := range column.Of {
			n := len(sides[0])
			switch inA := of < n; {
			case c.Paired && inA && !there[of+n] || c.Paired && !inA && !there[of-n]:
			case inA:
				s.a = append(s.a, column.Values[i])
			default:
				s.b = append(s.b, column.Values[i])
			}
		}
		if len(s.a) == 0 || len(s.b) == 0 {
			if _, t := traitOf(column.Path); t.rank == leading && has[0][above(above(column.Path))] && has[1][above(above(column.Path))] {
				c.Unmeasured = append(c.Unmeasured, column.Path)
			}
			continue
		}
		m := Compared{Path: column.Path, Runs: [2]int{len(s.a), len(s.b)}, sampling: s}
		m.subject, m.trait = traitOf(m.Path)
		m.Better = m.better
		if strings.Contains(m.subject, ".") && m.section != "edges" {
			m.rank = inJSON // of an operation, an instance or a group: its whole has it too
		}
		common = common || m.section != ""
		c.Metrics = append(c.Metrics, m)
	}
	if !common {
		c.Metrics = nil
		return
	}
	// The same number twice tells nothing: of the way of a source into the system; and
	// where nothing is published, done is answered.
	for i := range c.Metrics {
		m := &c.Metrics[i]
		if m.section == "edges" && m.rank == inText {
			from, _, _ := strings.Cut(m.subject, "->")
			if has[0]["sources."+from] {
				m.rank = inJSON
			}
		}
		if m.rank == leading && m.name == "completion.p99" {
			twin := c.metric("sources." + m.subject + ".latency.p99_s")
			if twin != nil && slices.Equal(twin.a, m.a) && slices.Equal(twin.b, m.b) {
				m.rank = inJSON
			}
		}
	}
}

// metric is the row of a path; nil where there is none.
func (c *Comparison) metric(path string) *Compared {
	for i := range c.Metrics {
		if c.Metrics[i].Path == path {
			return &c.Metrics[i]
		}
	}
	return nil
}

// above is a path without its last key; "" above the first.
func above(path string) string {
	return path[:max(0, strings.LastIndexByte(path, '.'))]
}

// ownerOf is the path of a source, service, edge or queue; "" of what lies below one.
func ownerOf(path string) string {
	section, name, ok := strings.Cut(path, ".")
	if !ok || section != "edges" && strings.Contains(name, ".") {
		return ""
	}
	for _, below := range []string{".latency", ".latency_all", ".breaker", ".cache"} {
		if strings.HasSuffix(name, below) {
			return ""
		}
	}
	return path
}

func without(names, others []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return slices.Contains(others, n) })
}

// judge works out every interval and verdict, and what they come to.
func (c *Comparison) judge(tolerance Tolerance) {
	rest := 0
	for i := range c.Metrics {
		if c.Metrics[i].Headline() {
			c.Family++
		} else {
			rest++
		}
	}
	better, worse, unclear, known := 0, 0, 0, true
	for i := range c.Metrics {
		m := &c.Metrics[i]
		family := rest
		if m.Headline() {
			family = c.Family
			if own, ok := tolerance.Named[m.name]; ok {
				m.tolerance = own
			} else if tolerance.Of > 0 && m.unit != inShares {
				m.tolerance = tolerance.Of
			}
		}
		m.judge(1 - (1-Confidence)/float64(family))
		if !m.Headline() {
			continue
		}
		switch m.Verdict {
		case Better:
			better++
		case Worse:
			worse++
		}
		if m.gate() == Unclear {
			unclear++
			known = known && m.Decides > 0
			c.Decides = max(c.Decides, m.Decides)
		}
	}
	if !known {
		c.Decides = 0
	}
	switch {
	case worse > 0 && better > 0:
		c.Verdict = Mixed
	case worse > 0:
		c.Verdict = Worse
	case better > 0:
		c.Verdict = Better
	case unclear > 0:
		c.Verdict = Unclear
	default:
		c.Verdict = Same
	}
	switch {
	case worse > 0:
		c.Gate = Worse
	case unclear > 0:
		c.Gate = Unclear
	default:
		c.Gate, c.Decides = NotWorse, 0
	}
}

// judge works out a metric's interval and verdict.
//
// That it is better or worse is said with the stricter confidence, which allows for all
// metrics that could be so by luck; that it is not, with the plain one: for all headlines
// to be found not worse, each has to be, and that needs no allowance (R. L. Berger,
// "Multiparameter hypothesis testing and acceptance sampling", Technometrics 1982).
func (m *Compared) judge(strict float64) {
	s := &m.sampling
	m.Mean = [2]float64{MeanOf(s.a, Confidence).Mean, MeanOf(s.b, Confidence).Mean}
	difference := s.against(1)
	m.Low, m.High = difference.within(Confidence)
	m.Ratio, m.RatioLow, m.RatioHigh, m.RatioKnown = s.ratio(Confidence)
	alike := s.alike()
	if alike && m.Mean[0] == m.Mean[1] && (s.paired || s.runs() > 1) {
		m.Verdict = Same // not one run differs
		return
	}
	if s.paired && s.runs() == 1 {
		m.judgeOne()
		return
	}
	if alike && s.runs() > 1 && s.runs() < fewest(strict) {
		m.Verdict = Unclear
		m.Decides = fewest(strict)
		return
	}

	// How far B is beyond what would be no worse yet, and beyond what would be no better.
	sign := -float64(m.better)
	if m.better == Neutral {
		sign = 1
	}
	beyond := func(by float64) average {
		var d average
		if m.unit == inShares {
			d = s.against(1)
			d.mean -= by
		} else {
			d = s.against(1 + by)
		}
		d.mean *= sign
		return d
	}
	above, below := beyond(sign*m.tolerance), beyond(-sign*m.tolerance)
	surelyAbove, _ := above.within(strict)
	_, surelyBelow := below.within(strict)
	_, most := above.within(Confidence)
	least, _ := below.within(Confidence)
	switch {
	case surelyAbove > 0:
		m.Verdict = Worse
	case surelyBelow < 0:
		m.Verdict = Better
	case most <= 0 && least >= 0:
		m.Verdict = Same
	case most <= 0:
		m.Verdict = NotWorse
	default:
		m.Verdict = Unclear
		if least >= 0 {
			m.Verdict = NotBetter
		}
		if m.Headline() {
			wanted := Confidence
			if above.mean > 0 {
				wanted = strict
			}
			m.Decides = above.toTell(s.runs(), wanted)
		}
	}
	if m.better == Neutral {
		m.Verdict = withoutDirection[m.Verdict]
	}
}

// gross is how many tolerances apart two single runs have to be to be told apart.
const gross = 10

// judgeOne judges by one run a side with the same seed. There is no interval, so a margin
// has to do: what is worse by many times the tolerance is taken for worse, what is within
// the tolerance for the same, and in between one run cannot tell.
func (m *Compared) judgeOne() {
	worse := m.Mean[1] - m.Mean[0]
	if m.unit != inShares {
		worse /= math.Abs(m.Mean[0]) // infinite where there was nothing
	}
	if m.better != Neutral {
		worse *= -float64(m.better)
	}
	switch {
	case worse > gross*m.tolerance:
		m.Verdict = Worse
	case worse < -gross*m.tolerance:
		m.Verdict = Better
	case math.Abs(worse) <= m.tolerance:
		m.Verdict = Same
	case worse < 0:
		m.Verdict = NotWorse
	default:
		m.Verdict = Unclear
	}
	if m.better == Neutral {
		m.Verdict = withoutDirection[m.Verdict]
	}
}

// withoutDirection are the verdicts where up is neither better nor worse.
var withoutDirection = map[CompareVerdict]CompareVerdict{
	Worse: Up, Better: Down, Same: Same, NotWorse: Unclear, NotBetter: Unclear, Unclear: Unclear,
}

// Infinite says whether no interval is known: one run has none.
func (m *Compared) Infinite() bool { return math.IsInf(m.Low, 0) }
