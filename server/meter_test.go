package server_test

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/test/bufconn"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/server"
)

// tally remembers what a server counts.
type tally struct {
	mu       sync.Mutex
	answered map[string]int
	took     time.Duration
	open     map[string]int
	pushed   []time.Duration // since the event; -1 for none
	failed   map[string]int
}

func (m *tally) Answered(rpc string, code codes.Code, took time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.answered[fmt.Sprint(rpc, " ", code)]++
	m.took = took
}

func (m *tally) Streaming(rpc string, more int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.open[rpc] += more
}

func (m *tally) Pushed(woken time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	since := time.Duration(-1)
	if !woken.IsZero() {
		since = time.Since(woken)
	}
	m.pushed = append(m.pushed, since)
}

func (m *tally) HandshakeFailed(cause string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failed[cause]++
}

// handshakes is how many failed, by cause.
func (m *tally) handshakes() map[string]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.failed)
}

// told is what was counted so far, in words.
func (m *tally) told() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return fmt.Sprint(m.answered, m.open, m.pushed)
}

func newTally() *tally {
	return &tally{answered: map[string]int{}, open: map[string]int{}, failed: map[string]int{}}
}

func TestCallsAreCountedByTheirCode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		meter := newTally()
		answers := scalers.Evaluation{}
		var fails error
		r := serve(t, lend(&fakeScaler{evaluate: func(context.Context) (scalers.Evaluation, error) {
			time.Sleep(time.Second)
			return answers, fails
		}}), server.Options{Meter: meter})
		_, _ = r.GetMetricSpec(t.Context(), ref())
		_, _ = r.GetMetrics(t.Context(), request())
		_, _ = r.IsActive(t.Context(), ref())
		fails = scalers.Errorf(scalers.CauseUnreachable, "no broker")
		_, _ = r.IsActive(t.Context(), ref())
		if got, want := meter.told(), "map[GetMetricSpec OK:1 GetMetrics OK:1 IsActive OK:1 IsActive Unavailable:1] map[] []"; got != want {
			t.Errorf("counted %s, want %s", got, want)
		}
		if meter.took != time.Second {
			t.Errorf("the last one took %v", meter.took)
		}
	})
}

// Of all pushes only the first of an edge tells how long it took since the event, if there was one.
func TestPushesAndStreamsAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		meter, next := newTally(), make(chan scalers.Evaluation)
		watcher := &fakeWatcher{watch: func(ctx context.Context, seen func(scalers.Evaluation) error) error {
			for {
				select {
				case <-ctx.Done():
					return nil
				case evaluation := <-next:
					if err := seen(evaluation); err != nil {
						return err
					}
				}
			}
		}}
		r := serve(t, lend(watcher), server.Options{Meter: meter, RepeatCount: 1})
		r.open(t)
		synctest.Wait()
		woken := time.Now()
		time.Sleep(70 * time.Millisecond)
		next <- scalers.Evaluation{Active: true, ObservedAt: time.Now(), WokenAt: woken}
		time.Sleep(time.Minute)
		next <- scalers.Evaluation{ObservedAt: time.Now()}
		time.Sleep(time.Minute)
		next <- scalers.Evaluation{Active: true, ObservedAt: time.Now()}
		time.Sleep(time.Second)
		if got, want := meter.told(), "map[] map[StreamIsActive:1] [70ms -1ns -1ns]"; got != want {
			t.Errorf("counted %s, want %s", got, want)
		}
		r.stop()
		<-r.ended
		if got, want := meter.told(), "map[StreamIsActive OK:1] map[StreamIsActive:0] [70ms -1ns -1ns]"; got != want {
			t.Errorf("at the end %s, want %s", got, want)
		}
	})
}

// followedWatcher is a fakeWatcher that takes down who follows it.
type followedWatcher struct {
	fakeWatcher
	streams, pushes atomic.Int64
}

func (f *followedWatcher) Streaming(more int) { f.streams.Add(int64(more)) }
func (f *followedWatcher) Pushed()            { f.pushes.Add(1) }

func TestAScalerIsToldWhoFollowsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		watcher := &followedWatcher{fakeWatcher: fakeWatcher{watch: func(ctx context.Context, seen func(scalers.Evaluation) error) error {
			err := seen(scalers.Evaluation{Active: true, ObservedAt: time.Now()})
			<-ctx.Done()
			return err
		}}}
		meter := newTally()
		r := serve(t, lend(watcher), server.Options{Meter: meter, RepeatCount: 1})
		r.open(t)
		time.Sleep(time.Minute)
		if streams, pushes := watcher.streams.Load(), watcher.pushes.Load(); streams != 1 || pushes != 2 || len(meter.pushed) != 2 {
			t.Errorf("told of %d streams and %d pushes, want 1 and the push with its repeat", streams, pushes)
		}
		r.stop()
		<-r.ended
		if streams := watcher.streams.Load(); streams != 0 {
			t.Errorf("%d streams are open at the end", streams)
		}
	})
}

// What is not ready gets no new connections. Kafka has no say in it, and the end is told before anything else ends.
func TestServingUntilTheContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		letGo := make(chan struct{})
		asked := server.New(lend(&fakeScaler{evaluate: func(context.Context) (scalers.Evaluation, error) {
			<-letGo
			return scalers.Evaluation{}, scalers.Errorf(scalers.CauseUnreachable, "no broker")
		}}), server.Options{})
		if asked.Serving() {
			t.Error("serving before Run")
		}
		ctx, stop := context.WithCancel(t.Context())
		r := &running{listener: bufconn.Listen(1 << 20), ended: make(chan struct{})}
		go func() {
			defer close(r.ended)
			if err := asked.Run(ctx, r.listener); err != nil {
				t.Error(err)
			}
		}()
		client := pb.NewExternalScalerClient(r.dial(t))
		go func() { _, _ = client.IsActive(t.Context(), ref()) }()
		synctest.Wait()
		if !asked.Serving() {
			t.Error("not serving while it runs")
		}
		stop()
		synctest.Wait()
		select {
		case <-r.ended:
			t.Error("it did not wait for the call")
		default:
		}
		if asked.Serving() {
			t.Error("serving after the end of its context")
		}
		close(letGo)
		<-r.ended
	})
}
