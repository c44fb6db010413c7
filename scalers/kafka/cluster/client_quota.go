package cluster

import (
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// quota remembers until when brokers hold back this client's requests (KIP-219). It is one of the client's hooks.
type quota struct {
	mu    sync.Mutex
	until map[int32]time.Time
}

var _ kgo.HookBrokerThrottle = (*quota)(nil)

// OnBrokerThrottle implements kgo.HookBrokerThrottle.
func (q *quota) OnBrokerThrottle(broker kgo.BrokerMetadata, throttle time.Duration, _ bool) {
	if throttle <= 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.until == nil {
		q.until = map[int32]time.Time{}
	}
	q.until[broker.NodeID] = time.Now().Add(throttle)
}

// throttled returns why answers are late; nil when no broker throttles this client.
func (q *quota) throttled(now time.Time) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for broker, until := range q.until {
		if left := until.Sub(now); left > 0 {
			return &throttledError{broker, left}
		}
	}
	return nil
}

// throttledError is a time-out whose reason is a broker's quota.
type throttledError struct {
	broker int32
	left   time.Duration
}

func (e *throttledError) Error() string {
	return fmt.Sprintf("throttled: by its quota, broker %d holds back this client's requests for another %s", e.broker, e.left.Round(100*time.Millisecond))
}
