package main

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A room is a package, or all packages below one, and what it may import. The
// tests of a package may import what they like.
type room struct {
	path string   // a path that ends in /... is all packages below
	ours []string // packages of this module
	// What it may import of others, beyond the standard library.
	others []string
	// It is a function of what it is handed: it reads no clock, no file, no
	// environment, starts no goroutine, and nothing waits in it.
	pure bool
}

// house is the architecture as a table: small rings first. The first room that fits
// a package counts.
var house = []room{
	{path: "cascade/topology", pure: true},
	{path: "cascade/sim/des", pure: true},
	{path: "cascade/sim/hist", pure: true},
	{path: "cascade/sim/policy", ours: []string{"cascade/topology"}, others: []string{"github.com/sony/gobreaker/v2", "golang.org/x/time/rate"}, pure: true},
	{path: "cascade/sim", ours: []string{"cascade/topology", "cascade/sim/des", "cascade/sim/hist", "cascade/sim/policy"}, pure: true},
	{path: "cascade/sim/report", ours: []string{"cascade/topology", "cascade/sim", "cascade/sim/des", "cascade/sim/hist"}, pure: true},
	{path: "cascade/sim/experiment", ours: []string{"cascade/sim/report"}, others: []string{"gonum.org/v1/gonum/mathext"}, pure: true},
	{path: "cascade/sim/html", ours: []string{"cascade/topology", "cascade/sim/des", "cascade/sim/experiment", "cascade/sim/report"}, pure: true},
	{path: "cascade/sim/export", ours: []string{"cascade/topology", "cascade/sim/des", "cascade/sim/report", "cascade/sim/experiment"}, pure: true},
	{path: "cascade/sim/trace", ours: []string{"cascade/topology", "cascade/sim", "cascade/sim/des", "cascade/sim/report"}, pure: true},
	{path: "cascade/sim/...", ours: []string{"cascade/topology", "cascade/sim", "cascade/sim/...", "cascade/sim/report"}},
	{path: "cascade/scenarios", ours: []string{"cascade/topology", "cascade/sim", "cascade/sim/des", "cascade/sim/report"}, others: []string{"go.yaml.in/yaml/v4", "go.yaml.in/yaml/v4/..."}},
	{path: "cascade/tui/player", ours: []string{"cascade/topology", "cascade/sim", "cascade/sim/des", "cascade/sim/hist", "cascade/sim/report"}},
	{path: "cascade/tui/shot", others: []string{"github.com/gdamore/tcell/v2"}},
	{path: "cascade/tui", ours: []string{"cascade/topology", "cascade/sim", "cascade/sim/des", "cascade/sim/hist", "cascade/sim/report", "cascade/tui/player", "cascade/tui/shot"},
		others: []string{"github.com/gdamore/tcell/v2", "github.com/rivo/tview", "github.com/rivo/uniseg"}},
	{path: "cascade/cmd/cascade", ours: []string{"cascade/..."}, others: []string{"github.com/gdamore/tcell/v2", "github.com/gdamore/tcell/v2/terminfo", "github.com/spf13/cobra", "github.com/spf13/pflag", "github.com/spf13/viper", "golang.org/x/term"}},
}

// impure are packages of the standard library by which the outside world comes in.
var impure = []string{"os", "os/...", "net", "net/...", "syscall", "path/filepath", "io/ioutil", "math/rand", "math/rand/v2", "crypto/rand", "log", "log/...",
	"runtime", "runtime/...", "sync", "sync/...", "unsafe", "plugin", "context", "flag", "testing"}

func matches(pattern, path string) bool {
	if below, ok := strings.CutSuffix(pattern, "/..."); ok {
		return strings.HasPrefix(path, below+"/")
	}
	return pattern == path
}

func anyMatches(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, path) })
}

// A listed is a package as the Go toolchain lists it.
type listed struct {
	ImportPath, Dir string
	GoFiles         []string
	Imports         []string
}

// breaches says what is wrong with a package in a house.
func breaches(house []room, p listed) []string {
	i := slices.IndexFunc(house, func(r room) bool { return matches(r.path, p.ImportPath) })
	if i < 0 {
		return []string{p.ImportPath + " has no room in the house: give it a row in the table"}
	}
	r := house[i]
	var found []string
	for _, imported := range p.Imports {
		first, _, _ := strings.Cut(imported, "/")
		switch {
		case first == "cascade":
			if !anyMatches(r.ours, imported) {
				found = append(found, p.ImportPath+" imports "+imported)
			}
		case strings.Contains(first, "."):
			if !anyMatches(r.others, imported) {
				found = append(found, p.ImportPath+" imports "+imported+" of another module")
			}
		case r.pure && anyMatches(impure, imported):
			found = append(found, p.ImportPath+" imports "+imported+", and is to know nothing of the world outside")
		}
	}
	return found
}

