package html

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"cascade/sim/report"
)

// chain is a report with these edges, and a service for each name that calls or is
// called; names that begin with a u are sources.
func chain(edges ...string) *report.Report {
	r := &report.Report{}
	known := make(map[string]bool)
	for _, id := range edges {
		from, to := ends(id)
		for _, name := range []string{from, to} {
			switch {
			case known[name]:
			case strings.HasPrefix(name, "u"):
				r.Sources = append(r.Sources, report.Source{Name: name})
			default:
				r.Services = append(r.Services, report.Service{Pool: report.Pool{Name: name}})
			}
			known[name] = true
		}
		r.Edges = append(r.Edges, report.Edge{ID: id})
	}
	return r
}

func laidOut(r *report.Report) *serviceMap {
	m := &serviceMap{r: r, byName: make(map[string]int)}
	m.boxes()
	m.connect()
	m.layer()
	m.order()
	m.arrange()
	return m
}

func TestLayersOfTheMap(t *testing.T) {
	for _, row := range []struct {
		edges string
		want  string
	}{
		{"u->a a->b b->c", "u0 a1 b2 c3"},
		{"u->a a->b b->c a->c", "u0 a1 b2 c3"},                 // the longest way counts
		{"u->a u2->b a->b b->c", "u0 u21 a1 b2 c3"},            // a source stands beside what it asks
		{"u.x->a.y a.y->b.z a.q->b.z#2 b.z->a.w", "u0 a1 b2"},  // operations and circles
		{"u->a a->a", "u0 a1"},                                 // to itself
		{"u->a b->c", "u0 b0 a1 c1"},                           // two islands
		{"u->a a->b b->c c->d d->e a->e", "u0 a1 b2 c3 d4 e5"}, // a long way
	} {
		m := laidOut(chain(strings.Fields(row.edges)...))
		got := make(map[string]bool)
		for _, p := range m.places {
			if p.box != nil {
				got[fmt.Sprintf("%s%d", p.box.name, p.layer)] = true
			}
		}
		for _, want := range strings.Fields(row.want) {
			if !got[want] {
				t.Errorf("%s: no %s in %v", row.edges, want, got)
			}
		}
	}
}

// TestBoxesKeepApart: in random systems no box or way lies on another one of its layer,
// everything is within the picture, and the same system makes the same picture.
func TestBoxesKeepApart(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		n := 2 + random.IntN(40)
		edges := []string{"u->s0"}
		for range n + random.IntN(2*n) {
			edges = append(edges, fmt.Sprintf("s%d->s%d", random.IntN(n), random.IntN(n)))
		}
		r := chain(edges...)
		m := laidOut(r)
		seen := 0
		for _, l := range m.layers {
			for i, p := range l {
				seen++
				at := &m.places[p]
				if top, bottom := at.y-at.height()/2, at.y+at.height()/2; top < mapMargin-1e-6 || bottom > m.height-mapMargin+1e-6 || at.x+boxWidth > m.width-mapMargin+1e-6 {
					t.Fatalf("%v: a box is outside of the picture: %+v of %v by %v", edges, at, m.width, m.height)
				}
				if i > 0 {
					if above := &m.places[l[i-1]]; at.y-above.y < m.apart(l[i-1], p)-1e-6 {
						t.Fatalf("%v: boxes lie on each other at %v and %v", edges, above.y, at.y)
					}
				}
			}
		}
		if seen != len(m.places) {
			t.Fatalf("%d places have a layer, of %d", seen, len(m.places))
		}
		if drawMap(r) != drawMap(r) {
			t.Fatal("the same system makes another picture")
		}
	}
}

// TestOrderAvoidsCrossings: two ladders that cross as they are listed, and need not.
func TestOrderAvoidsCrossings(t *testing.T) {
	m := laidOut(chain("u1->a", "u2->b", "u3->c", "c->x", "b->y", "a->z"))
	rank := make([]float64, len(m.places))
	for _, l := range m.layers {
		for i, p := range l {
			rank[p] = float64(i)
		}
	}
	if n := m.crossings(rank); n != 0 {
		t.Errorf("%d crossings are left", n)
	}
}

// TestSaturatedOnTheMap: a box says when its service was saturated, and not only when that
// began, which may have been for a moment and long before the story.
func TestSaturatedOnTheMap(t *testing.T) {
	r := chain("u->a", "a->b", "b->c")
	for _, s := range []report.Saturated{{Service: "c", At: 2e9, Until: 3e9}, {Service: "b", At: 30e9, Until: 61e9}, {Service: "c", At: 70e9, Until: 90e9}} {
		r.Cascade.Saturated = append(r.Cascade.Saturated, s)
	}
	m := laidOut(r)
	for name, want := range map[string]string{"a": "", "b": "saturated 30s to 61s", "c": "saturated 2×, 21s in all"} {
		if got := m.places[m.byName[name]].box.last; got != want {
			t.Errorf("the box of %s says %q, want %q", name, got, want)
		}
	}
}
