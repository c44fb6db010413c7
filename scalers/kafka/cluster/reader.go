package cluster

import (
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// reader is a consumer that tells what partitions hold.
type reader interface {
	assign(from map[partition]int64) error
	unassign(partitions []partition) error
	// next waits at most wait for news of some partition.
	next(wait time.Duration) sighting
	close() error
}

// sighting is one piece of news of a partition: a record, that there is nothing more before an offset, or an error. The zero
// sighting is no news.
type sighting struct {
	at      partition
	message message
	atEnd   bool
	failure error
}

// readWait is how long a broker holds a fetch that finds nothing. A partition that is given to the reader meanwhile waits for
// that long as well.
const readWait = 20 * time.Millisecond

// logReader is the reader of a real cluster.
type logReader struct{ *consumer }

// openReader bounds what is fetched: 64 KiB of a partition at once, and 1 MiB that nobody has looked at yet. An offset that is
// no longer kept is an error, instead of leading elsewhere.
func openReader(c configured) (reader, error) { //nolint:ireturn // stands for the function that opens fakes
	opened, err := c.open(kafka.ConfigMap{
		"fetch.wait.max.ms":          int(readWait.Milliseconds()),
		"fetch.min.bytes":            1,
		"fetch.message.max.bytes":    64 << 10,
		"fetch.queue.backoff.ms":     1,
		"queued.min.messages":        1000,
		"queued.max.messages.kbytes": 1024,
		"auto.offset.reset":          "error",
		"enable.partition.eof":       true,
	})
	if err != nil {
		return nil, err
	}
	return logReader{opened}, nil
}

func (r logReader) next(wait time.Duration) sighting {
	switch event := r.client.Poll(int(wait.Milliseconds())).(type) {
	case *kafka.Message:
		at := partition{*event.TopicPartition.Topic, event.TopicPartition.Partition}
		if event.TopicPartition.Error != nil {
			return sighting{at: at, failure: event.TopicPartition.Error}
		}
		return sighting{at: at, message: message{
			offset: int64(event.TopicPartition.Offset), timestamp: event.Timestamp, stamped: isStamped(event),
			bytes: int64(len(event.Key) + len(event.Value)),
		}}
	case kafka.PartitionEOF:
		return sighting{at: partition{*event.Topic, event.Partition}, message: message{offset: int64(event.Offset)}, atEnd: true}
	case kafka.OAuthBearerTokenRefresh:
		_ = r.supply(r.client) // the session's own client tells what is wrong with tokens
		return sighting{}
	default: // brokers that are lost come back by librdkafka's own means
		return sighting{}
	}
}

// isStamped is false for the -1 that a producer may have written.
func isStamped(message *kafka.Message) bool {
	return message.TimestampType != kafka.TimestampNotAvailable && message.Timestamp.UnixMilli() >= 0
}
