package main

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// section is the part of a Markdown page that a command writes, between two marks with its name, each a line of its own.
type section string

func (s section) begin() string { return "<!-- " + string(s) + ":begin -->\n" }
func (s section) end() string   { return "<!-- " + string(s) + ":end -->" }

// write puts the text into its place of the page, or prints it where no page is named.
func (s section) write(out io.Writer, text, page string) error {
	if page != "" {
		return s.insert(page, text)
	}
	_, err := io.WriteString(out, text)
	return err //nolint:wrapcheck // nothing to add about a closed output
}

// insert replaces what stands between the marks.
func (s section) insert(path, text string) error {
	page, err := os.ReadFile(path) //nolint:gosec // the caller's own file
	if err != nil {
		return fmt.Errorf("reading the page: %w", err)
	}
	before, rest, found := strings.Cut(string(page), s.begin())
	_, after, ended := strings.Cut(rest, s.end())
	if !found || !ended {
		return fmt.Errorf("%s has no %q and %q", path, strings.TrimSpace(s.begin()), s.end())
	}
	if err := os.WriteFile(path, []byte(before+s.begin()+text+s.end()+after), 0o644); err != nil { //nolint:gosec // a page for everybody
		return fmt.Errorf("writing the page: %w", err)
	}
	return nil
}
