//go:build kafka

package kafka_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/test/realkafka"
)

// A broker may die between any two requests of an observation, or in the middle of an answer, and is back before it knows
// every commit again. Triggers that nobody has
// asked about before have no earlier answer to fall back on, so whatever is read in that moment would be said.
func TestNothingWrongIsSaidWhileKafkaDiesAndReturns(t *testing.T) {
	t.Parallel()
	broker := startBroker(t, realkafka.Options{})
	kafka := operatorOf(t, broker)
	const partitions, lag = 32, 20
	topic, group := kafka.topic(t, partitions), fresh(t)
	for id := range int32(partitions) {
		kafka.commit(t, group, topic, id, 0)
	}
	kafka.produce(t, topic, 1, 4)
	kafka.produce(t, topic, 31, lag-4)
	lagwise := startLagwise(t, cluster.Options{})
	answers(t, lagwise.trigger(t, on(at(broker.Address()), group, topic)), lag, true)

	asking := func(stop <-chan struct{}, asker int) {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			scaler, release := lagwise.lend(t, on(at(broker.Address()), group, topic, "persistentLagInterval", fmt.Sprintf("%dms", 1000+10_000*asker+i)))
			if evaluation, err := ask(t, scaler); err == nil && evaluation.Value != lag {
				t.Errorf("lag is %d, and %v was said: %+v", lag, evaluation.Value, evaluation.Reasons)
			}
			release()
		}
	}
	const deaths = 4
	for range deaths {
		stop := make(chan struct{})
		var askers sync.WaitGroup
		for asker := range 4 {
			askers.Go(func() { asking(stop, asker) })
		}
		time.Sleep(200*time.Millisecond + rand.N(200*time.Millisecond)) // the moment of death is any
		broker.Kill()
		if err := broker.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		eventually(t, patience, func() error { // the group's coordinator has to load its commits again
			_, err := ask(t, lagwise.trigger(t, on(at(broker.Address()), group, topic)))
			return err
		})
		time.Sleep(time.Second)
		close(stop)
		askers.Wait()
	}
}
