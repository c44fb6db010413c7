package demo

import (
	"fmt"
	"strings"
)

// table draws a picture as lines of text, the heading first.
func table(p picture) []string {
	lines := []string{fmt.Sprintf(rowFormat, "SCALEDOBJECT", "LAG BY PARTITION", "ACTIVE", "METRIC", "TARGET", "REPLICAS", "CONSUMERS", "TRIGGER")}
	for _, r := range p.rows {
		lines = append(lines, strings.TrimRight(r.line(), " "))
	}
	return lines
}

// Widths fit the demo's own names and numbers.
const (
	rowFormat     = "%-12s  %-16s  %-6s  %6s  %6s  %-8s  %-13s  %s"
	refusalFormat = "%-12s  %s"
)

func (r row) line() string {
	if r.answer.failure != "" {
		return fmt.Sprintf(refusalFormat, r.name, r.answer.failure)
	}
	return fmt.Sprintf(rowFormat, r.name, r.lags(), yesNo(r.answer.active),
		fmt.Sprintf("%g", r.answer.value), fmt.Sprintf("%g", r.target), r.change(), r.consumers(), r.special)
}

func (r row) lags() string {
	var text strings.Builder
	for _, lag := range r.answer.lags {
		fmt.Fprintf(&text, "%3d ", lag)
	}
	return strings.TrimRight(text.String(), " ")
}

func (r row) change() string {
	if r.before == r.replicas {
		return fmt.Sprint(r.replicas)
	}
	return fmt.Sprintf("%d -> %d", r.before, r.replicas)
}

// consumers shows them, one mark each, or why there are some without work or none.
func (r row) consumers() string {
	switch {
	case r.replicas == 0:
		return "asleep"
	case !r.answer.active:
		return marks(r.replicas) + " cooling"
	default:
		return marks(r.replicas) + " working"
	}
}

func marks(replicas int32) string { return strings.Repeat("#", int(replicas)) }

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}
