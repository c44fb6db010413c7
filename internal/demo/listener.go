package demo

import (
	"context"
	"time"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
)

// reopen is KEDA's shortest wait before it opens a stream again.
const reopen = 2 * time.Second

// listen keeps a StreamIsActive open, as KEDA does for a trigger of type external-push, and tells of each push.
func listen(ctx context.Context, client pb.ExternalScalerClient, ref *pb.ScaledObjectRef, tell func(context.Context, occurrence)) error {
	for {
		stream, err := client.StreamIsActive(ctx, ref)
		for err == nil {
			var pushed *pb.IsActiveResponse
			if pushed, err = stream.Recv(); err == nil && pushed.GetResult() {
				tell(ctx, occurrence{at: time.Now(), pushed: ref.GetName()})
			}
		}
		if !until(ctx, time.Now().Add(reopen)) {
			return nil
		}
	}
}
