package cluster

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// stuck is a client that librdkafka never finishes to close.
type stuck struct {
	*FakeKafka
	released chan struct{}
}

func (s *stuck) close() error {
	<-s.released
	return nil
}

func TestAClientThatNeverClosesHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		kafka := &stuck{FakeKafka: NewFakeKafka(), released: make(chan struct{})}
		pool := NewPool(Options{})
		pool.open = func(Connection, Options) (source, error) { return kafka, nil }
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- pool.Run(ctx) }()
		if _, err := pool.Subscribe(Connection{Name: "payments"}, Want{Group: "billing", Topics: []string{"orders"}}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		stop()
		began := time.Now()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > closeTimeout+eventPoll {
			t.Errorf("the pool ended after %s", took)
		}
		close(kafka.released)
	})
}

func TestLetGoTellsHowClosingWent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		failure, released := errors.New("no"), make(chan struct{})
		if err := letGo(func() error { return failure }); !errors.Is(err, failure) {
			t.Errorf("closing failed: %v", err)
		}
		if err := letGo(func() error { <-released; return nil }); !errors.Is(err, errNeverClosed) {
			t.Errorf("closing never ended: %v", err)
		}
		close(released)
	})
}
