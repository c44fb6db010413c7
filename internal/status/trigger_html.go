package status

import (
	"fmt"
	"strconv"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/lagwise/lagwise/scalers"
)

func (t triggerPage) shown() g.Node {
	return g.Group{
		h.Nav(h.Aria("label", "Where this is"), h.A(h.Href("./"), g.Text("All triggers"))),
		h.H1(fullName(t.Namespace, t.Name)),
		t.facts(),
		titled("chart", "The last 30 minutes", t.chart()),
		titled("parts", "What it is made of", t.Parts.shown()),
		titled("rules", "Rules, in order", t.rulesList()),
		t.othersList(),
		h.P(h.A(h.Href(t.explained()), g.Text("The same as JSON"))),
	}
}

// facts are how the trigger stands now.
func (t triggerPage) facts() g.Node {
	return h.Div(
		h.ID("now"),
		g.If(t.Trouble != "", h.P(h.Class("trouble"), h.B(g.Text("No answer:")), g.Text(" "), name(t.Trouble))),
		h.Dl(
			h.Class("facts"),
			fact("State", stateOf(t.Row)),
			fact("Value", optional(t.Value)),
			fact("Target for one replica", g.Text(number(t.Target))),
			fact("Lag", optional(t.Lag)),
			fact("Observed", observed(t.ObservedAt)),
			fact("Open streams", g.Text(strconv.Itoa(t.Streams))),
			fact("Pushes so far", g.Text(strconv.FormatUint(t.Pushes, 10))),
			fact("Metric", name(t.Metric)),
			fact("Scaler", plainText(t.Source)),
		),
	)
}

func fact(title string, shown g.Node) g.Node { return h.Div(h.Dt(g.Text(title)), h.Dd(shown)) }

func (t triggerPage) rulesList() g.Node {
	if len(t.Rules) == 0 {
		return h.Div(h.ID("rules"), h.P(g.Text("None had anything to say.")))
	}
	return h.Div(h.ID("rules"), h.Ol(g.Map(t.Rules, ruleLine)))
}

func ruleLine(said scalers.Reason) g.Node {
	from := g.Group{g.Text("(as KEDA does)")}
	if said.Key != "" {
		from = g.Group{g.Text("("), h.Code(plainText(said.Key)), g.Text(")")}
	}
	return h.Li(h.B(plainText(said.Rule)), g.Text(": "), g.If(said.Warning, g.Group{faultMark("warning"), g.Text(" ")}), plainText(said.Text), g.Text(" "), h.Span(h.Class("quiet"), from))
}

// othersList leads to the other triggers of the same workload.
func (t triggerPage) othersList() g.Node {
	if len(t.Others) == 0 {
		return h.Div(h.ID("others"))
	}
	return h.Div(h.ID("others"), h.H2(g.Text("Other triggers of the same workload")), h.Ul(g.Map(t.Others, func(other Row) g.Node {
		return h.Li(spaced(h.A(h.Href(other.Link()), name(other.Metric), g.Text(fmt.Sprintf(", number %d", other.Serial))), stateMark(other.State)))
	})))
}
