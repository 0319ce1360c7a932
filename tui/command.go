package tui

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gdamore/tcell/v2"
	"github.com/rivo/tview"

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
	none := func(do func(c *console)) func(*console, string) error {
		return func(c *console, of string) error {
			if of != "" {
				return fmt.Errorf("nothing follows here, and %q does", of)
			}
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
		{"faults", "", "the faults in force and to come", nil, none((*console).faultsList)},
		{"expectations", "", "what must hold, and how it stands", nil, none((*console).listExpectations)},
		{"set", "PATH=VALUE", "change anything of the scenario, and begin anew", nil, (*console).setPair},
		{"seed", "N", "begin anew with other luck", nil, (*console).seedNamed},
		{"changes", "", "what was done so far", nil, none((*console).listDeeds)},
		{"undo", "", "take back what was done last", nil, none((*console).undo)},
		{"forget", "", "begin anew without all that was done", nil, none((*console).forget)},
		{"sort", "[COLUMN]", "sort the table by a column, by name or as in the file", (*console).sortNames, (*console).sortNamed},
		{"filter", "[WORD]", "list only what has a word in its name", nil, func(c *console, of string) error { c.filter = of; return nil }},
		{"write", "[FILE]", "write the session as a scenario", nil, writeCommand(writeSession)},
		{"report", "FILE", "write the report, as JSON", nil, writeCommand(writeReport)},
		{"screen", "FILE.txt|.svg", "write the screen, as text or as a picture", nil, writeCommand("")},
		{"theme", "dark|light|mono", "other colours", themeNames, (*console).theme},
	}
}

