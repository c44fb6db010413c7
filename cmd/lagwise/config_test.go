package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPageShowsTheSettingsAsTheyAre(t *testing.T) {
	t.Parallel()
	page := textOf(t, "../../docs/configuration.md")
	var printed, problems bytes.Buffer
	if code := run(t.Context(), []string{"config", "--reference"}, &printed, &problems); code != 0 {
		t.Fatal(problems.String())
	}
	if !strings.Contains(page, settingsSection.begin()+printed.String()+settingsSection.end()) {
		t.Error(`docs/configuration.md does not show the settings as the tables have them: run "make docs"`)
	}
}

func TestCheckConfig(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		code  int
		words string
	}{
		"logLevel: debug": {0, "the configuration is good"},
		"logLevel: loud":  {1, `lagwise.yaml:1: logLevel "loud": want one of debug, info, warn, error`},
	} {
		path := filepath.Join(t.TempDir(), "lagwise.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var printed bytes.Buffer
		code := run(t.Context(), []string{"serve", "--config", path, "--check-config"}, &printed, &printed)
		if code != want.code || !strings.Contains(printed.String(), want.words) {
			t.Errorf("%s: exit code %d, %q", text, code, printed.String())
		}
	}
}
