package audit

import (
	"fmt"
	"net/url"
	"slices"

	"github.com/lagwise/lagwise/internal/manifest"
)

// Question is where KEDA's number for a trigger is to be had.
type Question struct {
	// Metric is the metric's name with KEDA's prefix.
	Metric string
	// Path is that of the external metrics API; HPA names the HPA whose status has the number instead. Both are empty where KEDA has
	// no number, and Why says so.
	Path, HPA string
	Why       string
}

// memory are the keys of KEDA's built-in triggers with which each question changes the next answer
// (KEDA: pkg/scalers/kafka_scaler.go, previousOffsets): audit must not ask, or the HPA would hear other numbers.
func memory() []string { return []string{"excludePersistentLag"} }

// Question says how to have KEDA's number without changing anything.
func (s Subject) Question() Question {
	metric, known := s.State.metric(s.Index)
	q := Question{Metric: metric}
	switch {
	case s.Kind == manifest.ScaledJob:
		q.Why = "KEDA tells nobody the number that it starts jobs by"
	case s.State.Paused:
		q.Why = "the ScaledObject is paused"
	case s.Spec.ScalingModifiers != nil:
		q.Why = "scalingModifiers make one number of all triggers"
	case !known:
		q.Why = "KEDA has not taken the trigger up" + s.State.trouble()
	case s.State.is("Fallback"):
		q.Why = "the trigger fails, and KEDA answers with the fallback's replicas"
	case s.State.Health[metric].NumberOfFailures > 0:
		q.Why = fmt.Sprintf("KEDA failed %d times in a row, and would count a question of audit's as one more", s.State.Health[metric].NumberOfFailures)
	case s.remembers() && s.State.HPAName == "":
		q.Why = "a question would change KEDA's next answer (excludePersistentLag), and there is no HPA to read"
	case s.remembers():
		q.HPA = s.State.HPAName
	default:
		q.Path = "/apis/external.metrics.k8s.io/v1beta1/namespaces/" + url.PathEscape(s.Namespace) + "/" + url.PathEscape(metric) +
			"?labelSelector=" + url.QueryEscape("scaledobject.keda.sh/name="+s.Workload)
	}
	return q
}

// remembers says whether asking KEDA has an effect. Where KEDA answers from its cache, nobody asks the scaler.
func (s Subject) remembers() bool {
	return !s.Own && !s.Trigger.UseCachedMetrics && slices.ContainsFunc(memory(), s.flag)
}

// Active is what KEDA saw at its latest poll; nil where it does not say.
func (s Subject) Active() *bool {
	metric, known := s.State.metric(s.Index)
	if activity, said := s.State.TriggersActivity[metric]; known && said {
		return &activity.IsActive
	}
	return nil
}

// trouble is what KEDA says about a workload that is not ready.
func (s State) trouble() string {
	for _, c := range s.Conditions {
		if c.Type == "Ready" && c.Status != "True" && c.Message != "" {
			return ": " + c.Message
		}
	}
	return ""
}
