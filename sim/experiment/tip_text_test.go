package experiment

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"cascade/sim/report"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

func tippingText(t *testing.T, tip *Tipping, o report.TextOptions) string {
	t.Helper()
	var out bytes.Buffer
	if err := tip.WriteText(&out, o); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// What a person reads of a search of a made-up system.
func TestTippingText(t *testing.T) {
	w := world{pushed: logistic(71, 0.3), alone: logistic(86, 0.3), salt: 1}
	spec := searchSpec("40/s", "100/s", "2/s", w, 2000)
	const want = `safe below 68/s (collapse under 1%, 95% sure); vulnerable 68/s to 90/s; lost
above 90/s

made up: traffic.users.rate from 40/s to 100/s; what ceases to hold:
users.success >= 99%

Half of the runs collapse at
  pushed by its faults        71/s  70/s to 72/s, 95% sure
  alone, without them         86/s  84/s to 88/s, 95% sure

Runs that collapse
            pushed by its faults              alone, without them
      40/s  ------..........        0 of 8    ------..........        0 of 8
      48/s  ------..........        0 of 8    ------..........        0 of 8
      56/s  ------..........        0 of 8    ------..........        0 of 8
      62/s  --..............       0 of 38    ------..........        0 of 8
      66/s  -...............      0 of 327
      68/s  -...............      0 of 327
      70/s  ---.............       2 of 38    ------..........        0 of 8
      72/s  #############---      37 of 38
      74/s  ##############--      38 of 38
      76/s  ##########------        8 of 8
      78/s  ##########------        8 of 8    ------..........        0 of 8
      80/s                                    ------..........        0 of 8
      82/s                                    --..............       0 of 38
      84/s                                    --..............       0 of 38
      86/s  ##########------        8 of 8    #####------.....      19 of 38
      88/s                                    ##############--      38 of 38
      90/s                                    ###############-    365 of 365
      92/s  ##########------        8 of 8    ##########------        8 of 8
      94/s                                    ###############-    327 of 327
     100/s  ##########------        8 of 8    ##########------        8 of 8
  # at least, - up to, 95% sure of each value by itself

1,786 runs of 2,000 allowed: 144 to look over the range, 64 to find where it
tips, 270 to measure that, 1,308 to be sure of the edges
`
	got := tippingText(t, searched(t, spec, w), report.TextOptions{ASCII: true})
	if got != want {
		t.Errorf("%s", got)
	}
}

// Whatever comes of a search, its text fits 80 columns and is ASCII where that is asked
// for, its JSON is as the schema says, and its CSV has a row for each point.
func TestTippingForms(t *testing.T) {
	schema := tippingSchema(t)
	verdicts := map[TipVerdict]bool{}
	for i, w := range []world{
		{name: "both edges", pushed: logistic(71, 0.3), alone: logistic(86, 0.3)},
		{name: "falling", pushed: falling(logistic(71, 1)), alone: falling(logistic(86, 1))},
		{name: "one edge", pushed: logistic(71, 1)},
		{name: "never", pushed: level(0), alone: level(0)},
		{name: "only by itself", pushed: level(0), alone: logistic(71, 0.3)},
		{name: "always", pushed: level(1)},
		{name: "a hump", pushed: between(60, 80), alone: level(0)},
		{name: "often", pushed: level(0.2), alone: level(0)},
	} {
		for _, budget := range []int{200, 500, 2000} {
			spec := searchSpec("40/s", "100/s", "0.5/s", w, budget)
			var records []Record
			for {
				tip, err := NewTipping(spec, records)
				if err != nil {
					t.Fatal(err)
				}
				verdicts[tip.Verdict] = true
				for _, o := range []report.TextOptions{{ASCII: true}, {}, {Color: true}} {
					text := tippingText(t, tip, o)
					for line := range strings.Lines(text) {
						if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 && !o.Color {
							t.Errorf("%s: a line of %d columns: %s", w.name, n, line)
						}
					}
					if o.ASCII && len(text) != utf8.RuneCountInString(text) {
						t.Errorf("%s: not in ASCII: %s", w.name, text)
					}
					if !strings.Contains(strings.Join(strings.Fields(text), " "), tip.Sentence()) && !o.Color {
						t.Errorf("%s: %q is not in it:\n%s", w.name, tip.Sentence(), text)
					}
				}
				var out, table bytes.Buffer
				if err := tip.WriteJSON(&out); err != nil {
					t.Fatal(err)
				}
				v, err := jsonschema.UnmarshalJSON(&out)
				if err != nil {
					t.Fatal(err)
				}
				if err := schema.Validate(v); err != nil {
					t.Errorf("%s, after %d runs: %v", w.name, len(records), err)
				}
				if err := tip.WriteCSV(&table); err != nil {
					t.Fatal(err)
				}
				if rows, err := csv.NewReader(&table).ReadAll(); err != nil || len(rows) != len(tip.Curve)+1 {
					t.Errorf("%s: %d rows of %d points, %v", w.name, len(rows), len(tip.Curve), err)
				}
				if tip.Trials == nil {
					break
				}
				for _, trial := range Missing(tip.Trials, records) {
					records = append(records, Record{Trial: trial, Complete: true, Expectations: []Outcome{{Text: until, Met: !w.fate(tip.Cells[trial.Cell], trial.Seed+uint64(i)<<40)}}})
				}
			}
		}
	}
	for _, v := range []TipVerdict{Tips, TipSafe, TipUnsafe, TipFalls, TipTooFew, Unfinished} {
		if !verdicts[v] {
			t.Errorf("no search came to %q", v)
		}
	}
}

func tippingSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := jsonschema.UnmarshalJSON(bytes.NewReader(report.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("tip", text); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("tip")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The JSON says what the text says.
func TestTippingJSON(t *testing.T) {
	w := world{pushed: sharp(71.2), alone: sharp(86)}
	var out bytes.Buffer
	if err := searched(t, searchSpec("40/s", "100/s", "0.5/s", w, 2000), w).WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
	var j struct {
		Verdict, Sentence string
		Edges             struct {
			Safe, Lost struct {
				Value, Under float64
				Runs, Bad    int
			}
			Tipping, Alone struct{ Value, Low, High float64 }
		}
	}
	if err := json.Unmarshal(out.Bytes(), &j); err != nil {
		t.Fatal(err)
	}
	if e := j.Edges; e.Tipping.Low != 71 || e.Tipping.High != 71.5 || e.Alone.Low != 86 || e.Alone.High != 86.5 || e.Safe.Value > 71 || e.Safe.Value < 69 || e.Lost.Value < 86.5 || e.Lost.Value > 89 || e.Safe.Runs != 327 || e.Safe.Bad != 0 || e.Safe.Under != 0.01 {
		t.Errorf("%+v", j)
	}
}

func TestTippingSentences(t *testing.T) {
	q := func(text string) Quantity {
		q, err := ParseQuantity(text)
		if err != nil {
			t.Fatal(err)
		}
		return q
	}
	claim := func(value string, under float64, shown bool) *Claim {
		return &Claim{Value: q(value), Under: under, Shown: shown, Runs: 327}
	}
	curve := []CurvePoint{{Value: q("40/s"), Runs: 8, Collapsed: 3}, {Value: q("100/s"), Runs: 8, Collapsed: 8}}
	atEnd := claim("40/s", 0.01, true)
	atEnd.AtEnd = true
	for _, row := range []struct {
		tip    Tipping
		pushed bool
		want   string
	}{
		{Tipping{Verdict: Tips, GoodEnd: "low", Safe: claim("71/s", 0.01, true), Lost: claim("86/s", 0.01, true)}, true,
			"safe below 71/s (collapse under 1%, 95% sure); vulnerable 71/s to 86/s; lost above 86/s"},
		{Tipping{Verdict: Tips, GoodEnd: "high", Safe: claim("86/s", 0.01, true), Lost: claim("71/s", 0.01, true)}, true,
			"safe above 86/s (collapse under 1%, 95% sure); vulnerable 71/s to 86/s; lost below 71/s"},
		{Tipping{Verdict: Tips, GoodEnd: "low", Safe: claim("71/s", 0.01, true), Lost: claim("74/s", 0.01, true)}, false,
			"safe below 71/s (collapse under 1%, 95% sure); a matter of luck 71/s to 74/s; lost above 74/s"},
		{Tipping{Verdict: Tips, GoodEnd: "low", Safe: claim("71/s", 0.01, true)}, true,
			"safe below 71/s (collapse under 1%, 95% sure); vulnerable above, as far as 100/s"},
		{Tipping{Verdict: Tips, GoodEnd: "low", Safe: atEnd}, true,
			"safe only at 40/s (collapse under 1%, 95% sure); vulnerable above, as far as 100/s"},
		{Tipping{Verdict: TipTooFew, GoodEnd: "low", Safe: claim("71/s", 0.01, true)}, true,
			"safe below 71/s (collapse under 1%, 95% sure); vulnerable above; from where on it is lost the runs did not show"},
		{Tipping{Verdict: TipTooFew, GoodEnd: "low", Safe: claim("71/s", 0.03, false)}, true,
			"undecided below 71/s (collapse under 3%, 95% sure); vulnerable above, as far as 100/s"},
		{Tipping{Verdict: Unfinished, GoodEnd: "low", Stages: make([]Stage, 12), Trials: make([]Trial, 54)}, true,
			"the search is not over: it is at stage 12, of 54 runs"},
		{Tipping{Verdict: Unfinished, GoodEnd: "low", Stages: make([]Stage, 12), Trials: make([]Trial, 54), Safe: claim("71/s", 0.01, true)}, true,
			"the search is not over: it is at stage 12, of 54 runs; so far it is safe below 71/s (collapse under 1%, 95% sure)"},
		{Tipping{Verdict: TipTooFew, Why: "the budget was used up"}, true, "undecided: the budget was used up"},
		{Tipping{Verdict: TipSafe, GoodEnd: "low", Safe: claim("100/s", 0.01, true)}, true,
			"safe from 40/s to 100/s (collapse under 1%, 95% sure); where it tips is outside"},
		{Tipping{Verdict: TipSafe, GoodEnd: "low", Safe: claim("100/s", 0.01, true), Lost: claim("86/s", 0.01, true)}, true,
			"safe from 40/s to 100/s (collapse under 1%, 95% sure); lost above 86/s"},
		{Tipping{Verdict: TipUnsafe, GoodEnd: "low", Curve: curve}, true,
			"nothing from 40/s to 100/s is safe: at 40/s 3 of 8 runs collapse; look below 40/s"},
		{Tipping{Verdict: TipUnsafe, GoodEnd: "low", Curve: curve[1:]}, true,
			"nothing from 40/s to 100/s is safe: all of 8 runs collapse, at every value; look further out"},
		{Tipping{Verdict: TipFalls, GoodEnd: "low", Fall: &Fall{curve[1], curve[0]}}, true,
			"no one tipping point: at 100/s 8 of 8 runs collapse, and at 40/s only 3 of 8; vary it over less"},
	} {
		row.tip.Spec = searchSpec("40/s", "100/s", "0.5/s", world{}, 2000)
		row.tip.Spec.Search.Pushed = row.pushed
		if got := row.tip.Sentence(); got != row.want {
			t.Errorf("%s\nnot\n%s", got, row.want)
		}
	}
}

func TestParseRange(t *testing.T) {
	for _, row := range []struct {
		text, resolution string
		whole            bool
		want             string // path, ends and step; "" is refused
	}{
		{"traffic.users.rate=40/s..100/s", "1%", false, "traffic.users.rate 40/s 100/s 0.5/s"},
		{"traffic.users.rate=40..100/s", "1%", false, "traffic.users.rate 40/s 100/s 0.5/s"},
		{"traffic.users.rate=60/m..2/s", "10%", false, "traffic.users.rate 60/m 120/m 5/m"},
		{"services.a.threads=8..64", "1%", true, "services.a.threads 8 64 1"},
		{"services.a.threads=8..1000", "1%", true, "services.a.threads 8 1000 5"},
		{"faults.x.surge.factor=1..4", "1%", false, "faults.x.surge.factor 1 4 0.02"},
		{"duration=1s..2m", "500ms", false, "duration 1s 120s 0.5s"},
		{"a.timeout=100ms..1s", "1%", false, "a.timeout 100ms 1000ms 5ms"},
		{"a.chance=5%..50%", "1%", false, "a.chance 5% 50% 0.2%"},
		{"a.chance=5%..50%", "5%", false, "a.chance 5% 50% 5%"},
		{"a.rate=40/s..100/s", "0%", false, ""},
		{"a.rate=40/s..100/s", "1s", false, ""},
		{"a.rate=40/s..100/s", "0.001/s", false, ""},
		{"a.rate=40/s..100/s", "much", false, ""},
		{"a.rate=100/s..40/s", "1%", false, ""},
		{"a.rate=40/s..40/s", "1%", false, ""},
		{"a.rate=40/s..100ms", "1%", false, ""},
		{"a.rate=40/s", "1%", false, ""},
		{"40/s..100/s", "1%", false, ""},
		{"=40/s..100/s", "1%", false, ""},
		{"a.work=exponential(5ms)..9ms", "1%", false, ""},
	} {
		got := ""
		path, low, high, err := ParseRange(row.text)
		if err == nil {
			var step Quantity
			if step, err = StepOf(low, high, row.resolution, row.whole); err == nil {
				got = strings.Join([]string{path, low.String(), high.String(), step.String()}, " ")
			}
		}
		if got != row.want {
			t.Errorf("%s in steps of %s is %q (%v), not %q", row.text, row.resolution, got, err, row.want)
		}
	}
}
