package html

import (
	"cmp"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"cascade/sim/des"
	"cascade/sim/report"
	"cascade/topology"
)

// The service map: sources at the left, and whatever somebody calls, publishes to or
// consumes from further right than all who do. Layers, places of long ways in the
// layers between, and an order with few crossings are made as in K. Sugiyama, S. Tagawa
// and M. Toda, "Methods for Visual Understanding of Hierarchical System Structures",
// IEEE Transactions on Systems, Man, and Cybernetics 11 (1981).

// Sizes of the map, in the pixels of its picture.
const (
	boxWidth, boxHeight = 196.0, 66.0
	sourceHeight        = 50.0
	layerGap, boxGap    = 104.0, 22.0
	wayGap              = 14.0 // of a long way to what it passes
	mapMargin           = 12.0
	maxLabelled         = 30 // ways up to which each has its numbers beside it
)

// A place is something on the map, or where a long way passes through a layer.
type place struct {
	box     *box // nil: a way passes
	layer   int
	x, y    float64 // of its left side and its middle
	in, out []int   // places
}

func (p *place) height() float64 {
	if p.box == nil {
		return 0
	}
	return p.box.height
}

// A box is what is written of a source, a service or a queue.
type box struct {
	kind, tone         string
	name, second, last string
	title              string
	held, worst        float64 // shares; below 0: there is nothing to hold
	height             float64
}

// A way is all the edges, or all that is published or consumed, from one box to another.
type way struct {
	from, to int // places
	back     bool
	through  []int // places of a long way, from left to right
	kind     string
	tone     string
	weight   float64 // attempts a second, or messages
	label    []string
	title    []string
}

// A chart of the services while it is drawn.
type serviceMap struct {
	r      *report.Report
	places []place
	byName map[string]int
	ways   []way
	layers [][]int
	width  float64
	height float64
}

func drawMap(r *report.Report) template.HTML {
	m := &serviceMap{r: r, byName: make(map[string]int)}
	m.boxes()
	m.connect()
	m.layer()
	m.order()
	m.arrange()
	return template.HTML(m.svg())
}

func (m *serviceMap) add(b box) {
	m.byName[b.name] = len(m.places)
	if b.height == 0 {
		b.height = boxHeight
	}
	m.places = append(m.places, place{box: &b})
}

func (m *serviceMap) boxes() {
	r := m.r
	faults := make(map[string][]string)
	for i := range r.Faults {
		on, _, _ := strings.Cut(r.Faults[i].On, ".")
		faults[on] = append(faults[on], r.Faults[i].Name)
	}
	last := func(name, otherwise string) string {
		if on := faults[name]; len(on) > 0 {
			return "⚡ " + strings.Join(on, ", ")
		}
		return otherwise
	}
	for i := range r.Sources {
		s := &r.Sources[i]
		failed, known := report.Failed(&s.Ended)
		b := box{kind: "source", name: s.Name, second: last(s.Name, "nothing ended"), height: sourceHeight, held: -1}
		if known {
			b.second, b.tone = report.ShareText(s.Success)+" success", levelTone(report.ErrorLevel(failed))
		}
		b.title = fmt.Sprintf("%s: source, %s, p99 %s", s.Name, b.second, s.Latency.TimeText(s.Latency.P99))
		m.add(b)
	}
	for i := range r.Services {
		s := &r.Services[i]
		failed, _ := report.Failed(&s.Answers)
		level := max(report.SaturationLevel(s.SaturationMax, s.QueueMean), report.ErrorLevel(failed))
		b := box{kind: "service", name: s.Name, held: s.Saturation, worst: s.SaturationMax}
		b.second = fmt.Sprintf("held %s, worst %s", report.ShareText(s.Saturation), report.ShareText(s.SaturationMax))
		if s.Unlimited {
			b.held = -1
			b.second = report.CountText(s.HeldMean) + " threads in use"
		}
		state := saturatedText(r, s.Name)
		if state != "" {
			level = report.Critical
		}
		b.last = last(s.Name, state)
		b.tone = levelTone(level)
		b.title = fmt.Sprintf("%s: service, %s, errors %s, p99 %s, waiting room %s at most", s.Name, b.second, report.ShareText(failed), s.Latency.TimeText(s.Latency.P99), report.GroupedText(s.QueueMax))
		for _, text := range []string{state, strings.Join(faults[s.Name], ", ")} {
			if text != "" {
				b.title += "; " + text
			}
		}
		m.add(b)
	}
	for i := range r.Queues {
		q := &r.Queues[i]
		b := box{kind: "queue", name: q.Name, second: "most " + report.CountText(float64(q.LagMax)) + ", left " + report.CountText(float64(q.Left)), height: sourceHeight, held: -1}
		level := max(report.LostLevel(q.Dropped), report.LostLevel(q.Rejected()), report.AnyLevel(q.DeadLettered))
		b.tone = levelTone(level)
		b.title = fmt.Sprintf("%s: queue, %s messages not acknowledged at most, oldest %s, %s dead letters, %s dropped", q.Name, report.GroupedText(q.LagMax), report.SecondsText(q.AgeMax), report.GroupedText(q.DeadLettered), report.GroupedText(q.Dropped))
		m.add(b)
	}
}

