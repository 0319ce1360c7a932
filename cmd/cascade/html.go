package main

import (
	"io"

	"cascade/sim/html"
)

// writePage writes what a scenario came to as a page for a browser.
func writePage(w io.Writer, all []outcome) error {
	return html.Write(w, html.Document{Report: all[0].report})
}
