package lag_test

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/lagwise/lagwise/scalers/lag"
)

// crew is consumers of one topic in a test: each gets its rate done as long as there is something in its partitions, and commits
// now and then.
type crew struct {
	now     time.Time
	offsets []lag.Partition
	read    []float64 // how far each partition is processed
	members []*consumer
	seen    lag.Observation
	needs   lag.Needs
}

type consumer struct {
	id    string
	reads []int
	rate  float64
	every time.Duration
	next  time.Time
}

func newCrew(partitions int, lagOfEach int64, needs lag.Needs) *crew {
	c := &crew{now: time.Unix(1_000_000, 0), needs: needs, read: make([]float64, partitions)}
	for id := range partitions {
		c.offsets = append(c.offsets, lag.Partition{Topic: "orders", ID: int32(id), End: lagOfEach, HasCommitted: true})
	}
	return c
}

// share gives each member its part of the partitions, as a group does when it rebalances.
func (c *crew) share(members ...*consumer) {
	for _, m := range members {
		m.reads, m.next = nil, c.now.Add(m.every)
	}
	c.members = members
	for id := range c.offsets {
		if len(members) > 0 {
			m := members[id%len(members)]
			m.reads = append(m.reads, id)
		}
		c.offsets[id].Committed = int64(c.read[id]) // consumers commit before they give partitions up
	}
	slices.SortFunc(c.members, func(a, b *consumer) int { return cmp.Compare(a.id, b.id) })
}

// works lets that much time go by.
func (c *crew) works(d time.Duration) {
	const tick = 100 * time.Millisecond
	for until := c.now.Add(d); c.now.Before(until); {
		c.now = c.now.Add(tick)
		for _, m := range c.members {
			can := m.rate * tick.Seconds()
			for _, id := range m.reads {
				done := max(0, min(can, float64(c.offsets[id].End)-c.read[id]))
				c.read[id], can = c.read[id]+done, can-done
			}
			if !c.now.Before(m.next) {
				m.next = c.now.Add(m.every)
				for _, id := range m.reads {
					c.offsets[id].Committed = int64(c.read[id])
				}
			}
		}
	}
}

func (c *crew) look() *lag.Group {
	o := lag.Observation{At: c.now, Partitions: slices.Clone(c.offsets), Group: &lag.Group{Told: true}}
	for _, m := range c.members {
		o.Group.Members = append(o.Group.Members, lag.Member{ID: m.id, Reads: m.reads})
	}
	o.Group = o.Follows(c.seen, c.needs)
	c.seen = o
	return o.Group
}

// TestPaceIsWhatConsumersGetDone: whatever the number of consumers, the time between commits and between looks, the measured
// rate is what one consumer does while it has enough to do, 15 % more or less; also where the group rebalances meanwhile, commits
// are set back or ahead, and the lag has an end.
func TestPaceIsWhatConsumersGetDone(t *testing.T) {
	t.Parallel()
	forSeeds(t, func(t *testing.T, r random) {
		t.Helper()
		for range 60 {
			rate, every := 1+200*r.Float64(), time.Duration(100+r.IntN(7_000))*time.Millisecond
			refresh := time.Duration(1+r.IntN(8)) * time.Second
			c := newCrew(1+r.IntN(12), int64(rate*600), lag.Needs{Pace: true})
			var members []*consumer
			for i := range 1 + r.IntN(6) {
				members = append(members, &consumer{id: fmt.Sprint("m", i), rate: rate, every: every})
			}
			c.share(members...)
			known, changed := false, 0
			for look := range 600 {
				switch {
				case r.chance(100):
					c.share(members[:1+r.IntN(len(members))]...)
					changed = look
				case r.chance(300) && c.offsets[0].Committed > 0:
					c.offsets[0].Committed, c.read[0] = 0, 0
					changed = look
				case r.chance(300) && look > changed+20: // somebody skips half of what is left, which is much
					changed = look
					id := r.IntN(len(c.offsets))
					if float64(c.offsets[id].End)-c.read[id] < 200*rate {
						continue
					}
					c.read[id] = (c.read[id] + float64(c.offsets[id].End)) / 2
					c.offsets[id].Committed = int64(c.read[id])
				}
				c.works(refresh)
				pace := c.look().Pace
				if known = known || pace.Known; pace.Known != known {
					t.Fatal("what was known is forgotten")
				}
				if off := float64(pace.Each)/1000/rate - 1; known && math.Abs(off) > 0.15+0.001/rate {
					t.Fatalf("measured %s of %.3f a second; commits every %s, looks every %s", pace.Each, rate, every, refresh)
				}
			}
			if !known {
				t.Fatalf("nothing was measured: %.3f a second, commits every %s, looks every %s", rate, every, refresh)
			}
		}
	})
}

// TestPaceIsNotWhatComes: consumers that have read everything before the next record comes get done what comes, which is less
// than they can.
func TestPaceIsNotWhatComes(t *testing.T) {
	t.Parallel()
	forSeeds(t, func(t *testing.T, r random) {
		t.Helper()
		for range 60 {
			refresh, every := time.Duration(1+r.IntN(10))*time.Second, time.Duration(100+r.IntN(30_000))*time.Millisecond
			c := newCrew(1+r.IntN(4), 0, lag.Needs{Pace: true})
			c.share(&consumer{id: "m", rate: 100, every: every})
			for range 200 {
				for id := range c.offsets {
					c.offsets[id].End += r.Int64N(int64(60*refresh.Seconds())/int64(len(c.offsets)) + 1)
				}
				c.works(refresh)
				if pace := c.look().Pace; pace.Known {
					t.Fatalf("measured %s of 100 a second; commits every %s, looks every %s", pace.Each, every, refresh)
				}
			}
		}
	})
}

