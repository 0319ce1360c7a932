package scenarios

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/topology"
)

// What guards may ask for at most.
const (
	maxCounted = 1_000_000   // requests, failures, tokens or probes
	maxBuckets = 10_000      // of a breaker's rolling window
	maxHedges  = 100         // further copies of a try
	maxKeys    = 10_000_000  // that a cache is asked for
	maxCached  = 1_000_000   // answers that a cache holds
	maxWishes  = 100_000     // of an autoscaler, in its cooldown or its lag
	maxGuarded = 100_000_000 // numbers that the guards keep for all calling instances, see kept
)

// within are the fields of the mapping under a key; ok is false where there is none
// that can be read.
func (f fields) within(name string) (in fields, ok bool) {
	v := f.get(name)
	if v == nil {
		return in, false
	}
	return f.reader.fields(v, f.key(name).within, f.v.entry(name).key)
}

// wants notes that a key stands there without the one that gives it a meaning.
func (f fields) wants(name, other string) {
	if f.get(name) != nil && f.get(other) == nil {
		f.problem(f.v.entry(name).key, "%q goes with %q, and there is none; write one, or leave %q out", name, other, name)
	}
}

// lasting is a key's duration that must be longer than 0; its initial value where it
// is absent.
func (f fields) lasting(name string) time.Duration {
	v := f.get(name)
	if v == nil {
		return f.duration(name)
	}
	d, ok := f.reader.duration(v)
	if ok && d == 0 {
		f.problem(v, "%q must be longer than 0s", name)
	}
	return d
}

// guards reads what stands between a call and its sending, and what goes with it.
func (f fields) guards(e *topology.Edge) {
	e.RateLimit = f.rateLimit()
	e.Throttle = f.throttle()
	e.Breaker = f.breaker()
	e.Bulkhead = int(f.count("bulkhead", 1, maxThreads))
	e.Hedge = f.hedge()
	e.Propagate = f.boolean("propagate")
	if f.get("priority") != nil {
		e.Priority = topology.HighPriority + topology.Priority(f.choice("priority"))
	}
}

// rateLimit reads that of an edge or of a service, which has no wait.
func (f fields) rateLimit() *topology.RateLimit {
	l, ok := f.within("rate_limit")
	if !ok {
		return nil
	}
	t := &topology.RateLimit{}
	if v := l.must("rate"); v != nil {
		t.Rate, _ = l.rate(v)
	}
	t.Burst = int(l.count("burst", 1, maxCounted))
	if l.key("wait") != nil {
		t.Wait = l.duration("wait")
	}
	return t
}

func (f fields) throttle() *topology.Throttle {
	t, ok := f.within("throttle")
	if !ok {
		return nil
	}
	return &topology.Throttle{K: t.number("k", 1, 1000), Window: t.lasting("window")}
}

func (f fields) breaker() *topology.Breaker {
	b, ok := f.within("breaker")
	if !ok {
		return nil
	}
	t := &topology.Breaker{Consecutive: topology.Unlimited, On: topology.BreakerDefault}
	ratio := b.get("ratio")
	if ratio == nil || b.get("consecutive") != nil {
		t.Consecutive = int(b.count("consecutive", 0, maxCounted))
	}
	if ratio != nil {
		if t.Ratio, ok = b.reader.share(ratio); ok && t.Ratio == 0 {
			b.problem(ratio, `"ratio" must be above 0%%; leave it out for none`)
		}
	}
	b.wants("min_requests", "ratio")
	t.MinRequests = int(b.count("min_requests", 1, maxCounted))
	b.wants("bucket", "interval")
	t.Interval = b.duration("interval")
	t.Bucket = b.limit("bucket")
	switch bucket := b.get("bucket"); {
	case t.Bucket == 0:
	case b.get("interval") != nil && t.Interval == 0:
		b.problem(bucket, `a window of "interval: 0s" has no buckets; write how long it is, as in "interval: 10s"`)
	case buckets(t) > maxBuckets:
		b.problem(bucket, "%s in parts of %s are more than %d; write a longer \"bucket\"", brief(des.Time(t.Interval)), brief(des.Time(t.Bucket)), maxBuckets)
	}
	t.OpenFor = b.lasting("open_for")
	t.HalfOpen = int(b.count("half_open", 1, maxCounted))
	if v := b.get("on"); v != nil {
		t.On = b.outcomes(v)
	}
	return t
}

