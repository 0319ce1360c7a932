package topology

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// built makes a topology of lines like "shop.buy: pay.charge stock | pay.charge", a
// line an operation in file order: what it calls, in turn; calls after the bar run
// side by side as the operation's last step.
func built(lines ...string) *Topology {
	t := &Topology{}
	at := map[string]OpRef{}
	for _, line := range lines {
		name, _, _ := strings.Cut(line, ":")
		service, op, _ := strings.Cut(name, ".")
		if n := len(t.Services); n == 0 || t.Services[n-1].Name != service {
			t.Services = append(t.Services, Service{Name: service, Instances: 1, Threads: 1})
		}
		s := &t.Services[len(t.Services)-1]
		at[name] = OpRef{len(t.Services) - 1, len(s.Operations)}
		s.Operations = append(s.Operations, Operation{Name: op})
	}
	for _, line := range lines {
		name, calls, _ := strings.Cut(line, ":")
		turn, side, _ := strings.Cut(calls, "|")
		steps := func(calls string) (steps []Step) {
			for _, to := range strings.Fields(calls) {
				ref, ok := at[to]
				if !ok {
					panic("no operation is called " + to)
				}
				steps = append(steps, Step{Kind: Call, Call: &Edge{To: ref}})
			}
			return steps
		}
		op := t.Op(at[name])
		op.Steps = append([]Step{{Kind: Work}}, steps(turn)...)
		if side != "" {
			op.Steps = append(op.Steps, Step{Kind: Parallel, Parallel: steps(side)})
		}
	}
	t.Index()
	return t
}

func ids(edges []*Edge) string {
	var s []string
	for _, e := range edges {
		s = append(s, e.ID)
	}
	return strings.Join(s, " ")
}

func TestIndexNamesEdges(t *testing.T) {
	for _, row := range []struct {
		name  string
		lines []string
		want  string
	}{
		{"nobody calls", []string{"a:"}, ""},
		{"a chain", []string{"a: b", "b: c", "c:"}, "a->b b->c"},
		{"in file order, not in order of names", []string{"z: a y", "a: y", "y:"}, "z->a z->y a->y"},
		{"operations", []string{"a.x: b.u", "a.y: b.v b.u", "b.u:", "b.v:"}, "a.x->b.u a.y->b.v a.y->b.u"},
		{"only one side has operations", []string{"a: b.u b.v", "b.u: c", "b.v:", "c:"}, "a->b.u a->b.v b.u->c"},
		{"twice and three times", []string{"a: b c b b", "b:", "c: b b"}, "a->b a->c a->b#2 a->b#3 c->b c->b#2"},
		{"twice between services, once between operations", []string{"a.x: b", "a.y: b", "b:"}, "a.x->b a.y->b"},
		{"side by side", []string{"a: b | b c b", "b:", "c: | b"}, "a->b a->b#2 a->c a->b#3 c->b"},
		{"within a service", []string{"a.x: a.y a.y", "a.y:"}, "a.x->a.y a.x->a.y#2"},
	} {
		top := built(row.lines...)
		if got := ids(top.Edges); got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
		before := ids(top.Edges)
		if top.Index(); ids(top.Edges) != before {
			t.Errorf("%s: indexed again: %s, before %s", row.name, ids(top.Edges), before)
		}
	}
}

