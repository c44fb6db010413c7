package manifest

import (
	"cmp"
	"fmt"
)

// Place is where something stands: a file as the user named it, and a line and a column that both begin at 1. Columns count
// characters.
type Place struct {
	File         string
	Line, Column int
}

func (p Place) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) }

// Compare orders places by line and then by column; those of different files stay as they come.
func (p Place) Compare(other Place) int {
	return cmp.Or(cmp.Compare(p.Line, other.Line), cmp.Compare(p.Column, other.Column))
}

// Error is what is wrong at a place: text that is no YAML, or a field that cannot hold its value.
type Error struct {
	Place Place
	Text  string
}

func (e *Error) Error() string { return e.Place.String() + ": " + e.Text }

// Split takes apart what Read and Open return: mistakes in documents, which have a place and hide no other document, and
// the rest, such as a file that is not there.
func Split(err error) (mistakes []*Error, rest []error) {
	switch e := err.(type) { //nolint:errorlint // a tree of errors is walked node by node
	case nil:
	case *Error:
		mistakes = append(mistakes, e)
	case interface{ Unwrap() []error }:
		for _, part := range e.Unwrap() {
			m, r := Split(part)
			mistakes, rest = append(mistakes, m...), append(rest, r...)
		}
	default:
		rest = append(rest, err)
	}
	return mistakes, rest
}
