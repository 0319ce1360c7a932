package scenarios

import (
	"slices"
	"strings"
	"time"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/sim/report"
	"cascade/topology"
)

// A reader goes through a scenario's files and gathers what they say and what is
// wrong with them.
type reader struct {
	*library
	problems []found
	opened   []string // the files that it names, by their paths
	files    int      // that have been read, overrides included
	named    int      // by the files of the scenario
	weight   int      // of their texts
	aliases  int
	copies   int
	compared int // letters, in search of what a person meant

	texts      []string    // of all files read
	namedFiles []namedFile // where other files are named
	included   []inclusion // of them, those whose content stands in the tree

	outcome
}

// A namedFile is the name of a file, and where in a value it stands.
type namedFile struct {
	at     *value
	offset int
	name   string
}

// An inclusion is a file whose content stands in the tree in place of its name.
type inclusion struct {
	name *value
	of   *file
}

// outcome is what a reader has made of a scenario so far.
type outcome struct {
	plan         *sim.Plan
	expectations []report.Expectation
	expected     []Place // where they stand

	services map[string]int // by name, into the topology
	queues   map[string]int // by name, into the topology
	sources  map[string]int // by name, into the plan
	places   map[*topology.Edge]*value

	// doubtful are names of things that are there, but whose own problems may
	// make others of what is said about them.
	doubtful    map[string]bool
	flushes     map[string]*value // what the cache_flush faults are on, by their names
	noTopology  bool              // there is none whose names could be wrong
	noQueues    bool              // likewise
	noTraffic   bool              // likewise
	noFaults    bool              // likewise
	queueTree   *value            // the mapping of the queues, as written; nil: none
	queueSets   map[string]fields // of the set faults on queues, by name
	ackTimeouts []time.Duration   // of the queues' consumers by their presets
	groups      [][]int           // of each queue, see groupsOf
	edges       []*topology.Edge  // the plan's, once sources and services are known
	names       []string          // of the services, likewise
	reach       int               // what all faults are on
	empiricals  map[string][]time.Duration
}

// scenario reads a whole scenario.
func (r *reader) scenario(root *value) {
	r.plan = &sim.Plan{Topology: &topology.Topology{}, Duration: des.Time(maxTime), Interval: des.Time(time.Second)}
	r.services, r.queues, r.sources = map[string]int{}, map[string]int{}, map[string]int{}
	r.doubtful, r.flushes, r.queueSets = map[string]bool{}, map[string]*value{}, map[string]fields{}
	r.places = map[*topology.Edge]*value{}
	if root.kind != mapping && !root.broken {
		r.problem(root, "a scenario is a mapping with the keys %s", strings.Join(format[scenarioKeys].names(), ", "))
		return
	}
	f, ok := r.fields(root, scenarioKeys, nil)
	if !ok {
		return
	}
	p := r.plan
	if v := f.must("name"); v != nil {
		p.Name, _ = r.called(v, "a scenario")
	}
	if v := f.get("description"); v != nil {
		p.Description, _ = r.word(v, "a sentence")
	}
	r.times(f)
	p.Seed = uint64(f.count("seed", 0, 1<<63-1))
	if v := f.must("topology"); v != nil {
		r.topology(v)
	} else {
		r.noTopology = true
	}
	if v := f.must("traffic"); v != nil {
		r.traffic(v)
	} else {
		r.noTraffic = true
	}
	r.edges = p.Edges()
	if v := f.get("faults"); v != nil && !v.isNull() {
		r.faults(v)
	}
	r.bounds(root)
	if v := f.get("expect"); v != nil && !v.isNull() {
		r.expect(v)
	}
	p.Cuts = report.Cuts(r.expectations)
}

func (r *reader) times(f fields) {
	p := r.plan
	known := false
	if v := f.must("duration"); v != nil {
		if d, ok := f.reader.duration(v); ok && d == 0 {
			r.problem(v, "a run of 0s shows nothing; write a longer duration")
		} else if ok {
			p.Duration, known = des.Time(d), true
		}
	}
	if d := f.duration("warmup"); des.Time(d) < p.Duration {
		p.Warmup = des.Time(d)
	} else {
		r.problem(f.get("warmup"), "the warm-up is shorter than the duration %s", brief(p.Duration))
	}
	v := f.get("interval")
	before := len(r.problems)
	p.Interval = des.Time(f.duration("interval"))
	if v == nil {
		v = f.v.entry("duration").orElse(f.v)
	}
	switch {
	case len(r.problems) > before:
	case p.Interval == 0:
		r.problem(v, "an interval is longer than 0s")
	case known && p.Duration/p.Interval > maxSamples:
		r.problem(v, "an interval of %s makes more than %d samples of the duration %s; write a longer \"interval\"", brief(p.Interval), maxSamples, brief(p.Duration))
	}
	if p.Interval == 0 {
		p.Interval = des.Time(time.Second)
	}
}

func (e *entry) orElse(v *value) *value {
	if e == nil {
		return v
	}
	return e.value
}

