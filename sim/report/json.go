package report

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"strconv"

	"cascade/sim/des"
	"cascade/topology"
)

// WriteJSON writes the report as cascade.report/v1: one object, keys in a fixed
// order, names in file order, times in seconds, shares from 0 to 1, rates per
// second, a newline at the end.
func (r *Report) WriteJSON(w io.Writer) error {
	return r.write(w, true)
}

// WriteTotals is WriteJSON without the timeline, the longest part by far: what is kept
// of each of many runs.
func (r *Report) WriteTotals(w io.Writer) error { return r.write(w, false) }

func (r *Report) write(w io.Writer, timeline bool) error {
	e := encoder{w: w}
	r.encode(&e, timeline)
	e.raw("\n")
	return e.flush()
}

func (r *Report) encode(e *encoder, timeline bool) {
	e.open('{')
	e.key("schema").str("cascade.report/v1")
	e.key("scenario").flat('{')
	e.key("name").str(r.Name)
	e.key("seed").uint(r.Seed)
	e.key("duration_s").time(r.Duration)
	e.key("warmup_s").time(r.Warmup)
	e.key("interval_s").time(r.Interval)
	e.close('}')
	e.key("complete").bool(r.Complete)
	e.key("verdict").str(r.Verdict.String())
	e.key("events").uint(r.Events)
	e.key("fingerprint").str(r.fingerprint())
	e.key("expectations").open('[')
	for i := range r.Expectations {
		e.item()
		r.Expectations[i].encode(e)
	}
	e.close(']')
	e.key("sources").open('{')
	for i := range r.Sources {
		e.key(r.Sources[i].Name)
		r.Sources[i].encode(e)
	}
	e.close('}')
	e.key("services").open('{')
	for i := range r.Services {
		e.key(r.Services[i].Name)
		r.Services[i].encode(e)
	}
	e.close('}')
	e.key("edges").open('{')
	for i := range r.Edges {
		e.key(r.Edges[i].ID)
		r.Edges[i].encode(e)
	}
	e.close('}')
	e.key("queues").open('{')
	for i := range r.Queues {
		e.key(r.Queues[i].Name)
		r.Queues[i].encode(e)
	}
	e.close('}')
	e.key("faults").open('[')
	for i := range r.Faults {
		e.item()
		r.Faults[i].encode(e)
	}
	e.close(']')
	e.key("cascade")
	r.Cascade.encode(e)
	if timeline {
		e.key("timeline")
		r.Timeline.encode(e)
	}
	e.close('}')
}

func (r *Report) fingerprint() string {
	digits := strconv.FormatUint(r.Fingerprint, 16)
	return "0000000000000000"[len(digits):] + digits
}

func (j *Judgement) encode(e *encoder) {
	e.flat('{')
	e.key("text").str(j.Text)
	e.key("pass").bool(j.Pass)
	e.key("actual")
	if j.Measured {
		e.float(j.Actual)
	} else {
		e.raw("null")
	}
	e.key("bound").float(j.Bound)
	if j.Undecided {
		e.key("undecided").bool(true)
	}
	if j.Why != "" {
		e.key("why").str(j.Why)
	}
	e.close('}')
}

func (s *Source) encode(e *encoder) {
	e.open('{')
	e.key("offered").uint(s.Offered)
	e.key("succeeded").uint(s.Ended[topology.Success])
	e.key("failed").outcomes(&s.Ended, topology.Success)
	e.key("in_flight").uint(s.InFlight)
	e.key("attempts").uint(s.Attempts)
	e.key("amplification").float(s.Amplification)
	e.key("goodput").float(s.Goodput)
	e.key("success").float(s.Success)
	e.key("latency").distribution(&s.Latency)
	e.key("latency_all").distribution(&s.LatencyAll)
	s.Completed.encode(e)
	e.close('}')
}

func (s *Service) encode(e *encoder) {
	e.open('{')
	s.Pool.encode(e, s)
	e.key("instances").open('[')
	for i := range s.Instances {
		in := &s.Instances[i]
		e.item().flat('{')
		e.key("arrived").uint(in.Arrived)
		e.key("succeeded").uint(in.Answers[topology.Success])
		e.answers(&in.Answers)
		e.key("saturation").float(in.Saturation)
		e.key("down_s").float(in.Down)
		e.close('}')
	}
	e.close(']')
	e.key("operations").open('{')
	for i := range s.Operations {
		e.key(s.Operations[i].Name).open('{')
		s.Operations[i].encode(e, nil)
		e.close('}')
	}
	e.close('}')
	if s.Autoscale != nil {
		e.key("autoscale")
		s.Autoscale.encode(e)
	}
	e.close('}')
}

