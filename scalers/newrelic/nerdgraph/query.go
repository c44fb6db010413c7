package nerdgraph

import (
	"context"
	"sync"
	"time"

	"github.com/lagwise/lagwise/scalers/news"
	"github.com/lagwise/lagwise/scalers/pace"
)

// Want is a query: triggers that want the same on the same connection share it.
type Want struct {
	Account int64
	// Region is as RegionOf gives it.
	Region string
	NRQL   string
}

// Answer is what New Relic said last.
type Answer struct {
	// At is when it was asked, Took how long that took.
	At   time.Time
	Took time.Duration
	// Rows is how many there are, First the first of them by its columns; empty without rows. Values are as encoding/json gives
	// them. It is shared: nobody may change it.
	Rows  int
	First map[string]any
}

// query asks for one Want again and again.
type query struct {
	want    Want
	session *session
	// end makes run return; subscribers are those who have not left. The pool guards both.
	end         func()
	subscribers int
	// attempts are told each time that New Relic was asked.
	attempts *news.News

	mu     sync.Mutex
	seen   bool // an answer came at least once
	latest Answer
	failed *failure // why the latest attempt failed; nil after a success
}

func newQuery(want Want, session *session, end func()) *query {
	return &query{want: want, session: session, end: end, attempts: news.New()}
}

// run asks every interval until ctx ends. A failing New Relic is tried again after random, growing pauses.
func (q *query) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	failures := 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		began := time.Now()
		answer, failed := q.session.ask(ctx, q.want)
		if ctx.Err() != nil {
			return
		}
		q.publish(answer, failed)
		if failed == nil {
			failures = 0
		} else {
			failures++
		}
		pause := pauseAfter(failed, failures, q.session.connection.Interval)
		q.session.tally.Refreshed(time.Since(began), pause, failed != nil)
		timer.Reset(pause)
	}
}

const (
	firstRetry = time.Second
	lastRetry  = time.Minute
	// longestWait is what New Relic may ask for with Retry-After.
	longestWait = 5 * time.Minute
)

// pauseAfter is random, so that queries that failed together do not come back together. Who was told to ask less often waits for at
// least another interval, and for as long as it was told.
func pauseAfter(failed *failure, failures int, interval time.Duration) time.Duration {
	if failed == nil {
		return interval
	}
	pause := pace.Backoff{First: firstRetry, Last: max(lastRetry, interval)}.Pause(failures)
	if failed.limited {
		pause += max(interval, min(failed.retryAfter, longestWait))
	}
	return pause
}

func (q *query) publish(answer Answer, failed *failure) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.failed = failed; failed == nil {
		q.latest, q.seen = answer, true
	}
	q.attempts.Tell()
}

// look gives the latest answer, and whether it is young enough to serve.
func (q *query) look() (answer Answer, failed *failure, fresh bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.latest, q.failed, q.seen && time.Since(q.latest.At) <= q.session.maxAge(q.latest.Took)
}
