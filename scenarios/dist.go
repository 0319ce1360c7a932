package scenarios

import (
	"fmt"
	"math"
	"strings"
	"time"

	"cascade/topology"
)

const maxNesting = 8 // of mixes within each other

// A family is a way to write a distribution.
type family struct {
	name       string
	parameters string // as a person is told
	count      int    // of them; -1: any
}

var families = []family{
	{"exponential", "MEAN", 1},
	{"uniform", "LOW, HIGH", 2},
	{"normal", "MEAN, SD", 2},
	{"lognormal", "MEDIAN, P99", 2},
	{"pareto", "MIN, ALPHA", 2},
	{"erlang", "K, MEAN", 2},
	{"weibull", "SCALE, SHAPE", 2},
	{"gamma", "MEAN, CV", 2},
	{"mix", "SHARE DIST, SHARE DIST ...", -1},
	{"empirical", "FILE", -1},
	{"never", "", 0},
}

func familyNames() []string {
	var names []string
	for _, f := range families {
		names = append(names, f.name)
	}
	return names
}

func (r *reader) dist(v *value) (topology.Dist, bool) {
	text, ok := r.word(v, "a distribution such as 5ms or exponential(5ms)")
	if !ok {
		return topology.Dist{}, false
	}
	d := distReader{r, v, true}
	dist := d.read(piece{text, 0}.trim(), 0)
	return dist, d.ok
}

// dist is a key's distribution, its initial value where it is absent.
func (f fields) dist(name string) topology.Dist {
	if v := f.get(name); v != nil {
		d, _ := f.reader.dist(v)
		return d
	}
	d, _ := time.ParseDuration(f.key(name).initial)
	return topology.Constant(d)
}

// A piece is a part of a scalar's text.
type piece struct {
	text   string
	offset int // in bytes
}

func (p piece) trim() piece {
	t := strings.TrimLeft(p.text, " \t\n")
	p.offset += len(p.text) - len(t)
	p.text = strings.TrimRight(t, " \t\n")
	return p
}

// call takes name(arguments) apart, at the commas that no inner bracket encloses.
func (p piece) call() (name string, arguments []piece, ok bool) {
	open := strings.IndexByte(p.text, '(')
	if open < 0 || !strings.HasSuffix(p.text, ")") {
		return "", nil, false
	}
	depth, start := 0, open+1
	for i := start; i < len(p.text); i++ {
		switch c := p.text[i]; {
		case c == '(':
			depth++
		case c == ')' && depth == 0 && i != len(p.text)-1:
			return "", nil, false // it goes on behind its bracket
		case c == ',' && depth == 0, c == ')' && depth == 0:
			arguments = append(arguments, piece{p.text[start:i], p.offset + start}.trim())
			start = i + 1
		case c == ')':
			depth--
		}
	}
	return strings.TrimSpace(p.text[:open]), arguments, depth == 0
}

// A distReader reads one scalar as a distribution.
type distReader struct {
	*reader
	v  *value
	ok bool
}

func (d *distReader) wrong(p piece, format string, args ...any) {
	d.problemAt(d.v, p.offset, format, args...)
	d.ok = false
}

func (d *distReader) read(p piece, nesting int) topology.Dist {
	if p.text == "never" {
		return topology.Dist{Kind: topology.NeverDist}
	}
	name, args, isCall := p.call()
	if !isCall {
		d.notACall(p)
		if !d.ok {
			return topology.Dist{}
		}
		return topology.Constant(d.duration(p))
	}
	var f *family
	for i := range families {
		if families[i].name == name {
			f = &families[i]
		}
	}
	switch {
	case f == nil:
		hint := didYouMean(name, familyNames())
		if hint == "" {
			hint = "; there are " + strings.Join(familyNames(), ", ")
		}
		d.wrong(p, "no distribution %s%s", quote(name), hint)
		return topology.Dist{}
	case f.count == 0:
		d.wrong(p, "%s takes no parameters; write %s", name, name)
		return topology.Dist{}
	case f.count > 0 && len(args) != f.count:
		d.wrong(p, "%s takes %s; write %s(%s)", name, counted(f.count, "parameter"), name, f.parameters)
		return topology.Dist{}
	}
	switch name {
	case "exponential":
		return topology.Exponential(d.mean(args[0]))
	case "uniform":
		low, high := d.duration(args[0]), d.duration(args[1])
		if d.ok && low > high {
			d.wrong(args[0], "uniform's low end %s is above its high end %s", args[0].text, args[1].text)
		}
		return topology.Dist{Kind: topology.UniformDist, A: float64(low), B: float64(high)}
	case "normal":
		mean, sd := d.duration(args[0]), d.duration(args[1])
		if sd == 0 {
			return topology.Constant(mean)
		}
		return topology.Dist{Kind: topology.NormalDist, A: float64(mean), B: float64(sd)}
	case "lognormal":
		median, p99 := d.positive(args[0], "median"), d.positive(args[1], "p99")
		if d.ok && p99 < median {
			d.wrong(args[1], "lognormal's p99 %s is below its median %s", args[1].text, args[0].text)
		}
		if median == p99 {
			return topology.Constant(median)
		}
		return topology.Dist{Kind: topology.LognormalDist, A: float64(median), B: float64(p99)}
	case "pareto":
		return topology.Dist{Kind: topology.ParetoDist, A: float64(d.positive(args[0], "minimum")), B: d.number(args[1], "alpha", 0.01, 1000)}
	case "erlang":
		return topology.Dist{Kind: topology.ErlangDist, B: float64(d.stages(args[0])), A: float64(d.mean(args[1]))}
	case "weibull":
		return topology.Dist{Kind: topology.WeibullDist, A: float64(d.positive(args[0], "scale")), B: d.number(args[1], "shape", 0.01, 1000)}
	case "gamma":
		mean, cv := d.mean(args[0]), d.number(args[1], "coefficient of variation", 0, 1000)
		if cv == 0 {
			return topology.Constant(mean)
		}
		return topology.Dist{Kind: topology.GammaDist, A: float64(mean), B: cv}
	case "mix":
		return d.mix(p, args, nesting)
	default:
		// A file's name may hold anything, commas and brackets too.
		open := strings.IndexByte(p.text, '(') + 1
		return d.empirical(piece{p.text[open : len(p.text)-1], p.offset + open}.trim())
	}
}

