package scenarios

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/topology"
)

// A Key is a key that may be written somewhere, and what is written there at present.
type Key struct {
	Name     string
	Written  string   // how a value is written: duration, share, number|unlimited …
	Default  string   // what holds without it; "" where there is no word for that
	About    string   // what it means
	Value    string   // what holds at present, on one line: as written, else the default
	Given    bool     // the value is written, in the scenario or in a fault; else it is the default
	By       string   // the fault in force that gives the value; "": none does
	Required bool     // it has to be written
	Choices  []string // the words that it takes, where it takes no others
	Example  string   // a value that could be meant, "" where there is none
	Keys     []Key    // of a mapping with keys of its own: these
	Fixed    string   // of a policy: why no set changes it; "": one does
	OfFault  bool     // it says when a fault is in force, or on how many instances, whatever its kind
}

// FaultKeys are the keys that a fault of that kind may have on that target, without on
// and what every fault has to have: those of the kind, then for, ramp, every and
// instances where it can have them. Values are empty, but for a set: there each key that
// may be set has the value that it has in the scenario with these changes, where no
// fault is in force. It is nil where the scenario cannot be read, or has no such target.
func (e *Editor) FaultKeys(changes []Override, kind, on string) []Key {
	r, root, err := readTree(e.lib, e.name, e.text, e.dir, e.with(changes))
	i := slices.Index(faultKinds, kind)
	if err != nil || i < 0 {
		return nil
	}
	var at sim.Fault
	is := r.on(&at, wordOf(on, &file{override: true}), kind, faultPlaces[kind])
	if is == 0 {
		return nil
	}
	var keys []Key
	if kind == "set" {
		h := r.holder(root, on)
		for _, k := range format[setSection(on, r.queueTree)].keys {
			isPolicy := slices.ContainsFunc(h.keys, func(o key) bool { return o.name == k.name }) // those of a source's way in are fewer
			if k.name == "on" || k.name == onlySome.name || !isPolicy {
				continue
			}
			of := h.key(k.name)
			of.Required = false
			r.choicesOf(&of, kind, &at)
			keys = append(keys, of)
		}
	} else {
		in := format[faultKeys].key(kind).within
		for _, k := range format[in].keys {
			if k.name == "on" || k.name == onlySome.name {
				continue
			}
			of := unset(k)
			of.Example = exampleOf(in, k.name)
			r.choicesOf(&of, kind, &at)
			keys = append(keys, of)
		}
	}
	for _, name := range faultTimes {
		instant := slices.Contains(instantKinds, kind)
		if name == "for" && instant || name == "ramp" && !slices.Contains(rampKinds, kind) {
			continue
		}
		keys = append(keys, ofAnyFault(*format[faultKeys].key(name)))
	}
	if in := format[faultKeys].key(kind).within; (is == onService || is == onOperation && kind != "set") && format[in].key(onlySome.name) != nil {
		keys = append(keys, ofAnyFault(onlySome))
	}
	return keys
}

// unset is a key of a fault that is not there yet.
func unset(k key) Key {
	of := keyOf(k, nil)
	of.Value = ""
	return of
}

// ofAnyFault is likewise one that says nothing of what the fault does.
func ofAnyFault(k key) Key {
	of := unset(k)
	of.OfFault = true
	return of
}

// choicesOf lists the names that a key of a fault takes.
func (r *reader) choicesOf(k *Key, kind string, at *sim.Fault) {
	switch {
	case kind == "set" && k.Name == "dead_letter":
		for i, name := range r.queueNames() {
			if !r.lettersReach(i, at.Queues[0]) {
				k.Choices = append(k.Choices, name)
			}
		}
	case kind == "redrive" && k.Name == "to":
		k.Choices = slices.DeleteFunc(r.queueNames(), func(name string) bool { return name == at.On })
	case kind == "rewind" && k.Name == "group":
		for _, g := range r.groupsOf(at.Queues[0]) {
			k.Choices = append(k.Choices, r.plan.Topology.Services[g].Name)
		}
		k.Required = len(k.Choices) > 1
	default:
		return
	}
	if k.Required && len(k.Choices) > 0 {
		k.Example = k.Choices[0]
	}
}

