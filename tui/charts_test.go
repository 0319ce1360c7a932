package tui

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gdamore/tcell/v2"
	"pgregory.net/rapid"

	"cascade/scenarios"
	"cascade/sim/des"
	"cascade/sim/report"
	"cascade/tui/player"
)

// branchedAt is a console of slow-dependency that was branched at 35s, when the fault was
// healed, as it stands at an instant after that.
func branchedAt(t testing.TB, at time.Duration, l *look) *console {
	t.Helper()
	p := playedTo(t, builtin(t, "slow-dependency"), 35*time.Second)
	p.Branch()
	p.Amend(builtin(t, "slow-dependency", scenarios.Override{Path: "faults.payment-slow.for", Value: "5s"}))
	arrive(p)
	p.Seek(des.Time(at))
	arrive(p)
	return newConsole(p, nil, l, nil, nil)
}

func arrive(p *player.Player) {
	for p.Frame().State == player.Seeking {
		p.Advance()
	}
}

// canvas is an empty screen.
func canvas(t testing.TB, s size) tcell.SimulationScreen {
	t.Helper()
	screen := tcell.NewSimulationScreen("UTF-8")
	if err := screen.Init(); err != nil {
		t.Fatal(err)
	}
	screen.SetSize(s.w, s.h)
	screen.Clear()
	return screen
}

// viewed is what a view draws on a screen of its own.
func viewed(t testing.TB, v view, s size) string {
	t.Helper()
	screen := canvas(t, s)
	defer screen.Fini()
	v.draw(pen{screen, 0, 0, s.w, s.h}, true)
	screen.Show()
	return grid(screen)
}

// textLines are the lines of a grid's text.
func textLines(grid string) []string {
	text, _, _ := strings.Cut(grid, "----\n")
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// A scene is a state that the goldens of charts and story are of.
type scene struct {
	name     string
	selected string
	sizes    []size
	console  func(t testing.TB, l *look) *console
}

func scenes() []scene {
	at := func(scenario string, at time.Duration) func(testing.TB, *look) *console {
		return func(t testing.TB, l *look) *console { return consoleAt(t, scenario, at, l) }
	}
	return []scene{
		{"slow-dependency-45s", "", sizes, at("slow-dependency", 45*time.Second)},
		{"slow-dependency-end", "checkout", sizes[1:3], at("slow-dependency", 2*time.Minute)},
		{"retry-storm-80s", "shop->inventory", sizes[1:3], at("retry-storm", 80*time.Second)},
		{"checkout-email-queue-70s", "receipts", sizes[1:3], at("checkout-email-queue", 70*time.Second)},
		{"branch-55s", "", sizes, func(t testing.TB, l *look) *console { return branchedAt(t, 55*time.Second, l) }},
	}
}

// eachGolden draws a view of every scene: in dark at its sizes, in ascii and mono at
// 80x24.
func eachGolden(t *testing.T, view int) {
	for _, m := range scenes() {
		for name, l := range map[string]*look{"dark": looks()["dark"], "ascii": looks()["ascii"], "mono": looks()["mono"]} {
			c := m.console(t, l)
			c.selected = m.selected
			for _, s := range m.sizes {
				if name == "dark" || s == sizes[1] {
					golden(t, fmt.Sprintf("%s-%s-%dx%d-%s", c.views[view].name(), m.name, s.w, s.h, name), viewed(t, c.views[view], s))
				}
			}
		}
	}
}

func TestChartsGolden(t *testing.T) { eachGolden(t, chartsView) }

// An axis of any run, whole or a window of it, in points of any length, on any width.
func anyAxis(t *rapid.T) *timeAxis {
	point := des.Time(rapid.Int64Range(1, 40).Draw(t, "point")) * second / 10
	whole := point * des.Time(rapid.IntRange(1, 700).Draw(t, "points"))
	whole -= des.Time(rapid.Int64Range(0, int64(point)-1).Draw(t, "less")) // the last point is shorter
	reached := whole * des.Time(rapid.Int64Range(0, 100).Draw(t, "reached")) / 100
	r := &report.Report{Duration: whole}
	r.Timeline.Point = point
	f := &player.Frame{Now: reached, Run: player.Run{Report: r, At: reached}}
	return newTimeAxis(f, rapid.IntRange(1, 200).Draw(t, "width"), rapid.SampledFrom(append(windows[:], 0)).Draw(t, "window"))
}

// TestChartPool: a column shows the worst of all points that share an instant with it,
// as who looks at every point and every column finds; and of the whole run each point is
// in some column.
func TestChartPool(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		axis := anyAxis(t)
		n := int((axis.reached + axis.point - 1) / axis.point)
		values := rapid.SliceOfN(rapid.Float64Range(0, 100), n, n).Draw(t, "values")
		others := rapid.SliceOfN(rapid.Float64Range(0, 100), n, n).Draw(t, "others")
		c := curve{points: n, at: func(n int) float64 { return values[n] }, second: func(n int) float64 { return others[n] },
			level: func(n int) report.Level { return report.ErrorLevel(values[n] / 100) }}
		if rapid.Bool().Draw(t, "worse") { // the lowest, with what is beside it
			c.worse, c.together = func(n int) float64 { return -values[n] }, true
		}
		got := c.pool(axis)
		shown := make([]bool, n)
		for x := range axis.width {
			var want pooled
			worst := math.Inf(-1)
			for k, v := range values {
				from, to := des.Time(k)*axis.point, min(des.Time(k+1)*axis.point, axis.reached)
				if from >= axis.start(x+1) || to <= axis.start(x) {
					continue
				}
				shown[k], want.any = true, true
				want.level = max(want.level, c.level(k))
				if !c.together {
					want.value, want.second = max(want.value, v), max(want.second, others[k])
				} else if -v > worst {
					worst, want.value, want.second = -v, v, others[k]
				}
			}
			if got[x] != want {
				t.Fatalf("column %d of %d shows %v, want %v", x, axis.width, got[x], want)
			}
		}
		if axis.from == 0 && slices.Contains(shown, false) {
			t.Fatalf("no column shows point %d", slices.Index(shown, false))
		}
	})
}

