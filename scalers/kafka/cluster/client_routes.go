package cluster

import (
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// routeLife is how long a route is kept that is not used.
const routeLife = 10 * time.Minute

// routes remember which broker leads a partition, and which coordinates a group. It is safe for concurrent use.
type routes struct {
	// refreshing holds the one who asks for metadata.
	refreshing chan struct{}

	mu           sync.Mutex
	brokers      map[int32]string
	topics       map[string]*topicRoute
	coordinators map[string]int32
	pruned       time.Time
}

type topicRoute struct {
	leaders map[int32]leader
	// read is when the leaders were read, used when they were last needed.
	read, used time.Time
}

// leader is a partition's leader, or why it has none.
type leader struct {
	broker int32
	err    error
}

func newRoutes() *routes {
	return &routes{
		refreshing: make(chan struct{}, 1),
		brokers:    map[int32]string{}, topics: map[string]*topicRoute{}, coordinators: map[string]int32{},
	}
}

func (r *routes) noteBrokers(brokers []kmsg.MetadataResponseBroker) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, broker := range brokers { // those that are away keep their address, for messages
		r.brokers[broker.NodeID] = net.JoinHostPort(broker.Host, strconv.Itoa(int(broker.Port)))
	}
}

func (r *routes) noteLeaders(topics []kmsg.MetadataResponseTopic, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, topic := range topics {
		if topic.Topic == nil || topic.ErrorCode != 0 {
			continue
		}
		route := &topicRoute{leaders: make(map[int32]leader, len(topic.Partitions)), read: now, used: now}
		for _, p := range topic.Partitions {
			l := leader{broker: p.Leader}
			if p.Leader < 0 {
				if l.err = kerr.ErrorForCode(p.ErrorCode); l.err == nil {
					l.err = kerr.LeaderNotAvailable
				}
			}
			route.leaders[p.Partition] = l
		}
		r.topics[*topic.Topic] = route
	}
	if now.Sub(r.pruned) > routeLife {
		r.pruned = now
		maps.DeleteFunc(r.topics, func(_ string, route *topicRoute) bool { return now.Sub(route.used) > routeLife })
	}
}

// leaderOf reports a partition's leader as it was last read.
func (r *routes) leaderOf(at partition, now time.Time) leader {
	r.mu.Lock()
	defer r.mu.Unlock()
	route, found := r.topics[at.topic]
	if !found {
		return leader{broker: -1, err: kerr.LeaderNotAvailable}
	}
	route.used = now
	l, found := route.leaders[at.id]
	if !found {
		return leader{broker: -1, err: kerr.UnknownTopicOrPartition}
	}
	return l
}

// outdated are the topics whose leaders were not read within routeAge.
func (r *routes) outdated(topics []string, now time.Time) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var outdated []string
	for _, topic := range slices.Compact(slices.Sorted(slices.Values(topics))) {
		if route, found := r.topics[topic]; !found || now.Sub(route.read) > routeAge {
			outdated = append(outdated, topic)
		}
	}
	return outdated
}

func (r *routes) noteCoordinator(group string, broker int32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.coordinators) >= maxCoordinators {
		clear(r.coordinators) // groups come and go; those that are still asked for are found again
	}
	r.coordinators[group] = broker
}

// maxCoordinators bounds what is remembered of groups.
const maxCoordinators = 100_000

func (r *routes) coordinatorOf(group string) (broker int32, found bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	broker, found = r.coordinators[group]
	return broker, found
}

func (r *routes) forgetCoordinator(group string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.coordinators, group)
}

// known lists the brokers.
func (r *routes) known() []int32 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Collect(maps.Keys(r.brokers))
}

// name is what messages call a broker.
func (r *routes) name(broker int32) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if address, found := r.brokers[broker]; found {
		return fmt.Sprintf("broker %d at %s", broker, address)
	}
	return fmt.Sprintf("broker %d", broker)
}
