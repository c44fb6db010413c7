package cluster_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/scalers/lag"
)

// silent makes what is named with "stuck" go unanswered until its request times out; for a topic that is its leader, for a group its
// coordinator.
func silent(ctx context.Context, call cluster.Call) error {
	if call.Question == cluster.Topics || !slices.ContainsFunc(call.Names, func(name string) bool { return strings.HasPrefix(name, "stuck") }) {
		return nil
	}
	return hung(ctx, call)
}

// fresh is how old a healthy trigger's figures may be: two refresh intervals.
const fresh = 2 * refreshInterval

// wantFresh expects an answer that is not old.
func wantFresh(t *testing.T, subscription *cluster.Subscription, end int64) {
	t.Helper()
	seen, err := view(t, subscription)
	if err != nil {
		t.Fatalf("a healthy trigger has an error: %v", err)
	}
	if age := time.Since(seen.Latest.At); age >= fresh {
		t.Errorf("the figures are %s old, want less than %s", age, fresh)
	}
	if got := seen.Latest.Partitions; len(got) != 1 || got[0].End != end {
		t.Errorf("observed %+v, want one partition that ends at %d", got, end)
	}
}

func TestSilentCoordinatorsCostAHealthyTriggerNothing(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		groups int
		needs  lag.Needs
	}{
		"1 group":                       {1, lag.Needs{}},
		"17 groups":                     {17, lag.Needs{}},
		"33 groups":                     {33, lag.Needs{}},
		"1 group whose members count":   {1, lag.Needs{Standing: time.Minute}},
		"40 groups whose members count": {40, lag.Needs{Standing: time.Minute}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				fake, pool := observed(t, cluster.Options{})
				fake.SetEnd("orders", 0, 7)
				fake.SetEnd("refunds", 0, 7)
				healthy := []*cluster.Subscription{
					subscribe(t, pool, "billing", "orders"), subscribe(t, pool, "billing", "refunds"),
				}
				wantEnd(t, healthy[0], 7)
				fake.Before(func(ctx context.Context, call cluster.Call) error {
					if test.needs.Members() != (call.Question == cluster.Members) {
						return nil
					}
					return silent(ctx, call)
				})
				var stuck []*cluster.Subscription
				for i := range test.groups {
					stuck = append(stuck, subscribeFor(t, pool, cluster.Want{Group: fmt.Sprintf("stuck-%d", i), Topics: []string{"orders"}, Needs: test.needs}))
				}
				for i := range 600 {
					wait(time.Second)
					for _, subscription := range healthy {
						wantFresh(t, subscription, 7)
					}
					if i%50 == 0 {
						added := subscribe(t, pool, "shipping", "orders")
						wantFresh(t, added, 7)
						closeTwice(t, added)
					}
				}
				if !test.needs.Members() {
					wantFault(t, stuck[0], cluster.TimedOut, "stuck-0")
				}
				fake.Before(dead)
				wait(maxSnapshotAge + time.Second)
				wantFault(t, healthy[0], cluster.Unreachable, "connection refused")
			})
		})
	}
}

// noticed returns how long a record takes to be observed.
func noticed(t *testing.T, fake *cluster.FakeKafka, subscription *cluster.Subscription, topic string, end int64) time.Duration {
	t.Helper()
	changed, stop := subscription.Listen()
	defer stop()
	began := time.Now()
	fake.SetEnd(topic, 0, end)
	cluster.Wake(subscription)
	for {
		<-changed
		if seen, err := view(t, subscription); err == nil && seen.Latest.Partitions[0].End == end {
			return time.Since(began)
		}
	}
}

func TestSilentBrokersDelayNoPush(t *testing.T) {
	t.Parallel()
	const usual = 20 * time.Millisecond
	for name, add := range map[string]func(t *testing.T, fake *cluster.FakeKafka, pool *cluster.Pool){
		"beside nothing": func(*testing.T, *cluster.FakeKafka, *cluster.Pool) {},
		"behind 8 slow groups": func(t *testing.T, _ *cluster.FakeKafka, pool *cluster.Pool) {
			t.Helper()
			for i := range 8 {
				cluster.Wake(subscribe(t, pool, fmt.Sprintf("stuck-%d", i), "orders"))
			}
		},
		"behind 200 slow groups": func(t *testing.T, _ *cluster.FakeKafka, pool *cluster.Pool) {
			t.Helper()
			for i := range 200 {
				cluster.Wake(subscribe(t, pool, fmt.Sprintf("stuck-%d", i), "orders"))
			}
		},
		"beside a topic whose leader is silent": func(t *testing.T, fake *cluster.FakeKafka, pool *cluster.Pool) {
			t.Helper()
			fake.SetEnd("stuck", 0, 7)
			fake.Lead(1, "stuck", 0)
			cluster.Wake(subscribe(t, pool, "billing", "stuck"))
		},
		"beside a new topic without leader": func(t *testing.T, fake *cluster.FakeKafka, pool *cluster.Pool) {
			t.Helper()
			fake.SetEnd("new", 0, 7)
			fake.Refuse("new", kafka.NewError(kafka.ErrLeaderNotAvailable, "no leader", false))
			cluster.Wake(subscribe(t, pool, "billing", "new"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				fake, pool := observed(t, cluster.Options{})
				fake.SetEnd("orders", 0, 7)
				subscription := subscribe(t, pool, "billing", "orders")
				wantEnd(t, subscription, 7)
				fake.Before(func(ctx context.Context, call cluster.Call) error {
					if err := silent(ctx, call); err != nil {
						return err
					}
					time.Sleep(usual / 4)
					return nil
				})
				add(t, fake, pool)
				for end := int64(8); end < 40; end++ {
					if took := noticed(t, fake, subscription, "orders", end); took > 2*usual {
						t.Errorf("record %d was noticed after %s, want at most %s", end, took, 2*usual)
					}
					wait(4100 * time.Millisecond) // longer than the rest after a wake
					wait(time.Duration(rand.IntN(1000)) * time.Millisecond)
				}
			})
		})
	}
}