// saturatedText says when a service was saturated, or how often and how long in all; ""
// where it never was.
func saturatedText(r *report.Report, service string) string {
	var only report.Saturated
	times, sum := 0, des.Time(0)
	for i := range r.Cascade.Saturated {
		if s := &r.Cascade.Saturated[i]; s.Service == service {
			only, times, sum = *s, times+1, sum+s.Until-s.At
		}
	}
	switch times {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("saturated %s to %s", report.ClockText(only.At), report.ClockText(only.Until))
	}
	return fmt.Sprintf("saturated %d×, %s in all", times, report.ClockText(sum))
}

// ends are the names that an edge's ID joins: the source or service at the left, the
// service or queue at the right, without their operations.
func ends(id string) (from, to string) {
	id, _, _ = strings.Cut(id, "#")
	from, to, _ = strings.Cut(id, "->")
	from, _, _ = strings.Cut(from, ".")
	to, _, _ = strings.Cut(to, ".")
	return from, to
}

func (m *serviceMap) connect() {
	r := m.r
	index := make(map[[3]string]int)
	join := func(from, to, kind string) *way {
		a, okA := m.byName[from]
		b, okB := m.byName[to]
		if !okA || !okB {
			return nil
		}
		key := [3]string{from, to, kind}
		if _, ok := index[key]; !ok {
			index[key] = len(m.ways)
			m.ways = append(m.ways, way{from: a, to: b, kind: kind})
		}
		return &m.ways[index[key]]
	}
	type sums struct {
		ended       [topology.NumOutcomes]uint64
		attempts    uint64
		retries     uint64
		open        float64
		opened      uint64
		hasABreaker bool
	}
	all := make(map[[3]string]*sums)
	for i := range r.Edges {
		e := &r.Edges[i]
		from, to := ends(e.ID)
		w := join(from, to, "call")
		if w == nil {
			continue
		}
		key := [3]string{from, to, "call"}
		s := all[key]
		if s == nil {
			s = &sums{}
			all[key] = s
		}
		for o, n := range e.Outcomes {
			s.ended[o] += n
		}
		s.attempts, s.retries = s.attempts+e.Attempts, s.retries+e.Retries
		failed, known := report.Failed(&e.Outcomes)
		rate, _ := r.Rate(e.Attempts)
		title := fmt.Sprintf("%s: %s attempts/s", e.ID, report.RateText(rate))
		if known {
			title += ", " + report.ShareText(failed) + " failed"
		}
		if e.Breaker.Opened > 0 || e.Breaker.Open > 0 {
			s.hasABreaker, s.opened, s.open = true, s.opened+e.Breaker.Opened, max(s.open, e.Breaker.OpenShare(r.Judged()))
			title += fmt.Sprintf(", breaker opened %s times", report.GroupedText(e.Breaker.Opened))
		}
		w.title = append(w.title, title)
		sum, _ := report.Failed(&s.ended)
		w.tone = levelTone(max(report.ErrorLevel(sum), report.OpenLevel(s.open)))
		w.weight, _ = r.Rate(s.attempts)
		w.label = []string{report.RateText(w.weight) + "/s"}
		if sum > 0 {
			w.label = append(w.label, report.ShareText(sum)+" failed")
		}
		if again, _ := report.Share(s.retries, s.attempts); again > 0 {
			w.label = append(w.label, report.ShareText(again)+" retries")
		}
		if s.hasABreaker {
			w.label = append(w.label, "breaker open "+report.ShareText(s.open))
		}
	}
	for i := range r.Queues {
		q := &r.Queues[i]
		for k := range q.Publishers {
			p := &q.Publishers[k]
			from, _ := ends(p.ID)
			if w := join(from, q.Name, "publish"); w != nil {
				rate, _ := r.Rate(p.Published)
				w.weight += rate
				w.title = append(w.title, fmt.Sprintf("%s: %s published a second", p.ID, report.RateText(rate)))
				w.label = []string{report.RateText(w.weight) + "/s"}
				if failed, known := report.Failed(&p.Failed); known && failed > 0 {
					w.tone = "bad"
				}
			}
		}
		for _, name := range q.Consumers() {
			if w := join(q.Name, name, "consume"); w != nil {
				w.weight = q.AcknowledgedRate
				for k := range q.Groups {
					if q.Groups[k].Name == name {
						w.weight, _ = r.Rate(q.Groups[k].Acknowledged)
					}
				}
				w.title = []string{fmt.Sprintf("%s->%s: %s done a second", q.Name, name, report.RateText(w.weight))}
				w.label = []string{report.RateText(w.weight) + "/s"}
			}
		}
	}
}

