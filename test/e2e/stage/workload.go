package stage

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/lagwise/lagwise/test/e2e/usage"
)

// Workload is what a pod's container runs.
type Workload struct {
	Image string
	Args  []string

	cpu string // requested for each pod; none when empty
}

// Pause is a workload that does nothing, at no cost.
func Pause() Workload { return Workload{Image: PauseImage} }

// Consumer is a workload that consumes a topic, as Topic and Group named them. Further arguments are flags of the command
// in test/e2e/consumer, such as "-work=100ms", "-commit=before".
func (s *Scenario) Consumer(topic, group string, arguments ...string) Workload {
	return Workload{Image: ConsumerImage, Args: append([]string{
		"-brokers=" + s.Kafka.Address(), "-topic=" + topic, "-group=" + group,
	}, arguments...)}
}

// Deploy makes a Deployment, asleep at 0 replicas.
func (s *Scenario) Deploy(name string, workload Workload) {
	s.t.Helper()
	s.DeployAt(name, workload, 0)
}

// DeployAt makes a Deployment with so many replicas.
func (s *Scenario) DeployAt(name string, workload Workload, replicas int32) {
	s.t.Helper()
	labels := map[string]string{usage.AppLabel: name}
	container := corev1.Container{Name: name, Image: workload.Image, Args: workload.Args}
	if workload.cpu != "" {
		container.Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(workload.cpu)}
	}
	grace := int64(10) // many times what a consumer takes to leave its group
	s.Put(&appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{
					TerminationGracePeriodSeconds: &grace,
					Containers:                    []corev1.Container{container},
				},
			},
		},
	})
}

// HPA reads the HPA that KEDA made for a ScaledObject.
func (s *Scenario) HPA(scaledObject string) (*autoscalingv2.HorizontalPodAutoscaler, error) {
	hpa, err := s.Client.AutoscalingV2().HorizontalPodAutoscalers(s.Namespace).Get(s.t.Context(), "keda-hpa-"+scaledObject, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("read the HPA of %s: %w", scaledObject, err)
	}
	return hpa, nil
}

// Record is a record that a consumer is done with.
type Record struct {
	At        time.Time
	Pod       string
	Partition int32
	Offset    int64
}

// Records reads what the consumers of all pods, also of those that are gone, have processed so far: by pod, oldest first.
func (s *Scenario) Records() []Record {
	s.t.Helper()
	logs, err := filepath.Glob(filepath.Join(s.PodLogs(), "*.log"))
	s.Fatal(err)
	var all []Record
	for _, log := range logs {
		found, err := readRecords(log)
		s.Fatal(err)
		all = append(all, found...)
	}
	return all
}

func readRecords(log string) ([]Record, error) {
	file, err := os.Open(log) //nolint:gosec // a log of our own
	if err != nil {
		return nil, fmt.Errorf("read a pod's log: %w", err)
	}
	defer func() { _ = file.Close() }() // nothing was written
	var records []Record
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) != 4 || fields[0] != "processed" {
			continue
		}
		at, err1 := time.Parse(time.RFC3339Nano, fields[1])
		partition, err2 := strconv.ParseInt(fields[2], 10, 32)
		offset, err3 := strconv.ParseInt(fields[3], 10, 64)
		if err1 != nil || err2 != nil || err3 != nil {
			return nil, fmt.Errorf("read a pod's log: strange line %q", lines.Text())
		}
		pod := strings.TrimSuffix(filepath.Base(log), ".log")
		records = append(records, Record{At: at, Pod: pod, Partition: int32(partition), Offset: offset})
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read a pod's log: %w", err)
	}
	return records, nil
}
