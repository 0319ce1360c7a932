package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/topology"
)

// An Expectation is one line that a run is judged by, resolved against a plan:
//
//	SUBJECT.METRIC OP VALUE [during FAULT | after FAULT | before FAULT | from T to T] [in SHARE of runs]
//	SUBJECT recovers within D of FAULT [in SHARE of runs]
//
// Without a window it is judged on the totals: what began after the warm-up. In
// a window everything counts at its own instant. "during" a fault that comes back
// is all of its occurrences together, "before" it is from the warm-up's end to its
// first begin, "after" it is from its last end to the end of the run.
type Expectation struct {
	Text string // as written

	subject   subject
	metric    int // into metrics
	op        comparison
	bound     float64 // in the metric's unit; for a recovery in seconds
	windowed  bool
	spans     []span // of a windowed one: where it looks, in order, apart from each other
	emptiness string // why spans is empty

	recovery *recovery

	runs float64 // share of runs in which it must hold; 0: it is about this run
}

// Share is the share of runs in which the expectation must hold, 0 where none is written.
func (e *Expectation) Share() float64 { return e.runs }

// OfOneRun is the expectation as each of many runs is judged by it, whatever the share
// of them in which it must hold.
func (e Expectation) OfOneRun() Expectation {
	e.runs = 0
	return e
}

// Alone is the text of the expectation without the share of runs in which it must hold,
// which stands at its end: in SHARE of runs.
func (e *Expectation) Alone() string {
	if e.runs == 0 {
		return e.Text
	}
	words := strings.Fields(e.Text)
	return strings.Join(words[:len(words)-4], " ")
}

// Before is, of a recovery, the text of an expectation that measures what the subject
// comes back to: its success rate before the fault. Of others it is "".
func (e *Expectation) Before() string {
	if e.recovery == nil {
		return ""
	}
	subject := strings.Fields(e.Text)[0]
	return subject + ".success >= 0% before " + e.recovery.fault
}

// A recovery is what "recovers within D of FAULT" asks, once an occurrence.
type recovery struct {
	fault    string
	within   des.Time
	interval des.Time // the plan's
	after    []aftermath
	nothing  string // why after is empty

	// Where the rate to come back to is taken, from the best to the last resort:
	// since the last fault before this one, while no fault was in force, at any time
	// from the warm-up's end to the fault's first begin.
	recent span // empty where it is shorter than an interval
	free   []span
	before span
}

// An aftermath is the time between a fault's end and whatever comes next: another
// fault, or the end of the run. The subject must be back at due, or at next where
// that is earlier.
type aftermath struct{ end, due, next des.Time }

type span struct{ from, to des.Time }

// A Problem is something wrong with an expectation's text.
type Problem struct {
	Offset, Length int // the words it is about, in bytes of the text
	Message        string
}

type subjectKind uint8

const (
	sourceSubject subjectKind = 1 << iota
	serviceSubject
	operationSubject
	edgeSubject
	queueSubject
	groupSubject // of a stream
)

func (k subjectKind) String() string {
	switch k {
	case sourceSubject:
		return "source"
	case serviceSubject:
		return "service"
	case operationSubject:
		return "operation"
	case queueSubject:
		return "queue"
	case groupSubject:
		return "group"
	default:
		return "edge"
	}
}

// A subject is what an expectation is about.
type subject struct {
	kind      subjectKind
	index, op int   // source, service or queue, and operation
	edges     []int // into Plan.Edges(): every call step that the name matches
	breakers  int   // of an edge: caller instances' breakers, of all edges together
	unlimited bool  // of a service or operation: its threads are
	scales    bool  // likewise: its instances come and go
	publishes bool  // of a source, service or operation: it may set off a publish
	stream    bool  // of a queue: it is one
	group     int   // of a group: which of the stream's, index
	feeders   []int // of a queue: those whose dead letters it takes, or what a redrive moves
}

type comparison uint8

const (
	less comparison = iota
	atMost
	more
	atLeast
	equal
	unequal
)

var comparisons = [...]string{"<", "<=", ">", ">=", "==", "!="}

func (c comparison) holds(actual, bound float64) bool {
	switch c {
	case less:
		return actual < bound
	case atMost:
		return actual <= bound
	case more:
		return actual > bound
	case atLeast:
		return actual >= bound
	case equal:
		return actual == bound
	default:
		return actual != bound
	}
}