func TestANewTriggerWithoutLeaderIsNoOtherNewTriggersError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.SetEnd("orders", 0, 7)
		fake.SetEnd("leaderless", 0, 7)
		fake.RefuseOffsets("leaderless", kafka.NewError(kafka.ErrLeaderNotAvailable, "no leader", false))
		for i := range 120 {
			bad := subscribe(t, pool, "billing", "leaderless")
			good := subscribe(t, pool, fmt.Sprintf("group-%d", i), "orders")
			wantFresh(t, good, 7)
			wantFault(t, bad, cluster.Unreachable, "no leader")
			closeTwice(t, bad)
			wait(500 * time.Millisecond)
		}
	})
}

// Whatever is stuck, and whenever it begins and ends, the others have fresh figures and no error.
func TestAnythingThatIsStuckCostsTheOthersNothing(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				random := rand.New(rand.NewPCG(seed, 0))
				fake, pool := observed(t, cluster.Options{})
				questions := []cluster.Question{cluster.Ends, cluster.Commits, cluster.Members, cluster.Starts, cluster.Firsts, cluster.Stables}
				needs := func() lag.Needs {
					n := lag.Needs{LogStart: random.IntN(2) == 0, ReadCommitted: random.IntN(4) == 0}
					if random.IntN(2) == 0 {
						n.Standing = time.Minute
					}
					if random.IntN(3) == 0 {
						n.Since = []time.Duration{time.Minute}
					}
					return n
				}
				fake.SetEnd("healthy", 0, 7)
				fake.SetStable("healthy", 0, 7)
				var healthy []*cluster.Subscription
				for i := range 10 {
					healthy = append(healthy, subscribeFor(t, pool, cluster.Want{Group: fmt.Sprintf("group-%d", i), Topics: []string{"healthy"}, Needs: needs()}))
				}
				for i := range 1 + random.IntN(60) {
					topic := fmt.Sprintf("stuck-%d", random.IntN(8))
					fake.SetEnd(topic, 0, 9)
					fake.Lead(1+int32(random.IntN(4)), topic, 0)
					subscribeFor(t, pool, cluster.Want{Group: fmt.Sprintf("stuck-%d", i%(1+random.IntN(30))), Topics: []string{topic}, Needs: needs()})
				}
				wait(time.Second)
				for range 20 {
					stuck := map[cluster.Question]bool{}
					for range 1 + random.IntN(3) {
						stuck[questions[random.IntN(len(questions))]] = true
					}
					fake.Before(func(ctx context.Context, call cluster.Call) error {
						if !stuck[call.Question] {
							return nil
						}
						return silent(ctx, call)
					})
					for range 20 + random.IntN(20) {
						wait(time.Second)
						for _, subscription := range healthy {
							wantFresh(t, subscription, 7)
						}
					}
				}
			})
		})
	}
}

// The first question to a broker that is back must not be given up because another one came too early.
func TestABrokerThatReturnsIsUsedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.SetEnd("orders", 0, 7)
		subscription := subscribe(t, pool, "billing", "orders")
		wantEnd(t, subscription, 7)
		// Of two requests of a snapshot the broker refuses one at once and takes the other for an attempt, which shows that it is back
		// unless it is given up.
		back, attempts, ended := false, 0, 0
		fake.Before(func(ctx context.Context, call cluster.Call) error {
			if back || call.Question == cluster.Brokers {
				return nil
			}
			if call.Question == cluster.Commits {
				return kafka.NewError(kafka.ErrTransport, "failed before", false)
			}
			attempts++
			select {
			case <-ctx.Done():
				ended++
				return ctx.Err()
			case <-time.After(100 * time.Millisecond):
				back = true
				return nil
			}
		})
		cluster.Wake(subscription)
		wait(refreshInterval)
		if attempts == 0 || ended > 0 || !back {
			t.Errorf("%d attempts, %d of them given up", attempts, ended)
		}
		fake.SetEnd("orders", 0, 8)
		wait(refreshInterval)
		wantEnd(t, subscription, 8)
	})
}
