package cluster

import (
	"errors"
	"testing"
	"time"
)

func TestSettledOnlyWhenNothingCanHaveMoved(t *testing.T) {
	t.Parallel()
	at, other := partition{"orders", 0}, partition{"orders", 1}
	now := time.Unix(1000, 0)
	drained := map[partition]commitState{at: {offset: 10, committed: true}}
	for name, test := range map[string]struct {
		commits map[partition]commitState
		endThen int64
		endNow  offsetState
		wanted  []partition
		later   time.Duration
		want    bool
	}{
		"read to the end, nothing new":   {drained, 10, offsetState{offset: 10}, []partition{at}, time.Second, true},
		"a record came":                  {drained, 10, offsetState{offset: 11}, []partition{at}, time.Second, false},
		"there was lag":                  {map[partition]commitState{at: {offset: 9, committed: true}}, 10, offsetState{offset: 10}, []partition{at}, time.Second, false},
		"a commit past the end":          {map[partition]commitState{at: {offset: 12, committed: true}}, 10, offsetState{offset: 10}, []partition{at}, time.Second, false},
		"no commit, records there":       {map[partition]commitState{at: {}}, 10, offsetState{offset: 10}, []partition{at}, time.Second, false},
		"no commit, never a record":      {map[partition]commitState{at: {}}, 0, offsetState{}, []partition{at}, time.Second, true},
		"the end is not known":           {drained, 10, offsetState{err: errors.New("no leader")}, []partition{at}, time.Second, false},
		"the commit was not read":        {map[partition]commitState{at: {err: errors.New("denied")}}, 0, offsetState{}, []partition{at}, time.Second, false},
		"a partition is new":             {drained, 10, offsetState{offset: 10}, []partition{at, other}, time.Second, false},
		"too long ago":                   {drained, 10, offsetState{offset: 10}, []partition{at}, 40 * time.Second, false},
		"just long enough ago to differ": {drained, 10, offsetState{offset: 10}, []partition{at}, 22 * time.Second, true},
	} {
		l := newLedger(time.Minute, 30*time.Second)
		l.commit("group", test.commits, map[partition]offsetState{at: {offset: test.endThen}}, now)
		_, got := l.settled("group", test.wanted, map[partition]offsetState{at: test.endNow}, now.Add(test.later))
		if got != test.want {
			t.Errorf("%s: settled is %v", name, got)
		}
	}
}

func TestTopicsAreAskedAgainAfterTheirLifeAndWhenForgotten(t *testing.T) {
	t.Parallel()
	l, now := newLedger(time.Minute, time.Minute), time.Unix(1000, 0)
	l.describe(map[string]topicState{
		"good": {partitions: []int32{0}, unreadable: true}, "bad": {err: errors.New("denied")}, "gone": {partitions: []int32{0}},
	}, now)
	l.forget("gone")
	known, unknown := l.recall([]string{"good", "bad", "gone", "new"}, now.Add(59*time.Second))
	if len(known) != 1 || len(known["good"].partitions) != 1 || len(unknown) != 3 {
		t.Errorf("known %v, unknown %v", known, unknown)
	}
	if l.readable("good") || !l.readable("new") {
		t.Error("only what is known to be unreadable is unreadable")
	}
	if known, _ := l.recall([]string{"good"}, now.Add(time.Minute)); len(known) != 0 {
		t.Error("known beyond its life")
	}
	if !l.complain("good") || l.complain("good") {
		t.Error("a complaint is made once")
	}
}

func TestPruneDropsWhatNobodyAsksAbout(t *testing.T) {
	t.Parallel()
	l, now := newLedger(time.Minute, time.Minute), time.Unix(1000, 0)
	l.describe(map[string]topicState{"orders": {}}, now)
	l.commit("group", nil, nil, now)
	l.complain("orders")
	l.prune(now.Add(time.Minute))
	if len(l.topics) != 1 || len(l.groups) != 1 || len(l.complained) != 1 {
		t.Error("pruned too early")
	}
	l.prune(now.Add(4 * time.Minute))
	if len(l.topics) != 0 || len(l.groups) != 0 || len(l.complained) != 0 {
		t.Error("kept for ever")
	}
}

func TestAGroupThatRestsIsReadHalfAsOften(t *testing.T) {
	t.Parallel()
	at := partition{"orders", 0}
	commits := func(offset int64) map[partition]commitState {
		return map[partition]commitState{at: {offset: offset, committed: true}}
	}
	ends := map[partition]offsetState{at: {offset: 5}}
	l, now := newLedger(time.Minute, time.Minute), time.Unix(1000, 0)
	life := func() time.Duration { return l.groups["group"].life }

	l.commit("group", commits(5), ends, now)
	if life() != time.Minute {
		t.Errorf("a new group lives %v", life())
	}
	l.commit("group", commits(5), ends, now.Add(10*time.Second))
	if life() != time.Minute {
		t.Errorf("a group that was read again before its time lives %v", life())
	}
	l.commit("group", commits(5), ends, now.Add(2*time.Minute))
	if life() != 2*time.Minute {
		t.Errorf("a group that rested lives %v", life())
	}
	l.commit("group", commits(5), ends, now.Add(10*time.Minute))
	if life() != 2*time.Minute {
		t.Errorf("a group that goes on resting lives %v", life())
	}
	l.commit("group", commits(4), ends, now.Add(20*time.Minute))
	if life() != time.Minute {
		t.Errorf("a group that was reset lives %v", life())
	}
}
