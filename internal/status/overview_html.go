package status

import (
	"fmt"
	"strconv"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/lagwise/lagwise/internal/table"
	"github.com/lagwise/lagwise/scalers"
)

func (o overview) shown() g.Node {
	return g.Group{
		h.H1(g.Text("Triggers and connections")),
		o.countsList(),
		titled("connections", "Connections", o.connectionsTable()),
		titled("triggers", "Triggers", o.query.form(), o.foundLine(), o.triggersTable(), o.pagesLinks()),
	}
}

func (o overview) countsList() g.Node {
	return h.Ul(h.ID("counts"), h.Class("counts"), g.Map(o.Counts, func(c count) g.Node {
		return h.Li(h.A(h.Href("./?state="+string(c.State)), spaced(h.B(whole(c.Triggers)), stateMark(c.State))))
	}))
}

func (q query) form() g.Node {
	return h.Form(h.ID("search"), h.Role("search"), h.Method("get"), h.Action("./"), spaced(
		h.Label(h.For("q"), g.Text("Search")),
		h.Input(h.ID("q"), h.Name("q"), h.Type("search"), h.Value(q.search), h.MaxLength(strconv.Itoa(longestSearch)),
			h.AutoComplete("off"), g.Attr("spellcheck", "false")),
		h.Label(h.For("state"), g.Text("State")),
		q.states(),
		h.Input(h.Type("hidden"), h.Name("sort"), h.Value(q.order())),
		h.Button(g.Text("Search")),
	))
}

// states are those that can be chosen from.
func (q query) states() g.Node {
	return h.Select(h.ID("state"), h.Name("state"),
		h.Option(h.Value(""), g.Text("any")),
		g.Map(scalers.States(), func(state scalers.State) g.Node {
			return h.Option(h.Value(string(state)), g.If(state == q.state, h.Selected()), g.Text(string(state)))
		}))
}

func (f found) foundLine() g.Node {
	return h.P(h.ID("found"), h.Role("status"), g.Text(f.inWords()))
}

func (f found) inWords() string {
	matching, all := number(float64(f.Matching)), number(float64(f.All))
	switch {
	case f.All == 0:
		return "No trigger is alive. One is from KEDA's first question about it until nobody has asked for idleAfter."
	case f.Matching == 0:
		return "None of " + all + " triggers is like that."
	}
	said := matching + " triggers"
	if f.Pages > 1 {
		said = fmt.Sprintf("%s to %s of %s", number(float64(f.First)), number(float64(f.last())), said)
	}
	if f.Matching != f.All {
		said += " that are like that, " + all + " in all"
	}
	return said + "."
}

func (o overview) triggersTable() g.Node {
	return table.Wide(h.Aria("label", "Table of triggers"), h.Table(h.ID("triggers"),
		h.THead(h.ID("headings"), h.Tr(g.Map(o.headings(), heading.shown))),
		h.TBody(h.ID("rows"), g.Map(o.Rows, Row.line)),
	))
}

func (t heading) shown() g.Node {
	return h.Th(h.Scope("col"), g.If(t.Numeric(), h.Class("number")), g.If(t.Sorted != "", h.Aria("sort", t.Sorted)),
		h.A(h.Href(t.Link), g.Text(t.Title)))
}

// lineID names a row's line in the page.
func (r Row) lineID() string { return "row-" + strconv.FormatUint(r.Serial, 10) }

func (r Row) line() g.Node {
	return h.Tr(
		h.ID(r.lineID()),
		table.Row(h.A(h.Href(r.Link()), fullName(r.Namespace, r.Name))),
		h.Td(name(r.Metric)),
		h.Td(plainText(r.Source)),
		h.Td(stateOf(r)),
		table.Figure(optional(r.Value)),
		table.Figure(g.Text(number(r.Target))),
		table.Figure(optional(r.Lag)),
		table.Figure(observed(r.ObservedAt)),
		table.Figure(g.Text(strconv.Itoa(r.Streams))),
	)
}

func (o overview) pagesLinks() g.Node {
	return h.Nav(h.ID("pages"), h.Aria("label", "Pages of triggers"), g.Iff(o.Pages > 1, func() g.Node {
		return spaced(
			pageLink(o.turnedTo(o.Page-1), "prev", "Previous"),
			h.Span(g.Text(fmt.Sprintf("Page %d of %d", o.Page, o.Pages))),
			pageLink(o.turnedTo(o.Page+1), "next", "Next"),
		)
	}))
}

// pageLink leads to the page beside this one, where there is one.
func pageLink(to, relation, text string) g.Node {
	if to == "" {
		return h.Span(h.Class("none"), g.Text(text))
	}
	return h.A(h.Href(to), h.Rel(relation), g.Text(text))
}
