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
	for _, measured := range []string{report.Machine, report.Versions, report.Table()} {
		if !strings.Contains(string(document), measured) {
			t.Errorf("docs/closed-loop.md does not show\n%s", measured)
		}
	}
	if _, err := os.Stat(docs + "closed-loop.svg"); err != nil {
		t.Error(err)
	}
}
