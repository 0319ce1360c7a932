package html

import (
	"fmt"
	"math"

	"cascade/sim/report"
	"cascade/topology"
)

// A table is one with a name at the head of each row.
type table struct {
	ID, Title, About string
	Corner           string // what stands over the names
	Head             []column
	Rows             []row
}

// A column has a name, and what it means where that needs saying.
type column struct{ Name, Means string }

type row struct {
	Name  string
	Part  bool // of the row above that is none
	Cells []cell
}

// A cell is a text with a class of the style sheet: "", warn or bad.
type cell struct{ Text, Tone string }

func plain(text string) cell { return cell{Text: text} }

func rated(text string, l report.Level) cell { return cell{text, levelTone(l)} }

// none stands for a number that does not exist.
var none = cell{Text: "–"}

// share is a part of what there may be nothing of.
func share(part float64, known bool, level func(float64) report.Level) cell {
	if !known {
		return none
	}
	if level == nil {
		return plain(report.ShareText(part))
	}
	return rated(report.ShareText(part), level(part))
}

func times(d *report.Distribution, of ...float64) []cell {
	var cells []cell
	for _, s := range of {
		if d.Count == 0 {
			cells = append(cells, none)
			continue
		}
		cells = append(cells, plain(d.TimeText(s)))
	}
	return cells
}

func sourcesOf(r *report.Report) table {
	t := table{ID: "sources", Title: "Sources", Head: []column{
		{"offered/s", "requests a second"}, {"goodput/s", "successes a second"}, {"success", "share of the requests that ended"},
		{"p50", "of successes"}, {"p99", "of successes"}, {"p99 all", "of all that ended, failures too"}, {"done p99", "until all that it published is done too"},
		{"tries", "attempts a request"}, {"in flight", "at the end"}}}
	for i := range r.Sources {
		s := &r.Sources[i]
		offered, _ := r.Rate(s.Offered)
		failed, known := report.Failed(&s.Ended)
		success := none
		if known {
			success = rated(report.FineShareText(s.Success), report.ErrorLevel(failed))
		}
		cells := []cell{plain(report.RateText(offered)), plain(report.RateText(s.Goodput)), success}
		cells = append(cells, times(&s.Latency, s.Latency.P50, s.Latency.P99)...)
		cells = append(cells, times(&s.LatencyAll, s.LatencyAll.P99)...)
		tries := none
		if n, known := s.TriesARequest(&r.Edges[i]); known {
			tries = rated(fmt.Sprintf("%.3g", n), report.TriesLevel(n))
		}
		t.Rows = append(t.Rows, row{Name: s.Name, Cells: append(cells, plain(s.P99Text()), tries, plain(report.GroupedText(s.InFlight)))})
	}
	return t
}

func servicesOf(r *report.Report) table {
	t := table{ID: "services", Title: "Services", About: "Under a service are its operations.", Head: []column{
		{"arrived/s", "attempts a second"}, {"errors", "share of what ended"}, {"held", "share of the threads, on average"}, {"worst", "held in the worst interval"},
		{"queue", "attempts waiting, on average"}, {"most", "attempts waiting at once"}, {"p50", "of what a thread answered"}, {"p99", "of what a thread answered"}, {"wasted", "share of the work that nobody waited for any more"}}}
	for i := range r.Services {
		s := &r.Services[i]
		t.Rows = append(t.Rows, row{Name: s.Name, Cells: poolCells(r, &s.Pool, s)})
		for k := range s.Operations {
			t.Rows = append(t.Rows, row{Name: s.Operations[k].Name, Part: true, Cells: poolCells(r, &s.Operations[k], s)})
		}
	}
	return t
}

func poolCells(r *report.Report, p *report.Pool, s *report.Service) []cell {
	arrived, _ := r.Rate(p.Arrived)
	failed, known := report.Failed(&p.Answers)
	held := func(v float64) cell {
		if s.Unlimited {
			return none
		}
		return rated(report.ShareText(v), report.SaturationLevel(v, 0))
	}
	wasted, working := p.WastedShare()
	cells := []cell{plain(report.RateText(arrived)), share(failed, known, report.ErrorLevel), held(p.Saturation), held(p.SaturationMax),
		rated(report.CountText(p.QueueMean), report.WaitingLevel(p.QueueMean)), plain(report.CountText(float64(p.QueueMax)))}
	cells = append(cells, times(&p.Latency, p.Latency.P50, p.Latency.P99)...)
	return append(cells, share(wasted, working, s.WasteLevel))
}