// lettersReach says whether dead letters of one queue may come to another, or are there.
func (r *reader) lettersReach(from, to int) bool {
	for from != topology.None && from != to {
		from = r.plan.Topology.Queues[from].DeadLetter
	}
	return from == to
}

// exampleOf is the value that the format shows for a key of a kind of fault.
func exampleOf(in section, name string) string {
	lone := strings.TrimSuffix(format[in].lone, "}")
	_, rest, found := strings.Cut(lone, ", "+name+": ")
	if !found || rest == "…" {
		return ""
	}
	return strings.ReplaceAll(rest, "%%", "%")
}

// Policies are the keys of a service, an operation, an edge, a source or a queue, with
// their values: all that the format knows but what it is made of and connected to (steps,
// operations, consumes, to, sync). Where a fault in force at now sets a key, its value is
// that one; now is from the start of the run. Of an edge of several steps they are those
// of the first. It is nil where the scenario cannot be read, or has no such target.
func (e *Editor) Policies(changes []Override, target string, now time.Duration) []Key {
	r, root, err := readTree(e.lib, e.name, e.text, e.dir, e.with(changes))
	if err != nil {
		return nil
	}
	h := r.holder(root, target)
	if h == nil {
		return nil
	}
	h.inForce(root, des.Time(now))
	var keys []Key
	for _, k := range h.keys {
		of := h.key(k.name)
		of.Fixed = h.fixed(k.name)
		keys = append(keys, of)
	}
	return keys
}

// fixed is why no set changes a key; "" where one on the holder, or on a source's way in, does.
func (h *holder) fixed(name string) string {
	switch {
	case h.service != topology.None && h.op == topology.None && name == "instances":
		return `"instances" does not change by a set; an autoscale adds and removes them, a crash takes some down`
	case h.service != topology.None && h.op == topology.None && format[setServiceKeys].key(name) == nil:
		return ofWhatItIs(setServiceKeys, name)
	case h.queue != topology.None && format[setSection(h.plan.Topology.Queues[h.queue].Name, h.queueTree)].key(name) == nil:
		return ofWhatItIs(setSection(h.plan.Topology.Queues[h.queue].Name, h.queueTree), name)
	case h.edge != topology.None && format[setEdgeKeys].key(name) == nil:
		return quote(name) + " says what a source is, which does not change while it runs; a surge changes its traffic"
	}
	return ""
}

// A holder is what has policies: where in the tree they stand, and what faults in force
// set instead.
type holder struct {
	*reader
	keys []key
	v    *value // the mapping, or nothing at all for a queue with nothing said about it
	set  []setKey

	// What it is, each by its place; topology.None where it is not that.
	service, op, edge, queue int
}

// A setKey is a key that a fault in force sets.
type setKey struct {
	name, by string
	v        *value
}