// ParseExpectation reads one expectation against the plan whose run it will
// judge. It reports every problem it finds; with any, the Expectation is of no use.
func ParseExpectation(text string, p *sim.Plan) (Expectation, []Problem) {
	r := reader{text: text, plan: p, words: split(text)}
	e := r.expectation()
	e.Text = text
	slices.SortStableFunc(r.problems, func(a, b Problem) int { return a.Offset - b.Offset })
	return e, r.problems
}

// Cuts are the instants at which a sample must end so that every expectation's
// window is exact: they belong into sim.Plan.Cuts. Ascending, without repeats.
func Cuts(exps []Expectation) []des.Time {
	var cuts []des.Time
	for i := range exps {
		for _, s := range exps[i].spans {
			cuts = append(cuts, s.from, s.to)
		}
		if rec := exps[i].recovery; rec != nil {
			cuts = append(cuts, rec.before.from, rec.before.to)
			for _, s := range rec.free {
				cuts = append(cuts, s.from, s.to)
			}
			for i := range rec.after {
				a := &rec.after[i]
				cuts = append(cuts, a.end, min(a.due, a.next), a.next)
				begin, width := rec.lastPieces(a)
				for at := begin + width; at < a.next; at += width {
					cuts = append(cuts, at)
				}
			}
		}
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	if len(cuts) > 0 && cuts[0] == 0 {
		cuts = cuts[1:]
	}
	return cuts
}

// A word is a piece of an expectation's text.
type word struct {
	at   int
	text string
}

// split cuts a text at blanks and around operators; the > of an arrow is none.
func split(text string) []word {
	var words []word
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
		case isOperator(text, i):
			n := 1
			for i+n < len(text) && strings.IndexByte("<>=!", text[i+n]) >= 0 {
				n++
			}
			words = append(words, word{i, text[i : i+n]})
			i += n
		default:
			n := 0
			for i+n < len(text) && strings.IndexByte(" \t\n\r", text[i+n]) < 0 && !isOperator(text, i+n) {
				n++
			}
			words = append(words, word{i, text[i : i+n]})
			i += n
		}
	}
	return words
}

func isOperator(text string, i int) bool {
	return strings.IndexByte("<>=!", text[i]) >= 0 && !(text[i] == '>' && i > 0 && text[i-1] == '-')
}

// A reader takes an expectation's words one by one.
type reader struct {
	text     string
	plan     *sim.Plan
	words    []word
	next     int
	problems []Problem
}

func (r *reader) problem(w word, format string, args ...any) {
	r.problems = append(r.problems, Problem{w.at, len(w.text), fmt.Sprintf(format, args...)})
}

// take is the next word; at the end an empty one that stands behind the text.
func (r *reader) take() word {
	w := r.peek()
	if r.next < len(r.words) {
		r.next++
	}
	return w
}

func (r *reader) peek() word {
	if r.next < len(r.words) {
		return r.words[r.next]
	}
	return word{len(strings.TrimRight(r.text, " \t\r\n")), ""}
}

const form = "SUBJECT.METRIC OP VALUE, as in shoppers.p99 < 400ms, or SUBJECT recovers within D of FAULT"

func (r *reader) expectation() Expectation {
	var e Expectation
	if len(r.words) == 0 {
		r.problem(r.peek(), "an expectation is empty: write %s", form)
		return e
	}
	first := r.take()
	if second := r.peek(); second.text == "recovers" || len(r.words) > 1 && !strings.Contains(first.text, ".") && near(second.text, "recovers") {
		r.recovers(&e, first)
	} else {
		r.compares(&e, first)
	}
	if w := r.peek(); w.text == "in" {
		e.runs = r.inRuns()
	}
	if r.next < len(r.words) && len(r.problems) == 0 {
		w := r.peek()
		w.text = strings.TrimRight(r.text[w.at:], " \t\r\n")
		r.problem(w, "unexpected %q; after the value may follow: during FAULT, after FAULT, before FAULT or from T to T, and then in SHARE of runs", w.text)
	}
	return e
}