func list(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-pgo=off", "-json=ImportPath,Dir,GoFiles,Imports", "./...")
	cmd.Dir = filepath.Join("..", "..")
	out, err := cmd.Output()
	if err != nil {
		var e *exec.ExitError
		if errors.As(err, &e) {
			t.Logf("%s", e.Stderr)
		}
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func TestImportsKeepTheHouse(t *testing.T) {
	all := list(t)
	for _, p := range all {
		for _, b := range breaches(house, p) {
			t.Error(b)
		}
	}
	for _, want := range []string{"cascade/topology", "cascade/sim/des", "cascade/sim", "cascade/sim/report", "cascade/scenarios", "cascade/cmd/cascade"} {
		if !slices.ContainsFunc(all, func(p listed) bool { return p.ImportPath == want }) {
			t.Errorf("no package %s was seen: the test would find nothing", want)
		}
	}
}

// TestBreachesAreFound holds the rules against packages that break them.
func TestBreachesAreFound(t *testing.T) {
	for _, row := range []struct {
		path    string
		imports string
		want    int
	}{
		{"cascade/topology", "fmt math time", 0},
		{"cascade/topology", "cascade/sim/des", 1},
		{"cascade/topology", "go.yaml.in/yaml/v4", 1},
		{"cascade/sim/des", "cascade/topology", 1},
		{"cascade/sim/policy", "cascade/topology golang.org/x/time/rate", 0},
		{"cascade/sim/policy", "cascade/sim cascade/sim/des", 2},
		{"cascade/sim", "cascade/topology cascade/sim/des cascade/sim/policy slices", 0},
		{"cascade/sim", "os math/rand cascade/sim/report cascade/scenarios", 4},
		{"cascade/sim/report", "cascade/sim cascade/topology embed encoding/json", 0},
		{"cascade/sim/report", "cascade/scenarios os net/http", 3},
		{"cascade/sim/html", "cascade/sim/report embed html/template", 0},
		{"cascade/sim/html", "cascade/scenarios os", 2},
		{"cascade/sim/sweep", "cascade/sim cascade/sim/report sync", 0},
		{"cascade/sim/sweep", "cascade/scenarios", 1},
		{"cascade/scenarios", "cascade/topology cascade/sim cascade/sim/report go.yaml.in/yaml/v4 os", 0},
		{"cascade/scenarios", "cascade/tui github.com/spf13/viper", 2},
		{"cascade/tui", "cascade/scenarios", 1},
		{"cascade/cmd/cascade", "cascade/tui cascade/sim/report github.com/spf13/cobra", 0},
		{"cascade/cmd/cascade", "go.yaml.in/yaml/v4", 1},
		{"cascade/extra", "fmt", 1},
	} {
		got := breaches(house, listed{ImportPath: row.path, Imports: strings.Fields(row.imports)})
		if len(got) != row.want {
			t.Errorf("%s importing %s: %d breaches %q, want %d", row.path, row.imports, len(got), got, row.want)
		}
	}
}

// TestPureRoomsReadNoClock looks into the pure packages for what no import
// betrays: the clock behind package time, goroutines, and init.
func TestPureRoomsReadNoClock(t *testing.T) {
	files := 0
	for _, p := range list(t) {
		i := slices.IndexFunc(house, func(r room) bool { return matches(r.path, p.ImportPath) })
		if i < 0 || !house[i].pure {
			continue
		}
		for _, name := range p.GoFiles {
			files++
			path := filepath.Join(p.Dir, name)
			set := token.NewFileSet()
			f, err := parser.ParseFile(set, path, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range worldly(f) {
				t.Errorf("%s: %s", set.Position(s.pos), s.what)
			}
		}
	}
	if files == 0 {
		t.Error("no file was looked at")
	}
}

func TestWorldlyIsFound(t *testing.T) {
	const text = `package p
import "time"
func init() {}
type T struct{}
func (T) init() {}
func f() {
	go f()
	_ = time.Now()
	time.Sleep(time.Second)
	<-time.After(1)
	_ = time.Duration(1)
	select {}
}`
	f, err := parser.ParseFile(token.NewFileSet(), "p.go", text, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := worldly(f); len(got) != 6 {
		t.Errorf("found %v, want 6 of them", got)
	}
}

type sight struct {
	pos  token.Pos
	what string
}

func worldly(f *ast.File) []sight {
	clocks := []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker", "Local", "LoadLocation"}
	var found []sight
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			found = append(found, sight{n.Pos(), "a goroutine"})
		case *ast.SelectStmt:
			found = append(found, sight{n.Pos(), "a select"})
		case *ast.FuncDecl:
			if n.Name.Name == "init" && n.Recv == nil {
				found = append(found, sight{n.Pos(), "an init"})
			}
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains(clocks, n.Sel.Name) {
				found = append(found, sight{n.Pos(), "time." + n.Sel.Name})
			}
		}
		return true
	})
	return found
}
