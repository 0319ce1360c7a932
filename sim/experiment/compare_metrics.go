package experiment

import (
	"slices"
	"strings"
)

// A Direction says which way a metric gets better.
type Direction int8

// The directions.
const (
	Lower   Direction = -1
	Neutral Direction = 0
	Higher  Direction = +1
)

// String is the direction as the JSON has it.
func (d Direction) String() string {
	switch d {
	case Lower:
		return "lower"
	case Higher:
		return "higher"
	default:
		return "none"
	}
}

// A unit is what a metric is measured in.
type unit uint8

const (
	inNumber  unit = iota // a count, or a mean of counts
	inSeconds             // a duration
	aSecond               // a rate
	inShares              // 0 to 1
)

// A rank says where a metric is told of.
type rank uint8

const (
	inJSON  rank = iota // nowhere else
	inText              // there too, if it changed
	beside              // among the headlines, and not judged
	leading             // it is a headline: what a comparison is judged by
)

// A trait is what a comparison knows of a kind of metric.
type trait struct {
	section string // of the report; "": of the run as a whole
	key     string // the last keys of the path; a * is any one key
	name    string // in the text, and where a headline is given a tolerance
	better  Direction
	unit    unit
	rank    rank
	// tolerance is how much worse is no worse yet: of a share in points (0.01 is one
	// point), of all else in parts of what A has.
	tolerance float64
}

// Tolerances, where none is given. Percentiles in a report are within 1% of themselves,
// so that two of them may well be 2% apart for that alone.
const (
	ofTimes  = 0.02
	ofCounts = 0.01
	ofShares = 0.001
)