// compares reads METRIC OP VALUE and the window.
func (r *reader) compares(e *Expectation, first word) {
	m := r.subjectAndMetric(e, first)
	if w := r.take(); w.text == "" {
		r.problem(w, "the comparison is missing: write %s", form)
		return
	} else if i := slices.Index(comparisons[:], w.text); i >= 0 {
		e.op = comparison(i)
	} else if w.text == "=" {
		r.problem(w, "%q is no comparison; did you mean \"==\"?", w.text)
	} else if w.text == "=<" || w.text == "=>" {
		r.problem(w, "%q is no comparison; did you mean %q?", w.text, w.text[1:]+"=")
	} else {
		r.problem(w, "%q is no comparison; it is one of %s", w.text, strings.Join(comparisons[:], " "))
		if !isOperator(w.text, 0) && r.next < len(r.words) && slices.Contains(comparisons[:], r.peek().text) {
			r.take() // a stray word before the comparison: go on behind it
		}
	}
	if w := r.take(); w.text == "" {
		r.problem(w, "the value to compare with is missing")
		return
	} else if m >= 0 {
		e.bound = r.value(w, &metrics[m])
	}
	at := r.peek()
	r.window(e)
	if m >= 0 && e.windowed && metrics[m].need&wholeRun != 0 {
		r.problem(at, "%s is what is not done at the end of the run; write it without a window", metrics[m].name)
	}
}

// subjectAndMetric resolves the first word: source.metric, service.metric,
// service.operation.metric, edge.metric, queue.metric or queue.group.metric. It
// returns the metric's row, or -1.
func (r *reader) subjectAndMetric(e *Expectation, w word) int {
	e.metric = -1
	start := 0 // of the part behind the arrow
	arrow := strings.Index(w.text, "->")
	if arrow >= 0 {
		start = arrow + 2
	}
	dot := strings.IndexByte(w.text[start:], '.')
	if dot < 0 {
		r.problem(w, "%q names no metric: write %s", w.text, form)
		return -1
	}
	dot += start
	name, rest := w.text[:dot], w.text[dot+1:]

	// Behind the first dot stands an operation, a group or the metric. Where all of it
	// is a metric it is taken as such.
	kind, queue := serviceSubject, -1
	if arrow >= 0 {
		kind = edgeSubject
	} else if queue = slices.Index(r.queueNames(), name); queue >= 0 {
		kind = queueSubject
	}
	hasOp := false
	if second := strings.IndexByte(rest, '.'); second > 0 && metricOf(rest, kind) < 0 {
		op, _, _ := strings.Cut(rest[:second], "#")
		s := r.service(name[start:])
		if s >= 0 && (r.operation(s, op) >= 0 || !beginsMetric(op)) ||
			queue >= 0 && (slices.Contains(r.groupNames(queue), op) || !beginsMetric(op) && nearest(rest, metricNames(kind)) == "") {
			hasOp = true
			name, rest = w.text[:dot+1+second], rest[second+1:]
		}
	}

	at := word{w.at, name}
	s, ok := r.subject(at, arrow)
	metricWord := word{w.at + len(w.text) - len(rest), rest}
	if !ok {
		if m := metricOf(rest, timed); m < 0 && !hasOp {
			r.unknownMetric(metricWord, timed, "")
		}
		return -1
	}
	e.subject = s
	if m := metricOf(rest, s.kind); m >= 0 {
		e.metric = m
		return m
	}
	r.unknownMetric(metricWord, s.kind, name)
	return -1
}

// beginsMetric says whether a word is the first of a metric's two, as saturation
// is of saturation.max.
func beginsMetric(name string) bool {
	for i := range metrics {
		if strings.HasPrefix(metrics[i].name, name+".") {
			return true
		}
	}
	return false
}

// inShort lists metrics with those of completions in one.
func inShort(names []string) []string {
	var short []string
	for _, n := range names {
		if !strings.HasPrefix(n, "completion.") {
			short = append(short, n)
		} else if n == "completion.p50" {
			short = append(short, n+" … completion.unfinished")
		}
	}
	return short
}

