package server_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/server"
)

// clogged is a stream whose client has stopped reading: sending takes until the connection is cut.
type clogged struct{ grpc.ServerStream }

func (c *clogged) SendMsg(any) error {
	<-c.ServerStream.Context().Done()
	return c.ServerStream.Context().Err()
}

// clog clogs the first stream of a server. As the outermost interceptor's stream is the one with the client's context,
// only cutting the connection ends it, as in gRPC itself.
func clog() grpc.ServerOption {
	first := make(chan struct{}, 1)
	first <- struct{}{}
	return grpc.StreamInterceptor(func(service any, s grpc.ServerStream, _ *grpc.StreamServerInfo, h grpc.StreamHandler) error {
		select {
		case <-first:
			return h(service, &clogged{s})
		default:
			return h(service, s)
		}
	})
}

func TestClientThatDoesNotReadHoldsUpNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatcher()
		r := serve(t, lend(w), server.Options{GRPC: []grpc.ServerOption{clog()}, ShutdownTimeout: 3 * time.Second})
		stuck := r.open(t)
		w.next <- true
		synctest.Wait() // by now the stream is sending
		wantPushes(t, stuck)

		w.evaluate = func(context.Context) (scalers.Evaluation, error) { return scalers.Evaluation{Active: true}, nil }
		reader := r.open(t)
		wantPushes(t, reader, 0)
		if _, err := r.IsActive(t.Context(), ref()); err != nil {
			t.Error(err)
		}

		start := time.Now()
		r.stop()
		<-r.ended
		synctest.Wait()
		wantEOF(t, reader.end())
		if got := time.Since(start); got != 3*time.Second {
			t.Errorf("Run returned after %v, want the shutdown time-out", got)
		}
	})
}
