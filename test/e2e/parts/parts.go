// Package parts builds the programs that the tests put together, and finds them again: Kubernetes' API server, controller
// manager and kubectl, KEDA's operator and metrics adapter. Each comes from its own published Go module, at a version that
// is part of its folder's name. etcd is the system's own.
package parts

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// KubernetesVersion is the version of the parts of Kubernetes.
const KubernetesVersion = "1.34.4"

// Names of environment variables.
const (
	// FolderVariable names the folder of all parts.
	FolderVariable = "LAGWISE_E2E"
	// KEDAVariable names the version of KEDA, such as 2.21.0.
	KEDAVariable = "LAGWISE_E2E_KEDA"
)

// Parts are the paths of all programs, and of what belongs to them.
type Parts struct {
	APIServer, ControllerManager, Kubectl string
	Operator, Adapter                     string
	// CRDs is the folder with KEDA's custom resource definitions.
	CRDs string
	// KEDA is KEDA's version, without a v.
	KEDA string
	// folder is the root of them all.
	folder string
}

// In names the parts that lie in the folder, built or not.
func In(folder, keda string) Parts {
	parts := Parts{KEDA: keda, folder: folder}
	parts.APIServer = filepath.Join(parts.kubernetesFolder(), "kube-apiserver")
	parts.ControllerManager = filepath.Join(parts.kubernetesFolder(), "kube-controller-manager")
	parts.Kubectl = filepath.Join(parts.kubernetesFolder(), "kubectl")
	parts.Operator = filepath.Join(parts.kedaFolder(), "operator")
	parts.Adapter = filepath.Join(parts.kedaFolder(), "adapter")
	parts.CRDs = filepath.Join(parts.kedaFolder(), "crd")
	return parts
}

// Find returns the parts that the environment names, or an error that says how to get them.
func Find() (Parts, error) {
	parts := In(os.Getenv(FolderVariable), os.Getenv(KEDAVariable))
	const remedy = `run "make e2e", which builds them and names them in the environment`
	if parts.folder == "" || parts.KEDA == "" {
		return Parts{}, fmt.Errorf("%s or %s is not set: %s", FolderVariable, KEDAVariable, remedy)
	}
	if !areThere(parts.APIServer, parts.ControllerManager, parts.Kubectl, parts.Operator, parts.Adapter, parts.CRDs) {
		return Parts{}, fmt.Errorf("parts of Kubernetes or KEDA are missing in %s: %s", parts.folder, remedy)
	}
	if _, err := exec.LookPath("etcd"); err != nil {
		return Parts{}, fmt.Errorf("%w: %s", err, remedy)
	}
	return parts, nil
}

// Folder is the root of all parts, outside the repository: what is to outlive a run may lie there, too.
func (p Parts) Folder() string { return p.folder }

func (p Parts) kubernetesFolder() string {
	return filepath.Join(p.folder, "kubernetes-"+KubernetesVersion)
}

func (p Parts) kedaFolder() string { return filepath.Join(p.folder, "keda-"+p.KEDA) }

func areThere(paths ...string) bool {
	for _, path := range paths {
		if _, err := os.Stat(path); err != nil {
			return false
		}
	}
	return true
}
