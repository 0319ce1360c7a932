package scenarios

import (
	"slices"
	"strings"
	"time"

	"cascade/topology"
)

// A Protocol is what a call costs beyond the work that is asked for.
type Protocol struct {
	Name     string
	Network  time.Duration // delay of the request, and of the answer
	Overhead time.Duration // own work of the callee an attempt: parsing, framing, encoding
}

// protocols are the presets of the key protocol.
//
// The delay is the same for both: half of the 0.5 ms that a round trip within a
// datacenter takes (J. Dean, "Numbers Everyone Should Know", 2009), rounded down.
// The overhead is that of a message of some tens of kilobytes on one core. JSON over
// HTTP/1.1 is parsed and written as text; protocol buffers over HTTP/2 save most of
// that. Published comparisons find gRPC 3 to 10 times cheaper a call: 7 to 10 times
// in R. Fernando, "Evaluating Performance of REST vs. gRPC", 2019; 3.75 times at 1 KB
// to 5.5 times at 1 MB in Medisco, "gRPC vs REST for internal APIs". Here it is 8
// times by the overhead alone, and 3.3 times by a whole call, the way included.
var protocols = []Protocol{
	{"rest", 200 * time.Microsecond, 1600 * time.Microsecond},
	{"grpc", 200 * time.Microsecond, 200 * time.Microsecond},
}

// call reads the keys that a sync step and a source share.
func (f fields) call() *topology.Edge {
	e := &topology.Edge{Chance: 1, Times: 1, Needed: true}
	e.Timeout = f.limit("timeout")
	e.Deadline = f.limit("deadline")
	e.Retry = f.retry()
	if f.get("protocol") != nil {
		p := protocols[f.choice("protocol")]
		e.Protocol, e.Network, e.Overhead = p.Name, topology.Constant(p.Network), topology.Constant(p.Overhead)
	}
	if f.get("network") != nil {
		e.Network = f.dist("network")
	}
	f.guards(e)
	return e
}

// onlySteps reads the keys that a sync step has and a source has not.
func (f fields) onlySteps(e *topology.Edge) {
	e.Chance = f.share("chance")
	e.Times = max(1, int(f.count("times", 1, maxTimes)))
	e.Optional = f.boolean("optional")
	e.Needed = f.boolean("needed")
	if f.get("fallback") != nil {
		d := f.dist("fallback")
		e.Fallback = &d
	}
	e.Cache = f.cache()
}

func (f fields) retry() topology.Retry {
	r, ok := f.within("retry")
	if !ok {
		return topology.Retry{}
	}
	t := topology.Retry{On: topology.RetryDefault}
	if r.must("attempts") != nil {
		t.Attempts = int(r.count("attempts", 1, maxAttempts))
	}
	t.Backoff = r.duration("backoff")
	t.Factor = r.number("factor", 0, 1000)
	t.Max = r.duration("max")
	t.Jitter = topology.Jitter(r.choice("jitter"))
	if v := r.get("on"); v != nil {
		t.On = r.outcomes(v)
	}
	t.Budget = r.budget()
	if r.get("budget_like") != nil {
		if t.Budget != nil {
			r.problem(r.v.entry("budget_like").key, `a retry has "budget" or "budget_like", not both`)
		}
		t.Budget = &topology.Budget{Like: topology.AWSBudget + topology.BudgetKind(r.choice("budget_like"))}
	}
	return t
}

func (f fields) budget() *topology.Budget {
	b, ok := f.within("budget")
	if !ok {
		return nil
	}
	t := &topology.Budget{}
	if b.must("ratio") != nil {
		t.Ratio = b.share("ratio")
	}
	if b.must("burst") != nil {
		t.Burst = b.number("burst", 0, maxFactor)
	}
	return t
}

// outcomes reads one outcome, or a list of them.
func (r *reader) outcomes(v *value) topology.OutcomeSet {
	items := []*value{v}
	if v.kind == list {
		items = v.items
		if len(items) == 0 {
			r.problem(v, "there are no outcomes; write at least one")
		}
	}
	var failures []string
	for o := topology.Success + 1; o < topology.NumOutcomes; o++ {
		failures = append(failures, o.String())
	}
	var set topology.OutcomeSet
	for _, item := range items {
		text, ok := r.word(item, "an outcome such as timeout")
		if !ok {
			continue
		}
		o, known := topology.OutcomeNamed(text)
		if !known || !slices.Contains(failures, text) {
			hint := didYouMean(text, failures)
			if hint == "" {
				hint = "; there are " + strings.Join(failures, ", ")
			}
			r.problem(item, "no failure is called %s%s", quote(text), hint)
			continue
		}
		set = set.With(o)
	}
	return set
}
