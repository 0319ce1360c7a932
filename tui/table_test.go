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
	"cascade/sim"
	"cascade/sim/des"
	"cascade/sim/report"
	"cascade/topology"
	"cascade/tui/player"
)

// tables are the four, of a console.
func tables(c *console) []*table {
	var all []*table
	for _, v := range c.views {
		if t, ok := v.(*table); ok {
			all = append(all, t)
		}
	}
	return all
}

// paper is a screen to draw on.
func paper(t testing.TB, w, h int) tcell.SimulationScreen {
	t.Helper()
	screen := tcell.NewSimulationScreen("UTF-8")
	if err := screen.Init(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(screen.Fini)
	screen.SetSize(w, h)
	return screen
}

// lineOf is what stands in some columns of a line.
func lineOf(screen tcell.Screen, x, y, w int) string {
	var b strings.Builder
	for i := range w {
		r, _, _, _ := screen.GetContent(x+i, y)
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}

// A want is what a cell should say, from the report's own fields.
type want func(r *player.Run, i int) string

// Helpers of the wants: plain arithmetic, so that the rates of the report are held too.
func share(part, whole uint64) string {
	if whole == 0 {
		return missing
	}
	return report.ShareText(float64(part) / float64(whole))
}

func rate(n uint64, seconds float64) string {
	if seconds <= 0 {
		return missing
	}
	return report.RateText(float64(n) / seconds)
}

func timeOr(v float64, known bool) string {
	if !known {
		return missing
	}
	return report.SecondsText(v)
}

func past(r *player.Run, text string) string {
	if r.Report.End <= r.Report.Warmup {
		return missing
	}
	return text
}

func sumOf(o [topology.NumOutcomes]uint64, left ...topology.Outcome) (n uint64) {
	for k, v := range o {
		if !slices.Contains(left, topology.Outcome(k)) {
			n += v
		}
	}
	return n
}

// lately is the newest point, and how long it is.
func lately(r *player.Run) (n int, seconds float64) {
	tl := &r.Report.Timeline
	n = len(tl.Starts) - 1
	return n, (r.Report.End - tl.Starts[n]).Seconds()
}

func judgedSeconds(r *player.Run) float64 { return (r.Report.End - r.Report.Warmup).Seconds() }

// wants are what the columns of each table say, by title; of those of the past with a
// dash before it.
func wants() map[string]map[string]want {
	service := func(r *player.Run, i int) (*report.ServiceSeries, *report.Service) {
		return &r.Report.Timeline.Services[i], &r.Report.Services[i]
	}
	bounded := func(r *player.Run, i int, v float64) string {
		if r.Report.Services[i].Unlimited {
			return missing
		}
		return report.ShareText(v)
	}
	cancelled, success := topology.Cancelled, topology.Success
	return map[string]map[string]want{
		"services": {
			"held": func(r *player.Run, i int) string {
				n, _ := lately(r)
				s, _ := service(r, i)
				return bounded(r, i, s.Saturation[n])
			},
			"waiting": func(r *player.Run, i int) string {
				n, _ := lately(r)
				s, _ := service(r, i)
				return report.CountText(s.Queue[n])
			},
			"errors": func(r *player.Run, i int) string {
				n, _ := lately(r)
				s, _ := service(r, i)
				return share(s.Errors[n], s.Ended[n])
			},
			"p99": func(r *player.Run, i int) string {
				n, _ := lately(r)
				s, _ := service(r, i)
				return timeOr(s.P99[n], s.P99[n] > 0)
			},
			"arrived/s": func(r *player.Run, i int) string {
				n, long := lately(r)
				s, _ := service(r, i)
				return rate(s.Arrived[n], long)
			},
			"answers/s": func(r *player.Run, i int) string {
				t := &r.Last.Services[i]
				return rate(t.Answers[topology.Success]+t.Answers[topology.Error], (r.Last.To - r.Last.From).Seconds())
			},
			"up": func(r *player.Run, i int) string {
				return fmt.Sprintf("%d/%d", r.Instances[i]-r.Down[i], r.Instances[i])
			},
			"waits on": func(r *player.Run, i int) string {
				t := &r.Last.Services[i]
				of, most, best := map[string]des.Time{}, des.Time(0), missing
				for _, w := range append(slices.Clone(t.WaitingOn), t.BackingOff...) {
					name := r.Plan.Topology.Services[r.Plan.Edges()[w.Edge].To.Service].Name
					if of[name] += w.Time; of[name] > most {
						most, best = of[name], name
					}
				}
				for _, w := range t.Publishing {
					name := r.Plan.Topology.Queues[r.Plan.Topology.Publishes[w.Publish].Queue].Name
					if of[name] += w.Time; of[name] > most {
						most, best = of[name], name
					}
				}
				if most == 0 {
					return missing
				}
				return unicodeGlyphs.cut(report.ShareText(float64(most)/float64(t.Held()))+" on "+best, 18)
			},
			"- wasted": func(r *player.Run, i int) string {
				_, s := service(r, i)
				if s.ThreadTime.Working == 0 {
					return missing
				}
				return report.ShareText(s.Wasted)
			},
			"- errors": func(r *player.Run, i int) string {
				_, s := service(r, i)
				return share(sumOf(s.Answers, success, cancelled), sumOf(s.Answers, cancelled))
			},
			"- p99": func(r *player.Run, i int) string {
				_, s := service(r, i)
				return timeOr(s.Latency.P99, s.Latency.Count > 0)
			},
			"- worst": func(r *player.Run, i int) string {
				_, s := service(r, i)
				return past(r, bounded(r, i, s.SaturationMax))
			},
			"- held": func(r *player.Run, i int) string { _, s := service(r, i); return past(r, bounded(r, i, s.Saturation)) },
			"- waiting": func(r *player.Run, i int) string {
				_, s := service(r, i)
				return past(r, report.CountText(s.QueueMean))
			},
			"- most": func(r *player.Run, i int) string {
				_, s := service(r, i)
				return past(r, report.CountText(float64(s.QueueMax)))
			},
			"- arrived/s": func(r *player.Run, i int) string {
				_, s := service(r, i)
				return rate(s.Arrived, judgedSeconds(r))
			},
			"- answers/s": func(r *player.Run, i int) string {
				_, s := service(r, i)
				return rate(s.Answers[topology.Success]+s.Answers[topology.Error], judgedSeconds(r))
			},
		},
		"edges": {
			"tries/s": func(r *player.Run, i int) string {
				n, long := lately(r)
				return rate(r.Report.Timeline.Edges[i].Attempts[n], long)
			},
			"failed": func(r *player.Run, i int) string {
				o := r.Last.Edges[i].Outcomes
				return share(sumOf(o, success, cancelled), sumOf(o, cancelled))
			},
			"p99": func(r *player.Run, i int) string {
				h := r.Last.Edges[i].Latency
				return timeOr(float64(h.Quantile(0.99))/1e9, h.Count() > 0)
			},
			"retries": func(r *player.Run, i int) string {
				n, _ := lately(r)
				s := &r.Report.Timeline.Edges[i]
				return share(s.Retries[n], s.Attempts[n])
			},
			"timeouts": func(r *player.Run, i int) string {
				o := r.Last.Edges[i].Outcomes
				return share(o[topology.Timeout], sumOf(o, cancelled))
			},
			"breaker": func(r *player.Run, i int) string {
				callers, open, half := r.Report.Edges[i].Breaker.Callers, 0, 0
				for _, b := range r.Breakers[i] {
					if b == topology.StateOpen {
						open++
					} else if b == topology.StateHalfOpen {
						half++
					}
				}
				switch {
				case callers == 0:
					return missing
				case open > 0 && callers == 1:
					return "open"
				case open > 0:
					return fmt.Sprintf("%d/%d open", open, callers)
				case half > 0 && callers == 1:
					return "half-open"
				case half > 0:
					return fmt.Sprintf("%d/%d half-open", half, callers)
				}
				return "closed"
			},
			"under way": func(r *player.Run, i int) string {
				return past(r, report.CountText(float64(r.Report.Edges[i].CallsUnderWay)))
			},
			"- tries/call": func(r *player.Run, i int) string {
				e := &r.Report.Edges[i]
				if e.Calls == 0 {
					return missing
				}
				tried := e.Calls
				if e.Cache != nil {
					tried -= e.Cache.Hits + e.Cache.Coalesced
				}
				return report.CountText(float64(e.Attempts+sumOf(e.TurnedAway)) / float64(tried))
			},
			"- failed": func(r *player.Run, i int) string {
				o := r.Report.Edges[i].Outcomes
				return share(sumOf(o, success, cancelled), sumOf(o, cancelled))
			},
			"- p99": func(r *player.Run, i int) string { d := &r.Report.Edges[i].Latency; return timeOr(d.P99, d.Count > 0) },
			"- timeouts": func(r *player.Run, i int) string {
				o := r.Report.Edges[i].Outcomes
				return share(o[topology.Timeout], sumOf(o, cancelled))
			},
			"- turned away": func(r *player.Run, i int) string {
				e := &r.Report.Edges[i]
				return share(sumOf(e.TurnedAway), e.Attempts+sumOf(e.TurnedAway))
			},
			"- retries": func(r *player.Run, i int) string { e := &r.Report.Edges[i]; return share(e.Retries, e.Attempts) },
			"- calls/s": func(r *player.Run, i int) string { return rate(r.Report.Edges[i].Calls, judgedSeconds(r)) },
			"- opened": func(r *player.Run, i int) string {
				if b := &r.Report.Edges[i].Breaker; b.Callers > 0 {
					return report.CountText(float64(b.Opened))
				}
				return missing
			},
		},
		"queues": {
			"waiting": func(r *player.Run, i int) string {
				n, _ := lately(r)
				return report.CountText(r.Report.Timeline.Queues[i].Depth(n))
			},
			"oldest": func(r *player.Run, i int) string {
				n, _ := lately(r)
				return report.SecondsText(r.Report.Timeline.Queues[i].Age(n))
			},
			"not done": func(r *player.Run, i int) string {
				n, _ := lately(r)
				return report.CountText(r.Report.Timeline.Queues[i].Lag(n))
			},
			"in/s": func(r *player.Run, i int) string {
				n, long := lately(r)
				return rate(r.Report.Timeline.Queues[i].Published[n], long)
			},
			"done/s": func(r *player.Run, i int) string {
				t := &r.Last.Queues[i]
				least := t.Acknowledged
				for k := range t.Groups {
					if a := t.Groups[k].Acknowledged; k == 0 || a < least {
						least = a
					}
				}
				return rate(least, (r.Last.To - r.Last.From).Seconds())
			},
			"drained in": func(r *player.Run, i int) string {
				n, long := lately(r)
				v := r.Report.Timeline.Queues[i].Drain(n, des.Time(long*1e9))
				if v < 0 && r.Report.QueueLevel(r.Last, i, -1) == report.OK {
					return "steady"
				}
				if v < 0 {
					return "growing"
				}
				return report.SecondsText(v)
			},
			"- dead": func(r *player.Run, i int) string {
				return past(r, report.CountText(float64(r.Report.Queues[i].DeadLettered)))
			},
			"- dropped": func(r *player.Run, i int) string {
				return past(r, report.CountText(float64(r.Report.Queues[i].Dropped)))
			},
			"- rejected": func(r *player.Run, i int) string {
				return past(r, report.CountText(float64(r.Report.Queues[i].Rejected())))
			},
			"- again": func(r *player.Run, i int) string {
				q := &r.Report.Queues[i]
				worst := share(q.Redelivered, q.Delivered)
				most := -1.0
				for k := range q.Groups {
					if g := &q.Groups[k]; float64(g.Redelivered)/float64(g.Delivered) > most {
						most, worst = float64(g.Redelivered)/float64(g.Delivered), share(g.Redelivered, g.Delivered)
					}
				}
				return past(r, worst)
			},
			"- most": func(r *player.Run, i int) string {
				return past(r, report.CountText(float64(r.Report.Queues[i].LagMax)))
			},
			"- oldest": func(r *player.Run, i int) string { return past(r, report.SecondsText(r.Report.Queues[i].AgeMax)) },
			"- p99": func(r *player.Run, i int) string {
				v, word, known := r.Report.Queues[i].P99()
				switch {
				case !known:
					return missing
				case word != "":
					return past(r, word)
				}
				return past(r, report.SecondsText(v))
			},
			"- in/s": func(r *player.Run, i int) string { return rate(r.Report.Queues[i].Published, judgedSeconds(r)) },
			"- done/s": func(r *player.Run, i int) string {
				q := &r.Report.Queues[i]
				least := q.Acknowledged
				for k := range q.Groups {
					if a := q.Groups[k].Acknowledged; k == 0 || a < least {
						least = a
					}
				}
				return rate(least, judgedSeconds(r))
			},
		},
		"sources": {
			"offered/s": func(r *player.Run, i int) string {
				n, long := lately(r)
				return rate(r.Report.Timeline.Sources[i].Offered[n], long)
			},
			"goodput/s": func(r *player.Run, i int) string {
				n, long := lately(r)
				return rate(r.Report.Timeline.Sources[i].Succeeded[n], long)
			},
			"success": func(r *player.Run, i int) string {
				n, _ := lately(r)
				s := &r.Report.Timeline.Sources[i]
				return share(s.Succeeded[n], s.Succeeded[n]+s.Failed[n])
			},
			"p50": func(r *player.Run, i int) string {
				n, _ := lately(r)
				v := r.Report.Timeline.Sources[i].P50[n]
				return timeOr(v, v > 0)
			},
			"p99": func(r *player.Run, i int) string {
				n, _ := lately(r)
				v := r.Report.Timeline.Sources[i].P99[n]
				return timeOr(v, v > 0)
			},
			"in flight": func(r *player.Run, i int) string {
				return past(r, report.CountText(float64(r.Report.Sources[i].InFlight)))
			},
			"- success":   func(r *player.Run, i int) string { o := r.Report.Sources[i].Ended; return share(o[success], sumOf(o)) },
			"- goodput/s": func(r *player.Run, i int) string { return rate(r.Report.Sources[i].Ended[success], judgedSeconds(r)) },
			"- offered/s": func(r *player.Run, i int) string { return rate(r.Report.Sources[i].Offered, judgedSeconds(r)) },
			"- p50": func(r *player.Run, i int) string {
				d := &r.Report.Sources[i].Latency
				return timeOr(d.P50, d.Count > 0)
			},
			"- p99": func(r *player.Run, i int) string {
				d := &r.Report.Sources[i].Latency
				return timeOr(d.P99, d.Count > 0)
			},
			"- tries/req": func(r *player.Run, i int) string {
				s := &r.Report.Sources[i]
				if s.Offered == 0 {
					return missing
				}
				return report.CountText(float64(s.Attempts+sumOf(r.Report.Edges[i].TurnedAway)) / float64(s.Offered))
			},
			"- done p99": func(r *player.Run, i int) string {
				v, word, known := r.Report.Sources[i].Completed.P99()
				if !known || !r.Report.Sources[i].Publishes {
					return missing
				}
				if word != "" {
					return past(r, word)
				}
				return past(r, report.SecondsText(v))
			},
		},
	}
}

// Every number on the screen is the report's, or the latest sample's, of that instant.
func TestTableNumbers(t *testing.T) {
	all := wants()
	seen := map[string]bool{}
	for name, instants := range map[string][]time.Duration{
		"slow-dependency":            {time.Second, 9 * time.Second, 10 * time.Second, 11 * time.Second, 31 * time.Second, 45 * time.Second, 120 * time.Second},
		"retry-storm":                {35 * time.Second, 70 * time.Second},
		"dead-dependency-breaker":    {29 * time.Second, 40 * time.Second, 60 * time.Second},
		"hot-partition":              {5 * time.Second, 90 * time.Second},
		"redelivery-spiral":          {60 * time.Second, 240 * time.Second},
		"poison-message-dead-letter": {60 * time.Second},
		"fan-out":                    {50 * time.Second},
		"weekend-outage":             {2 * time.Hour},
		"sick-replica":               {45 * time.Second},
		"checkout-email-queue":       {45 * time.Second},
	} {
		s := builtin(t, name)
		for _, at := range instants {
			c := newConsole(playedTo(t, s, at), nil, newLook(Dark, 256, false), nil, nil)
			for _, table := range tables(c) {
				screen := paper(t, 400, 60)
				table.draw(pen{screen, 0, 0, 400, 60}, true)
				for _, h := range table.headings {
					if h.column < 0 || table.columns[h.column].bar {
						continue
					}
					column := &table.columns[h.column]
					title := column.title
					if column.past {
						title = "- " + title
					}
					of := all[table.title][title]
					if of == nil {
						t.Fatalf("nothing is known of the column %q of %s", title, table.title)
					}
					seen[table.title+" "+title] = true
					for k, r := range table.rows {
						if r.part >= 0 {
							continue
						}
						got, want := lineOf(screen, h.x, table.first+k, h.width), of(&c.frame.Run, int(r.index))
						if got != want {
							t.Errorf("%s at %v, %s, %s of %s: %q on the screen, %q in the report", name, at, table.title, title, table.nameOf(r), got, want)
						}
					}
				}
			}
		}
	}
	for title, columns := range all {
		for column := range columns {
			if !seen[title+" "+column] {
				t.Errorf("the column %q of %s was never on the screen", column, title)
			}
		}
	}
}

// What an operation did is what the latest sample and the totals say of it.
func TestTableOperations(t *testing.T) {
	c := consoleAt(t, "slow-dependency", 45*time.Second, newLook(Dark, 256, false))
	services := tables(c)[0]
	screen := paper(t, 400, 30)
	services.draw(pen{screen, 0, 0, 400, 30}, true)
	run := &c.frame.Run
	checked := 0
	for k, r := range services.rows {
		if r.part < 0 {
			continue
		}
		op, totals := &run.Last.Services[r.index].Operations[r.part], &run.Report.Services[r.index].Operations[r.part]
		long := (run.Last.To - run.Last.From).Seconds()
		for _, h := range services.headings {
			if h.column < 0 {
				continue
			}
			column := &services.columns[h.column]
			want := ""
			switch title := column.title; {
			case title == "held" && !column.past:
				want = report.ShareText(float64(op.Held()) / float64(run.Last.Services[r.index].Capacity))
			case title == "waiting" && !column.past:
				want = report.CountText(op.QueueTime.Seconds() / long)
			case title == "errors" && !column.past:
				want = share(sumOf(op.Answers, topology.Success, topology.Cancelled), sumOf(op.Answers, topology.Cancelled))
			case title == "arrived/s" && !column.past:
				want = rate(op.Arrived, long)
			case title == "p99" && !column.past:
				want = report.SecondsText(float64(op.Latency.Quantile(0.99)) / 1e9)
			case title == "up":
				want = missing
			case title == "p99":
				want = report.SecondsText(totals.Latency.P99)
			case title == "worst":
				want = report.ShareText(totals.SaturationMax)
			default:
				continue
			}
			checked++
			if got := lineOf(screen, h.x, services.first+k, h.width); got != want {
				t.Errorf("%s of %s: %q on the screen, want %q", column.title, services.nameOf(r), got, want)
			}
		}
	}
	if checked != 2*8 {
		t.Errorf("%d numbers of operations were on the screen, want 8 of each of two", checked)
	}
}

// A group of a stream stands below it with its own numbers.
func TestTableGroups(t *testing.T) {
	c := consoleAt(t, "fan-out", 50*time.Second, newLook(Dark, 256, false))
	queues := tables(c)[2]
	screen := paper(t, 400, 30)
	queues.draw(pen{screen, 0, 0, 400, 30}, true)
	run := &c.frame.Run
	n, long := lately(run)
	names, checked := []string{"orders", "billing", "shipping", "search", "analytics"}, 0
	for k, r := range queues.rows {
		if got := lineOf(screen, 2, queues.first+k, 12); !strings.HasPrefix(got, names[k]) {
			t.Fatalf("row %d is %q, want %s", k, got, names[k])
		}
		if r.part < 0 {
			continue
		}
		of, totals := &run.Report.Timeline.Queues[0].Readers[r.part], &run.Report.Queues[0].Groups[r.part]
		for _, h := range queues.headings {
			if h.column < 0 {
				continue
			}
			column := &queues.columns[h.column]
			want := ""
			switch title := column.title; {
			case title == "waiting":
				want = report.CountText(of.Depth[n])
			case title == "oldest" && !column.past:
				want = report.SecondsText(of.Age[n])
			case title == "not done":
				want = report.CountText(of.Depth[n] + of.Held[n])
			case title == "done/s" && !column.past:
				want = rate(run.Last.Queues[0].Groups[r.part].Acknowledged, long)
			case title == "done/s":
				want = rate(totals.Acknowledged, judgedSeconds(run))
			case title == "in/s", title == "rejected": // of the stream
				want = missing
			case title == "most":
				want = report.CountText(float64(totals.LagMax))
			default:
				continue
			}
			checked++
			if got := lineOf(screen, h.x, queues.first+k, h.width); got != want {
				t.Errorf("%s of %s: %q on the screen, want %q", column.title, names[k], got, want)
			}
		}
	}
	if checked != 4*9 {
		t.Errorf("%d numbers of groups were on the screen, want 9 of each of four", checked)
	}
	queues.act(doBottom) // groups cannot be selected
	if c.selected != "orders" {
		t.Errorf("the hand is on %q", c.selected)
	}
}

// numbered is a table of so many things, each with a number, and how it is known.
func numbered(values []float64, known []bool) *table {
	plan := &sim.Plan{Duration: 10e9, Topology: &topology.Topology{}}
	run := player.Run{Scenario: player.Scenario{Plan: plan}, Report: &report.Report{Timeline: report.Timeline{Point: 1e9}}}
	s := &state{frame: &player.Frame{Run: run}, look: newLook(Dark, 256, false)}
	return newTable(s, sheet{
		title: "things", one: "thing", none: "no things",
		count:  func(*sim.Plan) int { return len(values) },
		label:  func(_ *sim.Plan, i int) string { return fmt.Sprintf("thing-%03d", i) },
		level:  func(spot) report.Level { return report.OK },
		series: func(spot) (series, bool) { return series{}, false },
		columns: []column{{title: "number", width: 8, rank: 1, text: report.CountText,
			value: func(s spot) (float64, bool) { return values[s.index], known[s.index] }}},
	})
}

// Rows with the same number stay in file order, either way round; those without come last.
func TestTableSorts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 40).Draw(t, "rows")
		values := rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 4), func(v int) float64 { return float64(v) }), n, n).Draw(t, "values")
		known := rapid.SliceOfN(rapid.Bool(), n, n).Draw(t, "known")
		table := numbered(values, known)
		for range 2 { // to the names, then to the number
			table.act(doSort)
		}
		for _, reversed := range []bool{false, true} {
			table.fits = n
			table.build()
			if len(table.rows) != n {
				t.Fatalf("%d rows of %d", len(table.rows), n)
			}
			for k := range n - 1 {
				a, b := table.rows[k].index, table.rows[k+1].index
				x, y := values[a], values[b]
				if reversed {
					x, y = y, x
				}
				switch {
				case !known[a] && known[b]:
					t.Fatalf("the unknown of row %d comes before a number", a)
				case !known[a]:
					if a > b {
						t.Fatalf("unknown rows %d, %d are not in file order", a, b)
					}
				case known[b] && x < y, known[b] && x == y && a > b:
					t.Fatalf("rows %d (%v), %d (%v), reversed %v", a, values[a], b, values[b], reversed)
				}
			}
			table.act(doReverse)
		}
	})
}