func callsOf(r *report.Report) table {
	t := table{ID: "calls", Title: "Calls", About: "Shares of failures are of the attempts that ended.", Head: []column{
		{"calls/s", ""}, {"tries", "attempts a call"}, {"retries", "share of the attempts"}, {"timeout", ""}, {"rejected", "the callee's waiting room was full"},
		{"other", "other failures"}, {"turned away", "share of the tries that a guard of the caller's never sent"}, {"breaker", "share of the time that it was open, and how often it opened"}, {"p99", "of attempts that succeeded"}}}
	for i := range r.Edges {
		e := &r.Edges[i]
		rate, _ := r.Rate(e.Calls)
		tries := none
		if n, known := e.TriesACall(); known {
			tries = rated(fmt.Sprintf("%.3g", n), report.TriesLevel(n))
		}
		retries, sent := e.RetryShare()
		failed, known := report.Failed(&e.Outcomes)
		timeout, _ := report.EndedAs(topology.Timeout, &e.Outcomes)
		rejected, _ := report.EndedAs(topology.Rejected, &e.Outcomes)
		other := max(failed-timeout-rejected, 0)
		if other < 1e-12 { // what is left of a difference
			other = 0
		}
		turned, tried := e.Turned()
		breaker := none
		if e.Breaker.Callers > 0 {
			open := e.Breaker.OpenShare(r.Judged())
			breaker = rated(fmt.Sprintf("%s, %s×", report.ShareText(open), report.GroupedText(e.Breaker.Opened)), report.OpenLevel(open))
		}
		cells := []cell{plain(report.RateText(rate)), tries, share(retries, sent, nil), share(timeout, known, report.ErrorLevel),
			share(rejected, known, report.ErrorLevel), share(other, known, report.ErrorLevel), share(turned, tried, report.ErrorLevel), breaker}
		t.Rows = append(t.Rows, row{Name: e.ID, Cells: append(cells, times(&e.Latency, e.Latency.P99)...)})
	}
	return t
}

func queuesOf(r *report.Report) table {
	t := table{ID: "queues", Title: "Queues", About: "Under a stream are its groups.", Head: []column{
		{"in/s", "messages that the broker took"}, {"done/s", "messages acknowledged"}, {"again", "share of the hand-outs beyond a message's first"}, {"dead", "dead letters"},
		{"dropped", "messages given up"}, {"most", "messages not acknowledged at once"}, {"left", "not acknowledged at the end"}, {"oldest", "the longest that one waited"}, {"p99", "from publish to acknowledgement"}}}
	for i := range r.Queues {
		q := &r.Queues[i]
		p99 := timeOr(q.P99())
		t.Rows = append(t.Rows, row{Name: q.Name, Cells: append([]cell{plain(report.RateText(q.PublishedRate)), plain(report.RateText(q.AcknowledgedRate))}, append(readerCells(q.Slowest()), p99)...)})
		for k := range q.Groups {
			g := &q.Groups[k]
			done, _ := r.Rate(g.Acknowledged)
			t.Rows = append(t.Rows, row{Name: g.Name, Part: true, Cells: append([]cell{none, plain(report.RateText(done))}, append(readerCells(g), timeOr(g.P99()))...)})
		}
	}
	return t
}

func readerCells(g *report.Reader) []cell {
	again, known := g.Again()
	return []cell{share(again, known, nil), rated(report.GroupedText(g.DeadLettered), report.AnyLevel(g.DeadLettered)), rated(report.GroupedText(g.Dropped), report.LostLevel(g.Dropped)),
		plain(report.GroupedText(g.LagMax)), plain(report.GroupedText(g.Left)), plain(report.SecondsText(g.AgeMax))}
}

// timeOr is a number of seconds, or the word that stands for it.
func timeOr(s float64, word string, known bool) cell {
	switch {
	case word != "":
		return rated(word, report.Critical)
	case !known || math.IsNaN(s):
		return none
	}
	return plain(report.SecondsText(s))
}
