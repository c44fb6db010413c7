package explain

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lagwise/lagwise/internal/hpa"
)

// course is what KEDA and the HPA do about one ScaledObject while its triggers go on answering alike.
type course struct {
	object     hpa.ScaledObject
	autoscaler hpa.Autoscaler
	metrics    []hpa.Metric
	// fallback is the metric of the triggers that fail, at so many replicas; nil where KEDA has none for them.
	fallback func(current int32) []hpa.Metric
	failed   int // triggers that give neither
	// silent says that KEDA leaves everything as it is where no trigger is active, because one fails.
	silent bool
	active bool
	// wakes is how long it takes KEDA to notice that a trigger is active: nothing where that is pushed.
	wakes time.Duration
}

// longestCourse bounds the syncs that are followed: one more replica in each half an hour, which is the slowest policy there is,
// makes some 400 of them.
const longestCourse = 50_000

// way is what comes of a course.
type way struct {
	steps []Step
	end   int32
	// last is the HPA's last sync; heard says that it ever had metrics to go by.
	last  hpa.Outcome
	heard bool
	// swings says that KEDA takes away for ever what the HPA adds.
	swings bool
}

// follow goes on until nothing changes any more, from so many replicas.
func (c course) follow(replicas int32) (w way) {
	var begun time.Duration // when the HPA can begin
	if next := c.object.Decide(replicas, c.poll(0)).Replicas; next != replicas {
		w.steps = append(w.steps, c.byKEDA(replicas, next))
		replicas, begun = next, c.wakes
	}
	var history hpa.History
	var held hpa.Bound
	asleep := false
	rest := c.rest()
	for i, still := 1, time.Duration(0); still <= rest && i < longestCourse; i++ {
		after := time.Duration(i) * hpa.DefaultSync
		still += hpa.DefaultSync
		w.last, history = c.autoscaler.Sync(history, hpa.Look{
			At: time.Unix(0, 0).Add(after), Current: replicas, Metrics: c.metricsAt(replicas), Failed: c.failed,
		})
		w.heard = w.heard || w.last.HasWish
		if w.last.Bound != hpa.ByZero && w.last.Replicas != replicas {
			w.steps = append(w.steps, c.byHPA(replicas, w.last, held, begun+after))
			replicas, still = w.last.Replicas, 0
		}
		held = w.last.Bound
		next := c.object.Decide(replicas, c.poll(after)).Replicas
		if next == replicas {
			continue
		}
		if w.swings = asleep; w.swings {
			break
		}
		w.steps = append(w.steps, c.byKEDA(replicas, next))
		replicas, still, asleep = next, 0, true
	}
	w.end = replicas
	return w
}

// metricsAt is what the HPA is told at so many replicas.
func (c course) metricsAt(replicas int32) []hpa.Metric {
	if c.fallback == nil {
		return c.metrics
	}
	return slices.Concat(c.metrics, c.fallback(replicas))
}

// poll is what KEDA finds so long after the triggers began to answer as they do.
func (c course) poll(quiet time.Duration) hpa.Poll {
	return hpa.Poll{Active: c.active, Failed: c.silent, Quiet: quiet, EverActive: true}
}

// rest is how long nothing must change before nothing ever will.
func (c course) rest() time.Duration {
	rest := max(hpa.DefaultDownStabilization, c.autoscaler.Remembers())
	if !c.active {
		rest = max(rest, c.object.Cooldown)
	}
	return rest + 2*hpa.DefaultSync
}

func (c course) byKEDA(before, after int32) Step {
	step := Step{AfterSeconds: c.wakes.Seconds(), Replicas: after, By: "KEDA"}
	switch {
	case c.active && c.wakes == 0:
		step.Text = "KEDA wakes it as soon as the push arrives"
	case c.active:
		step.Text = "KEDA wakes it at its next poll"
	case after > before:
		step.BoundBy, step.Text = BoundMin, "KEDA keeps minReplicaCount"
	default:
		step.AfterSeconds = c.object.Cooldown.Seconds()
		step.Text = fmt.Sprintf("no trigger is active for the cooldownPeriod, %s", short(c.object.Cooldown))
		if c.object.HasIdle {
			step.BoundBy = BoundIdle
		}
	}
	return step
}

// byHPA tells what held the HPA up at its sync before, if it was so.
func (c course) byHPA(before int32, outcome hpa.Outcome, held hpa.Bound, after time.Duration) Step {
	step := Step{AfterSeconds: after.Seconds(), Replicas: outcome.Replicas, By: "HPA", BoundBy: c.boundOf(outcome.Bound)}
	switch {
	case outcome.Bound == hpa.ByPolicy && c.autoscaler.Behavior == nil:
		step.Text = "no more at once than twice as many, or 4"
	case outcome.Bound == hpa.ByPolicy:
		step.Text = "no more at once by the policies of " + direction(before, outcome.Replicas)
	case held == hpa.ByStabilization:
		step.Text = fmt.Sprintf("after the stabilization window, %s", short(c.window(outcome.Replicas > before)))
	case step.BoundBy != "":
		step.Text = string(step.BoundBy)
	default:
		step.Text = "as many as the triggers ask for"
	}
	return step
}

func direction(before, after int32) string {
	if after > before {
		return "scaleUp"
	}
	return "scaleDown"
}

func (c course) window(up bool) time.Duration {
	b := c.autoscaler.Behavior
	switch {
	case b == nil:
		return hpa.DefaultDownStabilization
	case up:
		return b.Up.Stabilization
	default:
		return b.Down.Stabilization
	}
}

func (c course) boundOf(bound hpa.Bound) Bound {
	switch bound {
	case hpa.ByMin:
		if c.object.MinReplicas == 0 {
			return BoundOne
		}
		return BoundMin
	case hpa.ByMax:
		return BoundMax
	case hpa.ByPolicy:
		return BoundPolicy
	case hpa.ByStabilization:
		return BoundStabilization
	case hpa.ByFailure:
		return BoundNoAnswer
	case hpa.Unbound, hpa.ByZero:
		return ""
	default:
		return ""
	}
}

// short writes a duration without needless zeroes.
func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
