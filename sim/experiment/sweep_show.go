package experiment

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"cascade/sim/report"
)

// A Show is what is shown of a sweep's settings: metrics, and shares of runs.
type Show struct {
	wanted []string // whole paths, with * for any part of one
	exact  map[string]bool
	globs  []string
	texts  Words // what many records say alike
}

// What there is beside the metrics of a report.
const (
	heldPath       = "held"         // all expectations
	metastablePath = "metastable"   // likewise a share of the runs
	expectPath     = "expectations" // .0: the share of runs in which it held, .0.actual: what was measured
)

// MaxShown bounds how many numbers of runs a sweep keeps: runs times metrics.
const MaxShown = 20_000_000

// ParseShow reads what is to be shown, each a path or the short form of one:
//
//	sources.shoppers.latency.p99_s    as in the report
//	shoppers.p99                      as an expectation says it
//	services.*.saturation             several
//	expectations.0  expectations.0.actual  held  metastable
//
// known are the paths of the scenario's metrics, see Paths, and expectations how many it
// has. Nothing asked for is the first expectation, and the success and the p99 of the
// first source.
func ParseShow(texts, known []string, expectations int) (*Show, error) {
	s := &Show{exact: map[string]bool{}, texts: Words{}}
	if len(texts) == 0 {
		if expectations > 0 {
			s.wanted = append(s.wanted, expectPath+".0")
		}
		if all := subjects(known); len(all) > 0 { // a source stands first
			s.wanted = append(s.wanted, all[0]+".success", all[0]+".latency.p99_s")
		}
	}
	for _, text := range texts {
		p, err := resolve(text, known, expectations)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(s.wanted, p) {
			s.wanted = append(s.wanted, p)
		}
	}
	s.sort()
	return s, nil
}

// sort tells whole paths from those with a *.
func (s *Show) sort() {
	for _, p := range s.wanted {
		if strings.Contains(p, "*") {
			s.globs = append(s.globs, p)
		} else {
			s.exact[p] = true
		}
	}
}

// Paths are what is shown, each as the path that ShowPaths takes.
func (s *Show) Paths() []string { return s.wanted }

// ShowPaths shows what another Show does, by its Paths.
func ShowPaths(paths []string) *Show {
	s, _ := ParseShow(nil, nil, 0) // nothing
	s.wanted = paths
	s.sort()
	return s
}

// shortForms are the ends of paths as expectations say them, and as reports do.
var shortForms = [][2]string{
	{"p50", "latency.p50_s"}, {"p90", "latency.p90_s"}, {"p95", "latency.p95_s"}, {"p99", "latency.p99_s"}, {"p999", "latency.p999_s"},
	{"mean", "latency.mean_s"}, {"max", "latency.max_s"},
	{"completion.p50", "completion.p50_s"}, {"completion.p90", "completion.p90_s"}, {"completion.p95", "completion.p95_s"},
	{"completion.p99", "completion.p99_s"}, {"completion.p999", "completion.p999_s"},
	{"completion.mean", "completion.mean_s"}, {"completion.max", "completion.max_s"},
	{"completion.lost", "completion_lost"}, {"completion.unfinished", "completion_unfinished"},
	{"saturation.max", "saturation_max"}, {"queue", "queue_mean"}, {"queue.max", "queue_max"},
	{"depth", "depth_mean"}, {"depth.max", "depth_max"}, {"age.max", "age_max_s"}, {"lag.max", "lag_max"},
}

