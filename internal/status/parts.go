package status

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/lagwise/lagwise/scalers"
)

// mostParts is how many parts are listed, those with the most that waits.
const mostParts = 200

// parts are what a trigger's answer is made of, as a table.
type parts struct {
	// Figures are the titles of the columns.
	Figures []string
	Lines   []line
	// Hidden are parts that are not listed.
	Hidden int
}

// line is one part, with a figure for each column; empty where that is not known.
type line struct {
	// ID is the line's in the page.
	ID, Name string
	// Done and Left are shares of the bar, in percent.
	Done, Left int
	Figures    []string
	Note       string
}

func partsOf(all []scalers.Part) parts {
	shown := mostLeft(all)
	p := parts{Hidden: len(all) - len(shown), Figures: columnsOf(shown)}
	for i, part := range shown {
		done, left := shares(part)
		l := line{ID: "part-" + strconv.Itoa(i), Name: part.Name, Done: done, Left: left, Note: part.Note}
		for _, name := range p.Figures {
			l.Figures = append(l.Figures, figureOf(part, name))
		}
		p.Lines = append(p.Lines, l)
	}
	return p
}

// columnsOf are the figures that are known of some part. Every part has the same ones.
func columnsOf(shown []scalers.Part) (names []string) {
	if len(shown) == 0 {
		return nil
	}
	for i, figure := range shown[0].Figures {
		if slices.ContainsFunc(shown, func(part scalers.Part) bool { return i < len(part.Figures) && part.Figures[i].Known }) {
			names = append(names, figure.Name)
		}
	}
	return names
}

func figureOf(part scalers.Part, name string) string {
	for _, figure := range part.Figures {
		if figure.Name == name {
			return inWords(figure)
		}
	}
	return ""
}

// mostLeft keeps the order of those that it keeps.
func mostLeft(all []scalers.Part) []scalers.Part {
	if len(all) <= mostParts {
		return all
	}
	places := make([]int, len(all))
	for i := range places {
		places[i] = i
	}
	slices.SortStableFunc(places, func(a, b int) int { return cmp.Compare(all[b].Left, all[a].Left) })
	places = places[:mostParts]
	slices.Sort(places)
	kept := make([]scalers.Part, len(places))
	for i, place := range places {
		kept[i] = all[place]
	}
	return kept
}

// shares are whole percents. What waits is seen however little it is beside what was done, and the other way round.
func shares(part scalers.Part) (done, left int) {
	total := part.Done + part.Left
	if total <= 0 {
		return 0, 0
	}
	left = int(math.Round(100 * part.Left / total))
	if part.Left > 0 {
		left = max(left, 1)
	}
	if part.Done > 0 {
		left = min(left, 99)
	}
	return 100 - left, left
}

// inWords is empty where nothing is known.
func inWords(figure scalers.Figure) string {
	switch {
	case !figure.Known:
		return ""
	case figure.Unit == scalers.UnitSeconds:
		return time.Duration(figure.Value * float64(time.Second)).Round(100 * time.Millisecond).String()
	case figure.Unit == scalers.UnitFlag && figure.Value != 0:
		return "yes"
	case figure.Unit == scalers.UnitFlag:
		return "no"
	default:
		return number(figure.Value)
	}
}
