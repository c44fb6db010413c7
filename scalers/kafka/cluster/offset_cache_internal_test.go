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
		c := newOffsetCache(time.Minute, 30*time.Second)
		until := now.Add(c.life())
		for at, commit := range test.commits {
			if commit.err == nil {
				c.noteCommit("group", at, commit, test.endThen, until)
			}
		}
		got := test.endNow.err == nil
		for _, at := range test.wanted {
			_, settled := c.settled("group", at, test.endNow.offset, now.Add(test.later))
			got = got && settled
		}
		if got != test.want {
			t.Errorf("%s: settled is %v", name, got)
		}
	}
}

func TestTopicsAreAskedAgainAfterTheirLifeAndWhenForgotten(t *testing.T) {
	t.Parallel()
	c, now := newOffsetCache(time.Minute, time.Minute), time.Unix(1000, 0)
	c.noteTopics(map[string]topicState{
		"good": {partitions: []int32{0}, unreadable: true}, "bad": {err: errors.New("denied")}, "gone": {partitions: []int32{0}},
	}, now)
	c.forget("gone")
	for name, want := range map[string]bool{"good": true, "bad": false, "gone": false, "new": false} {
		if _, _, fresh := c.topic(name, now.Add(59*time.Second)); fresh != want {
			t.Errorf("%s: fresh is %v", name, fresh)
		}
	}
	if c.readable("good") || !c.readable("new") {
		t.Error("only what is known to be unreadable is unreadable")
	}
	if state, found, fresh := c.topic("good", now.Add(time.Minute)); !found || fresh || len(state.partitions) != 1 {
		t.Error("beyond its life a topic is remembered and not fresh")
	}
	if !c.warn("good") || c.warn("good") {
		t.Error("a topic is logged once")
	}
}

func TestPruneDropsWhatIsNotAskedFor(t *testing.T) {
	t.Parallel()
	at := partition{"orders", 0}
	c, now := newOffsetCache(time.Minute, time.Minute), time.Unix(1000, 0)
	c.noteTopics(map[string]topicState{"orders": {}}, now)
	c.noteCommit("group", at, commitState{}, 0, now.Add(time.Minute))
	c.noteReading("group", map[partition]commitState{}, now)
	c.noteShares(map[string]bool{"group": false}, now)
	c.warn("orders")
	c.prune(now.Add(59 * time.Second))
	if len(c.topics) != 1 || len(c.commits) != 1 || len(c.readings) != 1 || len(c.shares) != 1 || len(c.warned) != 1 {
		t.Error("pruned too early")
	}
	c.prune(now.Add(time.Hour))
	if len(c.topics) != 0 || len(c.commits) != 0 || len(c.readings) != 0 || len(c.shares) != 0 || len(c.warned) != 0 {
		t.Error("kept for ever")
	}
}
