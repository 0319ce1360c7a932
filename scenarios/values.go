package scenarios

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"cascade/sim/des"
)

// What a scenario may ask for at most, so that a slip of the finger is found here
// and not by a machine that runs out of memory.
const (
	maxTime      = 10_000 * time.Hour
	maxRate      = 10_000_000.0 // a second
	maxInstances = 10_000       // of a service or a source
	maxThreads   = 1_000_000    // of an instance
	maxQueue     = 10_000_000   // places of an instance
	maxUsers     = 1_000_000    // of a source, and requests of a burst
	maxLimit     = 1e15         // requests of a source
	maxTimes     = 10_000       // calls of a step
	maxAttempts  = 1000         // of a call
	maxStages    = 10_000       // of an Erlang distribution
	maxFactor    = 1e6
	maxRepeats   = 100_000    // times that a fault or a burst comes back
	maxSamples   = 20_000_000 // in a run
	maxName      = 100        // letters
	maxFaults    = 10_000
	maxReach     = 500_000   // services, operations, edges and queues that the faults are on, each fault's for itself
	maxExpected  = 1000      // expectations
	maxSpans     = 1_000_000 // returns of faults that expectations speak of
	maxSteps     = 4_000_000 // call steps, times the expectations about edges
)

// fields are the entries of a mapping whose keys are in the format.
type fields struct {
	*reader
	*shape
	v     *value
	owner *value // the key that the mapping belongs to, or nil
}

// fields takes v as a mapping with the keys of a section; keys that it cannot have
// become problems.
func (r *reader) fields(v *value, s section, owner *value) (fields, bool) {
	f := fields{r, &format[s], v, owner}
	if example := f.lonely(v); example != "" {
		r.problem(v, "%s is a mapping, not %s: %s", f.shape.name, v.said(), example)
		return f, false
	}
	if !r.is(v, mapping, f.shape.name) {
		return f, false
	}
	for i := range v.entries {
		e := &v.entries[i]
		if f.key(e.key.text) != nil || r.full() {
			continue
		}
		if said := misplaced(s, v, e.key.text); said != "" {
			r.problem(e.key, "%s", said)
			continue
		}
		r.problem(e.key, "unknown key %s in %s%s", quote(e.key.text), f.shape.name, f.suggest(e.key.text))
		if k := f.guess(e.key.text); k != nil && v.entry(k.name) == nil {
			e.rename(k.name) // what it holds is read as if it were spelt right
		}
	}
	return f, true
}

// lonely is how a mapping is written of which only one value stands there; "" where
// it is not so, or where that value could not be meant.
func (f fields) lonely(v *value) string {
	if f.shape.lone == "" || v.kind != scalar || v.broken || v.isNull() {
		return ""
	}
	fits := isNumber(strings.TrimSuffix(v.text, "%"))
	switch key, _, _ := strings.Cut(f.shape.lone[1:], ":"); key {
	case "on":
		fits = targetForm.MatchString(v.text)
	case "rate":
		number, _, unit := strings.Cut(v.text, "/")
		fits = unit && isNumber(number)
	case "after":
		_, problem := parseDuration(v.text)
		fits = problem == "" || quantileForm.MatchString(v.text)
	case "kind":
		fits = nameForm.MatchString(v.text)
	}
	if !fits {
		return ""
	}
	return fmt.Sprintf(f.shape.lone, v.text)
}

var targetForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.>-]*$`)

// is says whether v is of that kind; what says for what it is wanted.
func (r *reader) is(v *value, k kind, what string) bool {
	switch {
	case v.broken:
	case v.kind == k && !v.isNull():
		return true
	case v.isNull():
		r.problem(v, "nothing is written for %s, where %s is expected; leave the key out or write one", what, k)
	default:
		r.problem(v, "%s is %s, not %s", what, k, v.said())
	}
	return false
}

// get is the value of a key, or nil. Only keys of the format can be asked for.
func (f fields) get(name string) *value {
	if f.key(name) == nil {
		panic("the format of " + f.name + " has no key " + name)
	}
	if e := f.v.entry(name); e != nil {
		return e.value
	}
	return nil
}

// must is the value of a key that has to be there.
func (f fields) must(name string) *value {
	if v := f.get(name); v != nil {
		return v
	}
	at := f.owner
	if at == nil {
		at = f.v
	}
	what := spoken(f.key(name).value)
	if kind, _, several := strings.Cut(f.key(name).value, "|"); !several || kind == "number" {
		what = article(what) // and not where it is one of some words
	}
	f.problem(at, "%s needs the key %q: %s", f.shape.name, name, what)
	return nil
}

// article puts a or an in front of a noun.
func article(noun string) string {
	if strings.ContainsAny(noun[:1], "aeiou") {
		return "an " + noun
	}
	return "a " + noun
}

// spoken is a key's value as a person says it: number or "unlimited".
func spoken(value string) string { return strings.ReplaceAll(value, "|", " or ") }

// duration is a key's duration, its initial value where it is absent; 0 for none.
func (f fields) duration(name string) time.Duration {
	if v := f.get(name); v != nil {
		d, _ := f.reader.duration(v)
		return d
	}
	d, _ := time.ParseDuration(f.key(name).initial)
	return d
}

// limit is a key's duration that must be longer than 0; 0 where it is absent.
func (f fields) limit(name string) time.Duration {
	v := f.get(name)
	if v == nil {
		return 0
	}
	d, ok := f.reader.duration(v)
	if ok && d == 0 {
		f.problem(v, "%q must be longer than 0s; leave it out for none", name)
	}
	return d
}

func (f fields) count(name string, least, most int64) int64 {
	if v := f.get(name); v != nil {
		n, _ := f.reader.count(v, name, least, most)
		return n
	}
	n, _ := strconv.ParseInt(f.key(name).initial, 10, 64)
	return n
}

func (f fields) number(name string, least, most float64) float64 {
	if v := f.get(name); v != nil {
		n, _ := f.reader.number(v, name, least, most)
		return n
	}
	n, _ := strconv.ParseFloat(f.key(name).initial, 64)
	return n
}

func (f fields) share(name string) float64 {
	if v := f.get(name); v != nil {
		s, _ := f.reader.share(v)
		return s
	}
	s, _ := parseShare(f.key(name).initial)
	return s
}

// choice is the place of a key's word among those that the format lists for it.
func (f fields) choice(name string) int {
	k := f.key(name)
	words := strings.Split(k.value, "|")
	v := f.get(name)
	if v == nil {
		return max(slices.Index(words, k.initial), 0)
	}
	text, ok := f.word(v, spoken(k.value))
	if !ok {
		return 0
	}
	i := slices.Index(words, text)
	if i < 0 {
		f.problem(v, "%q is %s, not %s%s", name, among(words), quote(text), didYouMean(text, words))
		return 0
	}
	return i
}

// boolean is a key's truth.
func (f fields) boolean(name string) bool {
	v := f.get(name)
	if v == nil {
		return f.key(name).initial == "true"
	}
	if v.kind == scalar && !v.plain && (v.text == "true" || v.text == "false") {
		f.problem(v, "%q is true or false, without quotes", name)
		return false
	}
	return f.choice(name) == 0
}

// word is a scalar's text. What is wanted is said where it is none.
func (r *reader) word(v *value, want string) (string, bool) {
	switch {
	case v.broken:
	case v.kind != scalar:
		r.problem(v, "%s is expected here, not %s", want, v.kind)
	case v.isNull():
		r.problem(v, "nothing is written where %s is expected", want)
	default:
		return v.text, true
	}
	return "", false
}

var nameForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`)

// called checks a name that something is given.
func (r *reader) called(v *value, what string) (string, bool) {
	text, ok := r.word(v, "a name")
	switch {
	case !ok:
		return "", false
	case !nameForm.MatchString(text):
		r.problem(v, "%s cannot be the name of %s: a name is a letter, then letters, digits, - and _", quote(text), what)
		return "", false
	case len(text) > maxName:
		r.problem(v, "the name %s is longer than %d letters", quote(text), maxName)
		return "", false
	}
	return text, true
}

func (r *reader) duration(v *value) (time.Duration, bool) {
	text, ok := r.word(v, "a duration such as 250ms")
	if !ok {
		return 0, false
	}
	d, problem := parseDuration(text)
	if problem != "" {
		r.problem(v, "%s", problem)
		return 0, false
	}
	return d, true
}

