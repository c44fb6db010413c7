package server

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/share"
)

// onAllConnections is what all connections together may have, where one may have so much.
func onAllConnections(each int) int { return each + each/2 }

// capacity bounds what is being answered on all connections together, at half as much again as one connection may have: so one client
// that takes all it can leaves KEDA something. Health checks are not counted, or whoever fills lagwise would have Kubernetes restart it.
type capacity struct {
	most     int64
	open     atomic.Int64
	failures *failures
}

func (c *capacity) enter(ctx context.Context, method string) (leave func(), err error) {
	if method == healthpb.Health_Check_FullMethodName {
		return func() {}, nil
	}
	if c.open.Add(1) > c.most {
		c.open.Add(-1)
		err := status.Error(codes.ResourceExhausted, fmt.Sprintf("%d calls and streams are open already, half as many again as limits.streams of lagwise's configuration", c.most))
		c.failures.turnedAway(ctx, method, err)
		return nil, err
	}
	return func() { c.open.Add(-1) }, nil
}

// streamShares divides the streams among the namespaces of their triggers.
type streamShares struct {
	most int

	mu   sync.Mutex
	held share.Shares
}

// enter lets one more stream of a namespace in, until leave is called.
func (s *streamShares) enter(namespace string) (leave func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.held.Room(namespace, 1, s.most); err != nil {
		return nil, scalers.Errorf(scalers.CauseExhausted, "streams, by limits.streams of lagwise's configuration: %w", err)
	}
	s.held.Add(namespace, 1)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.held.Add(namespace, -1)
	}, nil
}
