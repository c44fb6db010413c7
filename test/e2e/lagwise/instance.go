// Package lagwise runs the product as users do: its own binary, its own process.
package lagwise

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
	"github.com/lagwise/lagwise/test/loopback"
	"github.com/lagwise/lagwise/test/process"
)

// Options says what to start. The zero value is lagwise with its own defaults on a free port.
type Options struct {
	// Address is where it listens, such as 127.0.0.2:6000; a free port of 127.0.0.1 when empty.
	Address string
	// Config is its configuration file's content.
	Config string
	// Args are further flags, such as --refreshInterval=1s.
	Args []string
	// Env is added to its environment, as NAME=value.
	Env []string
	// TLS is how Client reaches it; nil for clear text.
	TLS *tls.Config
}

// Instance is one lagwise, running or not. Its methods are for one goroutine at a time, but for Address and Client.
type Instance struct {
	binary     string
	options    Options
	folder     string
	process    *process.Process
	connection *grpc.ClientConn

	// Client asks it as KEDA does, in all its lives.
	Client pb.ExternalScalerClient
}

const (
	// startTimeout is many times what a start takes.
	startTimeout = 30 * time.Second
	// stopGrace is what Kubernetes gives a pod by default.
	stopGrace = 30 * time.Second
)

// Build builds lagwise from the repository at root into a file, with the versions of its own go.mod.
func Build(ctx context.Context, root, into string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", into, "./cmd/lagwise") //nolint:gosec // a path of the tests
	cmd.Dir = root
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build lagwise: %w\n%s", err, said)
	}
	return nil
}

// Start starts the binary and returns once it serves. Folder takes its configuration and its log.
func Start(ctx context.Context, binary, folder string, options Options) (*Instance, error) {
	if options.Address == "" {
		free, err := loopback.Ports(1)
		if err != nil {
			return nil, fmt.Errorf("start lagwise: %w", err)
		}
		options.Address = loopback.Address(free[0])
	}
	transport := insecure.NewCredentials()
	if options.TLS != nil {
		transport = credentials.NewTLS(options.TLS)
	}
	connection, err := grpc.NewClient("passthrough:///"+options.Address, grpc.WithTransportCredentials(transport))
	if err != nil {
		return nil, fmt.Errorf("make a client of lagwise: %w", err)
	}
	i := &Instance{binary: binary, options: options, folder: folder, connection: connection, Client: pb.NewExternalScalerClient(connection)}
	if err := i.Restart(ctx); err != nil {
		return nil, errors.Join(err, i.Close())
	}
	return i, nil
}

// Restart starts it again on the same address, after Stop or Kill, and returns once it serves.
func (i *Instance) Restart(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := os.MkdirAll(i.folder, 0o750); err != nil {
		return fmt.Errorf("make lagwise's folder: %w", err)
	}
	config := filepath.Join(i.folder, "lagwise.yaml")
	if err := os.WriteFile(config, []byte(i.options.Config), 0o600); err != nil {
		return fmt.Errorf("write lagwise's configuration: %w", err)
	}
	started, err := process.Start(process.Program{
		Path: i.binary,
		Args: append([]string{
			"serve", "--config", config, "--listen", i.options.Address, "--http.listen=", "--health.listen=",
			"--allowedBrokers=127.*",
		}, i.options.Args...),
		Env: i.options.Env,
		Log: i.LogFile(),
	})
	if err != nil {
		return fmt.Errorf("start lagwise: %w", err)
	}
	i.process = started
	health := grpc_health_v1.NewHealthClient(i.connection)
	return started.Await(ctx, func(ctx context.Context) error {
		// The connection remembers for seconds that nobody was there before.
		i.connection.ResetConnectBackoff()
		answer, err := health.Check(ctx, &grpc_health_v1.HealthCheckRequest{})
		if err != nil {
			return fmt.Errorf("ask lagwise for its health: %w", err)
		}
		if answer.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
			return fmt.Errorf("lagwise says that it is %s", answer.GetStatus())
		}
		return nil
	})
}

// Stop ends it as Kubernetes does (SIGTERM, then time to end), and returns when it is gone.
func (i *Instance) Stop() {
	if i.process != nil {
		i.process.Stop(stopGrace)
	}
}

// Kill ends it as a crash would (SIGKILL), and returns when it is gone.
func (i *Instance) Kill() {
	if i.process != nil {
		i.process.Kill()
	}
}

// Close stops it for good.
func (i *Instance) Close() error {
	i.Stop()
	if err := i.connection.Close(); err != nil {
		return fmt.Errorf("close the client of lagwise: %w", err)
	}
	return nil
}

// Address is where it listens: what a trigger names as scalerAddress.
func (i *Instance) Address() string { return i.options.Address }

// LogFile holds what it has logged over all its lives.
func (i *Instance) LogFile() string { return filepath.Join(i.folder, "lagwise.log") }

// PID is the process id of its present life.
func (i *Instance) PID() int { return i.process.PID() }

// Explain runs "lagwise explain" of the same binary on a manifest, and gives what it prints.
func (i *Instance) Explain(ctx context.Context, manifest []byte, args ...string) ([]byte, error) {
	return i.Command(ctx, manifest, append([]string{"explain", "-"}, args...)...)
}

// Command runs a sub-command of the same binary on an input, and gives what it prints. The error holds what it says beside that.
func (i *Instance) Command(ctx context.Context, input []byte, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, i.binary, args...) //nolint:gosec // the product
	cmd.Stdin = bytes.NewReader(input)
	said, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("lagwise %s: %w\n%s", args[0], err, said)
	}
	return said, nil
}
