package tui

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"cascade/sim/des"
	"cascade/sim/report"
	"cascade/tui/player"
)

// A command is what can be typed and has no key, or takes a word that a key cannot give.
type command struct {
	name, takes, about string
	words              func(c *console) []string         // that may follow; nil: none are known
	does               func(c *console, of string) error // the error is a sentence for the hand
}

// commands are those of the command line beside the actions of the table of keys.
func commands() []command {
	alone := func(do func(c *console)) func(*console, string) error { // takes nothing
		return func(c *console, _ string) error {
			do(c)
			return nil
		}
	}
	return []command{
		{"goto", "45s|1:10", "go to an instant", nil, (*console).goToInstant},
		{"speed", "20|max", "virtual seconds a second", func(*console) []string { return []string{"1", "10", "100", "1000", "max"} }, (*console).speed},
		{"view", "NAME", "go to a view", (*console).viewNames, (*console).viewNamed},
		{"select", "NAME", "select a service, operation, edge, queue or source", (*console).names, (*console).selects},
		{"inject", "[KIND [ON]]", "open the form of a fault", (*console).kindNames, (*console).injectNamed},
		{"dial", "[NAME]", "turn a dial of something", (*console).names, (*console).dialNamed},
		{"heal", "[FAULT]", "end a fault", (*console).faultNames, (*console).healNamed},
		{"faults", "", "the faults in force and to come", nil, alone((*console).faultsList)},
		{"expectations", "", "what must hold, and how it stands", nil, alone((*console).listExpectations)},
		{"set", "PATH=VALUE", "change anything of the scenario, and begin anew", nil, (*console).setPair},
		{"seed", "N", "begin anew with other luck", nil, (*console).seedNamed},
		{"changes", "", "what was done so far", nil, alone((*console).listDeeds)},
		{"undo", "", "take back what was done last", nil, alone((*console).undo)},
		{"forget", "", "begin anew without all that was done", nil, alone((*console).forget)},
		{"sort", "[COLUMN]", "sort the table by a column, by name or as in the file", (*console).sortNames, (*console).sortNamed},
		{"filter", "[WORD]", "list only what has a word in its name", nil, func(c *console, of string) error { c.filter = of; return nil }},
		{"write", "[FILE]", "write the session as a scenario", nil, writeCommand(writeSession)},
		{"report", "FILE", "write the report, as JSON", nil, writeCommand(writeReport)},
		{"screen", "FILE.txt|.svg", "write the screen, as text or as a picture", nil, writeCommand("")},
		{"theme", "dark|light|mono", "other colours", themeNames, (*console).theme},
		{"q!", "", "quit without being asked", nil, alone(func(c *console) { c.act(doQuit) })},
	}
}

// run does what a line says, and returns what is wrong with it.
func (c *console) run(line string) error {
	name, of, _ := strings.Cut(strings.TrimSpace(line), " ")
	of = strings.TrimSpace(of)
	all := commands()
	i := slices.IndexFunc(all, func(m command) bool { return m.name == name })
	isAction := slices.ContainsFunc(c.table, func(b binding) bool { return string(b.action) == name })
	switch {
	case name == "":
		return nil
	case of == "" && isAction:
		c.pressNamed(action(name))
		return nil
	case of == "" && c.keys[name] != "": // :q and :w are in many hands
		c.pressNamed(c.keys[name])
		return nil
	case i < 0 && !isAction:
		near := meant(name, c.commandNames())
		if near == "" {
			near = fmt.Sprintf("; %s names them all", c.binding(doHelp).keys[0])
		}
		return fmt.Errorf("no command %q%s", name, near)
	case i < 0 || of != "" && all[i].takes == "":
		return fmt.Errorf("nothing follows %s, and %q does", name, of)
	case of == "" && all[i].takes != "" && !strings.HasPrefix(all[i].takes, "["):
		return fmt.Errorf("%s what? write %s %s", name, name, all[i].takes)
	}
	return all[i].does(c, of)
}

// pressNamed does what the first key of an action does, and asks what that asks.
func (c *console) pressNamed(a action) { c.press(a, c.binding(a).keys[0]) }

