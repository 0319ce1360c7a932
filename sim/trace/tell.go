package trace

import (
	"fmt"
	"strconv"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/topology"
)

// What a span is called and what is said of it, the same in every form. Names and
// attributes are those of OpenTelemetry's semantic conventions where they have one (for
// RPC and for messaging, of which the latter are not final); the others begin with cascade.

// A note is an attribute: a string, an int64, a float64, a bool or a list of strings.
type note struct {
	key   string
	value any
}

// A place is what a span belongs to: a service's instance, a client process of a source, a
// queue, or the run.
type place struct {
	kind     placeKind
	of       int // which service, source or queue
	instance int
}

type placeKind uint8

const (
	theRun placeKind = iota
	aSource
	aService
	aQueue
)

func (c *Collector) placeOf(s *sim.Span) place {
	switch {
	case s.Kind == sim.SpanMoved, s.Kind == sim.SpanDropped:
		return place{aQueue, s.Queue, 0}
	case s.Service < 0:
		return place{aSource, s.Source, s.Instance}
	default:
		return place{aService, s.Service, s.Instance}
	}
}

// name is a place's service and instance.
func (c *Collector) name(p place) (service, instance string) {
	switch p.kind {
	case aSource:
		service = c.plan.Sources[p.of].Name
	case aService:
		service = c.plan.Topology.Services[p.of].Name
	case aQueue:
		return c.plan.Topology.Queues[p.of].Name, c.plan.Topology.Queues[p.of].Name
	default:
		return "cascade", "cascade"
	}
	return service, service + "-" + strconv.Itoa(p.instance)
}

// instance is a name for one of a service's.
func (c *Collector) instance(service, number int) string {
	_, name := c.name(place{aService, service, number})
	return name
}

// role is a span's, as OpenTelemetry has them; the numbers are OTLP's.
type role int

const (
	internal role = iota + 1
	server
	client
	producer
	consumer
)

// A telling is what is said of a span.
type telling struct {
	name   string
	role   role
	notes  []note
	failed string // why; empty: it did not
	marks  []mark
}

// A mark is something that happened at an instant within a span.
type mark struct {
	at   des.Time
	name string
}

func (c *Collector) tell(s *sim.Span, faults []faultPeriod) telling {
	t := telling{role: internal}
	add := func(key string, value any) { t.notes = append(t.notes, note{key, value}) }
	t.notes = append(t.notes, note{"cascade.kind", s.Kind.String()})
	topo := c.plan.Topology
	if s.Edge >= 0 {
		add("cascade.edge", c.edges[s.Edge].ID)
	}
	ended := func() {
		if s.Unfinished {
			return
		}
		add("cascade.outcome", s.Outcome.String())
		switch s.Outcome {
		case topology.Success:
		case topology.Cancelled: // nobody wanted it any more: nothing is wrong with it
		default:
			add("error.type", s.Outcome.String())
			t.failed = s.Outcome.String()
		}
	}
	messaging := func(operation, kind string, queue int) {
		q := &topo.Queues[queue]
		t.name = operation + " " + q.Name
		add("messaging.system", "cascade")
		add("messaging.destination.name", q.Name)
		add("messaging.operation.name", operation)
		if kind != "" {
			add("messaging.operation.type", kind)
		}
	}
	switch s.Kind {
	case sim.SpanRequest, sim.SpanCall:
		t.name = topo.OpName(c.edges[s.Edge].To)
		ended()
		add("cascade.tries", int64(s.Try))
	case sim.SpanAttempt:
		to := c.edges[s.Edge].To
		t.name, t.role = topo.OpName(to), client
		ended()
		add("peer.service", topo.Services[to.Service].Name)
		add("rpc.method", t.name)
		add("cascade.try", int64(s.Try))
		if s.Copy > 0 {
			add("cascade.copy", int64(s.Copy))
		}
		if s.Target >= 0 {
			add("server.address", c.instance(to.Service, s.Target))
		}
		if s.TurnedAway {
			add("cascade.turned_away", true)
		}
	case sim.SpanStay:
		t.name, t.role = topo.OpName(topology.OpRef{Service: s.Service, Op: s.Op}), server
		ended()
		add("rpc.method", t.name)
	case sim.SpanWork:
		t.name = "work"
		if s.Fallback {
			t.name = "fallback"
		}
		if s.Wasted > 0 {
			add("cascade.wasted_s", s.Wasted.Seconds())
		}
	case sim.SpanPublish:
		messaging("publish", "send", s.Queue)
		t.role = producer
		ended()
	case sim.SpanDelivery:
		messaging("process", "process", s.Queue)
		t.role = consumer
		ended()
		add("messaging.consumer.group.name", topo.Services[s.Service].Name)
		add("cascade.age_s", (s.From - s.Published).Seconds())
		if s.Redelivered {
			add("cascade.redelivered", true)
		}
	case sim.SpanMoved:
		messaging("move", "", s.Queue)
		t.role = producer
		add("cascade.to", topo.Queues[s.ToQueue].Name)
	case sim.SpanDropped:
		messaging("drop", "", s.Queue)
		if s.Service >= 0 {
			add("messaging.consumer.group.name", topo.Services[s.Service].Name)
		}
		t.failed = "dropped"
	default:
		t.name = s.Kind.String()
	}
	if s.Round > 0 {
		add("cascade.round", int64(s.Round))
	}
	if s.Cache != sim.NoCache {
		add("cascade.cache", s.Cache.String())
	}
	if s.Unpaid {
		add("cascade.retry_budget", "exhausted")
	}
	if s.Thread != des.Never {
		add("cascade.waited_s", (s.Thread - s.From).Seconds())
		if s.Thread > s.From {
			t.marks = append(t.marks, mark{s.Thread, "thread"})
		}
	}
	if s.GivenUp != des.Never {
		add("cascade.abandoned", true)
		t.marks = append(t.marks, mark{max(s.GivenUp, s.From), "given up"})
	}
	if s.Unfinished {
		add("cascade.unfinished", true)
	}
	if names := c.faultsDuring(faults, s); len(names) > 0 {
		add("cascade.faults", names)
	}
	return t
}

// about is what is said of the run.
func (c *Collector) about() []note {
	t := c.Tally()
	notes := []note{{"cascade.kind", "run"}, {"cascade.scenario", c.plan.Name}, {"cascade.seed", fmt.Sprint(c.plan.Seed)}, {"cascade.duration_s", c.plan.Duration.Seconds()},
		{"cascade.requests", int64(t.Asked)}, {"cascade.requests.kept", int64(t.Requests)}}
	if t.Short() {
		notes = append(notes, note{"cascade.bound_reached", t.String()})
	}
	return notes
}
