package server

import (
	"context"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/tap"
)

// looks is how many times a call is looked at while its request is on its way. A call that has ended is let go at the next one.
const looks = 10

// overdue ends calls whose request does not arrive within the limit. gRPC itself waits for it as long as the connection lasts:
// whoever begins calls and never finishes them would gather goroutines, and memory for what has come of each request.
func overdue(limit time.Duration) tap.ServerInHandle {
	return func(ctx context.Context, _ *tap.Info) (context.Context, error) {
		ctx, cancel := context.WithCancel(ctx)
		r := &arrival{ctx: ctx, cancel: cancel, pause: limit / looks}
		r.timer.Store(time.AfterFunc(r.pause, r.look))
		return context.WithValue(ctx, arrivalKey{}, r), nil
	}
}

type arrivalKey struct{}

// arrival is a request that is on its way.
type arrival struct {
	ctx    context.Context //nolint:containedctx // it is what ends
	cancel context.CancelFunc
	pause  time.Duration
	looked int // only by look, which is never called twice at the same time
	timer  atomic.Pointer[time.Timer]
	here   atomic.Bool
}

func (r *arrival) look() {
	switch r.looked++; {
	case r.here.Load() || r.ctx.Err() != nil:
	case r.looked >= looks:
		r.cancel()
	default:
		time.AfterFunc(r.pause, r.look)
	}
}

// arrived says that a call's request is here, or that nobody waits for it any more.
func arrived(ctx context.Context) {
	if r, ok := ctx.Value(arrivalKey{}).(*arrival); ok {
		r.here.Store(true)
		if timer := r.timer.Swap(nil); timer != nil {
			timer.Stop()
		}
	}
}
