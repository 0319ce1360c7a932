package main

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"

	"cascade/sim/experiment"
)

// A shelf keeps the reports of many runs, packed, for the outputs that need them once all
// have run.
type shelf struct {
	of     map[experiment.Trial][]byte
	size   int // of all, in bytes
	full   bool
	packer *flate.Writer
}

// maxShelf bounds what is kept, in bytes: ten thousand runs of a hundred services.
const maxShelf = 2 << 30

func newShelf() (*shelf, error) {
	packer, err := flate.NewWriter(nil, flate.BestSpeed)
	return &shelf{of: map[experiment.Trial][]byte{}, packer: packer}, err
}

// put packs a report. What finds no room is missed when it is asked for.
func (s *shelf) put(t experiment.Trial, report []byte) {
	if s.full {
		return
	}
	var b bytes.Buffer
	s.packer.Reset(&b)
	if _, err := s.packer.Write(report); err != nil {
		panic("a buffer that cannot be written to: " + err.Error())
	}
	if err := s.packer.Close(); err != nil {
		panic("a buffer that cannot be written to: " + err.Error())
	}
	packed := bytes.Clone(b.Bytes())
	if s.size+len(packed) > maxShelf {
		s.full = true
		return
	}
	s.of[t], s.size = packed, s.size+len(packed)
}

// report is a run's report as it was put there.
func (s *shelf) report(r *experiment.Record) ([]byte, error) {
	packed, ok := s.of[r.Trial]
	switch {
	case !ok && s.full:
		return nil, fmt.Errorf("the reports of so many runs take more than %d GiB: ask for fewer runs, or do them with --out DIR", maxShelf>>30)
	case !ok:
		return nil, errors.New("it was not kept")
	}
	return io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
}
