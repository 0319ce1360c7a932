package tui

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/gdamore/tcell/v2"
	"pgregory.net/rapid"

	"cascade/scenarios"
	"cascade/sim/des"
	"cascade/sim/report"
	"cascade/topology"
	"cascade/tui/player"
)

// pageOn is what a page looks like in a frame of that size.
func pageOn(t testing.TB, c *console, selected string, s size) string {
	t.Helper()
	c.selected = selected
	screen := canvas(t, s)
	defer screen.Fini()
	c.page.draw(pen{screen, 0, 0, s.w, s.h}.box(c.look, c.page.name(), c.look.dim, c.look.title), true)
	screen.Show()
	return grid(screen)
}

// The pages that goldens are drawn of: each kind of thing, at an instant that has something to show.
var goldenPages = []struct {
	name, scenario, selected string
	at                       time.Duration
}{
	{"service", "slow-dependency", "checkout", 45 * time.Second},
	{"operation", "slow-dependency", "gateway.buy", 45 * time.Second},
	{"source", "slow-dependency", "shoppers", 45 * time.Second},
	{"edge", "dead-dependency-breaker", "store->reviews", 55 * time.Second},
	{"stream", "hot-partition", "changes", 85 * time.Second},
	{"queue", "checkout-email-queue", "receipts", 70 * time.Second},
}

func TestPageGoldens(t *testing.T) {
	dark := looks()["dark"]
	for _, g := range goldenPages {
		c := consoleAt(t, g.scenario, g.at, dark)
		c.editor = editorOf(t, g.scenario)
		for _, s := range sizes {
			golden(t, fmt.Sprintf("page-%s-%v", g.name, s), pageOn(t, c, g.selected, s))
		}
		plain := ""
		for _, name := range []string{"ascii", "mono"} {
			c.look = looks()[name]
			plain += pageOn(t, c, g.selected, size{80, 40})
		}
		golden(t, "page-"+g.name+"-ascii-mono", plain)
	}
	golden(t, "page-service-branch", pageOn(t, branched(t, dark), "checkout", size{120, 40}))
}

var moreThreads = Change{"faults.1", "{name: more-threads, at: 35s, set: {on: checkout, threads: 96}}"}

// branched is a console whose run was given more threads at 35s, and whose twin was not.
func branched(t *testing.T, l *look) *console {
	t.Helper()
	p := playedTo(t, builtin(t, "slow-dependency"), 35*time.Second)
	p.Branch()
	p.Amend(builtin(t, "slow-dependency", scenarios.Override{Path: moreThreads.Path, Value: moreThreads.Value}))
	p.Seek(des.Time(50 * time.Second))
	for p.Frame().State == player.Seeking {
		p.Advance()
	}
	c := newConsole(p, nil, l, []Change{moreThreads}, nil)
	if c.frame.Twin == nil {
		t.Fatal("there is no twin")
	}
	return c
}

// everything are the names of all that there is in a plan.
func everything(c *console) (names []string) {
	p := c.plan()
	for i := range p.Topology.Services {
		s := &p.Topology.Services[i]
		names = append(names, s.Name)
		for k := range s.Operations {
			if op := s.Operations[k].Name; op != "" {
				names = append(names, s.Name+"."+op)
			}
		}
	}
	for _, e := range p.Edges() {
		names = append(names, e.ID)
	}
	for i := range p.Topology.Queues {
		names = append(names, p.Topology.Queues[i].Name)
	}
	return names
}

// A fence is a screen that minds where is drawn.
type fence struct {
	tcell.Screen
	x, y, w, h int
	drawn      map[[2]int]rune
	outside    [][2]int
	twice      [][2]int // cells of which a letter was drawn over by another
}

func (f *fence) Put(x, y int, text string, _ tcell.Style) (rest string, width int) {
	at := [2]int{x - f.x, y - f.y}
	if x < f.x || x >= f.x+f.w || y < f.y || y >= f.y+f.h {
		f.outside = append(f.outside, at)
	}
	if was := f.drawn[at]; was != 0 && was != ' ' {
		f.twice = append(f.twice, at)
	}
	f.drawn[at], _ = utf8.DecodeRuneInString(text)
	return "", widthOf(text)
}

