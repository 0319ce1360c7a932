package experiment

import (
	"fmt"
	"strings"
	"testing"
)

func TestAxes(t *testing.T) {
	for _, row := range []struct{ text, want string }{
		{"services.payment.threads=8,16,32", "8 16 32"},
		{" traffic.shoppers.rate = 100/s , 200/s", "100/s 200/s"},
		{"duration=5m", "5m"},
		// A comma in brackets or quotes is part of its value.
		{"w=exponential(5ms),lognormal(4ms, 20ms),uniform(1ms,2ms)", "exponential(5ms) lognormal(4ms, 20ms) uniform(1ms,2ms)"},
		{`w="lognormal(4ms, 20ms)",'a, ''b'`, `"lognormal(4ms, 20ms)" 'a, ''b'`},
		{`w="a\", b",c`, `"a\", b" c`},
		{"r={attempts: 2, backoff: [1s, 2s]},{attempts: 3}", "{attempts: 2, backoff: [1s, 2s]} {attempts: 3}"},
		{"w=it's,that's", "it's that's"},
		{"topology=../a.yaml,../b.yaml", "../a.yaml ../b.yaml"},
		// Ranges.
		{"t=8..64/8", "8 16 24 32 40 48 56 64"},
		{"r=100/s..300/s/50/s", "100/s 150/s 200/s 250/s 300/s"},
		{"r=100/s..340/s/100/s", "100/s 200/s 300/s"},
		{"r=1/m..3/m/1/m", "1/m 2/m 3/m"},
		{"r=1/s..3/s/60/m", "60/m 120/m 180/m"},
		{"p=0.1..0.7/0.1", "0.1 0.2 0.3 0.4 0.5 0.6 0.7"},
		{"p=1%..2%/0.5%", "1% 1.5% 2%"},
		{"d=500ms..2s/500ms", "500ms 1000ms 1500ms 2000ms"},
		{"d=1m..2m/20s", "60s 80s 100s 120s"},
		{"d=1h..2h/30m", "60m 90m 120m"},
		{"d=.5s..1s/.25s", "0.5s 0.75s 1s"},
		{"d=1us..2us/500ns", "1000ns 1500ns 2000ns"},
		{"n=-2..2/2", "-2 0 2"},
		{"n=5..5/1", "5"},
		{"n=100..1000/300", "100 400 700 1000"},
		{"t=8..64/x2", "8 16 32 64"},
		{"t=8..100/x2", "8 16 32 64"},
		{"d=10ms..10s/x10", "10ms 100ms 1000ms 10000ms"},
		{"f=1..2/x1.1", "1 1.1 1.21 1.331 1.4641 1.61051 1.771561 1.9487171"},
		{"r=100/s..400/s/x2", "100/s 200/s 400/s"},
		{"t=1,2,4..8/2,x", "1 2 4 6 8 x"},
	} {
		a, err := ParseAxis(row.text)
		if got := strings.Join(a.Values, " "); err != nil || got != row.want {
			t.Errorf("%s: %s (%v), not %s", row.text, got, err, row.want)
		}
		if path, _, _ := strings.Cut(row.text, "="); a.Path != strings.TrimSpace(path) {
			t.Errorf("%s: the path %q", row.text, a.Path)
		}
	}
}

// A step of 0.0001, ten thousand times: no value has a digit too many.
func TestStepsAreExact(t *testing.T) {
	a, err := ParseAxis("p=0..0.9999/0.0001")
	if err != nil || len(a.Values) != 10_000 {
		t.Fatalf("%d values, %v", len(a.Values), err)
	}
	for i, v := range a.Values {
		want := strings.TrimRight(fmt.Sprintf("0.%04d", i), "0")
		if i == 0 {
			want = "0"
		}
		if v != want {
			t.Fatalf("step %d is %s, not %s", i, v, want)
		}
	}
}

