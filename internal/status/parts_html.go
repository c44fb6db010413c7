package status

import (
	"fmt"
	"strconv"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/lagwise/lagwise/internal/table"
)

func (p parts) shown() g.Node {
	if len(p.Lines) == 0 {
		return h.Div(h.ID("parts"), h.P(g.Text("Nothing is known of its parts now.")))
	}
	return h.Div(
		h.ID("parts"),
		legend(key("done", "consumed"), key("left", "waits")),
		table.Wide(h.Aria("label", "Table of parts"), h.Table(
			table.Heads(table.Column("Part"), table.Column("Consumed and waiting"), g.Map(p.Figures, table.Figures), table.Column("Note")),
			h.TBody(g.Map(p.Lines, line.shown)),
		)),
		g.If(p.Hidden > 0, h.P(g.Text(fmt.Sprintf("%d more parts are not listed; these are the ones where most waits.", p.Hidden)))),
	)
}

func (l line) shown() g.Node {
	return h.Tr(h.ID(l.ID), table.Row(name(l.Name)), h.Td(l.bar()), g.Map(l.Figures, figureCell), h.Td(plainText(l.Note)))
}

// bar shows what was consumed, and beside it what waits.
func (l line) bar() g.Node {
	done, left := strconv.Itoa(l.Done), strconv.Itoa(l.Left)
	return h.SVG(
		h.Class("bar"), g.Attr("viewBox", "0 0 100 10"), g.Attr("preserveAspectRatio", "none"), h.Role("img"), h.Aria("label", left+" % waits"),
		g.El("rect", h.Class("done"), h.Width(done), h.Height("10")),
		g.El("rect", h.Class("left"), g.Attr("x", done), h.Width(left), h.Height("10")),
	)
}

func figureCell(figure string) g.Node {
	if figure == "" {
		return table.Figure(absent("not known"))
	}
	return table.Figure(g.Text(figure))
}
