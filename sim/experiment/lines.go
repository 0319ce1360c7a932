package experiment

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
)

// known is a number, or nil where it is none.
func known(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// lines write one JSON object with a key a line, and a line for each member of what is
// large. After an error they write no more.
type lines struct {
	to   io.Writer
	some bool // the list or object that is open has a member
	err  error
}

func (o *lines) text(s string) {
	if o.err == nil {
		_, o.err = io.WriteString(o.to, s)
	}
}

// write writes a text and behind it a value.
func (o *lines) write(before string, v any) {
	o.text(before)
	if raw, ok := v.(json.RawMessage); ok { // a report, as it is
		o.text(string(raw))
		return
	}
	text, err := encode(v)
	if o.err == nil {
		o.err = err
	}
	o.text(string(text))
}

func (o *lines) open(key string, bracket byte) {
	o.write(",\n  ", key)
	o.text(": " + string(bracket))
	o.some = false
}

// item writes a member of a list, or with a key one of an object.
func (o *lines) item(key string, v any) {
	before := "\n    "
	if o.some {
		before = ",\n    "
	}
	o.some = true
	if key != "" {
		o.write(before, key)
		before = ": "
	}
	o.write(before, v)
}

func (o *lines) close(bracket byte) {
	if o.some {
		o.text("\n  ")
	}
	o.text(string(bracket))
}

// key writes a key of the object, and what it has.
func (o *lines) key(name string, v any) {
	o.write(",\n  ", name)
	o.write(": ", v)
}

// encode is the JSON of a value on one line. Expectations and edges are full of > and <,
// which stay as they are.
func encode(v any) ([]byte, error) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), err
}

// keyed are values with a key each, in their order.
type keyed []entry

type entry struct {
	key   string
	value any
}

// MarshalJSON writes them as one object.
func (k keyed) MarshalJSON() ([]byte, error) {
	text := []byte{'{'}
	for i := range k {
		if i > 0 {
			text = append(text, ',')
		}
		for _, v := range []any{k[i].key, k[i].value} {
			part, err := encode(v)
			if err != nil {
				return nil, err
			}
			text = append(append(text, part...), ':')
		}
		text = text[:len(text)-1]
	}
	return append(text, '}'), nil
}
