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

// consumer is a consumer of explicitly assigned partitions. It joins no group and commits nothing. Only incremental assignment is used:
// repeated full assignments under traffic abort the process inside librdkafka.
type consumer struct {
	client *kafka.Consumer
	// supply gives the client a token.
	supply func(tokenTaker) error
}

// configured is what a consumer is opened with.
type configured struct {
	connection Connection
	options    Options
	// committed leaves out what transactions have not committed.
	committed bool
}

// open makes a consumer that keeps no offsets.
func (c configured) open(settings kafka.ConfigMap) (*consumer, error) {
	config := c.connection.config()
	settings["enable.auto.offset.store"] = false
	settings["isolation.level"] = "read_uncommitted"
	if c.committed {
		settings["isolation.level"] = "read_committed"
	}
	for key, value := range settings {
		if err := config.SetKey(key, value); err != nil {
			return nil, &Fault{Kind: Misconfigured, About: key, Err: err}
		}
	}
	client, err := kafka.NewConsumer(config)
	if err != nil {
		return nil, &Fault{Kind: Misconfigured, About: "connection " + c.connection.Name, Err: err}
	}
	return &consumer{client: client, supply: func(to tokenTaker) error { return c.options.bearers.supply(to, c.connection) }}, nil
}

func (c *consumer) assign(from map[partition]int64) error {
	if len(from) == 0 {
		return nil
	}
	assigned := make([]kafka.TopicPartition, 0, len(from))
	for at, offset := range from {
		assigned = append(assigned, kafka.TopicPartition{Topic: &at.topic, Partition: at.id, Offset: kafka.Offset(offset)})
	}
	return c.client.IncrementalAssign(assigned) //nolint:wrapcheck // the caller says what it was doing
}

func (c *consumer) unassign(partitions []partition) error {
	if len(partitions) == 0 {
		return nil
	}
	unassigned := make([]kafka.TopicPartition, len(partitions))
	for i := range partitions {
		unassigned[i] = kafka.TopicPartition{Topic: &partitions[i].topic, Partition: partitions[i].id}
	}
	return c.client.IncrementalUnassign(unassigned) //nolint:wrapcheck // the caller says what it was doing
}

func (c *consumer) close() error {
	return c.client.Close() //nolint:wrapcheck // the caller says what it was doing
}
