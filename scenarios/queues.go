package scenarios

import (
	"slices"
	"strings"
	"time"

	"cascade/topology"
)

// What queues may ask for at most.
const (
	maxCapacity   = 1_000_000_000
	maxReceives   = 1_000_000
	maxPartitions = 10_000  // of a stream
	maxAssigned   = 200_000 // partitions of all streams, each counted once and once more for each group
	maxConsumed   = 1000    // queues of a service
)

// A preset is what a broker does by default.
type preset struct {
	name       string
	queue      topology.Queue
	ackTimeout time.Duration // of its consumers
}

// presetNames are the names of presets, in their order.
const presetNames = "sqs|rabbitmq-classic|rabbitmq-quorum|kafka|kinesis"

// presets are what the key like stands for: the documented defaults of each system,
// as far as they mean something here. All that is not in them is as without a preset.
//
// sqs: Amazon SQS, VisibilityTimeout 30 seconds and MessageRetentionPeriod 345,600
// seconds (API reference, SetQueueAttributes).
//
// rabbitmq-classic: the overflow of a queue with a maximum length is drop-head ("Queue
// Length Limit"), and consumer_timeout, the longest that a delivery may go without an
// acknowledgement, is 30 minutes ("Consumers", Delivery Acknowledgement Timeout).
//
// rabbitmq-quorum: the same, and a delivery-limit of 20 ("Quorum Queues", Poison
// Message Handling; RabbitMQ 4.0).
//
// kafka: log.retention.hours 168 (broker), max.poll.records 500 and
// max.poll.interval.ms 300,000 (consumer configuration).
//
// kinesis: 24 hours of retention (Kinesis Data Streams, "Change the data retention
// period"), read by Lambda, whose MaximumRetryAttempts is -1: a batch that failed is
// tried until its records have expired, and its shard waits (Lambda,
// CreateEventSourceMapping).
var presets = []preset{
	{name: "sqs", queue: topology.Queue{Visibility: 30 * time.Second, TTL: 96 * time.Hour}},
	{name: "rabbitmq-classic", queue: topology.Queue{OnFull: topology.DropOldest}, ackTimeout: 30 * time.Minute},
	{name: "rabbitmq-quorum", queue: topology.Queue{OnFull: topology.DropOldest, MaxReceives: 20}, ackTimeout: 30 * time.Minute},
	{name: "kafka", queue: topology.Queue{Kind: topology.Stream, Retention: 168 * time.Hour,
		MaxPoll: &topology.MaxPoll{Records: 500, Interval: 300 * time.Second}}},
	{name: "kinesis", queue: topology.Queue{Kind: topology.Stream, Retention: 24 * time.Hour, OnFailure: topology.RetryInPlace}},
}

// presetOf is the preset that a queue is like, or nil.
func presetOf(v *value) *preset {
	if like := v.entry("like"); like != nil && like.value.kind == scalar {
		return presetNamed(like.value.text)
	}
	return nil
}

func presetNamed(name string) *preset {
	for i := range presets {
		if presets[i].name == name {
			return &presets[i]
		}
	}
	return nil
}

// kindOfQueue is whether a mapping has the keys of a queue or of a stream. Where the word
// for that is none, what is near it or the other keys tell.
func kindOfQueue(v *value) section {
	kind := v.entry("kind")
	if kind == nil {
		kind = v.entry("type") // which is said to be called kind here
	}
	switch p := presetOf(v); {
	case p != nil && p.queue.Kind == topology.Stream, p == nil && kind != nil && kind.value.text == "stream":
		return streamKeys
	case p != nil, kind != nil && kind.value.text == "queue", kind == nil && v.entry("like") == nil:
		return queueKeys
	}
	if kind != nil && nearest(kind.value.text, []string{"queue", "stream"}) == "stream" || slices.ContainsFunc(v.entries, func(e entry) bool {
		return format[streamKeys].key(e.key.text) != nil && format[queueKeys].key(e.key.text) == nil
	}) {
		return streamKeys
	}
	return queueKeys
}

// ofOtherKind is what is said about a key of a stream in a queue, or of a queue in a
// stream; "" where the word is neither.
func ofOtherKind(in section, word string) string {
	other := streamKeys
	if in == streamKeys {
		other = queueKeys
	}
	if format[other].key(word) == nil {
		return ""
	}
	return quote(word) + " is a key of " + format[other].name + ", not of " + format[in].name + "; " + insteadOfKey[word]
}

