package closedloop

import (
	"errors"
	"fmt"
	"image/color"
	"os"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// style is how the line of a trigger looks. Lines often lie on each other: the one below is the wider one.
type style struct {
	name   string
	colour color.Color
	width  vg.Length
	dashes []vg.Length
}

func styleOf(trigger string) style {
	switch trigger {
	case KEDA:
		return style{name: "KEDA's kafka trigger", colour: color.RGBA{R: 0xf2, G: 0xa6, B: 0x5e, A: 0xff}, width: vg.Points(3.5)}
	case Lagwise:
		return style{name: "lagwise", colour: color.RGBA{R: 0x1f, G: 0x6f, B: 0xb4, A: 0xff}, width: vg.Points(1.2)}
	default:
		dashes := []vg.Length{vg.Points(2), vg.Points(2)}
		name := strings.TrimPrefix(trigger, Lagwise+", ")
		return style{name: "lagwise, " + name, colour: color.Black, width: vg.Points(1), dashes: dashes}
	}
}

// draw makes a row for each workload and way to commit: wanted replicas to the left, processed records to the right.
func (r Report) draw(path string) (err error) {
	var rows [][]*plot.Plot
	for _, workload := range r.Workloads {
		for _, commit := range workload.commits() {
			row, err := workload.row(commit)
			if err != nil {
				return err
			}
			rows = append(rows, row)
		}
	}
	canvas := vgsvg.New(24*vg.Centimeter, vg.Length(len(rows))*5.5*vg.Centimeter)
	page := draw.New(canvas)
	page.SetColor(color.White)
	page.Fill(page.Path())
	tiles := draw.Tiles{
		Rows: len(rows), Cols: 2, PadX: 6 * vg.Millimeter, PadY: 4 * vg.Millimeter,
		PadTop: 2 * vg.Millimeter, PadLeft: 2 * vg.Millimeter, PadRight: 4 * vg.Millimeter,
	}
	for i, line := range plot.Align(rows, tiles, page) {
		for j, tile := range line {
			rows[i][j].Draw(tile)
		}
	}
	file, err := os.Create(path) //nolint:gosec // the caller names it
	if err != nil {
		return err //nolint:wrapcheck // names the file
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	_, err = canvas.WriteTo(file)
	return err //nolint:wrapcheck // names the file
}

// row has two pictures: wanted replicas, and processed records.
func (w Workload) row(commit string) ([]*plot.Plot, error) {
	of := fmt.Sprintf(", %d partitions, commit=%s", w.Settings.Partitions, commit)
	replicas, processed := newPlot("wanted replicas"+of), newPlot("records processed"+of)
	most := w.mostReplicas()
	replicas.Y.Tick.Marker = plot.ConstantTicks(wholeNumbers(most))
	if err := errors.Join(
		w.markBursts(replicas, float64(most)+0.5),
		w.markBursts(processed, float64(w.Settings.Bursts*w.Settings.RecordsOfBurst)),
	); err != nil {
		return nil, err
	}
	for _, loop := range w.Loops {
		if loop.Commit != commit {
			continue
		}
		_, replicasErr := add(replicas, loop, w.toTheEnd(loop.Replicas), plotter.PostStep)
		line, processedErr := add(processed, loop, w.toTheEnd(loop.Processed), plotter.NoStep)
		if err := errors.Join(replicasErr, processedErr); err != nil {
			return nil, err
		}
		processed.Legend.Add(styleOf(loop.Trigger).name, line)
	}
	return []*plot.Plot{replicas, processed}, nil
}

func (w Workload) commits() []string {
	var commits []string
	for _, loop := range w.Loops {
		if len(commits) == 0 || commits[len(commits)-1] != loop.Commit {
			commits = append(commits, loop.Commit)
		}
	}
	return commits
}

func (w Workload) mostReplicas() int {
	most := 0
	for _, loop := range w.Loops {
		for _, point := range loop.Replicas {
			most = max(most, point.Count)
		}
	}
	return most
}

func newPlot(title string) *plot.Plot {
	picture := plot.New()
	picture.BackgroundColor = color.White
	picture.Title.Text, picture.X.Label.Text = title, "s since the first burst"
	picture.Title.TextStyle.Font.Size = 10
	for _, label := range []*text.Style{
		&picture.X.Label.TextStyle, &picture.X.Tick.Label, &picture.Y.Tick.Label, &picture.Legend.TextStyle,
	} {
		label.Font.Size = 8
	}
	for _, label := range []*text.Style{
		&picture.Title.TextStyle, &picture.X.Label.TextStyle, &picture.X.Tick.Label, &picture.Y.Tick.Label, &picture.Legend.TextStyle,
	} {
		label.Font.Variant = "Sans"
	}
	picture.Legend.Padding, picture.Legend.XOffs = vg.Millimeter, -2*vg.Millimeter
	picture.X.Min, picture.Y.Min = 0, 0
	return picture
}

func wholeNumbers(most int) []plot.Tick {
	var ticks []plot.Tick
	for n := range most + 1 {
		ticks = append(ticks, plot.Tick{Value: float64(n), Label: fmt.Sprint(n)})
	}
	return ticks
}

// markBursts puts an upright line where each burst came.
func (w Workload) markBursts(picture *plot.Plot, top float64) error {
	for _, at := range w.Bursts {
		line, err := plotter.NewLine(plotter.XYs{{X: at, Y: 0}, {X: at, Y: top}})
		if err != nil {
			return fmt.Errorf("a burst: %w", err)
		}
		line.Color, line.Dashes = color.Gray{Y: 0xb0}, []vg.Length{vg.Points(2), vg.Points(2)}
		picture.Add(line)
	}
	return nil
}

func add(picture *plot.Plot, loop Loop, course []Point, step plotter.StepKind) (*plotter.Line, error) {
	var values plotter.XYs
	for _, point := range course {
		values = append(values, plotter.XY{X: point.At, Y: float64(point.Count)})
	}
	line, err := plotter.NewLine(values)
	if err != nil {
		return nil, fmt.Errorf("%s, %s: %w", loop.Trigger, loop.Commit, err)
	}
	style := styleOf(loop.Trigger)
	line.Color, line.Width, line.Dashes, line.StepStyle = style.colour, style.width, style.dashes, step
	picture.Add(line)
	return line, nil
}

// toTheEnd leads a course to the end of the run, where it stays as it is.
func (w Workload) toTheEnd(course []Point) []Point {
	end := 0.0
	for _, loop := range w.Loops {
		end = max(end, loop.Processed[len(loop.Processed)-1].At, loop.Replicas[len(loop.Replicas)-1].At)
	}
	last := course[len(course)-1]
	return append(slices.Clip(course), Point{At: end + 2, Count: last.Count})
}