// run does what a line says, and returns what is wrong with it.
func (c *console) run(line string) error {
	name, of, _ := strings.Cut(strings.TrimSpace(line), " ")
	of = strings.TrimSpace(of)
	if name == "" {
		return nil
	}
	if i := slices.IndexFunc(commands(), func(m command) bool { return m.name == name }); i >= 0 {
		m := commands()[i]
		isAction := slices.ContainsFunc(c.table, func(b binding) bool { return string(b.action) == name })
		if of == "" && isAction {
			c.pressNamed(action(name))
			return nil
		}
		if of == "" && m.takes != "" && !strings.HasPrefix(m.takes, "[") {
			return fmt.Errorf("%s what? write %s %s", name, name, m.takes)
		}
		return m.does(c, of)
	}
	if slices.ContainsFunc(c.table, func(b binding) bool { return string(b.action) == name }) {
		if of != "" {
			return fmt.Errorf("nothing follows %s, and %q does", name, of)
		}
		c.pressNamed(action(name))
		return nil
	}
	if a := c.keys[name]; a != "" && of == "" { // :q and :w are in many hands
		c.pressNamed(a)
		return nil
	}
	near := meant(name, c.commandNames())
	if near == "" {
		near = fmt.Sprintf("; %s names them all", c.binding(doHelp).keys[0])
	}
	return fmt.Errorf("no command %q%s", name, near)
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
	if of == "max" {
		c.setSpeed(player.Max)
		return nil
	}
	v, err := strconv.ParseFloat(strings.TrimLeft(of, "×x"), 64)
	if err != nil || !(v >= 0.1 && v <= 1000) {
		return fmt.Errorf("%q is no speed; it is from 0.1 to 1000, or max", of)
	}
	c.setSpeed(player.Speed(v))
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
			if of = screenKind(file); of == "" {
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

// A commanding is the line on which a command is typed, with what may stand there in a
// list above it.
type commanding struct {
	*console
	input *field
	at    int    // of the list; -1: none is chosen
	typed string // before one was chosen
	back  int    // how far back in the history
	wrong string

	in    string // of a path to be set: up to its last dot
	known []Key  // what may follow there
}

// command opens the line with a beginning.
func (c *console) command(line string) {
	m := &commanding{console: c, input: newField(c.look, "", line), at: -1}
	m.typed = line
	c.over = m
}

// offers are the words that may stand where the hand is, with what they mean; before
// is what stands before it.
func (m *commanding) offers() (before string, offers []choice) {
	line := m.typed
	name, of, spaced := strings.Cut(line, " ")
	f := field{input: tview.NewInputField(), choices: m.words(name, spaced)}
	if spaced {
		before, f.choices = name+" ", m.words(name, true)
		switch kind, on, more := strings.Cut(of, " "); {
		case m.editor == nil:
		case name == "set":
			f.choices = m.paths(of)
		case name == "inject" && more:
			before, of, f.choices = before+kind+" ", on, nil
			for _, target := range m.editor.Targets(m.scenario.Plan, kind) {
				f.choices = append(f.choices, choice{name: target})
			}
		}
		f.input.SetText(of)
	} else {
		f.input.SetText(name)
	}
	return before, f.fitting()
}

// paths are what may be set: what was begun goes on a dot further, or with a value.
func (m *commanding) paths(begun string) []choice {
	path, _, valued := strings.Cut(begun, "=")
	if in := path[:strings.LastIndexByte(path, '.')+1]; m.known == nil || m.in != in {
		m.in, m.known = in, m.editor.Paths(m.changes, in) // asking reads the whole scenario
	}
	var all []choice
	for _, k := range m.known {
		switch {
		case valued && k.Name != path:
		case valued && len(k.Choices) > 0:
			for _, word := range k.Choices {
				all = append(all, choice{name: path + "=" + word})
			}
		case valued: // whatever it is, what it was and how it is written is of use
			all = append(all, choice{begun, pathAbout(&k)})
		case strings.HasSuffix(k.Name, "."):
			all = append(all, choice{k.Name, k.About})
		default:
			all = append(all, choice{k.Name + "=", pathAbout(&k)})
		}
	}
	return all
}

// pathAbout is what a key is, and what it is for.
func pathAbout(k *Key) string {
	value := k.Value
	if value == "" {
		value = missing
	}
	if k.About == "" {
		return value
	}
	return value + "  " + k.About
}

// words are what may stand first on the line, or after a command.
func (m *commanding) words(name string, spaced bool) []choice {
	var words []choice
	if !spaced {
		for _, word := range m.commandNames() {
			about := ""
			for _, b := range m.table {
				if string(b.action) == word {
					about = b.about
				}
			}
			for _, of := range commands() {
				if of.name == word {
					about = strings.TrimSpace(of.takes + "  " + of.about)
				}
			}
			words = append(words, choice{word, about})
		}
		return words
	}
	for _, of := range commands() {
		if of.name == name && of.words != nil {
			for _, word := range of.words(m.console) {
				words = append(words, choice{name: word})
			}
		}
	}
	return words
}

func (m *commanding) draw(p pen) {
	line := p.in(0, p.h-footerLines, p.w, 1)
	line.fill(' ', m.look.plain)
	x := line.text(1, 0, ":", m.look.accent)
	m.input.fresh = false
	m.input.draw(line.in(x, 0, line.w-x-1, 1), m.look, true)
	_, offers := m.offers()
	h := min(len(offers), 10, p.h-m.headerLines()-footerLines-2)
	if m.wrong != "" {
		lines := wrapped(m.wrong, p.w-4)
		above := p.in(0, p.h-footerLines-len(lines), p.w, len(lines))
		above.fill(' ', m.look.plain)
		style, mark := m.look.level(report.Critical)
		for y, text := range lines {
			above.text(3, y, text, style)
		}
		above.text(1, 0, mark, style)
		return
	}
	if h <= 0 {
		return
	}
	name := 0
	for _, of := range offers {
		name = max(name, widthOf(of.name))
	}
	list := p.in(0, p.h-footerLines-h-2, min(p.w, max(76, name+40)), h+2)
	list.fill(' ', m.look.plain)
	in := list.box(m.look, "", m.look.dim, m.look.dim)
	top := scrolled(0, max(m.at, 0), len(offers), in.h)
	if len(offers) > in.h {
		list.right(list.w-2, list.h-1, fmt.Sprintf(" %d to %d of %d ", top+1, top+in.h, len(offers)), m.look.dim)
	}
	for y := range in.h {
		of := offers[top+y]
		style := m.look.plain
		in.text(1, y, m.look.cutMiddle(of.name, in.w-2), style)
		in.text(name+3, y, m.look.cut(of.about, in.w-name-3), m.look.dim)
		if top+y == m.at {
			for x := range in.w {
				in.style(x, y, func(tcell.Style) tcell.Style { return m.look.cursor })
			}
		}
	}
}

func (m *commanding) key(e *tcell.EventKey, _ func(tview.Primitive)) bool {
	switch e.Key() {
	case tcell.KeyEscape:
		return false
	case tcell.KeyEnter:
		line := strings.TrimSpace(m.input.text())
		if line == "" {
			return false
		}
		if m.history = slices.DeleteFunc(m.history, func(old string) bool { return old == line }); len(m.history) >= mostHistory {
			m.history = m.history[1:]
		}
		m.history = append(m.history, line)
		m.leave()
		if err := m.run(line); err != nil {
			m.over, m.wrong = m, err.Error()
			m.typed, m.at = m.input.input.GetText(), -1
		}
		return true
	case tcell.KeyTab, tcell.KeyBacktab:
		m.complete(e.Key() == tcell.KeyTab)
	case tcell.KeyUp, tcell.KeyDown:
		m.recall(e.Key() == tcell.KeyUp)
	default:
		m.wrong = ""
		m.input.key(e)
		m.typed, m.at = m.input.input.GetText(), -1
	}
	return true
}

// mostHistory is how many lines are kept to come back to.
const mostHistory = 200

// complete puts the next of the offers on the line, or the one before.
func (m *commanding) complete(forth bool) {
	m.wrong = ""
	before, offers := m.offers()
	if len(offers) == 0 {
		return
	}
	m.at = turned(m.at, len(offers), forth)
	m.input.put(before + offers[m.at].name)
	if len(offers) == 1 { // nothing else can be meant: on to what follows
		if name := offers[0].name; !strings.HasSuffix(name, ".") && !strings.Contains(name, "=") { // a path goes on at once
			m.input.put(before + name + " ")
		}
		m.typed, m.at = m.input.input.GetText(), -1
	}
}

// recall puts a line of the history on the line.
func (m *commanding) recall(older bool) {
	if older {
		m.back = min(m.back+1, len(m.history))
	} else {
		m.back = max(m.back-1, 0)
	}
	line := ""
	if m.back > 0 {
		line = m.history[len(m.history)-m.back]
	}
	m.input.put(line)
	m.typed, m.at, m.wrong = line, -1, ""
}

func (m *commanding) paste(text string) {
	m.input.paste(text)
	m.typed, m.at, m.wrong = m.input.input.GetText(), -1, ""
}

func (m *commanding) about() string { return "" }
