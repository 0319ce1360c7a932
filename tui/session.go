package tui

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cascade/sim/des"
	"cascade/tui/player"
)

// A session is what hands have done since the screen was opened, and the scenario that
// it comes to. state.changes are always those of given and deeds together.
type session struct {
	given    []Change // with which it began
	deeds    []deed
	written  []Change        // with which the session was last written
	scenario player.Scenario // with all of them; the frame shows it only once the run has arrived
}

// A deed is something that a hand did to the scenario.
type deed struct {
	at      des.Time // of the run
	words   string   // what was done, as in "injected payment-latency at 32.4s"
	drafts  []Draft  // faults that it added
	changes []Change // and what it changed otherwise
	anew    bool     // it is of the whole run, which began anew with it
}

// A held is what a form does to the run while it is open.
type held struct {
	at      des.Time // where the run stands, or will once a seek has arrived: what is done is done then
	playing bool     // it goes on when the form closes
}

// unwritten says whether leaving would lose what was done. Another seed is no loss.
func (c *console) unwritten() bool {
	done := slices.ContainsFunc(c.deeds, func(d deed) bool { return !d.isSeed() })
	return done && c.out.save != nil && !slices.Equal(c.changes, c.written)
}

// hold stops the run for as long as a form is open.
func (c *console) hold() {
	playing := c.player.Playing()
	c.frame = c.player.Pause()
	at := c.frame.Now
	if c.frame.State == player.Seeking {
		at = c.frame.Goal
	}
	c.paused = held{at, playing}
}

// leave closes what lies over the panes, and lets the run go on if that was what stopped it.
func (c *console) leave() {
	c.over = nil
	if c.paused.playing {
		c.player.Play()
	}
	c.paused = held{}
	c.frame = c.player.Frame()
}

// changesOf are the changes that deeds come to, behind those that were given.
func (c *console) changesOf(deeds []deed) []Change {
	all, faults := slices.Clone(c.given), 0
	count := func() {
		if s, problems := c.editor.Read(all); len(problems) == 0 {
			faults = len(s.Plan.Faults)
		}
	}
	count()
	for i := range deeds {
		d := &deeds[i]
		all = c.with(all, faults, d)
		faults += len(d.drafts)
		if slices.ContainsFunc(d.changes, Change.mayAddFaults) {
			count() // to read is what takes the time, and what most deeds come to is known without
		}
	}
	return all
}

// mayAddFaults says whether there may be more faults with a change, or fewer: of the list, or
// of one of its members as a whole.
func (of Change) mayAddFaults() bool {
	return of.Path == "faults" || strings.HasPrefix(of.Path, "faults.") && strings.Count(of.Path, ".") == 1
}

// with adds what a deed comes to, where there are so many faults already. Those that it
// adds stand at the end of the list.
func (c *console) with(changes []Change, faults int, d *deed) []Change {
	for i, draft := range d.drafts {
		changes = append(changes, c.editor.DraftChange(draft, faults+i))
	}
	return append(changes, d.changes...)
}

// now adds a deed to all that was done so far.
func (c *console) now(d *deed) []Change {
	return c.with(slices.Clone(c.changes), len(c.scenario.Plan.Faults), d)
}

// try says what is wrong with a deed, a sentence each.
func (c *console) try(d deed) []string {
	_, problems := c.editor.Read(c.now(&d))
	return problems
}

// do does a deed: from where the run stands it goes on with it, or it begins anew.
// Where something is wrong with it nothing is done, and that is what is returned.
func (c *console) do(d deed) []string {
	changes := c.now(&d)
	s, problems := c.editor.Read(changes)
	if len(problems) > 0 {
		return problems
	}
	c.deeds, c.changes, c.scenario = append(c.deeds, d), changes, s
	c.said = d.words
	if d.anew {
		c.begin(s)
		return nil
	}
	c.player.Amend(s)
	c.goesOn()
	return nil
}

// problem is the first of the problems, as an error; nil where there is none.
func problem(problems []string) error {
	if len(problems) == 0 {
		return nil
	}
	return errors.New(problems[0])
}

// mention says in the footer why something was not done.
func (c *console) mention(err error) {
	if err != nil {
		c.said = err.Error()
	}
}

// goesOn adds to what is said that a run that was held before a form held it is held still.
// That is what the hand has to do next: what was done is cut for it where both are too long.
func (c *console) goesOn() {
	if c.paused.playing {
		return
	}
	next := "; " + c.binding(doPause).keys[0] + " goes on"
	if _, _, w, _ := c.GetRect(); w >= leastWidth {
		c.said = c.look.cut(c.said, w-2-widthOf(next))
	}
	c.said += next
}

