package server

import (
	"sync"
	"time"

	"google.golang.org/grpc"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
)

// outlet sends on one stream what pushes says is due. The first push of an edge goes out in the goroutine that saw the
// edge, and a later one by a timer, so that a stream which waits costs one goroutine and nothing else. While its client
// does not read, add waits, and what is seen in that time is worked in when the client reads again or is gone.
type outlet struct {
	stream grpc.ServerStreamingServer[pb.IsActiveResponse]
	pushed func(woken time.Time)

	mu     sync.Mutex
	pushes pushes
	later  *time.Timer
	err    error // why nothing can be sent any more
	closed bool
}

func newOutlet(stream grpc.ServerStreamingServer[pb.IsActiveResponse], p pace, pushed func(woken time.Time)) *outlet {
	return &outlet{stream: stream, pushed: pushed, pushes: pushes{pace: p}}
}

// add takes what is seen of the trigger now, and sends what is due.
func (o *outlet) add(seen sight) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.pushes.see(time.Now(), seen.activity)
	o.sendDue(seen.woken)
	return o.err
}

// sendDue is told of the event that is the reason of a push, if there is one.
func (o *outlet) sendDue(woken time.Time) {
	for !o.closed && o.err == nil {
		push, again := o.pushes.next(time.Now())
		if !push {
			o.wait(again)
			return
		}
		if err := o.stream.Send(&pb.IsActiveResponse{Result: true}); err != nil {
			o.err = gone(err)
			return
		}
		o.pushed(woken)
		woken = time.Time{} // what follows repeats it
	}
}

// wait has what is due later sent then; zero means that nothing is.
func (o *outlet) wait(again time.Time) {
	switch {
	case again.IsZero():
	case o.later == nil:
		o.later = time.AfterFunc(time.Until(again), o.sendLater)
	default:
		o.later.Reset(time.Until(again))
	}
}

// sendLater needs to tell nobody when sending fails: the stream's context ends then too.
func (o *outlet) sendLater() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sendDue(time.Time{})
}

// close ends what was to be sent later. Nothing is sent on the stream after it has returned.
func (o *outlet) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	if o.later != nil {
		o.later.Stop()
	}
}
