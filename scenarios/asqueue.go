package scenarios

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"cascade/sim"
	"cascade/sim/report"
	"cascade/topology"
)

// AsQueue is a scenario's text with a call turned into messages: the steps that an edge
// names (checkout->email, as faults name it) publish to a new queue, which the callee
// consumes; there is a queue for each operation that was called. What a person wrote
// stays as it is, comments and order too. Files that the scenario names in place of its
// topology, traffic, faults or expectations stand in the text themselves, and names of
// other files are relative to where dir is.
//
// The warnings say, a sentence each, what a person has to judge: that an answer
// depended on the call; faults and expectations about the call, which are commented out.
//
// The other arguments are those of Parse. Where the scenario is wrong, there is no such
// edge, or it is a source's, the error is a Problems.
func AsQueue(edge, name string, text []byte, dir string) (converted []byte, warnings []string, err error) {
	return asQueue(&library{open: openFile, join: joinFile}, edge, name, text, dir)
}

func asQueue(lib *library, edge, name string, text []byte, dir string) (converted []byte, warnings []string, err error) {
	r, root, err := readTree(lib, name, text, dir, nil)
	if err != nil {
		return nil, nil, err
	}
	c := &conversion{rewrite: newRewrite(r, root)}
	if !c.choose(edge) {
		return nil, nil, r.sorted()
	}
	for _, change := range []func() bool{c.steps, c.queuesAndConsumers, c.faultsOn, c.files} {
		if !change() {
			return nil, nil, r.sorted()
		}
	}
	// What becomes of an expectation is seen in the scenario without any.
	s, err := read(lib, name, c.text(), ".", []Override{{"expect", "[]"}})
	if err == nil {
		c.expectations(s.Plan)
		converted = c.text()
		s, err = read(lib, name, converted, ".", nil)
	}
	const cannot = "it cannot be rewritten as it is written%s; write out what its anchors and aliases stand for, and one thing a line"
	if problems, ok := err.(Problems); ok {
		c.refuse(cannot, " ("+problems[0].Message+")")
		return nil, nil, r.sorted()
	}
	before, now := r.plan.Topology, s.Plan.Topology
	if len(now.Edges) != len(before.Edges)-len(c.chosen) || len(now.Publishes) != len(before.Publishes)+len(c.chosen) || len(now.Queues) != len(before.Queues)+len(c.added) {
		c.refuse(cannot, "")
		return nil, nil, r.sorted()
	}
	return converted, c.warnings, nil
}

// A conversion is what AsQueue knows and does on its way. It edits the texts of the
// files, so that nothing changes but what has to.
type conversion struct {
	*rewrite
	edge     *value // as it was asked for
	chosen   []int  // the call steps that become publish steps, by their places in edges
	added    []addedQueue
	warnings []string
}

// An addedQueue stands between the chosen steps and an operation.
type addedQueue struct {
	to   topology.OpRef
	name string
}

// refuse notes why the edge cannot become a queue.
func (c *conversion) refuse(format string, args ...any) bool {
	c.problem(c.edge, format, args...)
	return false
}

