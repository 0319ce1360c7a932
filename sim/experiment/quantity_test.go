package experiment

import "testing"

func TestQuantities(t *testing.T) {
	for _, row := range []struct{ text, unit, want string }{
		{"250ms", "s", "0.25s"}, {"1.5s", "ms", "1500ms"}, {"2m", "s", "120s"}, {"90/m", "/s", "1.5/s"}, {"40/s", "/s", "40/s"},
		{"5%", "%", "5%"}, {"32", "", "32"}, {"1e3", "", "1000"}, {"-1.50", "", "-1.5"}, {"0.1s", "s", "0.1s"},
	} {
		q, err := ParseQuantity(row.text)
		if err != nil {
			t.Errorf("%s: %v", row.text, err)
			continue
		}
		got, err := q.In(row.unit)
		if err != nil || got.String() != row.want {
			t.Errorf("%s in %q is %v (%v), not %s", row.text, row.unit, got, err, row.want)
		}
	}
	for _, text := range []string{"", "ms", "1x", "1/d", "1h30m", "1 s", "exponential(5ms)", "1e999"} {
		if q, err := ParseQuantity(text); err == nil {
			t.Errorf("%q is read as %v", text, q)
		}
	}
	if q, err := (Quantity{5, "ms"}).In("/s"); err == nil {
		t.Errorf("5ms as a rate is %v", q)
	}
	// A step in floats does not show: 0.1 and 0.2 are 0.3.
	if got := (Quantity{0.1 + 0.2, "s"}).String(); got != "0.3s" {
		t.Errorf("0.1s and 0.2s are %s", got)
	}
}