func (r *reader) unknownMetric(w word, on subjectKind, subject string) {
	names := metricNames(on)
	hint := ""
	if best := nearest(w.text, names); best != "" {
		hint = fmt.Sprintf("; did you mean %q?", best)
	} else if subject != "" {
		hint = "; it has " + among(inShort(names))
	}
	switch {
	case subject == "":
		r.problem(w, "unknown metric %q%s", w.text, hint)
	case on == queueSubject && r.isGroup(subject, w.text):
		r.problem(w, "%q is a group of the stream %q; say what of it, as in %s.%s.lag", w.text, subject, subject, w.text)
	case on&poolOrOp != 0 && metricOf(w.text, queueSubject) >= 0 && r.askQueue(subject, w.text) != "":
		r.problem(w, "the %s %q has no metric %q; %s", on, subject, w.text, r.askQueue(subject, w.text))
	case on == groupSubject && metricOf(w.text, queueSubject) >= 0:
		stream, _, _ := strings.Cut(subject, ".")
		r.problem(w, "the group %q has no metric %q; ask the stream: %s.%s", subject, w.text, stream, w.text)
	case on == edgeSubject:
		r.problem(w, "the edge %s has no metric %q%s", subject, w.text, hint)
	default:
		r.problem(w, "the %s %q has no metric %q%s", on, subject, w.text, hint)
	}
}

// askQueue says of which queue a service's metric is to be asked: of one that it
// consumes, or hands messages to; "" where there is none.
func (r *reader) askQueue(subject, metric string) string {
	name, _, _ := strings.Cut(subject, ".")
	t := r.plan.Topology
	s := r.service(name)
	for _, c := range t.Services[s].Consumes {
		q := &t.Queues[c.Queue]
		ask := q.Name
		if q.Kind == topology.Stream && len(t.Groups(c.Queue)) > 1 && metricOf(metric, groupSubject) >= 0 {
			ask += "." + name
		}
		return fmt.Sprintf("it consumes %s: write %s.%s", q.Name, ask, metric)
	}
	for _, p := range t.Publishes {
		if p.From.Service == s {
			return fmt.Sprintf("it publishes to %s: write %s.%s", t.Queues[p.Queue].Name, t.Queues[p.Queue].Name, metric)
		}
	}
	return ""
}

// isGroup says whether a name is that of a group of a stream.
func (r *reader) isGroup(queue, name string) bool {
	q := slices.Index(r.queueNames(), queue)
	return q >= 0 && slices.Contains(r.groupNames(q), name)
}

// groupNames are the groups of a stream; a queue of work has none.
func (r *reader) groupNames(queue int) []string {
	if r.plan.Topology.Queues[queue].Kind != topology.Stream {
		return nil
	}
	return readersOf(r.plan.Topology, queue)
}

// subject finds what a name means; it reports the problem where it means nothing.
func (r *reader) subject(w word, arrow int) (subject, bool) {
	if arrow >= 0 {
		return r.edge(w, arrow)
	}
	name, op, dotted := strings.Cut(w.text, ".")
	for i := range r.plan.Sources {
		if r.plan.Sources[i].Name == name && !dotted {
			return subject{kind: sourceSubject, index: i, publishes: setsOff(r.plan.Topology).at(r.plan.Sources[i].Edge.To)}, true
		}
	}
	if q := slices.Index(r.queueNames(), name); q >= 0 {
		s := r.queue(q)
		if !dotted {
			return s, true
		}
		groups := r.groupNames(q)
		s.kind, s.group = groupSubject, slices.Index(groups, op)
		at := word{w.at + len(name) + 1, op}
		switch {
		case s.group >= 0:
			return s, true
		case !s.stream:
			r.problem(at, "%q is a queue of work, which has no groups; write %s and what of it, as in %s.lag", name, name, name)
		case len(groups) == 0:
			r.problem(at, "nobody consumes the stream %q, so it has no groups", name)
		case nearest(op, groups) == "" && len(groups) <= 5:
			r.problem(at, "the stream %q has no group %q; there is %s", name, op, among(groups))
		default:
			r.problem(at, "the stream %q has no group %q%s", name, op, didYouMean(op, groups))
		}
		return subject{}, false
	}
	s := r.service(name)
	if s < 0 {
		kinds, names := "source, service or edge", append(r.sourceNames(), r.serviceNames()...)
		if queues := r.queueNames(); len(queues) > 0 {
			kinds, names = "source, service, queue or edge", append(names, queues...)
		}
		r.problem(word{w.at, name}, "no %s is called %q%s", kinds, name, didYouMean(name, names))
		return subject{}, false
	}
	unlimited := r.plan.Topology.Services[s].Threads == topology.Unlimited
	scaled := scales(r.plan, s)
	publishes := setsOff(r.plan.Topology)[s]
	if !dotted {
		return subject{kind: serviceSubject, index: s, unlimited: unlimited, scales: scaled, publishes: slices.Contains(publishes, true)}, true
	}
	if o := r.operation(s, op); o >= 0 {
		return subject{kind: operationSubject, index: s, op: o, unlimited: unlimited, scales: scaled, publishes: publishes[o]}, true
	}
	r.problem(word{w.at + len(name) + 1, op}, "the service %q has no operation %q%s", name, op, didYouMean(op, r.operationNames(s)))
	return subject{}, false
}