// choose finds the call steps, and a queue for each operation that they call.
func (c *conversion) choose(edge string) bool {
	f := &file{name: "--as-queue " + shown(edge), override: true, order: -1}
	c.edge = &value{plain: true, text: edge, file: f}
	from, to, isEdge := strings.Cut(edge, "->")
	to, _, _ = strings.Cut(to, "#")
	if !isEdge {
		return c.refuse("%s", c.noEdge(edge))
	}
	switch {
	case c.isQueue(from):
		return c.refuse("%s is a queue already, and calls nobody; name a call between two services, as in checkout->email", quote(from))
	case c.isQueue(to):
		said := "no call leads there"
		if slices.Contains(c.publishedBy(from), to) {
			said = from + " publishes to it"
		}
		return c.refuse("%s is a queue already, and %s; name a call between two services, as in checkout->email", quote(to), said)
	}
	if _, isSource := c.sources[from]; isSource {
		return c.refuse("%s is a source, and its requests come from outside, where somebody waits for the answer; name a call between two services", quote(from))
	}
	if c.chosen = c.edgesOf(c.edge, edge); c.chosen == nil {
		if len(c.problems) == 0 {
			panic("an edge is not found, and nobody has said so: " + edge)
		}
		if queue := c.between(from, to); queue != "" {
			c.problems = nil
			return c.refuse("these calls are messages already: %s publishes to %s, which %s consumes", from, queue, to)
		}
		return false
	}
	for i, e := range c.edges {
		place := c.places[e]
		if place == nil || slices.Contains(c.chosen, i) {
			continue
		}
		for _, k := range c.chosen {
			if samePlace(place, c.places[c.edges[k]]) {
				return c.refuse("the step of %s is also that of %s, by an alias; write it out for each", c.edges[k].ID, e.ID)
			}
		}
	}
	for _, k := range c.chosen {
		if to := c.edges[k].To; !slices.ContainsFunc(c.added, func(q addedQueue) bool { return q.to == to }) {
			c.added = append(c.added, addedQueue{to, c.freshName(c.edges[k])})
		}
	}
	return true
}

// noEdge is what is said about a text without an arrow: what it is the name of, if of
// anything, and which calls there are.
func (c *conversion) noEdge(text string) string {
	const wanted = "an edge is wanted, as in checkout->email"
	name, _, _ := strings.Cut(text, ".")
	if c.isQueue(text) {
		return quote(text) + " is a queue already; " + wanted
	}
	if _, isSource := c.sources[text]; isSource {
		return quote(text) + " is a source; " + wanted
	}
	service, isService := c.services[name]
	if !isService {
		return wanted
	}
	var ids []string
	for _, e := range c.edges[len(c.plan.Sources):] {
		if e.From.Service == service || e.To.Service == service {
			ids = append(ids, e.ID)
		}
	}
	if len(ids) == 0 {
		return quote(name) + " is a service, of which no call begins or ends; " + wanted
	}
	const most = 12
	if len(ids) > most {
		ids = append(ids[:most], "...")
	}
	return quote(name) + " is a service, and an edge is wanted: " + strings.Join(ids, ", ")
}

// publishedBy are the queues that a service, or an operation of one, publishes to.
func (c *conversion) publishedBy(from string) []string {
	t := c.plan.Topology
	var names []string
	for _, p := range t.Publishes {
		if t.OpName(p.From) == from || t.Services[p.From.Service].Name == from {
			names = append(names, t.Queues[p.Queue].Name)
		}
	}
	return names
}

// between is a queue to which one publishes, and which the other, a service or an
// operation of one, consumes; "" where there is none.
func (c *conversion) between(from, to string) string {
	t := c.plan.Topology
	published := c.publishedBy(from)
	for i := range t.Services {
		for _, in := range t.Services[i].Consumes {
			queue := t.Queues[in.Queue].Name
			if slices.Contains(published, queue) && (t.Services[i].Name == to || t.OpName(topology.OpRef{Service: i, Op: in.Op}) == to) {
				return queue
			}
		}
	}
	return ""
}

func samePlace(a, b *value) bool {
	return a.file == b.file && a.line == b.line && a.column == b.column
}

// freshName is checkout-to-email, or with a number behind it where that is taken.
func (c *conversion) freshName(e *topology.Edge) string {
	t := c.plan.Topology
	base := t.Services[e.From.Service].Name + "-to-" + t.Services[e.To.Service].Name
	if len(t.Services[e.To.Service].Operations) > 1 {
		base += "-" + t.Op(e.To).Name
	}
	const longest = maxName - len("-1000")
	base = base[:min(len(base), longest)]
	taken := func(name string) bool {
		_, service := c.services[name]
		_, source := c.sources[name]
		return service || source || c.isQueue(name) || slices.ContainsFunc(c.added, func(q addedQueue) bool { return q.name == name })
	}
	name := base
	for n := 2; taken(name); n++ {
		name = fmt.Sprintf("%s-%d", base, n)
	}
	return name
}

