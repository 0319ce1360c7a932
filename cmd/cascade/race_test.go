//go:build race

package main

// raced says that the race detector watches: everything takes ten times as long, so there
// is less of what is only more of the same.
const raced = true
