package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/lagwise/lagwise/test/e2e/stage"
)

// A record wakes a Deployment at zero: sooner through lagwise's push than through KEDA's built-in kafka trigger, even when
// that is polled every second, and much sooner than at its default pollingInterval of 30 s. It measures, so it is alone.
func TestPushWakesBeforePolling(t *testing.T) {
	s := shared.Scenario(t)
	unset := sleepersOf(s, "built-in", 3, stage.BuiltIn())
	// KEDA polls what it has just been given. Records that come at different times after that wait for different parts of
	// its 30 s, and the others are measured meanwhile.
	began := time.Now()
	after := func(seconds int) { <-time.After(time.Until(began.Add(time.Duration(seconds) * time.Second))) }

	pushed := sleepersOf(s, "pushed", 15)
	after(5)
	wake(s, unset[0])
	after(10) // like consumers that have slept for a while
	wake(s, pushed...)
	push := median(s, "record -> Deployment at 1, external-push", pushed)

	everySecond := sleepersOf(s, "every-second", 15, stage.BuiltIn(), stage.Set(1, "spec", "pollingInterval"))
	wake(s, unset[1])
	wake(s, everySecond...)
	polled := median(s, "record -> Deployment at 1, built-in at pollingInterval 1", everySecond)

	wake(s, unset[2])
	waited := median(s, "record -> Deployment at 1, built-in at its default", unset)
	if push >= polled || polled >= waited {
		t.Errorf("want push < polled every second < polled by default, got %s, %s, %s", push, polled, waited)
	}
}

// sleeper is a Deployment at zero with a trigger, a topic and a group of its own.
type sleeper struct {
	name, topic string
	woken       time.Time
}

// sleepersOf applies the example several times.
func sleepersOf(s *stage.Scenario, kind string, n int, edits ...stage.Edit) []*sleeper {
	var all []*sleeper
	for i := range n {
		name := fmt.Sprintf("%s-%d", kind, i)
		topic, group := s.Topic(name, 1), s.Group(name)
		s.Commit(group, topic, 0, 0)
		s.Deploy(name, stage.Pause())
		s.Apply("kafka-push.yaml", append(edits, stage.Named(name), stage.On(topic, group))...)
		all = append(all, &sleeper{name: name, topic: topic})
	}
	for _, sleeping := range all {
		s.AwaitCondition(sleeping.name, "Ready", "True")
	}
	return all
}

// wake produces a record for each of them, at moments that have nothing to do with anybody's polls.
func wake(s *stage.Scenario, all ...*sleeper) {
	for _, sleeping := range all {
		<-time.After(rand.N(time.Second))
		sleeping.woken = time.Now()
		s.Produce(sleeping.topic, 0, 1)
	}
}

// median waits until all are awake, and records how long they took.
func median(s *stage.Scenario, what string, all []*sleeper) time.Duration {
	var took []time.Duration
	for _, sleeping := range all {
		took = append(took, s.Replicas(sleeping.name).Reach(1, stage.Patience).At.Sub(sleeping.woken))
	}
	slices.Sort(took)
	middle := took[len(took)/2]
	s.Figure(what, fmt.Sprintf("%s (%s to %s, %d times)", round(middle), round(took[0]), round(took[len(took)-1]), len(took)))
	return middle
}

func round(duration time.Duration) time.Duration { return duration.Round(100 * time.Microsecond) }
