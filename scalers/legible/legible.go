// Package legible makes any text fit to be read. Names, metadata and what a server says beside an error are others' to choose:
// where they are repeated they act on no terminal, begin no line of a log, hide nothing and turn the direction of nothing.
package legible

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const cutMark = "…"

// Line is text as one line of valid UTF-8: any white space is a space, and any other character that is not seen is U+FFFD.
func Line(text string) string {
	return strings.Map(seen, strings.ToValidUTF8(text, string(unicode.ReplacementChar)))
}

// Short is a Line of at most so many bytes, the cut mark included, which ends what is longer.
func Short(text string, bytes int) string {
	line := Line(text)
	if len(line) <= bytes {
		return line
	}
	end := max(bytes-len(cutMark), 0)
	for !utf8.RuneStart(line[end]) {
		end--
	}
	return line[:end] + cutMark
}

func seen(r rune) rune {
	switch {
	case unicode.IsSpace(r):
		return ' '
	case unicode.IsPrint(r):
		return r
	default:
		return unicode.ReplacementChar
	}
}
