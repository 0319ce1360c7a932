package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"cascade/scenarios"
	"cascade/sim"
	"cascade/sim/html"
	"cascade/sim/report"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// A browser is a Chromium with one page, of which everything is heard: what it says on
// its console, what it throws, and what it asks for.
type browser struct {
	t       *testing.T
	ctx     context.Context
	mutex   sync.Mutex
	asked   []string // for these places
	trouble []string
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	if raced {
		t.Skip("the page runs in a process of its own, which the detector does not watch")
	}
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome-headless-shell"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("there is no chromium here; .ci/run installs it")
		}
		t.Skip("there is no chromium here")
	}
	b := &browser{t: t}
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(stop)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.WindowSize(1280, 900), chromedp.WSURLReadTimeout(2*time.Minute))
	ctx, stop = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(stop)
	b.ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	if err := chromedp.Listen(b.ctx, b.hear); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	call(b, network.Enable, network.EnableParams{})
	return b
}

func (b *browser) hear(event any) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.asked = append(b.asked, e.Request.URL)
	case *runtime.EventExceptionThrown:
		b.trouble = append(b.trouble, fmt.Sprintf("%s at line %d: %s", e.ExceptionDetails.Text, e.ExceptionDetails.LineNumber, e.ExceptionDetails.Exception.Description))
	case *runtime.EventConsoleAPICalled:
		b.trouble = append(b.trouble, fmt.Sprintf("console.%s is called", e.Type))
		for _, a := range e.Args {
			b.trouble = append(b.trouble, string(a.Value))
		}
	case *log.EventEntryAdded:
		b.trouble = append(b.trouble, e.Entry.Text)
	case *page.EventJavascriptDialogOpening:
		b.trouble = append(b.trouble, "a dialog opens: "+e.Message)
	}
}

