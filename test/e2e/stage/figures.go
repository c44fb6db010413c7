package stage

import (
	"fmt"
	"io"
	"sync"
	"text/tabwriter"
	"time"
)

// figures are the measured values of a run, in the order of their scenarios' ends.
type figures struct {
	mu   sync.Mutex
	rows []figure
}

type figure struct{ scenario, what, value string }

func (f *figures) add(scenario, what string, value any) {
	if duration, is := value.(time.Duration); is {
		value = duration.Round(roundingOf(duration))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rows = append(f.rows, figure{scenario, what, fmt.Sprint(value)})
}

// roundingOf leaves about three digits.
func roundingOf(duration time.Duration) time.Duration {
	switch {
	case duration > 10*time.Second:
		return 100 * time.Millisecond
	case duration > time.Second:
		return 10 * time.Millisecond
	default:
		return 100 * time.Microsecond
	}
}

// Report prints all figures as one table.
func (s *Stage) Report(to io.Writer) {
	s.figures.mu.Lock()
	defer s.figures.mu.Unlock()
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(table, "\nKEDA %s\n", s.KEDA)
	last := ""
	for _, row := range s.figures.rows {
		scenario := row.scenario
		if scenario == last {
			scenario = ""
		}
		last = row.scenario
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\n", scenario, row.what, row.value)
	}
	_ = table.Flush() // who cannot be told needs no table
}
