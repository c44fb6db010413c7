package cluster

import (
	"context"
	"errors"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
)

// endFetcher is the fetcher of a real cluster. A partition is reported once, when its log has grown beyond the offset that it was
// assigned from. Records are of no interest, so brokers are asked for as few as can be.
type endFetcher struct{ *fetchLoops }

func openFetcher(c configured) (fetcher, error) { //nolint:ireturn // stands for the function that opens fakes
	loops, err := openLoops(c, endsOnly(c.options.FetchWait))
	if err != nil {
		return nil, err
	}
	return endFetcher{loops}, nil
}

func endsOnly(wait time.Duration) fetchSize { return fetchSize{wait: wait, bytes: 1, ofPartition: 1} }

func (f endFetcher) run(ctx context.Context, found func(at partition, offset int64)) error {
	return f.fetchLoops.run(ctx, grownLogs{found})
}

// grownLogs reports the partitions whose logs have grown. A log that does not reach to the offset that is waited for, or begins
// behind it, was made again or lost records: that is news as well.
type grownLogs struct {
	found func(at partition, offset int64)
}

func (g grownLogs) take(from int64, state logState) taken {
	if state.err == nil && state.end <= from {
		return taken{next: from}
	}
	if state.err != nil && !errors.Is(state.err, kerr.OffsetOutOfRange) { // the refresh reports it
		return taken{later: true}
	}
	return taken{done: true, report: func(context.Context) { g.found(state.at, max(from, state.end-1)) }}
}