func (b *browser) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// call sends a command of the protocol.
func call[P, R any](b *browser, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	r, err := chromedp.Call(b.ctx, command, params)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

// open shows a page and waits until its charts are there.
func (b *browser) open(path string) {
	b.t.Helper()
	b.do(chromedp.Navigate("file://"+path), chromedp.WaitReady(chromedp.CSS(`html[data-drawn="yes"]`)))
}

// heard is what went wrong since, and whether anything but the page was asked for.
func (b *browser) heard(path string) {
	b.t.Helper()
	b.mutex.Lock()
	defer b.mutex.Unlock()
	for _, what := range b.trouble {
		b.t.Errorf("%s: the browser says: %s", filepath.Base(path), what)
	}
	for _, place := range b.asked {
		if place != "file://"+path {
			b.t.Errorf("%s: the page asks for %.100s", filepath.Base(path), place)
		}
	}
	if len(b.asked) == 0 {
		b.t.Errorf("%s: nothing was asked for, not even the page: the test would find nothing", filepath.Base(path))
	}
	b.asked, b.trouble = nil, nil
}

// value is what an expression comes to.
func value[T any](b *browser, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// A rectangle is where something is in the window.
type rectangle struct{ X, Y, Width, Height float64 }

// chart brings a chart into the window, drawn, and says where its lines are.
func (b *browser) chart(id string) rectangle {
	b.t.Helper()
	b.do(chromedp.ScrollIntoView(chromedp.CSS(`[data-chart="`+id+`"]`)), chromedp.WaitReady(chromedp.CSS(`[data-chart="`+id+`"] .u-over`)))
	return value[rectangle](b, `(() => { const e = document.querySelector('[data-chart="`+id+`"]'); e.scrollIntoView({block: "center", behavior: "instant"});
		const r = e.querySelector(".u-over").getBoundingClientRect(); return {X: r.x, Y: r.y, Width: r.width, Height: r.height} })()`)
}

// A reading is what a chart says under the mouse.
type reading struct {
	Hidden bool
	When   string
	Faults []string
	Lines  map[string]string
}

func (b *browser) reading(id string) reading {
	b.t.Helper()
	return value[reading](b, `(() => { const r = document.querySelector('[data-chart="`+id+`"] .read'); const lines = {};
		for (const e of r.querySelectorAll("td[data-line]")) lines[e.dataset.line] = e.textContent;
		return {Hidden: r.hidden, When: r.querySelector("b") ? r.querySelector("b").textContent : "", Faults: [...r.querySelectorAll("i")].map((e) => e.textContent), Lines: lines} })()`)
}

func (b *browser) mouse(kind input.DispatchMouseEventType, x, y float64, options ...chromedp.MouseOption) {
	b.t.Helper()
	b.do(chromedp.MouseEvent(kind, x, y, options...))
}

// measured reads a number as the page writes it.
func measured(text string) (v float64, ok bool) {
	scale := 1.0
	for _, unit := range []struct {
		sign string
		size float64
	}{{"%", 0.01}, {"M/s", 1e6}, {"/s", 1}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1}, {"M", 1e6}} {
		if cut, found := strings.CutSuffix(text, unit.sign); found {
			text, scale = cut, unit.size
			break
		}
	}
	v, err := strconv.ParseFloat(strings.ReplaceAll(text, ",", ""), 64)
	return v * scale, err == nil
}

// series is the timeline of a report's JSON.
type series map[string]map[string]json.RawMessage

// A told is a report's JSON as far as the charts are of it.
type told struct {
	Timeline struct {
		T        []float64 `json:"t_s"`
		Sources  series
		Services series
		Edges    series
		Queues   series
	}
}

func (s series) at(t *testing.T, name, key string, n int) float64 {
	t.Helper()
	var all []*float64
	if err := json.Unmarshal(s[name][key], &all); err != nil || n >= len(all) || all[n] == nil {
		t.Fatalf("%s of %s has no point %d: %v", key, name, n, err)
	}
	return *all[n]
}

// chartsOf are the charts of a page, and which numbers of the JSON they show: of one
// thing, at one point of an interval of a second.
var chartsOf = []struct {
	id   string
	of   func(*told) series
	what string // behind the name
	at   func(t *testing.T, s series, name string, n int) (v float64, known bool)
}{
	{"sources.failed", func(j *told) series { return j.Timeline.Sources }, "", func(t *testing.T, s series, name string, n int) (float64, bool) {
		failed, all := s.at(t, name, "failed", n), s.at(t, name, "failed", n)+s.at(t, name, "succeeded", n)
		return failed / all, all > 0
	}},
	{"sources.goodput", func(j *told) series { return j.Timeline.Sources }, "", asItIs("succeeded")},
	{"sources.goodput", func(j *told) series { return j.Timeline.Sources }, " offered", asItIs("offered")},
	{"sources.latency", func(j *told) series { return j.Timeline.Sources }, " p99", ifAny("p99_s")},
	{"sources.latency", func(j *told) series { return j.Timeline.Sources }, " p50", ifAny("p50_s")},
	{"services.held", func(j *told) series { return j.Timeline.Services }, "", asItIs("saturation")},
	{"services.waiting", func(j *told) series { return j.Timeline.Services }, "", asItIs("queue")},
	{"services.errors", func(j *told) series { return j.Timeline.Services }, "", asItIs("errors")},
	{"services.p99", func(j *told) series { return j.Timeline.Services }, "", ifAny("p99_s")},
	{"services.hand", func(j *told) series { return j.Timeline.Services }, "", asItIs("in_hand")},
	{"services.arrived", func(j *told) series { return j.Timeline.Services }, "", asItIs("arrived")},
	{"edges.attempts", func(j *told) series { return j.Timeline.Edges }, "", asItIs("attempts")},
	{"edges.lost", func(j *told) series { return j.Timeline.Edges }, "", asItIs("failed")},
	{"edges.retries", func(j *told) series { return j.Timeline.Edges }, "", asItIs("retries")},
	{"edges.open", func(j *told) series { return j.Timeline.Edges }, "", asItIs("open")},
	{"queues.depth", func(j *told) series { return j.Timeline.Queues }, "", asItIs("depth")},
	{"queues.age", func(j *told) series { return j.Timeline.Queues }, "", asItIs("age_s")},
	{"queues.flow", func(j *told) series { return j.Timeline.Queues }, "", asItIs("acknowledged")},
	{"queues.flow", func(j *told) series { return j.Timeline.Queues }, " published", asItIs("published")},
}

func asItIs(key string) func(*testing.T, series, string, int) (float64, bool) {
	return func(t *testing.T, s series, name string, n int) (float64, bool) { return s.at(t, name, key, n), true }
}

// ifAny is a latency: 0 says that nothing ended.
func ifAny(key string) func(*testing.T, series, string, int) (float64, bool) {
	return func(t *testing.T, s series, name string, n int) (float64, bool) {
		v := s.at(t, name, key, n)
		return v, v > 0
	}
}

// TestThePage opens pages in a real browser, as a person does. Whatever is done with them,
// nothing is asked for from anywhere, and nothing goes wrong.
func TestThePage(t *testing.T) {
	b := newBrowser(t)
	for _, part := range []struct {
		name string
		test func(*testing.T, *browser)
	}{
		{"numbers", testNumbersUnderTheMouse}, {"coarse", testCoarsePointsUnderTheMouse}, {"hand", testPageUnderAHand}, {"names", testHostileNames}, {"runs", testRunsInABrowser}, {"sweep", testSweepInABrowser}, {"phone", testPageOnAPhone},
	} {
		t.Run(part.name, func(t *testing.T) {
			b.t = t
			part.test(t, b)
		})
	}
}

// testNumbersUnderTheMouse: what stands there is what the JSON says.
func testNumbersUnderTheMouse(t *testing.T, b *browser) {
	dir := t.TempDir()
	seen := make(map[string]bool)
	for _, name := range []string{"dead-dependency-breaker", "checkout-email-queue", "retry-storm"} {
		file := filepath.Join(dir, name+".html")
		_, text, errs := command(t.Context(), "", "run", name, "--html", file, "--json", "-")
		if errs != "" {
			t.Fatal(errs)
		}
		var report told
		if err := json.Unmarshal([]byte(text), &report); err != nil {
			t.Fatal(err)
		}
		b.open(file)
		// The page lists its charts.
		ids := value[[]string](b, `[...document.querySelectorAll("[data-chart]")].map((e) => e.dataset.chart)`)
		for _, id := range ids {
			if id == "glance" {
				continue
			}
			seen[id] = true
			place := b.chart(id)
			for _, n := range []int{7, 31, 64} {
				at := (report.Timeline.T[n] + 0.5) / 120
				b.mouse(chromedp.MouseMoved, place.X+at*place.Width, place.Y+place.Height/2)
				got := b.reading(id)
				if want := fmt.Sprintf("%ds – %ds", n, n+1); got.Hidden || got.When != want {
					t.Errorf("%s: %s at %d s says %q, want %q", name, id, n, got.When, want)
					continue
				}
				lines := 0
				for _, c := range chartsOf {
					if c.id != id {
						continue
					}
					of := c.of(&report)
					for thing := range of {
						line := thing + c.what
						want, known := c.at(t, of, thing, n)
						text, shown := got.Lines[line]
						if !shown {
							if known && len(got.Lines) < 8 && !value[bool](b, fmt.Sprintf(`[...document.querySelectorAll(".chip")].some((e) => e.dataset.name === %q && e.ariaPressed === "false")`, thing)) && !(id == "services.held" && want == 0) {
								t.Errorf("%s: %s at %d s does not show %s, which is %v", name, id, n, line, want)
							}
							continue
						}
						lines++
						if strings.HasPrefix(text, "<") || strings.HasPrefix(text, ">") {
							continue
						}
						if v, ok := measured(text); !ok || !known || math.Abs(v-want) > 0.0051*math.Abs(want) {
							t.Errorf("%s: %s at %d s says %s for %s; the JSON has %v", name, id, n, text, line, want)
						}
					}
				}
				if lines == 0 && id != "sources.latency" {
					t.Errorf("%s: %s at %d s shows no line that the JSON has: %v", name, id, n, got.Lines)
				}
				if during := n == 31; name == "checkout-email-queue" && during != slices.Contains(got.Faults, "⚡ email-slow") {
					t.Errorf("%s: %s at %d s names the faults %q", name, id, n, got.Faults)
				}
			}
		}
		b.heard(file)
	}
	for _, c := range chartsOf {
		if !seen[c.id] {
			t.Errorf("no page has the chart %s", c.id)
		}
	}
}

// testPageUnderAHand zooms, picks lines, changes colours, and goes by the keyboard.
func testPageUnderAHand(t *testing.T, b *browser) {
	file := filepath.Join(t.TempDir(), "page.html")
	if _, _, errs := command(t.Context(), "", "run", "slow-dependency", "-q", "--html", file); errs != "" {
		t.Fatal(errs)
	}
	b.open(file)

	// A drag over one chart shows that time in all of them.
	place := b.chart("services.held")
	drag := func(from, to float64) {
		b.mouse(chromedp.MouseMoved, place.X+from*place.Width, place.Y+50)
		b.mouse(chromedp.MousePressed, place.X+from*place.Width, place.Y+50, chromedp.ButtonLeft, chromedp.ClickCount(1))
		b.mouse(chromedp.MouseMoved, place.X+(from+to)/2*place.Width, place.Y+60)
		b.mouse(chromedp.MouseMoved, place.X+to*place.Width, place.Y+60)
		b.mouse(chromedp.MouseReleased, place.X+to*place.Width, place.Y+60, chromedp.ButtonLeft, chromedp.ClickCount(1))
	}
	whenInTheMiddle := func(id string) string {
		place := b.chart(id)
		b.mouse(chromedp.MouseMoved, place.X+0.505*place.Width, place.Y+50)
		return b.reading(id).When
	}
	if got := whenInTheMiddle("services.p99"); got != "60s – 61s" {
		t.Errorf("the middle of the run is %q", got)
	}
	place = b.chart("services.held")
	drag(0.25, 0.35) // 30 s to 42 s
	for _, id := range []string{"services.held", "services.p99", "sources.failed", "edges.attempts"} {
		if got := whenInTheMiddle(id); got != "36s – 37s" && got != "35s – 36s" {
			t.Errorf("after a drag from 30 s to 42 s the middle of %s is %q", id, got)
		}
	}
	if value[bool](b, `document.getElementById("whole").hidden`) {
		t.Error("there is no way back to the whole run")
	}
	place = b.chart("services.p99")
	for _, clicks := range []int{1, 2} {
		b.mouse(chromedp.MousePressed, place.X+90, place.Y+50, chromedp.ButtonLeft, chromedp.ClickCount(clicks))
		b.mouse(chromedp.MouseReleased, place.X+90, place.Y+50, chromedp.ButtonLeft, chromedp.ClickCount(clicks))
	}
	if got := whenInTheMiddle("services.held"); got != "60s – 61s" {
		t.Errorf("after a double click the middle is %q", got)
	}

	// By the keyboard: to the line of a point, and closer.
	b.mouse(chromedp.MouseMoved, 2, 2)
	b.do(chromedp.Focus(chromedp.CSS(`[data-chart="services.held"]`)))
	press := func(keys ...string) {
		for _, k := range keys {
			b.do(chromedp.KeyEvent(k))
		}
	}
	press(kb.ArrowRight, kb.ArrowRight, kb.ArrowRight)
	if got := b.reading("services.held"); got.Hidden || got.When != "2s – 3s" {
		t.Errorf("three steps from the left is %+v", got)
	}
	if said := value[string](b, `document.getElementById("voice").textContent`); !strings.Contains(said, "2s – 3s") || !strings.Contains(said, "payment") {
		t.Errorf("a screen reader hears %q", said)
	}
	press("+", "+")
	if value[bool](b, `document.getElementById("whole").hidden`) {
		t.Error("+ looks no closer")
	}
	press("0")
	if !value[bool](b, `document.getElementById("whole").hidden`) {
		t.Error("0 does not show the whole run")
	}

	// A line less, and all but one.
	b.chart("services.held")
	b.do(chromedp.Click(chromedp.CSS(`.chip[data-name="checkout"]`)))
	place = b.chart("services.held")
	b.mouse(chromedp.MouseMoved, place.X+0.3*place.Width, place.Y+50)
	if got := b.reading("services.held"); len(got.Lines) != 2 || got.Lines["checkout"] != "" {
		t.Errorf("without checkout the chart shows %v", got.Lines)
	}

	// The numbers are there as a table too.
	value[bool](b, `document.querySelector('[data-chart="services.held"]').parentElement.querySelector("details").open = true`)
	b.do(chromedp.WaitReady(chromedp.CSS(`[data-chart="services.held"] ~ details tbody tr`)))
	if rows := value[int](b, `document.querySelectorAll('[data-chart="services.held"] ~ details tbody tr').length`); rows != 120 {
		t.Errorf("the table of a chart has %d rows, want 120", rows)
	}

	// Colours.
	colour := func() string { return value[string](b, `getComputedStyle(document.body).backgroundColor`) }
	canvas := func() string {
		return value[string](b, `document.querySelector('[data-chart="services.held"] canvas').toDataURL()`)
	}
	system := func(colours string) {
		call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: colours}}})
	}
	system("light")
	light, drawn := colour(), canvas()
	b.do(chromedp.Click(chromedp.CSS("#theme")), chromedp.Click(chromedp.CSS("#theme")))
	dark := colour()
	if light == dark || canvas() == drawn {
		t.Errorf("the switch leaves the page at %s, or its charts as they were", dark)
	}
	b.do(chromedp.Click(chromedp.CSS("#theme")))
	system("dark")
	if got := colour(); got != dark {
		t.Errorf("where the system is dark the page is %s, by the switch %s", got, dark)
	}

	// On paper it is light, without what one would press.
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
	if display := value[string](b, `getComputedStyle(document.querySelector(".bar")).display`); display != "none" {
		t.Errorf("the bar is printed: %s", display)
	}
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{})
	pdf, err := chromedp.Run(b.ctx, chromedp.PrintToPDF(chromedp.PDFPrintBackground()))
	if err != nil || !bytes.HasPrefix(pdf, []byte("%PDF")) || len(pdf) < 20_000 {
		t.Errorf("what is printed has %d bytes, %v", len(pdf), err)
	}
	b.heard(file)
}

