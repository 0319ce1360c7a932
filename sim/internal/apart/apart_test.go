package apart

import (
	"reflect"
	"slices"
	"testing"
)

type leaf struct{ n int }

type tree struct {
	kids  []*tree
	leaf  *leaf
	inner struct{ list []leaf }
	names map[string]*leaf
	any   any
}

func grown() *tree {
	t := &tree{leaf: &leaf{1}, names: map[string]*leaf{"a": {2}}, any: &leaf{3}}
	t.inner.list = make([]leaf, 2, 4)
	t.kids = []*tree{{leaf: &leaf{4}}, t} // a circle
	return t
}

func TestSharedIsFound(t *testing.T) {
	for _, row := range []struct {
		share func(a, b *tree)
		want  []string
	}{
		{func(a, b *tree) {}, nil},
		{func(a, b *tree) { b.leaf = a.leaf }, []string{".leaf"}},
		{func(a, b *tree) { b.kids = a.kids[:1:1] }, []string{".kids", ".kids[]", ".kids[].leaf"}},
		{func(a, b *tree) { b.kids[0].leaf = a.kids[0].leaf }, []string{".kids[].leaf"}},
		{func(a, b *tree) { b.names = a.names }, []string{".names", ".names[]"}},
		{func(a, b *tree) { b.names["b"] = a.names["a"] }, []string{".names[]"}},
		{func(a, b *tree) { b.any = a.any }, []string{".any"}},
		{func(a, b *tree) { b.leaf = &a.inner.list[1] }, []string{".leaf"}},             // within what a holds
		{func(a, b *tree) { b.inner.list = a.inner.list[2:] }, []string{".inner.list"}}, // where a would grow
		{func(a, b *tree) { b.inner.list = a.inner.list[:0:0] }, nil},                   // no memory
		{func(a, b *tree) { a.leaf, b.leaf = nil, nil }, nil},
	} {
		a, b := grown(), grown()
		row.share(a, b)
		if got := Shared(a, b, nil); !slices.Equal(got, row.want) {
			t.Errorf("got %q, want %q", got, row.want)
		}
	}
	a, b := grown(), grown()
	b.leaf, b.any = a.leaf, a.any
	if got := Shared(a, b, func(path string, of reflect.Type) bool { return path == ".leaf" && of == reflect.TypeFor[leaf]() }); !slices.Equal(got, []string{".any"}) {
		t.Errorf("got %q with .leaf allowed", got)
	}
}
