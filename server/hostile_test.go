package server_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/server"
)

// busybody tells of a change of mind all the time, so that there is always something to send.
func busybody(told *atomic.Int64) *fakeWatcher {
	return &fakeWatcher{watch: func(ctx context.Context, seen func(scalers.Evaluation) error) error {
		for active := true; ; active = !active {
			told.Add(1)
			if err := seen(scalers.Evaluation{Active: active}); err != nil {
				return err
			}
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(5 * time.Second):
			}
		}
	}}
}

// One client opens ten thousand streams and reads none of them, although all have something to say. That costs a bounded number
// of goroutines and bytes for each, another client is answered all the while, and all is given back when the first one goes.
func TestTenThousandStreamsThatNobodyReads(t *testing.T) {
	const streams, kibForEach, goroutinesForEach = 10_000, 40, 6 // both ends of the connection are in this process
	var told atomic.Int64
	lent := lend(busybody(&told))
	r := serve(t, lent, server.Options{MinPushInterval: time.Millisecond, EvaluateTimeout: 2 * time.Minute}) // on a busy machine all of this is slow
	keeps := answeredMeanwhile(t, r)
	idle, empty := runtime.NumGoroutine(), heap()
	ctx, leave := context.WithCancel(t.Context())
	attacker := pb.NewExternalScalerClient(r.dial(t))
	for range streams {
		if _, err := attacker.StreamIsActive(ctx, ref()); err != nil {
			t.Fatal(err)
		}
	}
	await(t, "all streams to have something to send", func() bool { return told.Load() >= streams })
	goroutines, bytes := runtime.NumGoroutine()-idle, heap()-empty
	t.Logf("%d streams that nobody reads: %d goroutines, %d KiB of heap each, with the client's own", streams, goroutines, bytes/streams>>10)
	if goroutines > goroutinesForEach*streams || bytes > kibForEach<<10*streams {
		t.Errorf("%d goroutines and %d bytes", goroutines, bytes)
	}
	leave()
	await(t, "the streams' end", func() bool { return lent.leases() <= 1 && runtime.NumGoroutine() < idle+100 })
	keeps()
}

// Whoever begins calls and never sends what they ask holds nothing for long.
func TestRequestsThatNeverComeAreNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const calls, limit = 1000, time.Second
		r := serve(t, lend(&fakeScaler{}), server.Options{ConnectTimeout: limit})
		keeps := answeredMeanwhile(t, r)
		idle := runtime.NumGoroutine()
		attacker := r.dial(t)
		half := &grpc.StreamDesc{ClientStreams: true}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var begun []grpc.ClientStream
		for i := range calls {
			method := []string{pb.ExternalScaler_IsActive_FullMethodName, pb.ExternalScaler_StreamIsActive_FullMethodName}[i%2]
			call, err := attacker.NewStream(ctx, half, method)
			if err != nil {
				t.Fatal(err)
			}
			begun = append(begun, call)
		}
		last := time.Now()
		for _, call := range begun {
			err := call.RecvMsg(&pb.IsActiveResponse{})
			wantCode(t, err, codes.Canceled)
		}
		if took := time.Since(last); took > limit {
			t.Errorf("the last one was waited for %v", took)
		}
		synctest.Wait()
		if n := runtime.NumGoroutine() - idle; n > 50 {
			t.Errorf("%d goroutines are left of them", n)
		}
		keeps()
	})
}

// A stream that has been asked for lasts, however long ago that was.
func TestStreamsOutlastTheTimeForTheirRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 10 * time.Second
		watcher := newWatcher()
		r := serve(t, lend(watcher), server.Options{ConnectTimeout: limit})
		stream, err := r.StreamIsActive(t.Context(), ref())
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * limit)
		watcher.next <- true
		if answer, err := stream.Recv(); err != nil || !answer.GetResult() {
			t.Errorf("%v, %v", answer, err)
		}
	})
}

