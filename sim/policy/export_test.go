package policy

import (
	"go/format"
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

// GoSettings is what GoFile gives a breaker, by itself.
func GoSettings(name string, b *topology.Breaker) string {
	text, err := format.Source([]byte(settings(name, b)))
	if err != nil {
		panic(err)
	}
	return string(text)
}
