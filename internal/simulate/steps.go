package simulate

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
)

// Step is a value from a moment on, until the next begins. Times count from the beginning.
type Step struct {
	From  time.Duration
	Value float64
}

// ReadRates reads CSV: seconds from the beginning, and the records per second from then on. The first line may be a heading.
func ReadRates(from io.Reader) ([]Step, error) {
	return readSteps(from, "records per second", func(n float64) bool { return upTo(mostRecords, n) })
}

// ReadNumbers reads CSV: seconds from the beginning, and the number from then on. The first line may be a heading.
func ReadNumbers(from io.Reader) ([]Step, error) {
	return readSteps(from, "a number", func(n float64) bool { return n >= -mostNumber && n <= mostNumber })
}

func readSteps(table io.Reader, want string, sound func(float64) bool) ([]Step, error) {
	lines := csv.NewReader(table)
	lines.FieldsPerRecord, lines.TrimLeadingSpace, lines.Comment = 2, true, '#'
	var steps []Step
	for {
		fields, err := lines.Read()
		if errors.Is(err, io.EOF) {
			return steps, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", want, err)
		}
		line, _ := lines.FieldPos(0)
		from, err := parse(fields[0], "seconds from the beginning", func(n float64) bool { return upTo(1e7, n) })
		if err != nil && line == 1 {
			continue // a heading
		}
		value, wrong := parse(fields[1], want, sound)
		if err := errors.Join(err, wrong); err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		step := Step{From: time.Duration(from * float64(time.Second)), Value: value}
		if len(steps) > 0 && step.From <= steps[len(steps)-1].From {
			return nil, fmt.Errorf("line %d: %s is not later than the line before", line, fields[0])
		}
		steps = append(steps, step)
	}
}

func parse(text, want string, sound func(float64) bool) (float64, error) {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !sound(n) {
		return 0, fmt.Errorf("%q: want %s", text, want)
	}
	return n, nil
}

// valueAt is the value at a moment; 0 before the first step.
func valueAt(steps []Step, at time.Duration) (value float64) {
	for _, step := range steps {
		if step.From <= at {
			value = step.Value
		}
	}
	return value
}

const (
	// mostRecords is how many may come at once, or in a second.
	mostRecords = 1e9
	// mostNumber is more than the HPA can carry.
	mostNumber = 1e15
)

// upTo is false for what is not a number, too.
func upTo(most, n float64) bool { return n >= 0 && n <= most }
