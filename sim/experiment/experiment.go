// Package experiment says what many runs of a scenario come to: one run proves
// nothing where outcomes go one way or the other by luck.
//
// An experiment is a Spec (what is varied, over how many seeds) made of Trials: one
// run each, of one cell of the grid with one seed. Whoever has cores or machines runs
// the trials, in any order and any place, and hands back a Record of each. What they
// come to is a function of the Spec and the Records alone, whatever order these came
// in, so that the same experiment gives the same bytes on one core and on a hundred
// machines.
//
// It knows no files, clocks, or goroutines, and no YAML: a setting is a path and a
// value, both text.
package experiment

import (
	"cmp"
	"fmt"
	"slices"
)

// A Trial is one run of an experiment.
type Trial struct {
	Cell int // which of the experiment's settings, from 0
	Seed uint64
}

// Compare orders trials by cell, then by seed.
func (t Trial) Compare(u Trial) int {
	return cmp.Or(cmp.Compare(t.Cell, u.Cell), cmp.Compare(t.Seed, u.Seed))
}

// A Set gives one value of the scenario, as --set does: Path says where, Value is
// what stands there, as a scenario file writes it.
type Set struct {
	Path  string `json:"path"`
	Value string `json:"value"`
}

// String is the set as --set takes it.
func (s Set) String() string { return s.Path + "=" + s.Value }

// A Wanted is an expectation, and in which share of the runs it must hold.
type Wanted struct {
	Text  string  `json:"text"`
	Share float64 `json:"share"` // 0: in every run
}

// A Shard is a part of an experiment's trials, for one of several machines.
type Shard struct {
	Index int // from 1
	Of    int // 0: there is one part, which is all
}

// String is the shard as --shard takes it.
func (s Shard) String() string { return fmt.Sprintf("%d/%d", s.Index, s.Of) }

// Part are the trials that are the shard's: every Of-th from its Index on. The list
// must be the same on every machine.
func (s Shard) Part(trials []Trial) []Trial {
	if s.Of <= 1 {
		return trials
	}
	var part []Trial
	for i := s.Index - 1; i < len(trials); i += s.Of {
		part = append(part, trials[i])
	}
	return part
}

// Among are those of the records that are of the trials, in their order.
func Among(records []Record, trials []Trial) []Record {
	of := make(map[Trial]bool, len(trials))
	for _, t := range trials {
		of[t] = true
	}
	return slices.DeleteFunc(slices.Clone(records), func(r Record) bool { return !of[r.Trial] })
}

// Missing are those of the trials of which there is no record, in their order.
func Missing(trials []Trial, records []Record) []Trial {
	have := make(map[Trial]bool, len(records))
	for i := range records {
		have[records[i].Trial] = true
	}
	return slices.DeleteFunc(slices.Clone(trials), func(t Trial) bool { return have[t] })
}
