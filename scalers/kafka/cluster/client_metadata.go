package cluster

import (
	"context"
	"math"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// routeAge is how long the leaders of partitions are taken as known when a request has shown that they are wrong, so that many
// requests that failed together cause one request for metadata.
const routeAge = 500 * time.Millisecond

func (c *brokerClient) ping(ctx context.Context) error {
	request := kmsg.NewPtrMetadataRequest()
	request.Topics = []kmsg.MetadataRequestTopic{} // nil would ask for all topics
	_, err := c.metadata(ctx, request)
	return err
}

// metadata goes through the client's own function, which learns of new brokers by it and takes another broker each time.
func (c *brokerClient) metadata(ctx context.Context, request *kmsg.MetadataRequest) (*kmsg.MetadataResponse, error) {
	response, err := c.askAny(ctx, func(ctx context.Context) (kmsg.Response, error) {
		one := *request // the client notes the version in it
		return c.kafka.Request(ctx, &one)
	})
	if err != nil {
		return nil, err
	}
	answer := response.(*kmsg.MetadataResponse) //nolint:forcetypeassert // the request's own response
	c.routes.noteBrokers(answer.Brokers)
	return answer, nil
}

func (c *brokerClient) describeTopics(ctx context.Context, topics []string) (map[string]topicState, error) {
	request := kmsg.NewPtrMetadataRequest()
	request.IncludeTopicAuthorizedOperations = true
	request.Topics = make([]kmsg.MetadataRequestTopic, 0, len(topics))
	for _, topic := range topics {
		wanted := kmsg.NewMetadataRequestTopic()
		wanted.Topic = &topic
		request.Topics = append(request.Topics, wanted)
	}
	answer, err := c.metadata(ctx, request)
	if err != nil {
		return nil, err
	}
	states := make(map[string]topicState, len(answer.Topics))
	for _, topic := range answer.Topics {
		if topic.Topic == nil {
			continue
		}
		if err := kerr.ErrorForCode(topic.ErrorCode); err != nil {
			states[*topic.Topic] = topicState{err: err}
			continue
		}
		state := topicState{unreadable: mayNotRead(topic.AuthorizedOperations)}
		for _, p := range topic.Partitions {
			state.partitions = append(state.partitions, p.Partition)
		}
		states[*topic.Topic] = state
	}
	c.routes.noteLeaders(answer.Topics, time.Now())
	return states, nil
}

// mayNotRead reads the bits of org.apache.kafka.common.acl.AclOperation. Brokers before 2.3 report none.
func mayNotRead(allowed int32) bool {
	const all, read = 1 << 2, 1 << 3
	return allowed != math.MinInt32 && allowed != 0 && allowed&(all|read) == 0
}

func (c *brokerClient) listTopics(ctx context.Context) ([]string, error) {
	answer, err := c.metadata(ctx, kmsg.NewPtrMetadataRequest())
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(answer.Topics))
	for _, topic := range answer.Topics {
		if topic.Topic != nil {
			names = append(names, *topic.Topic)
		}
	}
	return names, nil
}

// refreshLeaders asks who leads the partitions of topics, unless that was asked a moment ago. When no broker answers, what was
// known stays.
func (c *brokerClient) refreshLeaders(ctx context.Context, topics []string) {
	select {
	case c.routes.refreshing <- struct{}{}:
	case <-ctx.Done():
		return
	}
	defer func() { <-c.routes.refreshing }()
	if outdated := c.routes.outdated(topics, time.Now()); len(outdated) > 0 {
		_, _ = c.describeTopics(ctx, outdated)
	}
}
