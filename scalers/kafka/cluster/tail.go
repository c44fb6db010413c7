package cluster

import (
	"context"

	"github.com/lagwise/lagwise/scalers/news"
)

// fetcher waits for records of partitions that it is assigned.
type fetcher interface {
	// assign adds partitions, each from an explicit offset, or moves them to it. It does not wait.
	assign(from map[partition]int64)
	// unassign takes partitions away; those that are not assigned do no harm.
	unassign(partitions []partition)
	// run reports where records are until ctx ends: each partition once, and then no more until it is assigned again.
	run(ctx context.Context, found func(at partition, offset int64)) error
}

// tail is what is wanted of one fetcher. Its fields belong to the tails' lock.
type tail struct {
	// wanted are its partitions, and the offset that each is watched from; dirty are those of which the fetcher has not been told.
	wanted  map[partition]int64
	dirty   map[partition]struct{}
	changed chan struct{}
}

func newTail() *tail {
	return &tail{wanted: map[partition]int64{}, dirty: map[partition]struct{}{}, changed: make(chan struct{}, 1)}
}

func (t *tail) want(at partition, from int64) {
	t.wanted[at] = from
	t.mark(at)
}

func (t *tail) unwant(at partition) {
	delete(t.wanted, at)
	t.mark(at)
}

func (t *tail) mark(at partition) {
	t.dirty[at] = struct{}{}
	news.Signal(t.changed)
}

// startOver is for a fetcher that was told nothing yet.
func (t *tail) startOver() {
	clear(t.dirty)
	for at := range t.wanted {
		t.mark(at)
	}
}

// takeChanges lists what the fetcher has not been told, and notes it as told.
func (t *tail) takeChanges() (drop []partition, add map[partition]int64) {
	add = map[partition]int64{}
	for at := range t.dirty {
		if from, is := t.wanted[at]; is {
			add[at] = from
			continue
		}
		drop = append(drop, at)
	}
	clear(t.dirty)
	return drop, add
}
