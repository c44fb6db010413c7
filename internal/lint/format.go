package lint

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Format writes findings.
type Format func(io.Writer, []Finding) error

// Formats are the ways to write findings by the names that users choose them with.
func Formats() map[string]Format {
	return map[string]Format{"text": asText, "github": asGitHub, "json": asJSON}
}

// asText is a line for each finding, and where a rule is met for the first time what will happen and what to do.
func asText(w io.Writer, findings []Finding) error {
	told := map[string]bool{}
	for _, f := range findings {
		text := fmt.Sprintf("%s: %s: %s [%s]\n", printable(f.Place.String()), f.Rule.Severity, printable(f.Text), f.Rule.ID)
		if !told[f.Rule.ID] {
			text += fmt.Sprintf("    %s\n    %s\n", f.Rule.Happens, f.Rule.Do)
		}
		told[f.Rule.ID] = true
		if _, err := io.WriteString(w, text); err != nil {
			return fmt.Errorf("writing findings: %w", err)
		}
	}
	return nil
}

// printable keeps a manifest's text from acting on a terminal, or from beginning a line of its own.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) {
			return ' '
		}
		return r
	}, text)
}

// asGitHub is GitHub Actions' commands, which annotate the lines of a pull request.
func asGitHub(w io.Writer, findings []Finding) error {
	levels := map[Severity]string{Error: "error", Warning: "warning", Hint: "notice"}
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	for _, f := range findings {
		text := fmt.Sprintf("%s. %s %s", printable(f.Text), f.Rule.Happens, f.Rule.Do)
		if _, err := fmt.Fprintf(w, "::%s file=%s,line=%d,col=%d,title=%s::%s\n", levels[f.Rule.Severity],
			property.Replace(f.Place.File), f.Place.Line, f.Place.Column, property.Replace("lagwise "+f.Rule.ID), data.Replace(text)); err != nil {
			return fmt.Errorf("writing findings: %w", err)
		}
	}
	return nil
}

// asJSON is one object with a list, which may be empty but is never missing.
func asJSON(w io.Writer, findings []Finding) error {
	type finding struct {
		Rule     string   `json:"rule"`
		Severity Severity `json:"severity"`
		File     string   `json:"file"`
		Line     int      `json:"line"`
		Column   int      `json:"column"`
		Workload string   `json:"workload,omitempty"`
		Trigger  *int     `json:"trigger,omitempty"`
		Found    string   `json:"found"`
		Happens  string   `json:"happens"`
		Do       string   `json:"do"`
	}
	list := make([]finding, 0, len(findings))
	for _, f := range findings {
		list = append(list, finding{
			Rule: f.Rule.ID, Severity: f.Rule.Severity, File: f.Place.File, Line: f.Place.Line, Column: f.Place.Column,
			Workload: f.Workload, Trigger: f.Trigger, Found: f.Text, Happens: f.Rule.Happens, Do: f.Rule.Do,
		})
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(map[string]any{"findings": list}); err != nil {
		return fmt.Errorf("writing findings: %w", err)
	}
	return nil
}