// resolve is the whole path that a text means.
func resolve(text string, known []string, expectations int) (string, error) {
	text = strings.TrimSpace(text)
	switch first, rest, _ := strings.Cut(text, "."); {
	case text == "":
		return "", errors.New("want a metric, as shoppers.p99")
	case text == heldPath, text == metastablePath:
		return text, nil
	case first == expectPath:
		number, rest, more := strings.Cut(rest, ".")
		n, err := strconv.Atoi(number)
		switch {
		case expectations == 0:
			return "", errors.New("the scenario has no expectations")
		case err != nil || n < 0 || n >= expectations || more && rest != "actual":
			return "", fmt.Errorf("%s: the expectations are %s.0 to %[2]s.%d, and what was measured of the first %[2]s.0.actual", text, expectPath, expectations-1)
		}
		if more {
			return fmt.Sprintf("%s.%d.actual", expectPath, n), nil
		}
		return fmt.Sprintf("%s.%d", expectPath, n), nil
	}
	if strings.Contains(text, "*") {
		for _, p := range ways(text) {
			if _, err := path.Match(p, ""); err != nil {
				return "", fmt.Errorf("%s: want a path with * for any part of it", text)
			}
			if slices.ContainsFunc(known, func(k string) bool { return matches(p, k) }) {
				return p, nil
			}
		}
		return "", fmt.Errorf("%s: no metric's path is like that", text)
	}
	for _, p := range ways(text) {
		if slices.Contains(known, p) || mayOccur(p, known) {
			return p, nil
		}
	}
	return "", unknown(text, known)
}

// ways are the whole paths that a text may mean, the first to be tried first.
func ways(text string) []string {
	texts := []string{text}
	for _, f := range shortForms {
		if subject, ok := strings.CutSuffix(text, "."+f[0]); ok {
			texts = append(texts, subject+"."+f[1])
		}
	}
	all := slices.Clone(texts)
	for _, t := range texts {
		for _, root := range measured {
			all = append(all, root+"."+t)
		}
	}
	for _, t := range texts { // the parts of a service and of a stream, as expectations name them
		if whole, part, ok := strings.Cut(t, "."); ok {
			all = append(all, "services."+whole+".operations."+part, "queues."+whole+".groups."+part)
		}
	}
	return all
}

// matches says whether a path is as a pattern says. A * is any part of it, dots too.
func matches(pattern, p string) bool {
	ok, err := path.Match(pattern, p)
	return ok && err == nil
}

// occurrences are the kinds of what is counted by kind, as far as a report names them.
var occurrences = []string{"success", "error", "timeout", "rejected", "refused", "reset", "rate_limited", "limited", "breaker_open", "bulkhead_full", "throttled", "cancelled"}

// mayOccur says whether a path is that of a kind of thing that need not have occurred.
func mayOccur(p string, known []string) bool {
	i := strings.LastIndexByte(p, '.')
	if i < 0 || !isKind(p) || !slices.Contains(occurrences, p[i+1:]) {
		return false
	}
	of := p[:strings.LastIndexByte(p[:i], '.')+1]
	return slices.ContainsFunc(known, func(k string) bool { return strings.HasPrefix(k, of) })
}

// isKind says whether a path is that of a kind of thing, which is 0 where it is missing.
func isKind(p string) bool {
	parts := strings.Split(p, ".")
	return len(parts) > 1 && slices.Contains(append([]string{"tries"}, kinds...), parts[len(parts)-2])
}

// subjects are what there are metrics of, by their paths: with what the first metric of
// each is called they end. An edge's name may have dots in it.
func subjects(known []string) []string {
	first := map[string]string{"sources": ".offered", "services": ".arrived", "edges": ".calls", "queues": ".published"}
	var all []string
	for _, k := range known {
		root, _, _ := strings.Cut(k, ".")
		if s, ok := strings.CutSuffix(k, first[root]); ok && !strings.Contains(s, ".instances.") {
			all = append(all, s)
		}
	}
	return all
}

// spoken is a path without the root, and whatever else a short form leaves out.
func spoken(p string) string {
	_, p, _ = strings.Cut(p, ".")
	p = part(p)
	for _, f := range shortForms {
		if subject, ok := strings.CutSuffix(p, "."+f[1]); ok {
			return subject + "." + f[0]
		}
	}
	return p
}

// part is a path that leaves out of a service's operation, or a stream's group, that it is
// one, as expectations do.
func part(p string) string {
	return strings.NewReplacer(".operations.", ".", ".groups.", ".").Replace(p)
}