// testCoarsePointsUnderTheMouse: where a point stands for several intervals a rate is over
// all of them, and the last point is as long as the run goes.
func testCoarsePointsUnderTheMouse(t *testing.T, b *browser) {
	file := filepath.Join(t.TempDir(), "coarse.html")
	const end = 120.03 // 12,003 intervals are 6,002 points of two, the last of one
	_, text, errs := command(t.Context(), "", "run", "checkout-email-queue", "--set", "interval=10ms", "--duration", "120.03s", "--html", file, "--json", "-")
	if errs != "" {
		t.Fatal(errs)
	}
	var report told
	if err := json.Unmarshal([]byte(text), &report); err != nil {
		t.Fatal(err)
	}
	starts := report.Timeline.T
	if starts[1] == 0.01 {
		t.Fatal("a point is an interval")
	}
	b.open(file)
	place := b.chart("sources.goodput")
	for _, at := range []float64{0.2, 0.5, 1} {
		n := int(at * float64(len(starts)-1))
		b.mouse(chromedp.MouseMoved, 2, 2)
		b.mouse(chromedp.MouseMoved, place.X+at*(place.Width-1), place.Y+place.Height/2)
		got := b.reading("sources.goodput")
		var from float64
		if _, err := fmt.Sscanf(got.When, "%gs", &from); err != nil {
			t.Fatalf("at %d stands %q", n, got.When)
		}
		n = slices.IndexFunc(starts, func(s float64) bool { return math.Abs(s-from) < 0.006 })
		if n < 0 {
			t.Fatalf("no point begins at %v", from)
		}
		for name := range report.Timeline.Sources {
			want := report.Timeline.Sources.at(t, name, "offered", n) / (min(starts[n]+starts[1], end) - starts[n])
			if v, ok := measured(got.Lines[name+" offered"]); !ok || math.Abs(v-want) > 0.0051*want {
				t.Errorf("at %s the chart says %q of %s, the JSON has %v a second", got.When, got.Lines[name+" offered"], name, want)
			}
		}
	}
	b.heard(file)
}

