package schedule

import "fmt"

// Side is one of the two events of a window.
type Side string

// The sides of a window.
const (
	Start Side = "start"
	End   Side = "end"
)

// Error says which of a window's expressions is wrong, how it is written, and what would be right.
type Error struct {
	Side Side
	Text string
	Err  error
}

func (e *Error) Error() string { return fmt.Sprintf("%s %q: %v", e.Side, e.Text, e.Err) }

func (e *Error) Unwrap() error { return e.Err }
