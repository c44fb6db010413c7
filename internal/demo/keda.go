package demo

import (
	"context"
	"fmt"
	"time"
)

// A real KEDA polls every 30 seconds and the HPA every 15. Nobody wants to watch that.
const (
	pollInterval = time.Second
	// again is when to ask again for an answer whose parts did not fit together, and lookAgain how many times.
	again     = 100 * time.Millisecond
	lookAgain = 8
)

// occurrence is something that the stand-in for KEDA does not find out by asking.
type occurrence struct {
	at time.Time
	// pushed is the app that lagwise pushed is active.
	pushed string
	// who did what text says, where nothing was pushed.
	who, text string
	// begins is the topic to which records begin to flow with it.
	begins string
}

// scaled is an app that the stand-in looks after.
type scaled struct {
	deployment
	asker *asker
	fleet *fleet // nil where the app only shows a refusal
}

// keda is the stand-in for KEDA and the HPA: it asks lagwise, and scales by what it hears. Everything it knows belongs to
// its own goroutine; what others have to tell it arrives by occurrences.
type keda struct {
	began       time.Time
	apps        []*scaled
	occurrences chan occurrence
	screen      screen

	bursts map[string]time.Time // when each topic's latest burst began
}

// tell hands on an occurrence, unless the demo ends.
func (k *keda) tell(ctx context.Context, o occurrence) {
	select {
	case k.occurrences <- o:
	case <-ctx.Done():
	}
}

func (k *keda) run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	unsettled := 0
	for {
		select {
		case <-ctx.Done():
			return nil
		case o := <-k.occurrences:
			if err := k.happened(o); err != nil {
				return err
			}
		case <-timer.C:
			next := pollInterval
			settled, err := k.poll(ctx, unsettled == lookAgain)
			switch {
			case ctx.Err() != nil:
				return nil
			case err != nil:
				return err
			case settled:
				unsettled = 0
			default:
				unsettled++
				next = again
			}
			timer.Reset(next)
		}
	}
}

func (k *keda) happened(o occurrence) error {
	if o.pushed != "" {
		return k.pushed(o)
	}
	if o.begins != "" {
		k.bursts[o.begins] = o.at
	}
	return k.show(o.at, o.who, o.text)
}

// pushed wakes an app. A push about one that is awake already is a repeat and changes nothing.
func (k *keda) pushed(o occurrence) error {
	for _, s := range k.apps {
		if s.app.name != o.pushed || s.replicas > 0 {
			continue
		}
		text := s.app.name + " is active: pushed over StreamIsActive"
		if burst, ok := k.bursts[s.app.keys["topic"]]; ok {
			text += fmt.Sprintf(" %d ms after the first record", o.at.Sub(burst).Milliseconds())
		}
		if err := k.show(o.at, byLagwise, text); err != nil {
			return err
		}
		return k.apply(o.at, s, s.pushed(o.at))
	}
	return nil
}

// poll asks about every app, scales them and shows a picture. When the parts of an answer do not fit together it does
// nothing, unless anyway.
func (k *keda) poll(ctx context.Context, anyway bool) (settled bool, err error) {
	answers := make([]answer, len(k.apps))
	for i, s := range k.apps {
		if answers[i], err = s.asker.ask(ctx); err != nil {
			return false, err
		}
		if !answers[i].settled && !anyway {
			return false, nil
		}
	}
	now := time.Now()
	seen := picture{at: now.Sub(k.began)}
	for i, s := range k.apps {
		before := s.replicas
		if err := k.apply(now, s, s.polled(now, answers[i])); err != nil {
			return false, err
		}
		seen.rows = append(seen.rows, row{
			name: s.app.name, special: s.app.special, answer: answers[i], target: s.target,
			before: before, replicas: s.replicas,
		})
	}
	return true, k.screen.picture(seen)
}

// apply tells of the changes and starts or stops consumers.
func (k *keda) apply(now time.Time, s *scaled, changes []change) error {
	for _, c := range changes {
		if err := k.show(now, c.who, fmt.Sprintf("%s %d -> %d: %s", s.app.name, c.from, c.to, c.why)); err != nil {
			return err
		}
	}
	if len(changes) > 0 && s.fleet != nil {
		s.fleet.scale(s.replicas)
	}
	return nil
}

func (k *keda) show(at time.Time, who, text string) error {
	return k.screen.event(event{at: at.Sub(k.began), who: who, text: text})
}