// parseDuration reads a duration in Go's syntax; it returns what is wrong, or "".
func parseDuration(text string) (time.Duration, string) {
	if bare := strings.TrimLeft(text, "+-"); isNumber(bare) {
		if bare == "0" {
			return 0, `0 is a bare number, and a duration has a unit; write 0s`
		}
		return 0, fmt.Sprintf("%s is a bare number, and a duration has a unit; write %sms or %ss", quote(text), bare, bare)
	}
	d, err := time.ParseDuration(text)
	switch {
	case err != nil && strings.Contains(err.Error(), "unit"):
		return 0, fmt.Sprintf("%s is not a duration; its units are ns, us, ms, s, m and h, as in 1h30m", quote(text))
	case err != nil:
		return 0, fmt.Sprintf("%s is not a duration; write it as 250ms, 1.5s, 2m or 1h30m", quote(text))
	case d < 0:
		return 0, fmt.Sprintf("%s is negative, and no duration is", quote(text))
	case d > maxTime:
		return 0, fmt.Sprintf("%s is longer than 10000h, the most that there is", quote(text))
	}
	return d, ""
}

// brief is a time as a person writes it: 2m, where Go says 2m0s.
func brief(t des.Time) string {
	text := strings.Replace(t.Duration().String(), "µ", "u", 1)
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = strings.TrimSuffix(text, zero[1:])
		}
	}
	return text
}

// rate is in events a second.
func (r *reader) rate(v *value) (float64, bool) {
	text, ok := r.word(v, "a rate such as 200/s")
	if !ok {
		return 0, false
	}
	number, unit, _ := strings.Cut(text, "/")
	n, ok := parseNumber(number)
	per := map[string]float64{"s": 1, "m": 60, "h": 3600}[unit]
	switch {
	case !ok || per == 0:
		if isNumber(text) {
			r.problem(v, "%s is a bare number, and a rate has a unit; write %s/s", quote(text), text)
		} else {
			r.problem(v, "%s is not a rate; write it as 200/s, 90/m or 3/h", quote(text))
		}
		return 0, false
	case n/per > maxRate:
		r.problem(v, "%s is more than 10000000/s, the most that there is", quote(text))
		return 0, false
	}
	return n / per, true
}

func (r *reader) share(v *value) (float64, bool) {
	text, ok := r.word(v, "a share such as 5%")
	if !ok {
		return 0, false
	}
	s, problem := parseShare(text)
	if problem != "" {
		r.problem(v, "%s", problem)
		return 0, false
	}
	return s, true
}

// parseShare reads 5% or 0.05; it returns what is wrong, or "".
func parseShare(text string) (float64, string) {
	number, percent := strings.CutSuffix(text, "%")
	s, ok := parseNumber(number)
	if percent && ok {
		// Not divided: 99.9% is to be the float that is nearest to 0.999.
		s, _ = strconv.ParseFloat(number+"e-2", 64)
	}
	switch {
	case !ok && strings.HasPrefix(number, "-"):
		return 0, fmt.Sprintf("%s is negative; a share is from 0%% to 100%%", quote(text))
	case !ok:
		return 0, fmt.Sprintf("%s is not a share; write it as 5%% or 0.05", quote(text))
	case s > 1 && !percent && s <= 100:
		return 0, fmt.Sprintf("%s is more than 1, all of it; did you mean \"%s%%\"?", quote(text), number)
	case s > 1:
		return 0, fmt.Sprintf("%s is more than 100%%", quote(text))
	}
	return s, ""
}

// parseNumber reads a number that is not negative: digits, with a point or
// without. It takes no exponents, no NaN and no infinity.
func parseNumber(text string) (float64, bool) {
	whole, part, _ := strings.Cut(text, ".")
	if strings.Trim(whole+part, "0123456789") != "" || whole == "" || strings.HasSuffix(text, ".") || len(text) > 40 {
		return 0, false
	}
	n, err := strconv.ParseFloat(text, 64)
	return n, err == nil
}

func isNumber(text string) bool {
	_, ok := parseNumber(text)
	return ok
}

