package parity_test

import (
	"sync"
	"testing"
)

// tally counts what KEDA answered. Random cases prove little when they all end alike.
type tally struct {
	mu                            sync.Mutex
	cases, failed, active, zeroes int
}

func (c *tally) add(seen answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cases++
	switch {
	case seen.err != nil:
		c.failed++
	case seen.value.IsZero():
		c.zeroes++
	}
	if seen.active {
		c.active++
	}
}

func (c *tally) check(t *testing.T) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	t.Logf("%d cases: %d active, %d with value 0, %d that KEDA refuses or cannot answer", c.cases, c.active, c.zeroes, c.failed)
	inactive := c.cases - c.active - c.failed
	if least := c.cases / 20; min(c.active, inactive, c.zeroes, c.cases-c.zeroes-c.failed) < least {
		t.Errorf("of %d cases each kind should have at least %d", c.cases, least)
	}
}
