package tui

import (
	"fmt"
	"strings"

	"cascade/sim/des"
	"cascade/sim/report"
	"cascade/tui/player"
)

const headerLines, footerLines = 2, 1

func clockText(t des.Time) string { return report.ClockText(t) }

// header tells what runs, how far it is, and what is in force.
func (c *console) header(p pen) {
	f, l := c.frame, c.look
	plan := f.Run.Plan
	x := p.text(1, 0, plan.Name, l.title)
	x = p.text(x+2, 0, clockText(f.Now)+" of "+clockText(plan.Duration), l.plain)
	x = p.text(x+2, 0, c.pace(), l.accent)
	if f.Twin != nil {
		x = p.text(x+2, 0, "branched at "+clockText(f.Branched), l.twin)
	}
	p.right(p.w-1, 0, c.verdict(), l.plain)
	active := c.active()
	if active != "" {
		p.text(1, 1, l.cut(active, p.w-2), l.fault)
	}
	_ = x
}

// pace is how time passes.
func (c *console) pace() string {
	f, l := c.frame, c.look
	speed := strings.Replace(f.Speed.String(), "×", l.times, 1)
	switch f.State {
	case player.Playing:
		return l.play + " " + speed
	case player.Seeking:
		return fmt.Sprintf("on the way to %s, %.0f%%", clockText(f.Goal), 100*f.Progress)
	case player.AtEnd:
		return "at the end"
	}
	return l.pause + " paused " + speed
}

// active are the faults in force.
func (c *console) active() string {
	var names []string
	for i, on := range c.frame.Run.Active {
		if on {
			fault := &c.plan().Faults[i]
			names = append(names, fmt.Sprintf("%s (%s on %s)", fault.Name, fault.Kind, fault.On))
		}
	}
	return strings.Join(names, ", ")
}

// verdict is what the expectations come to so far.
func (c *console) verdict() string {
	met, failed := 0, 0
	for i := range c.frame.Run.Report.Expectations {
		if j := &c.frame.Run.Report.Expectations[i]; j.Pass {
			met++
		} else if !j.Undecided {
			failed++
		}
	}
	if met+failed == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d held so far", met, len(c.frame.Run.Report.Expectations))
}

// footer names the keys that matter here.
func (c *console) footer(p pen) {
	l := c.look
	if c.said != "" {
		p.text(1, 0, l.cut(c.said, p.w-2), l.accent)
		return
	}
	if c.over != nil {
		p.text(1, 0, l.cut(c.over.about(), p.w-2), l.dim)
		return
	}
	x := 1
	for _, b := range c.table {
		if b.short == "" {
			continue
		}
		if x+widthOf(b.keys[0])+widthOf(b.short)+3 > p.w {
			break
		}
		x = p.text(x, 0, b.keys[0], l.key)
		x = p.text(x+1, 0, b.short, l.bar) + 2
	}
}
