package demo

import (
	"fmt"
	"time"

	"github.com/lagwise/lagwise/internal/hpa"
)

// deployment is what the stand-in for KEDA remembers about one app, and what it and the HPA decide. It has no clock.
type deployment struct {
	app        app
	target     float64
	replicas   int32
	created    time.Time
	lastActive time.Time // zero: never
}

// pushed: lagwise said on its own that the trigger is active.
func (d *deployment) pushed(now time.Time) []change {
	return d.activate(now, hpa.Poll{Active: true})
}

// polled is a look at the trigger's answer, first by KEDA and then by the HPA. In a cluster they look at different times,
// so an app that was woken in this look is left to the HPA's next.
func (d *deployment) polled(now time.Time, got answer) []change {
	asleep := d.replicas == 0
	changes := d.activate(now, hpa.Poll{Active: got.active, Failed: got.failure != ""})
	if asleep || got.failure != "" {
		return changes
	}
	metric := hpa.Metric{Value: hpa.Milli(got.value), Target: hpa.Milli(d.target)}
	next := d.app.spec.Autoscaler().Replicas(d.replicas, metric)
	return append(changes, d.scale(next, byHPA, fmt.Sprintf("ceil(%g / %g)", got.value, d.target))...)
}

func (d *deployment) activate(now time.Time, poll hpa.Poll) []change {
	since := d.created
	if poll.EverActive = !d.lastActive.IsZero(); poll.EverActive {
		since = d.lastActive
	}
	poll.Quiet = now.Sub(since)
	decision := d.app.spec.Decide(d.replicas, poll)
	if decision.CountsAsActive {
		d.lastActive = now
	}
	why := "active"
	if decision.Replicas < d.replicas {
		why = fmt.Sprintf("inactive for more than %s", d.app.spec.Cooldown)
	}
	return d.scale(decision.Replicas, byKEDA, why)
}

// change is one step up or down.
type change struct {
	who      string
	from, to int32
	why      string
}

func (d *deployment) scale(to int32, who, why string) []change {
	if to == d.replicas {
		return nil
	}
	step := change{who: who, from: d.replicas, to: to, why: why}
	d.replicas = to
	return []change{step}
}
