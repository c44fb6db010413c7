package kafka_test

import (
	"context"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/scalers/lag"
)

// FuzzTrigger gives a good trigger one more key. Whatever it is, there is a valid metric, and either a refusal in words
// or a trigger that asks Kafka for nothing illegal.
func FuzzTrigger(f *testing.F) {
	f.Add("lagThresold", "5")
	f.Add("partitionLimitation", "5-3")
	f.Add("topic", "a,,b/\x00")
	f.Add("bootstrapServers", "[::1]:9092,kafka:0")
	f.Add("version", "1.0.0")
	f.Add("persistentLagInterval", "-5m")
	f.Add("password", "hunter2")
	f.Add("\xff", "\xff")
	f.Fuzz(func(t *testing.T, key, value string) {
		fake := fakeKafka{view: func(context.Context) (lag.View, error) { return viewOf(1, 7), nil }}
		scaler := fake.build(with(key, value))
		if metric := scaler.Metric(); metric.Name == "" || metric.Target < 1 {
			t.Errorf("metric %+v is not valid", metric)
		}
		_, err := scaler.Evaluate(t.Context())
		if cause, ok := scalers.CauseOf(err); err != nil && (!ok || !utf8.ValidString(err.Error())) {
			t.Errorf("cause %v, %q", cause, err)
		}
		for _, topic := range fake.want.Topics {
			if err := cluster.CheckTopic(topic); err != nil {
				t.Errorf("topic %q reached Kafka: %v", topic, err)
			}
		}
		if strings.ContainsRune(fake.want.Group, 0) || (err == nil && len(fake.connection.BootstrapServers) == 0) {
			t.Errorf("reached Kafka as %q at %q", fake.want.Group, fake.connection.BootstrapServers)
		}
	})
}
