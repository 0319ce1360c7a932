//go:build !soak

package sim_test

// moreRuns is by how much the runs of a study are multiplied.
const moreRuns = 1
