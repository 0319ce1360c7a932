package tui

import (
	"testing"
	"time"
)

func TestConsoleDraws(t *testing.T) {
	c := consoleAt(t, "slow-dependency", 45*time.Second, newLook(Dark, 256, false))
	t.Log(grid(drawn(t, c, size{80, 24})))
}
