package broker

import (
	"errors"
	"fmt"
	"net/http"
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

func TestAQueueThatSeemsToHaveLostEverythingIsDoubted(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		then       func(Want) ([]Queue, error)
		leaderless bool
		want       string
	}{
		"emptied by consumers":     {holds(0, 1, 0), false, "25 25 25 25 0 0 0 0 0 0 0 0 0 0 0 0"},
		"lost all, says it twice":  {holds(0, 0, 0), false, "25 25 25 25 25 25 25 25 25 0 0 0 0 0 0 0"},
		"has no leader":            {holds(0, 0, 0), true, "25 25 25 25 25 25 25 25 25 25 25 25 25 25 timed_out timed_out"},
		"has one that is too slow": {holds(0, 0, leaderTime), false, "25 25 25 25 25 25 25 25 25 25 25 25 25 25 timed_out timed_out"},
		"has fewer":                {holds(1, 0, leaderTime), false, "25 25 25 25 1 1 1 1 1 1 1 1 1 1 1 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onFake(t, func(t *testing.T, pool *Pool, fake *fakeSource) {
				fake.answers(holds(25, 0, 0))
				s := subscribe(t, pool, Want{Queue: "orders"})
				if n := readyIn(t, s); n != 25 {
					t.Fatal(n)
				}
				fake.lacksLeader("orders", test.leaderless)
				fake.answers(test.then)
				time.Sleep(500 * time.Millisecond) // looks are between the seconds
				if got := seen(t, s, 16); got != test.want {
					t.Errorf("got  %s\nwant %s", got, test.want)
				}
			})
		})
	}
}

// The management API gives no figures of a queue without leader: what it says is believed.
func TestTheManagementAPIIsNotDoubted(t *testing.T) {
	t.Parallel()
	onFake(t, func(t *testing.T, pool *Pool, fake *fakeSource) {
		fake.answers(holds(25, 0, 0))
		s, err := pool.Subscribe("fake", Endpoint{Address: "http://fake", Protocol: HTTP}, Want{Queue: "orders"})
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

// After each doubt there is an answer again, whatever comes.
func TestWhatEndsADoubt(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		during time.Duration
		doubt  func(*fakeSource)
		then   func(*fakeSource)
		after  string
	}{
		"the messages are back": {
			40 * time.Second, func(f *fakeSource) { f.lacksLeader("orders", true); f.answers(holds(0, 0, 0)) },
			func(f *fakeSource) { f.answers(holds(25, 0, 0)) }, "25",
		},
		"a leader who has none": {
			40 * time.Second, func(f *fakeSource) { f.lacksLeader("orders", true); f.answers(holds(0, 0, 0)) },
			func(f *fakeSource) { f.lacksLeader("orders", false) }, "0",
		},
		"a slow broker by itself": {62 * time.Second, func(f *fakeSource) { f.answers(holds(0, 0, leaderTime)) }, func(*fakeSource) {}, "0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onFake(t, func(t *testing.T, pool *Pool, fake *fakeSource) {
				fake.answers(holds(25, 0, 0))
				s := subscribe(t, pool, Want{Queue: "orders"})
				readyIn(t, s)
				test.doubt(fake)
				time.Sleep(test.during)
				test.then(fake)
				time.Sleep(6 * time.Second)
				if got := seen(t, s, 1); got != test.after {
					t.Errorf("got %s, want %s", got, test.after)
				}
			})
		})
	}
}

// A lagwise that starts while a queue has no leader does not take it for an empty one, where somebody can tell.
func TestTheFirstLookAtAQueueIsDoubted(t *testing.T) {
	t.Parallel()
	onFake(t, func(t *testing.T, pool *Pool, fake *fakeSource) {
		fake.answers(holds(0, 0, 0))
		fake.lacksLeader("orders", true)
		led, unled := subscribe(t, pool, Want{Queue: "bills"}), subscribe(t, pool, Want{Queue: "orders"})
		if got := seen(t, led, 1); got != "0" {
			t.Errorf("with a leader: %s", got)
		}
		if got := seen(t, unled, 1); got != "timed_out" {
			t.Errorf("without: %s", got)
		}
		fake.lacksLeader("orders", false)
		fake.silences(errors.New("refused"))
		time.Sleep(5 * time.Second)
		if got := seen(t, unled, 1); got != "0" {
			t.Errorf("when nobody can tell: %s", got)
		}
	})
}

// What is looked at out of turn is doubted, too: an election takes longer than from one such look to the next.
func TestAGlanceDoesNotEndADoubt(t *testing.T) {
	t.Parallel()
	onFake(t, func(t *testing.T, pool *Pool, fake *fakeSource) {
		fake.answers(holds(25, 0, 0))
		s := subscribe(t, pool, Want{Queue: "orders"})
		readyIn(t, s)
		s.Arm()
		fake.answers(holds(0, 0, 0))
		if got := seen(t, s, 9); got != "25 25 25 25 25 25 25 25 25" {
			t.Error(got)
		}
	})
}

// A broker that answers is not taken for one that is away, however much it is doubted.
func TestADoubtIsNoOutage(t *testing.T) {
	t.Parallel()
	onFake(t, func(t *testing.T, pool *Pool, fake *fakeSource) {
		fake.answers(holds(25, 0, 0))
		s := subscribe(t, pool, Want{Queue: "orders"})
		readyIn(t, s)
		fake.lacksLeader("orders", true)
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

func TestWitness(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]string{
		`200 {"type":"quorum","leader":"rabbit@one"}`: "",
		`200 {"type":"classic"}`:                      "",
		`200 {"type":"quorum","leader":null}`:         "it has no leader",
		`200 {"type":"quorum"}`:                       "it has no leader",
		`401 {}`:                                      "",
		`404 {}`:                                      "",
		`200 other`:                                   "",
		`503 {}`:                                      "503 Service Unavailable",
	} {
		w := &witness{api: api(t, map[string]string{"/api/queues/a/b/orders": answer, whoami: "200 {}"}), vhost: "a/b"}
		err := w.vouch(t.Context(), "orders")
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || kindOf(err) != "timed_out") {
			t.Errorf("%s: %v", answer, err)
		}
	}
}

// An API that does not answer is not asked for each queue.
func TestASilentWitnessIsLeftAlone(t *testing.T) {
	t.Parallel()
	asked := 0
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		asked++
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	w := &witness{api: server, vhost: "/"}
	for _, queue := range []string{"orders", "bills", "orders"} {
		if err := w.vouch(t.Context(), queue); err == nil || !strings.Contains(err.Error(), queue) {
			t.Error(err)
		}
	}
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}
