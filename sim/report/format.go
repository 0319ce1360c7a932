package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// percent is a share with four significant digits; 0% and 100% mean exactly that.
func percent(share float64) string { return percentOf(share, 4) }

// roughly is a share with two significant digits, likewise.
func roughly(share float64) string { return percentOf(share, 2) }

func percentOf(share float64, digits int) string {
	for ; digits < 16; digits++ {
		text := strconv.FormatFloat(100*share, 'g', digits, 64)
		rounded, _ := strconv.ParseFloat(text, 64)
		if (rounded < 100 || share >= 1) && (rounded > 0 || share == 0) {
			return plain(rounded) + "%"
		}
	}
	return plain(100*share) + "%"
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
	default:
		return decimal(s) + "s"
	}
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
	return fmt.Sprintf("%d %ss", n, thing)
}

// short is a count in at most six columns.
func short(f float64) string {
	switch {
	case f >= 999_950_000:
		return fmt.Sprintf("%.4gG", f/1e9)
	case f >= 999_950:
		return fmt.Sprintf("%.4gM", f/1e6)
	default:
		return decimal(f)
	}
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