// queue is a queue as a subject.
func (r *reader) queue(q int) subject {
	queues := r.plan.Topology.Queues
	s := subject{kind: queueSubject, index: q, stream: queues[q].Kind == topology.Stream}
	for i := range queues {
		if queues[i].DeadLetter == q {
			s.feeders = append(s.feeders, i)
		}
	}
	for i := range r.plan.Faults {
		f := &r.plan.Faults[i]
		if f.Kind == sim.Redrive && f.To == q || f.Set.DeadLetter != nil && *f.Set.DeadLetter == q {
			s.feeders = append(s.feeders, f.Queues...)
		}
	}
	return s
}

// edge finds every call step between the two ends of FROM->TO; TO may end in #2
// for the second step alone.
func (r *reader) edge(w word, arrow int) (subject, bool) {
	from, to := w.text[:arrow], w.text[arrow+2:]
	to, nth, numbered := strings.Cut(to, "#")
	if slices.Contains(r.queueNames(), to) {
		name, _, _ := strings.Cut(from, ".")
		s := r.service(name)
		if slices.ContainsFunc(r.plan.Topology.Publishes, func(p *topology.Publish) bool {
			return p.From.Service == s && r.plan.Topology.Queues[p.Queue].Name == to
		}) {
			r.problem(w, "%s publishes to a queue; ask the queue, as in %s.rejected or %s.p99", w.text, to, to)
		} else {
			r.problem(w, "%q is a queue, and nothing leads to it from %s; ask the queue, as in %s.p99", to, from, to)
		}
		return subject{}, false
	}
	if slices.Contains(r.queueNames(), from) {
		hint := from + ".acknowledged or " + from + ".p99"
		if r.isGroup(from, to) {
			hint = from + "." + to + ".acknowledged or " + from + "." + to + ".lag"
		}
		if r.service(to) >= 0 {
			hint += ", or the service, as in " + to + ".throughput"
		}
		r.problem(word{w.at, from}, "%q is a queue, and calls nobody; ask it, as in %s", from, hint)
		return subject{}, false
	}
	before := len(r.problems)
	fromSource, fromRef, ok := r.edgeEnd(word{w.at, from}, true)
	_, toRef, ok2 := r.edgeEnd(word{w.at + arrow + 2, to}, false)
	if !ok || !ok2 {
		if len(r.problems) == before {
			r.problem(w, "an edge is written FROM->TO, as in checkout->payment")
		}
		return subject{}, false
	}
	matches := func(want, got topology.OpRef) bool {
		return want.Service == got.Service && (want.Op < 0 || want.Op == got.Op)
	}
	s := subject{kind: edgeSubject}
	for i, e := range r.plan.Edges() {
		isSource := i < len(r.plan.Sources)
		switch {
		case !matches(toRef, e.To):
		case fromSource >= 0 && i == fromSource, fromSource < 0 && !isSource && matches(fromRef, e.From):
			if _, n, has := strings.Cut(e.ID, "#"); !numbered || has && n == nth || !has && nth == "1" {
				s.edges = append(s.edges, i)
				s.breakers += breakersOf(r.plan, i, e)
			}
		}
	}
	if len(s.edges) > 0 {
		return s, true
	}
	var ids []string
	for _, e := range r.plan.Edges() {
		ids = append(ids, e.ID)
	}
	r.problem(w, "there is no call step %s%s", w.text, didYouMean(w.text, ids))
	return subject{}, false
}

