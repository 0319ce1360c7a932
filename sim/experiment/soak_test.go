//go:build soak

package experiment_test

import "testing"

// TestIntervalsCoverQueues: how many wait is skewed, and takes more runs until its mean
// is near enough to normal: 1000 experiments of 40 runs each of 16 seconds. It may stray
// by 0.7 points (one standard deviation).
func TestIntervalsCoverQueues(t *testing.T) {
	for i, share := range coverage(t, 1000, 40, 16, []truth{{"waiting", 0.5, waiting, student}, {"utilization", 0.5, utilization, student}}) {
		t.Logf("%.1f%%", 100*share)
		if share < 0.93 || share > 0.97 {
			t.Errorf("the interval of the %s holds in %.1f%% of experiments", []string{"waiting", "utilization"}[i], 100*share)
		}
	}
}
