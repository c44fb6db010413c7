package server

import (
	"context"
	"fmt"
	"sync/atomic"

	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

// capacity bounds what is being answered on all connections together, at twice what one connection may have: so one client that
// takes all it can leaves KEDA its own. Health checks are not counted, or whoever fills lagwise would have Kubernetes restart it.
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
		err := status.Error(codes.ResourceExhausted, fmt.Sprintf("%d calls and streams are open already, twice limits.streams of this lagwise", c.most))
		c.failures.turnedAway(ctx, method, err)
		return nil, err
	}
	return func() { c.open.Add(-1) }, nil
}