// ofWhatItIs is what is said about a key of a service, a queue or a stream that no set on
// one has; "" of any other word.
func ofWhatItIs(in section, word string) string {
	of := queueKeys
	switch in {
	case setQueueKeys:
	case setStreamKeys:
		of = streamKeys
	case setServiceKeys:
		of = serviceKeys
	default:
		return ""
	}
	if word == "name" || format[of].key(word) != nil {
		can := slices.DeleteFunc(format[in].names(), func(name string) bool { return name == "on" || name == onlySome.name })
		return quote(word) + " says what " + format[of].name + " is, which does not change while it runs; a set on one has " + strings.Join(can, ", ")
	}
	if in == setServiceKeys {
		return ""
	}
	return ofOtherKind(of, word)
}

// insteadOfKey is what a person may want who writes a key of the other kind.
var insteadOfKey = map[string]string{
	"capacity":     `a stream takes all that is published, and "retention" says how long it is kept`,
	"on_full":      `a stream takes all that is published, and "retention" says how long it is kept`,
	"order":        "within a partition messages are read in their order",
	"ttl":          `write "retention"`,
	"visibility":   `"max_poll" says when the messages of a member that is too slow come again`,
	"max_receives": `"on_failure" says what becomes of a message that fails`,
	"redelivery":   `write "on_failure: retry" and "retry_every"`,

	"partitions":  "write \"kind: stream\" for one, or \"order: fifo\" for a queue that keeps the order of each key",
	"retention":   `write "ttl"`,
	"on_failure":  `a message that fails is readable again after "redelivery", and dead-lettered after "max_receives"`,
	"retry_every": `write "redelivery"`,
	"rebalance":   "each consumer that is free takes the next message, whoever comes or goes",
	"max_poll":    `"batch" and "ack_timeout" of a consumer, or "visibility" here, say it for a queue`,
}

// queuesIn reads the queues and streams, first all their names, then what they are. It
// returns where the dead letters of each go, as written, or nil.
func (r *reader) queuesIn(f fields) []*value {
	v := f.get("queues")
	if v == nil || v.isNull() {
		return nil
	}
	if !r.is(v, mapping, `"queues"`) {
		r.noQueues = true
		return nil
	}
	r.queueTree = v
	t := r.plan.Topology
	var written []entry
	for _, e := range v.entries {
		name, ok := r.called(e.key, "a queue")
		if !ok {
			r.doubtful[e.key.text] = true
			continue
		}
		r.queues[name] = len(t.Queues)
		t.Queues = append(t.Queues, topology.Queue{Name: name, Capacity: topology.Unlimited, DeadLetter: topology.None})
		written = append(written, e)
	}
	r.ackTimeouts = make([]time.Duration, len(written))
	letters := make([]*value, len(written))
	for i, e := range written {
		letters[i] = r.queue(e, i)
	}
	return letters
}

// queue reads one queue or stream, and returns where its dead letters go, as written.
func (r *reader) queue(e entry, index int) *value {
	q := &r.plan.Topology.Queues[index]
	if e.value.isNull() { // a queue with nothing said about it
		e.value = emptied(e.value)
	}
	in := queueKeys
	if e.value.kind == mapping {
		in = kindOfQueue(e.value)
	}
	f, ok := r.fields(e.value, in, e.key)
	if !ok {
		r.doubtful[q.Name] = true
		return nil
	}
	if p := presetOf(f.v); p != nil {
		name := q.Name
		*q = p.queue
		q.Name, q.Capacity, q.DeadLetter = name, topology.Unlimited, topology.None
		r.ackTimeouts[index] = p.ackTimeout
		before := len(r.problems)
		kind := topology.QueueKind(f.choice("kind"))
		if v := f.get("kind"); v != nil && kind != q.Kind && len(r.problems) == before {
			r.problem(v, "%q is %s, and here stands %s; leave one of them out", p.name, format[in].name, quote(v.text))
		}
	} else {
		f.choice("like")
		if v := f.get("kind"); v != nil && v.kind == scalar && presetNamed(v.text) != nil {
			f.problem(v, "\"kind\" is queue or stream, not %q; did you mean \"like: %s\"?", v.text, v.text)
		} else {
			q.Kind = topology.QueueKind(f.choice("kind"))
		}
	}
	q.Latency = f.dist("latency")
	if in == streamKeys {
		f.stream(q)
	} else {
		f.workQueue(q)
	}
	return f.get("dead_letter")
}

