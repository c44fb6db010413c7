package parts

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// downloaded is where Go keeps a module.
type downloaded struct{ Dir, GoMod string }

func download(ctx context.Context, module, version string) (downloaded, error) {
	answer, err := run(ctx, os.TempDir(), "mod", "download", "-json", module+"@v"+version)
	if err != nil {
		return downloaded{}, err
	}
	var found downloaded
	if err := json.Unmarshal(answer, &found); err != nil {
		return downloaded{}, fmt.Errorf("read what Go downloaded: %w", err)
	}
	return found, nil
}

// inModule makes a module for as long as work lasts.
func inModule(gomod string, sums []byte, work func(source string) error) (err error) {
	source, err := os.MkdirTemp("", "lagwise-parts-")
	if err != nil {
		return fmt.Errorf("make a module: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(source)) }()
	for name, content := range map[string][]byte{"go.mod": []byte(gomod), "go.sum": sums} {
		if err := os.WriteFile(filepath.Join(source, name), content, 0o600); err != nil {
			return fmt.Errorf("make a module: %w", err)
		}
	}
	return work(source)
}

// buildProgram builds a package of a required module into a file.
func buildProgram(ctx context.Context, source, program, into string) error {
	_, err := run(ctx, source, "build", "-mod=mod", "-o", into, program)
	return err
}

// run runs the Go tool outside any workspace, and returns what it printed.
func run(ctx context.Context, folder string, arguments ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", arguments...) //nolint:gosec // every argument is made in this package
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "GOWORK=off")
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	answer, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w\n%s", strings.Join(arguments, " "), err, complaint.String())
	}
	return answer, nil
}
