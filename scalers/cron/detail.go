package cron

import (
	"time"

	"github.com/lagwise/lagwise/scalers"
)

// partsAt shows every window. What an open one asks for is Left.
func (s settings) partsAt(now time.Time) []scalers.Part {
	parts := make([]scalers.Part, len(s.windows))
	for i, w := range s.windows {
		parts[i] = w.partAt(now, s)
	}
	return parts
}

func (w window) partAt(now time.Time, s settings) scalers.Part {
	open, next, changes := w.At(now)
	note := "shut"
	if open {
		note = "open"
	}
	if excluded, tomorrow := s.excludes(now); excluded {
		open, next, changes = false, tomorrow, true
		note = "shut, because this day is excluded"
	}
	if changes {
		note += "; looked at again at " + s.clock(next)
	}
	part := scalers.Part{Name: w.String(), Note: note}
	var isOpen float64
	if open {
		isOpen, part.Left = 1, float64(w.replicas)
	}
	part.Figures = []scalers.Figure{
		{Name: "open", Value: isOpen, Unit: scalers.UnitFlag, Known: true},
		{Name: "replicas", Value: float64(w.replicas), Unit: scalers.UnitReplicas, Known: true},
		{Name: "time to the next start or end", Value: max(0, next.Sub(now).Seconds()), Unit: scalers.UnitSeconds, Known: changes},
	}
	return part
}
