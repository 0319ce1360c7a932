package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"cascade/tui"
	"cascade/tui/player"

	"github.com/spf13/pflag"
	"github.com/spf13/viper"
)

// settingNames are the flags that a CASCADE_* variable or cascade.yaml may give
// too: CASCADE_COLOR=never, or a line `color: never`.
var settingNames = []string{"ascii", "color", "cores", "duration", "fps", "json", "keys", "out", "quiet", "seed", "shard", "speed", "theme"}

// maxSettings bounds cascade.yaml, in bytes.
const maxSettings = 64 << 10

// readSettings gives every flag that was not on the command line the value of its
// CASCADE_* variable, else that of cascade.yaml. The values go through the flags'
// own checks, so they are refused for the same reasons.
func readSettings(flags *pflag.FlagSet) error {
	v := viper.NewWithOptions()
	v.SetEnvPrefix("cascade")
	for _, name := range settingNames {
		if err := v.BindEnv(name); err != nil {
			return err
		}
	}
	file, err := readSettingsFile(v)
	if err != nil {
		return err
	}
	for _, name := range settingNames {
		flag := flags.Lookup(name)
		if flag == nil || flag.Changed || !v.IsSet(name) {
			continue
		}
		origin := "CASCADE_" + strings.ToUpper(name)
		if os.Getenv(origin) == "" {
			origin = file + ": " + name
		}
		value := v.Get(name)
		if keys, ok := value.(map[string]any); ok && name == "keys" {
			value, err = keyWords(keys)
			if err != nil {
				return usage("%s: %w", origin, err)
			}
		}
		switch value.(type) {
		case string, bool, int, uint64, float64:
			err := flag.Value.Set(fmt.Sprint(value))
			if err != nil && flag.Value.Type() == "bool" {
				err = errors.New("want true or false")
			}
			if err != nil {
				return usage("%s: %q: %w", origin, fmt.Sprint(value), err)
			}
		default:
			return usage("%s: want one value", origin)
		}
	}
	return nil
}

// readSettingsFile reads the first cascade.yaml that there is, and returns its
// path: "" where there is none.
func readSettingsFile(v *viper.Viper) (string, error) {
	for _, path := range settingsFiles() {
		f, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", usage("cannot read the settings in %s: %w", path, cause(err))
		}
		defer f.Close()
		text, err := io.ReadAll(io.LimitReader(f, maxSettings+1))
		if err != nil {
			return "", usage("cannot read the settings in %s: %w", path, cause(err))
		}
		if len(text) > maxSettings {
			return "", usage("%s: more than %d KiB are no settings", path, maxSettings>>10)
		}
		v.SetConfigType("yaml")
		if err := v.ReadConfig(strings.NewReader(string(text))); err != nil {
			var bad viper.ConfigParseError
			if errors.As(err, &bad) {
				err = bad.Unwrap()
			}
			return "", usage("%s: %w", path, err)
		}
		for _, key := range slices.Sorted(slices.Values(v.AllKeys())) {
			key, _, _ = strings.Cut(key, ".") // of keys it is the action's
			if !slices.Contains(settingNames, key) {
				return "", usage("%s: unknown setting %q in this file of cascade's own settings (a scenario needs another name); %s",
					path, key, didYouMean(key, settingNames, "it may have "+strings.Join(settingNames, ", ")))
			}
		}
		return path, nil
	}
	return "", nil
}

// keyWords are keys as the flag takes them, of actions with a key or a list of keys.
func keyWords(actions map[string]any) (string, error) {
	var words []string
	for _, action := range slices.Sorted(maps.Keys(actions)) {
		list, ok := actions[action].([]any)
		if !ok {
			list = []any{actions[action]}
		}
		for _, key := range list {
			switch key.(type) {
			case string, int:
				words = append(words, fmt.Sprintf("%s=%v", action, key))
			default:
				return "", fmt.Errorf("%s: want a key, or a list of keys", action)
			}
		}
	}
	return strings.Join(words, " "), nil
}

// settingsFiles are the places where cascade.yaml may be, the first that is there
// counts.
func settingsFiles() []string {
	places := []string{"cascade.yaml"}
	if dir, err := os.UserConfigDir(); err == nil {
		places = append(places, filepath.Join(dir, "cascade", "cascade.yaml"), filepath.Join(dir, "cascade.yaml"))
	}
	return places
}

// A choice is a flag that takes one of a few words.
type choice struct {
	value string
	among []string
}

func (c *choice) String() string { return c.value }
func (c *choice) Type() string   { return strings.Join(c.among, "|") }

// Set takes the word.
func (c *choice) Set(s string) error {
	if !slices.Contains(c.among, s) {
		return fmt.Errorf("want one of %s", strings.Join(c.among, ", "))
	}
	c.value = s
	return nil
}

