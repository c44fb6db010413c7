package audit

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/lagwise/lagwise/scalers/legible"
)

// Text writes a report for a terminal.
func (r Report) Text(w io.Writer, colour bool) error {
	var text strings.Builder
	text.WriteString(r.Heading() + "\n" + r.Counts() + "\n\n")
	cells := [][]string{{"WORKLOAD", "TRIGGER", "KEDA", "LAGWISE", "AGREE", "MOVE", "LINT"}}
	tones := []string{""}
	for _, row := range r.Triggers {
		cells = append(cells, []string{row.Title(), row.Called(), row.KEDA.Words(), row.Lagwise.Words(), row.Agree(), string(row.Move), row.Lint()})
		tones = append(tones, row.Tone())
	}
	for i, line := range columns(cells) {
		text.WriteString(paint(line, tones[i], colour) + "\n")
	}
	told := map[string]bool{}
	for _, row := range r.Triggers {
		if lines := row.detail(told); len(lines) > 0 {
			text.WriteString("\n" + paint(legible.Line(row.String()), row.Tone(), colour) + "\n")
			for _, line := range lines {
				text.WriteString("  " + legible.Line(line) + "\n")
			}
		}
	}
	r.writeSavings(&text)
	for _, problem := range r.Problems {
		text.WriteString("\nnot read: " + legible.Line(problem) + "\n")
	}
	text.WriteString("\n" + r.Comparing + "\n")
	if _, err := io.WriteString(w, text.String()); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

func (r Report) writeSavings(text *strings.Builder) {
	if len(r.Savings.Clusters) == 0 {
		return
	}
	text.WriteString("\n")
	cells := [][]string{{"KAFKA", "TRIGGERS", "CONNECTIONS: KEDA", "LAGWISE", "POLLS AN HOUR: KEDA", "LAGWISE"}}
	for _, cost := range slices.Concat(r.Savings.Clusters, []Cost{r.Savings.Total}) {
		name := cost.Cluster
		if name == "" {
			name = "together"
		}
		cells = append(cells, []string{name, fmt.Sprint(cost.Triggers), fmt.Sprint(cost.KEDAConnections), fmt.Sprint(cost.LagwiseConnections), fmt.Sprint(cost.KEDAPolls), fmt.Sprint(cost.LagwisePolls)})
	}
	for _, line := range columns(cells) {
		text.WriteString(line + "\n")
	}
	for _, formula := range r.Savings.Formulas {
		text.WriteString(formula + "\n")
	}
}

// widest is how much of a cell is shown; the whole name stands below the table.
const widest = 48

// columns makes lines of cells, two blanks between them.
func columns(rows [][]string) []string {
	widths := map[int]int{}
	for _, row := range rows {
		for i, cell := range row {
			row[i] = cut(legible.Line(cell))
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
	}
	lines := make([]string, len(rows))
	for i, row := range rows {
		var line strings.Builder
		for j, cell := range row {
			line.WriteString(cell + strings.Repeat(" ", widths[j]-utf8.RuneCountInString(cell)+2))
		}
		lines[i] = strings.TrimRight(line.String(), " ")
	}
	return lines
}

func cut(cell string) string {
	runes := []rune(cell)
	if len(runes) <= widest {
		return cell
	}
	return string(runes[:widest-1]) + "…"
}

// paint makes a line red, yellow, or leaves it as it is.
func paint(line, tone string, colour bool) string {
	code := map[string]string{"bad": "31", "look": "33"}[tone]
	if !colour || code == "" {
		return line
	}
	return "\x1b[" + code + "m" + line + "\x1b[0m"
}
