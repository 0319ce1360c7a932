package experiment

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"regexp"
	"slices"
	"strings"
)

// Bounds of a sweep.
const (
	MaxCells  = 10_000    // settings of its grid
	MaxTrials = 1_000_000 // runs of all settings together
)

// ParseAxis reads what is varied, PATH=VALUES. The values stand with commas between
// them, each as a scenario file writes it; a comma in brackets or quotes is part of its
// value. A value may be a range, which stands for several:
//
//	8,16,32                          three values
//	exponential(5ms),"lognormal(4ms, 20ms)"
//	100/s..1000/s/50/s               100/s, 150/s and so on, up to 1000/s
//	8..64/x2                         8, 16, 32, 64
//
// A range ends at its upper end or before it. Steps are added in exact decimals.
func ParseAxis(text string) (Axis, error) {
	path, list, ok := strings.Cut(text, "=")
	a := Axis{Path: strings.TrimSpace(path)}
	if !ok || a.Path == "" {
		return a, errors.New("want PATH=VALUES, as services.payment.threads=8,16,32")
	}
	if strings.TrimSpace(list) == "" {
		return a, errors.New("there are no values; write them with commas, as 8,16,32, or a range, as 8..64/8")
	}
	values, err := splitValues(list)
	if err != nil {
		return a, err
	}
	there := map[string]bool{}
	for _, v := range values {
		if v == "" {
			return a, errors.New("a value is missing between two commas, or at an end of the list")
		}
		several, err := expand(v)
		if err != nil {
			return a, fmt.Errorf("%s: %w", v, err)
		}
		for _, v := range several {
			if there[v] {
				return a, fmt.Errorf("the value %s stands there twice", v)
			}
			there[v] = true
			a.Values = append(a.Values, v)
		}
		if len(a.Values) > MaxCells {
			return a, tooManyValues
		}
	}
	return a, nil
}

var tooManyValues = fmt.Errorf("these are more than %d values; write a longer step, or fewer of them", MaxCells)

// splitValues splits at the commas that are in no brackets and in no quotes.
func splitValues(list string) ([]string, error) {
	var values []string
	var open []byte // the brackets, by what closes them, and a quote
	begin := 0
	last := byte(',') // the last letter that is no blank
	for i := range len(list) {
		c := list[i]
		switch n := len(open); {
		case n > 0 && (open[n-1] == '"' || open[n-1] == '\''):
			if c == open[n-1] && !(c == '"' && escaped(list[:i])) {
				open = open[:n-1]
			}
		case (c == '"' || c == '\'') && strings.IndexByte("([{,:", last) >= 0: // elsewhere it is a letter as any other
			open = append(open, c)
		case c == '(':
			open = append(open, ')')
		case c == '[':
			open = append(open, ']')
		case c == '{':
			open = append(open, '}')
		case n > 0 && c == open[n-1]:
			open = open[:n-1]
		case c == ',' && n == 0:
			values = append(values, strings.TrimSpace(list[begin:i]))
			begin = i + 1
		}
		if c != ' ' {
			last = c
		}
	}
	if n := len(open); n > 0 {
		return nil, fmt.Errorf("%s: a %c is missing", strings.TrimSpace(list[begin:]), open[n-1])
	}
	return append(values, strings.TrimSpace(list[begin:])), nil
}

