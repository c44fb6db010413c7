package gather

import (
	"context"
	"fmt"
	"time"

	"github.com/lagwise/lagwise/internal/audit"
	"github.com/lagwise/lagwise/scalers"
)

// Build makes the scaler of a trigger as lagwise serve does.
type Build func(scaler string, trigger scalers.Trigger) scalers.Scaler

// shadow is lagwise's scalers, kept for as long as an audit lasts.
type shadow struct {
	scalers map[audit.Key]scalers.Scaler
	begun   time.Time
	refresh time.Duration
}

func newShadow(subjects []audit.Subject, build Build, refresh time.Duration) shadow {
	s := shadow{scalers: map[audit.Key]scalers.Scaler{}, begun: time.Now(), refresh: refresh}
	for _, subject := range subjects {
		if subject.Plan.Missing == "" {
			s.scalers[subject.Key] = build(subject.Scaler, subject.Asked())
		}
	}
	return s
}

// firstTime is how long the first observation of a trigger may take; further ones are answered from memory.
const firstTime = 15 * time.Second

func (s shadow) answer(ctx context.Context, subject audit.Subject) audit.Answer {
	scaler, built := s.scalers[subject.Key]
	if !built {
		return audit.Answer{Why: subject.Plan.Missing}
	}
	ctx, cancel := context.WithTimeout(ctx, firstTime)
	defer cancel()
	evaluation, err := scaler.Evaluate(ctx)
	if err != nil {
		cause, _ := scalers.CauseOf(err)
		return audit.Answer{Why: err.Error(), Cause: cause.String(), At: time.Now()}
	}
	return audit.Answer{Value: &evaluation.Value, Active: &evaluation.Active, At: evaluation.ObservedAt}
}

// newer is the first answer that was observed after an instant.
func (s shadow) newer(ctx context.Context, subject audit.Subject, than time.Time) audit.Answer {
	const glance = 100 * time.Millisecond
	ticker := time.NewTicker(glance)
	defer ticker.Stop()
	patience := 3*s.refresh + firstTime // a refresh may take long, and be made less often then
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if answer := s.answer(ctx, subject); answer.Value == nil || answer.At.After(than) {
			return answer
		}
		select {
		case <-ctx.Done():
			return audit.Answer{Why: "interrupted", At: time.Now()}
		case <-ticker.C:
		}
	}
	return audit.Answer{Why: fmt.Sprintf("no newer observation within %v", patience), Cause: scalers.CauseTimedOut.String(), At: time.Now()}
}
