package cluster

import (
	"slices"
	"sync"
	"time"
)

// directory remembers the names of a cluster's topics, which are read only while somebody matches a pattern against them.
type directory struct {
	mu    sync.Mutex
	names []string
	until time.Time
}

// recall gives the names that are taken as known.
func (d *directory) recall(now time.Time) (names []string, known bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.names, now.Before(d.until)
}

func (d *directory) note(names []string, until time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.names, d.until = names, until
}

// internal are the topics in which Kafka keeps its own records; nobody's pattern means them.
func internal(topic string) bool {
	return slices.Contains([]string{"__consumer_offsets", "__transaction_state", "__share_group_state"}, topic)
}
