package trace_test

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cascade/scenarios"
	"cascade/sim"
	"cascade/sim/trace"
	"cascade/topology"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	otlptrace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
)

// A span is one as it stands in an OTLP file.
type span struct {
	service, instance string
	trace, id, parent string
	name              string
	kind              otlptrace.Span_SpanKind
	from, to          time.Duration // since Epoch
	notes             map[string]any
	events, links     []string
	failed            string
}

func (s *span) String() string {
	b := fmt.Sprintf("%s %s %s %v–%v", s.instance, s.name, strings.ToLower(strings.TrimPrefix(s.kind.String(), "SPAN_KIND_")), s.from, s.to)
	for _, k := range []string{"cascade.try", "cascade.copy", "cascade.wasted_s", "cascade.waited_s", "cascade.age_s", "cascade.cache", "cascade.faults", "cascade.unfinished"} {
		if v, ok := s.notes[k]; ok && v != 0.0 {
			b += fmt.Sprintf(" %s=%v", strings.TrimPrefix(k, "cascade."), v)
		}
	}
	for _, e := range s.events {
		b += ", " + e
	}
	if s.failed != "" {
		b += " FAILED " + s.failed
	}
	return b
}

// decoded reads an OTLP file with the decoder that is made from the protocol's definition,
// which refuses what that does not have. Identifiers are in hexadecimal, where the general
// mapping of bytes is base64; they are the only bytes.
func decoded(t testing.TB, file []byte) []*span {
	t.Helper()
	var tree any
	d := json.NewDecoder(bytes.NewReader(file))
	d.UseNumber()
	if err := d.Decode(&tree); err != nil {
		t.Fatal(err)
	}
	var rewrite func(v any)
	rewrite = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				rewrite(e)
			}
		case map[string]any:
			for k, e := range v {
				switch k {
				case "traceId", "spanId", "parentSpanId":
					b, err := hex.DecodeString(e.(string))
					if err != nil || strings.ToLower(e.(string)) != e {
						t.Fatalf("%s is %v", k, e)
					}
					v[k] = base64.StdEncoding.EncodeToString(b)
				case "startTimeUnixNano", "endTimeUnixNano", "timeUnixNano", "intValue":
					if _, ok := e.(string); !ok {
						t.Fatalf("%s is %v, and no string", k, e)
					}
				case "kind", "code":
					if _, ok := e.(json.Number); !ok {
						t.Fatalf("%s is %v, and no number", k, e)
					}
				}
				rewrite(e)
			}
		}
	}
	rewrite(tree)
	rewritten, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	var data otlptrace.TracesData
	if err := protojson.Unmarshal(rewritten, &data); err != nil {
		t.Fatal(err)
	}
	var all []*span
	for _, r := range data.ResourceSpans {
		notes := notesOf(r.Resource.Attributes)
		for _, sc := range r.ScopeSpans {
			for _, o := range sc.Spans {
				s := &span{service: notes["service.name"].(string), instance: notes["service.instance.id"].(string), trace: hex.EncodeToString(o.TraceId), id: hex.EncodeToString(o.SpanId),
					parent: hex.EncodeToString(o.ParentSpanId), name: o.Name, kind: o.Kind, from: time.Duration(o.StartTimeUnixNano - trace.Epoch), to: time.Duration(o.EndTimeUnixNano - trace.Epoch), notes: notesOf(o.Attributes)}
				if len(o.TraceId) != 16 || len(o.SpanId) != 8 || s.parent != "" && len(o.ParentSpanId) != 8 {
					t.Fatalf("identifiers of a wrong length: %v", o)
				}
				for _, e := range o.Events {
					if e.TimeUnixNano < o.StartTimeUnixNano || e.TimeUnixNano > o.EndTimeUnixNano {
						t.Errorf("%s of %v is not within it", e.Name, s)
					}
					s.events = append(s.events, fmt.Sprintf("%s at %v", e.Name, time.Duration(e.TimeUnixNano-trace.Epoch)))
				}
				for _, l := range o.Links {
					s.links = append(s.links, hex.EncodeToString(l.TraceId)+hex.EncodeToString(l.SpanId))
				}
				if o.Status != nil && o.Status.Code == otlptrace.Status_STATUS_CODE_ERROR {
					s.failed = o.Status.Message
				}
				all = append(all, s)
			}
		}
	}
	return all
}

func notesOf(l []*common.KeyValue) map[string]any {
	notes := map[string]any{}
	for _, kv := range l {
		switch v := kv.Value.Value.(type) {
		case *common.AnyValue_StringValue:
			notes[kv.Key] = v.StringValue
		case *common.AnyValue_IntValue:
			notes[kv.Key] = v.IntValue
		case *common.AnyValue_DoubleValue:
			notes[kv.Key] = v.DoubleValue
		case *common.AnyValue_BoolValue:
			notes[kv.Key] = v.BoolValue
		case *common.AnyValue_ArrayValue:
			var names []string
			for _, e := range v.ArrayValue.Values {
				names = append(names, e.GetStringValue())
			}
			notes[kv.Key] = names
		}
	}
	return notes
}