// queueOf is the name of the queue that stands for an edge.
func (c *conversion) queueOf(e *topology.Edge) string {
	for _, q := range c.added {
		if q.to == e.To {
			return q.name
		}
	}
	panic("no queue stands for " + e.ID)
}

// steps turns the chosen call steps into publish steps.
func (c *conversion) steps() bool {
	var done []*value
	for _, k := range c.chosen {
		e := c.edges[k]
		place := c.places[e]
		if slices.ContainsFunc(done, func(v *value) bool { return samePlace(v, place) }) {
			continue // by an alias
		}
		done = append(done, place)
		step := stepAt(c.servicesEntry().value, place)
		if step == nil {
			panic("no step of the file is " + e.ID)
		}
		c.step(step, e)
	}
	return true
}

// servicesEntry is where the services stand.
func (c *conversion) servicesEntry() *entry { return c.root.entry("topology").value.entry("services") }

// stepAt finds the step that calls what stands in that place.
func stepAt(services, place *value) *value {
	var in func(steps *value) *value
	in = func(steps *value) *value {
		for _, step := range steps.items {
			if e := step.entry("sync"); e != nil && e.value == place {
				return step
			}
			if e := step.entry("parallel"); e != nil {
				if found := in(e.value); found != nil {
					return found
				}
			}
		}
		return nil
	}
	for _, s := range services.entries {
		if e := s.value.entry("steps"); e != nil {
			if found := in(e.value); found != nil {
				return found
			}
		}
		if e := s.value.entry("operations"); e != nil {
			for _, op := range e.value.entries {
				if e := op.value.entry("steps"); e != nil {
					if found := in(e.value); found != nil {
						return found
					}
				}
			}
		}
	}
	return nil
}

// step turns one call step into a publish step: keys that mean nothing for a message
// go, and what was lost is said above it.
func (c *conversion) step(step *value, e *topology.Edge) {
	queue := c.queueOf(e)
	var lost []string
	asWritten := !c.inBraces(step)
	for _, k := range step.entries {
		if k.key.text != "sync" && format[publishKeys].key(k.key.text) == nil {
			lost = append(lost, k.key.text)
		}
		asWritten = asWritten && !k.merged
	}
	sync := step.entry("sync")
	f, key := step.file, c.offset(sync.key)
	asWritten = asWritten && sync.value.file == f && strings.Trim(f.text[min(c.endOf(sync.key), c.offset(sync.value)):c.offset(sync.value)], ": ") == "" && c.offset(sync.value) > key
	if asWritten {
		c.edit(f, key, c.endOf(sync.key), "publish")
		c.edit(f, c.offset(sync.value), c.endOf(sync.value), queue)
		for i, k := range step.entries {
			if k.key.text == "sync" || !slices.Contains(lost, k.key.text) {
				continue
			}
			at := c.offset(k.key)
			if begin := lineStart(f.text, at); strings.TrimLeft(f.text[begin:at], " ") == "" {
				c.edit(f, begin, blockEnd(f.text, at), "")
			} else { // behind the dash
				c.edit(f, at, c.offset(step.entries[i+1].key), "")
			}
		}
	} else {
		kept := []string{"publish: " + queue}
		for _, k := range step.entries {
			if k.key.text != "sync" && format[publishKeys].key(k.key.text) != nil {
				kept = append(kept, k.key.text+": "+flow(k.value, true))
			}
		}
		text := "{" + strings.Join(kept, ", ") + "}"
		if at := c.open(step); c.inBraces(step) {
			c.edit(f, at, flowEnd(f.text, at), text)
		} else {
			at = c.offset(step)
			c.edit(f, at, len(strings.TrimRight(f.text[:blockEnd(f.text, c.dash(step))], lineBreaks+" ")), text)
		}
	}

	var above []string
	if !e.Optional && e.Needed {
		above = append(above, `The answer depended on this call, which was neither optional nor "needed: false":`,
			"somebody has to say that it need not wait for it.")
		c.warn(`%s is neither optional nor "needed: false": the answer depended on it, and somebody has to say that it need not`, e.ID)
	}
	if lost = slices.DeleteFunc(lost, func(name string) bool { return name == "needed" }); len(lost) > 0 {
		above = append(above, "As a call it also had "+listed(lost)+".")
	}
	c.comment(f, c.dash(step), above)
}

