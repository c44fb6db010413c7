package cluster

import (
	"context"
	"fmt"
	"net"
	"path/filepath"

	"k8s.io/client-go/kubernetes"

	"github.com/lagwise/lagwise/test/loopback"
	"github.com/lagwise/lagwise/test/process"
)

// serviceRange is where Services would get their addresses from; nothing listens there.
var serviceRange = struct{ all, first string }{"10.0.0.0/24", "10.0.0.1"} //nolint:gochecknoglobals // a constant, were structs allowed to be

func (c *Cluster) startEtcd(ctx context.Context) error {
	clients, peers := "http://"+loopback.Address(c.ports.etcd), "http://"+loopback.Address(c.ports.etcdPeers)
	etcd, err := process.Start(process.Program{
		Path: "etcd",
		Args: []string{
			"--data-dir=" + filepath.Join(c.folder, "etcd"),
			"--listen-client-urls=" + clients, "--advertise-client-urls=" + clients,
			"--listen-peer-urls=" + peers, "--initial-advertise-peer-urls=" + peers, "--initial-cluster=default=" + peers,
			"--unsafe-no-fsync", // nobody reads it again
		},
		Log: c.logFile("etcd"),
	})
	if err != nil {
		return err
	}
	c.etcd = etcd
	return etcd.Await(ctx, func(ctx context.Context) error { return reach(ctx, loopback.Address(c.ports.etcd)) })
}

func (c *Cluster) startAPIServer(ctx context.Context) error {
	server, err := process.Start(process.Program{
		Path: c.parts.APIServer,
		Args: []string{
			"--etcd-servers=http://" + loopback.Address(c.ports.etcd),
			"--bind-address=" + loopback.Host, fmt.Sprintf("--secure-port=%d", c.ports.api),
			"--advertise-address=10.255.255.254", // loopback is refused here, and nobody asks for it
			"--service-cluster-ip-range=" + serviceRange.all,
			"--tls-cert-file=" + c.pki.crt(apiCert), "--tls-private-key-file=" + c.pki.key(apiCert),
			"--client-ca-file=" + c.pki.crt(authority), "--authorization-mode=RBAC",
			"--service-account-issuer=https://kubernetes.default.svc",
			"--service-account-key-file=" + c.pki.crt(accountCert), "--service-account-signing-key-file=" + c.pki.key(accountCert),
			// Without service accounts pods need no tokens.
			"--disable-admission-plugins=ServiceAccount",
			// How it tells KEDA's metrics adapter on whose behalf it asks.
			"--requestheader-client-ca-file=" + c.pki.crt(authority), "--requestheader-allowed-names=" + proxyCert,
			"--proxy-client-cert-file=" + c.pki.crt(proxyCert), "--proxy-client-key-file=" + c.pki.key(proxyCert),
			"--requestheader-extra-headers-prefix=X-Remote-Extra-",
			"--requestheader-group-headers=X-Remote-Group", "--requestheader-username-headers=X-Remote-User",
		},
		Log: c.logFile("kube-apiserver"),
	})
	if err != nil {
		return err
	}
	c.apiServer = server
	client, err := kubernetes.NewForConfig(c.Config())
	if err != nil {
		return fmt.Errorf("make a client: %w", err)
	}
	return server.Await(ctx, func(ctx context.Context) error {
		return client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
	})
}

func (c *Cluster) startControllers(ctx context.Context) error {
	controllers, err := process.Start(process.Program{
		Path: c.parts.ControllerManager,
		Args: []string{
			"--kubeconfig=" + c.Kubeconfig(),
			"--authentication-kubeconfig=" + c.Kubeconfig(), "--authorization-kubeconfig=" + c.Kubeconfig(),
			"--bind-address=" + loopback.Host, fmt.Sprintf("--secure-port=%d", c.ports.controllers),
			"--service-account-private-key-file=" + c.pki.key(accountCert), "--root-ca-file=" + c.pki.crt(authority),
			"--leader-elect=false", "--use-service-account-credentials=false",
			"--controllers=deployment-controller,replicaset-controller,job-controller,horizontal-pod-autoscaler-controller," +
				"namespace-controller,serviceaccount-controller,garbage-collector-controller",
			"--kube-api-qps=500", "--kube-api-burst=1000",
			// 15 s and 5 min by default: nothing but patience depends on them.
			"--horizontal-pod-autoscaler-sync-period=1s", "--horizontal-pod-autoscaler-downscale-stabilization=5s",
			// 5 by default, which hundreds of scenarios' HPAs that are being deleted keep busy for half a minute.
			"--concurrent-horizontal-pod-autoscaler-syncs=20",
		},
		Log: c.logFile("kube-controller-manager"),
	})
	if err != nil {
		return err
	}
	c.controllers = controllers
	return controllers.Await(ctx, func(ctx context.Context) error { return reach(ctx, loopback.Address(c.ports.controllers)) })
}

// reach connects once.
func reach(ctx context.Context, address string) error {
	connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("reach %s: %w", address, err)
	}
	return connection.Close() //nolint:wrapcheck // never fails before anything was written
}