// workQueue reads what only a queue of work has, over what a preset says.
func (f fields) workQueue(q *topology.Queue) {
	q.Kind = topology.WorkQueue
	f.workPolicies(q)
	f.wants("on_full", "capacity")
	q.FIFO = f.choice("order") == 1
	if q.MaxReceives == 0 { // nor has the preset one
		f.wants("dead_letter", "max_receives")
	}
}

// workPolicies reads what a set may change of it.
func (f fields) workPolicies(q *topology.Queue) {
	if v := f.get("capacity"); v != nil {
		q.Capacity, _ = f.size(v, "capacity", "unbounded", 1, maxCapacity)
	}
	if f.get("on_full") != nil {
		q.OnFull = topology.OnFull(f.choice("on_full"))
	}
	over(f, "ttl", &q.TTL, f.limit)
	over(f, "visibility", &q.Visibility, f.limit)
	if f.get("max_receives") != nil {
		q.MaxReceives = int(f.count("max_receives", 1, maxReceives))
	}
	q.Redelivery = f.duration("redelivery")
}

// stream reads what only a stream has, over what a preset says.
func (f fields) stream(q *topology.Queue) {
	q.Kind = topology.Stream
	q.Partitions = 1
	if f.must("partitions") != nil {
		q.Partitions = max(1, int(f.count("partitions", 1, maxPartitions)))
	}
	f.streamPolicies(q)
	if q.OnFailure == topology.DeadLetterFailed && f.get("dead_letter") == nil {
		f.noDeadLetters()
	}
	if f.get("on_failure") == nil { // who writes it may keep what goes with another word
		if q.OnFailure != topology.RetryInPlace {
			f.idle("retry_every", "retry", q)
		}
		f.idle("dead_letter", "dead_letter", q)
	}
}

// streamPolicies reads what a set may change of it.
func (f fields) streamPolicies(q *topology.Queue) {
	over(f, "retention", &q.Retention, f.limit)
	if f.get("on_failure") != nil {
		q.OnFailure = topology.OnFailure(f.choice("on_failure"))
	}
	q.RetryEvery = f.lasting("retry_every")
	q.Rebalance = f.duration("rebalance")
	if p, ok := f.within("max_poll"); ok {
		var poll topology.MaxPoll
		if q.MaxPoll != nil { // the preset's, of which what is written here wins
			poll = *q.MaxPoll
		}
		if p.get("records") != nil || poll.Records == 0 && p.must("records") != nil {
			poll.Records = int(p.count("records", 1, maxCounted))
		}
		if p.get("interval") != nil || poll.Interval == 0 && p.must("interval") != nil {
			poll.Interval = p.lasting("interval")
		}
		q.MaxPoll = &poll
	}
}

// noDeadLetters notes that on_failure sends what fails to a queue that is not there.
func (f fields) noDeadLetters() {
	f.problem(f.v.entry("on_failure").value, `"on_failure: dead_letter" needs the key "dead_letter": a queue`)
}

// idle notes that a key of a stream stands there without the word of on_failure that it
// goes with, and says what a failure leads to instead.
func (f fields) idle(name, word string, q *topology.Queue) {
	if f.get(name) == nil {
		return
	}
	instead := "skipped"
	if q.OnFailure == topology.RetryInPlace {
		instead = "tried again"
	}
	f.problem(f.v.entry(name).key, "%q goes with \"on_failure: %s\", and without that what fails is %s; write that, or leave %q out", name, word, instead, name)
}

// over stores what a key says over a preset's value, if the key is there.
func over(f fields, name string, to *time.Duration, read func(string) time.Duration) {
	if f.get(name) != nil {
		*to = read(name)
	}
}

// deadLetters finds where dead letters go, once all names are known; they do not go in
// a circle.
func (r *reader) deadLetters(letters []*value) {
	queues := r.plan.Topology.Queues
	for i, v := range letters {
		if v == nil {
			continue
		}
		switch to, ok := r.queueNamed(v); {
		case !ok:
		case to == i:
			r.lettersToItself(v, i)
		default:
			queues[i].DeadLetter = to
		}
	}
	walk := make([]int, len(queues)) // on which a queue was met, from 1 on
	for i := range queues {
		for at := i; at != topology.None && walk[at] == 0; at = queues[at].DeadLetter {
			walk[at] = i + 1
			next := queues[at].DeadLetter
			if next == topology.None || walk[next] != i+1 {
				continue
			}
			names := []string{queues[next].Name}
			for k := queues[next].DeadLetter; k != next; k = queues[k].DeadLetter {
				names = append(names, queues[k].Name)
			}
			r.lettersInACircle(letters[at], append(names, queues[next].Name))
			queues[at].DeadLetter = topology.None
		}
	}
}

