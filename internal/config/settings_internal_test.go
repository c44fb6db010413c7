package config

import (
	"testing"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka"
	"github.com/lagwise/lagwise/scalers/newrelic"
	"github.com/lagwise/lagwise/scalers/rabbitmq"
)

// A connection's setting that is written into a trigger would be ignored, and another answer be taken for the right one. So each of them is a key
// of the trigger as well, or is refused with the name of one.
func TestATriggerRefusesAConnectionsSettings(t *testing.T) {
	t.Parallel()
	for kind, keys := range map[string]scalers.KeyTable{KindKafka: kafka.Keys(), KindNewRelic: newrelic.Keys(), KindRabbitMQ: rabbitmq.Keys()} {
		for _, setting := range connectionKinds()[kind].settings {
			metadata := map[string]string{setting.Name: "x"}
			if _, ignored, _ := keys.Decode(metadata); len(ignored) > 0 {
				t.Errorf("%s: %v is ignored", kind, ignored)
			}
		}
	}
}
