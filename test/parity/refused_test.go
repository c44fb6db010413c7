package parity_test

import (
	"context"
	"fmt"
	"maps"
	"testing"

	keda "github.com/kedacore/keda/v2/pkg/scalers"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// fixedTopic is a topic of three partitions and a group that lags by 7 in it: 2, 5 and 0.
func (s *stage) fixedTopic(ctx context.Context) (topic *topic, group string, err error) {
	topic, group = newTopic(s.name("fixed"), 3), s.name("workers")
	if err := s.kafka.create(ctx, topic); err != nil {
		return nil, "", err
	}
	if err := s.kafka.produce(topic, 10, 10, 10); err != nil {
		return nil, "", err
	}
	return topic, group, s.kafka.commit(ctx, group, commitAll(topic, 8, 5, 10))
}

// plain is the smallest trigger, and what else a test wants in it: a value for a key, or "-" to leave a key out.
func (s *stage) plain(topic, group string, more ...string) trigger {
	metadata := map[string]string{"bootstrapServers": s.kafka.address, "consumerGroup": group, "topic": topic}
	for i := 0; i < len(more); i += 2 {
		metadata[more[i]] = more[i+1]
	}
	maps.DeleteFunc(metadata, func(_, value string) bool { return value == "-" })
	return trigger{metadata: metadata}
}

// testRefusedTriggers: what KEDA refuses lagwise refuses too, and it says so where KEDA's user sees it. KEDA shows a spec
// to nobody then; lagwise has a valid one, because KEDA breaks a trigger's siblings without it.
func testRefusedTriggers(t *testing.T, s *stage) {
	topic, group, err := s.fixedTopic(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wrong := [][]string{
		{"lagThreshold", "0"},
		{"lagThreshold", "-1"},
		{"lagThreshold", "abc"},
		{"lagThreshold", "1.5"},
		{"lagThreshold", "1e3"},
		{"lagThreshold", "0x10"},
		{"lagThreshold", "1_000"},
		{"lagThreshold", "10 000"},
		{"lagThreshold", "9223372036854775808"},
		{"activationLagThreshold", "-1"},
		{"activationLagThreshold", "many"},
		{"activationLagThreshold", "9223372036854775808"},
		{"offsetResetPolicy", "none"},
		{"offsetResetPolicy", "Latest"},
		{"offsetResetPolicy", "EARLIEST"},
		{"allowIdleConsumers", "yes"},
		{"allowIdleConsumers", "on"},
		{"limitToPartitionsWithLag", "2"},
		{"fullMetadata", "no"},
		{"excludePersistentLag", "truth"},
		{"scaleToZeroOnInvalidOffset", "n"},
		{"ensureEvenDistributionOfPartitions", "ja"},
		{"allowIdleConsumers", "true", "limitToPartitionsWithLag", "true"},
		{"ensureEvenDistributionOfPartitions", "true", "limitToPartitionsWithLag", "true"},
		{"topic", "-", "limitToPartitionsWithLag", "true"},
		{"topic", " ", "limitToPartitionsWithLag", "true"},
		{"topic", "-", "ensureEvenDistributionOfPartitions", "true"},
		{"topic", "-", "fullMetadata", "false"},
		{"partitionLimitation", "a"},
		{"partitionLimitation", "1,"},
		{"partitionLimitation", ","},
		{"partitionLimitation", "1,,2"},
		{"partitionLimitation", "1-2-3"},
		{"partitionLimitation", "-1"},
		{"partitionLimitation", "1-"},
		{"partitionLimitation", "2147483648"},
		{"partitionLimitation", "1;2"},
		{"topic", "-", "partitionLimitation", "a"},
		{"consumerGroup", "-"},
		{"consumerGroup", "  "},
		{"bootstrapServers", "-"},
		{"bootstrapServers", ""},
		{"bootstrapServers", "-", "bootstrapServersFromEnv", "NOT_IN_THE_ENVIRONMENT"},
		{"tls", "yes"},
		{"sasl", "SCRAM"},
		{"sasl", "plaintext"},
		{"sasl", "scram_sha512"},
		{"sasl", "oauthbearer"},
		{"sasl", "gssapi"},
		{"saslTokenProvider", "someone"},
		{"version", "abc"},
		{"version", "1.0"},
		{"version", "0.9"},
		{"version", "1.0.0.0"},
		{"version", "v3.7.0"},
	}
	for _, keys := range wrong {
		t.Run(fmt.Sprint(keys), func(t *testing.T) {
			trigger := s.plain(topic.name, group, keys...)
			want, got := s.both(t.Context(), keda.NewKafkaScaler, trigger)
			if want.err == nil {
				t.Fatalf("KEDA answers: %v", want)
			}
			if status.Code(got.err) != codes.InvalidArgument {
				t.Errorf("lagwise: %v, want InvalidArgument as KEDA says %v", got, want.err)
			}
			if got.name == "" || got.target.Sign() <= 0 {
				t.Errorf("lagwise has no valid spec: %v", got)
			}
		})
	}

	// These fail when Kafka is asked.
	for _, keys := range [][]string{{"topic", "no-such-topic"}, {"topic", "not a topic's name"}, {"partitionLimitation", "3-7"}, {"bootstrapServers", ","}} {
		t.Run(fmt.Sprint(keys), func(t *testing.T) {
			want, got := s.both(t.Context(), keda.NewKafkaScaler, s.plain(topic.name, group, keys...))
			if want.err == nil || got.err == nil {
				t.Errorf("\nKEDA:    %v\nlagwise: %v", want, got)
			}
		})
	}

	t.Run("nothing there", func(t *testing.T) {
		want, got := s.both(t.Context(), keda.NewKafkaScaler, s.plain(topic.name, group, "bootstrapServers", "127.0.0.1:1"))
		if want.err == nil || status.Code(got.err) != codes.Unavailable {
			t.Errorf("\nKEDA:    %v\nlagwise: %v", want, got)
		}
	})
}
