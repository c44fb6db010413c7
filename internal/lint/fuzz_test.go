package lint_test

import (
	"os"
	"path/filepath"
	"testing"
)

// FuzzLint: whatever a manifest says, it is looked at to its end.
func FuzzLint(f *testing.F) {
	files, err := filepath.Glob("testdata/*/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add("kind: ScaledObject\nspec: {triggers: [{type: cron, metadata: {timezone: Europe/Berlin, start: '* * * * *', end: '*/7 * 29 2 *', desiredReplicas: '1'}}]}")
	f.Add("kind: ScaledJob\nspec: {triggers: [[], {type: kafka}, {type: external, metadata: []}, {type: external, metadata: {scaler: cron}}]}")
	f.Fuzz(func(t *testing.T, text string) { lintText(t, "f", text) })
}
