package export

import (
	"fmt"
	"strings"

	"cascade/sim/experiment"
	"cascade/sim/report"
)

// A Result is what a scenario came to.
type Result struct {
	Name   string           // the scenario's
	Report *report.Report   // of one run; nil: there are several, or it broke before there was anything to report
	Runs   *experiment.Runs // in its place, of several
	Broke  string           // why it did not come to its end, in words; "" if it did

	File   string  // that it was read from, as whoever reads finds it; "" for none
	Places []Place // where the expectations stand; nil: nobody knows
}

// A Place is a line of a file, from 1 on; without a file it is nowhere.
type Place struct {
	File string
	Line int
}

// A judgement is an expectation and how it came out.
type judgement struct {
	text, measured, bound string
	verdict               report.Verdict
	more                  []string // what there is to say beside, a sentence each
	at                    Place
}

// judgements are those of a result, in file order.
func (r *Result) judgements() []judgement {
	var all []judgement
	switch {
	case r.Runs != nil:
		all = ofRuns(r.Runs)
	case r.Report != nil:
		all = ofReport(r.Report)
	}
	for i := range all {
		if i < len(r.Places) {
			all[i].at = r.Places[i]
		}
	}
	return all
}

func ofReport(r *report.Report) []judgement {
	var all []judgement
	for i := range r.Expectations {
		j := &r.Expectations[i]
		verdict := report.Fail
		switch {
		case j.Pass:
			verdict = report.Pass
		case j.Undecided:
			verdict = report.Undecided
		}
		text := strings.Join(strings.Fields(j.Text), " ")
		all = append(all, judgement{text: text, measured: j.Outcome(), bound: j.BoundText(), verdict: verdict})
	}
	return all
}

// broke says why a result is not of a whole run; "" where it is.
func (r *Result) broke() string {
	switch {
	case r.Broke != "":
		return r.Broke
	case r.Runs != nil:
		return runsBroke(r.Runs)
	case r.Report == nil:
		return "there is no report"
	case !r.Report.Complete:
		return fmt.Sprintf("it stopped at %s of %s", report.ClockText(r.Report.End), report.ClockText(r.Report.Duration))
	}
	return ""
}

// verdict is the result's; of what is not whole it is never Pass.
func (r *Result) verdict() report.Verdict {
	v := report.Undecided
	switch {
	case r.Runs != nil:
		v = r.Runs.Verdict
	case r.Report != nil:
		v = r.Report.Verdict
	}
	if v == report.Pass && r.broke() != "" {
		return report.Undecided
	}
	return v
}

// standing says how many of the expectations held.
func (r *Result) standing() string {
	if r.Report == nil && r.Runs == nil {
		return "nothing was reported"
	}
	held, undecided, all := 0, 0, 0
	for _, j := range r.judgements() {
		all++
		switch j.verdict {
		case report.Pass:
			held++
		case report.Undecided:
			undecided++
		}
	}
	if all == 0 {
		return "nothing was expected of it"
	}
	text := fmt.Sprintf("%d of %s held", held, report.SeveralText(all, "expectation"))
	if undecided > 0 {
		text += fmt.Sprintf(", %d undecided", undecided)
	}
	if r.broke() != "" {
		text += " so far"
	}
	return text
}
