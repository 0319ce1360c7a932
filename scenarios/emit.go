package scenarios

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// This file writes values as YAML that reads as the same values. What was written in
// brackets is written in brackets again, all else a key, or a member of a list, a line.

// widestFlow is how long a line may become by a value in brackets that has been written
// in brackets, in characters. A longer one is written below its key.
const widestFlow = 120

// block is what stands behind a key's colon, or behind a member's dash where member is
// true, up to the end of its last line. The indent is that of the key or the dash.
func block(v *value, indent string, member bool) string {
	in := indent + "  "
	if v.kind == scalar {
		if text := literal(v, in); text != "" {
			return " " + text
		}
	}
	line := " " + flow(v, v.kind != scalar)
	switch {
	case v.kind == scalar && v.isNull() && v.text == "":
		return "\n"
	case v.kind == scalar, len(v.entries)+len(v.items) == 0, v.flow && len(indent)+len(line) <= widestFlow:
		return line + "\n"
	}
	var b strings.Builder
	for i, e := range v.entries {
		if member && i == 0 {
			b.WriteString(" ")
		} else {
			if i == 0 {
				b.WriteString("\n")
			}
			b.WriteString(in)
		}
		b.WriteString(scalarText(e.key, false) + ":" + block(e.value, in, false))
	}
	for i, item := range v.items {
		if member && i == 0 {
			b.WriteString(" ")
		} else {
			if i == 0 {
				b.WriteString("\n")
			}
			b.WriteString(in)
		}
		b.WriteString("-" + block(item, in, true))
	}
	return b.String()
}

// flow is a value on one line; inBrackets says that it has brackets or stands in some.
func flow(v *value, inBrackets bool) string {
	var parts []string
	switch v.kind {
	case mapping:
		for _, e := range v.entries {
			parts = append(parts, scalarText(e.key, true)+": "+flow(e.value, true))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case list:
		for _, item := range v.items {
			parts = append(parts, flow(item, true))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return scalarText(v, inBrackets)
}

// scalarText is a scalar on one line, in quotes where it was or where it needs them.
func scalarText(v *value, inBrackets bool) string {
	switch {
	case v.isNull() && v.text == "" && inBrackets:
		return "null"
	case v.isNull(), v.plain && isPlain(v.text, inBrackets):
		return v.text
	}
	return quoted(v.text)
}

// bare is a scalar without the quotes that it does not need.
func bare(v *value) *value {
	if v.kind != scalar || v.plain || !isPlain(v.text, false) || isSpecial(v.text) {
		return v
	}
	return &value{text: v.text, plain: true}
}

// isPlain says whether a text can be written without quotes.
func isPlain(text string, inBrackets bool) bool {
	switch {
	case text == "", strings.TrimSpace(text) != text, strings.HasSuffix(text, ":"),
		strings.Contains(text, ": "), strings.Contains(text, " #"),
		strings.HasPrefix(text, "---"), strings.HasPrefix(text, "..."),
		strings.ContainsRune("-?:", rune(text[0])) && (len(text) == 1 || text[1] == ' '),
		strings.ContainsRune(",[]{}#&*!|>'\"%@`", rune(text[0])),
		inBrackets && (strings.ContainsAny(text, ",[]{}:") || strings.ContainsRune("-?", rune(text[0]))):
		return false
	}
	return !strings.ContainsFunc(text, func(c rune) bool { return !isShown(c) })
}

// isShown says whether a character can stand in a file as it is.
func isShown(c rune) bool { return c == ' ' || unicode.IsPrint(c) }

// isSpecial says whether a text without quotes is no word, to some reader of YAML: a
// number, a date, a truth or nothing.
func isSpecial(text string) bool { return specialForm.MatchString(text) }

var specialForm = regexp.MustCompile(`(?i)^(?:true|false|yes|no|on|off|y|n|null|~|=|<<|[-+.]?(?:inf|nan)|[-+]?[.0-9][-+.:_0-9a-fxot ]*)$`)

// quoted is a text in double quotes.
func quoted(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\t':
			b.WriteString(`\t`)
		case isShown(c):
			b.WriteRune(c)
		case c <= 0xFFFF:
			fmt.Fprintf(&b, `\u%04X`, c)
		default:
			fmt.Fprintf(&b, `\U%08X`, c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// literal is a text of several lines as these, below what it belongs to, or "" where
// it is none, or where that would not be the same text.
func literal(v *value, indent string) string {
	text, mark := v.text, "|-"
	if strings.HasSuffix(text, "\n") {
		text, mark = strings.TrimSuffix(text, "\n"), "|"
	}
	if !strings.Contains(text, "\n") {
		return ""
	}
	var b strings.Builder
	b.WriteString(mark + "\n")
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.TrimSpace(line) != line || line == "" && (i == 0 || i == len(lines)-1) || strings.ContainsFunc(line, func(c rune) bool { return !isShown(c) }) {
			return ""
		}
		if line != "" {
			b.WriteString(indent + line)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
