// Package table writes the tables of the status page and of the audit report: HTML that screen readers can walk through.
package table

import (
	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/lagwise/lagwise/scalers/legible"
)

// Wide scrolls what is inside by itself where the screen is narrow, also by keyboard. The attribute says what it is called:
// aria-label or aria-labelledby.
func Wide(called g.Node, inside ...g.Node) g.Node {
	return h.Div(h.Class("wide"), h.Role("region"), called, h.TabIndex("0"), g.Group(inside))
}

// Heads is the line above all others.
func Heads(cells ...g.Node) g.Node { return h.THead(h.Tr(cells...)) }

// Column is the head of a column of text.
func Column(title string) g.Node { return h.Th(h.Scope("col"), g.Text(legible.Line(title))) }

// Figures is the head of a column of numbers.
func Figures(title string) g.Node {
	return h.Th(h.Scope("col"), h.Class("number"), g.Text(legible.Line(title)))
}

// Row is the head of a line: what the line is about.
func Row(about g.Node) g.Node { return h.Th(h.Scope("row"), about) }

// Figure is a number in its column.
func Figure(shown g.Node) g.Node { return h.Td(h.Class("number"), shown) }
