package cluster

import (
	"context"
	"maps"
	"slices"
)

// readStable reads the last stable offsets of partitions that some want reads committed. Log ends are read of all: they tell
// which groups need not be asked, because no transaction ends without a marker that moves them.
func (p *pass) readStable(ctx context.Context) (fault *Fault) {
	wanted := map[partition]bool{}
	for _, want := range p.wants {
		if !want.Needs.ReadCommitted {
			continue
		}
		for at := range p.partitionsOf(want) {
			wanted[at] = true
		}
	}
	p.stable, fault = p.readOffsets(ctx, stableEnd, slices.SortedFunc(maps.Keys(wanted), comparePartitions))
	return fault
}

// endFor is the end that a want counts up to. A commit behind the last stable offset was made since that was read, or by
// consumers that do not wait for transactions: nothing is left for the group in either case, and it is no commit past the end.
func (p *pass) endFor(want Want, at partition) (end offsetState, read bool) {
	if !want.Needs.ReadCommitted {
		end, read = p.ends[at]
		return end, read
	}
	end, read = p.stable[at]
	logEnd := p.ends[at]
	if commit := p.commits[want.Group][at]; commit.committed && commit.err == nil && logEnd.err == nil {
		end.offset = max(end.offset, min(commit.offset, logEnd.offset))
	}
	return end, read
}
