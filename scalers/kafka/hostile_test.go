package kafka_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/lag"
)

// What a trigger says is read while other triggers wait. So nobody can say anything, within the limits on metadata, that
// takes long to read or much memory to keep.
func TestNoMetadataIsDearToRead(t *testing.T) { // not parallel: it counts the memory that is allocated
	topics, servers, long := make([]string, 4000), make([]string, 2500), map[string]string{}
	for i := range topics {
		topics[i] = fmt.Sprintf("%03x", i)
	}
	for i := range servers {
		servers[i] = fmt.Sprintf("%c:%d", 'a'+i%26, 1+i/26)
	}
	for i := range 4 {
		long[strings.Repeat("k", 15_000)+fmt.Sprint(i)] = "x"
	}
	for name, test := range map[string]struct {
		metadata map[string]string
		refusal  string
	}{
		"a pattern of repetitions":      {with("topic", "", "topicPattern", strings.Repeat("a{1000}", 290)), "want a shorter regular expression"},
		"repetitions of a pattern":      {with("topic", "", "topicPattern", strings.Repeat("(a|b){1000}", 20)), "want a shorter regular expression"},
		"a pattern of all letters":      {with("topic", "", "topicPattern", strings.Repeat(`\pL`, 5000)), "at most 2048 bytes"},
		"a pattern without end":         {with("topic", "", "topicPattern", strings.Repeat("((a{100}){9}|b+)?", 120)), "want a shorter regular expression"},
		"brokers, each to be looked up": {with("bootstrapServers", strings.Join(servers, ",")), "want at most 10 brokers"},
		"thousands of topics":           {with("topic", strings.Join(topics, ",")), ""},
		"a threshold for each of them":  {with("topic", strings.Join(topics, ","), "lagThresholdByTopic", strings.Join(topics[:2300], "=1,")+"=1"), ""},
		"keys of thousands of letters":  {long, "consumerGroup: missing"},
		"a window of many minutes":      {window("windowStart", strings.Repeat("0,", 8000)+"0 * * * *"), ""},
		"a window in leap years":        {window("windowStart", "0 0 29 2 *", "windowEnd", "0 0 29 2 1"), ""},
		"thousands of ranges":           {with("partitionLimitation", strings.Repeat("0-9,", 4000)+"1"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			fake := fakeKafka{view: func(context.Context) (lag.View, error) { return viewOf(1, 7), nil }}
			allocated, kept, scaler := memory(func() scalers.Scaler { return fake.build(test.metadata) })
			if _, err := scaler.Evaluate(t.Context()); test.refusal != "" && (err == nil || !strings.Contains(err.Error(), test.refusal)) {
				t.Errorf("%v, want it refused: %s", err, test.refusal)
			}
			if allocated > 16<<20 || kept > 1<<20 {
				t.Errorf("it took %d bytes to read and %d to keep", allocated, kept)
			}
		})
	}
}

// memory is what building allocates, and what of it stays.
func memory(build func() scalers.Scaler) (allocated, kept int64, built scalers.Scaler) {
	var before, after, resting runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	built = build()
	runtime.ReadMemStats(&after)
	runtime.GC()
	runtime.ReadMemStats(&resting)
	return int64(after.TotalAlloc - before.TotalAlloc), int64(resting.HeapAlloc) - int64(before.HeapAlloc), built
}

func TestUsualPatternsAreNotTooLong(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"orders-.*", `(?i)[a-z0-9._-]{1,249}`, "(" + strings.Repeat("payments-in|", 150) + "refunds)", `\w+-v\d{1,3}`} {
		fake := fakeKafka{view: func(context.Context) (lag.View, error) { return viewOf(1, 7), nil }}
		if _, err := fake.build(with("topic", "", "topicPattern", pattern)).Evaluate(t.Context()); err != nil {
			t.Errorf("%q: %v", pattern, err)
		}
	}
}
