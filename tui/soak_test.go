//go:build soak

package tui

import "testing"

// TestSoak: many more random sessions. It takes longer than the ten minutes that a test has
// by default: -timeout 60m.
func TestSoak(t *testing.T) { randomSessions(t, 1000, 2000) }
