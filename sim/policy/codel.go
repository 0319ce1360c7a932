package policy

import "time"

// The target and the interval of QueueTimeout. B. Maurer found that they need no
// tuning over a wide range of services; K. Nichols and V. Jacobson have the same for
// packets (RFC 8289).
const (
	CoDelTarget   = 5 * time.Millisecond   // the wait while the queue stands
	CoDelInterval = 100 * time.Millisecond // the wait otherwise, and when a queue stands
)

// QueueTimeout is how long an attempt that comes now may wait for a thread, the
// waiting room having been empty last at lastEmpty: now, where it is empty. It is
// the controlled delay of Facebook's servers (B. Maurer, "Fail at Scale", ACM Queue
// 13(8), 2015), which is fixed as the attempt comes: CoDelTarget when the room has
// not been empty for more than CoDelInterval, else CoDelInterval. So a burst may
// queue, and a queue that does not go away is kept short.
func QueueTimeout(now, lastEmpty time.Duration) time.Duration {
	if lastEmpty < now-CoDelInterval {
		return CoDelTarget
	}
	return CoDelInterval
}
