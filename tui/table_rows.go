package tui

import (
	"slices"
	"strings"

	"cascade/sim"
	"cascade/tui/player"
)

// listed is what the filter leaves of a plan. It is kept, for it takes long with many rows.
type listed struct {
	plan   *sim.Plan
	filter string
	all    []int32
	parts  int    // of those
	widest int    // of the labels, in columns
	lacks  []bool // by column: the plan has nothing of it
}

// order is the rows' order in a frame. It is kept for the same reason.
type order struct {
	frame    *player.Frame
	sorted   int
	reversed bool
	of       []int32
	rows     *int32 // of listed that it is the order of
}

// A hand is the row that is selected. It is kept likewise.
type hand struct {
	plan *sim.Plan
	name string
	row  row
	here bool // it is one of the table's
}

// list finds what the filter leaves.
func (t *table) list() {
	plan, k := t.plan(), &t.listed
	if k.plan == plan && k.filter == t.filter {
		return
	}
	*k = listed{plan: plan, filter: t.filter, lacks: make([]bool, len(t.columns))}
	for i := range t.columns {
		only := t.columns[i].only
		k.lacks[i] = only != nil && !only(t.frame.Run.Report)
	}
	for i := range t.count(plan) {
		label := t.label(plan, i)
		parts, passes := t.partsOf(plan, i), t.passes(label)
		for part := range parts {
			passes = passes || t.passes(t.partName(plan, i, part))
		}
		if !passes {
			continue
		}
		k.all = append(k.all, int32(i))
		k.parts += parts
		k.widest = max(k.widest, widthOf(label))
		for part := range parts {
			k.widest = max(k.widest, 2+widthOf(t.part(plan, i, part)))
		}
	}
}

func (t *table) partsOf(p *sim.Plan, i int) int {
	if t.parts == nil {
		return 0
	}
	return t.parts(p, i)
}

// partName is a part's name in files.
func (t *table) partName(p *sim.Plan, i, part int) string {
	return t.label(p, i) + "." + t.part(p, i, part)
}

// build makes the rows in their order.
func (t *table) build() {
	t.list()
	plan := t.plan()
	t.rows = t.rows[:0]
	all := !t.selects || t.filter != "" || len(t.listed.all)+t.listed.parts <= t.fits
	selected, here := t.find()
	for _, i := range t.ordered() {
		t.rows = append(t.rows, row{i, -1})
		if !all && (!here || selected.index != i) {
			continue
		}
		for k := range t.partsOf(plan, int(i)) {
			if !t.selects || t.filter == "" || t.passes(t.partName(plan, int(i), k)) {
				t.rows = append(t.rows, row{i, int32(k)})
			}
		}
	}
}

// find is the row of what is selected, listed or not.
func (t *table) find() (r row, here bool) {
	plan, h := t.plan(), &t.hand
	if h.plan == plan && h.name == t.selected {
		return h.row, h.here
	}
	*h = hand{plan: plan, name: t.selected}
	for i := range t.count(plan) {
		whole := t.label(plan, i)
		if whole == t.selected {
			h.row, h.here = row{int32(i), -1}, true
			break
		}
		if !t.selects || !strings.HasPrefix(t.selected, whole) {
			continue
		}
		for k := range t.partsOf(plan, i) {
			if t.partName(plan, i, k) == t.selected {
				h.row, h.here = row{int32(i), int32(k)}, true
			}
		}
	}
	return h.row, h.here
}

// holds says whether what is selected is one of the table's rows, listed or not.
func (t *table) holds() bool {
	_, here := t.find()
	return here
}

// labelOf is what stands in front of a row.
func (t *table) labelOf(r row) string {
	if r.part < 0 {
		return t.label(t.plan(), int(r.index))
	}
	return "  " + t.part(t.plan(), int(r.index), int(r.part))
}

// nameOf is by which a row is selected; "" where it cannot be.
func (t *table) nameOf(r row) string {
	switch {
	case r.part < 0:
		return t.label(t.plan(), int(r.index))
	case t.selects:
		return t.partName(t.plan(), int(r.index), int(r.part))
	}
	return ""
}

// ordered are the things that are listed, as they are sorted: what no number is known of
// comes last, and what is the same stands in file order.
func (t *table) ordered() []int32 {
	all, o := t.listed.all, &t.order
	if t.sorted == byFile && !t.reversed || len(all) == 0 {
		return all
	}
	if o.frame == t.frame && o.sorted == t.sorted && o.reversed == t.reversed && o.rows == &all[0] && len(o.of) == len(all) {
		return o.of
	}
	*o = order{t.frame, t.sorted, t.reversed, append(o.of[:0], all...), &all[0]}
	switch t.sorted {
	case byFile:
		slices.Reverse(o.of)
	case byName:
		plan := t.plan()
		slices.SortStableFunc(o.of, func(a, b int32) int {
			return t.turned(strings.Compare(t.label(plan, int(a)), t.label(plan, int(b))))
		})
	default:
		type key struct {
			value float64
			known bool
		}
		keys := make([]key, t.count(t.plan()))
		for _, i := range all {
			v, known := t.columns[t.sorted].value(spotOf(&t.frame.Run, row{i, -1}))
			keys[i] = key{v, known}
		}
		slices.SortStableFunc(o.of, func(a, b int32) int {
			switch x, y := keys[a], keys[b]; {
			case x.known != y.known:
				if x.known {
					return -1
				}
				return 1
			case !x.known:
				return 0
			case x.value > y.value:
				return t.turned(-1)
			case x.value < y.value:
				return t.turned(1)
			}
			return 0
		})
	}
	return o.of
}

// turned is how two rows compare, the other way round where the table is.
func (t *table) turned(c int) int {
	if t.reversed {
		return -c
	}
	return c
}

// place is the row that is selected; -1 where none in the table is.
func (t *table) place() int {
	r, here := t.find()
	if !here {
		return -1
	}
	return slices.Index(t.rows, r)
}
