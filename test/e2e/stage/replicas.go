package stage

import (
	"fmt"
	"strings"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
)

// Change is a Deployment from one moment to the next change.
type Change struct {
	// At is when the change was seen, milliseconds after it was made.
	At time.Time
	// Wanted is spec.replicas, Ready status.readyReplicas.
	Wanted, Ready int32
}

// Replicas is everything that a Deployment's replicas have been since it was made. It is made of watch events, so nothing
// between two looks is missed.
type Replicas struct {
	t interface {
		Fatalf(format string, values ...any)
		Helper()
	}
	name string

	mu      sync.Mutex
	changes []Change
	reached int           // index of the change that Reach returned last
	more    chan struct{} // closed at the next change
}

// Reach waits for the first change to so many wanted replicas after the one that Reach returned before, and returns it. It
// may have happened already.
func (r *Replicas) Reach(wanted int32, within time.Duration) Change {
	r.t.Helper()
	patience := time.NewTimer(within)
	defer patience.Stop()
	for {
		found, ok, more := r.look(wanted)
		if ok {
			return found
		}
		select {
		case <-more:
		case <-patience.C:
			r.t.Fatalf("%s did not reach %d replicas within %s: %s", r.name, wanted, within, r)
		}
	}
}

func (r *Replicas) look(wanted int32) (found Change, ok bool, more <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := r.reached; i < len(r.changes); i++ {
		if r.changes[i].Wanted == wanted {
			r.reached = i
			return r.changes[i], true, nil
		}
	}
	return Change{}, false, r.more
}

// Now is the latest state.
func (r *Replicas) Now() Change {
	all := r.Changes()
	if len(all) == 0 {
		return Change{}
	}
	return all[len(all)-1]
}

// Most is the highest number of wanted replicas so far.
func (r *Replicas) Most() int32 {
	most := int32(0)
	for _, change := range r.Changes() {
		most = max(most, change.Wanted)
	}
	return most
}

// Changes is everything so far, oldest first.
func (r *Replicas) Changes() []Change {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Change(nil), r.changes...)
}

// String tells the story of the wanted replicas, such as "0 > 1 after 2.3s > 3 after 1s".
func (r *Replicas) String() string {
	var story strings.Builder
	var last Change
	for i, change := range r.Changes() {
		switch {
		case i == 0:
			fmt.Fprintf(&story, "%d", change.Wanted)
		case change.Wanted != last.Wanted:
			fmt.Fprintf(&story, " > %d after %s", change.Wanted, change.At.Sub(last.At).Round(10*time.Millisecond))
		default:
			continue
		}
		last = change
	}
	return story.String()
}

func (r *Replicas) add(change Change) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.changes); n > 0 && r.changes[n-1].Wanted == change.Wanted && r.changes[n-1].Ready == change.Ready {
		return
	}
	r.changes = append(r.changes, change)
	close(r.more)
	r.more = make(chan struct{})
}

// Replicas follows a Deployment of this scenario.
func (s *Scenario) Replicas(deployment string) *Replicas { return s.replicas.of(deployment) }

// replicasOfAll follows all Deployments of a namespace.
type replicasOfAll struct {
	scenario *Scenario
	mu       sync.Mutex
	byName   map[string]*Replicas
}

func (a *replicasOfAll) of(deployment string) *Replicas {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, known := a.byName[deployment]; !known {
		a.byName[deployment] = &Replicas{t: a.scenario.t, name: deployment, more: make(chan struct{})}
	}
	return a.byName[deployment]
}

// watchReplicas follows from now on until the test ends.
func (s *Scenario) watchReplicas() {
	s.t.Helper()
	s.replicas = &replicasOfAll{scenario: s, byName: map[string]*Replicas{}}
	follow(s, s.Client.AppsV1().Deployments(s.Namespace), func(deployment *appsv1.Deployment, isGone bool) {
		if isGone {
			return
		}
		s.replicas.of(deployment.Name).add(Change{
			At: time.Now(), Wanted: *deployment.Spec.Replicas, Ready: deployment.Status.ReadyReplicas,
		})
	})
}
