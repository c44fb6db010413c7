package broker

import (
	"context"
	"time"

	"github.com/lagwise/lagwise/scalers/news"
	"github.com/lagwise/lagwise/scalers/pace"
)

// New credentials that do not work yet are tried again after random, growing pauses: RabbitMQ takes three seconds to refuse one.
const (
	firstProof = time.Second
	lastProof  = time.Minute
)

// rotate exchanges credentials when asked to. The new ones are tried beside the old.
func (s *session) rotate(ctx context.Context) {
	s.rotation.Run(ctx, pace.Backoff{First: firstProof, Last: lastProof}.Pause, func(next Endpoint, failures int) error {
		if err := s.source.renew(ctx, next); err != nil {
			if failures == 0 {
				s.log.Warn("RabbitMQ does not take the new credentials yet; the old ones stay in use", "error", err)
			}
			return err
		}
		s.mu.Lock()
		s.present, s.asideIsOld = next, true
		s.mu.Unlock()
		news.Signal(s.overdue)
		s.log.Info("the credentials were exchanged", "failures", failures)
		return nil
	})
}
