package closedloop_test

import (
	"os"
	"strings"
	"testing"

	"github.com/lagwise/lagwise/test/e2e/closedloop"
)

// What the document shows was measured in the run whose figures lie beside it.
func TestDocumentShowsTheMeasuredFigures(t *testing.T) {
	t.Parallel()
	const docs = "../../../docs/"
	report, err := closedloop.Read(docs)
	if err != nil {
		t.Fatal(err)
	}
	document, err := os.ReadFile(docs + "closed-loop.md")
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Workloads) == 0 {
		t.Fatal("no figures")
	}
	measured := []string{report.Machine, report.Versions}
	for _, workload := range report.Workloads {
		measured = append(measured, workload.Table())
	}
	for _, measured := range measured {
		if !strings.Contains(string(document), measured) {
			t.Errorf("docs/closed-loop.md does not show\n%s", measured)
		}
	}
	for _, refuted := range report.Refuted() {
		t.Error(refuted)
	}
	if _, err := os.Stat(docs + "closed-loop.svg"); err != nil {
		t.Error(err)
	}
}
