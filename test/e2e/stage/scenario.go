package stage

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/lagwise/lagwise/test/e2e/cluster"
	"github.com/lagwise/lagwise/test/e2e/lagwise"
)

// Scenario is one test's part of the stage. Whatever fails in its methods fails the test. When the test ends, everything
// that was made in its namespace is deleted; what a failed test saw is kept before, and the test says where.
type Scenario struct {
	// Kafka is what Apply writes as bootstrapServers, and what Topic, Produce and Commit talk to. OwnKafka replaces it.
	Kafka *Kafka
	// Lagwise answers this scenario's triggers. OwnLagwise replaces it.
	Lagwise *lagwise.Instance
	// ScalerAddress is what Apply writes as scalerAddress; Lagwise's address when empty.
	ScalerAddress string

	Cluster   *cluster.Cluster
	Client    kubernetes.Interface
	Objects   dynamic.Interface
	Namespace string

	t        *testing.T
	stage    *Stage
	replicas *replicasOfAll
	closers  []func() error // of what is the scenario's own
}

// Patience is how long anything may take that KEDA does at its next poll or the HPA at its next sync: tests wait so long
// only to fail.
const Patience = 90 * time.Second

// Scenario begins a scenario in a namespace of its own.
func (s *Stage) Scenario(t *testing.T) *Scenario {
	t.Helper()
	c := &Scenario{
		Kafka: s.Kafka, Lagwise: s.Lagwise, Cluster: s.Cluster, Client: s.client, Objects: s.objects,
		Namespace: namespaceOf(t), t: t, stage: s,
	}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: c.Namespace}}
	if _, err := c.Client.CoreV1().Namespaces().Create(t.Context(), namespace, metav1.CreateOptions{}); err != nil {
		t.Fatalf("make the namespace: %v", err)
	}
	c.watchReplicas()
	t.Cleanup(c.end)
	return c
}

// namespaceOf tells whose a namespace is.
func namespaceOf(t *testing.T) string {
	t.Helper()
	const longest = 40
	words := strings.ToLower(regexp.MustCompile(`[^A-Za-z0-9]+`).ReplaceAllString(strings.TrimPrefix(t.Name(), "Test"), "-"))
	return fmt.Sprintf("%s-%04x", words[:min(len(words), longest)], rand.IntN(1<<16)) //nolint:gosec // no secret
}

// end keeps what a failed test saw, and deletes what the scenario made.
func (s *Scenario) end() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.t.Context()), time.Minute)
	defer cancel()
	if s.t.Failed() {
		s.keep(ctx)
	}
	background := metav1.DeletePropagationBackground
	if err := s.Client.CoreV1().Namespaces().Delete(ctx, s.Namespace, metav1.DeleteOptions{PropagationPolicy: &background}); err != nil {
		s.t.Errorf("delete the namespace: %v", err)
	}
	for _, closing := range slices.Backward(s.closers) {
		if err := closing(); err != nil {
			s.t.Error(err)
		}
	}
}

// Fatal fails the test over an error, if there is one.
func (s *Scenario) Fatal(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// Eventually looks ten times a second until there is nothing to complain about, and fails the test with the last complaint
// when that takes longer than within.
func (s *Scenario) Eventually(within time.Duration, complaint func() error) {
	s.t.Helper()
	if err := s.eventually(within, complaint); err != nil {
		s.t.Fatalf("after %s still: %v", within, err)
	}
}

func (s *Scenario) eventually(within time.Duration, complaint func() error) error {
	const glance = 100 * time.Millisecond
	ticker := time.NewTicker(glance)
	defer ticker.Stop()
	deadline := time.Now().Add(within)
	for {
		err := complaint()
		if err == nil {
			return nil
		}
		select {
		case <-ticker.C:
		case <-s.t.Context().Done():
			return err
		}
		if time.Now().After(deadline) {
			return err
		}
	}
}

// Context ends with the test.
func (s *Scenario) Context() context.Context { return s.t.Context() }

// PodLogs is the folder with one POD.log for each pod that ran a process, also for those that are gone.
func (s *Scenario) PodLogs() string { return filepath.Join(s.stage.podLogs(), s.Namespace) }

// Kubectl runs kubectl in the scenario's namespace and returns what it printed.
func (s *Scenario) Kubectl(arguments ...string) string {
	s.t.Helper()
	said, err := s.Cluster.Kubectl(s.t.Context(), "", append([]string{"--namespace", s.Namespace}, arguments...)...)
	s.Fatal(err)
	return said
}

// Figure records a measured value under the test's name: a duration, a number or a text. All figures are printed as one
// table when the run ends.
func (s *Scenario) Figure(what string, value any) {
	s.stage.figures.add(strings.TrimPrefix(s.t.Name(), "Test"), what, value)
}