// besideFailed are the outcomes of an attempt at a service that have keys of their own.
var besideFailed = []topology.Outcome{topology.Rejected, topology.RateLimited, topology.Limited, topology.BulkheadFull,
	topology.Refused, topology.Reset, topology.Cancelled}

// answers writes the failures that a thread answered with, and all others beside them.
func (e *encoder) answers(counts *[topology.NumOutcomes]uint64) {
	e.key("failed").outcomes(counts, append(besideFailed[:len(besideFailed):len(besideFailed)], topology.Success)...)
	for _, o := range besideFailed {
		e.key(o.String()).uint(counts[o])
	}
}

// encode writes the keys of a service (s) or of an operation (s is nil).
func (p *Pool) encode(e *encoder, s *Service) {
	e.key("arrived").uint(p.Arrived)
	e.key("succeeded").uint(p.Answers[topology.Success])
	e.answers(&p.Answers)
	e.key("waiting").uint(p.Waiting)
	e.key("in_threads").uint(p.InThreads)
	e.key("suspended").uint(p.Suspended)
	e.key("waited").uint(p.Waited)
	e.key("held_mean").float(p.HeldMean)
	e.key("saturation").float(p.Saturation)
	e.key("saturation_max").float(p.SaturationMax)
	e.key("utilization").float(p.Utilization)
	e.key("queue_mean").float(p.QueueMean)
	e.key("queue_max").uint(p.QueueMax)
	e.key("wasted").float(p.Wasted)
	t := &p.ThreadTime
	e.key("thread_time_s").flat('{')
	e.key("working").float(t.Working)
	e.key("waiting").edgeSeconds(t.Waiting)
	e.key("backoff").edgeSeconds(t.Backoff)
	e.key("publishing").flat('{')
	for _, q := range t.Publishing {
		e.key(q.Queue).float(q.Seconds)
	}
	e.close('}')
	e.key("paused").float(t.Paused)
	if s != nil {
		e.key("idle").float(t.Idle)
		e.key("down").float(t.Down)
	}
	e.close('}')
	e.key("latency").distribution(&p.Latency)
	e.key("latency_all").distribution(&p.LatencyAll)
	e.key("waiting_time").distribution(&p.WaitingTime)
	p.Completed.encode(e)
}

func (c *Completed) encode(e *encoder) {
	e.key("completion").distribution(&c.Completion)
	e.key("completion_lost").uint(c.Lost)
	e.key("completion_unfinished").uint(c.Unfinished)
}

func (d *Edge) encode(e *encoder) {
	e.open('{')
	e.key("calls").uint(d.Calls)
	e.key("attempts").uint(d.Attempts)
	e.key("retries").uint(d.Retries)
	e.key("retries_refused").uint(d.RetriesRefused)
	e.key("hedges").uint(d.Hedges)
	e.key("outcomes").outcomes(&d.Outcomes)
	e.key("call_outcomes").outcomes(&d.CallOutcomes)
	e.key("turned_away").outcomes(&d.TurnedAway)
	e.key("ejections").uint(d.Ejections)
	e.key("calls_under_way").uint(d.CallsUnderWay)
	e.key("under_way").uint(d.UnderWay)
	e.key("late_answers").uint(d.LateAnswers)
	e.key("tries").uints(d.Tries)
	e.key("latency").distribution(&d.Latency)
	e.key("latency_all").distribution(&d.LatencyAll)
	if d.Cache != nil {
		e.key("cache").flat('{')
		e.key("hits").uint(d.Cache.Hits)
		e.key("misses").uint(d.Cache.Misses)
		e.key("coalesced").uint(d.Cache.Coalesced)
		e.close('}')
	}
	e.key("breaker")
	d.Breaker.encode(e)
	e.close('}')
}

func (b *Breaker) encode(e *encoder) {
	e.flat('{')
	e.key("open_s").float(b.Open)
	e.key("opened").uint(b.Opened)
	e.key("changes").flat('[')
	for i := range b.Changes {
		ch := &b.Changes[i]
		e.item().flat('{')
		e.key("at_s").time(ch.At)
		e.key("instance").uint(uint64(ch.Instance))
		e.key("from").str(ch.From.String())
		e.key("to").str(ch.To.String())
		e.close('}')
	}
	e.close(']')
	if b.LeftOut > 0 {
		e.key("changes_left_out").uint(b.LeftOut)
	}
	e.close('}')
}

