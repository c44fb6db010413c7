package server_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/server"
)

// watcher is a trigger whose answer the test sets.
type watcher struct {
	fakeWatcher
	next chan bool
}

// newWatcher makes a watcher that is inactive at first. Each bool put into next becomes its answer.
func newWatcher() *watcher {
	w := &watcher{next: make(chan bool)}
	w.watch = func(ctx context.Context, seen func(scalers.Evaluation) error) error {
		for {
			select {
			case <-ctx.Done():
				return nil
			case active := <-w.next:
				if err := seen(scalers.Evaluation{Active: active}); err != nil {
					return err
				}
			}
		}
	}
	return w
}

// open opens a push stream and records it.
func (r *running) open(t *testing.T) *pushed {
	t.Helper()
	stream, err := r.StreamIsActive(t.Context(), ref())
	if err != nil {
		t.Fatal(err)
	}
	p := record(stream)
	synctest.Wait()
	return p
}

func wantPushes(t *testing.T, p *pushed, want ...time.Duration) {
	t.Helper()
	synctest.Wait()
	if got := p.times(); !slices.Equal(got, want) {
		t.Errorf("pushes after %v, want %v", got, want)
	}
}

func wantOpen(t *testing.T, p *pushed) {
	t.Helper()
	synctest.Wait()
	if err := p.end(); err != nil {
		t.Errorf("the stream ended with %v, want it open", err)
	}
}

func TestStreamOfActiveTriggerSaysSoOnOpeningAndRepeatsItTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := serve(t, lend(always(scalers.Evaluation{Active: true}, nil)), server.Options{})
		p := r.open(t)
		wantPushes(t, p, 0)
		time.Sleep(time.Hour)
		wantPushes(t, p, 0, 5*time.Second, 15*time.Second)
		wantOpen(t, p)
	})
}

func TestStreamRepeatsCanBeTurnedOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := serve(t, lend(always(scalers.Evaluation{Active: true}, nil)), server.Options{RepeatCount: -1})
		p := r.open(t)
		time.Sleep(time.Hour)
		wantPushes(t, p, 0)
	})
}

func TestStreamOfInactiveTriggerSaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := serve(t, lend(newWatcher()), server.Options{})
		p := r.open(t)
		time.Sleep(time.Hour)
		wantPushes(t, p)
		wantOpen(t, p)
	})
}

func TestStreamPushesTheMomentAWatchedTriggerBecomesActive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatcher()
		p := serve(t, lend(w), server.Options{}).open(t)
		time.Sleep(1234 * time.Millisecond)
		w.next <- true
		wantPushes(t, p, 1234*time.Millisecond)
	})
}

func TestStreamOfFlickeringTriggerPushesAtMostOncePerInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatcher()
		p := serve(t, lend(w), server.Options{RepeatCount: -1}).open(t)
		for range 10 { // ends inactive; each edge after the first is too early until a second has gone by
			w.next <- true
			time.Sleep(150 * time.Millisecond)
			w.next <- false
			time.Sleep(150 * time.Millisecond)
		}
		time.Sleep(time.Minute)
		// Edges come every 300 ms. The one of 900 ms waits until 1 s; that of 2.1 s needs not wait.
		wantPushes(t, p, 0, time.Second, 2100*time.Millisecond)
	})
}

func TestStreamPollsAScalerThatCannotWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		scaler := &fakeScaler{evaluate: func(context.Context) (scalers.Evaluation, error) {
			return scalers.Evaluation{Active: time.Since(start) > 2500*time.Millisecond}, nil
		}}
		p := serve(t, lend(scaler), server.Options{}).open(t)
		time.Sleep(4 * time.Second)
		wantPushes(t, p, 3*time.Second)
	})
}

func TestStreamOfRefusedTriggerEndsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := always(scalers.Evaluation{}, scalers.Errorf(scalers.CauseRefused, "topic is missing"))
		p := serve(t, lend(refused), server.Options{}).open(t)
		wantCode(t, p.end(), codes.InvalidArgument)
	})
}

func TestStreamStaysOpenAndSilentThroughAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		scaler := &fakeScaler{evaluate: func(context.Context) (scalers.Evaluation, error) {
			switch after := time.Since(start); {
			case after < 2*time.Second:
				return scalers.Evaluation{}, nil
			case after < 20*time.Second:
				return scalers.Evaluation{}, scalers.Errorf(scalers.CauseUnreachable, "no broker answers")
			default:
				return scalers.Evaluation{Active: true}, nil
			}
		}}
		p := serve(t, lend(scaler), server.Options{RepeatCount: -1}).open(t)
		time.Sleep(15 * time.Second)
		wantPushes(t, p)
		time.Sleep(15 * time.Second)
		wantPushes(t, p, 20*time.Second)
		wantOpen(t, p)
	})
}

func TestStreamOpenedInAnOutageEndsCleanlyWhenItIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatcher()
		w.evaluate = func(context.Context) (scalers.Evaluation, error) {
			return scalers.Evaluation{}, scalers.Errorf(scalers.CauseUnreachable, "no broker answers")
		}
		p := serve(t, lend(w), server.Options{}).open(t)
		time.Sleep(time.Minute)
		wantOpen(t, p)
		w.next <- true
		wantPushes(t, p, time.Minute)
		wantEOF(t, p.end())
	})
}

func TestStreamEndsWithItsWatch(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		want codes.Code
	}{
		"nothing more to tell": {nil, codes.OK},
		"failure":              {scalers.Errorf(scalers.CauseUnreachable, "closed"), codes.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &fakeWatcher{watch: func(context.Context, func(scalers.Evaluation) error) error { return test.err }}
				p := serve(t, lend(w), server.Options{}).open(t)
				if test.want == codes.OK {
					wantEOF(t, p.end())
					return
				}
				wantCode(t, p.end(), test.want)
			})
		})
	}
}

func TestStreamHoldsItsLeaseUntilTheClientGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lent := lend(newWatcher())
		r := serve(t, lent, server.Options{})
		ctx, goAway := context.WithCancel(t.Context())
		if _, err := r.StreamIsActive(ctx, ref()); err != nil {
			t.Fatal(err)
		}
		if _, err := r.StreamMetricSpec(ctx, ref()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if got := lent.leases(); got != 2 {
			t.Errorf("%d leases while two streams are open", got)
		}
		goAway()
		synctest.Wait()
		if got := lent.leases(); got != 0 {
			t.Errorf("%d leases after the client went", got)
		}
	})
}