// TestPageStaysInside: whatever it is of and whenever, in whatever pane, a page draws
// nothing outside, and where there is room for its numbers nothing over something else.
func TestPageStaysInside(t *testing.T) {
	draw := func(t rapidT, v *page, x, y, w, h int) {
		f := &fence{x: x, y: y, w: w, h: h, drawn: map[[2]int]rune{}}
		v.draw(pen{f, x, y, w, h}, true)
		if len(f.outside) > 0 || len(f.twice) > 0 && w >= 44 {
			t.Fatalf("%s at %v, %dx%d: outside %v, drawn over %v", v.selected, v.frame.Now, w, h, f.outside, f.twice)
		}
	}
	for _, info := range scenarios.Names() {
		t.Run(info.Name, func(t *testing.T) {
			s := builtin(t, info.Name)
			p := player.New(s, player.Options{Speed: 1})
			for _, share := range []des.Time{0, 45, 100} {
				p.Seek(s.Plan.Duration * share / 100)
				for p.Frame().State == player.Seeking {
					p.Advance()
				}
				c := newConsole(p, nil, looks()["dark"], nil, nil)
				v := c.page.(*page)
				for _, name := range append(everything(c), "", "nonsense") {
					v.selected = name
					draw(t, v, 3, 2, 60, 12)
					if name != "" && name != "nonsense" && share > 0 && len(v.sections()) < 3 {
						t.Fatalf("%s has nothing to tell at %v", name, v.frame.Now)
					}
				}
			}
		})
	}
	c := branched(t, looks()["dark"])
	v, names := c.page.(*page), everything(c)
	rapid.Check(t, func(r *rapid.T) {
		v.selected = rapid.SampledFrom(names).Draw(r, "selected")
		for range rapid.IntRange(0, 3).Draw(r, "keys") {
			v.act(rapid.SampledFrom([]action{doUp, doDown, doPageUp, doPageDown, doTop, doBottom}).Draw(r, "action"))
		}
		draw(r, v, rapid.IntRange(0, 10).Draw(r, "x"), rapid.IntRange(0, 10).Draw(r, "y"), rapid.IntRange(0, 240).Draw(r, "w"), rapid.IntRange(0, 75).Draw(r, "h"))
	})
}

type rapidT interface{ Fatalf(string, ...any) }

// textsOf are the texts of a row of a page, by its section and label.
func textsOf(t *testing.T, v *page, section, label string) []string {
	t.Helper()
	for _, s := range v.sections() {
		if s.title != section {
			continue
		}
		for _, r := range s.rows {
			if r.label == label {
				var texts []string
				for _, c := range append(append(slices.Clip(r.cells), r.more...), r.twin...) {
					texts = append(texts, strings.TrimLeft(c.text, "▲✖"))
				}
				return texts
			}
		}
	}
	t.Fatalf("%s: no %q under %q", v.selected, label, section)
	return nil
}

