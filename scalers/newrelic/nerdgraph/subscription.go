package nerdgraph

import (
	"context"
	"fmt"
	"time"

	"github.com/lagwise/lagwise/scalers"
)

// Subscription is one trigger's part in a query. Methods are safe for concurrent use.
type Subscription struct {
	query *query
	leave func()
}

// Answer gives the latest answer from memory. Only the first question about a new query waits, until New Relic was asked once or
// ctx ends. An answer older than maxSnapshotAge is not served: then there is an error at once, with its cause and the age.
func (s *Subscription) Answer(ctx context.Context) (Answer, error) {
	select {
	case <-s.query.attempts.First():
	case <-ctx.Done():
		return Answer{}, scalers.Errorf(scalers.CauseTimedOut, "New Relic has not answered yet, at %s: %w", s.query.session.connection.Name, ctx.Err())
	}
	answer, failed, fresh := s.query.look()
	if fresh {
		return answer, nil
	}
	return Answer{}, s.query.explain(answer, failed)
}

// Glance is what Answer would give without waiting, where that is no error.
func (s *Subscription) Glance() (answer Answer, fresh bool) {
	answer, _, fresh = s.query.look()
	return answer, fresh
}

// explain says why an answer is missing, or too old.
func (q *query) explain(latest Answer, failed *failure) error {
	name := q.session.connection.Name
	age := time.Since(latest.At).Round(100 * time.Millisecond)
	if failed == nil {
		return scalers.Errorf(scalers.CauseUnreachable, "the last answer of New Relic is %s old, at %s", age, name)
	}
	where := "at " + name
	if !latest.At.IsZero() {
		where += fmt.Sprintf(" (last good answer %s ago)", age)
	}
	return &scalers.Redacted{
		Err:    scalers.Errorf(failed.cause, "%w, %s", failed, where),
		Caller: scalers.Errorf(failed.cause, "%w, %s", failed.forCaller(), where),
	}
}

// Listen gives a channel that receives when New Relic was asked again; it holds one signal, and more are dropped. stop must be
// called.
func (s *Subscription) Listen() (changed <-chan struct{}, stop func()) {
	return s.query.attempts.Listen()
}

// Close ends the subscription. It may be called more than once.
func (s *Subscription) Close() error {
	s.leave()
	return nil
}
