package status

import (
	"strconv"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/lagwise/lagwise/internal/table"
)

// chart is drawn by a script; the table beside it needs none. Both are there before there is anything to show: it comes while
// somebody looks.
func (t triggerPage) chart() g.Node {
	return g.Group{
		t.unrecordedNote(),
		legend(key("value", "value"), key("lag", "lag"), key("target", "target for one replica"), key("active", "active"), key("push", "push")),
		h.Div(
			h.ID("chart"), h.Data("source", t.series()), h.Data("target", strconv.FormatFloat(t.Target, 'g', -1, 64)), h.Role("img"),
			h.Aria("label", "Value, lag and activation over the last 30 minutes; the table below says the same"),
		),
		h.Details(h.Summary(g.Text("The same as a table")), t.minutesTable()),
	}
}

func (t triggerPage) unrecordedNote() g.Node {
	if t.Recorded {
		return h.P(h.ID("unrecorded"), g.Attr("hidden"))
	}
	return h.P(h.ID("unrecorded"), g.Text("Nothing is recorded of it yet. What is recorded are the 2,000 triggers that are alive for longest, every 10 s."))
}

// legend says what colours mean.
func legend(keys ...g.Node) g.Node { return h.P(h.Class("legend"), spaced(keys...)) }

func key(class, text string) g.Node { return h.Span(h.Class("key "+class), g.Text(text)) }

func (t triggerPage) minutesTable() g.Node {
	return table.Wide(h.Aria("label", "The last 30 minutes as a table"), h.ID("minutes"), h.Table(
		table.Heads(table.Column("Minute (UTC)"), table.Column("State"), table.Figures("Value at its end"), table.Figures("Largest lag"), table.Figures("Pushes")),
		h.TBody(g.Map(t.Minutes, minute.line)),
	))
}

func (m minute) line() g.Node {
	return h.Tr(
		table.Row(g.Text(hour(m.At))),
		h.Td(g.Text(m.State)),
		table.Figure(optional(m.Value)),
		table.Figure(optional(m.Lag)),
		table.Figure(g.Text(strconv.Itoa(m.Pushes))),
	)
}