// testRunsInABrowser: the run that is chosen is drawn in full, and the others are behind it.
func testRunsInABrowser(t *testing.T, b *browser) {
	dir := t.TempDir()
	file, all := filepath.Join(dir, "runs.html"), filepath.Join(dir, "runs.json")
	if _, _, errs := command(t.Context(), "", "run", "flash-sale", "--runs", "4", "-q", "--html", file, "--json", all); errs != "" {
		t.Fatal(errs)
	}
	var runs struct{ Runs []told }
	if err := json.Unmarshal([]byte(read(t, all)), &runs); err != nil {
		t.Fatal(err)
	}
	b.open(file)
	// The third seed is the first in which an expectation does not hold.
	if chosen := value[string](b, `document.getElementById("run").selectedOptions[0].textContent`); chosen != "seed 3, told above" {
		t.Errorf("at first the run is drawn that is called %q", chosen)
	}
	for k, report := range runs.Runs {
		value[bool](b, fmt.Sprintf(`(() => { const s = document.getElementById("run"); s.value = %d; return s.dispatchEvent(new Event("change")) })()`, k))
		place := b.chart("services.arrived")
		const n = 40
		b.mouse(chromedp.MouseMoved, 2, 2)
		b.mouse(chromedp.MouseMoved, place.X+(n+0.5)/90*place.Width, place.Y+place.Height-3)
		got := b.reading("services.arrived")
		want := report.Timeline.Services.at(t, "orders", "arrived", n)
		if v, ok := measured(got.Lines["orders"]); !ok || math.Abs(v-want) > 0.0051*want {
			t.Errorf("of run %d the chart says %q at %d s, the JSON has %v", k, got.Lines["orders"], n, want)
		}
		least, most := want, want
		for _, other := range runs.Runs {
			v := other.Timeline.Services.at(t, "orders", "arrived", n)
			least, most = min(least, v), max(most, v)
		}
		if said, want := value[string](b, `document.querySelector('[data-chart="services.arrived"] .spread').textContent`), fmt.Sprintf("%v/s – %v/s", least, most); said != want {
			t.Errorf("over all runs it goes %s, want %s", said, want)
		}
	}
	b.heard(file)
}

