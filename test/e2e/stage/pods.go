package stage

import (
	"context"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
)

// PodLife is how long a pod's process ran.
type PodLife struct {
	// Name is the pod's, Deployment that of the Deployment it belongs to.
	Name, Deployment string
	// From is when it was seen running, To when it was seen gone; zero while it runs.
	From, To time.Time
}

// Pods is the life of every pod that ran since FollowPods.
type Pods struct {
	mu    sync.Mutex
	lives map[string]PodLife
}

// FollowPods follows the pods of this scenario from now on until the test ends.
func (s *Scenario) FollowPods() *Pods {
	s.t.Helper()
	pods := s.Client.CoreV1().Pods(s.Namespace)
	ctx := s.t.Context()
	now, err := pods.List(ctx, metav1.ListOptions{})
	s.Fatal(err)
	watching, err := watchtools.NewRetryWatcherWithContext(ctx, now.ResourceVersion, &cache.ListWatch{
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			return pods.Watch(ctx, options)
		},
	})
	s.Fatal(err)
	followed := &Pods{lives: map[string]PodLife{}}
	go func() {
		for event := range watching.ResultChan() {
			if pod, is := event.Object.(*corev1.Pod); is {
				followed.see(pod, event.Type == watch.Deleted)
			}
		}
	}()
	return followed
}

func (p *Pods) see(pod *corev1.Pod, gone bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	life, ran := p.lives[pod.Name]
	switch {
	case !ran && pod.Status.Phase == corev1.PodRunning:
		life = PodLife{Name: pod.Name, Deployment: pod.Labels["app"], From: time.Now()}
	case !ran || !life.To.IsZero():
		return
	}
	if gone {
		life.To = time.Now()
	}
	p.lives[pod.Name] = life
}

// Of is the life of every pod of a Deployment that ran so far, in no order.
func (p *Pods) Of(deployment string) []PodLife {
	p.mu.Lock()
	defer p.mu.Unlock()
	var lives []PodLife
	for _, life := range p.lives {
		if life.Deployment == deployment {
			lives = append(lives, life)
		}
	}
	return lives
}
