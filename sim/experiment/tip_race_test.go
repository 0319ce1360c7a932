//go:build !soak && race

package experiment

// How many searches of each world, and how many may be wrong. There is nothing in more of
// them that a race could hide in.
const claimSearches, claimBound = 5, 3
