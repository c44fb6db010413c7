package authentication

import (
	"context"
	"log/slog"
	"maps"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/crew"
	"github.com/lagwise/lagwise/scalers/news"
	"github.com/lagwise/lagwise/scalers/pace"
	"github.com/lagwise/lagwise/scalers/secret"
)

// Every is how often what is followed is read again.
const Every = time.Minute

// read tells a follower of credentials, or why there are none.
type read func(credentials map[string]secret.Text, err error)

// Ring keeps the authentications that somebody follows. Each is read once for all who do.
type Ring struct {
	read  func(context.Context, scalers.Authentication) (map[string]secret.Text, error)
	every time.Duration
	log   *slog.Logger
	crew  *crew.Crew

	mu       sync.Mutex
	followed map[scalers.Authentication]*followed
}

// NewRing reads nothing before Run.
func NewRing(reader Reader, every time.Duration, log *slog.Logger) *Ring {
	return &Ring{read: reader.Read, every: every, log: log, crew: crew.New(), followed: map[scalers.Authentication]*followed{}}
}

// Run reads until ctx ends.
func (r *Ring) Run(ctx context.Context) error { return r.crew.Run(ctx) }

// followed is one authentication, and those who follow it. They are told by its own goroutine, one after the other and under no lock:
// whoever is told builds scalers.
type followed struct {
	named scalers.Authentication
	left  chan struct{}
	// joined receives when somebody new has to be told what is known.
	joined chan struct{}

	mu        sync.Mutex
	followers map[*read]told
}

// told is which reading a follower was told of; 0 for none.
type told uint64

// reading is what was read last.
type reading struct {
	number      told
	credentials map[string]secret.Text
	err         error
}

// Follow is a scalers.Follow.
func (r *Ring) Follow(named scalers.Authentication, tell func(credentials map[string]secret.Text, err error)) (stop func()) {
	follower := read(tell)
	r.mu.Lock()
	defer r.mu.Unlock()
	f, found := r.followed[named]
	if !found {
		f = &followed{named: named, left: make(chan struct{}), joined: make(chan struct{}, 1), followers: map[*read]told{}}
		r.followed[named] = f
		r.crew.Join(func(ctx context.Context) error { r.run(ctx, f); return nil })
	}
	f.mu.Lock()
	f.followers[&follower] = 0
	f.mu.Unlock()
	news.Signal(f.joined)
	return sync.OnceFunc(func() { r.leave(f, &follower) })
}

func (r *Ring) leave(f *followed, follower *read) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f.mu.Lock()
	delete(f.followers, follower)
	nobody := len(f.followers) == 0
	f.mu.Unlock()
	if nobody && r.followed[f.named] == f {
		delete(r.followed, f.named)
		close(f.left)
	}
}

// backoff is for authentications that cannot be read.
var backoff = pace.Backoff{First: time.Second, Last: 30 * time.Second} //nolint:gochecknoglobals // a constant

func (r *Ring) run(ctx context.Context, f *followed) {
	var latest reading
	for failures := 0; ; {
		credentials, err := r.read(ctx, f.named)
		if ctx.Err() != nil {
			return
		}
		pause := r.every/2 + rand.N(r.every/2+1) //nolint:gosec // jitter needs no secrecy
		failures++
		if err == nil {
			failures = 0
		} else {
			pause = min(pause, backoff.Pause(failures-1))
		}
		latest = r.after(latest, f.named, credentials, err)
		if !f.tellUntil(ctx, time.After(pause), latest) {
			return
		}
	}
}

// after is what is known after one more reading. Credentials that are known outlast a Kubernetes that does not answer, and nothing
// else.
func (r *Ring) after(before reading, named scalers.Authentication, credentials map[string]secret.Text, err error) reading {
	cause, _ := scalers.CauseOf(err)
	known := before.number > 0
	switch {
	case known && before.err == nil && cause == scalers.CauseUnreachable:
		r.log.Warn("reading an authentication again; what is known of it goes on", "authentication", named.String(), "error", err)
		return before
	case known && sameError(before.err, err) && maps.Equal(before.credentials, credentials):
		return before
	default:
		return reading{before.number + 1, credentials, err}
	}
}

// tellUntil tells everybody who was not told of it yet, those as well who join until the time is over; false when nobody follows any
// more.
func (f *followed) tellUntil(ctx context.Context, over <-chan time.Time, latest reading) (goOn bool) {
	for {
		for _, follower := range f.untold(latest.number) {
			(*follower)(latest.credentials, latest.err)
		}
		select {
		case <-ctx.Done():
			return false
		case <-f.left:
			return false
		case <-over:
			return true
		case <-f.joined:
		}
	}
}

// untold are the followers who were not told of a reading, and are about to be.
func (f *followed) untold(number told) []*read {
	f.mu.Lock()
	defer f.mu.Unlock()
	var followers []*read
	for follower, heard := range f.followers {
		if heard != number {
			f.followers[follower] = number
			followers = append(followers, follower)
		}
	}
	return followers
}

func sameError(one, other error) bool {
	if one == nil || other == nil {
		return one == nil && other == nil
	}
	return one.Error() == other.Error()
}