// A namespace that takes all that it can get, over two connections, leaves a quarter to the others, and does not stop a health check.
func TestStreamsOfOneNamespaceLeaveRoom(t *testing.T) {
	const each, all, share = 20, 30, 23
	lent := lend(newWatcher())
	r := serve(t, lent, server.Options{MaxStreams: each})
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	open := func(client pb.ExternalScalerClient, namespace string) error {
		trigger := ref()
		trigger.Namespace = namespace
		stream, err := client.StreamMetricSpec(ctx, trigger)
		if err != nil {
			t.Fatal(err)
		}
		_, err = stream.Recv()
		return err
	}
	taken := 0
	for range 2 {
		attacker := pb.NewExternalScalerClient(r.dial(t))
		for range each {
			err := open(attacker, "greedy")
			if err == nil {
				taken++
				continue
			}
			if wantCode(t, err, codes.ResourceExhausted); !strings.Contains(status.Convert(err).Message(), `limits.streams of lagwise's configuration: namespace "greedy" has 23, and may have 23 of 30`) {
				t.Error(err)
			}
		}
	}
	if taken != share {
		t.Errorf("%d streams were opened, want %d", taken, share)
	}
	for range all - share {
		if _, err := r.IsActive(t.Context(), ref()); err != nil {
			t.Error(err)
		}
		if err := open(r, "shop"); err != nil {
			t.Error(err)
		}
	}
	_, err := r.IsActive(t.Context(), ref())
	if wantCode(t, err, codes.ResourceExhausted); !strings.Contains(status.Convert(err).Message(), "30 calls and streams are open already") {
		t.Error(err)
	}
	if _, err := healthpb.NewHealthClient(r.connection).Check(t.Context(), &healthpb.HealthCheckRequest{}); err != nil {
		t.Errorf("whoever fills lagwise has it restarted: %v", err)
	}
	if lent.leases() != all {
		t.Errorf("%d leases for %d streams", lent.leases(), all)
	}
	leave()
	await(t, "room", func() bool { _, err := r.IsActive(t.Context(), ref()); return err == nil })
}

// Requests of 4 MiB are refused before they are read.
func TestFourMebibytesOfMetadataAreNotRead(t *testing.T) {
	lent := lend(&fakeScaler{})
	r := serve(t, lent, server.Options{})
	keeps := answeredMeanwhile(t, r)
	large := ref()
	large.ScalerMetadata["topic"] = strings.Repeat("x", 4<<20)
	empty := heap()
	const calls = 200
	var asking sync.WaitGroup
	for range 4 {
		asking.Go(func() {
			for range calls / 4 {
				_, err := r.IsActive(t.Context(), large)
				wantCode(t, err, codes.ResourceExhausted)
			}
		})
	}
	asking.Wait()
	if kept := heap() - empty; kept > 64<<20 {
		t.Errorf("%d bytes are kept of them", kept)
	}
	keeps()
}

// answeredMeanwhile asks about another trigger over a connection of its own, and says at the end whether that was ever refused.
func answeredMeanwhile(t *testing.T, r *running) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	client := pb.NewExternalScalerClient(r.dial(t))
	if _, err := client.IsActive(ctx, ref()); err != nil {
		t.Fatal(err)
	}
	var asking sync.WaitGroup
	answered, longest := 0, time.Duration(0)
	asking.Go(func() {
		for ctx.Err() == nil {
			began := time.Now()
			if _, err := client.IsActive(ctx, ref()); err == nil {
				answered++
				longest = max(longest, time.Since(began))
			} else if ctx.Err() == nil && !errors.Is(err, context.Canceled) {
				t.Errorf("no answer during the attack: %v", err)
				return
			}
			select {
			case <-ctx.Done():
			case <-time.After(10 * time.Millisecond):
			}
		}
	})
	return func() {
		cancel()
		asking.Wait()
		t.Logf("%d answers meanwhile, the slowest within %v", answered, longest.Round(time.Millisecond))
		if answered == 0 {
			t.Error("nobody was answered meanwhile")
		}
	}
}

func await(t *testing.T, what string, there func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !there(); {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
		<-time.After(10 * time.Millisecond)
	}
}

func heap() int64 {
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return int64(memory.HeapAlloc)
}