// traits is the table of what there is to know: the first row that fits a metric counts,
// and what fits none is neutral, a number, and kept.
//
// Headlines are what whoever uses the system sees, and whether it came back. Work that
// is done for nobody stands beside them: it tells of the next outage, but a hedge or a
// shorter time-out buys an answer with it. Of the rest, better is what leaves more room. What a guard turns away on purpose, what an answer to
// a failure took (latency_all), and what was under way at the end is neither good nor bad.
var traits = []trait{
	{"", "metastable", "metastable", Lower, inShares, leading, 0.01},
	{"", "wasted", "wasted", Lower, inShares, beside, 0.01},

	{"sources", "success", "success", Higher, inShares, leading, ofShares},
	{"sources", "goodput", "goodput", Higher, aSecond, leading, ofCounts},
	{"sources", "latency.p50_s", "p50", Lower, inSeconds, leading, ofTimes},
	{"sources", "latency.p99_s", "p99", Lower, inSeconds, leading, ofTimes},
	{"sources", "completion.p99_s", "completion.p99", Lower, inSeconds, leading, ofTimes},
	{"sources", "completion_lost", "completion.lost", Lower, inNumber, leading, ofCounts},
	{"sources", "amplification", "amplification", Lower, inNumber, inText, ofCounts},
	{"sources", "succeeded", "succeeded", Higher, inNumber, inJSON, ofCounts},
	{"sources", "failed.*", "failed", Lower, inNumber, inJSON, ofCounts},
	{"sources", "completion_unfinished", "unfinished", Lower, inNumber, inText, ofCounts},

	{"services", "saturation", "saturation", Lower, inShares, inText, ofCounts},
	{"services", "saturation_max", "saturation.max", Lower, inShares, inText, ofCounts},
	{"services", "queue_mean", "queue", Lower, inNumber, inText, ofTimes},
	{"services", "queue_max", "queue.max", Lower, inNumber, inJSON, ofTimes},
	{"services", "errors", "errors", Lower, inShares, inText, ofShares},
	{"services", "wasted", "wasted", Lower, inShares, inText, ofCounts},
	{"services", "latency.p99_s", "p99", Lower, inSeconds, inText, ofTimes},
	{"services", "held_mean", "held", Lower, inNumber, inJSON, ofTimes},
	{"services", "utilization", "utilization", Neutral, inShares, inJSON, ofCounts},
	{"services", "failed.*", "failed", Lower, inNumber, inJSON, ofCounts},
	{"services", "rejected", "rejected", Lower, inNumber, inJSON, ofCounts},
	{"services", "refused", "refused", Lower, inNumber, inJSON, ofCounts},
	{"services", "reset", "reset", Lower, inNumber, inJSON, ofCounts},
	{"services", "waited", "waited", Lower, inNumber, inJSON, ofCounts},
	{"services", "completion_lost", "completion.lost", Lower, inNumber, inJSON, ofCounts},
	{"services", "completion_unfinished", "unfinished", Lower, inNumber, inJSON, ofCounts},
	{"services", "thread_time_s.working", "working", Neutral, inSeconds, inJSON, ofTimes},
	{"services", "thread_time_s.idle", "idle", Neutral, inSeconds, inJSON, ofTimes},
	{"services", "thread_time_s.paused", "paused", Lower, inSeconds, inJSON, ofTimes},
	{"services", "thread_time_s.down", "down", Lower, inSeconds, inJSON, ofTimes},
	{"services", "down_s", "down", Lower, inSeconds, inJSON, ofTimes},

	{"edges", "amplification", "amplification", Lower, inNumber, inText, ofCounts},
	{"edges", "latency.p99_s", "p99", Lower, inSeconds, inText, ofTimes},
	{"edges", "retries", "retries", Lower, inNumber, inJSON, ofCounts},
	{"edges", "retries_refused", "retries refused", Neutral, inNumber, inJSON, ofCounts},
	{"edges", "outcomes.success", "succeeded", Higher, inNumber, inJSON, ofCounts},
	{"edges", "outcomes.cancelled", "cancelled", Neutral, inNumber, inJSON, ofCounts},
	{"edges", "outcomes.timeout", "timeouts", Lower, inNumber, inText, ofCounts},
	{"edges", "outcomes.*", "failed", Lower, inNumber, inJSON, ofCounts},
	{"edges", "call_outcomes.success", "calls succeeded", Higher, inNumber, inJSON, ofCounts},
	{"edges", "call_outcomes.cancelled", "calls cancelled", Neutral, inNumber, inJSON, ofCounts},
	{"edges", "call_outcomes.*", "calls failed", Lower, inNumber, inJSON, ofCounts},
	{"edges", "late_answers", "late answers", Lower, inNumber, inJSON, ofCounts},
	{"edges", "ejections", "ejections", Neutral, inNumber, inJSON, ofCounts},
	{"edges", "cache.hits", "cache hits", Higher, inNumber, inJSON, ofCounts},
	{"edges", "cache.misses", "cache misses", Lower, inNumber, inJSON, ofCounts},
	{"edges", "breaker.open_s", "breaker open", Neutral, inSeconds, inText, ofTimes},

	{"queues", "failed.*", "failed", Lower, inNumber, inJSON, ofCounts}, // of a publish step
	{"queues", "dead_lettered", "dead_lettered", Lower, inNumber, leading, ofCounts},
	{"queues", "dropped", "dropped", Lower, inNumber, leading, ofCounts},
	{"queues", "rejected", "rejected", Lower, inNumber, inText, ofCounts},
	{"queues", "rejections.*", "rejected", Lower, inNumber, inJSON, ofCounts},
	{"queues", "depth_max", "depth.max", Lower, inNumber, inText, ofTimes},
	{"queues", "depth_mean", "depth", Lower, inNumber, inJSON, ofTimes},
	{"queues", "age_max_s", "age.max", Lower, inSeconds, inText, ofTimes},
	{"queues", "age_mean_s", "age", Lower, inSeconds, inJSON, ofTimes},
	{"queues", "lag_max", "lag.max", Lower, inNumber, inJSON, ofTimes},
	{"queues", "lag_mean", "lag", Lower, inNumber, inJSON, ofTimes},
	{"queues", "lag", "lag at the end", Lower, inNumber, inText, ofTimes},
	{"queues", "drain_s", "drain", Lower, inSeconds, inJSON, ofTimes},
	{"queues", "latency.p99_s", "p99", Lower, inSeconds, inText, ofTimes},
	{"queues", "redelivered", "redelivered", Lower, inNumber, inText, ofCounts},
	{"queues", "duplicates", "duplicates", Lower, inNumber, inJSON, ofCounts},
	{"queues", "acknowledged", "acknowledged", Higher, inNumber, inJSON, ofCounts},
	{"queues", "published_rate", "published", Neutral, aSecond, inJSON, ofCounts},
	{"queues", "acknowledged_rate", "acknowledged", Higher, aSecond, inJSON, ofCounts},
	{"queues", "blocked", "blocked", Lower, inNumber, inJSON, ofCounts},
}

