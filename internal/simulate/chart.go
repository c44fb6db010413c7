package simulate

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// Sizes of the picture, in its own units.
const (
	chartWidth, panelHeight = 900, 220
	left, right, top, gap   = 70, 30, 56, 56
)

// HTML is a page with the chart and nothing else; it needs no other file.
func HTML(results []Result) string {
	return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>lagwise simulate</title></head>\n<body>\n" + SVG(results) + "</body></html>\n"
}

// SVG draws lag, and below it wanted replicas, over time.
func SVG(results []Result) string {
	var text strings.Builder
	height := top + 2*panelHeight + gap + 40
	fmt.Fprintf(&text, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="sans-serif" font-size="13" role="img">`+"\n",
		chartWidth, height, chartWidth, height)
	text.WriteString("<title>Lag and wanted replicas over time</title>\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n")
	for i, result := range results {
		fmt.Fprintf(&text, `<text x="%d" y="22" fill="%s">%s</text>`+"\n", left+i*180, colour(i), html.EscapeString(result.Name))
	}
	panels := []panel{
		{"lag, records", top, func(p Point) float64 { return float64(p.Lag) }},
		{"wanted replicas", top + panelHeight + gap, func(p Point) float64 { return float64(p.Wanted) }},
	}
	for _, panel := range panels {
		panel.draw(&text, results)
	}
	text.WriteString("</svg>\n")
	return text.String()
}

// colour tells runs apart, for those as well who do not tell red from green.
func colour(i int) string { return []string{"#0072b2", "#d55e00", "#009e73"}[i%3] }

// panel is one curve for each run.
type panel struct {
	title string
	y     int
	value func(Point) float64
}

func (p panel) draw(text *strings.Builder, results []Result) {
	most, end := 1.0, 1.0
	for _, result := range results {
		for _, point := range result.Points {
			most, end = max(most, p.value(point)), max(end, point.At)
		}
	}
	step := roundUp(most / 4)
	most = step * math.Ceil(most/step)
	x := func(at float64) float64 { return left + at/end*(chartWidth-left-right) }
	y := func(value float64) float64 { return float64(p.y+panelHeight) - value/most*panelHeight }
	fmt.Fprintf(text, `<text x="%d" y="%d" fill="#555">%s</text>`+"\n", left, p.y-6, p.title)
	for value := 0.0; value <= most; value += step {
		fmt.Fprintf(text, `<path d="M%d %.1fH%d" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end" fill="#555">%g</text>`+"\n",
			left, y(value), chartWidth-right, left-8, y(value)+4, value)
	}
	for at, every := 0.0, roundTime(end/8); at <= end; at += every {
		fmt.Fprintf(text, `<text x="%.1f" y="%d" text-anchor="middle" fill="#555">%s</text>`+"\n", x(at), p.y+panelHeight+18, clock(at, end))
	}
	for i, result := range results {
		fmt.Fprintf(text, `<path d="%s" fill="none" stroke="%s" stroke-width="1.8"/>`+"\n", curve(result.Points, p.value, x, y), colour(i))
	}
}

// curve goes in steps, and leaves out the points between which nothing changes.
func curve(points []Point, value func(Point) float64, x, y func(float64) float64) string {
	var path strings.Builder
	for i, point := range points {
		switch {
		case i == 0:
			fmt.Fprintf(&path, "M%.1f %.1f", x(point.At), y(value(point)))
		case value(point) != value(points[i-1]):
			fmt.Fprintf(&path, "H%.1fV%.1f", x(point.At), y(value(point)))
		case i == len(points)-1:
			fmt.Fprintf(&path, "H%.1f", x(point.At))
		}
	}
	return path.String()
}

// roundUp is the next of 1, 2, 5, 10, 20 and so on.
func roundUp(n float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(max(n, 1))))
	for _, factor := range []float64{1, 2, 5} {
		if n <= factor*power {
			return factor * power
		}
	}
	return 10 * power
}

// roundTime is the next time at which people look at clocks, in seconds.
func roundTime(seconds float64) float64 {
	if seconds <= 30 {
		return roundUp(seconds)
	}
	const minute, hour, day = 60, 3600, 86400
	for _, every := range []float64{minute, 2 * minute, 5 * minute, 10 * minute, 20 * minute, 30 * minute, hour, 2 * hour, 4 * hour, 6 * hour, 12 * hour} {
		if seconds <= every {
			return every
		}
	}
	return day * roundUp(seconds/day)
}

// clock is a time in seconds, or in minutes or hours where the whole takes long.
func clock(at, end float64) string {
	switch {
	case end < 300:
		return fmt.Sprintf("%.0f s", at)
	case end <= 4*3600:
		return fmt.Sprintf("%.0f min", at/60)
	default:
		return fmt.Sprintf("%g h", at/3600)
	}
}
