package main

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

// TestExperimentsShowTheComparison: the manual shows what the transcript does.
func TestExperimentsShowTheComparison(t *testing.T) {
	script := read(t, filepath.Join("testdata", "script", "compare.txtar"))
	_, printed, found := strings.Cut(script, "\n-- storm.txt --\n")
	printed, _, _ = strings.Cut(printed, "\n-- ")
	if !found || !strings.Contains(read(t, filepath.Join("..", "..", "sim", "experiment", "EXPERIMENTS.md")), "```text\n"+printed+"\n```\n") {
		t.Error("EXPERIMENTS.md does not show what testdata/script/compare.txtar has as storm.txt")
	}
}

func TestTolerances(t *testing.T) {
	var all tolerances
	for _, text := range []string{"5%", "p99=10%", "success=0.5%", "p99=12%"} {
		if err := all.Set(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	if all.value.Of != 0.05 || all.value.Named["p99"] != 0.12 || all.value.Named["success"] != 0.005 || len(all.value.Named) != 2 {
		t.Errorf("%+v", all.value)
	}
	for _, text := range []string{"", "5", "-1%", "-0%", "nan%", "inf%", "1e9%", "p99", "p99=", "wasted=5%", "=5%"} {
		if err := all.Set(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

// A bug of the engine's ends a comparison: what had run until then is not compared, as if
// it were all.
func TestCompareEndsAtABug(t *testing.T) {
	sh, _ := testShell()
	sound, broken := readShop(t), readShop(t)
	broken.Plan.Sources[0].Edge.To.Service = 99
	k := &compareCommand{sh: sh, gate: newGate(), runs: number{value: 2}}
	_, err := k.runBoth(t.Context(), &contender{scenario: sound}, &contender{scenario: broken})
	var b *bug
	if !errors.As(err, &b) || sh.tell(err) != exitBroken {
		t.Errorf("error %v, want a bug", err)
	}
}
