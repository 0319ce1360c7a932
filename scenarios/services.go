package scenarios

import (
	"slices"
	"strings"

	"cascade/topology"
)

// topology reads the queues and the services, first all their names, then what names
// them: dead letters, steps and consumers.
func (r *reader) topology(v *value) {
	r.noTopology = v.broken
	f, ok := r.fields(v, topologyKeys, nil)
	if !ok {
		r.noTopology = true
		return
	}
	list := f.must("services")
	if list == nil || !r.is(list, mapping, `"services"`) {
		r.noTopology = true
		return
	}
	if len(list.entries) == 0 {
		r.problem(list, "there are no services; write at least one")
		r.noTopology = true
	}
	letters := r.queuesIn(f)

	t := r.plan.Topology
	var todo []stepsOf
	for _, e := range list.entries {
		name, ok := r.called(e.key, "a service")
		if !ok {
			r.doubtful[e.key.text] = true
			continue
		}
		if r.isQueue(name) {
			r.problem(e.key, "%s is a queue already; services, queues and sources share their names", quote(name))
			r.doubtful[name] = true
			continue
		}
		r.services[name] = len(t.Services)
		t.Services = append(t.Services, topology.Service{Name: name, Instances: 1, Threads: 1, Blocking: true})
		todo = append(todo, r.service(e, &t.Services[len(t.Services)-1], len(t.Services)-1)...)
	}
	r.deadLetters(letters)
	for _, s := range todo {
		t.Services[s.ref.Service].Operations[s.ref.Op].Steps = r.steps(s.v, s.owner, s.ref, false)
	}
	for _, e := range list.entries {
		if i, ok := r.services[e.key.text]; ok {
			if in := e.value.entry("consumes"); in != nil {
				t.Services[i].Consumes = r.consumes(in.value, i)
			}
		}
	}
	t.Index()
	r.cycles()
}

// stepsOf are steps to be read once all services are known.
type stepsOf struct {
	ref      topology.OpRef
	v, owner *value
}

func (r *reader) service(e entry, s *topology.Service, index int) []stepsOf {
	s.Operations = []topology.Operation{{}} // until its own are known
	f, ok := r.fields(e.value, serviceKeys, e.key)
	if !ok {
		r.doubtful[s.Name] = true
		return nil
	}
	s.Instances = max(1, int(f.count("instances", 1, maxInstances)))
	if v := f.must("threads"); v != nil {
		if n, ok := r.size(v, "threads", "unlimited", 1, maxThreads); ok {
			s.Threads = n
		}
	}
	s.Blocking = f.boolean("blocking")
	s.Queue = f.queue()
	s.Order = topology.Order(f.choice("order"))
	s.Balance = topology.Balance(f.choice("balance"))
	f.serviceGuards(s)
	f.shares(s, s)
	if a := s.Autoscale; a != nil && a.Min <= a.Max {
		switch v := f.get("instances"); {
		case v == nil:
			s.Instances = max(1, a.Min)
		case s.Instances < a.Min || s.Instances > a.Max:
			r.problem(v, `"autoscale" keeps from %d to %d instances, and here are %s; write a number between`, a.Min, a.Max, quote(v.text))
		}
	}

	steps, operations := f.get("steps"), f.get("operations")
	switch {
	case steps != nil && operations != nil:
		r.problem(e.value.entry("operations").key, `a service has "steps" or "operations", not both`)
		r.doubtful[s.Name] = true
		return nil
	case steps != nil:
		return []stepsOf{{topology.OpRef{Service: index}, steps, e.value.entry("steps").key}}
	case operations != nil:
		return r.operations(operations, s, index)
	}
	r.problem(e.key, `a service needs "steps", or "operations" that have steps`)
	r.doubtful[s.Name] = true
	return nil
}

// queue is the places in a waiting room; absent, the format's own number.
func (f fields) queue() int {
	if v := f.get("queue"); v != nil {
		if v.kind == scalar && f.isQueue(v.text) {
			f.problem(v, "\"queue\" is the size of the waiting room; to take the messages of %s write consumes: %s", quote(v.text), v.text)
			return 0
		}
		n, _ := f.size(v, "queue", "unbounded", 0, maxQueue)
		return n
	}
	return int(f.count("queue", 0, maxQueue))
}

