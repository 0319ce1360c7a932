// Package apart says what memory two values have in common. It is for tests of
// copies: what a field that was forgotten in one still shares with the original shows
// here, though no run may ever stumble over it.
//
//	for _, path := range apart.Shared(a, a.Clone(), nil) { … }
package apart

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
)

// Shared lists, without repeats, by which ways through b, which must be pointers as a
// is, memory is reached that a reaches too, as in "edges[].callers[].breaker". What
// allowed agrees to is shared on purpose and not looked into: it is asked of each way
// and of the type of what is there, of a slice or a map that of its elements; nil
// agrees to nothing. Strings never change. What a function has caught is not seen.
func Shared(a, b any, allowed func(path string, t reflect.Type) bool) []string {
	if allowed == nil {
		allowed = func(string, reflect.Type) bool { return false }
	}
	of := func(v any) []place {
		w := walk{allowed: allowed, been: map[visit]bool{}, leading: map[reflect.Type]bool{}}
		w.value(reflect.ValueOf(v), "")
		return w.places
	}
	mine := of(a)
	slices.SortFunc(mine, func(x, y place) int { return cmp.Compare(x.from, y.from) })
	upTo := make([]uintptr, len(mine)+1) // how far the first so many reach
	for i, p := range mine {
		upTo[i+1] = max(upTo[i], p.to)
	}
	var paths []string
	for _, p := range of(b) {
		n, _ := slices.BinarySearchFunc(mine, p.to, func(m place, to uintptr) int { return cmp.Compare(m.from, to) })
		if upTo[n] > p.from { // some of those that begin before p's end
			paths = append(paths, p.path)
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// A place is memory, and a way to it.
type place struct {
	from, to uintptr
	path     string
}

type visit struct {
	at uintptr
	of reflect.Type
}

type walk struct {
	allowed func(string, reflect.Type) bool
	been    map[visit]bool
	leading map[reflect.Type]bool // types that lead to other memory, of those asked for
	places  []place
}

// enter notes so much memory, and says whether it is to be looked into.
func (w *walk) enter(v reflect.Value, size uintptr, path string) bool {
	at := v.Pointer()
	if at == 0 || size == 0 || w.allowed(path, v.Type().Elem()) {
		return false
	}
	if k := (visit{at, v.Type()}); w.been[k] {
		return false
	} else {
		w.been[k] = true
	}
	w.places = append(w.places, place{at, at + size, path})
	return true
}

func (w *walk) value(v reflect.Value, path string) {
	switch v.Kind() {
	case reflect.Pointer:
		if w.enter(v, v.Type().Elem().Size(), path) {
			w.value(v.Elem(), path)
		}
	case reflect.Interface:
		if !v.IsNil() {
			w.value(v.Elem(), path)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); w.leads(f.Type()) {
				w.value(f, path+"."+v.Type().Field(i).Name)
			}
		}
	case reflect.Array:
		w.elements(v, path)
	case reflect.Slice:
		if w.enter(v, uintptr(v.Cap())*v.Type().Elem().Size(), path) {
			w.elements(v, path)
		}
	case reflect.Map:
		if w.enter(v, 1, path) && (w.leads(v.Type().Key()) || w.leads(v.Type().Elem())) {
			for entries := v.MapRange(); entries.Next(); {
				w.value(entries.Key(), path+"[]")
				w.value(entries.Value(), path+"[]")
			}
		}
	case reflect.Chan, reflect.UnsafePointer:
		panic(fmt.Sprintf("apart: %s is a %s, and what is behind it cannot be told", path, v.Kind()))
	}
}

func (w *walk) elements(v reflect.Value, path string) {
	if !w.leads(v.Type().Elem()) {
		return
	}
	for i := range v.Len() {
		w.value(v.Index(i), path+"[]")
	}
}

// leads says whether a value of a type may lead to other memory.
func (w *walk) leads(t reflect.Type) bool {
	leads, known := w.leading[t]
	if known {
		return leads
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Slice, reflect.Map, reflect.Chan, reflect.UnsafePointer:
		leads = true
	case reflect.Array:
		leads = w.leads(t.Elem())
	case reflect.Struct:
		for i := 0; i < t.NumField() && !leads; i++ {
			leads = w.leads(t.Field(i).Type)
		}
	}
	w.leading[t] = leads
	return leads
}
