package export

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"cascade/sim/des"
	"cascade/sim/report"
)

// A sampled is a series as it was read back: its value at each millisecond of the run.
type sampled struct {
	family, kind string
	labels       map[string]string
	at           []int64
	values       []float64
}

// measured is the value at an instant.
func (s *sampled) measured(t *testing.T, ms int64) float64 {
	t.Helper()
	i, ok := slices.BinarySearch(s.at, ms)
	if !ok {
		t.Fatalf("%s %v has no sample at %d ms", s.family, s.labels, ms)
	}
	return s.values[i]
}

var (
	sampleLine = regexp.MustCompile(`^([a-z_]+)\{(.*)\} (\S+) (\d+(?:\.\d+)?)$`)
	labelPair  = regexp.MustCompile(`^([a-z_]+)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)`)
	suffixes   = map[string]string{"counter": "_total", "info": "_info", "gauge": "", "summary": ""}
)

// parse reads OpenMetrics text by the rules of the specification that a writer of these
// kinds can break; times as Prometheus reads them. The error says which line breaks which.
func parse(text string) (map[string]*sampled, error) {
	series := map[string]*sampled{}
	known := map[string]bool{}
	var family, kind string
	last := ""   // series of the line before
	stamp := 0.0 // and its time
	body, ok := strings.CutSuffix(text, "# EOF\n")
	if !ok {
		return nil, fmt.Errorf("it does not end in # EOF")
	}
	var before []string // what has been said of the family
	for n, line := range strings.Split(strings.TrimSuffix(body, "\n"), "\n") {
		wrong := func(format string, args ...any) (map[string]*sampled, error) {
			return nil, fmt.Errorf("line %d, %s: %s", n+1, line, fmt.Sprintf(format, args...))
		}
		if rest, ok := strings.CutPrefix(line, "# "); ok {
			words := strings.SplitN(rest, " ", 3)
			if len(words) != 3 {
				return wrong("no metadata")
			}
			if words[0] == "TYPE" {
				if known[words[1]] {
					return wrong("the family comes a second time")
				}
				family, kind, before, last = words[1], words[2], nil, ""
				known[family] = true
				if _, ok := suffixes[kind]; !ok {
					return wrong("unknown type")
				}
			}
			switch {
			case words[1] != family:
				return wrong("of another family than %s", family)
			case slices.Contains(before, words[0]):
				return wrong("twice")
			case words[0] == "UNIT" && !strings.HasSuffix(family, "_"+words[2]):
				return wrong("the name does not end in the unit")
			case !slices.Contains([]string{"TYPE", "UNIT", "HELP"}, words[0]):
				return wrong("unknown metadata")
			case slices.Contains(before, "sample"):
				return wrong("behind samples")
			}
			before = append(before, words[0])
			continue
		}
		m := sampleLine.FindStringSubmatch(line)
		if m == nil || m[1] != family+suffixes[kind] || strings.HasSuffix(family, "_total") {
			return wrong("no sample of %s, a %s", family, kind)
		}
		before = append(before, "sample")
		labels, of := map[string]string{}, ""
		for rest := m[2]; rest != ""; {
			p := labelPair.FindStringSubmatch(rest)
			if p == nil {
				return wrong("its labels are none: %s", rest)
			}
			if _, twice := labels[p[1]]; twice {
				return wrong("label %s comes twice", p[1])
			}
			labels[p[1]] = strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\n`, "\n").Replace(p[2])
			if p[1] != "quantile" {
				of += p[0]
			}
			rest = rest[len(p[0]):]
		}
		value, err := strconv.ParseFloat(m[3], 64)
		if err != nil {
			return wrong("%v", err)
		}
		seconds, err := strconv.ParseFloat(m[4], 64)
		if err != nil {
			return wrong("%v", err)
		}
		ms := int64(seconds*1000) - report.Epoch*1000 // as in prometheus/model/textparse
		key := m[1] + "{" + m[2] + "}"
		s := series[key]
		switch {
		case s == nil:
			s = &sampled{family: family, kind: kind, labels: labels}
			series[key] = s
		case of != last:
			return wrong("the series was left and comes again")
		case ms <= s.at[len(s.at)-1]:
			return wrong("not later than the sample before")
		case kind == "counter" && value < s.values[len(s.values)-1]:
			return wrong("a counter goes down")
		}
		if of == last && seconds < stamp {
			return wrong("times of a metric go back")
		}
		if (kind == "counter" || kind == "summary") && value < 0 || kind != "summary" && math.IsNaN(value) {
			return wrong("a value that a %s cannot have", kind)
		}
		last, stamp = of, seconds
		s.at, s.values = append(s.at, ms), append(s.values, value)
	}
	return series, nil
}

func TestOpenMetricsIsTheTimelineOfTheJSON(t *testing.T) {
	for _, r := range examples(t) {
		series, err := parse(written(t, func(w io.Writer) error { return OpenMetrics(w, r) }))
		if err != nil {
			t.Fatalf("%s: %v", r.Name, err)
		}
		want := inJSON(t, r)
		ends := make([]int64, len(want.T)) // of the points, in ms
		for n := range ends {
			if ends[n] = int64(r.End) / 1e6; n+1 < len(ends) {
				s, _ := want.T[n+1].Float64()
				ends[n] = int64(s * 1000)
			}
		}
		unseen := map[string]bool{}
		for key := range series {
			unseen[key] = true
		}
		find := func(name string, pairs ...string) *sampled {
			t.Helper()
			key := name + "{" + labels(nil, append([]string{"scenario", r.Name, "seed", strconv.FormatUint(r.Seed, 10)}, pairs...)...) + "}"
			if series[key] == nil {
				t.Fatalf("there is no series %s", key)
			}
			delete(unseen, key)
			return series[key]
		}
		gauge := func(values []json.Number, s *sampled) {
			t.Helper()
			for n, v := range values {
				want, _ := v.Float64()
				if got := s.measured(t, ends[n]); got != want && !(math.IsNaN(got) && want == 0) {
					t.Fatalf("%s: %s %v at %d ms is %v, in the JSON %v", r.Name, s.family, s.labels, ends[n], got, want)
				}
			}
			if len(s.at) != len(values) {
				t.Fatalf("%s %v has %d samples, and there are %d points", s.family, s.labels, len(s.at), len(values))
			}
		}
		counter := func(values []json.Number, s *sampled) {
			t.Helper()
			sum := s.measured(t, 0)
			if sum != 0 || len(s.at) != len(values)+1 {
				t.Fatalf("%s %v begins at %v and has %d samples of %d points", s.family, s.labels, sum, len(s.at), len(values))
			}
			for n, v := range values {
				f, _ := v.Float64()
				if sum += f; s.measured(t, ends[n]) != sum {
					t.Fatalf("%s %v at %d ms is %v, in the JSON %v in all", s.family, s.labels, ends[n], s.measured(t, ends[n]), sum)
				}
			}
		}
		for name, s := range want.Sources {
			counter(s["offered"], find("cascade_requests_offered_total", "source", name))
			counter(s["succeeded"], find("cascade_requests_total", "source", name, "outcome", "success"))
			counter(s["failed"], find("cascade_requests_total", "source", name, "outcome", "failure"))
			gauge(s["p50_s"], find("cascade_request_latency_seconds", "source", name, "quantile", "0.5"))
			gauge(s["p99_s"], find("cascade_request_latency_seconds", "source", name, "quantile", "0.99"))
		}
		for name, s := range want.Services {
			gauge(s["saturation"], find("cascade_pool_saturation_ratio", "service", name))
			gauge(s["queue"], find("cascade_waiting_room_attempts", "service", name))
			gauge(s["in_hand"], find("cascade_service_in_hand_attempts", "service", name))
			counter(s["arrived"], find("cascade_service_arrived_total", "service", name))
			counter(s["errors"], find("cascade_service_errors_total", "service", name))
			gauge(s["p99_s"], find("cascade_service_latency_seconds", "service", name, "quantile", "0.99"))
		}
		for i, e := range r.Timeline.Edges {
			s := want.Edges[e.ID]
			counter(s["attempts"], find("cascade_edge_attempts_total", "edge", e.ID))
			counter(s["retries"], find("cascade_edge_retries_total", "edge", e.ID))
			counter(s["failed"], find("cascade_edge_failures_total", "edge", e.ID))
			if r.Timeline.Edges[i].Open != nil {
				gauge(s["open"], find("cascade_breaker_open_ratio", "edge", e.ID))
			}
		}
		for name, q := range want.Queues {
			gauge(q.Depth, find("cascade_queue_depth_messages", "queue", name))
			gauge(q.Held, find("cascade_queue_held_messages", "queue", name))
			gauge(q.Lag, find("cascade_queue_lag_messages", "queue", name))
			gauge(q.Age, find("cascade_queue_age_seconds", "queue", name))
			counter(q.Published, find("cascade_queue_published_total", "queue", name))
			counter(q.Acknowledged, find("cascade_queue_acknowledged_total", "queue", name))
			drains := find("cascade_queue_drain_seconds", "queue", name)
			for n, v := range q.Drain {
				want := math.Inf(1)
				if v != nil {
					want, _ = v.Float64()
				}
				if got := drains.measured(t, ends[n]); got != want {
					t.Fatalf("%s drains in %v at %d ms, in the JSON in %v", name, got, ends[n], want)
				}
			}
			for group, g := range q.Groups {
				gauge(g.Lag, find("cascade_group_lag_messages", "queue", name, "group", group))
				for k, lags := range g.Partitions {
					gauge(lags, find("cascade_partition_lag_messages", "queue", name, "group", group, "partition", strconv.Itoa(k)))
				}
			}
		}
		find("cascade_run_info", "fingerprint", hex(r.Fingerprint), "verdict", r.Verdict.String())
		for _, f := range r.Faults {
			if !f.Instant {
				find("cascade_fault_active_ratio", "fault", f.Name, "kind", f.Kind, "on", f.On)
			}
		}
		if len(unseen) > 0 {
			t.Errorf("%s: series of which the JSON knows nothing: %q", r.Name, keys(unseen))
		}
	}
}

// TestParseFindsWhatIsWrong holds the reading above against texts that break a rule.
func TestParseFindsWhatIsWrong(t *testing.T) {
	const head = "# TYPE a_s gauge\n# UNIT a_s s\n# HELP a_s Text.\n"
	if _, err := parse(head + "a_s{x=\"1\"} 1 1\na_s{x=\"1\"} 2 2\n# TYPE b counter\nb_total{x=\"a\\\\\\n\\\"\"} 1 1\n# EOF\n"); err != nil {
		t.Fatalf("a good text: %v", err)
	}
	for _, text := range []string{
		head, head + "a_s{} 1 1\n# EOF\n\n", head + "a_s{x=\"1\"} 1 2\na_s{x=\"1\"} 2 1\n# EOF\n", head + "a_s{x=\"1\"} 1 2\na_s{x=\"1\"} 2 2\n# EOF\n",
		head + "a_s{x=\"1\"} 1 1\na_s{x=\"2\"} 1 1\na_s{x=\"1\"} 1 2\n# EOF\n", "# TYPE a gauge\n# UNIT a s\n# EOF\n", "# TYPE a gauge\na{x=\"\"\"} 1 1\n# EOF\n",
		"# TYPE a counter\na{x=\"1\"} 1 1\n# EOF\n", "# TYPE a counter\na_total{x=\"1\"} 2 1\na_total{x=\"1\"} 1 2\n# EOF\n", "# TYPE a gauge\na{x=\"1\",x=\"1\"} 1 1\n# EOF\n",
		"# TYPE a gauge\n# TYPE a gauge\n# EOF\n", "# TYPE a gauge\n# TYPE b gauge\na{x=\"1\"} 1 1\n# EOF\n", "# TYPE a gauge\na{x=\"1\\q\"} 1 1\n# EOF\n",
	} {
		if _, err := parse(text); err == nil {
			t.Errorf("nothing was found wrong with\n%s", text)
		}
	}
}

// TestStampsAreReadAsTheyAreMeant: Prometheus multiplies seconds by 1000 in binary
// fractions and cuts off. That leaves every millisecond what it is until 2004 (2^30
// seconds), and no run takes longer than 10,000 hours.
func TestStampsAreReadAsTheyAreMeant(t *testing.T) {
	const longest = 10_000 * 3_600_000
	for n := int64(0); n < 100_000; n++ {
		for _, ms := range []int64{n, longest - n, n * (longest / 100_000)} {
			text := stampAt(ms)
			f, err := strconv.ParseFloat(text, 64)
			if err != nil || int64(f*1000) != report.Epoch*1000+ms {
				t.Fatalf("%d ms is written %s and read as %d", ms, text, int64(f*1000)-report.Epoch*1000)
			}
		}
	}
}

// TestShortPointsShareAMillisecond: Prometheus keeps no two samples of one millisecond.
func TestShortPointsShareAMillisecond(t *testing.T) {
	r := named(t, "short")
	tl := &r.Timeline
	tl.Point = 400_000 // 0.4 ms
	for n := range tl.Starts {
		tl.Starts[n] = des.Time(n) * tl.Point
	}
	r.End = des.Time(len(tl.Starts)) * tl.Point
	series, err := parse(written(t, func(w io.Writer) error { return OpenMetrics(w, r) }))
	if err != nil {
		t.Fatal(err)
	}
	sum := uint64(0)
	for _, n := range tl.Sources[0].Offered {
		sum += n
	}
	s := series["cascade_requests_offered_total{"+labels(nil, "scenario", "short", "seed", "1", "source", "short0")+"}"]
	if s == nil || s.values[len(s.values)-1] != float64(sum) || sum == 0 || len(s.at) != 1+len(tl.Starts)*4/10 {
		t.Errorf("%d points of 0.4 ms, %d offered in all: %+v", len(tl.Starts), sum, s)
	}
}

func TestFaultsAreInForceForTheirTime(t *testing.T) {
	s := des.Time(1_000_000_000)
	for _, row := range []struct {
		fault  report.Fault
		before des.Time
		want   des.Time
	}{
		{report.Fault{From: 10 * s, To: 20 * s}, 5 * s, 0}, {report.Fault{From: 10 * s, To: 20 * s}, 12 * s, 2 * s}, {report.Fault{From: 10 * s, To: 20 * s}, 50 * s, 10 * s},
		{report.Fault{From: 10 * s, To: 12 * s, Every: 10 * s}, 31 * s, 5 * s}, {report.Fault{From: 10 * s, To: 12 * s, Every: 10 * s}, 30 * s, 4 * s},
		{report.Fault{From: 10 * s, To: 12 * s, Every: 10 * s}, 10 * s, 0}, {report.Fault{From: 10 * s, To: 12 * s, Every: 10 * s}, 35 * s, 6 * s},
	} {
		if got := inForce(&row.fault, row.before); got != row.want {
			t.Errorf("from %v to %v every %v, before %v: %v, want %v", row.fault.From, row.fault.To, row.fault.Every, row.before, got, row.want)
		}
	}
}

func TestOpenMetricsEscapesNames(t *testing.T) {
	for _, name := range hostile {
		r := named(t, name)
		series, err := parse(written(t, func(w io.Writer) error { return OpenMetrics(w, r) }))
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		found := false
		for _, s := range series {
			found = found || s.labels["service"] == strings.ToValidUTF8(name+"0", "\uFFFD")
		}
		if !found {
			t.Errorf("%q is the name of no service in what is read back", name)
		}
	}
}

// TestPromtoolTakesIt has Prometheus' own tool make blocks of it, where it is installed.
func TestPromtoolTakesIt(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("promtool is not installed: .ci/run is to do that")
		}
		t.Skip("promtool is not installed")
	}
	reports := examples(t)[:4] // the last is of the same scenario and seed as the first
	for i, name := range hostile {
		r := *named(t, name)
		r.Seed = uint64(100 + i)
		reports = append(reports, &r)
	}
	dir := t.TempDir()
	in, out := filepath.Join(dir, "run.om"), filepath.Join(dir, "blocks")
	write(t, in, written(t, func(w io.Writer) error { return OpenMetrics(w, reports...) }))
	if text, err := exec.Command(promtool, "tsdb", "create-blocks-from", "openmetrics", in, out).CombinedOutput(); err != nil {
		t.Fatalf("promtool: %v\n%s", err, text)
	}
	if err := os.Mkdir(filepath.Join(out, "wal"), 0o777); err != nil { // the dump wants one
		t.Fatal(err)
	}
	text, err := exec.Command(promtool, "tsdb", "dump", out).CombinedOutput()
	if err != nil {
		t.Fatalf("promtool: %v\n%s", err, text)
	}
	if want := `{__name__="cascade_pool_saturation_ratio", scenario="slow-dependency", seed="1", service="payment"} `; !strings.Contains(string(text), want) {
		t.Errorf("the blocks hold no %s", want)
	}
}
