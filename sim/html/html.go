// Package html writes a run as one page for a browser: the verdict, the story, the
// service map, charts over time that can be hovered and zoomed, what the threads did,
// and all tables. The page is a single file that asks for nothing: script, style and
// the report are in it, and its content security policy forbids everything else.
//
// What the report says in words and numbers is written here, so that it can be read
// without a script. The charts are drawn in the browser, from the report's own JSON,
// which the page carries whole: a number under the mouse is a number of the JSON.
//
//	err := html.Write(file, html.Document{Report: r})
//
// The charts are drawn by uPlot, which is in the folder uplot with its licence.
package html

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"

	"cascade/sim/experiment"
	"cascade/sim/report"
	"cascade/topology"
)

// A Document is what a page is made of.
type Document struct {
	Report *report.Report   // the run that the page tells of; nil: it is about the runs alone
	Runs   *experiment.Runs // what many runs come to, that one among them, best the one that Telling names; nil: there is one
}

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string
	//go:embed common.js
	commonJS string
	//go:embed page.js
	pageJS string
	//go:embed uplot/uPlot.iife.min.js
	uplotJS string
	//go:embed uplot/uPlot.min.css
	uplotCSS string
	//go:embed uplot/LICENSE
	uplotLicense string
)

// Write writes a document as one HTML file. The same report gives the same bytes. Without
// a Report it is about the runs alone: there is no story then, nor a map, and the charts
// are of the run that Telling names, or the first that has a timeline.
func Write(w io.Writer, d Document) error {
	var p page
	p.Policy, p.License, p.Style, p.Script = dressed(pageJS)
	first := func(io.Writer) error { return nil } // the report that the charts are of
	hints := hints{First: map[string][]string{}, Unlimited: []string{}}
	if r := d.Report; r != nil {
		first, hints = r.WriteJSON, hintsOf(r)
		p.tell(r)
	}
	var overlaid []overlaidRun
	if d.Runs != nil {
		told := p.Heading
		p.Heading = headingOfRuns(d.Runs)
		drawn, all, err := overlayOf(d.Runs, d.Report)
		if err != nil {
			return err
		}
		overlaid = all
		switch {
		case d.Report != nil:
			p.Told = toldOf(d.Runs, d.Report.Seed) + fmt.Sprintf(": %s, %s.", told.Verdict, told.How)
			p.Runs = viewOf(d.Runs, d.Report.Seed, all)
		case drawn != nil:
			first = func(w io.Writer) error { _, err := w.Write(drawn.Report); return err }
			p.Runs = viewOf(d.Runs, drawn.Seed, all)
		default:
			p.Runs = viewOf(d.Runs, 0, nil)
		}
	}
	packed, err := pack(first)
	if err != nil {
		return err
	}
	overlay, err := pack(writeOverlay(overlaid))
	if err != nil {
		return err
	}
	p.Packed = template.HTML(`<script type="text/plain" id="packed">` + packed + `</script><script type="text/plain" id="overlay">` + overlay + "</script>")
	hinted, err := json.Marshal(hints) // escapes what would end a script
	if err != nil {
		return err
	}
	p.Hints = template.HTML(`<script type="application/json" id="hints">` + string(hinted) + "</script>")
	t, err := template.New("page").Parse(pageHTML)
	if err != nil {
		return err
	}
	var b bytes.Buffer // whole, or an error and nothing
	if err := t.Execute(&b, p); err != nil {
		return err
	}
	_, err = b.WriteTo(w)
	return err
}

// A page is what the template page.html is filled with.
type page struct {
	Policy                 string
	License, Style, Script template.HTML
	Hints, Packed          template.HTML
	Heading                heading
	Runs                   *runsView // nil: there is one
	Told                   string    // which run it is that is told of
	One                    bool      // one is told of
	Tiles                  []tile
	Story                  []sentence
	Expectations           []expectation
	Map                    template.HTML
	Blame                  []blamed
	Tables                 []table
}

// tell fills in what is told of one run.
func (p *page) tell(r *report.Report) {
	p.One = true
	p.Heading, p.Tiles, p.Story, p.Expectations = headingOf(r), tilesOf(r), storyOf(r), expectationsOf(r)
	p.Map, p.Blame = drawMap(r), blameOf(r)
	p.Tables = slices.DeleteFunc([]table{sourcesOf(r), servicesOf(r), callsOf(r), queuesOf(r)}, func(t table) bool { return len(t.Rows) == 0 })
}

