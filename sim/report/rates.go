package report

// What a point of the timeline comes to, for whoever shows one: rates and shares of the
// counts in it.

// Rate is a count of point n as so many a second. The last point may be shorter than
// the others.
func (t *Timeline) Rate(n int, count uint64) float64 { return perSecond(count, t.length(n)) }

// ErrorShare is the share of what ended in point n that ended as an error; 0 where
// nothing did.
func (s *ServiceSeries) ErrorShare(n int) float64 { return ratio(s.Errors[n], s.Ended[n]) }

// FailedShare is the share of the requests that ended in point n that failed; 0 where
// none ended.
func (s *SourceSeries) FailedShare(n int) float64 {
	return ratio(s.Failed[n], s.Succeeded[n]+s.Failed[n])
}

// SucceededShare is the share of the requests that ended in point n that succeeded; 0
// where none ended.
func (s *SourceSeries) SucceededShare(n int) float64 {
	return ratio(s.Succeeded[n], s.Succeeded[n]+s.Failed[n])
}

// FailedShare is what failed in point n as a share of the attempts that began in it. What
// fails has begun before, maybe in another point; so it is at most 1.
func (s *EdgeSeries) FailedShare(n int) float64 {
	return ratio(s.Failed[n], max(s.Attempts[n], s.Failed[n]))
}
