//go:build soak

package experiment

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestFalseAlarmsOfScenarios: 300 runs of each of these built-in scenarios, of which two
// lots of 20 are drawn again and again and compared, with no tolerance. Nothing differs
// but luck; in one of the scenarios it decides which runs collapse. At most 5% of 1,000
// comparisons (and 2 points of luck) find a headline better or worse.
func TestFalseAlarmsOfScenarios(t *testing.T) {
	const experiments, pool, n = 1000, 300, 20
	none := Tolerance{Named: map[string]float64{}}
	for _, name := range Headlines() {
		none.Named[name] = 0
	}
	random := rand.New(rand.NewPCG(7, 7))
	for _, name := range []string{"slow-dependency", "near-the-knee", "retry-storm"} {
		runs := builtinRuns(t, name, pool).Records
		for i := range runs { // the others are not judged, and take their time
			runs[i].Metrics = slices.DeleteFunc(runs[i].Metrics, func(m Metric) bool {
				_, known := traitOf(m.Path)
				return known.rank != leading
			})
		}
		alarms := 0
		for range experiments {
			random.Shuffle(pool, func(i, k int) { runs[i], runs[k] = runs[k], runs[i] })
			c, err := Compare(Side{Records: runs[:n]}, Side{Records: runs[n : 2*n]}, none)
			if err != nil {
				t.Fatal(err)
			}
			if c.Paired {
				t.Fatal("in pairs")
			}
			if c.Verdict == Better || c.Verdict == Worse || c.Verdict == Mixed {
				alarms++
			}
		}
		t.Logf("%s: %d of %d", name, alarms, experiments)
		if alarms > experiments*7/100 {
			t.Errorf("%s: %d of %d comparisons of nothing with nothing find something", name, alarms, experiments)
		}
	}
}
