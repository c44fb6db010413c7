package parts

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// buildKubernetes makes a module that requires Kubernetes. Its go.mod points at the repository's own copies of the k8s.io
// modules, which are published as well: version 1.34.4 of Kubernetes is version 0.34.4 of each.
func buildKubernetes(ctx context.Context, folder string) error {
	const module = "k8s.io/kubernetes"
	downloaded, err := download(ctx, module, KubernetesVersion)
	if err != nil {
		return err
	}
	published, err := os.ReadFile(downloaded.GoMod)
	if err != nil {
		return fmt.Errorf("read %s's go.mod: %w", module, err)
	}

	gomod := []string{"module parts", "go 1.24", "require " + module + " v" + KubernetesVersion}
	version := strings.Replace(KubernetesVersion, "1.", "v0.", 1)
	staging := regexp.MustCompile(`(?m)^\s*(k8s\.io/\S+) => \./staging`)
	for _, found := range staging.FindAllStringSubmatch(string(published), -1) {
		gomod = append(gomod, "replace "+found[1]+" => "+found[1]+" "+version)
	}
	return inModule(strings.Join(gomod, "\n"), nil, func(source string) error {
		for _, program := range []string{"kube-apiserver", "kube-controller-manager", "kubectl"} {
			if err := buildProgram(ctx, source, module+"/cmd/"+program, filepath.Join(folder, program)); err != nil {
				return err
			}
		}
		return nil
	})
}
