package explain

import (
	"fmt"

	"github.com/lagwise/lagwise/internal/hpa"
	"github.com/lagwise/lagwise/internal/manifest"
	"github.com/lagwise/lagwise/internal/scaling"
)

// JobsOf says how many jobs KEDA starts at its next poll, beside those that run and those of them that have not begun.
func JobsOf(w manifest.Workload, triggers []Trigger, running, pending int64) *Jobs {
	jobs := &Jobs{Running: running, Pending: pending, PollSeconds: scaling.Polling(w.Spec).Seconds()}
	t := taken(triggers)
	jobs.AtLeast, jobs.Notes = t.elsewhere > 0, t.notes
	var asking []hpa.JobTrigger
	for _, trigger := range triggers {
		if trigger.Type == "external-push" {
			jobs.Notes = append(jobs.Notes, trigger.title()+": KEDA ignores pushes for a ScaledJob: say type external")
		}
		if trigger.Answer != nil && trigger.MetricType != "Value" {
			asking = append(asking, hpa.JobTrigger{Metric: metricOf(trigger.Answer.Value, trigger.Metric.Target), Active: trigger.Answer.Active})
		}
	}
	if len(asking) == 0 {
		jobs.BoundBy, jobs.Text = BoundNoAnswer, "no trigger's number is known here"
		return jobs
	}
	poll := scaling.Job(w.Spec).Poll(running, pending, asking...)
	jobs.Asked, jobs.Start = poll.Asked, &poll.Start
	jobs.BoundBy, jobs.Text = jobVerdict(poll)
	return jobs
}

func jobVerdict(poll hpa.Jobs) (Bound, string) {
	starts := fmt.Sprintf("KEDA starts %s at its next poll: the triggers ask for %d", several(poll.Start, "job"), poll.Asked)
	switch poll.Bound {
	case hpa.JobsInactive:
		return BoundInactive, "KEDA starts no job: no trigger is active"
	case hpa.JobsByMin:
		return BoundMin, starts + ", and minReplicaCount comes first"
	case hpa.JobsByMax:
		return BoundMax, starts + ", and maxReplicaCount bounds them"
	case hpa.JobsByStrategy:
		return BoundStrategy, starts + ", less what runs already, by the scalingStrategy"
	case hpa.JobsByQueue:
		return BoundQueue, starts + ", and no more are started than the metric's value"
	case hpa.JobsUnbound:
		return "", starts
	default:
		return "", starts
	}
}

func several(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
