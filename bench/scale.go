package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/lagwise/lagwise/test/process"
)

// measureScale grows the fleet, and KEDA's as far as it goes.
func measureScale(ctx context.Context, l *lab, r *report) error {
	for _, triggers := range l.size.curve {
		p, err := l.grown(ctx, triggers)
		if err != nil {
			return err
		}
		r.Curve = append(r.Curve, p)
	}
	for _, triggers := range append(l.size.kedaCurve, l.size.fleet) {
		rss, connections, err := l.kedaCosts(ctx, triggers)
		if err != nil {
			return err
		}
		r.Curve = append(r.Curve, point{Subject: "KEDA", Triggers: triggers, RSSMiB: rss, Connections: connections})
	}
	last := len(l.size.curve) - 1
	from := slices.Index(l.size.curve, l.size.fleet)
	usual, most := r.Curve[from], r.Curve[last]
	growth := float64(most.Triggers) / float64(usual.Triggers)
	what, than := fmt.Sprintf("%d push triggers", most.Triggers), fmt.Sprintf("%d push triggers", usual.Triggers)
	r.Figures = append(r.Figures,
		figure{
			Name: "RSS, " + what, Value: most.RSSMiB, Unit: "MiB", Peer: than, PeerValue: usual.RSSMiB, Goals: []goal{atMost(300), atMostTimes(growth)},
		},
		figure{
			Name: "refresh while nothing moves, " + what, Value: most.RefreshIdleMS, Unit: "ms",
			Peer: than, PeerValue: usual.RefreshIdleMS, Goals: []goal{atMost(5000), atMostTimes(growth)},
		},
		figure{
			Name: "refresh while every group lags, " + what, Value: most.RefreshLaggingMS, Unit: "ms",
			Peer: than, PeerValue: usual.RefreshLaggingMS, Goals: []goal{atMost(5000), atMostTimes(growth)},
		},
		figure{Name: "connections to the broker, " + what, Value: float64(most.Connections), Unit: "connections", Goals: []goal{atMost(16)}})
	return nil
}

// grown measures a lagwise with so many push triggers.
func (l *lab) grown(ctx context.Context, triggers int) (point, error) {
	f, err := l.fleet(ctx, triggers, "--logLevel=debug") // debug tells how long a refresh takes
	if err != nil {
		return point{}, err
	}
	defer f.close()
	if err := sleep(ctx, min(settle, l.size.window)); err != nil {
		return point{}, err
	}
	const refreshes = 4
	idle, err := f.lagwise.nextRefreshes(ctx, refreshes)
	if err != nil {
		return point{}, err
	}
	p := point{Subject: "lagwise", Triggers: triggers, RefreshIdleMS: milliseconds(slices.Max(idle))}
	if _, _, err := l.operator.salvo.fire(ctx, l.size.topics); err != nil {
		return point{}, err
	}
	lagging, err := f.lagwise.nextRefreshes(ctx, refreshes)
	if err != nil {
		return point{}, err
	}
	p.RefreshLaggingMS = milliseconds(slices.Max(lagging))
	if p.Connections, err = process.ConnectionsTo(f.lagwise.PID(), l.port); err != nil {
		return point{}, err
	}
	p.RSSMiB, err = process.RSS(f.lagwise.PID())
	return p, err
}
