package audit

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lagwise/lagwise/internal/lint"
	"github.com/lagwise/lagwise/internal/manifest"
)

// These are the words of a report for people, in a terminal and in HTML alike.

// number writes at most three decimals.
func number(value float64) string {
	return strconv.FormatFloat(math.Round(value*1000)/1000, 'f', -1, 64)
}

func clock(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05 UTC") }

// Title is the trigger's name in a table.
func (row Row) Title() string {
	title := row.Namespace + "/" + row.Workload
	if row.Kind == manifest.ScaledJob {
		title += " (job)"
	}
	return title
}

// Called is the trigger in a table: its position, its type and its name.
func (row Row) Called() string {
	called := fmt.Sprintf("%d %s", row.Index, row.Type)
	if row.Name != "" {
		called += " " + row.Name
	}
	return called
}

// Words is an answer in a table.
func (a Answer) Words() string {
	text := "-"
	if a.Value != nil {
		text = number(*a.Value)
	}
	switch {
	case a.Active == nil:
	case *a.Active:
		text += " active"
	default:
		text += " inactive"
	}
	return text
}

// Agree is how the two answers compared, over all rounds.
func (row Row) Agree() string {
	switch {
	case row.Rounds == 0:
		return string(Unknown)
	case row.Rounds == 1 && row.Latest.Verdict == Differs:
		return "differs by " + number(row.Latest.By)
	case row.Rounds == 1:
		return string(row.Latest.Verdict)
	case row.Differs > 0:
		return fmt.Sprintf("differs %d of %d", row.Differs, row.Rounds)
	case row.Unknown == row.Rounds:
		return string(Unknown)
	default:
		return fmt.Sprintf("same %d of %d", row.Same+row.Moved, row.Rounds)
	}
}

// agreeTone says how bad it is how the answers compared.
func (row Row) agreeTone() string {
	switch {
	case row.EverDiffered():
		return "bad"
	case row.Unknown == row.Rounds:
		return "look"
	default:
		return "good"
	}
}

// tone says how bad a level is.
func (l Level) tone() string {
	switch l {
	case Cannot:
		return "bad"
	case Look:
		return "look"
	default:
		return "good"
	}
}

// Tone says how bad a row is: good, look or bad.
func (row Row) Tone() string {
	switch {
	case row.EverDiffered() || row.Move == Cannot || row.errors() > 0:
		return "bad"
	case row.Move == Look || row.Lagwise.Value == nil:
		return "look"
	default:
		return "good"
	}
}

// Lint counts the findings, the worst severities first: "1 error, 2 hints"; "-" without any.
func (row Row) Lint() string {
	severities := make([]lint.Severity, len(row.Findings))
	for i, finding := range row.Findings {
		severities[i] = finding.Severity
	}
	return cmp.Or(lint.Count(severities), "-")
}

// Words tells of one stretch in which the two differed.
func (d Difference) Words() string {
	when := clock(d.From)
	if d.Until.After(d.From) {
		when += " to " + clock(d.Until)
	}
	if d.What == differentActivity {
		return fmt.Sprintf("%s (rounds: %d): KEDA says %s, lagwise %s", when, d.Rounds, d.KEDA.Words(), d.Lagwise.Words())
	}
	return fmt.Sprintf("%s (rounds: %d): KEDA %s, lagwise %s, %s apart at most", when, d.Rounds, d.KEDA.Words(), d.Lagwise.Words(), number(d.By))
}

// detail is everything else that there is to say of a row, a line each. What a rule of lint's means is left out where it was told
// already.
func (row Row) detail(told map[string]bool) []string {
	var lines []string
	add := func(about, text string) {
		if text != "" {
			lines = append(lines, about+": "+text)
		}
	}
	add("KEDA", row.KEDA.Why)
	if !row.explains(row.Lagwise.Why) {
		add("lagwise", row.Lagwise.Why)
	}
	add("compared", row.Latest.Note)
	for _, difference := range row.Differences {
		add("differed", difference.Words())
	}
	if row.More > 0 {
		add("differed", fmt.Sprintf("and %d times more", row.More))
	}
	add("watched", row.Gone)
	for _, reason := range row.Reasons {
		add(map[Level]string{Cannot: "cannot move", Look: "look", None: "know"}[reason.Level], reason.Text)
	}
	for _, finding := range row.Findings {
		text := fmt.Sprintf("%s: %s [%s]", finding.Severity, finding.Found, finding.Rule)
		if !told[finding.Rule] {
			text += ". " + finding.Happens + " " + finding.Do
		}
		told[finding.Rule] = true
		add("lint", text)
	}
	return lines
}

// explains says whether one of the reasons says it already.
func (row Row) explains(why string) bool {
	return slices.ContainsFunc(row.Reasons, func(r Reason) bool { return strings.Contains(r.Text, why) })
}

// Heading says what was asked, and when.
func (r Report) Heading() string {
	when := clock(r.From)
	if r.Rounds > 1 {
		when = fmt.Sprintf("from %s to %s, %d rounds", clock(r.From), clock(r.Until), r.Rounds)
	}
	if r.EndedEarly {
		when += ", ended early"
	}
	return fmt.Sprintf("What KEDA answers and what lagwise would: %s of %s, %s", several(len(r.Triggers), "trigger"), several(r.workloads(), "workload"), when)
}

// Counts sums the rows up in one line.
func (r Report) Counts() string {
	var differ, unknown, cannot, look int
	for _, row := range r.Triggers {
		switch {
		case row.EverDiffered():
			differ++
		case row.Unknown == row.Rounds:
			unknown++
		}
		switch row.Move {
		case Cannot:
			cannot++
		case Look:
			look++
		case None:
		}
	}
	return fmt.Sprintf("same: %d, differ: %d, not known: %d; moving over: %d without risk, %d to look at, %d cannot",
		len(r.Triggers)-differ-unknown, differ, unknown, len(r.Triggers)-cannot-look, look, cannot)
}

func (r Report) workloads() int {
	seen := map[Owner]bool{}
	for _, row := range r.Triggers {
		seen[Owner{row.Kind, row.Namespace, row.Workload}] = true
	}
	return len(seen)
}

func several(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