// listed is a, b and c.
func listed(words []string) string {
	if n := len(words); n > 1 {
		return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
	}
	return strings.Join(words, "")
}

// queuesAndConsumers writes the new queues, and who consumes them.
func (c *conversion) queuesAndConsumers() bool {
	top := c.root.entry("topology").value
	f := top.file
	queues := top.entry("queues")
	var names []string
	for _, q := range c.added {
		names = append(names, q.name+": {redelivery: 1s}") // or what fails would come again at once, for ever
	}
	switch {
	case queues == nil && c.inBraces(top):
		c.edit(f, c.open(top)+1, c.open(top)+1, "queues: {"+strings.Join(names, ", ")+"}, ")
	case queues == nil:
		at := c.offset(c.servicesEntry().key)
		indent := indentOf(f.text, at)
		c.edit(f, at, at, "queues:\n"+indent+"  "+strings.Join(names, "\n"+indent+"  ")+"\n"+indent)
	case queues.value.isNull():
		at := c.endOf(queues.key)
		at += strings.IndexByte(f.text[at:], ':') + 1
		end := at
		if queues.value.text != "" {
			end = c.offset(queues.value) + len(queues.value.text)
		}
		c.edit(f, at, end, " {"+strings.Join(names, ", ")+"}")
	case c.inBraces(queues.value):
		at, text := c.open(queues.value)+1, strings.Join(names, ", ")
		if last := lastWritten(queues.value); last != nil {
			at, text = flowEntryEnd(f.text, c.offset(last.key)), ", "+text
		}
		c.edit(f, at, at, text)
	default: // behind the others
		key := c.offset(queues.value.entries[0].key)
		if last := lastWritten(queues.value); last != nil {
			key = c.offset(last.key)
		}
		at, text := blockEnd(f.text, key), ""
		if !strings.HasSuffix(f.text[:at], "\n") {
			text = "\n"
		}
		for _, name := range names {
			text += indentOf(f.text, key) + name + "\n"
		}
		c.edit(f, at, at, text)
	}

	// The queues of a service are written together.
	var services []int
	for _, q := range c.added {
		if !slices.Contains(services, q.to.Service) {
			services = append(services, q.to.Service)
		}
	}
	for _, k := range services {
		if !c.consumer(k) {
			return false
		}
	}
	return true
}

// consumer writes that a service consumes the queues that lead to it.
func (c *conversion) consumer(k int) bool {
	s := &c.plan.Topology.Services[k]
	v := c.servicesEntry().value.entry(s.Name).value
	f := v.file
	for _, other := range c.servicesEntry().value.entries {
		if other.value != v && samePlace(other.value, v) {
			return c.refuse("%s and %s are the same by an alias; write %s out", s.Name, other.key.text, s.Name)
		}
	}
	var from []string
	for _, q := range c.added {
		switch {
		case q.to.Service != k:
		case len(s.Operations) > 1:
			from = append(from, fmt.Sprintf("{from: %s, operation: %s}", q.name, s.Operations[q.to.Op].Name))
		default:
			from = append(from, q.name)
		}
	}
	has := v.entry("consumes")
	if has != nil && !has.merged && has.value.kind == list && c.follows(has) {
		if c.inBraces(has.value) {
			c.edit(f, c.open(has.value)+1, c.open(has.value)+1, strings.Join(from, ", ")+", ")
			return true
		}
		at := c.dash(has.value.items[0])
		indent := indentOf(f.text, at)
		c.edit(f, at, at, "- "+strings.Join(from, "\n"+indent+"- ")+"\n"+indent)
		return true
	}
	if has != nil { // a name, or from somewhere else
		more := []*value{has.value}
		if has.value.kind == list {
			more = has.value.items
		}
		for _, item := range more {
			from = append(from, flow(item, true))
		}
	}
	text := "[" + strings.Join(from, ", ") + "]"
	if len(from) == 1 && !strings.HasPrefix(from[0], "{") {
		text = from[0]
	}
	if has != nil && !has.merged && c.follows(has) {
		c.edit(f, c.offset(has.value), c.endOf(has.value), text)
		return true
	}
	text = "consumes: " + text
	switch threads := v.entry("threads"); {
	case c.inBraces(v):
		c.edit(f, c.open(v)+1, c.open(v)+1, text+", ")
	case !threads.merged:
		// Below the threads, and what is said about them.
		at := c.offset(threads.key)
		end := blockEnd(f.text, at)
		indent := strings.Repeat(" ", at-lineStart(f.text, at))
		if end == len(f.text) && !strings.HasSuffix(f.text, "\n") {
			c.edit(f, end, end, "\n"+indent+text)
		} else {
			c.edit(f, end, end, indent+text+"\n")
		}
	default:
		i := slices.IndexFunc(v.entries, func(e entry) bool { return !e.merged })
		if i < 0 {
			return c.refuse("all that %s has comes from an anchor; write it out", s.Name)
		}
		at := c.offset(v.entries[i].key)
		c.edit(f, at, at, text+"\n"+strings.Repeat(" ", at-lineStart(f.text, at)))
	}
	return true
}

