package status

import (
	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"
)

func (m missing) shown() g.Node {
	return g.Group{
		h.H1(g.Text("No such trigger")),
		h.P(
			g.Text("Nobody asks this lagwise about a trigger of "), fullName(m.Namespace, m.Name),
			g.Text(". It may be that of another replica, or KEDA has not asked for a while."),
		),
		h.P(h.A(h.Href(m.search()), g.Text("Search for it")), g.Text(", or see "), h.A(h.Href("./"), g.Text("all triggers")), g.Text(".")),
	}
}