// TestTableIsOfTheNewestFrame: what is kept of one is not shown for another, be it the order
// of rows, the rows themselves, or which of them the hand is on.
func TestTableIsOfTheNewestFrame(t *testing.T) {
	order := func(table *table) (names []string, at int) {
		table.draw(pen{paper(t, 120, 40), 0, 0, 120, 40}, true)
		for _, r := range table.rows {
			names = append(names, table.labelOf(r))
		}
		return names, table.place()
	}
	p := playedTo(t, builtin(t, "slow-dependency"), 12*time.Second)
	before, first := newConsole(p, nil, dark(), nil, nil), p.Frame()
	p.Seek(45 * second)
	arrive(p)
	after := newConsole(p, nil, dark(), nil, nil) // of the same plan
	other := consoleAt(t, "checkout-email-queue", 45*time.Second, dark())
	moved := 0
	for k, table := range tables(before) {
		for i := range table.columns {
			before.frame = first
			for _, next := range []*console{after, other, after} {
				table.list()
				fresh := tables(next)[k]
				fresh.list()
				if !table.sorts(i) || !fresh.sorts(i) {
					continue
				}
				table.sortBy(i)
				was, _ := order(table)
				before.frame, before.selected = next.frame, "checkout"
				next.selected = "checkout"
				fresh.sortBy(i)
				got, at := order(table)
				want, wantAt := order(fresh)
				if !slices.Equal(got, want) || at != wantAt {
					t.Errorf("%s by %s: %q, the hand on %d; want %q and %d", table.title, table.columns[i].called(), got, at, want, wantAt)
				}
				if next == after && !slices.Equal(was, got) {
					moved++
				}
			}
		}
	}
	if moved == 0 {
		t.Error("no row has ever moved")
	}
}