// holder finds a target in the tree; nil where there is none of that name.
func (r *reader) holder(root *value, target string) *holder {
	h := &holder{reader: r, service: topology.None, op: topology.None, edge: topology.None, queue: topology.None}
	except := func(in section, names ...string) []key {
		return slices.DeleteFunc(slices.Clone(format[in].keys), func(k key) bool { return slices.Contains(names, k.name) })
	}
	top := root.entry("topology").value
	services, traffic := top.entry("services").value, root.entry("traffic").value
	name, op, dotted := strings.Cut(target, ".")
	_, isService := r.services[name]
	source, isSource := r.sources[target]
	switch {
	case strings.Contains(target, "->"):
		edges := r.edgesOf(wordOf(target, &file{override: true}), target)
		if len(edges) == 0 {
			return nil
		}
		h.edge = edges[0]
		if h.edge < len(r.plan.Sources) {
			h.keys, h.v = callKeys, traffic.entry(r.plan.Sources[h.edge].Name).value
		} else {
			h.keys, h.v = except(syncKeys, "sync"), stepAt(services, r.places[r.edges[h.edge]])
		}
	case isSource:
		h.edge, h.v = source, traffic.entry(target).value
		kind := sourceKinds[slices.IndexFunc(sourceKinds, func(k string) bool { return h.v.entry(k) != nil })]
		for _, k := range except(sourceKeys, "to") {
			isKind := slices.Contains(sourceKinds, k.name)
			if with, some := onlyWith[k.name]; isKind && k.name != kind || some && with != kind {
				continue
			}
			h.keys = append(h.keys, k)
		}
	case r.isQueue(target):
		h.queue = r.queues[target]
		h.v = top.entry("queues").value.entry(target).value
		h.keys = except(kindOfQueue(h.v))
	case isService && dotted:
		h.service = r.services[name]
		operations := services.entry(name).value.entry("operations")
		if operations == nil || operations.value.entry(op) == nil {
			return nil
		}
		h.op = slices.IndexFunc(r.plan.Topology.Services[h.service].Operations, func(o topology.Operation) bool { return o.Name == op })
		h.keys, h.v = except(operationKeys, "steps"), operations.value.entry(op).value
	case isService:
		h.service, h.v = r.services[name], services.entry(name).value
		h.keys = except(serviceKeys, "consumes", "steps", "operations")
	default:
		return nil
	}
	return h
}

// inForce notes what faults in force at now set: as in a run, those that began later win,
// and a threads fault over all that set threads.
func (h *holder) inForce(root *value, now des.Time) {
	type begun struct {
		fault int
		at    des.Time
	}
	var all []begun
	now = min(now, h.plan.Duration-1) // at the end what was in force is so still
	for i := range h.plan.Faults {
		f := &h.plan.Faults[i]
		since := f.From
		if f.Every > 0 && now > f.From {
			since += (now - f.From) / f.Every * f.Every
		}
		if (f.Kind == sim.Set || f.Kind == sim.Threads) && since <= now && now < since+f.Until-f.From && h.isOn(f) {
			all = append(all, begun{i, since})
		}
	}
	slices.SortStableFunc(all, func(a, b begun) int {
		of := func(x begun) int {
			return slices.Index([]sim.FaultKind{sim.Set, sim.Threads}, h.plan.Faults[x.fault].Kind)
		}
		return cmp.Or(cmp.Compare(of(a), of(b)), cmp.Compare(a.at, b.at))
	})
	for _, b := range all {
		f, item := &h.plan.Faults[b.fault], root.entry("faults").value.items[b.fault]
		if f.Kind == sim.Threads {
			h.set = append(h.set, setKey{"threads", f.Name, item.entry("threads").value.entry("to").value})
			continue
		}
		for _, e := range item.entry("set").value.entries {
			h.set = append(h.set, setKey{e.key.text, f.Name, e.value})
		}
	}
}

// isOn says whether a set or a threads fault is on the holder.
func (h *holder) isOn(f *sim.Fault) bool {
	switch {
	case h.edge != topology.None:
		return slices.Contains(f.Edges, h.edge)
	case h.op != topology.None:
		return slices.Contains(f.Ops, topology.OpRef{Service: h.service, Op: h.op})
	case h.service != topology.None:
		return slices.Contains(f.Services, h.service)
	case h.queue != topology.None:
		return slices.Contains(f.Queues, h.queue)
	}
	return false
}

// key is one of the holder's keys with its value.
func (h *holder) key(name string) Key {
	k := h.keys[slices.IndexFunc(h.keys, func(k key) bool { return k.name == name })]
	var v *value
	by := ""
	if h.v.kind == mapping {
		v = h.v.entry(name).orElse(nil)
	}
	protocol := h.v.entry("protocol").orElse(nil)
	for _, s := range h.set {
		switch {
		case s.name == name:
			v, by = s.v, s.by
		case s.name == "protocol":
			protocol = s.v
			if name == "network" { // over what was written, as the reader does
				v, by = nil, s.by
			}
		}
	}
	of := keyOf(k, v)
	of.By = by
	if standsFor := h.initial(name, protocol); standsFor != "" {
		of.Default = standsFor
		if v == nil {
			of.Value = standsFor
		}
	}
	return of
}

