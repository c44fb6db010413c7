// Package cluster runs a real Kubernetes control plane and a real KEDA on loopback: etcd, the API server, the controllers
// that Deployments, Jobs and HPAs need, KEDA's operator and metrics adapter. There are no nodes; package kubelet stands in
// for them.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/lagwise/lagwise/test/e2e/parts"
	"github.com/lagwise/lagwise/test/loopback"
	"github.com/lagwise/lagwise/test/process"
)

// Cluster is a running control plane. Its methods are for one goroutine at a time, but for Config, Kubeconfig and Kubectl.
type Cluster struct {
	parts  parts.Parts
	folder string
	ports  ports
	pki    pki

	etcd, apiServer, controllers, operator, adapter *process.Process
}

type ports struct {
	etcd, etcdPeers, api, controllers                int
	operatorMetrics, operatorHealth, operatorService int
	adapter, adapterMetrics                          int
}

// startTimeout is ten times what the start takes on two cores, and several times what it takes when they are busy.
const startTimeout = 5 * time.Minute

// Start starts everything and returns when KEDA works. It all runs until Stop, or until this process dies. Everything is
// written into the folder, logs included; the caller removes it after Stop.
func Start(ctx context.Context, found parts.Parts, folder string) (*Cluster, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	c := &Cluster{parts: found, folder: folder}
	if err := errors.Join(c.prepare(), os.MkdirAll(c.Logs(), 0o750)); err != nil {
		return nil, fmt.Errorf("prepare the cluster: %w", err)
	}
	if err := c.start(ctx); err != nil {
		c.Stop()
		return nil, fmt.Errorf("start the cluster: %w", err)
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context) error {
	if err := c.startEtcd(ctx); err != nil {
		return err
	}
	if err := c.startAPIServer(ctx); err != nil {
		return err
	}
	var both errgroup.Group
	both.Go(func() error { return c.startControllers(ctx) })
	both.Go(func() error {
		if err := c.registerKEDA(ctx); err != nil {
			return err
		}
		if err := c.StartOperator(ctx); err != nil {
			return err
		}
		if err := c.startAdapter(ctx); err != nil {
			return err
		}
		return c.awaitMetrics(ctx)
	})
	return both.Wait() //nolint:wrapcheck // wrapped where they were made
}

// Stop ends everything and returns when it is gone. A stopped cluster stays stopped.
func (c *Cluster) Stop() {
	for _, program := range []*process.Process{c.adapter, c.operator, c.controllers} {
		stop(program)
	}
	for _, program := range []*process.Process{c.apiServer, c.etcd} {
		if program != nil {
			program.Kill() // an API server waits for its clients, and nobody reads etcd's data again
		}
	}
}

func stop(program *process.Process) {
	if program != nil {
		program.Stop(stopGrace)
	}
}

// Kubeconfig is the file with which anybody may do everything.
func (c *Cluster) Kubeconfig() string { return filepath.Join(c.folder, "kubeconfig") }

// KubectlPath is the program that Kubectl runs.
func (c *Cluster) KubectlPath() string { return c.parts.Kubectl }

// Logs is the folder with one NAME.log for each program.
func (c *Cluster) Logs() string { return filepath.Join(c.folder, "logs") }

func (c *Cluster) logFile(program string) string { return filepath.Join(c.Logs(), program+".log") }

// Config is for clients who may do everything, as fast as they can.
func (c *Cluster) Config() *rest.Config {
	return &rest.Config{
		Host: c.server(),
		TLSClientConfig: rest.TLSClientConfig{
			CAFile: c.pki.crt(authority), CertFile: c.pki.crt(adminCert), KeyFile: c.pki.key(adminCert),
		},
		QPS: -1, // no limit
	}
}

func (c *Cluster) server() string { return "https://" + loopback.Address(c.ports.api) }

// prepare makes everything that is there before anything starts.
func (c *Cluster) prepare() error {
	free, err := loopback.Ports(9)
	if err != nil {
		return err
	}
	c.ports = ports{free[0], free[1], free[2], free[3], free[4], free[5], free[6], free[7], free[8]}
	if c.pki, err = newPKI(filepath.Join(c.folder, "pki")); err != nil {
		return err
	}
	const name = "e2e"
	config := clientcmdapi.NewConfig()
	config.Clusters[name] = &clientcmdapi.Cluster{Server: c.server(), CertificateAuthority: c.pki.crt(authority)}
	config.AuthInfos[name] = &clientcmdapi.AuthInfo{ClientCertificate: c.pki.crt(adminCert), ClientKey: c.pki.key(adminCert)}
	config.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name}
	config.CurrentContext = name
	if err := clientcmd.WriteToFile(*config, c.Kubeconfig()); err != nil {
		return fmt.Errorf("write the kubeconfig: %w", err)
	}
	return nil
}