// unknown says what there is in place of a path that is none.
func unknown(text string, known []string) error {
	all := subjects(known)
	begins := func(p string) bool { return text == p || strings.HasPrefix(text, p+".") }
	var of, called string // the subject with the longest name that the text begins with
	var names []string
	for _, s := range all {
		_, name, _ := strings.Cut(s, ".")
		names = append(names, part(name))
		for _, n := range []string{s, name, part(name)} {
			if begins(n) && len(n) > len(called) {
				of, called = s, n
			}
		}
	}
	if of != "" {
		var ends []string
		_, name, _ := strings.Cut(of, ".")
		for _, k := range known {
			if !strings.HasPrefix(k, of+".") {
				continue
			}
			end := strings.TrimPrefix(spoken(k), part(name)+".")
			short := slices.ContainsFunc(shortForms, func(f [2]string) bool { return f[0] == end })
			if short || !strings.Contains(end, ".") {
				ends = append(ends, end)
			}
		}
		if best := report.Nearest(strings.TrimPrefix(text[len(called):], "."), ends); best != "" {
			return fmt.Errorf("%s: a report has no such number; did you mean %q?", text, called+"."+best)
		}
		return fmt.Errorf("%s: a report has no such number; of %s it has %s", text, called, firstOf(ends))
	}
	subject, end := text, ""
	if i := strings.LastIndexByte(text, '.'); i >= 0 {
		subject, end = text[:i], text[i:]
	}
	if best := report.Nearest(subject, append(names, all...)); best != "" {
		return fmt.Errorf("%s: there is no %q; did you mean %q?", text, subject, best+end)
	}
	if best := report.Nearest(text, []string{heldPath, metastablePath}); best != "" {
		return fmt.Errorf("%s: there is no such metric; did you mean %q?", text, best)
	}
	return fmt.Errorf("%s: there is no %q; there are %s", text, subject, firstOf(append(names, heldPath, metastablePath)))
}

// firstOf lists the first names.
func firstOf(names []string) string {
	const most = 12
	if more := len(names) - most; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), more)
	}
	return strings.Join(names, ", ")
}

// Hold keeps of a record what NewSweep reads of it, which is much less than all where there
// are many runs.
func (s *Show) Hold(r Record) Record {
	held := Record{Trial: r.Trial, Complete: r.Complete, Metastable: r.Metastable}
	for _, o := range r.Expectations {
		o.Text, o.Why = s.texts.one(o.Text), ""
		held.Expectations = append(held.Expectations, o)
	}
	for _, m := range r.Metrics {
		if s.has(m.Path) {
			held.Metrics = append(held.Metrics, Metric{s.texts.one(m.Path), m.Value, m.Kind})
		}
	}
	return held
}

func (s *Show) has(p string) bool {
	return s.exact[p] || slices.ContainsFunc(s.globs, func(g string) bool { return matches(g, p) })
}

// Several says how many of the paths are shown.
func (s *Show) Several(known []string) int {
	n := 0
	for _, p := range known {
		if s.has(p) {
			n++
		}
	}
	return n
}

// metrics are the paths that are shown: those that are named, and those that any of the
// records has of the others.
func (s *Show) metrics(records []Record) []string {
	var found []string // by the records' order
	if len(s.globs) > 0 {
		seen := map[string]bool{}
		for i := range records {
			for _, m := range records[i].Metrics {
				if !seen[m.Path] {
					seen[m.Path] = true
					found = append(found, m.Path)
				}
			}
		}
	}
	var all []string
	for _, w := range s.wanted {
		switch {
		case s.exact[w] && !isOfRuns(w):
			all = append(all, w)
		case !s.exact[w]:
			for _, p := range found {
				if matches(w, p) && !s.exact[p] && !slices.Contains(all, p) {
					all = append(all, p)
				}
			}
		}
	}
	return all
}

