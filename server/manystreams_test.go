package server_test

import (
	"context"
	"errors"
	"io"
	"sync"
	"testing"

	"google.golang.org/grpc"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/server"
)

// broadcast is a watcher that tells everybody at once.
func broadcast(rise <-chan struct{}) *fakeWatcher {
	return &fakeWatcher{watch: func(ctx context.Context, seen func(scalers.Evaluation) error) error {
		if err := seen(scalers.Evaluation{}); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-rise:
		}
		if err := seen(scalers.Evaluation{Active: true}); err != nil {
			return err
		}
		<-ctx.Done()
		return nil
	}}
}

// KEDA keeps the streams of all its triggers on one connection.
func TestTenThousandStreamsOnOneConnection(t *testing.T) {
	const streams = 10_000
	rise := make(chan struct{})
	client := serve(t, lend(broadcast(rise)), server.Options{RepeatCount: -1})
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	opened := make([]grpc.ServerStreamingClient[pb.IsActiveResponse], streams)
	for i := range opened {
		stream, err := client.StreamIsActive(ctx, ref())
		if err != nil {
			t.Fatal(err)
		}
		opened[i] = stream
	}
	close(rise)
	var receiving sync.WaitGroup
	for _, stream := range opened {
		receiving.Go(func() {
			answer, err := stream.Recv()
			// On a busy machine a stream may open before its first evaluation is through, and then ends once, without an
			// error: KEDA opens it again, and so does this client.
			for errors.Is(err, io.EOF) {
				if stream, err = client.StreamIsActive(ctx, ref()); err == nil {
					answer, err = stream.Recv()
				}
			}
			if err != nil || !answer.GetResult() {
				t.Errorf("got %v, %v", answer, err)
			}
		})
	}
	receiving.Wait()
	if _, err := client.IsActive(t.Context(), ref()); err != nil {
		t.Errorf("a call beside them: %v", err)
	}
	// serve sees to it that every lease is given back once the streams are gone.
}
