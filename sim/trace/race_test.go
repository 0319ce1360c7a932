//go:build race

package trace_test

// underRaceDetector says that every step takes ten times as long.
const underRaceDetector = true
