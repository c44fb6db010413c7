// Package crew runs goroutines that begin at any time and end together.
package crew

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Crew runs members that may join at any time, all under one errgroup that ends with Run's context. Those who join
// before Run begin with it.
type Crew struct {
	mu      sync.Mutex
	joining []func(context.Context) error
	joined  chan struct{}
}

// New makes a crew without members.
func New() *Crew { return &Crew{joined: make(chan struct{}, 1)} }

// Join adds a member. It never waits.
func (c *Crew) Join(member func(context.Context) error) {
	c.mu.Lock()
	c.joining = append(c.joining, member)
	c.mu.Unlock()
	select {
	case c.joined <- struct{}{}:
	default:
	}
}

// Run returns when ctx has ended and every member has returned, with the first error of a member.
func (c *Crew) Run(ctx context.Context) error {
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

func (c *Crew) take() []func(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := c.joining
	c.joining = nil
	return taken
}
