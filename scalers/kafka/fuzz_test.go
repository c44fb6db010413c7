package kafka_test

import (
	"context"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka"
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

// FuzzEveryKey has each key read any text: lists by topic, ranges, patterns, rates, durations, expressions and all others.
// What it says is the same when it is read again, and is short and clean where it is a refusal.
func FuzzEveryKey(f *testing.F) {
	keys := kafka.Keys()
	for i, key := range keys {
		for _, value := range append([]string{key.Default, "", "1", "true", "orders=1", "5m", "0.5", "30 6 * * 1-5", "a.*", "-1", "1e309"}, key.Choices...) {
			f.Add(uint8(i), value, uint8(0), "")
		}
	}
	f.Add(uint8(0), "kafka:9092,,[::1]:65535", uint8(3), "orders=0-3;refunds=1,2")
	f.Fuzz(func(t *testing.T, first uint8, value string, second uint8, other string) {
		metadata := with("topic", "orders,refunds")
		metadata[keys[int(first)%len(keys)].Name] = value
		metadata[keys[int(second)%len(keys)].Name] = other
		tell := func() (scalers.Metric, string) {
			fake := fakeKafka{view: func(context.Context) (lag.View, error) { return viewOf(1, 7), nil }}
			scaler := fake.build(metadata)
			evaluation, err := scaler.Evaluate(t.Context())
			if cause, ok := scalers.CauseOf(err); err != nil {
				refused := cause == scalers.CauseRefused || cause == scalers.CauseNotFound // such as partitions that the topic has not
				if !ok || !refused || !utf8.ValidString(err.Error()) || strings.ContainsAny(err.Error(), "\n\x00\x1b") || len(err.Error()) > 8192 {
					t.Errorf("cause %v, %q", cause, err)
				}
				return scaler.Metric(), err.Error()
			}
			if evaluation.Value < 0 || math.IsNaN(evaluation.Value) || math.IsInf(evaluation.Value, 0) {
				t.Errorf("value %v", evaluation.Value)
			}
			return scaler.Metric(), ""
		}
		metric, refusal := tell()
		if metric.Name == "" || !(metric.Target > 0) {
			t.Errorf("metric %+v is not valid", metric)
		}
		if again, refusedAgain := tell(); again != metric || refusedAgain != refusal {
			t.Errorf("%+v %q the first time, %+v %q the second", metric, refusal, again, refusedAgain)
		}
	})
}
