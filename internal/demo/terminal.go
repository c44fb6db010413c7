package demo

import (
	"fmt"
	"io"
	"strings"
)

// keptEvents is how many events stand below the table.
const keptEvents = 8

// terminalScreen draws the table over the one before, with the latest events below.
type terminalScreen struct {
	to io.Writer
	// size tells the terminal's columns and rows.
	size   func() (columns, rows int)
	last   picture
	events []event
	drawn  int // lines on the screen that the next frame replaces
}

func (s *terminalScreen) event(e event) error {
	s.events = append(s.events, e)
	if extra := len(s.events) - keptEvents; extra > 0 {
		s.events = s.events[extra:]
	}
	return s.draw()
}

func (s *terminalScreen) picture(p picture) error {
	s.last = p
	return s.draw()
}

func (s *terminalScreen) draw() error {
	columns, rows := s.size()
	lines := fit(frame(s.last, s.events), columns, rows)
	var text strings.Builder
	if s.drawn > 0 {
		fmt.Fprintf(&text, "\x1b[%dA", s.drawn) // up to the first line of the frame before
	}
	text.WriteString("\x1b[J") // clear from there
	for _, line := range lines {
		text.WriteString(line + "\r\n")
	}
	s.drawn = len(lines)
	if _, err := io.WriteString(s.to, text.String()); err != nil {
		return fmt.Errorf("drawing: %w", err)
	}
	return nil
}

// frame is all that is redrawn.
func frame(p picture, events []event) []string {
	lines := append(table(p), "")
	for _, e := range events {
		lines = append(lines, seconds(e.at)+"  "+e.line())
	}
	return append(lines, "", seconds(p.at)+"  Ctrl-C ends the demo.")
}

// fit cuts what a terminal would wrap or scroll away: the next frame must find this one where it was drawn.
func fit(lines []string, columns, rows int) []string {
	lines = lines[:min(len(lines), max(rows-1, 1))]
	for i, line := range lines {
		if letters := []rune(line); len(letters) > columns {
			lines[i] = string(letters[:columns])
		}
	}
	return lines
}