func (a *Autoscale) encode(e *encoder) {
	e.flat('{')
	e.key("added").uint(a.Added)
	e.key("removed").uint(a.Removed)
	e.key("changes").flat('[')
	for i := range a.Changes {
		ch := &a.Changes[i]
		what := "removed"
		if ch.Added {
			what = "added"
		}
		e.item().flat('{')
		e.key("at_s").time(ch.At)
		e.key("instance").uint(uint64(ch.Instance))
		e.key("change").str(what)
		e.close('}')
	}
	e.close(']')
	if a.LeftOut > 0 {
		e.key("changes_left_out").uint(a.LeftOut)
	}
	e.close('}')
}

func (f *Fault) encode(e *encoder) {
	e.flat('{')
	e.key("name").str(f.Name)
	e.key("kind").str(f.Kind)
	e.key("on").str(f.On)
	if f.Keys != nil {
		e.key("keys").flat('[')
		for _, k := range f.Keys {
			e.item().str(k)
		}
		e.close(']')
	}
	if f.Into != "" {
		e.key("to").str(f.Into)
	}
	if f.Group != "" {
		e.key("group").str(f.Group)
		e.key("by_s").time(f.By)
	}
	e.key("from_s").time(f.From)
	e.key("to_s").time(f.To)
	if f.Every > 0 {
		e.key("every_s").time(f.Every)
	}
	e.close('}')
}

func (c *Cascade) encode(e *encoder) {
	e.open('{')
	e.key("saturated").open('[')
	for i := range c.Saturated {
		s := &c.Saturated[i]
		e.item().flat('{')
		e.key("service").str(s.Service)
		e.key("at_s").time(s.At)
		e.key("until_s").time(s.Until)
		e.key("held_by").str(s.HeldBy)
		e.key("share").float(s.Share)
		e.key("root").str(s.Root)
		e.close('}')
	}
	e.close(']')
	if c.LeftOut > 0 {
		e.key("saturated_left_out").uint(uint64(c.LeftOut))
	}
	e.key("blast_radius").flat('[')
	for _, name := range c.BlastRadius {
		e.item().str(name)
	}
	e.close(']')
	e.key("recovered_at_s")
	if c.RecoveredAt < 0 {
		e.raw("null")
	} else {
		e.time(c.RecoveredAt)
	}
	e.key("metastable").bool(c.Metastable)
	e.key("loop")
	if c.Loop == nil {
		e.raw("null")
	} else {
		e.flat('{')
		e.key("edge").str(c.Loop.Edge)
		e.key("retries").float(c.Loop.Retries)
		e.key("amplification").float(c.Loop.Amplification)
		if c.Loop.Queue != "" {
			e.key("queue").str(c.Loop.Queue)
		}
		if c.Loop.Hedges > 0 {
			e.key("hedges").float(c.Loop.Hedges)
		}
		if c.Loop.Wasted > 0 {
			e.key("wasted").float(c.Loop.Wasted)
		}
		e.close('}')
	}
	e.close('}')
}

func (t *Timeline) encode(e *encoder) {
	e.open('{')
	if t.Coarsened > 1 {
		e.key("coarsened").uint(uint64(t.Coarsened))
	}
	e.key("t_s").flat('[')
	for _, at := range t.Starts {
		e.item().time(at)
	}
	e.close(']')
	e.key("sources").open('{')
	for i := range t.Sources {
		s := &t.Sources[i]
		e.key(s.Name).open('{')
		e.key("offered").uints(s.Offered)
		e.key("succeeded").uints(s.Succeeded)
		e.key("failed").uints(s.Failed)
		e.key("p50_s").floats(s.P50)
		e.key("p99_s").floats(s.P99)
		e.close('}')
	}
	e.close('}')
	e.key("services").open('{')
	for i := range t.Services {
		s := &t.Services[i]
		e.key(s.Name).open('{')
		e.key("saturation").floats(s.Saturation)
		e.key("queue").floats(s.Queue)
		e.key("arrived").uints(s.Arrived)
		e.key("errors").uints(s.Errors)
		e.key("p99_s").floats(s.P99)
		e.key("in_hand").floats(s.InHand)
		e.close('}')
	}
	e.close('}')
	e.key("edges").open('{')
	for i := range t.Edges {
		d := &t.Edges[i]
		e.key(d.ID).open('{')
		e.key("attempts").uints(d.Attempts)
		e.key("retries").uints(d.Retries)
		e.key("failed").uints(d.Failed)
		if d.Open != nil {
			e.key("open").floats(d.Open)
		} else {
			e.key("open").zeros(len(t.Starts))
		}
		e.close('}')
	}
	e.close('}')
	e.key("queues").open('{')
	for i := range t.Queues {
		e.key(t.Queues[i].Name)
		t.Queues[i].encode(e, t)
	}
	e.close('}')
	e.close('}')
}

