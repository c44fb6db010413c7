package e2e_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/lagwise/lagwise/test/e2e/stage"
)

// The scenarios believe what the stand-in for nodes does with pods, so that is shown first: a Job's consumer drains its
// topic and completes, one that fails is counted as failed.
func TestJobsEndAsTheirProgramsDo(t *testing.T) {
	t.Parallel()
	s := shared.Scenario(t)
	topic, group := s.Topic("work", 2), s.Group("work")
	s.Produce(topic, 0, 3)
	s.Produce(topic, 1, 3)
	startJob(s, "drains", s.Consumer(topic, group, "-exit-when-drained=10s"))
	startJob(s, "fails", s.Consumer(topic, group, "-commit=never"))

	s.Eventually(stage.Patience, func() error {
		drains, fails := job(s, "drains"), job(s, "fails")
		if drains.Status.Succeeded != 1 || fails.Status.Failed != 1 {
			return fmt.Errorf("want one success and one failure, got %+v and %+v", drains.Status, fails.Status)
		}
		return nil
	})
	if records := s.Records(); len(records) != 6 {
		t.Errorf("want every record processed once, got %v", records)
	}
}

// Pods of a Deployment are Ready when their consumers have joined their group, consumers that are told to go leave it in
// order, and one that dies is started again.
func TestDeploymentsFollowTheirConsumers(t *testing.T) {
	t.Parallel()
	s := shared.Scenario(t)
	topic, group := s.Topic("work", 2), s.Group("work")
	s.DeployAt("work", s.Consumer(topic, group), 2)
	s.Eventually(stage.Patience, func() error {
		if ready := s.Replicas("work").Now().Ready; ready != 2 {
			return fmt.Errorf("want 2 consumers ready, got %d", ready)
		}
		return nil
	})
	s.Kubectl("scale", "deployment/work", "--replicas=0")
	s.Eventually(stage.Patience, func() error {
		pods, err := s.Client.CoreV1().Pods(s.Namespace).List(s.Context(), metav1.ListOptions{})
		if err != nil {
			return fmt.Errorf("list pods: %w", err)
		}
		if len(pods.Items) > 0 {
			return fmt.Errorf("%d pods are still there", len(pods.Items))
		}
		return nil
	})
	logs, err := filepath.Glob(filepath.Join(s.PodLogs(), "work-*.log"))
	if err != nil || len(logs) != 2 {
		t.Fatalf("want the logs of 2 pods, got %v, %v", logs, err)
	}
	const client = `(?:(?:%|consumer: ).*\n)*` // what librdkafka has to say, in the same log
	orderly := regexp.MustCompile(`\A` + client + `ready\n(?:.*\n)*left\n` + client + `\z`)
	for _, log := range logs {
		text, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		if !orderly.Match(text) {
			t.Errorf("want a consumer that became ready and left its group, got %q", text)
		}
	}

	s.DeployAt("dies", s.Consumer(topic, group, "-commit=never"), 1)
	s.Eventually(stage.Patience, func() error {
		pods, err := s.Client.CoreV1().Pods(s.Namespace).List(s.Context(), metav1.ListOptions{LabelSelector: "app=dies"})
		if err != nil {
			return fmt.Errorf("list pods: %w", err)
		}
		if len(pods.Items) != 1 || len(pods.Items[0].Status.ContainerStatuses) != 1 || pods.Items[0].Status.ContainerStatuses[0].RestartCount == 0 {
			return errors.New("the consumer was not started again")
		}
		return nil
	})
}

func startJob(s *stage.Scenario, name string, workload stage.Workload) {
	never := int32(0)
	s.Put(&batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: batchv1.JobSpec{BackoffLimit: &never, Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
			RestartPolicy: corev1.RestartPolicyNever,
			Containers:    []corev1.Container{{Name: name, Image: workload.Image, Args: workload.Args}},
		}}},
	})
}

func job(s *stage.Scenario, name string) *batchv1.Job {
	found, err := s.Client.BatchV1().Jobs(s.Namespace).Get(s.Context(), name, metav1.GetOptions{})
	s.Fatal(err)
	return found
}
