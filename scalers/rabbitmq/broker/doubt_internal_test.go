package broker

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// holds answers with so many messages and consumers, after some time.
func holds(messages, consumers int64, after time.Duration) func(Want) ([]Queue, error) {
	return func(want Want) ([]Queue, error) {
		time.Sleep(after)
		return []Queue{{Name: want.Queue, Ready: messages, Consumers: consumers}}, nil
	}
}

// seen is what a trigger is told, each second from now on.
func seen(t *testing.T, s *Subscription, seconds int) string {
	t.Helper()
	var all []string
	for range seconds {
		time.Sleep(time.Second)
		observation, err := s.View(t.Context())
		if fault, is := errors.AsType[*Fault](err); is {
			all = append(all, fault.Kind.String())
		} else {
			all = append(all, fmt.Sprint(observation.Queues[0].Ready))
		}
	}
	return strings.Join(all, " ")
}

// onFull is onFake with a trigger of a queue that has 25 messages.
func onFull(t *testing.T, test func(t *testing.T, fake *fakeSource, pool *Pool, s *Subscription)) {
	t.Helper()
	onFake(t, func(t *testing.T, pool *Pool, fake *fakeSource) {
		fake.answers(holds(25, 0, 0))
		s := subscribe(t, pool, Want{Queue: "orders"})
		if n := readyIn(t, s); n != 25 {
			t.Fatal(n)
		}
		test(t, fake, pool, s)
	})
}

func TestAQueueThatSeemsToHaveLostEverythingIsDoubted(t *testing.T) {
	t.Parallel()
	const once, twice = "25 25 25 25 0 0 0 0 0 0 0 0 0 0 0 0", "25 25 25 25 25 25 25 25 25 0 0 0 0 0 0 0"
	const never = "25 25 25 25 25 25 25 25 25 25 25 25 25 25 timed_out timed_out"
	for name, test := range map[string]struct {
		then  func(Want) ([]Queue, error)
		knows testimony
		want  string
	}{
		"emptied by consumers":        {holds(0, 1, 0), noTestimony, once},
		"has fewer":                   {holds(1, 0, leaderTime), noTestimony, strings.ReplaceAll(once, " 0", " 1")},
		"says it twice":               {holds(0, 0, 0), noTestimony, twice},
		"says it slowly":              {holds(0, 0, leaderTime), noTestimony, never},
		"has a leader":                {holds(0, 0, 0), led, twice},
		"has a leader, says it late":  {holds(0, 0, leaderTime), led, never},
		"has no leader":               {holds(0, 0, 0), leaderless, never},
		"nobody says whether":         {holds(0, 0, 0), silence, never},
		"needs none, says it at once": {holds(0, 0, leaderTime), needsNoLeader, once},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onFull(t, func(t *testing.T, fake *fakeSource, _ *Pool, s *Subscription) {
				fake.testifies(test.knows)
				fake.answers(test.then)
				time.Sleep(500 * time.Millisecond) // looks are between the seconds
				if got := seen(t, s, 16); got != test.want {
					t.Errorf("got  %s\nwant %s", got, test.want)
				}
			})
		})
	}
}

// After each doubt there is an answer again, whatever comes.
func TestWhatEndsADoubt(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer func(Want) ([]Queue, error)
		knows  testimony
		lasts  time.Duration
		ends   func(*fakeSource)
		want   string
	}{
		"the messages are back":       {holds(0, 0, 0), leaderless, 40 * time.Second, func(f *fakeSource) { f.answers(holds(25, 0, 0)) }, "25"},
		"a leader who has none":       {holds(0, 0, 0), leaderless, 40 * time.Second, func(f *fakeSource) { f.testifies(led) }, "0"},
		"the API is gone for good":    {holds(0, 0, 0), silence, 40 * time.Second, func(f *fakeSource) { f.testifies(noTestimony) }, "0"},
		"a slow broker, by itself":    {holds(0, 0, leaderTime), noTestimony, hangTime, func(*fakeSource) {}, "0"},
		"a slow broker with a leader": {holds(0, 0, leaderTime), led, hangTime, func(*fakeSource) {}, "0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onFull(t, func(t *testing.T, fake *fakeSource, _ *Pool, s *Subscription) {
				fake.testifies(test.knows)
				fake.answers(test.answer)
				time.Sleep(test.lasts)
				if got := seen(t, s, 1); got != "timed_out" {
					t.Errorf("during the doubt %s", got)
				}
				test.ends(fake)
				time.Sleep(11 * time.Second)
				if got := seen(t, s, 1); got != test.want {
					t.Errorf("got %s, want %s", got, test.want)
				}
			})
		})
	}
}