// indented tells the spans of an OTLP file as trees.
func indented(all []*span) string {
	var b strings.Builder
	var under func(trace, parent string, depth int)
	under = func(trace, parent string, depth int) {
		var l []*span
		for _, s := range all {
			if s.parent == parent && (trace == "" || s.trace == trace) {
				l = append(l, s)
			}
		}
		slices.SortStableFunc(l, func(a, b *span) int { return cmp.Compare(a.from, b.from) })
		for _, s := range l {
			fmt.Fprintf(&b, "%s%v\n", strings.Repeat("  ", depth), s)
			under(s.trace, s.id, depth+1)
		}
	}
	under("", "", 0)
	return b.String()
}

// shop is a scenario of a shop, a slow payment service and mails that wait in a queue.
func shop(traffic, at, lasts string) string {
	return `
name: shop
duration: 1s
topology:
  services:
    shop:
      threads: 2
      queue: 0
      steps:
        - work: 5ms
        - sync: payment
          network: 1ms
          timeout: 30ms
          retry: {attempts: 2, backoff: 10ms, jitter: none}
        - publish: mails
    payment: {threads: 1, queue: 10, steps: [work: 20ms]}
    mailer: {threads: 1, consumes: mails, steps: [work: 10ms]}
  queues:
    mails: {latency: 4ms}
traffic:
  people: {to: shop, ` + traffic + `}
faults:
  - {name: slow-payment, at: ` + at + `, for: ` + lasts + `, slow: {on: payment, factor: 2}}
`
}

