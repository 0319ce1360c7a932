package report

import (
	"cmp"
	"fmt"
	"slices"

	"cascade/topology"
)

// Bounds of what the summary shows of queues.
const (
	maxQueueRows   = 6
	leastQueueRows = 4  // however full the screen
	maxTroubled    = 20 // queues in trouble, which are shown however many lines it takes
	maxQueueCharts = 2
)

// A queueRow is a queue, or one of a stream's groups, in the table of queues.
type queueRow struct {
	name   string
	queue  *Queue
	reader *Reader
	group  bool
	bare   bool // a line of its own is all that there is room for
}

// queues tells what went through the queues, of those with most to tell where there
// are many: messages that came and that were acknowledged, a second;
// hand-outs beyond a message's first, dead letters and dropped messages; most that
// were not acknowledged at once, and how many are left at the end; the longest that
// one waited, and the time from publish to acknowledgement. There is a column of dead
// letters, of the dropped and of what was left only where there are any. Under a
// stream stands each of its groups; its own row holds the dead letters and the dropped
// of all, and else the worst group's numbers. A queue in trouble always has a line.
func (t *screen) queues(r *Report) {
	if len(r.Queues) == 0 {
		return
	}
	order := make([]int, len(r.Queues))
	weights := make([]float64, len(r.Queues))
	troubled := 0 // still to come
	for i := range r.Queues {
		order[i], weights[i] = i, r.Queues[i].weight()
		if r.troubled(i) {
			troubled++
			weights[i] += 1e15
		}
	}
	for i := range r.Cascade.backlogs {
		if b := &r.Cascade.backlogs[i]; b.told {
			weights[b.queue] += 1e18
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(weights[b], weights[a]) })
	room := screenLines - t.lines() - t.chartLines(r) - 3
	if len(r.guardRows()) > 0 {
		room -= 4
	}
	lacks := room < maxQueueRows
	room = min(maxQueueRows, max(room, leastQueueRows))
	hidden := max(troubled-maxTroubled, 0)
	troubled -= hidden
	left := 0
	var shown []int
	whole := make([]bool, len(r.Queues)) // with all that stands under it
	for n, i := range order {
		takes, free := t.queueLines(r, i), room
		in := r.troubled(i)
		if in {
			troubled-- // the others keep a line each
		}
		free -= max(troubled, 0)
		switch {
		case in && troubled < 0, !in && n > 0 && (weights[i] == 0 && r.Queues[i].Published == 0 || free < 1 || takes > free && len(r.Queues[i].Groups) < 2):
			left++
			t.squeezed = t.squeezed || lacks && weights[i] > 0
			continue
		case takes <= free:
			whole[i] = true
		default:
			takes = 1
		}
		shown = append(shown, i)
		room -= takes
	}
	slices.Sort(shown)
	var rows []queueRow
	for _, i := range shown {
		q := &r.Queues[i]
		row := queueRow{name: q.Name, queue: q, reader: &q.Reader, bare: !whole[i]}
		if q.Stream {
			row.reader = q.slowest()
		}
		var groups []int
		if whole[i] {
			groups = t.groups(r, i)
		}
		switch n := len(q.Groups); {
		case n == 1: // it says the same
			row.name = q.Name + ": " + q.Groups[0].Name
		case len(groups) < n:
			row.name += fmt.Sprintf(", %d groups", n)
		}
		rows = append(rows, row)
		for _, k := range groups {
			rows = append(rows, queueRow{name: "  " + q.Groups[k].Name, queue: q, reader: &q.Groups[k], group: true})
		}
	}
	type part struct {
		column
		of func(*queueRow) cell
	}
	counted := func(n uint64, look style) cell {
		if n == 0 {
			look = ""
		}
		return cell{short(float64(n)), look}
	}
	any := func(of func(*Reader) uint64) bool {
		return slices.ContainsFunc(rows, func(n queueRow) bool { return of(n.reader) > 0 })
	}
	dead := func(g *Reader) uint64 { return g.DeadLettered }
	dropped := func(g *Reader) uint64 { return g.Dropped }
	leftOver := func(g *Reader) uint64 { return g.Left }
	length := r.judged()
	parts := []part{
		{column{"in/s", 8}, func(n *queueRow) cell {
			if n.group {
				return cell{}
			}
			return cell{often(n.queue.PublishedRate), ""}
		}},
		{column{"done/s", 8}, func(n *queueRow) cell {
			if n.queue.Stream && len(n.queue.Groups) == 0 { // nobody reads it
				return cell{missing, ""}
			}
			return cell{often(perSecond(n.reader.Acknowledged, length)), ""}
		}},
		{column{"again", 7}, func(n *queueRow) cell {
			share := ratio(n.reader.Redelivered, n.reader.Delivered)
			return cell{roughly(share), shareLook(share, warnFailed, criticalFailed)}
		}},
	}
	if any(dead) {
		parts = append(parts, part{column{"dead", 7}, func(n *queueRow) cell { return counted(n.reader.DeadLettered, yellow) }})
	}
	if any(dropped) {
		parts = append(parts, part{column{"dropped", 8}, func(n *queueRow) cell { return counted(n.reader.Dropped, red) }})
	}
	parts = append(parts, part{column{"most", 8}, func(n *queueRow) cell { return counted(n.reader.LagMax, "") }})
	if any(leftOver) {
		parts = append(parts, part{column{"left", 8}, func(n *queueRow) cell { return counted(n.reader.Left, "") }})
	}
	parts = append(parts,
		part{column{"oldest", 8}, func(n *queueRow) cell { return cell{compact(n.reader.AgeMax), ""} }},
		part{column{"p99", 8}, func(n *queueRow) cell {
			readers := []*Reader{n.reader}
			if n.queue.Stream && !n.group {
				readers = n.queue.readers()
			}
			return slowestCell(readers)
		}})
	var columns []column
	for _, p := range parts {
		columns = append(columns, p.column)
	}
	columns, first := t.table("Queues", columns)
	for i := range rows {
		n := &rows[i]
		var cells []cell
		for _, p := range parts[:len(columns)] {
			cells = append(cells, p.of(n))
		}
		t.row(n.name, first, columns, cells...)
		if hot := n.reader.hottest(); hot >= 0 && !n.bare { // a stream's own row knows of no partitions
			p := &n.reader.Partitions[hot]
			about := fmt.Sprintf("partition %d of %d: %s of %s behind on average", hot, len(n.reader.Partitions), decimal(p.LagMean), decimal(n.reader.LagMean))
			t.line("      ", t.in(dim, t.cut(about, t.Width-6)))
		}
	}
	if hidden > 0 {
		t.line(t.in(red, fmt.Sprintf("  and %d more that lost messages or are behind", hidden)))
	}
	if more := left - hidden; more > 0 {
		t.line(t.in(dim, fmt.Sprintf("  and %d more with less to tell", more)))
	}
}

