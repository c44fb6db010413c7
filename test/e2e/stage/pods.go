package stage

import (
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
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
	followed := &Pods{lives: map[string]PodLife{}}
	follow(s, s.Client.CoreV1().Pods(s.Namespace), followed.see)
	return followed
}

func (p *Pods) see(pod *corev1.Pod, isGone bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	life, ran := p.lives[pod.Name]
	switch {
	case !ran && pod.Status.Phase == corev1.PodRunning:
		life = PodLife{Name: pod.Name, Deployment: pod.Labels["app"], From: time.Now()}
	case !ran || !life.To.IsZero():
		return
	}
	if isGone {
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