// The hand is always seen, wherever it goes, and as little as can be moves.
func TestTableScrolls(t *testing.T) {
	table := numbered(make([]float64, 40), make([]bool, 40))
	screen := paper(t, 60, 12)
	for _, row := range []struct {
		does    action
		at, top int
	}{{doTop, 0, 0}, {doDown, 1, 0}, {doPageDown, 9, 1}, {doDown, 10, 2}, {doUp, 9, 2}, {doBottom, 39, 31}, {doUp, 38, 31}, {doPageUp, 30, 30}, {doPageUp, 22, 22}, {doTop, 0, 0}, {doPrevious, 39, 31}, {doNext, 0, 0}} {
		table.act(row.does)
		screen.Clear()
		table.draw(pen{screen, 0, 0, 60, 12}, true)
		if table.place() != row.at || table.top != row.top {
			t.Errorf("after %s the hand is on row %d, and row %d is the first; want %d and %d", row.does, table.place(), table.top, row.at, row.top)
		}
		if got, want := lineOf(screen, 0, 11, 60), fmt.Sprintf("%d to %d of 40", row.top+1, row.top+9); got != want {
			t.Errorf("after %s it says %q, want %q", row.does, got, want)
		}
	}
}

// An instance that is down is seen in its service's sign, and where it says how many are up.
func TestTableOfInstancesThatAreDown(t *testing.T) {
	c := newConsole(playedTo(t, parsed(t, "troubled", troubled), 3*time.Second), nil, dark(), nil, nil)
	f := *c.frame
	f.Run.Down = []int{0, 1, 0} // no sooner than that: of an attempt that it loses its row has a sign as well
	c.frame = &f
	services := tables(c)[0]
	stock := spotOf(&c.frame.Run, row{1, -1})
	up := services.columns[slices.IndexFunc(services.columns, func(c column) bool { return c.title == "up" })]
	if got := services.level(stock); got != report.Warn || up.level(stock, 2) != report.Warn || up.words(stock) != "2/3" {
		t.Errorf("with one of three down it is %v, and %s are up, which is %v", got, up.words(stock), up.level(stock, 2))
	}
}

