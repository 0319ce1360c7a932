package export

import (
	"fmt"
	"strings"

	"cascade/sim/report"
)

// A Result is what a scenario came to.
type Result struct {
	Name   string         // the scenario's
	Report *report.Report // nil: it broke before there was anything to report
	Broke  string         // why it did not come to its end, in words; "" if it did

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
	at                    Place
}

// judgements are those of a result, in file order.
func (r *Result) judgements() []judgement {
	if r.Report == nil {
		return nil
	}
	var all []judgement
	for i := range r.Report.Expectations {
		j := &r.Report.Expectations[i]
		verdict := report.Fail
		switch {
		case j.Pass:
			verdict = report.Pass
		case j.Undecided:
			verdict = report.Undecided
		}
		var at Place
		if i < len(r.Places) {
			at = r.Places[i]
		}
		text := strings.Join(strings.Fields(j.Text), " ")
		all = append(all, judgement{text, j.Outcome(), j.BoundText(), verdict, at})
	}
	return all
}

// broke says why a result is not of a whole run; "" where it is.
func (r *Result) broke() string {
	switch {
	case r.Broke != "":
		return r.Broke
	case r.Report == nil:
		return "there is no report"
	case !r.Report.Complete:
		return fmt.Sprintf("it stopped at %s of %s", report.ClockText(r.Report.End), report.ClockText(r.Report.Duration))
	}
	return ""
}

// verdict is the result's; of what is not whole it is never Pass.
func (r *Result) verdict() report.Verdict {
	if r.Report == nil {
		return report.Undecided
	}
	if r.Report.Verdict == report.Pass && r.broke() != "" {
		return report.Undecided
	}
	return r.Report.Verdict
}

// standing says how many of the expectations held.
func (r *Result) standing() string {
	if r.Report == nil {
		return "nothing was reported"
	}
	held, failed := r.Report.Standing()
	all := len(r.Report.Expectations)
	text := ""
	switch undecided := all - held - failed; {
	case all == 0:
		return "nothing was expected of it"
	case all == 1:
		text = fmt.Sprintf("%d of 1 expectation held", held)
	case undecided > 0:
		text = fmt.Sprintf("%d of %d expectations held, %d undecided", held, all, undecided)
	default:
		text = fmt.Sprintf("%d of %d expectations held", held, all)
	}
	if r.broke() != "" {
		text += " so far"
	}
	return text
}