func (r *reader) lettersToItself(v *value, queue int) {
	r.problem(v, "the dead letters of %q cannot go to itself; write another queue", r.plan.Topology.Queues[queue].Name)
}

func (r *reader) lettersInACircle(v *value, names []string) {
	r.problem(v, "dead letters go in a circle: %s; let one of them have no \"dead_letter\"", briefly(names))
}

// briefly is a way from name to name, cut where it is long.
func briefly(names []string) string {
	const longest = 12
	if len(names) > longest+1 {
		names = append(append(slices.Clone(names[:longest]), "..."), names[len(names)-1])
	}
	return strings.Join(names, " -> ")
}

// queueNamed finds the queue or stream that v names.
func (r *reader) queueNamed(v *value) (int, bool) {
	text, ok := r.word(v, "the name of a queue")
	if !ok {
		return 0, false
	}
	if i, ok := r.queues[text]; ok {
		return i, true
	}
	if r.noQueues || r.doubtful[text] {
		return 0, false
	}
	name, _, dotted := strings.Cut(text, ".")
	_, isSource := r.sources[name]
	switch _, isService := r.services[name]; {
	case dotted && r.isQueue(name):
		r.problem(v, "no queue %s; did you mean %q?", quote(text), name)
	case isService:
		r.problem(v, "%s is a service, and a queue is wanted here", quote(name))
	case isSource:
		r.problem(v, "%s is a source, and a queue is wanted here", quote(name))
	case len(r.queues) == 0:
		r.problem(v, "no queue %s; the topology has none, write it under \"queues\"", quote(text))
	default:
		r.problem(v, "no queue %s%s", quote(text), r.didYouMean(text, r.queueNames()))
	}
	return 0, false
}

func (r *reader) queueNames() []string {
	var names []string
	for i := range r.plan.Topology.Queues {
		names = append(names, r.plan.Topology.Queues[i].Name)
	}
	return names
}

// publish reads a publish step.
func (f fields) publish(from topology.OpRef) (*topology.Publish, bool) {
	p := &topology.Publish{From: from}
	p.Timeout = f.limit("timeout")
	p.Chance = f.share("chance")
	p.Times = max(1, int(f.count("times", 1, maxTimes)))
	p.Optional = f.boolean("optional")
	p.Keys = max(1, int(f.count("keys", 1, maxKeys)))
	if v := f.get("key"); v != nil {
		d := distReader{f.reader, v, true}
		switch name, args := d.law(`"key"`, keyLaws); name {
		case "round_robin":
			p.Key = topology.RoundRobinKeys
		case "zipf":
			p.Key, p.Zipf = topology.ZipfKeys, d.number(args[0], "exponent", 0.01, 10)
		}
	}
	v := f.get("publish")
	if v.kind == list && !v.broken {
		f.problem(v, "a publish step hands its message to one queue, not to a list; write a step for each")
		return nil, false
	}
	if name, _, _ := strings.Cut(v.text, "."); v.kind == scalar && !f.isQueue(v.text) {
		if _, isService := f.services[name]; isService {
			f.problem(v, "%s is a service; call it with sync, or hand a message to a queue that it consumes", quote(name))
			return nil, false
		}
	}
	queue, ok := f.queueNamed(v)
	p.Queue = queue
	return p, ok
}

var keyLaws = []family{{"uniform", "", 0}, {"round_robin", "", 0}, {"zipf", "S", 1}}