// layer gives every place its layer: the longest way to it. Ways that would close a
// circle run back.
func (m *serviceMap) layer() {
	out := make([][]int, len(m.places)) // ways
	for k := range m.ways {
		out[m.ways[k].from] = append(out[m.ways[k].from], k)
	}
	const unseen, open, done = 0, 1, 2
	state := make([]int, len(m.places))
	var finished []int
	var visit func(p int)
	visit = func(p int) {
		state[p] = open
		for _, k := range out[p] {
			switch to := m.ways[k].to; state[to] {
			case open:
				m.ways[k].back = true
			case unseen:
				visit(to)
			}
		}
		state[p] = done
		finished = append(finished, p)
	}
	for p := range m.places {
		if state[p] == unseen {
			visit(p)
		}
	}
	for _, p := range slices.Backward(finished) {
		for _, k := range out[p] {
			if w := &m.ways[k]; !w.back {
				m.places[w.to].layer = max(m.places[w.to].layer, m.places[p].layer+1)
			}
		}
	}
	m.shorten()
	// A long way has a place in every layer that it passes.
	for k := range m.ways {
		w := &m.ways[k]
		left, right := w.from, w.to
		if m.places[left].layer > m.places[right].layer {
			left, right = right, left
		}
		at := left
		for l := m.places[left].layer + 1; l < m.places[right].layer; l++ {
			m.places = append(m.places, place{layer: l})
			m.link(at, len(m.places)-1)
			at = len(m.places) - 1
			w.through = append(w.through, at)
		}
		if left != right && m.places[left].layer != m.places[right].layer {
			m.link(at, right)
		}
	}
	for p := range m.places {
		l := m.places[p].layer
		for len(m.layers) <= l {
			m.layers = append(m.layers, nil)
		}
		m.layers[l] = append(m.layers[l], p)
	}
}

// shorten moves what nothing leads to, sources above all, beside the first of what it
// leads to.
func (m *serviceMap) shorten() {
	led := make([]bool, len(m.places))
	nearest := make([]int, len(m.places))
	for p := range nearest {
		nearest[p] = math.MaxInt
	}
	for k := range m.ways {
		if w := &m.ways[k]; !w.back {
			led[w.to] = true
			nearest[w.from] = min(nearest[w.from], m.places[w.to].layer)
		}
	}
	for p := range m.places {
		if !led[p] && nearest[p] != math.MaxInt {
			m.places[p].layer = max(nearest[p]-1, 0)
		}
	}
}