// TestPageNumbers: what is on a page is what the sample and the report say, reckoned anew.
func TestPageNumbers(t *testing.T) {
	same := func(v *page, section, label string, want ...string) {
		t.Helper()
		if got := textsOf(t, v, section, label); !slices.Equal(got, want) {
			t.Errorf("%s at %v: %s, %s: %q, want %q", v.selected, v.frame.Now, section, label, got, want)
		}
	}
	for _, at := range []time.Duration{20 * time.Second, 45 * time.Second, 80 * time.Second} {
		c := consoleAt(t, "slow-dependency", at, looks()["dark"])
		v := c.page.(*page)
		run := &c.frame.Run
		length, judged := (run.Last.To - run.Last.From).Seconds(), (run.Report.End - run.Report.Warmup).Seconds()

		v.selected = "checkout"
		s, all := &run.Last.Services[1], &run.Report.Services[1]
		now := func(part des.Time) string { return report.ShareText(float64(part) / float64(s.Capacity)) }
		ever := func(part float64) string { return report.ShareText(part / (48 * judged)) }
		wait := all.ThreadTime.Waiting[0].Seconds
		same(v, "threads", "at work", now(s.Working), ever(all.ThreadTime.Working), report.CountText(s.Working.Seconds()/length))
		same(v, "threads", "waiting on payment", now(s.WaitingOn[0].Time), ever(wait), report.CountText(s.WaitingOn[0].Time.Seconds()/length))
		same(v, "threads", "idle", now(s.Idle), ever(all.ThreadTime.Idle), report.CountText(s.Idle.Seconds()/length))
		same(v, "load", "arrived/s", report.RateText(float64(s.Arrived)/length), report.RateText(float64(all.Arrived)/judged))
		same(v, "load", "threads held", report.ShareText(float64(s.Held())/float64(s.Capacity)), report.ShareText(all.Saturation))
		same(v, "load", "waiting for a thread", report.CountText(s.QueueTime.Seconds()/length), report.CountText(all.QueueMean))
		same(v, "load", "most waiting at once", report.CountText(float64(s.QueueMax)), report.CountText(float64(all.QueueMax)))
		p99 := "-"
		if s.Latency.Count() > 0 {
			p99 = report.SecondsText(float64(s.Latency.Quantile(0.99)) / 1e9)
		}
		same(v, "latency of answers", "p99", p99, report.SecondsText(all.Latency.P99))
		total := float64(all.Answers[topology.Success] + all.Answers[topology.Error] + all.Answers[topology.Rejected] + all.Answers[topology.Timeout])
		same(v, "answers", "success", "100%", report.ShareText(float64(all.Answers[topology.Success])/total),
			report.RateText(float64(s.Answers[topology.Success])/length), report.CountText(float64(all.Answers[topology.Success])))

		v.selected = "shoppers"
		source, sum := &run.Last.Sources[0], &run.Report.Sources[0]
		same(v, "requests", "offered/s", report.RateText(float64(source.Offered)/length), report.RateText(float64(sum.Offered)/judged))
		same(v, "requests", "goodput/s", report.RateText(float64(source.Ended[topology.Success])/length), report.RateText(sum.Goodput))
		same(v, "requests", "in flight", report.CountText(float64(sum.InFlight)), "-")

		v.selected = "checkout->payment"
		edge, edges := &run.Last.Edges[3], &run.Report.Edges[3]
		same(v, "calls and attempts", "calls/s", report.RateText(float64(edge.Calls)/length), report.RateText(float64(edges.Calls)/judged))
		same(v, "calls and attempts", "calls under way", report.CountText(float64(edges.CallsUnderWay)), "-")
	}
	c := consoleAt(t, "hot-partition", 85*time.Second, looks()["dark"])
	v := c.page.(*page)
	v.selected = "changes"
	q, all := &c.frame.Run.Last.Queues[0], &c.frame.Run.Report.Queues[0]
	same(v, "messages (worst group)", "waiting", report.CountText(q.WaitingTime.Seconds()), report.CountText(all.DepthMean))
	same(v, "group indexer", "partition 0", report.CountText(q.Groups[0].Partitions[0].LagTime.Seconds()), report.CountText(all.Groups[0].Partitions[0].LagMean))
}

// A fault on some instances says on how many, as the header does.
func TestPageOfAPartOfAService(t *testing.T) {
	c := consoleAt(t, "sick-replica", 40*time.Second, looks()["dark"])
	v := c.page.(*page)
	f := &c.plan().Faults[0]
	v.selected = f.On
	for _, section := range v.sections() {
		if section.title == "faults" {
			if got := section.rows[0].text; !strings.Contains(got, "on "+f.On+" (1 of 10), ") {
				t.Errorf("it says %q", got)
			}
			return
		}
	}
	t.Errorf("%s has no faults", f.On)
}

// What a stream has done is what the group has that did least, as its row in the table says.
func TestPageOfAStream(t *testing.T) {
	c := consoleAt(t, "fan-out", 45*time.Second, looks()["dark"])
	v := c.page.(*page)
	run := &c.frame.Run
	v.selected = run.Plan.Topology.Queues[0].Name
	of, sum := run.Report.Queues[0].Groups, uint64(0)
	if len(of) < 2 {
		t.Fatalf("%s has %d groups", v.selected, len(of))
	}
	least := of[0].Acknowledged
	for i := range of {
		least, sum = min(least, of[i].Acknowledged), sum+of[i].Acknowledged
	}
	now, _ := run.Report.Acknowledged(run.Last, 0, -1)
	want := []string{report.RateText(report.SampleRate(run.Last, now)), report.RateText(run.Report.Judged().Rate(least))}
	if got := textsOf(t, v, "messages (worst group)", "done/s"); !slices.Equal(got, want) {
		t.Errorf("done a second: %q, want %q; all together did %v", got, want, run.Report.Judged().Rate(sum))
	}
}