// faultsOn comments out the faults that are on the chosen steps alone, and keeps the
// names and numbers by which the others go.
func (c *conversion) faultsOn() bool {
	list := c.root.entry("faults")
	if list == nil || len(list.value.items) == 0 {
		return true
	}
	drop := map[int][]string{}
	for i := range c.plan.Faults {
		t := &c.plan.Faults[i]
		item := list.value.items[i]
		now, ok := t.On, true
		if len(t.Edges) > 0 && strings.Contains(t.On, "->") {
			now, ok = c.renumbered(t.On, t.Edges)
		}
		if !ok {
			queue := c.queueOf(c.edges[t.Edges[slices.IndexFunc(t.Edges, func(k int) bool { return slices.Contains(c.chosen, k) })]])
			drop[i] = []string{fmt.Sprintf("This fault was on a call that is the queue %s now:", queue), faultInstead(t.Kind)}
			c.warn("the fault %s is on %s, which is the queue %s now; it is commented out", t.Name, t.On, queue)
			continue
		}
		if now != t.On {
			on := faultTarget(item)
			c.edit(on.file, c.offset(on), c.endOf(on), flow(&value{text: now, plain: on.plain}, true))
		}
		if item.entry("name") == nil && len(drop) > 0 {
			// By its place in the list it would get another.
			at, text := c.open(item)+1, "name: "+t.Name+", "
			if !c.inBraces(item) {
				at = c.offset(item.entries[0].key)
				text = "name: " + t.Name + "\n" + indentOf(item.file.text, at)
			}
			c.edit(item.file, at, at, text)
		}
	}
	c.drop(list.value, drop)
	return true
}

// faultInstead is what a person may want in place of a fault on a call.
func faultInstead(k sim.FaultKind) string {
	switch k {
	case sim.Latency:
		return "a latency on the queue makes its messages readable later."
	case sim.Loss, sim.Partition:
		return "an outage of the queue is a broker that cannot be reached."
	default:
		return "a publish step has none of what it was about."
	}
}

// faultTarget is what a fault is on, as written.
func faultTarget(fault *value) *value {
	for _, kind := range faultKinds {
		if e := fault.entry(kind); e != nil {
			return e.value.entry("on").value
		}
	}
	panic("a fault of the plan has no kind in the file")
}