// troubled says whether a queue is to be shown in any case: it lost messages, or made
// dead letters, turned publishes away, is or was behind, or holds what nobody consumes.
func (r *Report) troubled(queue int) bool {
	q := &r.Queues[queue]
	return q.Rejected()+q.DeadLettered+q.Dropped > 0 || len(q.consumers) == 0 && !q.Stream && q.Left > 0 ||
		slices.ContainsFunc(r.Cascade.backlogs, func(b backlog) bool { return b.told && b.queue == queue })
}

// slowestCell is the p99 of the reader for which it is longest: never, not yet, or so long.
func slowestCell(readers []*Reader) cell { return doneCell(slowestOf(readers)) }

// groups are those of a stream that have a row of their own: none where there is but
// one; where there is little room those that fell behind or lost something.
func (t *screen) groups(r *Report, queue int) (shown []int) {
	groups := r.Queues[queue].Groups
	for k := range groups {
		g := &groups[k]
		trouble := g.DeadLettered+g.Dropped > 0 || slices.ContainsFunc(r.Cascade.backlogs, func(b backlog) bool {
			return b.told && b.queue == queue && b.reader == k
		})
		if len(groups) > 1 && (trouble || !t.tight) {
			shown = append(shown, k)
		}
	}
	return shown
}

// queueLines are the lines that a queue takes in the table.
func (t *screen) queueLines(r *Report, queue int) int {
	groups := r.Queues[queue].Groups
	shown := t.groups(r, queue)
	n := 1 + len(shown)
	if len(groups) == 1 {
		shown = []int{0}
	}
	for _, k := range shown {
		if groups[k].hottest() >= 0 {
			n++
		}
	}
	return n
}