// Of many that a service waits on its page lists those first that it waits on most, and how
// many more there are.
func TestPageOfManyWaits(t *testing.T) {
	var services, calls strings.Builder
	for i := range 12 {
		fmt.Fprintf(&services, "    s%d: {threads: 4, steps: [{work: %dms}]}\n", i, 1+(5*i)%12)
		fmt.Fprintf(&calls, ", {sync: s%d}", i)
	}
	s, err := scenarios.Parse("many.yaml", []byte("name: many\nduration: 20s\ntopology:\n  services:\n    hub: {threads: 8, steps: [{work: 1ms}"+calls.String()+"]}\n"+
		services.String()+"traffic:\n  users: {to: hub, rate: 10/s, arrivals: constant}\n"), ".")
	if err != nil {
		t.Fatal(err)
	}
	c := newConsole(playedTo(t, player.Scenario{Plan: s.Plan}, 10*time.Second), nil, looks()["dark"], nil, nil)
	v := c.page.(*page)
	v.selected = "hub"
	var got []string
	for _, section := range v.sections() {
		for _, r := range section.rows {
			if section.title == "threads" && r.stack == nil {
				got = append(got, r.label+r.text)
			}
		}
	}
	want := []string{"at work"}
	for _, i := range []int{7, 2, 9, 4, 11, 6, 1, 8} { // 12 ms, 11 ms …
		want = append(want, fmt.Sprintf("waiting on s%d", i))
	}
	want = append(want, "and on 4 more, each less", "idle")
	if !slices.Equal(got, want) {
		t.Errorf("threads are %q, want %q", got, want)
	}
}

// saidOf are the texts of a section, each behind its label.
func saidOf(v *page, section string) (said []string) {
	for _, s := range v.sections() {
		for _, r := range s.rows {
			if s.title == section {
				said = append(said, strings.TrimSpace(r.mark+" "+r.label+" "+r.text))
			}
		}
	}
	return said
}

// TestPageWords: what a page says that is no number.
func TestPageWords(t *testing.T) {
	set := func(path, value string) scenarios.Override { return scenarios.Override{Path: path, Value: value} }
	for _, row := range []struct {
		scenario          string
		set               scenarios.Override
		at                time.Duration
		selected, section string
		want              string
	}{
		{"slow-dependency", set("seed", "1"), 20 * time.Second, "payment", "faults", "30s to 60s payment-slow: latency on payment, planned"},
		{"slow-dependency", set("seed", "1"), 31 * time.Second, "payment", "faults", "30s to 60s payment-slow: latency on payment, in force"},
		{"slow-dependency", set("seed", "1"), 60 * time.Second, "payment", "faults", "30s to 60s payment-slow: latency on payment, over"},
		{"slow-dependency", set("faults.0", "{name: payment-slow, at: 30s, for: 5s, every: 20s, slow: {on: payment, factor: 2}}"), 40 * time.Second, "payment", "faults",
			"30s to 35s payment-slow: slow x2 on payment, to come again, every 20s"},
		{"slow-dependency", set("traffic.visitors", "{to: gateway.browse, users: 7, think: 1s}"), 20 * time.Second, "visitors", "sends to gateway.browse", "users 7, who wait for each answer"},
		{"poison-message-dead-letter", set("seed", "1"), 20 * time.Second, "orders", "around it", "dead letters to unbooked"},
		{"poison-message-dead-letter", set("seed", "1"), 20 * time.Second, "unbooked", "around it", "takes those of orders"},
		{"crash-restart", set("seed", "1"), 40 * time.Second, "catalog", "instances: threads held", "✖ instance 0 down"},
		{"crash-restart", set("seed", "1"), 20 * time.Second, "catalog", "instances: threads held", "instance 0"},
	} {
		c := newConsole(playedTo(t, builtin(t, row.scenario, row.set), row.at), nil, looks()["dark"], nil, nil)
		v := c.page.(*page)
		v.selected = row.selected
		if got := saidOf(v, row.section); !slices.Contains(got, row.want) {
			t.Errorf("%s of %s at %v: %s are %q, want %q among them", row.selected, row.scenario, row.at, row.section, got, row.want)
		}
	}
}

