// Package stage puts everything on one machine that a scenario needs: Kubernetes, KEDA, Kafka, lagwise, and real consumers
// in pods. A Stage is shared by all scenarios of a run; a Scenario has its own namespace, topics and groups on it.
package stage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/lagwise/lagwise/test/e2e/cluster"
	"github.com/lagwise/lagwise/test/e2e/kubelet"
	"github.com/lagwise/lagwise/test/e2e/lagwise"
	"github.com/lagwise/lagwise/test/e2e/parts"
	"github.com/lagwise/lagwise/test/e2e/usage"
	"github.com/lagwise/lagwise/test/realkafka"
)

// Images that a pod may name.
const (
	// PauseImage is no process at all: Running and Ready until its pod is deleted.
	PauseImage = "pause"
	// ConsumerImage is a member of a Kafka consumer group; see the command in test/e2e/consumer.
	ConsumerImage = "consumer"
)

// Stage is everything that runs. Its parts are shared: who disturbs one of them must be alone, or use another.
type Stage struct {
	Cluster *cluster.Cluster
	// Kafka is the broker of all scenarios that do not start one of their own.
	Kafka *Kafka
	// Lagwise has its own defaults, and a connection "prod" to Kafka.
	Lagwise *lagwise.Instance
	// KEDA is KEDA's version, such as 2.21.0.
	KEDA string

	client  kubernetes.Interface
	objects dynamic.Interface
	folder  string // of this run
	keep    string // of what outlives it
	root    string // of the repository
	figures figures
	kubelet running
	usage   *usage.Server
	stopped sync.Once

	mu  sync.Mutex
	own []func() error // ends of what scenarios started for themselves
}

// running is a goroutine with an end.
type running struct {
	stop context.CancelFunc
	gone chan struct{}
}

// Start starts everything, which takes half a minute, and returns when it works. The parts are found by the environment
// that "make e2e" sets.
func Start(ctx context.Context) (*Stage, error) {
	began := time.Now()
	found, err := parts.Find()
	if err != nil {
		return nil, fmt.Errorf("start the stage: %w", err)
	}
	folder, err := os.MkdirTemp("", "lagwise-e2e-")
	if err != nil {
		return nil, fmt.Errorf("start the stage: %w", err)
	}
	// Other temporary folders lie in this one, and so go with it: an interrupted test does not remove its own.
	if err := os.Setenv("TMPDIR", folder); err != nil {
		return nil, fmt.Errorf("start the stage: %w", err)
	}
	s := &Stage{KEDA: found.KEDA, folder: folder, keep: found.Folder()}
	if err := s.start(ctx, found); err != nil {
		s.Stop()
		return nil, fmt.Errorf("start the stage: %w", err)
	}
	s.figures.add("the stage", "start of everything", time.Since(began))
	return s, nil
}

func (s *Stage) start(ctx context.Context, found parts.Parts) error {
	var err error
	if s.root, err = findRoot(ctx); err != nil {
		return err
	}
	var all errgroup.Group
	all.Go(func() (err error) {
		s.Cluster, err = cluster.Start(ctx, found, s.file("cluster"))
		return err
	})
	all.Go(func() (err error) { s.Kafka, err = startKafka(ctx, realkafka.Options{}); return err })
	all.Go(func() error { return s.buildPrograms(ctx) })
	if err := all.Wait(); err != nil {
		return err //nolint:wrapcheck // wrapped where they were made
	}
	if s.Lagwise, err = lagwise.Start(ctx, s.file("lagwise"), s.file("shared"), lagwise.Options{Config: ConnectionTo(s.Kafka)}); err != nil {
		return err
	}
	if err := s.startKubelet(ctx); err != nil {
		return err
	}
	return s.serveUsage(ctx)
}

// ConnectionTo is a configuration of lagwise that names the broker "prod", as the examples do.
func ConnectionTo(kafka *Kafka) string {
	return fmt.Sprintf("connections: [{name: prod, bootstrapServers: [%q]}]\n", kafka.Address())
}

func (s *Stage) buildPrograms(ctx context.Context) error {
	if err := lagwise.Build(ctx, s.root, s.file("lagwise")); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-o", s.file("consumer"), "./consumer") //nolint:gosec // a path of our own
	cmd.Dir = filepath.Join(s.root, "test", "e2e")
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the consumer: %w\n%s", err, said)
	}
	return nil
}

func (s *Stage) startKubelet(ctx context.Context) (err error) {
	if s.client, err = kubernetes.NewForConfig(s.Cluster.Config()); err != nil {
		return fmt.Errorf("make a client: %w", err)
	}
	if s.objects, err = dynamic.NewForConfig(s.Cluster.Config()); err != nil {
		return fmt.Errorf("make a client: %w", err)
	}
	images := map[string]kubelet.Image{PauseImage: {}, ConsumerImage: {Path: s.file("consumer")}}
	pods := kubelet.New(s.client, images, s.podLogs(), func(text string) { fmt.Fprintln(os.Stderr, "kubelet:", text) })
	ctx, s.kubelet.stop = context.WithCancel(context.WithoutCancel(ctx))
	s.kubelet.gone = make(chan struct{})
	go func() {
		defer close(s.kubelet.gone)
		if err := pods.Run(ctx); err != nil {
			fmt.Fprintln(os.Stderr, "kubelet:", err)
		}
	}()
	return nil
}

// closing returns an end that happens once: when its scenario ends, or when the stage is stopped under it.
func (s *Stage) closing(end func() error) func() error {
	once := sync.OnceValue(end)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.own = append(s.own, once)
	return once
}

// closeOwn ends what interrupted scenarios have left.
func (s *Stage) closeOwn() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, end := range slices.Backward(s.own) {
		errs = append(errs, end())
	}
	return errors.Join(errs...)
}

// Stop ends everything, and returns when it is gone. It may be called twice, and from any goroutine.
func (s *Stage) Stop() {
	s.stopped.Do(func() {
		if s.kubelet.stop != nil {
			s.kubelet.stop()
			<-s.kubelet.gone
		}
		if s.Cluster != nil {
			s.Cluster.Stop()
		}
		if s.usage != nil {
			s.usage.Close()
		}
		errs := []error{s.closeOwn()}
		if s.Lagwise != nil {
			errs = append(errs, s.Lagwise.Close())
		}
		if s.Kafka != nil {
			errs = append(errs, s.Kafka.close())
		}
		if err := errors.Join(append(errs, os.RemoveAll(s.folder))...); err != nil {
			fmt.Fprintln(os.Stderr, "stop the stage:", err)
		}
	})
}

func (s *Stage) file(name string) string { return filepath.Join(s.folder, name) }

func (s *Stage) podLogs() string { return s.file("pods") }

// findRoot asks Go where this module lies, and so where the repository begins.
func findRoot(ctx context.Context) (string, error) {
	said, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("find the repository: %w", err)
	}
	return filepath.Join(strings.TrimSpace(string(said)), "..", ".."), nil
}
