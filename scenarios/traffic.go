package scenarios

import (
	"strings"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/topology"
)

// traffic reads the sources.
func (r *reader) traffic(v *value) {
	if !r.is(v, mapping, `"traffic"`) {
		r.noTraffic = true
		return
	}
	if len(v.entries) == 0 {
		r.problem(v, "there is no traffic; write at least one source")
	}
	for _, e := range v.entries {
		name, ok := r.called(e.key, "a source")
		if !ok {
			r.doubtful[e.key.text] = true
			continue
		}
		if _, taken := r.services[name]; taken || r.isQueue(name) {
			what := "service"
			if !taken {
				what = "queue"
			}
			r.problem(e.key, "%s is a %s already; services, queues and sources share their names", quote(name), what)
			r.doubtful[name] = true
			continue
		}
		r.sources[name] = len(r.plan.Sources)
		r.plan.Sources = append(r.plan.Sources, r.source(name, e))
	}
}

func (r *reader) source(name string, e entry) sim.Source {
	nowhere := topology.OpRef{Service: -1, Op: -1}
	s := sim.Source{Name: name, Instances: 1, Edge: &topology.Edge{From: nowhere, Chance: 1, Times: 1, Needed: true}}
	f, ok := r.fields(e.value, sourceKeys, e.key)
	if !ok {
		r.doubtful[name] = true
		return s
	}
	s.Edge = f.call()
	s.Edge.From = nowhere
	if v := f.must("to"); v == nil {
		r.doubtful[name] = true
	} else if to, ok := r.target(v); ok {
		s.Edge.To = to
		s.Edge.ID = name + "->" + r.plan.Topology.OpName(to)
	} else {
		r.doubtful[name] = true
	}
	s.Instances = max(1, int(f.count("instances", 1, maxInstances)))
	if f.get("budget") != nil {
		switch b := f.budget(); {
		case s.Edge.Retry.Budget != nil:
			r.problem(e.value.entry("budget").key, `"retry" has a budget already; write one of them`)
		case f.get("retry") == nil:
			r.problem(e.value.entry("budget").key, `"budget" bounds retries, and there is no "retry" here; write one, or leave the budget out`)
		default:
			s.Edge.Retry.Budget = b
		}
	}
	r.arrives(&s, f, e)
	return s
}

// onlyWith says which kinds of source have the keys that not all of them have.
var onlyWith = map[string]string{"arrivals": "rate", "profile": "rate", "think": "users"}

// arrives reads when a source sends.
func (r *reader) arrives(s *sim.Source, f fields, e entry) {
	var kinds []string
	for _, k := range sourceKinds {
		if f.get(k) != nil {
			kinds = append(kinds, k)
		}
	}
	switch {
	case len(kinds) == 0:
		r.problem(e.key, "a source needs one of %s", strings.Join(sourceKinds, ", "))
		return
	case len(kinds) > 1:
		r.problem(e.value.entry(kinds[1]).key, "a source has one of %s, and this has %s", strings.Join(sourceKinds, ", "), strings.Join(kinds, " and "))
		return
	}
	kind := kinds[0]
	for _, en := range e.value.entries {
		if with, some := onlyWith[en.key.text]; some && !strings.Contains(with, kind) {
			r.problem(en.key, "%q belongs to a source with %s, not with %s", en.key.text, with, kind)
		}
	}
	s.Start = des.Time(f.duration("start"))
	s.Limit = f.count("limit", 1, maxLimit)
	switch kind {
	case "rate":
		s.Kind = sim.Open
		s.Rate, _ = r.rate(f.get("rate"))
		if v := f.get("arrivals"); v != nil {
			s.Arrivals = r.arrivals(v)
		}
		if v := f.get("profile"); v != nil {
			s.Profile = r.profile(v)
		}
	case "users":
		s.Kind = sim.Closed
		s.Users = int(f.count("users", 1, maxUsers))
		s.Think = f.dist("think")
	case "burst":
		s.Kind = sim.Bursts
		s.Burst = r.burst(f.get("burst"), e.value.entry("burst").key)
	case "trace":
		s.Kind = sim.Trace
		if name, ok := r.word(f.get("trace"), "the name of a file"); ok {
			if file := r.openNamed(f.get("trace"), 0, name); file != nil {
				s.Trace = r.durations(file, true)
			}
		}
	}
}

