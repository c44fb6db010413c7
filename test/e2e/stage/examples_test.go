package stage_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every example is applied by some scenario: an example that no scenario names is one that nobody has seen work.
func TestEveryExampleHasItsScenario(t *testing.T) {
	t.Parallel()
	examples, err := filepath.Glob("../../../examples/*.yaml")
	if err != nil || len(examples) == 0 {
		t.Fatalf("found no example: %v", err)
	}
	files, err := filepath.Glob("../*_test.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("found no scenario: %v", err)
	}
	var scenarios strings.Builder
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		scenarios.Write(content)
	}
	for _, example := range examples {
		if name := filepath.Base(example); !strings.Contains(scenarios.String(), `"`+name+`"`) {
			t.Errorf("no scenario applies %s: give it a row in test/e2e/rules_test.go", name)
		}
	}
}