// TestChartColumns: an instant is in the column that begins at or before it, and the
// next begins after it.
func TestChartColumns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		axis := anyAxis(t)
		at := axis.from + des.Time(rapid.Int64Range(0, int64(axis.to-axis.from)-1).Draw(t, "at"))
		x := axis.column(at)
		if x < 0 || x >= axis.width || axis.start(x) > at || axis.start(x+1) <= at {
			t.Fatalf("%v is in column %d of %d, from %v to %v", at, x, axis.width, axis.start(x), axis.start(x+1))
		}
	})
}

// TestChartHeights: a column is as high as its value, in eighths of a line; there is
// something of whatever is more than nothing.
func TestChartHeights(t *testing.T) {
	const lines, width = 5, 8*5 + 2
	values := make([]float64, width)
	for i := range values {
		values[i] = float64(i) / (8 * lines)
	}
	values[width-1] = 1e-9
	r := &report.Report{Duration: width * second}
	r.Timeline.Point = second
	axis := newTimeAxis(&player.Frame{Now: r.Duration, Run: player.Run{Report: r, At: r.Duration}}, width, 0)
	l := looks()["dark"]
	c := &chart{curve: curve{points: width, at: func(n int) float64 { return values[n] }}, name: "x", text: report.ShareText, full: 1}
	screen := canvas(t, size{width + scaleWidth, lines + 1})
	defer screen.Fini()
	c.draw(pen{screen, 0, 0, width + scaleWidth, lines + 1}, l, axis)
	for x := range width {
		eighths, open := 0, false
		for y := lines; y >= 1; y-- {
			r, _, _, _ := screen.GetContent(scaleWidth+x, y)
			k := slices.Index(l.glyphs.levels, r)
			if k < 0 || open && k > 0 {
				t.Fatalf("%q stands in column %d, line %d", r, x, y)
			}
			eighths, open = eighths+k, k < 8
		}
		want := x
		if x == width-1 {
			want = 1
		}
		if eighths != want {
			t.Errorf("%v is %d eighths high, want %d", values[x], eighths, want)
		}
	}
}