// What a column of a sparkline shows is the worst of its points, and each point is in one.
func TestStretchPools(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(0, 1), 0, 300).Draw(t, "values")
		width := rapid.IntRange(0, 60).Draw(t, "width")
		s := newStretch(len(values), width)
		got, levels := s.pool(series{value: func(n int) float64 { return values[n] },
			level: func(n int) report.Level { return report.SaturationLevel(values[n], 0) }})
		if width == 0 || len(values) == 0 {
			if len(got) != 0 {
				t.Fatalf("%d columns of nothing", len(got))
			}
			return
		}
		each := 1 // the naive way: try
		for (len(values)+each-1)/each > width {
			each++
		}
		for c := range got {
			part := values[c*each : min((c+1)*each, len(values))]
			if worst := slices.Max(part); got[c] != worst || levels[c] != report.SaturationLevel(worst, 0) {
				t.Fatalf("column %d shows %v, want %v", c, got[c], worst)
			}
		}
		if len(got) > width || (len(got)-1)*each >= len(values) || len(got)*each < len(values) {
			t.Fatalf("%d columns of %d points do not show %d points in %d columns", len(got), each, len(values), width)
		}
	})
}

// What fills the sparkline of a queue is the most that it has had, the newest among it, but
// not so little that a queue that keeps up looks full; groups have their stream's.
func TestSparksOfQueuesHaveAScale(t *testing.T) {
	grown := 0
	for name, at := range map[string][]time.Duration{"fan-out": {5 * time.Second, 50 * time.Second}, "checkout-email-queue": {40 * time.Second, 50 * time.Second, 100 * time.Second}} {
		for _, at := range at {
			c := consoleAt(t, name, at, dark())
			queues, run := tables(c)[2], &c.frame.Run
			for q := range run.Report.Timeline.Queues {
				of := &run.Report.Timeline.Queues[q]
				want, newest := 10.0, of.Depth(c.point())
				for n := range c.point() + 1 {
					want = max(want, of.Depth(n))
				}
				if want == newest && newest > 10 {
					grown++
				}
				for part := -1; part < len(c.plan().Topology.Groups(q)) && (part < 0 || queues.partsOf(c.plan(), q) > 0); part++ {
					if got, ok := queues.series(spotOf(run, row{int32(q), int32(part)})); !ok || got.full != want {
						t.Errorf("%s at %v, part %d: %v fill it, want %v", of.Name, at, part, got.full, want)
					}
				}
			}
		}
	}
	if grown == 0 {
		t.Error("none has grown: it shows nothing")
	}
}

