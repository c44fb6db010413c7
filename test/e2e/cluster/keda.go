package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/lagwise/lagwise/test/loopback"
	"github.com/lagwise/lagwise/test/process"
)

// operatorAuthority is the name in KEDA's certificate by which the adapter knows the operator.
const operatorAuthority = "keda-operator.keda.svc"

// stopGrace is how long a program may take to end before it is killed.
const stopGrace = 5 * time.Second

// StartOperator starts KEDA's operator, which must not be running, and returns once it works.
func (c *Cluster) StartOperator(ctx context.Context) error {
	operator, err := process.Start(process.Program{
		Path: c.parts.Operator,
		Args: []string{
			"--cert-dir=" + string(c.pki), "--enable-cert-rotation=false",
			"--metrics-bind-address=" + loopback.Address(c.ports.operatorMetrics),
			"--health-probe-bind-address=" + loopback.Address(c.ports.operatorHealth),
			"--metrics-service-bind-address=" + loopback.Address(c.ports.operatorService),
			// 20 and 30 by default, which 500 ScaledObjects would measure instead of anything else.
			"--kube-api-qps=500", "--kube-api-burst=1000",
		},
		Env: []string{
			"KUBECONFIG=" + c.Kubeconfig(), "POD_NAMESPACE=keda", "KEDA_CLUSTER_OBJECT_NAMESPACE=keda", "WATCH_NAMESPACE=",
			"KEDA_RESTRICT_SECRET_ACCESS=false", "KEDA_SCALEDOBJECT_CTRL_MAX_RECONCILES=20",
		},
		Log: c.logFile("keda-operator"),
	})
	if err != nil {
		return err
	}
	c.operator = operator
	// The adapter asks the operator here, whose service opens when everything that it reads has been read once.
	return operator.Await(ctx, func(ctx context.Context) error { return reach(ctx, loopback.Address(c.ports.operatorService)) })
}

// StopOperator ends KEDA's operator as Kubernetes would, and returns when it is gone.
func (c *Cluster) StopOperator() { stop(c.operator) }

// RestartOperator stops and starts KEDA's operator.
func (c *Cluster) RestartOperator(ctx context.Context) error {
	c.StopOperator()
	return c.StartOperator(ctx)
}

// OperatorPID is the process id of KEDA's operator, to look up what it uses.
func (c *Cluster) OperatorPID() int { return c.operator.PID() }

func (c *Cluster) startAdapter(ctx context.Context) error {
	arguments := []string{
		"--bind-address=" + loopback.Host, fmt.Sprintf("--secure-port=%d", c.ports.adapter), fmt.Sprintf("--port=%d", c.ports.adapterMetrics),
		"--cert-dir=" + string(c.pki), "--tls-cert-file=" + c.pki.crt(kedaCert), "--tls-private-key-file=" + c.pki.key(kedaCert),
		"--kubeconfig=" + c.Kubeconfig(), "--lister-kubeconfig=" + c.Kubeconfig(),
		"--authentication-kubeconfig=" + c.Kubeconfig(), "--authorization-kubeconfig=" + c.Kubeconfig(),
		"--authentication-skip-lookup=true", "--client-ca-file=" + c.pki.crt(authority), "--requestheader-client-ca-file=" + c.pki.crt(authority),
		fmt.Sprintf("--metrics-service-address=localhost:%d", c.ports.operatorService),
	}
	if knows(ctx, c.parts.Adapter, "--metrics-service-grpc-authority") { // KEDA 2.12 does not
		arguments = append(arguments, "--metrics-service-grpc-authority="+operatorAuthority)
	}
	adapter, err := process.Start(process.Program{
		Path: c.parts.Adapter, Args: arguments,
		Env: []string{"KUBECONFIG=" + c.Kubeconfig(), "POD_NAMESPACE=keda", "WATCH_NAMESPACE="},
		Log: c.logFile("keda-adapter"),
	})
	if err != nil {
		return err
	}
	c.adapter = adapter
	return adapter.Await(ctx, func(ctx context.Context) error { return reach(ctx, loopback.Address(c.ports.adapter)) })
}

func knows(ctx context.Context, program, flag string) bool {
	help, _ := exec.CommandContext(ctx, program, "--help").CombinedOutput() // it ends with an error and the help that is wanted
	return strings.Contains(string(help), strings.TrimPrefix(flag, "--"))
}

// registerKEDA makes KEDA's types known, and its adapter the source of external metrics.
func (c *Cluster) registerKEDA(ctx context.Context) error {
	if _, err := c.Kubectl(ctx, "", "apply", "--server-side", "--filename", c.parts.CRDs); err != nil {
		return err
	}
	_, err := c.Kubectl(ctx, fmt.Sprintf(adapterManifest, c.ports.adapter), "apply", "--filename", "-")
	return err
}

// awaitMetrics returns once the API server answers for external metrics, and for KEDA's types.
func (c *Cluster) awaitMetrics(ctx context.Context) error {
	_, types := c.Kubectl(ctx, "", "wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
	_, metrics := c.Kubectl(ctx, "", "wait", "--for=condition=Available", "apiservice", "v1beta1.external.metrics.k8s.io", "--timeout=60s")
	return errors.Join(types, metrics)
}

const adapterManifest = `
apiVersion: v1
kind: Namespace
metadata: {name: keda}
---
apiVersion: v1
kind: Service
metadata: {name: keda-metrics-apiserver, namespace: keda}
spec:
  type: ExternalName
  externalName: localhost
  ports: [{port: %[1]d, protocol: TCP}]
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1beta1.external.metrics.k8s.io}
spec:
  group: external.metrics.k8s.io
  version: v1beta1
  groupPriorityMinimum: 100
  versionPriority: 100
  insecureSkipTLSVerify: true
  service: {name: keda-metrics-apiserver, namespace: keda, port: %[1]d}
`

// Kubectl runs kubectl with the manifest, if any, as its input, and returns what it printed.
func (c *Cluster) Kubectl(ctx context.Context, manifest string, arguments ...string) (string, error) {
	cmd := exec.CommandContext(ctx, c.parts.Kubectl, arguments...) //nolint:gosec // this is what it is for
	cmd.Env = append(os.Environ(), "KUBECONFIG="+c.Kubeconfig(), "HOME="+c.folder)
	cmd.Stdin = strings.NewReader(manifest)
	said, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("kubectl %s: %w\n%s", strings.Join(arguments, " "), err, said)
	}
	return string(said), nil
}