// TestChartScale: the scale ends with a round number that nothing is above, and that is
// less than twice what there is.
func TestChartScale(t *testing.T) {
	for _, row := range []struct{ most, want float64 }{{0, 1}, {1, 1}, {1.01, 2}, {2, 2}, {2.1, 3}, {3.5, 4}, {4.5, 5}, {6, 6}, {7, 8}, {81, 100}, {0.086, 0.1}, {1500, 2000}} {
		if got := roundUp(row.most); math.Abs(got-row.want) > 1e-12*row.want {
			t.Errorf("up to %v it is %v, want %v", row.most, got, row.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Float64Range(1e-6, 1e9).Draw(t, "most")
		if full := roundUp(v); full < v*(1-1e-8) || full > 2*v*(1+1e-8) {
			t.Fatalf("up to %v it is %v", v, full)
		}
	})
}

// TestChartFaults: below a column there is a fault's bar if it was there at some instant
// of that column, each time that it comes.
func TestChartFaults(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		axis := anyAxis(t)
		whole := int64(axis.to)
		f := report.Fault{Name: "f", From: des.Time(rapid.Int64Range(0, whole-1).Draw(t, "from"))}
		f.To = f.From + des.Time(rapid.Int64Range(1, whole).Draw(t, "length"))
		if rapid.Bool().Draw(t, "comes back") {
			f.Every = f.To - f.From + des.Time(rapid.Int64Range(whole/20, whole).Draw(t, "pause"))
		}
		if rapid.IntRange(0, 4).Draw(t, "instant") == 0 {
			f.To, f.Instant = f.From, true
		}
		got := make([]bool, axis.width)
		for _, s := range axis.spansOf(&f) {
			for x := s[0]; x < s[1]; x++ {
				got[x] = true
			}
		}
		for x := range got {
			want := false
			for from := f.From; from < axis.to; from += f.Every {
				want = want || from < axis.start(x+1) && max(f.To-f.From, 1)+from > axis.start(x)
				if f.Every == 0 {
					break
				}
			}
			if got[x] != want {
				t.Fatalf("in column %d of %d, from %v to %v, there is a bar: %v", x, axis.width, axis.start(x), axis.start(x+1), got[x])
			}
		}
	})
}

// TestBarsByImportance: where there are not rows for all that lasts, it is not the fault
// that is left out, whatever began before it.
func TestBarsByImportance(t *testing.T) {
	d := deskAt(t, "slow-dependency", 29*time.Second, dark())
	d.press(":dial gateway.buy[enter][enter]48[ctrl-s]:goto 45s[enter]")
	axis := newTimeAxis(d.frame, 70, 0)
	names := func(rows int) (names []string, more int) {
		bars := axis.bars(d.frame, rows)
		for _, b := range bars.list {
			names = append(names, b.name)
		}
		return names, bars.more
	}
	if got, more := names(1); !slices.Equal(got, []string{"payment-slow", "warm-up"}) || more != 1 {
		t.Errorf("in a row: %v and %d more", got, more)
	}
	if got, more := names(3); !slices.Equal(got, []string{"payment-slow", "gateway-buy-bulkhead", "warm-up"}) || more != 0 {
		t.Errorf("in three rows: %v and %d more", got, more)
	}
}

// TestChartsStayInside: on no part of a screen, of whatever size, is anything drawn
// outside of it, whatever is selected and however it is scrolled.
func TestChartsStayInside(t *testing.T) {
	consoles := []*console{branchedAt(t, 55*time.Second, looks()["dark"]), consoleAt(t, "checkout-email-queue", 70*time.Second, looks()["ascii"]), consoleAt(t, "retry-storm", 0, looks()["mono"])}
	names := []string{"", "checkout", "payment", "shoppers", "receipts", "email", "shop->inventory", "checkout->payment", "nobody"}
	actions := []action{doUp, doDown, doPageUp, doPageDown, doTop, doBottom, doLeft, doRight, doOpen}
	screen := canvas(t, size{150, 60})
	defer screen.Fini()
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom(consoles).Draw(t, "console")
		v := c.views[rapid.SampledFrom([]int{chartsView, storyView}).Draw(t, "view")]
		c.selected = rapid.SampledFrom(names).Draw(t, "selected")
		c.filter = rapid.SampledFrom([]string{"", "pay", "zzz"}).Draw(t, "filter")
		x, y := rapid.IntRange(0, 20).Draw(t, "x"), rapid.IntRange(0, 10).Draw(t, "y")
		w, h := rapid.IntRange(0, 130).Draw(t, "w"), rapid.IntRange(0, 50).Draw(t, "h")
		for range rapid.IntRange(1, 6).Draw(t, "times") {
			screen.Fill('~', tcell.StyleDefault)
			v.act(rapid.SampledFrom(actions).Draw(t, "action"))
			v.draw(pen{screen, x, y, w, h}, false)
			for cy := range 60 {
				for cx := range 150 {
					inside := cx >= x && cx < x+w && cy >= y && cy < y+h
					if r, _, _, _ := screen.GetContent(cx, cy); !inside && r != '~' {
						t.Fatalf("%q stands at %d, %d", r, cx, cy)
					}
				}
			}
		}
	})
}

