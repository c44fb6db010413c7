package audit

import (
	_ "embed"
	"fmt"
	"io"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/lagwise/lagwise/internal/table"
)

//go:embed report.css
var style string

// HTML writes a report as one page that needs nothing else, no script either. Whatever stands in the cluster is text in it.
func (r Report) HTML(w io.Writer) error {
	page := h.Doctype(lines(h.HTML(h.Lang("en"), lines(head(), h.Body(lines(r.main()))))))
	if err := page.Render(w); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

func head() g.Node {
	return h.Head(lines(
		h.Meta(h.Charset("utf-8")),
		h.Meta(g.Attr("http-equiv", "Content-Security-Policy"), h.Content("default-src 'none'; style-src 'unsafe-inline'")),
		h.Meta(h.Name("viewport"), h.Content("width=device-width, initial-scale=1")),
		h.TitleEl(g.Text("lagwise audit")),
		h.StyleEl(g.Raw("\n"+style)), // nothing of it is from outside
	))
}

func (r Report) main() g.Node {
	return h.Main(lines(
		h.H1(g.Text("lagwise audit")),
		h.P(g.Text(r.Heading()+".")),
		h.P(g.Text(r.Counts()+".")),
		h.H2(h.ID("triggers"), g.Text("Triggers")),
		r.triggersTable(),
		r.Savings.shown(),
		r.problemsList(),
		h.H2(g.Text("How answers are compared")),
		h.P(g.Text(r.Comparing)),
		h.P(g.Text("lagwise "+r.Version)),
	))
}

func (r Report) triggersTable() g.Node {
	return wide("triggers", h.Table(lines(
		table.Heads(table.Column("Workload"), table.Column("Trigger"), table.Column("KEDA"), table.Column("lagwise"), table.Column("Agree"), table.Column("Move"), table.Column("Lint")),
		h.TBody(lines(g.Map(r.Triggers, Row.line))),
	)))
}

func (row Row) line() g.Node {
	return h.Tr(lines(
		table.Row(name(row.Title())),
		h.Td(name(row.Called()), toKnow(row.detail(map[string]bool{}))),
		h.Td(g.Text(row.KEDA.Words())),
		h.Td(g.Text(row.Lagwise.Words())),
		h.Td(h.Class(row.agreeTone()), g.Text(row.Agree())),
		h.Td(h.Class(row.Move.tone()), g.Text(string(row.Move))),
		h.Td(g.Text(row.Lint())),
	))
}

// toKnow is everything else that there is to say of a row.
func toKnow(said []string) g.Node {
	if len(said) == 0 {
		return nil
	}
	return h.Details(h.Summary(g.Text(fmt.Sprintf("%d to know", len(said)))), names(said))
}

func (s Savings) shown() g.Node {
	if len(s.Clusters) == 0 {
		return nil
	}
	return g.Group{
		h.H2(h.ID("cost"), g.Text("What it costs Kafka")),
		wide("cost", h.Table(lines(
			table.Heads(table.Column("Kafka"), table.Figures("Triggers"), table.Figures("KEDA's connections"), table.Figures("lagwise's"), table.Figures("KEDA's polls an hour"), table.Figures("lagwise's")),
			h.TBody(lines(g.Map(s.Clusters, Cost.line), s.Total.cells(g.Text("together")))),
		))),
		h.Ul(g.Map(s.Formulas, func(formula string) g.Node { return h.Li(g.Text(formula)) })),
	}
}

func (c Cost) line() g.Node { return c.cells(name(c.Cluster)) }

func (c Cost) cells(called g.Node) g.Node {
	return h.Tr(table.Row(called), figure(c.Triggers), figure(c.KEDAConnections), figure(c.LagwiseConnections), figure(c.KEDAPolls), figure(c.LagwisePolls))
}

func (r Report) problemsList() g.Node {
	if len(r.Problems) == 0 {
		return nil
	}
	return g.Group{h.H2(g.Text("Not read")), names(r.Problems)}
}
