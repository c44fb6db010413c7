//go:build kafka

package kafkacluster_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/lagwise/lagwise/scalers"
)

// The checks must find what the scenarios exist for.
func TestHistoryCheck(t *testing.T) {
	t.Parallel()
	start := time.Now()
	at := func(second int) time.Time { return start.Add(time.Duration(second) * time.Second) }
	var broker2 history
	broker2.left(2, at(8), at(10), at(60))
	elsewhere := trigger{name: "elsewhere", value: 5, uses: []int32{1, 3}, needs: []int32{1}, cause: "only-1"}
	moving := trigger{name: "moving", value: 5, uses: []int32{1, 2, 3}}
	lost := trigger{name: "lost", value: 5, uses: []int32{2}, needs: []int32{2}, cause: "only-2"}
	good := func(second int) sample { return sample{at: at(second), value: 5, observedAt: at(second)} }
	bad := func(second int, text string) sample {
		return sample{at: at(second), err: scalers.Errorf(scalers.CauseUnreachable, "%w", errors.New(text))}
	}
	for name, one := range map[string]struct {
		of      trigger
		samples []sample
		want    string // empty for no violation
	}{
		"right all the time":       {elsewhere, []sample{good(0), good(11), good(50), good(61)}, ""},
		"another value":            {moving, []sample{{at: at(15), value: 4, observedAt: at(15)}}, "7 s after the death of broker 2, for 1 s: got 4, want 5"},
		"error elsewhere":          {elsewhere, []sample{bad(11, "x")}, "elsewhere, 3 s after the death of broker 2, for 1 s: x"},
		"old elsewhere":            {elsewhere, []sample{{at: at(30), value: 5, observedAt: at(18)}}, "for 1 s: up to 12.0 s old"},
		"error before":             {moving, []sample{bad(5, "x")}, "3 s before the death of broker 2, for 1 s: x"},
		"error during failover":    {moving, []sample{bad(29, "x"), good(31)}, ""},
		"error after failover":     {moving, []sample{bad(29, "x"), bad(31, "x"), bad(32, "x"), good(33)}, "23 s after the death of broker 2, for 2 s: x"},
		"error during return":      {moving, []sample{bad(89, "x"), good(91)}, ""},
		"error after return":       {moving, []sample{bad(91, "x")}, "31 s after the return of broker 2, for 1 s: x"},
		"lost, right error":        {lost, []sample{good(20), bad(51, `topic "only-2"`), bad(59, `topic "only-2"`)}, ""},
		"lost, old value returned": {lost, []sample{good(51)}, "43 s after the death of broker 2, for 1 s: want \"only-2\" in the error"},
		"lost, another cause":      {lost, []sample{bad(51, "describing topics")}, "in the error, got value 0, error describing topics"},
	} {
		var texts []string
		for _, found := range broker2.check(one.of, one.samples) {
			texts = append(texts, found.text)
		}
		got := strings.Join(texts, "\n")
		if one.want == "" && got != "" || !strings.Contains(got, one.want) {
			t.Errorf("%s: got %q, want %q", name, got, one.want)
		}
	}
	var controller history
	controller.happened("the death of the controller", at(10))
	if got := controller.check(lost, []sample{bad(11, "x")}); len(got) != 1 || got[0].kind != untolerated {
		t.Errorf("error after an event that affects no trigger: %v", got)
	}
	broker2.longestError = 3 * time.Second
	if got := broker2.check(moving, []sample{bad(20, "x"), bad(23, "x")}); len(got) != 1 || got[0].kind != tooLong {
		t.Errorf("error that lasts too long: %v", got)
	}
	for changed, want := range map[int]int{0: 3, 6: 33, 20: 33, 40: 43, 58: 93} {
		if got, _ := broker2.deadline(moving, at(changed), 3*time.Second); !got.Equal(at(want)) {
			t.Errorf("a change at second %d must be pushed by second %.0f, want %d", changed, got.Sub(start).Seconds(), want)
		}
	}
}