// An encoder writes JSON with keys in the order in which they come, indented, and
// flat where an object or a list is better read on one line.
type encoder struct {
	w     io.Writer
	err   error // the first one; nothing is written after it
	b     []byte
	depth int
	flats int // flat objects that are open, one within the other
	some  []bool
}

const indentation = "                                "

func (e *encoder) open(c byte) {
	e.b = append(e.b, c)
	e.depth++
	e.some = append(e.some, false)
	if e.flats > 0 {
		e.flats++
	}
}

// flat opens an object or a list whose content stays on its line.
func (e *encoder) flat(c byte) {
	e.open(c)
	if e.flats == 0 {
		e.flats = 1
	}
}

func (e *encoder) close(c byte) {
	e.depth--
	last := len(e.some) - 1
	if e.flats > 0 {
		e.flats--
	} else if e.some[last] {
		e.newline()
	}
	e.some = e.some[:last]
	e.b = append(e.b, c)
	if len(e.b) > 1<<16 {
		e.flush()
	}
}

// item begins an element of a list.
func (e *encoder) item() *encoder {
	last := len(e.some) - 1
	if e.some[last] {
		e.b = append(e.b, ',')
	}
	switch {
	case e.flats == 0:
		e.newline()
	case e.some[last]:
		e.b = append(e.b, ' ')
	}
	e.some[last] = true
	return e
}

func (e *encoder) key(name string) *encoder {
	e.item()
	e.str(name)
	e.b = append(e.b, ": "...)
	return e
}

func (e *encoder) newline() {
	e.b = append(e.b, '\n')
	e.b = append(e.b, indentation[:min(2*e.depth, len(indentation))]...)
}

func (e *encoder) raw(s string)  { e.b = append(e.b, s...) }
func (e *encoder) uint(n uint64) { e.b = strconv.AppendUint(e.b, n, 10) }
func (e *encoder) bool(b bool)   { e.b = strconv.AppendBool(e.b, b) }

func (e *encoder) str(s string) {
	plain := true
	for i := 0; i < len(s) && plain; i++ {
		plain = s[i] >= ' ' && s[i] <= '~' && s[i] != '"' && s[i] != '\\'
	}
	if plain {
		e.b = append(append(append(e.b, '"'), s...), '"')
		return
	}
	var quoted bytes.Buffer
	enc := json.NewEncoder(&quoted)
	enc.SetEscapeHTML(false) // edges are full of >
	if err := enc.Encode(s); err != nil {
		panic("report: a string that is no JSON: " + err.Error())
	}
	e.b = append(e.b, bytes.TrimSuffix(quoted.Bytes(), []byte("\n"))...)
}

// float writes the shortest number that reads back as f.
func (e *encoder) float(f float64) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		panic("report: a number that is none")
	}
	format := byte('f')
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		format = 'e'
	}
	e.b = strconv.AppendFloat(e.b, f, format, -1, 64)
}

func (e *encoder) time(t des.Time) { e.float(t.Seconds()) }

func (e *encoder) distribution(d *Distribution) {
	e.flat('{')
	e.key("count").uint(d.Count)
	e.key("mean_s").float(d.Mean)
	e.key("sd_s").float(d.SD)
	e.key("p50_s").float(d.P50)
	e.key("p90_s").float(d.P90)
	e.key("p95_s").float(d.P95)
	e.key("p99_s").float(d.P99)
	e.key("p999_s").float(d.P999)
	e.key("max_s").float(d.Maximum)
	e.close('}')
}

// outcomes writes the kinds that occurred, but for those given.
func (e *encoder) outcomes(counts *[topology.NumOutcomes]uint64, but ...topology.Outcome) {
	var skip topology.OutcomeSet
	for _, o := range but {
		skip = skip.With(o)
	}
	e.flat('{')
	for o, n := range counts {
		if n > 0 && !skip.Has(topology.Outcome(o)) {
			e.key(topology.Outcome(o).String()).uint(n)
		}
	}
	e.close('}')
}

func (e *encoder) edgeSeconds(times []EdgeSeconds) {
	e.flat('{')
	for _, t := range times {
		e.key(t.Edge).float(t.Seconds)
	}
	e.close('}')
}

func (e *encoder) uints(ns []uint64) {
	e.flat('[')
	for _, n := range ns {
		e.item().uint(n)
	}
	e.close(']')
}

func (e *encoder) floats(fs []float64) {
	e.flat('[')
	for _, f := range fs {
		e.item().float(f)
	}
	e.close(']')
}

func (e *encoder) zeros(n int) {
	e.flat('[')
	for range n {
		e.item().uint(0)
	}
	e.close(']')
}

func (e *encoder) flush() error {
	if e.err == nil {
		_, e.err = e.w.Write(e.b)
	}
	e.b = e.b[:0]
	return e.err
}