// commandNames are all that a line may begin with.
func (c *console) commandNames() []string {
	var names []string
	for _, m := range commands() {
		names = append(names, m.name)
	}
	for _, b := range c.table {
		if !slices.Contains(names, string(b.action)) {
			names = append(names, string(b.action))
		}
	}
	slices.Sort(names)
	return names
}

func (c *console) goToInstant(of string) error {
	at, ok := instant(of)
	if !ok {
		return fmt.Errorf("%q is no instant; write it as in goto 45s, goto 1m10s or goto 1:10", of)
	}
	if end := c.plan().Duration; at > end {
		c.said = "the run ends at " + clockText(end)
	}
	c.player.Seek(at)
	return nil
}

// instant is what a hand means by a time of the run: 45s, 1m10s, 1:10 or 1:02:03.5, or
// seconds.
func instant(of string) (des.Time, bool) {
	if d, err := time.ParseDuration(of); err == nil {
		return des.Time(d), d >= 0
	}
	parts, seconds := strings.Split(of, ":"), 0.0
	for i, part := range parts {
		v, err := strconv.ParseFloat(part, 64)
		whole := i == len(parts)-1 || v == math.Trunc(v) // only of seconds there are parts
		if err != nil || !(v >= 0) || i > 0 && v >= 60 || i > 2 || !whole {
			return 0, false
		}
		seconds = 60*seconds + v
	}
	return des.Time(math.Round(seconds * float64(second))), seconds < math.MaxInt64/float64(second)
}

func (c *console) speed(of string) error {
	s, err := player.ParseSpeed(of)
	if err != nil {
		return fmt.Errorf("%q is no speed; %w", of, err)
	}
	c.setSpeed(s)
	return nil
}

func (*console) viewNames() []string {
	var names []string
	for _, a := range viewActions { // what a view is called in its title tells more
		names = append(names, string(a))
	}
	return names
}

func (c *console) viewNamed(of string) error {
	i := slices.Index(c.viewNames(), of)
	if i < 0 {
		return fmt.Errorf("no view %q%s", of, oneOf(of, c.viewNames()))
	}
	c.show(shown{view: i})
	return nil
}

func (c *console) selects(of string) error {
	if find(c.plan(), of).kind == noTarget {
		return fmt.Errorf("there is no %q%s", of, meant(of, c.names()))
	}
	c.selected = of
	return nil
}

// sortNames are what the table in sight can be sorted by; none, where there is none.
func (c *console) sortNames() []string {
	t := c.tableInSight()
	if t == nil {
		return nil
	}
	t.list()
	names := []string{"file", "name"}
	for i := range t.columns {
		if t.sorts(i) {
			names = append(names, t.columns[i].called())
		}
	}
	return names
}

// tableInSight is that where the hand is, or else the one that was chosen.
func (c *console) tableInSight() *table {
	if t, ok := c.focused().(*table); ok {
		return t
	}
	t, _ := c.views[c.chosen].(*table)
	return t
}

func (c *console) sortNamed(of string) error {
	t := c.tableInSight()
	if t == nil {
		return errors.New("no table is in sight to be sorted")
	}
	names := c.sortNames()
	if !slices.Contains(names, of) {
		return fmt.Errorf("no column %q%s", of, oneOf(of, names))
	}
	switch of {
	case "file":
		t.sortBy(byFile)
	case "name":
		t.sortBy(byName)
	default:
		t.sortBy(slices.IndexFunc(t.columns, func(k column) bool { return k.called() == of }))
	}
	return nil
}

func (c *console) kindNames() []string {
	if c.editor == nil {
		return nil
	}
	var names []string
	for _, k := range c.editor.FaultKinds() {
		names = append(names, k.Name)
	}
	return names
}

func (c *console) injectNamed(of string) error {
	kind, on, _ := strings.Cut(of, " ")
	if !slices.Contains(c.kindNames(), kind) {
		return fmt.Errorf("no kind of fault %q%s", kind, oneOf(kind, c.kindNames()))
	}
	if on = strings.TrimSpace(on); on != "" && !slices.Contains(c.editor.Targets(c.scenario.Plan, kind), on) {
		return fmt.Errorf("%s cannot be on %q%s", kind, on, meant(on, c.editor.Targets(c.scenario.Plan, kind)))
	}
	c.inject(kind, on)
	return nil
}

