package tui

import (
	"testing"
	"time"

	"github.com/gdamore/tcell/v2"

	"cascade/tui/player"
)

// BenchmarkDraw is what the screen costs a frame beside the engine's work, at ten frames a
// second: a percent of a core is a millisecond a frame. Every frame is another instant of
// the run, as when it is played.
func BenchmarkDraw(b *testing.B) {
	for _, name := range []string{"slow-dependency", "retry-storm", "hot-partition"} {
		p := player.New(builtin(b, name), player.Options{})
		var frames []*player.Frame
		for range 60 {
			p.Step(1)
			for p.Frame().State == player.Seeking {
				p.Advance()
			}
			frames = append(frames, p.Frame())
		}
		for _, at := range []size{{80, 24}, {120, 40}, {200, 60}} {
			for v, view := range viewActions {
				if v != mapView && at.w != 120 {
					continue
				}
				b.Run(name+"/"+string(view)+"/"+at.String(), func(b *testing.B) {
					screen := tcell.NewSimulationScreen("UTF-8")
					if err := screen.Init(); err != nil {
						b.Fatal(err)
					}
					defer screen.Fini()
					screen.SetSize(at.w, at.h)
					c := newConsole(p, nil, newLook(Dark, 256, false), nil, nil)
					c.SetRect(0, 0, at.w, at.h)
					c.act(view)
					n := 0
					for b.Loop() {
						c.frame = frames[n%len(frames)]
						n++
						screen.Clear()
						c.Draw(screen)
						screen.Show()
					}
					b.ReportMetric(10*b.Elapsed().Seconds()/float64(n)*100, "%-of-a-core")
				})
			}
		}
	}
}

// BenchmarkOpen is the time from a scenario that is read to the first frame.
func BenchmarkOpen(b *testing.B) {
	s := builtin(b, "slow-dependency")
	for b.Loop() {
		screen := tcell.NewSimulationScreen("UTF-8")
		if err := screen.Init(); err != nil {
			b.Fatal(err)
		}
		c := newConsole(player.New(s, player.Options{}), nil, newLook(Dark, 256, false), nil, nil)
		c.SetRect(0, 0, 80, 24)
		c.Draw(screen)
		screen.Show()
		screen.Fini()
	}
	if per := b.Elapsed() / time.Duration(b.N); per > 0 {
		b.ReportMetric(float64(per)/1e6, "ms/open")
	}
}