// buckets is how many parts a breaker's window has. gobreaker rounds up too.
func buckets(b *topology.Breaker) int {
	if b.Bucket == 0 {
		return 1
	}
	return int((b.Interval + b.Bucket - 1) / b.Bucket)
}

func (f fields) hedge() *topology.Hedge {
	h, ok := f.within("hedge")
	if !ok {
		return nil
	}
	t := &topology.Hedge{Max: int(h.count("max", 1, maxHedges))}
	v := h.must("after")
	if v == nil {
		return t
	}
	text, ok := h.word(v, "a duration such as 50ms, or a quantile such as p95,")
	if !ok {
		return t
	}
	if !quantileForm.MatchString(text) {
		if strings.ContainsAny(text[:min(1, len(text))], "+-.0123456789") {
			t.After, _ = h.reader.duration(v)
		} else {
			h.problem(v, `%s is neither a duration such as 50ms nor a quantile such as p95`, quote(text))
		}
		return t
	}
	number := text[1:]
	percent, known := parseNumber(number)
	switch {
	case !known || percent < 50 || percent > 99.9:
		hint := ""
		if whole := strings.TrimPrefix(number, "99"); whole != number && strings.Trim(whole, "9") == "" {
			hint = `; did you mean "p99.9"?`
		}
		h.problem(v, `a quantile is from p50 to p99.9, not %s%s`, quote(text), hint)
	default:
		t.Quantile, _ = strconv.ParseFloat(number+"e-2", 64)
	}
	return t
}

var quantileForm = regexp.MustCompile(`^p[0-9.]+$`)

func (f fields) cache() *topology.Cache {
	c, ok := f.within("cache")
	if !ok {
		return nil
	}
	t := &topology.Cache{}
	switch hit, keys := c.get("hit"), c.get("keys"); {
	case hit != nil && keys != nil:
		c.problem(c.v.entry("keys").key, `a cache has "hit" or "keys", not both`)
		return t
	case hit != nil:
		for _, name := range []string{"popularity", "size", "ttl", "coalesce"} {
			if c.get(name) != nil {
				c.problem(c.v.entry(name).key, `%q belongs to a cache with "keys", not with "hit"`, name)
			}
		}
		t.Hit = c.share("hit")
		return t
	case keys == nil:
		c.problem(c.owner, `a cache needs "hit", the share that it answers, or "keys", how many things are asked for`)
		return t
	}
	t.Keys = int(c.count("keys", 1, maxKeys))
	if c.must("size") != nil {
		t.Size = int(c.count("size", 1, maxCached))
	}
	t.TTL = c.limit("ttl")
	t.Coalesce = c.boolean("coalesce")
	if v := c.get("popularity"); v != nil {
		d := distReader{c.reader, v, true}
		if name, args := d.law(`"popularity"`, popularities); name == "zipf" {
			t.Zipf = d.number(args[0], "exponent", 0.01, 10)
		}
	}
	return t
}

var popularities = []family{{"uniform", "", 0}, {"zipf", "S", 1}}

// serviceGuards reads what a service keeps its load in bounds by.
func (f fields) serviceGuards(s *topology.Service) {
	s.HealthCheck = f.limit("health_check")
	s.Cancel = f.boolean("cancel")
	s.Deadline = f.boolean("deadline")
	s.RateLimit = f.rateLimit()
	s.AdaptiveLimit = f.adaptiveLimit()
	s.Outlier = f.outlier()
	if v := f.get("contention"); v != nil {
		s.Contention = f.contention(v)
	}
	s.Autoscale = f.autoscale()
}

func (f fields) adaptiveLimit() *topology.AdaptiveLimit {
	l, ok := f.within("adaptive_limit")
	if !ok {
		return nil
	}
	t := &topology.AdaptiveLimit{Kind: topology.AIMDLimit}
	if l.must("kind") != nil {
		t.Kind = topology.LimitKind(l.choice("kind"))
	}
	t.Min = int(l.count("min", 1, maxThreads))
	t.Max = int(l.count("max", 1, maxThreads))
	switch least, most := l.get("min"), l.get("max"); {
	case t.Min <= t.Max:
	case least != nil && most != nil:
		if t.Max > 0 {
			l.problem(most, `"max" is at least "min", which is %d, not %s`, t.Min, quote(most.text))
		}
	case least != nil:
		t.Max = t.Min
	default:
		t.Min = t.Max
	}
	t.Initial = int(l.count("initial", 1, maxThreads))
	switch v := l.get("initial"); {
	case v == nil:
		t.Initial = min(max(t.Initial, t.Min), t.Max)
	case t.Initial > 0 && t.Min <= t.Max && (t.Initial < t.Min || t.Initial > t.Max):
		l.problem(v, `"initial" is from "min" to "max", from %d to %d, not %s`, t.Min, t.Max, quote(v.text))
	}
	if t.Kind == topology.AIMDLimit {
		t.Timeout = l.lasting("timeout")
	} else if l.get("timeout") != nil {
		l.problem(l.v.entry("timeout").key, `"timeout" belongs to the kind aimd, not to gradient`)
	}
	return t
}

