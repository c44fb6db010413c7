package explain

import (
	"strings"
	"unicode/utf8"

	"github.com/lagwise/lagwise/scalers/legible"
)

// table is rows of cells, the first of which is the heading.
type table [][]string

// table writes columns that stand below each other, those that are right on the right, after an empty line.
func (p *printer) table(t table, right map[int]bool) {
	p.line("")
	for _, row := range t {
		for i := range row {
			row[i] = legible.Line(row[i])
		}
	}
	widths := make([]int, len(t[0]))
	for _, row := range t {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for i, row := range t {
		var line strings.Builder
		for column, cell := range row {
			space := strings.Repeat(" ", widths[column]-utf8.RuneCountInString(cell))
			if right[column] {
				cell = space + cell
			} else {
				cell += space
			}
			line.WriteString("  " + cell)
		}
		text := strings.TrimRight(line.String(), " ")
		if i == 0 {
			text = p.dim(text)
		}
		p.line(text)
	}
}

func (p *printer) bold(text string) string  { return p.coloured("1", text) }
func (p *printer) dim(text string) string   { return p.coloured("2", text) }
func (p *printer) red(text string) string   { return p.coloured("31", text) }
func (p *printer) green(text string) string { return p.coloured("32", text) }

func (p *printer) coloured(code, text string) string {
	if !p.style.Colour || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
