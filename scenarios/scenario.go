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
	files    int // that have been read, overrides included
	named    int // by the files of the scenario
	weight   int // of their texts
	aliases  int
	copies   int
	outcome
}

// outcome is what a reader has made of a scenario so far.
type outcome struct {
	plan         *sim.Plan
	expectations []report.Expectation

	services map[string]int // by name, into the topology
	sources  map[string]int // by name, into the plan
	places   map[*topology.Edge]*value

	// doubtful are names of things that are there, but whose own problems may
	// make others of what is said about them.
	doubtful   map[string]bool
	noTopology bool   // there is none whose names could be wrong
	queues     *value // as written
	empiricals map[string][]time.Duration
}

// scenario reads a whole scenario.
func (r *reader) scenario(root *value) {
	r.plan = &sim.Plan{Topology: &topology.Topology{}, Duration: des.Time(maxTime), Interval: des.Time(time.Second)}
	r.services, r.sources, r.doubtful = map[string]int{}, map[string]int{}, map[string]bool{}
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
	}
	if v := f.get("faults"); v != nil {
		r.faults(v)
	}
	r.bounds(root)
	if v := f.get("expect"); v != nil {
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

// bounds checks what only becomes too much together.
func (r *reader) bounds(root *value) {
	const mostInstances, mostCallers = 200_000, 2_000_000
	at := root.entry("topology").orElse(root)
	instances, callers := 0, 0
	for i := range r.plan.Topology.Services {
		instances += r.plan.Topology.Services[i].Instances
	}
	for _, e := range r.plan.Topology.Edges {
		callers += r.plan.Topology.Services[e.From.Service].Instances
	}
	switch {
	case instances > mostInstances:
		r.problem(at, "the services have %d instances together; at most %d", instances, mostInstances)
	case callers > mostCallers:
		r.problem(at, "the call steps have %d calling instances together; at most %d", callers, mostCallers)
	}
}

// expect reads the expectations against the plan.
func (r *reader) expect(v *value) {
	if !r.is(v, list, `"expect"`) {
		return
	}
	if r.noTopology || len(r.plan.Topology.Services) == 0 {
		return // every name would be unknown
	}
	for _, item := range v.items {
		text, ok := r.word(item, "an expectation such as shoppers.p99 < 400ms")
		if !ok {
			continue
		}
		e, problems := report.ParseExpectation(text, r.plan)
		if len(problems) > 0 && r.isDoubtful(text) {
			continue
		}
		for _, p := range problems {
			r.problemAt(item, p.Offset, "%s", p.Message)
		}
		if len(problems) == 0 {
			r.expectations = append(r.expectations, e)
		}
	}
}

// isDoubtful says whether a text speaks of something that has problems itself.
func (r *reader) isDoubtful(text string) bool {
	return slices.ContainsFunc(strings.FieldsFunc(text, func(c rune) bool { return strings.ContainsRune(" .<>=!#", c) }), func(word string) bool {
		return r.doubtful[strings.TrimSuffix(word, "-")]
	})
}