// initial is what holds without a key where other keys decide that, else "".
func (h *holder) initial(name string, protocol *value) string {
	switch {
	case name == "network" && protocol != nil:
		for _, p := range protocols {
			if p.Name == protocol.text {
				return brief(des.Time(p.Network))
			}
		}
	case name == "instances" && h.service != topology.None:
		if a := h.plan.Topology.Services[h.service].Autoscale; a != nil {
			return strconv.Itoa(a.Min)
		}
	}
	p := presetOf(h.v)
	if p == nil || h.queue == topology.None {
		return ""
	}
	lasting := func(d time.Duration) string {
		if d == 0 {
			return ""
		}
		return brief(des.Time(d))
	}
	word := func(i int) string { return choicesIn(format[kindOfQueue(h.v)].key(name).value)[i] }
	switch q := &p.queue; name {
	case "kind":
		return word(int(q.Kind))
	case "on_full":
		return word(int(q.OnFull))
	case "ttl":
		return lasting(q.TTL)
	case "visibility":
		return lasting(q.Visibility)
	case "max_receives":
		if q.MaxReceives > 0 {
			return strconv.Itoa(q.MaxReceives)
		}
	case "retention":
		return lasting(q.Retention)
	case "on_failure":
		return word(int(q.OnFailure))
	case "max_poll":
		if m := q.MaxPoll; m != nil {
			return "{records: " + strconv.Itoa(m.Records) + ", interval: " + brief(des.Time(m.Interval)) + "}"
		}
	}
	return ""
}

// keyOf is a key of the format with the value that is written for it, nil for none.
func keyOf(k key, v *value) Key {
	about, required := strings.CutSuffix(k.about, "; required")
	of := Key{Name: k.name, Written: k.value, Default: k.initial, About: about, Required: required, Choices: choicesIn(k.value)}
	of.Value = of.Default
	if v != nil {
		of.Value, of.Given = flow(bare(v), v.kind != scalar), true
	}
	if of.Choices == nil {
		of.Example = examples[k.name]
	}
	if k.within == none {
		return of
	}
	for _, below := range format[k.within].keys {
		var written *value
		if v != nil && v.kind == mapping {
			written = v.entry(below.name).orElse(nil)
		}
		of.Keys = append(of.Keys, keyOf(below, written))
	}
	return of
}

// examples are values of keys, for those who do not know how they are written.
var examples = map[string]string{
	"retry":          "{attempts: 3, backoff: 50ms, jitter: full}",
	"budget":         "{ratio: 10%, burst: 10}",
	"breaker":        "{ratio: 50%, min_requests: 20, open_for: 10s}",
	"rate_limit":     "{rate: 100/s, burst: 10}",
	"hedge":          "{after: p95}",
	"throttle":       "{k: 2}",
	"cache":          "{hit: 90%}",
	"adaptive_limit": "{kind: aimd}",
	"outlier":        "{consecutive: 5, eject: 30s}",
	"autoscale":      "{min: 2, max: 10, target: 60%}",
	"contention":     "usl(2%, 0.01%)",
	"burst":          "{at: 10s, count: 500}",
	"max_poll":       "{records: 100, interval: 300s}",
	"network":        "exponential(1ms)",
	"timeout":        "300ms",
	"deadline":       "1s",
	"threads":        "16",
	"bulkhead":       "16",
	"health_check":   "5s",
	"fallback":       "1ms",
	"capacity":       "1000",
	"latency":        "100ms",
	"ttl":            "1m",
	"visibility":     "30s",
	"max_receives":   "3",
	"retention":      "1h",
}

// choicesIn are the words that a key takes, by how its value is written; nil where it
// takes others too.
func choicesIn(written string) []string {
	words := strings.Split(written, "|")
	if len(words) == 1 || words[0] == "number" || strings.Contains(written, "(") {
		return nil
	}
	return words
}
