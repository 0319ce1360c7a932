package experiment

import (
	"math"
	"testing"
)

// The quantiles of Student's t as tables have them.
func TestStudentT(t *testing.T) {
	for _, row := range []struct {
		freedom    int
		confidence float64
		want       float64
	}{
		{1, 0.95, 12.706}, {2, 0.95, 4.303}, {4, 0.95, 2.776}, {9, 0.95, 2.262}, {29, 0.95, 2.045}, {1000, 0.95, 1.962},
		{9, 0.99, 3.250}, {9, 0.90, 1.833}, {100_000, 0.95, 1.960},
	} {
		if got := StudentT(row.freedom, row.confidence); math.Abs(got-row.want) > 0.0006 {
			t.Errorf("t of %d at %v is %.4f, not %.3f", row.freedom, row.confidence, got, row.want)
		}
	}
}

// The interval of nothing in n is known: 1 - (tail)^(1/n), the rule of three.
func TestClopperPearson(t *testing.T) {
	_, high := ClopperPearson(0, 299, 0.90)
	if want := 1 - math.Pow(0.05, 1./299); math.Abs(high-want) > 1e-9 {
		t.Errorf("none of 299: up to %v, not %v", high, want)
	}
	low, high := ClopperPearson(10, 10, 0.95)
	if want := math.Pow(0.025, 0.1); math.Abs(low-want) > 1e-9 || high != 1 {
		t.Errorf("all of 10: %v to %v, not %v to 1", low, high, want)
	}
	// R's binom.test(7, 20).
	low, high = ClopperPearson(7, 20, 0.95)
	if math.Abs(low-0.1539092) > 1e-6 || math.Abs(high-0.5921885) > 1e-6 {
		t.Errorf("7 of 20: %v to %v", low, high)
	}
}