func TestIndexSaysWhereThingsStand(t *testing.T) {
	top := built("a.x: b", "a.y: | b c.q", "b:", "c.p: a.x", "c.q:")
	for s := range top.Services {
		for o := range top.Services[s].Operations {
			ref := OpRef{s, o}
			op := &top.Services[s].Operations[o]
			if op.Ref != ref || top.Op(ref) != op {
				t.Errorf("operation %s stands at %v, Ref says %v", top.OpName(ref), ref, op.Ref)
			}
		}
	}
	var got []string
	for _, e := range top.Edges {
		got = append(got, fmt.Sprintf("%s from %v to %v", e.ID, e.From, e.To))
	}
	want := []string{
		"a.x->b from {0 0} to {1 0}",
		"a.y->b from {0 1} to {1 0}",
		"a.y->c.q from {0 1} to {2 1}",
		"c.p->a.x from {2 0} to {0 0}",
	}
	if !slices.Equal(got, want) {
		t.Errorf("edges\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if st := top.Op(OpRef{0, 1}).Steps; top.Edges[2] != st[len(st)-1].Parallel[1].Call {
		t.Error("an edge is not the step's own, but a copy of it")
	}
}

func TestCycle(t *testing.T) {
	for _, row := range []struct {
		name  string
		lines []string
		want  string // the cycle's edges; "" for none
	}{
		{"nobody calls", []string{"a:"}, ""},
		{"a chain", []string{"a: b", "b: c", "c:"}, ""},
		{"against file order", []string{"c:", "b: c", "a: b"}, ""},
		{"a diamond", []string{"a: b c", "b: d", "c: d", "d:"}, ""},
		{"a diamond of diamonds", []string{"a: b c", "b: d", "c: d", "d: e f", "e: g", "f: g d2", "g:", "d2: g"}, ""},
		{"twice the same", []string{"a: b b | b", "b:"}, ""},
		{"back through a service, to another operation", []string{"a.root: b", "a.leaf:", "b: a.leaf"}, ""},
		{"itself", []string{"a: a"}, "a->a"},
		{"itself, seen from outside", []string{"x: a", "a: b a", "b:"}, "a->a"},
		{"itself, side by side", []string{"a: | b a", "b:"}, "a->a"},
		{"two", []string{"a: b", "b: a"}, "a->b b->a"},
		{"three", []string{"a: b", "b: c", "c: a"}, "a->b b->c c->a"},
		{"behind a way in", []string{"x: y", "y: b", "a: c", "b: a", "c: b"}, "b->a a->c c->b"},
		{"behind a dead end", []string{"a: d e", "d: f", "e: b", "f:", "b: f c", "c: e"}, "e->b b->c c->e"},
		{"a diamond that turns back", []string{"a: b c", "b: d", "c: d", "d: c"}, "d->c c->d"},
		{"of operations", []string{"a.x: b.u", "a.y:", "b.u: a.y a.x", "b.v:"}, "a.x->b.u b.u->a.x"},
		{"side by side", []string{"a: | b c", "b:", "c: | b a"}, "a->c c->a"},
		{"the second of two steps", []string{"a: b b", "b: c", "c: | b"}, "b->c c->b"},
		{"on an island", []string{"a: b", "b:", "i: k", "k: i"}, "i->k k->i"},
	} {
		if got := ids(built(row.lines...).Cycle()); got != row.want {
			t.Errorf("%s: cycle %q, want %q", row.name, got, row.want)
		}
	}
}

func TestCycleInALongChain(t *testing.T) {
	const n = 10_000
	lines := make([]string, n)
	for i := range lines {
		lines[i] = fmt.Sprintf("s%d: s%d", i, i+1)
	}
	lines[n-1] = fmt.Sprintf("s%d:", n-1)
	if c := built(lines...).Cycle(); c != nil {
		t.Errorf("a chain has a cycle of %d", len(c))
	}
	lines[n-1] = fmt.Sprintf("s%d: s0", n-1)
	if c := built(lines...).Cycle(); len(c) != n || c[n-1].To != c[0].From {
		t.Errorf("a ring of %d has a cycle of %d", n, len(c))
	}
	slices.Reverse(lines) // each is looked at after what it calls
	lines[0] = fmt.Sprintf("s%d:", n-1)
	if c := built(lines...).Cycle(); c != nil {
		t.Errorf("a chain, reversed, has a cycle of %d", len(c))
	}
}

// Random graphs against the plain way: take out what calls nothing that is left, again
// and again; what cannot be taken out is in, or leads to, a cycle.
func TestCycleAgainstPeeling(t *testing.T) {
	with, without := 0, 0
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 3))
		n := 1 + r.IntN(9)
		lines := make([]string, n)
		for i := range lines {
			lines[i] = fmt.Sprintf("s%d:", i)
		}
		for range r.IntN(2 * n) {
			lines[r.IntN(n)] += fmt.Sprintf(" s%d", r.IntN(n))
		}
		top := built(lines...)
		left := map[OpRef]bool{}
		for s := range top.Services {
			left[OpRef{s, 0}] = true
		}
		for again := true; again; {
			again = false
			for s := range top.Services {
				ref := OpRef{s, 0}
				if left[ref] && !slices.ContainsFunc(top.Edges, func(e *Edge) bool { return e.From == ref && left[e.To] }) {
					delete(left, ref)
					again = true
				}
			}
		}
		c := top.Cycle()
		if (c != nil) != (len(left) > 0) {
			t.Fatalf("%v: cycle %q, left by peeling: %v", lines, ids(c), left)
		}
		if c == nil {
			without++
			continue
		}
		with++
		seen := map[OpRef]bool{}
		for i, e := range c {
			if seen[e.From] || e.To != c[(i+1)%len(c)].From || !slices.Contains(top.Edges, e) {
				t.Fatalf("%v: %q is not a cycle", lines, ids(c))
			}
			seen[e.From] = true
		}
	}
	if with < 300 || without < 300 {
		t.Errorf("%d graphs with a cycle, %d without: too few of one kind", with, without)
	}
}