func (f fields) outlier() *topology.Outlier {
	o, ok := f.within("outlier")
	if !ok {
		return nil
	}
	t := &topology.Outlier{Consecutive: int(o.count("consecutive", 1, maxCounted)), Interval: o.lasting("interval"), Eject: o.lasting("eject"), Max: o.share("max")}
	o.often("interval", t.Interval)
	return t
}

// often notes that something is done too often in a run.
func (f fields) often(name string, every time.Duration) {
	if every > 0 && f.plan.Duration.Duration()/every > maxSamples {
		f.problem(f.get(name), "every %s is more than %d times in a run of %s; write a longer %q", brief(des.Time(every)), maxSamples, brief(f.plan.Duration), name)
	}
}

var contentions = []family{{"usl", "A, B", 2}, {"linear", "F", 1}, {"polynomial", "F, E", 2}, {"exponential", "F", 1}}

func (f fields) contention(v *value) topology.Contention {
	var c topology.Contention
	if _, ok := f.word(v, "a law such as usl(2%, 0.01%)"); !ok {
		return c
	}
	d := distReader{f.reader, v, true}
	switch name, args := d.law(`"contention"`, contentions); name {
	case "usl":
		c = topology.Contention{Kind: topology.USLContention, A: d.factor(args[0], "A", 1), B: d.factor(args[1], "B", 1)}
	case "linear":
		c = topology.Contention{Kind: topology.LinearContention, A: d.factor(args[0], "F", 1000)}
	case "polynomial":
		c = topology.Contention{Kind: topology.PolynomialContention, A: d.factor(args[0], "F", 1000), B: d.number(args[1], "exponent", 0.01, 10)}
	case "exponential":
		c = topology.Contention{Kind: topology.ExponentialContention, A: d.factor(args[0], "F", 100)}
	}
	return c
}

// shares notes what goes by the share of threads where these are unlimited. The
// fields are those of the service s, or of a set on it, and guarded has been read
// from them.
func (f fields) shares(s, guarded *topology.Service) {
	if s.Threads != topology.Unlimited || f.doubtful[s.Name] {
		return
	}
	if guarded.Contention.Kind > topology.USLContention {
		f.problem(f.get("contention"), "%q has unlimited threads, and this law goes by the share of them; write usl(A, B), or a number of threads", s.Name)
	}
	if guarded.Autoscale != nil {
		f.problem(f.v.entry("autoscale").key, "%q has unlimited threads, and \"autoscale\" goes by the share of them; write a number of threads", s.Name)
	}
}

// factor is a number or a share, from 0 on.
func (d *distReader) factor(p piece, what string, most float64) float64 {
	number, percent := strings.CutSuffix(p.text, "%")
	n, ok := parseNumber(number)
	if ok && percent {
		n, _ = strconv.ParseFloat(number+"e-2", 64)
	}
	switch {
	case !ok:
		d.wrong(p, "%s is a share or a number, such as 5%% or 0.05, not %s", what, quote(p.text))
	case n > most:
		d.wrong(p, "%s is at most %s, not %s", what, plain(most), quote(p.text))
	}
	return n
}

// law takes one of those in a list apart; the name is "" where it is none of them.
func (d *distReader) law(key string, laws []family) (name string, args []piece) {
	var forms, names []string
	for _, l := range laws {
		names = append(names, l.name)
		forms = append(forms, l.form())
	}
	text, ok := d.word(d.v, among(forms))
	if !ok {
		return "", nil
	}
	p := piece{text, 0}.trim()
	name, args, isCall := p.call()
	if !isCall {
		name, _, _ = strings.Cut(p.text, "(")
	}
	for _, l := range laws {
		switch {
		case l.name != name:
		case l.count == 0 && p.text != name:
			d.wrong(p, "%s takes no parameters; write %s", name, name)
			return "", nil
		case l.count != len(args):
			d.wrong(p, "%s takes %s; write %s", name, counted(l.count, "parameter"), l.form())
			return "", nil
		default:
			return name, args
		}
	}
	d.wrong(p, "%s is %s, not %s%s", key, among(forms), quote(text), didYouMean(name, names))
	return "", nil
}

