package cron

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/schedule"
)

// settings is a cron trigger, decoded and checked.
type settings struct {
	location *time.Location
	windows  []window
	excluded schedule.Dates
}

// window is a stretch of time and the replicas that are wanted in it.
type window struct {
	schedule.Window
	replicas int64
}

// line is one window as it is written: by keys of its own, or as a part of the key windows, which written then holds.
type line struct {
	start, end string
	replicas   int64
	written    string
}

// refuse names the key and its value, and of several windows the wrong one. The keys start and end are named by err itself.
func (l line) refuse(err error) error {
	if l.written == "" {
		return scalers.Errorf(scalers.CauseRefused, "%w", err)
	}
	return scalers.Errorf(scalers.CauseRefused, "%s %s: %w", keyWindows, scalers.Quote(l.written), err)
}

// decode reads a trigger's metadata. The metric is valid even when the settings are not; ignored are the keys that
// nobody knows.
func decode(metadata map[string]string) (s settings, metric scalers.Metric, ignored []string, err error) {
	values, ignored, err := Keys().Decode(metadata)
	if err != nil {
		return settings{}, metricOf(values, nil), ignored, err
	}
	lines, err := linesOf(values)
	metric = metricOf(values, lines)
	if err != nil {
		return settings{}, metric, ignored, err
	}
	if s.location, err = schedule.ParseZone(values.Text(keyTimezone)); err != nil {
		return settings{}, metric, ignored, scalers.Errorf(scalers.CauseRefused, "%s %s: %w", keyTimezone, scalers.Quote(values.Text(keyTimezone)), err)
	}
	pairing := schedule.ByNextEvent
	if values.Text(keyPairing) == pairingNextEnd {
		pairing = schedule.ByNextEnd
	}
	for _, l := range lines {
		made, err := schedule.NewWindow(l.start, l.end, s.location, pairing)
		if err != nil {
			return settings{}, metric, ignored, l.refuse(err)
		}
		s.windows = append(s.windows, window{made, l.replicas})
	}
	if s.excluded, err = schedule.ParseDates(values.List(keyExclude)); err != nil {
		return settings{}, metric, ignored, scalers.Errorf(scalers.CauseRefused, "%s: %w", keyExclude, err)
	}
	return s, metric, ignored, nil
}

// linesOf is the one window of KEDA's keys, or the several of lagwise's.
func linesOf(values scalers.Values) ([]line, error) {
	if values.Given(keyWindows) {
		return parseLines(values.Text(keyWindows))
	}
	for _, name := range []string{keyStart, keyEnd, keyReplicas} {
		if !values.Given(name) {
			return nil, scalers.Errorf(scalers.CauseRefused, "%s: missing; a window needs %s, %s and %s", name, keyStart, keyEnd, keyReplicas)
		}
	}
	return []line{{start: values.Text(keyStart), end: values.Text(keyEnd), replicas: values.Integer(keyReplicas)}}, nil
}

// parseLines reads one window a line; lines may be separated by semicolons as well.
func parseLines(text string) ([]line, error) {
	var lines []line
	for written := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == ';' }) {
		if written = strings.TrimSpace(written); written == "" {
			continue
		}
		l := line{written: written}
		parts := strings.Split(written, "|")
		if len(parts) != 3 {
			return nil, l.refuse(errors.New(`want START | END | REPLICAS, such as "30 6 * * 1-5 | 10 22 * * 1-5 | 3"`))
		}
		replicas, err := strconv.ParseInt(strings.TrimSpace(parts[2]), 10, 32)
		if err != nil || replicas < 1 || replicas > math.MaxInt32 {
			return nil, l.refuse(errors.New("want a number of replicas, at least 1, after the second |"))
		}
		l.start, l.end, l.replicas = strings.TrimSpace(parts[0]), strings.TrimSpace(parts[1]), replicas
		lines = append(lines, l)
	}
	if len(lines) == 0 {
		return nil, line{written: text}.refuse(errors.New("want at least one window, START | END | REPLICAS"))
	}
	return lines, nil
}

// metricOf names the metric as KEDA does (cron_scaler.go, GetMetricSpecForScaling), by its first window.
func metricOf(values scalers.Values, lines []line) scalers.Metric {
	first := line{start: values.Text(keyStart), end: values.Text(keyEnd)}
	if len(lines) > 0 {
		first = lines[0]
	}
	name := fmt.Sprintf("cron-%s-%s-%s", values.Text(keyTimezone), inName(first.start), inName(first.end))
	return scalers.Metric{Name: scalers.MetricName(name), Target: 1}
}

// inName is how KEDA writes an expression inside a name (cron_scaler.go, parseCronTimeFormat).
func inName(expression string) string {
	return strings.NewReplacer(" ", "", "*", "x", "/", "Sl", "?", "Qm", ",", "Cm").Replace(expression)
}