func TestOutcomeNames(t *testing.T) {
	want := map[Outcome]string{
		Success: "success", Error: "error", Timeout: "timeout", Rejected: "rejected", Refused: "refused",
		Reset: "reset", RateLimited: "rate_limited", Limited: "limited", BreakerOpen: "breaker_open",
		BulkheadFull: "bulkhead_full", Throttled: "throttled", Cancelled: "cancelled",
	}
	if len(want) != int(NumOutcomes) {
		t.Fatalf("%d outcomes, the table has %d", NumOutcomes, len(want))
	}
	for o := range NumOutcomes {
		if o.String() != want[o] {
			t.Errorf("outcome %d is %q, want %q", uint8(o), o, want[o])
		}
		if got, ok := OutcomeNamed(want[o]); !ok || got != o {
			t.Errorf("OutcomeNamed(%q) = %v, %v", want[o], got, ok)
		}
	}
	for _, name := range []string{"", "Success", "time_out", "success ", "rate-limited", "numoutcomes"} {
		if o, ok := OutcomeNamed(name); ok {
			t.Errorf("OutcomeNamed(%q) = %v", name, o)
		}
	}
}

func TestOutcomeSet(t *testing.T) {
	members := func(s OutcomeSet) (in []string) {
		for o := range NumOutcomes {
			if s.Has(o) {
				in = append(in, o.String())
			}
		}
		return in
	}
	var none OutcomeSet
	for _, row := range []struct {
		name string
		set  OutcomeSet
		want string
	}{
		{"none", none, ""},
		{"one", none.With(Timeout), "timeout"},
		{"the same twice", none.With(Timeout).With(Timeout), "timeout"},
		{"first and last", none.With(Cancelled).With(Success), "success cancelled"},
		{"what a retry repeats", RetryDefault, "error timeout rejected refused reset rate_limited limited throttled"},
	} {
		if got := strings.Join(members(row.set), " "); got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
	}
	all := none
	for o := range NumOutcomes {
		if all.Has(o) {
			t.Errorf("%v is in a set that it was not put into", o)
		}
		if all = all.With(o); !all.Has(o) {
			t.Errorf("%v is not in the set that it was put into", o)
		}
	}
	if all != 1<<NumOutcomes-1 {
		t.Errorf("all outcomes are %b", all)
	}
}
