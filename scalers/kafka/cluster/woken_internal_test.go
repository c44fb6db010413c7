package cluster

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/lagwise/lagwise/scalers/lag"
)

// How long a push takes is counted from the record that was noticed first, to the first observation that was begun later.
func TestAnObservationTellsWhatWokeIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		session := newSession(Connection{Name: "payments"}, Options{}.withDefaults(), func(*session, *Subscription) {})
		subscription := session.join(Want{})
		before := time.Now()
		time.Sleep(time.Second)
		woken := time.Now()
		session.wakeUp(subscription)
		time.Sleep(time.Second)
		session.wakeUp(subscription)

		for _, step := range []struct {
			begun, want time.Time
		}{
			{before, time.Time{}}, // under way when the record came: it may not have seen it
			{time.Now(), woken},
			{time.Now().Add(time.Second), time.Time{}},
		} {
			subscription.publish(step.begun, result{observation: lag.Observation{At: step.begun}})
			if got := subscription.latest.Woken; !got.Equal(step.want) {
				t.Errorf("begun at %v: woken at %v, want %v", step.begun, got, step.want)
			}
		}
	})
}
