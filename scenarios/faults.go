package scenarios

import (
	"fmt"
	"slices"
	"strings"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/topology"
)

// faults reads what breaks.
func (r *reader) faults(v *value) {
	if !r.is(v, list, `"faults"`) {
		r.noFaults = true
		return
	}
	if len(v.items) > maxFaults {
		r.problem(v.items[maxFaults], "a scenario has at most %d faults", maxFaults)
		r.noFaults = true
		return
	}
	first := map[string]*value{}
	for i, item := range v.items {
		name := defaultFaultName(i)
		if f, ok := r.fault(item, name); ok {
			if other, taken := first[f.Name]; taken {
				at, where := item, ""
				if e := item.entry("name"); e != nil {
					at = e.value
				}
				if !other.file.override {
					where = fmt.Sprintf(", in line %d", other.line)
				}
				r.problem(at, "a fault is called %q already%s", f.Name, where)
			} else {
				first[f.Name] = item
			}
			r.plan.Faults = append(r.plan.Faults, f)
		} else {
			r.doubtful[name] = true
			if e := item.entry("name"); e != nil {
				r.doubtful[e.value.text] = true
			}
		}
	}
	for i := range r.plan.Faults {
		if t := &r.plan.Faults[i]; t.Kind == sim.CacheFlush {
			r.flush(t)
		}
	}
	if len(r.plan.Faults) == len(v.items) { // else one that cannot be read may set what is missing
		r.checkQueueSets()
	}
}

// defaultFaultName is that of the fault at a place of the list, from 0.
func defaultFaultName(i int) string { return fmt.Sprintf("fault-%d", i+1) }

func (r *reader) fault(v *value, name string) (sim.Fault, bool) {
	before := len(r.problems)
	t := sim.Fault{Name: name}
	f, ok := r.fields(v, faultKeys, nil)
	if !ok {
		return t, false
	}
	if v := f.get("name"); v != nil {
		t.Name, _ = r.called(v, "a fault")
	}
	var kinds []string
	var first entry
	for _, e := range v.entries {
		if slices.Contains(faultKinds, e.key.text) {
			if kinds = append(kinds, e.key.text); len(kinds) == 1 {
				first = e
			}
		}
	}
	r.faultTimes(&t, f, kinds)
	switch {
	case slices.ContainsFunc(v.entries, func(e entry) bool {
		if f.key(e.key.text) != nil || r.full() {
			return false
		}
		k := f.guess(e.key.text)
		return k != nil && slices.Contains(faultKinds, k.name)
	}): // it is there, misspelt, and that is said; and it is not supported, or one of two
	case len(kinds) == 0:
		r.problem(v, "a fault needs one of %s", strings.Join(faultKinds, ", "))
	case len(kinds) > 1:
		r.problem(first.key, "a fault is one of these, and this one is %s; make them faults of their own", strings.Join(kinds, " and "))
	default:
		r.faultKind(&t, kinds[0], first)
	}
	return t, len(r.problems) == before
}

// faultTimes reads when a fault is in force.
func (r *reader) faultTimes(t *sim.Fault, f fields, kinds []string) {
	before := len(r.problems)
	at := f.must("at")
	if at == nil {
		return
	}
	t.From = des.Time(f.duration("at"))
	length := des.Time(f.limit("for"))
	t.Ramp = des.Time(f.duration("ramp"))
	t.Every = des.Time(f.limit("every"))
	if len(r.problems) > before {
		return
	}
	t.Until = r.plan.Duration
	instant := len(kinds) == 1 && slices.Contains(instantKinds, kinds[0])
	if instant {
		t.Until = t.From
		if length > 0 {
			r.problem(f.v.entry("for").key, "a %s happens at one instant; leave \"for\" out", kinds[0])
			return
		}
	}
	if t.From >= r.plan.Duration {
		r.problem(at, "the fault begins at %s, and the run ends at %s; begin it within the run", brief(t.From), brief(r.plan.Duration))
		return
	}
	if length > 0 {
		t.Until = min(t.From+length, r.plan.Duration)
	}
	if t.Ramp > 0 && len(kinds) == 1 && !slices.Contains(rampKinds, kinds[0]) {
		r.problem(f.v.entry("ramp").key, "%q does not grow; only %s faults have a ramp", kinds[0], among(rampKinds))
	}
	switch every := f.get("every"); {
	case t.Every == 0:
	case length == 0 && !instant:
		r.problem(every, `a fault that comes back also ends; write how long it lasts, as in "for: 10s"`)
	case t.Every <= length:
		r.problem(every, "it comes back every %s but lasts %s; it must be over before", brief(t.Every), brief(length))
	case (r.plan.Duration-t.From)/t.Every > maxRepeats:
		r.problem(every, "it comes back more than %d times; write a longer \"every\"", maxRepeats)
	}
}