// What caches answered is told apart from what waited for another's answer.
func TestPageOfACache(t *testing.T) {
	s := builtin(t, "slow-dependency", scenarios.Override{Path: "services.checkout.steps.1.cache", Value: "{hit: 10%}"})
	c := newConsole(playedTo(t, s, 45*time.Second), nil, looks()["dark"], nil, nil)
	v := c.page.(*page)
	v.selected = "checkout->payment"
	at := find(c.plan(), v.selected).index
	now, all := c.frame.Run.Report.EdgeIn(c.frame.Run.Last, at), &c.frame.Run.Report.Edges[at]
	share := func(part, calls uint64) string { return report.ShareText(float64(part) / float64(calls)) }
	for label, want := range map[string][]string{
		"it answered":                 {share(now.Cache.Hits, now.Calls), share(all.Cache.Hits, all.Calls)},
		"waited for another's answer": {share(now.Cache.Coalesced, now.Calls), share(all.Cache.Coalesced, all.Calls)},
	} {
		if got := textsOf(t, v, "cache: calls that", label); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", label, got, want)
		}
	}
}

// The twin's numbers stand beside the run's, and are its own.
func TestPageOfATwin(t *testing.T) {
	c := branched(t, looks()["dark"])
	v := c.page.(*page)
	v.selected = "checkout"
	run, twin := c.frame.Run.Last, c.frame.Twin.Last
	want := []string{
		report.CountText(run.Services[1].Held().Seconds()), report.CountText(c.frame.Run.Report.Services[1].HeldMean),
		report.CountText(twin.Services[1].Held().Seconds()), report.CountText(c.frame.Twin.Report.Services[1].HeldMean),
	}
	if got := textsOf(t, v, "load", "threads in use"); !slices.Equal(got, want) || want[0] == want[2] {
		t.Errorf("%q, want %q", got, want)
	}
}