// slowest is what a stream's own row says: the dead letters and the dropped of all
// groups, as expectations count them, and of each other number the worst group's, for
// its sum over the groups is nothing that anybody sees.
func (q *Queue) slowest() *Reader {
	if len(q.Groups) == 0 {
		return &q.Reader
	}
	w := q.Groups[0]
	for i := range q.Groups[1:] {
		g := &q.Groups[i+1]
		w.Acknowledged = min(w.Acknowledged, g.Acknowledged)
		if ratio(g.Redelivered, g.Delivered) > ratio(w.Redelivered, w.Delivered) {
			w.Redelivered, w.Delivered = g.Redelivered, g.Delivered
		}
		w.LagMax, w.Left, w.AgeMax = max(w.LagMax, g.LagMax), max(w.Left, g.Left), max(w.AgeMax, g.AgeMax)
		w.Partitions = nil // which belong to a group
	}
	w.DeadLettered, w.Dropped = q.DeadLettered, q.Dropped
	return &w
}

// weight is how much there is to say of a queue.
func (q *Queue) weight() float64 {
	return float64(q.Rejected()+q.Redelivered+q.DeadLettered+q.Dropped) + float64(q.LagMax)
}

// hottest is the partition that a group was far behind in, on average; -1 without one,
// or where there is hardly a lag.
func (r *Reader) hottest() int {
	if len(r.Partitions) < 2 || r.LagMean < fewestMessages {
		return -1
	}
	hot := 0
	for k := range r.Partitions {
		if r.Partitions[k].LagMean > r.Partitions[hot].LagMean {
			hot = k
		}
	}
	if !isHot(r.Partitions[hot].LagMean/r.LagMean, len(r.Partitions)) {
		return -1
	}
	return hot
}

// guards is what a publish step met: a queue that was full or out, and waits for a place.
func (p *Publisher) guards() guardRow {
	g := guardRow{name: p.ID}
	failed := outcomes(p.Failed)
	all := p.Published + failed.all()
	var parts []away
	for _, o := range []topology.Outcome{topology.Rejected, topology.Refused, topology.Timeout, topology.Cancelled} {
		if n := failed[o]; n > 0 {
			parts = append(parts, away{n, publishWords(o)})
		}
	}
	g.turned(parts, all)
	if p.Blocked > 0 {
		share := ratio(p.Blocked, all)
		g.add(share, "%s waited for a place, %s", plural(p.Blocked, "publish", "publishes"), roughly(share))
	}
	return g
}

// piledUp are the queues to draw over time: those of the longest backlogs that are
// told, the first of several in file order.
func (r *Report) piledUp() (queues []int) {
	longest := map[int]float64{}
	for i := range r.Cascade.backlogs {
		b := &r.Cascade.backlogs[i]
		if !b.told {
			continue
		}
		if _, ok := longest[b.queue]; !ok {
			queues = append(queues, b.queue)
		}
		longest[b.queue] = max(longest[b.queue], (b.until - b.from).Seconds())
	}
	slices.Sort(queues)
	slices.SortStableFunc(queues, func(a, b int) int { return cmp.Compare(longest[b], longest[a]) })
	queues = queues[:min(len(queues), maxQueueCharts)]
	slices.Sort(queues)
	return queues
}
