//go:build !race

package sim_test

const underRaceDetector = false