// rampKinds are the faults that can grow.
var rampKinds = []string{"latency", "slow", "errors", "surge", "loss"}

// instantKinds are the faults that take no time.
var instantKinds = []string{"redrive", "rewind"}

// What a fault may be on.
const (
	onService = 1 << iota
	onOperation
	onEdge
	onSource
	onQueue
	onStream
)

// faultPlaces are what each kind of fault may be on.
var faultPlaces = map[string]int{
	"latency": onService | onOperation | onEdge | onQueue | onStream, "slow": onService | onOperation, "errors": onService | onOperation,
	"crash": onService, "pause": onService, "threads": onService,
	"loss": onEdge, "partition": onEdge, "surge": onSource,
	"outage": onQueue | onStream, "poison": onQueue | onStream, "redrive": onQueue, "rewind": onStream, "cache_flush": onEdge,
	"set": onService | onOperation | onEdge | onQueue | onStream,
}

var placeNames = []string{"a service", "an operation", "an edge", "a source", "a queue", "a stream"}

func (r *reader) faultKind(t *sim.Fault, kind string, e entry) {
	in := format[faultKeys].key(kind).within
	if in == setServiceKeys && e.value.kind == mapping {
		if r.setOnSource(e.value) {
			return
		}
		in = e.value.section(in, "", r.queueTree)
	}
	f, ok := r.fields(e.value, in, e.key)
	if !ok {
		return
	}
	on := f.must("on")
	if on == nil {
		return
	}
	where := faultPlaces[kind]
	if r.reach > maxReach {
		return // as has been said
	}
	is := r.on(t, on, kind, where)
	if r.reach += len(t.Services) + len(t.Ops) + len(t.Edges) + len(t.Queues); r.reach > maxReach {
		t.Services, t.Ops, t.Edges, t.Queues = nil, nil, nil, nil // which is all that a hostile file would want kept
		r.problem(on, "with this one the faults are on more than %d services, operations, call steps and queues, each counted as often as it is hit", maxReach)
		return
	}
	if f.key("instances") != nil {
		r.faultInstances(t, f, is)
	}
	switch kind {
	case "latency":
		t.Kind = sim.Latency
		if v := f.must("add"); v != nil {
			t.Add, _ = r.dist(v)
		}
	case "slow":
		t.Kind = sim.Slow
		t.Factor = f.required("factor", 0, maxFactor)
	case "errors":
		t.Kind = sim.Errors
		t.Rate = f.requiredShare("rate")
		t.AfterWork = f.boolean("after_work")
	case "crash":
		t.Kind = sim.Crash
	case "pause":
		t.Kind = sim.Pause
	case "threads":
		t.Kind = sim.Threads
		if v := f.must("to"); v != nil {
			t.To = r.newThreads(t, v, "to")
		}
	case "loss":
		t.Kind = sim.Loss
		t.Rate = f.requiredShare("rate")
	case "partition":
		t.Kind = sim.Partition
		t.Hold = f.boolean("hold")
	case "surge":
		t.Kind = sim.Surge
		t.Factor = f.required("factor", 0, 1000)
		r.surgeSize(t, f)
	case "outage":
		t.Kind = sim.Outage
	case "poison":
		t.Kind = sim.Poison
		t.Rate = f.requiredShare("rate")
	case "redrive":
		t.Kind = sim.Redrive
		r.redrive(t, f)
	case "rewind":
		t.Kind = sim.Rewind
		r.rewind(t, f)
	case "cache_flush":
		t.Kind = sim.CacheFlush
		r.flushes[t.Name] = on
	case "set":
		t.Kind = sim.Set
		r.settings(t, f, is)
	}
}

