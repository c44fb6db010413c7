package main

import (
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/lagwise/lagwise/internal/lint"
	"github.com/lagwise/lagwise/scalers"
)

// pageOf is where a scaler is told of, with its table of keys.
func pageOf(scaler string) string {
	if scaler == scalers.DefaultScaler {
		return "docs/keys.md"
	}
	return "docs/" + scaler + ".md"
}

// Whoever reads what there is finds every scaler, and an example of it.
func TestEveryScalerIsListed(t *testing.T) {
	t.Parallel()
	readme, index := textOf(t, "../../README.md"), textOf(t, "../../docs/index.md")
	var examples strings.Builder
	for _, example := range filesAt(t, "../../examples/*.yaml") {
		examples.WriteString(textOf(t, example))
	}
	for scaler := range assumedSources().factories(nil) {
		if keyTables()[scaler] == nil {
			t.Errorf("keyTables has no %s", scaler)
		}
		row := ""
		for line := range strings.Lines(readme) {
			if strings.HasPrefix(line, "| `"+scaler+"`") {
				row = line
			}
		}
		if !strings.Contains(row, "("+pageOf(scaler)+")") {
			t.Errorf("README's table of scalers has no row of %s that leads to %s: %q", scaler, pageOf(scaler), row)
		}
		if !strings.Contains(index, "("+path.Base(pageOf(scaler))+")") {
			t.Errorf("docs/index.md does not lead to %s", pageOf(scaler))
		}
		if scaler != scalers.DefaultScaler && !strings.Contains(examples.String(), "scaler: "+scaler+"\n") {
			t.Errorf("there is no example of %s", scaler)
		}
	}
}

// Every one of KEDA's own types that is known is named where people look for it, and has a scaler.
func TestEveryTypeOfKEDAIsListed(t *testing.T) {
	t.Parallel()
	for kind, scaler := range lint.Builtin() {
		if keyTables()[scaler] == nil {
			t.Errorf("type %s has no scaler %s", kind, scaler)
		}
		for _, page := range []string{"README.md", "docs/audit.md", "docs/convert.md", "docs/explain.md", "docs/lint.md"} {
			if !strings.Contains(textOf(t, "../../"+page), "`"+kind+"`") {
				t.Errorf("%s does not name `%s`", page, kind)
			}
		}
	}
}

// Every room has a row in docs/architecture.md, and what it may import is held by the linter.
func TestEveryRoomIsListed(t *testing.T) {
	t.Parallel()
	architecture, linter := textOf(t, "../../docs/architecture.md"), textOf(t, "../../.golangci.yml")
	rooms := map[string]bool{}
	for _, root := range []string{"internal", "scalers", "server"} {
		err := fs.WalkDir(os.DirFS("../.."), root, func(file string, _ fs.DirEntry, err error) error {
			if name := path.Base(file); strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
				rooms[path.Dir(file)] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for room := range rooms {
		if !strings.Contains(architecture, "`"+room+"`") {
			t.Errorf("docs/architecture.md has no row for %s", room)
		}
		if room != "internal/demo" && !strings.Contains(linter, `- "**/`+room+`/*.go"`) { // that one is a program of its own
			t.Errorf(".golangci.yml has no rule for what %s may import", room)
		}
	}
	if len(rooms) < 25 {
		t.Errorf("found only %d", len(rooms))
	}
}
