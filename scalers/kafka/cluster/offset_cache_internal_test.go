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

// A coordinator that has just taken over may answer with older commits for a moment, and a group may be reset.
func TestACommitThatGoesBackIsBelievedWhenItStays(t *testing.T) {
	t.Parallel()
	at, now := partition{"orders", 0}, time.Unix(1000, 0)
	c := newOffsetCache(time.Minute, time.Minute)
	read := func(offset int64, committed bool, after time.Duration) bool {
		return c.isBehind("billing", at, commitState{offset: offset, committed: committed}, now.Add(after))
	}
	if read(3, true, 0) {
		t.Error("the first commit is behind")
	}
	c.noteCommit("billing", at, commitState{offset: 5, committed: true}, 9, now.Add(time.Minute))
	for _, test := range []struct {
		offset    int64
		committed bool
		after     time.Duration
		behind    bool
	}{
		{5, true, 0, false},
		{4, true, time.Second, true},
		{4, true, 2 * time.Second, true},
		{6, true, 3 * time.Second, false}, // the replicas have caught up
		{4, true, 4 * time.Second, true},
		{0, false, 5 * time.Second, true},
		{0, false, 4*time.Second + resetTime, false},
	} {
		if got := read(test.offset, test.committed, test.after); got != test.behind {
			t.Errorf("%d, committed %v, after %s: behind is %v", test.offset, test.committed, test.after, got)
		}
	}
}
