//go:build !soak && !race

package experiment

// How many searches of each world, and how many may be wrong.
const claimSearches, claimBound = 30, 7
