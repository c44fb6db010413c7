package server_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/server"
)

func TestShutdownEndsStreamsCleanlyAndAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lent := lend(newWatcher())
		r := serve(t, lent, server.Options{})
		p := r.open(t)
		specs, err := r.StreamMetricSpec(t.Context(), ref())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := specs.Recv(); err != nil {
			t.Fatal(err)
		}
		polled := serve(t, lend(&fakeScaler{}), server.Options{})
		q := polled.open(t)
		time.Sleep(time.Hour)

		start := time.Now()
		r.stop()
		polled.stop()
		<-r.ended
		<-polled.ended
		synctest.Wait()
		if got := time.Since(start); got != 0 {
			t.Errorf("Run returned after %v, want at once", got)
		}
		wantEOF(t, p.end())
		wantEOF(t, q.end())
		_, err = specs.Recv()
		wantEOF(t, err)
	})
}

func TestShutdownEndsAStreamThatIsStillOpening(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		scaler, letGo := stuck()
		r := serve(t, lend(scaler), server.Options{})
		p := r.open(t)
		r.stop()
		synctest.Wait()
		wantEOF(t, p.end())
		letGo()
	})
}

func TestShutdownAnswersCallsInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		scaler := &fakeScaler{evaluate: func(ctx context.Context) (scalers.Evaluation, error) {
			select {
			case <-ctx.Done():
				return scalers.Evaluation{}, ctx.Err()
			case <-time.After(time.Second):
				return scalers.Evaluation{Active: true}, nil
			}
		}}
		r := serve(t, lend(scaler), server.Options{})
		time.AfterFunc(500*time.Millisecond, r.stop)
		answer, err := r.IsActive(t.Context(), ref())
		if err != nil || !answer.GetResult() {
			t.Errorf("%v, %v", answer, err)
		}
		<-r.ended
	})
}

func TestShutdownTellsHealthWatchesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := serve(t, lend(&fakeScaler{}), server.Options{})
		watch, err := healthpb.NewHealthClient(r.connection).Watch(t.Context(), &healthpb.HealthCheckRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := watch.Recv(); err != nil || got.GetStatus() != healthpb.HealthCheckResponse_SERVING {
			t.Fatalf("%v, %v", got, err)
		}

		start := time.Now()
		r.stop()
		if got, err := watch.Recv(); err != nil || got.GetStatus() != healthpb.HealthCheckResponse_NOT_SERVING {
			t.Errorf("%v, %v", got, err)
		}
		<-r.ended
		if got := time.Since(start); got > time.Second {
			t.Errorf("the watch held Run up for %v", got)
		}
	})
}

func TestShutdownLeavesBehindWhatHeedsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		scaler, letGo := stuck()
		lent := lend(scaler)
		r := serve(t, lent, server.Options{})
		_, err := r.IsActive(t.Context(), ref())
		wantCode(t, err, codes.DeadlineExceeded)

		start := time.Now()
		r.stop()
		<-r.ended
		if got := time.Since(start); got != 11*time.Second {
			t.Errorf("Run returned after %v, want 11s", got)
		}
		letGo()
		synctest.Wait()
	})
}

func TestRunTellsWhenItsListenerFails(t *testing.T) {
	listener := bufconn.Listen(1)
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	if err := server.New(lend(&fakeScaler{}), server.Options{}).Run(t.Context(), listener); err == nil {
		t.Error("no error")
	}
}

func TestNewCallsAreTurnedAwayAfterShutdown(t *testing.T) {
	r := serve(t, lend(&fakeScaler{}), server.Options{})
	if _, err := r.IsActive(t.Context(), ref()); err != nil {
		t.Fatal(err)
	}
	r.stop()
	<-r.ended
	if _, err := r.IsActive(t.Context(), ref()); status.Code(err) != codes.Unavailable || errors.Is(err, nil) {
		t.Errorf("%v", err)
	}
}
