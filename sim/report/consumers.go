package report

import (
	"cmp"
	"fmt"
	"slices"

	"cascade/sim"
	"cascade/topology"
)

// usualTrials is the share of messages that a consumer is expected to do at the first
// try: no request of anybody's depends on it, and what fails now and then comes again.
const usualTrials = 0.99

// A consumerFold is what is summed up of an operation that works on messages.
type consumerFold struct {
	interval outcomes // of what a thread answered, in the one under way
	since    failureFold
}

// consumers calls f with every operation that works on messages.
func (c *Collector) consumers(f func(at topology.OpRef, of *consumerFold)) {
	for i := range c.services {
		for k := range c.services[i].operations {
			if of := c.services[i].operations[k].consumer; of != nil {
				f(topology.OpRef{Service: i, Op: k}, of)
			}
		}
	}
}

// endConsumers judges in the interval that ends how often operations that work on
// messages failed. No source hears of that.
func (c *Collector) endConsumers() {
	c.consumers(func(_ topology.OpRef, of *consumerFold) {
		if c.interval.from >= c.plan.Warmup {
			of.since.endInterval(&of.interval, usualTrials, c.interval.from, c.reached)
		}
		of.interval = outcomes{}
	})
}

func (c *Collector) finishConsumers() {
	c.consumers(func(_ topology.OpRef, of *consumerFold) { of.since.finish(usualTrials) })
}

// A failing is an operation that failed at messages, or at calls as well.
type failing struct {
	service int
	name    string // of the service, or of an operation of several
	what    string // messages or attempts
	failures
	called bool // a call was to blame; else a fault says it already
}

// consumersFailed are the consumers that failed more often than is usual, most failures
// first.
func (c *Collector) consumersFailed() (all []failing) {
	poison := slices.ContainsFunc(c.plan.Faults, func(f sim.Fault) bool { return f.Kind == sim.Poison })
	c.consumers(func(at topology.OpRef, of *consumerFold) {
		s := &c.plan.Topology.Services[at.Service]
		f := failing{service: at.Service, name: s.Name, what: "messages", failures: of.since.failed}
		if !f.ever {
			return
		}
		if len(s.Operations) > 1 {
			f.name += "." + s.Operations[at.Op].Name
		}
		if slices.ContainsFunc(c.edges, func(e *topology.Edge) bool { return e.To == at }) {
			f.what = "attempts"
		}
		f.blame, f.called = c.blame(at, f.ended[topology.Error], span{f.from, f.until}, func(w *edgeFold) *outcomes { return &w.all })
		if poison && !f.called && !c.failsItself(at, f.from, f.until) {
			f.blame = "poisoned"
		}
		all = append(all, f)
	})
	slices.SortStableFunc(all, func(a, b failing) int { return cmp.Compare(b.ended[topology.Error], a.ended[topology.Error]) })
	return all
}

// maxToldFailing bounds what is told of consumers that failed.
const maxToldFailing = 2

// tellConsumers tells of the consumers that failed most, why and how often; of what a
// fault says already only where there is room, and not of messages that are told
// to block what is behind them.
func (r *Report) tellConsumers(t *telling) {
	told := 0
	for i := range r.Cascade.consumers {
		f := &r.Cascade.consumers[i]
		name := r.Services[f.service].Name
		stuck := slices.ContainsFunc(r.Cascade.backlogs, func(b backlog) bool {
			return b.told && len(b.stuck) > 0 && r.Queues[b.queue].Groups[b.reader].Name == name
		})
		if stuck || told == t.most(maxToldFailing) {
			continue
		}
		told++
		tell := t.again
		if f.called {
			tell = t.at
		}
		tell(r.since(f.from, r.Interval), "%s", fmt.Sprintf("%s: %s of its %s failed%s %s: error (%s)", f.name, roughly(f.ended.failed()), f.what, f.inSpells(), r.until(f.until), f.blame))
	}
}
