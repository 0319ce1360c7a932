package main

import (
	"io"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/term"
)

// isTerminal says whether a person watches w.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	if err != nil || info.Mode()&fs.ModeCharDevice == 0 {
		return false
	}
	// The null device is a character device too, and nobody watches it.
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}

// readsTerminal says whether what r gives is typed by a person.
func readsTerminal(r io.Reader) bool {
	f, ok := r.(*os.File)
	return ok && isTerminal(f)
}

// widthOf is how many columns the terminal w has; 0 where it is none, or does not say.
func widthOf(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// isDumb says whether the terminal knows of no escape sequences, nor of a line that
// is written over.
func isDumb() bool { return os.Getenv("TERM") == "dumb" }

// wantsASCII says whether letters beyond ASCII may not arrive: on a dumb terminal, or
// where the locale is known and is not of UTF-8. Where nothing is said of a locale, as
// in many a container, UTF-8 is the better guess.
func wantsASCII() bool {
	if isDumb() {
		return true
	}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} { // as POSIX has them: the first that is set counts
		if locale := os.Getenv(name); locale != "" {
			return !strings.Contains(strings.ReplaceAll(strings.ToLower(locale), "-", ""), "utf8")
		}
	}
	return false
}

// plainly is a message without our own letters beyond ASCII, where they may not
// arrive. Those that it quotes of a file are left alone.
func plainly(message string) string {
	if !wantsASCII() {
		return message
	}
	return strings.NewReplacer("\u2026", "...", "\u00b5s", "us", "−", "-", "±", "+-", "×", "x").Replace(message)
}

// columns is the width that all help keeps to.
const columns = 80

// wrap breaks a text into lines of at most width bytes; only a word that is longer
// stands out.
func wrap(text string, width int) []string {
	var lines []string
	for _, word := range strings.Fields(text) {
		if n := len(lines); n > 0 && len(lines[n-1])+1+len(word) <= width {
			lines[n-1] += " " + word
		} else {
			lines = append(lines, word)
		}
	}
	return lines
}
