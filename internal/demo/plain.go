package demo

import (
	"fmt"
	"io"
	"time"
)

// plainInterval is the least time between two tables.
const plainInterval = 2 * time.Second

// plainScreen prints line after line, each with its time: for pipes, logs and grep.
type plainScreen struct {
	to   io.Writer
	next time.Duration
}

func (s *plainScreen) event(e event) error { return s.line(e.at, e.line()) }

func (s *plainScreen) picture(p picture) error {
	if p.at < s.next {
		return nil
	}
	s.next = p.at + plainInterval - pollInterval/2
	for _, text := range table(p) {
		if err := s.line(p.at, text); err != nil {
			return err
		}
	}
	return nil
}

func (s *plainScreen) line(at time.Duration, text string) error {
	if _, err := fmt.Fprintf(s.to, "%s  %s\n", seconds(at), text); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}

func (e event) line() string { return fmt.Sprintf("%-9s  %s", e.who, e.text) }

func seconds(at time.Duration) string { return fmt.Sprintf("%6.1fs", at.Seconds()) }