// A seed is a flag for the seed of a run; nil until it is given.
type seed struct{ value *uint64 }

func (s *seed) Type() string { return "N" }
func (s *seed) String() string {
	if s.value == nil {
		return ""
	}
	return strconv.FormatUint(*s.value, 10)
}

// Set takes a whole number from 0 to 2^63-1.
func (s *seed) Set(text string) error {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil || n > math.MaxInt64 {
		return fmt.Errorf("want a whole number from 0 to %d", int64(math.MaxInt64))
	}
	s.value = &n
	return nil
}

// A span is a flag for a duration above zero; 0 until it is given.
type span struct{ value time.Duration }

func (s *span) Type() string { return "D" }
func (s *span) String() string {
	if s.value == 0 {
		return ""
	}
	return s.value.String()
}

// Set takes a duration with its unit.
func (s *span) Set(text string) error {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return errors.New("want a duration above zero with its unit, as 90s or 2m30s")
	}
	s.value = d
	return nil
}

// A number is a flag for a whole number within bounds; 0 until it is given.
type number struct{ value, least, most int }

func (n *number) Type() string { return fmt.Sprintf("%d..%d", n.least, n.most) }
func (n *number) String() string {
	if n.value == 0 {
		return ""
	}
	return strconv.Itoa(n.value)
}

// Set takes a whole number.
func (n *number) Set(text string) error {
	i, err := strconv.Atoi(text)
	if err != nil || i < n.least || i > n.most {
		return fmt.Errorf("want a whole number from %d to %d", n.least, n.most)
	}
	n.value = i
	return nil
}

// A pace is a flag for how fast time passes.
type pace struct {
	value player.Speed
	given bool
}

func (p *pace) Type() string { return "N|max" }
func (p *pace) String() string {
	if !p.given {
		return ""
	}
	return strings.TrimPrefix(p.value.String(), "\u00d7")
}

// or is the pace that was given, else another.
func (p *pace) or(usual player.Speed) player.Speed {
	if p.given {
		return p.value
	}
	return usual
}

// Set takes virtual seconds a second, with or without the sign before it, or max.
func (p *pace) Set(text string) error {
	value, err := player.ParseSpeed(text)
	if err == nil {
		p.value, p.given = value, true
	}
	return err
}

// An extent is a flag for a screen's columns and lines; 0 until it is given.
type extent struct{ w, h int }

func (e *extent) Type() string { return "WxH" }
func (e *extent) String() string {
	if e.w == 0 {
		return ""
	}
	return fmt.Sprintf("%dx%d", e.w, e.h)
}

// Set takes both numbers.
func (e *extent) Set(text string) error {
	w, h, _ := strings.Cut(text, "x")
	columns, err := strconv.Atoi(w)
	lines, wrong := strconv.Atoi(h)
	const most = 1000
	if err != nil || wrong != nil || columns < 1 || lines < 1 || columns > most || lines > most {
		return fmt.Errorf("want columns and lines, as 120x40, and %d of both at most", most)
	}
	e.w, e.h = columns, lines
	return nil
}

// Bindings are a flag for what keys actions have on the live screen.
type bindings struct{ value tui.Keys }

func (k *bindings) Type() string { return "ACTION=KEY..." }
func (k *bindings) String() string {
	var words []string
	for _, action := range slices.Sorted(maps.Keys(k.value)) {
		for _, key := range k.value[action] {
			words = append(words, action+"="+key)
		}
	}
	return strings.Join(words, " ")
}

// Set takes words of an action and a key each. An action that is named twice has both.
func (k *bindings) Set(text string) error {
	wanted := tui.Keys{}
	for word := range strings.FieldsSeq(text) {
		action, key, ok := strings.Cut(word, "=")
		if !ok {
			return fmt.Errorf("%s: want an action and its key, as pause=p", word)
		}
		wanted[action] = append(wanted[action], key)
	}
	if wrong := wanted.Check(didYouMean); len(wrong) > 0 {
		return errors.New(strings.Join(wrong, "; "))
	}
	k.value = wanted
	return nil
}

// A truth is a flag that is true or false; nil until it is given.
type truth struct{ value *bool }

func (t *truth) Type() string { return "bool" }
func (t *truth) String() string {
	if t.value == nil {
		return ""
	}
	return strconv.FormatBool(*t.value)
}

// Set takes true or false, and what else strconv knows for them.
func (t *truth) Set(text string) error {
	b, err := strconv.ParseBool(text)
	if err != nil {
		return errors.New("want true or false")
	}
	t.value = &b
	return nil
}

// or is the flag's value, or another where it was not given.
func (t *truth) or(otherwise bool) bool {
	if t.value == nil {
		return otherwise
	}
	return *t.value
}
