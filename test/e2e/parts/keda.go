package parts

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

// buildKEDA makes a module that requires KEDA and takes over its go.mod: replaced and excluded modules count only in the
// module that is built.
func buildKEDA(ctx context.Context, version, folder string) error {
	const module = "github.com/kedacore/keda/v2"
	downloaded, err := download(ctx, module, version)
	if err != nil {
		return err
	}
	published, err := os.ReadFile(filepath.Join(downloaded.Dir, "go.mod"))
	if err != nil {
		return fmt.Errorf("read KEDA's go.mod: %w", err)
	}
	sums, err := os.ReadFile(filepath.Join(downloaded.Dir, "go.sum"))
	if err != nil {
		return fmt.Errorf("read KEDA's go.sum: %w", err)
	}

	gomod := regexp.MustCompile(`(?m)^module .*$`).ReplaceAllLiteralString(string(published), "module parts")
	gomod += "\nrequire " + module + " v" + version + "\n"
	if err := inModule(gomod, sums, func(source string) error {
		for _, program := range []string{"operator", "adapter"} {
			if err := buildProgram(ctx, source, module+"/cmd/"+program, filepath.Join(folder, program)); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	if err := os.CopyFS(filepath.Join(folder, "crd"), os.DirFS(filepath.Join(downloaded.Dir, "config", "crd", "bases"))); err != nil {
		return fmt.Errorf("keep KEDA's custom resource definitions: %w", err)
	}
	return nil
}
