//go:build race

package experiment_test

// raced says that the race detector watches: everything takes ten times as long, and
// nothing here has a second goroutine.
const raced = true