// A spike of one point in ten thousand is seen, and nothing is drawn of nothing.
func TestSparkShowsASpike(t *testing.T) {
	l := newLook(Dark, 256, false)
	for spike := range 2 {
		screen := paper(t, 20, 1)
		of := series{value: func(n int) float64 {
			if n == 4321 {
				return 0.001 * float64(spike)
			}
			return 0
		}, level: func(int) report.Level { return report.OK }, full: 1}
		pen{screen, 0, 0, 20, 1}.spark(l, 0, 0, newStretch(10_000, 20), of, func(v report.Level) tcell.Style { return l.levels[v] })
		if got, want := strings.Count(lineOf(screen, 0, 0, 20), "▁"), spike; got != want {
			t.Errorf("%d columns are marked, want %d", got, want)
		}
	}
}

func TestHeights(t *testing.T) {
	for _, row := range []struct {
		v, full float64
		want    int
	}{{0, 1, 0}, {1e-9, 1, 1}, {0.125, 1, 1}, {0.126, 1, 2}, {0.999, 1, 8}, {1, 1, 8}, {7, 1, 8}, {3, 0, 0}, {math.SmallestNonzeroFloat64, 1, 1}} {
		if got := height(row.v, row.full, 8); got != row.want {
			t.Errorf("%v of %v fills %d steps, want %d", row.v, row.full, got, row.want)
		}
	}
}