func TestAxesThatAreNone(t *testing.T) {
	for _, row := range []struct{ text, want string }{
		{"services.payment.threads", "want PATH=VALUES"},
		{"=1,2", "want PATH=VALUES"},
		{"t=", "there are no values"},
		{"t=  ", "there are no values"},
		{"t=1,,2", "a value is missing"},
		{"t=1,2,", "a value is missing"},
		{"t=8,16,8", "the value 8 stands there twice"},
		{"t=1..4/1,3", "the value 3 stands there twice"},
		{"w=lognormal(4ms, 20ms", "a ) is missing"},
		{`w="lognormal(4ms`, `a " is missing`},
		{"t=8..64", "8..64/8 in steps"},
		{"r=1/s..60/s", "1/s..60/s/1/s in steps"},
		{"t=64..8/8", "a range goes up"},
		{"t=8..64/0", "a step is more than 0"},
		{"t=8..64/-8", "a step is more than 0"},
		{"t=8..64/x1", "a factor is a number above 1"},
		{"t=8..64/x2s", "a factor is a number above 1"},
		{"t=0..64/x2", "begins above 0"},
		{"t=64..8/x2", "a range goes up"},
		{"r=100/s..1000/s/50ms", "the step wants the unit of the ends"},
		{"r=100/s..1000ms/50/s", "both ends want the same unit"},
		{"r=100..1000/s/50/s", "both ends want the same unit"},
		{"d=1x..2x/1x", "unknown unit"},
		{"d=1s..b/1s", "want a range with its step"},
		{"d=1..2/", "want a range with its step"},
		{"t=0..10000/1", "more than 10000 values"},
		{"t=1..2/0.00000000000000000001", "more than 10000 values"},
		{"t=1..2/x1.00000001", "more than 10000 values"},
		{"t=1..1e999999999/1", "want a range with its step"},
		{"t=" + strings.Repeat("9", 40) + "..1/1", ""}, // a value as it stands
	} {
		a, err := ParseAxis(row.text)
		if row.want == "" {
			if err != nil {
				t.Errorf("%s: %v", row.text, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, error %v, not %s", row.text, a.Values, err, row.want)
		}
	}
}

func TestAxesTogether(t *testing.T) {
	axis := func(path string, n int) Axis {
		a := Axis{Path: path}
		for i := range n {
			a.Values = append(a.Values, fmt.Sprint(i))
		}
		return a
	}
	for _, row := range []struct {
		axes []Axis
		sets []Set
		runs int
		want string
	}{
		{axes: []Axis{axis("a.b", 100), axis("a.c", 100)}, runs: 100},
		{axes: []Axis{axis("a.b", 100), axis("a.c", 101)}, runs: 1, want: "more than 10000 settings"},
		{axes: []Axis{axis("a", 10_000), axis("b", 10_000), axis("c", 10_000), axis("d", 10_000), axis("e", 10_000)}, runs: 1, want: "more than 10000 settings"},
		{axes: []Axis{axis("a.b", 100), axis("a.c", 100)}, runs: 101, want: "write --runs 100"},
		{axes: []Axis{axis("a.b", 2), axis("a.b", 2)}, runs: 1, want: "a.b is varied twice"},
		{axes: []Axis{axis("services.a.threads", 2), axis("topology.services.a.threads", 2)}, runs: 1, want: "is varied twice"},
		{axes: []Axis{axis("services.a", 2), axis("services.a.threads", 2)}, runs: 1},
		{axes: []Axis{axis("services.a.threads", 2), axis("services.a", 2)}, runs: 1, want: "services.a would replace services.a.threads; vary it first"},
		{axes: []Axis{axis("services.a", 2), axis("services.ab", 2)}, runs: 1},
		{axes: []Axis{axis("seed", 2)}, runs: 1, want: "the seed is not varied"},
		{axes: []Axis{axis("duration", 2)}, sets: []Set{{"duration", "5m"}}, runs: 1, want: "duration is varied, and set to 5m too"},
		{axes: []Axis{axis("services.a", 2)}, sets: []Set{{"services.a.threads", "5"}}, runs: 1, want: "services.a would replace services.a.threads, which is set to 5"},
		{axes: []Axis{axis("services.a.threads", 2)}, sets: []Set{{"services.a", "{}"}}, runs: 1},
	} {
		err := CheckAxes(row.axes, row.sets, row.runs)
		switch {
		case row.want == "" && err != nil:
			t.Errorf("%v: %v", row.axes[0].Path, err)
		case row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)):
			t.Errorf("%v: error %v, not %s", row.axes[0].Path, err, row.want)
		}
	}
}