// A page that does not fit says how much more there is, and how to get there: every line
// of it comes past.
func TestPageScrolls(t *testing.T) {
	c := consoleAt(t, "slow-dependency", 45*time.Second, looks()["dark"])
	seen := map[string]bool{}
	show := func(selected string, h int) string {
		text, _, _ := strings.Cut(pageOn(t, c, selected, size{80, h}), "----")
		for _, line := range strings.Split(text, "\n") {
			seen[line] = true
		}
		return text
	}
	holds := func(text, want string) {
		t.Helper()
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	holds(show("checkout", 24), "more below: ")
	for range 10 {
		c.page.act(doPageDown)
		show("checkout", 24)
	}
	holds(show("checkout", 24), "the end, above: ")
	before := len(seen)
	all := show("checkout", 80)
	if strings.Contains(all, "more below") {
		t.Fatal("80 lines are not enough")
	}
	if now := len(seen); now != before { // but the lines of the frame, which are the same
		t.Errorf("%d lines of these never came past:\n%s", now-before, all)
	}
	c.page.act(doTop)
	holds(show("checkout", 24), "from 0s to 45s")
	c.page.act(doBottom)
	holds(show("checkout", 24), "the end, above: ")
	holds(show("payment", 24), "from 0s to 45s")
	for _, row := range []struct {
		does action
		want int
	}{{doDown, 1}, {doDown, 2}, {doPageDown, 10}, {doUp, 9}, {doPageUp, 1}, {doPageUp, 0}} {
		c.page.act(row.does)
		if show("payment", 12); c.page.(*page).top != row.want {
			t.Errorf("after %s line %d is the first, want %d", row.does, c.page.(*page).top, row.want)
		}
	}
}

// A counted Editor counts how often it is asked for policies.
type counted struct {
	Editor
	asked int
}

func (e *counted) Policies(changes []Change, target string, at time.Duration) []Key {
	e.asked++
	return e.Editor.Policies(changes, target, at)
}

// Policies that were written are strong and the others dim; what a fault has set has its
// name; and the Editor is asked once until a fault begins or ends.
func TestPagePolicies(t *testing.T) {
	c := branched(t, looks()["dark"])
	e := &counted{Editor: editorOf(t, "slow-dependency")}
	c.editor = e
	v := c.page.(*page)
	v.selected = "checkout"
	sections := v.sections()
	i := slices.IndexFunc(sections, func(s section) bool { return s.title == "policies" })
	if i < 0 {
		t.Fatal("there are none")
	}
	l := c.look
	for _, want := range []entry{
		{label: "threads", style: l.set, text: "96 (set by more-threads)", textStyle: l.set},
		{label: "queue", style: l.strong, text: "100", textStyle: l.plain},
		{label: "order", style: l.dim, text: "fifo", textStyle: l.dim},
	} {
		k := slices.IndexFunc(sections[i].rows, func(e entry) bool { return e.label == want.label })
		if k < 0 {
			t.Fatalf("no %s", want.label)
		}
		if got := sections[i].rows[k]; got.style != want.style || got.text != want.text || got.textStyle != want.textStyle {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	for c.frame.Now < des.Time(75*time.Second) { // payment-slow ends at 60s
		c.player.Step(1)
		for c.player.Frame().State == player.Seeking {
			c.player.Advance()
		}
		c.frame = c.player.Frame()
		v.sections()
	}
	if e.asked != 2 {
		t.Errorf("asked %d times", e.asked)
	}
}

// A frame is told once, however often it is drawn.
func TestPageKeepsWhatItMade(t *testing.T) {
	c := consoleAt(t, "slow-dependency", 45*time.Second, looks()["dark"])
	v := c.page.(*page)
	v.selected = "checkout"
	first := &v.sections()[0]
	if &v.sections()[0] != first {
		t.Error("the same frame is told anew")
	}
	c.player.Step(1)
	for c.player.Frame().State == player.Seeking {
		c.player.Advance()
	}
	c.frame = c.player.Frame()
	if &v.sections()[0] == first {
		t.Error("another frame is not told")
	}
}

// TestFlow: sections stand in order, apart by a line, and in as few lines as can be.
func TestFlow(t *testing.T) {
	places, longest := flow([]int{4, 3, 5, 2}, 2)
	if want := []place{{0, 0}, {0, 5}, {1, 0}, {1, 6}}; !slices.Equal(places, want) || longest != 8 {
		t.Errorf("%v, %d", places, longest)
	}
	rapid.Check(t, func(r *rapid.T) {
		heights := rapid.SliceOfN(rapid.IntRange(1, 12), 1, 7).Draw(r, "heights")
		columns := rapid.IntRange(1, 3).Draw(r, "columns")
		places, longest := flow(heights, columns)
		tallest := 0
		for i, at := range places {
			tallest = max(tallest, at.y+heights[i])
			below := i > 0 && at == place{places[i-1].column, places[i-1].y + heights[i-1] + 1}
			if next := i > 0 && at == (place{places[i-1].column + 1, 0}); at.column >= columns || i > 0 && !below && !next {
				r.Fatalf("%v of %v", places, heights)
			}
		}
		// Every way to cut the list into columns.
		best := 1 << 30
		var cut func(from, left, most int)
		cut = func(from, left, most int) {
			sum := -1
			for i := from; i < len(heights); i++ {
				sum += heights[i] + 1
				if i == len(heights)-1 {
					best = min(best, max(most, sum))
				} else if left > 1 {
					cut(i+1, left-1, max(most, sum))
				}
			}
		}
		cut(0, columns, 0)
		if tallest != longest || longest != best {
			r.Fatalf("%d lines, said to be %d, in %d columns of %v: %d is enough", tallest, longest, columns, heights, best)
		}
	})
}

// BenchmarkPage is a page that is told and drawn, as for a frame that nobody has seen yet.
func BenchmarkPage(b *testing.B) {
	c := consoleAt(b, "slow-dependency", 45*time.Second, looks()["dark"])
	v := c.page.(*page)
	v.selected = "checkout"
	screen := tcell.NewSimulationScreen("UTF-8")
	if err := screen.Init(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(screen.Fini)
	screen.SetSize(120, 40)
	for b.Loop() {
		v.madeFor = pageKey{}
		v.draw(pen{screen, 0, 0, 120, 40}, true)
	}
}