// bounds checks what only becomes too much together: a run begins with room for all
// of it.
func (r *reader) bounds(root *value) {
	const mostInstances, mostCallers, mostOperations, mostUsers = 200_000, 5_000_000, 5_000_000, 10_000_000
	services := root.entry("topology").orElse(root)
	sources := root.entry("traffic").orElse(root)
	instances, operations, callers, users := 0, 0, 0, 0
	ofService := make([]int, len(r.plan.Topology.Services))
	for i := range ofService {
		ofService[i] = most(&r.plan.Topology.Services[i])
	}
	for i := range r.plan.Faults {
		f := &r.plan.Faults[i]
		for _, k := range f.Services {
			if f.Set.Autoscale != nil {
				ofService[k] = max(ofService[k], f.Set.Autoscale.Max)
			}
		}
	}
	for i, n := range ofService {
		instances += n
		operations += n * len(r.plan.Topology.Services[i].Operations)
	}
	ofEdge := make([]int, len(r.edges))
	for i, e := range r.edges {
		if i < len(r.plan.Sources) {
			s := &r.plan.Sources[i]
			ofEdge[i] = s.Instances
			users += max(s.Users, s.Burst.Count)
		} else {
			ofEdge[i] = ofService[e.From.Service]
		}
		callers += ofEdge[i]
	}
	tooMany := func(v *value, n, most int, what, has string) {
		if n > most {
			r.problem(v, "%s together have %d %s; at most %d", what, n, has, most)
		}
	}
	t := r.plan.Topology
	assigned := 0
	for i := range t.Queues {
		assigned += t.Queues[i].Partitions
	}
	for i := range t.Services {
		for _, c := range t.Services[i].Consumes {
			assigned += t.Queues[c.Queue].Partitions
		}
	}
	tooMany(services, assigned, maxAssigned, "the streams", "partitions, each counted once, and once more for each group that reads it")
	tooMany(services, instances, mostInstances, "the services", "instances")
	tooMany(services, operations, mostOperations, "the operations of all services, times their instances,", "places")
	tooMany(services, callers, mostCallers, "the call steps and sources", "calling instances")
	if r.kept(ofEdge, ofService) > maxGuarded {
		r.problem(services, "the guards would keep more than %d numbers for all calling instances together; write smaller caches, fewer buckets of breakers, or fewer instances", maxGuarded)
	}
	tooMany(sources, users, mostUsers, "the sources", "users and requests at once")
}

// expect reads the expectations against the plan.
func (r *reader) expect(v *value) {
	if !r.is(v, list, `"expect"`) {
		return
	}
	if len(v.items) > maxExpected {
		r.problem(v.items[maxExpected], "a scenario has at most %d expectations", maxExpected)
		return
	}
	spans, steps := 0, 0
	for _, item := range v.items {
		text, ok := r.word(item, "an expectation such as shoppers.p99 < 400ms")
		if !ok {
			continue
		}
		if r.full() {
			return
		}
		if strings.Contains(text, "->") {
			steps += len(r.edges)
		}
		if steps > maxSteps {
			r.problem(item, "too many expectations about edges for so many call steps; their product is at most %d", maxSteps)
			return
		}
		if spans += r.returns(text); spans > maxSpans {
			r.problem(item, "with this one the expectations speak of more than %d returns of faults; write fewer, or a longer \"every\"", maxSpans)
			return
		}
		e, problems := report.ParseExpectation(text, r.plan)
		for _, p := range problems {
			if !r.followsFrom(text, p) {
				r.problemAt(item, p.Offset, "%s", p.Message)
			}
		}
		if len(problems) == 0 {
			at := Place{item.file.name, item.line}
			if item.file.override {
				at.Line = 0
			}
			r.expectations, r.expected = append(r.expectations, e), append(r.expected, at)
		}
	}
}

// returns is how often the fault comes that an expectation speaks of.
func (r *reader) returns(text string) int {
	words := strings.Fields(text)
	for i := len(words) - 1; i > 0; i-- {
		if !slices.Contains(ofFault, words[i-1]) {
			continue
		}
		for k := range r.plan.Faults {
			if f := &r.plan.Faults[k]; f.Name == words[i] && f.Every > 0 {
				return int((r.plan.Duration - f.From) / f.Every)
			}
		}
	}
	return 0
}

// ofFault are the words behind which an expectation names a fault.
var ofFault = []string{"during", "after", "before", "of"}

// followsFrom says whether a problem of an expectation may be there only because of
// another: it is about the name of something that has problems itself, or is not
// known at all for want of a topology, traffic or faults that can be read.
func (r *reader) followsFrom(text string, p report.Problem) bool {
	word := text[p.Offset:min(p.Offset+p.Length, len(text))]
	if r.isDoubtful(word) {
		return true
	}
	before := strings.Fields(text[:p.Offset])
	if n := len(before); r.noFaults && n > 0 && slices.Contains(ofFault, before[n-1]) {
		return true
	}
	// What is left is of the subject, whose last part is surely a metric.
	subject := strings.TrimSpace(text)
	if i := strings.IndexAny(subject, " \t\r\n"); i >= 0 {
		subject = subject[:i]
	}
	inSubject := len(before) == 0 || len(before) == 1 && strings.HasSuffix(text[:p.Offset], before[0])
	isMetric := p.Offset > 0 && text[p.Offset-1] == '.' && strings.HasSuffix(subject, "."+word) && !strings.Contains(word, ".")
	return inSubject && !isMetric && (r.noTopology || r.noTraffic || r.isDoubtful(subject))
}

// isDoubtful says whether a text speaks of something that has problems itself.
func (r *reader) isDoubtful(text string) bool {
	return slices.ContainsFunc(strings.FieldsFunc(text, func(c rune) bool { return strings.ContainsRune(" .<>=!#", c) }), func(word string) bool {
		return r.doubtful[strings.TrimSuffix(word, "-")]
	})
}
