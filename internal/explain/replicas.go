package explain

import (
	"fmt"
	"strings"

	"github.com/lagwise/lagwise/internal/hpa"
	"github.com/lagwise/lagwise/internal/manifest"
	"github.com/lagwise/lagwise/internal/scaling"
)

// ReplicasOf says what KEDA and the HPA come to from so many replicas, while the triggers go on answering as they do.
func ReplicasOf(of manifest.Workload, triggers []Trigger, now int32) *Replicas {
	object := scaling.Object(of.Spec)
	r := &Replicas{Now: now, MinReplicaCount: object.MinReplicas, MaxReplicaCount: object.MaxReplicas, Steps: []Step{}}
	if object.HasIdle {
		r.IdleReplicaCount = &object.IdleReplicas
	}
	t := taken(triggers)
	r.Asked, r.AtLeast, r.Notes = t.asked, t.elsewhere > 0, t.notes
	if r.paused(of, now) || r.untold(of.Spec, t) {
		return r
	}
	c := courseOf(of.Spec, t)
	w := c.follow(now)
	r.Steps = append(r.Steps, w.steps[:min(len(w.steps), mostSteps)]...)
	r.MoreSteps = len(w.steps) - len(r.Steps)
	r.ComesTo = &w.end
	r.BoundBy, r.Text = c.verdict(t, w)
	return r
}

// mostSteps bounds what is told of a long way: one more replica at a time may take thousands.
const mostSteps = 100

// answers are what the triggers say together.
type answers struct {
	metrics []hpa.Metric
	asked   *int32
	// limit is the source's bound on the trigger that asks for the most.
	limit     string
	active    bool
	pushed    bool // that is told at once
	failing   []hpa.Metric
	elsewhere int // triggers whose number is not known here
	notes     []string
}

func taken(triggers []Trigger) answers {
	var t answers
	for _, trigger := range triggers {
		switch {
		case trigger.Metric == nil:
			t.elsewhere++
			t.notes = append(t.notes, fmt.Sprintf("%s (%s) is not known here, and may ask for more", trigger.title(), trigger.Type))
		case trigger.MetricType == "Value":
			t.elsewhere++
			t.notes = append(t.notes, fmt.Sprintf("%s: metricType Value goes by the pods that are ready, which are not known here", trigger.title()))
			t.active = t.active || trigger.Answer != nil && trigger.Answer.Active
		case trigger.Failure != nil:
			t.failing = append(t.failing, metricOf(0, trigger.Metric.Target))
		case trigger.Answer != nil:
			t.take(trigger)
		}
	}
	return t
}

func (t *answers) take(trigger Trigger) {
	answer := trigger.Answer
	t.metrics = append(t.metrics, metricOf(answer.Value, trigger.Metric.Target))
	if t.asked == nil || answer.Asks > *t.asked {
		asked := answer.Asks
		t.asked, t.limit = &asked, ""
		if answer.Limit != nil {
			t.limit = answer.Limit.Name
		}
	}
	t.active = t.active || answer.Active
	t.pushed = t.pushed || answer.Active && trigger.Type == "external-push"
}

// paused follows the annotations by which a ScaledObject is held (KEDA: apis/keda/v1alpha1/scaledobject_types.go).
func (r *Replicas) paused(w manifest.Workload, now int32) bool {
	const pausedAt, paused = "autoscaling.keda.sh/paused-replicas", "autoscaling.keda.sh/paused"
	var at int32
	if count, found := w.Annotations[pausedAt]; found {
		if _, err := fmt.Sscanf(count, "%d", &at); err == nil {
			r.ComesTo, r.BoundBy, r.Text = &at, BoundPaused, fmt.Sprintf("stays at %d: the annotation %s holds it there", at, pausedAt)
			return true
		}
	}
	if strings.EqualFold(w.Annotations[paused], "true") {
		r.ComesTo, r.BoundBy, r.Text = &now, BoundPaused, fmt.Sprintf("stays at %d: the annotation %s holds it there", now, paused)
		return true
	}
	return false
}

