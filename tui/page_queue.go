package tui

import (
	"slices"
	"strconv"

	"cascade/sim"
	"cascade/sim/report"
	"cascade/topology"
	"cascade/tui/player"
)

// queue tells of a queue of work, or of a stream with its groups and their partitions.
func (b *teller) queue() {
	i := b.at.index
	t := b.plan().Topology
	of := sidesOf(b, queueSeen)
	on := func(f *sim.Fault) bool {
		return slices.Contains(f.Queues, i) || f.Kind == sim.Redrive && f.To == i
	}
	b.traces((*report.Report).QueueTraces)
	b.messages(of)
	b.faults(on)
	if t.Queues[i].Kind == topology.Stream {
		for g, service := range t.Groups(i) {
			b.group(g, t.Services[service].Name, derive(of, func(q *report.Queue, _ report.Span) *report.Reader { return &q.Groups[g] }))
		}
	}
	b.add("from publish to done", nil, times(b, derive(of, func(q *report.Queue, _ report.Span) *report.Distribution { return &q.Latency }))...)
	b.publishers(of)
	b.around(&t.Queues[i])
	b.settings()
}

func queueSeen(r *player.Run, at target) (now, all *report.Queue) {
	if r.Last != nil {
		seen := r.Report.QueueIn(r.Plan, r.Last, at.index)
		now = &seen
	}
	return now, &r.Report.Queues[at.index]
}

// messages adds the section of what comes, what is done, and what is left.
func (b *teller) messages(of sides[report.Queue]) {
	rows := []entry{
		figures(b, of, "in/s", func(q *report.Queue, _ report.Span) figure { return b.rate(q.PublishedRate) }),
		// Not the sum over a stream's groups: with several it is more than comes, however far
		// one of them is behind.
		figures(b, of, "done/s", func(q *report.Queue, span report.Span) figure { return b.rate(span.Rate(q.Slowest().Acknowledged)) }),
		figures(b, of, "waiting", func(q *report.Queue, _ report.Span) figure { return b.count(q.DepthMean) }),
		figures(b, of, "not done", func(q *report.Queue, _ report.Span) figure { return b.count(q.LagMean) }),
		figures(b, of, "most not done", func(q *report.Queue, _ report.Span) figure { return b.count(float64(q.LagMax)) }),
		figures(b, of, "age of the oldest", func(q *report.Queue, _ report.Span) figure { return b.bare(report.SecondsText(q.AgeMean)) }),
		figures(b, of, "the oldest ever", func(q *report.Queue, _ report.Span) figure { return b.bare(report.SecondsText(q.AgeMax)) }),
	}
	rows = append(rows, b.drained(-1), figures(b, of, "handed out again", func(q *report.Queue, _ report.Span) figure { return b.bad(q.Again()) }))
	for _, n := range []struct {
		label string
		of    func(q *report.Queue) uint64
		level func(uint64) report.Level
	}{
		{"dead letters", func(q *report.Queue) uint64 { return q.DeadLettered }, report.AnyLevel},
		{"dropped", func(q *report.Queue) uint64 { return q.Dropped }, report.LostLevel},
		{"turned away: full", func(q *report.Queue) uint64 { return q.Full }, report.LostLevel},
		{"turned away: outage", func(q *report.Queue) uint64 { return q.Refused }, report.LostLevel},
		{"publish timed out", func(q *report.Queue) uint64 { return q.TimedOut }, report.LostLevel},
		{"moved to another queue", func(q *report.Queue) uint64 { return q.Redriven }, report.AnyLevel},
		{"handed out twice at once", func(q *report.Queue) uint64 { return q.Duplicates }, report.AnyLevel},
	} {
		any := uint64(0)
		of.each(func(q *report.Queue) { any += n.of(q) })
		if any > 0 {
			rows = append(rows, figures(b, of, n.label, func(q *report.Queue, _ report.Span) figure {
				return b.levelled(report.CountText(float64(n.of(q))), n.level(n.of(q)))
			}))
		}
	}
	title := "messages"
	if of.run.all.Stream {
		title = "messages (worst group)"
	}
	b.add(title, nil, rows...)
}