// flush leaves a cache_flush on the edges that have a cache, or that a set gives one.
func (r *reader) flush(t *sim.Fault) {
	on := r.flushes[t.Name]
	if len(t.Edges) == 0 {
		return // as has been said
	}
	t.Edges = slices.DeleteFunc(t.Edges, func(i int) bool {
		return r.edges[i].Cache == nil && !slices.ContainsFunc(r.plan.Faults, func(f sim.Fault) bool {
			return f.Set.Cache != nil && slices.Contains(f.Edges, i)
		})
	})
	if len(t.Edges) == 0 && !r.isDoubtful(on.text) {
		r.problem(on, "%s has no cache that could be flushed; write one there, as in cache: {hit: 90%%}", quote(on.text))
	}
}

func (f fields) required(name string, least, most float64) float64 {
	if f.must(name) == nil {
		return 0
	}
	return f.number(name, least, most)
}

func (f fields) requiredShare(name string) float64 {
	if f.must(name) == nil {
		return 0
	}
	return f.share(name)
}

// surgeSize bounds the users that surges may ask for.
func (r *reader) surgeSize(t *sim.Fault, f fields) {
	if t.Source >= len(r.plan.Sources) {
		return
	}
	s := &r.plan.Sources[t.Source]
	most := float64(max(s.Users, s.Burst.Count)) * max(t.Factor, 1)
	for i := range r.plan.Faults {
		if o := &r.plan.Faults[i]; o.Kind == sim.Surge && o.Source == t.Source {
			most *= max(o.Factor, 1)
		}
	}
	if most > 10*maxUsers {
		r.problem(f.get("factor"), "all its surges make the source %s more than %d users or requests at once", s.Name, 10*maxUsers)
	}
}

func (r *reader) faultInstances(t *sim.Fault, f fields, is int) {
	v := f.get("instances")
	if v == nil {
		return
	}
	if is&(onService|onOperation) == 0 && is != 0 {
		r.problem(f.v.entry("instances").key, "%q goes with a fault on a service, not on %s", "instances", placeName(is))
		return
	}
	n, ok := r.count(v, "instances", 1, maxInstances)
	if !ok || is == 0 {
		return
	}
	t.Instances = int(n)
	index := -1
	if len(t.Services) > 0 {
		index = t.Services[0]
	} else if len(t.Ops) > 0 {
		index = t.Ops[0].Service
	}
	if index < 0 {
		return
	}
	if s := &r.plan.Topology.Services[index]; t.Instances > most(s) {
		r.problem(v, "%q has only %s", s.Name, counted(most(s), "instance"))
	}
}

// most is how many instances a service may have.
func most(s *topology.Service) int {
	if s.Autoscale != nil {
		return max(s.Instances, s.Autoscale.Max)
	}
	return s.Instances
}

func placeName(is int) string {
	for i, name := range placeNames {
		if is == 1<<i {
			return name
		}
	}
	return "this"
}

func placeList(where int) string {
	var names []string
	for i, name := range placeNames {
		if where>>i&1 != 0 {
			names = append(names, name)
		}
	}
	return among(names)
}

// on resolves what a fault is on, and returns what that is; 0 where it is nothing.
func (r *reader) on(t *sim.Fault, v *value, kind string, where int) int {
	text, ok := r.word(v, placeList(where))
	if !ok {
		return 0
	}
	t.On = text
	wrong := func(what int) int {
		r.problem(v, "%q is on %s, and %s is %s", kind, placeList(where), quote(text), placeName(what))
		return 0
	}
	if strings.Contains(text, "->") {
		if where&onEdge == 0 {
			return wrong(onEdge)
		}
		if t.Edges = r.edgesOf(v, text); t.Edges == nil {
			return 0
		}
		return onEdge
	}
	if queue, ok := r.queues[text]; ok {
		is := onQueue
		if r.plan.Topology.Queues[queue].Kind == topology.Stream {
			is = onStream
		}
		if where&is == 0 {
			return wrong(is)
		}
		t.Queues = []int{queue}
		return is
	}
	if where&^(onQueue|onStream) == 0 {
		r.queueNamed(v) // which it is not, as is said there
		return 0
	}
	if source, ok := r.sources[text]; ok {
		if where&onSource == 0 {
			return wrong(onSource)
		}
		t.Source = source
		return onSource
	}
	if where == onSource {
		name, _, _ := strings.Cut(text, ".")
		if _, isService := r.services[name]; isService {
			return wrong(onService)
		}
		if !r.doubtful[text] && !r.noTraffic {
			r.problem(v, "no source %s%s", quote(text), r.didYouMean(text, r.sourceNames()))
		}
		return 0
	}
	if where&(onService|onOperation) == 0 {
		if name, _, _ := strings.Cut(text, "."); r.services[name] > 0 || len(r.plan.Topology.Services) > 0 && r.plan.Topology.Services[0].Name == name {
			return wrong(onService)
		}
		r.problem(v, "%q is on %s, as in checkout->payment, not on %s", kind, placeList(where), quote(text))
		return 0
	}
	ref, ok := r.resolve(v, piece{text, 0})
	switch {
	case !ok:
		return 0
	case ref.Op >= 0 && where&onOperation == 0:
		return wrong(onOperation)
	case ref.Op >= 0:
		t.Ops = []topology.OpRef{ref}
		return onOperation
	}
	t.Services = []int{ref.Service}
	if kind == "latency" || kind == "slow" || kind == "errors" {
		for i := range r.plan.Topology.Services[ref.Service].Operations {
			t.Ops = append(t.Ops, topology.OpRef{Service: ref.Service, Op: i})
		}
	}
	return onService
}

