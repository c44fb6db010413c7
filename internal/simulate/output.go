package simulate

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
)

// Format writes the results of runs.
type Format func(io.Writer, []Result) error

// Formats are what a result can be written as.
func Formats() map[string]Format {
	return map[string]Format{"text": WriteTable, "json": writeJSON, "csv": writeCSV}
}

func writeJSON(out io.Writer, results []Result) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(results); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}

// writeCSV writes the courses, one line for each moment of each run.
func writeCSV(out io.Writer, results []Result) error {
	table := csv.NewWriter(out)
	_ = table.Write([]string{"run", "seconds", "lag", "queued", "oldest_seconds", "wanted", "working"}) // Error tells
	for _, result := range results {
		for _, p := range result.Points {
			_ = table.Write([]string{
				result.Name, decimal(p.At), strconv.FormatInt(p.Lag, 10), decimal(p.Queued), decimal(p.Age),
				strconv.Itoa(int(p.Wanted)), strconv.Itoa(p.Working),
			})
		}
	}
	table.Flush()
	if err := table.Error(); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	return nil
}

func decimal(n float64) string { return strconv.FormatFloat(n, 'f', 2, 64) }
