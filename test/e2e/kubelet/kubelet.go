// Package kubelet stands in for all nodes and their scheduler: it runs the first container of every Pod as a process of
// this machine, or as no process at all.
//
// It does what a kubelet does as far as Deployments, Jobs and KEDA can see: a pod is bound, Running, Ready once its program
// says so, restarted or finished when the program ends, and on deletion asked to end (SIGTERM), killed after its grace
// period, and removed. A container's image is only a name for one of the programs that it was given; a container's own
// command is not run. Probes, volumes, init containers and resources are ignored.
package kubelet

import (
	"context"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// Image is what a container runs.
type Image struct {
	// Path is the program. Without one there is no process: the container is Running and Ready until its pod is deleted.
	Path string
	// Args are used when the container has none of its own, or has a command, which is not run.
	Args []string
}

// ReadyLine is the line of its standard output by which a program says that it is ready.
const ReadyLine = "ready"

// Kubelet runs pods.
type Kubelet struct {
	client kubernetes.Interface
	images map[string]Image
	logs   string
	note   func(text string)

	mu    sync.Mutex
	lives map[types.UID]*life
	all   sync.WaitGroup
}

// New returns a kubelet that runs these images, by name. Each pod's output is appended to LOGS/NAMESPACE/POD.log. What goes
// wrong beside that is handed to note.
func New(client kubernetes.Interface, images map[string]Image, logs string, note func(text string)) *Kubelet {
	return &Kubelet{client: client, images: images, logs: logs, note: note, lives: map[types.UID]*life{}}
}

// Run runs pods until ctx ends, kills what still runs, and returns.
func (k *Kubelet) Run(ctx context.Context) error {
	factory := informers.NewSharedInformerFactory(k.client, 0)
	pods := factory.Core().V1().Pods().Informer()
	if _, err := pods.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { k.see(ctx, object) },
		UpdateFunc: func(_, object any) { k.see(ctx, object) },
		DeleteFunc: k.forget,
	}); err != nil {
		return fmt.Errorf("watch pods: %w", err)
	}
	factory.Start(ctx.Done())
	<-ctx.Done()
	factory.Shutdown()
	k.all.Wait()
	return nil
}

// see begins a pod's life, or tells it of its end.
func (k *Kubelet) see(ctx context.Context, object any) {
	pod, isPod := object.(*corev1.Pod)
	if !isPod || isOver(pod) {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	running, known := k.lives[pod.UID]
	if !known {
		running = newLife(k, pod)
		k.lives[pod.UID] = running
		k.all.Go(func() { running.live(ctx) })
	}
	if pod.DeletionTimestamp != nil {
		running.end(pod)
	}
}

// forget ends a pod that was removed without asking its kubelet.
func (k *Kubelet) forget(object any) {
	if last, isLast := object.(cache.DeletedFinalStateUnknown); isLast {
		object = last.Obj
	}
	pod, isPod := object.(*corev1.Pod)
	if !isPod {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if running, known := k.lives[pod.UID]; known {
		running.vanish()
		delete(k.lives, pod.UID)
	}
}

func isOver(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}
