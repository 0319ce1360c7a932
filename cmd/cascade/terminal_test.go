package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func TestWhenOnlyASCII(t *testing.T) {
	for _, row := range []struct {
		term, all, ctype, lang string
		want                   bool
	}{
		{want: false},
		{term: "dumb", lang: "C.UTF-8", want: true},
		{term: "xterm", lang: "en_US.UTF-8", want: false},
		{lang: "de_AT.utf8", want: false},
		{lang: "C", want: true},
		{lang: "POSIX", want: true},
		{lang: "de_AT.ISO-8859-1", want: true},
		{ctype: "C.UTF-8", lang: "C", want: false},
		{ctype: "C", lang: "C.UTF-8", want: true},
		{all: "C.UTF-8", ctype: "C", lang: "C", want: false},
		{all: "POSIX", ctype: "C.UTF-8", lang: "C.UTF-8", want: true},
	} {
		for name, value := range map[string]string{"TERM": row.term, "LC_ALL": row.all, "LC_CTYPE": row.ctype, "LANG": row.lang} {
			t.Setenv(name, value)
		}
		if got := wantsASCII(); got != row.want {
			t.Errorf("%+v: only ASCII: %v", row, got)
		}
	}
	t.Setenv("LC_ALL", "C")
	if got := plainly("10\u00b5s, and so on\u2026 for M\u00fcller"); got != "10us, and so on... for M\u00fcller" {
		t.Errorf("said %q", got)
	}
}

func TestWrap(t *testing.T) {
	for _, row := range []struct{ text, want string }{
		{"", ""},
		{"one two  three", "one two/three"},
		{"1234567 1", "1234567/1"},
		{"123456 1", "123456 1"},
		{"a much-too-long-word b", "a/much-too-long-word/b"},
	} {
		if got := strings.Join(wrap(row.text, 8), "/"); got != row.want {
			t.Errorf("%q is wrapped as %q, want %q", row.text, got, row.want)
		}
	}
}

// TestHelpFits: the help of every command keeps to 80 columns of ASCII.
// The help of each command names the flags that settings give.
func TestHelpNamesTheSettings(t *testing.T) {
	sh, _ := testShell()
	seen := 0
	for _, c := range newRoot(sh).Commands() {
		var has []string
		for _, name := range settingNames {
			if c.Flags().Lookup(name) != nil {
				has = append(has, name)
			}
		}
		if len(has) == 0 {
			continue
		}
		seen++
		list := strings.Join(has, ", ")
		if i := strings.LastIndex(list, ", "); i >= 0 {
			list = list[:i] + " and" + list[i+1:]
		}
		if want := " " + list + " may also come from a variable "; !strings.Contains(strings.Join(strings.Fields(c.Long), " "), want) {
			t.Errorf("the help of %s has no %q", c.Name(), want)
		}
	}
	if seen < 7 {
		t.Errorf("only %d commands have settings", seen)
	}
}

func TestHelpFits(t *testing.T) {
	var lines [][]string
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		lines = append(lines, strings.Fields(c.CommandPath())[1:])
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	sh, _ := testShell()
	walk(newRoot(sh))
	if !slices.ContainsFunc(lines, func(l []string) bool { return slices.Equal(l, []string{"completion", "bash"}) }) || len(lines) < 10 {
		t.Fatalf("only %q were found", lines)
	}
	for _, line := range append(lines, []string{"help"}) {
		code, out, errs := command(t.Context(), "", append(line, "--help")...)
		if code != exitHeld || errs != "" || out == "" {
			t.Errorf("%q: exit code %d, said %q", line, code, errs)
		}
		for l := range strings.Lines(out) {
			l = strings.TrimSuffix(l, "\n")
			if len(l) > columns || strings.ContainsFunc(l, func(c rune) bool { return c > '~' }) {
				t.Errorf("%q: %s", line, l)
			}
		}
	}
}
