//go:build !soak && !race

package experiment

// How many searches of each world, and how many may be wrong.
const claimSearches, claimBound = 30, 7

// How many searches of each world are averaged, with 2,000 runs (fewer with more), and how
// far the average of so few may be off.
const nearSearches, nearRoom = 40, 0
