package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/scalers/lag"
)

func TestWhatSeveralWantIsAskedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		var subscriptions []*cluster.Subscription
		for _, topic := range []string{"orders", "refunds"} {
			fake.SetEnd(topic, 0, 1)
			for _, group := range []string{"billing", "shipping"} {
				subscriptions = append(subscriptions, subscribe(t, pool, group, topic), subscribe(t, pool, group, topic))
			}
		}
		subscriptions = append(subscriptions, subscribe(t, pool, "billing", "orders", "refunds"))
		synctest.Wait()

		fake.TakeCalls()
		fake.SetEnd("orders", 0, 2) // there is something to see for everybody
		fake.SetEnd("refunds", 0, 2)
		wait(refreshInterval)
		calls := fake.TakeCalls()
		for question, want := range map[cluster.Question]int{cluster.Ends: 1, cluster.Commits: 2, cluster.Starts: 0} {
			if n := count(calls, question); n != want {
				t.Errorf("%d requests for %s, want %d: %v", n, question, want, calls)
			}
		}
		if n := count(calls, cluster.Topics); n > 1 {
			t.Errorf("%d requests for topics, want at most one: %v", n, calls)
		}
		for _, subscription := range subscriptions {
			for _, partition := range partitions(t, subscription) {
				if partition.End != 2 {
					t.Errorf("observed %+v after the refresh", partition)
				}
			}
		}
	})
}

func TestATopicThatIsRefusedFailsAlone(t *testing.T) {
	t.Parallel()
	for _, question := range []cluster.Question{cluster.Topics, cluster.Ends} {
		for name, refused := range map[string]struct {
			err  error
			kind cluster.Kind
		}{
			"illegal":   {kerr.InvalidTopicException, cluster.UnknownTopic},
			"unknown":   {kerr.UnknownTopicOrPartition, cluster.UnknownTopic},
			"denied":    {kerr.TopicAuthorizationFailed, cluster.Denied},
			"obscure":   {errors.New("something new"), cluster.Internal},
			"timed out": {kerr.RequestTimedOut, cluster.TimedOut},
			"no leader": {kerr.LeaderNotAvailable, cluster.Unreachable},
		} {
			t.Run(fmt.Sprintf("%s of %s", name, question), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					fake, pool := observed(t, cluster.Options{})
					refuse := fake.Refuse
					if question == cluster.Ends {
						refuse = fake.RefuseOffsets
					}
					refuse("refused", refused.err)
					fake.SetEnd("refused", 0, 1)
					alone := subscribe(t, pool, "billing", "refused")
					var others []*cluster.Subscription
					for i := range 20 {
						topic := fmt.Sprintf("topic-%d", i)
						fake.SetEnd(topic, 0, 7)
						others = append(others, subscribe(t, pool, "billing", topic))
					}
					wait(refreshInterval)
					word := refused.err.Error()
					if name == "unknown" && question == cluster.Topics {
						word = "does not exist" // Kafka's own words leave it open what does not
					}
					wantFault(t, alone, refused.kind, "refused", word)
					for _, other := range others {
						wantEnd(t, other, 7)
					}
				})
			})
		}
	}
}

// While every request times out, a session sends few of them.
func TestAHungClusterIsAskedRarely(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		var subscriptions []*cluster.Subscription
		for i := range 64 {
			topic := fmt.Sprintf("topic-%d", i)
			fake.SetEnd(topic, 0, 7)
			subscriptions = append(subscriptions, subscribe(t, pool, "billing", topic))
		}
		synctest.Wait()
		fake.TakeCalls()
		fake.Before(hung)
		wait(maxSnapshotAge + time.Minute)
		if n := len(fake.TakeCalls()); n > 20 {
			t.Errorf("%d requests in a minute of time-outs", n)
		}
		for _, subscription := range subscriptions {
			wantFault(t, subscription, cluster.TimedOut, "timed out", "ago")
		}
	})
}

// A consumer that reads new records between the two readings would seem to have committed what does not exist.
func TestCommitThatOvertookTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.SetEnd("orders", 0, 10)
		fake.Before(func(_ context.Context, call cluster.Call) error {
			if call.Question == cluster.Commits {
				fake.SetEnd("orders", 0, 25)
				fake.Commit("billing", "orders", 0, 20)
			}
			return nil
		})
		got := partitions(t, subscribe(t, pool, "billing", "orders"))
		if len(got) != 1 || got[0].End != 25 || got[0].Committed != 20 {
			t.Errorf("observed %+v, want the end read again: 25, committed 20", got)
		}
	})
}

func TestLogStartsAreReadWhereNeeded(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		needs lag.Needs
		want  [2]bool
	}{
		"nowhere":           {lag.Needs{}, [2]bool{false, false}},
		"without a commit":  {lag.Needs{LogStartWithoutCommit: true}, [2]bool{false, true}},
		"everywhere":        {lag.Needs{LogStart: true}, [2]bool{true, true}},
		"everywhere, twice": {lag.Needs{LogStart: true, LogStartWithoutCommit: true}, [2]bool{true, true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				fake, pool := observed(t, cluster.Options{})
				for id := range int32(2) {
					fake.SetEnd("orders", id, 10)
					fake.SetStart("orders", id, 4)
				}
				fake.Commit("billing", "orders", 0, 5)
				got := partitions(t, subscribeFor(t, pool, cluster.Want{Group: "billing", Topics: []string{"orders"}, Needs: test.needs}))
				for id, want := range test.want {
					if got[id].HasStart != want || (want && got[id].Start != 4) {
						t.Errorf("observed %+v, want a log start: %v", got[id], want)
					}
				}
			})
		})
	}
}

func TestManyQuestionsBeforeTheFirstAnswerAreOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.SetEnd("orders", 0, 3)
		fake.Before(func(context.Context, cluster.Call) error {
			time.Sleep(100 * time.Millisecond)
			return nil
		})
		subscription := subscribe(t, pool, "billing", "orders")
		var asking sync.WaitGroup
		for range 50 {
			asking.Go(func() {
				if _, err := view(t, subscription); err != nil {
					t.Error(err)
				}
			})
		}
		asking.Wait()
		for _, question := range []cluster.Question{cluster.Topics, cluster.Ends, cluster.Commits} {
			if n := count(fake.TakeCalls(), question); n > 1 {
				t.Errorf("%d requests for %s", n, question)
			}
		}
	})
}