// consumes reads whose messages a service takes: a name, or a list of names and of
// mappings.
func (r *reader) consumes(v *value, service int) []topology.Consume {
	items := []*value{v}
	switch {
	case v.broken:
		return nil
	case v.kind == mapping:
		name := "…"
		if e := v.entry("from"); e != nil && e.value.kind == scalar {
			name = shown(e.value.text)
		} else if len(v.entries) == 1 && r.isQueue(v.entries[0].key.text) {
			name = v.entries[0].key.text
		}
		r.problem(v, `"consumes" is the name of a queue or a list, not a mapping; write [{from: %s}], with its other keys behind`, name)
		return nil
	case v.kind == list:
		items = v.items
		if len(items) == 0 {
			r.problem(v, `there are no queues in "consumes"; write at least one, or leave it out`)
		}
		if len(items) > maxConsumed {
			r.problem(items[maxConsumed], "a service consumes at most %d queues", maxConsumed)
			return nil
		}
	}
	var all []topology.Consume
	seen := map[int]bool{}
	for _, item := range items {
		c, from, ok := r.consume(item, service)
		if ok && seen[c.Queue] {
			r.problem(from, "%q consumes %q twice; write it once", r.plan.Topology.Services[service].Name, r.plan.Topology.Queues[c.Queue].Name)
			continue
		}
		switch {
		case ok:
			seen[c.Queue] = true
			all = append(all, c)
		case from != nil:
			r.doubtful[from.text] = true
		}
	}
	return all
}

// consume reads one queue that a service consumes, and returns where it is named.
func (r *reader) consume(v *value, service int) (c topology.Consume, from *value, ok bool) {
	switch {
	case v.kind == scalar && strings.Contains(v.text, ",") && !v.broken:
		r.problem(v, "%s is no name of a queue; a list is written [%s]", quote(v.text), shown(v.text))
		return c, nil, false
	case v.kind == scalar:
		v = consumerNamed(v)
	case v.kind == mapping && len(v.entries) == 1 && v.entries[0].value.kind == mapping && r.isQueue(v.entries[0].key.text):
		name := v.entries[0].key.text
		r.problem(v.entries[0].key, "a consumer is written {from: %s}, with its other keys behind", name)
		r.doubtful[name] = true
		return c, nil, false
	}
	f, ok := r.fields(v, consumeKeys, nil)
	if !ok {
		return c, nil, false
	}
	if from = f.must("from"); from == nil {
		return c, nil, false
	}
	before := len(r.problems)
	c.Queue, ok = r.queueNamed(from)
	c.Op = r.consumeWith(f.get("operation"), from, &r.plan.Topology.Services[service])
	if f.get("prefetch") != nil {
		c.Prefetch = int(f.count("prefetch", 1, maxCounted))
	}
	c.Batch = max(1, int(f.count("batch", 1, maxCounted)))
	c.AckTimeout = f.limit("ack_timeout")
	if !ok {
		return c, from, false
	}
	q := &r.plan.Topology.Queues[c.Queue]
	if q.Kind == topology.Stream {
		for _, name := range []string{"prefetch", "batch", "ack_timeout"} {
			if f.get(name) != nil {
				r.problem(f.v.entry(name).key, "%q belongs to a consumer of a queue, and %q is a stream; \"max_poll\" of the stream says how it is read", name, q.Name)
			}
		}
	}
	if f.get("ack_timeout") == nil {
		c.AckTimeout = r.ackTimeouts[c.Queue]
	}
	return c, from, len(r.problems) == before
}

// consumerNamed is a consumer of which only the queue is written.
func consumerNamed(from *value) *value {
	return &value{kind: mapping, file: from.file, line: from.line, column: from.column, broken: from.broken,
		entries: []entry{{key: wordOf("from", from.file), value: from}}}
}

// consumeWith finds the operation that a consumer does.
func (r *reader) consumeWith(v, from *value, s *topology.Service) int {
	var names []string
	for i := range s.Operations {
		names = append(names, s.Operations[i].Name)
	}
	switch {
	case r.doubtful[s.Name]:
		return 0
	case v == nil && len(names) == 1:
		return 0
	case v == nil:
		r.problem(from, "%q has several operations; name the one that takes these messages, as in {from: %s, operation: %s}", s.Name, shown(from.text), names[0])
		return 0
	}
	text, ok := r.word(v, "the name of an operation")
	if !ok {
		return 0
	}
	text = strings.TrimPrefix(text, s.Name+".")
	if i := slices.Index(names, text); i >= 0 && text != "" {
		return i
	}
	if names[0] == "" {
		r.problem(v, "%q has no operations, only steps; leave \"operation\" out", s.Name)
		return 0
	}
	hint := r.didYouMean(text, names)
	if hint == "" {
		hint = "; it has " + strings.Join(names, ", ")
	}
	r.problem(v, "%q has no operation %s%s", s.Name, quote(text), hint)
	return 0
}
