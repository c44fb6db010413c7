package main

import (
	"context"
	"fmt"
	"time"

	"github.com/lagwise/lagwise/test/process"
)

// settle is how long a fleet is left alone before it is taken for idle: the first answers are behind it, and what was
// read together at the start has spread out.
const settle = 40 * time.Second

// measureIdle watches a fleet on which nothing happens, and then KEDA's scalers, polled as KEDA polls: what do they ask
// of Kafka, and of their own processor?
func measureIdle(ctx context.Context, l *lab, r *report) error {
	nobody, err := l.watch(ctx, nil)
	if err != nil {
		return err
	}
	f, err := l.fleet(ctx, l.size.fleet)
	if err != nil {
		return err
	}
	if err := sleep(ctx, settle); err != nil {
		f.close()
		return err
	}
	ours, err := l.watch(ctx, f.lagwise.Process)
	f.close()
	if err != nil {
		return err
	}
	keda, err := l.keda(ctx, l.size.fleet)
	if err != nil {
		return err
	}
	defer keda.Stop(stopGrace)
	theirs, err := l.watch(ctx, keda)
	if err != nil {
		return err
	}

	what := fmt.Sprintf("%d idle triggers", l.size.fleet)
	r.Figures = append(r.Figures,
		figure{
			Name: "Kafka requests per second, " + what, Value: ours.requests - nobody.requests, Unit: "/s",
			Peer: "KEDA polled each 30 s", PeerValue: theirs.requests - nobody.requests, Goals: []goal{atMostTimes(0.5)},
		},
		figure{
			Name: "CPU, " + what, Value: ours.cpu, Unit: "% of a core",
			Peer: "KEDA polled each 30 s", PeerValue: theirs.cpu, Goals: []goal{atMost(5)},
		},
		figure{
			Name: "connections to the broker, " + what, Value: float64(ours.connections), Unit: "connections",
			Peer: "KEDA", PeerValue: float64(theirs.connections), Goals: []goal{atMost(16)},
		})
	return nil
}

// watched is what a process did in a window.
type watched struct {
	// requests are all that the broker got per second, its own ones included.
	requests    float64
	cpu         float64 // percent of a core
	connections int
}

// watch looks at a process, or at the broker alone, for a window.
func (l *lab) watch(ctx context.Context, subject *process.Process) (seen watched, err error) {
	before, err := l.jmx.requests(ctx)
	if err != nil {
		return watched{}, err
	}
	began := time.Now()
	var cpuBefore time.Duration
	if subject != nil {
		if cpuBefore, err = process.CPU(subject.PID()); err != nil {
			return watched{}, err
		}
	}
	if err := sleep(ctx, l.size.window); err != nil {
		return watched{}, err
	}
	if subject != nil {
		used, err := process.CPU(subject.PID())
		if err != nil {
			return watched{}, err
		}
		seen.cpu = 100 * (used - cpuBefore).Seconds() / time.Since(began).Seconds()
		if seen.connections, err = process.ConnectionsTo(subject.PID(), l.port); err != nil {
			return watched{}, err
		}
	}
	after, err := l.jmx.requests(ctx)
	if err != nil {
		return watched{}, err
	}
	for kind, count := range after {
		seen.requests += (count - before[kind]) / time.Since(began).Seconds()
	}
	return seen, nil
}