// TestChartsOfSelected: what is selected comes first, whatever it is; the filter leaves
// out others.
func TestChartsOfSelected(t *testing.T) {
	for _, row := range []struct{ scenario, selected, filter, first string }{
		{"slow-dependency", "", "", "shoppers goodput"},
		{"slow-dependency", "", "pay", "payment threads held"},
		{"slow-dependency", "checkout", "pay", "checkout threads held"},
		{"slow-dependency", "visitors", "", "visitors goodput"},
		{"retry-storm", "shop->inventory", "", "shop->inventory attempts"},
		{"checkout-email-queue", "receipts", "", "receipts not done"},
	} {
		c := consoleAt(t, row.scenario, 50*time.Second, looks()["dark"])
		c.selected, c.filter = row.selected, row.filter
		lines := textLines(viewed(t, c.views[chartsView], size{78, 19}))
		if !strings.HasPrefix(lines[0], row.first+" ") {
			t.Errorf("with %q selected and %q as the filter the first chart is %q", row.selected, row.filter, lines[0])
		}
	}
}

// TestChartsScroll: every chart can be scrolled to, and there is an end.
func TestChartsScroll(t *testing.T) {
	c := consoleAt(t, "slow-dependency", 50*time.Second, looks()["dark"])
	v := c.views[chartsView].(*charts)
	where := func() string {
		lines := textLines(viewed(t, v, size{78, 19}))
		where, _, _ := strings.Cut(lines[len(lines)-2], "│")
		return strings.TrimSpace(where)
	}
	n := len(v.list())
	for _, row := range []struct {
		does  action
		first int
	}{{doUp, 1}, {doDown, 2}, {doPageDown, 5}, {doPageUp, 2}, {doBottom, n - 2}, {doDown, n - 2}, {doUp, n - 3}, {doTop, 1}} {
		v.act(row.does)
		if got, want := where(), fmt.Sprintf("%d-%d/%d", row.first, row.first+2, n); got != want {
			t.Errorf("after %s there is %s, want %s", row.does, got, want)
		}
	}
	v.act(doBottom)
	c.selected = "payment"
	if got, want := where(), fmt.Sprintf("1-3/%d", len(v.list())); got != want {
		t.Errorf("of another selection there is %s, want %s", got, want)
	}
}

// TestChartNumbers: every chart has the report's numbers, in every point, and the twin's its own.
func TestChartNumbers(t *testing.T) {
	seen := map[chartKind]bool{}
	differ := false
	for _, c := range []*console{newConsole(spared(t), nil, dark(), nil, nil), consoleAt(t, "retry-storm", 80*time.Second, dark()), consoleAt(t, "checkout-email-queue", 70*time.Second, dark()),
		consoleAt(t, "dead-dependency-breaker", 50*time.Second, dark()), consoleAt(t, "hot-partition", 40*time.Second, dark())} {
		v := c.views[chartsView].(*charts)
		all := map[chartOf]bool{}
		for _, c.selected = range append(everything(c), c.plan().Sources[0].Name) {
			for _, of := range v.list() {
				all[of] = true
			}
		}
		wants := func(r *report.Report, of chartOf, n int) (first, second float64) {
			tl := &r.Timeline
			long := (min(tl.Starts[n]+tl.Point, r.End) - tl.Starts[n]).Seconds()
			share := func(part, whole uint64) float64 { return float64(part) / max(float64(whole), 1) }
			switch i := of.index; of.kind {
			case goodputChart:
				return float64(tl.Sources[i].Succeeded[n]) / long, float64(tl.Sources[i].Offered[n]) / long
			case failedChart:
				return share(tl.Sources[i].Failed[n], tl.Sources[i].Failed[n]+tl.Sources[i].Succeeded[n]), 0
			case latencyChart:
				return tl.Sources[i].P99[n], tl.Sources[i].P50[n]
			case saturationChart:
				if r.Services[i].Unlimited {
					return tl.Services[i].InHand[n], 0
				}
				return tl.Services[i].Saturation[n], 0
			case waitingChart:
				return tl.Services[i].Queue[n], 0
			case errorsChart:
				return share(tl.Services[i].Errors[n], tl.Services[i].Ended[n]), 0
			case answersChart:
				return tl.Services[i].P99[n], 0
			case arrivedChart:
				return float64(tl.Services[i].Arrived[n]) / long, 0
			case attemptsChart:
				return float64(tl.Edges[i].Attempts[n]) / long, float64(tl.Edges[i].Retries[n]) / long
			case edgeFailedChart:
				return tl.Edges[i].FailedShare(n), 0
			case openChart:
				return tl.Edges[i].Open[n], 0
			case lagChart:
				return tl.Queues[i].Lag(n), 0
			case ageChart:
				return tl.Queues[i].Age(n), 0
			default:
				return float64(tl.Queues[i].Acknowledged[n]) / long, float64(tl.Queues[i].Published[n]) / long
			}
		}
		for of := range all {
			seen[of.kind] = true
			chart := v.chart(of)
			check := func(who string, r *report.Report, curve *curve) {
				for n := range curve.points {
					first, second := wants(r, of, n)
					got := 0.0
					if curve.second != nil {
						got = curve.second(n)
					}
					if math.Abs(curve.at(n)-first) > 1e-9*first || math.Abs(got-second) > 1e-9*second {
						t.Fatalf("%s %s of %s, %s, point %d: %v and %v, want %v and %v", chart.name, chart.what, c.plan().Name, who, n, curve.at(n), got, first, second)
					}
				}
				if curve.points != len(r.Timeline.Starts) || chart.scale() < curve.most() {
					t.Errorf("%s %s of %s, %s: %d points up to %v, and the scale ends with %v", chart.name, chart.what, c.plan().Name, who, curve.points, curve.most(), chart.scale())
				}
			}
			check("the run", c.frame.Run.Report, &chart.curve)
			if c.frame.Twin != nil {
				check("the twin", c.frame.Twin.Report, chart.twin)
				differ = differ || chart.full == 0 && roundUp(chart.twin.most()) > roundUp(chart.most())
			}
		}
	}
	if len(seen) != int(throughChart)+1 || !differ {
		t.Errorf("of %d kinds of charts there were %d; the twin had more than the run: %v", int(throughChart)+1, len(seen), differ)
	}
}