func (m *serviceMap) link(left, right int) {
	m.places[left].out = append(m.places[left].out, right)
	m.places[right].in = append(m.places[right].in, left)
}

// sweeps is how often the layers are gone through, there and back.
const sweeps = 12

// order puts each layer's places in an order by the middle of their neighbours', and
// keeps the one with the fewest crossings.
func (m *serviceMap) order() {
	rank := make([]float64, len(m.places))
	number := func() {
		for _, l := range m.layers {
			for i, p := range l {
				rank[p] = float64(i)
			}
		}
	}
	number()
	best, fewest := m.snapshot(), m.crossings(rank)
	for n := range sweeps {
		for i := range m.layers {
			l, neighbours := i, func(p int) []int { return m.places[p].in }
			if n%2 == 1 {
				l, neighbours = len(m.layers)-1-i, func(p int) []int { return m.places[p].out }
			}
			middle := make(map[int]float64, len(m.layers[l]))
			for _, p := range m.layers[l] {
				middle[p] = rank[p]
				if all := neighbours(p); len(all) > 0 {
					sum := 0.0
					for _, q := range all {
						sum += rank[q]
					}
					middle[p] = sum / float64(len(all))
				}
			}
			slices.SortStableFunc(m.layers[l], func(a, b int) int { return cmp.Compare(middle[a], middle[b]) })
			for i, p := range m.layers[l] {
				rank[p] = float64(i)
			}
		}
		if c := m.crossings(rank); c < fewest {
			best, fewest = m.snapshot(), c
		}
	}
	m.layers = best
}

func (m *serviceMap) snapshot() [][]int {
	layers := make([][]int, len(m.layers))
	for i := range layers {
		layers[i] = slices.Clone(m.layers[i])
	}
	return layers
}

// crossings is how many pairs of ways cross between neighbouring layers.
func (m *serviceMap) crossings(rank []float64) int {
	n := 0
	for _, l := range m.layers {
		type pair struct{ a, b float64 }
		var all []pair
		for _, p := range l {
			for _, q := range m.places[p].out {
				all = append(all, pair{rank[p], rank[q]})
			}
		}
		for i := range all {
			for _, other := range all[:i] {
				if (all[i].a-other.a)*(all[i].b-other.b) < 0 {
					n++
				}
			}
		}
	}
	return n
}

// arrange gives every place its coordinates: as near to the middle of its neighbours as
// the others of its layer let it.
func (m *serviceMap) arrange() {
	for i, l := range m.layers {
		at := 0.0
		for k, p := range l {
			if k > 0 {
				at += m.apart(l[k-1], p)
			}
			m.places[p].x, m.places[p].y = mapMargin+float64(i)*(boxWidth+layerGap), at
		}
		for _, p := range l {
			m.places[p].y -= at / 2
		}
	}
	for n := range 2 * sweeps {
		for i := range m.layers {
			l := m.layers[i]
			if n%2 == 1 {
				l = m.layers[len(m.layers)-1-i]
			}
			m.settle(l)
		}
	}
	top, bottom := math.Inf(1), math.Inf(-1)
	for p := range m.places {
		top, bottom = min(top, m.places[p].y-m.places[p].height()/2), max(bottom, m.places[p].y+m.places[p].height()/2)
	}
	for p := range m.places {
		m.places[p].y += mapMargin - top
	}
	m.width = 2*mapMargin + float64(len(m.layers))*(boxWidth+layerGap) - layerGap
	m.height = 2*mapMargin + bottom - top
}

func (m *serviceMap) apart(a, b int) float64 {
	gap := boxGap
	if m.places[a].box == nil || m.places[b].box == nil {
		gap = wayGap
	}
	return (m.places[a].height()+m.places[b].height())/2 + gap
}

