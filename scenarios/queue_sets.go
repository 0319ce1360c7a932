package scenarios

import (
	"slices"

	"cascade/sim"
	"cascade/topology"
)

// queueSettings reads what a set fault sets of a queue or a stream.
func (r *reader) queueSettings(t *sim.Fault, f fields) {
	q := topology.Queue{DeadLetter: topology.None}
	if len(t.Queues) > 0 {
		q = r.plan.Topology.Queues[t.Queues[0]] // of a max_poll each key is by itself
	}
	s := &t.Set
	set(f, "latency", &s.Latency, f.dist("latency"))
	if v := f.get("dead_letter"); v != nil {
		switch to, ok := r.queueNamed(v); {
		case ok && slices.Contains(t.Queues, to):
			r.lettersToItself(v, to)
		case ok:
			s.DeadLetter = &to
		}
	}
	if f.shape == &format[setQueueKeys] {
		f.workPolicies(&q)
		set(f, "capacity", &s.Capacity, q.Capacity)
		set(f, "on_full", &s.OnFull, q.OnFull)
		set(f, "ttl", &s.TTL, q.TTL)
		set(f, "visibility", &s.Visibility, q.Visibility)
		set(f, "max_receives", &s.MaxReceives, q.MaxReceives)
		set(f, "redelivery", &s.Redelivery, q.Redelivery)
	} else {
		f.streamPolicies(&q)
		set(f, "retention", &s.Retention, q.Retention)
		set(f, "on_failure", &s.OnFailure, q.OnFailure)
		set(f, "retry_every", &s.RetryEvery, q.RetryEvery)
		set(f, "rebalance", &s.Rebalance, q.Rebalance)
		if f.get("max_poll") != nil {
			s.MaxPoll = q.MaxPoll
		}
	}
	r.queueSets[t.Name] = f
}

// checkQueueSets checks what sets on queues want there beside what they set: it is written
// with the queue, or some set on it sets it.
func (r *reader) checkQueueSets() {
	for i := range r.plan.Faults {
		t := &r.plan.Faults[i]
		f, ok := r.queueSets[t.Name]
		if !ok {
			continue
		}
		q := &r.plan.Topology.Queues[t.Queues[0]]
		sets := func(what func(*sim.Settings) bool) bool {
			return slices.ContainsFunc(r.plan.Faults, func(o sim.Fault) bool { return slices.Contains(o.Queues, t.Queues[0]) && what(&o.Set) })
		}
		fails := func(how topology.OnFailure) bool {
			return q.OnFailure == how || sets(func(s *sim.Settings) bool { return s.OnFailure != nil && *s.OnFailure == how })
		}
		letters := q.DeadLetter != topology.None || sets(func(s *sim.Settings) bool { return s.DeadLetter != nil })
		if q.Kind == topology.WorkQueue {
			if within(r.queueTree, q.Name, "capacity") == nil && !sets(func(s *sim.Settings) bool { return s.Capacity != nil }) {
				f.wants("on_full", "capacity")
			}
			if q.MaxReceives == 0 && !sets(func(s *sim.Settings) bool { return s.MaxReceives != nil }) {
				f.wants("dead_letter", "max_receives")
			}
			continue
		}
		if h := t.Set.OnFailure; h != nil && *h == topology.DeadLetterFailed && !letters {
			f.noDeadLetters()
		}
		if f.get("on_failure") != nil { // who writes it may keep what goes with another word
			continue
		}
		if !fails(topology.RetryInPlace) {
			f.idle("retry_every", "retry", q)
		}
		if !fails(topology.DeadLetterFailed) {
			f.idle("dead_letter", "dead_letter", q)
		}
	}
	r.circlesOfSets()
}

// A letterWay is where the dead letters of a queue go, by the topology or, if v is there, by
// a set.
type letterWay struct {
	to int
	v  *value
}

// circlesOfSets finds circles of dead letters that sets would make, with the topology's and
// with each other, whenever each is in force.
func (r *reader) circlesOfSets() {
	queues := r.plan.Topology.Queues
	ways := make([][]letterWay, len(queues))
	for i := range queues {
		if to := queues[i].DeadLetter; to != topology.None {
			ways[i] = append(ways[i], letterWay{to, nil})
		}
	}
	found := false
	for i := range r.plan.Faults {
		if t := &r.plan.Faults[i]; t.Set.DeadLetter != nil {
			from := t.Queues[0]
			ways[from] = append(ways[from], letterWay{*t.Set.DeadLetter, r.queueSets[t.Name].get("dead_letter")})
			found = true
		}
	}
	if !found {
		return
	}
	const fresh, open, done = 0, 1, 2
	state := make([]int, len(queues))
	var path []int
	var taken []letterWay // from each of the path
	var walk func(i int)
	walk = func(i int) {
		state[i] = open
		path = append(path, i)
		for _, w := range ways[i] {
			taken = append(taken, w)
			switch state[w.to] {
			case fresh:
				walk(w.to)
			case open:
				begin := slices.Index(path, w.to)
				var names []string
				for _, k := range path[begin:] {
					names = append(names, queues[k].Name)
				}
				by := taken[begin+slices.IndexFunc(taken[begin:], func(w letterWay) bool { return w.v != nil })]
				r.lettersInACircle(by.v, append(names, queues[w.to].Name))
			}
			taken = taken[:len(taken)-1]
		}
		path = path[:len(path)-1]
		state[i] = done
	}
	for i := range queues {
		if state[i] == fresh {
			walk(i)
		}
	}
}