// takeBack undoes a deed, and the others on the fault that it added. What was done at
// an instant that is over has changed what happened since: the run goes back to it.
func (c *console) takeBack(place int, now des.Time) []string {
	gone := c.deeds[place]
	var kept []deed
	for i, d := range c.deeds {
		if i == place || len(d.drafts) == 0 && len(d.changes) > 0 && slices.ContainsFunc(d.changes, func(of Change) bool { return gone.isOf(of) }) {
			continue
		}
		kept = append(kept, d)
	}
	changes := c.changesOf(kept)
	s, problems := c.editor.Read(changes)
	if len(problems) > 0 {
		return problems
	}
	c.deeds, c.changes, c.scenario = kept, changes, s
	c.said = "taken back: " + gone.words
	switch {
	case gone.anew:
		c.begin(s)
	case gone.at < now:
		c.player.Seek(gone.at) // first: run and twin differ from there on
		c.player.Amend(s)
		c.said += "; back at " + clockText(gone.at)
		c.goesOn()
	default:
		c.player.Amend(s)
		c.goesOn()
	}
	return nil
}

// isOf says whether a change is of a fault that the deed added.
func (d *deed) isOf(of Change) bool {
	return slices.ContainsFunc(d.drafts, func(added Draft) bool { return strings.HasPrefix(of.Path, "faults."+added.Name+".") })
}

// isSeed says whether a deed is nothing but another seed.
func (d deed) isSeed() bool { return len(d.changes) == 1 && d.changes[0].Path == "seed" }

// added is the place of the deed that added a fault; -1: the scenario has it by itself.
func (c *console) added(fault string) int {
	return slices.IndexFunc(c.deeds, func(d deed) bool {
		return slices.ContainsFunc(d.drafts, func(f Draft) bool { return f.Name == fault })
	})
}

// undo takes the latest deed back.
func (c *console) undo() {
	if len(c.deeds) == 0 {
		c.said = "nothing has been done that could be taken back"
		return
	}
	c.hold()
	c.mention(problem(c.takeBack(len(c.deeds)-1, c.paused.at)))
	c.leave()
}

// forget begins anew without anything that hands did.
func (c *console) forget() {
	if len(c.deeds) == 0 {
		c.said = "nothing has been done"
		return
	}
	s, problems := c.editor.Read(c.given)
	if len(problems) > 0 {
		c.said = problems[0]
		return
	}
	c.deeds, c.changes, c.scenario = nil, slices.Clone(c.given), s
	c.said = "from the beginning, without what had been done"
	c.begin(s)
}

// again begins anew, with the same luck.
func (c *console) again() {
	c.said = fmt.Sprintf("from the beginning, seed %d", c.scenario.Plan.Seed)
	c.begin(c.scenario)
}

// begin starts a scenario from its beginning. At the end of a run nobody has held it, so
// it plays; and if there was a twin it says that it is gone.
func (c *console) begin(s player.Scenario) {
	was := c.player.Frame()
	c.player.Begin(s)
	if was.State == player.AtEnd {
		c.player.Play()
	}
	if was.Twin != nil {
		c.said += "; the twin is gone"
	}
}

// nextSeed begins anew with other luck.
func (c *console) nextSeed() {
	if c.canEdit() {
		c.mention(c.seed(strconv.FormatUint(c.scenario.Plan.Seed+1, 10)))
	}
}

// seed begins anew with the luck of a seed. Only the latest one is kept of the deeds.
func (c *console) seed(seed string) error {
	before := c.session
	c.deeds = slices.DeleteFunc(slices.Clone(c.deeds), deed.isSeed)
	c.changes = c.changesOf(c.deeds)
	err := problem(c.do(deed{words: "from the beginning, seed " + seed, changes: []Change{{"seed", seed}}, anew: true}))
	if err != nil {
		c.session = before
		c.changes = c.changesOf(c.deeds)
	}
	return err
}

// set changes any value of the scenario, and begins anew.
func (c *console) set(path, value string) error {
	return problem(c.do(deed{words: "from the beginning, with " + path + " = " + value, changes: []Change{{path, value}}, anew: true}))
}

// branch keeps the run as it is planned as the twin, or lets the twin go.
func (c *console) branch() {
	if c.frame.Twin != nil {
		c.player.Unbranch()
		c.said = "the twin is gone"
	} else {
		c.player.Branch()
		c.said = "branched at " + clockText(c.player.Frame().Branched) + ": the twin goes on without what is done from now on"
		if c.player.Frame().State == player.AtEnd {
			c.said = "branched at the end: " + c.binding(doBack).keys[0] + " goes back; the twin does without what is done there"
		}
	}
}

// canEdit says that the scenario can be changed, or that it cannot.
func (c *console) canEdit() bool {
	if c.editor == nil {
		c.said = "nothing can be changed here"
	}
	return c.editor != nil
}