// edgeEnd resolves one end of an edge: a source (from only), a service or an operation.
func (r *reader) edgeEnd(w word, from bool) (source int, ref topology.OpRef, ok bool) {
	name, op, dotted := strings.Cut(w.text, ".")
	names := r.serviceNames()
	if from {
		for i := range r.plan.Sources {
			if r.plan.Sources[i].Name == w.text {
				return i, topology.OpRef{Service: -1, Op: -1}, true
			}
		}
		names = append(r.sourceNames(), names...)
	}
	ref = topology.OpRef{Service: r.service(name), Op: -1}
	if ref.Service < 0 {
		if name != "" {
			what := "service"
			if from {
				what = "source or service"
			}
			r.problem(word{w.at, name}, "no %s is called %q%s", what, name, didYouMean(name, names))
		}
		return -1, ref, false
	}
	if dotted {
		if ref.Op = r.operation(ref.Service, op); ref.Op < 0 {
			r.problem(word{w.at + len(name) + 1, op}, "the service %q has no operation %q%s", name, op, didYouMean(op, r.operationNames(ref.Service)))
			return -1, ref, false
		}
	}
	return -1, ref, true
}

func (r *reader) sourceNames() []string {
	var names []string
	for i := range r.plan.Sources {
		names = append(names, r.plan.Sources[i].Name)
	}
	return names
}

func (r *reader) serviceNames() []string {
	var names []string
	for i := range r.plan.Topology.Services {
		names = append(names, r.plan.Topology.Services[i].Name)
	}
	return names
}

func (r *reader) queueNames() []string {
	var names []string
	for i := range r.plan.Topology.Queues {
		names = append(names, r.plan.Topology.Queues[i].Name)
	}
	return names
}

func (r *reader) operationNames(service int) []string {
	var names []string
	for i := range r.plan.Topology.Services[service].Operations {
		if n := r.plan.Topology.Services[service].Operations[i].Name; n != "" {
			names = append(names, n)
		}
	}
	return names
}

func (r *reader) service(name string) int { return slices.Index(r.serviceNames(), name) }

func (r *reader) operation(service int, name string) int {
	if name == "" {
		return -1
	}
	return slices.IndexFunc(r.plan.Topology.Services[service].Operations, func(o topology.Operation) bool { return o.Name == name })
}

// value reads what a metric is compared with, in the metric's unit.
func (r *reader) value(w word, m *metric) float64 {
	switch m.unit {
	case share:
		return r.share(w)
	case duration:
		return r.duration(w).Seconds()
	case rate:
		number, per, ok := strings.Cut(w.text, "/")
		seconds := map[string]float64{"s": 1, "m": 60, "h": 3600}[per]
		v, err := strconv.ParseFloat(number, 64)
		if !ok || seconds == 0 || err != nil || !(v >= 0 && v <= 1e15) {
			r.problem(w, "%q is no rate: write events per unit, as in 200/s, 90/m or 3/h", w.text)
			return 0
		}
		return v / seconds
	default:
		v, err := strconv.ParseFloat(w.text, 64)
		if err != nil || !(v >= 0 && v <= 1e18) {
			r.problem(w, "%q is no number: write it plainly, as in 1.5", w.text)
			return 0
		}
		return v
	}
}

// share reads 99.9% or 0.999.
func (r *reader) share(w word) float64 {
	number, percent := strings.CutSuffix(w.text, "%")
	v, err := strconv.ParseFloat(number, 64)
	if percent && err == nil && !strings.ContainsAny(number, "eExXpP_") {
		v, err = strconv.ParseFloat(number+"e-2", 64) // so that 99.9% is the float nearest to 0.999
	}
	switch {
	case err != nil || v != v:
		r.problem(w, "%q is no share: write a percentage or a number from 0 to 1, as in 99.9%% or 0.999", w.text)
	case v < 0 || v > 1:
		if !percent && v > 1 && v <= 100 {
			r.problem(w, "a share is at most 1; did you mean \"%s%%\"?", w.text)
		} else {
			r.problem(w, "%q is outside a share's range: write 0%% to 100%%", w.text)
		}
	default:
		return v
	}
	return 0
}

func (r *reader) duration(w word) des.Time {
	d, err := time.ParseDuration(w.text)
	switch {
	case err != nil:
		if _, e := strconv.ParseFloat(w.text, 64); e == nil {
			r.problem(w, "%q is no duration: it wants a unit, as in %ss or %sms", w.text, w.text, w.text)
		} else {
			r.problem(w, "%q is no duration: write it as in 400ms, 1.5s or 2m", w.text)
		}
	case d < 0:
		r.problem(w, "a duration is never negative; write %s", strings.TrimPrefix(w.text, "-"))
	default:
		return des.Time(d)
	}
	return 0
}

