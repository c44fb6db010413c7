package demo

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// fleet is a Deployment: as many consumers of one app as it was last scaled to.
//
// The embedded broker takes five seconds over each rebalance of a consumer group. So the consumers divide the partitions
// themselves: whenever their number changes all of them stop, and that many new ones start, each with its own share. They
// commit under the group's name, as members of the group would.
type fleet struct {
	worker     worker
	partitions int32
	scaled     chan int32 // holds the latest number only
}

func newFleet(w worker, partitions int32) *fleet {
	return &fleet{worker: w, partitions: partitions, scaled: make(chan int32, 1)}
}

// scale must not be called by several goroutines at a time.
func (f *fleet) scale(replicas int32) {
	select {
	case <-f.scaled:
	default:
	}
	f.scaled <- replicas
}

func (f *fleet) run(ctx context.Context) error {
	var replicas int32
	for ctx.Err() == nil {
		next, err := f.generation(ctx, replicas)
		if err != nil {
			return err
		}
		replicas = next
	}
	return nil
}

// generation runs some consumers until their number is to change, and returns the new one.
func (f *fleet) generation(ctx context.Context, replicas int32) (next int32, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	group, ctx := errgroup.WithContext(ctx)
	for number := range replicas {
		if share := f.share(number, replicas); len(share) > 0 {
			group.Go(func() error { return f.worker.run(ctx, share) })
		}
	}
	select {
	case <-ctx.Done():
	case next = <-f.scaled:
	}
	stop()
	return next, group.Wait() //nolint:wrapcheck // the workers say what they were doing
}

// share deals out the partitions in turn; who comes too late gets none and idles, as in a real group.
func (f *fleet) share(number, replicas int32) []int32 {
	var ids []int32
	for id := number; id < f.partitions; id += replicas {
		ids = append(ids, id)
	}
	return ids
}
