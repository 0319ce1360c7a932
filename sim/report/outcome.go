package report

// Outcome is how an expectation came out, in words: the value that was measured, else
// why there is none or why it cannot be decided.
func (j *Judgement) Outcome() string {
	if !j.Measured || j.Undecided {
		return j.Why
	}
	actual := inUnit(j.Actual, j.unit)
	if actual == inUnit(j.Bound, j.unit) && j.Actual != j.Bound {
		actual = exactly(j.Actual, j.unit)
	}
	return actual
}

// BoundText is what the measured value is held against, in words as Outcome's.
func (j *Judgement) BoundText() string { return inUnit(j.Bound, j.unit) }
