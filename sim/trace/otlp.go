package trace

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/sim/report"
)

// Epoch is the instant that a run begins at in its traces, report.Epoch, in nanoseconds of
// Unix time. A run has no date, and its traces are the same bytes every time.
const Epoch = report.Epoch * 1_000_000_000

// The shape of OTLP's JSON: the protobuf JSON mapping of opentelemetry/proto/trace/v1, but
// identifiers in hexadecimal and enumerations as numbers (opentelemetry.io/docs/specs/otlp,
// "JSON Protobuf Encoding").

type otlpResource struct {
	Attributes []otlpNote `json:"attributes"`
}

type otlpSpan struct {
	TraceID    string      `json:"traceId"`
	SpanID     string      `json:"spanId"`
	ParentID   string      `json:"parentSpanId,omitempty"`
	Name       string      `json:"name"`
	Kind       role        `json:"kind"`
	Start      otlpTime    `json:"startTimeUnixNano"`
	End        otlpTime    `json:"endTimeUnixNano"`
	Attributes []otlpNote  `json:"attributes,omitempty"`
	Events     []otlpEvent `json:"events,omitempty"`
	Links      []otlpLink  `json:"links,omitempty"`
	Status     *otlpStatus `json:"status,omitempty"`
}

type otlpEvent struct {
	Time otlpTime `json:"timeUnixNano"`
	Name string   `json:"name"`
}

type otlpLink struct {
	TraceID string `json:"traceId"`
	SpanID  string `json:"spanId"`
}

type otlpStatus struct {
	Code    int    `json:"code"`
	Message string `json:"message,omitempty"`
}

const otlpError = 2 // STATUS_CODE_ERROR

type otlpTime des.Time

// MarshalJSON writes nanoseconds of Unix time, as a string: 64-bit numbers are.
func (t otlpTime) MarshalJSON() ([]byte, error) {
	return strconv.AppendQuote(nil, strconv.FormatInt(Epoch+int64(t), 10)), nil
}

type otlpNote struct {
	Key   string    `json:"key"`
	Value otlpValue `json:"value"`
}

type otlpValue struct{ of any }

// MarshalJSON writes an AnyValue.
func (v otlpValue) MarshalJSON() ([]byte, error) {
	switch x := v.of.(type) {
	case string:
		return encode(map[string]string{"stringValue": x})
	case int64:
		return encode(map[string]string{"intValue": strconv.FormatInt(x, 10)})
	case float64:
		return encode(map[string]float64{"doubleValue": x})
	case bool:
		return encode(map[string]bool{"boolValue": x})
	case []string:
		values := make([]otlpValue, len(x))
		for i := range x {
			values[i].of = x[i]
		}
		return encode(map[string]any{"arrayValue": map[string]any{"values": values}})
	default:
		panic(fmt.Sprintf("trace: an attribute is a %T", x))
	}
}

// encode writes JSON as it is read by people: a->b stays what it is.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

func otlpNotes(notes []note) []otlpNote {
	l := make([]otlpNote, len(notes))
	for i, n := range notes {
		l[i] = otlpNote{n.key, otlpValue{n.value}}
	}
	return l
}

// The names of what a number is made for.
var (
	saltTrace = des.NameKey("trace id")
	saltRun   = des.NameKey("trace of the run")
)

// traceID is a request's: the same for the same request in a run that differs otherwise.
func traceID(luck des.Key) string {
	return fmt.Sprintf("%016x%016x", uint64(luck), uint64(luck.With(saltTrace))|1)
}

// spanID is never zero, which would stand for none.
func spanID(luck des.Key, id int) string {
	return fmt.Sprintf("%016x", max(uint64(luck.With(saltTrace).With(uint64(id))), 1))
}