func (r *reader) operations(v *value, s *topology.Service, index int) []stepsOf {
	if !r.is(v, mapping, `"operations"`) {
		r.doubtful[s.Name] = true
		return nil
	}
	if len(v.entries) == 0 {
		r.problem(v, "there are no operations; write at least one")
		r.doubtful[s.Name] = true
		return nil
	}
	s.Operations = nil
	var todo []stepsOf
	for _, e := range v.entries {
		name, ok := r.called(e.key, "an operation")
		if !ok {
			r.doubtful[s.Name] = true
			continue
		}
		op := topology.Operation{Name: name}
		if f, ok := r.fields(e.value, operationKeys, e.key); ok {
			op.Bulkhead = int(f.count("bulkhead", 1, maxThreads))
			if v := f.must("steps"); v != nil {
				todo = append(todo, stepsOf{topology.OpRef{Service: index, Op: len(s.Operations)}, v, e.value.entry("steps").key})
			}
		}
		s.Operations = append(s.Operations, op)
	}
	if len(s.Operations) == 0 {
		s.Operations = []topology.Operation{{}}
	}
	return todo
}

// steps reads a list of steps, those of a parallel step where inParallel is true.
func (r *reader) steps(v, owner *value, from topology.OpRef, inParallel bool) []topology.Step {
	if !r.is(v, list, `"`+owner.text+`"`) {
		return nil
	}
	if len(v.items) == 0 {
		r.problem(v, "there are no steps; write at least one, {work: 0s} for one that takes no time")
	}
	var steps []topology.Step
	for _, item := range v.items {
		if st, ok := r.step(item, from, inParallel); ok {
			steps = append(steps, st)
		}
	}
	return steps
}

func (r *reader) step(v *value, from topology.OpRef, inParallel bool) (topology.Step, bool) {
	var st topology.Step
	if kind, what, ok := strings.Cut(v.text, " "); ok && v.kind == scalar && !v.broken && slices.Contains(stepKinds, kind) {
		r.problem(v, "a step is a mapping; write \"%s: %s\"", kind, shown(what))
		return st, false
	}
	if !r.is(v, mapping, "a step") {
		return st, false
	}
	var kinds []string
	var first entry
	words := strings.Join(anyStep.names(), ", ")
	for _, e := range v.entries {
		if slices.Contains(stepKinds, e.key.text) {
			if kinds = append(kinds, e.key.text); len(kinds) == 1 {
				first = e
			}
		}
	}
	if len(kinds) == 0 {
		i := slices.IndexFunc(v.entries, func(e entry) bool { return anyStep.guess(e.key.text) != nil })
		if i < 0 {
			hint := ""
			if len(v.entries) > 0 {
				if k := format[serviceKeys].guess(v.entries[0].key.text); k != nil && k.name == "consumes" {
					hint = `; "consumes" is a key of the service`
				}
			}
			r.problem(v, "a step is one of %s%s", words, hint)
			return st, false
		}
		e := &v.entries[i]
		meant := anyStep.guess(e.key.text)
		r.problem(e.key, "a step is one of %s%s", words, anyStep.suggest(e.key.text))
		e.rename(meant.name)
		kinds, first = []string{meant.name}, *e
	}
	switch {
	case len(kinds) > 1:
		r.problem(first.key, "a step is one of %s, and this is %s; make them steps of their own", words, strings.Join(kinds, " and "))
		return st, false
	case inParallel && kinds[0] != "sync" && kinds[0] != "publish":
		r.problem(first.key, "a parallel step holds sync and publish steps only, not %s", kinds[0])
		return st, false
	}
	f, _ := r.fields(v, stepSections[slices.Index(stepKinds, kinds[0])], nil)
	switch kinds[0] {
	case "work":
		st.Kind = topology.Work
		st.Work, _ = r.dist(first.value)
	case "sync":
		st.Kind = topology.Call
		st.Call = f.call()
		st.Call.From = from
		f.onlySteps(st.Call)
		to, ok := r.target(first.value)
		if !ok {
			// What is said about its edge cannot be checked.
			name, _, _ := strings.Cut(first.value.text, ".")
			r.doubtful[name], r.doubtful[r.plan.Topology.Services[from.Service].Name] = true, true
			return st, false
		}
		st.Call.To = to
		r.places[st.Call] = first.value
	case "publish":
		p, ok := f.publish(from)
		if !ok {
			r.doubtful[first.value.text] = true
			return st, false
		}
		st.Kind, st.Publish = topology.Message, p
	case "parallel":
		st.Kind = topology.Parallel
		st.Parallel = r.steps(first.value, first.key, from, true)
	}
	return st, true
}

