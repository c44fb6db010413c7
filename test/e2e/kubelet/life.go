package kubelet

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/lagwise/lagwise/test/process"
)

// restartDelay keeps a program that fails at once from taking the machine; kubelets start with ten seconds.
const restartDelay = time.Second

// life is a pod from the moment it is seen until it is gone.
type life struct {
	kubelet *Kubelet
	pod     *corev1.Pod
	report  *report

	ended   sync.Once
	ending  chan struct{} // closed when the pod is to be deleted, after grace is set
	grace   time.Duration
	vanishe sync.Once
	gone    chan struct{} // closed when the pod is not there any more
}

func newLife(kubelet *Kubelet, pod *corev1.Pod) *life {
	return &life{
		kubelet: kubelet, pod: pod, report: newReport(kubelet.client, pod),
		ending: make(chan struct{}), gone: make(chan struct{}),
	}
}

// end has the program end, in order.
func (l *life) end(pod *corev1.Pod) {
	l.ended.Do(func() {
		if seconds := pod.DeletionGracePeriodSeconds; seconds != nil {
			l.grace = time.Duration(*seconds) * time.Second
		}
		close(l.ending)
	})
}

// vanish has the program killed.
func (l *life) vanish() { l.vanishe.Do(func() { close(l.gone) }) }

// live runs the pod until it is finished, deleted or gone, or ctx ends.
func (l *life) live(ctx context.Context) {
	if err := l.run(ctx); err != nil && ctx.Err() == nil && !l.isGone() {
		l.kubelet.note(fmt.Sprintf("pod %s/%s: %v", l.pod.Namespace, l.pod.Name, err))
	}
}

func (l *life) run(ctx context.Context) error {
	if err := l.report.bind(ctx); err != nil {
		return err
	}
	container := l.pod.Spec.Containers[0]
	image, known := l.kubelet.images[container.Image]
	if !known {
		if err := l.report.waiting(ctx, "ErrImageNeverPull", "no program stands for the image "+container.Image); err != nil {
			return err
		}
		return l.awaitEnd(ctx)
	}
	if image.Path == "" {
		if err := l.report.running(ctx, true); err != nil {
			return err
		}
		return l.awaitEnd(ctx)
	}
	return l.runProgram(ctx, image, container)
}

// awaitEnd waits for the deletion of a pod without a process.
func (l *life) awaitEnd(ctx context.Context) error {
	select {
	case <-l.ending:
		return l.report.remove(ctx, 0)
	case <-l.gone:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// runProgram runs the program again and again, as the pod's restart policy says.
func (l *life) runProgram(ctx context.Context, image Image, container corev1.Container) error {
	for {
		code, deleted, err := l.runOnce(ctx, image, container)
		if err != nil || l.isGone() {
			return err
		}
		if deleted {
			return l.report.remove(ctx, code)
		}
		policy := l.pod.Spec.RestartPolicy
		if policy == corev1.RestartPolicyNever || (policy == corev1.RestartPolicyOnFailure && code == 0) {
			return l.report.finished(ctx, code)
		}
		if err := l.report.restarting(ctx, code); err != nil {
			return err
		}
		if deleted, err := l.pause(ctx); err != nil || deleted {
			return err
		}
	}
}

// pause lies between two starts of the program; the pod may be deleted meanwhile.
func (l *life) pause(ctx context.Context) (deleted bool, err error) {
	delay := time.NewTimer(restartDelay)
	defer delay.Stop()
	select {
	case <-delay.C:
		return false, nil
	case <-l.ending:
		return true, l.report.remove(ctx, 0)
	case <-l.gone:
		return true, nil
	case <-ctx.Done():
		return true, ctx.Err()
	}
}

// runOnce runs the program until it ends, for whatever reason.
func (l *life) runOnce(ctx context.Context, image Image, container corev1.Container) (code int, deleted bool, err error) {
	program, err := l.start(image, container)
	if err != nil {
		return 0, false, err
	}
	if err := l.report.running(ctx, false); err != nil {
		program.Kill()
		return 0, false, err
	}
	for ready := program.Ready(); ; {
		select {
		case <-ready:
			ready = nil // it is told once
			if err := l.report.running(ctx, true); err != nil {
				program.Kill()
				return 0, false, err
			}
		case <-program.Gone():
			return program.ExitCode(), false, nil
		case <-l.ending:
			program.Stop(l.grace)
			return program.ExitCode(), true, nil
		case <-l.gone:
			program.Kill()
			return program.ExitCode(), true, nil
		case <-ctx.Done():
			program.Kill()
			return 0, false, ctx.Err()
		}
	}
}

func (l *life) start(image Image, container corev1.Container) (*process.Process, error) {
	environment, err := l.environment(container)
	if err != nil {
		return nil, err
	}
	folder := filepath.Join(l.kubelet.logs, l.pod.Namespace)
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return nil, fmt.Errorf("make the folder of pod logs: %w", err)
	}
	arguments := container.Args
	if len(arguments) == 0 || len(container.Command) > 0 {
		arguments = image.Args
	}
	started, err := process.Start(process.Program{
		Path: image.Path, Args: arguments, Env: environment, Log: filepath.Join(folder, l.pod.Name+".log"),
		Ready: func(line string) bool { return line == ReadyLine },
	})
	if err != nil {
		return nil, fmt.Errorf("start the container: %w", err)
	}
	return started, nil
}

// environment is the container's, with the pod's name as every pod has it.
func (l *life) environment(container corev1.Container) ([]string, error) {
	environment := []string{"HOSTNAME=" + l.pod.Name}
	for _, variable := range container.Env {
		if variable.ValueFrom != nil {
			return nil, fmt.Errorf("variable %s has a valueFrom, which is not understood here", variable.Name)
		}
		environment = append(environment, variable.Name+"="+variable.Value)
	}
	return environment, nil
}

func (l *life) isGone() bool {
	select {
	case <-l.gone:
		return true
	default:
		return false
	}
}