// testSweepInABrowser: under the mouse a place on a map tells its setting and all of its
// numbers, and a chart those of its value.
func testSweepInABrowser(t *testing.T, b *browser) {
	dir := t.TempDir()
	two, one := filepath.Join(dir, "two.html"), filepath.Join(dir, "one.html")
	for file, vary := range map[string][]string{
		two: {"--vary", "services.payment.threads=8,16", "--vary", "traffic.shoppers.rate=50/s,100/s"},
		one: {"--vary", "services.payment.threads=8,16,32"},
	} {
		if _, _, errs := command(t.Context(), "", append([]string{"sweep", "slow-dependency", "--runs", "2", "-q", "--html", file}, vary...)...); errs != "" {
			t.Fatal(errs)
		}
	}
	b.open(two)
	place := value[rectangle](b, `(() => { const e = document.querySelector('td[data-cell="2"]'); e.scrollIntoView({block: "center", behavior: "instant"}); const r = e.getBoundingClientRect(); return {X: r.x, Y: r.y, Width: r.width, Height: r.height} })()`)
	b.mouse(chromedp.MouseMoved, place.X+place.Width/2, place.Y+place.Height/2)
	said := value[string](b, `document.getElementById("read").innerText`)
	row := value[string](b, `[...document.querySelectorAll("#tables tbody tr")][2].innerText`)
	for _, want := range append([]string{"services.payment.threads=16, traffic.shoppers.rate=50/s", "shoppers.success", "shoppers.p99"}, strings.Fields(row)[5:]...) {
		if !strings.Contains(said, want) {
			t.Errorf("under the mouse stands %q, and not %q, of the row %q", said, want, row)
		}
	}
	if n := value[int](b, `document.querySelectorAll("td.lit").length`); n != 3 {
		t.Errorf("the setting is shown on %d maps, want 3", n)
	}
	b.heard(two)

	b.open(one)
	where := b.chart("line2")
	b.mouse(chromedp.MouseMoved, where.X+where.Width*0.34, where.Y+40) // 16 lies at a third from 8 to 32
	row = value[string](b, `[...document.querySelectorAll("#tables tbody tr")][1].innerText`)
	p99 := strings.Fields(row)[len(strings.Fields(row))-4]
	if got := b.reading("line2"); got.When != "services.payment.threads=16" || !strings.HasPrefix(value[string](b, `document.querySelector('[data-chart="line2"] .read [data-line]').textContent`), p99) {
		t.Errorf("the chart says %+v, the row %q", got, row)
	}
	b.heard(one)
}

