package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"cascade/sim/des"
)

// percent is a share with four significant digits, or as many more as it takes:
// 0% and 100% mean exactly that.
func percent(share float64) string {
	if text := percentOf(share, 4, 15); text != "" {
		return text
	}
	return plain(100*share) + "%"
}

// percentCell is a share with four significant digits in at most eight columns:
// what lies too near to nothing or all is <0.01% or >99.999%.
func percentCell(share float64) string { return bounded(share, 4) }

// roughly is a share with two significant digits in at most six columns, likewise:
// <0.01%, >99.9%.
func roughly(share float64) string { return bounded(share, 2) }

// bounded is a share with so many significant digits, near to all with one more;
// where they do not tell it from nothing or all, it says only that it is neither.
func bounded(share float64, digits int) string {
	if share > 0 && share < 0.0001 {
		return "<0.01%"
	}
	if text := percentOf(share, digits, digits+1); text != "" {
		return text
	}
	return ">99." + strings.Repeat("9", digits-1) + "%"
}

// percentOf is a share with the fewest significant digits, from least to most, that
// do not make nothing or all of what is neither; "" where none do.
func percentOf(share float64, least, most int) string {
	for digits := least; digits <= most; digits++ {
		text := strconv.FormatFloat(100*share, 'g', digits, 64)
		rounded, _ := strconv.ParseFloat(text, 64)
		if rounded < 100 || share >= 1 {
			return plain(rounded) + "%"
		}
	}
	return ""
}

// plain writes a number without an exponent.
func plain(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// decimal is a number with three significant digits, more for a large whole one.
func decimal(f float64) string {
	if f >= 1000 {
		return grouped(uint64(math.Round(f)))
	}
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(f, 'g', 3, 64), 64)
	return plain(rounded)
}

// brief is seconds with three significant digits and a unit a person would choose.
func brief(s float64) string {
	switch {
	case s == 0:
		return "0s"
	case s < 1e-6:
		return decimal(s*1e9) + "ns"
	case s < 999.5e-6:
		return decimal(s*1e6) + "us"
	case s < 0.9995:
		return decimal(s*1e3) + "ms"
	case s < 599.5:
		return decimal(s) + "s"
	default:
		return clock(des.Time(math.Round(s * 1e9)))
	}
}

// clock is an instant or a span as a person reads it: seconds, with two decimals
// at most (below a second more), and from ten minutes on 3h14m35s.
func clock(t des.Time) string {
	if t < des.Time(time.Second) {
		return brief(t.Seconds())
	}
	if hundredths := (t + 5_000_000) / 10_000_000; hundredths < 600_00 {
		return plain(float64(hundredths)/100) + "s"
	}
	s := int64((t + 500_000_000) / 1_000_000_000)
	text := ""
	for _, part := range []struct {
		length int64
		unit   string
	}{{3600, "h"}, {60, "m"}, {1, "s"}} {
		if n := s / part.length; n > 0 {
			text += strconv.FormatInt(n, 10) + part.unit
		}
		s %= part.length
	}
	return text
}

// grouped is a count with its thousands set apart.
func grouped(n uint64) string {
	digits := strconv.FormatUint(n, 10)
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}

// several is a number of things: 1 more fault, 2 more faults.
func several(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return grouped(uint64(n)) + " " + thing + "s"
}

// short is a count in at most six columns, with two decimals at most.
func short(f float64) string {
	switch {
	case f >= 999_950_000:
		return fmt.Sprintf("%.4gG", f/1e9)
	case f >= 999_950:
		return fmt.Sprintf("%.4gM", f/1e6)
	case f >= 99_999.5:
		return fmt.Sprintf("%.4gk", f/1e3)
	case f > 0 && f < 0.01:
		return "<0.01"
	case f < 1:
		return plain(math.Round(f*100) / 100)
	default:
		return decimal(f)
	}
}

// often is a rate in at most seven columns.
func often(f float64) string {
	switch {
	case f >= 1000:
		return short(f)
	case f > 0 && f < 0.0001:
		return "<0.0001"
	case f < 0.01: // five decimals are what there is room for
		return plain(math.Round(f*1e5) / 1e5)
	}
	return decimal(f)
}

// inUnit is a metric's value as a person writes it.
func inUnit(v float64, u unit) string {
	switch u {
	case share:
		return percent(v)
	case duration:
		return brief(v)
	case rate:
		return decimal(v) + "/s"
	default:
		return decimal(v)
	}
}

// What the summary writes of numbers, for whoever shows the same numbers elsewhere.

// ShareText is a share in at most six columns: 81%, 0.35%, >99.9%. 0% and 100% mean
// exactly that.
func ShareText(share float64) string { return roughly(share) }

// FineShareText is a share in at most eight columns, with four digits: 84.14%.
func FineShareText(share float64) string { return percentCell(share) }

// SecondsText is a duration in at most seven columns, from seconds: 86.5ms, 1.59s.
func SecondsText(s float64) string { return compact(s) }

// RateText is a rate a second in at most seven columns, without a unit.
func RateText(f float64) string { return often(f) }

// CountText is a count, or a mean of counts, in at most six columns.
func CountText(f float64) string { return short(f) }

// GroupedText is a count with its thousands set apart: 12,345.
func GroupedText(n uint64) string { return grouped(n) }

// SeveralText is a number of things: 1 run, 12,345 runs.
func SeveralText(n int, thing string) string { return several(n, thing) }

// ClockText is an instant, or a span of time: 32.4s, 12m5s.
func ClockText(t des.Time) string { return clock(t) }