// dressed is what all pages have in their heads: the policy that allows their script and
// style and nothing else, these two, and the licence of the charts.
func dressed(js string) (allowed string, license, styled, scripted template.HTML) {
	script := "\"use strict\";\n" + uplotJS + "\n" + commonJS + "\n" + js
	style := uplotCSS + "\n" + pageCSS
	return policy(script, style),
		template.HTML("<!--\nThe charts are drawn by uPlot 1.6.32, https://github.com/leeoniya/uPlot\n\n" + uplotLicense + "-->"),
		template.HTML("<style>" + style + "</style>"),
		template.HTML("<script>" + script + "</script>")
}

// policy is the content security policy: this script, this style, and nothing from
// anywhere (W3C Content Security Policy Level 3).
func policy(script, style string) string {
	hash := func(s string) string {
		sum := sha256.Sum256([]byte(s))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return "default-src 'none'; script-src " + hash(script) + "; style-src " + hash(style) + "; base-uri 'none'; form-action 'none'"
}

// pack is what write writes, compressed by gzip and in base64: a fifth of it.
func pack(write func(io.Writer) error) (string, error) {
	var b strings.Builder
	to := base64.NewEncoder(base64.StdEncoding, &b)
	z, err := gzip.NewWriterLevel(to, gzip.BestCompression)
	if err != nil {
		return "", err
	}
	if err := write(z); err != nil {
		return "", err
	}
	if err := z.Close(); err != nil {
		return "", err
	}
	if err := to.Close(); err != nil {
		return "", err
	}
	return b.String(), nil
}

// Hints tell the charts what the JSON does not: they are about drawing.
type hints struct {
	End       float64             `json:"end_s"`     // how far the run came; 0: not known
	First     map[string][]string `json:"first"`     // by group: what is shown at first, the most important first
	Unlimited []string            `json:"unlimited"` // services whose threads are
}

// How many lines a chart begins with. More can be asked for; more than these and
// nobody sees which is which.
const (
	firstServices = 6
	firstEdges    = 6
	firstOthers   = 5
)

func hintsOf(r *report.Report) hints {
	h := hints{End: r.End.Seconds(), First: map[string][]string{"sources": {}, "services": {}, "edges": {}, "queues": {}}, Unlimited: []string{}}
	for i := range min(len(r.Sources), firstOthers) {
		h.First["sources"] = append(h.First["sources"], r.Sources[i].Name)
	}
	for _, i := range r.MostConcerned(firstServices) {
		h.First["services"] = append(h.First["services"], r.Services[i].Name)
	}
	for i := range r.Services {
		if r.Services[i].Unlimited {
			h.Unlimited = append(h.Unlimited, r.Services[i].Name)
		}
	}
	for _, i := range foremost(len(r.Edges), firstEdges, func(i int) float64 { return trouble(&r.Edges[i]) }) {
		h.First["edges"] = append(h.First["edges"], r.Edges[i].ID)
	}
	for _, i := range foremost(len(r.Queues), firstOthers, func(i int) float64 { return float64(r.Queues[i].LagMax) }) {
		h.First["queues"] = append(h.First["queues"], r.Queues[i].Name)
	}
	return h
}

// trouble weighs an edge by what went wrong on it.
func trouble(e *report.Edge) float64 {
	sum := float64(e.Retries) + 1e3*float64(e.Breaker.Opened)
	for o, n := range e.Outcomes {
		if topology.Outcome(o) != topology.Success && topology.Outcome(o) != topology.Cancelled {
			sum += float64(n)
		}
	}
	for _, n := range e.TurnedAway {
		sum += float64(n)
	}
	return sum
}

// foremost are the n of so many that weigh most, in their own order.
func foremost(of, n int, weight func(i int) float64) []int {
	order := make([]int, of)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch wa, wb := weight(a), weight(b); {
		case wa > wb:
			return -1
		case wa < wb:
			return 1
		}
		return 0
	})
	order = order[:min(n, of)]
	slices.Sort(order)
	return order
}