// isOfRuns says whether a path is none of a report's.
func isOfRuns(p string) bool {
	return p == heldPath || p == metastablePath || strings.HasPrefix(p, expectPath+".")
}

// A View is a quantity of a grid's settings that is shown, for whoever draws it.
type View struct {
	Name   string // what it is called where it is shown
	Text   func(float64) string
	Share  bool // from 0 to 1
	OfRuns bool // it is a share of the runs; else a mean over them
	Time   bool // in seconds
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
func (g *Grid) Views() []View { return g.views }

func (s *Show) views(g *Grid) []View {
	var all []View
	ofRuns := func(name string, of func(*Cell) *Share) {
		all = append(all, View{Name: name, Text: report.ShareText, Share: true, OfRuns: true, At: func(c *Cell) Seen {
			s := of(c)
			if s == nil || s.Of == 0 {
				return Seen{}
			}
			return Seen{s.value(), s.Low, s.High, s.Count, s.Of, true}
		}})
	}
	ofMetric := func(name, p string, of func(*Cell) *Estimate) {
		v := formOf(p)
		v.Name, v.At = name, func(c *Cell) Seen {
			e := of(c)
			if e == nil || e.N == 0 {
				return Seen{}
			}
			return Seen{Value: e.Mean, Low: e.Low, High: e.High, Known: true}
		}
		all = append(all, v)
	}
	expectation := func(n int) func(c *Cell) *Held {
		return func(c *Cell) *Held {
			if n >= len(c.Expectations) {
				return nil
			}
			return &c.Expectations[n]
		}
	}
	shown := map[string]bool{}
	for _, w := range s.wanted {
		switch {
		case w == heldPath:
			ofRuns(w, func(c *Cell) *Share { return &c.Held })
		case w == metastablePath:
			ofRuns(w, func(c *Cell) *Share { return &c.Metastable })
		case isOfRuns(w):
			number, actual := strings.CutSuffix(strings.TrimPrefix(w, expectPath+"."), ".actual")
			n, _ := strconv.Atoi(number)
			of := expectation(n)
			if !actual {
				ofRuns(w, func(c *Cell) *Share {
					if h := of(c); h != nil {
						return &h.Share
					}
					return nil
				})
				continue
			}
			ofMetric(w, g.Spec.measure(n), func(c *Cell) *Estimate {
				if h := of(c); h != nil {
					return &h.Actual
				}
				return nil
			})
		default:
			for k, p := range g.Metrics {
				if !shown[p] && (p == w || !s.exact[w] && matches(w, p)) {
					shown[p] = true
					ofMetric(spoken(p), p, func(c *Cell) *Estimate { return &c.Metrics[k] })
				}
			}
		}
	}
	return all
}

// measure is the path that the metric of an expectation would have in a report, as far as
// its last name tells: success, latency.p99_s.
func (s *Spec) measure(n int) string {
	if n >= len(s.Expectations) {
		return ""
	}
	words := strings.Fields(s.Expectations[n].Text)
	if len(words) == 0 {
		return ""
	}
	if len(words) > 1 && words[1] == "recovers" {
		return "recovered_s"
	}
	name := words[0]
	if i := strings.IndexAny(name, "<>=!"); i > 0 && !strings.HasPrefix(name[i:], "->") {
		name = name[:i]
	}
	for _, f := range shortForms {
		if strings.HasSuffix(name, "."+f[0]) {
			return f[1]
		}
	}
	return name
}

// formOf says how the number at a path is written, by the end of the path.
func formOf(p string) View {
	end := p[strings.LastIndexByte(p, '.')+1:]
	switch {
	case strings.HasSuffix(end, "_s"):
		return View{Text: report.SecondsText, Time: true}
	case slices.Contains([]string{"success", "saturation", "saturation_max", "utilization", "wasted", "completion_lost", "completion_unfinished"}, end) && !isKind(p):
		return View{Text: report.ShareText, Share: true}
	case end == "goodput":
		return View{Text: report.RateText}
	}
	return View{Text: report.CountText}
}