// redrive reads where a redrive moves to what waits.
func (r *reader) redrive(t *sim.Fault, f fields) {
	v := f.must("to")
	if v == nil {
		return
	}
	to, ok := r.queueNamed(v)
	if ok && slices.Contains(t.Queues, to) {
		r.problem(v, "the messages of %s are there already; write another queue", quote(v.text))
	}
	t.To = to
}

// groupsOf is Topology.Groups, counted once for all faults.
func (r *reader) groupsOf(queue int) []int {
	if r.groups == nil {
		top := r.plan.Topology
		r.groups = make([][]int, len(top.Queues))
		for i := range top.Services {
			for _, c := range top.Services[i].Consumes {
				r.groups[c.Queue] = append(r.groups[c.Queue], i)
			}
		}
	}
	return r.groups[queue]
}

// rewind reads which group of a stream goes back, and how far.
func (r *reader) rewind(t *sim.Fault, f fields) {
	if f.must("by") != nil {
		t.By = des.Time(f.lasting("by"))
	}
	if len(t.Queues) == 0 {
		return // as has been said
	}
	stream := r.plan.Topology.Queues[t.Queues[0]].Name
	groups := r.groupsOf(t.Queues[0])
	var names []string
	for _, g := range groups {
		names = append(names, r.plan.Topology.Services[g].Name)
	}
	v := f.get("group")
	switch {
	case len(groups) == 0 && r.isDoubtful(stream), v != nil && r.doubtful[v.text]:
	case len(groups) == 0:
		r.problem(f.get("on"), "nobody consumes %q, so no group of it can go back", stream)
	case v == nil && len(groups) > 1:
		r.problem(f.owner, "%q is read by several groups; write \"group\", one of %s", stream, strings.Join(names, ", "))
	case v == nil:
		t.Group = groups[0]
	default:
		text, ok := r.word(v, "the name of a service")
		if !ok {
			return
		}
		i := slices.Index(names, text)
		if i < 0 {
			hint := r.didYouMean(text, names)
			if hint == "" {
				hint = "; its groups are " + strings.Join(names, ", ")
			}
			r.problem(v, "%s does not consume %q%s", quote(text), stream, hint)
			return
		}
		t.Group = groups[i]
	}
}

func (r *reader) sourceNames() []string {
	var names []string
	for i := range r.plan.Sources {
		names = append(names, r.plan.Sources[i].Name)
	}
	return names
}

