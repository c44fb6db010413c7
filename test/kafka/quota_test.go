//go:build kafka

package kafka_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/test/realkafka"
)

// A client that has used up its quota gets answers late. That is no silent broker, and is said so.
func TestAThrottledClientIsToldSo(t *testing.T) {
	t.Parallel()
	broker := startBroker(t, realkafka.Options{})
	operator := operatorOf(t, broker)
	topic := operator.topic(t, 1)
	client, err := kgo.NewClient(kgo.SeedBrokers(broker.Address()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	id := "lagwise"
	altered, err := kadm.NewClient(client).AlterClientQuotas(t.Context(), []kadm.AlterClientQuotaEntry{{
		Entity: kadm.ClientQuotaEntity{{Type: "client-id", Name: &id}},
		Ops:    []kadm.AlterClientQuotaOp{{Key: "request_percentage", Value: 0.001}},
	}})
	if err != nil || altered[0].Err != nil {
		t.Fatal(err, altered)
	}
	lagwise := startLagwise(t, cluster.Options{})
	eventually(t, patience, func() error {
		scaler, release := lagwise.lend(t, on(at(broker.Address()), fresh(t), topic))
		defer release()
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		_, err := scaler.Evaluate(ctx)
		if err == nil {
			return errors.New("want an error of a client that is throttled")
		}
		cause, _ := scalers.CauseOf(err)
		return misses(err, cause, "throttled", "quota")
	})
}