// What was said before an outage counts no more: the broker that says it after that may be another one.
func TestAnOutageBeginsADoubtAnew(t *testing.T) {
	t.Parallel()
	onFull(t, func(t *testing.T, fake *fakeSource, _ *Pool, s *Subscription) {
		fake.answers(holds(0, 0, 0))
		time.Sleep(6 * time.Second)
		fake.answers(refused)
		time.Sleep(20 * time.Second)
		fake.answers(holds(0, 0, 0))
		for fake.count("orders") == 0 {
			time.Sleep(100 * time.Millisecond)
		}
		if _, err := s.View(t.Context()); err == nil || !strings.Contains(err.Error(), errLostAll.Error()) {
			t.Errorf("after one look: %v", err)
		}
	})
}

// The management API gives no figures of a queue without leader: what it says is believed.
func TestTheManagementAPIIsNotDoubted(t *testing.T) {
	t.Parallel()
	onFake(t, func(t *testing.T, pool *Pool, fake *fakeSource) {
		fake.answers(holds(25, 0, 0))
		s, err := pool.Subscribe("fake", "", Endpoint{Address: "http://fake", Protocol: HTTP}, Want{Queue: "orders"})
		if err != nil {
			t.Fatal(err)
		}
		readyIn(t, s)
		fake.answers(holds(0, 0, leaderTime))
		time.Sleep(5 * time.Second)
		if got := seen(t, s, 1); got != "0" {
			t.Error(got)
		}
	})
}

// A lagwise that starts while a queue has no leader does not take it for an empty one, where somebody can tell.
func TestTheFirstLookAtAQueueIsDoubted(t *testing.T) {
	t.Parallel()
	for knows, want := range map[testimony]string{leaderless: "timed_out", led: "0", needsNoLeader: "0", silence: "0", noTestimony: "0"} {
		onFake(t, func(t *testing.T, pool *Pool, fake *fakeSource) {
			fake.answers(holds(0, 0, 0))
			fake.testifies(knows)
			if got := seen(t, subscribe(t, pool, Want{Queue: "orders"}), 1); got != want {
				t.Errorf("%d: got %s, want %s", knows, got, want)
			}
		})
	}
}

// What is looked at out of turn is doubted, too: an election takes longer than from one such look to the next.
func TestAGlanceDoesNotEndADoubt(t *testing.T) {
	t.Parallel()
	onFull(t, func(t *testing.T, fake *fakeSource, _ *Pool, s *Subscription) {
		s.Arm()
		fake.answers(holds(0, 0, 0))
		if got := seen(t, s, 9); got != "25 25 25 25 25 25 25 25 25" {
			t.Error(got)
		}
	})
}

// A look that was overtaken is dropped, whatever it says.
func TestAnOvertakenLookIsNotDoubted(t *testing.T) {
	t.Parallel()
	one := newSubject(Want{Queue: "orders"})
	now := time.Now()
	one.publish(Observation{At: now, Queues: []Queue{{Ready: 5}}})
	nothing := Observation{At: now.Add(-time.Second), Queues: []Queue{{}}}
	if one.suspects(nothing).is {
		t.Error("an earlier look is doubted")
	}
	if nothing.At = now; !one.suspects(nothing).is {
		t.Error("a later one is not")
	}
}

// A broker that answers is not taken for one that is away, however much it is doubted.
func TestADoubtIsNoOutage(t *testing.T) {
	t.Parallel()
	onFull(t, func(t *testing.T, fake *fakeSource, pool *Pool, s *Subscription) {
		fake.testifies(leaderless)
		fake.answers(holds(0, 0, 0))
		time.Sleep(time.Minute)
		if status := pool.Status()[0]; status.Down || fake.wasReset() {
			t.Errorf("%+v", status)
		}
		_, err := s.View(t.Context())
		if err == nil || !strings.Contains(err.Error(), "it has no leader") || !strings.Contains(err.Error(), "last good observation") {
			t.Error(err)
		}
	})
}
