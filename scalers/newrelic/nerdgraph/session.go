package nerdgraph

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/secret"
	"github.com/lagwise/lagwise/scalers/sessions"
)

// asksAtOnce bounds the requests under way for a connection. New Relic lets each user have 25 in parallel; so two replicas of
// lagwise are within that.
const asksAtOnce = 10

// session is what the queries on one connection share.
type session struct {
	connection Connection
	options    Options
	log        *slog.Logger
	slots      chan struct{}
	tally      *sessions.Tally
	// queries is guarded by the pool.
	queries map[Want]*query

	mu sync.Mutex
	// keys are the connection's latest one, and behind it the one before, until New Relic has accepted the latest.
	keys []secret.Text
	// rejected is the key of which the log says that it is not accepted.
	rejected secret.Text
}

func newSession(connection Connection, options Options) *session {
	if connection.Interval <= 0 {
		connection.Interval = DefaultInterval
	}
	return &session{
		connection: connection, options: options, log: options.Log.With("connection", connection.Name),
		slots: make(chan struct{}, asksAtOnce), queries: map[Want]*query{}, keys: []secret.Text{connection.Key},
		tally: sessions.NewTally(asked),
	}
}

func (s *session) renew(key secret.Text) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keys[0] != key {
		s.keys = []secret.Text{key, s.keys[len(s.keys)-1]}
	}
}

func (s *session) keysNow() []secret.Text {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keys
}

// accept forgets the key before the latest one.
func (s *session) accept(key secret.Text) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keys[0] == key {
		s.keys = s.keys[:1]
	}
}

// reject says whether it is news that a key is not accepted. One that was replaced meanwhile is none any more.
func (s *session) reject(key secret.Text) (news bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keys[0] != key || s.rejected == key {
		return false
	}
	s.rejected = key
	return true
}

// ask waits for a slot, and asks once; a second time only with the key before the latest, where that one is not accepted.
func (s *session) ask(ctx context.Context, want Want) (Answer, *failure) {
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		return Answer{}, &failure{cause: scalers.CauseTimedOut, text: "too many queries are under way", err: ctx.Err()}
	}
	defer func() { <-s.slots }()
	keys := s.keysNow()
	for _, key := range keys[:len(keys)-1] {
		answer, failed := s.counted(ctx, want, key)
		if failed == nil {
			s.accept(key)
			return answer, nil
		}
		if failed.cause != scalers.CauseUnauthenticated {
			return Answer{}, failed
		}
		if s.reject(key) {
			s.log.WarnContext(ctx, "New Relic does not accept the new key; the old one goes on", "error", failed)
		}
	}
	return s.counted(ctx, want, keys[len(keys)-1])
}

// counted asks once, and counts that. One that was given up because lagwise stops has not failed.
func (s *session) counted(ctx context.Context, want Want, key secret.Text) (Answer, *failure) {
	answer, failed := s.askOnce(ctx, want, key)
	kind := ""
	if failed != nil && ctx.Err() == nil {
		kind = failed.cause.String()
	}
	s.tally.Asked(asked, 1, kind)
	return answer, failed
}

// maxAge is how old an answer may grow that takes so long to come by.
func (s *session) maxAge(took time.Duration) time.Duration {
	return max(s.options.MaxSnapshotAge, 3*(s.connection.Interval+took))
}