func (c *console) dialNamed(of string) error {
	if find(c.plan(), of).kind == noTarget {
		return fmt.Errorf("there is no %q%s", of, meant(of, c.names()))
	}
	c.dial(of)
	return nil
}

func (c *console) faultNames() []string {
	var names []string
	for i := range c.scenario.Plan.Faults {
		names = append(names, c.scenario.Plan.Faults[i].Name)
	}
	return names
}

func (c *console) setPair(of string) error {
	path, value, ok := strings.Cut(of, "=")
	if !ok {
		return fmt.Errorf("%q sets nothing; write set PATH=VALUE, as in set services.payment.threads=64", of)
	}
	if !c.canEdit() {
		return nil
	}
	return c.set(strings.TrimSpace(path), strings.TrimSpace(value))
}

func (c *console) seedNamed(of string) error {
	if !c.canEdit() {
		return nil
	}
	return c.seed(of)
}

func themeNames(*console) []string { return []string{string(Dark), string(Light), string(Mono)} }

func (c *console) theme(of string) error {
	t := Theme(of)
	if !slices.Contains(themeNames(c), of) {
		return fmt.Errorf("no theme %q%s", of, oneOf(of, themeNames(c)))
	}
	c.look = newLook(t, c.look.colors, c.look.ascii) // another one: by that views know that what they keep is of old colours
	return nil
}

// writeCommand writes a file; what it is of may lie in its name.
func writeCommand(what string) func(*console, string) error {
	return func(c *console, file string) error {
		of := what
		if of == "" {
			if of = contentOf(file); of != writeText && of != writeSVG {
				return fmt.Errorf("%s would be text or a picture? write screen FILE.txt or screen FILE.svg", file)
			}
		}
		said, err := c.write(of, file, false)
		if errors.Is(err, ErrExists) {
			c.writeOver(of, file)
			return nil
		}
		if err == nil {
			c.said = said
		}
		return err
	}
}

// listDeeds shows what was done so far, of which the last can be taken back.
func (c *console) listDeeds() {
	if len(c.deeds) == 0 {
		c.said = "nothing has been done yet"
		return
	}
	h := &helping{console: c, title: "what was done so far"}
	var rows []finderRow
	for i, d := range c.deeds {
		row := finderRow{text: d.words, draw: func(p pen) { p.text(0, 0, c.look.cut(d.words, p.w), c.look.plain) }}
		if i == len(c.deeds)-1 {
			row.about, row.does = "enter takes it back", c.undo
		} else {
			row.about = "only what was done last can be taken back"
			row.does = func() { c.said, c.over = row.about, h }
		}
		rows = append(rows, row)
	}
	h.finder = newFinder(c.look, rows)
	h.at = len(rows) - 1
	c.over = h
}

// listExpectations shows what the scenario says must hold, and how it stands where the run
// is held.
func (c *console) listExpectations() {
	if len(c.frame.Run.Report.Expectations) == 0 {
		c.said = "this scenario expects nothing"
		return
	}
	c.hold()
	var rows []finderRow
	for i := range c.frame.Run.Report.Expectations {
		j := &c.frame.Run.Report.Expectations[i]
		style, mark := c.look.level(report.OK)
		switch {
		case j.Undecided:
			style, mark = c.look.dim, "?"
		case !j.Pass:
			style, mark = c.look.level(report.Critical)
		}
		text, outcome := strings.Join(strings.Fields(j.Text), " "), j.Outcome()
		row := finderRow{text: text}
		if j.Why != "" { // a sentence: it has the foot of the list to itself
			row.about, outcome = outcome, ""
		}
		row.draw = func(p pen) {
			p.text(0, 0, mark, style)
			p.text(2, 0, c.look.cut(text, p.w-4-widthOf(outcome)), c.look.plain)
			p.right(p.w, 0, outcome, style)
		}
		rows = append(rows, row)
	}
	c.over = &helping{console: c, finder: newFinder(c.look, rows), title: "what must hold"}
}