// renumbered is the text of an edge as it is called once the chosen steps are gone; ok
// is false where nothing of it is left, or what is left has several numbers. The edges
// are those that it names.
func (c *conversion) renumbered(text string, edges []int) (now string, ok bool) {
	name, _, numbered := strings.Cut(text, "#")
	numbers := map[int]bool{}
	for _, k := range edges {
		if slices.Contains(c.chosen, k) {
			continue
		}
		n := 1
		for i := range k {
			if e := c.edges[i]; i >= len(c.plan.Sources) && e.From == c.edges[k].From && e.To == c.edges[k].To && !slices.Contains(c.chosen, i) {
				n++
			}
		}
		numbers[n] = true
		now = fmt.Sprintf("%s#%d", name, n)
	}
	switch {
	case len(numbers) == 0 || numbered && len(numbers) > 1:
		return "", false
	case !numbered:
		return text, true
	}
	return now, true
}

var numberedEdge = regexp.MustCompile(`^\s*([A-Za-z][A-Za-z0-9_.>-]*#[0-9]+)`)

// expectations comments out those that cannot be judged any more in the plan as it is
// now, and keeps the numbers by which the others call their edges.
func (c *conversion) expectations(now *sim.Plan) {
	list := c.root.entry("expect")
	if list == nil || len(list.value.items) == 0 {
		return
	}
	drop := map[int][]string{}
	for i, item := range list.value.items {
		text := item.text
		if m := numberedEdge.FindStringSubmatchIndex(text); m != nil {
			named := text[m[2]:m[3]]
			number, ok := c.renumbered(named, c.edgesOf(item, named))
			if ok {
				text = text[:m[2]] + number + text[m[3]:]
			} else {
				drop[i] = nil
			}
		}
		if _, problems := report.ParseExpectation(text, now); len(problems) > 0 {
			drop[i] = nil
		}
		if _, gone := drop[i]; gone {
			drop[i] = []string{"This is about a call that is a queue now, or about a fault on one."}
			c.warn("the expectation %q is about a call that is a queue now, or about a fault on one; it is commented out", item.text)
		} else if text != item.text {
			c.edit(item.file, c.offset(item), c.endOf(item), flow(&value{text: text, plain: item.plain}, true))
		}
	}
	c.drop(list.value, drop)
}

// drop comments out members of a list, each with a reason.
func (c *conversion) drop(list *value, why map[int][]string) {
	if len(why) == 0 {
		return
	}
	f := list.file
	if c.inBraces(list) {
		begin := c.open(list)
		var kept, gone []string
		for i, item := range list.items {
			from := c.offset(item)
			if to := flowItemEnd(f.text, from); why[i] == nil {
				kept = append(kept, c.edited(f, from, to))
			} else {
				gone = append(append(gone, why[i]...), strings.Join(strings.Fields(f.text[from:to]), " "))
			}
		}
		c.edit(f, begin, flowEnd(f.text, begin), "["+strings.Join(kept, ", ")+"]")
		c.comment(f, begin, gone)
		return
	}
	for i, item := range list.items {
		if why[i] == nil {
			continue
		}
		at := c.dash(item)
		c.comment(f, at, why[i])
		column := at - lineStart(f.text, at)
		end := blockEnd(f.text, at)
		for begin := lineStart(f.text, at); begin < end; {
			next := end
			if n := strings.IndexByte(f.text[begin:end], '\n'); n >= 0 {
				next = begin + n + 1
			}
			if strings.TrimSpace(f.text[begin:next]) != "" {
				c.edit(f, begin+column, begin+column, "# ")
			}
			begin = next
		}
	}
}

// files writes the names of other files as they are from where the scenario is read now.
func (c *conversion) files() bool {
	if lost := c.rename(c.join); lost != "" {
		return c.refuse("the name of the file %s cannot be found again; write it on one line, without quotes within", quote(lost))
	}
	return true
}

func (c *conversion) warn(format string, args ...any) {
	c.warnings = append(c.warnings, fmt.Sprintf(format, args...))
}

// comment writes lines of comment above the line of a byte.
func (c *conversion) comment(f *file, at int, lines []string) {
	begin := lineStart(f.text, at)
	indent := f.text[begin : begin+len(f.text[begin:])-len(strings.TrimLeft(f.text[begin:], " "))]
	for _, line := range lines {
		c.edit(f, begin, begin, indent+"# "+line+"\n")
	}
}
