//go:build kafka

package kafkacluster_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/lagwise/lagwise/scalers"
)

// The judge must see what the clusters' scenarios are there for.
func TestJudge(t *testing.T) {
	t.Parallel()
	start := time.Now()
	at := func(second int) time.Time { return start.Add(time.Duration(second) * time.Second) }
	var broker2 history
	broker2.away(2, at(10), at(60))
	elsewhere := trigger{name: "elsewhere", value: 5, touches: []int32{1, 3}, needs: []int32{1}, missing: "only-1"}
	moving := trigger{name: "moving", value: 5, touches: []int32{1, 2, 3}}
	lost := trigger{name: "lost", value: 5, touches: []int32{2}, needs: []int32{2}, missing: "only-2"}
	failure := func(text string) error { return scalers.Errorf(scalers.CauseUnreachable, "%w", errors.New(text)) }
	good := func(second int) sample { return sample{at: at(second), value: 5, observedAt: at(second)} }
	bad := func(second int, text string) sample { return sample{at: at(second), err: failure(text)} }
	for name, one := range map[string]struct {
		of      trigger
		samples []sample
		want    string // empty for no complaint
	}{
		"right all the time":            {elsewhere, []sample{good(0), good(11), good(50), good(61)}, ""},
		"another value":                 {moving, []sample{{at: at(15), value: 4, observedAt: at(15)}}, "5 s after the death of broker 2, for 1 s: the value 4, want 5"},
		"an error elsewhere":            {elsewhere, []sample{bad(11, "x")}, "elsewhere, 1 s after the death of broker 2, for 1 s: x"},
		"old figures elsewhere":         {elsewhere, []sample{{at: at(30), value: 5, observedAt: at(18)}}, "for 1 s: up to 12.0 s old"},
		"an error before":               {moving, []sample{bad(5, "x")}, "before anything happened, for 1 s: x"},
		"an error while failing over":   {moving, []sample{bad(29, "x"), good(31)}, ""},
		"an error after that":           {moving, []sample{bad(29, "x"), bad(31, "x"), bad(32, "x"), good(33)}, "21 s after the death of broker 2, for 2 s: x"},
		"an error while coming back":    {moving, []sample{bad(89, "x"), good(91)}, ""},
		"an error when it is back":      {moving, []sample{bad(91, "x")}, "31 s after the return of broker 2, for 1 s: x"},
		"lost, and it says so":          {lost, []sample{good(20), bad(51, `topic "only-2"`), bad(59, `topic "only-2"`)}, ""},
		"lost, and the old is answered": {lost, []sample{good(51)}, "41 s after the death of broker 2, for 1 s: want an error that names \"only-2\""},
		"lost, and another is blamed":   {lost, []sample{bad(51, "describing topics")}, "want an error that names"},
	} {
		var texts []string
		for _, complaint := range broker2.judge(one.of, one.samples) {
			texts = append(texts, complaint.text)
		}
		got := strings.Join(texts, "\n")
		if one.want == "" && got != "" || !strings.Contains(got, one.want) {
			t.Errorf("%s: got %q, want %q", name, got, one.want)
		}
	}
	var controller history
	controller.happened("the death of the controller", at(10))
	if got := controller.judge(lost, []sample{bad(11, "x")}); len(got) != 1 {
		t.Errorf("an error that nothing excuses: %v", got)
	}
	broker2.longest = 3 * time.Second
	if got := broker2.judge(moving, []sample{bad(20, "x"), bad(23, "x")}); len(got) != 1 || got[0].what != longFail {
		t.Errorf("an error that lasts too long: %v", got)
	}
	for begin, want := range map[int]int{0: 3, 8: 33, 20: 33, 40: 43, 58: 93} {
		if got, _ := broker2.deadline(moving, at(begin), 3*time.Second); !got.Equal(at(want)) {
			t.Errorf("a record of second %d is to be noticed by second %.0f, want %d", begin, got.Sub(start).Seconds(), want)
		}
	}
}
