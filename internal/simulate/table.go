package simulate

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// WriteTable writes the figures of runs, one column for each.
func WriteTable(out io.Writer, results []Result) error {
	var rows [][]string
	row := func(name string, cell func(Result) string) {
		cells := []string{name}
		for _, result := range results {
			cells = append(cells, cell(result))
		}
		rows = append(rows, cells)
	}
	row("", func(r Result) string { return r.Name })
	for i := range results[0].Bursts {
		at := results[0].Bursts[i].At
		burst := func(what string, of func(Outcome) string) {
			row(fmt.Sprintf("burst at %s to %s", shortly(at), what), func(r Result) string { return of(r.Bursts[i]) })
		}
		burst("first replica", func(o Outcome) string {
			if o.Awake {
				return "awake"
			}
			return orNever(o.Replica)
		})
		burst("first record", func(o Outcome) string { return orNever(o.Record) })
		burst("last record", func(o Outcome) string { return orNever(o.Drained) })
	}
	row("most replicas", func(r Result) string { return fmt.Sprint(r.MostReplicas) })
	row("reversals", func(r Result) string { return fmt.Sprint(r.Reversals) })
	row("replica-seconds", func(r Result) string { return fmt.Sprintf("%.0f", r.ReplicaSeconds) })
	row("greatest lag", func(r Result) string { return fmt.Sprint(r.MaxLag) })
	row("longest wait of a record", func(r Result) string { return shortly(r.MaxAge) })
	row("left in the end", func(r Result) string { return fmt.Sprint(r.Left) })
	row("lost", func(r Result) string { return fmt.Sprint(r.Lost) })

	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	for _, cells := range rows {
		if _, err := fmt.Fprintln(table, strings.Join(cells, "\t")); err != nil {
			return fmt.Errorf("write the table: %w", err)
		}
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	return nil
}

func orNever(seconds *float64) string {
	if seconds == nil {
		return "never"
	}
	return shortly(*seconds)
}

// shortly is a time as exactly as it is of use.
func shortly(seconds float64) string {
	if seconds < 100 {
		return fmt.Sprintf("%.1f s", seconds)
	}
	return fmt.Sprintf("%.0f s", seconds)
}
