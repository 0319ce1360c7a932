package experiment

import (
	"math"
	"strconv"
)

// A Measure is what a number of a report measures, as it is written with what it may be
// off by.
type Measure uint8

// The measures.
const (
	Number   Measure = iota // a count, a rate a second, a ratio
	Fraction                // of all, 0 to 1
	Seconds                 // of time
)

// scales are the units of each measure: from which size on a number is written in it.
var scales = [...][]struct {
	from, size float64
	unit       string
}{
	Number:   {{1e9, 1e9, "G"}, {1e6, 1e6, "M"}, {1e5, 1e3, "k"}, {0, 1, ""}},
	Fraction: {{0, 0.01, "%"}},
	Seconds:  {{2 * 3600, 3600, "h"}, {600, 60, "m"}, {1, 1, "s"}, {1e-3, 1e-3, "ms"}, {1e-6, 1e-6, "us"}, {0, 1e-9, "ns"}},
}

// maxDecimals bounds the digits behind the point.
const maxDecimals = 4

// Give writes a number with what it may be off by to either side, the unit once: "83.9
// ±0.1%", "1.597 ±0.004s". What it is off by has one digit, or two where the first is a 1
// and there is room, and the number as many decimals. sign stands between them. Where half is 0 or none the
// number stands alone, with three digits.
func (m Measure) Give(v, half float64, sign string) string {
	scale := scales[m][len(scales[m])-1]
	for _, s := range scales[m] {
		if math.Abs(v) >= s.from {
			scale = s
			break
		}
	}
	v, half = v/scale.size, half/scale.size
	if v == 0 && m == Seconds {
		scale.unit = "s"
	}
	if !(half > 0) || math.IsInf(half, 0) {
		if m == Fraction { // nothing and all are exactly that
			switch {
			case v > 0 && v < 0.01:
				return "<0.01%"
			case v >= 99.95 && v < 100:
				return ">99.9%"
			}
		}
		text := strconv.FormatFloat(v, 'g', 3, 64)
		if short, _ := strconv.ParseFloat(text, 64); math.Abs(short) < 1000 {
			v = short
		} else {
			v = math.Round(v)
		}
		return strconv.FormatFloat(v, 'f', -1, 64) + scale.unit
	}
	size := math.Floor(math.Log10(half))
	digits := 1.0
	if half/math.Pow(10, size) < 1.95 && size > -2 {
		digits = 2
	}
	decimals := min(max(int(digits-1-size), 0), maxDecimals)
	half = max(half, math.Pow(10, -maxDecimals)) // less is not seen
	return strconv.FormatFloat(v, 'f', decimals, 64) + " " + sign + strconv.FormatFloat(half, 'f', decimals, 64) + scale.unit
}
