package kubelet

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
)

const nodeName = "this-machine"

// report writes a pod's state into its status.
type report struct {
	pods      typedcorev1.PodInterface
	pod       *corev1.Pod
	started   metav1.Time
	restarted int32
}

func newReport(client kubernetes.Interface, pod *corev1.Pod) *report {
	return &report{pods: client.CoreV1().Pods(pod.Namespace), pod: pod, started: metav1.Now()}
}

// bind is what a scheduler does. The API server removes a pod without a node at once, whatever its grace period.
func (r *report) bind(ctx context.Context) error {
	if r.pod.Spec.NodeName != "" {
		return nil
	}
	err := r.pods.Bind(ctx, &corev1.Binding{
		ObjectMeta: metav1.ObjectMeta{Name: r.pod.Name, UID: r.pod.UID},
		Target:     corev1.ObjectReference{Kind: "Node", Name: nodeName},
	}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("bind: %w", err)
	}
	return nil
}

func (r *report) running(ctx context.Context, ready bool) error {
	return r.write(ctx, corev1.PodRunning, ready, corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: r.started}})
}

func (r *report) waiting(ctx context.Context, reason, message string) error {
	return r.write(ctx, corev1.PodPending, false, corev1.ContainerState{
		Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message},
	})
}

func (r *report) restarting(ctx context.Context, code int) error {
	r.restarted++
	err := r.waitingAgain(ctx, code)
	r.started = metav1.NewTime(time.Now().Add(restartDelay))
	return err
}

func (r *report) waitingAgain(ctx context.Context, code int) error {
	return r.write(ctx, corev1.PodRunning, false, corev1.ContainerState{
		Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff", Message: fmt.Sprintf("ended with code %d", code)},
	})
}

// finished is the end of a pod that is not restarted.
func (r *report) finished(ctx context.Context, code int) error {
	phase, reason := corev1.PodSucceeded, "Completed"
	if code != 0 {
		phase, reason = corev1.PodFailed, "Error"
	}
	return r.write(ctx, phase, false, corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
		ExitCode: int32(code), Reason: reason, StartedAt: r.started, FinishedAt: metav1.Now(), //nolint:gosec // an exit code is a byte, or -1
	}})
}

// remove is the end of a pod that was deleted: it is finished, and then not there any more.
func (r *report) remove(ctx context.Context, code int) error {
	if err := r.finished(ctx, code); err != nil {
		return err
	}
	err := r.pods.Delete(ctx, r.pod.Name, metav1.DeleteOptions{
		GracePeriodSeconds: new(int64), Preconditions: metav1.NewUIDPreconditions(string(r.pod.UID)),
	})
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		return fmt.Errorf("remove: %w", err)
	}
	return nil
}

// write patches the whole status; a pod that is not there any more needs none.
func (r *report) write(ctx context.Context, phase corev1.PodPhase, ready bool, state corev1.ContainerState) error {
	container := r.pod.Spec.Containers[0]
	readiness := corev1.ConditionFalse
	if ready {
		readiness = corev1.ConditionTrue
	}
	now := metav1.Now()
	status := corev1.PodStatus{
		Phase:     phase,
		StartTime: &r.started,
		PodIP:     "127.0.0.1", PodIPs: []corev1.PodIP{{IP: "127.0.0.1"}},
		Conditions: []corev1.PodCondition{
			{Type: corev1.PodInitialized, Status: corev1.ConditionTrue, LastTransitionTime: r.started},
			{Type: corev1.ContainersReady, Status: readiness, LastTransitionTime: now},
			{Type: corev1.PodReady, Status: readiness, LastTransitionTime: now},
		},
		ContainerStatuses: []corev1.ContainerStatus{{
			Name: container.Name, Image: container.Image, ImageID: container.Image, ContainerID: "process://" + r.pod.Name,
			Ready: ready, Started: &ready, RestartCount: r.restarted, State: state,
		}},
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"uid": r.pod.UID}, "status": status})
	if err != nil {
		return fmt.Errorf("write status: %w", err)
	}
	_, err = r.pods.Patch(ctx, r.pod.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		return fmt.Errorf("write status: %w", err)
	}
	return nil
}
