package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"github.com/spf13/viper"
)

// settingNames are the flags that a CASCADE_* variable or cascade.yaml may give
// too: CASCADE_COLOR=never, or a line `color: never`.
var settingNames = []string{"ascii", "color", "duration", "json", "quiet", "seed"}

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
		switch value := v.Get(name).(type) {
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
			if !slices.Contains(settingNames, key) {
				return "", usage("%s: unknown setting %q in this file of cascade's own settings (a scenario needs another name); %s",
					path, key, didYouMean(key, settingNames, "it may have "+strings.Join(settingNames, ", ")))
			}
		}
		return path, nil
	}
	return "", nil
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