// target reads what is called: a service with one operation, or an operation.
func (r *reader) target(v *value) (topology.OpRef, bool) {
	none := topology.OpRef{Service: -1, Op: -1}
	text, ok := r.word(v, "a service, or one of its operations as in payment.charge,")
	if !ok {
		return none, false
	}
	if strings.Contains(text, "->") {
		r.problem(v, "%s is an edge; a service or an operation is called, as in payment or payment.charge", quote(text))
		return none, false
	}
	if r.isQueue(text) {
		if !r.doubtful[text] {
			r.problem(v, "%s is a queue; a publish step hands it messages", quote(text))
		}
		return none, false
	}
	ref, ok := r.resolve(v, piece{text, 0})
	if !ok || ref.Op >= 0 {
		return ref, ok
	}
	s := &r.plan.Topology.Services[ref.Service]
	if len(s.Operations) == 1 {
		return topology.OpRef{Service: ref.Service}, true
	}
	var names []string
	for _, op := range s.Operations {
		names = append(names, s.Name+"."+op.Name)
	}
	r.problem(v, "%q has several operations; name one of them: %s", s.Name, among(names))
	return none, false
}

// resolve finds a service, for which Op is -1, or one of its operations.
func (r *reader) resolve(v *value, p piece) (topology.OpRef, bool) {
	name, op, dotted := strings.Cut(p.text, ".")
	index, known := r.services[name]
	if !known {
		switch _, isSource := r.sources[name]; {
		case r.noTopology || r.noTraffic && strings.Contains(v.text, "->") || r.doubtful[name]:
		case isSource:
			r.problemAt(v, p.offset, "%q is a source; a service is wanted here", name)
		case name == "":
			r.problemAt(v, p.offset, "the name of a service is missing")
		default:
			r.problemAt(v, p.offset, "no service %s%s", quote(name), r.didYouMean(name, r.serviceNames()))
		}
		return topology.OpRef{Service: -1, Op: -1}, false
	}
	if !dotted {
		return topology.OpRef{Service: index, Op: -1}, true
	}
	s := &r.plan.Topology.Services[index]
	var names []string
	for i := range s.Operations {
		if s.Operations[i].Name == op && op != "" {
			return topology.OpRef{Service: index, Op: i}, true
		}
		names = append(names, s.Operations[i].Name)
	}
	switch {
	case r.doubtful[name]:
	case s.Operations[0].Name == "":
		r.problemAt(v, p.offset+len(name)+1, "%q has no operations, only steps; write %s", name, name)
	default:
		hint := r.didYouMean(op, names)
		if hint == "" {
			hint = "; it has " + strings.Join(names, ", ")
		}
		r.problemAt(v, p.offset+len(name)+1, "%q has no operation %s%s", name, quote(op), hint)
	}
	return topology.OpRef{Service: -1, Op: -1}, false
}

// serviceNames are those of all services, once these are known.
func (r *reader) serviceNames() []string {
	if len(r.names) != len(r.plan.Topology.Services) {
		r.names = nil
		for i := range r.plan.Topology.Services {
			r.names = append(r.names, r.plan.Topology.Services[i].Name)
		}
	}
	return r.names
}

func (r *reader) isQueue(name string) bool {
	_, ok := r.queues[name]
	return ok
}

// cycles notes calls that would never end, each circle at the step that closes it.
func (r *reader) cycles() {
	const longest = 12
	// What is found is taken out, so that the next one is seen.
	t := topology.Topology{Services: r.plan.Topology.Services, Edges: slices.Clone(r.plan.Topology.Edges)}
	for range maxShown {
		circle := t.Cycle()
		if circle == nil {
			return
		}
		var names []string
		for i, e := range circle {
			if i == longest {
				names = append(names, "...")
				break
			}
			names = append(names, t.OpName(e.From))
		}
		names = append(names, t.OpName(circle[0].From))
		last := circle[len(circle)-1]
		r.problem(r.places[last], "these calls never end: %s; let one of them end without the next call", strings.Join(names, " -> "))
		t.Edges = slices.DeleteFunc(t.Edges, func(e *topology.Edge) bool { return e == last })
	}
}