// testPageOnAPhone: nothing is wider than the window, and without a script everything
// but the charts is there. It comes last: scripts stay off.
func testPageOnAPhone(t *testing.T, b *browser) {
	dir := t.TempDir()
	for _, name := range []string{"fan-out", "slow-dependency"} {
		file := filepath.Join(dir, name+".html")
		if _, _, errs := command(t.Context(), "", "run", name, "-q", "--html", file); errs != "" {
			t.Fatal(errs)
		}
		b.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulateScale(3)))
		b.open(file)
		b.chart("services.arrived")
		if wide := value[float64](b, `document.documentElement.scrollWidth`); wide > 390 {
			t.Errorf("%s: the page is %v wide, the window 390: %s", name, wide, value[string](b, `[...document.querySelectorAll("main *")].filter((e) => e.getBoundingClientRect().right > 391 && !e.closest(".scroll")).map((e) => e.tagName + "." + e.className).slice(0, 5).join(" ")`))
		}
		b.heard(file)
	}
	file := filepath.Join(dir, "slow-dependency.html")
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.do(chromedp.Navigate("file://" + file))
	seen, err := chromedp.Run(b.ctx, chromedp.Text(chromedp.CSS("main")))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"everything was back to what it was before", "visitors recovers within 15s of payment-slow", "The charts are drawn by a script", "26.9ms"} {
		if !strings.Contains(seen, want) {
			t.Errorf("without a script the page does not say %q", want)
		}
	}
	b.heard(file)
}

