package server

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// maxMessageBytes bounds an error's text. Kubernetes rejects Events with notes over 1,024 characters, and KEDA puts
	// words of its own around ours (pkg/scaling/scale_handler.go).
	maxMessageBytes = 512
	cutMark         = "…"
)

// message makes text fit for a gRPC status, and so for a log line and a Kubernetes Event: one line of valid UTF-8 of at
// most maxMessageBytes, the cut mark included. What could start a line, hide text or turn its direction becomes a
// space: metadata is quoted in messages, and its author must not be able to forge what others read.
func message(text string) string {
	line := strings.Map(printable, strings.ToValidUTF8(text, string(unicode.ReplacementChar)))
	if len(line) <= maxMessageBytes {
		return line
	}
	end := maxMessageBytes - len(cutMark)
	for !utf8.RuneStart(line[end]) {
		end--
	}
	return line[:end] + cutMark
}

func printable(r rune) rune {
	if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) {
		return ' '
	}
	return r
}
