package kafka_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/lag"
)

// A topic was created again: what the group committed in partition 0 before lies past its end, and five records wait in
// partition 1.
func TestCommitsPastTheLogEnd(t *testing.T) {
	t.Parallel()
	at := time.Unix(1000, 0)
	fake := fakeKafka{view: func(context.Context) (lag.View, error) {
		return lag.View{Now: at, Latest: lag.Observation{At: at, Partitions: []lag.Partition{
			{Topic: "orders", ID: 0, Start: 0, HasStart: true, End: 0, Committed: 100, HasCommitted: true},
			{Topic: "orders", ID: 1, Start: 0, HasStart: true, End: 5, Committed: 0, HasCommitted: true},
			{Topic: "orders", ID: 2, Start: 3, HasStart: true, End: 7, Committed: 8, HasCommitted: true},
		}}}, nil
	}}
	for name, test := range map[string]struct {
		metadata map[string]string
		value    float64
		left     []float64
		says     string
	}{
		"as KEDA":  {with(), 0, []float64{0, 5, 0}, "orders/0 committed 100 past the log end 0, orders/2 committed 8 past the log end 7: lag below zero"},
		"latest":   {with("clampToLogStart", "true"), 5, []float64{0, 5, 0}, "orders/2 committed 8 past the log end 7: offsetResetPolicy latest counts 0"},
		"earliest": {with("clampToLogStart", "true", "offsetResetPolicy", "earliest"), 9, []float64{0, 5, 4}, "orders/2 committed 8 past the log end 7: offsetResetPolicy earliest counts 4"},
	} {
		detail := detailOf(t, fake.build(test.metadata))
		if detail.Value != test.value || detail.Active != (test.value > 0) {
			t.Errorf("%s: value %v, active %t", name, detail.Value, detail.Active)
		}
		if !slices.ContainsFunc(detail.Reasons, func(r scalers.Reason) bool { return r.Warning && strings.Contains(r.Text, test.says) }) {
			t.Errorf("%s: no reason warns %q: %+v", name, test.says, detail.Reasons)
		}
		for i, left := range test.left {
			part := detail.Parts[i]
			if notes := strings.Contains(part.Note, "committed past the log end"); part.Left != left || notes != (i != 1) {
				t.Errorf("%s: %+v, want %v left", name, part, left)
			}
		}
	}
}
