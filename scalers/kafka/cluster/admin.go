package cluster

import (
	"context"
	"slices"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// partition names one partition; unlike librdkafka's own type it can be a map's key.
type partition struct {
	topic string
	id    int32
}

// topicState is what a cluster says about one topic.
type topicState struct {
	partitions []int32
	// unreadable says that the topic's records may not be fetched (no READ); false where the broker does not tell.
	unreadable bool
	err        error
}

// offsetState is one end of a partition's log.
type offsetState struct {
	offset int64
	err    error
}

// commitState is a group's position in one partition.
type commitState struct {
	offset    int64
	committed bool
	err       error
}

// end says which end of the log is asked for.
type end int

const (
	logEnd end = iota
	logStart
	// stableEnd is the last stable offset: where the first transaction begins that is still open, or the log ends.
	stableEnd
)

// admin is what a session asks of Kafka. Each call may fail as a whole, and each part of an answer on its own. No call
// creates a topic, joins a group or commits.
type admin interface {
	topicAdmin
	logAdmin
	groupAdmin
}

type topicAdmin interface {
	// describe tells which partitions the topics have; a topic that is missing from the answer is unknown.
	describe(ctx context.Context, topics []string) (map[string]topicState, error)
	// list names all topics.
	list(ctx context.Context) ([]string, error)
}

type logAdmin interface {
	offsets(ctx context.Context, end end, partitions []partition) (map[partition]offsetState, error)
	// since tells each partition's first record whose timestamp is not before an instant.
	since(ctx context.Context, at time.Time, partitions []partition) (map[partition]firstState, error)
}

type groupAdmin interface {
	// committed tells a group's commits: for the named partitions, or every commit it has when partitions is nil.
	committed(ctx context.Context, group string, partitions []partition) (map[partition]commitState, error)
	// members tells which partitions each member of a group reads.
	members(ctx context.Context, group string) (groupState, error)
}

// longestRequest is as long as librdkafka lets a request last.
const longestRequest = time.Hour

// client is the admin of a real cluster, by librdkafka. The consumer is polled for errors and never consumes: what an
// AdminClient of its own reports as a mere time-out (a wrong password, say) arrives there by its right name.
type client struct {
	consumer       *kafka.Consumer
	admin          *kafka.AdminClient
	requestTimeout time.Duration
	embedded       bool
	// supply gives the consumer a token.
	supply func(tokenTaker) error
}

func openClient(connection Connection, options Options) (*client, error) {
	consumer, err := kafka.NewConsumer(connection.config())
	if err != nil {
		return nil, &Fault{Kind: Misconfigured, About: "connection " + connection.Name, Err: err}
	}
	adminClient, err := kafka.NewAdminClientFromConsumer(consumer)
	if err != nil {
		_ = consumer.Close()
		return nil, &Fault{Kind: Misconfigured, About: "connection " + connection.Name, Err: err}
	}
	return &client{
		consumer: consumer, admin: adminClient, requestTimeout: options.RequestTimeout, embedded: options.Embedded,
		supply: func(to tokenTaker) error { return options.bearers.supply(to, connection) },
	}, nil
}

func (c *client) close() error {
	c.admin.Close()
	return c.consumer.Close() //nolint:wrapcheck // the session says what it was closing
}

// poll waits up to wait for an error that librdkafka reports on its own, such as a lost broker or a rejected password.
func (c *client) poll(wait time.Duration) error {
	switch event := c.consumer.Poll(int(wait.Milliseconds())).(type) {
	case kafka.Error:
		return event
	case kafka.OAuthBearerTokenRefresh:
		return c.supply(c.consumer)
	default:
		return nil
	}
}

func (c *client) describe(ctx context.Context, topics []string) (map[string]topicState, error) {
	if c.embedded {
		return c.describeFromEverything(topics)
	}
	result, err := c.admin.DescribeTopics(ctx, kafka.NewTopicCollectionOfTopicNames(topics), kafka.SetAdminRequestTimeout(c.requestTimeout), kafka.SetAdminOptionIncludeAuthorizedOperations(true))
	if err != nil {
		return nil, err //nolint:wrapcheck // the caller names the topics
	}
	states := make(map[string]topicState, len(result.TopicDescriptions))
	for _, description := range result.TopicDescriptions {
		if description.Error.Code() != kafka.ErrNoError {
			states[description.Name] = topicState{err: description.Error}
			continue
		}
		ids := make([]int32, len(description.Partitions))
		for i, info := range description.Partitions {
			ids[i] = int32(info.Partition) //nolint:gosec // Kafka's partition ids are 32 bits wide
		}
		states[description.Name] = topicState{partitions: ids, unreadable: mayNotRead(description.AuthorizedOperations)}
	}
	return states, nil
}

// mayNotRead: brokers before 2.3 tell nothing.
func mayNotRead(allowed []kafka.ACLOperation) bool {
	return len(allowed) > 0 && !slices.Contains(allowed, kafka.ACLOperationRead) && !slices.Contains(allowed, kafka.ACLOperationAll)
}

// describeFromEverything asks for all topics, which creates none; asking librdkafka for a single one by this call would.
func (c *client) describeFromEverything(topics []string) (map[string]topicState, error) {
	metadata, err := c.admin.GetMetadata(nil, true, int(c.requestTimeout.Milliseconds()))
	if err != nil {
		return nil, err //nolint:wrapcheck // the caller names the topics
	}
	states := make(map[string]topicState, len(topics))
	for _, name := range topics {
		topic, found := metadata.Topics[name]
		if !found {
			continue
		}
		ids := make([]int32, len(topic.Partitions))
		for i, info := range topic.Partitions {
			ids[i] = info.ID
		}
		states[name] = topicState{partitions: ids}
	}
	return states, nil
}

func (c *client) offsets(ctx context.Context, end end, partitions []partition) (map[partition]offsetState, error) {
	spec, isolation := kafka.LatestOffsetSpec, kafka.IsolationLevelReadUncommitted
	switch end {
	case logStart:
		spec = kafka.EarliestOffsetSpec
	case stableEnd:
		isolation = kafka.IsolationLevelReadCommitted
	case logEnd:
	}
	results, err := c.listOffsets(ctx, spec, partitions, kafka.SetAdminIsolationLevel(isolation))
	if err != nil {
		return nil, err
	}
	states := make(map[partition]offsetState, len(results))
	for at, info := range results {
		states[partition{*at.Topic, at.Partition}] = offsetOf(info)
	}
	return states, nil
}

func (c *client) listOffsets(
	ctx context.Context, spec kafka.OffsetSpec, partitions []partition, options ...kafka.ListOffsetsAdminOption,
) (map[kafka.TopicPartition]kafka.ListOffsetsResultInfo, error) {
	request := make(map[kafka.TopicPartition]kafka.OffsetSpec, len(partitions))
	for i := range partitions {
		request[kafka.TopicPartition{Topic: &partitions[i].topic, Partition: partitions[i].id}] = spec
	}
	result, err := c.admin.ListOffsets(ctx, request, append(options, kafka.SetAdminRequestTimeout(c.requestTimeout))...)
	if err != nil {
		return nil, err //nolint:wrapcheck // the caller names the partitions
	}
	return result.ResultInfos, nil
}

// offsetOf reads one partition's answer. librdkafka asks each leader on its own, and when one of them dies it hands out what
// it began with for that leader's partitions: the offset -1001 and no error (rd_kafka_ListOffsets_response_merge).
func offsetOf(info kafka.ListOffsetsResultInfo) offsetState {
	switch {
	case info.Error.Code() != kafka.ErrNoError:
		return offsetState{err: info.Error}
	case info.Offset < 0:
		return offsetState{err: kafka.NewError(kafka.ErrTransport, "the partition's leader gave no answer", false)}
	default:
		return offsetState{offset: int64(info.Offset)}
	}
}

func (c *client) committed(ctx context.Context, group string, partitions []partition) (map[partition]commitState, error) {
	var wanted []kafka.TopicPartition
	for i := range partitions {
		wanted = append(wanted, kafka.TopicPartition{Topic: &partitions[i].topic, Partition: partitions[i].id})
	}
	// librdkafka must not end this request itself: when the group's coordinator comes up after that, it aborts the process
	// (librdkafka issue 4605). So the waiting ends here, and the request is left to be answered or closed with the client.
	ctx, cancel := context.WithTimeout(ctx, c.requestTimeout)
	defer cancel()
	result, err := c.admin.ListConsumerGroupOffsets(ctx,
		[]kafka.ConsumerGroupTopicPartitions{{Group: group, Partitions: wanted}}, kafka.SetAdminRequestTimeout(longestRequest))
	if err != nil {
		return nil, err //nolint:wrapcheck // the caller names the group
	}
	states := map[partition]commitState{}
	for _, answer := range result.ConsumerGroupsTopicPartitions {
		for _, at := range answer.Partitions {
			states[partition{*at.Topic, at.Partition}] = commitState{offset: int64(at.Offset), committed: at.Offset >= 0, err: at.Error}
		}
	}
	for _, at := range partitions {
		if _, answered := states[at]; !answered { // it must not be taken for a partition without a commit
			states[at] = commitState{err: kafka.NewError(kafka.ErrTransport, "the group's coordinator left the partition out of its answer", false)}
		}
	}
	return states, nil
}