// form is how a law is written.
func (l family) form() string {
	if l.parameters == "" {
		return l.name
	}
	return l.name + "(" + l.parameters + ")"
}

func (f fields) autoscale() *topology.Autoscale {
	a, ok := f.within("autoscale")
	if !ok {
		return nil
	}
	t := &topology.Autoscale{}
	least, most := a.must("min"), a.must("max")
	if least != nil {
		t.Min = int(a.count("min", 1, maxInstances))
	}
	if most != nil {
		t.Max = int(a.count("max", 1, maxInstances))
	}
	if t.Max > 0 && t.Max < t.Min {
		a.problem(most, `"max" is at least "min", which is %d, not %s`, t.Min, quote(most.text))
	}
	if v := a.must("target"); v != nil {
		if t.Target, ok = a.reader.share(v); ok && t.Target == 0 {
			a.problem(v, `"target" must be above 0%%`)
		}
	}
	t.Every = a.lasting("every")
	t.Delay = a.duration("delay")
	t.Cooldown = a.duration("cooldown")
	t.Lag = a.duration("lag")
	a.often("every", t.Every)
	for _, name := range []string{"cooldown", "lag"} {
		if d := a.duration(name); t.Every > 0 && d/t.Every > maxWishes {
			v := a.get(name)
			if v == nil {
				v = a.get("every")
			}
			a.problem(v, `%q of %s holds more than %d decisions, one every %s; write a longer "every"`, name, brief(des.Time(d)), maxWishes, brief(des.Time(t.Every)))
		}
	}
	return t
}

// kept is how many numbers, of eight bytes each and roughly, the guards keep for all
// calling instances together.
func (r *reader) kept(callers, instances []int) int {
	of := make([]int, len(r.edges)) // of one calling instance, the most that it is at any time
	for i, e := range r.edges {
		of[i] = keptFor(e.Cache, e.Breaker, e.Hedge, e.Throttle, e.RateLimit, e.Retry.Budget)
	}
	// What all callers of a service keep about each of its instances.
	about := make([]int, len(instances))
	aboutOf := func(service int, b topology.Balance, o *topology.Outlier) {
		n := 0
		if b >= topology.LeastRequests {
			n = 1
		}
		if o != nil {
			n = 5
		}
		about[service] = max(about[service], n)
	}
	for i := range r.plan.Topology.Services {
		s := &r.plan.Topology.Services[i]
		aboutOf(i, s.Balance, s.Outlier)
	}
	for i := range r.plan.Faults {
		f := &r.plan.Faults[i]
		if f.Kind != sim.Set {
			continue
		}
		s := &f.Set
		var budget *topology.Budget
		if s.Retry != nil {
			budget = s.Retry.Budget
		}
		for _, k := range f.Edges {
			of[k] = max(of[k], keptFor(s.Cache, s.Breaker, s.Hedge, s.Throttle, s.Limit, budget))
		}
		for _, k := range f.Services {
			balance := topology.RoundRobin
			if s.Balance != nil {
				balance = *s.Balance
			}
			aboutOf(k, balance, s.Outlier)
		}
	}
	total := 0
	known := map[[2]int]bool{} // pairs of a calling and a called service, which its edges share
	for i, e := range r.edges {
		total += callers[i] * of[i]
		pair := [2]int{e.From.Service, e.To.Service}
		if e.From.Service < 0 {
			pair[0] = -1 - i
		}
		if e.To.Service >= 0 && e.To.Service < len(instances) && !known[pair] {
			known[pair] = true
			total += callers[i] * instances[e.To.Service] * about[e.To.Service]
		}
	}
	return total
}

// keptFor is the part of kept that one calling instance has of an edge.
func keptFor(c *topology.Cache, b *topology.Breaker, h *topology.Hedge, t *topology.Throttle, l *topology.RateLimit, budget *topology.Budget) int {
	n := 0
	if c != nil {
		n += 8 * min(c.Size, c.Keys) // one with room for more never has more
	}
	if b != nil {
		n += 60 + 3*buckets(b)
	}
	if h != nil && h.Quantile > 0 {
		n += 2000
	}
	if t != nil {
		n += 300
	}
	if l != nil {
		n += 10
	}
	if budget != nil {
		n += 10
	}
	return n
}
