package report

import (
	"fmt"
	"sort"

	"cascade/sim/hist"
)

// A late is what a window knows of what is later than all that is done: requests and
// messages that were given up, and those under way for too long. A distribution of
// what is done knows nothing of them, and looks splendid where much is lost.
type late struct {
	what string // requests, attempts or messages
	lost uint64
	flow *flow
}

// newLate says whether a metric counts what is lost and never done as later than all
// else: a time until all is done of what may publish, and of messages. Nil where not.
func newLate(s *subject, n need, w *window, f *flow) *late {
	switch {
	case n&lateness == 0 || f == nil:
	case s.kind&messages != 0: // a dead letter has left this queue, and is waited for elsewhere
		return &late{what: "messages", lost: w.messages.Dropped, flow: f}
	case n&completions == 0 || !s.publishes:
	case s.kind == sourceSubject:
		return &late{what: "requests", lost: w.lost, flow: f}
	default:
		return &late{what: "attempts", lost: w.lost, flow: f}
	}
	return nil
}

// quantile is the smallest time within which a share q is done of all that is done,
// lost, or under way for longer than that time; in seconds. Where that is more than
// is done, a text says how many are not. In a window, which is about what ends in it,
// only what is under way for longer than anything took stands beside what ended.
func (w *window) quantile(done *hist.Hist, q float64, none string) (float64, string) {
	n := done.Count()
	switch {
	case w.late == nil && n == 0:
		return 0, none
	case w.late == nil:
		return float64(done.Quantile(q)) / 1e9, ""
	}
	rank := sort.Search(int(n), func(i int) bool { // the more ranks, the longer the time, and the fewer are overdue
		ns := done.Max()
		if w.late.flow.whole {
			ns = nth(done, uint64(i)+1)
		}
		all := n + w.late.lost + w.late.flow.overdue(ns)
		return uint64(i)+1 >= rankOf(q, all)
	})
	if rank < int(n) {
		return float64(nth(done, uint64(rank)+1)) / 1e9, ""
	}
	return 0, w.late.why(n, none)
}

// ofAll is a number of a distribution, in seconds, that has no meaning where some are
// missing from it.
func (w *window) ofAll(done *hist.Hist, f func(*hist.Hist) float64, none string) (float64, string) {
	n := done.Count()
	switch {
	case w.late != nil && w.late.lost+w.late.flow.overdue(done.Max()) > 0:
		return 0, w.late.why(n, none)
	case n == 0:
		return 0, none
	}
	return f(done), ""
}

// why says what is not done, beside so many that are.
func (l *late) why(done uint64, none string) string {
	open := l.flow.open - min(l.flow.before, l.flow.open)
	if l.lost+open == 0 {
		return none
	}
	never := "never done"
	if !l.flow.whole {
		never = "not done by " + clock(l.flow.at)
	}
	n, how, more := l.lost, "lost", ""
	switch {
	case l.lost == 0:
		n, how = open, never
	case open > 0:
		more = fmt.Sprintf(", %s %s", grouped(open), never)
	}
	if l.flow.whole {
		return fmt.Sprintf("%s of %s %s were %s%s", grouped(n), grouped(done+l.lost+open), l.what, how, more)
	}
	others := "none"
	if done > 0 {
		others = grouped(done)
	}
	return fmt.Sprintf("%s %s were %s%s, and %s done", grouped(n), l.what, how, more, others)
}
