package policy

import "github.com/sony/gobreaker/v2"

// Counts are those that the library's Counts would be.
func (b *Breaker) Counts() gobreaker.Counts {
	if b.isRolling() {
		return b.rolling.total
	}
	return b.library.Counts()
}
