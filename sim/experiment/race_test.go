//go:build race

package experiment

// Raced says that the race detector watches: everything takes ten times as long, and
// nothing here has a second goroutine.
const Raced = true
