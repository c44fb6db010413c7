package cluster

import (
	"context"
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

// list names every topic that this identity may describe. Asking for all of them creates none.
func (c *client) list(context.Context) ([]string, error) {
	metadata, err := c.admin.GetMetadata(nil, true, int(c.requestTimeout.Milliseconds()))
	if err != nil {
		return nil, err //nolint:wrapcheck // the caller says what was asked
	}
	names := make([]string, 0, len(metadata.Topics))
	for name := range metadata.Topics {
		names = append(names, name)
	}
	return names, nil
}

// internal are the topics in which Kafka keeps its own records; nobody's pattern means them.
func internal(topic string) bool {
	return slices.Contains([]string{"__consumer_offsets", "__transaction_state", "__share_group_state"}, topic)
}

// listTopics reads the names of all topics, for wants that have a pattern. A failure is the fault of those wants alone.
func (p *pass) listTopics(ctx context.Context) {
	p.matching, p.listFault = map[string][]string{}, nil
	if !slices.ContainsFunc(p.wants, func(want Want) bool { return want.Pattern != nil }) {
		return
	}
	names, known := p.ledger.directory.recall(p.at)
	if !known {
		listed, err := p.admin.list(ctx)
		if err != nil {
			p.listFault = faultOf("listing the topics", err)
			return
		}
		names = slices.DeleteFunc(slices.Sorted(slices.Values(listed)), internal)
		p.ledger.directory.note(names, p.at.Add(p.ledger.topicLife))
	}
	for _, want := range p.wants {
		if want.Pattern == nil || p.matching[want.Pattern.String()] != nil {
			continue
		}
		matching := []string{}
		for _, name := range names {
			if want.Pattern.MatchString(name) {
				matching = append(matching, name)
			}
		}
		p.matching[want.Pattern.String()] = matching
	}
}
