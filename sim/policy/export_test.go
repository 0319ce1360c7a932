package policy

import (
	"time"

	"github.com/sony/gobreaker/v2"

	"cascade/topology"
)

// Counts are those that the library's Counts would be.
func (b *Breaker) Counts() gobreaker.Counts {
	if b.state == topology.StateClosed {
		return b.closed.total
	}
	return b.library.Counts()
}

// Tokens are those in the bucket; below zero where the future's are taken.
func (l *Limiter) Tokens(now time.Duration) float64 {
	l.tell()
	return l.library.TokensAt(instant(now))
}
