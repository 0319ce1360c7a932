//go:build !race

package trace_test

const underRaceDetector = false
