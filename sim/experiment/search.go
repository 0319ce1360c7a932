package experiment

// A Search is what a tipping point is looked for with.
type Search struct {
	Path  string `json:"path"`
	Low   string `json:"low"` // as a scenario file writes it
	High  string `json:"high"`
	Until string `json:"until"` // the expectation that ceases to hold
}