// WriteOTLP writes the traces as one TracesData object of OTLP JSON, grouped by the
// instances whose spans they are, a span a line. Each request is a trace; one more is the
// run's, with its faults, the instances that were down and the breakers that were open.
func (c *Collector) WriteOTLP(w io.Writer) error {
	out := bufio.NewWriter(w)
	var failed error
	write := func(v any) {
		b, err := encode(v)
		if err != nil {
			failed = err
		}
		out.Write(b)
	}
	resources := 0
	resource := func(p place, spans int, span func(i int) *otlpSpan) {
		if spans == 0 {
			return
		}
		if resources++; resources > 1 {
			out.WriteString(",")
		}
		service, instance := c.name(p)
		out.WriteString("\n{\"resource\":")
		write(otlpResource{otlpNotes([]note{{"service.name", service}, {"service.instance.id", instance}, {"cascade.scenario", c.plan.Name}, {"cascade.seed", fmt.Sprint(c.plan.Seed)}})})
		out.WriteString(",\"scopeSpans\":[{\"scope\":{\"name\":\"cascade\"},\"spans\":[")
		for i := range spans {
			if i > 0 {
				out.WriteString(",")
			}
			out.WriteString("\n")
			write(span(i))
		}
		out.WriteString("]}]}")
	}
	out.WriteString("{\"resourceSpans\":[")
	run := c.runSpans()
	resource(place{kind: theRun}, len(run), func(i int) *otlpSpan { return &run[i] })
	faults := c.faultPeriods()
	places, spans := c.byPlace(c.traces())
	for i, p := range places {
		resource(p, len(spans[i]), func(k int) *otlpSpan { return c.otlpSpan(spans[i][k], faults) })
	}
	out.WriteString("]}\n")
	if failed != nil {
		return failed
	}
	return out.Flush()
}

func (c *Collector) otlpSpan(s *sim.Span, faults []faultPeriod) *otlpSpan {
	t := c.tell(s, faults)
	o := &otlpSpan{TraceID: traceID(s.Trace), SpanID: spanID(s.Trace, s.ID), Name: t.name, Kind: t.role, Start: otlpTime(s.From), End: otlpTime(s.To), Attributes: otlpNotes(t.notes)}
	if s.Parent > 0 {
		o.ParentID = spanID(s.Trace, s.Parent)
	}
	if s.Kind == sim.SpanDelivery || s.Kind == sim.SpanMoved {
		// The conventions ask for the link; that the publish is the parent too, so that all
		// is one trace, they allow where messages are worked on one by one.
		o.Links = []otlpLink{{o.TraceID, o.ParentID}}
	}
	for _, m := range t.marks {
		o.Events = append(o.Events, otlpEvent{otlpTime(m.at), m.name})
	}
	if t.failed != "" {
		o.Status = &otlpStatus{otlpError, t.failed}
	}
	return o
}

// runSpans is the trace of the run itself.
func (c *Collector) runSpans() []otlpSpan {
	luck := des.Key(c.plan.Seed).With(saltRun)
	all := []otlpSpan{{TraceID: traceID(luck), SpanID: spanID(luck, 0), Name: "run", Kind: internal, End: otlpTime(c.end), Attributes: otlpNotes(c.about())}}
	for i, p := range c.periods() {
		notes := p.note
		if p.open {
			notes = append(notes, note{"cascade.unfinished", true})
		}
		all = append(all, otlpSpan{TraceID: traceID(luck), SpanID: spanID(luck, i+1), ParentID: spanID(luck, 0), Name: p.name, Kind: internal, Start: otlpTime(p.from), End: otlpTime(p.to), Attributes: otlpNotes(notes)})
	}
	return all
}

// byPlace are the spans of all traces by whose they are: sources, services and queues in
// file order, and in each in the order of the traces.
func (c *Collector) byPlace(traces [][]sim.Span) ([]place, [][]*sim.Span) {
	var places []place
	number := map[place]int{}
	add := func(p place) {
		number[p] = len(places)
		places = append(places, p)
	}
	for i := range c.plan.Sources {
		for k := range c.plan.Sources[i].Instances {
			add(place{aSource, i, k})
		}
	}
	most := make([]int, len(c.plan.Topology.Services)) // an autoscaler may have added instances
	for i := range traces {
		for k := range traces[i] {
			if s := &traces[i][k]; s.Service >= 0 && s.Kind != sim.SpanDropped {
				most[s.Service] = max(most[s.Service], s.Instance+1)
			}
		}
	}
	for i := range most {
		for k := range most[i] {
			add(place{aService, i, k})
		}
	}
	for i := range c.plan.Topology.Queues {
		add(place{aQueue, i, 0})
	}
	spans := make([][]*sim.Span, len(places))
	for i := range traces {
		for k := range traces[i] {
			s := &traces[i][k]
			n := number[c.placeOf(s)]
			spans[n] = append(spans[n], s)
		}
	}
	return places, spans
}
