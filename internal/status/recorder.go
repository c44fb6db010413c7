package status

import (
	"context"
	"runtime/debug"
	"time"
)

// record looks at all triggers once in a tick, whoever looks, until ctx ends.
func (p *Page) record(ctx context.Context) error {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		p.recordOnce(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// recordOnce outlives a scaler that panics: this goroutine has nobody else to look after it.
func (p *Page) recordOnce(ctx context.Context) {
	defer func() {
		if value := recover(); value != nil {
			p.log.ErrorContext(ctx, "caught a panic while looking at triggers", "panic", value, "stack", string(debug.Stack()))
		}
	}()
	p.history.take(time.Now(), p.sources.Triggers.Standings())
	p.glance.forget()
}
