package html

import (
	"fmt"
	"strings"

	"cascade/sim/report"
)

// A blamed is a service with what its threads did.
type blamed struct {
	Name  string
	About string // how many threads were held, on average
	Label string // all of it in words
	Bar   []stretch
}

// A stretch is a part of a bar that is a thousand wide.
type stretch struct {
	X, Width  string
	Use, Text string
	Named     bool // wide enough to be listed beside the bar
	Share     string
}

// firstBlamed is how many services come first.
const firstBlamed = 12

// blameOf is what the threads of each service did after the warm-up, those first that
// the story is most about.
func blameOf(r *report.Report) []blamed {
	first := make(map[int]bool)
	for _, i := range r.MostConcerned(firstBlamed) {
		first[i] = true
	}
	var shown, later []blamed
	for i := range r.Services {
		b := blameService(r, &r.Services[i])
		switch {
		case b.Bar == nil:
		case first[i]:
			shown = append(shown, b)
		default:
			later = append(later, b)
		}
	}
	return append(shown, later...)
}

func blameService(r *report.Report, s *report.Service) blamed {
	b := blamed{Name: s.Name, About: report.CountText(s.HeldMean) + " threads held on average"}
	at := 0.0
	var words []string
	for _, p := range s.Parts(r.Judged().Time()) {
		if p.Share <= 0 {
			continue
		}
		use, text := useOf(p)
		b.Bar = append(b.Bar, stretch{X: thousandth(at), Width: thousandth(p.Share), Use: use, Text: text, Named: p.Share >= 0.005, Share: report.ShareText(p.Share)})
		words = append(words, report.ShareText(p.Share)+" "+text)
		at += p.Share
	}
	b.Label = s.Name + ": " + strings.Join(words, ", ")
	return b
}

func thousandth(share float64) string { return fmt.Sprintf("%.2f", 1000*share) }

// useOf is a use of threads as a class of the style sheet, and in words.
func useOf(p report.Part) (class, text string) {
	switch p.Use {
	case report.AtWork:
		return "working", "own work"
	case report.Awaiting:
		return "waiting", "waits for " + p.On
	case report.BackingOff:
		return "backoff", "backs off from " + p.On
	case report.Publishing:
		return "publishing", "publishes to " + p.On
	case report.Paused:
		return "paused", "paused"
	case report.Idle:
		return "idle", "idle"
	case report.Down:
		return "down", "down"
	}
	return "other", "held by another operation"
}
