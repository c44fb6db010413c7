package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/lagwise/lagwise/internal/config"
	pb "github.com/lagwise/lagwise/proto/externalscaler"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/test/process"
)

// served is lagwise as a process, and somebody who keeps it from ending: with a call that has begun and sends no request.
type served struct {
	*process.Process
	client pb.ExternalScalerClient
	http   string
}

func serveProcess(t *testing.T) *served {
	t.Helper()
	folder := t.TempDir()
	path := filepath.Join(folder, "lagwise")
	if said, err := exec.CommandContext(t.Context(), "go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	addresses := map[string]chan string{"lagwise answers KEDA": make(chan string, 1), "health": make(chan string, 1)}
	started, err := process.Start(process.Program{
		Path: path, Args: []string{"serve", "--listen=127.0.0.1:0", "--http.listen=", "--health.listen=127.0.0.1:0", "--page.listen=", "--logFormat=json"},
		Log: filepath.Join(folder, "log"),
		Ready: func(text string) bool {
			var line struct{ Msg, Address string }
			if json.Unmarshal([]byte(text), &line) == nil && addresses[line.Msg] != nil {
				addresses[line.Msg] <- line.Address
			}
			return line.Msg == "health"
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(started.Kill)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := started.AwaitReady(ctx); err != nil {
		t.Fatal(err)
	}
	connection, err := grpc.NewClient(<-addresses["lagwise answers KEDA"], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	s := &served{Process: started, client: pb.NewExternalScalerClient(connection), http: "http://" + <-addresses["health"]}
	s.awaitReadiness(t, http.StatusOK)
	half := &grpc.StreamDesc{ClientStreams: true}
	if _, err := connection.NewStream(t.Context(), half, pb.ExternalScaler_IsActive_FullMethodName); err != nil {
		t.Fatal(err)
	}
	if _, err := s.client.GetMetricSpec(t.Context(), unreachable()); err != nil { // so the half call has arrived before
		t.Fatal(err)
	}
	return s
}

func unreachable() *pb.ScaledObjectRef {
	return &pb.ScaledObjectRef{Namespace: "shop", Name: "orders", ScalerMetadata: map[string]string{
		"bootstrapServers": "127.0.0.1:1", "consumerGroup": "g", "topic": "orders",
	}}
}

func (s *served) awaitReadiness(t *testing.T, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := s.Await(ctx, func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.http+"/readyz", nil)
		if err != nil {
			return err
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		_ = answer.Body.Close()
		if answer.StatusCode != code {
			return fmt.Errorf("/readyz answers %d, want %d", answer.StatusCode, code)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func (s *served) terminate(t *testing.T) {
	t.Helper()
	if err := s.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
}

// At SIGTERM readiness goes first, while the address is still there to tell it; streams end without an error, which KEDA needs; and
// somebody who never finishes a call does not keep the process longer than its time.
func TestOneSignalEndsInTime(t *testing.T) {
	t.Parallel()
	s := serveProcess(t)
	stream, err := s.client.StreamIsActive(t.Context(), unreachable())
	if err != nil {
		t.Fatal(err)
	}
	s.terminate(t)
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("the stream ended with %v, want EOF", err)
	}
	s.awaitReadiness(t, http.StatusServiceUnavailable)
	if _, err := s.client.IsActive(t.Context(), unreachable()); status.Code(err) != codes.Unavailable {
		t.Errorf("a new call is answered with %v, want Unavailable", err)
	}
	select {
	case <-s.Gone():
	case <-time.After(drainTime + time.Second + closeTime + time.Minute): // the last is for a busy machine
		t.Fatal("lagwise waits for the call")
	}
	if err := s.Err(); err != nil {
		t.Errorf("lagwise ended with %v: %s", err, s.Tail())
	}
}

func TestTwoSignalsEndAtOnce(t *testing.T) {
	t.Parallel()
	s := serveProcess(t)
	s.terminate(t)
	s.awaitReadiness(t, http.StatusServiceUnavailable)
	s.terminate(t)
	if code := s.ExitCode(); code != -1 { // 0 were the end of a process that has waited for the call
		t.Errorf("exit code %d, want an end by the signal", code)
	}
}

// A connection to Kafka that never closes, which librdkafka is good for, does not keep the process.
func TestWhatNeverClosesIsLeftBehind(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	stuck := make(chan struct{})
	program, err := assemble(config.Config{}, cluster.Options{}, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	program.closeTime = 50 * time.Millisecond
	var listen net.ListenConfig
	listener, err := listen.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	defer close(stuck)
	if err := program.run(ctx, listener, func(context.Context) error { <-stuck; return nil }); err != nil {
		t.Error(err)
	}
	if !strings.Contains(log.String(), "left behind") {
		t.Errorf("nobody says so: %s", log.String())
	}
}

// Kubernetes kills what is still there after terminationGracePeriodSeconds, in which preStop counts.
func TestKubernetesWaitsLongEnough(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../manifests/base/deployment.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var deployment struct {
		Spec struct {
			Template struct {
				Spec struct {
					Grace      int `yaml:"terminationGracePeriodSeconds"`
					Containers []struct {
						Lifecycle struct {
							PreStop struct{ Sleep struct{ Seconds int } } `yaml:"preStop"`
						}
					}
				}
			}
		}
	}
	if err := yaml.Unmarshal(text, &deployment); err != nil {
		t.Fatal(err)
	}
	pod := deployment.Spec.Template.Spec
	needed := drainTime + time.Second + closeTime + time.Duration(pod.Containers[0].Lifecycle.PreStop.Sleep.Seconds)*time.Second
	if grace := time.Duration(pod.Grace) * time.Second; grace < needed {
		t.Errorf("Kubernetes waits %v, lagwise takes up to %v", grace, needed)
	}
}
