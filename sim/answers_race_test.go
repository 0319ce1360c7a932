//go:build race

package sim_test

// underRaceDetector cuts the studies to a sixth of their runs and leaves their figures
// unjudged: what a run comes to is the same byte for byte, and with so few of them the
// standard error is not known well enough. Every law is checked all the same.
const underRaceDetector = true