// TestChartMarks: in every chart stand the faults that have begun, and their ends once they
// have come.
func TestChartMarks(t *testing.T) {
	for at, want := range map[time.Duration]int{12 * time.Second: 0, 45 * time.Second: 1, 70 * time.Second: 2} {
		c := consoleAt(t, "slow-dependency", at, dark())
		marks := 0
		for _, m := range newTimeAxis(c.frame, 69, 0).marks {
			if m.s(c.look) == c.look.fault.Underline(false) {
				marks++
			}
		}
		if marks != want {
			t.Errorf("at %v %d instants of faults are marked, want %d", at, marks, want)
		}
	}
}

// TestChartsWindow: to the right less is seen, to the left more, up to the whole run; the
// newest is always among it.
func TestChartsWindow(t *testing.T) {
	c := consoleAt(t, "slow-dependency", 110*time.Second, looks()["dark"])
	v := c.views[chartsView].(*charts)
	for _, row := range []struct {
		does action
		want des.Time
	}{{doLeft, 0}, {doRight, 60 * second}, {doRight, 30 * second}, {doRight, 10 * second}, {doRight, 10 * second}, {doLeft, 30 * second}, {doLeft, 60 * second}, {doLeft, 0}} {
		v.act(row.does)
		axis := newTimeAxis(c.frame, 69, v.window)
		length := axis.to - axis.from
		if row.want == 0 {
			row.want = v.plan().Duration
		}
		if length < row.want || length > 2*row.want || axis.reached <= axis.from || axis.reached > axis.to {
			t.Errorf("after %s there is to be seen %v to %v, at %v; want %v", row.does, axis.from, axis.to, axis.reached, row.want)
		}
	}
}

func BenchmarkCharts(b *testing.B) {
	c := branchedAt(b, 115*time.Second, looks()["dark"])
	screen := canvas(b, size{120, 40})
	defer screen.Fini()
	for b.Loop() {
		c.views[chartsView].draw(pen{screen, 0, 0, 120, 40}, true)
	}
}

// Of a stream with several groups more is done than comes in: the chart says that it is by all.
func TestChartOfGroups(t *testing.T) {
	d := deskAt(t, "fan-out", 45*time.Second, dark())
	d.press(":select orders[enter]6")
	d.shows("orders done by all groups")
	d = deskAt(t, "checkout-email-queue", 45*time.Second, dark())
	d.press(":select events[enter]6[down][down]")
	d.shows("events done ")
}
