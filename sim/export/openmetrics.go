package export

import (
	"bufio"
	"io"
	"math"
	"strconv"
	"strings"

	"cascade/sim/des"
	"cascade/sim/report"
)

// OpenMetrics writes the timelines of reports as OpenMetrics text 1.0 with timestamps, as
// `promtool tsdb create-blocks-from openmetrics` makes blocks of it. A run begins at
// report.Epoch; every sample stands at the end of its point, as if scraped there. Counters
// count from the begin of the run, where they are 0; gauges are means over the point. A
// percentile of a point in which nothing succeeded is NaN, and so a gap in a chart.
//
// Every series has the scenario and the seed as labels, so that several runs can be loaded
// beside each other. Prometheus keeps milliseconds: of points shorter than that the last
// in each millisecond is written.
//
// The format: https://github.com/prometheus/OpenMetrics, specification 1.0.
func OpenMetrics(w io.Writer, reports ...*report.Report) error {
	return buffered(w, func(b *bufio.Writer) {
		stamps := make([][]stamp, len(reports))
		for k, r := range reports {
			stamps[k] = stampsOf(r)
		}
		for i := range families {
			f := &families[i]
			m := &metrics{out: b, family: f}
			for k, r := range reports {
				m.stamps, m.run = stamps[k], labels(nil, "scenario", r.Name, "seed", count(r.Seed))
				f.series(r, m)
			}
		}
		b.WriteString("# EOF\n")
	})
}

// A family is a metric with all its series. Names are by Prometheus' conventions: the unit
// in the name, _total behind what is counted.
type family struct {
	name, kind, unit, help string
	series                 func(r *report.Report, m *metrics)
}