// arrivals reads the law of the gaps.
func (r *reader) arrivals(v *value) sim.Arrivals {
	var a sim.Arrivals
	text, ok := r.word(v, "poisson, constant, erlang(K) or hyperexponential(P, RATIO)")
	if !ok {
		return a
	}
	words := map[string]int{"poisson": 0, "constant": 0, "erlang": 1, "hyperexponential": 2}
	p := piece{text, 0}.trim()
	name, args, isCall := p.call()
	if !isCall {
		name = p.text
	}
	d := distReader{r, v, true}
	wanted, known := words[name]
	switch {
	case !known:
		letters, _, _ := strings.Cut(name, "(")
		d.wrong(p, `"arrivals" is poisson, constant, erlang(K) or hyperexponential(P, RATIO), not %s%s`, quote(text),
			didYouMean(letters, []string{"poisson", "constant", "erlang", "hyperexponential"}))
	case isCall && wanted == 0:
		d.wrong(p, "%s takes no parameters; write %s", name, name)
	case wanted != len(args) && wanted == 1:
		d.wrong(p, "erlang takes 1 parameter here; write erlang(K)")
	case wanted != len(args):
		d.wrong(p, "hyperexponential takes 2 parameters; write hyperexponential(P, RATIO)")
	case name == "constant":
		a.Kind = sim.ConstantGaps
	case name == "erlang":
		a.Kind, a.K = sim.ErlangGaps, d.stages(args[0])
	case name == "hyperexponential":
		a.Kind = sim.HyperexponentialGaps
		share, problem := parseShare(args[0].text)
		switch {
		case problem != "":
			d.wrong(args[0], "%s", problem)
		case share == 0 || share == 1:
			d.wrong(args[0], "the chance of the short gap is above 0%% and below 100%%, not %s", quote(args[0].text))
		}
		a.P, a.Ratio = share, d.number(args[1], "ratio", 1, maxFactor)
	}
	return a
}

// profile reads the points, in their order and apart from each other.
func (r *reader) profile(v *value) []sim.RatePoint {
	if !r.is(v, list, `"profile"`) {
		return nil
	}
	var points []sim.RatePoint
	free := des.Time(-1) // when the next point may begin
	for _, item := range v.items {
		f, ok := r.fields(item, pointKeys, nil)
		if !ok {
			continue
		}
		at := f.must("at")
		if rate := f.must("rate"); at == nil || rate == nil {
			continue
		}
		before := len(r.problems)
		p := sim.RatePoint{At: des.Time(f.duration("at")), Ramp: des.Time(f.duration("ramp"))}
		p.Rate, _ = r.rate(f.get("rate"))
		if len(r.problems) > before {
			continue
		}
		switch last := len(points) - 1; {
		case last >= 0 && p.At <= points[last].At:
			r.problem(at, "the points of a profile ascend; %s is not after %s", brief(p.At), brief(points[last].At))
		case p.At < free:
			r.problem(at, "the ramp of the point before lasts until %s; begin there or later", brief(free))
		}
		free = p.At + p.Ramp
		points = append(points, p)
	}
	return points
}

func (r *reader) burst(v, owner *value) sim.Burst {
	var b sim.Burst
	f, ok := r.fields(v, burstKeys, owner)
	if !ok {
		return b
	}
	if f.must("at") != nil {
		b.At = des.Time(f.duration("at"))
	}
	if f.must("count") != nil {
		b.Count = int(f.count("count", 1, maxUsers))
	}
	if b.Every = des.Time(f.limit("every")); b.Every > 0 && (r.plan.Duration-b.At)/b.Every > maxRepeats {
		r.problem(f.get("every"), "it comes back more than %d times; write a longer \"every\"", maxRepeats)
	}
	return b
}
