package tui

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDocs: the tables of SCREEN.md are those of the code.
func TestDocs(t *testing.T) {
	var keys strings.Builder
	group := ""
	for _, b := range keyTable() {
		if b.group != group {
			group = b.group
			fmt.Fprintf(&keys, "\n| %s | | called |\n|---|---|---|\n", group)
		}
		fmt.Fprintf(&keys, "| `%s` | %s | %s |\n", strings.Join(b.keys, "` `"), b.about, b.action)
	}
	var typed strings.Builder
	typed.WriteString("\n| command | does |\n|---|---|\n")
	for _, m := range commands() {
		fmt.Fprintf(&typed, "| `%s` | %s |\n", strings.ReplaceAll(strings.TrimSpace(m.name+" "+m.takes), "|", `\|`), m.about)
	}
	text, err := os.ReadFile("SCREEN.md")
	if err != nil {
		t.Fatal(err)
	}
	now := between(t, between(t, string(text), "keys", keys.String()), "commands", typed.String())
	if now == string(text) {
		return
	}
	if !*update {
		t.Fatal("SCREEN.md shows other keys or commands; go test ./tui -run Docs -update writes them anew")
	}
	if err := os.WriteFile("SCREEN.md", []byte(now), 0o644); err != nil {
		t.Fatal(err)
	}
}

// between puts a table between its two marks in a text.
func between(t *testing.T, text, name, table string) string {
	t.Helper()
	begin, end := "<!-- "+name+" -->\n", "<!-- end of "+name+" -->"
	before, rest, found := strings.Cut(text, begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("SCREEN.md has no marks for %s", name)
	}
	return before + begin + table + "\n" + end + after
}

// TestFrontDoor: the package comment says what every file of the package holds.
func TestFrontDoor(t *testing.T) {
	door, err := os.ReadFile("tui.go")
	if err != nil {
		t.Fatal(err)
	}
	comment, _, _ := strings.Cut(string(door), "\npackage tui\n")
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if file == "tui.go" || strings.HasSuffix(file, "_test.go") || strings.HasPrefix(file, "page_") {
			continue // pages are named together
		}
		if !strings.Contains(comment, file) {
			t.Errorf("the package comment does not name %s", file)
		}
	}
}
