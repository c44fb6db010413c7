package newrelic

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/newrelic/nerdgraph"
)

// rules make an answer to KEDA of one of New Relic's.
type rules struct {
	activation      float64
	activationGiven bool
	noDataError     bool
	// overruled is what the trigger says in vain.
	overruled []scalers.Reason
}

// decide reads the number of the first row, as KEDA does (newrelic_scaler.go, executeNewRelicQuery). Of several numbers in it
// KEDA takes one at random, another one each time; that is refused here.
func (r rules) decide(answer nerdgraph.Answer) (scalers.Evaluation, error) {
	evaluation := scalers.Evaluation{ObservedAt: answer.At, Reasons: slices.Clone(r.overruled)}
	number, found := 0.0, false
	switch columns := numbersOf(answer.First); len(columns) {
	case 0:
		if r.noDataError {
			return scalers.Evaluation{}, scalers.Errorf(scalers.CauseNotFound, "the query found no number (noDataError): %s", shapeOf(answer))
		}
		evaluation.Reasons = append(evaluation.Reasons, reason("query", keyNoDataError, "no number counts as 0: "+shapeOf(answer)))
	case 1:
		number, found = answer.First[columns[0]].(float64)
		evaluation.Reasons = append(evaluation.Reasons, reason("query", keyNRQL, textOf(columns[0], number, answer.Rows)))
	default:
		return scalers.Evaluation{}, scalers.Errorf(scalers.CauseRefused,
			"nrql: the answer has %d numbers in a row (%s), and nothing says which one counts: select a single one", len(columns), someOf(columns))
	}
	evaluation.Value = max(0, number) // the HPA knows no negative ones, and would ask for its least replicas just the same
	evaluation.Active = number > r.activation
	if found || evaluation.Active {
		evaluation.Reasons = append(evaluation.Reasons, r.activated(number))
	}
	return evaluation, nil
}

func (r rules) activated(number float64) scalers.Reason {
	key := ""
	if r.activationGiven {
		key = keyActivation
	}
	state, relation := "inactive", "is not above"
	if number > r.activation {
		state, relation = "active", "is above"
	}
	return reason("activate", key, fmt.Sprintf("%s: %s %s activationThreshold %s", state, plain(number), relation, plain(r.activation)))
}

// numbersOf are a row's columns that hold a number, sorted. A text of digits is none, and neither is what is nested.
func numbersOf(row map[string]any) []string {
	var columns []string
	for _, name := range slices.Sorted(maps.Keys(row)) {
		if _, is := row[name].(float64); is {
			columns = append(columns, name)
		}
	}
	return columns
}

func textOf(column string, number float64, rows int) string {
	text := fmt.Sprintf("%s is %s", column, plain(number))
	if rows > 1 {
		text += fmt.Sprintf(" in the first of %d rows; the others do not count", rows)
	}
	return text
}

// shapeOf says what there is instead of a number.
func shapeOf(answer nerdgraph.Answer) string {
	if answer.Rows == 0 {
		return "the answer has no rows"
	}
	if len(answer.First) == 0 {
		return "the answer's row has no columns"
	}
	var shapes []string
	for _, name := range slices.Sorted(maps.Keys(answer.First)) {
		shapes = append(shapes, name+" is "+kindOf(answer.First[name]))
	}
	return someOf(shapes)
}

func kindOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case string:
		return "a text"
	case bool:
		return "true or false"
	default:
		return "nested"
	}
}

// someOf names as many as a message has room for.
func someOf(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

func plain(number float64) string { return strconv.FormatFloat(number, 'f', -1, 64) }

func reason(rule, key, text string) scalers.Reason {
	return scalers.Reason{Rule: rule, Key: key, Text: text}
}
