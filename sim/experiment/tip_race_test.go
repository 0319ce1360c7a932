//go:build !soak && race

package experiment

// How many searches of each world, and how many may be wrong. There is nothing in more of
// them that a race could hide in.
const claimSearches, claimBound = 5, 3

// How many searches of each world are averaged, with 2,000 runs (fewer with more), and how
// far the average of so few may be off.
const nearSearches, nearRoom = 10, 0.3
