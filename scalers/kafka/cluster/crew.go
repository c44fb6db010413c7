package cluster

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"
)

// crew runs members that may join at any time, all under one errgroup that ends with run's context. Those who join
// before run begin with it.
type crew struct {
	mu      sync.Mutex
	joining []func(context.Context) error
	joined  chan struct{}
}

func newCrew() *crew { return &crew{joined: make(chan struct{}, 1)} }

func (c *crew) join(member func(context.Context) error) {
	c.mu.Lock()
	c.joining = append(c.joining, member)
	c.mu.Unlock()
	select {
	case c.joined <- struct{}{}:
	default:
	}
}

// run returns when ctx has ended and every member has returned, with the first error of a member.
func (c *crew) run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-c.joined:
			}
			for _, member := range c.take() {
				group.Go(func() error { return member(ctx) })
			}
		}
	})
	return group.Wait() //nolint:wrapcheck // members say what they were doing
}

func (c *crew) take() []func(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := c.joining
	c.joining = nil
	return taken
}
