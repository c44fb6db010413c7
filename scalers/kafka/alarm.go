package kafka

import "time"

// alarm rings when time alone changes an answer. It has a timer only once it was set: most triggers never set one. The
// next observation sets it anew, so a machine's clock that was moved delays it by one refresh at most.
type alarm struct{ timer *time.Timer }

// set replaces what was set before; the zero time is never.
func (a *alarm) set(at time.Time) {
	switch {
	case at.IsZero():
		a.stop()
	case a.timer == nil:
		a.timer = time.NewTimer(time.Until(at))
	default:
		a.timer.Reset(time.Until(at))
	}
}

// rings receives when it is time; never while nothing is set.
func (a *alarm) rings() <-chan time.Time {
	if a.timer == nil {
		return nil
	}
	return a.timer.C
}

func (a *alarm) stop() {
	if a.timer != nil {
		a.timer.Stop()
	}
}