// settle moves the places of a layer towards their neighbours: pushed down from the top,
// pushed up from the bottom, and the mean of the two, which keeps them apart as both do.
func (m *serviceMap) settle(l []int) {
	down, up := make([]float64, len(l)), make([]float64, len(l))
	for i, p := range l {
		wanted := m.wanted(p)
		down[i], up[i] = wanted, wanted
		if i > 0 {
			down[i] = max(wanted, down[i-1]+m.apart(l[i-1], p))
		}
	}
	for i := len(l) - 2; i >= 0; i-- {
		up[i] = min(up[i], up[i+1]-m.apart(l[i], l[i+1]))
	}
	for i, p := range l {
		m.places[p].y = (down[i] + up[i]) / 2
	}
}

func (m *serviceMap) wanted(p int) float64 {
	sum, n := 0.0, 0
	for _, all := range [][]int{m.places[p].in, m.places[p].out} {
		for _, q := range all {
			sum, n = sum+m.places[q].y, n+1
		}
	}
	if n == 0 {
		return m.places[p].y
	}
	return sum / float64(n)
}

func (m *serviceMap) svg() string {
	var b strings.Builder
	boxes := 0
	for p := range m.places {
		if m.places[p].box != nil {
			boxes++
		}
	}
	fmt.Fprintf(&b, `<svg class="map" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" role="img" aria-label="%s">`,
		m.width, m.height, m.width, m.height, fmt.Sprintf("Service map: %d boxes, %d ways between them; the tables below have all of it", boxes, len(m.ways)))
	b.WriteString(`<defs>`)
	for _, tone := range []string{"", "warn", "bad"} {
		fmt.Fprintf(&b, `<marker id="tip%s" class="tip %s" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto-start-reverse"><path d="M0 0.8L10 5L0 9.2z"/></marker>`, tone, tone)
	}
	b.WriteString(`</defs>`)
	for k := range m.ways {
		m.drawWay(&b, &m.ways[k])
	}
	for p := range m.places {
		if m.places[p].box != nil {
			m.drawBox(&b, &m.places[p])
		}
	}
	if len(m.ways) <= maxLabelled {
		for k := range m.ways {
			m.drawLabel(&b, &m.ways[k])
		}
	}
	b.WriteString(`</svg>`)
	return b.String()
}

// path are the points that a way goes through, from its left end to its right.
func (m *serviceMap) path(w *way) [][2]float64 {
	left, right := &m.places[w.from], &m.places[w.to]
	if left.layer > right.layer {
		left, right = right, left
	}
	points := [][2]float64{{left.x + boxWidth, left.y}}
	for _, p := range w.through {
		points = append(points, [2]float64{m.places[p].x, m.places[p].y}, [2]float64{m.places[p].x + boxWidth, m.places[p].y})
	}
	return append(points, [2]float64{right.x, right.y})
}

func (m *serviceMap) drawWay(b *strings.Builder, w *way) {
	thick := 1.2 + min(math.Log10(1+w.weight), 4)*0.55
	fmt.Fprintf(b, `<g class="way %s %s"><title>%s</title><path stroke-width="%.2f" `, w.kind, w.tone, escape(strings.Join(w.title, "\n")), thick)
	from, to := &m.places[w.from], &m.places[w.to]
	switch {
	case w.from == w.to:
		fmt.Fprintf(b, `marker-end="url(#tip%s)" d="M%.1f %.1fc34 -6 30 -%.1f -20 -%.1f"/></g>`, w.tone, from.x+boxWidth, from.y, from.height()/2+14, from.height()/2)
		return
	case from.layer == to.layer: // a circle of two in one layer: by their right sides
		fmt.Fprintf(b, `marker-end="url(#tip%s)" d="M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1f"/></g>`, w.tone, from.x+boxWidth, from.y, from.x+boxWidth+60, from.y, to.x+boxWidth+60, to.y, to.x+boxWidth, to.y)
		return
	case from.layer > to.layer:
		fmt.Fprintf(b, `marker-start="url(#tip%s)" `, w.tone)
	default:
		fmt.Fprintf(b, `marker-end="url(#tip%s)" `, w.tone)
	}
	points := m.path(w)
	fmt.Fprintf(b, `d="M%.1f %.1f`, points[0][0], points[0][1])
	for i := 1; i < len(points); i++ {
		a, z := points[i-1], points[i]
		if a[1] == z[1] {
			fmt.Fprintf(b, `H%.1f`, z[0])
			continue
		}
		half := (z[0] - a[0]) / 2
		fmt.Fprintf(b, `C%.1f %.1f %.1f %.1f %.1f %.1f`, a[0]+half, a[1], z[0]-half, z[1], z[0], z[1])
	}
	b.WriteString(`"/></g>`)
}

