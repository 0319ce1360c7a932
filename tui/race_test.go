//go:build race

package tui

// raced says that the race detector watches: everything takes many times as long, so
// there is less of what is only more of the same.
const raced = true