var families = []family{
	{"cascade_run", "info", "", "The run that the series with the same scenario and seed are of.", func(r *report.Report, m *metrics) {
		m.once("_info", "1", "fingerprint", hex(r.Fingerprint), "verdict", r.Verdict.String())
	}},
	{"cascade_fault_active_ratio", "gauge", "ratio", "Share of the time in which a planned fault was in force.", func(r *report.Report, m *metrics) {
		for i := range r.Faults {
			f := &r.Faults[i]
			if !f.Instant {
				m.gauge(func(n int) float64 {
					from, long := r.Timeline.Starts[n], length(r, n)
					return float64(inForce(f, from+long)-inForce(f, from)) / float64(long)
				}, "fault", f.Name, "kind", f.Kind, "on", f.On)
			}
		}
	}},
	{"cascade_requests_offered", "counter", "", "Requests that a source sent.", func(r *report.Report, m *metrics) {
		for i := range r.Timeline.Sources {
			s := &r.Timeline.Sources[i]
			m.counter(s.Offered, "source", s.Name)
		}
	}},
	{"cascade_requests", "counter", "", "Requests of a source that ended, by how.", func(r *report.Report, m *metrics) {
		for i := range r.Timeline.Sources {
			s := &r.Timeline.Sources[i]
			m.counter(s.Succeeded, "source", s.Name, "outcome", "success")
			m.counter(s.Failed, "source", s.Name, "outcome", "failure")
		}
	}},
	{"cascade_request_latency_seconds", "summary", "seconds", "Latency of the requests that succeeded, tries and waits included.", func(r *report.Report, m *metrics) {
		for i := range r.Timeline.Sources {
			s := &r.Timeline.Sources[i]
			of := func(p []float64) func(int) float64 {
				return func(n int) float64 { return orNaN(p[n], s.Succeeded[n]) }
			}
			m.quantiles([]quantile{{"0.5", of(s.P50)}, {"0.99", of(s.P99)}}, "source", s.Name)
		}
	}},
	{"cascade_pool_saturation_ratio", "gauge", "ratio", "Share of a service's threads that were held.", func(r *report.Report, m *metrics) {
		for i := range r.Timeline.Services {
			s := &r.Timeline.Services[i]
			m.gauge(at(s.Saturation), "service", s.Name)
		}
	}},
	{"cascade_waiting_room_attempts", "gauge", "attempts", "Attempts that wait for a thread, of all instances together.", func(r *report.Report, m *metrics) {
		for i := range r.Timeline.Services {
			s := &r.Timeline.Services[i]
			m.gauge(at(s.Queue), "service", s.Name)
		}
	}},
	{"cascade_service_in_hand_attempts", "gauge", "attempts", "Attempts in threads, waiting or suspended.", func(r *report.Report, m *metrics) {
		for i := range r.Timeline.Services {
			s := &r.Timeline.Services[i]
			m.gauge(at(s.InHand), "service", s.Name)
		}
	}},
	{"cascade_service_arrived", "counter", "", "Attempts that reached an instance.", func(r *report.Report, m *metrics) {
		for i := range r.Timeline.Services {
			s := &r.Timeline.Services[i]
			m.counter(s.Arrived, "service", s.Name)
		}
	}},
	{"cascade_service_errors", "counter", "", "Attempts that ended in any other way than success or cancellation.", func(r *report.Report, m *metrics) {
		for i := range r.Timeline.Services {
			s := &r.Timeline.Services[i]
			m.counter(s.Errors, "service", s.Name)
		}
	}},
	{"cascade_service_latency_seconds", "summary", "seconds", "From arrival at the instance to the answer, of what a thread answered.", func(r *report.Report, m *metrics) {
		for i := range r.Timeline.Services {
			s := &r.Timeline.Services[i]
			m.quantiles([]quantile{{"0.99", func(n int) float64 { return orNaN(s.P99[n], s.Ended[n]-s.Errors[n]) }}}, "service", s.Name)
		}
	}},
	{"cascade_edge_attempts", "counter", "", "Attempts that were sent.", func(r *report.Report, m *metrics) {
		for i := range r.Timeline.Edges {
			e := &r.Timeline.Edges[i]
			m.counter(e.Attempts, "edge", e.ID)
		}
	}},
	{"cascade_edge_retries", "counter", "", "Attempts that were not the first try.", func(r *report.Report, m *metrics) {
		for i := range r.Timeline.Edges {
			e := &r.Timeline.Edges[i]
			m.counter(e.Retries, "edge", e.ID)
		}
	}},
	{"cascade_edge_failures", "counter", "", "Attempts that failed, as the caller saw it.", func(r *report.Report, m *metrics) {
		for i := range r.Timeline.Edges {
			e := &r.Timeline.Edges[i]
			m.counter(e.Failed, "edge", e.ID)
		}
	}},
	{"cascade_breaker_open_ratio", "gauge", "ratio", "Share of the caller instances whose breaker was open.", func(r *report.Report, m *metrics) {
		for i := range r.Timeline.Edges {
			if e := &r.Timeline.Edges[i]; e.Open != nil {
				m.gauge(at(e.Open), "edge", e.ID)
			}
		}
	}},
	{"cascade_queue_depth_messages", "gauge", "messages", "Messages that wait; of a stream in the worst group.", func(r *report.Report, m *metrics) {
		for i := range r.Timeline.Queues {
			q := &r.Timeline.Queues[i]
			m.gauge(q.Depth, "queue", q.Name)
		}
	}},
	{"cascade_queue_held_messages", "gauge", "messages", "Messages handed out and not acknowledged, in all groups together.", func(r *report.Report, m *metrics) {
		for i := range r.Timeline.Queues {
			q := &r.Timeline.Queues[i]
			m.gauge(q.Held, "queue", q.Name)
		}
	}},
	{"cascade_queue_lag_messages", "gauge", "messages", "Messages not acknowledged; of a stream in the worst group.", func(r *report.Report, m *metrics) {
		for i := range r.Timeline.Queues {
			q := &r.Timeline.Queues[i]
			m.gauge(q.Lag, "queue", q.Name)
		}
	}},
	{"cascade_queue_age_seconds", "gauge", "seconds", "Age of the oldest message that waits.", func(r *report.Report, m *metrics) {
		for i := range r.Timeline.Queues {
			q := &r.Timeline.Queues[i]
			m.gauge(q.Age, "queue", q.Name)
		}
	}},
	{"cascade_queue_drain_seconds", "gauge", "seconds", "How long the lag lasts at the rates of the point; +Inf where it does not shrink.", func(r *report.Report, m *metrics) {
		for i := range r.Timeline.Queues {
			q := &r.Timeline.Queues[i]
			m.gauge(func(n int) float64 {
				if s := q.Drain(n, length(r, n)); s >= 0 {
					return s
				}
				return math.Inf(1)
			}, "queue", q.Name)
		}
	}},
	{"cascade_queue_published", "counter", "", "Messages that the broker took.", func(r *report.Report, m *metrics) {
		for i := range r.Timeline.Queues {
			q := &r.Timeline.Queues[i]
			m.counter(q.Published, "queue", q.Name)
		}
	}},
	{"cascade_queue_acknowledged", "counter", "", "Messages that were done.", func(r *report.Report, m *metrics) {
		for i := range r.Timeline.Queues {
			q := &r.Timeline.Queues[i]
			m.counter(q.Acknowledged, "queue", q.Name)
		}
	}},
	{"cascade_group_lag_messages", "gauge", "messages", "Messages of a stream that a group has not acknowledged.", func(r *report.Report, m *metrics) {
		for i := range r.Timeline.Queues {
			q := &r.Timeline.Queues[i]
			eachGroup(q, func(g *report.ReaderSeries) { m.gauge(g.Lag, "queue", q.Name, "group", g.Name) })
		}
	}},
	{"cascade_partition_lag_messages", "gauge", "messages", "Messages of a partition that a group has not acknowledged.", func(r *report.Report, m *metrics) {
		for i := range r.Timeline.Queues {
			q := &r.Timeline.Queues[i]
			eachGroup(q, func(g *report.ReaderSeries) {
				for k := range g.Partitions {
					m.gauge(at(g.Partitions[k]), "queue", q.Name, "group", g.Name, "partition", strconv.Itoa(k))
				}
			})
		}
	}},
}