// notACall says what is wrong with a text that can only be a duration, and is none.
func (d *distReader) notACall(p piece) {
	letters := p.text
	if i := strings.IndexAny(letters, "( \t"); i >= 0 {
		letters = letters[:i]
	}
	switch {
	case strings.Contains(p.text, "(") && !strings.HasSuffix(p.text, ")"):
		d.wrong(p, "%s does not end in the bracket that it opens", quote(p.text))
	case strings.Contains(p.text, "("):
		d.wrong(p, "the brackets of %s do not match", quote(p.text))
	case !nameForm.MatchString(letters):
	default:
		for _, f := range families {
			if f.name == letters && f.parameters != "" {
				d.wrong(p, "%s takes parameters; write %s(%s)", f.name, f.name, f.parameters)
				return
			}
		}
		hint := didYouMean(letters, familyNames())
		if hint == "" {
			hint = "; write a duration such as 5ms, or one of " + strings.Join(familyNames(), ", ")
		}
		d.wrong(p, "%s is not a distribution%s", quote(p.text), hint)
	}
}

func (d *distReader) duration(p piece) time.Duration {
	t, problem := parseDuration(p.text)
	if problem != "" {
		d.wrong(p, "%s", problem)
	}
	return t
}

func (d *distReader) positive(p piece, what string) time.Duration {
	t, problem := parseDuration(p.text)
	switch {
	case problem != "":
		d.wrong(p, "%s", problem)
	case t == 0:
		d.wrong(p, "the %s must be longer than 0s", what)
	}
	return t
}

func (d *distReader) mean(p piece) time.Duration { return d.positive(p, "mean") }

func (d *distReader) number(p piece, what string, least, most float64) float64 {
	n, ok := parseNumber(p.text)
	switch {
	case !ok:
		d.wrong(p, "the %s is a number such as 2 or 1.5, not %s", what, quote(p.text))
	case n < least || n > most:
		d.wrong(p, "the %s is from %s to %s, not %s", what, plain(least), plain(most), quote(p.text))
	}
	return n
}

func (d *distReader) stages(p piece) int {
	n, ok := parseNumber(p.text)
	if !ok || n != math.Trunc(n) || n < 1 || n > maxStages {
		d.wrong(p, "the number of stages is a whole number from 1 to %d, not %s", maxStages, quote(p.text))
		return 1
	}
	return int(n)
}

func (d *distReader) mix(p piece, args []piece, nesting int) topology.Dist {
	m := topology.Dist{Kind: topology.MixDist}
	if nesting == maxNesting {
		d.wrong(p, "mixes are nested more than %d deep", maxNesting)
		return m
	}
	sum := 0.0
	for _, a := range args {
		share, rest, found := strings.Cut(a.text, " ")
		if !found {
			d.wrong(a, "a part of a mix is a share and a distribution, as in 90%% exponential(1ms), not %s", quote(a.text))
			continue
		}
		s, problem := parseShare(share)
		if problem != "" {
			d.wrong(a, "%s", problem)
		}
		sum += s
		m.Parts = append(m.Parts, topology.Part{Share: s, Dist: d.read(piece{rest, a.offset + len(share) + 1}.trim(), nesting+1)})
	}
	if d.ok && math.Abs(sum-1) > 1e-9 {
		d.wrong(p, "the shares of a mix add up to 100%%, not %s%%", plain(math.Round(sum*1e9)/1e7))
	}
	return m
}

func (d *distReader) empirical(p piece) topology.Dist {
	e := topology.Dist{Kind: topology.EmpiricalDist, File: p.text}
	whole := d.join(d.v.file.dir, p.text)
	values, known := d.empiricals[whole]
	if known {
		d.namedFiles = append(d.namedFiles, namedFile{d.v, p.offset, p.text})
	} else {
		f := d.openNamed(d.v, p.offset, p.text)
		if f == nil {
			d.ok = false
			return e
		}
		for _, t := range d.durations(f, false) {
			values = append(values, t.Duration())
		}
		if d.empiricals == nil {
			d.empiricals = map[string][]time.Duration{}
		}
		d.empiricals[whole] = values
	}
	e.Values = values
	d.ok = d.ok && len(values) > 0
	return e
}

// counted is a number of things: 1 parameter, 2 parameters.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
