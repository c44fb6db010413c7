package status

import (
	"time"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"
)

// frame is what stands around every page.
type frame struct {
	title, version string
	// styles and scripts are assets beside those that every page has.
	styles, scripts []string
	// events is where the page hears what has changed; empty where nothing can.
	events string
	now    time.Time
	main   g.Node
}

func (f frame) document(files assets) g.Node {
	return h.Doctype(h.HTML(h.Lang("en"), f.head(files), f.body()))
}

func (f frame) head(files assets) g.Node {
	return h.Head(
		h.Meta(h.Charset("utf-8")),
		h.Meta(h.Name("viewport"), h.Content("width=device-width, initial-scale=1")),
		h.Meta(h.Name("color-scheme"), h.Content("light dark")),
		h.TitleEl(plainText(f.title)),
		h.Link(h.Rel("icon"), h.Type("image/svg+xml"), h.Href(files.link("icon.svg"))),
		g.Map(append([]string{"page.css"}, f.styles...), func(name string) g.Node {
			return h.Link(h.Rel("stylesheet"), h.Href(files.link(name)))
		}),
		g.Map(f.scripts, func(name string) g.Node {
			return h.Script(h.Src(files.link(name)), h.Defer())
		}),
	)
}

func (f frame) body() g.Node {
	return h.Body(
		g.If(f.events != "", h.Data("events", f.events)), h.Data("now", instant(f.now)),
		h.A(h.Class("skip"), h.Href("#main"), g.Text("Skip to the content")),
		h.Header(spaced(
			h.A(h.Class("home"), h.Href("./"), g.Text("lagwise")),
			h.Span(h.Class("quiet"), plainText(f.version)),
			h.Span(h.Class("quiet live"), h.ID("live"), h.Role("status")),
		)),
		h.Main(h.ID("main"), h.TabIndex("-1"), f.main),
		h.Footer(h.Class("quiet"), g.Text("This page only shows. Times are UTC until a script shows how long ago they were.")),
	)
}

// titled is a section under a heading. id is the beginning of the heading's.
func titled(id, title string, shown ...g.Node) g.Node {
	id += "-title"
	return h.Section(h.Aria("labelledby", id), h.H2(h.ID(id), g.Text(title)), g.Group(shown))
}

// spaced keeps words of neighbours apart, also where no style sheet is read.
func spaced(neighbours ...g.Node) g.Node {
	var all g.Group
	for i, one := range neighbours {
		if i > 0 {
			all = append(all, g.Text(" "))
		}
		all = append(all, one)
	}
	return all
}
