package telemetry

import (
	"fmt"
	"strings"
)

// Reference is every metric as Markdown, but for those of Go and of the process.
func Reference() string {
	var text strings.Builder
	for _, part := range []struct {
		title string
		rows  []Row
	}{
		{"Triggers", triggerRows()},
		{"Consumer groups", groupRows(stylesOf(""))},
		{"Consumer groups, with `metrics.like: kminion`", namesOf(StyleKMinion).rows()},
		{"Consumer groups, with `metrics.like: kafka_exporter`", namesOf(StyleExporter).rows()},
		{"Connections", sessionRows()},
		{"KEDA's calls and streams", edgeRows()},
		{"The process", processRows()},
	} {
		fmt.Fprintf(&text, "\n### %s\n\n| metric | type | labels | meaning |\n|---|---|---|---|\n", part.title)
		for _, row := range part.rows {
			fmt.Fprintf(&text, "| `%s` | %s | %s | %s |\n", row.Name, row.Kind, strings.Join(row.Labels, ", "), row.Help)
		}
	}
	text.WriteString("\nBeside these there are `go_*` and `process_*`, as every Go program has them.\n\n")
	return text.String()
}
