package demo

import (
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// A record of the demo is empty, or holds the instant before which no consumer can process it: a poison pill, until
// somebody mends the code.

func poisonUntil(cured time.Time) []byte { return []byte(cured.Format(time.RFC3339Nano)) }

// curedAt is the zero time for an ordinary record.
func curedAt(message *kafka.Message) time.Time {
	cured, err := time.Parse(time.RFC3339Nano, string(message.Value))
	if err != nil {
		return time.Time{}
	}
	return cured
}
