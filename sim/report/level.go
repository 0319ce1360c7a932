package report

// A Level says how bad a number is.
type Level uint8

// The levels.
const (
	OK Level = iota
	Warn
	Critical
)

// levelOf is the level of a number that is better small.
func levelOf(v, warn, critical float64) Level {
	switch {
	case v >= critical:
		return Critical
	case v >= warn:
		return Warn
	}
	return OK
}

// SaturationLevel is that of a pool in which so large a share of the threads is held,
// and so many attempts wait, both on average: Critical is saturated, as the story has it.
func SaturationLevel(held, waiting float64) Level {
	if waiting >= 1 {
		return Critical
	}
	return levelOf(held, warnHeld, saturatedShare)
}

// ErrorLevel is that of a share that failed, or that was done in vain.
func ErrorLevel(share float64) Level { return levelOf(share, warnFailed, criticalFailed) }

// TriesLevel is that of so many attempts a call.
func TriesLevel(tries float64) Level { return levelOf(tries, 1.1, 1.5) }

// From when on a number is told to be too high.
const (
	warnHeld       = 0.7
	warnFailed     = 0.01
	criticalFailed = 0.1
)

// look is how a summary shows a level.
func (l Level) look() style { return [...]style{OK: "", Warn: yellow, Critical: red}[l] }