// at reads a series that is there already.
func at(values []float64) func(int) float64 { return func(n int) float64 { return values[n] } }

// orNaN is a percentile that is 0 where it is of nothing.
func orNaN(p float64, of uint64) float64 {
	if p == 0 && of == 0 {
		return math.NaN()
	}
	return p
}

// inForce is for how long a fault was in force before an instant.
func inForce(f *report.Fault, before des.Time) des.Time {
	since, lasts := max(before-f.From, 0), f.To-f.From
	if f.Every > 0 {
		return since/f.Every*lasts + min(since%f.Every, lasts)
	}
	return min(since, lasts)
}

func hex(fingerprint uint64) string {
	digits := strconv.FormatUint(fingerprint, 16)
	return "0000000000000000"[len(digits):] + digits
}

// A stamp is when a sample is written: at the end of a point, or with -1 at the begin of
// the run.
type stamp struct {
	point int
	text  string
}

func stampsOf(r *report.Report) []stamp {
	stamps := []stamp{{-1, stampAt(0)}}
	last := int64(0)
	for n, start := range r.Timeline.Starts {
		ms := int64(start+length(r, n)) / 1_000_000
		if ms > last || len(stamps) == 1 {
			stamps = append(stamps, stamp{})
		}
		last = max(ms, 1) // behind the begin, however short the point
		stamps[len(stamps)-1] = stamp{n, stampAt(last)}
	}
	return stamps
}

// stampAt is an instant of a run in seconds, to the millisecond.
func stampAt(ms int64) string {
	text := strconv.FormatInt(report.Epoch+ms/1000, 10)
	if part := ms % 1000; part > 0 {
		text += "." + strconv.FormatInt(1000+part, 10)[1:]
	}
	return text
}

// metrics writes the samples of a family.
type metrics struct {
	out    *bufio.Writer
	family *family
	headed bool
	run    string // its labels, the same for all series
	stamps []stamp
}

// head begins the family with its first sample: a family without one is not written.
func (m *metrics) head() {
	if m.headed {
		return
	}
	m.headed = true
	f := m.family
	m.out.WriteString("# TYPE " + f.name + " " + f.kind + "\n")
	if f.unit != "" {
		m.out.WriteString("# UNIT " + f.name + " " + f.unit + "\n")
	}
	m.out.WriteString("# HELP " + f.name + " " + escaped(f.help) + "\n")
}

func (m *metrics) sample(suffix, labels, value, stamp string) {
	m.head()
	for _, part := range [...]string{m.family.name, suffix, "{", labels, "} ", value, " ", stamp, "\n"} {
		m.out.WriteString(part)
	}
}

// once writes a value that never changes, at every stamp: a series of which nothing is
// heard for five minutes has ended for Prometheus.
func (m *metrics) once(suffix, value string, pairs ...string) {
	of := labels([]byte(m.run), pairs...)
	for _, s := range m.stamps {
		m.sample(suffix, of, value, s.text)
	}
}

func (m *metrics) counter(counts []uint64, pairs ...string) {
	of, sum, next := labels([]byte(m.run), pairs...), uint64(0), 0
	for _, s := range m.stamps {
		for ; next <= s.point; next++ {
			sum += counts[next]
		}
		m.sample("_total", of, count(sum), s.text)
	}
}

func (m *metrics) gauge(of func(n int) float64, pairs ...string) {
	m.quantiles([]quantile{{"", of}}, pairs...)
}

// A quantile is a percentile over time; a gauge where it has no name.
type quantile struct {
	name string
	of   func(n int) float64
}

// quantiles writes the percentiles of a thing, all of a point together.
func (m *metrics) quantiles(all []quantile, pairs ...string) {
	of := make([]string, len(all))
	for i, q := range all {
		of[i] = labels([]byte(m.run), pairs...)
		if q.name != "" {
			of[i] = labels([]byte(of[i]), "quantile", q.name)
		}
	}
	for _, s := range m.stamps {
		if s.point < 0 { // nothing has been measured yet
			continue
		}
		for i, q := range all {
			m.sample("", of[i], value(q.of(s.point)), s.text)
		}
	}
}

func value(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "+Inf"
	}
	return number(f)
}

// labels adds pairs of name and value to a list of labels.
func labels(list []byte, pairs ...string) string {
	for i := 0; i < len(pairs); i += 2 {
		if len(list) > 0 {
			list = append(list, ',')
		}
		list = append(list, pairs[i]...)
		list = append(list, `="`...)
		list = append(list, escaped(pairs[i+1])...)
		list = append(list, '"')
	}
	return string(list)
}

// escaped is a label's value or a text as the format wants it: valid UTF-8, with three
// letters escaped.
func escaped(s string) string {
	return escapes.Replace(strings.ToValidUTF8(s, "\uFFFD"))
}

var escapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
