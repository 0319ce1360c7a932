package tui

import (
	"testing"
	"time"
)

func TestConsoleDraws(t *testing.T) {
	c := consoleAt(t, "slow-dependency", 45*time.Second, newLook(Dark, 256, false))
	c.player.Branch()
	c.player.Seek(60e9)
	for c.player.Frame().State == 2 {
		c.player.Advance()
	}
	c.frame = c.player.Frame()
	for _, s := range sizes {
		t.Log(s, "\n", grid(drawn(t, c, s)))
	}
}