func (r *reader) number(v *value, what string, least, most float64) (float64, bool) {
	text, ok := r.word(v, "a number")
	if !ok {
		return 0, false
	}
	n, ok := parseNumber(text)
	switch {
	case !ok:
		r.problem(v, "%q is a number such as 2 or 1.5, not %s", what, quote(text))
	case n < least:
		r.problem(v, "%q is at least %s, not %s", what, plain(least), quote(text))
		ok = false
	case n > most:
		r.problem(v, "%q is at most %s, not %s", what, plain(most), quote(text))
		ok = false
	}
	return n, ok
}

func plain(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

// count is a whole number.
func (r *reader) count(v *value, what string, least, most int64) (int64, bool) {
	text, ok := r.word(v, "a whole number")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		n = most
		if !strings.HasPrefix(text, "-") {
			r.problem(v, "%q is at most %d, not %s", what, most, quote(text))
			return 0, false
		}
		n = least - 1
	case err != nil || strings.HasPrefix(text, "+"):
		r.problem(v, "%q is a whole number, not %s", what, quote(text))
		return 0, false
	case !v.plain:
		r.problem(v, "%q is a number; write %s without quotes", what, text)
		return 0, false
	}
	switch {
	case n < least:
		r.problem(v, "%q is at least %d, not %s", what, least, quote(text))
	case n > most:
		r.problem(v, "%q is at most %d, not %s", what, most, quote(text))
	default:
		return n, true
	}
	return 0, false
}

// size is a whole number, or a word for no bound at all, which is -1.
func (r *reader) size(v *value, what, boundless string, least, most int64) (int, bool) {
	if v.kind == scalar && v.text == boundless {
		return -1, true
	}
	if v.kind == scalar && !v.broken && !v.isNull() {
		if !isNumber(strings.TrimLeft(v.text, "+-")) {
			hint := didYouMean(v.text, []string{boundless})
			if slices.Contains(endless, strings.ToLower(v.text)) {
				hint = "; did you mean " + quote(boundless) + "?"
			}
			r.problem(v, "%q is a whole number or %s, not %s%s", what, boundless, quote(v.text), hint)
			return 0, false
		}
	}
	n, ok := r.count(v, what, least, most)
	return int(n), ok
}

// endless are words for no bound, ours in the other place among them.
var endless = []string{"inf", ".inf", "infinite", "infinity", "unbounded", "unlimited", "max"}

// openNamed reads a file that v names.
func (r *reader) openNamed(v *value, offset int, name string) *file {
	if name == "" || strings.ContainsRune(name, 0) {
		r.problemAt(v, offset, "the name of a file is missing")
		return nil
	}
	if r.named++; r.named > maxFiles {
		r.problemAt(v, offset, "a scenario may name at most %d files", maxFiles)
		return nil
	}
	whole := r.join(v.file.dir, name)
	text, err := r.open(whole)
	if err != nil {
		var at *fs.PathError
		if errors.As(err, &at) {
			err = at.Err
		}
		r.problemAt(v, offset, "cannot read %s: %v", quote(name), err)
		return nil
	}
	r.opened = append(r.opened, whole)
	r.texts = append(r.texts, string(text))
	r.namedFiles = append(r.namedFiles, namedFile{v, offset, name})
	dir := r.join(whole, "..")
	return &file{name: whole, dir: dir, text: string(text)}
}

// durations reads a text file of durations, one a line; # begins a comment.
func (r *reader) durations(f *file, ascending bool) []des.Time {
	f.notYAML = true
	if !r.add(f) {
		return nil
	}
	before := len(r.problems)
	var all []des.Time
	for n, line := range strings.Split(f.text, "\n") {
		content, _, _ := strings.Cut(line, "#")
		content = strings.TrimSpace(content)
		if content == "" {
			continue
		}
		column := 1 + len([]rune(line[:strings.Index(line, content)]))
		d, problem := parseDuration(content)
		switch {
		case problem != "":
			r.place(f, n+1, column, problem)
		case ascending && len(all) > 0 && des.Time(d) < all[len(all)-1]:
			r.place(f, n+1, column, fmt.Sprintf("%s is before the line above; the times ascend", quote(content)))
		default:
			all = append(all, des.Time(d))
		}
	}
	if len(all) == 0 && len(r.problems) == before {
		r.place(f, 0, 0, "the file holds no durations; write one a line")
	}
	return all
}
