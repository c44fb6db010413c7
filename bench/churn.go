package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
	"github.com/lagwise/lagwise/test/process"
)

// measureChurn reads the memory of a fleet through which an hour's worth of events went, and of as many scalers of KEDA's
// that had a quiet life.
func measureChurn(ctx context.Context, l *lab, r *report) error {
	// Forgotten triggers are let go after 20 s instead of ten minutes, because the hour is replayed in minutes.
	f, err := l.fleet(ctx, l.size.fleet, "--idleAfter=20s")
	if err != nil {
		return err
	}
	defer f.close()
	for part := range 4 {
		if err := l.quarterOfAnHour(ctx, f, part); err != nil {
			return err
		}
	}
	if err := sleep(ctx, settle); err != nil {
		return err
	}
	ours, err := process.RSS(f.lagwise.PID())
	if err != nil {
		return err
	}
	theirs, _, err := l.kedaCosts(ctx, l.size.fleet)
	if err != nil {
		return err
	}
	r.Figures = append(r.Figures, figure{
		Name: fmt.Sprintf("RSS, %d push triggers after an hour's churn", l.size.fleet), Value: ours, Unit: "MiB",
		Peer: "KEDA", PeerValue: theirs, Goals: []goal{atMost(80), atMostTimes(0.2)},
	})
	return nil
}

// quarterOfAnHour has a tenth of the triggers changed, all streams opened anew, KEDA's polls of that time, and every
// topic busy and drained again.
func (l *lab) quarterOfAnHour(ctx context.Context, f *fleet, part int) error {
	f.closeStreams()
	for i := part; i < len(f.references); i += 10 {
		f.references[i] = l.reference(i, map[string]string{"limitToPartitionsWithLag": "true", "lagThreshold": strconv.Itoa(20 + part)})
	}
	if err := f.open(ctx); err != nil {
		return err
	}
	if _, _, err := l.operator.salvo.fire(ctx, l.size.topics); err != nil {
		return err
	}
	for range l.size.calls / 4 {
		if err := f.pollAll(ctx); err != nil {
			return err
		}
	}
	if err := l.operator.drainFleet(ctx, l.size.fleet, l.size.topics); err != nil {
		return err
	}
	if err := f.awaitIdle(ctx); err != nil {
		return err
	}
	f.forget()
	return nil
}

// pollAll asks about every trigger once, as KEDA does.
func (f *fleet) pollAll(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(16)
	for _, ref := range f.references {
		group.Go(func() error {
			if _, err := f.GetMetrics(ctx, &pb.GetMetricsRequest{ScaledObjectRef: ref}); err != nil {
				return fmt.Errorf("polling %s: %w", ref.GetName(), err)
			}
			_, err := f.IsActive(ctx, ref)
			return err
		})
	}
	return group.Wait() //nolint:wrapcheck // says it
}

// kedaCosts starts KEDA's scalers, gives them a round of polls, and reads their memory and connections.
func (l *lab) kedaCosts(ctx context.Context, triggers int) (rss float64, connections int, err error) {
	keda, err := l.keda(ctx, triggers)
	if err != nil {
		return 0, 0, err
	}
	defer keda.Stop(stopGrace)
	if err := sleep(ctx, min(35*time.Second, l.size.window)); err != nil {
		return 0, 0, err
	}
	if rss, err = process.RSS(keda.PID()); err != nil {
		return 0, 0, err
	}
	connections, err = process.ConnectionsTo(keda.PID(), l.port)
	return rss, connections, err
}