// untold says why nothing can be told of the replicas, where that is so.
func (r *Replicas) untold(spec manifest.Spec, t answers) bool {
	switch {
	case spec.ScalingModifiers != nil && spec.ScalingModifiers.Formula != "":
		r.Text = fmt.Sprintf("KEDA makes one metric of all triggers by the formula %q, which is not worked out here", spec.ScalingModifiers.Formula)
	case len(t.metrics) == 0 && len(t.failing) == 0:
		r.Text = "no trigger's number is known here"
	default:
		return false
	}
	return true
}

func courseOf(spec manifest.Spec, t answers) course {
	c := course{object: scaling.Object(spec), autoscaler: scaling.Autoscaler(spec), metrics: t.metrics, active: t.active, failed: len(t.failing)}
	if !t.pushed {
		c.wakes = scaling.Polling(spec)
	}
	c.silent = c.failed > 0 || t.elsewhere > 0 && !t.active // a trigger that is not known here may be active
	if fallback, valid := scaling.Fallback(spec); valid && c.failed > 0 {
		c.failed = 0
		c.silent = fallback.Replicas > 0
		c.fallback = func(current int32) []hpa.Metric {
			var metrics []hpa.Metric
			for _, failing := range t.failing {
				metrics = append(metrics, fallback.Metric(failing.Target, current))
			}
			return metrics
		}
	}
	return c
}

// verdict says what the end is bound by, and all of it in words.
func (c course) verdict(t answers, w way) (Bound, string) {
	switch {
	case w.swings:
		return BoundIdle, fmt.Sprintf("swings between %d and %d for ever: KEDA takes away down to idleReplicaCount what the HPA adds up to minReplicaCount",
			c.object.IdleReplicas, w.end)
	case !t.active && len(t.failing) == 0 && c.object.HasIdle && w.end == c.object.IdleReplicas:
		return BoundIdle, fmt.Sprintf("comes to idleReplicaCount, %d: no trigger is active", w.end)
	case !t.active && w.end == 0 && len(t.failing) == 0:
		return BoundInactive, "comes to 0: no trigger is active"
	case w.end == 0 && !t.active:
		return BoundNoAnswer, "stays at 0: KEDA wakes nobody for a trigger that gives no answer"
	case c.fallback != nil:
		return BoundFallback, fmt.Sprintf("comes to %d once a trigger has failed more often in a row than fallback.failureThreshold", w.end)
	case w.last.Bound == hpa.ByFailure:
		return BoundNoAnswer, fmt.Sprintf("stays at %d: the HPA takes nothing away while a trigger gives no answer", w.end)
	case t.asked == nil:
		return c.boundOf(w.last.Bound), fmt.Sprintf("comes to %d", w.end)
	default:
		return c.compared(t, w)
	}
}

func (w way) verb() string {
	if len(w.steps) == 0 {
		return "stays at"
	}
	return "comes to"
}

// compared says why the end is not what the triggers ask for.
func (c course) compared(t answers, w way) (Bound, string) {
	asked, bound := *t.asked, c.boundOf(w.last.Bound)
	switch {
	case w.end == asked && t.limit != "":
		return Bound(t.limit), fmt.Sprintf("comes to %d: the triggers ask for so many, and for no more because of the %s", w.end, t.limit)
	case w.end == asked:
		return "", fmt.Sprintf("comes to %d, which the triggers ask for", w.end)
	case bound == "":
		return BoundTolerance, fmt.Sprintf(w.verb()+" %d: the triggers ask for %d, which is within the HPA's tolerance", w.end, asked)
	case bound == BoundPolicy:
		return bound, fmt.Sprintf(w.verb()+" %d: the triggers ask for %d, and the policies of %s allow no change", w.end, asked, direction(w.end, asked))
	case bound == BoundOne:
		return bound, fmt.Sprintf("comes to %d: the triggers ask for %d, and the HPA goes no lower: only KEDA takes the last replica away", w.end, asked)
	default:
		return bound, fmt.Sprintf("comes to %d: the triggers ask for %d, and %s bounds them", w.end, asked, bound)
	}
}

// title names a trigger of a file by its place in it and its name, where it has one.
func (t Trigger) title() string {
	var words []string
	if t.Index != nil {
		words = append(words, fmt.Sprintf("trigger %d", *t.Index))
	}
	if t.Name != "" {
		words = append(words, fmt.Sprintf("%q", t.Name))
	}
	if len(words) == 0 && t.Metric != nil {
		return t.Metric.Name
	}
	return strings.Join(words, " ")
}
