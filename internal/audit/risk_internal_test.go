package audit

import (
	"os"
	"strings"
	"testing"
)

// What a report can say of a trigger, the page explains.
func TestPageNamesEveryRisk(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/audit.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, risk := range risks() {
		if !strings.Contains(string(page), "`"+risk.id+"`") || seen[risk.id] {
			t.Errorf("%s is not in docs/audit.md, or twice in the table", risk.id)
		}
		seen[risk.id] = true
	}
}
