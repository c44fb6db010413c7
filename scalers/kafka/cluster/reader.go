package cluster

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// reader reports what partitions hold.
type reader interface {
	// assign adds partitions, each from an explicit offset. It does not wait.
	assign(from map[partition]int64)
	unassign(partitions []partition)
	// next waits at most wait for news of some partition.
	next(wait time.Duration) sighting
	// run reads until ctx ends.
	run(ctx context.Context) error
}

// sighting is one piece of news of a partition: a record, that there is nothing more before an offset, or an error. The zero
// sighting is no news.
type sighting struct {
	at      partition
	message message
	atEnd   bool
	failure error
}

// readSize bounds what is fetched: 64 KiB of a partition at once, and 1 MiB in one answer. A partition that is given to the reader
// while a request waits at the broker waits as long.
const (
	readWait      = 20 * time.Millisecond
	readBytes     = 1 << 20
	readPartition = 64 << 10
	// readAhead is how many sightings may wait to be looked at; more hold up the next request.
	readAhead = 1000
)

// recordReader is the reader of a real cluster. It joins no group and commits nothing. An offset that is no longer kept is an error.
type recordReader struct {
	*fetchLoops

	sightings    chan sighting
	decompressor kgo.Decompressor
}

func openReader(c configured) (reader, error) { //nolint:ireturn // stands for the function that opens fakes
	loops, err := openLoops(c, fetchSize{wait: readWait, bytes: readBytes, ofPartition: readPartition})
	if err != nil {
		return nil, err
	}
	return &recordReader{fetchLoops: loops, sightings: make(chan sighting, readAhead), decompressor: kgo.DefaultDecompressor()}, nil
}

func (r *recordReader) run(ctx context.Context) error { return r.fetchLoops.run(ctx, r) }

func (r *recordReader) next(wait time.Duration) sighting {
	select {
	case seen := <-r.sightings:
		return seen
	default:
	}
	if wait <= 0 {
		return sighting{}
	}
	late := time.NewTimer(wait)
	defer late.Stop()
	select {
	case seen := <-r.sightings:
		return seen
	case <-late.C:
		return sighting{}
	}
}

// take decodes records. Markers of transactions, and what an aborted one wrote, are passed over.
func (r *recordReader) take(from int64, state logState) taken {
	if state.err != nil {
		return taken{done: true, report: func(ctx context.Context) { r.see(ctx, sighting{at: state.at, failure: state.err}) }}
	}
	options := kgo.ProcessFetchPartitionOpts{Offset: from, Topic: state.at.topic, Partition: state.at.id}
	if r.isolation == readCommitted {
		options.IsolationLevel = kgo.ReadCommitted()
	}
	read, next := kgo.ProcessFetchPartition(options, state.records, r.decompressor, nil)
	next = max(from, next)
	return taken{next: next, report: func(ctx context.Context) {
		for _, record := range read.Records {
			r.see(ctx, sighting{at: state.at, message: message{
				offset: record.Offset, timestamp: record.Timestamp, stamped: isStamped(record), bytes: int64(len(record.Key) + len(record.Value)),
			}})
		}
		if next >= state.end {
			r.see(ctx, sighting{at: state.at, message: message{offset: next}, atEnd: true})
		}
	}}
}

func (r *recordReader) see(ctx context.Context, seen sighting) {
	select {
	case r.sightings <- seen:
	case <-ctx.Done():
	}
}

// isStamped is false for the -1 that a producer may have written, and for records from before there were timestamps.
func isStamped(record *kgo.Record) bool {
	return record.Attrs.TimestampType() >= 0 && record.Timestamp.UnixMilli() >= 0
}

// configured is what a client of a lane is opened with.
type configured struct {
	connection Connection
	options    Options
	// committed leaves out what transactions have not committed.
	committed bool
}
