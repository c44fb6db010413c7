// Package rotation exchanges the credentials of a session that goes on meanwhile. It knows neither the credentials nor the source.
package rotation

import (
	"context"
	"time"
)

// Rotation hands new credentials to a session.
type Rotation[Credentials any] struct{ asked chan Credentials }

// New asks for nothing yet.
func New[Credentials any]() Rotation[Credentials] {
	return Rotation[Credentials]{asked: make(chan Credentials, 1)}
}

// To asks for the credentials to be exchanged; of several the newest count. One caller at a time.
func (r Rotation[Credentials]) To(next Credentials) {
	select {
	case <-r.asked:
	default:
	}
	r.asked <- next
}

// Run has credentials exchanged when that was asked for, until ctx ends: whether the source or lagwise learns of them first, what works
// goes on working. Exchange is tried again for as long as it fails, after pauses that again gives for the number of failures in a row,
// and told which attempt it is, from 0.
func (r Rotation[Credentials]) Run(ctx context.Context, again func(failures int) time.Duration, exchange func(next Credentials, failures int) error) {
	var next Credentials
	var retry <-chan time.Time // nil, which never comes, where nothing is to be tried again
	failures := 0
	for {
		select {
		case <-ctx.Done():
			return
		case next = <-r.asked:
			failures = 0
		case <-retry:
		}
		if err := exchange(next, failures); err != nil {
			failures++
			retry = time.After(again(failures))
			continue
		}
		retry = nil
	}
}
