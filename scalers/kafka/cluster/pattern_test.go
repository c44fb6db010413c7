package cluster_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

func TestAPatternFollowsTheTopicsOfEachMoment(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{RefreshInterval: time.Second, TopicLife: 10 * time.Second})
		for _, topic := range []string{"orders-eu", "orders-us", "invoices", "__consumer_offsets"} {
			fake.SetEnd(topic, 0, 7)
		}
		subscribe(t, pool, "plain", "invoices")
		wait(time.Second)
		if asked := count(fake.TakeCalls(), cluster.Names); asked != 0 {
			t.Errorf("the names of topics were read %d times, and nobody needs them", asked)
		}
		orders := subscribeFor(t, pool, cluster.Want{Group: "billing", Pattern: regexp.MustCompile("^orders-.*$")})
		everything := subscribeFor(t, pool, cluster.Want{Group: "audit", Pattern: regexp.MustCompile("^.*$")})
		nothing := subscribeFor(t, pool, cluster.Want{Group: "none", Pattern: regexp.MustCompile("^absent$")})
		fake.Commit("billing", "orders-eu", 0, 5)
		wait(time.Second)
		wantTopics(t, orders, "orders-eu orders-us")
		wantTopics(t, everything, "invoices orders-eu orders-us")
		wantTopics(t, nothing, "")
		if got := partitions(t, orders); got[0].Committed != 5 || !got[0].HasCommitted || got[1].HasCommitted {
			t.Errorf("observed %+v, want the commit of orders-eu alone", got)
		}

		fake.SetEnd("orders-asia", 0, 1)
		fake.Delete("orders-us")
		wait(11 * time.Second)
		wantTopics(t, orders, "orders-asia orders-eu")
		if asked := count(fake.TakeCalls(), cluster.Names); asked > 3 {
			t.Errorf("the names of topics were read %d times in 12 seconds", asked)
		}
	})
}

// Between two readings of the names a topic may go, and takes nothing with it.
func TestATopicThatWasDeletedSinceItsNameWasReadIsLeftOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.SetEnd("orders", 0, 7)
		fake.SetEnd("refunds", 0, 7)
		subscribeFor(t, pool, cluster.Want{Group: "billing", Pattern: regexp.MustCompile("^orders$")})
		wait(time.Second)
		fake.Delete("refunds")
		wantTopics(t, subscribeFor(t, pool, cluster.Want{Group: "audit", Pattern: regexp.MustCompile("^.*$")}), "orders")
	})
}

func TestTopicsThatCannotBeListedAreTheFaultOfPatternsAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.SetEnd("orders", 0, 7)
		fake.Before(func(_ context.Context, call cluster.Call) error {
			if call.Question == cluster.Names {
				return errors.New("too many topics")
			}
			return nil
		})
		named := subscribe(t, pool, "billing", "orders")
		matched := subscribeFor(t, pool, cluster.Want{Group: "billing", Pattern: regexp.MustCompile("^orders$")})
		wait(time.Second)
		wantEnd(t, named, 7)
		if _, err := view(t, matched); err == nil || !strings.Contains(err.Error(), "listing the topics: too many topics") {
			t.Errorf("got %v", err)
		}
	})
}

func wantTopics(t *testing.T, subscription *cluster.Subscription, want string) {
	t.Helper()
	var topics []string
	for _, p := range partitions(t, subscription) {
		topics = append(topics, p.Topic)
	}
	if got := strings.Join(topics, " "); got != want {
		t.Errorf("observed %q, want %q", got, want)
	}
}
