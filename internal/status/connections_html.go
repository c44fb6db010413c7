package status

import (
	"fmt"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/lagwise/lagwise/internal/table"
)

func (o overview) connectionsTable() g.Node {
	if len(o.Connections) == 0 {
		return h.Div(h.ID("connections"), h.P(g.Text("None is open. A connection opens with the first trigger that needs it.")))
	}
	return h.Div(
		h.ID("connections"),
		table.Wide(h.Aria("label", "Table of connections"), h.Table(
			table.Heads(table.Column("Connection"), table.Column("Scaler"), table.Column("Health"), table.Figures("Triggers"), table.Column("What it does")),
			h.TBody(g.Map(o.Connections, Connection.line)),
		)),
		g.If(o.Hidden > 0, h.P(g.Text(fmt.Sprintf("%d more connections are not listed; those in trouble come first.", o.Hidden)))),
	)
}

func (c Connection) line() g.Node {
	return h.Tr(
		table.Row(name(c.Name)),
		h.Td(plainText(c.Source)),
		h.Td(c.health()),
		table.Figure(whole(c.Triggers)),
		h.Td(plainText(c.Doing)),
	)
}

func (c Connection) health() g.Node {
	if c.Fault == "" {
		return h.Span(h.Class("state well"), g.Text("answers"))
	}
	return spaced(faultMark(c.Fault), name(c.Trouble))
}
