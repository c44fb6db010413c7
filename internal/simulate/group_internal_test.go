package simulate

import (
	"math"
	"slices"
	"testing"
	"time"
)

var monday = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

// playing is a group and its topic, played in steps of 100 ms.
type playing struct {
	*group

	now time.Time
}

func play(settings Replicas, partitions int, records float64) *playing {
	p := &playing{group: &group{settings: settings, topic: newTopic(shares(partitions, 0))}, now: monday}
	p.topic.land(p.now, records)
	return p
}

func (p *playing) pass(d time.Duration) {
	for end := p.now.Add(d); p.now.Before(end); {
		p.now = p.now.Add(100 * time.Millisecond)
		p.step(p.now, 100*time.Millisecond)
	}
}

func (p *playing) reads() (reads [][]int) {
	for _, pod := range p.pods {
		reads = append(reads, pod.reads)
	}
	return reads
}

func TestPartitionsAreDealtOutAsMembersComeAndGo(t *testing.T) {
	t.Parallel()
	p := play(Replicas{PerSecond: 1, Start: time.Second, Heartbeat: 3 * time.Second, Commit: CommitAfter}, 5, 1000)
	p.scale(p.now, 1)
	p.pass(900 * time.Millisecond)
	if len(p.working()) != 0 {
		t.Error("joined before it had started")
	}
	p.pass(200 * time.Millisecond)
	if got := p.reads(); !slices.Equal(got[0], []int{0, 1, 2, 3, 4}) {
		t.Errorf("the only member reads %v", got)
	}
	p.scale(p.now, 2)
	p.pass(time.Second)
	before := p.topic.done
	p.pass(1400 * time.Millisecond)
	if got := p.reads(); len(got[1]) > 0 || p.topic.done < before+1.3 {
		t.Errorf("before its heartbeat the first member goes on alone: %v, %.1f done", got, p.topic.done-before)
	}
	p.pass(200 * time.Millisecond)
	if got := p.reads(); !slices.Equal(got[0], []int{0, 1, 2}) || !slices.Equal(got[1], []int{3, 4}) {
		t.Errorf("two members read %v", got)
	}
	p.scale(p.now, 1)
	p.pass(100 * time.Millisecond)
	if got := p.reads(); len(got) != 1 || len(got[0]) != 3 {
		t.Errorf("what a member had that left lies idle: %v", got)
	}
	p.pass(2 * time.Second)
	if got := p.reads(); len(got[0]) != 5 {
		t.Errorf("and is dealt out at the others' heartbeat: %v", got)
	}
}

func TestCommits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name              string
		settings          Replicas
		committed         int64
		done, lost        float64 // lost once the only pod goes
		committedInTheEnd int64
	}{
		{"after each", Replicas{Commit: CommitAfter}, 9, 9, 0, 9},
		{"before each", Replicas{Commit: CommitBefore}, 10, 9, 0, 10},
		{"every five seconds", Replicas{Commit: CommitAfter, CommitEvery: 5 * time.Second}, 5, 9, 0, 9},
		{"queued", Replicas{Commit: CommitQueued}, 100, 9, 91, 100},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.settings.PerSecond = 1
			p := play(c.settings, 1, 100)
			p.scale(p.now, 1)
			p.pass(100 * time.Millisecond) // joins, with nothing to read yet
			p.committedAt = p.now
			p.topic.done, p.topic.partitions[0].taken, p.topic.partitions[0].committed, p.pods[0].queue = 0, 0, 0, 0
			p.pass(9 * time.Second)
			if at := p.topic.partitions[0]; at.committed != c.committed || math.Abs(p.topic.done-c.done) > 0.01 {
				t.Errorf("%d committed, %.2f done, want %d and %.0f", at.committed, p.topic.done, c.committed, c.done)
			}
			p.scale(p.now, 0)
			if at := p.topic.partitions[0]; math.Abs(p.topic.lost-c.lost) > 0.01 || at.committed != c.committedInTheEnd {
				t.Errorf("%.2f lost, %d committed in the end, want %.0f and %d", p.topic.lost, at.committed, c.lost, c.committedInTheEnd)
			}
		})
	}
}

func TestATopicKnowsWhenRecordsCame(t *testing.T) {
	t.Parallel()
	topic := newTopic(shares(1, 0))
	for second := range 10 {
		topic.land(monday.Add(time.Duration(second)*time.Second), float64(10*(second+1)))
	}
	p := &topic.partitions[0]
	for offset, want := range map[int64]int{0: 0, 9: 0, 10: 1, 55: 5, 99: 9} {
		if at, found := p.cameAt(offset); !found || !at.Equal(monday.Add(time.Duration(want)*time.Second)) {
			t.Errorf("offset %d came at %v, want second %d", offset, at, want)
		}
	}
	if _, found := p.cameAt(100); found {
		t.Error("offset 100 is yet to come")
	}
	check := func() {
		if offset, _, found := p.firstSince(monday.Add(4500 * time.Millisecond)); !found || offset != 50 {
			t.Errorf("since 4.5 s: offset %d, %v, want 50", offset, found)
		}
	}
	check()
	p.taken, p.committed = 40, 40
	topic.forget(monday.Add(4500 * time.Millisecond))
	if len(p.landings) > 7 {
		t.Errorf("%d landings are remembered", len(p.landings))
	}
	check()
	if is := topic.stand(monday.Add(10 * time.Second)); is.oldest != 6*time.Second {
		t.Errorf("the oldest record waits for %s, want 6s", is.oldest)
	}
}

// A consumer goes on to its next partition with what the one before held at its turn, however much comes into that meanwhile.
func TestAConsumerStarvesNoPartition(t *testing.T) {
	t.Parallel()
	p := play(Replicas{PerSecond: 10, Commit: CommitAfter}, 2, 0)
	p.scale(p.now, 1)
	for second := range 100 {
		p.topic.land(p.now, float64(20*(second+1))) // ten a second for each: twice what it gets done
		p.pass(time.Second)
	}
	for i, at := range p.topic.partitions {
		if at.taken < 300 {
			t.Errorf("%.0f of 1000 are taken of partition %d", at.taken, i)
		}
	}
}
