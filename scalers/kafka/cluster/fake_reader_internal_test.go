package cluster

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
)

// FakeReader reads what is stamped in a FakeKafka; all other offsets hold no record.
type FakeReader struct {
	kafka *FakeKafka
	// Committed is its isolation level.
	Committed bool
	assigned  map[partition]int64
	told      map[partition]int64
	// Begun counts how often a partition was given to it, and most how many that answer it had at the same time.
	Begun, Most int
	// silent readers hear nothing.
	silent, closed bool
	broken         error
}

func (k *FakeKafka) openReader(c configured) (reader, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.refused["reader"]; err != nil {
		return nil, err
	}
	opened := &FakeReader{kafka: k, Committed: c.committed, assigned: map[partition]int64{}, told: map[partition]int64{}}
	k.readers = append(k.readers, opened)
	return opened, nil
}

// Readers lists those that were opened, as they are now.
func (k *FakeKafka) Readers() (readers []FakeReader) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, r := range k.readers {
		readers = append(readers, *r)
	}
	return readers
}

// Silence makes all readers that are open hear nothing, or hear again.
func (k *FakeKafka) Silence(silent bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, r := range k.readers {
		r.silent = silent
	}
}

func (r *FakeReader) assign(from map[partition]int64) {
	r.kafka.mu.Lock()
	defer r.kafka.mu.Unlock()
	for at, offset := range from {
		if _, twice := r.assigned[at]; twice {
			r.broken = fmt.Errorf("%v is assigned twice", at)
		}
		r.assigned[at], r.told[at] = offset, -1
		r.Begun++
	}
	answering := 0
	for at := range r.assigned {
		if !r.isSilent(at.topic) {
			answering++
		}
	}
	r.Most = max(r.Most, answering)
}

func (r *FakeReader) unassign(partitions []partition) {
	r.kafka.mu.Lock()
	defer r.kafka.mu.Unlock()
	for _, at := range partitions {
		if _, is := r.assigned[at]; !is {
			r.broken = fmt.Errorf("%v is not assigned", at)
		}
		delete(r.assigned, at)
	}
}

func (r *FakeReader) next(wait time.Duration) sighting {
	seen := r.sight()
	if seen.at == (partition{}) {
		time.Sleep(wait)
	}
	return seen
}

func (r *FakeReader) sight() sighting {
	r.kafka.mu.Lock()
	defer r.kafka.mu.Unlock()
	for _, at := range slices.SortedFunc(maps.Keys(r.assigned), comparePartitions) {
		if r.isSilent(at.topic) {
			continue
		}
		if err := r.kafka.refused["records of "+at.topic]; err != nil {
			return sighting{at: at, failure: err}
		}
		for ; r.assigned[at] < r.kafka.ends[at]; r.assigned[at]++ {
			if stamp, is := r.kafka.records[at][r.assigned[at]]; is {
				r.assigned[at]++
				return sighting{at: at, message: message{offset: r.assigned[at] - 1, timestamp: stamp, stamped: true, bytes: 100}}
			}
		}
		if r.told[at] != r.kafka.ends[at] {
			r.told[at] = r.kafka.ends[at]
			return sighting{at: at, message: message{offset: r.kafka.ends[at]}, atEnd: true}
		}
	}
	return sighting{}
}

// isSilent is for partitions whose broker does not answer: those of a topic named stuck, or all.
func (r *FakeReader) isSilent(topic string) bool { return r.silent || topic == "stuck" }

func (r *FakeReader) run(ctx context.Context) error {
	<-ctx.Done()
	r.kafka.mu.Lock()
	defer r.kafka.mu.Unlock()
	r.closed = true
	return nil
}
