package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// TestDocsLinks: every link from a page of the manual to a file or a heading of the
// project leads there.
func TestDocsLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	links := 0
	for _, page := range []string{"README.md", "examples/README.md", "scenarios/FORMAT.md", "sim/MODEL.md", "sim/experiment/EXPERIMENTS.md", "sim/report/REPORT.md", "tui/SCREEN.md"} {
		from := filepath.Join("..", "..", filepath.FromSlash(page))
		for _, found := range link.FindAllStringSubmatch(read(t, from), -1) {
			if strings.Contains(found[1], "://") {
				continue
			}
			links++
			path, heading, _ := strings.Cut(found[1], "#")
			to := from
			if path != "" {
				to = filepath.Join(filepath.Dir(from), filepath.FromSlash(path))
			}
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s links to %s, which is not there", page, found[1])
			} else if heading != "" && !headings(read(t, to))[heading] {
				t.Errorf("%s links to %s, and there is no such heading", page, found[1])
			}
		}
	}
	if links < 50 {
		t.Errorf("only %d links are found", links)
	}
}

// headings are the headings of a page as a link names them on GitHub: letters in lower
// case, dashes for spaces, no other sign.
func headings(page string) map[string]bool {
	all := map[string]bool{}
	for line := range strings.Lines(page) {
		text, isHeading := strings.CutPrefix(strings.TrimLeft(line, "#"), " ")
		if !isHeading || !strings.HasPrefix(line, "#") {
			continue
		}
		all[strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, strings.TrimSpace(text))] = true
	}
	return all
}

// TestHelpNamesSettings: of each command that reads settings the help names those that it
// has flags for, and REPORT.md names all.
func TestHelpNamesSettings(t *testing.T) {
	listed := func(names []string, mark string) string {
		var marked []string
		for _, name := range names {
			marked = append(marked, mark+name+mark)
		}
		last := len(marked) - 1
		return strings.Join(marked[:last], ", ") + " and " + marked[last] + " may also come from a variable"
	}
	plain := func(text string) string { return strings.Join(strings.Fields(text), " ") }
	for _, of := range []string{"run", "compare", "sweep", "tip", "merge", "tui"} {
		_, help, _ := command(t.Context(), "", of, "--help")
		var has []string
		_, flags, _ := strings.Cut(help, "\nFlags:\n")
		for _, name := range settingNames {
			if strings.Contains(flags, " --"+name+" ") {
				has = append(has, name)
			}
		}
		if want := listed(has, ""); !strings.Contains(plain(help), want) {
			t.Errorf("the help of %s does not say %q", of, want)
		}
	}
	page := read(t, filepath.Join("..", "..", "sim", "report", "REPORT.md"))
	if want := listed(settingNames, "`"); !strings.Contains(plain(page), want) {
		t.Errorf("REPORT.md does not say %q", want)
	}
}
