package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
)

// measureCalls asks as fast as it can on one connection, in turns with an empty server.
func measureCalls(ctx context.Context, l *lab, r *report) error {
	f, err := l.fleet(ctx, l.size.fleet)
	if err != nil {
		return err
	}
	defer f.close()
	program, err := l.program(ctx, "emptyserver")
	if err != nil {
		return err
	}
	empty := &lagwise{}
	empty.Process, err = start(ctx, func(line string) bool {
		if _, _, err := net.SplitHostPort(line); err != nil {
			fmt.Fprintln(os.Stderr, line)
			return false
		}
		empty.address = line
		return true
	}, program)
	if err != nil {
		return err
	}
	nothing, err := connect(empty)
	if err != nil {
		empty.Stop(stopGrace)
		return err
	}
	defer nothing.close()
	nothing.references = f.references

	var ours, theirs calls
	for turn := range l.size.turns + 1 {
		for subject, made := range map[*fleet]*calls{f: &ours, nothing: &theirs} {
			some, err := subject.hammer(ctx, l.size.callers, l.size.turn)
			if err != nil {
				return err
			}
			if turn > 0 { // the first turn warms up
				made.latencies = append(made.latencies, some.latencies...)
				made.rates = append(made.rates, some.rates...)
			}
		}
	}
	what := fmt.Sprintf("GetMetrics and IsActive, %d triggers, one connection", l.size.fleet)
	r.Figures = append(r.Figures,
		figure{
			Name: what, Value: ours.rate(), Unit: "/s", Peer: "empty server", PeerValue: theirs.rate(), Goals: []goal{atLeastTimes(0.8)},
		},
		figure{
			Name: what + ", p99", Value: milliseconds(quantile(ours.latencies, 0.99)), Unit: "ms",
			Peer: "empty server", PeerValue: milliseconds(quantile(theirs.latencies, 0.99)), Goals: []goal{atMostTimes(2)},
		})
	return nil
}

// calls are how long each took, and how many a second there were in each turn.
type calls struct {
	latencies []time.Duration
	rates     []float64
}

// rate is the median of the turns.
func (c calls) rate() float64 {
	sorted := slices.Sorted(slices.Values(c.rates))
	return sorted[len(sorted)/2]
}

// hammer asks with so many callers at once, each for GetMetrics and then IsActive of one trigger after the other.
func (f *fleet) hammer(ctx context.Context, callers int, length time.Duration) (calls, error) {
	var mu sync.Mutex
	var all calls
	began := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	for caller := range callers {
		group.Go(func() error {
			var took []time.Duration
			for i := caller; time.Since(began) < length; i += callers {
				ref := f.references[i%len(f.references)]
				asked := time.Now()
				if _, err := f.GetMetrics(ctx, &pb.GetMetricsRequest{ScaledObjectRef: ref, MetricName: "kafka"}); err != nil {
					return fmt.Errorf("GetMetrics: %w", err)
				}
				answered := time.Now()
				if _, err := f.IsActive(ctx, ref); err != nil {
					return fmt.Errorf("IsActive: %w", err)
				}
				took = append(took, answered.Sub(asked), time.Since(answered))
			}
			mu.Lock()
			defer mu.Unlock()
			all.latencies = append(all.latencies, took...)
			return nil
		})
	}
	err := group.Wait()
	all.rates = []float64{float64(len(all.latencies)) / time.Since(began).Seconds()}
	return all, err //nolint:wrapcheck // says it
}
