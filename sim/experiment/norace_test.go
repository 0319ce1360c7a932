//go:build !race

package experiment_test

const raced = false
