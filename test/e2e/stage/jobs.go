package stage

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
)

// Job is one Job of a ScaledJob.
type Job struct {
	Name string
	// Created and Finished are when it was seen to be so, milliseconds after it was; Finished is zero while it runs.
	Created, Finished time.Time
	// Succeeded says how it finished.
	Succeeded bool
}

// Jobs is every Job of a scenario, made of watch events: one that is deleted in between is not missed.
type Jobs struct {
	mu  sync.Mutex
	all []Job
}

// FollowJobs follows the scenario's Jobs from now on.
func (s *Scenario) FollowJobs() *Jobs {
	s.t.Helper()
	followed := &Jobs{}
	follow(s, s.Client.BatchV1().Jobs(s.Namespace), followed.see)
	return followed
}

func (j *Jobs) see(job *batchv1.Job, _ bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	at := slices.IndexFunc(j.all, func(known Job) bool { return known.Name == job.Name })
	if at < 0 {
		at = len(j.all)
		j.all = append(j.all, Job{Name: job.Name, Created: time.Now()})
	}
	for _, condition := range job.Status.Conditions {
		over := condition.Type == batchv1.JobComplete || condition.Type == batchv1.JobFailed
		if over && condition.Status == corev1.ConditionTrue && j.all[at].Finished.IsZero() {
			j.all[at].Finished, j.all[at].Succeeded = time.Now(), condition.Type == batchv1.JobComplete
		}
	}
}

// All is every Job so far, in the order of their creation.
func (j *Jobs) All() []Job {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.all)
}

// Running counts the Jobs that have not finished.
func (j *Jobs) Running() int {
	running := 0
	for _, job := range j.All() {
		if job.Finished.IsZero() {
			running++
		}
	}
	return running
}

// MostAtOnce is the highest number of unfinished Jobs at any moment.
func (j *Jobs) MostAtOnce() int {
	all, most := j.All(), 0
	for _, at := range all { // the number only grows when one is created
		running := 0
		for _, other := range all {
			if !other.Created.After(at.Created) && (other.Finished.IsZero() || other.Finished.After(at.Created)) {
				running++
			}
		}
		most = max(most, running)
	}
	return most
}

// String tells when each Job ran, after the first was created.
func (j *Jobs) String() string {
	all := j.All()
	spans := make([]string, 0, len(all))
	for _, job := range all {
		began := job.Created.Sub(all[0].Created).Round(10 * time.Millisecond)
		if job.Finished.IsZero() {
			spans = append(spans, fmt.Sprintf("%s to now", began))
			continue
		}
		spans = append(spans, fmt.Sprintf("%s to %s", began, job.Finished.Sub(all[0].Created).Round(10*time.Millisecond)))
	}
	return fmt.Sprintf("%d jobs: %s", len(all), strings.Join(spans, ", "))
}