// What people see of a request whose first try comes too late, so that the callee goes on
// for nobody, and of what it has left in a queue.
func TestOTLPOfARequest(t *testing.T) {
	p := parsed(t, shop("burst: {at: 0s, count: 1}", "0s", "20ms"))
	c, _ := followed(t, p, trace.Options{})
	const want = `cascade run internal 0s–1s
  cascade slow-payment internal 0s–20ms
people-0 shop client 0s–67ms try=1
  shop-0 shop server 0s–67ms
    shop-0 work internal 0s–5ms
    shop-0 payment internal 5ms–67ms
      shop-0 payment client 5ms–35ms try=1 FAILED timeout
        payment-0 payment server 6ms–46ms faults=[slow-payment], given up at 35ms
          payment-0 work internal 6ms–46ms wasted_s=0.011
      shop-0 backoff internal 35ms–45ms
      shop-0 payment client 45ms–67ms try=2
        payment-0 payment server 46ms–66ms
          payment-0 work internal 46ms–66ms
    shop-0 publish mails producer 67ms–67ms
      mailer-0 process mails consumer 71ms–81ms age_s=0.004
        mailer-0 work internal 71ms–81ms
`
	if got := indented(decoded(t, otlp(t, c))); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// Whatever the scenario, the file is OTLP, and its spans form the trees that the tools
// expect: a root a trace, parents that are there, servers under clients, and links that lead
// to who published.
//
// For Perfetto, in each lane the slices nest, and only in what they are part of; every arrow
// leads from a slice to another that begins no earlier; every process and lane has a name.
func TestEveryScenario(t *testing.T) {
	kinds := map[otlptrace.Span_SpanKind]int{}
	shown, arrows, cancelled := 0, 0, 0
	for i, info := range scenarios.Names() {
		if underRaceDetector && i%4 != 0 {
			continue
		}
		c, _ := followed(t, builtin(t, info.Name), trace.Options{Requests: 40})
		s, a := nests(t, info.Name, chromeEvents(t, perfetto(t, c)))
		shown, arrows = shown+s, arrows+a
		all := decoded(t, otlp(t, c))
		known := map[string]*span{}
		for _, s := range all {
			if known[s.trace+s.id] != nil || s.id == "0000000000000000" || strings.Trim(s.trace, "0") == "" {
				t.Errorf("%s: the identifier %s of %s is no good", info.Name, s.id, s.trace)
			}
			known[s.trace+s.id] = s
		}
		roots := map[string]int{}
		for _, s := range all {
			kinds[s.kind]++
			if s.to < s.from || s.service == "" || s.name == "" {
				t.Errorf("%s: a span without a name, or that ends before it begins: %v", info.Name, s)
			}
			if o := s.notes["cascade.outcome"]; o != nil && (s.failed == "") != (o == "success" || o == "cancelled") {
				t.Errorf("%s: the status of %v, which ended as %v", info.Name, s, o)
			} else if o == "cancelled" {
				cancelled++
			}
			if s.parent == "" {
				roots[s.trace]++
				continue
			}
			in := known[s.trace+s.parent]
			switch {
			case in == nil:
				t.Errorf("%s: %v is in a span that is not there", info.Name, s)
			case s.kind == otlptrace.Span_SPAN_KIND_SERVER && in.kind != otlptrace.Span_SPAN_KIND_CLIENT,
				s.kind == otlptrace.Span_SPAN_KIND_CONSUMER && in.kind != otlptrace.Span_SPAN_KIND_PRODUCER:
				t.Errorf("%s: %v is in %v", info.Name, s, in)
			case s.kind == otlptrace.Span_SPAN_KIND_CONSUMER && (len(s.links) != 1 || known[s.links[0]] != in):
				t.Errorf("%s: %v is not linked to %v", info.Name, s, in)
			}
		}
		for id, n := range roots {
			if n != 1 {
				t.Errorf("%s: trace %s has %d roots", info.Name, id, n)
			}
		}
		if len(roots) != 1+c.Tally().Requests {
			t.Errorf("%s: %d traces of %d requests and the run", info.Name, len(roots), c.Tally().Requests)
		}
	}
	for k := otlptrace.Span_SPAN_KIND_INTERNAL; k <= otlptrace.Span_SPAN_KIND_CONSUMER; k++ {
		if kinds[k] == 0 {
			t.Errorf("no scenario has a span of kind %v", k)
		}
	}
	if !underRaceDetector && (shown < 5_000 || arrows < 2_000 || cancelled == 0) {
		t.Errorf("only %d slices, %d arrows and %d spans that were cancelled were looked at", shown, arrows, cancelled)
	}
}

// What arrives when its caller has given it up already is given up from its beginning on.
func TestGivenUpOnTheWay(t *testing.T) {
	p := parsed(t, strings.Replace(shop("burst: {at: 0s, count: 1}", "0s", "20ms"), "network: 1ms", "network: 50ms", 1))
	c, _ := followed(t, p, trace.Options{})
	n := 0
	for _, s := range decoded(t, otlp(t, c)) {
		if s.service == "payment" && s.kind == otlptrace.Span_SPAN_KIND_SERVER {
			n++
			if want := fmt.Sprintf("given up at %v", s.from); !slices.Contains(s.events, want) {
				t.Errorf("%v: want %s", s, want)
			}
		}
	}
	if n != 2 {
		t.Errorf("%d tries arrived, want 2", n)
	}
}

// A fault on some instances of a service is not told of what the others did meanwhile.
func TestFaultOnSomeInstances(t *testing.T) {
	p := parsed(t, `
name: some
duration: 1s
topology: {services: {shop: {threads: 1, queue: 100, instances: 3, steps: [work: 10ms]}}}
traffic: {people: {to: shop, rate: 100/s}}
faults: [{name: slow-one, at: 0s, for: 1s, slow: {on: shop, factor: 2, instances: 1}}]
`)
	c, _ := followed(t, p, trace.Options{})
	of := map[string]int{}
	for _, s := range decoded(t, otlp(t, c)) {
		if s.kind == otlptrace.Span_SPAN_KIND_SERVER {
			of[fmt.Sprint(s.instance, s.notes["cascade.faults"])]++
		}
	}
	if len(of) != 3 || of["shop-0[slow-one]"] == 0 || of["shop-1<nil>"] == 0 || of["shop-2<nil>"] == 0 {
		t.Errorf("spans by instance and faults: %v", of)
	}
}

// Where every request is followed, what stands in the file adds up to the totals.
func TestOTLPAddsUp(t *testing.T) {
	for name, p := range map[string]*sim.Plan{"shop": parsed(t, shop("rate: 60/s", "300ms", "200ms")), "slow-dependency": builtin(t, "slow-dependency", "warmup=0s", "duration=33s", "traffic.shoppers.rate=10/s", "traffic.visitors.rate=5/s")} {
		c, totals := followed(t, p, trace.Options{Requests: 1e6})
		if c.Tally().Short() {
			t.Fatalf("%s: %v", name, c.Tally())
		}
		attempts, outcomes, arrived := map[string]uint64{}, map[string]uint64{}, map[string]uint64{}
		for _, s := range decoded(t, otlp(t, c)) {
			switch s.kind {
			case otlptrace.Span_SPAN_KIND_CLIENT:
				if s.notes["cascade.turned_away"] == nil {
					edge := s.notes["cascade.edge"].(string)
					attempts[edge]++
					if o, ok := s.notes["cascade.outcome"]; ok {
						outcomes[edge+" "+o.(string)]++
					}
				}
			case otlptrace.Span_SPAN_KIND_SERVER, otlptrace.Span_SPAN_KIND_CONSUMER:
				arrived[s.service]++
			}
		}
		for i, e := range p.Edges() {
			if attempts[e.ID] != totals.Edges[i].Attempts || attempts[e.ID] == 0 {
				t.Errorf("%s, %s: %d attempts, the totals have %d", name, e.ID, attempts[e.ID], totals.Edges[i].Attempts)
			}
			for o, n := range totals.Edges[i].Outcomes {
				if got := outcomes[e.ID+" "+topology.Outcome(o).String()]; got != n {
					t.Errorf("%s, %s: %d attempts end as %v, the totals have %d", name, e.ID, got, topology.Outcome(o), n)
				}
			}
		}
		for i := range totals.Services {
			if service := p.Topology.Services[i].Name; arrived[service] != totals.Services[i].Arrived {
				t.Errorf("%s: %d arrived at %s, the totals have %d", name, arrived[service], service, totals.Services[i].Arrived)
			}
		}
	}
}