// drawLabel writes a way's numbers over and under its first stretch.
func (m *serviceMap) drawLabel(b *strings.Builder, w *way) {
	from, to := &m.places[w.from], &m.places[w.to]
	if from.layer == to.layer || len(w.label) == 0 {
		return
	}
	points := m.path(w)
	a, z := points[0], points[1]
	x, y, anchor := (a[0]+z[0])/2, (a[1]+z[1])/2, "middle"
	switch left, right := &m.places[min(w.from, w.to)], &m.places[max(w.from, w.to)]; { // where ways part or meet, at their other ends
	case a[1] == z[1]:
	case len(left.out) > 1 && len(right.in) < len(left.out):
		x, y, anchor = z[0]-14, z[1], "end"
	default:
		x, y, anchor = a[0]+8, a[1], "start"
	}
	fmt.Fprintf(b, `<text class="label %s" x="%.1f" y="%.1f" text-anchor="%s">`, w.tone, x, y-5, anchor)
	for k, text := range w.label {
		dy := ""
		if k > 0 {
			dy = fmt.Sprintf(` x="%.1f" dy="1.25em"`, x)
			if k == 1 { // below the line
				dy = fmt.Sprintf(` x="%.1f" dy="1.6em"`, x)
			}
		}
		fmt.Fprintf(b, `<tspan%s>%s</tspan>`, dy, escape(text))
	}
	b.WriteString(`</text>`)
}

func (m *serviceMap) drawBox(b *strings.Builder, p *place) {
	x, y, h := p.x, p.y-p.box.height/2, p.box.height
	round := 8.0
	if p.box.kind != "service" {
		round = h / 2
	}
	fmt.Fprintf(b, `<g class="box %s %s"><title>%s</title><rect x="%.1f" y="%.1f" width="%.0f" height="%.0f" rx="%.0f"/>`, p.box.kind, p.box.tone, escape(p.box.title), x, y, boxWidth, h, round)
	inset := 14.0
	if p.box.kind != "service" {
		inset = 24
	}
	fmt.Fprintf(b, `<text class="name" x="%.1f" y="%.1f">%s</text>`, x+inset, y+21, escape(shortened(p.box.name, 22)))
	fmt.Fprintf(b, `<text class="second" x="%.1f" y="%.1f">%s</text>`, x+inset, y+37, escape(shortened(p.box.second, 28)))
	if p.box.last != "" {
		fmt.Fprintf(b, `<text class="last" x="%.1f" y="%.1f">%s</text>`, x+inset, y+52, escape(shortened(p.box.last, 28)))
	}
	if p.box.held >= 0 {
		wide, bar := boxWidth-2*inset, y+h-7
		fmt.Fprintf(b, `<rect class="pool" x="%.1f" y="%.1f" width="%.1f" height="3" rx="1.5"/><rect class="worst" x="%.1f" y="%.1f" width="%.1f" height="3" rx="1.5"/><rect class="held" x="%.1f" y="%.1f" width="%.1f" height="3" rx="1.5"/>`,
			x+inset, bar, wide, x+inset, bar, wide*min(p.box.worst, 1), x+inset, bar, wide*min(p.box.held, 1))
	}
	b.WriteString(`</g>`)
}

// shortened takes letters out of the middle of a text that is longer than n.
func shortened(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	runes := []rune(s)
	return string(runes[:n-1-(n-1)/2]) + "…" + string(runes[len(runes)-(n-1)/2:])
}

func escape(s string) string { return template.HTMLEscapeString(s) }