// window reads where the expectation looks, if it says so.
func (r *reader) window(e *Expectation) {
	w := r.peek()
	p := r.plan
	switch w.text {
	case "during", "after", "before":
		r.take()
		e.windowed = true
		f := r.fault()
		if f < 0 {
			return
		}
		fault := &p.Faults[f]
		if w.text == "during" && fault.Kind.Instant() {
			r.problem(w, "the %s %s takes no time; write after %s, or from T to T", fault.Kind, fault.Name, fault.Name)
			return
		}
		_, lastEnd := lastOccurrence(fault, p.Duration)
		switch w.text {
		case "during":
			eachOccurrence(fault, p.Duration, func(from, to des.Time) { e.look(from, to) })
			e.emptiness = "no time: " + fault.Name + " is over as it begins"
		case "after":
			e.look(lastEnd, p.Duration)
			e.emptiness = "no time: " + fault.Name + " lasts to the end of the run"
		case "before":
			e.look(p.Warmup, fault.From)
			e.emptiness = "no time: " + fault.Name + " begins before the warm-up is over"
		}
	case "from":
		r.take()
		e.windowed = true
		fromWord := r.take()
		from := r.duration(fromWord)
		if to := r.take(); to.text != "to" {
			r.problem(to, "a window is written: from T to T")
			return
		}
		toWord := r.take()
		to := r.duration(toWord)
		if len(r.problems) > 0 {
			return
		}
		both := word{fromWord.at, r.text[fromWord.at : toWord.at+len(toWord.text)]}
		switch {
		case from >= to:
			r.problem(both, "the window from %s to %s holds no time: its end comes after its begin", fromWord.text, toWord.text)
		case to > p.Duration:
			r.problem(toWord, "the window ends at %s, after the run; write at most %s", toWord.text, p.Duration)
		}
		e.look(from, to)
	case "", "in":
	default:
		if best := nearest(w.text, []string{"during", "after", "before", "from"}); best != "" {
			r.take()
			r.problem(w, "unexpected %q; did you mean %q?", w.text, best)
			r.next = len(r.words)
		}
	}
}

// look adds a span, joined to the one before it where they touch.
func (e *Expectation) look(from, to des.Time) {
	if from >= to {
		return
	}
	if n := len(e.spans); n > 0 && e.spans[n-1].to >= from {
		e.spans[n-1].to = max(e.spans[n-1].to, to)
		return
	}
	e.spans = append(e.spans, span{from, to})
}

// fault reads a fault's name and returns its index, or -1.
func (r *reader) fault() int {
	w := r.take()
	if w.text == "" {
		r.problem(w, "the fault's name is missing")
		return -1
	}
	var names []string
	for i := range r.plan.Faults {
		if r.plan.Faults[i].Name == w.text {
			return i
		}
		names = append(names, r.plan.Faults[i].Name)
	}
	switch {
	case len(names) == 0:
		r.problem(w, "no fault is called %q", w.text) // there may be some that could not be read
	case nearest(w.text, names) == "" && len(names) <= 5:
		r.problem(w, "no fault is called %q; there is %s", w.text, among(names))
	default:
		r.problem(w, "no fault is called %q%s", w.text, didYouMean(w.text, names))
	}
	return -1
}

// recovers reads SUBJECT recovers within D of FAULT.
func (r *reader) recovers(e *Expectation, first word) {
	e.metric, e.op = metricOf("success", anySubject), atMost
	s, ok := r.subject(first, strings.Index(first.text, "->"))
	if ok {
		e.subject = s
	}
	if ok && s.kind&messages != 0 {
		r.problem(first, "a queue has no success rate to come back to; write how much it may hold, as in %s.lag < 100 after FAULT", first.text)
	}
	if w := r.take(); w.text != "recovers" {
		r.problem(w, "unexpected %q; did you mean \"recovers\"?", w.text)
	}
	if w := r.take(); w.text != "within" {
		r.problem(w, "a recovery is written: SUBJECT recovers within D of FAULT")
		r.next = len(r.words)
		return
	}
	within := r.duration(r.take())
	if w := r.take(); w.text != "of" {
		r.problem(w, "a recovery is written: SUBJECT recovers within D of FAULT")
		r.next = len(r.words)
		return
	}
	f := r.fault()
	if f < 0 {
		return
	}
	e.bound = within.Seconds()
	e.recovery = newRecovery(r.plan, f, within)
}

