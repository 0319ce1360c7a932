package tui

import (
	"testing"
	"time"

	"cascade/sim/des"
	"cascade/tui/player"
)

// A whole is a console as somebody left it.
type whole struct {
	name     string
	scenario string
	at       time.Duration
	selected string
	do       []action
	branched bool // ten seconds before, with the fault ended since
}

func wholes() []whole {
	const slow, queue = "slow-dependency", "checkout-email-queue"
	return []whole{
		{name: "map", scenario: slow, at: 45 * time.Second, selected: "checkout", do: []action{doMap}},
		{name: "services", scenario: slow, at: 45 * time.Second, selected: "checkout", do: []action{doServices}},
		{name: "edges", scenario: "dead-dependency-breaker", at: 40 * time.Second, selected: "store->reviews", do: []action{doEdges}},
		{name: "queues", scenario: queue, at: 70 * time.Second, selected: "receipts", do: []action{doQueues}},
		{name: "sources", scenario: slow, at: 45 * time.Second, selected: "visitors", do: []action{doSources}},
		{name: "charts", scenario: slow, at: 45 * time.Second, selected: "checkout", do: []action{doCharts}},
		{name: "story", scenario: slow, at: 70 * time.Second, selected: "gateway", do: []action{doStory}},
		{name: "page", scenario: slow, at: 45 * time.Second, selected: "checkout", do: []action{doOpen}},
		{name: "branch", scenario: slow, at: 45 * time.Second, selected: "gateway", do: []action{doMap}, branched: true},
	}
}

// TestScreens holds whole screens: every view in four sizes, and in ascii, mono, light
// and with 16 colours.
func TestScreens(t *testing.T) {
	type variant struct {
		look string
		size size
	}
	variants := []variant{{"ascii", size{80, 24}}, {"mono", size{80, 24}}, {"ascii", size{120, 40}}, {"light", size{80, 24}}, {"16", size{80, 24}}}
	for _, s := range sizes {
		variants = append(variants, variant{"dark", s})
	}
	for _, s := range wholes() {
		editor := editorOf(t, s.scenario)
		p := playedTo(t, builtin(t, s.scenario), s.at-10*time.Second)
		var changes []Change
		if s.branched {
			p.Branch()
			changes = []Change{{"faults.payment-slow.for", "5s"}}
			healed, problems := editor.Read(changes)
			if problems != nil {
				t.Fatal(problems)
			}
			p.Amend(healed)
		}
		p.Seek(des.Time(s.at))
		for p.Frame().State == player.Seeking {
			p.Advance()
		}
		for _, v := range variants {
			c := newConsole(p, editor, looks()[v.look], changes, nil)
			c.SetRect(0, 0, v.size.w, v.size.h)
			c.selected = s.selected
			for _, a := range s.do {
				c.act(a)
			}
			golden(t, "screen-"+s.name+"-"+v.size.String()+"-"+v.look, grid(drawn(t, c, v.size)))
		}
	}
}
