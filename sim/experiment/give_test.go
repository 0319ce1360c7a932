package experiment

import (
	"math"
	"testing"
)

func TestGive(t *testing.T) {
	for _, row := range []struct {
		m       Measure
		v, half float64
		want    string
	}{
		{Fraction, 0.83912, 0.00098, "83.91 ±0.10%"}, {Fraction, 0.84133, 0.0013, "84.13 ±0.13%"}, {Fraction, 0.12211, 0.00041, "12.21 ±0.04%"},
		{Fraction, 1, 0, "100%"}, {Fraction, 0.5, 0.064, "50 ±6%"}, {Fraction, 0.5, 0.16, "50 ±16%"}, {Fraction, 0.0001, 1e-9, "0.0100 ±0.0001%"}, {Fraction, 0, 0, "0%"}, {Fraction, 1e-5, 0, "<0.01%"}, {Fraction, 0.99999, 0, ">99.9%"}, {Fraction, 0.9991, 0, "99.9%"}, {Fraction, 0.00516, 0.000011, "0.516 ±0.001%"},
		{Seconds, 1.597, 0.0039, "1.597 ±0.004s"}, {Seconds, 0.0043212, 0.000023, "4.32 ±0.02ms"}, {Seconds, 0.000012, 0.000003, "12 ±3us"}, {Seconds, 5e-9, 1e-9, "5.0 ±1.0ns"},
		{Seconds, 0, 0, "0s"}, {Seconds, 900, 30, "15.0 ±0.5m"}, {Seconds, 36000, 3600, "10.0 ±1.0h"}, {Seconds, 0.1, math.NaN(), "100ms"},
		{Number, 126.3, 0.34, "126.3 ±0.3"}, {Number, 1234, 0, "1234"}, {Number, 123_456, 789, "123.5 ±0.8k"}, {Number, 2, 0.0199, "2.00 ±0.02"}, {Number, 7_654_321, 12_000, "7.65 ±0.01M"},
		{Number, 98_765, 4321, "98765 ±4321"}, {Number, -3, 1.5, "-3.0 ±1.5"},
	} {
		if got := row.m.Give(row.v, row.half, "±"); got != row.want {
			t.Errorf("%v of %v: %q, not %q", row.v, row.half, got, row.want)
		}
	}
}
