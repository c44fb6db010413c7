package cluster

import (
	"context"
	"time"
)

// broken is the source of a connection whose client could not be opened, because librdkafka refuses its settings. Each
// question is answered with the reason; a corrected connection is another connection, with a session of its own.
type broken struct{ fault *Fault }

func (b broken) describe(context.Context, []string) (map[string]topicState, error) {
	return nil, b.fault
}

func (b broken) list(context.Context) ([]string, error) { return nil, b.fault }

func (b broken) offsets(context.Context, end, []partition) (map[partition]offsetState, error) {
	return nil, b.fault
}

func (b broken) since(context.Context, time.Time, []partition) (map[partition]firstState, error) {
	return nil, b.fault
}

func (b broken) committed(context.Context, string, []partition) (map[partition]commitState, error) {
	return nil, b.fault
}

func (b broken) members(context.Context, string) (groupState, error) { return groupState{}, b.fault }

func (broken) poll(wait time.Duration) error {
	time.Sleep(wait)
	return nil
}

func (broken) close() error { return nil }