// testHostileNames: a name that would be markup or a script, everywhere that
// a file could have one, does nothing but stand there.
func testHostileNames(t *testing.T, b *browser) {
	const evil = `</script><img src=x onerror="alert(1)">'"&lt;<script>alert(2)</script>`
	s, err := scenarios.Builtin("checkout-email-queue")
	if err != nil {
		t.Fatal(err)
	}
	c := report.NewCollector(s.Plan, s.Expectations)
	system := sim.New(s.Plan, c)
	system.RunUntil(s.Plan.Duration)
	totals, err := system.Finish()
	if err != nil {
		t.Fatal(err)
	}
	r := c.Report(totals)
	r.Name, r.Expectations[0].Text, r.Faults[0].Name = evil, evil, evil
	r.Sources[0].Name, r.Timeline.Sources[0].Name = evil, evil
	r.Services[0].Name, r.Timeline.Services[0].Name = evil, evil
	r.Edges[0].ID, r.Timeline.Edges[0].ID = evil, evil
	r.Queues[0].Name, r.Timeline.Queues[0].Name = evil, evil
	var text bytes.Buffer
	if err := html.Write(&text, html.Document{Report: r}); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "evil.html")
	if err := os.WriteFile(file, text.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	b.open(file)
	for _, id := range []string{"glance", "services.held", "queues.depth"} {
		place := b.chart(id)
		b.mouse(chromedp.MouseMoved, place.X+place.Width/3, place.Y+8)
		if got := b.reading(id); id != "glance" && !slices.Contains(got.Faults, "⚡ "+evil) {
			t.Errorf("%s: the fault is called %q", id, got.Faults)
		} else if _, ok := got.Lines[evil]; !ok {
			t.Errorf("%s: no line is called so: %v", id, got.Lines)
		}
	}
	if n := value[int](b, `document.images.length`); n != 0 {
		t.Errorf("%d names became pictures", n)
	}
	if title := value[string](b, `document.querySelector("h1").textContent`); title != evil {
		t.Errorf("the title is %q", title)
	}
	b.heard(file)
}