// Whatever the size, nothing is drawn outside of the pane, no column over another one, and
// the names are there.
func TestTableWidths(t *testing.T) {
	var consoles []*console
	for name, at := range map[string]time.Duration{"slow-dependency": 45 * time.Second, "weekend-outage": 60 * time.Second, "dead-dependency-breaker": 45 * time.Second} {
		for _, l := range []*look{newLook(Dark, 256, false), newLook(Mono, 256, true)} {
			c := consoleAt(t, name, at, l)
			consoles = append(consoles, c)
			branched := consoleAt(t, name, at, l)
			branched.player.Branch()
			branched.frame = branched.player.Frame()
			consoles = append(consoles, branched)
		}
	}
	slices.SortFunc(consoles, func(a, b *console) int { return strings.Compare(a.plan().Name, b.plan().Name) })
	screen := paper(t, 254, 64)
	edge := tcell.StyleDefault.Foreground(tcell.ColorGreen)
	rapid.Check(t, func(t *rapid.T) {
		table := tables(rapid.SampledFrom(consoles).Draw(t, "console"))[rapid.IntRange(0, 3).Draw(t, "table")]
		w, h := rapid.IntRange(1, 250).Draw(t, "width"), rapid.IntRange(1, 60).Draw(t, "height")
		for _, a := range rapid.SliceOfN(rapid.SampledFrom([]action{doSort, doReverse, doDown, doUp, doPageDown, doPageUp, doTop, doBottom, doLeft, doRight, doNext, doPrevious}), 0, 8).Draw(t, "keys") {
			table.act(a)
		}
		for y := range 64 {
			for x := range 254 {
				screen.SetContent(x, y, '~', nil, edge)
			}
		}
		p := pen{screen, 2, 2, w, h}
		p.fill(' ', tcell.StyleDefault)
		table.draw(p, rapid.Bool().Draw(t, "focused"))
		for y := range 64 {
			for x := range 254 {
				inside := x >= 2 && x < 2+w && y >= 2 && y < 2+h
				if r, _, s, _ := screen.GetContent(x, y); !inside && (r != '~' || s != edge) {
					t.Fatalf("%q outside of the pane, at %d, %d", r, x-2, y-2)
				}
			}
		}
		if len(table.headings) == 0 {
			return // it says that there is nothing
		}
		for k, h := range table.headings {
			if k > 0 && h.x <= table.headings[k-1].x+table.headings[k-1].width-1 {
				t.Fatalf("column %d at %d begins in the one before it", k, h.x)
			}
			if h.x+h.width > w && w >= 20 {
				t.Fatalf("column %d ends at %d of %d", k, h.x+h.width, w)
			}
		}
		if w >= 20 && h >= 3 {
			r := table.rows[table.top]
			want := table.look.cutMiddle(table.labelOf(r), table.headings[0].width-2)
			if got := lineOf(screen, 4, 2+table.first, table.headings[0].width-2); got != strings.TrimSpace(want) {
				t.Fatalf("the first row is called %q, want %q", got, want)
			}
		}
	})
}

func TestCutMiddle(t *testing.T) {
	for _, row := range []struct {
		text  string
		width int
		want  string
	}{
		{"payment", 7, "payment"}, {"payment", 6, "pay…nt"}, {"payment", 3, "p…t"}, {"payment", 2, "p…"}, {"payment", 0, ""},
		{"日本語の名前", 8, "日本…前"}, {"[red]name", 7, "[re…ame"},
	} {
		got := unicodeGlyphs.cutMiddle(row.text, row.width)
		if got != row.want || widthOf(got) > row.width {
			t.Errorf("%q in %d columns is %q, want %q", row.text, row.width, got, row.want)
		}
	}
}

// Keys and clicks select by name; where the rows move the hand stays on it.
func TestTableSelects(t *testing.T) {
	c := consoleAt(t, "slow-dependency", 45*time.Second, newLook(Dark, 256, false))
	services := tables(c)[0]
	screen := paper(t, 120, 20)
	draw := func() { services.draw(pen{screen, 0, 0, 120, 20}, true) }
	draw()
	for _, row := range []struct {
		a    action
		want string
	}{
		{doDown, "gateway"}, {doDown, "gateway.buy"}, {doUp, "gateway"}, {doUp, "gateway"}, {doBottom, "payment"}, {doDown, "payment"},
		{doNext, "gateway"}, {doPrevious, "payment"}, {doTop, "gateway"}, {doPageDown, "payment"}, {doPageUp, "gateway"},
	} {
		if !services.act(row.a) || c.selected != row.want {
			t.Fatalf("after %s it is on %q, want %q", row.a, c.selected, row.want)
		}
	}
	services.act(doBottom)
	services.act(doSort)
	services.act(doReverse) // names, the last first
	draw()
	if got := lineOf(screen, 2, services.first, 8); got != "payment" || c.selected != "payment" || services.place() != 0 {
		t.Errorf("the first row is %q, the hand is on %q in row %d", got, c.selected, services.place())
	}
	for _, want := range []string{"checkout", "payment"} { // turned round, and back
		services.act(doReverse)
		draw()
		if got := services.labelOf(services.rows[0]); got != want {
			t.Errorf("turned round the first row is %q, want %q", got, want)
		}
	}
	if !services.click(3, services.first+1, tcell.ButtonPrimary) || c.selected != "gateway" {
		t.Errorf("a click selects %q, want gateway", c.selected)
	}
	held := services.headings[slices.IndexFunc(services.headings, func(h heading) bool { return h.column >= 0 && services.columns[h.column].title == "held" })]
	for _, reversed := range []bool{false, true} {
		if !services.click(held.x, services.first-1, tcell.ButtonPrimary) || services.sorted != held.column || services.reversed != reversed {
			t.Errorf("a click on a title sorts by %d, reversed %v", services.sorted, services.reversed)
		}
	}
	if services.click(0, 19, tcell.ButtonPrimary) {
		t.Error("a click below the rows means something")
	}
	services.draw(pen{screen, 0, 0, 120, 6}, true) // four lines of rows
	if len(services.rows) != 5 {
		t.Errorf("with the gateway selected there are %d rows, want its operations too", len(services.rows))
	}
	c.selected = "payment"
	services.draw(pen{screen, 0, 0, 120, 6}, true)
	if len(services.rows) != 3 {
		t.Errorf("with payment selected, and no room, there are %d rows, want 3", len(services.rows))
	}
}