// byEnding are rows of all sections, asked where the table above has none: the keys of
// distributions, and thread time by what it went to.
var byEnding = []trait{
	{"", "latency_all.count", "ended", Neutral, inNumber, inJSON, ofCounts},
	{"", "latency_all.*", "latency_all", Neutral, inSeconds, inJSON, ofTimes},
	{"", "latency.count", "answered", Neutral, inNumber, inJSON, ofCounts},
	{"", "latency.*", "latency", Lower, inSeconds, inJSON, ofTimes},
	{"", "waiting_time.count", "got a thread", Neutral, inNumber, inJSON, ofCounts},
	{"", "waiting_time.*", "waiting_time", Lower, inSeconds, inJSON, ofTimes},
	{"", "completion.count", "done", Neutral, inNumber, inJSON, ofCounts},
	{"", "completion.*", "completion", Lower, inSeconds, inJSON, ofTimes},
}

// spent are the keys of thread time under which there is a name, of an edge or a queue,
// that may itself have dots.
var spent = []string{".thread_time_s.waiting.", ".thread_time_s.backoff.", ".thread_time_s.publishing."}

// traitOf finds what there is to know of a metric, and whose it is: the names between
// its section and its keys.
func traitOf(path string) (subject string, t trait) {
	section, rest, nested := strings.Cut(path, ".")
	if !nested {
		for _, t := range traits {
			if t.section == "" && t.key == path {
				return "", t
			}
		}
		return "", trait{name: path}
	}
	for _, key := range spent {
		if before, _, found := strings.Cut(rest, key); found && section == "services" {
			return before, trait{section, key, "", Lower, inSeconds, inJSON, ofTimes}
		}
	}
	for _, table := range [][]trait{traits, byEnding} {
		for _, t := range table {
			if t.section != "" && t.section != section || t.section == "" && !strings.Contains(t.key, ".") {
				continue
			}
			if subject, ok := cutKeys(rest, t.key); ok {
				return subject, t
			}
		}
	}
	return rest, trait{section: section, name: rest}
}

// cutKeys cuts keys off the end of a path, of which a last * is any one key.
func cutKeys(path, keys string) (subject string, ok bool) {
	if front, any := strings.CutSuffix(keys, ".*"); any {
		i := strings.LastIndexByte(path, '.')
		if i < 0 {
			return "", false
		}
		path, keys = path[:i], front
	}
	return strings.CutSuffix(path, "."+keys)
}

// Headlines are the names of the metrics that a comparison is judged by, each once.
func Headlines() []string {
	var names []string
	for _, t := range traits {
		if t.rank == leading && !slices.Contains(names, t.name) {
			names = append(names, t.name)
		}
	}
	return names
}

// derived are metrics that follow from a report and are no keys of it: whether the run
// was metastable (1 or 0); the share of all own work that was wasted; of a service the
// share of what ended there as an error, as an expectation has it; of an edge the
// attempts a call.
func derived(r *Record) []Metric {
	value := make(map[string]float64, len(r.Metrics))
	for _, m := range r.Metrics {
		value[m.Path] = m.Value
	}
	metastable := Metric{Path: "metastable"}
	if r.Metastable {
		metastable.Value = 1
	}
	all := []Metric{metastable}
	wasted, working := 0.0, 0.0
	for _, m := range r.Metrics {
		section, rest, _ := strings.Cut(m.Path, ".")
		of := section + "."
		switch {
		case section == "services" && strings.HasSuffix(rest, ".arrived") && !strings.Contains(rest, ".instances."):
			name := strings.TrimSuffix(rest, ".arrived")
			of += name + "."
			if !strings.Contains(name, ".") {
				own := value[of+"thread_time_s.working"]
				working += own
				wasted += float64(own * value[of+"wasted"])
			}
			failed := 0.0
			for _, key := range []string{"failed.error", "rejected", "rate_limited", "limited", "bulkhead_full", "refused", "reset"} {
				failed += value[of+key]
			}
			if ended := failed + value[of+"succeeded"]; ended > 0 {
				all = append(all, Metric{Path: of + "errors", Value: failed / ended})
			}
		case section == "edges" && strings.HasSuffix(rest, ".calls"):
			of += strings.TrimSuffix(rest, ".calls") + "."
			if m.Value > 0 {
				all = append(all, Metric{Path: of + "amplification", Value: value[of+"attempts"] / m.Value})
			}
		}
	}
	share := 0.0
	if working > 0 {
		share = wasted / working
	}
	return slices.Insert(all, 1, Metric{Path: "wasted", Value: share})
}
