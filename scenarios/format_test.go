package scenarios

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// manual is FORMAT.md by its sections of the second level.
func manual(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("FORMAT.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for part := range strings.SplitSeq(string(text), "\n## ") {
		name, body, _ := strings.Cut(part, "\n")
		sections[name] = body
	}
	return sections
}

// fenced are the texts that stand between marks of that language.
func fenced(text, language string) []string {
	var found []string
	for {
		_, rest, ok := strings.Cut(text, "\n```"+language+"\n")
		if !ok {
			return found
		}
		block, after, _ := strings.Cut(rest, "\n```")
		found = append(found, block+"\n")
		text = after
	}
}

// TestManualExamples: what the manual shows is read, as a whole scenario, one put
// together from its sections, or the keys of a step or a service.
func TestManualExamples(t *testing.T) {
	sections := manual(t)
	for _, whole := range fenced(sections["# The scenario format"], "yaml") {
		mustParse(t, whole)
	}
	for _, whole := range fenced(sections["Queues and streams"], "yaml") {
		mustParse(t, whole)
	}
	var parts string
	for _, name := range []string{"Scenario", "Topology", "Traffic", "Faults", "Expectations"} {
		blocks := fenced(sections[name], "yaml")
		if len(blocks) == 0 {
			t.Errorf("the section %s has no example", name)
		}
		parts += strings.Join(blocks, "")
	}
	mustParse(t, parts)

	onCall, ofService, _ := strings.Cut(sections["Guards"], "\n### Of a service\n")
	for _, row := range []struct{ text, before, indent string }{
		{onCall, "  services:\n    b: {threads: 1, steps: [{work: 1ms}]}\n    a:\n      threads: 1\n      steps:\n        - sync: b\n", "          "},
		{ofService, "  services:\n    a:\n      threads: 1\n      steps: [{work: 1ms}]\n", "      "},
	} {
		blocks := fenced(row.text, "yaml")
		if len(blocks) < 7 {
			t.Errorf("only %d guards have examples", len(blocks))
		}
		for _, block := range blocks {
			mustParse(t, "name: guard\nduration: 1m\ntraffic: {l: {to: a, rate: 1/s}}\ntopology:\n"+row.before+row.indent+strings.ReplaceAll(strings.TrimSpace(block), "\n", "\n"+row.indent)+"\n")
		}
	}
}

// TestManualProblems: the manual shows a bad file and what is said about it, to the letter.
func TestManualProblems(t *testing.T) {
	blocks := fenced(manual(t)["How a file is read"], "text")
	if len(blocks) != 2 {
		t.Fatalf("%d texts, want the file and its problems", len(blocks))
	}
	_, err := Parse("bad.yaml", []byte(blocks[0]), ".")
	if err == nil || err.Error()+"\n" != blocks[1] {
		t.Errorf("it says\n%v\nand the manual\n%s", err, blocks[1])
	}
}

// TestManualKeys: every key has a row in a table of the manual, with what holds
// without it if that is one word.
func TestManualKeys(t *testing.T) {
	sections := manual(t)
	var rows []string
	code := regexp.MustCompile("`[^`]*`")
	for name, section := range sections {
		for line := range strings.Lines(section) {
			if strings.HasPrefix(line, "| `") && name != "Values" && name != "Distributions" {
				rows = append(rows, line)
			}
		}
	}
	word := regexp.MustCompile(`^[0-9a-z_%.]+$`)
	never := []string{"none", "once", "never", "all"} // which the manual need not say with that word
	for s := range format {
		for _, k := range format[s].keys {
			is := regexp.MustCompile(`(^|[^a-z_])` + k.name + `([^a-z_]|$)`)
			described, defaulted := false, false
			for _, row := range rows {
				cell, _, _ := strings.Cut(row[2:], " |")
				if slices.ContainsFunc(code.FindAllString(cell, -1), is.MatchString) || is.MatchString(row) && strings.Contains(row, "`{") {
					described = true
					defaulted = defaulted || !word.MatchString(k.initial) || slices.Contains(never, k.initial) || strings.Contains(row, k.initial)
				}
			}
			switch {
			case !described && k.name != "name" && k.name != "services":
				t.Errorf("%s: the key %q is in no table of the manual", format[s].name, k.name)
			case described && !defaulted:
				t.Errorf("%s: the manual does not say that %q is %s at first", format[s].name, k.name, k.initial)
			}
		}
	}
}
