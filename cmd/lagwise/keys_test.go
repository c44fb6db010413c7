package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestPagesShowTheKeysAsTheyAre(t *testing.T) {
	t.Parallel()
	for scaler := range keyTables() {
		name := pageOf(scaler)
		page := textOf(t, "../../"+name)
		var printed, problems bytes.Buffer
		if code := run(t.Context(), []string{"keys", "--scaler", scaler}, &printed, &problems); code != 0 {
			t.Fatal(problems.String())
		}
		if !strings.Contains(page, keysSection.begin()+printed.String()+keysSection.end()) {
			t.Errorf("%s does not show the keys as the table has them: run \"make docs\"", name)
		}
	}
}

func TestKeysOfAnUnknownScaler(t *testing.T) {
	t.Parallel()
	var printed, problems bytes.Buffer
	if code := run(t.Context(), []string{"keys", "--scaler", "carrier-pigeon"}, &printed, &problems); code != 1 ||
		!strings.Contains(problems.String(), `scaler "carrier-pigeon" is not known`) {
		t.Errorf("exit code %d, %q", code, problems.String())
	}
}

func TestVersionPrintsSomething(t *testing.T) {
	t.Parallel()
	var printed, problems bytes.Buffer
	if code := run(t.Context(), []string{"version"}, &printed, &problems); code != 0 || !strings.HasPrefix(printed.String(), "lagwise ") {
		t.Errorf("exit code %d, %q", code, printed.String())
	}
}
