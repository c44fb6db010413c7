package status

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"github.com/lagwise/lagwise/scalers"
)

// overview is the first page: how everything fares.
type overview struct {
	query query
	found

	Counts      []count
	Connections []Connection
	// Hidden are connections that are not listed.
	Hidden int
}

// count is how many triggers are in a state.
type count struct {
	State    scalers.State
	Triggers int
}

// mostConnections is how many connections are listed, those in trouble first.
const mostConnections = 50

func (p *Page) overview(q query) overview {
	rows := p.glance.rows()
	connections := troubledFirst(p.sources.Connections())
	shown := connections[:min(len(connections), mostConnections)]
	return overview{query: q, found: q.answer(rows), Counts: countsOf(rows), Connections: shown, Hidden: len(connections) - len(shown)}
}

func countsOf(rows []Row) []count {
	in := map[scalers.State]int{}
	for i := range rows {
		in[rows[i].State]++
	}
	var counts []count
	for _, state := range scalers.States() {
		counts = append(counts, count{state, in[state]})
	}
	return counts
}

func troubledFirst(connections []Connection) []Connection {
	slices.SortStableFunc(connections, func(a, b Connection) int {
		switch healthy := a.Fault == ""; {
		case healthy == (b.Fault == ""):
			return 0
		case healthy:
			return 1
		default:
			return -1
		}
	})
	return connections
}

// turnedTo leads to another page of the same list; empty where there is none.
func (o overview) turnedTo(page int) string {
	if page < 1 || page > o.Pages {
		return ""
	}
	return "./?" + o.query.onPage(page).encode()
}

// heading is a column's, as it stands above the list.
type heading struct {
	column

	// Link sorts by it, Sorted is how the list is sorted by it now, in ARIA's words; empty when it is not.
	Link, Sorted string
}

// headings are those of all columns.
func (o overview) headings() []heading {
	var headings []heading
	for _, c := range columns() {
		sorted := ""
		if o.query.sort.ID == c.ID {
			sorted = "ascending"
			if o.query.descending {
				sorted = "descending"
			}
		}
		headings = append(headings, heading{c, "./?" + o.query.sortedBy(c).encode(), sorted})
	}
	return headings
}

func (p *Page) showOverview(to http.ResponseWriter, request *http.Request) {
	q := queryOf(request.URL.Query())
	p.show(to, request, func(context.Context) (frame, int) {
		o := p.overview(q)
		return frame{
			title: "lagwise: " + strconv.Itoa(o.All) + " triggers", scripts: []string{"page.js"},
			events: "events/overview?" + q.encode(), main: o.shown(),
		}, http.StatusOK
	})
}