// edgesOf are the call steps that FROM->TO names, by their places in Plan.Edges: all
// between the two, or with #2 the second of each pair of operations alone.
func (r *reader) edgesOf(v *value, text string) []int {
	from, rest, _ := strings.Cut(text, "->")
	to, number, numbered := strings.Cut(rest, "#")
	offset := len(from) + len("->")
	switch {
	case r.isQueue(from):
		r.problem(v, "%s is a queue, and calls nobody; write a fault on %s itself, or on a service that consumes it", quote(from), from)
		return nil
	case r.isQueue(to):
		r.problemAt(v, offset, "%s is a queue, and no call step leads there; write a fault on %s itself", quote(to), to)
		return nil
	}
	source, isSource := r.sources[from]
	ref := topology.OpRef{Service: -1, Op: -1}
	ok := true
	if !isSource {
		name, _, _ := strings.Cut(from, ".")
		if _, isService := r.services[name]; !isService && name != "" && !r.noTopology && !r.noTraffic && !r.doubtful[name] {
			r.problem(v, "no service or source %s%s", quote(name), r.didYouMean(name, append(r.sourceNames(), r.serviceNames()...)))
			ok = false
		} else {
			ref, ok = r.resolve(v, piece{from, 0})
		}
	}
	target, ok2 := r.resolve(v, piece{to, offset})
	if !ok || !ok2 {
		return nil
	}
	meets := func(want, got topology.OpRef) bool {
		return want.Service == got.Service && (want.Op < 0 || want.Op == got.Op)
	}
	var found []int
	for i, e := range r.edges {
		ofSource := i < len(r.plan.Sources)
		if ofSource != isSource || ofSource && i != source || !ofSource && !meets(ref, e.From) || e.ID == "" || !meets(target, e.To) {
			continue
		}
		if _, n, has := strings.Cut(e.ID, "#"); numbered && n != number && (has || number != "1") {
			continue
		}
		found = append(found, i)
	}
	if found == nil && !r.isDoubtful(text) && !r.noTopology {
		var ids []string
		for _, e := range r.edges {
			ids = append(ids, e.ID)
		}
		r.problem(v, "there is no call step %s%s", quote(text), r.didYouMean(text, ids))
	}
	return found
}

// setOnSource says that a set cannot be on a source, where it is on one, and what can be
// instead; its keys are none that a set could have, so that nothing is said of them.
func (r *reader) setOnSource(v *value) bool {
	on := v.entry("on").orElse(nil)
	if on == nil || on.kind != scalar {
		return false
	}
	i, ok := r.sources[on.text]
	if !ok {
		return false
	}
	r.problem(on, `"set" is on %s, and %s is a source; its calls are the edge %s, and a surge changes its traffic`,
		placeList(faultPlaces["set"]), quote(on.text), r.plan.Sources[i].Edge.ID)
	return true
}

// asNone are what comes to the same as not having a policy, as a set writes it.
var asNone = map[string]string{
	"timeout": "1h", "deadline": "1h", "retry": "{attempts: 1}", "breaker": "{consecutive: 1000000}", "bulkhead": "1000000",
	"rate_limit": "{rate: 1000000/s, burst: 1000000}", "hedge": "{after: 1h}", "cache": "{hit: 0%}", "outlier": "{max: 0%}",
	"adaptive_limit": "{kind: aimd, initial: 1000000, min: 1000000, max: 1000000}", "contention": "linear(0)", "health_check": "1000h",
	"ttl": "1000h", "visibility": "1000h", "retention": "1000h", "max_receives": "1000000",
}

// notTakenAway says of each key of a set that is to have no value that a set cannot do that,
// and what comes to the same; such keys are read no further.
func (r *reader) notTakenAway(f fields) bool {
	found := false
	for _, e := range f.v.entries {
		k := f.key(e.key.text)
		if k == nil || choicesIn(k.value) != nil || e.value.kind != scalar || !slices.Contains([]string{"none", "off", "never", "no bound"}, e.value.text) {
			continue
		}
		if same := asNone[k.name]; same != "" {
			r.problem(e.value, "a set changes %q and does not take it away; %s comes to the same", k.name, same)
			found = true
		}
	}
	return found
}

// setSection are the keys of a set fault by what it is on, one of the queues of that
// mapping perhaps.
func setSection(on string, queues *value) section {
	if queues != nil && queues.kind == mapping {
		if q := queues.entry(on); q != nil && kindOfQueue(q.value) == streamKeys {
			return setStreamKeys
		} else if q != nil {
			return setQueueKeys
		}
	}
	switch {
	case strings.Contains(on, "->"):
		return setEdgeKeys
	case strings.Contains(on, "."):
		return setOperationKeys
	default:
		return setServiceKeys
	}
}

