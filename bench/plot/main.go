// Command plot draws the growth curves of a run of bench as SVG files.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"image/color"
	"os"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	_ "gonum.org/v1/plot/vg/vgsvg" // writes SVG
)

// point is a line of the curve that bench writes.
type point struct {
	Subject          string
	Triggers         int
	RSSMiB           float64
	Connections      float64
	RefreshIdleMS    float64
	RefreshLaggingMS float64
}

// curve is one picture: a quantity over the number of triggers, one line for each of its series.
type curve struct {
	file, title, unit string
	series            []series
	logarithmic       bool
}

// series is one line of a picture; points of other subjects are left out.
type series struct {
	name, subject string
	value         func(point) float64
	colour        color.Color
}

func curves() []curve {
	blue, orange := color.RGBA{R: 0x1f, G: 0x6f, B: 0xb4, A: 0xff}, color.RGBA{R: 0xd9, G: 0x6b, B: 0x0b, A: 0xff}
	rss := func(p point) float64 { return p.RSSMiB }
	connections := func(p point) float64 { return p.Connections }
	return []curve{
		{file: "scaling-memory.svg", title: "Resident memory of one process", unit: "MiB", series: []series{
			{"lagwise, push triggers", "lagwise", rss, blue}, {"KEDA's kafka scaler", "KEDA", rss, orange},
		}},
		{file: "scaling-connections.svg", title: "Connections to one broker", unit: "connections", logarithmic: true, series: []series{
			{"lagwise, push triggers", "lagwise", connections, blue}, {"KEDA's kafka scaler", "KEDA", connections, orange},
		}},
		{file: "scaling-refresh.svg", title: "One refresh of lagwise (every 5 s)", unit: "ms", logarithmic: true, series: []series{
			{"nothing moves", "lagwise", func(p point) float64 { return p.RefreshIdleMS }, blue},
			{"every group lags", "lagwise", func(p point) float64 { return p.RefreshLaggingMS }, orange},
		}},
	}
}

func main() {
	in := flag.String("in", "", "figures that bench wrote")
	out := flag.String("out", ".", "folder for the pictures")
	flag.Parse()
	if err := run(*in, *out); err != nil {
		fmt.Fprintln(os.Stderr, "plot:", err)
		os.Exit(1)
	}
}

func run(in, out string) error {
	text, err := os.ReadFile(in) //nolint:gosec // the caller names it
	if err != nil {
		return fmt.Errorf("reading the figures: %w", err)
	}
	var figures struct{ Curve []point }
	if err := json.Unmarshal(text, &figures); err != nil {
		return fmt.Errorf("reading the figures: %w", err)
	}
	for _, c := range curves() {
		if err := c.draw(figures.Curve, filepath.Join(out, c.file)); err != nil {
			return fmt.Errorf("drawing %s: %w", c.file, err)
		}
	}
	return nil
}

func (c curve) draw(points []point, path string) error {
	picture := plot.New()
	picture.BackgroundColor = color.White
	picture.Title.Text = c.title
	picture.X.Label.Text, picture.Y.Label.Text = "triggers", c.unit
	picture.X.Scale, picture.X.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	if c.logarithmic {
		picture.Y.Scale, picture.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	} else {
		picture.Y.Min = 0
	}
	picture.Legend.Top, picture.Legend.Left = true, true
	picture.Add(plotter.NewGrid())
	for _, s := range c.series {
		var values plotter.XYs
		for _, p := range points {
			if p.Subject == s.subject {
				values = append(values, plotter.XY{X: float64(p.Triggers), Y: s.value(p)})
			}
		}
		if len(values) == 0 {
			continue
		}
		line, dots, err := plotter.NewLinePoints(values)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		line.Color, dots.Color, line.Width = s.colour, s.colour, vg.Points(1.5)
		picture.Add(line, dots)
		picture.Legend.Add(s.name, line, dots)
	}
	return picture.Save(16*vg.Centimeter, 10*vg.Centimeter, path) //nolint:wrapcheck // the caller names the picture
}
