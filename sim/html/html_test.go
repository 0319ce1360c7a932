package html

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"cascade/scenarios"
	"cascade/sim"
	"cascade/sim/report"
)

// run is a built-in scenario's report.
func run(t testing.TB, name string) *report.Report {
	t.Helper()
	s, err := scenarios.Builtin(name)
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
	return c.Report(totals)
}

func written(t testing.TB, d Document) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, d); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// unpacked is the JSON that a page carries.
func unpacked(t testing.TB, page string) []byte {
	t.Helper()
	found := regexp.MustCompile(`<script type="text/plain" id="packed">([A-Za-z0-9+/=]*)</script>`).FindStringSubmatch(page)
	if found == nil {
		t.Fatal("the page carries no report")
	}
	z, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(found[1])))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// text is what a page says, without its markup, scripts and styles.
func text(page string) string {
	page = regexp.MustCompile(`(?s)<!--.*?-->|<script.*?</script>|<style.*?</style>`).ReplaceAllString(page, "")
	page = regexp.MustCompile(`<[^>]*>`).ReplaceAllString(page, " ")
	for from, to := range map[string]string{"&gt;": ">", "&lt;": "<", "&#34;": `"`, "&#39;": "'"} {
		page = strings.ReplaceAll(page, from, to)
	}
	return strings.Join(strings.Fields(strings.ReplaceAll(page, "&amp;", "&")), " ")
}

func TestPageTellsTheReport(t *testing.T) {
	for _, name := range []string{"slow-dependency", "checkout-email-queue", "dead-dependency-breaker", "fan-out", "redelivery-spiral"} {
		r := run(t, name)
		page := written(t, Document{Report: r})
		var want bytes.Buffer
		if err := r.WriteJSON(&want); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(unpacked(t, page), want.Bytes()) {
			t.Errorf("%s: the page carries another report", name)
		}
		if again := written(t, Document{Report: r}); again != page {
			t.Errorf("%s: the same report makes another page", name)
		}
		said := text(page)
		says := func(what string) {
			t.Helper()
			if !strings.Contains(said, strings.Join(strings.Fields(what), " ")) {
				t.Errorf("%s: the page does not say %q", name, what)
			}
		}
		for _, l := range r.Story() {
			says(l.Text)
		}
		for i := range r.Expectations {
			says(r.Expectations[i].Text + " " + r.Expectations[i].Outcome())
		}
		for i := range r.Sources {
			says(r.Sources[i].Name)
		}
		for i := range r.Services {
			says(r.Services[i].Name)
		}
		for i := range r.Edges {
			says(r.Edges[i].ID)
		}
		for i := range r.Queues {
			says(r.Queues[i].Name)
		}
		says(name + " " + r.Verdict.String())
	}
}

// TestPolicyAllowsOnlyThisPage: the hashes are those of the one script and the one style
// that the page has, and nothing in it names a place to fetch from.
func TestPolicyAllowsOnlyThisPage(t *testing.T) {
	page := written(t, Document{Report: run(t, "slow-dependency")})
	hash := func(tag string) string {
		found := regexp.MustCompile(`(?s)<`+tag+`>(.*?)</`+tag+`>`).FindAllStringSubmatch(page, -1)
		if len(found) != 1 {
			t.Fatalf("%d of <%s>, want one", len(found), tag)
		}
		sum := sha256.Sum256([]byte(found[0][1]))
		return base64.StdEncoding.EncodeToString(sum[:])
	}
	// html/template writes a + in an attribute as a reference.
	head := strings.ReplaceAll(strings.ReplaceAll(page[:strings.Index(page, "<title>")], "&#43;", "+"), "&#39;", "'")
	want := fmt.Sprintf("default-src 'none'; script-src 'sha256-%s'; style-src 'sha256-%s'; base-uri 'none'; form-action 'none'", hash("script"), hash("style"))
	if !strings.Contains(head, want) {
		t.Errorf("the policy is not %s", want)
	}
	for _, word := range []string{" src=", "<link", "@import", "url(http", " style=", " onclick=", "<iframe"} {
		if strings.Contains(page, word) {
			t.Errorf("the page has %s", word)
		}
	}
	if !strings.Contains(page, "Copyright (c) 2022 Leon Sorokin") {
		t.Error("the licence of uPlot is not in the page")
	}
}

// TestHostileNames: whatever a scenario calls its things, it stays a text.
func TestHostileNames(t *testing.T) {
	const evil = `</script></style></title><img src=x onerror=alert(1)>"'&amp;<!--]]>{{.}}` + "`${1}\u2028"
	r := run(t, "checkout-email-queue")
	plainTags := len(regexp.MustCompile(`<[a-zA-Z/!]`).FindAllString(written(t, Document{Report: r}), -1))
	r.Name = evil
	r.Expectations[0].Text, r.Expectations[1].Why, r.Expectations[1].Undecided = evil, evil, true
	r.Faults[0].Name, r.Faults[0].On = evil, evil
	r.Sources[0].Name, r.Services[0].Name, r.Queues[0].Name, r.Edges[0].ID = evil, evil, evil, evil
	r.Timeline.Sources[0].Name, r.Timeline.Services[0].Name, r.Timeline.Queues[0].Name, r.Timeline.Edges[0].ID = evil, evil, evil, evil
	r.Cascade.Saturated[0].Service = evil
	page := written(t, Document{Report: r})
	if strings.Contains(page, "<img") || strings.Contains(page, "onerror=alert(1)>") {
		t.Error("a name became markup")
	}
	// There are fewer or as many tags: the ways of what has lost its name are not drawn.
	if n := len(regexp.MustCompile(`<[a-zA-Z/!]`).FindAllString(page, -1)); n > plainTags {
		t.Errorf("%d tags, without such names %d", n, plainTags)
	}
	if n := strings.Count(page, "</script>"); n != 4 {
		t.Errorf("%d scripts end, want 4", n)
	}
	var carried struct {
		Scenario struct{ Name string }
	}
	if err := json.Unmarshal(unpacked(t, page), &carried); err != nil || carried.Scenario.Name != evil {
		t.Errorf("the page carries the name %q, %v", carried.Scenario.Name, err)
	}
}

// TestUPlotIsAsItCame holds the library's files against the sums beside them.
func TestUPlotIsAsItCame(t *testing.T) {
	list, err := os.ReadFile("uplot/README.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| `(.+)` \\| `([0-9a-f]{64})` \\|$").FindAllStringSubmatch(string(list), -1)
	if len(rows) != 3 {
		t.Fatalf("%d files have a sum, want 3", len(rows))
	}
	for _, row := range rows {
		b, err := os.ReadFile("uplot/" + row[1])
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != row[2] {
			t.Errorf("%s is not what it was: %x", row[1], sum)
		}
	}
}