// drained is the row of how long the lag lasts at the present rates, of the queue or of one
// of a stream's groups (-1: of the one that lags most).
func (b *teller) drained(group int) entry {
	cells := func(run *player.Run, at target) []figure {
		s := spot{run, len(run.Report.Timeline.Starts) - 1, at.index, group}
		v, known := drainOf(s)
		if !known {
			return []figure{b.bare(missing), b.bare(missing)}
		}
		level := queueLevel(s)
		text := report.DrainText(v, level)
		if v >= 0 {
			level = report.OK
		}
		return []figure{b.levelled(text, level), b.bare(missing)}
	}
	r := entry{label: "drained in", style: b.look.plain, cells: cells(&b.frame.Run, b.at)}
	if b.twin != nil {
		r.twin = cells(b.twin, b.twinAt)
		for i := range r.twin {
			r.twin[i].style = b.look.twin
		}
	}
	return r
}

// mostPartitions bounds the partitions that a page lists of a group.
const mostPartitions = 12

// group adds the section of a stream's group: what it has not acknowledged, and of which
// partitions, those first that it has most of.
func (b *teller) group(index int, name string, of sides[report.Reader]) {
	rows := []entry{
		figures(b, of, "done/s", func(r *report.Reader, span report.Span) figure { return b.rate(span.Rate(r.Acknowledged)) }),
		figures(b, of, "not done", func(r *report.Reader, _ report.Span) figure { return b.count(r.LagMean) }),
		figures(b, of, "age of the oldest", func(r *report.Reader, _ report.Span) figure { return b.bare(report.SecondsText(r.AgeMean)) }),
		b.drained(index),
	}
	hottest := of.run.now
	if hottest == nil {
		hottest = of.run.all
	}
	parts := hottest.ByLag()
	for k, part := range parts {
		if k == mostPartitions {
			rows = append(rows, entry{text: "and " + report.CountText(float64(len(parts)-k)) + " partitions more, of which less is left", textStyle: b.look.dim})
			break
		}
		r := figures(b, of, "partition "+strconv.Itoa(part.Partition), func(r *report.Reader, _ report.Span) figure {
			return b.count(r.Partitions[part.Partition].LagMean)
		})
		r.barred, r.bar, r.barStyle = true, part.Share, b.look.levels[report.OK]
		rows = append(rows, r)
	}
	b.add("group "+name, nil, rows...)
}

// publishers adds the section of who publishes to the queue.
func (b *teller) publishers(of sides[report.Queue]) {
	var rows []entry
	for k := range of.run.all.Publishers {
		own := derive(of, func(q *report.Queue, _ report.Span) *report.Publisher {
			if k < len(q.Publishers) {
				return &q.Publishers[k]
			}
			return nil
		})
		p := own.run.all
		rows = append(rows, figures(b, own, p.ID, func(p *report.Publisher, span report.Span) figure { return b.rate(span.Rate(p.Published)) }))
		for o := range topology.NumOutcomes {
			if p.Failed[o] > 0 {
				rows = append(rows, figures(b, own, "  "+report.PublishText(o), func(p *report.Publisher, span report.Span) figure {
					return b.odd(p.Failed[o], report.RateText(span.Rate(p.Failed[o])))
				}))
			}
		}
		if p.Blocked > 0 {
			rows = append(rows, figures(b, own, "  waited for a place", func(p *report.Publisher, span report.Span) figure { return b.rate(span.Rate(p.Blocked)) }))
		}
	}
	b.add("published a second by", nil, rows...)
}

// around adds the section of who consumes the queue, and where its dead letters go.
func (b *teller) around(q *topology.Queue) {
	t := b.plan().Topology
	var rows []entry
	note := func(label, text string) {
		rows = append(rows, entry{label: label, style: b.look.plain, text: text, textStyle: b.look.plain})
	}
	for _, service := range t.Groups(b.at.index) {
		note("consumed by", t.Services[service].Name)
	}
	if len(rows) == 0 {
		note("consumed by", "nobody")
	}
	if q.DeadLetter != topology.None {
		note("dead letters to", t.Queues[q.DeadLetter].Name)
	}
	for i := range t.Queues {
		if t.Queues[i].DeadLetter == b.at.index {
			note("takes those of", t.Queues[i].Name)
		}
	}
	b.addList("around it", rows...)
}