// TestStandingIsWhatItSays compares what is taken on from look to look with all looks together.
func TestStandingIsWhatItSays(t *testing.T) {
	t.Parallel()
	const after = time.Minute
	forSeeds(t, func(t *testing.T, r random) {
		t.Helper()
		for range 100 {
			c := newCrew(3, 5, lag.Needs{Standing: after})
			type look struct {
				lag.Observation
				members int
			}
			var looks []look
			for range 100 {
				for i := range c.offsets {
					p := &c.offsets[i]
					switch r.IntN(20) {
					case 0:
						p.Committed = min(p.End, p.Committed+r.Int64N(4))
					case 1:
						p.Committed = p.End
					case 2, 3:
						p.End += r.Int64N(4)
					}
				}
				switch r.IntN(25) {
				case 0:
					c.members = nil
				case 1:
					c.members = []*consumer{{id: "a"}, {id: "b"}}
				}
				c.now = c.now.Add(time.Duration(1+r.IntN(20)) * time.Second)
				group := c.look()
				looks = append(looks, look{c.seen, len(c.members)})
				for i, p := range c.offsets {
					since := c.now
					for _, earlier := range slices.Backward(looks) {
						q := earlier.Partitions[i]
						if q.Committed != p.Committed || q.Committed >= q.End {
							break
						}
						met := time.Time{}
						for _, before := range looks {
							if before.members > 0 && !before.At.After(earlier.At) {
								met = before.At
							}
						}
						since = earlier.At
						if earlier.At.Sub(met) >= after {
							break
						}
					}
					at := slices.IndexFunc(group.Standing, func(s lag.Standing) bool { return s.ID == p.ID })
					if (at >= 0) != (p.Committed < p.End) {
						t.Fatalf("standing %+v of %+v", group.Standing, p)
					}
					if at >= 0 && !group.Standing[at].Since.Equal(since) {
						t.Fatalf("%d stands since %s, want %s", p.ID, group.Standing[at].Since, since)
					}
				}
			}
		}
	})
}

// TestHoldingAddsNothingAndTakesNothingAway: the metric is never above what it would be, never below what runs or what it would
// be, and untouched while nothing stands still.
func TestHoldingAddsNothingAndTakesNothingAway(t *testing.T) {
	t.Parallel()
	forRandom(t, randomCases/6, func(t *testing.T, rules lag.Rules, view lag.View) {
		t.Helper()
		rules.Target = 1 + rules.Target%1000
		r := int64(len(view.Latest.Partitions))
		rules.ConsumersPerReplica = 1 + r%3
		group := &lag.Group{Told: true, Most: int(rules.Target % 7)}
		for _, p := range view.Latest.Partitions {
			if p.HasCommitted && p.Committed < p.End {
				since := view.Now.Add(-time.Duration(p.End%3) * time.Minute)
				group.Standing = append(group.Standing, lag.Standing{Topic: p.Topic, ID: p.ID, Committed: p.Committed, Since: since})
			}
		}
		view.Latest.Group = group
		free, err := rules.Policy().Decide(view)
		if err != nil {
			return
		}
		rules.StallAfter = time.Minute
		reported := decide(t, rules, view)
		rules.HoldStalled = true
		held := decide(t, rules, view)
		running := max(1, (int64(group.Most)+rules.ConsumersPerReplica-1)/rules.ConsumersPerReplica) * rules.Target
		switch {
		case reported.Value != free.Value || reported.Active != free.Active || held.Active != free.Active:
			t.Fatalf("reporting answers %d, %t, and %d, %t without", reported.Value, reported.Active, free.Value, free.Active)
		case len(held.Stalled) == 0 && held.Value != free.Value:
			t.Fatalf("held at %d of %d for nothing", held.Value, free.Value)
		case held.Value > free.Value || held.Value < min(free.Value, running):
			t.Fatalf("held at %d, of %d, where %d run", held.Value, free.Value, running)
		}
		for _, s := range held.Stalled {
			if view.Now.Sub(s.Since) < time.Minute || s.Lag <= 0 {
				t.Fatalf("stalled: %+v", s)
			}
		}
	})
}

// TestWhoRunsIsRemembered: the most members since a commit moved, so that a consumer which comes and goes is not taken for one that
// is not there; a look at which nobody told changes nothing.
func TestWhoRunsIsRemembered(t *testing.T) {
	t.Parallel()
	c := newCrew(2, 100, lag.Needs{Standing: time.Minute})
	want := func(most int) {
		t.Helper()
		c.now = c.now.Add(5 * time.Second)
		if got := c.look().Most; got != most {
			t.Errorf("%d members at most, want %d", got, most)
		}
	}
	a, b := &consumer{id: "a"}, &consumer{id: "b"}
	c.members = []*consumer{a, b}
	want(2)
	c.members = []*consumer{a}
	want(2)
	c.offsets[0].Committed++
	want(1)
	c.members = nil
	want(1)

	untold := c.seen
	untold.At, untold.Group = c.now.Add(time.Hour), &lag.Group{}
	group := untold.Follows(c.seen, c.needs)
	if group.Most != 1 || !group.Met.Equal(untold.At) || group.Standing[0].Since.Equal(untold.At) {
		t.Errorf("where nobody told: %+v", group)
	}
}

func TestWhatAConsumerGetsDoneOutlivesAnOutage(t *testing.T) {
	t.Parallel()
	seen := &lag.Group{Told: true, Most: 3, Met: time.Unix(1, 0), Standing: []lag.Standing{{Topic: "orders"}}, Pace: lag.Pace{Each: 5, Known: true}}
	if got, want := seen.Unwatched(), (&lag.Group{Pace: seen.Pace}); !reflect.DeepEqual(got, want) {
		t.Errorf("left is %+v, want %+v", got, want)
	}
}