// settings reads what a set fault sets.
func (r *reader) settings(t *sim.Fault, f fields, is int) {
	if len(f.v.entries) < 2 || len(f.v.entries) == 2 && f.shape == &format[setServiceKeys] && f.get("instances") != nil {
		r.problem(f.v, "nothing is set; write keys with their values for the while, as in timeout: 1s")
		return
	}
	if r.notTakenAway(f) {
		return
	}
	s := &t.Set
	switch f.shape {
	case &format[setEdgeKeys]:
		e := f.call()
		f.onlySteps(e)
		// A source's way in has no such keys.
		for i := range t.Edges {
			if t.Edges[i] >= len(r.plan.Sources) {
				continue
			}
			for _, k := range onlyInSteps {
				if f.get(k.name) != nil {
					r.problem(f.v.entry(k.name).key, "%q belongs to a call step, and %s is a source's way in", k.name, quote(t.On))
				}
			}
		}
		set(f, "timeout", &s.Timeout, e.Timeout)
		set(f, "deadline", &s.Deadline, e.Deadline)
		set(f, "retry", &s.Retry, e.Retry)
		set(f, "protocol", &s.Network, e.Network)
		set(f, "protocol", &s.Overhead, e.Overhead)
		set(f, "network", &s.Network, e.Network)
		set(f, "chance", &s.Chance, e.Chance)
		set(f, "times", &s.Times, e.Times)
		set(f, "optional", &s.Optional, e.Optional)
		s.Fallback, s.Cache = e.Fallback, e.Cache
		s.Limit, s.Throttle, s.Breaker, s.Hedge = e.RateLimit, e.Throttle, e.Breaker, e.Hedge
		set(f, "bulkhead", &s.Calls, e.Bulkhead)
		set(f, "propagate", &s.Propagate, e.Propagate)
		set(f, "priority", &s.Priority, e.Priority)
	case &format[setServiceKeys]:
		if v := f.get("threads"); v != nil {
			n := r.newThreads(t, v, "threads")
			s.Threads = &n
		}
		set(f, "queue", &s.Queue, f.queueIfSet())
		set(f, "order", &s.Order, topology.Order(f.choice("order")))
		set(f, "balance", &s.Balance, topology.Balance(f.choice("balance")))
		r.serviceSettings(t, f)
	case &format[setOperationKeys]:
		set(f, "bulkhead", &s.Bulkhead, int(f.count("bulkhead", 1, maxThreads)))
	case &format[setQueueKeys], &format[setStreamKeys]:
		r.queueSettings(t, f)
	}
}

// serviceSettings reads which guards of a service a set fault sets.
func (r *reader) serviceSettings(t *sim.Fault, f fields) {
	s := &t.Set
	var guarded topology.Service
	f.serviceGuards(&guarded)
	set(f, "health_check", &s.HealthCheck, guarded.HealthCheck)
	set(f, "cancel", &s.Cancel, guarded.Cancel)
	set(f, "deadline", &s.Abandon, guarded.Deadline)
	s.RateLimit, s.AdaptiveLimit, s.Outlier, s.Autoscale = guarded.RateLimit, guarded.AdaptiveLimit, guarded.Outlier, guarded.Autoscale
	set(f, "contention", &s.Contention, guarded.Contention)
	if len(t.Services) > 0 {
		f.shares(&r.plan.Topology.Services[t.Services[0]], &guarded)
	}
	for _, name := range []string{"outlier", "autoscale"} {
		if f.get(name) != nil && f.get("instances") != nil {
			r.problem(f.v.entry(name).key, "%q is of all instances together; leave \"instances\" out, or make it a fault of its own", name)
		}
	}
}

// newThreads is the size that a pool has while a fault lasts.
func (r *reader) newThreads(t *sim.Fault, v *value, what string) int {
	n, ok := r.size(v, what, "unlimited", 0, maxThreads)
	if !ok || n != topology.Unlimited || len(t.Services) == 0 {
		return n
	}
	if s := &r.plan.Topology.Services[t.Services[0]]; s.Threads != topology.Unlimited && !r.doubtful[s.Name] {
		r.problem(v, "%q has %s, and a pool that has a size keeps having one, or no share of it could be measured; write a large number", s.Name, counted(s.Threads, "thread"))
	}
	return n
}

// set stores a setting if its key is there.
func set[T any](f fields, name string, to **T, v T) {
	if f.get(name) != nil {
		*to = &v
	}
}

func (f fields) queueIfSet() int {
	if f.get("queue") == nil {
		return 0
	}
	return f.queue()
}