// escaped says whether an odd number of backslashes stand at the end.
func escaped(text string) bool {
	return (len(text)-len(strings.TrimRight(text, `\`)))%2 == 1
}

// A range is two quantities with two dots between them, then a step or a factor. A
// number in one has no exponent, so that it is never long.
const plainNumber = `[+-]?(?:\d{1,30}(?:\.\d{1,30})?|\.\d{1,30})`

var (
	rangeBegin = regexp.MustCompile(`^(` + plainNumber + `)([a-zµ%/]*)\.\.(.*)$`)
	rangeEnd   = regexp.MustCompile(`^(` + plainNumber + `)(/[smh]|[a-zµ%]*)(?:/(x?)(` + plainNumber + `)([a-zµ%/]*))?$`)
)

// expand gives the values that one of the list stands for: itself, unless it is a range.
func expand(text string) ([]string, error) {
	begin := rangeBegin.FindStringSubmatch(text)
	if begin == nil {
		return []string{text}, nil
	}
	end := rangeEnd.FindStringSubmatch(begin[3])
	if end == nil {
		return nil, errors.New("want a range with its step, as 100/s..1000/s/50/s, or with a factor, as 8..64/x2")
	}
	if end[4] == "" {
		return nil, fmt.Errorf("want the range's step behind it: %s/%s in steps of the lower end, or %[1]s/x2 with a factor", text, begin[1]+begin[2])
	}
	ends := make([]Quantity, 3) // the ends and the step
	for i, q := range [][2]string{{begin[1], begin[2]}, {end[1], end[2]}, {end[4], end[5]}} {
		var err error
		if ends[i], err = ParseQuantity(q[0] + q[1]); err != nil {
			return nil, err
		}
	}
	if _, err := ends[1].In(ends[0].Unit); err != nil {
		return nil, fmt.Errorf("both ends want the same unit: %w", err)
	}
	if end[3] == "x" {
		return growing(ends[0], ends[1], ends[2])
	}
	if _, err := ends[2].In(ends[0].Unit); err != nil {
		return nil, fmt.Errorf("the step wants the unit of the ends: %w", err)
	}
	return stepwise([3]string{begin[1], end[1], end[4]}, [3]string{begin[2], end[2], end[5]})
}

// stepwise gives the values from low to high by a step, exactly, in the smallest of their
// units: in another of them a value might have no end, as 10s in minutes.
func stepwise(numbers, written [3]string) ([]string, error) {
	unit := written[0]
	for _, u := range written[1:] {
		if units[u].size < units[unit].size {
			unit = u
		}
	}
	var exact [3]*big.Rat
	digits := 0 // behind the point
	for i, text := range numbers {
		exact[i], _ = new(big.Rat).SetString(text)
		if _, behind, ok := strings.Cut(text, "."); ok {
			digits = max(digits, len(behind))
		}
		// A larger unit is a whole number of smaller ones.
		times := int64(math.Round(units[written[i]].size / units[unit].size))
		exact[i].Mul(exact[i], new(big.Rat).SetInt64(times))
	}
	low, high, by := exact[0], exact[1], exact[2]
	switch {
	case by.Sign() <= 0:
		return nil, errors.New("a step is more than 0")
	case low.Cmp(high) > 0:
		return nil, errors.New("a range goes up: its lower end stands first")
	}
	count := new(big.Rat).Sub(high, low)
	if count.Quo(count, by).Cmp(big.NewRat(MaxCells, 1)) >= 0 {
		return nil, tooManyValues
	}
	var values []string
	for v := new(big.Rat).Set(low); v.Cmp(high) <= 0; v.Add(v, by) {
		text := v.FloatString(digits)
		if strings.Contains(text, ".") {
			text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
		}
		values = append(values, text+unit)
	}
	return values, nil
}

// growing gives the values from low to high by a factor, with nine digits, in low's unit.
func growing(low, high, factor Quantity) ([]string, error) {
	high, err := high.In(low.Unit)
	switch {
	case err != nil:
		return nil, err
	case factor.Unit != "" || factor.Value <= 1:
		return nil, errors.New("a factor is a number above 1, as in 8..64/x2")
	case low.Value <= 0:
		return nil, errors.New("a range with a factor begins above 0")
	case low.Value > high.Value:
		return nil, errors.New("a range goes up: its lower end stands first")
	case math.Log(high.Value/low.Value)/math.Log(factor.Value) >= MaxCells:
		return nil, tooManyValues
	}
	const within = 1 + 1e-9 // what the powers may be wrong by, and more
	var values []string
	for k := 0; ; k++ {
		v := low.Value * math.Pow(factor.Value, float64(k))
		if v > high.Value*within {
			return values, nil
		}
		values = append(values, Quantity{v, low.Unit}.String())
	}
}

// CheckAxes says what is wrong with what is varied together, beside sets that all
// settings have: a value that another one would replace, and too many settings, or runs.
func CheckAxes(axes []Axis, sets []Set, runs int) error {
	for i := range axes {
		path := whole(axes[i].Path)
		if path == "seed" {
			return errors.New("the seed is not varied: each setting is run with as many seeds as --runs says, from --seed on")
		}
		for k := range axes[:i] {
			switch other := whole(axes[k].Path); {
			case other == path:
				return fmt.Errorf("%s is varied twice; write its values into one list", axes[i].Path)
			case strings.HasPrefix(other, path+"."):
				return fmt.Errorf("%s would replace %s; vary it first", axes[i].Path, axes[k].Path)
			}
		}
		for _, s := range sets {
			switch other := whole(s.Path); {
			case other == path:
				return fmt.Errorf("%s is varied, and set to %s too; leave one of them out", axes[i].Path, s.Value)
			case strings.HasPrefix(other, path+"."):
				return fmt.Errorf("%s would replace %s, which is set to %s; leave one of them out", axes[i].Path, s.Path, s.Value)
			}
		}
	}
	cells := 1
	for i := range axes {
		cells *= len(axes[i].Values)
		if cells > MaxCells {
			return fmt.Errorf("the grid has more than %d settings; vary less, or in longer steps", MaxCells)
		}
	}
	if cells*runs > MaxTrials {
		return fmt.Errorf("%d settings with %d runs each are more than %d runs; write --runs %d", cells, runs, MaxTrials, MaxTrials/cells)
	}
	return nil
}

// whole is a path from the scenario's keys on: those that begin in the topology may leave
// its name out.
func whole(path string) string {
	path = strings.TrimPrefix(path, "topology.")
	if first, _, _ := strings.Cut(path, "."); slices.Contains([]string{"services", "queues"}, first) {
		return "topology." + path
	}
	return path
}
