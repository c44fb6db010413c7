package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// report is a whole run: what the table shows and the curves are drawn from.
type report struct {
	Machine string   `json:"machine"`
	Quick   bool     `json:"quick"`
	Figures []figure `json:"figures"`
	Curve   []point  `json:"curve"`
}

// point is one process at one size of its fleet.
type point struct {
	Subject     string  `json:"subject"`
	Triggers    int     `json:"triggers"`
	RSSMiB      float64 `json:"rssMiB"`
	Connections int     `json:"connections"`
	// RefreshIdleMS and RefreshLaggingMS are how long a refresh takes while no log moves and while every group lags;
	// only lagwise has refreshes.
	RefreshIdleMS    float64 `json:"refreshIdleMS,omitempty"`
	RefreshLaggingMS float64 `json:"refreshLaggingMS,omitempty"`
}

func (r *report) table() string {
	lines := []string{"| what | lagwise | peer | ratio | goal | |", "|---|---|---|---|---|---|"}
	for _, f := range r.Figures {
		lines = append(lines, f.line())
	}
	return strings.Join(lines, "\n")
}

func (f figure) line() string {
	peer, ratio := "", ""
	if f.Peer != "" {
		peer, ratio = fmt.Sprintf("%s %s (%s)", short(f.PeerValue), f.Unit, f.Peer), short(f.ratio())+"x"
	}
	return fmt.Sprintf("| %s | %s %s | %s | %s | %s | %s |", f.Name, short(f.Value), f.Unit, peer, ratio, f.goals(), f.verdict())
}

func (r *report) write(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the figures: %w", err)
	}
	if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil { //nolint:gosec // figures for everybody
		return fmt.Errorf("writing the figures: %w", err)
	}
	return nil
}
