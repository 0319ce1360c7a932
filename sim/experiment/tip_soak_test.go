//go:build soak

package experiment

// How many searches of each world, and how many may be wrong.
const claimSearches, claimBound = 1000, 74
