//go:build race

package sim_test

// raced says that the race detector watches: everything takes ten times as long, and
// nothing here has a second goroutine, so there is less of what is only more of the same.
const raced = true
