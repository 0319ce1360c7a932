//go:build !race

package experiment

const Raced = false