// A heading is what the page begins with.
type heading struct {
	Name, Verdict, Tone string // tone: a class of the style sheet
	How                 string
	About               []fact
}

// A fact is a word with what there is to say to it.
type fact struct{ Name, Text string }

func headingOf(r *report.Report) heading {
	h := heading{Name: r.Name, Verdict: r.Verdict.String(), Tone: toneOf(r.Verdict)}
	held, _ := r.Standing()
	h.How = fmt.Sprintf("%d of %d expectations held", held, len(r.Expectations))
	if len(r.Expectations) == 0 {
		h.How = "it ran; nothing was expected of it"
	}
	ran := report.ClockText(r.Duration)
	if !r.Complete {
		h.How = h.Verdict + ": " + h.How + " so far"
		h.Verdict, h.Tone = "interrupted", "warn"
		ran = fmt.Sprintf("%s of %s", report.ClockText(r.End), report.ClockText(r.Duration))
	}
	h.About = []fact{{"ran", ran}}
	if r.Warmup > 0 {
		h.About = append(h.About, fact{"warm-up", report.ClockText(r.Warmup)})
	}
	h.About = append(h.About, fact{"seed", fmt.Sprint(r.Seed)}, fact{"events", report.GroupedText(r.Events)}, fact{"fingerprint", fmt.Sprintf("%016x", r.Fingerprint)})
	return h
}

func toneOf(v report.Verdict) string {
	switch v {
	case report.Pass:
		return "good"
	case report.Fail:
		return "bad"
	}
	return "warn"
}

// A tile is what became of one source.
type tile struct {
	Name, Tone string
	Success    string
	Facts      []fact
}

func tilesOf(r *report.Report) []tile {
	var tiles []tile
	for i := range r.Sources {
		s := &r.Sources[i]
		t := tile{Name: s.Name, Success: "–"}
		if failed, known := report.Failed(&s.Ended); known {
			t.Success, t.Tone = report.FineShareText(s.Success), levelTone(report.ErrorLevel(failed))
		}
		offered, _ := r.Rate(s.Offered)
		t.Facts = []fact{{"goodput", report.RateText(s.Goodput) + " of " + report.RateText(offered) + "/s"}, {"p50", s.Latency.TimeText(s.Latency.P50)}, {"p99", s.Latency.TimeText(s.Latency.P99)}}
		if s.Publishes {
			t.Facts = append(t.Facts, fact{"done p99", s.P99Text()})
		}
		if tries, known := s.TriesARequest(&r.Edges[i]); known && tries > 1 {
			t.Facts = append(t.Facts, fact{"tries a request", fmt.Sprintf("%.3g", tries)})
		}
		tiles = append(tiles, t)
	}
	return tiles
}

func levelTone(l report.Level) string {
	return [...]string{report.OK: "", report.Warn: "warn", report.Critical: "bad"}[l]
}

// A sentence is a line of the story.
type sentence struct {
	When, Tone, Text string
	At               float64 // seconds; where When is empty it means nothing
}

func storyOf(r *report.Report) []sentence {
	var told []sentence
	for _, l := range r.Story() {
		s := sentence{Text: l.Text, Tone: [...]string{report.Plain: "plain", report.Caused: "caused", report.Changed: "caused", report.Trouble: "trouble", report.Recovered: "recovered"}[l.Tone]}
		if l.Timed {
			s.When, s.At = report.ClockText(l.At), l.At.Seconds()
		}
		told = append(told, s)
	}
	return told
}

// An expectation is one with how it came out.
type expectation struct {
	Text, Outcome, Verdict, Tone, Mark string
	More                               string // what there is to say beside that
}

func expectationsOf(r *report.Report) []expectation {
	var all []expectation
	for i := range r.Expectations {
		j := &r.Expectations[i]
		e := expectation{Text: j.Text, Outcome: j.Outcome(), Verdict: "held", Tone: "good", Mark: "✓"}
		switch {
		case j.Undecided:
			e.Verdict, e.Tone, e.Mark = "undecided", "warn", "?"
		case !j.Pass:
			e.Verdict, e.Tone, e.Mark = "failed", "bad", "✗"
		}
		all = append(all, e)
	}
	return all
}
