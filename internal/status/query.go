package status

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/lagwise/lagwise/scalers"
)

// pageSize is how many triggers are listed at once.
const pageSize = 100

// query is what somebody wants to see of the triggers.
type query struct {
	// search holds words that must all be in a trigger's names, in any case.
	search string
	state  scalers.State // empty for any
	sort   column
	// descending turns the order around; those that have nothing to sort by come last either way.
	descending bool
	page       int // from 1
}

// longestSearch bounds what is looked for, in bytes.
const longestSearch = 200

// queryOf reads an address. What makes no sense counts as not said.
func queryOf(values url.Values) query {
	q := query{search: strings.Join(strings.Fields(values.Get("q")), " "), sort: columns()[0], page: 1}
	if len(q.search) > longestSearch {
		q.search = strings.ToValidUTF8(q.search[:longestSearch], "")
	}
	if state := scalers.State(values.Get("state")); slices.Contains(scalers.States(), state) {
		q.state = state
	}
	name, descending := strings.CutPrefix(values.Get("sort"), "-")
	for _, c := range columns() {
		if c.ID == name {
			q.sort, q.descending = c, descending
		}
	}
	if page, err := strconv.Atoi(values.Get("page")); err == nil && page > 0 {
		q.page = page
	}
	return q
}

// encode gives the address from which queryOf reads the same, without what is not said.
func (q query) encode() string {
	values := url.Values{}
	say := func(name, value string, said bool) {
		if said {
			values.Set(name, value)
		}
	}
	say("q", q.search, q.search != "")
	say("state", string(q.state), q.state != "")
	say("sort", q.order(), q.order() != columns()[0].ID)
	say("page", strconv.Itoa(q.page), q.page > 1)
	return values.Encode()
}

func (q query) order() string {
	if q.descending {
		return "-" + q.sort.ID
	}
	return q.sort.ID
}

// sortedBy is the same query by another column, or the other way round by the same one. Numbers begin with the largest.
func (q query) sortedBy(c column) query {
	q.descending = c.number != nil
	if q.sort.ID == c.ID {
		q.descending = !q.descending
	}
	sorted := c
	q.sort, q.page = sorted, 1
	return q
}

func (q query) onPage(page int) query {
	q.page = page
	return q
}

// column is one that triggers can be sorted by.
type column struct {
	ID, Title string
	// text or number is what counts; number has none where the trigger has none.
	text   func(Row) string
	number func(Row) (float64, bool)
}

// Numeric columns stand on the right.
func (c column) Numeric() bool { return c.number != nil }

func columns() []column {
	pointed := func(of func(Row) *float64) func(Row) (float64, bool) {
		return func(r Row) (float64, bool) {
			if value := of(r); value != nil {
				return *value, true
			}
			return 0, false
		}
	}
	return []column{
		{ID: "name", Title: "Trigger", text: Row.Title},
		{ID: "metric", Title: "Metric", text: func(r Row) string { return r.Metric }},
		{ID: "source", Title: "Scaler", text: func(r Row) string { return r.Source }},
		{ID: "state", Title: "State", text: func(r Row) string { return string(r.State) }},
		{ID: "value", Title: "Value", number: pointed(func(r Row) *float64 { return r.Value })},
		{ID: "target", Title: "Target", number: func(r Row) (float64, bool) { return r.Target, true }},
		{ID: "lag", Title: "Lag", number: pointed(func(r Row) *float64 { return r.Lag })},
		{ID: "observed", Title: "Observed", number: func(r Row) (float64, bool) {
			if r.ObservedAt == nil {
				return 0, false
			}
			return -float64(r.ObservedAt.UnixMilli()), true // the oldest observation is the largest
		}},
		{ID: "streams", Title: "Streams", number: func(r Row) (float64, bool) { return float64(r.Streams), true }},
	}
}

// found are the triggers of one page, and how many there are of them.
type found struct {
	Rows []Row
	// Matching are those that were looked for, All those that are alive, First is the number of the first listed one, from 1.
	Matching, All, First int
	Page, Pages          int
}

// last is the number of the last listed trigger.
func (f found) last() int { return f.First + len(f.Rows) - 1 }

// answer looks, sorts and turns to the page that is wanted, or to the last one there is.
func (q query) answer(rows []Row) found {
	words := strings.Fields(strings.ToLower(q.search))
	var matching []Row
	for _, row := range rows {
		if q.matches(row, words) {
			matching = append(matching, row)
		}
	}
	slices.SortStableFunc(matching, q.compare)
	pages := max(1, (len(matching)+pageSize-1)/pageSize)
	page := min(q.page, pages)
	first := (page - 1) * pageSize
	return found{
		Rows:     matching[first:min(first+pageSize, len(matching))],
		Matching: len(matching), All: len(rows), First: first + 1, Page: page, Pages: pages,
	}
}

func (q query) matches(row Row, words []string) bool {
	if q.state != "" && row.State != q.state {
		return false
	}
	if len(words) == 0 {
		return true
	}
	text := strings.ToLower(row.Title() + " " + row.Metric + " " + row.Source)
	for _, word := range words {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

// compare puts alike rows in the order of their names, and then of their age, so that a list that did not change stands still.
func (q query) compare(a, b Row) int {
	return cmp.Or(q.compareColumn(a, b), strings.Compare(a.Title(), b.Title()), cmp.Compare(a.Serial, b.Serial))
}

func (q query) compareColumn(a, b Row) (order int) {
	if q.sort.number == nil {
		order = strings.Compare(q.sort.text(a), q.sort.text(b))
	} else {
		left, hasLeft := q.sort.number(a)
		right, hasRight := q.sort.number(b)
		switch {
		case hasLeft != hasRight && hasLeft:
			return -1
		case hasLeft != hasRight:
			return 1
		}
		order = cmp.Compare(left, right)
	}
	if q.descending {
		return -order
	}
	return order
}
