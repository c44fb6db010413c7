package main

import (
	"strings"
	"testing"
)

// Whoever runs these in a pipeline tells a finding, which is 1, from a mistake in how they are called.
func TestAWrongFlagIsNoFinding(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"lint --fail-onn error x.yaml", "lint --partitions orders=many x.yaml", "convert --tow keda x.yaml", "convert --write=maybe x.yaml",
		"audit --interval often", "audit --outptu json", "audit x.yaml", "audit -n shop -A",
	} {
		code, printed, problem := lagwise(t, strings.Fields(line)...)
		if code != 2 || printed != "" || !strings.HasPrefix(problem, "lagwise: ") || strings.Count(problem, "\n") != 1 {
			t.Errorf("%s: exit code %d, want 2: %s%s", line, code, problem, printed)
		}
	}
}
