package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"cascade/scenarios"
	"cascade/sim/experiment"
	"cascade/sim/report"

	"github.com/spf13/pflag"
)

// maxStored bounds a report that is read to compare with, in bytes.
const maxStored = 256 << 20

// A contender is a side of a comparison: a scenario to run, or a report that was kept.
type contender struct {
	scenario *scenarios.Scenario // nil: a report
	files    []string            // that it was read from
	side     experiment.Side
}

// toCompare reads either, told apart by what is in it. A report takes no overrides.
var toCompare = scenarioReader[*contender]{
	text: func(name string, text []byte, dir string, sets ...scenarios.Override) (*contender, error) {
		if _, stored := experiment.StoredSchema(text); stored {
			return storedIn(name, text)
		}
		return contenderOf(scenarios.Parse(name, text[:min(len(text), maxScenario)], dir, sets...))
	},
	builtin: func(name string, sets ...scenarios.Override) (*contender, error) {
		return contenderOf(scenarios.Builtin(name, sets...))
	},
	file: func(name string, sets ...scenarios.Override) (*contender, error) {
		text, err := readEither(name)
		if err != nil {
			return nil, err
		}
		if _, stored := experiment.StoredSchema(text); stored {
			c, err := storedIn(name, text)
			if c != nil {
				c.files = []string{name}
			}
			return c, err
		}
		s, err := scenarios.Parse(name, text[:min(len(text), maxScenario)], filepath.Dir(name), sets...)
		if err != nil {
			return nil, err
		}
		s.Files = append([]string{name}, s.Files...)
		return contenderOf(s, nil)
	},
	longest: maxStored + 1,
}

func contenderOf(s *scenarios.Scenario, err error) (*contender, error) {
	if err != nil {
		return nil, err
	}
	return &contender{scenario: s, files: s.Files, side: experiment.Side{Name: s.Plan.Name, Duration: s.Plan.Duration.Seconds()}}, nil
}

// readEither reads a file that holds a scenario or a report. What does not begin as a
// JSON object is no report, and is read no further than a scenario may go.
func readEither(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, usage("cannot read %s: %w", path, cause(err))
	}
	defer f.Close()
	r := bufio.NewReader(f)
	longest := int64(maxScenario)
	if begin, _ := r.Peek(64); bytes.HasPrefix(bytes.TrimLeft(begin, " \t\r\n"), []byte("{")) {
		longest = maxStored + 1
	}
	text, err := io.ReadAll(io.LimitReader(r, longest))
	if err != nil {
		return nil, usage("cannot read %s: %w", path, cause(err))
	}
	return text, nil
}

func storedIn(name string, text []byte) (*contender, error) {
	if len(text) > maxStored {
		return nil, usage("%s is longer than %d MiB: keep the report of fewer runs", name, maxStored>>20)
	}
	side, err := experiment.ReadStored(text)
	if err != nil {
		return nil, usage("%s: %w", name, err)
	}
	return &contender{side: side}, nil
}

// A gate is what a comparison is held to.
type gate struct {
	failOn    choice
	tolerance tolerances
}

func newGate() gate { return gate{failOn: choice{"never", []string{"never", "worse"}}} }

func (g *gate) flags(f *pflag.FlagSet) {
	f.Var(&g.failOn, "fail-on", "worse: exit with 1 where B is worse than A, and with 4 where too few runs tell")
	f.Var(&g.tolerance, "tolerance", "how much worse is no worse yet, as 5% or `METRIC=5%`; repeatable")
}

// code is the exit code that a comparison means.
func (g *gate) code(c *experiment.Comparison) int {
	if g.failOn.value == "never" {
		return exitHeld
	}
	switch c.Gate {
	case experiment.Worse:
		return exitFailed
	case experiment.NotWorse:
		return exitHeld
	default:
		return exitUndecided
	}
}

// tolerances are a flag for how much worse is no worse yet.
type tolerances struct {
	value experiment.Tolerance
	texts []string
}

func (t *tolerances) Type() string   { return "[METRIC=]SHARE" }
func (t *tolerances) String() string { return strings.Join(t.texts, ",") }

// Set takes a share, for all times, rates and counts or for the metric before it.
func (t *tolerances) Set(text string) error {
	name, number, named := strings.Cut(text, "=")
	if !named {
		name, number = "", text
	}
	if known := experiment.Headlines(); named && !slices.Contains(known, name) {
		return fmt.Errorf("no headline is called %q; %s", name, didYouMean(name, known, "there are "+strings.Join(known, ", ")))
	}
	digits, percent := strings.CutSuffix(number, "%")
	v, err := strconv.ParseFloat(digits, 64)
	if err != nil || !percent || !(v >= 0 && v <= 1000) || math.Signbit(v) {
		return fmt.Errorf("want a share from 0%% to 1000%%, as 5%% or p99=5%%")
	}
	if named {
		if t.value.Named == nil {
			t.value.Named = map[string]float64{}
		}
		t.value.Named[name] = v / 100
	} else {
		t.value.Of = v / 100
	}
	t.texts = append(t.texts, text)
	return nil
}

// A baseline is a report that was kept, for what is run now to be held against.
type baseline struct {
	path string
	gate
	side experiment.Side
}

func (b *baseline) flags(f *pflag.FlagSet) {
	f.StringVar(&b.path, "baseline", "", "compare with the report in `FILE`, as --json wrote it")
	b.gate.flags(f)
}

// read reads the report before anything runs; names are the scenarios on the command line.
func (b *baseline) read(f *pflag.FlagSet, names []string, shard experiment.Shard) error {
	switch {
	case b.path == "" && f.Changed("baseline"):
		return usage("--baseline: the path of the file to read is empty")
	case b.path == "" && (f.Changed("fail-on") || f.Changed("tolerance")):
		return usage("--fail-on and --tolerance judge a comparison: name a report with --baseline")
	case b.path == "":
		return nil
	case shard.Of > 0:
		return usage("--baseline with --shard: a shard has only its part; compare with what cascade merge writes")
	case len(names) > 1:
		return usage("--baseline is for one scenario, and there are %d: run them one by one", len(names))
	}
	text, err := readEither(b.path)
	if err != nil {
		return err
	}
	if _, stored := experiment.StoredSchema(text); !stored {
		return usage("--baseline: %s is no report; cascade run --json FILE writes one", b.path)
	}
	c, err := storedIn(b.path, text)
	if err != nil {
		return err
	}
	b.side = c.side
	return nil
}

// spared refuses to write over the report.
func (b *baseline) spared(sh *shell, written outputs) error {
	if b.path == "" {
		return nil
	}
	return written.sparing(sh, []string{b.path}, []*scenarios.Scenario{{Files: []string{b.path}}})
}

// tellWorse writes a line that says what is worse, or may be.
func tellWorse(w io.Writer, name string, c *experiment.Comparison) {
	if line := c.Line(); line != "" {
		fmt.Fprintf(w, "%s: %s\n", spokenName(name), plainly(line))
	}
}

// recordOf is what is kept of a run that has a report.
func recordOf(r *report.Report) (experiment.Record, error) {
	var text bytes.Buffer
	if err := r.WriteTotals(&text); err != nil {
		return experiment.Record{}, err
	}
	record, err := experiment.ReadRecord(0, text.Bytes())
	return record.Slim(), err
}
