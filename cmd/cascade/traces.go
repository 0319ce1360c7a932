package main

import (
	"fmt"
	"io"
	"strings"

	"cascade/sim"
	"cascade/sim/trace"
)

// perfettoName is how the name of a file ends that is written for Perfetto.
const perfettoName = ".perfetto.json"

// newTraces is the output of the traces of some requests, in the form that the file's name
// asks for.
func newTraces() *output {
	o := &output{flag: "traces", usage: "write the traces of some requests to `FILE`: OTLP JSON, or, if it ends in " + perfettoName + ", for Perfetto"}
	o.write = func(w io.Writer, all []outcome) error {
		if strings.HasSuffix(o.path, perfettoName) {
			return all[0].traces.WritePerfetto(w)
		}
		return all[0].traces.WriteOTLP(w)
	}
	return o
}

// follow lets a run be followed if traces of it are to be written, so many at most.
func (all outputs) follow(o *outcome, requests int) []sim.Observer {
	for _, out := range all {
		if out.flag == "traces" && out.path != "" {
			o.traces = trace.NewCollector(o.scenario.Plan, trace.Options{Requests: requests})
			return []sim.Observer{o.traces}
		}
	}
	return nil
}

// tellTraces says how much of a run its traces are, in quiet only that something is missing.
func tellTraces(w io.Writer, o *outcome, quiet bool) {
	if o.traces == nil || o.report == nil {
		return
	}
	if t := o.traces.Tally(); !quiet || t.Short() {
		fmt.Fprintf(w, "cascade: traces of %v\n", t)
	}
}
