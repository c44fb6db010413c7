package parts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Build builds what is not there yet, and tells progress what it does. The first time takes a quarter of an hour.
func (p Parts) Build(ctx context.Context, progress io.Writer) error {
	if !areThere(p.APIServer, p.ControllerManager, p.Kubectl) {
		say(progress, "building Kubernetes %s into %s; the first time takes minutes", KubernetesVersion, p.kubernetesFolder())
		if err := whole(p.kubernetesFolder(), func(folder string) error { return buildKubernetes(ctx, folder) }); err != nil {
			return fmt.Errorf("build Kubernetes %s: %w", KubernetesVersion, err)
		}
	}
	if !areThere(p.Operator, p.Adapter, p.CRDs) {
		say(progress, "building KEDA %s into %s; the first time takes ten minutes", p.KEDA, p.kedaFolder())
		if err := whole(p.kedaFolder(), func(folder string) error { return buildKEDA(ctx, p.KEDA, folder) }); err != nil {
			return fmt.Errorf("build KEDA %s: %w", p.KEDA, err)
		}
	}
	return nil
}

// whole fills a folder beside the final one, which takes its name when it is complete: a build that is cut off leaves no
// half of it.
func whole(final string, fill func(folder string) error) (err error) {
	if err := os.MkdirAll(filepath.Dir(final), 0o750); err != nil {
		return fmt.Errorf("make the folder: %w", err)
	}
	folder, err := os.MkdirTemp(filepath.Dir(final), filepath.Base(final)+".part-")
	if err != nil {
		return fmt.Errorf("make the folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	if err := fill(folder); err != nil {
		return err
	}
	if err := errors.Join(os.RemoveAll(final), os.Rename(folder, final)); err != nil {
		return fmt.Errorf("name the folder: %w", err)
	}
	return nil
}

func say(progress io.Writer, format string, values ...any) {
	_, _ = fmt.Fprintf(progress, format+"\n", values...) // telling is not worth failing for
}
