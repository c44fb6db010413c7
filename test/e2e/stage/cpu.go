package stage

import (
	"context"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/types"

	"github.com/lagwise/lagwise/test/e2e/usage"
)

// Requesting is the workload with so much cpu requested for each pod, such as "100m". The HPA's percentages are of that.
func (w Workload) Requesting(cpu string) Workload {
	w.cpu = cpu
	return w
}

// Burn has the pods of a Deployment use so much cpu together from now on, as far as the HPA is told: nobody measures it.
func (s *Scenario) Burn(deployment, cpu string) {
	s.t.Helper()
	amount, err := resource.ParseQuantity(cpu)
	s.Fatal(err)
	s.stage.usage.Burn(types.NamespacedName{Namespace: s.Namespace, Name: deployment}, amount)
}

// serveUsage stands in for a metrics-server, and returns when the API server has noticed.
func (s *Stage) serveUsage(ctx context.Context) error {
	s.usage = usage.Start(s.client)
	if _, err := s.Cluster.Kubectl(ctx, s.usage.Manifest(), "apply", "--filename", "-"); err != nil {
		return err
	}
	_, err := s.Cluster.Kubectl(ctx, "", "wait", "--for=condition=Available", "apiservice", "v1beta1.metrics.k8s.io", "--timeout=60s")
	return err
}
