package main

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/lagwise/lagwise/internal/config"
)

// newLog makes the log, and what its level can be changed by.
func newLog(to io.Writer, settings config.Config) (*slog.Logger, *slog.LevelVar) {
	level := new(slog.LevelVar)
	level.Set(levelOf(settings))
	options := &slog.HandlerOptions{Level: level}
	if settings.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(escaping{to}, options)), level
	}
	return slog.New(slog.NewTextHandler(to, options)), level
}

func levelOf(settings config.Config) slog.Level {
	var level slog.Level
	if err := level.UnmarshalText([]byte(settings.LogLevel)); err != nil {
		return slog.LevelInfo
	}
	return level
}

// escaping writes lines of JSON without what acts on a terminal or turns the direction of text. JSON escapes no more than it
// must, and names are the clients' to choose; slog's text form quotes all of that by itself.
type escaping struct{ to io.Writer }

func (e escaping) Write(line []byte) (int, error) {
	text := strings.TrimSuffix(string(line), "\n")
	if strings.ContainsFunc(text, unprintable) {
		var escaped strings.Builder
		for _, r := range text {
			if unprintable(r) { // only strings hold such
				for _, unit := range utf16.AppendRune(nil, r) {
					fmt.Fprintf(&escaped, `\u%04x`, unit)
				}
				continue
			}
			escaped.WriteRune(r)
		}
		text = escaped.String()
	}
	if _, err := io.WriteString(e.to, text+"\n"); err != nil {
		return 0, err //nolint:wrapcheck // an io.Writer hands its writer's error on
	}
	return len(line), nil
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) }
