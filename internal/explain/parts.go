package explain

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// partsShown is how many parts are shown of a long list.
const partsShown = 12

// parts are written as a table whose columns are the figures.
func (p *printer) parts(parts []Part) {
	if len(parts) == 0 {
		return
	}
	shown, rest := p.worthShowing(parts)
	heading, right := []string{""}, map[int]bool{}
	for i, figure := range parts[0].Figures {
		heading, right[i+1] = append(heading, headingOf(figure)), true
	}
	t := table{append(heading, "")}
	for _, part := range shown {
		row := []string{part.Name}
		for _, figure := range part.Figures {
			row = append(row, shownAs(figure))
		}
		t = append(t, append(row, part.Note))
	}
	p.table(t, right)
	if rest != "" {
		p.line("  " + p.dim(rest))
	}
}

// worthShowing is every part of a short list. Of a long one it is those of which most is left, and those with a note, in their
// own order; rest says what the others are.
func (p *printer) worthShowing(parts []Part) (shown []Part, rest string) {
	if p.style.All || len(parts) <= partsShown {
		return parts, ""
	}
	order := make([]int, len(parts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(parts[b].Left, parts[a].Left), cmp.Compare(len(parts[b].Note), len(parts[a].Note)))
	})
	most := slices.Sorted(slices.Values(order[:partsShown]))
	for _, i := range most {
		shown = append(shown, parts[i])
	}
	var left float64
	var waiting int64
	for _, i := range order[partsShown:] {
		if left += parts[i].Left; parts[i].Left > 0 {
			waiting++
		}
	}
	others := int64(len(parts) - partsShown)
	if waiting == 0 {
		return shown, fmt.Sprintf("and %d more with nothing left to do (--all shows them)", others)
	}
	return shown, fmt.Sprintf("and %d more, of which %d have %s left together (--all shows them)", others, waiting, number(left))
}

// headingOf is the figure's name without its unit, which the column's numbers show.
func headingOf(f Figure) string { return strings.TrimSuffix(f.Name, " "+f.Unit) }

func shownAs(f Figure) string {
	switch {
	case f.Value == nil:
		return "-"
	case f.Unit == "seconds":
		return short(inSeconds(*f.Value))
	case f.Unit == "flag" && *f.Value > 0:
		return "yes"
	case f.Unit == "flag":
		return "no"
	default:
		return number(*f.Value)
	}
}
