package cluster

import (
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/lagwise/lagwise/scalers/news"
)

// fetcher is a consumer of explicitly assigned partitions.
type fetcher interface {
	// assign adds partitions, each from an explicit offset; assigning one twice is an error.
	assign(from map[partition]int64) error
	unassign(partitions []partition) error
	// poll waits at most wait for a record, and says where it is; the zero partition stands for none.
	poll(wait time.Duration) (at partition, offset int64, err error)
	close() error
}

// tail is what is wanted of one consumer, and what it was last told. Its fields belong to the tails' lock.
type tail struct {
	load    int
	changed chan struct{}
	wanted  map[partition]place
	given   map[partition]uint64
	dirty   map[partition]struct{}
	turn    uint64
}

// place is an offset to begin at. The turn tells a partition that is wanted anew from one that is wanted still.
type place struct {
	offset int64
	turn   uint64
}

func newTail() *tail {
	return &tail{
		changed: make(chan struct{}, 1),
		wanted:  map[partition]place{}, given: map[partition]uint64{}, dirty: map[partition]struct{}{},
	}
}

func (t *tail) want(at partition, offset int64) {
	if _, already := t.wanted[at]; !already {
		t.load++
	}
	t.turn++
	t.wanted[at] = place{offset: offset, turn: t.turn}
	t.mark(at)
}

func (t *tail) unwant(at partition) {
	delete(t.wanted, at)
	t.load--
	t.mark(at)
}

func (t *tail) mark(at partition) {
	t.dirty[at] = struct{}{}
	news.Signal(t.changed)
}

// startOver is for a consumer that was told nothing yet.
func (t *tail) startOver() {
	clear(t.given)
	for at := range t.wanted {
		t.mark(at)
	}
}

// takeChanges compares what is wanted with what the consumer was told, and notes it as told.
func (t *tail) takeChanges() (drop []partition, add map[partition]int64) {
	add = map[partition]int64{}
	for at := range t.dirty {
		wanted, isWanted := t.wanted[at]
		given, isGiven := t.given[at]
		if isWanted && isGiven && wanted.turn == given {
			continue
		}
		if isGiven {
			drop = append(drop, at)
			delete(t.given, at)
		}
		if isWanted {
			add[at] = wanted.offset
			t.given[at] = wanted.turn
		}
	}
	clear(t.dirty)
	return drop, add
}

// consumer is the fetcher of a real cluster. It joins no group and commits nothing. Only incremental assignment is used:
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

func openConsumer(c configured) (*consumer, error) {
	return c.open(kafka.ConfigMap{
		// A record must be fetched as soon as it is there, and no more than one is needed: small fetches, a queue that is
		// never full (a full one holds the next fetch back by up to a second), long waits at the broker.
		"fetch.wait.max.ms":          int(c.options.FetchWait.Milliseconds()),
		"fetch.min.bytes":            1,
		"fetch.message.max.bytes":    1024,
		"fetch.queue.backoff.ms":     1,
		"queued.min.messages":        1000,
		"queued.max.messages.kbytes": 1024,
		// A watched offset that no longer exists means that the topic was made again: any record of it is news.
		"auto.offset.reset": "earliest",
	})
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

func (c *consumer) poll(wait time.Duration) (at partition, offset int64, err error) {
	switch event := c.client.Poll(int(wait.Milliseconds())).(type) {
	case *kafka.Message:
		if event.TopicPartition.Error != nil {
			return partition{}, 0, event.TopicPartition.Error
		}
		return partition{*event.TopicPartition.Topic, event.TopicPartition.Partition}, int64(event.TopicPartition.Offset), nil
	case kafka.Error:
		return partition{}, 0, event
	case kafka.OAuthBearerTokenRefresh:
		return partition{}, 0, c.supply(c.client)
	default:
		return partition{}, 0, nil
	}
}

func (c *consumer) close() error {
	return c.client.Close() //nolint:wrapcheck // the caller says what it was doing
}
