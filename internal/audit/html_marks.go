package audit

import (
	"strconv"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"github.com/lagwise/lagwise/internal/table"
	"github.com/lagwise/lagwise/scalers/legible"
)

// lines puts each block on a line of its own, for those who read or compare reports as text.
func lines(blocks ...g.Node) g.Group { return appendLines(g.Group{g.Text("\n")}, blocks) }

func appendLines(all, blocks g.Group) g.Group {
	for _, block := range blocks {
		switch several, are := block.(g.Group); {
		case are:
			all = appendLines(all, several)
		case block != nil:
			all = append(all, block, g.Text("\n"))
		}
	}
	return all
}

// name is text that stands in the cluster: it acts on nothing, and turns the direction of nothing beside it.
func name(text string) g.Node { return g.El("bdi", g.Text(legible.Line(text))) }

func names(texts []string) g.Node {
	return h.Ul(g.Map(texts, func(text string) g.Node { return h.Li(name(text)) }))
}

// wide holds a table that the heading with this id stands above.
func wide(heading string, inside g.Node) g.Node {
	return table.Wide(h.Aria("labelledby", heading), lines(inside))
}

func figure(n int) g.Node { return table.Figure(g.Text(strconv.Itoa(n))) }