// lastPieces are where the last interval of an aftermath begins and the width of
// the pieces that it is cut into: where an aftermath is not much longer than an
// interval, whether a success came after the last failure must be told more exactly.
func (rec *recovery) lastPieces(a *aftermath) (begin, width des.Time) {
	begin = max(a.end, a.next-rec.interval)
	width = a.next - begin
	if a.next-a.end < 10*rec.interval && len(rec.after) <= 1000 {
		width = (width + 9) / 10
	}
	return begin, width
}

// piece is the end of the piece of an aftermath that an instant ends in: of an
// interval, or of one of the last pieces. It does not depend on the time allowed.
func (rec *recovery) piece(a *aftermath, at des.Time) des.Time {
	begin, width := rec.lastPieces(a)
	if at > begin {
		return min(begin+des.Time(divideUp(int64(at-begin), int64(width)))*width, a.next)
	}
	return min(des.Time(divideUp(int64(at), int64(rec.interval)))*rec.interval, begin)
}

// newRecovery works out the time before a fault, and its aftermaths.
func newRecovery(p *sim.Plan, f int, within des.Time) *recovery {
	fault := &p.Faults[f]
	rec := &recovery{fault: fault.Name, within: within, interval: p.Interval}
	var all []span // every occurrence of every fault, by time
	for i := range p.Faults {
		eachOccurrence(&p.Faults[i], p.Duration, func(from, to des.Time) { all = append(all, span{from, to}) })
	}
	slices.SortFunc(all, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	if p.Warmup < fault.From {
		rec.before = span{p.Warmup, fault.From}
		at := p.Warmup // no fault is in force from here on
		for _, s := range all {
			if s.from >= fault.From {
				break
			}
			if at < s.from {
				rec.free = append(rec.free, span{at, s.from})
			}
			at = max(at, s.to)
		}
		if at < fault.From {
			rec.free = append(rec.free, span{at, fault.From})
		}
		if at <= fault.From-p.Interval {
			rec.recent = span{at, fault.From}
		}
	}
	eachOccurrence(fault, p.Duration, func(_, end des.Time) {
		next := p.Duration
		i, _ := slices.BinarySearchFunc(all, end, func(s span, end des.Time) int { return cmp.Compare(s.from, end) })
		for i < len(all) && all[i].to == end { // what takes no time is not next, least of all this one
			i++
		}
		if i < len(all) {
			next = all[i].from
		}
		switch {
		case end >= p.Duration:
			rec.nothing = fault.Name + " lasts to the end of the run"
		case next == end:
			rec.nothing = "the next fault begins as " + fault.Name + " ends"
		default:
			rec.after = append(rec.after, aftermath{end, end + min(within, p.Duration), next})
		}
	})
	return rec
}

// inRuns reads in SHARE of runs.
func (r *reader) inRuns() float64 {
	r.take()
	w := r.take()
	before := len(r.problems)
	v := r.share(w)
	of, runs := r.take(), r.take()
	if of.text != "of" || runs.text != "runs" {
		r.problem(w, "a share of runs is written: in 95%% of runs")
		r.next = len(r.words)
		return 0
	}
	if v == 0 && len(r.problems) == before {
		r.problem(w, "in 0%% of runs asks nothing; write a larger share")
	}
	return v
}

// eachOccurrence calls f with the begin and the end of every occurrence of a fault.
func eachOccurrence(f *sim.Fault, duration des.Time, visit func(from, to des.Time)) {
	for from := f.From; from < duration; from += f.Every {
		visit(from, min(from+f.Until-f.From, duration))
		if f.Every <= 0 {
			return
		}
	}
}

// lastOccurrence is the begin and the end of a fault's last occurrence.
func lastOccurrence(f *sim.Fault, duration des.Time) (from, to des.Time) {
	from = f.From
	if f.Every > 0 && duration > f.From {
		from += (duration - 1 - f.From) / f.Every * f.Every
	}
	return from, min(from+f.Until-f.From, duration)
}
