//go:build kafka

package kafka_test

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/test/transcript"
)

// recordsOnly never comes to its second refresh: what is noticed is noticed by a record alone.
func recordsOnly() cluster.Options { return cluster.Options{RefreshInterval: time.Hour} }

func TestARecordIsNoticedWithoutARefresh(t *testing.T) {
	t.Parallel()
	operator := operatorOf(t, shared)
	topic, group := operator.topic(t, 3), fresh(t)
	for id := range int32(3) {
		operator.commit(t, group, topic, id, 0)
	}
	seen := watch(t, startLagwise(t, recordsOnly()).trigger(t, on(at(shared.Address()), group, topic)))
	seen.until(t, func(e scalers.Evaluation) bool { return !e.Active })
	operator.produce(t, topic, 2, 1)
	seen.until(t, func(e scalers.Evaluation) bool { return e.Value == 1 && e.Active })
}

// A consumer whose fetch waits at the broker is deaf for partitions that it is given meanwhile, for two fetches. A trigger
// that has just gone to rest must wake all the same: here the two fetches take far longer than a
// slow machine needs for anything else. (Much longer ones end early: what waits behind them runs into librdkafka's timeouts.)
func TestARecordIsNoticedRightAfterItsPartitionIsWatched(t *testing.T) {
	t.Parallel()
	operator := operatorOf(t, shared)
	options := recordsOnly()
	options.FetchWait = 9 * time.Second
	product := startLagwise(t, options)
	quiet, topic, group := operator.topic(t, 1), operator.topic(t, 1), fresh(t)
	operator.commit(t, group, quiet, 0, 0)
	operator.commit(t, group, topic, 0, 0)
	resting := watch(t, product.trigger(t, on(at(shared.Address()), group, quiet)))
	resting.until(t, func(e scalers.Evaluation) bool { return !e.Active })
	time.Sleep(time.Second) // so that the consumer's fetch, of which nothing is to be seen from here, waits at the broker
	seen := watch(t, product.trigger(t, on(at(shared.Address()), group, topic)))
	seen.until(t, func(e scalers.Evaluation) bool { return !e.Active })
	time.Sleep(200 * time.Millisecond) // and the partition is given to it
	produced := time.Now()
	operator.produce(t, topic, 0, 1)
	seen.until(t, func(e scalers.Evaluation) bool { return e.Active })
	if deaf := time.Since(produced); deaf > options.FetchWait {
		t.Errorf("the record was noticed after %s, two fetches of %s", deaf, options.FetchWait)
	}
}

func TestEveryRuleHoldsForThePushedAnswer(t *testing.T) {
	t.Parallel()
	operator := operatorOf(t, shared)
	topic, group := operator.topic(t, 2), fresh(t)
	operator.commit(t, group, topic, 0, 0)
	operator.commit(t, group, topic, 1, 0)
	seen := watch(t, startLagwise(t, recordsOnly()).trigger(t, on(at(shared.Address()), group, topic,
		"partitionLimitation", "0", "activationLagThreshold", "2")))
	seen.until(t, func(e scalers.Evaluation) bool { return !e.Active })
	operator.produce(t, topic, 1, 5)
	for n := 1; n <= 3; n++ {
		operator.produce(t, topic, 0, 1)
		seen.until(t, func(e scalers.Evaluation) bool { return e.Value == float64(n) && e.Active == (n > 2) })
	}
}

// Assigning at the log's present end loses the records that come before the assignment is in place, and assigning anew
// and anew under traffic has aborted processes. Here neither may happen: every trigger must come to see its last record,
// whatever came in between, while partitions come and go by the thousand.
func TestNoRecordIsLostHoweverOftenPartitionsComeAndGo(t *testing.T) {
	t.Parallel()
	operator := operatorOf(t, shared)
	const triggers, records = 24, 12
	group, product := fresh(t), startLagwise(t, recordsOnly())
	for i := range triggers {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			t.Parallel()
			topic := operator.topic(t, 1)
			operator.commit(t, group, topic, 0, 0)
			// Never active, so that it goes on waiting for records.
			seen := watch(t, product.trigger(t, on(at(shared.Address()), group, topic, "activationLagThreshold", "1000000")))
			for n := range records + 1 {
				if n == records || rand.N(2) == 0 {
					seen.until(t, func(e scalers.Evaluation) bool { return e.Value == float64(n) })
				}
				if n < records {
					operator.produce(t, topic, 0, 1)
				}
			}
		})
	}
}

func TestATopicThatMayNotBeReadIsPolledAndSaidSoOnce(t *testing.T) {
	t.Parallel()
	p := withoutRights(t)
	p.describeTopic(t, p.topic)
	p.describeGroup(t)
	p.operator.commit(t, p.group, p.topic, 0, 5)
	answers(t, p.trigger(t), 0, false) // by now the broker knows the ACLs
	var log transcript.Text
	options := recordsOnly()
	options.Log = slog.New(slog.NewTextHandler(&log, nil))
	seen := watch(t, startLagwise(t, options, p.connection).trigger(t, on(by(p.connection), p.group, p.topic)))
	seen.until(t, func(e scalers.Evaluation) bool { return !e.Active })
	p.operator.produce(t, p.topic, 0, 1)
	seen.until(t, func(e scalers.Evaluation) bool { return e.Active })
	if told := strings.Count(log.String(), "no READ on the topic"); told != 1 {
		t.Errorf("told %d times: %s", told, log.String())
	}
}

func TestPushJoinsNoGroupAndCommitsNothing(t *testing.T) {
	t.Parallel()
	operator := operatorOf(t, shared)
	topic, group := operator.topic(t, 1), fresh(t)
	operator.commit(t, group, topic, 0, 0)
	seen := watch(t, startLagwise(t, recordsOnly()).trigger(t, on(at(shared.Address()), group, topic)))
	seen.until(t, func(e scalers.Evaluation) bool { return !e.Active })
	operator.produce(t, topic, 0, 1)
	seen.until(t, func(e scalers.Evaluation) bool { return e.Active })
	groups, err := operator.admin.ListConsumerGroups(t.Context())
	must(t, err)
	for _, listed := range groups.Valid {
		if listed.GroupID == "lagwise" {
			t.Errorf("the group %+v exists", listed)
		}
	}
}

func TestATopicMadeAgainWakesAgain(t *testing.T) {
	t.Parallel()
	operator := operatorOf(t, shared)
	topic, group := operator.topic(t, 1), fresh(t)
	operator.produce(t, topic, 0, 50)
	operator.commit(t, group, topic, 0, 50)
	seen := watch(t, startLagwise(t, cluster.Options{RefreshInterval: 200 * time.Millisecond}).trigger(t,
		on(at(shared.Address()), group, topic, "scaleToZeroOnInvalidOffset", "true", "offsetResetPolicy", "earliest")))
	seen.until(t, func(e scalers.Evaluation) bool { return !e.Active })
	operator.deleteTopic(t, topic)
	eventually(t, patience, func() error {
		if operator.topics(t)[topic] {
			return fmt.Errorf("%s is still there", topic)
		}
		return nil
	})
	operator.createTopic(t, topic, 1)
	operator.commit(t, group, topic, 0, 0)
	operator.produce(t, topic, 0, 1)
	seen.until(t, func(e scalers.Evaluation) bool { return e.Value == 1 && e.Active })
}
