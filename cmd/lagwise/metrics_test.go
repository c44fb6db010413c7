package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestPageShowsTheMetricsAsTheyAre(t *testing.T) {
	t.Parallel()
	page := textOf(t, "../../docs/metrics.md")
	var printed, problems bytes.Buffer
	if code := run(t.Context(), []string{"metrics"}, &printed, &problems); code != 0 {
		t.Fatal(problems.String())
	}
	if !strings.Contains(page, metricsSection.begin()+printed.String()+metricsSection.end()) {
		t.Error(`docs/metrics.md does not show the metrics as they are: run "make docs"`)
	}
}
