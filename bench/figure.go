package main

import (
	"fmt"
	"strings"
)

// figure is one line of the table: what was measured, what of, beside whom, and what it must reach.
type figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	// Peer is whom the value is compared with; empty for nobody.
	Peer      string  `json:"peer,omitempty"`
	PeerValue float64 `json:"peerValue,omitempty"`
	Goals     []goal  `json:"goals,omitempty"`
}

// goal bounds a figure's value, or its ratio to the peer's.
type goal struct {
	Ratio   bool    `json:"ratio"`
	AtLeast bool    `json:"atLeast"`
	Bound   float64 `json:"bound"`
}

func atMost(bound float64) goal       { return goal{Bound: bound} }
func atMostTimes(bound float64) goal  { return goal{Bound: bound, Ratio: true} }
func atLeastTimes(bound float64) goal { return goal{Bound: bound, Ratio: true, AtLeast: true} }

func (f figure) ratio() float64 { return f.Value / f.PeerValue }

func (f figure) reaches(g goal) bool {
	value := f.Value
	if g.Ratio {
		value = f.ratio()
	}
	if g.AtLeast {
		return value >= g.Bound
	}
	return value <= g.Bound
}

// verdict is empty for a figure without a goal.
func (f figure) verdict() string {
	if len(f.Goals) == 0 {
		return ""
	}
	for _, g := range f.Goals {
		if !f.reaches(g) {
			return "MISS"
		}
	}
	return "pass"
}

func (f figure) goals() string {
	var texts []string
	for _, g := range f.Goals {
		sign := "≤"
		if g.AtLeast {
			sign = "≥"
		}
		unit := " " + f.Unit
		if g.Ratio {
			unit = "x"
		}
		texts = append(texts, fmt.Sprintf("%s %s%s", sign, short(g.Bound), unit))
	}
	return strings.Join(texts, ", ")
}

// short writes three digits that count.
func short(value float64) string {
	switch {
	case value == float64(int64(value)) || value >= 100:
		return fmt.Sprintf("%.0f", value)
	case value >= 10:
		return fmt.Sprintf("%.1f", value)
	case value >= 1:
		return fmt.Sprintf("%.2f", value)
	default:
		return fmt.Sprintf("%.3g", value)
	}
}
