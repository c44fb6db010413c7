package budget_test

import (
	"math"
	"testing"

	"github.com/lagwise/lagwise/internal/budget"
)

// docs/scaling.md has these figures.
func TestLimitsFollowTheMemory(t *testing.T) {
	t.Parallel()
	for memory, want := range map[int64]budget.Limits{
		100 << 20:     {Triggers: 2048, MetadataBytes: 4 << 20, Sessions: 51, Streams: 2730},
		200 << 20:     {Triggers: 5248, MetadataBytes: 10747904, Sessions: 131, Streams: 6997},
		1:             {Triggers: 256, MetadataBytes: 512 << 10, Sessions: 6, Streams: 341},
		4 << 30:       budget.Unlimited(),
		math.MaxInt64: budget.Unlimited(),
	} {
		if got := budget.Of(memory); got != want {
			t.Errorf("%d bytes: got %+v, want %+v", memory, got, want)
		}
	}
}