// Enter opens what is selected. Where that is of another table, or nothing, or nothing any
// more, it opens what is at the top of this one: who turns to the queues and presses it wants
// to see a queue.
func TestTableOpens(t *testing.T) {
	const first = "shoppers->gateway.buy"
	for selected, want := range map[string]string{"checkout->payment": "checkout->payment", "payment": first, "": first, "gone": first} {
		c := consoleAt(t, "slow-dependency", 45*time.Second, newLook(Dark, 256, false))
		edges := tables(c)[1]
		c.selected = selected
		if edges.act(doOpen) || c.selected != want {
			t.Errorf("with %q selected the table opens itself, or %q", selected, c.selected)
		}
	}
	d := deskAt(t, "slow-dependency", 45*time.Second, dark())
	d.press("3:select payment[enter]")
	d.shows("3 edges, selected: payment")
	d.press("[enter]")
	d.shows("edge " + first)
	d.press("[esc]:select payment[enter]4[enter]") // there are no queues
	d.shows("service payment")
}

func TestTableFilters(t *testing.T) {
	c := consoleAt(t, "slow-dependency", 45*time.Second, newLook(Dark, 256, false))
	services := tables(c)[0]
	screen := paper(t, 100, 20)
	for _, row := range []struct {
		filter, foot string
		want         []string
	}{
		{"PAY", "1 of 3 services shown, filter: PAY", []string{"payment"}},
		{"browse", "1 of 3 services shown, filter: browse", []string{"gateway", "gateway.browse"}},
		{"zebra", "", nil},
	} {
		c.filter = row.filter
		screen.Clear()
		services.draw(pen{screen, 0, 0, 100, 20}, true)
		var got []string
		for _, r := range services.rows {
			got = append(got, services.nameOf(r))
		}
		if !slices.Equal(got, row.want) {
			t.Errorf("%q leaves %q, want %q", row.filter, got, row.want)
		}
		if foot := lineOf(screen, 0, 19, 100); foot != row.foot {
			t.Errorf("%q: %q at the foot, want %q", row.filter, foot, row.foot)
		}
	}
	if got := lineOf(screen, 0, 1, 100); !strings.Contains(got, `no service has "zebra"`) {
		t.Errorf("where nothing is left it says %q", got)
	}
}

// A table without rows says where they come from.
func TestTableEmpty(t *testing.T) {
	c := consoleAt(t, "slow-dependency", time.Second, newLook(Dark, 256, false))
	queues := tables(c)[2]
	screen := paper(t, 60, 10)
	queues.draw(pen{screen, 0, 0, 60, 10}, true)
	for _, a := range []action{doDown, doSort, doReverse, doOpen, doBottom, doNext} {
		queues.act(a)
	}
	if got := lineOf(screen, 0, 1, 60); !strings.HasPrefix(got, "no queues in this scenario") {
		t.Errorf("it says %q", got)
	}
	for y := range 10 {
		if got := lineOf(screen, 0, y, 60); widthOf(got) > 58 {
			t.Errorf("line %d is cut off: %q", y, got)
		}
	}
}

// At the beginning there are no numbers yet.
func TestTableAtTheBeginning(t *testing.T) {
	c := consoleAt(t, "hot-partition", 0, newLook(Dark, 256, false))
	for _, table := range tables(c) {
		screen := paper(t, 400, 30)
		table.draw(pen{screen, 0, 0, 400, 30}, true)
		for _, h := range table.headings {
			if h.column < 0 || table.columns[h.column].bar || table.columns[h.column].title == "up" {
				continue
			}
			if got := lineOf(screen, h.x, table.first, h.width); got != missing {
				t.Errorf("%s: %q is %q before anything has happened", table.title, table.columns[h.column].title, got)
			}
		}
	}
}

// A table that has the lines it wants says of what time its columns are, however few the
// rows: two are called success. With fewer lines the rows come first.
func TestTableSaysOfWhatTime(t *testing.T) {
	c := consoleAt(t, "slow-dependency", 45*time.Second, newLook(Dark, 256, false))
	sources := tables(c)[3]
	for h, want := range map[int]bool{4: true, 3: false} {
		screen := paper(t, 78, h)
		sources.draw(pen{screen, 0, 0, 78, h}, true)
		if top := lineOf(screen, 0, 0, 78); strings.Contains(top, "now") != want || strings.Contains(top, "so far") != want {
			t.Errorf("%d lines for two sources: %q at the top", h, top)
		}
		if last := lineOf(screen, 0, h-1, 78); !strings.Contains(last, "visitors") {
			t.Errorf("%d lines for two sources: %q at the bottom", h, last)
		}
	}
}

// By whatever column a table is sorted, its title says so, apart from the one before.
func TestTableSaysByWhatItIsSorted(t *testing.T) {
	for _, of := range []string{"dead-dependency-breaker", "checkout-email-queue"} {
		c := consoleAt(t, of, 45*time.Second, newLook(Dark, 256, false))
		for _, table := range tables(c) {
			for _, w := range []int{58, 78, 118, 198} {
				for i := range table.columns {
					if table.list(); !table.sorts(i) || table.count(c.plan()) == 0 {
						continue
					}
					table.sortBy(i)
					screen := paper(t, w, 12)
					table.draw(pen{screen, 0, 0, w, 12}, true)
					titles, title := lineOf(screen, 0, 1, w), table.columns[i].title
					if !strings.Contains(titles, " ▼"+title) && !strings.Contains(titles, " ▼ "+title) {
						t.Errorf("%s at %d columns by %s: %q", table.title, w, table.columns[i].called(), titles)
					}
				}
			}
		}
	}
}

