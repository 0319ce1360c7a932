package experiment

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
)

// A Quantity is a number with its unit, as a scenario file writes it: 250ms, 40/s, 5%,
// 32. The unit is kept as it was written.
type Quantity struct {
	Value float64
	Unit  string
}

// units are what a quantity is written in: by what family, and how much of its first.
var units = map[string]struct {
	family string
	size   float64
}{
	"":   {"number", 1},
	"%":  {"share", 1},
	"/s": {"rate", 1}, "/m": {"rate", 1. / 60}, "/h": {"rate", 1. / 3600},
	"ns": {"duration", 1e-9}, "us": {"duration", 1e-6}, "µs": {"duration", 1e-6}, "ms": {"duration", 1e-3}, "s": {"duration", 1}, "m": {"duration", 60}, "h": {"duration", 3600},
}

var quantity = regexp.MustCompile(`^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([a-zµ%/]*)$`)

// ParseQuantity reads a quantity: one number and one unit.
func ParseQuantity(text string) (Quantity, error) {
	parts := quantity.FindStringSubmatch(text)
	if parts == nil {
		return Quantity{}, fmt.Errorf("%q is no number with a unit, such as 250ms, 40/s, 5%% or 32", text)
	}
	if _, ok := units[parts[2]]; !ok {
		return Quantity{}, fmt.Errorf("%q has an unknown unit; write it as 250ms, 40/s, 5%% or 32", text)
	}
	v, err := strconv.ParseFloat(parts[1], 64)
	if err != nil || math.IsInf(v, 0) {
		return Quantity{}, fmt.Errorf("%q is too large a number", text)
	}
	return Quantity{v, parts[2]}, nil
}

// String is the quantity as a scenario file writes it, with at most nine digits.
func (q Quantity) String() string {
	return strconv.FormatFloat(nineDigits(q.Value), 'f', -1, 64) + q.Unit
}

// nineDigits is the number next to v that nine digits write: 0.3 for 0.1 and twice 0.1,
// whatever a machine's floats make of it.
func nineDigits(v float64) float64 {
	v, _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', 9, 64), 64)
	return v
}

// In is the quantity in another unit of its family. The error says that the two do not
// measure the same.
func (q Quantity) In(unit string) (Quantity, error) {
	from, to := units[q.Unit], units[unit]
	if from.family != to.family {
		return q, fmt.Errorf("%s is a %s, and %s stands for a %s", q, from.family, Quantity{1, unit}, to.family)
	}
	if q.Unit == unit {
		return q, nil
	}
	return Quantity{q.Value * from.size / to.size, unit}, nil
}