// Where so many instances are up that there is no room for of how many, only they are told:
// half of a number would be another.
func TestTableOfManyInstances(t *testing.T) {
	for instances, want := range map[string]string{"12": "12/12", "120": "120", "4000": "4,000"} {
		p := playedTo(t, builtin(t, "slow-dependency", scenarios.Override{Path: "services.payment.instances", Value: instances}), time.Second)
		services := tables(newConsole(p, nil, newLook(Dark, 256, false), nil, nil))[0]
		screen := paper(t, 120, 20)
		services.draw(pen{screen, 0, 0, 120, 20}, true)
		at := services.headings[slices.IndexFunc(services.headings, func(h heading) bool { return h.column >= 0 && services.columns[h.column].title == "up" })]
		row := slices.IndexFunc(services.rows, func(r row) bool { return services.nameOf(r) == "payment" })
		if got := lineOf(screen, at.x, services.first+row, at.width); strings.TrimSpace(got) != want {
			t.Errorf("of %s instances up are %q, want %q", instances, got, want)
		}
	}
}

// spared is a player at 45s of a run without the fault that its twin has.
func spared(t *testing.T) *player.Player {
	t.Helper()
	s := builtin(t, "slow-dependency")
	p := playedTo(t, s, 25*time.Second)
	p.Branch()
	changed := *s.Plan
	changed.Faults = nil
	p.Amend(player.Scenario{Plan: &changed, Expectations: s.Expectations})
	p.Seek(45e9)
	arrive(p)
	return p
}

// The twin's numbers stand below the run's.
func TestTableTwin(t *testing.T) {
	c := newConsole(spared(t), nil, dark(), nil, nil)
	services, of := tables(c)[0], wants()["services"]["held"]
	screen := paper(t, 120, 30)
	services.draw(pen{screen, 0, 0, 120, 30}, true)
	held := services.headings[slices.IndexFunc(services.headings, func(h heading) bool { return h.column >= 0 && services.columns[h.column].title == "held" })]
	for k, r := range services.rows {
		if r.part >= 0 {
			continue
		}
		y := services.first + 2*k
		got, twin := lineOf(screen, held.x, y, held.width), lineOf(screen, held.x, y+1, held.width)
		if got != of(&c.frame.Run, int(r.index)) || twin != of(c.frame.Twin, int(r.index)) || got == twin {
			t.Errorf("%s holds %s, the twin %s", services.nameOf(r), got, twin)
		}
		if name := lineOf(screen, 2, y+1, 10); name != "twin" {
			t.Errorf("below %s stands %q", services.nameOf(r), name)
		}
	}
}

func TestTableGoldens(t *testing.T) {
	type shot struct {
		name, scenario string
		at             time.Duration
		view           action
	}
	shots := []shot{
		{"services", "slow-dependency", 45 * time.Second, doServices},
		{"edges", "retry-storm", 70 * time.Second, doEdges},
		{"queues", "fan-out", 50 * time.Second, doQueues},
		{"sources", "slow-dependency", 45 * time.Second, doSources},
	}
	draw := func(t *testing.T, c *console, s shot, name string, of size) {
		for i, a := range viewActions {
			if a == s.view {
				screen := paper(t, of.w, of.h-4)
				c.views[i].draw(pen{screen, 0, 0, of.w, of.h - 4}.box(c.look, s.name, c.look.accent, c.look.accent), true)
				screen.Show()
				golden(t, name, grid(screen))
			}
		}
	}
	for _, s := range shots {
		c := consoleAt(t, s.scenario, s.at, looks()["dark"])
		c.selected = map[action]string{doServices: "checkout", doEdges: "shop->inventory"}[s.view]
		for _, of := range sizes {
			draw(t, c, s, fmt.Sprintf("%s-%dx%d-dark", s.name, of.w, of.h), of)
		}
		for _, l := range []string{"ascii", "mono"} {
			c.look = looks()[l]
			draw(t, c, s, fmt.Sprintf("%s-80x24-%s", s.name, l), size{80, 24})
		}
	}
	p := spared(t)
	for _, s := range []shot{shots[0], shots[3]} {
		c := newConsole(p, nil, looks()["dark"], nil, nil)
		draw(t, c, s, s.name+"-80x24-branch", size{80, 24})
	}
}

// many is a run of so many services.
func many(t testing.TB, n int) player.Scenario {
	t.Helper()
	top := &topology.Topology{}
	for i := range n {
		top.Services = append(top.Services, topology.Service{Name: fmt.Sprintf("service-%05d", i), Instances: 1, Threads: 4, Blocking: true, Queue: 10,
			Operations: []topology.Operation{{Steps: []topology.Step{{Kind: topology.Work, Work: topology.Constant(1e6)}}}}})
	}
	top.Index()
	return player.Scenario{Plan: &sim.Plan{Name: "many", Seed: 1, Duration: 60e9, Interval: 1e9, Topology: top}}
}

func BenchmarkTable(b *testing.B) {
	for _, n := range []int{20, 10_000} {
		c := newConsole(playedTo(b, many(b, n), 30*time.Second), nil, newLook(Dark, 256, false), nil, nil)
		c.selected = "service-00010"
		services := tables(c)[0]
		screen := tcell.NewSimulationScreen("UTF-8")
		if err := screen.Init(); err != nil {
			b.Fatal(err)
		}
		defer screen.Fini()
		screen.SetSize(120, 40)
		for name, sorted := range map[string]int{"in file order": byFile, "sorted": 1} {
			b.Run(fmt.Sprintf("%d rows %s", n, name), func(b *testing.B) {
				services.sorted = sorted
				for b.Loop() {
					f := *c.frame // a new one each time
					c.frame = &f
					services.draw(pen{screen, 0, 0, 120, 40}, true)
				}
			})
		}
	}
}
